//! Header bytes under real loaders. The rules of `src/elf` say of any file whether Linux or gVisor accepts it. Here a
//! program's header bytes are changed, one by one and all free ones at once. What the rules say is compared with what
//! runs.

use asmgen::Image;
use asmgen::elf::{Loader, verify};
use asmgen::image::Owner;

use super::tasks::Program;
use crate::harness::random::Random;

/// The same numbers in every run.
const SEED: u64 = 0x7f45_4c46;
/// Fields that say where the program begins and ends. With another value that is also right it may miss a part of
/// itself.
const PLACES: [&str; 2] = ["e_type", "p_filesz[0]"];
/// PF_W: what can be written counts as memory (mm/util.c `__vm_enough_memory`), and a segment may say that it is larger
/// than there is.
const WRITABLE: u8 = 2;
/// The result of a program that did as before (tests/kernels/init.c).
const SAME: u8 = b'=';

/// What is known of a header byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Byte {
    /// By the rules the loader never looks at it.
    Free,
    /// By the rules some values of it are wrong.
    Fixed,
    /// Code or data lie there, or it says where the program begins.
    Used,
}

/// A change of a program.
pub(super) struct Patch {
    /// Offsets and their new values.
    set: Vec<(usize, u8)>,
    /// By the rules, does the loader take it still?
    accepted: bool,
    /// Does it say that the program lies elsewhere?
    moves: bool,
}

/// A program with a changed header.
pub(super) struct Headers {
    pub(super) name: String,
    pub(super) file: Vec<u8>,
    pub(super) bytes: Vec<Byte>,
    /// Names of the fields at each byte.
    fields: Vec<Vec<String>>,
    patches: Vec<Patch>,
}

/// How many values each byte gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// One.
    Short,
    /// 0xff, every bit flipped, two more.
    Full,
}

/// A byte that the rules call fixed and that a loader did not look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Find {
    pub(super) offset: usize,
    pub(super) field: String,
    /// The values with which the program ran as before.
    pub(super) ran: Vec<u8>,
    /// How many values were tried.
    pub(super) tried: usize,
}

impl Headers {
    pub(super) fn new(program: &Program, loader: Loader, extent: Extent) -> Self {
        let file = program.image.bytes.clone();
        let header_bytes = header_bytes(&program.image);
        let bytes: Vec<Byte> = (0..header_bytes).map(|at| classify(&program.image, at, loader)).collect();
        let fields: Vec<Vec<String>> = (0..header_bytes).map(|at| field_names(&program.image, at)).collect();
        let patches = patches(&file, &bytes, &fields, loader, extent);
        Self { name: format!("{}.header", program.name()), file, bytes, fields, patches }
    }

    /// A line for each change, as tests/kernels/init.c reads them.
    pub(super) fn patches_text(&self) -> String {
        let word = |(offset, value): &(usize, u8)| format!("{offset}={value}");
        let line = |patch: &Patch| patch.set.iter().map(word).collect::<Vec<_>>().join(" ") + "\n";
        self.patches.iter().map(line).collect()
    }

    pub(super) fn changes(&self) -> usize {
        self.patches.len()
    }

    /// Is there a result for every change?
    pub(super) fn is_whole(&self, results: &str) -> bool {
        results.len() == self.patches.len()
    }

    /// Where the loader did not run what it takes by the rules.
    pub(super) fn faults(&self, results: &str) -> Vec<String> {
        if !self.is_whole(results) {
            return vec![format!("{}: {} results of {}: {results}", self.name, results.len(), self.patches.len())];
        }
        let broken = |(patch, result): (&Patch, u8)| {
            let what = char::from(result);
            (patch.accepted && !patch.moves && result != SAME)
                .then(|| format!("{}: {:x?} gives `{what}`", self.name, patch.set))
        };
        self.patches.iter().zip(results.bytes()).filter_map(broken).collect()
    }

