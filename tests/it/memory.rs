//! Programs that write to memory beside the stack: data of their own, tables of addresses, state that begins as zeros.

use std::path::{Path, PathBuf};
use std::process::Command;

use asmgen::elf::{self, Tier};
use asmgen::op::{Base, BinOp, Cond, DatumId, Kind, Label, Mem, Op, Operand, Part, Program, Slot, Width};
use asmgen::syscall::Call;
use asmgen::{Image, Options, Owner, TARGETS, Target, assemble, listing};

use crate::harness::images::write;
use crate::harness::tool::{asmgen, succeed, tool};

/// More than several pages of any size.
const STATE_BYTES: u32 = 300_000;

/// Every way to build a program.
fn options() -> impl Iterator<Item = Options> {
    TARGETS.into_iter().flat_map(|target| Tier::all().map(move |tier| Options::new(target).tier(tier)))
}

fn build(program: &Program, options: Options) -> Image {
    assemble(program, options).unwrap_or_else(|error| panic!("{} {}: {error}", options.target.name, options.tier))
}

/// How a finished file runs here: as it is where the kernel can, and under the emulator of its machine.
fn ways(target: &Target, file: &Path) -> Vec<Command> {
    let mut emulated = tool(&format!("qemu-{}-static", target.name));
    emulated.arg(file);
    let native = (target.name != "aarch64").then(|| Command::new(file));
    native.into_iter().chain([emulated]).collect()
}

/// The image as an executable file in a folder.
fn file_of(image: &Image, folder: &Path) -> PathBuf {
    let file = folder.join("program");
    write(image, &file);
    file
}

/// The program writes this text and ends with this status everywhere, and every loader of its layout takes it.
fn assert_does(program: &Program, text: &str, status: i32) {
    for options in options() {
        assert_image_does(&build(program, options), options.tier, text, status);
    }
}

fn assert_image_does(image: &Image, tier: Tier, text: &str, status: i32) {
    let folder = tempfile::tempdir().unwrap();
    let file = file_of(image, folder.path());
    let what = format!("{} {tier}", image.target.name);
    succeed(asmgen().arg("verify").arg(&file).args(["--elf", tier.name()]));
    let verdicts = elf::verify(&image.bytes);
    assert!(elf::accepted_by_tier(&verdicts, tier), "{what}: {verdicts:#?}");
    // The emulators take no file that only the kernel takes.
    let is_emulated = |command: &Command| command.get_program() != file.as_os_str();
    let skipped = |command: &Command| tier == Tier::Linux && is_emulated(command);
    for mut command in ways(image.target, &file).into_iter().filter(|command| !skipped(command)) {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let found = (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code());
        assert_eq!(found, (text.into(), Some(status)), "{what}: {command:?}\n{}", listing::text(image));
    }
}

/// A program in the making: it ends with status 1 where something is not as it should be.
struct Maker {
    program: Program,
    address: Slot,
    number: Slot,
    wrong: Label,
}

impl Maker {
    fn new() -> Self {
        let mut program = Program::default();
        let address = program.slot("address", Kind::Pointer);
        let number = program.slot("number", Kind::Int);
        let wrong = program.label("wrong");
        Self { program, address, number, wrong }
    }

    fn at(&self, offset: i32) -> Mem {
        Mem { base: Base::Slot(self.address), offset }
    }

    fn go_to(&mut self, value: Operand) {
        self.program.push(Op::Set { to: self.address, value }, "where");
    }

    fn load(&mut self, width: Width, offset: i32) {
        let from = self.at(offset);
        self.program.push(Op::Load { to: self.number, width, from }, "load");
    }

    fn store(&mut self, width: Width, offset: i32, value: Operand) {
        let to = self.at(offset);
        self.program.push(Op::Store { width, to, value }, "store");
    }

    fn want(&mut self, value: i64) {
        let (left, to) = (self.number, self.wrong);
        self.program.push(Op::Branch { left, cond: Cond::Ne, right: Operand::Const(value), to }, "is it there?");
    }

    fn write(&mut self, value: Operand, bytes: i64) {
        self.program.call(Call::Write, &[Operand::Const(1), value, Operand::Const(bytes)], None, "write");
    }

    /// The number loaded last is the status.
    fn finish(mut self) -> Program {
        self.program.call(Call::Exit, &[Operand::Slot(self.number)], None, "end");
        self.program.place(self.wrong);
        self.program.call(Call::Exit, &[Operand::Const(1)], None, "end");
        self.program
    }

