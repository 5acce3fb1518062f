//! Template clusters: made once per server build, kept in the cache, copied for each run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use tokio::process::Command;

use super::super::installation::Installation;
use super::super::patience::Patience;
use super::super::{equipment, quote_identifier};
use super::directory::{self, ScratchDirectory};
use super::user::ServerUser;
use super::{Cluster, MIGRATOR, SUPERUSER, blocking, copy, environment, no_space, program};
use crate::LiveError;

/// Number of the recipe. Raise it when a change of this file makes another cluster out of the same flags and SQL.
const RECIPE: u32 = 1;

/// How a cluster is made: no password (only we can reach its socket), the plain locale, small log files.
const INITDB: &[&str] = &[
    "--auth=trust",
    "--no-locale",
    "-E",
    "UTF8",
    "--no-sync",
    "--wal-segsize=1",
];

/// How long `initdb` may take.
const INITDB_LIMIT: Duration = Duration::from_mins(2);

/// How long another run may take to make the template that we need too; after that we make one for ourselves.
const WAIT_LIMIT: Duration = Duration::from_mins(1);

/// A cluster to copy.
pub(super) struct Template {
    data: PathBuf,
    old: bool,
    // For a template that could not be kept.
    _workplace: Option<ScratchDirectory>,
}

impl Template {
    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// Whether it was found and not made just now.
    pub(super) fn is_old(&self) -> bool {
        self.old
    }

    /// Removes it from the cache.
    pub(super) fn discard(self) {
        // If it can't be removed, the next attempt fails as this one did and says so.
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// The template for an installation; made now if there is none.
pub(super) async fn ready(
    installation: &Installation,
    cache: &Path,
    user: Option<&ServerUser>,
) -> Result<Template, LiveError> {
    let data = cache.join(name(installation));
    let old = Template {
        data: data.clone(),
        old: true,
        _workplace: None,
    };
    if data.exists() {
        return Ok(old);
    }
    let lock = lock(cache, &data).await;
    // Whom we waited for has made it.
    if data.exists() {
        return Ok(old);
    }
    let workplace = make(installation, user).await?;
    let Some(_lock) = lock else {
        return Ok(Template {
            data: workplace.data(),
            old: false,
            _workplace: Some(workplace),
        });
    };
    blocking(move || match keep(&workplace.data(), &data) {
        Ok(()) => Ok(Template {
            data,
            old: false,
            _workplace: None,
        }),
        Err(_) => Ok(Template {
            data: workplace.data(),
            old: false,
            _workplace: Some(workplace),
        }),
    })
    .await
}

/// Names the build, the flags and the SQL that a template comes from.
fn name(installation: &Installation) -> String {
    let mut hash = Fnv::default();
    hash.add(&installation.build);
    hash.add(&installation.bin.to_string_lossy());
    hash.add(&RECIPE.to_string());
    for flag in flags(installation) {
        hash.add(flag);
    }
    hash.add(&recipe(installation.version.major));
    format!("postgres-{}-{:016x}", installation.version, hash.0)
}

fn flags(installation: &Installation) -> impl Iterator<Item = &'static str> {
    // Since 18 checksums are on by default; they cost time, and pages of a copy are going to be written by us.
    let later = (installation.version.major >= 18).then_some("--no-data-checksums");
    INITDB.iter().copied().chain(later)
}

/// The SQL that makes a fresh cluster a template, run in `template1`.
///
/// The three predefined roles that let their members start programs and read and write the server's files are removed:
/// up to 15 a role that may make roles could make itself a member of them, and nobody but the superuser needs them.
fn recipe(major: u32) -> String {
    let migrator = quote_identifier(MIGRATOR);
    format!(
        "CREATE ROLE {migrator} LOGIN CREATEDB CREATEROLE NOSUPERUSER;\n\
         DELETE FROM pg_catalog.pg_authid WHERE oid IN (4569, 4570, 4571);\n\
         {}",
        equipment(MIGRATOR, major)
    )
}

/// Waits until it is our turn to make the template. `None` if it can't be kept, or if the wait takes too long.
async fn lock(cache: &Path, data: &Path) -> Option<File> {
    fs::create_dir_all(cache).ok()?;
    let file = File::create(data.with_added_extension("lock")).ok()?;
    let mut patience = Patience::new(WAIT_LIMIT);
    loop {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(fs::TryLockError::Error(_)) => return None,
            Err(fs::TryLockError::WouldBlock) if patience.is_exhausted() => return None,
            Err(fs::TryLockError::WouldBlock) => patience.pause().await,
        }
    }
}

