//! The command line's types; what they do is in `commands`.

use std::path::PathBuf;

use asmgen::elf::Tier;
use asmgen::listing::map::Format;
use asmgen::site::Html;
use asmgen::spec::Engine;
use asmgen::{Effort, Pass, Target};
use clap::{Args, ColorChoice, Parser, Subcommand};
use clap_complete::Shell;

use crate::values;

pub(crate) const EXAMPLES: &str = "\
Examples:
  asmgen --target x86_64 > server && chmod +x server && ./server
                                          the demo page as an executable
  asmgen examples/routes.toml --target aarch64 -o routes
                                          a spec, for another machine
  asmgen notes.txt --port 9000 -o notes   serve one file
  asmgen examples -o site                 serve a folder
  asmgen run examples/greeting.toml       build for this machine and run
  asmgen check examples/routes.toml       what it would serve, as a table
  asmgen list examples/hello.toml         every byte and its reason
  asmgen dump examples/hello.toml --after select
                                          the program after a pass
  asmgen map examples/hello.toml --format html -o out/hello.html
                                          every byte as a cell of a map
  asmgen image -o out/image.tar && docker load -i out/image.tar
  asmgen k8s examples/page.toml | kubectl apply -f -

SPEC is a description in TOML (docs/spec.md), or `-` for one on standard input.
Any other file is served unchanged, and a folder is served as a site
(docs/site.md). Omit it to build the demo page
(examples/page.toml).

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
    /// Write an OCI image for one or several platforms
    Image(ImageArgs),
    /// List every byte with its offset, instruction, reason and header fields
    List(ExecutableArgs),
    /// Print the program as text after a pass of the compiler
    Dump(DumpArgs),
    /// Show what a spec or a folder would serve, and what is left out and why
    Check(CheckArgs),
    /// Write a spec with comments, to begin with
    Init(InitArgs),
    /// Draw every byte as a cell in its owner's colour, as text, SVG or a searchable page
    Map(MapArgs),
    /// Build for this machine and run in the foreground
    Run(RunArgs),
    /// Report which loaders accept an ELF file, and which rule and byte the others refuse
    Verify(VerifyArgs),
    /// Print the exact sizes of the examples for every engine, target and layout
    Sizes(SizesArgs),
    /// Print the examples' smallest sizes beside the smallest published ones
    Golf(GolfArgs),
    /// Write Kubernetes manifests to standard output, or to a folder with a kustomization
    K8s(K8sArgs),
    /// Write a Compose file to standard output
    Compose(ComposeArgs),
    /// Write a Dockerfile that packs executables built before, to standard output
    Dockerfile(DeployArgs),
    /// Write shell completions to standard output
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the manual page to standard output
    Man,
}

/// What is described, and what the command line changes about it.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    /// Description in TOML, or a file to serve [default: the demo page]
    pub(crate) spec: Option<PathBuf>,
    /// TCP port, 1–65535; overrides the description
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// Address and port to listen on, such as 127.0.0.1:8080, [::]:8080 or [::1]; overrides the description
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// How the server handles connections; overrides the description
    #[arg(long, value_name = "ENGINE", value_parser = values::engine())]
    pub(crate) engine: Option<Engine>,
}

/// An executable: what is described, for which machine, in which layout.
#[derive(Debug, Args)]
pub(crate) struct ExecutableArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Machine to build for [default: this machine]
    #[arg(long, value_name = "MACHINE", value_parser = values::target())]
    pub(crate) target: Option<&'static Target>,
    #[command(flatten)]
    pub(crate) layout: LayoutArgs,
}

/// How the executable is laid out, and how long to look for a smaller one.
#[derive(Debug, Args)]
pub(crate) struct LayoutArgs {
    /// Loaders that must accept the executable
    #[arg(long, value_name = "LAYOUT", default_value_t, value_parser = values::tier(), conflicts_with = "golf")]
    pub(crate) elf: Tier,
    /// How long to search for a smaller executable
    #[arg(long, value_name = "EFFORT", default_value_t, value_parser = values::effort(), conflicts_with = "golf")]
    pub(crate) effort: Effort,
    /// Build the smallest executable: --elf linux --effort max --engine blocking
    #[arg(long, conflicts_with = "engine")]
    pub(crate) golf: bool,
}

