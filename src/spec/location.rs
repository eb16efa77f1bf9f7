//! `location`: which values there are (RFC 9110 §10.2.2, RFC 3986), and redirects that lead back to themselves.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use super::SpecError;
use super::description::{Reply, Server};
use super::document::{Document, Section};
use super::error::Wrong;
use super::path::{self, EVERY};

/// Stands at the end of a location for the path and the query of the request.
const PATH: &str = "{{path}}";
/// The same for the query alone, with its question mark; nothing if the request has none.
const QUERY: &str = "{{query}}";

/// What comes before the request's path or its query, if the location ends with one of them.
pub(crate) fn before_request(location: &str) -> Option<&str> {
    location.strip_suffix(PATH).or(location.strip_suffix(QUERY))
}

/// Does it end with the query of the request alone?
pub(crate) fn keeps_query_alone(location: &str) -> bool {
    location.ends_with(QUERY)
}

/// Is it a path, or a URL with its scheme? The schema has checked the length.
pub(crate) fn check(location: &str) -> Result<(), Wrong> {
    let value = before_request(location).unwrap_or(location);
    if keeps_query_alone(location) && value.contains(['?', '#']) {
        let what = "has a query or a fragment of its own before that of the request";
        return Err(Wrong::new(what, format!("write \"/PATH{QUERY}\", or leave {QUERY} out")));
    }
    if location.ends_with(PATH) && (value.is_empty() || value.ends_with('/')) {
        let what = "has the request's path after a slash alone, and that path begins with a slash itself";
        return Err(Wrong::new(what, format!("write \"https://HOST{PATH}\" or \"/PATH{PATH}\"")));
    }
    if value.is_empty() {
        return Err(Wrong::new("is empty", "write the path or the address that it leads to"));
    }
    if value.contains("{{") {
        let what = format!("has a placeholder other than {PATH} at its end, the request's path and query, and {QUERY}");
        return Err(Wrong::new(what, "write the host itself"));
    }
    let is_wrong = |c: &char| !c.is_ascii_graphic() || "\"<>\\^`{|}".contains(*c);
    if let Some(bad) = value.chars().find(is_wrong) {
        let fix = format!("write it percent-encoded: {}", path::encoded(bad));
        return Err(Wrong::new(format!("has the character {bad:?}"), fix));
    }
    if !path::is_encoded(value) {
        return Err(Wrong::new("has a `%` without two hexadecimal digits after it", "write a percent sign as %25"));
    }
    if value.matches('#').count() > 1 {
        return Err(Wrong::new("has two `#`", "write the second one as %23"));
    }
    match (scheme(value), value.strip_prefix("//")) {
        (None, Some(behind)) => authority(behind),
        (None, None) if value.starts_with('/') => Ok(()),
        (None, None) => Err(neither(value)),
        (Some(("http" | "https", behind)), _) => match behind.strip_prefix("//") {
            Some(behind) => authority(behind),
            None => Err(Wrong::new("has no `//` behind its scheme", "write \"https://HOST/…\"")),
        },
        // `example.org:8080` has the form of a scheme.
        (Some((scheme, behind)), _) if scheme.contains('.') || behind.starts_with(|c: char| c.is_ascii_digit()) => {
            Err(neither(value))
        }
        (Some((_, "")), _) => Err(neither(value)),
        (Some(_), _) => Ok(()),
    }
}

/// The scheme in lower case, if it is a known one, and what follows its colon.
fn scheme(value: &str) -> Option<(&str, &str)> {
    let (scheme, behind) = value.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let known = ["http", "https"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known));
    is_scheme.then_some((known.unwrap_or(scheme), behind))
}

/// Host and port of a web server (RFC 9110 §4.2).
fn authority(behind: &str) -> Result<(), Wrong> {
    let text = behind.split(['/', '?', '#']).next().unwrap_or_default();
    let fix = "write it as in \"https://example.org/new\"";
    if text.contains('@') {
        return Err(Wrong::new("has a user's name before its host, which no server may send", fix));
    }
    let (host, port) = match text.rfind(']') {
        Some(end) => text.split_at(end + 1),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let is_host = match host.strip_prefix('[') {
        Some(address) => address.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => !host.is_empty() && !host.contains([']', ':']),
    };
    if !is_host {
        return Err(Wrong::new(format!("{host:?} is not a host"), fix));
    }
    let digits = port.strip_prefix(':').unwrap_or(port);
    let is_port = digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits.is_empty() || digits.parse::<u16>().is_ok_and(|port| port > 0));
    if is_port { Ok(()) } else { Err(Wrong::new(format!("{digits:?} is not a port"), fix)) }
}

