//! The operations, done one after the other: numbers are 32-bit, addresses are offsets in the frame.

use asmgen::op::{Alu, Arg, Base, Cond, Kind, Mem, Op, Program, Slot, Width};
use asmgen::syscall::Call;

use super::generate::NOT_OPEN;

/// What a program left behind.
pub(super) struct Outcome {
    pub(super) output: Vec<u8>,
    pub(super) status: i32,
}

/// errno of a descriptor that is not open.
const EBADF: i32 = 9;
/// No generated program is longer.
const MOST_STEPS: usize = 100_000;

struct Machine<'p> {
    program: &'p Program,
    slots: Vec<i32>,
    frame: Vec<u8>,
    output: Vec<u8>,
}

pub(super) fn run(program: &Program) -> Outcome {
    let mut machine = Machine {
        program,
        slots: vec![0; program.slots.len()],
        frame: vec![0; program.frame_bytes as usize],
        output: Vec::new(),
    };
    let mut at = 0;
    for _ in 0..MOST_STEPS {
        let op = &program.steps[at].op;
        if let Op::Call { call: Call::Exit, args, .. } = op {
            return Outcome { status: machine.value(args[0]) & 0xff, output: machine.output };
        }
        at = if machine.step(op) {
            let target = op.target().expect("only what has a target jumps");
            program.steps.iter().position(|step| step.op == Op::Label(target)).expect("every label is placed")
        } else {
            at + 1
        };
    }
    panic!("the program does not end");
}

impl Machine<'_> {
    fn slot(&mut self, slot: Slot) -> &mut i32 {
        &mut self.slots[usize::from(slot.0)]
    }

    fn value(&self, arg: Arg) -> i32 {
        match arg {
            Arg::Const(value) => value as i32,
            Arg::Slot(slot) => self.slots[usize::from(slot.0)],
            Arg::Frame(offset) => offset as i32,
            Arg::AtLeast(least) => least as i32,
            Arg::Data(_) | Arg::Any => unreachable!("nobody computes with it"),
        }
    }

    fn memory(&mut self, mem: Mem, bytes: usize) -> &mut [u8] {
        let base = match mem.base {
            Base::Frame => 0,
            Base::Slot(slot) => {
                assert_eq!(self.program.kind(slot), Kind::Pointer);
                *self.slot(slot)
            }
        };
        let start = usize::try_from(base + mem.offset).expect("inside the frame");
        &mut self.frame[start..start + bytes]
    }

    /// Does one operation; does it jump?
    fn step(&mut self, op: &Op) -> bool {
        match op {
            Op::Label(_) => {}
            Op::Jump(_) => return true,
            Op::Call { call, args, result } => {
                let returned = self.call(*call, args);
                if let Some(slot) = result {
                    *self.slot(*slot) = returned;
                }
            }
            Op::Set { to, value } => *self.slot(*to) = self.value(*value),
            Op::Alu { alu, to, value } => {
                let right = self.value(*value);
                let left = self.slot(*to);
                *left = match alu {
                    Alu::Add => left.wrapping_add(right),
                    Alu::Sub => left.wrapping_sub(right),
                };
            }
            Op::Negate { to } => *self.slot(*to) = self.slot(*to).wrapping_neg(),
            Op::Divide { value, by, rest } => {
                let dividend = *self.slot(*value) as u32;
                *self.slot(*value) = (dividend / by) as i32;
                *self.slot(*rest) = (dividend % by) as i32;
            }
            Op::Load { to, width, from } => {
                let loaded = match width {
                    Width::Byte => i32::from(self.memory(*from, 1)[0]),
                    _ => i32::from_le_bytes(self.memory(*from, 4).try_into().expect("4 bytes")),
                };
                *self.slot(*to) = loaded;
            }
            Op::Store { width, to, value } => {
                let bytes = self.value(*value).to_le_bytes();
                let len = if *width == Width::Byte { 1 } else { 4 };
                self.memory(*to, len).copy_from_slice(&bytes[..len]);
            }
            Op::Branch { left, cond, right, .. } => {
                let (left, right) = (*self.slot(*left), self.value(*right));
                return match cond {
                    Cond::Eq => left == right,
                    Cond::Ne => left != right,
                    Cond::Lt => left < right,
                    Cond::Le => left <= right,
                    Cond::Ge => left >= right,
                    Cond::Gt => left > right,
                };
            }
            Op::BranchBytes { at, bytes, equal, .. } => return (self.memory(*at, bytes.len()) == bytes) == *equal,
            Op::Match { at, want, .. } => return self.memory(*at, want.len()) != want,
            Op::StoreBytes { to, bytes } => self.memory(*to, bytes.len()).copy_from_slice(bytes),
        }
        false
    }

    fn call(&mut self, call: Call, args: &[Arg]) -> i32 {
        match (call, args) {
            (_, [Arg::Const(NOT_OPEN), ..]) => -EBADF,
            (Call::RtSigprocmask, _) => 0,
            (Call::Write, [_, Arg::Frame(from), len]) => {
                let len = self.value(*len);
                let from = *from as usize;
                self.output.extend_from_slice(&self.frame[from..from + len as usize]);
                len
            }
            _ => unreachable!("no such call is generated"),
        }
    }
}
