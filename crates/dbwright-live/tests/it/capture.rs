//! Snapshots: no value in them that was not asked for, and what rights allow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dbwright_catalog::{SampleValues, SchemaStatement, Snapshot};
use dbwright_live::LiveError;
use dbwright_live::capture::capture;
use dbwright_live::connect::{Connection, ReadLimits};
use dbwright_live::scratch::postgres::{PostgresScratch, Session, Who};
use dbwright_live::twin::Fidelity;
use dbwright_live::twin::postgres::build;

use crate::servers;

/// A table whose values are easy to find again.
const MARKED: &str = "
    CREATE TABLE public.users (id int PRIMARY KEY, email text NOT NULL, country text, tags text[], place text);
    CREATE INDEX users_email ON public.users (lower(email));
    CREATE INDEX users_country ON public.users (upper(country));
    CREATE STATISTICS public.users_together ON country, place FROM public.users;
    CREATE EXTENSION pg_stat_statements SCHEMA public;
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
    /// Another session, for what happens meanwhile.
    other: Arc<Session>,
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
        let other = Arc::new(scratch.connect(&database, Who::Observer).await.unwrap());
        Production {
            scratch,
            observer,
            other,
            url,
        }
    }

    async fn capture(&self, role: &str, values: &SampleValues) -> Snapshot {
        let url = self.url.replace("ROLE", role).parse().unwrap();
        let mut connection = Connection::open(&url, &ReadLimits::default()).await.unwrap();
        let snapshot = capture(&mut connection, values).await.unwrap();
        connection.close().await;
        snapshot
    }

    /// A snapshot taken over a connection that is held up after so many messages.
    async fn captured_over(
        &self,
        messages: usize,
        goes_on: impl Future<Output = bool> + Send + 'static,
    ) -> Result<Snapshot, LiveError> {
        let (database, folder) = self.url.split_once("@/").unwrap().1.split_once("?host=").unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let relayed = tokio::spawn(relay(messages, listener, format!("{folder}/.s.PGSQL.5432"), goes_on));
        let url = format!("postgres://dbwright@127.0.0.1:{port}/{database}?sslmode=disable");
        let taken = async {
            let mut connection = Connection::open(&url.parse().unwrap(), &ReadLimits::default()).await?;
            capture(&mut connection, &values(true, &[])).await
        };
        let taken = taken.await;
        relayed.abort();
        taken
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
        let grants = snapshot
            .schema
            .iter()
            .filter(|statement| statement.object.starts_with("grant "));
        let on: Vec<&str> = grants.map(|statement| statement.object.as_str()).collect();
        assert!(on.iter().all(|object| !object.contains("extension")), "{on:?}");
        // Numbers do, where values may not be read.
        let all = production.capture("monitor", &values(true, &[])).await;
        assert!(marks(&all).is_empty() && !all.columns.is_empty());
        assert!(all.missing.iter().any(|missing| missing.what == "sample values"));
        production.stop().await;
    }
}

/// Statistics of an expression are values of it.
#[tokio::test]
async fn expressions_of_extended_statistics_are_taken_with_their_values_only_where_all_may_be() {
    let production = Production::start(18).await;
    let admin = &production.observer.client;
    let sql = "CREATE STATISTICS public.users_expression ON (lower(country)), (id % 7) FROM public.users; ANALYZE public.users";
    admin.batch_execute(sql).await.unwrap();
    for (by_default, exceptions, found) in [
        (false, &[][..], &[][..]),
        (true, &[], &["MARKland"]),
        (true, &["users.email"], &[]),
    ] {
        let mut snapshot = production.capture("dbwright", &values(by_default, exceptions)).await;
        snapshot.extended.retain(|extended| extended.name == "users_expression");
        assert_eq!(snapshot.extended[0].expressions.len(), 2);
        snapshot.columns.clear();
        snapshot.relations.clear();
        assert_eq!(marks(&snapshot), found, "{}", snapshot.values);
    }
    production.stop().await;
}

