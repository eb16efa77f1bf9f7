//! What the program keeps in memory, and where.
//!
//! ```text
//! vars            variables in the frame
//! conn_entry      the table of connections, and buffers
//! memory_map      tables, buffers and vectors in the state
//! response_table  replies that are stored, their records, and the table of routes
//! ```

pub(super) mod conn_entry;
pub(super) mod memory_map;
pub(super) mod response_table;
pub(super) mod vars;
