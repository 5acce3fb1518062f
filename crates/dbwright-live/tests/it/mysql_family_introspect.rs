//! Reading the catalogs of MySQL and MariaDB databases.

use dbwright_catalog::{
    Catalog, Change, ConstraintKind, Dependency, Engine, GeneratedKind, ObjectBody, ObjectId, ObjectKind, TableExtra,
    TableKind,
};
use dbwright_live::introspect::mysql_family::{CatalogState, Touched, Update, read};

use crate::family::{Database, each};

fn table(name: &str) -> ObjectId {
    ObjectId::table("main", name)
}

fn definition<'a>(catalog: &'a Catalog, id: &ObjectId) -> &'a str {
    let object = catalog
        .get(id)
        .unwrap_or_else(|| panic!("{id} is not in {:?}", catalog.objects.keys()));
    &object.definition
}

fn body<'a>(catalog: &'a Catalog, id: &ObjectId) -> &'a ObjectBody {
    &catalog.get(id).unwrap_or_else(|| panic!("{id}")).body
}

/// The id of a part of a table: `t.c`.
fn part(kind: ObjectKind, path: &str) -> ObjectId {
    let (owner, name) = path.split_once('.').unwrap();
    table(owner).child(kind, name)
}

#[tokio::test]
async fn columns_have_their_types_defaults_and_attributes() {
    each(async |database: &mut Database| {
        database
            .run(
                "CREATE TABLE t (id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
                     name varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT 'it''s' COMMENT 'a\\nb',
                     kind enum('a','b''c') DEFAULT 'a', price decimal(10,2) DEFAULT 1.5, flags bit(3) DEFAULT b'101',
                     at timestamp(3) NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
                     twice int GENERATED ALWAYS AS (price * 2) STORED, later int INVISIBLE,
                     word varchar(20) DEFAULT (concat('a\\\\b','it''s')))",
            )
            .await;
        let catalog = database.read().await;
        let column = |name: &str| match body(&catalog, &table("t").column(name)) {
            ObjectBody::Column(column) => column.clone(),
            other => panic!("{other:?}"),
        };
        let is_mysql = database.server().engine == Engine::MySql;
        let names: Vec<_> = catalog.columns(&table("t")).iter().map(|(id, _)| id.name().to_owned()).collect();
        assert_eq!(names, ["id", "name", "kind", "price", "flags", "at", "twice", "later", "word"]);
        assert_eq!(column("id").type_name, if is_mysql { "bigint unsigned" } else { "bigint(20) unsigned" });
        assert!(column("id").not_null && column("id").default.is_none());
        assert_eq!(column("name").default.as_deref(), Some("'it''s'"));
        assert_eq!(column("name").collation.as_deref(), Some("utf8mb4_bin"));
        assert_eq!(column("kind").default.as_deref(), Some("'a'"));
        assert_eq!(column("price").default.as_deref(), Some("1.50"));
        assert_eq!(column("flags").default.as_deref(), Some("b'101'"));
        assert_eq!(column("later").default, None);
        let at = column("at").default.map(|text| text.to_lowercase());
        assert_eq!(at.as_deref(), Some("current_timestamp(3)"));
        let twice = column("twice").generated.unwrap();
        assert_eq!(twice.kind, GeneratedKind::Stored);
        assert_eq!(twice.expression, if is_mysql { "(`price` * 2)" } else { "`price` * 2" });
        let word = column("word").default.unwrap();
        let printed = if is_mysql {
            "concat(_utf8mb4'a\\\\b',_utf8mb4'it\\'s')"
        } else {
            "concat('a\\\\b','it\\'s')"
        };
        assert_eq!(word, printed);
        let create = definition(&catalog, &table("t"));
        assert!(create.contains(&word), "{create}");
        assert!(create.contains(definition(&catalog, &table("t").column("kind")).split(' ').next().unwrap()));
        assert!(definition(&catalog, &table("t").column("later")).contains(" INVISIBLE"));
        assert!(definition(&catalog, &table("t").column("name")).ends_with(" COMMENT 'a\nb'"));
        assert!(definition(&catalog, &table("t").column("id")).ends_with(" AUTO_INCREMENT"));
    })
    .await;
}

