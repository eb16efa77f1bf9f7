//! The server under test: built by asmgen from a spec.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, anyhow};

use crate::content;

/// What asmgen can build today.
pub(crate) struct Subject {
    /// `None`: the engine for many connections; otherwise why not, and the server under test is the blocking one.
    pub(crate) without_epoll: Option<String>,
}

impl Subject {
    /// Asks asmgen whether it knows the engine.
    pub(crate) fn find(folder: &Path) -> Self {
        let refused = asmgen::spec::from_toml(&spec(8080, "engine = \"epoll\""), &folder.join("bench.toml")).err();
        Self { without_epoll: refused.map(|error| format!("asmgen refuses engine = \"epoll\": {}", one_line(&error))) }
    }

    /// Keys of `[server]` beside the port.
    fn keys(&self) -> &'static str {
        if self.without_epoll.is_none() { "engine = \"epoll\"" } else { "" }
    }

    /// Builds a server for this port.
    pub(crate) fn command(&self, folder: &Path, port: u16) -> anyhow::Result<Command> {
        build(folder, port, &spec(port, self.keys()))
    }

    /// The same without the large body, which is in the others' file systems and would be in its memory.
    pub(crate) fn page_alone(&self, folder: &Path, port: u16) -> anyhow::Result<Command> {
        build(folder, port, &spec_of(port, self.keys(), &[content::PAGE]))
    }

    /// The same with two workers; why not, if asmgen cannot.
    pub(crate) fn two_workers(&self, folder: &Path, port: u16) -> anyhow::Result<Command> {
        if let Some(reason) = &self.without_epoll {
            return Err(anyhow!("{reason}"));
        }
        build(folder, port, &spec(port, &format!("{}\nworkers = 2", self.keys())))
    }
}

fn spec(port: u16, keys: &str) -> String {
    spec_of(port, keys, &[content::PAGE, content::BIG])
}

fn spec_of(port: u16, keys: &str, paths: &[&str]) -> String {
    let route = |path: &str| format!("[[route]]\npath = \"{path}\"\nfile = \"{}\"\n", path.trim_start_matches('/'));
    let listen = format!("listen = \"127.0.0.1:{port}\"");
    let routes: Vec<String> = paths.iter().map(|path| route(path)).collect();
    format!("[server]\n{listen}\n{keys}\n\n{}", routes.join("\n"))
}

fn image(folder: &Path, spec: &str, target: &str) -> anyhow::Result<asmgen::Image> {
    let description = asmgen::spec::from_toml(spec, &folder.join("bench.toml"))
        .map_err(|error| anyhow!("asmgen refuses it: {}", one_line(&error)))?;
    let target = asmgen::Target::by_name(target).context("asmgen does not know this machine")?;
    Ok(asmgen::build(&description, asmgen::Options::new(target))?)
}

fn build(folder: &Path, port: u16, spec: &str) -> anyhow::Result<Command> {
    let image = image(folder, spec, std::env::consts::ARCH)?;
    let file = folder.join(format!("asmgen-{port}"));
    fs::write(&file, &image.bytes)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
    Ok(Command::new(file))
}

/// The message without the lines that show the spec, and without the folder's name, which is another each time.
fn one_line(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.rsplit_once('/').map_or(line, |(_, rest)| rest).to_owned()
}
