//! Where a database is: a URL that can't show its password.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use dbwright_catalog::Engine;

use super::parameters::{self, Parts};
use super::tls::Tls;

/// The URL of a user's database. Neither `Display` nor `Debug` shows the password.
///
/// | form | what |
/// | --- | --- |
/// | `postgres://user:password@host:port/database` | PostgreSQL; `postgresql://` as well |
/// | `mysql://user:password@host:port/database` | MySQL or MariaDB; `mariadb://` as well, the server says which it is |
/// | `sqlite:/path/to/file.db` | SQLite; `sqlite:///path`, `sqlite://relative`, `sqlite:relative`, `file:…` as well |
///
/// Sockets: `postgres:///database?host=/run/postgresql`, `mysql://user@localhost/database?socket=/run/mysqld/mysqld.sock`.
#[derive(Clone)]
pub struct DatabaseUrl {
    pub(super) target: Target,
}

#[derive(Clone)]
pub(super) enum Target {
    Postgres(Box<ServerTarget>),
    MySqlFamily(Box<ServerTarget>),
    Sqlite(PathBuf),
}

/// A server, and what to do there.
#[derive(Clone)]
pub(super) struct ServerTarget {
    /// As it was written: `mariadb`.
    pub(super) scheme: &'static str,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    /// The host's name or address; with PostgreSQL also the folder of a socket.
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) database: Option<String>,
    /// The file of a socket (MySQL, MariaDB).
    pub(super) socket: Option<String>,
    pub(super) tls: Tls,
    pub(super) connect_timeout: Option<Duration>,
    /// Settings for the session that the URL asks for (PostgreSQL's `options`).
    pub(super) options: Option<String>,
}

/// A text that is not the URL of a database. It says what is wrong without repeating the text, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the URL of a database: {problem}")]
pub struct ParseDatabaseUrlError {
    /// What is wrong.
    pub problem: String,
}

impl ParseDatabaseUrlError {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        ParseDatabaseUrlError {
            problem: problem.into(),
        }
    }

    /// What to do.
    pub fn hint(&self) -> String {
        "a URL looks like postgres://user:password@host:5432/database, mysql://user:password@host:3306/database, or \
         sqlite:/path/to/file.db; letters such as @, / and # in a password are written as %40, %2F and %23"
            .to_owned()
    }
}

/// What is wrong with a text that is neither a URL nor a file.
const NO_SCHEME: &str = "it does not begin with a scheme and `://`, and there is no such file";

/// How URLs of servers begin.
const SCHEMES: [&str; 4] = ["postgres", "postgresql", "mysql", "mariadb"];

impl DatabaseUrl {
    /// Whether a text is meant as the URL of a database: it begins with a scheme that is known.
    pub fn is_meant(text: &str) -> bool {
        text.split_once("://").is_some() || text.starts_with("sqlite:") || text.starts_with("file:")
    }

    /// A URL, or the path of a SQLite file.
    ///
    /// # Errors
    ///
    /// When it is meant as a URL and is none. What is no file and may hold a password is taken for that, as it would be shown
    /// as the name of a file otherwise.
    pub fn or_file(text: &str) -> Result<Self, ParseDatabaseUrlError> {
        if Self::is_meant(text) {
            return text.parse();
        }
        Self::refuse_secret(text)?;
        // A word alone is more likely the name of a database.
        if !text.contains(['.', '/', '\\']) && !Path::new(text).exists() {
            return Err(ParseDatabaseUrlError::new(NO_SCHEME));
        }
        Ok(Self::of_file(text))
    }

    /// Refuses what may hold a password and names no file that is there, without showing it.
    ///
    /// # Errors
    ///
    /// When it is such a text.
    pub fn refuse_secret(text: &str) -> Result<(), ParseDatabaseUrlError> {
        let lower = text.to_ascii_lowercase();
        let has_scheme = SCHEMES.iter().any(|scheme| lower.starts_with(&format!("{scheme}:")));
        let names_user = text
            .split_once('@')
            .is_some_and(|(before, _)| before.contains(':') && !before.contains(char::is_whitespace));
        let is_secret = has_scheme || names_user || lower.contains("password=") || lower.contains("pwd=");
        if is_secret && !Path::new(text).exists() {
            return Err(ParseDatabaseUrlError::new(NO_SCHEME));
        }
        Ok(())
    }

