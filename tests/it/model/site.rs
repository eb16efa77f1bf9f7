//! The description of a server: what the model answers from, and the spec that asmgen compiles.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::target::{Path, path};

/// A content coding that a variant can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Br,
    Zstd,
    Gzip,
}

impl Coding {
    pub(crate) const ALL: [Self; 3] = [Self::Br, Self::Zstd, Self::Gzip];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Br => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }
}

/// Bytes that are sent, and their name.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) etag: String,
}

impl Content {
    /// No coding is identity.
    pub(crate) fn new(bytes: Vec<u8>, coding: Option<Coding>) -> Self {
        Self { etag: etag(&bytes, coding), bytes: bytes.into() }
    }
}

/// What a route has to show.
#[derive(Clone, Debug)]
pub(crate) struct Representation {
    pub(crate) content_type: String,
    pub(crate) cache_control: Option<String>,
    /// When it was modified: as the spec has it, and in seconds since 1970.
    pub(crate) modified: Option<(&'static str, u64)>,
    pub(crate) identity: Content,
    /// Those that are smaller.
    pub(crate) variants: Vec<(Coding, Content)>,
}

impl Representation {
    /// A variant; no coding is identity.
    pub(crate) fn of(&self, coding: Option<Coding>) -> &Content {
        let variant = self.variants.iter().find(|(known, _)| Some(*known) == coding);
        variant.map_or(&self.identity, |(_, content)| content)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// As the spec has it.
    pub(crate) text: &'static str,
    pub(crate) path: Path,
    pub(crate) status: u16,
    /// Field lines of its own; besides, there are those of the site.
    pub(crate) fields: &'static [(&'static str, &'static str)],
    /// Where a redirect leads, in front of the request's path.
    pub(crate) location: Option<&'static str>,
    /// Are variants made?
    pub(crate) compress: bool,
    pub(crate) representation: Representation,
}

#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// Field lines of every route and the fallback.
    pub(crate) fields: &'static [(&'static str, &'static str)],
    pub(crate) routes: Vec<Route>,
    pub(crate) fallback: Route,
    pub(crate) head_bytes: usize,
}

/// `head_bytes` where the spec says nothing.
pub(crate) const HEAD_BYTES: usize = 16_384;
/// Sat, 31 Jan 2026 12:00:00 GMT
const MODIFIED: Option<(&str, u64)> = Some(("2026-01-31T12:00:00Z", 1_769_860_800));
const MIB: usize = 1 << 20;

fn route(text: &'static str, content_type: &str, bytes: Vec<u8>) -> Route {
    let identity = Content::new(bytes, None);
    let representation = Representation {
        content_type: content_type.into(),
        cache_control: None,
        modified: None,
        identity,
        variants: Vec::new(),
    };
    let path = path(text.as_bytes()).expect("a path of ours is well-formed");
    Route { text, path, status: 200, fields: &[], location: None, compress: false, representation }
}

/// Bytes without a pattern that would hide one that is lost or sent twice.
fn big() -> Vec<u8> {
    (0..MIB as u32 / 4).flat_map(|index| index.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect()
}

/// Text that every coding makes smaller.
fn text() -> Vec<u8> {
    let line = |number| format!("{number}. A static server has little to say, and says it again and again.\n");
    (1..=40).map(line).collect::<String>().into_bytes()
}

impl Site {
    /// The one site of the conformance suite and the fuzzer: everything the contract speaks of is in it.
    pub(crate) fn common() -> Self {
        let plain = "text/plain; charset=utf-8";
        let html = "<!doctype html>\n<title>Conformance</title>\n<p>Hello!\n";
        let mut index = route("/", "text/html; charset=utf-8", html.into());
        index.representation.cache_control = Some("no-cache".into());
        index.fields = &[("Content-Language", "en"), ("X-Frame-Options", "DENY")];
        let mut compressed = route("/text", plain, text());
        compressed.compress = true;
        compressed.representation.cache_control = Some("max-age=60".into());
        compressed.representation.modified = MODIFIED;
        let mut nested = route("/a/b", plain, b"nested\n".into());
        nested.representation.modified = MODIFIED;
        let mut teapot = route("/teapot", plain, b"short and stout\n".into());
        teapot.status = 418;
        let mut prefix = route("/files/*", plain, b"a file\n".into());
        prefix.status = 503;
        let mut moved = route("/moved/*", plain, b"elsewhere\n".into());
        (moved.status, moved.location) = (308, Some("https://example.org/new"));
        let routes = vec![
            index,
            route("/index.html", "text/html; charset=utf-8", html.into()),
            route("/empty", plain, Vec::new()),
            teapot,
            route("/with%20space", plain, b"a space\n".into()),
            route("/caf%C3%A9", plain, b"an accent\n".into()),
            nested,
            route("/a/", plain, b"a folder\n".into()),
            route("/big", "application/octet-stream", big()),
            compressed,
            prefix,
            moved,
            route("/files/deep/%2A", plain, b"an asterisk\n".into()),
            route("/files/deep/*", plain, b"a file further down\n".into()),
            route("/files/exact", plain, b"this file\n".into()),
            route("/sentinel", plain, b"the connection works\n".into()),
        ];
        let mut fallback = route("/", "text/plain", b"Not Found".into());
        fallback.status = 404;
        let fields = &[("X-Content-Type-Options", "nosniff")];
        Self { fields, routes, fallback, head_bytes: HEAD_BYTES }
    }

    /// The spec, beside a folder's files that [`Site::files`] names.
    pub(crate) fn toml(&self) -> String {
        let mut spec = format!("[server]\nengine = \"epoll\"\nhead_bytes = {}\n", self.head_bytes);
        spec += &headers(self.fields);
        for (index, route) in self.routes.iter().enumerate() {
            let Route { text, status, fields, location, compress, representation: of, .. } = route;
            let cache = of.cache_control.as_ref().map(|value| format!("cache = \"{value}\""));
            let lines = [
                format!("\n[[route]]\npath = \"{text}\"\nfile = \"{index}.content\""),
                format!("type = \"{}\"\nstatus = {status}\ncompress = {compress}", of.content_type),
                cache.unwrap_or_default() + "\n" + &headers(fields),
                location.map(|location| format!("location = \"{location}{{{{path}}}}\"")).unwrap_or_default(),
                of.modified.map(|(text, _)| format!("modified = {text}")).unwrap_or_default(),
            ];
            spec.extend(lines.map(|line| line + "\n"));
        }
        spec
    }

    /// Names and contents of the files beside the spec.
    pub(crate) fn files(&self) -> impl Iterator<Item = (String, &[u8])> {
        let file = |(index, route)| (format!("{index}.content"), &*Route::identity(route).bytes);
        self.routes.iter().enumerate().map(file)
    }

    /// The route that answers a path: its own, that of the longest prefix, or the fallback.
    pub(crate) fn find(&self, path: &Path) -> &Route {
        let own = self.routes.iter().find(|route| route.prefix().is_none() && route.path == *path);
        let is_begun =
            |route: &&Route| route.prefix().is_some_and(|prefix| path.len() > prefix.len() && path.starts_with(prefix));
        let longest = self.routes.iter().filter(is_begun).max_by_key(|route| route.path.len());
        own.or(longest).unwrap_or(&self.fallback)
    }

    /// The route of this path in the spec.
    pub(crate) fn route(&self, text: &str) -> &Route {
        self.routes.iter().find(|route| route.text == text).unwrap_or_else(|| panic!("there is no route {text}"))
    }
}

impl Route {
    /// The segments before a last one that is an asterisk in the spec.
    fn prefix(&self) -> Option<&[Vec<u8>]> {
        self.text.ends_with("/*").then(|| &self.path[..self.path.len() - 1])
    }

    fn identity(&self) -> &Content {
        &self.representation.identity
    }
}

/// The line of a spec that adds these fields.
fn headers(fields: &[(&str, &str)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name} = \"{value}\"")).collect();
    format!("headers = {{ {} }}\n", fields.join(", "))
}

/// 96 bits of the SHA-256 of the bytes and the coding's name, in base64url [RFC 4648 §5], quoted.
fn etag(bytes: &[u8], coding: Option<Coding>) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let hash = Sha256::new().chain_update(bytes).chain_update(coding.map_or("", Coding::name)).finalize();
    let digits = hash[..12].chunks(3).flat_map(|three| {
        let bits = three.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| char::from(DIGITS[bits >> shift & 63]))
    });
    format!("\"{}\"", digits.collect::<String>())
}
