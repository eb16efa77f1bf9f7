//! What is said when the server cannot go on, and the end; and how anything is said without waiting for who reads it.

use asmgen_arch::Machine;
use asmgen_arch::op::{Cond, DatumId, Op, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::asm::builder::{NO_WHY, at, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::vars::var;
use crate::lower::epoll::{Engine, Words};

/// Names of the errors that the calls of the start come to most, without the E that all of them begin with. Of others
/// the number is told.
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

/// The same of `clone`.
const NAME_OF_CLONE: (u8, &str) = (11, "AGAIN");

/// Exit status where it was used wrongly.
const USAGE: i64 = 2;

/// What stands for the name of others.
const NO_NAME: (u8, &str) = (0, "RRNO");

/// In formats: the port, which is [`var::PORT`]'s place among the numbers.
const PORT: char = (1 + (var::PORT.at - var::NUMBERS.at) / 4) as u8 as char;

/// How failures are told.
struct Messages {
    /// Who cannot listen; who cannot serve for another reason. Behind the name: the number.
    address: DatumId,
    serve: DatumId,
    number: DatumId,
}

impl Engine<'_> {
    /// One text: what is behind the second format is passed over like a name.
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

    /// The port in a format.
    pub(crate) fn port_text(&self) -> String {
        if self.server.epoll.port_env { PORT.to_string() } else { self.server.listen.port.to_string() }
    }

    /// The ends that are failures; `failed` is told the negative number of an error, in `n`.
    pub(crate) fn failures(&mut self) {
        let (n, q, c, status) = (self.s.n, self.s.q, self.s.c, self.s.v);
        let messages = self.messages();
        for (name, message) in
            [(At::WrongPort, "PORT must be 1 to 65535\n\0"), (At::PassedMany, "LISTEN_FDS must be 1\n\0")]
        {
            self.place(name);
            let text = self.text(message);
            self.set(q, text, NO_WHY);
            self.jump(At::Tell, NO_WHY);
        }
        self.place(At::FailedByAddress);
        self.set(q, messages.address, "how it is told that the listening address is not to be had");
        self.jump(At::FailedBy, NO_WHY);
        self.place(At::Failed);
        self.set(q, messages.serve, NO_WHY);
        self.place(At::FailedBy);
        self.program.push(Op::Negate { to: n }, "the error's number");
        self.put_four(frame(var::NUMBERS), n, NO_WHY);
        self.gosub(Routine::BeginText);
        self.four(n, frame(var::NUMBERS), NO_WHY);
        self.place(At::OtherName);
        self.next(c, q, NO_WHY);
        self.unless_zero(c, At::OtherName, "to the end of a name");
        self.next(c, q, "whose number");
        self.if_zero(c, At::Named, "that was the last");
        self.branch(c, Cond::Ne, n, At::OtherName, NO_WHY);
        self.place(At::Named);
        self.gosub(Routine::Format);
        self.set(q, messages.number, NO_WHY);
        self.gosub(Routine::Format);
        self.jump(At::SayFailure, NO_WHY);
        self.place(At::Tell);
        self.gosub(Routine::BeginText);
        self.place(At::SayFailure);
        self.set(self.s.t, abi::STDERR, NO_WHY);
        self.gosub(Routine::SayText);
        self.place(At::Exit1);
        self.set(status, 1i64, "failed");
        self.place(At::ExitWith);
        if self.has_workers() {
            self.put_four(frame(var::STATUS), status, NO_WHY);
            self.jump(At::EndNow, "the others end, too");
        } else {
            self.call(Call::Exit, &[Operand::Slot(status)], None, NO_WHY);
        }
        self.other_word();
        self.say_text();
        self.sub(Routine::BeginText);
        self.set(self.s.output, Operand::State(self.state.composed), NO_WHY);
        self.gosub(Routine::Format);
        self.ret(Routine::BeginText);
    }

    /// A word that is not `healthcheck`: a version if there is one, or how it is used.
    fn other_word(&mut self) {
        let Words { name, version } = self.words;
        self.place(At::OtherWord);
        let mut words = "healthcheck".to_owned();
        if !version.is_empty() {
            words += " | --version";
            self.unless_match(at(self.s.first, 0), b"--version\0", At::WrongWord, NO_WHY);
            self.tell(&format!("{name} {version}\n\0"), abi::STDOUT);
            self.jump(At::Exit, NO_WHY);
            self.place(At::WrongWord);
        }
        self.tell(&format!("usage: {name} [{words}]\n\0"), abi::STDERR);
        self.set(self.s.v, USAGE, NO_WHY);
        self.jump(At::ExitWith, NO_WHY);
    }

    /// Writes a format to a descriptor.
    pub(crate) fn tell(&mut self, text: &str, to: i64) {
        let text = self.text(text);
        self.set(self.s.q, text, NO_WHY);
        self.gosub(Routine::BeginText);
        self.set(self.s.t, to, NO_WHY);
        self.gosub(Routine::SayText);
    }

    /// No time, as `poll` is told on this machine.
    pub(crate) fn no_time(&self) -> Operand {
        // The kernel may write the time that is left: entries of descriptors below the first connection's are all 0.
        if self.machine == Machine::Aarch64 { Operand::State(self.state.table) } else { Operand::Const(0) }
    }

    /// Writes what is composed, up to `o`, to descriptor `t`, if that takes it at once: as much as a pipe with room takes.
    fn say_text(&mut self) {
        let (t, n, u, o) = (self.s.t, self.s.n, self.s.u, self.s.output);
        self.sub(Routine::SayText);
        // struct pollfd: descriptor, POLLOUT.
        // Counters begin at 0: with them it is aside.
        let said = if self.metrics.is_some() { var::LONG_SCRATCH.at } else { var::SAID.at };
        self.put_four(frame(said), t, NO_WHY);
        self.put_four(frame(said + 4), abi::POLLOUT, NO_WHY);
        let args = [Operand::Frame(said), Operand::Const(1), self.no_time(), Operand::Const(0), Operand::Any];
        self.call(Call::Poll, &args, Some(n), "does it take a page?");
        self.branch(n, Cond::Le, 0i64, At::Said, "no");
        self.set(u, Operand::State(self.state.composed), NO_WHY);
        self.take(o, u, "its length");
        self.four(t, frame(said), NO_WHY);
        self.call(Call::Write, &[Operand::Slot(t), Operand::Slot(u), Operand::Slot(o)], None, "say it");
        self.place(At::Said);
        self.ret(Routine::SayText);
    }
}
