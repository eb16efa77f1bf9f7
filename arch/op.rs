//! The ISA-neutral program: a straight list of operations on slots (virtual registers), a frame of stack memory
//! and read-only data. Everything a program does is said here once; how a machine does it is its own affair.

use crate::syscall::Call;

/// A virtual register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u8);

/// A place in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(pub u16);

/// A piece of read-only data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DatumId(pub u16);

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A 32-bit number, two's complement where a sign is asked for.
    Int,
    /// An address.
    Pointer,
}

/// An operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg {
    /// A number known now.
    Const(i64),
    /// Any number from this one up to 2^31 − 1, whichever costs least.
    AtLeast(u32),
    /// The value of a slot.
    Slot(Slot),
    /// The address of a datum's first byte.
    Data(DatumId),
    /// The address of the frame's byte of this offset.
    Frame(u32),
    /// Whatever is there: the kernel does not look at it.
    Any,
}

/// A place in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mem {
    /// Where counting starts.
    pub base: Base,
    /// Bytes from there.
    pub offset: i32,
}

impl Mem {
    /// The place so many bytes further.
    pub(crate) fn behind(self, bytes: usize) -> Self {
        Self { offset: self.offset + bytes as i32, ..self }
    }
}

/// Where a memory offset counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// The address in a slot.
    Slot(Slot),
    /// The start of the frame.
    Frame,
}

/// Width of a memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 1 byte.
    Byte,
    /// 4 bytes.
    Four,
    /// The machine's word: 4 or 8 bytes.
    Word,
}

/// Arithmetic on a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alu {
    /// Sum.
    Add,
    /// Difference.
    Sub,
}

/// A comparison of two's complement numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cond {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater or equal.
    Ge,
    /// Greater.
    Gt,
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// A place jumps lead to.
    Label(Label),
    /// Go there.
    Jump(Label),
    /// A system call; a negative result is −errno.
    Call {
        /// Which one.
        call: Call,
        /// Its arguments, in the kernel's order; those left out are [`Arg::Any`].
        args: Vec<Arg>,
        /// Where the result goes, if anyone wants it.
        result: Option<Slot>,
    },
    /// `to = value`.
    Set {
        /// Where to.
        to: Slot,
        /// What.
        value: Arg,
    },
    /// `to = to op value`.
    Alu {
        /// Which arithmetic.
        alu: Alu,
        /// Left operand and result.
        to: Slot,
        /// Right operand: a constant or a slot.
        value: Arg,
    },
    /// `to = −to`.
    Negate {
        /// Operand and result.
        to: Slot,
    },
    /// `(value, rest) = (value / by, value % by)`, unsigned.
    Divide {
        /// Dividend, then quotient.
        value: Slot,
        /// Divisor, not 0.
        by: u32,
        /// Remainder.
        rest: Slot,
    },
    /// `to = memory`, zero-extended.
    Load {
        /// Where to.
        to: Slot,
        /// How much.
        width: Width,
        /// From where.
        from: Mem,
    },
    /// `memory = value`.
    Store {
        /// How much.
        width: Width,
        /// Where to.
        to: Mem,
        /// What: a constant or a slot.
        value: Arg,
    },
    /// Go to `to` if the comparison holds.
    Branch {
        /// Left operand.
        left: Slot,
        /// The comparison.
        cond: Cond,
        /// Right operand: a constant or a slot.
        right: Arg,
        /// Where to.
        to: Label,
    },
    /// Go to `to` if memory holds (or does not hold) exactly these bytes: 1, 2 or 4.
    BranchBytes {
        /// Where they are looked for.
        at: Mem,
        /// The bytes.
        bytes: Vec<u8>,
        /// Go if equal, or go if not.
        equal: bool,
        /// Where to.
        to: Label,
    },
    /// Go to `miss` unless memory holds exactly these bytes.
    Match {
        /// Where they are looked for.
        at: Mem,
        /// The bytes, at least one.
        want: Vec<u8>,
        /// Where to if they are not there.
        miss: Label,
    },
    /// Write these bytes to memory.
    StoreBytes {
        /// Where to.
        to: Mem,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

/// An operation and why it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The operation.
    pub op: Op,
    /// The reason, for the listing.
    pub why: String,
}

/// A piece of a datum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// A number of the machine's word size, in its byte order.
    Word(u64),
    /// The address of a place in the code, a word.
    Code(Label),
}

/// Read-only data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datum {
    /// What it is, for the listing.
    pub name: String,
    /// Its content.
    pub parts: Vec<Part>,
    /// Bytes behind it that the kernel copies and ignores: they must be in the file, whatever they are.
    pub ignored_behind: u32,
}

impl Datum {
    /// Its length in bytes for words of this size.
    pub fn len_bytes(&self, word_bytes: u32) -> u64 {
        let part = |part: &Part| match part {
            Part::Bytes(bytes) => bytes.len() as u64,
            Part::Word(_) | Part::Code(_) => u64::from(word_bytes),
        };
        self.parts.iter().map(part).sum()
    }
}

/// A slot's name and kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotInfo {
    /// What it holds, for messages.
    pub name: &'static str,
    /// Number or address.
    pub kind: Kind,
}