#[tokio::test]
async fn keys_and_constraints_say_what_they_demand() {
    each(async |database: &mut Database| {
        database
            .run(
                "CREATE TABLE p (a int, b varchar(50), c int, g geometry NOT NULL, PRIMARY KEY (a),
                     UNIQUE KEY whole (b, c), UNIQUE KEY prefix (b(5)), KEY downwards (a, c DESC), FULLTEXT KEY words (b),
                     SPATIAL KEY place (g));
                 CREATE TABLE c (p int, q int, r int, CONSTRAINT q FOREIGN KEY (q) REFERENCES p (a),
                     CONSTRAINT named FOREIGN KEY (p) REFERENCES p (a) ON DELETE CASCADE ON UPDATE SET NULL,
                     UNIQUE KEY q (q), CONSTRAINT positive CHECK (r > 0));",
            )
            .await;
        let catalog = database.read().await;
        let index = |path: &str| match body(&catalog, &part(ObjectKind::Index, path)) {
            ObjectBody::Index(index) => index.clone(),
            other => panic!("{other:?}"),
        };
        let constraint = |path: &str| match body(&catalog, &part(ObjectKind::Constraint, path)) {
            ObjectBody::Constraint(constraint) => constraint.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(constraint("p.PRIMARY").kind, ConstraintKind::PrimaryKey(vec!["a".into()]));
        assert_eq!(constraint("p.whole").kind, ConstraintKind::Unique(vec!["b".into(), "c".into()]));
        assert_eq!(constraint("p.whole").index, Some(part(ObjectKind::Index, "p.whole")));
        assert!(index("p.whole").of_constraint && index("p.whole").unique);
        assert!(!index("p.prefix").of_constraint && index("p.prefix").unique);
        assert_eq!(index("p.prefix").keys, ["b(5)"]);
        assert!(catalog.get(&part(ObjectKind::Constraint, "p.prefix")).is_none());
        assert_eq!(index("p.downwards").keys, ["a", "c DESC"]);
        assert_eq!((index("p.words").method.as_str(), index("p.place").method.as_str()), ("fulltext", "spatial"));
        assert_eq!(index("p.place").keys, ["g"]);
        let ConstraintKind::ForeignKey(key) = constraint("c.named").kind else {
            panic!("no foreign key");
        };
        assert_eq!((key.on_delete.as_str(), key.on_update.as_str()), ("CASCADE", "SET NULL"));
        assert_eq!((key.references, key.referenced_columns), (table("p"), vec!["a".to_owned()]));
        assert!(matches!(constraint("c.q").kind, ConstraintKind::Unique(_)));
        assert!(matches!(constraint("c.q (foreign key)").kind, ConstraintKind::ForeignKey(_)));
        let ConstraintKind::Check(condition) = constraint("c.positive").kind else {
            panic!("no check");
        };
        assert!(condition.contains("`r` > 0"), "{condition}");
        let create = definition(&catalog, &table("c"));
        for path in ["c.named", "c.q", "c.q (foreign key)"] {
            let line = definition(&catalog, &part(ObjectKind::Constraint, path));
            assert!(create.contains(line), "{line} is not in {create}");
        }
        let edge = Dependency {
            dependent: table("c"),
            on: table("p"),
        };
        assert!(catalog.dependencies.contains(&edge));
    })
    .await;
}

#[tokio::test]
async fn what_only_mysql_has_is_read() {
    each(async |database: &mut Database| {
        if database.server().engine != Engine::MySql {
            return;
        }
        database
            .run(
                "CREATE TABLE t (a varchar(20), b int, CHECK (b > 0) NOT ENFORCED, UNIQUE KEY lower_a ((lower(a))),
                     KEY hidden (b) INVISIBLE, CHECK (regexp_like(a, '^[a-z]+\\\\.$')));
                 CREATE VIEW v AS SELECT a FROM t;",
            )
            .await;
        let catalog = database.read().await;
        let ObjectBody::Constraint(check) = body(&catalog, &part(ObjectKind::Constraint, "t.t_chk_1")) else {
            panic!("no check");
        };
        assert!(!check.enforced && !check.validated);
        let ObjectBody::Constraint(check) = body(&catalog, &part(ObjectKind::Constraint, "t.t_chk_2")) else {
            panic!("no check");
        };
        let condition = ConstraintKind::Check("regexp_like(`a`,_utf8mb4'^[a-z]+\\\\.$')".into());
        assert_eq!(check.kind, condition);
        let ObjectBody::Index(index) = body(&catalog, &part(ObjectKind::Index, "t.lower_a")) else {
            panic!("no index");
        };
        assert_eq!(
            (index.keys.as_slice(), index.of_constraint),
            (&["(lower(`a`))".to_owned()][..], false)
        );
        assert!(definition(&catalog, &part(ObjectKind::Index, "t.hidden")).ends_with(" INVISIBLE"));
        let edge = Dependency {
            dependent: ObjectId::new(ObjectKind::View, ["main", "v"]),
            on: table("t"),
        };
        assert!(catalog.dependencies.contains(&edge));
    })
    .await;
}

