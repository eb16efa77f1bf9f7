//! `ctr images import`, as kind does it, into a containerd of the test's own.

use super::images::{Image, image};
use super::tool::{Service, run, tool, unique, wait_for};
use std::path::Path;
use std::process::{Command, Stdio};

/// A containerd with its own root, state and socket.
pub(super) struct Containerd {
    socket: String,
    _service: Service,
}

impl Containerd {
    pub(super) fn start(folder: &Path) -> Self {
        let at = |name: &str| folder.join(name).display().to_string();
        let (config, socket) = (at("containerd.toml"), at("containerd.sock"));
        let text = format!(
            "version = 2\nroot = '{}'\nstate = '{}'\ndisabled_plugins = ['io.containerd.grpc.v1.cri']\n\
             [grpc]\naddress = '{socket}'\n",
            at("root"),
            at("state")
        );
        std::fs::write(&config, text).expect("a configuration");
        let log = std::fs::File::create(at("containerd.log")).expect("a log");
        let mut command = tool("containerd");
        command.args(["--config", &config]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let service = Service(command.spawn().expect("containerd starts"));
        let daemon = Self { socket, _service: service };
        wait_for("containerd", || daemon.ctr().arg("version").output().ok()?.status.success().then_some(()));
        daemon
    }

    fn ctr(&self) -> Command {
        let mut command = tool("ctr");
        command.args(["--address", &self.socket, "--namespace", "k8s.io"]);
        command
    }
}

/// What `ctr images list` says of an image.
pub(super) fn row(daemon: &Containerd, image: &Image) -> String {
    let list = run(daemon.ctr().args(["images", "list"]));
    let row = list.lines().find(|row| row.starts_with(&format!("{} ", image.full_reference())));
    row.unwrap_or_else(|| panic!("no {} in:\n{list}", image.full_reference())).to_owned()
}

/// Imports as kind does it.
pub(super) fn import(daemon: &Containerd, image: &Image) {
    let import = ["images", "import", "--all-platforms", "--digests", "--snapshotter", "native"];
    run(daemon.ctr().args(import).arg(&image.tar));
}

/// Runs what has been imported.
pub(super) fn said_by(daemon: &Containerd, image: &Image) -> String {
    let options = ["run", "--rm", "--snapshotter", "native"];
    run(daemon.ctr().args(options).args([&image.full_reference(), &unique("greeting")]))
}

#[test]
fn containerd_imports_all_platforms_under_the_name_and_the_digest() {
    let image = image("page", "linux/amd64,linux/arm64");
    let daemon = Containerd::start(image.folder.path());
    import(&daemon, &image);
    let row = row(&daemon, &image);
    assert!(row.contains(&image.root_digest()) && row.contains("linux/amd64,linux/arm64"), "{row}");
    let content = run(daemon.ctr().args(["content", "list", "--quiet"]));
    let blobs = run(tool("tar").arg("-tf").arg(&image.tar).arg("--wildcards").arg("blobs/sha256/?*"));
    for blob in blobs.lines() {
        assert!(content.contains(&blob.replace("blobs/sha256/", "sha256:")), "{blob} is missing in:\n{content}");
    }
}

#[test]
fn containerd_runs_a_greeting() {
    let image = image("hello", "linux/amd64,linux/arm64");
    let daemon = Containerd::start(image.folder.path());
    run(daemon.ctr().args(["images", "import", "--all-platforms", "--snapshotter", "native"]).arg(&image.tar));
    assert_eq!(said_by(&daemon, &image), "Hello, world!");
}
