//! Bit sets of small numbers. Programs have hundreds of slots, and liveness unites sets of them all the time.

/// A set of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Set(Vec<u64>);

impl Set {
    /// The empty set, with room for numbers below `end`.
    pub(crate) fn with_room(end: usize) -> Self {
        Self(vec![0; end.div_ceil(64)])
    }

    pub(crate) fn contains(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Adds a number that there is room for.
    pub(crate) fn insert(&mut self, number: usize) {
        self.0[number / 64] |= 1 << (number % 64);
    }

    pub(crate) fn remove(&mut self, number: usize) {
        self.0[number / 64] &= !(1 << (number % 64));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Adds a set of as much room.
    pub(crate) fn unite(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }

    /// Adds what is in the first set and, as `both` says, in the second set or not.
    pub(crate) fn unite_if(&mut self, one: &Self, other: &Self, both: bool) {
        let flip = if both { 0 } else { u64::MAX };
        self.0
            .iter_mut()
            .zip(one.0.iter().zip(&other.0))
            .for_each(|(word, (one, other))| *word |= one & (other ^ flip));
    }

    /// Do they have a number in common?
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(word, other)| word & other != 0)
    }

    /// The numbers, from the lowest up.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().filter(|(_, word)| **word != 0).flat_map(|(at, &word)| bits(at, word))
    }

    /// The numbers that are also in one of two sets, from the lowest up.
    pub(crate) fn also_in<'s>(&'s self, [one, other]: [&'s Self; 2]) -> impl Iterator<Item = usize> + use<'s> {
        let words = self.0.iter().zip(one.0.iter().zip(&other.0)).map(|(word, (one, other))| word & (one | other));
        words.enumerate().filter(|(_, word)| *word != 0).flat_map(|(at, word)| bits(at, word))
    }
}

/// The numbers of one word.
fn bits(at: usize, word: u64) -> impl Iterator<Item = usize> {
    let mut left = word;
    std::iter::from_fn(move || {
        let bit = left.trailing_zeros() as usize;
        left &= left.wrapping_sub(1);
        (bit < 64).then_some(at * 64 + bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let mut set = Set::with_room(200);
        for number in [199, 0, 64, 63, 7] {
            set.insert(number);
        }
        set.remove(7);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 199]);
        assert!(set.contains(64) && !set.contains(65) && !set.contains(1000));
        let (mut both, mut rest, mut other) = (Set::with_room(200), Set::with_room(200), Set::with_room(200));
        other.insert(63);
        other.insert(100);
        both.unite_if(&set, &other, true);
        rest.unite_if(&set, &other, false);
        assert_eq!(both.iter().collect::<Vec<_>>(), [63]);
        assert_eq!(rest.iter().collect::<Vec<_>>(), [0, 64, 199]);
        assert!(set.meets(&other) && !rest.meets(&other));
        assert_eq!(set.also_in([&both, &rest]).collect::<Vec<_>>(), [0, 63, 64, 199]);
        assert_eq!(other.also_in([&both, &rest]).collect::<Vec<_>>(), [63]);
        rest.unite(&both);
        assert_eq!(rest, set);
    }
}
