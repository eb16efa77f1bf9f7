//! The request: as much of it as tells what is asked for.

use asmgen_arch::op::{Base, BinOp, Cond, Kind, Label, Mem, Op, Operand, Part, Slot, Width};
use asmgen_arch::syscall::Call;

use super::waits::{SENT_AT_ONCE_BYTES, Waits};
use super::{Engine, abi};
use crate::spec::Route;

/// The shortest request there is: `GET / HTTP/1.0` and two bare line feeds. So many bytes can be waited for without
/// waiting for more than the client has to send.
const SHORTEST_REQUEST_BYTES: u32 = 16;
/// The shortest end of a request, after its path: ` HTTP/1.0` and two bare line feeds.
const SHORTEST_TAIL_BYTES: u32 = 11;
/// So many bytes more may be waited for when all of the path that was seen has matched. A GET shows one byte more of
/// its path than a HEAD, and only what both show is compared: so one less than the tail.
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
    pub(super) fn receive(&mut self) {
        let receive = (self.timeval, Operand::Const(self.timeval_bytes));
        self.socket_option(self.client, abi::SOL_SOCKET, abi::SO_RCVTIMEO, receive, "no receive waits longer");
        if self.longest > SENT_AT_ONCE_BYTES {
            self.limit_sends();
        }
        let stages = most_stages(&self.server.routes);
        self.program.frame_bytes = SHORTEST_REQUEST_BYTES + stages * STAGE_BYTES;
        self.receive_exactly(Operand::Frame(0), SHORTEST_REQUEST_BYTES, "the beginning of the request");
        if stages > 0 {
            let end = self.program.slot("end of what was received", Kind::Pointer);
            let value = Operand::Frame(SHORTEST_REQUEST_BYTES);
            self.program.push(Op::Set { to: end, value }, "so much is there");
            self.end = Some(end);
        }
    }

    /// A long reply has a deadline for the whole of it, and a client that takes nothing is given up long before.
    pub(super) fn limit_sends(&mut self) {
        let all = self.program.datum("struct timeval: longest send", Waits::words(self.waits.send_us), 0);
        let all = (all, Operand::Const(self.timeval_bytes));
        self.socket_option(self.client, abi::SOL_SOCKET, abi::SO_SNDTIMEO, all, "no reply takes longer");
        let stall_ms = u32::try_from(self.waits.stall_ms).expect("a timeout is an hour at most");
        let stall = vec![Part::Bytes(stall_ms.to_le_bytes().into())];
        let stall = (self.program.datum("int: longest stall, milliseconds", stall, 0), Operand::Const(abi::INT_BYTES));
        let why = "no client takes nothing for longer";
        self.socket_option(self.client, abi::IPPROTO_TCP, abi::TCP_USER_TIMEOUT, stall, why);
    }

    /// Receives so many bytes or closes the connection.
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
        self.program.push(short, "less than a request: give up");
    }

    /// Finds the path after GET or HEAD; everything else goes to the label that is returned.
    pub(super) fn find_path(&mut self) -> (Slot, Label) {
        let path = self.program.slot("path", Kind::Pointer);
        let other = self.program.label("no such resource");
        let found = self.program.label("path found");
        let method = Mem { base: Base::Frame, offset: 0 };
        let behind = Mem { base: Base::Slot(path), offset: 0 };
        let program = &mut self.program;
        program.push(Op::Set { to: path, value: Operand::Frame(4) }, "the path of a GET");
        let branch = |at, bytes: &[u8], equal, to| Op::BranchBytes { at, bytes: bytes.into(), equal, to };
        program.push(branch(method, b"GET ", true, found), "GET");
        program.push(branch(method, b"HEAD", false, other), "HEAD");
        program.push(branch(behind, b" ", false, other), "HEAD and no more");
        program
            .push(Op::Binary { operator: BinOp::Add, to: path, value: Operand::Const(1) }, "its path is one further");
        program.place(found);
        (path, other)
    }

    /// Goes to `miss` unless the request's path is this one, ended by a space or a query.
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
                self.program.push(Op::Match { at: mem(matched), want, miss }, "the path");
            }
            matched = seen;
        }
        let end = self.behind_path;
        let hit = self.program.label("hit");
        self.program.push(Op::Load { to: end, width: Width::Byte, from: mem(path.len()) }, "what ends it");
        let space = i64::from(b' ');
        let query = i64::from(b'?');
        self.program.push(Op::Branch { left: end, cond: Cond::Eq, right: Operand::Const(space), to: hit }, "a space");
        self.program.push(Op::Branch { left: end, cond: Cond::Ne, right: Operand::Const(query), to: miss }, "a query");
        self.program.place(hit);
    }

    /// Receives more of a request with a path that has matched so far, unless that has been done for another route.
    /// What has matched is not the end of a request, so the client has at least so many bytes more to send.
    pub(super) fn receive_up_to(&mut self, bytes: u32) {
        let end = self.end.expect("a long path has an end of what was received");
        let limit = self.needed;
        let enough = self.program.label(format!("{bytes} bytes received"));
        self.program.push(Op::Set { to: limit, value: Operand::Frame(bytes) }, "bytes needed for a longer path");
        let there = Op::Branch { left: end, cond: Cond::Eq, right: Operand::Slot(limit), to: enough };
        self.program.push(there, "received for another route already?");
        let further = Op::Branch { left: end, cond: Cond::Gt, right: Operand::Slot(limit), to: enough };
        self.program.push(further, "or even more?");
        self.receive_exactly(Operand::Slot(end), STAGE_BYTES, "more of the request");
        self.program.push(Op::Set { to: end, value: Operand::Slot(limit) }, "so much is there now");
        self.program.place(enough);
    }
}