fn neither(value: &str) -> Wrong {
    let first = value.split(['/', '?', '#']).next().unwrap_or_default();
    let scheme = if first.starts_with("localhost") { "http" } else { "https" };
    let is_host = first.contains(['.', ':']) && first.starts_with(|c: char| c.is_ascii_alphanumeric());
    let meant = if is_host { format!("{scheme}://{value}") } else { format!("/{}", value.trim_start_matches("./")) };
    Wrong::new("is neither a path from its slash nor an address with its scheme", format!("write \"{meant}\""))
}

/// Does no redirect lead back to itself, by whatever way?
pub(super) fn check_ends(document: &Document<'_>, server: &Server) -> Result<(), SpecError> {
    let redirects = Redirects::of(server);
    for section in document.routes.iter().chain(&document.not_found) {
        let path = section.path_text();
        let number = server.routes.iter().position(|route| Some(route.path.as_str()) == path);
        redirects.check(number).map_err(|wrong| section.error("location", wrong))?;
    }
    Ok(())
}

/// Where the replies of a server lead.
pub(super) struct Redirects<'s> {
    server: &'s Server,
    replies: Vec<&'s Reply>,
    /// The number of each route, by its key.
    numbers: BTreeMap<Vec<u8>, usize>,
}

impl<'s> Redirects<'s> {
    pub(super) fn of(server: &'s Server) -> Self {
        let numbers = server.routes.iter().enumerate().map(|(number, route)| (route.key(), number));
        Self { server, replies: server.replies().collect(), numbers: numbers.collect() }
    }

    /// Does the route of that number, or the fallback, not lead back to itself?
    pub(super) fn check(&self, number: Option<usize>) -> Result<(), Wrong> {
        let fallback = self.server.routes.len();
        let path = number.map(|number| self.server.routes[number].path.as_str());
        let number = number.unwrap_or(fallback);
        let mut at = (number, asked(path));
        for step in 0..self.replies.len() {
            let Some(next) = target(self.replies[at.0], &at.1) else { break };
            let there = route_of(&path::resolved(&next), &self.numbers).unwrap_or(fallback);
            if there == number {
                return Err(circle(path, step));
            }
            at = (there, next);
        }
        Ok(())
    }
}

/// A path that the route answers, one like any other where there are many of them.
fn asked(path: Option<&str>) -> String {
    const ANY: &str = "0-any-other-path";
    match path.map(|path| path::prefix(path).ok_or(path)) {
        Some(Ok(prefix)) => format!("{prefix}{ANY}"),
        Some(Err(path)) => path.to_owned(),
        None => format!("/{ANY}"),
    }
}

/// The path on this server that a redirect leads to from a path.
fn target(reply: &Reply, from: &str) -> Option<String> {
    let location = reply.location.as_deref().filter(|_| (300..400).contains(&reply.status))?;
    let location = match before_request(location) {
        Some(before) if keeps_query_alone(location) => before.to_owned(),
        Some(before) => format!("{before}{from}"),
        None => location.to_owned(),
    };
    let is_here = location.starts_with('/') && !location.starts_with("//");
    is_here.then(|| location.split(['?', '#']).next().unwrap_or_default().to_owned())
}

/// The route of a path: its own, or the longest prefix.
fn route_of(path: &[u8], numbers: &BTreeMap<Vec<u8>, usize>) -> Option<usize> {
    let prefix = |end: usize| numbers.get(&[&[path::PREFIX], &path[1..end]].concat());
    let ends = (2..=path.len()).rev().filter(|&end| path[end - 1] == b'/');
    numbers.get(path).or_else(|| { ends }.find_map(prefix)).copied()
}

fn circle(path: Option<&str>, others: usize) -> Wrong {
    let way = match others {
        0 => String::new(),
        1 => ", by way of another redirect".to_owned(),
        more => format!(", by way of {more} other redirects"),
    };
    let what = format!("leads back to {}{way}: clients would go in circles", path.unwrap_or("every other path"));
    Wrong::new(what, "write a path with a reply that is not a redirect, or the address of another server")
}

