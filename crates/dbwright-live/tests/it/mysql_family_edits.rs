//! Edits of schemas that were made up, and what makes them valid again.

use dbwright_catalog::Engine;

use crate::mysql_family_random::{Column, Generator, Partitions, Schema, Table};

impl Generator {
    /// The schema after a few edits.
    pub(crate) fn edited(&mut self, schema: &Schema) -> Schema {
        let mut edited = schema.clone();
        for _ in 0..=self.random.below(6) {
            self.edit(&mut edited);
        }
        self.repair(&mut edited);
        edited
    }

    fn edit(&mut self, schema: &mut Schema) {
        match self.random.below(14) {
            0 => {
                let table = self.table();
                schema.tables.push(table);
            }
            1 if schema.tables.len() > 1 => {
                let at = self.random.below(schema.tables.len());
                schema.tables.remove(at);
            }
            2 => self.add_foreign_key(schema),
            3 => {
                let at = self.random.below(schema.tables.len());
                let keys = &mut schema.tables[at].foreign_keys;
                if let Some(key) = keys.first_mut() {
                    if self.random.once_in(2) {
                        key.on_delete = *self.random.of(&["CASCADE", "SET NULL", "RESTRICT"]);
                    } else {
                        keys.remove(0);
                    }
                }
            }
            4 => self.add_view(schema),
            5 => self.add_code(schema),
            6 => self.edit_code(schema),
            7 => {
                if self.engine == Engine::MariaDb {
                    self.edit_sequences(schema);
                }
            }
            _ => {
                let at = self.random.below(schema.tables.len());
                self.edit_table(&mut schema.tables[at]);
            }
        }
    }

    fn edit_sequences(&mut self, schema: &mut Schema) {
        match schema.sequences.first_mut() {
            Some(sequence) if self.random.once_in(2) => sequence.1 = self.random.number(),
            Some(_) if self.random.once_in(3) => schema.sequences.clear(),
            _ => {
                let name = self.name("s");
                let step = self.random.number();
                schema.sequences.push((name, step));
            }
        }
    }

    fn edit_code(&mut self, schema: &mut Schema) {
        let number = self.random.number();
        match self.random.below(5) {
            0 if !schema.views.is_empty() => {
                let at = self.random.below(schema.views.len());
                if self.random.once_in(3) {
                    schema.views.remove(at);
                } else {
                    schema.views[at].factor = number;
                }
            }
            1 if !schema.routines.is_empty() => {
                let at = self.random.below(schema.routines.len());
                if self.random.once_in(3) {
                    schema.routines.remove(at);
                } else {
                    schema.routines[at].number = number;
                }
            }
            2 if !schema.triggers.is_empty() => {
                let at = self.random.below(schema.triggers.len());
                match self.random.below(3) {
                    0 => drop(schema.triggers.remove(at)),
                    1 => schema.triggers[at].number = number,
                    _ => schema.triggers.reverse(),
                }
            }
            3 if !schema.events.is_empty() => {
                let at = self.random.below(schema.events.len());
                schema.events[at].1 = number;
            }
            _ => {}
        }
    }

    fn edit_table(&mut self, table: &mut Table) {
        if table.columns.is_empty() {
            let column = self.column(table);
            table.columns.push(column);
        }
        match self.random.below(16) {
            0 | 1 => {
                let column = self.column(table);
                let at = self.random.below(table.columns.len() + 1);
                table.columns.insert(at, column);
            }
            2 => {
                let at = self.random.below(table.columns.len());
                table.columns.remove(at);
            }
            5 => {
                let at = self.random.below(table.columns.len());
                let column = table.columns.remove(at);
                let to = self.random.below(table.columns.len() + 1);
                table.columns.insert(to, column);
            }
            6 => self.add_index(table),
            7 if !table.indexes.is_empty() => {
                let at = self.random.below(table.indexes.len());
                match self.random.below(4) {
                    0 => drop(table.indexes.remove(at)),
                    1 => table.indexes[at].hidden ^= true,
                    2 => table.indexes[at].name = self.name("k"),
                    _ => table.indexes[at].parts.reverse(),
                }
            }
            8 => match table.checks.pop() {
                Some(mut check) => {
                    if self.random.once_in(2) {
                        check.3 ^= true;
                        check.2 += u64::from(self.random.once_in(2));
                        table.checks.push(check);
                    }
                }
                None => self.add_check(table),
            },
            9 => table.options = self.options(),
            10 => table.partitions = self.next_partitions(table.partitions.clone()),
            11 => match self.random.below(4) {
                0 => table.has_key ^= true,
                1 => table.id.1 ^= true,
                2 => table.id.0 = (*self.random.of(&["int", "bigint", "int unsigned"])).to_owned(),
                _ => table.versioned ^= self.engine == Engine::MariaDb,
            },
            _ => self.edit_column(table),
        }
    }

