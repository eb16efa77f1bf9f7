//! What the poster shows, before it has a form: owners, runs of bytes with the same owners, parts of the file and
//! places in it. It knows the image and nothing of colours or columns.

use std::collections::BTreeMap;
use std::ops::Range;

use asmgen_arch::disasm;

use crate::elf::fields;
use crate::image::{Claim, Image, Load, Owner};

/// What a byte is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Of a header.
    Header,
    /// Of an instruction.
    Code,
    /// Of data.
    Data,
    /// Nothing: it keeps others in their places.
    Padding,
    /// It has several owners.
    Shared,
}

impl Kind {
    /// All of them, in the order of legends.
    pub const ALL: [Self; 5] = [Self::Header, Self::Code, Self::Data, Self::Padding, Self::Shared];

    /// Its name in legends.
    pub fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Code => "code",
            Self::Data => "data",
            Self::Padding => "padding",
            Self::Shared => "shared",
        }
    }

    fn of(owner: &Owner) -> Self {
        match owner {
            Owner::Field { .. } => Self::Header,
            Owner::Code { .. } => Self::Code,
            Owner::Data { .. } => Self::Data,
            Owner::Pad { .. } => Self::Padding,
        }
    }
}

/// An owner: a field, an instruction, a piece of data, padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is; never shared.
    pub kind: Kind,
    /// Its bytes in the file.
    pub range: Range<u32>,
    /// The field, the instruction as the decoder reads it, the name of the data.
    pub name: String,
    /// What it says or what it is for; empty where the name says it all.
    pub why: String,
}

/// Neighbours with the same owners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its bytes in the file.
    pub range: Range<u32>,
    /// What they are.
    pub kind: Kind,
    /// Indices of the owners, the one that names the run first.
    pub items: Vec<usize>,
}

/// A stretch of the file under one name: a header, the code, the data, or a place within them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its bytes in the file.
    pub range: Range<u32>,
    /// What it is of; never shared.
    pub kind: Kind,
    /// Its name.
    pub name: String,
}

/// Everything a poster shows.
#[derive(Clone, Debug)]
pub struct Map<'i> {
    /// What the file is called.
    pub name: &'i str,
    /// The file.
    pub image: &'i Image,
    /// All owners, in the order of the file.
    pub items: Vec<Item>,
    /// All bytes, each in one run.
    pub runs: Vec<Run>,
    /// Headers, code, data: they may overlap where headers do.
    pub parts: Vec<Part>,
    /// Where jumps lead and where pieces of data begin, each up to the next.
    pub places: Vec<Part>,
}

impl<'i> Map<'i> {
    /// The map of an image.
    pub fn new(name: &'i str, image: &'i Image) -> Self {
        let items: Vec<Item> = image.map.iter().map(|claim| item(image, claim)).collect();
        let (runs, parts, places) = (runs(&items), parts(image, &items), places(image, &items));
        Self { name, image, items, runs, parts, places }
    }

    /// Number of bytes of a kind; each byte is of one.
    pub fn count(&self, kind: Kind) -> u32 {
        self.runs.iter().filter(|run| run.kind == kind).map(|run| run.range.len() as u32).sum()
    }

    /// The bytes of a run or a part.
    pub fn bytes(&self, range: &Range<u32>) -> &'i [u8] {
        &self.image.bytes[range.start as usize..range.end as usize]
    }

    /// The owner that names a run.
    pub fn first(&self, run: &Run) -> &Item {
        &self.items[run.items[0]]
    }

    /// What the file is, in a line.
    pub fn facts(&self) -> String {
        let image = self.image;
        let (bytes, target) = (image.bytes.len(), image.target.name);
        format!("{bytes} bytes for {target}, loaded at {:#x}, entry {:#x}", image.base(), image.entry)
    }

    /// File offset of the first instruction.
    pub fn entry(&self) -> Option<u32> {
        offset_of(self.image, self.image.entry)
    }
}

/// The file offset of an address.
fn offset_of(image: &Image, address: u64) -> Option<u32> {
    let within = |load: &Load| {
        let ahead = u32::try_from(address.checked_sub(load.address)?).ok()?;
        Some(load.file.start.checked_add(ahead)?).filter(|offset| load.file.contains(offset))
    };
    image.loads.iter().find_map(within)
}

