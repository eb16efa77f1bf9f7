//! System calls of the start as data: a row for each, one behind the other, and a routine that makes the calls of a list.
//! A row takes about 10 bytes, which is less than the instructions of a call.
//!
//! ```text
//! number     2 bytes, with what it is if the call fails, whether its result is wanted, and the count of arguments; 0: the
//!            end
//! arguments  1 byte each: a number below NEAR; NEAR and where it stands of what is near; FRAME and which word of the
//!            frame it is the address of; VARIABLE and which word of the frame; or WIDE and the 4 bytes of a number or an
//!            address
//! result     1 byte if it is wanted: which word of the frame it goes to
//! ```

use asmgen_arch::op::{Base, Cond, DatumId, Mem, Operand, Part};
use asmgen_arch::syscall::Call;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, frame, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::startup::call_data::{NEAR, NEAR_END, Near};
use crate::lower::epoll::state::vars::{Var, var};

/// In the number's upper bits: it may fail; if it fails, the listening address is to blame; its result is wanted; and
/// from which bit on the count of arguments is.
const MAY_FAIL: u32 = 0x200;

const ADDRESS: u32 = 0x400;

const RESULT: u32 = 0x800;

const COUNT_SHIFT: u8 = 13;

/// The number itself.
const NUMBER: u32 = MAY_FAIL - 1;

const FRAME: u32 = NEAR_END;
const VARIABLE: u32 = 0xc0;

const WIDE: u8 = 0xff;

/// Most arguments of a row, and log2 of the bytes of a word of the frame.
const ARGS: usize = 5;

const WORD_SHIFT: u8 = 2;

/// An argument.
#[derive(Clone, Copy)]
pub(crate) enum Given {
    Number(i64),
    Near(Near),
    Variable(Var),
    /// The address of a variable.
    Frame(u32),
    Data(DatumId),
}

/// A call with its arguments; those left out are 0.
pub(crate) struct Row {
    pub(crate) call: Call,
    pub(crate) args: Vec<Given>,
    /// The variable that its result goes to.
    pub(crate) to: Option<Var>,
    /// What it is if it fails.
    pub(crate) failure: Failure,
}

/// What it is if a call fails.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The end: nobody would be served as they should.
    Fatal,
    /// The end, and the listening address is named.
    Address,
    /// Nothing: the server does without.
    Harmless,
}

impl Row {
    pub(crate) fn new(call: Call, args: &[Given]) -> Self {
        Self { call, args: args.into(), to: None, failure: Failure::Fatal }
    }

    pub(crate) fn to(self, variable: Var) -> Self {
        Self { to: Some(variable), ..self }
    }

    pub(crate) fn of_address(self) -> Self {
        Self { failure: Failure::Address, ..self }
    }

    pub(crate) fn may_fail(self) -> Self {
        Self { failure: Failure::Harmless, ..self }
    }

    /// What it is if it fails, and whether its result is wanted.
    fn bits(&self) -> u32 {
        let failure = match self.failure {
            Failure::Fatal => 0,
            Failure::Address => ADDRESS,
            Failure::Harmless => MAY_FAIL,
        };
        failure | self.to.map_or(0, |_| RESULT)
    }
}

