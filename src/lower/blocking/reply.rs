//! The reply: chosen by method and path, sent whole or in pieces.

use asmgen_arch::op::{Base, BinOp, Cond, Kind, Mem, Op, Operand, Part, Program, Slot, Width};
use asmgen_arch::syscall::Call;

use super::pieces::{self, Pieces};
use super::waits::SENT_AT_ONCE_BYTES;
use super::{Engine, abi, http};

impl Engine<'_> {
    /// Chooses the reply and sends it.
    pub(super) fn reply(&mut self) {
        match self.pieces.take() {
            None => self.reply_whole(),
            Some(pieces) => self.reply_in_pieces(&pieces),
        }
    }

    /// Sends the reply as one text.
    pub(super) fn reply_whole(&mut self) {
        let reply = self.program.slot("reply", Kind::Pointer);
        let len = self.program.slot("length of the reply", Kind::Int);
        let head_len = self.program.slot("length of its head", Kind::Int);
        let wires: Vec<http::Wire> = self.server.replies().map(http::closing).collect();
        self.choose(|program, index, name| {
            let wire = &wires[index];
            let data = program.datum(format!("reply: {name}"), vec![Part::Bytes(wire.bytes.clone())], 0);
            program.push(Op::Set { to: reply, value: Operand::Data(data) }, format!("reply: {name}"));
            program.push(Op::Set { to: len, value: Operand::Const(wire.bytes.len() as i64) }, "bytes of the reply");
            program.push(
                Op::Set { to: head_len, value: Operand::Const(wire.head_len as i64) },
                "a HEAD gets so many of them",
            );
        });
        let head_only = Op::Set { to: len, value: Operand::Slot(head_len) };
        self.head_only(head_only, "a HEAD gets no content");
        self.send(reply, len);
    }

    /// Sends piece after piece of the reply. The kernel joins them (`MSG_MORE`, send(2)) until our direction ends.
    pub(super) fn reply_in_pieces(&mut self, pieces: &Pieces) {
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
            program.push(Op::Set { to: piece, value: Operand::Data(table) }, format!("reply: {name}"));
        });
        let count = Operand::Const(pieces::HEAD_PIECES as i64 + 1);
        self.program.push(Op::Set { to: left, value: count }, "every reply has as many pieces");
        let head_only = Op::Binary { operator: BinOp::Sub, to: left, value: Operand::Const(1) };
        self.head_only(head_only, "a HEAD gets no content, which is the last piece");
        let program = &mut self.program;
        let at = |offset| Mem { base: Base::Slot(piece), offset };
        program.place(more);
        program.push(Op::Load { to: len, width: Width::Byte, from: at(1) }, "bytes of the piece");
        program.push(Op::Load { to: offset, width: Width::Byte, from: at(0) }, "its offset in the text of all replies");
        program
            .push(Op::Set { to: text, value: Operand::Data(all) }, "what several replies have in common is there once");
        program.push(Op::Binary { operator: BinOp::Add, to: text, value: Operand::Slot(offset) }, "where it is");
        let flags = Operand::Const(abi::MSG_NOSIGNAL | abi::MSG_DONTWAIT | abi::MSG_MORE);
        let args = [
            Operand::Slot(self.client),
            Operand::Slot(text),
            Operand::Slot(len),
            flags,
            Operand::Const(0),
            self.no_length,
        ];
        program.call(Call::Sendto, &args, None, "send the piece");
        let step = Operand::Const(pieces::PIECE_BYTES as i64);
        program.push(Op::Binary { operator: BinOp::Add, to: piece, value: step }, "the next piece");
        program.push(Op::Binary { operator: BinOp::Sub, to: left, value: Operand::Const(1) }, "one piece less");
        program.push(Op::Branch { left, cond: Cond::Ne, right: Operand::Const(0), to: more }, "are pieces left?");
    }

    /// Compares the request with every route, one after the other. `set` emits what a reply needs, by its number and
    /// name.
    pub(super) fn choose(&mut self, set: impl Fn(&mut Program, usize, &str)) {
        let chosen = self.program.label("reply chosen");
        let routes = self.server.routes.len();
        if routes > 0 {
            let (path, other) = self.find_path();
            for (index, route) in self.server.routes.iter().enumerate() {
                let miss = self.program.label(format!("not {}", route.path));
                self.match_path(path, &route.path, miss);
                set(&mut self.program, index, &route.path);
                self.program.push(Op::Jump(chosen), "no other route has this path");
                self.program.place(miss);
            }
            self.program.place(other);
        }
        set(&mut self.program, routes, "everything else");
        self.program.place(chosen);
    }

    /// Shortens the reply to a HEAD (RFC 9110 §9.3.2). No other method begins with these four letters.
    pub(super) fn head_only(&mut self, shorten: Op, why: &str) {
        let whole = self.program.label("whole reply");
        let at = Mem { base: Base::Frame, offset: 0 };
        let other = Op::BranchBytes { at, bytes: b"HEAD".into(), equal: false, to: whole };
        self.program.push(other, "any other method gets the whole reply");
        self.program.push(shorten, why);
        self.program.place(whole);
    }

    /// Sends the reply.
    ///
    /// ```text
    /// no reply is longer than 4 KiB      without waiting: a new connection's send buffer takes all of it
    /// a reply may be longer              until the client has taken it, or its time is up: then close
    /// ```
    pub(super) fn send(&mut self, reply: Slot, len: Slot) {
        let is_short = self.longest <= SENT_AT_ONCE_BYTES;
        let flags = Operand::Const(if is_short { abi::MSG_NOSIGNAL | abi::MSG_DONTWAIT } else { abi::MSG_NOSIGNAL });
        let args = [
            Operand::Slot(self.client),
            Operand::Slot(reply),
            Operand::Slot(len),
            flags,
            Operand::Const(0),
            self.no_length,
        ];
        if is_short {
            self.program.call(Call::Sendto, &args, None, "send the reply");
            return;
        }
        let taken = self.program.slot("bytes taken", Kind::Int);
        self.program.call(Call::Sendto, &args, Some(taken), "wait until the client has taken it, or its time is up");
        let less = Op::Branch { left: taken, cond: Cond::Ne, right: Operand::Slot(len), to: self.close };
        self.program.push(less, "the client is gone, or its time was up");
    }
}
