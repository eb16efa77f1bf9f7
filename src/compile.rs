//! From a description to an image: lower, select, place, claim.

use asmgen_arch::op::{DatumId, Part, Program as Ops};
use asmgen_arch::{Code, CompileError, Place, PlacedCode, Target};

use crate::canvas::{Canvas, CanvasError};
use crate::elf::{self, Layout, Tier};
use crate::image::{Image, Owner};
use crate::spec::Description;
use crate::spec::template::TemplateError;
use crate::{fill, lower};

/// What to build a description for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The machine.
    pub target: &'static Target,
    /// Who must accept the executable.
    pub tier: Tier,
}

/// Why there is no image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A placeholder could not be filled in.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The machine cannot do what the program asks for.
    #[error("{target}: {source}")]
    Compile {
        /// The machine's name.
        target: &'static str,
        /// Why.
        source: CompileError,
    },
    /// Two owners of one byte: an error in asmgen.
    #[error("internal error in the layout: {0}")]
    Canvas(#[from] CanvasError),
    /// Addresses have 31 bits.
    #[error("the program would be {bytes} bytes long; at most {MOST_BYTES} are possible, so serve less")]
    TooLarge {
        /// Its length.
        bytes: u64,
    },
    /// The sizes that the content states never became those of the file that holds it.
    #[error("the content states its own size in a way that no size makes true")]
    NoFixedPoint,
}

/// Largest program, in bytes: every address stays below 2 GiB, where all machines' instructions reach.
const MOST_BYTES: u64 = 0x7000_0000;

/// Sizes are tried this often: once a digit count has settled, the next try is the last.
const SIZE_TRIES: usize = 16;

/// Builds the executable of a description. Placeholders in its texts are filled in with what is true of the very
/// image that comes out: its size is guessed, and guessed again until the guess is right.
///
/// # Errors
/// See [`BuildError`].
///
/// ```
/// let description = asmgen::spec::default_description();
/// let target = asmgen::Target::by_name("x86_64").unwrap();
/// let image = asmgen::build(&description, asmgen::Options { target, tier: asmgen::elf::Tier::Strict })?;
/// assert_eq!(&image.bytes[..4], b"\x7fELF");
/// # Ok::<(), asmgen::BuildError>(())
/// ```
pub fn build(description: &Description, options: Options) -> Result<Image, BuildError> {
    let layout = elf::layout(options.tier, options.target);
    let mut size_bytes = 1;
    let mut least_bytes = 0;
    for attempt in 0..SIZE_TRIES {
        let (filled, states_size) = fill::fill(description, options, size_bytes)?;
        let image = smallest(&lower::lower(&filled), &layout, least_bytes)?;
        let built_bytes = image.bytes.len() as u64;
        if built_bytes == size_bytes || !states_size {
            return Ok(image);
        }
        // Where guesses go to and fro, the larger size is kept and the file padded up to it.
        if attempt > SIZE_TRIES / 2 {
            least_bytes = built_bytes.max(size_bytes);
        }
        size_bytes = built_bytes;
    }
    Err(BuildError::NoFixedPoint)
}

/// Builds the executable of a lowered program: [`build`] without a description.
///
/// # Errors
/// The machine cannot do what the program asks for, or the program is too large.
pub fn assemble(ops: &Ops, options: Options) -> Result<Image, BuildError> {
    assemble_in(ops, &elf::layout(options.tier, options.target), 0)
}

