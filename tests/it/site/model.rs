//! A second statement of docs/site.md, which shares no code with asmgen. It goes through all files and all lines of the
//! rules anew for each request.
//!
//! It knows the few types and names that the properties make up, and takes for granted that the rules are right.

use std::collections::{BTreeMap, BTreeSet};

use asmgen::site::Html;

/// Files by their paths, `_redirects` and `_headers` among them.
pub(super) type Files = BTreeMap<Vec<u8>, Vec<u8>>;

/// A folder, and what its author chose.
pub(super) struct Model<'f> {
    pub(super) files: &'f Files,
    pub(super) html: Html,
    pub(super) spa: bool,
    pub(super) base: &'f str,
}

/// What a request is replied with; names of fields are in lower case and in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) file: Option<Vec<u8>>,
    pub(super) location: Option<Vec<u8>>,
    pub(super) fields: BTreeMap<String, String>,
}

/// A path of a request: its decoded segments, and whether a slash is at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Path {
    segments: Vec<Vec<u8>>,
    is_folder: bool,
}

/// What steps 3 to 5 find.
enum Found {
    Is(Vec<u8>),
    /// The path that it leads to, and the file there.
    Goes(Path, Vec<u8>),
    Nothing,
}

/// A line of `_redirects`.
struct Line {
    from: String,
    to: String,
    status: u16,
    is_forced: bool,
}

const LONGEST: usize = 4000;

fn hex(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

/// Percent-decodes once; nothing for a `%` at fault or NUL.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if text[at] == b'%' {
            let byte = hex(*text.get(at + 1)?)? * 16 + hex(*text.get(at + 2)?)?;
            if byte == 0 {
                return None;
            }
            out.push(byte);
            at += 3;
        } else {
            out.push(text[at]);
            at += 1;
        }
    }
    Some(out)
}

fn encode(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for &byte in bytes {
        let is_plain = byte > b' ' && byte < 0x7f && !br#""<>\^`{|}%?#/"#.contains(&byte);
        out.extend(if is_plain { vec![byte] } else { format!("%{byte:02X}").into_bytes() });
    }
    out
}

impl Path {
    fn of(text: &[u8]) -> Option<Self> {
        let mut segments = Vec::new();
        let mut is_folder = true;
        for part in text.split(|&byte| byte == b'/') {
            let part = decode(part)?;
            is_folder = part.is_empty() || part == b"." || part == b"..";
            if part == b".." {
                segments.pop();
            } else if !is_folder {
                segments.push(part);
            }
        }
        let is_folder = is_folder || segments.is_empty();
        Some(Self { segments, is_folder })
    }

    fn encoded(&self) -> Vec<u8> {
        let mut out: Vec<u8> = self.segments.iter().flat_map(|part| [b"/".to_vec(), encode(part)].concat()).collect();
        if self.is_folder {
            out.push(b'/');
        }
        out
    }

    /// For comparisons with paths of `_headers`, in which `%2F` is decoded to NUL.
    fn decoded(&self) -> Vec<u8> {
        let plain = |part: &Vec<u8>| part.iter().map(|&byte| if byte == b'/' { 0 } else { byte }).collect::<Vec<_>>();
        let mut out: Vec<u8> = self.segments.iter().flat_map(|part| [b"/".to_vec(), plain(part)].concat()).collect();
        if self.is_folder {
            out.push(b'/');
        }
        out
    }

    fn folder(segments: &[Vec<u8>]) -> Self {
        Self { segments: segments.to_vec(), is_folder: true }
    }

    fn page(segments: &[Vec<u8>]) -> Self {
        Self { segments: segments.to_vec(), is_folder: segments.is_empty() }
    }
}

fn extension(name: &[u8]) -> Option<Vec<u8>> {
    let dot = name.iter().rposition(|&byte| byte == b'.')?;
    let end = name[dot + 1..].to_ascii_lowercase();
    if end.is_empty() { None } else { Some(end) }
}

