//! Summaries of the statements of MySQL and MariaDB, as far as they are told apart today: nothing is run there yet.

use super::reader::Reader;
use super::{Summary, TransactionControl};
use crate::lexer::TokenKind;

pub(super) fn summarise(mut reader: Reader<'_>) -> Summary {
    let start = reader.clone();
    match reader.word().as_str() {
        "begin" => Summary::Transaction(TransactionControl::Begin),
        "start" if reader.at("transaction") => Summary::Transaction(TransactionControl::Begin),
        "commit" => Summary::Transaction(TransactionControl::Commit),
        "rollback" => reader.rollback(),
        "savepoint" => reader.savepoint(),
        "release" => reader.release(),
        "set" => set(reader),
        "show" | "use" | "prepare" | "deallocate" | "reset" => Summary::Session,
        "explain" | "describe" | "desc" => Summary::Query,
        "create" => create(reader),
        "alter" => database_or(reader, "ALTER DATABASE"),
        "drop" => database_or(reader, "DROP DATABASE"),
        "grant" | "revoke" if reader.clone().names_roles() => Summary::Role,
        "grant" | "revoke" | "truncate" | "rename" => Summary::Definition,
        "install" => Summary::ReachesOutside("INSTALL PLUGIN"),
        "load" => load(reader),
        "analyze" | "check" | "checksum" | "optimize" | "repair" => Summary::Maintenance,
        "call" | "do" | "execute" => Summary::Code,
        _ => query_or_write(start),
    }
}

fn set(mut reader: Reader<'_>) -> Summary {
    if reader.at("global") || reader.at("persist") || reader.at("persist_only") {
        return Summary::ClusterWide("SET GLOBAL");
    }
    if reader.accept("password") {
        return Summary::Role;
    }
    reader.accept_any(&["session", "local"]);
    if reader.at("transaction") {
        Summary::Transaction(TransactionControl::Set)
    } else {
        Summary::Session
    }
}

fn create(mut reader: Reader<'_>) -> Summary {
    reader.accept_any(&["unique", "fulltext", "spatial"]);
    if !reader.accept("index") {
        return database_or(reader, "CREATE DATABASE");
    }
    let if_not_exists = reader.accept_all(&["if", "not", "exists"]);
    Summary::CreateIndex {
        name: reader.name(),
        concurrently: false,
        if_not_exists,
    }
}

fn database_or(mut reader: Reader<'_>, database: &'static str) -> Summary {
    match reader.word().as_str() {
        "user" | "role" => Summary::Role,
        "database" | "schema" => Summary::ClusterWide(database),
        _ => Summary::Definition,
    }
}

fn load(mut reader: Reader<'_>) -> Summary {
    match reader.word().as_str() {
        "data" | "xml" => Summary::ReachesOutside("LOAD DATA"),
        _ => Summary::Other,
    }
}

/// `SELECT … INTO @variable` stays a query here; into a file, it does not.
fn query_or_write(reader: Reader<'_>) -> Summary {
    let mut ahead = reader.clone();
    let file = ahead.find_outside(&["outfile", "dumpfile"], &[]).is_some()
        && ahead.next().is_some_and(|token| token.kind == TokenKind::String);
    if file {
        return Summary::ReachesOutside("SELECT … INTO OUTFILE");
    }
    match reader.query_or_write() {
        Summary::Definition => Summary::Query,
        summary => summary,
    }
}
