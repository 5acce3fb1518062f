//! A server that somebody gave away for it, by URL.
//!
//! It is refused when it holds anything that is not ours. Nothing cluster-wide is changed on it but this: databases
//! called `dbwright_…`, and, if we come as a superuser, one role `dbwright_migrator_…` that runs the migrations. All of
//! it is dropped at the end, or a day later by another run.

use std::sync::{Mutex, PoisonError};

use dbwright_catalog::{Engine, Server, Version};
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, SimpleQueryMessage, SimpleQueryRow};

use super::session::{CONNECT_LIMIT, quote_identifier, quote_literal};
use super::{ADMIN_SESSION, OLDEST_MAJOR, ScratchUrl, Session, Who, equipment};
use crate::LiveError;
use crate::scratch::stamp::{is_stale, secret, stamped};
use crate::scratch::with_causes;

/// How the names of our databases and roles begin.
const PREFIX: &str = "dbwright_";
const ROLE_PREFIX: &str = "dbwright_migrator_";

/// Databases that every server has.
const USUAL_DATABASES: [&str; 3] = ["postgres", "template0", "template1"];

/// The given server, and what we made on it.
pub(super) struct Given {
    url: ScratchUrl,
    config: Config,
    migrator: Migrator,
    databases: Mutex<Vec<String>>,
}

enum Migrator {
    /// The given role itself.
    Same(String),
    /// A role that we made, with its password.
    Made { name: String, password: String },
}

/// Connects, looks whether the server may be used, and makes the migrating role.
pub(super) async fn prepare(url: &ScratchUrl) -> Result<(Given, Session, Server), LiveError> {
    let mut config = url
        .postgres()
        .ok_or_else(|| problem(url, "it is not the URL of a PostgreSQL server"))?
        .clone();
    config.application_name("dbwright").connect_timeout(CONNECT_LIMIT);
    if config.get_dbname().is_none() {
        config.dbname("postgres");
    }
    if config.get_ssl_mode() == SslMode::Require {
        return Err(problem(
            url,
            "TLS is not supported for scratch servers yet; leave out `sslmode`",
        ));
    }
    let admin = Session::open(&config, ADMIN_SESSION)
        .await
        .map_err(|error| explain(url, error))?;
    let facts = facts(url, &admin).await?;
    let foreign: Vec<&str> = facts
        .databases
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
    facts.may_run_migrations(url)?;
    drop_stale(&admin, &facts).await;
    let migrator = if facts.superuser {
        make_migrator(&admin).await?
    } else {
        Migrator::Same(facts.role)
    };
    let server = Server {
        engine: Engine::Postgres,
        version: facts.version,
    };
    let given = Given {
        url: url.clone(),
        config,
        migrator,
        databases: Mutex::new(Vec::new()),
    };
    Ok((given, admin, server))
}

impl Given {
    pub(super) fn migrator(&self) -> &str {
        match &self.migrator {
            Migrator::Same(name) | Migrator::Made { name, .. } => name,
        }
    }

    pub(super) fn config(&self, database: &str, who: Who) -> Config {
        let mut config = self.config.clone();
        config.dbname(database);
        if let (Who::Migrator, Migrator::Made { name, password }) = (who, &self.migrator) {
            config.user(name).password(password);
        }
        config
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

    /// Puts into a new database what a database on a server of our own has from its template.
    pub(super) async fn equip(&self, database: &str, server: &Server) -> Result<(), LiveError> {
        let Migrator::Made { name, .. } = &self.migrator else {
            // Without a superuser's rights there is nothing to lend.
            return Ok(());
        };
        let sql = equipment(name, server.version.major);
        let session = Session::open(&self.config(database, Who::Observer), ADMIN_SESSION).await?;
        let done = session.client.batch_execute(&sql).await;
        session.close().await;
        done.map_err(|error| self.why(LiveError::postgres("preparing a scratch database", error)))
    }

    /// Drops all that we made.
    pub(super) async fn clean_up(&self, admin: Session) -> Result<(), LiveError> {
        let databases = std::mem::take(&mut *self.databases.lock().unwrap_or_else(PoisonError::into_inner));
        let mut statements: Vec<String> = databases
            .iter()
            .map(|name| format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote_identifier(name)))
            .collect();
        if let Migrator::Made { name, .. } = &self.migrator {
            statements.push(format!("DROP ROLE IF EXISTS {}", quote_identifier(name)));
        }
        let mut outcome = Ok(());
        for statement in statements {
            // One that fails must not keep the others.
            if let Err(error) = admin.client.batch_execute(&statement).await {
                outcome = Err(LiveError::postgres(format!("cleaning up {}", self.url), error));
            }
        }
        admin.close().await;
        outcome
    }

    /// The error, with the server's name where the connection is to blame.
    pub(super) fn why(&self, error: LiveError) -> LiveError {
        match error {
            LiveError::Postgres { doing, source } if source.as_db_error().is_none() => {
                problem(&self.url, &format!("{doing}: {source}"))
            }
            error => error,
        }
    }
}

