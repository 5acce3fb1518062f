//! Rows of the catalog queries → objects.

use dbwright_catalog::{
    Column, ColumnExtra, Constraint, ConstraintKind, Extension, ForeignKey, Generated, GeneratedKind, Identity, Index,
    Object, ObjectBody, ObjectId, ObjectKind, Partition, PostgresColumn, PostgresTable, Routine, RoutineKind, Schema,
    Sequence, Table, TableExtra, TableKind, Trigger, Type, TypeKind, View, Volatility,
};

use super::{CatalogState, Entry, Key, Reader, Relation, Row};

/// Separates the parts of one element of a list.
const PART: char = '\u{1e}';

impl CatalogState {
    /// The object that a row describes. Rows about relations also enter the map of relations; of indexes and sequences they
    /// do nothing else, because their object comes with a query of its own.
    pub(super) fn decode(&mut self, reader: Reader, row: &Row<'_>) -> Option<(Key, Entry)> {
        let oid = row.oid(0);
        match reader {
            Reader::Schemas => {
                let id = ObjectId::new(ObjectKind::Schema, [row.text(1)]);
                Some((
                    Key::Schema(oid),
                    entry(id, row.text(1), ObjectBody::Schema(Schema {}), None),
                ))
            }
            Reader::Extensions => Some((Key::Extension(oid), extension(row))),
            Reader::Types => Some((Key::Type(oid), user_type(row))),
            Reader::Routines => Some((Key::Routine(oid), routine(row))),
            Reader::Relations => self.relation_row(row),
            Reader::Columns => self.column(row),
            Reader::Constraints => self.constraint(row),
            Reader::Indexes => self.index(row),
            Reader::Triggers => self.trigger(row),
            Reader::Sequences => self.sequence(row),
        }
    }

    fn relation_row(&mut self, row: &Row<'_>) -> Option<(Key, Entry)> {
        let oid = row.oid(0);
        let letter = row.letter(3);
        let kind = match letter {
            'v' | 'm' => ObjectKind::View,
            'S' => ObjectKind::Sequence,
            'i' | 'I' => ObjectKind::Index,
            _ => ObjectKind::Table,
        };
        let id = ObjectId::new(kind, [row.text(1), row.text(2)]);
        self.relations.insert(
            oid,
            Relation {
                id: id.clone(),
                file: row.oid(4),
            },
        );
        match kind {
            ObjectKind::View => {
                let query = row.text(14);
                let body = View {
                    materialized: letter == 'm',
                    query: query.to_owned(),
                };
                Some((Key::Relation(oid), entry(id, query, ObjectBody::View(body), None)))
            }
            ObjectKind::Table => {
                let body = table(letter, row);
                Some((
                    Key::Relation(oid),
                    entry(id, row.text(15), ObjectBody::Table(body), None),
                ))
            }
            _ => None,
        }
    }

    fn column(&self, row: &Row<'_>) -> Option<(Key, Entry)> {
        let relation = row.oid(0);
        let number = row.number(1);
        let id = self.relation(relation)?.column(row.text(2));
        let expression = row.owned(5);
        let generated_kind = match row.letter(6) {
            's' => Some(GeneratedKind::Stored),
            'v' => Some(GeneratedKind::Virtual),
            _ => None,
        };
        let (default, generated) = match generated_kind {
            Some(kind) => (
                None,
                Some(Generated {
                    kind,
                    expression: expression.unwrap_or_default(),
                }),
            ),
            None => (expression, None),
        };
        let body = Column {
            position: u32::try_from(number).ok()?,
            type_name: row.text(3).to_owned(),
            not_null: row.flag(4),
            default,
            generated,
            identity: match row.letter(7) {
                'a' => Some(Identity::Always),
                'd' => Some(Identity::ByDefault),
                _ => None,
            },
            collation: row.owned(8),
            extra: ColumnExtra::Postgres(PostgresColumn {
                storage: row.letter(9),
                compression: row
                    .optional(10)
                    .and_then(|text| text.chars().next())
                    .filter(char::is_ascii_alphabetic),
                // Not set is -1 up to 16 and NULL from 17 on.
                statistics_target: row
                    .optional(11)
                    .and_then(|text| text.parse().ok())
                    .filter(|target| *target >= 0),
            }),
        };
        let key = Key::Column(relation, i32::try_from(number).ok()?);
        Some((key, entry(id, row.text(12), ObjectBody::Column(body), Some(relation))))
    }

