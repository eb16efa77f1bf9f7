//! Steps that are seldom done, as bytecode: instructions of 2 bytes on the average, whatever the machine, and an
//! interpreter of them, which is a program like any other and compiled with the rest.
//!
//! ```text
//! program ──► without copies ──► webs ──► cold steps ──► instructions ──► bytes, in data
//!                                    └──► other steps ──► with places to come in, and the interpreter
//! ```
//!
//! Slots that cold steps mention live in cells: words at the frame's beginning, the same for both. So nothing is moved
//! where control goes from the machine's instructions to bytecode or back: a number says where in a list of places,
//! which has the addresses of labels and of bytecode. A subroutine is one or the other as a whole; whoever calls it need
//! not know.

mod arrange;
mod cells;
mod code;
mod copies;
mod encode;
mod interpreter;
mod native;
mod select;

use std::collections::{BTreeMap, BTreeSet};

use self::arrange::Reasoned;
use self::cells::Cells;
use self::code::{Code, Form};
use self::encode::Encoder;
use self::native::Outside;
use crate::op::{Arg, Datum, DatumId, Label, Op, Part, Program, Slot, Step};
use crate::target::Machine;
use crate::{promote, webs};

/// A program whose steps are cold or not.
struct Marked {
    program: Program,
    cold: Vec<bool>,
    /// Of which slot each slot is a part.
    origins: Vec<Slot>,
}

/// The program with these steps as bytecode. Its frame has to lie in the state, with room for cells where its own words
/// are; cold steps have no slots for addresses of 8 bytes.
pub fn fold(program: &Program, cold: &[bool], machine: Machine) -> Program {
    assert_eq!(program.steps.len(), cold.len(), "every step is cold or not");
    assert!(!cold[0], "a program begins with the machine's instructions");
    let marked = split(connected(without_copies(program, cold)));
    let cells = Cells::of(&marked);
    let wanted = native::wanted(&marked);
    let codes = arrange::arrange(selected(&marked, &cells), &wanted);
    let outside = Outside::of(&marked, &wanted, &codes);
    let mut folded = native::of(&marked, &cells, &outside, &codes);
    let bytecode = encoded(&mut folded, &codes, &outside, machine);
    interpreter::add(&mut folded, &outside, &bytecode, &cells);
    folded
}

/// Bytecode, and where it is.
struct Bytecode {
    forms: Vec<Form>,
    datum: DatumId,
    places: DatumId,
    /// Most arguments of a call.
    most_args: usize,
}

/// Words of the frame as slots, copies left out.
fn without_copies(program: &Program, cold: &[bool]) -> Marked {
    let words: Vec<i32> = (0..program.word_bytes as i32).step_by(4).collect();
    let promoted = promote::to_slots(program, &words);
    let in_words = |step: &Step| promote::in_frame(&step.op).filter(|(offset, _)| *offset < program.word_bytes as i32);
    assert!(!promoted.steps.iter().any(|step| in_words(step).is_some()), "the frame's words are accessed as such");
    let ops = copies::without(&promoted, cold);
    let kept = ops.into_iter().zip(&promoted.steps).zip(cold);
    let kept = kept.filter_map(|((op, step), cold)| op.map(|op| (Step { op, why: step.why.clone() }, *cold)));
    let (steps, cold) = kept.unzip();
    Marked { program: Program { steps, ..promoted }, cold, origins: Vec::new() }
}

/// Slots told apart.
fn split(marked: Marked) -> Marked {
    let (program, origins) = webs::split_with_origins(&marked.program);
    Marked { program, origins, ..marked }
}

/// The same where control goes from one kind to the other by labels alone.
fn connected(marked: Marked) -> Marked {
    let Marked { mut program, cold, origins } = marked;
    let steps = std::mem::take(&mut program.steps);
    let (mut joined, mut marks): (Vec<Step>, Vec<bool>) = (Vec::new(), Vec::new());
    for (step, is_cold) in steps.into_iter().zip(cold) {
        let changes = marks.last().is_some_and(|before| *before != is_cold);
        if changes && !joined.last().is_some_and(|before| before.op.ends()) {
            let label = match step.op {
                Op::Label(label) => label,
                Op::Sub(_) => unreachable!("nobody comes to a subroutine from above"),
                _ => program.label("goes on"),
            };
            joined.push(Step { op: Op::Jump(label), why: String::new() });
            marks.push(!is_cold);
            if step.op != Op::Label(label) {
                joined.push(Step { op: Op::Label(label), why: String::new() });
                marks.push(is_cold);
            }
        }
        joined.push(step);
        marks.push(is_cold);
    }
    program.steps = joined;
    Marked { program, cold: marks, origins }
}

/// The cold steps' instructions.
fn selected(marked: &Marked, cells: &Cells) -> Vec<Reasoned> {
    let cell = |slot| cells.of_slot(slot);
    let mut reasoned = Vec::new();
    for (step, _) in marked.program.steps.iter().zip(&marked.cold).filter(|(_, cold)| **cold) {
        let mut selector = select::Selector { spare: cells.spare, codes: Vec::new(), cell: &cell };
        selector.step(&step.op);
        reasoned.extend(selector.codes.into_iter().map(|code| (code, step.why.clone())));
    }
    select::fuse(reasoned)
}

