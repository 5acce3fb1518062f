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
const MARIADB: &[Engine] = &[Engine::MariaDb];
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
            "pom.xml" | "build.gradle" | "build.gradle.kts" | "libs.versions.toml" => {
                java(&path, &text::peek(&root.join(&path), BYTES_MAX), &mut manifest);
            }
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
    const TOOLS: [(&str, Tool); 8] = [
        ("github.com/golang-migrate/migrate", Tool::GolangMigrate),
        ("github.com/pressly/goose", Tool::Goose),
        ("github.com/amacneil/dbmate", Tool::Dbmate),
        ("github.com/rubenv/sql-migrate", Tool::SqlMigrate),
        ("github.com/gobuffalo/pop", Tool::Pop),
        ("github.com/ory/pop", Tool::Pop),
        ("github.com/jackc/tern", Tool::Tern),
        ("ariga.io/atlas", Tool::Atlas),
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
    const TOOLS: [(&str, Tool); 9] = [
        ("dbmate", Tool::Dbmate),
        ("node-pg-migrate", Tool::NodePgMigrate),
        ("graphile-migrate", Tool::GraphileMigrate),
        ("prisma", Tool::Prisma),
        ("@prisma/client", Tool::Prisma),
        ("drizzle-kit", Tool::Drizzle),
        ("drizzle-orm", Tool::Drizzle),
        ("supabase", Tool::Supabase),
        ("liquibase", Tool::Liquibase),
    ];
    const DRIVERS: [(&str, &[Engine]); 10] = [
        ("pg", POSTGRES),
        ("postgres", POSTGRES),
        ("@neondatabase/serverless", POSTGRES),
        ("mysql2", MYSQL),
        ("mysql", MYSQL),
        ("mariadb", MARIADB),
        ("better-sqlite3", SQLITE),
        ("sqlite3", SQLITE),
        ("@libsql/client", SQLITE),
        ("libsql", SQLITE),
    ];
    for (number, line) in numbered_lines(text) {
        let Some((key, value)) = line
            .trim_start()
            .strip_prefix('"')
            .and_then(|rest| rest.split_once("\":"))
        else {
            continue;
        };
        // A script may be called like a package; a version begins otherwise than a command.
        let value = value.trim_start().trim_start_matches('"');
        let is_version = value.starts_with(|c: char| c.is_ascii_digit() || "^~><=*v".contains(c))
            || [
                "latest",
                "next",
                "workspace:",
                "npm:",
                "catalog:",
                "file:",
                "link:",
                "github:",
                "git",
            ]
            .iter()
            .any(|word| value.starts_with(word));
        if !is_version {
            continue;
        }
        let fact = || Fact::new(format!("`{key}`"), path, Some(number));
        if let Some((_, tool)) = TOOLS.iter().find(|(name, _)| *name == key) {
            manifest.tools.push((*tool, fact()));
        }
        if let Some((_, engines)) = DRIVERS.iter().find(|(name, _)| *name == key) {
            manifest.engines.push((engines, fact()));
        }
    }
}

