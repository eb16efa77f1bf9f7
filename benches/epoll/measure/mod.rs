//! The measures, each with servers of its own.

pub(crate) mod compare;
pub(crate) mod latency;
pub(crate) mod memory;
pub(crate) mod start;
pub(crate) mod syscalls;
pub(crate) mod throughput;
pub(crate) mod workers;

use std::process::Stdio;

use crate::ask;
use crate::contestant::{Contestant, Field};
use crate::server::Server;
use crate::settings::{Cores, Settings};

/// What all measures need.
pub(crate) struct Bench<'a> {
    pub(crate) field: Field<'a>,
    pub(crate) settings: Settings,
    pub(crate) cores: Cores,
}

impl Bench<'_> {
    /// One worker of a contestant.
    fn start(&self, contestant: Contestant, close: bool) -> anyhow::Result<Server> {
        let port = ask::free_port()?;
        Server::start(&contestant.command(&self.field, port, close)?, port, &self.cores.server)
    }

    /// The server under test with the page alone.
    fn start_page_alone(&self) -> anyhow::Result<Server> {
        let port = ask::free_port()?;
        let mut command = self.field.subject.page_alone(self.field.folder, port)?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Server::start(&command, port, &self.cores.server)
    }

    /// Those that can take part: the blocking engine serves one request per connection.
    fn able<'c>(&self, contestants: &'c [Contestant], close: bool) -> impl Iterator<Item = Contestant> + 'c {
        let asmgen_is_able = close || self.field.subject.without_epoll.is_none();
        contestants.iter().copied().filter(move |contestant| *contestant != Contestant::Asmgen || asmgen_is_able)
    }
}
