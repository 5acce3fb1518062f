//! Schemas by chance, and changes of them.

use super::schema::{Check, Column, Index, Key, Module, Reference, Schema, Table, Trigger, Unique, View};
use super::spell::Chance;

const TYPES: [&str; 11] = [
    "INTEGER",
    "INT",
    "TEXT",
    "VARCHAR(20)",
    "REAL",
    "DOUBLE PRECISION",
    "NUMERIC(10, 2)",
    "BLOB",
    "BOOLEAN",
    "DATETIME",
    "",
];
const DEFAULTS: [&str; 8] = [
    "0",
    "-1",
    "(1 + 2)",
    "'it''s'",
    "(lower('X'))",
    "CURRENT_TIMESTAMP",
    "1.5",
    "NULL",
];
const ODD_NAMES: [&str; 5] = ["order", "two words", "camelCase", "größe", "dbwright_new_t1"];
const ACTIONS: [&str; 5] = [
    "",
    "ON DELETE CASCADE",
    "ON DELETE SET NULL ON UPDATE CASCADE",
    "ON DELETE RESTRICT",
    "DEFERRABLE INITIALLY DEFERRED",
];

/// Names that nobody else in the pair of schemas has.
pub(super) struct Source {
    pub(super) chance: Chance,
    pub(super) number: usize,
}

impl Source {
    fn name(&mut self, prefix: &str) -> String {
        self.number += 1;
        format!("{prefix}{}", self.number)
    }

    pub(super) fn schema(&mut self) -> Schema {
        let mut schema = Schema::default();
        for _ in 0..=self.chance.below(4) {
            let table = self.table(&schema);
            schema.tables.push(table);
        }
        for _ in 0..self.chance.below(9) {
            self.add_other(&mut schema);
        }
        schema.repair();
        schema
    }

    /// Changes a schema, as often as this.
    pub(super) fn edit(&mut self, schema: &mut Schema, edits: usize) {
        for _ in 0..edits {
            match self.chance.below(10) {
                0 => {
                    let table = self.table(schema);
                    schema.tables.push(table);
                }
                1 if schema.tables.len() > 1 => {
                    let place = self.chance.below(schema.tables.len());
                    schema.tables.remove(place);
                }
                2 => self.add_other(schema),
                3 => self.change_other(schema),
                4 => self.remove_other(schema),
                _ => {
                    let place = self.chance.below(schema.tables.len());
                    let mut table = schema.tables[place].clone();
                    self.change_table(&mut table, schema);
                    schema.tables[place] = table;
                }
            }
            schema.repair();
        }
    }

    fn column(&mut self) -> Column {
        let name = if self.chance.percent(8) {
            self.chance.pick(&ODD_NAMES).to_owned()
        } else {
            self.name("c")
        };
        let default = self.chance.percent(35).then(|| self.chance.pick(&DEFAULTS));
        let not_null = default.is_some_and(|default| default != "NULL") && self.chance.percent(40);
        Column {
            name,
            type_name: self.chance.pick(&TYPES),
            not_null: not_null.then(|| {
                self.chance
                    .pick(&["NOT NULL", "CONSTRAINT there NOT NULL ON CONFLICT ABORT"])
            }),
            default,
            collation: self
                .chance
                .percent(15)
                .then(|| self.chance.pick(&["NOCASE", "RTRIM", "BINARY"])),
            generated: None,
        }
    }

