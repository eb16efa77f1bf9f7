//! Names of images, read as Docker reads them (distribution/reference: `ParseNormalizedNamed`, `TagNameOnly`).

use super::OciError;
use std::fmt::{self, Display};

const DEFAULT_DOMAIN: &str = "docker.io";
/// A domain that old Dockers wrote and that means the default one.
const LEGACY_DEFAULT_DOMAIN: &str = "index.docker.io";
/// Where the default registry keeps images without an owner.
const DEFAULT_OWNER: &str = "library/";
const DEFAULT_TAG: &str = "latest";
/// Longest name of a repository in bytes, domain included.
const NAME_MAX_BYTES: usize = 255;
/// Longest tag in bytes.
const TAG_MAX_BYTES: usize = 128;
/// Hex digits of an image id, which a name must not look like.
const ID_DIGITS: usize = 64;
/// How digests begin, and their hex digits (image-spec, descriptor.md, "Registered Algorithms").
const ALGORITHMS: [(&str, usize); 2] = [("sha256:", 64), ("sha512:", 128)];

/// The full name of an image: `docker.io/library/page:latest`, `ghcr.io/acme/page@sha256:…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    name: String,
    /// Empty only beside a digest.
    tag: String,
    digest: Option<String>,
}

impl Reference {
    /// Reads `[DOMAIN/]PATH[:TAG]` and fills in what is left out.
    pub fn parse(text: &str) -> Result<Self, OciError> {
        if text.contains('@') {
            let why = "a digest names content that is there already, and cannot be given to a new image";
            return Err(OciError::BadReference { text: text.to_owned(), why });
        }
        Self::parse_tagged(text, text, DEFAULT_TAG)
    }

    /// Reads `[DOMAIN/]PATH[:TAG][@DIGEST]`, the name of an image that is there already.
    pub fn parse_existing(text: &str) -> Result<Self, OciError> {
        let Some((tagged, digest)) = text.split_once('@') else { return Self::parse(text) };
        if !is_digest(digest) {
            let why = "a digest is `sha256:` and 64 of the digits 0-9 and a-f, or `sha512:` and 128";
            return Err(OciError::BadReference { text: text.to_owned(), why });
        }
        Ok(Self { digest: Some(digest.to_owned()), ..Self::parse_tagged(text, tagged, "")? })
    }

    /// The same repository's content of that digest, without a tag: some tools take one of the two only.
    pub(super) fn pinned(self, digest: &str) -> Self {
        Self { tag: String::new(), digest: Some(digest.to_owned()), ..self }
    }

    /// Reads what is before a digest. The error repeats all of the text.
    fn parse_tagged(whole: &str, text: &str, default_tag: &str) -> Result<Self, OciError> {
        let bad = |why| OciError::BadReference { text: whole.to_owned(), why };
        let (domain, rest) = split_domain(text);
        let (path, tag) = rest.split_once(':').unwrap_or((rest, DEFAULT_TAG));
        let has_tag = rest.contains(':');
        let owner = if domain == DEFAULT_DOMAIN && !path.contains('/') { DEFAULT_OWNER } else { "" };
        let rules: [(bool, &str); 6] = [
            (!path.is_empty(), "there is no name in it"),
            (is_domain(domain), "the registry must be a host name, with a port if need be"),
            (
                path.split('/').all(is_path_component),
                "a name has lower-case letters and digits, joined by `/`, `.`, `_`, `__` or dashes",
            ),
            (!is_image_id(text), "64 hex digits are an image id"),
            (domain.len() + 1 + owner.len() + path.len() <= NAME_MAX_BYTES, "it is longer than 255 bytes"),
            (is_tag(tag), "a tag has 1 to 128 letters, digits, `_`, `.` and `-`, and begins with none of the last two"),
        ];
        if let Some((_, why)) = rules.into_iter().find(|(holds, _)| !holds) {
            return Err(bad(why));
        }
        let tag = if has_tag { tag } else { default_tag }.to_owned();
        Ok(Self { name: format!("{domain}/{owner}{path}"), tag, digest: None })
    }

