//! From instructions of the bytecode to bytes: jumps are short where they can be.

use std::collections::BTreeMap;

use super::code::{Access, BACK, BIAS, Cell, Code, FIRST_EXIT, FORMS, Form, Function, Given, OFFSET_BIAS, Value};
use super::select::{is_compared, is_small};
use crate::data::Part;
use crate::op::{Arg, Label};
use crate::target::Machine;

/// Offsets of one byte.
pub(crate) fn is_near_offset(offset: i32) -> bool {
    (-OFFSET_BIAS..256 - OFFSET_BIAS).contains(&offset)
}

/// Arguments of system calls: bytes below are cells, the others numbers, larger by this and one more; the last means
/// that 4 bytes follow.
pub(crate) const FIRST_NUMBER: i32 = 32;
pub(crate) const WIDE: u8 = 0xff;

/// How far below the frame something is at most whose distance takes 2 bytes.
pub(crate) const NEAR_BIAS: u32 = 0x8000;

/// What encoding needs to know.
pub(crate) struct Encoder<'a> {
    pub(crate) machine: Machine,
    pub(crate) forms: &'a [Form],
    /// Numbers of the places outside, those that jumps lead to first.
    pub(crate) places: &'a BTreeMap<Label, usize>,
    /// How many of the places are for jumps.
    pub(crate) exits: usize,
    /// Is all that is written to less than 32 KiB from the frame?
    pub(crate) is_near: &'a dyn Fn(&Arg) -> Option<Part>,
    /// The frame's offset in the state.
    pub(crate) frame_at: u32,
}

/// An encoded instruction.
pub(crate) struct Line {
    pub(crate) parts: Vec<Part>,
    pub(crate) why: String,
}

impl Line {
    pub(crate) fn len(&self) -> usize {
        self.parts.iter().map(|part| part.len_bytes(4) as usize).sum()
    }
}

/// The forms that an instruction is of; none where its first byte has a cell in it.
pub(crate) fn form(code: &Code, is_far: bool, near: &dyn Fn(&Arg) -> Option<Part>) -> Vec<Form> {
    let mut forms = Vec::new();
    match code {
        Code::Function { function, b, .. } => {
            let function = if is_far { function.opposite() } else { *function };
            if Function::RARE.contains(&function) {
                forms.push(Form::Rare(function));
                // A cell beside it is a form of its own; its number is that of the other.
                forms.extend(matches!(b, Value::Cell(_)).then_some(Form::RareCell));
            }
            forms.extend(is_far.then_some(Form::FarJump));
        }
        Code::Return => forms.push(Form::Return),
        Code::Jump(_) => forms.push(if is_far { Form::FarJump } else { Form::Jump }),
        Code::Number { value: 0..=0xffff, .. } => forms.push(Form::Number2),
        Code::Address { of, .. } if near(of).is_some() => forms.push(Form::Near),
        Code::Number { .. } | Code::Address { .. } => forms.push(Form::Number4),
        Code::Text { .. } => forms.push(Form::Text),
        Code::Call { .. } => forms.push(Form::Call),
        Code::Divide { .. } => forms.push(Form::Divide),
        Code::Copy { .. } => forms.push(Form::Copy),
        Code::Gosub(_) => forms.push(Form::Gosub),
        Code::Label(_) | Code::Memory { .. } => {}
    }
    forms
}

/// Where each instruction begins, and which jumps are far; the last is where all end.
#[derive(Clone)]
pub(crate) struct Layout {
    pub(crate) at: Vec<usize>,
    pub(crate) far: Vec<bool>,
    labels: BTreeMap<Label, usize>,
}

