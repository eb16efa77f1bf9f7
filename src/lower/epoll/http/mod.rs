//! One request: its line, its fields, its reply, as docs/http.md says. Each byte is read once, but for conditions.
//!
//! ```text
//! request_line    method, target and version
//! method          which method it is
//! target          the form of the target, and its path decoded
//! authority       `Host`, and the authority of a target
//! router          the route of the path
//! field_names     the fields that mean something here
//! fields          field lines
//! content_coding  `Accept-Encoding`: which variant
//! conditional     the fields again: conditions on the variant
//! http_date       conditions with a date
//! range           the part of the content that is wanted
//! response        the reply: status line, date, fields, content
//! ```

mod authority;
mod conditional;
mod content_coding;
pub(crate) mod field_names;
mod fields;
mod http_date;
pub(crate) mod method;
mod range;
mod request_line;
mod response;
mod router;
mod target;
