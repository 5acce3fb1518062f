//! Tables, actions, implicit commits and clauses of statements of MySQL and MariaDB.

use dbwright_catalog::{Algorithm, Engine, LockLevel};
use dbwright_sql::{
    Dialect, Form, IndexKind, MySqlFamilySummary, SqlMode, Summary, TableAction, TableName, summarise_mysql_family,
};

use crate::{MARIADB, MYSQL};

fn details(text: &str) -> MySqlFamilySummary {
    summarise_mysql_family(MYSQL, text)
}

fn table(name: &str) -> TableName {
    match name.split_once('.') {
        Some((schema, name)) => TableName {
            schema: Some(schema.to_owned()),
            name: name.to_owned(),
        },
        None => TableName {
            schema: None,
            name: name.to_owned(),
        },
    }
}

#[test]
fn each_statement_has_its_form_and_its_tables() {
    for (text, form, tables) in [
        ("ALTER TABLE t ADD a int", Form::AlterTable, &["t"][..]),
        ("ALTER IGNORE TABLE `d`.`t` ADD a int", Form::AlterTable, &["d.t"]),
        ("/*!40000 ALTER TABLE `t` DISABLE KEYS */", Form::AlterTable, &["t"]),
        ("CREATE TABLE IF NOT EXISTS d . t (a int)", Form::CreateTable, &["d.t"]),
        ("CREATE TABLE t LIKE u", Form::CreateTable, &["t"]),
        (
            "CREATE TABLE t (a int DEFAULT (select_me()))",
            Form::CreateTable,
            &["t"],
        ),
        ("CREATE TABLE t SELECT 1", Form::CreateTableAs, &["t"]),
        (
            "CREATE TABLE t (a int) ENGINE=InnoDB AS (SELECT 1)",
            Form::CreateTableAs,
            &["t"],
        ),
        ("CREATE TABLE t (SELECT 1)", Form::CreateTableAs, &["t"]),
        (
            "CREATE TABLE t AS WITH a AS (SELECT 1) SELECT * FROM a",
            Form::CreateTableAs,
            &["t"],
        ),
        ("CREATE TABLE t IGNORE AS TABLE u", Form::CreateTableAs, &["t"]),
        ("DROP TABLE IF EXISTS a, d.b CASCADE", Form::DropTable, &["a", "d.b"]),
        ("DROP TABLES a", Form::DropTable, &["a"]),
        ("RENAME TABLE a TO b, d.c TO d.e", Form::RenameTable, &["a", "d.c"]),
        ("TRUNCATE TABLE t", Form::TruncateTable, &["t"]),
        ("TRUNCATE d.t", Form::TruncateTable, &["d.t"]),
        (
            "CREATE UNIQUE INDEX i USING BTREE ON d.t (a)",
            Form::CreateIndex,
            &["d.t"],
        ),
        ("DROP INDEX i ON t", Form::DropIndex, &["t"]),
        ("OPTIMIZE LOCAL TABLE a, b", Form::OptimizeTable, &["a", "b"]),
        ("ANALYZE TABLE t UPDATE HISTOGRAM ON a, b", Form::AnalyzeTable, &["t"]),
        ("CHECK TABLE t QUICK", Form::CheckTable, &["t"]),
        ("REPAIR TABLE t", Form::RepairTable, &["t"]),
        (
            "CREATE OR REPLACE ALGORITHM = MERGE VIEW d.v AS SELECT 1",
            Form::CreateView,
            &["d.v"],
        ),
        ("DROP VIEW IF EXISTS v, w", Form::DropView, &["v", "w"]),
        (
            "CREATE DEFINER=`a`@`b` TRIGGER x AFTER INSERT ON t FOR EACH ROW SET @a = 1",
            Form::CreateTrigger,
            &["t"],
        ),
        ("CREATE FUNCTION f() RETURNS int RETURN 1", Form::CreateRoutine, &[]),
        (
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
            Form::CreateEvent,
            &[],
        ),
        (
            "INSERT LOW_PRIORITY IGNORE INTO d.t (a) VALUES (1)",
            Form::Insert,
            &["d.t"],
        ),
        ("REPLACE t SET a = 1", Form::Replace, &["t"]),
        (
            "UPDATE IGNORE t AS x SET a = 1 WHERE b IN (SELECT b FROM u)",
            Form::Update,
            &["t"],
        ),
        (
            "UPDATE t JOIN d.u USING (a), (SELECT 1 FROM v) AS w SET t.a = 1",
            Form::Update,
            &["t", "d.u"],
        ),
        (
            "UPDATE (t LEFT JOIN u ON t.a = u.a) SET t.a = 1",
            Form::Update,
            &["t", "u"],
        ),
        ("DELETE QUICK FROM t WHERE a = 1", Form::Delete, &["t"]),
        (
            "DELETE a FROM t AS a JOIN u ON a.x = u.x WHERE 1",
            Form::Delete,
            &["t", "u"],
        ),
        ("DELETE FROM t.*, u USING t JOIN u USING (a)", Form::Delete, &["t", "u"]),
        (
            "WITH c AS (SELECT 1) DELETE FROM t WHERE a IN (SELECT * FROM c)",
            Form::Delete,
            &["t"],
        ),
        (
            "LOAD DATA LOCAL INFILE 'x' IGNORE INTO TABLE t (a)",
            Form::LoadData,
            &["t"],
        ),
        ("SELECT * FROM t", Form::Select, &[]),
        (
            "LOCK TABLES a WRITE, d.b AS c READ LOCAL",
            Form::LockTables,
            &["a", "d.b"],
        ),
        ("UNLOCK TABLES", Form::UnlockTables, &[]),
        ("USE `d`", Form::Use("d".to_owned()), &[]),
        ("SET autocommit = 0", Form::SetAutocommit(false), &[]),
        ("SET @a = 1, SESSION autocommit = ON", Form::SetAutocommit(true), &[]),
        ("SET @@autocommit = 'off'", Form::SetAutocommit(false), &[]),
        ("SET @autocommit = 0", Form::Other, &[]),
    ] {
        let found = details(text);
        assert_eq!(found.form, form, "{text}");
        let expected: Vec<TableName> = tables.iter().map(|name| table(name)).collect();
        assert_eq!(found.tables, expected, "{text}");
    }
    let sequence = summarise_mysql_family(MARIADB, "CREATE OR REPLACE SEQUENCE s START WITH 1");
    assert_eq!((sequence.form, sequence.tables), (Form::Sequence, vec![table("s")]));
}

