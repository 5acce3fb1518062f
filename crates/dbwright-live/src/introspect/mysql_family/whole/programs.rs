//! Views, triggers, routines and events: statements that make them anew, without the account that owns them.

use std::collections::BTreeMap;

use dbwright_catalog::{Event, Object, ObjectBody, ObjectId, ObjectKind, Trigger};
use dbwright_ddl::{Circumstances, quote_identifier, without_definer};
use mysql_async::Conn;

use super::super::MAIN;
use super::super::code::objects_of_routines;
use super::super::decode::Fields;
use super::super::session::{Row, answers, must};
use super::Whole;
use super::grants::account_name;
use crate::LiveError;

impl Whole {
    pub(super) fn take_views_apart(&mut self) {
        let views: Vec<(ObjectId, String)> = self
            .catalog()
            .objects
            .values()
            .filter(|object| object.id.kind == ObjectKind::View)
            .map(|object| (object.id.clone(), object.definition.clone()))
            .collect();
        for (id, definition) in views {
            let (statement, definer) = without_definer(self.engine, "", &definition);
            match definer {
                Some(definer) => {
                    let role = account_name(self.engine, &definer);
                    self.put_owner(&id, role);
                }
                None => self.unread(
                    format!("view {}", id.name()),
                    "The server does not print its definition. Ask for the right SHOW VIEW on it.",
                ),
            }
            if let Some(object) = self.catalog().objects.get_mut(&id) {
                object.definition = statement;
            }
        }
    }

    pub(super) async fn read_triggers(&mut self, conn: &mut Conn) -> Result<(), LiveError> {
        let sets = must(conn, "reading the catalog", &self.queries().triggers()).await?;
        let rows: Vec<Row> = sets.into_iter().flatten().collect();
        self.catalog().objects.retain(|id, _| id.kind != ObjectKind::Trigger);
        let mut chains: BTreeMap<[&str; 3], Vec<Fields<'_>>> = BTreeMap::new();
        for row in rows.iter().map(Fields) {
            chains
                .entry([row.text(1), row.text(2), row.text(3)])
                .or_default()
                .push(row);
        }
        for mut chain in chains.into_values() {
            chain.sort_by_key(|row| row.text(4).parse::<u32>().unwrap_or_default());
            let mut before: Option<&str> = None;
            for row in &chain {
                self.put_trigger(row, before);
                before = Some(row.text(0));
            }
        }
        Ok(())
    }

    /// `before` is the trigger that fires directly before this one, for the same event.
    fn put_trigger(&mut self, row: &Fields<'_>, before: Option<&str>) {
        let quote = |name| quote_identifier(self.engine, name);
        let follows = before.map_or(String::new(), |name| format!("FOLLOWS {} ", quote(name)));
        let statement = format!(
            "CREATE TRIGGER {} {} {} ON {} FOR EACH ROW {follows}{}",
            quote(row.text(0)),
            row.text(3),
            row.text(2),
            quote(row.text(1)),
            row.text(5)
        );
        let circumstances = Circumstances {
            sql_mode: row.owned(7),
            time_zone: None,
        };
        let id = ObjectId::table(MAIN, row.text(1)).child(ObjectKind::Trigger, row.text(0));
        let body = Trigger {
            function: None,
            enabled: true,
            postgres: None,
        };
        let definition = circumstances.before(without_end(&statement));
        self.put(id.clone(), definition, ObjectBody::Trigger(body));
        let role = account_name(self.engine, &quoted_account(row.text(6)));
        self.put_owner(&id, role);
    }

    pub(super) async fn read_routines(&mut self, conn: &mut Conn) -> Result<(), LiveError> {
        let sql = format!("{}; {}", self.queries().routines(), self.queries().parameters());
        let sets = must(conn, "reading the catalog", &sql).await?;
        let [routines, parameters] = sets.as_slice() else {
            return Ok(());
        };
        let objects = objects_of_routines(self.engine, routines, parameters);
        let show = |row: &Row| {
            let (kind, name) = (Fields(row).text(2), quote_identifier(self.engine, Fields(row).text(1)));
            format!("SHOW CREATE {kind} {name}")
        };
        let statements: Vec<String> = routines.iter().map(show).collect();
        let answers = answers(conn, &statements).await?;
        self.catalog().objects.retain(|id, _| id.kind != ObjectKind::Routine);
        for (mut object, answer) in objects.into_iter().zip(answers) {
            let row = answer.ok().and_then(|rows| rows.into_iter().next()).unwrap_or_default();
            let row = Fields(&row);
            match row.optional(2) {
                Some(text) => self.define_program(&mut object, row.text(1), None, text),
                None => self.unread(
                    format!("routine {}", object.id.name()),
                    "The server does not print its body. Ask for SHOW_ROUTINE or for SELECT on mysql.proc.",
                ),
            }
            self.catalog().objects.insert(object.id.clone(), object);
        }
        Ok(())
    }

    /// Gives a program the definition in the server's text, and its owner.
    fn define_program(&mut self, object: &mut Object, sql_mode: &str, time_zone: Option<String>, text: &str) {
        let (statement, definer) = without_definer(self.engine, sql_mode, text);
        let circumstances = Circumstances {
            sql_mode: Some(sql_mode.to_owned()),
            time_zone,
        };
        object.definition = circumstances.before(without_end(&statement));
        if let Some(definer) = definer {
            let role = account_name(self.engine, &definer);
            self.put_owner(&object.id, role);
        }
    }

    pub(super) async fn read_events(&mut self, conn: &mut Conn) -> Result<(), LiveError> {
        let sets = must(conn, "reading the catalog", &self.queries().events()).await?;
        let rows: Vec<Row> = sets.into_iter().flatten().collect();
        let show = |row: &Row| {
            format!(
                "SHOW CREATE EVENT {}",
                quote_identifier(self.engine, Fields(row).text(0))
            )
        };
        let statements: Vec<String> = rows.iter().map(show).collect();
        let answers = answers(conn, &statements).await?;
        for (row, answer) in rows.iter().zip(answers) {
            let row = Fields(row);
            let shown = answer.ok().and_then(|rows| rows.into_iter().next()).unwrap_or_default();
            let shown = Fields(&shown);
            let Some(text) = shown.optional(3) else {
                let why = "The server does not print its definition. Ask for the right EVENT on the database.";
                self.unread(format!("event {}", row.text(0)), why);
                continue;
            };
            let mut text = text.to_owned();
            if row.text(3) == "1" {
                text = text.replacen(&format!(" STARTS '{}'", row.text(2)), "", 1);
            }
            let id = ObjectId::new(ObjectKind::Event, [MAIN, row.text(0)]);
            let enabled = row.text(1) == "ENABLED";
            let mut object = Object {
                id: id.clone(),
                definition: String::new(),
                body: ObjectBody::Event(Event { enabled }),
            };
            self.define_program(&mut object, shown.text(1), shown.owned(2), &text);
            self.catalog().objects.insert(id, object);
        }
        Ok(())
    }
}

/// A statement without the separator behind it. MySQL keeps that in bodies of code that came with other statements.
fn without_end(statement: &str) -> &str {
    statement.trim_end_matches(|letter: char| letter == ';' || letter.is_whitespace())
}

/// `root@localhost` as it would be printed in a statement.
fn quoted_account(plain: &str) -> String {
    let quote = |name: &str| format!("`{}`", name.replace('`', "``"));
    match plain.rsplit_once('@') {
        Some((user, host)) => format!("{}@{}", quote(user), quote(host)),
        None => quote(plain),
    }
}
