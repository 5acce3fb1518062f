//! Flyway's settings in a repository: `flyway.conf`, `flyway.toml`, Spring's, Quarkus' and Micronaut's application files,
//! the plugins of Maven and Gradle.
//!
//! As in <https://github.com/flyway/flyway/blob/main/flyway-core/src/main/java/org/flywaydb/core/internal/configuration/ConfigUtils.java>
//! (names) and <https://docs.spring.io/spring-boot/appendix/application-properties/> (`spring.flyway.*`). Settings made in
//! code, in the environment or on the command line are not seen.

use std::path::{Path, PathBuf};

use dbwright_catalog::Engine;

use super::names::Naming;
use super::script::Placeholders;
use crate::facts::{Fact, engines_named};
use crate::text;
use crate::tools::settings::{self, Setting};
use crate::walk;

/// Larger files are no settings.
const BYTES_MAX: u64 = 512 * 1024;
/// Where settings may lie, below each folder upwards from the migrations.
const PLACES: [&str; 5] = ["", "conf", "src/main/resources", "resources", "config"];
/// Where a module has its code.
const SOURCES: &str = "src/main";
/// So many source files of a module are looked into.
const SOURCES_MAX: usize = 4000;
/// A moment that never changes, so that the same script stays the same.
const TIMESTAMP: &str = "2000-01-01 00:00:00";

/// A setting with its file, the name without `flyway.` and in Flyway's own spelling but lower case.
#[derive(Clone, Debug)]
struct Value {
    name: String,
    text: String,
    path: PathBuf,
    line: u32,
}

/// A location of migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    /// The folder, relative to the root; with `{vendor}` in it, up to there.
    pub(super) base: PathBuf,
    /// What stands behind `{vendor}`, where it has one.
    pub(super) vendor: Option<PathBuf>,
}

/// What a repository says about Flyway around a folder.
#[derive(Debug, Default)]
pub(super) struct Setup {
    values: Vec<Value>,
    /// Engines that URLs and drivers name.
    engines: Vec<(Engine, Fact)>,
    /// A build file that mentions Flyway.
    pub(super) mention: Option<Fact>,
    /// A build file of a JVM project.
    pub(super) is_jvm: bool,
    /// Lists of locations in the project's code, with the place.
    in_code: Vec<(Vec<String>, Fact)>,
}

impl Setup {
    /// Everything upwards from a folder, the nearest first; of the same folder, files of profiles last.
    pub(super) fn around(root: &Path, folder: &Path) -> Setup {
        let mut setup = Setup::default();
        for parent in folder.ancestors() {
            for place in PLACES {
                let at = parent.join(place);
                let Ok(listing) = walk::list(&root.join(&at), &at) else {
                    continue;
                };
                let mut files: Vec<&String> = listing.files.iter().filter(|file| is_settings(file)).collect();
                files.sort_by_key(|file| (is_of_profile(file), file.len()));
                for file in files {
                    setup.read(root, &at.join(file), file);
                }
            }
        }
        let module = folder
            .ancestors()
            .find(|parent| root.join(parent).join(SOURCES).is_dir());
        if let Some(module) = module {
            setup.in_code = code(root, &module.join(SOURCES));
        }
        setup
    }

    fn read(&mut self, root: &Path, path: &Path, file: &str) {
        let full = root.join(path);
        let settings = match file {
            "pom.xml" => self.build_file(path, &text::peek(&full, BYTES_MAX), maven),
            "build.gradle" | "build.gradle.kts" => self.build_file(path, &text::peek(&full, BYTES_MAX), gradle),
            _ => settings::of_file(file, &full, BYTES_MAX),
        };
        for setting in settings {
            if let Some(engine) = engine_of(&setting) {
                let what = format!("{} for {engine}", setting.key);
                self.engines.push((engine, Fact::new(what, path, Some(setting.line))));
            }
            if let Some(name) = own_name(&setting.key) {
                self.values.push(Value {
                    name,
                    text: setting.value,
                    path: path.to_owned(),
                    line: setting.line,
                });
            }
        }
    }

