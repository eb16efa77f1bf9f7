//! How long the server waits for a client, and how much it must get or send in that time.

use asmgen_arch::op::Part;

/// Replies up to here are taken by any fresh connection's send buffer at once (net.ipv4.tcp_wmem is at least 4096).
pub(super) const SENT_AT_ONCE_BYTES: usize = 4096;
/// A client must take so much of a long reply in a second, on the average.
const LEAST_BYTES_PER_SECOND: u64 = 64 * 1024;

/// How long each wait for a client may be, so that all of them together are no longer than the server's timeout.
pub(super) struct Waits {
    /// Each receive, in microseconds.
    pub(super) receive_us: u64,
    /// A client that takes nothing of a long reply, in milliseconds.
    pub(super) stall_ms: u64,
    /// All of a long reply, in microseconds.
    pub(super) send_us: u64,
}

/// Microseconds in a second.
pub(super) const SECOND_US: u64 = 1_000_000;
/// Longest rest without free descriptors, in microseconds: no client is served meanwhile.
pub(super) const LONGEST_REST_US: u64 = 10 * SECOND_US;

impl Waits {
    /// Shares out a server's timeout; `stages` receives more than two may be needed, and `longest` is the length of the
    /// longest reply in bytes.
    pub(super) fn of(timeout_ms: u32, stages: u32, longest: usize) -> Self {
        // A receive for the beginning, one for each further stage, one for the rest; a stall counts as two of them.
        let receives = 2 + u64::from(stages);
        let parts = if longest > SENT_AT_ONCE_BYTES { receives + 2 } else { receives };
        let whole_us = u64::from(timeout_ms) * 1000;
        let receive_us = whole_us / parts;
        let send_us = whole_us + longest as u64 * SECOND_US / LEAST_BYTES_PER_SECOND;
        Self { receive_us, stall_ms: (2 * receive_us / 1000).max(1), send_us }
    }

    /// A wait as the words of a `timeval`.
    pub(super) fn words(wait_us: u64) -> Vec<Part> {
        [wait_us / SECOND_US, wait_us % SECOND_US].map(Part::Word).into()
    }
}