#[tokio::test]
async fn what_only_mariadb_has_is_read() {
    each(async |database: &mut Database| {
        if database.server().engine != Engine::MariaDb {
            return;
        }
        database
            .run(
                "CREATE TABLE t (a int CHECK (a > 1), j json, KEY hidden (a) IGNORED);
                 CREATE SEQUENCE s START WITH 5 INCREMENT BY 2;
                 CREATE TABLE history (a int) WITH SYSTEM VERSIONING;",
            )
            .await;
        let catalog = database.read().await;
        assert_eq!(catalog.tables().count(), 2);
        for name in ["a", "j"] {
            let id = table("t").child(ObjectKind::Constraint, name);
            assert!(matches!(body(&catalog, &id), ObjectBody::Constraint(_)));
        }
        let ObjectBody::Sequence(sequence) = body(&catalog, &ObjectId::new(ObjectKind::Sequence, ["main", "s"])) else {
            panic!("no sequence");
        };
        assert_eq!((sequence.start, sequence.increment, sequence.cycle), (5, 2, false));
        assert!(definition(&catalog, &part(ObjectKind::Index, "t.hidden")).ends_with(" IGNORED"));
    })
    .await;
}

#[tokio::test]
async fn views_triggers_and_routines_are_read_without_the_name_of_the_database() {
    each(async |database: &mut Database| {
        database
            .run(
                "CREATE TABLE t (a int);
                 CREATE VIEW v AS SELECT a FROM t;
                 CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;
                 CREATE FUNCTION f(a int, b varchar(10)) RETURNS int DETERMINISTIC RETURN a + 1;
                 CREATE PROCEDURE f(OUT a int) SET a = 1;",
            )
            .await;
        let catalog = database.read().await;
        let view = definition(&catalog, &ObjectId::new(ObjectKind::View, ["main", "v"]));
        assert!(view.ends_with("VIEW `v` AS select `t`.`a` AS `a` from `t`"), "{view}");
        let trigger = definition(&catalog, &part(ObjectKind::Trigger, "t.g"));
        assert!(
            trigger.contains("BEFORE INSERT ON `t` FOR EACH ROW SET NEW.a = 1"),
            "{trigger}"
        );
        let int = if database.server().engine == Engine::MySql {
            "int"
        } else {
            "int(11)"
        };
        for (name, what) in [
            (format!("f({int}, varchar(10))"), "DETERMINISTIC"),
            (format!("f(OUT {int})"), "PROCEDURE"),
        ] {
            let text = definition(&catalog, &ObjectId::new(ObjectKind::Routine, ["main", &name]));
            assert!(text.contains(what), "{text}");
        }
    })
    .await;
}

#[tokio::test]
async fn partitions_belong_to_their_table() {
    each(async |database: &mut Database| {
        database
            .run(
                "CREATE TABLE t (id int NOT NULL, y int) PARTITION BY RANGE (id) SUBPARTITION BY HASH (y) SUBPARTITIONS 2
                     (PARTITION low VALUES LESS THAN (10), PARTITION high VALUES LESS THAN MAXVALUE);
                 CREATE TABLE l (c varchar(5)) PARTITION BY LIST COLUMNS (c) (PARTITION p VALUES IN ('a', 'b'));
                 CREATE TABLE h (id int) PARTITION BY HASH (id) PARTITIONS 3;",
            )
            .await;
        let catalog = database.read().await;
        let partitions = |name: &str| match body(&catalog, &table(name)) {
            ObjectBody::Table(table) => {
                assert_eq!(table.kind, TableKind::Partitioned);
                let TableExtra::MySqlFamily(extra) = &table.extra else {
                    panic!("another engine");
                };
                let list = extra.partitions.iter().map(|(name, bound)| format!("{name} {bound}"));
                (table.partition_key.clone().unwrap(), list.collect::<Vec<_>>())
            }
            other => panic!("{other:?}"),
        };
        let (key, list) = partitions("t");
        assert_eq!(key, "RANGE (`id`) SUBPARTITION BY HASH (`y`)");
        assert_eq!(list, ["low VALUES LESS THAN (10)", "high VALUES LESS THAN MAXVALUE"]);
        assert_eq!(partitions("l"), ("LIST COLUMNS (`c`)".into(), vec!["p VALUES IN ('a','b')".into()]));
        assert_eq!(partitions("h").1, ["p0 ", "p1 ", "p2 "]);
    })
    .await;
}

