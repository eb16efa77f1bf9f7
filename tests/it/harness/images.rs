//! What asmgen builds, each thing once for all tests: a search takes its time.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use asmgen::spec::Description;
use asmgen::{BuildError, Image, Options};

use super::tool::succeed;

type Built = Arc<OnceLock<Result<Image, BuildError>>>;

static BUILT: Mutex<BTreeMap<String, Built>> = Mutex::new(BTreeMap::new());

/// What `asmgen::build` returns, from the first time it was asked for.
pub(crate) fn image(description: &Description, options: Options) -> Result<Image, BuildError> {
    let key = format!("{description:?} {options:?}");
    // The lock is not held while something is built.
    let built = Arc::clone(BUILT.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
    built.get_or_init(|| asmgen::build(description, options)).clone()
}

/// Writes an executable. Another process does it. If this one had it open for writing, the child of another test could
/// hold it open, and it could not be run (ETXTBSY).
pub(crate) fn write(image: &Image, file: &Path) {
    let bytes = file.with_extension("bytes");
    std::fs::write(&bytes, &image.bytes).expect("the program is written");
    succeed(Command::new("install").args(["-m", "755"]).arg(&bytes).arg(file));
}
