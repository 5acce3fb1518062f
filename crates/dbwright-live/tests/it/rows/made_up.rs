//! Schemas made up for their rows: types, checks, keys and references that leave room for at least three rows. The same
//! seed gives the same.

use dbwright_catalog::Engine;

use super::Schema;
use crate::mysql_family_random::Random;

/// Why a table of a schema that was made up may stay without rows: each is true of what the other generators make.
pub(super) const REASONS: [&str; 9] = [
    "its parent ",
    "the tables it refers to could not be filled",
    // A generated column of a strict table whose source is of another type.
    "cannot store ",
    // Keys over few labels, numbers or letters have room for one or two rows.
    "UNIQUE constraint failed: ",
    "Duplicate entry ",
    "Table has no partition for value ",
    "violates partition constraint",
    "it has no partitions",
    "it is a virtual table: a module answers for it",
];

/// A type, its check (with `COL` for the column), and whether there are three different values that satisfy it.
type Choice = (&'static str, Option<&'static str>, bool);

const COMMON: &[Choice] = &[
    ("integer", None, true),
    ("integer", Some("COL > 0"), true),
    ("integer", Some("COL BETWEEN 1 AND 5"), true),
    ("integer", Some("COL IN (2, 4, 8)"), true),
    ("integer", Some("COL >= 0 AND COL <= 100 AND COL <> 50"), true),
    ("integer", Some("COL % 10 = 0"), true),
    ("smallint", Some("COL < 0"), true),
    ("bigint", Some("COL > 1000000"), true),
    ("decimal(8,2)", Some("COL >= 0"), true),
    ("decimal(3,2)", Some("COL BETWEEN 0 AND 1"), false),
    ("double precision", Some("COL > 0.0 AND COL < 1.0"), false),
    ("varchar(3)", None, true),
    ("varchar(40)", Some("COL <> ''"), true),
    ("varchar(40)", Some("length(COL) >= 12"), true),
    ("varchar(40)", Some("length(COL) = 8"), true),
    ("varchar(20)", Some("COL IN ('draft', 'open', 'closed')"), true),
    ("varchar(60)", Some("COL LIKE '%@%'"), true),
    ("varchar(60)", Some("COL LIKE 'https://%'"), true),
    ("varchar(40)", Some("COL = lower(COL)"), true),
    ("varchar(40)", Some("COL = trim(COL) AND length(COL) > 0"), true),
    ("varchar(40)", Some("COL IS NULL OR length(COL) <= 5"), true),
    ("date", None, true),
    ("date", Some("COL >= '2020-01-01'"), true),
    ("date", Some("COL BETWEEN '1990-01-01' AND '1999-12-31'"), true),
    ("timestamp", Some("COL > '2015-06-01 00:00:00'"), true),
    ("time", None, true),
];

