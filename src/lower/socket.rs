//! Addresses of sockets.

use std::net::IpAddr;

use asmgen_arch::op::{DatumId, Part, Program};

use super::abi;
use crate::spec::Listen;

/// `struct sockaddr_in` or `sockaddr_in6` (include/uapi/linux/in.h, in6.h).
pub(super) fn address(program: &mut Program, listen: Listen) -> DatumId {
    let port = listen.port.to_be_bytes();
    let name = format!("socket address {listen}");
    match listen.address {
        IpAddr::V4(address) => {
            let family = (abi::AF_INET as u16).to_le_bytes();
            let bytes = [&family[..], &port, &address.octets()].concat();
            // sin_zero: bind() copies it and looks at none of it (net/ipv4/af_inet.c).
            program.datum(name, vec![Part::Bytes(bytes)], 8)
        }
        IpAddr::V6(address) => {
            let family = (abi::AF_INET6 as u16).to_le_bytes();
            let bytes = [&family[..], &port, &[0; 4], &address.octets(), &[0; 4]].concat();
            program.datum(name, vec![Part::Bytes(bytes)], 0)
        }
    }
}

/// Its family, and its length in bytes.
pub(super) fn family(listen: Listen) -> (i64, i64) {
    if listen.address.is_ipv4() { (abi::AF_INET, 16) } else { (abi::AF_INET6, 28) }
}
