//! Classes of bytes: a table with 256 entries of a byte, each bit a class. A scan asks it instead of comparing. The
//! program fills it when it starts, from runs of bytes: first and last byte of each.

use asmgen_arch::op::{Cond, Operand};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::sum;
use crate::lower::epoll::asm::labels::At;

/// Classes of bytes, as bits.
pub(crate) mod class {
    /// `tchar` (RFC 9110 §5.6.2).
    pub(crate) const TOKEN: u32 = 1;
    /// Bytes of a request target.
    pub(crate) const TARGET: u32 = 2;
    /// Bytes of a field value.
    pub(crate) const VALUE: u32 = 4;
    /// Bytes of a host's name, but for `%`.
    pub(crate) const HOST: u32 = 8;
    /// Hexadecimal digits.
    pub(crate) const HEX: u32 = 16;
    /// First letters, in lower case, of the field names that the server knows; and letters between them, because a run
    /// that includes those is shorter.
    pub(crate) const FIRST: u32 = 32;
    /// Space and tab.
    pub(crate) const BLANK: u32 = 64;

    /// The runs of each class: first and last byte of each run, a NUL after the last run. The class of the highest bit
    /// comes first.
    pub(crate) fn runs() -> Vec<u8> {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let is_blank = |byte: u8| byte == b' ' || byte == b'\t';
        let is_value = |byte: u8| byte.is_ascii_graphic() || is_blank(byte) || byte >= 0x80;
        let classes: [(u32, &dyn Fn(u8) -> bool); 7] = [
            (BLANK, &is_blank),
            (FIRST, &|byte| matches!(byte, b'a'..=b'c' | b'h'..=b'i' | b'r'..=b't')),
            (HEX, &|byte| byte.is_ascii_hexdigit()),
            (HOST, &|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)),
            (VALUE, &is_value),
            (TARGET, &|byte| byte.is_ascii_graphic() && !b"\"#<>".contains(&byte)),
            (TOKEN, &is_token),
        ];
        let mut runs = Vec::new();
        for (number, (bit, is_in)) in classes.into_iter().enumerate() {
            assert_eq!(bit, BLANK >> number, "the last bit's class comes first");
            let bytes: Vec<u8> = (0..=u8::MAX).filter(|&byte| is_in(byte)).collect();
            for run in bytes.chunk_by(|one, next| *next == one + 1) {
                runs.extend([run[0], run[run.len() - 1]]);
            }
            runs.push(0);
        }
        runs
    }
}

impl Engine<'_> {
    /// Fills the table of classes. A program that fills it is shorter than the table, which has 256 bytes.
    pub(crate) fn fill_byte_classes(&mut self) {
        let (table, run) = (self.s.classes, self.s.q);
        let [byte, last, bits, class_bit] =
            ["byte", "last byte", "bits of the byte", "bit of the class"].map(|name| self.local(name));
        let runs = self.runs_and_near();
        self.set(run, Operand::Data(runs), "the runs of all classes");
        self.set(class_bit, class::BLANK, "the first class");
        self.place(At::Run);
        self.next(byte, run, "first byte of a run");
        self.if_zero(byte, At::NextClass, "a NUL ends the runs of a class");
        self.next(last, run, "last byte of the run");
        self.place(At::InClass);
        self.byte(bits, sum(table, byte, 0), "a byte may be of several classes");
        self.or(bits, class_bit, "it is of this one, too");
        self.put_byte(sum(table, byte, 0), bits, "every scan reads it from here");
        self.add(byte, 1i64, "the next byte of the run");
        self.branch(byte, Cond::BelowOrEqual, last, At::InClass, "the run includes its last byte");
        self.jump(At::Run, "a class has several runs");
        self.place(At::NextClass);
        self.shr(class_bit, 1, "classes come from the highest bit to the lowest");
        self.unless_zero(class_bit, At::Run, "bit 0 was the last class");
    }
}
