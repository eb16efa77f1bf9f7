//! From a description to an image: lower, compile, place, claim.
//!
//! There are three loops. The outer one ends when the size that the content states is true. The middle one goes over
//! the programs that do the same. The inner one goes over the searches for registers and for the order of blocks. The
//! inner two keep the smallest file, of equals the first. What a program does is the business of
//! [`lower`](mod@crate::lower), how a machine does it that of `asmgen_arch`, and where headers lie that of
//! [`elf`](mod@crate::elf).

use std::cell::RefCell;

use asmgen_arch::op::{Label, Program as Ops};
use asmgen_arch::pass::{Observer, Unobserved};
use asmgen_arch::{Code, CompileError, Known, PlacedCode, Target};

use crate::canvas::{Canvas, CanvasError};
use crate::data::{self, Data, Places};
use crate::elf::template::Choice;
use crate::elf::{self, Contents, Layout, Tier};
use crate::error::{BuildError, MOST_BYTES};
use crate::golf::{self, Watch};
use crate::image::{Image, Load, Owner};
use crate::options::{Effort, Options};
use crate::parallel;
use crate::spec::Description;
use crate::{fill, lower};

/// Sizes are tried this often: once a digit count has settled, the next try is the last.
const SIZE_TRIES: usize = 16;

/// The first guess at a file's size has as many digits as most pages' files have, so the next try is often the last.
const LIKELY_BYTES: u64 = 5000;

/// Builds the executables of a description for several options, side by side; each as [`build`] does.
///
/// # Errors
/// See [`BuildError`]; the error is that of the first options that have one.
pub fn build_all(description: &Description, options: &[Options]) -> Result<Vec<Image>, BuildError> {
    let data_bytes = description.program.content_bytes();
    fill::compress_ahead(description);
    parallel::map(options.len(), data_bytes, |number| build(description, options[number])).into_iter().collect()
}

/// Builds the executable of a description. Placeholders in its texts are true of this very image: its size is guessed,
/// and guessed again until the guess is right.
///
/// # Errors
/// See [`BuildError`].
///
/// ```
/// let description = asmgen::spec::default_description();
/// let image = asmgen::build(&description, asmgen::Options::new(&asmgen::X86_64))?;
/// assert_eq!(&image.bytes[..4], b"\x7fELF");
/// # Ok::<(), asmgen::BuildError>(())
/// ```
pub fn build(description: &Description, options: Options) -> Result<Image, BuildError> {
    build_watched(description, options, &mut Watch::new(&|_| ()))
}