/// A statement, and the tables that it names; `*` where it could touch anything, `code` where it is none of tables.
const STATEMENTS: &[(&str, &str)] = &[
    (
        "CREATE TABLE a (id int PRIMARY KEY AUTO_INCREMENT, name varchar(10))",
        "a",
    ),
    (
        "CREATE TABLE b (id int PRIMARY KEY, a int, CONSTRAINT b_a FOREIGN KEY (a) REFERENCES a (id))",
        "b",
    ),
    (
        "ALTER TABLE a ADD COLUMN x int CHECK (x > 0), ADD UNIQUE KEY u (name)",
        "a",
    ),
    ("INSERT INTO a (name) VALUES ('x'), ('y')", "a"),
    (
        "ALTER TABLE a MODIFY name varchar(200) NOT NULL DEFAULT 'q' COMMENT 'AUTO_INCREMENT=5'",
        "a",
    ),
    ("CREATE VIEW v AS SELECT * FROM a", "code"),
    ("CREATE VIEW w AS SELECT id FROM v", "code"),
    ("CREATE TRIGGER g BEFORE INSERT ON a FOR EACH ROW SET NEW.x = 1", "code"),
    ("CREATE TRIGGER h BEFORE INSERT ON a FOR EACH ROW SET NEW.x = 2", "code"),
    ("CREATE PROCEDURE p(IN n int) ALTER TABLE b ADD COLUMN late int", "code"),
    ("CALL p(1)", "*"),
    ("RENAME TABLE a TO aa", "a aa"),
    ("ALTER TABLE aa RENAME COLUMN name TO title", "aa"),
    ("ALTER TABLE aa RENAME INDEX u TO uu", "aa"),
    ("CREATE TABLE c LIKE aa", "c"),
    ("CREATE TABLE d AS SELECT * FROM aa", "d"),
    ("DROP VIEW w", "code"),
    ("CREATE OR REPLACE VIEW v AS SELECT id FROM b", "code"),
    ("DROP TRIGGER g", "code"),
    ("ALTER TABLE b DROP FOREIGN KEY b_a", "b"),
    (
        "CREATE TABLE r (id int) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10))",
        "r",
    ),
    ("ALTER TABLE r ADD PARTITION (PARTITION p1 VALUES LESS THAN (20))", "r"),
    ("ALTER TABLE r DROP PARTITION p0", "r"),
    ("ALTER TABLE r REMOVE PARTITIONING", "r"),
    ("ALTER TABLE aa ENGINE = InnoDB, ROW_FORMAT = COMPRESSED", "aa"),
    ("ALTER TABLE aa CONVERT TO CHARACTER SET latin1", "aa"),
    ("TRUNCATE TABLE d", "d"),
    ("RENAME TABLE c TO tmp, d TO c, tmp TO d", "c d"),
    (
        "CREATE TABLE self (id int PRIMARY KEY, up int REFERENCES self (id), FOREIGN KEY (up) REFERENCES self (id))",
        "self",
    ),
    ("RENAME TABLE self TO own", "self own"),
    ("DROP TABLE c, d", "c d"),
    ("ALTER TABLE aa COMMENT 'x', ADD FULLTEXT KEY f (title)", "aa"),
    ("DROP TABLE aa", "aa"),
];

fn touched(names: &str) -> Touched {
    match names {
        "*" => Touched::anything(),
        "code" => Touched::code(),
        names => Touched::tables(names.split(' ').map(table)),
    }
}

#[tokio::test]
async fn reading_what_was_touched_gives_the_same_catalog_as_reading_everything() {
    each(async |database: &mut Database| {
        let (mut conn, server) = (database.observer().await, database.server().clone());
        let mut state = CatalogState::read(&mut conn, &server).await.unwrap();
        let mut wary = CatalogState::read(&mut conn, &server).await.unwrap();
        for (sql, names) in STATEMENTS {
            let before = state.catalog().clone();
            database.run(sql).await;
            let update = state.refresh(&mut conn, &touched(names)).await.unwrap();
            wary.refresh(&mut conn, &Touched::anything()).await.unwrap();
            let fresh = read(&mut conn, &server).await.unwrap();
            assert_eq!(*state.catalog(), fresh, "after {sql}");
            assert_eq!(*wary.catalog(), fresh, "after {sql}");
            assert_eq!(apply(before, &update), fresh.objects, "changes of {sql}");
        }
    })
    .await;
}

