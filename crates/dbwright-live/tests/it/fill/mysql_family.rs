//! Filling and emptying tables of MySQL and MariaDB databases.

use dbwright_catalog::{Engine, ObjectId, Unfilled};
use dbwright_ddl::Rows;
use dbwright_live::fill::mysql_family::{fill, remove};

use mysql_async::prelude::Queryable;

use crate::family::{Database, each, run};

async fn filled(database: &mut Database, ledger: &mut Rows) -> Vec<Unfilled> {
    let catalog = database.read().await;
    let mut conn = database.filler().await;
    fill(&mut conn, &catalog, ledger, None).await.unwrap()
}

/// Every table of the schema is given three rows, and they can be taken out again.
async fn check_filled_on(database: &mut Database, schema: &str) {
    let server = database.server().clone();
    database.run(schema).await;
    let catalog = database.read().await;
    let mut ledger = Rows::default();
    assert_eq!(filled(database, &mut ledger).await, [], "on {server}");
    for (id, _) in catalog.tables() {
        assert!(database.count(id.name()).await >= 3, "{id} on {server}");
    }
    // What is known already is recognised.
    let before = ledger.clone();
    assert_eq!(filled(database, &mut ledger).await, [], "again on {server}");
    assert_eq!(ledger, before, "on {server}");
    let mut conn = database.filler().await;
    remove(&mut conn, &catalog, &mut ledger, None).await.unwrap();
    assert!(ledger.is_empty(), "{ledger:?} on {server}");
    for (id, _) in catalog.tables() {
        assert_eq!(database.count(id.name()).await, 0, "{id} on {server}");
    }
    assert_eq!(
        database.read().await,
        catalog,
        "filling and emptying left a trace on {server}"
    );
}

async fn check_filled(schema: &str) {
    each(async |database: &mut Database| check_filled_on(database, schema).await).await;
}

/// Tables of this schema come back with these reasons.
async fn check_reasons(schema: &str, expected: &[(&str, u32, &str)]) {
    each(async |database: &mut Database| {
        database.run(schema).await;
        let unfilled = filled(database, &mut Rows::default()).await;
        assert_eq!(unfilled.len(), expected.len(), "{unfilled:?} on {}", database.server());
        for (unfilled, (table, rows, reason)) in unfilled.iter().zip(expected) {
            assert_eq!(
                (unfilled.table.name(), unfilled.rows),
                (*table, *rows),
                "{}",
                unfilled.reason
            );
            assert!(unfilled.reason.contains(reason), "{}", unfilled.reason);
        }
    })
    .await;
}

#[tokio::test]
async fn every_built_in_type_has_values() {
    let common = "tinyint,tinyint(1),tinyint unsigned,smallint,smallint unsigned,mediumint,mediumint unsigned,int,\
        int unsigned,bigint,bigint unsigned,boolean,decimal(10;2),decimal(2;2),decimal(1;0),decimal(65;30),float,\
        float(7;4),double,double(5;2),bit,bit(12),bit(64),char,char(3),varchar(1),varchar(200),tinytext,text,mediumtext,\
        longtext,char(36) CHARACTER SET ascii,varchar(9) CHARACTER SET latin1,binary,binary(16),varbinary(3),\
        varbinary(200),tinyblob,blob,mediumblob,longblob,date,time,time(3),datetime,datetime(6),timestamp(2) DEFAULT \
        CURRENT_TIMESTAMP(2),year,enum('a';'b''c'),set('x';'y'),json,geometry,point,linestring,polygon,multipoint,\
        multilinestring,multipolygon,geometrycollection";
    each(async |database: &mut Database| {
        let more = match (database.server().engine, database.server().version.major) {
            (Engine::MySql, _) => ",vector(3),point SRID 4326",
            (_, 10) => ",uuid,inet4,inet6",
            _ => ",uuid,inet4,inet6,vector(3)",
        };
        let types = format!("{common}{more}").replace(';', "\u{1}");
        let columns: Vec<_> = types
            .split(',')
            .enumerate()
            .map(|(number, name)| match name.split_once(" DEFAULT ") {
                Some((name, default)) => format!("c{number} {name} NOT NULL DEFAULT {default}"),
                None => match name.split_once(" SRID ") {
                    Some((name, srid)) => format!("c{number} {name} NOT NULL SRID {srid}"),
                    None => format!("c{number} {name} NOT NULL"),
                },
            })
            .collect();
        let schema = format!("CREATE TABLE t ({})", columns.join(", ").replace('\u{1}', ","));
        check_filled_on(database, &schema).await;
    })
    .await;
}

