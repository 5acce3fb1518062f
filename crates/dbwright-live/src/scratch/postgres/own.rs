//! A server of our own: started here, gone with dbwright.
//!
//! Template cluster ([`template`]) → copy in a scratch directory ([`directory`]) → server below a guard ([`guard`]).

mod template;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use dbwright_catalog::{Engine, Server, Version};
use rustix::process::Signal;
use tokio_postgres::{Config, SimpleQueryMessage};

use super::installation::{self, Installation};
use super::session::CONNECT_LIMIT;
use super::{ADMIN_SESSION, ScratchOptions, Session, Who};
use crate::LiveError;
use crate::scratch::own::directory::{self, ScratchDirectory};
use crate::scratch::own::guard::{self, Guard};
use crate::scratch::own::user::{self, ServerUser};
use crate::scratch::own::{Purpose, blocking, copy, last_lines, no_space};
use crate::scratch::patience::Patience;

/// The role that runs migrations: what it is mostly called where migrations are written, but without its rights.
pub(super) const MIGRATOR: &str = "postgres";

/// The superuser of our clusters.
pub(super) const SUPERUSER: &str = "dbwright";

/// How long a server may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How long a guard may take to stop its server and to remove its folder.
const STOP_LIMIT: Duration = Duration::from_secs(10);

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
    // A stopped cluster is kept: nothing in it that nobody needs.
    "min_wal_size=2MB",
    "wal_recycle=off",
    "wal_init_zero=off",
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

/// What else a server is started with on which work is timed: what all servers have by default, and of the settings above
/// only those that keep it to itself.
const TIMING: &[&str] = &[
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "shared_buffers=128MB",
    "max_wal_size=1GB",
    "min_wal_size=80MB",
    "wal_recycle=on",
    "wal_init_zero=on",
    "checkpoint_timeout=5min",
    "jit=on",
];

/// Settings that came with a major version.
const LATER_SETTINGS: &[(u32, &str)] = &[
    // What a migration does with a role it made has to work as it does for the superuser it was mostly written for.
    (16, "createrole_self_grant=set, inherit"),
    // No I/O worker processes.
    (18, "io_method=sync"),
];

/// What a server is started with.
fn settings(major: u32, purpose: Purpose) -> impl Iterator<Item = &'static str> {
    let later = LATER_SETTINGS.iter().filter(move |(since, _)| major >= *since);
    let timing = match purpose {
        Purpose::Watching => &[],
        Purpose::Timing => TIMING,
    };
    let later = later.map(|(_, setting)| *setting);
    // The last word counts.
    SETTINGS.iter().copied().chain(later).chain(timing.iter().copied())
}

/// A running server with its folder.
pub(super) struct Cluster {
    // First, so that the server ends before anything else is let go.
    guard: Guard,
    directory: ScratchDirectory,
    databases: AtomicU32,
}

/// The server programs that were chosen, and who runs them.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    pub(super) installation: Installation,
    user: Option<ServerUser>,
    cache: PathBuf,
}

/// Chooses the programs. What dead runs left on this machine is cleaned up on the way.
pub(super) async fn choose(options: &ScratchOptions) -> Result<Programs, LiveError> {
    let (bin_dirs, major, cache) = (
        options.bin_dirs.postgres.clone(),
        options.version.map(|version| version.major),
        options.cache.clone(),
    );
    blocking(move || {
        let installation = installation::choose(&installation::search(&bin_dirs, &cache), major)?;
        let user = user::server_user(Engine::Postgres)?;
        if let Some(user) = &user {
            user.must_reach(Engine::Postgres, &installation.bin)?;
        }
        directory::sweep(user.as_ref());
        Ok(Programs {
            installation,
            user,
            cache,
        })
    })
    .await
}

