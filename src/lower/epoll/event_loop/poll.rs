//! The event loop: wait, then dispatch each event by its descriptor.
//!
//! Between two events the loop restores two invariants: a buffer is free, and the kernel holds no more memory for
//! connections than the spec allows.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::conn_entry::entry;
use crate::lower::epoll::state::memory_map::EVENTS;
use crate::lower::epoll::state::vars::var;

/// Numbers by which events name descriptors that are no connections.
pub(crate) const LISTENER: u32 = 0;
pub(crate) const TIMER: u32 = 1;
pub(crate) const SIGNALS: u32 = 2;
/// Connections are named by their descriptors, all of which are higher.
pub(crate) const FIRST_CONNECTION: u32 = 3;

/// How long the loop waits for an event once the listener is closed, in milliseconds. Then it closes the connections
/// with clients that have acknowledged everything.
const STOPPING_MS: i64 = 20;

impl Engine<'_> {
    /// Waits for events, and dispatches them.
    ///
    /// ```text
    /// state                                        epoll_wait waits
    /// serving                                      until an event
    /// asked to stop, drain time left               until an event
    /// asked to stop, drain time over               not at all, if the listener is in the set
    /// listener closed                              20 ms, then connections are looked at
    /// (with workers) closed, no connections        not at all: the end
    ///
    /// event of                                     leads to
    /// listener, timer, signals                     ControlEvent
    /// a descriptor closed by an earlier event      the next event
    /// a connection with an unsent reply            OnWritable
    /// any other connection                         Receive
    /// ```
    pub(crate) fn event_loop(&mut self) {
        let (timeout, state) = (self.s.n, self.local("stopping"));
        let (received, event, left) = (self.s.n, self.s.ev, self.s.left);
        self.place(At::EventLoop);
        self.set(timeout, -1i64, "wait for as long as it takes");
        self.four(state, frame(var::STOPPING), "0, 1 or 2");
        self.if_zero(state, At::WaitForEvents, "serving");
        self.branch(state, Cond::Eq, 1i64, At::Stopping, "asked to stop, and still taking connections");
        if self.has_workers() {
            let connections = self.local("connections");
            self.four(connections, frame(var::CONNECTIONS), "the listener is closed");
            self.if_zero(connections, At::Exit, "every client has its replies");
            self.place(At::WaitWhileStopping);
        }
        self.set(timeout, STOPPING_MS, "then close what has nothing left to do");
        self.place(At::WaitForEvents);
        let epoll = self.local("epoll");
        self.four(epoll, frame(var::EPOLL), "the epoll set");
        let events = Operand::State(self.state.events);
        let most = Operand::Const(EVENTS.into());
        let args = [Operand::Slot(epoll), events, most, Operand::Slot(timeout), Operand::Const(0), Operand::Any];
        self.call(Call::EpollWait, &args, Some(received), "wait");
        self.branch(received, Cond::Le, 0i64, At::NoEvent, "timeout, or EINTR after SIGSTOP and SIGCONT (signal(7))");
        self.set(left, received, "events to dispatch");
        self.set(event, events, "the first event");
        self.jump(At::Event, "nothing has changed the invariants since the last event");
        self.next_event();
        self.stopping();
        self.control_event();
        self.shed_load();
    }

    /// Restores the invariants, then dispatches the next event.
    fn next_event(&mut self) {
        let (event, left, fd) = (self.s.ev, self.s.left, self.s.fd);
        let [held, free, none_free] = ["held", "free buffer", "none free"].map(|name| self.local(name));
        self.place(At::Next);
        self.four(held, frame(var::HELD), "what the kernel holds, less what it may");
        self.branch(held, Cond::Ge, 0i64, At::HeldTooMuch, "too much, or not measured yet");
        self.place(At::HeldLittle);
        self.four(free, frame(var::FREE_BUFFER), "the first free buffer");
        self.set(none_free, Operand::State(self.state.buffers_end), "the list of free buffers ends here");
        self.branch(free, Cond::Eq, none_free, At::AllBuffers, "the next request may need one");
        self.place(At::BuffersLeft);
        self.take(left, 1i64, "one event less");
        self.if_zero(left, At::EventLoop, "all are dispatched");
        self.add(event, self.event_bytes, "the next event");
        self.place(At::Event);
        self.four(fd, at(event, self.event_bytes - 8), "epoll_event.data: the descriptor");
        self.branch(fd, Cond::Below, FIRST_CONNECTION, At::ControlEvent, "no connection");
        self.gosub(Routine::Find);
        let conn_word = self.s.conn_word;
        self.if_zero(conn_word, At::Next, "an earlier event has closed it");
        self.if_any(conn_word, entry::OUT, At::OnWritable, "its reply waits for room");
        self.jump(At::Receive, "its client sends");
    }
}
