//! The command line under test and the tools around it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Programs the tests need and the Debian packages they are in.
#[rustfmt::skip] // One program per line.
const PACKAGES: &[(&str, &str)] = &[
    ("qemu-aarch64-static", "qemu-user-static"),
    ("qemu-x86_64-static",  "qemu-user-static"),
    ("qemu-i386-static",    "qemu-user-static"),
    ("qemu-system-x86_64",  "qemu-system-x86"),
    ("qemu-system-aarch64", "qemu-system-arm"),
    ("x86_64-linux-gnu-gcc",  "gcc libc6-dev"),
    ("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"),
    ("readelf",             "binutils"),
    ("strace",              "strace"),
    ("valgrind",            "valgrind"),
    ("unshare",             "util-linux"),
    ("nsenter",             "util-linux"),
    ("setpriv",             "util-linux"),
    ("prlimit",             "util-linux"),
    ("taskset",             "util-linux"),
    ("env",                 "coreutils"),
    ("script",              "bsdutils"),
    ("timeout",             "coreutils"),
    ("slowhttptest",        "slowhttptest"),
    ("promtool",            "prometheus"),
    ("ip",                  "iproute2"),
    ("bash",                "bash"),
    ("python3",             "python3-venv"),
    ("zsh",                 "zsh"),
    ("fish",                "fish"),
    ("groff",               "groff-base"),
    ("timeout",             "coreutils"),
    ("chromium",            "chromium"),
    ("curl",                "curl"),
    ("wget",                "wget"),
    ("zsyncmake",           "zsync"),
    ("apt-get",             "apt"),
    ("dpkg-deb",            "dpkg"),
];

/// The folder of the package.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The executable under test.
pub(crate) const ASMGEN: &str = env!("CARGO_BIN_EXE_asmgen");

/// The executable under test, in the package's folder.
pub(crate) fn asmgen() -> Command {
    let mut command = Command::new(ASMGEN);
    command.current_dir(root()).env_remove("SOURCE_DATE_EPOCH");
    command
}

/// A program that a test cannot do without.
pub(crate) fn tool(name: &str) -> Command {
    let (_, package) = PACKAGES.iter().find(|(known, _)| *known == name).expect("every tool has its package");
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Some of them are for administrators and not in every PATH.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    Command::new(found.unwrap_or_else(|| panic!("{name} is missing: apt-get install {package}")))
}

/// Runs a command that has to succeed.
pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{stderr}", output.status);
    output
}

/// The spec of an example.
pub(crate) fn example(name: &str) -> PathBuf {
    root().join("examples").join(name).with_extension("toml")
}

/// What to build: a spec, a target, a layout, an engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variant<'a> {
    pub(crate) spec: &'a Path,
    pub(crate) target: &'a str,
    pub(crate) elf: &'a str,
    /// That of the spec where none is given.
    pub(crate) engine: Option<&'a str>,
    /// Does it run under qemu-user although this machine can run it?
    pub(crate) emulated: bool,
}

impl<'a> Variant<'a> {
    /// The spec for this machine in the default layout.
    pub(crate) fn native(spec: &'a Path) -> Self {
        Self { spec, target: "x86_64", elf: "strict", engine: None, emulated: false }
    }

    /// The same under qemu-user.
    pub(crate) fn emulated(self) -> Self {
        Self { emulated: true, ..self }
    }

    /// The same with this engine.
    pub(crate) fn on(self, engine: &'a str) -> Self {
        Self { engine: Some(engine), ..self }
    }

    /// The spec with the blocking engine for this machine in the default layout.
    pub(crate) fn blocking(spec: &'a Path) -> Self {
        Self::native(spec).on("blocking")
    }

    /// Builds it through the command line.
    pub(crate) fn build(&self, listen: Option<&str>, file: &Path) {
        let mut command = asmgen();
        command.arg(self.spec).args(["--target", self.target, "--elf", self.elf, "-o"]).arg(file);
        command.args(listen.iter().flat_map(|listen| ["--listen", listen]));
        command.args(self.engine.iter().flat_map(|engine| ["--engine", engine]));
        succeed(&mut command);
    }

    /// The command that runs the finished file: by itself, or under an emulator.
    pub(crate) fn run(&self, file: &Path) -> Command {
        if self.target != "aarch64" && !self.emulated {
            return Command::new(file);
        }
        let mut command = tool(&format!("qemu-{}-static", self.target));
        command.arg(file);
        command
    }

    /// The command that runs the finished file under a tool with these arguments.
    pub(crate) fn run_under(&self, wrapper: &[&str], file: &Path) -> Command {
        let run = self.run(file);
        let [name, args @ ..] = wrapper else { return run };
        let mut command = tool(name);
        command.args(args).arg(run.get_program()).args(run.get_args());
        command
    }
}

impl std::fmt::Display for Variant<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.spec.file_stem().unwrap_or_default().to_string_lossy();
        write!(f, "{name} {} {}", self.target, self.elf)?;
        self.engine.map_or(Ok(()), |engine| write!(f, " {engine}"))?;
        if self.emulated { write!(f, " under qemu-user") } else { Ok(()) }
    }
}

/// Every target in every layout that runs here: the emulator takes no file that only the kernel takes. Those run on
/// real kernels (`tests/it/kernels`).
pub(crate) fn variants(spec: &Path) -> impl Iterator<Item = Variant<'_>> {
    let variant = move |target| super::LAYOUTS.map(|elf| Variant { target, elf, ..Variant::native(spec) });
    super::TARGETS.into_iter().flat_map(variant).filter(|variant| (variant.target, variant.elf) != ("aarch64", "linux"))
}

/// The layouts for qemu-user on the targets that this machine runs itself. There, too, an emulator sets other registers
/// than a processor, and another loader reads the file.
pub(crate) fn emulated_variants(spec: &Path) -> impl Iterator<Item = Variant<'_>> {
    let own = |variant: &Variant| variant.target != "aarch64" && variant.elf != "linux";
    variants(spec).filter(own).map(Variant::emulated)
}

/// Every target in every layout with every engine.
pub(crate) fn server_variants(spec: &Path) -> impl Iterator<Item = Variant<'_>> {
    super::ENGINES.into_iter().flat_map(move |engine| variants(spec).map(|variant| variant.on(engine)))
}

/// The sizes of the examples in every way, measured once for all tests.
pub(crate) fn measured() -> &'static [asmgen::sizes::Row] {
    static MEASURED: std::sync::LazyLock<Vec<asmgen::sizes::Row>> = std::sync::LazyLock::new(|| {
        asmgen::sizes::measure(&super::images::image, asmgen::Effort::Default).expect("the examples can be built")
    });
    &MEASURED
}
