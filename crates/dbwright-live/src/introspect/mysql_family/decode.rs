//! Rows of `information_schema` to the model of tables and what belongs to them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use dbwright_catalog::{
    Column, ColumnExtra, Constraint, ConstraintKind, Engine, ForeignKey, Generated, GeneratedKind, Index,
    MySqlFamilyColumn, MySqlFamilyTable, Object, ObjectBody, ObjectId, ObjectKind, Table, TableExtra, TableKind,
};
use dbwright_ddl::{quote_identifier, quote_literal};

use super::MAIN;
use super::session::Row;

/// The columns of a row by number; what is NULL reads as empty.
pub(super) struct Fields<'a>(pub(super) &'a Row);

impl<'a> Fields<'a> {
    pub(super) fn optional(&self, column: usize) -> Option<&'a str> {
        self.0.get(column)?.as_deref()
    }

    pub(super) fn text(&self, column: usize) -> &'a str {
        self.optional(column).unwrap_or_default()
    }

    pub(super) fn owned(&self, column: usize) -> Option<String> {
        self.optional(column).map(str::to_owned)
    }
}

/// What the queries about some tables brought.
pub(super) struct TableRows<'a> {
    pub(super) engine: Engine,
    /// Name of the database that is `main`.
    pub(super) database: &'a str,
    pub(super) columns: &'a [Row],
    pub(super) key_parts: &'a [Row],
    pub(super) checks: &'a [Row],
    pub(super) conditions: &'a [Row],
    pub(super) foreign_key_columns: &'a [Row],
    pub(super) foreign_key_actions: &'a [Row],
    pub(super) partitions: &'a [Row],
}

