//! Findings that tell the same of the same object in one file: one decision, told once with the lines of all.

use std::collections::HashMap;
use std::path::Path;

use dbwright_catalog::{Finding, ObjectId, Severity};

use crate::layout::{Layout, clean};
use crate::text::finding;
use crate::words;

/// The first finding of its kind, and those that repeat it.
pub(super) struct Group<'a> {
    pub(super) first: &'a Finding,
    pub(super) repeats: Vec<&'a Finding>,
}

/// Groups in the order of their first findings. What concerns no object stands by itself.
pub(super) fn groups<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut known: HashMap<(&str, Severity, &Path, &ObjectId), usize> = HashMap::new();
    for finding in findings {
        let key = finding
            .evidence
            .relation
            .as_ref()
            .map(|object| (&*finding.rule, finding.severity, &*finding.place.path, object));
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
        let object = self.first.evidence.relation.as_ref()?;
        let mut lines: Vec<String> = self
            .repeats
            .iter()
            .map(|finding| finding.place.line.to_string())
            .collect();
        lines.dedup();
        let word = if lines.len() == 1 { "line" } else { "lines" };
        let what = words::count(self.repeats.len(), "more finding");
        (!lines.is_empty()).then(|| {
            clean(&format!(
                "{what} of this kind on {object} in {word} {} (`--verbose` tells them in full)",
                lines.join(", ")
            ))
        })
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
