//! Connections: what each waits for, what comes from it, what goes to it, and its end.
//!
//! ```text
//! table     entries of connections: deadline, events that are waited for, which has been waiting longest
//! receive   input, and what a connection does when its input is answered
//! transmit  replies of a batch in one call, and what a client has not taken
//! close     timeouts, 408, the end of a connection, and what the kernel may hold for all of them
//! ```

mod close;
mod receive;
mod table;
mod transmit;
