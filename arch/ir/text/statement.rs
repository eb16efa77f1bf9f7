//! Statements: an operation each.

use super::lex::Token;
use super::names::IN_LABELS;
use super::parse::{Parsed, Parser};
use super::words::{ALUS, CONDS, WIDTHS, call_name, call_named, meaning};
use crate::ir::op::{Base, Cond, Inst, Mem, Op, Operand, Slot, Width};
use crate::ir::syscall::Call;

impl Parser {
    /// Reads a statement and its reason, which of a label is its name unless another is given.
    pub(super) fn statement(&mut self) -> Parsed<()> {
        let op = self.op()?;
        let usual = match op {
            Op::Label(label) | Op::Routine(label) => self.program.labels[usize::from(label.0)].clone(),
            _ => String::new(),
        };
        let why = self.end()?.unwrap_or(usual);
        let variable = self.variable.take();
        self.program.insts.push(Inst { op, why, variable });
        Ok(())
    }

    fn op(&mut self) -> Parsed<Op> {
        if self.peek_second() == Some(&Token::Sign(":")) {
            let label = self.label()?;
            self.expect(":")?;
            return Ok(Op::Label(label));
        }
        if let Some(op) = self.jump()? {
            return Ok(op);
        }
        if self.takes("push") {
            return Ok(Op::Push { value: self.slot()? });
        }
        if self.takes("copy") {
            let len = self.slot()?;
            self.expect("bytes")?;
            self.expect("from")?;
            let from = self.slot()?;
            self.expect("to")?;
            return Ok(Op::Copy { to: self.slot()?, from, len });
        }
        if self.peek() == Some(&Token::Sign("[")) {
            let to = self.mem()?;
            self.expect("=")?;
            return Ok(Op::StoreBytes { to, bytes: self.bytes()? });
        }
        if let Some(width) = self.width() {
            let to = self.mem()?;
            self.expect("=")?;
            return Ok(Op::Store { width, to, value: self.value()? });
        }
        match self.called() {
            Some(call) => self.call(call, None),
            None => self.assignment(),
        }
    }

    /// Where control goes.
    fn jump(&mut self) -> Parsed<Option<Op>> {
        Ok(Some(if self.takes("routine") {
            let label = self.label()?;
            self.expect(":")?;
            Op::Routine(label)
        } else if self.takes("goto") {
            Op::Jump(self.label()?)
        } else if self.takes("call") {
            Op::CallRoutine(self.label()?)
        } else if self.takes("return") {
            self.expect("from")?;
            Op::ReturnFrom { from: self.label()? }
        } else if self.takes("match") {
            let (at, want) = (self.mem()?, self.bytes()?);
            self.expect("else")?;
            self.expect("goto")?;
            Op::Match { at, want, miss: self.label()? }
        } else if self.takes("if") {
            self.branch()?
        } else {
            return Ok(None);
        }))
    }

    fn branch(&mut self) -> Parsed<Op> {
        if self.takes("(") {
            let value = self.slot()?;
            self.expect("&")?;
            let bits = self.number()?;
            self.expect(")")?;
            let any = self.is_unequal()?;
            if self.number::<u8>()? != 0 {
                return Err(self.fault("bits are compared with 0"));
            }
            self.expect("goto")?;
            return Ok(Op::BranchBits { value, bits, any, to: self.label()? });
        }
        if self.peek() == Some(&Token::Sign("[")) {
            let at = self.mem()?;
            let (equal, bytes) = (!self.is_unequal()?, self.bytes()?);
            self.expect("goto")?;
            return Ok(Op::BranchBytes { at, bytes, equal, to: self.label()? });
        }
        let (left, cond, right) = (self.slot()?, self.cond()?, self.value()?);
        self.expect("goto")?;
        Ok(Op::Branch { left, cond, right, to: self.label()? })
    }

    /// `!=`, or `==`.
    fn is_unequal(&mut self) -> Parsed<bool> {
        let is_unequal = self.takes("!=");
        if !is_unequal {
            self.expect("==")?;
        }
        Ok(is_unequal)
    }

    fn cond(&mut self) -> Parsed<Cond> {
        let token = self.next();
        let cond = if let Token::Sign(sign) = token { meaning(&CONDS, sign) } else { None };
        cond.ok_or_else(|| self.fault(format!("{} is no comparison", token.shown())))
    }

    /// A slot's new value.
    fn assignment(&mut self) -> Parsed<Op> {
        let to = self.slot()?;
        if self.takes(",") {
            let rest = self.slot()?;
            self.expect("=")?;
            self.expect("divmod")?;
            self.expect("(")?;
            self.same(to, "the quotient takes the place of the dividend")?;
            self.expect(",")?;
            let by = self.number()?;
            self.expect(")")?;
            return Ok(Op::Divide { value: to, by, rest });
        }
        let token = self.next();
        if let Token::Sign(sign) = token {
            if let Some(operator) = meaning(&ALUS, sign) {
                return Ok(Op::Binary { operator, to, value: self.value()? });
            }
            if sign == "=" {
                return self.assigned(to);
            }
        }
        Err(self.fault(format!("{} stands where `=` is expected", token.shown())))
    }