    fn table(&mut self, schema: &Schema) -> Table {
        let mut columns: Vec<Column> = Vec::new();
        let with_id = self.chance.percent(70);
        if with_id {
            columns.push(Column {
                name: "id".to_owned(),
                type_name: "INTEGER",
                not_null: None,
                default: None,
                collation: None,
                generated: None,
            });
        }
        for _ in 0..=self.chance.below(5) {
            let column = self.column();
            if !columns.iter().any(|other| other.name == column.name) {
                columns.push(column);
            }
        }
        let key = match self.chance.below(10) {
            0..6 if with_id => Key::Rowid {
                autoincrement: self.chance.percent(40),
            },
            6..9 => Key::Columns(vec![columns[0].name.clone()]),
            _ => Key::None,
        };
        let name = if self.chance.percent(8) {
            format!("odd {}", self.name("t"))
        } else {
            self.name("t")
        };
        let mut table = Table {
            name,
            columns,
            without_rowid: matches!(key, Key::Columns(_)) && self.chance.percent(50),
            key,
            uniques: Vec::new(),
            checks: Vec::new(),
            references: Vec::new(),
            strict: self.chance.percent(25),
        };
        for _ in 0..self.chance.below(4) {
            self.add_constraint(&mut table, schema);
        }
        table
    }

    fn add_constraint(&mut self, table: &mut Table, schema: &Schema) {
        let column = self.chance.pick(&table.columns).name;
        let name = self.chance.percent(40).then(|| self.name("k"));
        match self.chance.below(4) {
            // SQLite refuses the same key twice with different words about conflicts.
            0 if !table.uniques.iter().any(|unique| unique.columns == [column.clone()])
                && table.key != Key::Columns(vec![column.clone()]) =>
            {
                table.uniques.push(Unique {
                    name,
                    columns: vec![column],
                    conflict: self
                        .chance
                        .percent(30)
                        .then(|| self.chance.pick(&["IGNORE", "REPLACE", "ROLLBACK"])),
                });
            }
            1 => {
                let check = self.chance.pick(&[Check::NotNull, Check::Short, Check::NotThis]);
                table.checks.push((name, column, check));
            }
            2 if !schema.tables.is_empty() => {
                let parent = self.chance.pick(&schema.tables).name;
                if !table.references.iter().any(|reference| reference.column == column) {
                    table.references.push(Reference {
                        column,
                        parent,
                        name,
                        implicit: self.chance.percent(40),
                        actions: self.chance.pick(&ACTIONS),
                    });
                }
            }
            _ => {
                let new = self.name("g");
                if table
                    .columns
                    .iter()
                    .any(|other| other.name == column && other.generated.is_none())
                {
                    table.columns.push(Column {
                        name: new,
                        generated: Some((column, self.chance.percent(50))),
                        ..self.column()
                    });
                }
            }
        }
    }

    fn change_table(&mut self, table: &mut Table, schema: &Schema) {
        let place = self.chance.below(table.columns.len());
        match self.chance.below(20) {
            0..4 => {
                let column = self.column();
                if !table.has(&column.name) {
                    table.columns.push(column);
                }
            }
            4..6 if table.columns.iter().filter(|column| column.generated.is_none()).count() > 2 => {
                table.columns.remove(place);
            }
            6 => {
                let column = self.column();
                if !table.has(&column.name) {
                    table.columns.insert(place, column);
                }
            }
            7 => table.columns[place].type_name = self.chance.pick(&TYPES),
            8 => {
                let column = &mut table.columns[place];
                column.not_null = if column.not_null.is_some() {
                    None
                } else {
                    Some("NOT NULL")
                };
            }
            9 => table.columns[place].default = self.chance.percent(60).then(|| self.chance.pick(&DEFAULTS)),
            10 => table.columns[place].collation = self.chance.percent(60).then_some("NOCASE"),
            11 => table.strict = !table.strict,
            12 => table.without_rowid = !table.without_rowid,
            13 => {
                table.key = match &table.key {
                    Key::Rowid { autoincrement } => Key::Rowid {
                        autoincrement: !autoincrement,
                    },
                    Key::None => Key::Columns(vec![table.columns[place].name.clone()]),
                    Key::Columns(_) => Key::None,
                };
            }
            14 => {
                if self.chance.percent(50) {
                    table.uniques.pop();
                } else {
                    table.checks.pop();
                }
            }
            15 => {
                table.references.pop();
            }
            16 => table.columns.reverse(),
            17 => {
                if let Some((_, stored)) = table.columns.iter_mut().find_map(|column| column.generated.as_mut()) {
                    *stored = !*stored;
                }
            }
            18 => {
                // Refused unless the table is new: nobody knows the value for rows that are there.
                let name = self.name("n");
                table.columns.push(Column {
                    name,
                    type_name: "TEXT",
                    not_null: Some("NOT NULL"),
                    default: None,
                    collation: None,
                    generated: None,
                });
            }
            _ => self.add_constraint(table, schema),
        }
    }

