//! Schemas of MySQL and MariaDB that are made up, over all kinds of objects, and edits of them. The same seed gives the
//! same.

use dbwright_catalog::Engine;

/// A schema as it would be written by hand.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    pub(crate) engine: Engine,
    pub(crate) sequences: Vec<(String, u64)>,
    pub(crate) tables: Vec<Table>,
    pub(crate) views: Vec<View>,
    pub(crate) routines: Vec<Routine>,
    pub(crate) triggers: Vec<Trigger>,
    pub(crate) events: Vec<(String, u64, bool)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// Type of its `id`, and whether the server counts it up.
    pub(crate) id: (String, bool),
    pub(crate) has_key: bool,
    pub(crate) columns: Vec<Column>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) checks: Vec<(String, String, u64, bool)>,
    pub(crate) foreign_keys: Vec<ForeignKey>,
    pub(crate) options: Vec<String>,
    pub(crate) partitions: Option<Partitions>,
    pub(crate) versioned: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) type_name: String,
    pub(crate) charset: Option<&'static str>,
    pub(crate) not_null: bool,
    pub(crate) default: bool,
    /// A summand to the integer column of this name, and whether the sum is stored.
    pub(crate) generated: Option<(String, u64, bool)>,
    pub(crate) invisible: bool,
    pub(crate) comment: Option<String>,
    pub(crate) from_sequence: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    /// Column, prefix, downwards.
    pub(crate) parts: Vec<(String, Option<u32>, bool)>,
    pub(crate) hidden: bool,
    pub(crate) comment: bool,
    /// An expression over the first column (MySQL).
    pub(crate) functional: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct ForeignKey {
    pub(crate) name: String,
    pub(crate) column: String,
    pub(crate) parent: String,
    pub(crate) on_delete: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) enum Partitions {
    Hash(u64),
    Key(u64),
    Range(Vec<u64>, bool),
    List(Vec<Vec<u64>>),
}

#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) name: String,
    /// A table, or another view.
    pub(crate) base: String,
    pub(crate) factor: u64,
    pub(crate) invoker: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Routine {
    pub(crate) name: String,
    pub(crate) function: bool,
    pub(crate) number: u64,
    pub(crate) comment: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Trigger {
    pub(crate) name: String,
    pub(crate) table: String,
    pub(crate) when: &'static str,
    pub(crate) number: u64,
}

impl Column {
    pub(crate) fn is_integer(&self) -> bool {
        self.type_name.contains("int") && self.type_name != "point"
    }

    pub(crate) fn is_text(&self) -> bool {
        ["char", "text"].iter().any(|word| self.type_name.contains(word))
    }

    /// Whether it can't be a key without a length.
    pub(crate) fn needs_prefix(&self) -> bool {
        self.type_name.contains("text") || self.type_name.contains("blob") || self.type_name == "varchar(300)"
    }

    pub(crate) fn is_key_type(&self) -> bool {
        !["json", "geometry", "vector", "point"]
            .iter()
            .any(|word| self.type_name.contains(word))
    }

    fn default_text(&self) -> Option<&'static str> {
        let word = self.type_name.split(['(', ' ']).next().unwrap_or_default();
        Some(match word {
            "tinyint" | "smallint" | "int" | "bigint" => "5",
            "decimal" | "double" | "float" => "1.5",
            "char" | "varchar" => "'it''s'",
            "date" => "'2020-01-01'",
            "datetime" | "timestamp" if !self.type_name.contains('(') => {
                "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"
            }
            "enum" | "set" => "'a'",
            "bit" => "b'11'",
            _ => return None,
        })
    }

    fn sql(&self, engine: Engine, type_name: &str) -> String {
        let mut sql = format!("`{}` {type_name}", self.name);
        if let Some(charset) = self.charset.filter(|_| self.is_text() || type_name.starts_with("enum")) {
            sql += " ";
            sql += charset;
        }
        if let Some((column, summand, stored)) = &self.generated {
            let kind = if *stored { "STORED" } else { "VIRTUAL" };
            sql = format!("{sql} GENERATED ALWAYS AS (`{column}` + {summand}) {kind}");
        } else {
            sql += if self.not_null { " NOT NULL" } else { " NULL" };
            if let Some(sequence) = &self.from_sequence {
                sql = format!("{sql} DEFAULT nextval(`{sequence}`)");
            } else if let Some(default) = self.default_text().filter(|_| self.default) {
                sql = format!("{sql} DEFAULT {default}");
            }
        }
        // An invisible column of MariaDB that refuses NULL needs a default.
        let can_hide = engine == Engine::MySql || !self.not_null || self.generated.is_some();
        if self.invisible && can_hide {
            sql += " INVISIBLE";
        }
        if let Some(comment) = &self.comment {
            sql = format!("{sql} COMMENT '{comment}'");
        }
        sql
    }
}

