//! What views, triggers and indexes stand on, as SQLite finds it.
//!
//! Each view is compiled, and so is one statement for each event that fires triggers; the authorizer is told which columns
//! are read and which tables are written, and on whose behalf (<https://www.sqlite.org/c3ref/set_authorizer.html>).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use dbwright_catalog::{Catalog, Column, ConstraintKind, Dependency, Engine, ObjectBody, ObjectId, ObjectKind, Unread};
use dbwright_ddl::quote_identifier;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use dbwright_ddl::sqlite_text::names;

/// One call of the authorizer: on whose behalf, which table, which column.
type Use = (Option<String>, String, Option<String>);

/// Adds the edges of views, triggers, indexes and constraints. What can't be compiled stays with the names in its text, and
/// is told.
pub(super) fn read_uses(connection: &mut Connection, catalog: &mut Catalog) -> rusqlite::Result<Vec<Unread>> {
    let seen: Arc<Mutex<BTreeSet<Use>>> = Arc::default();
    let noted = Arc::clone(&seen);
    connection.authorizer(Some(move |context: AuthContext<'_>| {
        if let Some(used) = use_of(&context) {
            noted.lock().unwrap_or_else(PoisonError::into_inner).insert(used);
        }
        Authorization::Allow
    }))?;
    let relations: BTreeMap<String, ObjectId> = catalog
        .objects
        .keys()
        .filter(|id| matches!(id.kind, ObjectKind::Table | ObjectKind::View))
        .map(|id| (id.name().to_ascii_lowercase(), id.clone()))
        .collect();
    let mut reader = Uses {
        connection,
        seen,
        relations,
        edges: BTreeSet::new(),
        unread: Vec::new(),
    };
    let by_name: BTreeSet<Dependency> = catalog
        .dependencies
        .iter()
        .filter(|edge| edge.dependent.kind == ObjectKind::View)
        .cloned()
        .collect();
    let kept = reader.views(catalog, &by_name);
    reader.triggers(catalog);
    reader.parts(catalog);
    let (edges, unread) = (reader.edges, reader.unread);
    connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
    catalog
        .dependencies
        .retain(|edge| edge.dependent.kind != ObjectKind::View || kept.contains(edge));
    let edges = edges.into_iter().filter(|edge| edge.dependent != edge.on);
    catalog.dependencies.extend(edges);
    Ok(unread)
}

fn use_of(context: &AuthContext<'_>) -> Option<Use> {
    if context.database_name.is_some_and(|name| name != "main") {
        return None;
    }
    let (table, column) = match context.action {
        AuthAction::Read {
            table_name,
            column_name,
        }
        | AuthAction::Update {
            table_name,
            column_name,
        } => (table_name, Some(column_name.to_owned())),
        AuthAction::Insert { table_name } | AuthAction::Delete { table_name } => (table_name, None),
        _ => return None,
    };
    Some((context.accessor.map(str::to_owned), table.to_owned(), column))
}

struct Uses<'a> {
    connection: &'a Connection,
    seen: Arc<Mutex<BTreeSet<Use>>>,
    relations: BTreeMap<String, ObjectId>,
    edges: BTreeSet<Dependency>,
    unread: Vec<Unread>,
}

