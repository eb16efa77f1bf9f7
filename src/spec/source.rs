//! What a path on the command line holds: a spec, a file to serve, or a folder.

use std::fs;
use std::path::{Path, PathBuf};

use super::SpecError;
use super::description::Description;
use super::engine::Engine;
use super::error::{SpecText, Wrong};
use super::limits::BODY_MAX;
use super::loader::{self, Disk, Embedded};
use super::read::{self, from_toml_with};

/// What a description can be made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A spec: a file whose name ends in `.toml`.
    Spec(PathBuf),
    /// Any other file: it is served as it is.
    File(PathBuf),
    /// A folder whose files are served; not supported yet.
    Folder(PathBuf),
}

impl Source {
    /// Looks at what is there.
    pub fn of(path: &Path) -> Result<Self, SpecError> {
        let metadata = fs::metadata(path).map_err(|error| unreadable(path, &loader::reason(&error)))?;
        let is_spec = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
        Ok(match (metadata.is_dir(), is_spec) {
            (true, _) => Self::Folder(path.to_path_buf()),
            (false, true) => Self::Spec(path.to_path_buf()),
            (false, false) => Self::File(path.to_path_buf()),
        })
    }

    /// Reads it, with this engine, if any, whatever it says.
    pub fn describe(&self, engine: Option<Engine>) -> Result<Description, SpecError> {
        match self {
            Self::Spec(path) => from_toml_with(&text_of_spec(path)?, path, &Disk::beside(path), engine),
            Self::File(path) => read::of_file(path, &content(path)?, engine),
            Self::Folder(path) => Err(SpecError::of_file(
                path,
                "serving a folder is not supported yet",
                "write a spec with a [[route]] for each file",
            )),
        }
    }
}

/// The description of what a path holds: a spec, or a file to serve.
pub fn from_path(path: &Path) -> Result<Description, SpecError> {
    Source::of(path)?.describe(None)
}

/// The program that is built where nobody says which: `examples/page.toml`.
pub fn default_description() -> Description {
    default_description_on(None)
}

/// [`default_description`], with this engine, if any.
pub fn default_description_on(engine: Option<Engine>) -> Description {
    const SPEC: &str = include_str!("../../examples/page.toml");
    const FILES: Embedded = Embedded(&[("page.html", include_bytes!("../../examples/page.html"))]);
    from_toml_with(SPEC, Path::new("examples/page.toml"), &FILES, engine).expect("the embedded example is a good spec")
}

fn content(path: &Path) -> Result<Vec<u8>, SpecError> {
    loader::read(path, BODY_MAX).map_err(|reason| unreadable(path, &reason))
}

fn unreadable(path: &Path, reason: &str) -> SpecError {
    SpecError::of_file(path, format!("cannot be read: {reason}"), "name a spec (.toml) or a file to serve")
}

fn text_of_spec(path: &Path) -> Result<String, SpecError> {
    String::from_utf8(content(path)?).map_err(|error| {
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
        let folder = from_path(Path::new("examples")).unwrap_err().to_string();
        assert!(folder.starts_with("examples: serving a folder is not supported yet; "), "{folder}");
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
    fn files_are_served_as_they_are() {
        let description = from_path(Path::new("examples/notes.txt")).unwrap();
        assert_eq!((description.name.as_str(), description.about.title.as_str()), ("notes", "notes"));
        let Program::Server(server) = description.program else { panic!("no server") };
        assert_eq!(server.listen, Listen::DEFAULT);
        assert_eq!(server.routes.iter().map(|route| &route.path).collect::<Vec<_>>(), ["/", "/notes.txt"]);
        assert_eq!(server.routes[0].reply, server.routes[1].reply);
        assert_eq!(server.routes[0].reply.content_type, "text/plain; charset=utf-8");
        assert_eq!(server.routes[0].reply.body, fs::read("examples/notes.txt").unwrap());
        assert_eq!((server.fallback.status, server.fallback.body.as_slice()), (404, &b"Not Found"[..]));
    }
}
