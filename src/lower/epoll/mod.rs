//! The epoll engine: many connections at once, HTTP/1.1 as docs/http.md says.
//!
//! It is one program, which [`lower`] emits part by part. Each folder emits one stage of what happens:
//!
//! ```text
//! startup      arguments, environment, workers, socket, epoll set, sandbox
//! event_loop   epoll_wait, then for each event:
//!   accept       take a connection, and read at once
//!   connection   receive, after the part of a request that is there already
//!     http         one request after the other, each byte looked at once: line, fields, route, reply
//!   connection   transmit the replies of the batch in one call; keep what is not taken
//!   timer        once a second: timeouts, the date
//!   shutdown     signals
//! observe      access log, metrics
//! state        what is kept in memory, and where
//! asm          how the program is written
//! ```
//!
//! Nothing is allocated: a connection has 16 bytes in a table, and a buffer only while it holds part of a request.
//! Replies lie in memory, complete but for the date, which all of them share. A batch of replies is therefore a list of
//! addresses and lengths.

mod asm;
mod connection;
mod event_loop;
mod http;
mod observe;
mod startup;
mod state;

use asmgen_arch::op::Program;
use asmgen_arch::{Machine, Target};

use self::asm::slots::Slots;
use self::observe::metrics::Metrics;
use self::startup::seccomp;
use self::state::memory_map::{self, State};
use self::state::response_table::{self, Records, Routes};
use self::state::vars::{self, var};
use crate::spec::{Reply, Server, keeps_query_alone, location_before_request};

/// What a server says of itself: its name, and its version or nothing.
#[derive(Clone, Copy)]
pub(super) struct Words<'s> {
    pub(super) name: &'s str,
    pub(super) version: &'s str,
}

/// What the parts of the engine share while they emit the program.
struct Engine<'s> {
    program: Program,
    server: &'s Server,
    words: Words<'s>,
    s: Slots,
    state: State,
    /// Bytes of the machine's word.
    word: u32,
    /// Bytes of a `struct epoll_event`, which is packed on `x86_64` (include/uapi/linux/eventpoll.h).
    event_bytes: u32,
    machine: Machine,
    records: Records,
    routes: Option<Routes>,
    metrics: Option<Metrics>,
    /// Is a content sent from the file?
    has_long: bool,
    /// Has a representation variants?
    has_variants: bool,
    /// Does a representation say when it was modified?
    has_dates: bool,
}

impl Engine<'_> {
    /// Does a location end with the request's path, or with its query?
    fn has_paths(&self) -> bool {
        self.server.replies().any(|reply| reply.location.as_deref().and_then(location_before_request).is_some())
    }

    /// Does one end with the request's query alone?
    fn has_queries(&self) -> bool {
        self.server.replies().any(|reply| reply.location.as_deref().is_some_and(keeps_query_alone))
    }
}

/// The program of a server on a machine.
pub(super) fn lower(server: &Server, words: Words<'_>, target: &Target) -> Program {
    let mut program = Program::default();
    let s = Slots::of(&mut program);
    let (word, event_bytes) = (target.class.word_bytes(), target.epoll_event_bytes);
    let state = State::of(&server.epoll, word, event_bytes);
    let records = Records::of(&mut program, server);
    let metrics = Metrics::of(&mut program, records.ok, server);
    let figures = metrics.as_ref().map(|metrics| (&metrics.path[..], metrics.record));
    let routes = response_table::routes(&mut program, server, &records, figures);
    let long = |reply: &Reply| reply.body.len() >= memory_map::LONG_BYTES as usize;
    let mut engine = Engine {
        server,
        words,
        s,
        state,
        word,
        event_bytes,
        machine: target.machine,
        records,
        routes,
        metrics,
        has_long: server.replies().any(long),
        has_variants: server.replies().any(|reply| !reply.variants.is_empty()),
        has_dates: server.replies().any(|reply| reply.modified.is_some()),
        program,
    };
    engine.program.state_bytes = engine.state.bytes;
    engine.program.variables = vars::named(engine.metrics.is_some());
    engine.program.frame_bytes = var::BYTES;
    engine.program.frame_at = Some(engine.state.frame);
    engine.program.word_bytes = var::WORD_BYTES;
    engine.start();
    engine.event_loop();
    engine.receive();
    engine.parse_request_line();
    engine.parse_fields();
    engine.respond();
    engine.malformed();
    engine.match_text_routine();
    engine.transmit();
    engine.clock();
    engine.exit();
    engine.connection_table();
    engine.failures();
    seccomp::fill(&mut engine.program, target);
    let writable = engine.program.data.iter().filter(|datum| datum.writable);
    let writable_bytes: u64 = writable.map(|datum| datum.len_bytes(word)).sum();
    assert!(
        writable_bytes < memory_map::LONG_BYTES.into(),
        "what is sent from the file is never written to, so the file has what memory has"
    );
    engine.program
}
