//! `CREATE`, `ALTER`, `DROP`, `RENAME`, `TRUNCATE`.

use dbwright_catalog::{Engine, Span};

use super::alter_table;
use super::tables::{pass_wait, table_list, table_name};
use super::types::{Form, IndexKind, MySqlFamilySummary, OnlineClause, Requested, Separator, TableAction, TableName};
use crate::summary::Summary;
use crate::summary::reader::Reader;

/// Summarises a `CREATE` whose first word was consumed.
pub(super) fn create(mut reader: Reader<'_>) -> MySqlFamilySummary {
    reader.accept_all(&["or", "replace"]);
    pass_view_options(&mut reader);
    let temporary = reader.accept("temporary");
    let kind = index_kind(&mut reader);
    reader.accept_any(&["aggregate", "undo"]);
    match reader.word().as_str() {
        "table" => create_table(reader, temporary),
        "index" => create_index(reader, kind),
        "view" => with_object(reader, Form::CreateView),
        "trigger" => create_trigger(reader),
        "function" if is_library(&reader) => {
            MySqlFamilySummary::committing(Summary::ReachesOutside("CREATE FUNCTION … SONAME"))
        }
        "procedure" | "function" | "package" => MySqlFamilySummary::definition(Form::CreateRoutine),
        "event" => MySqlFamilySummary::definition(Form::CreateEvent),
        "sequence" => with_object(reader, Form::Sequence),
        "user" | "role" => MySqlFamilySummary::committing(Summary::Role),
        "database" | "schema" => MySqlFamilySummary::committing(Summary::ClusterWide("CREATE DATABASE")),
        "server" => MySqlFamilySummary::committing(Summary::ReachesOutside("CREATE SERVER")),
        "tablespace" => MySqlFamilySummary::committing(Summary::ReachesOutside("CREATE TABLESPACE")),
        "logfile" => MySqlFamilySummary::committing(Summary::ReachesOutside("CREATE LOGFILE GROUP")),
        "resource" => MySqlFamilySummary::committing(Summary::ClusterWide("CREATE RESOURCE GROUP")),
        "reference" => MySqlFamilySummary::committing(Summary::ClusterWide("CREATE SPATIAL REFERENCE SYSTEM")),
        _ => MySqlFamilySummary::definition(Form::Other),
    }
}

/// Summarises an `ALTER` whose first word was consumed.
pub(super) fn alter(mut reader: Reader<'_>, engine: Engine) -> MySqlFamilySummary {
    pass_view_options(&mut reader);
    reader.accept("online");
    reader.accept("ignore");
    reader.accept("undo");
    match reader.word().as_str() {
        "table" => alter_table::summarise(reader, engine),
        "view" => with_object(reader, Form::CreateView),
        "procedure" | "function" | "package" => MySqlFamilySummary::definition(Form::CreateRoutine),
        "event" => MySqlFamilySummary::definition(Form::CreateEvent),
        "sequence" => with_object(reader, Form::Sequence),
        "user" | "role" => MySqlFamilySummary::committing(Summary::Role),
        "database" | "schema" => MySqlFamilySummary::committing(Summary::ClusterWide("ALTER DATABASE")),
        "server" => MySqlFamilySummary::committing(Summary::ReachesOutside("ALTER SERVER")),
        "tablespace" => MySqlFamilySummary::committing(Summary::ReachesOutside("ALTER TABLESPACE")),
        "logfile" => MySqlFamilySummary::committing(Summary::ReachesOutside("ALTER LOGFILE GROUP")),
        "instance" => MySqlFamilySummary::committing(Summary::ClusterWide("ALTER INSTANCE")),
        "resource" => MySqlFamilySummary::committing(Summary::ClusterWide("ALTER RESOURCE GROUP")),
        _ => MySqlFamilySummary::definition(Form::Other),
    }
}

