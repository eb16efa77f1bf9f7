//! The command line's types; what they do is in `commands`.

use std::path::PathBuf;

use asmgen::elf::Tier;
use asmgen::listing::map::Format;
use asmgen::spec::Engine;
use asmgen::{Effort, Target};
use clap::{Args, ColorChoice, Parser, Subcommand};
use clap_complete::Shell;

use crate::values;

pub(crate) const EXAMPLES: &str = "\
Examples:
  asmgen --target x86_64 > server && chmod +x server && ./server
                                          the default page as an executable
  asmgen examples/routes.toml --target aarch64 -o routes
                                          a spec, for another machine
  asmgen notes.txt --port 9000 -o notes   serve one file
  asmgen run examples/greeting.toml       build for this machine and run
  asmgen list examples/hello.toml         every byte and its reason
  asmgen map examples/hello.toml --format html -o out/hello.html
                                          the same as a poster
  asmgen image -o out/image.tar && docker load -i out/image.tar
  asmgen k8s examples/page.toml | kubectl apply -f -

SPEC is a description in TOML (docs/spec.md), `-` for one on standard input, or
any other file, which is then served as it is. Without SPEC the default page (examples/page.toml) is built.

Exit code: 0 done, 1 failed, 2 wrong usage or wrong input.";

/// Compiles the description of a tiny server into a finished Linux executable and the OCI image around it.
#[derive(Debug, Parser)]
#[command(name = "asmgen", version, about, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
#[command(subcommand_precedence_over_arg = true, max_term_width = 120)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
}

/// What else there is.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write an OCI image, for one or several platforms, that every container tool loads
    Image(ImageArgs),
    /// List every byte: offset, bytes, instruction, reason, header fields
    List(ExecutableArgs),
    /// Draw every byte with its owner's colour: text, SVG, or a page with a search
    Map(MapArgs),
    /// Build for this machine and run it in the foreground
    Run(RunArgs),
    /// Say which loaders accept an ELF file, and why the others do not
    Verify(VerifyArgs),
    /// Exact sizes of the examples, for every engine, target and layout
    Sizes(SizesArgs),
    /// The examples' smallest sizes beside the smallest published ones
    Golf(GolfArgs),
    /// Kubernetes manifests on standard output, or with a kustomization in a folder
    K8s(K8sArgs),
    /// A Compose file on standard output
    Compose(ComposeArgs),
    /// A Dockerfile that packs ready-made executables, on standard output
    Dockerfile(DeployArgs),
    /// Shell completions on standard output
    Completions {
        /// The shell
        shell: Shell,
    },
    /// The manual page on standard output
    Man,
}

/// What is described, and what the command line changes about it.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    /// Description in TOML, or a file to serve; the default page where there is none
    pub(crate) spec: Option<PathBuf>,
    /// TCP port, 1–65535, instead of the description's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// Address and port to listen on, instead of the description's: 127.0.0.1:8080, [::]:8080, [::1]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// How a server handles its connections, instead of the description's way
    #[arg(long, value_name = "ENGINE", value_parser = values::engine())]
    pub(crate) engine: Option<Engine>,
}

/// An executable: what is described, for which machine, in which layout.
#[derive(Debug, Args)]
pub(crate) struct ExecutableArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Machine to build for [default: this one]
    #[arg(long, value_name = "MACHINE", value_parser = values::target())]
    pub(crate) target: Option<&'static Target>,
    #[command(flatten)]
    pub(crate) layout: LayoutArgs,
}

/// How the executable is laid out, and how long to look for a smaller one.
#[derive(Debug, Args)]
pub(crate) struct LayoutArgs {
    /// Who must accept the executable
    #[arg(long, value_name = "LAYOUT", default_value_t, value_parser = values::tier(), conflicts_with = "golf")]
    pub(crate) elf: Tier,
    /// How long to search for a smaller executable
    #[arg(long, value_name = "EFFORT", default_value_t, value_parser = values::effort(), conflicts_with = "golf")]
    pub(crate) effort: Effort,
    /// The smallest: --elf linux --effort max --engine blocking
    #[arg(long, conflicts_with = "engine")]
    pub(crate) golf: bool,
}

