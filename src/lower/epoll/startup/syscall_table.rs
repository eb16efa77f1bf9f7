//! System calls of the start as data: a row for each call, and a routine that makes the calls of a list of rows.
//! A row takes about 10 bytes, which is less than the instructions of a call.
//!
//! ```text
//! number      2 bytes, lowest bits first: 9 bits number of the call (all 16 bits 0: the list ends), then MAY_FAIL,
//!             ADDRESS, RESULT, an unused bit, and 3 bits count of arguments
//! arguments   each 1 byte, or 5:
//!             below NEAR          the number itself
//!             from NEAR on        the address of what lies at this distance in `call_data`
//!             from FRAME on       the address of this word of the frame
//!             from VARIABLE on    the value of this word of the frame
//!             WIDE                the next 4 bytes: a number, or an address
//! result      1 byte if RESULT is set: the word of the frame that it goes to
//! ```

use asmgen_arch::op::{Base, Cond, DatumId, Mem, Operand, Part};
use asmgen_arch::syscall::Call;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, frame, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::startup::call_data::{NEAR, NEAR_END, Near};
use crate::lower::epoll::state::vars::{Var, var};

/// The call may fail.
const MAY_FAIL: u32 = 0x200;
/// If it fails, the message names the listening address.
const ADDRESS: u32 = 0x400;
/// Its result goes to a variable.
const RESULT: u32 = 0x800;
/// Where the count of arguments begins.
const COUNT_SHIFT: u8 = 13;
/// The bits of the call's number.
const NUMBER: u32 = MAY_FAIL - 1;

/// Arguments from here on are addresses of words of the frame.
const FRAME: u32 = NEAR_END;
/// Arguments from here on are values of words of the frame.
const VARIABLE: u32 = 0xc0;
/// The argument is in the next 4 bytes.
const WIDE: u8 = 0xff;

/// Most arguments of a row.
const ARGS: usize = 5;
/// log2 of the bytes of a word of the frame.
const WORD_SHIFT: u8 = 2;

/// An argument of a row.
#[derive(Clone, Copy)]
pub(crate) enum Given {
    /// A number.
    Number(i64),
    /// The address of what lies in `call_data`.
    Near(Near),
    /// The value of a variable.
    Variable(Var),
    /// The address of the frame's byte of this offset.
    Frame(u32),
    /// The address of a datum.
    Data(DatumId),
}

/// A call with its arguments. Those left out are 0.
pub(crate) struct Row {
    pub(crate) call: Call,
    pub(crate) args: Vec<Given>,
    /// The variable that its result goes to.
    pub(crate) to: Option<Var>,
    /// What happens if it fails.
    pub(crate) failure: Failure,
}

/// What happens if a call fails.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The program ends, for it could not serve as described.
    Fatal,
    /// The program ends, and the message names the listening address.
    Address,
    /// Nothing: the server can do without.
    Harmless,
}

impl Row {
    /// A call that ends the program if it fails.
    pub(crate) fn new(call: Call, args: &[Given]) -> Self {
        Self { call, args: args.into(), to: None, failure: Failure::Fatal }
    }

    /// Its result goes to this variable.
    pub(crate) fn to(self, variable: Var) -> Self {
        Self { to: Some(variable), ..self }
    }

    /// Its failure is one of the listening address.
    pub(crate) fn of_address(self) -> Self {
        Self { failure: Failure::Address, ..self }
    }

    /// Its failure is harmless.
    pub(crate) fn may_fail(self) -> Self {
        Self { failure: Failure::Harmless, ..self }
    }

    /// The bits for its failure and its result.
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
    /// An argument's bytes.
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