#[tokio::test]
async fn keys_of_every_type_are_distinct() {
    let types = "tinyint,tinyint(1),tinyint unsigned,smallint unsigned,mediumint,bigint,decimal(4;2),double,bit(4),char(2),\
        varchar(1),binary(16),varbinary(3),date,time,datetime(3),year,enum('a';'b';'c')";
    let tables: Vec<_> = types
        .split(',')
        .enumerate()
        .map(|(number, name)| format!("CREATE TABLE t{number} (k {} PRIMARY KEY)", name.replace(';', ",")))
        .collect();
    check_filled(&tables.join("; ")).await;
}

#[tokio::test]
async fn keys_are_distinct_and_references_hit() {
    check_filled(
        "CREATE TABLE author (id bigint unsigned PRIMARY KEY AUTO_INCREMENT, email varchar(50) NOT NULL UNIQUE,
             boss bigint unsigned, FOREIGN KEY (boss) REFERENCES author (id), short text NOT NULL, UNIQUE KEY (short(6)));
         CREATE TABLE book (id int PRIMARY KEY AUTO_INCREMENT, author bigint unsigned NOT NULL, isbn char(13) NOT NULL,
             title varchar(20) NOT NULL DEFAULT 'x', slug varchar(20) GENERATED ALWAYS AS (lower(title)) STORED,
             UNIQUE (author, isbn), FOREIGN KEY (author) REFERENCES author (id) ON DELETE CASCADE);
         CREATE TABLE profile (author bigint unsigned PRIMARY KEY, FOREIGN KEY (author) REFERENCES author (id));
         CREATE TABLE edition (book int NOT NULL, number smallint NOT NULL, PRIMARY KEY (book, number),
             FOREIGN KEY (book) REFERENCES book (id));
         CREATE TABLE copy (book int NOT NULL, number smallint NOT NULL, id binary(16) PRIMARY KEY,
             FOREIGN KEY (book, number) REFERENCES edition (book, number));
         CREATE TABLE node (id int PRIMARY KEY, root int NOT NULL, FOREIGN KEY (root) REFERENCES node (id));
         CREATE TABLE hidden (id int PRIMARY KEY AUTO_INCREMENT INVISIBLE, a varchar(5), b int NOT NULL INVISIBLE DEFAULT 3);
         CREATE TABLE `select` (`a b` int NOT NULL, `c``d` varchar(5) UNIQUE);",
    )
    .await;
}

#[tokio::test]
async fn cycles_are_filled() {
    check_filled(
        "CREATE TABLE a (id int PRIMARY KEY, b int);
         CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL, FOREIGN KEY (a) REFERENCES a (id));
         ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b (id);
         CREATE TABLE c (id int PRIMARY KEY AUTO_INCREMENT, d int NOT NULL);
         CREATE TABLE d (id int PRIMARY KEY AUTO_INCREMENT, c int NOT NULL, FOREIGN KEY (c) REFERENCES c (id));
         ALTER TABLE c ADD FOREIGN KEY (d) REFERENCES d (id);",
    )
    .await;
}

