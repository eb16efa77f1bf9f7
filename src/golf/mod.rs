//! Golf: the smallest file, by search. Code and data go into the bytes of the headers that no loader of the layout
//! reads; which headers, and where, is tried out; the rules that judge any file judge what comes out.

mod image;
mod template;

use std::fmt;
use std::rc::Rc;
use std::str::FromStr;

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
}

static EFFORTS: [Row; 3] = [
    Row { effort: Effort::Quick, name: "quick", places: [0, 0], tries: 0, selections: 0 },
    Row { effort: Effort::Default, name: "default", places: [300_000, 20_000], tries: 1_000, selections: 6 },
    Row { effort: Effort::Max, name: "max", places: [60_000_000, 4_000_000], tries: 20_000, selections: 100 },
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

/// A smaller image of a lowered program than `plain`, which is its plain layout, if the search finds one.
///
/// # Errors
/// The machine cannot do what the program asks for.
pub(crate) fn smaller(ops: &Ops, options: Options, plain: &Image) -> Result<Option<Image>, BuildError> {
    let [all, each] = options.effort.row().places;
    if all == 0 || ops.has_writable_memory() || options.tier == Tier::Strict {
        return Ok(None);
    }
    let target = options.target;
    let wrong = |source| BuildError::Compile { target: target.name, source };
    let mut search = Search { ops, options, left: all, best_bytes: plain.bytes.len() as u32, best: None };
    let row = options.effort.row();
    let mut tries: Vec<(u32, Choice, Rc<Template>, Rc<Code>)> = Vec::new();
    for base in bases(target) {
        let templates = templates(base, options);
        for code in golf::selections(target, ops, base, row.tries, row.selections).map_err(wrong)? {
            let (least, code) = (golf::least_bytes(target, ops, &code), Rc::new(code));
            for (choice, template) in &templates {
                let bound = golf::bound(target, template, least);
                tries.extend(bound.map(|bound| (bound, *choice, Rc::clone(template), Rc::clone(&code))));
            }
        }
    }
    tries.sort_by_key(|(bound, choice, ..)| (*bound, choice.program_header, choice.entry));
    // First a glance at each; then longer looks at those that came out smallest.
    let mut promising = Vec::new();
    for (number, (bound, choice, template, code)) in tries.iter().enumerate() {
        if *bound < search.best_bytes {
            let found = search.try_choice(*choice, template, code, GLANCE_PLACES, u32::MAX)?;
            promising.extend(found.map(|bytes| (bytes, *bound, number)));
        }
    }
    promising.sort_unstable();
    for (each, of_them) in [(each / 8, 8), (each, 1)] {
        for (_, bound, number) in &promising[..promising.len() / of_them] {
            let (_, choice, template, code) = &tries[*number];
            if *bound < search.best_bytes && search.left > 0 {
                search.try_choice(*choice, template, code, each, search.best_bytes)?;
            }
        }
    }
    Ok(search.best.map(|(packed, choice)| image::image(ops, options, &packed, choice)).transpose()?)
}

/// Places that a glance looks at: enough for one way through.
const GLANCE_PLACES: u64 = 400;

struct Search<'a> {
    ops: &'a Ops,
    options: Options,
    left: u64,
    best_bytes: u32,
    best: Option<(Packed, Choice)>,
}

impl Search<'_> {
    fn try_choice(&mut self, choice: Choice, template: &Template, code: &Code, each: u64, below: u32) -> Result<Option<u32>, BuildError> {
        let Options { target, tier, .. } = self.options;
        let task = Task {
            target,
            program: self.ops,
            code,
            template,
            below_bytes: below,
            budget: each,
            complete: &|bytes| complete(tier, target, choice, bytes),
        };
        let outcome =
            golf::pack(&task).map_err(|source| BuildError::Compile { target: target.name, source })?;
        if std::env::var("DBG").is_ok() { eprintln!("{choice:x?} {each} looked {} complete {} found {:?} least {}", outcome.looked_at, outcome.is_complete, outcome.packed.as_ref().map(|p| p.bytes.len()), template.least_bytes); }
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
fn templates(base: u64, options: Options) -> Vec<(Choice, Rc<Template>)> {
    let Options { target, tier, .. } = options;
    let header = fields::total_bytes(fields::ehdr(target.class));
    let is_base_open = target.class == Class::Bits32;
    let mut templates = Vec::new();
    let read = elf::read_fields(tier, target);
    for program_header in 4..=header {
        for skew in skews(target, program_header) {
            for entry in (0..=header + 56).step_by(usize::from(target.instruction_align)) {
                let choice = Choice { program_header, entry, base, is_base_open, is_page_open: false, skew };
                let Some(template) = template(tier, target, &read, choice) else { continue };
                templates.push((choice, Rc::new(template)));
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
    let size = (bytes.len() as u64).saturating_sub(u64::from(choice.skew)).max(1);
    for name in ["p_filesz", "p_memsz"] {
        let field = fields::find(table, name);
        for number in 0..field.len {
            let at = (choice.program_header + field.offset + number) as usize;
            if at < file.len() && bytes[at].is_none() {
                file[at] = (size >> (8 * number)) as u8;
            }
        }
    }
    let view = elf::view::View::new(&file);
    let mapped = view.loads().next().map(|load| view.segment_get(load, "p_filesz") + u64::from(choice.skew))?;
    // The last page is mapped whole.
    let whole = mapped.next_multiple_of(0x1000) >= file.len() as u64;
    (whole && elf::accepted_by_tier(&elf::verify(&file), tier)).then_some(file)
}