    /// The list of these rows, and each row's distance from the list's beginning, in bytes.
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
        self.set(self.s.list, Operand::Data(list), "the calls to make");
        self.gosub(Routine::Script);
    }

    /// Makes the calls of the rows from `list` on, up to the end of the list.
    ///
    /// ```text
    /// the call succeeds                    the next row
    /// it fails, and the row has MAY_FAIL   the next row
    /// it fails, and the row has ADDRESS    exit 1: cannot listen
    /// it fails                             exit 1: cannot serve
    /// ```
    pub(crate) fn script(&mut self) {
        let (list, row, result) = (self.s.list, self.s.id, self.s.n);
        let (byte, number, frame_address) = (self.s.c, self.s.u, self.s.vars);
        self.sub(Routine::Script);
        self.place(At::Row);
        self.two(row, at(list, 0), "number and bits of a call");
        self.add(list, 2i64, "its arguments follow");
        self.if_zero(row, At::ScriptEnd, "the list ends with a 0");
        self.arguments();
        let slots = [self.s.t, self.s.d, self.s.v, self.s.q, self.s.op];
        let whys = ["argument 1", "argument 2", "argument 3", "argument 4", "argument 5"];
        for ((slot, why), index) in slots.into_iter().zip(whys).zip(0..) {
            self.four(slot, frame(var::CALL_ARGS.byte(4 * index)), why);
        }
        self.set(number, row, "the row is still needed");
        self.and(number, NUMBER, "without the bits above the number");
        let args: Vec<Operand> = [number].into_iter().chain(slots).map(Operand::Slot).collect();
        self.call(Call::Numbered, &args, Some(result), "arguments beyond the count are not looked at");
        self.if_none(row, RESULT, At::NoResult, "no variable wants the result");
        self.next(byte, list, "the word of the frame for it");
        self.set(frame_address, Operand::Frame(0), "words are counted from the frame's beginning");
        self.shl(byte, WORD_SHIFT, "a word has 4 bytes");
        self.put_four(sum(frame_address, byte, 0), result, "a descriptor, or an error that may happen");
        self.place(At::NoResult);
        self.branch(result, Cond::Ge, 0i64, At::Row, "errors are negative numbers");
        self.if_any(row, MAY_FAIL, At::Row, "the server can do without");
        self.if_any(row, ADDRESS, At::FailedByAddress, "the message names the address");
        self.jump(At::Failed, "the server cannot serve as described");
        self.place(At::ScriptEnd);
        self.ret(Routine::Script);
    }

    /// Decodes the arguments of a row into [`var::CALL_ARGS`].
    ///
    /// ```text
    /// first byte           argument
    /// 0x00 to 0x3f         the byte
    /// 0x40 to 0x7f         address in `call_data`
    /// 0x80 to 0xbf         address of a word of the frame
    /// 0xc0 to 0xfe         a word of the frame
    /// 0xff                 the next 4 bytes
    /// ```
    fn arguments(&mut self) {
        let (list, row, argument, left, to) = (self.s.list, self.s.id, self.s.c, self.s.u, self.s.wide);
        let (frame_address, base) = (self.s.vars, self.s.d);
        self.set(left, row, "the row is still needed");
        self.shr(left, COUNT_SHIFT, "count of arguments");
        self.set_address(to, var::CALL_ARGS, "decoded arguments wait here for the others");
        self.place(At::Argument);
        self.next(argument, list, "an argument's first byte");
        self.branch(argument, Cond::Below, NEAR, At::ArgumentKnown, "a small number is itself");
        self.branch(argument, Cond::Below, NEAR_END, At::ArgumentNear, "a number or text of `call_data`");
        self.branch(argument, Cond::Below, VARIABLE, At::ArgumentFrame, "a structure in the frame");
        self.branch(argument, Cond::Eq, WIDE, At::ArgumentWide, "too large for a byte");
        self.set(frame_address, Operand::Frame(0), "words are counted from the frame's beginning");
        self.shl(argument, WORD_SHIFT, "a word has 4 bytes");
        let word = Mem { base: Base::Sum(frame_address, argument), offset: -((VARIABLE << WORD_SHIFT) as i32) };
        self.four(argument, word, "a variable, such as a descriptor");
        self.jump(At::ArgumentKnown, "it is the argument");
        self.place(At::ArgumentNear);
        let near = self.near_base();
        self.set(base, Operand::Data(near), "so far before it that the byte can be added as it is");
        self.add(argument, base, "its address");
        self.jump(At::ArgumentKnown, "it is the argument");
        self.place(At::ArgumentFrame);
        self.shl(argument, WORD_SHIFT, "a word has 4 bytes");
        self.set(base, Operand::State(self.state.frame - (FRAME << WORD_SHIFT)), "so far before the frame likewise");
        self.add(argument, base, "the address of the structure");
        self.jump(At::ArgumentKnown, "it is the argument");
        self.place(At::ArgumentWide);
        self.four(argument, at(list, 0), "a large number, or an address");
        self.add(list, 4i64, "after it");
        self.place(At::ArgumentKnown);
        self.put_four(at(to, 0), argument, "kept until all are decoded");
        self.add(to, 4i64, "the next argument's place");
        self.take(left, 1i64, "one argument less");
        self.unless_zero(left, At::Argument, "a row has one at least");
    }
}