/// Starts a server and connects to it.
pub(super) async fn start(programs: &Programs, purpose: Purpose) -> Result<(Cluster, Session, Server), LiveError> {
    let Programs {
        installation,
        user,
        cache,
    } = programs;
    let template = template::ready(installation, cache, user.as_ref()).await?;
    match start_on(programs, template.data(), purpose).await {
        // A power failure may have left a template with holes: nothing is synced to disk here. Make it once more.
        Err(LiveError::ServerStopped { .. }) if template.is_old() => {
            template.discard();
            let template = template::ready(installation, cache, user.as_ref()).await?;
            start_on(programs, template.data(), purpose).await
        }
        outcome => outcome,
    }
}

/// Starts a server on a copy of the data directory of a stopped one.
pub(super) async fn start_on(
    programs: &Programs,
    data: &Path,
    purpose: Purpose,
) -> Result<(Cluster, Session, Server), LiveError> {
    let (data, owner) = (data.to_path_buf(), programs.user.clone());
    let directory = blocking(move || {
        let directory = ScratchDirectory::create_for(purpose, Engine::Postgres, owner.as_ref())?;
        copy::tree(&data, &directory.data(), owner.as_ref()).map_err(|error| {
            LiveError::io(
                format!("copying the template cluster to {}", directory.data().display()),
                error,
            )
        })?;
        Ok(directory)
    })
    .await?;
    let (cluster, admin) = Cluster::launch(&programs.installation, directory, programs.user.as_ref(), purpose).await?;
    let server = ask_version(&admin).await?;
    Ok((cluster, admin, server))
}

/// Stops a server in an orderly way, copies its data directory to `target` (which must not exist), and starts a server on
/// the data again. All sessions but `admin` must be closed. Whether copying failed does not matter to the server.
pub(super) async fn keep(
    programs: &Programs,
    cluster: Cluster,
    admin: Session,
    target: &Path,
) -> Result<(Cluster, Session, std::io::Result<()>), LiveError> {
    admin.close().await;
    cluster.shut_down().await?;
    let (data, target, owner) = (cluster.directory.data(), target.to_path_buf(), programs.user.clone());
    let (directory, copied) = blocking(move || {
        let copied = copy::tree(&data, &target, None);
        let directory = ScratchDirectory::create(Engine::Postgres, owner.as_ref())?;
        // The guard is about to remove its directory with the data in it.
        std::fs::rename(&data, directory.data())
            .or_else(|_| copy::tree(&data, &directory.data(), owner.as_ref()))
            .map_err(|error| LiveError::io("moving the data of a scratch server", error))?;
        Ok((directory, copied))
    })
    .await?;
    let databases = cluster.databases.load(Ordering::Relaxed);
    let (stopped, launched) = tokio::join!(
        cluster.stop(),
        Cluster::launch(
            &programs.installation,
            directory,
            programs.user.as_ref(),
            Purpose::Watching
        )
    );
    stopped?;
    let (cluster, admin) = launched?;
    cluster.databases.store(databases, Ordering::Relaxed);
    Ok((cluster, admin, copied))
}

/// Stops a server in an orderly way, lets `write` change its data directory, and starts a server on the data again. All
/// sessions but `admin` must be closed. New files are given to the user of the server by what `write` is handed.
pub(super) async fn rearrange(
    programs: &Programs,
    cluster: Cluster,
    admin: Session,
    write: impl FnOnce(&Path, &dyn Fn(&Path) -> std::io::Result<()>) -> std::io::Result<()> + Send + 'static,
) -> Result<(Cluster, Session), LiveError> {
    admin.close().await;
    cluster.shut_down().await?;
    let (data, owner) = (cluster.directory.data(), programs.user.clone());
    let directory = blocking(move || {
        let directory = ScratchDirectory::create(Engine::Postgres, owner.as_ref())?;
        // The guard is about to remove its directory with the data in it.
        std::fs::rename(&data, directory.data())
            .or_else(|_| copy::tree(&data, &directory.data(), owner.as_ref()))
            .map_err(|error| LiveError::io("moving the data of a scratch server", error))?;
        let give = |path: &Path| match &owner {
            Some(user) => std::os::unix::fs::lchown(path, Some(user.uid), Some(user.gid)),
            None => Ok(()),
        };
        write(&directory.data(), &give).map_err(|error| LiveError::io("writing the files of a twin", error))?;
        Ok(directory)
    })
    .await?;
    let databases = cluster.databases.load(Ordering::Relaxed);
    let (stopped, launched) = tokio::join!(
        cluster.stop(),
        Cluster::launch(
            &programs.installation,
            directory,
            programs.user.as_ref(),
            Purpose::Watching
        )
    );
    stopped?;
    let (cluster, admin) = launched?;
    cluster.databases.store(databases, Ordering::Relaxed);
    Ok((cluster, admin))
}

