//! A server of our own: started here, gone with dbwright.
//!
//! Template cluster ([`template`]) → copy in a scratch directory ([`directory`]) → server below a guard ([`guard`]).

mod copy;
mod directory;
mod guard;
mod template;
mod user;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dbwright_catalog::{Engine, Server, Version};
use tokio_postgres::{Config, SimpleQueryMessage};

use self::directory::ScratchDirectory;
use self::guard::Guard;
use self::user::ServerUser;
use super::installation::{self, Installation};
use super::patience::Patience;
use super::session::CONNECT_LIMIT;
use super::{ADMIN_SESSION, ScratchOptions, Session, Who};
use crate::LiveError;

/// The role that runs migrations: what it is mostly called where migrations are written, but without its rights.
pub(super) const MIGRATOR: &str = "postgres";

/// The superuser of our clusters.
const SUPERUSER: &str = "dbwright";

/// How long a server may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How long a guard may take to stop its server and to remove its folder.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// So many lines of a server's log are shown.
const LOG_LINES: usize = 12;

/// What every scratch server is started with.
///
/// Nothing has to survive a crash (`fsync` and the like), nothing may move by itself while statements are watched
/// (`autovacuum`), memory and processes are kept few. `wal_level` stays `replica`, the default of every server:
/// `minimal` skips work that production does, `logical` would hide the warning that `CREATE PUBLICATION` gives there.
/// A crash of one session must not be repaired silently (`restart_after_crash`).
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "port=5432",
    "unix_socket_permissions=0700",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=16MB",
    "max_connections=30",
    "max_locks_per_transaction=256",
    "max_wal_size=64MB",
    "checkpoint_timeout=1h",
    "dynamic_shared_memory_type=mmap",
    "autovacuum=off",
    "jit=off",
    "track_counts=on",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_min_error_statement=panic",
    "logging_collector=off",
    "log_destination=stderr",
    "restart_after_crash=off",
    "max_logical_replication_workers=0",
];

/// Settings that came with a major version.
const LATER_SETTINGS: &[(u32, &str)] = &[
    // What a migration does with a role it made has to work as it does for the superuser it was mostly written for.
    (16, "createrole_self_grant=set, inherit"),
    // No I/O worker processes.
    (18, "io_method=sync"),
];

/// A running server with its folder.
pub(super) struct Cluster {
    // First, so that the server ends before anything else is let go.
    guard: Guard,
    directory: ScratchDirectory,
    databases: AtomicU32,
}

/// Starts a server and connects to it.
pub(super) async fn start(options: &ScratchOptions) -> Result<(Cluster, Session, Server), LiveError> {
    let (bin_dirs, major) = (options.bin_dirs.clone(), options.major);
    let (installation, user) = blocking(move || {
        let installation = installation::choose(&installation::search(&bin_dirs), major)?;
        let user = user::server_user()?;
        if let Some(user) = &user {
            user.must_reach(&installation.bin)?;
        }
        directory::sweep(user.as_ref());
        Ok((installation, user))
    })
    .await?;
    let template = template::ready(&installation, &options.cache, user.as_ref()).await?;
    match start_copy(&installation, template.data(), user.as_ref()).await {
        // A power failure may have left a template with holes: nothing is synced to disk here. Make it once more.
        Err(LiveError::ServerStopped { .. }) if template.is_old() => {
            template.discard();
            let template = template::ready(&installation, &options.cache, user.as_ref()).await?;
            start_copy(&installation, template.data(), user.as_ref()).await
        }
        outcome => outcome,
    }
}

async fn start_copy(
    installation: &Installation,
    template: &Path,
    user: Option<&ServerUser>,
) -> Result<(Cluster, Session, Server), LiveError> {
    let (template, owner) = (template.to_path_buf(), user.cloned());
    let directory = blocking(move || {
        let directory = ScratchDirectory::create(owner.as_ref())?;
        copy::tree(&template, &directory.data(), owner.as_ref()).map_err(|error| {
            LiveError::io(
                format!("copying the template cluster to {}", directory.data().display()),
                error,
            )
        })?;
        Ok(directory)
    })
    .await?;
    let (cluster, admin) = Cluster::launch(installation, directory, user).await?;
    let server = ask_version(&admin).await?;
    Ok((cluster, admin, server))
}

impl Cluster {
    /// Starts the server whose data is in `directory`, and waits until it answers.
    async fn launch(
        installation: &Installation,
        mut directory: ScratchDirectory,
        user: Option<&ServerUser>,
    ) -> Result<(Self, Session), LiveError> {
        let major = installation.version.major;
        let mut arguments = vec!["-D".into(), directory.data().into_os_string()];
        let later = LATER_SETTINGS.iter().filter(|(since, _)| major >= *since);
        for setting in SETTINGS.iter().copied().chain(later.map(|(_, setting)| *setting)) {
            arguments.extend(["-c".into(), setting.into()]);
        }
        let mut sockets = std::ffi::OsString::from("unix_socket_directories=");
        sockets.push(directory.path());
        arguments.extend(["-c".into(), sockets]);
        let guard = Guard::start(directory.path(), &installation.bin.join("postgres"), &arguments, user)?;
        // From here on the guard removes it, after the server has ended.
        directory.hand_over();
        let cluster = Cluster {
            guard,
            directory,
            databases: AtomicU32::new(0),
        };
        let admin = cluster.wait_until_ready().await?;
        Ok((cluster, admin))
    }

