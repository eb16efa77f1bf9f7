//! Listen addresses as people write them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::description::{Engine, Listen};
use super::error::Wrong;
use super::limits::{PORT_DEFAULT, PORT_MIN};

/// The halves of a listen address that a text gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ListenText {
    pub(super) address: Option<IpAddr>,
    pub(super) port: Option<u16>,
}

impl ListenText {
    /// Reads `PORT`, `:PORT`, `ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]` or `[ADDRESS]:PORT`. An IPv6 address has to be in
    /// brackets: `::8080` would be read as an address by some people and as a port by others.
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let text = text.trim();
        if let Some(wrong) = other_kind(text) {
            return Err(wrong);
        }
        if let Some(bracketed) = text.strip_prefix('[') {
            let (address, rest) = bracketed.split_once(']').ok_or_else(|| not_understood(text))?;
            let address = address.parse::<Ipv6Addr>().map_err(|_| not_understood(text))?;
            return Ok(Self { address: Some(address.into()), port: port_after_colon(text, rest)? });
        }
        if text.parse::<Ipv6Addr>().is_ok() {
            let what = format!("{text:?} is an IPv6 address without brackets");
            let fix = match port_behind(text) {
                Some((address, port)) => format!("write \"[{address}]:{port}\" for the port, or \"[{text}]\""),
                None => format!("write \"[{text}]\" or \"[{text}]:{PORT_DEFAULT}\""),
            };
            return Err(Wrong::new(what, fix));
        }
        if is_number(text) {
            return Ok(Self { address: None, port: Some(port(text)?) });
        }
        let (address, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
        let address = match address {
            "" => None,
            _ => Some(address.parse::<Ipv4Addr>().map_err(|_| no_address(text, address))?.into()),
        };
        if address.is_none() && rest.is_empty() {
            return Err(not_understood(text));
        }
        Ok(Self { address, port: port_after_colon(text, rest)? })
    }

    /// The listen address with what the text does not give taken from `other`.
    pub(super) fn or(self, other: Listen) -> Listen {
        Listen { address: self.address.unwrap_or(other.address), port: self.port.unwrap_or(other.port) }
    }
}

impl Listen {
    /// Every IPv4 address, port 8080.
    pub const DEFAULT: Self = Self { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), port: PORT_DEFAULT };
    /// Every address of both families, or of the one that the machine has, port 8080.
    pub const EVERYWHERE: Self = Self { address: IpAddr::V6(Ipv6Addr::UNSPECIFIED), port: PORT_DEFAULT };

    /// Where a server with this engine listens if nothing is said.
    pub const fn of(engine: Engine) -> Self {
        match engine {
            Engine::Epoll => Self::EVERYWHERE,
            Engine::Blocking => Self::DEFAULT,
        }
    }
}

impl std::fmt::Display for Listen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::net::SocketAddr::new(self.address, self.port).fmt(f)
    }
}

/// An address that is none of TCP.
fn other_kind(text: &str) -> Option<Wrong> {
    if text.starts_with("unix:") || text.starts_with(['/', '@', '.']) {
        let fix = format!("write \"127.0.0.1:{PORT_DEFAULT}\" for this machine alone");
        return Some(Wrong::new(format!("{text:?} is a Unix socket, and servers listen on TCP"), fix));
    }
    let (_, behind) = text.split_once("://")?;
    let port = behind.rsplit(':').next().unwrap_or_default().split('/').next().filter(|port| is_number(port));
    let what = format!("{text:?} is the address of a page");
    Some(Wrong::new(what, format!("write the address to listen on, \"0.0.0.0:{}\"", port.unwrap_or("8080"))))
}

/// `::1` and `8080` of `::1:8080`, which is an address, too.
fn port_behind(text: &str) -> Option<(&str, u16)> {
    let (address, digits) = text.rsplit_once(':')?;
    let is_address = address.parse::<Ipv6Addr>().is_ok() && is_number(digits);
    is_address.then(|| digits.parse().ok()).flatten().map(|port| (address, port))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn port_after_colon(text: &str, rest: &str) -> Result<Option<u16>, Wrong> {
    match rest.strip_prefix(':') {
        _ if rest.is_empty() => Ok(None),
        Some(digits) if is_number(digits) => port(digits).map(Some),
        _ => Err(not_understood(text)),
    }
}

fn port(digits: &str) -> Result<u16, Wrong> {
    let port = digits.parse().ok().filter(|&port| port >= PORT_MIN);
    port.ok_or_else(|| Wrong::new(format!("the port {digits} is out of range"), "allowed: 1 to 65535"))
}

fn no_address(text: &str, address: &str) -> Wrong {
    let rest = &text[address.len()..];
    let (reason, numeric) = match address {
        "localhost" => ("names are not looked up", Ipv4Addr::LOCALHOST),
        _ => ("no IP address", Ipv4Addr::UNSPECIFIED),
    };
    Wrong::new(format!("{address:?}: {reason}"), format!("write the address in digits, such as \"{numeric}{rest}\""))
}

fn not_understood(text: &str) -> Wrong {
    let what = format!("{text:?} is not a listen address");
    Wrong::new(what, format!("write \"{PORT_DEFAULT}\", \"127.0.0.1:{PORT_DEFAULT}\" or \"[::]:{PORT_DEFAULT}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        for (text, listen) in [
            ("9090", "0.0.0.0:9090"),
            (":9090", "0.0.0.0:9090"),
            ("127.0.0.1", "127.0.0.1:8080"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("0.0.0.0:65535", "0.0.0.0:65535"),
            ("[::]", "[::]:8080"),
            ("[::1]:1", "[::1]:1"),
            ("[2001:db8::1]:443", "[2001:db8::1]:443"),
        ] {
            assert_eq!(ListenText::parse(text).unwrap().or(Listen::DEFAULT).to_string(), listen, "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            ":",
            "0",
            "65536",
            "99999999999",
            "localhost:80",
            "*:80",
            "1.2.3",
            "1.2.3.4:",
            "1.2.3.4:x",
            "1.2.3.4:0",
            "::",
            "::1",
            "::8080",
            "[::",
            "[::]8080",
            "[::]:",
            "[1.2.3.4]:80",
            "[fe80::1%eth0]:80",
            "+80",
            "1.2.3.4:+8",
            "::1:8080",
            "unix:/run/x.sock",
            "/run/x.sock",
            "@x",
            "http://0.0.0.0:8080/",
            "tcp://[::]:80",
        ] {
            assert!(ListenText::parse(text).is_err(), "{text:?}");
        }
        assert!(ListenText::parse("localhost:80").unwrap_err().fix.ends_with("\"127.0.0.1:80\""));
        let fix = |text: &str| ListenText::parse(text).unwrap_err().fix;
        assert_eq!(fix("::1:8080"), "write \"[::1]:8080\" for the port, or \"[::1:8080]\"");
        assert_eq!(fix("::8080"), "write \"[::8080]\" or \"[::8080]:8080\"");
        assert_eq!(fix("unix:/run/x.sock"), "write \"127.0.0.1:8080\" for this machine alone");
        assert_eq!(fix("http://example.org:81/a"), "write the address to listen on, \"0.0.0.0:81\"");
        assert!(ListenText::parse("::1").unwrap_err().fix.starts_with("write \"[::1]\""));
    }
}
