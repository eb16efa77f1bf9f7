//! Pseudorandom numbers for searches that try random changes: the one source of `arch`, the same in every run.

/// Pseudorandom numbers (xorshift64*, Vigna 2016), the same in every run.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// Others, for another turn.
    pub(crate) fn of(turn: usize) -> Self {
        Self(Self::new().0.wrapping_mul(2 * turn as u64 + 1))
    }

    /// A number below another.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        ((high * end as u64) >> 32) as usize
    }
}
