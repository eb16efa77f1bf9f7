//! `ok`: the server that small programs are measured by. Every request, whatever it says and however long it is, is
//! answered with one status line. There are no options: no start line, no timeouts, no handling of signals, no message
//! when the port is taken. But no reply is lost, and no client can end it:
//!
//! ```text
//! accept → send the reply → end our direction → discard what comes until the client closes → close → accept
//! ```
//!
//! `MSG_NOSIGNAL` prevents a SIGPIPE when the client is gone. A close before everything is read would be a reset, which
//! can destroy the reply on its way. A call that fails leaves the next ones nothing to do, and the last closes.

use asmgen_arch::Target;
use asmgen_arch::op::{DatumId, Kind, Op, Operand, Part, Program, Slot};
use asmgen_arch::syscall::Call;

use super::{abi, socket};
use crate::elf::Tier;
use crate::spec::Listen;

/// The reply.
pub(crate) const REPLY: &[u8] = b"HTTP/1.0 200 OK\r\n\r\n";
/// Connections that the kernel holds before they are accepted, at least.
pub(super) const BACKLOG: u32 = 100;
/// At least so many bytes of a request are discarded.
pub(super) const DRAIN_BYTES: u32 = 16 << 20;
/// Each of the two calls reads only its own flags, so they can be set once for both.
pub(super) const FLAGS: i64 = abi::MSG_NOSIGNAL | abi::MSG_TRUNC | abi::MSG_WAITALL;

/// Flags that neither call may have.
const OTHER_FLAGS: i64 = abi::MSG_OTHERS | abi::MSG_DONTWAIT | abi::MSG_MORE;

/// The parts of both programs.
struct Maker {
    program: Program,
    listen: Listen,
    tier: Tier,
    address: DatumId,
    reply: DatumId,
}

/// The program; the listening socket is kept in a register all the time, or on the stack while there is a connection.
pub(super) fn lower(listen: Listen, tier: Tier, on_stack: bool) -> Program {
    let mut maker = Maker::new(listen, tier);
    let listener = maker.program.slot("listening socket", Kind::Int);
    let client = maker.program.slot("connection", Kind::Int);
    let next = maker.program.label("next");
    maker.socket(listener);
    let args = [Operand::Slot(listener), Operand::Data(maker.address), Operand::Const(maker.address_bytes())];
    maker.program.call(Call::Bind, &args, None, format!("bind to {listen}"));
    let args = [Operand::Slot(listener), Operand::AtLeast(BACKLOG)];
    maker.program.call(Call::Listen, &args, None, "let connections in");
    maker.program.place(next);
    if on_stack {
        maker.program.push(Op::Push { value: listener }, "kept while the register has the connection");
    }
    maker.accept(listener, client);
    maker.answer(client);
    maker.program.call(Call::Close, &[Operand::Slot(client)], None, "the client has closed, or has sent enough");
    if on_stack {
        maker.program.push(Op::Pop { to: listener }, "to accept from it");
    }
    maker.program.push(Op::Jump(next), "the next connection");
    maker.program
}

