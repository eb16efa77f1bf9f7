//! Golf: the smallest file, by search. Code and data go into the bytes of the headers that no loader of the layout
//! reads; which headers, and where, is tried out; the rules that judge any file judge what comes out.

mod image;
pub mod records;
pub mod report;
mod template;

use std::fmt;
use std::rc::Rc;
use std::str::FromStr;

pub use asmgen_arch::golf::Rule;
use asmgen_arch::golf::{self, Packed, Task, Template};
use asmgen_arch::op::Program as Ops;
use asmgen_arch::{Class, Code, Target};

use self::template::{Choice, template};
use crate::compile::{BuildError, Options};
use crate::elf::{self, Tier, fields};
use crate::image::Image;

/// How long to look for a smaller file (`--effort`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effort {
    /// Not at all: the plain layout.
    Quick,
    /// Up to two seconds.
    #[default]
    Default,
    /// Up to ten minutes.
    Max,
}

/// An effort, its name, and how many places its searches look at: in all, and in one template.
struct Row {
    effort: Effort,
    name: &'static str,
    places: [u64; 2],
    /// Selections to look at.
    tries: usize,
    /// Selections of the fewest bytes to place.
    selections: usize,
    /// Places that a glance at a template looks at: enough for one way through.
    glance: u64,
    /// Templates that are worth a longer look.
    promising: usize,
}

static EFFORTS: [Row; 3] = [
    Row { effort: Effort::Quick, name: "quick", places: [0, 0], tries: 0, selections: 0, glance: 0, promising: 0 },
    Row {
        effort: Effort::Default,
        name: "default",
        places: [300_000, 20_000],
        tries: 1_000,
        selections: 6,
        glance: 400,
        promising: 12,
    },
    Row {
        effort: Effort::Max,
        name: "max",
        places: [60_000_000, 4_000_000],
        tries: 20_000,
        selections: 100,
        glance: 4_000,
        promising: 200,
    },
];

impl Effort {
    /// All of them, the least first.
    pub fn all() -> impl Iterator<Item = Self> {
        EFFORTS.iter().map(|row| row.effort)
    }

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    fn row(self) -> &'static Row {
        EFFORTS.iter().find(|row| row.effort == self).expect("every effort has its row")
    }
}

impl fmt::Display for Effort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The name is none of an effort's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no effort `{0}`; there are quick, default, max")]
pub struct UnknownEffort(
    /// What was asked for.
    pub String,
);

impl FromStr for Effort {
    type Err = UnknownEffort;

    fn from_str(name: &str) -> Result<Self, UnknownEffort> {
        Self::all().find(|effort| effort.name() == name).ok_or_else(|| UnknownEffort(name.to_owned()))
    }
}

/// The choice that made a program smallest: for one that differs in a number or two, it is the one to try.
pub(crate) type Hint = Choice;

/// A smaller image of a lowered program than `plain`, which is its plain layout, if the search finds one.
///
/// # Errors
/// The machine cannot do what the program asks for.
pub(crate) fn smaller(
    ops: &Ops,
    options: Options,
    plain: &Image,
    hint: &mut Option<Hint>,
) -> Result<Option<Image>, BuildError> {
    let [all, each] = options.effort.row().places;
    if all == 0 || ops.has_writable_memory() || options.tier == Tier::Strict {
        return Ok(None);
    }
    let target = options.target;
    let wrong = |source| BuildError::Compile { target: target.name, source };
    let mut search = Search { ops, options, left: all, best_bytes: plain.bytes.len() as u32, best: None };
    let row = options.effort.row();
    let mut promising = Vec::new();
    for base in bases(target) {
        let codes = golf::selections(target, ops, base, (row.tries, row.selections), options.without).map_err(wrong)?;
        let codes: Vec<Rc<Code>> = codes.into_iter().map(Rc::new).collect();
        let least = golf::least_bytes(target, ops, &codes[0]);
        // First a glance at each template.
        let mut bounded: Vec<_> = templates(base, options)
            .into_iter()
            .filter(|(choice, _)| hint.is_none_or(|hint| hint == *choice))
            .filter_map(|(choice, template)| Some((golf::bound(target, &template, least)?, choice, template)))
            .filter(|(bound, ..)| *bound < search.best_bytes)
            .collect();
        if !golf::is_small(&codes[0]) {
            bounded.sort_by_key(|(bound, choice, _)| (*bound, choice.program_header, choice.entry));
            bounded.truncate(GLANCES_AT_LARGE * row.promising);
        }
        for (bound, choice, template) in bounded {
            let found = search.try_choice(choice, &template, &codes[0], row.glance, u32::MAX)?;
            promising.extend(found.map(|bytes| (bytes, bound, choice, template, codes.clone())));
        }
    }
    // Then longer looks at those that came out smallest.
    promising.sort_by_key(|(bytes, bound, choice, ..)| (*bytes, *bound, choice.program_header, choice.entry));
    for (each, most) in [(each / 8, row.promising), (each, row.promising / 4)] {
        for (_, bound, choice, template, codes) in promising.iter().take(most) {
            for code in codes {
                if *bound < search.best_bytes && search.left > 0 {
                    search.try_choice(*choice, template, code, each, search.best_bytes)?;
                }
            }
        }
    }
    *hint = search.best.as_ref().map(|(_, choice)| *choice);
    Ok(search.best.map(|(packed, choice)| image::image(ops, options, &packed, choice)).transpose()?)
}

/// Of a large program so many templates for each promising one are glanced at: those that leave the most free bytes.
const GLANCES_AT_LARGE: usize = 10;

