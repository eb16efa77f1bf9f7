//! The passes by name, and observers that see the program after each.

/// A pass, in the order in which they run; `lower` comes before all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pass {
    /// The program as it was written.
    Lower,
    /// Values on the stack become slots, where registers are many.
    Unstack,
    /// Words of the frame become slots, where registers are many.
    Promote,
    /// Jump threading: jumps to the next operation and branches over a jump go.
    ThreadJumps,
    /// Routines with one caller move there.
    Inline,
    /// Jump threading once more.
    CleanUp,
    /// Live-range splitting: each web of definitions and uses becomes a slot.
    SplitWebs,
    /// Words of the frame that hold small constants alone become bytes.
    Narrow,
    /// Slots that find no register move to the frame.
    Spill,
    /// Register allocation.
    Assign,
    /// Instruction selection.
    Select,
    /// Tail merging: equal endings of blocks are there once.
    MergeTails,
    /// Basic-block placement: blocks move to where they save jumps.
    OrderBlocks,
    /// Branch chaining: short jumps go through other jumps to the same label.
    ChainJumps,
    /// Branch relaxation: each jump gets the shortest form that reaches.
    Relax,
}

impl Pass {
    /// All of them, in order.
    pub const ALL: [Self; 15] = [
        Self::Lower,
        Self::Unstack,
        Self::Promote,
        Self::ThreadJumps,
        Self::Inline,
        Self::CleanUp,
        Self::SplitWebs,
        Self::Narrow,
        Self::Spill,
        Self::Assign,
        Self::Select,
        Self::MergeTails,
        Self::OrderBlocks,
        Self::ChainJumps,
        Self::Relax,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Unstack => "unstack",
            Self::Promote => "promote",
            Self::ThreadJumps => "thread-jumps",
            Self::Inline => "inline",
            Self::CleanUp => "clean-up",
            Self::SplitWebs => "split-webs",
            Self::Narrow => "narrow",
            Self::Spill => "spill",
            Self::Assign => "assign",
            Self::Select => "select",
            Self::MergeTails => "merge-tails",
            Self::OrderBlocks => "order-blocks",
            Self::ChainJumps => "chain-jumps",
            Self::Relax => "relax",
        }
    }

    /// What it does, for `--help`.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Lower => "the program as it was written, before any pass",
            Self::Unstack => "values on the stack become slots (aarch64)",
            Self::Promote => "words of the frame become slots (aarch64)",
            Self::ThreadJumps => "needless jumps go",
            Self::Inline => "routines with one caller move there",
            Self::CleanUp => "needless jumps go once more",
            Self::SplitWebs => "each live range becomes a slot of its own",
            Self::Narrow => "words of small constants become bytes (x86)",
            Self::Spill => "slots without a register move to the frame",
            Self::Assign => "every slot has a register",
            Self::Select => "machine instructions",
            Self::MergeTails => "equal endings are there once",
            Self::OrderBlocks => "blocks move to where they save jumps",
            Self::ChainJumps => "short jumps go through others",
            Self::Relax => "every byte is in its place",
        }
    }
}

/// Is told what passes make.
pub trait Observer {
    /// Does the observer want to see the result of this pass? If not, the pass writes no text.
    fn wants(&self, pass: Pass) -> bool;
    /// What this pass has made. Passes that run until nothing changes are told of each time; one that a machine has no
    /// use for is not told of.
    fn see(&mut self, pass: Pass, text: String);
}

/// An observer of nothing.
pub struct Unobserved;

impl Observer for Unobserved {
    fn wants(&self, _pass: Pass) -> bool {
        false
    }

    fn see(&mut self, _pass: Pass, _text: String) {}
}

/// The program after one pass, or, where that does not run, as the pass after it finds it.
pub struct Dump {
    after: Pass,
    text: String,
}

impl Dump {
    /// Of this pass.
    pub fn after(pass: Pass) -> Self {
        Self { after: pass, text: String::new() }
    }

    /// What has been seen.
    pub fn into_text(self) -> String {
        self.text
    }
}

impl Observer for Dump {
    fn wants(&self, pass: Pass) -> bool {
        pass <= self.after
    }

    fn see(&mut self, _pass: Pass, text: String) {
        self.text = text;
    }
}
