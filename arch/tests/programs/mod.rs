//! Random programs.

use asmgen_arch::op::{Base, BinOp, Cond, DatumId, Kind, Label, Mem, Op, Operand, Part, Program, Slot, Width};
use asmgen_arch::syscall::{CALLS, Call};
use proptest::prelude::*;
use proptest::sample::select;

/// Slots of a random program: the first are numbers, the others addresses. Few enough for every machine.
const NUMBERS: u16 = 2;
const SLOTS: u16 = 4;
const LABELS: u16 = 3;
const DATA: u32 = 2;
/// Near places in the frame, at which most programs stay.
const NEAR_BYTES: u32 = 64;
/// Offsets in the frame at which encodings change: signed bytes, 9 signed bits, 12 bits of 1, 2, 4 and 8 bytes.
const FAR: [u32; 14] = [127, 128, 255, 256, 257, 258, 260, 264, 1001, 4095, 4096, 4100, 8190, 16381];
const FRAME_BYTES: u32 = 0x5000;
const STATE_BYTES: u32 = 64;

/// Numbers at which encodings change, and any other.
pub(crate) fn constant() -> impl Strategy<Value = i64> {
    let edges = [0, 1, 2, 7, 8, 15, 16, 64, 127, 128, 255, 256, 0xfff, 0x1000, 0x7fff, 0x8000, 0xffff, 0x1_0000];
    let far = [0x00ff_ff00, 0x7fff_fffe, 0x7fff_ffff, -1, -2, -127, -128, -129, -256, -0x1_0000, -0x8000_0000];
    prop_oneof![select([&edges[..], &far].concat()), 0..300_i64, any::<i32>().prop_map(i64::from)]
}

/// The arguments of a call, six at most.
pub(crate) fn constants() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(constant(), 5)
}

fn number() -> impl Strategy<Value = Slot> {
    (0..NUMBERS).prop_map(Slot)
}

fn address() -> impl Strategy<Value = Slot> {
    (NUMBERS..SLOTS).prop_map(Slot)
}

fn label() -> impl Strategy<Value = Label> {
    (0..LABELS).prop_map(Label)
}

fn frame_offset() -> impl Strategy<Value = u32> {
    prop_oneof![8 => 0..NEAR_BYTES - 16, 1 => select(FAR.as_slice())]
}

fn mem() -> impl Strategy<Value = Mem> {
    let sum = prop_oneof![
        (address(), number()).prop_map(|(one, other)| Base::Sum(one, other)),
        (number(), address()).prop_map(|(one, other)| Base::Sum(one, other)),
    ];
    let base = prop_oneof![2 => Just(Base::Frame), 2 => address().prop_map(Base::Slot), 1 => sum];
    let offset = prop_oneof![
        4 => frame_offset().prop_map(|offset| i32::try_from(offset).expect("the frame is small")),
        1 => Just(0),
        1 => -300..0_i32,
    ];
    (base, offset).prop_map(|(base, offset)| match base {
        Base::Frame => Mem { base, offset: offset.abs() },
        _ => Mem { base, offset },
    })
}

fn call_argument() -> impl Strategy<Value = Operand> {
    prop_oneof![
        3 => constant().prop_map(Operand::Const),
        1 => (1..4096_u32).prop_map(Operand::AtLeast),
        1 => (1..4096_u32).prop_map(|set| Operand::Bits { set, clear: set << 12 }),
        2 => (0..SLOTS).prop_map(|slot| Operand::Slot(Slot(slot))),
        1 => (0..DATA).prop_map(|datum| Operand::Data(DatumId(datum))),
        1 => frame_offset().prop_map(Operand::Frame),
        1 => (0..STATE_BYTES).prop_map(Operand::State),
        1 => Just(Operand::Any),
        1 => Just(Operand::NotNegative),
    ]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 1..20)
}

