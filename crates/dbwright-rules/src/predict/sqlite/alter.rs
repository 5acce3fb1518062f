//! `ALTER TABLE`: as SQLite does it, by writing the stored texts anew and reading them again.

use std::collections::BTreeMap;

use dbwright_catalog::{
    ConstraintKind, GeneratedKind, Object, ObjectBody, ObjectId, ObjectKind, TableExtra, TableKind,
};
use dbwright_ddl::quote_identifier;
use dbwright_ddl::sqlite_text::{after_group, name, table_parts, table_text, tokens, view_query};
use dbwright_sql::TokenKind;

use super::table::{SCHEMA, made};
use super::text::{Words, is_name, mentions, respelled};
use super::{Predictor, Stop, Work, error, refuse};
use crate::predict::facts::sqlite::Operation;

impl Predictor {
    pub(super) fn alter(&mut self, words: &Words<'_>, work: &mut Work) -> Result<(), Stop> {
        let unclear = || Stop::Unknown("dbwright does not understand it".to_owned());
        let (name, at) = words.qualified(2).ok_or_else(unclear)?;
        if self.temporary.contains(&name.to_ascii_lowercase()) {
            return Ok(());
        }
        let Some(table) = self.relation(ObjectKind::Table, &name) else {
            if self.relation(ObjectKind::View, &name).is_some() {
                return refuse(format!("view {name} may not be altered"));
            }
            return self.missing("table", &name);
        };
        self.known(&name)?;
        if self.kind(&table) == Some(TableKind::Virtual) {
            return Err(Stop::Unknown(
                "what a virtual table does is up to its module".to_owned(),
            ));
        }
        let column_word = usize::from(words.is(at + 1, "column"));
        match words.keyword(at).as_str() {
            "add" => self.add_column(&table, words.from(at + 1 + column_word), work),
            "drop" if !words.is(at + 1, "constraint") => {
                let (column, _) = words.qualified(at + 1 + column_word).ok_or_else(unclear)?;
                self.drop_column(&table, &column, work)
            }
            "rename" if words.is(at + 1, "to") => {
                let (new, _) = words.qualified(at + 2).ok_or_else(unclear)?;
                self.rename_table(&table, &new, work)
            }
            "rename" => {
                let at = at + 1 + column_word;
                let (old, at) = words.qualified(at).ok_or_else(unclear)?;
                let (new, _) = words.qualified(at + 1).ok_or_else(unclear)?;
                self.rename_column(&table, &old, &new, work)
            }
            _ => Err(unclear()),
        }
    }

    fn kind(&self, table: &ObjectId) -> Option<TableKind> {
        match &self.ledger.catalog.get(table)?.body {
            ObjectBody::Table(table) => Some(table.kind),
            _ => None,
        }
    }

    fn text_of(&self, id: &ObjectId) -> String {
        self.ledger
            .catalog
            .get(id)
            .map_or_else(String::new, |object| object.definition.clone())
    }

    fn column(&self, table: &ObjectId, name: &str) -> Option<ObjectId> {
        let columns = self.ledger.catalog.columns(table);
        columns
            .into_iter()
            .find_map(|(id, _)| id.name().eq_ignore_ascii_case(name).then(|| id.clone()))
    }