    /// Uses the state's first bytes, some in the middle and the last.
    fn use_state(&mut self) {
        self.program.state_bytes = STATE_BYTES;
        self.go_to(Operand::State(0));
        self.load(Width::Four, 0);
        self.want(0);
        let to = self.at(40);
        self.program.push(Op::StoreBytes { to, bytes: b"state\n".into() }, "a text");
        self.write(Operand::State(40), 6);
        self.go_to(Operand::State(STATE_BYTES - 1));
        self.load(Width::Byte, 0);
        self.want(0);
        self.store(Width::Byte, 0, Operand::Const(7));
        self.go_to(Operand::State(STATE_BYTES - 100));
        self.load(Width::Byte, 99);
    }

    /// Counts in a text.
    fn use_datum(&mut self) {
        let text = self.program.writable_datum("counter", vec![Part::Bytes(b"at 0\n".into())]);
        for _ in 0..2 {
            self.go_to(Operand::Data(text));
            self.load(Width::Byte, 3);
            self.program.push(Op::Binary { operator: BinOp::Add, to: self.number, value: Operand::Const(1) }, "count");
            self.store(Width::Byte, 3, Operand::Slot(self.number));
            self.write(Operand::Data(text), 5);
        }
    }

    /// Writes what the second address in a table leads to.
    fn use_table(&mut self, table: DatumId, bytes: i64) {
        self.go_to(Operand::Data(table));
        let (to, from) = (self.address, self.at(4));
        self.program.push(Op::Load { to, width: Width::Four, from }, "the second address");
        self.write(Operand::Slot(self.address), bytes);
    }
}

/// A table of two addresses in words, one of them in the middle of a datum.
fn table(of: DatumId, offset: u32) -> Vec<Part> {
    vec![Part::DatumAddress { datum: of, offset: 0 }, Part::DatumAddress { datum: of, offset }]
}

/// One program with all kinds of memory, more or less of them.
fn all_kinds() -> Program {
    let mut maker = Maker::new();
    let words = maker.program.datum("words", vec![Part::Bytes(b"one two\n".into())], 0);
    let constant = maker.program.datum("table", table(words, 4), 0);
    let variable = maker.program.writable_datum("writable table", table(words, 4));
    maker.program.align(constant, 4);
    maker.program.align(variable, 16);
    maker.use_table(constant, 4);
    maker.use_table(variable, 4);
    // The table's address is moved from "two" back to "one".
    maker.go_to(Operand::Data(variable));
    maker.load(Width::Four, 0);
    maker.store(Width::Four, 4, Operand::Slot(maker.number));
    maker.use_table(variable, 4);
    maker.use_datum();
    maker.use_state();
    maker.finish()
}

#[test]
fn state_alone() {
    let mut maker = Maker::new();
    maker.use_state();
    assert_does(&maker.finish(), "state\n", 7);
}

#[test]
fn writable_data_alone() {
    let mut maker = Maker::new();
    maker.use_datum();
    assert_does(&maker.finish(), "at 1\nat 2\n", i32::from(b'2'));
}

#[test]
fn all_kinds_of_memory() {
    assert_does(&all_kinds(), "two\ntwo\none at 1\nat 2\nstate\n", 7);
}

/// A program with so many bytes that are read only, behind which the kernel copies some more.
fn long(read_only: usize, behind: u32) -> Program {
    let mut maker = Maker::new();
    let text = maker.program.datum("long text", vec![Part::Bytes(vec![b'.'; read_only])], behind);
    maker.write(Operand::Data(text), 1);
    maker.use_datum();
    maker.use_state();
    maker.finish()
}

#[test]
fn memory_at_every_edge_of_a_page() {
    for options in options() {
        for page in [0x1000, 0x1_0000] {
            let shortest = build(&long(page, 0), options).loads[0].file.end as usize;
            for edge in [2 * page - 1, 2 * page, 2 * page + 1] {
                for behind in [0, 300] {
                    let image = build(&long(page + edge - shortest, behind), options);
                    let is_copied = behind > 0 && edge < 2 * page + 1;
                    assert_eq!(image.loads[0].file.end as usize, if is_copied { edge + 300 } else { edge });
                    assert_image_does(&image, options.tier, ".at 1\nat 2\nstate\n", 7);
                }
            }
        }
    }
}

fn number_at(image: &Image, offset: u32) -> u64 {
    let offset = offset as usize;
    u32::from_le_bytes(image.bytes[offset..offset + 4].try_into().unwrap()).into()
}