/// What is built.
#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    pub(crate) executable: ExecutableArgs,
    /// File to write, with mode 0755 [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// A check.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Description in TOML, a file to serve, or a folder with a site
    pub(crate) spec: PathBuf,
    #[command(flatten)]
    pub(crate) site: SiteArgs,
    /// Write JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is chosen about a folder (docs/site.md).
#[derive(Debug, Args)]
#[command(next_help_heading = "Options for a folder")]
pub(crate) struct SiteArgs {
    /// Which paths a page has
    #[arg(long, value_name = "PATHS", value_parser = values::html())]
    pub(crate) html: Option<Html>,
    /// Reply with index.html to paths that lead nowhere, but those of assets
    #[arg(long)]
    pub(crate) spa: bool,
    /// Path that the folder is at, such as /docs
    #[arg(long, value_name = "PATH")]
    pub(crate) base: Option<String>,
    /// Files that never change under their name, such as 'fonts/**'; may be repeated
    #[arg(long, value_name = "GLOB")]
    pub(crate) immutable: Vec<String>,
}

/// A first spec.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// File to write; one that exists is left as it is
    #[arg(default_value = "asmgen.toml")]
    pub(crate) file: PathBuf,
}

/// A dump.
#[derive(Debug, Args)]
pub(crate) struct DumpArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Machine to compile for [default: this machine]
    #[arg(long, value_name = "MACHINE", value_parser = values::target())]
    pub(crate) target: Option<&'static Target>,
    /// Loaders that must accept the executable
    #[arg(long, value_name = "LAYOUT", default_value_t, value_parser = values::tier())]
    pub(crate) elf: Tier,
    /// The last pass that runs
    #[arg(long, value_name = "PASS", default_value = Pass::Lower.name(), value_parser = values::pass())]
    pub(crate) after: Pass,
}

/// A map.
#[derive(Debug, Args)]
pub(crate) struct MapArgs {
    #[command(flatten)]
    pub(crate) executable: ExecutableArgs,
    /// Format of the map
    #[arg(long, value_name = "FORM", default_value_t, value_parser = values::format())]
    pub(crate) format: Format,
    /// When to colour a text: `auto` is on a terminal unless NO_COLOR is set, and always if CLICOLOR_FORCE is
    #[arg(long, value_name = "WHEN", default_value_t)]
    pub(crate) color: ColorChoice,
    /// File to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// An image.
#[derive(Debug, Args)]
pub(crate) struct ImageArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Platforms; a Docker without the containerd image store loads the first
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "linux/amd64,linux/arm64")]
    #[arg(value_parser = values::platform())]
    pub(crate) platform: Vec<&'static Target>,
    /// Loaders that must accept the executables
    #[arg(long, value_name = "LAYOUT", default_value_t, value_parser = values::tier())]
    pub(crate) elf: Tier,
    /// Name of the image; may be repeated [default: the description's name with the tag latest]
    #[arg(long, value_name = "NAME:TAG")]
    pub(crate) tag: Vec<String>,
    /// Write the fewest bytes that container tools still load, run, build on and push. Left out are the date, labels,
    /// ports, the health check and the end of the archive. Apptainer and ORAS need more: entries for folders, and for
    /// one platform an `oci-layout` that is not a link
    #[arg(long)]
    pub(crate) golf: bool,
    /// File to write [default: standard output]
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
    /// Files to check; `-` is standard input
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
    /// How long to search for smaller executables
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
    /// How long to search for smaller executables
    #[arg(long, value_name = "EFFORT", default_value_t, value_parser = values::effort())]
    pub(crate) effort: Effort,
    /// Print what each rule of the search saves: the extra bytes without it
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
    /// Name of the image, by tag or by digest (NAME@sha256:…) [default: the description's name with the tag latest]
    #[arg(long, value_name = "NAME:TAG")]
    pub(crate) tag: Option<String>,
}

/// An image that is there already.
#[derive(Debug, Args)]
pub(crate) struct ArchiveArgs {
    /// Archive written by `asmgen image`: name the image by the archive's digest (NAME@sha256:…). The name comes from
    /// --tag, or else from the archive
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
    /// Folder to write one file per object and a kustomization to; created if missing
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) output: Option<PathBuf>,
}
