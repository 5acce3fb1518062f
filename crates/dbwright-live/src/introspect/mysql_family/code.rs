//! Views, triggers, routines and sequences: what is defined by text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use dbwright_catalog::{
    Dependency, Engine, Object, ObjectBody, ObjectId, ObjectKind, Routine, RoutineKind, Sequence, Trigger, View,
    Volatility,
};
use dbwright_ddl::{quote_identifier, quote_literal};
use mysql_async::Conn;

use super::decode::Fields;
use super::session::{Row, answers, must};
use super::{CatalogState, MAIN};
use crate::LiveError;

impl CatalogState {
    pub(super) async fn read_triggers(&mut self, conn: &mut Conn) -> Result<(), LiveError> {
        let sets = must(conn, "reading the catalog", &self.queries().triggers()).await?;
        self.take(ObjectKind::Trigger, |id| id.kind == ObjectKind::Trigger);
        let engine = self.engine();
        self.put(sets.iter().flatten().map(|row| trigger(engine, row)).collect());
        Ok(())
    }

    pub(super) async fn read_routines(&mut self, conn: &mut Conn) -> Result<(), LiveError> {
        let sql = format!("{}; {}", self.queries().routines(), self.queries().parameters());
        let sets = must(conn, "reading the catalog", &sql).await?;
        let [routines, parameters] = sets.as_slice() else {
            return Ok(());
        };
        self.take(ObjectKind::Routine, |id| id.kind == ObjectKind::Routine);
        self.put(objects_of_routines(self.engine(), routines, parameters));
        Ok(())
    }

    pub(super) async fn read_views(&mut self, conn: &mut Conn) -> Result<(), LiveError> {
        let sql = format!("{}; {}", self.queries().views(), self.queries().tables_of_views());
        let sets = must(conn, "reading the catalog", &sql).await?;
        let [views, tables] = sets.as_slice() else {
            return Ok(());
        };
        let views: BTreeMap<String, Row> = views
            .iter()
            .map(|row| (Fields(row).text(0).to_owned(), row.clone()))
            .collect();
        let old = std::mem::take(&mut self.views);
        self.take(ObjectKind::View, |id| {
            let is_as_before = views.get(id.name()).is_some_and(|row| old.get(id.name()) == Some(row));
            id.kind == ObjectKind::View && !is_as_before
        });
        let fresh: Vec<(&String, &Row)> = views.iter().filter(|(name, row)| old.get(*name) != Some(row)).collect();
        let show = |name: &String| format!("SHOW CREATE VIEW {}", quote_identifier(self.engine(), name));
        let statements: Vec<String> = fresh.iter().map(|(name, _)| show(name)).collect();
        let answers = answers(conn, &statements).await?;
        for ((_, row), answer) in fresh.into_iter().zip(answers) {
            let created = answer.ok().and_then(|rows| rows.into_iter().flatten().nth(1)).flatten();
            let view = view(self.engine(), &self.database, row, created.as_deref());
            self.put(vec![view]);
        }
        self.views = views;
        let edges = tables.iter().map(|row| self.edge_of_view(&Fields(row)));
        self.read_by_views = edges.collect();
        Ok(())
    }

    fn edge_of_view(&self, row: &Fields<'_>) -> Dependency {
        let schema = if row.text(1) == self.database {
            MAIN
        } else {
            row.text(1)
        };
        let view = ObjectId::new(ObjectKind::View, [schema, row.text(2)]);
        Dependency {
            dependent: ObjectId::new(ObjectKind::View, [MAIN, row.text(0)]),
            on: if self.views.contains_key(row.text(2)) && schema == MAIN {
                view
            } else {
                ObjectId::table(schema, row.text(2))
            },
        }
    }
}

/// The view with this row of `VIEWS` and this text of `SHOW CREATE VIEW`, which is missing where the server refuses it.
/// The database's name is taken out: the same view in another scratch database is the same.
fn view(engine: Engine, database: &str, row: &Row, created: Option<&str>) -> Object {
    let row = Fields(row);
    let database = format!("{}.", quote_identifier(engine, database));
    let query = row.text(1).replace(&database, "");
    let definition = match created {
        Some(created) => created.replace(&database, ""),
        None => format!("CREATE VIEW {} AS {query}", quote_identifier(engine, row.text(0))),
    };
    Object {
        id: ObjectId::new(ObjectKind::View, [MAIN, row.text(0)]),
        definition,
        body: ObjectBody::View(View {
            materialized: false,
            query,
            postgres: None,
        }),
    }
}

fn trigger(engine: Engine, row: &Row) -> Object {
    let row = Fields(row);
    let quote = |name| quote_identifier(engine, name);
    let mut definition = format!(
        "CREATE DEFINER={} TRIGGER {} {} {} ON {} FOR EACH ROW {}",
        row.text(6),
        quote(row.text(0)),
        row.text(3),
        row.text(2),
        quote(row.text(1)),
        row.text(5)
    );
    if row.text(4) != "1" {
        let _ = write!(definition, " /* number {} of its event */", row.text(4));
    }
    Object {
        id: ObjectId::table(MAIN, row.text(1)).child(ObjectKind::Trigger, row.text(0)),
        definition,
        body: ObjectBody::Trigger(Trigger {
            function: None,
            enabled: true,
            postgres: None,
        }),
    }
}

/// Parameters by (specific name, kind of the routine).
type Parameters<'a> = BTreeMap<(&'a str, &'a str), Vec<Fields<'a>>>;