/// The objects after these changes.
fn apply(before: Catalog, update: &Update) -> std::collections::BTreeMap<ObjectId, dbwright_catalog::Object> {
    let mut objects = before.objects;
    for change in &update.changes {
        match change {
            Change::Dropped(object) | Change::Altered { before: object, .. } => {
                assert!(objects.remove(&object.id).is_some());
            }
            Change::Created(_) => {}
        }
    }
    for change in &update.changes {
        match change {
            Change::Created(object) | Change::Altered { after: object, .. } => {
                assert!(objects.insert(object.id.clone(), object.clone()).is_none());
            }
            Change::Dropped(_) => {}
        }
    }
    objects
}

/// The ids of altered objects, before and after.
fn altered(update: &Update) -> Vec<(String, String)> {
    let pair = |change: &Change| match change {
        Change::Altered { before, after } => Some((before.id.to_string(), after.id.to_string())),
        _ => None,
    };
    update.changes.iter().filter_map(pair).collect()
}

#[tokio::test]
async fn renamed_tables_and_columns_are_followed_with_their_parts() {
    each(async |database: &mut Database| {
        let (mut conn, server) = (database.observer().await, database.server().clone());
        database
            .run(
                "CREATE TABLE a (id int PRIMARY KEY, name int, other int);
                 CREATE TABLE b (id int PRIMARY KEY, a int, FOREIGN KEY (a) REFERENCES a (id))",
            )
            .await;
        let mut state = CatalogState::read(&mut conn, &server).await.unwrap();
        database.run("RENAME TABLE a TO z, b TO a").await;
        let update = state.refresh(&mut conn, &Touched::anything()).await.unwrap();
        let pairs = altered(&update);
        for (before, after) in [("a", "z"), ("a.name", "z.name"), ("b", "a"), ("b.a", "a.a")] {
            assert!(pairs.contains(&(before.into(), after.into())), "{pairs:?}");
        }
        assert_eq!(pairs.len(), update.changes.len(), "{pairs:?}");
        assert_eq!(update.rebuilt, []);
        database
            .run("ALTER TABLE z RENAME COLUMN name TO title, RENAME COLUMN other TO name")
            .await;
        let touched = Touched {
            renamed: vec![
                (table("z").column("name"), table("z").column("title")),
                (table("z").column("other"), table("z").column("name")),
            ],
            ..Touched::tables([table("z")])
        };
        let update = state.refresh(&mut conn, &touched).await.unwrap();
        let pairs = altered(&update);
        for (before, after) in [("z.name", "z.title"), ("z.other", "z.name"), ("z", "z")] {
            assert!(pairs.contains(&(before.into(), after.into())), "{pairs:?}");
        }
        assert_eq!(pairs.len(), update.changes.len(), "{pairs:?}");
    })
    .await;
}

#[tokio::test]
async fn tables_whose_rows_moved_are_told_and_others_are_not() {
    each(async |database: &mut Database| {
        let (mut conn, server) = (database.observer().await, database.server().clone());
        database
            .run("CREATE TABLE a (id int PRIMARY KEY, b int); INSERT INTO a VALUES (1, 1)")
            .await;
        let mut state = CatalogState::read(&mut conn, &server).await.unwrap();
        for (sql, expected) in [
            ("ALTER TABLE a ADD COLUMN c int", 0),
            ("ALTER TABLE a ADD KEY k (c)", 0),
            ("ALTER TABLE a FORCE", 1),
            ("ALTER TABLE a MODIFY b bigint, RENAME TO z", 0),
            ("TRUNCATE TABLE z", 1),
        ] {
            database.run(sql).await;
            let update = state.refresh(&mut conn, &Touched::anything()).await.unwrap();
            assert_eq!(update.rebuilt.len(), expected, "{sql}: {:?}", update.rebuilt);
        }
        if server.engine == Engine::MySql {
            database.run("INSERT INTO z VALUES (1, 1, 1)").await;
            database.run("ALTER TABLE z ADD COLUMN d int").await;
            state.refresh(&mut conn, &Touched::tables([])).await.unwrap();
            assert_eq!(state.storage(&table("z")).unwrap().row_versions, Some(1));
        }
    })
    .await;
}

#[tokio::test]
async fn foreign_keys_into_other_databases_name_them() {
    each(async |database: &mut Database| {
        let other = database.other().await;
        database
            .run(&format!(
                "CREATE TABLE `{other}`.p (id int PRIMARY KEY); CREATE TABLE c (p int, FOREIGN KEY (p) REFERENCES `{other}`.p (id))"
            ))
            .await;
        let catalog = database.read().await;
        let keys: Vec<_> = catalog.constraints(&table("c")).map(|(_, constraint)| constraint.kind.clone()).collect();
        assert!(
            matches!(keys.as_slice(), [ConstraintKind::ForeignKey(key)] if key.references == ObjectId::table(&other, "p")),
            "{keys:?}"
        );
    })
    .await;
}
