//! Which fields a reply has: the server's own, then what all matching blocks change, in order.

use super::{Block, Change};

/// A name and a value.
pub type Field = (String, String);

const CONTENT_TYPE: &str = "Content-Type";
const CACHE_CONTROL: &str = "Cache-Control";
/// Caches ask each time, and the strong `ETag` makes that cheap.
pub(crate) const NO_CACHE: &str = "no-cache";

/// Fields of a 200 that its 304 has as well (RFC 9110 §15.4.5).
const IN_304: [&str; 6] = ["Cache-Control", "Content-Location", "Date", "ETag", "Expires", "Vary"];

/// Has a 304 this field of the reply that it stands for?
pub fn kept_in_304(name: &str) -> bool {
    IN_304.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// What is replied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply<'a> {
    /// The canonical path of the request.
    pub(crate) path: &'a [u8],
    pub(crate) content_type: &'a str,
    /// The value of `Cache-Control` where no block says otherwise.
    pub(crate) cache: &'a str,
    /// Is it the file of the path, and no page in its place?
    pub(crate) is_own: bool,
}

/// The fields of a reply, in the order in which they first came.
pub(crate) fn fields<'b>(reply: Reply<'_>, blocks: impl Iterator<Item = &'b Block>) -> Vec<Field> {
    let own = [(CONTENT_TYPE, reply.content_type), (CACHE_CONTROL, reply.cache), ("X-Content-Type-Options", "nosniff")];
    let mut fields: Vec<Field> = own.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    // Names that a block has set: a second value joins the first, but the first replaces the server's own.
    let mut set: Vec<&str> = Vec::new();
    for change in blocks.filter(|block| block.paths.matches(reply.path)).flat_map(|block| &block.changes) {
        match change {
            Change::Remove { name } => fields.retain(|(known, _)| !known.eq_ignore_ascii_case(name)),
            Change::Set { name, value } => {
                let is_joined = set.iter().any(|known| known.eq_ignore_ascii_case(name));
                set.push(name);
                match fields.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
                    Some((_, old)) if is_joined && !name.eq_ignore_ascii_case(CONTENT_TYPE) => {
                        old.push_str(", ");
                        old.push_str(value);
                    }
                    Some((_, old)) => old.clone_from(value),
                    None => fields.push((name.clone(), value.clone())),
                }
            }
        }
    }
    if !reply.is_own {
        let cache = fields.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(CACHE_CONTROL));
        if let Some((_, value)) = cache.filter(|(_, value)| lasts(value)) {
            NO_CACHE.clone_into(value);
        }
    }
    fields
}

/// May caches keep a reply without asking (RFC 9111 §5.2.2, RFC 8246)?
fn lasts(cache: &str) -> bool {
    cache.split(',').any(|directive| {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let is_positive = value.contains(|c: char| matches!(c, '1'..='9'));
        match name.trim().to_ascii_lowercase().as_str() {
            "immutable" => true,
            "max-age" | "s-maxage" => is_positive,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_caches_keep() {
        for kept in ["max-age=60", "public, S-MAXAGE = 1", "no-cache, immutable", "max-age=\"60\"", "max-age=010"] {
            assert!(lasts(kept), "{kept}");
        }
        for asked in ["no-cache", "max-age=0", "private, max-age=000, must-revalidate", "no-store", "stale-if-error=60"]
        {
            assert!(!lasts(asked), "{asked}");
        }
    }
}
