//! The servers from Debian, tuned alike: one worker, keep-alive, no access log, no compression, and sendfile if they
//! have it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Some of them are for administrators and not in every PATH.
pub(crate) fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file()).unwrap_or_else(|| name.into())
}

/// Writes a configuration and names it.
fn write(folder: &Path, name: &str, port: u16, text: &str) -> std::io::Result<PathBuf> {
    let file = folder.join(format!("{name}-{port}.conf"));
    fs::write(&file, text)?;
    Ok(file)
}

/// `tcp_nopush` stays off: it would cost two more system calls per reply.
pub(crate) fn nginx(folder: &Path, port: u16, workers: u32) -> std::io::Result<Command> {
    let root = folder.display();
    let text = format!(
        "daemon off;
worker_processes {workers};
worker_rlimit_nofile 20000;
pid {root}/nginx-{port}.pid;
error_log /dev/null crit;
events {{ use epoll; worker_connections 16000; multi_accept on; }}
http {{
    types {{ text/html html; }}
    default_type application/octet-stream;
    access_log off;
    gzip off;
    sendfile on;
    tcp_nodelay on;
    keepalive_timeout 1h;
    keepalive_requests 1000000000;
    open_file_cache max=100 inactive=1h;
    open_file_cache_valid 1h;
    client_body_temp_path {root}/nginx-body;
    proxy_temp_path {root}/nginx-proxy;
    fastcgi_temp_path {root}/nginx-fastcgi;
    uwsgi_temp_path {root}/nginx-uwsgi;
    scgi_temp_path {root}/nginx-scgi;
    server {{ listen 127.0.0.1:{port} backlog=4096 reuseport; root {root}; }}
}}
"
    );
    let file = write(folder, "nginx", port, &text)?;
    let mut command = Command::new(program("nginx"));
    // The log that it opens before it has read which one it should.
    command.args(["-e", "/dev/null", "-c"]).arg(file);
    Ok(command)
}

pub(crate) fn h2o(folder: &Path, port: u16) -> std::io::Result<Command> {
    let root = folder.display();
    let text = format!(
        "num-threads: 1
max-connections: 16000
http1-request-timeout: 3600
error-log: /dev/null
listen:
  host: 127.0.0.1
  port: {port}
hosts:
  default:
    paths:
      /:
        file.dir: {root}
"
    );
    let file = write(folder, "h2o", port, &text)?;
    let mut command = Command::new(program("h2o"));
    command.args(["-m", "worker", "-c"]).arg(file);
    Ok(command)
}

pub(crate) fn lighttpd(folder: &Path, port: u16) -> std::io::Result<Command> {
    let root = folder.display();
    let text = format!(
        "server.document-root = \"{root}\"
server.bind = \"127.0.0.1\"
server.port = {port}
server.errorlog = \"/dev/null\"
server.max-fds = 20000
server.max-connections = 10000
server.listen-backlog = 4096
server.max-keep-alive-requests = 65535
server.max-keep-alive-idle = 3600
server.max-read-idle = 3600
server.event-handler = \"linux-sysepoll\"
server.network-backend = \"sendfile\"
server.stat-cache-engine = \"inotify\"
mimetype.assign = ( \".html\" => \"text/html\", \"\" => \"application/octet-stream\" )
"
    );
    let file = write(folder, "lighttpd", port, &text)?;
    let mut command = Command::new(program("lighttpd"));
    command.args(["-D", "-f"]).arg(file);
    Ok(command)
}
