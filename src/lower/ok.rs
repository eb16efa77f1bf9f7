//! `ok`: the server that small programs are measured by. Every request, whatever it says and however long it is, is
//! answered with one status line. There are no options: no start line, no timeouts, no handling of signals, no message
//! when the port is taken. But no reply is lost, and no client can end it:
//!
//! ```text
//! accept → send the reply → end our direction → discard what comes until the client closes → close → accept
//! ```
//!
//! `MSG_NOSIGNAL` keeps a client that is gone from sending SIGPIPE; a close before everything is read would be a reset,
//! which can destroy the reply on its way. A call that fails leaves the next ones nothing to do, and the last closes.

use asmgen_arch::Target;
use asmgen_arch::op::{Arg, Kind, Op, Part, Program};
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
/// Each of the two calls looks at its own flags only, so that they can be set once for both.
pub(super) const FLAGS: i64 = abi::MSG_NOSIGNAL | abi::MSG_TRUNC | abi::MSG_WAITALL;

/// Flags that mean something to Linux when a stream sends or receives, beside those (include/linux/socket.h 5.10 to
/// 6.12): MSG_OOB, MSG_PEEK, MSG_DONTROUTE, MSG_CTRUNC, MSG_PROBE; MSG_DONTWAIT, MSG_EOR; MSG_ERRQUEUE, MSG_MORE;
/// MSG_SENDPAGE_DECRYPTED; MSG_SOCK_DEVMEM, MSG_FASTOPEN, MSG_CMSG_CLOEXEC, MSG_CMSG_COMPAT.
const OTHER_FLAGS: u32 = 0x1f | 0xc0 | 0xa000 | 0x10_0000 | 0xe200_0000;

/// The same with one instruction for two calls: the loop begins where the socket gets its address, and there it is the
/// connection that is closed, from the second turn on. The call behind it fails then: it is on a closed descriptor.
pub(super) fn shared(listen: Listen, tier: Tier, target: &Target) -> Program {
    let mut program = Program::default();
    let place = program.slot("address of the address", Kind::Pointer);
    let number = program.slot("call", Kind::Int);
    let descriptor = program.slot("descriptor", Kind::Int);
    let what = program.slot("argument", Kind::Pointer);
    let [answer, make] = ["answer", "make"].map(|name| program.label(name));
    let address = socket::address(&mut program, listen);
    let reply = program.datum("reply", vec![Part::Bytes(REPLY.into())], 0);
    let number_of = |call: Call| Arg::Const(call.info().number(target.machine).into());
    let (family, len) = socket::family(listen);
    program.push(Op::Set { to: place, value: Arg::Data(address) }, "its address, for later");
    program.push(Op::Push { value: place }, "its address, for later");
    let args = [Arg::Const(family), Arg::Const(abi::SOCK_STREAM), Arg::Const(0)];
    program.call(Call::Socket, &args, Some(descriptor), "the listening socket");
    program.push(Op::Pop { to: what }, "its address");
    program.push(Op::Push { value: descriptor }, "the listening socket, for later");
    program.push(Op::Set { to: number, value: number_of(Call::Bind) }, "bind");
    program.push(Op::Jump(make), "make the call");
    program.place(answer);
    let flags = flags(tier);
    let zero = Arg::Const(0);
    let args = [Arg::Slot(descriptor), Arg::Data(reply), Arg::Const(REPLY.len() as i64), flags, zero, zero];
    program.call(Call::Sendto, &args, None, "the reply");
    program.call(Call::Shutdown, &[Arg::Slot(descriptor), Arg::Const(abi::SHUT_WR)], None, "it is complete");
    let buffer = if tier == Tier::Linux { Arg::Any } else { zero };
    let args = [Arg::Slot(descriptor), buffer, Arg::AtLeast(DRAIN_BYTES), flags, zero, zero];
    program.call(Call::Recvfrom, &args, None, "discard the request until the client closes");
    program.push(Op::Set { to: what, value: Arg::Any }, "nobody looks at it");
    program.push(Op::Set { to: number, value: number_of(Call::Close) }, "close");
    program.place(make);
    let len = if tier == Tier::Linux { len.max(REPLY.len() as i64) } else { len };
    let args = [Arg::Slot(number), Arg::Slot(descriptor), Arg::Slot(what), Arg::Const(len)];
    program.call(Call::NumberedZero, &args, None, format!("bind to {listen}, or done with the connection"));
    program.call(Call::Listen, &[Arg::Slot(descriptor), Arg::Slot(what)], None, "let connections in");
    program.push(Op::Pop { to: descriptor }, "the listening socket again");
    program.push(Op::Push { value: descriptor }, "the listening socket, for later");
    let args = [Arg::Slot(descriptor), Arg::Const(0), Arg::Any, Arg::Const(0)];
    program.call(Call::Accept, &args, Some(descriptor), "the next connection");
    program.push(Op::Jump(answer), "answer it");
    program.needless_after_failure = vec![Call::Listen, Call::Shutdown, Call::Recvfrom];
    program
}

