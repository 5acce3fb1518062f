//! The files of a twin: as long as production's, and nearly all of it nothing that takes room.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use dbwright_catalog::{GinPages, Snapshot, StoredKind, StoredRelation};

use super::end_points::Leaves;
use super::pages::{self, PAGE};
use crate::LiveError;
use crate::scratch::postgres::Session;

/// A file of a relation is no longer than this; what goes on has a number.
pub(super) const SEGMENT: u64 = 1 << 30;

/// What becomes of the files of all relations.
pub(super) struct Files {
    files: Vec<RelationFile>,
}

struct RelationFile {
    /// Below the data directory.
    path: PathBuf,
    pages: u64,
    head: Head,
}

/// What is written on the first pages.
enum Head {
    Nothing,
    Tree {
        levels: u32,
        leaf: Vec<Vec<u8>>,
    },
    /// Of a table whose indexes have ends.
    Visible,
    Brin {
        table_pages: u64,
    },
    Gin(GinPages),
}

impl Files {
    /// Finds the files, and decides what becomes of each.
    pub(super) async fn plan(
        session: &Session,
        snapshot: &Snapshot,
        leaves: &Leaves,
        reasons: &mut Vec<String>,
    ) -> Result<Self, LiveError> {
        let tables: HashMap<(&str, &str), u64> = snapshot
            .relations
            .iter()
            .filter(|relation| matches!(relation.kind, StoredKind::Table | StoredKind::MaterialisedView))
            .map(|relation| ((relation.schema.as_str(), relation.name.as_str()), size(relation)))
            .collect();
        let (mut files, mut estimated) = (Vec::new(), 0);
        let paths = paths(session).await?;
        let entries = entries(session).await?;
        for relation in snapshot.relations.iter().filter(|relation| relation.kind.has_file()) {
            let Some((oid, path)) = paths.get(&(relation.schema.clone(), relation.name.clone(), word(relation.kind)))
            else {
                // What could not be built is named elsewhere.
                continue;
            };
            let pages = size(relation);
            let head = match relation.access_method.as_deref() {
                Some("btree") => Head::Tree {
                    levels: if let Some(levels) = relation.tree_levels {
                        levels
                    } else {
                        estimated += u32::from(relation.kind == StoredKind::Index);
                        pages::levels(pages, entries.get(oid).copied().unwrap_or(28.0))
                    },
                    leaf: leaves.of_index(relation),
                },
                Some("brin") => Head::Brin {
                    table_pages: relation
                        .table
                        .as_deref()
                        .and_then(|table| tables.get(&(relation.schema.as_str(), table)))
                        .copied()
                        .unwrap_or_default(),
                },
                Some("gin") => relation.gin.map_or(Head::Nothing, Head::Gin),
                _ if leaves.has_table(relation) => Head::Visible,
                _ => Head::Nothing,
            };
            files.push(RelationFile {
                path: path.clone(),
                pages,
                head,
            });
        }
        if estimated > 0 {
            reasons.push(format!(
                "The heights of {estimated} B-trees are estimated; the extension pageinspect on production tells them to a \
                 superuser."
            ));
        }
        Ok(Files { files })
    }

    /// Writes them below a data directory whose server is stopped. What is new is given away by `give`.
    pub(super) fn write(&self, data: &Path, give: &dyn Fn(&Path) -> io::Result<()>) -> io::Result<()> {
        self.files.iter().try_for_each(|file| file.write(data, give))
    }
}

impl RelationFile {
    fn write(&self, data: &Path, give: &dyn Fn(&Path) -> io::Result<()>) -> io::Result<()> {
        let path = data.join(&self.path);
        let first = OpenOptions::new().read(true).write(true).open(&path)?;
        let has_meta = first.metadata()?.len() >= PAGE as u64;
        let mut pages = self.pages.max(u64::from(has_meta));
        if has_meta {
            let mut meta = vec![0; PAGE];
            first.read_exact_at(&mut meta, 0)?;
            match &self.head {
                Head::Nothing | Head::Visible => {}
                Head::Tree { levels, leaf } => {
                    // An index of one page has no tree yet.
                    if pages > 1 {
                        let below = pages::tree(&mut meta, *levels, leaf);
                        pages = pages.max(below.len() as u64 + 1);
                        for (page, number) in below.iter().zip(1..) {
                            first.write_all_at(page, number * PAGE as u64)?;
                        }
                    }
                }
                Head::Brin { table_pages } => pages::brin(&mut meta, *table_pages),
                Head::Gin(told) => pages::gin(&mut meta, told),
            }
            first.write_all_at(&meta, 0)?;
        }
        if matches!(self.head, Head::Visible) && pages > 0 {
            let (page, map) = pages::all_visible();
            first.write_all_at(&page, 0)?;
            let mut name = path.clone().into_os_string();
            name.push("_vm");
            std::fs::write(&name, map)?;
            give(Path::new(&name))?;
        }
        let bytes = pages * PAGE as u64;
        // Never shorter: what the server has made itself (a map of ranges) stays.
        let length = bytes.min(SEGMENT).max(first.metadata()?.len());
        first.set_len(length)?;
        for number in 1..bytes.div_ceil(SEGMENT) {
            let mut name = path.clone().into_os_string();
            name.push(format!(".{number}"));
            let segment = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&name)?;
            segment.set_len((bytes - number * SEGMENT).min(SEGMENT))?;
            give(Path::new(&name))?;
        }
        Ok(())
    }
}

