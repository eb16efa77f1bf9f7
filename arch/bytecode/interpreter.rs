//! The interpreter of the bytecode, as operations: every machine compiles it with the rest of the program.

use super::cells::{ARGS, Cells};
use super::code::{Access, BACK, BIAS, FIRST_EXIT, FORMS, Form, Function, OFFSET_BIAS};
use super::encode::{FIRST_NUMBER, NEAR_BIAS, WIDE};
use super::native::{Outside, PLACE};
use super::{Bytecode, encode};
use crate::op::{Alu, Arg, Base, Cond, Kind, Label, Mem, Op, Program, Slot, Width};
use crate::syscall::Call;

/// Adds it to the program, which has the labels where others come in and the slot for the number of a place.
pub(crate) fn add(program: &mut Program, outside: &Outside, bytecode: &Bytecode, cells: &Cells) {
    let slot = |name: &str| program.slots.iter().position(|slot| slot.name == name).expect("others have made it");
    let place = Slot(slot(PLACE) as u16);
    let label = |name: &str| {
        let at = program.labels.iter().rposition(|label| label == name).expect("others have made it");
        Label(at as u16)
    };
    let (interpreter, places) = (label("bytecode"), label("a place"));
    let mut int = |name| program.slot(name, Kind::Int);
    let slots = Slots {
        place,
        pc: int("bytecode at hand"),
        c: int("byte"),
        kind: int("kind"),
        x: int("cell"),
        v: int("value"),
        a: int("cell a"),
        w: int("value of a"),
        f: int("function"),
        t: int("place to go to"),
        n: int("number"),
        y: int("address"),
        z: int("frame"),
        args: [(); ARGS].map(|()| int("argument")),
    };
    let args_at = cells.args_at;
    let names: Vec<Label> = LABELS.iter().map(|name| program.label(*name)).collect();
    let mut maker = Maker { program, s: slots, outside, bytecode, names, interpreter, places, args_at };
    maker.all();
}

struct Slots {
    /// The number of a place.
    place: Slot,
    /// Where the bytecode goes on.
    pc: Slot,
    /// The byte at hand, its upper 3 bits, the address of the cell that its lower 5 say, and what is in it.
    c: Slot,
    kind: Slot,
    x: Slot,
    v: Slot,
    /// The left cell's address and value.
    a: Slot,
    w: Slot,
    f: Slot,
    t: Slot,
    n: Slot,
    y: Slot,
    z: Slot,
    args: [Slot; ARGS],
}

/// Labels of the interpreter.
const LABELS: [&str; 12] = [
    "next instruction",
    "fetch",
    "in the bytecode",
    "apply",
    "keep",
    "compare",
    "taken",
    "leave",
    "form",
    "memory",
    "call a place",
    "with another cell",
];
const NEXT: usize = 0;
const FETCH: usize = 1;
const INSIDE: usize = 2;
const APPLY: usize = 3;
const KEEP: usize = 4;
const COMPARE: usize = 5;
const TAKEN: usize = 6;
const LEAVE: usize = 7;
const FORM: usize = 8;
const MEMORY: usize = 9;
const CALL: usize = 10;
const BOTH: usize = 11;

struct Maker<'a> {
    program: &'a mut Program,
    s: Slots,
    outside: &'a Outside,
    bytecode: &'a Bytecode,
    names: Vec<Label>,
    interpreter: Label,
    places: Label,
    /// Where arguments of system calls are gathered, in the frame.
    args_at: u32,
}

