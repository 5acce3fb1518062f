//! Template data directories: made once per server build, kept in the cache, copied for each run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use dbwright_catalog::Engine;
use tokio::process::Command;

use super::super::installation::Installation;
use super::super::rights;
use super::{Chosen, option, settings};
use crate::LiveError;
use crate::scratch::own::directory::ScratchDirectory;
use crate::scratch::own::template::{Fnv, Template};
use crate::scratch::own::user::ServerUser;
use crate::scratch::own::{Purpose, blocking, environment, no_space, template};

/// Number of the recipe. Raise it when a change of this file makes another data directory out of the same settings and SQL.
const RECIPE: u32 = 1;

/// How long making a data directory may take.
const MAKE_LIMIT: Duration = Duration::from_mins(3);

/// The template for a program; made now if there is none.
pub(super) async fn ready(chosen: &Chosen) -> Result<Template, LiveError> {
    let data = chosen.cache.join(name(&chosen.installation));
    template::ready(&chosen.cache, data, make(&chosen.installation, chosen.user.as_ref())).await
}

/// Names the build, the settings and the SQL that a template comes from.
pub(super) fn name(installation: &Installation) -> String {
    let mut hash = Fnv::default();
    hash.add(&installation.build);
    hash.add(&installation.program.to_string_lossy());
    hash.add(&RECIPE.to_string());
    for setting in settings::of(installation, Purpose::Watching) {
        hash.add(&setting);
    }
    hash.add(&rights::statements(installation.engine, installation.version));
    format!(
        "{}-{}-{}",
        installation.engine.name(),
        installation.version,
        hash.text()
    )
}

/// Makes a data directory in a scratch directory, with the users in it. No server runs for longer than that.
async fn make(installation: &Installation, user: Option<&ServerUser>) -> Result<ScratchDirectory, LiveError> {
    let (owner, engine) = (user.cloned(), installation.engine);
    let workplace = blocking(move || ScratchDirectory::create(engine, owner.as_ref())).await?;
    match engine {
        Engine::MariaDb => bootstrap(installation, &workplace, user).await?,
        Engine::MySql | Engine::Postgres | Engine::Sqlite => initialize(installation, &workplace, user).await?,
    }
    Ok(workplace)
}

/// <https://dev.mysql.com/doc/refman/9.7/en/data-directory-initialization.html>
async fn initialize(
    installation: &Installation,
    workplace: &ScratchDirectory,
    user: Option<&ServerUser>,
) -> Result<(), LiveError> {
    let file = workplace.path().join("users.sql");
    fs::write(&file, rights::statements(installation.engine, installation.version))
        .map_err(|error| LiveError::io(format!("writing {}", file.display()), error))?;
    let mut command = command(installation, workplace, user);
    command
        .arg("--initialize-insecure")
        .arg(option("--init-file=", &file))
        .args(settings::of(installation, Purpose::Watching))
        .stdin(Stdio::null());
    run(installation, command).await.map(drop)
}

/// What `mariadb-install-db` does, which not every package has, and which asks for further programs. The help tables stay
/// empty.
async fn bootstrap(
    installation: &Installation,
    workplace: &ScratchDirectory,
    user: Option<&ServerUser>,
) -> Result<(), LiveError> {
    let mut help = command(installation, workplace, user);
    help.args(["--verbose", "--help"]).stdin(Stdio::null());
    let help = run(installation, help).await?;
    let share = share_folder(&String::from_utf8_lossy(&help.stdout));
    let (data, owner, installation_) = (workplace.data(), user.cloned(), installation.clone());
    let script = workplace.path().join("bootstrap.sql");
    let input = blocking(move || {
        let sql = bootstrap_script(&installation_, share.as_deref())?;
        for folder in [data.clone(), data.join("mysql")] {
            fs::create_dir(&folder)
                .and_then(|()| match &owner {
                    Some(user) => std::os::unix::fs::chown(&folder, Some(user.uid), Some(user.gid)),
                    None => Ok(()),
                })
                .map_err(|error| LiveError::io(format!("making {}", folder.display()), error))?;
        }
        fs::write(&script, sql)
            .and_then(|()| File::open(&script))
            .map_err(|error| LiveError::io(format!("writing {}", script.display()), error))
    })
    .await?;
    let mut command = command(installation, workplace, user);
    command
        .arg("--bootstrap")
        .args(settings::of(installation, Purpose::Watching))
        .stdin(Stdio::from(input));
    run(installation, command).await.map(drop)
}

/// The folder with the server's own SQL, as `mariadbd --verbose --help` tells it: where its character sets lie.
fn share_folder(help: &str) -> Option<PathBuf> {
    let line = help.lines().find_map(|line| line.strip_prefix("character-sets-dir"))?;
    Path::new(line.trim()).parent().map(Path::to_path_buf)
}

/// The SQL that makes the server's own tables, and our users.
fn bootstrap_script(installation: &Installation, share: Option<&Path>) -> Result<String, LiveError> {
    let missing = |what: String| LiveError::ServerProgram {
        program: installation.program.display().to_string(),
        output: what,
    };
    let share = share.ok_or_else(|| missing("it does not tell where its files are".to_owned()))?;
    let read = |name: &str| {
        // They were called after MySQL before 11.
        ["mariadb_", "mysql_", "maria_"]
            .iter()
            .find_map(|prefix| fs::read_to_string(share.join(format!("{prefix}{name}"))).ok())
            .ok_or_else(|| missing(format!("{} has no {name}", share.display())))
    };
    let mut script = String::from(
        "CREATE DATABASE IF NOT EXISTS mysql;\nUSE mysql;\nSET @auth_root_socket = NULL;\nSET @skip_auth_anonymous = 1;\n",
    );
    for name in [
        "system_tables.sql",
        "performance_tables.sql",
        "system_tables_data.sql",
        "add_gis_sp_bootstrap.sql",
        "sys_schema.sql",
    ] {
        script.push_str(&read(name)?);
        script.push('\n');
    }
    script.push_str(&rights::statements(installation.engine, installation.version));
    Ok(script)
}

/// The server program on a data directory that is being made.
fn command(installation: &Installation, workplace: &ScratchDirectory, user: Option<&ServerUser>) -> Command {
    let mut command = Command::new(&installation.program);
    command
        .arg("--no-defaults")
        .arg(option("--datadir=", &workplace.data()))
        .arg(option("--tmpdir=", workplace.path()))
        .env_clear()
        .envs(environment())
        .current_dir("/")
        .kill_on_drop(true);
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

async fn run(installation: &Installation, mut command: Command) -> Result<Output, LiveError> {
    let program = installation.program.display().to_string();
    let output = match tokio::time::timeout(MAKE_LIMIT, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => {
            return Err(LiveError::ServerProgram {
                program,
                output: error.to_string(),
            });
        }
        Err(_) => {
            return Err(LiveError::TooLong {
                doing: format!("making a data directory with {program}"),
                limit: MAKE_LIMIT,
            });
        }
    };
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if no_space(&said) {
        return Err(LiveError::DiskFull {
            place: format!("making a data directory with {program}"),
        });
    }
    Err(LiveError::ServerProgram {
        program,
        output: if said.is_empty() {
            output.status.to_string()
        } else {
            said
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_the_servers_sql_is_beside_its_character_sets() {
        let help = "character-set-server                     latin1\n\
                    character-sets-dir                       /usr/share/mysql/charsets/\n";
        assert_eq!(share_folder(help), Some(PathBuf::from("/usr/share/mysql")));
        assert_eq!(share_folder("mariadbd: unknown option"), None);
    }
}
