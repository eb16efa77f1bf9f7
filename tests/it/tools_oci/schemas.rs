//! The JSON of an image against the schemas of the image-spec, which Debian packages (1.1.0-rc2). What 1.1.1 added to
//! them — `artifactType`, `subject`, `data` — our documents do not use.

use super::images::{Image, golfed, image};
use super::tool::run;
use super::venv::venv;
use std::path::Path;

const SCHEMAS: &str = "/usr/share/gocode/src/github.com/opencontainers/image-spec/schema";

#[test]
fn every_document_of_an_image_is_valid() {
    let package = "golang-github-opencontainers-image-spec-dev";
    assert!(Path::new(SCHEMAS).is_dir(), "{SCHEMAS} is not there; install it: apt-get install {package}");
    let judge = |image: &Image, documents: usize| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oci/schemas.py");
        let said = run(venv("python").args([script, SCHEMAS]).arg(&image.tar));
        assert_eq!(said, format!("{documents} documents are valid"));
    };
    // Layout and top index, then the index, and two documents for each platform.
    for (example, platforms, documents) in
        [("page", "linux/amd64,linux/arm64,linux/386", 2 + 1 + 6), ("pause", "linux/arm64", 2 + 2)]
    {
        judge(&image(example, platforms), documents);
        judge(&golfed(example, platforms), documents);
    }
}
