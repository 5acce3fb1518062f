//! A catalog as rules of design and security ask it: table by table, with what is exempt left out.
//!
//! What is exempt, and why, stands in [`exempt`]; rules add no exemption of their own.

mod exempt;
mod key_part;
pub(crate) mod relations;
pub(crate) mod types;

use std::collections::BTreeMap;

use dbwright_catalog::{
    Catalog, Column, Constraint, ConstraintKind, Engine, ForeignKey, Index, Measured, Object, ObjectBody, ObjectId,
    ObjectKind, Table, TableExtra, TableKind,
};

use exempt::Exemptions;
pub(crate) use key_part::KeyPart;

static NOTHING: Measured = Measured {
    counters: Vec::new(),
    relations: Vec::new(),
    not_measured: Vec::new(),
};

/// A catalog with its tables laid open.
pub(crate) struct Schema<'a> {
    pub(crate) catalog: &'a Catalog,
    /// What a live database was asked beside; nothing of any other source.
    pub(crate) measured: &'a Measured,
    tables: BTreeMap<&'a ObjectId, TableFacts<'a>>,
    exemptions: Exemptions,
}

/// A table with what belongs to it.
pub(crate) struct TableFacts<'a> {
    pub(crate) id: &'a ObjectId,
    pub(crate) table: &'a Table,
    /// In their order.
    pub(crate) columns: Vec<ColumnFacts<'a>>,
    pub(crate) constraints: Vec<(&'a ObjectId, &'a Constraint)>,
    pub(crate) indexes: Vec<IndexFacts<'a>>,
    engine: Engine,
}

/// A column.
#[derive(Clone, Copy)]
pub(crate) struct ColumnFacts<'a> {
    pub(crate) id: &'a ObjectId,
    pub(crate) column: &'a Column,
}

/// An index with its key parts taken apart.
pub(crate) struct IndexFacts<'a> {
    pub(crate) id: &'a ObjectId,
    pub(crate) index: &'a Index,
    pub(crate) parts: Vec<KeyPart>,
}

impl<'a> Schema<'a> {
    /// A catalog of which nothing was measured.
    pub(crate) fn new(catalog: &'a Catalog) -> Self {
        Schema::of_live(catalog, &NOTHING)
    }

    /// The catalog of a live database, with what was measured there.
    pub(crate) fn of_live(catalog: &'a Catalog, measured: &'a Measured) -> Self {
        let engine = catalog.server.engine;
        let mut tables: BTreeMap<&ObjectId, TableFacts<'_>> = BTreeMap::new();
        for object in catalog.objects.values() {
            if let ObjectBody::Table(table) = &object.body {
                let facts = TableFacts {
                    id: &object.id,
                    table,
                    columns: Vec::new(),
                    constraints: Vec::new(),
                    indexes: Vec::new(),
                    engine,
                };
                tables.insert(&object.id, facts);
            }
        }
        for object in catalog.objects.values() {
            put(&mut tables, object, engine);
        }
        for table in tables.values_mut() {
            table.columns.sort_by_key(|column| column.column.position);
        }
        Schema {
            catalog,
            measured,
            tables,
            exemptions: Exemptions::of(catalog),
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        self.catalog.server.engine
    }

    /// The major version of the server.
    pub(crate) fn major(&self) -> u32 {
        self.catalog.server.version.major
    }

    /// The tables that are judged: those that hold rows of the user's own, each with the partitions below it as one.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &TableFacts<'a>> {
        self.tables.values().filter(|table| {
            let is_stored = match table.table.kind {
                TableKind::Ordinary | TableKind::Partitioned => true,
                TableKind::Foreign | TableKind::Virtual => false,
            };
            let is_part = table.table.partition.is_some() || !table.table.inherits.is_empty();
            is_stored && !is_part && !self.is_exempt(table.id)
        })
    }

    /// A table, judged or not.
    pub(crate) fn table(&self, id: &ObjectId) -> Option<&TableFacts<'a>> {
        self.tables.get(id)
    }

    /// The objects of a kind that are judged.
    pub(crate) fn objects(&self, kind: ObjectKind) -> impl Iterator<Item = &'a Object> {
        let objects = self.catalog.objects.values();
        objects.filter(move |object| object.id.kind == kind && !self.is_exempt(&object.id))
    }

    /// Whether nobody wants to hear of this object: see [`exempt`].
    pub(crate) fn is_exempt(&self, id: &ObjectId) -> bool {
        self.exemptions.contains(id)
    }

    /// The columns of all judged tables.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&TableFacts<'a>, ColumnFacts<'a>)> {
        self.tables()
            .flat_map(|table| table.columns.iter().map(move |column| (table, *column)))
    }

    /// The foreign keys of all judged tables.
    pub(crate) fn foreign_keys(&self) -> impl Iterator<Item = (&TableFacts<'a>, &'a ObjectId, &'a ForeignKey)> {
        self.tables()
            .flat_map(|table| table.foreign_keys().map(move |(id, key)| (table, id, key)))
    }
}

