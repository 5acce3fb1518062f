//! Flyway: `V<version>__<description>.sql`, `R__<description>.sql`, callbacks.
//!
//! As in <https://github.com/flyway/flyway/blob/main/flyway-core/src/main/java/org/flywaydb/core/internal/command/DbMigrate.java>
//! (versioned migrations by version, then repeatable ones by description, each in a transaction of its own unless `group` is
//! set) and <https://github.com/flyway/flyway/blob/main/flyway-core/src/main/java/org/flywaydb/core/api/callback/Event.java>.
//! Names, settings and scripts have files of their own, which say from where they are. A baseline replaces all versions up
//! to its own on a new database, and is passed over on one that has them. Callbacks around each migration run once here,
//! before the first and behind the last.

mod names;
mod script;
mod setup;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, LeftOut, Migration, RunMode};

use self::names::{Event, Kind, Naming, Version};
use self::script::Script;
use self::setup::{Location, Setup};
use super::{Claim, Folder, Place, Problem, Read, is_called_like_database};
use crate::error::RepoError;
use crate::facts::engines_named;
use crate::text;
use crate::walk::{self, Listing, has_extension};

/// Deeper folders are not searched.
const DEPTH_MAX: usize = 8;
const PEEK_BYTES: u64 = 64 * 1024;
/// Where Spring and Flyway itself look when nothing is set.
const DEFAULT_LOCATION: &str = "db/migration";
/// Languages of migrations that are programs, by extension.
const PROGRAMS: [(&str, &str); 4] = [
    ("java", "Java"),
    ("kt", "Kotlin"),
    ("groovy", "Groovy"),
    ("scala", "Scala"),
];

/// Whether a folder bears marks of this tool: its settings name it, or it holds Flyway's names in a JVM project, or names
/// that only Flyway reads.
pub(super) fn claim(place: &Place<'_>) -> Option<Claim> {
    let naming = Naming::default();
    let below = || place.tree.folders.range(place.folder.to_owned()..);
    let within = |folder: &Path| {
        folder.starts_with(place.folder) && folder.components().count() <= place.folder.components().count() + DEPTH_MAX
    };
    let is_near = |folder: &Path| folder.components().count() <= place.folder.components().count() + 2;
    let mut near = below().take_while(|(folder, _)| folder.starts_with(place.folder));
    let name = place
        .folder
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let is_of_unknown_engine = is_called_like_database(name) && engines_named(name).is_empty();
    if is_of_unknown_engine
        || !near.any(|(folder, listing)| is_near(folder) && count(&naming, listing) > 0)
        || is_of_refinery(place)
    {
        return None;
    }
    let setup = Setup::around(place.root, place.folder);
    let sets = setup.locations(place.root);
    let naming = setup.naming();
    let is_location = |location: &Location| place.folder.starts_with(&location.base);
    if sets.iter().flatten().any(is_location) {
        // One of the first locations is where the history is shown; the others are read with it.
        if !sets.iter().any(|set| set[0].base == place.folder) {
            return None;
        }
    } else if !is_default_root(place, &naming) || !(setup.fact().is_some() || is_only_flyway(place, &setup)) {
        return None;
    }
    let vendors = vendors(place.listing);
    let mut engines = vendors.clone();
    let mut facts: Vec<_> = setup.fact().into_iter().collect();
    if facts.is_empty() {
        facts.push(crate::facts::Fact::new(
            "names of Flyway's migrations",
            place.folder,
            None,
        ));
    }
    if vendors.is_empty() {
        for (engine, fact) in setup.engines() {
            engines.push(engine);
            facts.push(fact);
        }
    }
    let counted = below()
        .take_while(|(folder, _)| folder.starts_with(place.folder))
        .filter(|(folder, _)| within(folder));
    // Of several databases, the one with the most counts.
    let mut common = 0;
    let mut of_vendors: BTreeMap<&str, usize> = BTreeMap::new();
    for (folder, listing) in counted {
        let inside = folder.strip_prefix(place.folder).unwrap_or(folder);
        let first = inside.iter().next().and_then(|name| name.to_str()).unwrap_or_default();
        let target = if is_called_like_database(first) {
            of_vendors.entry(first).or_default()
        } else {
            &mut common
        };
        *target += count(&naming, listing);
    }
    let migrations = common + of_vendors.values().max().copied().unwrap_or(0);
    Some(Claim {
        migrations,
        each_engine: vendors.len() > 1,
        engines,
        facts,
    })
}

