//! The lengths of jumps in an order of blocks, found again where they may have changed. A jump is short if it reaches
//! where it leads, or another jump on the way there that is taken whenever it is (branch displacement, with relays).
//!
//! A length depends on what ends within 128 bytes, and on what leads from there to the same block. So what happens at
//! one place of the code can change those jumps alone that lead over it from nearby. They get marks: whether they lead
//! forward or back, and whether they can only have become too short or only too long. Jumps between two groups of
//! blocks that change places get all marks, because what is on their way is behind them then.
//!
//! Lengths are found one after the other, in the order of the places, with the addresses of before; only the second
//! jump of a block moves at once with the length of the first. So the jumps near it are looked at in the same pass,
//! and again.

use crate::mach::block_order::followers;
use crate::mach::jumps::{ALWAYS, Exit, Jump, NEAR, NEAR_CONDITIONAL, SHORT};
use crate::mach::ruler::Ruler;

/// Marks: jumps that lead forward, and back, and that may have become longer, and shorter.
const FORWARD: u8 = 0b0011;
const BACKWARD: u8 = 0b1100;
const LONGER: u8 = 0b0101;
const SHORTER: u8 = 0b1010;

/// Bytes of a block's two jumps, twice: so much the end of a block may be from where it is reached or jumped from.
const JUMPS_BYTES: u32 = 4 * NEAR_CONDITIONAL as u32;
/// Blocks that end farther from a place have no short jump over it.
const NEAR_BYTES: u32 = 128 + JUMPS_BYTES;

/// So many places are passed over at once.
const STRIDE: usize = 6;
/// Where so few blocks jump to one, all of them are looked at for a relay; else all blocks nearby.
const FEW: usize = 8;

/// The blocks that a block's jumps lead to: the one of the lowest place and the one of the highest, as far as that is
/// known. A block without jumps has the last of all places for the lowest, and the first for the highest; one with two
/// jumps has the first and the last.
#[derive(Clone, Copy, Default)]
pub(crate) struct Lead {
    pub(crate) lowest: u16,
    pub(crate) highest: u16,
}

/// What has happened to a block's jumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Event {
    pub(crate) place: u16,
    /// Bytes that they have now more. Where the first of two has another length, there is an event without any, too.
    pub(crate) more: i32,
}

impl Event {
    pub(crate) fn growth_bytes(self) -> u32 {
        self.more.max(0) as u32
    }
}