    fn constraint(&self, row: &Row<'_>) -> Option<(Key, Entry)> {
        let relation = row.oid(1);
        let id = self.relation(relation)?.child(ObjectKind::Constraint, row.text(2));
        let columns = row.list(10);
        let definition = row.text(19);
        let kind = match row.letter(3) {
            'p' => ConstraintKind::PrimaryKey(columns),
            'u' => ConstraintKind::Unique(columns),
            'f' => ConstraintKind::ForeignKey(ForeignKey {
                columns,
                references: ObjectId::table(row.text(12), row.text(13)),
                referenced_columns: row.list(14),
                on_delete: action(row.letter(15)).to_owned(),
                on_update: action(row.letter(16)).to_owned(),
                match_full: row.letter(17) == 'f',
            }),
            'c' => ConstraintKind::Check(row.text(18).to_owned()),
            'x' => ConstraintKind::Exclusion(definition.to_owned()),
            'n' => ConstraintKind::NotNull(columns.into_iter().next().unwrap_or_default()),
            _ => ConstraintKind::Trigger,
        };
        let owns_index = matches!(
            kind,
            ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique(_) | ConstraintKind::Exclusion(_)
        );
        let body = Constraint {
            kind,
            validated: row.flag(4),
            enforced: row.flag(5),
            deferrable: row.flag(6),
            initially_deferred: row.flag(7),
            no_inherit: row.flag(8),
            index: self.relation(row.oid(9)).filter(|_| owns_index).cloned(),
        };
        let key = Key::Constraint(row.oid(0));
        Some((key, entry(id, definition, ObjectBody::Constraint(body), Some(relation))))
    }

    fn index(&self, row: &Row<'_>) -> Option<(Key, Entry)> {
        let oid = row.oid(0);
        let relation = row.oid(1);
        let id = self.relation(oid)?.clone();
        let body = Index {
            table: self.relation(relation)?.clone(),
            unique: row.flag(2),
            valid: row.flag(3),
            nulls_not_distinct: row.flag(4),
            of_constraint: row.flag(5),
            method: row.text(6).to_owned(),
            keys: row.list(7),
            included: row.list(8),
            predicate: row.owned(9),
        };
        Some((
            Key::Relation(oid),
            entry(id, row.text(10), ObjectBody::Index(body), Some(relation)),
        ))
    }

    fn trigger(&self, row: &Row<'_>) -> Option<(Key, Entry)> {
        let relation = row.oid(1);
        let id = self.relation(relation)?.child(ObjectKind::Trigger, row.text(2));
        let function = self.slots.get(&Key::Routine(row.oid(4))).map(|slot| slot.id.clone());
        let body = Trigger {
            function,
            enabled: matches!(row.letter(3), 'O' | 'A'),
        };
        Some((
            Key::Trigger(row.oid(0)),
            entry(id, row.text(5), ObjectBody::Trigger(body), Some(relation)),
        ))
    }

    fn sequence(&self, row: &Row<'_>) -> Option<(Key, Entry)> {
        let oid = row.oid(0);
        let id = self.relation(oid)?.clone();
        let owner: Vec<&str> = row.text(7).split(PART).collect();
        let body = Sequence {
            type_name: row.text(1).to_owned(),
            start: row.number(2),
            increment: row.number(3),
            minimum: row.number(4),
            maximum: row.number(5),
            cycle: row.flag(6),
            owned_by: match owner.as_slice() {
                [schema, table, column] => Some(ObjectId::table(*schema, *table).column(*column)),
                _ => None,
            },
        };
        let definition = format!(
            "AS {} START WITH {} INCREMENT BY {} MINVALUE {} MAXVALUE {}{}",
            body.type_name,
            body.start,
            body.increment,
            body.minimum,
            body.maximum,
            if body.cycle { " CYCLE" } else { "" }
        );
        Some((
            Key::Relation(oid),
            entry(id, &definition, ObjectBody::Sequence(body), None),
        ))
    }
}