    /// Where the loader ran what it refuses by the rules.
    pub(super) fn finds(&self, results: &str) -> Vec<Find> {
        let mut finds = Vec::new();
        for offset in 0..self.bytes.len() {
            let of_byte = self.patches.iter().zip(results.bytes());
            let refused = of_byte.filter(|(patch, _)| !patch.accepted && patch.set[0].0 == offset);
            let (mut ran, mut tried) = (Vec::new(), 0);
            for (patch, result) in refused {
                tried += 1;
                ran.extend((result == SAME).then_some(patch.set[0].1));
            }
            if !ran.is_empty() {
                finds.push(Find { offset, field: self.fields[offset].join(", "), ran, tried });
            }
        }
        finds
    }
}

/// The bytes up to the last one of a header field.
fn header_bytes(image: &Image) -> usize {
    let fields = image.map.iter().filter(|claim| matches!(claim.owner, Owner::Field { .. }));
    fields.map(|claim| (claim.offset + claim.len) as usize).max().expect("there is a header")
}

fn owners(image: &Image, at: usize) -> impl Iterator<Item = &Owner> {
    let covers = move |claim: &&asmgen::Claim| (claim.offset..claim.offset + claim.len).contains(&(at as u32));
    image.map.iter().filter(covers).map(|claim| &claim.owner)
}

fn field_names(image: &Image, at: usize) -> Vec<String> {
    let name = |owner: &Owner| match owner {
        Owner::Field { name, .. } => Some(name.clone()),
        Owner::Code { .. } | Owner::Data { .. } | Owner::Pad { .. } => None,
    };
    owners(image, at).filter_map(name).collect()
}

fn classify(image: &Image, at: usize, loader: Loader) -> Byte {
    let is_used = owners(image, at).any(|owner| match owner {
        Owner::Field { name, .. } => name == "e_entry",
        Owner::Code { .. } | Owner::Data { .. } => true,
        Owner::Pad { .. } => false,
    });
    // A rule requires one value, or several that differ in some bit. So this finds every byte that a loader reads.
    let flips = (0..8).map(|bit| 1 << bit).chain([0xff]);
    match is_used {
        true => Byte::Used,
        false if flips.into_iter().all(|flip| accepts(loader, &image.bytes, &[(at, image.bytes[at] ^ flip)])) => {
            Byte::Free
        }
        false => Byte::Fixed,
    }
}

/// Does the loader take the changed file, by the rules?
fn accepts(loader: Loader, file: &[u8], set: &[(usize, u8)]) -> bool {
    let mut changed = file.to_vec();
    for (offset, value) in set {
        changed[*offset] = *value;
    }
    verify(&changed).iter().any(|verdict| verdict.loader == loader && verdict.accepted())
}

fn patches(file: &[u8], bytes: &[Byte], fields: &[Vec<String>], loader: Loader, extent: Extent) -> Vec<Patch> {
    let mut random = Random::new(SEED);
    let free: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == Byte::Free).collect();
    let mut sets: Vec<Vec<(usize, u8)>> = vec![free.iter().map(|at| (*at, 0xff)).collect()];
    let all_at_once = if extent == Extent::Full { 16 } else { 2 };
    sets.extend((0..all_at_once).map(|_| free.iter().copied().zip(random.bytes(free.len())).collect()));
    for at in (0..bytes.len()).filter(|at| bytes[*at] != Byte::Used) {
        sets.extend(values(file[at], extent, &mut random).into_iter().map(|value| vec![(at, value)]));
    }
    // No field is free in some header; then nothing is changed all at once.
    sets.retain(|set| !set.is_empty());
    let is_of = |at: usize, name: &str| fields[at].iter().any(|field| field == name);
    let places = |(at, value): &(usize, u8)| {
        PLACES.iter().any(|name| is_of(*at, name)) || is_of(*at, "p_flags[0]") && value & WRITABLE != 0
    };
    let moves = |set: &[(usize, u8)]| set.iter().any(places);
    sets.into_iter().map(|set| Patch { accepted: accepts(loader, file, &set), moves: moves(&set), set }).collect()
}

/// The values that a byte gets in place of its own.
fn values(own: u8, extent: Extent, random: &mut Random) -> Vec<u8> {
    let mut values = vec![if own == 0xff { 0 } else { 0xff }];
    if extent == Extent::Full {
        values.extend((0..8).map(|bit| own ^ 1 << bit));
        values.extend(random.bytes(2));
    }
    values.sort_unstable();
    values.dedup();
    values.retain(|value| *value != own);
    values
}
