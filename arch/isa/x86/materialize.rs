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

use iced_x86::{Code, IcedError, Instruction, MemoryOperand};

use super::regs::{self, EAX, EDX, ESP};
use crate::analysis::value_state::{Value, ValueState};
use crate::reg::Reg;

/// A rule of the table with what it needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Keep,
    Cdq,
    LowByte,
    Inc,
    Dec,
    Zero,
    Copy {
        from: Reg,
    },
    PushPop,
    Near {
        base: Reg,
        by: i8,
    },
    Imm32,
    Simm32,
    Imm64,
    /// Small programs only.
    LowHalf,
    /// Small programs only.
    Not,
    /// Small programs only.
    Exchange {
        from: Reg,
    },
    /// Small programs only.
    PopZero,
}

/// A constant on its way into a register.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constant {
    pub(crate) reg: Reg,
    /// The whole register's value.
    pub(crate) value: u64,
    pub(crate) is_long: bool,
}

impl Constant {
    /// Its value with the sign of a whole register.
    fn signed(self) -> i64 {
        if self.is_long { self.value as i64 } else { i64::from(self.value as u32 as i32) }
    }

    /// The shortest rule; of equals the first in the table.
    pub(crate) fn shortest(self, values: &ValueState) -> Rule {
        self.rules(values).into_iter().min_by_key(|&rule| self.bytes(rule)).expect("one of the last rules always fits")
    }

    /// Bytes that the rule takes here.
    pub(crate) fn bytes(self, rule: Rule) -> usize {
        let rex = |reg: Reg| usize::from(reg >= 8);
        match rule {
            Rule::Keep => 0,
            Rule::Cdq => 1,
            Rule::LowByte => 2 + usize::from(self.reg >= ESP),
            Rule::Inc | Rule::Dec => {
                if self.is_long {
                    2 + rex(self.reg)
                } else {
                    1
                }
            }
            Rule::Zero => 2 + rex(self.reg),
            Rule::Copy { from } => 2 + rex(self.reg | from),
            Rule::PushPop => 3 + rex(self.reg),
            Rule::Near { base, .. } => 3 + rex(self.reg | base) + usize::from(base & 7 == ESP),
            Rule::Imm32 => 5 + rex(self.reg),
            Rule::Simm32 => 7,
            Rule::Imm64 => 10,
            Rule::LowHalf => 4 + rex(self.reg),
            Rule::Not => 2 + rex(self.reg),
            Rule::Exchange { .. } => 1,
            Rule::PopZero => 1 + rex(self.reg),
        }
    }

    /// Every legal rule, in the order of the table.
    pub(crate) fn rules(self, values: &ValueState) -> Vec<Rule> {
        let Self { reg, value, is_long } = self;
        let below_4_gib = u32::try_from(value).is_ok();
        let known = values.constant(reg);
        let mut rules = Vec::new();
        let mut add = |legal: bool, rule: Rule| {
            if legal {
                rules.push(rule);
            }
        };
        add(known == Some(value), Rule::Keep);
        let eax_is_positive = values.constant(EAX).is_some_and(|eax| eax >> 31 == 0);
        add(reg == EDX && value == 0 && eax_is_positive, Rule::Cdq);
        let upper_is_right = match values.get(reg).value {
            Value::Const(known) => known >> 8 == value >> 8,
            Value::Byte => value >> 8 == 0,
            _ => false,
        };
        add(upper_is_right && (is_long || reg < ESP), Rule::LowByte);
        let is_half = below_4_gib && known.is_some_and(|known| u32::try_from(known).is_ok());
        add(is_half && known.map(|known| known + 1) == Some(value), Rule::Inc);
        add(is_half && known == Some(value + 1), Rule::Dec);
        add(value == 0, Rule::Zero);
        let others = (0..if is_long { 16 } else { 8 }).filter(|&other| other != reg && other != ESP);
        let constants = others.filter_map(|other| values.constant(other).map(|known| (other, known)));
        let by = |known: u64| i8::try_from((value as i64).wrapping_sub(known as i64)).ok();
        let (mut same, mut near) = (None, None);
        for (other, known) in constants.filter(|_| below_4_gib) {
            same = same.or((known == value).then_some(Rule::Copy { from: other }));
            near = near.or(by(known).map(|by| Rule::Near { base: other, by }));
        }
        if let Some(rule) = same {
            add(true, rule);
        }
        add(i8::try_from(self.signed()).is_ok(), Rule::PushPop);
        if let Some(rule) = near {
            add(true, rule);
        }
        add(below_4_gib, Rule::Imm32);
        add(is_long && i32::try_from(self.signed()).is_ok(), Rule::Simm32);
        add(is_long, Rule::Imm64);
        rules
    }

