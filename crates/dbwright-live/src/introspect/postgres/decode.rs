//! Rows of the catalog queries → objects of the kinds that are followed from statement to statement.

use dbwright_catalog::{
    Attribute, BaseType, Column, ColumnExtra, Constraint, ConstraintKind, DomainCheck, Extension, ForeignKey,
    ForeignPlace, Generated, GeneratedKind, Identity, Index, Object, ObjectBody, ObjectId, ObjectKind, Partition,
    PostgresColumn, PostgresConstraint, PostgresIndex, PostgresSequence, PostgresTable, PostgresTrigger, PostgresView,
    RangeType, Schema, Sequence, Table, TableExtra, TableKind, Trigger, Type, TypeKind, View, ViewColumn,
};
use dbwright_ddl::Canonical;

use super::{CatalogState, Entry, Key, Reader, Relation, Row, code};

/// Separates the parts of one element of a list.
pub(super) const PART: char = '\u{1e}';

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
            Reader::Routines => Some((Key::Routine(oid), code::routine(row))),
            Reader::Relations => self.relation_row(row),
            Reader::Columns => self.column(row),
            Reader::ViewColumns => self.view_column(row),
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
                    postgres: Some(PostgresView {
                        options: row.list(7),
                        access_method: row.owned(6),
                        tablespace: row.owned(15),
                        populated: row.flag(20),
                        columns: Vec::new(),
                        extensions: Vec::new(),
                    }),
                };
                Some((Key::Relation(oid), entry(id, query, ObjectBody::View(body), None)))
            }
            ObjectKind::Table => {
                let body = table(letter, row);
                Some((
                    Key::Relation(oid),
                    entry(id, &table_definition(row), ObjectBody::Table(body), None),
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
            extra: ColumnExtra::Postgres(column_extra(row)),
        };
        let key = Key::Column(relation, i32::try_from(number).ok()?);
        Some((
            key,
            entry(id, &column_definition(row), ObjectBody::Column(body), Some(relation)),
        ))
    }

    /// Columns of views are a part of their view.
    fn view_column(&mut self, row: &Row<'_>) -> Option<(Key, Entry)> {
        let column = ViewColumn {
            name: row.text(2).to_owned(),
            type_name: row.text(3).to_owned(),
            collation: row.owned(8),
            default: row.owned(5),
            extra: column_extra(row),
        };
        let slot = self.slots.get(&Key::Relation(row.oid(0)))?;
        let object = self.catalog.objects.get_mut(&slot.id)?;
        if let ObjectBody::View(View {
            postgres: Some(view), ..
        }) = &mut object.body
        {
            view.columns.push(column);
        }
        None
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
        let parent = row
            .optional(24)
            .map(|name| ObjectId::table(row.text(22), row.text(23)).child(ObjectKind::Constraint, name));
        let body = Constraint {
            kind,
            validated: row.flag(4),
            enforced: row.flag(5),
            deferrable: row.flag(6),
            initially_deferred: row.flag(7),
            // Set on keys by how they came about, without a meaning.
            no_inherit: row.flag(8) && matches!(row.letter(3), 'c' | 'n'),
            index: self.relation(row.oid(9)).filter(|_| owns_index).cloned(),
            postgres: Some(PostgresConstraint {
                local: row.flag(20),
                inherited: row.flag(21),
                parent,
            }),
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
            postgres: Some(PostgresIndex {
                options: row.list(11),
                tablespace: row.owned(12),
                statistics_targets: row
                    .list(13)
                    .iter()
                    .filter_map(|target| target.split_once(PART))
                    .filter_map(|(number, target)| Some((number.parse().ok()?, target.parse().ok()?)))
                    .collect(),
                parent: row
                    .optional(15)
                    .map(|name| ObjectId::new(ObjectKind::Index, [row.text(14), name])),
                clustered: row.flag(16),
                replica_identity: row.flag(17),
                extensions: Vec::new(),
            }),
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
        let parent_fires = row.optional(6).and_then(|text| text.chars().next());
        let body = Trigger {
            function,
            enabled: matches!(row.letter(3), 'O' | 'A'),
            postgres: Some(PostgresTrigger {
                fires: row.letter(3),
                inherited: parent_fires.is_some(),
                parent_fires,
                extensions: Vec::new(),
            }),
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
        let (owned_by, identity) = match owner.as_slice() {
            [schema, table, column, kind] => (Some(ObjectId::table(*schema, *table).column(*column)), *kind == "i"),
            _ => (None, false),
        };
        let body = Sequence {
            type_name: row.text(1).to_owned(),
            start: row.number(2),
            increment: row.number(3),
            minimum: row.number(4),
            maximum: row.number(5),
            cycle: row.flag(6),
            owned_by,
            postgres: Some(PostgresSequence {
                cache: row.number(8),
                unlogged: row.letter(9) == 'u',
                identity,
            }),
        };
        let definition = format!(
            "{}AS {} START WITH {} INCREMENT BY {} MINVALUE {} MAXVALUE {} CACHE {}{}",
            if row.text(9) == "u" { "UNLOGGED " } else { "" },
            row.text(1),
            row.text(2),
            row.text(3),
            row.text(4),
            row.text(5),
            row.text(8),
            if row.flag(6) { " CYCLE" } else { "" }
        );
        Some((
            Key::Relation(oid),
            entry(id, &definition, ObjectBody::Sequence(body), None),
        ))
    }
}

pub(super) fn entry(id: ObjectId, definition: &str, body: ObjectBody, relation: Option<u32>) -> Entry {
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
            tablespace: row.owned(15),
            of_type: row.owned(16),
            toast_options: row.list(17),
            foreign: row.optional(18).map(|server| ForeignPlace {
                server: server.to_owned(),
                options: row.list(19),
            }),
        }),
    }
}