const POSTGRES: &[Choice] = &[
    ("text", Some("COL ~ '^[a-z][a-z0-9_]{2,30}$'"), true),
    ("text", Some("COL ~* '^[A-F0-9]{8}$'"), true),
    ("text", Some("COL !~ '\\s'"), true),
    ("text", Some("COL SIMILAR TO '[a-z]+-[0-9]+'"), true),
    ("text", Some("char_length(COL) BETWEEN 3 AND 6"), true),
    ("text", Some("COL = ANY (ARRAY['a', 'b', 'c'])"), true),
    ("text", Some("starts_with(COL, 'x-')"), true),
    ("text", Some("left(COL, 2) = 'ab'"), true),
    ("text", Some("split_part(COL, '/', 1) = 'a'"), false),
    ("text", Some("COL::uuid IS NOT NULL"), true),
    ("char(2)", Some("COL = upper(COL)"), true),
    ("uuid", None, true),
    ("bytea", Some("octet_length(COL) = 32"), true),
    ("bytea", Some("length(COL) > 4"), true),
    ("jsonb", Some("jsonb_typeof(COL) = 'object'"), false),
    (
        "jsonb",
        Some("jsonb_typeof(COL) = 'array' AND jsonb_array_length(COL) > 0"),
        false,
    ),
    ("jsonb", Some("COL ? 'kind'"), false),
    ("jsonb", Some("(COL ->> 'version')::integer = 2"), false),
    ("json", None, false),
    ("integer[]", Some("cardinality(COL) = 3"), false),
    ("text[]", Some("array_length(COL, 1) > 0"), false),
    ("text[]", Some("COL <@ ARRAY['red', 'green']"), false),
    ("mood", None, true),
    ("mood", Some("COL <> 'sad'"), false),
    ("mood[]", None, false),
    ("pair", None, false),
    ("positive", None, true),
    ("code", None, true),
    ("positive[]", None, false),
    ("short_text", None, true),
    ("inet", Some("family(COL) = 4"), true),
    ("cidr", None, true),
    ("macaddr", None, true),
    ("bit(4)", None, true),
    ("varbit(5)", None, true),
    ("money", None, true),
    ("interval", Some("COL > interval '0'"), true),
    ("int4range", None, true),
    ("tstzrange", Some("NOT isempty(COL)"), true),
    ("datemultirange", None, true),
    ("tsvector", None, false),
    ("xml", None, false),
    ("point", None, false),
    ("timestamptz", Some("COL < '2100-01-01'"), true),
    (
        "timestamptz",
        Some("date_trunc('day', COL AT TIME ZONE 'UTC') = COL AT TIME ZONE 'UTC'"),
        true,
    ),
    ("date", Some("extract(year FROM COL) >= 2020"), true),
    ("date", Some("extract(day FROM COL) = 1"), true),
    ("boolean", None, false),
    ("boolean", Some("COL"), false),
];

const MYSQL_FAMILY: &[Choice] = &[
    ("tinyint(1)", None, false),
    ("tinyint unsigned", Some("`COL` < 10"), true),
    ("int zerofill", None, true),
    ("bigint unsigned", None, true),
    ("year", Some("`COL` >= 2000"), true),
    ("bit(4)", None, true),
    ("bit(1)", None, false),
    ("set('a','b','c')", None, true),
    ("set('a','b','c')", Some("find_in_set('a', `COL`) > 0"), false),
    ("enum('new','old','gone')", None, true),
    ("enum('new','old','gone')", Some("`COL` <> 'new'"), false),
    ("json", None, false),
    ("json", Some("json_type(`COL`) = 'OBJECT'"), false),
    ("longtext", Some("json_valid(`COL`)"), false),
    ("varchar(30)", Some("`COL` REGEXP '^[a-z]+[0-9]+$'"), true),
    ("varchar(30)", Some("char_length(`COL`) > 4"), true),
    ("char(3)", None, true),
    ("char(36)", None, true),
    ("binary(16)", None, true),
    ("varbinary(8)", Some("length(`COL`) = 8"), true),
    ("blob", None, false),
    ("point", None, false),
    ("polygon", None, false),
    ("datetime(6)", None, true),
    ("float", Some("`COL` > 0"), false),
];

const SQLITE: &[Choice] = &[
    ("TEXT", Some("COL GLOB '[a-z]*'"), true),
    ("TEXT", Some("COL GLOB '[A-Z][A-Z][0-9][0-9]'"), true),
    ("TEXT", Some("COL NOT GLOB '*[^0-9]*' AND length(COL) = 4"), true),
    ("TEXT", Some("json_valid(COL)"), false),
    ("TEXT", Some("json_type(COL) = 'array'"), false),
    ("TEXT", Some("typeof(COL) = 'text'"), true),
    ("INTEGER", Some("typeof(COL) = 'integer'"), true),
    ("INTEGER", Some("COL IN (0, 1)"), false),
    ("BLOB", Some("length(COL) = 16"), true),
    ("BOOLEAN", Some("COL IN (0, 1)"), false),
    ("REAL", Some("typeof(COL) = 'real'"), true),
    ("TEXT", Some("date(COL) IS NOT NULL"), true),
    ("TEXT", Some("COL = date(COL)"), true),
    ("TEXT", Some("instr(COL, '/') > 0"), true),
    ("TEXT", Some("substr(COL, 1, 1) = 'x'"), true),
    ("ANY", None, true),
    ("", None, true),
];

