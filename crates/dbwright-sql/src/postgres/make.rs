//! Which statement it is: `CREATE`, `DROP` and everything that is neither.

use super::alter::{alter, alter_domain, alter_type, owned_by};
use super::code::{routine, trigger};
use super::parser::Parser;
use super::query::{create_from_query, reads};
use super::table::{create_table, empty};
use super::types::{
    AlterKind, CreateFromQuery, CreateIndex, Drop, DropKind, Name, NewType, PostgresStatement, QueryTarget,
    ReindexTarget,
};

/// The statement; nothing where it is not understood.
pub(super) fn statement(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    let start = parser.at;
    match parser.word().unwrap_or_default().as_str() {
        "create" => create(parser),
        "alter" => alter_any(parser),
        "drop" => drop_any(parser),
        "truncate" => truncate(parser),
        "refresh" => refresh(parser),
        "comment" | "security" => comment(parser),
        "reindex" => reindex(parser),
        "cluster" => cluster(parser),
        "vacuum" => vacuum(parser),
        "analyze" | "analyse" => analyze(parser),
        "lock" => lock(parser),
        "insert" => write(parser, "INSERT", "into"),
        "update" => write(parser, "UPDATE", ""),
        "delete" => write(parser, "DELETE", "from"),
        "merge" => write(parser, "MERGE", "into"),
        "copy" => copy(parser),
        "set" => set(parser),
        "reset" => {
            parser.accept("session authorization");
            Some(PostgresStatement::Set {
                name: parser.word().unwrap_or_default(),
                values: Vec::new(),
                local: false,
            })
        }
        "select" | "values" | "table" | "with" => {
            parser.at = start;
            query(parser)
        }
        "grant" | "revoke" | "show" | "discard" | "listen" | "unlisten" | "notify" | "prepare" | "deallocate"
        | "close" | "declare" | "fetch" | "move" | "explain" | "reassign" | "begin" | "start" | "commit" | "end"
        | "rollback" | "abort" | "savepoint" | "release" => Some(PostgresStatement::NoRelation),
        _ => {
            parser.at = start;
            parser.is_symbol("(").then(|| query(parser)).flatten()
        }
    }
}

fn create(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    let or_replace = parser.accept("or replace");
    let temporary = ["global", "local"].iter().any(|word| parser.accept(word));
    let temporary = parser.accept("temporary") || parser.accept("temp") || temporary;
    let unlogged = parser.accept("unlogged");
    let unique = parser.accept("unique");
    let recursive = parser.accept("recursive");
    let constraint = parser.accept("constraint");
    match parser.word()?.as_str() {
        "table" => table(parser, temporary, unlogged, false),
        "foreign" if parser.accept("table") => table(parser, false, false, true),
        "index" => create_index(parser, unique),
        "materialized" => {
            parser.expect("view")?;
            let if_not_exists = parser.if_not_exists();
            let mut view = create_from_query(parser, QueryTarget::MaterializedView)?;
            view.if_not_exists = if_not_exists;
            Some(PostgresStatement::CreateFromQuery(view))
        }
        "view" => {
            let mut view = create_from_query(parser, QueryTarget::View)?;
            view.or_replace = or_replace;
            view.temporary = temporary;
            if recursive {
                view.reads.retain(|name| name.name != view.name.name);
            }
            Some(PostgresStatement::CreateFromQuery(view))
        }
        "sequence" => {
            let if_not_exists = parser.if_not_exists();
            let name = parser.name()?;
            Some(PostgresStatement::CreateSequence {
                name,
                if_not_exists,
                temporary,
                owned_by: owned_by(parser)?,
            })
        }
        "type" => create_type(parser),
        "domain" => create_domain(parser),
        "function" => routine(parser, "function"),
        "procedure" => routine(parser, "procedure"),
        "aggregate" => routine(parser, "aggregate"),
        "trigger" => trigger(parser, or_replace, constraint),
        "rule" => {
            while !parser.accept("to") {
                parser.pass()?;
            }
            Some(PostgresStatement::OnTable { table: parser.name()? })
        }
        "policy" => {
            parser.identifier()?;
            parser.expect("on")?;
            Some(PostgresStatement::OnTable { table: parser.name()? })
        }
        "statistics" => create_statistics(parser),
        "schema" => create_schema(parser),
        "cast" | "collation" | "conversion" | "operator" | "publication" | "server" | "user" | "role" | "group"
        | "text" | "transform" | "access" | "foreign" | "language" | "trusted" | "procedural" => {
            Some(PostgresStatement::NoRelation)
        }
        _ => None,
    }
}

