//! The fields that are looked at where they stand: `Host`, `Content-Length`, `Transfer-Encoding`; and lists.

use super::authority::Authority;
use super::head::Field;

/// What the field lines so far have said about the frame of the request.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    pub(crate) has_host: bool,
    content_length: Option<u64>,
    is_chunked: bool,
}

impl Framing {
    /// Looks at one more line; the status, if it is wrong.
    pub(crate) fn look_at(&mut self, field: &Field, is_1_0: bool) -> Result<(), u16> {
        let is_good = match field.name.to_ascii_lowercase().as_str() {
            "host" => {
                let is_first = !self.has_host;
                self.has_host = true;
                is_first && Authority::of(&field.value).is_some()
            }
            "content-length" => {
                let is_first = self.content_length.is_none();
                self.content_length = length(&field.value);
                is_first && self.content_length.is_some() && !self.is_chunked
            }
            "transfer-encoding" => {
                let is_first = !self.is_chunked;
                self.is_chunked = true;
                let is_known = field.value.eq_ignore_ascii_case(b"chunked");
                is_first && is_known && !is_1_0 && self.content_length.is_none()
            }
            _ => true,
        };
        if is_good { Ok(()) } else { Err(400) }
    }

    pub(crate) fn has_body(&self) -> bool {
        self.is_chunked || self.content_length.is_some_and(|length| length > 0)
    }
}

/// 1 to 18 digits.
fn length(value: &[u8]) -> Option<u64> {
    let is_good = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    is_good.then(|| value.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Without the spaces and tabs around it.
pub(crate) fn trimmed(value: &[u8]) -> &[u8] {
    let begin = value.iter().take_while(|byte| is_white(**byte)).count();
    let end = value.len() - value[begin..].iter().rev().take_while(|byte| is_white(**byte)).count();
    &value[begin..end]
}

/// What stands between the commas.
pub(crate) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(trimmed)
}