/// How many migrations of Flyway a folder holds, by their names.
fn count(naming: &Naming, listing: &Listing) -> usize {
    let is_migration = |file: &&String| matches!(naming.kind(file), Some(Kind::Versioned(_) | Kind::Repeatable(_)));
    listing.files.iter().filter(is_migration).count()
}

/// Whether the nearest package of Rust upwards depends on refinery, which has the same names.
fn is_of_refinery(place: &Place<'_>) -> bool {
    let manifest = |folder: &Path| -> Option<String> {
        let listing = place.tree.folders.get(folder)?;
        let has = |name: &str| listing.files.iter().any(|file| file == name);
        has("Cargo.toml").then(|| text::peek(&place.root.join(folder).join("Cargo.toml"), PEEK_BYTES))
    };
    let mut manifests = place.folder.ancestors().filter_map(manifest);
    manifests.any(|text| text.contains("refinery"))
}

/// Whether nothing above the folder is rather the location.
fn is_default_root(place: &Place<'_>, naming: &Naming) -> bool {
    let above = || place.folder.ancestors().skip(1);
    let holds = |folder: &Path| {
        place
            .tree
            .folders
            .get(folder)
            .is_some_and(|listing| count(naming, listing) > 0)
    };
    let is_beside_default = || {
        let default = place.folder.with_file_name("migration");
        default != place.folder && default.ends_with(DEFAULT_LOCATION) && holds(&default)
    };
    if above().any(|folder| folder.ends_with(DEFAULT_LOCATION) || holds(folder)) || is_beside_default() {
        return false;
    }
    place.folder.ends_with(DEFAULT_LOCATION) || count(naming, place.listing) > 0
}

/// Whether names or place say Flyway where no setting does: the default location in a JVM project, repeatable migrations,
/// versions that refinery refuses.
fn is_only_flyway(place: &Place<'_>, setup: &Setup) -> bool {
    let is_own = |file: &String| match Naming::default().kind(file) {
        Some(Kind::Repeatable(_)) => true,
        Some(Kind::Versioned(_)) => has_extension(file, "sql") && super::refinery::version(file).is_none(),
        Some(Kind::Undo(_) | Kind::Baseline(_) | Kind::Callback(_) | Kind::Misnamed | Kind::Other) | None => false,
    };
    (setup.is_jvm && place.folder.ends_with(DEFAULT_LOCATION)) || place.listing.files.iter().any(is_own)
}

/// Engines that have a folder of their own inside.
fn vendors(listing: &Listing) -> Vec<Engine> {
    let mut engines: Vec<Engine> = Vec::new();
    for engine in listing.folders.iter().filter_map(|name| engines_named(name).first()) {
        if !engines.contains(engine) {
            engines.push(*engine);
        }
    }
    engines.sort();
    engines
}

/// Whether a folder called like a database is this engine's. MySQL's serves MariaDB where that has none.
fn is_vendor_of(name: &str, engine: Engine, siblings: &[String]) -> bool {
    match engine {
        Engine::MariaDb if !siblings.iter().any(|name| engines_named(name) == [Engine::MariaDb]) => {
            engines_named(name).contains(&engine)
        }
        Engine::Postgres | Engine::MySql | Engine::MariaDb | Engine::Sqlite => {
            engines_named(name).first() == Some(&engine)
        }
    }
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let setup = Setup::around(folder.root, folder.path);
    let naming = setup.naming();
    let mut files = Files::default();
    for location in locations(folder, &setup) {
        files.add(folder, &location)?;
    }
    let mut reader = Reader {
        folder,
        setup: &setup,
        naming: &naming,
        read: Read::default(),
        callbacks: BTreeMap::new(),
        versioned: Vec::new(),
        baselines: Vec::new(),
        undos: Vec::new(),
        repeatable: Vec::new(),
        left_out: BTreeMap::new(),
    };
    let beside = beside(folder, &naming)?;
    for path in beside.into_iter().filter(|path| !files.own.contains(path)) {
        reader.leave_out("migrations in folders beside it, which code may add", path);
    }
    for path in files.own {
        reader.sort_in(path);
    }
    for path in files.of_others {
        reader.leave_out("files for other databases", path);
    }
    reader.finish()
}

/// Migrations in folders beside the default location: of one environment, for tests.
fn beside(folder: &Folder<'_>, naming: &Naming) -> Result<Vec<PathBuf>, RepoError> {
    let mut found = Vec::new();
    if !folder.path.ends_with(DEFAULT_LOCATION) {
        return Ok(found);
    }
    let parent = folder.path.parent().unwrap_or(Path::new(""));
    for name in walk::list(&folder.root.join(parent), parent)?.folders {
        let path = parent.join(&name);
        if path == folder.path {
            continue;
        }
        let listing = walk::list(&folder.root.join(&path), &path)?;
        let is_migration = |file: &&String| matches!(naming.kind(file), Some(Kind::Versioned(_) | Kind::Repeatable(_)));
        found.extend(listing.files.iter().filter(is_migration).map(|file| path.join(file)));
    }
    Ok(found)
}