#[test]
fn temporary_tables_do_not_commit() {
    for text in [
        "CREATE TEMPORARY TABLE t (a int)",
        "CREATE TEMPORARY TABLE t SELECT 1",
        "DROP TEMPORARY TABLE t",
    ] {
        let found = details(text);
        assert!(found.temporary && !found.implicit_commit, "{text}");
    }
}

#[test]
fn names_in_double_quotes_are_names() {
    let ansi = MYSQL.with_sql_mode(SqlMode::parse(Engine::MySql, "ANSI_QUOTES"));
    let found = summarise_mysql_family(ansi, "ALTER TABLE \"a\\\".\"b\" DROP \"c\"");
    assert_eq!(found.tables, [table("a\\.b")]);
    assert_eq!(found.actions, [TableAction::DropColumn { name: "c".into() }]);
}

#[test]
fn every_item_of_an_alter_table_is_told() {
    let name = || "a".to_owned();
    let some = || Some(name());
    let to = || "b".to_owned();
    for (item, expected) in [
        ("ADD a int", TableAction::AddColumn { name: name() }),
        (
            "ADD COLUMN a varchar(10) DEFAULT 'x, y' AFTER z",
            TableAction::AddColumn { name: name() },
        ),
        ("DROP a", TableAction::DropColumn { name: name() }),
        ("DROP COLUMN `a`", TableAction::DropColumn { name: name() }),
        (
            "MODIFY a enum('x', 'y') FIRST",
            TableAction::ModifyColumn { name: name() },
        ),
        (
            "CHANGE COLUMN a b int",
            TableAction::ChangeColumn { from: name(), to: to() },
        ),
        (
            "RENAME COLUMN a TO b",
            TableAction::RenameColumn { from: name(), to: to() },
        ),
        ("ALTER a SET DEFAULT (1, 2)", TableAction::AlterColumn { name: name() }),
        ("ALTER COLUMN a DROP DEFAULT", TableAction::AlterColumn { name: name() }),
        (
            "ADD INDEX a (x)",
            TableAction::AddIndex {
                name: some(),
                kind: IndexKind::Plain,
            },
        ),
        (
            "ADD KEY (x)",
            TableAction::AddIndex {
                name: None,
                kind: IndexKind::Plain,
            },
        ),
        (
            "ADD INDEX USING BTREE (x)",
            TableAction::AddIndex {
                name: None,
                kind: IndexKind::Plain,
            },
        ),
        (
            "ADD UNIQUE (x)",
            TableAction::AddIndex {
                name: None,
                kind: IndexKind::Unique,
            },
        ),
        (
            "ADD UNIQUE KEY a (x)",
            TableAction::AddIndex {
                name: some(),
                kind: IndexKind::Unique,
            },
        ),
        (
            "ADD CONSTRAINT a UNIQUE (x)",
            TableAction::AddIndex {
                name: some(),
                kind: IndexKind::Unique,
            },
        ),
        (
            "ADD FULLTEXT a (x)",
            TableAction::AddIndex {
                name: some(),
                kind: IndexKind::FullText,
            },
        ),
        (
            "ADD SPATIAL INDEX a (x)",
            TableAction::AddIndex {
                name: some(),
                kind: IndexKind::Spatial,
            },
        ),
        ("DROP INDEX a", TableAction::DropIndex { name: name() }),
        ("DROP KEY a", TableAction::DropIndex { name: name() }),
        ("RENAME KEY a TO b", TableAction::RenameIndex { from: name(), to: to() }),
        ("ALTER INDEX a INVISIBLE", TableAction::AlterIndex { name: name() }),
        ("ADD PRIMARY KEY (x)", TableAction::AddPrimaryKey),
        ("ADD CONSTRAINT a PRIMARY KEY (x)", TableAction::AddPrimaryKey),
        ("DROP PRIMARY KEY", TableAction::DropPrimaryKey),
        (
            "ADD CONSTRAINT a FOREIGN KEY b (x) REFERENCES d.p (y) ON DELETE CASCADE",
            TableAction::AddForeignKey {
                name: some(),
                parent: Some(table("d.p")),
            },
        ),
        (
            "ADD FOREIGN KEY (x) REFERENCES p (y)",
            TableAction::AddForeignKey {
                name: None,
                parent: Some(table("p")),
            },
        ),
        ("DROP FOREIGN KEY a", TableAction::DropForeignKey { name: name() }),
        ("ADD CONSTRAINT a CHECK (x > 0)", TableAction::AddCheck { name: some() }),
        ("ADD CHECK (x > 0) NOT ENFORCED", TableAction::AddCheck { name: None }),
        ("DROP CHECK a", TableAction::DropConstraint { name: name() }),
        ("DROP CONSTRAINT a", TableAction::DropConstraint { name: name() }),
        (
            "ALTER CHECK a NOT ENFORCED",
            TableAction::AlterConstraint { name: name() },
        ),
        ("RENAME TO d.b", TableAction::RenameTo(table("d.b"))),
        ("RENAME b", TableAction::RenameTo(table("b"))),
        ("CONVERT TO CHARACTER SET utf8mb4", TableAction::ConvertCharacterSet),
        ("ENGINE = InnoDB", TableAction::Option("ENGINE".into())),
        (
            "DEFAULT CHARACTER SET = utf8mb4",
            TableAction::Option("DEFAULT CHARACTER SET".into()),
        ),
        ("COMMENT 'a, b'", TableAction::Option("COMMENT".into())),
        ("UNION = (x, y)", TableAction::Option("UNION".into())),
        ("FORCE", TableAction::Force),
        ("ORDER BY x, y", TableAction::OrderBy),
        ("ENABLE KEYS", TableAction::Keys),
        ("DISCARD TABLESPACE", TableAction::Tablespace),
        (
            "ADD PARTITION (PARTITION p VALUES LESS THAN (1), PARTITION q VALUES LESS THAN (2))",
            TableAction::Partition("ADD PARTITION"),
        ),
        ("DROP PARTITION p, q", TableAction::Partition("DROP PARTITION")),
        (
            "PARTITION BY HASH (x) PARTITIONS 4",
            TableAction::Partition("PARTITION BY"),
        ),
        ("REMOVE PARTITIONING", TableAction::Partition("REMOVE PARTITIONING")),
        (
            "EXCHANGE PARTITION p WITH TABLE u",
            TableAction::Partition("EXCHANGE PARTITION"),
        ),
        ("WITHOUT VALIDATION", TableAction::Other("WITHOUT".into())),
    ] {
        let found = details(&format!("ALTER TABLE t {item}"));
        let comma_list = matches!(item.split(' ').next(), Some("ORDER" | "DROP")) && item.contains(", ");
        let actions = if comma_list {
            &found.actions[..1]
        } else {
            &found.actions[..]
        };
        assert_eq!(actions, std::slice::from_ref(&expected), "{item}");
        let behind = details(&format!("ALTER TABLE t ADD z int, ALGORITHM=INPLACE, {item}"));
        assert_eq!(behind.actions.get(1), Some(&expected), "{item}");
    }
    let found = details("ALTER TABLE t ADD (a int, INDEX b (a), c numeric(1, 2)), DROP d ENGINE=InnoDB");
    assert_eq!(
        found.actions,
        [
            TableAction::AddColumn { name: "a".into() },
            TableAction::AddIndex {
                name: Some("b".into()),
                kind: IndexKind::Plain
            },
            TableAction::AddColumn { name: "c".into() },
            TableAction::DropColumn { name: "d".into() },
        ]
    );
    let options = details(
        "ALTER TABLE t ENGINE=InnoDB ROW_FORMAT=DYNAMIC, ADD a int, COMMENT='x' AUTO_INCREMENT 5 PARTITION BY KEY ()",
    );
    assert_eq!(
        options.actions,
        [
            TableAction::Option("ENGINE".into()),
            TableAction::Option("ROW_FORMAT".into()),
            TableAction::AddColumn { name: "a".into() },
            TableAction::Option("COMMENT".into()),
            TableAction::Option("AUTO_INCREMENT".into()),
            TableAction::Partition("PARTITION BY"),
        ]
    );
    let mariadb = summarise_mysql_family(
        MARIADB,
        "ALTER ONLINE TABLE IF EXISTS t WAIT 5 ADD COLUMN IF NOT EXISTS a int, DROP INDEX IF EXISTS b, ADD VECTOR INDEX c (v)",
    );
    assert_eq!(mariadb.tables, [table("t")]);
    assert_eq!(
        mariadb.actions,
        [
            TableAction::AddColumn { name: "a".into() },
            TableAction::DropIndex { name: "b".into() },
            TableAction::AddIndex {
                name: Some("c".into()),
                kind: IndexKind::Vector
            },
        ]
    );
}