struct Search<'a> {
    ops: &'a Ops,
    options: Options,
    left: u64,
    best_bytes: u32,
    best: Option<(Packed, Choice)>,
}

impl Search<'_> {
    fn try_choice(
        &mut self,
        choice: Choice,
        template: &Template,
        code: &Code,
        each: u64,
        below: u32,
    ) -> Result<Option<u32>, BuildError> {
        let Options { target, tier, .. } = self.options;
        let task = Task {
            target,
            program: self.ops,
            code,
            template,
            below_bytes: below,
            budget: each,
            without: self.options.without,
            complete: &|bytes| complete(tier, target, choice, bytes),
        };
        let outcome = golf::pack(&task).map_err(|source| BuildError::Compile { target: target.name, source })?;
        self.left -= outcome.looked_at.min(self.left);
        let bytes = outcome.packed.as_ref().map(|packed| packed.bytes.len() as u32);
        if let Some(packed) = outcome.packed.filter(|packed| packed.bytes.len() < self.best_bytes as usize) {
            self.best_bytes = packed.bytes.len() as u32;
            self.best = Some((packed, choice));
        }
        Ok(bytes)
    }
}

/// Load addresses to try: the lowest; those of which a header can make more; the lowest that has the flags' bits in its
/// upper word, where the flags lie over an address.
fn bases(target: &Target) -> Vec<u64> {
    let flags = (fields::PF_R | fields::PF_X) << 32;
    let high = (target.class == Class::Bits64).then_some(flags);
    let useful = golf::useful_bases(target).iter().copied();
    [elf::rules::LOWEST_ADDRESS].into_iter().chain(useful).chain(high).collect()
}

/// The templates at a load address.
fn templates(base: u64, options: Options) -> Vec<(Choice, Template)> {
    let Options { target, tier, .. } = options;
    let header = fields::total_bytes(fields::ehdr(target.class));
    let is_base_open = target.class == Class::Bits32;
    let mut templates = Vec::new();
    let read = elf::read_fields(tier, target);
    for program_header in 4..=header {
        for skew in skews(target, program_header) {
            let open =
                Choice { program_header, entry: 0, is_entry_open: true, base, is_base_open, is_page_open: false, skew };
            if template(tier, target, &read, open).is_none() {
                continue;
            }
            for entry in (0..=header + 56).step_by(usize::from(target.instruction_align)) {
                let choice = Choice { entry, is_entry_open: false, ..open };
                let Some(template) = template(tier, target, &read, choice) else { continue };
                templates.push((choice, template));
            }
        }
    }
    templates
}

/// Values of `p_offset` to try: 0, and what the ELF header's fields below it make of it.
fn skews(target: &'static Target, program_header: u32) -> Vec<u32> {
    let offset = program_header + fields::find(fields::phdr(target.class), "p_offset").offset;
    let known = |name: &str, value: u32| {
        let field = fields::find(fields::ehdr(target.class), name);
        let by = i64::from(field.offset) - i64::from(offset);
        (0..2).contains(&by).then(|| value << (8 * by)).filter(|skew| *skew < 0x1000)
    };
    let sizes = fields::total_bytes(fields::phdr(target.class));
    let all = [known("e_phoff", program_header), known("e_phnum", 1), known("e_phentsize", sizes), Some(0)];
    let mut skews: Vec<u32> = all.into_iter().flatten().collect();
    skews.sort_unstable();
    skews.dedup();
    skews
}

/// Fills in what the search left open, and asks the layout's loaders.
fn complete(tier: Tier, target: &'static Target, choice: Choice, bytes: &[Option<u8>]) -> Option<Vec<u8>> {
    let mut file: Vec<u8> = bytes.iter().map(|byte| byte.unwrap_or(0)).collect();
    let table = fields::phdr(target.class);
    for name in ["p_filesz", "p_memsz"] {
        let field = fields::find(table, name);
        let at = (choice.program_header + field.offset) as usize..;
        let decided: Vec<Option<u8>> =
            bytes[at.start.min(bytes.len())..].iter().take(field.len as usize).copied().collect();
        let size = (bytes.len() as u64).saturating_sub(u64::from(choice.skew)).max(1);
        let size = smallest_size(size, &decided)?;
        for (number, _) in decided.iter().enumerate().filter(|(_, byte)| byte.is_none()) {
            file[at.start + number] = (size >> (8 * number)) as u8;
        }
    }
    let view = elf::view::View::new(&file);
    let mapped = view.loads().next().map(|load| view.segment_get(load, "p_filesz") + u64::from(choice.skew))?;
    // The last page is mapped whole.
    let whole = mapped.next_multiple_of(0x1000) >= file.len() as u64;
    (whole && elf::accepted_by_tier(&elf::verify(&file), tier)).then_some(file)
}

/// The smallest size of at least so many bytes that has the bytes that are decided; the largest that is looked at has two
/// bytes more than those.
fn smallest_size(least: u64, decided: &[Option<u8>]) -> Option<u64> {
    let fits = |size: &u64| decided.iter().zip(size.to_le_bytes()).all(|(byte, is)| byte.is_none_or(|byte| byte == is));
    let large = decided.iter().rev().enumerate().find(|(_, byte)| byte.is_some_and(|byte| byte != 0));
    // Where the upper bytes are decided the size is large enough whatever the others are.
    if large.is_some_and(|(from_end, _)| decided.len() - from_end > 2) {
        let byte = |(number, byte): (usize, &Option<u8>)| u64::from(byte.unwrap_or(0)) << (8 * number);
        return Some(decided.iter().enumerate().map(byte).sum());
    }
    (least..=least + 0xffff).find(fits)
}
