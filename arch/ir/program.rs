//! A whole program: operations in order, data, memory, and names.

use std::borrow::Cow;
use std::sync::Arc;

use super::data::{Datum, Part};
use super::data_table::DataTable;
use super::entities::{DatumId, Kind, Label, Slot};
use super::operand::{Base, Mem, Operand, Width};
use super::operation::Op;
use super::syscall::Call;

/// An operation and why it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inst {
    /// The operation.
    pub op: Op,
    /// The reason, for the listing.
    pub why: String,
    /// The variable that its operand in memory is, by its number: several variables may share bytes of the frame.
    pub variable: Option<u16>,
}

/// Where in the frame an instruction's operand in memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameByte {
    /// Its offset in the frame, without an index.
    pub offset: i32,
    /// Is an index added?
    pub is_indexed: bool,
    /// The variable that the operation names.
    pub variable: Option<u16>,
}

/// An instruction may be selected for several operations. So many before its last are searched for the variable that
/// they name.
const OPERATIONS_PER_INSTRUCTION: usize = 8;

/// A slot's name and kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotInfo {
    /// What it holds, for messages.
    pub name: Cow<'static, str>,
    /// Number or address.
    pub kind: Kind,
}

/// A variable in the frame, for listings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Offset of its first byte in the frame.
    pub at: u32,
    /// Number of its bytes.
    pub bytes: u32,
}

/// An index may count from so many bytes before a variable.
const BEFORE_INDEXED_BYTES: i32 = 16;

impl Variable {
    /// Distance of a byte of the frame from the variable's first. None: it is not one of its bytes, and no index leads
    /// from it to them.
    fn distance(&self, offset: i32, is_indexed: bool) -> Option<i32> {
        let distance = offset - self.at as i32;
        let least = if is_indexed { -BEFORE_INDEXED_BYTES } else { 0 };
        (least..self.bytes as i32).contains(&distance).then_some(distance)
    }
}

/// Room for slots without a register below a frame that lies in the state.
pub const FRAME_BELOW_BYTES: u32 = 256;

/// A whole program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// What it does; starts with the first.
    pub insts: Vec<Inst>,
    /// What it reads. Passes copy programs, and what is served can be large, so copies share it.
    pub data: Arc<DataTable>,
    /// Its slots.
    pub slots: Vec<SlotInfo>,
    /// Names of its labels.
    pub labels: Vec<String>,
    /// Names of what lies in its frame; several may share bytes.
    pub variables: Vec<Variable>,
    /// Bytes of writable stack memory it uses.
    pub frame_bytes: u32,
    /// Bytes at its beginning that are words of 4 bytes, each accessed by its own offset and never by an address. A
    /// machine with enough registers may keep them there.
    pub word_bytes: u32,
    /// Bytes right below them that hold slots for which there is no register.
    pub spilled_bytes: u32,
    /// Where in the state the frame begins, if it lies there instead of on the stack: all 0 at the start, at a fixed
    /// address. Right below it there is room for [`FRAME_BELOW_BYTES`].
    pub frame_at: Option<u32>,
    /// Bytes of writable memory at a fixed address, all 0 at the start.
    pub state_bytes: u32,
    /// Calls that make no difference where the one before them has failed, so that they need not be made then.
    pub needless_after_failure: Vec<Call>,
    /// Calls that cannot fail with the arguments that they are given.
    pub cannot_fail: Vec<Call>,
}

impl Program {
    /// A new slot.
    pub fn slot(&mut self, name: impl Into<Cow<'static, str>>, kind: Kind) -> Slot {
        self.slots.push(SlotInfo { name: name.into(), kind });
        Slot(u16::try_from(self.slots.len() - 1).expect("a program has at most 65536 slots"))
    }

    /// A new label, yet to be placed.
    pub fn label(&mut self, name: impl Into<String>) -> Label {
        self.labels.push(name.into());
        Label(u16::try_from(self.labels.len() - 1).expect("a program has at most 65536 labels"))
    }

    /// New data; the same content is kept once.
    pub fn datum(&mut self, name: impl Into<String>, parts: Vec<Part>, overread_bytes: u32) -> DatumId {
        let data = Arc::make_mut(&mut self.data);
        data.same(&parts, overread_bytes).unwrap_or_else(|| {
            data.push(Datum { name: name.into(), parts, overread_bytes, writable: false, align: 1, within: None })
        })
    }

    /// The data, to be changed: those of this program alone.
    pub fn data_mut(&mut self) -> &mut Vec<Datum> {
        Arc::make_mut(&mut self.data).all_mut()
    }

    /// New data that the program may write to.
    pub fn writable_datum(&mut self, name: impl Into<String>, parts: Vec<Part>) -> DatumId {
        let datum = Datum { name: name.into(), parts, overread_bytes: 0, writable: true, align: 1, within: None };
        Arc::make_mut(&mut self.data).push(datum)
    }

    /// What stands in a datum, so many bytes from its start: no bytes of its own.
    pub fn datum_within(&mut self, datum: DatumId, offset: u32) -> DatumId {
        let Datum { name, writable, within, .. } = &self.data[datum.at()];
        assert!(within.is_none(), "data stand in data that have bytes");
        let (name, writable, within) = (format!("within {name}"), *writable, Some((datum, offset)));
        let data = Arc::make_mut(&mut self.data);
        data.within(datum, offset).unwrap_or_else(|| {
            data.push(Datum { name, parts: Vec::new(), overread_bytes: 0, writable, align: 1, within })
        })
    }

