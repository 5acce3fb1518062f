//! What hangs on what: as the server tells, and where it does not, as the text says.

use std::collections::BTreeMap;

use dbwright_catalog::{Dependency, Engine, ObjectBody, ObjectId, ObjectKind};
use dbwright_ddl::Circumstances;
use dbwright_sql::{Dialect, SqlMode, Token, TokenKind, tokens_in};
use mysql_async::Conn;

use super::super::MAIN;
use super::super::decode::Fields;
use super::Whole;
use crate::LiveError;

impl Whole {
    pub(super) async fn read_edges(&mut self, conn: &mut Conn) -> Result<(), LiveError> {
        let sql = self.queries().routines_of_views();
        let called = self.rows(conn, sql).await?.unwrap_or_default();
        let mut edges: Vec<Dependency> = Vec::new();
        for row in called.iter().map(Fields) {
            if let Some(on) = self.routine(row.text(1), "FUNCTION") {
                let dependent = ObjectId::new(ObjectKind::View, [MAIN, row.text(0)]);
                edges.push(Dependency { dependent, on });
            }
        }
        let names = self.names();
        for object in self.reading.catalog.objects.values() {
            let from_text = match object.id.kind {
                // MySQL tells of views.
                ObjectKind::View => self.engine == Engine::MariaDb,
                ObjectKind::Routine | ObjectKind::Trigger | ObjectKind::Event => true,
                ObjectKind::Column => object.definition.contains("nextval("),
                _ => false,
            };
            if !from_text {
                continue;
            }
            for on in self.named_in(&names, object.id.kind, &object.definition) {
                if on != object.id && Some(&on) != object.id.owner_table().as_ref() {
                    edges.push(Dependency {
                        dependent: object.id.clone(),
                        on,
                    });
                }
            }
        }
        let catalog = self.catalog();
        let triggers: Vec<ObjectId> = catalog
            .objects
            .keys()
            .filter(|id| id.kind == ObjectKind::Trigger)
            .cloned()
            .collect();
        edges.extend(triggers.into_iter().filter_map(|id| {
            Some(Dependency {
                on: id.owner_table()?,
                dependent: id,
            })
        }));
        catalog.dependencies.extend(edges);
        Ok(())
    }

    /// What can be named in a text: tables, views and sequences, and routines under a name with a bracket.
    fn names(&self) -> BTreeMap<String, ObjectId> {
        let mut names = BTreeMap::new();
        for object in self.reading.catalog.objects.values() {
            match object.id.kind {
                ObjectKind::Table | ObjectKind::View | ObjectKind::Sequence => {
                    names.insert(object.id.name().to_lowercase(), object.id.clone());
                }
                ObjectKind::Routine => {
                    let name = object.id.name().split('(').next().unwrap_or_default().trim();
                    let is_function = match &object.body {
                        ObjectBody::Routine(routine) => routine.returns.is_some(),
                        _ => false,
                    };
                    let key = format!("{}(", name.to_lowercase());
                    if is_function || !names.contains_key(&key) {
                        names.insert(key, object.id.clone());
                    }
                }
                _ => {}
            }
        }
        names
    }

    /// The objects that a text names. In a view only where a table can stand, because columns and their aliases often bear
    /// names of tables; elsewhere wherever the name stands.
    fn named_in(&self, names: &BTreeMap<String, ObjectId>, kind: ObjectKind, definition: &str) -> Vec<ObjectId> {
        let (circumstances, statement) = Circumstances::split(definition);
        let mut dialect = Dialect::server(self.engine);
        dialect.sql_mode = SqlMode::parse(self.engine, circumstances.sql_mode.as_deref().unwrap_or_default());
        let tokens: Vec<Token<'_>> = tokens_in(dialect, statement)
            .filter(|token| !token.is_space())
            .collect();
        let mut found = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            if !matches!(token.kind, TokenKind::Word | TokenKind::QuotedName) {
                continue;
            }
            let Some(name) = token.name().map(|name| name.to_lowercase()) else {
                continue;
            };
            let before = at.checked_sub(1).and_then(|at| tokens.get(at));
            let after = tokens.get(at + 1);
            let is_part = before.is_some_and(|token| token.text == ".");
            if after.is_some_and(|token| token.is_symbol("("))
                && let Some(routine) = names.get(&format!("{name}("))
            {
                found.push(routine.clone());
            }
            let can_be_table = kind != ObjectKind::View
                || before.is_some_and(|token| {
                    token.is_symbol("(")
                        || token.is_symbol(",")
                        || token.is("FROM")
                        || token.is("JOIN")
                        || token.is("STRAIGHT_JOIN")
                }) && after.is_none_or(|token| token.text != ".");
            if can_be_table && (!is_part || kind != ObjectKind::View) {
                found.extend(names.get(&name).cloned());
            }
        }
        found
    }
}
