//! Slots (virtual registers) that the engine's routines share: what is in use for a whole request, and what a routine
//! gives another.

use asmgen_arch::op::{Program, Slot};

/// The shared slots. All but addresses of the stack are 32-bit numbers, for addresses of the image are below 2 GiB.
pub(crate) struct Slots {
    /// The connection: its descriptor, its entry in the table, the entry's word.
    pub(crate) fd: Slot,
    pub(crate) conn: Slot,
    pub(crate) conn_word: Slot,
    /// The event, and how many are left.
    pub(crate) ev: Slot,
    pub(crate) left: Slot,
    /// The table of connections, and the table of classes of bytes.
    pub(crate) table: Slot,
    pub(crate) classes: Slot,
    /// The input: cursor, end, where the request and its target begin. Then the beginning of the reply to a request
    /// that ends here; what becomes of the connection; which fields the request has.
    pub(crate) cursor: Slot,
    pub(crate) end: Slot,
    pub(crate) request_start: Slot,
    pub(crate) target: Slot,
    pub(crate) error_if_truncated: Slot,
    pub(crate) flags: Slot,
    pub(crate) fields_seen: Slot,
    /// The reply's record, and the next vector of the batch.
    pub(crate) response: Slot,
    pub(crate) next_vector: Slot,
    /// The byte that was read last: scans, elements of lists and texts leave it to their callers.
    pub(crate) byte: Slot,
    /// Where a part of the input is read: the target, or a field's value.
    pub(crate) value: Slot,
    /// A text in lower case that is compared with it; the first of its characters that differs, or 0.
    pub(crate) expected: Slot,
    pub(crate) mismatch: Slot,
    /// The list in which a token is looked up.
    pub(crate) names: Slot,
    /// After the byte that ends the host of the target or of `Host`.
    pub(crate) host_end: Slot,
    /// How a composed reply begins, and which of the stored fields it leaves out.
    pub(crate) beginning: Slot,
    pub(crate) fields_from: Slot,
    /// What a connection waits for from now on, and until when.
    pub(crate) conn_state: Slot,
    /// A descriptor of the epoll set and what happens to it (`EPOLL_CTL_…`); what a system call returned.
    pub(crate) watched: Slot,
    pub(crate) op: Slot,
    pub(crate) result: Slot,
    /// The slot of `fields_from`: free until a reply begins, but one for all its uses. A weight without a fraction
    /// reads it before anything of its own is in it, so a name of its own would move other registers.
    pub(crate) v: Slot,
    /// Values within a routine, and arguments of the next: `n` is `result`, `t` is `watched`, `q` is `value`.
    pub(crate) c: Slot,
    pub(crate) d: Slot,
    pub(crate) n: Slot,
    pub(crate) t: Slot,
    pub(crate) u: Slot,
    pub(crate) q: Slot,
    /// Where the value ends; a token in it, and after the byte that ends that.
    pub(crate) value_end: Slot,
    pub(crate) token: Slot,
    pub(crate) token_end: Slot,
    /// The table of system calls at hand.
    pub(crate) list: Slot,
    /// What a token was found to be: a number of its list, or 0.
    pub(crate) id: Slot,
    /// Where the decoded path ends.
    pub(crate) path_end: Slot,
    /// Bytes to send or to write.
    pub(crate) ptr: Slot,
    pub(crate) len: Slot,
    /// The composed fields and the content of the reply at hand.
    pub(crate) composed: Slot,
    pub(crate) composed_len: Slot,
    pub(crate) content: Slot,
    pub(crate) content_len: Slot,
    /// Where formatted text goes.
    pub(crate) output: Slot,
    /// Addresses of the stack.
    pub(crate) wide: Slot,
    pub(crate) vars: Slot,
    pub(crate) argument: Slot,
    pub(crate) long: Slot,
    pub(crate) first: Slot,
    pub(crate) text: Slot,
}

impl Slots {
    pub(crate) fn of(program: &mut Program) -> Self {
        use asmgen_arch::op::Kind::{Int, Pointer};
        let mut int = |name| program.slot(name, Int);
        let value = int("value");
        let list = int("list");
        let (watched, result) = (int("t"), int("n"));
        let fields_from = int("fields from");
        Self {
            fd: int("descriptor"),
            conn: int("connection"),
            conn_word: int("conn_word"),
            ev: int("event"),
            left: int("events left"),
            table: int("table"),
            classes: int("classes"),
            cursor: int("cursor"),
            end: int("end"),
            request_start: int("request_start"),
            target: int("target"),
            error_if_truncated: int("error_if_truncated"),
            flags: int("flags"),
            fields_seen: int("fields_seen"),
            response: int("response"),
            next_vector: int("next_vector"),
            byte: int("byte"),
            value,
            expected: int("expected text"),
            mismatch: int("mismatch"),
            names: int("names"),
            conn_state: list,
            watched,
            result,
            host_end: int("end of the host"),
            beginning: int("beginning of the reply"),
            fields_from,
            c: int("c"),
            d: int("d"),
            n: result,
            t: watched,
            u: int("u"),
            v: fields_from,
            q: value,
            value_end: int("end of the value"),
            token: int("token"),
            token_end: int("end of the token"),
            list,
            id: int("id"),
            path_end: int("path_end"),
            ptr: int("ptr"),
            len: int("len"),
            composed: int("composed"),
            composed_len: int("composed, length"),
            content: int("content"),
            content_len: int("content, length"),
            output: int("output"),
            op: int("op"),
            wide: int("address"),
            vars: int("variables"),
            long: program.slot("text", Pointer),
            first: program.slot("first argument", Pointer),
            text: program.slot("text at hand", Pointer),
            argument: program.slot("argument", Pointer),
        }
    }
}