#[test]
fn clauses_are_put_where_the_grammar_has_them() {
    for (text, expected) in [
        (
            "ALTER TABLE t ADD a int",
            "ALTER TABLE t ALGORITHM=COPY, LOCK=SHARED, ADD a int",
        ),
        (
            "ALTER TABLE `t`ADD a int",
            "ALTER TABLE `t` ALGORITHM=COPY, LOCK=SHARED,ADD a int",
        ),
        (
            "ALTER TABLE t ADD a int, ALGORITHM=INPLACE, LOCK=NONE",
            "ALTER TABLE t ALGORITHM=COPY, LOCK=SHARED, ADD a int",
        ),
        (
            "ALTER TABLE t ALGORITHM INSTANT,ADD a int",
            "ALTER TABLE t ALGORITHM=COPY, LOCK=SHARED, ADD a int",
        ),
        (
            "ALTER TABLE t ALGORITHM=INPLACE",
            "ALTER TABLE t ALGORITHM=COPY, LOCK=SHARED ",
        ),
        (
            "ALTER TABLE t ALGORITHM=COPY REMOVE PARTITIONING",
            "ALTER TABLE t ALGORITHM=COPY, LOCK=SHARED  REMOVE PARTITIONING",
        ),
        (
            "ALTER TABLE t PARTITION BY KEY ()",
            "ALTER TABLE t ALGORITHM=COPY, LOCK=SHARED PARTITION BY KEY ()",
        ),
        (
            "ALTER TABLE t ADD a int PARTITION BY KEY ()",
            "ALTER TABLE t ALGORITHM=COPY, LOCK=SHARED, ADD a int PARTITION BY KEY ()",
        ),
        (
            "ALTER TABLE t DROP PARTITION p",
            "ALTER TABLE t ALGORITHM=COPY, LOCK=SHARED, DROP PARTITION p",
        ),
        (
            "CREATE INDEX i ON t (a)",
            "CREATE INDEX i ON t (a) ALGORITHM=COPY LOCK=SHARED",
        ),
        (
            "CREATE INDEX i ON t (a) -- b",
            "CREATE INDEX i ON t (a) ALGORITHM=COPY LOCK=SHARED -- b",
        ),
        (
            "CREATE INDEX i ON t (a) LOCK=NONE COMMENT 'x'",
            "CREATE INDEX i ON t (a)  COMMENT 'x' ALGORITHM=COPY LOCK=SHARED",
        ),
        (
            "/*!50000 CREATE INDEX i ON t (a) */",
            "/*!50000 CREATE INDEX i ON t (a) ALGORITHM=COPY LOCK=SHARED */",
        ),
        (
            "DROP INDEX i ON t ALGORITHM=INPLACE",
            "DROP INDEX i ON t  ALGORITHM=COPY LOCK=SHARED",
        ),
    ] {
        let found = details(text);
        let rewritten = found.with_online_clause(text, Some(Algorithm::Copy), Some(LockLevel::Shared));
        assert_eq!(rewritten.as_deref(), Some(expected), "{text}");
    }
    let text = "ALTER TABLE t ADD a int, LOCK=NONE";
    let found = details(text);
    assert_eq!(
        found
            .with_online_clause(text, Some(Algorithm::Instant), None)
            .as_deref(),
        Some("ALTER TABLE t ALGORITHM=INSTANT, ADD a int")
    );
    assert_eq!(
        found.with_online_clause(text, None, None).as_deref(),
        Some("ALTER TABLE t ADD a int")
    );
    assert_eq!(
        details("DROP TABLE t").with_online_clause("DROP TABLE t", None, None),
        None
    );
}

