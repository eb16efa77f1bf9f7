//! `umoci unpack`, the strictest reader of a layout with one platform.

use super::images::{image, program};
use super::tool::{run, tool, untar};
use std::os::unix::fs::PermissionsExt;

#[test]
fn umoci_unpacks_a_single_platform() {
    let image = image("page", "linux/amd64");
    let [layout, bundle] = ["layout", "bundle"].map(|name| image.folder.path().join(name));
    std::fs::create_dir(&layout).expect("a folder");
    untar(&image.tar, &layout);
    run(tool("umoci")
        .args(["unpack", "--rootless", "--image"])
        .arg(format!("{}:{}", layout.display(), image.tag))
        .arg(&bundle));

    let unpacked = bundle.join("rootfs").join(&image.program);
    let compiled = program("page", "x86_64", &image.folder.path().join("program"));
    assert_eq!(std::fs::read(&unpacked).expect("the executable"), compiled);
    assert_eq!(unpacked.metadata().expect("its mode").permissions().mode() & 0o777, 0o555);
    let config = std::fs::read(bundle.join("config.json")).expect("a runtime configuration");
    let config: serde_json::Value = serde_json::from_slice(&config).expect("JSON");
    assert_eq!(config["process"]["args"], serde_json::json!(["/page"]));
    assert_eq!((&config["process"]["user"]["uid"], &config["process"]["user"]["gid"]), (&65532.into(), &65532.into()));
}
