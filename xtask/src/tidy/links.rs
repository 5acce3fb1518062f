//! Links in Markdown files to other files of the repository lead somewhere.
//!
//! Addresses on the web are not followed: tests need no network.

use super::Problem;
use super::tree::Tree;

/// Checks all Markdown files.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in tree.with_extension("md") {
        for (line, target) in links(text) {
            if !leads_somewhere(tree, path, target) {
                let message = format!("the link to `{target}` leads nowhere");
                problems.push(Problem {
                    path: path.to_owned(),
                    line,
                    message,
                });
            }
        }
    }
    problems
}

/// Targets of the links in a Markdown text, with their lines; none from code.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    for (at, line) in text.lines().enumerate() {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (Some(_), _) => {}
            (None, None) => found.extend(links_of_line(line).into_iter().map(|target| (at + 1, target))),
        }
    }
    found
}

fn links_of_line(line: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    // Every second piece is inline code.
    for piece in line.split('`').step_by(2) {
        for (at, _) in piece.match_indices("](") {
            let rest = &piece[at + 2..];
            let end = rest.find([')', ' ']).unwrap_or(rest.len());
            targets.push(&rest[..end]);
        }
    }
    // A link whose text holds code, `[`like this`](target)`, has its target in a later piece than its text: the loop
    // above sees it all the same, as it looks for the middle of a link only.
    if let Some(definition) = line.strip_prefix('[')
        && let Some((_, target)) = definition.split_once("]: ")
    {
        targets.push(target.split_whitespace().next().unwrap_or_default());
    }
    targets
}

fn leads_somewhere(tree: &Tree, from: &str, target: &str) -> bool {
    let target = target.trim_matches(['<', '>']);
    let target = target.split('#').next().unwrap_or_default();
    let elsewhere = target.contains("://") || target.starts_with("mailto:");
    if target.is_empty() || elsewhere {
        return true;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return false;
                }
            }
            _ => parts.push(part),
        }
    }
    tree.holds(&parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::shown;

    #[test]
    fn a_link_to_a_missing_file_is_found() {
        let text = "See [the map](ARCHITECTURE.md),\n[`rules`](rules/README.md#list) and [gone](rules/gone.md).\n\n[x]: nowhere.md\n";
        assert_eq!(
            shown(
                check,
                &[
                    ("docs/a.md", text),
                    ("docs/ARCHITECTURE.md", ""),
                    ("docs/rules/README.md", "")
                ]
            ),
            "docs/a.md:2: the link to `rules/gone.md` leads nowhere\n\
             docs/a.md:4: the link to `nowhere.md` leads nowhere"
        );
    }

    #[test]
    fn links_lead_up_and_to_folders_but_not_out() {
        let text = "[up](../README.md) [folder](../examples/shop/) [here](#there)";
        let files = [("docs/a.md", text), ("README.md", ""), ("examples/shop/x.sql", "")];
        assert_eq!(shown(check, &files), "");
        assert!(shown(check, &[("a.md", "[out](../secret.md)")]).contains("leads nowhere"));
    }

    #[test]
    fn code_and_addresses_are_not_links_to_files() {
        let text = "`[x](y)` [web](https://example.org/a.md)\n```\n[a](b)\n```\n[real](b)\n";
        assert_eq!(shown(check, &[("a.md", text)]), "a.md:5: the link to `b` leads nowhere");
    }
}