/// The parents stand in the model only: a table does not change when it becomes a child.
fn table_definition(row: &Row<'_>) -> String {
    Canonical::new()
        .text("kind", row.text(3))
        .text("persistence", row.text(5))
        .text("access_method", row.text(6))
        .list("options", row.list(7))
        .flag("row_security", row.flag(8))
        .flag("force_row_security", row.flag(9))
        .text("replica_identity", row.text(10))
        .text("partition_key", row.text(11))
        .text("bound", row.text(12))
        .text("tablespace", row.text(15))
        .text("of_type", row.text(16))
        .list("toast_options", row.list(17))
        .text("server", row.text(18))
        .list("foreign_options", row.list(19))
        .text("unknown", row.text(21))
        .finish()
}

fn column_definition(row: &Row<'_>) -> String {
    Canonical::new()
        .text("type", row.text(3))
        .flag("not_null", row.flag(4))
        .text("default", row.text(5))
        .text("generated", row.text(6))
        .text("identity", row.text(7))
        .text("collation", row.text(8))
        .text("storage", row.text(9))
        .text("compression", row.text(10))
        .text(
            "statistics_target",
            row.optional(11).filter(|target| *target != "-1").unwrap_or_default(),
        )
        .list("options", row.list(13))
        .list("foreign_options", row.list(14))
        .text("unknown", row.text(17))
        .finish()
}

fn column_extra(row: &Row<'_>) -> PostgresColumn {
    PostgresColumn {
        storage: row.letter(9),
        type_storage: row.letter(12),
        compression: row
            .optional(10)
            .and_then(|text| text.chars().next())
            .filter(char::is_ascii_alphabetic),
        // Not set is -1 up to 16 and NULL from 17 on.
        statistics_target: row
            .optional(11)
            .and_then(|text| text.parse().ok())
            .filter(|target| *target >= 0),
        options: row.list(13),
        foreign_options: row.list(14),
        local: row.flag(15),
        inherited: row.flag(16),
    }
}

fn user_type(row: &Row<'_>) -> Entry {
    let id = ObjectId::new(ObjectKind::Type, [row.text(1), row.text(2)]);
    let kind = match row.letter(3) {
        'e' => TypeKind::Enum(row.list(4)),
        'd' => TypeKind::Domain {
            base: row.text(5).to_owned(),
            collation: row.owned(10),
            not_null: row.flag(6),
            not_null_name: row.owned(11),
            default: row.owned(7),
            checks: row.list(8).iter().filter_map(|check| domain_check(check)).collect(),
        },
        'c' => TypeKind::Composite(row.list(9).iter().filter_map(|text| attribute(text)).collect()),
        'r' => TypeKind::Range(RangeType {
            subtype: row.text(12).to_owned(),
            operator_class: row.owned(13),
            collation: row.owned(14),
            canonical: row.owned(15),
            difference: row.owned(16),
            multirange: row
                .optional(18)
                .map(|name| ObjectId::new(ObjectKind::Type, [row.text(17), name])),
        }),
        's' => TypeKind::Shell,
        _ => TypeKind::Base(base_type(row)),
    };
    let mut definition = Canonical::new()
        .text("kind", row.text(3))
        .list("labels", row.list(4))
        .text("base", row.text(5))
        .flag("not_null", row.flag(6))
        .text("default", row.text(7))
        .list("checks", row.list(8))
        .list("attributes", row.list(9))
        .text("collation", row.text(10))
        .text("not_null_name", row.text(11))
        .text("subtype", row.text(12))
        .text("operator_class", row.text(13))
        .text("range_collation", row.text(14))
        .text("canonical", row.text(15))
        .text("difference", row.text(16))
        .text("multirange_schema", row.text(17))
        .text("multirange", row.text(18));
    if let TypeKind::Base(_) = kind {
        definition = definition
            .list("functions", row.list(19))
            .list("properties", (20..=28).map(|column| row.text(column)));
    }
    entry(id, &definition.finish(), ObjectBody::Type(Type { kind }), None)
}

fn domain_check(text: &str) -> Option<DomainCheck> {
    let mut parts = text.split(PART);
    Some(DomainCheck {
        name: parts.next()?.to_owned(),
        definition: parts.next()?.to_owned(),
        validated: parts.next()? == "true",
    })
}

fn attribute(text: &str) -> Option<Attribute> {
    let mut parts = text.split(PART);
    Some(Attribute {
        name: parts.next()?.to_owned(),
        type_name: parts.next()?.to_owned(),
        collation: parts.next().filter(|name| !name.is_empty()).map(str::to_owned),
    })
}

fn base_type(row: &Row<'_>) -> BaseType {
    BaseType {
        functions: row
            .list(19)
            .iter()
            .filter_map(|function| function.split_once(PART))
            .map(|(word, function)| (word.to_owned(), function.to_owned()))
            .collect(),
        length: i32::try_from(row.number(20)).unwrap_or_default(),
        by_value: row.flag(21),
        alignment: row.letter(22),
        storage: row.letter(23),
        category: row.letter(24),
        preferred: row.flag(25),
        default: row.owned(7),
        element: row.owned(26),
        delimiter: row.letter(27),
        collatable: row.flag(28),
    }
}
