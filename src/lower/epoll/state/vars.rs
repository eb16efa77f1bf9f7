//! Variables of the engine: their places in the frame.

/// Variables in the frame: offsets in bytes, 4 bytes each unless said otherwise. The first 128 bytes have the short form
/// of an address on x86.
pub(crate) mod var {
    use super::counter;

    /// Seconds since the start, without those in which the process was stopped.
    pub(crate) const NOW: u32 = 0;
    /// Connections there are.
    pub(crate) const CONNECTIONS: u32 = 4;
    /// Address of the first free buffer; the one behind the last where all are in use.
    pub(crate) const FREE_BUFFER: u32 = 8;
    /// 0 while serving, 1 once asked to stop, 2 once the listener is closed.
    pub(crate) const STOPPING: u32 = 12;
    /// When the listener is closed, and when everything ends.
    pub(crate) const DRAINED: u32 = 16;
    pub(crate) const END: u32 = 20;
    /// Is the listener out of the epoll set until the next tick?
    pub(crate) const PAUSED: u32 = 24;
    /// Bytes of the first reply that are with the client already; the uppermost bit, if it has said that it closes.
    pub(crate) const SKIP: u32 = 28;
    /// Where the input at hand began.
    pub(crate) const BEGAN: u32 = 32;
    /// Where the input goes on that no batch has answered yet.
    pub(crate) const CURSOR: u32 = 36;
    /// The first vector of the reply at hand.
    pub(crate) const FIRST: u32 = 40;
    /// Where the next composed piece of a head goes.
    pub(crate) const COMPOSED: u32 = 64;
    /// The same place while the head is read: the record of the route.
    pub(crate) const ROUTE: u32 = FIRST;
    /// What of a long reply is sent behind the batch: address, length.
    pub(crate) const REST: u32 = 44;
    /// The first's place while the head is read: how far a field's value has been read.
    pub(crate) const VALUE: u32 = REST;
    pub(crate) const REST_LEN: u32 = 48;
    /// Bytes of the log that have gathered.
    pub(crate) const LOG_LEN: u32 = 52;
    /// Workers that this one has started, -1 in those; and the exit status.
    pub(crate) const WORKERS: u32 = 56;
    pub(crate) const STATUS: u32 = OUTPUT + 4;
    /// What the kernel holds for all connections, in bytes: as it was weighed last, and what has been sent since then;
    /// less than 0 while that is not too much.
    pub(crate) const HELD: u32 = 60;
    /// Where the input at hand ends; the record of the error that a request gets if it does not end.
    pub(crate) const INPUT_END: u32 = 72;
    pub(crate) const PHASE: u32 = 76;
    /// Where the field lines of the request begin.
    pub(crate) const FIELD_LINES: u32 = 80;
    /// Bytes of those before [`EPOLL`]: nothing points to them. To the others the script of the start does.
    pub(crate) const WORD_BYTES: u32 = EPOLL;
    /// The epoll descriptor.
    pub(crate) const EPOLL: u32 = 84;
    /// The listening socket; the timer; signals, as a descriptor.
    pub(crate) const LISTENER: u32 = 88;
    pub(crate) const TIMER: u32 = 92;
    pub(crate) const SIGNALS: u32 = 96;
    /// The file itself, or a negative number.
    pub(crate) const FILE: u32 = 100;
    /// Where results go that nobody wants, at the start; then the number of the request's method.
    pub(crate) const NOWHERE: u32 = 104;
    pub(crate) const METHOD: u32 = NOWHERE;
    /// Of the environment: a port, which formats may name; which process a socket is passed to, and how many sockets. They
    /// are beside the arguments of calls, and gone where a number is written.
    pub(crate) const PORT: u32 = CALL_ARGS + 20;
    pub(crate) const PASSED_TO: u32 = PORT + 4;
    pub(crate) const PASSED_COUNT: u32 = PASSED_TO + 4;
    /// A `struct pollfd` of what is written to.
    pub(crate) const SAID: u32 = DIGITS_END;
    /// At the start: both ends of the pipe by which workers say that they are ready.
    pub(crate) const READY: u32 = SAID + 8;
    pub(crate) const READY_SAID: u32 = READY + 4;
    /// A place for what is forgotten at once: a `struct epoll_event`, and what the kernel writes (`struct timespec` and
    /// others), 32 bytes. It is also what a request has until its reply is chosen:
    pub(crate) const SCRATCH: u32 = 108;
    /// Of a `struct epoll_event`, what is waited for.
    pub(crate) const EVENT: u32 = SCRATCH;
    /// Qualities of codings, 4 bytes each: twice the thousandths, or `encoding::UNSAID`. They are read before the fields
    /// are gone through again.
    pub(crate) const QUALITIES: u32 = SCRATCH;
    /// The quality of the coding at hand: codings are counted from 1.
    pub(crate) const QUALITY: u32 = QUALITIES;
    /// And, from there on, numbers of a `Content-Range`: first, last, length, count. Digits of a number stand before
    /// [`DIGITS_END`].
    pub(crate) const NUMBERS: u32 = SCRATCH;
    pub(crate) const DIGITS_END: u32 = NUMBERS + 32;
    /// At the start: arguments of a system call.
    pub(crate) const CALL_ARGS: u32 = SCRATCH;
    /// At the start: the address of a socket, a `struct sockaddr_in` or `sockaddr_in6`. Where there are counters, which
    /// begin at 0, it is aside.
    pub(crate) const ADDRESS: u32 = READY_SAID + 4;
    pub(crate) const ADDRESS_ASIDE: u32 = LONG_SCRATCH + 128;
    pub(crate) const ADDRESS_BYTES: u32 = 28;
    /// Counters.
    pub(crate) const COUNTERS: u32 = DIGITS_END;
    /// What the access log is written to: a description of our own, or [`crate::lower::abi::STDOUT`].
    pub(crate) const OUTPUT: u32 = COUNTERS + counter::ALL_BYTES;
    /// A place for what the kernel writes that is longer: `struct signalfd_siginfo`, the cores there are, 128 bytes.
    pub(crate) const LONG_SCRATCH: u32 = STATUS + 4;
    /// The end of that place while a request is read: where its path begins, if a location wants to know.
    pub(crate) const TARGET: u32 = LONG_SCRATCH + 124;
    /// Bytes of all of them.
    pub(crate) const BYTES: u32 = ADDRESS_ASIDE + ADDRESS_BYTES;
}

const _: () = assert!(var::ADDRESS + var::ADDRESS_BYTES <= var::OUTPUT);

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
