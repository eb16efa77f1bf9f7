//! The operations, done one after the other. Numbers are 32-bit. Addresses are those of a memory of its own, in which
//! the frame, the state and the data are far from each other.

use asmgen::op::{Base, BinOp, Cond, Label, Mem, Op, Operand, Part, Program, Slot, Width};
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
const MOST_STEPS: usize = 1_000_000;

/// The state's first address; the frame's is 0.
const STATE: i32 = 0x1_0000;
/// What lies at the stack pointer at entry: the argument count, which is 1.
const ENTRY: i32 = 0x2_0000;
/// The first datum's address, and how far it is from each to the next.
const DATA: i32 = 0x10_0000;

struct Machine<'p> {
    program: &'p Program,
    slots: Vec<i32>,
    memory: Vec<(i32, Vec<u8>)>,
    /// Where the routines go back to, the innermost last.
    calls: Vec<usize>,
    stack: Vec<i32>,
    output: Vec<u8>,
}

/// The bytes of a datum; the program does not read what only the kernel reads.
fn bytes(parts: &[Part]) -> Vec<u8> {
    parts.iter().flat_map(|part| if let Part::Bytes(bytes) = part { bytes.clone() } else { Vec::new() }).collect()
}

pub(super) fn run(program: &Program) -> Outcome {
    let data = program.data.iter().enumerate().map(|(at, datum)| (DATA * (at as i32 + 1), bytes(&datum.parts)));
    let mut memory = vec![
        (0, vec![0; program.frame_bytes as usize]),
        (STATE, vec![0; program.state_bytes as usize]),
        (ENTRY, vec![1, 0, 0, 0]),
    ];
    memory.extend(data);
    let slots = vec![0; program.slots.len()];
    let mut machine = Machine { program, slots, memory, calls: Vec::new(), stack: Vec::new(), output: Vec::new() };
    let mut at = 0;
    for _ in 0..MOST_STEPS {
        let op = &program.insts[at].op;
        at = match op {
            Op::Call { call: Call::Exit, args, .. } => {
                return Outcome { status: machine.value(args[0]) & 0xff, output: machine.output };
            }
            Op::CallRoutine(to) => {
                machine.calls.push(at + 1);
                machine.at_label(*to)
            }
            Op::ReturnFrom { .. } => machine.calls.pop().expect("it was called"),
            _ if machine.execute(op) => machine.at_label(op.target().expect("only what has a target jumps")),
            _ => at + 1,
        };
    }
    panic!("the program does not end");
}

