//! Variables of the engine: their places in the frame, and when each is in use.
//!
//! Two variables may share bytes if they are never in use at the same time. A [`Phase`] says when one is in use. The
//! compiler refuses a table in which two variables share both bytes and a phase.
//!
//! x86 has a short form for addresses in the first 128 bytes, so the variables that are used most lie there.

use asmgen_arch::op::Variable;

/// When a variable is in use: a set of times. The times with metrics are other ones than the times without, because
/// some variables exist only in one of the two kinds of programs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Phase(u16);

/// Distance of a time with metrics from the same time without, in bits.
const METRICS_SHIFT: u16 = 8;

impl Phase {
    /// The start: its system calls.
    pub(crate) const CALLS: Self = Self::of(1);
    /// A message is composed and written.
    pub(crate) const MESSAGE: Self = Self::of(2);
    /// Between requests: events of descriptors that are no connections, and what connections do next.
    pub(crate) const BETWEEN: Self = Self::of(4);
    /// A request line and its fields are parsed.
    pub(crate) const FIELDS: Self = Self::of(8);
    /// The fields are parsed again, for conditions and ranges.
    pub(crate) const CONDITIONS: Self = Self::of(16);
    /// A reply is composed, logged and counted.
    pub(crate) const REPLY: Self = Self::of(32);
    /// The fields are parsed, for the first or the second time.
    pub(crate) const HEAD: Self = Self::FIELDS.or(Self::CONDITIONS);
    /// A request, up to its reply.
    pub(crate) const REQUEST: Self = Self::HEAD.or(Self::REPLY);
    /// The whole run.
    pub(crate) const ALWAYS: Self = Self::CALLS.or(Self::MESSAGE).or(Self::BETWEEN).or(Self::REQUEST);

    /// A time, with metrics and without.
    const fn of(bit: u16) -> Self {
        Self(bit | bit << METRICS_SHIFT)
    }

    /// The times of both.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of these times that are with metrics.
    pub(crate) const fn with_metrics(self) -> Self {
        Self(self.0 >> METRICS_SHIFT << METRICS_SHIFT)
    }

    /// Those of these times that are without metrics.
    pub(crate) const fn without_metrics(self) -> Self {
        Self(self.0 & ((1 << METRICS_SHIFT) - 1))
    }

    /// Is any of these times with metrics, or without?
    const fn is_of(self, has_metrics: bool) -> bool {
        let of = if has_metrics { self.with_metrics() } else { self.without_metrics() };
        of.0 != 0
    }
}

/// A variable in the frame.
#[derive(Clone, Copy)]
pub(crate) struct Var {
    /// Its name in listings.
    pub(crate) name: &'static str,
    /// Offset of its first byte.
    pub(crate) at: u32,
    /// Count of its bytes.
    pub(crate) bytes: u32,
    /// When it is in use.
    pub(crate) alive: Phase,
}

impl Var {
    /// Offset after its last byte.
    const fn end(self) -> u32 {
        self.at + self.bytes
    }

    /// Do they share bytes at a time when both are in use?
    const fn collides(self, other: Self) -> bool {
        self.at < other.end() && other.at < self.end() && self.alive.0 & other.alive.0 != 0
    }
}

/// A byte of the frame, and the variable that it is of.
#[derive(Clone, Copy)]
pub(crate) struct Spot {
    /// Its offset.
    pub(crate) at: u32,
    /// The variable, if it is known.
    pub(crate) variable: Option<Var>,
}

impl Var {
    /// One of its bytes.
    pub(crate) const fn byte(self, number: u32) -> Spot {
        Spot { at: self.at + number, variable: Some(self) }
    }
}

impl Spot {
    /// The byte before it, by so many: indexes may count from there.
    pub(crate) const fn before(self, bytes: u32) -> Self {
        Self { at: self.at - bytes, variable: self.variable }
    }
}

impl From<Var> for Spot {
    fn from(variable: Var) -> Self {
        variable.byte(0)
    }
}

impl From<u32> for Spot {
    fn from(at: u32) -> Self {
        Self { at, variable: None }
    }
}

/// Do no two of these collide?
const fn are_apart(all: &[Var]) -> bool {
    let mut one = 0;
    while one < all.len() {
        let mut other = 0;
        while other < one {
            if all[one].collides(all[other]) {
                return false;
            }
            other += 1;
        }
        one += 1;
    }
    true
}

const _: () = assert!(are_apart(var::ALL), "variables that share bytes are never in use at the same time");

/// The variables of a program with or without metrics, for listings.
pub(crate) fn named(has_metrics: bool) -> Vec<Variable> {
    let there = var::ALL.iter().filter(|variable| variable.alive.is_of(has_metrics));
    there.map(|variable| Variable { name: variable.name.into(), at: variable.at, bytes: variable.bytes }).collect()
}

