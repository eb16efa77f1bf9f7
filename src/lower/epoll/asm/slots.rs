//! The engine's slots (virtual registers), which its routines share.

use asmgen_arch::op::{Program, Slot};

/// The engine's slots. All but the addresses of the stack are 32-bit numbers: addresses of the image are below 2 GiB.
pub(crate) struct Slots {
    /// The connection at hand: descriptor, entry in the table, word of the entry.
    pub(crate) fd: Slot,
    pub(crate) conn: Slot,
    pub(crate) w: Slot,
    /// Events: the one at hand, how many are left.
    pub(crate) ev: Slot,
    pub(crate) left: Slot,
    /// Tables: of connections, of the classes of bytes.
    pub(crate) table: Slot,
    pub(crate) classes: Slot,
    /// The input at hand: cursor, end, where the request began, its target; the record of the error
    /// that it gets if it does not end; what becomes of the connection, and which fields it has.
    pub(crate) p: Slot,
    pub(crate) end: Slot,
    pub(crate) req: Slot,
    pub(crate) path: Slot,
    pub(crate) phase: Slot,
    pub(crate) flags: Slot,
    pub(crate) seen: Slot,
    /// The reply at hand, and the next vector of the batch.
    pub(crate) rep: Slot,
    pub(crate) iov: Slot,
    /// Values within a routine.
    pub(crate) c: Slot,
    pub(crate) d: Slot,
    pub(crate) n: Slot,
    pub(crate) t: Slot,
    pub(crate) u: Slot,
    pub(crate) v: Slot,
    pub(crate) q: Slot,
    pub(crate) vend: Slot,
    pub(crate) tok: Slot,
    pub(crate) tokend: Slot,
    pub(crate) list: Slot,
    pub(crate) id: Slot,
    pub(crate) out: Slot,
    pub(crate) ptr: Slot,
    pub(crate) len: Slot,
    pub(crate) x: Slot,
    pub(crate) xlen: Slot,
    pub(crate) body: Slot,
    pub(crate) blen: Slot,
    pub(crate) o: Slot,
    pub(crate) op: Slot,
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
        Self {
            fd: int("descriptor"),
            conn: int("connection"),
            w: int("word"),
            ev: int("event"),
            left: int("events left"),
            table: int("table"),
            classes: int("classes"),
            p: int("cursor"),
            end: int("end"),
            req: int("request"),
            path: int("target"),
            phase: int("phase"),
            flags: int("flags"),
            seen: int("fields"),
            rep: int("reply"),
            iov: int("vector"),
            c: int("c"),
            d: int("d"),
            n: int("n"),
            t: int("t"),
            u: int("u"),
            v: int("v"),
            q: int("q"),
            vend: int("end of the value"),
            tok: int("token"),
            tokend: int("end of the token"),
            list: int("list"),
            id: int("id"),
            out: int("out"),
            ptr: int("ptr"),
            len: int("len"),
            x: int("composed"),
            xlen: int("composed, length"),
            body: int("content"),
            blen: int("content, length"),
            o: int("output"),
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
