//! A table as statements change it, and the objects of the catalog that it stands for. Ids are those that reading a
//! database gives.

use std::collections::BTreeSet;

use dbwright_catalog::{
    Column, Constraint, ConstraintKind, Dependency, Engine, ForeignKey, Index, MySqlFamilyTable, Object, ObjectBody,
    ObjectId, ObjectKind, Table, TableExtra, TableKind, Trigger,
};
use dbwright_ddl::quote_identifier;
use dbwright_sql::mysql_family::{IndexDefinition, KeyKind, KeyPart};

use super::types::is_text;

/// The id of the database that is watched.
pub(super) const MAIN: &str = "main";

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) id: ObjectId,
    pub(super) columns: Vec<ColumnModel>,
    pub(super) indexes: Vec<IndexModel>,
    pub(super) foreign_keys: Vec<(String, ForeignKey)>,
    pub(super) checks: Vec<CheckModel>,
    /// Names and texts of its triggers.
    pub(super) triggers: Vec<(String, String)>,
    pub(super) extra: MySqlFamilyTable,
    pub(super) partition_key: Option<String>,
    pub(super) comment: String,
    /// Row versions that it has used up (MySQL).
    pub(super) versions: u32,
    /// Whether full-text search has given it a hidden column.
    pub(super) has_document_ids: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ColumnModel {
    pub(super) name: String,
    pub(super) column: Column,
    pub(super) comment: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IndexModel {
    pub(super) name: String,
    pub(super) kind: KeyKind,
    pub(super) parts: Vec<KeyPart>,
    pub(super) method: Option<String>,
    pub(super) hidden: bool,
    /// Whether the server made it for a foreign key: it goes as soon as another one serves.
    pub(super) generated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CheckModel {
    pub(super) name: String,
    pub(super) condition: String,
    pub(super) enforced: bool,
    /// The column in whose definition it stands (MariaDB).
    pub(super) of_column: Option<String>,
}

/// Whether two names of columns, indexes or constraints are the same: case does not tell them apart.
pub(super) fn same(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
}

impl IndexModel {
    /// The columns of its parts, also those of which only a prefix is in it.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            KeyPart::Column { name, .. } => Some(name.as_str()),
            KeyPart::Expression(_) => None,
        })
    }

    /// Whether it finds rows by these columns: they are its first ones, whole and in this order.
    fn begins_with(&self, columns: &[String]) -> bool {
        let is_ordered = matches!(self.kind, KeyKind::Primary | KeyKind::Unique | KeyKind::Plain);
        is_ordered
            && self.parts.len() >= columns.len()
            && self
                .parts
                .iter()
                .zip(columns)
                .all(|(part, column)| matches!(part, KeyPart::Column { name, length: None, .. } if same(name, column)))
    }

    /// Whether it stands for a constraint.
    pub(super) fn is_constraint(&self) -> bool {
        let whole = |part: &KeyPart| matches!(part, KeyPart::Column { length: None, .. });
        matches!(self.kind, KeyKind::Primary | KeyKind::Unique) && self.parts.iter().all(whole)
    }
}

impl Model {
    pub(super) fn column(&self, name: &str) -> Option<&ColumnModel> {
        self.columns.iter().find(|column| same(&column.name, name))
    }

