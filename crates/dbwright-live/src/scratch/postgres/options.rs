//! What a scratch server is asked to be: by options, or by the URL of a server that somebody gives away for it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::config::Host;

/// What a scratch server should be and what may be used for it.
#[derive(Clone, Debug, Default)]
pub struct ScratchOptions {
    /// A server to use instead of starting one (`--scratch-url`).
    pub url: Option<ScratchUrl>,
    /// The major version that is wanted, usually the repository's. The nearest one at hand is taken: this one, else the
    /// next newer, else the newest older. `None` takes the newest.
    pub major: Option<u32>,
    /// The folder where template clusters are kept between runs (about 30 MB per server build). It is made when it is
    /// missing; if that is impossible, each run makes its cluster anew.
    pub cache: PathBuf,
    /// Folders to look for server programs before all others (`--postgres-bin`, `DBWRIGHT_POSTGRES_BIN`). Where
    /// any are given, only theirs are used.
    pub bin_dirs: Vec<PathBuf>,
}

/// The URL of a disposable PostgreSQL server. Neither `Display` nor `Debug` shows the password.
#[derive(Clone)]
pub struct ScratchUrl {
    config: tokio_postgres::Config,
}

impl ScratchUrl {
    pub(super) fn config(&self) -> &tokio_postgres::Config {
        &self.config
    }
}

/// A text that is not the URL of a PostgreSQL server. The text itself is not kept: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the URL of a PostgreSQL server (expected postgres://user:password@host:port/postgres)")]
pub struct ParseScratchUrlError;

impl FromStr for ScratchUrl {
    type Err = ParseScratchUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(ParseScratchUrlError);
        }
        let config: tokio_postgres::Config = text.parse().map_err(|_| ParseScratchUrlError)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(ParseScratchUrlError);
        }
        Ok(ScratchUrl { config })
    }
}

impl fmt::Display for ScratchUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => f.write_str(host)?,
            #[cfg(unix)]
            Some(Host::Unix(folder)) => write!(f, "{}", folder.display())?,
            None => {
                if let Some(address) = self.config.get_hostaddrs().first() {
                    write!(f, "{address}")?;
                }
            }
        }
        if let Some(port) = self.config.get_ports().first() {
            write!(f, ":{port}")?;
        }
        if let Some(database) = self.config.get_dbname() {
            write!(f, "/{database}")?;
        }
        Ok(())
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
        for text in [
            "postgres://me:s3cret@db.example:5433/app",
            "postgresql://me@db.example:5433/app?password=s3cret",
        ] {
            let url: ScratchUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), "postgres://me@db.example:5433/app");
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
            "mysql://me:s3cret@host/",
            "postgres://me:s3cret@host:port/",
            "",
        ] {
            let error = text.parse::<ScratchUrl>().map(|_| ()).unwrap_err();
            assert!(!error.to_string().contains("s3cret"), "{text}");
        }
    }
}
