//! Small structures that are cheaper to push than to keep as data.
//!
//! ```text
//! push imm8        6A ib          2     word from -128 to 127
//! push imm32       68 id          5     word that fits 32 bits with its sign; an address
//! mov eax, imm32   B8 id          5     word below 2^32 otherwise
//! push rax         50             1
//! ```
//!
//! Only the operations before the first label push: they run once. The frame is not in use then, so it may move down
//! with the stack pointer.

use crate::ir::op::{Base, Datum, DatumId, Inst, Label, Mem, Op, Operand, Part, Program, Slot};
use crate::target::Class;

/// A word to push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Number(u64),
    Code(Label),
}

/// The datum as words, if it consists of words. The bytes after it in the last word may have any value.
fn words(datum: &Datum, class: Class) -> Option<Vec<Word>> {
    let bytes_per_word = class.word_bytes() as usize;
    let (mut words, mut bytes) = (Vec::new(), Vec::new());
    for part in &datum.parts {
        match part {
            Part::Bytes(known) => bytes.extend(known.iter().copied().map(Some)),
            Part::Ignored(len) => bytes.resize(bytes.len() + *len as usize, None),
            Part::Word(_) | Part::Code(_) if bytes.len() % bytes_per_word != 0 => return None,
            Part::Word(value) => {
                words.extend(bytes.chunks(bytes_per_word).map(number));
                bytes.clear();
                words.push(Word::Number(*value));
            }
            Part::Code(label) => {
                words.extend(bytes.chunks(bytes_per_word).map(number));
                bytes.clear();
                words.push(Word::Code(*label));
            }
            Part::CodeAddress(_) | Part::DatumAddress { .. } | Part::StateAddress(_) => return None,
        }
    }
    words.extend(bytes.chunks(bytes_per_word).map(number));
    Some(words)
}

/// Bytes as a number. Ignored bytes at its end continue its sign: fewer bytes push it then.
fn number(bytes: &[Option<u8>]) -> Word {
    let ignored = bytes.iter().rev().take_while(|byte| byte.is_none()).count() + 8 - bytes.len();
    let value = bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(byte.unwrap_or(0)));
    Word::Number(match ignored {
        8 => 0,
        _ => ((value << (8 * ignored)) as i64 >> (8 * ignored)) as u64,
    })
}

/// Bytes of code that push a word.
fn push_bytes(word: Word, class: Class) -> usize {
    match word {
        Word::Code(_) => 5,
        Word::Number(value) => match class {
            _ if i8::try_from(signed(value, class)).is_ok() => 2,
            Class::Bits64 if i32::try_from(signed(value, class)).is_err() => 6,
            _ => 5,
        },
    }
}

/// The word as a number with its sign.
pub(super) fn signed(value: u64, class: Class) -> i64 {
    match class {
        Class::Bits32 => i64::from(value as u32 as i32),
        Class::Bits64 => value as i64,
    }
}

/// Bytes of `mov reg, address`.
const ADDRESS_BYTES: usize = 5;
/// Bytes of `push rsp; pop reg`.
const STACK_ADDRESS_BYTES: usize = 2;

/// Data to push, with their words, in the order of their identifiers.
pub(super) fn choose(program: &Program, class: Class) -> Vec<(DatumId, Vec<Word>)> {
    let prologue = program.prologue();
    if program.has_frame_register()
        || program.asks_for_entry()
        || prologue.iter().any(|inst| touches_frame(&inst.op))
        || program.frame_bytes > crate::ENTRY_SCRATCH_BYTES
    {
        return Vec::new();
    }
    let is_straight = prologue.iter().all(|inst| inst.op.target().is_none());
    let mut chosen = Vec::new();
    for (at, datum) in program.data.iter().enumerate() {
        let id = DatumId(at as u32);
        // What is written to or looked for in one place has to have one, and the stack is aligned to words only.
        let is_kept = datum.writable || datum.within.is_some() || program.data.iter().any(|other| other.refers_to(id));
        if is_kept || datum.align > class.word_bytes() {
            continue;
        }
        let uses = |insts: &[Inst]| insts.iter().flat_map(|inst| inst.op.data()).filter(|it| *it == id).count();
        let (early, all) = (uses(prologue), uses(&program.insts));
        // Pushing may need the accumulator, which is free before a system call and nowhere else. And what a slot leads
        // to is accessed by its own address, where an instruction can take that (`fuse.rs`).
        let leads_there = |inst: &Inst| match inst.op {
            Op::Set { to, value: Operand::Data(it) } => it == id && !is_passed_on(program, to),
            _ => false,
        };
        if program.insts.iter().any(leads_there) {
            continue;
        }
        // If paths have pushed different amounts, the distance to the structure is unknown later. And the frame may
        // overwrite it later.
        if early == 0 || (early < all && (!is_straight || program.frame_bytes > 0)) {
            continue;
        }
        let Some(words) = words(datum, class) else { continue };
        let above_4_gib = |word: &Word| match *word {
            Word::Number(value) => value >> 32 != 0 && i32::try_from(signed(value, class)).is_err(),
            Word::Code(_) => false,
        };
        if words.iter().any(above_4_gib) {
            continue;
        }
        let pushed: usize = words.iter().map(|&word| push_bytes(word, class)).sum();
        let kept = datum.len_bytes(class.word_bytes()) as usize + all * ADDRESS_BYTES;
        if pushed + all * STACK_ADDRESS_BYTES < kept {
            chosen.push((id, words));
        }
    }
    chosen
}

/// Is the slot for calls alone?
fn is_passed_on(program: &Program, slot: Slot) -> bool {
    let passes_on = |op: &Op| matches!(op, Op::Call { .. } | Op::Push { .. });
    program.insts.iter().all(|inst| passes_on(&inst.op) || !inst.op.uses().contains(&slot))
}

fn touches_frame(op: &Op) -> bool {
    let in_frame = |mem: &Mem| mem.base == Base::Frame;
    match op {
        Op::Call { args, .. } => args.iter().any(|arg| matches!(arg, Operand::Frame(_))),
        Op::Set { value, .. } => matches!(value, Operand::Frame(_)),
        Op::Load { from: mem, .. } | Op::Store { to: mem, .. } | Op::StoreBytes { to: mem, .. } => in_frame(mem),
        Op::BranchBytes { at: mem, .. } | Op::Match { at: mem, .. } => in_frame(mem),
        _ => false,
    }
}
