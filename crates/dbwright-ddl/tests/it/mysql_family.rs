//! Rows on MySQL and MariaDB, as far as they can be judged without a server.

use dbwright_catalog::{
    Catalog, Column, ColumnExtra, Constraint, ConstraintKind, Engine, Generated, GeneratedKind, Index,
    MySqlFamilyColumn, MySqlFamilyTable, Object, ObjectBody, ObjectId, ObjectKind, Server, Table, TableExtra,
    TableKind, Version,
};
use dbwright_ddl::{Row, Rows, candidates, delete_sql, insert_sql, order};
use proptest::prelude::*;

/// A catalog with one table `t`.
struct Schema {
    catalog: Catalog,
    table: ObjectId,
}

impl Schema {
    fn new(engine: Engine) -> Schema {
        let mut schema = Schema {
            catalog: Catalog::empty(Server {
                engine,
                version: Version::new(9, 0, 0),
            }),
            table: ObjectId::table("main", "t"),
        };
        schema.set_partitions(None, &[]);
        schema
    }

    fn set_partitions(&mut self, key: Option<&str>, partitions: &[(&str, &str)]) {
        let body = Table {
            kind: if key.is_some() {
                TableKind::Partitioned
            } else {
                TableKind::Ordinary
            },
            partition_key: key.map(str::to_owned),
            partition: None,
            inherits: Vec::new(),
            extra: TableExtra::MySqlFamily(MySqlFamilyTable {
                storage_engine: "InnoDB".into(),
                row_format: "Dynamic".into(),
                charset: "utf8mb4".into(),
                collation: "utf8mb4_0900_ai_ci".into(),
                partitions: partitions
                    .iter()
                    .map(|(name, bound)| ((*name).into(), (*bound).into()))
                    .collect(),
            }),
        };
        self.add(self.table.clone(), ObjectBody::Table(body));
    }

    /// A column; `NOT NULL` where its type ends in `!`.
    fn column(mut self, name: &str, type_name: &str) -> Schema {
        let body = self.column_body(type_name);
        self.add(self.table.column(name), ObjectBody::Column(body));
        self
    }

    fn generated(mut self, name: &str, type_name: &str, expression: &str) -> Schema {
        let mut body = self.column_body(type_name);
        body.generated = Some(Generated {
            kind: GeneratedKind::Stored,
            expression: expression.to_owned(),
        });
        self.add(self.table.column(name), ObjectBody::Column(body));
        self
    }

    fn counter(mut self, name: &str, type_name: &str) -> Schema {
        let mut body = self.column_body(type_name);
        if let ColumnExtra::MySqlFamily(extra) = &mut body.extra {
            extra.auto_increment = true;
        }
        self.add(self.table.column(name), ObjectBody::Column(body));
        self.constraint(ConstraintKind::PrimaryKey(vec![name.to_owned()]))
    }

    fn column_body(&self, type_name: &str) -> Column {
        Column {
            position: u32::try_from(self.catalog.columns(&self.table).len()).unwrap() + 1,
            type_name: type_name.trim_end_matches('!').to_owned(),
            not_null: type_name.ends_with('!'),
            default: None,
            generated: None,
            identity: None,
            collation: None,
            extra: ColumnExtra::MySqlFamily(MySqlFamilyColumn {
                auto_increment: false,
                invisible: false,
                charset: None,
                on_update: None,
                srid: None,
            }),
        }
    }

    fn constraint(mut self, kind: ConstraintKind) -> Schema {
        let number = self.catalog.constraints(&self.table).count();
        let body = Constraint::new(kind);
        let id = self.table.child(ObjectKind::Constraint, format!("constraint_{number}"));
        self.add(id, ObjectBody::Constraint(body));
        self
    }

    fn check(self, condition: &str) -> Schema {
        self.constraint(ConstraintKind::Check(condition.to_owned()))
    }

    fn unique_index(mut self, keys: &[&str]) -> Schema {
        let body = Index {
            table: self.table.clone(),
            method: "btree".into(),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            included: Vec::new(),
            predicate: None,
            unique: true,
            nulls_not_distinct: false,
            of_constraint: false,
            valid: true,
            postgres: None,
        };
        self.add(self.table.child(ObjectKind::Index, "u"), ObjectBody::Index(body));
        self
    }

