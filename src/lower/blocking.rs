//! The blocking engine: one connection at a time, the smallest.
//!
//! ```text
//! SIGTERM, SIGINT → exit 0            socket, bind, listen, start line        (failure: message, exit 1)
//! accept                              ← next:  (failure: rest a moment, next)
//!   receive the shortest request, whole, by the deadline          (not there: close)
//!   compare method and path, choose the reply
//!   send it, end our direction
//!   discard what the client still sends until it closes, by the deadline
//! close, next
//! ```
//!
//! Closing with something unread would reset the connection and could take the reply with it; so all of the request
//! is drained before the close. Both receives wait for a total of one socket timeout each (`MSG_WAITALL` counts the
//! timeout for the whole call, net/ipv4/tcp.c), so a client that sends byte by byte gains nothing.

use std::net::IpAddr;

use asmgen_arch::op::{Alu, Arg, Base, Cond, DatumId, Kind, Label, Mem, Op, Part, Program, Slot, Width};
use asmgen_arch::syscall::Call;

use super::pieces::{self, Pieces};
use super::{abi, http};
use crate::spec::{Reply, Server};

/// The shortest request there is: `GET / HTTP/1.0` and two bare line feeds. So many bytes can be waited for without
/// waiting for more than the client has to send.
const SHORTEST_REQUEST_BYTES: u32 = 16;
/// The shortest end of a request, behind its path: ` HTTP/1.0` and two bare line feeds.
const SHORTEST_TAIL_BYTES: u32 = 11;
/// So many bytes more may be waited for when all of the path that was seen has matched. A GET shows one byte more of
/// its path than a HEAD, and only what both show is compared: so one less than the tail.
const STAGE_BYTES: u32 = SHORTEST_TAIL_BYTES - 1;
/// Bytes of the path, from its slash, that the shortest request shows whatever its method (`HEAD ` is 5 bytes).
const PATH_SEEN_BYTES: u32 = SHORTEST_REQUEST_BYTES - 5;
/// Replies up to here are taken by any fresh connection's send buffer at once (net.ipv4.tcp_wmem is at least 4096).
const SENT_AT_ONCE_BYTES: usize = 4096;
/// A client must take so much of a long reply in a second, on the average.
const LEAST_BYTES_PER_SECOND: u64 = 64 * 1024;
/// Most that is drained behind a reply: a client that floods cannot stay for ever.
const DRAIN_BYTES: i64 = 16 << 20;
/// Where the error number's digits end, in bytes from the frame's start; the line feed stands there.
const DIGITS_END: u32 = 11;

/// Everything the parts of the engine share.
struct Engine<'s> {
    program: Program,
    server: &'s Server,
    /// The replies cut into pieces, if that is the way.
    pieces: Option<Pieces>,
    /// Behind the last byte received, where a path is longer than the shortest request shows.
    end: Option<Slot>,
    /// Length of the longest reply, in bytes.
    longest: usize,
    waits: Waits,
    timeval: DatumId,
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

/// Every way to lower a server: replies whole, and cut into pieces where that can be.
pub(super) fn lower(server: &Server) -> Vec<Program> {
    let replies = server.routes.iter().map(|route| &route.reply).chain([&server.fallback]);
    let pieces = if server.routes.is_empty() { None } else { pieces::cut(replies) };
    let ways = [None].into_iter().chain(pieces.map(Some));
    ways.map(|pieces| lower_with(server, pieces)).collect()
}