/// A migration that holds or awaits a table stops nothing: that table is named, with what reads it, and the rest is taken.
#[tokio::test]
async fn what_is_locked_is_named_and_the_rest_is_taken() {
    for major in servers::majors() {
        let production = Production::start(major).await;
        let admin = &production.observer.client;
        let sql = "CREATE VIEW public.emails AS SELECT email FROM public.users; \
                   CREATE VIEW public.short AS SELECT left(email, 3) AS s FROM public.emails; \
                   CREATE TABLE public.orders (id int PRIMARY KEY, user_id int REFERENCES public.users, CHECK (id > 0)); \
                   CREATE VIEW public.sums AS SELECT count(*) AS n FROM public.orders; \
                   INSERT INTO public.orders SELECT i, i FROM generate_series(1, 500) i; ANALYZE public.orders";
        admin.batch_execute(sql).await.unwrap();
        let lock = "BEGIN; LOCK TABLE public.users, public.events IN ACCESS EXCLUSIVE MODE";
        admin.batch_execute(lock).await.unwrap();
        let snapshot = production.capture("dbwright", &values(true, &[])).await;
        admin.batch_execute("ROLLBACK").await.unwrap();
        let locked: Vec<&str> = snapshot
            .missing
            .iter()
            .filter(|missing| missing.why.contains("ACCESS EXCLUSIVE"))
            .map(|missing| missing.what.as_str())
            .filter(|what| what.starts_with("table ") || what.starts_with("view "))
            .collect();
        assert_eq!(
            locked,
            [
                "view public.emails",
                "table public.events",
                "table public.events_1",
                "view public.short",
                "table public.users"
            ]
        );
        let has = |object: &str| snapshot.schema.iter().any(|statement| statement.object == object);
        assert!(has("table orders") && has("view sums") && !has("table users") && !has("view short"));
        assert!(snapshot.columns.iter().any(|column| column.relation == "users"));
        let ends = |name: &str| {
            let index = snapshot
                .relations
                .iter()
                .find(|relation| relation.name == name)
                .unwrap();
            index.end_points.clone()
        };
        assert_eq!(ends("orders_pkey").unwrap().greatest, "500");
        assert_eq!(ends("users_pkey"), None);
        // What can be built of it is built, and the rest named.
        let twin = build(&snapshot, &servers::scratch_options(major)).await.unwrap();
        let Fidelity::Approximate(reasons) = &twin.fidelity else {
            panic!("{:?}", twin.fidelity)
        };
        let told = |what: &str| reasons.iter().any(|reason| reason.contains(what));
        assert!(told("table public.users") && told("constraint orders"), "{reasons:?}");
        twin.stop().await.unwrap();
        production.stop().await;
    }
}

/// A server that is gone in the middle ends a capture with an error that says so, whenever that is.
#[tokio::test]
async fn a_server_that_goes_away_ends_a_capture() {
    let production = Production::start(18).await;
    let mut last = None;
    for messages in (2..).step_by(3) {
        match production.captured_over(messages, std::future::ready(false)).await {
            Ok(_) => break,
            Err(error) => last = Some((messages, error.to_string())),
        }
    }
    let (messages, error) = last.unwrap();
    assert!(messages > 15, "{messages}: {error}");
    assert!(error.contains("connection closed") || error.contains("gone"), "{error}");
    production.stop().await;
}

/// A table that somebody drops while everything is read is in the snapshot or not; whenever it goes, the rest is taken.
#[tokio::test]
async fn a_table_that_is_dropped_meanwhile_ends_nothing() {
    let production = Production::start(18).await;
    let mut with = 0;
    let mut without = 0;
    for messages in (4..).step_by(3) {
        let sql = "DROP TABLE IF EXISTS public.goes; \
                   CREATE TABLE public.goes (id int PRIMARY KEY, word text CHECK (word <> '')); \
                   CREATE INDEX goes_word ON public.goes (lower(word)); \
                   INSERT INTO public.goes SELECT i, 'w' || i FROM generate_series(1, 500) i; ANALYZE public.goes";
        production.observer.client.batch_execute(sql).await.unwrap();
        let reached = Arc::new(AtomicBool::new(false));
        let (there, client) = (Arc::clone(&reached), Arc::clone(&production.other));
        let drops = async move {
            there.store(true, Ordering::Relaxed);
            // Where the capture reads it just now, it stays.
            let _ = client
                .client
                .batch_execute("SET lock_timeout = '200ms'; DROP TABLE public.goes")
                .await;
            true
        };
        let snapshot = production.captured_over(messages, drops).await;
        let snapshot = snapshot.unwrap_or_else(|error| panic!("dropped after {messages} messages: {error}"));
        let has = |object: &str| snapshot.schema.iter().any(|statement| statement.object == object);
        assert!(has("table users"), "after {messages} messages");
        if has("table goes") {
            with += 1;
        } else {
            without += 1;
        }
        if !reached.load(Ordering::Relaxed) {
            break;
        }
    }
    assert!(with > 0 && without > 0, "{with} with it, {without} without");
    production.stop().await;
}