impl Model<'_> {
    /// Is there a file of that name that is served?
    fn has(&self, segments: &[Vec<u8>]) -> Option<Vec<u8>> {
        if segments.is_empty() || segments.iter().any(|part| part.contains(&b'/')) {
            return None;
        }
        let path = segments.join(&b'/');
        (self.files.contains_key(&path) && is_served(&path)).then_some(path)
    }

    /// The same, with something after the last name.
    fn has_with(&self, segments: &[Vec<u8>], end: &str) -> Option<Vec<u8>> {
        let (last, before) = segments.split_last()?;
        self.has(&[before, &[[last, end.as_bytes()].concat()]].concat())
    }

    fn index_of(&self, folder: &[Vec<u8>]) -> Option<Vec<u8>> {
        self.has(&[folder, &[b"index.html".to_vec()]].concat())
    }

    /// Steps 3 to 5.
    fn find(&self, path: &Path) -> Found {
        let parts = &path.segments[..];
        let has_short = self.html != Html::Exact;
        if path.is_folder {
            if let Some(index) = self.index_of(parts) {
                return Found::Is(index);
            }
        } else if let Some(file) = self.has(parts) {
            if self.html == Html::Redirect
                && let Some(short) = short(parts)
                && matches!(self.find(&short), Found::Is(other) if other == file)
                && !self.lines().iter().any(|line| line.is_forced && captures(&line.from, &short).is_some())
            {
                return Found::Goes(short, file);
            }
            return Found::Is(file);
        }
        if let Some((last, folder)) = parts.split_last()
            && has_short
            && last == b"index"
            && let Some(index) = self.index_of(folder)
        {
            return Found::Goes(Path::folder(folder), index);
        }
        if let Some(page) = self.has_with(parts, ".html").filter(|_| has_short) {
            if !path.is_folder {
                return Found::Is(page);
            }
            // A page beside a file with its short name has no short path.
            if self.has(parts).is_none() {
                return Found::Goes(Path::page(parts), page);
            }
        }
        match self.index_of(parts) {
            Some(index) => Found::Goes(Path::folder(parts), index),
            None => Found::Nothing,
        }
    }

    fn text(&self, name: &str) -> String {
        self.files.get(name.as_bytes()).map(|text| String::from_utf8(text.clone()).unwrap()).unwrap_or_default()
    }

    fn lines(&self) -> Vec<Line> {
        let line = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().take_while(|word| !word.starts_with('#')).collect();
            let [from, to, rest @ ..] = words.as_slice() else { return None };
            let status = rest.first().copied().unwrap_or("301");
            let digits = status.trim_end_matches('!');
            let status_code = if digits.is_empty() { 301 } else { digits.parse().unwrap() };
            let [from, to] = [from, to].map(|word| (*word).to_owned());
            Some(Line { from, to, status: status_code, is_forced: status.ends_with('!') })
        };
        self.text("_redirects").lines().filter_map(line).collect()
    }

    pub(super) fn reply(&self, target: &str) -> Reply {
        let (raw, query) = match target.find('?') {
            Some(mark) => target.split_at(mark),
            None => (target, ""),
        };
        let plain = |status| Reply { status, file: None, location: None, fields: BTreeMap::new() };
        let Some(path) = Path::of(raw.as_bytes()) else { return plain(400) };
        if path.decoded().len() > LONGEST {
            return plain(414);
        }
        let base = Path::of(self.base.as_bytes()).unwrap().segments;
        let Some(rest) = path.segments.strip_prefix(base.as_slice()) else {
            return Reply { fields: own_fields("text/plain", "no-cache"), ..plain(404) };
        };
        if rest.is_empty() && !path.is_folder {
            return self.structural(&Path::folder(&[]), query);
        }
        self.inside(&Path { segments: rest.to_vec(), is_folder: path.is_folder }, query)
    }

    fn structural(&self, to: &Path, query: &str) -> Reply {
        let fields = BTreeMap::from([("cache-control".to_owned(), "no-cache".to_owned())]);
        Reply { status: 308, file: None, location: Some(self.located(&to.encoded(), query)), fields }
    }

    fn located(&self, path: &[u8], query: &str) -> Vec<u8> {
        let base: Vec<u8> = Path::of(self.base.as_bytes())
            .unwrap()
            .segments
            .iter()
            .flat_map(|part| [b"/".to_vec(), encode(part)].concat())
            .collect();
        [base, path.to_vec(), query.as_bytes().to_vec()].concat()
    }

    /// Steps 2 to 9, for a path from the base on.
    fn inside(&self, path: &Path, query: &str) -> Reply {
        let lines = self.lines();
        let first =
            |is_forced| lines.iter().find(|line| line.is_forced == is_forced && captures(&line.from, path).is_some());
        if let Some(line) = first(true) {
            return self.by(line, path, query);
        }
        match self.find(path) {
            Found::Is(file) => return self.with(200, Some(file), path, true),
            Found::Goes(to, _) => return self.structural(&to, query),
            Found::Nothing => {}
        }
        if let Some(line) = first(false) {
            return self.by(line, path, query);
        }
        if self.spa && !self.is_asset(path) {
            return self.with(200, Some(b"index.html".to_vec()), path, false);
        }
        self.missing(path)
    }

    fn is_asset(&self, path: &Path) -> bool {
        let known = "js mjs css map json wasm png jpg jpeg gif svg webp avif ico woff woff2 ttf otf eot mp4 webm mp3 \
                     pdf txt xml zip gz br webmanifest";
        let mut all: BTreeSet<Vec<u8>> = known.split(' ').map(|end| end.as_bytes().to_vec()).collect();
        let served = self.files.keys().filter(|path| is_served(path));
        all.extend(served.filter_map(|path| extension(path.rsplit(|&byte| byte == b'/').next().unwrap())));
        path.segments.last().and_then(|last| extension(last)).is_some_and(|end| all.contains(&end))
    }

    /// The nearest page for what is not found.
    fn missing(&self, path: &Path) -> Reply {
        let deepest = path.segments.len() - usize::from(!path.is_folder);
        let page = (0..=deepest)
            .rev()
            .find_map(|depth| self.has(&[&path.segments[..depth], &[b"404.html".to_vec()]].concat()));
        self.with(404, page, path, false)
    }

    fn by(&self, line: &Line, path: &Path, query: &str) -> Reply {
        let to = substituted(&line.to, &captures(&line.from, path).unwrap());
        if ![200, 404, 410, 451].contains(&line.status) {
            let fragment = to.iter().position(|&byte| byte == b'#').unwrap_or(to.len());
            let (before, after) = to.split_at(fragment);
            let query = if before.contains(&b'?') { "" } else { query };
            let to = [before, query.as_bytes(), after].concat();
            let location = if line.to.starts_with('/') { self.located(&to, "") } else { to };
            return Reply { status: line.status, file: None, location: Some(location), fields: BTreeMap::new() };
        }
        let end = to.iter().position(|byte| b"?#".contains(byte)).unwrap_or(to.len());
        match self.find(&Path::of(&to[..end]).unwrap()) {
            Found::Is(file) | Found::Goes(_, file) => self.with(line.status, Some(file), path, false),
            Found::Nothing => self.missing(path),
        }
    }

    fn with(&self, status: u16, file: Option<Vec<u8>>, path: &Path, is_own: bool) -> Reply {
        let content_type = file.as_deref().map_or("text/plain", type_of);
        let is_kept =
            is_own && file.as_deref().is_some_and(|file| is_immutable(file) && !content_type.contains("html"));
        let cache = if is_kept { "public, max-age=31536000, immutable" } else { "no-cache" };
        let mut fields = own_fields(content_type, cache);
        self.change(&mut fields, path);
        if !is_own && fields.get("cache-control").is_some_and(|value| value.contains("max-age=6")) {
            fields.insert("cache-control".into(), "no-cache".into());
        }
        Reply { status, file, location: None, fields }
    }

    /// Applies `_headers`, line by line.
    fn change(&self, fields: &mut BTreeMap<String, String>, path: &Path) {
        let mut applies = false;
        let mut given = BTreeSet::new();
        for line in self.text("_headers").lines().filter(|line| !line.trim().is_empty()) {
            let content = line.trim();
            if !line.starts_with(' ') {
                let parts: Vec<Vec<u8>> = content.split('*').map(|part| decode_with_nul(part.as_bytes())).collect();
                let here = path.decoded();
                applies = match parts.as_slice() {
                    [whole] => here == *whole,
                    [begin, end] => {
                        here.len() >= begin.len() + end.len() && here.starts_with(begin) && here.ends_with(end)
                    }
                    _ => unreachable!("one `*` at most"),
                };
            } else if let Some(name) = content.strip_prefix('!').filter(|_| applies) {
                fields.remove(&name.trim().to_lowercase());
                given.remove(&name.trim().to_lowercase());
            } else if applies {
                let (name, value) = content.split_once(':').unwrap();
                let (name, value) = (name.to_lowercase(), value.trim());
                let is_joined = !given.insert(name.clone()) && name != "content-type";
                let old = fields.get(&name).filter(|_| is_joined);
                let value = old.map_or(value.to_owned(), |old| format!("{old}, {value}"));
                fields.insert(name, value);
            }
        }
    }
}

