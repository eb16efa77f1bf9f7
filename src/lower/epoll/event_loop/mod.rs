//! The event loop: wait, then for each event do what its descriptor is there for.
//!
//! ```text
//! poll       epoll_wait, and which descriptor an event is of
//! accept     new connections, and what makes room for them
//! timer      once a second: timeouts, the date
//! date       the line with the date
//! shutdown   SIGTERM and SIGINT: drain, finish, exit
//! supervise  several workers: signals for them, and their end
//! ```

mod accept;
mod date;
pub(crate) mod poll;
mod shutdown;
mod supervise;
mod timer;
