//! A server of our own: started here, gone with dbwright.
//!
//! Template data directory ([`template`]) → copy in a scratch directory → server below a guard.

mod settings;
mod template;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use dbwright_catalog::{Engine, Server};
use mysql_async::{Conn, Opts, OptsBuilder};
use rustix::process::Signal;

use super::installation::{self, Installation};
use super::rights::{MIGRATOR, SUPERUSER};
use super::{Who, session};
use crate::LiveError;
use crate::scratch::ScratchOptions;
use crate::scratch::own::directory::{self, ScratchDirectory};
use crate::scratch::own::guard::{self, Guard};
use crate::scratch::own::user::{self, ServerUser};
use crate::scratch::own::{Purpose, blocking, copy, last_lines, no_space};
use crate::scratch::patience::Patience;

/// How long a server may take until it answers.
const START_LIMIT: Duration = Duration::from_mins(1);

/// How long a server may take to end in an orderly way.
const SHUT_DOWN_LIMIT: Duration = Duration::from_mins(1);

/// How long a guard may take to stop its server and to remove its folder.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// Less room than this, and an error that may mean it means that the disk is full.
const ROOM_MIN_BYTES: u64 = 8 << 20;

/// The server program that was chosen, and who runs it.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) installation: Installation,
    user: Option<ServerUser>,
    cache: PathBuf,
}

/// A running server with its folder.
pub(super) struct Cluster {
    // First, so that the server ends before anything else is let go.
    guard: Guard,
    directory: ScratchDirectory,
    databases: AtomicU32,
}

/// What a start brings: the server, a session of the one who may everything, and what the server says it is.
pub(super) type Started = (Cluster, Conn, Server);

/// Chooses the program. What dead runs left on this machine is cleaned up on the way.
pub(super) async fn choose(engine: Engine, options: &ScratchOptions) -> Result<Chosen, LiveError> {
    let (bin_dirs, version) = (options.bin_dirs.of(engine).to_vec(), options.version);
    let cache = options.cache.clone();
    blocking(move || {
        let installation = installation::choose(&installation::search(engine, &bin_dirs), version)?;
        let user = user::server_user(engine)?;
        if let Some(user) = &user {
            user.must_reach(engine, &installation.bin)?;
        }
        directory::sweep(user.as_ref());
        Ok(Chosen {
            installation,
            user,
            cache,
        })
    })
    .await
}

/// Starts a server and connects to it.
pub(super) async fn start(chosen: &Chosen, purpose: Purpose) -> Result<Started, LiveError> {
    let template = template::ready(chosen).await?;
    match start_on(chosen, template.data(), purpose).await {
        // A power failure may have left a template with holes: nothing is synced to disk here. Make it once more.
        Err(LiveError::ServerStopped { .. }) if template.is_old() => {
            template.discard();
            let template = template::ready(chosen).await?;
            start_on(chosen, template.data(), purpose).await
        }
        outcome => outcome,
    }
}

/// Starts a server on a copy of the data directory of a stopped one.
pub(super) async fn start_on(chosen: &Chosen, data: &Path, purpose: Purpose) -> Result<Started, LiveError> {
    let (data, owner, engine) = (data.to_path_buf(), chosen.user.clone(), chosen.installation.engine);
    let directory = blocking(move || {
        let directory = ScratchDirectory::create_for(purpose, engine, owner.as_ref())?;
        copy::tree(&data, &directory.data(), owner.as_ref()).map_err(|error| {
            LiveError::io(
                format!("copying a data directory to {}", directory.data().display()),
                error,
            )
        })?;
        Ok(directory)
    })
    .await?;
    Cluster::launch(chosen, directory, purpose).await
}

/// Stops a server in an orderly way and copies its data directory to `target`, which must not exist. The server is gone
/// afterwards.
pub(super) async fn stop_keeping(cluster: Cluster, admin: Conn, target: &Path) -> Result<(), LiveError> {
    session::close(admin).await;
    cluster.shut_down().await?;
    let (data, target) = (cluster.directory.data(), target.to_path_buf());
    let copied = blocking(move || {
        copy::tree(&data, &target, None).map_err(|error| LiveError::io(format!("writing {}", target.display()), error))
    })
    .await;
    copied.and(cluster.stop().await)
}

/// The same, and starts a server on the data again. Whether copying failed does not matter to the server.
pub(super) async fn keep(
    chosen: &Chosen,
    cluster: Cluster,
    admin: Conn,
    target: &Path,
) -> Result<(Cluster, Conn, std::io::Result<()>), LiveError> {
    session::close(admin).await;
    cluster.shut_down().await?;
    let (data, target, owner) = (cluster.directory.data(), target.to_path_buf(), chosen.user.clone());
    let engine = chosen.installation.engine;
    let (directory, copied) = blocking(move || {
        let copied = copy::tree(&data, &target, None);
        let directory = ScratchDirectory::create(engine, owner.as_ref())?;
        // The guard is about to remove its directory with the data in it.
        std::fs::rename(&data, directory.data())
            .or_else(|_| copy::tree(&data, &directory.data(), owner.as_ref()))
            .map_err(|error| LiveError::io("moving the data of a scratch server", error))?;
        Ok((directory, copied))
    })
    .await?;
    let databases = cluster.databases.load(Ordering::Relaxed);
    let (stopped, launched) = tokio::join!(cluster.stop(), Cluster::launch(chosen, directory, Purpose::Watching));
    stopped?;
    let (cluster, admin, _) = launched?;
    cluster.databases.store(databases, Ordering::Relaxed);
    Ok((cluster, admin, copied))
}