    fn edit_column(&mut self, table: &mut Table) {
        let at = self.random.below(table.columns.len());
        let fresh = self.column(table);
        let Some(column) = table.columns.get_mut(at) else {
            return;
        };
        match self.random.below(8) {
            0 | 1 => column.type_name = fresh.type_name,
            2 => column.not_null ^= true,
            3 => column.default ^= true,
            4 => {
                column.comment = if column.comment.is_some() {
                    None
                } else {
                    Some("new".to_owned())
                }
            }
            5 => column.charset = fresh.charset,
            6 => column.invisible ^= true,
            _ => match &mut column.generated {
                Some((_, summand, stored)) => {
                    if self.random.once_in(3) {
                        *stored ^= true;
                    } else if self.random.once_in(2) {
                        *summand += 1;
                    } else {
                        column.generated = None;
                    }
                }
                None => column.generated = fresh.generated.filter(|(base, _, _)| *base != column.name),
            },
        }
    }

    fn next_partitions(&mut self, partitions: Option<Partitions>) -> Option<Partitions> {
        match partitions {
            Some(_) if self.random.once_in(4) => None,
            Some(Partitions::Hash(count)) if self.random.once_in(2) => Some(Partitions::Hash(count + 1)),
            Some(Partitions::Key(count)) if count > 1 && self.random.once_in(2) => Some(Partitions::Key(count - 1)),
            Some(Partitions::Range(mut bounds, open)) => {
                match self.random.below(3) {
                    0 if bounds.len() > 1 => {
                        let at = self.random.below(bounds.len());
                        bounds.remove(at);
                    }
                    1 => bounds.push(bounds.last().unwrap() + 50),
                    _ => bounds.push(self.random.number() * 10 + 5),
                }
                bounds.sort_unstable();
                bounds.dedup();
                Some(Partitions::Range(bounds, open ^ self.random.once_in(4)))
            }
            Some(Partitions::List(mut lists)) => {
                match self.random.below(3) {
                    0 if lists.len() > 1 => drop(lists.pop()),
                    1 => lists.push(vec![500 + self.random.number()]),
                    _ => lists[0].push(900 + self.random.number()),
                }
                Some(Partitions::List(lists))
            }
            _ => Some(self.partitions()),
        }
    }

    /// Takes out what the server would refuse.
    pub(crate) fn repair(&mut self, schema: &mut Schema) {
        let is_mysql = self.engine == Engine::MySql;
        for table in &mut schema.tables {
            repair_table(is_mysql, table);
        }
        let can_be_parent = |table: &Table| table.has_key && table.partitions.is_none() && !is_other_engine(table);
        let parents: Vec<String> = schema
            .tables
            .iter()
            .filter(|table| can_be_parent(table))
            .map(|table| table.name.clone())
            .collect();
        let sequences: Vec<String> = schema.sequences.iter().map(|(name, _)| name.clone()).collect();
        for table in &mut schema.tables {
            let is_child = table.partitions.is_none() && !is_other_engine(table) && !table.versioned;
            let columns: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
            table
                .foreign_keys
                .retain(|key| is_child && parents.contains(&key.parent) && columns.contains(&key.column));
            for key in &table.foreign_keys {
                for column in table.columns.iter_mut().filter(|column| column.name == key.column) {
                    column.generated = None;
                    "int".clone_into(&mut column.type_name);
                    column.charset = None;
                    column.from_sequence = None;
                    column.default = false;
                    column.not_null &= key.on_delete != "SET NULL";
                }
                // Keys over it would have to fit the type of the parent; functional ones and checks as well.
                table.indexes.retain(|index| {
                    !index.functional || index.parts.iter().all(|(column, _, _)| *column != key.column)
                });
                table.checks.retain(|(_, column, _, _)| *column != key.column);
                for column in &mut table.columns {
                    if column
                        .generated
                        .as_ref()
                        .is_some_and(|(base, _, _)| *base == key.column)
                    {
                        column.generated = None;
                    }
                }
            }
            let mut integer = table
                .columns
                .iter_mut()
                .filter(|column| column.type_name == "bigint" && column.generated.is_none());
            if let (Some(sequence), Some(column)) = (sequences.first(), integer.next()) {
                column.from_sequence = Some(sequence.clone());
            } else {
                table.columns.iter_mut().for_each(|column| column.from_sequence = None);
            }
            for column in &mut table.columns {
                if column
                    .from_sequence
                    .as_ref()
                    .is_some_and(|name| !sequences.contains(name))
                {
                    column.from_sequence = None;
                }
            }
            repair_table(is_mysql, table);
        }
        let tables: Vec<String> = schema.tables.iter().map(|table| table.name.clone()).collect();
        schema.triggers.retain(|trigger| tables.contains(&trigger.table));
        let mut known = tables;
        schema.views.retain(|view| {
            let is_there = known.contains(&view.base);
            if is_there {
                known.push(view.name.clone());
            }
            is_there
        });
    }
}

