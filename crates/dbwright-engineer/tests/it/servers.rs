//! Where the tests find their servers: what `cargo xtask engines` has installed.

use std::path::PathBuf;

use dbwright_catalog::{Engine, Version};
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Who as MySqlFamilyWho};
use dbwright_live::scratch::postgres::{PostgresScratch, Who};
use dbwright_live::scratch::{BinDirs, Scratch, ScratchOptions};
use mysql_async::prelude::Queryable as _;

/// The majors that every change is tested on.
const POSTGRES_MAJORS: [u32; 2] = [15, 18];

/// The folder with the server programs of a PostgreSQL major version.
pub(crate) fn postgres(major: u32) -> PathBuf {
    let found = manifest()
        .into_iter()
        .find(|(engine, version, _)| engine == "postgres" && version.split('.').next() == Some(&major.to_string()));
    let (_, _, bin) = found.unwrap_or_else(|| panic!("no PostgreSQL {major}: run `cargo xtask engines`"));
    bin
}

/// The majors of PostgreSQL to test on: those of `DBWRIGHT_TEST_MAJORS` (`15,18`), else those of every change.
pub(crate) fn majors() -> Vec<u32> {
    match std::env::var("DBWRIGHT_TEST_MAJORS") {
        Ok(majors) => majors.split(',').map(|major| major.trim().parse().unwrap()).collect(),
        Err(_) => POSTGRES_MAJORS.to_vec(),
    }
}

/// Where the template clusters of the tests are kept.
pub(crate) fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("clusters")
}

/// A server of a major version, for one test.
pub(crate) async fn scratch(major: u32) -> PostgresScratch {
    let options = ScratchOptions {
        url: None,
        version: Some(Version::new(major, 0, 0)),
        cache: cache(),
        bin_dirs: BinDirs {
            postgres: vec![postgres(major)],
            ..BinDirs::default()
        },
    };
    PostgresScratch::start(&options)
        .await
        .expect("the scratch server starts")
}

/// The servers of MySQL and MariaDB that every change is tested on, by major version. MySQL is of that one or a newer.
pub(crate) const MYSQL_FAMILY: [(Engine, u32); 3] = [(Engine::MySql, 9), (Engine::MariaDb, 10), (Engine::MariaDb, 11)];

/// A server of MySQL or MariaDB, for one test.
pub(crate) async fn mysql_family(engine: Engine, major: u32) -> MySqlFamilyScratch {
    let (version, bin_dirs) = mysql_family_bin(engine, major);
    let options = ScratchOptions {
        url: None,
        version: Some(version),
        cache: cache(),
        bin_dirs,
    };
    MySqlFamilyScratch::start(engine, &options)
        .await
        .expect("the scratch server starts")
}

/// The programs of a server of MySQL or MariaDB, and their exact version.
pub(crate) fn mysql_family_bin(engine: Engine, major: u32) -> (Version, BinDirs) {
    let found = manifest().into_iter().find_map(|(name, version, bin)| {
        let version: Version = version.parse().ok()?;
        let is_it = version.major == major || engine == Engine::MySql && version.major > major;
        (name == engine.name() && is_it).then_some((version, bin))
    });
    let (version, bin) = found.unwrap_or_else(|| panic!("no {engine} {major}: run `cargo xtask engines`"));
    let mut bin_dirs = BinDirs::default();
    match engine {
        Engine::MySql => bin_dirs.mysql.push(bin),
        Engine::MariaDb => bin_dirs.mariadb.push(bin),
        Engine::Postgres | Engine::Sqlite => panic!("{engine} is none of the two"),
    }
    (version, bin_dirs)
}

/// Engine, version, folder with its programs. The folder is that of `cargo xtask engines`.
fn manifest() -> Vec<(String, String, PathBuf)> {
    let folder = match std::env::var_os("DBWRIGHT_ENGINES") {
        Some(folder) => PathBuf::from(folder),
        None if rustix::process::geteuid().is_root() => PathBuf::from("/var/cache/dbwright-engines"),
        None => std::env::home_dir().unwrap().join(".cache/dbwright-engines"),
    };
    let file = folder.join("manifest.tsv");
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask engines`", file.display()));
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split('\t').map(str::to_owned);
            Some((fields.next()?, fields.next()?, PathBuf::from(fields.next()?)))
        })
        .collect()
}

/// The URL by which a user would reach a database of a scratch server.
pub(crate) async fn url(scratch: &Scratch, database: &str) -> String {
    match scratch {
        Scratch::Postgres(scratch) => {
            let session = scratch.connect(database, Who::Observer).await.unwrap();
            let row = session
                .client
                .query_one("SHOW unix_socket_directories", &[])
                .await
                .unwrap();
            let (folder, user): (String, String) = (
                row.get(0),
                session
                    .client
                    .query_one("SELECT current_user::text", &[])
                    .await
                    .unwrap()
                    .get(0),
            );
            session.close().await;
            format!("postgres://{user}@/{database}?host={folder}")
        }
        Scratch::MySqlFamily(scratch) => {
            let mut session = scratch.connect(database, MySqlFamilyWho::Observer).await.unwrap();
            let socket: String = session.query_first("SELECT @@socket").await.unwrap().unwrap();
            for sql in [
                "CREATE USER IF NOT EXISTS reader@localhost IDENTIFIED BY 's3cret'".to_owned(),
                format!("GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE ON `{database}`.* TO reader@localhost"),
            ] {
                session.query_drop(sql).await.unwrap();
            }
            let _ = session.disconnect().await;
            format!("mysql://reader:s3cret@localhost/{database}?socket={socket}")
        }
        Scratch::Sqlite(_) => format!("sqlite:{database}"),
    }
}
