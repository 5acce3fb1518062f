//! `ALTER TABLE` and its like (<https://www.postgresql.org/docs/current/sql-altertable.html>), and `ALTER` of types and
//! domains.

use super::parser::Parser;
use super::table::{column, is_table_constraint, table_constraint};
use super::types::{
    Alter, AlterAction, AlterKind, DomainAction, Name, PostgresStatement, TableConstraintKind, TypeAction,
};

/// Behind `ALTER TABLE`, `ALTER INDEX` …
pub(super) fn alter(parser: &mut Parser<'_>, kind: AlterKind) -> Option<PostgresStatement> {
    if parser.accept("all in tablespace") {
        return None;
    }
    let if_exists = parser.if_exists();
    let (name, only) = parser.relation()?;
    if kind == AlterKind::Sequence
        && !parser.is_any(&["rename", "owner"])
        && !(parser.is("set")
            && parser
                .ahead(1)
                .is_some_and(|token| token.is("schema") || token.is("logged") || token.is("unlogged")))
    {
        return Some(PostgresStatement::AlterSequence {
            name,
            if_exists,
            owned_by: owned_by(parser)?,
        });
    }
    let mut actions = Vec::new();
    loop {
        let start = parser.at;
        let known = action(parser, kind);
        let clean = parser.is_at_end() || parser.is_symbol(",");
        match known {
            Some(known) if clean => actions.push(known),
            _ => {
                parser.at = start;
                let words = parser.expression(&[]).unwrap_or_default();
                actions.push(AlterAction::Unknown(words));
                if parser.is_symbol(")") {
                    return None;
                }
            }
        }
        if !parser.accept_symbol(",") {
            break;
        }
    }
    Some(PostgresStatement::Alter(Alter {
        kind,
        name,
        if_exists,
        only,
        actions,
    }))
}

/// The `OWNED BY` among the options of a sequence that follow. Nothing where a name is broken off.
#[expect(
    clippy::option_option,
    reason = "that a name is broken off is something else than that there is none"
)]
pub(super) fn owned_by(parser: &mut Parser<'_>) -> Option<Option<(Name, String)>> {
    while parser.peek().is_some() {
        if !parser.accept("owned by") {
            parser.pass()?;
            continue;
        }
        let mut path = vec![parser.identifier()?];
        while parser.accept_symbol(".") {
            path.push(parser.identifier()?);
        }
        let column = path.pop()?;
        let Some(name) = path.pop() else { return Some(None) };
        let table = Name {
            schema: path.pop(),
            name,
        };
        return Some(Some((table, column)));
    }
    Some(None)
}

fn action(parser: &mut Parser<'_>, kind: AlterKind) -> Option<AlterAction> {
    match parser.word()?.as_str() {
        "add" => add(parser),
        "drop" => drop_part(parser),
        "alter" => alter_part(parser),
        "validate" => {
            parser.expect("constraint")?;
            Some(AlterAction::Validate(parser.identifier()?))
        }
        "rename" => rename(parser),
        "set" => set(parser),
        "reset" => Some(AlterAction::Options(parser.option_names()?)),
        "owner" => {
            parser.expect("to")?;
            parser.next()?;
            Some(AlterAction::Owner)
        }
        "cluster" => {
            parser.expect("on")?;
            Some(AlterAction::ClusterOn(Some(parser.identifier()?)))
        }
        "enable" => switched(parser, true),
        "disable" => switched(parser, false),
        "force" => {
            parser.expect("row level security")?;
            Some(AlterAction::RowSecurity(None))
        }
        "no" => {
            if parser.accept("inherit") {
                return Some(AlterAction::NoInherit(parser.name()?));
            }
            parser.expect("force row level security")?;
            Some(AlterAction::RowSecurity(None))
        }
        "inherit" => Some(AlterAction::Inherit(parser.name()?)),
        "replica" => {
            parser.expect("identity")?;
            while parser.peek().is_some_and(|token| !token.is_symbol(",")) {
                parser.pass()?;
            }
            Some(AlterAction::ReplicaIdentity)
        }
        "attach" => {
            parser.expect("partition")?;
            let partition = parser.name()?;
            let start = parser.at;
            while parser.peek().is_some() {
                parser.pass()?;
            }
            let bound = parser.since(start);
            (kind == AlterKind::Index || !bound.is_empty()).then_some(AlterAction::Attach { partition, bound })
        }
        "detach" => {
            parser.expect("partition")?;
            Some(AlterAction::Detach {
                partition: parser.name()?,
                concurrently: parser.accept("concurrently"),
                finalize: parser.accept("finalize"),
            })
        }
        _ => None,
    }
}