/// What the server says about itself and us.
struct Facts {
    role: String,
    version: Version,
    superuser: bool,
    may_make_databases: bool,
    may_make_roles: bool,
    /// Predefined roles that we belong to and that reach outside the database.
    reaching_outside: String,
    databases: Vec<String>,
    /// Our databases that nobody is connected to.
    unused: Vec<String>,
    migrators: Vec<String>,
}

async fn facts(url: &ScratchUrl, admin: &Session) -> Result<Facts, LiveError> {
    let rows = async |sql: &str| {
        let answer = admin.client.simple_query(sql).await;
        answer
            .map(rows)
            .map_err(|error| LiveError::postgres(format!("looking at {url}"), error))
    };
    let about_us = rows(
        "SELECT current_user, current_setting('server_version'), rolsuper, rolcreatedb, rolcreaterole, \
         (SELECT coalesce(string_agg(outside.rolname, ', '), '') FROM pg_catalog.pg_roles AS outside \
          WHERE outside.oid IN (4569, 4570, 4571) AND pg_catalog.pg_has_role(outside.oid, 'MEMBER')) \
         FROM pg_catalog.pg_roles WHERE rolname = current_user",
    )
    .await?;
    let databases = rows(
        "SELECT datname, EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a WHERE a.datid = d.oid) \
         FROM pg_catalog.pg_database AS d ORDER BY datname",
    )
    .await?;
    let roles = rows("SELECT rolname FROM pg_catalog.pg_roles ORDER BY rolname").await?;
    let text = |row: &SimpleQueryRow, column: usize| row.get(column).unwrap_or_default().to_owned();
    let us = about_us
        .first()
        .ok_or_else(|| problem(url, "it does not know its own user"))?;
    Ok(Facts {
        role: text(us, 0),
        version: text(us, 1)
            .parse()
            .map_err(|_| problem(url, "it does not tell its version"))?,
        superuser: us.get(2) == Some("t"),
        may_make_databases: us.get(3) == Some("t"),
        may_make_roles: us.get(4) == Some("t"),
        reaching_outside: text(us, 5),
        unused: databases
            .iter()
            .filter(|row| row.get(1) == Some("f"))
            .map(|row| text(row, 0))
            .collect(),
        databases: databases.iter().map(|row| text(row, 0)).collect(),
        migrators: roles.iter().map(|row| text(row, 0)).collect(),
    })
}

impl Facts {
    /// Fails if the given role can't make what we need, or is too strong to run a migration as it.
    fn may_run_migrations(&self, url: &ScratchUrl) -> Result<(), LiveError> {
        if self.version.major < OLDEST_MAJOR {
            return Err(LiveError::Unsupported {
                what: format!(
                    "{url} is PostgreSQL {}; {OLDEST_MAJOR} or newer is needed",
                    self.version
                ),
            });
        }
        if self.superuser {
            return Ok(());
        }
        if !self.may_make_databases {
            return Err(problem(
                url,
                &format!("the role `{}` may not make databases; give it CREATEDB", self.role),
            ));
        }
        let reason = if !self.reaching_outside.is_empty() {
            format!("is a member of {}", self.reaching_outside)
        } else if self.may_make_roles && self.version.major < 16 {
            "has CREATEROLE, which before PostgreSQL 16 lets it become a member of pg_execute_server_program".to_owned()
        } else {
            return Ok(());
        };
        Err(LiveError::Refused {
            what: format!(
                "running migrations as `{}` on {url}: it {reason}; give a superuser (dbwright then makes a role without \
                 rights for them) or a role that has only CREATEDB",
                self.role
            ),
        })
    }
}

fn rows(answer: Vec<SimpleQueryMessage>) -> Vec<SimpleQueryRow> {
    let row = |message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    };
    answer.into_iter().filter_map(row).collect()
}

async fn make_migrator(admin: &Session) -> Result<Migrator, LiveError> {
    let name = stamped(ROLE_PREFIX);
    let password = secret();
    let sql = format!(
        "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}",
        quote_identifier(&name),
        quote_literal(&password)
    );
    match admin.client.batch_execute(&sql).await {
        Ok(()) => Ok(Migrator::Made { name, password }),
        Err(error) => Err(LiveError::postgres("making the role that runs migrations", error)),
    }
}

/// Drops what dead runs left. What can't be dropped stays: it disturbs nobody.
async fn drop_stale(admin: &Session, facts: &Facts) {
    for name in facts.unused.iter().filter(|name| is_stale(name, PREFIX)) {
        let sql = format!("DROP DATABASE IF EXISTS {}", quote_identifier(name));
        let _ = admin.client.batch_execute(&sql).await;
    }
    for name in facts.migrators.iter().filter(|name| is_stale(name, ROLE_PREFIX)) {
        let sql = format!("DROP ROLE IF EXISTS {}", quote_identifier(name));
        let _ = admin.client.batch_execute(&sql).await;
    }
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
        LiveError::Postgres { source, .. } => match source.as_db_error() {
            Some(error) if error.message().contains("no encryption") || error.message().contains("SSL off") => {
                problem(url, "it demands TLS, which is not supported for scratch servers yet")
            }
            Some(error) => problem(url, error.message()),
            None => problem(url, &with_causes(&source)),
        },
        LiveError::TooLong { limit, .. } => problem(url, &format!("no answer within {} s", limit.as_secs())),
        error => error,
    }
}