impl TableRows<'_> {
    /// The table with this row of `TABLES` and this text of `SHOW CREATE TABLE`.
    pub(super) fn table(&self, row: &Row, definition: String) -> Object {
        let row = Fields(row);
        let name = row.text(0);
        let (partition_key, partitions) = self.partitions_of(name);
        let collation = row.text(4).to_owned();
        let body = Table {
            kind: if partition_key.is_some() {
                TableKind::Partitioned
            } else {
                TableKind::Ordinary
            },
            partition_key,
            partition: None,
            inherits: Vec::new(),
            extra: TableExtra::MySqlFamily(MySqlFamilyTable {
                storage_engine: row.text(2).to_owned(),
                row_format: row.text(3).to_owned(),
                charset: collation.split('_').next().unwrap_or_default().to_owned(),
                collation,
                partitions,
            }),
        };
        Object {
            id: ObjectId::table(MAIN, name),
            definition,
            body: ObjectBody::Table(body),
        }
    }

    fn partitions_of(&self, table: &str) -> (Option<String>, Vec<(String, String)>) {
        let mut key = None;
        let mut partitions: Vec<(String, String)> = Vec::new();
        for row in self.partitions.iter().map(Fields).filter(|row| row.text(0) == table) {
            let method = row.text(2);
            let sub = row.optional(4).map_or(String::new(), |method| {
                format!(" SUBPARTITION BY {method} ({})", row.text(5))
            });
            key = Some(format!("{method} ({}){sub}", row.text(3)));
            let bound = match row.optional(6) {
                None => String::new(),
                Some("MAXVALUE") => "VALUES LESS THAN MAXVALUE".to_owned(),
                Some(bound) if method.starts_with("RANGE") => format!("VALUES LESS THAN ({bound})"),
                Some(bound) if method.starts_with("LIST") => format!("VALUES IN ({bound})"),
                Some(bound) => bound.to_owned(),
            };
            if partitions.last().is_none_or(|(last, _)| last != row.text(1)) {
                partitions.push((row.text(1).to_owned(), bound));
            }
        }
        (key, partitions)
    }

    /// The columns, indexes and constraints of all tables that were asked for.
    pub(super) fn parts(&self) -> Vec<Object> {
        let mut parts: Vec<Object> = self.columns.iter().map(|row| self.column(&Fields(row))).collect();
        let mut taken = BTreeSet::new();
        for (index, columns) in self.indexes() {
            if let Some(constraint) = constraint_of(&index, columns) {
                taken.insert(constraint.id.path.clone());
                parts.push(constraint);
            }
            parts.push(index);
        }
        let mut named = |table: &str, name: &str, what: &str| {
            let table = ObjectId::table(MAIN, table);
            let id = table.child(ObjectKind::Constraint, name);
            if taken.insert(id.path.clone()) {
                id
            } else {
                table.child(ObjectKind::Constraint, format!("{name} ({what})"))
            }
        };
        parts.extend(self.foreign_keys(&mut named));
        parts.extend(self.checks(&mut named));
        parts
    }

    fn quote(&self, name: &str) -> String {
        quote_identifier(self.engine, name)
    }

    fn column(&self, row: &Fields<'_>) -> Object {
        let extra = row.text(8);
        let lower = extra.to_lowercase();
        let is_expression = lower.contains("default_generated");
        let on_update = lower
            .find("on update ")
            .map(|at| extra[at + "on update ".len()..].to_owned());
        let on_update = on_update.map(|text| text.split_whitespace().next().unwrap_or_default().to_owned());
        let generated = (!row.text(10).is_empty()).then(|| Generated {
            kind: if lower.contains("virtual") {
                GeneratedKind::Virtual
            } else {
                GeneratedKind::Stored
            },
            expression: self.expression(row.text(10)),
        });
        let type_name = row.text(5).to_owned();
        let column = Column {
            position: row.text(2).parse().unwrap_or_default(),
            not_null: row.text(4) == "NO",
            default: row
                .optional(3)
                .and_then(|text| self.default_of(&type_name, text, is_expression)),
            generated,
            identity: None,
            collation: row.owned(7),
            extra: ColumnExtra::MySqlFamily(MySqlFamilyColumn {
                auto_increment: lower.contains("auto_increment"),
                invisible: lower.contains("invisible"),
                charset: row.owned(6),
                on_update,
                srid: row.optional(11).and_then(|srid| srid.parse().ok()),
            }),
            type_name,
        };
        let definition = self.column_definition(row, &column, is_expression);
        Object {
            id: ObjectId::table(MAIN, row.text(0)).column(row.text(1)),
            definition,
            body: ObjectBody::Column(column),
        }
    }

    fn column_definition(&self, row: &Fields<'_>, column: &Column, is_expression: bool) -> String {
        let mut text = format!("{} {}", self.quote(row.text(1)), column.type_name);
        if let (Some(charset), Some(collation)) = (row.optional(6), row.optional(7)) {
            let _ = write!(text, " CHARACTER SET {charset} COLLATE {collation}");
        }
        if let Some(generated) = &column.generated {
            let kind = match generated.kind {
                GeneratedKind::Virtual => "VIRTUAL",
                GeneratedKind::Stored => "STORED",
            };
            let _ = write!(text, " GENERATED ALWAYS AS ({}) {kind}", generated.expression);
        }
        if column.not_null {
            text += " NOT NULL";
        }
        if let Some(srs) = row.optional(11) {
            let _ = write!(text, " SRID {srs}");
        }
        match &column.default {
            Some(default) if is_expression && !default.starts_with("CURRENT_TIMESTAMP") => {
                let _ = write!(text, " DEFAULT ({default})");
            }
            Some(default) => {
                let _ = write!(text, " DEFAULT {default}");
            }
            None => {}
        }
        if let ColumnExtra::MySqlFamily(extra) = &column.extra {
            if let Some(on_update) = &extra.on_update {
                let _ = write!(text, " ON UPDATE {on_update}");
            }
            text += if extra.auto_increment { " AUTO_INCREMENT" } else { "" };
            text += if extra.invisible { " INVISIBLE" } else { "" };
        }
        if !row.text(9).is_empty() {
            let _ = write!(text, " COMMENT {}", quote_literal(self.engine, row.text(9)));
        }
        text
    }

    /// The default as SQL. MySQL gives literals without quotes, MariaDB gives SQL and the word `NULL` where there is none.
    fn default_of(&self, type_name: &str, text: &str, is_expression: bool) -> Option<String> {
        if self.engine == Engine::MariaDb {
            return (text != "NULL").then(|| text.to_owned());
        }
        if is_expression {
            return Some(self.expression(text));
        }
        let kind = type_name.split(['(', ' ']).next().unwrap_or_default();
        let is_number = matches!(
            kind,
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "float" | "double" | "bit" | "year"
        );
        let is_bytes = kind.contains("binary") || kind.contains("blob");
        let is_plain = is_number || is_bytes && text.starts_with("0x") || text.starts_with("CURRENT_TIMESTAMP");
        Some(if is_plain {
            text.to_owned()
        } else {
            quote_literal(self.engine, text)
        })
    }

    /// An expression as `SHOW CREATE TABLE` prints it: MySQL stores it with another layer of backslashes.
    fn expression(&self, text: &str) -> String {
        if self.engine == Engine::MariaDb {
            return text.to_owned();
        }
        let mut plain = String::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => match letters.next() {
                    Some('n') => plain.push('\n'),
                    Some('r') => plain.push('\r'),
                    Some('t') => plain.push('\t'),
                    Some('0') => plain.push('\0'),
                    Some('Z') => plain.push('\u{1a}'),
                    Some(letter) => plain.push(letter),
                    None => plain.push('\\'),
                },
                letter => plain.push(letter),
            }
        }
        plain
    }

    /// The indexes, each with the columns among its key parts.
    fn indexes(&self) -> Vec<(Object, Vec<String>)> {
        let mut grouped: BTreeMap<(&str, &str), Vec<Fields<'_>>> = BTreeMap::new();
        for row in self.key_parts.iter().map(Fields) {
            grouped.entry((row.text(0), row.text(1))).or_default().push(row);
        }
        let index = |((table, name), rows): ((&str, &str), Vec<Fields<'_>>)| {
            let columns = rows.iter().filter_map(|row| row.owned(3)).collect();
            Some((self.index(table, name, rows.first()?, &rows), columns))
        };
        grouped.into_iter().filter_map(index).collect()
    }

    fn index(&self, table: &str, name: &str, first: &Fields<'_>, rows: &[Fields<'_>]) -> Object {
        let table = ObjectId::table(MAIN, table);
        let unique = first.text(2) == "0";
        let method = first.text(6).to_lowercase();
        // Every key part of a spatial index has a prefix length that nobody gave it.
        let has_prefixes = method != "spatial";
        let parts: Vec<KeyPart> = rows.iter().map(|row| self.key_part(row, has_prefixes)).collect();
        let whole = parts.iter().all(|part| part.whole);
        let printed: Vec<_> = parts.iter().map(|part| part.printed.as_str()).collect();
        let what = match (name, unique, method.as_str()) {
            ("PRIMARY", ..) => "PRIMARY KEY".to_owned(),
            (_, true, _) => format!("UNIQUE KEY {}", self.quote(name)),
            (_, false, "fulltext" | "spatial") => format!("{} KEY {}", method.to_uppercase(), self.quote(name)),
            _ => format!("KEY {}", self.quote(name)),
        };
        let mut definition = format!("{what} ({})", printed.join(","));
        if !matches!(method.as_str(), "btree" | "fulltext" | "spatial") {
            let _ = write!(definition, " USING {}", method.to_uppercase());
        }
        if !first.text(9).is_empty() {
            let _ = write!(definition, " COMMENT {}", quote_literal(self.engine, first.text(9)));
        }
        if first.text(8) == "1" {
            definition += if self.engine == Engine::MySql {
                " INVISIBLE"
            } else {
                " IGNORED"
            };
        }
        let index = Index {
            table: table.clone(),
            method,
            keys: parts.into_iter().map(|part| part.key).collect(),
            included: Vec::new(),
            predicate: None,
            unique,
            nulls_not_distinct: false,
            of_constraint: unique && whole,
            valid: true,
            postgres: None,
        };
        Object {
            id: table.child(ObjectKind::Index, name),
            definition,
            body: ObjectBody::Index(index),
        }
    }

    fn key_part(&self, row: &Fields<'_>, has_prefixes: bool) -> KeyPart {
        let descending = if row.text(4) == "D" { " DESC" } else { "" };
        let Some(column) = row.optional(3) else {
            let expression = format!("({}){descending}", self.expression(row.text(7)));
            return KeyPart {
                printed: expression.clone(),
                key: expression,
                whole: false,
            };
        };
        let prefix = row.optional(5).filter(|_| has_prefixes);
        let length = prefix.map_or(String::new(), |length| format!("({length})"));
        let is_plain = column.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        let name = if is_plain {
            column.to_owned()
        } else {
            self.quote(column)
        };
        KeyPart {
            printed: format!("{}{length}{descending}", self.quote(column)),
            key: format!("{name}{length}{descending}"),
            whole: prefix.is_none(),
        }
    }

    fn checks(&self, named: &mut dyn FnMut(&str, &str, &str) -> ObjectId) -> Vec<Object> {
        let conditions: BTreeMap<(Option<&str>, &str), &str> = self
            .conditions
            .iter()
            .map(Fields)
            .map(|row| ((row.optional(0), row.text(1)), row.text(2)))
            .collect();
        let check = |row: Fields<'_>| {
            let (table, name, enforced) = (row.text(0), row.text(1), row.text(2) != "NO");
            let condition = conditions.get(&(Some(table), name)).or(conditions.get(&(None, name)))?;
            let condition = self.expression(condition);
            let note = if enforced { "" } else { " NOT ENFORCED" };
            let definition = format!("CONSTRAINT {} CHECK ({condition}){note}", self.quote(name));
            let check = Constraint {
                validated: enforced,
                enforced,
                ..Constraint::new(ConstraintKind::Check(condition))
            };
            Some(Object {
                id: named(table, name, "check"),
                definition,
                body: ObjectBody::Constraint(check),
            })
        };
        self.checks.iter().map(Fields).filter_map(check).collect()
    }

    fn foreign_keys(&self, named: &mut dyn FnMut(&str, &str, &str) -> ObjectId) -> Vec<Object> {
        let actions: BTreeMap<(&str, &str), Fields<'_>> = self
            .foreign_key_actions
            .iter()
            .map(|row| ((Fields(row).text(0), Fields(row).text(1)), Fields(row)))
            .collect();
        let mut grouped: BTreeMap<(&str, &str), Vec<Fields<'_>>> = BTreeMap::new();
        for row in self.foreign_key_columns.iter().map(Fields) {
            grouped.entry((row.text(0), row.text(1))).or_default().push(row);
        }
        let mut objects = Vec::new();
        for ((table, name), rows) in grouped {
            let Some(first) = rows.first() else { continue };
            let schema = if first.text(3) == self.database {
                MAIN
            } else {
                first.text(3)
            };
            let action = |column| {
                let found = actions.get(&(table, name)).and_then(|row| row.owned(column));
                found.unwrap_or_else(|| "NO ACTION".to_owned())
            };
            let foreign_key = ForeignKey {
                columns: rows.iter().filter_map(|row| row.owned(2)).collect(),
                references: ObjectId::table(schema, first.text(4)),
                referenced_columns: rows.iter().filter_map(|row| row.owned(5)).collect(),
                on_delete: action(3),
                on_update: action(2),
                match_full: false,
            };
            let definition = self.foreign_key_definition(name, &foreign_key);
            let foreign_key = Constraint::new(ConstraintKind::ForeignKey(foreign_key));
            objects.push(Object {
                id: named(table, name, "foreign key"),
                definition,
                body: ObjectBody::Constraint(foreign_key),
            });
        }
        objects
    }

    /// As `SHOW CREATE TABLE` prints it: without the action that each engine takes where none is written.
    fn foreign_key_definition(&self, name: &str, key: &ForeignKey) -> String {
        let names = |columns: &[String]| {
            columns
                .iter()
                .map(|column| self.quote(column))
                .collect::<Vec<_>>()
                .join(",")
        };
        let mut text = format!(
            "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({})",
            self.quote(name),
            names(&key.columns),
            dbwright_ddl::qualified_name(self.engine, &key.references),
            names(&key.referenced_columns)
        );
        let usual = if self.engine == Engine::MySql {
            "NO ACTION"
        } else {
            "RESTRICT"
        };
        for (event, action) in [("DELETE", &key.on_delete), ("UPDATE", &key.on_update)] {
            if action != usual {
                let _ = write!(text, " ON {event} {action}");
            }
        }
        text
    }
}

struct KeyPart {
    /// As `SHOW CREATE TABLE` prints it.
    printed: String,
    /// Without quotes where it is a plain name.
    key: String,
    /// Whether it is a whole column.
    whole: bool,
}

/// The constraint that an index stands for, where it stands for one.
fn constraint_of(index: &Object, columns: Vec<String>) -> Option<Object> {
    let ObjectBody::Index(body) = &index.body else {
        return None;
    };
    if !body.of_constraint {
        return None;
    }
    let kind = if index.id.name() == "PRIMARY" {
        ConstraintKind::PrimaryKey(columns)
    } else {
        ConstraintKind::Unique(columns)
    };
    let constraint = Constraint {
        index: Some(index.id.clone()),
        ..Constraint::new(kind)
    };
    Some(Object {
        id: body.table.child(ObjectKind::Constraint, index.id.name()),
        definition: index.definition.clone(),
        body: ObjectBody::Constraint(constraint),
    })
}
