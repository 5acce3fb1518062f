//! Findings that tell the same in one file: one decision, told once with the objects and lines of all.

use std::collections::HashMap;
use std::path::Path;

use dbwright_catalog::{Finding, Group as RuleGroup, ObjectId, Severity};

use crate::layout::{Layout, clean};
use crate::text::finding;
use crate::words;

/// So many objects are named for those that repeat a finding, and so many lines of each.
const OBJECTS_MAX: usize = 6;
const LINES_MAX: usize = 4;

/// The first finding of its kind, and those that repeat it.
pub(super) struct Group<'a> {
    pub(super) first: &'a Finding,
    pub(super) repeats: Vec<&'a Finding>,
}

/// Groups in the order of their first findings. What concerns no object stands by itself, and so does each object that loses
/// data or on which a statement fails: that is a decision of its own.
pub(super) fn groups<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut known: HashMap<(&str, Severity, &Path, Option<&ObjectId>), usize> = HashMap::new();
    for finding in findings {
        let key = finding.evidence.relation.as_ref().map(|object| {
            let object = is_decided_by_object(finding).then_some(object);
            (&*finding.rule, finding.severity, &*finding.place.path, object)
        });
        if let Some(&index) = key.and_then(|key| known.get(&key)) {
            groups[index].repeats.push(finding);
            continue;
        }
        known.extend(key.map(|key| (key, groups.len())));
        groups.push(Group {
            first: finding,
            repeats: Vec::new(),
        });
    }
    groups
}

impl Group<'_> {
    /// What repeats the first one, in one sentence.
    pub(super) fn told(&self) -> Option<String> {
        let what = words::count(self.repeats.len(), "more finding");
        let mut objects: Vec<(&ObjectId, Vec<u32>)> = Vec::new();
        for finding in &self.repeats {
            let object = finding.evidence.relation.as_ref()?;
            match objects.iter_mut().find(|(known, _)| *known == object) {
                Some((_, lines)) => lines.push(finding.place.line),
                None => objects.push((object, vec![finding.place.line])),
            }
        }
        let where_else = match objects.as_slice() {
            [] => return None,
            [(object, lines)] => format!(" on {object} in {}", lines_of(lines, usize::MAX)),
            several => {
                let mut named: Vec<String> = several
                    .iter()
                    .take(OBJECTS_MAX)
                    .map(|(object, lines)| format!("{object} ({})", lines_of(lines, LINES_MAX)))
                    .collect();
                let left = several.len().saturating_sub(OBJECTS_MAX);
                named.extend((left > 0).then(|| words::count(left, "more object")));
                format!(": {}", named.join(", "))
            }
        };
        Some(clean(&format!(
            "{what} of this kind{where_else} (`--verbose` tells them in full)"
        )))
    }

    /// One line for all.
    pub(super) fn short(&self, layout: Layout) -> String {
        let title = finding::title(self.first, layout);
        let more = match self.repeats.last() {
            None => String::new(),
            Some(last) => format!(
                ", and {} more like it, the last in line {}",
                self.repeats.len(),
                last.place.line
            ),
        };
        layout.wrap(
            &format!("{:>6}: ", self.first.place.line),
            "        ",
            &format!("{title}{more}"),
        )
    }
}

/// Whether somebody has to decide for each object by itself.
fn is_decided_by_object(finding: &Finding) -> bool {
    match finding.group {
        RuleGroup::DataLoss | RuleGroup::Failure | RuleGroup::Rollback => true,
        RuleGroup::Locks | RuleGroup::Release | RuleGroup::Design | RuleGroup::Security => false,
    }
}

/// `line 2`, `lines 2, 3`, `lines 2 to 40`.
fn lines_of(lines: &[u32], shown_max: usize) -> String {
    let mut lines = lines.to_vec();
    lines.dedup();
    match lines.as_slice() {
        [only] => format!("line {only}"),
        [first, .., last] if lines.len() > shown_max => format!("lines {first} to {last}"),
        _ => {
            let lines: Vec<String> = lines.iter().map(u32::to_string).collect();
            format!("lines {}", lines.join(", "))
        }
    }
}
