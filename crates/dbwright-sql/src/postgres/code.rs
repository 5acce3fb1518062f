//! Routines and triggers.

use super::parser::Parser;
use super::types::{CreateRoutine, PostgresStatement};

/// Behind `CREATE [OR REPLACE] FUNCTION`.
pub(super) fn routine(parser: &mut Parser<'_>, kind: &'static str) -> Option<PostgresStatement> {
    let name = parser.name()?;
    let arguments = arguments(parser)?;
    let mut routine = CreateRoutine {
        name,
        arguments,
        kind,
        language: "sql".to_owned(),
        returns: None,
        volatility: "volatile",
        security_definer: false,
        strict: false,
    };
    if kind == "aggregate" {
        "internal".clone_into(&mut routine.language);
        routine.volatility = "immutable";
        return Some(PostgresStatement::CreateRoutine(routine));
    }
    while !parser.is_at_end() {
        if parser.accept("returns null on null input") || parser.accept("strict") {
            routine.strict = true;
        } else if parser.accept("returns table") {
            parser.pass()?;
            routine.returns = Some("record".to_owned());
        } else if parser.accept("returns") {
            routine.returns = parser.type_name().map(|returned| returned.printed);
        } else if parser.accept("language") {
            let token = parser.next()?;
            routine.language = token.name().or_else(|| token.value())?.to_ascii_lowercase();
        } else if parser.accept("immutable") {
            routine.volatility = "immutable";
        } else if parser.accept("stable") {
            routine.volatility = "stable";
        } else if parser.accept("volatile") {
            routine.volatility = "volatile";
        } else if parser.accept("security definer") {
            routine.security_definer = true;
        } else if parser.is("begin") || parser.pass().is_none() {
            break;
        }
    }
    Some(PostgresStatement::CreateRoutine(routine))
}

/// The arguments with mode, name and type.
fn arguments(parser: &mut Parser<'_>) -> Option<Vec<String>> {
    parser.expect_symbol("(")?;
    let mut found = Vec::new();
    while !parser.accept_symbol(")") {
        let mut printed = String::new();
        for (word, shown) in [
            ("in", ""),
            ("out", "OUT "),
            ("inout", "INOUT "),
            ("variadic", "VARIADIC "),
        ] {
            if parser.accept(word) {
                printed.push_str(shown);
            }
        }
        // `name type` or only `type`: what is left before a comma or a default is one name more than a type.
        let start = parser.at;
        let ends = |parser: &Parser<'_>| {
            parser.is_symbol(",")
                || parser.is_symbol(")")
                || parser.is("default")
                || parser.peek().is_some_and(|token| token.text == "=")
        };
        let alone = parser.type_name().filter(|_| ends(parser));
        let type_name = alone.or_else(|| {
            parser.at = start;
            let name = parser.identifier()?;
            printed.push_str(&name);
            printed.push(' ');
            parser.type_name()
        });
        if let Some(type_name) = type_name {
            printed.push_str(&type_name.printed);
            found.push(printed);
        }
        while parser
            .peek()
            .is_some_and(|token| !token.is_symbol(",") && !token.is_symbol(")"))
        {
            parser.pass()?;
        }
        if !parser.accept_symbol(",") {
            parser.expect_symbol(")")?;
            break;
        }
    }
    Some(found)
}

/// Behind `CREATE [OR REPLACE] [CONSTRAINT] TRIGGER`.
pub(super) fn trigger(parser: &mut Parser<'_>, or_replace: bool, constraint: bool) -> Option<PostgresStatement> {
    let name = parser.identifier()?;
    while !parser.accept("on") {
        parser.pass()?;
    }
    let table = parser.name()?;
    while !parser.accept("execute") {
        parser.pass()?;
    }
    let _ = parser.accept("function") || parser.accept("procedure");
    Some(PostgresStatement::CreateTrigger {
        name,
        table,
        or_replace,
        constraint,
        function: parser.name()?,
    })
}