    fn build_file(&mut self, path: &Path, text: &str, read: fn(&str) -> Vec<Setting>) -> Vec<Setting> {
        self.is_jvm = true;
        for (line, content) in (1u32..).zip(text.lines()) {
            if self.mention.is_none() && content.to_ascii_lowercase().contains("flyway") {
                self.mention = Some(Fact::new("a build with Flyway", path, Some(line)));
            }
            let drivers = [
                ("org.postgresql", Engine::Postgres),
                ("mysql-connector", Engine::MySql),
                ("mariadb-java-client", Engine::MariaDb),
                ("sqlite-jdbc", Engine::Sqlite),
            ];
            for (driver, engine) in drivers {
                if content.contains(driver) {
                    self.engines
                        .push((engine, Fact::new(format!("driver `{driver}`"), path, Some(line))));
                }
            }
        }
        read(text)
    }

    /// A setting by its name in lower case.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.find(name).map(|value| value.text.as_str())
    }

    fn find(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|value| value.name == name)
    }

    /// Whether a setting is `true`.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether a setting is `false`.
    pub(super) fn is_off(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("false"))
    }

    /// What says that the folder is Flyway's.
    pub(super) fn fact(&self) -> Option<Fact> {
        let value = self.values.first();
        let setting = value.map(|value| Fact::new("settings of Flyway", value.path.clone(), Some(value.line)));
        let in_code = || self.in_code.first().map(|(_, fact)| fact.clone());
        setting.or_else(in_code).or_else(|| self.mention.clone())
    }

    /// Engines that URLs and drivers name, each once.
    pub(super) fn engines(&self) -> Vec<(Engine, Fact)> {
        let mut engines: Vec<(Engine, Fact)> = Vec::new();
        for (engine, fact) in &self.engines {
            if engines.iter().all(|(known, _)| known != engine) {
                engines.push((*engine, fact.clone()));
            }
        }
        engines
    }

    /// Each list of locations that is set, as folders that exist.
    ///
    /// Those in the code come last.
    pub(super) fn locations(&self, root: &Path) -> Vec<Vec<Location>> {
        let in_settings = self
            .values
            .iter()
            .filter(|value| value.name == "locations")
            .map(|value| {
                let names = value.text.split(',').map(str::trim);
                let found = names.filter_map(|name| location(root, &value.path, name));
                found.collect::<Vec<_>>()
            });
        let in_code = self.in_code.iter().map(|(names, fact)| {
            let found = names.iter().filter_map(|name| location(root, &fact.path, name));
            found.collect::<Vec<_>>()
        });
        in_settings.chain(in_code).filter(|list| !list.is_empty()).collect()
    }

    /// How files are named.
    pub(super) fn naming(&self) -> Naming {
        let default = Naming::default();
        let or = |name: &str, default: String| self.get(name).map_or(default, str::to_owned);
        Naming {
            versioned: or("sqlmigrationprefix", default.versioned),
            repeatable: or("repeatablesqlmigrationprefix", default.repeatable),
            undo: or("undosqlmigrationprefix", default.undo),
            baseline: or("baselinemigrationprefix", default.baseline),
            separator: or("sqlmigrationseparator", default.separator),
            suffixes: self.get("sqlmigrationsuffixes").map_or(default.suffixes, |list| {
                list.split(',').map(|suffix| suffix.trim().to_owned()).collect()
            }),
        }
    }

    /// The schemas that Flyway makes and works in, the default one first, and where they are set.
    pub(super) fn schemas(&self) -> Option<(Vec<String>, PathBuf)> {
        let default = self.find("defaultschema");
        let list = self.find("schemas");
        let path = default.or(list)?.path.clone();
        let names = default.into_iter().chain(list).flat_map(|value| value.text.split(','));
        let mut schemas: Vec<String> = Vec::new();
        for name in names
            .filter_map(|name| plain(name.trim()))
            .filter(|name| !name.is_empty())
        {
            if !schemas.contains(&name) {
                schemas.push(name);
            }
        }
        (!schemas.is_empty()).then_some((schemas, path))
    }

    /// Placeholders of the project and of Flyway, for a file of this name. Nothing where they are not put in.
    pub(super) fn placeholders(&self, engine: Engine, file: &str) -> Option<Placeholders> {
        if self.is_off("placeholderreplacement") {
            return None;
        }
        let named = self.values.iter().filter_map(|value| {
            let name = value.name.strip_prefix("placeholders.")?;
            Some((name.to_owned(), plain(&value.text)))
        });
        let separator = self.get("placeholderseparator").unwrap_or(":");
        let schema = match engine {
            Engine::Postgres => Some("public".to_owned()),
            Engine::Sqlite => Some("main".to_owned()),
            Engine::MySql | Engine::MariaDb => None,
        };
        let schema = self
            .schemas()
            .and_then(|(schemas, _)| schemas.first().cloned())
            .or(schema);
        let table = self.get("table").unwrap_or("flyway_schema_history");
        let own = [
            ("defaultschema", schema),
            ("user", (engine == Engine::Postgres).then(|| "postgres".to_owned())),
            ("timestamp", Some(TIMESTAMP.to_owned())),
            ("filename", Some(file.to_owned())),
            ("table", Some(table.to_owned())),
            ("environment", Some("default".to_owned())),
        ];
        let own = own.map(|(name, value)| (format!("flyway{separator}{name}").to_lowercase(), value));
        Some(Placeholders {
            prefix: self.get("placeholderprefix").unwrap_or("${").to_owned(),
            suffix: self.get("placeholdersuffix").unwrap_or("}").to_owned(),
            values: named.chain(own).collect(),
        })
    }
}

