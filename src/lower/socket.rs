//! Addresses of sockets.

use std::net::IpAddr;

use asmgen_arch::op::{DatumId, Part, Program};

use super::abi;
use crate::spec::Listen;

/// The address in read-only memory.
pub(super) fn address(program: &mut Program, listen: Listen) -> DatumId {
    let bytes = read_bytes(listen);
    let parts = match listen.address {
        IpAddr::V4(_) => vec![Part::Bytes(bytes)],
        // The kernel does not read sin6_flowinfo.
        IpAddr::V6(_) => vec![Part::Bytes(bytes[..4].into()), Part::Ignored(4), Part::Bytes(bytes[8..].into())],
    };
    program.datum(name(listen), parts, ignored_bytes(listen))
}

/// Bytes at its end that `bind` copies and does not look at: `sin_zero` (net/ipv4/af_inet.c); but for link-local
/// addresses `sin6_scope_id` (net/ipv6/af_inet6.c).
pub(super) fn ignored_bytes(listen: Listen) -> u32 {
    match listen.address {
        IpAddr::V4(_) => SIN_ZERO_BYTES as u32,
        IpAddr::V6(address) if address.is_unicast_link_local() => 0,
        IpAddr::V6(_) => SCOPE_BYTES,
    }
}

/// The bytes before them.
pub(super) fn read_bytes(listen: Listen) -> Vec<u8> {
    let mut bytes = bytes(listen);
    bytes.truncate(bytes.len() - ignored_bytes(listen) as usize);
    bytes
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
const SCOPE_BYTES: u32 = 4;
/// Bytes of `sin_zero`.
const SIN_ZERO_BYTES: usize = 8;

/// Its family, and its length in bytes.
pub(super) fn family(listen: Listen) -> (i64, i64) {
    if listen.address.is_ipv4() { (abi::AF_INET, 16) } else { (abi::AF_INET6, 28) }
}
