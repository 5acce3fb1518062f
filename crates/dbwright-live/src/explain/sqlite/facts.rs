//! What SQLite knows of its tables: the schema, what `ANALYZE` has counted, and how many rows and pages there are now, as the
//! heads of the pages say.

use std::collections::BTreeMap;
use std::time::Duration;

use dbwright_catalog::{ColumnFacts, Engine, IndexFacts, PlanFacts, Setting, TableFacts, ViewFacts};
use dbwright_sql::{Token, tokens};
use rusqlite::Connection;

use crate::LiveError;
use crate::capture::sqlite::of_trees;
use crate::connect::SqliteConnection;

/// So much of a file may be read to count rows.
const COUNTING_LIMIT: Duration = Duration::from_secs(2);

const COLUMNS: &str = "SELECT m.name, c.name, c.type, c.\"notnull\" OR c.pk > 0 AND upper(c.type) = 'INTEGER'
    FROM main.sqlite_schema m JOIN pragma_table_xinfo(m.name) c
    WHERE m.type = 'table' AND m.rootpage > 0 ORDER BY m.rowid, c.cid";

/// Columns that are the rowid by another name: a primary key without an index of its own.
const ROWIDS: &str = "SELECT m.name, c.name FROM main.sqlite_schema m JOIN pragma_table_xinfo(m.name) c
    WHERE m.type = 'table' AND m.rootpage > 0 AND c.pk = 1
    AND NOT EXISTS (SELECT 1 FROM pragma_index_list(m.name) WHERE origin = 'pk')";

const INDEXES: &str = "SELECT m.name, l.name, l.\"unique\", x.name, x.coll, s.sql
    FROM main.sqlite_schema m JOIN pragma_index_list(m.name) l JOIN pragma_index_xinfo(l.name) x
    LEFT JOIN main.sqlite_schema s ON s.type = 'index' AND s.name = l.name
    WHERE m.type = 'table' AND m.rootpage > 0 AND x.key ORDER BY m.rowid, l.seq DESC, x.seqno";

/// What is known of all tables: a plan names them by what the query calls them.
pub(in crate::explain) async fn facts(connection: &SqliteConnection) -> Result<PlanFacts, LiveError> {
    let facts = connection.with(|connection| {
        connection.execute_batch("BEGIN")?;
        read(connection)
    });
    let mut facts = facts.await?;
    let counted = connection
        .with(|connection| of_trees(connection, COUNTING_LIMIT))
        .await?;
    let counted = counted.unwrap_or_default();
    for table in &mut facts.tables {
        if let Some(size) = counted.get(&table.name) {
            table.rows = Some(size.rows);
            #[expect(clippy::cast_precision_loss, reason = "nobody has so many pages")]
            let pages = size.pages as f64;
            table.pages = pages;
        }
    }
    Ok(facts)
}

fn read(connection: &Connection) -> rusqlite::Result<PlanFacts> {
    let mut tables: Vec<TableFacts> = Vec::new();
    let mut statement = connection.prepare(COLUMNS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        if tables.last().is_none_or(|table| table.name != name) {
            tables.push(TableFacts {
                schema: "main".to_owned(),
                name: name.clone(),
                ..TableFacts::default()
            });
        }
        let column: String = row.get(1)?;
        let collation = connection.column_metadata(Some("main"), name.as_str(), column.as_str());
        let collation = collation
            .ok()
            .and_then(|(_, collation, ..)| Some(collation?.to_string_lossy().into_owned()));
        if let Some(table) = tables.last_mut() {
            table.columns.push(ColumnFacts {
                name: column,
                data_type: row.get(2)?,
                collation: collation.filter(|collation| !collation.eq_ignore_ascii_case("binary")),
                not_null: row.get(3)?,
                ..ColumnFacts::default()
            });
        }
    }
    read_indexes(connection, &mut tables)?;
    read_counts(connection, &mut tables)?;
    let mut statement =
        connection.prepare("SELECT name, sql FROM main.sqlite_schema WHERE type = 'view' AND sql IS NOT NULL")?;
    let views = statement.query_map([], |row| {
        Ok(ViewFacts {
            name: row.get(0)?,
            sql: row.get(1)?,
        })
    })?;
    Ok(PlanFacts {
        tables,
        views: views.collect::<rusqlite::Result<_>>()?,
        settings: vec![Setting {
            name: "page_size".to_owned(),
            value: connection
                .query_row("PRAGMA main.page_size", [], |row| row.get::<_, i64>(0))?
                .to_string(),
        }],
    })
}

fn read_indexes(connection: &Connection, tables: &mut [TableFacts]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(ROWIDS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (table, key): (String, String) = (row.get(0)?, row.get(1)?);
        if let Some(table) = tables.iter_mut().find(|known| known.name == table) {
            table.indexes.push(IndexFacts {
                name: "INTEGER PRIMARY KEY".to_owned(),
                method: "rowid".to_owned(),
                unique: true,
                keys: vec![key],
                ..IndexFacts::default()
            });
        }
    }
    let mut statement = connection.prepare(INDEXES)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (table, name): (String, String) = (row.get(0)?, row.get(1)?);
        let Some(table) = tables.iter_mut().find(|known| known.name == table) else {
            continue;
        };
        let sql: Option<String> = row.get(5)?;
        let (expressions, predicate) = sql.as_deref().map(parts).unwrap_or_default();
        let known = table.indexes.iter().position(|index| index.name == name);
        let at = known.unwrap_or(table.indexes.len());
        if known.is_none() {
            table.indexes.push(IndexFacts {
                name,
                method: "btree".to_owned(),
                unique: row.get(2)?,
                predicate,
                ..IndexFacts::default()
            });
        }
        let column: Option<String> = row.get(3)?;
        let collation: Option<String> = row.get(4)?;
        let place = table.indexes[at].keys.len();
        let key = match &column {
            Some(column) => keyed(table, column, collation.as_deref().unwrap_or("BINARY")),
            None => expressions.get(place).cloned().unwrap_or_default(),
        };
        table.indexes[at].keys.push(key);
    }
    Ok(())
}

