//! Variables of the engine: their places in the frame, and when each is in use.
//!
//! Two variables may share bytes if they are never in use at the same time. A [`Phase`] says when that is, and the
//! compiler refuses a table in which two that share bytes have a phase in common.
//!
//! The first 128 bytes have the short form of an address on x86, so what is used most lies there.

use asmgen_arch::op::Variable;

/// When a variable is in use: a set of times, which follow each other. Some variables are there only in programs with
/// metrics, and some only in others; those times differ, too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Phase(u16);

/// How far the times of programs with metrics are from the others.
const METRICS_SHIFT: u16 = 8;

impl Phase {
    /// The calls of the start are made.
    pub(crate) const CALLS: Self = Self::of(1);
    /// A message is put together and written.
    pub(crate) const MESSAGE: Self = Self::of(2);
    /// Events that are not input of a client; descriptors and connections are told what to do next.
    pub(crate) const BETWEEN: Self = Self::of(4);
    /// A request line and its fields are read.
    pub(crate) const FIELDS: Self = Self::of(8);
    /// The fields are read again, for conditions and ranges.
    pub(crate) const CONDITIONS: Self = Self::of(16);
    /// A reply is put together, logged, and counted.
    pub(crate) const REPLY: Self = Self::of(32);
    /// Both times that the fields are read.
    pub(crate) const HEAD: Self = Self::FIELDS.or(Self::CONDITIONS);
    /// The whole request.
    pub(crate) const REQUEST: Self = Self::HEAD.or(Self::REPLY);
    /// From start to end.
    pub(crate) const ALWAYS: Self = Self::CALLS.or(Self::MESSAGE).or(Self::BETWEEN).or(Self::REQUEST);

    const fn of(bit: u16) -> Self {
        Self(bit | bit << METRICS_SHIFT)
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// In programs with metrics only.
    pub(crate) const fn with_metrics(self) -> Self {
        Self(self.0 >> METRICS_SHIFT << METRICS_SHIFT)
    }

    /// In programs without metrics only.
    pub(crate) const fn without_metrics(self) -> Self {
        Self(self.0 & ((1 << METRICS_SHIFT) - 1))
    }

    /// Is it a time of such a program?
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
    pub(crate) bytes: u32,
    pub(crate) alive: Phase,
}

impl Var {
    const fn end(self) -> u32 {
        self.at + self.bytes
    }

