//! Tests of the size model, on random blocks and random moves.

use super::*;
use crate::prng::Numbers;

fn random_blocks(numbers: &mut Numbers) -> Vec<Block> {
    let count = 20 + numbers.below(60);
    let (most_bytes, most_targets) = (1 + numbers.below(40), 1 + numbers.below(count));
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

fn random_seams(numbers: &mut Numbers, count: usize) -> Option<Move> {
    let mut seams = [0; 3].map(|_| 1 + numbers.below(count));
    seams.sort_unstable();
    (seams[0] < seams[1] && seams[1] < seams[2]).then_some(seams)
}

/// The lengths of all jumps, each found by a look at all jumps.
fn lens(model: &SizeModel) -> Vec<[u8; 2]> {
    let all =
        || model.exits.iter().flat_map(|exit| [0, 1].map(|number| (exit.jumps[number], exit.at + exit.offset(number))));
    let len = |jump: Jump, from: i32| {
        let to = model.at[model.place(usize::from(jump.to))];
        let on_the_way = |at: i32| (from < at && at < to) || (to < at && at < from);
        let has_relay = all().any(|(relay, at)| relay.serves(jump) && on_the_way(at) && reaches(from, at));
        if reaches(from, to) || has_relay { SHORT } else { near(jump.condition != ALWAYS) }
    };
    let lens = |exit: &Exit| {
        [0, 1].map(|number| match exit.jumps[number] {
            jump if jump.is_one() => len(jump, exit.at + exit.offset(number)),
            _ => 0,
        })
    };
    model.exits.iter().map(lens).collect()
}

#[test]
fn a_measurement_finds_the_lengths_with_which_every_jump_reaches() {
    let mut numbers = Numbers::new();
    for _ in 0..200 {
        let blocks = random_blocks(&mut numbers);
        let mut model = SizeModel::new(&blocks, Jumps::Short);
        let len = model.measure(&(0..blocks.len() as u16).collect::<Vec<_>>());
        let bytes: u32 = blocks.iter().map(|block| block.bytes).sum();
        assert_eq!(len, bytes as i32 + model.exits.iter().map(Exit::bytes).sum::<i32>());
        for (exit, wanted) in model.exits.iter().zip(lens(&model)) {
            // A jump may have got long before another became its relay.
            assert!(exit.lens[0] >= wanted[0] && exit.lens[1] >= wanted[1], "{:?} {wanted:?}", exit.lens);
        }
    }
}

#[test]
fn a_move_finds_about_the_length_that_a_measurement_finds() {
    let mut numbers = Numbers::new();
    let (mut moves, mut off_bytes, mut changed_bytes) = (0, 0, 0);
    for _ in 0..100 {
        let blocks = random_blocks(&mut numbers);
        let mut model = SizeModel::new(&blocks, Jumps::Short);
        model.measure(&(0..blocks.len() as u16).collect::<Vec<_>>());
        for _ in 0..40 {
            let Some(seams) = random_seams(&mut numbers, blocks.len()) else { continue };
            let (order, was) = (model.order.clone(), model.len());
            let mut wanted = order.clone();
            wanted[seams[0]..seams[2]].rotate_left(seams[1] - seams[0]);
            assert!(model.attempt(seams, i32::MAX / 2), "every growth is accepted");
            assert_eq!(model.order, wanted);
            let found = model.len();
            moves += 1;
            changed_bytes += found.abs_diff(was);
            off_bytes += found.abs_diff(model.measure_again());
        }
    }
    // It leaves out what the growth of one jump does to another: in these blocks, half of what a move changes.
    assert!(moves > 1000 && off_bytes < 4 * moves, "{off_bytes} bytes off in {moves} moves");
    assert!(off_bytes * 9 < changed_bytes * 5, "{off_bytes} bytes off where {changed_bytes} have changed");
}

#[test]
fn a_move_that_is_not_accepted_leaves_everything_as_it_was() {
    let mut numbers = Numbers::new();
    for jumps in [Jumps::Short, Jumps::Alike] {
        let blocks = random_blocks(&mut numbers);
        let mut model = SizeModel::new(&blocks, jumps);
        let len = model.measure(&(0..blocks.len() as u16).collect::<Vec<_>>());
        for _ in 0..1000 {
            let Some(seams) = random_seams(&mut numbers, blocks.len()) else { continue };
            assert!(!model.attempt(seams, -1000));
            assert_eq!(model.len(), len);
        }
        assert_eq!(model.measure_again(), len);
    }
}

#[test]
fn jumps_go_through_others() {
    let to = End::Goes(3);
    let block = |bytes, end| Block { bytes, end };
    let blocks = [block(100, to), block(100, to), block(100, to), block(0, End::Stops)];
    assert_eq!(SizeModel::new(&blocks, Jumps::Short).measure(&[0, 1, 2, 3]), 300 + 2 + 2);
    assert_eq!(SizeModel::new(&blocks, Jumps::Alike).measure(&[0, 1, 2, 3]), 300 + 4 + 4);
}