fn item(image: &Image, claim: &Claim) -> Item {
    let range = claim.offset..claim.offset + claim.len;
    let bytes = &image.bytes[range.start as usize..range.end as usize];
    let (name, why) = match &claim.owner {
        Owner::Field { name, meaning } => (name.clone(), meaning.clone()),
        Owner::Code { why, .. } => (disasm::decode_all(image.target, bytes).join("; "), why.clone()),
        Owner::Data { name } => (name.clone(), String::new()),
        Owner::Pad { why } => ("padding".into(), why.clone()),
    };
    Item { kind: Kind::of(&claim.owner), range, name, why }
}

/// Cuts the file wherever an owner begins or ends.
fn runs(items: &[Item]) -> Vec<Run> {
    let mut edges: Vec<u32> = items.iter().flat_map(|item| [item.range.start, item.range.end]).collect();
    edges.sort_unstable();
    edges.dedup();
    let mut next = 0;
    let mut open: Vec<usize> = Vec::new();
    let cut = |pair: &[u32]| {
        open.retain(|&index| items[index].range.end > pair[0]);
        while items.get(next).is_some_and(|item| item.range.start <= pair[0]) {
            open.push(next);
            next += 1;
        }
        let mut owners = open.clone();
        // Code and data name what a header field lies over; of fields the one that began here does.
        owners.sort_by_key(|&index| (items[index].kind == Kind::Header, std::cmp::Reverse(items[index].range.start)));
        let kind = if owners.len() > 1 { Kind::Shared } else { items[owners[0]].kind };
        Run { range: pair[0]..pair[1], kind, items: owners }
    };
    edges.windows(2).map(cut).collect()
}

/// Headers by their names; of everything else, neighbours of one kind in one segment.
fn parts(image: &Image, items: &[Item]) -> Vec<Part> {
    let is_writable = |offset: u32| image.loads.iter().any(|load| load.writable && load.file.contains(&offset));
    let mut parts: Vec<Part> = Vec::new();
    let mut pieces: Vec<usize> = Vec::new();
    for item in items {
        let name = match item.kind {
            Kind::Header => fields::header_of(&item.name),
            kind if is_writable(item.range.start) => format!("{}, writable", kind.name()),
            kind => kind.name().into(),
        };
        let joins = |part: &Part| part.name == name && part.range.end >= item.range.start;
        if let Some(at) = parts.iter().position(joins) {
            parts[at].range.end = parts[at].range.end.max(item.range.end);
            pieces[at] += 1;
        } else {
            parts.push(Part { range: item.range.clone(), kind: item.kind, name });
            pieces.push(1);
        }
    }
    // A piece of data that is alone says what it is.
    for (part, _) in parts.iter_mut().zip(pieces).filter(|(part, count)| part.kind == Kind::Data && *count == 1) {
        let only = items.iter().find(|item| item.kind == Kind::Data && item.range == part.range);
        part.name = only.map_or_else(|| part.name.clone(), |item| format!("{}: {}", part.name, item.name));
    }
    parts
}

/// The name of a jump's target follows this in its reason.
const LEADS_TO: &str = " → ";

/// Names of places: the first of several pieces of data at one offset, and of code what jumps to it call it.
fn places(image: &Image, items: &[Item]) -> Vec<Part> {
    let mut begins: BTreeMap<u32, (Kind, &str)> = BTreeMap::new();
    for item in items.iter().filter(|item| item.kind == Kind::Data) {
        begins.entry(item.range.start).or_insert((Kind::Data, &item.name));
    }
    for item in items.iter().filter(|item| item.kind == Kind::Code) {
        if let Some(((_, name), to)) = item.why.rsplit_once(LEADS_TO).zip(destination(image, item)) {
            begins.entry(to).or_insert((Kind::Code, name));
        }
    }
    let is_code = |offset: &u32| items.iter().any(|item| item.kind == Kind::Code && item.range.start == *offset);
    begins.retain(|offset, (kind, _)| *kind == Kind::Data || is_code(offset));
    let ends: Vec<u32> = begins.keys().skip(1).copied().chain([image.bytes.len() as u32]).collect();
    let place = |((start, (kind, name)), end): ((u32, (Kind, &str)), u32)| {
        // Code ends where data begins, named or not.
        let own = items.iter().filter(|item| item.kind == kind && (start..end).contains(&item.range.start));
        let end = own.map(|item| item.range.end.min(end)).max().unwrap_or(end);
        Part { range: start..end, kind, name: name.to_owned() }
    };
    begins.into_iter().zip(ends).map(place).collect()
}

/// The offset that a jump leads to.
fn destination(image: &Image, item: &Item) -> Option<u32> {
    let line = disasm::decode(image.target, &image.bytes[item.range.start as usize..item.range.end as usize])?;
    let to = i64::from(item.range.start) + line.leads_to(image.target)?;
    u32::try_from(to).ok()
}