fn table(parser: &mut Parser<'_>, temporary: bool, unlogged: bool, foreign: bool) -> Option<PostgresStatement> {
    let if_not_exists = parser.if_not_exists();
    let start = parser.at;
    let name = parser.name()?;
    let has_elements = parser.is_symbol("(") || parser.is("partition") || parser.is("of");
    if has_elements {
        let mut table = empty(name);
        table.if_not_exists = if_not_exists;
        table.temporary = temporary;
        table.unlogged = unlogged;
        table.foreign = foreign;
        let after_name = parser.at;
        if let Some(table) = create_table(parser, table)
            && !parser.is("as")
        {
            return Some(PostgresStatement::CreateTable(table));
        }
        parser.at = after_name;
        // `CREATE TABLE t (a, b) AS SELECT …`: names without types.
        parser.identifiers()?;
    }
    parser.at = start;
    let mut created = create_from_query(parser, QueryTarget::Table)?;
    created.if_not_exists = if_not_exists;
    created.temporary = temporary;
    Some(PostgresStatement::CreateFromQuery(created))
}

fn create_index(parser: &mut Parser<'_>, unique: bool) -> Option<PostgresStatement> {
    let concurrently = parser.accept("concurrently");
    let if_not_exists = parser.if_not_exists();
    let name = if parser.is("on") {
        None
    } else {
        Some(parser.identifier()?)
    };
    parser.expect("on")?;
    let (table, only) = parser.relation()?;
    let method = if parser.accept("using") {
        parser.identifier()?
    } else {
        "btree".to_owned()
    };
    let parts = parser.index_parts()?;
    let included = if parser.accept("include") {
        parser.identifiers()?
    } else {
        Vec::new()
    };
    let nulls_not_distinct = parser.accept("nulls not distinct");
    parser.accept("nulls distinct");
    if parser.accept("with") {
        parser.parenthesis()?;
    }
    if parser.accept("tablespace") {
        parser.identifier()?;
    }
    let predicate = if parser.accept("where") {
        Some(parser.expression(&[])?)
    } else {
        None
    };
    parser
        .is_at_end()
        .then_some(PostgresStatement::CreateIndex(CreateIndex {
            name,
            table,
            only,
            unique,
            concurrently,
            if_not_exists,
            method,
            parts,
            included,
            nulls_not_distinct,
            predicate,
        }))
}

fn create_type(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    let name = parser.name()?;
    let kind = if parser.accept("as enum") {
        parser.expect_symbol("(")?;
        let mut labels = Vec::new();
        while let Some(label) = parser.string() {
            labels.push(label);
            parser.accept_symbol(",");
        }
        parser.expect_symbol(")")?;
        NewType::Enum(labels)
    } else if parser.is("as") && parser.ahead(1).is_some_and(|token| token.is_symbol("(")) {
        parser.next();
        parser.next();
        let mut attributes = Vec::new();
        while !parser.accept_symbol(")") {
            let name = parser.identifier()?;
            attributes.push((name, parser.type_name()?));
            if parser.accept("collate") {
                parser.name()?;
            }
            parser.accept_symbol(",");
        }
        NewType::Composite(attributes)
    } else {
        NewType::Other
    };
    Some(PostgresStatement::CreateType { name, kind })
}

