//! Every row of an existing table is written anew.
//!
//! On PostgreSQL the table is copied under ACCESS EXCLUSIVE: reads and writes wait until the copy and all its indexes are
//! done and the transaction has ended; the disk holds both copies until then, and replicas receive all of it.
//! Which changes rewrite depends on the old type, the default, the version: `integer` to `bigint` does, `varchar(20)` to
//! `varchar(50)` does not; a constant default does not, `gen_random_uuid()` does.
//!
//! On SQLite a few changes (`DROP COLUMN`) rewrite the rows as well; the file is locked for other writers meanwhile, which
//! is worth a note.
//!
//! On MySQL and MariaDB the same happens to a table that is built anew in place: others go on reading and writing, but the disk
//! holds both copies, and each replica does the same work afterwards and lags for as long. Where writes wait as well, the rule
//! `table-copy` says so.
//!
//! It is fine on small tables, and on tables that the same migration creates; the latter is not reported.
//! TRUNCATE gives a table a new, empty file and is no rewrite.
//!
//! ```sql setup postgres
//! CREATE TABLE events (id integer PRIMARY KEY, happened timestamp);
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE events ALTER COLUMN id TYPE bigint;
//! ```
//!
//! What to do about a type: add a column of the new type, keep it in step with a trigger, fill it in batches, and swap the
//! two in a later release.
//!
//! ```sql good postgres
//! ALTER TABLE events ADD COLUMN new_id bigint;
//! ```
//!
//! A volatile default is computed for every row at once:
//!
//! ```sql bad postgres
//! ALTER TABLE events ADD COLUMN seen timestamptz DEFAULT clock_timestamp();
//! ```
//!
//! What to do: add the column without it, set the default for new rows, fill the old ones in batches.
//!
//! ```sql good postgres
//! ALTER TABLE events ADD COLUMN seen timestamptz;
//! ALTER TABLE events ALTER COLUMN seen SET DEFAULT clock_timestamp();
//! ```
//!
//! So is what a stored column is computed from:
//!
//! ```sql setup postgres from:17
//! CREATE TABLE sums (id integer PRIMARY KEY, a integer, doubled bigint GENERATED ALWAYS AS (a * 2::bigint) STORED);
//! ```
//!
//! ```sql bad postgres from:17
//! ALTER TABLE sums ALTER COLUMN doubled SET EXPRESSION AS (a * 3::bigint);
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE events (id INTEGER PRIMARY KEY, name TEXT, kind TEXT);
//! INSERT INTO events (id, name, kind) VALUES (1, 'a', 'b');
//! ```
//!
//! ```sql bad sqlite
//! ALTER TABLE events DROP COLUMN kind;
//! ```
//!
//! ```sql good sqlite
//! ALTER TABLE events ADD COLUMN place TEXT;
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE events (id int PRIMARY KEY, kind int);
//! ```
//!
//! ```sql bad mysql mariadb
//! ALTER TABLE events ENGINE=InnoDB;
//! ```
//!
//! ```sql good mysql mariadb
//! ALTER TABLE events ADD COLUMN place int;
//! ```
//!
//! Why a table is built anew is not always plain to see. Beside a virtual column, MariaDB adds columns at the end only:
//!
//! ```sql setup mariadb
//! CREATE TABLE sums (id int PRIMARY KEY, a int, doubled int AS (a * 2) VIRTUAL);
//! ```
//!
//! ```sql bad mariadb from:11
//! ALTER TABLE sums ADD COLUMN b int AFTER a;
//! ```
//!
//! ```sql good mariadb
//! ALTER TABLE sums ADD COLUMN b int;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES>,
//! <https://www.sqlite.org/lang_altertable.html>, <https://dev.mysql.com/doc/refman/9.7/en/innodb-online-ddl-operations.html> and
//! <https://mariadb.com/docs/server/server-usage/storage-engines/innodb/innodb-online-ddl/innodb-online-ddl-overview>.