impl Programs {
    /// What tells this build of the server from others, with the flags and settings that it is run with and the
    /// extensions that are there for it.
    pub(super) fn identity(&self) -> String {
        let installation = &self.installation;
        let binary = program(installation, "postgres");
        let mut parts = vec![template::name(installation), stamp(&binary)];
        let major = installation.version.major;
        parts.extend(settings(major, Purpose::Watching).map(str::to_owned));
        // An extension that is installed later runs what failed before.
        let folders = [
            installation.bin.join("../share/extension"),
            installation.bin.join("../share/postgresql/extension"),
            installation.bin.join(format!("../share/postgresql@{major}/extension")),
            PathBuf::from(format!("/usr/share/postgresql/{major}/extension")),
        ];
        parts.extend(folders.iter().map(|folder| stamp(folder)));
        parts.join("\n")
    }
}

/// Where a file lies and when it was changed last; nothing of a file that is not there.
fn stamp(path: &Path) -> String {
    let Ok(metadata) = path.metadata() else {
        return String::new();
    };
    let changed = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!("{} {} {:?}", path.display(), metadata.len(), changed)
}

impl Cluster {
    /// Stops the server in an orderly way, so that its files are complete.
    async fn shut_down(&self) -> Result<(), LiveError> {
        let pid = directory::server_pid(&self.directory.data()).ok_or_else(|| self.stopped())?;
        // `SIGINT` is a fast shutdown.
        rustix::process::kill_process(pid, Signal::INT)
            .map_err(|error| LiveError::io("stopping a scratch server", error.into()))?;
        let mut patience = Patience::new(START_LIMIT);
        while !guard::server_ended(self.directory.path()) {
            if patience.is_exhausted() {
                return Err(LiveError::TooLong {
                    doing: "stopping a scratch server".to_owned(),
                    limit: START_LIMIT,
                });
            }
            patience.pause().await;
        }
        Ok(())
    }

    /// Starts the server whose data is in `directory`, and waits until it answers.
    async fn launch(
        installation: &Installation,
        mut directory: ScratchDirectory,
        user: Option<&ServerUser>,
        purpose: Purpose,
    ) -> Result<(Self, Session), LiveError> {
        let mut arguments = vec!["-D".into(), directory.data().into_os_string()];
        for setting in settings(installation.version.major, purpose) {
            arguments.extend(["-c".into(), setting.into()]);
        }
        let mut sockets = std::ffi::OsString::from("unix_socket_directories=");
        sockets.push(directory.path());
        arguments.extend(["-c".into(), sockets]);
        let guard = Guard::start(
            Engine::Postgres,
            directory.path(),
            &installation.bin.join("postgres"),
            &arguments,
            user,
        )?;
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

    /// Where its socket and its data are.
    pub(super) fn folder(&self) -> &Path {
        self.directory.path()
    }

    /// The next databases get numbers above this one.
    pub(super) fn skip_databases(&self, number: u32) {
        self.databases.fetch_max(number, Ordering::Relaxed);
    }

    /// The number of the newest database.
    pub(super) fn databases(&self) -> u32 {
        self.databases.load(Ordering::Relaxed)
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

/// A program of an installation.
fn program(installation: &Installation, name: &str) -> PathBuf {
    installation.bin.join(name)
}
