//! Every way to get a constant into a register, given what is known of all registers.
//!
//! ```text
//! rule        needs                                bytes            len (+1: REX for r8–r15)
//! keep        register holds it                                     0
//! cdq         edx = 0, eax < 2^31                  99               1
//! low_byte    upper bits are right already         B0+r ib          2   (REX also for sil, dil, bpl)
//! inc/dec     register holds it ∓ 1                FF /0, FF /1     2   (1 on i386: 40+r, 48+r)
//! zero        value = 0                            31 /r            2
//! copy        another register holds it            89 /r            2
//! push_pop    −128 ≤ value ≤ 127                   6A ib 58+r       3
//! near        another register is within ±128      8D /r disp8      3
//! imm32       value < 2^32                         B8+r id          5
//! simm32      −2^31 ≤ value < 0                    REX.W C7 /0 id   7
//! imm64       always                               REX.W B8+r io    10
//! ```

use iced_x86::{Code, Instruction, MemoryOperand};

use super::inst;
use super::regs::{self, EAX, EDX, ESP};
use crate::alloc::Reg;
use crate::facts::{Facts, Value};

/// One way: its instructions, by the rule of the table that they come from.
pub(crate) struct Way {
    #[cfg(test)]
    rule: &'static str,
    pub(crate) instructions: Vec<Instruction>,
}

impl Way {
    fn new(_rule: &'static str, instructions: Vec<Instruction>) -> Self {
        Self {
            #[cfg(test)]
            rule: _rule,
            instructions,
        }
    }

    /// Its length in bytes.
    pub(crate) fn bytes(&self, long_mode: bool) -> usize {
        let bits = if long_mode { 64 } else { 32 };
        self.instructions.iter().map(|one| inst::bytes(bits, one, 0).map_or(usize::MAX / 2, |bytes| bytes.len())).sum()
    }
}

/// The shortest way; of equals the first in the table.
pub(crate) fn shortest(reg: Reg, value: u64, facts: &Facts, long_mode: bool) -> Way {
    let ways = ways(reg, value, facts, long_mode);
    ways.into_iter().min_by_key(|way| way.bytes(long_mode)).expect("imm64 always fits")
}

/// Every legal way, in the order of the table.
pub(crate) fn ways(reg: Reg, value: u64, facts: &Facts, long_mode: bool) -> Vec<Way> {
    let mut ways = Vec::new();
    let mut add = |rule, instructions: Vec<Result<Instruction, iced_x86::IcedError>>| {
        let instructions = instructions.into_iter().map(|one| one.expect("operands fit the code")).collect();
        ways.push(Way::new(rule, instructions));
    };
    let r32 = regs::bits_32(reg);
    let below_4_gib = u32::try_from(value).ok();
    let signed = if long_mode { value as i64 } else { i64::from(value as u32 as i32) };
    let known = facts.constant(reg);

    if known == Some(value) {
        add("keep", vec![]);
    }
    if reg == EDX && value == 0 && facts.constant(EAX).is_some_and(|eax| eax >> 31 == 0) {
        add("cdq", vec![Ok(Instruction::with(Code::Cdq))]);
    }
    let upper_is_right = match facts.get(reg).value {
        Value::Const(known) => known >> 8 == value >> 8,
        Value::Byte => value >> 8 == 0,
        _ => false,
    };
    if upper_is_right && (long_mode || reg < ESP) {
        add("low_byte", vec![Instruction::with2(Code::Mov_r8_imm8, regs::bits_8(reg), i32::from(value as u8))]);
    }
    if let (Some(known), Some(_)) = (known, below_4_gib) {
        let (up, down) = if long_mode { (Code::Inc_rm32, Code::Dec_rm32) } else { (Code::Inc_r32, Code::Dec_r32) };
        if known.checked_add(1) == Some(value) {
            add("inc", vec![Instruction::with1(up, r32)]);
        }
        if value.checked_add(1) == Some(known) && u32::try_from(known).is_ok() {
            add("dec", vec![Instruction::with1(down, r32)]);
        }
    }
    if value == 0 {
        add("zero", vec![Instruction::with2(Code::Xor_rm32_r32, r32, r32)]);
    }
    let others = (0..if long_mode { 16 } else { 8 }).filter(|&other| other != reg && other != ESP);
    let known_others: Vec<(Reg, u64)> =
        others.filter_map(|other| facts.constant(other).map(|known| (other, known))).collect();
    if let (Some(&(other, _)), Some(_)) = (known_others.iter().find(|(_, known)| *known == value), below_4_gib) {
        add("copy", vec![Instruction::with2(Code::Mov_rm32_r32, r32, regs::bits_32(other))]);
    }
    if i8::try_from(signed).is_ok() {
        add("push_pop", push_pop(reg, signed as i32, long_mode));
    }
    if let Some(value) = below_4_gib {
        let distance = |known: u64| i8::try_from(i64::from(value) - i64::try_from(known).unwrap_or(i64::MAX)).ok();
        if let Some((other, near)) = known_others.iter().find_map(|&(other, known)| Some((other, distance(known)?))) {
            let base = if long_mode { regs::bits_64(other) } else { regs::bits_32(other) };
            let from = MemoryOperand::with_base_displ(base, i64::from(near));
            add("near", vec![Instruction::with2(Code::Lea_r32_m, r32, from)]);
        }
        add("imm32", vec![Instruction::with2(Code::Mov_r32_imm32, r32, value)]);
    }
    if long_mode {
        if let Ok(signed) = i32::try_from(signed) {
            add("simm32", vec![Instruction::with2(Code::Mov_rm64_imm32, regs::bits_64(reg), signed)]);
        }
        add("imm64", vec![Instruction::with2(Code::Mov_r64_imm64, regs::bits_64(reg), value)]);
    }
    ways
}

