//! What an operator sees: the access log, and figures for Prometheus.

mod access_log;
pub(crate) mod metrics;