/// The locations that are read together with a folder.
fn locations(folder: &Folder<'_>, setup: &Setup) -> Vec<Location> {
    let own = || Location {
        base: folder.path.to_owned(),
        vendor: None,
    };
    let names_engine = |location: &Location| {
        let mut parts = location
            .base
            .components()
            .map(|part| part.as_os_str().to_string_lossy());
        parts.any(|part| engines_named(&part).contains(&folder.engine))
    };
    let sets = setup.locations(folder.root);
    let ours: Vec<&Vec<Location>> = sets.iter().filter(|set| set[0].base == folder.path).collect();
    let chosen = ours.iter().find(|set| set.iter().any(names_engine)).or(ours.first());
    chosen.map_or_else(|| vec![own()], |set| (*set).clone())
}

/// Files of locations, relative to the root.
#[derive(Default)]
struct Files {
    own: Vec<PathBuf>,
    /// In folders called like another database.
    of_others: Vec<PathBuf>,
}

impl Files {
    fn add(&mut self, folder: &Folder<'_>, location: &Location) -> Result<(), RepoError> {
        let list = |path: &Path| walk::list(&folder.root.join(path), path);
        let mut pending = vec![(location.base.clone(), true)];
        while let Some((path, is_ours)) = pending.pop() {
            let listing = list(&path)?;
            let depth = path.components().count() - location.base.components().count();
            let at_vendor = location.vendor.is_some() && depth == 0;
            if !at_vendor {
                let target = if is_ours { &mut self.own } else { &mut self.of_others };
                for file in listing.files.iter().map(|file| path.join(file)) {
                    if !target.contains(&file) {
                        target.push(file);
                    }
                }
            }
            if depth >= DEPTH_MAX {
                continue;
            }
            for name in &listing.folders {
                let ours = if is_called_like_database(name) {
                    is_vendor_of(name, folder.engine, &listing.folders)
                } else if at_vendor {
                    continue;
                } else {
                    true
                };
                let inner = match &location.vendor {
                    Some(behind) if at_vendor => path.join(name).join(behind),
                    _ => path.join(name),
                };
                if folder.root.join(&inner).is_dir() {
                    pending.push((inner, is_ours && ours));
                }
            }
        }
        self.own.sort();
        self.of_others.sort();
        Ok(())
    }
}

/// Sorts files by what they are, and reads them in the order in which Flyway runs them.
struct Reader<'a> {
    folder: &'a Folder<'a>,
    setup: &'a Setup,
    naming: &'a Naming,
    read: Read,
    callbacks: BTreeMap<Event, Vec<PathBuf>>,
    versioned: Vec<(Version, PathBuf)>,
    baselines: Vec<(Version, PathBuf)>,
    undos: Vec<(Version, PathBuf)>,
    repeatable: Vec<(String, PathBuf)>,
    left_out: BTreeMap<&'static str, Vec<PathBuf>>,
}

