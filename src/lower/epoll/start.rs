//! The start: arguments and environment, signals, the listening socket, the epoll set.

use std::net::IpAddr;

use asmgen_arch::op::{Arg, Cond, Part};
use asmgen_arch::syscall::Call;

use super::build::{at, frame};
use super::layout::var;
use super::turn::{LISTENER, SIGNALS, TIMER};
use super::{Engine, abi};

/// First descriptor that systemd or podman pass (`sd_listen_fds(3)`).
const PASSED: i64 = 3;
/// Variables of the environment that are looked at, and where their numbers go.
const PORT: &str = "PORT=";
const PASSED_TO: &str = "LISTEN_PID=";
const PASSED_COUNT: &str = "LISTEN_FDS=";

impl Engine<'_> {
    pub(super) fn start(&mut self) {
        self.set(self.s.classes, Arg::Data(self.class_table), "classes of bytes");
        self.set(self.s.table, Arg::State(self.state.table), "the table of connections");
        self.environment();
        self.block_signals();
        self.fork();
        self.signals();
        self.listen();
        self.descriptors();
        self.say_start();
        self.sandbox();
    }

    /// `PORT`, and a listening socket that somebody passes.
    fn environment(&mut self) {
        let (arg, long, t, n, id) = (self.s.wide, self.s.long, self.s.t, self.s.n, self.s.id);
        for place in [var::PASSED_TO, var::PASSED_COUNT] {
            self.put_four(frame(place), 0i64, "nothing passed");
        }
        self.set(arg, Arg::Entry, "the arguments");
        self.word(long, at(arg, 0), "how many");
        self.put_four(frame(var::ARGUMENTS), long, "");
        self.set(self.s.first, arg, "");
        let shift = if self.word == 8 { 3 } else { 2 };
        self.shl(long, shift, "");
        self.add(arg, long, "");
        self.place("variable");
        self.word(long, at(arg, 2 * self.word), "a variable of the environment");
        self.if_zero(long, "variables_end", "the last one");
        self.add(arg, self.word, "");
        let mut names = vec![PASSED_TO, PASSED_COUNT];
        names.extend(self.server.epoll.port_env.then_some(PORT));
        self.known_text(&names);
        self.branch(id, Cond::Eq, names.len() as i64, "variable", "another one");
        self.gosub("decimal");
        if self.server.epoll.port_env {
            self.branch(id, Cond::Ne, 2i64, "no_port", "");
            self.unless_zero(self.s.c, "wrong_port", "no number");
            self.if_zero(n, "wrong_port", "no port");
            self.branch(n, Cond::Above, 0xffffi64, "wrong_port", "no port");
            self.set(t, Arg::Data(self.address), "");
            self.put_byte(at(t, 3), n, "the port, in the network's order");
            self.shr(n, 8, "");
            self.put_byte(at(t, 2), n, "");
            self.jump("variable", "");
            self.place("no_port");
        }
        self.unless_zero(id, "passed_count", "");
        self.put_four(frame(var::PASSED_TO), n, "");
        self.jump("variable", "");
        self.place("passed_count");
        self.put_four(frame(var::PASSED_COUNT), n, "");
        self.jump("variable", "");
        self.place("variables_end");
        self.four(t, frame(var::ARGUMENTS), "");
        self.branch(t, Cond::Below, 2i64, "serve", "no argument");
        self.word(self.s.first, at(self.s.first, 2 * self.word), "the first argument");
        self.unless_match(at(self.s.first, 0), b"healthcheck\0", "serve", "");
        self.jump("healthcheck", "");
        self.place("serve");
        self.call(Call::Getpid, &[], Some(n), "this process, before there are others");
        self.four(t, frame(var::PASSED_TO), "");
        self.branch(t, Cond::Eq, n, "passed_to_us", "");
        self.put_four(frame(var::PASSED_COUNT), 0i64, "nothing is passed to it");
        self.place("passed_to_us");
    }

    /// Which of these the text at `long` begins with, in `id`, `long` behind it; as many as there are if with none.
    fn known_text(&mut self, texts: &[&str]) {
        let (long, wide, id, c, d, t) = (self.s.long, self.s.second, self.s.id, self.s.c, self.s.d, self.s.t);
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
        self.place("known_text_end");
        self.set(long, wide, "");
    }

    /// Reads the number at `long`, in `n`, all of its digits; the byte behind it in `c`. No digits make 0.
    pub(super) fn decimal(&mut self) {
        let (long, n, c) = (self.s.long, self.s.n, self.s.c);
        self.sub("decimal");
        self.set(n, 0i64, "");
        self.place("decimal_digit");
        self.byte(c, at(long, 0), "");
        self.add(long, 1i64, "");
        self.take(c, i64::from(b'0'), "");
        self.branch(c, Cond::Above, 9i64, "decimal_end", "");
        self.branch(n, Cond::Above, 0x00ff_ffffi64, "decimal_digit", "too large for anything");
        self.mul(n, 10i64, "");
        self.add(n, c, "");
        self.jump("decimal_digit", "");
        self.place("decimal_end");
        self.add(c, i64::from(b'0'), "");
        self.ret("decimal");
    }

    /// Signals come through a descriptor; a broken connection sends none.
    fn block_signals(&mut self) {
        let all = self.asked_signals() | abi::signal_bit(abi::SIGPIPE);
        let all = self.bytes("signals that are blocked", &all.to_le_bytes());
        let bytes = Arg::Const(abi::SIGSET_BYTES);
        let args = [Arg::Const(abi::SIG_BLOCK), Arg::Data(all), Arg::Const(0), bytes];
        self.call(Call::RtSigprocmask, &args, None, "no signal interrupts");
    }

    /// Signals that are read.
    fn signals(&mut self) {
        let asked = self.asked_signals();
        let asked = self.bytes("signals that end it", &asked.to_le_bytes());
        let bytes = Arg::Const(abi::SIGSET_BYTES);
        let flags = Arg::Const(abi::CLOEXEC | abi::NONBLOCK);
        let args = [Arg::Const(-1), Arg::Data(asked), bytes, flags];
        self.call(Call::Signalfd4, &args, Some(self.s.t), "they are read instead");
        self.put_four(frame(var::SIGNALS), self.s.t, "");
    }

    fn asked_signals(&self) -> u64 {
        let child = if self.has_workers() { abi::signal_bit(abi::SIGCHLD) } else { 0 };
        abi::signal_bit(abi::SIGTERM) | abi::signal_bit(abi::SIGINT) | child
    }

    fn listen(&mut self) {
        let (n, fd, t) = (self.s.n, self.s.fd, self.s.t);
        self.four(t, frame(var::PASSED_COUNT), "");
        self.if_zero(t, "own_socket", "");
        self.set(fd, PASSED, "the socket that is passed");
        let args = [Arg::Slot(fd), Arg::Const(abi::F_SETFL), Arg::Const(abi::NONBLOCK)];
        self.call(Call::Fcntl, &args, None, "it never waits");
        self.jump("has_socket", "");
        self.place("own_socket");
        let is_v4 = self.server.listen.address.is_ipv4();
        let (family, len) = if is_v4 { (abi::AF_INET, 16) } else { (abi::AF_INET6, 28) };
        let kind = abi::SOCK_STREAM | abi::SOCK_CLOEXEC | abi::SOCK_NONBLOCK;
        let args = [Arg::Const(family), Arg::Const(kind), Arg::Const(0)];
        self.call(Call::Socket, &args, Some(n), "the listening socket");
        self.branch(n, Cond::Lt, 0i64, "failed", "no socket");
        self.set(fd, n, "");
        self.option(abi::SOL_SOCKET, abi::SO_REUSEADDR, 1, "bind although connections of an earlier run linger");
        if self.has_workers() {
            self.option(abi::SOL_SOCKET, abi::SO_REUSEPORT, 1, "every worker has its own");
        }
        if self.server.listen.address == IpAddr::from([0; 16]) {
            self.option(abi::IPPROTO_IPV6, abi::IPV6_V6ONLY, 0, "IPv4 as well");
        }
        let args = [Arg::Slot(fd), Arg::Data(self.address), Arg::Const(len)];
        self.call(Call::Bind, &args, Some(n), &format!("bind to {}", self.server.listen));
        self.branch(n, Cond::Lt, 0i64, "failed", "address not to be had");
        let args = [Arg::Slot(fd), Arg::AtLeast(self.server.backlog)];
        self.call(Call::Listen, &args, Some(n), "let connections in");
        self.branch(n, Cond::Lt, 0i64, "failed", "address in use");
        self.jump("has_socket", "");
        self.failures();
        self.healthcheck();
        self.place("has_socket");
        self.option(abi::IPPROTO_TCP, abi::TCP_NODELAY, 1, "what is sent leaves at once; connections inherit it");
        self.put_four(frame(var::LISTENER), fd, "");
    }

    fn option(&mut self, level: i64, option: i64, value: u32, why: &str) {
        let value = self.bytes(&format!("int {value}"), &value.to_le_bytes());
        let args =
            [Arg::Slot(self.s.fd), Arg::Const(level), Arg::Const(option), Arg::Data(value), Arg::Const(abi::INT_BYTES)];
        self.call(Call::Setsockopt, &args, None, why);
    }

    /// The epoll set with its timer, and as many descriptors as there may be.
    fn descriptors(&mut self) {
        let (t, n) = (self.s.t, self.s.n);
        self.put_four(frame(var::NOW), 1i64, "at the start");
        for place in [var::CONNECTIONS, var::STOPPING, var::PAUSED, var::LOG_LEN] {
            self.put_four(frame(place), 0i64, "");
        }
        self.set(t, Arg::State(self.state.buffers + self.state.stride), "the first buffer but everybody's");
        self.put_four(frame(var::FREE_BUFFER), t, "");
        let limit = [Arg::Const(0), Arg::Const(abi::RLIMIT_NOFILE)];
        let get = [limit[0], limit[1], Arg::Const(0), Arg::Frame(var::SCRATCH)];
        self.call(Call::Prlimit64, &get, None, "how many descriptors there may be");
        for half in [0, 4] {
            self.four(t, frame(var::SCRATCH + 8 + half), "at most");
            self.put_four(frame(var::SCRATCH + half), t, "");
        }
        let set = [limit[0], limit[1], Arg::Frame(var::SCRATCH), Arg::Const(0)];
        self.call(Call::Prlimit64, &set, None, "so many");
        self.call(Call::EpollCreate1, &[Arg::Const(abi::CLOEXEC)], Some(n), "the epoll set");
        self.put_four(frame(var::EPOLL), n, "");
        let args = [Arg::Const(abi::CLOCK_MONOTONIC), Arg::Const(abi::CLOEXEC | abi::NONBLOCK)];
        self.call(Call::TimerfdCreate, &args, Some(n), "a timer");
        self.put_four(frame(var::TIMER), n, "");
        let second = self.program.datum("struct itimerspec: every second", [1, 0, 1, 0].map(Part::Word).into(), 0);
        let args = [Arg::Slot(n), Arg::Const(0), Arg::Data(second), Arg::Const(0)];
        self.call(Call::TimerfdSettime, &args, None, "every second");
        self.set(self.s.want, abi::EPOLLIN, "");
        self.set(self.s.op, abi::EPOLL_CTL_ADD, "");
        for (name, place) in [(LISTENER, var::LISTENER), (TIMER, var::TIMER), (SIGNALS, var::SIGNALS)] {
            self.set(self.s.fd, name, "");
            self.four(t, frame(place), "");
            self.gosub("control");
        }
        if self.has_long {
            let path = self.bytes("its own path", b"/proc/self/exe\0");
            let args = [Arg::Const(abi::AT_FDCWD), Arg::Data(path), Arg::Const(abi::CLOEXEC), Arg::Any];
            self.call(Call::Openat, &args, Some(n), "itself, to send from");
            self.put_four(frame(var::FILE), n, "");
        }
        self.gosub("date");
    }

    fn say_start(&mut self) {
        let Some(line) = self.server.start_line.clone() else { return };
        if self.has_workers() {
            self.four(self.s.t, frame(var::WORKERS), "");
            self.branch(self.s.t, Cond::Lt, 0i64, "said", "the first says it");
        }
        let len = Arg::Const(line.len() as i64);
        let line = self.bytes("start line", line.as_bytes());
        self.call(Call::Write, &[Arg::Const(abi::STDOUT), Arg::Data(line), len], None, "say so");
        if self.has_workers() {
            self.place("said");
        }
    }

    /// What is left to do when nobody can be listened to.
    pub(super) fn failures(&mut self) {
        let (n, u) = (self.s.n, self.s.u);
        let wrong = "PORT is no port: allowed are 1 to 65535\n";
        self.place("wrong_port");
        let text = self.text(wrong);
        self.set(self.s.x, Arg::Data(text), "");
        self.set(self.s.xlen, wrong.len() as i64, "");
        self.jump("say_failure", "");
        self.place("failed");
        self.set(u, 0i64, "");
        self.take(u, n, "the error's number");
        self.put_four(frame(var::NUMBERS), u, "");
        let format = self.bytes("format of the message", b"listen: errno \x01\n\0");
        self.set(self.s.q, Arg::Data(format), "");
        self.set(self.s.iov, Arg::State(self.state.vectors), "");
        self.gosub("compose");
        self.place("say_failure");
        let args = [Arg::Const(abi::STDERR), Arg::Slot(self.s.x), Arg::Slot(self.s.xlen)];
        self.call(Call::Write, &args, None, "what went wrong");
        self.place("exit_1");
        self.call(Call::Exit, &[Arg::Const(1)], None, "failed");
    }
}
