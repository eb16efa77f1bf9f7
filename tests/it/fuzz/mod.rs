//! Mutated requests against the running server, compared with the model: every byte of every reply, and what becomes of
//! the connection. `make test` runs it for some seconds, always on the same inputs. `make fuzz` for ten minutes, or
//! `FUZZ_SECONDS`, on inputs of their own, or those of `FUZZ_SEED`.

mod mutate;
mod shrink;

use self::mutate::Material;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::conformance::exchange::{self, Peer, Plan};
use crate::conformance::{server_of, site_with_variants};
use crate::harness::random::Random;
use crate::model::serve::{ModelServer, Twist};
use crate::model::site::Site;

/// Connections at the same time.
const CONNECTIONS: u64 = 32;
/// A run of `make test`, in inputs: some seconds.
const SHORT_INPUTS: u64 = 20_000;
const SHORT_SEED: u64 = 9110;
/// A reply that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long to go on, and from where.
struct Run {
    seed: u64,
    inputs: u64,
    time: Duration,
}

impl Run {
    fn short(inputs: u64) -> Self {
        Self { seed: SHORT_SEED, inputs, time: Duration::MAX }
    }

    /// The short one, or what the environment says.
    fn of_environment() -> Self {
        let number = |name: &str| {
            let text = std::env::var(name).ok()?;
            Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
        };
        let Some(seconds) = number("FUZZ_SECONDS") else { return Self::short(SHORT_INPUTS) };
        let now = std::time::UNIX_EPOCH.elapsed().expect("it is later").as_secs();
        Self { seed: number("FUZZ_SEED").unwrap_or(now), inputs: u64::MAX, time: Duration::from_secs(seconds) }
    }
}

/// An input by its number: what to send, and where to cut it.
fn input(seed: u64, number: u64, material: &Material) -> (Vec<u8>, Vec<usize>) {
    let mut random = Random::new(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
    let payload = mutate::payload(&mut random, material);
    let mut cuts = Vec::new();
    // Half of them whole: as fast as a server can take them.
    if payload.len() > 1 && random.below(2) == 0 {
        cuts.extend((0..=random.below(4)).map(|_| 1 + random.below(payload.len() - 1)));
        cuts.sort_unstable();
        cuts.dedup();
    }
    (payload, cuts)
}

/// The first fault, its input made small; and how many inputs there were.
fn fuzz(peer: Peer<'_>, run: &Run) -> (Option<String>, u64) {
    let material = Material::new(peer.site);
    let (next, is_over, found) = (AtomicU64::new(0), AtomicBool::new(false), Mutex::new(None));
    let began = Instant::now();
    let work = || {
        while !is_over.load(Ordering::Relaxed) && began.elapsed() < run.time {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= run.inputs {
                return;
            }
            let (payload, cuts) = input(run.seed, number, &material);
            let plan = Plan::new(peer.site, payload);
            if exchange::fault(peer, &plan, &cuts).is_some() && !is_over.swap(true, Ordering::Relaxed) {
                *found.lock().expect("nobody panics with it") = Some((number, plan.payload, cuts));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(work);
        }
    });
    let inputs = next.load(Ordering::Relaxed).min(run.inputs);
    let found = found.into_inner().expect("nobody panics with it");
    let fault = found.map(|(number, payload, cuts)| {
        let smallest = shrink::smallest(peer, payload, cuts);
        format!("FUZZ_SEED={}, input {number}: {smallest}", run.seed)
    });
    (fault, inputs)
}

#[test]
fn the_server_is_as_the_model() {
    is_as_the_model(Site::common(), &Run::of_environment());
}

/// The same with another limit, which is in the code in other ways.
#[test]
fn the_server_keeps_another_limit() {
    is_as_the_model(Site { head_bytes: 1024, ..light_site() }, &Run::short(SHORT_INPUTS / 4));
}

fn is_as_the_model(site: Site, run: &Run) {
    let (mut server, site) = server_of(site, "x86_64");
    let peer = Peer { patience: PATIENCE, ..Peer::new(server.port, &site) };
    let (fault, inputs) = fuzz(peer, run);
    assert!(fault.is_none(), "{}", fault.unwrap_or_default());
    assert!(server.is_running(), "it has ended: {}", server.stderr());
    println!("{inputs} inputs from FUZZ_SEED={}, no difference", run.seed);
}

/// The inputs find each thing that a server can do wrong.
#[test]
fn mistakes_are_found() {
    let site = std::sync::Arc::new(light_site());
    for twist in Twist::ALL {
        let server = ModelServer::start(&site, Some(twist));
        let peer = Peer { patience: Duration::from_millis(500), ..Peer::new(server.port, &site) };
        let (fault, inputs) = fuzz(peer, &Run::short(SHORT_INPUTS));
        assert!(fault.is_some(), "{twist:?} is not found in {inputs} inputs");
    }
    let server = ModelServer::start(&site, None);
    assert_eq!(fuzz(Peer::new(server.port, &site), &Run::short(SHORT_INPUTS / 10)).0, None);
}

/// The common site without its large content, which finds nothing more than the rest, and without dates: a server
/// without dates is another program.
fn light_site() -> Site {
    let mut site = site_with_variants();
    site.routes.iter_mut().for_each(|route| route.representation.modified = None);
    site.routes.retain(|route| route.representation.identity.bytes.len() < 10_000);
    site
}