impl Ruler<'_> {
    /// Marks the jumps between blocks that are going to change places: other jumps may be on their way then.
    pub(crate) fn mark_flips(&mut self, [a, b, c]: [usize; 3]) {
        let (few, many) = if b - a < c - b { (a..b, b..c) } else { (b..c, a..b) };
        for place in few {
            let block = usize::from(self.order[place]);
            let is_there = |block: u16| many.contains(&usize::from(self.place[usize::from(block)]));
            if followers(&self.blocks[block]).any(|to| is_there(to as u16)) {
                self.marks[place] = FORWARD | BACKWARD;
            }
            for &source in sources(&self.sources, &self.begins, block) {
                if is_there(source) {
                    self.marks[usize::from(self.place[usize::from(source)])] = FORWARD | BACKWARD;
                }
            }
        }
    }

    /// Marks the blocks that end near where the block at a place does, if they jump over that.
    fn mark(&mut self, place: usize, near_bytes: u32, kinds: u8) {
        let (at, least) = (&self.at[..], self.at[place + 1].saturating_sub(near_bytes));
        let mut first = place;
        while first >= STRIDE && at[first - STRIDE] >= least {
            first -= STRIDE;
        }
        while first > 0 && at[first] >= least {
            first -= 1;
        }
        let end = last_near(at, place, near_bytes);
        // Without a branch, which nobody could predict.
        let marked = |is_marked: bool, marks: u8| marks & 0u8.wrapping_sub(u8::from(is_marked));
        let (places, here) = (&self.place[..], place as u16);
        for (lead, marks) in self.leads[first..=place].iter().zip(&mut self.marks[first..=place]) {
            *marks |= marked(places[usize::from(lead.highest)] > here, FORWARD & kinds);
        }
        for (lead, marks) in self.leads[place..end].iter().zip(&mut self.marks[place..end]) {
            *marks |= marked(places[usize::from(lead.lowest)] <= here, BACKWARD & kinds);
        }
    }

    /// Marks what may change by events, which are in the order of their places.
    pub(crate) fn mark_events(&mut self, events: &[Event], growth_bytes: u32, are_chosen: bool) {
        for same in events.chunk_by(|one, other| one.place == other.place) {
            let kinds = same.iter().fold(0, |kinds, event| {
                kinds
                    | match event.more.signum() {
                        1 if !are_chosen => LONGER,
                        -1 if !are_chosen => SHORTER,
                        _ => FORWARD | BACKWARD,
                    }
            });
            let place = usize::from(same[0].place);
            self.mark(place, NEAR_BYTES + growth_bytes, kinds);
            if !are_chosen && same.iter().any(|event| event.more == 0) {
                self.mark_all(place, JUMPS_BYTES + growth_bytes);
            }
        }
    }

    /// Gives jumps their lengths, and tells whether one has changed; those that may not shrink keep their marks.
    pub(crate) fn adapt(&mut self, may_shrink: bool) -> bool {
        let mut place = 0;
        while let Some(eight) = self.marks[place..].first_chunk() {
            let eight = u64::from_le_bytes(*eight);
            if eight == 0 {
                place += 8;
                continue;
            }
            place += eight.trailing_zeros() as usize / 8;
            let [first, second] = self.exits[usize::from(self.order[place])].jumps;
            let mut is_left = first.is_one() && self.adapt_jump((place, 0), may_shrink);
            is_left |= second.is_one() && self.adapt_jump((place, 1), may_shrink);
            if !is_left {
                self.marks[place] = 0;
            }
            place += 1;
        }
        let changed = !self.events.is_empty();
        self.lay(false);
        changed
    }

    /// Gives a jump its length, if it may have another; tells whether that is still to be done.
    fn adapt_jump(&mut self, (place, number): (usize, usize), may_shrink: bool) -> bool {
        let block = usize::from(self.order[place]);
        let exit = &self.exits[block];
        let (jump, was) = (exit.jumps[number], exit.lens[number]);
        let target = usize::from(self.place[usize::from(jump.to)]);
        let way = if target > place { FORWARD } else { BACKWARD };
        if self.marks[place] & way & if was > SHORT { SHORTER } else { LONGER } == 0 {
            return false;
        }
        if was > SHORT && !may_shrink {
            return true;
        }
        let at = self.at[place] + exit.bytes + if number == 0 { 0 } else { u32::from(exit.lens[0]) };
        let to = self.at[target];
        let len = match jump.condition {
            _ if reaches(at, to) || self.has_relay(place, number, (at, to)) => SHORT,
            ALWAYS => NEAR,
            _ => NEAR_CONDITIONAL,
        };
        if len != was {
            self.change_length((place, number), len);
        }
        false
    }

    /// Gives a jump another length.
    fn change_length(&mut self, (place, number): (usize, usize), len: u8) {
        let block = usize::from(self.order[place]);
        let exit = &mut self.exits[block];
        let (jump, was) = (exit.jumps[number], exit.lens[number]);
        exit.lens[number] = len;
        let has_other = number == 0 && exit.jumps[1].is_one();
        self.wanting.set(2 * block + number, jump.condition == ALWAYS || len == NEAR_CONDITIONAL);
        self.events.push(Event { place: place as u16, more: i32::from(len) - i32::from(was) });
        if has_other {
            // The second jump moves at once, and what follows does not yet: for a while it may seem to stand behind
            // that.
            self.events.push(Event { place: place as u16, more: 0 });
            let growth_bytes = self.events.iter().map(|event| event.growth_bytes()).sum::<u32>();
            let end = last_near(&self.at, place, NEAR_BYTES + growth_bytes);
            for marks in &mut self.marks[place..end] {
                *marks |= BACKWARD;
            }
            self.mark_all(place, JUMPS_BYTES + growth_bytes);
        }
    }

    /// Marks a block and those behind it that end near it, whatever they jump over.
    fn mark_all(&mut self, place: usize, near_bytes: u32) {
        let end = last_near(&self.at, place, near_bytes);
        self.marks[place..end].fill(FORWARD | BACKWARD);
    }

    /// Does a jump reach a relay? The last one that it had is tried first.
    fn has_relay(&mut self, place: usize, number: usize, (at, to): (u32, u32)) -> bool {
        let block = usize::from(self.order[place]);
        let exit = &self.exits[block];
        let (jump, relay) = (exit.jumps[number], exit.relays[number]);
        if relays(exit_at(&self.exits, relay), self.at[self.place(usize::from(relay))], (at, to), jump) {
            return true;
        }
        let relay = self.find_relay(place, (at, to), jump);
        if let Some(relay) = relay {
            self.exits[block].relays[number] = relay;
        }
        relay.is_some()
    }

    /// A block with a relay for a jump that stands and leads there.
    fn find_relay(&self, place: usize, (at, to): (u32, u32), jump: Jump) -> Option<u16> {
        let sources = sources(&self.sources, &self.begins, usize::from(jump.to));
        if sources.len() <= FEW {
            let (begins, places, exits) = (&self.at[..], &self.place[..], &self.exits[..]);
            return sources.iter().copied().find(|&block| {
                let begin = begins[usize::from(places[usize::from(block)])];
                let exit = exit_at(exits, block);
                let is_near = (begin + exit.bytes + NEAR_BYTES).wrapping_sub(at) <= 2 * NEAR_BYTES;
                is_near && relays(exit, begin, (at, to), jump)
            });
        }
        let has_relay = |(&block, &begin): (&u16, &u32)| {
            let exit = exit_at(&self.exits, block);
            (exit.jumps[0].to == jump.to || exit.jumps[1].to == jump.to) && relays(exit, begin, (at, to), jump)
        };
        // While lengths change, a jump may seem to stand behind the block that follows its own.
        if to > at {
            let behind = self.at[..=place].iter().rev().take_while(|begin| **begin + JUMPS_BYTES >= at).count();
            let first = place.saturating_sub(behind);
            let near = self.order[first..].iter().zip(&self.at[first..]);
            near.take_while(|(_, begin)| **begin <= at + NEAR_BYTES).find(|&it| has_relay(it)).map(|(block, _)| *block)
        } else {
            let before = self.at[place + 1..].iter().take_while(|begin| **begin <= at + JUMPS_BYTES).count();
            let end = (place + 1 + before).min(self.order.len());
            let near = self.order[..end].iter().zip(&self.at[..end]).rev();
            let least = at.saturating_sub(NEAR_BYTES);
            // The block that begins before what is in reach may end within.
            let mut is_past = false;
            near.take_while(|(_, begin)| !std::mem::replace(&mut is_past, **begin < least))
                .find(|&it| has_relay(it))
                .map(|(block, _)| *block)
        }
    }
}

