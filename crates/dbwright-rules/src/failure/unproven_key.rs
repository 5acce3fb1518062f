//! A new unique or foreign key over columns that nothing has kept clean so far: it may fail on old rows.
//!
//! A unique key fails on the first two rows that agree, a foreign key on the first row that names no row of the other table.
//! Test databases rarely hold such rows, production often does. On MySQL and MariaDB the statements before it stay; on PostgreSQL
//! a failed CONCURRENTLY leaves an invalid index behind.
//!
//! Whether there are such rows can't be seen without them, so the rule looks at what kept them out: it is silent where another
//! key did until just before, where the column is new or numbers itself, and where the same migration updates or deletes rows of
//! the table first.
//! Where another finding tells of the same statement, this is a part of it.
//!
//! It is fine when the rows of production are known to fit.
//!
//! ```sql setup postgres mysql mariadb
//! CREATE TABLE customers (id int PRIMARY KEY, email varchar(80));
//! CREATE TABLE orders (id int PRIMARY KEY, customer int);
//! ```
//!
//! ```sql bad postgres mode:each-statement
//! CREATE UNIQUE INDEX CONCURRENTLY one_email ON customers (email);
//! ```
//!
//! What to do: count first, on production, and mend what is found in a migration before this one.
//!
//! ```sql good postgres
//! DELETE FROM customers a USING customers b WHERE a.email = b.email AND a.id > b.id;
//! CREATE UNIQUE INDEX one_email ON customers (email);
//! ```
//!
//! ```sql bad postgres mode:each-statement
//! ALTER TABLE orders ADD CONSTRAINT of_customer FOREIGN KEY (customer) REFERENCES customers (id) NOT VALID;
//! ALTER TABLE orders VALIDATE CONSTRAINT of_customer;
//! ```
//!
//! ```sql bad mysql mariadb
//! ALTER TABLE customers ADD UNIQUE KEY one_email (email);
//! ```
//!
//! ```sql good mysql mariadb
//! DELETE a FROM customers a JOIN customers b ON a.email = b.email AND a.id > b.id;
//! ALTER TABLE customers ADD UNIQUE KEY one_email (email);
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT);
//! ```
//!
//! ```sql bad sqlite
//! CREATE UNIQUE INDEX one_email ON customers (email);
//! ```
//!
//! A table that is built anew with such a key is no other case:
//!
//! ```sql bad sqlite
//! CREATE TABLE new_customers (id INTEGER PRIMARY KEY, email TEXT UNIQUE);
//! INSERT INTO new_customers SELECT id, email FROM customers;
//! DROP TABLE customers;
//! ALTER TABLE new_customers RENAME TO customers;
//! ```
//!
//! ```sql good sqlite
//! DELETE FROM customers WHERE id NOT IN (SELECT min(id) FROM customers GROUP BY email);
//! CREATE UNIQUE INDEX one_email ON customers (email);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY>,
//! <https://dev.mysql.com/doc/refman/9.7/en/create-index.html#create-index-unique>,
//! <https://mariadb.com/docs/server/reference/sql-statements/data-definition/create/create-index> and
//! <https://www.sqlite.org/lang_createindex.html#uniqueidx>.

use dbwright_catalog::{
    Column, ColumnExtra, ConstraintKind, Engine, Finding, ForeignKey, Group, Index, Object, ObjectBody, ObjectId,
    ObjectKind, Outcome, Severity,
};
use dbwright_ddl::{qualified_name, quote_identifier};

use crate::context::{Context, REBUILD_MIGRATIONS_MAX};
use crate::timeline::Origin;
use crate::{Check, Claim, Rule, phrase, statement_text};