/// Summarises a `DROP` whose first word was consumed.
pub(super) fn drop_object(mut reader: Reader<'_>, engine: Engine) -> MySqlFamilySummary {
    let temporary = reader.accept("temporary");
    reader.accept("undo");
    match reader.word().as_str() {
        "table" | "tables" => {
            reader.accept_all(&["if", "exists"]);
            let tables = table_list(&mut reader);
            let mut found = MySqlFamilySummary::definition(Form::DropTable).with_tables(tables);
            found.temporary = temporary;
            found.implicit_commit = !temporary;
            found
        }
        "index" => drop_index(reader, engine),
        "view" => {
            reader.accept_all(&["if", "exists"]);
            let views = table_list(&mut reader);
            MySqlFamilySummary::definition(Form::DropView).with_tables(views)
        }
        "sequence" => {
            reader.accept_all(&["if", "exists"]);
            let sequences = table_list(&mut reader);
            MySqlFamilySummary::definition(Form::Sequence).with_tables(sequences)
        }
        "trigger" => MySqlFamilySummary::definition(Form::DropTrigger),
        "procedure" | "function" | "package" => MySqlFamilySummary::definition(Form::DropRoutine),
        "event" => MySqlFamilySummary::definition(Form::DropEvent),
        "prepare" => MySqlFamilySummary::of(Summary::Session),
        "user" | "role" => MySqlFamilySummary::committing(Summary::Role),
        "database" | "schema" => MySqlFamilySummary::committing(Summary::ClusterWide("DROP DATABASE")),
        "server" => MySqlFamilySummary::committing(Summary::ReachesOutside("DROP SERVER")),
        "tablespace" => MySqlFamilySummary::committing(Summary::ReachesOutside("DROP TABLESPACE")),
        "logfile" => MySqlFamilySummary::committing(Summary::ReachesOutside("DROP LOGFILE GROUP")),
        "resource" => MySqlFamilySummary::committing(Summary::ClusterWide("DROP RESOURCE GROUP")),
        "spatial" => MySqlFamilySummary::committing(Summary::ClusterWide("DROP SPATIAL REFERENCE SYSTEM")),
        _ => MySqlFamilySummary::definition(Form::Other),
    }
}

/// `RENAME TABLE a TO b, c TO d`, `RENAME USER …`.
pub(super) fn rename(mut reader: Reader<'_>) -> MySqlFamilySummary {
    if !reader.accept_any(&["table", "tables"]) {
        return MySqlFamilySummary::committing(Summary::Role);
    }
    reader.accept_all(&["if", "exists"]);
    let mut found = MySqlFamilySummary::definition(Form::RenameTable);
    loop {
        let from = table_name(&mut reader);
        pass_wait(&mut reader);
        reader.accept("to");
        let (Some(from), Some(to)) = (from, table_name(&mut reader)) else {
            return found;
        };
        found.tables.push(from);
        found.actions.push(TableAction::RenameTo(to));
        if !reader.accept_symbol(",") {
            return found;
        }
    }
}

/// `TRUNCATE [TABLE] t`.
pub(super) fn truncate(mut reader: Reader<'_>) -> MySqlFamilySummary {
    reader.accept("table");
    let table = table_name(&mut reader);
    MySqlFamilySummary::definition(Form::TruncateTable).with_tables(table.into_iter().collect())
}

/// `ALGORITHM = …`, `DEFINER = …`, `SQL SECURITY …`, which stand before the kind of object.
fn pass_view_options(reader: &mut Reader<'_>) {
    loop {
        if reader.accept("algorithm") {
            reader.accept_equals();
            reader.next();
        } else if reader.accept("definer") {
            reader.accept_equals();
            pass_account(reader);
        } else if reader.accept_all(&["sql", "security"]) {
            reader.next();
        } else {
            return;
        }
    }
}

/// `name@host`, `'name'@'host'`, `CURRENT_USER()`.
fn pass_account(reader: &mut Reader<'_>) {
    reader.next();
    if reader.peek().is_some_and(|token| token.text.starts_with('@')) {
        let at = reader.next();
        // `@` alone: the host is quoted, with space before it.
        if at.is_some_and(|token| token.text == "@") {
            reader.next();
        }
    } else if reader.accept_symbol("(") {
        reader.accept_symbol(")");
    }
}

/// `UNIQUE`, `FULLTEXT`, `SPATIAL`, `VECTOR`, if one of them is next.
pub(super) fn index_kind(reader: &mut Reader<'_>) -> IndexKind {
    for (word, kind) in [
        ("unique", IndexKind::Unique),
        ("fulltext", IndexKind::FullText),
        ("spatial", IndexKind::Spatial),
        ("vector", IndexKind::Vector),
    ] {
        if reader.accept(word) {
            return kind;
        }
    }
    IndexKind::Plain
}

fn with_object(mut reader: Reader<'_>, form: Form) -> MySqlFamilySummary {
    let found = MySqlFamilySummary::definition(form);
    reader.accept_all(&["if", "not", "exists"]);
    reader.accept_all(&["if", "exists"]);
    found.with_tables(table_name(&mut reader).into_iter().collect())
}