impl Schema {
    pub(crate) fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// The statements that make it.
    pub(crate) fn sql(&self) -> String {
        let mut statements = vec!["SET SESSION sql_mode = ''".to_owned()];
        statements.extend(
            self.sequences
                .iter()
                .map(|(name, step)| format!("CREATE SEQUENCE `{name}` INCREMENT BY {step}")),
        );
        statements.extend(self.tables.iter().map(|table| self.create(table)));
        for table in &self.tables {
            for key in &table.foreign_keys {
                statements.push(format!(
                    "ALTER TABLE `{}` ADD CONSTRAINT `{}` FOREIGN KEY (`{}`) REFERENCES `{}` (id) ON DELETE {}",
                    table.name, key.name, key.column, key.parent, key.on_delete
                ));
            }
        }
        for routine in &self.routines {
            let comment = if routine.comment { " COMMENT 'said'" } else { "" };
            statements.push(if routine.function {
                format!(
                    "CREATE FUNCTION `{}`(x int) RETURNS int DETERMINISTIC{comment} RETURN x + {}",
                    routine.name, routine.number
                )
            } else {
                format!(
                    "CREATE PROCEDURE `{}`(IN x int){comment} BEGIN SELECT x + {}; END",
                    routine.name, routine.number
                )
            });
        }
        for view in &self.views {
            let security = if view.invoker { " SQL SECURITY INVOKER" } else { "" };
            statements.push(format!(
                "CREATE{security} VIEW `{}` AS SELECT id, id * {} AS more FROM `{}`",
                view.name, view.factor, view.base
            ));
        }
        for trigger in &self.triggers {
            statements.push(format!(
                "CREATE TRIGGER `{}` {} ON `{}` FOR EACH ROW SET @seen = {}",
                trigger.name, trigger.when, trigger.table, trigger.number
            ));
        }
        for (name, days, enabled) in &self.events {
            let state = if *enabled { "ENABLE" } else { "DISABLE" };
            statements.push(format!(
                "CREATE EVENT `{name}` ON SCHEDULE EVERY {days} DAY {state} DO SET @event = {days}"
            ));
        }
        statements.join(";\n")
    }

    fn create(&self, table: &Table) -> String {
        let counter = if table.id.1 && table.has_key {
            " AUTO_INCREMENT"
        } else {
            ""
        };
        let mut lines = vec![format!("id {} NOT NULL{counter}", table.id.0)];
        for column in &table.columns {
            let key = table.foreign_keys.iter().find(|key| key.column == column.name);
            let parent = key.and_then(|key| self.table(&key.parent));
            let type_name = parent.map_or(column.type_name.as_str(), |parent| parent.id.0.as_str());
            lines.push(column.sql(self.engine, type_name));
        }
        if table.has_key {
            lines.push("PRIMARY KEY (id)".to_owned());
        }
        for index in &table.indexes {
            lines.push(index.sql(self.engine));
        }
        for (name, column, bound, enforced) in &table.checks {
            let note = if *enforced || self.engine == Engine::MariaDb {
                ""
            } else {
                " NOT ENFORCED"
            };
            lines.push(format!("CONSTRAINT `{name}` CHECK (`{column}` < {bound}){note}"));
        }
        let mut sql = format!(
            "CREATE TABLE `{}` (\n  {}\n) {}",
            table.name,
            lines.join(",\n  "),
            table.options.join(" ")
        );
        if table.versioned {
            sql += " WITH SYSTEM VERSIONING";
        }
        if let Some(partitions) = &table.partitions {
            sql = format!("{sql} PARTITION BY {}", partitions.sql());
        }
        sql
    }
}