/// Pages of a file: what it takes, or took when somebody last looked.
fn size(relation: &StoredRelation) -> u64 {
    let seen = u64::try_from(relation.pages).unwrap_or_default();
    relation.bytes.map_or(seen, |bytes| bytes / PAGE as u64)
}

/// What a relation is told apart by from others of its name.
fn word(kind: StoredKind) -> &'static str {
    match kind {
        StoredKind::Toast => "toast",
        StoredKind::ToastIndex => "toast index",
        StoredKind::Index | StoredKind::PartitionedIndex => "index",
        StoredKind::Table | StoredKind::PartitionedTable | StoredKind::MaterialisedView | StoredKind::ForeignTable => {
            "table"
        }
    }
}

/// OIDs and files of all relations, by schema, name and what they are. A table's toast goes by the table's name.
async fn paths(session: &Session) -> Result<HashMap<(String, String, &'static str), (String, PathBuf)>, LiveError> {
    let sql = "SELECT c.oid, COALESCE(o.nspname, n.nspname), COALESCE(o.relname, c.relname), c.relkind, \
                  COALESCE(t.relkind = 't', false), pg_catalog.pg_relation_filepath(c.oid) \
               FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_catalog.pg_class t ON t.oid = i.indrelid \
               LEFT JOIN (SELECT ow.reltoastrelid, ow.relname, ns.nspname FROM pg_catalog.pg_class ow \
                    JOIN pg_catalog.pg_namespace ns ON ns.oid = ow.relnamespace WHERE ow.reltoastrelid <> 0) o \
                 ON o.reltoastrelid = CASE c.relkind WHEN 't' THEN c.oid ELSE t.oid END \
               WHERE c.relkind IN ('r', 'm', 'i', 't') AND c.oid >= 16384 AND c.relpersistence <> 't'";
    let answer = session.client.simple_query(sql).await;
    let answer = answer.map_err(|error| LiveError::postgres("finding the files of a twin", error))?;
    let mut paths = HashMap::new();
    for message in &answer {
        if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
            let text = |at| row.get(at).unwrap_or_default().to_owned();
            let kind = match (row.get(3).unwrap_or_default(), row.get(4)) {
                ("t", _) => StoredKind::Toast,
                ("i", Some("t")) => StoredKind::ToastIndex,
                ("i", _) => StoredKind::Index,
                _ => StoredKind::Table,
            };
            paths.insert((text(1), text(2), word(kind)), (text(0), PathBuf::from(text(5))));
        }
    }
    Ok(paths)
}

/// How many bytes an entry takes on the inner pages of every B-tree, by the widths and numbers of values of its columns; by the
/// OID of the index.
async fn entries(session: &Session) -> Result<HashMap<String, f64>, LiveError> {
    let sql = "SELECT i.indexrelid, COALESCE(s.stawidth, NULLIF(ia.attlen, -1), 16), \
            CASE WHEN s.stadistinct < 0 THEN -s.stadistinct * c.reltuples ELSE s.stadistinct END, c.reltuples \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid \
         JOIN pg_catalog.pg_attribute ia ON ia.attrelid = i.indexrelid AND ia.attnum <= i.indnkeyatts \
         LEFT JOIN pg_catalog.pg_statistic s ON NOT s.stainherit \
            AND s.starelid = CASE i.indkey[ia.attnum - 1] WHEN 0 THEN i.indexrelid ELSE i.indrelid END \
            AND s.staattnum = CASE i.indkey[ia.attnum - 1] WHEN 0 THEN ia.attnum ELSE i.indkey[ia.attnum - 1] END \
         WHERE i.indexrelid >= 16384 ORDER BY i.indexrelid, ia.attnum";
    let answer = session.client.simple_query(sql).await;
    let answer = answer.map_err(|error| LiveError::postgres("finding the files of a twin", error))?;
    let mut columns: HashMap<String, (Vec<(f64, f64)>, f64)> = HashMap::new();
    for message in &answer {
        if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
            let number = |at: usize| row.get(at).and_then(|text| text.parse::<f64>().ok());
            let rows = number(3).unwrap_or_default();
            // Where nothing is known, every row has a value of its own.
            let distinct = number(2).filter(|distinct| *distinct > 0.0).unwrap_or(rows);
            let index = columns.entry(row.get(0).unwrap_or_default().to_owned()).or_default();
            index.0.push((number(1).unwrap_or(16.0), distinct));
            index.1 = rows;
        }
    }
    Ok(columns
        .into_iter()
        .map(|(oid, (columns, rows))| (oid, pages::inner_entry(&columns, rows)))
        .collect())
}

pub(super) async fn ask(session: &Session, sql: &str) -> Result<Option<String>, LiveError> {
    let answer = session.client.simple_query(sql).await;
    let answer = answer.map_err(|error| LiveError::postgres("finding the files of a twin", error))?;
    Ok(answer.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}