/// Copies a cluster into the cache; it has its name only when it is complete.
fn keep(made: &Path, data: &Path) -> std::io::Result<()> {
    let unfinished = data.with_added_extension("new");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    let kept = copy::tree(made, &unfinished, None).and_then(|()| fs::rename(&unfinished, data));
    if kept.is_err() {
        // A later attempt removes what can't be removed now.
        let _ = fs::remove_dir_all(&unfinished);
    }
    kept
}

/// Makes a cluster in a scratch directory and prepares it. The server is stopped afterwards.
async fn make(installation: &Installation, user: Option<&ServerUser>) -> Result<ScratchDirectory, LiveError> {
    let owner = user.cloned();
    let result = blocking(move || {
        let workplace = ScratchDirectory::create(owner.as_ref())?;
        let result = ScratchDirectory::create(owner.as_ref())?;
        Ok((workplace, result))
    });
    let (workplace, result) = result.await?;
    initdb(installation, &workplace.data(), user).await?;
    let data = workplace.data();
    let (cluster, admin) = Cluster::launch(installation, workplace, user).await?;
    let template1 = super::Session::open(&cluster.config("template1", super::Who::Observer), "").await?;
    let prepared = template1
        .client
        .batch_execute(&recipe(installation.version.major))
        .await;
    if let Err(error) = prepared {
        return Err(cluster
            .why(LiveError::postgres("preparing the template cluster", error))
            .await);
    }
    template1.close().await;
    admin.close().await;
    shut_down(&cluster, &data).await?;
    // The guard is about to remove its directory with the server's data, so those have to go elsewhere first.
    let target = result.data();
    blocking(move || fs::rename(&data, &target).map_err(|error| LiveError::io("keeping the template cluster", error)))
        .await?;
    cluster.stop().await?;
    Ok(result)
}

/// Stops a server in an orderly way, so that its files are complete.
async fn shut_down(cluster: &Cluster, data: &Path) -> Result<(), LiveError> {
    let pid = directory::postmaster(data).ok_or_else(|| cluster.stopped())?;
    // `SIGINT` is a fast shutdown.
    rustix::process::kill_process(pid, Signal::INT)
        .map_err(|error| LiveError::io("stopping the template cluster", error.into()))?;
    let mut patience = Patience::new(super::START_LIMIT);
    while !super::guard::server_ended(cluster.directory.path()) {
        if patience.is_exhausted() {
            return Err(LiveError::TooLong {
                doing: "stopping the template cluster".to_owned(),
                limit: super::START_LIMIT,
            });
        }
        patience.pause().await;
    }
    Ok(())
}

async fn initdb(installation: &Installation, data: &Path, user: Option<&ServerUser>) -> Result<(), LiveError> {
    let path = program(installation, "initdb");
    let failed = |output: String| LiveError::ServerProgram {
        program: path.display().to_string(),
        output,
    };
    let mut command = Command::new(&path);
    command
        .arg("-D")
        .arg(data)
        .args(["-U", SUPERUSER])
        .args(flags(installation))
        .env_clear()
        .envs(environment())
        .current_dir("/")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
    let output = match tokio::time::timeout(INITDB_LIMIT, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(failed(error.to_string())),
        Err(_) => {
            return Err(LiveError::TooLong {
                doing: path.display().to_string(),
                limit: INITDB_LIMIT,
            });
        }
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if no_space(&said) {
        return Err(LiveError::DiskFull {
            place: format!("making a cluster in {}", data.display()),
        });
    }
    Err(failed(if said.is_empty() {
        output.status.to_string()
    } else {
        said
    }))
}

/// FNV-1a, because the standard library does not promise to hash alike tomorrow.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, text: &str) {
        // A byte that text does not contain separates the parts.
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
