//! System calls that fail, one after the other, by `strace`. It replaces a call by one that there is not, which the
//! sandbox would end the server for, so these servers have none.
//!
//! `close` is not among them: Linux closes whatever it returns, and `strace` would only leave the descriptor open.
//! Short counts are in `short_counts`: `strace` would report bytes that were not sent.

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use super::client::{Client, Fault, request};
use super::{Built, descriptors, honest, is_well, settles, spins, strace};
use crate::harness::none;

/// What a fault may do to the connection that it hits, and to one that only waits.
#[derive(Clone, Copy, PartialEq)]
enum May {
    /// No client notices anything.
    Nothing,
    /// It may be closed; no other one is.
    CloseIt,
    /// One that is idle may be closed in favour of others.
    CloseIdle,
}
use May::{CloseIdle, CloseIt, Nothing};

/// Faults, and what they may do. `when` counts the calls of a name from the server's start; `a+b` is every b-th from
/// the a-th on.
#[rustfmt::skip] // A table.
const CASES: &[(&[&str], May)] = &[
    (&["/^epoll_p?wait$:error=EINTR:when=1+2"], Nothing),
    (&["accept4:error=EAGAIN:when=1+2"], Nothing),
    (&["accept4:error=EINTR:when=1+2"], Nothing),
    (&["accept4:error=ECONNABORTED:when=1+2"], Nothing),
    // accept(2): errors of a connection that was not even taken concern no other one.
    (&["accept4:error=EPERM:when=2+2"], Nothing),
    (&["accept4:error=EPROTO:when=2+2"], Nothing),
    (&["accept4:error=ENETDOWN:when=2+2"], Nothing),
    (&["accept4:error=EHOSTUNREACH:when=2+2"], Nothing),
    (&["accept4:error=EMFILE:when=2+2"], CloseIdle),
    (&["accept4:error=ENFILE:when=2+2"], CloseIdle),
    (&["accept4:error=ENOBUFS:when=2+2"], CloseIdle),
    (&["accept4:error=ENOMEM:when=2+2"], CloseIdle),
    (&["recvfrom:error=EAGAIN:when=1+2"], Nothing),
    (&["recvfrom:error=EINTR:when=1+2"], Nothing),
    (&["recvfrom:error=EINTR:when=2+2"], Nothing),
    (&["recvfrom:error=ECONNRESET:when=3"], CloseIt),
    (&["recvfrom:error=ENOBUFS:when=3"], CloseIt),
    (&["recvfrom:error=ENOMEM:when=4"], CloseIt),
    (&["sendmsg:error=EAGAIN:when=1+2"], Nothing),
    (&["sendmsg:error=EAGAIN:when=2+3"], Nothing),
    (&["sendmsg:error=EINTR:when=1+2"], Nothing),
    (&["sendmsg:error=ECONNRESET:when=2"], CloseIt),
    (&["sendmsg:error=EPIPE:when=2"], CloseIt),
    (&["sendmsg:error=ENOBUFS:when=3"], CloseIt),
    (&["sendmsg:error=ENOMEM:when=3"], CloseIt),
    // The first tells where the server listens, and then replies and lines of the log take turns.
    (&["sendto:error=EAGAIN:when=2+2"], Nothing),
    (&["sendto:error=EAGAIN:when=2+3"], Nothing),
    (&["sendto:error=EINTR:when=2+2"], Nothing),
    (&["sendto:error=ECONNRESET:when=4"], CloseIt),
    (&["sendto:error=EPIPE:when=4"], CloseIt),
    (&["sendto:error=ENOBUFS:when=6"], CloseIt),
    (&["sendto:error=ENOMEM:when=6"], CloseIt),
    // As where the kernel does not tell (gVisor): nothing is known to be held.
    (&["getsockopt:error=ENOPROTOOPT"], Nothing),
    (&["sendfile:error=EAGAIN:when=1+2"], Nothing),
    (&["sendfile:error=EINTR:when=1+2"], Nothing),
    (&["sendfile:error=EINVAL"], Nothing),
    (&["sendfile:error=EIO:when=1+2"], Nothing),
    (&["sendfile:error=ENOMEM:when=1+2"], Nothing),
    (&["sendfile:error=EINVAL", "write:error=EAGAIN:when=2+2"], Nothing),
    (&["sendfile:error=EINVAL", "write:error=EINTR:when=2+2"], Nothing),
    (&["sendfile:error=EINVAL", "write:error=ECONNRESET:when=2"], CloseIt),
    (&["sendfile:error=EINVAL", "write:error=ENOBUFS:when=2"], CloseIt),
    // The first three are the listener's, the timer's and the signals', the fourth the one that waits.
    (&["epoll_ctl:error=ENOMEM:when=5"], CloseIt),
    (&["epoll_ctl:error=ENOSPC:when=5"], CloseIt),
    (&["read:error=EINTR:when=1+2"], Nothing),
    (&["shutdown:error=ENOTCONN"], Nothing),
    (&["clock_gettime:error=EINVAL:when=2"], Nothing),
    // `write` is the log's, and that of what is left of a reply: the second may be either.
    (&["/^p?poll$:error=EINTR:when=1+2"], Nothing),
    (&["write:error=EPIPE:when=2"], CloseIt),
    (&["write:error=EAGAIN:when=2+2"], Nothing),
];

