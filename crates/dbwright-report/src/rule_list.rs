//! All rules, a line each. Not their pages: those are in [`crate::page`].

use std::fmt::Write as _;

use crate::layout::{BOLD, Layout, clean};

/// Below this width the summary goes below the name.
const TWO_COLUMNS_MIN: usize = 72;

/// A rule as it stands in the list.
#[derive(Clone, Copy, Debug)]
pub struct RuleLine<'a> {
    /// What it protects: `locks`.
    pub group: &'a str,
    /// Its name.
    pub name: &'a str,
    /// What it catches, in one sentence without a full stop.
    pub summary: &'a str,
}

/// The rules under the names of their groups, in the order in which they are given.
pub fn rule_list(rules: &[RuleLine<'_>], color: bool, width: usize) -> String {
    let layout = Layout::new(color, width);
    let names = rules.iter().map(|rule| rule.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    let mut group = "";
    for rule in rules {
        if rule.group != group {
            group = rule.group;
            let gap = if text.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}{}", layout.paint(BOLD, group));
        }
        let summary = clean(rule.summary);
        if layout.width < TWO_COLUMNS_MIN {
            let _ = writeln!(text, "  {}", rule.name);
            text.push_str(&layout.wrap("    ", "    ", &summary));
        } else {
            let first = format!("  {:names$}  ", rule.name);
            text.push_str(&layout.wrap(&first, &" ".repeat(first.len()), &summary));
        }
    }
    text.push_str("\n`dbwright rule NAME` explains one.\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: [RuleLine<'_>; 3] = [
        RuleLine {
            group: "locks",
            name: "table-rewrite",
            summary: "Every row of an existing table is written anew, and nobody can use it",
        },
        RuleLine {
            group: "locks",
            name: "lock",
            summary: "A lock",
        },
        RuleLine {
            group: "design",
            name: "wish",
            summary: "A wish",
        },
    ];

    #[test]
    fn summaries_stand_below_each_other_and_wrap_in_their_column() {
        let expected = "\
locks
  table-rewrite  Every row of an existing table is written anew, and nobody can
                 use it
  lock           A lock

design
  wish           A wish

`dbwright rule NAME` explains one.
";
        assert_eq!(rule_list(&RULES, false, 80), expected);
    }

    #[test]
    fn narrow_terminals_get_the_summary_below_the_name() {
        let text = rule_list(&RULES, false, 50);
        assert!(
            text.contains("  table-rewrite\n    Every row of an existing table is written\n    anew"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.len() <= 50), "{text}");
    }
}
