//! The loaders of executables, and the tiers that name sets of them.

use std::fmt;

use asmgen_arch::Machine;

/// Something that must accept a file before it runs, or that people run over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loader {
    /// The Linux kernel, 5.10 and newer, any page size, also for users without privileges.
    Linux,
    /// gVisor's sentry (`runsc`).
    Gvisor,
    /// qemu's user-mode emulation, started directly.
    QemuUser,
    /// The `binfmt_misc` entries that hand a file to qemu, as Docker does for a foreign processor.
    BinfmtQemu,
    /// The `binfmt_misc` entry that hands a file to Rosetta in a Linux guest on a Mac.
    BinfmtRosetta,
    /// `FreeBSD`'s Linux emulation.
    #[serde(rename = "freebsd")]
    FreeBsd,
    /// Windows Subsystem for Linux, version 1.
    Wsl1,
    /// Tools that read the file: `readelf`, BFD, goblin's full parser.
    Tools,
    /// Policies against memory that is both writable and executable (`SELinux` execmem and execstack, `PaX` MPROTECT).
    WxPolicy,
}

/// Every loader, in the order in which verdicts are listed.
pub static LOADERS: [Loader; 9] = [
    Loader::Linux,
    Loader::Gvisor,
    Loader::QemuUser,
    Loader::BinfmtQemu,
    Loader::BinfmtRosetta,
    Loader::FreeBsd,
    Loader::Wsl1,
    Loader::Tools,
    Loader::WxPolicy,
];

impl Loader {
    /// Name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linux => "Linux",
            Self::Gvisor => "gVisor",
            Self::QemuUser => "qemu-user",
            Self::BinfmtQemu => "binfmt_misc (qemu)",
            Self::BinfmtRosetta => "binfmt_misc (Rosetta)",
            Self::FreeBsd => "FreeBSD",
            Self::Wsl1 => "WSL1",
            Self::Tools => "tools",
            Self::WxPolicy => "W^X policy",
        }
    }

    /// Can it run programs of this machine at all, whatever their headers? gVisor and WSL1 have no 32-bit mode, Rosetta
    /// translates only x86-64 (elf.md, section 3). Not running a machine is no refusal of a file.
    pub const fn runs(self, machine: Machine) -> bool {
        match self {
            Self::Gvisor | Self::Wsl1 => !matches!(machine, Machine::I386),
            Self::BinfmtRosetta => matches!(machine, Machine::X86_64),
            _ => true,
        }
    }
}

impl fmt::Display for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which loaders must accept an image (`--elf`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Every loader there is.
    #[default]
    Strict,
    /// Everything that runs containers, on the image's own processor and under emulation.
    Portable,
    /// The Linux kernel alone, 5.10 and newer.
    Linux,
}

/// A tier, its name and its loaders.
struct TierRow {
    tier: Tier,
    name: &'static str,
    about: &'static str,
    loaders: &'static [Loader],
}

/// Another tier is a variant above and a row here.
static TIERS: [TierRow; 3] = [
    TierRow { tier: Tier::Strict, name: "strict", about: "every loader and tool", loaders: &LOADERS },
    TierRow {
        tier: Tier::Portable,
        name: "portable",
        about: "every container runtime",
        loaders: &[Loader::Linux, Loader::Gvisor, Loader::QemuUser, Loader::BinfmtQemu, Loader::BinfmtRosetta],
    },
    TierRow { tier: Tier::Linux, name: "linux", about: "the Linux kernel alone", loaders: &[Loader::Linux] },
];

impl Tier {
    /// All tiers, the strictest first.
    pub fn all() -> impl Iterator<Item = Self> {
        TIERS.iter().map(|row| row.tier)
    }

    /// The tier of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::all().find(|tier| tier.name() == name)
    }

    /// Which loaders, for `--help`.
    pub fn about(self) -> &'static str {
        self.row().about
    }

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The loaders that must accept the file.
    pub fn loaders(self) -> &'static [Loader] {
        self.row().loaders
    }

    fn row(self) -> &'static TierRow {
        TIERS.iter().find(|row| row.tier == self).expect("every tier has its row")
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_have_names_both_ways() {
        for tier in Tier::all() {
            assert_eq!(Tier::by_name(&tier.to_string()), Some(tier));
        }
        assert_eq!(Tier::by_name("lax"), None);
    }
}
