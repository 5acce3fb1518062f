//! A server that somebody gave away for it, by URL.
//!
//! It is refused when it holds anything that is not ours. Nothing beyond databases is changed on it but this: one user
//! `dbwright_migrator_…` that runs the migrations, and may do so in the databases that we make (`dbwright_…`). All of it
//! is dropped at the end, or a day later by another run.

use std::sync::{Mutex, PoisonError};

use dbwright_catalog::{Engine, Server};
use mysql_async::{Conn, Opts, OptsBuilder};

use super::{Who, installation, literal, quoted, rights, session};
use crate::LiveError;
use crate::scratch::stamp::{is_stale, secret, stamped};
use crate::scratch::{ScratchUrl, with_causes};

/// How the names of our databases and users begin. A user's name may have 32 characters.
const PREFIX: &str = "dbwright_";
const USER_PREFIX: &str = "dbwright_user_";

/// Databases that every server has.
const USUAL_DATABASES: [&str; 4] = ["information_schema", "mysql", "performance_schema", "sys"];

/// The given server, and what we made on it.
pub(super) struct Given {
    url: ScratchUrl,
    opts: Opts,
    migrator: Migrator,
    databases: Mutex<Vec<String>>,
}

/// The user that we made.
struct Migrator {
    name: String,
    /// Where we come from, as the server sees it.
    host: String,
    password: String,
}

/// Connects, looks whether the server may be used, and makes the migrating user.
pub(super) async fn prepare(engine: Engine, url: &ScratchUrl) -> Result<(Given, Conn, Server), LiveError> {
    let opts = url
        .mysql_family()
        .ok_or_else(|| problem(url, &format!("it is not the URL of a {engine} server")))?
        .clone();
    let opts: Opts = session::options(OptsBuilder::from_opts(opts)).into();
    let mut admin = session::open(opts.clone()).await.map_err(|error| explain(url, error))?;
    let server = session::server(&mut admin).await?;
    is_wanted(engine, url, &server)?;
    let databases = ask(
        url,
        &mut admin,
        "SELECT schema_name FROM information_schema.schemata ORDER BY 1",
    )
    .await?;
    // Who does not see this one may not see others that are there.
    if !databases.iter().any(|name| name == "mysql") {
        return Err(problem(
            url,
            "its user does not see all databases, so that nobody can tell whether it is empty; give one that may do \
             everything",
        ));
    }
    let foreign: Vec<&str> = databases
        .iter()
        .map(String::as_str)
        .filter(|name| !USUAL_DATABASES.contains(name) && !name.starts_with(PREFIX))
        .collect();
    if !foreign.is_empty() {
        return Err(LiveError::Refused {
            what: format!(
                "{url} holds databases that dbwright did not make ({}); give it a server that holds nothing",
                foreign.join(", ")
            ),
        });
    }
    drop_stale(&mut admin, &databases).await;
    let migrator = make_migrator(url, &mut admin).await?;
    let given = Given {
        url: url.clone(),
        opts,
        migrator,
        databases: Mutex::new(Vec::new()),
    };
    Ok((given, admin, server))
}

fn is_wanted(engine: Engine, url: &ScratchUrl, server: &Server) -> Result<(), LiveError> {
    if server.engine != engine {
        return Err(problem(url, &format!("it is {server}, and {engine} is needed")));
    }
    let oldest = installation::oldest(engine);
    if server.version < oldest {
        return Err(LiveError::Unsupported {
            what: format!("{url} is {server}; {oldest} or newer is needed"),
        });
    }
    Ok(())
}

impl Given {
    pub(super) fn migrator(&self) -> &str {
        &self.migrator.name
    }

    pub(super) fn options(&self, database: &str, who: Who) -> Opts {
        let base = OptsBuilder::from_opts(self.opts.clone()).db_name(Some(database));
        let base = match who {
            Who::Migrator => base.user(Some(&self.migrator.name)).pass(Some(&self.migrator.password)),
            Who::Observer => base,
        };
        base.into()
    }

    /// A new name; from now on the database is dropped at the end.
    pub(super) fn next_database(&self) -> String {
        let name = stamped(PREFIX);
        self.databases
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(name.clone());
        name
    }

