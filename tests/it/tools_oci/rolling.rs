//! A rolling update, in the kubelet's order. The pod is to end, `preStop` runs, then comes SIGTERM. The Service goes on
//! sending requests until it has forgotten the pod.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::images::asmgen;
use super::tool::run;
use crate::harness::none;
use crate::harness::process::send;
use crate::harness::server::{Server, Spec};
use crate::harness::tool::Variant;

/// Until the Service has forgotten a pod: what kube-proxy takes under load.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(2);
/// What the kubelet waits where the manifest says nothing.
const DEFAULT_GRACE_S: u64 = 30;
const CLIENTS: usize = 4;

/// The number behind a key of the Deployment.
fn number(manifest: &str, key: &str) -> Option<u64> {
    let line = manifest.lines().find_map(|line| line.trim().strip_prefix(key))?;
    Some(line.trim().parse().expect("a number"))
}

/// Asks on a connection of its own: how it went.
fn ask(port: u16) -> io::Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    if reply.ends_with("\r\n\r\nHello") { Ok(()) } else { Err(io::Error::other(format!("the reply was {reply:?}"))) }
}

/// Clients that ask without a pause until they are told: how many replies they got, and what went wrong.
fn asked(port: u16, is_forgotten: &AtomicBool) -> (usize, Vec<String>) {
    let client = || {
        let (mut replies, mut faults) = (0, Vec::new());
        while !is_forgotten.load(Ordering::Relaxed) && faults.is_empty() {
            match ask(port) {
                Ok(()) => replies += 1,
                Err(error) => faults.push(error.to_string()),
            }
            thread::sleep(Duration::from_millis(1));
        }
        (replies, faults)
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        let results = clients.into_iter().map(|client| client.join().expect("a client"));
        results.fold((0, Vec::new()), |(count, all), (replies, faults)| (count + replies, [all, faults].concat()))
    })
}

/// The fault of a server with those keys, if there is one.
fn fault(keys: &str) -> Option<String> {
    let spec = Spec::new(&format!("[server]\n{keys}\n[[route]]\npath = \"/\"\nbody = \"Hello\"\n"));
    let manifest = run(asmgen().arg("k8s").arg(spec.path()));
    let pre_stop = Duration::from_secs(number(&manifest, "seconds:").unwrap_or(0));
    let grace_s = number(&manifest, "terminationGracePeriodSeconds:").unwrap_or(DEFAULT_GRACE_S);
    let mut server = Server::start(Variant::native(&spec.path()));
    let (pid, port, is_forgotten) = (server.pid(), server.port, AtomicBool::new(false));
    let (replies, faults) = thread::scope(|scope| {
        let clients = scope.spawn(|| asked(port, &is_forgotten));
        // So many replies come before it begins.
        thread::sleep(FORGOTTEN_AFTER / 4);
        let to_end = Instant::now();
        scope.spawn(move || {
            thread::sleep(pre_stop);
            send(pid, Signal::TERM);
        });
        thread::sleep(FORGOTTEN_AFTER.saturating_sub(to_end.elapsed()));
        is_forgotten.store(true, Ordering::Relaxed);
        let results = clients.join().expect("clients");
        let code = server.exit_code();
        let took = to_end.elapsed();
        assert!(code == Some(0) && took < Duration::from_secs(grace_s), "{keys}: {code:?} after {took:?}");
        results
    });
    let what = format!("{keys:?}: {replies} replies, {faults:?}");
    println!("{what}");
    (replies < 100 || !faults.is_empty()).then_some(what)
}

#[test]
fn no_request_is_lost() {
    let all = ["", "drain = 2", "drain = 5", "engine = \"blocking\""];
    let faults = thread::scope(|scope| {
        let each: Vec<_> = all.iter().map(|keys| scope.spawn(|| fault(keys))).collect();
        each.into_iter().filter_map(|one| one.join().expect("a server")).collect::<Vec<_>>()
    });
    none(&faults);
}
