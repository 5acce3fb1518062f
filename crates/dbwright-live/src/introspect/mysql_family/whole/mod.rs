//! The whole schema of one database, for comparing and planning: what the tracer reads, with definitions that statements
//! can be made of, and with what the tracer has no use for.
//!
//! - Columns, indexes and constraints are pieces of `SHOW CREATE TABLE`; the table itself keeps options and partitions.
//! - Comments on the database, tables, columns and indexes are objects of their own; those of routines and events stay in
//!   their text.
//! - `DEFINER` is the owner of a view, routine, trigger or event, an object of its own.
//! - Counters of `AUTO_INCREMENT` and the position of sequences belong to the rows and are not read.

mod edges;
mod grants;
mod programs;
mod tables;

use std::collections::BTreeMap;

use dbwright_catalog::{
    Catalog, Comment, Engine, Object, ObjectBody, ObjectId, ObjectKind, Owner, Reading, Schema, Server, Unmodelled,
    Unread,
};
use dbwright_ddl::quote_literal;
use mysql_async::Conn;

use super::decode::Fields;
use super::queries::Queries;
use super::session::{Row, answers, must};
use super::{CatalogState, MAIN};
use crate::LiveError;

/// Reads every object of the session's current database. The session should be one of our own: settings that change how
/// definitions are printed are reset in it.
///
/// # Errors
///
/// When the session breaks, or has no current database.
pub async fn read_whole(conn: &mut Conn, server: &Server) -> Result<Reading, LiveError> {
    let state = CatalogState::read(conn, server).await?;
    let comments = state
        .listed
        .iter()
        .map(|(name, row)| (name.clone(), Fields(row).text(6).to_owned()));
    let comments = comments.collect();
    let mut whole = Whole {
        engine: server.engine,
        database: state.database,
        reading: Reading {
            catalog: state.catalog,
            unmodelled: Vec::new(),
            unread: Vec::new(),
            view_columns: BTreeMap::new(),
        },
    };
    whole.read_schema(conn).await?;
    whole.take_tables_apart(comments);
    whole.take_views_apart();
    whole.read_triggers(conn).await?;
    whole.read_routines(conn).await?;
    whole.read_events(conn).await?;
    whole.read_grants(conn).await?;
    whole.read_edges(conn).await?;
    whole.read_columns_of_views(conn).await?;
    whole.read_others(conn, state.listed.into_keys().collect()).await?;
    whole.reading.unmodelled.sort();
    whole.reading.unread.sort();
    Ok(whole.reading)
}

/// A reading that is being completed.
struct Whole {
    engine: Engine,
    database: String,
    reading: Reading,
}

