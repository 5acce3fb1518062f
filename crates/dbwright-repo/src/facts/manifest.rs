//! Manifests of projects: which migration tools and database drivers they depend on.

use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, Tool};

use super::Fact;
use crate::text;
use crate::walk::Tree;

/// Manifests beyond this size are generated.
const BYTES_MAX: u64 = 1024 * 1024;

/// What one manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The folder it stands in, relative to the root.
    pub(crate) folder: PathBuf,
    /// Tools it depends on.
    pub(crate) tools: Vec<(Tool, Fact)>,
    /// Engines it can talk to.
    pub(crate) engines: Vec<(&'static [Engine], Fact)>,
}

const POSTGRES: &[Engine] = &[Engine::Postgres];
const MYSQL: &[Engine] = &[Engine::MySql, Engine::MariaDb];
const SQLITE: &[Engine] = &[Engine::Sqlite];

/// All manifests of a repository that say something.
pub(crate) fn manifests(root: &Path, tree: &Tree) -> Vec<Manifest> {
    let mut manifests = Vec::new();
    for path in tree.files() {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let mut manifest = Manifest {
            folder: path.parent().map(Path::to_owned).unwrap_or_default(),
            tools: Vec::new(),
            engines: Vec::new(),
        };
        match name {
            "Cargo.toml" => cargo(&path, &text::peek(&root.join(&path), BYTES_MAX), &mut manifest),
            "go.mod" => go(&path, &text::peek(&root.join(&path), BYTES_MAX), &mut manifest),
            "package.json" => node(&path, &text::peek(&root.join(&path), BYTES_MAX), &mut manifest),
            "diesel.toml" => manifest
                .tools
                .push((Tool::Diesel, Fact::new("diesel.toml", manifest.folder.clone(), None))),
            "sqlx.toml" => manifest
                .tools
                .push((Tool::Sqlx, Fact::new("sqlx.toml", manifest.folder.clone(), None))),
            "refinery.toml" => {
                manifest.tools.push((
                    Tool::Refinery,
                    Fact::new("refinery.toml", manifest.folder.clone(), None),
                ));
            }
            _ => continue,
        }
        if !manifest.tools.is_empty() || !manifest.engines.is_empty() {
            manifests.push(manifest);
        }
    }
    manifests
}

/// Dependencies and features of a Rust package or workspace.
fn cargo(path: &Path, text: &str, manifest: &mut Manifest) {
    let Ok(table) = text.parse::<toml::Table>() else {
        return;
    };
    for (section, dependencies) in dependency_sections(&table) {
        for (key, value) in dependencies {
            let package = value.get("package").and_then(toml::Value::as_str).unwrap_or(key);
            let fact = |what: String| Fact::new(what, path, line_of_dependency(text, &section, key));
            if let Some(tool) = rust_tool(package) {
                manifest.tools.push((tool, fact(format!("`{package}`"))));
            }
            if let Some(engines) = rust_driver(package) {
                manifest.engines.push((engines, fact(format!("`{package}`"))));
            }
            for feature in strings(value.get("features")) {
                if let (true, Some(engines)) = (has_engine_features(package), feature_engines(feature)) {
                    let fact = fact(format!("`{package}` with feature `{feature}`"));
                    manifest.engines.push((engines, fact));
                }
            }
        }
    }
    let features = table.get("features").and_then(toml::Value::as_table);
    let enabled = features.into_iter().flat_map(toml::Table::values);
    for enabled in enabled.flat_map(|list| strings(Some(list))) {
        let Some((package, feature)) = enabled.split_once('/') else {
            continue;
        };
        if let (true, Some(engines)) = (
            has_engine_features(package.trim_end_matches('?')),
            feature_engines(feature),
        ) {
            let line = numbered_lines(text).find(|(_, line)| line.contains(enabled));
            let fact = Fact::new(format!("feature `{enabled}`"), path, line.map(|(number, _)| number));
            manifest.engines.push((engines, fact));
        }
    }
}

/// The tables of dependencies with their names: `dependencies`, `workspace.dependencies`, `target.….dependencies`.
fn dependency_sections(table: &toml::Table) -> Vec<(String, &toml::Table)> {
    let mut parents = vec![(String::new(), table)];
    if let Some(workspace) = table.get("workspace").and_then(toml::Value::as_table) {
        parents.push(("workspace.".to_owned(), workspace));
    }
    let targets = table.get("target").and_then(toml::Value::as_table);
    for (name, target) in targets.into_iter().flatten() {
        if let Some(target) = target.as_table() {
            parents.push((format!("target.{name}."), target));
        }
    }
    let mut sections = Vec::new();
    for (prefix, parent) in parents {
        for name in ["dependencies", "dev-dependencies", "build-dependencies"] {
            if let Some(section) = parent.get(name).and_then(toml::Value::as_table) {
                sections.push((format!("{prefix}{name}"), section));
            }
        }
    }
    sections
}

