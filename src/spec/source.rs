//! What a path on the command line holds: a spec, a file to serve, or a folder.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::SpecError;
use super::description::{Description, ProgramKind};
use super::engine::Engine;
use super::error::{SpecText, Wrong};
use super::folder;
use super::limits::BODY_MAX;
use super::loader::{self, Disk, Embedded};
use super::read::{self, from_toml_with};

/// What means standard input on a command line.
const STANDARD_INPUT: &str = "-";

/// Files up to this length are checked before they are served: they might be specs. A spec is a few lines.
const SPEC_USUAL_MAX_BYTES: u64 = 1 << 20;

/// What a description can be made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A spec: a file with a name that ends in `.toml`.
    Spec(PathBuf),
    /// A spec that comes through a pipe, or, as `-`, on standard input: what has no name has no extension.
    Stream(PathBuf),
    /// Any other file: it is served as it is.
    File(PathBuf),
    /// A folder of files to serve: docs/site.md.
    Folder(PathBuf),
}

impl Source {
    /// Looks at what is there.
    pub fn of(path: &Path) -> Result<Self, SpecError> {
        if path == Path::new(STANDARD_INPUT) {
            return Ok(Self::Stream(path.to_path_buf()));
        }
        let metadata = fs::metadata(path).map_err(|error| unreadable(path, &loader::reason(&error)))?;
        let is_spec = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
        if metadata.file_type().is_fifo() {
            return Ok(Self::Stream(path.to_path_buf()));
        }
        Ok(match (metadata.is_dir(), is_spec) {
            (true, _) => Self::Folder(path.to_path_buf()),
            (false, true) => Self::Spec(path.to_path_buf()),
            (false, false) => Self::File(path.to_path_buf()),
        })
    }

    /// Reads it, with this engine, if any, whatever it says.
    pub fn describe(&self, engine: Option<Engine>) -> Result<Description, SpecError> {
        match self {
            Self::Spec(path) => from_toml_with(&text_of_spec(path, content(path)?)?, path, &Disk::beside(path), engine),
            Self::Stream(path) => {
                let here = Disk { folder: PathBuf::new() };
                from_toml_with(&text_of_spec(path, streamed(path)?)?, path, &here, engine)
            }
            Self::File(path) => read::of_file(path, &content(path)?, engine),
            Self::Folder(path) => folder::read(path, engine),
        }
    }

    /// Is it a file that is served as it is, though what it says is a spec?
    pub fn is_doubtful(&self) -> bool {
        let Self::File(path) = self else { return false };
        let is_short = fs::metadata(path).is_ok_and(|metadata| metadata.len() <= SPEC_USUAL_MAX_BYTES);
        is_short && loader::read(path, BODY_MAX).is_ok_and(|content| is_like_a_spec(&content))
    }
}

/// The description of what a path holds: a spec, or a file to serve.
pub fn from_path(path: &Path) -> Result<Description, SpecError> {
    Source::of(path)?.describe(None)
}

/// The default program: `examples/page.toml`.
pub fn default_description() -> Description {
    default_description_on(None)
}

/// [`default_description`], with this engine, if any.
pub fn default_description_on(engine: Option<Engine>) -> Description {
    const SPEC: &str = include_str!("../../examples/page.toml");
    const FILES: Embedded = Embedded(&[("page.html", include_bytes!("../../examples/page.html"))]);
    from_toml_with(SPEC, Path::new("examples/page.toml"), &FILES, engine).expect("the embedded example is a good spec")
}

/// TOML with one of the tables, or the key, that only specs have.
fn is_like_a_spec(content: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(content) else { return false };
    let Ok(root) = DeTable::parse(text) else { return false };
    root.get_ref().iter().any(|(key, value)| match (key.get_ref().as_ref(), value.get_ref()) {
        ("route", DeValue::Array(_)) | ("server" | "not_found", DeValue::Table(_)) => true,
        ("program", DeValue::String(kind)) => ProgramKind::NAMES.contains(&kind.as_ref()),
        _ => false,
    })
}

fn streamed(path: &Path) -> Result<Vec<u8>, SpecError> {
    let mut content = Vec::new();
    let most = BODY_MAX as u64 + 1;
    let read = if path == Path::new(STANDARD_INPUT) {
        io::stdin().lock().take(most).read_to_end(&mut content)
    } else {
        fs::File::open(path).and_then(|pipe| pipe.take(most).read_to_end(&mut content))
    };
    read.map_err(|error| unreadable(path, &loader::reason(&error)))?;
    if content.len() > BODY_MAX {
        Err(unreadable(path, &format!("it is larger than {BODY_MAX} bytes")))
    } else {
        Ok(content)
    }
}

