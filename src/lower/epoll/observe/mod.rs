//! What an operator sees.
//!
//! ```text
//! access_log    a line for each reply; peer writes the client's address into it
//! metrics       counters for Prometheus
//! ```

mod access_log;
pub(crate) mod metrics;
mod peer;
