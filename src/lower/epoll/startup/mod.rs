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

use asmgen_arch::op::{Cond, Operand, Slot};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{frame, sum};
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

/// First descriptor that systemd and podman pass (`SD_LISTEN_FDS_START`, sd_listen_fds(3)).
const PASSED: i64 = 3;

/// In an event, a descriptor that is no connection has the number of its variable, counted from the listener's.
const _: () = assert!(var::TIMER.at - var::LISTENER.at == 4 * (TIMER - LISTENER));
const _: () =
    assert!(var::SIGNALS.at - var::LISTENER.at == 4 * (SIGNALS - LISTENER) && SIGNALS + 1 == FIRST_CONNECTION);

impl Engine<'_> {
    /// Emits the start, up to the event loop.
    pub(crate) fn start(&mut self) {
        self.set(self.s.classes, Operand::State(self.state.classes), "for the whole run: every scan asks the classes");
        self.set(self.s.table, Operand::State(self.state.table), "for the whole run: the table of connections");
        self.fill_byte_classes();
        if self.has_workers() {
            self.before_workers();
        }
        self.address();
        self.environment();
        self.fork();
        self.descriptors();
        self.jump(At::EventLoop, "everything is ready");
        self.healthcheck();
        self.script();
    }

    /// Blocks signals. A descriptor tells of those that end the server. A write to a broken connection, or to a file at
    /// its limit, then returns an error and sends no signal.
    pub(crate) fn block_signals() -> Row {
        let (number, blocked) = (Given::Number, Given::Near(Near::Blocked));
        Row::new(Call::RtSigprocmask, &[number(abi::SIG_BLOCK), blocked, number(0), number(abi::SIGSET_BYTES)])
    }

    /// The set of signals that are blocked.
    pub(crate) fn blocked_signals(&self) -> u64 {
        self.asked_signals() | abi::signal_bit(abi::SIGPIPE) | abi::signal_bit(abi::SIGXFSZ)
    }

    /// The set of signals that end the server.
    pub(crate) fn asked_signals(&self) -> u64 {
        let passed_on = if self.has_workers() { abi::signal_bit(abi::SIGUSR1) } else { 0 };
        abi::signal_bit(abi::SIGTERM) | abi::signal_bit(abi::SIGINT) | passed_on
    }

    /// Opens and sets everything that the event loop needs.
    fn descriptors(&mut self) {
        self.put_four(frame(var::LISTENER), PASSED, "if a socket is passed; else the call overwrites it");
        let mut rows = self.own_socket();
        // `listen` is also called on a passed socket: it fails if that is not a listening one.
        let own = rows.len() - 1;
        self.open_output();
        if !self.has_workers() {
            // From `listen` on clients may believe that the server runs, so it must heed SIGTERM.
            rows.insert(own, Self::block_signals());
        }
        rows.extend(self.set_up());
        rows.extend(self.sandbox());
        self.run_or_skip("calls of the start", &rows, own);
        let (error, last) = (self.s.n, self.s.t);
        self.set(error, -abi::EMFILE, "the message's error if the test fails");
        self.four(last, frame(var::SIGNALS), "the highest descriptor, but perhaps for the file's");
        let why = "inherited descriptors leave no entry for a connection";
        self.branch(last, Cond::AboveOrEqual, self.state.entries - 2, At::Failed, why);
        self.put_four(frame(var::NOW), 1i64, "the clock starts; each tick adds a second");
        let buffer = self.s.t;
        self.set(
            buffer,
            Operand::State(self.state.buffers + self.state.stride),
            "the first is shared by all connections",
        );
        self.put_four(frame(var::FREE_BUFFER), buffer, "all others are free");
        self.watch(error);
        self.workers_are_ready();
        self.start_line();
        self.place(At::Started);
        self.gosub(Routine::Date);
    }

    /// Adds the listener, the timer and the signals to the epoll set.
    fn watch(&mut self, error: Slot) {
        let (number, descriptor, variables) = (self.s.fd, self.s.t, self.s.vars);
        self.put_four(frame(var::EVENT), abi::EPOLLIN, "epoll_event.events");
        self.set(self.s.op, abi::EPOLL_CTL_ADD, "none is in the set");
        self.set(number, LISTENER, "events tell this number");
        self.place(At::WatchNext);
        self.set_address(variables, var::LISTENER, "the three lie beside each other");
        self.set(descriptor, number, "they are in the order of their numbers");
        self.shl(descriptor, 2, "a variable has 4 bytes");
        self.four(descriptor, sum(variables, descriptor, 0), "the descriptor to watch");
        self.gosub(Routine::EpollControl);
        self.branch(error, Cond::Lt, 0i64, At::Failed, "the server would miss its events");
        self.add(number, 1i64, "the next one");
        self.branch(number, Cond::Ne, FIRST_CONNECTION, At::WatchNext, "connections come later");
    }

    /// The calls that are made for a passed socket, too. They set its options and the limit of descriptors. They open
    /// the epoll set, the timer, the signals and the file itself.
    fn set_up(&mut self) -> Vec<Row> {
        let number = Given::Number;
        let fd = Given::Variable(var::LISTENER);
        let (asked, second) = (Given::Near(Near::Asked), Given::Near(Near::EverySecond));
        // A limit has a soft and a hard value. Read at `high`, then at `low`, 8 bytes lower, the hard value is the soft
        // one of what then lies at `high`.
        let limit = |new: Given, old: Given| {
            Row::new(Call::Prlimit64, &[number(0), number(abi::RLIMIT_NOFILE), new, old]).may_fail()
        };
        let (low, high) = (Given::Frame(var::LONG_SCRATCH.at), Given::Frame(var::LONG_SCRATCH.at + 8));
        let mut rows = vec![
            // A passed socket may block. Connections inherit the options of the listener.
            Row::new(Call::Fcntl, &[fd, number(abi::F_SETFL), number(abi::NONBLOCK)]),
            Self::option(abi::IPPROTO_TCP, abi::TCP_NODELAY, Near::EverySecond).may_fail(),
            // Else a socket polls as writable only when a third of its buffer is free, and that may be megabytes. A
            // slow client would look like one that takes nothing.
            Self::option(abi::IPPROTO_TCP, abi::TCP_NOTSENT_LOWAT, Near::UnsentBytes).may_fail(),
            // Else the kernel receives megabytes of requests while a reply waits.
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
            // As process 1 it inherits orphans. The kernel reaps them if it ignores SIGCHLD (sigaction(2)); a server
            // with workers reaps them itself. The structure begins with the number of SIG_IGN, 1.
            let [signal, bytes] = [abi::SIGCHLD, abi::SIGSET_BYTES].map(number);
            rows.push(Row::new(Call::RtSigaction, &[signal, second, number(0), bytes]));
        }
        if self.has_long {
            let path = Given::Data(self.bytes("its own path", b"/proc/self/exe\0"));
            // If it cannot be opened, `write` replaces `sendfile`.
            rows.push(Row::new(Call::Openat, &[number(0), path]).to(var::FILE).may_fail());
        }
        rows
    }

    /// Makes these calls, all or a part of them.
    ///
    /// ```text
    /// sockets that are passed    calls
    /// none                       all of them
    /// one                        those from the row `own` on
    /// more                       none: exit 1
    /// ```
    fn run_or_skip(&mut self, name: &str, rows: &[Row], own: usize) {
        let (list, begins) = self.rows(name, rows);
        let list_of_passed = self.program.datum_within(list, begins[own] as u32);
        let passed = self.s.t;
        self.four(passed, frame(var::PASSED_COUNT), "LISTEN_FDS, if they are for this process");
        self.unless_zero(passed, At::PassedOne, "another process listens already");
        if self.listens_everywhere() {
            self.socket_of_either_family();
        }
        self.set(self.s.list, Operand::Data(list), "all of the calls");
        self.jump(At::RowsChosen, "make the calls");
        self.place(At::PassedOne);
        self.branch(passed, Cond::Ne, 1i64, At::PassedMany, "clients of the others would wait for ever");
        self.set(self.s.list, Operand::Data(list_of_passed), "the socket is bound already");
        self.place(At::RowsChosen);
        self.gosub(Routine::Script);
    }

    /// Writes the start line, if there is one; as the log is written, if there is a log.
    fn start_line(&mut self) {
        let Some(line) = &self.server.start_line else { return };
        let line = line.join(&self.port_text()) + "\0";
        if !self.logs() {
            return self.tell(&line, abi::STDOUT);
        }
        let (text, len) = (self.s.ptr, self.s.len);
        let line = self.text(&line);
        self.set(self.s.q, line, "the format of the start line");
        self.gosub(Routine::BeginText);
        self.set(text, Operand::State(self.state.composed), "where the text begins");
        self.set(len, self.s.output, "where it ends");
        self.take(len, text, "its length");
        self.gosub(Routine::SayOut);
    }
}
