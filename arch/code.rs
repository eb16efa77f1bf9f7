//! Selected instructions and their way to bytes. Every instruction starts in its shortest form; where that does not
//! reach, it grows to the next, and never shrinks again: so placing ends, at the least fixed point.

use crate::CompileError;
use crate::op::{DatumId, Label};

/// What an instruction may refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ref {
    /// A place in the code.
    Code(Label),
    /// A datum.
    Data(DatumId),
}

/// An instruction whose operands may still be symbolic.
pub(crate) trait Encode {
    /// Its bytes in this form, standing at this address; `None` if that form does not reach.
    /// Form 0 is the shortest; the last form always fits or fails.
    fn encode(&self, form: u8, at: u64, address: &dyn Fn(Ref) -> u64) -> Result<Option<Vec<u8>>, CompileError>;
}

/// A unit of code.
enum Unit {
    Label(Label),
    Instruction { instruction: Box<dyn Encode>, form: u8, why: String },
}

/// Selected code, not yet placed.
#[derive(Default)]
pub struct Code {
    units: Vec<Unit>,
    /// Data that the code itself builds, so that nobody has to place them.
    built: Vec<DatumId>,
}

/// An instruction in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its address.
    pub at: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it is for.
    pub why: String,
}

/// Code in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedCode {
    /// The instructions, in the order of their addresses.
    pub instructions: Vec<Placed>,
    /// Where the labels are.
    pub labels: Vec<(Label, u64)>,
    /// Address behind the last instruction.
    pub end: u64,
}

impl PlacedCode {
    /// The address of a label.
    pub fn label(&self, label: Label) -> Option<u64> {
        self.labels.iter().find(|(other, _)| *other == label).map(|&(_, at)| at)
    }
}

impl Code {
    pub(crate) fn label(&mut self, label: Label) {
        self.units.push(Unit::Label(label));
    }

    pub(crate) fn push(&mut self, instruction: impl Encode + 'static, why: String) {
        self.units.push(Unit::Instruction { instruction: Box::new(instruction), form: 0, why });
    }

    pub(crate) fn builds(&mut self, datum: DatumId) {
        self.built.push(datum);
    }

    /// Must this datum be in memory? Not if the code builds it itself.
    pub fn needs(&self, datum: DatumId) -> bool {
        !self.built.contains(&datum)
    }

    /// Places the code at `origin`; `data` gives the address of a datum once the code's end is known.
    ///
    /// # Errors
    /// An instruction whose operand is out of reach even in its longest form.
    pub fn place(&mut self, origin: u64, data: &dyn Fn(DatumId, u64) -> u64) -> Result<PlacedCode, CompileError> {
        let mut previous = PlacedCode { instructions: Vec::new(), labels: Vec::new(), end: origin };
        loop {
            let placed = self.pass(origin, &previous, data)?;
            if placed == previous {
                return Ok(placed);
            }
            previous = placed;
        }
    }

    /// Places all units once, with addresses as the last pass left them.
    fn pass(
        &mut self,
        origin: u64,
        previous: &PlacedCode,
        data: &dyn Fn(DatumId, u64) -> u64,
    ) -> Result<PlacedCode, CompileError> {
        let mut placed = PlacedCode { instructions: Vec::new(), labels: Vec::new(), end: origin };
        for unit in &mut self.units {
            match unit {
                Unit::Label(label) => placed.labels.push((*label, placed.end)),
                Unit::Instruction { instruction, form, why } => {
                    let at = placed.end;
                    // A label not seen yet is taken to be here: the shortest distance, corrected by the next pass.
                    let address = |to: Ref| match to {
                        Ref::Code(label) => previous.label(label).unwrap_or(at),
                        Ref::Data(datum) => data(datum, previous.end),
                    };
                    let bytes = loop {
                        match instruction.encode(*form, at, &address)? {
                            Some(bytes) => break bytes,
                            None => *form += 1,
                        }
                    };
                    placed.end += bytes.len() as u64;
                    placed.instructions.push(Placed { at, bytes, why: why.clone() });
                }
            }
        }
        Ok(placed)
    }
}
