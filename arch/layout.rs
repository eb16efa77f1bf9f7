//! The order of the code. It is cut into blocks that control enters at their beginning and leaves at their end; they
//! may stand in any order: where a block stands behind one that goes there, no jump is needed, and a branch may be
//! turned round for it; near those that jump there, short forms reach. Every choice is made on lengths alone, before
//! anything is encoded, and tried with pseudorandom numbers that are always the same.

use std::cell::RefCell;

/// A piece of code that control enters at its beginning and leaves at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Bytes without the jumps at its end.
    pub(crate) bytes: u32,
    /// Where control goes from there.
    pub(crate) end: End,
}

/// Where control goes from a block's end, as numbers of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nowhere: back from a subroutine, or out of the program.
    Stops,
    /// There.
    Goes(usize),
    /// There on a condition, by its number, whose last bit makes it the opposite; else there.
    Either { condition: u8, to: usize, on: usize },
}

/// Lengths of jumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Jumps {
    /// 2 bytes as far as a signed byte reaches, 5 or on a condition 6 beyond; 2 also by way of others.
    Short,
    /// 4 bytes wherever they lead.
    Alike,
}

/// How many orders are tried; where all jumps are alike, the first is about as good as any.
const TRIES: u32 = 15_000;
const TRIES_ALIKE: u32 = 2_000;
/// By so many bytes an order may be longer than the one before at first; later by fewer.
const WORSE: u32 = 10;

thread_local! {
    /// What was arranged last, and how: who fills in a file's own size builds it several times, with the same code.
    static LAST: RefCell<(Vec<Block>, Vec<usize>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

/// The order in which the blocks take the fewest bytes, as far as it is found; the first stays the first.
pub(crate) fn arrange(blocks: &[Block], jumps: Jumps) -> Vec<usize> {
    if jumps == Jumps::Alike {
        return search(blocks, jumps);
    }
    LAST.with_borrow_mut(|(last, order)| {
        if last != blocks {
            (*last, *order) = (blocks.to_vec(), search(blocks, jumps));
        }
        order.clone()
    })
}

fn search(blocks: &[Block], jumps: Jumps) -> Vec<usize> {
    let original: Vec<usize> = (0..blocks.len()).collect();
    let mut ruler = Ruler::new(blocks, jumps);
    let mut best = (ruler.measure(&original), original);
    let chained = chains(blocks);
    let len = ruler.measure(&chained);
    if len < best.0 {
        best = (len, chained);
    }
    if blocks.len() > 2 {
        Search { ruler, numbers: Numbers::new() }.improve(&mut best);
    }
    best.1
}

/// How a block's two ways on may be had: which of them follows it.
fn followers(block: &Block) -> impl Iterator<Item = usize> + use<> {
    let (one, other) = match block.end {
        End::Stops => (None, None),
        End::Goes(to) => (Some(to), None),
        End::Either { to, on, .. } => (Some(on), Some(to)),
    };
    one.into_iter().chain(other)
}

/// Chains of blocks in which as many as possible follow one that goes there: a matching of blocks and followers, by
/// augmenting paths, whose circles are cut.
fn chains(blocks: &[Block]) -> Vec<usize> {
    let mut before: Vec<Option<usize>> = vec![None; blocks.len()];
    // What follows as it is, stays as far as possible.
    for (at, block) in blocks.iter().enumerate() {
        if followers(block).any(|next| next == at + 1) {
            before[at + 1] = Some(at);
        }
    }
    for at in 0..blocks.len() {
        if !before.contains(&Some(at)) {
            augment(blocks, at, &mut before, &mut vec![false; blocks.len()]);
        }
    }
    let mut next = vec![None; blocks.len()];
    for (at, before) in before.iter().enumerate() {
        if let Some(before) = before {
            next[*before] = Some(at);
        }
    }
    let mut order = Vec::with_capacity(blocks.len());
    let mut placed = vec![false; blocks.len()];
    // Chains that begin somewhere; then circles, each from its first block.
    let begins = (0..blocks.len()).filter(|&at| before[at].is_none()).chain(0..blocks.len());
    let begins: Vec<usize> = begins.collect();
    for begin in begins {
        let mut at = Some(begin);
        while let Some(block) = at.filter(|&block| !placed[block]) {
            placed[block] = true;
            order.push(block);
            at = next[block];
        }
    }
    order
}

fn augment(blocks: &[Block], at: usize, before: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for next in followers(&blocks[at]).filter(|&next| next > 0 && next != at) {
        if !std::mem::replace(&mut seen[next], true)
            && before[next].is_none_or(|other| augment(blocks, other, before, seen))
        {
            before[next] = Some(at);
            return true;
        }
    }
    false
}

/// A jump at a block's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Jump {
    to: u16,
    /// The number of its condition, or [`ALWAYS`], or [`NEVER`] where there is none.
    condition: u8,
}

/// The condition of a jump that is always taken.
const ALWAYS: u8 = 0xfe;
/// The condition of what is no jump.
const NEVER: u8 = 0xff;
const NO_JUMP: Jump = Jump { to: 0, condition: NEVER };

impl Jump {
    fn new(to: usize, condition: u8) -> Self {
        Self { to: u16::try_from(to).expect("a program has at most 65536 labels"), condition }
    }

    fn is_one(self) -> bool {
        self.condition != NEVER
    }
}

/// Bytes of a short jump, of a near one, of a near one on a condition.
const SHORT: u32 = 2;
const NEAR: u8 = 5;
const NEAR_CONDITIONAL: u8 = 6;
/// Bytes of a jump where all have the same.
const ALIKE: u8 = 4;

/// Measures orders.
struct Ruler<'b> {
    blocks: &'b [Block],
    jumps: Jumps,
    /// Blocks that may jump to each.
    from: Vec<Vec<u16>>,
    /// Where each block stands among the others, and where it begins.
    place: Vec<u16>,
    at: Vec<u32>,
    /// The jumps at each block's end, and their lengths.
    ends: Vec<[Jump; 2]>,
    lens: Vec<[u8; 2]>,
}

