//! Declarations: memory, slots, labels, facts about calls.

use super::lex::Token;
use super::names::IN_LABELS;
use super::parse::{Parsed, Parser};
use super::words::call_named;
use crate::ir::op::{Kind, Variable};
use crate::ir::syscall::Call;

impl Parser {
    /// Reads a declaration; `false` if there is none next.
    pub(super) fn declaration(&mut self) -> Parsed<bool> {
        let Some(Token::Word(word)) = self.peek() else { return Ok(false) };
        match word.as_str() {
            "frame" => self.frame()?,
            "state" => {
                self.next();
                self.program.state_bytes = self.number()?;
            }
            "variable" => self.variable()?,
            "int" => self.slots_of(Kind::Int)?,
            "pointer" => self.slots_of(Kind::Pointer)?,
            "label" => self.declared_labels()?,
            "cannot_fail" => self.program.cannot_fail = self.calls()?,
            "skip_after_failure" => self.program.needless_after_failure = self.calls()?,
            "data" => self.data_declaration()?,
            _ => return Ok(false),
        }
        self.end()?;
        Ok(true)
    }

    fn frame(&mut self) -> Parsed<()> {
        self.next();
        self.program.frame_bytes = self.number()?;
        if self.takes("words") {
            self.program.word_bytes = self.number()?;
        }
        if self.takes("spilled") {
            self.program.spilled_bytes = self.number()?;
        }
        if self.takes("at") {
            self.expect("state")?;
            self.program.frame_at = Some(self.offset_up()?);
        }
        Ok(())
    }

    fn variable(&mut self) -> Parsed<()> {
        self.next();
        let (name, _) = self.name_with(IN_LABELS)?;
        let bytes = self.number()?;
        self.expect("at")?;
        self.expect("frame")?;
        let at = self.offset_up()?;
        self.program.variables.push(Variable { name: name.into(), at, bytes });
        Ok(())
    }

    fn slots_of(&mut self, kind: Kind) -> Parsed<()> {
        self.next();
        loop {
            let key = self.name()?;
            let slot = self.program.slot(key.0.clone(), kind);
            if self.slots.insert(key, slot).is_some() {
                return Err(self.fault("two slots have this name; write NAME.2"));
            }
            if !self.takes(",") {
                return Ok(());
            }
        }
    }

    fn declared_labels(&mut self) -> Parsed<()> {
        self.next();
        self.label()?;
        while self.takes(",") {
            self.label()?;
        }
        Ok(())
    }

    fn calls(&mut self) -> Parsed<Vec<Call>> {
        self.next();
        let mut calls = vec![self.call_name()?];
        while self.takes(",") {
            calls.push(self.call_name()?);
        }
        Ok(calls)
    }

    fn call_name(&mut self) -> Parsed<Call> {
        match self.next() {
            Token::Word(name) => {
                call_named(&name).ok_or_else(|| self.fault(format!("there is no system call `{name}` here")))
            }
            other => Err(self.fault(format!("{} stands where a system call is expected", other.shown()))),
        }
    }
}
