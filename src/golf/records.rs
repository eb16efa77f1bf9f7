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
    /// What it writes, where that is known and differs from the example's text in length.
    pub text: Option<&'static str>,
    /// Its exit code; none of programs that do not end by themselves.
    pub exit_code: Option<u8>,
    /// Its author and place of publication.
    pub source: &'static str,
    /// What it lacks beside the example, or does in another way; empty if nothing.
    pub lacks: &'static str,
}

impl Record {
    /// Bytes that it would have with a text of so many bytes.
    pub fn bytes_with(&self, text_bytes: usize) -> u32 {
        self.text.map_or(self.bytes, |text| self.bytes + text_bytes as u32 - text.len() as u32)
    }
}

/// All of them. Of several for one example and machine it is the smallest that runs on kernels from 5.10 on, with any
/// memory, and exits with 0. (81 and 77 bytes of x86_64 need more than 4 GiB; 60 of i386 exit with 14, and Linux 5.10
/// does not run them.)
pub static RECORDS: &[Record] = &[
    Record {
        example: "hello",
        target: "x86_64",
        bytes: 86,
        text: None,
        exit_code: Some(0),
        source: "lm978, tmpout.sh/3/22",
        lacks: "needs argc = 1; as published, a processor without protection keys",
    },
    Record {
        example: "hello",
        target: "i386",
        bytes: 62,
        text: Some("hello, world\n"),
        exit_code: Some(0),
        source: "Brian Raiter, muppetlabs.com/~breadbox/software/tiny/useless.html",
        lacks: "",
    },
    Record {
        example: "hello",
        target: "aarch64",
        bytes: 124,
        text: None,
        exit_code: Some(0),
        source: "eirv/TinyHelloWorld",
        lacks: "",
    },
    Record {
        example: "pause",
        target: "x86_64",
        bytes: 129,
        text: None,
        exit_code: None,
        source: "tianon/dockerfiles sleeping-beauty",
        lacks: "as process 1 it ignores SIGTERM and reaps no orphans",
    },
    Record {
        example: "pause",
        target: "i386",
        bytes: 91,
        text: None,
        exit_code: None,
        source: "nocturnalBadger/pause",
        lacks: "as process 1 it ignores SIGTERM and reaps no orphans",
    },
    Record {
        example: "ok",
        target: "x86_64",
        bytes: 229,
        text: None,
        exit_code: None,
        source: "Bahlinc-Dev/nash-f",
        lacks: "another port",
    },
    Record {
        example: "ok",
        target: "i386",
        bytes: 376,
        text: None,
        exit_code: None,
        source: "Akanoa, lafor.ge/http-smol",
        lacks: "linked by ld",
    },
    Record {
        example: "ok6",
        target: "x86_64",
        bytes: 224,
        text: None,
        exit_code: None,
        source: "Ar-Souyes, arsouyes.org/articles/2024/2024-11-21_MiniHttp",
        lacks: "",
    },
];

/// The record of an example on a machine.
pub fn record(example: &str, target: &str) -> Option<&'static Record> {
    RECORDS.iter().find(|record| (record.example, record.target) == (example, target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_with_another_text_is_compared_at_the_same() {
        let raiter = record("hello", "i386").expect("it is listed");
        let lengths = ["Hello, world!\n", "hello, world\n", ""].map(str::len);
        assert_eq!(lengths.map(|bytes| raiter.bytes_with(bytes)), [63, 62, 49]);
        assert_eq!(record("hello", "aarch64").map(|record| record.bytes_with(14)), Some(124));
    }

    #[test]
    fn what_ends_is_said_to_end_well() {
        let greets = |record: &&Record| record.example == "hello";
        let codes: Vec<_> = RECORDS.iter().filter(greets).map(|record| record.exit_code).collect();
        assert_eq!(codes, [Some(0); 3]);
        assert!(RECORDS.iter().filter(|record| !greets(record)).all(|record| record.exit_code.is_none()));
    }
}
