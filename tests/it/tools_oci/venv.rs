//! Judges written in Python.

use std::process::Command;

use crate::harness::venv::Venv;

const VENV: Venv =
    Venv { folder: "venv", requirements: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oci/requirements.txt") };

/// A program of theirs.
pub(super) fn venv(program: &str) -> Command {
    VENV.program(program)
}