impl Section<'_> {
    /// The path of a route; nothing for every path.
    fn path_text(&self) -> Option<&str> {
        self.entry("path").and_then(|_| self.text("path")).filter(|path| *path != EVERY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::from_toml;

    #[test]
    fn paths_and_addresses() {
        for good in [
            "/",
            "/a?b=c#d",
            "/%C3%A4",
            "//example.org/a",
            "https://example.org",
            "HTTP://example.org:80/?a#b",
            "http://[::1]:8080/",
            "http://127.0.0.1/",
            "https://example.org:/",
            "mailto:a@b.example",
            "https://example.org{{path}}",
            "//example.org:81/a{{path}}",
            "/a{{path}}",
            "/{{query}}",
            "https://example.org/a{{query}}",
            "/a:b@c",
            "//h?q",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "{{query}}",
            "/a?b{{query}}",
            "/a{{query}}b",
            "new",
            "./new",
            "../new",
            "?a",
            "#a",
            "example.org/a",
            "example.org:8080/a",
            "localhost:8080",
            "https:/a",
            "https:example.org",
            "https://",
            "https:///a",
            "https://a:b/",
            "https://a:0/",
            "https://a:65536/",
            "https://u:p@a/",
            "https://[::/",
            "https://[1]/",
            "http://a]/",
            "/a b",
            "/ä",
            "/a\"b",
            "/a|b",
            "/{{path}}",
            "{{path}}",
            "/{{path}}/a",
            "https://a/{{path}}",
            "/a{{ path }}",
            "/a{{ query }}",
            "https://{{host}}/",
            "/%",
            "/%4",
            "/%zz",
            "/a#b#c",
            "x:",
        ] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
        assert_eq!(check("example.org/a").unwrap_err().fix, "write \"https://example.org/a\"");
        assert_eq!(check("localhost:80").unwrap_err().fix, "write \"http://localhost:80\"");
        assert_eq!(check("./new").unwrap_err().fix, "write \"/new\"");
    }

    fn of(pairs: &[(&str, &str)]) -> Result<(), String> {
        let route = |(path, to): &(&str, &str)| match *path {
            "" => format!("[not_found]\nlocation = \"{to}\"\n"),
            path if to.is_empty() => format!("[[route]]\npath = \"{path}\"\nbody = \"\"\n"),
            path => format!("[[route]]\npath = \"{path}\"\nlocation = \"{to}\"\n"),
        };
        let spec: String = pairs.iter().map(route).collect();
        from_toml(&spec, std::path::Path::new("s.toml")).map(|_| ()).map_err(|error| error.to_string())
    }

    #[test]
    fn redirects_lead_somewhere() {
        for good in [
            &[("/a", "/b")][..],
            &[("/a", "/A")],
            &[("/a", "/a/")],
            &[("/a", "/a%2Fb")],
            &[("/a", "https://example.org/a")],
            &[("/a", "/b"), ("/b", "/c"), ("/c", "")],
            &[("*", "/"), ("/", "")],
            &[("/x/*", "/x/new"), ("/x/new", "")],
            &[("/x/*", "/x")],
            &[("*", "https://example.org{{path}}")],
            &[("/x", "/x{{path}}")],
            &[("/x/*", "/y{{path}}"), ("/y/*", "")],
        ] {
            assert_eq!(of(good), Ok(()), "{good:?}");
        }
        for bad in [
            &[("/a", "/a")][..],
            &[("/a", "/a?b")],
            &[("/a", "/a#b")],
            &[("/a", "/%61")],
            &[("/%c3%a4", "/%C3%A4")],
            &[("/a", "/b/../a")],
            &[("/a", "/./%2e/a")],
            &[("/a", "/b"), ("/b", "/a")],
            &[("/a", "/b"), ("/b", "/c"), ("/c", "/a")],
            &[("/a", ""), ("*", "/b")],
            &[("/a", ""), ("", "/")],
            &[("/x/*", "/x/new")],
            &[("/x/*", "/x/y/"), ("/x/y/*", "/x/")],
            &[("*", "/x{{path}}")],
            &[("/x/*", "/x{{path}}")],
            &[("/x/*", "/y{{path}}"), ("/y/*", "/x{{path}}")],
        ] {
            assert!(of(bad).is_err_and(|error| error.contains("leads back to")), "{bad:?}: {:?}", of(bad));
        }
    }
}
