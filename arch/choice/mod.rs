//! Choice points: wherever allocation or selection has several ways, it asks here which to take. Without a search the
//! answer is the usual one; `golf` compiles a program again with other answers.

mod rules;

use std::cell::RefCell;
use std::collections::BTreeMap;

pub use rules::Rule;

/// A question: the operation, and which of its questions.
pub(crate) type Question = (usize, u16);

/// Answers: which way, to each question whose answer is not the usual one.
pub(crate) type Answers = BTreeMap<Question, usize>;

/// Questions about registers' constants have the register's number; those about the order of arguments, the turn.
pub(crate) const ORDER: u16 = 0x100;
/// Those about the registers of slots have the slot's number instead of the operation's.
pub(crate) const HOME: u16 = 0x200;
/// Whether data are pushed; the datum's number instead of the operation's.
pub(crate) const STACK: u16 = 0x500;
/// How many zeros to push when the program begins.
pub(crate) const ZEROS: u16 = 0x300;
/// Which constant a register is to hold from the beginning.
pub(crate) const SEED: u16 = 0x600;
/// Which constant a register is to hold before a jump.
pub(crate) const RESTORE: u16 = 0x700;
/// Which of several sufficient numbers.
pub(crate) const ENOUGH: u16 = 0x400;

/// Which two constants a call has loaded at once.
pub(crate) const WORDS: u16 = 0x800;

/// Whether a constant is made by its lower half although that is longer: it may be in the file already.
pub(crate) const HALF: u16 = 0x900;

/// Whether a number of which only some bits matter is loaded.
pub(crate) const BITS: u16 = 0xb00;

/// The bits of a question that tell its kind.
const KINDS: u16 = 0xff00;

/// Answers, and the questions that were asked.
#[derive(Debug, Default)]
pub(crate) struct Tuning {
    /// Is this for a small program, where rules apply that need everything near?
    pub(crate) is_golf: bool,
    /// Have addresses of code and data more than 32 bits?
    pub(crate) is_far: bool,
    /// Which of the searches for registers: each begins with other pseudorandom numbers.
    pub(crate) turn: usize,
    /// Is what is believed of registers kept with the instructions?
    pub(crate) keeps_assertions: bool,
    /// Rules that are not to be used.
    without: Vec<Rule>,
    /// The answers that are not the usual ones.
    pub(crate) answers: Answers,
    /// What was asked: how many ways there were.
    asked: RefCell<BTreeMap<Question, usize>>,
    /// What could be shorter if it had the right place: with the number of two bytes that would have to be there already.
    hopes: RefCell<BTreeMap<Question, u16>>,
    /// The same in the order of asking, with the first answer.
    pub(crate) order: RefCell<Vec<Asked>>,
}

/// A question that was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) question: Question,
    pub(crate) ways: usize,
    pub(crate) answer: usize,
}

impl Tuning {
    /// These answers, for a file at this load address; to the other questions the usual ones.
    pub(crate) fn golf(base: u64, answers: Answers, without: Vec<Rule>) -> Self {
        Self { is_golf: true, is_far: base > u64::from(u32::MAX), answers, without, ..Self::default() }
    }

    /// No search, but what is believed of registers.
    pub(crate) fn with_assertions() -> Self {
        Self { keeps_assertions: true, ..Self::default() }
    }

    /// No search but for registers, and that from other numbers on.
    pub(crate) fn with_turn(turn: usize) -> Self {
        Self { turn, ..Self::default() }
    }

    /// For any program at this load address, but for a rule.
    pub(crate) fn usual(base: u64, without: Option<Rule>) -> Self {
        Self { is_far: base > u64::from(u32::MAX), without: Vec::from_iter(without), ..Self::default() }
    }

    /// May it be used?
    pub(crate) fn has(&self, rule: Rule) -> bool {
        !self.without.contains(&rule)
    }

    /// Which of so many ways? `usual` if nobody has decided otherwise.
    pub(crate) fn ask(&self, question: Question, ways: usize, usual: usize) -> usize {
        let rule = match question.1 & KINDS {
            HOME => Rule::Homes,
            SEED => Rule::Hold,
            RESTORE => Rule::Again,
            WORDS => Rule::Words,
            _ => Rule::Constants,
        };
        if !self.is_golf || ways < 2 || !self.has(rule) {
            return usual;
        }
        let mut asked = self.asked.borrow_mut();
        let answer = self.answers.get(&question).copied().filter(|&answer| answer < ways).unwrap_or(usual);
        let most = asked.entry(question).or_insert_with(|| {
            self.order.borrow_mut().push(Asked { question, ways, answer });
            0
        });
        *most = ways.max(*most);
        answer
    }

    /// Is this to be done although it is shorter only in the right place?
    pub(crate) fn hope(&self, question: Question, value: u16) -> bool {
        self.hopes.borrow_mut().insert(question, value);
        self.answers.contains_key(&question)
    }

    /// What could be hoped for so far.
    pub(crate) fn hopes(&self) -> BTreeMap<Question, u16> {
        self.hopes.borrow().clone()
    }

    /// Bytes that are in the file already if all hopes come true.
    pub(crate) fn hoped_bytes(&self) -> usize {
        let hopes = self.hopes.borrow();
        2 * hopes.keys().filter(|question| self.answers.contains_key(question)).count()
    }

    /// The questions so far, each with its number of ways.
    pub(crate) fn asked(&self) -> Vec<(Question, usize)> {
        self.asked.borrow().iter().map(|(&question, &ways)| (question, ways)).collect()
    }
}
