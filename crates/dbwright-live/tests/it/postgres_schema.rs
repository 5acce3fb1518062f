//! Schemas of PostgreSQL: what is read, written as SQL and applied to an empty database reads back the same.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use dbwright_catalog::{Catalog, Change, Engine, Object, ObjectKind, Reading, changes};
use dbwright_ddl::{Coverage, coverage, covered, render};
use dbwright_live::introspect::postgres::read_whole;
use dbwright_live::scratch::postgres::{PostgresScratch, Session, Who};

use crate::servers;

/// The schemas that are made for this, with the first major version that each runs on.
fn schemas() -> Vec<(String, u32, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/schema/postgres");
    let mut schemas: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let from = text
                .strip_prefix("-- from ")
                .map_or(0, |rest| rest[..2].parse().unwrap());
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), from, text)
        })
        .collect();
    schemas.sort();
    schemas
}

/// A session with all rights, in a new database.
async fn session(scratch: &PostgresScratch) -> Session {
    let database = scratch.create_database().await.unwrap();
    let session = scratch.connect(&database, Who::Observer).await.unwrap();
    session.client.batch_execute("SET search_path = public").await.unwrap();
    session
}

async fn read(scratch: &PostgresScratch, session: &Session) -> Reading {
    read_whole(&session.client, scratch.server()).await.unwrap()
}

/// Applies what a catalog is as SQL to an empty database; what it is then, and what was refused or failed.
async fn rebuilt(scratch: &PostgresScratch, catalog: &Catalog) -> (Catalog, Vec<String>) {
    let session = session(scratch).await;
    let rendered = render(catalog);
    let mut trouble: Vec<String> = rendered
        .refusals
        .iter()
        .map(|refusal| {
            format!(
                "refused: {} {}: {}",
                refusal.object.kind.name(),
                refusal.object,
                refusal.reason
            )
        })
        .collect();
    for step in &rendered.steps {
        if let Err(error) = session.client.batch_execute(&step.sql).await {
            let why = error
                .as_db_error()
                .map_or(error.to_string(), |error| error.message().to_owned());
            trouble.push(format!("failed: {}\n    {why}", step.sql));
        }
    }
    (read(scratch, &session).await.catalog, trouble)
}

/// What is different, as text.
fn difference(before: &Catalog, after: &Catalog) -> String {
    let mut text = String::new();
    for change in changes(before, after) {
        match change {
            Change::Created(object) => writeln!(text, "more: {} {}", object.id.kind.name(), object.id),
            Change::Dropped(object) => {
                writeln!(
                    text,
                    "missing: {} {}: {}",
                    object.id.kind.name(),
                    object.id,
                    object.definition
                )
            }
            Change::Altered { before, after } => writeln!(
                text,
                "other: {} {}\n    {}\n    {}\n    {}",
                after.id.kind.name(),
                after.id,
                before.definition,
                after.definition,
                pieces(&format!("{:?}", before.body), &format!("{:?}", after.body)),
            ),
        }
        .unwrap();
    }
    for edge in before.dependencies.difference(&after.dependencies) {
        writeln!(text, "missing edge: {} -> {}", edge.dependent, edge.on).unwrap();
    }
    for edge in after.dependencies.difference(&before.dependencies) {
        writeln!(text, "more edge: {} -> {}", edge.dependent, edge.on).unwrap();
    }
    text
}

/// The pieces of one text that the other does not have.
fn pieces(before: &str, after: &str) -> String {
    let split = |text: &str| text.split(", ").map(str::to_owned).collect::<BTreeSet<_>>();
    let (before, after) = (split(before), split(after));
    let (was, is): (Vec<_>, Vec<_>) = (before.difference(&after).collect(), after.difference(&before).collect());
    format!("was {was:?}\n    is {is:?}")
}

