//! The servers that take part.

use std::path::Path;
use std::process::{Command, Stdio};

use serde::Serialize;

use crate::subject::Subject;
use crate::{configs, modes};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Contestant {
    Floor,
    Asmgen,
    Nginx,
    H2o,
    Lighttpd,
    Hyper,
}

/// Everything that starting one takes.
pub(crate) struct Field<'a> {
    /// Holds the bodies; configurations and executables are put there.
    pub(crate) folder: &'a Path,
    pub(crate) subject: &'a Subject,
}

impl Contestant {
    pub(crate) const ALL: [Self; 6] = [Self::Floor, Self::Asmgen, Self::Nginx, Self::H2o, Self::Lighttpd, Self::Hyper];
    /// Those that look at requests.
    pub(crate) const REAL: [Self; 5] = [Self::Asmgen, Self::Nginx, Self::H2o, Self::Lighttpd, Self::Hyper];
    /// Those that others have made.
    pub(crate) const PEERS: [Self; 4] = [Self::Nginx, Self::H2o, Self::Lighttpd, Self::Hyper];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Asmgen => "asmgen",
            Self::Nginx => "nginx",
            Self::H2o => "h2o",
            Self::Lighttpd => "lighttpd",
            Self::Hyper => "hyper",
        }
    }

    /// What starts it in the foreground, with one worker. Only the floor has to be told whether clients want to be
    /// closed: it does not read.
    pub(crate) fn command(self, field: &Field<'_>, port: u16, close: bool) -> anyhow::Result<Command> {
        let mut command = match self {
            Self::Floor if close => modes::ourselves(&[modes::FLOOR_CLOSES, &port.to_string()])?,
            Self::Floor => modes::ourselves(&[modes::FLOOR, &port.to_string()])?,
            Self::Hyper => modes::ourselves(&[modes::HYPER, &port.to_string()])?,
            Self::Asmgen => field.subject.command(field.folder, port)?,
            Self::Nginx => configs::nginx(field.folder, port, 1)?,
            Self::H2o => configs::h2o(field.folder, port)?,
            Self::Lighttpd => configs::lighttpd(field.folder, port)?,
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command)
    }

    /// What it is and in which version, for the report.
    pub(crate) fn version(self, subject: &Subject) -> String {
        let of = |program: &str| {
            let output = Command::new(configs::program(program)).arg("-v").output();
            let text = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            let is_version = |word: &&str| word.contains('.') && word.contains(|digit: char| digit.is_ascii_digit());
            text.split_whitespace().find(is_version).unwrap_or("?").to_owned()
        };
        match self {
            Self::Floor => "epoll_wait, recv and send of a fixed reply, in Rust".into(),
            Self::Asmgen if subject.without_epoll.is_some() => concat!(env!("CARGO_PKG_VERSION"), ", blocking").into(),
            Self::Asmgen => concat!(env!("CARGO_PKG_VERSION"), ", epoll").into(),
            Self::Nginx => of("nginx"),
            Self::H2o => of("h2o"),
            Self::Lighttpd => of("lighttpd"),
            Self::Hyper => hyper_version(),
        }
    }
}

/// As Cargo has locked it.
fn hyper_version() -> String {
    let lock = include_str!("../../Cargo.lock");
    let version = lock.split("name = \"hyper\"\nversion = \"").nth(1).and_then(|rest| rest.split('"').next());
    format!("{}, tokio on one thread, bodies in memory", version.unwrap_or("?"))
}
