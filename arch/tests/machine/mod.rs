//! What decoded instructions do to registers: just enough of the machines to see which constants a call gets. It
//! reads the decoder's text, so that it shares nothing with the encoders. An instruction it does not know fails the
//! test: teach it here.

use std::collections::HashMap;

use asmgen_arch::{Machine, Target};

/// A system call that was reached.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) number: u64,
    /// What is in the arguments' registers, as far as it is known.
    pub(crate) args: Vec<Option<u64>>,
}

/// The calling convention, by the names of whole registers.
struct Convention {
    number: &'static str,
    result: &'static str,
    args: [&'static str; 6],
    /// Registers a call leaves unknown, besides the result's.
    clobbers: &'static [&'static str],
    enter: &'static str,
    /// Of a result that is a count or an error, nothing is known.
    bits: u32,
}

const fn convention(target: &Target) -> Convention {
    let (number, result, bits) = ("rax", "rax", 64);
    match target.machine {
        Machine::X86_64 => {
            let (clobbers, enter): (&[_], _) = (&["rcx", "r11"], "syscall");
            Convention { number, result, args: ["rdi", "rsi", "rdx", "r10", "r8", "r9"], clobbers, enter, bits }
        }
        Machine::I386 => {
            let (clobbers, enter): (&[_], _) = (&[], "int 0x80");
            Convention { number, result, args: ["rbx", "rcx", "rdx", "rsi", "rdi", "rbp"], clobbers, enter, bits: 32 }
        }
        Machine::Aarch64 => {
            let (number, result, clobbers, enter): (_, _, &[_], _) = ("x8", "x0", &[], "svc #0x0");
            Convention { number, result, args: ["x0", "x1", "x2", "x3", "x4", "x5"], clobbers, enter, bits }
        }
    }
}

/// Runs straight code and collects the calls it makes.
pub(crate) fn calls(target: &Target, texts: &[String]) -> Vec<Call> {
    let convention = convention(target);
    let mut state = State { bits: convention.bits, ..State::default() };
    let mut calls = Vec::new();
    for text in texts {
        if text == convention.enter {
            let number = state.get(convention.number).unwrap_or_else(|| panic!("unknown number: {texts:?}"));
            calls.push(Call { number, args: convention.args.map(|arg| state.get(arg)).into() });
            state.unknown.push(convention.result.to_owned());
            state.unknown.extend(convention.clobbers.iter().map(|&name| name.to_owned()));
            state.known.retain(|name, _| !state.unknown.contains(name));
        } else {
            state.step(text);
        }
    }
    calls
}

/// Registers at entry are 0 (`ELF_PLAT_INIT`); later, some are not known.
#[derive(Default)]
struct State {
    bits: u32,
    known: HashMap<String, u64>,
    unknown: Vec<String>,
    stack: Vec<Option<u64>>,
}

/// The whole register that a name is part of, and how many bits the name means.
fn whole(name: &str) -> (String, u32) {
    let legacy = [("a", "x"), ("b", "x"), ("c", "x"), ("d", "x"), ("si", ""), ("di", ""), ("bp", ""), ("sp", "")];
    for (stem, end) in legacy {
        let full = format!("{stem}{end}");
        let bits = match name {
            _ if name == format!("r{full}") => 64,
            _ if name == format!("e{full}") => 32,
            _ if name == full => 16,
            _ if name == format!("{stem}l") => 8,
            _ => continue,
        };
        return (format!("r{full}"), bits);
    }
    if let Some(number) = name.strip_prefix('w') {
        return (format!("x{number}"), 32);
    }
    let digits = name.trim_end_matches(['d', 'b', 'w']);
    let bits =
        [("d", 32), ("b", 8), ("w", 16)].iter().find(|(end, _)| name.ends_with(end)).map_or(64, |(_, bits)| *bits);
    (digits.to_owned(), bits)
}

/// `0x10`, `-0x10`, `#0x10`, `$+0x10`, `5`.
fn immediate(text: &str) -> Option<u64> {
    let text = text.trim_start_matches('#');
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let value = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    Some(if negative { value.wrapping_neg() } else { value })
}

impl State {
    fn get(&self, name: &str) -> Option<u64> {
        if ["wzr", "xzr"].contains(&name) {
            return Some(0);
        }
        let (full, bits) = whole(name);
        // Nothing is known of a register that a call has changed; the others were 0 at entry.
        let value = match self.known.get(&full) {
            Some(&value) => value,
            None if self.unknown.contains(&full) => return None,
            None => 0,
        };
        Some(if bits < 64 { value & ((1 << bits) - 1) } else { value })
    }