#[tokio::test]
async fn what_is_read_and_written_as_sql_reads_back_the_same() {
    let mut trouble = String::new();
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        for (name, from, sql) in schemas() {
            if from > major {
                continue;
            }
            let source = session(&scratch).await;
            if let Err(error) = source.client.batch_execute(&sql).await {
                writeln!(trouble, "== {name} on {major} can't be made: {error:?}").unwrap();
                continue;
            }
            let before = read(&scratch, &source).await.catalog;
            let (after, failures) = rebuilt(&scratch, &before).await;
            let difference = difference(&before, &after);
            if !difference.is_empty() || !failures.is_empty() {
                writeln!(trouble, "== {name} on {major}\n{}\n{difference}", failures.join("\n")).unwrap();
            }
        }
    }
    assert!(trouble.is_empty(), "{trouble}");
}

#[tokio::test]
async fn every_kind_stands_in_a_schema_that_is_made_for_this() {
    let scratch = servers::scratch(18).await;
    let mut kinds = BTreeSet::new();
    for (_, _, sql) in schemas() {
        let source = session(&scratch).await;
        source.client.batch_execute(&sql).await.unwrap();
        let reading = read(&scratch, &source).await;
        assert!(!format!("{reading:?}").contains("hunter2"), "a password was read");
        kinds.extend(reading.catalog.objects.keys().map(|id| id.kind));
    }
    let elsewhere = [
        ObjectKind::Event,
        ObjectKind::Subscription,
        ObjectKind::Membership,
        ObjectKind::SecurityLabel,
    ];
    let missing: Vec<&str> = ObjectKind::ALL
        .into_iter()
        .filter(|kind| !kinds.contains(kind) && !elsewhere.contains(kind))
        .map(ObjectKind::name)
        .collect();
    assert_eq!(missing, [""; 0]);
}

/// What a database says of roles, which it does not hold.
#[tokio::test]
async fn owners_privileges_and_memberships_of_roles_are_the_same_in_a_copy() {
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let source = session(&scratch).await;
        let sql = "CREATE ROLE owning; CREATE ROLE \"Reading\"; CREATE ROLE elsewhere;
            GRANT owning TO \"Reading\" WITH ADMIN OPTION; GRANT elsewhere TO owning;
            CREATE TABLE t (a integer, b integer); ALTER TABLE t OWNER TO owning;
            GRANT SELECT ON t TO \"Reading\" WITH GRANT OPTION; GRANT INSERT (b) ON t TO \"Reading\";
            CREATE TABLE untouched (); CREATE TABLE bare (); REVOKE ALL ON bare FROM CURRENT_USER;
            ALTER DEFAULT PRIVILEGES FOR ROLE owning GRANT EXECUTE ON FUNCTIONS TO \"Reading\"";
        source.client.batch_execute(sql).await.unwrap();
        let before = read(&scratch, &source).await.catalog;
        let of = |kind| {
            let ids = before.objects.keys().filter(move |id| id.kind == kind);
            ids.map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(of(ObjectKind::Membership), ["owning.Reading"], "on {major}");
        let grants = of(ObjectKind::Grant);
        assert!(
            grants.contains(&"table bare to dbwright".to_owned()) || grants.len() == 4,
            "{grants:?} on {major}"
        );
        assert!(
            !grants.iter().any(|grant| grant.contains("untouched")),
            "{grants:?} on {major}"
        );
        let (after, failures) = rebuilt(&scratch, &before).await;
        assert_eq!(failures, [""; 0], "on {major}");
        assert_eq!(difference(&before, &after), "", "on {major}");
    }
}

#[tokio::test]
async fn what_holds_secrets_is_read_without_them_and_refused_by_name() {
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let source = session(&scratch).await;
        let sql =
            "CREATE SUBSCRIPTION fed CONNECTION 'host=example password=hunter2' PUBLICATION p WITH (connect = false)";
        source.client.batch_execute(sql).await.unwrap();
        let reading = read(&scratch, &source).await;
        assert!(!format!("{reading:?}").contains("hunter2"), "on {major}");
        let refused: Vec<String> = render(&reading.catalog)
            .refusals
            .iter()
            .map(|refusal| refusal.object.to_string())
            .collect();
        assert_eq!(refused, ["fed"], "on {major}");
    }
}