fn strings(value: Option<&toml::Value>) -> impl Iterator<Item = &str> {
    let list = value.and_then(toml::Value::as_array);
    list.into_iter().flatten().filter_map(toml::Value::as_str)
}

/// The line of `key = …` under `[section]`, or of `[section.key]`. Headers with quotes are compared without them.
fn line_of_dependency(text: &str, section: &str, key: &str) -> Option<u32> {
    let own = format!("{section}.{key}");
    let mut here = false;
    for (number, line) in numbered_lines(text) {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            let header = header.replace(['\'', '"'], "");
            if header == own {
                return Some(number);
            }
            here = header == section;
        } else if here && is_key(line, key) {
            return Some(number);
        }
    }
    None
}

fn rust_tool(package: &str) -> Option<Tool> {
    match package {
        "sqlx" => Some(Tool::Sqlx),
        "diesel" | "diesel_migrations" => Some(Tool::Diesel),
        "refinery" | "refinery-core" => Some(Tool::Refinery),
        _ => None,
    }
}

fn rust_driver(package: &str) -> Option<&'static [Engine]> {
    match package {
        "postgres" | "tokio-postgres" | "deadpool-postgres" => Some(POSTGRES),
        "mysql" | "mysql_async" => Some(MYSQL),
        "rusqlite" | "tokio-rusqlite" => Some(SQLITE),
        _ => None,
    }
}

fn has_engine_features(package: &str) -> bool {
    matches!(
        package,
        "sqlx" | "diesel" | "diesel_migrations" | "diesel-async" | "refinery" | "refinery-core"
    )
}

fn feature_engines(feature: &str) -> Option<&'static [Engine]> {
    match feature {
        "postgres" | "tokio-postgres" => Some(POSTGRES),
        "mysql" | "mysql_async" => Some(MYSQL),
        "rusqlite" | "rusqlite-bundled" => Some(SQLITE),
        _ if feature.starts_with("sqlite") => Some(SQLITE),
        _ => None,
    }
}

/// Modules a Go module requires directly.
fn go(path: &Path, text: &str, manifest: &mut Manifest) {
    const TOOLS: [(&str, Tool); 3] = [
        ("github.com/golang-migrate/migrate", Tool::GolangMigrate),
        ("github.com/pressly/goose", Tool::Goose),
        ("github.com/amacneil/dbmate", Tool::Dbmate),
    ];
    const DRIVERS: [(&str, &[Engine]); 8] = [
        ("github.com/lib/pq", POSTGRES),
        ("github.com/jackc/pgx", POSTGRES),
        ("github.com/uptrace/bun/driver/pgdriver", POSTGRES),
        ("github.com/go-sql-driver/mysql", MYSQL),
        ("github.com/mattn/go-sqlite3", SQLITE),
        ("github.com/ncruces/go-sqlite3", SQLITE),
        ("github.com/glebarez/go-sqlite", SQLITE),
        ("modernc.org/sqlite", SQLITE),
    ];
    for (number, line) in numbered_lines(text) {
        if line.contains("// indirect") {
            continue;
        }
        let module = line
            .trim_start()
            .trim_start_matches("require ")
            .split_whitespace()
            .next()
            .unwrap_or_default();
        let is = |name: &str| module == name || module.strip_prefix(name).is_some_and(|rest| rest.starts_with("/v"));
        let fact = || Fact::new(format!("`{module}`"), path, Some(number));
        if let Some((_, tool)) = TOOLS.iter().find(|(name, _)| is(name)) {
            manifest.tools.push((*tool, fact()));
        }
        if let Some((_, engines)) = DRIVERS.iter().find(|(name, _)| is(name)) {
            manifest.engines.push((engines, fact()));
        }
    }
}

