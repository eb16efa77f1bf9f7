//! Addresses of sockets.

use std::net::IpAddr;

use asmgen_arch::op::{DatumId, Part, Program};

use super::abi;
use crate::spec::Listen;

/// The address in memory that nobody writes to.
pub(super) fn address(program: &mut Program, listen: Listen) -> DatumId {
    let mut bytes = bytes(listen);
    let (parts, ignored) = match listen.address {
        // bind() copies sin_zero and looks at none of it (net/ipv4/af_inet.c).
        IpAddr::V4(_) => (vec![Part::Bytes(bytes[..8].into())], SIN_ZERO_BYTES),
        // Nor at sin6_flowinfo; at sin6_scope_id for link-local addresses alone (net/ipv6/af_inet6.c).
        IpAddr::V6(address) => {
            let scope = if address.is_unicast_link_local() { 0 } else { SCOPE_BYTES };
            let rest = bytes.split_off(8);
            let parts = [&bytes[..4], &rest[..rest.len() - scope]].map(|bytes| Part::Bytes(bytes.into()));
            let [family_and_port, address] = parts;
            (vec![family_and_port, Part::Ignored(4), address], scope)
        }
    };
    program.datum(name(listen), parts, ignored as u32)
}

/// The whole of `struct sockaddr_in` or `sockaddr_in6` (include/uapi/linux/in.h, in6.h).
pub(super) fn bytes(listen: Listen) -> Vec<u8> {
    let family = (family(listen).0 as u16).to_le_bytes();
    let port = listen.port.to_be_bytes();
    match listen.address {
        IpAddr::V4(address) => [&family[..], &port, &address.octets(), &[0; SIN_ZERO_BYTES]].concat(),
        IpAddr::V6(address) => [&family[..], &port, &[0; 4], &address.octets(), &[0; 4]].concat(),
    }
}

/// What it is, for the listing.
pub(super) fn name(listen: Listen) -> String {
    format!("socket address {listen}")
}

/// Bytes of `sin6_scope_id`.
const SCOPE_BYTES: usize = 4;
/// Bytes of `sin_zero`.
const SIN_ZERO_BYTES: usize = 8;

/// Its family, and its length in bytes.
pub(super) fn family(listen: Listen) -> (i64, i64) {
    if listen.address.is_ipv4() { (abi::AF_INET, 16) } else { (abi::AF_INET6, 28) }
}
