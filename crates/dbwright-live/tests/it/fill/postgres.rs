//! Filling and emptying tables of a PostgreSQL database.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, ObjectId, Unfilled};
use dbwright_ddl::Rows;
use dbwright_live::fill::postgres::{fill, remove};
use dbwright_live::introspect::postgres::{CatalogState, Frame};
use dbwright_live::scratch::postgres::{PostgresScratch, Session, Who};
use tokio_postgres::SimpleQueryMessage;

use crate::servers::{POSTGRES_MAJORS, scratch};

struct Database {
    scratch: PostgresScratch,
    session: Session,
}

impl Database {
    async fn with(major: u32, schema: &str) -> Database {
        let scratch = scratch(major).await;
        let name = scratch.create_database().await.unwrap();
        let session = scratch.connect(&name, Who::Migrator).await.unwrap();
        session.client.batch_execute(schema).await.unwrap();
        Database { scratch, session }
    }

    async fn catalog(&self) -> Catalog {
        let state = CatalogState::read(&self.session.client, self.scratch.server(), Frame::Alone).await;
        state.unwrap().into_catalog()
    }

    async fn fill(&self, ledger: &mut Rows) -> Vec<Unfilled> {
        fill(&self.session.client, &self.catalog().await, ledger, None)
            .await
            .unwrap()
    }

    async fn number(&self, sql: &str) -> i64 {
        let messages = self.session.client.simple_query(sql).await.unwrap();
        let number = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
            _ => None,
        });
        number.unwrap()
    }

    async fn count(&self, table: &str) -> i64 {
        self.number(&format!("SELECT count(*) FROM {table}")).await
    }
}

/// Every table of the schema is given three rows, and they can be taken out again.
async fn check_filled(schema: &str) {
    for major in POSTGRES_MAJORS {
        let database = Database::with(major, schema).await;
        let mut ledger = Rows::default();
        let unfilled = database.fill(&mut ledger).await;
        assert_eq!(unfilled, [], "on {major}");
        let catalog = database.catalog().await;
        for (id, _) in catalog.tables() {
            assert!(database.count(&id.path.join(".")).await >= 3, "{id} on {major}");
        }
        remove(&database.session.client, &catalog, &mut ledger).await.unwrap();
        assert!(ledger.is_empty(), "{ledger:?} on {major}");
        for (id, _) in catalog.tables() {
            assert_eq!(database.count(&id.path.join(".")).await, 0, "{id} on {major}");
        }
        assert_eq!(
            database.catalog().await,
            catalog,
            "filling and emptying left a trace on {major}"
        );
    }
}

/// Tables of this schema come back with these reasons.
async fn check_reasons(schema: &str, expected: &[(&str, u32, &str)]) {
    for major in POSTGRES_MAJORS {
        let database = Database::with(major, schema).await;
        let unfilled = database.fill(&mut Rows::default()).await;
        let found: Vec<_> = unfilled
            .iter()
            .map(|unfilled| (unfilled.table.name(), unfilled.rows, unfilled.reason.as_str()))
            .collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for ((table, rows, reason), expected) in found.iter().zip(expected) {
            assert_eq!((*table, *rows), (expected.0, expected.1), "{reason}");
            assert!(reason.contains(expected.2), "{table}: {reason}");
        }
    }
}

#[tokio::test]
async fn every_built_in_type_has_values() {
    let types = "smallint integer bigint numeric numeric(10,2) numeric(2,2) numeric(1) numeric(3,5) real float8 money text \
        varchar(3) varchar(200) char(1) char(8) name \"char\" bytea boolean date time timetz timestamp timestamptz \
        timestamp(3) timestamptz(0) interval interval(2) uuid json jsonb jsonpath inet cidr macaddr macaddr8 bit bit(5) \
        varbit varbit(2) int4range int8range numrange daterange tsrange tstzrange int4multirange datemultirange \
        tstzmultirange tsvector tsquery point line lseg box path polygon circle xml oid regclass regtype regproc \
        regprocedure regoper regoperator regnamespace regrole regconfig regdictionary regcollation pg_lsn pg_snapshot \
        txid_snapshot tid xid xid8 cid integer[] text[] numeric(5,1)[] date[][] uuid[] json[] point[]";
    let columns: Vec<_> = types
        .split_whitespace()
        .enumerate()
        .map(|(number, name)| format!("c{number} {name} NOT NULL"))
        .collect();
    check_filled(&format!("CREATE TABLE t ({})", columns.join(", "))).await;
}