#[test]
fn mariadb_has_no_place_for_clauses_in_some_statements() {
    let rewritten = |text: &str| {
        summarise_mysql_family(MARIADB, text).with_online_clause(text, Some(Algorithm::NoCopy), Some(LockLevel::None))
    };
    assert_eq!(
        rewritten("DROP INDEX IF EXISTS `i` ON d.t WAIT 5").as_deref(),
        Some("ALTER TABLE d.t WAIT 5 ALGORITHM=NOCOPY, LOCK=NONE, DROP INDEX IF EXISTS `i`")
    );
    assert_eq!(
        rewritten("ALTER TABLE t NOWAIT ADD a int").as_deref(),
        Some("ALTER TABLE t NOWAIT ALGORITHM=NOCOPY, LOCK=NONE, ADD a int")
    );
    assert_eq!(rewritten("ALTER TABLE t ADD PARTITION PARTITIONS 1"), None);
    assert_eq!(rewritten("ALTER TABLE t DISCARD TABLESPACE"), None);
}

#[test]
fn the_clauses_of_a_statement_are_told() {
    let text = "ALTER TABLE t ADD a int, ALGORITHM = INPLACE, LOCK none";
    let online = details(text).online.unwrap();
    let (algorithm, lock) = (online.algorithm.unwrap(), online.lock.unwrap());
    assert_eq!(algorithm.value, Some(Algorithm::InPlace));
    assert_eq!(&text[algorithm.span.range()], "ALGORITHM = INPLACE");
    assert_eq!(lock.value, Some(LockLevel::None));
    assert_eq!(&text[lock.span.range()], "LOCK none");
    let default = details("ALTER TABLE t ALGORITHM=DEFAULT")
        .online
        .unwrap()
        .algorithm
        .unwrap();
    assert_eq!(default.value, None);
    // Columns may be called so.
    let columns = details("ALTER TABLE t ADD algorithm int, DROP `lock`").online.unwrap();
    assert_eq!((columns.algorithm, columns.lock), (None, None));
}

