//! Instructions against a decoder of another make, and the constants that some of them take.

use super::ctx::constant;
use super::inst::{A64, To, takes};
use super::place::{Place, Size};
use crate::ir::Ref;
use crate::ir::op::{BinOp, Cond, DatumId, Label};
use crate::mach::inst::MachInst;
use crate::{Machine, TARGETS, disasm};

/// Where the instruction stands, and where its label is.
const AT: u64 = 0x1_0000;

/// The text of an instruction with its label so many bytes further.
fn text(instruction: A64, distance: i64) -> String {
    let target = TARGETS.into_iter().find(|target| target.machine == Machine::Aarch64).expect("it is one of them");
    let address = |_: Ref| AT.wrapping_add_signed(distance);
    let forms = (0..2).find_map(|form| instruction.encode(form, AT, &address).expect("it is encoded"));
    disasm::decode_all(target, &forms.expect("the last form always fits")).join("; ")
}

#[test]
fn instructions_are_what_they_are_called() {
    let to = To::Label(Label(0));
    let operator = |operator, wide| A64::Alu { operator, wide, d: 1, n: 2, m: 3 };
    let imm = |operator, wide, imm| A64::AluImm { operator, wide, d: 1, n: 2, imm };
    let load = |size, from| A64::Load { size, t: 1, from };
    let store = |size, to| A64::Store { size, t: 1, to };
    let near = Place::Near { n: 2, simm9: -256 };
    let scaled = |bytes| Place::Scaled { n: 31, bytes };
    let (sum, next) = (Place::Sum { n: 2, m: 3 }, Place::Next { n: 2 });
    #[rustfmt::skip] // One instruction per line.
    let table = [
        (A64::Movz { d: 1, imm16: 5, shift: 0 },                                "mov x1, #0x5"),
        (A64::Movz { d: 1, imm16: 5, shift: 48 },                               "mov x1, #0x5000000000000"),
        (A64::Movn { d: 1, imm16: 5, shift: 0 },                                "mov x1, #0xfffffffffffffffa"),
        (A64::Movn { d: 1, imm16: 5, shift: 16 },                               "mov x1, #0xfffffffffffaffff"),
        (A64::Movk { d: 1, imm16: 5, shift: 32 },                               "movk x1, #0x5, lsl #32"),
        (A64::MovPattern { d: 1, pattern: 0x7fff_ffff },                        "mov x1, #0x7fffffff"),
        (A64::MovPattern { d: 1, pattern: 0xffff_ffff_8000_0000 },              "mov x1, #0xffffffff80000000"),
        (A64::Mov { wide: true, d: 1, m: 2 },                                   "mov x1, x2"),
        (A64::Mov { wide: false, d: 1, m: 2 },                                  "mov w1, w2"),
        (operator(BinOp::Add, true),                                                   "add x1, x2, x3"),
        (operator(BinOp::Add, false),                                                  "add w1, w2, w3"),
        (operator(BinOp::Sub, true),                                                   "sub x1, x2, x3"),
        (operator(BinOp::Sub, false),                                                  "sub w1, w2, w3"),
        (operator(BinOp::And, true),                                                   "and x1, x2, x3"),
        (operator(BinOp::And, false),                                                  "and w1, w2, w3"),
        (operator(BinOp::Or, true),                                                    "orr x1, x2, x3"),
        (operator(BinOp::Or, false),                                                   "orr w1, w2, w3"),
        (operator(BinOp::Xor, true),                                                   "eor x1, x2, x3"),
        (operator(BinOp::Xor, false),                                                  "eor w1, w2, w3"),
        (operator(BinOp::Mul, true),                                                   "mul x1, x2, x3"),
        (operator(BinOp::Mul, false),                                                  "mul w1, w2, w3"),
        (operator(BinOp::Shl, true),                                                   "lsl x1, x2, x3"),
        (operator(BinOp::Shr, false),                                                  "lsr w1, w2, w3"),
        (imm(BinOp::Add, true, 4095),                                             "add x1, x2, #0xfff"),
        (imm(BinOp::Add, false, 1),                                               "add w1, w2, #0x1"),
        (imm(BinOp::Add, true, 0x12_3000),                                        "add x1, x2, #0x123, lsl #12"),
        (imm(BinOp::Add, false, 0x12_3000),                                       "add w1, w2, #0x123, lsl #12"),
        (imm(BinOp::Sub, true, 16),                                               "sub x1, x2, #0x10"),
        (imm(BinOp::Sub, false, 16),                                              "sub w1, w2, #0x10"),
        (imm(BinOp::Sub, true, 0x1000),                                           "sub x1, x2, #0x1, lsl #12"),
        (imm(BinOp::Sub, false, 0x1000),                                          "sub w1, w2, #0x1, lsl #12"),
        (imm(BinOp::And, true, 0xffff_ffff_ffff_fff0),                            "and x1, x2, #0xfffffffffffffff0"),
        (imm(BinOp::And, false, 0xff),                                            "and w1, w2, #0xff"),
        (imm(BinOp::Or, true, 0x5555_5555_5555_5555),                             "orr x1, x2, #0x5555555555555555"),
        (imm(BinOp::Or, false, 0x8000_0001),                                      "orr w1, w2, #0x80000001"),
        (imm(BinOp::Xor, true, 1),                                                "eor x1, x2, #0x1"),
        (imm(BinOp::Xor, false, 0xffff_0000),                                     "eor w1, w2, #0xffff0000"),
        (imm(BinOp::Shl, true, 40),                                               "lsl x1, x2, #0x28"),
        (imm(BinOp::Shl, false, 31),                                              "lsl w1, w2, #0x1f"),
        (imm(BinOp::Shr, true, 63),                                               "lsr x1, x2, #0x3f"),
        (imm(BinOp::Shr, false, 7),                                               "lsr w1, w2, #0x7"),
        (A64::AluImm { operator: BinOp::Sub, wide: true, d: 31, n: 31, imm: 0x230 },   "sub sp, sp, #0x230"),
        (A64::AluImm { operator: BinOp::Add, wide: true, d: 29, n: 31, imm: 0 },       "mov x29, sp"),
        (A64::AddShifted { wide: true, d: 1, n: 2, m: 3, shift: 4 },             "add x1, x2, x3, lsl #4"),
        (A64::AddShifted { wide: false, d: 1, n: 2, m: 3, shift: 4 },            "add w1, w2, w3, lsl #4"),
        (A64::Madd { wide: true, d: 1, n: 2, m: 3, a: 4 },                       "madd x1, x2, x3, x4"),
        (A64::Madd { wide: false, d: 1, n: 2, m: 3, a: 4 },                      "madd w1, w2, w3, w4"),
        (A64::Ccmp { wide: true, negative: false, n: 1, imm: 31, flags: 4, cond: Cond::Ne },
         "ccmp x1, #0x1f, #0x4, ne"),
        (A64::Ccmp { wide: false, negative: true, n: 1, imm: 5, flags: 2, cond: Cond::Below },
         "ccmn w1, #0x5, #0x2, lo"),
        (A64::LoadPair { size: Size::Eight, t: 1, t2: 2, n: 31, offset: -512 },  "ldp x1, x2, [sp, #-0x200]"),
        (A64::LoadPair { size: Size::Four, t: 1, t2: 2, n: 3, offset: 252 },     "ldp w1, w2, [x3, #0xfc]"),
        (A64::StorePair { size: Size::Eight, t: 1, t2: 31, n: 31, offset: 504 }, "stp x1, xzr, [sp, #0x1f8]"),
        (A64::StorePair { size: Size::Four, t: 1, t2: 2, n: 3, offset: -256 },   "stp w1, w2, [x3, #-0x100]"),
        (A64::Udiv { d: 1, n: 2, m: 3 },                                        "udiv w1, w2, w3"),
        (A64::Msub { d: 1, n: 2, m: 3, a: 4 },                                  "msub w1, w2, w3, w4"),
        (load(Size::Byte, near),                                                "ldurb w1, [x2, #-0x100]"),
        (load(Size::Half, near),                                                "ldurh w1, [x2, #-0x100]"),
        (load(Size::Four, near),                                                "ldur w1, [x2, #-0x100]"),
        (load(Size::Eight, near),                                               "ldur x1, [x2, #-0x100]"),
        (load(Size::Byte, scaled(4095)),                                        "ldrb w1, [sp, #0xfff]"),
        (load(Size::Half, scaled(8190)),                                        "ldrh w1, [sp, #0x1ffe]"),
        (load(Size::Four, scaled(16380)),                                       "ldr w1, [sp, #0x3ffc]"),
        (load(Size::Eight, scaled(32760)),                                      "ldr x1, [sp, #0x7ff8]"),
        (load(Size::Byte, sum),                                                 "ldrb w1, [x2, x3]"),
        (load(Size::Half, sum),                                                 "ldrh w1, [x2, x3]"),
        (load(Size::Four, sum),                                                 "ldr w1, [x2, x3]"),
        (load(Size::Eight, sum),                                                "ldr x1, [x2, x3]"),
        (load(Size::Byte, next),                                                "ldrb w1, [x2], #0x1"),
        (load(Size::Half, next),                                                "ldrh w1, [x2], #0x2"),
        (load(Size::Four, next),                                                "ldr w1, [x2], #0x4"),
        (load(Size::Eight, next),                                               "ldr x1, [x2], #0x8"),
        (store(Size::Byte, near),                                               "sturb w1, [x2, #-0x100]"),
        (store(Size::Half, near),                                               "sturh w1, [x2, #-0x100]"),
        (store(Size::Four, near),                                               "stur w1, [x2, #-0x100]"),
        (store(Size::Eight, near),                                              "stur x1, [x2, #-0x100]"),
        (store(Size::Byte, scaled(300)),                                        "strb w1, [sp, #0x12c]"),
        (store(Size::Half, scaled(300)),                                        "strh w1, [sp, #0x12c]"),
        (store(Size::Four, scaled(300)),                                        "str w1, [sp, #0x12c]"),
        (store(Size::Eight, scaled(304)),                                       "str x1, [sp, #0x130]"),
        (store(Size::Byte, sum),                                                "strb w1, [x2, x3]"),
        (store(Size::Half, sum),                                                "strh w1, [x2, x3]"),
        (store(Size::Four, sum),                                                "str w1, [x2, x3]"),
        (store(Size::Eight, sum),                                               "str x1, [x2, x3]"),
        (store(Size::Byte, next),                                               "strb w1, [x2], #0x1"),
        (store(Size::Eight, next),                                              "str x1, [x2], #0x8"),
        (A64::CmpImm { wide: true, n: 1, imm: 7 },                              "cmp x1, #0x7"),
        (A64::CmpImm { wide: false, n: 1, imm: 7 },                             "cmp w1, #0x7"),
        (A64::CmpImm { wide: true, n: 1, imm: 0x7000 },                         "cmp x1, #0x7, lsl #12"),
        (A64::CmpImm { wide: false, n: 1, imm: 0x7000 },                        "cmp w1, #0x7, lsl #12"),
        (A64::CmnImm { wide: true, n: 1, imm: 7 },                              "cmn x1, #0x7"),
        (A64::CmnImm { wide: false, n: 1, imm: 7 },                             "cmn w1, #0x7"),
        (A64::CmnImm { wide: true, n: 1, imm: 0x7000 },                         "cmn x1, #0x7, lsl #12"),
        (A64::CmnImm { wide: false, n: 1, imm: 0x7000 },                        "cmn w1, #0x7, lsl #12"),
        (A64::Cmp { wide: true, n: 1, m: 2 },                                   "cmp x1, x2"),
        (A64::Cmp { wide: false, n: 1, m: 2 },                                  "cmp w1, w2"),
        (A64::TstImm { n: 1, pattern: 6 },                                      "tst w1, #0x6"),
        (A64::Tst { n: 1, m: 2 },                                               "tst w1, w2"),
        (A64::Svc { returns: true },                                                              "svc #0x0"),
        (A64::PushLink,                                                         "str x30, [sp, #-0x10]!"),
        (A64::PopLink,                                                          "ldr x30, [sp], #0x10"),
        (A64::Ret,                                                              "ret"),
        (A64::Bl { to: Label(0) },                                              "bl $+0x40"),
        (A64::B { to },                                                         "b $+0x40"),
        (A64::B { to: To::By(3) },                                              "b $+0xc"),
        (A64::Bcond { cond: Cond::Eq, to },                                     "b.eq $+0x40"),
        (A64::Bcond { cond: Cond::Ne, to },                                     "b.ne $+0x40"),
        (A64::Bcond { cond: Cond::Lt, to },                                     "b.lt $+0x40"),
        (A64::Bcond { cond: Cond::Le, to },                                     "b.le $+0x40"),
        (A64::Bcond { cond: Cond::Ge, to },                                     "b.ge $+0x40"),
        (A64::Bcond { cond: Cond::Gt, to },                                     "b.gt $+0x40"),
        (A64::Bcond { cond: Cond::Below, to },                                  "b.lo $+0x40"),
        (A64::Bcond { cond: Cond::BelowOrEqual, to },                           "b.ls $+0x40"),
        (A64::Bcond { cond: Cond::AboveOrEqual, to },                           "b.hs $+0x40"),
        (A64::Bcond { cond: Cond::Above, to },                                  "b.hi $+0x40"),
        (A64::Cbz { wide: true, zero: true, t: 1, to },                         "cbz x1, $+0x40"),
        (A64::Cbz { wide: true, zero: false, t: 1, to },                        "cbnz x1, $+0x40"),
        (A64::Cbz { wide: false, zero: true, t: 1, to },                        "cbz w1, $+0x40"),
        (A64::Cbz { wide: false, zero: false, t: 1, to: To::By(-3) },           "cbnz w1, $-0xc"),
        (A64::Tbz { set: true, t: 1, bit: 31, to },                             "tbnz w1, #0x1f, $+0x40"),
        (A64::Tbz { set: false, t: 1, bit: 0, to },                             "tbz w1, #0x0, $+0x40"),
        (A64::Address { d: 1, of: Ref::State(0) },                              "adr x1, $+0x40"),
    ];
    for (instruction, wanted) in table {
        assert_eq!(text(instruction, 64), wanted, "{instruction:?}");
    }
}

