//! The objects of a table, as its text makes them: columns, constraints and the indexes of constraints. Ids and names are
//! those that reading a database gives.

use dbwright_catalog::{
    Column, ColumnExtra, Constraint, ConstraintKind, Dependency, ForeignKey, Generated, GeneratedKind, Index, Object,
    ObjectBody, ObjectId, ObjectKind, SqliteColumn, SqliteTable, Table, TableExtra, TableKind,
};
use dbwright_ddl::sqlite_text::{ForeignKeyText, TableText, table_text};

pub(super) const SCHEMA: &str = "main";

/// A table with everything that its text makes.
pub(super) struct Made {
    /// The table, its columns in order, its constraints, the indexes of these.
    pub(super) objects: Vec<Object>,
    pub(super) edges: Vec<Dependency>,
}

struct Maker<'a> {
    table: &'a ObjectId,
    text: TableText,
    made: Made,
}

/// Reads the text of an ordinary table. `relation` gives the id of a table by its name.
pub(super) fn made(table: &ObjectId, text: &str, relation: &dyn Fn(&str) -> Option<ObjectId>) -> Made {
    let mut maker = Maker {
        table,
        text: table_text(text),
        made: Made {
            objects: Vec::new(),
            edges: Vec::new(),
        },
    };
    maker.table(text);
    let key = maker.columns();
    maker.keys(&key);
    maker.foreign_keys(relation);
    maker.checks();
    maker.made
}

