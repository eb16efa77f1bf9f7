//! For every rule a case where it wins, and cases where it must not apply: they differ in one thing, which stops it.

mod place;
mod select;
mod wrong;

use super::{Class, ClassId, Outcome, Packed, Rule, Task, Template, pack, selections};
use crate::ir::Ref;
use crate::ir::op::Program;
use crate::mach::code::Code;
use crate::mach::inst::Effects;
use crate::mach::inst::MachInst;
use crate::target::Target;
use crate::{CompileError, disasm};

/// So many places are looked at.
const BUDGET: u64 = 20_000;
/// Selections to look at, and those of the fewest bytes to place.
const SELECTIONS: (usize, usize) = (500, 20);
/// Where files are loaded.
const BASE: u64 = crate::LOWEST_ADDRESS as u64;

/// What is to be placed: hand-made code, or what is selected for a program.
enum Source {
    Code(Code),
    Selected,
}

/// A search for one file.
struct Case {
    target: &'static Target,
    program: Program,
    source: Source,
    template: Template,
}

impl Case {
    /// Hand-made code in a template.
    fn of_code(machine: &str, template: &str, code: impl IntoIterator<Item = Made>) -> Self {
        let mut made = Code::default();
        code.into_iter().for_each(|one| made.push(one, String::new(), None));
        let (program, template) = (Program::default(), cells(template));
        Self { target: target(machine), program, source: Source::Code(made), template }
    }

    /// A program alone: nothing is in its way.
    fn of_program(machine: &str, program: Program) -> Self {
        Self { target: target(machine), program, source: Source::Selected, template: cells("") }
    }

    /// The smallest file without a rule, if there is one.
    fn packed(&self, without: Option<Rule>) -> Option<Packed> {
        let selected = match &self.source {
            Source::Code(_) => Vec::new(),
            Source::Selected => {
                let (base, never) = (self.template.base, &|| false);
                let candidates = selections(self.target, &self.program, base, SELECTIONS, (without, &[2]), never);
                candidates.expect("it compiles").into_iter().flatten().collect()
            }
        };
        let codes = match &self.source {
            Source::Code(code) => vec![code],
            Source::Selected => selected.iter().collect(),
        };
        let mut best: Option<Packed> = None;
        for code in codes {
            let task = Task {
                target: self.target,
                program: &self.program,
                code,
                template: &self.template,
                below_bytes: best.as_ref().map_or(u32::MAX, |best| best.bytes.len() as u32),
                budget: BUDGET,
                pruning_margin: None,
                without,
                complete: &|bytes| Some(bytes.iter().map(|byte| byte.unwrap_or(0)).collect()),
                stop: &|| false,
            };
            let Outcome { packed, .. } = pack(&task).expect("it can be encoded");
            best = packed.or(best);
        }
        best
    }

    /// The file's bytes, none if there is no file.
    fn bytes(&self, without: Option<Rule>) -> Option<Vec<u8>> {
        self.packed(without).map(|packed| packed.bytes)
    }

    /// The smallest file's instructions.
    fn text(&self) -> Vec<String> {
        let packed = self.packed(None).expect("there is a file");
        let of = |one: &crate::Placed| disasm::decode_all(self.target, &one.bytes).join("; ");
        packed.code.instructions.iter().map(of).collect()
    }
}

fn target(machine: &str) -> &'static Target {
    Target::by_name(machine).expect("it is one of them")
}

/// A template of bytes: `..` is free, `??` is known later, the others are numbers. Execution starts at the first, or at
/// the one after `>`.
fn cells(text: &str) -> Template {
    let class = |word: &str| match word.trim_start_matches('>') {
        ".." => Class::FREE,
        "??" => Class::LATE,
        number => Class::fixed(u8::from_str_radix(number, 16).expect("it is a number")),
    };
    let classes: Vec<Class> = text.split_whitespace().map(class).collect();
    let entry = text.split_whitespace().position(|word| word.starts_with('>')).unwrap_or(0) as u32;
    let cells = (0..classes.len()).map(|at| at as ClassId).collect();
    Template { base: BASE, base_bytes: Vec::new(), cells, least_bytes: classes.len() as u32, classes, entry }
}

/// A hand-made instruction.
#[derive(Clone)]
struct Made {
    bytes: Vec<u8>,
    /// Another encoding, and whether it changes condition flags.
    other: Option<(Vec<u8>, bool)>,
    effects: Effects,
    glued: usize,
    wants_flags: bool,
    /// Registers that it may mention, a bit each.
    mentions: u64,
}