#[tokio::test]
async fn types_of_users_have_values() {
    check_filled(
        "CREATE SCHEMA app;
         CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy');
         CREATE TYPE app.\"Odd Name\" AS ENUM ('x');
         CREATE TYPE pair AS (a integer, b text);
         CREATE TYPE floatrange AS RANGE (subtype = float8);
         CREATE DOMAIN positive AS integer CHECK (VALUE > 0 AND VALUE < 10);
         CREATE DOMAIN code AS varchar(8) NOT NULL CHECK (VALUE ~ '^[A-Z]{2}-[0-9]{3}$');
         CREATE DOMAIN country AS app.\"Odd Name\";
         CREATE TABLE t (m mood NOT NULL, o app.\"Odd Name\" NOT NULL, ms mood[] NOT NULL, p pair NOT NULL,
             f floatrange NOT NULL, n positive NOT NULL, c code UNIQUE, k country NOT NULL, ps positive[] NOT NULL)",
    )
    .await;
}

#[tokio::test]
async fn types_of_extensions_have_values() {
    // Only the server of the distribution comes with these extensions for certain.
    let database = Database::with(
        15,
        "CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; CREATE EXTENSION hstore; CREATE EXTENSION ltree;
         CREATE EXTENSION cube; CREATE EXTENSION seg; CREATE EXTENSION isn;
         CREATE TABLE t (c ext.citext PRIMARY KEY, h hstore NOT NULL, l ltree NOT NULL, q lquery NOT NULL,
             u cube NOT NULL, s seg NOT NULL, i isbn NOT NULL)",
    )
    .await;
    assert_eq!(database.fill(&mut Rows::default()).await, []);
    assert_eq!(database.count("t").await, 3);
}

#[tokio::test]
async fn unknown_types_are_named_or_left_alone() {
    check_reasons(
        "CREATE TABLE fine (a integer, b pg_catalog.pg_ndistinct);
         CREATE TABLE odd (a integer, b pg_catalog.pg_ndistinct NOT NULL)",
        &[("odd", 0, "no value of the type pg_ndistinct of its column b is known")],
    )
    .await;
}

#[tokio::test]
async fn keys_are_distinct_and_references_hit() {
    check_filled(
        "CREATE TABLE author (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, boss bigint REFERENCES author);
         CREATE TABLE book (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author bigint NOT NULL REFERENCES author,
             isbn char(13) NOT NULL, title text NOT NULL DEFAULT 'x', slug text GENERATED ALWAYS AS (lower(title)) STORED,
             UNIQUE (author, isbn));
         CREATE TABLE profile (author bigint PRIMARY KEY REFERENCES author (id));
         CREATE TABLE loan (book integer NOT NULL, author bigint NOT NULL, day date NOT NULL, PRIMARY KEY (book, day),
             FOREIGN KEY (book) REFERENCES book, FOREIGN KEY (author) REFERENCES author);
         CREATE TABLE edition (book integer NOT NULL REFERENCES book, number smallint NOT NULL, PRIMARY KEY (book, number));
         CREATE TABLE copy (book integer NOT NULL, number smallint NOT NULL, id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
             FOREIGN KEY (book, number) REFERENCES edition);
         CREATE TABLE node (id integer PRIMARY KEY, root integer NOT NULL REFERENCES node (id));
         CREATE TABLE nobody ();",
    )
    .await;
}

#[tokio::test]
async fn tenants_of_composite_references_agree() {
    check_filled(
        "CREATE TABLE tenant (id integer PRIMARY KEY);
         CREATE TABLE member (tenant integer REFERENCES tenant, id integer, PRIMARY KEY (tenant, id));
         CREATE TABLE team (tenant integer REFERENCES tenant, id integer, PRIMARY KEY (tenant, id));
         CREATE TABLE seat (tenant integer NOT NULL REFERENCES tenant, member integer NOT NULL, team integer NOT NULL,
             FOREIGN KEY (tenant, member) REFERENCES member, FOREIGN KEY (tenant, team) REFERENCES team,
             UNIQUE (tenant, member, team));",
    )
    .await;
}

