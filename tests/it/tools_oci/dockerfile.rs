//! `Dockerfile.scratch`: Docker's own image of the same program equals ours.

use super::docker::{Container, Loaded, inspect, load};
use super::images::{asmgen, image, program, spec};
use super::tool::{run, run_bytes, tool, unique};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Builds with the classic builder, which knows no `TARGETARCH` but what it is told.
fn build(folder: &Path, arguments: &[&str]) -> Loaded {
    let built = Loaded(format!("{}:v1", unique("dockerfile")));
    let dockerfile = folder.join("Dockerfile.scratch");
    std::fs::write(&dockerfile, run_bytes(asmgen().args(["dockerfile", &spec("page")]))).expect("a file");
    run(tool("docker")
        .env("DOCKER_BUILDKIT", "0")
        .args(["build", "-t", &built.0, "-f"])
        .arg(dockerfile)
        .args(arguments)
        .arg(folder));
    built
}

/// The executable in an image, and its permission bits.
fn program_of(image: &str, name: &str, scratch: &Path) -> (Vec<u8>, u32) {
    let container = Container(unique("copy"));
    run(tool("docker").args(["create", "--name", &container.0, image]));
    let tar = run_bytes(tool("docker").args(["cp", &format!("{}:/{name}", container.0), "-"]));
    std::fs::create_dir_all(scratch).expect("a folder");
    std::fs::write(scratch.join("copy.tar"), tar).expect("a file");
    run(tool("tar").arg("-xpf").arg(scratch.join("copy.tar")).arg("-C").arg(scratch));
    let file = scratch.join(name);
    let mode = file.metadata().expect("the executable").permissions().mode() & 0o777;
    (std::fs::read(file).expect("the executable"), mode)
}

#[test]
fn the_dockerfile_builds_the_image_that_we_write() {
    let image = image("page", "linux/amd64,linux/arm64");
    let ours = load(&image);
    let context = image.folder.path().join("context");
    std::fs::create_dir(&context).expect("a folder");
    let amd64 = program("page", "x86_64", &context.join("page.amd64"));
    let arm64 = program("page", "aarch64", &context.join("page.arm64"));
    for file in ["page.amd64", "page.arm64"] {
        // Docker copies the mode, and ours is this one.
        std::fs::set_permissions(context.join(file), PermissionsExt::from_mode(0o555)).expect("a mode");
    }

    let theirs = build(&context, &["--build-arg", "TARGETARCH=amd64"]);
    for field in ["User", "Entrypoint", "ExposedPorts", "Cmd"] {
        let template = format!("{{{{json .Config.{field}}}}}");
        assert_eq!(inspect(&theirs.0, &template), inspect(&ours.0, &template), "{field}");
    }
    let at = |name: &str| image.folder.path().join(name);
    let from_theirs = program_of(&theirs.0, "page", &at("theirs"));
    assert_eq!(from_theirs, program_of(&ours.0, "page", &at("ours")));
    assert_eq!(from_theirs, (amd64, 0o555));

    let by_default = build(&context, &[]);
    assert_eq!(program_of(&by_default.0, "page", &at("default")), from_theirs);
    let other = build(&context, &["--build-arg", "TARGETARCH=arm64"]);
    assert_eq!(program_of(&other.0, "page", &at("other")), (arm64, 0o555));
}
