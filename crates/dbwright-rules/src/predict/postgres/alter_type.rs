//! `ALTER COLUMN … TYPE`: what it does to rows, to indexes, and to constraints over the column.

use dbwright_catalog::{ConstraintKind, Index, LockMode, ObjectBody, ObjectId};
use dbwright_sql::postgres::{TypeName, mentions};

use super::alter::Pending;
use super::types::{TypeChange, base_type, type_change};
use super::work::Work;
use super::{Predictor, Stop, error};
use crate::predict::facts::postgres::{GENERATED_USE_UNSUPPORTED, Operation, STATISTICS_MADE_ANEW};

impl Predictor {
    #[expect(clippy::too_many_arguments, reason = "they are the parts of one clause")]
    pub(super) fn change_type(
        &mut self,
        table: &ObjectId,
        column: &str,
        type_name: &TypeName,
        collation: Option<&str>,
        using: Option<&str>,
        pending: &mut Pending,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let Some(known) = self.column(table, column) else {
            return Err(self.missing_column(table, column));
        };
        let (from, before_collation) = (known.type_name.clone(), known.collation.clone());
        let to = type_name.printed.clone();
        self.refuse_dependents(table, column)?;
        let mut change = self.kind_of_change(column, &from, &to, using);
        if from.is_empty() {
            change = TypeChange::Unknown(format!("the type of {column} is not known"));
        }
        let new_collation = collation.map(str::to_owned);
        if change == TypeChange::Nothing && new_collation != before_collation {
            change = TypeChange::Indexes;
        }
        if change == TypeChange::NoCast {
            let message = format!("column \"{column}\" cannot be cast automatically to type {to}");
            return Err(Stop::Error(error("42804", message)));
        }
        if let TypeChange::Unknown(reason) = &change {
            work.unknown(reason.clone());
        }
        if change == TypeChange::Rewrite {
            pending.rewrite.insert(table.clone());
        }
        self.refuse_key_types(table, column, &to)?;
        if self.has_statistics(table, Some(column)) && STATISTICS_MADE_ANEW.majors.contains(self.major) {
            self.take(table, Operation::CreateStatistics, work)?;
        }
        let base = |printed: &str| base_type(&self.ledger.catalog, &self.session, printed);
        if change == TypeChange::Rewrite && !is_alike(&base(&from), &base(&to)) {
            self.refuse_expressions(table, column)?;
        }
        self.remake_indexes(table, column, &change, pending, work);
        self.remake_constraints(table, column, &change, pending, work)?;
        self.change_column(table, column, |column| {
            column.type_name = to;
            column.collation = new_collation;
        })
    }

    /// A foreign key needs an operator that compares both sides.
    fn refuse_key_types(&self, table: &ObjectId, column: &str, to: &str) -> Result<(), Stop> {
        let own = self.ledger.catalog.constraints(table).map(|(id, _)| id.clone());
        for id in own.chain(self.foreign_keys_to(table)) {
            let (Some(child), Some(ObjectBody::Constraint(constraint))) =
                (id.owner_table(), self.object(&id).map(|object| &object.body))
            else {
                continue;
            };
            let ConstraintKind::ForeignKey(key) = &constraint.kind else {
                continue;
            };
            for (referencing, referenced) in key.columns.iter().zip(&key.referenced_columns) {
                let other = if child == *table && referencing == column {
                    self.column(&key.references, referenced)
                } else if key.references == *table && referenced == column {
                    self.column(&child, referencing)
                } else {
                    None
                };
                let Some(other) = other.filter(|other| other.type_name != to) else {
                    continue;
                };
                let base = |printed: &str| base_type(&self.ledger.catalog, &self.session, printed);
                let (here, there) = (base(to), base(&other.type_name));
                if kind(&here).is_empty() || kind(&there).is_empty() {
                    return Err(Stop::Unknown(format!(
                        "whether {} can hold over another type is not known",
                        id.name()
                    )));
                }
                if kind(&here) != kind(&there) {
                    let message = format!("foreign key constraint \"{}\" cannot be implemented", id.name());
                    return Err(Stop::Error(error("42804", message)));
                }
            }
        }
        Ok(())
    }

    /// An expression over the column may have no meaning for values of another kind.
    fn refuse_expressions(&self, table: &ObjectId, column: &str) -> Result<(), Stop> {
        let uses = |expression: &str| mentions(expression).iter().any(|word| word == column);
        let in_index = self.ledger.catalog.indexes(table).find(|(_, index)| {
            index.predicate.as_deref().is_some_and(uses) || index.keys.iter().any(|key| key.contains('(') && uses(key))
        });
        let in_check =
            self.ledger.catalog.constraints(table).find(
                |(_, constraint)| matches!(&constraint.kind, ConstraintKind::Check(expression) if uses(expression)),
            );
        match in_index.map(|(id, _)| id).or(in_check.map(|(id, _)| id)) {
            Some(id) => Err(Stop::Unknown(format!(
                "whether {id} can be made over another type is not known"
            ))),
            None => Ok(()),
        }
    }