#[tokio::test]
async fn checks_are_satisfied() {
    check_filled(
        "CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT,
             price decimal(8,2) NOT NULL CHECK (price >= 0 AND price < 100),
             state varchar(10) NOT NULL CHECK (state IN ('new', 'it''s', 'a\\\\b')),
             code varchar(20) NOT NULL CHECK (code REGEXP '^[A-Z]{2}-[0-9]{3}$'),
             mail varchar(50) NOT NULL CHECK (mail LIKE '%_@%.org'),
             size int NOT NULL CHECK (size BETWEEN 5 AND 9),
             data longtext NOT NULL CHECK (json_valid(data)),
             word varchar(30) NOT NULL CHECK (char_length(word) = 7),
             a int, b int, CONSTRAINT one CHECK ((a IS NULL) <> (b IS NULL)),
             starts datetime NOT NULL, ends datetime NOT NULL, CHECK (ends > starts),
             flag tinyint(1) NOT NULL CHECK (flag = 1))",
    )
    .await;
}

#[tokio::test]
async fn rows_fit_the_partitions() {
    check_filled(
        "CREATE TABLE r (id int NOT NULL) PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (10), PARTITION b VALUES LESS THAN (20));
         CREATE TABLE y (d date NOT NULL) PARTITION BY RANGE (year(d)) (PARTITION a VALUES LESS THAN (1990));
         CREATE TABLE c (a int NOT NULL, b varchar(9) NOT NULL) PARTITION BY RANGE COLUMNS (a, b) (PARTITION a VALUES LESS THAN (5, 'x'));
         CREATE TABLE l (k varchar(5) NOT NULL) PARTITION BY LIST COLUMNS (k) (PARTITION a VALUES IN ('x', 'y'), PARTITION b VALUES IN ('z'));
         CREATE TABLE n (k int NOT NULL) PARTITION BY LIST (k) (PARTITION a VALUES IN (3, 5), PARTITION b VALUES IN (7));
         CREATE TABLE h (id int NOT NULL) PARTITION BY HASH (id) PARTITIONS 3;
         CREATE TABLE k (id int NOT NULL PRIMARY KEY) PARTITION BY KEY () PARTITIONS 3;",
    )
    .await;
}

#[tokio::test]
async fn other_storage_engines_are_filled() {
    check_filled(
        "CREATE TABLE m (id int PRIMARY KEY AUTO_INCREMENT, name varchar(10) NOT NULL UNIQUE, CHECK (char_length(name) = 2)) ENGINE = MyISAM;
         CREATE TABLE h (id int PRIMARY KEY, name varchar(10)) ENGINE = MEMORY;",
    )
    .await;
}

#[tokio::test]
async fn rows_of_triggers_are_generated_rows() {
    check_filled(
        "CREATE TABLE noted (id int PRIMARY KEY AUTO_INCREMENT, name varchar(20));
         CREATE TABLE note (id int PRIMARY KEY AUTO_INCREMENT, what varchar(20) NOT NULL);
         CREATE TRIGGER noting AFTER INSERT ON noted FOR EACH ROW INSERT INTO note (what) VALUES ('x');
         CREATE TRIGGER unnoting AFTER DELETE ON noted FOR EACH ROW INSERT INTO note (what) VALUES ('y');
         CREATE TRIGGER naming BEFORE INSERT ON noted FOR EACH ROW SET NEW.name = upper(NEW.name);",
    )
    .await;
}

#[tokio::test]
async fn rows_that_triggers_write_by_way_of_routines_and_views_are_generated_rows() {
    check_filled(
        "CREATE TABLE noted (id int PRIMARY KEY AUTO_INCREMENT, name varchar(20));
         CREATE TABLE `far away` (id int PRIMARY KEY AUTO_INCREMENT, what varchar(20) NOT NULL);
         CREATE TABLE farther (id int PRIMARY KEY AUTO_INCREMENT, what varchar(20) NOT NULL);
         CREATE VIEW jottings AS SELECT id, what FROM `far away`;
         CREATE PROCEDURE jot(IN word varchar(20)) INSERT INTO jottings (what) VALUES (word);
         CREATE TRIGGER noting AFTER INSERT ON noted FOR EACH ROW CALL Jot('x');
         CREATE TRIGGER unnoting AFTER DELETE ON noted FOR EACH ROW CALL jot('y');
         CREATE TRIGGER further AFTER INSERT ON `far away` FOR EACH ROW INSERT INTO farther (what) VALUES (NEW.what);",
    )
    .await;
}

