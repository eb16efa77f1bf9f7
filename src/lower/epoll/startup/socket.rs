//! The listening socket.
//!
//! ```text
//! the spec's address                socket
//! all addresses of both families    IPv6 with IPV6_V6ONLY off; IPv4 on a machine without IPv6
//! one of IPv4 or IPv6               of that family
//! (one is passed)                   the passed one, whatever the spec says: see `environment`
//! ```

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::frame;
use crate::lower::epoll::asm::labels::At;
use crate::lower::epoll::startup::call_data::Near;
use crate::lower::epoll::startup::syscall_table::{Given, Row};
use crate::lower::epoll::state::vars::var;
use crate::lower::{abi, socket};
use crate::spec::Listen;

impl Engine<'_> {
    /// Does the spec ask for every address of both families?
    pub(crate) fn listens_everywhere(&self) -> bool {
        self.server.listen.address == Listen::EVERYWHERE.address
    }

    /// Offset of the socket's address in the frame.
    pub(crate) fn address_at(&self) -> u32 {
        if self.metrics.is_some() { var::ADDRESS_ASIDE.at } else { var::ADDRESS.at }
    }

    /// Writes the address to listen on; the frame is 0 so far. The address of both families has the family of IPv4 at
    /// first, for the health check; `socket_of_either_family` writes the one that listens.
    pub(crate) fn address(&mut self) {
        let mut bytes = socket::bytes(self.server.listen);
        if self.listens_everywhere() {
            bytes[..2].copy_from_slice(&(abi::AF_INET as u16).to_le_bytes());
        }
        for (word, offset) in bytes.chunks_exact(4).zip((self.address_at()..).step_by(4)) {
            let word = i32::from_le_bytes(word.try_into().expect("a word has 4 bytes"));
            if word != 0 {
                self.put_four(frame(offset), i64::from(word), "a part of the address to listen on that is not 0");
            }
        }
    }

    /// Creates a socket of IPv6, which serves both families, or of IPv4 on a machine without IPv6.
    pub(crate) fn socket_of_either_family(&mut self) {
        let (fd, family) = (self.s.n, self.s.id);
        self.set(family, abi::AF_INET6, "one socket of IPv6 serves both families");
        self.place(At::Family);
        self.put_two(frame(self.address_at()), family, "sin6_family, or sin_family");
        let args = [Operand::Slot(family), Operand::Const(abi::SOCK_STREAM), Operand::Const(0)];
        self.call(Call::Socket, &args, Some(fd), "the listening socket");
        self.branch(fd, Cond::Ge, 0i64, At::SocketMade, "the machine has this family");
        self.take(family, abi::AF_INET6 - abi::AF_INET, "IPv4 after IPv6, then a negative number");
        self.branch(family, Cond::Ge, 0i64, At::Family, "IPv4 has not been tried yet");
        self.jump(At::FailedByAddress, "the machine has neither family");
        self.place(At::SocketMade);
        self.put_four(frame(var::LISTENER), fd, "rows of calls take it from there");
    }

    /// The calls that make a socket listen. Only the last is for a socket that is passed, too.
    pub(crate) fn own_socket(&mut self) -> Vec<Row> {
        let (family, len) = socket::family(self.server.listen);
        let kind = abi::SOCK_STREAM;
        let fd = Given::Variable(var::LISTENER);
        let mut rows = Vec::new();
        if !self.listens_everywhere() {
            let args = [Given::Number(family), Given::Number(kind)];
            rows.push(Row::new(Call::Socket, &args).to(var::LISTENER).of_address());
        }
        // An earlier run's connections in TIME_WAIT must not keep it from binding.
        rows.push(Self::option(abi::SOL_SOCKET, abi::SO_REUSEADDR, Near::EverySecond).of_address());
        if self.has_workers() {
            rows.push(Self::option(abi::SOL_SOCKET, abi::SO_REUSEPORT, Near::EverySecond).of_address());
        }
        if self.listens_everywhere() {
            // Fails harmlessly if the socket is of IPv4.
            rows.push(Self::option(abi::IPPROTO_IPV6, abi::IPV6_V6ONLY, Near::Zero).may_fail());
        }
        let address = Given::Frame(self.address_at());
        rows.push(Row::new(Call::Bind, &[fd, address, Given::Number(len)]).of_address());
        rows.push(Row::new(Call::Listen, &[fd, Given::Number(self.server.backlog.into())]));
        rows
    }

    /// Sets an option of the listening socket to an int.
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
