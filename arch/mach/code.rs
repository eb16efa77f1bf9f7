//! Machine code that is selected, and its way to bytes.
//!
//! Problem: the length of a jump depends on where its label is, and that depends on the lengths of all jumps (branch
//! displacement; Szymanski, Assembling code for machines with span-dependent instructions, 1978).
//! Strategy: branch relaxation. Every instruction starts in its shortest encoding. Where that does not reach, it grows
//! to the next and never shrinks again, until nothing grows.
//! Invariant: each pass encodes all instructions for one and the same layout. So the result is the least fixed point:
//! no instruction is long that could be short.
//! Cost: a pass encodes everything; a few passes are enough.

use crate::CompileError;
use crate::analysis::assertions::{Assertions, Known};
use crate::ir::op::{Datum, DatumId, FrameByte, Label, Program};
use crate::ir::{Place, Ref};
use crate::mach::blocks;
use crate::mach::branch_chains::{self, Piece};
use crate::mach::inst::{ControlFlow, MachInst};
use crate::mach::tail_merge;
use crate::mach::text::CodeNames;
use crate::pass::{Observer, Pass, Unobserved};

/// A unit of code.
pub(crate) enum Unit {
    Label(Label),
    /// An instruction; a jump may go to another of the units instead of its label.
    Instruction {
        instruction: Box<dyn MachInst>,
        form: u8,
        why: String,
        /// Where in the frame its operand in memory is, if it has one there.
        in_frame: Option<FrameByte>,
        through: Option<usize>,
        /// What is believed of registers before it, if that is kept.
        assertions: Option<Box<Assertions>>,
    },
}

impl Unit {
    /// An instruction of which nobody knows how it is to be encoded yet.
    pub(crate) fn new(instruction: Box<dyn MachInst>, why: impl Into<String>) -> Self {
        Self::Instruction { instruction, form: 0, why: why.into(), in_frame: None, through: None, assertions: None }
    }

    /// Control comes here in other ways, too.
    pub(crate) fn doubt(&mut self) {
        if let Self::Instruction { assertions, .. } = self {
            *assertions = None;
        }
    }
}

/// Selected code, not yet placed.
#[derive(Default)]
pub struct Code {
    pub(crate) units: Vec<Unit>,
    /// Data that the code itself builds, so that nobody has to place them.
    built: Vec<DatumId>,
    /// Data that the code brings along; their numbers are behind those of the program's.
    pub(crate) brought: Vec<(DatumId, Datum)>,
    /// Data of the program whose addresses have to be multiples of a number, beside what the program says.
    aligned: Vec<(DatumId, u32)>,
    /// May its parts change places?
    pub(crate) may_change_order: bool,
    /// Which search for the order of its blocks, if there is to be one.
    pub(crate) turn: Option<usize>,
    /// Have ways for its jumps been looked for?
    has_chains: bool,
    /// The first label that is not the program's.
    first_own: Option<u16>,
    /// What a text of it needs, if anybody wants one.
    pub(crate) names: Option<CodeNames>,
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
    /// Where in the frame its operand in memory is, if it has one there.
    pub in_frame: Option<FrameByte>,
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
    /// What is believed of registers, if [`crate::compile_with_assertions`] has selected it.
    pub known: Vec<Known>,
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

    /// Adds an instruction. Its operand in memory, if it has one, is this byte of the frame.
    pub(crate) fn push(&mut self, instruction: impl MachInst + 'static, why: String, byte: Option<FrameByte>) {
        let mut unit = Unit::new(Box::new(instruction), why);
        if let Unit::Instruction { in_frame, .. } = &mut unit {
            *in_frame = byte;
        }
        self.units.push(unit);
    }

    /// Names the operands in the frame of all units from this number on.
    pub(crate) fn name_frame_bytes(&mut self, begin: usize, variable: impl Fn(FrameByte) -> Option<u16>) {
        for unit in self.units.iter_mut().skip(begin) {
            if let Unit::Instruction { in_frame: Some(byte), .. } = unit {
                byte.variable = variable(*byte);
            }
        }
    }

    /// Keeps what is believed before the unit of this number, if it is an instruction.
    pub(crate) fn assert_values(&mut self, unit: usize, before: Assertions) {
        if let Some(Unit::Instruction { assertions, .. }) = self.units.get_mut(unit) {
            *assertions = Some(Box::new(before));
        }
    }

    pub(crate) fn builds(&mut self, datum: DatumId) {
        self.built.push(datum);
    }

    /// Brings along data, those of its program being so many.
    pub(crate) fn bring(&mut self, data: usize, datum: Datum) -> DatumId {
        let same = self.brought.iter().find(|(_, other)| other.parts == datum.parts && other.align == datum.align);
        if let Some((id, _)) = same {
            return *id;
        }
        let id = DatumId(u32::try_from(data + self.brought.len()).expect("a program has fewer than 2^32 data"));
        self.brought.push((id, datum));
        id
    }

