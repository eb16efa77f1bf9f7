//! Every pass from a program to machine code, in order. What a pass does is at the head of its file.
//!
//! [`Code::place`](crate::Code::place) runs the passes over machine code, from `merge-tails` on: they need to know
//! where code begins.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::CompileError;
use crate::choice::Tuning;
use crate::ir::op::{Program, Slot};
use crate::ir::text::Names;
use crate::mach::code::Code;
use crate::opt::{inline, jump_threading, narrow, promote, stack_slots, webs};
use crate::pass::{Observer, Pass, Unobserved};
use crate::regalloc::{self, Allocation, Colouring, Registers, spill};
use crate::target::{Machine, Target};

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
    let is_observed = Pass::ALL.into_iter().any(|pass| observer.wants(pass));
    let (once, known);
    let coloured = if is_observed || tuning.is_golf {
        once = colour(isa, program, tuning, observer)?;
        &once
    } else {
        known = Known::of(isa, program);
        let coloured = known.coloured.get_or_init(|| colour(isa, program, tuning, &mut Unobserved));
        coloured.as_ref().map_err(Clone::clone)?
    };
    let slots = coloured.allocation(isa.registers(), tuning.turn);
    let program = Program { data: Arc::clone(&program.data), ..coloured.program.clone() };
    if observer.wants(Pass::Assign) {
        observer.see(Pass::Assign, with_registers(&program, &slots, isa));
    }
    let mut code = isa.select(&program, &slots, tuning)?;
    code.turn = tuning.turn;
    if observer.wants(Pass::Select) {
        code.keep_names(isa.target(), &program);
    }
    Ok(code)
}

/// A program with registers for its slots, before the search for better ones.
struct Coloured {
    program: Program,
    colouring: Colouring,
    /// What the searches have found, by their numbers.
    found: Mutex<BTreeMap<Option<usize>, Allocation>>,
}

impl Coloured {
    fn allocation(&self, registers: &Registers, turn: Option<usize>) -> Allocation {
        let found = || self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let known = found().get(&turn).cloned();
        known.unwrap_or_else(|| {
            let slots = self.colouring.allocation(&self.program, registers, turn);
            found().insert(turn, slots.clone());
            slots
        })
    }
}

/// A program that was compiled before for a machine, and its colouring. The caller compiles a file that states its own
/// size several times, with the same operations and other data. The passes up to register allocation do not read data.
/// It also compiles a program with several searches for registers.
struct Known {
    machine: Machine,
    program: Program,
    coloured: OnceLock<Result<Coloured, CompileError>>,
}

/// So many programs are known; those of all machines, and one more of each.
const KEPT: usize = 6;

static KNOWN: Mutex<VecDeque<Arc<Known>>> = Mutex::new(VecDeque::new());

impl Known {
    /// The known program that is the same but for its data; this one from now on, if there is none.
    fn of(isa: &dyn Isa, program: &Program) -> Arc<Self> {
        let machine = isa.target().machine;
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = known.iter().find(|one| one.machine == machine && has_same_code(&one.program, program)) {
            return Arc::clone(same);
        }
        let new = Arc::new(Self { machine, program: program.clone(), coloured: OnceLock::new() });
        known.truncate(KEPT - 1);
        known.push_front(Arc::clone(&new));
        new
    }
}

/// Are two programs the same but for their data?
fn has_same_code(one: &Program, other: &Program) -> bool {
    let Program {
        insts, data: _, slots, labels, frame_bytes, word_bytes, spilled_bytes, frame_at, state_bytes, ..
    } = one;
    let Program { needless_after_failure, cannot_fail, .. } = one;
    *insts == other.insts
        && *slots == other.slots
        && *labels == other.labels
        && [frame_bytes, word_bytes, spilled_bytes, state_bytes]
            == [&other.frame_bytes, &other.word_bytes, &other.spilled_bytes, &other.state_bytes]
        && *frame_at == other.frame_at
        && *needless_after_failure == other.needless_after_failure
        && *cannot_fail == other.cannot_fail
}

/// The passes up to the search for registers.
fn colour(
    isa: &'static dyn Isa,
    program: &Program,
    tuning: &Tuning,
    observer: &mut dyn Observer,
) -> Result<Coloured, CompileError> {
    let mut passes = Passes { program: Cow::Borrowed(program), observer };
    passes.ran(Pass::Lower);
    if let Some(often) = isa.promotes_from() {
        passes.run(Pass::Unstack, stack_slots::to_slots);
        passes.run(Pass::Promote, |program| promote::to_slots(program, &promote::words(program, often)));
    }
    let colouring = passes.assign_registers(isa.registers(), tuning)?;
    Ok(Coloured { program: passes.program.into_owned(), colouring, found: Mutex::default() })
}

/// A program between passes.
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

    /// The passes up to register allocation; slots that find no register move to the frame, and allocation begins
    /// again.
    fn assign_registers(&mut self, registers: &Registers, tuning: &Tuning) -> Result<Colouring, CompileError> {
        self.run(Pass::ThreadJumps, jump_threading::thread_jumps);
        self.run(Pass::Inline, inline::inline);
        self.run(Pass::CleanUp, jump_threading::thread_jumps);
        self.run(Pass::SplitWebs, webs::split);
        loop {
            if registers.narrows {
                self.run(Pass::Narrow, narrow::narrow);
            }
            let must_spill = match regalloc::colour(&self.program, registers, tuning) {
                Ok(colouring) => return Ok(colouring),
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
        let held: Vec<&str> =
            all.filter(|&slot| slots.assigned(slot) == register).map(|slot| names.slot(slot)).collect();
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
    let colouring = passes.assign_registers(registers, &Tuning::default())?;
    let slots = colouring.allocation(&passes.program, registers, Some(0));
    Ok((passes.program.into_owned(), slots))
}
