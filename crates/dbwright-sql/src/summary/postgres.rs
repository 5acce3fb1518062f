//! Summaries of PostgreSQL's statements (<https://www.postgresql.org/docs/current/sql-commands.html>).

use super::extensions::reaching_outside;
use super::reader::Reader;
use super::{Summary, TransactionControl};
use crate::lexer::TokenKind;

/// Settings that are fixed for a transaction by its first query, as `SET TRANSACTION` is.
const TRANSACTION_SETTINGS: [&str; 3] = [
    "transaction_isolation",
    "transaction_read_only",
    "transaction_deferrable",
];

pub(super) fn summarise(mut reader: Reader<'_>) -> Summary {
    if reader.at("explain") {
        reader.next();
        if !explains_by_running(&mut reader) {
            return Summary::Query;
        }
    }
    let start = reader.clone();
    match reader.word().as_str() {
        "begin" => Summary::Transaction(TransactionControl::Begin),
        "start" if reader.at("transaction") => Summary::Transaction(TransactionControl::Begin),
        // The second half of a two-phase commit, which belongs to no transaction of this session.
        "commit" | "rollback" if reader.at("prepared") => Summary::Other,
        "commit" | "end" => Summary::Transaction(TransactionControl::Commit),
        "rollback" | "abort" => reader.rollback(),
        "savepoint" => reader.savepoint(),
        "release" => reader.release(),
        "prepare" if reader.at("transaction") => Summary::Transaction(TransactionControl::Rollback),
        "set" => set(reader),
        "reset" | "show" | "discard" | "listen" | "unlisten" | "notify" | "prepare" | "deallocate" | "close" => {
            Summary::Session
        }
        "declare" | "fetch" | "move" => Summary::Query,
        "create" => create(reader),
        "alter" => alter(reader),
        "drop" => drop_object(reader),
        "grant" | "revoke" => grant(reader),
        "comment" | "security" => comment(reader),
        "truncate" | "refresh" | "reassign" => Summary::Definition,
        "import" => Summary::ReachesOutside("IMPORT FOREIGN SCHEMA"),
        "load" => Summary::ReachesOutside("LOAD"),
        "checkpoint" => Summary::ClusterWide("CHECKPOINT"),
        "copy" => copy(reader),
        "vacuum" | "analyze" | "analyse" | "cluster" | "reindex" | "repack" => Summary::Maintenance,
        "do" | "call" | "execute" => Summary::Code,
        _ => start.query_or_write(),
    }
}

/// Whether `EXPLAIN` with these options runs what it explains. Consumes the options.
fn explains_by_running(reader: &mut Reader<'_>) -> bool {
    if !reader.accept_symbol("(") {
        let runs = reader.accept_any(&["analyze", "analyse"]);
        reader.accept("verbose");
        return runs;
    }
    let mut runs = false;
    loop {
        if reader.accept_any(&["analyze", "analyse"]) {
            let off = reader.peek().is_some_and(|value| {
                value.is("off") || value.is("false") || matches!(value.text, "0" | "'off'" | "'false'")
            });
            runs = !off;
        }
        match reader.next() {
            Some(token) if token.is_symbol(")") => return runs,
            Some(_) => {}
            None => return false,
        }
    }
}

fn set(mut reader: Reader<'_>) -> Summary {
    if reader.accept("constraints") {
        return Summary::Transaction(TransactionControl::Set);
    }
    reader.accept_any(&["session", "local"]);
    let word = reader.word();
    if word == "transaction" || TRANSACTION_SETTINGS.contains(&word.as_str()) {
        Summary::Transaction(TransactionControl::Set)
    } else {
        Summary::Session
    }
}

fn create(mut reader: Reader<'_>) -> Summary {
    let or_replace = reader.accept_all(&["or", "replace"]);
    reader.accept("unique");
    reader.accept("trusted");
    reader.accept("procedural");
    match reader.word().as_str() {
        "user" if is_user_mapping(&reader) => Summary::Definition,
        "role" | "user" | "group" => Summary::Role,
        "database" => Summary::ClusterWide("CREATE DATABASE"),
        "tablespace" => Summary::ClusterWide("CREATE TABLESPACE"),
        "subscription" => Summary::ReachesOutside("CREATE SUBSCRIPTION"),
        "extension" => create_extension(reader),
        "language" => create_language(reader, or_replace),
        "index" => create_index(reader),
        _ => Summary::Definition,
    }
}

/// `MAPPING [IF [NOT] EXISTS] FOR` behind `USER`, which may also be the name of a user.
fn is_user_mapping(reader: &Reader<'_>) -> bool {
    let mut ahead = reader.clone();
    ahead.accept("mapping") && (ahead.at("for") || ahead.at("if"))
}

