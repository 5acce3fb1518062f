//! Which servers a repository says it runs: container images, CI settings, schemes of database URLs.
//!
//! Lines are looked at one by one instead of parsing YAML: what counts are `image: postgres:16` and the like, wherever
//! they stand. Of environment files and database URLs only the scheme is read; values and passwords are never kept.

use std::path::Path;

use dbwright_catalog::{Engine, Version};

use super::manifest::numbered_lines;
use super::{Fact, ServerFact, engines_named};
use crate::text;
use crate::walk::{Tree, has_extension, is_aside};

const BYTES_MAX: u64 = 512 * 1024;

/// All servers that a repository names, those that count most first.
pub(crate) fn servers(root: &Path, tree: &Tree) -> Vec<ServerFact> {
    let mut found: Vec<ServerFact> = Vec::new();
    for path in tree.files() {
        let Some(rank) = rank(&path) else { continue };
        let text = text::peek(&root.join(&path), BYTES_MAX);
        for (number, line) in numbered_lines(&text) {
            let line = line.trim();
            if line.starts_with('#') || line.starts_with("//") {
                continue;
            }
            let said = if is_supabase(&path) {
                supabase(line).into_iter().collect()
            } else {
                in_line(line)
            };
            for (engine, version, what) in said {
                let server = ServerFact {
                    engine,
                    version,
                    fact: Fact::new(what, path.clone(), Some(number)),
                    rank,
                };
                let known = |other: &ServerFact| {
                    other.fact.path == server.fact.path && other.engine == engine && other.fact.what == server.fact.what
                };
                if !found.iter().any(known) {
                    found.push(server);
                }
            }
        }
    }
    found.sort_by(|a, b| a.rank.cmp(&b.rank).then_with(|| a.fact.cmp(&b.fact)));
    found
}

/// How much a file counts; nothing for files that say nothing about servers.
fn rank(path: &Path) -> Option<u8> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let is_yaml = has_extension(&name, "yml") || has_extension(&name, "yaml");
    let within = |folder: &str| path.components().any(|part| part.as_os_str() == folder);
    let rank = if is_yaml && (name.starts_with("docker-compose") || name.starts_with("compose")) {
        if within(".devcontainer") { 2 } else { 0 }
    } else if is_supabase(path) {
        0
    } else if name == "dockerfile" || name.starts_with("dockerfile.") || has_extension(&name, "dockerfile") {
        1
    } else if within(".devcontainer") && (is_yaml || has_extension(&name, "json")) {
        2
    } else if name == ".env" || name.starts_with(".env.") || name == ".envrc" || has_extension(&name, "env") {
        3
    } else if is_yaml && (within("workflows") || within(".woodpecker") || within(".circleci") || within(".gitlab"))
        || matches!(
            name.as_str(),
            ".gitlab-ci.yml" | ".woodpecker.yml" | ".drone.yml" | ".travis.yml"
        )
        || is_yaml && name.contains("pipelines")
    {
        4
    } else {
        return None;
    };
    Some(if is_aside(path) { rank + 10 } else { rank })
}

/// Supabase's configuration says which PostgreSQL the project runs on.
fn is_supabase(path: &Path) -> bool {
    path.ends_with("supabase/config.toml")
}

/// `major_version = 17`, under `[db]`.
fn supabase(line: &str) -> Option<(Engine, Option<Version>, String)> {
    let (key, value) = key_and_value(line)?;
    let version = value.split('#').next()?.trim().parse().ok()?;
    (key == "major_version").then(|| (Engine::Postgres, Some(version), format!("{key} {version}")))
}

/// What one line says: engine, version, and the words for it.
fn in_line(line: &str) -> Vec<(Engine, Option<Version>, String)> {
    let mut found = Vec::new();
    if let Some(image) = image_in(line) {
        if let Some((engine, version)) = server_image(&image) {
            found.push((engine, version, format!("image {image}")));
        }
        return found;
    }
    let Some((key, value)) = key_and_value(line) else {
        return found;
    };
    if let Some(engine) = url_engine(&key, value) {
        found.push((engine, None, format!("{key} with scheme of {engine}")));
    } else if let Some(engine) = version_key(&key) {
        let is_plain = key.contains("version") || key.contains("major");
        for version in versions(value, is_plain) {
            found.push((engine, Some(version), format!("{key} {version}")));
        }
    }
    found
}

