//! Measures what the foundation promises: time of whole processes, memory and requests per second of running servers,
//! sizes. `make bench` runs it; the table goes to standard output and to out/bench/foundation.md.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ASMGEN: &str = env!("CARGO_BIN_EXE_asmgen");
/// Runs of which the middle one counts.
const RUNS: usize = 21;
/// Servers with measured memory and speed.
const SERVERS: [&str; 3] = ["greeting", "routes", "page"];
/// How long one server is asked.
const ASKED: Duration = Duration::from_secs(2);
/// Longest wait for a server to come up.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> io::Result<()> {
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR"))?;
    let folder = tempfile::tempdir()?;
    let mut page = format!("# asmgen {}: measured figures\n\n{}\n", env!("CARGO_PKG_VERSION"), machine());
    let (times, too_slow) = times()?;
    page += &times;
    page += &servers(folder.path())?;
    page += &sizes(folder.path())?;
    fs::create_dir_all("out/bench")?;
    fs::write("out/bench/foundation.md", &page)?;
    print!("{page}");
    eprintln!("written to out/bench/foundation.md");
    if too_slow.is_empty() { Ok(()) } else { Err(io::Error::other(too_slow.join("; "))) }
}

/// What the figures were measured on.
fn machine() -> String {
    let file = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = file("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown processor");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = file("/proc/sys/kernel/osrelease");
    format!("{}, {cores} of its threads; Linux {}.\n", model.trim_start_matches([' ', '\t', ':']), kernel.trim())
}

/// A command and the goal of its median in milliseconds, if it has one.
type Timed = (&'static [&'static str], Option<u64>);

/// The default page with each engine, and its image. The epoll engine is thirty times as much code; it has no goal yet.
const TIMED: [Timed; 9] = [
    (&["examples/page.toml", "--engine", "blocking", "--target", "x86_64"], Some(20)),
    (&["examples/page.toml", "--engine", "blocking", "--target", "aarch64"], Some(20)),
    (&["examples/page.toml", "--engine", "blocking", "--target", "i386"], Some(20)),
    (&["image", "examples/page.toml", "--engine", "blocking", "--platform", "linux/amd64,linux/arm64"], Some(50)),
    (&["examples/page.toml", "--target", "x86_64"], None),
    (&["examples/page.toml", "--target", "aarch64"], None),
    (&["examples/page.toml", "--target", "i386"], None),
    (&["examples/page.toml", "--target", "x86_64", "--effort", "quick"], None),
    (&["image", "examples/page.toml", "--platform", "linux/amd64,linux/arm64"], None),
];

/// Median, least and most time of a whole process, from its start to its end; and what misses its goal.
fn times() -> io::Result<(String, Vec<String>)> {
    let mut too_slow = Vec::new();
    let mut table = format!("Whole processes, {RUNS} runs each:\n\n");
    table += "| command | goal | median | least | most |\n|---|--:|--:|--:|--:|\n";
    for (command, goal_ms) in TIMED {
        let mut times = (0..RUNS).map(|_| time_of(command)).collect::<io::Result<Vec<_>>>()?;
        times.sort();
        let shown =
            [times[RUNS / 2], times[0], times[RUNS - 1]].map(|time| format!("{:.1} ms", time.as_secs_f64() * 1e3));
        let command = command.join(" ");
        let goal = goal_ms.map_or("–".into(), |goal_ms| format!("{goal_ms} ms"));
        let _ = writeln!(table, "| `asmgen {command}` | {goal} | {} |", shown.join(" | "));
        if goal_ms.is_some_and(|goal_ms| times[RUNS / 2] > Duration::from_millis(goal_ms)) {
            too_slow.push(format!("asmgen {command}: {}, more than {goal}", shown[0]));
        }
    }
    Ok((table + "\n", too_slow))
}

fn time_of(args: &[&str]) -> io::Result<Duration> {
    let start = Instant::now();
    let status = Command::new(ASMGEN).args(args).stdout(Stdio::null()).status()?;
    let time = start.elapsed();
    if status.success() { Ok(time) } else { Err(io::Error::other(format!("{args:?}: {status}"))) }
}

/// A running server, ended with this value.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(example: &str, folder: &Path) -> io::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let file = folder.join(example);
        let spec = format!("examples/{example}.toml");
        let listen = format!("127.0.0.1:{port}");
        let built = Command::new(ASMGEN)
            .args([&spec, "--engine", "blocking", "--listen", &listen, "-o"])
            .arg(&file)
            .status()?;
        assert!(built.success(), "{example}: {built}");
        let child = Command::new(&file).stdout(Stdio::null()).spawn()?;
        let server = Self { child, port };
        let start = Instant::now();
        while server.ask("/").is_err() {
            assert!(start.elapsed() < PATIENCE, "{example} does not come up");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }

    /// One request on a connection of its own; the length of the reply in bytes.
    fn ask(&self, path: &str) -> io::Result<usize> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_nodelay(true)?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes())?;
        let mut reply = Vec::new();
        let len = stream.read_to_end(&mut reply)?;
        if reply.starts_with(b"HTTP/1.1 ") { Ok(len) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    /// A line of `/proc/PID/status`, in kB.
    fn memory_kb(&self, name: &str) -> io::Result<String> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        Ok(line.map_or("?".into(), |rest| rest.trim_start_matches(':').trim().to_owned()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn servers(folder: &Path) -> io::Result<String> {
    let mut table = format!(
        "Running servers (blocking engine, this machine's target, strict), asked for `/` by one client, one connection \
         after another, for {} s:\n\n\
         | example | requests/s | reply | VmRSS | peak (VmHWM) |\n|---|--:|--:|--:|--:|\n",
        ASKED.as_secs()
    );
    for example in SERVERS {
        let server = Server::start(example, folder)?;
        let (start, mut requests, mut reply) = (Instant::now(), 0_u32, 0);
        while start.elapsed() < ASKED {
            reply = server.ask("/")?;
            requests += 1;
        }
        let rate = f64::from(requests) / start.elapsed().as_secs_f64();
        let (now, peak) = (server.memory_kb("VmRSS")?, server.memory_kb("VmHWM")?);
        let _ = writeln!(table, "| `{example}` | {rate:.0} | {reply} bytes | {now} | {peak} |");
    }
    Ok(table + "\n")
}

fn sizes(folder: &Path) -> io::Result<String> {
    let mut table = String::from("The default page, blocking engine, strict:\n\n| file | bytes |\n|---|--:|\n");
    let builds: [(&str, &[&str]); 4] = [
        ("executable, x86_64", &["examples/page.toml", "--engine", "blocking", "--target", "x86_64"]),
        ("executable, aarch64", &["examples/page.toml", "--engine", "blocking", "--target", "aarch64"]),
        ("executable, i386", &["examples/page.toml", "--engine", "blocking", "--target", "i386"]),
        ("image, linux/amd64 and linux/arm64", &["image", "examples/page.toml", "--engine", "blocking"]),
    ];
    for (what, args) in builds {
        let file = folder.join("built");
        let status = Command::new(ASMGEN).args(args).arg("-o").arg(&file).stdout(Stdio::null()).status()?;
        assert!(status.success(), "{args:?}: {status}");
        let _ = writeln!(table, "| {what} | {} |", fs::metadata(&file)?.len());
    }
    Ok(table)
}
