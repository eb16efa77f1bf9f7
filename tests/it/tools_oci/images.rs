//! The images under test, made by the command.

use super::tool::{run, run_bytes, tool, unique};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The command under test, at the root of the checkout.
pub(super) fn asmgen() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asmgen"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// An image and what it was made from.
pub(super) struct Image {
    /// Holds the tar file; also a place for what a test makes.
    pub(super) folder: TempDir,
    /// The tar file.
    pub(super) tar: PathBuf,
    /// Name of the executable in it, without a slash.
    pub(super) program: String,
    /// Its name, `NAME:TAG`, as given on the command line.
    pub(super) reference: String,
    /// Its tag alone.
    pub(super) tag: &'static str,
}

/// The image of an example for the platforms in that list.
pub(super) fn image(example: &str, platforms: &str) -> Image {
    image_of(example, Path::new(&spec(example)), platforms)
}

/// The same in the fewest bytes.
pub(super) fn golfed(example: &str, platforms: &str) -> Image {
    image_with(example, Path::new(&spec(example)), platforms, &["--golf"])
}

/// The image of the spec in a file, for the platforms in that list.
pub(super) fn image_of(name: &str, spec: &Path, platforms: &str) -> Image {
    image_with(name, spec, platforms, &[])
}

fn image_with(name: &str, spec: &Path, platforms: &str, options: &[&str]) -> Image {
    let folder = TempDir::new().expect("a temporary folder");
    let (tar, tag) = (folder.path().join("image.tar"), "v1");
    let reference = format!("{}:{tag}", unique(name));
    let mut command = asmgen();
    command.arg("image").arg(spec).args(options).args(["--platform", platforms, "--tag", &reference, "-o"]);
    run(command.arg(&tar));
    Image { folder, tar, program: name.to_owned(), reference, tag }
}

/// Path of an example from the root of the checkout.
pub(super) fn spec(example: &str) -> String {
    format!("examples/{example}.toml")
}

/// Compiles an example to a file.
pub(super) fn program(example: &str, target: &str, file: &Path) -> Vec<u8> {
    run(asmgen().args([&spec(example), "--target", target, "-o"]).arg(file));
    std::fs::read(file).expect("the executable")
}

impl Image {
    /// The full name that Docker's rules make of the name.
    pub(super) fn full_reference(&self) -> String {
        format!("docker.io/library/{}", self.reference)
    }

    /// A file of the archive.
    pub(super) fn file(&self, path: &str) -> Vec<u8> {
        run_bytes(tool("tar").arg("-xOf").arg(&self.tar).arg(path))
    }

    /// A JSON file of the archive.
    pub(super) fn json(&self, path: &str) -> serde_json::Value {
        serde_json::from_slice(&self.file(path)).expect("JSON")
    }

    /// Digest of the index, or of the only platform's manifest.
    pub(super) fn root_digest(&self) -> String {
        self.json("index.json")["manifests"][0]["digest"].as_str().expect("a digest").to_owned()
    }

    /// Digest of the first platform's configuration.
    pub(super) fn primary_config_digest(&self) -> String {
        let path = self.json("manifest.json")[0]["Config"].as_str().expect("a path").to_owned();
        path.replace("blobs/sha256/", "sha256:")
    }
}