    fn add(&mut self, id: ObjectId, body: ObjectBody) {
        let definition = String::new();
        self.catalog.objects.insert(id.clone(), Object { id, definition, body });
    }

    fn row(&self, ledger: &Rows, index: usize, attempt: usize) -> Row {
        candidates(&self.catalog, ledger, &self.table, index, attempt).unwrap()
    }

    /// The values of a column in three rows.
    fn values(&self, column: &str) -> Vec<String> {
        let mut ledger = Rows::default();
        for index in 0..3 {
            ledger.place(self.row(&ledger, index, 0));
        }
        let rows = ledger.placed(&self.table).iter();
        rows.map(|row| row.get(column).unwrap_or("-").to_owned()).collect()
    }
}

const TYPES: &[&str] = &[
    "tinyint(1)!",
    "int(10) unsigned",
    "bigint!",
    "decimal(5,2)",
    "float",
    "char(3)!",
    "varchar(20)",
    "text",
    "binary(4)!",
    "blob",
    "date!",
    "timestamp(3)",
    "year(4)",
    "enum('a','b''c')!",
    "bit(3)",
    "json!",
    "point!",
    "vector(3)",
    "inet6",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_words_of_conditions_make_the_generator_fail(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "`a`", "a", "(", ")", "and", "or", "not", "in", "between", "like", "regexp", "_utf8mb4'x%'", "'it\\'s'", "'\\",
                "1", "-", "is", "null", "case", "when", "then", "else", "end", ",", "=", "<=>", "xor", "!", "0x41", "b'1'",
                "cast(", "as", "char", "charset", "regexp_like(", "json_valid(", "if(", "isnull(", "'$.a'", "json_extract(",
            ]),
            0..25,
        ),
        type_name in prop::sample::select(TYPES.to_vec()),
        is_mysql: bool,
    ) {
        let engine = if is_mysql { Engine::MySql } else { Engine::MariaDb };
        let schema = Schema::new(engine)
            .column("a", type_name)
            .generated("g", "datetime(6)!", &words.join(" "))
            .check(&words.join(" "))
            .unique_index(&[&words.join(" ")]);
        for attempt in 0..6 {
            schema.row(&Rows::default(), 1, attempt);
        }
    }

    #[test]
    fn integers_stay_within_their_type(index in 0..3usize, attempt in 0..24usize) {
        for (type_name, minimum, maximum) in [
            ("tinyint(4)", -128, 127), ("tinyint(3) unsigned", 0, 255), ("smallint", -32_768, 32_767),
            ("mediumint unsigned", 0, 16_777_215), ("int unsigned", 0, 4_294_967_295i64), ("year", 1_901, 2_155),
        ] {
            let schema = Schema::new(Engine::MySql).counter("id", &format!("{type_name}!"));
            let row = schema.row(&Rows::default(), index, attempt);
            let value = row.get("id").map_or(maximum, |sql| sql.parse::<i64>().unwrap());
            prop_assert!((minimum..=maximum).contains(&value), "{} {}", type_name, value);
        }
    }
}

#[test]
fn literals_are_those_of_the_engine() {
    for (engine, type_name, expected) in [
        (Engine::MySql, "bit(4)!", "b'0001'"),
        (Engine::MySql, "tinyint(1)!", "1"),
        (Engine::MySql, "binary(12)!", "X'78786462777269676874"),
        (Engine::MySql, "vector(2)!", "STRING_TO_VECTOR('[1,1]')"),
        (Engine::MariaDb, "vector(2)!", "VEC_FromText('[1,1]')"),
        (Engine::MySql, "point!", "ST_GeomFromText('POINT(1 1)', 0)"),
        (Engine::MariaDb, "inet6!", "'2001:db8::1'"),
        (Engine::MySql, "enum('it''s','b')!", "'it''s'"),
        (Engine::MySql, "timestamp(2)!", "'2001-01-01 00:00:00'"),
        (Engine::MySql, "char(12)!", "'dbwright-1xx'"),
        (Engine::MySql, "char(36)!", "'00000000-dbdb-4000-8000-000000000001'"),
        (Engine::MySql, "float!", "1001.5"),
    ] {
        let value = Schema::new(engine).column("a", type_name).values("a").remove(0);
        assert!(value.starts_with(expected), "{type_name}: {value}");
    }
}

