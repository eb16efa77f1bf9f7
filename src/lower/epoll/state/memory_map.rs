//! Where tables, buffers and vectors lie in the state, and how many there are of each.

use asmgen_arch::op::FRAME_BELOW_BYTES;

use crate::lower::epoll::state::conn_entry::{buffer, entry};
use crate::lower::epoll::state::vars::var;
use crate::spec::EpollSettings;

/// Bodies from here on are sent without a copy in user space, in bytes.
pub(crate) const LONG_BYTES: u32 = 64 * 1024;

/// Bytes of the log that gather, at most: a pipe that can be written to takes so many at once (`PIPE_BUF`).
pub(crate) const LOG_BYTES: u32 = 4096;
/// Bytes of a request line in the log; the rest is cut off.
pub(crate) const LOG_REQUEST_BYTES: u32 = 2048;
/// From here on there may be no room for one line more.
pub(crate) const LOG_FULL_BYTES: u32 = LOG_BYTES - LOG_REQUEST_BYTES - LOG_LINE_BYTES;
/// Most bytes of a line besides the request line.
const LOG_LINE_BYTES: u32 = 192;
/// log2 of the bytes kept of a client's address: a `struct sockaddr_in6` has 28.
pub(crate) const PEER_SHIFT: u8 = 5;

/// Most processes that serve.
pub(crate) const MOST_WORKERS: u32 = 64;

/// Vectors of one batch.
pub(crate) const VECTORS: u32 = 64;
/// Most vectors of one reply: version, status, date, `Connection`, composed fields, stored fields, content.
pub(crate) const VECTORS_PER_REPLY: u32 = 7;
/// And of one whose location has the request's path: its beginning, the path, a line end; but no status of its own, and
/// no composed fields.
pub(crate) const VECTORS_WITH_PATH: u32 = 8;
/// Bytes of a composed piece of a head, at most: a `Content-Range` and a `Content-Length`.
pub(crate) const COMPOSED_BYTES: u32 = 128;
/// Events of one turn.
pub(crate) const EVENTS: u32 = 64;
/// Descriptors that may be open besides connections.
const OTHER_DESCRIPTORS: u32 = 64;

/// Offsets in the state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    /// The frame, with room for what the machine keeps below it.
    pub(crate) frame: u32,
    pub(crate) table: u32,
    pub(crate) events: u32,
    pub(crate) vectors: u32,
    /// Behind the vectors: the beginning of each vector's request, and the log's length before its reply.
    pub(crate) marks: u32,
    /// What was counted for each vector's reply: see `Engine::counted`.
    pub(crate) counted: u32,
    pub(crate) composed: u32,
    pub(crate) path: u32,
    /// A `struct msghdr`, and a file offset of 8 bytes.
    pub(crate) message: u32,
    pub(crate) offset: u32,
    /// The classes of bytes.
    pub(crate) classes: u32,
    /// Lines of the log; the address of the client that comes, and those of all clients.
    pub(crate) log: u32,
    pub(crate) peer: u32,
    pub(crate) peers: u32,
    /// Numbers of the workers' processes.
    pub(crate) workers: u32,
    pub(crate) buffers: u32,
    /// Behind the last buffer; bytes of one.
    pub(crate) buffers_end: u32,
    pub(crate) stride: u32,
    /// Entries of the table.
    pub(crate) entries: u32,
    pub(crate) bytes: u32,
}

impl State {
    /// The state of a server on a machine with words and events of so many bytes.
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
