//! Where the tests find their servers: what `cargo xtask engines` has installed.

use std::path::PathBuf;

use dbwright_catalog::{Engine, Version};
use dbwright_live::scratch::mysql_family::MySqlFamilyScratch;
use dbwright_live::scratch::postgres::PostgresScratch;
use dbwright_live::scratch::{BinDirs, ScratchOptions};

/// The majors that every change is tested on.
pub(crate) const POSTGRES_MAJORS: [u32; 2] = [15, 18];

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

/// What a test's own server of a major version is started with.
pub(crate) fn scratch_options(major: u32) -> ScratchOptions {
    ScratchOptions {
        url: None,
        version: Some(Version::new(major, 0, 0)),
        cache: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("clusters"),
        bin_dirs: BinDirs {
            postgres: vec![postgres(major)],
            ..BinDirs::default()
        },
    }
}

/// A server of a major version, for one test.
pub(crate) async fn scratch(major: u32) -> PostgresScratch {
    PostgresScratch::start(&scratch_options(major)).await.unwrap()
}

/// The servers of MySQL and MariaDB that every change is tested on, by major version. MySQL is of that one or a newer.
pub(crate) const MYSQL_FAMILY: [(Engine, u32); 3] = [(Engine::MySql, 9), (Engine::MariaDb, 10), (Engine::MariaDb, 11)];

/// A server of MySQL or MariaDB, for one test.
pub(crate) async fn mysql_family(engine: Engine, major: u32) -> MySqlFamilyScratch {
    installed(engine, major).scratch().await
}

/// A server program of MySQL or MariaDB.
#[derive(Clone, Debug)]
pub(crate) struct Installed {
    pub(crate) engine: Engine,
    pub(crate) version: Version,
    pub(crate) bin: PathBuf,
}

/// The one of a major version.
pub(crate) fn installed(engine: Engine, major: u32) -> Installed {
    let found = manifest().into_iter().find_map(|(name, version, bin)| {
        let version: Version = version.parse().ok()?;
        let is_it = version.major == major || engine == Engine::MySql && version.major > major;
        (name == engine.name() && is_it).then_some(Installed { engine, version, bin })
    });
    found.unwrap_or_else(|| panic!("no {engine} {major}: run `cargo xtask engines`"))
}

impl Installed {
    /// What a test's own server is started with.
    pub(crate) fn options(&self) -> ScratchOptions {
        let mut options = ScratchOptions {
            version: Some(self.version),
            cache: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("clusters"),
            ..ScratchOptions::default()
        };
        match self.engine {
            Engine::MySql => options.bin_dirs.mysql.push(self.bin.clone()),
            Engine::MariaDb => options.bin_dirs.mariadb.push(self.bin.clone()),
            Engine::Postgres | Engine::Sqlite => {}
        }
        options
    }

    /// A server for one test.
    pub(crate) async fn scratch(&self) -> MySqlFamilyScratch {
        MySqlFamilyScratch::start(self.engine, &self.options()).await.unwrap()
    }
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
