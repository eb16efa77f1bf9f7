//! Where the engine's variables lie: the frame, the state, the table of connections, the records of replies.

use asmgen_arch::op::FRAME_BELOW_BYTES;

use super::metrics::counter;
use crate::lower::wire;
use crate::spec::EpollSettings;

/// Variables in the frame: offsets in bytes, 4 bytes each unless said otherwise. The first 128 bytes have the short form
/// of an address on x86.
pub(super) mod var {
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

/// Fields that say which part of a representation is wanted and whether it is, by their bits.
pub(super) const IF_MATCH: u32 = 1;
pub(super) const IF_NONE_MATCH: u32 = 2;
pub(super) const IF_RANGE: u32 = 4;
pub(super) const RANGE: u32 = 8;
pub(super) const ACCEPT_ENCODING: u32 = 16;

/// Fields that a request has, as bits, which are their numbers in the list of names.
pub(super) mod seen {
    /// Conditions and ranges, bits 0 to 3.
    pub(crate) const CONDITIONS: u32 = 0xf;
    /// Fields with a date: where their bits are; two bits further on, whether they do not count.
    pub(crate) const DATES: u32 = 3 << DATES_SHIFT;
    pub(crate) const DATES_SHIFT: u8 = 8;
    /// `Host` and `Content-Length` may come once; `Transfer-Encoding`.
    pub(crate) const HOST: u32 = 0x20;
    pub(crate) const LENGTH: u32 = 0x40;
    pub(crate) const CODING: u32 = 0x80;
}

/// What becomes of a connection, as bits; the last two stand in its word where its reply waits.
pub(super) mod flag {
    /// The client said `keep-alive`.
    pub(crate) const KEEP: u32 = 1;
    /// The request is HTTP/1.0.
    pub(crate) const OLD: u32 = 2;
    /// The client wants to close, or the server must.
    pub(crate) const CLOSE: u32 = 0x10;
    /// The fields are gone through again: the variant is known.
    pub(crate) const AGAIN: u32 = 4;
    /// Of the ranges that the request asks for one can be had; none of them counts.
    pub(crate) const PARTIAL: u32 = 0x40;
    /// Of the codings of the body so far the last is not `chunked`: one bit with [`PARTIAL`], for nothing has it at the end
    /// of the head.
    pub(crate) const NOT_CHUNKED: u32 = PARTIAL;
    /// There is a coding that is not known.
    pub(crate) const UNKNOWN: u32 = 0x80;
    pub(crate) const NO_RANGE: u32 = 8;
    /// It is closed slowly: behind the reply the client may still be sending.
    pub(crate) const SLOW: u32 = 0x20;
    /// Both of them.
    pub(crate) const CLOSING: u32 = CLOSE | SLOW;
}

/// The table of connections: 16 bytes each, indexed by descriptor.
pub(super) mod entry {
    /// Its deadline, in seconds since the start, in the upper 2 bytes; [`IN`] to [`super::flag::SLOW`] in the lower.
    /// All 0: there is no such connection, or nothing is known of it yet.
    pub(crate) const WORD: u32 = 0;
    /// Address of its buffer, or 0.
    pub(crate) const BUFFER: u32 = 4;
    /// What is left to send: address (0: the request is answered again) and length (then: what to leave out).
    pub(crate) const REST: u32 = 8;
    pub(crate) const REST_LEN: u32 = 12;
    /// What the epoll set waits for: `EPOLLIN`, `EPOLLOUT`.
    pub(crate) const IN: u32 = 1;
    pub(crate) const OUT: u32 = 4;
    /// What it waits for is more of a request, or its end behind the last reply.
    pub(crate) const HEADER: u32 = 2;
    pub(crate) const LINGER: u32 = 8;
    /// Bits of what a connection does: these four.
    pub(crate) const KIND: u32 = 15;
    /// Where the deadline begins.
    pub(crate) const DEADLINE_SHIFT: u8 = 16;
    /// log2 of its bytes.
    pub(crate) const SHIFT: u8 = 4;
}

/// A buffer: what a connection has sent of a request. The first is everybody's, and empty between events.
pub(super) mod buffer {
    /// Bytes in it.
    pub(crate) const LEN: u32 = 0;
    /// Of a free one: the address of the next; 0: the one behind it in memory, which has never been used.
    pub(crate) const NEXT: u32 = 4;
    /// Where they begin.
    pub(crate) const INPUT: u32 = 8;
}

/// What connections do; each has a timeout of its own.
pub(super) const IDLE: u32 = entry::IN;
pub(super) const HEADER: u32 = entry::IN | entry::HEADER;
pub(super) const WRITE: u32 = entry::OUT;
pub(super) const LINGER: u32 = entry::IN | entry::LINGER;

/// A record of a stored reply.
pub(super) mod record {
    /// Address of the status line.
    pub(crate) const STATUS_LINE: u32 = 0;
    /// Address and length of the fields behind those that every reply has, with the empty line.
    pub(crate) const START: u32 = 4;
    pub(crate) const HEAD: u32 = 8;
    /// Address and length of the content.
    pub(crate) const BODY: u32 = 12;
    pub(crate) const BODY_LEN: u32 = 16;
    /// Address of the route's path, ended by a NUL.
    pub(crate) const PATH: u32 = 20;
    /// Length of the status line; where the fields of a 206 begin; where those of a 304 do (0: no representation, and what
    /// is 206's is the length of what stands before the fields, in front of the request's path); and
    /// the next variant's coding, 2 bytes each.
    pub(crate) const LINE: u32 = 24;
    pub(crate) const TYPE: u32 = 26;
    pub(crate) const SHARED: u32 = 28;
    pub(crate) const CODING: u32 = 30;
    /// Bytes of a record; a variant stands right behind the one before it.
    pub(crate) const BYTES: u32 = 32;
}

/// How a reply begins that is put together when it is wanted.
pub(super) mod beginning {
    /// How far behind it the format of its composed fields is.
    pub(crate) const FORMAT: u32 = 0;
    /// Length of its status line without the version, and where that begins; the content of a refusal is the end of it.
    pub(crate) const LINE_LEN: u32 = 1;
    pub(crate) const LINE: u32 = 2;
}

/// From the end of the head: where the entity tag begins, in bytes.
pub(super) const ETAG_BEFORE_END: i32 = wire::ETAG_TO_END_BYTES as i32;
/// Bytes of the line with the date of a representation.
pub(super) const LAST_MODIFIED_BYTES: u32 = wire::LAST_MODIFIED_BYTES as u32;
/// Bytes of an entity tag with its quotes; of what stands before a status; of the line with the date; where in it the date
/// begins, and its bytes.
pub(super) const ETAG_BYTES: u32 = wire::ETAG_BYTES as u32;
pub(super) const VERSION_BYTES: u32 = wire::VERSION.len() as u32;
pub(super) const DATE_LINE_BYTES: u32 = wire::DATE_LINE_BYTES as u32;
pub(super) const DATE_AT: u32 = wire::DATE_AT as u32;
pub(super) const DATE_BYTES: u32 = wire::DATE_BYTES as u32;

/// Bodies from here on are sent without a copy in user space, in bytes.
pub(super) const LONG_BYTES: u32 = 64 * 1024;

/// Bytes of the log that gather, at most: a pipe that can be written to takes so many at once (`PIPE_BUF`).
pub(super) const LOG_BYTES: u32 = 4096;
/// Bytes of a request line in the log; the rest is cut off.
pub(super) const LOG_REQUEST_BYTES: u32 = 2048;
/// From here on there may be no room for one line more.
pub(super) const LOG_FULL_BYTES: u32 = LOG_BYTES - LOG_REQUEST_BYTES - LOG_LINE_BYTES;
/// Most bytes of a line besides the request line.
const LOG_LINE_BYTES: u32 = 192;
/// log2 of the bytes kept of a client's address: a `struct sockaddr_in6` has 28.
pub(super) const PEER_SHIFT: u8 = 5;

/// Most processes that serve.
pub(super) const MOST_WORKERS: u32 = 64;

/// Vectors of one batch.
pub(super) const VECTORS: u32 = 64;
/// Most vectors of one reply: version, status, date, `Connection`, composed fields, stored fields, content.
pub(super) const VECTORS_PER_REPLY: u32 = 7;
/// And of one whose location has the request's path: its beginning, the path, a line end; but no status of its own, and
/// no composed fields.
pub(super) const VECTORS_WITH_PATH: u32 = 8;
/// Bytes of a composed piece of a head, at most: a `Content-Range` and a `Content-Length`.
pub(super) const COMPOSED_BYTES: u32 = 128;
/// Events of one turn.
pub(super) const EVENTS: u32 = 64;
/// Descriptors that may be open besides connections.
const OTHER_DESCRIPTORS: u32 = 64;

/// Offsets in the state.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    /// The frame, with room for what the machine keeps below it.
    pub(super) frame: u32,
    pub(super) table: u32,
    pub(super) events: u32,
    pub(super) vectors: u32,
    /// Behind the vectors: the beginning of each vector's request, and the log's length before its reply.
    pub(super) marks: u32,
    /// What was counted for each vector's reply: see `Engine::counted`.
    pub(super) counted: u32,
    pub(super) composed: u32,
    pub(super) path: u32,
    /// A `struct msghdr`, and a file offset of 8 bytes.
    pub(super) message: u32,
    pub(super) offset: u32,
    /// The classes of bytes.
    pub(super) classes: u32,
    /// Lines of the log; the address of the client that comes, and those of all clients.
    pub(super) log: u32,
    pub(super) peer: u32,
    pub(super) peers: u32,
    /// Numbers of the workers' processes.
    pub(super) workers: u32,
    pub(super) buffers: u32,
    /// Behind the last buffer; bytes of one.
    pub(super) buffers_end: u32,
    pub(super) stride: u32,
    /// Entries of the table.
    pub(super) entries: u32,
    pub(super) bytes: u32,
}

