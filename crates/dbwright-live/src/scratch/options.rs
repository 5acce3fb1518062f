//! What a scratch server is asked to be: by options, or by the URL of a server that somebody gives away for it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use dbwright_catalog::{Engine, Version};
use tokio_postgres::config::Host;

/// What a scratch server should be and what may be used for it.
#[derive(Clone, Debug, Default)]
pub struct ScratchOptions {
    /// A server to use instead of starting one (`--scratch-url`).
    pub url: Option<ScratchUrl>,
    /// The version that is wanted, usually the repository's. The nearest one at hand is taken: the same major version
    /// (with MySQL and MariaDB the same series, as in 10.11), else the next newer, else the newest older. `None` takes
    /// the newest.
    pub version: Option<Version>,
    /// The folder where prepared data directories are kept between runs (about 30 MB per build of PostgreSQL and
    /// MariaDB, 90 MB of MySQL). It is made when it is missing; if that is impossible, each run makes its own anew.
    pub cache: PathBuf,
    /// Folders to look for server programs before all others.
    pub bin_dirs: BinDirs,
}

/// Folders with server programs that somebody named. Where there are any for an engine, only theirs are used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BinDirs {
    /// `--postgres-bin`, `DBWRIGHT_POSTGRES_BIN`.
    pub postgres: Vec<PathBuf>,
    /// `--mysql-bin`, `DBWRIGHT_MYSQL_BIN`.
    pub mysql: Vec<PathBuf>,
    /// `--mariadb-bin`, `DBWRIGHT_MARIADB_BIN`.
    pub mariadb: Vec<PathBuf>,
}

impl BinDirs {
    /// Those for an engine; SQLite has none.
    pub fn of(&self, engine: Engine) -> &[PathBuf] {
        match engine {
            Engine::Postgres => &self.postgres,
            Engine::MySql => &self.mysql,
            Engine::MariaDb => &self.mariadb,
            Engine::Sqlite => &[],
        }
    }
}

/// The URL of a disposable server. Neither `Display` nor `Debug` shows the password.
#[derive(Clone)]
pub struct ScratchUrl {
    target: Target,
}

#[derive(Clone)]
enum Target {
    Postgres(Box<tokio_postgres::Config>),
    /// With the scheme that was written; which of the two engines it is, the server says.
    MySqlFamily(&'static str, Box<mysql_async::Opts>),
}

impl ScratchUrl {
    /// Whether it can be the URL of a server of this engine. MySQL and MariaDB answer to each other's.
    pub fn is_for(&self, engine: Engine) -> bool {
        match self.target {
            Target::Postgres(_) => engine == Engine::Postgres,
            Target::MySqlFamily(..) => matches!(engine, Engine::MySql | Engine::MariaDb),
        }
    }

    /// How to connect, where it is PostgreSQL's.
    pub(super) fn postgres(&self) -> Option<&tokio_postgres::Config> {
        match &self.target {
            Target::Postgres(config) => Some(config),
            Target::MySqlFamily(..) => None,
        }
    }

    /// How to connect, where it is MySQL's or MariaDB's.
    pub(super) fn mysql_family(&self) -> Option<&mysql_async::Opts> {
        match &self.target {
            Target::MySqlFamily(_, opts) => Some(opts),
            Target::Postgres(_) => None,
        }
    }
}

/// Why a text is not the URL of a server that can be used. The text itself is not kept: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseScratchUrlError {
    /// It is none.
    #[error(
        "not the URL of a database server (expected postgres://user:password@host:port/postgres or \
         mysql://user:password@host:port)"
    )]
    NotAUrl,
    /// It has a parameter that is not known, or not with this value.
    #[error("the parameter {0} of the URL is not known, or does not take this value")]
    Parameter(String),
    /// It asks for an encrypted connection.
    #[error(
        "encrypted connections to MySQL and MariaDB ({0}) are not possible yet; leave the parameter out, and give a server that \
         can be reached without"
    )]
    Encrypted(String),
}

impl FromStr for ScratchUrl {
    type Err = ParseScratchUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.split_once("://").ok_or(ParseScratchUrlError::NotAUrl)?;
        let target = match scheme {
            "postgres" | "postgresql" => Target::Postgres(Box::new(parse_postgres(text)?)),
            "mysql" => Target::MySqlFamily("mysql", Box::new(parse_mysql_family(rest)?)),
            "mariadb" => Target::MySqlFamily("mariadb", Box::new(parse_mysql_family(rest)?)),
            _ => return Err(ParseScratchUrlError::NotAUrl),
        };
        Ok(ScratchUrl { target })
    }
}

fn parse_postgres(text: &str) -> Result<tokio_postgres::Config, ParseScratchUrlError> {
    let config: tokio_postgres::Config = text.parse().map_err(|_| ParseScratchUrlError::NotAUrl)?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(ParseScratchUrlError::NotAUrl);
    }
    Ok(config)
}