#[test]
fn prefixes_of_unique_keys_are_distinct() {
    let values = Schema::new(Engine::MySql)
        .column("a", "varchar(50)!")
        .unique_index(&["a(4)"])
        .values("a");
    let prefixes: std::collections::BTreeSet<String> =
        values.iter().map(|value| value.chars().take(5).collect()).collect();
    assert_eq!(prefixes.len(), 3, "{values:?}");
}

#[test]
fn conditions_are_read_as_each_server_prints_them() {
    for (engine, condition) in [
        (Engine::MySql, "regexp_like(`a`,_utf8mb4'^[A-Z]{2}\\\\.[0-9]$')"),
        (Engine::MariaDb, "`a` regexp '^[A-Z]{2}\\\\.[0-9]$'"),
    ] {
        let values = Schema::new(engine)
            .column("a", "varchar(10)!")
            .check(condition)
            .values("a");
        for value in values {
            let letters: Vec<char> = value.trim_matches('\'').chars().collect();
            assert!(
                matches!(letters.as_slice(), ['A'..='Z', 'A'..='Z', '.', '0'..='9']),
                "{value}"
            );
        }
    }
}

#[test]
fn documents_have_what_generated_columns_read() {
    let schema = Schema::new(Engine::MySql)
        .column("value", "json!")
        .generated(
            "name",
            "varchar(5)!",
            "json_unquote(json_extract(`value`,_utf8mb4'$.a.name'))",
        )
        .generated(
            "on",
            "tinyint(1)!",
            "(json_unquote(json_extract(`value`,_utf8mb4'$.on')) = _utf8mb4'true')",
        )
        .generated(
            "at",
            "datetime(6)!",
            "str_to_date(json_unquote(json_extract(`value`,_utf8mb4'$.at')),_utf8mb4'%Y-%m-%dT%H:%i:%s.%fZ')",
        );
    assert_eq!(
        schema.values("value")[0],
        r#"'{"a": {"name": "dbwr1"}, "at": "2001-01-01T00:00:00.000000Z", "on": true}'"#
    );
}

#[test]
fn rows_of_partitioned_tables_fit_a_partition() {
    let mut schema = Schema::new(Engine::MySql).column("id", "int!");
    schema.set_partitions(
        Some("RANGE (`id`)"),
        &[("a", "VALUES LESS THAN (10)"), ("b", "VALUES LESS THAN (20)")],
    );
    assert_eq!(order(&schema.catalog), [schema.table.clone()]);
    for value in schema.values("id") {
        assert!(value.parse::<i64>().unwrap() < 20, "{value}");
    }
    schema.set_partitions(Some("LIST (`id`)"), &[("a", "VALUES IN (3,5)"), ("b", "VALUES IN (7)")]);
    for value in schema.values("id") {
        assert!(["3", "5", "7"].contains(&value.as_str()), "{value}");
    }
}

#[test]
fn rows_without_a_key_are_deleted_by_all_their_values() {
    let schema = Schema::new(Engine::MySql).column("a", "int").column("j", "json");
    let row = Row {
        table: schema.table.clone(),
        values: vec![("a".into(), "NULL".into()), ("j".into(), "'{}'".into())],
    };
    assert_eq!(
        delete_sql(Engine::MySql, &schema.catalog, &row),
        "DELETE FROM `t` WHERE `a` IS NULL AND HEX(`j`) = HEX('{}') LIMIT 1"
    );
    let empty = Row {
        table: schema.table.clone(),
        values: Vec::new(),
    };
    assert_eq!(insert_sql(Engine::MySql, &empty), "INSERT INTO `t` () VALUES ()");
}
