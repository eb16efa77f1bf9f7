//! The checked description: what a spec says, with every default filled in and every limit checked.

use std::net::IpAddr;
use std::sync::Arc;

pub use super::engine::{Engine, EpollSettings, Slashes, Workers};
use super::path;

/// A whole program and the image around it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// File name in the image, object name in Kubernetes: `[a-z0-9]([-a-z0-9]*[a-z0-9])?`, at most 63 bytes.
    pub name: String,
    /// What people read about it: labels, annotations, placeholders.
    pub about: About,
    /// What the executable does.
    pub program: Program,
}

/// Facts for labels, annotations and the placeholders of template bodies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct About {
    /// Human-readable title; the name where the spec gives none.
    pub title: String,
    /// One sentence, or empty.
    pub description: String,
    /// Address of the source repository, or empty.
    pub repository: String,
    /// Version of what is served, or empty.
    pub version: String,
    /// SPDX licence expression, or empty.
    pub licenses: String,
    /// Contact of the authors, or empty.
    pub authors: String,
}

/// What the executable does.
#[derive(Clone, Debug, PartialEq, Eq)]
// Reason: there is only one of it, so its size does not matter.
#[allow(clippy::large_enum_variant)]
pub enum Program {
    /// Writes a text to standard output and exits 0.
    Hello {
        /// The bytes written.
        text: Vec<u8>,
    },
    /// Waits for SIGTERM or SIGINT, reaping orphans, then exits 0.
    Pause,
    /// Answers every request with the same status line, and has no options.
    Ok {
        /// Where it listens.
        listen: Listen,
    },
    /// Answers HTTP.
    Server(Server),
}

/// The kinds of programs, by the names they have in a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramKind {
    /// [`Program::Server`].
    Server,
    /// [`Program::Hello`].
    Hello,
    /// [`Program::Pause`].
    Pause,
    /// [`Program::Ok`].
    Ok,
}

impl ProgramKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Server, Self::Hello, Self::Pause, Self::Ok];

    /// Their names in a spec, in the same order.
    pub const NAMES: [&'static str; 4] = [Self::Server.name(), Self::Hello.name(), Self::Pause.name(), Self::Ok.name()];

    /// The name in a spec.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Hello => "hello",
            Self::Pause => "pause",
            Self::Ok => "ok",
        }
    }
}

impl Program {
    /// Has it a command `healthcheck` that succeeds when all is well?
    pub fn has_healthcheck(&self) -> bool {
        matches!(self, Self::Server(server) if server.engine == Engine::Epoll && server.passes_healthcheck())
    }

    /// Bytes of its content, in all codings that are ready-made.
    pub(crate) fn content_bytes(&self) -> u64 {
        let Self::Server(server) = self else { return 0 };
        let reply =
            |reply: &Reply| reply.body.len() + reply.variants.iter().map(|variant| variant.body.len()).sum::<usize>();
        server.replies().map(reply).sum::<usize>() as u64
    }

    /// Where it listens, if it does.
    pub fn listen(&self) -> Option<Listen> {
        match self {
            Self::Server(server) => Some(server.listen),
            Self::Ok { listen } => Some(*listen),
            Self::Hello { .. } | Self::Pause => None,
        }
    }

    /// Which kind it is.
    pub fn kind(&self) -> ProgramKind {
        match self {
            Self::Server(_) => ProgramKind::Server,
            Self::Hello { .. } => ProgramKind::Hello,
            Self::Pause => ProgramKind::Pause,
            Self::Ok { .. } => ProgramKind::Ok,
        }
    }
}

/// An HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Server {
    /// How connections are handled.
    pub engine: Engine,
    /// Where it listens.
    pub listen: Listen,
    /// Line printed on standard output once it listens, with its newline: the pieces before and after the port. All
    /// placeholders but `{{port}}` hold.
    pub start_line: Option<Vec<String>>,
    /// Longest time one client can keep the others waiting, in milliseconds; only for [`Engine::Blocking`].
    pub timeout_ms: u32,
    /// Connections the kernel may hold before they are accepted.
    pub backlog: u32,
    /// Only for [`Engine::Epoll`].
    pub epoll: EpollSettings,
    /// Exact paths and their replies, in the order of the spec.
    pub routes: Vec<Route>,
    /// The reply to everything else.
    pub fallback: Reply,
}

impl Server {
    /// Every reply, the routes' in their order, then the fallback.
    pub fn replies(&self) -> impl Iterator<Item = &Reply> {
        self.routes.iter().map(|route| &route.reply).chain([&self.fallback])
    }

