//! The fields that are looked at where they stand: `Host`, `Content-Length`, `Transfer-Encoding`; and lists.

use super::authority::Authority;
use super::head::{Field, is_token};

/// What the field lines so far have said about the frame of the request.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    pub(crate) has_host: bool,
    content_length: Option<u64>,
    /// Of every line of `Transfer-Encoding` so far, if there is one.
    codings: Option<Vec<Coding>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Chunked,
    Unknown,
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
                is_first && self.content_length.is_some() && self.codings.is_none()
            }
            "transfer-encoding" => !is_1_0 && self.content_length.is_none() && self.add_codings(&field.value),
            _ => true,
        };
        if is_good { Ok(()) } else { Err(400) }
    }

    /// Adds a line; is it good? Nothing may stand behind `chunked`.
    fn add_codings(&mut self, value: &[u8]) -> bool {
        let codings = self.codings.get_or_insert_default();
        elements(value).filter(|element| !element.is_empty()).all(|element| {
            let is_open = codings.last() != Some(&Coding::Chunked);
            codings.extend(coding(element));
            is_open && coding(element).is_some()
        })
    }

    /// The status, if the codings of all lines are wrong together [9112 §6.1, §6.3].
    pub(crate) fn fault(&self) -> Option<u16> {
        let codings = self.codings.as_ref()?;
        if codings.last() != Some(&Coding::Chunked) {
            return Some(400);
        }
        codings.contains(&Coding::Unknown).then_some(501)
    }

    pub(crate) fn has_body(&self) -> bool {
        self.codings.is_some() || self.content_length.is_some_and(|length| length > 0)
    }
}

/// 1 to 18 digits.
fn length(value: &[u8]) -> Option<u64> {
    let is_good = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    is_good.then(|| value.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

/// A coding is a token; parameters, which none that is known has, are not understood.
fn coding(element: &[u8]) -> Option<Coding> {
    let coding = if element.eq_ignore_ascii_case(b"chunked") { Coding::Chunked } else { Coding::Unknown };
    element.iter().all(|byte| is_token(*byte)).then_some(coding)
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