fn parse_mysql_family(rest: &str) -> Result<mysql_async::Opts, ParseScratchUrlError> {
    // The driver would take the local machine where no host is named.
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    if host.is_empty() {
        return Err(ParseScratchUrlError::NotAUrl);
    }
    let opts = mysql_async::Opts::from_url(&format!("mysql://{rest}")).map_err(|error| match error {
        mysql_async::UrlError::UnknownParameter { param } | mysql_async::UrlError::InvalidParamValue { param, .. } => {
            ParseScratchUrlError::Parameter(param)
        }
        mysql_async::UrlError::FeatureRequired { param, .. } => ParseScratchUrlError::Encrypted(param),
        _ => ParseScratchUrlError::NotAUrl,
    })?;
    // The driver that is built in has no TLS, and breaks off where it is asked for.
    match opts.ssl_opts() {
        Some(_) => Err(ParseScratchUrlError::Encrypted("require_ssl".to_owned())),
        None => Ok(opts),
    }
}

impl fmt::Display for ScratchUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = match &self.target {
            Target::Postgres(config) => config,
            Target::MySqlFamily(scheme, opts) => return show_mysql_family(scheme, opts, f),
        };
        f.write_str("postgres://")?;
        if let Some(user) = config.get_user() {
            write!(f, "{user}@")?;
        }
        match config.get_hosts().first() {
            Some(Host::Tcp(host)) => f.write_str(host)?,
            #[cfg(unix)]
            Some(Host::Unix(folder)) => write!(f, "{}", folder.display())?,
            None => {
                if let Some(address) = config.get_hostaddrs().first() {
                    write!(f, "{address}")?;
                }
            }
        }
        if let Some(port) = config.get_ports().first() {
            write!(f, ":{port}")?;
        }
        if let Some(database) = config.get_dbname() {
            write!(f, "/{database}")?;
        }
        Ok(())
    }
}

fn show_mysql_family(scheme: &str, opts: &mysql_async::Opts, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{scheme}://")?;
    if let Some(user) = opts.user() {
        write!(f, "{user}@")?;
    }
    write!(f, "{}:{}", opts.ip_or_hostname(), opts.tcp_port())?;
    match opts.db_name() {
        Some(database) => write!(f, "/{database}"),
        None => Ok(()),
    }
}

impl fmt::Debug for ScratchUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScratchUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_never_shown() {
        for (text, shown) in [
            (
                "postgres://me:s3cret@db.example:5433/app",
                "postgres://me@db.example:5433/app",
            ),
            (
                "postgresql://me@db.example:5433/app?password=s3cret",
                "postgres://me@db.example:5433/app",
            ),
            ("mysql://me:s3cret@db.example", "mysql://me@db.example:3306"),
            (
                "mariadb://me:s3cret@db.example:3307/app",
                "mariadb://me@db.example:3307/app",
            ),
        ] {
            let url: ScratchUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("s3cret"));
            let options = ScratchOptions {
                url: Some(url),
                ..ScratchOptions::default()
            };
            assert!(!format!("{options:?}").contains("s3cret"));
        }
    }

    #[test]
    fn what_is_no_url_is_refused_without_repeating_it() {
        for text in [
            "host=localhost password=s3cret",
            "oracle://me:s3cret@host/",
            "postgres://me:s3cret@host:port/",
            "mysql://me:s3cret@host:port/",
            "mysql://me:s3cret@/app",
            "mysql://",
            "",
        ] {
            let error = text.parse::<ScratchUrl>().map(|_| ()).unwrap_err();
            assert!(!error.to_string().contains("s3cret"), "{text}");
        }
    }

    #[test]
    fn a_parameter_that_is_not_taken_is_named() {
        for (text, said) in [
            ("mysql://me:s3cret@host/?require_ssl=true", "(require_ssl)"),
            ("mysql://me:s3cret@host/?ssl-mode=required", "the parameter ssl-mode"),
            (
                "mysql://me:s3cret@host/?tcp_nodelay=s3cret",
                "the parameter tcp_nodelay",
            ),
        ] {
            let error = text.parse::<ScratchUrl>().map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(said) && !error.contains("s3cret"), "{error}");
        }
        assert!("mysql://host/?require_ssl=false".parse::<ScratchUrl>().is_ok());
    }

    #[test]
    fn a_url_says_for_which_engines_it_can_be() {
        let engines = |text: &str| {
            let url: ScratchUrl = text.parse().unwrap();
            Engine::ALL
                .into_iter()
                .filter(|engine| url.is_for(*engine))
                .collect::<Vec<_>>()
        };
        assert_eq!(engines("postgres://host/"), [Engine::Postgres]);
        assert_eq!(engines("mysql://host/"), [Engine::MySql, Engine::MariaDb]);
        assert_eq!(engines("mariadb://host/"), [Engine::MySql, Engine::MariaDb]);
    }
}
