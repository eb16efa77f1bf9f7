//! The table of connections: what each waits for and until when, and searches through it.
//!
//! A search looks at every entry: once a second, and at a limit. That costs less than lists that every event would have
//! to keep in order.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::event_loop::poll::FIRST_CONNECTION;
use crate::lower::epoll::state::conn_entry::{HEADER, IDLE, WRITE, entry};
use crate::lower::epoll::state::vars::var;

/// How long a client may send on after the last reply, in seconds.
const LINGER_SECONDS: u32 = 2;

impl Engine<'_> {
    /// What a connection waits for from now on, and for how many seconds. The clock may tick at once, so one second
    /// more.
    pub(crate) fn arm_timeout(&mut self, kind: u32, why: &str) {
        let settings = &self.server.epoll;
        let seconds = match kind {
            IDLE => settings.idle_timeout_s,
            HEADER => settings.header_timeout_s,
            WRITE => settings.write_timeout_s,
            _ => LINGER_SECONDS,
        };
        self.set(self.s.conn_state, ((seconds + 1) << entry::DEADLINE_SHIFT) | kind, why);
    }

    /// Everything about the table, and the end of an event.
    pub(crate) fn connection_table(&mut self) {
        self.connection_done();
        self.update_interest();
        self.epoll_control();
        self.close_connection();
        self.expire_connections();
        self.find_least_recent();
        self.find_connection();
    }

    /// The event is done: the connection waits as `conn_state` says, or is closed where the epoll set has no room for
    /// it.
    fn connection_done(&mut self) {
        self.place(At::ConnectionDone);
        self.gosub(Routine::UpdateInterest);
        self.branch(self.s.result, Cond::Ge, 0i64, At::Next, "it waits: the next event");
        self.place(At::Close);
        self.gosub(Routine::CloseConnection);
        self.jump(At::Next, "the next event");
    }

    /// Writes a connection's word. The epoll set is told only if the connection waits for other events than before.
    /// `result` is negative if the set has no room.
    ///
    /// | events before | events now | call |
    /// |---|---|---|
    /// | the same | the same | none |
    /// | none: it is new | any | `EPOLL_CTL_ADD` |
    /// | others | any | `EPOLL_CTL_MOD` |
    fn update_interest(&mut self) {
        let (conn_state, conn, before, word) = (self.s.conn_state, self.s.conn, self.s.conn_word, self.s.result);
        self.sub(Routine::UpdateInterest);
        self.four(word, frame(var::NOW), "the time,");
        self.shl(word, entry::DEADLINE_SHIFT, "where deadlines have it");
        self.add(word, conn_state, "deadline, and what it waits for");
        self.four(before, at(conn, entry::WORD), "its word so far");
        self.put_four(at(conn, entry::WORD), word, "its new word");
        let error = word;
        self.set(error, 0i64, "no error yet");
        self.and(before, entry::IN | entry::OUT, "events that were waited for");
        self.and(conn_state, entry::IN | entry::OUT, "events to wait for");
        self.branch(before, Cond::Eq, conn_state, At::InterestUnchanged, "the same as now");
        self.set(self.s.op, abi::EPOLL_CTL_ADD, "into the set");
        self.if_zero(before, At::AddInterest, "it is new");
        self.set(self.s.op, abi::EPOLL_CTL_MOD, "it is in the set: it waits for something else");
        self.place(At::AddInterest);
        self.put_four(frame(var::EVENT), conn_state, "the events");
        self.set(self.s.watched, self.s.fd, "of its descriptor");
        self.gosub(Routine::EpollControl);
        self.ret(Routine::UpdateInterest);
        self.place(At::InterestUnchanged);
        self.ret(Routine::UpdateInterest);
    }

    /// Tells the epoll set (`op`) which events of descriptor `watched` are wanted: those in the frame, under the name
    /// `fd`.
    fn epoll_control(&mut self) {
        let epoll = self.local("epoll set");
        self.sub(Routine::EpollControl);
        let event = var::EVENT.at;
        self.put_four(frame(event + self.event_bytes - 8), self.s.fd, "the name under which they come");
        self.four(epoll, frame(var::EPOLL), "the epoll set");
        let args =
            [Operand::Slot(epoll), Operand::Slot(self.s.op), Operand::Slot(self.s.watched), Operand::Frame(event)];
        self.call(Call::EpollCtl, &args, Some(self.s.result), "what is waited for");
        self.ret(Routine::EpollControl);
    }

    /// The connection that has been waiting longest for what `conn_state` says; `fd` is 0 if there is none.
    fn find_least_recent(&mut self) {
        let (fd, time_left) = (self.s.fd, self.s.conn_word);
        let [kind, now, least, found] = ["kind", "now", "least time left", "least recent"].map(|name| self.local(name));
        self.sub(Routine::FindLeastRecent);
        self.set(fd, FIRST_CONNECTION - 1, "before the first");
        self.set(least, -1i64, "more than any has left");
        self.set(found, 0i64, "none");
        self.place(At::LeastRecentNext);
        self.gosub(Routine::FindNext);
        self.branch(fd, Cond::Eq, self.state.entries, At::LeastRecentFound, "all are looked at");
        self.set(kind, self.s.conn_word, "of its word");
        self.and(kind, entry::KIND, "what it waits for");
        self.branch(kind, Cond::Ne, self.s.conn_state, At::LeastRecentNext, "for something else");
        self.four(now, frame(var::NOW), "the time,");
        self.shl(now, entry::DEADLINE_SHIFT, "where deadlines have it");
        self.take(time_left, now, "the time it has");
        self.branch(time_left, Cond::AboveOrEqual, least, At::LeastRecentNext, "more than another");
        self.set(least, time_left, "the least so far");
        self.set(found, fd, "the connection that has it");
        self.jump(At::LeastRecentNext, "the next connection");
        self.place(At::LeastRecentFound);
        self.set(fd, found, "the one that was found");
        self.gosub(Routine::Find);
        self.ret(Routine::FindLeastRecent);
    }

    /// `Find`: the entry and the word of connection `fd`; `FindNext`: those of the next one.
    fn find_connection(&mut self) {
        let (fd, conn) = (self.s.fd, self.s.conn);
        self.sub(Routine::FindNext);
        self.add(fd, 1i64, "the next descriptor");
        self.gosub(Routine::Find);
        self.ret(Routine::FindNext);
        self.sub(Routine::Find);
        self.set(conn, fd, "the table is indexed by descriptor,");
        self.shl(conn, entry::SHIFT, "16 bytes each:");
        self.add(conn, self.s.table, "its entry");
        self.four(self.s.conn_word, at(conn, entry::WORD), "its word");
        self.ret(Routine::Find);
    }
}
