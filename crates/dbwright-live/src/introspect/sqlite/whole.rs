//! Every object of a database, for comparing it with another.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, Object, ObjectBody, ObjectId, ObjectKind, Reading, TableKind, Unmodelled, Unread};
use dbwright_ddl::sqlite_text;
use rusqlite::Connection;

use super::{Reader, Spelling, failure, server};
use crate::LiveError;

/// Reads every object of the main database, with definitions in one spelling and dependencies as SQLite itself finds them
/// when it compiles views and triggers. Nothing is run; the authorizer of the connection is gone afterwards.
pub fn read_whole(connection: &mut Connection) -> Result<Reading, LiveError> {
    let mut reader = Reader {
        connection,
        catalog: Catalog::empty(server()),
        relations: std::collections::BTreeMap::new(),
        spelling: Spelling::Canonical,
    };
    reader.read().map_err(failure)?;
    let modules = reader.modules().map_err(failure)?;
    let mut catalog = reader.catalog;
    let unmodelled = take_out_tables_without_module(&mut catalog, &modules);
    let mut unread = super::uses::read_uses(connection, &mut catalog).map_err(failure)?;
    for table in &unmodelled {
        unread.push(Unread {
            what: format!("the virtual table {}", table.name),
            why: "Its module is not in the SQLite of this program, so that neither its columns nor its shadow tables are known: \
                  tables whose names begin with its own count as ordinary ones."
                .to_owned(),
        });
    }
    let view_columns = columns_of_views(connection, &catalog).map_err(failure)?;
    Ok(Reading {
        view_columns,
        catalog,
        unmodelled,
        unread,
    })
}

/// A view that does not compile has none. <https://www.sqlite.org/pragma.html#pragma_table_xinfo>
fn columns_of_views(
    connection: &Connection,
    catalog: &Catalog,
) -> rusqlite::Result<BTreeMap<ObjectId, Vec<(String, String)>>> {
    let mut statement = connection.prepare("SELECT name, type FROM pragma_table_info(?1) ORDER BY cid")?;
    let mut found = BTreeMap::new();
    for id in catalog.objects.keys().filter(|id| id.kind == ObjectKind::View) {
        let columns = statement
            .query_map([id.name()], |row| Ok((row.get(0)?, row.get(1)?)))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<(String, String)>>>);
        if let Ok(columns) = columns {
            found.insert(id.clone(), columns);
        }
    }
    Ok(found)
}

impl Reader<'_> {
    fn modules(&self) -> rusqlite::Result<BTreeSet<String>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT lower(name) FROM pragma_module_list")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect()
    }
}

/// Virtual tables whose module this library lacks can't be made or read here.
fn take_out_tables_without_module(catalog: &mut Catalog, modules: &BTreeSet<String>) -> Vec<Unmodelled> {
    let missing: Vec<_> = catalog
        .objects
        .values()
        .filter_map(|object| Some((object.id.clone(), module(object)?)))
        .filter(|(_, module)| !modules.contains(&module.to_ascii_lowercase()))
        .collect();
    for (id, _) in &missing {
        catalog.objects.remove(id);
        catalog
            .objects
            .retain(|other, _| other.owner_table().as_ref() != Some(id));
        catalog
            .dependencies
            .retain(|edge| edge.dependent != *id && edge.on != *id);
    }
    missing
        .into_iter()
        .map(|(id, module)| Unmodelled {
            kind: format!("virtual table of the module {module}"),
            name: id.name().to_owned(),
        })
        .collect()
}

/// The module of a virtual table.
fn module(object: &Object) -> Option<String> {
    let ObjectBody::Table(table) = &object.body else {
        return None;
    };
    if table.kind != TableKind::Virtual || object.id.kind != ObjectKind::Table {
        return None;
    }
    let tokens = sqlite_text::tokens(&object.definition);
    let using = tokens.iter().position(|token| token.is("USING"))?;
    tokens.get(using + 1).map(sqlite_text::name)
}