/// Lists of locations in source code: each call of `.locations("…")`, and together what a file adds to a list of them.
fn code(root: &Path, sources: &Path) -> Vec<(Vec<String>, Fact)> {
    let Ok(tree) = walk::walk(&root.join(sources)) else {
        return Vec::new();
    };
    let is_source = |path: &PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("java" | "kt" | "groovy" | "scala"))
    };
    let mut found = Vec::new();
    let files = tree.files().filter(is_source).take(SOURCES_MAX);
    for path in files.map(|path| sources.join(path)) {
        let text = text::peek(&root.join(&path), BYTES_MAX);
        let mut added: Option<(Vec<String>, Fact)> = None;
        for (line, content) in (1u32..).zip(text.lines()) {
            let names = named_locations(content);
            if names.is_empty() {
                continue;
            }
            let fact = Fact::new("locations of Flyway", path.clone(), Some(line));
            if content.contains(".add(") {
                added.get_or_insert_with(|| (Vec::new(), fact)).0.extend(names);
            } else {
                found.push((names, fact));
            }
        }
        found.extend(added);
    }
    found
}

/// Locations in a line of code: strings that begin like one, where the line speaks of locations.
fn named_locations(line: &str) -> Vec<String> {
    if !line.to_lowercase().contains("locations") || line.trim_start().starts_with(['/', '*']) {
        return Vec::new();
    }
    let begins = ["classpath:", "filesystem:", "db/"];
    let is_location = |text: &&str| begins.iter().any(|begin| text.starts_with(begin));
    let names = quoted(line).into_iter().filter(is_location);
    names.map(str::to_owned).collect()
}

fn is_settings(file: &str) -> bool {
    let is_application = |name: &str| name.starts_with("application") || name.starts_with("bootstrap");
    matches!(
        file,
        "flyway.conf" | "flyway.toml" | "pom.xml" | "build.gradle" | "build.gradle.kts"
    ) || (is_application(file)
        && [".properties", ".yml", ".yaml"].iter().any(|end| file.ends_with(end))
        && !file.contains("test"))
}

/// `application-production.yml`.
fn is_of_profile(file: &str) -> bool {
    file.contains('-')
}

/// The name of a setting of Flyway, however it is spelled: `spring.flyway.placeholder-prefix`.
fn own_name(key: &str) -> Option<String> {
    let key = key.trim_start_matches('%');
    let at = key.find("flyway.")?;
    let before = &key[..at];
    if !(before.is_empty() || before.ends_with('.')) {
        return None;
    }
    let mut rest = &key[at + "flyway.".len()..];
    // Micronaut names the data source.
    if let Some(source) = rest.strip_prefix("datasources.") {
        rest = source.split_once('.').map_or("", |(_, rest)| rest);
    }
    let name = match rest.split_once('.') {
        Some((head, tail)) if head.eq_ignore_ascii_case("placeholders") => {
            format!("placeholders.{}", tail.trim_matches(['"', '[', ']'])).to_lowercase()
        }
        _ => rest.replace(['-', '_'], "").to_lowercase(),
    };
    (!name.is_empty()).then_some(name)
}

