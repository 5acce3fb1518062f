//! Renames on PostgreSQL: what hangs on what was renamed has another definition, and nothing else is read again.

use dbwright_catalog::{Catalog, MigrationSet, Outcome};
use dbwright_live::trace;

use crate::effects::{applied, history_of};
use crate::servers;

/// Each object hangs on others in another way.
const SCHEMA: &str = "
CREATE SCHEMA app;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN age AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, b mood);
CREATE SEQUENCE numbers;
CREATE FUNCTION double(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE TABLE author (id int PRIMARY KEY, name text, feels mood, moods mood[], years age, twice int);
CREATE TABLE app.book (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author_id int REFERENCES author (id), number int DEFAULT nextval('numbers'),
  whole author, UNIQUE (author_id, number), CHECK (double(number) > 0));
CREATE SEQUENCE loose;
CREATE INDEX author_twice ON author (double(twice)) WHERE feels = 'good';
CREATE VIEW happy AS SELECT a.id, a.name, double(a.twice) AS four FROM author a WHERE feels = 'good';
CREATE VIEW happier AS SELECT name FROM happy;
CREATE MATERIALIZED VIEW stored AS SELECT h.*, b.number FROM happy h JOIN app.book b ON b.author_id = h.id;
CREATE INDEX stored_id ON stored (id);
CREATE FUNCTION of_author(author, mood DEFAULT 'good') RETURNS SETOF author LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE OF name ON author FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TABLE event (at int, kind mood) PARTITION BY RANGE (at);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (1) TO (2);
CREATE INDEX event_kind ON event (kind);
CREATE VIEW of_event_1 AS SELECT kind FROM event_1;
";

const RENAMES: [&str; 20] = [
    "ALTER TABLE author RENAME TO writer",
    "ALTER TABLE author RENAME COLUMN id TO number",
    "ALTER TABLE author RENAME COLUMN feels TO mood",
    "ALTER TABLE author RENAME name TO title; ALTER TABLE author RENAME TO writer; ALTER VIEW happy RENAME TO glad",
    "ALTER VIEW happy RENAME COLUMN name TO title",
    "ALTER MATERIALIZED VIEW stored RENAME TO kept",
    "ALTER TYPE mood RENAME TO temper",
    "ALTER TYPE pair RENAME TO couple",
    "ALTER DOMAIN age RENAME TO years",
    "ALTER SEQUENCE numbers RENAME TO figures",
    "ALTER SEQUENCE app.book_id_seq RENAME TO book_numbers",
    "ALTER FUNCTION double(int) RENAME TO twice",
    "ALTER FUNCTION touch() RENAME TO feel",
    "ALTER INDEX author_pkey RENAME TO author_key",
    "ALTER TABLE event RENAME TO happening",
    "ALTER TABLE event RENAME COLUMN kind TO sort",
    "ALTER TABLE event_1 RENAME TO event_first",
    "ALTER SCHEMA app RENAME TO application",
    "ALTER TABLE author SET SCHEMA app",
    "ALTER SEQUENCE loose OWNED BY author.id; ALTER TABLE author RENAME id TO number; ALTER SEQUENCE loose OWNED BY NONE",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_changes_of_a_rename_add_up_to_what_is_there_afterwards() {
    let mut wrong = Vec::new();
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        for rename in RENAMES {
            let history = history_of(&format!("{SCHEMA}{rename};"));
            let trace = trace::postgres::trace(&scratch, &history, &MigrationSet::All, &mut |_| {})
                .await
                .unwrap();
            let effects = &trace.migrations[0].effects;
            for (effect, statement) in effects.iter().zip(&history.migrations[0].statements) {
                assert_eq!(effect.outcome, Outcome::Done, "{major}: {}", statement.text);
            }
            let mut begin = Catalog::empty(trace.server.clone());
            // What no statement made was there before.
            begin.objects.extend(
                trace
                    .catalog
                    .objects
                    .iter()
                    .filter(|(id, _)| id.to_string() == "public" && id.kind == dbwright_catalog::ObjectKind::Schema)
                    .map(|(id, object)| (id.clone(), object.clone())),
            );
            let differs = dbwright_catalog::changes(&applied(&begin, effects), &trace.catalog);
            wrong.extend(
                differs
                    .iter()
                    .map(|change| format!("{major}: {rename}: {}", change.object().id)),
            );
        }
        scratch.stop().await.unwrap();
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