impl Reader<'_> {
    fn leave_out(&mut self, what: &'static str, path: PathBuf) {
        self.left_out.entry(what).or_default().push(path);
    }

    fn sort_in(&mut self, path: PathBuf) {
        let file = name_of(&path).to_owned();
        let kind = match PROGRAMS.iter().find(|(extension, _)| has_extension(&file, extension)) {
            Some((extension, _)) => {
                let stem = &file[..file.len() - extension.len() - 1];
                match self.naming.kind_of(stem) {
                    kind @ (Kind::Versioned(_) | Kind::Repeatable(_)) => kind,
                    Kind::Undo(_) | Kind::Baseline(_) | Kind::Callback(_) | Kind::Misnamed | Kind::Other => return,
                }
            }
            None => match self.naming.kind(&file) {
                Some(kind) => kind,
                None => return,
            },
        };
        match kind {
            Kind::Versioned(version) => self.versioned.push((version, path)),
            Kind::Baseline(version) => self.baselines.push((version, path)),
            Kind::Repeatable(description) => self.repeatable.push((description, path)),
            Kind::Undo(version) => self.undos.push((version, path)),
            Kind::Callback(Event::Elsewhere) => self.leave_out("callbacks that a migration does not call", path),
            Kind::Callback(event) => self.callbacks.entry(event).or_default().push(path),
            Kind::Other => self.leave_out("SQL files that are no migrations by their names", path),
            Kind::Misnamed => self.read.problems.push(Problem::skipped(
                path,
                format!("Flyway passes over {file}: its name is not V<version>__<description>.sql"),
                "Rename it; mind that there are two underscores behind the version.",
            )),
        }
    }

    fn finish(mut self) -> Result<Read, RepoError> {
        self.versioned.sort();
        self.repeatable.sort();
        self.baselines.sort();
        self.duplicates();
        self.base();
        self.schemas();
        for event in [
            Event::AfterConnect,
            Event::BeforeValidate,
            Event::AfterValidate,
            Event::BeforeMigrate,
        ] {
            self.callback(event)?;
        }
        self.callback(Event::BeforeEachMigrate)?;
        for (version, path) in std::mem::take(&mut self.versioned) {
            self.migration(&path)?;
            self.undo(&version)?;
        }
        let undos: Vec<PathBuf> = self.undos.drain(..).map(|(_, path)| path).collect();
        for path in undos {
            self.leave_out("undo migrations of no version", path);
        }
        self.callback(Event::AfterVersioned)?;
        let repeatable = std::mem::take(&mut self.repeatable);
        if !repeatable.is_empty() {
            self.callback(Event::BeforeRepeatables)?;
        }
        for (_, path) in repeatable {
            self.migration(&path)?;
        }
        for event in [Event::AfterEachMigrate, Event::AfterMigrateApplied, Event::AfterMigrate] {
            self.callback(event)?;
        }
        let left_out = self.left_out.into_iter();
        self.read.left_out = left_out
            .map(|(what, files)| LeftOut {
                what: what.to_owned(),
                files,
            })
            .collect();
        Ok(self.read)
    }

    /// Two migrations with one version, or with one description where they are repeatable.
    fn duplicates(&mut self) {
        let versions = self.versioned.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        let versions = versions.map(|pair| (format!("version {}", pair[0].0), &pair[0].1, &pair[1].1));
        let descriptions = self.repeatable.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        let descriptions = descriptions.map(|pair| (format!("the name `{}`", pair[0].0), &pair[0].1, &pair[1].1));
        let problems = versions.chain(descriptions).map(|(what, first, second)| {
            Problem::refused(
                second.clone(),
                1,
                format!(
                    "{what} is taken by {} already: Flyway refuses all migrations",
                    name_of(first)
                ),
                "Give one of the two another one.",
            )
        });
        self.read.problems.extend(problems.collect::<Vec<_>>());
    }

    /// The baseline that the history begins with, where the versions up to it were removed. The others are passed over.
    fn base(&mut self) {
        let first = self.versioned.first().map(|(version, _)| version.clone());
        let baselines = std::mem::take(&mut self.baselines);
        let is_base = |version: &Version| first.as_ref().is_none_or(|first| first > version);
        let base = baselines.iter().rposition(|(version, _)| is_base(version));
        for (index, (version, path)) in baselines.into_iter().enumerate() {
            if base == Some(index) {
                self.versioned.insert(0, (version, path));
            } else {
                self.leave_out("baselines, which repeat the migrations before them", path);
            }
        }
    }

    /// Flyway makes the schemas that are set, and works in the first of them.
    fn schemas(&mut self) {
        let Some((schemas, path)) = self.setup.schemas().filter(|_| self.folder.engine == Engine::Postgres) else {
            return;
        };
        if schemas == ["public"] {
            return;
        }
        let quoted: Vec<String> = schemas
            .iter()
            .map(|name| format!("\"{}\"", name.replace('"', "\"\"")))
            .collect();
        let make = quoted.iter().filter(|_| !self.setup.is_off("createschemas"));
        let mut lines: Vec<String> = make
            .map(|name| format!("CREATE SCHEMA IF NOT EXISTS {name};\n"))
            .collect();
        lines.push(format!("SET search_path TO {}, \"$user\", public;\n", quoted[0]));
        let text = lines.concat();
        self.read.migrations.push(Migration {
            name: "schemas that Flyway makes".to_owned(),
            path,
            statements: script::statements(self.folder.engine, &text, &Script::plain(&text)),
            text,
            run_mode: RunMode::EachStatement,
            down: None,
        });
    }

    fn callback(&mut self, event: Event) -> Result<(), RepoError> {
        for path in self.callbacks.remove(&event).unwrap_or_default() {
            self.migration(&path)?;
        }
        Ok(())
    }

    /// Gives the migration that was read last its way back, where there is one.
    fn undo(&mut self, version: &Version) -> Result<(), RepoError> {
        let Some(at) = self.undos.iter().position(|(undone, _)| undone == version) else {
            return Ok(());
        };
        let (_, path) = self.undos.remove(at);
        let read = self.read.migrations.len();
        self.migration(&path)?;
        if self.read.migrations.len() > read
            && let Some(undo) = self.read.migrations.pop()
            && let Some(migration) = self.read.migrations.last_mut()
        {
            migration.down = Some(super::down_of(undo));
        }
        Ok(())
    }

    fn migration(&mut self, path: &Path) -> Result<(), RepoError> {
        let file = name_of(path).to_owned();
        let inside = path.strip_prefix(self.folder.path).unwrap_or(path);
        if let Some((extension, language)) = PROGRAMS.iter().find(|(extension, _)| has_extension(&file, extension)) {
            let name = &file[..file.len() - extension.len() - 1];
            let mut migration = self.folder.program(&self.seen_from_folder(path), name, language)?;
            path.clone_into(&mut migration.path);
            self.read.migrations.push(migration);
            return Ok(());
        }
        let source = Source::read(self.folder, self.setup, path)?;
        if source.is_switched_off {
            self.leave_out("migrations that `shouldExecute` switches off", path.to_owned());
            return Ok(());
        }
        let script = match self.setup.placeholders(self.folder.engine, &file) {
            Some(placeholders) if source.has_placeholders => placeholders.render(&source.text),
            _ => Script::plain(&source.text),
        };
        let statements = script::statements(self.folder.engine, &source.text, &script);
        let outside = statements
            .iter()
            .position(|statement| !script::can_run_in_transaction(self.folder.engine, &statement.text));
        let in_transaction = source
            .in_transaction
            .unwrap_or(outside.is_none() && !self.setup.is_off("executeintransaction"));
        if let (Some(at), None) = (outside, source.in_transaction)
            && statements.len() > 1
            && !self.setup.is_on("mixed")
            && !self.setup.is_off("executeintransaction")
            && statements
                .iter()
                .any(|statement| script::can_run_in_transaction(self.folder.engine, &statement.text))
        {
            self.read.problems.push(Problem::refused(
                path.to_owned(),
                statements[at].line,
                format!(
                    "Flyway refuses {}: it holds statements that can't run in a transaction beside others",
                    inside.display()
                ),
                "Give the statement a file of its own.",
            ));
        }
        self.read.migrations.push(Migration {
            name: self.naming.stem(&file).unwrap_or(&file).to_owned(),
            path: path.to_owned(),
            statements,
            text: source.text,
            run_mode: match in_transaction {
                false => RunMode::EachStatement,
                true if self.setup.is_on("group") => RunMode::AllInOneTransaction,
                true => RunMode::Transaction,
            },
            down: None,
        });
        Ok(())
    }

    /// A path as it is seen from the folder, which may lie beside it.
    fn seen_from_folder(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(self.folder.path) {
            Ok(inside) => inside.to_owned(),
            Err(_) => self.folder.root.join(path),
        }
    }
}

