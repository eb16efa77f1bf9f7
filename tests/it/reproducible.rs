//! The same input gives the same bytes: again, from another folder, as another user, in another time zone, …

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::harness::tool::{ASMGEN, asmgen, root, succeed, tool};
use crate::harness::{EXAMPLES, none};

/// A copy of the executable and the examples that every user may read.
fn copy() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    fs::copy(ASMGEN, folder.path().join("asmgen")).unwrap();
    fs::create_dir(folder.path().join("examples")).unwrap();
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let file = entry.unwrap().path();
        fs::copy(&file, folder.path().join("examples").join(file.file_name().expect("it has a name"))).unwrap();
    }
    folder
}

/// What is built of each example.
const BUILDS: [&[&str]; 3] = [
    &["--target", "x86_64"],
    &["--target", "aarch64", "--elf", "portable"],
    &["image", "--platform", "linux/386,linux/arm64", "--tag", "example.org/it:1"],
];

/// The arguments of one build of one example, with the spec as this path.
fn arguments<'a>(build: &[&'a str], spec: &'a str) -> Vec<&'a str> {
    let command = build.iter().copied().take_while(|word| !word.starts_with('-'));
    let flags = build.iter().copied().skip_while(|word| !word.starts_with('-'));
    command.chain([spec]).chain(flags).collect()
}

/// What every build of every example gives here and now.
fn usual() -> &'static [Vec<u8>] {
    static BUILT: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    BUILT.get_or_init(|| {
        let all = EXAMPLES.iter().flat_map(|name| BUILDS.map(|build| (name, build)));
        all.map(|(name, build)| succeed(asmgen().args(arguments(build, &format!("examples/{name}.toml")))).stdout)
            .collect()
    })
}

/// Builds everything in a changed environment, from specs in another folder, and tells what came out different.
fn check(what: &str, changed: impl Fn(&Path) -> Command) {
    let copy = copy();
    let mut faults = Vec::new();
    let all = EXAMPLES.iter().flat_map(|name| BUILDS.map(|build| (name, build)));
    for ((name, build), usual) in all.zip(usual()) {
        let there = copy.path().join(format!("examples/{name}.toml"));
        let other = succeed(changed(copy.path()).args(arguments(build, there.to_str().unwrap()))).stdout;
        assert!(!usual.is_empty());
        faults.extend((*usual != other).then(|| format!("{what}: {name} {build:?}")));
    }
    none(&faults);
}

#[test]
fn again() {
    check("run again", |_| asmgen());
}

#[test]
fn from_another_folder() {
    check("in /", |copy| {
        let mut command = Command::new(copy.join("asmgen"));
        command.current_dir("/").env_remove("SOURCE_DATE_EPOCH");
        command
    });
}

#[test]
fn as_another_user() {
    check("nobody", |copy| {
        let mut command = tool("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(copy.join("asmgen"));
        command.current_dir(copy).env_clear();
        command
    });
}

#[test]
fn in_another_place() {
    check("time zone, locale, home", |_| {
        let mut command = asmgen();
        let changed = [("TZ", "Pacific/Kiritimati"), ("LC_ALL", "tr_TR.UTF-8"), ("LANG", "ar_EG"), ("HOME", "/none")];
        command.envs(changed);
        command
    });
}

#[test]
fn with_another_umask() {
    check("umask", |copy| {
        let mut command = Command::new("sh");
        command.args(["-c", "umask 077; exec \"$0\" \"$@\""]).arg(copy.join("asmgen"));
        command.env_remove("SOURCE_DATE_EPOCH");
        command
    });
}

/// What is written to a file is what would have gone to standard output.
#[test]
fn to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    for build in BUILDS {
        let arguments = arguments(build, "examples/page.toml");
        succeed(asmgen().args(&arguments).arg("-o").arg(&file));
        assert!(fs::read(&file).unwrap() == succeed(asmgen().args(&arguments)).stdout, "{build:?}");
    }
}

/// The archive with this value of `SOURCE_DATE_EPOCH`.
fn image_at(epoch: Option<&str>) -> Vec<u8> {
    let mut command = asmgen();
    command.arg("image").envs(epoch.map(|epoch| ("SOURCE_DATE_EPOCH", epoch)));
    succeed(&mut command).stdout
}

fn holds(archive: &[u8], text: &str) -> bool {
    archive.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn source_date_epoch() {
    let billion = image_at(Some("1000000000"));
    assert!(holds(&billion, "2001-09-09T01:46:40Z"), "the time is not in the archive");
    assert!(!holds(&billion, "1970-01-01T00:00:00Z"), "another time is in the archive");
    assert!(billion == image_at(Some("1000000000")), "not the same again");
    assert!(holds(&image_at(None), "1970-01-01T00:00:00Z"), "without it, the time is not the epoch");
    assert!(image_at(None) == image_at(Some("0")), "0 and none differ");
}