/// A whole program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// What it does; starts with the first.
    pub steps: Vec<Step>,
    /// What it reads.
    pub data: Vec<Datum>,
    /// Its slots.
    pub slots: Vec<SlotInfo>,
    /// Names of its labels.
    pub labels: Vec<String>,
    /// Bytes of writable stack memory it uses.
    pub frame_bytes: u32,
}

impl Program {
    /// A new slot.
    pub fn slot(&mut self, name: &'static str, kind: Kind) -> Slot {
        self.slots.push(SlotInfo { name, kind });
        Slot(u8::try_from(self.slots.len() - 1).expect("a program has at most 256 slots"))
    }

    /// A new label, yet to be placed.
    pub fn label(&mut self, name: impl Into<String>) -> Label {
        self.labels.push(name.into());
        Label(u16::try_from(self.labels.len() - 1).expect("a program has at most 65536 labels"))
    }

    /// New data; the same content is kept once.
    pub fn datum(&mut self, name: impl Into<String>, parts: Vec<Part>, ignored_behind: u32) -> DatumId {
        let same = |datum: &Datum| datum.parts == parts && datum.ignored_behind >= ignored_behind;
        let at = self.data.iter().position(same).unwrap_or_else(|| {
            self.data.push(Datum { name: name.into(), parts, ignored_behind });
            self.data.len() - 1
        });
        DatumId(u16::try_from(at).expect("a program has at most 65536 data"))
    }

    /// Adds an operation at the end.
    pub fn push(&mut self, op: Op, why: impl Into<String>) {
        self.steps.push(Step { op, why: why.into() });
    }

    /// Places a label at the end.
    pub fn place(&mut self, label: Label) {
        let why = self.labels[usize::from(label.0)].clone();
        self.push(Op::Label(label), why);
    }

    /// Adds a system call at the end.
    pub fn call(&mut self, call: Call, args: &[Arg], result: Option<Slot>, why: impl Into<String>) {
        self.push(Op::Call { call, args: args.to_vec(), result }, why);
    }

    /// The steps before the first label: each is done once.
    pub(crate) fn prologue(&self) -> &[Step] {
        let end = self.steps.iter().position(|step| matches!(step.op, Op::Label(_))).unwrap_or(self.steps.len());
        &self.steps[..end]
    }

    /// What a slot holds.
    pub fn kind(&self, slot: Slot) -> Kind {
        self.slots[usize::from(slot.0)].kind
    }
}

impl Op {
    /// Slots whose value it reads.
    pub fn uses(&self) -> Vec<Slot> {
        let mut uses = Vec::new();
        let mut arg = |arg: &Arg| {
            if let Arg::Slot(slot) = arg {
                uses.push(*slot);
            }
        };
        let base = |mem: &Mem| match mem.base {
            Base::Slot(slot) => Arg::Slot(slot),
            Base::Frame => Arg::Any,
        };
        match self {
            Self::Label(_) | Self::Jump(_) => {}
            Self::Call { args, .. } => args.iter().for_each(arg),
            Self::Set { value, .. } => arg(value),
            Self::Alu { to, value, .. } => [Arg::Slot(*to), *value].iter().for_each(arg),
            Self::Negate { to } => arg(&Arg::Slot(*to)),
            Self::Divide { value, .. } => arg(&Arg::Slot(*value)),
            Self::Load { from, .. } => arg(&base(from)),
            Self::Store { to, value, .. } => [base(to), *value].iter().for_each(arg),
            Self::Branch { left, right, .. } => [Arg::Slot(*left), *right].iter().for_each(arg),
            Self::BranchBytes { at, .. } | Self::Match { at, .. } => arg(&base(at)),
            Self::StoreBytes { to, .. } => arg(&base(to)),
        }
        uses
    }

    /// Data whose address it takes, once for each time.
    pub fn data(&self) -> Vec<DatumId> {
        let args: Vec<&Arg> = match self {
            Self::Call { args, .. } => args.iter().collect(),
            Self::Set { value, .. } => vec![value],
            _ => Vec::new(),
        };
        args.into_iter().filter_map(|arg| if let Arg::Data(datum) = arg { Some(*datum) } else { None }).collect()
    }

    /// Slots it gives a value.
    pub fn defines(&self) -> Vec<Slot> {
        match self {
            Self::Call { result, .. } => result.iter().copied().collect(),
            Self::Set { to, .. } | Self::Alu { to, .. } | Self::Negate { to } | Self::Load { to, .. } => vec![*to],
            Self::Divide { value, rest, .. } => vec![*value, *rest],
            _ => Vec::new(),
        }
    }

    /// The label it may go to.
    pub fn target(&self) -> Option<Label> {
        match self {
            Self::Jump(to) | Self::Branch { to, .. } | Self::BranchBytes { to, .. } => Some(*to),
            Self::Match { miss, .. } => Some(*miss),
            _ => None,
        }
    }

    /// Does the next operation never follow it?
    pub fn ends(&self) -> bool {
        matches!(self, Self::Jump(_)) || matches!(self, Self::Call { call, .. } if !call.info().returns())
    }
}
