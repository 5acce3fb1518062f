//! Columns that `ALTER TABLE` can add or drop by itself. What it can't, is a rebuild.

use std::collections::BTreeSet;

use dbwright_catalog::{ConstraintKind, Object, ObjectBody, ObjectId, Step};
use dbwright_sql::{Token, TokenKind};

use super::{Planner, is_changed, quoted};
use crate::render::sqlite::is_made_by_statement;
use crate::sqlite_text::{TableParts, name, table_parts, tokens};

/// What has to be done to a table whose columns change only by themselves.
struct Columns {
    added: Vec<(String, String)>,
    dropped: Vec<(String, String)>,
}

impl Planner<'_> {
    /// Plans the change of an ordinary table.
    pub(super) fn alter(&mut self, from: &Object, to: &Object) {
        let (old, new) = (table_parts(&from.definition), table_parts(&to.definition));
        let columns = columns_only(&old, &new).filter(|_| from.id == to.id);
        let columns = columns.filter(|columns| {
            columns.added.iter().all(|(_, text)| can_be_added(text))
                && (columns.dropped.is_empty() || self.can_be_dropped(&from.id, &old, &columns.dropped))
        });
        let Some(columns) = columns else {
            self.rebuild(from, to, &new);
            return;
        };
        let table = quoted(to.id.name());
        for (column, text) in &columns.added {
            let sql = format!("ALTER TABLE {table} ADD COLUMN {text}");
            self.steps.alters.push(Step::new(sql, [to.id.column(column)]));
        }
        for (column, _) in &columns.dropped {
            let id = from.id.column(column);
            let sql = format!("ALTER TABLE {table} DROP COLUMN {}", quoted(column));
            self.steps.alters.push(Step::new(sql, [id.clone()]));
            self.lose_column(&id);
        }
    }

    /// What SQLite asks of a column that it drops: that nothing else says its name
    /// (<https://www.sqlite.org/lang_altertable.html#alter_table_drop_column>). It also compiles every view and trigger,
    /// and fails on any that is broken at that moment; and it turns strings in double quotes, anywhere in the schema, into
    /// proper ones. Where there is any of these, the table is rebuilt, which costs the same: both write every row.
    fn can_be_dropped(&self, table: &ObjectId, parts: &TableParts, dropped: &[(String, String)]) -> bool {
        let names: BTreeSet<String> = dropped.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        let own_words = ["PRIMARY", "UNIQUE", "REFERENCES"];
        let is_plain = dropped.iter().all(|(_, text)| {
            let tokens = tokens(text);
            !tokens.iter().any(|token| own_words.iter().any(|word| token.is(word)))
        });
        let others = parts
            .columns
            .iter()
            .filter(|(name, _)| !names.contains(&name.to_ascii_lowercase()));
        let mut texts = others.map(|(_, text)| text).chain(&parts.constraints);
        if !is_plain || texts.any(|text| mentions(text, &names)) {
            return false;
        }
        let known = self.known_names();
        self.before.objects.values().all(|object| match &object.body {
            ObjectBody::Constraint(constraint) => match &constraint.kind {
                ConstraintKind::ForeignKey(key) => {
                    let mut referenced = key.referenced_columns.iter();
                    key.references != *table || !referenced.any(|name| names.contains(&name.to_ascii_lowercase()))
                }
                _ => true,
            },
            _ if !is_made_by_statement(object) => true,
            _ if has_string_in_double_quotes(&object.definition, &known) => false,
            ObjectBody::View(_) | ObjectBody::Trigger(_) => is_changed(object, self.after),
            ObjectBody::Index(index) => {
                is_changed(object, self.after) || index.table != *table || !mentions(&object.definition, &names)
            }
            _ => true,
        })
    }

    fn known_names(&self) -> BTreeSet<String> {
        self.before
            .objects
            .keys()
            .map(|id| id.name().to_ascii_lowercase())
            .collect()
    }
}

/// The columns to add and drop, where that is all that is different.
fn columns_only(old: &TableParts, new: &TableParts) -> Option<Columns> {
    if old.options != new.options || old.constraints != new.constraints {
        return None;
    }
    let is_in =
        |columns: &[(String, String)], name: &str| columns.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    let (kept, dropped): (Vec<_>, Vec<_>) = old
        .columns
        .iter()
        .cloned()
        .partition(|(name, _)| is_in(&new.columns, name));
    let added = new.columns.strip_prefix(kept.as_slice())?;
    let is_new = added.iter().all(|(name, _)| !is_in(&old.columns, name));
    is_new.then(|| Columns {
        added: added.to_vec(),
        dropped,
    })
}

/// What SQLite asks of a column that it adds to a table with rows
/// (<https://www.sqlite.org/lang_altertable.html#alter_table_add_column>).
fn can_be_added(text: &str) -> bool {
    let tokens = tokens(text);
    let has = |word: &str| tokens.iter().any(|token| token.is(word));
    let default = tokens.iter().position(|token| token.is("DEFAULT"));
    let is_constant = default.is_none_or(|at| is_constant(tokens.get(at + 1)));
    let is_null = default.is_none_or(|at| tokens.get(at + 1).is_some_and(|token| token.is("NULL")));
    let not_null = tokens.windows(2).any(|pair| pair[0].is("NOT") && pair[1].is("NULL"));
    let is_stored = tokens.last().is_some_and(|token| token.is("STORED"));
    let generated = has("AS");
    !has("PRIMARY")
        && !has("UNIQUE")
        && !(generated && (is_stored || not_null))
        && is_constant
        && !(not_null && is_null && !generated)
        && (!has("REFERENCES") || is_null)
}

fn is_constant(token: Option<&Token<'_>>) -> bool {
    let times = ["CURRENT_TIME", "CURRENT_DATE", "CURRENT_TIMESTAMP"];
    token.is_some_and(|token| !token.is_symbol("(") && !times.iter().any(|time| token.is(time)))
}

fn mentions(text: &str, names: &BTreeSet<String>) -> bool {
    tokens(text)
        .iter()
        .any(|token| names.contains(&name(token).to_ascii_lowercase()))
}

/// Whether a text may hold a string in double quotes: one that names nothing.
fn has_string_in_double_quotes(text: &str, known: &BTreeSet<String>) -> bool {
    tokens(text).iter().any(|token| {
        token.kind == TokenKind::QuotedName
            && token.text.starts_with('"')
            && !known.contains(&name(token).to_ascii_lowercase())
    })
}