    fn add_column(&mut self, table: &ObjectId, definition: &str, work: &mut Work) -> Result<(), Stop> {
        // SQLite reads it as the column of a table, and so does this.
        let one = table_text(&format!("CREATE TABLE one ({definition})"));
        let Some(column) = one.columns.first() else {
            return Err(Stop::Unknown("dbwright does not understand it".to_owned()));
        };
        if self.column(table, &column.name).is_some() {
            return refuse(format!("duplicate column name: {}", column.name));
        }
        if one.primary_key.is_some() {
            return refuse("Cannot add a PRIMARY KEY column");
        }
        if !one.uniques.is_empty() {
            return refuse("Cannot add a UNIQUE column");
        }
        let default = column
            .default
            .as_deref()
            .filter(|default| !default.eq_ignore_ascii_case("null"));
        let refused = if column.generated.is_some() {
            column.stored.then_some("cannot add a STORED column")
        } else if !one.foreign_keys.is_empty() && self.foreign_keys && default.is_some() {
            Some("Cannot add a REFERENCES column with non-NULL default value")
        } else if column.not_null && default.is_none() {
            Some("Cannot add a NOT NULL column with default value NULL")
        } else if default.is_some_and(|default| !is_constant(default)) {
            Some("Cannot add a column with non-constant default")
        } else {
            None
        };
        work.on_rows = refused
            .filter(|_| !self.empty.contains(table))
            .map(|message| error(message.to_owned()));
        let strict = matches!(
            self.ledger.catalog.get(table).map(|object| &object.body),
            Some(ObjectBody::Table(table)) if matches!(&table.extra, TableExtra::Sqlite(extra) if extra.strict)
        );
        let verified = !one.checks.is_empty() || strict || column.not_null && column.generated.is_some();
        let operation = if verified {
            Operation::AddVerifiedColumn
        } else {
            Operation::AddColumn
        };
        self.does(operation, table, work);
        let mut parts = table_parts(&self.text_of(table));
        parts.columns.push((column.name.clone(), definition.to_owned()));
        self.written_anew(table, table, &parts.create(&quoted(table.name())), None);
        Ok(())
    }

    fn drop_column(&mut self, table: &ObjectId, wanted: &str, work: &mut Work) -> Result<(), Stop> {
        let Some(column) = self.column(table, wanted) else {
            return refuse(format!("no such column: \"{wanted}\""));
        };
        self.is_well()?;
        let is_wanted = |name: &String| name.eq_ignore_ascii_case(wanted);
        for (_, constraint) in self.ledger.catalog.constraints(table) {
            match &constraint.kind {
                ConstraintKind::PrimaryKey(columns) if columns.iter().any(is_wanted) => {
                    return refuse(format!("cannot drop PRIMARY KEY column: \"{wanted}\""));
                }
                ConstraintKind::Unique(columns) if columns.iter().any(is_wanted) && columns.len() == 1 => {
                    return refuse(format!("cannot drop UNIQUE column: \"{wanted}\""));
                }
                _ => {}
            }
        }
        let columns = self.ledger.catalog.columns(table);
        if columns.len() < 2 {
            return refuse(format!("cannot drop column \"{wanted}\": no other columns exist"));
        }
        let mut parts = table_parts(&self.text_of(table));
        parts.columns.retain(|(name, _)| !name.eq_ignore_ascii_case(wanted));
        let behind_type = |(name, text): &(String, String)| {
            let typed = table_text(&format!("CREATE TABLE one ({text})"));
            let words = typed
                .columns
                .first()
                .map_or(0, |column| tokens(&column.type_name).len());
            let tokens = tokens(text);
            let used = tokens.iter().skip(1 + words).any(|token| is_name(token, wanted));
            used && !name.eq_ignore_ascii_case(wanted)
        };
        let left = parts.columns.iter().any(behind_type) || parts.constraints.iter().any(|text| mentions(text, wanted));
        if left {
            return refuse(format!(
                "error in table {} after drop column: no such column: {wanted}",
                table.name()
            ));
        }
        for (id, index) in self.ledger.catalog.indexes(table) {
            if !index.of_constraint && mentions_behind_table(&self.text_of(id), wanted) {
                return refuse(format!(
                    "error in index {} after drop column: no such column: {wanted}",
                    id.name()
                ));
            }
        }
        self.uses_after_drop(table, wanted)?;
        let is_virtual = columns.iter().any(|(id, found)| {
            let generated = found.generated.as_ref();
            **id == column && generated.is_some_and(|generated| generated.kind == GeneratedKind::Virtual)
        });
        let operation = if is_virtual {
            Operation::DropVirtualColumn
        } else {
            Operation::DropColumn
        };
        self.does(operation, table, work);
        self.written_anew(table, table, &parts.create(&quoted(table.name())), None);
        Ok(())
    }

    /// Whether views or triggers name a column that goes.
    fn uses_after_drop(&self, table: &ObjectId, wanted: &str) -> Result<(), Stop> {
        for object in self.ledger.catalog.objects.values() {
            let is_view = object.id.kind == ObjectKind::View;
            if !is_view && object.id.kind != ObjectKind::Trigger || !mentions(&object.definition, wanted) {
                continue;
            }
            let edges = self.ledger.catalog.dependencies.iter();
            let on: Vec<_> = edges
                .filter(|edge| edge.dependent == object.id)
                .map(|edge| &edge.on)
                .collect();
            let here = on.contains(&table) || mentions(&object.definition, table.name());
            if is_view && on == [table] {
                let name = object.id.name();
                return refuse(format!(
                    "error in view {name} after drop column: no such column: {wanted}"
                ));
            }
            if here {
                return Err(Stop::Unknown(format!(
                    "whether {} uses the column {wanted} is not predicted",
                    object.id.name()
                )));
            }
        }
        Ok(())
    }