impl<'b> Ruler<'b> {
    fn new(blocks: &'b [Block], jumps: Jumps) -> Self {
        let mut from = vec![Vec::new(); blocks.len()];
        for (at, block) in blocks.iter().enumerate() {
            followers(block).for_each(|to| from[to].push(at as u16));
        }
        let count = blocks.len();
        let (place, at, ends, lens) = (vec![0; count], vec![0; count], vec![[NO_JUMP; 2]; count], vec![[0; 2]; count]);
        Self { blocks, jumps, from, place, at, ends, lens }
    }

    /// The jumps that a block needs before another.
    fn jumps(&self, block: usize, next: Option<usize>) -> [Jump; 2] {
        match self.blocks[block].end {
            End::Stops => [NO_JUMP; 2],
            End::Goes(to) if next == Some(to) => [NO_JUMP; 2],
            End::Goes(to) => [Jump::new(to, ALWAYS), NO_JUMP],
            End::Either { condition, to, on } if next == Some(on) => [Jump::new(to, condition), NO_JUMP],
            End::Either { condition, to, on } if next == Some(to) => [Jump::new(on, condition ^ 1), NO_JUMP],
            End::Either { condition, to, on } => {
                // A short one on a condition saves more than a short one without.
                let far = |to: usize| self.place[to].abs_diff(self.place[block]);
                if far(on) < far(to) {
                    [Jump::new(on, condition ^ 1), Jump::new(to, ALWAYS)]
                } else {
                    [Jump::new(to, condition), Jump::new(on, ALWAYS)]
                }
            }
        }
    }

    /// The code's length in this order.
    fn measure(&mut self, order: &[usize]) -> u32 {
        self.ends.fill([NO_JUMP; 2]);
        self.lens.fill([0; 2]);
        self.below(order, u32::MAX).expect("no code is longer")
    }

    /// The code's length in this order, if it is below a limit. It may be a little longer than it has to be, because
    /// lengths are taken over from the order before.
    fn below(&mut self, order: &[usize], limit: u32) -> Option<u32> {
        for (place, &block) in order.iter().enumerate() {
            self.place[block] = place as u16;
        }
        let len = if self.jumps == Jumps::Short { SHORT as u8 } else { ALIKE };
        for (place, &block) in order.iter().enumerate() {
            let jumps = self.jumps(block, order.get(place + 1).copied());
            if self.ends[block] != jumps {
                self.ends[block] = jumps;
                self.lens[block] = jumps.map(|jump| if jump.is_one() { len } else { 0 });
            }
        }
        let mut end = self.lay(order);
        if self.jumps == Jumps::Short {
            self.adapt(order, true);
            end = self.lay(order);
            // From here on jumps only get longer, so this ends.
            while end < limit && self.adapt(order, false) {
                end = self.lay(order);
            }
        }
        (end < limit).then_some(end)
    }