fn push_pop(reg: Reg, value: i32, long_mode: bool) -> Vec<Result<Instruction, iced_x86::IcedError>> {
    if long_mode {
        vec![Instruction::with1(Code::Pushq_imm8, value), Instruction::with1(Code::Pop_r64, regs::bits_64(reg))]
    } else {
        vec![Instruction::with1(Code::Pushd_imm8, value), Instruction::with1(Code::Pop_r32, regs::bits_32(reg))]
    }
}

#[cfg(test)]
mod tests {
    use super::super::regs::{EBX, EDI, ESI};
    use super::*;
    use crate::facts::Fact;

    /// Facts: nothing but these registers' constants.
    fn known(constants: &[(Reg, u64)]) -> Facts {
        let mut facts = Facts::UNKNOWN;
        constants.iter().for_each(|&(reg, value)| facts.set(reg, Value::Const(value)));
        facts
    }

    #[track_caller]
    fn check(is_long: bool, facts: &[(Reg, u64)], reg: Reg, value: u64, rule: &str, bytes: &[u8]) {
        let way = shortest(reg, value, &known(facts), is_long);
        let bits = if is_long { 64 } else { 32 };
        let built: Vec<u8> =
            way.instructions.iter().flat_map(|one| inst::bytes(bits, one, 0).expect("it encodes")).collect();
        assert_eq!((way.rule, built.as_slice()), (rule, bytes));
    }

    /// One case in which each rule wins.
    #[test]
    #[rustfmt::skip] // One rule per line.
    fn each_rule_wins_somewhere() {
        check(true,  &[(EDI, 7)],    EDI, 7,              "keep",     &[]);
        check(true,  &[(EAX, 44)],   EDX, 0,              "cdq",      &[0x99]);
        check(true,  &[(EAX, 0)],    EAX, 60,             "low_byte", &[0xb0, 60]);
        check(true,  &[(EDI, 0)],    EDI, 1,              "inc",      &[0xff, 0xc7]);
        check(false, &[(EDI, 0)],    EDI, 1,              "inc",      &[0x47]);
        check(true,  &[(EDI, 2)],    EDI, 1,              "dec",      &[0xff, 0xcf]);
        check(true,  &[],            EDI, 0,              "zero",     &[0x31, 0xff]);
        check(true,  &[(ESI, 300)],  EDI, 300,            "copy",     &[0x89, 0xf7]);
        check(true,  &[],            EDI, 2,              "push_pop", &[0x6a, 2, 0x5f]);
        check(true,  &[(ESI, 300)],  EDI, 301,            "near",     &[0x8d, 0x7e, 1]);
        check(true,  &[],            EDI, 300,            "imm32",    &[0xbf, 0x2c, 1, 0, 0]);
        check(true,  &[],            EDI, u64::MAX - 999, "simm32",   &[0x48, 0xc7, 0xc7, 0x18, 0xfc, 0xff, 0xff]);
        check(true,  &[],            EBX, 1 << 40,        "imm64",    &[0x48, 0xbb, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    /// One case in which each rule must not apply although it is near.
    #[test]
    #[rustfmt::skip] // One rule per line.
    fn no_rule_applies_where_it_must_not() {
        let rules = |is_long, facts: &[(Reg, u64)], reg, value| -> Vec<&'static str> {
            ways(reg, value, &known(facts), is_long).iter().map(|way| way.rule).collect()
        };
        assert!(!rules(true, &[(EDI, 7)], EDI, 8).contains(&"keep"));
        assert!(!rules(true, &[(EAX, 1 << 31)], EDX, 0).contains(&"cdq"), "edx would be -1");
        assert!(!rules(true, &[(EAX, 0)], ESI, 0).contains(&"cdq"), "only edx");
        assert!(!rules(true, &[(EAX, u64::MAX)], EAX, 60).contains(&"low_byte"), "upper bits are set after an error");
        assert!(!rules(false, &[(EDI, 0)], EDI, 15).contains(&"low_byte"), "edi has no byte name on i386");
        assert!(!rules(true, &[(EDI, 0xffff_ffff)], EDI, 1 << 32).contains(&"inc"), "a half register wraps");
        assert!(!rules(true, &[(EDI, 1 << 32)], EDI, 0xffff_ffff).contains(&"dec"), "a half register wraps");
        assert!(!rules(true, &[], EDI, 1).contains(&"zero"));
        assert!(!rules(true, &[(ESI, 1 << 40)], EDI, 1 << 40).contains(&"copy"), "only the lower half is copied");
        assert!(!rules(true, &[], EDI, 128).contains(&"push_pop"), "it would be -128");
        assert!(!rules(true, &[(ESI, 300)], EDI, 429).contains(&"near"), "129 away");
        assert!(!rules(true, &[], EDI, 1 << 32).contains(&"imm32"));
        assert!(!rules(true, &[], EDI, 1 << 40).contains(&"simm32"));
    }

    #[test]
    fn a_byte_from_memory_leaves_the_upper_bits_right() {
        let mut facts = Facts::UNKNOWN;
        facts.set(EAX, Fact::from(Value::Byte));
        assert_eq!(shortest(EAX, 44, &facts, true).rule, "low_byte");
        assert_ne!(shortest(EAX, 300, &facts, true).rule, "low_byte");
    }
}
