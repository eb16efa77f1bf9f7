//! The blocking engine: one connection at a time, in the fewest bytes.
//!
//! ```text
//!         SIGTERM and SIGINT exit 0
//!         socket, bind, listen, start line                     if one fails: message, exit 1
//! next:   accept                                               if it fails: sleep, next
//!         receive as much as the shortest request has          if less comes in time: close
//!         compare method and path, choose the reply            if a longer path fits so far: receive more
//!         send the reply, end our direction
//!         discard what the client still sends until it closes or its time is up
//! close:  close the connection, next
//! ```
//!
//! A close with unread input resets the connection (RFC 9112 §9.6), and the client may lose the reply. The server
//! therefore reads the whole request before it closes. With `MSG_WAITALL` the socket's timeout counts for the whole
//! call (net/ipv4/tcp.c, `tcp_recvmsg_locked`), so a client cannot extend it by sending byte after byte.

mod fail;
mod reply;
mod request;
mod waits;

use std::net::IpAddr;

use asmgen_arch::Target;
use asmgen_arch::op::{Cond, DatumId, Kind, Label, Op, Operand, Part, Program, Slot};
use asmgen_arch::syscall::Call;

use self::waits::{LONGEST_REST_US, SECOND_US, Waits};
use super::pieces::{self, Pieces};
use super::{abi, http, socket};
use crate::elf::Tier;
use crate::spec::Server;

/// Most bytes that the server discards after a reply: a client that floods it cannot stay for ever.
const DRAIN_BYTES: i64 = 16 << 20;

/// What the parts of the engine share while they emit the program.
struct Engine<'s> {
    program: Program,
    server: &'s Server,
    /// The replies in pieces; none: each reply is whole.
    pieces: Option<Pieces>,
    /// The end of what was received, if a path is longer than the shortest request shows.
    end: Option<Slot>,
    /// Length of the longest reply, in bytes.
    longest: usize,
    waits: Waits,
    /// The `struct timeval` of the longest receive.
    timeval: DatumId,
    /// Bytes of a timeval: two words. Linux takes a longer one, qemu-user refuses it.
    timeval_bytes: i64,
    /// The length of a destination address that is not given.
    no_length: Operand,
    /// The `struct timespec` of the sleep after a failed `accept`.
    rest: DatumId,
    listener: Slot,
    client: Slot,
    errno: Slot,
    received: Slot,
    behind_path: Slot,
    needed: Slot,
    next: Label,
    close: Label,
    failed: Label,
    exit: Label,
    exit_0: Label,
}

/// The programs of a server: with whole replies, and with replies in pieces if those are short enough.
pub(super) fn lower(server: &Server, target: &Target, tier: Tier) -> Vec<Program> {
    let pieces = if server.routes.is_empty() { None } else { pieces::cut(server.replies()) };
    let ways = [None].into_iter().chain(pieces.map(Some));
    ways.map(|pieces| lower_with(server, (target, tier), pieces)).collect()
}

/// The program with replies in these pieces, or whole.
fn lower_with(server: &Server, (target, tier): (&Target, Tier), pieces: Option<Pieces>) -> Program {
    let mut program = Program::default();
    let longest = server.replies().map(http::closing_len).max().unwrap_or(0);
    let waits = Waits::of(server.timeout_ms, request::most_stages(&server.routes), longest);
    let timeval = program.datum("struct timeval: longest receive", Waits::words(waits.receive_us), 0);
    // Read as a timespec, the same two words are as many seconds. The sleep is one second if that is none, or too many.
    let is_rest = (SECOND_US..=LONGEST_REST_US).contains(&waits.receive_us);
    let rest_us = if is_rest { waits.receive_us } else { SECOND_US };
    let rest = program.datum("struct timespec: rest", Waits::words(rest_us), 0);
    let mut engine = Engine {
        server,
        pieces,
        end: None,
        longest,
        waits,
        timeval_bytes: i64::from(2 * target.class.word_bytes()),
        no_length: abi::no_length(tier),
        timeval,
        rest,
        listener: program.slot("listening socket", Kind::Int),
        client: program.slot("connection", Kind::Int),
        errno: program.slot("negative error number", Kind::Int),
        received: program.slot("bytes received", Kind::Int),
        behind_path: program.slot("byte behind the path", Kind::Int),
        needed: program.slot("end of what is needed", Kind::Pointer),
        next: program.label("next"),
        close: program.label("close"),
        failed: program.label("failed"),
        exit: program.label("exit"),
        exit_0: program.label("exit_0"),
        program,
    };
    engine.handle_signals();
    engine.listen();
    // The parts before and after the shared exits jump to them, so they are in the middle, within reach of short jumps.
    engine.fail();
    engine.close_and_accept();
    engine.receive();
    engine.reply();
    engine.drain();
    engine.program
}

