//! A whole spec: its name, what it says about itself, and its program.

use std::path::Path;

use super::SpecError;
use super::description::{About, Description, Program, ProgramKind};
use super::document::{Document, Section};
use super::engine::Engine;
use super::error::{SpecText, Wrong};
use super::loader::{Disk, Loader};
use super::reply::Replies;
use super::{name, server};

/// The description that a spec gives; `file_name` names it in errors and gives it its default name. Files that it names
/// are searched on disk beside it.
///
/// ```
/// use std::path::Path;
///
/// let text = "name = 'greet'\n[[route]]\npath = '*'\nbody = 'Hello'\n";
/// let description = asmgen::spec::from_toml(text, Path::new("greet.toml"))?;
/// assert_eq!(description.name, "greet");
///
/// let error = asmgen::spec::from_toml("[server]\nprot = 80\n", Path::new("greet.toml")).unwrap_err();
/// assert_eq!(error.position(), Some((2, 1)));
/// # Ok::<(), asmgen::spec::SpecError>(())
/// ```
pub fn from_toml(text: &str, file_name: &Path) -> Result<Description, SpecError> {
    from_toml_with(text, file_name, &Disk::beside(file_name), None)
}

/// [`from_toml`], with the files from somewhere else, and with this engine, if any, whatever the spec says.
pub fn from_toml_with(
    text: &str,
    file_name: &Path,
    loader: &dyn Loader,
    engine: Option<Engine>,
) -> Result<Description, SpecError> {
    let source = SpecText { file: file_name, text };
    let document = Document::parse(&source)?.with_engine(engine);
    let name = spec_name(&document.top, file_name)?;
    let about = about(&document.top, &name);
    let program = program(&document, loader)?;
    Ok(Description { name, about, program })
}

/// The server of one file, without a spec: every default holds, but for the engine if one is given.
pub(super) fn of_file(path: &Path, content: &[u8], engine: Option<Engine>) -> Result<Description, SpecError> {
    let source = SpecText { file: path, text: "" };
    let document = Document::empty(&source).with_engine(engine);
    let name = name::from_path(path);
    let about = about(&document.top, &name);
    let program = Program::Server(server::of_replies(&document, Replies::of_file(path, content))?);
    Ok(Description { name, about, program })
}

fn spec_name(top: &Section<'_>, file_name: &Path) -> Result<String, SpecError> {
    let Some(given) = top.text("name") else { return Ok(name::from_path(file_name)) };
    name::check(given).map_err(|wrong| top.error("name", wrong))?;
    Ok(given.to_owned())
}

fn about(top: &Section<'_>, name: &str) -> About {
    let text = |key| top.text(key).unwrap_or(name).to_owned();
    About {
        title: text("title"),
        description: text("description"),
        repository: text("repository"),
        version: text("version"),
        licenses: text("licenses"),
        authors: text("authors"),
    }
}

fn program(document: &Document<'_>, loader: &dyn Loader) -> Result<Program, SpecError> {
    let top = &document.top;
    let name = top.text("program").expect("the schema has a default");
    let kind = ProgramKind::ALL.into_iter().find(|kind| kind.name() == name).expect("the schema allows kinds only");
    for section in [top, &document.server] {
        if let Some(entry) = section.entries.iter().find(|entry| !entry.key.programs.contains(&kind)) {
            return Err(section.key_error(entry, foreign(entry.key.programs, kind, top.entry("program").is_some())));
        }
    }
    if document.engine.is_some() && kind != ProgramKind::Server {
        let because = if kind == ProgramKind::Ok { "" } else { "takes no connections, so it " };
        let what = format!("{name:?} {because}has no engine");
        return Err(top.error("program", Wrong::new(what, "give an engine only for a server")));
    }
    Ok(match kind {
        ProgramKind::Hello => Program::Hello { text: top.text("text").expect("the schema has a default").into() },
        ProgramKind::Pause => Program::Pause,
        ProgramKind::Ok => Program::Ok { listen: server::listen(&document.server, super::Listen::DEFAULT)? },
        ProgramKind::Server => Program::Server(server::read(document, loader)?),
    })
}

/// A key that belongs to other programs than the one at hand.
fn foreign(programs: &[ProgramKind], kind: ProgramKind, is_given: bool) -> Wrong {
    let names: Vec<String> = programs.iter().map(|program| format!("program = \"{}\"", program.name())).collect();
    let names = names.join(" or ");
    let because = if is_given { "here it is" } else { "without that key it is" };
    Wrong::new(format!("belongs to {names}, and {because} \"{}\"", kind.name()), format!("remove it, or write {names}"))
}