    /// The tag, without its colon; empty where there is a digest alone.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The repository with its registry, `docker.io/library/page`.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.name)?;
        if !self.tag.is_empty() {
            write!(out, ":{}", self.tag)?;
        }
        self.digest.as_ref().map_or(Ok(()), |digest| write!(out, "@{digest}"))
    }
}

/// All names of an image: those given, or the program's own.
pub(super) fn all(program: &str, tags: &[String]) -> Result<Vec<Reference>, OciError> {
    if tags.is_empty() {
        return Ok(vec![Reference::parse(program)?]);
    }
    let mut references = Vec::new();
    for tag in tags {
        let reference = Reference::parse(tag)?;
        if references.contains(&reference) {
            return Err(OciError::ReferenceTwice(reference.to_string()));
        }
        references.push(reference);
    }
    Ok(references)
}

/// What is before the first slash is a registry if it looks like a host: a dot, a port, `localhost`, upper case.
fn split_domain(text: &str) -> (&str, &str) {
    let looks_like_host = |head: &str| {
        head.contains(['.', ':']) || head == "localhost" || head.contains(|letter: char| letter.is_ascii_uppercase())
    };
    match text.split_once('/') {
        Some((LEGACY_DEFAULT_DOMAIN, path)) => (DEFAULT_DOMAIN, path),
        Some((domain, path)) if looks_like_host(domain) => (domain, path),
        _ => (DEFAULT_DOMAIN, text),
    }
}

