//! Requests of others — Http11Probe, h1spec, a probe of peers, the RFCs' duties one by one — and the edges of
//! docs/http.md, against servers of both machines. They are sent whole, cut at every position, and cut at random. What
//! the tables expect is compared with the model, and so is every byte that a server sends. A server that keeps to the
//! model therefore keeps to the tables.

mod authorities;
pub(crate) mod exchange;
mod linters;
pub(crate) mod many;
pub(crate) mod notation;
pub(crate) mod table;
pub(crate) mod variants;

use std::sync::Arc;
use std::time::Duration;

use self::exchange::{Peer, Plan};
use self::many::Job;
use self::table::{Case, cases};
use crate::harness::none;
use crate::harness::random::Random;
use crate::harness::server::{Server, Spec};
use crate::harness::tool::Variant;
use crate::model::answer;
use crate::model::serve::{ModelServer, Twist};
use crate::model::site::{Coding, Content, Site};

/// Payloads up to this length are cut everywhere; longer ones at this many positions less than …
const SHORT_BYTES: usize = 600;
/// … at so many, by chance.
const SAMPLES: usize = 64;
/// Replies of more than this are large, and their payloads cut at so few positions.
const LARGE_BYTES: usize = 1 << 20;
const LARGE_SAMPLES: usize = 4;
/// How often each payload is cut into several pieces.
const RANDOM_SPLITS: usize = 4;

/// The common site as asmgen builds it, running.
fn server(target: &str) -> (Server, Site) {
    server_of(Site::common(), target)
}

/// A site as asmgen builds it, running, and with the variants that it sends.
pub(crate) fn server_of(site: Site, target: &str) -> (Server, Site) {
    let spec = Spec::new(&site.toml());
    for (name, content) in site.files() {
        std::fs::write(spec.path().with_file_name(name), content).unwrap();
    }
    let server = Server::start(Variant { target, ..Variant::native(&spec.path()) });
    let site = variants::of_server(site, server.port);
    (server, site)
}

/// The site with variants that cannot be decoded, for tests without a server.
pub(crate) fn site_with_variants() -> Site {
    let mut site = Site::common();
    let route = site.routes.iter_mut().find(|route| route.compress).expect("one is compressed");
    let bytes = |index, coding: Coding| coding.name().repeat(100 + index).into_bytes();
    let stand_in = |(index, coding)| (coding, Content::new(bytes(index, coding), Some(coding)));
    route.representation.variants = Coding::ALL.into_iter().enumerate().map(stand_in).collect();
    site
}

fn plans(site: &Site, cases: Vec<Case>) -> Vec<(String, Plan)> {
    cases.into_iter().map(|case| (case.name, Plan::new(site, case.payload))).collect()
}

/// Every payload whole, once cut at every position, and cut at random.
fn jobs(site: &Site, plans: &[(String, Plan)]) -> Vec<Job> {
    let mut random = Random::new(9112);
    let mut jobs: Vec<Job> = (0..plans.len()).map(|index| (index, Vec::new())).collect();
    for (index, (_, plan)) in plans.iter().enumerate() {
        let length = plan.payload.len();
        if length < 2 {
            continue;
        }
        let is_large = answer(site, &plan.payload).stream().bytes.len() > LARGE_BYTES;
        let samples = if is_large { LARGE_SAMPLES } else { SAMPLES };
        let positions: Vec<usize> = if length <= SHORT_BYTES && !is_large {
            (1..length).collect()
        } else {
            (0..samples).map(|_| 1 + random.below(length - 1)).collect()
        };
        jobs.extend(positions.into_iter().map(|cut| (index, vec![cut])));
        for _ in 0..RANDOM_SPLITS {
            let mut cuts: Vec<usize> = (0..2 + random.below(8)).map(|_| 1 + random.below(length - 1)).collect();
            cuts.sort_unstable();
            cuts.dedup();
            jobs.push((index, cuts));
        }
    }
    jobs
}

fn conforms(target: &str) {
    let (mut server, site) = server(target);
    let plans = plans(&site, cases(&site));
    let faults = many::faults(Peer::new(server.port, &site), &plans, &jobs(&site, &plans));
    none(&faults);
    assert!(server.is_running(), "it has ended: {}", server.stderr());
    let of_table: Vec<String> =
        cases(&site).iter().flat_map(|case| case.faults(&answer(&site, &case.payload))).collect();
    none(&of_table);
}

#[test]
fn x86_64_conforms() {
    conforms("x86_64");
}

#[test]
fn aarch64_conforms() {
    conforms("aarch64");
}

#[test]
fn the_model_answers_as_the_tables_expect() {
    let site = site_with_variants();
    let cases = cases(&site);
    none(&cases.iter().flat_map(|case| case.faults(&answer(&site, &case.payload))).collect::<Vec<_>>());
    none(&cases.iter().filter_map(Case::deviation).collect::<Vec<_>>());
}

/// Fewer would mean that a table has been lost.
#[test]
fn the_tables_are_complete() {
    let cases = cases(&site_with_variants());
    let of = |tables: &[&str]| cases.iter().filter(|case| tables.contains(&case.table())).count();
    assert_eq!(of(&["http11probe", "smuggling"]), 215);
    assert_eq!(of(&["h1spec"]), 33);
    assert_eq!(of(&["peers"]), 44);
    assert!(of(&["duties"]) >= 110 && of(&["contract"]) >= 280);
}

#[test]
fn the_notation_goes_both_ways() {
    let all: Vec<u8> = (0..=255).chain([b'a'; 99]).chain([b'\r'; 50]).collect();
    assert_eq!(notation::bytes(&notation::text(&all), &Site::common()), all);
}

/// The suite passes on the model, cut in every way: what it expects can be had, and does not depend on the pieces.
#[test]
fn the_suite_passes_on_the_model() {
    let site = Arc::new(site_with_variants());
    let server = ModelServer::start(&site, None);
    let plans = plans(&site, cases(&site));
    let mut jobs = jobs(&site, &plans);
    // A quarter of them: this is about the suite, not about the model.
    let mut number = 0;
    jobs.retain(|(_, cuts)| {
        number += 1;
        cuts.is_empty() || number % 4 == 0
    });
    none(&many::faults(Peer::new(server.port, &site), &plans, &jobs));
}

/// Each thing that a server can do wrong is found.
#[test]
fn the_suite_finds_what_it_is_for() {
    let site = Arc::new(site_with_variants());
    let mut plans = plans(&site, cases(&site));
    // The large replies find nothing that others do not.
    plans.retain(|(_, plan)| answer(&site, &plan.payload).stream().bytes.len() < 10_000);
    let jobs: Vec<Job> =
        jobs(&site, &plans).into_iter().filter(|(_, cuts)| cuts.is_empty() || cuts[0] % 16 == 0).collect();
    for twist in Twist::ALL {
        let server = ModelServer::start(&site, Some(twist));
        let peer = Peer { patience: Duration::from_secs(1), ..Peer::new(server.port, &site) };
        assert!(!many::faults(peer, &plans, &jobs).is_empty(), "{twist:?} passes");
    }
}
