//! Files and settings to a [`Table`]: the one way through, step by step.
//!
//! Each file is read once, to a digest. Then the rules are read, paths are derived from the files, and what the rules
//! lead to is checked. The faults of a step are collected; the next step begins only if there are none.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::check;
use super::content::{Content, Examined, examine};
use super::faults::{Faults, name_of, of_file, unread};
use super::files::{Files, HEADERS, Listing, REDIRECTS, is_rules};
use super::headers::{self, Block, Field};
use super::immutable;
use super::limits::{FIELDS_BYTES_MAX, FILES_MAX, PATH_BYTES_MAX, SITE_BYTES_MAX};
use super::lookup::lookups;
use super::names::{last_segment, shown};
use super::note::Note;
use super::redirects::{self, Parsed, RuleSet};
use super::rules_text::RulesText;
use super::settings::Settings;
use super::sidecars::{self, Variant};
use super::spa::Spa;
use super::table::{Entry, Key, Table};
use super::types;
use crate::parallel;
use crate::spec::{SpecError, Wrong};

const INDEX: &[u8] = b"index.html";
const NOT_FOUND: &[u8] = b"404.html";

/// The table of these files. The same files and settings always give the same one.
pub fn read(files: &dyn Files, settings: &Settings) -> Result<Table, Faults> {
    let mut faults = Vec::new();
    let listing = listed(files)?;
    let (base, immutable) = chosen(files, settings)?;
    let mut notes: Vec<Note> = listing.notes.into_iter().collect();
    let (rules, blocks) = rules_of(files, &listing.files, &mut notes, &mut faults);
    Faults::check(&mut faults)?;
    let served: Vec<&[u8]> = listing.files.keys().map(Vec::as_slice).filter(|path| !is_rules(path)).collect();
    let (mut entries, contents) = entries(files, &served, &immutable, &mut notes)?;
    add_variants(files, &mut entries, &contents, &mut notes)?;
    let mut table = assembled(settings, base, entries, contents, &rules, blocks);
    add_keys(files, settings, &mut table, &mut faults);
    check::check(files, settings, &table, &rules, &mut faults, &mut notes);
    Faults::check(&mut faults)?;
    notes.sort();
    Ok(Table { notes, ..table })
}

/// The files, within the limits.
fn listed(files: &dyn Files) -> Result<Listing, Faults> {
    let listing = files.list();
    let mut faults: Vec<SpecError> = listing.faults.iter().map(|(path, why)| unread(files, path, why)).collect();
    let mut wrong = |path: &[u8], what: String, fix: &str| faults.push(of_file(files, path, Wrong::new(what, fix)));
    let served = listing.files.iter().filter(|(path, _)| !is_rules(path));
    let (count, bytes) = served.fold((0, 0_u64), |(count, sum), (_, bytes)| (count + 1, sum.saturating_add(*bytes)));
    if count == 0 && listing.faults.is_empty() {
        wrong(b"", "has no file that would be served".into(), "name the folder that the site was built into");
    }
    if count > FILES_MAX {
        wrong(b"", format!("has {count} files, more than {FILES_MAX}"), "serve it as several sites");
    }
    // Equal contents count once; this is the quick check before all of them are read.
    if bytes > SITE_BYTES_MAX {
        wrong(b"", format!("has {bytes} bytes, more than {SITE_BYTES_MAX}"), "serve large files from elsewhere");
    }
    // The slash that a request's path begins with counts.
    for (path, _) in listing.files.iter().filter(|(path, _)| path.len() >= PATH_BYTES_MAX) {
        let what = format!("has a path of {} bytes, more than {}", path.len(), PATH_BYTES_MAX - 1);
        wrong(path, what, "choose shorter names");
    }
    Faults::check(&mut faults).map(|()| listing)
}

/// What the settings say, checked.
fn chosen(files: &dyn Files, settings: &Settings) -> Result<(Vec<u8>, globset::GlobSet), Faults> {
    let mut faults = Vec::new();
    let base = settings.base().map_err(|wrong| faults.push(of_file(files, b"", wrong)));
    let immutable = immutable::patterns(&settings.immutable);
    let immutable = immutable.map_err(|wrong| faults.push(of_file(files, b"", wrong)));
    Faults::check(&mut faults)?;
    Ok((base.unwrap_or_default(), immutable.unwrap_or_default()))
}

/// Rules and blocks of the files at the top.
fn rules_of(
    files: &dyn Files,
    listed: &BTreeMap<Vec<u8>, u64>,
    notes: &mut Vec<Note>,
    faults: &mut Vec<SpecError>,
) -> (Vec<Parsed>, Vec<Block>) {
    let mut content_of = |name: &str| {
        listed.get(name.as_bytes())?;
        files.content(name.as_bytes()).map_err(|why| faults.push(unread(files, name.as_bytes(), &why))).ok()
    };
    let [redirects, headers] = [REDIRECTS, HEADERS].map(|name| content_of(name).unwrap_or_default());
    let [in_redirects, in_headers] = [REDIRECTS, HEADERS].map(|name| name_of(files, name.as_bytes()));
    let rules = match RulesText::of(&in_redirects, &redirects) {
        Ok(mut text) => {
            let rules = redirects::parse(&mut text, redirects.len(), notes);
            faults.extend(text.into_faults());
            rules
        }
        Err(fault) => {
            faults.push(fault);
            Vec::new()
        }
    };
    let blocks = match RulesText::of(&in_headers, &headers) {
        Ok(mut text) => {
            let blocks = headers::parse(&mut text, notes);
            faults.extend(text.into_faults());
            blocks
        }
        Err(fault) => {
            faults.push(fault);
            Vec::new()
        }
    };
    (rules, blocks.into_iter().map(|parsed| parsed.block).collect())
}