/// A script with what `<file>.conf` beside it says.
struct Source {
    text: String,
    has_placeholders: bool,
    in_transaction: Option<bool>,
    is_switched_off: bool,
}

impl Source {
    fn read(folder: &Folder<'_>, setup: &Setup, path: &Path) -> Result<Source, RepoError> {
        let configuration = path.with_added_extension("conf");
        let settings = super::settings::of_file("x.conf", &folder.root.join(configuration), PEEK_BYTES);
        let get = |name: &str| {
            let setting = settings.iter().find(|setting| setting.key == name);
            setting.map(|setting| setting.value.trim().to_lowercase())
        };
        let encoding = get("encoding").or_else(|| setup.get("encoding").map(str::to_lowercase));
        let full = folder.root.join(path);
        let text = match encoding.as_deref() {
            Some("iso-8859-1" | "iso8859_1" | "latin1" | "windows-1252" | "cp1252") => {
                let bytes = std::fs::read(&full).map_err(|source| RepoError::Unreadable {
                    path: path.to_owned(),
                    source,
                })?;
                bytes.into_iter().map(char::from).collect()
            }
            _ => text::read(&full, path)?.text,
        };
        Ok(Source {
            text,
            has_placeholders: get("placeholderReplacement").as_deref() != Some("false"),
            in_transaction: get("executeInTransaction").map(|value| value == "true"),
            is_switched_off: get("shouldExecute").as_deref() == Some("false"),
        })
    }
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}
