//! The ends of B-trees: entries with the least and the greatest value, made by the server itself, as only it knows how it
//! keeps a value of a type.

use std::collections::{BTreeMap, HashMap, HashSet};

use dbwright_catalog::{EndPoints, Engine, Snapshot, StoredKind, StoredRelation};
use dbwright_ddl::quote_literal;

use super::files::ask;
use super::pages::{self, PAGE};
use crate::LiveError;
use crate::scratch::postgres::Session;

/// Longer values would be kept elsewhere than in their row.
const BYTES_MAX: usize = 1500;

/// What stands on the leaves of B-trees, by schema and name of the index.
#[derive(Default)]
pub(super) struct Leaves {
    indexes: HashMap<(String, String), Vec<Vec<u8>>>,
    /// Schemas and names of the tables.
    tables: HashSet<(String, String)>,
}

/// The first column of an index of the twin.
struct Key {
    kind: String,
    varies: bool,
    columns: usize,
    descending: bool,
}

/// An index whose entries are made of two rows of a helper table.
struct Made<'a> {
    relation: &'a StoredRelation,
    rows: Vec<(usize, usize)>,
}

impl Leaves {
    /// Has the server keep the values of every type in a table of its own, reads how it does, and removes these tables.
    pub(super) async fn make(
        session: &Session,
        snapshot: &Snapshot,
        reasons: &mut Vec<String>,
    ) -> Result<Self, LiveError> {
        let mut leaves = Leaves::default();
        let with_ends: Vec<(&StoredRelation, &EndPoints)> = snapshot
            .relations
            .iter()
            .filter(|relation| relation.kind == StoredKind::Index)
            .filter_map(|relation| Some((relation, relation.end_points.as_ref()?)))
            .collect();
        if with_ends.is_empty() {
            return Ok(leaves);
        }
        let keys = keys(session).await?;
        let mut kinds: BTreeMap<&str, Vec<(&StoredRelation, &EndPoints)>> = BTreeMap::new();
        for (relation, ends) in with_ends {
            let name = (relation.schema.clone(), relation.name.clone());
            // What could not be built is named elsewhere.
            if let Some(key) = keys.get(&name) {
                kinds.entry(&key.kind).or_default().push((relation, ends));
            }
        }
        run(session, "CREATE SCHEMA dbwright_ends").await?;
        let mut tables = Vec::new();
        for (number, (kind, indexes)) in kinds.iter().enumerate() {
            let table = format!("dbwright_ends.kind_{number}");
            run(session, &format!("CREATE TABLE {table} (value {kind})")).await?;
            let mut made = Vec::new();
            for (relation, ends) in indexes {
                match insert(session, &table, ends).await? {
                    Ok(rows) => made.push(Made { relation, rows }),
                    Err(why) => reasons.push(format!(
                        "The end points of {} are not in the twin: {why}.",
                        relation.full_name()
                    )),
                }
            }
            tables.push((table, made));
        }
        run(session, "CHECKPOINT").await?;
        for (table, made) in tables {
            let sql = format!(
                "SELECT pg_catalog.encode(pg_catalog.pg_read_binary_file(pg_catalog.pg_relation_filepath('{table}')), 'hex')"
            );
            let file = bytes(&ask(session, &sql).await?.unwrap_or_default());
            for Made { relation, rows } in made {
                let name = (relation.schema.clone(), relation.name.clone());
                let Some(key) = keys.get(&name) else { continue };
                let mut entries: Vec<Vec<u8>> = rows
                    .iter()
                    .zip(1..)
                    .filter_map(|((page, row), number)| {
                        let value = pages::column_bytes(file.get(page * PAGE..(page + 1) * PAGE)?, *row)?;
                        Some(pages::tree_entry(number, key.columns, key.varies, value))
                    })
                    .collect();
                if key.descending {
                    entries.reverse();
                }
                if let Some(table) = &relation.table {
                    leaves.tables.insert((relation.schema.clone(), table.clone()));
                }
                leaves.indexes.insert(name, entries);
            }
        }
        run(session, "DROP SCHEMA dbwright_ends CASCADE").await?;
        Ok(leaves)
    }

    /// What stands on the leaf of an index.
    pub(super) fn of_index(&self, relation: &StoredRelation) -> Vec<Vec<u8>> {
        let name = (relation.schema.clone(), relation.name.clone());
        let is_index = relation.kind == StoredKind::Index;
        let found = is_index.then(|| self.indexes.get(&name)).flatten();
        found.cloned().unwrap_or_default()
    }

    /// Whether an index of this table has ends.
    pub(super) fn has_table(&self, relation: &StoredRelation) -> bool {
        matches!(relation.kind, StoredKind::Table | StoredKind::MaterialisedView)
            && self.tables.contains(&(relation.schema.clone(), relation.name.clone()))
    }
}

/// The first columns of all B-trees.
async fn keys(session: &Session) -> Result<HashMap<(String, String), Key>, LiveError> {
    // Names are kept as C strings in an index, which no column of a table may be.
    let sql = "SELECT n.nspname, c.relname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attlen < 0, i.indnatts, \
                  i.indoption[0] & 1 \
               FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
               JOIN pg_catalog.pg_am m ON m.oid = c.relam AND m.amname = 'btree' \
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1 \
               WHERE c.relkind = 'i' AND a.atttypid <> 'pg_catalog.cstring'::pg_catalog.regtype";
    let answer = session.client.simple_query(sql).await.map_err(trouble)?;
    let mut keys = HashMap::new();
    for message in &answer {
        if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
            let text = |index| row.get(index).unwrap_or_default().to_owned();
            let key = Key {
                kind: text(2),
                varies: text(3) == "t",
                columns: text(4).parse().unwrap_or(1),
                descending: text(5) == "1",
            };
            keys.insert((text(0), text(1)), key);
        }
    }
    Ok(keys)
}

/// Where the values are after this, as page and row; or why they can't be kept.
async fn insert(
    session: &Session,
    table: &str,
    ends: &EndPoints,
) -> Result<Result<Vec<(usize, usize)>, String>, LiveError> {
    if ends.least.len().max(ends.greatest.len()) > BYTES_MAX {
        return Ok(Err("they are too long".to_owned()));
    }
    let literal = |text: &str| quote_literal(Engine::Postgres, text);
    let values = if ends.least == ends.greatest {
        format!("({})", literal(&ends.least))
    } else {
        format!("({}), ({})", literal(&ends.least), literal(&ends.greatest))
    };
    let sql = format!("INSERT INTO {table} VALUES {values} RETURNING ctid");
    let answer = match session.client.simple_query(&sql).await {
        Ok(answer) => answer,
        Err(error) => {
            return match error.as_db_error() {
                Some(said) => Ok(Err(said.message().to_owned())),
                None => Err(trouble(error)),
            };
        }
    };
    let rows = answer.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => {
            let (page, row) = row.get(0)?.trim_matches(['(', ')']).split_once(',')?;
            Some((page.parse().ok()?, row.parse().ok()?))
        }
        _ => None,
    });
    Ok(Ok(rows.collect()))
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    (0..hexadecimal.len() / 2)
        .map_while(|at| u8::from_str_radix(hexadecimal.get(2 * at..2 * at + 2)?, 16).ok())
        .collect()
}

async fn run(session: &Session, sql: &str) -> Result<(), LiveError> {
    session.client.batch_execute(sql).await.map_err(trouble)
}

fn trouble(error: tokio_postgres::Error) -> LiveError {
    LiveError::postgres("making the end points of a twin", error)
}
