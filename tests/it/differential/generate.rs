//! Random programs over numbers, a pointer into the frame, and system calls whose results are known.

use asmgen::op::{Alu, Arg, Base, Cond, Kind, Label, Mem, Op, Part, Program, Slot, Width};
use asmgen::syscall::Call;

use super::random::Random;

/// Bytes of the frame that operations use; slots are shown behind them.
pub(super) const USED_BYTES: u32 = 64;
/// Descriptor that is not open.
pub(super) const NOT_OPEN: i64 = 99;

const CONSTANTS: [i64; 16] = [0, 1, 2, 3, 10, 60, 127, 128, 200, 255, 256, 4095, 0x1_0000, 0x7fff_ffff, -1, -200];
const CONDITIONS: [Cond; 6] = [Cond::Eq, Cond::Ne, Cond::Lt, Cond::Le, Cond::Ge, Cond::Gt];

/// A program in the making.
struct Maker<'r> {
    program: Program,
    random: &'r mut Random,
    numbers: Vec<Slot>,
    pointer: Slot,
    counter: Slot,
}

pub(super) fn program(random: &mut Random) -> Program {
    let mut program = Program::default();
    let count = 2 + random.below(9);
    let numbers: Vec<Slot> = (0..count).map(|_| program.slot("number", Kind::Int)).collect();
    let pointer = program.slot("pointer", Kind::Pointer);
    let counter = program.slot("counter", Kind::Int);
    program.frame_bytes = USED_BYTES + 4 * count as u32 + if random.below(2) == 0 { 100 } else { 0 };
    let mut maker = Maker { program, random, numbers, pointer, counter };
    maker.begin();
    for _ in 0..=maker.random.below(3) {
        maker.stretch();
    }
    maker.end();
    maker.program
}