    fn add_other(&mut self, schema: &mut Schema) {
        let table = self.chance.pick(&schema.tables);
        let column = self.chance.pick(&table.columns).name;
        match self.chance.below(6) {
            0 | 1 => schema.indexes.push(Index {
                name: self.name("i"),
                table: table.name,
                column,
                form: self.chance.below(5),
                unique: self.chance.percent(20),
            }),
            2 => schema.views.push(View {
                name: self.name("v"),
                of: table.name,
                columns: table.columns.iter().map(|column| column.name.clone()).take(3).collect(),
                form: self.chance.below(4),
            }),
            3 if !schema.views.is_empty() => {
                let of = self.chance.pick(&schema.views);
                schema.views.push(View {
                    name: self.name("v"),
                    of: of.name,
                    columns: of.columns[..1].to_vec(),
                    form: self.chance.below(4),
                });
            }
            4 => {
                let target = self.chance.pick(&schema.tables);
                let written = self.chance.pick(&target.columns).name;
                let view = self.chance.percent(30).then(|| schema.views.first().cloned()).flatten();
                let on_view = view.is_some();
                let (on, column) = view.map_or((table.name, column), |view| (view.name, view.columns[0].clone()));
                schema.triggers.push(Trigger {
                    name: self.name("g"),
                    on,
                    on_view,
                    column,
                    event: self.chance.below(3),
                    writes: (target.name, written),
                });
            }
            _ => {
                let module = self.module(&table, column);
                schema.modules.push(module);
            }
        }
    }

    fn module(&mut self, table: &Table, column: String) -> Module {
        let name = self.name("m");
        match self.chance.below(3) {
            0 => Module::Boxes {
                name,
                dimensions: 1 + self.chance.below(3),
                auxiliary: self.chance.percent(40),
            },
            1 => Module::Search {
                name,
                columns: Vec::new(),
                options: "",
                content: Some((table.name.clone(), column)),
            },
            _ => Module::Search {
                name,
                columns: vec!["title".to_owned(), "body UNINDEXED".to_owned()],
                options: self.chance.pick(&["", "tokenize = 'porter ascii'", "content=''"]),
                content: None,
            },
        }
    }

    fn change_other(&mut self, schema: &mut Schema) {
        match self.chance.below(4) {
            0 => {
                if let Some(index) = schema.indexes.first_mut() {
                    index.form = (index.form + 1) % 5;
                }
            }
            1 => {
                if let Some(view) = schema.views.first_mut() {
                    view.form = (view.form + 1) % 4;
                }
            }
            2 => {
                if let Some(trigger) = schema.triggers.first_mut() {
                    trigger.event = (trigger.event + 1) % 3;
                }
            }
            _ => match schema.modules.first_mut() {
                Some(Module::Boxes { dimensions, .. }) => *dimensions = *dimensions % 3 + 1,
                Some(Module::Search { options, .. }) => *options = "prefix='2 3'",
                None => {}
            },
        }
    }

    fn remove_other(&mut self, schema: &mut Schema) {
        let gone = match self.chance.below(4) {
            0 => schema.indexes.pop().is_some(),
            1 => schema.views.pop().is_some(),
            2 => schema.triggers.pop().is_some(),
            _ => schema.modules.pop().is_some(),
        };
        if !gone {
            self.add_other(schema);
        }
    }
}
