//! Programs for other machines, run by the kernel through `binfmt_misc`.

use std::path::Path;
use std::sync::Mutex;

const MOUNT: &str = "/proc/sys/fs/binfmt_misc";
const NAME: &str = "qemu-aarch64";
/// The registration of Debian's package: magic bytes, mask, interpreter, flags. F opens the interpreter now, so that
/// a container without it can use it.
const REGISTRATION: &str = "/usr/lib/binfmt.d/qemu-aarch64.conf";

/// Makes the kernel start arm64 programs under qemu; says so if it was not so before.
pub(super) fn ensure_aarch64() {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let entry = Path::new(MOUNT).join(NAME);
    if cfg!(target_arch = "aarch64") || entry.exists() {
        return;
    }
    assert!(
        Path::new(MOUNT).join("register").exists(),
        "binfmt_misc is not mounted; as root: mount -t binfmt_misc none {MOUNT}"
    );
    let line = std::fs::read_to_string(REGISTRATION).unwrap_or_else(|error| {
        panic!("{REGISTRATION}: {error}; install it: apt-get install qemu-user-static");
    });
    std::fs::write(Path::new(MOUNT).join("register"), line.trim_end()).unwrap_or_else(|error| {
        panic!("cannot register {NAME}: {error}; as root: systemctl restart systemd-binfmt");
    });
    assert!(entry.exists(), "the kernel did not keep the registration of {NAME}");
    eprintln!("registered {NAME} with binfmt_misc; to undo it: echo -1 >{}", entry.display());
}