/// A column as an index has it: with the collation where it is not the column's own.
fn keyed(table: &TableFacts, column: &str, collation: &str) -> String {
    let own = table.column(column).and_then(|column| column.collation.as_deref());
    if own.unwrap_or("BINARY").eq_ignore_ascii_case(collation) {
        column.to_owned()
    } else {
        format!("{column} COLLATE {collation}")
    }
}

/// The keys of a `CREATE INDEX` as they stand there, and its condition.
fn parts(sql: &str) -> (Vec<String>, Option<String>) {
    let words: Vec<Token<'_>> = tokens(Engine::Sqlite, sql).filter(|token| !token.is_space()).collect();
    let source = |words: &[Token<'_>]| match (words.first(), words.last()) {
        (Some(first), Some(last)) => sql[first.span.range().start..last.span.range().end].to_owned(),
        _ => String::new(),
    };
    let Some(open) = words.iter().position(|word| word.is_symbol("(")) else {
        return (Vec::new(), None);
    };
    let mut depth = 0usize;
    let mut start = open + 1;
    let mut keys = Vec::new();
    for (index, word) in words.iter().enumerate().skip(open) {
        if word.is_symbol("(") {
            depth += 1;
        } else if word.is_symbol(")") {
            depth = depth.saturating_sub(1);
        }
        let ends = depth == 0;
        if ends || depth == 1 && word.is_symbol(",") {
            keys.push(source(&words[start..index]));
            start = index + 1;
        }
        if ends {
            break;
        }
    }
    let condition = words.get(start).filter(|word| word.is("where"));
    let predicate = condition.map(|_| source(&words[start + 1..]));
    (keys, predicate)
}

/// What `ANALYZE` has counted. <https://www.sqlite.org/fileformat2.html#the_sqlite_stat1_table>
fn read_counts(connection: &Connection, tables: &mut [TableFacts]) -> rusqlite::Result<()> {
    let Ok(mut statement) = connection.prepare("SELECT tbl, idx, stat FROM main.sqlite_stat1") else {
        // Nobody has run it.
        return Ok(());
    };
    let mut rows = statement.query([])?;
    let mut whole: BTreeMap<String, f64> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let text = |at: usize| row.get::<_, Option<String>>(at).ok().flatten();
        let (Some(name), index, Some(counts)) = (text(0), text(1), text(2)) else {
            continue;
        };
        let Some(table) = tables.iter_mut().find(|table| table.name.eq_ignore_ascii_case(&name)) else {
            continue;
        };
        let numbers: Vec<f64> = counts.split(' ').map_while(|word| word.parse().ok()).collect();
        let Some((all, each)) = numbers.split_first() else {
            continue;
        };
        // The primary key of a table WITHOUT ROWID stands there by the name of the table.
        let index = index.map(|index| {
            if index.eq_ignore_ascii_case(&table.name) {
                format!("sqlite_autoindex_{}_1", table.name)
            } else {
                index
            }
        });
        let index = index.and_then(|index| {
            table
                .indexes
                .iter_mut()
                .find(|known| known.name.eq_ignore_ascii_case(&index))
        });
        let is_partial = index.as_ref().is_some_and(|index| index.predicate.is_some());
        if let Some(index) = index {
            index.rows = Some(*all);
            index.rows_each = each.to_vec();
        }
        if !is_partial {
            let known = whole.entry(table.name.clone()).or_default();
            *known = known.max(*all);
        }
    }
    for table in tables {
        table.rows = whole.get(&table.name).copied();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_tables_indexes_and_views() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE TABLE a (id INTEGER PRIMARY KEY, mail TEXT COLLATE NOCASE NOT NULL, n INT, at);
                 CREATE UNIQUE INDEX a_mail ON a (mail);
                 CREATE INDEX a_n ON a (n, lower(mail)) WHERE n > 5 AND at IS NULL;
                 CREATE INDEX a_at ON a (at COLLATE NOCASE DESC);
                 CREATE TABLE b (x TEXT, y TEXT, PRIMARY KEY (x, y)) WITHOUT ROWID;
                 CREATE VIEW v AS SELECT 1;
                 WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 100)
                 INSERT INTO a SELECT n, n, n % 10, 1 FROM g; ANALYZE",
            )
            .unwrap();
        let facts = read(&connection).unwrap();
        let a = facts.table(None, "a").unwrap();
        assert_eq!(a.rows, Some(100.0));
        assert_eq!(a.column("mail").unwrap().collation.as_deref(), Some("NOCASE"));
        assert!(a.column("id").unwrap().not_null && !a.column("n").unwrap().not_null);
        let told: Vec<String> = a
            .indexes
            .iter()
            .map(|index| {
                let predicate = index.predicate.as_deref().unwrap_or("all");
                format!(
                    "{} ({}) {predicate} {:?}",
                    index.name,
                    index.keys.join(", "),
                    index.rows_each
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "INTEGER PRIMARY KEY (id) all []",
                "a_mail (mail) all [1.0]",
                "a_n (n, lower(mail)) n > 5 AND at IS NULL [0.0, 0.0]",
                "a_at (at COLLATE NOCASE) all [100.0]",
            ]
        );
        assert_eq!(facts.table(None, "b").unwrap().indexes[0].keys, ["x", "y"]);
        assert_eq!(facts.views[0].name, "v");
    }
}
