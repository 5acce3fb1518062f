//! `CREATE TABLE` (<https://www.postgresql.org/docs/current/sql-createtable.html>): columns and constraints, which
//! `ALTER TABLE` shares.

use super::parser::Parser;
use super::types::{ColumnDefinition, CreateTable, Name, TableConstraint, TableConstraintKind, TypeName};

/// The words that may follow a default or another expression within a column.
const COLUMN_WORDS: [&str; 17] = [
    "not",
    "null",
    "constraint",
    "check",
    "unique",
    "primary",
    "references",
    "generated",
    "default",
    "collate",
    "deferrable",
    "initially",
    "storage",
    "compression",
    "enforced",
    "no",
    "options",
];

/// Behind `CREATE … TABLE [IF NOT EXISTS] name`.
pub(super) fn create_table(parser: &mut Parser<'_>, mut table: CreateTable) -> Option<CreateTable> {
    if parser.accept("partition of") {
        table.partition_of = Some(parser.name()?);
    } else if parser.accept("of") {
        table.of_type = Some(parser.name()?);
    }
    if parser.is_symbol("(") {
        elements(parser, &mut table)?;
    }
    if table.partition_of.is_some() {
        let start = parser.at;
        if parser.accept("for values") {
            while parser.peek().is_some() && !parser.is_any(&["partition", "using", "with", "tablespace", "server"])
                || parser.is("with")
                    && parser.ahead(1).is_some_and(|token| token.is_symbol("("))
                    && is_hash_bound(parser, start)
            {
                parser.pass()?;
            }
        } else {
            parser.expect("default")?;
        }
        table.bound = Some(parser.since(start));
    }
    if parser.accept("inherits") {
        parser.expect_symbol("(")?;
        loop {
            table.inherits.push(parser.name()?);
            if !parser.accept_symbol(",") {
                break;
            }
        }
        parser.expect_symbol(")")?;
    }
    if parser.accept("partition by") {
        let method = parser.word()?.to_ascii_uppercase();
        let key = parser.parenthesis()?;
        table.partition_by = Some(format!("{method} ({key})"));
    }
    // What is left are storage, its parameters, what becomes of a temporary table at the commit, a server with options.
    Some(table)
}

/// `FOR VALUES WITH (MODULUS …)`: the `WITH` right behind `VALUES`.
fn is_hash_bound(parser: &Parser<'_>, start: usize) -> bool {
    parser.at == start + 2
}

fn elements(parser: &mut Parser<'_>, table: &mut CreateTable) -> Option<()> {
    parser.expect_symbol("(")?;
    if parser.accept_symbol(")") {
        return Some(());
    }
    loop {
        if parser.accept("like") {
            let source = parser.name()?;
            let mut including = Vec::new();
            while parser.is_any(&["including", "excluding"]) {
                let includes = parser.accept("including");
                if !includes {
                    parser.next();
                }
                let what = parser.word()?;
                if includes {
                    including.push(what);
                } else {
                    including.retain(|other| *other != what);
                }
            }
            table.like.push((source, including));
        } else if is_table_constraint(parser) {
            table.constraints.push(table_constraint(parser)?);
        } else {
            // A partition, or a table of a type, names columns without types.
            let typed = table.partition_of.is_none() && table.of_type.is_none();
            table.columns.push(column(parser, typed)?);
        }
        if !parser.accept_symbol(",") {
            break;
        }
    }
    parser.expect_symbol(")")
}

/// Whether a constraint of the table begins here, and not a column that is called like a word of the grammar
/// (these words are reserved, so that only a quoted name could be).
pub(super) fn is_table_constraint(parser: &Parser<'_>) -> bool {
    let second = |word: &str| parser.ahead(1).is_some_and(|token| token.is(word));
    parser.is("constraint")
        || parser.is("check") && parser.ahead(1).is_some_and(|token| token.is_symbol("("))
        || parser.is("unique")
        || parser.is("primary") && second("key")
        || parser.is("foreign") && second("key")
        || parser.is("exclude") && (second("using") || parser.ahead(1).is_some_and(|token| token.is_symbol("(")))
        || parser.is("not") && second("null")
}

