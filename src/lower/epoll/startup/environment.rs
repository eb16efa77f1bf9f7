//! Arguments and environment: `PORT`, and a listening socket that systemd or podman pass.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, frame, sum};
use crate::lower::epoll::asm::labels::At;
use crate::lower::epoll::state::vars::var;

/// Variables of the environment that are looked at, and where their numbers go.
const PORT: &str = "PORT=";
const PASSED_TO: &str = "LISTEN_PID=";
const PASSED_COUNT: &str = "LISTEN_FDS=";
/// The first digit.
const NOUGHT: i64 = b'0' as i64;

impl Engine<'_> {
    /// `PORT`, and a listening socket that somebody passes.
    pub(crate) fn environment(&mut self) {
        let (arg, long, t, n, id) = (self.s.argument, self.s.long, self.s.t, self.s.n, self.s.id);
        let names = [PORT, PASSED_TO, PASSED_COUNT];
        let (names, first) = if self.server.epoll.port_env {
            self.put_four(frame(var::PORT), i64::from(self.server.listen.port), "unless there is another");
            (&names[..], var::PORT)
        } else {
            (&names[1..], var::PASSED_TO)
        };
        self.set(arg, Operand::Entry, "the arguments");
        self.word(self.s.first, at(arg, 2 * self.word), "the first one behind the program's name");
        self.word(long, at(arg, 0), "how many");
        let shift = if self.word == 8 { 3 } else { 2 };
        self.shl(long, shift, NO_WHY);
        self.add(arg, long, NO_WHY);
        self.place(At::Variable);
        self.word(long, at(arg, 2 * self.word), "a variable of the environment");
        self.if_zero(long, At::VariablesEnd, "the last one");
        self.add(arg, self.word, NO_WHY);
        self.known_text(names);
        self.byte(self.s.c, at(long, 0), NO_WHY);
        self.if_zero(self.s.c, At::Variable, "empty: as if it were not there");
        self.decimal();
        self.shl(id, 2, NO_WHY);
        self.set(self.s.vars, Operand::Frame(first.at), NO_WHY);
        self.put_four(sum(self.s.vars, id, 0), n, NO_WHY);
        if self.server.epoll.port_env {
            self.unless_zero(id, At::Variable, NO_WHY);
            self.branch(self.s.c, Cond::Ne, -NOUGHT, At::WrongPort, "no number");
            self.if_zero(n, At::WrongPort, "no port");
            self.branch(n, Cond::Above, 0xffffi64, At::WrongPort, "no port");
            self.put_byte(frame(self.address_at() + 3), n, "the port, in the network's order");
            self.shr(n, 8, NO_WHY);
            self.put_byte(frame(self.address_at() + 2), n, NO_WHY);
        }
        self.jump(At::Variable, NO_WHY);
        self.place(At::VariablesEnd);
        self.if_zero(self.s.first, At::Serve, "there is none");
        self.unless_match(at(self.s.first, 0), b"healthcheck\0", At::OtherWord, NO_WHY);
        self.jump(At::Healthcheck, NO_WHY);
        self.place(At::Serve);
        self.call(Call::Getpid, &[], Some(n), "this process, before there are others");
        self.branch(n, Cond::Lt, 0i64, At::Failed, NO_WHY);
        self.four(t, frame(var::PASSED_TO), NO_WHY);
        self.branch(t, Cond::Eq, n, At::PassedToUs, NO_WHY);
        self.put_four(frame(var::PASSED_COUNT), 0i64, "nothing is passed to it");
        self.place(At::PassedToUs);
        if self.has_workers() {
            self.put_four(frame(var::PASSED_TO), n, "the first worker");
        }
    }

    /// Which of these the text at `long` begins with, in `id`, `long` behind it; if with none, goes to the next variable.
    fn known_text(&mut self, texts: &[&str]) {
        let (long, wide, id, c, d, t) = (self.s.long, self.s.text, self.s.id, self.s.c, self.s.d, self.s.t);
        let list: Vec<u8> = texts.iter().flat_map(|text| [text.as_bytes(), &[0]].concat()).collect();
        let list = self.bytes("variables", &list);
        self.set(t, Operand::Data(list), NO_WHY);
        self.set(id, 0i64, NO_WHY);
        self.place(At::KnownText);
        self.set(wide, long, NO_WHY);
        self.place(At::KnownByte);
        self.next(d, t, NO_WHY);
        self.if_zero(d, At::KnownTextEnd, NO_WHY);
        self.next(c, wide, NO_WHY);
        self.branch(c, Cond::Eq, d, At::KnownByte, NO_WHY);
        self.place(At::UnknownByte);
        self.next(d, t, NO_WHY);
        self.unless_zero(d, At::UnknownByte, NO_WHY);
        self.add(id, 1i64, "the next one");
        self.branch(id, Cond::Ne, texts.len() as i64, At::KnownText, NO_WHY);
        self.jump(At::Variable, "another one");
        self.place(At::KnownTextEnd);
        self.set(long, wide, NO_WHY);
    }

    /// Reads the number at `long`, in `n`, all of its digits; in `c` the byte behind it, less [`NOUGHT`]. No digits make 0.
    fn decimal(&mut self) {
        let (long, n, c) = (self.s.long, self.s.n, self.s.c);
        self.set(n, 0i64, NO_WHY);
        self.place(At::DecimalDigit);
        self.byte(c, at(long, 0), NO_WHY);
        self.add(long, 1i64, NO_WHY);
        self.take(c, NOUGHT, NO_WHY);
        self.branch(c, Cond::Above, 9i64, At::DecimalEnd, NO_WHY);
        self.branch(n, Cond::Above, 0x00ff_ffffi64, At::DecimalDigit, "too large for anything");
        self.mul(n, 10i64, NO_WHY);
        self.add(n, c, NO_WHY);
        self.jump(At::DecimalDigit, NO_WHY);
        self.place(At::DecimalEnd);
    }
}
