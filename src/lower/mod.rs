//! The description, lowered once to ISA-neutral operations: what the program does, in the order it does it.
//! No register, no opcode, no header is known here.

mod abi;
mod blocking;
mod hello;
mod http;
mod pause;

use asmgen_arch::op::Program as Ops;

use crate::spec::{Description, Engine, Program};

/// Lowers a description whose placeholders have been filled in.
pub fn lower(description: &Description) -> Ops {
    match &description.program {
        Program::Hello { text } => hello::lower(text),
        Program::Pause => pause::lower(),
        Program::Server(server) => match server.engine {
            Engine::Blocking => blocking::lower(server),
        },
    }
}