/// Behind the last place whose block ends near where that at a place does.
fn last_near(at: &[u32], place: usize, near_bytes: u32) -> usize {
    let most = at[place + 1] + near_bytes;
    let mut last = place + 1;
    while at.get(last + STRIDE).is_some_and(|&at| at <= most) {
        last += STRIDE;
    }
    while at.get(last + 1).is_some_and(|&at| at <= most) {
        last += 1;
    }
    last
}

/// Blocks that may jump to one.
fn sources<'f>(from: &'f [u16], begins: &[u32], block: usize) -> &'f [u16] {
    &from[begins[block] as usize..begins[block + 1] as usize]
}

#[inline]
fn exit_at(exits: &[Exit], block: u16) -> &Exit {
    &exits[usize::from(block)]
}

/// Does a block that begins there have a relay for a jump: a jump to the same block that stands between, is taken
/// whenever it is, and is in reach?
#[inline]
fn relays(exit: &Exit, begin: u32, (at, to): (u32, u32), jump: Jump) -> bool {
    (0..2).any(|number| {
        let relay = exit.jumps[number];
        if relay.to != jump.to || (relay.condition != ALWAYS && relay.condition != jump.condition) {
            return false;
        }
        let relay_at = begin + exit.bytes + if number == 0 { 0 } else { u32::from(exit.lens[0]) };
        let between = if to > at { at < relay_at && relay_at < to } else { to < relay_at && relay_at < at };
        between && reaches(at, relay_at)
    })
}