/// The same with one instruction for two calls. The loop begins where the socket gets its address; from the second turn
/// on that call closes the connection. What follows is called on a closed descriptor then, and fails.
///
/// ```text
///         socket → make
/// answer: send the reply → end our direction → discard what comes until the client closes
/// make:   bind, or close → listen, or nothing → accept → answer
/// ```
pub(super) fn shared(listen: Listen, tier: Tier, target: &Target) -> Program {
    let mut maker = Maker::new(listen, tier);
    let place = maker.program.slot("place of its address", Kind::Pointer);
    let number = maker.program.slot("call", Kind::Int);
    let descriptor = maker.program.slot("descriptor", Kind::Int);
    let what = maker.program.slot("argument", Kind::Pointer);
    let [answer, make] = ["answer", "make"].map(|name| maker.program.label(name));
    let number_of = |call: Call| Operand::Const(call.info().number(target.machine).into());
    maker.program.push(Op::Set { to: place, value: Operand::Data(maker.address) }, "where its address is, for later");
    maker.program.push(Op::Push { value: place }, "where its address is, for later");
    maker.socket(descriptor);
    maker.program.push(Op::Pop { to: what }, "bind: addr");
    maker.program.push(Op::Push { value: descriptor }, "kept while the register has the connection");
    maker.program.push(Op::Set { to: number, value: number_of(Call::Bind) }, "bind: call number");
    maker.program.push(Op::Jump(make), "make the call");
    maker.program.place(answer);
    maker.answer(descriptor);
    maker.program.push(Op::Set { to: what, value: Operand::Any }, "close has no more arguments");
    maker.program.push(Op::Set { to: number, value: number_of(Call::Close) }, "close: call number");
    maker.program.place(make);
    let args =
        [Operand::Slot(number), Operand::Slot(descriptor), Operand::Slot(what), Operand::Const(maker.address_bytes())];
    maker.program.call(Call::NumberedZero, &args, None, format!("bind to {listen}; done with a connection"));
    // The number of an address is one of the largest: as many connections as the kernel lets wait.
    let args = [Operand::Slot(descriptor), Operand::Slot(what)];
    maker.program.call(Call::Listen, &args, None, "let connections in; nothing on a closed one");
    maker.program.push(Op::Pop { to: descriptor }, "to accept from it");
    maker.program.push(Op::Push { value: descriptor }, "kept while the register has the connection");
    maker.accept(descriptor, descriptor);
    maker.program.push(Op::Jump(answer), "answer it");
    maker.program
}

impl Maker {
    /// A program with the data of both.
    fn new(listen: Listen, tier: Tier) -> Self {
        // A socket without an address need not listen, and a connection that is gone need not be drained. It must be
        // closed.
        let needless_after_failure = vec![Call::Listen, Call::Shutdown, Call::Recvfrom];
        let mut program = Program { needless_after_failure, ..Program::default() };
        let address = socket::address(&mut program, listen);
        let reply = program.datum("reply", vec![Part::Bytes(REPLY.into())], 0);
        Self { program, listen, tier, address, reply }
    }

    /// Bytes that `bind` is told. Linux takes any length from the structure's up to 128 (net/socket.c,
    /// net/ipv4/af_inet.c inet_bind).
    fn address_bytes(&self) -> i64 {
        let (_, bytes) = socket::family(self.listen);
        if self.tier == Tier::Linux { bytes.max(REPLY.len() as i64) } else { bytes }
    }

    /// The flags of both calls. What Linux does not look at may be anything.
    fn flags(&self) -> Operand {
        match self.tier {
            Tier::Linux => Operand::Bits { set: FLAGS as u32, clear: OTHER_FLAGS as u32 },
            _ => Operand::Const(FLAGS),
        }
    }

    /// Creates the socket.
    fn socket(&mut self, to: Slot) {
        let (family, _) = socket::family(self.listen);
        let args = [Operand::Const(family), Operand::Const(abi::SOCK_STREAM), Operand::Const(0)];
        self.program.call(Call::Socket, &args, Some(to), "the listening socket");
    }

    /// Accepts a connection.
    fn accept(&mut self, from: Slot, to: Slot) {
        let args = [Operand::Slot(from), Operand::Const(0), Operand::Any, Operand::Const(0)];
        self.program.call(Call::Accept, &args, Some(to), "the next connection");
    }

    /// Sends the reply, and discards the request.
    fn answer(&mut self, client: Slot) {
        let (client, zero, flags) = (Operand::Slot(client), Operand::Const(0), self.flags());
        let reply = (Operand::Data(self.reply), Operand::Const(REPLY.len() as i64));
        let args = [client, reply.0, reply.1, flags, zero, abi::no_length(self.tier)];
        self.program.call(Call::Sendto, &args, None, "the same to every request");
        self.program.call(Call::Shutdown, &[client, Operand::Const(abi::SHUT_WR)], None, "the reply is complete");
        // Nothing is copied, and Linux then takes any address (net/ipv4/tcp.c tcp_recvmsg_locked); emulators require
        // none.
        let buffer = if self.tier == Tier::Linux { Operand::Any } else { zero };
        let args = [client, buffer, Operand::AtLeast(DRAIN_BYTES), flags, zero, zero];
        self.program.call(Call::Recvfrom, &args, None, "discard the request until the client closes");
    }
}
