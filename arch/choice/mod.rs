//! Choice points: where allocation or selection has several ways, `Tuning` decides which to take.
//!
//! Without a search every decision is the usual one. `golf` compiles a program again and again with other decisions.
//! Terms: a choice point is a place of the program and a kind of choice. A decision is the number of a way. A
//! speculative choice is longer than the usual one, and pays only if its bytes are in the file already.
//! Invariant: the choice points that a compilation meets depend on its decisions alone.

mod rules;

use std::cell::RefCell;
use std::collections::BTreeMap;

pub use rules::Rule;

/// A choice point: the number of the operation, and which choice at that operation.
pub(crate) type ChoicePoint = (usize, u16);

/// The decisions that are not the usual ones.
pub(crate) type Decisions = BTreeMap<ChoicePoint, usize>;

// Kinds of choices. The lower byte of a choice tells more: for the constant of a register, the register's number.

/// Which argument of a call is set next; the lower byte is the number of arguments left.
pub(crate) const ORDER: u16 = 0x100;
/// Which register a slot gets; the choice point has the slot's number instead of the operation's.
pub(crate) const SLOT_REGISTER: u16 = 0x200;
/// Whether data are pushed; the choice point has the datum's number instead of the operation's.
pub(crate) const STACK: u16 = 0x500;
/// How many zeros the program pushes when it begins.
pub(crate) const ZEROS: u16 = 0x300;
/// Which constant a register holds from the beginning.
pub(crate) const SEED: u16 = 0x600;
/// Which constant a register gets before a jump.
pub(crate) const RESTORE: u16 = 0x700;
/// Which of several sufficient numbers.
pub(crate) const ENOUGH: u16 = 0x400;

/// Which two constants of a call one instruction loads.
pub(crate) const WORDS: u16 = 0x800;

/// Whether code sets the lower half of a constant, although that is longer: the two bytes may be in the file already.
pub(crate) const HALF: u16 = 0x900;

/// Whether code loads a number of which only some bits matter.
pub(crate) const BITS: u16 = 0xb00;

/// The bits that tell the kind of a choice.
const KINDS: u16 = 0xff00;

/// The decisions of one compilation, and the choice points that it has met.
#[derive(Debug, Default)]
pub(crate) struct Tuning {
    /// Is the program small? Then rules apply that need all addresses near each other.
    pub(crate) is_golf: bool,
    /// Have addresses of code and data more than 32 bits?
    pub(crate) is_far: bool,
    /// The number of the search for registers and for the order of blocks. Each search begins with other pseudorandom
    /// numbers. `None`: no search.
    pub(crate) turn: Option<usize>,
    /// Do instructions keep the assertions about registers?
    pub(crate) keeps_assertions: bool,
    /// Rules that are switched off.
    without: Vec<Rule>,
    /// The decisions that are not the usual ones.
    pub(crate) decisions: Decisions,
    /// The choice points so far, with the number of their ways.
    decided: RefCell<BTreeMap<ChoicePoint, usize>>,
    /// The speculative choices so far, each with the two bytes that the file has to have already.
    speculations: RefCell<BTreeMap<ChoicePoint, u16>>,
    /// The choice points in the order in which the compilation met them, each with its first decision.
    pub(crate) order: RefCell<Vec<Decided>>,
}

/// A choice point that a compilation has met.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decided {
    pub(crate) point: ChoicePoint,
    pub(crate) ways: usize,
    pub(crate) decision: usize,
}

impl Tuning {
    /// These decisions, for a file at this load address; the usual ones elsewhere.
    pub(crate) fn golf(base: u64, decisions: Decisions, without: Vec<Rule>) -> Self {
        Self { is_golf: true, decisions, without, ..Self::usual(base, None) }
    }

    /// No search; the code keeps the assertions about registers.
    pub(crate) fn with_assertions() -> Self {
        Self { keeps_assertions: true, ..Self::default() }
    }

    /// Only the search for registers and for the order of blocks, the one of this number; or no search.
    pub(crate) fn with_turn(turn: Option<usize>) -> Self {
        Self { turn, ..Self::default() }
    }

    /// The first search for registers, for a program of any size at this load address, without a rule.
    pub(crate) fn usual(base: u64, without: Option<Rule>) -> Self {
        Self { is_far: base > u64::from(u32::MAX), without: Vec::from_iter(without), ..Self::with_turn(Some(0)) }
    }

    /// Is the rule switched on?
    pub(crate) fn has(&self, rule: Rule) -> bool {
        !self.without.contains(&rule)
    }

    /// The way to take, of so many: the decision for this choice point, or `usual`.
    pub(crate) fn decide(&self, point: ChoicePoint, ways: usize, usual: usize) -> usize {
        let rule = match point.1 & KINDS {
            SLOT_REGISTER => Rule::Registers,
            SEED => Rule::Hold,
            RESTORE => Rule::Again,
            WORDS => Rule::Words,
            _ => Rule::Constants,
        };
        if !self.is_golf || ways < 2 || !self.has(rule) {
            return usual;
        }
        let mut decided = self.decided.borrow_mut();
        let decision = self.decisions.get(&point).copied().filter(|&decision| decision < ways).unwrap_or(usual);
        let most = decided.entry(point).or_insert_with(|| {
            self.order.borrow_mut().push(Decided { point, ways, decision });
            0
        });
        *most = ways.max(*most);
        decision
    }

    /// Is the speculative choice taken here? It pays if the file has these two bytes already.
    pub(crate) fn speculates(&self, point: ChoicePoint, value: u16) -> bool {
        self.speculations.borrow_mut().insert(point, value);
        self.decisions.contains_key(&point)
    }

    /// The speculative choices so far, with the bytes that they need.
    pub(crate) fn speculations(&self) -> BTreeMap<ChoicePoint, u16> {
        self.speculations.borrow().clone()
    }

    /// Bytes that the file has already if all speculative choices pay.
    pub(crate) fn speculative_bytes(&self) -> usize {
        let speculations = self.speculations.borrow();
        2 * speculations.keys().filter(|point| self.decisions.contains_key(point)).count()
    }

    /// The choice points so far, each with its number of ways.
    pub(crate) fn decided(&self) -> Vec<(ChoicePoint, usize)> {
        self.decided.borrow().iter().map(|(&point, &ways)| (point, ways)).collect()
    }
}
