//! Makes an input with a fault smaller, as long as there is one.

use crate::conformance::exchange::{self, Peer, Plan};

/// More tries help little, and each may take until the end of the patience.
const TRIES: usize = 400;

/// The fault of the smallest input that is found; of the one given, if it does not come a second time.
pub(super) fn smallest(peer: Peer<'_>, payload: Vec<u8>, cuts: Vec<usize>) -> String {
    let fault = |payload: &[u8], cuts: &[usize]| exchange::fault(peer, &Plan::new(peer.site, payload.to_vec()), cuts);
    let Some(mut known) = fault(&payload, &cuts) else {
        let notation = crate::conformance::notation::text(&payload);
        return format!("a fault that came once only\n  payload {notation}\n  cut at {cuts:?}");
    };
    let (mut payload, mut cuts) = (payload, cuts);
    if let Some(whole) = fault(&payload, &[]) {
        (known, cuts) = (whole, Vec::new());
    }
    let (mut piece, mut tries) = (payload.len() / 2, 0);
    while piece > 0 && tries < TRIES {
        let mut at = 0;
        while at < payload.len() && tries < TRIES {
            let end = (at + piece).min(payload.len());
            let shorter = [&payload[..at], &payload[end..]].concat();
            let moved = moved(&cuts, at, end, shorter.len());
            tries += 1;
            match fault(&shorter, &moved) {
                Some(fault) => (known, payload, cuts) = (fault, shorter, moved),
                None => at = end,
            }
        }
        piece /= 2;
    }
    known
}

/// The cuts behind a part that is removed.
fn moved(cuts: &[usize], at: usize, end: usize, length: usize) -> Vec<usize> {
    let place = |cut: &usize| if *cut >= end { cut - (end - at) } else { (*cut).min(at) };
    let mut moved: Vec<usize> = cuts.iter().map(place).filter(|cut| (1..length).contains(cut)).collect();
    moved.dedup();
    moved
}
