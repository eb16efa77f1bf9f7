//! Rules in order, and the first that matches a path.
//!
//! Patterns are a tree of segments, so a request is compared only with the rules that begin like its path, however many
//! there are. At each segment at most two branches go on: the one with that name, and the one for any name.

use std::collections::BTreeMap;

use super::{Pattern, Rule, SPLAT, Segment};

/// Rules in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleSet {
    /// In the order of the file.
    pub rules: Vec<Rule>,
    /// The line of each, from 1.
    pub lines: Vec<usize>,
    /// The tree; the first node is its root.
    nodes: Vec<Node>,
}

/// A place in the tree: patterns with the same segments up to here.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    /// The first rule at or below this node: a search goes no further where it has a better one.
    first: usize,
    /// The first rule that ends here.
    ends: Option<usize>,
    /// The first rule that ends here with `*`.
    splat: Option<usize>,
    /// The nodes after a literal segment.
    literal: BTreeMap<Vec<u8>, usize>,
    /// The node after a segment with a name.
    named: Option<usize>,
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
        if self.nodes.is_empty() {
            self.add_node(index);
        }
        let mut node = 0;
        for segment in &rule.from.segments {
            let next = match segment {
                Segment::Literal(bytes) => self.nodes[node].literal.get(bytes).copied(),
                Segment::Named(_) => self.nodes[node].named,
            };
            node = next.unwrap_or_else(|| {
                let new = self.add_node(index);
                match segment {
                    Segment::Literal(bytes) => drop(self.nodes[node].literal.insert(bytes.clone(), new)),
                    Segment::Named(_) => self.nodes[node].named = Some(new),
                }
                new
            });
        }
        let end = &mut self.nodes[node];
        let place = if rule.from.has_splat { &mut end.splat } else { &mut end.ends };
        place.get_or_insert(index);
        self.rules.push(rule);
        self.lines.push(line);
    }

    fn add_node(&mut self, first: usize) -> usize {
        self.nodes.push(Node { first, ends: None, splat: None, literal: BTreeMap::new(), named: None });
        self.nodes.len() - 1
    }

    /// The first rule that matches a canonical path.
    pub fn find<'s, 'p>(&'s self, path: &'p [u8]) -> Option<Match<'s, 'p>> {
        let bare = path.strip_suffix(b"/").unwrap_or(path);
        let segments: Vec<&[u8]> = bare.split(|&byte| byte == b'/').skip(1).collect();
        let mut best = usize::MAX;
        // Nodes that are yet to be looked at, and how many segments lead to each.
        let mut open = if self.nodes.is_empty() { Vec::new() } else { vec![(0, 0)] };
        while let Some((node, depth)) = open.pop() {
            let node = &self.nodes[node];
            if node.first >= best {
                continue;
            }
            let here = node.splat.into_iter().chain(node.ends.filter(|_| depth == segments.len()));
            best = here.fold(best, usize::min);
            if let Some(segment) = segments.get(depth) {
                let next = node.named.into_iter().chain(node.literal.get(*segment).copied());
                open.extend(next.map(|node| (node, depth + 1)));
            }
        }
        let rule = self.rules.get(best)?;
        Some(Match { index: best, rule, captures: captures(&rule.from, path) })
    }
}

/// What the names of a pattern stand for in a path that it matches. A slash at the end of the path is part of what `*`
/// stands for.
fn captures<'s, 'p>(pattern: &'s Pattern, path: &'p [u8]) -> Vec<(&'s str, &'p [u8])> {
    let mut rest = path.strip_prefix(b"/").unwrap_or(path);
    let mut found = Vec::new();
    for segment in &pattern.segments {
        let end = rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
        let (here, behind) = rest.split_at(end);
        if let Segment::Named(name) = segment {
            found.push((name.as_str(), here));
        }
        rest = behind.strip_prefix(b"/").unwrap_or(behind);
    }
    if pattern.has_splat {
        found.push((SPLAT, rest));
    }
    found
}