    /// Has the address of a datum be a multiple of this.
    pub(crate) fn align(&mut self, datum: DatumId, bytes: u32) {
        self.aligned.push((datum, bytes));
    }

    /// What the address of a datum is a multiple of, for the code's sake.
    pub(crate) fn alignment(&self, datum: DatumId) -> u32 {
        self.aligned.iter().filter(|(one, _)| *one == datum).map(|(_, bytes)| *bytes).max().unwrap_or(1)
    }

    /// A datum, of its program or of its own.
    pub(crate) fn datum<'a>(&'a self, program: &'a Program, id: DatumId) -> &'a Datum {
        let own = self.brought.iter().find(|(one, _)| *one == id).map(|(_, datum)| datum);
        own.unwrap_or_else(|| &program.data[id.at()])
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
        self.place_observed(origin, data, &mut Unobserved)
    }

    /// The same; the observer is told what the passes make.
    ///
    /// # Errors
    /// The same.
    pub fn place_observed(
        &mut self,
        origin: u64,
        data: &dyn Fn(Place, u64) -> u64,
        observer: &mut dyn Observer,
    ) -> Result<PlacedCode, CompileError> {
        if !self.has_chains {
            self.has_chains = true;
            let mut shortest = self.pass(&Layout::of(self, origin), data)?;
            self.observe(Pass::Select, origin, &shortest, observer);
            if self.may_change_order {
                self.merge_tails(&shortest);
                shortest = self.pass(&Layout::of(self, origin), data)?;
                self.observe(Pass::MergeTails, origin, &shortest, observer);
                self.change_order(&shortest);
                shortest = self.pass(&Layout::of(self, origin), data)?;
                self.observe(Pass::OrderBlocks, origin, &shortest, observer);
            }
            self.chain_jumps(&shortest);
            if observer.wants(Pass::ChainJumps) {
                shortest = self.pass(&Layout::of(self, origin), data)?;
                self.observe(Pass::ChainJumps, origin, &shortest, observer);
            }
        }
        let mut layout = Layout::of(self, origin);
        loop {
            let encoded = self.pass(&layout, data)?;
            let next = Layout::of_lengths(self, origin, encoded.iter().map(Vec::len));
            if next == layout {
                self.observe(Pass::Relax, origin, &encoded, observer);
                return Ok(self.placed(&layout, encoded, data));
            }
            layout = next;
        }
    }

    /// Encodes all instructions where one and the same layout has them and everything they refer to: a mixture of an
    /// older and a newer one would have jumps grow for distances that there never are.
    fn pass(&mut self, layout: &Layout, data: &dyn Fn(Place, u64) -> u64) -> Result<Vec<Vec<u8>>, CompileError> {
        let mut encoded = Vec::with_capacity(self.units.len());
        for (unit, &at) in self.units.iter_mut().zip(&layout.at) {
            let Unit::Instruction { instruction, form, through, .. } = unit else {
                encoded.push(Vec::new());
                continue;
            };
            // A label that is nowhere yet is taken to be here: the shortest distance, corrected by the next pass.
            let address = |to: Ref| match to {
                Ref::Code(_) if through.is_some() => through.map_or(at, |unit| layout.at[unit]),
                to => layout.address(to, data).unwrap_or(at),
            };
            encoded.push(loop {
                match instruction.encode(*form, at, &address)? {
                    Some(bytes) => break bytes,
                    None => *form += 1,
                }
            });
        }
        Ok(encoded)
    }

    fn pieces(&self, encoded: &[Vec<u8>]) -> Vec<Piece> {
        let piece = |(unit, bytes): (&Unit, &Vec<u8>)| match unit {
            Unit::Label(label) => Piece::Label(*label),
            Unit::Instruction { instruction, .. } => match (instruction.may_be_chained(), instruction.control_flow()) {
                (true, ControlFlow::Jump(to)) => Piece::Jump { to, condition: None },
                (true, ControlFlow::CondJump { to, condition }) => Piece::Jump { to, condition: Some(condition) },
                (_, flow) => Piece::Bytes { len: bytes.len() as u32, goes_on: flow.falls_through() },
            },
        };
        self.units.iter().zip(encoded).map(piece).collect()
    }

    /// Has endings that are the same stand there once.
    fn merge_tails(&mut self, encoded: &[Vec<u8>]) {
        let next = next_label(&self.units);
        let lens: Vec<u32> = encoded.iter().map(|bytes| bytes.len() as u32).collect();
        self.units = tail_merge::merge(std::mem::take(&mut self.units), &lens, next);
        self.first_own = Some(next);
    }

    /// Has its parts stand where they save jumps.
    fn change_order(&mut self, encoded: &[Vec<u8>]) {
        let lens: Vec<u32> = encoded.iter().map(|bytes| bytes.len() as u32).collect();
        self.units = blocks::in_order(std::mem::take(&mut self.units), &lens, self.turn);
    }