#[test]
fn words_are_loaded_from_near_what_a_register_leads_to() {
    let words = A64::LoadWords { t: 1, t2: 2, n: 3, from: DatumId(0), of: DatumId(1) };
    let target = TARGETS.into_iter().find(|target| target.machine == Machine::Aarch64).expect("it is one of them");
    let text = |by: i64| {
        let address = |of: Ref| if of == Ref::Data(DatumId(1)) { AT.wrapping_add_signed(by) } else { AT };
        let bytes = words.encode(0, AT, &address).ok()?.expect("it has one form");
        Some(disasm::decode_all(target, &bytes).join("; "))
    };
    assert_eq!(text(-256).as_deref(), Some("ldp w1, w2, [x3, #-0x100]"));
    assert_eq!(text(252).as_deref(), Some("ldp w1, w2, [x3, #0xfc]"));
    assert_eq!([-260, 256, 2].map(text), [None, None, None]);
}

#[test]
fn what_is_out_of_reach_takes_two_instructions() {
    let test = A64::Tbz { set: true, t: 1, bit: 2, to: To::Label(Label(0)) };
    assert_eq!(text(test, 0x7ffc), "tbnz w1, #0x2, $+0x7ffc");
    assert_eq!(text(test, -0x8000), "tbnz w1, #0x2, $-0x8000");
    assert_eq!(text(test, 0x8000), "tbz w1, #0x2, $+0x8; b $+0x7ffc");
    assert_eq!(text(test, -0x8004), "tbz w1, #0x2, $+0x8; b $-0x8008");
    let address = A64::Address { d: 1, of: Ref::State(0) };
    assert_eq!(text(address, 0x10_0000), "mov x1, #0x0; movk x1, #0x11, lsl #16");
}