/// What is built.
#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    pub(crate) executable: ExecutableArgs,
    /// File to write, with mode 0755; standard output where none is given
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// A map.
#[derive(Debug, Args)]
pub(crate) struct MapArgs {
    #[command(flatten)]
    pub(crate) executable: ExecutableArgs,
    /// Form of the map
    #[arg(long, value_name = "FORM", default_value_t, value_parser = values::format())]
    pub(crate) format: Format,
    /// Colours in a text: `auto` has them on a terminal, unless NO_COLOR is set, and wherever CLICOLOR_FORCE is
    #[arg(long, value_name = "WHEN", default_value_t)]
    pub(crate) color: ColorChoice,
    /// File to write; standard output where none is given
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// An image.
#[derive(Debug, Args)]
pub(crate) struct ImageArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Platforms, the one that a plain `docker load` takes first
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "linux/amd64,linux/arm64", value_parser = values::platform())]
    pub(crate) platform: Vec<&'static Target>,
    /// Who must accept the executables
    #[arg(long, value_name = "LAYOUT", default_value_t, value_parser = values::tier())]
    pub(crate) elf: Tier,
    /// Name of the image; several are possible [default: the description's name with the tag latest]
    #[arg(long, value_name = "NAME:TAG")]
    pub(crate) tag: Vec<String>,
    /// Fewest bytes that container tools still load, run, build on and push: no date, labels, ports, health check, no
    /// end of the archive. Apptainer and ORAS want more: Apptainer entries for folders, ORAS for one platform a layout
    /// file that is no link
    #[arg(long)]
    pub(crate) golf: bool,
    /// File to write; standard output where none is given
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// A run.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    #[command(flatten)]
    pub(crate) layout: LayoutArgs,
}

/// A verification.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Files to judge; `-` is standard input
    #[arg(required = true)]
    pub(crate) file: Vec<PathBuf>,
    /// Exit with 1 unless every loader of this layout accepts the files
    #[arg(long, value_name = "LAYOUT", value_parser = values::tier())]
    pub(crate) elf: Option<Tier>,
    /// Write JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Sizes.
#[derive(Debug, Args)]
pub(crate) struct SizesArgs {
    /// How long to look for smaller executables
    #[arg(long, value_name = "EFFORT", default_value_t, value_parser = values::effort())]
    pub(crate) effort: Effort,
    /// Write JSON
    #[arg(long, conflicts_with_all = ["tsv", "markdown"])]
    pub(crate) json: bool,
    /// Write tab-separated values
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) tsv: bool,
    /// Write the table of docs/figures.md
    #[arg(long)]
    pub(crate) markdown: bool,
}

/// Golf.
#[derive(Debug, Args)]
pub(crate) struct GolfArgs {
    /// How long to look for smaller executables
    #[arg(long, value_name = "EFFORT", default_value_t, value_parser = values::effort())]
    pub(crate) effort: Effort,
    /// What each rule of the search saves: bytes more without it
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) rules: bool,
    /// Write JSON
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,
    /// Write the table of docs/golf.md
    #[arg(long)]
    pub(crate) markdown: bool,
}

/// A deployment.
#[derive(Debug, Args)]
pub(crate) struct DeployArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Name of the image; NAME@sha256:… names one by its digest [default: the description's name with the tag latest]
    #[arg(long, value_name = "NAME:TAG")]
    pub(crate) tag: Option<String>,
}

/// An image that is there already.
#[derive(Debug, Args)]
pub(crate) struct ArchiveArgs {
    /// Name the image in this archive, which `asmgen image` wrote, by its digest: NAME@sha256:…; its name is that of
    /// --tag, or the one in the archive
    #[arg(long, value_name = "FILE")]
    pub(crate) image: Option<PathBuf>,
}

/// A Compose file.
#[derive(Debug, Args)]
pub(crate) struct ComposeArgs {
    #[command(flatten)]
    pub(crate) deploy: DeployArgs,
    #[command(flatten)]
    pub(crate) archive: ArchiveArgs,
}

/// Manifests.
#[derive(Debug, Args)]
pub(crate) struct K8sArgs {
    #[command(flatten)]
    pub(crate) deploy: DeployArgs,
    #[command(flatten)]
    pub(crate) archive: ArchiveArgs,
    /// Folder to write a file per object and a kustomization to; it is made if it is not there
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) output: Option<PathBuf>,
}
