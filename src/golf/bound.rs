//! How small a file can be at all. The places that a search has left out are tried as long as they could hold a smaller
//! one.

use std::collections::HashMap;

use asmgen_arch::Code;
use asmgen_arch::golf::{self, Overlaps, Template};

use super::Search;
use super::limits::Limits;
use super::watch::{Bound, Watch};
use crate::elf::template::{self, Choice};
use crate::error::BuildError;
use crate::options::Effort;

/// A template and a selection that could make a smaller file.
struct Open {
    /// The fewest bytes that it could have.
    least: u32,
    template: usize,
    code: usize,
}

/// Everything that could make a smaller file at a load address.
struct Field {
    templates: Vec<(Choice, Template)>,
    codes: Vec<(u32, Code)>,
    /// Are these all the selections that there are?
    is_whole: bool,
}

impl Search<'_> {
    /// Looks at what is left, the most promising first, until all is done or the places are used up.
    pub(super) fn bound(&mut self, selected: Vec<(u64, Vec<Code>)>, watch: &mut Watch) -> Result<(), BuildError> {
        if watch.is_stopped() {
            return Ok(());
        }
        let fields = self.fields(selected, watch);
        let is_whole = fields.iter().all(|field| field.is_whole);
        // There is no end to it then, and seldom something to find.
        if !is_whole && self.options.effort != Effort::Max {
            return Ok(());
        }
        self.left = Limits::of(self.options.effort).bound_places;
        let bound = self.bound_of(&fields, is_whole, watch)?;
        watch.end(bound);
        Ok(())
    }

    fn bound_of(&mut self, fields: &[Field], is_whole: bool, watch: &Watch) -> Result<Bound, BuildError> {
        let mut open = Vec::new();
        for (number, field) in fields.iter().enumerate() {
            open.extend(self.open(field).into_iter().map(|one| (number, one)));
        }
        open.sort_by_key(|(field, one)| (one.least, *field, one.template, one.code));
        let places = self.left.max(1);
        for (field, one) in open {
            if one.least >= self.best_bytes {
                break;
            }
            let ((choice, template), code) = (&fields[field].templates[one.template], &fields[field].codes[one.code].1);
            let whole = self.left > 0 && self.look_whole(*choice, template, code)?;
            if !whole {
                return Ok(if is_whole { Bound::AtLeast(one.least) } else { Bound::OfThoseLookedAt(one.least) });
            }
            watch.tell_bound(1000 - 500 * self.left / places, self.best_bytes, Some(one.least));
        }
        Ok(if is_whole { Bound::Optimal } else { Bound::OfThoseLookedAt(self.best_bytes) })
    }

    /// The load addresses with their templates and selections.
    fn fields(&self, selected: Vec<(u64, Vec<Code>)>, watch: &Watch) -> Vec<Field> {
        let target = self.options.target;
        let instructions = Limits::of(self.options.effort).instructions;
        let mut by_base: HashMap<u64, Vec<Code>> = HashMap::new();
        for (base, codes) in selected {
            by_base.entry(base).or_default().extend(codes);
        }
        // Where there are too many at one address, there are at the others.
        let mut may_be_whole = self.options.without.is_none();
        let field = |base: u64| {
            let some = by_base.remove(&base).unwrap_or_default();
            let all = may_be_whole
                .then(|| golf::every_selection(target, self.ops, base, instructions, watch.stop()))
                .flatten();
            may_be_whole = all.is_some();
            let least = |code: Code| (golf::least_bytes_at(target, self.ops, &code, base), code);
            let codes = all.unwrap_or_else(|| some.into_iter().map(least).collect());
            Field { templates: self.templates(base, true), codes, is_whole: may_be_whole }
        };
        template::bases(target).into_iter().map(field).collect()
    }

    /// What could make a smaller file. Data may yet share some bytes with each other and with code.
    fn open(&self, field: &Field) -> Vec<Open> {
        let mut open = Vec::new();
        let Some((_, first)) = field.templates.first() else { return open };
        let overlaps = Overlaps::of(field.codes.iter().map(|(_, code)| code), first.base);
        for (template, (_, header)) in field.templates.iter().enumerate() {
            let overlaps = overlaps.in_template(self.options.target, header);
            for (code, (bytes, _)) in field.codes.iter().enumerate() {
                let Some(bound) = golf::lower_bound(self.options.target, header, *bytes) else { break };
                let saved = golf::MAY_SHARE_BYTES + overlaps[code];
                let least = bound.saturating_sub(saved).max(header.least_bytes);
                if least < self.best_bytes {
                    open.push(Open { least, template, code });
                }
            }
        }
        open
    }
}
