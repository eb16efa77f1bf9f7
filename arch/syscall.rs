//! The system calls there are: arguments, results, and numbers per machine (arch/x86/entry/syscalls/syscall_64.tbl,
//! syscall_32.tbl, include/uapi/asm-generic/unistd.h).

use crate::target::Machine;

/// What comes back from a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// 0, or −errno.
    Zero,
    /// A count or a descriptor from 0 up, or −errno.
    Number,
    /// It does not come back.
    Never,
}

/// Facts about a system call.
#[derive(Debug, PartialEq, Eq)]
pub struct CallInfo {
    /// Which.
    pub call: Call,
    /// Its name.
    pub name: &'static str,
    /// Names of its arguments.
    pub args: &'static [&'static str],
    /// What comes back.
    pub result: Returns,
    /// Numbers on `x86_64`, aarch64, i386.
    numbers: [u16; 3],
}

impl CallInfo {
    /// Its number on this machine.
    pub fn number(&self, machine: Machine) -> u16 {
        self.numbers[match machine {
            Machine::X86_64 => 0,
            Machine::Aarch64 => 1,
            Machine::I386 => 2,
        }]
    }

    /// Does the kernel look at this argument there? `accept` and `accept4` share a row; only `accept4` has flags.
    pub fn looks_at(&self, machine: Machine, index: usize) -> bool {
        index < self.args.len() && !(self.call == Call::Accept && index == 3 && machine != Machine::I386)
    }

    /// Does it come back?
    pub fn returns(&self) -> bool {
        self.result != Returns::Never
    }
}

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident $text:literal ($($arg:literal),*) $returns:ident [$x86_64:literal $aarch64:literal $i386:literal])*) => {
        /// A system call.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Call { $($(#[$doc])* $name),* }

        /// All system calls, in the order of the enumeration.
        pub static CALLS: &[CallInfo] = &[$(CallInfo {
            call: Call::$name, name: $text, args: &[$($arg),*], result: Returns::$returns, numbers: [$x86_64, $aarch64, $i386],
        }),*];
    };
}

#[rustfmt::skip] // One call per line.
calls! {
    //                                                                                              x86_64 aarch64 i386
    /// Write to a descriptor.
    Write          "write"           ("fd", "buf", "count")                                    Number [  1  64   4]
    /// Close a descriptor.
    Close          "close"           ("fd")                                                    Zero   [  3  57   6]
    /// Set what a signal does.
    RtSigaction    "rt_sigaction"    ("signum", "act", "oldact", "sigsetsize")                 Zero   [ 13 134 174]
    /// Block signals.
    RtSigprocmask  "rt_sigprocmask"  ("how", "set", "oldset", "sigsetsize")                    Zero   [ 14 135 175]
    /// Wait for a blocked signal.
    RtSigtimedwait "rt_sigtimedwait" ("uthese", "uinfo", "uts", "sigsetsize")                  Number [128 137 177]
    /// Sleep.
    Nanosleep      "nanosleep"       ("req", "rem")                                            Zero   [ 35 101 162]
    /// New socket.
    Socket         "socket"          ("domain", "type", "protocol")                            Number [ 41 198 359]
    /// Give a socket its address.
    Bind           "bind"            ("fd", "addr", "addrlen")                                 Zero   [ 49 200 361]
    /// Let connections in.
    Listen         "listen"          ("fd", "backlog")                                         Zero   [ 50 201 363]
    /// Take a connection (`accept4` on i386, which has no `accept` of its own).
    Accept         "accept"          ("fd", "addr", "addrlen", "flags")                        Number [ 43 202 364]
    /// Set an option.
    Setsockopt     "setsockopt"      ("fd", "level", "optname", "optval", "optlen")            Zero   [ 54 208 366]
    /// Receive.
    Recvfrom       "recvfrom"        ("fd", "buf", "size", "flags", "addr", "addrlen")         Number [ 45 207 371]
    /// Send.
    Sendto         "sendto"          ("fd", "buf", "len", "flags", "addr", "addrlen")          Number [ 44 206 369]
    /// End one direction.
    Shutdown       "shutdown"        ("fd", "how")                                             Zero   [ 48 210 373]
    /// End the process (its only thread).
    Exit           "exit"            ("status")                                                Never  [ 60  93   1]
}

impl Call {
    /// Facts about it.
    pub fn info(self) -> &'static CallInfo {
        let info = &CALLS[self as usize];
        debug_assert!(info.call == self, "the table is in the order of the enumeration");
        info
    }
}
