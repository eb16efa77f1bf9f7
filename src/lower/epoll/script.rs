//! System calls of the start as data: a row for each, one behind the other, and a routine that makes the calls of a list.
//! A row takes about 10 bytes, which is less than the instructions of a call.
//!
//! ```text
//! number     2 bytes, with the count of arguments, and with MUST if nothing can go on without it; 0: the end
//! arguments  1 byte each: a number below VARIABLE, or VARIABLE and which word of the frame;
//!            or WIDE and the 4 bytes of a number or an address
//! result     1 byte: which word of the frame it goes to
//! ```

use asmgen_arch::op::{Arg, Base, Cond, DatumId, Mem, Part};
use asmgen_arch::syscall::Call;

use super::Engine;
use super::build::{at, frame, sum};
use super::layout::var;

/// In the number's upper bits: does the server end if the call fails, and from which bit on the count of arguments is.
const MUST: u32 = 0x1000;
const COUNT_SHIFT: u8 = 13;
const VARIABLE: u32 = 0xc0;
const WIDE: u8 = 0xff;
/// Most arguments of a row, and log2 of the bytes of a word of the frame.
const ARGS: usize = 5;
const WORD_SHIFT: u8 = 2;

/// An argument.
#[derive(Clone, Copy)]
pub(super) enum Given {
    Number(i64),
    Variable(u32),
    Data(DatumId),
    State(u32),
}

/// A call with its arguments; those left out are 0.
pub(super) struct Row {
    pub(super) call: Call,
    pub(super) args: Vec<Given>,
    /// The variable that its result goes to.
    pub(super) to: u32,
    /// Does the server end if it fails?
    pub(super) must: bool,
}

impl Row {
    pub(super) fn new(call: Call, args: &[Given]) -> Self {
        Self { call, args: args.into(), to: var::NOWHERE, must: false }
    }

    pub(super) fn to(self, variable: u32) -> Self {
        Self { to: variable, ..self }
    }

    pub(super) fn must(self) -> Self {
        Self { must: true, ..self }
    }
}

fn parts(given: Given) -> Vec<Part> {
    let wide = Part::Bytes(vec![WIDE]);
    match given {
        Given::Number(number) if (0..i64::from(VARIABLE)).contains(&number) => vec![Part::Bytes(vec![number as u8])],
        Given::Number(number) => vec![wide, Part::Bytes((number as u32).to_le_bytes().into())],
        Given::Variable(offset) => vec![Part::Bytes(vec![(VARIABLE + (offset >> WORD_SHIFT)) as u8])],
        Given::Data(datum) => vec![wide, Part::DatumAddress { datum, offset: 0 }],
        Given::State(offset) => vec![wide, Part::StateAddress(offset)],
    }
}

impl Engine<'_> {
    /// The list of these rows, and where each begins.
    fn rows(&mut self, name: &str, rows: &[Row]) -> (DatumId, Vec<u64>) {
        let (mut list, mut begins) = (Vec::new(), Vec::new());
        for row in rows {
            begins.push(list.iter().map(|part: &Part| part.len_bytes(self.word)).sum());
            let info = row.call.info();
            let (number, count) = (u32::from(info.number(self.machine)), info.args.len().min(ARGS));
            assert!(number < MUST && count > 0, "{} fits its row", info.name);
            let number = number | (count << COUNT_SHIFT) as u32 | if row.must { MUST } else { 0 };
            list.push(Part::Bytes((number as u16).to_le_bytes().into()));
            let given = (0..count).map(|at| row.args.get(at).copied().unwrap_or(Given::Number(0)));
            list.extend(given.flat_map(parts));
            list.push(Part::Bytes(vec![(row.to >> WORD_SHIFT) as u8]));
        }
        list.push(Part::Bytes(vec![0, 0]));
        (self.program.datum(name, list, 0), begins)
    }

    /// Makes these calls.
    pub(super) fn run(&mut self, name: &str, rows: &[Row]) {
        let (list, _) = self.rows(name, rows);
        self.set(self.s.list, Arg::Data(list), "");
        self.gosub("script");
    }

    /// Makes these calls, without the first so many if a variable is not 0.
    pub(super) fn run_or_skip(&mut self, name: &str, rows: &[Row], skip: usize, variable: u32) {
        let (list, begins) = self.rows(name, rows);
        self.set(self.s.list, Arg::Data(list), "");
        self.four(self.s.t, frame(variable), "");
        self.if_zero(self.s.t, "all_rows", "");
        self.branch(self.s.t, Cond::Ne, 1i64, "passed_many", "the others would not be heard");
        self.add(self.s.list, begins[skip] as i64, "they are made already");
        self.place("all_rows");
        self.gosub("script");
    }

    /// Makes the calls of the rows from `list` on.
    pub(super) fn script(&mut self) {
        let (list, n, c, u, wide, vars) = (self.s.list, self.s.n, self.s.c, self.s.u, self.s.wide, self.s.vars);
        self.sub("script");
        self.place("row");
        self.two(n, at(list, 0), "a call");
        self.add(list, 2i64, "");
        self.if_zero(n, "script_end", "that was the last one");
        self.set(u, n, "");
        self.shr(u, COUNT_SHIFT, "its arguments");
        self.set(wide, Arg::Frame(var::CALL_ARGS), "");
        self.place("argument");
        self.next(c, list, "");
        self.branch(c, Cond::Below, VARIABLE, "argument_known", "a number");
        self.branch(c, Cond::Eq, WIDE, "argument_wide", "");
        self.set(vars, Arg::Frame(0), "");
        self.shl(c, WORD_SHIFT, "");
        let word = Mem { base: Base::Sum(vars, c), offset: -((VARIABLE << WORD_SHIFT) as i32) };
        self.four(c, word, "a variable");
        self.jump("argument_known", "");
        self.place("argument_wide");
        self.four(c, at(list, 0), "a large number, or an address");
        self.add(list, 4i64, "");
        self.place("argument_known");
        self.put_four(at(wide, 0), c, "");
        self.add(wide, 4i64, "");
        self.take(u, 1i64, "");
        self.unless_zero(u, "argument", "");
        let slots = [self.s.t, self.s.d, self.s.v, self.s.q, self.s.op];
        for (slot, number) in slots.into_iter().zip(0..) {
            self.four(slot, frame(var::CALL_ARGS + 4 * number), "");
        }
        self.set(u, n, "");
        self.and(u, i64::from(MUST - 1), "its number");
        let args: Vec<Arg> = [u].into_iter().chain(slots).map(Arg::Slot).collect();
        self.call(Call::Numbered, &args, Some(u), "make the call");
        self.next(c, list, "");
        self.set(vars, Arg::Frame(0), "");
        self.shl(c, WORD_SHIFT, "");
        self.put_four(sum(vars, c, 0), u, "its result");
        self.branch(u, Cond::Ge, 0i64, "row", "");
        self.if_none(n, MUST, "row", "it may fail");
        self.set(n, u, "");
        self.jump("failed", "");
        self.place("script_end");
        self.ret("script");
    }
}
