//! `make image`: its date is that of the last commit, and its first platform is this machine's.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::tool::{run, run_bytes, tool};
use crate::harness::tool::{ASMGEN, root};

/// A checkout of the Makefile and of a spec in place of the default page.
fn checkout() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for name in ["examples", "out"] {
        std::fs::create_dir(folder.path().join(name)).expect("a folder");
    }
    std::fs::copy(root().join("Makefile"), folder.path().join("Makefile")).expect("a copy");
    let spec = "[server]\nengine = \"blocking\"\n[[route]]\npath = \"/\"\nbody = \"Hello\"\n";
    std::fs::write(folder.path().join("examples/page.toml"), spec).expect("a spec");
    folder
}

/// Puts all into one commit of that date.
fn commit(folder: &Path, epoch_s: u32) {
    let git = |arguments: &[&str]| {
        let date = format!("{epoch_s} +0000");
        let mut command = tool("git");
        command.current_dir(folder).args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(arguments);
        run(command.env("GIT_COMMITTER_DATE", &date).env("GIT_AUTHOR_DATE", &date));
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "All"]);
}

/// The date and the machine of the image that Docker takes, and the digest that all others show.
fn made(folder: &Path, change: impl FnOnce(&mut Command)) -> [String; 3] {
    let mut command = tool("make");
    // The executable under test, not the optimized one that it would build.
    command.args(["image", "CARGO=true", &format!("ASMGEN={ASMGEN}")]).current_dir(folder);
    command.env_remove("SOURCE_DATE_EPOCH").env_remove("GIT_DIR").env("GIT_CEILING_DIRECTORIES", folder);
    change(&mut command);
    run(&mut command);
    let read = |path: &str| -> serde_json::Value {
        let bytes = run_bytes(tool("tar").arg("-xOf").arg(folder.join("out/image.tar")).arg(path));
        serde_json::from_slice(&bytes).expect("JSON")
    };
    let config = read(read("manifest.json")[0]["Config"].as_str().expect("a path"));
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    [text(&config["created"]), text(&config["architecture"]), text(&read("index.json")["manifests"][0]["digest"])]
}

#[test]
fn it_dates_from_the_last_commit_and_begins_with_this_machine() {
    let here = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let folder = checkout();
    let folder = folder.path();
    let [created, first, _] = made(folder, |_| {});
    assert_eq!([created.as_str(), &first], ["1970-01-01T00:00:00Z", here], "there is no commit");
    commit(folder, 1_700_000_000);
    let [created, first, digest] = made(folder, |_| {});
    assert_eq!([created.as_str(), &first], ["2023-11-14T22:13:20Z", here]);
    let [created, ..] = made(folder, |make| {
        make.env("SOURCE_DATE_EPOCH", "59");
    });
    assert_eq!(created, "1970-01-01T00:00:59Z", "it was asked for");
    // A machine that calls itself another one.
    let other = if here == "amd64" { "aarch64" } else { "x86_64" };
    let bin = TempDir::new().expect("a folder");
    let uname = bin.path().join("uname");
    std::fs::write(&uname, format!("#!/bin/sh\necho {other}\n")).expect("a script");
    run(tool("chmod").arg("+x").arg(&uname));
    let path = std::env::var("PATH").expect("a PATH");
    let [_, other_first, other_digest] = made(folder, |make| {
        make.env("PATH", format!("{}:{path}", bin.path().display()));
    });
    assert_eq!((other_first != first, other_digest), (true, digest), "the same image, the other way round");
}

/// What is made of another spec has its name, and its own Compose file and Dockerfile; the Dockerfile's comment says
/// how its files are made.
#[test]
fn it_packs_the_spec_that_is_named() {
    let folder = checkout();
    let folder = folder.path();
    let spec =
        "name = \"shop\"\n[server]\nengine = \"blocking\"\nport = 81\n[[route]]\npath = \"/\"\nbody = \"Shop\"\n";
    std::fs::write(folder.join("examples/other.toml"), spec).expect("a spec");
    made(folder, |make| {
        make.arg("SPEC=examples/other.toml");
    });
    let text = |name: &str| std::fs::read_to_string(folder.join("out").join(name)).expect(name);
    let index = run_bytes(tool("tar").arg("-xOf").arg(folder.join("out/image.tar")).arg("manifest.json"));
    assert!(String::from_utf8_lossy(&index).contains("shop:latest"));
    assert!(text("docker-compose.yml").contains("\"81:81\""));
    let dockerfile = text("Dockerfile");
    assert!(dockerfile.contains("COPY shop.${TARGETARCH:-amd64} /shop\n"), "{dockerfile}");
    // The commands of the comment, typed in a folder of their own, make the same files.
    let commands: Vec<&str> = dockerfile.lines().filter_map(|line| line.strip_prefix("#   asmgen ")).collect();
    assert_eq!(commands.len(), 2, "{dockerfile}");
    for command in commands {
        let line = format!("{ASMGEN} {command}");
        run(tool("bash").args(["-ec", &line]).current_dir(folder));
    }
    for file in ["shop.amd64", "shop.arm64"] {
        let read = |file: &Path| std::fs::read(file).expect("a file");
        assert_eq!(read(&folder.join(file)), read(&folder.join("out").join(file)), "{file}");
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&folder.join(file).metadata().expect("a file").permissions());
        assert_eq!(mode & 0o777, 0o555, "{file}");
    }
}