    /// Adds the rules that are for small programs: those that look further than one operation.
    pub(crate) fn golf_rules(self, values: &ValueState, has_zero: bool, rules: &mut Vec<Rule>) {
        let Self { reg, value, is_long } = self;
        let known = values.constant(reg);
        if known.is_some_and(|known| u64::from(!(known as u32)) == value) {
            rules.push(Rule::Not);
        }
        let upper_is_right = match values.get(reg).value {
            Value::Const(known) => known >> 16 == value >> 16,
            known => known.is_half() && value >> 16 == 0,
        };
        if upper_is_right {
            rules.push(Rule::LowHalf);
        }
        if value == 0 && has_zero {
            rules.push(Rule::PopZero);
        }
        // The other register of an exchange with the accumulator; both upper halves are cleared.
        let holds = |other: &Reg| *other != ESP && values.constant(*other) == Some(value) && value >> 32 == 0;
        let mut others = (0..8).filter(|other| *other != reg && (*other == EAX || reg == EAX));
        if known != Some(value) && (reg < 8 || !is_long) {
            rules.extend(others.find(holds).map(|from| Rule::Exchange { from }));
        }
    }

    /// The instructions of a rule.
    #[rustfmt::skip] // One rule per line; bytes in the margin.
    pub(crate) fn build(self, rule: Rule) -> Vec<Instruction> {
        type I = Instruction;
        let Self { reg, value, is_long } = self;
        let (r8, r32, r64) = (regs::bits_8(reg), regs::bits_32(reg), regs::bits_64(reg));
        let whole = |reg| if is_long { regs::bits_64(reg) } else { regs::bits_32(reg) };
        let near = |base, by: i8| MemoryOperand::with_base_displ(whole(base), i64::from(by));
        let built: Vec<Result<Instruction, IcedError>> = match rule {
            Rule::Keep               => vec![],
            Rule::Cdq                => vec![Ok(I::with(Code::Cdq))],                               // 99
            Rule::LowByte            => vec![I::with2(Code::Mov_r8_imm8, r8, i32::from(value as u8))],// B0+r ib
            Rule::Inc if is_long     => vec![I::with1(Code::Inc_rm32, r32)],                        // FF /0
            Rule::Inc                => vec![I::with1(Code::Inc_r32, r32)],                         // 40+r
            Rule::Dec if is_long     => vec![I::with1(Code::Dec_rm32, r32)],                        // FF /1
            Rule::Dec                => vec![I::with1(Code::Dec_r32, r32)],                         // 48+r
            Rule::Zero               => vec![I::with2(Code::Xor_rm32_r32, r32, r32)],               // 31 /r
            Rule::Copy { from }      => vec![I::with2(Code::Mov_rm32_r32, r32, regs::bits_32(from))],// 89 /r
            Rule::PushPop if is_long => vec![I::with1(Code::Pushq_imm8, self.signed() as i32),      // 6A ib
                                             I::with1(Code::Pop_r64, r64)],                         // 58+r
            Rule::PushPop            => vec![I::with1(Code::Pushd_imm8, self.signed() as i32),      // 6A ib
                                             I::with1(Code::Pop_r32, r32)],                         // 58+r
            Rule::Near { base, by }  => vec![I::with2(Code::Lea_r32_m, r32, near(base, by))],       // 8D /r disp8
            Rule::Imm32              => vec![I::with2(Code::Mov_r32_imm32, r32, value as u32)],     // B8+r id
            Rule::Simm32             => vec![I::with2(Code::Mov_rm64_imm32, r64, value as i32)],    // REX.W C7 /0 id
            Rule::LowHalf            => vec![I::with2(Code::Mov_r16_imm16, regs::bits_16(reg),      // 66 B8+r iw
                                                      value as u32 & 0xffff)],
            Rule::Not                => vec![I::with1(Code::Not_rm32, r32)],                        // F7 /2
            Rule::Exchange { .. }    => vec![I::with2(Code::Xchg_r32_EAX, r32, regs::bits_32(EAX))],// 90+r
            Rule::PopZero if is_long => vec![I::with1(Code::Pop_r64, r64)],                         // 58+r
            Rule::PopZero            => vec![I::with1(Code::Pop_r32, r32)],                         // 58+r
            Rule::Imm64              => vec![I::with2(Code::Mov_r64_imm64, r64, value)],            // REX.W B8+r io
        };
        built.into_iter().map(|one| one.expect("operands fit the code")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::inst;
    use super::super::regs::{EBX, EDI, ESI};
    use super::*;

    /// ValueState: nothing but these registers' constants.
    fn known(constants: &[(Reg, u64)]) -> ValueState {
        let mut values = ValueState::UNKNOWN;
        for &(reg, value) in constants {
            values.set(reg, Value::Const(value));
        }
        values
    }

    #[track_caller]
    fn check(is_long: bool, values: &[(Reg, u64)], reg: Reg, value: u64, rule: Rule, bytes: &[u8]) {
        let constant = Constant { reg, value, is_long };
        let shortest = constant.shortest(&known(values));
        assert_eq!((shortest, encode(constant, shortest).as_slice()), (rule, bytes));
    }

    fn encode(constant: Constant, rule: Rule) -> Vec<u8> {
        let bits = if constant.is_long { 64 } else { 32 };
        let built = constant.build(rule);
        built.iter().flat_map(|one| inst::bytes(bits, one, 0).expect("it encodes")).collect()
    }

    /// One case in which each rule wins.
    #[test]
    #[rustfmt::skip] // One rule per line.
    fn each_rule_wins_somewhere() {
        check(true,  &[(EDI, 7)],    EDI, 7,              Rule::Keep,                   &[]);
        check(true,  &[(EAX, 44)],   EDX, 0,              Rule::Cdq,                    &[0x99]);
        check(true,  &[(EAX, 0)],    EAX, 60,             Rule::LowByte,                &[0xb0, 60]);
        check(true,  &[(EDI, 0)],    EDI, 1,              Rule::Inc,                    &[0xff, 0xc7]);
        check(false, &[(EDI, 0)],    EDI, 1,              Rule::Inc,                    &[0x47]);
        check(true,  &[(EDI, 2)],    EDI, 1,              Rule::Dec,                    &[0xff, 0xcf]);
        check(true,  &[],            EDI, 0,              Rule::Zero,                   &[0x31, 0xff]);
        check(true,  &[(ESI, 300)],  EDI, 300,            Rule::Copy { from: ESI },     &[0x89, 0xf7]);
        check(true,  &[],            EDI, 2,              Rule::PushPop,                &[0x6a, 2, 0x5f]);
        check(true,  &[(ESI, 300)],  EDI, 301,            Rule::Near { base: ESI, by: 1 },&[0x8d, 0x7e, 1]);
        check(true,  &[],            EDI, 300,            Rule::Imm32,                  &[0xbf, 0x2c, 1, 0, 0]);
        check(true,  &[],            EDI, u64::MAX - 999, Rule::Simm32, &[0x48, 0xc7, 0xc7, 0x18, 0xfc, 0xff, 0xff]);
        check(true,  &[],            EBX, 1 << 40,        Rule::Imm64, &[0x48, 0xbb, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    /// One case in which each rule must not apply although it is near.
    #[test]
    #[rustfmt::skip] // One rule per line.
    fn no_rule_applies_where_it_must_not() {
        let rules = |is_long, values: &[(Reg, u64)], reg, value| Constant { reg, value, is_long }.rules(&known(values));
        assert!(!rules(true, &[(EDI, 7)], EDI, 8).contains(&Rule::Keep));
        assert!(!rules(true, &[(EAX, 1 << 31)], EDX, 0).contains(&Rule::Cdq), "edx would be -1");
        assert!(!rules(true, &[(EAX, 0)], ESI, 0).contains(&Rule::Cdq), "only edx");
        assert!(!rules(true, &[(EAX, u64::MAX)], EAX, 60).contains(&Rule::LowByte), "an error sets the upper bits");
        assert!(!rules(false, &[(EDI, 0)], EDI, 15).contains(&Rule::LowByte), "edi has no byte name on i386");
        assert!(!rules(true, &[(EDI, 0xffff_ffff)], EDI, 1 << 32).contains(&Rule::Inc), "a half register wraps");
        assert!(!rules(true, &[(EDI, 1 << 32)], EDI, 0xffff_ffff).contains(&Rule::Dec), "a half register wraps");
        assert!(!rules(true, &[], EDI, 1).contains(&Rule::Zero));
        let copy = Rule::Copy { from: ESI };
        assert!(!rules(true, &[(ESI, 1 << 40)], EDI, 1 << 40).contains(&copy), "only the lower half is copied");
        assert!(!rules(true, &[], EDI, 128).contains(&Rule::PushPop), "it would be -128");
        assert!(!rules(true, &[(ESI, 300)], EDI, 429).iter().any(|rule| matches!(rule, Rule::Near { .. })), "129 away");
        assert!(!rules(true, &[], EDI, 1 << 32).contains(&Rule::Imm32));
        assert!(!rules(true, &[], EDI, 1 << 40).contains(&Rule::Simm32));
    }

    #[test]
    fn a_byte_from_memory_leaves_the_upper_bits_right() {
        let mut values = ValueState::UNKNOWN;
        values.set(EAX, Value::Byte);
        let constant = |value| Constant { reg: EAX, value, is_long: true };
        assert_eq!(constant(44).shortest(&values), Rule::LowByte);
        assert_ne!(constant(300).shortest(&values), Rule::LowByte);
    }

    /// The lengths of the table are those of the encoder.
    #[test]
    fn lengths_are_those_of_the_encoder() {
        let values = [0, 1, 2, 127, 128, 255, 256, 300, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1 << 32, u64::MAX - 1];
        for is_long in [true, false] {
            let registers = if is_long { 0..16 } else { 0..8 };
            let values = values.into_iter().filter(|value| is_long || *value >> 32 == 0);
            for (reg, value) in
                registers.filter(|reg| *reg != ESP).flat_map(|reg| values.clone().map(move |value| (reg, value)))
            {
                let constant = Constant { reg, value, is_long };
                for state in [
                    vec![],
                    vec![(EAX, 0)],
                    vec![(reg, value ^ 1)],
                    vec![(EBX, value)],
                    vec![(if is_long { 12 } else { ESI }, 200)],
                ] {
                    for rule in constant.rules(&known(&state)) {
                        assert_eq!(encode(constant, rule).len(), constant.bytes(rule), "{rule:?} {constant:?}");
                    }
                }
            }
        }
    }
}
