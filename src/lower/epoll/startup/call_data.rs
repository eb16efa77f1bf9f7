//! Numbers and texts that calls of the start take by address. They lie beside each other, so such an argument takes one
//! byte of a row (see `syscall_table`).

use asmgen_arch::op::{DatumId, Part};

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::startup::byte_classes::class;

/// Arguments from this to [`NEAR_END`] are addresses of what lies here.
pub(crate) const NEAR: u32 = 0x40;
pub(crate) const NEAR_END: u32 = 0x80;

/// How long a health check waits for a connection, and for its reply, in seconds.
const PATIENCE_SECONDS: u64 = 5;

/// `TCP_NOTSENT_LOWAT`: how much the kernel may hold unsent, in bytes.
const UNSENT_BYTES: u32 = 128 * 1024;

/// `SO_RCVBUF`: the kernel may hold twice as much unread, in bytes.
const RECEIVED_BYTES: u32 = 32 * 1024;

/// What lies here, in this order.
#[derive(Clone, Copy)]
pub(crate) enum Near {
    /// A `struct timeval`: how long the health check waits. Its last word is the first of the next.
    Patience,
    /// A `struct itimerspec`: 1 s and 0 ns, twice. Its words also serve as ints: a word has at least 4 bytes.
    EverySecond,
    /// The int 0, within that structure.
    Zero,
    /// The set of signals that are blocked.
    Blocked,
    /// The set of signals that a descriptor tells of.
    Asked,
    /// Ints. The zeros that one begins with are the last bytes of what lies before it.
    UnsentBytes,
    ReceivedBytes,
    /// The request of the health check.
    Request,
}

impl Engine<'_> {
    /// Distance from the first to this one, in bytes.
    fn near_offset(&self, near: Near) -> u32 {
        let words = |count: u32| count * self.word;
        match near {
            Near::Patience => 0,
            Near::EverySecond => words(1),
            Near::Zero => words(1) + abi::INT_BYTES as u32,
            Near::Blocked => words(5),
            Near::Asked => words(5) + 8,
            Near::UnsentBytes => words(5) + 14,
            Near::ReceivedBytes => words(5) + 17,
            Near::Request => words(5) + 21,
        }
    }

    /// Its address, as an argument of a row.
    pub(crate) fn near_argument(&self, near: Near) -> u8 {
        let argument = NEAR + self.near_offset(near);
        assert!(argument < NEAR_END, "the last one begins before that");
        argument as u8
    }

    /// The runs of the bytes' classes, then all of these.
    pub(crate) fn runs_and_near(&mut self) -> DatumId {
        let word = Part::Word;
        let mut bytes = [self.blocked_signals(), self.asked_signals()].map(u64::to_le_bytes).concat();
        for int in [UNSENT_BYTES, RECEIVED_BYTES].map(u32::to_le_bytes) {
            let same = (0..4).rev().find(|&same| bytes.ends_with(&int[..same])).expect("no byte is the same");
            bytes.extend(&int[same..]);
        }
        assert_eq!(bytes.len() as u32, self.near_offset(Near::Request) - self.near_offset(Near::Blocked));
        bytes.extend(self.health_request().bytes());
        let seconds = [PATIENCE_SECONDS, 1, 0, 1, 0].map(word);
        let parts = [&[Part::Bytes(class::runs())][..], &seconds, &[Part::Bytes(bytes)]].concat();
        self.program.datum("classes of bytes: runs; numbers and a request of the start", parts, 0)
    }

    /// The datum of one of these.
    pub(crate) fn near(&mut self, near: Near) -> DatumId {
        let offset = class::runs().len() as u32 + self.near_offset(near);
        let all = self.runs_and_near();
        self.program.datum_within(all, offset)
    }

    /// [`NEAR`] bytes before the first: an argument added to it is the address.
    pub(crate) fn near_base(&mut self) -> DatumId {
        let all = self.runs_and_near();
        self.program.datum_within(all, class::runs().len() as u32 - NEAR)
    }
}