struct Source {
    engine: Engine,
    major: u32,
    random: Random,
    sql: String,
}

/// A schema of up to five tables.
pub(super) fn schema(engine: Engine, major: u32, seed: u64) -> Schema {
    let mut source = Source {
        engine,
        major,
        random: Random::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x0dbb),
        sql: String::new(),
    };
    if engine == Engine::Postgres {
        source.sql += "CREATE TYPE mood AS ENUM ('sad', 'ok', 'very happy');
            CREATE TYPE pair AS (a integer, b text);
            CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
            CREATE DOMAIN code AS varchar(12) CHECK (VALUE ~ '^[A-Z]{3}-[0-9]+$') CHECK (length(VALUE) < 10);
            CREATE DOMAIN short_text AS text NOT NULL DEFAULT 'short' CHECK (char_length(VALUE) <= 8);\n";
    }
    for number in 0..=1 + source.random.below(4) {
        source.table(number);
    }
    Schema {
        name: format!("made up {seed} on {engine} {major}"),
        sql: source.sql,
        superuser: false,
        lenient: false,
    }
}

impl Source {
    fn write(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    fn percent(&mut self, percent: usize) -> bool {
        self.random.below(100) < percent
    }

    fn choice(&mut self) -> Choice {
        let own = match self.engine {
            Engine::Postgres => POSTGRES,
            Engine::MySql | Engine::MariaDb => MYSQL_FAMILY,
            Engine::Sqlite => SQLITE,
        };
        if self.percent(60) {
            *self.random.of(own)
        } else {
            *self.random.of(COMMON)
        }
    }

    fn table(&mut self, number: usize) {
        let name = format!("t{number}");
        let mut parts = vec![self.key()];
        let partitioned = self.engine != Engine::Sqlite && self.percent(15);
        let (mut texts, mut numbers) = (Vec::new(), Vec::new());
        for place in 0..=self.random.below(7) {
            let (column, line) = self.column(place, partitioned);
            // Shapes can't stand in partitioned tables.
            if partitioned && matches!(line.1, Some("point" | "polygon")) {
                continue;
            }
            parts.push(line.0);
            match line.1 {
                Some("integer") => numbers.push(column),
                Some("varchar(40)") => texts.push(column),
                _ => {}
            }
        }
        parts.extend(self.conditions(&numbers, &texts));
        if !partitioned {
            parts.extend(self.references(number));
        }
        // Constraints of the table stand after its columns.
        parts.sort_by_key(|part| ["CHECK", "FOREIGN KEY"].iter().any(|word| part.starts_with(word)));
        let (kind, after) = if partitioned {
            self.partitions(&name)
        } else {
            (String::new(), String::new())
        };
        self.write(&format!(
            "CREATE TABLE {name} (\n    {}\n){kind};\n{after}",
            parts.join(",\n    ")
        ));
        if !partitioned {
            self.indexes(&name, &numbers, &texts);
        }
        if number > 0 && self.percent(20) {
            self.trigger(&name, number);
        }
    }

    fn key(&mut self) -> String {
        let keys: &[&str] = match self.engine {
            Engine::Postgres => &[
                "id integer PRIMARY KEY",
                "id serial PRIMARY KEY",
                "id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                "id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
            ],
            Engine::MySql | Engine::MariaDb => &["id integer PRIMARY KEY", "id integer AUTO_INCREMENT PRIMARY KEY"],
            Engine::Sqlite => &[
                "id INTEGER PRIMARY KEY",
                "id INTEGER PRIMARY KEY AUTOINCREMENT",
                "id INT NOT NULL PRIMARY KEY",
            ],
        };
        (*self.random.of(keys)).to_owned()
    }

    /// The name, the line of the definition, and the type where conditions over several columns may use it.
    fn column(&mut self, place: usize, partitioned: bool) -> (String, (String, Option<&'static str>)) {
        let (type_name, check, distinct) = self.choice();
        let name = format!("c{place}");
        let mut line = format!("{name} {type_name}");
        let refuses_null = matches!(type_name, "short_text") || self.percent(60);
        if refuses_null {
            line += " NOT NULL";
        }
        let is_key_type = !matches!(type_name, "blob" | "longtext" | "json" | "ANY" | "bit(1)") && !partitioned;
        let is_unique = distinct && is_key_type && self.percent(25);
        if is_unique {
            line += " UNIQUE";
        }
        if let Some(check) = check {
            line = format!("{line} CHECK ({})", check.replace("COL", &name));
        }
        let is_free = check.is_none() && !is_unique;
        (name, (line, Some(type_name).filter(|_| is_free)))
    }

    fn conditions(&mut self, numbers: &[String], texts: &[String]) -> Vec<String> {
        let mut parts = Vec::new();
        if let [a, b, ..] = numbers
            && self.percent(70)
        {
            let condition = self.random.of(&[
                "{a} < {b}",
                "{a} <> {b}",
                "{a} IS NULL OR {b} IS NOT NULL",
                "{a} + {b} > 10",
                "{a} <= {b} AND {b} < 1000",
            ]);
            parts.push(format!("CHECK ({})", condition.replace("{a}", a).replace("{b}", b)));
        }
        if self.percent(30) {
            parts.push("x1 integer".to_owned());
            parts.push("x2 integer".to_owned());
            parts.push("CHECK ((x1 IS NULL) <> (x2 IS NULL))".to_owned());
        }
        if self.percent(30) {
            parts.push("state varchar(10) NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done'))".to_owned());
            parts.push("done_at date".to_owned());
            parts.push("CHECK (state <> 'done' OR done_at IS NOT NULL)".to_owned());
        }
        if let Some(text) = texts.first()
            && self.percent(40)
        {
            let stored = if self.engine == Engine::Sqlite && self.percent(50) {
                "VIRTUAL"
            } else {
                "STORED"
            };
            parts.push(format!("g1 varchar(40) GENERATED ALWAYS AS (lower({text})) {stored}"));
            if self.percent(50) {
                parts.push("CHECK (g1 IS NULL OR length(g1) < 30)".to_owned());
            }
        }
        if let Some(number) = numbers.first()
            && self.percent(40)
        {
            parts.push(format!("g2 integer GENERATED ALWAYS AS ({number} % 100) STORED"));
            parts.push("CHECK (g2 IS NULL OR g2 < 50)".to_owned());
        }
        parts
    }

    fn references(&mut self, number: usize) -> Vec<String> {
        let mut parts = Vec::new();
        for place in 0..self.random.below(3) {
            let parent = self.random.below(number + 1);
            let unpartitioned = !self.sql.contains(&format!("PARTITION OF t{parent} "))
                && !self.sql.contains(&format!("/* t{parent} is in partitions */"));
            if !unpartitioned {
                continue;
            }
            let not_null = if self.percent(60) { " NOT NULL" } else { "" };
            let unique = if self.percent(25) { " UNIQUE" } else { "" };
            parts.push(format!("r{place} integer{not_null}{unique}"));
            let action = *self
                .random
                .of(&["", " ON DELETE CASCADE", " ON DELETE SET NULL", " ON UPDATE CASCADE"]);
            let action = if not_null.is_empty() { action } else { "" };
            parts.push(format!("FOREIGN KEY (r{place}) REFERENCES t{parent} (id){action}"));
        }
        parts
    }

    fn partitions(&mut self, name: &str) -> (String, String) {
        let way = self.random.below(3);
        if self.engine != Engine::Postgres {
            let kind = match way {
                0 => " PARTITION BY HASH (id) PARTITIONS 3".to_owned(),
                1 => " PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (100), PARTITION p1 VALUES LESS THAN \
                      (100000), PARTITION p2 VALUES LESS THAN MAXVALUE)"
                    .to_owned(),
                _ => " PARTITION BY LIST (id) (PARTITION p0 VALUES IN (1, 2, 3), PARTITION p1 VALUES IN (7, 8, 9))"
                    .to_owned(),
            };
            return (format!("{kind} /* {name} is in partitions */"), String::new());
        }
        let part = |number: u32, bound: &str| format!("CREATE TABLE {name}_{number} PARTITION OF {name} {bound};\n");
        match way {
            0 => (
                " PARTITION BY HASH (id)".to_owned(),
                part(0, "FOR VALUES WITH (MODULUS 2, REMAINDER 0)")
                    + &part(1, "FOR VALUES WITH (MODULUS 2, REMAINDER 1)"),
            ),
            1 => (
                " PARTITION BY RANGE (id)".to_owned(),
                part(0, "FOR VALUES FROM (MINVALUE) TO (10)")
                    + &part(1, "FOR VALUES FROM (10) TO (2000)")
                    + &part(2, "DEFAULT"),
            ),
            _ => (
                " PARTITION BY LIST (id)".to_owned(),
                part(0, "FOR VALUES IN (1, 2, 3, 4)") + &part(1, "DEFAULT"),
            ),
        }
    }

    fn indexes(&mut self, name: &str, numbers: &[String], texts: &[String]) {
        if let [a, b, ..] = numbers
            && self.percent(40)
        {
            self.write(&format!("CREATE UNIQUE INDEX {name}_two ON {name} ({a}, {b});\n"));
        }
        if let Some(text) = texts.first()
            && self.percent(40)
            && !matches!(self.engine, Engine::MySql | Engine::MariaDb)
        {
            self.write(&format!("CREATE UNIQUE INDEX {name}_low ON {name} (lower({text}));\n"));
        }
        if let Some(number) = numbers.last()
            && self.percent(30)
            && !matches!(self.engine, Engine::MySql | Engine::MariaDb)
        {
            self.write(&format!(
                "CREATE UNIQUE INDEX {name}_some ON {name} ({number}) WHERE {number} > 0;\n"
            ));
        }
        if self.engine == Engine::Postgres
            && self.major >= 15
            && self.percent(20)
            && let Some(number) = numbers.first()
        {
            self.write(&format!(
                "CREATE UNIQUE INDEX {name}_nulls ON {name} ({number}) NULLS NOT DISTINCT;\n"
            ));
        }
        if self.engine == Engine::Postgres && self.percent(15) {
            self.write(&format!(
                "ALTER TABLE {name} ADD COLUMN during tstzrange NOT NULL, ADD EXCLUDE USING gist (during WITH &&);\n"
            ));
        }
        if self.engine == Engine::MySql
            && let Some(text) = texts.first()
            && self.percent(40)
        {
            self.write(&format!(
                "CREATE UNIQUE INDEX {name}_low ON {name} ((lower({text})));\n"
            ));
        }
    }

    /// A trigger that writes down every new row elsewhere.
    fn trigger(&mut self, name: &str, number: usize) {
        let trigger = match self.engine {
            Engine::Postgres => format!(
                "CREATE TABLE log{number} (of_row integer NOT NULL, at timestamptz NOT NULL DEFAULT now());
                 CREATE FUNCTION note{number}() RETURNS trigger LANGUAGE plpgsql AS $$
                 BEGIN INSERT INTO log{number} (of_row) VALUES (NEW.id); RETURN NEW; END $$;
                 CREATE TRIGGER note AFTER INSERT ON {name} FOR EACH ROW EXECUTE FUNCTION note{number}();\n"
            ),
            Engine::MySql | Engine::MariaDb => format!(
                "CREATE TABLE log{number} (of_row integer NOT NULL, at timestamp NOT NULL DEFAULT now());
                 CREATE TRIGGER note{number} AFTER INSERT ON {name} FOR EACH ROW INSERT INTO log{number} (of_row) VALUES (NEW.id);\n"
            ),
            Engine::Sqlite => format!(
                "CREATE TABLE log{number} (of_row INTEGER NOT NULL, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
                 CREATE TRIGGER note{number} AFTER INSERT ON {name} BEGIN INSERT INTO log{number} (of_row) VALUES (NEW.id); END;\n"
            ),
        };
        self.write(&trigger);
    }
}
