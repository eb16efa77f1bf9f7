//! The start: arguments and environment, signals, the listening socket, the epoll set.

use asmgen_arch::op::{Arg, Cond};
use asmgen_arch::syscall::Call;

use super::build::{at, frame, sum};
use super::layout::var;
use super::near::Near;
use super::script::{Given, Row};
use super::turn::{FIRST_CONNECTION, LISTENER, SIGNALS, TIMER};
use super::{Engine, abi, class};
use crate::lower::socket;
use crate::spec::Listen;

/// First descriptor that systemd or podman pass (`sd_listen_fds(3)`).
const PASSED: i64 = 3;
/// Variables of the environment that are looked at, and where their numbers go.
const PORT: &str = "PORT=";
const PASSED_TO: &str = "LISTEN_PID=";
const PASSED_COUNT: &str = "LISTEN_FDS=";
/// The first digit.
const NOUGHT: i64 = b'0' as i64;

/// The names of what is watched from the start are the order of its descriptors.
const _: () = assert!(var::TIMER - var::LISTENER == 4 * (TIMER - LISTENER));
const _: () = assert!(var::SIGNALS - var::LISTENER == 4 * (SIGNALS - LISTENER) && SIGNALS + 1 == FIRST_CONNECTION);

impl Engine<'_> {
    pub(super) fn start(&mut self) {
        self.set(self.s.classes, Arg::State(self.state.classes), "classes of bytes");
        self.set(self.s.table, Arg::State(self.state.table), "the table of connections");
        self.classes();
        if self.has_workers() {
            self.before_workers();
        }
        self.address();
        self.environment();
        self.fork();
        self.descriptors();
        self.jump("turn", "");
        self.healthcheck();
        self.script();
    }

    /// Writes the table of the bytes' classes, which is longer than what says what they are.
    fn classes(&mut self) {
        let (q, c, d, t, bit) = (self.s.q, self.s.c, self.s.d, self.s.t, self.s.u);
        let runs = self.runs_and_near();
        self.set(q, Arg::Data(runs), "");
        self.set(bit, class::BLANK, "the first class");
        self.place("run");
        self.next(c, q, "first byte of a run");
        self.if_zero(c, "next_class", "");
        self.next(d, q, "its last");
        self.place("in_class");
        self.byte(t, sum(self.s.classes, c, 0), "");
        self.or(t, bit, "");
        self.put_byte(sum(self.s.classes, c, 0), t, "it is of this class");
        self.add(c, 1i64, "");
        self.branch(c, Cond::BelowOrEqual, d, "in_class", "");
        self.jump("run", "");
        self.place("next_class");
        self.shr(bit, 1, "");
        self.unless_zero(bit, "run", "");
    }

    /// `PORT`, and a listening socket that somebody passes.
    fn environment(&mut self) {
        let (arg, long, t, n, id) = (self.s.argument, self.s.long, self.s.t, self.s.n, self.s.id);
        let names = [PORT, PASSED_TO, PASSED_COUNT];
        let (names, first) = if self.server.epoll.port_env {
            self.put_four(frame(var::PORT), i64::from(self.server.listen.port), "unless there is another");
            (&names[..], var::PORT)
        } else {
            (&names[1..], var::PASSED_TO)
        };
        self.set(arg, Arg::Entry, "the arguments");
        self.word(self.s.first, at(arg, 2 * self.word), "the first one behind the program's name");
        self.word(long, at(arg, 0), "how many");
        let shift = if self.word == 8 { 3 } else { 2 };
        self.shl(long, shift, "");
        self.add(arg, long, "");
        self.place("variable");
        self.word(long, at(arg, 2 * self.word), "a variable of the environment");
        self.if_zero(long, "variables_end", "the last one");
        self.add(arg, self.word, "");
        self.known_text(names);
        self.byte(self.s.c, at(long, 0), "");
        self.if_zero(self.s.c, "variable", "empty: as if it were not there");
        self.decimal();
        self.shl(id, 2, "");
        self.set(self.s.vars, Arg::Frame(first), "");
        self.put_four(sum(self.s.vars, id, 0), n, "");
        if self.server.epoll.port_env {
            self.unless_zero(id, "variable", "");
            self.branch(self.s.c, Cond::Ne, -NOUGHT, "wrong_port", "no number");
            self.if_zero(n, "wrong_port", "no port");
            self.branch(n, Cond::Above, 0xffffi64, "wrong_port", "no port");
            self.put_byte(frame(self.address_at() + 3), n, "the port, in the network's order");
            self.shr(n, 8, "");
            self.put_byte(frame(self.address_at() + 2), n, "");
        }
        self.jump("variable", "");
        self.place("variables_end");
        self.if_zero(self.s.first, "serve", "there is none");
        self.unless_match(at(self.s.first, 0), b"healthcheck\0", "other_word", "");
        self.jump("healthcheck", "");
        self.place("serve");
        self.call(Call::Getpid, &[], Some(n), "this process, before there are others");
        self.branch(n, Cond::Lt, 0i64, "failed", "");
        self.four(t, frame(var::PASSED_TO), "");
        self.branch(t, Cond::Eq, n, "passed_to_us", "");
        self.put_four(frame(var::PASSED_COUNT), 0i64, "nothing is passed to it");
        self.place("passed_to_us");
        if self.has_workers() {
            self.put_four(frame(var::PASSED_TO), n, "the first worker");
        }
    }

    /// Which of these the text at `long` begins with, in `id`, `long` behind it; if with none, goes to the next variable.
    fn known_text(&mut self, texts: &[&str]) {
        let (long, wide, id, c, d, t) = (self.s.long, self.s.text, self.s.id, self.s.c, self.s.d, self.s.t);
        let list: Vec<u8> = texts.iter().flat_map(|text| [text.as_bytes(), &[0]].concat()).collect();
        let list = self.bytes("variables", &list);
        self.set(t, Arg::Data(list), "");
        self.set(id, 0i64, "");
        self.place("known_text");
        self.set(wide, long, "");
        self.place("known_byte");
        self.next(d, t, "");
        self.if_zero(d, "known_text_end", "");
        self.next(c, wide, "");
        self.branch(c, Cond::Eq, d, "known_byte", "");
        self.place("unknown_byte");
        self.next(d, t, "");
        self.unless_zero(d, "unknown_byte", "");
        self.add(id, 1i64, "the next one");
        self.branch(id, Cond::Ne, texts.len() as i64, "known_text", "");
        self.jump("variable", "another one");
        self.place("known_text_end");
        self.set(long, wide, "");
    }

    /// Reads the number at `long`, in `n`, all of its digits; in `c` the byte behind it, less [`NOUGHT`]. No digits make 0.
    fn decimal(&mut self) {
        let (long, n, c) = (self.s.long, self.s.n, self.s.c);
        self.set(n, 0i64, "");
        self.place("decimal_digit");
        self.byte(c, at(long, 0), "");
        self.add(long, 1i64, "");
        self.take(c, NOUGHT, "");
        self.branch(c, Cond::Above, 9i64, "decimal_end", "");
        self.branch(n, Cond::Above, 0x00ff_ffffi64, "decimal_digit", "too large for anything");
        self.mul(n, 10i64, "");
        self.add(n, c, "");
        self.jump("decimal_digit", "");
        self.place("decimal_end");
    }

    /// Signals come through a descriptor; a broken connection, or a file that may not grow, sends none.
    pub(super) fn block_signals() -> Row {
        let (number, blocked) = (Given::Number, Given::Near(Near::Blocked));
        Row::new(Call::RtSigprocmask, &[number(abi::SIG_BLOCK), blocked, number(0), number(abi::SIGSET_BYTES)])
    }

    pub(super) fn blocked_signals(&self) -> u64 {
        self.asked_signals() | abi::signal_bit(abi::SIGPIPE) | abi::signal_bit(abi::SIGXFSZ)
    }

    pub(super) fn asked_signals(&self) -> u64 {
        let passed_on = if self.has_workers() { abi::signal_bit(abi::SIGUSR1) } else { 0 };
        abi::signal_bit(abi::SIGTERM) | abi::signal_bit(abi::SIGINT) | passed_on
    }

    /// Everything that is opened and set before the first turn.
    fn descriptors(&mut self) {
        self.put_four(frame(var::LISTENER), PASSED, "the socket that is passed, if one is");
        let mut rows = self.own_socket();
        // What is passed has to listen, too: so what is no socket that can is noticed.
        let own = rows.len() - 1;
        self.open_output();
        if !self.has_workers() {
            // Whoever is heard can be told to end.
            rows.insert(own, Self::block_signals());
        }
        rows.extend(self.set_up());
        rows.extend(self.sandbox());
        self.run_or_skip("calls of the start", &rows, own);
        let (t, n) = (self.s.t, self.s.n);
        self.set(n, -abi::EMFILE, "");
        self.four(t, frame(var::SIGNALS), "the last descriptor, but perhaps one");
        let why = "inherited descriptors are in the way of every connection";
        self.branch(t, Cond::AboveOrEqual, self.state.entries - 2, "failed", why);
        self.put_four(frame(var::NOW), 1i64, "at the start");
        self.set(t, Arg::State(self.state.buffers + self.state.stride), "the first buffer but everybody's");
        self.put_four(frame(var::FREE_BUFFER), t, "");
        self.put_four(frame(var::EVENT), abi::EPOLLIN, "");
        self.set(self.s.op, abi::EPOLL_CTL_ADD, "");
        self.set(self.s.fd, LISTENER, "");
        self.place("watch_next");
        self.set(self.s.vars, Arg::Frame(var::LISTENER), "");
        self.set(t, self.s.fd, "");
        self.shl(t, 2, "");
        self.four(t, sum(self.s.vars, t, 0), "");
        self.gosub("control");
        self.branch(n, Cond::Lt, 0i64, "failed", "");
        self.add(self.s.fd, 1i64, "the next one");
        self.branch(self.s.fd, Cond::Ne, FIRST_CONNECTION, "watch_next", "");
        self.workers_are_ready();
        self.start_line();
        self.place("started");
        self.gosub("date");
    }

    /// Does it listen to every address of both families, or of the one there is?
    pub(super) fn listens_everywhere(&self) -> bool {
        self.server.listen.address == Listen::EVERYWHERE.address
    }

    /// Where the address of the socket lies.
    pub(super) fn address_at(&self) -> u32 {
        if self.metrics.is_some() { var::ADDRESS_ASIDE } else { var::ADDRESS }
    }

    /// Writes the address to listen to, where all is 0 yet. Every address of both families is one of IPv4 at first: nothing
    /// but the family is another.
    fn address(&mut self) {
        let mut bytes = socket::bytes(self.server.listen);
        if self.listens_everywhere() {
            bytes[..2].copy_from_slice(&(abi::AF_INET as u16).to_le_bytes());
        }
        for (word, offset) in bytes.chunks_exact(4).zip((self.address_at()..).step_by(4)) {
            let word = i32::from_le_bytes(word.try_into().expect("a word has 4 bytes"));
            if word != 0 {
                self.put_four(frame(offset), i64::from(word), "of the address to listen to");
            }
        }
    }

    /// A socket of IPv6, for both families, or one of IPv4 where the machine has no other.
    fn socket_of_either_family(&mut self) {
        let (n, family) = (self.s.n, self.s.id);
        self.set(family, abi::AF_INET6, "");
        self.place("family");
        self.put_two(frame(self.address_at()), family, "");
        let args = [Arg::Slot(family), Arg::Const(abi::SOCK_STREAM), Arg::Const(0)];
        self.call(Call::Socket, &args, Some(n), "the listening socket");
        self.branch(n, Cond::Ge, 0i64, "socket_made", "");
        self.take(family, abi::AF_INET6 - abi::AF_INET, "the other family");
        self.branch(family, Cond::Ge, 0i64, "family", "");
        self.jump("failed_by_address", "neither is there");
        self.place("socket_made");
        self.put_four(frame(var::LISTENER), n, "");
    }

    /// A socket that listens, unless one is passed.
    fn own_socket(&mut self) -> Vec<Row> {
        let (family, len) = socket::family(self.server.listen);
        let kind = abi::SOCK_STREAM;
        let fd = Given::Variable(var::LISTENER);
        let mut rows = Vec::new();
        if !self.listens_everywhere() {
            let args = [Given::Number(family), Given::Number(kind)];
            rows.push(Row::new(Call::Socket, &args).to(var::LISTENER).of_address());
        }
        // Bind although connections of an earlier run linger.
        rows.push(Self::option(abi::SOL_SOCKET, abi::SO_REUSEADDR, Near::EverySecond).of_address());
        if self.has_workers() {
            rows.push(Self::option(abi::SOL_SOCKET, abi::SO_REUSEPORT, Near::EverySecond).of_address());
        }
        if self.listens_everywhere() {
            // It may be of IPv4.
            rows.push(Self::option(abi::IPPROTO_IPV6, abi::IPV6_V6ONLY, Near::Zero).may_fail());
        }
        let address = Given::State(self.state.frame + self.address_at());
        rows.push(Row::new(Call::Bind, &[fd, address, Given::Number(len)]).of_address());
        rows.push(Row::new(Call::Listen, &[fd, Given::Number(self.server.backlog.into())]));
        rows
    }

    /// An option of the listening socket that is an int.
    fn option(level: i64, option: i64, value: Near) -> Row {
        let args = [
            Given::Variable(var::LISTENER),
            Given::Number(level),
            Given::Number(option),
            Given::Near(value),
            Given::Number(abi::INT_BYTES),
        ];
        Row::new(Call::Setsockopt, &args)
    }

    /// What is set and opened whoever made the socket: as many descriptors as there may be, the epoll set, the timer,
    /// signals, the file itself.
    fn set_up(&mut self) -> Vec<Row> {
        let number = Given::Number;
        let fd = Given::Variable(var::LISTENER);
        let (asked, second) = (Given::Near(Near::Asked), Given::Near(Near::EverySecond));
        // The limit of now, the one there may be: read twice, the second time 8 bytes lower, and set to the upper one.
        let limit = |new: Given, old: Given| {
            Row::new(Call::Prlimit64, &[number(0), number(abi::RLIMIT_NOFILE), new, old]).may_fail()
        };
        let (low, high) = (Given::State(self.state.composed), Given::State(self.state.composed + 8));
        let mut rows = vec![
            // What is passed may wait; what is sent leaves at once, and connections inherit that.
            Row::new(Call::Fcntl, &[fd, number(abi::F_SETFL), number(abi::NONBLOCK)]),
            Self::option(abi::IPPROTO_TCP, abi::TCP_NODELAY, Near::EverySecond).may_fail(),
            // Without it there is room to write when a third of megabytes is: a slow client would be taken for none.
            Self::option(abi::IPPROTO_TCP, abi::TCP_NOTSENT_LOWAT, Near::UnsentBytes).may_fail(),
            // Without it the kernel takes megabytes of requests while a reply waits.
            Self::option(abi::SOL_SOCKET, abi::SO_RCVBUF, Near::ReceivedBytes),
            limit(number(0), high),
            limit(number(0), low),
            limit(high, number(0)),
            Row::new(Call::EpollCreate1, &[number(0)]).to(var::EPOLL),
            Row::new(Call::TimerfdCreate, &[number(abi::CLOCK_MONOTONIC)]).to(var::TIMER),
            Row::new(Call::TimerfdSettime, &[Given::Variable(var::TIMER), number(0), second]),
            Row::new(Call::Signalfd4, &[number(-1), asked, number(abi::SIGSET_BYTES)]).to(var::SIGNALS),
        ];
        let clock = [number(abi::CLOCK_REALTIME), Given::State(self.state.composed)];
        rows.push(Row::new(Call::ClockGettime, &clock));
        if !self.has_workers() {
            // As process 1 it inherits orphans, which the kernel reaps if it ignores their end. Those who have workers ask for
            // them. The number of SIG_IGN, no flags, no mask.
            let [signal, bytes] = [abi::SIGCHLD, abi::SIGSET_BYTES].map(number);
            rows.push(Row::new(Call::RtSigaction, &[signal, second, number(0), bytes]));
        }
        if self.has_long {
            let path = Given::Data(self.bytes("its own path", b"/proc/self/exe\0"));
            // Where it cannot be opened, `send` takes the place of `sendfile`.
            rows.push(Row::new(Call::Openat, &[number(0), path]).to(var::FILE).may_fail());
        }
        rows
    }

    /// Makes these calls; or, if a socket is passed, those from the row `own` on.
    fn run_or_skip(&mut self, name: &str, rows: &[Row], own: usize) {
        let (list, begins) = self.rows(name, rows);
        let list_of_passed = self.program.datum_within(list, begins[own] as u32);
        let t = self.s.t;
        self.four(t, frame(var::PASSED_COUNT), "");
        self.unless_zero(t, "passed_one", "");
        if self.listens_everywhere() {
            self.socket_of_either_family();
        }
        self.set(self.s.list, Arg::Data(list), "");
        self.jump("rows_chosen", "");
        self.place("passed_one");
        self.branch(t, Cond::Ne, 1i64, "passed_many", "the others would not be heard");
        self.set(self.s.list, Arg::Data(list_of_passed), "the first calls are made already");
        self.place("rows_chosen");
        self.gosub("script");
    }

    fn start_line(&mut self) {
        let Some(line) = &self.server.start_line else { return };
        let line = line.join(&self.port_text()) + "\0";
        if !self.logs() {
            return self.tell(&line, abi::STDOUT);
        }
        // As the log is written.
        let (ptr, len) = (self.s.ptr, self.s.len);
        let line = self.text(&line);
        self.set(self.s.q, line, "");
        self.gosub("begin_text");
        self.set(ptr, Arg::State(self.state.composed), "");
        self.set(len, self.s.o, "");
        self.take(len, ptr, "");
        self.gosub("say_out");
    }
}