/// As many as one comparison takes.
fn short_bytes() -> impl Strategy<Value = Vec<u8>> {
    (select([1, 2, 4].as_slice()), any::<[u8; 4]>()).prop_map(|(len, bytes)| bytes[..len].to_vec())
}

fn call() -> impl Strategy<Value = Op> {
    let returning: Vec<Call> = CALLS.iter().filter(|info| info.returns()).map(|info| info.call).collect();
    (select(returning), prop::collection::vec(call_argument(), 6), prop::option::of(number())).prop_map(
        |(call, mut args, result)| {
            args.truncate(call.info().args.len());
            Op::Call { call, args, result }
        },
    )
}

fn value() -> impl Strategy<Value = Operand> {
    prop_oneof![constant().prop_map(Operand::Const), number().prop_map(Operand::Slot)]
}

fn cond() -> impl Strategy<Value = Cond> {
    let signed = [Cond::Eq, Cond::Ne, Cond::Lt, Cond::Le, Cond::Ge, Cond::Gt];
    let unsigned = [Cond::Below, Cond::BelowOrEqual, Cond::AboveOrEqual, Cond::Above];
    select([&signed[..], &unsigned].concat())
}

/// Single bits, runs of bits, and any.
fn bits() -> impl Strategy<Value = u32> {
    prop_oneof![
        (0..32_u32).prop_map(|bit| 1 << bit),
        (1..32_u32, 0..32_u32).prop_map(|(len, by)| ((1_u32 << len) - 1).rotate_left(by)),
        1..=u32::MAX,
    ]
}

fn width() -> impl Strategy<Value = Width> {
    select([Width::Byte, Width::Two, Width::Four].as_slice())
}

/// An operation on a number, by a number or a constant.
fn arithmetic() -> impl Strategy<Value = Op> {
    let with_any = select([BinOp::Add, BinOp::Sub, BinOp::And, BinOp::Or, BinOp::Xor, BinOp::Mul].as_slice());
    let patterns = bits().prop_map(|bits| Operand::Const(i64::from(bits as i32)));
    let shift = (select([BinOp::Shl, BinOp::Shr].as_slice()), 1..32_i64)
        .prop_map(|(operator, by)| (operator, Operand::Const(by)));
    let how = prop_oneof![3 => (with_any, prop_oneof![value(), patterns]), 1 => shift];
    (number(), how).prop_map(|(to, (operator, value))| Op::Binary { operator, to, value })
}

/// An operation on an address: it is moved, aligned, or shifted to tell what it is in.
fn address_arithmetic() -> impl Strategy<Value = Op> {
    let by = prop_oneof![0..0x1_0000_i64, -0x1_0000..0_i64].prop_map(Operand::Const);
    let how = prop_oneof![
        (select([BinOp::Add, BinOp::Sub].as_slice()), prop_oneof![by, number().prop_map(Operand::Slot)]),
        (Just(BinOp::And), select([-4096_i64, -64, -16, -8].as_slice()).prop_map(Operand::Const)),
        (select([BinOp::Shl, BinOp::Shr].as_slice()), (1..32_i64).prop_map(Operand::Const)),
    ];
    (address(), how).prop_map(|(to, (operator, value))| Op::Binary { operator, to, value })
}

