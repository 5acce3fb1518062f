//! The statements that rename an object. They are run, not simulated: the server says what follows from a rename.

use dbwright_catalog::{Engine, ObjectId, ObjectKind, Rename, Step};

use crate::quote::{qualified_name, quote_identifier};

/// Whether an engine has a statement that renames such objects.
pub fn can_be_renamed(engine: Engine, kind: ObjectKind) -> bool {
    match engine {
        Engine::Postgres => !matches!(
            kind,
            ObjectKind::Extension
                | ObjectKind::UserMapping
                | ObjectKind::Event
                | ObjectKind::Comment
                | ObjectKind::Owner
                | ObjectKind::Grant
                | ObjectKind::DefaultPrivilege
                | ObjectKind::Membership
                | ObjectKind::SecurityLabel
        ),
        // <https://dev.mysql.com/doc/refman/9.7/en/alter-table.html>: a constraint has to be dropped and added.
        Engine::MySql | Engine::MariaDb => matches!(
            kind,
            ObjectKind::Table | ObjectKind::Column | ObjectKind::Index | ObjectKind::View | ObjectKind::Event
        ),
        // <https://www.sqlite.org/lang_altertable.html>
        Engine::Sqlite => matches!(kind, ObjectKind::Table | ObjectKind::Column),
    }
}

/// The statements that carry out a rename; none where the engine has none, or where the two ids are no two names of one
/// object.
pub fn rename_steps(engine: Engine, rename: &Rename) -> Vec<Step> {
    let (from, to) = (&rename.from, &rename.to);
    let same_owner = from.owner_table() == to.owner_table();
    if from == to || from.kind != to.kind || !same_owner || !can_be_renamed(engine, from.kind) {
        return Vec::new();
    }
    let statements = match engine {
        Engine::Postgres => postgres(from, to),
        Engine::MySql | Engine::MariaDb => mysql_family(engine, from, to),
        Engine::Sqlite => sqlite(from, to),
    };
    let objects = || [from.clone(), to.clone()];
    statements.into_iter().map(|sql| Step::new(sql, objects())).collect()
}

fn postgres(from: &ObjectId, to: &ObjectId) -> Vec<String> {
    let engine = Engine::Postgres;
    let name = |name: &str| quote_identifier(engine, name);
    let (old, new) = (name(from.name()), name(to.name()));
    let on_table = |word: &str| {
        let table = from
            .owner_table()
            .map(|table| qualified_name(engine, &table))
            .unwrap_or_default();
        match from.kind {
            ObjectKind::Column => format!("ALTER TABLE {table} RENAME COLUMN {old} TO {new}"),
            ObjectKind::Constraint => format!("ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}"),
            _ => format!("ALTER {word} {old} ON {table} RENAME TO {new}"),
        }
    };
    let word = match from.kind {
        ObjectKind::Column | ObjectKind::Constraint => return vec![on_table("")],
        ObjectKind::Trigger => return vec![on_table("TRIGGER")],
        ObjectKind::Rule => return vec![on_table("RULE")],
        ObjectKind::Policy => return vec![on_table("POLICY")],
        ObjectKind::Schema => "SCHEMA",
        ObjectKind::EventTrigger => "EVENT TRIGGER",
        ObjectKind::Publication => "PUBLICATION",
        ObjectKind::Subscription => "SUBSCRIPTION",
        ObjectKind::ForeignDataWrapper => "FOREIGN DATA WRAPPER",
        ObjectKind::ForeignServer => "SERVER",
        ObjectKind::Type => "TYPE",
        ObjectKind::Sequence => "SEQUENCE",
        // It takes views of both kinds and foreign tables as well.
        ObjectKind::Table | ObjectKind::View => "TABLE",
        ObjectKind::Index => "INDEX",
        ObjectKind::Routine => "ROUTINE",
        ObjectKind::Statistics => "STATISTICS",
        ObjectKind::Collation => "COLLATION",
        ObjectKind::Extension
        | ObjectKind::UserMapping
        | ObjectKind::Event
        | ObjectKind::Comment
        | ObjectKind::Owner
        | ObjectKind::Grant
        | ObjectKind::DefaultPrivilege
        | ObjectKind::Membership
        | ObjectKind::SecurityLabel => return Vec::new(),
    };
    let (arguments, old_name, new_name) = match from.kind {
        ObjectKind::Routine => (
            from.name().find('(').map_or("", |open| &from.name()[open..]),
            without_arguments(from.name()),
            without_arguments(to.name()),
        ),
        _ => ("", from.name(), to.name()),
    };
    let mut statements = Vec::new();
    let mut schema = from.schema().to_owned();
    let in_schema = from.path.len() > 1;
    let path = |schema: &str, part: &str| {
        if in_schema {
            format!("{}.{}{arguments}", name(schema), name(part))
        } else {
            format!("{}{arguments}", name(part))
        }
    };
    if in_schema && from.schema() != to.schema() {
        statements.push(format!(
            "ALTER {word} {} SET SCHEMA {}",
            path(&schema, old_name),
            name(to.schema())
        ));
        to.schema().clone_into(&mut schema);
    }
    if old_name != new_name {
        statements.push(format!(
            "ALTER {word} {} RENAME TO {}",
            path(&schema, old_name),
            name(new_name)
        ));
    }
    statements
}