fn reaches(from: u32, to: u32) -> bool {
    to.wrapping_sub(from + u32::from(SHORT)).wrapping_add(128) < 256
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mach::block_order::{Block, End, Jumps};
    use crate::prng::Numbers;

    /// The lengths that one pass over all jumps finds.
    fn lengths_of_all(ruler: &Ruler, may_shrink: bool) -> Vec<[u8; 2]> {
        let mut exits = ruler.exits.clone();
        for (place, &block) in ruler.order.iter().enumerate() {
            for number in 0..2 {
                let exit = exit_at(&exits, block);
                let (jump, was) = (exit.jumps[number], exit.lens[number]);
                if !jump.is_one() || was > SHORT && !may_shrink {
                    continue;
                }
                let at = ruler.at[place] + exit.bytes + if number == 0 { 0 } else { u32::from(exit.lens[0]) };
                let to = ruler.at[ruler.place(usize::from(jump.to))];
                let has_relay = |(&block, &begin): (&u16, &u32)| relays(exit_at(&exits, block), begin, (at, to), jump);
                let len = match jump.condition {
                    _ if reaches(at, to) || ruler.order.iter().zip(&ruler.at).any(has_relay) => SHORT,
                    ALWAYS => NEAR,
                    _ => NEAR_CONDITIONAL,
                };
                exits[usize::from(block)].lens[number] = len;
            }
        }
        exits.iter().map(|exit| exit.lens).collect()
    }

    fn blocks(numbers: &mut Numbers) -> Vec<Block> {
        let count = 3 + numbers.below(40);
        let (most_bytes, most_targets) = (1 + numbers.below(80), 1 + numbers.below(count));
        let block = |_| {
            let mut to = || if numbers.below(2) == 0 { numbers.below(most_targets) } else { numbers.below(count) };
            let (to, on) = (to(), to());
            let end = match numbers.below(5) {
                0 => End::Stops,
                1 => End::Goes(to),
                _ => End::Either { condition: numbers.below(4) as u8, to, on },
            };
            Block { bytes: numbers.below(most_bytes) as u32, end }
        };
        (0..count).map(block).collect()
    }

    #[test]
    fn jumps_without_marks_are_as_long_as_a_look_at_all_finds() {
        let mut numbers = Numbers::new();
        for _ in 0..60 {
            let blocks = blocks(&mut numbers);
            let mut ruler = Ruler::new(&blocks, Jumps::Short);
            ruler.measure(&(0..blocks.len() as u16).collect::<Vec<_>>());
            for _ in 0..60 {
                let mut seams = [0; 3].map(|_| 1 + numbers.below(blocks.len()));
                seams.sort_unstable();
                ruler.rotate(seams);
                ruler.choose_jumps();
                for pass in 0..=numbers.below(4) {
                    let wanted = lengths_of_all(&ruler, pass == 0);
                    let is_last = !ruler.adapt(pass == 0);
                    assert_eq!(ruler.exits.iter().map(|exit| exit.lens).collect::<Vec<_>>(), wanted, "{blocks:?}");
                    if is_last {
                        break;
                    }
                }
            }
        }
    }
}