#[tokio::test]
async fn what_can_not_be_filled_is_named_with_the_reason() {
    check_reasons(
        "CREATE TABLE refused (id int PRIMARY KEY);
         CREATE TRIGGER refuse BEFORE INSERT ON refused FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not today';
         CREATE TABLE single (id int PRIMARY KEY CHECK (id = 1), name varchar(5));",
        &[("refused", 0, "not today"), ("single", 1, "")],
    )
    .await;
}

#[tokio::test]
async fn rows_that_are_there_are_used_and_stay() {
    each(async |database: &mut Database| {
        database
            .run(
                "CREATE TABLE role (name varchar(5) PRIMARY KEY); INSERT INTO role VALUES ('a'), ('b'), ('c'), ('d');
                 CREATE TABLE person (id int PRIMARY KEY, role varchar(5) NOT NULL, FOREIGN KEY (role) REFERENCES role (name));
                 CREATE TABLE few (id int PRIMARY KEY AUTO_INCREMENT); INSERT INTO few VALUES (7);",
            )
            .await;
        let mut ledger = Rows::default();
        assert_eq!(filled(database, &mut ledger).await, []);
        assert_eq!((database.count("role").await, database.count("person").await), (4, 3));
        assert_eq!(ledger.placed(&ObjectId::table("main", "few")).len(), 2);
        let catalog = database.read().await;
        let mut conn = database.filler().await;
        remove(&mut conn, &catalog, &mut ledger, None).await.unwrap();
        assert_eq!((database.count("role").await, database.count("person").await), (4, 0));
        // The counter goes on where it was.
        database.run("INSERT INTO few VALUES ()").await;
        assert_eq!(database.number("SELECT max(id) FROM few").await, 8);
    })
    .await;
}

#[tokio::test]
async fn the_session_is_left_as_it_was() {
    each(async |database: &mut Database| {
        database.run("CREATE TABLE t (id int PRIMARY KEY)").await;
        let catalog = database.read().await;
        let mut conn = database.filler().await;
        let settings =
            "SELECT concat_ws('/', @@sql_mode, @@time_zone, @@autocommit, @@foreign_key_checks, @@lock_wait_timeout)";
        run(
            &mut conn,
            "SET SESSION sql_mode = 'ANSI_QUOTES', foreign_key_checks = 0",
        )
        .await;
        let before: Option<String> = conn.query_first(settings).await.unwrap();
        let mut ledger = Rows::default();
        fill(&mut conn, &catalog, &mut ledger, None).await.unwrap();
        remove(&mut conn, &catalog, &mut ledger, None).await.unwrap();
        let after: Option<String> = conn.query_first(settings).await.unwrap();
        assert_eq!(after, before);
    })
    .await;
}

#[tokio::test]
async fn rows_that_migrations_copied_from_ours_go_with_them() {
    each(async |database: &mut Database| {
        database
            .run(
                "CREATE TABLE p (id int PRIMARY KEY);
                 CREATE TABLE c (id int PRIMARY KEY, p int NOT NULL, FOREIGN KEY (p) REFERENCES p (id))",
            )
            .await;
        let mut ledger = Rows::default();
        assert_eq!(filled(database, &mut ledger).await, []);
        database.run("INSERT INTO c SELECT id + 100, p FROM c").await;
        let catalog = database.read().await;
        let mut conn = database.filler().await;
        remove(&mut conn, &catalog, &mut ledger, None).await.unwrap();
        assert!(ledger.is_empty(), "{ledger:?}");
        assert_eq!((database.count("p").await, database.count("c").await), (0, 0));
    })
    .await;
}

