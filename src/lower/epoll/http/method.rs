//! Methods (RFC 9110 §9), and the replies to those that ask for no stored content.

use asmgen_arch::op::Operand;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::http::field_names::names;
use crate::lower::epoll::state::vars::var;

/// Methods by their numbers in a list; 0 is none of them. Of CONNECT, and of OPTIONS for the server as a whole ([`SERVER`]),
/// no route is asked for; those that are not allowed are odd.
pub(crate) const CONNECT: u32 = 1;
pub(crate) const SERVER: u32 = 2;
pub(crate) const REFUSED: u32 = 3;
pub(crate) const OPTIONS: u32 = 4;
pub(crate) const HEAD: u32 = 5;
pub(crate) const GET: u32 = 6;
/// The bit that makes a number odd.
const ODD: u32 = 1;

impl Engine<'_> {
    /// Which method the request has that goes from `req` to `path`, in the frame.
    pub(crate) fn which_method(&mut self) {
        let methods = [
            (GET, "GET"),
            (HEAD, "HEAD"),
            (OPTIONS, "OPTIONS"),
            (REFUSED, "POST"),
            (REFUSED, "PUT"),
            (REFUSED, "DELETE"),
            (REFUSED, "PATCH"),
            (REFUSED, "TRACE"),
            (CONNECT, "CONNECT"),
        ];
        let list = self.bytes("methods", &names(&methods));
        self.set(self.s.token, self.s.request_start, NO_WHY);
        self.set(self.s.token_end, self.s.target, "behind the space");
        self.set(self.s.list, Operand::Data(list), NO_WHY);
        self.gosub(Routine::Lookup);
        self.put_four(frame(var::METHOD), self.s.id, "its method");
    }

    /// 405, 501, or OPTIONS.
    pub(crate) fn other_methods(&mut self) {
        self.place(At::MethodOther);
        let (unknown, refused, options) = (self.beginning(501), self.beginning(405), self.beginning(204));
        self.set(self.s.token, unknown, "501");
        self.if_zero(self.s.id, At::SendError, "no method");
        self.set(self.s.token, refused, "405");
        self.if_any(self.s.id, ODD, At::SendError, NO_WHY);
        self.set(self.s.token, options, "204");
        self.set(self.s.v, self.records.no_content_at, "nothing of what refusals have but the empty line");
        self.jump(At::SendErrorFrom, NO_WHY);
    }
}