/// Adds the bytes and the list of places to the program's data.
fn encoded(
    program: &mut Program,
    codes: &[Reasoned],
    outside: &Outside,
    machine: Machine,
) -> Bytecode {
    let frame_at = program.frame_at.expect("the frame lies in the state");
    let near = near(program, frame_at);
    let texts = inlined(program, codes);
    let plain: Vec<Code> = texts.iter().map(|(code, _)| code.clone()).collect();
    let encoder = |forms: &[Form], code: &dyn Fn(&Encoder) -> Encoded| {
        let (places, exits) = (&outside.places, outside.exits.len());
        code(&Encoder { machine, forms, places, exits, is_near: &near, frame_at })
    };
    // Which forms there are decides how long instructions are, and so which jumps are far and want a form of their own.
    let all = |far: &dyn Fn(usize) -> bool| -> BTreeSet<Form> {
        plain.iter().enumerate().flat_map(|(number, code)| encode::form(code, far(number), &near)).collect()
    };
    let mut forms = all(&|_| false);
    let Encoded { lines, layout } = loop {
        let list: Vec<Form> = forms.iter().copied().collect();
        let layout = encoder(&list, &|encoder| Encoded { layout: encoder.lay_out(&plain), lines: Vec::new() }).layout;
        let wanted = all(&|number| layout.far[number]);
        if wanted.is_subset(&forms) {
            break encoder(&list, &|encoder| Encoded { layout: layout.clone(), lines: encoder.encode(&texts, &layout) });
        }
        forms.extend(wanted);
    };
    let list: Vec<Form> = forms.into_iter().collect();
    let datum = DatumId(program.data.len() as u16);
    let parts = lines.iter().flat_map(|line| line.parts.clone()).collect();
    program.data.push(Datum { name: "bytecode".into(), parts, ignored_behind: 0, writable: false, align: 1 });
    let place = |label: &Label| {
        if outside.native.contains(label) {
            Part::CodeAddress(*label)
        } else {
            Part::DatumAddress { datum, offset: Encoder::label(&layout, *label) as u32 }
        }
    };
    let mut list_of_places: Vec<(usize, Label)> = outside.places.iter().map(|(label, at)| (*at, *label)).collect();
    list_of_places.sort_unstable();
    let parts = list_of_places.iter().map(|(_, label)| place(label)).collect();
    let places = DatumId(program.data.len() as u16);
    program.data.push(Datum { name: "places".into(), parts, ignored_behind: 0, writable: false, align: 1 });
    let args = |code: &Code| if let Code::Call { args, .. } = code { args.len() } else { 0 };
    let most_args = plain.iter().map(args).max().unwrap_or(0);
    Bytecode { forms: list, datum, places, most_args }
}

/// Encoded instructions and where they are.
struct Encoded {
    lines: Vec<encode::Line>,
    layout: encode::Layout,
}

/// How an address is said in 2 bytes: where all data that are written to, and that part of the state, are near the frame.
fn near(program: &Program, frame_at: u32) -> impl Fn(&Arg) -> Option<Part> + use<> {
    let writable = program.data.iter().filter(|datum| datum.writable);
    let bytes: u64 = writable.clone().map(|datum| datum.len_bytes(8) + u64::from(datum.align)).sum();
    let are_near = bytes + u64::from(frame_at) + 64 < u64::from(encode::NEAR_BIAS);
    let is_writable: Vec<bool> = program.data.iter().map(|datum| datum.writable).collect();
    move |arg| match *arg {
        Arg::Data(datum) if are_near && is_writable[usize::from(datum.0)] => {
            Some(Part::Distance { datum, from_state: frame_at as i32 - encode::NEAR_BIAS as i32 })
        }
        Arg::State(offset) if offset < encode::NEAR_BIAS => {
            let distance = offset.wrapping_sub(frame_at).wrapping_add(encode::NEAR_BIAS);
            Some(Part::Bytes((distance as u16).to_le_bytes().into()))
        }
        Arg::Frame(offset) => {
            let distance = offset + encode::NEAR_BIAS;
            Some(Part::Bytes((distance as u16).to_le_bytes().into()))
        }
        _ => None,
    }
}

/// Texts that are wanted at one place stand there.
fn inlined(program: &mut Program, codes: &[Reasoned]) -> Vec<Reasoned> {
    let mut uses: BTreeMap<DatumId, usize> = BTreeMap::new();
    let mut count = |datum: DatumId| *uses.entry(datum).or_default() += 1;
    program.steps.iter().flat_map(|step| step.op.data()).for_each(&mut count);
    for part in program.data.iter().flat_map(|datum| &datum.parts) {
        if let Part::DatumAddress { datum, .. } = part {
            count(*datum);
        }
    }
    for (code, _) in codes {
        match code {
            Code::Address { of: Arg::Data(datum), .. } => count(*datum),
            Code::Call { args, .. } => args.iter().for_each(|arg| {
                if let code::Given::Other(Arg::Data(datum)) = arg {
                    count(*datum);
                }
            }),
            _ => {}
        }
    }
    let text = |code: &Code, program: &mut Program| -> Option<Code> {
        let Code::Address { a, of: Arg::Data(datum) } = code else { return None };
        let data = &mut program.data[usize::from(datum.0)];
        let [Part::Bytes(bytes)] = &data.parts[..] else { return None };
        let fits = uses[datum] == 1 && !data.writable && data.align == 1 && bytes.len() < 256;
        let text = fits.then(|| Code::Text { a: *a, bytes: bytes.clone() })?;
        data.parts.clear();
        Some(text)
    };
    codes.iter().map(|(code, why)| (text(code, program).unwrap_or_else(|| code.clone()), why.clone())).collect()
}
