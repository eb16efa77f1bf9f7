//! The examples under gVisor.
