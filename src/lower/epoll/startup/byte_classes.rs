//! Classes of bytes: a table with a byte of bits for each byte, which the program writes when it starts.

use asmgen_arch::op::{Cond, Operand};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, sum};
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
    /// Letters, in lower case, that names of fields begin with that are looked at; others between them, for a run is shorter.
    pub(crate) const FIRST: u32 = 32;
    /// Space and tab.
    pub(crate) const BLANK: u32 = 64;

    /// The bytes of each class as runs, first and last byte of each, with a NUL behind them; the last bit's first.
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
    /// Writes the table of the bytes' classes, which is longer than what says what they are.
    pub(crate) fn classes(&mut self) {
        let (q, c, d, t, bit) = (self.s.q, self.s.c, self.s.d, self.s.t, self.s.u);
        let runs = self.runs_and_near();
        self.set(q, Operand::Data(runs), NO_WHY);
        self.set(bit, class::BLANK, "the first class");
        self.place(At::Run);
        self.next(c, q, "first byte of a run");
        self.if_zero(c, At::NextClass, NO_WHY);
        self.next(d, q, "its last");
        self.place(At::InClass);
        self.byte(t, sum(self.s.classes, c, 0), NO_WHY);
        self.or(t, bit, NO_WHY);
        self.put_byte(sum(self.s.classes, c, 0), t, "it is of this class");
        self.add(c, 1i64, NO_WHY);
        self.branch(c, Cond::BelowOrEqual, d, At::InClass, NO_WHY);
        self.jump(At::Run, NO_WHY);
        self.place(At::NextClass);
        self.shr(bit, 1, NO_WHY);
        self.unless_zero(bit, At::Run, NO_WHY);
    }
}
