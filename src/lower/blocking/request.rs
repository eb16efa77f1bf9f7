//! The request: the server receives as much of it as says what the client asks for, and no more.
//!
//! A receive waits for a number of bytes. The server may only wait for bytes that every client has to send, or it would
//! wait for its timeout. The shortest request has 16 bytes. If the path seen so far is the beginning of a route's path,
//! the request has at least 10 more, which are the next stage.

use asmgen_arch::op::{Base, BinOp, Cond, Kind, Label, Mem, Op, Operand, Part, Slot, Width};
use asmgen_arch::syscall::Call;

use super::waits::{SENT_AT_ONCE_BYTES, Waits};
use super::{Engine, abi};
use crate::spec::Route;

/// Bytes of the shortest request: `GET / HTTP/1.0` and two bare line feeds.
const SHORTEST_REQUEST_BYTES: u32 = 16;
/// Bytes of the shortest end of a request, after its path: ` HTTP/1.0` and two bare line feeds.
const SHORTEST_TAIL_BYTES: u32 = 11;
/// Bytes of a stage, once all of the path that was seen has matched. It is one less than the tail, because a GET shows
/// one byte more of its path than a HEAD. Only what both show is compared.
const STAGE_BYTES: u32 = SHORTEST_TAIL_BYTES - 1;
/// Bytes of the path, from its slash, that the shortest request shows whatever its method (`HEAD ` is 5 bytes).
const PATH_SEEN_BYTES: u32 = SHORTEST_REQUEST_BYTES - 5;

/// How many times more must be received before the longest path of all and the byte after it are there.
pub(super) fn most_stages(routes: &[Route]) -> u32 {
    routes.iter().map(|route| stages(&route.path)).max().unwrap_or(0)
}

/// How many times more must be received before a path of this length and the byte after it are there.
fn stages(path: &str) -> u32 {
    (path.len() as u32 + 1).saturating_sub(PATH_SEEN_BYTES).div_ceil(STAGE_BYTES)
}

