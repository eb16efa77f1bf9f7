//! Connections: what each does until when, and those whose time is up. They are in a table, and a search goes through
//! all of it: once a second, and at a limit.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::event_loop::poll::FIRST_CONNECTION;
use crate::lower::epoll::state::conn_entry::{HEADER, IDLE, WRITE, entry};
use crate::lower::epoll::state::vars::var;

/// How long a client may send on behind the last reply, in seconds.
const LINGER_SECONDS: u32 = 2;

impl Engine<'_> {
    /// What a connection does from now on, and for how many seconds; a tick may come at once, so one more.
    pub(crate) fn begin_to(&mut self, kind: u32, why: &str) {
        let settings = &self.server.epoll;
        let seconds = match kind {
            IDLE => settings.idle_timeout_s,
            HEADER => settings.header_timeout_s,
            WRITE => settings.write_timeout_s,
            _ => LINGER_SECONDS,
        };
        self.set(self.s.list, ((seconds + 1) << entry::DEADLINE_SHIFT) | kind, why);
    }

    pub(crate) fn connections(&mut self) {
        self.settled();
        self.touch();
        self.drop_sub();
        self.sweep();
        self.oldest();
        self.find();
    }

    /// The event is dealt with; the connection goes on as `list` says, or goes.
    fn settled(&mut self) {
        self.place(At::ConnectionDone);
        self.gosub(Routine::UpdateInterest);
        self.branch(self.s.n, Cond::Ge, 0i64, At::Next, NO_WHY);
        self.place(At::Close);
        self.gosub(Routine::CloseConnection);
        self.jump(At::Next, NO_WHY);
    }

    /// Writes a connection's word, and tells the epoll set what is wanted if that is something else; `n` is negative if
    /// there is no room in it.
    fn touch(&mut self) {
        let (list, conn, w, n) = (self.s.list, self.s.conn, self.s.conn_word, self.s.n);
        self.sub(Routine::UpdateInterest);
        self.four(n, frame(var::NOW), "the time,");
        self.shl(n, entry::DEADLINE_SHIFT, "where deadlines have it");
        self.add(n, list, "deadline, and what it does");
        self.four(w, at(conn, entry::WORD), "its word so far");
        self.put_four(at(conn, entry::WORD), n, "its new word");
        self.set(n, 0i64, "no error yet");
        self.and(w, entry::IN | entry::OUT, "what is waited for");
        self.and(list, entry::IN | entry::OUT, "what is to be waited for");
        self.branch(w, Cond::Eq, list, At::Touched, "the same as now");
        self.set(self.s.op, abi::EPOLL_CTL_ADD, "into the set");
        self.if_zero(w, At::New, "it is new");
        self.set(self.s.op, abi::EPOLL_CTL_MOD, "it is in the set: something else is waited for");
        self.place(At::New);
        self.put_four(frame(var::EVENT), list, "the events");
        self.set(self.s.t, self.s.fd, "of its descriptor");
        self.gosub(Routine::EpollControl);
        self.ret(Routine::UpdateInterest);
        self.place(At::Touched);
        self.ret(Routine::UpdateInterest);
        // Tells the epoll set what is wanted of a descriptor: `op`, descriptor `t`, name `fd`; the events are there.
        self.sub(Routine::EpollControl);
        let event = var::EVENT.at;
        self.put_four(frame(event + self.event_bytes - 8), self.s.fd, "the descriptor that they are of");
        self.four(self.s.u, frame(var::EPOLL), "the epoll set");
        let args = [Operand::Slot(self.s.u), Operand::Slot(self.s.op), Operand::Slot(self.s.t), Operand::Frame(event)];
        self.call(Call::EpollCtl, &args, Some(n), "what is waited for");
        self.ret(Routine::EpollControl);
    }

    /// The connection that has been doing what `list` says for longest; `fd` is 0 if there is none.
    fn oldest(&mut self) {
        let (fd, w) = (self.s.fd, self.s.conn_word);
        let [kind, now, least, found] = ["kind", "now", "least time left", "least recent"].map(|name| self.local(name));
        self.sub(Routine::FindLeastRecent);
        self.set(fd, FIRST_CONNECTION - 1, "before the first");
        self.set(least, -1i64, "more than any has left");
        self.set(found, 0i64, "none");
        self.place(At::Older);
        self.gosub(Routine::FindNext);
        self.branch(fd, Cond::Eq, self.state.entries, At::OldestFound, "all are looked at");
        self.set(kind, w, "of its word");
        self.and(kind, entry::KIND, "what it does");
        self.branch(kind, Cond::Ne, self.s.list, At::Older, "it does something else");
        self.four(now, frame(var::NOW), "the time,");
        self.shl(now, entry::DEADLINE_SHIFT, "where deadlines have it");
        self.take(w, now, "the time it has");
        self.branch(w, Cond::AboveOrEqual, least, At::Older, "more than another");
        self.set(least, w, "the least so far");
        self.set(found, fd, "the connection that has it");
        self.jump(At::Older, "the next connection");
        self.place(At::OldestFound);
        self.set(fd, found, "the one that was found");
        self.gosub(Routine::Find);
        self.ret(Routine::FindLeastRecent);
    }

    /// A connection's entry and its word; or those of the next one.
    fn find(&mut self) {
        let (fd, conn) = (self.s.fd, self.s.conn);
        self.sub(Routine::FindNext);
        self.add(fd, 1i64, NO_WHY);
        self.gosub(Routine::Find);
        self.ret(Routine::FindNext);
        self.sub(Routine::Find);
        self.set(conn, fd, NO_WHY);
        self.shl(conn, entry::SHIFT, NO_WHY);
        self.add(conn, self.s.table, "its entry");
        self.four(self.s.conn_word, at(conn, entry::WORD), "its word");
        self.ret(Routine::Find);
    }
}