    fn kind_of_change(&self, column: &str, from: &str, to: &str, using: Option<&str>) -> TypeChange {
        let plain = || type_change(&self.ledger.catalog, &self.session, from, to);
        let Some(using) = using else { return plain() };
        // `USING c` and `USING c::type` say what is done anyway.
        let words: Vec<String> = dbwright_sql::tokens(dbwright_catalog::Engine::Postgres, using)
            .filter(|token| !token.is_space() && !token.is_symbol("(") && !token.is_symbol(")"))
            .map(|token| token.name().unwrap_or_else(|| token.text.to_owned()))
            .collect();
        let is_column = words.first().is_some_and(|first| first == column);
        let cast = words.get(1).is_none_or(|next| next == ":");
        let casts = words.iter().filter(|word| *word == ":").count() / 2;
        if is_column && cast && casts <= 1 && (casts == 0 || !words.iter().any(|word| word == "at")) {
            return match plain() {
                // A cast that is written out is done, whether it would apply by itself or not.
                TypeChange::NoCast if casts == 1 => TypeChange::Rewrite,
                other => other,
            };
        }
        TypeChange::Rewrite
    }

    /// Views, generated columns and triggers over the column keep it from changing.
    fn refuse_dependents(&self, table: &ObjectId, column: &str) -> Result<(), Stop> {
        for (id, other) in self.ledger.catalog.columns(table) {
            let uses = |expression: &str| mentions(expression).iter().any(|word| word == column);
            if id.name() != column
                && other
                    .generated
                    .as_ref()
                    .is_some_and(|generated| uses(&generated.expression))
            {
                let message = "cannot alter type of a column used by a generated column".to_owned();
                let code = if GENERATED_USE_UNSUPPORTED.majors.contains(self.major) {
                    "0A000"
                } else {
                    "42601"
                };
                return Err(Stop::Error(error(code, message)));
            }
        }
        for view in self.views_over(table) {
            if self.uses(&view, table, column)? {
                let message = "cannot alter type of a column used by a view or rule".to_owned();
                return Err(Stop::Error(error("0A000", message)));
            }
        }
        Ok(())
    }

    /// Indexes over the column are dropped and made again; where nothing about them changes, with the file they had.
    fn remake_indexes(
        &mut self,
        table: &ObjectId,
        column: &str,
        change: &TypeChange,
        pending: &mut Pending,
        work: &mut Work,
    ) {
        let over: Vec<(ObjectId, Index)> = self
            .ledger
            .catalog
            .indexes(table)
            .filter(|(_, index)| is_over(index, column))
            .map(|(id, index)| (id.clone(), index.clone()))
            .collect();
        for (id, index) in over {
            work.lock(table, LockMode::Share);
            work.lock(&id, LockMode::AccessExclusive);
            let plain = index.predicate.is_none() && !index.keys.iter().any(|key| key.contains('('));
            if *change == TypeChange::Indexes || (*change == TypeChange::Nothing && !plain) {
                work.rebuilt.insert(id);
                pending.scan.insert(table.clone());
            }
        }
    }

    /// Checks over the column are made again and hold rows against them; foreign keys are made again.
    fn remake_constraints(
        &mut self,
        table: &ObjectId,
        column: &str,
        change: &TypeChange,
        pending: &mut Pending,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let own: Vec<_> = self
            .ledger
            .catalog
            .constraints(table)
            .map(|(_, constraint)| constraint.clone())
            .collect();
        for constraint in own {
            match &constraint.kind {
                ConstraintKind::Check(expression)
                    if constraint.validated && mentions(expression).iter().any(|word| word == column) =>
                {
                    pending.scan.insert(table.clone());
                }
                ConstraintKind::ForeignKey(key) if key.columns.iter().any(|other| other == column) => {
                    work.lock(&key.references, LockMode::AccessExclusive);
                    self.take(&key.references, Operation::AddForeignKey, work)?;
                    self.take(table, Operation::AddForeignKey, work)?;
                    if *change == TypeChange::Rewrite {
                        work.lock(&key.references, LockMode::RowShare);
                        pending.scan.insert(key.references.clone());
                    }
                }
                _ => {}
            }
        }
        for id in self.foreign_keys_to(table) {
            let Some(ObjectBody::Constraint(constraint)) = self.object(&id).map(|object| &object.body) else {
                continue;
            };
            let (ConstraintKind::ForeignKey(key), Some(child)) = (&constraint.kind, id.owner_table()) else {
                continue;
            };
            if child == *table || !key.referenced_columns.iter().any(|other| other == column) {
                continue;
            }
            work.lock(&child, LockMode::AccessExclusive);
            self.take(&child, Operation::AddForeignKey, work)?;
            self.take(table, Operation::AddForeignKey, work)?;
            if *change == TypeChange::Rewrite {
                work.lock(table, LockMode::RowShare);
                pending.scan.insert(child);
            }
        }
        Ok(())
    }
}

/// Whether operators that take one of these types take the other.
fn is_alike(from: &str, to: &str) -> bool {
    kind(from) == kind(to) && !kind(from).is_empty()
}

/// Types that have operators in common; nothing for those of which that is not known.
fn kind(printed: &str) -> &'static str {
    match printed.split('(').next().unwrap_or_default() {
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => "number",
        "text" | "character varying" | "character" => "text",
        name if name.starts_with("timestamp") || name == "date" => "time",
        _ => "",
    }
}

/// Whether an index depends on a column.
pub(super) fn is_over(index: &Index, column: &str) -> bool {
    let in_text = |text: &String| mentions(text).iter().any(|word| word == column);
    index.keys.iter().any(in_text)
        || index.included.iter().any(|included| included == column)
        || index.predicate.as_ref().is_some_and(in_text)
}