    /// Finds where each block begins, and where the last ends.
    fn lay(&mut self, order: &[usize]) -> u32 {
        let mut end = 0;
        for &block in order {
            self.at[block] = end;
            let [first, second] = self.lens[block];
            end += self.blocks[block].bytes + u32::from(first) + u32::from(second);
        }
        end
    }

    /// Gives jumps their lengths: long are those that reach neither their block nor a jump on the way there.
    fn adapt(&mut self, order: &[usize], may_shrink: bool) -> bool {
        let mut changed = false;
        for &block in order {
            for number in 0..2 {
                let jump = self.ends[block][number];
                let was = self.lens[block][number];
                if !jump.is_one() || u32::from(was) > SHORT && !may_shrink {
                    continue;
                }
                let (at, to) = (self.jump_at(block, number), self.at[usize::from(jump.to)]);
                let len = match jump.condition {
                    _ if reaches(at, to) || self.has_relay(at, to, jump) => SHORT as u8,
                    ALWAYS => NEAR,
                    _ => NEAR_CONDITIONAL,
                };
                changed |= len != was;
                self.lens[block][number] = len;
            }
        }
        changed
    }

    fn jump_at(&self, block: usize, number: usize) -> u32 {
        let first = if number == 0 { 0 } else { u32::from(self.lens[block][0]) };
        self.at[block] + self.blocks[block].bytes + first
    }

    /// Is there a jump to the same block between, that is taken whenever this one is, in reach?
    fn has_relay(&self, at: u32, to: u32, jump: Jump) -> bool {
        self.from[usize::from(jump.to)].iter().any(|&block| {
            let block = usize::from(block);
            (0..2).any(|number| {
                let relay = self.ends[block][number];
                if relay.to != jump.to || (relay.condition != ALWAYS && relay.condition != jump.condition) {
                    return false;
                }
                let relay_at = self.jump_at(block, number);
                let between = if to > at { at < relay_at && relay_at < to } else { to < relay_at && relay_at < at };
                between && reaches(at, relay_at)
            })
        })
    }

    /// Jumps that are long, or that need not be: from which block to which.
    fn wanting(&self) -> Vec<(usize, usize)> {
        let mut wanting = Vec::new();
        for (block, (jumps, lens)) in self.ends.iter().zip(&self.lens).enumerate() {
            for (jump, &len) in jumps.iter().zip(lens) {
                if jump.condition == ALWAYS || len == NEAR_CONDITIONAL {
                    wanting.push((block, usize::from(jump.to)));
                }
            }
        }
        wanting
    }
}

fn reaches(from: u32, to: u32) -> bool {
    i8::try_from(i64::from(to) - i64::from(from + SHORT)).is_ok()
}

/// Pseudorandom numbers (xorshift64*, Vigna 2016), the same in every run.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// Others, for another turn.
    pub(crate) fn of(turn: usize) -> Self {
        let mut numbers = Self::new();
        for _ in 0..turn {
            numbers.below(2);
        }
        numbers
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

struct Search<'b> {
    ruler: Ruler<'b>,
    numbers: Numbers,
}

/// Blocks that change places with those behind them: the first, the first of the others, the one behind those.
type Move = [usize; 3];

