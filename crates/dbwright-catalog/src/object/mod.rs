//! The objects of a database, as flat plain data with stable ids.
//!
//! A property that two engines share is a field of the object; what one engine has alone stands in its `extra` enum.
//! There are no maps and no untyped values, so that the derived `PartialEq` compares what a person would forget.

mod access;
mod catalog;
mod code;
mod constraint;
mod data_type;
mod id;
mod postgres;
mod table;

pub use access::{Comment, DefaultPrivilege, Grant, Membership, Owner, Privilege, SecurityLabel};
pub use catalog::{Catalog, Dependency, Object, ObjectBody};
pub use code::{Event, Routine, RoutineKind, Trigger, View, Volatility};
pub use constraint::{Constraint, ConstraintKind, ForeignKey, Index};
pub use data_type::{Attribute, BaseType, DomainCheck, Extension, RangeType, Schema, Sequence, Type, TypeKind};
pub use id::{ObjectId, ObjectKind};
pub use postgres::{
    Aggregate, Collation, EventTrigger, ForeignDataWrapper, ForeignServer, Policy, PostgresConstraint, PostgresIndex,
    PostgresRoutine, PostgresSequence, PostgresTrigger, PostgresView, Publication, PublishedTable, Rule, Statistics,
    Subscription, UserMapping, ViewColumn,
};
pub use table::{
    Column, ColumnExtra, ForeignPlace, Generated, GeneratedKind, Identity, MySqlFamilyColumn, MySqlFamilyTable,
    Partition, PostgresColumn, PostgresTable, SqliteColumn, SqliteTable, Table, TableExtra, TableKind,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Engine, Server, Version};

    fn column(position: u32) -> ObjectBody {
        ObjectBody::Column(Column {
            position,
            type_name: "integer".into(),
            not_null: false,
            default: None,
            generated: None,
            identity: None,
            collation: None,
            extra: ColumnExtra::Sqlite(SqliteColumn {
                primary_key_position: 0,
            }),
        })
    }

    #[test]
    fn columns_of_a_table_come_in_its_order_and_without_those_of_its_neighbours() {
        let mut catalog = Catalog::empty(Server {
            engine: Engine::Sqlite,
            version: Version::new(3, 50, 0),
        });
        for (table, name, position) in [
            ("a", "x", 1),
            ("b", "z", 1),
            ("b", "y", 2),
            ("bb", "q", 1),
            ("c", "w", 1),
        ] {
            let id = ObjectId::table("main", table).column(name);
            catalog.objects.insert(
                id.clone(),
                Object {
                    id,
                    definition: String::new(),
                    body: column(position),
                },
            );
        }
        let table = ObjectId::table("main", "b");
        let names: Vec<_> = catalog
            .columns(&table)
            .into_iter()
            .map(|(id, _)| id.name().to_owned())
            .collect();
        assert_eq!(names, ["z", "y"]);
    }

    #[test]
    fn ids_are_shown_without_the_schema_that_nobody_writes() {
        assert_eq!(ObjectId::table("public", "t").to_string(), "t");
        assert_eq!(ObjectId::table("app", "t").column("c").to_string(), "app.t.c");
        assert_eq!(ObjectId::new(ObjectKind::Schema, ["public"]).to_string(), "public");
    }

    #[test]
    fn what_is_said_of_an_object_names_it() {
        let table = ObjectId::table("public", "t");
        let comment = table.column("c").satellite(ObjectKind::Comment);
        assert_eq!(comment.target(), Some(table.column("c")));
        assert_eq!(comment.schema(), "public");
        assert_eq!(comment.to_string(), "column t.c");
        let grant = table.satellite_of(ObjectKind::Grant, "reader");
        assert_eq!(grant.target(), Some(table.clone()));
        assert_eq!(grant.to_string(), "table t to reader");
        assert_eq!(table.target(), None);
    }

    #[test]
    fn every_kind_is_listed_once_with_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = ObjectKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), ObjectKind::ALL.len());
        assert!(ObjectKind::ALL.is_sorted());
        assert_eq!(ObjectKind::ALL.last(), Some(&ObjectKind::SecurityLabel));
    }
}
