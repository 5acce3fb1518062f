//! The values at both ends of B-trees, which the planner looks up where a query asks for what lies beyond a histogram
//! (`get_actual_variable_range` of the server).
//!
//! This is the only place where a table is asked, and only where its values were asked for: two searches by an index, which
//! end at the first row. The plan is looked at before, so that nothing is ever read whole.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{EndPoints, Engine, SampleValues, StoredKind, StoredRelation, Unread};

use super::queries::FIRST_OWN_OID;
use super::rights::Rights;
use super::statistics::Allowed;
use super::{Row, is_gone};
use crate::LiveError;
use crate::capture::catalogs::MARK;
use crate::connect::Connection;

/// What makes the planner take the index, and whatever goes wrong short.
const SET_UP: &str = "\
    SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; \
    SET max_parallel_workers_per_gather = 0; SET lock_timeout = 200; SET statement_timeout = 5000";

/// For so many tables grants are written out.
const GRANTS: usize = 5;

/// Indexes whose ends the planner looks at: whole, and sorted as the type of their first column is.
fn indexes() -> String {
    format!(
        "SELECT i.indrelid, tn.nspname, t.relname, i.indexrelid, ic.relname, i.indkey[0], \
            CASE WHEN i.is_locked THEN '' ELSE pg_catalog.pg_get_indexdef(i.indexrelid, 1, false) END, i.indoption[0] & 1, i.indoption[0] & 2, \
            i.is_locked, \
            pg_catalog.row_security_active(t.oid), CASE WHEN i.indkey[0] = 0 \
               THEN pg_catalog.has_table_privilege(t.oid, 'SELECT') \
               ELSE pg_catalog.has_column_privilege(t.oid, i.indkey[0], 'SELECT') END, \
            i.indkey[0] = 0 AND EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = i.indexrelid \
               AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
               AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass)) \
         FROM (SELECT x.*, x.indrelid = ANY (l.locked) OR x.indexrelid = ANY (l.locked) AS is_locked \
            FROM (SELECT ARRAY(SELECT l.relation FROM pg_catalog.pg_locks l WHERE l.locktype = 'relation' \
               AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_catalog.pg_backend_pid() AND l.database = \
                 (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())) AS locked \
               OFFSET 0) l, pg_catalog.pg_index x) i \
         JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid \
         JOIN pg_catalog.pg_class t ON t.oid = i.indrelid \
         JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace \
         JOIN pg_catalog.pg_am am ON am.oid = ic.relam AND am.amname = 'btree' \
         JOIN pg_catalog.pg_opclass oc ON oc.oid = i.indclass[0] AND oc.opcdefault \
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0] AND i.indkey[0] <> 0 \
         WHERE i.indisvalid AND i.indpred IS NULL AND t.oid >= {FIRST_OWN_OID} AND t.relkind IN ('r', 'm') \
           AND t.relpersistence <> 't' AND t.relispopulated AND t.relpages > 0 \
           AND (a.attnum IS NULL OR a.attcollation = i.indcollation[0]) \
           AND tn.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'dbwright') \
         ORDER BY i.indrelid, i.indexrelid"
    )
}

/// The first column of an index.
struct Part {
    index: String,
    /// As SQL.
    key: String,
    descending: bool,
    nulls_first: bool,
}

/// What is asked of one table.
struct Asked {
    schema: String,
    table: String,
    parts: Vec<Part>,
}

