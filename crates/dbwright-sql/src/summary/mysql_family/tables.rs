//! Names of tables, and the statements that are little more than a list of them.

use dbwright_catalog::Engine;

use super::types::{Form, MySqlFamilySummary, TableName};
use crate::summary::Summary;
use crate::summary::reader::Reader;

/// `[database.]table` that is next. What is not a name is not consumed.
pub(super) fn table_name(reader: &mut Reader<'_>) -> Option<TableName> {
    let mut ahead = reader.clone();
    // A leading dot stands for the database of the session.
    ahead.accept_symbol(".");
    let first = ahead.name()?;
    *reader = ahead;
    if !reader.accept_symbol(".") {
        return Some(TableName {
            schema: None,
            name: first,
        });
    }
    // `DELETE t.* FROM …` names a table.
    if reader.peek().is_some_and(|token| token.text == "*") {
        reader.next();
        return Some(TableName {
            schema: None,
            name: first,
        });
    }
    let name = reader.name()?;
    Some(TableName {
        schema: Some(first),
        name,
    })
}

/// Names with commas between them. The list ends with the first name that no comma follows.
pub(super) fn table_list(reader: &mut Reader<'_>) -> Vec<TableName> {
    let mut tables = Vec::new();
    while let Some(table) = table_name(reader) {
        tables.push(table);
        if !reader.accept_symbol(",") {
            break;
        }
    }
    tables
}

/// Names with more behind each of them: `a READ, b AS c WRITE`.
fn table_list_with_options(reader: &mut Reader<'_>) -> Vec<TableName> {
    let mut tables = Vec::new();
    while let Some(table) = table_name(reader) {
        tables.push(table);
        if !pass_to_comma(reader) {
            break;
        }
    }
    tables
}

/// Passes everything up to the next comma outside parentheses, with it; whether there was one.
fn pass_to_comma(reader: &mut Reader<'_>) -> bool {
    while let Some(token) = reader.next_outside() {
        if token.is_symbol(",") {
            return true;
        }
        if token.is_symbol(";") {
            return false;
        }
    }
    false
}

/// `WAIT n`, `NOWAIT` (MariaDB).
pub(super) fn pass_wait(reader: &mut Reader<'_>) {
    if reader.accept("wait") {
        reader.next();
    } else {
        reader.accept("nowait");
    }
}

/// `ANALYZE`, `CHECK`, `CHECKSUM`, `OPTIMIZE`, `REPAIR` with their tables; `CACHE INDEX`.
pub(super) fn maintenance(mut reader: Reader<'_>, engine: Engine) -> MySqlFamilySummary {
    let word = reader.word();
    let form = match word.as_str() {
        "analyze" => Form::AnalyzeTable,
        "check" | "checksum" => Form::CheckTable,
        "optimize" => Form::OptimizeTable,
        "repair" => Form::RepairTable,
        _ => Form::Other,
    };
    reader.accept_any(&["no_write_to_binlog", "local"]);
    let mut found = MySqlFamilySummary::of(Summary::Maintenance);
    found.implicit_commit = match word.as_str() {
        "checksum" => false,
        "cache" => engine == Engine::MySql,
        _ => true,
    };
    if reader.accept_any(&["table", "tables", "index"]) {
        found.tables = table_list(&mut reader);
        found.form = form;
    }
    found
}

/// `LOAD INDEX INTO CACHE`, behind its first two words.
pub(super) fn load_index(mut reader: Reader<'_>, engine: Engine) -> MySqlFamilySummary {
    reader.accept_all(&["into", "cache"]);
    let mut found = MySqlFamilySummary::of(Summary::Maintenance).with_tables(table_list_with_options(&mut reader));
    found.implicit_commit = engine == Engine::MySql;
    found
}

/// `LOCK TABLES`, `UNLOCK TABLES`, and the same for the whole instance.
pub(super) fn lock(mut reader: Reader<'_>) -> MySqlFamilySummary {
    let locks = reader.word() == "lock";
    if !reader.accept_any(&["table", "tables"]) {
        return MySqlFamilySummary::of(Summary::ClusterWide(if locks {
            "LOCK INSTANCE"
        } else {
            "UNLOCK INSTANCE"
        }));
    }
    let found = MySqlFamilySummary::committing(Summary::Session);
    if locks {
        let tables = table_list_with_options(&mut reader);
        found.with_form(Form::LockTables).with_tables(tables)
    } else {
        found.with_form(Form::UnlockTables)
    }
}