fn is_other_engine(table: &Table) -> bool {
    table.options.iter().any(|option| option == "ENGINE=MyISAM")
}

fn repair_table(is_mysql: bool, table: &mut Table) {
    table.partitions = table
        .partitions
        .take()
        .filter(|_| table.has_key && !is_other_engine(table));
    if table.partitions.is_some() {
        table.versioned = false;
    }
    let (is_partitioned, is_other) = (table.partitions.is_some(), is_other_engine(table));
    for index in &mut table.indexes {
        // The server takes a unique one for the primary key where there is none, and that can't be hidden.
        index.hidden &= table.has_key;
        if is_other {
            index.functional = false;
            index.parts.iter_mut().for_each(|(_, _, down)| *down = false);
        }
    }
    if is_partitioned {
        // No storage for it, and no key that spans partitions.
        table
            .columns
            .iter_mut()
            .filter(|column| column.type_name == "point" || column.type_name == "geometry")
            .for_each(|column| {
                "int".clone_into(&mut column.type_name);
            });
    }
    let plain: Vec<String> = table
        .columns
        .iter()
        .filter(|column| column.is_integer() && column.generated.is_none() && column.from_sequence.is_none())
        .map(|column| column.name.clone())
        .collect();
    for column in &mut table.columns {
        column.generated = column
            .generated
            .take()
            .filter(|(base, _, _)| plain.contains(base) && column.is_integer());
        if column.generated.is_some() {
            column.charset = None;
        }
    }
    let columns = table.columns.clone();
    let column = |name: &str| columns.iter().find(|column| column.name == name);
    for index in &mut table.indexes {
        let is_fulltext = index.kind == "FULLTEXT KEY";
        index.parts.retain(|(name, _, _)| {
            column(name).is_some_and(|column| {
                let is_virtual = column.generated.as_ref().is_some_and(|(_, _, stored)| !stored);
                // MySQL: "'Index on virtual generated column' is not supported for this storage engine".
                let is_possible = column.is_key_type() && !(is_mysql && is_other && is_virtual);
                is_possible && (!is_fulltext || column.is_text() && column.generated.is_none())
            })
        });
        let is_integer = index
            .parts
            .first()
            .and_then(|(name, _, _)| column(name))
            .is_some_and(Column::is_integer);
        index.functional &= is_mysql && is_integer && !is_fulltext;
        for (name, prefix, _) in &mut index.parts {
            let Some(column) = column(name) else { continue };
            let can_have = column.is_text() || column.needs_prefix();
            *prefix = match *prefix {
                _ if is_fulltext || !can_have => None,
                length if column.needs_prefix() => Some(length.unwrap_or(6)),
                length => length,
            };
        }
    }
    // All columns of a fulltext index have one collation.
    table.indexes.retain(|index| {
        let is_fulltext = index.kind == "FULLTEXT KEY";
        let is_unique = index.kind == "UNIQUE KEY";
        let fits = !is_partitioned || !is_fulltext && !is_unique;
        !index.parts.is_empty() && fits && !(is_fulltext && (index.parts.len() > 1 || is_partitioned))
    });
    table
        .checks
        .retain(|(_, name, _, _)| column(name).is_some_and(Column::is_integer));
    if table.versioned {
        table.columns.iter_mut().for_each(|column| column.from_sequence = None);
    }
}
