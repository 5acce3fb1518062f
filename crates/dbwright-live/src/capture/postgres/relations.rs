//! Tables, indexes and what belongs to them: how large, how high, how busy.

use std::collections::BTreeMap;

use dbwright_catalog::{Activity, GinPages, StoredKind, StoredRelation, Unread};

use super::queries::FIRST_OWN_OID;
use super::{Row, first, is_gone};
use crate::LiveError;
use crate::connect::Connection;

/// A lock can be taken between looking and asking.
const ATTEMPTS: u32 = 3;

/// Asks everything of every relation.
pub(super) async fn capture(
    connection: &mut Connection,
    missing: &mut Vec<Unread>,
) -> Result<Vec<StoredRelation>, LiveError> {
    let frozen = if connection.server().version.major >= 18 {
        "c.relallfrozen"
    } else {
        "NULL"
    };
    let rows = connection.rows(&relations(frozen)).await?;
    let sizes = sizes(connection, missing).await?;
    let mut found = BTreeMap::new();
    for mut row in Row::all(rows) {
        let oid = row.text();
        let Some(kind) = kind(&row.text(), &row.text()) else {
            continue;
        };
        let relation = StoredRelation {
            kind,
            schema: row.text(),
            name: row.text(),
            table: row.maybe(),
            access_method: row.maybe(),
            pages: row.number(),
            tuples: row.float(),
            all_visible: row.number(),
            all_frozen: row.maybe_number(),
            bytes: sizes.get(&oid).copied(),
            tree_levels: None,
            gin: None,
            end_points: None,
            activity: row.flag().then(|| Activity {
                sequential_scans: row.number(),
                index_scans: row.number(),
                inserted: row.number(),
                updated: row.number(),
                deleted: row.number(),
                dead: row.number(),
                changed_since_analyze: row.number(),
            }),
        };
        found.insert(oid, relation);
    }
    inspect(connection, &mut found, missing).await?;
    let mut relations: Vec<StoredRelation> = found.into_values().collect();
    relations.sort_by(|a, b| (&a.schema, &a.name, a.kind).cmp(&(&b.schema, &b.name, b.kind)));
    Ok(relations)
}

fn kind(relkind: &str, of_toast: &str) -> Option<StoredKind> {
    Some(match (relkind, of_toast) {
        ("r", _) => StoredKind::Table,
        ("p", _) => StoredKind::PartitionedTable,
        ("m", _) => StoredKind::MaterialisedView,
        ("f", _) => StoredKind::ForeignTable,
        ("i", "t") => StoredKind::ToastIndex,
        ("i", _) => StoredKind::Index,
        ("I", _) => StoredKind::PartitionedIndex,
        ("t", _) => StoredKind::Toast,
        _ => return None,
    })
}

/// A table's toast goes by the table's name: its own is made of an OID.
fn relations(frozen: &str) -> String {
    format!(
        "SELECT c.oid, c.relkind, (t.relkind = 't'), COALESCE(o.nspname, n.nspname), COALESCE(o.relname, c.relname), \
            CASE WHEN c.relkind IN ('i', 'I') AND t.relkind <> 't' THEN t.relname END, a.amname, \
            c.relpages, c.reltuples, c.relallvisible, {frozen}, \
            (s.relid IS NOT NULL OR si.indexrelid IS NOT NULL), COALESCE(s.seq_scan, 0), \
            COALESCE(s.idx_scan, si.idx_scan, 0), COALESCE(s.n_tup_ins, 0), COALESCE(s.n_tup_upd, 0), \
            COALESCE(s.n_tup_del, 0), COALESCE(s.n_dead_tup, 0), COALESCE(s.n_mod_since_analyze, 0) \
         FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam \
         LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid \
         LEFT JOIN pg_catalog.pg_class t ON t.oid = i.indrelid \
         LEFT JOIN (SELECT ow.reltoastrelid, ow.relname, ns.nspname FROM pg_catalog.pg_class ow \
              JOIN pg_catalog.pg_namespace ns ON ns.oid = ow.relnamespace WHERE ow.reltoastrelid <> 0) o \
           ON o.reltoastrelid = CASE c.relkind WHEN 't' THEN c.oid ELSE t.oid END \
         LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid \
         LEFT JOIN pg_catalog.pg_stat_all_indexes si ON si.indexrelid = c.oid \
         WHERE c.oid >= {FIRST_OWN_OID} AND c.relkind IN ('r', 'p', 'm', 'f', 'i', 'I', 't') \
           AND c.relpersistence <> 't' \
           AND COALESCE(o.nspname, n.nspname) NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'dbwright')"
    )
}

