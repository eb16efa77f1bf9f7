//! Arguments and environment: `PORT`, and a listening socket that systemd or podman pass.
//!
//! The kernel writes both as one array of addresses: the arguments, a zero, the variables of the environment, a zero
//! (fs/binfmt_elf.c, `create_elf_tables`).

use asmgen_arch::op::{Cond, Operand, Slot};
use asmgen_arch::syscall::Call;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, frame, sum};
use crate::lower::epoll::asm::labels::At;
use crate::lower::epoll::state::vars::var;

/// Variables of the environment that the server knows, each with its number in a variable of the frame. The last two
/// are those of socket activation (`sd_listen_fds(3)`).
const PORT: &str = "PORT=";
const PASSED_TO: &str = "LISTEN_PID=";
const PASSED_COUNT: &str = "LISTEN_FDS=";
/// The first digit.
const NOUGHT: i64 = b'0' as i64;
/// A number that reaches this keeps its value: one digit more fits 32 bits, and no valid number is as large.
const NUMBER_MAX: i64 = 0x00ff_ffff;

impl Engine<'_> {
    /// Reads the environment and the first argument.
    ///
    /// ```text
    /// PORT is a number from 1 to 65535    the port to listen on
    /// PORT is anything else               exit 1
    /// no argument                         serve
    /// the argument is `healthcheck`       ask the server of this image, see `healthcheck`
    /// the argument is another word        usage or version, see `failure`
    /// LISTEN_PID is this process          LISTEN_FDS sockets are passed
    /// LISTEN_PID is another, or none      no socket is passed, whatever LISTEN_FDS is
    /// ```
    pub(crate) fn environment(&mut self) {
        self.variables();
        self.place(At::VariablesEnd);
        let argument = self.s.first;
        self.if_zero(argument, At::Serve, "no argument: serve");
        self.unless_match(at(argument, 0), b"healthcheck\0", At::OtherWord, "the only command there is");
        self.jump(At::Healthcheck, "ask the server instead of serving");
        self.place(At::Serve);
        let (process, passed_to) = (self.s.n, self.local("process that sockets are passed to"));
        self.call(Call::Getpid, &[], Some(process), "this process, before there are others");
        self.branch(process, Cond::Lt, 0i64, At::Failed, "a sandbox may refuse the call");
        self.four(passed_to, frame(var::PASSED_TO), "LISTEN_PID, or 0");
        self.branch(passed_to, Cond::Eq, process, At::PassedToUs, "sd_listen_fds(3): the sockets are for this one");
        self.put_four(frame(var::PASSED_COUNT), 0i64, "they were for a parent process");
        self.place(At::PassedToUs);
        if self.has_workers() {
            self.put_four(frame(var::PASSED_TO), process, "the first worker: the others compare it with their parent");
        }
    }

    /// Stores the numbers of the known variables, and the address of the first argument.
    fn variables(&mut self) {
        let (arg, text, number, which) = (self.s.argument, self.s.long, self.s.n, self.s.id);
        let after_digits = self.s.c;
        let names = [PORT, PASSED_TO, PASSED_COUNT];
        let (names, first) = if self.server.epoll.port_env {
            self.put_four(frame(var::PORT), i64::from(self.server.listen.port), "unless the environment says another");
            (&names[..], var::PORT)
        } else {
            (&names[1..], var::PASSED_TO)
        };
        self.set(arg, Operand::Entry, "argc, then the arguments, then the environment");
        self.word(self.s.first, at(arg, 2 * self.word), "argv[1], or 0");
        self.word(text, at(arg, 0), "argc");
        let shift = if self.word == 8 { 3 } else { 2 };
        self.shl(text, shift, "bytes of the arguments' addresses");
        self.add(arg, text, "so two words after it is the first variable");
        self.place(At::Variable);
        self.word(text, at(arg, 2 * self.word), "a variable of the environment");
        self.if_zero(text, At::VariablesEnd, "the array ends with a 0");
        self.add(arg, self.word, "the next variable's place");
        self.known_text(names);
        self.byte(after_digits, at(text, 0), "the value's first byte");
        self.if_zero(after_digits, At::Variable, "an empty value is as none");
        self.decimal();
        self.shl(which, 2, "numbers have 4 bytes");
        self.set_address(self.s.vars, first, "numbers are stored in the order of the names");
        self.put_four(sum(self.s.vars, which, 0), number, "the value of this variable");
        if self.server.epoll.port_env {
            self.unless_zero(which, At::Variable, "only the port is checked here");
            self.port_to_address(number, after_digits);
        }
        self.jump(At::Variable, "the next variable");
    }

    /// Writes the port to the address to listen on, in the network's byte order; exit 1 if it is none.
    fn port_to_address(&mut self, port: Slot, after_digits: Slot) {
        self.branch(after_digits, Cond::Ne, -NOUGHT, At::WrongPort, "something follows the digits");
        self.if_zero(port, At::WrongPort, "port 0 would be any port");
        self.branch(port, Cond::Above, 0xffffi64, At::WrongPort, "a port has 16 bits");
        self.put_byte(frame(self.address_at() + 3), port, "sin_port, lower byte: the network's byte order");
        self.shr(port, 8, "upper byte of the port");
        self.put_byte(frame(self.address_at() + 2), port, "sin_port, upper byte");
    }

    /// Which of these names the text begins with, as a number from 0; the text's address is then after the name. If it
    /// is none of them, goes to the next variable.
    fn known_text(&mut self, names: &[&str]) {
        let (text, rest, which) = (self.s.long, self.s.text, self.s.id);
        let [byte, wanted, name] = ["byte", "wanted byte", "name"].map(|name| self.local(name));
        let list: Vec<u8> = names.iter().flat_map(|name| [name.as_bytes(), &[0]].concat()).collect();
        let list = self.bytes("variables", &list);
        self.set(name, Operand::Data(list), "the first name");
        self.set(which, 0i64, "its number");
        self.place(At::KnownText);
        self.set(rest, text, "each name is compared from the text's beginning");
        self.place(At::KnownByte);
        self.next(wanted, name, "a byte of the name");
        self.if_zero(wanted, At::KnownTextEnd, "all of the name has matched");
        self.next(byte, rest, "a byte of the text");
        self.branch(byte, Cond::Eq, wanted, At::KnownByte, "the same so far");
        self.place(At::UnknownByte);
        self.next(wanted, name, "what is left of the name");
        self.unless_zero(wanted, At::UnknownByte, "the next name follows its NUL");
        self.add(which, 1i64, "the next name");
        self.branch(which, Cond::Ne, names.len() as i64, At::KnownText, "names are left");
        self.jump(At::Variable, "a variable that the server does not know");
        self.place(At::KnownTextEnd);
        self.set(text, rest, "the value");
    }

    /// Reads the digits at the value. The number stops growing at [`NUMBER_MAX`]; without digits it is 0. Afterwards
    /// `c` is the byte after the digits, less [`NOUGHT`].
    fn decimal(&mut self) {
        let (text, number, digit) = (self.s.long, self.s.n, self.s.c);
        self.set(number, 0i64, "no digits make 0");
        self.place(At::DecimalDigit);
        self.byte(digit, at(text, 0), "a digit, if it is one");
        self.add(text, 1i64, "the byte after it");
        self.take(digit, NOUGHT, "the digit's value");
        self.branch(digit, Cond::Above, 9i64, At::DecimalEnd, "below `0` wraps round, so one comparison will do");
        self.branch(number, Cond::Above, NUMBER_MAX, At::DecimalDigit, "invalid already: it must not wrap round");
        self.mul(number, 10i64, "one place further left");
        self.add(number, digit, "the new last digit");
        self.jump(At::DecimalDigit, "the next digit");
        self.place(At::DecimalEnd);
    }
}