/// The flags of both calls. What Linux does not look at there may be anything.
fn flags(tier: Tier) -> Arg {
    match tier {
        Tier::Linux => Arg::Bits { set: FLAGS as u32, clear: OTHER_FLAGS },
        _ => Arg::Const(FLAGS),
    }
}

/// The program; the listening socket is kept in a register all the time, or on the stack while there is a connection.
pub(super) fn lower(listen: Listen, tier: Tier, on_stack: bool) -> Program {
    let mut program = Program::default();
    let listener = program.slot("listening socket", Kind::Int);
    let client = program.slot("connection", Kind::Int);
    let next = program.label("next");
    let address = socket::address(&mut program, listen);
    let reply = program.datum("reply", vec![Part::Bytes(REPLY.into())], 0);
    let (family, len) = socket::family(listen);
    let args = [Arg::Const(family), Arg::Const(abi::SOCK_STREAM), Arg::Const(0)];
    program.call(Call::Socket, &args, Some(listener), "the listening socket");
    // Linux takes any length from the structure's up to 128 bytes (net/socket.c, net/ipv4/af_inet.c inet_bind).
    let len = if tier == Tier::Linux { len.max(REPLY.len() as i64) } else { len };
    let args = [Arg::Slot(listener), Arg::Data(address), Arg::Const(len)];
    program.call(Call::Bind, &args, None, format!("bind to {listen}"));
    program.call(Call::Listen, &[Arg::Slot(listener), Arg::AtLeast(BACKLOG)], None, "let connections in");
    program.place(next);
    if on_stack {
        program.push(Op::Push { value: listener }, "the listening socket, for later");
    }
    let args = [Arg::Slot(listener), Arg::Const(0), Arg::Any, Arg::Const(0)];
    program.call(Call::Accept, &args, Some(client), "the next connection");
    let flags = flags(tier);
    let zero = Arg::Const(0);
    let args = [Arg::Slot(client), Arg::Data(reply), Arg::Const(REPLY.len() as i64), flags, zero, zero];
    program.call(Call::Sendto, &args, None, "the reply");
    program.call(Call::Shutdown, &[Arg::Slot(client), Arg::Const(abi::SHUT_WR)], None, "it is complete");
    // Nothing is copied, and Linux takes any address then (net/ipv4/tcp.c tcp_recvmsg_locked); emulators want none.
    let buffer = if tier == Tier::Linux { Arg::Any } else { zero };
    let args = [Arg::Slot(client), buffer, Arg::AtLeast(DRAIN_BYTES), flags, zero, zero];
    program.call(Call::Recvfrom, &args, None, "discard the request until the client closes");
    program.call(Call::Close, &[Arg::Slot(client)], None, "done with it");
    if on_stack {
        program.push(Op::Pop { to: listener }, "the listening socket again");
    }
    program.push(Op::Jump(next), "and the next");
    // A socket without an address need not listen, and a connection that is gone need not be drained. It must be closed.
    program.needless_after_failure = vec![Call::Listen, Call::Shutdown, Call::Recvfrom];
    program
}
