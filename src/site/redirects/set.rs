//! Rules in order, and the first that matches a path.
//!
//! Rules for one path lie in a map. The others lie by the literal segments that they begin with, so that a request is
//! compared only with those that begin like its path.

use std::collections::BTreeMap;

use super::{Pattern, Rule, Segment};

/// Rules in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleSet {
    /// In the order of the file.
    pub rules: Vec<Rule>,
    /// The line of each, from 1.
    pub lines: Vec<usize>,
    /// The first rule for one path, by the path without a slash at its end.
    paths: BTreeMap<Vec<u8>, usize>,
    /// Rules with a name or `*`, by the literal segments before it.
    prefixes: BTreeMap<Vec<u8>, Vec<usize>>,
}

/// A rule that matches, and what its names stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match<'s, 'p> {
    /// Its number in the set.
    pub index: usize,
    /// The rule.
    pub rule: &'s Rule,
    /// Names and decoded bytes.
    pub captures: Vec<(&'s str, &'p [u8])>,
}

impl RuleSet {
    /// Adds a rule after the others.
    pub(crate) fn push(&mut self, rule: Rule, line: usize) {
        let index = self.rules.len();
        let prefix = rule.from.literal_prefix();
        if rule.from.is_literal() {
            self.paths.entry(prefix).or_insert(index);
        } else {
            self.prefixes.entry(prefix).or_default().push(index);
        }
        self.rules.push(rule);
        self.lines.push(line);
    }

    /// The first rule that matches a canonical path.
    pub fn find<'s, 'p>(&'s self, path: &'p [u8]) -> Option<Match<'s, 'p>> {
        let bare = path.strip_suffix(b"/").unwrap_or(path);
        let exact = self.paths.get(bare).copied();
        let matches = |&index: &usize| captures(&self.rules[index].from, path).is_some();
        let first = |list: &Vec<usize>| list.iter().copied().find(matches);
        let ends = (0..=bare.len()).filter(|&end| end == bare.len() || bare[end] == b'/');
        let others = ends.filter_map(|end| first(self.prefixes.get(&bare[..end])?));
        let index = others.chain(exact).min()?;
        let rule = &self.rules[index];
        Some(Match { index, rule, captures: captures(&rule.from, path)? })
    }
}

/// What the names of a pattern stand for in a path that it matches. A slash at the end of the path does not matter, and
/// is part of what `*` stands for.
fn captures<'s, 'p>(pattern: &'s Pattern, path: &'p [u8]) -> Option<Vec<(&'s str, &'p [u8])>> {
    let mut rest = path.strip_prefix(b"/")?;
    let mut found = Vec::new();
    for segment in &pattern.segments {
        let end = rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
        let (here, behind) = rest.split_at(end);
        match segment {
            _ if here.is_empty() => return None,
            Segment::Literal(bytes) if bytes == here => {}
            Segment::Literal(_) => return None,
            Segment::Named(name) => found.push((name.as_str(), here)),
        }
        rest = behind.strip_prefix(b"/").unwrap_or(behind);
    }
    if pattern.has_splat {
        found.push((super::SPLAT, rest));
        return Some(found);
    }
    rest.is_empty().then_some(found)
}
