//! Every form of the text, read and printed again; and what is said of texts that are wrong.

use crate::ir::op::{Inst, Program};

/// A program with each declaration and each statement, as it is printed.
const EVERYTHING: &str = r#"frame 328 words 64 spilled 8 at state + 256
state 4096
variable free_buffer 4 at frame
variable `a-b` 12 at frame + 8
cannot_fail close, syscall
skip_after_failure listen
int n, n.2, free_buffer, `state`
pointer p, `a-b`, `back\`quote`
label again, never_placed, send, `16 bytes`, `a b`
data greeting = "Hello, \"world\"!\n\x00\xff"
data greeting.2 writable align 8 overread 12 = usize 7, ignored 8, u32 &greeting + 4, u32 state + 16
data inner within greeting + 7
data table = usize code again, u32 code send, u32 &later, u32 state
data later =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    "0123456789", usize 0x10000
data sockaddr = u16 2, u8 31, u8 144, u32 0x100007f, "GET ", "\r\n", u16 256
data nothing

    n = 5                                           # a reason with \\ and a space at the end\x20
    n = -0x80000000
    n.2 = at_least(4096)
    n.2 = non_negative
    n.2 = bits(set: 0x1, clear: 0x80000000)
    free_buffer = n
    p = &greeting.2
    p = frame + 8
    p = state
    p = image
    p = entry
again:
    n += n.2
    n -= 1
    n &= 255
    n |= 1
    n ^= -1
    n *= 10
    n <<= 3
    p >>= 12
    n = -n
    copy n bytes from `a-b` to p
    n, n.2 = divmod(n, 10)
    n = u8[p]
    n = u16[p + 4]
    n = u32[p + n.2 - 4]
    p = usize[frame + 16]
    u32[frame + 0x10000] = n
    u8[`a-b` + n + 1] = 255
    [p + 4] = "abc"
    if n == 0 goto again
    if n u>= n.2 goto send
    if n < -1 goto `16 bytes`
    if (n & 0x80) != 0 goto again
    if (`state` & 0x1) == 0 goto again
    if [p] == "GET " goto again
    if [frame + 3] != "\r\n" goto again
    match [p] "0123456789\r\n" else goto again
    push n
    p = pop
    goto again                                      # →, and more
`16 bytes`:                                         #
    call send
    n = recvfrom(fd: n, buf: p, size: 4096, flags: any, addr: 0)
    syscall(number: 1, arg1: &nothing)
    getpid()
    exit(status: 0)

routine send:                                       # another reason than its name
    return from send
"#;

#[test]
fn every_form_is_read_and_printed_again() {
    let program: Program = EVERYTHING.parse().expect("it is right");
    assert_eq!(program.to_string(), EVERYTHING);
    assert_eq!(program.slots[2].name, "free buffer");
    assert_eq!(program.labels[3], "16 bytes");
    assert_eq!(program.data.len(), 7);
    let whys: Vec<&str> = program.insts.iter().map(|Inst { why, .. }| why.as_str()).collect();
    assert_eq!(whys[0], "a reason with \\ and a space at the end ");
    assert_eq!((whys[11], whys[43]), ("again", ""), "a label's reason is its name, unless it is said to be none");
}

/// What people write: labels and data where they are wanted, spaces and comments anywhere.
#[test]
fn what_is_written_by_hand_is_read() {
    let text = "# yes\nint n\nagain: # for ever\n  n=write( 1,&line , count:2 )\nif n>0 goto again\n\
                exit(0)\ndata line=\"y\\n\"";
    let program: Program = text.parse().expect("it is right");
    let printed = "int n\ndata line = \"y\\n\"\n\nagain:                                              # for ever\n    \
                   n = write(fd: 1, buf: &line, count: 2)\n    if n > 0 goto again\n    exit(status: 0)\n";
    assert_eq!(program.to_string(), printed);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (text, message) in [
        ("n = 1", "line 1: n is no slot; declare it with `int n` or `pointer n`"),
        ("int n\nn = m", "line 2: m is no slot; declare it with `int m` or `pointer m`"),
        ("int n, n", "line 1: two slots have this name; write NAME.2"),
        ("data d\n\ndata d", "line 3: two data have this name; write NAME.2"),
        ("write(1, &d, 1)", "line 1: there are no data of the name d"),
        ("write(1, buf: 2, 3)", ""),
        ("write(1, count: 2)", "line 1: `count` stands where the argument `buf` of write is expected"),
        ("exit(0, status: 2)", "line 1: exit has fewer arguments"),
        ("exit(0", "line 1: the end of the line stands where `,` is expected"),
        ("exit(0) exit(1)", "line 1: `exit` stands where the line is complete"),
        ("frobnicate(1)", "line 1: frobnicate is no slot; declare it with `int frobnicate` or `pointer frobnicate`"),
        ("cannot_fail frobnicate", "line 1: there is no system call `frobnicate` here"),
        ("int n\nn = 0x", "line 2: `0x` is no number; write 12 or 0xc"),
        ("int n\nn ! 2", "line 2: `!` begins nothing"),
        ("int n\nif n ~ 2 goto a", "line 2: `~` begins nothing"),
        ("int n\nif n = 2 goto a", "line 2: `=` is no comparison"),
        ("int n\nif (n & 1) == 1 goto a", "line 2: bits are compared with 0"),
        ("int n, m\nn = -m", "line 2: another slot: a slot is negated in its place"),
        ("int n, m\nn, m = divmod(m, 2)", "line 2: another slot: the quotient takes the place of the dividend"),
        ("data d = \"a", "line 1: \" is missing at the end"),
        ("data d = \"\\q\"", "line 1: `\\q` is no escape"),
        ("data d = \"\\xg0\"", "line 1: `\\xg0` is no byte; write \\x0a"),
        ("data d = i8 1", "line 1: `i8` stands where `u32` is expected"),
        ("pointer p\np = frame - 1", "line 2: the offset is from 0 to 2^32 - 1"),
        ("pointer p\np = u8[p + 0x80000000]", "line 2: the offset has more than 32 bits"),
        ("data d = u8 256", "line 1: the number is too large here"),
        ("state 0x100000000", "line 1: the number is too large here"),
        ("goto", "line 1: the end of the line stands where a name is expected"),
    ] {
        let found = text.parse::<Program>().map_or_else(|error| error.to_string(), |_| String::new());
        assert_eq!(found, message, "{text}");
    }
}
