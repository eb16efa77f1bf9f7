//! An entry of the table of connections: 16 bytes, their bits, and the buffer that one of them names.

/// The table of connections has an entry for each descriptor, 16 bytes.
pub(crate) mod entry {
    /// The connection's word: its deadline in the upper 2 bytes, in seconds since the start; bits from [`IN`] to
    /// [`super::flag::SLOW`] in the lower 2. 0: there is no such connection, or the server has just accepted it.
    pub(crate) const WORD: u32 = 0;
    /// Address of the connection's buffer, or 0.
    pub(crate) const BUFFER: u32 = 4;
    /// Address of what is left to send; 0: the request is answered again.
    pub(crate) const REST: u32 = 8;
    /// Bytes of what is left to send. If the request is answered again: bytes of its reply to leave out.
    pub(crate) const REST_LEN: u32 = 12;
    /// The epoll set waits for input: `EPOLLIN`.
    pub(crate) const IN: u32 = 1;
    /// The epoll set waits for room to write: `EPOLLOUT`.
    pub(crate) const OUT: u32 = 4;
    /// The input that it waits for is the rest of a request.
    pub(crate) const HEADER: u32 = 2;
    /// The input that it waits for is the client's end, after the last reply.
    pub(crate) const LINGER: u32 = 8;
    /// These four bits: what a connection does.
    pub(crate) const KIND: u32 = 15;
    /// The first bit of the deadline.
    pub(crate) const DEADLINE_SHIFT: u8 = 16;
    /// log2 of the bytes of an entry.
    pub(crate) const SHIFT: u8 = 4;
}

/// What becomes of a connection, as bits of the slot `flags`. While a reply waits, its connection's word has
/// [`CLOSING`].
///
/// [`CLOSING`]: flag::CLOSING
pub(crate) mod flag {
    /// The client has said `Connection: keep-alive`.
    pub(crate) const KEEP: u32 = 1;
    /// The request is HTTP/1.0.
    pub(crate) const OLD: u32 = 2;
    /// The connection closes after the reply: the client wants it, or the server has to.
    pub(crate) const CLOSE: u32 = 0x10;
    /// The variant is chosen, and the fields are read again for conditions.
    pub(crate) const AGAIN: u32 = 4;
    /// The server can send one of the ranges that the request asks for.
    pub(crate) const PARTIAL: u32 = 0x40;
    /// The last transfer coding so far is not `chunked`. It shares a bit with [`PARTIAL`], which is set only after the
    /// head has been read.
    pub(crate) const NOT_CHUNKED: u32 = PARTIAL;
    /// The request has a transfer coding that the server does not know.
    pub(crate) const UNKNOWN: u32 = 0x80;
    /// The server ignores the ranges that the request asks for.
    pub(crate) const NO_RANGE: u32 = 8;
    /// The client may still be sending, so the server reads on after its last reply.
    pub(crate) const SLOW: u32 = 0x20;
    /// How the connection closes.
    pub(crate) const CLOSING: u32 = CLOSE | SLOW;
}

/// The connection waits for a request.
pub(crate) const IDLE: u32 = entry::IN;
/// The connection waits for the rest of a request.
pub(crate) const HEADER: u32 = entry::IN | entry::HEADER;
/// The connection waits until its client takes more of a reply.
pub(crate) const WRITE: u32 = entry::OUT;
/// The connection waits for the client's end. This and the three above have a timeout each.
pub(crate) const LINGER: u32 = entry::IN | entry::LINGER;

/// A buffer: what a connection has sent of a request. All connections share the first, which is empty between events.
pub(crate) mod buffer {
    /// Count of its bytes in use.
    pub(crate) const LEN: u32 = 0;
    /// Of a free buffer: the address of the next free one. 0: the next in memory, which has never been used.
    pub(crate) const NEXT: u32 = 4;
    /// Its first byte.
    pub(crate) const INPUT: u32 = 8;
}