#[test]
fn constants_are_built_in_as_few_instructions_as_there_are() {
    #[rustfmt::skip] // One constant per line.
    let table = [
        (0,                           "mov x1, #0x0"),
        (0xffff,                      "mov x1, #0xffff"),
        (0x1234_0000,                 "mov x1, #0x12340000"),
        (0x1234_5678,                 "mov x1, #0x5678; movk x1, #0x1234, lsl #16"),
        (0x7fff_ffff,                 "mov x1, #0x7fffffff"),
        (0xffff_ffff,                 "mov x1, #0xffffffff"),
        (0x1234_5678_9abc,            "mov x1, #0x9abc; movk x1, #0x5678, lsl #16; movk x1, #0x1234, lsl #32"),
        (-1_i64 as u64,               "mov x1, #0xffffffffffffffff"),
        (-200_i64 as u64,             "mov x1, #0xffffffffffffff38"),
        (-0x1_0000_i64 as u64,        "mov x1, #0xffffffffffff0000"),
        (-0x8000_0000_i64 as u64,     "mov x1, #0xffffffff80000000"),
        (-0x1234_5678_i64 as u64,     "mov x1, #0xffffffffffffa988; movk x1, #0xedcb, lsl #16"),
        (0xffff_1234_ffff_ffff,       "mov x1, #0xffff1234ffffffff"),
    ];
    for (value, wanted) in table {
        let built: Vec<String> = constant(1, value).into_iter().map(|one| text(one, 0)).collect();
        assert_eq!(built.join("; "), wanted, "{value:#x}");
    }
}

#[test]
fn instructions_take_the_constants_that_have_an_encoding() {
    for operator in [BinOp::Add, BinOp::Sub] {
        assert!([0, 1, 0xfff, 0x1000, 0xff_f000].into_iter().all(|value| takes(operator, true, value)));
        assert!(![0x1001, 0x100_0000, u64::MAX].into_iter().any(|value| takes(operator, true, value)));
    }
    for operator in [BinOp::And, BinOp::Or, BinOp::Xor] {
        assert!([1, 0xff, 0xff00, 0x8000_0001, 0x5555_5555].into_iter().all(|value| takes(operator, false, value)));
        assert!(![0, 5, 0xffff_ffff, 0x1_0000_0000].into_iter().any(|value| takes(operator, false, value)));
        assert!(takes(operator, true, 0xffff_ffff) && !takes(operator, true, u64::MAX));
    }
    assert!(takes(BinOp::Shl, false, 31) && !takes(BinOp::Shl, false, 32) && takes(BinOp::Shr, true, 63));
    assert!(!takes(BinOp::Mul, true, 1));
}
