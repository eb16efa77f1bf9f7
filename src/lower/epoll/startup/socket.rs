//! The listening socket: of IPv6 for both families, of IPv4, or one that another process passes.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, frame};
use crate::lower::epoll::asm::labels::At;
use crate::lower::epoll::startup::call_data::Near;
use crate::lower::epoll::startup::syscall_table::{Given, Row};
use crate::lower::epoll::state::vars::var;
use crate::lower::{abi, socket};
use crate::spec::Listen;

impl Engine<'_> {
    /// Does it listen to every address of both families, or of the one there is?
    pub(crate) fn listens_everywhere(&self) -> bool {
        self.server.listen.address == Listen::EVERYWHERE.address
    }

    /// Where the address of the socket lies.
    pub(crate) fn address_at(&self) -> u32 {
        if self.metrics.is_some() { var::ADDRESS_ASIDE.at } else { var::ADDRESS.at }
    }

    /// Writes the address to listen to, where all is 0 yet. Every address of both families is one of IPv4 at first: nothing
    /// but the family is another.
    pub(crate) fn address(&mut self) {
        let mut bytes = socket::bytes(self.server.listen);
        if self.listens_everywhere() {
            bytes[..2].copy_from_slice(&(abi::AF_INET as u16).to_le_bytes());
        }
        for (word, offset) in bytes.chunks_exact(4).zip((self.address_at()..).step_by(4)) {
            let word = i32::from_le_bytes(word.try_into().expect("a word has 4 bytes"));
            if word != 0 {
                self.put_four(frame(offset), i64::from(word), "of the address to listen to");
            }
        }
    }

    /// A socket of IPv6, for both families, or one of IPv4 where the machine has no other.
    pub(crate) fn socket_of_either_family(&mut self) {
        let (n, family) = (self.s.n, self.s.id);
        self.set(family, abi::AF_INET6, NO_WHY);
        self.place(At::Family);
        self.put_two(frame(self.address_at()), family, NO_WHY);
        let args = [Operand::Slot(family), Operand::Const(abi::SOCK_STREAM), Operand::Const(0)];
        self.call(Call::Socket, &args, Some(n), "the listening socket");
        self.branch(n, Cond::Ge, 0i64, At::SocketMade, NO_WHY);
        self.take(family, abi::AF_INET6 - abi::AF_INET, "the other family");
        self.branch(family, Cond::Ge, 0i64, At::Family, NO_WHY);
        self.jump(At::FailedByAddress, "neither is there");
        self.place(At::SocketMade);
        self.put_four(frame(var::LISTENER), n, NO_WHY);
    }

    /// A socket that listens, unless one is passed.
    pub(crate) fn own_socket(&mut self) -> Vec<Row> {
        let (family, len) = socket::family(self.server.listen);
        let kind = abi::SOCK_STREAM;
        let fd = Given::Variable(var::LISTENER);
        let mut rows = Vec::new();
        if !self.listens_everywhere() {
            let args = [Given::Number(family), Given::Number(kind)];
            rows.push(Row::new(Call::Socket, &args).to(var::LISTENER).of_address());
        }
        // Bind although connections of an earlier run linger.
        rows.push(Self::option(abi::SOL_SOCKET, abi::SO_REUSEADDR, Near::EverySecond).of_address());
        if self.has_workers() {
            rows.push(Self::option(abi::SOL_SOCKET, abi::SO_REUSEPORT, Near::EverySecond).of_address());
        }
        if self.listens_everywhere() {
            // It may be of IPv4.
            rows.push(Self::option(abi::IPPROTO_IPV6, abi::IPV6_V6ONLY, Near::Zero).may_fail());
        }
        let address = Given::Frame(self.address_at());
        rows.push(Row::new(Call::Bind, &[fd, address, Given::Number(len)]).of_address());
        rows.push(Row::new(Call::Listen, &[fd, Given::Number(self.server.backlog.into())]));
        rows
    }

    /// An option of the listening socket that is an int.
    pub(crate) fn option(level: i64, option: i64, value: Near) -> Row {
        let args = [
            Given::Variable(var::LISTENER),
            Given::Number(level),
            Given::Number(option),
            Given::Near(value),
            Given::Number(abi::INT_BYTES),
        ];
        Row::new(Call::Setsockopt, &args)
    }
}
