//! Where tables, buffers and vectors lie in the state, and how many there are of each.
//!
//! The state is memory that is zero at the start. Nothing in it is ever allocated or freed: the spec's limits say how
//! many connections and buffers it has.

use asmgen_arch::op::FRAME_BELOW_BYTES;

use crate::lower::epoll::state::conn_entry::{buffer, entry};
use crate::lower::epoll::state::vars::var;
use crate::spec::EpollSettings;

/// Contents of so many bytes or more are sent from the file: the program does not copy them.
pub(crate) const LONG_BYTES: u32 = 64 * 1024;

/// Room for lines of the log, in bytes. A pipe that polls as writable takes so many at once (`PIPE_BUF`, pipe(7)).
pub(crate) const LOG_BYTES: u32 = 4096;
/// Most bytes of a request line in the log. The rest is cut off.
pub(crate) const LOG_REQUEST_BYTES: u32 = 2048;
/// With so many bytes in the log there may be no room for another line.
pub(crate) const LOG_FULL_BYTES: u32 = LOG_BYTES - LOG_REQUEST_BYTES - LOG_LINE_BYTES;
/// Most bytes of a line besides the request line.
const LOG_LINE_BYTES: u32 = 192;
/// log2 of the bytes that are kept of a client's address. A `struct sockaddr_in6` has 28.
pub(crate) const PEER_SHIFT: u8 = 5;

/// Most workers.
pub(crate) const MOST_WORKERS: u32 = 64;

/// Vectors of one batch.
pub(crate) const VECTORS: u32 = 64;
/// Most vectors of one reply: version, status, date, `Connection`, composed fields, stored fields, content.
pub(crate) const VECTORS_PER_REPLY: u32 = 7;
/// Most vectors of a reply with the request's path in its location. The location takes three: its beginning, the path,
/// a line end. Such a reply has no status of its own, and no composed fields.
pub(crate) const VECTORS_WITH_PATH: u32 = 8;
/// Most bytes of the composed fields of one reply: `Content-Range` and `Content-Length`.
pub(crate) const COMPOSED_BYTES: u32 = 128;
/// Most events of one `epoll_wait`.
pub(crate) const EVENTS: u32 = 64;
/// Descriptors that may be open besides connections.
const OTHER_DESCRIPTORS: u32 = 64;

/// The memory map: offsets in the state, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    /// The frame. Below it is room for what the machine keeps there.
    pub(crate) frame: u32,
    /// The table of connections.
    pub(crate) table: u32,
    /// What `epoll_wait` writes.
    pub(crate) events: u32,
    /// The vectors of the batch.
    pub(crate) vectors: u32,
    /// For each vector: the beginning of its request, and the log's length before its reply.
    pub(crate) marks: u32,
    /// For each vector: what was counted for its reply, see `Engine::counted`.
    pub(crate) counted: u32,
    /// Composed fields of the batch's replies.
    pub(crate) composed: u32,
    /// The decoded path of the request.
    pub(crate) path: u32,
    /// A `struct msghdr`.
    pub(crate) message: u32,
    /// An offset in the file, 8 bytes.
    pub(crate) offset: u32,
    /// The classes of bytes.
    pub(crate) classes: u32,
    /// Lines of the log.
    pub(crate) log: u32,
    /// The address of the client that `accept4` tells.
    pub(crate) peer: u32,
    /// The addresses of all clients, by descriptor.
    pub(crate) peers: u32,
    /// The processes of the workers, from 1 on.
    pub(crate) workers: u32,
    /// The buffers.
    pub(crate) buffers: u32,
    /// After the last buffer.
    pub(crate) buffers_end: u32,
    /// Bytes of a buffer.
    pub(crate) stride: u32,
    /// Count of the table's entries.
    pub(crate) entries: u32,
    /// Bytes of the state.
    pub(crate) bytes: u32,
}

impl State {
    /// The memory map of a server, on a machine with words and events of so many bytes.
    pub(crate) fn of(settings: &EpollSettings, word: u32, event_bytes: u32) -> Self {
        let mut end = 0;
        let mut room = |bytes: u32| {
            let start = end;
            end += bytes.next_multiple_of(16);
            start
        };
        let stride = (buffer::INPUT + settings.head_bytes + 1).next_multiple_of(64);
        let entries = settings.connections + OTHER_DESCRIPTORS;
        let vector_bytes = 2 * word;
        // What every request touches lies in few pages: the path's beginning beside the writable data, the others
        // beside the first connections. Decoding looks at three bytes before the path.
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
        // One that all connections share, and one more than the limit: between events a buffer is always free.
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
