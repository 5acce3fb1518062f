//! The way back of a migration that becomes several: what undoes what, told by the names in it. Whether that is right, trying
//! it shows.

use std::collections::BTreeSet;

use dbwright_catalog::{Change, Down, Migration, ObjectId, ObjectKind};

use super::RewriteRequest;
use super::groups::{Group, Piece};
use super::text::{Block, Edits, blocks};

/// The way back of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct GroupDown {
    /// Statements of the original's way back that stay with the original.
    kept: BTreeSet<usize>,
    /// What takes a step back, where the original does not say it, or not step by step.
    generated: Vec<String>,
    /// All of it, as the text of a file of its own.
    pub(super) text: String,
    /// Whether it must not run in a transaction.
    pub(super) outside: bool,
}

impl GroupDown {
    /// Its statements, in order.
    pub(super) fn statements<'a>(&'a self, of_migration: &'a Down) -> Vec<&'a str> {
        let kept = self.kept.iter().filter_map(|index| of_migration.statements.get(*index));
        let kept = kept.map(|statement| statement.text.as_str());
        kept.chain(self.generated.iter().map(String::as_str)).collect()
    }

    /// Takes out of the original's way back what others undo now, and puts in what is to be undone here.
    pub(super) fn edit(&self, down: &Down, edits: &mut Edits) {
        let blocks = blocks(&down.text, &down.statements);
        let mut generated = String::new();
        for sql in &self.generated {
            generated.extend([sql.as_str(), ";\n"]);
        }
        let gone: Vec<&Block> = blocks
            .iter()
            .enumerate()
            .filter(|(index, _)| !self.kept.contains(index))
            .map(|(_, block)| block)
            .collect();
        let place = gone.first().map(|block| block.whole.clone());
        match &place {
            Some(first) if !generated.is_empty() => {
                edits.replace(first.clone(), generated.clone());
                edits.take_out(&down.text, &gone[1..]);
            }
            _ => edits.take_out(&down.text, &gone),
        }
        if place.is_none() && !generated.is_empty() {
            let end = blocks.last().map_or(down.text.len(), |block| block.whole.end);
            let gap = if down.text[..end].is_empty() || down.text[..end].ends_with('\n') {
                ""
            } else {
                "\n"
            };
            edits.replace(end..end, format!("{gap}{generated}"));
        }
    }
}

/// What a way back can be told to belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// The statements of the group with this index, as they stand.
    Original(usize),
    /// The replacement with this index.
    Replacement(usize),
}

/// The way back of each group. Where the migration has none, none has.
pub(super) fn split(
    request: &RewriteRequest<'_>,
    migration: &Migration,
    groups: &[Group],
) -> Result<Vec<GroupDown>, String> {
    let mut downs = vec![GroupDown::default(); groups.len()];
    let Some(down) = &migration.down else {
        return Ok(downs);
    };
    let units = units(groups);
    let mut owned: Vec<(Unit, usize)> = Vec::new();
    for (index, statement) in down.statements.iter().enumerate() {
        if statement.not_sent.is_some() || statement.copy_rows.is_some() {
            return Err(format!(
                "its way back is not known: line {} of {}",
                statement.line,
                down.path.display()
            ));
        }
        let names = words(&statement.text);
        match owner(request, groups, &units, &names) {
            Ok(Some(unit)) => owned.push((unit, index)),
            // Each of the steps is taken back by itself.
            Ok(None) => {}
            Err(()) => {
                return Err(format!(
                    "line {} of {} undoes what several migrations would do",
                    statement.line,
                    down.path.display()
                ));
            }
        }
    }
    // With nothing in it, it undoes nothing; so do those of the parts.
    if down.statements.is_empty() {
        return Ok(downs);
    }
    for (position, group) in groups.iter().enumerate() {
        let unit = match group.step_of() {
            Some((replacement, _)) => Unit::Replacement(replacement),
            None => Unit::Original(position),
        };
        let own: Vec<usize> = owned
            .iter()
            .filter(|(owner, _)| *owner == unit)
            .map(|(_, index)| *index)
            .collect();
        downs[position] = one(request, down, group, &own);
    }
    Ok(downs)
}