/// A connection on which everything happens that may: the faults that hit it.
fn session(port: u16) -> Result<(), Fault> {
    let mut client = Client::new(port);
    client.ask("/")?;
    client.ask("/long")?;
    client.send(&[request("/"), request("/medium"), request("/long"), request("/")].concat())?;
    for path in ["/", "/medium", "/long", "/"] {
        client.reply(path)?;
    }
    let (begin, end) = (request("/"), request("/").split_off(11));
    client.send(&begin[..11])?;
    thread::sleep(Duration::from_millis(5));
    client.send(&end)?;
    client.reply("/")?;
    // A wrong request: the reply, and then the end, behind everything that is still sent.
    client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nwrong\r\n\r\nand more")?;
    client.whole(400, b"Bad Request")?;
    client.finish()
}

/// The faults of one row.
fn check(built: &Built, faults: &[&str], may: May) -> Result<(), String> {
    let faults: Vec<String> = faults.iter().map(|fault| format!("inject={fault}")).collect();
    let mut server = built.start_under(&strace(&faults));
    let mut bystander = Client::new(server.port);
    bystander.ask("/").map_err(|fault| format!("the one that waits, at first: {fault:?}"))?;
    let before = descriptors(server.pid());
    let mut closed = 0;
    for round in 0..3 {
        match session(server.port) {
            Ok(()) => {}
            Err(Fault::Closed(_) | Fault::Cut(_)) if may == CloseIt && closed == 0 => closed += 1,
            Err(fault) => return Err(format!("round {round}: {fault:?}")),
        }
    }
    match bystander.ask("/") {
        Ok(()) => settles(&server, before),
        Err(Fault::Closed(_)) if may == CloseIdle => settles(&server, before - 1),
        Err(fault) => return Err(format!("the one that waits: {fault:?}")),
    }
    let pid = server.pid();
    drop(bystander);
    if !server.is_running() {
        return Err("it has ended".into());
    }
    spins(pid).map_or(Ok(()), Err)
}

#[test]
fn every_call_may_fail() {
    const AT_ONCE: usize = 14;
    let built = Built::new("sandbox = false\naccess_log = true\nstop_timeout = 5");
    let faults = Mutex::new(Vec::new());
    for cases in CASES.chunks(AT_ONCE) {
        thread::scope(|scope| {
            for (calls, may) in cases {
                let (built, faults) = (&built, &faults);
                scope.spawn(move || {
                    let result = check(built, calls, *may);
                    faults.lock().unwrap().extend(result.err().map(|fault| format!("{calls:?}: {fault}")));
                });
            }
        });
    }
    none(&faults.into_inner().unwrap());
}

/// A connection that is gone before it is taken, and an interrupted call, do not disturb the server. It takes the next
/// connection at once, not at the next tick.
#[test]
fn a_connection_that_is_gone_delays_nobody() {
    const AT_ONCE: Duration = Duration::from_millis(300);
    let built = Built::new("sandbox = false\nstop_timeout = 5");
    for error in ["ECONNABORTED", "EINTR", "EAGAIN"] {
        let mut server = built.start_under(&strace(&[format!("inject=accept4:error={error}:when=1+2")]));
        let before = descriptors(server.pid());
        for _ in 0..5 {
            honest(server.port, AT_ONCE);
        }
        is_well(&mut server, before);
    }
}

/// A download is under way when SIGTERM comes, and reading which signal it is fails at first.
#[test]
fn a_signal_that_cannot_be_read_at_once() {
    let built = Built::new("sandbox = false\nstop_timeout = 5");
    for error in ["EAGAIN", "EINTR"] {
        // The timer's reads are one a second: the signal's is the first or second.
        let mut server = built.start_under(&strace(&[format!("inject=read:error={error}:when=1..3")]));
        let mut client = Client::new(server.port);
        client.send(&request("/big")).unwrap();
        thread::sleep(Duration::from_millis(50));
        crate::harness::process::send(server.pid(), rustix::process::Signal::TERM);
        thread::sleep(Duration::from_millis(300));
        let reply = client.reply("/big");
        assert!(reply.is_ok(), "{error}: {reply:?}");
        drop(client);
        assert_eq!(server.exit_code(), Some(0), "{error}");
    }
}

/// The listener leaves the epoll set while nothing is left to serve with; it has to come back even if that fails at
/// first.
#[test]
fn the_listener_comes_back() {
    let built = Built::new("sandbox = false\nstop_timeout = 5");
    // The fourth call takes it out, as no connection is idle; the fifth would put it back.
    let faults = ["inject=accept4:error=EMFILE:when=1", "inject=epoll_ctl:error=ENOMEM:when=5"].map(str::to_owned);
    let mut server = built.start_under(&strace(&faults));
    let before = descriptors(server.pid());
    let mut client = Client::new(server.port);
    let reply = client.ask("/");
    assert!(reply.is_ok(), "{reply:?}");
    drop(client);
    is_well(&mut server, before);
}