fn content(path: &Path) -> Result<Vec<u8>, SpecError> {
    loader::read(path, BODY_MAX).map_err(|reason| unreadable(path, &reason))
}

fn unreadable(path: &Path, reason: &str) -> SpecError {
    SpecError::of_file(path, format!("cannot be read: {reason}"), "name a spec (.toml) or a file to serve")
}

fn text_of_spec(path: &Path, content: Vec<u8>) -> Result<String, SpecError> {
    String::from_utf8(content).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        // Up to the fault, the text and its byte offsets are the same.
        let text = String::from_utf8_lossy(error.as_bytes());
        let wrong = Wrong::new("not UTF-8", "save the spec as UTF-8; to serve the file itself, name it in a spec");
        SpecText { file: path, text: &text }.error(&(at..at), "", wrong)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Listen, Program};

    #[test]
    fn paths_are_told_apart() {
        assert!(matches!(Source::of(Path::new("examples/page.toml")), Ok(Source::Spec(_))));
        assert!(matches!(Source::of(Path::new("examples/page.html")), Ok(Source::File(_))));
        assert!(matches!(Source::of(Path::new("examples")), Ok(Source::Folder(_))));
        let missing = from_path(Path::new("examples/nothing")).unwrap_err().to_string();
        assert!(missing.starts_with("examples/nothing: cannot be read: no such file; "), "{missing}");
        let Program::Server(server) = from_path(Path::new("examples")).unwrap().program else { panic!("no server") };
        assert_eq!(server.reply_to("/page").content_type, "text/html; charset=utf-8");
        assert_eq!(server.epoll.slashes, crate::spec::Slashes::Merged);
        let blocking = Source::Folder("examples".into()).describe(Some(Engine::Blocking)).unwrap_err().to_string();
        assert!(blocking.starts_with("examples: a folder needs the engine \"epoll\"; "), "{blocking}");
    }

    #[test]
    fn default_program_is_the_example_on_disk() {
        assert_eq!(default_description(), from_path(Path::new("examples/page.toml")).unwrap());
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let error = from_path(Path::new("/dev/zero")).unwrap_err().to_string();
        assert!(error.starts_with("/dev/zero: cannot be read: it is a device; "), "{error}");
    }

    #[test]
    fn specs_are_told_from_other_toml() {
        for (content, is_spec) in [
            ("[[route]]\npath = \"/\"\nbody = \"\"\n", true),
            ("[server]\nprot = 80\n", true),
            ("[not_found]\n", true),
            ("program = \"pause\"\n", true),
            ("", false),
            ("[package]\nname = \"x\"\n", false),
            ("server = \"x\"\n", false),
            ("program = \"vim\"\n", false),
            ("Just a text about [server]\n", false),
            ("[[route]]\npath\n", false),
        ] {
            assert_eq!(is_like_a_spec(content.as_bytes()), is_spec, "{content}");
        }
        assert!(!is_like_a_spec(b"[server]\n\xff"));
    }

    #[test]
    fn a_spec_without_its_extension_is_doubtful() {
        let folder = tempfile::tempdir().unwrap();
        let doubtful = |name: &str, content: &str| {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            Source::of(&path).unwrap().is_doubtful()
        };
        let spec = "[[route]]\npath = \"/\"\nbody = \"\"\n";
        assert!(doubtful("spec", spec) && doubtful("spec.txt", spec));
        assert!(!doubtful("spec.toml", spec) && !doubtful("notes.txt", "notes"));
    }

    #[test]
    fn files_are_served_as_they_are() {
        let description = from_path(Path::new("examples/notes.txt")).unwrap();
        assert_eq!((description.name.as_str(), description.about.title.as_str()), ("notes", "notes"));
        let Program::Server(server) = description.program else { panic!("no server") };
        assert_eq!(server.listen, Listen::EVERYWHERE);
        assert_eq!(server.routes.iter().map(|route| &route.path).collect::<Vec<_>>(), ["/", "/notes.txt"]);
        assert_eq!(server.routes[0].reply, server.routes[1].reply);
        assert_eq!(server.routes[0].reply.content_type, "text/plain; charset=utf-8");
        assert_eq!(*server.routes[0].reply.body, fs::read("examples/notes.txt").unwrap());
        assert_eq!((server.fallback.status, &*server.fallback.body), (404, &b"Not Found"[..]));
    }
}