/// Passes on so many messages of a client to a server, and its answers; then waits for something, and goes on or lets both
/// see the other go.
async fn relay(
    messages: usize,
    listener: tokio::net::TcpListener,
    socket: String,
    goes_on: impl Future<Output = bool> + Send,
) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (client, _) = listener.accept().await.unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = tokio::net::UnixStream::connect(socket).await.unwrap().into_split();
    let answers = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    for number in 0..messages {
        // The first message has no letter.
        let mut head = vec![0; if number == 0 { 4 } else { 5 }];
        if from_client.read_exact(&mut head).await.is_err() {
            break;
        }
        let length = u32::from_be_bytes(head[head.len() - 4..].try_into().unwrap());
        let mut body = vec![0; length as usize - 4];
        from_client.read_exact(&mut body).await.unwrap();
        to_server.write_all(&head).await.unwrap();
        to_server.write_all(&body).await.unwrap();
    }
    if goes_on.await {
        let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
    }
    answers.abort();
}

/// What is not on this machine is left out of the twin, with what needs it, and named.
#[tokio::test]
async fn what_can_not_be_built_here_is_named() {
    let production = Production::start(18).await;
    let mut snapshot = production.capture("dbwright", &values(true, &[])).await;
    production.stop().await;
    for (object, sql) in [
        ("extension elsewhere", "CREATE EXTENSION elsewhere"),
        (
            "table public.places",
            "CREATE TABLE public.places (id int, at elsewhere.geometry)",
        ),
        (
            "index public.places_at",
            "CREATE INDEX places_at ON public.places USING elsewhere (at)",
        ),
    ] {
        snapshot.schema.push(SchemaStatement {
            object: object.to_owned(),
            sql: sql.to_owned(),
        });
    }
    let mut lost = snapshot.columns[0].clone();
    lost.relation = "places".to_owned();
    snapshot.columns.push(lost);
    let twin = build(&snapshot, &servers::scratch_options(18)).await.unwrap();
    let Fidelity::Approximate(reasons) = &twin.fidelity else {
        panic!("{:?}", twin.fidelity)
    };
    for object in ["extension elsewhere", "table public.places", "index public.places_at"] {
        let told = reasons
            .iter()
            .filter(|reason| reason.starts_with(&format!("{object} is not in the twin: ")));
        assert_eq!(told.count(), 1, "{reasons:?}");
    }
    let session = twin.scratch.connect(&twin.database, Who::Observer).await.unwrap();
    let rows = session
        .client
        .query("EXPLAIN SELECT * FROM public.users WHERE id = 7", &[])
        .await
        .unwrap();
    assert!(rows[0].get::<_, String>(0).contains("users_pkey"));
    session.close().await;
    twin.stop().await.unwrap();
}

/// Tables do not go missing because an extension has another version here.
#[tokio::test]
async fn an_extension_is_taken_in_the_version_that_is_here() {
    let production = Production::start(18).await;
    let sql = "CREATE EXTENSION hstore SCHEMA public; CREATE TABLE public.settings (id int PRIMARY KEY, given public.hstore); \
               INSERT INTO public.settings SELECT i, 'a=>1' FROM generate_series(1, 500) AS i; ANALYZE public.settings";
    production.observer.client.batch_execute(sql).await.unwrap();
    let mut snapshot = production.capture("dbwright", &values(true, &[])).await;
    production.stop().await;
    let extension = snapshot
        .schema
        .iter_mut()
        .find(|statement| statement.object == "extension hstore")
        .unwrap();
    let (before, here) = extension.sql.split_once(" VERSION ").unwrap();
    let here = here.trim_matches('\'').to_owned();
    extension.sql = format!("{before} VERSION '99.1'");
    let twin = build(&snapshot, &servers::scratch_options(18)).await.unwrap();
    let Fidelity::Approximate(reasons) = &twin.fidelity else {
        panic!("{:?}", twin.fidelity)
    };
    let told = format!("The extension hstore is version {here} here, and 99.1 on production.");
    assert!(reasons.contains(&told), "{reasons:?}");
    assert!(!reasons.iter().any(|reason| reason.contains("settings")), "{reasons:?}");
    twin.stop().await.unwrap();
}

