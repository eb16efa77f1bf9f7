//! Text as programs: tokens one after the other, each line a declaration or a statement.

use std::collections::HashMap;
use std::str::FromStr;

use super::error::ParseError;
use super::lex::{Token, tokens};
use super::names::{IN_LABELS, IN_WORDS, Key, key_of_word};
use crate::ir::op::{DatumId, Label, Program, Slot};

/// A text that is read.
pub(super) struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    pub(super) program: Program,
    pub(super) slots: HashMap<Key, Slot>,
    pub(super) labels: HashMap<Key, Label>,
    pub(super) data: HashMap<Key, DatumId>,
    /// The variable that the operand in memory is.
    pub(super) variable: Option<u16>,
}

pub(super) type Parsed<T> = Result<T, ParseError>;

impl FromStr for Program {
    type Err = ParseError;

    fn from_str(text: &str) -> Parsed<Self> {
        let (slots, labels, data) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut parser =
            Parser { tokens: tokens(text)?, at: 0, program: Self::default(), slots, labels, data, variable: None };
        parser.name_data()?;
        while parser.at < parser.tokens.len() {
            if !parser.declaration()? {
                parser.statement()?;
            }
        }
        Ok(parser.program)
    }
}

impl Parser {
    /// Data may name those after them, so all of them are known by name first.
    fn name_data(&mut self) -> Parsed<()> {
        let is_first = |at: usize| at == 0 || self.tokens[at - 1].1 == Token::End;
        let is_data = |at: &usize| self.tokens[*at].1 == Token::Word("data".into()) && is_first(*at);
        let places: Vec<usize> = (0..self.tokens.len()).filter(is_data).collect();
        for (number, place) in places.into_iter().enumerate() {
            self.at = place + 1;
            let key = self.name()?;
            let id = DatumId(u32::try_from(number).map_err(|_| self.fault("a program has fewer than 2^32 data"))?);
            if self.data.insert(key, id).is_some() {
                return Err(self.fault("two data have this name; write NAME.2"));
            }
        }
        self.at = 0;
        Ok(())
    }

    /// A number of something of which there are not too many.
    fn number_of(&self, number: usize) -> Parsed<u16> {
        u16::try_from(number).map_err(|_| self.fault("a program has at most 65536 of these"))
    }

    pub(super) fn fault(&self, message: impl Into<String>) -> ParseError {
        let last = self.tokens.get(self.at.saturating_sub(1)).or(self.tokens.last());
        ParseError { line: last.map_or(1, |(line, _)| *line), message: message.into() }
    }

    /// The next token.
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    /// The one after it.
    pub(super) fn peek_second(&self) -> Option<&Token> {
        self.tokens.get(self.at + 1).map(|(_, token)| token)
    }

    pub(super) fn next(&mut self) -> Token {
        let token = self.peek().cloned().unwrap_or(Token::End);
        self.at += 1;
        token
    }

    /// Takes this word or this sign, if it is next.
    pub(super) fn takes(&mut self, text: &str) -> bool {
        let is_next = match self.peek() {
            Some(Token::Word(word)) => word == text,
            Some(Token::Sign(sign)) => *sign == text,
            _ => false,
        };
        self.at += usize::from(is_next);
        is_next
    }

    /// The same, where nothing else may come.
    pub(super) fn expect(&mut self, text: &str) -> Parsed<()> {
        if self.takes(text) {
            return Ok(());
        }
        let found = self.next();
        Err(self.fault(format!("{} stands where `{text}` is expected", found.shown())))
    }

    /// The reason, if there is one, and the end of the line.
    pub(super) fn end(&mut self) -> Parsed<Option<String>> {
        let token = self.next();
        match token {
            Token::End => Ok(None),
            Token::Reason(why) => {
                self.at += 1;
                Ok(Some(why))
            }
            other => Err(self.fault(format!("{} stands where the line is complete", other.shown()))),
        }
    }

    /// A name of a slot or of data.
    pub(super) fn name(&mut self) -> Parsed<Key> {
        self.name_with(IN_WORDS)
    }

    pub(super) fn name_with(&mut self, joint: char) -> Parsed<Key> {
        match self.next() {
            Token::Word(word) => Ok(key_of_word(&word, joint)),
            Token::Quoted(name, which) => Ok((name, which)),
            other => Err(self.fault(format!("{} stands where a name is expected", other.shown()))),
        }
    }

    pub(super) fn slot(&mut self) -> Parsed<Slot> {
        let key = self.name()?;
        self.slots.get(&key).copied().ok_or_else(|| {
            let name = shown(&key);
            self.fault(format!("{name} is no slot; declare it with `int {name}` or `pointer {name}`"))
        })
    }

    pub(super) fn datum(&mut self) -> Parsed<DatumId> {
        let key = self.name()?;
        let found = self.data.get(&key).copied();
        found.ok_or_else(|| self.fault(format!("there are no data of the name {}", shown(&key))))
    }

    /// A label; one that was not declared is new.
    pub(super) fn label(&mut self) -> Parsed<Label> {
        let key = self.name_with(IN_LABELS)?;
        if let Some(&label) = self.labels.get(&key) {
            return Ok(label);
        }
        self.number_of(self.program.labels.len())?;
        let label = self.program.label(key.0.clone());
        self.labels.insert(key, label);
        Ok(label)
    }

    /// A number, perhaps with a sign.
    pub(super) fn integer(&mut self) -> Parsed<i64> {
        let sign = if self.takes("-") { -1 } else { 1 };
        let number = i128::from(self.number::<u64>()?) * sign;
        i64::try_from(number).map_err(|_| self.fault("the number has more than 64 bits"))
    }

    /// A number without a sign.
    pub(super) fn number<T: TryFrom<u64>>(&mut self) -> Parsed<T> {
        match self.next() {
            Token::Number(number) => T::try_from(number).map_err(|_| self.fault("the number is too large here")),
            other => Err(self.fault(format!("{} stands where a number is expected", other.shown()))),
        }
    }

    pub(super) fn bytes(&mut self) -> Parsed<Vec<u8>> {
        match self.next() {
            Token::Bytes(bytes) => Ok(bytes),
            other => Err(self.fault(format!("{} stands where bytes in quotation marks are expected", other.shown()))),
        }
    }

    /// `+ 4`, `- 4`, or nothing.
    pub(super) fn offset(&mut self) -> Parsed<i64> {
        if self.takes("+") {
            return self.integer();
        }
        if self.takes("-") { Ok(-self.integer()?) } else { Ok(0) }
    }

    /// An offset that is not negative.
    pub(super) fn offset_up(&mut self) -> Parsed<u32> {
        let offset = self.offset()?;
        u32::try_from(offset).map_err(|_| self.fault("the offset is from 0 to 2^32 - 1"))
    }
}

/// A name in a message.
fn shown((name, which): &Key) -> String {
    let name = name.replace(' ', "_");
    if *which == 1 { name } else { format!("{name}.{which}") }
}

impl Token {
    /// As a message names it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Word(word) => format!("`{word}`"),
            Self::Quoted(name, _) => format!("`{name}`"),
            Self::Number(number) => format!("`{number}`"),
            Self::Bytes(_) => "a text".into(),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::Reason(_) | Self::End => "the end of the line".into(),
        }
    }
}
