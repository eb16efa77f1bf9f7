//! `uri-host [":" port]`: `Host`, the authority of the absolute-form, the authority-form [RFC 3986 §3.2].

use std::net::Ipv6Addr;

pub(crate) struct Authority<'v> {
    pub(crate) host: &'v [u8],
    /// What stands behind the colon, if there is one.
    pub(crate) port: Option<&'v [u8]>,
}

impl<'v> Authority<'v> {
    /// Nothing, if it is none.
    pub(crate) fn of(value: &'v [u8]) -> Option<Self> {
        let is_literal = value.starts_with(b"[");
        let end = if is_literal {
            value.iter().position(|byte| *byte == b']')? + 1
        } else {
            value.iter().position(|byte| *byte == b':').unwrap_or(value.len())
        };
        let (host, rest) = value.split_at(end);
        let is_host = if is_literal { is_literal_inside(&host[1..end - 1]) } else { is_name(host) };
        let port = match rest {
            [] => None,
            [b':', port @ ..] if port.iter().all(u8::is_ascii_digit) => Some(port),
            _ => return None,
        };
        is_host.then_some(Self { host, port })
    }
}

/// `IPv6address / IPvFuture` [RFC 3986 §3.2.2]. The standard library reads the addresses of the RFC, and no others.
fn is_literal_inside(inside: &[u8]) -> bool {
    let is_ipv6 = str::from_utf8(inside).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok());
    is_ipv6 || is_future(inside)
}

/// `"v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )`, and `v` in any case [RFC 5234 §2.3].
fn is_future(inside: &[u8]) -> bool {
    let [b'v' | b'V', behind @ ..] = inside else { return false };
    let Some(dot) = behind.iter().position(|byte| *byte == b'.') else { return false };
    let (version, address) = (&behind[..dot], &behind[dot + 1..]);
    let is_good = |byte: &u8| is_name_byte(*byte) || *byte == b':';
    !version.is_empty()
        && version.iter().all(u8::is_ascii_hexdigit)
        && !address.is_empty()
        && address.iter().all(is_good)
}

/// `reg-name = *( unreserved / pct-encoded / sub-delims )`; an IPv4 address is one, too.
fn is_name(mut name: &[u8]) -> bool {
    loop {
        name = match name {
            [] => return true,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => rest,
            [byte, rest @ ..] if is_name_byte(*byte) => rest,
            _ => return false,
        }
    }
}

/// `unreserved / sub-delims`
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}