/// Artifacts of a build with Maven or Gradle. An artifact is known by its name, in whatever form it stands.
fn java(path: &Path, text: &str, manifest: &mut Manifest) {
    const TOOLS: [(&str, Tool); 6] = [
        ("flyway-core", Tool::Flyway),
        ("flyway-maven-plugin", Tool::Flyway),
        ("org.flywaydb", Tool::Flyway),
        ("liquibase-core", Tool::Liquibase),
        ("liquibase-maven-plugin", Tool::Liquibase),
        ("org.liquibase", Tool::Liquibase),
    ];
    const DRIVERS: [(&str, &[Engine]); 8] = [
        ("org.postgresql", POSTGRES),
        ("r2dbc-postgresql", POSTGRES),
        ("flyway-database-postgresql", POSTGRES),
        ("mysql-connector", MYSQL),
        ("flyway-mysql", MYSQL),
        ("mariadb-java-client", MARIADB),
        ("r2dbc-mariadb", MARIADB),
        ("sqlite-jdbc", SQLITE),
    ];
    for (number, line) in numbered_lines(text) {
        let line = line.trim();
        if line.starts_with("//") || line.starts_with("<!--") || line.starts_with('#') {
            continue;
        }
        let fact = |name: &str| Fact::new(format!("`{name}`"), path, Some(number));
        if let Some((name, tool)) = TOOLS.iter().find(|(name, _)| line.contains(name))
            && manifest.tools.iter().all(|(known, _)| known != tool)
        {
            manifest.tools.push((*tool, fact(name)));
        }
        if let Some((name, engines)) = DRIVERS.iter().find(|(name, _)| line.contains(name))
            && manifest.engines.iter().all(|(known, _)| known != engines)
        {
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
                // Read for some engines, and for others not.
                "migration_lock.toml" => name("Prisma", file),
                "_journal.json" if folder.ends_with("meta") => name("Drizzle", file),
                "alembic.ini" => name("Alembic", file),
                "manage.py" => name("Django", file),
                "liquibase.properties" => name("Liquibase in XML, YAML or JSON", file),
                "sqitch.plan" => name("Sqitch", file),
                "ormconfig.json" | "ormconfig.js" | "ormconfig.ts" => name("TypeORM", file),
                "schema.rb" if folder.ends_with("db") => name("Rails", file),
                "artisan" => name("Laravel", file),
                _ if file.starts_with("knexfile.") => name("Knex", file),
                _ if is_liquibase_changelog(file) => name("Liquibase in XML, YAML or JSON", file),
                _ if file.ends_with("ModelSnapshot.cs") => name("EF Core", file),
                _ => {}
            }
        }
    }
    found
}

/// The usual names of the changelog that Liquibase starts from.
fn is_liquibase_changelog(file: &str) -> bool {
    let stem = file
        .rsplit_once('.')
        .filter(|(_, extension)| matches!(*extension, "xml" | "yaml" | "yml" | "json"));
    stem.is_some_and(|(stem, _)| {
        matches!(stem, "db.changelog" | "liquibase-changelog")
            || stem.contains("changelog-master")
            || stem.contains("changelog-root")
    })
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
    fn packages_of_node_are_told_from_scripts() {
        let text = "{\n\"scripts\": {\n  \"prisma\": \"prisma generate\",\n  \"migrate\": \"node-pg-migrate\"\n},\n\"dependencies\": {\n\
                    \"node-pg-migrate\": \"^8.0.0\",\n\"pg\": \"8.1\",\n\"mariadb\": \"latest\"\n}}\n";
        assert_eq!(
            read("package.json", text),
            [
                "node-pg-migrate: `node-pg-migrate` in package.json:7",
                "postgres: `pg` in package.json:8",
                "mariadb: `mariadb` in package.json:9",
            ]
        );
    }

    #[test]
    fn builds_of_java_name_tools_and_drivers() {
        let pom = "<dependency>\n<groupId>org.liquibase</groupId>\n<artifactId>liquibase-core</artifactId>\n</dependency>\n\
                   <groupId>org.mariadb.jdbc</groupId><artifactId>mariadb-java-client</artifactId>\n";
        assert_eq!(
            read("pom.xml", pom),
            [
                "liquibase: `org.liquibase` in pom.xml:2",
                "mariadb: `mariadb-java-client` in pom.xml:5",
            ]
        );
        let gradle = "// implementation 'org.flywaydb:flyway-mysql'\nimplementation(\"org.flywaydb:flyway-core:10\")\nruntimeOnly 'org.postgresql:postgresql'\n";
        assert_eq!(
            read("build.gradle.kts", gradle),
            [
                "flyway: `flyway-core` in build.gradle.kts:2",
                "postgres: `org.postgresql` in build.gradle.kts:3",
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