use dbwright_catalog::{
    Column, Engine, Finding, GeneratedKind, Group, LockMode, ObjectBody, ObjectId, ObjectKind, Severity, TableExtra,
};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "table-rewrite",
    group: Group::Locks,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Rewrite],
    source: include_str!("table_rewrite.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

/// Why a table was rewritten, as far as the changes tell.
enum Cause {
    Type {
        column: String,
        before: String,
        after: String,
    },
    NewColumn {
        column: String,
        why: Computed,
    },
    DroppedColumn(String),
    Expression(String),
    Storage,
    View,
    Unknown,
}

/// What makes the server compute a new column for every row.
#[derive(Clone, Copy)]
enum Computed {
    Identity,
    Stored,
    Default,
    Domain,
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    let mut roots: Vec<(ObjectId, Vec<&ObjectId>)> = Vec::new();
    let here = context.here();
    for table in context
        .effect
        .rewritten
        .iter()
        .filter(|table| !context.is_exempt(table))
    {
        if context.is_emptied(table, &here) {
            continue;
        }
        let root = told_with(context, table);
        match roots.iter_mut().find(|(known, _)| *known == root) {
            Some((_, tables)) => tables.push(table),
            None => roots.push((root, vec![table])),
        }
    }
    for (root, tables) in &roots {
        // UPDATE of all rows is no rewrite; on SQLite only a change of the table is.
        let is_told = match context.history.engine {
            Engine::Postgres => true,
            Engine::Sqlite => changed_in(context, root),
            Engine::MySql | Engine::MariaDb => !writes_wait(context, root),
        };
        if context.before(root).is_some() && is_told {
            findings.push(finding(context, root, tables));
        }
    }
}

fn finding(context: &Context<'_>, root: &ObjectId, tables: &[&ObjectId]) -> Finding {
    let cause = cause(context, root, tables);
    let what = match &cause {
        Cause::Type { column, before, after } => {
            format!("Changing {root}.{column} from {before} to {after} rewrites {root}")
        }
        Cause::NewColumn { column, why } => {
            let why = match why {
                Computed::Identity => "as identity",
                Computed::Stored => "as a stored generated column",
                Computed::Default => "with a default that differs from row to row",
                Computed::Domain => "with a type that has constraints",
            };
            format!("Adding {root}.{column} {why} rewrites {root}")
        }
        Cause::DroppedColumn(column) => format!("Dropping {root}.{column} rewrites {root}"),
        Cause::Expression(column) => format!("Computing {root}.{column} in another way rewrites {root}"),
        Cause::Storage => format!("Changing how {root} is stored rewrites it"),
        Cause::View | Cause::Unknown => format!("The statement rewrites {root}"),
    };
    let mut finding = match context.lock_from(root, LockMode::Share) {
        Some(lock) => {
            let message = format!("{what} and blocks {} meanwhile", phrase::blocked(lock.mode));
            context.lock_finding(&RULE, lock, message)
        }
        None => context.finding(&RULE, Some(root), what),
    };
    if tables.len() > 1 {
        let fact = format!("It wrote {} partitions anew.", tables.len());
        finding.evidence.facts.push(fact);
    }
    let rebuilt: Vec<&ObjectId> = context
        .effect
        .rebuilt_indexes
        .iter()
        .filter(|index| {
            let table = context.table_of(index);
            table == *root || tables.contains(&&table)
        })
        .collect();
    if !rebuilt.is_empty() {
        finding
            .evidence
            .facts
            .push(format!("It built {} anew.", phrase::list(rebuilt)));
    }
    let others = context.effect.locks.iter().filter(|lock| {
        lock.mode == LockMode::AccessExclusive
            && lock.relation.kind == ObjectKind::Table
            && lock.relation != *root
            && !tables.contains(&&lock.relation)
            && context.took(lock)
            && !context.is_exempt(&lock.relation)
    });
    let facts: Vec<String> = others.map(|lock| context.lock_fact(lock)).collect();
    finding.evidence.facts.extend(facts);
    match context.history.engine {
        Engine::Sqlite => {
            finding.severity = Severity::Note;
            finding
                .advice
                .push("Other writers to the database file wait until it is done.".to_owned());
        }
        Engine::MySql | Engine::MariaDb => in_place(context, root, &mut finding),
        Engine::Postgres => finding.advice = advice(&cause, root),
    }
    finding
}

/// What a rebuild costs that lets others read and write.
fn in_place(context: &Context<'_>, table: &ObjectId, finding: &mut Finding) {
    let mut operations = context.effect.operations.iter();
    finding.evidence.operation = operations.find(|operation| operation.table == *table).cloned();
    let operation = finding.evidence.operation.as_ref();
    let refused = operation.and_then(|operation| super::table_copy::refused(&operation.refused));
    let cause = operation.and_then(|operation| super::copy_cause::cause(context, operation));
    let (cause, way_round) = cause.map_or((None, None), |cause| (Some(cause.fact), cause.way_round));
    finding.evidence.facts.splice(0..0, refused.into_iter().chain(cause));
    finding.advice.extend(way_round);
    finding.advice.push(format!(
        "Do it while {table} is small, or by an online schema change (gh-ost, pt-online-schema-change), which replicas follow \
         without lagging; it needs room for a second copy either way."
    ));
}

fn advice(cause: &Cause, table: &ObjectId) -> Vec<String> {
    match cause {
        Cause::Type { column, before, after } => {
            let swap = format!(
                "Add a column of the new type, keep it in step with {column} by a trigger, fill it in batches, and swap the two in \
                 a later release."
            );
            std::iter::once(swap).chain(type_without_rewrite(column, before, after)).collect()
        }
        Cause::NewColumn { column, why } => vec![match why {
            Computed::Default => format!(
                "Add {column} without it, then set the default for new rows, then fill the old rows in batches; each commits by \
                 itself."
            ),
            Computed::Identity => format!(
                "Add {column} as a plain column, fill it in batches from a sequence, and make it NOT NULL and an identity at the end."
            ),
            Computed::Stored => format!(
                "Add {column} as a plain column that a trigger fills and fill the old rows in batches, or use a virtual generated \
                 column (PostgreSQL 18) or an index on the expression, which leave the rows alone."
            ),
            Computed::Domain => {
                format!("Give {column} the type below the domain, and add the condition as a CHECK that is NOT VALID.")
            }
        }],
        Cause::Expression(column) => vec![format!(
            "Add a plain column that a trigger fills, fill the old rows in batches, and swap it with {column} in a later release."
        )],
        Cause::Storage => vec![format!("Do it while {table} is small, or move the rows to a new table in batches.")],
        Cause::View => vec![
            "REFRESH MATERIALIZED VIEW CONCURRENTLY lets reads pass; it needs a unique index on the view.".to_owned(),
        ],
        Cause::DroppedColumn(_) | Cause::Unknown => vec![
            "VACUUM FULL and CLUSTER stop the table for as long as they run; pg_repack does the same work while it is in use."
                .to_owned(),
        ],
    }
}

/// A way near the wanted type that needs no rewrite, where there is one.
fn type_without_rewrite(column: &str, before: &str, after: &str) -> Option<String> {
    let is = |name: &str, family: &str| name.starts_with(family) && !name.ends_with(']');
    if is(before, "character varying") && is(after, "character varying") {
        Some(format!(
            "Only a longer limit, or none, comes without a rewrite; a shorter one can be a CHECK on the length of {column} that is added \
             NOT VALID and validated later."
        ))
    } else if is(before, "character varying") && is(after, "character(") {
        Some(format!(
            "From {before}, a longer character varying and text come without a rewrite."
        ))
    } else if is(before, "numeric") && is(after, "numeric") {
        Some("More digits at the same scale, or a numeric without limits, come without a rewrite.".to_owned())
    } else {
        None
    }
}

fn cause(context: &Context<'_>, root: &ObjectId, tables: &[&ObjectId]) -> Cause {
    if root.kind == ObjectKind::View {
        return Cause::View;
    }
    let is_here = |id: &ObjectId| {
        let table = id.owner_table().unwrap_or_else(|| id.clone());
        table == *root || tables.contains(&&table)
    };
    for (before, after) in context.altered().filter(|(_, after)| is_here(&after.id)) {
        match (&before.body, &after.body) {
            (ObjectBody::Column(old), ObjectBody::Column(new)) if old.type_name != new.type_name => {
                return Cause::Type {
                    column: after.id.name().to_owned(),
                    before: old.type_name.clone(),
                    after: new.type_name.clone(),
                };
            }
            (ObjectBody::Column(old), ObjectBody::Column(new)) if old.generated != new.generated => {
                return Cause::Expression(after.id.name().to_owned());
            }
            (ObjectBody::Table(old), ObjectBody::Table(new)) if is_stored_otherwise(&old.extra, &new.extra) => {
                return Cause::Storage;
            }
            _ => {}
        }
    }
    let columns: Vec<(&str, &Column)> = context
        .created()
        .filter(|object| is_here(&object.id))
        .filter_map(|object| match &object.body {
            ObjectBody::Column(column) => Some((object.id.name(), column)),
            _ => None,
        })
        .collect();
    let computed = match context.history.engine {
        Engine::Postgres | Engine::Sqlite => computed(&columns),
        // What they build anew for is another matter: the server's reason stands in the facts.
        Engine::MySql | Engine::MariaDb => None,
    };
    if let Some((name, why)) = computed {
        return Cause::NewColumn {
            column: name.to_owned(),
            why,
        };
    }
    let mut dropped = context
        .dropped()
        .filter(|object| object.id.kind == ObjectKind::Column && is_here(&object.id));
    dropped.next().map_or(Cause::Unknown, |object| {
        Cause::DroppedColumn(object.id.name().to_owned())
    })
}

/// The new column that the server computes for every row. A column among others may be an innocent one, so that one is
/// named only where it is sure to be the cause.
fn computed<'a>(columns: &[(&'a str, &Column)]) -> Option<(&'a str, Computed)> {
    let reason = |column: &Column| match (&column.identity, &column.generated, &column.default) {
        (Some(_), _, _) => Some(Computed::Identity),
        (None, Some(generated), _) => (generated.kind == GeneratedKind::Stored).then_some(Computed::Stored),
        // A constant is stored once for all rows, and a function that is stable is run once.
        (None, None, Some(default)) => calls_a_function(default).then_some(Computed::Default),
        (None, None, None) => None,
    };
    let sure = columns.iter().find_map(|(name, column)| Some((*name, reason(column)?)));
    sure.or_else(|| match columns {
        [(name, column)] if column.default.is_some() => Some((*name, Computed::Default)),
        [(name, column)] if column.generated.is_none() => Some((*name, Computed::Domain)),
        _ => None,
    })
}

