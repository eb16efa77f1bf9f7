//! Words that are commands of other tools: what to type here.

use std::path::Path;

use crate::output::Failure;

const BUILD: &str = "asmgen SPEC.toml -o FILE builds an executable, without a command";
const RUN: &str = "asmgen run SPEC builds for this machine and serves; SPEC may be a file or a folder to serve";
const CHECK: &str = "asmgen check SPEC reports what is wrong with a spec, and what it would serve";
const NEW: &str = "asmgen init writes a spec with comments, to begin with";
const LIST: &str = "asmgen list SPEC lists every byte, and asmgen map SPEC draws it";
const IMAGE: &str = "asmgen image SPEC -o FILE.tar writes an OCI image; docker load -i FILE.tar takes it";
const K8S: &str = "asmgen k8s SPEC writes Kubernetes manifests";

const WORDS: [(&str, &str); 21] = [
    ("build", BUILD),
    ("compile", BUILD),
    ("make", BUILD),
    ("serve", RUN),
    ("server", RUN),
    ("start", RUN),
    ("dev", RUN),
    ("up", RUN),
    ("validate", CHECK),
    ("lint", CHECK),
    ("test", CHECK),
    ("new", NEW),
    ("create", NEW),
    ("size", "asmgen sizes prints the sizes of the examples; for the size of a spec, use asmgen SPEC.toml | wc -c"),
    ("show", LIST),
    ("disassemble", LIST),
    ("docker", IMAGE),
    ("oci", IMAGE),
    ("push", IMAGE),
    ("kubernetes", K8S),
    ("deploy", K8S),
];

/// The first word of the command line, if it is one of those, and no file of that name is meant.
pub(crate) fn of_others() -> Option<Failure> {
    let word = std::env::args_os().nth(1)?;
    let (word, instead) = WORDS.iter().find(|(known, _)| *word == **known)?;
    (!Path::new(word).is_file()).then(|| Failure::Input(format!("there is no command `{word}`; {instead}")))
}