impl Index {
    fn sql(&self, engine: Engine) -> String {
        let parts: Vec<String> = self
            .parts
            .iter()
            .enumerate()
            .map(|(number, (column, prefix, down))| {
                if self.functional && number == 0 {
                    return format!("((`{column}` + 1))");
                }
                let prefix = prefix.map_or(String::new(), |length| format!("({length})"));
                let down = if *down && self.kind != "FULLTEXT KEY" {
                    " DESC"
                } else {
                    ""
                };
                format!("`{column}`{prefix}{down}")
            })
            .collect();
        let hidden = match (self.hidden, engine) {
            (false, _) => "",
            (true, Engine::MariaDb) => " IGNORED",
            (true, _) => " INVISIBLE",
        };
        let comment = if self.comment { " COMMENT 'kept'" } else { "" };
        format!("{} `{}` ({}){comment}{hidden}", self.kind, self.name, parts.join(", "))
    }
}

impl Partitions {
    fn sql(&self) -> String {
        match self {
            Partitions::Hash(count) => format!("HASH (id) PARTITIONS {count}"),
            Partitions::Key(count) => format!("KEY (id) PARTITIONS {count}"),
            Partitions::Range(bounds, open) => {
                let mut parts: Vec<String> = bounds
                    .iter()
                    .map(|bound| format!("PARTITION p{bound} VALUES LESS THAN ({bound})"))
                    .collect();
                if *open {
                    parts.push("PARTITION rest VALUES LESS THAN MAXVALUE".to_owned());
                }
                format!("RANGE (id) ({})", parts.join(", "))
            }
            Partitions::List(lists) => {
                let parts: Vec<String> = lists
                    .iter()
                    .map(|list| {
                        let values: Vec<String> = list.iter().map(u64::to_string).collect();
                        format!("PARTITION l{} VALUES IN ({})", list.first().unwrap(), values.join(", "))
                    })
                    .collect();
                format!("LIST (id) ({})", parts.join(", "))
            }
        }
    }
}

/// Numbers that look random and are the same for the same seed (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % bound.max(1) as u64).unwrap()
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.below(100) as u64 + 1
    }
}

/// Makes up schemas for one server.
pub(crate) struct Generator {
    pub(crate) engine: Engine,
    pub(crate) major: u32,
    pub(crate) random: Random,
    pub(crate) names: usize,
}

const COMMON_TYPES: &[&str] = &[
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "int unsigned",
    "decimal(10,2)",
    "decimal(12,4)",
    "double",
    "float",
    "varchar(20)",
    "varchar(50)",
    "varchar(300)",
    "char(8)",
    "text",
    "mediumtext",
    "date",
    "datetime",
    "datetime(3)",
    "timestamp",
    "time",
    "year",
    "enum('a','b')",
    "enum('a','b','c')",
    "set('a','b')",
    "json",
    "blob",
    "varbinary(10)",
    "bit(4)",
    "point",
];

const CHARSETS: &[&str] = &[
    "CHARACTER SET latin1",
    "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
    "CHARACTER SET ascii",
];

impl Generator {
    pub(crate) fn new(engine: Engine, major: u32, seed: u64) -> Self {
        Generator {
            engine,
            major,
            random: Random(seed.wrapping_mul(0x1000_0000_01b3)),
            names: 0,
        }
    }

    pub(crate) fn name(&mut self, head: &str) -> String {
        self.names += 1;
        let tail = if self.random.once_in(12) {
            " x`y".replace('`', "``")
        } else {
            String::new()
        };
        format!("{head}{}{tail}", self.names)
    }