impl State {
    /// The state of a server on a machine with words and events of so many bytes.
    pub(super) fn of(settings: &EpollSettings, word: u32, event_bytes: u32) -> Self {
        let mut end = 0;
        let mut room = |bytes: u32| {
            let start = end;
            end += bytes.next_multiple_of(16);
            start
        };
        let stride = (buffer::INPUT + settings.head_bytes + 1).next_multiple_of(64);
        let entries = settings.connections + OTHER_DESCRIPTORS;
        let vector_bytes = 2 * word;
        // What every request touches is in few pages: the path's beginning beside the writable data, and the others beside
        // the first connections. Three bytes before the path are looked at.
        let path = room(16 + settings.head_bytes + 16) + 16;
        let composed = room(VECTORS * COMPOSED_BYTES);
        let frame = room(FRAME_BELOW_BYTES + var::BYTES) + FRAME_BELOW_BYTES;
        let classes = room(256);
        let message = room(64);
        let offset = room(8);
        let vectors = room(VECTORS * vector_bytes);
        let marks = room(VECTORS * vector_bytes);
        let counted = room(if settings.metrics.is_some() { VECTORS * vector_bytes } else { 0 });
        let events = room(EVENTS * event_bytes);
        let table = room(entries << entry::SHIFT);
        let log = room(if settings.access_log { LOG_BYTES } else { 0 });
        let peer = room(1 << PEER_SHIFT);
        let peers = room(if settings.access_log { entries << PEER_SHIFT } else { 0 });
        let workers = room(4 * (MOST_WORKERS + 1));
        let buffers = room(0).next_multiple_of(64);
        // One for all, and one more than may be held: one is always free between events.
        let bytes = buffers + stride * (settings.partial_requests + 2);
        Self {
            frame,
            table,
            events,
            vectors,
            marks,
            counted,
            composed,
            path,
            message,
            offset,
            classes,
            log,
            peer,
            peers,
            workers,
            buffers,
            buffers_end: bytes,
            stride,
            entries,
            bytes,
        }
    }
}