fn one(request: &RewriteRequest<'_>, down: &Down, group: &Group, own: &[usize]) -> GroupDown {
    let mut result = GroupDown::default();
    // Of several steps the original says at most how to undo all of them at once.
    let step = group.step_of().map(|(replacement, step)| {
        let steps = &request.replacements[replacement].steps;
        (&steps[step], steps.len())
    });
    match step {
        Some((step, count)) if count > 1 || own.is_empty() => result.generated.clone_from(&step.undo),
        Some(_) | None => result.kept = own.iter().copied().collect(),
    }
    let blocks = blocks(&down.text, &down.statements);
    for index in &result.kept {
        result.text.push_str(&blocks[*index].ended(&down.text));
    }
    for sql in &result.generated {
        result.text.extend([sql.as_str(), ";\n"]);
    }
    result.outside = result.generated.iter().any(|sql| sql.contains(" CONCURRENTLY "));
    result
}

fn units(groups: &[Group]) -> Vec<Unit> {
    let mut units = Vec::new();
    for (position, group) in groups.iter().enumerate() {
        let unit = match group.step_of() {
            Some((replacement, _)) => Unit::Replacement(replacement),
            None => Unit::Original(position),
        };
        if !units.contains(&unit) {
            units.push(unit);
        }
    }
    units
}

/// What a statement of the way back belongs to: the unit whose objects it names best, or the first where it names none. Where
/// two are as good, it undoes both: it is nobody's where they are steps, whose undoing is known, and else it can't be split.
fn owner(
    request: &RewriteRequest<'_>,
    groups: &[Group],
    units: &[Unit],
    names: &BTreeSet<String>,
) -> Result<Option<Unit>, ()> {
    let scored: Vec<(u32, Unit)> = units
        .iter()
        .map(|unit| (score(request, groups, *unit, names), *unit))
        .collect();
    let best = scored.iter().map(|(score, _)| *score).max().unwrap_or(0);
    let those: Vec<Unit> = scored
        .iter()
        .filter(|(score, _)| *score == best)
        .map(|(_, unit)| *unit)
        .collect();
    match those.as_slice() {
        [unit] => Ok(Some(*unit)),
        [first, ..] if best == 0 => Ok(Some(*first)),
        [_, ..] if those.iter().all(|unit| matches!(unit, Unit::Replacement(_))) => Ok(None),
        _ => Err(()),
    }
}

fn score(request: &RewriteRequest<'_>, groups: &[Group], unit: Unit, names: &BTreeSet<String>) -> u32 {
    let statements: Vec<usize> = match unit {
        Unit::Replacement(replacement) => vec![request.replacements[replacement].statement],
        Unit::Original(group) => groups[group]
            .pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Original(index) => Some(*index),
                Piece::Step { .. } => None,
            })
            .collect(),
    };
    let changes = statements
        .iter()
        .filter_map(|index| request.changes.get(*index))
        .flatten();
    changes.map(|change| named(change, names)).max().unwrap_or(0)
}

/// How well the words of a statement name what changed: a part of a table better than the table, and a column that is made or
/// dropped better than one that is only altered, unless the words are of altering.
fn named(change: &Change, names: &BTreeSet<String>) -> u32 {
    const ALTERING: [&str; 4] = ["not", "default", "type", "set"];
    let has = |name: &str| names.contains(&name.to_lowercase());
    let of_table = |id: &ObjectId| id.owner_table().is_none_or(|table| has(table.name()));
    let id = &change.object().id;
    let only = |word: &str, other: &str| names.contains(word) && !names.contains(other);
    // Of an index that is dropped and made anew under its name, a DROP undoes the making, and a CREATE the dropping.
    let is_opposite = match change {
        Change::Created(_) => !only("create", "drop"),
        Change::Dropped(_) => !only("drop", "create"),
        Change::Altered { .. } => true,
    };
    match (id.kind, change) {
        (ObjectKind::Table, Change::Altered { .. }) => 0,
        (ObjectKind::Table, _) if has(id.name()) => 1,
        (ObjectKind::Column, Change::Altered { .. }) if has(id.name()) && of_table(id) => {
            if ALTERING.iter().any(|word| names.contains(*word)) {
                4
            } else {
                2
            }
        }
        (ObjectKind::Table, _) => 0,
        _ if has(id.name()) && (id.kind != ObjectKind::Column || of_table(id)) => 2 + u32::from(is_opposite),
        _ => 0,
    }
}

/// Words and quoted names, in lower case.
fn words(text: &str) -> BTreeSet<String> {
    let is_of_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    let words = text.split(|letter| !is_of_word(letter)).map(str::to_lowercase);
    let quoted = text.split('"').skip(1).step_by(2).map(str::to_lowercase);
    words.chain(quoted).filter(|word| !word.is_empty()).collect()
}