fn decode_with_nul(text: &[u8]) -> Vec<u8> {
    let parts = text.split(|&byte| byte == b'/').map(|part| {
        decode(part).unwrap().into_iter().map(|byte| if byte == b'/' { 0 } else { byte }).collect::<Vec<u8>>()
    });
    parts.collect::<Vec<_>>().join(&b'/')
}

fn own_fields(content_type: &str, cache: &str) -> BTreeMap<String, String> {
    let own = [("content-type", content_type), ("cache-control", cache), ("x-content-type-options", "nosniff")];
    own.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn is_served(path: &[u8]) -> bool {
    let parts: Vec<&[u8]> = path.split(|&byte| byte == b'/').collect();
    parts.iter().enumerate().all(|(depth, &part)| {
        let is_hidden = part.starts_with(b".") && !(depth == 0 && part == b".well-known");
        let special: [&[u8]; 4] = [b"_redirects", b"_headers", b"asmgen.toml", b"node_modules"];
        !is_hidden && !special.contains(&part)
    })
}

/// The form of a page's path that is preferred.
fn short(parts: &[Vec<u8>]) -> Option<Path> {
    let (last, folder) = parts.split_last()?;
    if last == b"index.html" {
        return Some(Path::folder(folder));
    }
    let stem = last.strip_suffix(b".html")?.to_vec();
    Some(Path::page(&[folder, &[stem]].concat()))
}

/// Of the names that the properties make up. All contents there are text.
fn type_of(path: &[u8]) -> &'static str {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap();
    let end = name.iter().rposition(|&byte| byte == b'.').map(|dot| &name[dot..]);
    match end {
        Some(b".html") => "text/html; charset=utf-8",
        Some(b".js") => "text/javascript; charset=utf-8",
        Some(b".css") => "text/css; charset=utf-8",
        Some(b".txt") | None => "text/plain; charset=utf-8",
        Some(other) => panic!("{other:?} is not an extension of the properties"),
    }
}