    pub(super) fn place_of(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| same(&column.name, name))
    }

    pub(super) fn index(&self, name: &str) -> Option<&IndexModel> {
        self.indexes.iter().find(|index| same(&index.name, name))
    }

    pub(super) fn has_virtual_columns(&self) -> bool {
        use dbwright_catalog::GeneratedKind::Virtual;
        let mut columns = self.columns.iter();
        columns.any(|column| matches!(&column.column.generated, Some(generated) if generated.kind == Virtual))
    }

    pub(super) fn is_innodb(&self) -> bool {
        self.extra.storage_engine.eq_ignore_ascii_case("innodb")
    }

    /// The columns that an expression reads.
    pub(super) fn read_by(&self, expression: &str) -> BTreeSet<String> {
        let words: BTreeSet<String> = dbwright_sql::tokens(Engine::MySql, expression)
            .filter_map(|token| token.name())
            .map(|name| name.to_ascii_lowercase())
            .collect();
        let names = self.columns.iter().map(|column| column.name.to_ascii_lowercase());
        names.filter(|name| words.contains(name)).collect()
    }

    /// Whether a generated column is computed from this one.
    pub(super) fn is_base_of_generated(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.columns.iter().any(|column| {
            let generated = column.column.generated.as_ref();
            generated.is_some_and(|generated| self.read_by(&generated.expression).contains(&name))
        })
    }

    /// Whether a virtual column has an index.
    pub(super) fn has_indexed_virtual_columns(&self) -> bool {
        use dbwright_catalog::GeneratedKind::Virtual;
        let mut virtuals = self
            .columns
            .iter()
            .filter(|column| matches!(&column.column.generated, Some(generated) if generated.kind == Virtual));
        virtuals.any(|column| self.is_indexed(&column.name))
    }

    /// Whether some index holds this column.
    pub(super) fn is_indexed(&self, name: &str) -> bool {
        let mut parts = self.indexes.iter().flat_map(IndexModel::columns);
        parts.any(|part| same(part, name))
    }

    pub(super) fn has_full_text(&self) -> bool {
        self.indexes.iter().any(|index| index.kind == KeyKind::FullText)
    }

    /// Whether some index serves a foreign key over these columns.
    pub(super) fn serves(&self, columns: &[String]) -> bool {
        self.indexes.iter().any(|index| index.begins_with(columns))
    }

    /// The index that serves a foreign key over these columns.
    pub(super) fn serving(&self, columns: &[String]) -> Option<&IndexModel> {
        self.indexes.iter().find(|index| index.begins_with(columns))
    }

    /// Takes the index out that was made for a foreign key over just these columns, where no other serves them: it gives way
    /// to that of a new key.
    pub(super) fn give_way(&mut self, columns: &[String]) {
        let serves = |index: &&IndexModel| index.begins_with(columns);
        let mut serving = self.indexes.iter().filter(serves);
        if serving.all(|index| index.generated && index.parts.len() == columns.len()) {
            self.indexes.retain(|index| !serves(&index));
        }
    }

    /// Takes the indexes out that were made for foreign keys and that another one can stand for now.
    pub(super) fn drop_generated(&mut self) {
        let spare: Vec<String> = self
            .indexes
            .iter()
            .filter(|index| index.generated)
            .filter(|index| {
                let columns: Vec<String> = index.columns().map(str::to_owned).collect();
                let mut others = self.indexes.iter().filter(|other| other.name != index.name);
                others.any(|other| other.begins_with(&columns) && !(other.generated && other.name > index.name))
            })
            .map(|index| index.name.clone())
            .collect();
        self.indexes.retain(|index| !spare.contains(&index.name));
    }

    /// A name for an index that has none: that of its first column, with a number where it is taken.
    pub(super) fn index_name(&self, definition: &IndexDefinition) -> String {
        if definition.kind == KeyKind::Primary {
            return "PRIMARY".to_owned();
        }
        if let Some(name) = &definition.name {
            return name.clone();
        }
        let first = match definition.parts.first() {
            Some(KeyPart::Column { name, .. }) => name.clone(),
            Some(KeyPart::Expression(_)) | None => "functional_index".to_owned(),
        };
        self.free_index_name(&first)
    }

    pub(super) fn free_index_name(&self, first: &str) -> String {
        if self.index(first).is_none() && !same(first, "PRIMARY") {
            return first.to_owned();
        }
        let numbered = (2..).map(|number| format!("{first}_{number}"));
        let mut free = numbered.filter(|name| self.index(name).is_none());
        free.next().unwrap_or_default()
    }

    /// `table_ibfk_2`: the number behind the greatest that is there.
    pub(super) fn foreign_key_name(&self) -> String {
        let names = self.foreign_keys.iter().map(|(name, _)| name.as_str());
        format!("{}_ibfk_{}", self.id.name(), greatest(names, "_ibfk_") + 1)
    }

    /// `table_chk_2` on MySQL, `CONSTRAINT_2` on MariaDB: the first number that is free.
    pub(super) fn check_name(&self, engine: Engine) -> String {
        let prefix = match engine {
            Engine::MariaDb => "CONSTRAINT_".to_owned(),
            Engine::MySql | Engine::Postgres | Engine::Sqlite => format!("{}_chk_", self.id.name()),
        };
        let taken = |name: &String| self.checks.iter().any(|check| same(&check.name, name));
        let mut free = (1..)
            .map(|number| format!("{prefix}{number}"))
            .filter(|name| !taken(name));
        free.next().unwrap_or_default()
    }

    /// The columns of its primary key.
    pub(super) fn primary_key(&self) -> Vec<String> {
        let mut indexes = self.indexes.iter();
        let key = indexes.find(|index| index.kind == KeyKind::Primary);
        key.map(|key| key.columns().map(str::to_owned).collect())
            .unwrap_or_default()
    }

    /// The objects of the catalog.
    pub(super) fn objects(&self, engine: Engine) -> Vec<Object> {
        let mut objects = vec![self.table(engine)];
        for (position, column) in (1..).zip(&self.columns) {
            let mut body = column.column.clone();
            body.position = position;
            if !is_text(&body.type_name) {
                body.collation = None;
            }
            objects.push(Object {
                id: self.id.column(&column.name),
                definition: column_definition(engine, column),
                body: ObjectBody::Column(body),
            });
        }
        let mut taken = BTreeSet::new();
        for index in &self.indexes {
            self.push_index(engine, index, &mut objects);
            if index.is_constraint() {
                taken.insert(index.name.clone());
            }
        }
        let mut named = |name: &str, what: &str| {
            let free = taken.insert(name.to_owned());
            let shown = if free {
                name.to_owned()
            } else {
                format!("{name} ({what})")
            };
            self.id.child(ObjectKind::Constraint, shown)
        };
        for (name, key) in &self.foreign_keys {
            let quoted = |columns: &[String]| quoted_list(engine, columns);
            let definition = format!(
                "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({})",
                quote_identifier(engine, name),
                quoted(&key.columns),
                quote_identifier(engine, key.references.name()),
                quoted(&key.referenced_columns)
            );
            let foreign_key = Constraint::new(ConstraintKind::ForeignKey(key.clone()));
            objects.push(Object {
                id: named(name, "foreign key"),
                definition,
                body: ObjectBody::Constraint(foreign_key),
            });
        }
        for check in &self.checks {
            let note = if check.enforced { "" } else { " NOT ENFORCED" };
            let name = quote_identifier(engine, &check.name);
            let definition = format!("CONSTRAINT {name} CHECK ({}){note}", check.condition);
            let constraint = Constraint {
                validated: check.enforced,
                enforced: check.enforced,
                ..Constraint::new(ConstraintKind::Check(check.condition.clone()))
            };
            objects.push(Object {
                id: named(&check.name, "check"),
                definition,
                body: ObjectBody::Constraint(constraint),
            });
        }
        for (name, text) in &self.triggers {
            objects.push(Object {
                id: self.id.child(ObjectKind::Trigger, name),
                definition: text.clone(),
                body: ObjectBody::Trigger(Trigger {
                    function: None,
                    enabled: true,
                    postgres: None,
                }),
            });
        }
        objects
    }

    fn table(&self, engine: Engine) -> Object {
        let body = Table {
            kind: if self.partition_key.is_some() {
                TableKind::Partitioned
            } else {
                TableKind::Ordinary
            },
            partition_key: self.partition_key.clone(),
            partition: None,
            inherits: Vec::new(),
            extra: TableExtra::MySqlFamily(self.extra.clone()),
        };
        let comment = if self.comment.is_empty() {
            String::new()
        } else {
            format!(" COMMENT={}", dbwright_ddl::quote_literal(engine, &self.comment))
        };
        Object {
            id: self.id.clone(),
            definition: format!(
                "CREATE TABLE {} ENGINE={} DEFAULT CHARSET={}{comment}",
                quote_identifier(engine, self.id.name()),
                self.extra.storage_engine,
                self.extra.charset
            ),
            body: ObjectBody::Table(body),
        }
    }

    fn push_index(&self, engine: Engine, index: &IndexModel, objects: &mut Vec<Object>) {
        let id = self.id.child(ObjectKind::Index, &index.name);
        let method = match index.kind {
            KeyKind::FullText => "fulltext".to_owned(),
            KeyKind::Spatial => "spatial".to_owned(),
            KeyKind::Vector => "vector".to_owned(),
            KeyKind::Primary | KeyKind::Unique | KeyKind::Plain => {
                let hash = index.method.as_deref() == Some("hash") && !self.is_innodb();
                if hash { "hash" } else { "btree" }.to_owned()
            }
        };
        let unique = matches!(index.kind, KeyKind::Primary | KeyKind::Unique);
        let definition = index_definition(engine, index);
        let body = Index {
            table: self.id.clone(),
            method,
            keys: index.parts.iter().map(|part| key_of(engine, part)).collect(),
            included: Vec::new(),
            predicate: None,
            unique,
            nulls_not_distinct: false,
            of_constraint: index.is_constraint(),
            valid: true,
            postgres: None,
        };
        if index.is_constraint() {
            let columns = index.columns().map(str::to_owned).collect();
            let kind = if index.kind == KeyKind::Primary {
                ConstraintKind::PrimaryKey(columns)
            } else {
                ConstraintKind::Unique(columns)
            };
            let constraint = Constraint {
                index: Some(id.clone()),
                ..Constraint::new(kind)
            };
            objects.push(Object {
                id: self.id.child(ObjectKind::Constraint, &index.name),
                definition: definition.clone(),
                body: ObjectBody::Constraint(constraint),
            });
        }
        objects.push(Object {
            id,
            definition,
            body: ObjectBody::Index(body),
        });
    }

    /// What it depends on: the tables that its foreign keys refer to.
    pub(super) fn edges(&self) -> Vec<Dependency> {
        let others = self.foreign_keys.iter().map(|(_, key)| &key.references);
        let mut edges: Vec<Dependency> = others
            .filter(|parent| **parent != self.id)
            .map(|parent| Dependency {
                dependent: self.id.clone(),
                on: parent.clone(),
            })
            .collect();
        edges.extend(self.triggers.iter().map(|(name, _)| Dependency {
            dependent: self.id.child(ObjectKind::Trigger, name),
            on: self.id.clone(),
        }));
        edges
    }
}