impl Engine<'_> {
    /// Handles signals.
    ///
    /// ```text
    /// SIGTERM, SIGINT    a handler exits 0: process 1 gets no signal without one. The parent may have blocked them
    /// SIGPIPE            blocked: if standard output is closed, the start line goes to the listening socket
    /// SIGXFSZ            blocked: standard output may be a file at its limit
    /// ```
    fn handle_signals(&mut self) {
        let action = vec![Part::Code(self.exit_0), Part::Word(abi::SA_RESTORER)];
        // Restorer and mask are not used, for the handler does not return.
        let ignored = 2 * 8;
        let action = self.program.datum("struct sigaction: exit 0", action, ignored);
        for (signal, why) in [(abi::SIGTERM, "SIGTERM: exit 0"), (abi::SIGINT, "SIGINT: exit 0")] {
            let args =
                [Operand::Const(signal), Operand::Data(action), Operand::Const(0), Operand::Const(abi::SIGSET_BYTES)];
            self.program.call(Call::RtSigaction, &args, None, why);
        }
        let blocked = abi::signal_bit(abi::SIGPIPE) | abi::signal_bit(abi::SIGXFSZ);
        let blocked = vec![Part::Bytes(blocked.to_le_bytes().into())];
        let blocked = self.program.datum("signal set: SIGPIPE, SIGXFSZ", blocked, 0);
        let args = [
            Operand::Const(abi::SIG_SETMASK),
            Operand::Data(blocked),
            Operand::Const(0),
            Operand::Const(abi::SIGSET_BYTES),
        ];
        self.program.call(Call::RtSigprocmask, &args, None, "the parent may have blocked SIGTERM and SIGINT");
        // These arguments are valid (kernel/signal.c).
        self.program.cannot_fail = vec![Call::RtSigaction, Call::RtSigprocmask];
    }

    /// Sets an option of a socket. The value is a datum and its length.
    fn socket_option(&mut self, socket: Slot, level: i64, option: i64, value: (DatumId, Operand), why: &str) {
        let args =
            [Operand::Slot(socket), Operand::Const(level), Operand::Const(option), Operand::Data(value.0), value.1];
        self.program.call(Call::Setsockopt, &args, None, why);
    }

    /// Creates the listening socket, and writes the start line.
    fn listen(&mut self) {
        let address = socket::address(&mut self.program, self.server.listen);
        let (family, len) = socket::family(self.server.listen);
        let args = [Operand::Const(family), Operand::Const(abi::SOCK_STREAM), Operand::Const(0)];
        self.program.call(Call::Socket, &args, Some(self.errno), "the listening socket");
        self.fail_if_negative("no socket");
        self.program.push(Op::Set { to: self.listener, value: Operand::Slot(self.errno) }, "the listening socket");
        // Any int that is not 0 switches it on: the address begins with the family.
        let on = (address, Operand::Const(abi::INT_BYTES));
        let why = "an earlier run's connections in TIME_WAIT must not keep it from binding";
        self.socket_option(self.listener, abi::SOL_SOCKET, abi::SO_REUSEADDR, on, why);
        if self.server.listen.address == IpAddr::from([0; 16]) {
            let zero = self.program.datum("int 0", vec![Part::Bytes(vec![0; 4])], 0);
            let off = (zero, Operand::Const(abi::INT_BYTES));
            self.socket_option(self.listener, abi::IPPROTO_IPV6, abi::IPV6_V6ONLY, off, "accept IPv4 as well");
        }
        let args = [Operand::Slot(self.listener), Operand::Data(address), Operand::Const(len)];
        self.program.call(Call::Bind, &args, Some(self.errno), format!("bind to {}", self.server.listen));
        self.fail_if_negative("no such address here, or it is in use");
        let args = [Operand::Slot(self.listener), Operand::AtLeast(self.server.backlog)];
        self.program.call(Call::Listen, &args, Some(self.errno), "let clients connect");
        self.fail_if_negative("another socket listens there");
        if let Some(line) = &self.server.start_line {
            let line = line.join(&self.server.listen.port.to_string());
            let len = Operand::Const(line.len() as i64);
            let line = self.program.datum("start line", vec![Part::Bytes(line.into())], 0);
            let args = [Operand::Const(abi::STDOUT), Operand::Data(line), len];
            self.program.call(Call::Write, &args, None, "clients can connect now");
        }
        self.program.push(Op::Jump(self.next), "accept the first connection");
    }

    /// Exits with a message if the last call has failed.
    fn fail_if_negative(&mut self, why: &str) {
        let to = self.failed;
        self.program.push(Op::Branch { left: self.errno, cond: Cond::Lt, right: Operand::Const(0), to }, why);
    }

    /// Closes the connection, and accepts the next.
    ///
    /// ```text
    /// accept succeeds                          receive
    /// it fails: no descriptor, no memory       sleep, then again: asking at once would only burn the processor
    /// ```
    fn close_and_accept(&mut self) {
        let accepted = self.program.label("accepted");
        self.program.place(self.close);
        self.program.call(
            Call::Close,
            &[Operand::Slot(self.client)],
            None,
            "the reply is sent, or the client has given up",
        );
        self.program.place(self.next);
        let args = [Operand::Slot(self.listener), Operand::Const(0), Operand::Const(0), Operand::Const(0)];
        self.program.call(Call::Accept, &args, Some(self.client), "the next connection");
        let ok = Op::Branch { left: self.client, cond: Cond::Ge, right: Operand::Const(0), to: accepted };
        self.program.push(ok, "a connection");
        let args = [Operand::Data(self.rest), Operand::Const(0)];
        self.program.call(Call::Nanosleep, &args, None, "no descriptor or memory is free: they will not be at once");
        self.program.push(Op::Jump(self.next), "try again");
        self.program.place(accepted);
    }

    /// Ends our direction, discards the rest of the request, and closes.
    fn drain(&mut self) {
        let args = [Operand::Slot(self.client), Operand::Const(abi::SHUT_WR)];
        self.program.call(Call::Shutdown, &args, None, "the reply is complete");
        let flags = Operand::Const(abi::MSG_TRUNC | abi::MSG_WAITALL);
        // With MSG_TRUNC the kernel copies nothing (tcp(7)); the address need only be one of user space.
        let args = [
            Operand::Slot(self.client),
            Operand::Const(0),
            Operand::Const(DRAIN_BYTES),
            flags,
            Operand::Const(0),
            Operand::Const(0),
        ];
        self.program.call(Call::Recvfrom, &args, None, "discard the request until the client closes");
        self.program.push(Op::Jump(self.close), "all of the request is read");
    }
}
