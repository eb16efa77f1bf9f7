//! Layers unpacked by what people have at hand: GNU tar, `BusyBox`, Python. None of them may complain.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::images::{Image, golfed, image, program};
use super::tool::tool;

/// What unpacks a compressed archive in the folder that it is started in.
const PYTHON: &str = "import sys, tarfile; tarfile.open(sys.argv[1], 'r:gz').extractall()";

/// The first layer of an image, as a file.
fn layer(image: &Image) -> PathBuf {
    let path = image.json("manifest.json")[0]["Layers"][0].as_str().expect("a path").to_owned();
    let file = image.folder.path().join("layer.tar.gz");
    std::fs::write(&file, image.file(&path)).expect("a file");
    file
}

/// Unpacks a layer with a command, to which its path is the last argument: the fault, if there is one.
fn fault(mut command: Command, layer: &Path, expected: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let output = command.arg(layer).current_dir(folder.path()).stdin(Stdio::null()).output().expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    if !output.status.success() || !said.is_empty() {
        return Some(format!("{command:?}: {}: {}", output.status, String::from_utf8_lossy(&said)));
    }
    let files: Vec<_> = folder.path().read_dir().expect("a folder").flatten().map(|entry| entry.path()).collect();
    let [file] = files.as_slice() else { return Some(format!("{command:?}: {files:?}")) };
    let mode = file.metadata().expect("a file").permissions().mode() & 0o7777;
    let is_same = std::fs::read(file).expect("a file") == expected && mode == 0o555;
    (!is_same).then(|| format!("{command:?}: another file, or not of mode 0555: {mode:o}"))
}

#[test]
fn three_tars_unpack_them() {
    let commands = || {
        let with = |program: &str, arguments: &[&str]| {
            let mut command = tool(program);
            command.args(arguments);
            command
        };
        [with("tar", &["-xzf"]), with("busybox", &["tar", "-xzf"]), with("python3", &["-c", PYTHON])]
    };
    let mut faults = Vec::new();
    // Of an executable that ends within a block, and of one of many blocks.
    for example in ["hello", "page"] {
        for image in [image(example, "linux/amd64"), golfed(example, "linux/amd64")] {
            let compiled = program(example, "x86_64", &image.folder.path().join("program"));
            let layer = layer(&image);
            faults.extend(commands().into_iter().filter_map(|command| fault(command, &layer, &compiled)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
