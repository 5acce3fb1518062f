//! Reading the tables that may have changed: first their definitions, then what changed of them.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{ObjectId, ObjectKind};
use dbwright_ddl::quote_identifier;
use mysql_async::Conn;

use super::code::sequence;
use super::decode::{Fields, TableRows};
use super::queries::{Only, Queries};
use super::session::{Row, answers, must};
use super::{CatalogState, MAIN};
use crate::LiveError;

/// How many tables are asked for in one round trip.
const TABLES_PER_QUERY: usize = 200;

impl CatalogState {
    /// Takes out what is gone, and reads those candidates again whose definition is another than before.
    pub(super) async fn read_tables(
        &mut self,
        conn: &mut Conn,
        candidates: &BTreeSet<String>,
        old_listed: &BTreeMap<String, Row>,
    ) -> Result<(), LiveError> {
        let mut stale: BTreeSet<String> = old_listed.keys().cloned().collect();
        stale.retain(|name| !self.listed.contains_key(name));
        let mut changed = Vec::new();
        let mut definitions = BTreeMap::new();
        for (name, definition) in self.definitions(conn, candidates).await? {
            if self.definition_of(&name) != Some(&definition) || old_listed.get(&name) != self.listed.get(&name) {
                stale.insert(name.clone());
                changed.push(name.clone());
                definitions.insert(name, definition);
            }
        }
        self.take_tables(&stale);
        for names in changed.chunks(TABLES_PER_QUERY) {
            // The first reading wants all tables: the server answers that faster than a long list of names.
            let only = if changed.len() == self.listed.len() {
                Only::All
            } else {
                Only::Tables(names)
            };
            self.read_parts(conn, only, &definitions).await?;
            if matches!(only, Only::All) {
                break;
            }
        }
        Ok(())
    }

    fn definition_of(&self, name: &str) -> Option<&String> {
        let table = self.catalog.get(&ObjectId::table(MAIN, name));
        let object = table.or_else(|| self.catalog.get(&ObjectId::new(ObjectKind::Sequence, [MAIN, name])));
        object.map(|object| &object.definition)
    }

    /// What `SHOW CREATE TABLE` (or `SEQUENCE`) says of these tables; those that went meanwhile are left out.
    async fn definitions(&self, conn: &mut Conn, names: &BTreeSet<String>) -> Result<Vec<(String, String)>, LiveError> {
        let names: Vec<&String> = names.iter().collect();
        let mut definitions = Vec::with_capacity(names.len());
        let show = |name: &String| {
            let is_sequence = self
                .listed
                .get(name)
                .is_some_and(|row| Fields(row).text(1) == "SEQUENCE");
            let what = if is_sequence { "SEQUENCE" } else { "TABLE" };
            format!("SHOW CREATE {what} {}", quote_identifier(self.engine(), name))
        };
        let statements: Vec<String> = names.iter().map(|name| show(name)).collect();
        let answers = answers(conn, &statements).await?;
        for (name, answer) in names.into_iter().zip(answers) {
            let text = answer.ok().and_then(|rows| rows.into_iter().flatten().flatten().nth(1));
            definitions.extend(text.map(|text| (name.clone(), text)));
        }
        for (_, definition) in &mut definitions {
            remove_counter(definition);
        }
        Ok(definitions)
    }

    async fn read_parts(
        &mut self,
        conn: &mut Conn,
        only: Only<'_>,
        definitions: &BTreeMap<String, String>,
    ) -> Result<(), LiveError> {
        let queries = self.queries();
        // What the definitions do not speak of, the server need not look for.
        let is_spoken_of = |words: &str| definitions.values().any(|text| text.contains(words));
        let where_spoken_of = |words: &str, sql: String| {
            if is_spoken_of(words) { sql } else { Queries::nothing() }
        };
        let sql = [
            queries.columns(only),
            queries.key_parts(only),
            where_spoken_of(" CHECK (", queries.checks(only)),
            where_spoken_of(" CHECK (", queries.conditions(only)),
            where_spoken_of(" FOREIGN KEY (", queries.foreign_key_columns(only)),
            where_spoken_of(" FOREIGN KEY (", queries.foreign_key_actions(only)),
            where_spoken_of("PARTITION BY ", queries.partitions(only)),
        ];
        let sets = must(conn, "reading the catalog", &sql.join("; ")).await?;
        let set = |number: usize| sets.get(number).map_or(&[][..], Vec::as_slice);
        let rows = TableRows {
            engine: self.engine(),
            database: &self.database,
            columns: set(0),
            key_parts: set(1),
            checks: set(2),
            conditions: set(3),
            foreign_key_columns: set(4),
            foreign_key_actions: set(5),
            partitions: set(6),
        };
        let mut objects = Vec::new();
        for (name, definition) in definitions {
            let Some(row) = self.listed.get(name) else { continue };
            if matches!(only, Only::Tables(names) if !names.contains(name)) {
                continue;
            }
            objects.push(match Fields(row).text(1) {
                "SEQUENCE" => sequence(name, definition.clone()),
                _ => rows.table(row, definition.clone()),
            });
        }
        let tables: BTreeSet<ObjectId> = objects.iter().map(|object| object.id.clone()).collect();
        let parts = rows.parts().into_iter();
        // Views and sequences have columns, too.
        objects.extend(parts.filter(|part| part.id.owner_table().is_some_and(|table| tables.contains(&table))));
        self.put(objects);
        Ok(())
    }
}

/// Takes `AUTO_INCREMENT=7` out of the options of a table: it tells of rows, not of the schema.
fn remove_counter(definition: &mut String) {
    // A text with a line break in it is printed with `\n`: only the closing bracket of the table begins a line.
    let Some(options) = definition.rfind("\n) ENGINE=") else {
        return;
    };
    let end = definition[options + 1..]
        .find('\n')
        .map_or(definition.len(), |length| options + 1 + length);
    // A comment stands behind the counter.
    let Some(at) = definition[options..end].find(" AUTO_INCREMENT=") else {
        return;
    };
    let start = options + at;
    let digits = start + " AUTO_INCREMENT=".len();
    let length = definition[digits..].bytes().take_while(u8::is_ascii_digit).count();
    if definition[options..start].contains(" COMMENT=") || length == 0 {
        return;
    }
    definition.replace_range(start..digits + length, "");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_taken_out_of_definitions_and_nothing_else_is() {
        for (text, expected) in [
            (
                "CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB AUTO_INCREMENT=12 DEFAULT CHARSET=utf8mb4",
                "CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
            ),
            (
                "CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB COMMENT='x AUTO_INCREMENT=12'",
                "CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB COMMENT='x AUTO_INCREMENT=12'",
            ),
            (
                "CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB AUTO_INCREMENT=3\n PARTITION BY HASH (`a`)",
                "CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB\n PARTITION BY HASH (`a`)",
            ),
            ("CREATE SEQUENCE `s`", "CREATE SEQUENCE `s`"),
        ] {
            let mut definition = text.to_owned();
            remove_counter(&mut definition);
            assert_eq!(definition, expected);
        }
    }
}