    pub(super) fn forget_database(&self, name: &str) {
        self.databases
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|kept| kept != name);
    }

    /// The statement that lets the migrating user into a new database.
    pub(super) fn let_in(&self, database: &str) -> String {
        // `_` stands for any letter here, and no other name of ours is so much alike.
        format!(
            "GRANT {} ON {}.* TO {}",
            rights::IN_DATABASES,
            quoted(database),
            self.migrator.account()
        )
    }

    /// Drops all that we made.
    pub(super) async fn clean_up(&self, mut admin: Conn) -> Result<(), LiveError> {
        let databases = std::mem::take(&mut *self.databases.lock().unwrap_or_else(PoisonError::into_inner));
        let mut statements: Vec<String> = databases
            .iter()
            .map(|name| format!("DROP DATABASE IF EXISTS {}", quoted(name)))
            .collect();
        statements.push(format!("DROP USER IF EXISTS {}", self.migrator.account()));
        let mut outcome = Ok(());
        for statement in statements {
            // One that fails must not keep the others.
            let doing = format!("cleaning up {}", self.url);
            if let Err(error) = session::ask(&mut admin, &doing, &statement).await {
                outcome = Err(error);
            }
        }
        session::close(admin).await;
        outcome
    }

    /// The error, with the server's name where the connection is to blame.
    pub(super) fn why(&self, error: LiveError) -> LiveError {
        match error {
            LiveError::MySqlFamily { doing, source } if source.is_fatal() => {
                problem(&self.url, &format!("{doing}: {}", with_causes(&source)))
            }
            error => error,
        }
    }
}

impl Migrator {
    /// As statements name it.
    fn account(&self) -> String {
        account(&self.name, &self.host)
    }
}

fn account(user: &str, host: &str) -> String {
    format!("{}@{}", literal(user), literal(host))
}

async fn make_migrator(url: &ScratchUrl, admin: &mut Conn) -> Result<Migrator, LiveError> {
    // Not `%`: a user without a name at this very host would be taken before it.
    let host = ask(url, admin, "SELECT SUBSTRING_INDEX(USER(), '@', -1)").await?;
    let migrator = Migrator {
        name: stamped(USER_PREFIX),
        host: host.into_iter().next().unwrap_or_default(),
        password: secret(),
    };
    let sql = format!(
        "CREATE USER {} IDENTIFIED BY {}",
        migrator.account(),
        literal(&migrator.password)
    );
    match session::ask(admin, "making the user that runs migrations", &sql).await {
        Ok(_) => Ok(migrator),
        Err(error) if session::code(&error) == Some(1227) => Err(problem(
            url,
            "its user may not make users; give one that may do everything, such as root: migrations do not run as it",
        )),
        Err(error) => Err(error),
    }
}

/// Drops what dead runs left. What can't be dropped stays: it disturbs nobody.
async fn drop_stale(admin: &mut Conn, databases: &[String]) {
    let doing = "removing what an earlier run has left";
    let used = "SELECT DISTINCT db FROM information_schema.processlist WHERE db IS NOT NULL";
    let Ok(used) = session::ask(admin, doing, used).await else {
        return;
    };
    for name in databases
        .iter()
        .filter(|name| is_stale(name, PREFIX) && !used.contains(name))
    {
        let _ = session::ask(admin, doing, &format!("DROP DATABASE IF EXISTS {}", quoted(name))).await;
    }
    let users = format!(
        "SELECT CONCAT(user, '@', host) FROM mysql.user WHERE user LIKE '{}%'",
        USER_PREFIX.replace('_', r"\_")
    );
    for user in session::ask(admin, doing, &users).await.unwrap_or_default() {
        if let Some((name, host)) = user.split_once('@')
            && is_stale(name, USER_PREFIX)
        {
            let _ = session::ask(admin, doing, &format!("DROP USER {}", account(name, host))).await;
        }
    }
}

async fn ask(url: &ScratchUrl, admin: &mut Conn, sql: &str) -> Result<Vec<String>, LiveError> {
    session::ask(admin, &format!("looking at {url}"), sql).await
}

fn problem(url: &ScratchUrl, problem: &str) -> LiveError {
    LiveError::GivenServer {
        url: url.to_string(),
        problem: problem.to_owned(),
    }
}

/// Says what a failed connection means.
fn explain(url: &ScratchUrl, error: LiveError) -> LiveError {
    match error {
        LiveError::MySqlFamily {
            source: mysql_async::Error::Server(error),
            ..
        } if error.code == 3159 => problem(url, "it demands TLS, which is not supported for scratch servers yet"),
        LiveError::MySqlFamily {
            source: mysql_async::Error::Server(error),
            ..
        } => problem(url, &error.message),
        LiveError::MySqlFamily { source, .. } => problem(url, &with_causes(&source)),
        LiveError::TooLong { limit, .. } => problem(url, &format!("no answer within {} s", limit.as_secs())),
        error => error,
    }
}
