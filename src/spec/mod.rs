//! The description of a program: from TOML, or from a single file, to a checked [`Description`].
//!
//! The way through: [`Source`] says what a path holds. `document` turns TOML into sections with keys and values that
//! the [`schema`] allows. `read`, `server` and `reply` turn sections into the [`Description`] and check what spans
//! several keys. A fault says what is wrong and what would be right ([`Wrong`]); [`SpecError`] adds the place.

mod check;
mod content_type;
mod date;
pub mod description;
mod document;
pub mod engine;
mod epoll;
mod error;
mod folder;
mod headers;
mod health;
mod keys;
pub mod limits;
mod listen;
mod loader;
mod location;
mod lookup;
mod made;
mod markdown;
mod name;
mod overrides;
mod path;
mod read;
mod reply;
mod rules;
pub mod schema;
mod server;
mod source;
mod suggest;
pub mod template;
#[cfg(test)]
mod tests;
mod value;

pub use check::DescriptionError;
pub(crate) use content_type::by_extension as type_by_extension;
pub use description::{About, Coding, Description, Listen, Program, ProgramKind, Reply, Route, Server, Variant};
pub use engine::{Engine, EpollSettings, Slashes, Workers};
pub(crate) use error::SpecText;
pub use error::{SpecError, Wrong};
pub(crate) use headers::is_descriptive;
pub use keys::KEYS;
pub use loader::{Disk, Embedded, Loader};
pub(crate) use location::{before_request as location_before_request, check as check_location, keeps_query_alone};
pub use markdown::schema_markdown;
pub use overrides::OverrideError;
pub(crate) use path::{NO_SLASH, PREFIX, byte_of_digits, decoded as decoded_path};
pub use read::{from_toml, from_toml_with};
pub use source::{Source, default_description, default_description_on, from_path};
