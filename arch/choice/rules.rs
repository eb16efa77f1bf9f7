//! The rules of the search for small files. Each can be switched off, so that a report shows what it saves.

/// A rule of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// Header bytes are the immediate of an instruction without effect.
    AbsorbAsImmediate,
    /// Header bytes are an addition to a dead register.
    Sum,
    /// Header bytes are prefixes of the next instruction.
    Prefix,
    /// A word of the header is a branch.
    Branch,
    /// Code continues in another hole, after a jump.
    JumpToHole,
    /// Code after the header continues in a hole of the header, after a jump.
    Back,
    /// Independent instructions change places.
    Order,
    /// Another encoding, perhaps a longer one, with bytes that the header has already.
    Encoding,
    /// Data lie in each other, in code, or in a header.
    Share,
    /// The load address is what data that lie there make of it.
    Address,
    /// A number of which only some bits matter, from a datum.
    Bits,
    /// A constant by exchange with a register that holds it.
    Exchange,
    /// A constant by inverting all bits of a register.
    Not,
    /// A zero that was pushed when the program began.
    Zero,
    /// A constant of two bytes where the upper bits are right already.
    Half,
    /// A constant that a register holds from the beginning: a loop need not make it, or other constants are near it.
    Hold,
    /// A constant of a loop's start, made again before the jump back.
    Again,
    /// Data that are pushed instead of kept in the file.
    Stack,
    /// A short call number although the last call may have failed: this call makes no difference then.
    Needless,
    /// Two constants by one load of words that lie in a header, in code or in data.
    Words,
    /// Registers of slots are searched.
    Registers,
    /// Which constant is made how, and in which order, is searched.
    Constants,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::AbsorbAsImmediate,
        Self::Sum,
        Self::Prefix,
        Self::Branch,
        Self::JumpToHole,
        Self::Back,
        Self::Order,
        Self::Encoding,
        Self::Share,
        Self::Address,
        Self::Bits,
        Self::Exchange,
        Self::Not,
        Self::Zero,
        Self::Half,
        Self::Hold,
        Self::Again,
        Self::Stack,
        Self::Needless,
        Self::Words,
        Self::Registers,
        Self::Constants,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AbsorbAsImmediate => "absorb-as-immediate",
            Self::Sum => "sum",
            Self::Prefix => "prefix",
            Self::Branch => "branch",
            Self::JumpToHole => "jump-to-hole",
            Self::Back => "back",
            Self::Order => "order",
            Self::Encoding => "encoding",
            Self::Share => "share",
            Self::Address => "address",
            Self::Bits => "bits",
            Self::Exchange => "exchange",
            Self::Not => "not",
            Self::Zero => "zero",
            Self::Half => "half",
            Self::Hold => "hold",
            Self::Again => "again",
            Self::Stack => "stack",
            Self::Needless => "needless",
            Self::Words => "words",
            Self::Registers => "registers",
            Self::Constants => "constants",
        }
    }

    /// What it does, in a few words.
    pub const fn what(self) -> &'static str {
        match self {
            Self::AbsorbAsImmediate => "header bytes as the immediate of an instruction without effect",
            Self::Sum => "header bytes run as an addition to a dead register",
            Self::Prefix => "header bytes run as prefixes",
            Self::Branch => "header words run as branches",
            Self::JumpToHole => "code in several holes, with jumps between them",
            Self::Back => "jumps from behind the headers back into their holes",
            Self::Order => "independent instructions in another order",
            Self::Encoding => "longer encodings with bytes that the header has already",
            Self::Share => "data that overlap other data, code and header fields",
            Self::Address => "load addresses from data, which lie in the address fields",
            Self::Bits => "numbers of which only some bits matter, from data",
            Self::Exchange => "constants by exchange with a register",
            Self::Not => "constants by inverting all bits",
            Self::Zero => "zeros pushed at the start, popped later",
            Self::Half => "constants of two bytes where the upper bits are right",
            Self::Hold => "constants held from the start, and others near them",
            Self::Again => "constants of a loop's start, made before its jump back",
            Self::Stack => "data pushed instead of kept in the file",
            Self::Needless => "short call numbers where a failure makes the call needless",
            Self::Words => "two constants by one load of words that are in the file already",
            Self::Registers => "search of registers for slots",
            Self::Constants => "search of ways to make constants, and their order",
        }
    }
}
