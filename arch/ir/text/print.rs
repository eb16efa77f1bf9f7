//! Programs as text.

use std::fmt::{self, Display, Formatter, Write};

use super::names::{IN_LABELS, IN_WORDS, escape, one, spell};
use super::words::{ALUS, CONDS, WIDTHS, call_name, text};
use crate::ir::op::{Base, Datum, DatumId, Inst, Kind, Label, Mem, Op, Operand, Part, Program, Slot, Width};
use crate::ir::syscall::Call;

/// The column at which the reasons of operations begin, unless an operation is longer.
const REASON_COLUMN: usize = 52;
/// A line of data ends where it has so many bytes.
const BYTES_PER_LINE: usize = 64;
/// Declarations of slots and labels fill lines up to this column.
const LINE_COLUMNS: usize = 100;
/// Numbers from here up are hexadecimal.
const LEAST_HEXADECIMAL: u64 = 0x1_0000;

/// The names in a program, as they are written.
pub(crate) struct Names {
    slots: Vec<String>,
    labels: Vec<String>,
    data: Vec<String>,
}

impl Names {
    /// Those of this program.
    pub(crate) fn of(program: &Program) -> Self {
        Self {
            slots: spell(program.slots.iter().map(|slot| slot.name.as_ref()), IN_WORDS),
            labels: spell(program.labels.iter().map(String::as_str), IN_LABELS),
            data: spell(program.data.iter().map(|datum| datum.name.as_str()), IN_WORDS),
        }
    }

    pub(crate) fn slot(&self, slot: Slot) -> &str {
        self.slots.get(usize::from(slot.0)).map_or("?", String::as_str)
    }

    /// A label; those that passes over machine code add have numbers alone.
    pub(crate) fn label(&self, label: Label) -> String {
        self.labels.get(usize::from(label.0)).cloned().unwrap_or_else(|| format!("added.{}", label.0))
    }

    /// A datum; those that instruction selection adds have numbers alone.
    pub(crate) fn datum_name(&self, datum: DatumId) -> String {
        self.data.get(datum.at()).cloned().unwrap_or_else(|| format!("added.{}", datum.0))
    }

    fn arg(&self, arg: Operand) -> String {
        match arg {
            Operand::Const(number) => signed(number),
            Operand::AtLeast(least) => format!("at_least({least})"),
            Operand::NotNegative => "non_negative".into(),
            Operand::Bits { set, clear } => format!("bits(set: {set:#x}, clear: {clear:#x})"),
            Operand::Slot(slot) => self.slot(slot).into(),
            Operand::Data(datum) => format!("&{}", self.data[datum.at()]),
            Operand::Frame(offset) => sum("frame", offset.into()),
            Operand::State(offset) => sum("state", offset.into()),
            Operand::Image => "image".into(),
            Operand::Entry => "entry".into(),
            Operand::Any => "any".into(),
        }
    }

    fn mem(&self, mem: Mem) -> String {
        let base = match mem.base {
            Base::Slot(slot) => self.slot(slot).into(),
            Base::Sum(one, other) => format!("{} + {}", self.slot(one), self.slot(other)),
            Base::Frame => "frame".into(),
        };
        format!("[{}]", sum(&base, mem.offset.into()))
    }

    fn wide(&self, width: Width, mem: Mem) -> String {
        format!("{}{}", text(&WIDTHS, width), self.mem(mem))
    }

    fn call(&self, call: Call, args: &[Operand], result: Option<Slot>) -> String {
        let mut line = result.map(|slot| format!("{} = ", self.slot(slot))).unwrap_or_default();
        line += call_name(call);
        let args: Vec<String> = args.iter().map(|&arg| self.arg(arg)).collect();
        let names = call.info().args.iter().map(|name| format!("{name}: ")).chain(std::iter::repeat(String::new()));
        let args: Vec<String> = names.zip(args).map(|(name, arg)| name + &arg).collect();
        let _ = write!(line, "({})", args.join(", "));
        line
    }

