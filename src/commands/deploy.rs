//! `asmgen k8s`, `compose` and `dockerfile`: what runs the image.

use std::process::ExitCode;

use asmgen::deploy::{self, DeployRequest};

use crate::cli::DeployArgs;
use crate::output::{self, Failure};

pub(super) fn k8s(args: &DeployArgs) -> Result<ExitCode, Failure> {
    print("k8s", args, deploy::k8s_stream)
}

pub(super) fn compose(args: &DeployArgs) -> Result<ExitCode, Failure> {
    print("compose", args, deploy::compose)
}

pub(super) fn dockerfile(args: &DeployArgs) -> Result<ExitCode, Failure> {
    print("dockerfile", args, |request| deploy::dockerfile(request, asmgen::TARGETS[0]))
}

fn print(command: &str, args: &DeployArgs, make: impl Fn(&DeployRequest) -> String) -> Result<ExitCode, Failure> {
    let description = super::describe(&args.source)?;
    let request =
        DeployRequest::new(&description, args.tag.as_deref(), &made_by(command, args)).map_err(Failure::input)?;
    output::text(&make(&request))?;
    Ok(ExitCode::SUCCESS)
}

/// The command as it was given.
fn made_by(command: &str, args: &DeployArgs) -> String {
    let source = &args.source;
    let mut words = vec!["asmgen".to_owned(), command.to_owned()];
    words.extend(source.spec.iter().map(|spec| spec.display().to_string()));
    words.extend(source.port.iter().map(|port| format!("--port {port}")));
    words.extend(source.listen.iter().map(|listen| format!("--listen {listen}")));
    words.extend(args.tag.iter().map(|tag| format!("--tag {tag}")));
    words.join(" ")
}