/// A host name, an IPv4 address or an IPv6 address in brackets; then a port, or not.
fn is_domain(domain: &str) -> bool {
    let port_at = domain.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match domain[port_at..].find(':') {
        Some(at) => (&domain[..port_at + at], Some(&domain[port_at + at + 1..])),
        None => (domain, None),
    };
    let is_label = |label: &str| {
        !label.starts_with('-')
            && !label.ends_with('-')
            && consists_of(label, |byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_ipv6 = |inner: &str| consists_of(inner, |byte| byte.is_ascii_hexdigit() || byte == b':');
    let host_holds = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => is_ipv6(address),
        None => host.split('.').all(is_label),
    };
    host_holds && port.is_none_or(|digits| consists_of(digits, |byte| byte.is_ascii_digit()))
}

/// Runs of lower-case letters and digits; between two runs there is one `.`, one or two `_`, or any number of `-`.
fn is_path_component(component: &str) -> bool {
    let is_alphanumeric = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let is_separator = |text: &str| matches!(text, "." | "_" | "__") || consists_of(text, |byte| byte == b'-');
    let ends_hold = component.starts_with(is_alphanumeric) && component.ends_with(is_alphanumeric);
    ends_hold && component.split(is_alphanumeric).all(|between| between.is_empty() || is_separator(between))
}

fn is_tag(tag: &str) -> bool {
    tag.len() <= TAG_MAX_BYTES
        && !tag.starts_with(['.', '-'])
        && consists_of(tag, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

fn is_image_id(text: &str) -> bool {
    text.len() == ID_DIGITS && is_hex(text)
}

pub(super) fn is_digest(text: &str) -> bool {
    let is_of = |(prefix, digits): &(&str, usize)| {
        text.strip_prefix(prefix).is_some_and(|hex| hex.len() == *digits && is_hex(hex))
    };
    ALGORITHMS.iter().any(is_of)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// At least one byte, and each of them of that kind.
fn consists_of(text: &str, kind: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_completed_as_docker_completes_them() {
        let table = [
            ("page", "docker.io/library/page:latest"),
            ("page:v1", "docker.io/library/page:v1"),
            ("acme/page:1.0", "docker.io/acme/page:1.0"),
            ("docker.io/page", "docker.io/library/page:latest"),
            ("index.docker.io/page:a", "docker.io/library/page:a"),
            ("localhost/page", "localhost/page:latest"),
            ("localhost:5000/page:x", "localhost:5000/page:x"),
            ("127.0.0.1:41111/a/b/c:x", "127.0.0.1:41111/a/b/c:x"),
            ("[::1]:5000/page", "[::1]:5000/page:latest"),
            ("ghcr.io/acme/page:1.2", "ghcr.io/acme/page:1.2"),
            ("HOST/page", "HOST/page:latest"),
            ("a_b/f__g.h--i:_T.-", "docker.io/a_b/f__g.h--i:_T.-"),
        ];
        for (text, full) in table {
            assert_eq!(Reference::parse(text).map(|name| name.to_string()), Ok(full.to_owned()), "{text}");
        }
    }

    #[test]
    fn names_that_no_registry_takes_are_refused_with_the_rule() {
        let long = "a".repeat(NAME_MAX_BYTES);
        let id = "0123456789abcdef".repeat(4);
        let long_tag = format!("page:{}", "t".repeat(TAG_MAX_BYTES + 1));
        let table = [
            ("", "no name"),
            (":v1", "no name"),
            ("docker.io/", "no name"),
            ("Page", "lower-case"),
            ("page ", "lower-case"),
            ("pagé", "lower-case"),
            ("-page", "lower-case"),
            ("page-", "lower-case"),
            ("a___b", "lower-case"),
            ("a..b", "lower-case"),
            ("a//b", "lower-case"),
            ("/page", "lower-case"),
            ("a.b_c/f", "host name"),
            ("host:/page", "host name"),
            ("host:80a/page", "host name"),
            ("-a.b/page", "host name"),
            ("[::g]:80/page", "host name"),
            ("page:", "a tag has"),
            ("page:.v1", "a tag has"),
            ("page:v 1", "a tag has"),
            ("page:v1:v2", "a tag has"),
            (long_tag.as_str(), "a tag has"),
            ("page@sha256:00", "a digest"),
            (long.as_str(), "longer"),
            (id.as_str(), "image id"),
        ];
        for (text, why) in table {
            let message = Reference::parse(text).expect_err(text).to_string();
            assert!(message.starts_with(&format!("`{text}` is not an image name: ")), "{message}");
            assert!(message.contains(why), "{text}: {message}");
        }
    }

    #[test]
    fn an_image_that_is_there_may_be_named_by_its_digest() {
        let (short, long) = (format!("sha256:{}", "0f".repeat(32)), format!("sha512:{}", "a9".repeat(64)));
        let table = [
            ("page", "docker.io/library/page:latest".to_owned()),
            (&format!("page@{short}"), format!("docker.io/library/page@{short}")),
            (&format!("ghcr.io/acme/page:1.0@{short}"), format!("ghcr.io/acme/page:1.0@{short}")),
            (&format!("localhost:5000/page@{long}"), format!("localhost:5000/page@{long}")),
        ];
        for (text, full) in table {
            assert_eq!(Reference::parse_existing(text).map(|name| name.to_string()), Ok(full), "{text}");
        }
        let table = [
            ("page@", "a digest is"),
            ("page@sha256:00", "a digest is"),
            (&format!("page@{}", &short[7..]), "a digest is"),
            (&format!("page@{}", short.to_uppercase()), "a digest is"),
            (&format!("page@{short}@{short}"), "a digest is"),
            (&format!("page@sha512:{}", &short[7..]), "a digest is"),
            (&format!("page:@{short}"), "a tag has"),
            (&format!("@{short}"), "no name"),
            (&format!("Page@{short}"), "lower-case"),
        ];
        for (text, why) in table {
            let message = Reference::parse_existing(text).expect_err(text).to_string();
            assert!(message.starts_with(&format!("`{text}` is not an image name: ")), "{message}");
            assert!(message.contains(why), "{text}: {message}");
        }
    }

    #[test]
    fn the_program_names_the_image_unless_tags_do() {
        let name = |tags: &[&str]| {
            let tags: Vec<String> = tags.iter().map(ToString::to_string).collect();
            all("page", &tags).map(|names| names.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(name(&[]), Ok(vec!["docker.io/library/page:latest".to_owned()]));
        assert_eq!(name(&["x:1", "ghcr.io/a/x"]).unwrap(), ["docker.io/library/x:1", "ghcr.io/a/x:latest"]);
        assert_eq!(name(&["x", "x:latest"]), Err(OciError::ReferenceTwice("docker.io/library/x:latest".to_owned())));
    }
}
