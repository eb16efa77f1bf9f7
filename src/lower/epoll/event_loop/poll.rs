//! A turn of the loop: wait for events, and for each do what its connection is there for.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::conn_entry::entry;
use crate::lower::epoll::state::memory_map::EVENTS;
use crate::lower::epoll::state::vars::var;

/// What the epoll set says of descriptors that are no connections; no connection has a descriptor below.
pub(crate) const LISTENER: u32 = 0;

pub(crate) const TIMER: u32 = 1;

pub(crate) const SIGNALS: u32 = 2;

pub(crate) const FIRST_CONNECTION: u32 = 3;

/// How often connections are looked at that wait for their end while the server stops, in milliseconds.
const STOPPING_MS: i64 = 20;

impl Engine<'_> {
    pub(crate) fn turn(&mut self) {
        let (ev, left, fd) = (self.s.ev, self.s.left, self.s.fd);
        self.place(At::EventLoop);
        self.set(self.s.n, -1i64, "for as long as it takes");
        self.four(self.s.t, frame(var::STOPPING), NO_WHY);
        self.if_zero(self.s.t, At::WaitForEvents, NO_WHY);
        self.branch(self.s.t, Cond::Eq, 1i64, At::Stopping, "asked to stop, and still taking connections");
        if self.has_workers() {
            self.four(self.s.t, frame(var::CONNECTIONS), NO_WHY);
            self.if_zero(self.s.t, At::Exit, "none is left");
            self.place(At::WaitWhileStopping);
        }
        self.set(self.s.n, STOPPING_MS, "then those that linger are looked at");
        self.place(At::WaitForEvents);
        self.four(self.s.t, frame(var::EPOLL), NO_WHY);
        let events = Operand::State(self.state.events);
        let most = Operand::Const(EVENTS.into());
        let args = [Operand::Slot(self.s.t), events, most, Operand::Slot(self.s.n), Operand::Const(0), Operand::Any];
        self.call(Call::EpollWait, &args, Some(self.s.n), "wait");
        self.branch(self.s.n, Cond::Le, 0i64, At::NoEvent, "time is up; or stopped and continued");
        self.set(left, self.s.n, NO_WHY);
        self.set(ev, events, "the first event");
        self.jump(At::Event, NO_WHY);
        self.place(At::Next);
        self.four(self.s.t, frame(var::HELD), NO_WHY);
        self.branch(self.s.t, Cond::Ge, 0i64, At::HeldTooMuch, "the kernel holds much, or nobody has looked yet");
        self.place(At::HeldLittle);
        self.four(self.s.t, frame(var::FREE_BUFFER), NO_WHY);
        self.set(self.s.u, Operand::State(self.state.buffers_end), NO_WHY);
        self.branch(self.s.t, Cond::Eq, self.s.u, At::AllBuffers, NO_WHY);
        self.place(At::BuffersLeft);
        self.take(left, 1i64, "one event less");
        self.if_zero(left, At::EventLoop, "all done");
        self.add(ev, self.event_bytes, "the next event");
        self.place(At::Event);
        self.four(fd, at(ev, self.event_bytes - 8), "whose event it is");
        self.branch(fd, Cond::Below, FIRST_CONNECTION, At::ControlEvent, "no connection");
        self.gosub(Routine::Find);
        let w = self.s.conn_word;
        self.if_zero(w, At::Next, "closed meanwhile");
        self.if_any(w, entry::OUT, At::OnWritable, "it is written to");
        self.jump(At::Read, "it is read from");
        self.stopping();
        self.accept();
        self.lighten();
    }
}
