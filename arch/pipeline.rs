//! Every pass from a program to machine code, in order. What a pass does is at the head of its file.
//!
//! [`Code::place`](crate::Code::place) runs the passes over machine code, from `merge-tails` on: they need to know where
//! code begins.

use std::borrow::Cow;
use std::fmt::Write;

use crate::alloc::{Allocation, Registers, allocate};
use crate::code::Code;
use crate::golf::tuning::Tuning;
use crate::op::{Program, Slot};
use crate::opt::{inline, jump_threading, narrow, promote, stack_slots, webs};
#[cfg(test)]
use crate::pass::Unobserved;
use crate::pass::{Observer, Pass};
use crate::target::Target;
use crate::text::Names;
use crate::{CompileError, spill};

/// What the passes ask of an instruction set.
pub(crate) trait Isa: Sync {
    /// The target's facts.
    fn target(&self) -> &'static Target;
    /// Its registers.
    fn registers(&self) -> &Registers;
    /// Where registers are many: how often a word of the frame is accessed that is worth one.
    fn promotes_from(&self) -> Option<u32>;
    /// Instruction selection.
    fn select(&'static self, program: &Program, slots: &Allocation, tuning: &Tuning) -> Result<Code, CompileError>;
}

/// Compiles a program: all passes up to instruction selection.
pub(crate) fn compile(
    isa: &'static dyn Isa,
    program: &Program,
    tuning: &Tuning,
    observer: &mut dyn Observer,
) -> Result<Code, CompileError> {
    let mut passes = Passes { program: Cow::Borrowed(program), observer };
    passes.ran(Pass::Lower);
    if let Some(often) = isa.promotes_from() {
        passes.run(Pass::Unstack, stack_slots::to_slots);
        passes.run(Pass::Promote, |program| promote::to_slots(program, &promote::words(program, often)));
    }
    let slots = passes.assign_registers(isa.registers(), tuning)?;
    let Passes { program, observer } = passes;
    if observer.wants(Pass::Assign) {
        observer.see(Pass::Assign, with_registers(&program, &slots, isa));
    }
    let mut code = isa.select(&program, &slots, tuning)?;
    if observer.wants(Pass::Select) {
        code.keep_names(isa.target(), &program);
    }
    Ok(code)
}

/// A program on its way.
struct Passes<'p, 'o> {
    program: Cow<'p, Program>,
    observer: &'o mut dyn Observer,
}

impl Passes<'_, '_> {
    /// Runs a pass.
    fn run(&mut self, pass: Pass, run: impl FnOnce(&Program) -> Program) {
        self.program = Cow::Owned(run(&self.program));
        self.ran(pass);
    }

    fn ran(&mut self, pass: Pass) {
        if self.observer.wants(pass) {
            self.observer.see(pass, self.program.to_string());
        }
    }

    /// The passes up to register allocation; slots that find no register move to the frame, and allocation begins again.
    fn assign_registers(&mut self, registers: &Registers, tuning: &Tuning) -> Result<Allocation, CompileError> {
        self.run(Pass::ThreadJumps, jump_threading::thread_jumps);
        self.run(Pass::Inline, inline::inline);
        self.run(Pass::CleanUp, jump_threading::thread_jumps);
        self.run(Pass::SplitWebs, webs::split);
        loop {
            if registers.narrows {
                self.run(Pass::Narrow, narrow::narrow);
            }
            let must_spill = match allocate(&self.program, registers, tuning) {
                Ok(slots) => return Ok(slots),
                Err(must_spill) => must_spill?,
            };
            self.run(Pass::Spill, |program| spill::to_frame(program, &must_spill));
        }
    }
}

/// The program as text; above it a comment for each register says which slots it holds.
fn with_registers(program: &Program, slots: &Allocation, isa: &dyn Isa) -> String {
    let names = Names::of(program);
    let mut text = String::new();
    for (register, name) in (0..).zip(isa.target().registers) {
        let all = (0..program.slots.len()).map(|number| Slot(number as u16));
        let held: Vec<&str> = all.filter(|&slot| slots.home(slot) == register).map(|slot| names.slot(slot)).collect();
        let name = if register == isa.registers().nowhere { "no register" } else { name };
        if !held.is_empty() {
            let _ = writeln!(text, "# {name}: {}", held.join(", "));
        }
    }
    text + &program.to_string()
}

/// The passes up to register allocation, for registers that no machine has.
#[cfg(test)]
pub(crate) fn fit(program: &Program, registers: &Registers) -> Result<(Program, Allocation), CompileError> {
    let mut passes = Passes { program: Cow::Borrowed(program), observer: &mut Unobserved };
    let slots = passes.assign_registers(registers, &Tuning::default())?;
    Ok((passes.program.into_owned(), slots))
}