    /// The file of a SQLite database.
    pub fn of_file(path: impl Into<PathBuf>) -> Self {
        DatabaseUrl {
            target: Target::Sqlite(path.into()),
        }
    }

    /// The engine, as far as the URL tells: MySQL and MariaDB answer to each other's.
    pub fn engine(&self) -> Engine {
        match &self.target {
            Target::Postgres(_) => Engine::Postgres,
            Target::MySqlFamily(target) if target.scheme == "mariadb" => Engine::MariaDb,
            Target::MySqlFamily(_) => Engine::MySql,
            Target::Sqlite(_) => Engine::Sqlite,
        }
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match &self.target {
            Target::Sqlite(path) => Some(path),
            Target::Postgres(_) | Target::MySqlFamily(_) => None,
        }
    }

    /// The same with a password from elsewhere (`PGPASSWORD`, `MYSQL_PWD`), where it has none.
    #[must_use]
    pub fn or_password(mut self, password: Option<String>) -> Self {
        match &mut self.target {
            Target::Postgres(target) | Target::MySqlFamily(target) => {
                if target.password.is_none() {
                    target.password = password.filter(|password| !password.is_empty());
                }
            }
            Target::Sqlite(_) => {}
        }
        self
    }

    /// The password, to keep it out of messages of others.
    pub(super) fn password(&self) -> Option<&str> {
        match &self.target {
            Target::Postgres(target) | Target::MySqlFamily(target) => target.password.as_deref(),
            Target::Sqlite(_) => None,
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = ParseDatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
        let target = match scheme {
            "postgres" => Target::Postgres(Box::new(server("postgres", text, parameters::postgres)?)),
            "postgresql" => Target::Postgres(Box::new(server("postgresql", text, parameters::postgres)?)),
            "mysql" => Target::MySqlFamily(Box::new(server("mysql", text, parameters::mysql_family)?)),
            "mariadb" => Target::MySqlFamily(Box::new(server("mariadb", text, parameters::mysql_family)?)),
            "sqlite" | "sqlite3" | "file" => Target::Sqlite(sqlite_path(text)?),
            _ => {
                return Err(ParseDatabaseUrlError::new(
                    "its scheme is none of postgres, postgresql, mysql, mariadb and sqlite",
                ));
            }
        };
        if let Target::MySqlFamily(target) = &target
            && target.database.is_none()
        {
            return Err(ParseDatabaseUrlError::new(
                "it names no database (mysql://user@host/DATABASE)",
            ));
        }
        Ok(DatabaseUrl { target })
    }
}

fn server(
    scheme: &'static str,
    text: &str,
    apply: fn(&mut ServerTarget, &str, String) -> Result<(), ParseDatabaseUrlError>,
) -> Result<ServerTarget, ParseDatabaseUrlError> {
    let rest = text.split_once("://").map(|(_, rest)| rest);
    let rest = rest.ok_or_else(|| ParseDatabaseUrlError::new(format!("`{scheme}:` is not followed by `//`")))?;
    let parts = Parts::of(rest)?;
    let mut target = ServerTarget {
        scheme,
        user: parts.user,
        password: parts.password,
        host: parts.host,
        port: parts.port,
        database: parts.path,
        socket: None,
        tls: Tls::default(),
        connect_timeout: None,
        options: None,
    };
    for (name, value) in parts.query {
        apply(&mut target, &name, value)?;
    }
    Ok(target)
}

/// `sqlite:/a`, `sqlite:///a` and `sqlite://a` name `/a`, `/a` and `a`, as sqlx and Rails read them; parameters are left
/// out: a database is opened to read, whatever they ask for.
fn sqlite_path(text: &str) -> Result<PathBuf, ParseDatabaseUrlError> {
    let rest = text.split_once(':').map_or("", |(_, rest)| rest);
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let path = parameters::decoded(rest.split(['?', '#']).next().unwrap_or_default())?;
    if path.is_empty() || path == ":memory:" {
        return Err(ParseDatabaseUrlError::new("it names no file"));
    }
    Ok(PathBuf::from(path))
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = match &self.target {
            Target::Postgres(target) | Target::MySqlFamily(target) => target,
            Target::Sqlite(path) => return write!(f, "sqlite:{}", path.display()),
        };
        write!(f, "{}://", target.scheme)?;
        if let Some(user) = &target.user {
            write!(f, "{user}@")?;
        }
        match (&target.socket, &target.host) {
            (Some(place), _) | (None, Some(place)) if place.contains(':') => write!(f, "[{place}]")?,
            (Some(place), _) | (None, Some(place)) => f.write_str(place)?,
            (None, None) => {}
        }
        if let Some(port) = target.port {
            write!(f, ":{port}")?;
        }
        match &target.database {
            Some(database) => write!(f, "/{database}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> DatabaseUrl {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn the_password_is_never_shown() {
        for (text, shown) in [
            (
                "postgres://me:s3cret@db.example:5433/app",
                "postgres://me@db.example:5433/app",
            ),
            (
                "postgresql://me@db/app?password=s3cret&sslmode=require",
                "postgresql://me@db/app",
            ),
            ("mysql://me:s3cret@db.example/app", "mysql://me@db.example/app"),
            ("mariadb://me:s3cret@[::1]:3307/app", "mariadb://me@[::1]:3307/app"),
            (
                "postgres://me:s3%40cret@/app?host=/run/postgresql",
                "postgres://me@/run/postgresql/app",
            ),
        ] {
            let url = parsed(text);
            assert_eq!(url.to_string(), shown);
            for form in [format!("{url:?}"), format!("{url:#?}")] {
                assert!(!form.contains("cret"), "{form}");
            }
        }
        assert_eq!(parsed("postgres://me:s3%40cret@h/d").password(), Some("s3@cret"));
    }

    #[test]
    fn what_is_wrong_is_told_without_repeating_it() {
        for (text, problem) in [
            ("oracle://me:s3cret@host/", "its scheme is none of"),
            ("postgres:me:s3cret@host", "`postgres:` is not followed by `//`"),
            ("postgres://me:s3cret@host:port/d", "the port is not a number"),
            ("mysql://me:s3cret@host", "it names no database"),
            (
                "postgres://me:s3cret@host/d?sslmode=maybe",
                "`sslmode` is not one of disable, prefer",
            ),
            (
                "postgres://me:s3cret@host/d?ssl_mod=verify-full",
                "the parameter `ssl_mod` is not known",
            ),
            (
                "postgres://me:s3cret@host/d?connect_timeout=soon",
                "`connect_timeout` is not a number of seconds",
            ),
            (
                "postgres://me:s3cret%4@host/d",
                "a `%` is not followed by two hexadecimal digits",
            ),
            ("sqlite:", "it names no file"),
        ] {
            let error = text.parse::<DatabaseUrl>().unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn what_may_hold_a_password_is_no_path() {
        for text in [
            "postgres:/me:s3cret@host/d",
            "me:s3cret@host:5432/d",
            "host=db port=5432 user=me password=s3cret dbname=d",
            "Server=db;Uid=me;Pwd=s3cret",
            "app",
        ] {
            let error = DatabaseUrl::or_file(text).unwrap_err().to_string();
            assert!(error.contains("does not begin with a scheme"), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
        for path in ["app.db", "no/such/app.db", "C:/data/app.db", "me@home.db"] {
            assert_eq!(DatabaseUrl::or_file(path).unwrap().file(), Some(Path::new(path)));
        }
    }

    #[test]
    fn files_are_named_in_the_usual_ways() {
        for (text, path) in [
            ("sqlite:/var/app.db", "/var/app.db"),
            ("sqlite:///var/app.db?mode=rwc", "/var/app.db"),
            ("sqlite://app.db", "app.db"),
            ("sqlite:app%20one.db", "app one.db"),
            ("file:app.db?cache=shared", "app.db"),
        ] {
            assert_eq!(parsed(text).file(), Some(Path::new(path)), "{text}");
        }
    }

    #[test]
    fn parameters_of_other_clients_do_no_harm() {
        let url = parsed("postgres://u@h/d?schema=public&pgbouncer=true&connection_limit=5&application_name=x");
        assert_eq!(url.engine(), Engine::Postgres);
        parsed("mysql://u@h/d?charset=utf8mb4&parseTime=true&serverVersion=8.0");
    }

    #[test]
    fn a_password_from_the_environment_comes_second() {
        let given = Some("other".to_owned());
        assert_eq!(
            parsed("postgres://u@h/d").or_password(given.clone()).password(),
            Some("other")
        );
        assert_eq!(
            parsed("postgres://u:own@h/d").or_password(given).password(),
            Some("own")
        );
    }
}
