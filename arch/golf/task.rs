//! The task of a search, and its outcome. The parts of a search share `Goal`, which borrows the task.

use super::groups::{Blob, DependenceGroup};
use super::template::Template;
use crate::choice::Rule;
use crate::ir::op::Program;
use crate::mach::code::{Code, PlacedCode};
use crate::target::Target;

/// What was found.
#[derive(Clone, Debug)]
pub struct Packed {
    /// The file.
    pub bytes: Vec<u8>,
    /// Address of its first byte.
    pub base: u64,
    /// The instructions and the labels.
    pub code: PlacedCode,
    /// Data: the name, its offset, how many of its bytes the file has (those after its end are 0).
    pub data: Vec<(String, u32, u32)>,
}

/// How a search ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The smallest file, if one is small enough.
    pub packed: Option<Packed>,
    /// Places looked at.
    pub looked_at: u64,
    /// Was every place looked at that could hold a smaller file?
    pub is_whole: bool,
}

/// Completes a file's bytes.
pub type Complete<'a> = dyn Fn(&[Option<u8>]) -> Option<Vec<u8>> + 'a;

/// Asked now and then while a search goes on: is it to end with what it has?
pub type Stop<'a> = dyn Fn() -> bool + 'a;

/// A search to make.
pub struct Task<'a> {
    /// The machine.
    pub target: &'static Target,
    /// What the code was made from.
    pub program: &'a Program,
    /// The code.
    pub code: &'a Code,
    /// What it is placed into.
    pub template: &'a Template,
    /// Only a file of fewer bytes counts.
    pub below_bytes: u32,
    /// So many places may be looked at.
    pub budget: u64,
    /// The search prunes a path unless the header has room for so many bytes more than may be expected. None: it looks
    /// at every place that could hold a smaller file.
    pub pruning_margin: Option<u32>,
    /// A rule that is not to be used.
    pub without: Option<Rule>,
    /// Completes a file of these bytes, `None` where nothing is decided yet. None if the file will not do.
    pub complete: &'a Complete<'a>,
    /// Ends it early.
    pub stop: &'a Stop<'a>,
}

/// What a search is for.
pub(super) struct Goal<'a> {
    pub(super) task: &'a Task<'a>,
    pub(super) groups: &'a [DependenceGroup],
    pub(super) blobs: &'a [Blob],
    pub(super) forms: &'a [u8],
    /// A register that no instruction touches.
    pub(super) dead_register: Option<u8>,
    /// Bytes that data may save by lying in each other or in code, at most.
    pub(super) may_share: u32,
}
