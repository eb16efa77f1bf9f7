//! The map: a poster of the file on which every byte is a cell, coloured by its owner. As text for terminals, as a
//! drawing (SVG), and as a page (HTML) that tells about the byte under the pointer and searches.

pub mod cells;

mod escape;
mod grid;
mod gutter;
mod html;
mod svg;
mod text;

#[cfg(test)]
mod colours;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write as _};

pub use self::cells::Map;
pub use self::html::html;
pub use self::svg::svg;
pub use self::text::text;

/// Largest file that is drawn, in bytes: a drawing has an element for each of them, and browsers hold so many.
pub const DRAWN_BYTES_MAX: usize = 128 * 1024;

/// A form of the map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Text, for terminals.
    #[default]
    Text,
    /// A drawing.
    Svg,
    /// A page of its own, with a panel and a search.
    Html,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Text, Self::Svg, Self::Html];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Svg => "svg",
            Self::Html => "html",
        }
    }

    /// What it is, for `--help`.
    pub fn about(self) -> &'static str {
        match self {
            Self::Text => "for terminals",
            Self::Svg => "a drawing",
            Self::Html => "a page with a search and a panel for each byte",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The file has too many bytes for a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the file has {bytes} bytes and a drawing has a cell for each: at most {DRAWN_BYTES_MAX}; \
     take --format text, or `asmgen list`"
)]
pub struct TooLarge {
    /// Length of the file.
    pub bytes: usize,
}

/// The map in this form; `is_coloured` is about text.
///
/// # Errors
/// The file is too large for a drawing.
pub fn render(map: &Map, format: Format, is_coloured: bool) -> Result<String, TooLarge> {
    let bytes = map.image.bytes.len();
    match format {
        Format::Text => Ok(text(map, is_coloured)),
        _ if bytes > DRAWN_BYTES_MAX => Err(TooLarge { bytes }),
        Format::Svg => Ok(svg(map)),
        Format::Html => Ok(html(map)),
    }
}

/// The sentence about some bytes: where they are, their owners and the reasons, one owner a line.
fn sentence(map: &Map, run: &cells::Run) -> String {
    let hex: Vec<String> =
        map.bytes(&run.range).iter().take(SENTENCE_BYTES).map(|byte| format!("{byte:02x}")).collect();
    let more = if run.range.len() > SENTENCE_BYTES { " …" } else { "" };
    let mut sentence = format!("{:04x}: {}{more}", run.range.start, hex.join(" "));
    for item in run.items.iter().map(|&index| &map.items[index]) {
        let _ = write!(sentence, "\n{}: {}", item.kind.name(), item.name);
        if !item.why.is_empty() {
            let _ = write!(sentence, " – {}", item.why);
        }
    }
    sentence
}

/// A sentence shows so many bytes.
const SENTENCE_BYTES: usize = 16;
