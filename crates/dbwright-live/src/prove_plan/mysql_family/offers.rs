//! The ways in which a server can be asked to carry out an `ALTER TABLE`, cheapest first.

use dbwright_catalog::{Algorithm, Catalog, Engine, LockLevel, ObjectBody, ObjectId, ObjectKind, Step, TableExtra};

use crate::introspect::mysql_family::Written;

/// One way: an algorithm and, where the server takes a clause for it, a lock.
pub(super) type Offer = (Algorithm, Option<LockLevel>);

/// All ways of an engine. MySQL takes no `LOCK` with `INSTANT`.
pub(super) fn all(engine: Engine) -> Vec<Offer> {
    let algorithms: &[Algorithm] = match engine {
        Engine::MariaDb => &[
            Algorithm::Instant,
            Algorithm::NoCopy,
            Algorithm::InPlace,
            Algorithm::Copy,
        ],
        Engine::MySql | Engine::Postgres | Engine::Sqlite => &[Algorithm::Instant, Algorithm::InPlace, Algorithm::Copy],
    };
    let mut offers = Vec::new();
    for algorithm in algorithms {
        if *algorithm == Algorithm::Instant && engine != Engine::MariaDb {
            offers.push((*algorithm, None));
            continue;
        }
        let locks = [LockLevel::None, LockLevel::Shared, LockLevel::Exclusive];
        offers.extend(locks.map(|lock| (*algorithm, Some(lock))));
    }
    offers
}

/// Whether an error refuses only what was asked for: `ER_ALTER_OPERATION_NOT_SUPPORTED`, the same with a reason, and
/// `ER_INNODB_MAX_ROW_VERSION`.
pub(super) fn is_refusal(code: u16) -> bool {
    matches!(code, 1845 | 1846 | 4092)
}

/// Why a step is not asked for, as far as it changes a table. MariaDB takes any clause for a table of another storage engine
/// than InnoDB, and for a change of the storage engine, and copies the table nevertheless.
pub(super) fn unasked(sql: &str, step: &Step, start: &Catalog) -> Option<String> {
    if !sql.starts_with("ALTER TABLE") {
        return None;
    }
    let is_other = tables(step).any(|id| match start.get(&id).map(|object| &object.body) {
        Some(ObjectBody::Table(table)) => match &table.extra {
            TableExtra::MySqlFamily(extra) => !extra.storage_engine.eq_ignore_ascii_case("InnoDB"),
            TableExtra::Postgres(_) | TableExtra::Sqlite(_) => false,
        },
        _ => false,
    });
    (is_other || sql.contains(" ENGINE=")).then(|| {
        "The storage engine is another than InnoDB, or becomes another: the whole table is copied, and writes wait \
         until it is done."
            .to_owned()
    })
}

/// The tables that a step changes, or parts of which it changes.
pub(super) fn tables(step: &Step) -> impl Iterator<Item = ObjectId> + '_ {
    step.objects.iter().filter_map(|id| match id.kind {
        ObjectKind::Table => Some(id.clone()),
        _ => id.owner_table(),
    })
}

/// What is to be said of the way that a server took. `written` is what it wrote anew, where that can be seen.
pub(super) fn note((algorithm, lock): Offer, written: Option<Written>) -> String {
    let waits = match lock {
        None | Some(LockLevel::None) => "Reads and writes go on meanwhile.",
        Some(LockLevel::Shared) => "Writes wait until it is done.",
        Some(LockLevel::Exclusive) => "Reads and writes wait until it is done.",
    };
    let does = match (algorithm, written) {
        (Algorithm::Instant, _) => return "It changes the dictionary alone and no rows.".to_owned(),
        (Algorithm::NoCopy, _) | (Algorithm::InPlace, Some(Written::Nothing)) => {
            "Rows stay where they are; what is built is built beside them."
        }
        (Algorithm::InPlace, Some(Written::Partitions)) => "It works in place, and writes some partitions anew.",
        (Algorithm::InPlace, Some(Written::Whole)) => "It works in place, and writes the whole table anew.",
        (Algorithm::InPlace, None) => "It works in place, but may write the whole table anew.",
        (Algorithm::Copy, _) => "It copies the whole table.",
    };
    format!("{does} {waits}")
}