    fn set(&mut self, name: &str, value: Option<u64>) {
        let (full, bits) = whole(name);
        let before = self.get(&full);
        // Writing 32 bits clears the others; writing fewer keeps them.
        let new = match (bits, value, before) {
            (8 | 16, Some(value), Some(before)) => {
                let mask = (1 << bits) - 1;
                Some(before & !mask | value & mask)
            }
            (8 | 16, _, _) | (_, None, _) => None,
            (32, Some(value), _) => Some(value & 0xffff_ffff),
            (_, Some(value), _) => Some(value),
        };
        if let Some(value) = new {
            self.known.insert(full, value);
        } else {
            self.known.remove(&full);
            self.unknown.push(full);
        }
    }

    /// A number or a register.
    fn operand(&self, text: &str) -> Option<u64> {
        immediate(text).or_else(|| self.get(text))
    }

    /// `[rax + 0x10]`, `[rdi - 0x1]`.
    fn address(&self, text: &str) -> Option<u64> {
        let inner = text.trim_start_matches("dword ").trim_start_matches('[').trim_end_matches(']');
        let (base, sign, offset) = match (inner.split_once(" + "), inner.split_once(" - ")) {
            (Some((base, offset)), _) => (base, 1, offset),
            (_, Some((base, offset))) => (base, -1, offset),
            _ => (inner, 1, "0"),
        };
        Some(self.get(base)?.wrapping_add_signed(sign * immediate(offset)? as i64))
    }

    fn step(&mut self, text: &str) {
        let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
        let args: Vec<&str> = rest.split(", ").collect();
        match (name, args.as_slice()) {
            ("mov" | "movz", [to, from]) => self.set(to, self.operand(from)),
            ("movz", [to, from, shift]) => self.set(to, self.operand(from).map(|value| value << lsl(shift))),
            ("movn", [to, from]) => self.set(to, self.operand(from).map(|value| !value)),
            ("movn", [to, from, shift]) => self.set(to, self.operand(from).map(|value| !(value << lsl(shift)))),
            ("movk", [to, from, shift @ ..]) => {
                let shift = shift.first().map_or(0, |shift| lsl(shift));
                let value = self.operand(from).zip(self.get(to));
                self.set(to, value.map(|(part, before)| before & !(0xffff << shift) | part << shift));
            }
            ("add", [to, left, right]) => {
                let sum = self.operand(left).zip(self.operand(right)).map(|(left, right)| left.wrapping_add(right));
                self.set(to, sum);
            }
            ("sub", [to, left, right]) => {
                let rest = self.operand(left).zip(self.operand(right)).map(|(left, right)| left.wrapping_sub(right));
                self.set(to, rest);
            }
            ("orr", [to, left, right]) => {
                let set = self.operand(left).zip(self.operand(right)).map(|(left, right)| left | right);
                self.set(to, set);
            }
            ("add", [to, by]) => self.change(to, by, u64::wrapping_add),
            ("sub", [to, by]) => self.change(to, by, u64::wrapping_sub),
            ("or", [to, by]) => self.change(to, by, |left, right| left | right),
            ("and", [to, by]) => self.change(to, by, |left, right| left & right),
            ("xor", [to, by]) if to == by => self.set(to, Some(0)),
            ("xor", [to, by]) => self.change(to, by, |left, right| left ^ right),
            ("inc", [to]) => self.change(to, "1", u64::wrapping_add),
            ("dec", [to]) => self.change(to, "1", u64::wrapping_sub),
            ("neg", [to]) => self.set(to, self.get(to).map(u64::wrapping_neg)),
            ("not", [to]) => self.set(to, self.get(to).map(|value| !value)),
            ("push", [from]) => self.stack.push(self.operand(from)),
            ("pop", [to]) => {
                let value = self.stack.pop().expect("it was pushed");
                self.set(to, value);
            }
            ("lea", [to, from]) => self.set(to, self.address(from)),
            ("xchg", [one, other]) => {
                let (of_one, of_other) = (self.get(one), self.get(other));
                self.set(one, of_other);
                self.set(other, of_one);
            }
            ("cdq", _) => {
                let sign = self.get("eax").map(|eax| if eax >> 31 == 1 { u64::from(u32::MAX) } else { 0 });
                self.set("edx", sign);
            }
            _ => panic!("the machine of this test does not know `{text}`: teach it"),
        }
        if self.bits == 32 {
            self.known.values_mut().for_each(|value| *value &= 0xffff_ffff);
        }
    }

    fn change(&mut self, to: &str, by: &str, how: fn(u64, u64) -> u64) {
        self.set(to, self.get(to).zip(self.operand(by)).map(|(left, right)| how(left, right)));
    }
}

/// The number of bits in `lsl #16` or `lsl #0x10`.
fn lsl(text: &str) -> u32 {
    let bits = text.strip_prefix("lsl ").and_then(immediate);
    bits.unwrap_or_else(|| panic!("no shift: {text}")) as u32
}
