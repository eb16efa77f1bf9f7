//! `asmgen check` and `asmgen init`, as their users see them.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::fixture;
use crate::harness::tool::{asmgen, root, succeed};
use crate::harness::{none, snapshot};

/// Exit code for input that cannot be used.
const WRONG_INPUT: Option<i32> = Some(2);

/// A folder with the fixture in `public`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("public")).unwrap();
    fixture::write(&folder.path().join("public"));
    folder
}

fn check(folder: &Path, args: &[&str]) -> Output {
    asmgen().arg("check").args(args).current_dir(folder).output().unwrap()
}

fn text(output: Output) -> String {
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(output: Output) -> Value {
    serde_json::from_str(&text(output)).unwrap()
}

#[test]
fn the_folder_as_a_table() {
    let folder = folder();
    let shown = text(check(folder.path(), &["public"]));
    none(&snapshot::differs("tests/site/check.txt", &shown).into_iter().collect::<Vec<_>>());
    let spec = text(check(root(), &["examples/routes.toml"]));
    none(&snapshot::differs("tests/site/routes.txt", &spec).into_iter().collect::<Vec<_>>());
    assert_eq!(text(check(root(), &["examples/pause.toml"])), "pause: the program `pause` serves no paths\n");
}

#[test]
fn the_folder_as_json() {
    let folder = folder();
    let value = json(check(folder.path(), &["public", "--json", "--base", "/d"]));
    let of = |list: &str, key: &str, text: &str| {
        let items = value[list].as_array().unwrap();
        items.iter().find(|item| item[key] == text).unwrap_or_else(|| panic!("{text} is not in {list}")).clone()
    };
    let redirect = of("paths", "path", "/d/about/");
    assert_eq!((redirect["status"].as_u64(), redirect["location"].as_str()), (Some(308), Some("/d/about")));
    let page = of("paths", "path", "/d/docs/a.html");
    assert_eq!((page["file"].as_str(), page["fields"]["X-Multi"].as_str()), (Some("docs/a.html"), Some("a, b, c")));
    let empty = of("files", "path", "empty.txt");
    let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!((empty["bytes"].as_u64(), empty["sha256"].as_str()), (Some(0), Some(of_nothing)));
    let rule = of("redirects", "from", "/app.js");
    assert_eq!((rule["line"].as_u64(), rule["forced"].as_bool()), (Some(15), Some(true)));
    assert_eq!(of("not_found", "folder", "/d/docs/")["file"], "docs/404.html");
    assert_eq!(of("notes", "file", ".env")["left_out"], true);
    let spec = json(check(root(), &["examples/page.toml", "--json"]));
    assert_eq!((spec["program"].as_str(), spec["paths"][0]["status"].as_u64()), (Some("server"), Some(200)));
}

#[test]
fn settings_of_a_folder() {
    let folder = folder();
    let status = |args: &[&str], path: &str| {
        let value = json(check(folder.path(), &[&["public", "--json"], args].concat()));
        let found = value["paths"].as_array().unwrap().iter().find(|item| item["path"] == path).cloned();
        found.map(|item| item["status"].as_u64().unwrap())
    };
    assert_eq!(status(&[], "/about.html"), Some(200));
    assert_eq!(status(&["--html", "redirect"], "/about.html"), Some(308));
    assert_eq!(status(&["--html", "exact"], "/about"), None);
    let shell = text(check(folder.path(), &["public", "--spa"]));
    assert!(shell.contains("\n   200  any other  "), "{shell}");
    let kept = text(check(folder.path(), &["public", "--immutable", "*.svg", "--immutable", "docs/**"]));
    assert!(kept.contains(", 4 of them immutable; "), "{kept}");
}

#[test]
fn faults_have_their_places() {
    let folder = folder();
    fs::write(folder.path().join("public/_redirects"), "/a\n/b /c\n/d //e\n").unwrap();
    for args in [&["public"][..], &["public", "--json"]] {
        let output = check(folder.path(), args);
        assert_eq!(output.status.code(), WRONG_INPUT);
        let message = String::from_utf8(output.stderr).unwrap();
        let starts: Vec<&str> = message.lines().filter(|line| line.starts_with("asmgen: ")).collect();
        assert_eq!(starts.len(), 2, "{message}");
        assert!(starts[0].starts_with("asmgen: public/_redirects:1:1: has one word; "), "{message}");
        assert!(starts[1].starts_with("asmgen: public/_redirects:3:4: begins with two slashes"), "{message}");
        if args.len() == 1 {
            assert!(output.stdout.is_empty());
        } else {
            let value: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(
                (value["errors"][1]["line"].as_u64(), value["errors"][1]["column"].as_u64()),
                (Some(3), Some(4))
            );
        }
    }
}

/// What `init` writes is a spec that can be checked and built, and is not written twice.
#[test]
fn a_first_spec() {
    let folder = tempfile::tempdir().unwrap();
    let init = |args: &[&str]| asmgen().arg("init").args(args).current_dir(folder.path()).output().unwrap();
    assert_eq!(init(&[]).status.code(), Some(0));
    let file = folder.path().join("asmgen.toml");
    let written = fs::read_to_string(&file).unwrap();
    let served = text(check(folder.path(), &["asmgen.toml"]));
    assert!(served.starts_with("site: 3 routes at 0.0.0.0:8080"), "{served}");
    succeed(asmgen().arg(&file).args(["--target", "x86_64", "--effort", "quick", "-o"]).arg(folder.path().join("out")));
    fs::write(&file, "mine").unwrap();
    let again = init(&["asmgen.toml"]);
    assert_eq!(again.status.code(), WRONG_INPUT);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    // Nor through a link that leads nowhere.
    std::os::unix::fs::symlink("nowhere", folder.path().join("link")).unwrap();
    assert_eq!(init(&["link"]).status.code(), WRONG_INPUT);
    assert!(!folder.path().join("nowhere").exists());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "something was left behind");
    // What a comment offers is a key that exists. Metrics and workers exclude each other.
    for left_out in ["# metrics", "# workers"] {
        let kept = written.lines().filter(|line| !line.starts_with(left_out));
        fs::write(&file, kept.map(uncommented).collect::<String>()).unwrap();
        text(check(folder.path(), &["asmgen.toml"]));
    }
}

/// A line with the key in it switched on.
fn uncommented(line: &str) -> String {
    let key = line.strip_prefix("# ").filter(|rest| {
        rest.split_once(" = ")
            .is_some_and(|(name, _)| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
    });
    key.unwrap_or(line).to_owned() + "\n"
}