#[tokio::test]
async fn security_labels_are_read() {
    let scratch = servers::scratch(18).await;
    let source = session(&scratch).await;
    let sql = "CREATE TABLE t (a integer); SET allow_system_table_mods = on;
        INSERT INTO pg_seclabel VALUES ('t'::regclass, 'pg_class'::regclass, 1, 'selinux', 'secret')";
    source.client.batch_execute(sql).await.unwrap();
    let catalog = read(&scratch, &source).await.catalog;
    let labels: Vec<String> = catalog
        .objects
        .values()
        .filter(|object| object.id.kind == ObjectKind::SecurityLabel)
        .map(|object| format!("{}: {}", object.id, object.definition))
        .collect();
    assert_eq!(labels, ["column t.a by selinux: secret"]);
}

#[tokio::test]
async fn objects_that_the_model_does_not_know_are_named() {
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let source = session(&scratch).await;
        let sql = "CREATE OPERATOR === (LEFTARG = box, RIGHTARG = box, FUNCTION = box_same);
            CREATE OPERATOR FAMILY f USING btree;
            CREATE TYPE c AS (a integer);
            CREATE FUNCTION as_c(integer) RETURNS c LANGUAGE sql IMMUTABLE AS 'SELECT row($1)::c';
            CREATE CAST (integer AS c) WITH FUNCTION as_c(integer);
            CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple);
            CREATE TEXT SEARCH CONFIGURATION s (COPY = simple);
            CREATE CONVERSION v FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
            CREATE ACCESS METHOD m TYPE TABLE HANDLER heap_tableam_handler;
            CREATE LANGUAGE l HANDLER plpgsql_call_handler;
            SELECT lo_create(7);
            CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE r (id integer REFERENCES p);
            ALTER TABLE r DISABLE TRIGGER ALL;
            CREATE EXTENSION citext";
        source.client.batch_execute(sql).await.unwrap();
        let kinds: BTreeSet<String> = read(&scratch, &source)
            .await
            .unmodelled
            .into_iter()
            .map(|unmodelled| unmodelled.kind)
            .collect();
        let expected = [
            "access method",
            "cast",
            "conversion",
            "internal trigger that does not fire",
            "language",
            "large object",
            "operator",
            "operator family",
            "text search configuration",
            "text search dictionary",
        ];
        assert_eq!(kinds, expected.map(str::to_owned).into(), "on {major}");
        // Members of extensions are no objects of the user.
        source.client.batch_execute("CREATE EXTENSION hstore").await.unwrap();
        let reading = read(&scratch, &source).await;
        assert!(
            !reading
                .unmodelled
                .iter()
                .any(|unmodelled| unmodelled.name.contains("hstore")),
            "on {major}"
        );
    }
}

#[tokio::test]
async fn what_a_role_may_not_see_is_named() {
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let source = session(&scratch).await;
        let sql = "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE ROLE other; CREATE ROLE reader;
            CREATE USER MAPPING FOR other SERVER s OPTIONS (username 'x')";
        source.client.batch_execute(sql).await.unwrap();
        assert_eq!(read(&scratch, &source).await.unread, []);
        source.client.batch_execute("SET ROLE reader").await.unwrap();
        let unread = read(&scratch, &source).await.unread;
        let what: Vec<&str> = unread.iter().map(|unread| unread.what.as_str()).collect();
        assert_eq!(what, ["options of the user mapping of other on s"], "on {major}");
    }
}

