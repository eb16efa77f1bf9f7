//! A long search, with a bar on terminals, and what is known of its result: on standard error.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use asmgen::golf::{Progress, Watch};
use asmgen::spec::Description;
use asmgen::{Image, Options, build_watched};
use indicatif::{ProgressBar, ProgressStyle};
use signal_hook::consts::SIGINT;
use signal_hook::flag;

use crate::output::{self, Failure};

/// Steps of the bar: thousandths.
const STEPS: u64 = 1000;
/// The clock beside the bar ticks even if the search has no news.
const TICK: Duration = Duration::from_millis(100);
/// Exit code of a program that Ctrl-C ends: 128 + SIGINT.
const INTERRUPTED: i32 = 130;

/// What Ctrl-C does during a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interrupt {
    /// The search ends with the smallest file that it has found, and a second one ends the program.
    KeepsBest,
    /// It ends the program.
    Ends,
}

/// Builds, and says how small the file is and whether it could be smaller.
pub(super) fn build(description: &Description, options: Options, interrupt: Interrupt) -> Result<Image, Failure> {
    let stopped = Arc::new(AtomicBool::new(false));
    if interrupt == Interrupt::KeepsBest {
        listen(&stopped).map_err(Failure::failed)?;
    }
    // Where standard error is no terminal, it draws nothing.
    let bar = ProgressBar::new(STEPS);
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {elapsed}  {msg}");
    bar.set_style(style.expect("the template is right"));
    bar.set_message("choosing instructions");
    bar.enable_steady_tick(TICK);
    let tell = |progress: Progress| {
        bar.set_position(progress.thousandths);
        bar.set_message(message(progress));
    };
    let stop = || stopped.load(Ordering::Relaxed);
    let mut watch = Watch::new(&tell).until(&stop);
    let image = build_watched(description, options, &mut watch);
    bar.finish_and_clear();
    let image = image.map_err(super::of_build)?;
    let (name, target, bytes) = (&description.name, options.target.name, image.bytes.len());
    if stop() {
        output::say(format_args!("{name}, {target}: stopped; the smallest file found so far has {bytes} bytes"));
    } else if let Some(bound) = watch.bound() {
        output::say(format_args!("{name}, {target}: {}", bound.of(bytes)));
    }
    Ok(image)
}

/// The first Ctrl-C is noted, the second ends the program.
fn listen(stopped: &Arc<AtomicBool>) -> io::Result<()> {
    flag::register_conditional_shutdown(SIGINT, INTERRUPTED, Arc::clone(stopped))?;
    flag::register(SIGINT, Arc::clone(stopped))?;
    Ok(())
}

fn message(progress: Progress) -> String {
    let bytes = progress.bytes;
    match progress.least_bytes {
        Some(least) => format!("{bytes} bytes, lower bound {least}"),
        None => format!("{bytes} bytes"),
    }
}
