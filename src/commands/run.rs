//! `asmgen run`: builds for this machine and becomes the program.

use std::fs::File;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitCode, Stdio};

use asmgen::spec::{Engine, Listen, Program};
use rustix::fs::{MemfdFlags, memfd_create};

use super::progress::Interrupt;
use crate::cli::RunArgs;
use crate::output::{self, Failure};

pub(super) fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    let description = super::describe_for(&args.source, &args.layout)?;
    let image =
        super::build_unless(Interrupt::Ends, &description, super::target_or_host(None)?, super::layout(&args.layout))?;
    if let Some(listen) = description.program.listen() {
        let port = if takes_port(&description.program) { std::env::var("PORT").ok() } else { None };
        let port = port.and_then(|port| port.parse().ok()).unwrap_or(listen.port);
        output::say(url(Listen { port, ..listen }));
    }
    // The file has no name: nothing is left behind, however the program ends.
    let file = memfd_create(description.name.as_str(), MemfdFlags::CLOEXEC).map_err(Failure::failed)?;
    let mut file = File::from(file);
    file.write_all(&image.bytes).map_err(Failure::failed)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let named = Named::link(&description.name, &path).ok();
    let path = named.as_ref().map_or(path.as_path(), |named| &named.link);
    let error = Command::new(path).arg0(&description.name).exec();
    Err(Failure::Failed(format!("the program did not start: {error}")))
}

/// A link to the file under the program's name, for `ps` and `top`. The kernel names a process after the last part of
/// its path, not after its first argument.
struct Named {
    link: PathBuf,
    /// Closed when the program begins, or this one ends: then the link is removed.
    _until: ChildStdin,
}

/// Removes the link and its folder at the end of its input; a child of the shell, so that it is none of the program's.
const REMOVE: &str = "exec 3<&0; { read -r _ <&3; rm -f \"$1\"; rmdir \"${1%/*}\"; } >/dev/null 2>&1 &";

impl Named {
    fn link(name: &str, file: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("asmgen-").tempdir()?;
        let link = folder.path().join(name);
        std::os::unix::fs::symlink(file, &link)?;
        let mut remover = Command::new("/bin/sh");
        remover.args(["-c", REMOVE, "sh"]).arg(&link).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut shell = remover.spawn()?;
        let until = shell.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        if !shell.wait()?.success() {
            return Err(io::ErrorKind::Other.into());
        }
        let _ = folder.keep();
        Ok(Self { link, _until: until })
    }
}

/// Does `PORT` in the environment say where it listens?
fn takes_port(program: &Program) -> bool {
    matches!(program, Program::Server(server) if server.engine == Engine::Epoll && server.epoll.port_env)
}

/// Where a browser on this machine finds the server.
fn url(listen: Listen) -> String {
    let host = match listen.address {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) | IpAddr::V6(Ipv6Addr::UNSPECIFIED) => "localhost".to_owned(),
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(_) => SocketAddr::new(listen.address, 0).to_string().trim_end_matches(":0").to_owned(),
    };
    format!("http://{host}:{}/", listen.port)
}
