//! The description of a program: from TOML, or from a single file, to a checked [`Description`].

pub mod description;

pub use description::{About, Description, Engine, Listen, Program, Reply, Route, Server};