    /// Do two have bytes in common at a time when both are in use?
    const fn collides(self, other: Self) -> bool {
        self.at < other.end() && other.at < self.end() && self.alive.0 & other.alive.0 != 0
    }
}

impl From<Var> for u32 {
    fn from(variable: Var) -> Self {
        variable.at
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

/// The variables, for listings.
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
        /// Connections there are.
        CONNECTIONS, "connections", 4, 4, ALWAYS;
        /// Address of the first free buffer; the one after the last if all are in use.
        FREE_BUFFER, "free_buffer", 8, 4, ALWAYS;
        /// 0 while serving, 1 once asked to stop, 2 once the listener is closed.
        STOPPING, "stopping", 12, 4, ALWAYS;
        /// When the listener is closed.
        DRAINED, "drained", 16, 4, ALWAYS;
        /// When everything ends.
        END, "end", 20, 4, ALWAYS;
        /// Is the listener out of the epoll set until the next tick?
        PAUSED, "paused", 24, 4, ALWAYS;
        /// Bytes of the first reply that are with the client already; the uppermost bit, if it has said that it closes.
        SKIP, "skip", 28, 4, ALWAYS;
        /// Where the input at hand began.
        BEGAN, "began", 32, 4, ALWAYS;
        /// Where the input goes on that no batch has answered yet.
        CURSOR, "cursor", 36, 4, ALWAYS;
        /// The first vector of the reply at hand.
        FIRST, "first_vector", 40, 4, Phase::REPLY;
        /// The record of the route.
        ROUTE, "route", 40, 4, Phase::HEAD;
        /// What of a long reply is sent after the batch: its address.
        REST, "rest", 44, 4, Phase::REPLY;
        /// How far a field's value has been read.
        VALUE, "value", 44, 4, Phase::HEAD;
        /// What of a long reply is sent after the batch: its length.
        REST_LEN, "rest_len", 48, 4, ALWAYS;
        /// Bytes of the log that have gathered.
        LOG_LEN, "log_len", 52, 4, ALWAYS;
        /// Workers that this one has started, -1 in those.
        WORKERS, "workers", 56, 4, ALWAYS;
        /// What the kernel holds for all connections, in bytes: as measured last, and what has been sent since then;
        /// less than 0 while that is not too much.
        HELD, "held", 60, 4, ALWAYS;
        /// Where the next composed piece of a head goes.
        COMPOSED, "composed", 64, 4, ALWAYS;
        /// Where the input at hand ends.
        INPUT_END, "input_end", 72, 4, ALWAYS;
        /// The record of the error that a request gets if it does not end.
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
        /// The file itself, as a descriptor, or a negative number.
        FILE, "file", 100, 4, ALWAYS;
        /// Where results of calls go that nothing needs.
        NOWHERE, "nowhere", 104, 4, Phase::CALLS;
        /// The number of the request's method.
        METHOD, "method", 104, 4, Phase::REQUEST;

        /// What is forgotten at once: a `struct epoll_event`, or what the kernel writes (`struct timespec` and others).
        SCRATCH, "scratch", 108, 16, Phase::BETWEEN;
        /// The quality of the coding at hand: twice the thousandths, or `content_coding::UNSAID`.
        QUALITY, "quality", SCRATCH.at, 4, Phase::FIELDS;
        /// The qualities of codings, which are counted from 1, 4 bytes each.
        QUALITIES, "qualities", SCRATCH.at + 4, 20, Phase::FIELDS;
        /// Numbers of a `Content-Range` (first, last, length, count), and of other texts that are put together.
        NUMBERS, "numbers", SCRATCH.at, 16, Phase::CONDITIONS.or(Phase::REPLY).or(Phase::MESSAGE);
        /// Arguments of a system call.
        CALL_ARGS, "call_args", SCRATCH.at, 20, Phase::CALLS;
        /// Of the environment: a port. Formats may name it as one of the numbers, but once: digits are written over it.
        PORT, "port", SCRATCH.at + 20, 4, Phase::CALLS;
        /// Of the environment: which process a socket is passed to.
        PASSED_TO, "passed_to", SCRATCH.at + 24, 4, Phase::CALLS;
        /// Of the environment: how many sockets are passed.
        PASSED_COUNT, "passed_count", SCRATCH.at + 28, 4, Phase::CALLS;
        /// Digits of a number, up to the last.
        DIGITS, "digits", SCRATCH.at + 22, 10, Phase::REPLY.or(Phase::MESSAGE);

        /// A `struct pollfd` of what is written to.
        SAID, "said", DIGITS.at + DIGITS.bytes, 8, Phase::MESSAGE.without_metrics();
        /// The end of the pipe by which the first worker hears that the others are ready.
        READY, "ready", SAID.at + 8, 4, Phase::ALWAYS.without_metrics();
        /// The other end.
        READY_SAID, "ready_said", SAID.at + 12, 4, Phase::ALWAYS.without_metrics();
        /// The address of a socket, a `struct sockaddr_in` or `sockaddr_in6`.
        ADDRESS, "address", SAID.at + 16, ADDRESS_BYTES, Phase::CALLS.without_metrics();
        /// Counters, which begin at 0.
        COUNTERS, "counters", SAID.at, counter::ALL_BYTES, Phase::ALWAYS.with_metrics();
        /// What the access log is written to: a description of our own, or [`crate::lower::abi::STDOUT`].
        OUTPUT, "output", COUNTERS.at + COUNTERS.bytes, 4, ALWAYS;
        /// The exit status.
        STATUS, "status", OUTPUT.at + 4, 4, ALWAYS;

        /// The same as [`SCRATCH`] for what is longer: `struct signalfd_siginfo`, the cores there are.
        LONG_SCRATCH, "long_scratch", STATUS.at + 4, 128, Phase::CALLS.or(Phase::MESSAGE).or(Phase::BETWEEN);
        /// The dates of a request and of a representation.
        DATES, "dates", LONG_SCRATCH.at, 32, Phase::CONDITIONS;
        /// Where the path of the request begins, if a location asks for it.
        TARGET, "target", LONG_SCRATCH.at + 124, 4, Phase::REQUEST;
        /// The address of a socket where there are counters.
        ADDRESS_ASIDE, "address", LONG_SCRATCH.at + 128, ADDRESS_BYTES, Phase::CALLS.with_metrics();
    }

    /// Of a `struct epoll_event`, what is waited for.
    pub(crate) const EVENT: Var = SCRATCH;
    /// After the last digit of a number.
    pub(crate) const DIGITS_END: u32 = DIGITS.at + DIGITS.bytes;
    /// Bytes of those before [`EPOLL`]: no address of them is taken. The rows of the start name the others.
    pub(crate) const WORD_BYTES: u32 = EPOLL.at;
    const ADDRESS_BYTES: u32 = 28;
    /// Bytes of all of them.
    pub(crate) const BYTES: u32 = ADDRESS_ASIDE.at + ADDRESS_BYTES;
}

const _: () = assert!(var::ADDRESS.at + var::ADDRESS.bytes <= var::OUTPUT.at);

/// Counters, 4 bytes each, by their places in the frame.
pub(crate) mod counter {
    /// Replies by the first digit of their status: 2 to 5.
    pub(crate) const REPLIES: u32 = 0;
    /// Bytes of content: billions, and the rest.
    pub(crate) const BILLIONS: u32 = 16;
    pub(crate) const BYTES: u32 = 20;
    pub(crate) const ACCEPTED: u32 = 24;
    /// Connections that are open.
    pub(crate) const OPEN: u32 = 28;
    /// Limits that were hit: connections closed for others, requests given up for others, or after their time.
    pub(crate) const CROWDED: u32 = 32;
    pub(crate) const GIVEN_UP: u32 = 36;
    pub(crate) const LATE: u32 = 40;
    /// Connections closed because the kernel held too much for all of them.
    pub(crate) const HEAVY: u32 = 44;
    /// All of them.
    pub(crate) const ALL_BYTES: u32 = 48;
}