/// The same, with a watcher that is told how far the search is and what is known of its result.
///
/// # Errors
/// See [`BuildError`].
pub fn build_watched(description: &Description, options: Options, watch: &mut Watch) -> Result<Image, BuildError> {
    description.check()?;
    fill::compress_ahead(description);
    let mut size_bytes = LIKELY_BYTES;
    let mut least_bytes = 0;
    let mut hints = Vec::new();
    for attempt in 0..SIZE_TRIES {
        let (filled, states_size) = fill::fill(description, options, size_bytes)?;
        let programs = lower::lower(&filled, options.target, options.tier);
        let image = smallest(&programs, options, least_bytes, &mut hints, watch)?;
        let built_bytes = image.bytes.len() as u64;
        if built_bytes == size_bytes || !states_size {
            return Ok(image);
        }
        // If the guesses alternate, the larger size is kept and the file is padded up to it.
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
    assemble_at_least(ops, options, 0, &mut Hint::default(), &mut Watch::new(&|_| ()))
}

/// The plain layout of a lowered program, with the assertions of selection about registers.
///
/// # Errors
/// The same.
pub fn assemble_with_assertions(
    ops: &Ops,
    target: &'static Target,
    tier: Tier,
) -> Result<(Image, Vec<Known>), BuildError> {
    let wrong = |source| BuildError::Compile { target: target.name, source };
    let code = asmgen_arch::compile_with_assertions(target, ops).map_err(wrong)?;
    let options = Options::new(target).tier(tier).effort(Effort::Quick);
    plain(ops, code, options, 0)
}

/// What the build before this one, of almost the same program, has found.
#[derive(Clone, Copy, Default)]
struct Hint {
    choice: Option<Choice>,
    turn: Option<usize>,
}

/// The smallest of several programs that do the same; of equals the first. The first must fit the machine; another
/// may want more registers than it has, and is passed over then.
fn smallest(
    programs: &[Ops],
    options: Options,
    least_bytes: u64,
    hints: &mut Vec<Hint>,
    watch: &mut Watch,
) -> Result<Image, BuildError> {
    hints.resize(programs.len(), Hint::default());
    watch.begin(0, programs.len());
    let mut smallest = assemble_at_least(&programs[0], options, least_bytes, &mut hints[0], watch)?;
    for (number, (program, hint)) in programs.iter().zip(hints).enumerate().skip(1) {
        watch.begin(number, programs.len());
        match assemble_at_least(program, options, least_bytes, hint, watch) {
            Ok(image) if image.bytes.len() < smallest.bytes.len() => smallest = image,
            Ok(_) | Err(BuildError::Compile { source: CompileError::OutOfRegisters { .. }, .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(smallest)
}

/// Selects, places and claims: the image of a lowered program, padded to at least so many bytes.
fn assemble_at_least(
    ops: &Ops,
    options: Options,
    least_bytes: u64,
    hint: &mut Hint,
    watch: &mut Watch,
) -> Result<Image, BuildError> {
    let target = options.target;
    let bytes = most_bytes(ops, target);
    if bytes > MOST_BYTES {
        return Err(BuildError::TooLarge { bytes });
    }
    let (turn, plain) = best_turn(ops, options, least_bytes, hint.turn)?;
    hint.turn = turn;
    // A file that states a size that no smaller one has is padded, and padding needs no search.
    if least_bytes > 0 {
        return Ok(plain);
    }
    Ok(golf::smaller(ops, options, &plain, &mut hint.choice, watch)?.unwrap_or(plain))
}

/// The smallest of the images that the searches for registers and for the order of blocks make, and the search's
/// number. Of equals it is the first. If the number is known, only that search runs. A program without routines has
/// nothing to search.
fn best_turn(
    ops: &Ops,
    options: Options,
    least_bytes: u64,
    known: Option<usize>,
) -> Result<(Option<usize>, Image), BuildError> {
    let image = |turn| -> Result<Image, BuildError> {
        let code = asmgen_arch::compile_turn(options.target, ops, turn);
        let code = code.map_err(|source| BuildError::Compile { target: options.target.name, source })?;
        Ok(plain(ops, code, options, least_bytes)?.0)
    };
    let searches = if ops.has_frame_register() { golf::searches(options.effort) } else { 0 };
    if known.is_some() || searches < 2 {
        let turn = known.or((searches > 0).then_some(0));
        return Ok((turn, image(turn)?));
    }
    let data_bytes = most_bytes(ops, options.target);
    let len = |image: &Result<Image, BuildError>| image.as_ref().map_or(0, |image| image.bytes.len());
    let (turn, image) = parallel::least(searches, data_bytes, |turn| image(Some(turn)), len);
    Ok((Some(turn), image?))
}

/// Places and claims: the image of selected code without a search.
fn plain(ops: &Ops, code: Code, options: Options, least_bytes: u64) -> Result<(Image, Vec<Known>), BuildError> {
    plain_observed(ops, code, options, least_bytes, &mut Unobserved)
}

/// The same; the observer is told what the passes over machine code make.
pub(crate) fn plain_observed(
    ops: &Ops,
    mut code: Code,
    options: Options,
    least_bytes: u64,
    observer: &mut dyn Observer,
) -> Result<(Image, Vec<Known>), BuildError> {
    let target = options.target;
    let wrong = |source| BuildError::Compile { target: target.name, source };
    let layout = elf::layout(options.tier, target, ops.has_writable_memory());
    let entry = origin(&layout);
    let data = Data::of(ops, &code, &layout);
    // One end of the code is asked for with each of its references in turn.
    let latest = RefCell::new((entry, data.places(entry)));
    let address = |place, code_end| {
        let mut latest = latest.borrow_mut();
        if latest.0 != code_end {
            *latest = (code_end, data.places(code_end));
        }
        latest.1.address(place)
    };
    let placed = code.place_observed(entry, &address, observer).map_err(wrong)?;
    let data_places = data.places(placed.end);

    let mut canvas = Canvas::default();
    let offset = |address: u64| u32::try_from(address - layout.base).expect("an image is smaller than 4 GiB");
    claim_gap(&mut canvas, layout.header_bytes, offset(entry))?;
    for one in &placed.instructions {
        let variable = one.in_frame.and_then(|byte| ops.name_in_frame(byte));
        canvas.claim(offset(one.at), &one.bytes, Owner::Code { why: one.why.clone(), variable })?;
    }
    data.claim(&mut canvas, &data_places, &placed)?;
    data::pad(&mut canvas, least_bytes, "the content states this size of the file")?;
    let loads = loads(&layout, &data_places, u64::from(canvas.len()));
    let contents = Contents {
        entry,
        read_only_bytes: loads[0].file.end.into(),
        writable: data_places.writable.unwrap_or_default(),
    };
    canvas.claim_fields(elf::header(&layout, &contents))?;
    let mut image = canvas.finish(target, entry, loads)?;
    image.labels = labels(ops, &placed, &offset);
    Ok((image, placed.known))
}

/// The labels that the program itself has names for.
fn labels(ops: &Ops, placed: &PlacedCode, offset: &dyn Fn(u64) -> u32) -> Vec<(u32, String)> {
    let named = |&(label, at): &(Label, u64)| Some((offset(at), ops.labels.get(usize::from(label.0))?.clone()));
    let mut labels: Vec<_> = placed.labels.iter().filter_map(named).collect();
    labels.sort();
    labels
}

/// At most so many bytes are the program's data and state.
fn most_bytes(ops: &Ops, target: &Target) -> u64 {
    let word_bytes = target.class.word_bytes();
    let data = ops.data.iter().map(|datum| datum.len_bytes(word_bytes) + u64::from(datum.align - 1));
    data.sum::<u64>() + u64::from(ops.state_bytes)
}

/// What is in memory: the whole file, or, if a second segment follows it, only what comes before that one.
fn loads(layout: &Layout, places: &Places, file_bytes: u64) -> Vec<Load> {
    let load = |from: u64, to: u64, address, memory_bytes, writable| {
        let file = from as u32..to as u32;
        Load { file, address, memory_bytes, writable }
    };
    let Some(writable) = places.writable else {
        return vec![load(0, file_bytes, layout.base, file_bytes, false)];
    };
    let (start, end) = (writable.file_offset, places.read_only_end);
    let second = load(start, start + writable.file_bytes, layout.writable_address(start), writable.memory_bytes, true);
    vec![load(0, end, layout.base, end, false), second]
}

/// The address of the first instruction: after the headers, where the machine may have one.
fn origin(layout: &Layout) -> u64 {
    (layout.base + u64::from(layout.header_bytes)).next_multiple_of(u64::from(layout.target.instruction_align))
}

fn claim_gap(canvas: &mut Canvas, from: u32, to: u32) -> Result<(), CanvasError> {
    let why = "instructions are aligned".into();
    canvas.claim(from, &vec![0; (to - from) as usize], Owner::Pad { why })
}