fn lower_with(server: &Server, pieces: Option<Pieces>) -> Program {
    let mut program = Program::default();
    let replies = server.routes.iter().map(|route| &route.reply).chain([&server.fallback]);
    let longest = replies.map(http::closing_len).max().unwrap_or(0);
    let waits = Waits::of(server, longest);
    let timeval = program.datum("struct timeval: longest receive", Waits::words(waits.receive_us), 0);
    // The same two words as a timespec are a rest of the same seconds; where they would be none, one second.
    let rest_us = if waits.receive_us < SECOND_US { SECOND_US } else { waits.receive_us };
    let rest = program.datum("struct timespec: rest", Waits::words(rest_us), 0);
    let mut engine = Engine {
        server,
        pieces,
        end: None,
        longest,
        waits,
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
    // What is jumped to from both sides stands in the middle, within reach of short jumps.
    engine.fail();
    engine.close_and_accept();
    engine.receive();
    engine.reply();
    engine.drain();
    engine.program
}

/// How long each wait for a client may be, so that all of them together are no longer than the server's timeout.
struct Waits {
    /// Each receive, in microseconds.
    receive_us: u64,
    /// A client that takes nothing of a long reply, in milliseconds.
    stall_ms: u64,
    /// All of a long reply, in microseconds.
    send_us: u64,
}

/// Microseconds in a second.
const SECOND_US: u64 = 1_000_000;

impl Waits {
    fn of(server: &Server, longest: usize) -> Self {
        let stages = server.routes.iter().map(|route| stages(&route.path)).max().unwrap_or(0);
        // A receive for the beginning, one for each further stage, one for the rest; a stall counts as two of them.
        let receives = 2 + u64::from(stages);
        let parts = if longest > SENT_AT_ONCE_BYTES { receives + 2 } else { receives };
        let timeout_us = u64::from(server.timeout_ms) * 1000;
        let receive_us = timeout_us / parts;
        let send_us = timeout_us + longest as u64 * SECOND_US / LEAST_BYTES_PER_SECOND;
        Self { receive_us, stall_ms: (2 * receive_us / 1000).max(1), send_us }
    }

    /// A wait as the words of a `timeval`.
    fn words(wait_us: u64) -> Vec<Part> {
        [wait_us / SECOND_US, wait_us % SECOND_US].map(Part::Word).into()
    }
}

/// How many times more must be received before a path of this length and the byte behind it are there.
fn stages(path: &str) -> u32 {
    (path.len() as u32 + 1).saturating_sub(PATH_SEEN_BYTES).div_ceil(STAGE_BYTES)
}

impl Engine<'_> {
    /// SIGTERM and SIGINT have a handler of their own that exits 0: PID 1 is sent no others.
    fn handle_signals(&mut self) {
        let action = vec![Part::Code(self.exit_0), Part::Word(abi::SA_RESTORER)];
        // Restorer and mask: the handler does not return, so neither is ever used.
        let ignored = 2 * 8;
        let action = self.program.datum("struct sigaction: exit 0", action, ignored);
        for (signal, why) in [(abi::SIGTERM, "SIGTERM: exit 0"), (abi::SIGINT, "SIGINT: exit 0")] {
            let args = [Arg::Const(signal), Arg::Data(action), Arg::Const(0), Arg::Const(abi::SIGSET_BYTES)];
            self.program.call(Call::RtSigaction, &args, None, why);
        }
    }

    fn socket_option(&mut self, socket: Slot, level: i64, option: i64, value: (DatumId, Arg), why: &str) {
        let args = [Arg::Slot(socket), Arg::Const(level), Arg::Const(option), Arg::Data(value.0), value.1];
        self.program.call(Call::Setsockopt, &args, None, why);
    }

    fn listen(&mut self) {
        let address = socket_address(&mut self.program, self.server);
        let is_v4 = self.server.listen.address.is_ipv4();
        let (family, len) = if is_v4 { (abi::AF_INET, 16) } else { (abi::AF_INET6, 28) };
        let args = [Arg::Const(family), Arg::Const(abi::SOCK_STREAM), Arg::Const(0)];
        self.program.call(Call::Socket, &args, Some(self.errno), "the listening socket");
        self.fail_if_negative("no socket");
        self.program.push(Op::Set { to: self.listener, value: Arg::Slot(self.errno) }, "the listening socket");
        // Any int that is not 0 switches it on: the address begins with the family.
        let on = (address, Arg::Const(abi::INT_BYTES));
        let why = "bind although connections of an earlier run linger";
        self.socket_option(self.listener, abi::SOL_SOCKET, abi::SO_REUSEADDR, on, why);
        if self.server.listen.address == IpAddr::from([0; 16]) {
            let zero = self.program.datum("int 0", vec![Part::Bytes(vec![0; 4])], 0);
            let off = (zero, Arg::Const(abi::INT_BYTES));
            self.socket_option(self.listener, abi::IPPROTO_IPV6, abi::IPV6_V6ONLY, off, "IPv4 as well");
        }
        let args = [Arg::Slot(self.listener), Arg::Data(address), Arg::Const(len)];
        self.program.call(Call::Bind, &args, Some(self.errno), format!("bind to {}", shown(self.server)));
        self.fail_if_negative("address not to be had");
        let args = [Arg::Slot(self.listener), Arg::AtLeast(self.server.backlog)];
        self.program.call(Call::Listen, &args, Some(self.errno), "let connections in");
        self.fail_if_negative("address in use");
        if let Some(line) = &self.server.start_line {
            let len = Arg::Const(line.len() as i64);
            let line = self.program.datum("start line", vec![Part::Bytes(line.clone().into())], 0);
            let args = [Arg::Const(abi::STDOUT), Arg::Data(line), len];
            self.program.call(Call::Write, &args, None, "say so");
        }
        self.program.push(Op::Jump(self.next), "take connections");
    }

    fn fail_if_negative(&mut self, why: &str) {
        let to = self.failed;
        self.program.push(Op::Branch { left: self.errno, cond: Cond::Lt, right: Arg::Const(0), to }, why);
    }

    fn close_and_accept(&mut self) {
        let accepted = self.program.label("accepted");
        self.program.place(self.close);
        self.program.call(Call::Close, &[Arg::Slot(self.client)], None, "close the connection");
        self.program.place(self.next);
        let args = [Arg::Slot(self.listener), Arg::Const(0), Arg::Const(0), Arg::Const(0)];
        self.program.call(Call::Accept, &args, Some(self.client), "the next connection");
        let ok = Op::Branch { left: self.client, cond: Cond::Ge, right: Arg::Const(0), to: accepted };
        self.program.push(ok, "got one");
        // No descriptor or no memory: they are not free again at once, and asking on would only burn the processor.
        let args = [Arg::Data(self.rest), Arg::Const(0)];
        self.program.call(Call::Nanosleep, &args, None, "rest before asking again");
        self.program.push(Op::Jump(self.next), "again");
        self.program.place(accepted);
    }

    fn receive(&mut self) {
        // A timeval is two words; where that is less than 16 bytes, more do no harm (net/core/sock.c).
        let receive = (self.timeval, Arg::Const(16));
        self.socket_option(self.client, abi::SOL_SOCKET, abi::SO_RCVTIMEO, receive, "no receive waits longer");
        if self.longest > SENT_AT_ONCE_BYTES {
            self.limit_sends();
        }
        let stages = self.server.routes.iter().map(|route| stages(&route.path)).max().unwrap_or(0);
        self.program.frame_bytes = SHORTEST_REQUEST_BYTES + stages * STAGE_BYTES;
        self.receive_exactly(Arg::Frame(0), SHORTEST_REQUEST_BYTES, "the beginning of the request");
        if stages > 0 {
            let end = self.program.slot("end of what was received", Kind::Pointer);
            let value = Arg::Frame(SHORTEST_REQUEST_BYTES);
            self.program.push(Op::Set { to: end, value }, "so much is there");
            self.end = Some(end);
        }
    }

    /// A long reply has a deadline for the whole of it, and a client that takes nothing is given up long before.
    fn limit_sends(&mut self) {
        let all = self.program.datum("struct timeval: longest send", Waits::words(self.waits.send_us), 0);
        let all = (all, Arg::Const(16));
        self.socket_option(self.client, abi::SOL_SOCKET, abi::SO_SNDTIMEO, all, "no reply takes longer");
        let stall_ms = u32::try_from(self.waits.stall_ms).expect("a timeout is an hour at most");
        let stall = vec![Part::Bytes(stall_ms.to_le_bytes().into())];
        let stall = (self.program.datum("int: longest stall, milliseconds", stall, 0), Arg::Const(abi::INT_BYTES));
        let why = "no client takes nothing for longer";
        self.socket_option(self.client, abi::IPPROTO_TCP, abi::TCP_USER_TIMEOUT, stall, why);
    }

    fn replies(&self) -> impl Iterator<Item = &Reply> {
        self.server.routes.iter().map(|route| &route.reply).chain([&self.server.fallback])
    }

    /// Receives so many bytes or closes the connection.
    fn receive_exactly(&mut self, to: Arg, bytes: u32, why: &str) {
        let bytes = i64::from(bytes);
        let args =
            [Arg::Slot(self.client), to, Arg::Const(bytes), Arg::Const(abi::MSG_WAITALL), Arg::Const(0), Arg::Any];
        let received = self.received;
        self.program.call(Call::Recvfrom, &args, Some(received), why);
        let short = Op::Branch { left: received, cond: Cond::Ne, right: Arg::Const(bytes), to: self.close };
        self.program.push(short, "less than a request: give up");
    }

    /// Chooses the reply and sends it.
    fn reply(&mut self) {
        match self.pieces.take() {
            None => self.reply_whole(),
            Some(pieces) => self.reply_in_pieces(&pieces),
        }
    }

    fn reply_whole(&mut self) {
        let reply = self.program.slot("reply", Kind::Pointer);
        let len = self.program.slot("length of the reply", Kind::Int);
        let head_len = self.program.slot("length of its head", Kind::Int);
        let wires: Vec<http::Wire> = self.replies().map(http::closing).collect();
        self.choose(|program, index, name| {
            let wire = &wires[index];
            let data = program.datum(format!("reply: {name}"), vec![Part::Bytes(wire.bytes.clone())], 0);
            program.push(Op::Set { to: reply, value: Arg::Data(data) }, format!("reply: {name}"));
            program.push(Op::Set { to: len, value: Arg::Const(wire.bytes.len() as i64) }, "its length");
            program.push(Op::Set { to: head_len, value: Arg::Const(wire.head_len as i64) }, "its head's length");
        });
        let head_only = Op::Set { to: len, value: Arg::Slot(head_len) };
        self.head_only(head_only, "the head alone");
        self.send(reply, len);
    }

    /// Sends piece after piece of the reply; the kernel joins them (`MSG_MORE`) until our direction ends.
    fn reply_in_pieces(&mut self, pieces: &Pieces) {
        let piece = self.program.slot("piece", Kind::Pointer);
        let left = self.program.slot("pieces left", Kind::Int);
        let offset = self.program.slot("offset of the piece", Kind::Pointer);
        let text = self.program.slot("text of the piece", Kind::Pointer);
        let len = self.program.slot("length of the piece", Kind::Int);
        let more = self.program.label("next piece");
        let all = self.program.datum("text of the replies", vec![Part::Bytes(pieces.text.clone())], 0);
        self.choose(|program, index, name| {
            let table = vec![Part::Bytes(pieces.tables[index].clone())];
            let table = program.datum(format!("pieces of the reply: {name}"), table, 0);
            program.push(Op::Set { to: piece, value: Arg::Data(table) }, format!("reply: {name}"));
        });
        let count = Arg::Const(pieces::HEAD_PIECES as i64 + 1);
        self.program.push(Op::Set { to: left, value: count }, "pieces of a reply");
        let head_only = Op::Alu { alu: Alu::Sub, to: left, value: Arg::Const(1) };
        self.head_only(head_only, "all but the content");
        let program = &mut self.program;
        let at = |offset| Mem { base: Base::Slot(piece), offset };
        program.place(more);
        program.push(Op::Load { to: len, width: Width::Byte, from: at(1) }, "length of the piece");
        program.push(Op::Load { to: offset, width: Width::Byte, from: at(0) }, "where it is");
        program.push(Op::Set { to: text, value: Arg::Data(all) }, "in the text of all replies");
        program.push(Op::Alu { alu: Alu::Add, to: text, value: Arg::Slot(offset) }, "the piece");
        let flags = Arg::Const(abi::MSG_NOSIGNAL | abi::MSG_DONTWAIT | abi::MSG_MORE);
        let args = [Arg::Slot(self.client), Arg::Slot(text), Arg::Slot(len), flags, Arg::Const(0), Arg::Any];
        program.call(Call::Sendto, &args, None, "send it");
        let step = Arg::Const(pieces::PIECE_BYTES as i64);
        program.push(Op::Alu { alu: Alu::Add, to: piece, value: step }, "the next one");
        program.push(Op::Alu { alu: Alu::Sub, to: left, value: Arg::Const(1) }, "one less");
        program.push(Op::Branch { left, cond: Cond::Ne, right: Arg::Const(0), to: more }, "more pieces?");
    }

    /// Compares the request with every route; `set` adds what a reply, given by its number and name, needs.
    fn choose(&mut self, set: impl Fn(&mut Program, usize, &str)) {
        let chosen = self.program.label("reply chosen");
        let routes = self.server.routes.len();
        if routes > 0 {
            let (path, other) = self.find_path();
            for (index, route) in self.server.routes.iter().enumerate() {
                let miss = self.program.label(format!("not {}", route.path));
                self.match_path(path, &route.path, miss);
                set(&mut self.program, index, &route.path);
                self.program.push(Op::Jump(chosen), "send it");
                self.program.place(miss);
            }
            self.program.place(other);
        }
        set(&mut self.program, routes, "everything else");
        self.program.place(chosen);
    }

    /// A request that begins with H is a HEAD: the head alone is sent (RFC 9110 §9.3.2).
    fn head_only(&mut self, shorten: Op, why: &str) {
        let whole = self.program.label("whole reply");
        let at = Mem { base: Base::Frame, offset: 0 };
        let other = Op::BranchBytes { at, bytes: b"H".into(), equal: false, to: whole };
        self.program.push(other, "a HEAD request?");
        self.program.push(shorten, why);
        self.program.place(whole);
    }

    /// Finds the path behind GET or HEAD; everything else goes to the label that is returned.
    fn find_path(&mut self) -> (Slot, Label) {
        let path = self.program.slot("path", Kind::Pointer);
        let other = self.program.label("no such resource");
        let found = self.program.label("path found");
        let method = Mem { base: Base::Frame, offset: 0 };
        let behind = Mem { base: Base::Slot(path), offset: 0 };
        let program = &mut self.program;
        program.push(Op::Set { to: path, value: Arg::Frame(4) }, "the path of a GET");
        let branch = |at, bytes: &[u8], equal, to| Op::BranchBytes { at, bytes: bytes.into(), equal, to };
        program.push(branch(method, b"GET ", true, found), "GET");
        program.push(branch(method, b"HEAD", false, other), "HEAD");
        program.push(branch(behind, b" ", false, other), "HEAD and no more");
        program.push(Op::Alu { alu: Alu::Add, to: path, value: Arg::Const(1) }, "its path is one further");
        program.place(found);
        (path, other)
    }

    /// Goes to `miss` unless the request's path is this one, ended by a space or a query.
    fn match_path(&mut self, at: Slot, path: &str, miss: Label) {
        let mem = |offset: usize| Mem { base: Base::Slot(at), offset: offset as i32 };
        let mut matched = 0;
        for stage in 0..=stages(path) {
            if stage > 0 {
                self.receive_up_to(SHORTEST_REQUEST_BYTES + stage * STAGE_BYTES);
            }
            let seen = path.len().min((PATH_SEEN_BYTES + stage * STAGE_BYTES) as usize);
            let want = path.as_bytes()[matched..seen].to_vec();
            if !want.is_empty() {
                self.program.push(Op::Match { at: mem(matched), want, miss }, "the path");
            }
            matched = seen;
        }
        let end = self.behind_path;
        let hit = self.program.label("hit");
        self.program.push(Op::Load { to: end, width: Width::Byte, from: mem(path.len()) }, "what ends it");
        let space = i64::from(b' ');
        let query = i64::from(b'?');
        self.program.push(Op::Branch { left: end, cond: Cond::Eq, right: Arg::Const(space), to: hit }, "a space");
        self.program.push(Op::Branch { left: end, cond: Cond::Ne, right: Arg::Const(query), to: miss }, "a query");
        self.program.place(hit);
    }

    /// Receives more of a request whose path has matched so far, if that has not been done for another route: what
    /// has matched is no end of a request, so the client has at least so many bytes more to send.
    fn receive_up_to(&mut self, bytes: u32) {
        let end = self.end.expect("a long path has an end of what was received");
        let limit = self.needed;
        let enough = self.program.label(format!("{bytes} bytes received"));
        self.program.push(Op::Set { to: limit, value: Arg::Frame(bytes) }, "bytes needed for a longer path");
        let there = Op::Branch { left: end, cond: Cond::Eq, right: Arg::Slot(limit), to: enough };
        self.program.push(there, "received for another route already?");
        let further = Op::Branch { left: end, cond: Cond::Gt, right: Arg::Slot(limit), to: enough };
        self.program.push(further, "or even more?");
        self.receive_exactly(Arg::Slot(end), STAGE_BYTES, "more of the request");
        self.program.push(Op::Set { to: end, value: Arg::Slot(limit) }, "so much is there now");
        self.program.place(enough);
    }

    fn send(&mut self, reply: Slot, len: Slot) {
        let is_short = self.longest <= SENT_AT_ONCE_BYTES;
        let flags = Arg::Const(if is_short { abi::MSG_NOSIGNAL | abi::MSG_DONTWAIT } else { abi::MSG_NOSIGNAL });
        let args = [Arg::Slot(self.client), Arg::Slot(reply), Arg::Slot(len), flags, Arg::Const(0), Arg::Any];
        if is_short {
            self.program.call(Call::Sendto, &args, None, "send the reply");
            return;
        }
        let taken = self.program.slot("bytes taken", Kind::Int);
        self.program.call(Call::Sendto, &args, Some(taken), "send the reply, however long it is");
        let less = Op::Branch { left: taken, cond: Cond::Ne, right: Arg::Slot(len), to: self.close };
        self.program.push(less, "the client is gone, stalled or too slow: give up");
    }

    /// Ends our direction, discards the rest of the request, closes.
    fn drain(&mut self) {
        let args = [Arg::Slot(self.client), Arg::Const(abi::SHUT_WR)];
        self.program.call(Call::Shutdown, &args, None, "the reply is complete");
        let flags = Arg::Const(abi::MSG_TRUNC | abi::MSG_WAITALL);
        // Nothing is copied: the kernel only wants an address that could be the process's own.
        let args = [Arg::Slot(self.client), Arg::Const(0), Arg::Const(DRAIN_BYTES), flags, Arg::Const(0), Arg::Any];
        self.program.call(Call::Recvfrom, &args, None, "discard the request until the client closes");
        self.program.push(Op::Jump(self.close), "done with it");
    }

    /// Message with the error's number and exit 1; behind it the exit that signals share.
    fn fail(&mut self) {
        let program = &mut self.program;
        let text = b"listen: errno ";
        let len = Arg::Const(text.len() as i64);
        let text = program.datum("message", vec![Part::Bytes(text.into())], 0);
        let kept = program.slot("negative error number, kept", Kind::Int);
        let number = program.slot("error number", Kind::Int);
        let digits = program.slot("first digit", Kind::Pointer);
        let digit = program.slot("digit", Kind::Int);
        let digits_len = program.slot("length of the digits", Kind::Pointer);
        let status = program.slot("exit status", Kind::Int);
        let another = program.label("another digit");
        program.place(self.failed);
        program.push(Op::Set { to: kept, value: Arg::Slot(self.errno) }, "which error");
        let args = [Arg::Const(abi::STDERR), Arg::Data(text), len];
        program.call(Call::Write, &args, None, "what went wrong");
        program.push(Op::Set { to: number, value: Arg::Slot(kept) }, "which error");
        program.push(Op::Negate { to: number }, "its number");
        program.push(Op::Set { to: digits, value: Arg::Frame(DIGITS_END) }, "its digits, from the last");
        let at = |offset| Mem { base: Base::Slot(digits), offset };
        program.push(Op::StoreBytes { to: at(0), bytes: b"\n".into() }, "end of the line");
        program.place(another);
        program.push(Op::Divide { value: number, by: 10, rest: digit }, "next digit");
        program.push(Op::Alu { alu: Alu::Add, to: digit, value: Arg::Const(i64::from(b'0')) }, "as a character");
        program.push(Op::Alu { alu: Alu::Sub, to: digits, value: Arg::Const(1) }, "before the last one");
        program.push(Op::Store { width: Width::Byte, to: at(0), value: Arg::Slot(digit) }, "write it");
        let on = Op::Branch { left: number, cond: Cond::Ne, right: Arg::Const(0), to: another };
        program.push(on, "another digit?");
        program.push(Op::Set { to: digits_len, value: Arg::Frame(DIGITS_END + 1) }, "end of the line");
        program.push(Op::Alu { alu: Alu::Sub, to: digits_len, value: Arg::Slot(digits) }, "its length");
        let args = [Arg::Const(abi::STDERR), Arg::Slot(digits), Arg::Slot(digits_len)];
        program.call(Call::Write, &args, None, "the number");
        program.push(Op::Set { to: status, value: Arg::Const(1) }, "failed");
        program.push(Op::Jump(self.exit), "exit 1");
        program.place(self.exit_0);
        program.push(Op::Set { to: status, value: Arg::Const(0) }, "asked to end");
        program.place(self.exit);
        program.call(Call::Exit, &[Arg::Slot(status)], None, "exit");
    }
}

/// The address as people write it.
fn shown(server: &Server) -> String {
    std::net::SocketAddr::new(server.listen.address, server.listen.port).to_string()
}

/// `struct sockaddr_in` or `sockaddr_in6` (include/uapi/linux/in.h, in6.h).
fn socket_address(program: &mut Program, server: &Server) -> DatumId {
    let port = server.listen.port.to_be_bytes();
    let name = format!("socket address {}", shown(server));
    match server.listen.address {
        IpAddr::V4(address) => {
            let family = (abi::AF_INET as u16).to_le_bytes();
            let bytes = [&family[..], &port, &address.octets()].concat();
            // sin_zero: bind() copies it and looks at none of it (net/ipv4/af_inet.c).
            program.datum(name, vec![Part::Bytes(bytes)], 8)
        }
        IpAddr::V6(address) => {
            let family = (abi::AF_INET6 as u16).to_le_bytes();
            let bytes = [&family[..], &port, &[0; 4], &address.octets(), &[0; 4]].concat();
            program.datum(name, vec![Part::Bytes(bytes)], 0)
        }
    }
}
