//! Fills the placeholders of a description's texts with what is true of one build of it, and compresses the result.
//!
//! The size of the executable is one of the values, so it is a guess here; `compile.rs` repeats this until the guess is
//! right. Compression comes after, because a variant holds the filled-in text.

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::compress;
use crate::options::Options;
use crate::parallel;
use crate::spec::Wrong;
use crate::spec::template::{self, TemplateError};
use crate::spec::{Description, Program, Reply, Server};

/// Placeholders that state the size.
const SIZES: [&str; 4] = ["binary_size", "binary_kib", "image_size", "image_kib"];

/// Most bytes of a start line: a pipe takes so many in one piece (PIPE_BUF, include/uapi/linux/limits.h).
const FILLED_START_LINE_MAX: usize = 4096;

/// Bytes in a KiB.
const KIB_BYTES: u64 = 1024;

/// The description with placeholders replaced and variants made, for an executable of so many bytes; and whether any
/// placeholder asked for that size.
///
/// # Errors
/// An unknown placeholder; the spec's own check lets none through.
pub(crate) fn fill(
    description: &Description,
    options: Options,
    size_bytes: u64,
) -> Result<(Description, bool), TemplateError> {
    let mut filled = description.clone();
    let mut states_size = false;
    if let Program::Server(server) = &mut filled.program {
        let asked = Cell::new(false);
        let facts = Facts { description, options, port: server.listen.port, size_bytes, asked: &asked };
        facts.fill_server(server)?;
        states_size = asked.get();
    }
    Ok((filled, states_size))
}

/// Makes the variants of all contents without placeholders, side by side, before the first build wants them: builds
/// for several machines would each make them, one content after the other.
pub(crate) fn compress_ahead(description: &Description) {
    let Program::Server(server) = &description.program else { return };
    let wanted = server.replies().filter(|reply| reply.compress && !reply.template);
    let contents: BTreeMap<&[u8], &Reply> = wanted.map(|reply| (&*reply.body, reply)).collect();
    let contents: Vec<&Reply> = contents.into_values().collect();
    parallel::map(contents.len(), 0, |number| {
        let reply = contents[number];
        compress::variants(&reply.body, &reply.variants);
    });
}

struct Facts<'d> {
    description: &'d Description,
    options: Options,
    port: u16,
    size_bytes: u64,
    /// Has anyone asked for the size?
    asked: &'d Cell<bool>,
}

impl Facts<'_> {
    fn value(&self, name: &str) -> Option<String> {
        if SIZES.contains(&name) {
            self.asked.set(true);
        }
        let about = &self.description.about;
        Some(match name {
            // An image holds this one file, and what `docker image inspect` calls its size is the sum of its files.
            "binary_size" | "image_size" => self.size_bytes.to_string(),
            "binary_kib" | "image_kib" => one_decimal_kib(self.size_bytes),
            "name" => self.description.name.clone(),
            "title" => about.title.clone(),
            "description" => about.description.clone(),
            "repository" => about.repository.clone(),
            "version" => about.version.clone(),
            "port" => self.port.to_string(),
            "target" => self.options.target.name.to_owned(),
            "generator_version" => env!("CARGO_PKG_VERSION").to_owned(),
            _ => return None,
        })
    }

    fn fill_server(&self, server: &mut Server) -> Result<(), TemplateError> {
        if let Some(line) = &server.start_line {
            server.start_line = Some(self.filled_line(line)?);
        }
        for reply in server.replies_mut().filter(|reply| reply.template) {
            self.fill_reply(reply)?;
        }
        // Not before: a variant holds what the placeholders have become.
        for reply in server.replies_mut().filter(|reply| reply.compress) {
            reply.variants = compress::variants(&reply.body, &reply.variants);
        }
        Ok(())
    }

    /// The pieces of a start line, filled in.
    fn filled_line(&self, pieces: &[String]) -> Result<Vec<String>, TemplateError> {
        let fill = |piece: &String| {
            let filled = template::fill(piece.as_bytes(), |name| self.value(name))?;
            Ok(String::from_utf8(filled).expect("text filled with text is text"))
        };
        let pieces: Vec<String> = pieces.iter().map(fill).collect::<Result<_, _>>()?;
        let bytes = pieces.join(&self.port.to_string()).len();
        if bytes > FILLED_START_LINE_MAX {
            let wrong = Wrong::new(
                format!("the start line is {bytes} bytes long when it is filled in"),
                format!("at most {FILLED_START_LINE_MAX} leave at once: write less"),
            );
            return Err(TemplateError { line: 1, wrong });
        }
        Ok(pieces)
    }

    fn fill_reply(&self, reply: &mut Reply) -> Result<(), TemplateError> {
        let value = |name: &str| Some(template::escape_for(&reply.content_type, &self.value(name)?));
        reply.body = template::fill(&reply.body, value)?.into();
        Ok(())
    }
}

/// Bytes in KiB, rounded to one decimal, halves up.
fn one_decimal_kib(bytes: u64) -> String {
    let tenths = (bytes * 10 + KIB_BYTES / 2) / KIB_BYTES;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kib_have_one_decimal() {
        let shown = [0, 51, 52, 1023, 1024, 1536, 10 * 1024 * 1024].map(one_decimal_kib);
        assert_eq!(shown, ["0.0", "0.0", "0.1", "1.0", "1.0", "1.5", "10240.0"]);
    }

    #[test]
    fn variants_are_made_of_what_placeholders_have_become() {
        let spec = "[server]\nengine = \"epoll\"\n[[route]]\npath = \"/\"\ncompress = true\ntemplate = true\n\
                    body = \"{{port}} {{port}} {{port}} {{port}} {{port}} {{port}} {{port}} {{port}} {{port}}\"\n";
        let description = crate::spec::from_toml(spec, std::path::Path::new("s.toml")).unwrap();
        let target = crate::Target::by_name("x86_64").unwrap();
        let options = Options::new(target);
        let (filled, _) = fill(&description, options, 1).unwrap();
        let Program::Server(server) = filled.program else { panic!("no server") };
        let reply = &server.routes[0].reply;
        assert_eq!(*reply.body, *"8080 ".repeat(9).trim_end().as_bytes());
        assert!(!reply.variants.is_empty());
        assert!(reply.variants.iter().all(|variant| compress::is_of(variant, &reply.body)));
    }
}