fn parameters_by_routine(rows: &[Row]) -> Parameters<'_> {
    let mut parameters: Parameters<'_> = BTreeMap::new();
    for row in rows.iter().map(Fields) {
        parameters.entry((row.text(0), row.text(1))).or_default().push(row);
    }
    parameters
}

/// The routines with these rows, in their order.
pub(super) fn objects_of_routines(engine: Engine, routines: &[Row], parameters: &[Row]) -> Vec<Object> {
    let parameters = parameters_by_routine(parameters);
    let mut objects: Vec<Object> = Vec::with_capacity(routines.len());
    let mut taken = BTreeSet::new();
    for row in routines {
        let mut object = routine(engine, row, &parameters);
        if !taken.insert(object.id.clone()) {
            // Without parameters there are no modes that would tell a procedure from the function of the same name.
            let shown = format!("{} ({})", object.id.name(), Fields(row).text(2).to_lowercase());
            object.id = ObjectId::new(ObjectKind::Routine, [MAIN, shown.as_str()]);
        }
        objects.push(object);
    }
    objects
}

/// A function or procedure. Functions and procedures of one name are told apart by the modes of parameters; packages of
/// MariaDB bear what they are in their name.
fn routine(engine: Engine, row: &Row, parameters: &Parameters<'_>) -> Object {
    let row = Fields(row);
    let (name, what) = (row.text(1), row.text(2));
    let is_function = what == "FUNCTION";
    let quote = |name| quote_identifier(engine, name);
    let parameters = parameters.get(&(row.text(0), what)).map_or(&[][..], Vec::as_slice);
    let mode = |parameter: &Fields<'_>| match parameter.optional(2) {
        Some(mode) if !is_function => format!("{mode} "),
        _ => String::new(),
    };
    let types: Vec<_> = parameters
        .iter()
        .map(|parameter| format!("{}{}", mode(parameter), parameter.text(4)))
        .collect();
    let written: Vec<_> = parameters
        .iter()
        .map(|parameter| format!("{}{} {}", mode(parameter), quote(parameter.text(3)), parameter.text(4)))
        .collect();
    let mut definition = format!(
        "CREATE DEFINER={} {what} {}({})",
        row.text(9),
        quote(name),
        written.join(", ")
    );
    let returns = row.owned(3).filter(|_| is_function);
    if let Some(returns) = &returns {
        let _ = write!(definition, " RETURNS {returns}");
    }
    let is_deterministic = row.text(5) == "YES";
    definition += if is_deterministic { " DETERMINISTIC" } else { "" };
    let _ = write!(definition, " {} SQL SECURITY {}", row.text(6), row.text(7));
    if !row.text(8).is_empty() {
        let _ = write!(definition, " COMMENT {}", quote_literal(engine, row.text(8)));
    }
    let _ = write!(definition, " {}", row.text(4));
    let shown = match what {
        "FUNCTION" | "PROCEDURE" => format!("{name}({})", types.join(", ")),
        what => format!("{name} ({})", what.to_lowercase()),
    };
    Object {
        id: ObjectId::new(ObjectKind::Routine, [MAIN, &shown]),
        definition,
        body: ObjectBody::Routine(Routine {
            kind: if is_function {
                RoutineKind::Function
            } else {
                RoutineKind::Procedure
            },
            language: row.text(10).to_lowercase(),
            returns,
            volatility: if is_deterministic {
                Volatility::Immutable
            } else {
                Volatility::Volatile
            },
            security_definer: row.text(7) == "DEFINER",
            strict: false,
            postgres: None,
        }),
    }
}

/// A sequence of MariaDB from its `SHOW CREATE SEQUENCE`: ``CREATE SEQUENCE `s` [as int] start with 1 minvalue 1
/// maxvalue 9 increment by 1 cache 1000 nocycle ENGINE=InnoDB``.
pub(super) fn sequence(name: &str, definition: String) -> Object {
    let words: Vec<&str> = definition
        .rsplit('`')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let after = |wanted: &[&str]| {
        let at = words.windows(wanted.len()).position(|window| window == wanted)?;
        words.get(at + wanted.len()).copied()
    };
    // Numbers beyond what the model holds are those of unsigned sequences.
    let number =
        |wanted: &[&str], otherwise: i64| after(wanted).map_or(otherwise, |word| word.parse().unwrap_or(i64::MAX));
    let type_name = match (after(&["as"]), words.contains(&"unsigned")) {
        (Some(name), true) => format!("{name} unsigned"),
        (Some(name), false) => name.to_owned(),
        (None, _) => "bigint".to_owned(),
    };
    let body = Sequence {
        type_name,
        start: number(&["start", "with"], 1),
        increment: number(&["increment", "by"], 1),
        minimum: number(&["minvalue"], 1),
        maximum: number(&["maxvalue"], i64::MAX),
        cycle: words.contains(&"cycle"),
        owned_by: None,
        postgres: None,
    };
    Object {
        id: ObjectId::new(ObjectKind::Sequence, [MAIN, name]),
        definition,
        body: ObjectBody::Sequence(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_read_from_their_definition() {
        let text = "CREATE SEQUENCE `start with` start with 5 minvalue -3 maxvalue 99 increment by 2 cache 10 cycle ENGINE=InnoDB";
        let ObjectBody::Sequence(sequence) = sequence("start with", text.to_owned()).body else {
            unreachable!()
        };
        assert_eq!((sequence.start, sequence.minimum, sequence.maximum), (5, -3, 99));
        assert_eq!((sequence.increment, sequence.cycle), (2, true));
        assert_eq!(sequence.type_name, "bigint");
    }
}
