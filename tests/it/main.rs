//! The integration tests, one binary: they see asmgen as its users do, through the command line and the programs
//! that come out. `cargo test --test it` runs them, `make bless` rewrites what they compare with.

/// What asmgen itself takes for large files.
mod appetite;
/// Wrong specs and their messages.
mod bad_specs;
/// A browser that shows what the epoll engine serves.
mod browser;
/// The command line: outputs, refusals, completions.
mod cli;
/// Programs that fetch files, and ask for as little as they can.
mod clients;
/// Completions, asked for in the shells themselves.
mod completions;
/// Requests as others think them up, against the epoll engine.
mod conformance;
/// The blocking engine's contract, line by line.
mod contract;
/// Random lowered programs on every machine against an interpreter.
mod differential;
/// Programs as text, after any pass.
mod dump;
/// The epoll engine: connections, processes, limits, ends.
mod epoll;
/// The epoll engine when calls fail, clients vanish, descriptors run out.
mod faults;
/// Time and size figures to reach.
mod figures;
/// Generated files that are committed.
mod fresh;
/// Mutated requests against the epoll engine and its model.
mod fuzz;
/// Listings and sizes as they were when they were last looked at.
mod golden;
/// The smallest programs.
mod golf;
/// What the modules share.
mod harness;
/// How much work compiling is.
mod instructions;
/// Every example on real kernels under qemu, and under gVisor.
mod kernels;
/// The library as other programs use it.
mod library;
/// What the dependencies allow.
mod licences;
/// Maps: text, drawings.
mod map;
/// Memory beside the stack.
mod memory;
/// What the epoll engine has to answer.
mod model;
/// What pages tell people to type, and where they lead.
mod pages;
/// The same bytes for any user, anywhere.
mod reproducible;
/// Every example, target and layout, executed.
mod run;
/// A folder as a site.
mod site;
mod sources;
/// The table of system calls.
mod syscalls;
/// Which files may mention what, and how files look.
mod tidy;
/// Images and manifests under the tools that people use.
mod tools_oci;
