//! Reading the tables that may have changed: first their definitions, then what changed of them.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{ConstraintKind, Object, ObjectId, ObjectKind};
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

/// What `SHOW CREATE TABLE` says of a table, and which of its parts it says otherwise than before.
struct Shown {
    definition: String,
    parts: Parts,
}

/// Parts of a table that are asked for by queries of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    columns: bool,
    keys: bool,
    /// Foreign keys and checks.
    constraints: bool,
}

impl Parts {
    const ALL: Parts = Parts {
        columns: true,
        keys: true,
        constraints: true,
    };

    /// The parts whose lines differ between two definitions. Ids of constraints depend on each other, and columns on what
    /// the table says at its end.
    fn changed(old: Option<&str>, new: &str) -> Parts {
        let Some(old) = old else { return Parts::ALL };
        let differ = |is_of: fn(&str) -> bool| {
            let lines = |text: &'_ str| -> Vec<String> {
                let lines = text.lines().map(|line| line.trim_end_matches(','));
                lines.filter(|line| is_of(line)).map(str::to_owned).collect()
            };
            lines(old) != lines(new)
        };
        let is_column = |line: &str| line.starts_with("  `");
        let is_key = |line: &str| {
            ["  KEY ", "  FULLTEXT KEY ", "  SPATIAL KEY "]
                .iter()
                .any(|start| line.starts_with(start))
        };
        let is_foreign_key = |line: &str| line.starts_with("  CONSTRAINT ") && line.contains(" FOREIGN KEY (");
        let is_check = |line: &str| line.contains(" CHECK (");
        let is_other: fn(&str) -> bool = |line| {
            let known = ["  `", "  KEY ", "  FULLTEXT KEY ", "  SPATIAL KEY ", "  CONSTRAINT "];
            !known.iter().any(|start| line.starts_with(start))
        };
        if differ(is_other) {
            return Parts::ALL;
        }
        let constraints = differ(is_foreign_key) || differ(is_check);
        Parts {
            columns: differ(is_column),
            keys: constraints || differ(is_key),
            constraints,
        }
    }
}

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
        let mut kept = Vec::new();
        for (name, definition) in self.definitions(conn, candidates).await? {
            let old = self.definition_of(&name);
            if old != Some(&definition) || old_listed.get(&name) != self.listed.get(&name) {
                let parts = Parts::changed(old.map(String::as_str), &definition);
                kept.extend(self.parts_but(&name, parts));
                stale.insert(name.clone());
                changed.push(name.clone());
                definitions.insert(name, Shown { definition, parts });
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
        self.put(kept);
        Ok(())
    }

    /// The parts of a table that need not be read again.
    fn parts_but(&self, name: &str, changed: Parts) -> Vec<Object> {
        let table = ObjectId::table(MAIN, name);
        let columns = self.catalog.columns(&table).into_iter().map(|(id, _)| id);
        let indexes = self.catalog.indexes(&table).map(|(id, _)| id);
        let constraints = self
            .catalog
            .constraints(&table)
            .filter(|(_, constraint)| match &constraint.kind {
                ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique(_) => !changed.keys,
                ConstraintKind::ForeignKey(_) | ConstraintKind::Check(_) => !changed.constraints,
                ConstraintKind::Exclusion(_) | ConstraintKind::NotNull(_) | ConstraintKind::Trigger => false,
            });
        let kept = (columns.filter(|_| !changed.columns))
            .chain(indexes.filter(|_| !changed.keys))
            .chain(constraints.map(|(id, _)| id));
        kept.filter_map(|id| self.catalog.get(id).cloned()).collect()
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
        definitions: &BTreeMap<String, Shown>,
    ) -> Result<(), LiveError> {
        let queries = self.queries();
        // What the definitions do not speak of, or what they say as before, the server need not look for.
        let asked = |is_asked: &dyn Fn(&Shown) -> bool, query: &dyn Fn(Only<'_>) -> String| {
            let names = match only {
                Only::All => {
                    return if definitions.values().any(is_asked) {
                        query(only)
                    } else {
                        Queries::nothing()
                    };
                }
                Only::Tables(names) => names.iter(),
            };
            let names: Vec<String> = names
                .filter(|name| definitions.get(*name).is_some_and(is_asked))
                .cloned()
                .collect();
            if names.is_empty() {
                Queries::nothing()
            } else {
                query(Only::Tables(&names))
            }
        };
        let columns = |shown: &Shown| shown.parts.columns;
        let keys = |shown: &Shown| shown.parts.keys;
        let checks = |shown: &Shown| shown.parts.constraints && shown.definition.contains(" CHECK (");
        let foreign_keys = |shown: &Shown| shown.parts.constraints && shown.definition.contains(" FOREIGN KEY (");
        let partitions = |shown: &Shown| shown.definition.contains("PARTITION BY ");
        let sql = [
            asked(&columns, &|only| queries.columns(only)),
            asked(&keys, &|only| queries.key_parts(only)),
            asked(&checks, &|only| queries.checks(only)),
            asked(&checks, &|only| queries.conditions(only)),
            asked(&foreign_keys, &|only| queries.foreign_key_columns(only)),
            asked(&foreign_keys, &|only| queries.foreign_key_actions(only)),
            asked(&partitions, &|only| queries.partitions(only)),
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
        for (name, Shown { definition, .. }) in definitions {
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
    fn only_parts_with_other_lines_are_read_again() {
        let table = |lines: &[&str]| format!("CREATE TABLE `t` (\n  {}\n) ENGINE=InnoDB", lines.join(",\n  "));
        let old = table(&[
            "`a` int",
            "KEY `i` (`a`)",
            "CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p` (`a`)",
        ]);
        let changed = |lines: &[&str]| {
            let parts = Parts::changed(Some(&old), &table(lines));
            [parts.columns, parts.keys, parts.constraints]
        };
        let foreign_key = "CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p` (`a`)";
        assert_eq!(
            changed(&["`a` int", "`b` int", "KEY `i` (`a`)", foreign_key]),
            [true, false, false]
        );
        assert_eq!(changed(&["`a` int", "KEY `i` (`a`)"]), [false, true, true]);
        assert_eq!(
            changed(&["`a` int", "KEY `i` (`a` DESC)", foreign_key]),
            [false, true, false]
        );
        let check = "CONSTRAINT `c` CHECK (`a` > 0)";
        assert_eq!(
            changed(&["`a` int", "KEY `i` (`a`)", foreign_key, check]),
            [false, true, true]
        );
        assert_eq!(
            changed(&["`a` int", "UNIQUE KEY `u` (`a`)", "KEY `i` (`a`)", foreign_key]),
            [true; 3]
        );
        assert_eq!(Parts::changed(None, &old), Parts::ALL);
        assert_eq!(Parts::changed(Some(&old), &old.replace("InnoDB", "MyISAM")), Parts::ALL);
    }

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
