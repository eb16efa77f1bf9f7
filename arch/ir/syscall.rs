//! The system calls there are: arguments, results, and numbers per machine (arch/x86/entry/syscalls/syscall_64.tbl,
//! syscall_32.tbl, include/uapi/asm-generic/unistd.h).

use super::operand::Operand;
use crate::target::Machine;

/// What comes back from a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// 0, or −errno.
    Zero,
    /// A count or a descriptor from 0 up, or −errno.
    Number,
    /// The number of a signal from 1 to 64, or −errno.
    Signal,
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

    /// Does the kernel, or an emulator in its place, look at this argument? `accept` and `accept4` share a row, and
    /// only `accept4` has flags; only `epoll_pwait` and `ppoll` have a mask. Without an address Linux does not look at
    /// `addrlen`, but others do. The `recvfrom` of gVisor writes a length there
    /// (pkg/sentry/syscalls/linux/sys_socket.go recvFrom; measured on runsc 20240729). The `sendto` of qemu-user
    /// refuses a negative one (linux-user/syscall.c `do_sendto`; measured on 7.2.22).
    pub fn looks_at(&self, machine: Machine, args: &[Operand], index: usize) -> bool {
        let is_32_bit = machine == Machine::I386;
        match (self.call, index) {
            (Call::Accept, 3) => is_32_bit,
            (Call::EpollWait, 4..) | (Call::Poll, 3..) => machine == Machine::Aarch64 && index < self.args.len(),
            (Call::Recvfrom | Call::Sendto, 5) if is_32_bit => {
                args.get(4) != Some(&Operand::Const(0)) || args.get(5) == Some(&Operand::NotNegative)
            }
            _ => index < self.args.len(),
        }
    }

    /// Does it come back?
    pub fn returns(&self) -> bool {
        self.result != Returns::Never
    }
}

macro_rules! calls {
    ($(
        $(#[$doc:meta])*
        $name:ident $text:literal ($($arg:literal),*) $returns:ident [$x86_64:literal $aarch64:literal $i386:literal]
    )*) => {
        /// A system call.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Call { $($(#[$doc])* $name),* }

        /// All system calls, in the order of the enumeration.
        pub static CALLS: &[CallInfo] = &[$(CallInfo {
            call: Call::$name,
            name: $text,
            args: &[$($arg),*],
            result: Returns::$returns,
            numbers: [$x86_64, $aarch64, $i386],
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
    RtSigtimedwait "rt_sigtimedwait" ("uthese", "uinfo", "uts", "sigsetsize")                  Signal [128 137 177]
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
    /// Read an option of a socket.
    Getsockopt     "getsockopt"      ("fd", "level", "optname", "optval", "optlen")            Zero   [ 55 209 365]
    /// Receive.
    Recvfrom       "recvfrom"        ("fd", "buf", "size", "flags", "addr", "addrlen")         Number [ 45 207 371]
    /// Send.
    Sendto         "sendto"          ("fd", "buf", "len", "flags", "addr", "addrlen")          Number [ 44 206 369]
    /// End one direction.
    Shutdown       "shutdown"        ("fd", "how")                                             Zero   [ 48 210 373]
    /// Read from a descriptor.
    Read           "read"            ("fd", "buf", "count")                                    Number [  0  63   3]
    /// New epoll set.
    EpollCreate1   "epoll_create1"   ("flags")                                                 Number [291  20 329]
    /// Change an epoll set.
    EpollCtl       "epoll_ctl"       ("epfd", "op", "fd", "event")                             Zero   [233  21 255]
    /// Wait for events (`epoll_pwait` on aarch64, which has no `epoll_wait`).
    EpollWait      "epoll_wait"      ("epfd", "events", "maxevents", "timeout", "sigmask", "sigsetsize")
                                                                                               Number [232  22 256]
    /// Take a connection, with flags.
    Accept4        "accept4"         ("fd", "addr", "addrlen", "flags")                        Number [288 242 364]
    /// Connect to an address.
    Connect        "connect"         ("fd", "addr", "addrlen")                                 Zero   [ 42 203 362]
    /// Send pieces as one.
    Sendmsg        "sendmsg"         ("fd", "msg", "flags")                                    Number [ 46 211 370]
    /// Write pieces as one.
    Writev         "writev"          ("fd", "vec", "vlen")                                     Number [ 20  66 146]
    /// Send from a file.
    Sendfile       "sendfile"        ("out_fd", "in_fd", "offset", "count")                    Number [ 40  71 187]
    /// Open a file.
    Openat         "openat"          ("dirfd", "pathname", "flags", "mode")                    Number [257  56 295]
    /// Move a descriptor's place in its file.
    Lseek          "lseek"           ("fd", "offset", "whence")                                Number [  8  62  19]
    /// Change a descriptor.
    Fcntl          "fcntl"           ("fd", "op", "arg")                                       Number [ 72  25 221]
    /// What time it is.
    ClockGettime   "clock_gettime"   ("clockid", "tp")                                         Zero   [228 113 265]
    /// New timer.
    TimerfdCreate  "timerfd_create"  ("clockid", "flags")                                      Number [283  85 322]
    /// Set a timer.
    TimerfdSettime "timerfd_settime" ("fd", "flags", "new", "old")                             Zero   [286  86 325]
    /// Signals as a descriptor.
    Signalfd4      "signalfd4"       ("fd", "mask", "sizemask", "flags")                       Number [289  74 327]
    /// Operations on the process.
    Prctl          "prctl"           ("op", "arg2", "arg3", "arg4", "arg5")                    Number [157 167 172]
    /// Get and set a limit.
    Prlimit64      "prlimit64"       ("pid", "resource", "new", "old")                         Zero   [302 261 340]
    /// Cores the process may use.
    SchedGetaffinity "sched_getaffinity" ("pid", "cpusetsize", "mask")                         Number [204 123 242]
    /// New process.
    Clone          "clone"           ("flags", "stack", "parent_tid", "tls", "child_tid")      Number [ 56 220 120]
    /// New pipe.
    Pipe2          "pipe2"           ("fds", "flags")                                          Zero   [293  59 331]
    /// Wait for descriptors: milliseconds, or, on aarch64, where it is `ppoll`, the address of a `struct timespec`.
    Poll           "poll"            ("fds", "nfds", "timeout", "sigmask", "sigsetsize")       Number [  7  73 168]
    /// Operation on a descriptor.
    Ioctl          "ioctl"           ("fd", "op", "arg")                                       Zero   [ 16  29  54]
    /// Number of this process.
    Getpid         "getpid"          ()                                                        Number [ 39 172  20]
    /// The parent of the process.
    Getppid        "getppid"         ()                                                        Number [110 173  64]
    /// Send a signal.
    Kill           "kill"            ("pid", "sig")                                            Zero   [ 62 129  37]
    /// Wait for a child.
    Wait4          "wait4"           ("pid", "wstatus", "options", "rusage")                   Number [ 61 260 114]
    /// The call of the number in the first argument; its own arguments follow. No machine has a call of this name.
    Numbered       "call"            ("number", "arg1", "arg2", "arg3", "arg4", "arg5", "arg6") Number [  0   0   0]
    /// The same, of calls that return nothing but 0 or an error.
    NumberedZero   "call"            ("number", "arg1", "arg2", "arg3", "arg4", "arg5", "arg6") Zero   [  0   0   0]
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

    /// Is its number an argument?
    pub fn is_numbered(self) -> bool {
        matches!(self, Self::Numbered | Self::NumberedZero)
    }
}