fn create_domain(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    let name = parser.name()?;
    parser.accept("as");
    let base = parser.type_name()?;
    let (mut default, mut not_null, mut checks) = (None, false, Vec::new());
    while !parser.is_at_end() {
        let constraint = if parser.accept("constraint") {
            Some(parser.identifier()?)
        } else {
            None
        };
        if parser.accept("default") {
            default = Some(parser.expression(&["not", "null", "constraint", "check", "collate"])?);
        } else if parser.accept("not null") {
            not_null = true;
        } else if parser.accept("check") {
            checks.push((constraint, parser.parenthesis()?));
        } else if parser.accept("collate") {
            parser.name()?;
        } else if !parser.accept("null") {
            return None;
        }
    }
    Some(PostgresStatement::CreateDomain {
        name,
        base,
        default,
        not_null,
        checks,
    })
}

fn create_statistics(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    parser.if_not_exists();
    let named = !parser.is("on") && !parser.is_symbol("(");
    let name = if named { Some(parser.name()?) } else { None };
    let start = parser.at;
    while !parser.accept("from") {
        parser.pass()?;
    }
    Some(PostgresStatement::CreateStatistics {
        name,
        over: super::query::mentions(&parser.since(start)),
        table: parser.name()?,
    })
}

fn create_schema(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    let if_not_exists = parser.if_not_exists();
    let name = if parser.is("authorization") {
        None
    } else {
        Some(parser.identifier()?)
    };
    let role = if parser.accept("authorization") {
        parser.identifier()
    } else {
        None
    };
    Some(PostgresStatement::CreateSchema {
        name: name.or(role)?,
        if_not_exists,
        elements: !parser.is_at_end(),
    })
}

fn alter_any(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    match parser.word()?.as_str() {
        "table" => alter(parser, AlterKind::Table),
        "index" => alter(parser, AlterKind::Index),
        "view" => alter(parser, AlterKind::View),
        "sequence" => alter(parser, AlterKind::Sequence),
        "materialized" => {
            parser.expect("view")?;
            alter(parser, AlterKind::MaterializedView)
        }
        "foreign" if parser.accept("table") => alter(parser, AlterKind::ForeignTable),
        "type" => alter_type(parser),
        "domain" => alter_domain(parser),
        "trigger" => {
            let name = parser.identifier()?;
            parser.expect("on")?;
            let table = parser.name()?;
            let rename = if parser.accept("rename to") {
                Some(parser.identifier()?)
            } else {
                None
            };
            Some(PostgresStatement::AlterTrigger { name, table, rename })
        }
        "rule" | "policy" => {
            parser.identifier()?;
            parser.expect("on")?;
            Some(PostgresStatement::OnTable { table: parser.name()? })
        }
        "schema" => {
            let name = parser.identifier()?;
            if parser.accept("rename to") {
                let to = parser.identifier()?;
                return Some(PostgresStatement::RenameSchema { name, to });
            }
            Some(PostgresStatement::NoRelation)
        }
        "function" | "procedure" | "routine" | "aggregate" => {
            // A new name or schema is not followed.
            let words = parser.words(usize::MAX);
            let moved = words.iter().any(|word| word == "rename" || word == "schema");
            (!moved).then_some(PostgresStatement::NoRelation)
        }
        "collation" | "conversion" | "default" | "event" | "extension" | "foreign" | "language" | "large"
        | "operator" | "publication" | "role" | "server" | "statistics" | "system" | "text" | "user" | "group"
        | "database" => Some(PostgresStatement::NoRelation),
        _ => None,
    }
}

fn drop_any(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    let kind = match parser.word()?.as_str() {
        "table" => DropKind::Table,
        "foreign" if parser.accept("table") => DropKind::Table,
        "index" => DropKind::Index,
        "view" => DropKind::View,
        "materialized" => {
            parser.expect("view")?;
            DropKind::MaterializedView
        }
        "sequence" => DropKind::Sequence,
        "schema" => DropKind::Schema,
        "type" | "domain" => DropKind::Type,
        "function" | "procedure" | "routine" | "aggregate" => DropKind::Routine,
        "trigger" => DropKind::Trigger,
        "rule" | "policy" => DropKind::OnTable,
        "extension" => DropKind::Extension,
        "statistics" => DropKind::Statistics,
        "owned" => return None,
        _ => return Some(PostgresStatement::NoRelation),
    };
    let mut dropped = Drop {
        kind,
        names: Vec::new(),
        table: None,
        if_exists: false,
        cascade: false,
        concurrently: parser.accept("concurrently"),
    };
    dropped.if_exists = parser.if_exists();
    loop {
        dropped.names.push(parser.name()?);
        if kind == DropKind::Routine && parser.is_symbol("(") {
            parser.pass()?;
        }
        if !parser.accept_symbol(",") {
            break;
        }
    }
    if matches!(kind, DropKind::Trigger | DropKind::OnTable) {
        parser.expect("on")?;
        dropped.table = Some(parser.name()?);
    }
    dropped.cascade = parser.cascade();
    parser.is_at_end().then_some(PostgresStatement::Drop(dropped))
}