    /// What stands after `=`.
    fn assigned(&mut self, to: Slot) -> Parsed<Op> {
        if self.takes("pop") {
            return Ok(Op::Pop { to });
        }
        if let Some(width) = self.width() {
            return Ok(Op::Load { to, width, from: self.mem()? });
        }
        if let Some(call) = self.called() {
            return self.call(call, Some(to));
        }
        if self.peek() == Some(&Token::Sign("-")) && !matches!(self.peek_second(), Some(Token::Number(_))) {
            self.next();
            self.same(to, "a slot is negated in its place")?;
            return Ok(Op::Negate { to });
        }
        Ok(Op::Set { to, value: self.value()? })
    }

    /// The same slot once more.
    fn same(&mut self, slot: Slot, why: &str) -> Parsed<()> {
        if self.slot()? == slot { Ok(()) } else { Err(self.fault(format!("another slot: {why}"))) }
    }

    /// A system call, if one comes next.
    fn called(&self) -> Option<Call> {
        match (self.peek()?, self.peek_second()?) {
            (Token::Word(name), Token::Sign("(")) => call_named(name),
            _ => None,
        }
    }

    fn call(&mut self, call: Call, result: Option<Slot>) -> Parsed<Op> {
        self.next();
        self.expect("(")?;
        let mut args = Vec::new();
        while !self.takes(")") {
            if !args.is_empty() {
                self.expect(",")?;
            }
            if self.peek_second() == Some(&Token::Sign(":")) {
                self.argument_name(call, args.len())?;
            }
            args.push(self.value()?);
        }
        Ok(Op::Call { call, args, result })
    }

    /// The name of an argument, which has its place.
    fn argument_name(&mut self, call: Call, index: usize) -> Parsed<()> {
        let found = self.next();
        let (name, expected) = (call_name(call), call.info().args.get(index));
        let Some(expected) = expected else { return Err(self.fault(format!("{name} has fewer arguments"))) };
        if found != Token::Word((*expected).into()) {
            let found = found.shown();
            return Err(self.fault(format!("{found} stands where the argument `{expected}` of {name} is expected")));
        }
        self.expect(":")
    }

    fn width(&mut self) -> Option<Width> {
        let Some(Token::Word(word)) = self.peek() else { return None };
        let width = meaning(&WIDTHS, word)?;
        self.next();
        Some(width)
    }

    fn mem(&mut self) -> Parsed<Mem> {
        self.expect("[")?;
        let base = if self.takes("frame") {
            Base::Frame
        } else {
            let one = self.slot()?;
            let is_sum =
                self.peek() == Some(&Token::Sign("+")) && !matches!(self.peek_second(), Some(Token::Number(_)));
            if is_sum {
                self.next();
                Base::Sum(one, self.slot()?)
            } else {
                Base::Slot(one)
            }
        };
        let offset = self.offset()?;
        let offset = i32::try_from(offset).map_err(|_| self.fault("the offset has more than 32 bits"))?;
        self.named_variable()?;
        self.expect("]")?;
        Ok(Mem { base, offset })
    }

    /// `as` and the name of a variable, or nothing.
    fn named_variable(&mut self) -> Parsed<()> {
        if self.takes("as") {
            let (name, _) = self.name_with(IN_LABELS)?;
            let found = self.program.variables.iter().position(|variable| variable.name == name);
            let found = found.ok_or_else(|| self.fault(format!("there is no variable `{name}`")))?;
            self.variable = Some(found as u16);
        }
        Ok(())
    }

    /// An operand.
    fn value(&mut self) -> Parsed<Operand> {
        match self.peek() {
            Some(Token::Number(_) | Token::Sign("-")) => return Ok(Operand::Const(self.integer()?)),
            Some(Token::Sign("&")) => {
                self.next();
                return Ok(Operand::Data(self.datum()?));
            }
            Some(Token::Quoted(..)) => return Ok(Operand::Slot(self.slot()?)),
            _ => {}
        }
        for (word, arg) in [
            ("any", Operand::Any),
            ("entry", Operand::Entry),
            ("image", Operand::Image),
            ("non_negative", Operand::NotNegative),
        ] {
            if self.takes(word) {
                return Ok(arg);
            }
        }
        if self.takes("frame") {
            let offset = self.offset_up()?;
            self.named_variable()?;
            return Ok(Operand::Frame(offset));
        }
        if self.takes("state") {
            return Ok(Operand::State(self.offset_up()?));
        }
        if self.takes("at_least") {
            self.expect("(")?;
            let least = self.number()?;
            self.expect(")")?;
            return Ok(Operand::AtLeast(least));
        }
        if self.takes("bits") {
            return self.bits();
        }
        Ok(Operand::Slot(self.slot()?))
    }

    fn bits(&mut self) -> Parsed<Operand> {
        let mut parts = [0; 2];
        for ((part, name), before) in parts.iter_mut().zip(["set", "clear"]).zip(["(", ","]) {
            self.expect(before)?;
            self.expect(name)?;
            self.expect(":")?;
            *part = self.number()?;
        }
        self.expect(")")?;
        Ok(Operand::Bits { set: parts[0], clear: parts[1] })
    }
}
