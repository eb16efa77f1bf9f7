//! To a registry and back: what `asmgen image` prints is what the registry shows.

use super::images::{Image, image};
use super::tool::{Service, run, run_bytes, tool};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

/// A registry on a port that the kernel chose.
struct Registry {
    address: String,
    _service: Service,
}

/// Starts Debian's registry on a storage in `folder`; its log says which port it got.
fn start(folder: &Path) -> Registry {
    let storage = folder.join("registry");
    let config = folder.join("registry.yml");
    let text = format!(
        "version: 0.1\nlog: {{level: info, formatter: text}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
         http: {{addr: '127.0.0.1:0'}}\n",
        storage.display()
    );
    std::fs::write(&config, text).expect("a configuration");
    let mut command = tool("docker-registry");
    command.arg("serve").arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("docker-registry starts");
    let mut log = BufReader::new(child.stderr.take().expect("a pipe"));
    let service = Service(child);
    let mut seen = String::new();
    let address = loop {
        let from = seen.len();
        assert!(log.read_line(&mut seen).expect("a log") > 0, "docker-registry ended:\n{seen}");
        if let Some((_, rest)) = seen[from..].split_once("listening on ") {
            break rest
                .split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ':')))
                .next()
                .expect("an address")
                .to_owned();
        }
    };
    // No process may block on a full pipe.
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    Registry { address, _service: service }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold("sha256:".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("strings grow");
        text
    })
}

/// Pushes the image, looks at what the registry has, and pulls it again.
pub(super) fn round_trip(image: &Image) {
    let registry = start(image.folder.path());
    let remote = format!("docker://{}/acme/{}:{}", registry.address, image.program, image.tag);
    let skopeo = || {
        let mut command = tool("skopeo");
        command.arg("--insecure-policy");
        command
    };
    let archive = format!("oci-archive:{}", image.tar.display());
    run(skopeo().args(["copy", "--all", "--dest-tls-verify=false", &archive, &remote]));
    let root = run_bytes(skopeo().args(["inspect", "--raw", "--tls-verify=false", &remote]));
    assert_eq!(sha256(&root), image.root_digest());

    let back = image.folder.path().join("back");
    let layout = format!("oci:{}:{}", back.display(), image.tag);
    run(skopeo().args(["copy", "--all", "--src-tls-verify=false", &remote, &layout]));
    let index = std::fs::read(back.join("index.json")).expect("an index");
    let index: serde_json::Value = serde_json::from_slice(&index).expect("JSON");
    assert_eq!(index["manifests"][0]["digest"], image.root_digest());
}

#[test]
fn a_registry_keeps_the_digest_of_an_index() {
    round_trip(&image("page", "linux/amd64,linux/arm64"));
}

#[test]
fn a_registry_keeps_the_digest_of_a_manifest() {
    round_trip(&image("pause", "linux/amd64"));
}