    /// An operation, without its reason.
    pub(super) fn op(&self, op: &Op) -> String {
        let (slot, label) = (|slot: Slot| self.slot(slot), |label: Label| self.label(label));
        match *op {
            Op::Label(at) => format!("{}:", label(at)),
            Op::Routine(at) => format!("routine {}:", label(at)),
            Op::Jump(to) => format!("goto {}", label(to)),
            Op::CallRoutine(to) => format!("call {}", label(to)),
            Op::ReturnFrom { from } => format!("return from {}", label(from)),
            Op::Call { call, ref args, result } => self.call(call, args, result),
            Op::Set { to, value } => format!("{} = {}", slot(to), self.arg(value)),
            Op::Binary { operator, to, value } => format!("{} {} {}", slot(to), text(&ALUS, operator), self.arg(value)),
            Op::Negate { to } => format!("{0} = -{0}", slot(to)),
            Op::Copy { to, from, len } => format!("copy {} bytes from {} to {}", slot(len), slot(from), slot(to)),
            Op::Divide { value, by, rest } => format!("{0}, {1} = divmod({0}, {by})", slot(value), slot(rest)),
            Op::Load { to, width, from } => format!("{} = {}", slot(to), self.wide(width, from)),
            Op::Store { width, to, value } => format!("{} = {}", self.wide(width, to), self.arg(value)),
            Op::StoreBytes { to, ref bytes } => format!("{} = {}", self.mem(to), quoted(bytes)),
            Op::Branch { left, cond, right, to } => {
                format!("if {} {} {} goto {}", slot(left), text(&CONDS, cond), self.arg(right), label(to))
            }
            Op::BranchBits { value, bits, any, to } => {
                let sign = if any { "!=" } else { "==" };
                format!("if ({} & {bits:#x}) {sign} 0 goto {}", slot(value), label(to))
            }
            Op::BranchBytes { at, ref bytes, equal, to } => {
                let sign = if equal { "==" } else { "!=" };
                format!("if {} {sign} {} goto {}", self.mem(at), quoted(bytes), label(to))
            }
            Op::Match { at, ref want, miss } => {
                format!("match {} {} else goto {}", self.mem(at), quoted(want), label(miss))
            }
            Op::Push { value } => format!("push {}", slot(value)),
            Op::Pop { to } => format!("{} = pop", slot(to)),
        }
    }

    /// An operation's line. The reason of a label is its name, where nothing else is said.
    fn inst(&self, program: &Program, inst: &Inst) -> String {
        let (indent, usual) = match inst.op {
            Op::Label(label) | Op::Routine(label) => ("", program.labels[usize::from(label.0)].as_str()),
            _ => ("    ", ""),
        };
        let mut op = format!("{indent}{}", self.op(&inst.op));
        if let Some(variable) = inst.variable.and_then(|number| program.variables.get(usize::from(number))) {
            // No other operand is in brackets; an address in the frame is the last of its operation.
            let name = format!(" as {}", one(&variable.name, IN_LABELS));
            op = if op.contains(']') { op.replacen(']', &(name + "]"), 1) } else { op + &name };
        }
        if inst.why == usual {
            return op;
        }
        let reason = escape(&inst.why, '\\');
        match reason.strip_suffix(' ') {
            _ if reason.is_empty() => format!("{op:<REASON_COLUMN$}#"),
            Some(begin) => format!("{op:<REASON_COLUMN$}# {begin}\\x20"),
            None => format!("{op:<REASON_COLUMN$}# {reason}"),
        }
    }

    fn datum(&self, at: usize, datum: &Datum) -> String {
        let mut line = format!("data {}", self.data[at]);
        if let Some((of, offset)) = datum.within {
            let _ = write!(line, " within {}", sum(&self.data[of.at()], offset.into()));
        }
        if datum.writable {
            line += " writable";
        }
        if datum.align != 1 {
            let _ = write!(line, " align {}", datum.align);
        }
        if datum.overread_bytes > 0 {
            let _ = write!(line, " overread {}", datum.overread_bytes);
        }
        if !datum.parts.is_empty() {
            line += " =";
        }
        let mut begin = 0;
        for (at, part) in datum.parts.iter().enumerate() {
            let (part, comma) = (self.part(part), if at > 0 { "," } else { "" });
            let first_len = part.lines().next().map_or(0, str::len);
            if line.len() - begin + first_len + 2 > LINE_COLUMNS || part.contains('\n') {
                let _ = write!(line, "{comma}\n    {part}");
                begin = line.rfind('\n').map_or(0, |end| end + 1);
            } else {
                let _ = write!(line, "{comma} {part}");
            }
        }
        line
    }

    fn part(&self, part: &Part) -> String {
        match *part {
            Part::Bytes(ref bytes) if bytes.len() > BYTES_PER_LINE => {
                bytes.chunks(BYTES_PER_LINE).map(quoted).collect::<Vec<_>>().join("\n    ")
            }
            Part::Bytes(ref bytes) => number(bytes).unwrap_or_else(|| quoted(bytes)),
            Part::Ignored(bytes) => format!("ignored {bytes}"),
            Part::Word(value) => format!("usize {}", unsigned(value)),
            Part::Code(label) => format!("usize code {}", self.label(label)),
            Part::CodeAddress(label) => format!("u32 code {}", self.label(label)),
            Part::DatumAddress { datum, offset } => {
                format!("u32 {}", sum(&format!("&{}", self.data[datum.at()]), offset.into()))
            }
            Part::StateAddress(offset) => format!("u32 {}", sum("state", offset.into())),
        }
    }
}