impl Maker<'_> {
    fn push(&mut self, op: Op, why: &str) {
        self.program.push(op, why);
    }

    fn set(&mut self, to: Slot, value: Arg, why: &str) {
        self.push(Op::Set { to, value }, why);
    }

    fn copy(&mut self, to: Slot, from: Slot, why: &str) {
        self.set(to, Arg::Slot(from), why);
    }

    fn alu(&mut self, alu: Alu, to: Slot, value: i64) {
        self.push(Op::Alu { alu, to, value: Arg::Const(value) }, "");
    }

    fn add(&mut self, to: Slot, from: Slot) {
        self.push(Op::Alu { alu: Alu::Add, to, value: Arg::Slot(from) }, "");
    }

    fn load(&mut self, to: Slot, width: Width, base: Base, offset: i32, why: &str) {
        self.push(Op::Load { to, width, from: Mem { base, offset } }, why);
    }

    fn store(&mut self, at: Slot, width: Width, offset: i32, value: Slot, why: &str) {
        let to = Mem { base: Base::Slot(at), offset };
        self.push(Op::Store { width, to, value: Arg::Slot(value) }, why);
    }

    /// What comes next in the bytecode.
    fn take(&mut self, to: Slot, width: Width, why: &str) {
        let pc = self.s.pc;
        self.load(to, width, Base::Slot(pc), 0, why);
        let bytes = match width {
            Width::Byte => 1,
            Width::Two => 2,
            _ => 4,
        };
        self.alu(Alu::Add, pc, bytes);
    }

    fn branch(&mut self, left: Slot, cond: Cond, right: i64, to: Label, why: &str) {
        self.push(Op::Branch { left, cond, right: Arg::Const(right), to }, why);
    }

    fn label(&mut self, name: &str) -> Label {
        self.program.label(name)
    }

    fn place(&mut self, name: usize) {
        let label = self.names[name];
        self.program.place(label);
    }

    fn jump(&mut self, name: usize, why: &str) {
        let to = self.names[name];
        self.push(Op::Jump(to), why);
    }

    fn fetch(&mut self, why: &str) {
        let to = self.names[FETCH];
        self.push(Op::Gosub(to), why);
    }

    /// Makes the cell at hand the left one.
    fn fetch_a(&mut self) {
        self.fetch("a");
        self.copy(self.s.a, self.s.x, "a");
    }

    fn fetch_a_and_value(&mut self) {
        self.fetch_a();
        self.copy(self.s.w, self.s.v, "its value");
    }

    /// Counts a number down, and goes to one of the labels when it is below 0; who is left behind the last has all.
    fn choose(&mut self, number: Slot, labels: &[Label]) {
        for &to in labels {
            self.alu(Alu::Sub, number, 1);
            self.branch(number, Cond::Lt, 0, to, "");
        }
    }

    fn all(&mut self) {
        self.enter();
        self.instruction();
        self.apply();
        self.compare();
        self.memory();
        self.form();
        self.fetch_sub();
    }

    /// Where others come in, with the number of a place.
    fn enter(&mut self) {
        let (place, t, x) = (self.s.place, self.s.t, self.s.x);
        self.program.sub(self.interpreter);
        self.program.place(self.places);
        self.alu(Alu::Shl, place, 2);
        self.set(x, Arg::Data(self.bytecode.places), "places");
        self.load(t, Width::Four, Base::Sum(x, place), 0, "its address");
        if !self.outside.subs.is_empty() {
            self.set(x, Arg::Data(self.bytecode.datum), "");
            let to = self.names[INSIDE];
            let branch = Op::Branch { left: t, cond: Cond::AboveOrEqual, right: Arg::Slot(x), to };
            self.push(branch, "a subroutine in the bytecode");
            self.push(Op::GosubAt { at: t, to: self.outside.subs.clone() }, "a subroutine of the machine's");
            self.push(Op::Return { from: self.interpreter }, "");
        }
        self.place(INSIDE);
        self.copy(self.s.pc, t, "here it goes on");
    }

    fn instruction(&mut self) {
        let Slots { kind, v, f, n, a, x, w, .. } = self.s;
        self.place(NEXT);
        self.fetch("an instruction");
        self.branch(kind, Cond::Eq, 7, self.names[FORM], "without a cell");
        self.copy(a, x, "a");
        self.copy(w, v, "its value");
        self.branch(kind, Cond::Above, 3, self.names[BOTH], "");
        self.copy(f, kind, "");
        self.set(v, Arg::Const(0), "");
        self.branch(kind, Cond::Below, 2, self.names[COMPARE], "with 0");
        self.take(v, Width::Byte, "a number");
        self.alu(Alu::Sub, v, BIAS.into());
        self.alu(Alu::Sub, f, 2);
        self.jump(APPLY, "");
        self.place(BOTH);
        let with_number = self.label("with a number");
        self.branch(kind, Cond::Eq, 6, with_number, "");
        self.copy(n, kind, "");
        self.fetch("b");
        self.copy(f, kind, "");
        self.branch(n, Cond::Eq, 5, self.names[MEMORY], "");
        self.jump(APPLY, "");
        self.program.place(with_number);
        self.take(v, Width::Byte, "which, and a number");
        self.copy(f, v, "");
        self.alu(Alu::Shr, f, 7);
        self.alu(Alu::And, v, 127);
        self.alu(Alu::Sub, v, BIAS.into());
        self.jump(COMPARE, "");
    }

    /// Function `f` of `w` and `v` for cell `a`; what it is counted in is [`Function`], and behind its first 8 the rare ones
    /// that there are.
    fn apply(&mut self) {
        let Slots { v, w, f, x, c, t, .. } = self.s;
        let rare: Vec<Function> = self.rare().collect();
        let (keeping, comparing): (Vec<Function>, Vec<Function>) = rare.into_iter().partition(|one| !one.compares());
        let [add, sub, next] = ["add", "subtract", "next byte"].map(|name| self.label(name));
        self.place(APPLY);
        self.choose(f, &[self.names[KEEP], add, sub, next]);
        if !(keeping.is_empty() && comparing.is_empty()) {
            self.branch(f, Cond::Below, 4, self.names[COMPARE], "");
            self.alu(Alu::Sub, f, 4);
            let labels: Vec<Label> = keeping.iter().map(|one| self.label(&format!("{one:?}"))).collect();
            let last = comparing.is_empty();
            self.choose(f, if last { &labels[..labels.len() - 1] } else { &labels });
            if !comparing.is_empty() {
                self.take(t, Width::Byte, "where to");
                self.comparisons(&comparing);
            }
            // Where nothing is compared the last follows.
            let order: Vec<usize> = (0..labels.len()).rev().collect();
            for at in order {
                self.program.place(labels[at]);
                self.rare_function(keeping[at]);
            }
        } else {
            self.jump(COMPARE, "");
        }
        self.program.place(add);
        self.add(v, w);
        self.place(KEEP);
        self.store(self.s.a, Width::Four, 0, v, "the new value");
        self.jump(NEXT, "");
        self.program.place(sub);
        self.push(Op::Alu { alu: Alu::Sub, to: w, value: Arg::Slot(v) }, "");
        self.copy(v, w, "");
        self.jump(KEEP, "");
        self.program.place(next);
        self.load(c, Width::Byte, Base::Slot(v), 0, "the byte");
        self.alu(Alu::Add, v, 1);
        self.store(x, Width::Four, 0, v, "the cursor");
        self.copy(v, c, "");
        self.jump(KEEP, "");
    }

    fn rare(&self) -> impl Iterator<Item = Function> + '_ {
        self.bytecode.forms.iter().filter_map(|form| if let Form::Rare(function) = form { Some(*function) } else { None })
    }

    fn rare_function(&mut self, function: Function) {
        let Slots { v, w, .. } = self.s;
        let alu = match function {
            Function::And => Alu::And,
            Function::Or => Alu::Or,
            Function::Mul => Alu::Mul,
            _ => {
                // Nobody shifts by another slot: one bit after the other.
                let (again, done) = (self.label("shift"), self.label("shifted"));
                self.program.place(again);
                self.branch(v, Cond::Eq, 0, done, "");
                self.add(w, w);
                self.alu(Alu::Sub, v, 1);
                self.push(Op::Jump(again), "");
                self.program.place(done);
                self.copy(v, w, "");
                return self.jump(KEEP, "");
            }
        };
        self.push(Op::Alu { alu, to: v, value: Arg::Slot(w) }, "");
        self.jump(KEEP, "");
    }

    /// Comparisons of `w` with `v`; function `f` of these, and `t` says where to go.
    fn comparisons(&mut self, functions: &[Function]) {
        let Slots { v, w, f, .. } = self.s;
        let labels: Vec<Label> = functions[1..].iter().map(|one| self.label(&format!("{one:?}"))).collect();
        let taken = self.names[TAKEN];
        let first = self.label(&format!("{:?}", functions[0]));
        let mut all = vec![first];
        all.extend(labels);
        self.choose(f, &all[..all.len() - 1]);
        for (&label, function) in all.iter().zip(functions).rev() {
            self.program.place(label);
            let cond = match function {
                Function::Equal => Cond::Eq,
                Function::NotEqual => Cond::Ne,
                Function::Below => Cond::Below,
                Function::AboveOrEqual => Cond::AboveOrEqual,
                Function::Less => Cond::Lt,
                Function::GreaterOrEqual => Cond::Ge,
                _ => {
                    self.push(Op::Alu { alu: Alu::And, to: v, value: Arg::Slot(w) }, "");
                    let cond = if *function == Function::Any { Cond::Ne } else { Cond::Eq };
                    self.branch(v, cond, 0, taken, "");
                    self.jump(NEXT, "");
                    continue;
                }
            };
            self.push(Op::Branch { left: w, cond, right: Arg::Slot(v), to: taken }, "");
            self.jump(NEXT, "");
        }
    }

    fn compare(&mut self) {
        let Slots { pc, t, x, .. } = self.s;
        self.place(COMPARE);
        self.take(t, Width::Byte, "where to");
        self.comparisons(&[Function::Equal, Function::NotEqual, Function::Below, Function::AboveOrEqual]);
        self.place(TAKEN);
        if !self.outside.exits.is_empty() {
            self.branch(t, Cond::AboveOrEqual, FIRST_EXIT.into(), self.names[LEAVE], "outside");
        }
        self.add(pc, t);
        self.alu(Alu::Sub, pc, BACK.into());
        self.jump(NEXT, "");
        if !self.outside.exits.is_empty() {
            self.place(LEAVE);
            self.alu(Alu::Shl, t, 2);
            self.set(x, Arg::Data(self.bytecode.places), "places");
            self.load(t, Width::Four, Base::Sum(x, t), -4 * FIRST_EXIT, "its address");
            self.push(Op::Goto { at: t, to: self.outside.exits.clone() }, "out of the bytecode");
        }
    }

    /// Access `f` to memory at `v` and an offset.
    fn memory(&mut self) {
        let Slots { v, w, f, t, .. } = self.s;
        let accesses = encode::ACCESSES;
        let labels = accesses.map(|access| self.label(&format!("{access:?}")));
        self.place(MEMORY);
        self.take(t, Width::Byte, "offset");
        self.add(v, t);
        self.choose(f, &labels[..labels.len() - 1]);
        for (&label, access) in labels.iter().zip(accesses).rev() {
            self.program.place(label);
            let width = match access {
                Access::Load4 | Access::Store4 => Width::Four,
                Access::Load1 | Access::Store1 => Width::Byte,
                Access::Load2 | Access::Store2 => Width::Two,
            };
            match access {
                Access::Load4 | Access::Load1 | Access::Load2 => {
                    self.load(v, width, Base::Slot(v), -OFFSET_BIAS, "from memory");
                    self.jump(KEEP, "");
                }
                _ => {
                    self.store(v, width, -OFFSET_BIAS, w, "to memory");
                    self.jump(NEXT, "");
                }
            }
        }
    }

    fn form(&mut self) {
        let Slots { c, f, v, place, pc, .. } = self.s;
        let rare = self.rare().count() as i64;
        let others: Vec<Form> = self.bytecode.forms[rare as usize..].to_vec();
        self.place(FORM);
        self.alu(Alu::Sub, c, FORMS.into());
        if rare > 0 {
            let other = self.label("another form");
            self.branch(c, Cond::AboveOrEqual, rare, other, "");
            self.copy(f, c, "a function that is rare");
            self.alu(Alu::Add, f, 8);
            self.fetch_a_and_value();
            self.take(v, Width::Byte, "a number");
            self.jump(APPLY, "");
            self.program.place(other);
            self.alu(Alu::Sub, c, rare);
        }
        let labels: Vec<Label> = others.iter().map(|form| self.label(&format!("{form:?}"))).collect();
        self.choose(c, &labels);
        self.copy(place, c, "a subroutine");
        if !self.outside.exits.is_empty() {
            self.alu(Alu::Add, place, self.outside.exits.len() as i64);
        }
        self.place(CALL);
        self.push(Op::Push { value: pc }, "where it goes on");
        self.push(Op::Gosub(self.interpreter), "");
        self.push(Op::Pop { to: pc }, "here it goes on");
        self.jump(NEXT, "");
        for (label, form) in labels.into_iter().zip(others) {
            self.program.place(label);
            self.one_form(form);
        }
    }

    fn one_form(&mut self, form: Form) {
        let Slots { pc, v, t, c, w, x, y, n, f, place, .. } = self.s;
        match form {
            Form::Rare(_) => unreachable!("these come first"),
            Form::RareCell => {
                self.take(f, Width::Byte, "which function");
                self.alu(Alu::Add, f, 8);
                self.fetch_a_and_value();
                self.fetch("b");
                self.jump(APPLY, "");
            }
            Form::Return => self.push(Op::Return { from: self.interpreter }, "back"),
            Form::Jump => {
                self.take(t, Width::Byte, "where to");
                self.jump(TAKEN, "");
            }
            Form::FarJump => {
                self.load(t, Width::Two, Base::Slot(pc), 0, "where to");
                self.set(pc, Arg::Data(self.bytecode.datum), "from its beginning on");
                self.add(pc, t);
                self.jump(NEXT, "");
            }
            Form::Number2 | Form::Number4 => {
                self.fetch_a();
                self.take(v, if form == Form::Number2 { Width::Two } else { Width::Four }, "a number");
                self.jump(KEEP, "");
            }
            Form::Near => {
                self.fetch_a();
                self.take(v, Width::Two, "how far from the frame");
                self.set(y, Arg::Frame(0), "");
                self.add(v, y);
                self.alu(Alu::Sub, v, NEAR_BIAS.into());
                self.jump(KEEP, "");
            }
            Form::Text => {
                self.fetch_a();
                self.take(c, Width::Byte, "its length");
                self.copy(v, pc, "a text");
                self.add(pc, c);
                self.jump(KEEP, "");
            }
            Form::Call => self.call(),
            Form::Divide => {
                self.fetch_a_and_value();
                self.take(n, Width::Byte, "divisor");
                self.fetch("rest");
                self.copy(v, w, "dividend");
                self.push(Op::Divide { value: v, by: Arg::Slot(n), rest: w }, "");
                self.store(x, Width::Four, 0, w, "rest");
                self.jump(KEEP, "quotient");
            }
            Form::Copy => {
                self.fetch_a_and_value();
                self.fetch("from where");
                self.copy(y, x, "");
                self.copy(n, v, "");
                self.fetch("how much");
                self.push(Op::Copy { to: w, from: n, len: v }, "");
                self.store(y, Width::Four, 0, n, "behind what was copied");
                self.store(x, Width::Four, 0, v, "nothing is left");
                self.copy(v, w, "");
                self.jump(KEEP, "");
            }
            Form::Gosub => {
                self.take(place, Width::Byte, "a subroutine");
                self.jump(CALL, "");
            }
        }
    }

    /// A system call: its arguments are gathered in the frame.
    fn call(&mut self) {
        let Slots { pc, c, kind, v, w, f, n, y, args, .. } = self.s;
        let [another, argument, wide, ready] =
            ["another argument", "argument", "wide argument", "make the call"].map(|name| self.label(name));
        self.take(n, Width::Byte, "number of a system call");
        self.take(c, Width::Byte, "the rest of it, and how many arguments");
        self.copy(w, c, "");
        self.alu(Alu::Shr, w, 4);
        self.alu(Alu::And, c, 15);
        self.alu(Alu::Shl, c, 8);
        self.add(n, c);
        self.set(y, Arg::Frame(self.args_at), "");
        self.program.place(another);
        self.branch(w, Cond::Eq, 0, ready, "that was the last");
        self.fetch("argument");
        self.branch(kind, Cond::Eq, 0, argument, "what is in a cell");
        self.copy(v, c, "");
        self.alu(Alu::Sub, v, i64::from(FIRST_NUMBER) + 1);
        self.branch(c, Cond::Ne, WIDE.into(), argument, "a number");
        self.program.place(wide);
        self.take(v, Width::Four, "a large number, or an address");
        self.program.place(argument);
        self.store(y, Width::Four, 0, v, "");
        self.alu(Alu::Add, y, 4);
        self.alu(Alu::Sub, w, 1);
        self.push(Op::Jump(another), "");
        self.program.place(ready);
        let count = self.bytecode.most_args;
        for (at, slot) in args.into_iter().enumerate().take(count) {
            let offset = self.args_at as i32 + 4 * at as i32;
            self.load(slot, Width::Four, Base::Frame, offset, "argument");
        }
        let args: Vec<Arg> = [n].into_iter().chain(args.into_iter().take(count)).map(Arg::Slot).collect();
        self.program.call(Call::Numbered, &args, Some(w), "make the call");
        self.fetch_a();
        self.copy(v, w, "its result");
        self.jump(KEEP, "");
        let _ = (pc, f);
    }

    /// A byte of the bytecode, and what it may say.
    fn fetch_sub(&mut self) {
        let Slots { c, kind, x, v, z, .. } = self.s;
        let fetch = self.names[FETCH];
        self.program.sub(fetch);
        self.take(c, Width::Byte, "a byte");
        self.copy(kind, c, "");
        self.alu(Alu::Shr, kind, 5);
        self.copy(x, c, "");
        self.alu(Alu::And, x, 31);
        self.alu(Alu::Shl, x, 2);
        self.set(z, Arg::Frame(0), "");
        self.add(x, z);
        self.load(v, Width::Four, Base::Slot(x), 0, "what is in the cell");
        self.push(Op::Return { from: fetch }, "");
    }
}
