//! `asmgen k8s`, `compose` and `dockerfile`: what runs the image.

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use asmgen::deploy::{self, DeployRequest};
use asmgen::oci::{self, OciError};

use crate::cli::{ArchiveArgs, ComposeArgs, DeployArgs, K8sArgs};
use crate::output::{self, Failure};

const FILE_MODE: u32 = 0o644;

pub(super) fn k8s(args: &K8sArgs) -> Result<ExitCode, Failure> {
    let request = request("k8s", &args.deploy, Some(&args.archive))?;
    let Some(folder) = &args.output else { return print(&deploy::k8s_stream(&request)) };
    if folder.exists() && !folder.is_dir() {
        return Err(Failure::Input(format!("{}: is a file; name a folder, or redirect: > FILE", folder.display())));
    }
    std::fs::create_dir_all(folder).map_err(|error| Failure::Failed(format!("{}: {error}", folder.display())))?;
    for (name, text) in deploy::k8s(&request) {
        output::binary(text.as_bytes(), Some(&folder.join(name)), FILE_MODE)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn compose(args: &ComposeArgs) -> Result<ExitCode, Failure> {
    print(&deploy::compose(&request("compose", &args.deploy, Some(&args.archive))?))
}

pub(super) fn dockerfile(args: &DeployArgs) -> Result<ExitCode, Failure> {
    print(&deploy::dockerfile(&request("dockerfile", args, None)?, asmgen::TARGETS[0]))
}

fn print(text: &str) -> Result<ExitCode, Failure> {
    output::text(text)?;
    Ok(ExitCode::SUCCESS)
}

fn request(command: &str, args: &DeployArgs, archive: Option<&ArchiveArgs>) -> Result<DeployRequest, Failure> {
    let description = super::describe_contained(&args.source)?;
    let image = archive.and_then(|archive| archive.image.as_deref());
    let made_by = made_by(command, args, image);
    // The archive has the last word about a name.
    let tag = args.tag.as_deref().filter(|_| image.is_none());
    let mut request = DeployRequest::new(&description, tag, &made_by).map_err(Failure::input)?;
    request.source = source_words(args).join(" ");
    if let Some(file) = image {
        request.image = pinned(file, args.tag.as_deref())?;
    }
    Ok(request)
}

/// The image in an archive, by its digest.
fn pinned(file: &Path, tag: Option<&str>) -> Result<oci::Reference, Failure> {
    let archive = File::open(file).map_err(|error| Failure::input(format!("{}: {error}", file.display())))?;
    oci::reference_of(archive, tag).map_err(|error| match error {
        OciError::BadArchive(_) => Failure::input(format!("{}: {error}", file.display())),
        other => Failure::input(other),
    })
}

/// A word quoted for a shell, so that a pasted command runs this command and no other.
fn quoted(word: &str) -> String {
    // No path and no address has a NUL, which alone cannot be quoted.
    shlex::try_quote(word).map(Into::into).unwrap_or_default()
}

/// The command as it was given.
fn made_by(command: &str, args: &DeployArgs, image: Option<&Path>) -> String {
    let mut words = vec!["asmgen".to_owned(), command.to_owned()];
    words.extend(source_words(args));
    words.extend(args.tag.iter().map(|tag| format!("--tag {tag}")));
    words.extend(image.iter().map(|file| format!("--image {}", quoted(&file.display().to_string()))));
    words.join(" ")
}

/// What of it says which program is meant.
fn source_words(args: &DeployArgs) -> Vec<String> {
    let source = &args.source;
    let mut words = Vec::new();
    words.extend(source.spec.iter().map(|spec| quoted(&spec.display().to_string())));
    words.extend(source.port.iter().map(|port| format!("--port {port}")));
    words.extend(source.listen.iter().map(|listen| format!("--listen {}", quoted(listen))));
    words.extend(source.engine.iter().map(|engine| format!("--engine {}", engine.name())));
    words
}