fn add(parser: &mut Parser<'_>) -> Option<AlterAction> {
    if is_table_constraint(parser) {
        return Some(AlterAction::AddConstraint(table_constraint(parser)?));
    }
    parser.accept("column");
    let if_not_exists = parser.if_not_exists();
    Some(AlterAction::AddColumn {
        column: Box::new(column(parser, true)?),
        if_not_exists,
    })
}

fn drop_part(parser: &mut Parser<'_>) -> Option<AlterAction> {
    if parser.accept("constraint") {
        let if_exists = parser.if_exists();
        return Some(AlterAction::DropConstraint {
            name: parser.identifier()?,
            if_exists,
            cascade: parser.cascade(),
        });
    }
    parser.accept("column");
    let if_exists = parser.if_exists();
    Some(AlterAction::DropColumn {
        name: parser.identifier()?,
        if_exists,
        cascade: parser.cascade(),
    })
}

fn alter_part(parser: &mut Parser<'_>) -> Option<AlterAction> {
    if parser.accept("constraint") {
        return alter_constraint(parser);
    }
    parser.accept("column");
    let column = parser
        .identifier()
        .or_else(|| parser.next().map(|number| number.text.to_owned()))?;
    if parser.accept("set data type") || parser.accept("type") {
        let type_name = parser.type_name()?;
        let collation = if parser.accept("collate") {
            Some(parser.name()?.name)
        } else {
            None
        };
        let using = if parser.accept("using") {
            Some(parser.expression(&[])?)
        } else {
            None
        };
        parser.cascade();
        return Some(AlterAction::Type {
            column,
            type_name,
            collation,
            using,
        });
    }
    if parser.accept("set default") {
        let default = Some(parser.expression(&[])?);
        return Some(AlterAction::Default { column, default });
    }
    if parser.accept("drop default") {
        return Some(AlterAction::Default { column, default: None });
    }
    if parser.accept("set not null") {
        return Some(AlterAction::SetNotNull(column));
    }
    if parser.accept("drop not null") {
        return Some(AlterAction::DropNotNull(column));
    }
    if parser.accept("set expression as") {
        return Some(AlterAction::SetExpression(column, parser.parenthesis()?));
    }
    if parser.accept("drop expression") {
        parser.if_exists();
        return Some(AlterAction::DropExpression(column));
    }
    if parser.accept("drop identity") {
        parser.if_exists();
        return Some(AlterAction::DropIdentity(column));
    }
    if parser.accept("add generated") {
        let always = parser.accept("always");
        if !always {
            parser.expect("by default")?;
        }
        parser.expect("as identity")?;
        if parser.is_symbol("(") {
            parser.pass()?;
        }
        return Some(AlterAction::AddIdentity { column, always });
    }
    if parser.accept("set statistics") {
        while parser.peek().is_some_and(|token| !token.is_symbol(",")) {
            parser.pass()?;
        }
        return Some(AlterAction::ColumnStatistics(column));
    }
    if parser.accept("set storage") || parser.accept("set compression") {
        parser.next()?;
        return Some(AlterAction::ColumnStorage(column));
    }
    if parser.accept("options") {
        parser.parenthesis()?;
        return Some(AlterAction::ColumnStorage(column));
    }
    if (parser.is("set") || parser.is("reset")) && parser.ahead(1).is_some_and(|token| token.is_symbol("(")) {
        parser.next();
        parser.option_names()?;
        return Some(AlterAction::ColumnOptions(column));
    }
    if parser.is_any(&["set", "restart"]) {
        while parser.peek().is_some_and(|token| !token.is_symbol(",")) {
            parser.pass()?;
        }
        return Some(AlterAction::SetIdentity(column));
    }
    None
}

fn alter_constraint(parser: &mut Parser<'_>) -> Option<AlterAction> {
    let name = parser.identifier()?;
    let (mut deferrable, mut initially_deferred, mut enforced) = (None, false, None);
    loop {
        if parser.accept("not deferrable") {
            deferrable = Some(false);
        } else if parser.accept("deferrable") {
            deferrable = Some(true);
        } else if parser.accept("initially deferred") {
            initially_deferred = true;
        } else if parser.accept("not enforced") {
            enforced = Some(false);
        } else if parser.accept("enforced") {
            enforced = Some(true);
        } else if !parser.accept("initially immediate") && !parser.accept("inherit") && !parser.accept("no inherit") {
            break;
        }
    }
    Some(AlterAction::AlterConstraint {
        name,
        deferrable,
        initially_deferred,
        enforced,
    })
}

