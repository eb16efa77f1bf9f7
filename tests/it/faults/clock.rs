//! The clock: a tick that cannot be read, and times behind a long sleep.

use std::thread;
use std::time::{Duration, Instant};

use super::client::{Client, Fault};
use super::{Built, strace};

/// A tick that cannot be read is not a tick: a waiting connection is closed after its time, neither sooner nor hours
/// later.
#[test]
fn a_tick_that_cannot_be_read() {
    const IDLE: Duration = Duration::from_secs(2);
    // A tick may come at once.
    const LEAST: Duration = Duration::from_millis(1900);
    let built = Built::new("sandbox = false\nidle_timeout = 2");
    let server = built.start_under(&strace(&["inject=read:error=EAGAIN:when=1".to_owned()]));
    let mut client = Client::new(server.port);
    client.ask("/").unwrap();
    thread::sleep(Duration::from_millis(1500));
    let start = Instant::now();
    let again = client.ask("/");
    assert!(again.is_ok(), "closed too soon: {again:?}");
    client.stream.set_read_timeout(Some(2 * IDLE)).unwrap();
    let end = client.ends();
    assert!(matches!(end, Ok(()) | Err(Fault::Closed(_))), "never closed: {end:?}");
    assert!(start.elapsed() >= LEAST, "closed after {:?}", start.elapsed());
}
