//! "The head of a request": read from left to right, an error at the first byte that is wrong.

use super::fields::{self, Framing};
use super::target::{self, Target};

/// Why there is no head.
#[derive(Debug)]
pub(crate) enum Stop {
    /// More bytes have to come; have any that count come?
    Wants { is_begun: bool },
    /// It is wrong. To HEAD, once the method is known, the content is not sent.
    Refused { status: u16, is_head: bool },
}

/// A line of a head: a name as it came, a value without the white space around it.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: Vec<u8>,
}

/// A head without errors in it.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) target: Target,
    /// The path and the query of the target, as they came; `/` where there is no path.
    pub(crate) path: String,
    /// 1.0, and not 1.1 or above.
    pub(crate) is_1_0: bool,
    pub(crate) fields: Vec<Field>,
    pub(crate) framing: Framing,
}

impl Head {
    /// The values of every line of this field.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let is_it = move |field: &&Field| field.name.eq_ignore_ascii_case(name);
        self.fields.iter().filter(is_it).map(|field| field.value.as_slice())
    }

    /// Is there a line of this field?
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// The value of a field that is no list: nothing, if there is no line of it or more than one.
    pub(crate) fn only(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.values(name);
        values.next().filter(|_| values.next().is_none())
    }
}

/// The first head in these bytes and where it ends.
pub(crate) fn read_head(bytes: &[u8], head_bytes: usize) -> Result<(Head, usize), Stop> {
    let mut reader = Reader { bytes, at: 0, head_bytes, begin: None, method: None, has_request_line: false };
    reader.skip_empty_lines()?;
    let (method, target, path, is_1_0) = reader.request_line()?;
    let mut framing = Framing::default();
    let mut lines = Vec::new();
    while let Some(field) = reader.field_line()? {
        framing.look_at(&field, is_1_0).map_err(|status| reader.refused(status))?;
        lines.push(field);
    }
    if !is_1_0 && !framing.has_host {
        return Err(reader.refused(400));
    }
    if let Some(status) = framing.fault() {
        return Err(reader.refused(status));
    }
    Ok((Head { method, target, path, is_1_0, fields: lines, framing }, reader.at))
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    head_bytes: usize,
    /// Where the method's first byte is.
    begin: Option<usize>,
    method: Option<String>,
    has_request_line: bool,
}

const CR: u8 = b'\r';
const LF: u8 = b'\n';

impl Reader<'_> {
    fn refused(&self, status: u16) -> Stop {
        Stop::Refused { status, is_head: self.method.as_deref() == Some("HEAD") }
    }

    /// The next byte, which stays the next; an error where the head has become too long.
    fn peek(&self) -> Result<u8, Stop> {
        if self.begin.is_some_and(|begin| self.at - begin == self.head_bytes) {
            return Err(self.refused(match (&self.method, self.has_request_line) {
                (None, _) => 501,
                (Some(_), false) => 414,
                (Some(_), true) => 431,
            }));
        }
        self.bytes.get(self.at).copied().ok_or(Stop::Wants { is_begun: self.at > 0 })
    }

    /// Takes a byte that has to be this one.
    fn expect(&mut self, byte: u8) -> Result<(), Stop> {
        if self.peek()? != byte {
            return Err(self.refused(400));
        }
        self.at += 1;
        Ok(())
    }

    /// Takes bytes as long as they are of this kind.
    fn take_while(&mut self, is_good: fn(u8) -> bool) -> Result<Vec<u8>, Stop> {
        let mut taken = Vec::new();
        while is_good(self.peek()?) {
            taken.push(self.bytes[self.at]);
            self.at += 1;
        }
        Ok(taken)
    }

    /// The same, at least one of them.
    fn take_some(&mut self, is_good: fn(u8) -> bool) -> Result<Vec<u8>, Stop> {
        let taken = self.take_while(is_good)?;
        if taken.is_empty() { Err(self.refused(400)) } else { Ok(taken) }
    }

    fn line_end(&mut self) -> Result<(), Stop> {
        self.expect(CR)?;
        self.expect(LF)
    }

    fn skip_empty_lines(&mut self) -> Result<(), Stop> {
        let mut behind_lines = 0;
        while matches!(self.peek().map_err(|_| Stop::Wants { is_begun: self.at > behind_lines })?, CR | LF) {
            self.expect(CR)?;
            self.expect(LF)?;
            behind_lines = self.at;
        }
        self.begin = Some(self.at);
        Ok(())
    }

    fn request_line(&mut self) -> Result<(String, Target, String, bool), Stop> {
        let method = text(self.take_some(is_token)?);
        self.expect(b' ')?;
        self.method = Some(method.clone());
        let raw_target = self.take_some(target::is_character)?;
        self.expect(b' ')?;
        let is_1_0 = self.version()?;
        self.line_end()?;
        self.has_request_line = true;
        let target = target::parse(&method, &raw_target);
        let path = target::path_and_query(&raw_target);
        Ok((method, target.ok_or_else(|| self.refused(400))?, path, is_1_0))
    }

    /// `HTTP/1.` and a digit; is it 0? Another major version is an error of its own, seen with its last digit.
    fn version(&mut self) -> Result<bool, Stop> {
        for byte in *b"HTTP/" {
            self.expect(byte)?;
        }
        let major = self.digit()?;
        self.expect(b'.')?;
        let minor = self.digit()?;
        if major == b'1' { Ok(minor == b'0') } else { Err(self.refused(505)) }
    }

    fn digit(&mut self) -> Result<u8, Stop> {
        let digit = self.peek()?;
        if !digit.is_ascii_digit() {
            return Err(self.refused(400));
        }
        self.at += 1;
        Ok(digit)
    }

    /// A field line; nothing, if it is the empty line.
    fn field_line(&mut self) -> Result<Option<Field>, Stop> {
        if self.peek()? == CR {
            self.line_end()?;
            return Ok(None);
        }
        let name = text(self.take_some(is_token)?);
        self.expect(b':')?;
        let value = self.take_while(is_in_value)?;
        self.line_end()?;
        Ok(Some(Field { name, value: fields::trimmed(&value).to_owned() }))
    }
}

fn text(ascii: Vec<u8>) -> String {
    String::from_utf8(ascii).expect("these characters are ASCII")
}

pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_in_value(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}