/// The image a line names: `image: x`, `- image: x`, `"image": "x"`, `FROM x AS y`, `container: x`.
fn image_in(line: &str) -> Option<String> {
    let value = match line.get(..5) {
        Some(word) if word.eq_ignore_ascii_case("from ") => {
            line[5..].split_whitespace().find(|word| !word.starts_with("--"))?
        }
        _ => {
            let (key, value) = key_and_value(line)?;
            if key != "image" && key != "container" {
                return None;
            }
            value
        }
    };
    let image = value.trim_matches(|c: char| c == '"' || c == '\'' || c == ',' || c.is_whitespace());
    let image = with_defaults(image);
    (!image.is_empty() && !image.starts_with('*')).then_some(image)
}

/// Puts in the default of `${NAME:-default}`; another variable stays as it is.
fn with_defaults(text: &str) -> String {
    let Some((before, rest)) = text.split_once("${") else {
        return text.to_owned();
    };
    let Some((variable, after)) = rest.split_once('}') else {
        return text.to_owned();
    };
    let default = variable
        .split_once(":-")
        .or_else(|| variable.split_once('-'))
        .map(|(_, default)| default);
    match default {
        Some(default) => format!("{before}{default}{}", with_defaults(after)),
        None => format!("{before}${{{variable}}}{after}"),
    }
}

/// Engine and version of a server's image.
fn server_image(image: &str) -> Option<(Engine, Option<Version>)> {
    let image = image.split('@').next()?;
    let (repository, tag) = match image.rsplit_once(':') {
        // A port of a registry is no tag.
        Some((_, tag)) if tag.contains('/') => (image, ""),
        Some((repository, tag)) => (repository, tag),
        None => (image, ""),
    };
    let name = repository.rsplit('/').next()?.to_ascii_lowercase();
    let leading = || tag.parse::<Version>().ok();
    let (engine, version) = match name.as_str() {
        "postgres" | "postgresql" | "pgautoupgrade" | "postgis" | "postgres-wal" | "cloudnative-pg" => {
            (Engine::Postgres, leading())
        }
        "mysql" | "mysql-server" => (Engine::MySql, leading()),
        "mariadb" => (Engine::MariaDb, leading()),
        // Their tag begins with the version of the extension.
        "timescaledb" | "timescaledb-ha" | "pgvector" | "citus" | "paradedb" | "pgvecto-rs" => (Engine::Postgres, None),
        _ => return None,
    };
    let version = after_pg(tag).or(version).filter(|version| version.major > 0);
    Some((engine, version))
}

/// The number after `pg` in a tag: `0.8.0-pg17`, `pg16-v0.2`.
fn after_pg(tag: &str) -> Option<Version> {
    tag.split('-')
        .find_map(|part| part.strip_prefix("pg")?.trim_start_matches('v').parse().ok())
}

/// Splits `KEY: value`, `KEY=value`, `- KEY=value`, `export KEY=value`, `"key": value`. The key comes in lower case.
fn key_and_value(line: &str) -> Option<(String, &str)> {
    let line = line.trim_start_matches("- ").trim_start();
    let line = line
        .strip_prefix("export ")
        .or_else(|| line.strip_prefix("ENV "))
        .unwrap_or(line);
    let at = line.find([':', '='])?;
    let key = line[..at].trim().trim_matches(['"', '\'']).to_ascii_lowercase();
    let is_name = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    is_name.then(|| (key, line[at + 1..].trim()))
}

/// The engine that a variable for a database connection names by the scheme of its URL, or as a driver.
fn url_engine(key: &str, value: &str) -> Option<Engine> {
    let is_url = [
        "database_url",
        "db_url",
        "database_uri",
        "db_uri",
        "database_dsn",
        "goose_dbstring",
    ]
    .iter()
    .any(|name| key.ends_with(name));
    let is_driver = matches!(
        key,
        "goose_driver" | "db_driver" | "database_driver" | "db_connection" | "db_engine"
    );
    let value = value.trim_start_matches(['"', '\'']);
    let word = if is_url {
        // `jdbc:postgresql://…`, `postgresql+asyncpg://…`
        value.trim_start_matches("jdbc:").split([':', '+']).next()?
    } else if is_driver {
        value.split(|c: char| !c.is_ascii_alphanumeric()).next()?
    } else {
        return None;
    };
    engines_named(&word.to_ascii_lowercase()).first().copied()
}