impl Search<'_> {
    /// Tries orders that differ by the place of some blocks from the one before, and accepts those that are longer by
    /// less and less.
    fn improve(&mut self, best: &mut (u32, Vec<usize>)) {
        let mut order = best.1.clone();
        let mut len = self.ruler.measure(&order);
        let mut wanting = self.ruler.wanting();
        let tries = if self.ruler.jumps == Jumps::Short { TRIES } else { TRIES_ALIKE };
        for tried in 0..tries {
            if wanting.is_empty() {
                return;
            }
            let jump = wanting[self.numbers.below(wanting.len())];
            let Some([a, b, c]) = self.propose(&order, jump) else { continue };
            order[a..c].rotate_left(b - a);
            let worse = WORSE * (tries - tried) / tries;
            let Some(now) = self.ruler.below(&order, len + worse + 1) else {
                order[a..c].rotate_right(b - a);
                continue;
            };
            len = now;
            wanting = self.ruler.wanting();
            if len < best.0 {
                best.0 = len;
                best.1.clone_from(&order);
            }
        }
    }

    /// Brings a block behind one that goes there, or near it, with some of its neighbours.
    fn propose(&mut self, order: &[usize], (from, to): (usize, usize)) -> Option<Move> {
        let place = |block: usize| order.iter().position(|&other| other == block).expect("it is somewhere");
        let (from_at, to_at) = (place(from), place(to));
        let linked = |at: usize| {
            let next = order.get(at + 1);
            next.is_some_and(|&next| followers(&self.ruler.blocks[order[at]]).any(|to| to == next))
        };
        // As far as they follow each other; or any number of them.
        let whole = self.numbers.below(3) > 0;
        let some = 1 + self.numbers.below(6);
        let (moved, target) = if self.numbers.below(2) == 0 {
            let mut end = to_at + 1;
            while end < order.len() && if whole { linked(end - 1) } else { end < to_at + some } {
                end += 1;
            }
            (to_at..end, from_at + 1)
        } else {
            let mut begin = from_at;
            while begin > 1 && if whole { linked(begin - 1) } else { begin + some > from_at + 1 } {
                begin -= 1;
            }
            (begin..from_at + 1, to_at)
        };
        if moved.start == 0 || target == 0 || (moved.start..=moved.end).contains(&target) {
            return None;
        }
        Some(if target < moved.start { [target, moved.start, moved.end] } else { [moved.start, moved.end, target] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(bytes: u32, end: End) -> Block {
        Block { bytes, end }
    }

    #[test]
    fn a_jump_to_what_can_stand_behind_it_goes() {
        let blocks = [block(10, End::Goes(2)), block(10, End::Stops), block(10, End::Goes(1))];
        assert_eq!(arrange(&blocks, Jumps::Short), [0, 2, 1], "all of them in a row");
        assert_eq!(arrange(&blocks, Jumps::Alike), [0, 2, 1]);
        let blocks = [block(10, End::Goes(0)), block(10, End::Stops), block(10, End::Stops)];
        assert_eq!(arrange(&blocks, Jumps::Short)[0], 0, "the first stays");
    }

    #[test]
    fn a_branch_turns_round_for_who_follows() {
        let branch = End::Either { condition: 0, to: 2, on: 1 };
        // The other way on comes back, so that one of the two follows; a loop has a jump somewhere.
        let blocks = [block(10, End::Goes(3)), block(4, End::Stops), block(4, End::Goes(3)), block(8, branch)];
        let order = arrange(&blocks, Jumps::Short);
        let mut ruler = Ruler::new(&blocks, Jumps::Short);
        assert_eq!(ruler.measure(&order), 26 + 2 + 2, "{order:?}");
        assert_eq!(ruler.jumps(3, Some(2)), [Jump::new(1, 1), NO_JUMP], "to the other");
        assert_eq!(ruler.measure(&[0, 1, 2, 3]), 26 + 2 + 4, "as it was");
    }

    #[test]
    fn what_jumps_far_comes_near() {
        let far = End::Either { condition: 3, to: 3, on: 2 };
        let blocks = [block(10, End::Goes(1)), block(10, far), block(500, End::Stops), block(10, End::Stops)];
        assert_eq!(arrange(&blocks, Jumps::Short), [0, 1, 3, 2]);
    }

    #[test]
    fn jumps_go_by_way_of_others() {
        let to = End::Goes(3);
        let blocks = [block(100, to), block(100, to), block(100, to), block(0, End::Stops)];
        let mut ruler = Ruler::new(&blocks, Jumps::Short);
        assert_eq!(ruler.measure(&[0, 1, 2, 3]), 300 + 2 + 2);
        assert_eq!(ruler.below(&[0, 1, 2, 3], 304), None, "not below the limit");
    }
}
