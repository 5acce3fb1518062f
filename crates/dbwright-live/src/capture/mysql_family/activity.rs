//! How much tables and indexes are read and written. The server counts rows here, not scans.

use dbwright_catalog::{Activity, StoredKind, StoredRelation, Unread};

use super::{ask, queries};
use crate::LiveError;
use crate::connect::Connection;

pub(super) async fn capture(
    connection: &mut Connection,
    relations: &mut [StoredRelation],
    missing: &mut Vec<Unread>,
) -> Result<(), LiveError> {
    if connection.first_value("SELECT @@performance_schema").await?.as_deref() != Some("1") {
        missing.push(Unread {
            what: "reads and writes of tables, and the workload".to_owned(),
            why: "performance_schema is off; `performance_schema = ON` in the server's configuration counts them from its \
                  next start on."
                .to_owned(),
        });
        return Ok(());
    }
    let help = "`GRANT SELECT ON performance_schema.table_io_waits_summary_by_index_usage TO {user}` shows them.";
    for mut row in ask(connection, queries::WAITS, "reads and writes of tables", help, missing).await? {
        let (table, index) = (row.text(), row.maybe());
        let (fetched, inserted, updated, deleted) = (row.number(), row.number(), row.number(), row.number());
        let of_table = |relation: &&mut StoredRelation| relation.kind == StoredKind::Table && relation.name == table;
        if let Some(relation) = relations.iter_mut().find(of_table) {
            let activity = relation.activity.get_or_insert_default();
            match index {
                None => activity.sequential_scans += fetched,
                Some(_) => activity.index_scans += fetched,
            }
            activity.inserted += inserted;
            activity.updated += updated;
            activity.deleted += deleted;
        }
        let Some(index) = index else { continue };
        let of_index =
            |relation: &&mut StoredRelation| relation.table.as_ref() == Some(&table) && relation.name == index;
        if let Some(relation) = relations.iter_mut().find(of_index) {
            relation.activity = Some(Activity {
                index_scans: fetched,
                ..Activity::default()
            });
        }
    }
    Ok(())
}
