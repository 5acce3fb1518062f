//! Primary keys, unique constraints and foreign keys: what pragmas say, with names and deferral from the text.

use std::collections::BTreeMap;

use dbwright_catalog::{ConstraintKind, ForeignKey, ObjectBody, ObjectId};

use super::{Reader, SCHEMA};
use dbwright_ddl::sqlite_text::TableText;

/// An index that a constraint owns.
pub(super) struct OwnedIndex {
    /// Its id; nothing where the table itself is the index.
    pub(super) id: Option<ObjectId>,
    /// Its columns.
    pub(super) columns: Vec<String>,
    /// Whether it belongs to the primary key.
    pub(super) of_primary_key: bool,
}

/// A row of `pragma_foreign_key_list`, grouped by key.
struct ForeignKeyRows {
    table: String,
    columns: Vec<String>,
    referenced_columns: Vec<Option<String>>,
    on_update: String,
    on_delete: String,
}

impl Reader<'_> {
    pub(super) fn keys(&mut self, table: &ObjectId, text: &TableText, primary_key: &[String], indexes: &[OwnedIndex]) {
        if !primary_key.is_empty() {
            let given = text.primary_key.as_ref().and_then(|key| key.name.clone());
            let name = given.unwrap_or_else(|| format!("{}_pkey", table.name()));
            let index = indexes.iter().find(|index| index.of_primary_key);
            self.constraint(
                table,
                &name,
                format!("PRIMARY KEY ({})", identifiers(primary_key)),
                ConstraintKind::PrimaryKey(primary_key.to_vec()),
                index.and_then(|index| index.id.clone()),
            );
        }
        for index in indexes.iter().filter(|index| !index.of_primary_key) {
            let written = text.uniques.iter().find(|key| same_names(&key.columns, &index.columns));
            let given = written.and_then(|key| key.name.clone());
            let name = given.unwrap_or_else(|| format!("{}_{}_key", table.name(), index.columns.join("_")));
            self.constraint(
                table,
                &name,
                format!("UNIQUE ({})", identifiers(&index.columns)),
                ConstraintKind::Unique(index.columns.clone()),
                index.id.clone(),
            );
        }
    }

    pub(super) fn foreign_keys(&mut self, table: &ObjectId, text: &TableText) -> rusqlite::Result<()> {
        let keys = self.foreign_key_rows(table)?;
        let told = text.foreign_keys.len() == keys.len();
        // SQLite numbers foreign keys from the last one written to the first.
        for (place, key) in keys.into_values().rev().enumerate() {
            let written = text.foreign_keys.get(place).filter(|_| told);
            let references = match self.relations.get(&key.table.to_ascii_lowercase()) {
                Some(id) => id.clone(),
                None => ObjectId::table(SCHEMA, key.table.clone()),
            };
            let name = written
                .and_then(|key| key.name.clone())
                .unwrap_or_else(|| format!("{}_{}_fkey", table.name(), key.columns.join("_")));
            let foreign_key = ForeignKey {
                columns: key.columns,
                references: references.clone(),
                referenced_columns: key.referenced_columns.into_iter().flatten().collect(),
                on_delete: key.on_delete,
                on_update: key.on_update,
                match_full: false,
            };
            let definition = foreign_key_definition(&foreign_key);
            let kind = ConstraintKind::ForeignKey(foreign_key);
            let id = self.constraint(table, &name, definition, kind, None);
            self.depends(&id, &references);
            if let (Some(written), Some(object)) = (written, self.catalog.objects.get_mut(&id))
                && let ObjectBody::Constraint(constraint) = &mut object.body
            {
                constraint.deferrable = written.deferrable;
                constraint.initially_deferred = written.initially_deferred;
                if written.initially_deferred {
                    object.definition += " DEFERRABLE INITIALLY DEFERRED";
                } else if written.deferrable {
                    object.definition += " DEFERRABLE";
                }
            }
        }
        Ok(())
    }

    fn foreign_key_rows(&self, table: &ObjectId) -> rusqlite::Result<BTreeMap<u32, ForeignKeyRows>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, \"table\", \"from\", \"to\", on_update, on_delete FROM pragma_foreign_key_list(?1, 'main') \
             ORDER BY id DESC, seq",
        )?;
        let mut rows = statement.query([table.name()])?;
        let mut keys = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let key = keys.entry(row.get::<_, u32>(0)?).or_insert(ForeignKeyRows {
                table: row.get(1)?,
                columns: Vec::new(),
                referenced_columns: Vec::new(),
                on_update: row.get(4)?,
                on_delete: row.get(5)?,
            });
            key.columns.push(row.get(2)?);
            key.referenced_columns.push(row.get(3)?);
        }
        Ok(keys)
    }

    /// Foreign keys that name no columns mean the primary key of their parent, which may be created after them.
    pub(super) fn resolve_implicit_references(&mut self) {
        let primary_keys: BTreeMap<ObjectId, Vec<String>> = self
            .catalog
            .objects
            .values()
            .filter_map(|object| match &object.body {
                ObjectBody::Constraint(constraint) => match &constraint.kind {
                    ConstraintKind::PrimaryKey(columns) => Some((object.id.owner_table()?, columns.clone())),
                    _ => None,
                },
                _ => None,
            })
            .collect();
        for object in self.catalog.objects.values_mut() {
            if let ObjectBody::Constraint(constraint) = &mut object.body
                && let ConstraintKind::ForeignKey(key) = &mut constraint.kind
                && key.referenced_columns.is_empty()
                && let Some(columns) = primary_keys.get(&key.references)
            {
                key.referenced_columns.clone_from(columns);
            }
        }
    }
}

/// A name as it must be written in SQL: bare where that is unmistakable.
pub(super) fn identifier(name: &str) -> String {
    dbwright_ddl::quote_identifier(dbwright_catalog::Engine::Sqlite, name)
}

fn identifiers(names: &[String]) -> String {
    names.iter().map(|name| identifier(name)).collect::<Vec<_>>().join(", ")
}

fn same_names(left: &[String], right: &[String]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|(left, right)| left.eq_ignore_ascii_case(right))
}

fn foreign_key_definition(key: &ForeignKey) -> String {
    let mut words = vec![format!(
        "FOREIGN KEY ({}) REFERENCES {}",
        identifiers(&key.columns),
        identifier(key.references.name())
    )];
    if !key.referenced_columns.is_empty() {
        words.push(format!("({})", identifiers(&key.referenced_columns)));
    }
    for (event, action) in [("DELETE", &key.on_delete), ("UPDATE", &key.on_update)] {
        if action != "NO ACTION" {
            words.push(format!("ON {event} {action}"));
        }
    }
    words.join(" ")
}