#[tokio::test]
async fn cycles_are_filled_where_they_can_be() {
    check_filled(
        "CREATE TABLE a (id integer PRIMARY KEY, b integer);
         CREATE TABLE b (id integer PRIMARY KEY, a integer NOT NULL REFERENCES a);
         ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;
         CREATE TABLE c (id integer PRIMARY KEY, d integer NOT NULL);
         CREATE TABLE d (id integer PRIMARY KEY, c integer NOT NULL REFERENCES c);
         ALTER TABLE c ADD FOREIGN KEY (d) REFERENCES d DEFERRABLE;",
    )
    .await;
    check_reasons(
        "CREATE TABLE a (id integer PRIMARY KEY, b integer NOT NULL);
         CREATE TABLE b (id integer PRIMARY KEY, a integer NOT NULL REFERENCES a);
         ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;",
        &[
            ("a", 0, "its parent b has no rows"),
            ("b", 0, "its parent a has no rows"),
        ],
    )
    .await;
}

#[tokio::test]
async fn conditions_are_satisfied() {
    check_filled(
        "CREATE TABLE t (
             id integer PRIMARY KEY,
             status text NOT NULL CHECK (status IN ('open', 'closed')),
             kind varchar(10) NOT NULL CHECK (kind = ANY (ARRAY['a', 'b'])),
             price numeric(6,2) NOT NULL CHECK (price > 0 AND price < 100),
             stars integer NOT NULL CHECK (stars BETWEEN 1 AND 5),
             short text NOT NULL CHECK (char_length(short) <= 4),
             hash bytea NOT NULL CHECK (octet_length(hash) = 32),
             email text NOT NULL UNIQUE CHECK (email ~* '^[^@\\s]+@[^@\\s]+\\.[a-z]+$'),
             url text NOT NULL CHECK (url LIKE 'https://%'),
             starts timestamptz NOT NULL, ends timestamptz NOT NULL, CHECK (ends > starts),
             expires timestamptz NOT NULL CHECK (expires > '2090-01-01'),
             data jsonb NOT NULL CHECK (jsonb_typeof(data) = 'array'),
             tags text[] NOT NULL CHECK (cardinality(tags) BETWEEN 1 AND 3),
             low integer NOT NULL, high integer NOT NULL, CHECK (low < high),
             lower_only text NOT NULL CHECK (lower_only = lower(lower_only) AND lower_only <> ''),
             user_id integer, group_id integer, CHECK (num_nonnulls(user_id, group_id) = 1),
             x integer, y integer, CHECK ((x IS NULL) <> (y IS NULL)),
             done_at date, CHECK (status <> 'closed' OR done_at IS NOT NULL),
             one integer NOT NULL, total integer GENERATED ALWAYS AS (one * 2) STORED CHECK (total < 100),
             bits bit(3) NOT NULL,
             EXCLUDE USING gist (during WITH &&),
             during tstzrange NOT NULL
         )",
    )
    .await;
}

#[tokio::test]
async fn nulls_stand_in_the_second_row_only() {
    let database = Database::with(
        15,
        "CREATE TABLE t (id integer PRIMARY KEY, a text, b date, c integer DEFAULT 5)",
    )
    .await;
    database.fill(&mut Rows::default()).await;
    assert_eq!(
        database
            .number("SELECT count(*) FROM t WHERE num_nulls(a, b, c) = 3")
            .await,
        1
    );
    assert_eq!(
        database
            .number("SELECT count(*) FROM t WHERE num_nulls(a, b, c) = 0")
            .await,
        2
    );
}

#[tokio::test]
async fn partitions_hold_rows_each() {
    check_filled(
        "CREATE TABLE event (id bigint NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
         CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
         CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO (MAXVALUE);
         CREATE TABLE event_rest PARTITION OF event DEFAULT;
         CREATE TABLE region (code text PRIMARY KEY, n integer) PARTITION BY LIST (code);
         CREATE TABLE region_some PARTITION OF region FOR VALUES IN ('de', 'fr', 'pl');
         CREATE TABLE region_rest PARTITION OF region DEFAULT PARTITION BY RANGE (code);
         CREATE TABLE region_rest_all PARTITION OF region_rest FOR VALUES FROM (MINVALUE) TO (MAXVALUE);
         CREATE TABLE visit (region text NOT NULL REFERENCES region, event bigint, at timestamptz,
             FOREIGN KEY (event, at) REFERENCES event);",
    )
    .await;
}

#[tokio::test]
async fn hashed_partitions_are_filled_from_above() {
    let schema = "CREATE TABLE h (id integer PRIMARY KEY) PARTITION BY HASH (id);
         CREATE TABLE h0 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 0);
         CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 1);";
    let database = Database::with(18, schema).await;
    let catalog = database.catalog().await;
    let mut ledger = Rows::default();
    let only = BTreeSet::from([ObjectId::table("public", "h1")]);
    let unfilled = fill(&database.session.client, &catalog, &mut ledger, Some(&only))
        .await
        .unwrap();
    assert_eq!(unfilled, []);
    assert_eq!(database.count("h").await, 3);
}