    /// Has data's address be a multiple of a power of two, beside what was asked for before.
    pub fn align(&mut self, datum: DatumId, bytes: u32) {
        assert!(bytes.is_power_of_two(), "alignments are powers of two");
        let align = Arc::make_mut(&mut self.data).align_mut(datum);
        *align = bytes.max(*align);
    }

    /// Does it write to memory beside the stack?
    pub fn has_writable_memory(&self) -> bool {
        self.state_bytes > 0 || self.data.iter().any(|datum| datum.writable)
    }

    /// Begins a routine at the end.
    pub fn routine(&mut self, label: Label) {
        let why = self.labels[usize::from(label.0)].clone();
        self.push(Op::Routine(label), why);
    }

    /// Adds an operation at the end.
    pub fn push(&mut self, op: Op, why: impl Into<String>) {
        self.insts.push(Inst { op, why: why.into(), variable: None });
    }

    /// Places a label at the end.
    pub fn place(&mut self, label: Label) {
        let why = self.labels[usize::from(label.0)].clone();
        self.push(Op::Label(label), why);
    }

    /// Adds a system call at the end.
    pub fn call(&mut self, call: Call, args: &[Operand], result: Option<Slot>, why: impl Into<String>) {
        self.push(Op::Call { call, args: args.to_vec(), result }, why);
    }

    /// The insts before the first label: each is done once.
    pub(crate) fn prologue(&self) -> &[Inst] {
        let end = self
            .insts
            .iter()
            .position(|inst| matches!(inst.op, Op::Label(_) | Op::Routine(_)))
            .unwrap_or(self.insts.len());
        &self.insts[..end]
    }

    /// Labels with their addresses in data: control comes there from elsewhere, too.
    pub(crate) fn labels_in_data(&self) -> impl Iterator<Item = Label> {
        let label = |part: &Part| match part {
            Part::Code(label) | Part::CodeAddress(label) => Some(*label),
            _ => None,
        };
        self.data.iter().flat_map(|datum| &datum.parts).filter_map(label)
    }

    /// Does it ask for the stack as it was at entry?
    pub(crate) fn asks_for_entry(&self) -> bool {
        self.insts.iter().any(|inst| inst.op.asks_for_entry())
    }

    /// The reason of a jump to a label, whatever its operation has for one.
    pub(crate) fn leads_to(&self, why: &str, to: Label) -> String {
        format!("{why} → {}", self.labels[usize::from(to.0)]).trim_start().to_owned()
    }

    /// The variable with this byte that the operation of this number names, or one shortly before it.
    pub(crate) fn variable_at(&self, at: usize, byte: FrameByte) -> Option<u16> {
        let near = &self.insts[at.saturating_sub(OPERATIONS_PER_INSTRUCTION)..=at];
        let has_byte = |number: &u16| {
            let variable = self.variables.get(usize::from(*number));
            variable.is_some_and(|one| one.distance(byte.offset, byte.is_indexed).is_some())
        };
        near.iter().rev().filter_map(|inst| inst.variable).find(has_byte)
    }

    /// The name of a byte of the frame: the variable, with the distance from its beginning. Without a known variable:
    /// all that have the byte. The name is empty if an index is added to the frame's beginning.
    pub fn name_in_frame(&self, byte: FrameByte) -> Option<String> {
        let name = |variable: &Variable, is_indexed: bool| {
            let (name, distance) = (&variable.name, variable.distance(byte.offset, is_indexed)?);
            Some(match distance {
                0 => name.to_string(),
                1.. => format!("{name} + {distance}"),
                _ => format!("{name} - {}", -distance),
            })
        };
        if let Some(variable) = byte.variable.and_then(|number| self.variables.get(usize::from(number))) {
            return name(variable, byte.is_indexed);
        }
        if byte.is_indexed && byte.offset == 0 {
            return Some(String::new());
        }
        let names: Vec<String> = self.variables.iter().filter_map(|variable| name(variable, false)).collect();
        (!names.is_empty()).then(|| names.join(" / "))
    }

    /// Does a register of its own hold the frame's address? It does in a program with routines, because calls move the
    /// stack pointer, and if the frame lies in the state.
    pub fn has_frame_register(&self) -> bool {
        self.frame_at.is_some() || self.insts.iter().any(|inst| matches!(inst.op, Op::Routine(_)))
    }

    /// Bytes from the stack pointer up to the frame, which stays aligned whatever lies below it.
    pub(crate) fn below_frame(&self) -> u32 {
        self.spilled_bytes.next_multiple_of(16)
    }

    /// What a slot holds.
    pub fn kind(&self, slot: Slot) -> Kind {
        self.slots[usize::from(slot.0)].kind
    }

    /// Is this a word of the frame that nothing but its own offset leads to?
    pub(crate) fn is_own_word(&self, mem: Mem, width: Width) -> bool {
        let own = -(self.spilled_bytes as i32)..self.word_bytes as i32;
        mem.base == Base::Frame && width == Width::Four && own.contains(&mem.offset)
    }
}