fn create_table(mut reader: Reader<'_>, temporary: bool) -> MySqlFamilySummary {
    reader.accept_all(&["if", "not", "exists"]);
    let table = table_name(&mut reader);
    let form = if selects(reader) {
        Form::CreateTableAs
    } else {
        Form::CreateTable
    };
    let mut found = MySqlFamilySummary::definition(form).with_tables(table.into_iter().collect());
    found.temporary = temporary;
    found.implicit_commit = !temporary;
    found
}

/// Whether a query follows somewhere behind the name of a table that is created.
fn selects(mut reader: Reader<'_>) -> bool {
    let is_query = |reader: &Reader<'_>| {
        let mut ahead = reader.clone();
        while ahead.accept_symbol("(") {}
        ahead.accept_any(&["select", "with", "values", "table"])
    };
    if is_query(&reader) {
        return true;
    }
    while let Some(token) = reader.next_outside() {
        if token.is("select") || (token.is("as") && is_query(&reader)) {
            return true;
        }
    }
    false
}

/// `CREATE … FUNCTION f RETURNS STRING SONAME 'library'`.
fn is_library(reader: &Reader<'_>) -> bool {
    let mut ahead = reader.clone();
    ahead.accept_all(&["if", "not", "exists"]);
    table_name(&mut ahead);
    if !ahead.accept("returns") {
        return false;
    }
    ahead.next();
    ahead.at("soname")
}

fn create_trigger(mut reader: Reader<'_>) -> MySqlFamilySummary {
    let table = reader.find_outside(&["on"], &[]).and_then(|_| table_name(&mut reader));
    MySqlFamilySummary::definition(Form::CreateTrigger).with_tables(table.into_iter().collect())
}

fn create_index(mut reader: Reader<'_>, kind: IndexKind) -> MySqlFamilySummary {
    let if_not_exists = reader.accept_all(&["if", "not", "exists"]);
    let name = reader.name();
    reader.find_outside(&["on"], &[]);
    let table = table_name(&mut reader);
    let mut found = MySqlFamilySummary::committing(Summary::CreateIndex {
        name: name.clone(),
        concurrently: false,
        if_not_exists,
    })
    .with_form(Form::CreateIndex)
    .with_tables(table.into_iter().collect());
    found.actions.push(TableAction::AddIndex { name, kind });
    found.online = Some(trailing_clauses(reader));
    found
}

fn drop_index(mut reader: Reader<'_>, engine: Engine) -> MySqlFamilySummary {
    let index_start = reader.peek().map_or(0, |token| token.span.start);
    reader.accept_all(&["if", "exists"]);
    let name = reader.name().unwrap_or_default();
    let index = Span::new(index_start, reader.consumed_to());
    reader.accept("on");
    let table_start = reader.peek().map_or(0, |token| token.span.start);
    let tables: Vec<TableName> = table_name(&mut reader).into_iter().collect();
    let named = !tables.is_empty();
    let mut found = MySqlFamilySummary::definition(Form::DropIndex).with_tables(tables);
    found.actions.push(if name.eq_ignore_ascii_case("primary") {
        TableAction::DropPrimaryKey
    } else {
        TableAction::DropIndex { name }
    });
    if engine == Engine::MariaDb {
        pass_wait(&mut reader);
        let table = Span::new(table_start, reader.consumed_to());
        found.online = named.then(|| OnlineClause {
            algorithm: None,
            lock: None,
            insert_at: table.end,
            separator: Separator::CommaBehind,
            own: Vec::new(),
            as_alter_table: Some((index, table)),
        });
    } else {
        found.online = Some(trailing_clauses(reader));
    }
    found
}

/// `ALGORITHM` and `LOCK` of `CREATE INDEX` and `DROP INDEX`, which stand at the end, without commas.
fn trailing_clauses(mut reader: Reader<'_>) -> OnlineClause {
    let mut online = OnlineClause {
        algorithm: None,
        lock: None,
        insert_at: reader.consumed_to(),
        separator: Separator::Space,
        own: Vec::new(),
        as_alter_table: None,
    };
    let mut depth = 0_usize;
    while let Some(token) = reader.next() {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && token.is_symbol(";") {
            break;
        }
        online.insert_at = reader.consumed_to();
        if depth > 0 {
            continue;
        }
        if token.is("algorithm") {
            let clause = alter_table::algorithm(&mut reader, token.span.start);
            online.own.push(clause.span);
            online.algorithm = Some(clause);
        } else if token.is("lock") {
            let clause: Requested<_> = alter_table::lock(&mut reader, token.span.start);
            online.own.push(clause.span);
            online.lock = Some(clause);
        } else {
            continue;
        }
        online.insert_at = reader.consumed_to();
    }
    online
}
