//! The smallest published programs that do what the examples do, as far as they are known.

/// A published program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Record {
    /// Name of the example that does the same.
    pub example: &'static str,
    /// Name of the machine.
    pub target: &'static str,
    /// Bytes of the file.
    pub bytes: u32,
    /// Who published it, and where.
    pub source: &'static str,
    /// What it lacks beside the example; empty if nothing.
    pub lacks: &'static str,
}

/// All of them; of several for one example and machine the smallest that runs on current kernels.
pub static RECORDS: &[Record] = &[
    Record {
        example: "hello",
        target: "x86_64",
        bytes: 86,
        source: "lm978, tmpout.sh/3/22",
        lacks: "needs argc = 1, and segments that can be run but not read",
    },
    Record {
        example: "hello",
        target: "i386",
        bytes: 62,
        source: "Brian Raiter, muppetlabs.com/~breadbox/software/tiny/useless.html",
        lacks: "exits with a number that is not 0",
    },
    Record { example: "hello", target: "aarch64", bytes: 124, source: "eirv/TinyHelloWorld", lacks: "" },
    Record {
        example: "pause",
        target: "x86_64",
        bytes: 129,
        source: "tianon/dockerfiles sleeping-beauty",
        lacks: "ignores SIGTERM, reaps nobody",
    },
    Record {
        example: "pause",
        target: "i386",
        bytes: 91,
        source: "nocturnalBadger/pause",
        lacks: "ignores SIGTERM, reaps nobody",
    },
    Record { example: "ok", target: "x86_64", bytes: 229, source: "Bahlinc-Dev/nash-f", lacks: "" },
    Record { example: "ok", target: "i386", bytes: 376, source: "Akanoa, lafor.ge/http-smol", lacks: "" },
    Record {
        example: "ok6",
        target: "x86_64",
        bytes: 224,
        source: "Ar-Souyes, arsouyes.org/articles/2024/2024-11-21_MiniHttp",
        lacks: "",
    },
];

/// The record of an example on a machine.
pub fn record(example: &str, target: &str) -> Option<&'static Record> {
    RECORDS.iter().find(|record| (record.example, record.target) == (example, target))
}
