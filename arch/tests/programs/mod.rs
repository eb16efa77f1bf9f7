//! Random programs.

use asmgen_arch::op::{Alu, Arg, Base, Cond, DatumId, Kind, Label, Mem, Op, Part, Program, Slot, Width};
use asmgen_arch::syscall::{CALLS, Call};
use proptest::prelude::*;
use proptest::sample::select;

/// Slots of a random program: the first are numbers, the others addresses. Few enough for every machine.
const NUMBERS: u8 = 2;
const SLOTS: u8 = 3;
const LABELS: u16 = 3;
const DATA: u16 = 2;
const FRAME_BYTES: u32 = 64;

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

fn mem() -> impl Strategy<Value = Mem> {
    let base = prop_oneof![Just(Base::Frame), address().prop_map(Base::Slot)];
    (base, 0..i32::try_from(FRAME_BYTES - 16).expect("the frame is small"))
        .prop_map(|(base, offset)| Mem { base, offset })
}

fn call_argument() -> impl Strategy<Value = Arg> {
    prop_oneof![
        3 => constant().prop_map(Arg::Const),
        1 => (1..4096_u32).prop_map(Arg::AtLeast),
        2 => (0..SLOTS).prop_map(|slot| Arg::Slot(Slot(slot))),
        1 => (0..DATA).prop_map(|datum| Arg::Data(DatumId(datum))),
        1 => (0..FRAME_BYTES).prop_map(Arg::Frame),
        1 => Just(Arg::Any),
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

fn value() -> impl Strategy<Value = Arg> {
    prop_oneof![constant().prop_map(Arg::Const), number().prop_map(Arg::Slot)]
}

fn cond() -> impl Strategy<Value = Cond> {
    select([Cond::Eq, Cond::Ne, Cond::Lt, Cond::Le, Cond::Ge, Cond::Gt].as_slice())
}

/// Any operation but a label and the last one.
fn op() -> impl Strategy<Value = Op> {
    let pointer = prop_oneof![
        (0..DATA).prop_map(|datum| Arg::Data(DatumId(datum))),
        (0..FRAME_BYTES).prop_map(Arg::Frame),
        address().prop_map(Arg::Slot),
    ];
    let alu = || select([Alu::Add, Alu::Sub].as_slice());
    let small = || (0..4096_i64).prop_map(Arg::Const);
    prop_oneof![
        4 => call(),
        3 => (number(), value()).prop_map(|(to, value)| Op::Set { to, value }),
        2 => (address(), pointer).prop_map(|(to, value)| Op::Set { to, value }),
        1 => (alu(), number(), prop_oneof![small(), number().prop_map(Arg::Slot)])
            .prop_map(|(alu, to, value)| Op::Alu { alu, to, value }),
        1 => (alu(), address(), small()).prop_map(|(alu, to, value)| Op::Alu { alu, to, value }),
        1 => number().prop_map(|to| Op::Negate { to }),
        1 => (2..1000_u32).prop_map(|by| Op::Divide { value: Slot(0), by, rest: Slot(1) }),
        1 => (number(), mem()).prop_map(|(to, from)| Op::Load { to, width: Width::Byte, from }),
        1 => (number(), mem()).prop_map(|(to, from)| Op::Load { to, width: Width::Four, from }),
        1 => (mem(), number()).prop_map(|(to, slot)| Op::Store { width: Width::Byte, to, value: Arg::Slot(slot) }),
        2 => (number(), cond(), prop_oneof![small(), number().prop_map(Arg::Slot)], label())
            .prop_map(|(left, cond, right, to)| Op::Branch { left, cond, right, to }),
        1 => (mem(), short_bytes(), any::<bool>(), label())
            .prop_map(|(at, bytes, equal, to)| Op::BranchBytes { at, bytes, equal, to }),
        1 => (mem(), bytes(), label()).prop_map(|(at, want, miss)| Op::Match { at, want, miss }),
        1 => (mem(), bytes()).prop_map(|(to, bytes)| Op::StoreBytes { to, bytes }),
        1 => label().prop_map(Op::Jump),
    ]
}

/// A program of any operations, with its labels at any places, that ends.
pub(crate) fn program() -> impl Strategy<Value = Program> {
    let places = prop::collection::vec(any::<prop::sample::Index>(), usize::from(LABELS));
    (prop::collection::vec(op(), 1..40), places).prop_map(|(ops, places)| {
        let mut program = Program { frame_bytes: FRAME_BYTES, ..Program::default() };
        for slot in 0..SLOTS {
            program.slot("slot", if slot < NUMBERS { Kind::Int } else { Kind::Pointer });
        }
        for datum in 0..DATA {
            program.datum("datum", vec![Part::Word(u64::from(datum))], 0);
        }
        let labels: Vec<Label> = (0..LABELS).map(|name| program.label(format!("label {name}"))).collect();
        let at: Vec<usize> = places.iter().map(|place| place.index(ops.len() + 1)).collect();
        for index in 0..=ops.len() {
            labels.iter().zip(&at).filter(|(_, at)| **at == index).for_each(|(label, _)| program.place(*label));
            if let Some(op) = ops.get(index) {
                program.push(op.clone(), "random");
            }
        }
        program.call(Call::Exit, &[Arg::Const(0)], None, "the end");
        program
    })
}