impl Chosen {
    /// What tells this build of the server from others, with the flags that it is run with.
    pub(super) fn identity(&self) -> String {
        let installation = &self.installation;
        let mut parts = vec![template::name(installation), stamp(&installation.program)];
        parts.extend(settings::of(installation, Purpose::Watching));
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
    format!("{} {} {changed:?}", path.display(), metadata.len())
}

impl Cluster {
    /// Starts the server whose data is in `directory`, and waits until it answers.
    async fn launch(chosen: &Chosen, mut directory: ScratchDirectory, purpose: Purpose) -> Result<Started, LiveError> {
        let installation = &chosen.installation;
        let mut arguments: Vec<OsString> = vec!["--no-defaults".into()];
        arguments.push(option("--datadir=", &directory.data()));
        arguments.push(option("--socket=", &socket(directory.path())));
        arguments.push(option("--tmpdir=", directory.path()));
        arguments.push(format!("--pid-file={}", directory::PID_FILE).into());
        arguments.extend(settings::of(installation, purpose).into_iter().map(OsString::from));
        let guard = Guard::start(
            installation.engine,
            directory.path(),
            &installation.program,
            &arguments,
            chosen.user.as_ref(),
        )?;
        // From here on the guard removes it, after the server has ended.
        directory.hand_over();
        let cluster = Cluster {
            guard,
            directory,
            databases: AtomicU32::new(0),
        };
        let mut admin = cluster.wait_until_ready(&installation.program).await?;
        let server = session::server(&mut admin).await?;
        Ok((cluster, admin, server))
    }

    async fn wait_until_ready(&self, program: &Path) -> Result<Conn, LiveError> {
        let options = self.options(None, Who::Observer);
        let mut patience = Patience::new(START_LIMIT);
        loop {
            // Before the attempt: what happens in between is seen in the next round.
            let ended = guard::server_ended(self.directory.path());
            // Connecting before the socket is there costs next to nothing.
            match session::open(options.clone()).await {
                Ok(session) => return Ok(session),
                Err(_) if ended => return Err(self.stopped()),
                Err(error) if patience.is_exhausted() => {
                    return Err(LiveError::ServerProgram {
                        program: program.display().to_string(),
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

    /// How to connect to a database of this server, or to none.
    pub(super) fn options(&self, database: Option<&str>, who: Who) -> Opts {
        let base = OptsBuilder::default()
            .socket(Some(socket(self.directory.path()).to_string_lossy()))
            .db_name(database)
            .user(Some(match who {
                Who::Migrator => MIGRATOR,
                Who::Observer => SUPERUSER,
            }));
        session::options(base).into()
    }

    /// Where it listens.
    pub(super) fn socket(&self) -> PathBuf {
        socket(self.directory.path())
    }

    pub(super) fn next_database(&self) -> String {
        format!("dbwright_{}", self.databases.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Stops the server in an orderly way, so that its files are complete.
    async fn shut_down(&self) -> Result<(), LiveError> {
        let pid = directory::server_pid(&self.directory.data()).ok_or_else(|| self.stopped())?;
        rustix::process::kill_process(pid, Signal::TERM)
            .map_err(|error| LiveError::io("stopping a scratch server", error.into()))?;
        let mut patience = Patience::new(SHUT_DOWN_LIMIT);
        while !guard::server_ended(self.directory.path()) {
            if patience.is_exhausted() {
                return Err(LiveError::TooLong {
                    doing: "stopping a scratch server".to_owned(),
                    limit: SHUT_DOWN_LIMIT,
                });
            }
            patience.pause().await;
        }
        Ok(())
    }

    /// Stops the server, and waits until its folder is gone.
    pub(super) async fn stop(mut self) -> Result<(), LiveError> {
        self.guard.finish(STOP_LIMIT).await?;
        // The guard did it, unless somebody killed it.
        let path = self.directory.path().to_path_buf();
        blocking(move || directory::remove(&path)).await
    }

    /// The same error, or the reason behind it if the server is gone or has no room.
    pub(super) async fn why(&self, error: LiveError) -> LiveError {
        let broken = match &error {
            // 1053: the server is shutting down; 1317: a statement was interrupted, which that does as well.
            LiveError::MySqlFamily { source, .. } => {
                source.is_fatal() || matches!(session::code(&error), Some(1053 | 1317))
            }
            LiveError::TooLong { .. } => true,
            _ => false,
        };
        if broken {
            // A session hears of the end before the guard has written it down.
            let mut patience = Patience::new(Duration::from_secs(2));
            while !patience.is_exhausted() {
                if guard::server_ended(self.directory.path()) {
                    return self.stopped();
                }
                patience.pause().await;
            }
        }
        // 1114: a table is full, which is said of a full disk and of a full table in memory.
        if session::code(&error) == Some(1114) && directory::free_bytes(self.directory.path()) < ROOM_MIN_BYTES {
            return LiveError::DiskFull {
                place: format!("{} ({error})", self.directory.path().display()),
            };
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

/// Where the server of a directory listens.
fn socket(directory: &Path) -> PathBuf {
    directory.join("socket")
}

/// An option whose value is a path.
fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(path);
    option
}