/// A column: name, type, constraints.
pub(super) fn column(parser: &mut Parser<'_>, typed: bool) -> Option<ColumnDefinition> {
    let name = parser.identifier()?;
    let type_name = if typed {
        parser.type_name()?
    } else {
        parser.accept("with options");
        TypeName {
            printed: String::new(),
            serial: false,
        }
    };
    let mut column = ColumnDefinition {
        name,
        type_name,
        collation: None,
        not_null: None,
        null: false,
        default: None,
        generated: None,
        identity: None,
        constraints: Vec::new(),
    };
    while let Some(token) = parser.peek() {
        if token.is_symbol(",") || token.is_symbol(")") {
            break;
        }
        column_constraint(parser, &mut column)?;
    }
    Some(column)
}

fn column_constraint(parser: &mut Parser<'_>, column: &mut ColumnDefinition) -> Option<()> {
    let name = if parser.accept("constraint") {
        Some(parser.identifier()?)
    } else {
        None
    };
    if parser.accept("not null") {
        column.not_null = Some(name);
        let mut ignored = plain(TableConstraintKind::NotNull(String::new()));
        attributes(parser, &mut ignored)?;
        return Some(());
    }
    if parser.accept("null") {
        column.null = true;
        return Some(());
    }
    if parser.accept("default") {
        column.default = Some(parser.expression(&COLUMN_WORDS)?);
        return Some(());
    }
    if parser.accept("collate") {
        let collation = parser.name()?;
        column.collation = Some(collation.name);
        return Some(());
    }
    if parser.accept("storage") || parser.accept("compression") {
        parser.next()?;
        return Some(());
    }
    if parser.accept("options") {
        parser.parenthesis()?;
        return Some(());
    }
    if parser.accept("generated") {
        return generated(parser, column);
    }
    let kind = if parser.accept("check") {
        TableConstraintKind::Check(parser.parenthesis()?)
    } else if parser.accept("unique") {
        TableConstraintKind::Unique {
            columns: vec![column.name.clone()],
            nulls_not_distinct: nulls_not_distinct(parser),
        }
    } else if parser.accept("primary key") {
        TableConstraintKind::PrimaryKey(vec![column.name.clone()])
    } else if parser.is("references") {
        references(parser, vec![column.name.clone()])?
    } else {
        return None;
    };
    let mut constraint = plain(kind);
    constraint.name = name;
    attributes(parser, &mut constraint)?;
    column.constraints.push(constraint);
    Some(())
}

fn generated(parser: &mut Parser<'_>, column: &mut ColumnDefinition) -> Option<()> {
    let always = parser.accept("always");
    if !always {
        parser.expect("by default")?;
    }
    parser.expect("as")?;
    if parser.accept("identity") {
        column.identity = Some(always);
        if parser.is_symbol("(") {
            parser.pass()?;
        }
        return Some(());
    }
    let expression = parser.parenthesis()?;
    let stored = parser.accept("stored");
    parser.accept("virtual");
    column.generated = Some((expression, stored));
    Some(())
}

fn nulls_not_distinct(parser: &mut Parser<'_>) -> bool {
    if parser.accept("nulls not distinct") {
        return true;
    }
    parser.accept("nulls distinct");
    false
}

fn references(parser: &mut Parser<'_>, columns: Vec<String>) -> Option<TableConstraintKind> {
    parser.expect("references")?;
    let references = parser.name()?;
    let referenced_columns = if parser.is_symbol("(") {
        parser.identifiers()?
    } else {
        Vec::new()
    };
    let (mut on_delete, mut on_update) = ("NO ACTION".to_owned(), "NO ACTION".to_owned());
    loop {
        if parser.accept("match") {
            parser.word()?;
        } else if parser.accept("on delete") {
            on_delete = referential_action(parser)?;
        } else if parser.accept("on update") {
            on_update = referential_action(parser)?;
        } else {
            break;
        }
    }
    Some(TableConstraintKind::ForeignKey {
        columns,
        references,
        referenced_columns,
        on_delete,
        on_update,
    })
}

