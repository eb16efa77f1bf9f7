//! `ok` again, with its system calls as data: a row for each, and a loop that makes them. On a machine with
//! instructions of 4 bytes this is shorter than a sequence of calls.
//!
//! ```text
//! number      1 byte
//! descriptor  1 byte: or, of `socket`, the domain
//! what        1 byte: a number; or the distance from the byte after this to data, marked by a bit that no number has
//! length      1 byte, of the data; only after an address
//! ```
//!
//! A row cannot say what an earlier call returned. So the descriptors 0 and 1 are closed first. The kernel gives the
//! lowest free descriptor (open(2)), so the listening socket is 0 and each connection 1. If one of these calls
//! fails, its descriptor does not exist, and the calls that follow fail as well. A bit of its number marks the last
//! row.

use asmgen_arch::Target;
use asmgen_arch::op::{Base, BinOp, Kind, Mem, Op, Operand, Part, Program, Slot, Width};
use asmgen_arch::syscall::Call;

use super::ok::{BACKLOG, DRAIN_BYTES, FLAGS, REPLY};
use super::{abi, socket};
use crate::spec::Listen;

/// Descriptors that are free once they are closed.
const LISTENER: u8 = 0;
const CONNECTION: u8 = 1;

/// The next argument of a row after its descriptor.
#[derive(Clone, Copy)]
enum What {
    /// A number.
    Number(u8),
    /// Data at this offset after the rows.
    Address { offset: usize, length: u8 },
}

/// A call, its descriptor, its next argument.
type Row = (Call, u8, What);

/// The rows and the data after them.
struct Table {
    bytes: Vec<u8>,
    /// The bit that marks an address.
    address: u8,
    /// A bit of the calls' numbers, and whether the last row alone has it, or alone has it not.
    last: (u8, bool),
    /// Bytes of all rows.
    all: usize,
    /// Bytes of the rows before the loop of connections.
    once: usize,
}

/// The program. There is none if `accept` takes flags, for those of another call would be in its register. There is
/// none either if a call's number needs more than a byte.
pub(super) fn lower(listen: Listen, target: &Target) -> Option<Program> {
    if Call::Accept.info().looks_at(target.machine, &[], 3) {
        return None;
    }
    let table = table(listen, target)?;
    let mut program = Program::default();
    let row = program.slot("row", Kind::Pointer);
    let number = program.slot("number", Kind::Int);
    let descriptor = program.slot("descriptor", Kind::Int);
    let what = program.slot("what", Kind::Pointer);
    let length = program.slot("length", Kind::Int);
    let [next, make] = ["next", "make"].map(|name| program.label(name));
    let name = format!("calls, reply, {}", socket::name(listen));
    let calls = program.datum(name, vec![Part::Bytes(table.bytes)], socket::ignored_bytes(listen));
    for one in [LISTENER, CONNECTION] {
        program.call(Call::Close, &[Operand::Const(one.into())], None, format!("descriptor {one} is free"));
    }
    program.push(Op::Set { to: row, value: Operand::Data(calls) }, "the calls");
    program.push(Op::Set { to: length, value: Operand::Const(0) }, "socket: the default protocol");
    program.place(next);
    read(&mut program, number, row, "number of the call");
    read(&mut program, descriptor, row, "its descriptor");
    read(&mut program, what, row, "its next argument");
    let is_none = Op::BranchBits { value: what, bits: table.address.into(), any: false, to: make };
    program.push(is_none, "a number is the argument itself");
    program.push(Op::Binary { operator: BinOp::Add, to: what, value: Operand::Slot(row) }, "the address");
    read(&mut program, length, row, "its length");
    program.place(make);
    let [call, to, data, bytes] = [number, descriptor, what, length].map(Operand::Slot);
    let args = [call, to, data, bytes, Operand::Const(FLAGS), Operand::Const(0), Operand::Const(0)];
    program.call(Call::Numbered, &args, None, "make the call");
    program
        .push(Op::Set { to: length, value: Operand::AtLeast(DRAIN_BYTES) }, "recvfrom discards at least so many bytes");
    let (bits, any) = table.last;
    program.push(Op::BranchBits { value: number, bits: bits.into(), any: !any, to: next }, "the next row");
    let back = Operand::Const((table.all - table.once) as i64);
    program.push(Op::Binary { operator: BinOp::Sub, to: row, value: back }, "back to accept");
    program.push(Op::Jump(next), "the next connection");
    Some(program)
}

/// Reads a byte of the row.
fn read(program: &mut Program, to: Slot, row: Slot, why: &str) {
    let from = Mem { base: Base::Slot(row), offset: 0 };
    program.push(Op::Load { to, width: Width::Byte, from }, why);
    program.push(Op::Binary { operator: BinOp::Add, to: row, value: Operand::Const(1) }, why);
}

/// The rows and the data after them.
fn table(listen: Listen, target: &Target) -> Option<Table> {
    // A bit that both distances have marks an address. Padding moves the data until there is one.
    (0..u8::BITS).find_map(|pad| (1..u8::BITS).find_map(|bit| padded(listen, target, pad as usize, 1 << bit)))
}

