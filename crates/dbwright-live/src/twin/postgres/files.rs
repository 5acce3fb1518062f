//! The files of a twin: as long as production's, and nearly all of it nothing that takes room.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use dbwright_catalog::{GinPages, Snapshot, StoredKind, StoredRelation};

use super::end_points::Leaves;
use super::pages::{self, PAGE};
use super::statistics::oid_of;
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
        for relation in snapshot.relations.iter().filter(|relation| relation.kind.has_file()) {
            let oid = oid_of(relation);
            let Some(path) = ask(session, &format!("SELECT pg_catalog.pg_relation_filepath(({oid}))")).await? else {
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
                        pages::levels(pages, entry_bytes(session, &oid).await?)
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
                path: path.into(),
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

/// How many bytes an entry takes on the inner pages of an index, by the widths and numbers of values of its columns.
async fn entry_bytes(session: &Session, oid: &str) -> Result<f64, LiveError> {
    let sql = format!(
        "SELECT COALESCE(s.stawidth, NULLIF(ia.attlen, -1), 16), \
            CASE WHEN s.stadistinct < 0 THEN -s.stadistinct * c.reltuples ELSE s.stadistinct END, c.reltuples \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid \
         JOIN pg_catalog.pg_attribute ia ON ia.attrelid = i.indexrelid AND ia.attnum <= i.indnkeyatts \
         LEFT JOIN pg_catalog.pg_statistic s ON NOT s.stainherit AND ((i.indkey[ia.attnum - 1] <> 0 \
              AND s.starelid = i.indrelid AND s.staattnum = i.indkey[ia.attnum - 1]) \
            OR (i.indkey[ia.attnum - 1] = 0 AND s.starelid = i.indexrelid AND s.staattnum = ia.attnum)) \
         WHERE i.indexrelid = ({oid}) ORDER BY ia.attnum"
    );
    let answer = session.client.simple_query(&sql).await;
    let answer = answer.map_err(|error| LiveError::postgres("finding the files of a twin", error))?;
    let (mut columns, mut rows) = (Vec::new(), 0.0);
    for message in &answer {
        if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
            let number = |at: usize| row.get(at).and_then(|text| text.parse::<f64>().ok());
            rows = number(2).unwrap_or_default();
            // Where nothing is known, every row has a value of its own.
            let distinct = number(1).filter(|distinct| *distinct > 0.0).unwrap_or(rows);
            columns.push((number(0).unwrap_or(16.0), distinct));
        }
    }
    Ok(pages::inner_entry(&columns, rows))
}

pub(super) async fn ask(session: &Session, sql: &str) -> Result<Option<String>, LiveError> {
    let answer = session.client.simple_query(sql).await;
    let answer = answer.map_err(|error| LiveError::postgres("finding the files of a twin", error))?;
    Ok(answer.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}