fn entry(id: ObjectId, definition: &str, body: ObjectBody, relation: Option<u32>) -> Entry {
    Entry {
        object: Object {
            id,
            definition: definition.to_owned(),
            body,
        },
        relation,
    }
}

fn action(letter: char) -> &'static str {
    match letter {
        'c' => "CASCADE",
        'n' => "SET NULL",
        'd' => "SET DEFAULT",
        'r' => "RESTRICT",
        _ => "NO ACTION",
    }
}

fn extension(row: &Row<'_>) -> Entry {
    let id = ObjectId::new(ObjectKind::Extension, [row.text(1)]);
    let body = Extension {
        version: row.text(2).to_owned(),
        schema: row.text(3).to_owned(),
    };
    let definition = format!("{} {} in {}", row.text(1), body.version, body.schema);
    entry(id, &definition, ObjectBody::Extension(body), None)
}

fn table(letter: char, row: &Row<'_>) -> Table {
    let mut parents: Vec<ObjectId> = row
        .list(13)
        .iter()
        .filter_map(|parent| parent.split_once(PART))
        .map(|(schema, name)| ObjectId::table(schema, name))
        .collect();
    let partition = match row.owned(12) {
        Some(bound) if !parents.is_empty() => Some(Partition {
            parent: parents.remove(0),
            is_default: bound == "DEFAULT",
            bound,
        }),
        _ => None,
    };
    Table {
        kind: match letter {
            'p' => TableKind::Partitioned,
            'f' => TableKind::Foreign,
            _ => TableKind::Ordinary,
        },
        partition_key: row.owned(11),
        partition,
        inherits: parents,
        extra: TableExtra::Postgres(PostgresTable {
            unlogged: row.letter(5) == 'u',
            access_method: row.owned(6),
            options: row.list(7),
            row_security: row.flag(8),
            force_row_security: row.flag(9),
            replica_identity: row.letter(10),
        }),
    }
}

fn routine(row: &Row<'_>) -> Entry {
    let id = ObjectId::new(ObjectKind::Routine, [row.text(1), row.text(2)]);
    let body = Routine {
        kind: match row.letter(3) {
            'p' => RoutineKind::Procedure,
            'a' => RoutineKind::Aggregate,
            'w' => RoutineKind::Window,
            _ => RoutineKind::Function,
        },
        language: row.text(4).to_owned(),
        returns: row.owned(5),
        volatility: match row.letter(6) {
            'i' => Volatility::Immutable,
            's' => Volatility::Stable,
            _ => Volatility::Volatile,
        },
        security_definer: row.flag(7),
        strict: row.flag(8),
    };
    entry(id, row.text(9), ObjectBody::Routine(body), None)
}

fn user_type(row: &Row<'_>) -> Entry {
    let id = ObjectId::new(ObjectKind::Type, [row.text(1), row.text(2)]);
    let kind = match row.letter(3) {
        'e' => TypeKind::Enum(row.list(4)),
        'd' => TypeKind::Domain {
            base: row.text(5).to_owned(),
            not_null: row.flag(6),
            default: row.owned(7),
            checks: row.list(8),
        },
        'c' => TypeKind::Composite(
            row.list(9)
                .iter()
                .filter_map(|attribute| attribute.split_once(PART))
                .map(|(name, type_name)| (name.to_owned(), type_name.to_owned()))
                .collect(),
        ),
        'r' => TypeKind::Range(row.text(10).to_owned()),
        _ => TypeKind::Other,
    };
    let definition = (3..=10).map(|column| row.text(column)).collect::<Vec<_>>().join("|");
    entry(id, &definition, ObjectBody::Type(Type { kind }), None)
}