/// Tables that were restored from a dump, tables with partitions, and what was made after `ANALYZE`.
#[tokio::test]
async fn what_nobody_has_analysed_is_named_with_the_command_that_does() {
    for major in servers::majors() {
        let production = Production::start(major).await;
        let admin = &production.observer.client;
        let sql = "CREATE TABLE public.restored (id int); INSERT INTO public.restored SELECT generate_series(1, 500); \
                   CREATE TABLE public.\"Whole\" (at date) PARTITION BY RANGE (at); \
                   CREATE TABLE public.whole_1 PARTITION OF public.\"Whole\" FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); \
                   INSERT INTO public.\"Whole\" SELECT date '2020-01-01' + i % 300 FROM generate_series(1, 3000) AS i; \
                   ANALYZE public.whole_1; \
                   CREATE TABLE public.empty (id int); ANALYZE public.empty; \
                   CREATE INDEX users_late ON public.users (length(email)); \
                   CREATE STATISTICS public.late ON id, place FROM public.users";
        admin.batch_execute(sql).await.unwrap();
        // It counts rows, and looks at no values.
        admin.batch_execute("VACUUM public.restored").await.unwrap();
        let snapshot = production.capture("dbwright", &values(false, &[])).await;
        let told: Vec<(&str, &str)> = snapshot
            .missing
            .iter()
            .filter_map(|missing| {
                let (_, command) = missing.why.split_once("; run `")?;
                missing.why.starts_with("They were never gathered").then_some(())?;
                Some((missing.what.as_str(), command.split_once('`')?.0))
            })
            .collect();
        let mut wanted = vec![
            ("statistics of public.fresh", "ANALYZE public.fresh"),
            ("statistics of public.restored", "ANALYZE public.restored"),
            (
                "statistics of public.Whole with all that belongs to it",
                "ANALYZE public.\"Whole\"",
            ),
            ("extended statistics public.late", "ANALYZE public.users"),
            (
                "statistics of the expressions of public.users_late",
                "ANALYZE public.users",
            ),
        ];
        if major < 15 {
            wanted.retain(|(what, _)| !what.starts_with("extended"));
        }
        assert_eq!(told, wanted, "{major}");
        // What the planner does not know on production either makes no twin worse.
        let twin = build(&snapshot, &servers::scratch_options(major)).await.unwrap();
        let Fidelity::Approximate(reasons) = &twin.fidelity else {
            panic!("{:?}", twin.fidelity)
        };
        assert!(!reasons.iter().any(|reason| reason.contains("restored")), "{reasons:?}");
        twin.stop().await.unwrap();
        production.stop().await;
    }
}

/// Where values are wanted, the ends of indexes need rights on their columns.
#[tokio::test]
async fn ends_of_indexes_that_may_not_be_read_are_told_with_the_grants_that_help() {
    let production = Production::start(18).await;
    let admin = &production.observer.client;
    let sql = "CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor; \
               CREATE TABLE public.\"Odd\" (\"Id\" int PRIMARY KEY, a int); CREATE INDEX odd_a ON public.\"Odd\" (a, \"Id\"); \
               INSERT INTO public.\"Odd\" SELECT i, i FROM generate_series(1, 500) AS i; ANALYZE public.\"Odd\"; \
               CREATE STATISTICS public.expression ON (lower(country)) FROM public.users; ANALYZE public.users; \
               CREATE TABLE public.guarded (id int PRIMARY KEY); INSERT INTO public.guarded VALUES (1); ANALYZE public.guarded; \
               ALTER TABLE public.guarded ENABLE ROW LEVEL SECURITY; GRANT SELECT ON public.guarded TO monitor";
    admin.batch_execute(sql).await.unwrap();
    let commands = |snapshot: &Snapshot| -> Vec<String> {
        let grants = snapshot.missing.iter().flat_map(|missing| missing.why.split('`'));
        let grants = grants
            .filter(|text| text.starts_with("GRANT SELECT"))
            .map(str::to_owned);
        grants.collect()
    };
    let all = values(true, &[]);
    let first = production.capture("monitor", &all).await;
    let of_ends = first
        .missing
        .iter()
        .find(|missing| missing.what == "end points of 5 indexes");
    assert_eq!(
        of_ends.unwrap().why,
        "The role monitor may not read the first columns of these; the smallest grant that helps: `GRANT SELECT (\"Id\", a) ON \
         public.\"Odd\" TO monitor; GRANT SELECT ON public.users TO monitor`."
    );
    let hidden = first
        .missing
        .iter()
        .find(|missing| missing.what == "end points of guarded_pkey");
    assert!(hidden.unwrap().why.starts_with("Row security hides rows"), "{hidden:?}");
    for grant in commands(&first) {
        admin.batch_execute(&grant).await.unwrap();
    }
    let second = production.capture("monitor", &all).await;
    assert!(commands(&second).is_empty(), "{:?}", second.missing);
    let ends = |snapshot: &Snapshot| {
        snapshot
            .relations
            .iter()
            .filter(|relation| relation.end_points.is_some())
            .count()
    };
    assert_eq!((ends(&first), ends(&second)), (0, 5));
    production.stop().await;
}