    /// [`Server::replies`], to be changed.
    pub fn replies_mut(&mut self) -> impl Iterator<Item = &mut Reply> {
        self.routes.iter_mut().map(|route| &mut route.reply).chain([&mut self.fallback])
    }

    /// The reply to a path of a spec: that of its own route once it is decoded, else of the longest prefix, else the
    /// fallback.
    pub fn reply_to(&self, path: &str) -> &Reply {
        self.reply_to_decoded(&path::decoded(path))
    }

    pub(crate) fn reply_to_decoded(&self, path: &[u8]) -> &Reply {
        let own = self.routes.iter().find(|route| route.prefix().is_none() && route.decoded_path() == path);
        let prefixes = self.routes.iter().filter_map(|route| Some((route.prefix()?, route)));
        let longest = || {
            let begun = prefixes.filter(|(prefix, _)| path.starts_with(prefix));
            begun.max_by_key(|(prefix, _)| prefix.len()).map(|(_, route)| route)
        };
        own.or_else(longest).map_or(&self.fallback, |route| &route.reply)
    }
}

/// Where a server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Address bound: `0.0.0.0` is every IPv4 address, `::` every address of both families (dual stack).
    pub address: IpAddr,
    /// TCP port, 1–65535.
    pub port: u16,
}

/// One path and its reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The path, from its leading slash, without a query.
    pub path: String,
    /// What is answered.
    pub reply: Reply,
}

impl Route {
    /// The path with each `%XX` decoded: what [`Engine::Epoll`] compares with. A `%` without two hexadecimal digits
    /// after it, which that engine's specs cannot have, is left as it is.
    pub fn decoded_path(&self) -> Vec<u8> {
        path::decoded(&self.path)
    }

    /// Of `/api/*`, which is every path that begins with `/api/` and has no route of its own: `/api/`, decoded.
    pub fn prefix(&self) -> Option<Vec<u8>> {
        path::prefix(&self.path).map(path::decoded)
    }

    /// What tells it from other routes: the decoded path, or the prefix after a byte that no path begins with.
    pub(crate) fn key(&self) -> Vec<u8> {
        path::key(&self.path)
    }
}

/// One reply.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// Status code, 200–599.
    pub status: u16,
    /// Value of `Content-Type`.
    pub content_type: String,
    /// The content, which copies of a description share; where `template` holds, its placeholders (`{{binary_size}}`,
    /// …) are still in it.
    pub body: Arc<[u8]>,
    /// Are placeholders in the body to be filled in?
    pub template: bool,
    /// Value of `Cache-Control`.
    pub cache: Option<String>,
    /// Value of `Last-Modified`, in seconds since 1970. Status 200 only.
    pub modified: Option<u64>,
    /// Value of `Location`; with one of the statuses it belongs to (RFC 9110 §10.2.2).
    pub location: Option<String>,
    /// Field lines that the spec adds: names and values.
    pub fields: Vec<(String, String)>,
    /// Are smaller variants of the body wanted? Status 200 only.
    pub compress: bool,
    /// The body in other codings, in the order of [`Coding::ALL`]. At first the ready-made ones beside the file. Once
    /// placeholders are filled in, and where `compress` holds, every one that is smaller than the body.
    pub variants: Vec<Variant>,
}

impl Reply {
    /// A reply without anything that is left out as a rule.
    pub fn new(status: u16, content_type: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        let (content_type, body) = (content_type.into(), body.into().into());
        let (template, cache, modified, location, compress) = (false, None, None, None, false);
        let (fields, variants) = (Vec::new(), Vec::new());
        Self { status, content_type, body, template, cache, modified, location, fields, compress, variants }
    }

    /// Does its status say that all is well (RFC 9110 §15.3)?
    pub fn is_successful(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The content of a reply, compressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// How.
    pub coding: Coding,
    /// The compressed bytes, fewer than the body has.
    pub body: Vec<u8>,
}

/// A content coding (RFC 9110 §8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coding {
    /// Brotli (RFC 7932).
    Br,
    /// Zstandard (RFC 8878), in windows of at most 8 MiB (RFC 9659).
    Zstd,
    /// gzip (RFC 1952).
    Gzip,
}

impl Coding {
    /// Every coding.
    pub const ALL: [Self; 3] = [Self::Br, Self::Zstd, Self::Gzip];

    /// Its name in `Content-Encoding` and `Accept-Encoding`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Br => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// What the name of a file ends with that is compressed so.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Br => "br",
            Self::Zstd => "zst",
            Self::Gzip => "gz",
        }
    }
}