/// The rows and the data, with so many bytes in between; none if this bit does not mark the addresses.
fn padded(listen: Listen, target: &Target, pad: usize, address: u8) -> Option<Table> {
    let [once, each] = rows(listen, address)?;
    let bytes_of = |rows: &[Row]| rows.iter().map(|row| row.2.bytes()).sum::<usize>();
    let (once_bytes, all) = (bytes_of(&once), bytes_of(&once) + bytes_of(&each));
    let all_rows = [once, each].concat();
    let number = |row: &Row| u8::try_from(row.0.info().number(target.machine)).ok();
    let numbers = all_rows.iter().map(number).collect::<Option<Vec<u8>>>()?;
    let mut bytes = Vec::new();
    for ((_, descriptor, what), &number) in all_rows.into_iter().zip(&numbers) {
        bytes.extend([number, descriptor]);
        match what {
            What::Number(number) => bytes.push(number),
            What::Address { offset, length } => {
                let distance = u8::try_from(all + pad + offset - (bytes.len() + 1)).ok()?;
                (distance & address != 0).then_some(())?;
                bytes.extend([distance, length]);
            }
        }
    }
    bytes.resize(all + pad, 0);
    bytes.extend_from_slice(REPLY);
    bytes.extend(socket::read_bytes(listen));
    Some(Table { bytes, address, last: told_by(&numbers)?, all, once: once_bytes })
}

/// A bit that only the last of these numbers has, and true; or only the last has not.
fn told_by(numbers: &[u8]) -> Option<(u8, bool)> {
    let (last, others) = numbers.split_last()?;
    let differs = |bit: &u8| others.iter().all(|other| (other ^ last) & bit != 0);
    let bit = (0..u8::BITS).map(|bit| 1 << bit).find(differs)?;
    Some((bit, last & bit != 0))
}

/// The calls that are made once, and those of each connection. No number has the bit that marks an address.
fn rows(listen: Listen, address_bit: u8) -> Option<[Vec<Row>; 2]> {
    let (family, address_bytes) = socket::family(listen);
    let address = What::Address { offset: REPLY.len(), length: u8::try_from(address_bytes).ok()? };
    let reply = What::Address { offset: 0, length: u8::try_from(REPLY.len()).ok()? };
    let backlog = (BACKLOG as u8..=u8::MAX).find(|number| number & address_bit == 0)?;
    let once = vec![
        (Call::Socket, family as u8, What::Number(abi::SOCK_STREAM as u8)),
        (Call::Bind, LISTENER, address),
        (Call::Listen, LISTENER, What::Number(backlog)),
    ];
    let each = vec![
        (Call::Accept, LISTENER, What::Number(0)),
        (Call::Sendto, CONNECTION, reply),
        (Call::Shutdown, CONNECTION, What::Number(abi::SHUT_WR as u8)),
        (Call::Recvfrom, CONNECTION, What::Number(0)),
        (Call::Close, CONNECTION, What::Number(0)),
    ];
    Some([once, each])
}

impl What {
    /// Bytes of a row that has it.
    fn bytes(self) -> usize {
        match self {
            Self::Number(_) => 3,
            Self::Address { .. } => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::*;

    const LISTENS: [Listen; 3] = [
        Listen { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), port: 8080 },
        Listen { address: IpAddr::V6(Ipv6Addr::UNSPECIFIED), port: 80 },
        Listen { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 65535 },
    ];

    #[test]
    fn addresses_and_the_last_row_are_told_from_the_others() {
        for target in asmgen_arch::TARGETS.iter().filter(|target| target.machine != asmgen_arch::Machine::I386) {
            for listen in LISTENS {
                let table = table(listen, target).expect("every number is a byte");
                let (mut at, mut seen) = (0, Vec::new());
                while at < table.all {
                    let (number, what) = (table.bytes[at], table.bytes[at + 2]);
                    at += 3;
                    if what & table.address != 0 {
                        let data = &table.bytes[at + usize::from(what)..];
                        let is_reply = data.starts_with(REPLY) && usize::from(table.bytes[at]) == REPLY.len();
                        assert!(is_reply || data == socket::read_bytes(listen), "{}: {listen}", target.name);
                        at += 1;
                    }
                    seen.push((number & table.last.0 != 0) == table.last.1);
                }
                assert_eq!(seen, [vec![false; 7], vec![true]].concat(), "{}", target.name);
            }
        }
    }

    #[test]
    fn a_machine_whose_accept_takes_flags_has_no_rows() {
        for target in asmgen_arch::TARGETS {
            let is_there = lower(LISTENS[0], target).is_some();
            assert_eq!(is_there, target.machine != asmgen_arch::Machine::I386, "{}", target.name);
        }
        assert_eq!(told_by(&[1, 2, 3]), None);
        assert_eq!((told_by(&[1, 3, 2]), told_by(&[2, 2, 3])), (Some((1, false)), Some((1, true))));
    }
}