#[tokio::test]
async fn what_can_not_be_filled_is_named_with_the_reason() {
    check_reasons(
        "CREATE TABLE bare (id integer) PARTITION BY LIST (id)",
        &[("bare", 0, "it has no partitions")],
    )
    .await;
    check_reasons(
        "CREATE TABLE settings (id boolean PRIMARY KEY DEFAULT true CHECK (id), name text)",
        &[("settings", 1, "duplicate key value")],
    )
    .await;
    check_reasons(
        "CREATE TABLE never (id integer CHECK (id <> id) NOT NULL)",
        &[("never", 0, "violates check constraint")],
    )
    .await;
}

#[tokio::test]
async fn rows_that_are_there_are_used_and_stay() {
    let schema =
        "CREATE TABLE role (name text PRIMARY KEY); INSERT INTO role VALUES ('admin'), ('user'), ('guest'), ('x');
         CREATE TABLE person (id serial PRIMARY KEY, role text NOT NULL REFERENCES role);
         CREATE TABLE site (id serial PRIMARY KEY, name text NOT NULL UNIQUE); INSERT INTO site (name) VALUES ('one')";
    let database = Database::with(15, schema).await;
    let mut ledger = Rows::default();
    assert_eq!(database.fill(&mut ledger).await, []);
    assert_eq!(database.count("role").await, 4);
    assert_eq!(database.count("person").await, 3);
    assert_eq!(database.count("site").await, 3);
    remove(&database.session.client, &database.catalog().await, &mut ledger)
        .await
        .unwrap();
    assert_eq!(database.count("role").await, 4);
    assert_eq!(database.count("person").await, 0);
    assert_eq!(database.count("site").await, 1);
}

#[tokio::test]
async fn rows_without_a_key_are_told_apart_from_others() {
    let schema =
        "CREATE TABLE bag (data json NOT NULL, at point); INSERT INTO bag VALUES ('{}', '(1,2)'), ('[]', NULL);
         CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES";
    let database = Database::with(15, schema).await;
    let mut ledger = Rows::default();
    assert_eq!(database.fill(&mut ledger).await, []);
    assert_eq!((database.count("bag").await, database.count("nothing").await), (3, 3));
    let catalog = database.catalog().await;
    remove(&database.session.client, &catalog, &mut ledger).await.unwrap();
    assert_eq!((database.count("bag").await, database.count("nothing").await), (2, 1));
}

#[tokio::test]
async fn filling_twice_adds_nothing_and_follows_what_changed() {
    let schema = "CREATE TABLE a (id serial PRIMARY KEY, name text); CREATE TABLE b (a integer NOT NULL REFERENCES a)";
    let database = Database::with(15, schema).await;
    let mut ledger = Rows::default();
    database.fill(&mut ledger).await;
    let first = ledger.clone();
    database.fill(&mut ledger).await;
    assert_eq!(ledger, first);
    let change = "ALTER TABLE a RENAME COLUMN id TO key; DELETE FROM b; ALTER TABLE b ADD c integer;
         UPDATE a SET name = 'changed'; CREATE TABLE d (a integer NOT NULL REFERENCES a)";
    database.session.client.batch_execute(change).await.unwrap();
    assert_eq!(database.fill(&mut ledger).await, []);
    for table in ["a", "b", "d"] {
        assert_eq!(database.count(table).await, 3, "{table}");
    }
}

#[tokio::test]
async fn triggers_fire_and_their_rows_go_with_ours() {
    check_filled(
        "CREATE TABLE audit (what text NOT NULL);
         CREATE TABLE person (id integer PRIMARY KEY);
         CREATE TABLE person_counts (person integer PRIMARY KEY REFERENCES person, n integer NOT NULL DEFAULT 0);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO audit VALUES (TG_OP); RETURN NULL; END $$;
         CREATE FUNCTION counts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO person_counts VALUES (NEW.id); RETURN NULL; END $$;
         CREATE TRIGGER note AFTER INSERT OR DELETE ON person FOR EACH ROW EXECUTE FUNCTION note();
         CREATE TRIGGER counts AFTER INSERT ON person FOR EACH ROW EXECUTE FUNCTION counts();",
    )
    .await;
}