/// The name of a routine without the types of its arguments.
fn without_arguments(name: &str) -> &str {
    name.find('(').map_or(name, |open| &name[..open])
}

fn mysql_family(engine: Engine, from: &ObjectId, to: &ObjectId) -> Vec<String> {
    let name = |id: &ObjectId| quote_identifier(engine, id.name());
    let table = from
        .owner_table()
        .map(|table| qualified_name(engine, &table))
        .unwrap_or_default();
    let (old, new) = (name(from), name(to));
    vec![match from.kind {
        ObjectKind::Column => format!("ALTER TABLE {table} RENAME COLUMN {old} TO {new}"),
        ObjectKind::Index => format!("ALTER TABLE {table} RENAME INDEX {old} TO {new}"),
        ObjectKind::Event => {
            let (old, new) = (qualified_name(engine, from), qualified_name(engine, to));
            format!("ALTER EVENT {old} RENAME TO {new}")
        }
        // It takes views as well.
        _ => format!(
            "RENAME TABLE {} TO {}",
            qualified_name(engine, from),
            qualified_name(engine, to)
        ),
    }]
}

fn sqlite(from: &ObjectId, to: &ObjectId) -> Vec<String> {
    let name = |id: &ObjectId| quote_identifier(Engine::Sqlite, id.name());
    let table = from.owner_table();
    vec![match &table {
        Some(table) => format!(
            "ALTER TABLE {} RENAME COLUMN {} TO {}",
            name(table),
            name(from),
            name(to)
        ),
        None => format!("ALTER TABLE {} RENAME TO {}", name(from), name(to)),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(engine: Engine, kind: ObjectKind, from: &[&str], to: &[&str]) -> Vec<String> {
        let rename = Rename {
            from: ObjectId::new(kind, from.iter().copied()),
            to: ObjectId::new(kind, to.iter().copied()),
        };
        rename_steps(engine, &rename).into_iter().map(|step| step.sql).collect()
    }

    #[test]
    fn each_engine_renames_in_its_own_words() {
        let table = |engine| sql(engine, ObjectKind::Table, &["main", "a"], &["main", "order"]);
        assert_eq!(table(Engine::Sqlite), ["ALTER TABLE a RENAME TO \"order\""]);
        assert_eq!(table(Engine::MariaDb), ["RENAME TABLE `a` TO `order`"]);
        let column = |engine| sql(engine, ObjectKind::Column, &["main", "t", "a"], &["main", "t", "b"]);
        assert_eq!(column(Engine::Sqlite), ["ALTER TABLE t RENAME COLUMN a TO b"]);
        assert_eq!(column(Engine::MySql), ["ALTER TABLE `t` RENAME COLUMN `a` TO `b`"]);
        assert_eq!(column(Engine::Postgres), ["ALTER TABLE main.t RENAME COLUMN a TO b"]);
        assert_eq!(
            sql(Engine::Postgres, ObjectKind::Table, &["app", "a"], &["new", "b"]),
            ["ALTER TABLE app.a SET SCHEMA new", "ALTER TABLE new.a RENAME TO b"]
        );
        assert_eq!(
            sql(
                Engine::Postgres,
                ObjectKind::Routine,
                &["app", "f(integer, text)"],
                &["app", "g(integer, text)"]
            ),
            ["ALTER ROUTINE app.f(integer, text) RENAME TO g"]
        );
        assert_eq!(
            sql(
                Engine::Postgres,
                ObjectKind::Policy,
                &["app", "t", "p"],
                &["app", "t", "q"]
            ),
            ["ALTER POLICY p ON app.t RENAME TO q"]
        );
        assert_eq!(
            sql(
                Engine::MySql,
                ObjectKind::Index,
                &["main", "t", "i"],
                &["main", "t", "j"]
            ),
            ["ALTER TABLE `t` RENAME INDEX `i` TO `j`"]
        );
    }

    #[test]
    fn what_has_no_statement_has_no_steps() {
        assert!(sql(Engine::Sqlite, ObjectKind::Index, &["main", "i"], &["main", "j"]).is_empty());
        assert!(
            sql(
                Engine::MySql,
                ObjectKind::Constraint,
                &["main", "t", "c"],
                &["main", "t", "d"]
            )
            .is_empty()
        );
        assert!(
            sql(
                Engine::Sqlite,
                ObjectKind::Column,
                &["main", "t", "a"],
                &["main", "u", "a"]
            )
            .is_empty()
        );
    }
}
