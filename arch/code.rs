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
    /// The byte of this offset in the program's state.
    State(u32),
    /// The file's first byte.
    Image,
}

/// A place outside the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A datum's first byte.
    Datum(DatumId),
    /// The state's byte of this offset.
    State(u32),
    /// The file's first byte.
    Image,
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

    /// Places the code at `origin`; `data` gives the address of what is not code once the code's end is known.
    ///
    /// # Errors
    /// An instruction whose operand is out of reach even in its longest form.
    pub fn place(&mut self, origin: u64, data: &dyn Fn(Place, u64) -> u64) -> Result<PlacedCode, CompileError> {
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
        data: &dyn Fn(Place, u64) -> u64,
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
                        Ref::Data(datum) => data(Place::Datum(datum), previous.end),
                        Ref::State(offset) => data(Place::State(offset), previous.end),
                        Ref::Image => data(Place::Image, previous.end),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::{Arg, Cond, Kind, Op, Program};
    use crate::syscall::Call;
    use crate::{TARGETS, Target};

    /// A loop of so many calls whose jumps lead over all of them, both ways.
    fn loop_of(calls: usize) -> Program {
        let mut program = Program::default();
        let result = program.slot("result", Kind::Int);
        let (again, end) = (program.label("again"), program.label("end"));
        program.place(again);
        for _ in 0..calls {
            program.call(Call::Close, &[Arg::Const(3)], Some(result), "close");
        }
        program.push(Op::Branch { left: result, cond: Cond::Ne, right: Arg::Const(0), to: end }, "leave");
        for _ in 0..calls {
            program.call(Call::Close, &[Arg::Const(3)], None, "close");
        }
        program.push(Op::Jump(again), "again");
        program.place(end);
        program.call(Call::Exit, &[Arg::Const(0)], None, "exit");
        program
    }

    fn place(target: &Target, program: &Program) -> PlacedCode {
        let mut code = crate::compile(target, program).expect("it compiles");
        code.place(0x1_0078, &|_, end| end).expect("it can be placed")
    }

    #[test]
    fn jumps_are_as_short_as_their_distance_allows() {
        let target = Target::by_name("x86_64").unwrap();
        for calls in [1, 5, 10, 20, 21, 22, 40, 200] {
            let placed = place(target, &loop_of(calls));
            let jumps = placed.instructions.iter().filter(|one| one.why.contains('→'));
            for near in jumps.filter(|one| one.bytes.len() > 2) {
                let [.., a, b, c, d] = near.bytes[..] else { unreachable!("a near jump has 5 or 6 bytes") };
                let distance = i32::from_le_bytes([a, b, c, d]);
                assert!(i8::try_from(distance).is_err(), "{calls} calls: {distance} fits a short jump");
            }
            let long = placed.instructions.iter().filter(|one| one.why.contains('→') && one.bytes.len() > 2).count();
            assert_eq!(long == 0, calls < 12, "{calls} calls: {long} near jumps");
        }
    }

    #[test]
    fn instructions_follow_each_other_and_labels_stand_where_jumps_lead() {
        for target in TARGETS {
            let placed = place(target, &loop_of(30));
            let mut at = 0x1_0078;
            for one in &placed.instructions {
                assert_eq!(one.at, at, "{}", target.name);
                at += one.bytes.len() as u64;
            }
            assert_eq!(placed.end, at);
            assert_eq!(placed.label(Label(0)), Some(0x1_0078));
            assert!(placed.instructions.iter().any(|one| Some(one.at) == placed.label(Label(1))));
        }
    }
}