impl Maker<'_> {
    fn push(&mut self, op: Op) {
        self.program.push(op, "random");
    }

    fn number(&mut self) -> Slot {
        let numbers = self.numbers.clone();
        self.random.one_of(&numbers)
    }

    fn value(&mut self) -> Arg {
        match self.random.below(3) {
            0 => Arg::Slot(self.number()),
            _ => Arg::Const(self.random.one_of(&CONSTANTS)),
        }
    }

    /// A place of so many bytes in the used part of the frame, by way of the frame or of the pointer.
    fn place(&mut self, bytes: usize) -> Mem {
        // The pointer is at byte 8 to 23.
        match self.random.below(2) {
            0 => Mem { base: Base::Frame, offset: self.random.below(USED_BYTES as usize - bytes + 1) as i32 },
            _ => Mem { base: Base::Slot(self.pointer), offset: self.random.below(32) as i32 - 8 },
        }
    }

    /// Everything has a value before anything is read. System calls before the first label may find small structures
    /// on the stack, so some come first.
    fn begin(&mut self) {
        for _ in 0..self.random.below(3) {
            self.failing_call();
        }
        for offset in (0..USED_BYTES as i32).step_by(4) {
            let value = Arg::Const(self.random.one_of(&CONSTANTS));
            self.push(Op::Store { width: Width::Four, to: Mem { base: Base::Frame, offset }, value });
        }
        for slot in self.numbers.clone() {
            let value = Arg::Const(self.random.one_of(&CONSTANTS));
            self.push(Op::Set { to: slot, value });
        }
        let offset = 8 + self.random.below(16) as u32;
        self.push(Op::Set { to: self.pointer, value: Arg::Frame(offset) });
    }

    /// A loop of a few turns, with branches inside that leave operations out.
    fn stretch(&mut self) {
        let turns = 1 + self.random.below(3) as i64;
        self.push(Op::Set { to: self.counter, value: Arg::Const(turns) });
        let again = self.program.label("again");
        self.program.place(again);
        for _ in 0..2 + self.random.below(6) {
            let over = self.program.label("over");
            self.branch(over);
            for _ in 0..=self.random.below(4) {
                self.operation();
            }
            self.program.place(over);
        }
        self.push(Op::Alu { alu: Alu::Sub, to: self.counter, value: Arg::Const(1) });
        self.push(Op::Branch { left: self.counter, cond: Cond::Ne, right: Arg::Const(0), to: again });
    }

    fn branch(&mut self, to: Label) {
        let op = match self.random.below(5) {
            0 => {
                let len = self.random.one_of(&[1, 2, 4]);
                let (at, bytes) = (self.place(len), self.random.bytes(len));
                Op::BranchBytes { at, bytes, equal: self.random.below(2) == 0, to }
            }
            1 => {
                let len = 1 + self.random.below(9);
                // Mostly what stands there after the beginning.
                let want = if self.random.below(2) == 0 { vec![0; len] } else { self.random.bytes(len) };
                Op::Match { at: self.place(len), want, miss: to }
            }
            _ => {
                let (left, right) = (self.number(), self.value());
                Op::Branch { left, cond: self.random.one_of(&CONDITIONS), right, to }
            }
        };
        self.push(op);
    }

    fn operation(&mut self) {
        let to = self.number();
        let op = match self.random.below(11) {
            0 | 1 => Op::Set { to, value: self.value() },
            2 => Op::Alu { alu: Alu::Add, to, value: self.value() },
            3 => Op::Alu { alu: Alu::Sub, to, value: self.value() },
            4 => Op::Negate { to },
            5 => {
                let rest = self.number();
                if rest == to {
                    return;
                }
                Op::Divide { value: to, by: self.random.one_of(&[1, 2, 3, 10, 255, 256, 1000]), rest }
            }
            6 => {
                let width = self.random.one_of(&[Width::Byte, Width::Four]);
                Op::Load { to, width, from: self.place(4) }
            }
            7 => {
                let width = self.random.one_of(&[Width::Byte, Width::Four]);
                Op::Store { width, to: self.place(4), value: self.value() }
            }
            8 => {
                let len = 1 + self.random.below(9);
                let (to, bytes) = (self.place(len), self.random.bytes(len));
                Op::StoreBytes { to, bytes }
            }
            9 => return self.failing_call(),
            _ => return self.writing_call(),
        };
        self.push(op);
    }

    /// A call with an argument of every kind, on a descriptor that is not open: −EBADF.
    fn failing_call(&mut self) {
        let bytes = self.random.bytes(8);
        let data = self.program.datum("data", vec![Part::Bytes(bytes)], 8);
        let args = match self.random.below(3) {
            0 => (Call::Close, vec![Arg::Const(NOT_OPEN)]),
            1 => (Call::Write, vec![Arg::Const(NOT_OPEN), Arg::Data(data), Arg::AtLeast(3)]),
            _ => {
                let option = [Arg::Const(NOT_OPEN), Arg::Const(1), Arg::Const(2), Arg::Data(data), Arg::Const(4)];
                (Call::Setsockopt, option.into())
            }
        };
        let result = Some(self.number());
        self.program.call(args.0, &args.1, result, "fails");
    }

    /// A call that writes some of the frame, or one that only returns 0.
    fn writing_call(&mut self) {
        let result = Some(self.number());
        if self.random.below(3) == 0 {
            let args = [Arg::Const(0), Arg::Const(0), Arg::Const(0), Arg::Const(8)];
            self.program.call(Call::RtSigprocmask, &args, result, "returns 0");
        } else {
            let from = self.random.below(16) as u32;
            let len = Arg::Const(1 + self.random.below(8) as i64);
            self.program.call(Call::Write, &[Arg::Const(1), Arg::Frame(from), len], result, "writes");
        }
    }

    /// Shows the frame and every slot, and exits with the first one's low byte.
    fn end(&mut self) {
        for (index, slot) in self.numbers.clone().into_iter().enumerate() {
            let to = Mem { base: Base::Frame, offset: (USED_BYTES as usize + 4 * index) as i32 };
            self.push(Op::Store { width: Width::Four, to, value: Arg::Slot(slot) });
        }
        let len = Arg::Const(i64::from(USED_BYTES) + 4 * self.numbers.len() as i64);
        self.program.call(Call::Write, &[Arg::Const(1), Arg::Frame(0), len], None, "show");
        let status = Arg::Slot(self.numbers[0]);
        self.program.call(Call::Exit, &[status], None, "exit");
    }
}
