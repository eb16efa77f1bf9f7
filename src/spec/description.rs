//! The checked description: what a spec says after every default is filled in and every limit has been looked at.

use std::net::IpAddr;

/// A whole program and the image around it.
#[derive(Clone, Debug, PartialEq, Eq)]
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
pub enum Program {
    /// Writes a text to standard output and exits 0.
    Hello {
        /// The bytes written.
        text: Vec<u8>,
    },
    /// Waits for SIGTERM or SIGINT, reaping orphans, then exits 0.
    Pause,
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
}

impl ProgramKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Server, Self::Hello, Self::Pause];

    /// Their names in a spec, in the same order.
    pub const NAMES: [&'static str; 3] = [Self::Server.name(), Self::Hello.name(), Self::Pause.name()];

    /// The name in a spec.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Hello => "hello",
            Self::Pause => "pause",
        }
    }
}

impl Program {
    /// Which kind it is.
    pub fn kind(&self) -> ProgramKind {
        match self {
            Self::Server(_) => ProgramKind::Server,
            Self::Hello { .. } => ProgramKind::Hello,
            Self::Pause => ProgramKind::Pause,
        }
    }
}

/// An HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// How connections are handled.
    pub engine: Engine,
    /// Where it listens.
    pub listen: Listen,
    /// Line printed on standard output once it listens, with its newline; `{{port}}` and the other placeholders hold.
    pub start_line: Option<String>,
    /// Longest time one client can keep the others waiting, in milliseconds.
    pub timeout_ms: u32,
    /// Connections the kernel may hold before they are accepted.
    pub backlog: u32,
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
}

/// How connections are handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One connection at a time; the smallest.
    Blocking,
}

impl Engine {
    /// Every engine, in the order of the documentation.
    pub const ALL: [Self; 1] = [Self::Blocking];

    /// Their names in a spec, in the same order.
    pub const NAMES: [&'static str; 1] = [Self::Blocking.name()];

    /// The name in a spec.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blocking => "blocking",
        }
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

/// One reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Status code, 200–599.
    pub status: u16,
    /// Value of `Content-Type`.
    pub content_type: String,
    /// The content; where `template` holds, its placeholders (`{{binary_size}}`, …) are still in it.
    pub body: Vec<u8>,
    /// Are placeholders in the body to be filled in?
    pub template: bool,
}