    /// A view on what is gone makes `ALTER TABLE` fail, unless `legacy_alter_table` is on
    /// (<https://sqlite.org/lang_altertable.html#alter_table_rename>).
    fn is_well(&self) -> Result<(), Stop> {
        if self.legacy_alter_table {
            return Ok(());
        }
        for edge in &self.ledger.catalog.dependencies {
            let there = |id| self.ledger.catalog.get(id).is_some();
            if edge.dependent.kind == ObjectKind::View && there(&edge.dependent) && !there(&edge.on) {
                let (view, gone) = (edge.dependent.name(), edge.on.name());
                return refuse(format!("error in view {view}: no such table: main.{gone}"));
            }
        }
        Ok(())
    }

    fn rename_table(&mut self, table: &ObjectId, new: &str, work: &mut Work) -> Result<(), Stop> {
        let taken = [ObjectKind::Table, ObjectKind::View, ObjectKind::Index].map(|kind| self.relation(kind, new));
        if taken.into_iter().flatten().any(|id| id != *table) {
            return refuse(format!("there is already another table or index with this name: {new}"));
        }
        self.known(new)?;
        self.is_well()?;
        self.does(Operation::RenameTable, table, work);
        let to = ObjectId::table(SCHEMA, new);
        let old = table.name().to_owned();
        let text = self.text_of(table);
        let name_at = Words::of(&text).position("table").unwrap_or(1) + 1;
        let (name_at, _) = Words::of(&text).if_exists(name_at);
        let own = respelled(&text, |tokens, index| {
            let qualifier = usize::from(tokens.get(name_at + 1).is_some_and(|token| token.is_symbol("."))) * 2;
            let refers = index > 0 && tokens[index - 1].is("references") && is_name(&tokens[index], &old);
            (index == name_at + qualifier || refers).then(|| quoted(new))
        });
        let follows = !self.legacy_alter_table || self.foreign_keys;
        let others: Vec<ObjectId> = self.tables().into_iter().filter(|other| other != table).collect();
        self.written_anew(table, &to, &own, None);
        for trigger in self.triggers(table) {
            let moved = to.child(ObjectKind::Trigger, trigger.name());
            self.ledger.rename(&trigger, moved, |_| {});
        }
        if self.empty.remove(table) {
            self.empty.insert(to.clone());
        }
        if follows {
            for other in others {
                let text = self.text_of(&other);
                if !mentions(&text, &old) {
                    continue;
                }
                let text = respelled(&text, |tokens, index| {
                    let refers = index > 0 && tokens[index - 1].is("references") && is_name(&tokens[index], &old);
                    refers.then(|| quoted(new))
                });
                self.written_anew(&other, &other, &text, None);
            }
        }
        if !self.legacy_alter_table {
            self.respell_code(&old, new, |_| true);
        }
        self.point_edges(table, &to);
        Ok(())
    }

    /// Edges to an object that has another id now.
    fn point_edges(&mut self, old: &ObjectId, new: &ObjectId) {
        let edges = self.ledger.catalog.dependencies.iter();
        let moved = edges
            .filter(|edge| edge.on == *old)
            .map(|edge| dbwright_catalog::Dependency {
                dependent: edge.dependent.clone(),
                on: new.clone(),
            });
        let moved: Vec<_> = moved.collect();
        self.ledger.link(moved, |edge| edge.on == *old);
    }