fn put<'a>(tables: &mut BTreeMap<&'a ObjectId, TableFacts<'a>>, object: &'a Object, engine: Engine) {
    let owner = match &object.body {
        ObjectBody::Index(index) => Some(index.table.clone()),
        _ => object.id.owner_table(),
    };
    let Some(table) = owner.and_then(|owner| tables.get_mut(&owner)) else {
        return;
    };
    match &object.body {
        ObjectBody::Column(column) => table.columns.push(ColumnFacts { id: &object.id, column }),
        ObjectBody::Constraint(constraint) => table.constraints.push((&object.id, constraint)),
        ObjectBody::Index(index) => table.indexes.push(IndexFacts {
            id: &object.id,
            index,
            parts: key_part::parts(engine, index, &object.definition),
        }),
        _ => {}
    }
}

impl<'a> TableFacts<'a> {
    /// The columns of its primary key.
    pub(crate) fn primary_key(&self) -> Option<&'a [String]> {
        self.constraints
            .iter()
            .find_map(|(_, constraint)| match &constraint.kind {
                ConstraintKind::PrimaryKey(columns) => Some(columns.as_slice()),
                _ => None,
            })
    }

    pub(crate) fn foreign_keys(&self) -> impl Iterator<Item = (&'a ObjectId, &'a ForeignKey)> {
        self.constraints
            .iter()
            .filter_map(|(id, constraint)| match &constraint.kind {
                ConstraintKind::ForeignKey(key) => Some((*id, key)),
                _ => None,
            })
    }

    /// The column of this name, as the engine compares names.
    pub(crate) fn column(&self, name: &str) -> Option<ColumnFacts<'a>> {
        let ignores_case = self.engine != Engine::Postgres;
        let is_named = |column: &&ColumnFacts<'_>| {
            column.id.name() == name || ignores_case && column.id.name().eq_ignore_ascii_case(name)
        };
        self.columns.iter().find(is_named).copied()
    }

    /// What only PostgreSQL tables have.
    pub(crate) fn postgres(&self) -> Option<&'a dbwright_catalog::PostgresTable> {
        match &self.table.extra {
            TableExtra::Postgres(extra) => Some(extra),
            TableExtra::MySqlFamily(_) | TableExtra::Sqlite(_) => None,
        }
    }

    /// What only tables of MySQL and MariaDB have.
    pub(crate) fn mysql_family(&self) -> Option<&'a dbwright_catalog::MySqlFamilyTable> {
        match &self.table.extra {
            TableExtra::MySqlFamily(extra) => Some(extra),
            TableExtra::Postgres(_) | TableExtra::Sqlite(_) => None,
        }
    }

    /// What only SQLite tables have.
    pub(crate) fn sqlite(&self) -> Option<&'a dbwright_catalog::SqliteTable> {
        match &self.table.extra {
            TableExtra::Sqlite(extra) => Some(extra),
            TableExtra::Postgres(_) | TableExtra::MySqlFamily(_) => None,
        }
    }

    /// Whether the column is part of the primary key.
    pub(crate) fn is_key_column(&self, column: &ColumnFacts<'_>) -> bool {
        let key = self.primary_key().unwrap_or_default();
        key.iter().any(|name| name.eq_ignore_ascii_case(column.id.name()))
    }
}

impl IndexFacts<'_> {
    /// What it is called in a sentence. SQLite's indexes of constraints have names that nobody gave them.
    pub(crate) fn called(&self) -> String {
        if self.id.name().starts_with("sqlite_autoindex_") {
            let parts: Vec<&str> = self.parts.iter().map(|part| part.text.as_str()).collect();
            return format!("the unique key over ({})", parts.join(", "));
        }
        self.id.to_string()
    }

    /// The columns of its key, where it is over columns alone.
    pub(crate) fn key_columns(&self) -> Option<Vec<&str>> {
        self.parts.iter().map(|part| part.column.as_deref()).collect()
    }
}