#[test]
fn implicit_commits() {
    let commits = |dialect: Dialect, text: &str| summarise_mysql_family(dialect, text).implicit_commit;
    for text in [
        "ALTER TABLE t ADD a int",
        "CREATE INDEX i ON t (a)",
        "DROP VIEW v",
        "GRANT SELECT ON t TO u",
        "SET PASSWORD = 'x'",
        "BEGIN",
        "LOCK TABLES t READ",
        "SET autocommit = 1",
        "ANALYZE TABLE t",
        "FLUSH TABLES",
        "CREATE DATABASE d",
        "/*!50003 DROP TABLE t */",
    ] {
        assert!(commits(MYSQL, text) && commits(MARIADB, text), "{text}");
    }
    for text in [
        "SELECT 1",
        "INSERT INTO t VALUES (1)",
        "SET autocommit = 0",
        "SET GLOBAL a = 1",
        "COMMIT",
        "CALL p()",
        "CHECKSUM TABLE t",
        "USE d",
        "KILL 1",
        "RESET PERSIST",
        "nonsense",
    ] {
        assert!(!commits(MYSQL, text) && !commits(MARIADB, text), "{text}");
    }
    assert!(commits(MYSQL, "CACHE INDEX t IN a") && !commits(MARIADB, "CACHE INDEX t IN a"));
}

#[test]
fn statements_of_other_engines_have_a_summary_only() {
    let found = summarise_mysql_family(Dialect::server(Engine::Postgres), "ALTER TABLE t ADD a int");
    assert_eq!((found.summary, found.form), (Summary::Definition, Form::Other));
}
