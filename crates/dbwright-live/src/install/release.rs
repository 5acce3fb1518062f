//! Versions: what is asked for, what a registry has, and which of it is taken.

use std::fmt;
use std::str::FromStr;

use dbwright_catalog::{Engine, Version};

use super::InstallError;
use crate::scratch::postgres::OLDEST_MAJOR;

/// A version of PostgreSQL that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// As it was written, without the engine: `18`, `18.4`; nothing where any will do.
    text: Option<String>,
}

impl Wanted {
    /// Any release of a major version.
    pub fn major(major: u32) -> Self {
        Wanted {
            text: Some(major.to_string()),
        }
    }

    /// Whether a version, or the build of a package, is what was asked for.
    pub fn is(&self, version: Version, build: &str) -> bool {
        let Some(text) = &self.text else { return true };
        if text.contains('-') {
            return text == build;
        }
        let have = [version.major, version.minor, version.patch];
        let wanted: Vec<&str> = text.split('.').collect();
        wanted.iter().zip(have).all(|(wanted, have)| wanted.parse() == Ok(have))
    }

    /// Whether one version alone can be meant, so that no newer one can come along.
    pub fn is_exact(&self) -> bool {
        self.text.as_ref().is_some_and(|text| text.contains('.'))
    }

    pub(super) fn text(&self) -> Option<String> {
        self.text.clone()
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => write!(f, "postgres@{text}"),
            None => f.write_str("postgres"),
        }
    }
}

impl FromStr for Wanted {
    type Err = InstallError;

    /// Reads `postgres`, `postgres@18`, `postgres@18.4` and the exact build of a package, `postgres@18.4.0-beta.17`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let not_a_name = || InstallError::NotAName { text: text.to_owned() };
        let (engine, version) = match text.split_once('@') {
            Some((engine, version)) => (engine, Some(version)),
            None => (text, None),
        };
        match engine.parse::<Engine>().map_err(|_| not_a_name())? {
            Engine::Postgres => {}
            engine @ (Engine::MySql | Engine::MariaDb | Engine::Sqlite) => {
                return Err(InstallError::OtherEngine { engine });
            }
        }
        if let Some(version) = version {
            let numbers = version.split('-').next().unwrap_or_default();
            let is_numbers = numbers.split('.').count() <= 3
                && numbers
                    .split('.')
                    .all(|number| number.parse::<u32>().is_ok() && number.bytes().all(|byte| byte.is_ascii_digit()));
            if !is_numbers {
                return Err(not_a_name());
            }
        }
        Ok(Wanted {
            text: version.map(str::to_owned),
        })
    }
}

/// A package that can be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The version of PostgreSQL in it.
    pub version: Version,
    /// The version of the package: `18.4.0-beta.17`.
    pub build: String,
    /// Bytes of its files, where the registry tells.
    pub bytes_unpacked: Option<u64>,
    pub(super) tarball: String,
    pub(super) integrity: String,
}

impl Release {
    /// A release of this version of a package, if it is one of PostgreSQL that dbwright can use.
    pub(super) fn new(build: &str, tarball: &str, integrity: &str, bytes_unpacked: Option<u64>) -> Option<Self> {
        let version: Version = build.parse().ok()?;
        (version.major >= OLDEST_MAJOR).then(|| Release {
            version,
            build: build.to_owned(),
            bytes_unpacked,
            tarball: tarball.to_owned(),
            integrity: integrity.to_owned(),
        })
    }

    /// Bigger is newer: the version of PostgreSQL, then alpha, beta, release, then the number of the package.
    fn age(&self) -> (Version, &str, u64) {
        let (tag, number) = match self.build.split_once('-') {
            Some((_, rest)) => rest.split_once('.').unwrap_or((rest, "")),
            None => ("release", ""),
        };
        (self.version, tag, number.parse().unwrap_or(0))
    }
}