impl Encoder<'_> {
    /// Finds which jumps are far: none at first, and once far always.
    pub(crate) fn lay_out(&self, codes: &[Code]) -> Layout {
        let mut layout = Layout { at: Vec::new(), far: vec![false; codes.len()], labels: BTreeMap::new() };
        loop {
            let mut end = 0;
            layout.at.clear();
            for (number, code) in codes.iter().enumerate() {
                layout.at.push(end);
                if let Code::Label(label) = code {
                    layout.labels.insert(*label, end);
                }
                end += self.len(code, layout.far[number]);
            }
            layout.at.push(end);
            let mut changed = false;
            for (number, code) in codes.iter().enumerate() {
                let is_inside = |to: &Label| !self.is_outside(*to);
                let Some(to) = code.target().filter(|_| !layout.far[number]).filter(is_inside) else { continue };
                let distance = layout.labels[&to] as i32 - layout.at[number + 1] as i32 + BACK;
                if !(0..FIRST_EXIT).contains(&distance) {
                    layout.far[number] = true;
                    changed = true;
                }
            }
            if !changed {
                return layout;
            }
        }
    }

    fn len(&self, code: &Code, is_far: bool) -> usize {
        let nowhere = |_: Label| 0;
        self.line(code, is_far, 0, &nowhere).iter().map(|part| part.len_bytes(4) as usize).sum()
    }

    /// The bytes of all instructions.
    pub(crate) fn encode(&self, codes: &[(Code, String)], layout: &Layout) -> Vec<Line> {
        let label = |label: Label| layout.labels[&label];
        for ((code, _), is_far) in codes.iter().zip(&layout.far) {
            let known = form(code, *is_far, self.is_near).iter().all(|form| self.forms.contains(form));
            assert!(known, "every form has a number: {code:?}");
        }
        let lines = codes.iter().enumerate().filter(|(_, (code, _))| !matches!(code, Code::Label(_)));
        lines
            .map(|(number, (code, why))| {
                let parts = self.line(code, layout.far[number], layout.at[number + 1], &label);
                Line { parts, why: why.clone() }
            })
            .collect()
    }

    /// Where a label is.
    pub(crate) fn label(layout: &Layout, label: Label) -> usize {
        layout.labels[&label]
    }

    /// Is it one of the places outside that jumps lead to?
    fn is_outside(&self, to: Label) -> bool {
        self.places.get(&to).is_some_and(|place| *place < self.exits)
    }

    /// The byte of a form; anything while lengths alone matter and it is not known yet.
    fn number_of(&self, form: Form) -> u8 {
        let at = self.forms.iter().position(|known| *known == form).unwrap_or(0);
        FORMS + at as u8
    }

    /// The byte that says where a jump leads whose end is there.
    fn place(&self, to: Label, end: usize, label: &dyn Fn(Label) -> usize) -> u8 {
        match self.places.get(&to) {
            Some(place) if self.is_outside(to) => (FIRST_EXIT + *place as i32) as u8,
            _ => (label(to) as i32 - end as i32 + BACK) as u8,
        }
    }

    fn line(&self, code: &Code, is_far: bool, end: usize, label: &dyn Fn(Label) -> usize) -> Vec<Part> {
        let mut bytes = Vec::new();
        let first = |what: u8, a: Cell| what << 5 | a as u8;
        let wide = |value: i32| Part::Bytes(value.to_le_bytes().into());
        match code {
            Code::Label(_) => {}
            Code::Function { function, a, b, to } => {
                let function = if is_far { function.opposite() } else { *function };
                self.function(&mut bytes, function, *a, *b);
                if let Some(to) = to {
                    if is_far {
                        bytes.push((BACK + 3) as u8);
                        bytes.push(self.number_of(Form::FarJump));
                        bytes.extend((label(*to) as u16).to_le_bytes());
                    } else {
                        bytes.push(self.place(*to, end, label));
                    }
                }
            }
            Code::Memory { access, a, b, offset } => {
                bytes.extend([first(5, *a), first(*access as u8, *b), (offset + OFFSET_BIAS) as u8]);
            }
            Code::Return => bytes.push(self.number_of(Form::Return)),
            Code::Jump(to) if is_far => {
                bytes.push(self.number_of(Form::FarJump));
                bytes.extend((label(*to) as u16).to_le_bytes());
            }
            Code::Jump(to) => bytes.extend([self.number_of(Form::Jump), self.place(*to, end, label)]),
            Code::Gosub(to) => self.gosub(&mut bytes, *to),
            Code::Number { a, value: value @ 0..=0xffff } => {
                bytes.extend([self.number_of(Form::Number2), *a as u8]);
                bytes.extend((*value as u16).to_le_bytes());
            }
            Code::Number { a, value } => {
                let start = Part::Bytes(vec![self.number_of(Form::Number4), *a as u8]);
                return vec![start, wide(*value)];
            }
            Code::Address { a, of } => {
                let (form, part) = match (self.is_near)(of) {
                    Some(part) => (Form::Near, part),
                    None => (Form::Number4, self.address(*of)),
                };
                return vec![Part::Bytes(vec![self.number_of(form), *a as u8]), part];
            }
            Code::Text { a, bytes: text } => {
                bytes.extend([self.number_of(Form::Text), *a as u8, text.len() as u8]);
                bytes.extend(text);
            }
            Code::Call { call, args, result } => {
                let number = call.info().number(self.machine);
                let start = [self.number_of(Form::Call), number as u8, (number >> 8) as u8 | (args.len() as u8) << 4];
                let mut parts = vec![Part::Bytes(start.into())];
                parts.extend(args.iter().flat_map(|arg| self.argument(*arg)));
                parts.push(Part::Bytes(vec![*result as u8]));
                return parts;
            }
            Code::Divide { a, by, rest } => {
                bytes.extend([self.number_of(Form::Divide), *a as u8, *by as u8, *rest as u8]);
            }
            Code::Copy { to, from, len } => {
                bytes.extend([self.number_of(Form::Copy), *to as u8, *from as u8, *len as u8]);
            }
        }
        if bytes.is_empty() { Vec::new() } else { vec![Part::Bytes(bytes)] }
    }

    fn function(&self, bytes: &mut Vec<u8>, function: Function, a: Cell, b: Value) {
        let first = |what: u8| what << 5 | a as u8;
        match (function, b) {
            (Function::Equal, Value::Number(0)) => bytes.push(first(0)),
            (Function::NotEqual, Value::Number(0)) => bytes.push(first(1)),
            (Function::Move, Value::Number(value)) if is_small(value) => bytes.extend([first(2), (value + BIAS) as u8]),
            (Function::Add, Value::Number(value)) if is_small(value) => bytes.extend([first(3), (value + BIAS) as u8]),
            (Function::Equal | Function::NotEqual, Value::Number(value)) if is_compared(value) => {
                let which = u8::from(function == Function::NotEqual) << 7;
                bytes.extend([first(6), which | (value + BIAS) as u8]);
            }
            (_, Value::Number(value)) => {
                bytes.extend([self.number_of(Form::Rare(function)), a as u8, value as u8]);
            }
            (_, Value::Cell(b)) if Function::RARE.contains(&function) => {
                bytes.extend([self.number_of(Form::RareCell), self.rare(function), a as u8, b as u8]);
            }
            (_, Value::Cell(b)) => bytes.extend([first(4), (function as u8) << 5 | b as u8]),
        }
    }

    /// The number of a function that stands in a byte of its own.
    pub(crate) fn rare(&self, function: Function) -> u8 {
        self.forms.iter().position(|form| *form == Form::Rare(function)).unwrap_or(0) as u8
    }

    fn gosub(&self, bytes: &mut Vec<u8>, to: Label) {
        let place = self.places.get(&to).copied().unwrap_or(0);
        let direct = place.wrapping_sub(self.exits) + self.forms.len();
        if direct < 32 {
            bytes.push(FORMS + direct as u8);
        } else {
            bytes.extend([self.number_of(Form::Gosub), place as u8]);
        }
    }

    fn argument(&self, given: Given) -> Vec<Part> {
        let one = |byte: u8| vec![Part::Bytes(vec![byte])];
        let wide = |part: Part| vec![Part::Bytes(vec![WIDE]), part];
        match given {
            Given::Cell(cell) => one(cell as u8),
            Given::Other(Arg::Any) => one((FIRST_NUMBER + 1) as u8),
            Given::Other(Arg::Const(value)) if (-1..i64::from(WIDE) - i64::from(FIRST_NUMBER) - 1).contains(&value) => {
                one((value as i32 + FIRST_NUMBER + 1) as u8)
            }
            Given::Other(Arg::Const(value)) => wide(Part::Bytes((value as i32).to_le_bytes().into())),
            Given::Other(Arg::Bits { set: value, .. } | Arg::AtLeast(value)) => {
                wide(Part::Bytes(value.to_le_bytes().into()))
            }
            Given::Other(address) => wide(self.address(address)),
        }
    }

    fn address(&self, of: Arg) -> Part {
        match of {
            Arg::Data(datum) => Part::DatumAddress { datum, offset: 0 },
            Arg::State(offset) => Part::StateAddress(offset),
            Arg::Frame(offset) => Part::StateAddress(self.frame_at + offset),
            Arg::Image => Part::ImageAddress,
            other => unreachable!("{other:?} is no address"),
        }
    }
}

/// The access of that number.
pub(crate) const ACCESSES: [Access; 6] =
    [Access::Load4, Access::Store4, Access::Load1, Access::Store1, Access::Load2, Access::Store2];