/// The engine whose version a setting gives: `postgres-version`, `PG_MAJOR`, `mysql`.
fn version_key(key: &str) -> Option<Engine> {
    let base = key.replace('-', "_");
    let base = base
        .trim_end_matches("_version")
        .trim_end_matches("_versions")
        .trim_end_matches("_major");
    match base {
        "pgversion" => Some(Engine::Postgres),
        _ => engines_named(base).first().copied(),
    }
}

/// The versions of `16`, `"16.4"` or `[14, '15']`. A plain value counts only where the key says that it is a version.
fn versions(value: &str, is_plain: bool) -> Vec<Version> {
    let list = value.strip_prefix('[').and_then(|rest| rest.split(']').next());
    let texts: Vec<&str> = match list {
        Some(list) => list.split(',').collect(),
        None if is_plain => vec![value],
        None => Vec::new(),
    };
    let trimmed = texts
        .into_iter()
        .map(|text| text.trim_matches(|c: char| c == '"' || c == '\'' || c.is_whitespace()));
    trimmed.filter_map(|text| text.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> String {
        let found = in_line(line).into_iter().map(|(engine, version, what)| {
            let version = version.map_or("?".to_owned(), |version| version.to_string());
            format!("{} {version} ({what})", engine.name())
        });
        found.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn images_give_engine_and_version() {
        for (line, expected) in [
            ("image: postgres:16-alpine", "postgres 16 (image postgres:16-alpine)"),
            (
                "- image: \"docker.io/library/postgres:15.4@sha256:00\"",
                "postgres 15.4 (image docker.io/library/postgres:15.4@sha256:00)",
            ),
            (
                "image: pgvector/pgvector:0.8.0-pg17",
                "postgres 17 (image pgvector/pgvector:0.8.0-pg17)",
            ),
            (
                "image: timescale/timescaledb:2.14.2-pg16",
                "postgres 16 (image timescale/timescaledb:2.14.2-pg16)",
            ),
            (
                "image: pgautoupgrade/pgautoupgrade:18-alpine",
                "postgres 18 (image pgautoupgrade/pgautoupgrade:18-alpine)",
            ),
            (
                "image: postgis/postgis:16-3.4",
                "postgres 16 (image postgis/postgis:16-3.4)",
            ),
            (
                "image: postgres:${PG:-14}-bookworm",
                "postgres 14 (image postgres:14-bookworm)",
            ),
            (
                "image: postgres:${{ matrix.pg }}",
                "postgres ? (image postgres:${{ matrix.pg }})",
            ),
            (
                "image: localhost:5000/mariadb",
                "mariadb ? (image localhost:5000/mariadb)",
            ),
            (
                "FROM --platform=$BUILDPLATFORM mysql:8.4 AS db",
                "mysql 8.4 (image mysql:8.4)",
            ),
            ("image: dpage/pgadmin4:8", ""),
            ("image: prometheuscommunity/postgres-exporter:v0.15", ""),
            ("image: *rust_image", ""),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn of_database_urls_only_the_scheme_is_kept() {
        for (line, expected) in [
            (
                "DATABASE_URL=postgres://user:secret@host/db",
                "postgres ? (database_url with scheme of PostgreSQL)",
            ),
            (
                "export LEMMY_DATABASE_URL=\"postgresql://u:secret@h/d\"",
                "postgres ? (lemmy_database_url with scheme of PostgreSQL)",
            ),
            (
                "- DATABASE_URL=sqlite:///data/secret.db",
                "sqlite ? (database_url with scheme of SQLite)",
            ),
            ("GOOSE_DRIVER: sqlite3", "sqlite ? (goose_driver with scheme of SQLite)"),
            ("DATABASE_URL=", ""),
            ("PASSWORD=postgres", ""),
        ] {
            assert_eq!(read(line), expected, "{line}");
            assert!(!read(line).contains("secret"));
        }
    }

    #[test]
    fn versions_of_ci_matrices_are_read() {
        assert_eq!(read("postgres-version: '15'"), "postgres 15 (postgres-version 15)");
        assert_eq!(
            read("postgres: [14, \"16\"]"),
            "postgres 14 (postgres 14), postgres 16 (postgres 16)"
        );
        assert_eq!(read("postgres: 5432"), "");
        assert_eq!(read("POSTGRES_VERSION=17"), "postgres 17 (postgres_version 17)");
    }
}
