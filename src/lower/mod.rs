//! The description, lowered once to ISA-neutral operations: what the program does, in the order it does it.
//! No register, no opcode, no header is known here.

mod abi;
mod blocking;
mod epoll;
mod hello;
mod http;
#[cfg(feature = "mutants")]
mod mutate;
mod ok;
mod pause;
mod pieces;
mod rows;
mod socket;
mod wire;

use asmgen_arch::Target;
use asmgen_arch::op::Program as Ops;

use crate::elf::Tier;
use crate::spec::{Description, Engine, Program};

/// Lowers a description with filled-in placeholders to several programs that do the same, the plainest first. The
/// caller may take the one with the fewest bytes.
pub fn lower(description: &Description, target: &Target, tier: Tier) -> Vec<Ops> {
    let words = epoll::Words { name: &description.name, version: &description.about.version };
    match &description.program {
        Program::Hello { text } => vec![hello::lower(text)],
        Program::Pause => vec![pause::lower()],
        // Where a push is one byte, that is the shortest way to keep something; where every instruction is four, the
        // fewest are.
        Program::Ok { listen } if target.instruction_align == 1 => {
            vec![ok::lower(*listen, tier, true), ok::shared(*listen, tier, target)]
        }
        Program::Ok { listen } => {
            let plain = || ok::lower(*listen, tier, false);
            vec![rows::lower(*listen, target).unwrap_or_else(plain)]
        }
        Program::Server(server) => match server.engine {
            Engine::Epoll => vec![with_fault(epoll::lower(server, words, target))],
            Engine::Blocking => blocking::lower(server, target, tier),
        },
    }
}

/// With the fault that the environment asks for (`make mutants`).
#[cfg(feature = "mutants")]
fn with_fault(mut program: Ops) -> Ops {
    mutate::heed_environment(&mut program);
    program
}

/// As it is: no build but that of `make mutants` can do otherwise.
#[cfg(not(feature = "mutants"))]
fn with_fault(program: Ops) -> Ops {
    program
}