/// The offset of a datum in the file.
fn offset_of(image: &Image, datum: &str) -> u32 {
    let is_it = |owner: &Owner| matches!(owner, Owner::Data { name } if name == datum);
    image.map.iter().find(|claim| is_it(&claim.owner)).expect("the datum is in the file").offset
}

#[test]
fn addresses_in_data_are_those_of_the_image() {
    for options in options() {
        let mut maker = Maker::new();
        let place = maker.program.label("a place in the code");
        maker.program.place(place);
        maker.load(Width::Byte, 0);
        let own = DatumId(1);
        let text = maker.program.datum("text", vec![Part::Bytes(b"abc".into())], 0);
        let parts = vec![
            Part::CodeAddress(place),
            Part::DatumAddress { datum: text, offset: 2 },
            Part::DatumAddress { datum: own, offset: 4 },
        ];
        assert_eq!(maker.program.writable_datum("addresses", parts.clone()), own);
        maker.program.datum("the same, read-only", parts, 0);
        let image = build(&maker.finish(), options);
        for table in ["addresses", "the same, read-only"].map(|name| offset_of(&image, name)) {
            assert_eq!(number_at(&image, table), image.entry);
            assert_eq!(Some(number_at(&image, table + 4)), image.address(offset_of(&image, "text") + 2));
            assert_eq!(Some(number_at(&image, table + 8)), image.address(offset_of(&image, "addresses") + 4));
        }
    }
}

#[test]
fn data_and_state_are_aligned() {
    for options in options() {
        let image = build(&all_kinds(), options);
        let address = |datum: &str| image.address(offset_of(&image, datum)).expect("data are in memory");
        assert!(address("table").is_multiple_of(4));
        assert!(address("writable table").is_multiple_of(16));
        let [code, writable] = &image.loads[..] else { panic!("two segments: {:x?}", image.loads) };
        let state = (writable.address + writable.file.len() as u64).next_multiple_of(64);
        assert_eq!(state + u64::from(STATE_BYTES), writable.address + writable.memory_bytes);
        let page = u64::from(options.target.page_align);
        assert!((code.address + code.memory_bytes - 1) / page < writable.address / page);
        assert_eq!(writable.address % page, u64::from(writable.file.start) % page);
    }
}

#[test]
fn listings_have_every_byte_once_and_say_where_it_is() {
    for options in options() {
        let image = build(&all_kinds(), options);
        let listed: Vec<u8> = listing::rows(&image).into_iter().flat_map(|row| row.bytes).collect();
        assert_eq!(listed, image.bytes);
        let text = listing::text(&image);
        let second = &image.loads[1];
        assert!(text.contains(&format!("; {:04x} to {:04x} ", second.file.start, second.file.end - 1)), "{text}");
        assert!(text.contains(&format!("at {:#x}, writable", second.address)), "{text}");
        assert!(text.contains("writable table"), "{text}");
    }
}

#[test]
fn readelf_sees_two_segments() {
    for options in options().filter(|options| options.tier == Tier::Strict) {
        let image = build(&all_kinds(), options);
        let folder = tempfile::tempdir().unwrap();
        let output = succeed(tool("readelf").args(["-lW"]).arg(file_of(&image, folder.path())));
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let loads: Vec<&str> = text.lines().filter(|line| line.trim_start().starts_with("LOAD")).collect();
        assert!(loads.len() == 2 && loads[0].contains(" R E ") && loads[1].contains(" RW "), "{text}");
        assert!(!text.contains("arning") && !text.contains("rror"), "{text}");
    }
}

/// A program that writes only to the stack pays nothing: one segment, as before.
#[test]
fn nothing_writable_means_one_segment() {
    for options in options() {
        let mut maker = Maker::new();
        let text = maker.program.datum("text", vec![Part::Bytes(b"text".into())], 0);
        maker.write(Operand::Data(text), 4);
        let image = build(&maker.finish(), options);
        assert_eq!(image.loads.len(), 1);
        assert_eq!(image.loads[0].file, 0..image.bytes.len() as u32);
    }
}

#[test]
fn too_much_state_is_refused() {
    let program = Program { state_bytes: 0x7fff_ffff, ..Maker::new().finish() };
    for options in options() {
        let message = assemble(&program, options).unwrap_err().to_string();
        assert!(message.contains("2147483647 bytes"), "{message}");
    }
}