/// Nothing is understood in parts only. So many are understood by their model alone: the number may only grow.
#[tokio::test]
async fn what_is_read_is_understood() {
    const WHOLE_MIN: usize = 592;
    let scratch = servers::scratch(18).await;
    let mut partial = Vec::new();
    let mut whole = 0;
    for (name, _, sql) in schemas() {
        let source = session(&scratch).await;
        source.client.batch_execute(&sql).await.unwrap();
        let catalog = read(&scratch, &source).await.catalog;
        whole += covered(&catalog).values().map(|covered| covered.whole).sum::<usize>();
        let in_parts = |object: &&Object| coverage(Engine::Postgres, object) == Coverage::Partial;
        partial.extend(catalog.objects.values().filter(in_parts).map(|object| {
            format!(
                "{name}: {} {}: {} {:?}",
                object.id.kind.name(),
                object.id,
                object.definition,
                object.body
            )
        }));
    }
    assert_eq!(partial, [""; 0]);
    assert!(whole >= WHOLE_MIN, "only {whole}");
    assert_eq!(whole, WHOLE_MIN, "more than before: raise the number");
}

/// They are made and dropped with the type, and a statement of their own would tear them off it.
#[tokio::test]
async fn functions_that_a_range_type_brings_are_no_objects() {
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let source = session(&scratch).await;
        let sql =
            "CREATE TYPE span AS RANGE (SUBTYPE = integer); CREATE FUNCTION span_of(integer) RETURNS span LANGUAGE sql
            AS 'SELECT public.span($1, $1)'";
        source.client.batch_execute(sql).await.unwrap();
        let catalog = read(&scratch, &source).await.catalog;
        let routines: Vec<String> = catalog
            .objects
            .keys()
            .filter(|id| id.kind == ObjectKind::Routine)
            .map(ToString::to_string)
            .collect();
        assert_eq!(routines, ["span_of(integer)"], "on {major}");
    }
}

/// Tables, views and defaults come and go while the schema is read; what is read is one of its states all the same, or it is
/// said that it changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_changes_while_it_is_read_is_read_as_it_was_at_one_moment() {
    let scratch = servers::scratch(18).await;
    let source = session(&scratch).await;
    let other = {
        let database = source.client.query_one("SELECT current_database()", &[]).await.unwrap();
        scratch.connect(database.get(0), Who::Observer).await.unwrap()
    };
    other
        .client
        .batch_execute(
            "SET search_path = public; CREATE TABLE t (a integer DEFAULT 1); CREATE VIEW v AS SELECT a FROM t",
        )
        .await
        .unwrap();
    let ends = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_over = ends.clone();
    let churn = tokio::spawn(async move {
        while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
            let there = "BEGIN; DROP VIEW v; DROP TABLE t; CREATE TABLE u (b integer DEFAULT 2); \
                 CREATE VIEW w AS SELECT b FROM u; COMMIT";
            let back = "BEGIN; DROP VIEW w; DROP TABLE u; CREATE TABLE t (a integer DEFAULT 1); \
                 CREATE VIEW v AS SELECT a FROM t; COMMIT";
            other.client.batch_execute(there).await.unwrap();
            other.client.batch_execute(back).await.unwrap();
        }
    });
    for _ in 0..10 {
        match read_whole(&source.client, scratch.server()).await {
            Ok(reading) => {
                let names: Vec<String> = reading
                    .catalog
                    .objects
                    .keys()
                    .filter(|id| matches!(id.kind, ObjectKind::Table | ObjectKind::View | ObjectKind::Column))
                    .map(ToString::to_string)
                    .collect();
                let is_one = names == ["t", "t.a", "v"] || names == ["u", "u.b", "w"];
                assert!(is_one, "{names:?}");
            }
            Err(error) => {
                assert!(
                    error
                        .to_string()
                        .starts_with("the schema was changed while it was read, 3 times in a row: "),
                    "{error}"
                );
                assert_eq!(error.hints(), ["try again when no migration is running there"]);
            }
        }
    }
    ends.store(true, std::sync::atomic::Ordering::Relaxed);
    churn.await.unwrap();
    let after = read_whole(&source.client, scratch.server()).await.unwrap().catalog;
    assert!(after.objects.keys().any(|id| id.name() == "v"));
}