fn truncate(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    parser.accept("table");
    let tables = relations(parser)?;
    let restart_identity = parser.accept("restart identity");
    parser.accept("continue identity");
    Some(PostgresStatement::Truncate {
        tables,
        restart_identity,
        cascade: parser.cascade(),
    })
}

fn relations(parser: &mut Parser<'_>) -> Option<Vec<Name>> {
    let mut names = vec![parser.relation()?.0];
    while parser.accept_symbol(",") {
        names.push(parser.relation()?.0);
    }
    Some(names)
}

fn refresh(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    parser.expect("materialized view")?;
    let concurrently = parser.accept("concurrently");
    let name = parser.name()?;
    Some(PostgresStatement::Refresh {
        name,
        concurrently,
        with_data: !parser.accept("with no data"),
    })
}

fn comment(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    while !parser.accept("on") {
        parser.next()?;
    }
    let on_relation = |name| Some(PostgresStatement::CommentOnRelation { name });
    match parser.word()?.as_str() {
        "table" | "index" | "view" | "sequence" => on_relation(parser.name()?),
        "materialized" => {
            parser.expect("view")?;
            on_relation(parser.name()?)
        }
        "foreign" if parser.accept("table") => on_relation(parser.name()?),
        "column" => {
            let mut path = vec![parser.identifier()?];
            while parser.accept_symbol(".") {
                path.push(parser.identifier()?);
            }
            path.pop();
            let name = path.pop()?;
            on_relation(Name {
                schema: path.pop(),
                name,
            })
        }
        // The lock on the relation of a constraint, trigger, rule or policy is let go of at once.
        _ => Some(PostgresStatement::NoRelation),
    }
}

fn reindex(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    let mut concurrently = false;
    if parser.is_symbol("(") {
        let options = parser.option_names()?;
        concurrently = options.iter().any(|option| option == "concurrently");
    }
    let target = match parser.word()?.as_str() {
        "index" => ReindexTarget::Index,
        "table" => ReindexTarget::Table,
        "schema" | "database" | "system" => ReindexTarget::Many,
        _ => return None,
    };
    concurrently |= parser.accept("concurrently");
    let name = if parser.is_at_end() { None } else { Some(parser.name()?) };
    Some(PostgresStatement::Reindex {
        target,
        name,
        concurrently,
    })
}

fn cluster(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    if parser.is_symbol("(") {
        parser.pass()?;
    }
    parser.accept("verbose");
    if parser.is_at_end() {
        return Some(PostgresStatement::Cluster {
            table: None,
            index: None,
        });
    }
    let table = parser.name()?;
    let index = if parser.accept("using") {
        Some(parser.identifier()?)
    } else {
        None
    };
    Some(PostgresStatement::Cluster {
        table: Some(table),
        index,
    })
}

fn vacuum(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    let mut full = false;
    if parser.is_symbol("(") {
        full = parser.option_names()?.iter().any(|option| option == "full");
    }
    while parser.is_any(&["full", "freeze", "verbose", "analyze", "analyse"]) {
        full |= parser.is("full");
        parser.next();
    }
    Some(PostgresStatement::Vacuum {
        tables: maintained(parser)?,
        full,
    })
}

fn analyze(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    if parser.is_symbol("(") {
        parser.pass()?;
    }
    parser.accept("verbose");
    Some(PostgresStatement::Analyze {
        tables: maintained(parser)?,
    })
}

