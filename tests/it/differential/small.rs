//! Random programs that the search for small files takes. They write only to the stack, have data that lie in each
//! other or may be pushed, and use results of calls.

use asmgen::op::{DatumId, Kind, Mem, Op, Operand, Part, Program, Slot, Width};
use asmgen::syscall::Call;

use super::generate::{Area, Maker, USED_BYTES};
use crate::harness::random::Random;

/// Few different bytes, so that data have some in common; with those of headers and of instructions among them.
const LETTERS: [u8; 8] = [0, 0, 1, 2, b'E', b'x', 0x50, 0xff];
/// Nanoseconds: bytes with and without a sign, and more.
const SLEEPS: [u64; 4] = [1, 60, 200, 0x1_2345];

pub(super) fn program(random: &mut Random) -> Program {
    let mut program = Program::default();
    let count = 1 + random.below(3);
    let numbers: Vec<Slot> = (0..count).map(|_| program.slot("number", Kind::Int)).collect();
    let pointers = [(); 2].map(|()| program.slot("pointer", Kind::Pointer));
    let [len, fetched] = ["length", "fetched"].map(|name| program.slot(name, Kind::Int));
    let counters = vec![program.slot("counter", Kind::Int)];
    let (areas, used): (&[Area], u32) = if random.below(8) == 0 { (&[Area::Frame], USED_BYTES) } else { (&[], 0) };
    program.frame_bytes = used + 4 * count as u32;
    if random.below(2) == 0 {
        program.cannot_fail.push(Call::RtSigprocmask);
    }
    let texts = texts(&mut program, random);
    let (routines, start, writable) = (Vec::new(), 0, None);
    let mut maker =
        Maker { program, random, numbers, pointers, len, fetched, counters, routines, start, writable, areas, texts };
    for _ in 0..maker.random.below(4) {
        maker.early_call();
    }
    // What is pushed before the first label moves the frame.
    if maker.random.below(2) == 0 {
        let frame_begins = maker.program.label("the frame is in use");
        maker.program.place(frame_begins);
    }
    maker.begin();
    maker.stretch(0);
    maker.end();
    maker.program
}

/// A text, parts of it, and others that begin or end as it does.
fn texts(program: &mut Program, random: &mut Random) -> Vec<(DatumId, u32)> {
    let len = 4 + random.below(12);
    let whole: Vec<u8> = (0..len).map(|_| random.one_of(&LETTERS)).collect();
    let mut all = vec![whole.clone()];
    for _ in 0..random.below(3) {
        let cut = random.below(len - 3);
        let more: Vec<u8> = (0..random.below(3)).map(|_| random.one_of(&LETTERS)).collect();
        all.push(match random.below(3) {
            0 => [&whole[cut..], &more].concat(),
            1 => [&more, &whole[..len - cut]].concat(),
            _ => whole[cut..cut + 4 + random.below(len - cut - 3)].to_vec(),
        });
    }
    // At least the 4 bytes of an option; the kernel looks at nothing behind them.
    let text = |bytes: Vec<u8>| (bytes.len() as u32, program.datum("text", vec![Part::Bytes(bytes)], 0));
    all.into_iter().map(text).map(|(bytes, datum)| (datum, bytes)).collect()
}

impl Maker<'_> {
    /// A call before the first label, which may find its data on the stack.
    fn early_call(&mut self) {
        let result = if self.random.below(2) == 0 { None } else { Some(self.number()) };
        match self.random.below(3) {
            0 => self.failing_call(),
            1 => {
                let parts = vec![Part::Word(0), Part::Word(self.random.one_of(&SLEEPS))];
                let time = self.program.datum("time", parts, 0);
                self.program.call(Call::Nanosleep, &[Operand::Data(time), Operand::Const(0)], result, "sleeps");
            }
            _ => {
                let (text, bytes) = self.random.one_of(&self.texts);
                let args = [Operand::Const(1), Operand::Data(text), Operand::Const(bytes.into())];
                self.program.call(Call::Write, &args, result, "writes");
            }
        }
    }

    /// Loads some of a text by way of a pointer.
    pub(super) fn read_text(&mut self) {
        let ((text, bytes), pointer) = (self.random.one_of(&self.texts), self.pointer());
        self.push(Op::Set { to: pointer, value: Operand::Data(text) });
        let (width, len) = self.random.one_of(&[(Width::Byte, 1), (Width::Two, 2), (Width::Four, 4)]);
        let offset = self.random.below(bytes as usize - len + 1) as i32;
        let to = self.number();
        self.push(Op::Load { to, width, from: Mem { base: asmgen::op::Base::Slot(pointer), offset } });
        if self.has_memory() {
            self.aim(pointer);
        }
    }
}
