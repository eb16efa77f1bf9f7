//! Failures: the message on standard error, the exit status, and how a message is written without waiting for its
//! reader.

use asmgen_arch::Machine;
use asmgen_arch::op::{Cond, DatumId, Op, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::asm::builder::{at, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::vars::var;
use crate::lower::epoll::{Engine, Words};

/// Names of the errors that calls of the start return most often, without the E that all of them begin with. The
/// message for any other error has its number alone (include/uapi/asm-generic/errno-base.h, errno.h).
const NAMES: [(u8, &str); 10] = [
    (1, "PERM"),
    (9, "BADF"),
    (12, "NOMEM"),
    (13, "ACCES"),
    (22, "INVAL"),
    (24, "MFILE"),
    (28, "NOSPC"),
    (38, "NOSYS"),
    (98, "ADDRINUSE"),
    (99, "ADDRNOTAVAIL"),
];

/// What `clone` returns at a limit of processes.
const NAME_OF_CLONE: (u8, &str) = (11, "AGAIN");

/// Exit status after wrong arguments.
const USAGE: i64 = 2;

/// Instead of a name: with the E before it, `ERRNO`.
const NO_NAME: (u8, &str) = (0, "RRNO");

/// In formats: the port. A format's byte n stands for the n-th of [`var::NUMBERS`], and [`var::PORT`] is one of them.
const PORT: char = (1 + (var::PORT.at - var::NUMBERS.at) / 4) as u8 as char;

/// Formats of the message about a failure.
struct Messages {
    /// Its beginning if the server cannot listen, up to the error's name.
    address: DatumId,
    /// Its beginning for any other reason.
    serve: DatumId,
    /// Its end, after the error's name: the number.
    number: DatumId,
}

impl Engine<'_> {
    /// All formats and the names of errors, as one text. A search for a name starts at the format's end and passes over
    /// whatever formats follow, as over names.
    fn messages(&mut self) -> Messages {
        let listen = self.server.listen.to_string();
        let host = listen.strip_suffix(&self.server.listen.port.to_string()).expect("the port is the end");
        let address = format!("cannot listen on {host}{}: E\0", self.port_text());
        let (serve, number) = ("cannot serve: E\0", " (\x01)\n\0");
        let of_clone = self.has_workers().then_some(NAME_OF_CLONE);
        let names = NAMES.into_iter().chain(of_clone).chain([NO_NAME]);
        let names = names.flat_map(|(number, name)| [&[number], name.as_bytes(), &[0]].concat());
        let text: Vec<u8> = [address.as_bytes(), serve.as_bytes(), number.as_bytes()].concat();
        let text: Vec<u8> = text.into_iter().chain(names).collect();
        let text = self.bytes("messages, and names of errors", &text);
        let at = address.len() as u32;
        let number = self.program.datum_within(text, at + serve.len() as u32);
        Messages { address: text, serve: self.program.datum_within(text, at), number }
    }

    /// The port, as a format has it.
    pub(crate) fn port_text(&self) -> String {
        if self.server.epoll.port_env { PORT.to_string() } else { self.server.listen.port.to_string() }
    }

    /// Failures. The negative number of the error is in `n`.
    ///
    /// ```text
    /// jump to            message                           then
    /// WrongPort          PORT must be 1 to 65535           exit 1
    /// PassedMany         LISTEN_FDS must be 1              exit 1
    /// FailedByAddress    cannot listen on …: ENAME (n)     exit 1
    /// Failed             cannot serve: ENAME (n)           exit 1
    /// Exit1              none                              exit 1
    /// OtherWord          version, or usage                 exit 0, or 2
    /// ExitWith           none                              exit with the status in `v`
    /// ```
    ///
    /// Where there are workers, every exit first ends the others.
    pub(crate) fn failures(&mut self) {
        let (format, status) = (self.s.q, self.s.v);
        let messages = self.messages();
        for (name, message) in
            [(At::WrongPort, "PORT must be 1 to 65535\n\0"), (At::PassedMany, "LISTEN_FDS must be 1\n\0")]
        {
            self.place(name);
            let text = self.text(message);
            self.set(format, text, "what is wrong with the environment");
            self.jump(At::Tell, "tell it and exit 1");
        }
        self.error_of_call(&messages);
        self.place(At::Tell);
        self.gosub(Routine::BeginText);
        self.place(At::SayFailure);
        self.set(self.s.t, abi::STDERR, "messages of failures");
        self.gosub(Routine::SayText);
        self.place(At::Exit1);
        self.set(status, 1i64, "failed");
        self.place(At::ExitWith);
        if self.has_workers() {
            self.put_four(frame(var::STATUS), status, "the others end before this one exits");
            self.jump(At::EndNow, "the others end, too");
        } else {
            self.call(Call::Exit, &[Operand::Slot(status)], None, "nothing else has to end");
        }
        self.other_word();
        self.say_text();
        self.sub(Routine::BeginText);
        self.set(self.s.output, Operand::State(self.state.composed), "no reply is composed now");
        self.gosub(Routine::Format);
        self.ret(Routine::BeginText);
    }

    /// Composes the message about a call that has failed: the format's text, the error's name, its number.
    fn error_of_call(&mut self, messages: &Messages) {
        let (error, format, byte) = (self.s.n, self.s.q, self.s.c);
        self.place(At::FailedByAddress);
        self.set(format, messages.address, "the listening address is to blame");
        self.jump(At::FailedBy, "the rest is the same for all");
        self.place(At::Failed);
        self.set(format, messages.serve, "no address to name");
        self.place(At::FailedBy);
        self.program.push(Op::Negate { to: error }, "the kernel returns errors as negative numbers");
        self.put_four(frame(var::NUMBERS), error, "for the end of the message");
        self.gosub(Routine::BeginText);
        self.four(error, frame(var::NUMBERS), "formatting has used its register");
        self.place(At::OtherName);
        self.next(byte, format, "names follow the formats");
        self.unless_zero(byte, At::OtherName, "to the end of a name");
        self.next(byte, format, "the number of the next name");
        self.if_zero(byte, At::Named, "the last one stands for every other error");
        self.branch(byte, Cond::Ne, error, At::OtherName, "the name of another error");
        self.place(At::Named);
        self.gosub(Routine::Format);
        self.set(format, messages.number, "the number helps where there is no name");
        self.gosub(Routine::Format);
        self.jump(At::SayFailure, "the message is complete");
    }

    /// An argument that is not `healthcheck`.
    ///
    /// ```text
    /// `--version`, and the spec has a version    print it, exit 0
    /// anything else                              usage, exit 2
    /// ```
    fn other_word(&mut self) {
        let Words { name, version } = self.words;
        self.place(At::OtherWord);
        let mut words = "healthcheck".to_owned();
        if !version.is_empty() {
            words += " | --version";
            self.unless_match(at(self.s.first, 0), b"--version\0", At::WrongWord, "the other word that is known");
            self.tell(&format!("{name} {version}\n\0"), abi::STDOUT);
            self.jump(At::Exit, "the version was all that was wanted");
            self.place(At::WrongWord);
        }
        self.tell(&format!("usage: {name} [{words}]\n\0"), abi::STDERR);
        self.set(self.s.v, USAGE, "as shells do for wrong usage");
        self.jump(At::ExitWith, "it does not serve");
    }

    /// Writes a format to a descriptor.
    pub(crate) fn tell(&mut self, text: &str, to: i64) {
        let text = self.text(text);
        self.set(self.s.q, text, "the format of the message");
        self.gosub(Routine::BeginText);
        self.set(self.s.t, to, if to == abi::STDERR { "messages of failures" } else { "what was asked for" });
        self.gosub(Routine::SayText);
    }

    /// No time, as `poll` takes it on this machine: a `struct timespec` of zeros, or a number.
    pub(crate) fn no_time(&self) -> Operand {
        // The kernel may write the time that is left to the structure. Entries of descriptors below the first
        // connection's are all 0.
        if self.machine == Machine::Aarch64 { Operand::State(self.state.table) } else { Operand::Const(0) }
    }

    /// Writes the composed text, up to `output`, to descriptor `t`, if it can be written without waiting. A pipe that
    /// polls as writable takes a page (fs/pipe.c).
    fn say_text(&mut self) {
        let (fd, ready, text, len) =
            (self.s.t, self.local("descriptors that are ready"), self.local("composed"), self.s.output);
        self.sub(Routine::SayText);
        // Where there are counters, they begin at 0 and lie where the structure is otherwise.
        let pollfd = if self.metrics.is_some() { var::LONG_SCRATCH } else { var::SAID };
        self.put_four(frame(pollfd), fd, "pollfd.fd");
        self.put_four(frame(pollfd.byte(4)), abi::POLLOUT, "pollfd.events");
        let args = [Operand::Frame(pollfd.at), Operand::Const(1), self.no_time(), Operand::Const(0), Operand::Any];
        self.call(Call::Poll, &args, Some(ready), "can a page be written without waiting?");
        self.branch(ready, Cond::Le, 0i64, At::Said, "no reader: no server waits for its messages");
        self.set(text, Operand::State(self.state.composed), "where the text begins");
        self.take(len, text, "its length");
        self.four(fd, frame(pollfd), "the call has used its register");
        self.call(Call::Write, &[Operand::Slot(fd), Operand::Slot(text), Operand::Slot(len)], None, "the message");
        self.place(At::Said);
        self.ret(Routine::SayText);
    }
}