/// Types with a check that leaves at least three values, where there is one. `COL` stands for the column.
const COLUMNS: &[(&str, &str)] = &[
    ("int", ""),
    ("int unsigned", "COL > 0 AND COL < 100"),
    ("smallint", "COL IN (3, 5, 7, 9)"),
    ("int", "COL % 2 = 0 OR COL < 50"),
    ("tinyint", "COL BETWEEN -5 AND 5"),
    ("bigint", "abs(COL) >= 10"),
    ("varchar(40)", ""),
    ("varchar(5)", "COL IN ('a', 'b', 'it''s')"),
    ("varchar(40)", "char_length(COL) = 5"),
    ("char(8)", ""),
    ("text", "char_length(COL) BETWEEN 2 AND 4"),
    ("varchar(40)", "COL LIKE 'x_%@%.org'"),
    ("varchar(40)", "COL REGEXP '^[a-z]+-[0-9]+$'"),
    ("varchar(40)", "COL = lower(COL) AND COL <> ''"),
    ("varchar(40)", "COL NOT LIKE '%\\_%' XOR COL IS NULL"),
    ("longtext", "json_valid(COL)"),
    ("double", "COL >= 0.5"),
    ("decimal(4,2)", "COL < 1000"),
    ("varbinary(30)", "length(COL) > 3"),
    ("datetime", "COL > '2090-01-01'"),
    ("timestamp NULL", ""),
    ("date", "COL < '2000-01-01' OR COL > '2001-01-01'"),
    ("enum('x','y','z')", ""),
    ("year", "COL > 1990"),
    (
        "varchar(40)",
        "CASE WHEN COL IS NULL THEN 1 ELSE COL NOT IN ('dbwright-1', 'dbwright-2') END = 1",
    ),
];

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// A table that may refer to those before it.
fn any_table(dice: &mut Dice, number: usize) -> String {
    let mut parts = vec!["id int PRIMARY KEY AUTO_INCREMENT".to_owned()];
    for place in 0..dice.below(8) {
        let (type_name, check) = COLUMNS[dice.below(COLUMNS.len())];
        let name = format!("c{place}");
        let not_null = if dice.below(2) == 0 && !type_name.ends_with(" NULL") {
            " NOT NULL"
        } else {
            ""
        };
        parts.push(format!("{name} {type_name}{not_null}"));
        if !check.is_empty() {
            parts.push(format!(
                "CONSTRAINT k{number}_{place} CHECK ({})",
                check.replace("COL", &name)
            ));
        }
        let is_long = matches!(type_name, "text" | "longtext");
        // There are not enough valid JSON texts known to tell three rows apart.
        if dice.below(3) == 0 && !is_long {
            parts.push(format!("UNIQUE KEY u{place} ({name})"));
        }
    }
    for place in 0..dice.below(3) {
        let parent = dice.below(number + 1);
        let not_null = if place == 0 { " NOT NULL UNIQUE" } else { "" };
        parts.push(format!("r{place} int{not_null}"));
        parts.push(format!("FOREIGN KEY (r{place}) REFERENCES t{parent} (id)"));
    }
    if dice.below(2) == 0 {
        parts.extend(["x varchar(9)".to_owned(), "y varchar(9)".to_owned()]);
        parts.push(format!("CONSTRAINT k{number}_one CHECK ((x IS NULL) <> (y IS NULL))"));
    }
    format!("CREATE TABLE t{number} ({});", parts.join(", "))
}

#[tokio::test]
async fn schemas_of_all_shapes_are_filled() {
    let mut dice = Dice(1);
    let tables: Vec<_> = (0..60).map(|number| any_table(&mut dice, number)).collect();
    check_filled(&tables.concat()).await;
}