/// Finds the ends of all B-trees whose values may be taken.
pub(super) async fn capture(
    connection: &mut Connection,
    values: &SampleValues,
    rights: &Rights,
    relations: &mut [StoredRelation],
    missing: &mut Vec<Unread>,
) -> Result<(), LiveError> {
    if values.is_none() {
        return Ok(());
    }
    let allowed = Allowed::ask(connection, values).await?;
    let mut tables: BTreeMap<String, Asked> = BTreeMap::new();
    let (mut hidden, mut computed) = (Vec::new(), Vec::new());
    let mut forbidden = Forbidden::default();
    for mut row in Row::all(connection.rows(&indexes()).await?) {
        let (oid, schema, table) = (row.text(), row.text(), row.text());
        let (index_oid, index, column) = (row.text(), row.text(), row.text());
        let part = Part {
            index,
            key: row.text(),
            descending: row.number() != 0,
            nulls_first: row.number() != 0,
        };
        let (is_locked, is_hidden, may, is_computed) = (row.flag(), row.flag(), row.flag(), row.flag());
        let may_take = if column == "0" {
            allowed.has(&index_oid, "1")
        } else {
            allowed.has(&oid, &column)
        };
        if !may_take {
            continue;
        }
        if is_locked {
            missing.push(Unread {
                what: format!("end points of {schema}.{}", part.index),
                why: "Somebody holds its table under an ACCESS EXCLUSIVE lock.".to_owned(),
            });
        } else if is_computed {
            computed.push(part.index);
        } else if is_hidden {
            hidden.push(part.index);
        } else if !may {
            forbidden.add(&schema, &table, (column != "0").then_some(part.key));
        } else {
            let asked = tables.entry(oid).or_insert_with(|| Asked {
                schema,
                table,
                parts: Vec::new(),
            });
            asked.parts.push(part);
        }
    }
    missing.extend(forbidden.said(&rights.role));
    if !hidden.is_empty() {
        missing.push(Unread {
            what: format!("end points of {}", hidden.join(", ")),
            why: format!(
                "Row security hides rows of their tables from the role {}; one with BYPASSRLS sees them.",
                rights.role
            ),
        });
    }
    if !computed.is_empty() {
        missing.push(Unread {
            what: format!("end points of {}", computed.join(", ")),
            why: "They are computed by functions of the database, which are not run.".to_owned(),
        });
    }
    if tables.is_empty() {
        return Ok(());
    }
    connection.rows(SET_UP).await?;
    let mut found = BTreeMap::new();
    for asked in tables.values() {
        match ends(connection, asked).await {
            Ok(ends) => {
                for (part, ends) in asked.parts.iter().zip(ends) {
                    found.insert((asked.schema.clone(), part.index.clone()), ends);
                }
            }
            Err(Trouble::Gone(error)) => return Err(error),
            Err(Trouble::Said(why)) => missing.push(Unread {
                what: format!("end points of the indexes of {}.{}", asked.schema, asked.table),
                why,
            }),
        }
    }
    for relation in relations
        .iter_mut()
        .filter(|relation| relation.kind == StoredKind::Index)
    {
        let key = (relation.schema.clone(), relation.name.clone());
        relation.end_points = found.remove(&key).flatten();
    }
    Ok(())
}

/// Indexes whose first column the role may not read.
#[derive(Default)]
struct Forbidden {
    indexes: usize,
    /// By table, as SQL: its columns, nothing where an expression needs all of them.
    tables: BTreeMap<String, Option<BTreeSet<String>>>,
}

impl Forbidden {
    fn add(&mut self, schema: &str, table: &str, column: Option<String>) {
        self.indexes += 1;
        let quoted = |name: &str| dbwright_ddl::quote_identifier(Engine::Postgres, name);
        let columns = self
            .tables
            .entry(format!("{}.{}", quoted(schema), quoted(table)))
            .or_insert_with(|| Some(BTreeSet::new()));
        match (columns.as_mut(), column) {
            (Some(columns), Some(column)) => drop(columns.insert(column)),
            (_, None) => *columns = None,
            (None, Some(_)) => {}
        }
    }