    pub(crate) fn schema(&mut self) -> Schema {
        let mut schema = Schema {
            engine: self.engine,
            sequences: Vec::new(),
            tables: Vec::new(),
            views: Vec::new(),
            routines: Vec::new(),
            triggers: Vec::new(),
            events: Vec::new(),
        };
        if self.engine == Engine::MariaDb && self.random.once_in(2) {
            let name = self.name("s");
            schema.sequences.push((name, self.random.number()));
        }
        for _ in 0..2 + self.random.below(4) {
            let table = self.table();
            schema.tables.push(table);
        }
        for _ in 0..self.random.below(4) {
            self.add_foreign_key(&mut schema);
        }
        for _ in 0..self.random.below(3) {
            self.add_view(&mut schema);
        }
        for _ in 0..self.random.below(3) {
            self.add_code(&mut schema);
        }
        self.repair(&mut schema);
        schema
    }

    pub(crate) fn table(&mut self) -> Table {
        let mut table = Table {
            name: self.name("t"),
            id: (
                (*self.random.of(&["int", "bigint", "int unsigned"])).to_owned(),
                self.random.once_in(2),
            ),
            has_key: !self.random.once_in(8),
            columns: Vec::new(),
            indexes: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            options: self.options(),
            partitions: None,
            versioned: self.engine == Engine::MariaDb && self.random.once_in(12),
        };
        for _ in 0..=self.random.below(6) {
            let column = self.column(&table);
            table.columns.push(column);
        }
        for _ in 0..self.random.below(4) {
            self.add_index(&mut table);
        }
        if self.random.once_in(3) {
            self.add_check(&mut table);
        }
        if self.random.once_in(5) {
            table.partitions = Some(self.partitions());
        }
        table
    }

    pub(crate) fn options(&mut self) -> Vec<String> {
        let mut options = Vec::new();
        if self.random.once_in(12) {
            options.push("ENGINE=MyISAM".to_owned());
        } else if self.random.once_in(4) {
            options.push(
                (*self
                    .random
                    .of(&["ROW_FORMAT=COMPACT", "ROW_FORMAT=DYNAMIC", "ROW_FORMAT=COMPRESSED"]))
                .to_owned(),
            );
        }
        if self.random.once_in(3) {
            options.push((*self.random.of(CHARSETS)).to_owned());
        }
        if self.random.once_in(4) {
            options.push("STATS_PERSISTENT=1".to_owned());
        }
        if self.random.once_in(3) {
            options.push(format!("COMMENT='it''s {}'", self.random.number()));
        }
        options
    }

    pub(crate) fn type_name(&mut self) -> String {
        if self.random.once_in(12) {
            let own: &[&str] = match (self.engine, self.major) {
                (Engine::MySql, _) => &["vector(3)", "geometry"],
                (_, 10) => &["uuid", "inet6"],
                _ => &["uuid", "inet6", "inet4"],
            };
            return (*self.random.of(own)).to_owned();
        }
        (*self.random.of(COMMON_TYPES)).to_owned()
    }

    pub(crate) fn column(&mut self, table: &Table) -> Column {
        let mut column = Column {
            name: self.name("c"),
            type_name: self.type_name(),
            charset: self.random.once_in(4).then(|| *self.random.of(CHARSETS)),
            not_null: self.random.once_in(3),
            default: self.random.once_in(2),
            generated: None,
            invisible: self.random.once_in(10),
            comment: self.random.once_in(5).then(|| "it''s, (so)".to_owned()),
            from_sequence: None,
        };
        let integers: Vec<&Column> = table
            .columns
            .iter()
            .filter(|column| column.is_integer() && column.generated.is_none())
            .collect();
        if !integers.is_empty() && self.random.once_in(5) {
            let base = self.random.of(&integers).name.clone();
            "bigint".clone_into(&mut column.type_name);
            column.generated = Some((base, self.random.number(), self.random.once_in(2)));
        }
        column
    }