pub(crate) static RULE: Rule = Rule {
    name: "unproven-key",
    group: Group::Failure,
    severity: Severity::Note,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("unproven_key.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    // What failed on the generated rows is told as that.
    if context.effect.outcome != Outcome::Done {
        return;
    }
    let mut told: Vec<ObjectId> = Vec::new();
    for step in context.steps() {
        let Some(object) = step.after else { continue };
        let found = match &object.body {
            ObjectBody::Index(index) if step.before.is_none() && index.unique => duplicates(context, index),
            ObjectBody::Constraint(constraint) if constraint.validated && constraint.enforced => {
                let was_proven = step.before.is_some_and(is_validated);
                match (&constraint.kind, object.id.owner_table()) {
                    (ConstraintKind::ForeignKey(key), Some(table)) if !was_proven => orphans(context, &table, key),
                    _ => None,
                }
            }
            _ => None,
        };
        let Some(found) = found else { continue };
        let mut above = context.partition_parents(&found.table).into_iter();
        if above.any(|parent| told.contains(&parent)) {
            continue;
        }
        told.push(found.table.clone());
        let mut finding = context.finding(&RULE, Some(&found.table), found.message);
        finding.evidence.facts.push(found.because);
        finding
            .advice
            .push(format!("Count first, on production: `{}`.", found.count));
        findings.push(finding);
    }
}

struct Unproven {
    table: ObjectId,
    message: String,
    because: String,
    count: String,
}

/// A unique key that old rows may break.
fn duplicates(context: &Context<'_>, index: &Index) -> Option<Unproven> {
    let rebuilt = rebuilt(context, &index.table);
    let is_spared = match &rebuilt {
        Some(old) => is_mended(context, old) || is_mended(context, &index.table),
        None => is_spared(context, &index.table),
    };
    let table = rebuilt.as_ref().unwrap_or(&index.table);
    let mut columns = index.keys.iter().filter_map(|key| column_of(context, table, key));
    if is_spared || columns.any(differs_by_itself) {
        return None;
    }
    // A column of the same migration holds what the migration put there, and the generated rows show what a default does.
    let is_new = |key: &String| column_of(context, table, key).is_none() && names_new_column(context, table, key);
    let was = match &rebuilt {
        // What the new table is filled from may be put together of several columns.
        Some(old) if !index.keys.iter().all(|key| column_of(context, old, key).is_some()) => return None,
        Some(old) => Some(old.clone()),
        None => context.existed_before_scope(table),
    };
    if index.keys.iter().any(is_new) || was.is_some_and(|was| is_kept_unique(context, index, &was)) {
        return None;
    }
    let engine = context.history.engine;
    let keys = phrase::list(&index.keys);
    let listed = index
        .keys
        .iter()
        .map(|key| match engine {
            Engine::MySql | Engine::MariaDb if column_of(context, table, key).is_some() => {
                quote_identifier(engine, key)
            }
            Engine::Postgres | Engine::MySql | Engine::MariaDb | Engine::Sqlite => key.clone(),
        })
        .collect::<Vec<_>>()
        .join(", ");
    let condition = index
        .predicate
        .as_ref()
        .map_or_else(String::new, |predicate| format!(" WHERE {predicate}"));
    Some(Unproven {
        table: table.clone(),
        message: format!("It fails where two rows of {table} have the same {keys}"),
        because: "Nothing has kept such rows out so far.".to_owned(),
        count: format!(
            "SELECT {listed}, count(*) FROM {}{condition} GROUP BY {listed} HAVING count(*) > 1",
            short_name(engine, table)
        ),
    })
}

/// A foreign key that old rows may break.
fn orphans(context: &Context<'_>, table: &ObjectId, key: &ForeignKey) -> Option<Unproven> {
    let is_old = |column: &String| at_scope_start(context, &table.column(column)).is_some();
    if is_spared(context, table) || !key.columns.iter().all(is_old) || is_kept_whole(context, table, key) {
        return None;
    }
    let engine = context.history.engine;
    let quoted = |name: &String| quote_identifier(engine, name);
    let pairs = key.columns.iter().zip(&key.referenced_columns);
    let matches: Vec<String> = pairs
        .map(|(own, other)| format!("p.{} = c.{}", quoted(other), quoted(own)))
        .collect();
    let filled: Vec<String> = key
        .columns
        .iter()
        .map(|own| format!("c.{} IS NOT NULL", quoted(own)))
        .collect();
    Some(Unproven {
        table: table.clone(),
        message: format!(
            "It fails where {} of {table} names no row of {}",
            phrase::list(&key.columns),
            key.references
        ),
        because: "Nothing has kept such rows out so far.".to_owned(),
        count: format!(
            "SELECT count(*) FROM {} c WHERE {} AND NOT EXISTS (SELECT 1 FROM {} p WHERE {})",
            short_name(engine, table),
            filled.join(" AND "),
            short_name(engine, &key.references),
            matches.join(" AND ")
        ),
    })
}

/// The table whose rows a new one takes and whose name it has in the end: SQLite changes little of a table in place.
fn rebuilt(context: &Context<'_>, table: &ObjectId) -> Option<ObjectId> {
    if context.history.engine != Engine::Sqlite {
        return None;
    }
    let start = context.nearby_start(REBUILD_MIGRATIONS_MAX);
    let Origin::Created(created) = context.timeline.origin(table, start, context.position) else {
        return None;
    };
    let mut name = table.clone();
    let mut end = context.scope_end();
    let nearby = context.nearby(REBUILD_MIGRATIONS_MAX);
    for later in nearby.filter(|later| later.position > context.position) {
        let steps = context.timeline.steps(later.position).iter();
        let mut renamed = steps.filter_map(|step| Some((step.before?, step.after?)));
        if let Some((_, after)) = renamed.find(|(before, _)| before.id == name) {
            name = after.id.clone();
            end = end.max(later.position);
        }
    }
    let stood = |position| context.timeline.before(position, &name).is_some();
    let was_there = stood(start) || stood(context.scope_start()) || stood(created);
    (was_there && context.timeline.after(end, &name).is_some()).then_some(name)
}

/// Whether nothing about the table can be old and broken: it is new, or the migration has mended it just before.
fn is_spared(context: &Context<'_>, table: &ObjectId) -> bool {
    context.is_exempt(table) || is_mended(context, table)
}

/// Whether the migration has changed or deleted rows of the table before.
fn is_mended(context: &Context<'_>, table: &ObjectId) -> bool {
    let engine = context.history.engine;
    let mends = |text: &str| {
        let words = statement_text::words(engine, text);
        let changes_rows = words
            .iter()
            .any(|word| matches!(word.as_str(), "update" | "delete" | "merge" | "truncate"));
        changes_rows && statement_text::names(engine, text, table.name())
    };
    context.earlier_in_migration().any(|earlier| {
        let mut rows = earlier.effect.rows.iter();
        rows.any(|rows| rows.table == *table && rows.updated + rows.deleted > 0) || mends(&earlier.statement.text)
    })
}

/// Whether another unique key kept the rows apart before the migration, over the same columns or some of them. One that an
/// earlier migration of the same release dropped has done so until now.
fn is_kept_unique(context: &Context<'_>, new: &Index, table: &ObjectId) -> bool {
    let keeps = |object: &Object| match &object.body {
        ObjectBody::Index(old) => {
            old.unique
                && old.valid
                && old.table == *table
                && old.keys.iter().all(|key| new.keys.contains(key))
                && (old.predicate.is_none() || old.predicate == new.predicate)
                && (old.nulls_not_distinct || !new.nulls_not_distinct)
        }
        _ => false,
    };
    let nearby = context.nearby(REBUILD_MIGRATIONS_MAX);
    let mut dropped = nearby
        .filter(|one| one.position < context.position)
        .flat_map(|one| context.timeline.steps(one.position))
        .filter_map(|step| step.before.filter(|_| step.after.is_none()));
    objects_at_scope_start(context, ObjectKind::Index).any(keeps) || dropped.any(keeps)
}

/// Whether another foreign key kept the rows whole before the migration.
fn is_kept_whole(context: &Context<'_>, table: &ObjectId, new: &ForeignKey) -> bool {
    let (Some(table), Some(parent)) = (
        context.existed_before_scope(table),
        context.existed_before_scope(&new.references),
    ) else {
        return false;
    };
    objects_at_scope_start(context, ObjectKind::Constraint).any(|object| match &object.body {
        ObjectBody::Constraint(old) if old.validated && object.id.owner_table().as_ref() == Some(&table) => {
            matches!(&old.kind, ConstraintKind::ForeignKey(old) if old.columns == new.columns && old.references == parent)
        }
        _ => false,
    })
}

fn objects_at_scope_start<'a>(context: &Context<'a>, kind: ObjectKind) -> impl Iterator<Item = &'a Object> {
    context.timeline.standing_before(context.scope_start(), kind)
}

