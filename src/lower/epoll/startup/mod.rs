//! The start: arguments and environment, workers, the listening socket, the epoll set, the sandbox.
//!
//! ```text
//! byte_classes   writes the table of the bytes' classes
//! prefork        before and after `fork`: further workers
//! environment    PORT, and a listening socket that another process passes
//! socket         the listening socket
//! syscall_table  system calls of the start as rows of data; call_data has the arguments that rows point to
//! seccomp        the filter of system calls
//! healthcheck    the command `healthcheck`
//! failure        messages of a server that cannot start, and its exit
//! ```

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, frame, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::event_loop::poll::{FIRST_CONNECTION, LISTENER, SIGNALS, TIMER};
use crate::lower::epoll::startup::call_data::Near;
use crate::lower::epoll::startup::syscall_table::{Given, Row};
use crate::lower::epoll::state::vars::var;

pub(crate) mod byte_classes;
pub(super) mod call_data;
mod environment;
mod failure;
mod healthcheck;
mod prefork;
pub(crate) mod seccomp;
mod socket;
mod syscall_table;

/// First descriptor that systemd or podman pass (`sd_listen_fds(3)`).
const PASSED: i64 = 3;

/// The names of what is watched from the start are the order of its descriptors.
const _: () = assert!(var::TIMER.at - var::LISTENER.at == 4 * (TIMER - LISTENER));
const _: () =
    assert!(var::SIGNALS.at - var::LISTENER.at == 4 * (SIGNALS - LISTENER) && SIGNALS + 1 == FIRST_CONNECTION);

impl Engine<'_> {
    pub(crate) fn start(&mut self) {
        self.set(self.s.classes, Arg::State(self.state.classes), "classes of bytes");
        self.set(self.s.table, Arg::State(self.state.table), "the table of connections");
        self.fill_byte_classes();
        if self.has_workers() {
            self.before_workers();
        }
        self.address();
        self.environment();
        self.fork();
        self.descriptors();
        self.jump(At::EventLoop, NO_WHY);
        self.healthcheck();
        self.script();
    }

    /// Signals come through a descriptor; a broken connection, or a file that may not grow, sends none.
    pub(crate) fn block_signals() -> Row {
        let (number, blocked) = (Given::Number, Given::Near(Near::Blocked));
        Row::new(Call::RtSigprocmask, &[number(abi::SIG_BLOCK), blocked, number(0), number(abi::SIGSET_BYTES)])
    }

    pub(crate) fn blocked_signals(&self) -> u64 {
        self.asked_signals() | abi::signal_bit(abi::SIGPIPE) | abi::signal_bit(abi::SIGXFSZ)
    }

    pub(crate) fn asked_signals(&self) -> u64 {
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
        self.set(n, -abi::EMFILE, NO_WHY);
        self.four(t, frame(var::SIGNALS), "the last descriptor, but perhaps one");
        let why = "inherited descriptors are in the way of every connection";
        self.branch(t, Cond::AboveOrEqual, self.state.entries - 2, At::Failed, why);
        self.put_four(frame(var::NOW), 1i64, "at the start");
        self.set(t, Operand::State(self.state.buffers + self.state.stride), "the first buffer but everybody's");
        self.put_four(frame(var::FREE_BUFFER), t, NO_WHY);
        self.put_four(frame(var::EVENT), abi::EPOLLIN, NO_WHY);
        self.set(self.s.op, abi::EPOLL_CTL_ADD, NO_WHY);
        self.set(self.s.fd, LISTENER, NO_WHY);
        self.place(At::WatchNext);
        self.set(self.s.vars, Operand::Frame(var::LISTENER.at), NO_WHY);
        self.set(t, self.s.fd, NO_WHY);
        self.shl(t, 2, NO_WHY);
        self.four(t, sum(self.s.vars, t, 0), NO_WHY);
        self.gosub(Routine::EpollControl);
        self.branch(n, Cond::Lt, 0i64, At::Failed, NO_WHY);
        self.add(self.s.fd, 1i64, "the next one");
        self.branch(self.s.fd, Cond::Ne, FIRST_CONNECTION, At::WatchNext, NO_WHY);
        self.workers_are_ready();
        self.start_line();
        self.place(At::Started);
        self.gosub(Routine::Date);
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
        let (low, high) = (Given::Frame(var::LONG_SCRATCH.at), Given::Frame(var::LONG_SCRATCH.at + 8));
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
        let clock = [number(abi::CLOCK_REALTIME), low];
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
        self.four(t, frame(var::PASSED_COUNT), NO_WHY);
        self.unless_zero(t, At::PassedOne, NO_WHY);
        if self.listens_everywhere() {
            self.socket_of_either_family();
        }
        self.set(self.s.list, Operand::Data(list), NO_WHY);
        self.jump(At::RowsChosen, NO_WHY);
        self.place(At::PassedOne);
        self.branch(t, Cond::Ne, 1i64, At::PassedMany, "the others would not be heard");
        self.set(self.s.list, Operand::Data(list_of_passed), "the first calls are made already");
        self.place(At::RowsChosen);
        self.gosub(Routine::Script);
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
        self.set(self.s.q, line, NO_WHY);
        self.gosub(Routine::BeginText);
        self.set(ptr, Operand::State(self.state.composed), NO_WHY);
        self.set(len, self.s.output, NO_WHY);
        self.take(len, ptr, NO_WHY);
        self.gosub(Routine::SayOut);
    }
}