/// Tables, each with columns or without.
fn maintained(parser: &mut Parser<'_>) -> Option<Vec<Name>> {
    let mut tables = Vec::new();
    while !parser.is_at_end() {
        tables.push(parser.relation()?.0);
        if parser.is_symbol("(") {
            parser.pass()?;
        }
        parser.accept_symbol(",");
    }
    Some(tables)
}

fn lock(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    parser.accept("table");
    let tables = relations(parser)?;
    let mut mode = "access exclusive".to_owned();
    if parser.accept("in") {
        let mut words = Vec::new();
        while !parser.accept("mode") {
            words.push(parser.word()?);
        }
        mode = words.join(" ");
    }
    Some(PostgresStatement::Lock { tables, mode })
}

fn write(parser: &mut Parser<'_>, verb: &'static str, before: &str) -> Option<PostgresStatement> {
    if !before.is_empty() {
        parser.expect(before)?;
    }
    let (table, _) = parser.relation()?;
    let mut filtered = false;
    // In a WITH, the write ends with its parenthesis.
    while !parser.is_at_end() && !parser.is_symbol(")") {
        filtered |= parser.is_any(&["where", "using", "from"]);
        parser.pass()?;
    }
    Some(PostgresStatement::Write {
        verb,
        table,
        all_rows: !filtered && matches!(verb, "UPDATE" | "DELETE"),
    })
}

fn copy(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    if parser.is_symbol("(") {
        return Some(PostgresStatement::Query);
    }
    let table = parser.name()?;
    if parser.is_symbol("(") {
        parser.pass()?;
    }
    if parser.accept("to") {
        return Some(PostgresStatement::Query);
    }
    parser.expect("from")?;
    Some(PostgresStatement::Write {
        verb: "COPY",
        table,
        all_rows: false,
    })
}

fn set(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    let local = parser.accept("local");
    parser.accept("session");
    if parser.accept("constraints") || parser.accept("transaction") {
        return Some(PostgresStatement::NoRelation);
    }
    let mut name = if parser.accept("time zone") {
        "timezone".to_owned()
    } else {
        let name = parser.identifier()?;
        let _ = parser.accept("to") || {
            let equals = parser.peek().is_some_and(|token| token.text == "=");
            parser.at += usize::from(equals);
            equals
        };
        name
    };
    name.make_ascii_lowercase();
    let mut values = Vec::new();
    while let Some(token) = parser.next() {
        if let Some(value) = token.name().or_else(|| token.value()) {
            values.push(value);
        } else if !token.is_symbol(",") {
            values.push(token.text.to_owned());
        }
    }
    if values.len() == 1 && values[0] == "default" {
        values.clear();
    }
    Some(PostgresStatement::Set { name, values, local })
}

/// `SELECT …`, which may be `SELECT … INTO table`, or write in its `WITH`.
fn query(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    let start = parser.at;
    let mut depth = 0_usize;
    let mut locks_rows = false;
    while let Some(token) = parser.next() {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && token.is("into") {
            let _ = parser.accept("temporary") || parser.accept("temp") || parser.accept("unlogged");
            parser.accept("table");
            let name = parser.name()?;
            parser.at = start;
            let (mut reads, _) = reads(parser);
            reads.retain(|read| *read != name);
            return Some(PostgresStatement::CreateFromQuery(CreateFromQuery {
                target: QueryTarget::Table,
                name,
                temporary: false,
                or_replace: false,
                if_not_exists: false,
                with_data: true,
                columns: None,
                query: parser.since(start),
                reads,
            }));
        } else if ["insert", "update", "delete", "merge"]
            .iter()
            .any(|word| token.is(word))
            && !locks_rows
        {
            parser.at -= 1;
            return statement(parser);
        }
        // `FOR UPDATE`, `FOR NO KEY UPDATE`: rows are locked, not written.
        locks_rows = token.is("for") || token.is("key") || token.is("no") && locks_rows;
    }
    Some(PostgresStatement::Query)
}