/// Any operation but a label and the last one.
fn op() -> impl Strategy<Value = Op> {
    let pointer = prop_oneof![
        (0..DATA).prop_map(|datum| Operand::Data(DatumId(datum))),
        frame_offset().prop_map(Operand::Frame),
        (0..STATE_BYTES).prop_map(Operand::State),
        Just(Operand::Entry),
        address().prop_map(Operand::Slot),
    ];
    prop_oneof![
        4 => call(),
        3 => (number(), value()).prop_map(|(to, value)| Op::Set { to, value }),
        2 => (address(), pointer).prop_map(|(to, value)| Op::Set { to, value }),
        3 => arithmetic(),
        2 => address_arithmetic(),
        1 => number().prop_map(|to| Op::Negate { to }),
        1 => (2..1000_u32).prop_map(|by| Op::Divide { value: Slot(0), by, rest: Slot(1) }),
        1 => Just(Op::Copy { to: Slot(2), from: Slot(3), len: Slot(0) }),
        1 => Just(Op::Copy { to: Slot(3), from: Slot(2), len: Slot(1) }),
        2 => (number(), width(), mem()).prop_map(|(to, width, from)| Op::Load { to, width, from }),
        1 => (address(), mem()).prop_map(|(to, from)| Op::Load { to, width: Width::Word, from }),
        2 => (width(), mem(), value()).prop_map(|(width, to, value)| Op::Store { width, to, value }),
        1 => (mem(), address()).prop_map(|(to, slot)| Op::Store { width: Width::Word, to, value: Operand::Slot(slot) }),
        2 => (number(), cond(), value(), label())
            .prop_map(|(left, cond, right, to)| Op::Branch { left, cond, right, to }),
        1 => (address(), cond(), address(), label())
            .prop_map(|(left, cond, right, to)| Op::Branch { left, cond, right: Operand::Slot(right), to }),
        1 => (number(), bits(), any::<bool>(), label())
            .prop_map(|(value, bits, any, to)| Op::BranchBits { value, bits, any, to }),
        1 => (mem(), short_bytes(), any::<bool>(), label())
            .prop_map(|(at, bytes, equal, to)| Op::BranchBytes { at, bytes, equal, to }),
        1 => (mem(), bytes(), label()).prop_map(|(at, want, miss)| Op::Match { at, want, miss }),
        1 => (mem(), bytes()).prop_map(|(to, bytes)| Op::StoreBytes { to, bytes }),
        1 => label().prop_map(Op::Jump),
    ]
}

/// Where a program's routines are: none, one, or one that calls another.
fn routines() -> impl Strategy<Value = Vec<Vec<Op>>> {
    prop::collection::vec(prop::collection::vec(op(), 0..8), 0..3)
}

/// A program of any operations, with its labels at any places, that ends.
pub(crate) fn program() -> impl Strategy<Value = Program> {
    let places = prop::collection::vec(any::<prop::sample::Index>(), usize::from(LABELS));
    (prop::collection::vec(op(), 1..40), places, routines(), any::<bool>()).prop_map(|(ops, places, bodies, is_far)| {
        let frame_bytes = if is_far { FRAME_BYTES } else { NEAR_BYTES };
        let mut program = Program { frame_bytes, state_bytes: STATE_BYTES, ..Program::default() };
        for slot in 0..SLOTS {
            program.slot("slot", if slot < NUMBERS { Kind::Int } else { Kind::Pointer });
        }
        for datum in 0..DATA {
            program.datum("datum", vec![Part::Word(u64::from(datum))], 0);
        }
        let labels: Vec<Label> = (0..LABELS).map(|name| program.label(format!("label {name}"))).collect();
        let routines: Vec<Label> = bodies.iter().map(|_| program.label("a routine")).collect();
        let at: Vec<usize> = places.iter().map(|place| place.index(ops.len() + 1)).collect();
        for index in 0..=ops.len() {
            labels.iter().zip(&at).filter(|(_, at)| **at == index).for_each(|(label, _)| program.place(*label));
            if let Some(op) = ops.get(index) {
                program.push(op.clone(), "random");
            }
            for &routine in routines.iter().filter(|_| index % 4 == 3) {
                program.push(Op::CallRoutine(routine), "random");
            }
        }
        program.call(Call::Exit, &[Operand::Const(0)], None, "the end");
        for (index, body) in bodies.into_iter().enumerate() {
            program.routine(routines[index]);
            // What jumps out of a routine never comes back: not here.
            for op in body.into_iter().filter(|op| op.target().is_none()) {
                program.push(op, "random");
            }
            for &later in &routines[index + 1..] {
                program.push(Op::CallRoutine(later), "random");
            }
            program.push(Op::ReturnFrom { from: routines[index] }, "random");
        }
        program
    })
}
