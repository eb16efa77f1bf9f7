//! A long search, with a bar on terminals, and what is known of its result: on standard error.

use asmgen::golf::{Progress, Watch};
use asmgen::spec::Description;
use asmgen::{BuildError, Image, Options, build_watched};
use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

/// Steps of the bar: thousandths.
const STEPS: u64 = 1000;

/// Builds, and says how small the file is and whether it could be smaller.
pub(super) fn build(description: &Description, options: Options) -> Result<Image, BuildError> {
    // Where standard error is no terminal, it draws nothing.
    let bar = ProgressBar::new(STEPS);
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}  {elapsed}");
    bar.set_style(style.expect("the template is right"));
    let tell = |progress: Progress| {
        bar.set_position(progress.thousandths);
        bar.set_message(format!("{} bytes", progress.bytes));
    };
    let mut watch = Watch::new(&tell);
    let image = build_watched(description, options, &mut watch);
    bar.finish_and_clear();
    let image = image?;
    if let Some(bound) = watch.bound() {
        let bound = bound.of(image.bytes.len());
        output::say(format_args!("{}, {}: {bound}", description.name, options.target.name));
    }
    Ok(image)
}