/// Packages of a Node project.
fn node(path: &Path, text: &str, manifest: &mut Manifest) {
    const DRIVERS: [(&str, &[Engine]); 5] = [
        ("\"pg\":", POSTGRES),
        ("\"postgres\":", POSTGRES),
        ("\"mysql2\":", MYSQL),
        ("\"better-sqlite3\":", SQLITE),
        ("\"sqlite3\":", SQLITE),
    ];
    for (number, line) in numbered_lines(text) {
        let key = line.trim_start();
        let fact = |name: &str| Fact::new(format!("`{}`", name.trim_matches(['"', ':'])), path, Some(number));
        if key.starts_with("\"dbmate\":") {
            manifest.tools.push((Tool::Dbmate, fact("dbmate")));
        }
        if let Some((name, engines)) = DRIVERS.iter().find(|(name, _)| key.starts_with(name)) {
            manifest.engines.push((engines, fact(name)));
        }
    }
}

/// Set-ups of tools that are there but are not read yet, so that "nothing found" can say so.
pub(crate) fn unread_tools(tree: &Tree) -> Vec<Fact> {
    let mut found: Vec<Fact> = Vec::new();
    for (folder, listing) in &tree.folders {
        if crate::walk::is_aside(folder) {
            continue;
        }
        let mut name = |tool: &str, file: &str| {
            if found.iter().all(|fact| fact.what != tool) {
                found.push(Fact::new(tool, folder.join(file), None));
            }
        };
        for file in &listing.files {
            match file.as_str() {
                "migration_lock.toml" => name("Prisma", file),
                "_journal.json" if folder.ends_with("meta") => name("Drizzle", file),
                "alembic.ini" => name("Alembic", file),
                "manage.py" => name("Django", file),
                "flyway.conf" | "flyway.toml" => name("Flyway", file),
                "liquibase.properties" => name("Liquibase", file),
                "atlas.sum" => name("Atlas", file),
                "sqitch.plan" => name("Sqitch", file),
                "ormconfig.json" | "ormconfig.js" | "ormconfig.ts" => name("TypeORM", file),
                "schema.rb" if folder.ends_with("db") => name("Rails", file),
                "artisan" => name("Laravel", file),
                _ if file.starts_with("knexfile.") => name("Knex", file),
                _ if file.starts_with("drizzle.config.") => name("Drizzle", file),
                _ if file.ends_with("ModelSnapshot.cs") => name("EF Core", file),
                _ => {}
            }
        }
    }
    found
}

/// Lines with their numbers, counted from 1.
pub(crate) fn numbered_lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    (1..).zip(text.lines())
}

fn is_key(line: &str, key: &str) -> bool {
    line.strip_prefix(key)
        .is_some_and(|rest| rest.starts_with('=') || rest.starts_with('.') || rest.trim_start().starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join(name), text).unwrap();
        let tree = crate::walk::walk(root.path()).unwrap();
        manifests(root.path(), &tree)
            .into_iter()
            .flat_map(|manifest| {
                let tools = manifest
                    .tools
                    .into_iter()
                    .map(|(tool, fact)| format!("{}: {fact}", tool.name()));
                let engines = manifest.engines.into_iter().map(|(engines, fact)| {
                    let names: Vec<&str> = engines.iter().map(|engine| engine.name()).collect();
                    format!("{}: {fact}", names.join("/"))
                });
                tools.chain(engines).collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn cargo_manifests_name_tools_and_engines_with_their_line() {
        let text = "[workspace.dependencies.sqlx]\nversion = \"0.9\"\n\n[dependencies]\ndb = { package = \"rusqlite\", version = \"1\" }\n\
                    sqlx = { workspace = true, features = [\"postgres\", \"uuid\"] }\n\n[features]\nlite = [\"diesel?/sqlite\"]\n";
        assert_eq!(
            read("Cargo.toml", text),
            [
                "sqlx: `sqlx` in Cargo.toml:6",
                "sqlx: `sqlx` in Cargo.toml:1",
                "sqlite: `rusqlite` in Cargo.toml:5",
                "postgres: `sqlx` with feature `postgres` in Cargo.toml:6",
                "sqlite: feature `diesel?/sqlite` in Cargo.toml:9",
            ]
        );
    }

    #[test]
    fn go_modules_count_only_when_required_directly() {
        let text = "module x\n\nrequire github.com/jackc/pgx/v5 v5.7.0\nrequire (\n\tgithub.com/golang-migrate/migrate/v4 v4.18.1\n\
                    \tgithub.com/lib/pq v1.10.9 // indirect\n\tgithub.com/jackc/pgxlisten v0.1.0\n)\n";
        assert_eq!(
            read("go.mod", text),
            [
                "golang-migrate: `github.com/golang-migrate/migrate/v4` in go.mod:5",
                "postgres: `github.com/jackc/pgx/v5` in go.mod:3",
            ]
        );
    }
}
