//! Links in pages that no client can follow: a `%` in their path without two hexadecimal digits after it. Some
//! generators write the name of a file as it is (`operator%.html`), and the server replies 400 to that.

/// The start of an attribute with a link, in lower case, as a number: each byte follows the last.
const HREF: u64 = number(b"href=");
const SRC: u64 = number(b"src=");

/// Bits of the bytes that are compared.
const HREF_BITS: u64 = u64::MAX >> (64 - 8 * 5);
const SRC_BITS: u64 = u64::MAX >> (64 - 8 * 4);

/// Longest link that is looked at, in bytes.
const LINK_BYTES_MAX: usize = 1 << 10;

const fn number(text: &[u8]) -> u64 {
    let (mut number, mut at) = (0, 0);
    while at < text.len() {
        number = number << 8 | text[at] as u64;
        at += 1;
    }
    number
}

/// A search in a stream of bytes.
#[derive(Default)]
pub(super) struct Links {
    /// The last eight bytes.
    recent: u64,
    /// Inside of a link: the quotation mark that ends it.
    quote: Option<u8>,
    link: Vec<u8>,
    /// The first link at fault.
    pub(super) bad: Option<Vec<u8>>,
}

impl Links {
    pub(super) fn add(&mut self, piece: &[u8]) {
        for &byte in piece {
            match self.quote {
                Some(quote) if byte == quote => self.end(),
                Some(_) if self.link.len() < LINK_BYTES_MAX => self.link.push(byte),
                Some(_) => self.quote = None,
                None => {
                    let is_link = self.recent & HREF_BITS == HREF || self.recent & SRC_BITS == SRC;
                    if is_link && matches!(byte, b'"' | b'\'') {
                        self.link.clear();
                        self.quote = Some(byte);
                    }
                    self.recent = self.recent << 8 | u64::from(byte.to_ascii_lowercase());
                }
            }
        }
    }

    fn end(&mut self) {
        self.quote = None;
        if self.bad.is_none() && is_bad(&self.link) {
            self.bad = Some(self.link.clone());
        }
    }
}

/// Has a link to the same host a bare `%` in its path?
fn is_bad(link: &[u8]) -> bool {
    let end = link.iter().position(|byte| b"?#".contains(byte)).unwrap_or(link.len());
    let path = &link[..end];
    let has_scheme = path.iter().find(|byte| b":/".contains(byte)) == Some(&b':');
    let is_digit = |at: usize| path.get(at).is_some_and(u8::is_ascii_hexdigit);
    let is_bare = |at: usize| path[at] == b'%' && !(is_digit(at + 1) && is_digit(at + 2));
    !has_scheme && !path.starts_with(b"//") && (0..path.len()).any(is_bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(page: &str) -> Option<String> {
        let mut whole = Links::default();
        whole.add(page.as_bytes());
        let mut pieces = Links::default();
        page.as_bytes().chunks(1).for_each(|piece| pieces.add(piece));
        assert_eq!(whole.bad, pieces.bad);
        whole.bad.map(|link| String::from_utf8(link).unwrap())
    }

    #[test]
    fn links_that_no_client_can_follow() {
        for (page, link) in [
            (r#"<a href="a%20b.html"><a HREF='operator%.html'><a href="100%">"#, Some("operator%.html")),
            (r#"<img src="/50%/x.png?a">"#, Some("/50%/x.png")),
            (r#"<a href="a?100%"><a href="b#%"><a href="https://example.com/%"><a href="//example.com/%">"#, None),
            (r#"<a title="100%" href=""><p>100% "%" href="#, None),
            (r#"<a href="data:text/plain,100%">"#, None),
        ] {
            assert_eq!(bad(page).map(|bad| bad.split('?').next().unwrap().to_owned()).as_deref(), link, "{page}");
        }
        let long = format!(r#"<a href="{}%"><a href="%">"#, "x".repeat(LINK_BYTES_MAX));
        assert_eq!(bad(&long).as_deref(), Some("%"));
    }
}
