//! Methods (RFC 9110 §9), and the replies to those that ask for no stored content.

use asmgen_arch::op::Operand;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::frame;
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::http::field_names::names;
use crate::lower::epoll::state::vars::var;

/// Methods by their numbers in a list; 0 is none of them. CONNECT, and OPTIONS for the whole server ([`SERVER`]), ask
/// for no route. Methods that are not allowed have odd numbers.
pub(crate) const CONNECT: u32 = 1;
pub(crate) const SERVER: u32 = 2;
pub(crate) const REFUSED: u32 = 3;
pub(crate) const OPTIONS: u32 = 4;
pub(crate) const HEAD: u32 = 5;
pub(crate) const GET: u32 = 6;
/// The bit that makes a number odd.
const ODD: u32 = 1;

impl Engine<'_> {
    /// Looks the method up, which goes from `request_start` to `target`. Its number is kept in the frame.
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
        self.set(self.s.token, self.s.request_start, "the method is looked up");
        self.set(self.s.token_end, self.s.target, "after the space");
        self.set(self.s.names, Operand::Data(list), "among the known methods");
        self.gosub(Routine::Lookup);
        self.put_four(frame(var::METHOD), self.s.id, "its method");
    }

    /// A request that asks for no stored content, by the number of its method in `id`:
    ///
    /// | method | reply |
    /// |---|---|
    /// | not known, or a body with an unknown coding | 501 (RFC 9110 §15.6.2) |
    /// | known but not allowed, or CONNECT: odd | 405 with `Allow` (§15.5.6) |
    /// | OPTIONS | 204 with `Allow` (§9.3.7) |
    pub(crate) fn other_methods(&mut self) {
        let (beginning, id) = (self.s.beginning, self.s.id);
        self.place(At::MethodOther);
        let (unknown, refused, options) = (self.beginning(501), self.beginning(405), self.beginning(204));
        self.set(beginning, unknown, "501");
        self.if_zero(id, At::SendError, "a method or a coding that is not known");
        self.set(beginning, refused, "405");
        self.if_any(id, ODD, At::SendError, "a method that is not allowed");
        self.set(beginning, options, "204");
        self.set(self.s.fields_from, self.records.no_content_at, "of the fields of refusals only the empty line");
        self.jump(At::SendErrorFrom, "OPTIONS: which methods are allowed");
    }
}