/// The smallest of several programs that do the same; of equals the first. The first must fit the machine; another
/// may want more registers than it has, and is passed over then.
fn smallest(programs: &[Ops], layout: &Layout, least_bytes: u64) -> Result<Image, BuildError> {
    let mut smallest = assemble_in(&programs[0], layout, least_bytes)?;
    for program in &programs[1..] {
        match assemble_in(program, layout, least_bytes) {
            Ok(image) if image.bytes.len() < smallest.bytes.len() => smallest = image,
            Ok(_) | Err(BuildError::Compile { source: CompileError::OutOfRegisters { .. }, .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(smallest)
}

/// Selects, places and claims: the image of a lowered program, padded to at least so many bytes.
fn assemble_in(ops: &Ops, layout: &Layout, least_bytes: u64) -> Result<Image, BuildError> {
    let target = layout.target;
    let wrong = |source| BuildError::Compile { target: target.name, source };
    let bytes: u64 = ops.data.iter().map(|datum| datum.len_bytes(target.class.word_bytes())).sum();
    if bytes > MOST_BYTES {
        return Err(BuildError::TooLarge { bytes });
    }
    let mut code = asmgen_arch::compile(target, ops).map_err(wrong)?;
    let data = DataLayout::of(ops, &code, target);
    let placed = place(&mut code, layout, &data).map_err(wrong)?;

    let mut canvas = Canvas::default();
    let offset = |address: u64| u32::try_from(address - layout.base).expect("an image is smaller than 4 GiB");
    claim_gap(&mut canvas, layout.header_bytes, offset(origin(layout)))?;
    for one in &placed.instructions {
        canvas.claim(offset(one.at), &one.bytes, Owner::Code { why: one.why.clone() })?;
    }
    data.claim(&mut canvas, ops, &placed, target, offset(placed.end))?;
    if u64::from(canvas.len()) < least_bytes {
        let missing = vec![0; (least_bytes - u64::from(canvas.len())) as usize];
        let why = "the content states this size of the file".into();
        canvas.claim(canvas.len(), &missing, Owner::Pad { why })?;
    }
    let entry = origin(layout);
    for field in elf::header(layout, u64::from(canvas.len()), entry) {
        let owner = Owner::Field { name: field.name, meaning: field.meaning };
        canvas.claim(field.offset, &field.bytes, owner)?;
    }
    Ok(canvas.finish(target, layout.base, entry)?)
}

/// The address of the first instruction: behind the headers, where the machine may have one.
fn origin(layout: &Layout) -> u64 {
    (layout.base + u64::from(layout.header_bytes)).next_multiple_of(u64::from(layout.target.instruction_align))
}

fn claim_gap(canvas: &mut Canvas, from: u32, to: u32) -> Result<(), CanvasError> {
    let why = "instructions are aligned".into();
    canvas.claim(from, &vec![0; (to - from) as usize], Owner::Pad { why })
}

fn place(code: &mut Code, layout: &Layout, data: &DataLayout) -> Result<PlacedCode, CompileError> {
    code.place(origin(layout), &|place, code_end| match place {
        Place::Datum(datum) => code_end + u64::from(data.offset(datum)),
        Place::State(offset) => code_end + u64::from(offset),
    })
}

/// Where each datum lies behind the code, in bytes.
struct DataLayout {
    /// Data in the order of their places.
    order: Vec<usize>,
    offsets: Vec<u32>,
    /// Bytes behind the last datum that the kernel copies and ignores.
    copied_behind: u32,
}

/// Memory is mapped in pages of at least so many bytes; behind the file's end the last of them holds zeros.
const PAGE_BYTES: u32 = 4096;

impl DataLayout {
    /// Data behind which the kernel reads on come first: what follows them is there anyway.
    fn of(ops: &Ops, code: &Code, target: &Target) -> Self {
        let word_bytes = target.class.word_bytes();
        let mut order: Vec<usize> = (0..ops.data.len()).filter(|&at| code.needs(DatumId(at as u16))).collect();
        order.sort_by_key(|&at| std::cmp::Reverse(ops.data[at].ignored_behind));
        let mut offsets = vec![0; ops.data.len()];
        let (mut end, mut needed) = (0, 0);
        for &at in &order {
            offsets[at] = end;
            end += ops.data[at].len_bytes(word_bytes) as u32;
            needed = needed.max(end + ops.data[at].ignored_behind);
        }
        Self { order, offsets, copied_behind: needed.saturating_sub(end) }
    }

    fn offset(&self, datum: DatumId) -> u32 {
        self.offsets[usize::from(datum.0)]
    }

    fn claim(
        &self,
        canvas: &mut Canvas,
        ops: &Ops,
        code: &PlacedCode,
        target: &Target,
        start: u32,
    ) -> Result<(), CanvasError> {
        for &at in &self.order {
            let datum = &ops.data[at];
            let bytes: Vec<u8> = datum.parts.iter().flat_map(|part| part_bytes(part, code, target)).collect();
            canvas.claim(start + self.offsets[at], &bytes, Owner::Data { name: datum.name.clone() })?;
        }
        // What is copied must be mapped; the file's last page is, to its end.
        let mapped = canvas.len().next_multiple_of(PAGE_BYTES);
        let missing = (canvas.len() + self.copied_behind).saturating_sub(mapped);
        if missing == 0 {
            return Ok(());
        }
        let why = "copied by the kernel with what stands before, and ignored".into();
        canvas.claim(canvas.len(), &vec![0; (mapped + missing - canvas.len()) as usize], Owner::Pad { why })
    }
}

fn part_bytes(part: &Part, code: &PlacedCode, target: &Target) -> Vec<u8> {
    let word = |value: u64| value.to_le_bytes()[..target.class.word_bytes() as usize].to_vec();
    match part {
        Part::Bytes(bytes) => bytes.clone(),
        Part::Word(value) => word(*value),
        Part::Code(label) => word(code.label(*label).expect("every label in the data is placed")),
    }
}
