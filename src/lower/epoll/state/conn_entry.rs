//! The 16 bytes that the table of connections has for each, their bits, and the buffers that they name.

/// The table of connections: 16 bytes each, indexed by descriptor.
pub(crate) mod entry {
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

/// What becomes of a connection, as bits; the last two stand in its word where its reply waits.
pub(crate) mod flag {
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

/// What connections do; each has a timeout of its own.
pub(crate) const IDLE: u32 = entry::IN;
pub(crate) const HEADER: u32 = entry::IN | entry::HEADER;
pub(crate) const WRITE: u32 = entry::OUT;
pub(crate) const LINGER: u32 = entry::IN | entry::LINGER;

/// A buffer: what a connection has sent of a request. The first is everybody's, and empty between events.
pub(crate) mod buffer {
    /// Bytes in it.
    pub(crate) const LEN: u32 = 0;
    /// Of a free one: the address of the next; 0: the one behind it in memory, which has never been used.
    pub(crate) const NEXT: u32 = 4;
    /// Where they begin.
    pub(crate) const INPUT: u32 = 8;
}
