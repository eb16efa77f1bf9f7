//! Numbers of the Linux system call interface that are the same on every target (include/uapi/asm-generic and
//! arch/x86/include/uapi/asm).

use asmgen_arch::op::Operand;

use crate::elf::Tier;

/// The length of the address of a `sendto` that has none: Linux does not look at it, qemu-user refuses a negative one.
pub(super) fn no_length(tier: Tier) -> Operand {
    if tier == Tier::Linux { Operand::Any } else { Operand::NotNegative }
}

/// Standard output.
pub(super) const STDOUT: i64 = 1;
/// Standard error.
pub(super) const STDERR: i64 = 2;

/// Terminal interrupt, `^C`.
pub(super) const SIGINT: i64 = 2;
/// Polite request to end.
pub(super) const SIGTERM: i64 = 15;
/// A child has ended.
pub(super) const SIGCHLD: i64 = 17;
/// Handler that ignores a signal; for SIGCHLD, children are reaped by the kernel.
pub(super) const SIG_IGN: u64 = 1;
/// `sigaction` flag: the structure has a restorer. `x86_64` delivers no signal to a handler without it.
pub(super) const SA_RESTORER: u64 = 0x0400_0000;
/// `rt_sigprocmask`: add to the blocked signals.
pub(super) const SIG_BLOCK: i64 = 0;
/// `rt_sigprocmask`: these signals are blocked, and no others.
pub(super) const SIG_SETMASK: i64 = 2;
/// Bytes in the kernel's signal set.
pub(super) const SIGSET_BYTES: i64 = 8;

/// The signal's bit in a signal set.
pub(super) const fn signal_bit(signal: i64) -> u64 {
    1 << (signal - 1)
}

/// Internet Protocol version 4.
pub(super) const AF_INET: i64 = 2;
/// Internet Protocol version 6.
pub(super) const AF_INET6: i64 = 10;
/// Connection-based byte stream.
pub(super) const SOCK_STREAM: i64 = 1;
/// Level of the socket's own options.
pub(super) const SOL_SOCKET: i64 = 1;
/// Bind although connections of an earlier run linger.
pub(super) const SO_REUSEADDR: i64 = 2;
/// Most that waits to be received, in bytes, of which the kernel doubles the number.
pub(super) const SO_RCVBUF: i64 = 8;
/// What becomes of data when a socket is closed, a `struct linger`; with no time for it they are gone, and a reset is
/// sent.
pub(super) const SO_LINGER: i64 = 13;
pub(super) const LINGER_BYTES: i64 = 8;
/// The kernel's memory for a socket, nine numbers of 4 bytes (include/uapi/linux/sock_diag.h, `SK_MEMINFO_VARS`); and
/// which of them is that of what is not acknowledged (`SK_MEMINFO_WMEM_QUEUED`).
pub(super) const SO_MEMINFO: i64 = 55;
pub(super) const MEMINFO_SENT: u32 = 20;
/// Longest wait of a receive, a `timeval` of words.
pub(super) const SO_RCVTIMEO: i64 = 20;
/// Longest wait of a send, a `timeval` of words.
pub(super) const SO_SNDTIMEO: i64 = 21;
/// Level of TCP's options.
pub(super) const IPPROTO_TCP: i64 = 6;
/// Longest time that data may stay unacknowledged, or untransmitted before a closed window, an `int` of milliseconds.
pub(super) const TCP_USER_TIMEOUT: i64 = 18;
/// Level of IPv6's options.
pub(super) const IPPROTO_IPV6: i64 = 41;
/// IPv6 alone, or (0) both families.
pub(super) const IPV6_V6ONLY: i64 = 26;
/// Bytes in an `int`.
pub(super) const INT_BYTES: i64 = 4;