/// Statistics of expressions stand in one column with their values: who may not read these learns it.
#[tokio::test]
async fn expressions_of_extended_statistics_that_may_not_be_read_are_told() {
    let production = Production::start(18).await;
    let admin = &production.observer.client;
    let sql = "CREATE STATISTICS public.expression ON (lower(country)) FROM public.users; ANALYZE public.users; \
               CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor; \
               GRANT SELECT (stxoid, stxdndistinct, stxddependencies, stxdinherit) ON pg_catalog.pg_statistic_ext_data TO monitor";
    admin.batch_execute(sql).await.unwrap();
    let none = values(false, &[]);
    let first = production.capture("monitor", &none).await;
    let told = "expressions of the extended statistics public.expression";
    let why = &first.missing.iter().find(|missing| missing.what == told).unwrap().why;
    let grant = why.split('`').nth(1).unwrap();
    admin.batch_execute(grant).await.unwrap();
    let second = production.capture("monitor", &none).await;
    assert!(second.missing.iter().all(|missing| missing.what != told));
    let expressions: usize = second.extended.iter().map(|extended| extended.expressions.len()).sum();
    assert_eq!(expressions, 1);
    assert!(marks(&second).is_empty());
    production.stop().await;
}

/// The owner of a table reads a view of the statistics, which does not tell all of them on older servers.
#[tokio::test]
async fn histograms_of_ranges_that_the_view_does_not_tell_are_named() {
    for major in servers::majors() {
        let production = Production::start(major).await;
        let sql = "CREATE ROLE reader LOGIN; CREATE TABLE public.stays (id int, during int4range); \
                   INSERT INTO public.stays SELECT i, int4range(i, i + i % 9) FROM generate_series(1, 900) AS i; \
                   ANALYZE public.stays; GRANT SELECT ON public.stays TO reader";
        production.observer.client.batch_execute(sql).await.unwrap();
        let snapshot = production.capture("reader", &values(true, &[])).await;
        let is_told = snapshot
            .missing
            .iter()
            .any(|missing| missing.what == "histograms of ranges in public.stays.during");
        let has_bounds = snapshot
            .columns
            .iter()
            .any(|column| column.column == "during" && column.slots.iter().any(|slot| slot.kind == 7));
        assert_eq!((is_told, has_bounds), (major < 17, major >= 17), "{major}");
        production.stop().await;
    }
}

/// Who may read a table sees the statistics of its columns, and not those of what its indexes compute.
#[tokio::test]
async fn statistics_of_expressions_that_the_view_hides_are_told_with_the_grant_that_helps() {
    let production = Production::start(18).await;
    let admin = &production.observer.client;
    let sql = "CREATE ROLE reader LOGIN; GRANT SELECT ON public.users TO reader";
    admin.batch_execute(sql).await.unwrap();
    let none = values(false, &[]);
    let first = production.capture("reader", &none).await;
    let told = "statistics of the expressions of public.users_country, public.users_email";
    let why = &first.missing.iter().find(|missing| missing.what == told).unwrap().why;
    admin.batch_execute(why.split('`').nth(1).unwrap()).await.unwrap();
    let second = production.capture("reader", &none).await;
    let told: Vec<&str> = second.missing.iter().map(|missing| missing.what.as_str()).collect();
    assert!(!told.iter().any(|what| what.contains("expressions")), "{told:?}");
    assert_eq!(second.columns.len(), first.columns.len() + 2 + 4);
    production.stop().await;
}