    fn rename_column(&mut self, table: &ObjectId, old: &str, new: &str, work: &mut Work) -> Result<(), Stop> {
        if self.column(table, old).is_none() {
            return refuse(format!("no such column: \"{old}\""));
        }
        if self.column(table, new).is_some() && !old.eq_ignore_ascii_case(new) {
            return refuse(format!("duplicate column name: {new}"));
        }
        self.is_well()?;
        self.does(Operation::RenameColumn, table, work);
        let text = self.text_of(table);
        let mut parts = table_parts(&text);
        let own = table.name();
        for (name, text) in &mut parts.columns {
            let typed = table_text(&format!("CREATE TABLE one ({text})"));
            let words = typed
                .columns
                .first()
                .map_or(0, |column| tokens(&column.type_name).len());
            *text = with_column(text, own, old, new, 1..1 + words);
            if name.eq_ignore_ascii_case(old) {
                new.clone_into(name);
            }
        }
        for text in &mut parts.constraints {
            *text = with_column(text, own, old, new, 0..0);
        }
        self.written_anew(table, table, &parts.create(&quoted(table.name())), Some((old, new)));
        for index in self.indexes(table) {
            let text = self.text_of(&index);
            if text.is_empty() {
                continue;
            }
            let on = Words::of(&text).position("on").unwrap_or(0) + 1;
            let text = respelled(&text, |tokens, index| {
                (index > on && is_name(&tokens[index], old)).then(|| quoted(new))
            });
            self.ledger.change(&index, |object| {
                if let ObjectBody::Index(index) = &mut object.body {
                    let read = dbwright_ddl::sqlite_text::index_text(&text);
                    index.keys = read.keys;
                    index.predicate = read.predicate;
                }
                object.definition = text;
            });
        }
        for other in self.tables().into_iter().filter(|other| other != table) {
            let text = self.text_of(&other);
            if !mentions(&text, own) {
                continue;
            }
            let text = respelled(&text, |tokens, index| {
                (is_name(&tokens[index], old) && is_referenced(tokens, index, own)).then(|| quoted(new))
            });
            self.written_anew(&other, &other, &text, None);
        }
        let own = own.to_owned();
        self.respell_code(old, new, |text| mentions(text, &own));
        Ok(())
    }

    /// Puts a name in the place of another in views and triggers whose text satisfies a condition.
    fn respell_code(&mut self, old: &str, new: &str, concerns: impl Fn(&str) -> bool) {
        let objects = self.ledger.catalog.objects.values();
        let code = objects.filter(|object| matches!(object.id.kind, ObjectKind::View | ObjectKind::Trigger));
        let found = code.filter(|object| mentions(&object.definition, old) && concerns(&object.definition));
        for id in found.map(|object| object.id.clone()).collect::<Vec<_>>() {
            self.ledger.change(&id, |object| {
                object.definition = respelled(&object.definition, |tokens, index| {
                    is_name(&tokens[index], old).then(|| quoted(new))
                });
                if let ObjectBody::View(view) = &mut object.body {
                    view_query(&object.definition).clone_into(&mut view.query);
                }
            });
        }
    }

    /// Reads a table again from another text. What is the same as before keeps its place or gets another id; `renamed` is
    /// a column with its old and new name.
    fn written_anew(&mut self, table: &ObjectId, to: &ObjectId, text: &str, renamed: Option<(&str, &str)>) {
        let new = made(to, text, &|name| self.relation(ObjectKind::Table, name));
        let mut old = self.read_before(table);
        let before = |name: &str| match renamed {
            Some((old, new)) if name.eq_ignore_ascii_case(new) => old.to_ascii_lowercase(),
            _ => name.to_ascii_lowercase(),
        };
        for object in new.objects {
            let wanted = identity(&object, &before);
            let known = old
                .get_mut(&wanted)
                .and_then(|ids| (!ids.is_empty()).then(|| ids.remove(0)));
            match known {
                Some(id) if id != object.id => {
                    let after = object.id.clone();
                    self.ledger.rename(&id, after, |place| *place = object);
                }
                Some(_) | None => self.ledger.put(object),
            }
        }
        for id in old.into_values().flatten() {
            self.ledger.remove(&id);
        }
        self.ledger.link(new.edges, |_| false);
        if table != to {
            for index in self.indexes(table) {
                self.ledger.change(&index, |object| {
                    if let ObjectBody::Index(index) = &mut object.body {
                        index.table = to.clone();
                    }
                });
            }
        }
        self.resolve_references();
    }