/// The greatest number behind a mark in these names.
fn greatest<'a>(names: impl Iterator<Item = &'a str>, mark: &str) -> u32 {
    let number = |name: &str| name.rsplit_once(mark)?.1.parse().ok();
    names.filter_map(number).max().unwrap_or(0)
}

fn quoted_list(engine: Engine, columns: &[String]) -> String {
    let quoted: Vec<String> = columns.iter().map(|column| quote_identifier(engine, column)).collect();
    quoted.join(",")
}

fn column_definition(engine: Engine, column: &ColumnModel) -> String {
    let body = &column.column;
    let mut text = format!("{} {}", quote_identifier(engine, &column.name), body.type_name);
    if body.not_null {
        text += " NOT NULL";
    }
    if let Some(default) = &body.default {
        text += " DEFAULT ";
        text += default;
    }
    if !column.comment.is_empty() {
        text += " COMMENT ";
        text += &dbwright_ddl::quote_literal(engine, &column.comment);
    }
    text
}

fn index_definition(engine: Engine, index: &IndexModel) -> String {
    let parts: Vec<String> = index.parts.iter().map(|part| printed(engine, part)).collect();
    let name = quote_identifier(engine, &index.name);
    let what = match index.kind {
        KeyKind::Primary => "PRIMARY KEY".to_owned(),
        KeyKind::Unique => format!("UNIQUE KEY {name}"),
        KeyKind::Plain => format!("KEY {name}"),
        KeyKind::FullText => format!("FULLTEXT KEY {name}"),
        KeyKind::Spatial => format!("SPATIAL KEY {name}"),
        KeyKind::Vector => format!("VECTOR KEY {name}"),
    };
    let hidden = match (index.hidden, engine) {
        (false, _) => "",
        (true, Engine::MariaDb) => " IGNORED",
        (true, _) => " INVISIBLE",
    };
    format!("{what} ({}){hidden}", parts.join(","))
}

fn printed(engine: Engine, part: &KeyPart) -> String {
    match part {
        KeyPart::Expression(expression) => format!("({expression})"),
        KeyPart::Column {
            name,
            length,
            descending,
        } => format!("{}{}", quote_identifier(engine, name), suffix(*length, *descending)),
    }
}

fn suffix(length: Option<u32>, descending: bool) -> String {
    let length = length.map_or(String::new(), |length| format!("({length})"));
    format!("{length}{}", if descending { " DESC" } else { "" })
}

/// A key part as the catalog has it: without quotes where it is a plain name.
fn key_of(engine: Engine, part: &KeyPart) -> String {
    match part {
        KeyPart::Expression(expression) => format!("({expression})"),
        KeyPart::Column {
            name,
            length,
            descending,
        } => {
            let is_plain = name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
            let name = if is_plain {
                name.clone()
            } else {
                quote_identifier(engine, name)
            };
            format!("{name}{}", suffix(*length, *descending))
        }
    }
}
