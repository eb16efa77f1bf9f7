//! wget and curl: they have a file, and ask whether it is still the same by its date.

use super::{LAST_MODIFIED, MODIFIED, Site, modified, write_modified};
use crate::harness::server::Spec;
use crate::harness::tool::{asmgen, succeed, tool};

#[test]
fn wget_fetches_once() {
    let site = Site::new(&[("page", b"hello\n")]);
    let wget = || {
        let from = ["-N", "-nv", "--no-config", "--no-proxy", &site.url("page")];
        succeed(tool("wget").args(from).current_dir(site.client.path()));
    };
    wget();
    let is = std::fs::metadata(site.path("page")).unwrap().modified().unwrap();
    assert_eq!(is, modified(), "wget gives the file the date of Last-Modified");
    wget();
    assert_eq!(std::fs::read(site.path("page")).unwrap(), b"hello\n");
    assert_eq!(site.log(), ["/page 200 6", "/page 304 0"]);
}

/// What the option `-z` says, and the status of the reply.
const ASKED: [(&str, &str); 7] = [
    ("Sat, 31 Jan 2026 12:00:00 GMT", "304"),
    ("Sat, 31 Jan 2026 11:59:59 GMT", "200"),
    ("1 Feb 2026", "304"),
    ("page", "304"),
    ("older", "200"),
    // With a dash: If-Unmodified-Since. At the very second curl says 304 by itself.
    ("-Sat, 31 Jan 2026 11:59:59 GMT", "412"),
    ("-1 Feb 2026", "200"),
];

#[test]
fn curl_fetches_what_is_newer() {
    let site = Site::new(&[("page", b"hello\n")]);
    write_modified(&site.path("page"), b"hello\n");
    std::fs::write(site.path("older"), b"").unwrap();
    let older = std::fs::File::options().write(true).open(site.path("older")).unwrap();
    older.set_modified(modified() - std::time::Duration::from_secs(1)).unwrap();
    for (date, status) in ASKED {
        let curl = ["-q", "-sS", "--noproxy", "*", "-o", "out", "-w", "%{http_code}", "-z", date, &site.url("page")];
        let output = succeed(tool("curl").args(curl).current_dir(site.client.path()));
        assert_eq!(String::from_utf8_lossy(&output.stdout), status, "-z {date:?}");
    }
}

fn spec(modified: &str) -> Spec {
    Spec::new(&format!("{modified}[[route]]\npath = \"/\"\nbody = \"hello\"\n"))
}

/// What is built from that `modified`, where the environment's date is this one.
fn built(modified: &str, epoch: Option<&str>) -> Result<Vec<u8>, String> {
    let spec = spec(modified);
    let file = spec.path().with_file_name("out");
    let mut command = asmgen();
    command.arg(spec.path()).args(["--target", "x86_64", "-o"]).arg(&file);
    command.envs(epoch.map(|epoch| ("SOURCE_DATE_EPOCH", epoch)));
    let output = command.output().unwrap();
    let wrong = || format!("{:?} {}", output.status.code(), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(std::fs::read(file).unwrap()) } else { Err(wrong()) }
}

/// The environment counts where the spec asks for it, and nowhere else.
#[test]
fn the_date_may_be_that_of_the_source() {
    let [date, text] = [MODIFIED.to_owned(), format!("\"{MODIFIED}\"")]
        .map(|value| built(&format!("[server]\nmodified = {value}\n"), None).unwrap());
    assert!(date == text, "a string is another date");
    let line = format!("Last-Modified: {LAST_MODIFIED}\r\n");
    assert!(date.windows(line.len()).any(|window| window == line.as_bytes()), "the line is missing");
    let asked = "[server]\nmodified = \"SOURCE_DATE_EPOCH\"\n";
    assert!(built(asked, Some("1769860800")) == Ok(date), "the source has another date");
    let undated = built("", None);
    assert!(undated.is_ok() && built("", Some("1769860800")) == undated, "nobody has asked for it");
    assert!(built(asked, None) == undated, "there is not a date");
    let wrong = built(asked, Some("now")).unwrap_err();
    let expected = "2:12: server.modified: SOURCE_DATE_EPOCH is `now`; it must be a whole number of seconds since \
                    1970-01-01T00:00:00Z, from 0 to 253402300799 (the year 9999); set it, unset it, or write a date";
    assert!(wrong.starts_with("Some(2) ") && wrong.contains(expected), "{wrong}");
}