impl Whole {
    fn queries(&self) -> Queries<'_> {
        Queries {
            engine: self.engine,
            database: &self.database,
        }
    }

    fn catalog(&mut self) -> &mut Catalog {
        &mut self.reading.catalog
    }

    /// What this query brings; nothing where the server refuses it.
    async fn rows(
        &self,
        conn: &mut Conn,
        sql: String,
    ) -> Result<Result<Vec<Row>, mysql_async::ServerError>, LiveError> {
        let answer = answers(conn, &[sql]).await?.into_iter().next();
        Ok(answer.unwrap_or_else(|| Ok(Vec::new())))
    }

    fn put(&mut self, id: ObjectId, definition: String, body: ObjectBody) {
        let object = Object {
            id: id.clone(),
            definition,
            body,
        };
        self.catalog().objects.insert(id, object);
    }

    fn put_comment(&mut self, on: &ObjectId, text: String) {
        if !text.is_empty() {
            let definition = quote_literal(self.engine, &text);
            self.put(
                on.satellite(ObjectKind::Comment),
                definition,
                ObjectBody::Comment(Comment { text }),
            );
        }
    }

    fn put_owner(&mut self, of: &ObjectId, role: String) {
        let body = ObjectBody::Owner(Owner { role: role.clone() });
        self.put(of.satellite(ObjectKind::Owner), role, body);
    }

    fn unread(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.reading.unread.push(Unread {
            what: what.into(),
            why: why.into(),
        });
    }

    /// The database itself: what its tables and routines get where they do not say.
    async fn read_schema(&mut self, conn: &mut Conn) -> Result<(), LiveError> {
        let sets = must(conn, "reading the catalog", &self.queries().schema()).await?;
        let Some(row) = sets.into_iter().flatten().next() else {
            return Ok(());
        };
        let row = Fields(&row);
        let encryption = if row.text(2) == "YES" {
            " DEFAULT ENCRYPTION 'Y'"
        } else {
            ""
        };
        let definition = format!(
            "DEFAULT CHARACTER SET {} COLLATE {}{encryption}",
            row.text(0),
            row.text(1)
        );
        let id = ObjectId::new(ObjectKind::Schema, [MAIN]);
        self.put(id.clone(), definition, ObjectBody::Schema(Schema {}));
        self.put_comment(&id, row.text(3).to_owned());
        Ok(())
    }

    /// What the server does not tell of a view whose tables are gone is missing here too.
    async fn read_columns_of_views(&mut self, conn: &mut Conn) -> Result<(), LiveError> {
        if !self.catalog().objects.keys().any(|id| id.kind == ObjectKind::View) {
            return Ok(());
        }
        let rows = self
            .rows(conn, self.queries().columns_of_views())
            .await?
            .unwrap_or_default();
        for row in rows.iter().map(Fields) {
            let id = ObjectId::new(ObjectKind::View, [MAIN, row.text(0)]);
            let column = (row.text(1).to_owned(), row.text(2).to_owned());
            self.reading.view_columns.entry(id).or_default().push(column);
        }
        Ok(())
    }

    /// What the server has and no object stands for.
    async fn read_others(&mut self, conn: &mut Conn, listed: Vec<String>) -> Result<(), LiveError> {
        for name in listed {
            let kinds = [ObjectKind::Table, ObjectKind::Sequence];
            let is_read = |kind: &ObjectKind| self.catalog().get(&ObjectId::new(*kind, [MAIN, &name])).is_some();
            if !kinds.iter().any(is_read) {
                let why = "The server does not print its definition. Ask for the right SELECT on it, or repair it.";
                self.unread(format!("table {name}"), why);
            }
        }
        if self.engine == Engine::MySql {
            // Servers before 9.2 have no such view.
            let rows = self.rows(conn, self.queries().libraries()).await?.unwrap_or_default();
            self.reading.unmodelled.extend(rows.iter().map(|row| Unmodelled {
                kind: Fields(row).text(0).to_owned(),
                name: Fields(row).text(1).to_owned(),
            }));
        }
        self.note_missing_rights(conn).await
    }

    /// What the server leaves out of its lists without a word, because the account has no right to see it.
    async fn note_missing_rights(&mut self, conn: &mut Conn) -> Result<(), LiveError> {
        let sql = "SHOW GRANTS".to_owned();
        let Ok(rows) = self.rows(conn, sql).await? else {
            return Ok(());
        };
        let database = format!("`{}`.*", self.database.replace('`', "``"));
        let is_for_all = |line: &&str| {
            line.contains(" ON *.* ") || line.replace('\\', "").contains(&database) || line.contains(" ON `%`.* ")
        };
        let lines: Vec<String> = rows.iter().map(|row| Fields(row).text(0).to_owned()).collect();
        let granted: Vec<&str> = lines.iter().map(String::as_str).filter(is_for_all).collect();
        let has_roles = lines.iter().any(|line| !line.contains(" ON ") && line.contains(" TO "));
        for (right, hidden) in [
            ("SELECT", "tables and views"),
            ("TRIGGER", "triggers"),
            ("EVENT", "events"),
            ("EXECUTE", "routines"),
            ("SHOW VIEW", "the text of views"),
        ] {
            let has = |line: &&str| line.contains("ALL PRIVILEGES") || words_of_grant(line).any(|word| word == right);
            if !has_roles && !granted.iter().any(has) {
                let why = format!(
                    "The account has no right {right} on the whole database, and what it may not see the server does not list."
                );
                self.unread(format!("{hidden} beyond the account's own rights"), why);
            }
        }
        Ok(())
    }
}

/// The privileges in a line of `SHOW GRANTS`.
fn words_of_grant(line: &str) -> impl Iterator<Item = &str> {
    let list = line
        .strip_prefix("GRANT ")
        .and_then(|rest| rest.split_once(" ON "))
        .map_or("", |(list, _)| list);
    list.split(',').map(str::trim)
}
