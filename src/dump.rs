//! The program of a description as text, after any pass of the compiler.

use asmgen_arch::op::Program as Ops;
use asmgen_arch::pass::{Dump, Pass};

use crate::compile::{build, plain_observed};
use crate::error::BuildError;
use crate::options::{Effort, Options};
use crate::spec::Description;
use crate::{assemble, fill, lower};

/// The program of a description as text after a pass: operations up to register allocation, then machine code. It is
/// what [`build`] makes without a search, so the options' effort makes no difference.
///
/// # Errors
/// See [`BuildError`].
///
/// ```
/// use asmgen::{Options, Pass, Target};
/// let description = asmgen::spec::from_toml("program = 'pause'", std::path::Path::new("pause.toml"))?;
/// let options = Options::new(Target::by_name("x86_64").unwrap());
/// let text = asmgen::dump(&description, options, Pass::Lower)?;
/// assert!(text.parse::<asmgen::op::Program>().is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn dump(description: &Description, options: Options, after: Pass) -> Result<String, BuildError> {
    let options = options.effort(Effort::Quick);
    let size_bytes = build(description, options)?.bytes.len() as u64;
    let (filled, _) = fill::fill(description, options, size_bytes)?;
    let ops = smallest(lower::lower(&filled, options.target, options.tier), options)?;
    let mut dump = Dump::after(after);
    let wrong = |source| BuildError::Compile { target: options.target.name, source };
    let code = asmgen_arch::compile_observed(options.target, &ops, &mut dump).map_err(wrong)?;
    plain_observed(&ops, code, options, 0, &mut dump)?;
    Ok(dump.into_text())
}

/// The program that makes the smallest file; of equals the first.
fn smallest(mut programs: Vec<Ops>, options: Options) -> Result<Ops, BuildError> {
    if programs.len() == 1 {
        return Ok(programs.swap_remove(0));
    }
    let (mut best, mut least_bytes) = (0, usize::MAX);
    for (number, ops) in programs.iter().enumerate() {
        match assemble(ops, options) {
            Ok(image) if image.bytes.len() < least_bytes => (best, least_bytes) = (number, image.bytes.len()),
            Err(error) if number == 0 => return Err(error),
            _ => {}
        }
    }
    Ok(programs.swap_remove(best))
}
