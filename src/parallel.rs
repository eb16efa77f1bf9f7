//! Pieces of work side by side, on as many processors as there are. No piece may know of another, and the results are
//! in the order of the pieces: so they are the same as one after the other.
//!
//! Pieces with much data run one after the other, because each has a copy of the data in memory.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Pieces with more data than this, in bytes, run one after the other.
const SIDE_BY_SIDE_BYTES: u64 = 4 << 20;

/// The results of so many pieces of work, each of which copies so many bytes of data; 0 if each has data of its own.
pub(crate) fn map<T: Send>(count: usize, data_bytes: u64, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let all = |mut results: Vec<(usize, T)>, piece, result| {
        results.push((piece, result));
        results
    };
    let mut results: Vec<_> = fold(count, data_bytes, work, Vec::new, all).into_iter().flatten().collect();
    results.sort_by_key(|(piece, _)| *piece);
    results.into_iter().map(|(_, result)| result).collect()
}

/// The result with the least key, of equals the first, and the number of its piece. There is at least one piece. Each
/// thread keeps no more results in memory than it compares.
pub(crate) fn least<T: Send, K: Ord>(
    count: usize,
    data_bytes: u64,
    work: impl Fn(usize) -> T + Sync,
    key: impl Fn(&T) -> K + Sync,
) -> (usize, T) {
    let rank = |(piece, result): &(usize, T)| (key(result), *piece);
    let better = |best: Option<(usize, T)>, piece, result| best.into_iter().chain([(piece, result)]).min_by_key(rank);
    let bests = fold(count, data_bytes, work, || None, better);
    bests.into_iter().flatten().min_by_key(rank).expect("there is a piece of work")
}

/// What each thread makes of its pieces of work, one after the other.
fn fold<T, A: Send>(
    count: usize,
    data_bytes: u64,
    work: impl Fn(usize) -> T + Sync,
    begin: impl Fn() -> A + Sync,
    add: impl Fn(A, usize, T) -> A + Sync,
) -> Vec<A> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = if data_bytes > SIDE_BY_SIDE_BYTES { 1 } else { processors.min(count) };
    let next = AtomicUsize::new(0);
    let take = || {
        let pieces = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&piece| piece < count));
        pieces.fold(begin(), |all, piece| add(all, piece, work(piece)))
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
        let own = take();
        let joined =
            others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        [own].into_iter().chain(joined).collect()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_pieces() {
        assert!(map(0, 0, |piece| piece).is_empty());
        let squares = map(100, 0, |piece| piece * piece);
        assert_eq!(squares, (0..100).map(|piece| piece * piece).collect::<Vec<_>>());
    }

    #[test]
    fn the_first_of_the_least_is_found() {
        for data_bytes in [0, SIDE_BY_SIDE_BYTES + 1] {
            assert_eq!(least(100, data_bytes, |piece| (piece + 70) % 10, |&result| result), (0, 0));
            assert_eq!(least(100, data_bytes, |piece| piece.abs_diff(40) / 3, |&result| result), (38, 0));
        }
    }

    #[test]
    fn pieces_with_much_data_run_one_after_the_other() {
        let order = Mutex::new(Vec::new());
        let running = AtomicUsize::new(0);
        map(20, SIDE_BY_SIDE_BYTES + 1, |piece| {
            assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "another piece is running");
            order.lock().unwrap().push(piece);
            thread::yield_now();
            running.fetch_sub(1, Ordering::SeqCst);
        });
        assert_eq!(order.into_inner().unwrap(), (0..20).collect::<Vec<_>>());
    }
}
