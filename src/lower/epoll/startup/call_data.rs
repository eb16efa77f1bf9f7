//! Numbers and texts in memory that calls of the start are told of: they stand beside each other, so an argument that is
//! the address of one takes a byte (see `syscall_table`).

use asmgen_arch::op::{DatumId, Part};

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::startup::byte_classes::class;

pub(crate) const NEAR: u32 = 0x40;
pub(crate) const NEAR_END: u32 = 0x80;

/// How long a health check waits for a connection, and for its reply, in seconds.
const PATIENCE_SECONDS: u64 = 5;

/// So much may be in the kernel and not sent, in bytes.
const UNSENT_BYTES: u32 = 128 * 1024;

/// Half of what may be in the kernel and not read, in bytes.
const RECEIVED_BYTES: u32 = 32 * 1024;

/// What stands there, in its order.
#[derive(Clone, Copy)]
pub(crate) enum Near {
    /// A `struct timeval`: how long the health check waits. Its end is the beginning of the next.
    Patience,
    /// A `struct itimerspec`: one second and none, twice. Its numbers are ints, too: a word is 4 bytes at least.
    EverySecond,
    /// An int within that.
    Zero,
    /// Signals that are blocked; those that are asked for.
    Blocked,
    Asked,
    /// Ints. The zeros of each are also those of what stands before it.
    UnsentBytes,
    ReceivedBytes,
    /// The request of the health check.
    Request,
}

impl Engine<'_> {
    /// From the first to this, in bytes.
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

    /// The runs of the bytes' classes, and behind them all of these.
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

    /// One of these.
    pub(crate) fn near(&mut self, near: Near) -> DatumId {
        let offset = class::runs().len() as u32 + self.near_offset(near);
        let all = self.runs_and_near();
        self.program.datum_within(all, offset)
    }

    /// So far before the first that an argument is what to add.
    pub(crate) fn near_base(&mut self) -> DatumId {
        let all = self.runs_and_near();
        self.program.datum_within(all, class::runs().len() as u32 - NEAR)
    }
}
