//! A schema of everything that SQLite has, and its text.

use super::spell::Spelling;

#[derive(Clone, Debug, Default)]
pub(super) struct Schema {
    pub(super) tables: Vec<Table>,
    pub(super) indexes: Vec<Index>,
    pub(super) views: Vec<View>,
    pub(super) triggers: Vec<Trigger>,
    pub(super) modules: Vec<Module>,
}

#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) key: Key,
    pub(super) uniques: Vec<Unique>,
    pub(super) checks: Vec<(Option<String>, String, Check)>,
    pub(super) references: Vec<Reference>,
    pub(super) strict: bool,
    pub(super) without_rowid: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Key {
    None,
    /// The first column, `id`, is the rowid.
    Rowid {
        autoincrement: bool,
    },
    Columns(Vec<String>),
}

#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) type_name: &'static str,
    pub(super) not_null: Option<&'static str>,
    pub(super) default: Option<&'static str>,
    pub(super) collation: Option<&'static str>,
    /// The column that it is computed from, and whether it is stored.
    pub(super) generated: Option<(String, bool)>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Check {
    NotNull,
    Short,
    NotThis,
}

#[derive(Clone, Debug)]
pub(super) struct Unique {
    pub(super) name: Option<String>,
    pub(super) columns: Vec<String>,
    pub(super) conflict: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) column: String,
    pub(super) parent: String,
    pub(super) name: Option<String>,
    pub(super) implicit: bool,
    pub(super) actions: &'static str,
}

#[derive(Clone, Debug)]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) table: String,
    pub(super) column: String,
    pub(super) form: usize,
    pub(super) unique: bool,
}

#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) name: String,
    /// A table or an earlier view.
    pub(super) of: String,
    pub(super) columns: Vec<String>,
    pub(super) form: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Trigger {
    pub(super) name: String,
    pub(super) on: String,
    pub(super) on_view: bool,
    pub(super) column: String,
    pub(super) event: usize,
    /// A table and column that it writes.
    pub(super) writes: (String, String),
}

#[derive(Clone, Debug)]
pub(super) enum Module {
    Search {
        name: String,
        columns: Vec<String>,
        options: &'static str,
        /// A table and column it searches in.
        content: Option<(String, String)>,
    },
    Boxes {
        name: String,
        dimensions: usize,
        auxiliary: bool,
    },
}

impl Table {
    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|other| other.name == column)
    }
}

impl Schema {
    /// Takes out what stands on something that is gone.
    pub(super) fn repair(&mut self) {
        let keys: Vec<(String, bool)> = self
            .tables
            .iter()
            .map(|table| (table.name.clone(), matches!(table.key, Key::Rowid { .. })))
            .collect();
        for table in &mut self.tables {
            table.repair(&keys);
        }
        let tables = self.tables.clone();
        let has = |table: &str, column: &str| tables.iter().any(|other| other.name == table && other.has(column));
        self.indexes.retain(|index| has(&index.table, &index.column));
        let mut views: Vec<View> = Vec::new();
        for view in std::mem::take(&mut self.views) {
            let there = |column: &String| {
                has(&view.of, column)
                    || views
                        .iter()
                        .any(|other| other.name == view.of && other.columns.contains(column))
            };
            if view.columns.iter().all(there) {
                views.push(view);
            }
        }
        self.triggers.retain(|trigger| {
            let owner = if trigger.on_view {
                views
                    .iter()
                    .any(|view| view.name == trigger.on && view.columns.contains(&trigger.column))
            } else {
                has(&trigger.on, &trigger.column)
            };
            let target = tables.iter().find(|table| table.name == trigger.writes.0);
            let writable = target.is_some_and(|table| {
                table
                    .columns
                    .iter()
                    .any(|column| column.name == trigger.writes.1 && column.generated.is_none())
            });
            owner && writable
        });
        self.views = views;
        self.modules.retain(|module| match module {
            Module::Search {
                content: Some((table, column)),
                ..
            } => has(table, column) && keys.contains(&(table.clone(), true)),
            Module::Search { .. } | Module::Boxes { .. } => true,
        });
    }

    pub(super) fn sql(&self, spelling: &mut Spelling) -> String {
        let mut statements: Vec<String> = self.tables.iter().map(|table| table.sql(spelling)).collect();
        statements.extend(self.modules.iter().map(module_sql));
        statements.extend(self.indexes.iter().map(|index| index_sql(index, spelling)));
        statements.extend(self.views.iter().map(|view| view_sql(view, spelling)));
        statements.extend(self.triggers.iter().map(|trigger| trigger_sql(trigger, spelling)));
        statements.join(";\n") + ";\n"
    }
}