impl Uses<'_> {
    /// Compiles every view; of the edges by name, those that stay: edges to other views, and all edges of views that can't
    /// be compiled.
    fn views(&mut self, catalog: &Catalog, by_name: &BTreeSet<Dependency>) -> BTreeSet<Dependency> {
        let mut kept = BTreeSet::new();
        for view in catalog.objects.keys().filter(|id| id.kind == ObjectKind::View) {
            let sql = format!("EXPLAIN SELECT * FROM main.{}", quoted(view.name()));
            let named = by_name.iter().filter(|edge| edge.dependent == *view);
            match self.compile(&sql) {
                Ok(uses) => {
                    for (_, table, column) in uses {
                        self.edge(catalog, view, &table, column.as_deref());
                    }
                    kept.extend(named.filter(|edge| edge.on.kind == ObjectKind::View).cloned());
                }
                Err(error) => {
                    self.unread.push(Unread {
                        what: format!("what the view {view} reads"),
                        why: format!("SQLite can't compile it: {error}."),
                    });
                    kept.extend(named.cloned());
                }
            }
        }
        kept
    }

    /// Compiles what fires the triggers of each table and view that has some.
    fn triggers(&mut self, catalog: &Catalog) {
        let triggers: Vec<&ObjectId> = catalog
            .objects
            .keys()
            .filter(|id| id.kind == ObjectKind::Trigger)
            .collect();
        let owners: BTreeSet<String> = triggers.iter().map(|id| id.path[1].clone()).collect();
        for owner in owners {
            let Some(relation) = self.relations.get(&owner.to_ascii_lowercase()).cloned() else {
                continue;
            };
            let mut uses = BTreeSet::new();
            let mut trouble = None;
            for sql in self.events(catalog, &relation) {
                match self.compile(&sql) {
                    Ok(found) => uses.extend(found),
                    Err(error) => trouble = Some(error),
                }
            }
            for trigger in triggers.iter().filter(|id| id.path[1] == owner) {
                let own = uses
                    .iter()
                    .filter(|(accessor, ..)| accessor.as_deref() == Some(trigger.name()));
                let own: Vec<_> = own.cloned().collect();
                for (_, table, column) in own {
                    self.edge(catalog, trigger, &table, column.as_deref());
                }
                if trouble.is_some() {
                    self.edges_by_name(catalog, trigger);
                }
            }
            if let Some(error) = trouble {
                self.unread.push(Unread {
                    what: format!("what the triggers of {relation} use"),
                    why: format!("SQLite can't compile a statement that fires them: {error}."),
                });
            }
        }
    }

    /// Statements that fire every trigger of a table or view.
    fn events(&self, catalog: &Catalog, relation: &ObjectId) -> Vec<String> {
        let name = quoted(relation.name());
        let columns: Vec<String> = match relation.kind {
            ObjectKind::View => self.view_columns(relation).unwrap_or_default(),
            _ => catalog
                .columns(relation)
                .into_iter()
                .filter(|(_, column)| column.generated.is_none())
                .map(|(id, _)| id.name().to_owned())
                .collect(),
        };
        let sets: Vec<_> = columns
            .iter()
            .map(|column| format!("{0} = {0}", quoted(column)))
            .collect();
        let mut statements = vec![
            format!("EXPLAIN INSERT INTO main.{name} DEFAULT VALUES"),
            format!("EXPLAIN DELETE FROM main.{name}"),
        ];
        if !sets.is_empty() {
            statements.push(format!("EXPLAIN UPDATE main.{name} SET {}", sets.join(", ")));
        }
        if relation.kind == ObjectKind::View {
            // A view takes no default values, and only events that it has triggers for.
            let words = ["insert", "delete", "update"];
            let events: BTreeSet<String> = catalog
                .objects
                .values()
                .filter(|object| object.id.kind == ObjectKind::Trigger && object.id.path[1] == relation.name())
                .filter_map(|object| {
                    names(&object.definition)
                        .into_iter()
                        .find(|name| words.contains(&name.as_str()))
                })
                .collect();
            let nulls = vec!["NULL"; columns.len()].join(", ");
            statements[0] = format!("EXPLAIN INSERT INTO main.{name} VALUES ({nulls})");
            statements.retain(|sql| {
                let event = sql.split_ascii_whitespace().nth(1).unwrap_or_default();
                events.contains(&event.to_ascii_lowercase())
            });
        }
        statements
    }

    fn view_columns(&self, view: &ObjectId) -> rusqlite::Result<Vec<String>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT name FROM pragma_table_info(?1, 'main') ORDER BY cid")?;
        let rows = statement.query_map([view.name()], |row| row.get(0))?;
        rows.collect()
    }

    /// The columns that indexes and constraints name.
    fn parts(&mut self, catalog: &Catalog) {
        for object in catalog.objects.values() {
            let (table, texts): (ObjectId, Vec<&str>) = match &object.body {
                ObjectBody::Index(index) => {
                    let texts = index.keys.iter().chain(&index.predicate).map(String::as_str);
                    (index.table.clone(), texts.collect())
                }
                ObjectBody::Constraint(constraint) => {
                    let Some(table) = object.id.owner_table() else { continue };
                    match &constraint.kind {
                        ConstraintKind::Check(expression) => (table, vec![expression.as_str()]),
                        ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique(columns) => {
                            self.columns(catalog, &object.id, &table, columns);
                            continue;
                        }
                        ConstraintKind::ForeignKey(key) => {
                            self.columns(catalog, &object.id, &table, &key.columns);
                            self.columns(catalog, &object.id, &key.references, &key.referenced_columns);
                            continue;
                        }
                        ConstraintKind::Exclusion(_) | ConstraintKind::NotNull(_) | ConstraintKind::Trigger => continue,
                    }
                }
                ObjectBody::Column(Column {
                    generated: Some(generated),
                    ..
                }) => {
                    let Some(table) = object.id.owner_table() else { continue };
                    (table, vec![generated.expression.as_str()])
                }
                _ => continue,
            };
            let named: Vec<String> = texts.into_iter().flat_map(names).collect();
            self.columns(catalog, &object.id, &table, &named);
        }
    }

    fn columns(&mut self, catalog: &Catalog, dependent: &ObjectId, table: &ObjectId, columns: &[String]) {
        for (id, _) in catalog.columns(table) {
            if columns.iter().any(|column| column.eq_ignore_ascii_case(id.name())) {
                self.edges.insert(Dependency {
                    dependent: dependent.clone(),
                    on: id.clone(),
                });
            }
        }
    }

    fn edges_by_name(&mut self, catalog: &Catalog, dependent: &ObjectId) {
        let text = catalog.get(dependent).map_or("", |object| object.definition.as_str());
        for name in names(text) {
            if let Some(on) = self.relations.get(&name) {
                self.edges.insert(Dependency {
                    dependent: dependent.clone(),
                    on: on.clone(),
                });
            }
        }
    }

    fn edge(&mut self, catalog: &Catalog, dependent: &ObjectId, table: &str, column: Option<&str>) {
        let Some(relation) = self.relations.get(&table.to_ascii_lowercase()) else {
            return;
        };
        let column = column.map(|column| relation.column(column));
        let column = column.filter(|id| catalog.get(id).is_some());
        for on in [Some(relation.clone()), column].into_iter().flatten() {
            self.edges.insert(Dependency {
                dependent: dependent.clone(),
                on,
            });
        }
    }

    fn compile(&self, sql: &str) -> rusqlite::Result<BTreeSet<Use>> {
        self.taken();
        self.connection.prepare(sql)?;
        Ok(self.taken())
    }

    fn taken(&self) -> BTreeSet<Use> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn quoted(name: &str) -> String {
    quote_identifier(Engine::Sqlite, name)
}