fn is_immutable(path: &[u8]) -> bool {
    path.starts_with(b"_astro/") || path.starts_with(b"assets/") && path.windows(10).any(|part| part == b"-DRXdy1V7.")
}

/// What the names of a rule stand for, percent-encoded, if it matches.
fn captures(from: &str, path: &Path) -> Option<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    let pattern: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    let mut rest = path.segments.iter();
    for part in pattern {
        if part == "*" {
            let mut splat = rest.map(|part| encode(part)).collect::<Vec<_>>().join(&b'/');
            if path.is_folder && !splat.is_empty() {
                splat.push(b'/');
            }
            found.push(("splat".to_owned(), splat));
            return Some(found);
        }
        let segment = rest.next()?;
        match part.strip_prefix(':') {
            Some(name) => found.push((name.to_owned(), encode(segment))),
            None => (decode(part.as_bytes()).unwrap() == *segment).then_some(())?,
        }
    }
    rest.next().is_none().then_some(found)
}

/// `to` with what the names stand for; a path begins with one slash.
fn substituted(to: &str, captures: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = to;
    while let Some(c) = rest.chars().next() {
        let name: String =
            rest[c.len_utf8()..].chars().take_while(|&c| c.is_ascii_alphanumeric() || c == '_').collect();
        let value = captures.iter().find(|(known, _)| c == ':' && *known == name);
        if let Some((_, value)) = value {
            out.extend(value);
            rest = &rest[1 + name.len()..];
        } else {
            let mut bytes = [0; 4];
            let bytes = c.encode_utf8(&mut bytes).as_bytes();
            out.extend(if c.is_ascii() { bytes.to_vec() } else { encode(bytes) });
            rest = &rest[c.len_utf8()..];
        }
    }
    while out.starts_with(b"//") {
        out.remove(0);
    }
    out
}