impl Table {
    fn repair(&mut self, keys: &[(String, bool)]) {
        let names: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
        let plain: Vec<String> = self
            .columns
            .iter()
            .filter(|column| column.generated.is_none())
            .map(|column| column.name.clone())
            .collect();
        match &mut self.key {
            Key::None => {}
            Key::Rowid { .. } if names.first().is_some_and(|name| name == "id") => {
                self.columns[0].type_name = "INTEGER";
                self.columns[0].generated = None;
                self.columns[0].default = None;
                self.columns[0].collation = None;
            }
            Key::Rowid { .. } => self.key = Key::None,
            Key::Columns(columns) => {
                columns.retain(|column| plain.contains(column));
                if columns.is_empty() {
                    self.key = Key::None;
                }
            }
        }
        self.without_rowid &= matches!(self.key, Key::Columns(_));
        for column in &mut self.columns {
            if column.generated.as_ref().is_some_and(|(from, _)| !plain.contains(from)) {
                column.generated = None;
            }
            if column.generated.is_some() {
                column.default = None;
                column.not_null = None;
            }
            if self.strict {
                column.type_name = match column.type_name {
                    "VARCHAR(20)" | "DATETIME" | "TEXT" => "TEXT",
                    "DOUBLE PRECISION" | "NUMERIC(10, 2)" | "REAL" => "REAL",
                    "BOOLEAN" | "INT" => "INT",
                    "" => "ANY",
                    other => other,
                };
                let fits = match (column.type_name, column.default) {
                    (_, None | Some("NULL")) | ("ANY", _) => true,
                    ("INT" | "INTEGER", Some(default)) => ["0", "-1", "(1 + 2)"].contains(&default),
                    ("TEXT", Some(default)) => ["'it''s'", "(lower('X'))", "CURRENT_TIMESTAMP"].contains(&default),
                    ("REAL", Some(default)) => default == "1.5",
                    ("BLOB", Some(default)) => default == "x'00ff'",
                    _ => false,
                };
                if !fits {
                    column.default = None;
                }
            }
        }
        self.uniques
            .retain(|unique| unique.columns.iter().all(|column| plain.contains(column)));
        self.checks.retain(|(_, column, _)| names.contains(column));
        self.references
            .retain(|reference| plain.contains(&reference.column) && keys.contains(&(reference.parent.clone(), true)));
    }

    fn sql(&self, spelling: &mut Spelling) -> String {
        let mut items: Vec<String> = self
            .columns
            .iter()
            .map(|column| self.column_sql(column, spelling))
            .collect();
        if let Key::Columns(columns) = &self.key {
            items.push(format!("{} {}", spelling.words("PRIMARY KEY"), spelling.names(columns)));
        }
        for unique in &self.uniques {
            let name = constraint_name(unique.name.as_ref(), spelling);
            let conflict = unique.conflict.map_or(String::new(), |conflict| {
                format!(" {}", spelling.words(&format!("ON CONFLICT {conflict}")))
            });
            items.push(format!(
                "{name}{} {}{conflict}",
                spelling.words("UNIQUE"),
                spelling.names(&unique.columns)
            ));
        }
        for (name, column, check) in &self.checks {
            let name = constraint_name(name.as_ref(), spelling);
            let column = spelling.name(column);
            let condition = match check {
                Check::NotNull => {
                    let operator = spelling.one_of(&["IS NOT NULL", "NOTNULL"]);
                    format!("{column} {}", spelling.words(operator))
                }
                Check::Short => format!("length({}) < 500", spelling.letters(&column)),
                Check::NotThis => {
                    let operator = spelling.one_of(&["<>", "!="]);
                    format!("{}.{column} {operator} 'never'", spelling.name(&self.name))
                }
            };
            let condition = spelling.brackets(&condition);
            items.push(format!("{name}{}({condition})", spelling.words("CHECK")));
        }
        for reference in &self.references {
            let name = constraint_name(reference.name.as_ref(), spelling);
            let columns = spelling.names(std::slice::from_ref(&reference.column));
            let target = if reference.implicit {
                String::new()
            } else {
                spelling.names(&["id".to_owned()])
            };
            items.push(format!(
                "{name}{}{columns}{}{} {target} {}",
                spelling.words("FOREIGN KEY"),
                spelling.words(" REFERENCES "),
                spelling.name(&reference.parent),
                spelling.words(reference.actions)
            ));
        }
        let mut options = Vec::new();
        if self.strict {
            options.push(spelling.words("STRICT"));
        }
        if self.without_rowid {
            options.push(spelling.words("WITHOUT ROWID"));
        }
        let gaps: Vec<String> = items
            .into_iter()
            .map(|item| format!("{}{item}", spelling.gap()))
            .collect();
        format!(
            "{}{}({}){}",
            spelling.words("CREATE TABLE "),
            spelling.name(&self.name),
            gaps.join(","),
            options.join(",")
        )
    }