    /// Has jumps go by way of others where that is shorter.
    fn chain_jumps(&mut self, encoded: &[Vec<u8>]) {
        let pieces = self.pieces(encoded);
        if !pieces.iter().any(|piece| matches!(piece, Piece::Jump { .. })) {
            return;
        }
        let plan = branch_chains::plan(&pieces);
        for (added, &(before, to)) in plan.islands.iter().enumerate() {
            let likes = self.units.iter().find_map(|unit| match unit {
                Unit::Instruction { instruction, .. } => instruction.jump_to(to),
                Unit::Label(_) => None,
            });
            let instruction = likes.expect("there are jumps");
            self.units.insert(before + added, Unit::new(instruction, "on the way of jumps from near here"));
        }
        for &way in plan.through.iter().flatten() {
            self.units[way].doubt();
        }
        for (unit, way) in self.units.iter_mut().zip(plan.through) {
            if let Unit::Instruction { through, .. } = unit {
                *through = way;
            }
        }
    }

    fn placed(&self, layout: &Layout, encoded: Vec<Vec<u8>>, data: &dyn Fn(Place, u64) -> u64) -> PlacedCode {
        let (instructions, labels, known) = (Vec::new(), Vec::new(), Vec::new());
        let mut placed = PlacedCode { instructions, labels, end: layout.end, known };
        let address = |to: Ref| layout.address(to, data).expect("every label is placed");
        for ((unit, &at), bytes) in self.units.iter().zip(&layout.at).zip(encoded) {
            match unit {
                Unit::Label(label) if self.first_own.is_some_and(|own| label.0 >= own) => {}
                Unit::Label(label) => placed.labels.push((*label, at)),
                Unit::Instruction { why, in_frame, assertions, .. } => {
                    placed.instructions.push(Placed { at, bytes, why: why.clone(), in_frame: *in_frame });
                    placed.known.extend(assertions.iter().flat_map(|assertions| assertions.at(at, &address)));
                }
            }
        }
        placed
    }
}

/// The first label that no unit has, nor any behind it.
pub(crate) fn next_label(units: &[Unit]) -> u16 {
    let labels = units.iter().filter_map(|unit| if let Unit::Label(label) = unit { Some(label.0) } else { None });
    labels.max().map_or(0, |last| last + 1)
}

/// Where everything is.
#[derive(PartialEq, Eq)]
pub(crate) struct Layout {
    /// Address of each unit.
    pub(crate) at: Vec<u64>,
    /// Addresses of the labels, by their numbers.
    labels: Vec<Option<u64>>,
    end: u64,
}

impl Layout {
    /// Before anything is encoded: everything at the origin, the labels nowhere.
    fn of(code: &Code, origin: u64) -> Self {
        Self { at: vec![origin; code.units.len()], labels: Vec::new(), end: origin }
    }

    /// Where something is; none if it is a label that is nowhere yet.
    fn address(&self, to: Ref, data: &dyn Fn(Place, u64) -> u64) -> Option<u64> {
        Some(match to {
            Ref::Code(label) => return self.labels.get(usize::from(label.0)).copied().flatten(),
            Ref::Data(datum) => data(Place::Datum(datum), self.end),
            Ref::State(offset) => data(Place::State(offset), self.end),
            Ref::Image => data(Place::Image, self.end),
        })
    }

    pub(crate) fn of_lengths(code: &Code, origin: u64, lengths: impl Iterator<Item = usize>) -> Self {
        let mut layout = Self { at: Vec::with_capacity(code.units.len()), labels: Vec::new(), end: origin };
        for (unit, len) in code.units.iter().zip(lengths) {
            if let Unit::Label(label) = unit {
                let number = usize::from(label.0);
                layout.labels.resize(layout.labels.len().max(number + 1), None);
                layout.labels[number] = Some(layout.end);
            }
            layout.at.push(layout.end);
            layout.end += len as u64;
        }
        layout
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::op::{Cond, Kind, Op, Operand, Program};
    use crate::ir::syscall::Call;
    use crate::{TARGETS, Target};

    /// A loop of so many calls whose jumps lead over all of them, both ways.
    fn loop_of(calls: usize) -> Program {
        let mut program = Program::default();
        let result = program.slot("result", Kind::Int);
        let (again, end) = (program.label("again"), program.label("end"));
        program.place(again);
        for _ in 0..calls {
            program.call(Call::Close, &[Operand::Const(3)], Some(result), "close");
        }
        program.push(Op::Branch { left: result, cond: Cond::Ne, right: Operand::Const(0), to: end }, "leave");
        for _ in 0..calls {
            program.call(Call::Close, &[Operand::Const(3)], None, "close");
        }
        program.push(Op::Jump(again), "again");
        program.place(end);
        program.call(Call::Exit, &[Operand::Const(0)], None, "exit");
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
