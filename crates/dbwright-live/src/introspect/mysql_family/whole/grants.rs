//! What accounts may do with the database, its tables, their columns and its routines.

use std::collections::BTreeMap;

use dbwright_catalog::{Engine, Grant, ObjectBody, ObjectId, ObjectKind, Privilege, Unmodelled};
use dbwright_sql::tokens;
use mysql_async::Conn;

use super::super::MAIN;
use super::super::decode::Fields;
use super::super::session::Row;
use super::Whole;
use crate::LiveError;

/// Columns and the right to pass on, by privilege and whether it is one on columns: on the table and on some of its
/// columns are two grants.
type Privileges = BTreeMap<(String, bool), (Vec<String>, bool)>;

impl Whole {
    pub(super) async fn read_grants(&mut self, conn: &mut Conn) -> Result<(), LiveError> {
        let mut granted: BTreeMap<ObjectId, Privileges> = BTreeMap::new();
        let sql = self.queries().schema_privileges();
        for row in self.rows(conn, sql).await?.unwrap_or_default() {
            self.add_to_schema(&mut granted, &Fields(&row));
        }
        let sql = self.queries().table_privileges();
        for row in self.rows(conn, sql).await?.unwrap_or_default() {
            self.add_to_table(&mut granted, &Fields(&row));
        }
        let sql = self.queries().routine_privileges();
        match self.rows(conn, sql).await? {
            Ok(rows) => {
                for row in rows {
                    self.add_to_routine(&mut granted, &row);
                }
            }
            Err(error) => self.unread(
                "grants on routines, and of other accounts",
                format!("{}. Ask for the right SELECT on the database mysql.", error.message),
            ),
        }
        for (id, privileges) in granted {
            let privileges: Vec<Privilege> = privileges
                .into_iter()
                .map(|((name, _), (columns, grantable))| Privilege {
                    name,
                    columns,
                    grantable,
                })
                .collect();
            let definition = printed(&privileges);
            self.put(id, definition, ObjectBody::Grant(Grant { privileges }));
        }
        Ok(())
    }

    fn add_to_schema(&mut self, granted: &mut BTreeMap<ObjectId, Privileges>, row: &Fields<'_>) {
        let account = account_name(self.engine, row.text(1));
        if row.text(0).replace("\\_", "_").replace("\\%", "%") == self.database {
            let id = ObjectId::new(ObjectKind::Schema, [MAIN]).satellite_of(ObjectKind::Grant, account);
            add(granted, id, row.text(2), row.text(3) == "YES", None);
        } else {
            let grant = Unmodelled {
                kind: "grant on a pattern of databases".to_owned(),
                name: format!("{} to {account}", row.text(0)),
            };
            if !self.reading.unmodelled.contains(&grant) {
                self.reading.unmodelled.push(grant);
            }
        }
    }

    fn add_to_table(&mut self, granted: &mut BTreeMap<ObjectId, Privileges>, row: &Fields<'_>) {
        let account = account_name(self.engine, row.text(1));
        let kinds = [ObjectKind::Table, ObjectKind::View, ObjectKind::Sequence];
        let targets = kinds.map(|kind| ObjectId::new(kind, [MAIN, row.text(0)]));
        match targets.into_iter().find(|id| self.reading.catalog.get(id).is_some()) {
            Some(target) => {
                let id = target.satellite_of(ObjectKind::Grant, account);
                add(granted, id, row.text(2), row.text(3) == "YES", row.optional(4));
            }
            None => self.dangling(row.text(0), &account),
        }
    }

    fn add_to_routine(&mut self, granted: &mut BTreeMap<ObjectId, Privileges>, row: &Row) {
        let row = Fields(row);
        let account = account_name(self.engine, &format!("`{}`@`{}`", row.text(2), row.text(3)));
        let Some(target) = self.routine(row.text(0), row.text(1)) else {
            self.dangling(row.text(0), &account);
            return;
        };
        let id = target.satellite_of(ObjectKind::Grant, account);
        let names: Vec<String> = row.text(4).split(',').map(str::to_uppercase).collect();
        let grantable = names.iter().any(|name| name == "GRANT");
        for name in names.iter().filter(|name| !name.is_empty() && *name != "GRANT") {
            add(granted, id.clone(), name, grantable, None);
        }
    }

