//! A changeset of Liquibase becomes several: they stand right behind it in its file, with its author, its attributes and ids
//! that are made of its own. Files that hold many changesets keep all others as they are.

use std::fmt::Write as _;

use dbwright_catalog::{Down, FileChange, Migration};

use super::downs::GroupDown;
use super::groups::Group;
use super::{RewriteRequest, changed, further, kept};
use crate::draft::formats::Format;
use crate::tools::liquibase::Changeset;

/// Why a changeset can't become several, as a clause.
pub(super) fn refusal(migration: &Migration) -> Option<String> {
    match Changeset::find(&migration.text, &migration.name) {
        Some(changeset) => changeset
            .bound_by()
            .map(|what| format!("{} has {what}, which hold for it as a whole", migration.name)),
        None => Some(format!("{} is no changeset of its own", migration.path.display())),
    }
}

/// The file with the groups as changesets.
pub(super) fn rewrite(
    request: &RewriteRequest<'_>,
    migration: &Migration,
    groups: &[Group],
    downs: &[GroupDown],
    format: Format,
) -> Result<FileChange, String> {
    let text = &migration.text;
    let changeset = Changeset::find(text, &migration.name)
        .ok_or_else(|| format!("{} is no changeset of its own", migration.path.display()))?;
    let mut edits = kept(request, migration, &groups[0]);
    if !groups[0].in_transaction {
        edits.replace(changeset.head_range(), changeset.head(None, false));
    }
    let end = changeset.content_end(text);
    let mut behind = String::new();
    if let Some(down) = &migration.down {
        let back = way_back(down, &downs[0]);
        let lines = changeset.rollback_lines();
        if let Some((first, others)) = lines.split_first() {
            edits.replace(first.clone(), back);
            for line in others {
                edits.replace(line.clone(), "");
            }
        } else {
            behind.push_str(&back);
        }
    }
    let mut ids = changeset.free_numbers(text);
    for (group, down) in groups[1..].iter().zip(&downs[1..]) {
        let head = changeset.head(ids.next(), group.in_transaction);
        let sql = further(request, migration, group, format)?;
        let _ = write!(behind, "\n{head}\n{sql}");
        if let Some(of_migration) = &migration.down {
            behind.push_str(&way_back(of_migration, down));
        }
    }
    if !behind.is_empty() {
        let gap = if text[..end].ends_with('\n') { "" } else { "\n" };
        edits.replace(end..end, format!("{gap}{behind}"));
    }
    Ok(changed(&migration.path, text, edits.apply(text)))
}

/// What takes a changeset back, in lines of their own. One that is not to be undone says so, as Liquibase refuses to go back
/// past any other.
fn way_back(of_migration: &Down, of_group: &GroupDown) -> String {
    let statements = of_group.statements(of_migration);
    if statements.is_empty() {
        return "--rollback empty\n".to_owned();
    }
    let mut lines = String::new();
    for statement in statements {
        let sql = format!("{};", statement.trim_end().trim_end_matches(';'));
        for line in sql.lines() {
            let _ = writeln!(lines, "--rollback {line}");
        }
    }
    lines
}
