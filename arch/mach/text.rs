//! Machine code as text, for people: addresses, bytes, instructions as the decoder has them, and the names of what they
//! refer to. It is not read back.

use std::cell::RefCell;
use std::fmt::Write;

use crate::disasm;
use crate::ir::Ref;
use crate::ir::op::{Label, Program};
use crate::ir::text::Names;
use crate::mach::code::{Code, Layout, Unit};
use crate::pass::{Observer, Pass};
use crate::target::Target;

/// Columns of the bytes, of the instruction, and of what it refers to.
const BYTES_COLUMNS: usize = 24;
const INSTRUCTION_COLUMNS: usize = 40;

/// What a text needs to know of the program that the code was made from.
pub(crate) struct CodeNames {
    target: &'static Target,
    names: Names,
}

impl Code {
    /// Keeps what a text of it needs.
    pub(crate) fn keep_names(&mut self, target: &'static Target, program: &Program) {
        self.names = Some(CodeNames { target, names: Names::of(program) });
    }

    /// Tells an observer that wants to see it how the code is, given its bytes.
    pub(crate) fn observe(&self, pass: Pass, origin: u64, encoded: &[Vec<u8>], observer: &mut dyn Observer) {
        if let (Some(names), true) = (&self.names, observer.wants(pass)) {
            observer.see(pass, self.text(names, origin, encoded));
        }
    }

    fn text(&self, names: &CodeNames, origin: u64, encoded: &[Vec<u8>]) -> String {
        let layout = Layout::of_lengths(self, origin, encoded.iter().map(Vec::len));
        let mut text = String::new();
        for ((unit, bytes), &at) in self.units.iter().zip(encoded).zip(&layout.at) {
            match unit {
                Unit::Label(label) => {
                    let _ = writeln!(text, "{}:", names.names.label(*label));
                }
                Unit::Instruction { why, .. } => {
                    let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
                    let what = names.instruction(unit, bytes, at, &layout);
                    let line = format!("{at:08x}  {hex:<BYTES_COLUMNS$}  {what:<INSTRUCTION_COLUMNS$}  # {why}");
                    let _ = writeln!(text, "{}", line.trim_end_matches([' ', '#']));
                }
            }
        }
        text
    }
}

impl CodeNames {
    /// An instruction, and what it refers to.
    fn instruction(&self, unit: &Unit, bytes: &[u8], at: u64, layout: &Layout) -> String {
        let mut text = disasm::decode_all(self.target, bytes).join("; ");
        let Unit::Instruction { instruction, form, through, .. } = unit else { return text };
        let referred = RefCell::new(Vec::new());
        let tell = |to: Ref| {
            if !referred.borrow().contains(&to) {
                referred.borrow_mut().push(to);
            }
            at
        };
        // Only what it asks for is wanted; whether it reaches here makes no difference.
        let _ = instruction.encode(*form, at, &tell);
        let mut referred = referred.into_inner();
        // Asked for to see how near others are.
        if referred.len() > 1 {
            referred.retain(|to| *to != Ref::Image);
        }
        for to in referred {
            text = match (to, text.rsplit_once('$')) {
                (Ref::Code(label), Some((begin, _))) => format!("{begin}{}", self.names.label(label)),
                _ => format!("{text}; {}", self.reference(to)),
            };
        }
        if let Some(way) = through {
            let _ = write!(text, " through {:08x}", layout.at[*way]);
        }
        text
    }

    fn reference(&self, to: Ref) -> String {
        match to {
            Ref::Code(Label(number)) => self.names.label(Label(number)),
            Ref::Data(datum) => format!("&{}", self.names.datum_name(datum)),
            Ref::State(offset) => format!("state + {offset}"),
            Ref::Image => "image".into(),
        }
    }
}