/// The engine of a URL or driver; values are not kept.
fn engine_of(setting: &Setting) -> Option<Engine> {
    let key = setting.key.to_lowercase();
    let scheme = setting
        .value
        .trim_start_matches("${")
        .split_once("jdbc:")
        .map(|(_, rest)| rest);
    let word = if let (true, Some(rest)) = (key.ends_with("url"), scheme) {
        rest.trim_start_matches("p6spy:")
            .trim_start_matches("tc:")
            .split(':')
            .next()?
    } else if key.ends_with("db-kind") {
        setting.value.as_str()
    } else {
        return None;
    };
    engines_named(word).first().copied()
}

/// A value without variables; the default of one that has it (`${OWNER:app}`).
fn plain(value: &str) -> Option<String> {
    let Some(at) = value.find("${") else {
        return Some(value.to_owned());
    };
    let inner = &value[at + 2..];
    let end = inner.find('}')?;
    let (_, default) = inner[..end].split_once(':')?;
    plain(&format!("{}{default}{}", &value[..at], &inner[end + 1..]))
}

/// The folder of a location that is named in a file.
fn location(root: &Path, from: &Path, name: &str) -> Option<Location> {
    let parent = from.parent().unwrap_or(Path::new(""));
    let (in_classes, path) = match name.split_once(':') {
        Some(("filesystem", path)) => (false, path),
        Some(("classpath" | "classpath*", path)) => (true, path),
        Some(_) => return None,
        None => (true, name),
    };
    let path = [
        "${project.basedir}/",
        "${basedir}/",
        "$projectDir/",
        "${projectDir}/",
        "$rootDir/",
        "./",
    ]
    .iter()
    .fold(path, |path, prefix| path.strip_prefix(prefix).unwrap_or(path));
    let path = path
        .trim_start_matches(if in_classes { "/" } else { "" })
        .trim_end_matches('/');
    let (path, vendor) = match path.split_once("{vendor}") {
        Some((path, behind)) => (
            path.trim_end_matches('/'),
            Some(PathBuf::from(behind.trim_start_matches('/'))),
        ),
        None => (path, None),
    };
    // A pattern: what it may match lies below.
    let fixed: PathBuf = Path::new(path)
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '$']))
        .collect();
    if fixed.is_absolute() || fixed.as_os_str().is_empty() {
        return None;
    }
    let candidates = parent.ancestors().flat_map(|above| {
        let in_resources = [above.join("src/main/resources").join(&fixed), above.join(&fixed)];
        let [resources, plain] = in_resources;
        if in_classes {
            vec![resources, plain]
        } else {
            vec![plain]
        }
    });
    let base = candidates.into_iter().find(|path| root.join(path).is_dir())?;
    Some(Location {
        base: base
            .components()
            .filter(|part| *part != std::path::Component::CurDir)
            .collect(),
        vendor,
    })
}

/// `<flyway.x>` of the properties and the configuration of Flyway's plugin.
fn maven(text: &str) -> Vec<Setting> {
    let mut found: Vec<Setting> = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let mut in_plugin = false;
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let Some(end) = rest[at..].find('>') else { break };
        let tag = &rest[at + 1..at + end];
        let content = rest[..at].trim();
        rest = &rest[at + end + 1..];
        if tag.starts_with(['!', '?']) || tag.ends_with('/') {
            continue;
        }
        let Some(name) = tag.strip_prefix('/') else {
            open.push(tag.split_whitespace().next().unwrap_or_default());
            continue;
        };
        in_plugin |= name == "artifactId" && content == "flyway-maven-plugin";
        let configuration = open
            .iter()
            .rposition(|open| *open == "configuration")
            .filter(|_| in_plugin);
        let key = match configuration {
            Some(at) => format!("flyway.{}", open[at + 1..].join(".")),
            None => name.to_owned(),
        };
        let key = key
            .strip_suffix(".location")
            .or_else(|| key.strip_suffix(".schema"))
            .unwrap_or(&key)
            .to_owned();
        if !content.is_empty() && key.starts_with("flyway.") {
            let offset = text.len() - rest.len();
            push(&mut found, key, content, text::line_at(text.as_bytes(), offset));
        }
        if name == "plugin" {
            in_plugin = false;
        }
        open.pop();
    }
    found
}