/// An instruction that changes places with no other.
fn made(bytes: &[u8]) -> Made {
    let (effects, mentions) = (Effects::ALL, u64::MAX);
    Made { bytes: bytes.into(), other: None, effects, glued: 0, wants_flags: false, mentions }
}

impl Made {
    /// It reads and writes these registers.
    fn with_effects(self, reads: u64, writes: u64) -> Self {
        Self { effects: Effects { reads, writes }, ..self }
    }

    /// So many after it have to stay there.
    fn bundled(self, glued: usize) -> Self {
        Self { glued, ..self }
    }

    /// It mentions these registers alone.
    fn mentioning(self, mentions: u64) -> Self {
        Self { mentions, ..self }
    }

    fn wanting_flags(self) -> Self {
        Self { wants_flags: true, ..self }
    }

    fn or(self, bytes: &[u8], changes_flags: bool) -> Self {
        Self { other: Some((bytes.into(), changes_flags)), ..self }
    }
}

impl MachInst for Made {
    fn encode(&self, _form: u8, _at: u64, _address: &dyn Fn(Ref) -> u64) -> Result<Option<Vec<u8>>, CompileError> {
        Ok(Some(self.bytes.clone()))
    }

    fn merge_key(&self) -> Option<Vec<u8>> {
        None
    }

    fn max_jump_bytes(&self) -> u32 {
        0
    }

    fn effects(&self) -> Effects {
        self.effects
    }

    fn bundled_with_next(&self) -> usize {
        self.glued
    }

    fn alternatives(&self, changes_flags: bool) -> Vec<Vec<u8>> {
        let may_be = |(_, changes): &&(Vec<u8>, bool)| changes_flags || !changes;
        self.other.iter().filter(may_be).map(|(bytes, _)| bytes.clone()).collect()
    }

    fn reads_flags(&self) -> bool {
        self.wants_flags
    }

    fn touched_regs(&self) -> u64 {
        self.mentions
    }
}

/// A case where a rule must not apply, named after what stops it.
type Not = (&'static str, fn() -> Case);

/// A rule, where it wins, and where it must not apply.
struct Row {
    rule: Rule,
    wins: fn() -> Case,
    not: &'static [Not],
}

/// The load address is the template's affair: tests/it/golf.rs has its cases.
const ELSEWHERE: Rule = Rule::Address;

fn rows() -> impl Iterator<Item = &'static Row> {
    place::ROWS.iter().chain(select::ROWS)
}

#[test]
fn every_rule_has_its_cases() {
    let mut rules: Vec<Rule> = rows().map(|row| row.rule).chain([ELSEWHERE]).collect();
    rules.sort_unstable();
    let mut all = Rule::ALL;
    all.sort_unstable();
    assert_eq!(rules, all);
    let bare: Vec<Rule> = rows().filter(|row| row.not.is_empty()).map(|row| row.rule).collect();
    assert_eq!(bare, [], "there is nothing that stops it");
}

/// The rule wins, or the fault; without some rules there is no file at all.
fn wins(rule: Rule, case: &Case) -> Option<String> {
    let [with, without] = [None, Some(rule)].map(|without| case.bytes(without).map(|bytes| bytes.len()));
    let is_less = with.is_some_and(|with| without.is_none_or(|without| with < without));
    (!is_less).then(|| format!("{rule:?}: {with:?} bytes, {without:?} without it"))
}

/// The rule makes no difference, or the fault. Of selections that are as short as each other any may be found.
fn is_needless(rule: Rule, what: &str, case: &Case) -> Option<String> {
    let [with, without] = [None, Some(rule)].map(|without| case.bytes(without));
    let is_same = match case.source {
        Source::Code(_) => with == without,
        Source::Selected => with.as_ref().map(Vec::len) == without.as_ref().map(Vec::len),
    };
    (!is_same).then(|| format!("{rule:?}: {what}: {with:x?}, {without:x?} without it"))
}

#[test]
fn every_rule_wins_somewhere() {
    let faults: Vec<String> = rows().filter_map(|row| wins(row.rule, &(row.wins)())).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn no_rule_applies_where_it_must_not() {
    let cases = rows().flat_map(|row| row.not.iter().map(|(what, case)| (row.rule, what, case())));
    let faults: Vec<String> = cases.filter_map(|(rule, what, case)| is_needless(rule, what, &case)).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}
