//! What asmgen builds, each thing once for all tests: a search takes its time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use asmgen::spec::Description;
use asmgen::{BuildError, Image, Options};

type Built = Arc<OnceLock<Result<Image, BuildError>>>;

static BUILT: Mutex<BTreeMap<String, Built>> = Mutex::new(BTreeMap::new());

/// What `asmgen::build` returns, from the first time it was asked for.
pub(crate) fn image(description: &Description, options: Options) -> Result<Image, BuildError> {
    let key = format!("{description:?} {options:?}");
    // The lock is not held while something is built.
    let built = Arc::clone(BUILT.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
    built.get_or_init(|| asmgen::build(description, options)).clone()
}
