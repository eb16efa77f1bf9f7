//! Engines: how a server handles its connections, and the settings that only one of them has.

use super::limits;

/// How connections are handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Many connections at once, HTTP/1.1 in full: docs/http.md.
    Epoll,
    /// One connection at a time; the smallest.
    Blocking,
}

impl Engine {
    /// Every engine, in the order of the documentation.
    pub const ALL: [Self; 2] = [Self::Epoll, Self::Blocking];

    /// The default engine of a server.
    pub const DEFAULT: Self = Self::Epoll;

    /// Their names in a spec, in the same order.
    pub const NAMES: [&'static str; 2] = [Self::Epoll.name(), Self::Blocking.name()];

    /// The one of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|engine| engine.name() == name)
    }

    /// The name in a spec.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Epoll => "epoll",
            Self::Blocking => "blocking",
        }
    }

    /// What it means, for `--help`.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Epoll => "many connections at once",
            Self::Blocking => "one connection at a time, in the fewest bytes",
        }
    }
}

/// How many processes serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// So many, 1–64.
    Count(u32),
    /// One for each core that the program may use when it starts.
    Cores,
}

impl Workers {
    /// [`Workers::Cores`] in a spec.
    pub const CORES: &'static str = "cores";
}

/// What slashes in a row are in the path of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slashes {
    /// Each counts: `//a` is another path than `/a`. So it is in every spec.
    Each,
    /// They count as one, as with the servers that people know. So it is in a folder (docs/site.md).
    Merged,
}

/// Settings of [`Engine::Epoll`] only. Limits and units are those of docs/spec.md.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EpollSettings {
    /// Processes that serve.
    pub workers: Workers,
    /// Most connections of one worker, 16–60000.
    pub connections: u32,
    /// Most requests that one worker holds half-received, 1–4096.
    pub partial_requests: u32,
    /// Longest head of a request, in bytes, 1024–65536.
    pub head_bytes: u32,
    /// Longest time for a head, from its first byte, in seconds.
    pub header_timeout_s: u32,
    /// Longest time until the next request, in seconds.
    pub idle_timeout_s: u32,
    /// Longest time during which a client takes nothing of its reply, in seconds.
    pub write_timeout_s: u32,
    /// Time during which connections are accepted after SIGTERM, in seconds; may be 0.
    pub drain_s: u32,
    /// Time that requests under way have after that, in seconds.
    pub stop_timeout_s: u32,
    /// Does `PORT` in the environment override the port?
    pub port_env: bool,
    /// What the command `healthcheck` asks for: a path that may be in a request line.
    pub healthcheck: String,
    /// Does the program give up the system calls it does not need?
    pub sandbox: bool,
    /// Is each request written to standard output?
    pub access_log: bool,
    /// The path of the figures; no route has it.
    pub metrics: Option<String>,
    /// What slashes in a row are in the path of a request.
    pub slashes: Slashes,
}

impl EpollSettings {
    /// From here on the kernel holds too much for all connections of one worker, in bytes. It is enough for fast
    /// downloads over a long path, and a little for each possible connection. What it holds is known after as many
    /// more.
    pub(crate) fn held_bytes(&self) -> u32 {
        const FOR_ALL_BYTES: u32 = 16 << 20;
        const FOR_EACH_BYTES: u32 = 4096;
        FOR_ALL_BYTES + self.connections * FOR_EACH_BYTES
    }
}

impl std::default::Default for EpollSettings {
    /// What holds where a spec gives nothing.
    fn default() -> Self {
        Self {
            workers: Workers::Count(limits::WORKERS_DEFAULT),
            connections: limits::CONNECTIONS_DEFAULT,
            partial_requests: limits::PARTIAL_REQUESTS_DEFAULT,
            head_bytes: limits::HEAD_BYTES_DEFAULT,
            header_timeout_s: limits::HEADER_TIMEOUT_S_DEFAULT,
            idle_timeout_s: limits::IDLE_TIMEOUT_S_DEFAULT,
            write_timeout_s: limits::WRITE_TIMEOUT_S_DEFAULT,
            drain_s: limits::DRAIN_S_DEFAULT,
            stop_timeout_s: limits::STOP_TIMEOUT_S_DEFAULT,
            port_env: true,
            healthcheck: "/".to_owned(),
            sandbox: true,
            access_log: false,
            metrics: None,
            slashes: Slashes::Each,
        }
    }
}
