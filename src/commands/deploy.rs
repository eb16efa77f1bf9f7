//! `asmgen k8s`, `compose` and `dockerfile`: what runs the image.

use std::process::ExitCode;

use asmgen::deploy::{self, DeployRequest};

use crate::cli::{DeployArgs, K8sArgs};
use crate::output::{self, Failure};

const FILE_MODE: u32 = 0o644;

pub(super) fn k8s(args: &K8sArgs) -> Result<ExitCode, Failure> {
    let Some(folder) = &args.output else {
        return print("k8s", &args.deploy, deploy::k8s_stream);
    };
    let request = request("k8s", &args.deploy)?;
    if folder.exists() && !folder.is_dir() {
        return Err(Failure::Input(format!("{}: is a file; name a folder, or redirect: > FILE", folder.display())));
    }
    std::fs::create_dir_all(folder).map_err(|error| Failure::Failed(format!("{}: {error}", folder.display())))?;
    for (name, text) in deploy::k8s(&request) {
        output::binary(text.as_bytes(), Some(&folder.join(name)), FILE_MODE)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn compose(args: &DeployArgs) -> Result<ExitCode, Failure> {
    print("compose", args, deploy::compose)
}

pub(super) fn dockerfile(args: &DeployArgs) -> Result<ExitCode, Failure> {
    print("dockerfile", args, |request| deploy::dockerfile(request, asmgen::TARGETS[0]))
}

fn print(command: &str, args: &DeployArgs, make: impl Fn(&DeployRequest) -> String) -> Result<ExitCode, Failure> {
    output::text(&make(&request(command, args)?))?;
    Ok(ExitCode::SUCCESS)
}

fn request(command: &str, args: &DeployArgs) -> Result<DeployRequest, Failure> {
    let description = super::describe(&args.source)?;
    DeployRequest::new(&description, args.tag.as_deref(), &made_by(command, args)).map_err(Failure::input)
}

/// A word as a shell reads it: whoever pastes the command runs this command and no other.
fn quoted(word: &str) -> String {
    // No path and no address has a NUL, which alone cannot be quoted.
    shlex::try_quote(word).map(Into::into).unwrap_or_default()
}

/// The command as it was given.
fn made_by(command: &str, args: &DeployArgs) -> String {
    let source = &args.source;
    let mut words = vec!["asmgen".to_owned(), command.to_owned()];
    words.extend(source.spec.iter().map(|spec| quoted(&spec.display().to_string())));
    words.extend(source.port.iter().map(|port| format!("--port {port}")));
    words.extend(source.listen.iter().map(|listen| format!("--listen {}", quoted(listen))));
    words.extend(source.engine.iter().map(|engine| format!("--engine {}", engine.name())));
    words.extend(args.tag.iter().map(|tag| format!("--tag {tag}")));
    words.join(" ")
}
