//! One file per command.

mod build;
mod check;
mod completions;
mod deploy;
mod dump;
mod golf;
mod image;
mod init;
mod list;
mod man;
mod map;
mod progress;
mod run;
mod sizes;
mod verify;
mod words;

use std::path::Path;
use std::process::ExitCode;

use asmgen::elf::Tier;
use asmgen::spec::{Description, Engine, ProgramKind, Source};
use asmgen::{BuildError, Effort, Image, Options, Target, spec};

use self::progress::Interrupt;
use crate::cli::{Cli, Command, ExecutableArgs, LayoutArgs, SourceArgs};
use crate::output::{self, Failure};

pub(crate) use completions::complete;
pub(crate) use words::of_others;

/// Runs the command that the command line names.
pub(crate) fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        None => build::run(&cli.build),
        Some(Command::Image(args)) => image::run(&args),
        Some(Command::List(args)) => list::run(&args),
        Some(Command::Dump(args)) => dump::run(&args),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Init(args)) => init::run(&args),
        Some(Command::Map(args)) => map::run(&args),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Verify(args)) => verify::run(&args),
        Some(Command::Sizes(args)) => sizes::run(&args),
        Some(Command::Golf(args)) => golf::run(&args),
        Some(Command::K8s(args)) => deploy::k8s(&args),
        Some(Command::Compose(args)) => deploy::compose(&args),
        Some(Command::Dockerfile(args)) => deploy::dockerfile(&args),
        Some(Command::Completions { shell }) => completions::run(shell),
        Some(Command::Man) => man::run(),
    }
}

/// The description that the arguments name, with their changes.
fn describe(source: &SourceArgs) -> Result<Description, Failure> {
    describe_on(source, source.engine)
}

fn describe_on(source: &SourceArgs, engine: Option<Engine>) -> Result<Description, Failure> {
    let mut description = match &source.spec {
        Some(path) => described(path, engine)?,
        None => spec::default_description_on(engine),
    };
    if let Some(listen) = &source.listen {
        description = description.with_listen(listen).map_err(|error| Failure::Input(format!("--listen: {error}")))?;
    }
    if let Some(port) = source.port {
        description = description.with_port(port).map_err(|error| Failure::Input(format!("--port: {error}")))?;
    }
    Ok(description)
}

fn described(path: &Path, engine: Option<Engine>) -> Result<Description, Failure> {
    let source = Source::of(path).map_err(Failure::input)?;
    if source.is_doubtful() {
        let path = path.display();
        output::say(format_args!("asmgen: {path}: looks like a spec, but is served as text; rename it to {path}.toml"));
    }
    source.describe(engine).map_err(Failure::input)
}

/// [`describe`], for what runs in a container: an address of one machine cannot be reached there.
fn describe_contained(source: &SourceArgs) -> Result<Description, Failure> {
    let description = describe(source)?;
    if let Some(listen) = description.program.listen().filter(|listen| !listen.address.is_unspecified()) {
        let (reason, all) = match listen.address {
            address if address.is_loopback() => ("it cannot be reached from outside the container", address.is_ipv6()),
            address => ("a container seldom has that address", address.is_ipv6()),
        };
        let all = if all { "[::]" } else { "0.0.0.0" };
        let port = listen.port;
        output::say(format_args!(
            "asmgen: warning: it listens on {listen}: {reason}; write listen = \"{all}:{port}\", or give --listen {all}"
        ));
    }
    Ok(description)
}

/// The machine asked for, or this one.
fn target_or_host(target: Option<&'static Target>) -> Result<&'static Target, Failure> {
    target.or_else(Target::host).ok_or_else(|| {
        Failure::Input(format!("this machine ({}) is not a target; name one with --target", std::env::consts::ARCH))
    })
}

/// The executable that the arguments name.
fn executable(args: &ExecutableArgs) -> Result<Image, Failure> {
    build(&describe_for(&args.source, &args.layout)?, target_or_host(args.target)?, layout(&args.layout))
}

/// The same, for the engine that the layout asks for.
fn describe_for(source: &SourceArgs, layout: &LayoutArgs) -> Result<Description, Failure> {
    let description = describe(source)?;
    let is_server = description.program.kind() == ProgramKind::Server;
    if layout.golf && is_server { describe_on(source, Some(Engine::Blocking)) } else { Ok(description) }
}

/// The loaders that must accept the executable, and how long to search for a smaller one.
fn layout(args: &LayoutArgs) -> (Tier, Effort) {
    if args.golf { (Tier::Linux, Effort::Max) } else { (args.elf, args.effort) }
}

fn build(description: &Description, target: &'static Target, layout: (Tier, Effort)) -> Result<Image, Failure> {
    build_unless(Interrupt::KeepsBest, description, target, layout)
}

/// The same, where Ctrl-C in a long search means this.
fn build_unless(
    interrupt: Interrupt,
    description: &Description,
    target: &'static Target,
    (tier, effort): (Tier, Effort),
) -> Result<Image, Failure> {
    let options = Options::new(target).tier(tier).effort(effort);
    match effort {
        Effort::Max => progress::build(description, options, interrupt),
        _ => asmgen::build(description, options).map_err(of_build),
    }
}

/// A program that is too large is the spec's fault.
fn of_build(error: BuildError) -> Failure {
    match error {
        BuildError::TooLarge { .. } => Failure::input(error),
        _ => Failure::failed(error),
    }
}