    /// The routine with this name and of this kind (`PROCEDURE`).
    pub(super) fn routine(&self, name: &str, kind: &str) -> Option<ObjectId> {
        let head = format!("{name}(");
        let other = format!("{name} ({})", kind.to_lowercase());
        let mut routines = self
            .reading
            .catalog
            .objects
            .values()
            .filter(|object| object.id.kind == ObjectKind::Routine);
        let found = routines.find(|object| {
            let is_named = object.id.name().starts_with(&head) || object.id.name() == other;
            let (_, statement) = dbwright_ddl::Circumstances::split(&object.definition);
            is_named
                && statement
                    .get(..80.min(statement.len()))
                    .unwrap_or(statement)
                    .to_uppercase()
                    .contains(kind)
        });
        found.map(|object| object.id.clone())
    }

    fn dangling(&mut self, name: &str, account: &str) {
        self.reading.unmodelled.push(Unmodelled {
            kind: "grant on something that is not there".to_owned(),
            name: format!("{name} to {account}"),
        });
    }
}

fn add(
    granted: &mut BTreeMap<ObjectId, Privileges>,
    id: ObjectId,
    privilege: &str,
    grantable: bool,
    column: Option<&str>,
) {
    let privileges = granted.entry(id).or_default();
    let entry = privileges.entry((privilege.to_owned(), column.is_some())).or_default();
    entry.1 |= grantable;
    if let Some(column) = column
        && !entry.0.iter().any(|known| known == column)
    {
        entry.0.push(column.to_owned());
        entry.0.sort();
    }
}

/// `SELECT, UPDATE (a, b) WITH GRANT OPTION`.
fn printed(privileges: &[Privilege]) -> String {
    let one = |privilege: &Privilege| match privilege.columns.as_slice() {
        [] => privilege.name.clone(),
        columns => format!("{} ({})", privilege.name, columns.join(", ")),
    };
    let list: Vec<String> = privileges.iter().map(one).collect();
    let option = if privileges.iter().any(|privilege| privilege.grantable) {
        " WITH GRANT OPTION"
    } else {
        ""
    };
    format!("{}{option}", list.join(", "))
}

/// The plain name of an account as it is printed in statements: `` `app`@`%` `` and `'app'@'%'` are `app@%`. A role of
/// MariaDB has no host.
pub(super) fn account_name(engine: Engine, printed: &str) -> String {
    let unquoted = |token: &str| {
        let token = token.trim_start_matches('@');
        match token.chars().next() {
            Some(quote @ ('\'' | '`' | '"')) if token.len() > 1 && token.ends_with(quote) => {
                let doubled = format!("{quote}{quote}");
                token[1..token.len() - 1].replace(&doubled, &quote.to_string())
            }
            _ => token.to_owned(),
        }
    };
    let parts: Vec<String> = tokens(engine, printed)
        .filter(|token| !token.is_space() && token.text != "@")
        .map(|token| unquoted(token.text))
        .collect();
    match parts.as_slice() {
        [role, host] if host.is_empty() && engine == Engine::MariaDb => role.clone(),
        [user, host] => format!("{user}@{host}"),
        _ => parts.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_have_one_name() {
        for (printed, name) in [
            ("`app`@`%`", "app@%"),
            ("'o''brien'@'localhost'", "o'brien@localhost"),
            ("'r1'@''", "r1"),
            ("`r1`", "r1"),
        ] {
            assert_eq!(account_name(Engine::MariaDb, printed), name);
        }
        assert_eq!(account_name(Engine::MySql, "'u'@''"), "u@");
    }
}
