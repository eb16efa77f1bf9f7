//! Random programs with numbers, routines, pointers into the frame, the state and writable data, and system calls
//! with known results.

use asmgen::op::{Base, BinOp, DatumId, Kind, Label, Mem, Op, Operand, Part, Program, Slot, Width};
use asmgen::syscall::Call;

use super::operations::CONSTANTS;
use crate::harness::random::Random;

/// Bytes of the frame, of the state and of the writable datum that operations use; in the frame, slots are shown
/// behind them.
pub(super) const USED_BYTES: u32 = 64;
/// Descriptor that is not open.
pub(super) const NOT_OPEN: i64 = 99;

/// Where the used part of the frame begins: near, and so far away that other instructions are needed.
const FRAME_STARTS: [u32; 6] = [0, 0, 0, 200, 1001, 3000];

/// A program in the making.
pub(super) struct Maker<'r> {
    pub(super) program: Program,
    pub(super) random: &'r mut Random,
    pub(super) numbers: Vec<Slot>,
    /// Wherever they lead, it is at least 8 and at most 38 bytes behind the beginning of something of 64 bytes.
    pub(super) pointers: [Slot; 2],
    /// For copies.
    pub(super) len: Slot,
    /// What is loaded for the operations right behind alone.
    pub(super) fetched: Slot,
    /// Of the main program, and of each routine.
    pub(super) counters: Vec<Slot>,
    pub(super) routines: Vec<Label>,
    /// The first byte of the frame's used part.
    pub(super) start: u32,
    pub(super) writable: Option<DatumId>,
    /// What pointers lead to; nothing in a program that has no use for memory.
    pub(super) areas: &'static [Area],
    /// Read-only data, with their bytes.
    pub(super) texts: Vec<(DatumId, u32)>,
}

/// Something with bytes that can be written to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Area {
    Frame,
    State,
    Data,
}

pub(super) const AREAS: [Area; 3] = [Area::Frame, Area::State, Area::Data];

pub(super) fn program(random: &mut Random) -> Program {
    let mut program = Program::default();
    // Some have more than any machine has registers.
    let count = 2 + random.below(9) + if random.below(4) == 0 { 16 } else { 0 };
    let numbers: Vec<Slot> = (0..count).map(|_| program.slot("number", Kind::Int)).collect();
    let pointers = [(); 2].map(|()| program.slot("pointer", Kind::Pointer));
    let [len, fetched] = ["length", "fetched"].map(|name| program.slot(name, Kind::Int));
    let routines: Vec<Label> = (0..random.below(4)).map(|_| program.label("routine")).collect();
    let counters = (0..=routines.len()).map(|_| program.slot("counter", Kind::Int)).collect();
    let start = random.one_of(&FRAME_STARTS);
    program.frame_bytes = start + USED_BYTES + 4 * count as u32 + if random.below(2) == 0 { 100 } else { 0 };
    program.state_bytes = USED_BYTES;
    let writable = program.writable_datum("writable", vec![Part::Bytes(random.bytes(USED_BYTES as usize))]);
    let (writable, areas, texts) = (Some(writable), &AREAS[..], Vec::new());
    let mut maker =
        Maker { program, random, numbers, pointers, len, fetched, counters, routines, start, writable, areas, texts };
    for _ in 0..maker.random.below(3) {
        maker.failing_call();
    }
    maker.begin();
    for _ in 0..=maker.random.below(3) {
        maker.stretch(0);
    }
    maker.end();
    for number in 1..=maker.routines.len() {
        maker.routine(number);
    }
    maker.program
}