impl Engine<'_> {
    /// Sets the timeouts, and receives the first stage.
    pub(super) fn receive(&mut self) {
        let receive = (self.timeval, Operand::Const(self.timeval_bytes));
        self.socket_option(
            self.client,
            abi::SOL_SOCKET,
            abi::SO_RCVTIMEO,
            receive,
            "a client cannot keep the others waiting for longer",
        );
        if self.longest > SENT_AT_ONCE_BYTES {
            self.limit_sends();
        }
        let stages = most_stages(&self.server.routes);
        self.program.frame_bytes = SHORTEST_REQUEST_BYTES + stages * STAGE_BYTES;
        self.receive_exactly(Operand::Frame(0), SHORTEST_REQUEST_BYTES, "the beginning of the request");
        if stages > 0 {
            let end = self.program.slot("end of what was received", Kind::Pointer);
            let value = Operand::Frame(SHORTEST_REQUEST_BYTES);
            self.program.push(Op::Set { to: end, value }, "so much is received");
            self.end = Some(end);
        }
    }

    /// Sets the timeouts of long replies: one for all of the reply, and a shorter one for a client that takes nothing.
    pub(super) fn limit_sends(&mut self) {
        let all = self.program.datum("struct timeval: longest send", Waits::words(self.waits.send_us), 0);
        let all = (all, Operand::Const(self.timeval_bytes));
        self.socket_option(
            self.client,
            abi::SOL_SOCKET,
            abi::SO_SNDTIMEO,
            all,
            "a slow client cannot keep the others waiting for longer",
        );
        let stall_ms = u32::try_from(self.waits.stall_ms).expect("a timeout is an hour at most");
        let stall = vec![Part::Bytes(stall_ms.to_le_bytes().into())];
        let stall = (self.program.datum("int: longest stall, milliseconds", stall, 0), Operand::Const(abi::INT_BYTES));
        let why = "a client that takes nothing is given up sooner (tcp(7))";
        self.socket_option(self.client, abi::IPPROTO_TCP, abi::TCP_USER_TIMEOUT, stall, why);
    }

    /// Receives so many bytes, or closes the connection.
    pub(super) fn receive_exactly(&mut self, to: Operand, bytes: u32, why: &str) {
        let bytes = i64::from(bytes);
        let args = [
            Operand::Slot(self.client),
            to,
            Operand::Const(bytes),
            Operand::Const(abi::MSG_WAITALL),
            Operand::Const(0),
            Operand::Const(0),
        ];
        let received = self.received;
        self.program.call(Call::Recvfrom, &args, Some(received), why);
        let short = Op::Branch { left: received, cond: Cond::Ne, right: Operand::Const(bytes), to: self.close };
        self.program.push(short, "the client is gone, or its time is up");
    }

    /// Finds the path.
    ///
    /// ```text
    /// `GET `       the path is at byte 4
    /// `HEAD `      the path is at byte 5
    /// any other    goes to the returned label: the reply to everything else
    /// ```
    pub(super) fn find_path(&mut self) -> (Slot, Label) {
        let path = self.program.slot("path", Kind::Pointer);
        let other = self.program.label("no such resource");
        let found = self.program.label("path found");
        let method = Mem { base: Base::Frame, offset: 0 };
        let behind = Mem { base: Base::Slot(path), offset: 0 };
        let program = &mut self.program;
        program.push(Op::Set { to: path, value: Operand::Frame(4) }, "it follows `GET `");
        let branch = |at, bytes: &[u8], equal, to| Op::BranchBytes { at, bytes: bytes.into(), equal, to };
        program.push(branch(method, b"GET ", true, found), "it is a GET");
        program.push(branch(method, b"HEAD", false, other), "no route has another method");
        program.push(branch(behind, b" ", false, other), "a longer method that begins so");
        program.push(
            Op::Binary { operator: BinOp::Add, to: path, value: Operand::Const(1) },
            "`HEAD ` is one byte longer",
        );
        program.place(found);
        (path, other)
    }

    /// Goes to `miss` unless the request's path is this one. A space or a query ends it.
    pub(super) fn match_path(&mut self, at: Slot, path: &str, miss: Label) {
        let mem = |offset: usize| Mem { base: Base::Slot(at), offset: offset as i32 };
        let mut matched = 0;
        for stage in 0..=stages(path) {
            if stage > 0 {
                self.receive_up_to(SHORTEST_REQUEST_BYTES + stage * STAGE_BYTES);
            }
            let seen = path.len().min((PATH_SEEN_BYTES + stage * STAGE_BYTES) as usize);
            let want = path.as_bytes()[matched..seen].to_vec();
            if !want.is_empty() {
                self.program.push(Op::Match { at: mem(matched), want, miss }, "another path");
            }
            matched = seen;
        }
        let end = self.behind_path;
        let hit = self.program.label("hit");
        self.program.push(Op::Load { to: end, width: Width::Byte, from: mem(path.len()) }, "the byte after the path");
        let space = i64::from(b' ');
        let query = i64::from(b'?');
        self.program.push(
            Op::Branch { left: end, cond: Cond::Eq, right: Operand::Const(space), to: hit },
            "the path ends here",
        );
        self.program.push(
            Op::Branch { left: end, cond: Cond::Ne, right: Operand::Const(query), to: miss },
            "a longer path; `?` would begin a query",
        );
        self.program.place(hit);
    }

    /// Receives the next stage of a request with a path that has matched so far.
    ///
    /// ```text
    /// so many bytes were received for another route    nothing
    /// fewer were received                              a stage more: the client has at least so many left to send
    /// ```
    pub(super) fn receive_up_to(&mut self, bytes: u32) {
        let end = self.end.expect("a long path has an end of what was received");
        let limit = self.needed;
        let enough = self.program.label(format!("{bytes} bytes received"));
        self.program.push(Op::Set { to: limit, value: Operand::Frame(bytes) }, "what a longer path needs");
        let there = Op::Branch { left: end, cond: Cond::Eq, right: Operand::Slot(limit), to: enough };
        self.program.push(there, "received for another route already");
        let further = Op::Branch { left: end, cond: Cond::Gt, right: Operand::Slot(limit), to: enough };
        self.program.push(further, "another route needed even more");
        self.receive_exactly(Operand::Slot(end), STAGE_BYTES, "more of the request");
        self.program.push(Op::Set { to: end, value: Operand::Slot(limit) }, "so much is received now");
        self.program.place(enough);
    }
}
