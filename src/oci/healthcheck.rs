//! How a runtime asks a server whether it is well: by the executable itself, as the image holds nothing else.

use serde::Serialize;

/// Between two checks, in seconds.
pub(crate) const INTERVAL_S: u64 = 30;
/// Longest time a check may take, in seconds.
pub(crate) const TIMEOUT_S: u64 = 3;
/// Time after the start in which a failed check means nothing, in seconds.
pub(crate) const START_PERIOD_S: u64 = 10;
/// Between two checks in that time, in seconds: a server listens within milliseconds. Docker knows it since 25.0.
const START_INTERVAL_S: u64 = 1;

const NS_PER_S: u64 = 1_000_000_000;

/// Executable and argument of the check.
pub(crate) fn command(name: &str) -> [String; 2] {
    [format!("/{name}"), "healthcheck".to_owned()]
}

/// The field of the configuration. It is Docker's own (docker image spec, v1.2): image-spec reserves the name and says
/// nothing of it, and other runtimes look at their own settings.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Healthcheck {
    test: [String; 3],
    /// Times are in nanoseconds.
    interval: u64,
    timeout: u64,
    start_period: u64,
    start_interval: u64,
}

impl Healthcheck {
    /// Of the executable of that name.
    pub(super) fn of(name: &str) -> Self {
        let [program, argument] = command(name);
        Self {
            test: ["CMD".to_owned(), program, argument],
            interval: INTERVAL_S * NS_PER_S,
            timeout: TIMEOUT_S * NS_PER_S,
            start_period: START_PERIOD_S * NS_PER_S,
            start_interval: START_INTERVAL_S * NS_PER_S,
        }
    }
}