    pub(crate) fn add_index(&mut self, table: &mut Table) {
        let usable: Vec<&Column> = table.columns.iter().filter(|column| column.is_key_type()).collect();
        if usable.is_empty() {
            return;
        }
        let mut parts = Vec::new();
        for _ in 0..=self.random.below(2) {
            let column = self.random.of(&usable).name.clone();
            if !parts.iter().any(|(known, _, _)| *known == column) {
                let prefix = self.random.once_in(3).then_some(4);
                parts.push((column, prefix, self.random.once_in(4)));
            }
        }
        let kind = *self.random.of(&["KEY", "KEY", "UNIQUE KEY", "FULLTEXT KEY"]);
        let index = Index {
            name: self.name("k"),
            kind,
            parts,
            hidden: self.random.once_in(6),
            comment: self.random.once_in(6),
            functional: self.engine == Engine::MySql && self.random.once_in(6),
        };
        table.indexes.push(index);
    }

    pub(crate) fn add_check(&mut self, table: &mut Table) {
        let integers: Vec<&Column> = table.columns.iter().filter(|column| column.is_integer()).collect();
        if integers.is_empty() {
            return;
        }
        let column = self.random.of(&integers).name.clone();
        let name = self.name("check");
        table
            .checks
            .push((name, column, 1_000_000 + self.random.number(), !self.random.once_in(3)));
    }

    pub(crate) fn partitions(&mut self) -> Partitions {
        match self.random.below(4) {
            0 => Partitions::Hash(2 + self.random.below(3) as u64),
            1 => Partitions::Key(2 + self.random.below(3) as u64),
            2 => {
                let mut bounds: Vec<u64> = (0..=self.random.below(4)).map(|_| self.random.number() * 10).collect();
                bounds.sort_unstable();
                bounds.dedup();
                Partitions::Range(bounds, !self.random.once_in(3))
            }
            _ => Partitions::List(
                (0..=self.random.below(3) as u64)
                    .map(|list| vec![list * 10 + 1, list * 10 + 2])
                    .collect(),
            ),
        }
    }

    pub(crate) fn add_foreign_key(&mut self, schema: &mut Schema) {
        let (child, parent) = (
            self.random.below(schema.tables.len()),
            self.random.below(schema.tables.len()),
        );
        let parent = schema.tables[parent].name.clone();
        let name = self.name("f");
        let on_delete = *self.random.of(&["CASCADE", "SET NULL", "RESTRICT", "NO ACTION"]);
        let table = &mut schema.tables[child];
        let mut column = self.column(table);
        column.generated = None;
        "int".clone_into(&mut column.type_name);
        column.default = false;
        table.foreign_keys.push(ForeignKey {
            name,
            column: column.name.clone(),
            parent,
            on_delete,
        });
        table.columns.push(column);
    }

    pub(crate) fn add_view(&mut self, schema: &mut Schema) {
        let names = schema.tables.iter().map(|table| table.name.clone());
        let names: Vec<String> = names.chain(schema.views.iter().map(|view| view.name.clone())).collect();
        if names.is_empty() {
            return;
        }
        // Later views have smaller names, so that the order of names is not the order in which they can be made.
        let name = format!("v{}", 999 - self.names);
        self.names += 1;
        schema.views.push(View {
            name,
            base: self.random.of(&names).clone(),
            factor: self.random.number(),
            invoker: self.random.once_in(3),
        });
    }

    pub(crate) fn add_code(&mut self, schema: &mut Schema) {
        match self.random.below(3) {
            0 => {
                let name = self.name("r");
                schema.routines.push(Routine {
                    name,
                    function: self.random.once_in(2),
                    number: self.random.number(),
                    comment: self.random.once_in(3),
                });
            }
            1 if !schema.tables.is_empty() => {
                let table = self.random.of(&schema.tables).name.clone();
                let when = *self.random.of(&["BEFORE INSERT", "BEFORE INSERT", "AFTER UPDATE"]);
                let name = self.name("g");
                schema.triggers.push(Trigger {
                    name,
                    table,
                    when,
                    number: self.random.number(),
                });
            }
            _ => {
                let name = self.name("e");
                schema.events.push((name, self.random.number(), self.random.once_in(2)));
            }
        }
    }
}