/// Discard what is received instead of copying it (TCP).
pub(super) const MSG_TRUNC: i64 = 0x20;
/// Do not wait.
pub(super) const MSG_DONTWAIT: i64 = 0x40;
/// Wait for all that was asked for; the receive timeout counts for the whole of it.
pub(super) const MSG_WAITALL: i64 = 0x100;
/// More will follow: wait with the packet.
pub(super) const MSG_MORE: i64 = 0x8000;
/// No SIGPIPE if the other side is gone.
pub(super) const MSG_NOSIGNAL: i64 = 0x4000;
/// All other flags that mean something to Linux when a stream sends or receives (include/linux/socket.h, 5.10 to 6.12):
/// MSG_OOB, MSG_PEEK, MSG_DONTROUTE, MSG_CTRUNC, MSG_PROBE, MSG_EOR, MSG_ERRQUEUE; MSG_SENDPAGE_DECRYPTED,
/// MSG_SOCK_DEVMEM, MSG_FASTOPEN, MSG_CMSG_CLOEXEC, MSG_CMSG_COMPAT. What else there is is for other protocols or other
/// calls, or is taken away first (net/socket.c __sys_sendto, MSG_INTERNAL_SENDMSG_FLAGS).
pub(super) const MSG_OTHERS: i64 = 0x1f | 0x80 | 0x2000 | 0x10_0000 | 0xe200_0000;
/// `shutdown`: nothing more will be sent.
pub(super) const SHUT_WR: i64 = 1;

/// `epoll_ctl`: add, remove, change.
pub(super) const EPOLL_CTL_ADD: i64 = 1;
pub(super) const EPOLL_CTL_DEL: i64 = 2;
pub(super) const EPOLL_CTL_MOD: i64 = 3;
/// There is something to read.
pub(super) const EPOLLIN: i64 = 1;
/// There is room to write.
/// Close on exec, the same number for epoll sets, timers, signal descriptors, sockets and files.
pub(super) const CLOEXEC: i64 = 0o200_0000;
/// Do not wait, the same number for timers, signal descriptors, sockets and files.
pub(super) const NONBLOCK: i64 = 0o4000;
/// `accept4`: the same two.
pub(super) const SOCK_CLOEXEC: i64 = CLOEXEC;
pub(super) const SOCK_NONBLOCK: i64 = NONBLOCK;
/// Several sockets share a port; the kernel spreads connections over them.
pub(super) const SO_REUSEPORT: i64 = 15;
/// Send small pieces at once.
pub(super) const TCP_NODELAY: i64 = 1;
/// How much may be unsent before there is room to write, in bytes (include/uapi/linux/tcp.h).
pub(super) const TCP_NOTSENT_LOWAT: i64 = 25;
/// The signal from the first worker to the others; and the one that no process can block.
pub(super) const SIGUSR1: i64 = 10;
pub(super) const SIGKILL: i64 = 9;
/// `wait4`: do not wait.
pub(super) const WNOHANG: i64 = 1;
/// A file has grown as long as it may.
pub(super) const SIGXFSZ: i64 = 25;
/// Broken pipe.
pub(super) const SIGPIPE: i64 = 13;
/// Clocks.
pub(super) const CLOCK_REALTIME: i64 = 0;
pub(super) const CLOCK_MONOTONIC: i64 = 1;
/// Paths are relative to the working directory.
pub(super) const AT_FDCWD: i64 = -100;
/// `openat`: to write; a terminal does not become the process's own.
pub(super) const O_WRONLY: i64 = 1;
pub(super) const O_NOCTTY: i64 = 0o400;
/// `lseek`: from where it is.
pub(super) const SEEK_CUR: i64 = 1;
/// `fcntl`: set the status flags.
pub(super) const F_SETFL: i64 = 4;
/// Descriptors a process may have.
pub(super) const RLIMIT_NOFILE: i64 = 7;
/// `prctl`: no program run from here gets more rights; a filter of system calls.
pub(super) const PR_SET_NO_NEW_PRIVS: i64 = 38;
pub(super) const PR_SET_SECCOMP: i64 = 22;
/// `prctl`: the signal that is sent when the parent ends.
pub(super) const PR_SET_PDEATHSIG: i64 = 1;
pub(super) const SECCOMP_MODE_FILTER: i64 = 2;

/// Errors (include/uapi/asm-generic/errno-base.h, errno.h).
pub(super) const EINTR: i64 = 4;
pub(super) const EAGAIN: i64 = 11;
pub(super) const ECONNABORTED: i64 = 103;
pub(super) const ENOMEM: i64 = 12;
pub(super) const ENFILE: i64 = 23;
pub(super) const EMFILE: i64 = 24;
pub(super) const ENOBUFS: i64 = 105;
pub(super) const ENOTSOCK: i64 = 88;

/// `ppoll`: there is room to write.
pub(super) const POLLOUT: i64 = 4;
