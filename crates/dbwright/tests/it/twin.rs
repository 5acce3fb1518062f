//! `dbwright capture`, `snapshot show` and `twin` with a live PostgreSQL, which is a scratch server of the tests.

use std::path::Path;
#[cfg(target_os = "linux")]
use std::process::Stdio;

use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::command::{Run, command, project, run};
#[cfg(target_os = "linux")]
use crate::endings::{is_there, server_of, wait_for};
use crate::schema_postgres::production;

/// The program in a folder, with a cache of its own, so that no other test sees its twins.
fn dbwright(folder: &Path, arguments: &[&str]) -> Run {
    run(command(arguments)
        .current_dir(folder)
        .env("DBWRIGHT_CACHE", folder.join("cache")))
}

/// The plan of a query, as the server at a URL prints it.
async fn plan(url: &str, query: &str) -> Vec<String> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let talking = tokio::spawn(connection);
    let messages = client.simple_query(&format!("EXPLAIN {query}")).await.unwrap();
    drop(client);
    talking.await.unwrap().unwrap();
    let line = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    };
    messages.iter().filter_map(line).collect()
}

#[tokio::test]
async fn a_twin_outlives_the_command_plans_as_production_does_and_is_gone_when_it_is_stopped() {
    let (server, session, url) = production().await;
    session
        .client
        .batch_execute(
            "CREATE TABLE public.orders (id int PRIMARY KEY, state text NOT NULL, note text);
             INSERT INTO public.orders SELECT n, CASE WHEN n % 100 = 0 THEN 'open' ELSE 'done' END, repeat('x', 100)
             FROM generate_series(1, 20000) n;
             CREATE INDEX orders_state ON public.orders (state);
             ANALYZE public.orders",
        )
        .await
        .unwrap();
    let folder = project(&[("no.dbsnap", "something else")]);
    let captured = dbwright(
        folder.path(),
        &["capture", &url, "-o", "shop.dbsnap", "--values", "all"],
    );
    assert_eq!(captured.code, Some(0), "{}", captured.stderr);
    let shown = dbwright(folder.path(), &["snapshot", "show", "shop.dbsnap"]);
    assert!(shown.stdout.contains("20000 rows  public.orders"), "{}", shown.stdout);

    // Its schema is a source like the database itself.
    let same = dbwright(folder.path(), &["schema", "diff", &url, "shop.dbsnap"]);
    assert_eq!(same.code, Some(0), "{}{}", same.stdout, same.stderr);
    assert!(
        same.stdout.contains("shop.dbsnap (snapshot, built on PostgreSQL 18"),
        "{}",
        same.stdout
    );
    session
        .client
        .batch_execute("ALTER TABLE public.orders ADD COLUMN late date")
        .await
        .unwrap();
    let drifted = dbwright(folder.path(), &["schema", "diff", "snapshot:shop.dbsnap", &url]);
    assert_eq!(drifted.code, Some(1), "{}{}", drifted.stdout, drifted.stderr);
    assert!(drifted.stdout.contains("late"), "{}", drifted.stdout);
    session
        .client
        .batch_execute("ALTER TABLE public.orders DROP COLUMN late")
        .await
        .unwrap();
    let broken = dbwright(folder.path(), &["schema", "show", "no.dbsnap"]);
    assert_eq!(broken.code, Some(2), "{}{}", broken.stdout, broken.stderr);
    assert!(broken.stderr.contains("no.dbsnap"), "{}", broken.stderr);

    let started = dbwright(folder.path(), &["twin", "start", "shop.dbsnap"]);
    assert_eq!(started.code, Some(0), "{}", started.stderr);
    let twin = started.stdout.lines().next().unwrap().to_owned();
    assert!(
        started.stdout.contains("fidelity: approximate, on PostgreSQL 18"),
        "{}",
        started.stdout
    );
    let listed = dbwright(folder.path(), &["twin", "list"]);
    assert!(listed.stdout.starts_with(&format!("shop  {twin}")), "{}", listed.stdout);
    for query in [
        "SELECT * FROM public.orders WHERE state = 'open'",
        "SELECT * FROM public.orders WHERE state = 'done'",
    ] {
        let expected = plan(&url, query).await;
        assert_eq!(plan(&twin, query).await, expected, "{query}");
    }
    let query = "SELECT * FROM public.orders WHERE note = 'x'";
    let without = plan(&twin, query).await;
    let index = "CREATE INDEX CONCURRENTLY orders_note ON orders (note)";
    let made = dbwright(folder.path(), &["twin", "index", "shop", index]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    assert!(
        made.stdout.starts_with("public.orders_note on orders: btree, "),
        "{}",
        made.stdout
    );
    assert_ne!(plan(&twin, query).await, without);
    for (name, index) in [
        ("shop", "CREATE INDEX ON orders (none)"),
        ("shop", "DROP TABLE orders"),
        ("other", index),
    ] {
        let refused = dbwright(folder.path(), &["twin", "index", name, index]);
        assert!(
            matches!(refused.code, Some(2 | 3)),
            "{}{}",
            refused.stdout,
            refused.stderr
        );
    }
    let again = dbwright(folder.path(), &["twin", "start", "shop.dbsnap"]);
    assert_eq!(again.code, Some(2), "{}{}", again.stdout, again.stderr);

    let stopped = dbwright(folder.path(), &["twin", "stop", "shop"]);
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    let host = twin.rsplit_once("host=").unwrap().1;
    assert!(!Path::new(host).exists(), "{host} is still there");
    let listed = dbwright(folder.path(), &["twin", "list"]);
    assert!(!listed.stdout.contains("shop"), "{}", listed.stdout);
    let stopped = dbwright(folder.path(), &["twin", "stop", "shop"]);
    assert_eq!(stopped.code, Some(2), "{}{}", stopped.stdout, stopped.stderr);

    let foreign = dbwright(folder.path(), &["twin", "start", "no.dbsnap"]);
    assert_ne!(foreign.code, Some(0));
    assert!(foreign.stderr.contains("no.dbsnap"), "{}", foreign.stderr);
    session.close().await;
    server.stop().await.unwrap();
}

/// The process that keeps a twin, which runs in this folder.
#[cfg(target_os = "linux")]
fn keeper(folder: &Path) -> u32 {
    let folder = folder.canonicalize().unwrap();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut found = processes.filter_map(|process| {
        let id = process.file_name().to_str()?.parse().ok()?;
        let is_here = std::fs::read_link(process.path().join("cwd")).ok()? == folder;
        let command = std::fs::read(process.path().join("cmdline")).ok()?;
        (is_here && command.split(|byte| *byte == 0).any(|word| word == b"keep")).then_some(id)
    });
    found.next().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn nothing_of_a_twin_stays_when_its_keeper_is_killed() {
    let (server, session, url) = production().await;
    session
        .client
        .batch_execute("CREATE TABLE public.orders (id int PRIMARY KEY)")
        .await
        .unwrap();
    let folder = project(&[]);
    let captured = dbwright(folder.path(), &["capture", &url, "-o", "shop.dbsnap"]);
    assert_eq!(captured.code, Some(0), "{}", captured.stderr);
    for round in 0..2 {
        let started = dbwright(folder.path(), &["twin", "start", "shop.dbsnap"]);
        assert_eq!(started.code, Some(0), "{round}: {}", started.stderr);
        let host = started
            .stdout
            .lines()
            .next()
            .unwrap()
            .rsplit_once("host=")
            .unwrap()
            .1
            .to_owned();
        assert!(Path::new(&host).exists());
        let killed = std::process::Command::new("kill")
            .args(["-9", &keeper(folder.path()).to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        let begun = std::time::Instant::now();
        while Path::new(&host).exists() {
            assert!(begun.elapsed().as_secs() < 60, "{host} is still there");
            std::thread::yield_now();
        }
        let listed = dbwright(folder.path(), &["twin", "list"]);
        assert!(!listed.stdout.contains("shop"), "{}", listed.stdout);
    }
    session.close().await;
    server.stop().await.unwrap();
}

/// A snapshot that takes as long as anybody wants to build.
fn endless(file: &Path) {
    let bytes = std::fs::read(file).unwrap();
    let mut snapshot = dbwright_report::snapshot::read_snapshot(&bytes).unwrap();
    snapshot.schema.push(dbwright_catalog::SchemaStatement {
        object: "wait".to_owned(),
        sql: "SELECT pg_catalog.pg_sleep(600)".to_owned(),
    });
    std::fs::write(file, dbwright_report::snapshot::snapshot_file(&snapshot)).unwrap();
}

/// Whoever is interrupted while a twin is built, or stops it, has none running behind his back.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_twin_that_is_being_built_ends_with_the_command_and_can_be_stopped() {
    let (server, session, url) = production().await;
    let folder = project(&[]);
    let captured = dbwright(folder.path(), &["capture", &url, "-o", "shop.dbsnap"]);
    assert_eq!(captured.code, Some(0), "{}", captured.stderr);
    endless(&folder.path().join("shop.dbsnap"));
    for by_signal in [true, false] {
        let mut start = command(&["twin", "start", "shop.dbsnap"]);
        let mut start = start
            .current_dir(folder.path())
            .env("DBWRIGHT_CACHE", folder.path().join("cache"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let listed = || dbwright(folder.path(), &["twin", "list"]).stdout;
        wait_for("the beginning", || listed().contains("being built").then_some(()));
        let keeper = keeper(folder.path());
        let (host, server) = wait_for("the server of the twin", || server_of(keeper));
        if by_signal {
            rustix::process::kill_process(rustix::process::Pid::from_child(&start), rustix::process::Signal::INT)
                .unwrap();
            assert_eq!(start.wait().unwrap().code(), Some(130));
        } else {
            let index = dbwright(folder.path(), &["twin", "index", "shop", "CREATE INDEX ON t (a)"]);
            assert!(index.stderr.contains("still being built"), "{}", index.stderr);
            let stopped = dbwright(folder.path(), &["twin", "stop", "shop"]);
            assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
            let output = start.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(3), "{said}");
            assert!(said.contains("the twin was not built: it was stopped before"), "{said}");
        }
        wait_for("the end of the twin", || listed().is_empty().then_some(()));
        wait_for("the end of its server", || (!is_there(&host, server)).then_some(()));
    }
    session.close().await;
    server.stop().await.unwrap();
}