/// Files with what was found when each was read, and their contents.
fn entries(
    files: &dyn Files,
    served: &[&[u8]],
    immutable: &globset::GlobSet,
    notes: &mut Vec<Note>,
) -> Result<(Vec<Entry>, Vec<Content>), Faults> {
    let mut faults = Vec::new();
    let (mut entries, mut contents) = (Vec::new(), Vec::new());
    let mut known: BTreeMap<[u8; 32], usize> = BTreeMap::new();
    let examined = parallel::map(served.len(), 0, |index| examine(files, served[index]));
    for (path, examined) in served.iter().zip(examined) {
        let examined = match examined {
            Ok(examined) => examined,
            Err(why) => {
                faults.push(unread(files, path, &why));
                continue;
            }
        };
        let content = *known.entry(examined.sha256).or_insert_with(|| {
            contents.push(Content { path: path.to_vec(), bytes: examined.bytes, sha256: examined.sha256 });
            contents.len() - 1
        });
        if let Some(link) = &examined.bad_link {
            let what = format!("has the link {:?} with a bare `%`, which is 400; write %25", shown(link));
            notes.push(Note::of_file(path, what));
        }
        entries.push(entry(path, content, &examined, immutable));
    }
    Faults::check(&mut faults).map(|()| (entries, contents))
}

fn entry(path: &[u8], content: usize, examined: &Examined, patterns: &globset::GlobSet) -> Entry {
    let content_type = types::of(path, examined);
    let may_last = || immutable::by_convention(path) || patterns.is_match(OsStr::from_bytes(path));
    let is_immutable = !types::is_html(&content_type) && may_last();
    Entry { path: path.to_vec(), content, content_type, is_immutable, variants: Vec::new() }
}

/// Finds the sidecars among the files.
fn add_variants(
    files: &dyn Files,
    entries: &mut [Entry],
    contents: &[Content],
    notes: &mut Vec<Note>,
) -> Result<(), Faults> {
    let mut faults = Vec::new();
    for index in 0..entries.len() {
        let sidecar = entries[index].path.clone();
        let Some((file, coding)) = sidecars::owner(&sidecar) else { continue };
        let Ok(of) = entries.binary_search_by(|entry| entry.path.as_slice().cmp(file)) else { continue };
        let [content, of_file] = [entries[index].content, entries[of].content];
        match sidecars::kind(files, &sidecar, file, [contents[content].bytes, contents[of_file].bytes]) {
            Ok(sidecars::Kind::Variant) => entries[of].variants.push(Variant { coding, content }),
            Ok(sidecars::Kind::Stale) => {
                let what = format!("does not decompress to {}, so it is only a file", shown(file));
                notes.push(Note::of_file(&sidecar, what));
            }
            Ok(sidecars::Kind::TooLarge) => {
                let what = format!("is too large to be compared with {}, so it is only a file", shown(file));
                notes.push(Note::of_file(&sidecar, what));
            }
            Err(why) => faults.push(unread(files, &sidecar, &why)),
        }
    }
    Faults::check(&mut faults)
}

/// Everything but what paths lead to.
fn assembled(
    settings: &Settings,
    base: Vec<u8>,
    entries: Vec<Entry>,
    contents: Vec<Content>,
    parsed: &[Parsed],
    blocks: Vec<Block>,
) -> Table {
    let [mut forced, mut rules] = [RuleSet::default(), RuleSet::default()];
    for Parsed { rule, line, .. } in parsed {
        let set = if rule.is_forced { &mut forced } else { &mut rules };
        set.push(rule.clone(), *line);
    }
    let numbered = || entries.iter().enumerate();
    let folder = |path: &[u8]| [b"/", &path[..path.len() - NOT_FOUND.len()]].concat();
    let pages = numbered().filter(|(_, entry)| last_segment(&entry.path) == NOT_FOUND);
    let not_found = pages.map(|(number, entry)| (folder(&entry.path), number)).collect();
    let shell = numbered().find(|(_, entry)| entry.path == INDEX).filter(|_| settings.spa);
    let spa = shell.map(|(number, _)| Spa::of(number, entries.iter().map(|entry| entry.path.as_slice())));
    let (keys, profiles, notes) = (BTreeMap::new(), Vec::new(), Vec::new());
    Table { base, entries, contents, keys, profiles, forced, rules, blocks, not_found, spa, notes }
}

/// Looks up what each path leads to, with the fields of its reply.
fn add_keys(files: &dyn Files, settings: &Settings, table: &mut Table, faults: &mut Vec<SpecError>) {
    let paths: Vec<&[u8]> = table.entries.iter().map(|entry| entry.path.as_slice()).collect();
    let lookups = lookups(&paths, settings.html, |path| table.forced.find(path).is_some());
    let mut numbers: BTreeMap<Vec<Field>, usize> = BTreeMap::new();
    for (path, lookup) in lookups {
        let profile = (!lookup.derivation.is_redirect()).then(|| {
            let fields = table.own_fields(lookup.entry, &path);
            let bytes: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
            if bytes > FIELDS_BYTES_MAX && !numbers.contains_key(&fields) {
                let what = format!("the fields of {} have {bytes} bytes, more than {FIELDS_BYTES_MAX}", shown(&path));
                faults.push(of_file(files, HEADERS.as_bytes(), Wrong::new(what, "shorten their values")));
            }
            *numbers.entry(fields).or_insert_with_key(|fields| {
                table.profiles.push(fields.clone());
                table.profiles.len() - 1
            })
        });
        table.keys.insert(path, Key { lookup, profile });
    }
}
