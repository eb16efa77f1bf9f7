//! What is told of a search while it goes on, and what is known of its result.

use super::Rule;

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Thousandths of it that are done. The rest may turn out to be needless.
    pub thousandths: u64,
    /// Bytes of the smallest file so far.
    pub bytes: u32,
    /// No file has fewer bytes than this, as far as the search knows.
    pub least_bytes: Option<u32>,
}

/// What is known of files that are smaller than the one that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// There is none: every way of the rules was tried, or could not lead to a smaller one.
    Optimal,
    /// None has fewer bytes than this: so many are the instructions and data, less what of the headers is free.
    AtLeast(u32),
    /// The same, for the selections of instructions that were tried; there are too many to try all.
    OfThoseLookedAt(u32),
}

impl Bound {
    /// Of two programs that do the same.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Optimal, bound) | (bound, Self::Optimal) => bound,
            (Self::AtLeast(one), Self::AtLeast(two)) => Self::AtLeast(one.min(two)),
            (Self::AtLeast(one) | Self::OfThoseLookedAt(one), Self::AtLeast(two) | Self::OfThoseLookedAt(two)) => {
                Self::OfThoseLookedAt(one.min(two))
            }
        }
    }

    /// The sentence about a file of so many bytes.
    pub fn of(self, bytes: usize) -> String {
        let rules = Rule::ALL.len();
        match self {
            Self::Optimal => format!("{bytes} bytes, optimal within {rules} rules"),
            Self::AtLeast(least) => format!("{bytes} bytes; lower bound {least} bytes within {rules} rules"),
            Self::OfThoseLookedAt(least) => {
                format!("{bytes} bytes; lower bound {least} bytes for the selections tried, within {rules} rules")
            }
        }
    }
}

/// The watcher of searches.
pub struct Watch<'a> {
    tell: &'a dyn Fn(Progress),
    stop: &'a dyn Fn() -> bool,
    /// Which program is searched, of how many that do the same.
    part: (u64, u64),
    bound: Option<Bound>,
}

impl<'a> Watch<'a> {
    /// A watcher that is told how far the searches are.
    pub fn new(tell: &'a dyn Fn(Progress)) -> Self {
        Self { tell, stop: &|| false, part: (0, 1), bound: None }
    }

    /// The same, with a watcher that may end the searches early: they return what they have found by then.
    #[must_use]
    pub fn until(self, stop: &'a dyn Fn() -> bool) -> Self {
        Self { stop, ..self }
    }

    pub(super) fn is_stopped(&self) -> bool {
        (self.stop)()
    }

    /// What a search asks.
    pub(super) fn stop(&self) -> &'a dyn Fn() -> bool {
        self.stop
    }

    /// What is known of the file that came out; nothing where none was searched for, or not that far.
    pub fn bound(&self) -> Option<Bound> {
        self.bound
    }

    /// A program's search begins, the first of several or a later one.
    pub(crate) fn begin(&mut self, part: usize, parts: usize) {
        self.part = (part as u64, parts as u64);
        if part == 0 {
            self.bound = None;
        }
    }

    /// So many thousandths of this program's search are done.
    pub(super) fn tell(&self, thousandths: u64, bytes: u32) {
        self.tell_bound(thousandths, bytes, None);
    }

    /// The same, where it is known how small a file can be at all. Of several programs that do the same that is not
    /// known.
    pub(super) fn tell_bound(&self, thousandths: u64, bytes: u32, least_bytes: Option<u32>) {
        let (part, parts) = self.part;
        let least_bytes = least_bytes.filter(|_| parts == 1);
        (self.tell)(Progress { thousandths: (1000 * part + thousandths.min(1000)) / parts, bytes, least_bytes });
    }

    pub(super) fn end(&mut self, bound: Bound) {
        self.bound = Some(self.bound.map_or(bound, |before| before.and(bound)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_programs_the_weaker_bound_holds() {
        use Bound::{AtLeast, OfThoseLookedAt, Optimal};
        assert_eq!(Optimal.and(Optimal), Optimal);
        assert_eq!(Optimal.and(AtLeast(60)), AtLeast(60));
        assert_eq!(AtLeast(61).and(AtLeast(60)), AtLeast(60));
        assert_eq!(OfThoseLookedAt(61).and(AtLeast(60)), OfThoseLookedAt(60));
        assert_eq!(OfThoseLookedAt(61).and(Optimal), OfThoseLookedAt(61));
    }
}
