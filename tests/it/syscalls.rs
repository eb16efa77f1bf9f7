//! The table of system calls against the kernel's own headers, and calls that want many arguments, made.

use std::io::Write;
use std::process::Stdio;

use asmgen::op::{Base, BinOp, Kind, Mem, Op, Operand, Part, Program, Width};
use asmgen::syscall::{CALLS, Call, CallInfo};
use asmgen::{Effort, Options, TARGETS, Target};

use crate::harness::images::write;
use crate::harness::network::in_own_network;
use crate::harness::none;
use crate::harness::tool::{Variant, tool};

/// A machine's compiler, and the header with its numbers.
const HEADERS: [(&str, &str, &str); 3] = [
    ("x86_64", "x86_64-linux-gnu-gcc", "asm/unistd_64.h"),
    ("aarch64", "aarch64-linux-gnu-gcc", "asm/unistd.h"),
    ("i386", "x86_64-linux-gnu-gcc", "asm/unistd_32.h"),
];

/// The kernel's name of a call on a machine.
fn kernel_name(info: &CallInfo, machine: &str) -> &'static str {
    match (info.call, machine) {
        (Call::Accept, "i386") => "accept4",
        (Call::EpollWait, "aarch64") => "epoll_pwait",
        (Call::Poll, "aarch64") => "ppoll",
        (Call::Fcntl, "i386") => "fcntl64",
        _ => info.name,
    }
}

#[test]
fn numbers_are_those_of_the_kernels_headers() {
    let mut faults = Vec::new();
    for (machine, compiler, header) in HEADERS {
        let calls: Vec<&CallInfo> = CALLS.iter().filter(|info| !info.call.is_numbered()).collect();
        let names: Vec<String> = calls.iter().map(|info| format!("__NR_{}\n", kernel_name(info, machine))).collect();
        let mut command = tool(compiler);
        command.args(["-E", "-P", "-include", header, "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().expect("it is a pipe").write_all(names.concat().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{compiler}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let target = Target::by_name(machine).expect("it is a target");
        let lines: Vec<&str> = text.lines().rev().take(calls.len()).collect();
        for (info, line) in calls.iter().zip(lines.into_iter().rev()) {
            let number = info.number(target.machine);
            faults
                .extend((line != number.to_string()).then(|| format!("{machine} {}: {number}, not {line}", info.name)));
        }
    }
    none(&faults);
}

/// Where the sender's address is received, and its length.
const SENDER: i32 = 32;
const LENGTH: i32 = 64;
/// Bytes of an IPv4 address and its family.
const ADDRESS_BYTES: i64 = 16;
const AF_INET: i64 = 2;
const SOCK_DGRAM: i64 = 2;
const MSG_DONTWAIT: i64 = 0x40;

/// Where the calls with six arguments are made, and what the address's length is.
#[derive(Clone, Copy, Debug)]
enum Form {
    Main,
    Routine,
    RoutineWithSlots,
}

/// A socket sends a byte to itself; what its address, the address's length, and the counts come to is the exit code.
fn datagram(form: Form) -> Program {
    let mut program = Program { frame_bytes: 96, ..Program::default() };
    let [socket, sent, received, family, length] =
        ["socket", "sent", "received", "family", "length"].map(|name| program.slot(name, Kind::Int));
    let address = [&[2, 0, 0x1f, 0x90, 127, 0, 0, 1][..], &[0; 8]].concat();
    let address = program.datum("127.0.0.1:8080", vec![Part::Bytes(address)], 0);
    let text = program.datum("text", vec![Part::Bytes(b"x".into())], 0);
    let frame = |offset| Mem { base: Base::Frame, offset };
    let [bytes, place] = [("bytes", Kind::Int), ("place", Kind::Pointer)].map(|(name, kind)| program.slot(name, kind));
    let routine = program.label("exchange");
    program.call(Call::Socket, &[AF_INET, SOCK_DGRAM, 0].map(Operand::Const), Some(socket), "");
    let [of, to, len] = [Operand::Slot(socket), Operand::Data(address), Operand::Const(ADDRESS_BYTES)];
    program.call(Call::Bind, &[of, to, len], None, "");
    program.push(Op::Set { to: bytes, value: len }, "");
    program.push(Op::Set { to: place, value: Operand::Frame(LENGTH as u32) }, "");
    let (sent_bytes, received_at) = match form {
        Form::RoutineWithSlots => (Operand::Slot(bytes), Operand::Slot(place)),
        Form::Main | Form::Routine => (len, Operand::Frame(LENGTH as u32)),
    };
    let exchange = |program: &mut Program| {
        let (zero, flags) = (Operand::Const(0), Operand::Const(MSG_DONTWAIT));
        let (one, sender) = (Operand::Const(1), Operand::Frame(SENDER as u32));
        program.call(Call::Sendto, &[of, Operand::Data(text), one, zero, to, sent_bytes], Some(sent), "");
        program.push(Op::Store { width: Width::Four, to: frame(LENGTH), value: len }, "");
        program.call(Call::Recvfrom, &[of, Operand::Frame(0), one, flags, sender, received_at], Some(received), "");
    };
    match form {
        Form::Main => exchange(&mut program),
        // A routine that is called once would be inlined.
        Form::Routine | Form::RoutineWithSlots => {
            (0..2).for_each(|_| program.push(Op::CallRoutine(routine), ""));
        }
    }
    program.push(Op::Load { to: family, width: Width::Byte, from: frame(SENDER) }, "");
    program.push(Op::Load { to: length, width: Width::Byte, from: frame(LENGTH) }, "");
    // What is received is nothing beside it, as long as it is one byte.
    for value in [sent, received, family].map(Operand::Slot) {
        program.push(Op::Binary { operator: BinOp::Add, to: length, value }, "");
    }
    program.call(Call::Exit, &[Operand::Slot(length)], None, "");
    if !matches!(form, Form::Main) {
        program.routine(routine);
        exchange(&mut program);
        program.push(Op::ReturnFrom { from: routine }, "");
    }
    program
}

/// Six arguments, the last one the length of an address: its value or its place. In a program with routines i386 has
/// the frame's address in the register of the sixth.
#[test]
fn datagrams_have_their_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let forms = [Form::Main, Form::Routine, Form::RoutineWithSlots];
    for (target, form) in TARGETS.into_iter().flat_map(|target| forms.map(|form| (target, form))) {
        let options = Options::new(target).effort(Effort::Quick);
        let file = folder.path().join(format!("{}-{form:?}", target.name));
        write(&asmgen::assemble(&datagram(form), options).unwrap(), &file);
        let variant = Variant { target: target.name, ..Variant::native(&file) };
        for variant in [variant, variant.emulated()] {
            let status = in_own_network(|| variant.run(&file).status().unwrap());
            assert_eq!(status.code(), Some((ADDRESS_BYTES + AF_INET + 1 + 1) as i32), "{form:?} {variant}");
        }
    }
}