/// Bytes that are no text as the number that they are.
fn number(bytes: &[u8]) -> Option<String> {
    if bytes.len() > 1 && bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t')) {
        return None;
    }
    Some(match *bytes {
        [byte] => format!("u8 {byte}"),
        [one, other] => format!("u16 {}", u16::from_le_bytes([one, other])),
        [a, b, c, d] => format!("u32 {}", unsigned(u32::from_le_bytes([a, b, c, d]).into())),
        _ => return None,
    })
}

/// Something and a number that is added to it or taken from it.
fn sum(one: &str, offset: i64) -> String {
    match offset {
        0 => one.into(),
        1.. => format!("{one} + {}", unsigned(offset.unsigned_abs())),
        _ => format!("{one} - {}", unsigned(offset.unsigned_abs())),
    }
}

fn unsigned(number: u64) -> String {
    if number < LEAST_HEXADECIMAL { number.to_string() } else { format!("{number:#x}") }
}

fn signed(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", unsigned(number.unsigned_abs()))
}

/// Bytes in quotation marks: ASCII as it is, others escaped.
fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for &byte in bytes {
        match byte {
            b'\n' => text += "\\n",
            b'\r' => text += "\\r",
            b'\t' => text += "\\t",
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text + "\""
}

/// Words in rows, each row after the same word.
fn rows(f: &mut Formatter, begin: &str, words: &[String]) -> fmt::Result {
    let mut row = String::new();
    for word in words {
        if !row.is_empty() && begin.len() + row.len() + word.len() > LINE_COLUMNS {
            writeln!(f, "{begin} {row}")?;
            row.clear();
        }
        let _ = write!(row, "{}{word}", if row.is_empty() { "" } else { ", " });
    }
    if row.is_empty() { Ok(()) } else { writeln!(f, "{begin} {row}") }
}

/// Do labels have their numbers in the order in which the text mentions them?
fn labels_are_in_order(program: &Program) -> bool {
    let parts = program.data.iter().flat_map(|datum| &datum.parts).filter_map(|part| match part {
        Part::Code(label) | Part::CodeAddress(label) => Some(*label),
        _ => None,
    });
    let insts = program.insts.iter().filter_map(|inst| match inst.op {
        Op::Label(label) | Op::Routine(label) | Op::ReturnFrom { from: label } => Some(label),
        _ => inst.op.target(),
    });
    let mut next = 0;
    for label in parts.chain(insts) {
        match usize::from(label.0) {
            at if at == next => next += 1,
            at if at > next => return false,
            _ => {}
        }
    }
    next == program.labels.len()
}

fn declarations(f: &mut Formatter, program: &Program, names: &Names) -> fmt::Result {
    if program.frame_bytes + program.word_bytes + program.spilled_bytes > 0 || program.frame_at.is_some() {
        write!(f, "frame {}", program.frame_bytes)?;
        for (word, bytes) in [("words", program.word_bytes), ("spilled", program.spilled_bytes)] {
            if bytes > 0 {
                write!(f, " {word} {bytes}")?;
            }
        }
        if let Some(at) = program.frame_at {
            write!(f, " at {}", sum("state", at.into()))?;
        }
        writeln!(f)?;
    }
    if program.state_bytes > 0 {
        writeln!(f, "state {}", program.state_bytes)?;
    }
    for variable in &program.variables {
        let name = one(&variable.name, IN_LABELS);
        writeln!(f, "variable {name} {} at {}", variable.bytes, sum("frame", variable.at.into()))?;
    }
    let calls = |calls: &[Call]| calls.iter().map(|call| call_name(*call).into()).collect::<Vec<String>>();
    rows(f, "cannot_fail", &calls(&program.cannot_fail))?;
    rows(f, "skip_after_failure", &calls(&program.needless_after_failure))?;
    let mut at = 0;
    for slots in program.slots.chunk_by(|one, next| one.kind == next.kind) {
        let word = if slots[0].kind == Kind::Int { "int" } else { "pointer" };
        rows(f, word, &names.slots[at..at + slots.len()])?;
        at += slots.len();
    }
    if !labels_are_in_order(program) {
        rows(f, "label", &names.labels)?;
    }
    program.data.iter().enumerate().try_for_each(|(at, datum)| writeln!(f, "{}", names.datum(at, datum)))
}

impl Display for Program {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let names = Names::of(self);
        declarations(f, self, &names)?;
        writeln!(f)?;
        for (at, inst) in self.insts.iter().enumerate() {
            if matches!(inst.op, Op::Routine(_)) && at > 0 {
                writeln!(f)?;
            }
            writeln!(f, "{}", names.inst(self, inst))?;
        }
        Ok(())
    }
}
