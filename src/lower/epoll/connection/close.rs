//! The end of connections: those without time left, those that make room, and those that close slowly.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::event_loop::poll::FIRST_CONNECTION;
use crate::lower::epoll::startup::call_data::Near;
use crate::lower::epoll::state::conn_entry::{IDLE, LINGER, WRITE, entry, flag};
use crate::lower::epoll::state::response_table::DATE_LINE_BYTES;
use crate::lower::epoll::state::vars::{Spot, counter, var};
use crate::lower::{abi, wire};

/// What is held for a connection that is shed, roughly, in bytes. The kernel is asked again soon enough.
const SHED_BYTES: i64 = 64 * 1024;

/// Where the kernel writes what it holds for a connection, and where in it is what the client has not acknowledged. A
/// signal is read to the same place and leaves a 0 there (`ssi_fd`); a tick leaves nothing.
const MEMINFO: u32 = var::LONG_SCRATCH.at;

const NOT_ACKNOWLEDGED: Spot = var::LONG_SCRATCH.byte(abi::MEMINFO_SENT);

/// By so many bits, [`WRITE`] becomes [`IDLE`], and that 0.
const WRITE_TO_IDLE_BITS: u8 = 2;

impl Engine<'_> {
    /// Closes a connection and forgets it. The last one of a server that stops ends the program.
    pub(crate) fn close_connection(&mut self) {
        let (conn, fd) = (self.s.conn, self.s.fd);
        self.sub(Routine::CloseConnection);
        self.gosub(Routine::FreeBuffer);
        self.put_four(at(conn, entry::WORD), 0i64, "no longer there");
        self.call(Call::Close, &[Operand::Slot(fd)], None, "close");
        let left = self.add_four(var::CONNECTIONS, -1, "one less");
        if !self.has_workers() {
            self.unless_zero(left, At::Dropped, "others are left");
            self.four(left, frame(var::STOPPING), "does the server stop?");
            self.branch(left, Cond::Above, 1i64, At::Exit, "that was the last");
            self.place(At::Dropped);
        }
        self.ret(Routine::CloseConnection);
    }

    /// The kernel may hold too much for all connections, so it is asked: clients may have taken some of it by now.
    /// Until it is little enough, connections are shed:
    ///
    /// | connections | shed |
    /// |---|---|
    /// | some wait for their client to take more | the one that has been waiting longest |
    /// | none, but some are idle | the one that has been idle longest: its client may not have acknowledged all |
    /// | neither | none |
    pub(crate) fn shed_load(&mut self) {
        const _: () = assert!(WRITE >> WRITE_TO_IDLE_BITS == IDLE && IDLE >> WRITE_TO_IDLE_BITS == 0);
        let (fd, conn_state, held) = (self.s.fd, self.s.conn_state, self.local("held"));
        self.place(At::HeldTooMuch);
        self.gosub(Routine::ExpireConnections);
        self.place(At::HeldMeasured);
        self.four(held, frame(var::HELD), "what the kernel holds, less what it may");
        let enough = -i64::from(self.server.epoll.held_bytes() / 4);
        self.branch(held, Cond::Lt, enough, At::HeldLittle, "so much less that the next event does not ask again");
        self.set(conn_state, WRITE, "those that wait for their client");
        self.place(At::ShedKind);
        self.gosub(Routine::FindLeastRecent);
        self.unless_zero(fd, At::Shed, "this one has been waiting longest");
        self.shr(conn_state, WRITE_TO_IDLE_BITS, "none waits so: those that are idle");
        self.unless_zero(conn_state, At::ShedKind, "look for one of them");
        self.jump(At::HeldLittle, "none can be shed");
        self.place(At::Shed);
        self.add_four(var::HELD, -SHED_BYTES, "about as much as that one holds");
        self.count(counter::HEAVY);
        self.gosub(Routine::Abort);
        self.jump(At::HeldMeasured, "is it enough?");
        self.abort();
    }

    /// `Abort`: closes a connection. The kernel frees what it holds for it, and the client sees a reset.
    fn abort(&mut self) {
        self.sub(Routine::Abort);
        let yes = self.near(Near::EverySecond);
        let (level, option) = (Operand::Const(abi::SOL_SOCKET), Operand::Const(abi::SO_LINGER));
        let args = [Operand::Slot(self.s.fd), level, option, Operand::Data(yes), Operand::Const(abi::LINGER_BYTES)];
        self.call(Call::Setsockopt, &args, None, "no data outlive it");
        self.gosub(Routine::CloseConnection);
        self.ret(Routine::Abort);
    }

    /// Adds what the kernel holds for a connection. qemu-user tells 4 bytes and gVisor nothing: there it counts as 0,
    /// so that no connection gets another's number.
    fn add_held_bytes(&mut self) {
        let [not_acknowledged, held] = ["not acknowledged", "held"].map(|name| self.local(name));
        self.put_four(frame(NOT_ACKNOWLEDGED), 0i64, "unless the kernel tells more");
        // The room for the answer has to be more than its bytes. Here it is an address, until the kernel overwrites it.
        let len = Operand::Frame(var::BEGAN.at);
        let (level, option) = (Operand::Const(abi::SOL_SOCKET), Operand::Const(abi::SO_MEMINFO));
        let args = [Operand::Slot(self.s.fd), level, option, Operand::Frame(MEMINFO), len];
        self.call(Call::Getsockopt, &args, None, "what the kernel holds for it");
        self.four(not_acknowledged, frame(NOT_ACKNOWLEDGED), "what the client has not acknowledged");
        self.four(held, frame(var::HELD), "what it holds for those before");
        self.add(held, not_acknowledged, "and for this one");
        self.put_four(frame(var::HELD), held, "for all so far");
    }

    /// Looks at all connections. What becomes of one; the first three only while the server stops and takes no
    /// requests:
    ///
    /// | first that holds | what happens |
    /// |---|---|
    /// | it is idle or lingers, and its client has acknowledged everything | it is closed |
    /// | it lingers | it has time until the end |
    /// | it is idle | it lingers |
    /// | it has time left | nothing |
    /// | part of a request has come | 408 |
    /// | its client takes no more of the reply | it is aborted |
    /// | it is idle or lingers | it is closed |
    pub(crate) fn expire_connections(&mut self) {
        let (word, time_left) = (self.s.conn_word, self.s.v);
        let [stopping, not_acknowledged, now] = ["stopping", "not acknowledged", "now"].map(|name| self.local(name));
        self.sub(Routine::ExpireConnections);
        self.put_four(frame(var::HELD), -i64::from(self.server.epoll.held_bytes()), "the kernel may hold so much");
        self.set(self.s.fd, FIRST_CONNECTION - 1, "before the first");
        self.place(At::ExpireNext);
        self.gosub(Routine::FindNext);
        self.branch(self.s.fd, Cond::Eq, self.state.entries, At::Expired, "all are looked at");
        self.if_zero(word, At::ExpireNext, "no connection");
        self.add_held_bytes();
        self.four(stopping, frame(var::STOPPING), "does the server stop?");
        self.branch(stopping, Cond::BelowOrEqual, 1i64, At::CheckDeadline, "it still takes requests");
        self.if_any(word, entry::HEADER | entry::OUT, At::CheckDeadline, "under way");
        self.four(not_acknowledged, frame(NOT_ACKNOWLEDGED), "what the client has not acknowledged");
        self.if_zero(not_acknowledged, At::ExpireClose, "it has everything");
        self.if_any(word, entry::LINGER, At::ExpireNext, "it has time until the end");
        self.gosub(Routine::ShutAndDrain);
        self.jump(At::ExpireNext, "the next connection");
        self.place(At::CheckDeadline);
        self.four(now, frame(var::NOW), "the time,");
        self.shl(now, entry::DEADLINE_SHIFT, "where deadlines have it");
        self.set(time_left, word, "its deadline,");
        self.take(time_left, now, "the time it has");
        self.branch(time_left, Cond::Ge, 1i64 << entry::DEADLINE_SHIFT, At::ExpireNext, "some is left");
        self.if_any(word, entry::HEADER, At::Expire408, "part of a request");
        self.if_any(word, entry::OUT, At::ExpireAbort, "it takes nothing");
        self.place(At::ExpireClose);
        self.gosub(Routine::CloseConnection);
        self.jump(At::ExpireNext, "the next connection");
        self.place(At::ExpireAbort);
        self.gosub(Routine::Abort);
        self.jump(At::ExpireNext, "the next connection");
        self.place(At::Expire408);
        self.count(counter::LATE);
        self.gosub(Routine::Send408);
        self.jump(At::ExpireNext, "the next connection");
        self.place(At::Expired);
        self.ret(Routine::ExpireConnections);
    }

    /// The time for a request's head is over: 408 (RFC 9110 §15.5.9), and no more is read.
    pub(crate) fn send_408(&mut self) {
        let fd = self.s.fd;
        self.sub(Routine::Send408);
        let line = wire::status_line(408);
        let bytes = line.len() as i64;
        let line = self.text(&line);
        let (date, late, late_bytes) = (self.records.date_line, self.records.late, self.records.late_bytes.into());
        for (what, bytes, why) in
            [(line, bytes, "408"), (date, i64::from(DATE_LINE_BYTES), "the date"), (late, late_bytes, "the rest")]
        {
            self.call(Call::Write, &[Operand::Slot(fd), Operand::Data(what), Operand::Const(bytes)], None, why);
        }
        self.gosub(Routine::ShutAndDrain);
        self.ret(Routine::Send408);
    }

    /// A connection closes after its last reply. A reset would discard what the client has not read yet (RFC 9112
    /// §9.6):
    ///
    /// | first that holds | what happens |
    /// |---|---|
    /// | the client may be sending | our direction ends, and the server reads on for a while |
    /// | the server stops | the same, for the kernel's unsent data end with the process |
    /// | no input is left | it is closed |
    /// | else | our direction ends, and the server reads on for a while |
    pub(crate) fn shut_and_drain(&mut self) {
        let stopping = self.local("stopping");
        self.place(At::Closing);
        self.if_any(self.s.flags, flag::SLOW, At::CloseSlowly, "the client may be sending");
        self.four(stopping, frame(var::STOPPING), "does the server stop?");
        self.unless_zero(stopping, At::CloseSlowly, "what the kernel has not sent ends with the process");
        self.load_input_end();
        self.branch(self.s.cursor, Cond::Eq, self.s.end, At::Close, "no input is left");
        self.place(At::CloseSlowly);
        self.gosub(Routine::ShutAndDrain);
        self.jump(At::Next, "the next event");
        self.sub(Routine::ShutAndDrain);
        self.gosub(Routine::FreeBuffer);
        let args = [Operand::Slot(self.s.fd), Operand::Const(abi::SHUT_WR)];
        self.call(Call::Shutdown, &args, None, "nothing more will be sent");
        self.arm_timeout(LINGER, "it reads on for a while");
        self.gosub(Routine::UpdateInterest);
        self.ret(Routine::ShutAndDrain);
    }
}