fn create_extension(mut reader: Reader<'_>) -> Summary {
    let if_not_exists = reader.accept_all(&["if", "not", "exists"]);
    let Some(name) = reader.name() else {
        return Summary::Definition;
    };
    if let Some(creation) = reaching_outside(&name) {
        return Summary::ReachesOutside(creation);
    }
    let (mut schema, mut version, mut cascade) = (None, None, false);
    while let Some(token) = reader.next() {
        if token.is_symbol(";") {
            break;
        } else if token.is("schema") {
            schema = reader.name();
        } else if token.is("version") {
            version = reader.name();
        } else if token.is("from") {
            reader.next();
        } else if token.is("cascade") {
            cascade = true;
        }
    }
    Summary::CreateExtension {
        name,
        schema,
        version,
        if_not_exists,
        cascade,
    }
}

/// Without a handler, `CREATE [OR REPLACE] LANGUAGE x` is `CREATE EXTENSION [IF NOT EXISTS] x`
/// (<https://www.postgresql.org/docs/current/sql-createlanguage.html>).
fn create_language(mut reader: Reader<'_>, or_replace: bool) -> Summary {
    let Some(name) = reader.name() else {
        return Summary::Definition;
    };
    if let Some(creation) = reaching_outside(&name) {
        return Summary::ReachesOutside(creation);
    }
    if reader.at("handler") {
        return Summary::Definition;
    }
    Summary::CreateExtension {
        name,
        schema: None,
        version: None,
        if_not_exists: or_replace,
        cascade: false,
    }
}

fn create_index(mut reader: Reader<'_>) -> Summary {
    let concurrently = reader.accept("concurrently");
    let if_not_exists = reader.accept_all(&["if", "not", "exists"]);
    let name = if reader.at("on") { None } else { reader.name() };
    Summary::CreateIndex {
        name,
        concurrently,
        if_not_exists,
    }
}

fn alter(mut reader: Reader<'_>) -> Summary {
    match reader.word().as_str() {
        "system" => Summary::ClusterWide("ALTER SYSTEM"),
        "database" => Summary::ClusterWide("ALTER DATABASE"),
        "tablespace" => Summary::ClusterWide("ALTER TABLESPACE"),
        "user" if is_user_mapping(&reader) => Summary::Definition,
        "role" | "user" | "group" => Summary::Role,
        "subscription" => Summary::ReachesOutside("ALTER SUBSCRIPTION"),
        _ => Summary::Definition,
    }
}

fn drop_object(mut reader: Reader<'_>) -> Summary {
    match reader.word().as_str() {
        "database" => Summary::ClusterWide("DROP DATABASE"),
        "tablespace" => Summary::ClusterWide("DROP TABLESPACE"),
        "user" if is_user_mapping(&reader) => Summary::Definition,
        "role" | "user" | "group" => Summary::Role,
        "subscription" => Summary::ReachesOutside("DROP SUBSCRIPTION"),
        _ => Summary::Definition,
    }
}

fn grant(mut reader: Reader<'_>) -> Summary {
    if reader.clone().names_roles() {
        return Summary::Role;
    }
    reader.find_outside(&["on"], &[]);
    match reader.word().as_str() {
        "tablespace" => Summary::ClusterWide("GRANT … ON TABLESPACE"),
        "parameter" => Summary::ClusterWide("GRANT … ON PARAMETER"),
        _ => Summary::Definition,
    }
}

/// `COMMENT ON …`, `SECURITY LABEL … ON …`.
fn comment(mut reader: Reader<'_>) -> Summary {
    reader.find_outside(&["on"], &["is"]);
    match reader.word().as_str() {
        "role" => Summary::Role,
        "database" => Summary::ClusterWide("COMMENT ON DATABASE"),
        "tablespace" => Summary::ClusterWide("COMMENT ON TABLESPACE"),
        _ => Summary::Definition,
    }
}

fn copy(mut reader: Reader<'_>) -> Summary {
    let Some(direction) = reader.find_outside(&["from", "to"], &[]) else {
        return Summary::Write;
    };
    let reads = direction.is("from");
    match reader.next() {
        Some(token) if token.is("program") => Summary::ReachesOutside("COPY … PROGRAM"),
        Some(token) if token.kind == TokenKind::String && reads => Summary::ReachesOutside("COPY … FROM '/file'"),
        Some(token) if token.kind == TokenKind::String => Summary::ReachesOutside("COPY … TO '/file'"),
        // The grammar lets `STDIN` and `STDOUT` stand for each other.
        Some(token) if reads && (token.is("stdin") || token.is("stdout")) => Summary::CopyFromStdin,
        _ => Summary::Write,
    }
}
