//! Declarations of data: a name, what is asked of its place, and its parts.

use super::lex::Token;
use super::parse::{Parsed, Parser};
use crate::ir::op::{Datum, Part};

impl Parser {
    /// `data NAME [within OTHER + 4] [writable] [align 4] [overread 8] = PARTS`.
    pub(super) fn data_declaration(&mut self) -> Parsed<()> {
        self.next();
        let (name, _) = self.name()?;
        let mut datum = Datum { name, parts: Vec::new(), overread_bytes: 0, writable: false, align: 1, within: None };
        if self.takes("within") {
            datum.within = Some((self.datum()?, self.offset_up()?));
        }
        datum.writable = self.takes("writable");
        if self.takes("align") {
            datum.align = self.number()?;
        }
        if self.takes("overread") {
            datum.overread_bytes = self.number()?;
        }
        if self.takes("=") {
            datum.parts = self.parts()?;
        }
        self.program.data_mut().push(datum);
        Ok(())
    }

    /// Parts with commas between them; the line may end before a part, and before more of its bytes.
    fn parts(&mut self) -> Parsed<Vec<Part>> {
        let mut parts = Vec::new();
        loop {
            self.line_break()?;
            parts.push(self.part()?);
            if !self.takes(",") {
                return Ok(parts);
            }
        }
    }

    fn line_break(&mut self) -> Parsed<()> {
        if matches!(self.peek(), Some(Token::Reason(_) | Token::End)) { self.end().map(drop) } else { Ok(()) }
    }

    fn part(&mut self) -> Parsed<Part> {
        if let Some(Token::Bytes(_)) = self.peek() {
            let mut bytes = self.bytes()?;
            loop {
                let is_next = matches!(self.peek(), Some(Token::Bytes(_)));
                let is_behind = self.peek() == Some(&Token::End) && matches!(self.peek_second(), Some(Token::Bytes(_)));
                match (is_next, is_behind) {
                    (true, _) => bytes.extend(self.bytes()?),
                    (_, true) => self.line_break()?,
                    _ => return Ok(Part::Bytes(bytes)),
                }
            }
        }
        if self.takes("ignored") {
            return Ok(Part::Ignored(self.number()?));
        }
        if self.takes("usize") {
            return if self.takes("code") { Ok(Part::Code(self.label()?)) } else { Ok(Part::Word(self.number()?)) };
        }
        if self.takes("u8") {
            return Ok(Part::Bytes(vec![self.number()?]));
        }
        if self.takes("u16") {
            return Ok(Part::Bytes(self.number::<u16>()?.to_le_bytes().into()));
        }
        self.expect("u32")?;
        if let Some(Token::Number(_)) = self.peek() {
            return Ok(Part::Bytes(self.number::<u32>()?.to_le_bytes().into()));
        }
        if self.takes("code") {
            return Ok(Part::CodeAddress(self.label()?));
        }
        if self.takes("state") {
            return Ok(Part::StateAddress(self.offset_up()?));
        }
        self.expect("&")?;
        Ok(Part::DatumAddress { datum: self.datum()?, offset: self.offset_up()? })
    }
}