    /// What the text of a table has made, by what makes it the same.
    fn read_before(&self, table: &ObjectId) -> BTreeMap<Vec<String>, Vec<ObjectId>> {
        let made = made(table, &self.text_of(table), &|name| {
            self.relation(ObjectKind::Table, name)
        });
        let mut by_identity: BTreeMap<Vec<String>, Vec<ObjectId>> = BTreeMap::new();
        for object in made.objects {
            let identity = identity(&object, &str::to_ascii_lowercase);
            by_identity.entry(identity).or_default().push(object.id);
        }
        by_identity
    }
}

/// What makes an object of a table the same under another name. `before` gives names of columns as they were.
fn identity(object: &Object, before: &dyn Fn(&str) -> String) -> Vec<String> {
    let columns = |word: &str, names: &[String]| {
        let names = names.iter().map(|name| before(name));
        std::iter::once(word.to_owned()).chain(names).collect()
    };
    match &object.body {
        ObjectBody::Column(_) => vec!["column".to_owned(), before(object.id.name())],
        ObjectBody::Index(index) => columns("index", &index.keys),
        ObjectBody::Constraint(constraint) => match &constraint.kind {
            ConstraintKind::PrimaryKey(names) => columns("primary", names),
            ConstraintKind::Unique(names) => columns("unique", names),
            ConstraintKind::ForeignKey(key) => columns("foreign", &key.columns),
            ConstraintKind::Check(_)
            | ConstraintKind::Exclusion(_)
            | ConstraintKind::NotNull(_)
            | ConstraintKind::Trigger => {
                let expression = tokens(&object.definition);
                let words = expression.iter().map(|token| before(&name(token)));
                std::iter::once("check".to_owned()).chain(words).collect()
            }
        },
        _ => vec!["table".to_owned()],
    }
}

fn quoted(name: &str) -> String {
    quote_identifier(dbwright_catalog::Engine::Sqlite, name)
}

fn mentions_behind_table(index: &str, wanted: &str) -> bool {
    let words = Words::of(index);
    let on = words.position("on").unwrap_or(0) + 1;
    words.tokens.iter().skip(on + 1).any(|token| is_name(token, wanted))
}

/// Whether a token stands among the columns behind `REFERENCES table`.
fn is_referenced(tokens: &[dbwright_sql::Token<'_>], index: usize, table: &str) -> bool {
    let opens = (0..index).rev().find(|at| tokens[*at].is("references"));
    opens.is_some_and(|at| {
        let open = at + 2;
        let inside = tokens.get(open).is_some_and(|token| token.is_symbol("("));
        inside && (open..after_group(tokens, open)).contains(&index) && is_name(&tokens[at + 1], table)
    })
}

/// The text of a column or constraint with the name of a column replaced, but for its type and for the columns of other
/// tables.
fn with_column(text: &str, table: &str, old: &str, new: &str, type_at: std::ops::Range<usize>) -> String {
    respelled(text, |tokens, index| {
        let behind_references = (0..index).rev().find(|at| tokens[*at].is("references"));
        let elsewhere = behind_references.is_some_and(|at| {
            let open = at + 2;
            let inside = tokens.get(open).is_some_and(|token| token.is_symbol("("));
            index == at + 1 || inside && index < after_group(tokens, open) && !is_name(&tokens[at + 1], table)
        });
        let named = index > 0 && (tokens[index - 1].is("constraint") || tokens[index - 1].is("collate"));
        let replaced = !type_at.contains(&index) && !elsewhere && !named && is_name(&tokens[index], old);
        replaced.then(|| quoted(new))
    })
}

/// Whether SQLite can put a default into rows that are there: a literal, with or without a sign.
fn is_constant(default: &str) -> bool {
    let tokens = tokens(default);
    let inner: Vec<_> = tokens
        .iter()
        .filter(|token| !token.is_symbol("(") && !token.is_symbol(")"))
        .collect();
    let literal = |token: &dbwright_sql::Token<'_>| {
        let word = token.folded().unwrap_or_default();
        let moment = ["current_timestamp", "current_date", "current_time"].contains(&word.as_str());
        !moment
            && matches!(
                token.kind,
                TokenKind::String | TokenKind::Number | TokenKind::QuotedName | TokenKind::Word
            )
    };
    match inner.as_slice() {
        [only] => literal(only),
        [sign, number] => matches!(sign.text, "-" | "+") && literal(number),
        [cast, ..] => cast.is("cast"),
        [] => true,
    }
}