/// The newest of `releases` that is what was asked for.
pub(super) fn choose<'a>(releases: &'a [Release], wanted: &Wanted) -> Option<&'a Release> {
    releases
        .iter()
        .filter(|release| wanted.is(release.version, &release.build))
        .max_by_key(|release| release.age())
}

/// The newest release of the major version that is wanted, else of the next newer one, else of the newest older one.
pub fn nearest_release(releases: &[Release], major: Option<u32>) -> Option<&Release> {
    let majors = || releases.iter().map(|release| release.version.major);
    let nearest = match major {
        Some(wanted) => majors()
            .filter(|major| *major >= wanted)
            .min()
            .or_else(|| majors().max()),
        None => majors().max(),
    };
    choose(releases, &Wanted::major(nearest?))
}

/// The newest release of each major, the newest major first.
pub fn newest(releases: &[Release]) -> Vec<&Release> {
    let mut majors: Vec<u32> = releases.iter().map(|release| release.version.major).collect();
    majors.sort_unstable_by(|one, other| other.cmp(one));
    majors.dedup();
    majors
        .into_iter()
        .filter_map(|major| choose(releases, &Wanted::major(major)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn releases(builds: &[&str]) -> Vec<Release> {
        builds
            .iter()
            .filter_map(|build| Release::new(build, "", "", None))
            .collect()
    }

    const BUILDS: [&str; 7] = [
        "18.4.0-beta.9",
        "18.4.0-beta.17",
        "18.3.0-beta.18",
        "16.14.0-beta.17",
        "16.9.0-alpha.20",
        "14.3.0",
        "14.3.0-beta.2",
    ];

    fn chosen(wanted: &str) -> String {
        let releases = releases(&BUILDS);
        choose(&releases, &wanted.parse().unwrap()).map_or("none".to_owned(), |release| release.build.clone())
    }

    #[test]
    fn the_newest_release_of_what_is_asked_for_is_taken() {
        assert_eq!(chosen("postgres"), "18.4.0-beta.17");
        assert_eq!(chosen("postgresql@16"), "16.14.0-beta.17");
        assert_eq!(chosen("postgres@18.3"), "18.3.0-beta.18");
        assert_eq!(chosen("postgres@18.4.0-beta.9"), "18.4.0-beta.9");
        assert_eq!(chosen("postgres@14"), "14.3.0");
        assert_eq!(chosen("postgres@1"), "none");
        assert_eq!(chosen("postgres@18.40"), "none");
    }

    #[test]
    fn the_nearest_major_is_the_next_newer_before_the_older() {
        let releases = releases(&BUILDS);
        let nearest = |major| nearest_release(&releases, major).map(|release| release.version.to_string());
        assert_eq!(nearest(Some(16)).as_deref(), Some("16.14"));
        assert_eq!(nearest(Some(15)).as_deref(), Some("16.14"));
        assert_eq!(nearest(Some(19)).as_deref(), Some("18.4"));
        assert_eq!(nearest(None).as_deref(), Some("18.4"));
        assert_eq!(nearest_release(&[], None), None);
    }

    #[test]
    fn versions_too_old_for_dbwright_are_no_releases() {
        assert!(releases(&["12.22.0-beta.15", "latest"]).is_empty());
    }

    #[test]
    fn other_engines_and_other_words_are_told_apart() {
        for text in ["mysql@9", "mariadb", "sqlite"] {
            let error = text.parse::<Wanted>().unwrap_err();
            assert!(matches!(error, InstallError::OtherEngine { .. }), "{error}");
            assert!(!error.hints().is_empty());
        }
        for text in [
            "",
            "oracle@9",
            "postgres@",
            "postgres@new",
            "postgres@18.",
            "postgres@+18",
            "postgres@1.2.3.4",
        ] {
            let error = text.parse::<Wanted>().unwrap_err();
            assert!(matches!(error, InstallError::NotAName { .. }), "{text}: {error}");
        }
    }
}
