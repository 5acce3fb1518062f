//! Template clusters: made once per server build, kept in the cache, copied for each run.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use dbwright_catalog::Engine;
use tokio::process::Command;

use super::super::installation::Installation;
use super::super::{equipment, quote_identifier};
use super::{Cluster, MIGRATOR, SUPERUSER, program};
use crate::LiveError;
use crate::scratch::own::directory::ScratchDirectory;
use crate::scratch::own::template::{Fnv, Template};
use crate::scratch::own::user::ServerUser;
use crate::scratch::own::{Purpose, blocking, environment, no_space, template};

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

/// The template for an installation; made now if there is none.
pub(super) async fn ready(
    installation: &Installation,
    cache: &Path,
    user: Option<&ServerUser>,
) -> Result<Template, LiveError> {
    template::ready(cache, cache.join(name(installation)), make(installation, user)).await
}

/// Names the build, the flags and the SQL that a template comes from.
pub(super) fn name(installation: &Installation) -> String {
    let mut hash = Fnv::default();
    hash.add(&installation.build);
    hash.add(&installation.bin.to_string_lossy());
    hash.add(&RECIPE.to_string());
    for flag in flags(installation) {
        hash.add(flag);
    }
    hash.add(&recipe(installation.version.major));
    format!("postgres-{}-{}", installation.version, hash.text())
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

/// Makes a cluster in a scratch directory and prepares it. The server is stopped afterwards.
async fn make(installation: &Installation, user: Option<&ServerUser>) -> Result<ScratchDirectory, LiveError> {
    let owner = user.cloned();
    let result = blocking(move || {
        let workplace = ScratchDirectory::create(Engine::Postgres, owner.as_ref())?;
        let result = ScratchDirectory::create(Engine::Postgres, owner.as_ref())?;
        Ok((workplace, result))
    });
    let (workplace, result) = result.await?;
    initdb(installation, &workplace.data(), user).await?;
    let data = workplace.data();
    let (cluster, admin) = Cluster::launch(installation, workplace, user, Purpose::Watching).await?;
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
    cluster.shut_down().await?;
    // The guard is about to remove its directory with the server's data, so those have to go elsewhere first.
    let target = result.data();
    blocking(move || fs::rename(&data, &target).map_err(|error| LiveError::io("keeping the template cluster", error)))
        .await?;
    cluster.stop().await?;
    Ok(result)
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