    /// What is said of them, with the grants that help.
    fn said(&self, role: &str) -> Option<Unread> {
        if self.indexes == 0 {
            return None;
        }
        let grant = |(table, columns): (&String, &Option<BTreeSet<String>>)| match columns {
            Some(columns) => {
                let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
                format!("GRANT SELECT ({}) ON {table} TO {role}", columns.join(", "))
            }
            None => format!("GRANT SELECT ON {table} TO {role}"),
        };
        let grants: Vec<String> = self.tables.iter().map(grant).collect();
        let help = if grants.len() > GRANTS {
            format!(
                "`{}`, and so on; or, 14 and later, `GRANT pg_read_all_data TO {role}`",
                grants[..GRANTS].join("; ")
            )
        } else {
            format!("`{}`", grants.join("; "))
        };
        Some(Unread {
            what: match self.indexes {
                1 => "end points of 1 index".to_owned(),
                number => format!("end points of {number} indexes"),
            },
            why: format!(
                "The role {role} may not read the first columns of these; the smallest grant that helps: {help}."
            ),
        })
    }
}

enum Trouble {
    Gone(LiveError),
    Said(String),
}

impl From<LiveError> for Trouble {
    fn from(error: LiveError) -> Self {
        if is_gone(&error) {
            Trouble::Gone(error)
        } else {
            Trouble::Said(format!("{error}."))
        }
    }
}

/// The ends of each part, nothing where there is no value.
async fn ends(connection: &mut Connection, asked: &Asked) -> Result<Vec<Option<EndPoints>>, Trouble> {
    let sql = question(asked);
    let plan = connection.rows(&format!("EXPLAIN (COSTS OFF) {sql}")).await?;
    let reads_all = |line: &str| ["Seq Scan", "Sort", "Bitmap"].iter().any(|node| line.contains(node));
    if plan.iter().flatten().flatten().any(|line| reads_all(line)) {
        return Err(Trouble::Said(
            "The server would read more than the ends of an index to tell them.".to_owned(),
        ));
    }
    let rows = connection.rows(&sql).await?;
    let mut row = Row::all(rows).next().unwrap_or_default();
    let ends = asked.parts.iter().map(|part| {
        let (front, back) = (row.maybe(), row.maybe());
        let mut ends = EndPoints {
            least: front?,
            greatest: back?,
        };
        if part.descending {
            std::mem::swap(&mut ends.least, &mut ends.greatest);
        }
        Some(ends)
    });
    Ok(ends.collect())
}

/// One statement for all indexes of a table. Every value is printed by the output function of its type.
fn question(asked: &Asked) -> String {
    let quoted = |name: &str| dbwright_ddl::quote_identifier(dbwright_catalog::Engine::Postgres, name);
    let table = format!("{}.{}", quoted(&asked.schema), quoted(&asked.table));
    let ends: Vec<String> = asked
        .parts
        .iter()
        .flat_map(|part| {
            [false, true].map(|backward| {
                let key = &part.key;
                let direction = if part.descending == backward { "ASC" } else { "DESC" };
                let nulls = if part.nulls_first == backward { "LAST" } else { "FIRST" };
                format!(
                    "(SELECT pg_catalog.format('%s', {MARK}.value) FROM (SELECT {key} AS value FROM ONLY {table} \
                     WHERE {key} IS NOT NULL ORDER BY {key} {direction} NULLS {nulls} LIMIT 1) {MARK})"
                )
            })
        })
        .collect();
    format!("SELECT {}", ends.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_asked_in_the_order_of_the_index() {
        let part = |descending, nulls_first| Asked {
            schema: "app".to_owned(),
            table: "Orders".to_owned(),
            parts: vec![Part {
                index: "i".to_owned(),
                key: "placed".to_owned(),
                descending,
                nulls_first,
            }],
        };
        for (descending, nulls_first, first, last) in [
            (false, false, "ASC NULLS LAST", "DESC NULLS FIRST"),
            (true, true, "DESC NULLS FIRST", "ASC NULLS LAST"),
            (true, false, "DESC NULLS LAST", "ASC NULLS FIRST"),
        ] {
            let sql = question(&part(descending, nulls_first));
            let orders: Vec<&str> = sql
                .split("ORDER BY placed ")
                .skip(1)
                .filter_map(|rest| rest.split_once(" LIMIT"))
                .map(|(order, _)| order)
                .collect();
            assert_eq!(orders, [first, last]);
            assert!(sql.contains("FROM ONLY app.\"Orders\""), "{sql}");
        }
    }
}
