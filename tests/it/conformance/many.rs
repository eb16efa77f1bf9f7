//! Many exchanges at the same time.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::exchange::{self, Peer, Plan};

/// Connections at the same time.
const CONNECTIONS: usize = 64;
/// Behind so many faults, the rest would say the same; each may take until the end of the patience.
const FAULTS_MAX: usize = 5;

/// A plan by its number, and where to cut it.
pub(crate) type Job = (usize, Vec<usize>);

/// Does all of these; the faults.
pub(crate) fn faults(peer: Peer<'_>, plans: &[(String, Plan)], jobs: &[Job]) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let faults = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some((plan, cuts)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (name, plan) = &plans[*plan];
            // One way to cut it says enough.
            if faults.lock().expect("nobody panics with it").contains_key(name) {
                continue;
            }
            if let Some(fault) = exchange::fault(peer, plan, cuts) {
                let mut faults = faults.lock().expect("nobody panics with it");
                faults.entry(name).or_insert_with(|| format!("{name}: {fault}"));
                if faults.len() >= FAULTS_MAX {
                    next.store(jobs.len(), Ordering::Relaxed);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS.min(jobs.len()) {
            scope.spawn(work);
        }
    });
    faults.into_inner().expect("nobody panics with it").into_values().collect()
}
