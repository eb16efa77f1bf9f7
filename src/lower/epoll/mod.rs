//! The epoll engine: many connections at once, HTTP/1.1 as docs/http.md says.
//!
//! ```text
//! start    arguments, environment, signals, socket, epoll set, sandbox
//! turn     epoll_pwait, then for each event:
//!   accept   take a connection, and read at once
//!   read     receive, behind what is there of a request
//!     line, fields, path, choose    one request after the other, each byte looked at once
//!     conditions                    the field lines again, where they say which part of the variant is wanted
//!     send     the replies of the batch in one call; what is not taken is kept, and so is the next request
//!   write    go on where the client could not take more
//!   tick     once a second: timeouts, the date
//!   signal   stop
//! ```
//!
//! Nothing is allocated: a connection has 16 bytes in a table, and a buffer only while it holds part of a request.
//! Replies lie in memory, all but their date, which is one for all, so a batch is a list of addresses and lengths.

// The slots have the short names of the listing, and a routine gives those it uses names of their own.
#![allow(clippy::many_single_char_names, clippy::similar_names)]

mod build;
mod choose;
mod clock;
mod conditions;
mod connections;
mod dates;
mod encoding;
mod fail;
mod fields;
mod health;
mod host;
mod layout;
mod line;
mod log;
mod metrics;
mod near;
mod path;
mod read;
mod records;
mod sandbox;
mod script;
mod send;
mod start;
mod stop;
mod turn;
mod workers;

use asmgen_arch::op::{Program, Slot};
use asmgen_arch::{Machine, Target};

use self::layout::State;
use self::metrics::Metrics;
use self::records::{Records, Routes};
use super::abi;
use crate::spec::{Reply, Server, location_before_path};

/// Classes of bytes, as bits.
mod class {
    /// `tchar` (RFC 9110 §5.6.2).
    pub(super) const TOKEN: u32 = 1;
    /// Bytes of a request target.
    pub(super) const TARGET: u32 = 2;
    /// Bytes of a field value.
    pub(super) const VALUE: u32 = 4;
    /// Bytes of a host's name, but for `%`.
    pub(super) const HOST: u32 = 8;
    /// Hexadecimal digits.
    pub(super) const HEX: u32 = 16;
    /// Letters, in lower case, that names of fields begin with that are looked at; others between them, for a run is shorter.
    pub(super) const FIRST: u32 = 32;
    /// Space and tab.
    pub(super) const BLANK: u32 = 64;

    /// The bytes of each class as runs, first and last byte of each, with a NUL behind them; the last bit's first.
    pub(super) fn runs() -> Vec<u8> {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let is_blank = |byte: u8| byte == b' ' || byte == b'\t';
        let is_value = |byte: u8| byte.is_ascii_graphic() || is_blank(byte) || byte >= 0x80;
        let classes: [(u32, &dyn Fn(u8) -> bool); 7] = [
            (BLANK, &is_blank),
            (FIRST, &|byte| matches!(byte, b'a'..=b'c' | b'h'..=b'i' | b'r'..=b't')),
            (HEX, &|byte| byte.is_ascii_hexdigit()),
            (HOST, &|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)),
            (VALUE, &is_value),
            (TARGET, &|byte| byte.is_ascii_graphic() && !b"\"#<>".contains(&byte)),
            (TOKEN, &is_token),
        ];
        let mut runs = Vec::new();
        for (number, (bit, is_in)) in classes.into_iter().enumerate() {
            assert_eq!(bit, BLANK >> number, "the last bit's class comes first");
            let bytes: Vec<u8> = (0..=u8::MAX).filter(|&byte| is_in(byte)).collect();
            for run in bytes.chunk_by(|one, next| *next == one + 1) {
                runs.extend([run[0], run[run.len() - 1]]);
            }
            runs.push(0);
        }
        runs
    }
}