impl Maker<'_> {
    pub(super) fn push(&mut self, op: Op) {
        self.program.push(op, "random");
    }

    pub(super) fn number(&mut self) -> Slot {
        let numbers = self.numbers.clone();
        self.random.one_of(&numbers)
    }

    pub(super) fn pointer(&mut self) -> Slot {
        let pointers = self.pointers;
        self.random.one_of(&pointers)
    }

    pub(super) fn value(&mut self) -> Operand {
        match self.random.below(3) {
            0 => Operand::Slot(self.number()),
            _ => Operand::Const(self.random.one_of(&CONSTANTS)),
        }
    }

    pub(super) fn has_routines(&self) -> bool {
        !self.routines.is_empty()
    }

    /// Is there memory that operations write to?
    pub(super) fn has_memory(&self) -> bool {
        !self.areas.is_empty()
    }

    fn used_bytes(&self) -> u32 {
        if self.has_memory() { USED_BYTES } else { 0 }
    }

    /// The address of a byte of one of the areas.
    pub(super) fn address(&mut self, to: Slot, area: Area, offset: u32) {
        match area {
            Area::Frame => self.push(Op::Set { to, value: Operand::Frame(self.start + offset) }),
            Area::State => self.push(Op::Set { to, value: Operand::State(offset) }),
            Area::Data => {
                let writable = self.writable.expect("only programs with data to write to have this area");
                self.push(Op::Set { to, value: Operand::Data(writable) });
                self.push(Op::Binary { operator: BinOp::Add, to, value: Operand::Const(i64::from(offset)) });
            }
        }
    }

    /// A number from 0 to 15.
    pub(super) fn index(&mut self) -> Slot {
        let to = self.number();
        self.push(Op::Binary { operator: BinOp::And, to, value: Operand::Const(15) });
        to
    }

    /// Leads a pointer to a byte of any area.
    pub(super) fn aim(&mut self, pointer: Slot) {
        let (area, offset) = (self.random.one_of(self.areas), 8 + self.random.below(16) as u32);
        self.address(pointer, area, offset);
        if self.random.below(3) == 0 {
            let index = self.index();
            self.push(Op::Binary { operator: BinOp::Add, to: pointer, value: Operand::Slot(index) });
        }
    }

    /// A place of so many bytes, 9 at most, by way of the frame, of a pointer, or of a pointer and an index.
    pub(super) fn place(&mut self, bytes: usize) -> Mem {
        match self.random.below(4) {
            0 | 1 => {
                let offset = self.start as usize + self.random.below(USED_BYTES as usize - bytes + 1);
                Mem { base: Base::Frame, offset: offset as i32 }
            }
            2 => Mem { base: Base::Slot(self.pointer()), offset: self.random.below(24) as i32 - 8 },
            _ => {
                let (pointer, index) = (self.pointer(), self.index());
                let base =
                    if self.random.below(2) == 0 { Base::Sum(pointer, index) } else { Base::Sum(index, pointer) };
                Mem { base, offset: self.random.one_of(&[0, 0, -8, -1, 1]) }
            }
        }
    }

    /// Everything has a value before anything is read. System calls before the first label may find small structures
    /// on the stack, so some come before this.
    pub(super) fn begin(&mut self) {
        for offset in (self.start..self.start + self.used_bytes()).step_by(4) {
            let value = Operand::Const(self.random.one_of(&CONSTANTS));
            let to = Mem { base: Base::Frame, offset: offset as i32 };
            self.push(Op::Store { width: Width::Four, to, value });
        }
        for slot in self.numbers.clone() {
            let value = Operand::Const(self.random.one_of(&CONSTANTS));
            self.push(Op::Set { to: slot, value });
        }
        if self.has_memory() {
            self.pointers.into_iter().for_each(|pointer| self.aim(pointer));
        }
    }

    /// A loop of a few turns, with branches inside that leave operations out; of the main program, which is number 0,
    /// or of a routine.
    pub(super) fn stretch(&mut self, number: usize) {
        let counter = self.counters[number];
        let turns = 1 + self.random.below(3) as i64;
        self.push(Op::Set { to: counter, value: Operand::Const(turns) });
        let again = self.program.label("again");
        self.program.place(again);
        let most = if number == 0 && self.texts.is_empty() { 6 } else { 2 };
        for _ in 0..2 + self.random.below(most) {
            let over = self.program.label("over");
            self.branch(over);
            for _ in 0..=self.random.below(4) {
                self.operation();
            }
            // Only later routines are called: so it ends.
            let callable = self.routines[number..].to_vec();
            if !callable.is_empty() && self.random.below(3) == 0 {
                let routine = self.random.one_of(&callable);
                self.push(Op::CallRoutine(routine));
            }
            if number > 0 && self.random.below(8) == 0 {
                self.push(Op::ReturnFrom { from: self.routines[number - 1] });
            }
            self.program.place(over);
        }
        self.push(Op::Binary { operator: BinOp::Sub, to: counter, value: Operand::Const(1) });
        self.push(Op::Branch { left: counter, cond: asmgen::op::Cond::Ne, right: Operand::Const(0), to: again });
    }

    fn routine(&mut self, number: usize) {
        let routine = self.routines[number - 1];
        self.program.routine(routine);
        for _ in 0..self.random.below(3) {
            self.operation();
        }
        if self.random.below(2) == 0 {
            self.stretch(number);
        }
        self.push(Op::ReturnFrom { from: routine });
    }

    /// A call with an argument of every kind, on a descriptor that is not open: −EBADF.
    pub(super) fn failing_call(&mut self) {
        let data = if self.texts.is_empty() {
            let bytes = self.random.bytes(8);
            self.program.datum("data", vec![Part::Bytes(bytes)], 8)
        } else {
            self.random.one_of(&self.texts).0
        };
        let args = match self.random.below(4) {
            0 => (Call::Close, vec![Operand::Const(NOT_OPEN)]),
            // Not of a length: the emulator looks at so many bytes before it looks at the descriptor.
            1 => (Call::Listen, vec![Operand::Const(NOT_OPEN), Operand::AtLeast(3)]),
            2 => {
                let bits =
                    Operand::Bits { set: self.random.below(0x100) as u32, clear: 0x100 << self.random.below(20) };
                // The emulator looks at the address first.
                let nowhere = [Operand::Const(0), Operand::Const(0)];
                (
                    Call::Sendto,
                    [&[Operand::Const(NOT_OPEN), Operand::Data(data), Operand::Const(4), bits][..], &nowhere].concat(),
                )
            }
            _ => {
                let option = [
                    Operand::Const(NOT_OPEN),
                    Operand::Const(1),
                    Operand::Const(2),
                    Operand::Data(data),
                    Operand::Const(4),
                ];
                (Call::Setsockopt, option.into())
            }
        };
        let result = Some(self.number());
        self.program.call(args.0, &args.1, result, "fails");
    }

    /// Shows every area and every slot, and exits with the first one's low byte.
    pub(super) fn end(&mut self) {
        let used_bytes = self.used_bytes();
        for (index, slot) in self.numbers.clone().into_iter().enumerate() {
            let offset = self.start as i32 + (used_bytes as usize + 4 * index) as i32;
            let to = Mem { base: Base::Frame, offset };
            self.push(Op::Store { width: Width::Four, to, value: Operand::Slot(slot) });
        }
        let mut show = |from, len| {
            let args = [Operand::Const(1), from, Operand::Const(i64::from(len))];
            self.program.call(Call::Write, &args, None, "show");
        };
        show(Operand::Frame(self.start), used_bytes + 4 * self.numbers.len() as u32);
        if let Some(writable) = self.writable {
            show(Operand::State(0), USED_BYTES);
            show(Operand::Data(writable), USED_BYTES);
        }
        let status = Operand::Slot(self.numbers[0]);
        self.program.call(Call::Exit, &[status], None, "exit");
    }
}