fn referential_action(parser: &mut Parser<'_>) -> Option<String> {
    for action in ["no action", "restrict", "cascade", "set null", "set default"] {
        if parser.accept(action) {
            if parser.is_symbol("(") {
                parser.pass()?;
            }
            return Some(action.to_ascii_uppercase());
        }
    }
    None
}

/// A constraint of the table, from `CONSTRAINT` or its first word on.
pub(super) fn table_constraint(parser: &mut Parser<'_>) -> Option<TableConstraint> {
    let name = if parser.accept("constraint") {
        Some(parser.identifier()?)
    } else {
        None
    };
    let kind = if parser.accept("check") {
        TableConstraintKind::Check(parser.parenthesis()?)
    } else if parser.accept("unique") {
        key(parser, false)?
    } else if parser.accept("primary key") {
        key(parser, true)?
    } else if parser.accept("foreign key") {
        let columns = parser.identifiers()?;
        references(parser, columns)?
    } else if parser.accept("exclude") {
        let method = if parser.accept("using") {
            parser.identifier()?
        } else {
            "btree".to_owned()
        };
        let parts = parser.index_parts()?;
        index_details(parser)?;
        if parser.accept("where") {
            parser.parenthesis()?;
        }
        TableConstraintKind::Exclude { method, parts }
    } else if parser.accept("not null") {
        TableConstraintKind::NotNull(parser.identifier()?)
    } else {
        return None;
    };
    let mut constraint = plain(kind);
    constraint.name = name;
    attributes(parser, &mut constraint)?;
    Some(constraint)
}

fn key(parser: &mut Parser<'_>, primary: bool) -> Option<TableConstraintKind> {
    if parser.accept("using index") {
        if !parser.is("tablespace") {
            return Some(TableConstraintKind::UsingIndex {
                primary,
                index: parser.identifier()?,
            });
        }
        parser.next();
        parser.identifier()?;
    }
    let nulls_not_distinct = nulls_not_distinct(parser);
    let columns = parser.identifiers()?;
    index_details(parser)?;
    Some(if primary {
        TableConstraintKind::PrimaryKey(columns)
    } else {
        TableConstraintKind::Unique {
            columns,
            nulls_not_distinct,
        }
    })
}

/// `INCLUDE (…) WITH (…) USING INDEX TABLESPACE …` behind a key.
fn index_details(parser: &mut Parser<'_>) -> Option<()> {
    if parser.accept("include") {
        parser.identifiers()?;
    }
    if parser.accept("with") {
        parser.parenthesis()?;
    }
    if parser.accept("using index tablespace") {
        parser.identifier()?;
    }
    Some(())
}

/// A constraint without anything behind it.
pub(super) fn plain(kind: TableConstraintKind) -> TableConstraint {
    TableConstraint {
        name: None,
        kind,
        not_valid: false,
        not_enforced: false,
        deferrable: false,
        initially_deferred: false,
        no_inherit: false,
    }
}

/// `DEFERRABLE`, `NOT VALID` and the like behind a constraint.
fn attributes(parser: &mut Parser<'_>, constraint: &mut TableConstraint) -> Option<()> {
    loop {
        if parser.accept("not valid") {
            constraint.not_valid = true;
        } else if parser.accept("not enforced") {
            constraint.not_enforced = true;
        } else if parser.accept("no inherit") {
            constraint.no_inherit = true;
        } else if parser.accept("deferrable") {
            constraint.deferrable = true;
        } else if parser.accept("initially deferred") {
            constraint.deferrable = true;
            constraint.initially_deferred = true;
        } else if !parser.accept("not deferrable")
            && !parser.accept("initially immediate")
            && !parser.accept("enforced")
        {
            return Some(());
        }
    }
}

/// A table with nothing but its name.
pub(super) fn empty(name: Name) -> CreateTable {
    CreateTable {
        name,
        if_not_exists: false,
        temporary: false,
        unlogged: false,
        foreign: false,
        columns: Vec::new(),
        constraints: Vec::new(),
        like: Vec::new(),
        inherits: Vec::new(),
        partition_of: None,
        bound: None,
        partition_by: None,
        of_type: None,
    }
}
