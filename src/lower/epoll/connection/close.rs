//! The end of connections: those with no time left, those that make room, and those that end slowly.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::event_loop::poll::FIRST_CONNECTION;
use crate::lower::epoll::startup::call_data::Near;
use crate::lower::epoll::state::conn_entry::{IDLE, LINGER, WRITE, entry, flag};
use crate::lower::epoll::state::response_table::DATE_LINE_BYTES;
use crate::lower::epoll::state::vars::{counter, var};
use crate::lower::{abi, wire};

/// What is held for a connection that has to go, roughly, in bytes: what is held is weighed again soon enough.
const SHED_BYTES: i64 = 64 * 1024;

/// Where the kernel tells what it holds for a connection, and where of that what the client has not acknowledged is. Of a
/// signal, which is read to the same place, it is a 0 (`ssi_fd`); of the timer nothing is there.
const MEMINFO: u32 = var::LONG_SCRATCH.at;

const NOT_ACKNOWLEDGED: u32 = MEMINFO + abi::MEMINFO_SENT;

/// From what who waits does to what who is idle does.
const WRITE_TO_IDLE_BITS: u8 = 2;

impl Engine<'_> {
    /// Closes a connection and forgets it.
    pub(crate) fn drop_sub(&mut self) {
        let (conn, fd) = (self.s.conn, self.s.fd);
        self.sub(Routine::CloseConnection);
        self.gosub(Routine::FreeBuffer);
        self.put_four(at(conn, entry::WORD), 0i64, "no longer there");
        self.call(Call::Close, &[Operand::Slot(fd)], None, "close");
        self.add_four(var::CONNECTIONS, -1, "one less");
        if !self.has_workers() {
            self.unless_zero(self.s.t, At::Dropped, "others are left");
            self.four(self.s.t, frame(var::STOPPING), NO_WHY);
            self.branch(self.s.t, Cond::Above, 1i64, At::Exit, "that was the last");
            self.place(At::Dropped);
        }
        self.ret(Routine::CloseConnection);
    }

    /// What the kernel holds is weighed, for some of it may be with the clients by now. While it is too much, the client
    /// that has taken nothing for longest goes, and what waits for it; where none waits, one that is idle for longest,
    /// for it may not have acknowledged what was sent.
    pub(crate) fn lighten(&mut self) {
        const _: () = assert!(WRITE >> WRITE_TO_IDLE_BITS == IDLE && IDLE >> WRITE_TO_IDLE_BITS == 0);
        let (fd, t, list) = (self.s.fd, self.s.t, self.s.list);
        self.place(At::HeldTooMuch);
        self.gosub(Routine::ExpireConnections);
        self.place(At::HeldMeasured);
        self.four(t, frame(var::HELD), NO_WHY);
        let enough = -i64::from(self.server.epoll.held_bytes() / 4);
        self.branch(t, Cond::Lt, enough, At::HeldLittle, "so that nobody looks again at the next event");
        self.set(list, WRITE, NO_WHY);
        self.place(At::HeavyKind);
        self.gosub(Routine::FindLeastRecent);
        self.unless_zero(fd, At::Shed, NO_WHY);
        self.shr(list, WRITE_TO_IDLE_BITS, "nobody waits");
        self.unless_zero(list, At::HeavyKind, NO_WHY);
        self.jump(At::HeldLittle, NO_WHY);
        self.place(At::Shed);
        self.add_four(var::HELD, -SHED_BYTES, "about as much as that one holds");
        self.count(counter::HEAVY);
        self.gosub(Routine::Abort);
        self.jump(At::HeldMeasured, NO_WHY);
        // Closes a connection; what the kernel holds for it is gone, and the client sees a reset.
        self.sub(Routine::Abort);
        let yes = self.near(Near::EverySecond);
        let (level, option) = (Operand::Const(abi::SOL_SOCKET), Operand::Const(abi::SO_LINGER));
        let args = [Operand::Slot(fd), level, option, Operand::Data(yes), Operand::Const(abi::LINGER_BYTES)];
        self.call(Call::Setsockopt, &args, None, "no data outlive it");
        self.gosub(Routine::CloseConnection);
        self.ret(Routine::Abort);
    }

    /// Adds what the kernel holds for a connection. Where it tells less (qemu-user tells 4 bytes) or nothing (gVisor), that
    /// is nothing: another connection's number must not be taken for this one's.
    fn weigh_connection(&mut self) {
        let (t, u, held) = (self.s.t, self.s.u, frame(var::HELD));
        self.put_four(frame(NOT_ACKNOWLEDGED), 0i64, NO_WHY);
        // How much may be told has to be more than that: an address, until the kernel has said how much it has told.
        let len = Operand::Frame(var::BEGAN.at);
        let (level, option) = (Operand::Const(abi::SOL_SOCKET), Operand::Const(abi::SO_MEMINFO));
        let args = [Operand::Slot(self.s.fd), level, option, Operand::Frame(MEMINFO), len];
        self.call(Call::Getsockopt, &args, None, "what the kernel holds for it");
        self.four(t, frame(NOT_ACKNOWLEDGED), NO_WHY);
        self.four(u, held, NO_WHY);
        self.add(u, t, NO_WHY);
        self.put_four(held, u, NO_WHY);
    }

    /// Goes through all connections: ends those whose time is up, and, while the server stops, those that have all.
    pub(crate) fn sweep(&mut self) {
        let (t, w) = (self.s.t, self.s.conn_word);
        self.sub(Routine::ExpireConnections);
        self.put_four(frame(var::HELD), -i64::from(self.server.epoll.held_bytes()), NO_WHY);
        self.set(self.s.fd, FIRST_CONNECTION - 1, NO_WHY);
        self.place(At::SweepNext);
        self.gosub(Routine::FindNext);
        self.branch(self.s.fd, Cond::Eq, self.state.entries, At::Swept, "all are looked at");
        self.if_zero(w, At::SweepNext, "no connection");
        self.weigh_connection();
        self.four(t, frame(var::STOPPING), NO_WHY);
        self.branch(t, Cond::BelowOrEqual, 1i64, At::SweepDeadline, NO_WHY);
        self.if_any(w, entry::HEADER | entry::OUT, At::SweepDeadline, "under way");
        self.four(t, frame(NOT_ACKNOWLEDGED), "what the client has not acknowledged");
        self.if_zero(t, At::SweepDrop, "it has everything");
        self.if_any(w, entry::LINGER, At::SweepNext, "it has time until the end");
        self.gosub(Routine::ShutAndDrain);
        self.jump(At::SweepNext, NO_WHY);
        self.place(At::SweepDeadline);
        self.four(t, frame(var::NOW), NO_WHY);
        self.shl(t, entry::DEADLINE_SHIFT, NO_WHY);
        self.set(self.s.v, w, NO_WHY);
        self.take(self.s.v, t, "the time it has");
        self.branch(self.s.v, Cond::Ge, 1i64 << entry::DEADLINE_SHIFT, At::SweepNext, "some is left");
        self.if_any(w, entry::HEADER, At::TooSlow, "half a request");
        self.if_any(w, entry::OUT, At::SweepAbort, "it takes nothing");
        self.place(At::SweepDrop);
        self.gosub(Routine::CloseConnection);
        self.jump(At::SweepNext, NO_WHY);
        self.place(At::SweepAbort);
        self.gosub(Routine::Abort);
        self.jump(At::SweepNext, NO_WHY);
        self.place(At::TooSlow);
        self.count(counter::LATE);
        self.gosub(Routine::Send408);
        self.jump(At::SweepNext, NO_WHY);
        self.place(At::Swept);
        self.ret(Routine::ExpireConnections);
    }

    /// Half a request has had its time: 408, and no more is read.
    pub(crate) fn late(&mut self) {
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

    /// Ends our direction and reads on for a while.
    pub(crate) fn linger(&mut self) {
        let t = self.s.t;
        self.place(At::Closing);
        self.if_any(self.s.flags, flag::SLOW, At::CloseSlowly, "the client may be sending");
        self.four(t, frame(var::STOPPING), NO_WHY);
        self.unless_zero(t, At::CloseSlowly, "what the kernel has not sent ends with the process");
        self.load_input_end();
        self.branch(self.s.cursor, Cond::Eq, self.s.end, At::Close, "nothing has come behind it");
        self.place(At::CloseSlowly);
        self.gosub(Routine::ShutAndDrain);
        self.jump(At::Next, NO_WHY);
        self.sub(Routine::ShutAndDrain);
        self.gosub(Routine::FreeBuffer);
        let args = [Operand::Slot(self.s.fd), Operand::Const(abi::SHUT_WR)];
        self.call(Call::Shutdown, &args, None, "nothing more will be sent");
        self.begin_to(LINGER, NO_WHY);
        self.gosub(Routine::UpdateInterest);
        self.ret(Routine::ShutAndDrain);
    }
}
