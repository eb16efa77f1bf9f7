//! The sandbox: a filter that kills the process at any system call that the event loop does not make.
//!
//! The filter (Documentation/userspace-api/seccomp_filter.rst) tests only the machine and the number of a call. The
//! kernel therefore keeps its verdicts in a bitmap, and does not run it for calls that are allowed
//! (kernel/seccomp.c, `seccomp_cache_prepare`).

use asmgen_arch::Target;
use asmgen_arch::op::{Op, Part, Program};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::labels::At;
use crate::lower::epoll::startup::syscall_table::{Given, Row};

/// Instructions of the filter (include/uapi/linux/bpf_common.h): load a word; jump if equal, above, above or equal;
/// end.
const LOAD: u16 = 0x20;

const JUMP_IF_EQUAL: u16 = 0x15;

const JUMP_IF_ABOVE: u16 = 0x25;

const JUMP_IF_FROM: u16 = 0x35;

const END: u16 = 0x06;

/// Verdicts (include/uapi/linux/seccomp.h).
const ALLOW: u32 = 0x7fff_0000;

const KILL_PROCESS: u32 = 0x8000_0000;

/// Where `struct seccomp_data` has the number and the machine.
const NUMBER: u32 = 0;

const MACHINE: u32 = 4;

/// Name of the filter's datum, which [`fill`] completes.
const FILTER: &str = "filter of system calls";

/// A `struct sock_filter`: a code, how many instructions to skip if its test is true or false, and an operand.
fn instruction(code: u16, if_true: u8, if_false: u8, operand: u32) -> [u8; 8] {
    let [code_0, code_1] = code.to_le_bytes();
    let mut bytes = [code_0, code_1, if_true, if_false, 0, 0, 0, 0];
    bytes[4..].copy_from_slice(&operand.to_le_bytes());
    bytes
}

/// The filter's bytes. It allows these calls; any other kills the process.
///
/// ```text
/// numbers in a row          test
/// 3 or more, from 0 on      above the last?
/// 3 or more                 above the last? then: from the first on?
/// 1 or 2                    equal? for each
/// ```
fn filter(target: &Target, calls: &[Call]) -> Vec<u8> {
    let mut numbers: Vec<u32> = calls.iter().map(|call| call.info().number(target.machine).into()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut left: usize = 0;
    let mut tests: Vec<[u8; 8]> = Vec::new();
    // From the last test to the first, for a jump counts the instructions that it passes over. After the tests come the
    // two verdicts: kill, then allow.
    for run in numbers.chunk_by(|one, next| *next == one + 1).rev() {
        let jump = |left: usize| u8::try_from(left + 1).expect("there are few calls");
        if let [0, .., last] = *run {
            tests.push(instruction(JUMP_IF_ABOVE, 0, jump(left), last));
            left += 1;
        } else if let [first, _, .., last] = *run {
            tests.push(instruction(JUMP_IF_ABOVE, 0, jump(left), last));
            tests.push(instruction(JUMP_IF_FROM, 0, 1, first));
            left += 2;
        } else {
            for &number in run.iter().rev() {
                tests.push(instruction(JUMP_IF_EQUAL, jump(left), 0, number));
                left += 1;
            }
        }
    }
    tests.reverse();
    let others = u8::try_from(left + 1).expect("there are few calls");
    let begin = [
        instruction(LOAD, 0, 0, MACHINE),
        instruction(JUMP_IF_EQUAL, 0, others, target.audit_arch),
        instruction(LOAD, 0, 0, NUMBER),
    ];
    let end = [instruction(END, 0, 0, KILL_PROCESS), instruction(END, 0, 0, ALLOW)];
    [&begin[..], &tests, &end].concat().concat()
}

impl Engine<'_> {
    /// The calls that install the filter; none if the spec wants no sandbox.
    pub(crate) fn sandbox(&mut self) -> Vec<Row> {
        if !self.server.epoll.sandbox {
            return Vec::new();
        }
        // `fill` replaces the byte, and writes the length, when the program is complete.
        let filter = self.program.datum(FILTER, vec![Part::Bytes(vec![0])], 0);
        self.program.align(filter, 8);
        let pointer = Part::DatumAddress { datum: filter, offset: 0 };
        let upper = Part::Bytes(vec![0; self.word as usize - 4]);
        let length = Part::Bytes(vec![0; self.word as usize]);
        let program = self.program.datum("struct sock_fprog", vec![length, pointer, upper], 0);
        self.program.align(program, 8);
        let number = Given::Number;
        vec![
            // Without privileges a filter needs no_new_privs. Both may fail: a kernel need not have seccomp.
            Row::new(Call::Prctl, &[number(abi::PR_SET_NO_NEW_PRIVS), number(1)]).may_fail(),
            Row::new(
                Call::Prctl,
                &[number(abi::PR_SET_SECCOMP), number(abi::SECCOMP_MODE_FILTER), Given::Data(program)],
            )
            .may_fail(),
        ]
    }
}

/// Completes the filter of a complete program: it allows the calls from the event loop on.
pub(crate) fn fill(program: &mut Program, target: &Target) {
    let Some(at) = program.data.iter().position(|datum| datum.name == FILTER) else { return };
    let is_loop =
        |op: &Op| matches!(op, Op::Label(label) if program.labels[usize::from(label.0)] == At::EventLoop.name());
    let begin = program.insts.iter().position(|inst| is_loop(&inst.op)).expect("there is a loop");
    let mut calls: Vec<Call> = Vec::new();
    for inst in &program.insts[begin + 1..] {
        if let Op::Call { call, .. } = inst.op
            && !calls.contains(&call)
        {
            calls.push(call);
        }
    }
    let bytes = filter(target, &calls);
    let count = (bytes.len() / 8) as u16;
    program.data_mut()[at].parts = vec![Part::Bytes(bytes)];
    let header =
        program.data_mut().iter_mut().find(|datum| datum.name == "struct sock_fprog").expect("`sandbox` has made both");
    let Part::Bytes(length) = &mut header.parts[0] else { unreachable!("its first part is the length") };
    length[..2].copy_from_slice(&count.to_le_bytes());
}