#[tokio::test]
async fn triggers_and_policies_that_keep_rows_out_are_put_back_as_they_were() {
    check_filled(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
         CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
         CREATE TABLE refused (id integer PRIMARY KEY);
         CREATE TRIGGER refuse BEFORE INSERT ON refused FOR EACH ROW EXECUTE FUNCTION refuse();
         CREATE TRIGGER off BEFORE INSERT ON refused FOR EACH ROW EXECUTE FUNCTION refuse();
         ALTER TABLE refused DISABLE TRIGGER off; ALTER TABLE refused ENABLE ALWAYS TRIGGER refuse;
         CREATE TABLE swallowed (id integer);
         CREATE TRIGGER swallow BEFORE INSERT ON swallowed FOR EACH ROW EXECUTE FUNCTION swallow();",
    )
    .await;
    let schema = "CREATE TABLE p (id integer); ALTER TABLE p ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;";
    let database = Database::with(15, schema).await;
    let before = database.catalog().await;
    let mut ledger = Rows::default();
    assert_eq!(database.fill(&mut ledger).await, []);
    assert_eq!(ledger.placed(&ObjectId::table("public", "p")).len(), 3);
    assert_eq!(database.catalog().await, before);
}

#[tokio::test]
async fn odd_names_and_session_settings_do_no_harm() {
    check_filled(
        "SET standard_conforming_strings = off; SET datestyle = 'SQL, DMY'; SET search_path = '';
         CREATE TABLE public.plain (\"Id\" integer PRIMARY KEY, \"a b\" text NOT NULL CHECK (\"a b\" = 'it''s'),
             b bytea NOT NULL, d timestamptz NOT NULL UNIQUE);",
    )
    .await;
}

#[tokio::test]
async fn only_what_is_asked_for_and_its_parents_is_filled() {
    let schema = "CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (a integer NOT NULL REFERENCES a);
         CREATE TABLE c (id integer)";
    let database = Database::with(15, schema).await;
    let only = BTreeSet::from([ObjectId::table("public", "b"), ObjectId::table("public", "gone")]);
    let catalog = database.catalog().await;
    fill(&database.session.client, &catalog, &mut Rows::default(), Some(&only))
        .await
        .unwrap();
    assert_eq!(
        (
            database.count("a").await,
            database.count("b").await,
            database.count("c").await
        ),
        (3, 3, 0)
    );
}

#[tokio::test]
async fn a_chain_of_a_hundred_tables_is_filled() {
    let tables: Vec<String> = (0..110)
        .map(|number| {
            let parent = if number > 0 {
                format!("REFERENCES t{}", number - 1)
            } else {
                String::new()
            };
            format!(
                "CREATE TABLE t{number} (id serial PRIMARY KEY, parent integer {parent}, name text NOT NULL UNIQUE,
                 at timestamptz NOT NULL DEFAULT now(), kind text NOT NULL CHECK (kind IN ('a', 'b')));"
            )
        })
        .collect();
    let database = Database::with(15, &tables.concat()).await;
    let catalog = database.catalog().await;
    let mut ledger = Rows::default();
    let unfilled = fill(&database.session.client, &catalog, &mut ledger, None)
        .await
        .unwrap();
    assert_eq!(unfilled, []);
    assert_eq!(ledger.tables().count(), 110);
    assert_eq!(database.count("t109").await, 3);
}

#[tokio::test]
async fn rows_that_a_migration_made_of_ours_do_not_keep_them() {
    let schema = "CREATE TABLE person (id int PRIMARY KEY, mail text);
         CREATE TABLE email (id serial PRIMARY KEY, person_id int NOT NULL REFERENCES person, mail text);
         CREATE TABLE token (email_id int NOT NULL REFERENCES email)";
    let database = Database::with(18, schema).await;
    let mut ledger = Rows::default();
    let only = BTreeSet::from([ObjectId::table("public", "person")]);
    let catalog = database.catalog().await;
    fill(&database.session.client, &catalog, &mut ledger, Some(&only))
        .await
        .unwrap();
    let copy =
        "INSERT INTO email (person_id, mail) SELECT id, mail FROM person; INSERT INTO token SELECT id FROM email";
    database.session.client.batch_execute(copy).await.unwrap();
    remove(&database.session.client, &catalog, &mut ledger).await.unwrap();
    assert!(ledger.is_empty());
    for table in ["person", "email", "token"] {
        assert_eq!(database.count(table).await, 0, "{table}");
    }
    database.scratch.stop().await.unwrap();
}
