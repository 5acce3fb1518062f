//! Objects as the server would make them. Their definition is the words of the migration, not the server's.

use dbwright_catalog::{
    Column, ColumnExtra, Constraint, ConstraintKind, Generated, GeneratedKind, Identity, Index, Object, ObjectBody,
    ObjectId, ObjectKind, PostgresColumn, PostgresConstraint, PostgresIndex, PostgresSequence, PostgresTable, Sequence,
    Table, TableExtra, TableKind,
};
use dbwright_sql::postgres::ColumnDefinition;

pub(super) fn object(id: ObjectId, body: ObjectBody) -> Object {
    Object {
        definition: String::new(),
        id,
        body,
    }
}

pub(super) fn table(id: ObjectId, kind: TableKind) -> Object {
    let table = Table {
        kind,
        partition_key: None,
        partition: None,
        inherits: Vec::new(),
        extra: TableExtra::Postgres(PostgresTable {
            unlogged: false,
            access_method: Some("heap".to_owned()),
            options: Vec::new(),
            row_security: false,
            force_row_security: false,
            replica_identity: 'd',
            tablespace: None,
            of_type: None,
            toast_options: Vec::new(),
            foreign: None,
        }),
    };
    object(id, ObjectBody::Table(table))
}

pub(super) fn column(id: ObjectId, position: u32, definition: &ColumnDefinition) -> Object {
    let type_name = definition.type_name.printed.clone();
    let storage = storage(&type_name);
    let column = Column {
        position,
        not_null: definition.not_null.is_some() || definition.type_name.serial || definition.identity.is_some(),
        default: definition.default.clone(),
        generated: definition.generated.as_ref().map(|(expression, stored)| Generated {
            kind: if *stored {
                GeneratedKind::Stored
            } else {
                GeneratedKind::Virtual
            },
            expression: expression.clone(),
        }),
        identity: definition
            .identity
            .map(|always| if always { Identity::Always } else { Identity::ByDefault }),
        collation: definition.collation.clone(),
        extra: ColumnExtra::Postgres(PostgresColumn {
            storage,
            type_storage: storage,
            compression: None,
            statistics_target: None,
            options: Vec::new(),
            foreign_options: Vec::new(),
            local: true,
            inherited: false,
        }),
        type_name,
    };
    object(id, ObjectBody::Column(column))
}

/// A column of which only name and type are known.
pub(super) fn plain_column(id: ObjectId, position: u32, type_name: &str) -> Object {
    let name = id.name().to_owned();
    column(
        id,
        position,
        &ColumnDefinition {
            name,
            type_name: dbwright_sql::postgres::TypeName {
                printed: type_name.to_owned(),
                serial: false,
            },
            collation: None,
            not_null: None,
            null: false,
            default: None,
            generated: None,
            identity: None,
            constraints: Vec::new(),
        },
    )
}

fn storage(type_name: &str) -> char {
    let base = type_name.split('(').next().unwrap_or_default();
    match base {
        "integer" | "bigint" | "smallint" | "boolean" | "real" | "double precision" | "date" | "uuid" | "interval"
        | "oid" => 'p',
        "numeric" | "inet" | "cidr" => 'm',
        base if base.starts_with("time") => 'p',
        _ => 'x',
    }
}

pub(super) fn constraint(id: ObjectId, kind: ConstraintKind) -> Object {
    let constraint = Constraint {
        postgres: Some(PostgresConstraint {
            local: true,
            inherited: false,
            parent: None,
        }),
        ..Constraint::new(kind)
    };
    object(id, ObjectBody::Constraint(constraint))
}

pub(super) fn index(id: ObjectId, table: &ObjectId, keys: Vec<String>) -> Object {
    let index = Index {
        table: table.clone(),
        method: "btree".to_owned(),
        keys,
        included: Vec::new(),
        predicate: None,
        unique: false,
        nulls_not_distinct: false,
        of_constraint: false,
        valid: true,
        postgres: Some(PostgresIndex::default()),
    };
    object(id, ObjectBody::Index(index))
}

pub(super) fn sequence(
    schema: &str,
    name: &str,
    type_name: &str,
    owned_by: Option<ObjectId>,
    identity: bool,
) -> Object {
    let sequence = Sequence {
        type_name: type_name.to_owned(),
        start: 1,
        increment: 1,
        minimum: 1,
        maximum: match type_name {
            "smallint" => i64::from(i16::MAX),
            "integer" => i64::from(i32::MAX),
            _ => i64::MAX,
        },
        cycle: false,
        owned_by,
        postgres: Some(PostgresSequence {
            cache: 1,
            unlogged: false,
            identity,
        }),
    };
    object(
        ObjectId::new(ObjectKind::Sequence, [schema, name]),
        ObjectBody::Sequence(sequence),
    )
}
