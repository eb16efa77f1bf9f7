//! The examples, embedded: what `asmgen sizes` measures wherever it runs.

use std::path::Path;

use crate::spec::{Description, Embedded, Engine, ProgramKind, from_toml_with};

/// An example: its spec and the files it names.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// Its name, the spec's file stem.
    pub name: &'static str,
    spec: &'static str,
    files: &'static [(&'static str, &'static [u8])],
}

macro_rules! example {
    ($name:literal $(, $file:literal)*) => {
        Example {
            name: $name,
            spec: include_str!(concat!("../examples/", $name, ".toml")),
            files: &[$(($file, include_bytes!(concat!("../examples/", $file)))),*],
        }
    };
}

/// All examples, from the smallest program up.
pub static EXAMPLES: &[Example] = &[
    example!("hello"),
    example!("pause"),
    example!("ok"),
    example!("ok6"),
    example!("greeting"),
    example!("routes"),
    example!("page", "page.html"),
    example!("file", "notes.txt"),
];

impl Example {
    /// What it describes, with this engine, if any, in place of its own.
    ///
    /// # Panics
    /// An engine is asked for, and it is no server.
    pub fn description(&self, engine: Option<Engine>) -> Description {
        let path = format!("examples/{}.toml", self.name);
        from_toml_with(self.spec, Path::new(&path), &Embedded(self.files), engine)
            .expect("the embedded examples are good specs")
    }

    /// The engines that it can have; nothing once where it is no server.
    pub fn engines(&self) -> Vec<Option<Engine>> {
        match self.description(None).program.kind() {
            ProgramKind::Server => Engine::ALL.map(Some).into(),
            ProgramKind::Hello | ProgramKind::Pause | ProgramKind::Ok => vec![None],
        }
    }
}