impl Machine<'_> {
    fn slot(&mut self, slot: Slot) -> &mut i32 {
        &mut self.slots[usize::from(slot.0)]
    }

    fn at_label(&self, label: Label) -> usize {
        let is_here = |op: &Op| *op == Op::Label(label) || *op == Op::Routine(label);
        self.program.insts.iter().position(|inst| is_here(&inst.op)).expect("every label is placed")
    }

    fn value(&self, arg: Operand) -> i32 {
        match arg {
            Operand::Const(value) => value as i32,
            Operand::Slot(slot) => self.slots[usize::from(slot.0)],
            Operand::Frame(offset) => offset as i32,
            Operand::State(offset) => STATE + offset as i32,
            Operand::Entry => ENTRY,
            Operand::Data(datum) => DATA * ((datum.0 as i32) + 1),
            Operand::AtLeast(least) => least as i32,
            Operand::NotNegative => 0,
            Operand::Bits { set, .. } => set as i32,
            Operand::Any | Operand::Image => unreachable!("nobody computes with it"),
        }
    }

    fn memory(&mut self, mem: Mem, bytes: usize) -> &mut [u8] {
        let base = match mem.base {
            Base::Frame => 0,
            Base::Slot(slot) => *self.slot(slot),
            Base::Sum(one, other) => *self.slot(one) + *self.slot(other),
        };
        self.bytes(base + mem.offset, bytes)
    }

    fn bytes(&mut self, address: i32, bytes: usize) -> &mut [u8] {
        let inside = |(start, content): &&mut (i32, Vec<u8>)| {
            (*start..=*start + content.len() as i32 - bytes as i32).contains(&address)
        };
        let found = self.memory.iter_mut().find(inside);
        let (start, content) = found.unwrap_or_else(|| panic!("nothing is at {address:#x}"));
        let start = (address - *start) as usize;
        &mut content[start..start + bytes]
    }

    /// Does one operation; does it jump?
    fn execute(&mut self, op: &Op) -> bool {
        match op {
            Op::Label(_) | Op::Routine(_) => {}
            Op::CallRoutine(_) | Op::ReturnFrom { .. } => unreachable!("they are done before"),
            Op::Jump(_) => return true,
            Op::Call { call, args, result } => {
                let returned = self.call(*call, args);
                if let Some(slot) = result {
                    *self.slot(*slot) = returned;
                }
            }
            Op::Set { to, value } => *self.slot(*to) = self.value(*value),
            Op::Binary { operator, to, value } => {
                let right = self.value(*value);
                let left = self.slot(*to);
                *left = match operator {
                    BinOp::Add => left.wrapping_add(right),
                    BinOp::Sub => left.wrapping_sub(right),
                    BinOp::And => *left & right,
                    BinOp::Or => *left | right,
                    BinOp::Xor => *left ^ right,
                    BinOp::Mul => left.wrapping_mul(right),
                    BinOp::Shl => *left << right,
                    BinOp::Shr => (*left as u32 >> right) as i32,
                };
            }
            Op::Push { value } => self.stack.push(self.slots[usize::from(value.0)]),
            Op::Pop { to } => *self.slot(*to) = self.stack.pop().expect("something is there"),
            Op::Negate { to } => *self.slot(*to) = self.slot(*to).wrapping_neg(),
            Op::Copy { to, from, len } => {
                for _ in 0..*self.slot(*len) {
                    let byte = self.bytes(self.slots[usize::from(from.0)], 1)[0];
                    self.bytes(self.slots[usize::from(to.0)], 1)[0] = byte;
                    *self.slot(*to) += 1;
                    *self.slot(*from) += 1;
                }
                *self.slot(*len) = 0;
            }
            Op::Divide { value, by, rest } => {
                let dividend = *self.slot(*value) as u32;
                *self.slot(*value) = (dividend / by) as i32;
                *self.slot(*rest) = (dividend % by) as i32;
            }
            Op::Load { to, width, from } => {
                let len = len(*width);
                let mut loaded = [0; 4];
                loaded[..len].copy_from_slice(self.memory(*from, len));
                *self.slot(*to) = i32::from_le_bytes(loaded);
            }
            Op::Store { width, to, value } => {
                let (len, bytes) = (len(*width), self.value(*value).to_le_bytes());
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
                    Cond::Below => (left as u32) < right as u32,
                    Cond::BelowOrEqual => left as u32 <= right as u32,
                    Cond::AboveOrEqual => left as u32 >= right as u32,
                    Cond::Above => left as u32 > right as u32,
                };
            }
            Op::BranchBits { value, bits, any, .. } => return (*self.slot(*value) as u32 & bits != 0) == *any,
            Op::BranchBytes { at, bytes, equal, .. } => return (self.memory(*at, bytes.len()) == bytes) == *equal,
            Op::Match { at, want, .. } => return self.memory(*at, want.len()) != want,
            Op::StoreBytes { to, bytes } => self.memory(*to, bytes.len()).copy_from_slice(bytes),
        }
        false
    }

    fn call(&mut self, call: Call, args: &[Operand]) -> i32 {
        match (call, args) {
            (_, &[first, ..]) if i64::from(self.value(first)) == NOT_OPEN => -EBADF,
            (Call::RtSigprocmask | Call::Nanosleep, _) => 0,
            (Call::Write, [_, from, len]) => {
                let len = self.value(*len);
                let written = self.bytes(self.value(*from), len as usize).to_vec();
                self.output.extend_from_slice(&written);
                len
            }
            _ => unreachable!("no such call is generated"),
        }
    }
}

/// Bytes of an access. A word holds an address here, which 4 bytes are enough for.
fn len(width: Width) -> usize {
    match width {
        Width::Byte => 1,
        Width::Two => 2,
        Width::Four | Width::Word => 4,
    }
}
