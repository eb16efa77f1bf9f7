//! The examples, embedded: what `asmgen sizes` measures wherever it runs.

use std::path::Path;

use crate::spec::{Description, Embedded, from_toml_with};

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
    example!("greeting"),
    example!("routes"),
    example!("page", "page.html"),
    example!("file", "notes.txt"),
];

impl Example {
    /// What it describes.
    pub fn description(&self) -> Description {
        let path = format!("examples/{}.toml", self.name);
        from_toml_with(self.spec, Path::new(&path), &Embedded(self.files))
            .expect("the embedded examples are good specs")
    }
}