/// The engine's slots. All but the addresses of the stack are 32-bit numbers: addresses of the image are below 2 GiB.
struct Slots {
    /// The connection at hand: descriptor, entry in the table, word of the entry.
    fd: Slot,
    conn: Slot,
    w: Slot,
    /// Events: the one at hand, how many are left.
    ev: Slot,
    left: Slot,
    /// Tables: of connections, of the classes of bytes.
    table: Slot,
    classes: Slot,
    /// The input at hand: cursor, end, where the request began, its target; the record of the error
    /// that it gets if it does not end; what becomes of the connection, and which fields it has.
    p: Slot,
    end: Slot,
    req: Slot,
    path: Slot,
    phase: Slot,
    flags: Slot,
    seen: Slot,
    /// The reply at hand, and the next vector of the batch.
    rep: Slot,
    iov: Slot,
    /// Values within a routine.
    c: Slot,
    d: Slot,
    n: Slot,
    t: Slot,
    u: Slot,
    v: Slot,
    q: Slot,
    vend: Slot,
    tok: Slot,
    tokend: Slot,
    list: Slot,
    id: Slot,
    out: Slot,
    ptr: Slot,
    len: Slot,
    x: Slot,
    xlen: Slot,
    body: Slot,
    blen: Slot,
    o: Slot,
    op: Slot,
    /// Addresses of the stack.
    wide: Slot,
    vars: Slot,
    argument: Slot,
    long: Slot,
    first: Slot,
    text: Slot,
}

impl Slots {
    fn of(program: &mut Program) -> Self {
        use asmgen_arch::op::Kind::{Int, Pointer};
        let mut int = |name| program.slot(name, Int);
        Self {
            fd: int("descriptor"),
            conn: int("connection"),
            w: int("word"),
            ev: int("event"),
            left: int("events left"),
            table: int("table"),
            classes: int("classes"),
            p: int("cursor"),
            end: int("end"),
            req: int("request"),
            path: int("target"),
            phase: int("phase"),
            flags: int("flags"),
            seen: int("fields"),
            rep: int("reply"),
            iov: int("vector"),
            c: int("c"),
            d: int("d"),
            n: int("n"),
            t: int("t"),
            u: int("u"),
            v: int("v"),
            q: int("q"),
            vend: int("end of the value"),
            tok: int("token"),
            tokend: int("end of the token"),
            list: int("list"),
            id: int("id"),
            out: int("out"),
            ptr: int("ptr"),
            len: int("len"),
            x: int("composed"),
            xlen: int("composed, length"),
            body: int("content"),
            blen: int("content, length"),
            o: int("output"),
            op: int("op"),
            wide: int("address"),
            vars: int("variables"),
            long: program.slot("text", Pointer),
            first: program.slot("first argument", Pointer),
            text: program.slot("text at hand", Pointer),
            argument: program.slot("argument", Pointer),
        }
    }
}

/// What a server says of itself: its name, and its version or nothing.
#[derive(Clone, Copy)]
pub(super) struct Words<'s> {
    pub(super) name: &'s str,
    pub(super) version: &'s str,
}

/// Everything the parts of the engine share.
struct Engine<'s> {
    program: Program,
    server: &'s Server,
    words: Words<'s>,
    s: Slots,
    state: State,
    /// Bytes of a word and of a `struct epoll_event`.
    word: u32,
    event_bytes: u32,
    machine: Machine,
    records: Records,
    routes: Option<Routes>,
    metrics: Option<Metrics>,
    /// Is there a body that is sent from the file, is there a variant?
    has_long: bool,
    has_variants: bool,
    /// Does a representation say when it was modified?
    has_dates: bool,
}

impl Engine<'_> {
    /// Does a location have the request's path?
    fn has_paths(&self) -> bool {
        self.server.replies().any(|reply| reply.location.as_deref().and_then(location_before_path).is_some())
    }
}

/// The program of a server.
pub(super) fn lower(server: &Server, words: Words<'_>, target: &Target) -> Program {
    let mut program = Program::default();
    let s = Slots::of(&mut program);
    let (word, event_bytes) = (target.class.word_bytes(), target.epoll_event_bytes);
    let state = State::of(&server.epoll, word, event_bytes);
    let records = Records::of(&mut program, server);
    let metrics = Metrics::of(&mut program, records.ok, server);
    let routes = records::routes(&mut program, server, &records, metrics.as_ref());
    let long = |reply: &Reply| reply.body.len() >= layout::LONG_BYTES as usize;
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
    engine.program.frame_bytes = layout::var::BYTES;
    engine.program.frame_at = Some(engine.state.frame);
    engine.program.word_bytes = layout::var::WORD_BYTES;
    engine.start();
    engine.turn();
    engine.read();
    engine.line();
    engine.fields();
    engine.head();
    engine.bad();
    engine.begins();
    engine.send();
    engine.clock();
    engine.stop();
    engine.connections();
    engine.failures();
    sandbox::fill(&mut engine.program, target);
    let writable = engine.program.data.iter().filter(|datum| datum.writable);
    let writable_bytes: u64 = writable.map(|datum| datum.len_bytes(word)).sum();
    assert!(
        writable_bytes < layout::LONG_BYTES.into(),
        "what is sent from the file is read-only: there it is as in memory"
    );
    engine.program
}