/// Values of the same key make a list.
fn push(found: &mut Vec<Setting>, key: String, value: &str, line: u32) {
    match found.last_mut() {
        Some(last) if last.key == key => {
            last.value.push(',');
            last.value.push_str(value);
        }
        _ => found.push(Setting {
            key,
            value: value.to_owned(),
            line,
        }),
    }
}

/// The block `flyway { … }`.
fn gradle(text: &str) -> Vec<Setting> {
    let mut found = Vec::new();
    let mut depth = 0usize;
    for (line, content) in (1u32..).zip(text.lines()) {
        let content = content.trim();
        if depth == 0 {
            depth = usize::from(content.starts_with("flyway {") || content.starts_with("flyway{"));
            continue;
        }
        if let Some((key, value)) = content.split_once('=') {
            let key = key.trim();
            let strings = quoted(value);
            if key == "placeholders" {
                for pair in strings.chunks_exact(2) {
                    push(&mut found, format!("flyway.placeholders.{}", pair[0]), pair[1], line);
                }
            } else if strings.is_empty() {
                push(&mut found, format!("flyway.{key}"), value.trim(), line);
            } else {
                push(&mut found, format!("flyway.{key}"), &strings.join(","), line);
            }
        }
        depth = (depth + content.matches('{').count()).saturating_sub(content.matches('}').count());
    }
    found
}

fn quoted(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'']) {
        let quote = rest.as_bytes()[at];
        let inner = &rest[at + 1..];
        let Some(end) = inner.find(char::from(quote)) else {
            break;
        };
        found.push(&inner[..end]);
        rest = &inner[end + 1..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_settings_are_the_same_in_every_spelling() {
        for (key, expected) in [
            ("flyway.placeholderPrefix", Some("placeholderprefix")),
            ("spring.flyway.placeholder-prefix", Some("placeholderprefix")),
            ("spring.flyway.placeholders.Owner-Name", Some("placeholders.owner-name")),
            ("flyway.datasources.default.locations", Some("locations")),
            ("quarkus.flyway.locations", Some("locations")),
            ("spring.datasource.url", None),
            ("myflyway.x", None),
        ] {
            assert_eq!(own_name(key).as_deref(), expected, "{key}");
        }
    }

    #[test]
    fn locations_in_code_are_strings_that_begin_like_one() {
        assert_eq!(
            named_locations("  config.locations(\"classpath:db/a\", \"filesystem:b\", x);"),
            ["classpath:db/a", "filesystem:b"]
        );
        assert!(named_locations("// .locations(\"classpath:db/a\")").is_empty());
        assert!(named_locations("resources(\"classpath:db/a\")").is_empty());
    }

    #[test]
    fn variables_count_by_their_default() {
        assert_eq!(plain("app").as_deref(), Some("app"));
        assert_eq!(plain("${OWNER:app}_x").as_deref(), Some("app_x"));
        assert_eq!(plain("${OWNER}"), None);
    }

    #[test]
    fn builds_are_read_where_they_set_flyway() {
        let pom = "<project><properties><flyway.table>h</flyway.table></properties><plugin><artifactId>flyway-maven-plugin</artifactId>\n\
                   <configuration><locations><location>filesystem:a</location><location>b</location></locations>\
                   <placeholders><owner>app</owner></placeholders></configuration></plugin></project>";
        let shown = |settings: Vec<Setting>| -> Vec<String> {
            settings
                .into_iter()
                .map(|setting| format!("{}={}", setting.key, setting.value))
                .collect()
        };
        assert_eq!(
            shown(maven(pom)),
            [
                "flyway.table=h",
                "flyway.locations=filesystem:a,b",
                "flyway.placeholders.owner=app"
            ]
        );
        let build = "plugins {}\nflyway {\n  locations = [\"filesystem:a\", 'b']\n  mixed = true\n  placeholders = ['owner': 'app']\n}\nx = 1\n";
        assert_eq!(
            shown(gradle(build)),
            [
                "flyway.locations=filesystem:a,b",
                "flyway.mixed=true",
                "flyway.placeholders.owner=app"
            ]
        );
        for odd in ["<", "<a", "flyway {\n= '", "</a></b>"] {
            let _ = (maven(odd), gradle(odd));
        }
    }
}