/// The column that a key part is, where it was there before the migration.
fn column_of<'a>(context: &Context<'a>, table: &ObjectId, key: &str) -> Option<&'a Column> {
    let object = at_scope_start(context, &table.column(key.trim_matches(['"', '`'])))?;
    match &object.body {
        ObjectBody::Column(column) => Some(column),
        _ => None,
    }
}

fn at_scope_start<'a>(context: &Context<'a>, id: &ObjectId) -> Option<&'a Object> {
    match context.existed_before_scope(id) {
        Some(id) => context.at_scope_start(&id),
        // Another object has its name by now.
        None if context.history.engine == Engine::Sqlite => context.at_scope_start(id),
        None => None,
    }
}

/// Whether a key part names a column that the migration makes.
fn names_new_column(context: &Context<'_>, table: &ObjectId, key: &str) -> bool {
    let columns = context.timeline.standing_after(context.position, ObjectKind::Column);
    let mut new = columns.filter(|object| {
        object.id.owner_table().as_ref() == Some(table) && at_scope_start(context, &object.id).is_none()
    });
    new.any(|object| statement_text::names(context.history.engine, key, object.id.name()))
}

/// Whether the server or a generator gives each row another value, so that two that agree would take a person.
fn differs_by_itself(column: &Column) -> bool {
    let counts = match &column.extra {
        ColumnExtra::MySqlFamily(extra) => extra.auto_increment,
        ColumnExtra::Sqlite(_) | ColumnExtra::Postgres(_) => false,
    };
    let default = column.default.as_deref().unwrap_or_default();
    let is_generated = ["nextval(", "uuid", "ulid", "random"]
        .iter()
        .any(|word| default.contains(word));
    counts || column.identity.is_some() || is_generated
}

fn is_validated(object: &Object) -> bool {
    matches!(&object.body, ObjectBody::Constraint(constraint) if constraint.validated)
}

/// A table as a person would write it: without the schema that everything is in.
fn short_name(engine: Engine, table: &ObjectId) -> String {
    match (engine, table.schema()) {
        (Engine::Postgres, "public") | (Engine::MySql | Engine::MariaDb | Engine::Sqlite, "main") => {
            quote_identifier(engine, table.name())
        }
        _ => qualified_name(engine, table),
    }
}
