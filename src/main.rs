//! The command line of asmgen.
fn main() {}
