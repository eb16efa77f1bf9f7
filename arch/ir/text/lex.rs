//! A text as tokens. A comment after something is a token, too: the reason of what stands before it.

use super::error::ParseError;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A word, perhaps with a number after a dot.
    Word(String),
    /// A name in backquotes, and its number.
    Quoted(String, u32),
    /// A number.
    Number(u64),
    /// Bytes in quotation marks.
    Bytes(Vec<u8>),
    /// A sign.
    Sign(&'static str),
    /// What stands after `#`.
    Reason(String),
    /// The end of a line with anything on it.
    End,
}

/// Signs, the longer before those that they begin with.
const SIGNS: [&str; 32] = [
    "<<=", ">>=", "u<=", "u>=", "u<", "u>", "+=", "-=", "&=", "|=", "^=", "*=", "==", "!=", "<=", ">=", "<", ">", "=",
    "+", "-", "&", "(", ")", "[", "]", ",", ":", "/", "*", "|", "^",
];

/// Reads tokens, each with the number of its line.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, ParseError> {
    let mut tokens = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut rest = Line { number: at + 1, rest: line.trim_start() };
        let before = tokens.len();
        while let Some(token) = rest.next()? {
            let is_comment = matches!(token, Token::Reason(_)) && tokens.len() == before;
            if !is_comment {
                tokens.push((rest.number, token));
            }
        }
        if tokens.len() > before {
            tokens.push((rest.number, Token::End));
        }
    }
    Ok(tokens)
}

/// What is left of a line.
struct Line<'t> {
    number: usize,
    rest: &'t str,
}

impl<'t> Line<'t> {
    fn fault(&self, message: impl Into<String>) -> ParseError {
        ParseError { line: self.number, message: message.into() }
    }

    fn next(&mut self) -> Result<Option<Token>, ParseError> {
        self.rest = self.rest.trim_start();
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        if let Some(sign) = SIGNS.iter().find(|sign| self.rest.starts_with(**sign)) {
            self.rest = &self.rest[sign.len()..];
            return Ok(Some(Token::Sign(sign)));
        }
        let token = match first {
            '#' => Token::Reason(self.reason()?),
            '"' => Token::Bytes(self.quoted('"')?),
            '`' => {
                let name = self.quoted('`')?;
                let name = String::from_utf8(name).map_err(|_| self.fault("a name is UTF-8"))?;
                Token::Quoted(name, self.ordinal()?)
            }
            '0'..='9' => Token::Number(self.number()?),
            _ if first.is_ascii_alphabetic() => Token::Word(self.word()),
            _ => return Err(self.fault(format!("`{first}` begins nothing"))),
        };
        Ok(Some(token))
    }

    fn take(&mut self, len: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        taken
    }

    fn reason(&mut self) -> Result<String, ParseError> {
        let text = self.take(self.rest.len());
        let text = text[1..].strip_prefix(' ').unwrap_or(&text[1..]).trim_end_matches([' ', '\t', '\r']);
        let bytes = unescape(text).map_err(|message| self.fault(message))?;
        String::from_utf8(bytes).map_err(|_| self.fault("a reason is UTF-8"))
    }

    fn quoted(&mut self, mark: char) -> Result<Vec<u8>, ParseError> {
        let mut is_escaped = false;
        let end = self.rest[1..].find(|character| {
            let ends = character == mark && !is_escaped;
            is_escaped = character == '\\' && !is_escaped;
            ends
        });
        let end = end.ok_or_else(|| self.fault(format!("{mark} is missing at the end")))?;
        let text = &self.take(end + 2)[1..=end];
        unescape(text).map_err(|message| self.fault(message))
    }

    fn ordinal(&mut self) -> Result<u32, ParseError> {
        if !self.rest.starts_with('.') {
            return Ok(1);
        }
        self.take(1);
        u32::try_from(self.number()?).map_err(|_| self.fault("the number behind the dot is too large"))
    }

    fn word(&mut self) -> String {
        let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let mut len = self.rest.find(|character| !is_name(character)).unwrap_or(self.rest.len());
        if let Some(behind) = self.rest[len..].strip_prefix('.') {
            let digits = behind.find(|character: char| !character.is_ascii_digit()).unwrap_or(behind.len());
            if digits > 0 {
                len += 1 + digits;
            }
        }
        self.take(len).to_owned()
    }

    fn number(&mut self) -> Result<u64, ParseError> {
        let len = self.rest.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(self.rest.len());
        let text = self.take(len);
        let number = match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => text.parse(),
        };
        number.map_err(|_| self.fault(format!("`{text}` is no number; write 12 or 0xc")))
    }
}

/// A text without its escapes: `\n`, `\r`, `\t`, `\0`, `\x1f`, and whatever else stands after a backslash for itself.
fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            bytes.extend(character.to_string().bytes());
            continue;
        }
        bytes.push(match characters.next() {
            Some('n') => b'\n',
            Some('r') => b'\r',
            Some('t') => b'\t',
            Some('0') => 0,
            Some('x') => {
                let digits: String = characters.by_ref().take(2).collect();
                u8::from_str_radix(&digits, 16).map_err(|_| format!("`\\x{digits}` is no byte; write \\x0a"))?
            }
            Some(itself @ ('\\' | '"' | '`')) => itself as u8,
            Some(other) => return Err(format!("`\\{other}` is no escape")),
            None => return Err("nothing stands behind `\\`".into()),
        });
    }
    Ok(bytes)
}