fn rename(parser: &mut Parser<'_>) -> Option<AlterAction> {
    if parser.accept("to") {
        return Some(AlterAction::RenameTo(parser.identifier()?));
    }
    if parser.accept("constraint") {
        let from = parser.identifier()?;
        parser.expect("to")?;
        return Some(AlterAction::RenameConstraint {
            from,
            to: parser.identifier()?,
        });
    }
    if !parser.ahead(1).is_some_and(|token| token.is("to")) {
        parser.accept("column");
    }
    let from = parser.identifier()?;
    parser.expect("to")?;
    Some(AlterAction::RenameColumn {
        from,
        to: parser.identifier()?,
    })
}

fn set(parser: &mut Parser<'_>) -> Option<AlterAction> {
    if parser.is_symbol("(") {
        return Some(AlterAction::Options(parser.option_names()?));
    }
    match parser.word()?.as_str() {
        "schema" => Some(AlterAction::SetSchema(parser.identifier()?)),
        "logged" => Some(AlterAction::Logged(true)),
        "unlogged" => Some(AlterAction::Logged(false)),
        "tablespace" => {
            let name = parser.identifier()?;
            parser.accept("nowait");
            Some(AlterAction::Tablespace(name))
        }
        "access" => {
            parser.expect("method")?;
            Some(AlterAction::AccessMethod(parser.identifier()?))
        }
        "without" => parser.accept("cluster").then_some(AlterAction::ClusterOn(None)),
        _ => None,
    }
}

fn switched(parser: &mut Parser<'_>, enabled: bool) -> Option<AlterAction> {
    if parser.accept("row level security") {
        return Some(AlterAction::RowSecurity(Some(enabled)));
    }
    let _ = parser.accept("replica") || parser.accept("always");
    if parser.accept("rule") {
        parser.identifier()?;
        return Some(AlterAction::Rule);
    }
    parser.expect("trigger")?;
    Some(AlterAction::Trigger {
        name: parser.identifier()?,
        enabled,
    })
}

/// Behind `ALTER TYPE`.
pub(super) fn alter_type(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    let name = parser.name()?;
    let action = if parser.accept("add value") {
        let if_not_exists = parser.if_not_exists();
        let label = parser.string()?;
        let before = parser.accept("before");
        let place = if before || parser.accept("after") {
            Some((before, parser.string()?))
        } else {
            None
        };
        TypeAction::AddValue {
            label,
            if_not_exists,
            place,
        }
    } else if parser.accept("rename value") {
        let from = parser.string()?;
        parser.expect("to")?;
        TypeAction::RenameValue(from, parser.string()?)
    } else if parser.accept("rename to") {
        TypeAction::RenameTo(parser.identifier()?)
    } else if parser.accept("set schema") {
        TypeAction::SetSchema(parser.identifier()?)
    } else if parser.is("owner") || parser.is("set") {
        return Some(PostgresStatement::AlterType {
            name,
            action: TypeAction::Owner,
        });
    } else {
        return Some(PostgresStatement::AlterType {
            name,
            action: TypeAction::Attribute,
        });
    };
    parser
        .is_at_end()
        .then_some(PostgresStatement::AlterType { name, action })
}

/// Behind `ALTER DOMAIN`.
pub(super) fn alter_domain(parser: &mut Parser<'_>) -> Option<PostgresStatement> {
    let name = parser.name()?;
    let action = if parser.accept("set default") {
        DomainAction::Default(Some(parser.expression(&[])?))
    } else if parser.accept("drop default") {
        DomainAction::Default(None)
    } else if parser.accept("set not null") {
        DomainAction::SetNotNull
    } else if parser.accept("drop not null") {
        DomainAction::DropNotNull
    } else if parser.accept("add") {
        if parser.accept("not null") {
            DomainAction::SetNotNull
        } else {
            let constraint = table_constraint(parser)?;
            match constraint.kind {
                TableConstraintKind::Check(expression) => DomainAction::AddCheck {
                    name: constraint.name,
                    expression,
                    not_valid: constraint.not_valid,
                },
                _ => return None,
            }
        }
    } else if parser.accept("drop constraint") {
        parser.if_exists();
        DomainAction::DropConstraint(parser.identifier()?)
    } else if parser.accept("validate constraint") {
        DomainAction::Validate(parser.identifier()?)
    } else if parser.accept("rename to") {
        DomainAction::RenameTo(parser.identifier()?)
    } else if parser.accept("set schema") {
        DomainAction::SetSchema(parser.identifier()?)
    } else if parser.is_any(&["owner", "rename"]) {
        DomainAction::Other
    } else {
        return None;
    };
    Some(PostgresStatement::AlterDomain { name, action })
}
