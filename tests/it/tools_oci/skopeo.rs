//! `skopeo copy` from the archive, read as both kinds it is.

use super::images::{Image, golfed, image};
use super::tool::{run, tool};

/// Copies from the archive into a folder; gives the manifest's configuration digest and the layers' digests.
fn copied(image: &Image, transport: &str) -> (String, Vec<String>) {
    let folder = image.folder.path().join(transport);
    run(tool("skopeo")
        .args(["--insecure-policy", "copy"])
        .arg(format!("{transport}:{}", image.tar.display()))
        .arg(format!("dir:{}", folder.display())));
    let manifest = std::fs::read(folder.join("manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    let digest = |descriptor: &serde_json::Value| descriptor["digest"].as_str().expect("a digest").to_owned();
    (digest(&manifest["config"]), manifest["layers"].as_array().expect("layers").iter().map(digest).collect())
}

#[test]
fn skopeo_copies_from_an_oci_archive_and_from_a_docker_archive() {
    let image = image("page", "linux/amd64,linux/arm64");
    let (config, layers) = copied(&image, "oci-archive");
    assert_eq!(config, image.primary_config_digest());
    let packed = image.json("manifest.json")[0]["Layers"][0].as_str().expect("a path").to_owned();
    assert_eq!(layers, [packed.replace("blobs/sha256/", "sha256:")]);
    // Of a Docker archive Skopeo takes the layers unpacked, so only the configuration keeps its digest.
    let (config, layers) = copied(&image, "docker-archive");
    assert_eq!((config, layers.len()), (image.primary_config_digest(), 1));
}

/// Schema 1 of Docker's manifests is written from the image's history.
#[test]
fn skopeo_converts_it_to_the_oldest_manifest() {
    for image in [image("hello", "linux/amd64"), golfed("hello", "linux/amd64")] {
        let folder = image.folder.path().join("v2s1");
        run(tool("skopeo")
            .args(["--insecure-policy", "copy", "--format", "v2s1"])
            .arg(format!("oci-archive:{}", image.tar.display()))
            .arg(format!("dir:{}", folder.display())));
        let manifest = std::fs::read(folder.join("manifest.json")).expect("a manifest");
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
        assert_eq!(manifest["schemaVersion"], 1);
        assert_eq!(manifest["fsLayers"].as_array().map(Vec::len), manifest["history"].as_array().map(Vec::len));
    }
}

#[test]
fn skopeo_lets_the_platform_be_chosen() {
    let image = image("page", "linux/amd64,linux/arm64");
    let source = format!("oci-archive:{}:{}", image.tar.display(), image.tag);
    let architecture = |wanted: &str| {
        let options = ["--override-os", "linux", "--override-arch", wanted, "inspect", "-f", "{{.Architecture}}"];
        run(tool("skopeo").args(options).arg(&source))
    };
    assert_eq!((architecture("amd64").as_str(), architecture("arm64").as_str()), ("amd64", "arm64"));
}