impl Engine<'_> {
    fn parts(&self, given: Given) -> Vec<Part> {
        let (byte, wide) = (|byte: u8| vec![Part::Bytes(vec![byte])], Part::Bytes(vec![WIDE]));
        match given {
            Given::Number(number) if (0..i64::from(NEAR)).contains(&number) => byte(number as u8),
            Given::Number(number) => vec![wide, Part::Bytes((number as u32).to_le_bytes().into())],
            Given::Near(near) => byte(self.near_argument(near)),
            Given::Variable(variable) => byte((VARIABLE + (variable.at >> WORD_SHIFT)) as u8),
            Given::Frame(offset) if FRAME + (offset >> WORD_SHIFT) < VARIABLE => {
                byte((FRAME + (offset >> WORD_SHIFT)) as u8)
            }
            Given::Frame(offset) => vec![wide, Part::StateAddress(self.state.frame + offset)],
            Given::Data(datum) => vec![wide, Part::DatumAddress { datum, offset: 0 }],
        }
    }

    /// The list of these rows, and where each begins.
    pub(crate) fn rows(&mut self, name: &str, rows: &[Row]) -> (DatumId, Vec<u64>) {
        let (mut list, mut begins) = (Vec::new(), Vec::new());
        for row in rows {
            begins.push(list.iter().map(|part: &Part| part.len_bytes(self.word)).sum());
            let info = row.call.info();
            let (number, count) = (u32::from(info.number(self.machine)), info.args.len().min(ARGS));
            assert!(number <= NUMBER && count > 0, "{} fits its row", info.name);
            let number = number | (count << COUNT_SHIFT) as u32 | row.bits();
            list.push(Part::Bytes((number as u16).to_le_bytes().into()));
            let given = (0..count).map(|at| row.args.get(at).copied().unwrap_or(Given::Number(0)));
            list.extend(given.flat_map(|given| self.parts(given)));
            list.extend(row.to.map(|to| Part::Bytes(vec![(to.at >> WORD_SHIFT) as u8])));
        }
        list.push(Part::Bytes(vec![0, 0]));
        (self.program.datum(name, list, 0), begins)
    }

    /// Makes these calls.
    pub(crate) fn run(&mut self, name: &str, rows: &[Row]) {
        let (list, _) = self.rows(name, rows);
        self.set(self.s.list, Operand::Data(list), NO_WHY);
        self.gosub(Routine::Script);
    }

    /// Makes the calls of the rows from `list` on.
    pub(crate) fn script(&mut self) {
        let (list, n, c, u, wide, vars) = (self.s.list, self.s.n, self.s.c, self.s.u, self.s.wide, self.s.vars);
        let row = self.s.id;
        self.sub(Routine::Script);
        self.place(At::Row);
        self.two(row, at(list, 0), "a call");
        self.add(list, 2i64, NO_WHY);
        self.if_zero(row, At::ScriptEnd, "that was the last one");
        self.set(u, row, NO_WHY);
        self.shr(u, COUNT_SHIFT, "its arguments");
        self.set(wide, Operand::Frame(var::CALL_ARGS.at), NO_WHY);
        self.place(At::Argument);
        self.next(c, list, NO_WHY);
        self.branch(c, Cond::Below, NEAR, At::ArgumentKnown, "a number");
        self.branch(c, Cond::Below, NEAR_END, At::ArgumentNear, NO_WHY);
        self.branch(c, Cond::Below, VARIABLE, At::ArgumentFrame, NO_WHY);
        self.branch(c, Cond::Eq, WIDE, At::ArgumentWide, NO_WHY);
        self.set(vars, Operand::Frame(0), NO_WHY);
        self.shl(c, WORD_SHIFT, NO_WHY);
        let word = Mem { base: Base::Sum(vars, c), offset: -((VARIABLE << WORD_SHIFT) as i32) };
        self.four(c, word, "a variable");
        self.jump(At::ArgumentKnown, NO_WHY);
        self.place(At::ArgumentNear);
        let near = self.near_base();
        self.set(self.s.d, Operand::Data(near), NO_WHY);
        self.add(c, self.s.d, "its address");
        self.jump(At::ArgumentKnown, NO_WHY);
        self.place(At::ArgumentFrame);
        self.shl(c, WORD_SHIFT, NO_WHY);
        self.set(self.s.d, Operand::State(self.state.frame - (FRAME << WORD_SHIFT)), NO_WHY);
        self.add(c, self.s.d, "a variable's address");
        self.jump(At::ArgumentKnown, NO_WHY);
        self.place(At::ArgumentWide);
        self.four(c, at(list, 0), "a large number, or an address");
        self.add(list, 4i64, NO_WHY);
        self.place(At::ArgumentKnown);
        self.put_four(at(wide, 0), c, NO_WHY);
        self.add(wide, 4i64, NO_WHY);
        self.take(u, 1i64, NO_WHY);
        self.unless_zero(u, At::Argument, NO_WHY);
        let slots = [self.s.t, self.s.d, self.s.v, self.s.q, self.s.op];
        for (slot, number) in slots.into_iter().zip(0..) {
            self.four(slot, frame(var::CALL_ARGS.at + 4 * number), NO_WHY);
        }
        self.set(u, row, NO_WHY);
        self.and(u, NUMBER, "its number");
        let args: Vec<Operand> = [u].into_iter().chain(slots).map(Operand::Slot).collect();
        self.call(Call::Numbered, &args, Some(n), "make the call");
        self.if_none(row, RESULT, At::NoResult, NO_WHY);
        self.next(c, list, NO_WHY);
        self.set(vars, Operand::Frame(0), NO_WHY);
        self.shl(c, WORD_SHIFT, NO_WHY);
        self.put_four(sum(vars, c, 0), n, "its result");
        self.place(At::NoResult);
        self.branch(n, Cond::Ge, 0i64, At::Row, NO_WHY);
        self.if_any(row, MAY_FAIL, At::Row, "it may fail");
        self.if_any(row, ADDRESS, At::FailedByAddress, NO_WHY);
        self.jump(At::Failed, NO_WHY);
        self.place(At::ScriptEnd);
        self.ret(Routine::Script);
    }
}