    fn column_sql(&self, column: &Column, spelling: &mut Spelling) -> String {
        let mut words = vec![spelling.name(&column.name), column.type_name.to_owned()];
        if self.key == (Key::Rowid { autoincrement: false }) && column.name == "id" {
            words.push(spelling.words("PRIMARY KEY"));
        }
        if self.key == (Key::Rowid { autoincrement: true }) && column.name == "id" {
            words.push(spelling.words("PRIMARY KEY AUTOINCREMENT"));
        }
        if let Some(not_null) = column.not_null {
            words.push(spelling.words(not_null));
        }
        if let Some(default) = column.default {
            words.push(format!("{} {default}", spelling.words("DEFAULT")));
        }
        if let Some(collation) = column.collation {
            words.push(format!("{} {}", spelling.words("COLLATE"), spelling.words(collation)));
        }
        if let Some((from, stored)) = &column.generated {
            let kind = spelling.words(if *stored { "STORED" } else { "VIRTUAL" });
            let prefix = spelling.words("GENERATED ALWAYS AS");
            words.push(format!("{prefix} (coalesce({}, -1)) {kind}", spelling.name(from)));
        }
        words.join(" ")
    }
}

fn constraint_name(name: Option<&String>, spelling: &mut Spelling) -> String {
    name.map_or(String::new(), |name| {
        format!("{} {} ", spelling.words("CONSTRAINT"), spelling.name(name))
    })
}

fn index_sql(index: &Index, spelling: &mut Spelling) -> String {
    let column = spelling.name(&index.column);
    let (part, condition) = match index.form {
        0 => (column, String::new()),
        1 => (
            format!("{column} {}", spelling.words("COLLATE NOCASE DESC")),
            String::new(),
        ),
        2 => (format!("lower({column}), {}", column.clone()), String::new()),
        3 => (
            column.clone(),
            format!(
                " {} {column} {}",
                spelling.words("WHERE"),
                spelling.words("IS NOT NULL")
            ),
        ),
        _ => (column.clone(), format!(" WHERE {column} <> \"no such name\"")),
    };
    let unique = if index.unique { "UNIQUE " } else { "" };
    format!(
        "{}{}{} {}({part}){condition}",
        spelling.words(&format!("CREATE {unique}INDEX ")),
        spelling.name(&index.name),
        spelling.words(" ON"),
        spelling.name(&index.table)
    )
}

fn view_sql(view: &View, spelling: &mut Spelling) -> String {
    let columns: Vec<String> = view.columns.iter().map(|column| spelling.name(column)).collect();
    let of = spelling.name(&view.of);
    let rest = match view.form {
        0 => String::new(),
        1 => format!(
            " {} {of}.{} {}",
            spelling.words("WHERE"),
            columns[0],
            spelling.words("IS NOT NULL")
        ),
        2 => format!(" WHERE {} = \"no such name\"", columns[0]),
        _ => format!(" {} {} DESC", spelling.words("ORDER BY"), columns[0]),
    };
    format!(
        "{}{}{}{}{} {}{of}{rest}",
        spelling.words("CREATE VIEW "),
        spelling.name(&view.name),
        spelling.words(" AS SELECT"),
        spelling.gap(),
        columns.join(" , "),
        spelling.words("FROM ")
    )
}

fn trigger_sql(trigger: &Trigger, spelling: &mut Spelling) -> String {
    let column = spelling.name(&trigger.column);
    let time = if trigger.on_view {
        "INSTEAD OF"
    } else {
        ["BEFORE", "AFTER"][trigger.event % 2]
    };
    let (event, row) = match trigger.event {
        0 => ("INSERT".to_owned(), "new"),
        1 => ("DELETE".to_owned(), "old"),
        _ => (format!("UPDATE OF {column}"), "new"),
    };
    let (table, written) = (spelling.name(&trigger.writes.0), spelling.name(&trigger.writes.1));
    format!(
        "{}{} {time} {event} ON {} {} WHEN {row}.{column} IS NULL BEGIN UPDATE {table} SET {written} = {written} WHERE \
         {written} = {row}.{column}; SELECT CASE WHEN 1 THEN 2 END; END",
        spelling.words("CREATE TRIGGER "),
        spelling.name(&trigger.name),
        spelling.name(&trigger.on),
        spelling.words("FOR EACH ROW")
    )
}

fn module_sql(module: &Module) -> String {
    match module {
        Module::Search {
            name,
            columns,
            options,
            content,
        } => {
            let mut arguments = match content {
                Some((_, column)) => vec![format!("\"{column}\"")],
                None => columns.clone(),
            };
            arguments.extend((!options.is_empty()).then(|| (*options).to_owned()));
            if let Some((table, _)) = content {
                arguments.push(format!("content=\"{table}\", content_rowid='id'"));
            }
            format!("CREATE VIRTUAL TABLE {name} USING fts5({})", arguments.join(", "))
        }
        Module::Boxes {
            name,
            dimensions,
            auxiliary,
        } => {
            let sides = (0..*dimensions).map(|side| format!("low{side}, high{side}"));
            let mut arguments: Vec<String> = std::iter::once("id".to_owned()).chain(sides).collect();
            arguments.extend(auxiliary.then(|| "+note".to_owned()));
            format!("CREATE VIRTUAL TABLE {name} USING rtree({})", arguments.join(", "))
        }
    }
}
