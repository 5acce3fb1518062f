//! Snapshots: no value in them that was not asked for, and what rights allow.

use dbwright_catalog::{SampleValues, Snapshot};
use dbwright_live::capture::capture;
use dbwright_live::connect::{Connection, ReadLimits};
use dbwright_live::scratch::postgres::{PostgresScratch, Session, Who};

use crate::servers;

/// A table whose values are easy to find again.
const MARKED: &str = "
    CREATE TABLE public.users (id int PRIMARY KEY, email text NOT NULL, country text, tags text[], place text);
    CREATE INDEX users_email ON public.users (lower(email));
    CREATE INDEX users_country ON public.users (upper(country));
    CREATE STATISTICS public.users_together ON country, place FROM public.users;
    INSERT INTO public.users SELECT i, 'MARKmail' || i % 200, 'MARKland' || i % 5, ARRAY['MARKtag' || i % 9],
        'MARKplace' || i % 5 FROM generate_series(1, 4000) AS i;
    ANALYZE public.users;
    CREATE TABLE public.events (at date, who text) PARTITION BY RANGE (at);
    CREATE TABLE public.events_1 PARTITION OF public.events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    INSERT INTO public.events SELECT date '2020-01-01' + i % 300, 'MARKwho' || i % 7 FROM generate_series(1, 3000) AS i;
    ANALYZE public.events;
    CREATE TABLE public.fresh (id int);
    INSERT INTO public.fresh VALUES (1);";

struct Production {
    scratch: PostgresScratch,
    observer: Session,
    url: String,
}

impl Production {
    async fn start(major: u32) -> Self {
        let scratch = servers::scratch(major).await;
        let database = scratch.create_database().await.unwrap();
        let observer = scratch.connect(&database, Who::Observer).await.unwrap();
        let answer = observer
            .client
            .simple_query("SHOW unix_socket_directories")
            .await
            .unwrap();
        let folder = answer
            .iter()
            .find_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            })
            .unwrap();
        observer.client.batch_execute(MARKED).await.unwrap();
        let url = format!("postgres://ROLE@/{database}?host={folder}");
        Production { scratch, observer, url }
    }

    async fn capture(&self, role: &str, values: &SampleValues) -> Snapshot {
        let url = self.url.replace("ROLE", role).parse().unwrap();
        let mut connection = Connection::open(&url, &ReadLimits::default()).await.unwrap();
        let snapshot = capture(&mut connection, values).await.unwrap();
        connection.close().await;
        snapshot
    }

    async fn stop(self) {
        self.observer.close().await;
        self.scratch.stop().await.unwrap();
    }
}

fn values(by_default: bool, exceptions: &[&str]) -> SampleValues {
    SampleValues {
        by_default,
        exceptions: exceptions.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// The kinds of values that stand in a snapshot.
fn marks(snapshot: &Snapshot) -> Vec<&'static str> {
    // Values of several columns together are sent as bytes.
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap();
    let hexadecimal = |mark: &str| -> String {
        let bytes = mark.bytes();
        bytes.flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    };
    let text = format!("{snapshot:?}").to_lowercase();
    let marks = ["MARKmail", "MARKland", "MARKtag", "MARKplace", "MARKwho"].into_iter();
    marks
        .filter(|mark| text.contains(&mark.to_lowercase()) || text.contains(&hexadecimal(mark)))
        .collect()
}

#[tokio::test]
async fn values_are_taken_only_where_they_were_asked_for() {
    for major in servers::majors() {
        let production = Production::start(major).await;
        for (by_default, exceptions, found) in [
            (false, &[][..], &[][..]),
            (false, &["users.country"], &["MARKland"]),
            (false, &["events_1.who"], &["MARKwho"]),
            (true, &[], &["MARKmail", "MARKland", "MARKtag", "MARKplace", "MARKwho"]),
            (
                true,
                &["public.users.email", "events.who"],
                &["MARKland", "MARKtag", "MARKplace"],
            ),
        ] {
            let snapshot = production.capture("dbwright", &values(by_default, exceptions)).await;
            assert_eq!(marks(&snapshot), found, "{major}: {}", snapshot.values);
            assert!(snapshot.columns.iter().any(|column| column.column == "email"));
            assert!(snapshot.extended.iter().any(|extended| extended.distinct.is_some()));
        }
        production.stop().await;
    }
}

#[tokio::test]
async fn what_a_role_may_not_read_is_said_with_the_grant_that_helps() {
    for major in servers::majors() {
        let production = Production::start(major).await;
        let admin = &production.observer.client;
        admin
            .batch_execute("CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor")
            .await
            .unwrap();
        let none = values(false, &[]);
        let snapshot = production.capture("monitor", &none).await;
        assert!(snapshot.columns.is_empty() && !snapshot.schema.is_empty());
        let grants: Vec<String> = snapshot
            .missing
            .iter()
            .filter_map(|missing| {
                Some(
                    missing
                        .why
                        .split_once("`GRANT SELECT (")?
                        .1
                        .split_once('`')?
                        .0
                        .to_owned(),
                )
            })
            .collect();
        assert_eq!(grants.len(), 2, "{:?}", snapshot.missing);
        for grant in grants {
            admin.batch_execute(&format!("GRANT SELECT ({grant}")).await.unwrap();
        }
        let snapshot = production.capture("monitor", &none).await;
        assert_eq!(snapshot.columns, production.capture("dbwright", &none).await.columns);
        assert_eq!(snapshot.extended.len(), 1);
        let told: Vec<&str> = snapshot.missing.iter().map(|missing| missing.what.as_str()).collect();
        assert_eq!(told, ["statistics of public.fresh", "workload"]);
        // Numbers do, where values may not be read.
        let all = production.capture("monitor", &values(true, &[])).await;
        assert!(marks(&all).is_empty() && !all.columns.is_empty());
        assert!(all.missing.iter().any(|missing| missing.what == "sample values"));
        production.stop().await;
    }
}
