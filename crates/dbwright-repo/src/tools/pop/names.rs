//! Names of files: `20200101_users.postgres.autocommit.up.sql`.

use dbwright_catalog::Engine;

use crate::order;

/// What a file's name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    pub(super) version: &'a str,
    /// What stands behind the version.
    pub(super) title: &'a str,
    pub(super) dialect: Dialect,
    pub(super) autocommit: bool,
    pub(super) is_up: bool,
    pub(super) is_fizz: bool,
}

/// For which database a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dialect {
    All,
    Postgres,
    Cockroach,
    MySql,
    MariaDb,
    Sqlite,
    /// None that pop knows: it passes over the file.
    Unknown,
}

impl Dialect {
    /// Names and their synonyms, as the dialects register them (`dialect_*.go`).
    pub(super) fn of(word: &str) -> Dialect {
        match word {
            "postgres" | "postgresql" | "pg" | "pgx" => Dialect::Postgres,
            "cockroach" | "cockroachdb" | "crdb" => Dialect::Cockroach,
            "mysql" => Dialect::MySql,
            "mariadb" => Dialect::MariaDb,
            "sqlite3" | "sqlite" => Dialect::Sqlite,
            _ => Dialect::Unknown,
        }
    }

    pub(super) fn engine(self) -> Option<Engine> {
        match self {
            Dialect::Postgres => Some(Engine::Postgres),
            Dialect::MySql => Some(Engine::MySql),
            Dialect::MariaDb => Some(Engine::MariaDb),
            Dialect::Sqlite => Some(Engine::Sqlite),
            Dialect::All | Dialect::Cockroach | Dialect::Unknown => None,
        }
    }

    /// As templates see it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Dialect::All | Dialect::Unknown => "",
            Dialect::Postgres => "postgres",
            Dialect::Cockroach => "cockroach",
            Dialect::MySql => "mysql",
            Dialect::MariaDb => "mariadb",
            Dialect::Sqlite => "sqlite3",
        }
    }
}

/// Reads `20200101_users.postgres.autocommit.up.sql`.
pub(super) fn parse(file: &str) -> Option<Name<'_>> {
    let (stem, is_fizz) = match (file.strip_suffix(".sql"), file.strip_suffix(".fizz")) {
        (Some(stem), _) => (stem, false),
        (None, Some(stem)) => (stem, true),
        (None, None) => return None,
    };
    let (stem, is_up) = match (stem.strip_suffix(".up"), stem.strip_suffix(".down")) {
        (Some(stem), _) => (stem, true),
        (None, Some(stem)) => (stem, false),
        (None, None) => return None,
    };
    let (stem, autocommit) = stem
        .strip_suffix(".autocommit")
        .map_or((stem, false), |stem| (stem, true));
    let (version, rest) = order::digits(stem);
    let rest = rest.strip_prefix('_').filter(|_| !version.is_empty())?;
    let (title, dialect) = match rest.split_once('.') {
        None => (rest, Dialect::All),
        Some((title, word)) if word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) => {
            (title, Dialect::of(word))
        }
        Some(_) => return None,
    };
    (!title.is_empty()).then_some(Name {
        version,
        title,
        dialect,
        autocommit,
        is_up,
        is_fizz,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_version_dialect_and_direction() {
        let shown = |file: &str| {
            parse(file).map(|name| {
                let autocommit = if name.autocommit { " autocommit" } else { "" };
                let direction = if name.is_up { "up" } else { "down" };
                format!(
                    "{} {} {:?}{autocommit} {direction}",
                    name.version, name.title, name.dialect
                )
            })
        };
        for (file, expected) in [
            ("1_a.up.sql", Some("1 a All up")),
            ("1_a.postgres.down.sql", Some("1 a Postgres down")),
            ("1_a.autocommit.up.sql", Some("1 a All autocommit up")),
            ("1_a.crdb.autocommit.up.sql", Some("1 a Cockroach autocommit up")),
            ("1_a.sqlite.up.fizz", Some("1 a Sqlite up")),
            ("1_a.oracle.up.sql", Some("1 a Unknown up")),
            ("1_a.b.c.up.sql", None),
            ("1_.up.sql", None),
            ("a.up.sql", None),
            ("1_a.sql", None),
        ] {
            assert_eq!(shown(file).as_deref(), expected, "{file}");
        }
    }
}