/// Whether a default calls a function other than those that give the same value throughout a statement.
fn calls_a_function(default: &str) -> bool {
    let call = default.find('(').map(|at| &default[..at]);
    call.is_some_and(|name| {
        let is_name = name.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == '"');
        is_name && !name.contains('\'') && !matches!(name, "now" | "transaction_timestamp" | "statement_timestamp")
    })
}

fn is_stored_otherwise(before: &TableExtra, after: &TableExtra) -> bool {
    match (before, after) {
        (TableExtra::Postgres(before), TableExtra::Postgres(after)) => {
            before.unlogged != after.unlogged || before.access_method != after.access_method
        }
        (TableExtra::Sqlite(before), TableExtra::Sqlite(after)) => before != after,
        (TableExtra::MySqlFamily(before), TableExtra::MySqlFamily(after)) => before != after,
        (TableExtra::Postgres(_) | TableExtra::MySqlFamily(_) | TableExtra::Sqlite(_), _) => false,
    }
}

/// The partitioned table at the top where all of it is locked, else the table itself (`VACUUM FULL one_partition`).
fn told_with(context: &Context<'_>, table: &ObjectId) -> ObjectId {
    let root = context.partition_parents(table).pop();
    let locked = root.filter(|root| context.lock_from(root, LockMode::AccessExclusive).is_some());
    locked.unwrap_or_else(|| table.clone())
}

/// Whether another rule says that writes wait while the table is built anew (MySQL and MariaDB).
fn writes_wait(context: &Context<'_>, table: &ObjectId) -> bool {
    let mut operations = context.effect.operations.iter();
    operations.any(|operation| operation.table == *table && operation.lock.blocks_writes())
}

fn changed_in(context: &Context<'_>, table: &ObjectId) -> bool {
    context.steps().iter().any(|step| {
        let object = step.after.or(step.before);
        object.is_some_and(|object| object.id == *table || object.id.owner_table().as_ref() == Some(table))
    })
}