    async fn wait_until_ready(&self) -> Result<Session, LiveError> {
        let config = self.config("postgres", Who::Observer);
        let mut patience = Patience::new(START_LIMIT);
        loop {
            // Before the attempt: what happens in between is seen in the next round.
            let ended = guard::server_ended(self.directory.path());
            // Connecting before the socket is there costs next to nothing.
            match Session::open(&config, ADMIN_SESSION).await {
                Ok(session) => return Ok(session),
                Err(_) if ended => return Err(self.stopped()),
                Err(error) if patience.is_exhausted() => {
                    return Err(LiveError::ServerProgram {
                        program: "postgres".to_owned(),
                        output: format!(
                            "no answer within {} s ({error})\n{}",
                            START_LIMIT.as_secs(),
                            self.last_words()
                        ),
                    });
                }
                Err(_) => patience.pause().await,
            }
        }
    }

    /// How to connect to a database of this server.
    pub(super) fn config(&self, database: &str, who: Who) -> Config {
        let mut config = Config::new();
        config
            .host_path(self.directory.path())
            .port(5432)
            .dbname(database)
            .application_name("dbwright")
            .connect_timeout(CONNECT_LIMIT)
            .user(match who {
                Who::Migrator => MIGRATOR,
                Who::Observer => SUPERUSER,
            });
        config
    }

    pub(super) fn next_database(&self) -> String {
        format!("dbwright_{}", self.databases.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Stops the server, and waits until its folder is gone.
    pub(super) async fn stop(mut self) -> Result<(), LiveError> {
        self.guard.finish(STOP_LIMIT).await?;
        // The guard did it, unless somebody killed it.
        let path = self.directory.path().to_path_buf();
        blocking(move || directory::remove(&path)).await
    }

    /// The same error, or the reason behind it if the server is gone.
    pub(super) async fn why(&self, error: LiveError) -> LiveError {
        let broken = match &error {
            LiveError::Postgres { source, .. } => {
                source.is_closed()
                    || source
                        .as_db_error()
                        .is_none_or(|error| error.code().code().starts_with("57P"))
            }
            LiveError::TooLong { .. } => true,
            _ => false,
        };
        if !broken {
            return error;
        }
        // A session hears of the end before the guard has written it down.
        let mut patience = Patience::new(Duration::from_secs(2));
        while !patience.is_exhausted() {
            if guard::server_ended(self.directory.path()) {
                return self.stopped();
            }
            patience.pause().await;
        }
        error
    }

    fn stopped(&self) -> LiveError {
        let log = self.last_words();
        if no_space(&log) {
            return LiveError::DiskFull {
                place: format!("{} (the scratch server stopped)", self.directory.path().display()),
            };
        }
        LiveError::ServerStopped { log }
    }

    fn last_words(&self) -> String {
        last_lines(&guard::log_file(self.directory.path()))
    }
}

/// Whether what a program of the server said means that the disk is full.
fn no_space(text: &str) -> bool {
    text.contains("No space left on device") || text.contains("Disk quota exceeded")
}

fn last_lines(file: &Path) -> String {
    let bytes = std::fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return "(it has written nothing)".to_owned();
    }
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}

async fn ask_version(session: &Session) -> Result<Server, LiveError> {
    let answer = session.client.simple_query("SHOW server_version").await;
    let answer = answer.map_err(|error| LiveError::postgres("asking for the version", error))?;
    let version: Option<Version> = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).and_then(|text| text.parse().ok()),
        _ => None,
    });
    version
        .map(|version| Server {
            engine: Engine::Postgres,
            version,
        })
        .ok_or_else(|| LiveError::Unsupported {
            what: "the server does not tell its version".to_owned(),
        })
}

/// Runs what reads and writes files where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LiveError> + Send + 'static,
) -> Result<T, LiveError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(LiveError::io("working with files", std::io::Error::other(error))))
}

/// The environment of the server's programs: nothing of ours, which may hold secrets, but what a loader needs.
fn environment() -> impl Iterator<Item = (String, std::ffi::OsString)> {
    const KEPT: &[&str] = &[
        "PATH",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "DYLD_FALLBACK_LIBRARY_PATH",
        "LOCALE_ARCHIVE",
    ];
    KEPT.iter()
        .filter_map(|name| std::env::var_os(name).map(|value| ((*name).to_owned(), value)))
        .chain([("LC_ALL".to_owned(), "C".into())])
}

/// A program of an installation.
fn program(installation: &Installation, name: &str) -> PathBuf {
    installation.bin.join(name)
}