/// A row for each variable: name, name in listings, place, bytes, when it is in use.
macro_rules! variables {
    ($($(#[$doc:meta])* $id:ident, $name:literal, $at:expr, $bytes:expr, $alive:expr;)*) => {
        $($(#[$doc])* pub(crate) const $id: Var = Var { name: $name, at: $at, bytes: $bytes, alive: $alive };)*
        /// All of them.
        pub(super) const ALL: &[Var] = &[$($id),*];
    };
}

/// Variables in the frame.
pub(crate) mod var {
    use super::{Phase, Var, counter};

    const ALWAYS: Phase = Phase::ALWAYS;

    variables! {
        /// Seconds since the start, without those in which the process was stopped.
        NOW, "now", 0, 4, ALWAYS;
        /// Count of open connections.
        CONNECTIONS, "connections", 4, 4, ALWAYS;
        /// Address of the first free buffer; the one after the last if all are in use.
        FREE_BUFFER, "free_buffer", 8, 4, ALWAYS;
        /// 0: serving; 1: asked to stop, and still accepting; 2: the listener is closed. See `event_loop/shutdown`.
        STOPPING, "stopping", 12, 4, ALWAYS;
        /// When the listener closes, once asked to stop.
        DRAINED, "drained", 16, 4, ALWAYS;
        /// When the server ends, once asked to stop.
        END, "end", 20, 4, ALWAYS;
        /// Is the listener out of the epoll set until the next tick?
        PAUSED, "paused", 24, 4, ALWAYS;
        /// Bytes of the batch's first reply that the client has already. The uppermost bit: that reply has said that
        /// the connection closes.
        SKIP, "skip", 28, 4, ALWAYS;
        /// Where the input of this event begins.
        BEGAN, "began", 32, 4, ALWAYS;
        /// Where the input begins that no batch has answered yet.
        CURSOR, "cursor", 36, 4, ALWAYS;
        /// The first vector of the reply.
        FIRST, "first_vector", 40, 4, Phase::REPLY;
        /// The record of the route.
        ROUTE, "route", 40, 4, Phase::HEAD;
        /// Address of the content that is sent after the batch.
        REST, "rest", 44, 4, Phase::REPLY;
        /// Where the rest of a field's value begins.
        VALUE, "value", 44, 4, Phase::HEAD;
        /// Bytes of the content that is sent after the batch.
        REST_LEN, "rest_len", 48, 4, ALWAYS;
        /// Bytes of the lines in the log.
        LOG_LEN, "log_len", 52, 4, ALWAYS;
        /// In the first worker: how many others there are. In those: -1.
        WORKERS, "workers", 56, 4, ALWAYS;
        /// What the kernel holds for all connections, less the limit, in bytes: as measured last, and what has been
        /// sent since then.
        HELD, "held", 60, 4, ALWAYS;
        /// Where the next composed fields go.
        COMPOSED, "composed", 64, 4, ALWAYS;
        /// Where the input of this event ends.
        INPUT_END, "input_end", 72, 4, ALWAYS;
        /// The beginning of the reply to a request that ends in the part that is parsed.
        PHASE, "error_if_truncated", 76, 4, ALWAYS;
        /// Where the field lines of the request begin.
        FIELD_LINES, "field_lines", 80, 4, ALWAYS;
        /// The epoll descriptor.
        EPOLL, "epoll", 84, 4, ALWAYS;
        /// The listening socket.
        LISTENER, "listener", 88, 4, ALWAYS;
        /// The timer, as a descriptor.
        TIMER, "timer", 92, 4, ALWAYS;
        /// Signals, as a descriptor.
        SIGNALS, "signals", 96, 4, ALWAYS;
        /// The executable itself, as a descriptor; a negative number if it cannot be opened.
        FILE, "file", 100, 4, ALWAYS;
        /// A result that only the next test needs.
        NOWHERE, "nowhere", 104, 4, Phase::CALLS;
        /// The number of the request's method.
        METHOD, "method", 104, 4, Phase::REQUEST;

        /// What is used at once: a `struct epoll_event`, or what the kernel writes, such as a `struct timespec`.
        SCRATCH, "scratch", 108, 16, Phase::BETWEEN;
        /// The quality of the coding that is parsed: twice the thousandths, or `content_coding::UNSAID`.
        QUALITY, "quality", SCRATCH.at, 4, Phase::FIELDS;
        /// The qualities of the codings, which are numbered from 1, 4 bytes each.
        QUALITIES, "qualities", SCRATCH.at + 4, 20, Phase::FIELDS;
        /// Numbers of a composed text, such as a `Content-Range`: first, last, length, count.
        NUMBERS, "numbers", SCRATCH.at, 16, Phase::CONDITIONS.or(Phase::REPLY).or(Phase::MESSAGE);
        /// Arguments of a system call.
        CALL_ARGS, "call_args", SCRATCH.at, 20, Phase::CALLS;
        /// `PORT`, or the spec's. A format may have it as one of the numbers, but once: its digits are written over it.
        PORT, "port", SCRATCH.at + 20, 4, Phase::CALLS;
        /// `LISTEN_PID`: the process that sockets are passed to.
        PASSED_TO, "passed_to", SCRATCH.at + 24, 4, Phase::CALLS;
        /// `LISTEN_FDS`: how many sockets are passed.
        PASSED_COUNT, "passed_count", SCRATCH.at + 28, 4, Phase::CALLS;
        /// Digits of a number, from the right.
        DIGITS, "digits", SCRATCH.at + 22, 10, Phase::REPLY.or(Phase::MESSAGE);

        /// A `struct pollfd` of the descriptor that a message goes to.
        SAID, "said", DIGITS.at + DIGITS.bytes, 8, Phase::MESSAGE.without_metrics();
        /// The reading end of the pipe by which the others tell the first worker that they listen.
        READY, "ready", SAID.at + 8, 4, Phase::ALWAYS.without_metrics();
        /// Its writing end.
        READY_SAID, "ready_said", SAID.at + 12, 4, Phase::ALWAYS.without_metrics();
        /// The address of the listening socket, a `struct sockaddr_in` or `sockaddr_in6`.
        ADDRESS, "address", SAID.at + 16, ADDRESS_BYTES, Phase::CALLS.without_metrics();
        /// Counters, which begin at 0.
        COUNTERS, "counters", SAID.at, counter::ALL_BYTES, Phase::ALWAYS.with_metrics();
        /// What the access log is written to: a description of the server's own, or [`crate::lower::abi::STDOUT`].
        OUTPUT, "output", COUNTERS.at + COUNTERS.bytes, 4, ALWAYS;
        /// The exit status.
        STATUS, "status", OUTPUT.at + 4, 4, ALWAYS;

        /// As [`SCRATCH`], for what is longer: a `struct signalfd_siginfo`, an affinity mask.
        LONG_SCRATCH, "long_scratch", STATUS.at + 4, 128, Phase::CALLS.or(Phase::MESSAGE).or(Phase::BETWEEN);
        /// The dates of a request and of a representation.
        DATES, "dates", LONG_SCRATCH.at, 32, Phase::CONDITIONS;
        /// Where the request's path begins, in programs that have a location with it.
        TARGET, "target", LONG_SCRATCH.at + 124, 4, Phase::REQUEST;
        /// The same as [`ADDRESS`], where the counters take its place.
        ADDRESS_ASIDE, "address", LONG_SCRATCH.at + 128, ADDRESS_BYTES, Phase::CALLS.with_metrics();
    }

    /// `epoll_event.events`: what is waited for.
    pub(crate) const EVENT: Var = SCRATCH;
    /// After the last digit of a number.
    pub(crate) const DIGITS_END: u32 = DIGITS.at + DIGITS.bytes;
    /// Bytes of the variables before [`EPOLL`]: no operation takes their addresses. Rows of the start name the others
    /// by their place.
    pub(crate) const WORD_BYTES: u32 = EPOLL.at;
    /// Bytes of a `struct sockaddr_in6`.
    const ADDRESS_BYTES: u32 = 28;
    /// Bytes of all variables.
    pub(crate) const BYTES: u32 = ADDRESS_ASIDE.at + ADDRESS_BYTES;
}

const _: () = assert!(var::ADDRESS.at + var::ADDRESS.bytes <= var::OUTPUT.at);

/// Counters of the metrics, 4 bytes each: their offsets from [`var::COUNTERS`].
pub(crate) mod counter {
    /// Four counters of replies, by the first digit of their status: 2 to 5.
    pub(crate) const REPLIES: u32 = 0;
    /// Bytes of content in replies: billions.
    pub(crate) const BILLIONS: u32 = 16;
    /// Bytes of content in replies: what is left.
    pub(crate) const BYTES: u32 = 20;
    /// Connections that were accepted.
    pub(crate) const ACCEPTED: u32 = 24;
    /// Connections that are open.
    pub(crate) const OPEN: u32 = 28;
    /// Idle connections that were closed for new ones.
    pub(crate) const CROWDED: u32 = 32;
    /// Incomplete requests that were given up for others.
    pub(crate) const GIVEN_UP: u32 = 36;
    /// Incomplete requests that were given up after their time.
    pub(crate) const LATE: u32 = 40;
    /// Connections that were closed because the kernel held too much for all of them.
    pub(crate) const HEAVY: u32 = 44;
    /// Bytes of all counters.
    pub(crate) const ALL_BYTES: u32 = 48;
}