/// What files take, of everything that nobody has locked for himself.
async fn sizes(connection: &mut Connection, missing: &mut Vec<Unread>) -> Result<BTreeMap<String, u64>, LiveError> {
    let locked = "pg_catalog.pg_locks l WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' \
                  AND l.pid <> pg_catalog.pg_backend_pid() \
                  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())";
    // The locks stand in an array, so that they are looked at once and before any size is asked.
    let sql = format!(
        "SELECT c.oid, CASE WHEN c.oid = ANY(b.locked) THEN NULL ELSE pg_catalog.pg_relation_size(c.oid) END, \
            n.nspname || '.' || c.relname \
         FROM (SELECT ARRAY(SELECT l.relation FROM {locked}) AS locked OFFSET 0) b, pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.oid >= {FIRST_OWN_OID} AND c.relkind IN ('r', 'm', 'i', 't') AND c.relpersistence <> 't'"
    );
    let mut attempt = 1;
    let rows = loop {
        match connection.rows(&sql).await {
            Ok(rows) => break rows,
            Err(error) if is_gone(&error) => return Err(error),
            Err(_) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => {
                missing.push(Unread {
                    what: "sizes of files".to_owned(),
                    why: format!("The server does not tell them: {error}. Those of the last ANALYZE are used."),
                });
                return Ok(BTreeMap::new());
            }
        }
    };
    let mut sizes = BTreeMap::new();
    for mut row in Row::all(rows) {
        let (oid, bytes, name) = (row.text(), row.maybe(), row.text());
        match bytes.and_then(|bytes| bytes.parse().ok()) {
            Some(bytes) => drop(sizes.insert(oid, bytes)),
            None => missing.push(Unread {
                what: format!("size of {name}"),
                why: "Somebody holds it under an ACCESS EXCLUSIVE lock (or has just dropped it); its size of the last \
                      ANALYZE is used."
                    .to_owned(),
            }),
        }
    }
    Ok(sizes)
}

/// What indexes note of themselves: only pageinspect tells, and only those who may use it.
async fn inspect(
    connection: &mut Connection,
    found: &mut BTreeMap<String, StoredRelation>,
    missing: &mut Vec<Unread>,
) -> Result<(), LiveError> {
    let is_of = |method: &'static str| {
        move |(_, relation): &(&String, &StoredRelation)| {
            relation.kind.has_file() && relation.access_method.as_deref() == Some(method) && relation.bytes.is_some()
        }
    };
    let trees: Vec<&str> = found
        .iter()
        .filter(is_of("btree"))
        .map(|(oid, _)| oid.as_str())
        .collect();
    let gins: Vec<&str> = found.iter().filter(is_of("gin")).map(|(oid, _)| oid.as_str()).collect();
    if trees.is_empty() && gins.is_empty() {
        return Ok(());
    }
    let schema = first(
        connection,
        "SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_proc p \
         JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
         JOIN pg_catalog.pg_extension e ON e.extname = 'pageinspect' AND e.extnamespace = n.oid \
         WHERE p.proname = 'bt_metap' AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE') \
           AND pg_catalog.current_setting('is_superuser') = 'on'",
    )
    .await?;
    let Some(schema) = schema else {
        if !gins.is_empty() {
            missing.push(Unread {
                what: match gins.len() {
                    1 => "metadata of 1 GIN index".to_owned(),
                    number => format!("metadata of {number} GIN indexes"),
                },
                why: "Their costs depend on it, and only the extension pageinspect tells it, to a superuser; the twin \
                      estimates it."
                    .to_owned(),
            });
        }
        return Ok(());
    };
    let heights = format!(
        "SELECT c.oid, ({schema}.bt_metap(pg_catalog.format('%I.%I', n.nspname, c.relname))).fastlevel \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid IN ({})",
        listed(&trees)
    );
    let pages = format!(
        "SELECT c.oid, g.n_pending_pages, g.n_total_pages, g.n_entry_pages, g.n_data_pages, g.n_entries \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, \
         LATERAL {schema}.gin_metapage_info({schema}.get_raw_page(pg_catalog.format('%I.%I', n.nspname, c.relname), 0)) g \
         WHERE c.oid IN ({})",
        listed(&gins)
    );
    for (sql, what) in [(heights, "heights of B-trees"), (pages, "metadata of GIN indexes")] {
        let rows = match connection.rows(&sql).await {
            Ok(rows) => rows,
            Err(error) if is_gone(&error) => return Err(error),
            Err(error) => {
                missing.push(Unread {
                    what: what.to_owned(),
                    why: format!("pageinspect does not tell them: {error}. The twin estimates them."),
                });
                continue;
            }
        };
        for mut row in Row::all(rows) {
            let Some(relation) = found.get_mut(&row.text()) else {
                continue;
            };
            if relation.access_method.as_deref() == Some("btree") {
                relation.tree_levels = row.maybe().and_then(|level| level.parse().ok());
            } else {
                relation.gin = Some(GinPages {
                    pending_pages: row.number(),
                    total_pages: row.number(),
                    entry_pages: row.number(),
                    data_pages: row.number(),
                    entries: row.number(),
                });
            }
        }
    }
    Ok(())
}

/// For `IN (…)`, which takes no empty list.
fn listed(oids: &[&str]) -> String {
    if oids.is_empty() {
        "0".to_owned()
    } else {
        oids.join(", ")
    }
}