impl Maker<'_> {
    fn table(&mut self, text: &str) {
        let body = Table {
            kind: TableKind::Ordinary,
            partition_key: None,
            partition: None,
            inherits: Vec::new(),
            extra: TableExtra::Sqlite(SqliteTable {
                strict: self.text.strict,
                without_rowid: self.text.without_rowid,
                autoincrement: self.text.autoincrement,
            }),
        };
        self.add(self.table.clone(), text.to_owned(), ObjectBody::Table(body));
    }

    /// Adds the columns; gives those of the primary key.
    fn columns(&mut self) -> Vec<String> {
        let key = self
            .text
            .primary_key
            .as_ref()
            .map_or(&[][..], |key| &key.columns)
            .to_vec();
        let columns = std::mem::take(&mut self.text.columns);
        for (position, written) in (1..).zip(&columns) {
            let place = key.iter().position(|name| name.eq_ignore_ascii_case(&written.name));
            let place = place.and_then(|place| u32::try_from(place + 1).ok()).unwrap_or(0);
            let kind = if written.stored {
                GeneratedKind::Stored
            } else {
                GeneratedKind::Virtual
            };
            let column = Column {
                position,
                type_name: written.type_name.clone(),
                not_null: written.not_null || self.text.without_rowid && place > 0,
                default: written.default.clone(),
                generated: written
                    .generated
                    .clone()
                    .map(|expression| Generated { kind, expression }),
                identity: None,
                collation: written.collation.clone(),
                extra: ColumnExtra::Sqlite(SqliteColumn {
                    primary_key_position: place,
                }),
            };
            let definition = format!("{} {}", written.name, written.type_name);
            self.add(self.table.column(&written.name), definition, ObjectBody::Column(column));
        }
        self.text.columns = columns;
        key
    }

    /// An `INTEGER PRIMARY KEY` is the rowid and needs no index (<https://sqlite.org/lang_createtable.html#rowid>).
    fn is_rowid(&self, key: &[String]) -> bool {
        let [only] = key else { return false };
        let mut columns = self.text.columns.iter();
        let column = columns.find(|column| column.name.eq_ignore_ascii_case(only));
        let integer = column.is_some_and(|column| column.type_name.eq_ignore_ascii_case("integer"));
        integer && !self.text.without_rowid && !self.text.descending_key
    }

    /// Keys with the same columns share an index.
    fn keys(&mut self, primary: &[String]) {
        let mut sets: Vec<(bool, Vec<String>)> = Vec::new();
        for (is_primary, columns) in std::mem::take(&mut self.text.keys) {
            if is_primary && self.is_rowid(&columns) {
                continue;
            }
            match sets.iter_mut().find(|(_, known)| same_names(known, &columns)) {
                Some((known_primary, _)) => *known_primary |= is_primary,
                None => sets.push((is_primary, columns)),
            }
        }
        let id = |number: usize| {
            let name = format!("sqlite_autoindex_{}_{}", self.table.name(), number + 1);
            ObjectId::new(ObjectKind::Index, [SCHEMA, &name])
        };
        let ids: Vec<ObjectId> = (0..sets.len()).map(id).collect();
        if !primary.is_empty() {
            let given = self.text.primary_key.as_ref().and_then(|key| key.name.clone());
            let name = given.unwrap_or_else(|| format!("{}_pkey", self.table.name()));
            let place = sets.iter().position(|(is_primary, _)| *is_primary);
            let index = place
                .filter(|_| !self.text.without_rowid)
                .map(|place| ids[place].clone());
            let words = format!("PRIMARY KEY ({})", primary.join(", "));
            self.constraint(&name, words, ConstraintKind::PrimaryKey(primary.to_vec()), index);
        }
        for ((is_primary, columns), id) in sets.iter().zip(&ids) {
            if *is_primary && self.text.without_rowid {
                continue;
            }
            self.index(id.clone(), columns);
            if !is_primary {
                let mut uniques = self.text.uniques.iter();
                let given = uniques.find(|key| same_names(&key.columns, columns));
                let name = given.and_then(|key| key.name.clone());
                let name = name.unwrap_or_else(|| format!("{}_{}_key", self.table.name(), columns.join("_")));
                let words = format!("UNIQUE ({})", columns.join(", "));
                self.constraint(&name, words, ConstraintKind::Unique(columns.clone()), Some(id.clone()));
            }
        }
    }

    fn index(&mut self, id: ObjectId, columns: &[String]) {
        let index = Index {
            table: self.table.clone(),
            method: "btree".to_owned(),
            keys: columns.to_vec(),
            included: Vec::new(),
            predicate: None,
            unique: true,
            nulls_not_distinct: false,
            of_constraint: true,
            valid: true,
            postgres: None,
        };
        self.depends(id.clone(), self.table.clone());
        self.add(id, String::new(), ObjectBody::Index(index));
    }

    fn foreign_keys(&mut self, relation: &dyn Fn(&str) -> Option<ObjectId>) {
        for written in std::mem::take(&mut self.text.foreign_keys) {
            let references = if written.table.eq_ignore_ascii_case(self.table.name()) {
                self.table.clone()
            } else {
                relation(&written.table).unwrap_or_else(|| ObjectId::table(SCHEMA, &written.table))
            };
            self.foreign_key(written, references);
        }
    }

    fn foreign_key(&mut self, written: ForeignKeyText, references: ObjectId) {
        let columns = written.columns.join(", ");
        let words = format!("FOREIGN KEY ({columns}) REFERENCES {}", written.table);
        let named = format!("{}_{}_fkey", self.table.name(), written.columns.join("_"));
        let action = |action: Option<String>| action.unwrap_or_else(|| "NO ACTION".to_owned());
        let kind = ConstraintKind::ForeignKey(ForeignKey {
            columns: written.columns,
            references: references.clone(),
            referenced_columns: written.referenced_columns,
            on_delete: action(written.on_delete),
            on_update: action(written.on_update),
            match_full: false,
        });
        let id = self.constraint(&written.name.unwrap_or(named), words, kind, None);
        self.depends(id.clone(), references);
        let mut objects = self.made.objects.iter_mut();
        if let Some(object) = objects.find(|object| object.id == id)
            && let ObjectBody::Constraint(constraint) = &mut object.body
        {
            constraint.deferrable = written.deferrable;
            constraint.initially_deferred = written.initially_deferred;
        }
    }

    fn checks(&mut self) {
        let mut unnamed = 0;
        for (name, expression) in std::mem::take(&mut self.text.checks) {
            let name = name.unwrap_or_else(|| {
                unnamed += 1;
                format!("{}_check_{unnamed}", self.table.name())
            });
            let words = format!("CHECK ({expression})");
            self.constraint(&name, words, ConstraintKind::Check(expression), None);
        }
    }

    /// SQLite takes the same name twice; ids don't, so that later ones get a number.
    fn constraint(&mut self, name: &str, words: String, kind: ConstraintKind, index: Option<ObjectId>) -> ObjectId {
        let mut id = self.table.child(ObjectKind::Constraint, name);
        let mut number = 2;
        while self.made.objects.iter().any(|object| object.id == id) {
            id = self.table.child(ObjectKind::Constraint, format!("{name}_{number}"));
            number += 1;
        }
        let constraint = Constraint {
            index,
            ..Constraint::new(kind)
        };
        self.add(id.clone(), words, ObjectBody::Constraint(constraint));
        id
    }

    fn add(&mut self, id: ObjectId, definition: String, body: ObjectBody) {
        self.made.objects.push(Object { id, definition, body });
    }

    fn depends(&mut self, dependent: ObjectId, on: ObjectId) {
        self.made.edges.push(Dependency { dependent, on });
    }
}

fn same_names(left: &[String], right: &[String]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|(left, right)| left.eq_ignore_ascii_case(right))
}
