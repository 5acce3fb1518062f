//! What a repository holds: candidate histories, servers, and where each of these facts comes from.
//!
//! Nothing is decided here. Where several tools or engines come into question, the candidate lists them all, and `select`
//! asks for the flag that settles it.

use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, Tool};

use crate::config::Config;
use crate::error::RepoError;
use crate::facts::{self, Fact, Manifest, ServerFact, engines_named};
use crate::scan;
use crate::text;
use crate::tools::{self, Claim, Place, Shape};
use crate::walk::{self, Listing, Tree};

/// So many files of a folder are looked into for annotations of tools.
const ANNOTATED_FILES_MAX: usize = 8;
/// So many are looked into for syntax of one engine.
const MARKED_FILES_MAX: usize = 40;
/// So much of each.
const PEEK_BYTES: u64 = 64 * 1024;

/// A folder that holds a migration history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The folder, relative to the root.
    pub folder: PathBuf,
    /// The tools that may run it: one, or several where nothing tells which.
    pub tools: Vec<Tool>,
    /// The engines it may be written for: one, several where nothing tells which, none where nothing was found.
    pub engines: Vec<Engine>,
    /// Whether it holds one history for each of `engines`, and not one whose engine is open.
    pub each_engine: bool,
    /// How many migrations it has, by the names of its files.
    pub migrations: usize,
    /// What tools and engines were concluded from.
    pub facts: Vec<Fact>,
    /// Whether it is taken only where there is no other: it lies among tests, examples or documentation, or just its
    /// file names look like migrations.
    pub aside: bool,
}

/// What a repository holds.
#[derive(Clone, Debug)]
pub struct Detection {
    /// The root.
    pub root: PathBuf,
    /// Folders with migrations, in the order of their paths.
    pub candidates: Vec<Candidate>,
    /// Servers that the repository says it runs, those that count most first.
    pub servers: Vec<ServerFact>,
    /// Set-ups of migration tools that dbwright does not read yet.
    pub unread: Vec<Fact>,
    /// Folders with migrations for engines that dbwright does not know (`migrations for clickhouse`).
    pub unknown_engines: Vec<Fact>,
    /// What stopped the search, where it was stopped (`200000 files`).
    pub truncated: Option<String>,
    pub(crate) tree: Tree,
}

/// Walks a repository and tells what it holds. With a folder in `config`, only that folder and those below it.
pub fn detect(root: &Path, config: &Config) -> Result<Detection, RepoError> {
    let mut tree = walk::walk(root)?;
    let named = named_folder(root, config, &mut tree)?;
    let surroundings = Surroundings {
        root,
        manifests: facts::manifests(root, &tree),
        servers: facts::servers(root, &tree),
        tree: &tree,
    };

    let mut candidates: Vec<Candidate> = tree
        .folders
        .iter()
        .filter(|(folder, _)| named.as_ref().is_none_or(|named| folder.starts_with(named)))
        .filter_map(|(folder, listing)| {
            let is_named = named.as_ref() == Some(folder);
            surroundings.candidate(folder, listing, is_named, config.tool.as_ref().map(|tool| tool.value))
        })
        .collect();
    if let Some(named) = &named {
        // The folder itself, where it is one; else what lies below it.
        if candidates.iter().any(|candidate| candidate.folder == *named) {
            candidates.retain(|candidate| candidate.folder == *named);
        }
        for candidate in &mut candidates {
            candidate.aside = false;
        }
    }
    drop_nested(&mut candidates);
    if named.is_none() {
        set_unused_aside(root, &mut candidates, &tree);
        set_library_aside(root, &mut candidates);
        drop_copies(&mut candidates, &tree);
    }

    let mut unread = facts::unread_tools(&tree);
    let is_read = |what: &str| {
        candidates
            .iter()
            .flat_map(|candidate| &candidate.tools)
            .any(|tool| tool.to_string() == what)
    };
    unread.retain(|fact| !is_read(&fact.what));
    // What is read of Liquibase names by itself what is not.
    if candidates.iter().any(|candidate| candidate.tools == [Tool::Liquibase]) {
        unread.retain(|fact| !fact.what.starts_with("Liquibase"));
    }
    let unknown_engines = if named.is_none() {
        unknown_engines(&tree, &candidates)
    } else {
        Vec::new()
    };
    let servers = surroundings.servers;
    Ok(Detection {
        root: root.to_owned(),
        candidates,
        servers,
        unread,
        unknown_engines,
        truncated: tree.truncated.clone(),
        tree,
    })
}

/// The folder that the configuration names, relative to the root. It is listed even where the walk passes over it.
fn named_folder(root: &Path, config: &Config, tree: &mut Tree) -> Result<Option<PathBuf>, RepoError> {
    let Some(setting) = &config.migrations else {
        return Ok(None);
    };
    let folder = relative(root, &setting.value);
    let wrong = |reason: &str| RepoError::MigrationsFolder {
        path: folder.clone(),
        from: setting.from.clone(),
        reason: reason.to_owned(),
    };
    let full = root.join(&folder);
    if !full.exists() {
        return Err(wrong("does not exist"));
    }
    if !full.is_dir() {
        return Err(wrong("is not a folder"));
    }
    if !tree.folders.contains_key(&folder) {
        let below = walk::walk(&full)?;
        for (path, listing) in below.folders {
            let path = if path.as_os_str().is_empty() {
                folder.clone()
            } else {
                folder.join(path)
            };
            tree.folders.insert(path, listing);
        }
    }
    Ok(Some(folder))
}

/// A path without `.` and without the root in front of it, where it lies below the root.
pub(crate) fn relative(root: &Path, path: &Path) -> PathBuf {
    let inner = match path.strip_prefix(root) {
        Ok(inner) => inner.to_owned(),
        Err(_) => match (path.canonicalize(), root.canonicalize()) {
            (Ok(path), Ok(root)) if path.starts_with(&root) => {
                path.strip_prefix(&root).map(Path::to_owned).unwrap_or_default()
            }
            _ => path.to_owned(),
        },
    };
    inner
        .components()
        .filter(|part| *part != std::path::Component::CurDir)
        .collect()
}

/// Some tools read folders below their own, so those are no histories by themselves.
fn drop_nested(candidates: &mut Vec<Candidate>) {
    let outer: Vec<PathBuf> = candidates
        .iter()
        .filter(|candidate| matches!(candidate.tools[..], [tool] if tools::reads_below(tool)))
        .map(|candidate| candidate.folder.clone())
        .collect();
    candidates.retain(|candidate| {
        !outer
            .iter()
            .any(|folder| candidate.folder != *folder && candidate.folder.starts_with(folder))
    });
}

/// Files that carry their dialect in their names are gathered in one folder: a folder whose files all stand in another one
/// as well (sources that a generator spreads) is no history of its own.
fn drop_copies(candidates: &mut Vec<Candidate>, tree: &Tree) {
    let files = |candidate: &Candidate| {
        let listing = tree.folders.get(&candidate.folder);
        listing.map_or(&[][..], |listing| &listing.files)
    };
    let of_pop = |candidate: &Candidate| candidate.tools == [Tool::Pop] && candidate.each_engine;
    let copies: Vec<PathBuf> = candidates
        .iter()
        .filter(|candidate| of_pop(candidate))
        .filter(|candidate| {
            candidates.iter().any(|other| {
                let (own, others) = (files(candidate), files(other));
                of_pop(other) && own.len() < others.len() && own.iter().all(|file| others.contains(file))
            })
        })
        .map(|candidate| candidate.folder.clone())
        .collect();
    candidates.retain(|candidate| !copies.contains(&candidate.folder));
}

/// The migrations of a library in the repository are run with those of the projects that use it.
fn set_library_aside(root: &Path, candidates: &mut [Candidate]) {
    let library = tools::library(root, Path::new(""));
    for candidate in candidates {
        candidate.aside |= library
            .as_ref()
            .is_some_and(|library| candidate.folder.starts_with(library));
    }
}

/// A Go package embeds the folder it runs: those of the same tool in the same package that none embeds are of another time.
fn set_unused_aside(root: &Path, candidates: &mut [Candidate], tree: &Tree) {
    if candidates.len() < 2 {
        return;
    }
    let embedded = facts::embedded(root, tree);
    let is_embedded = |folder: &Path| {
        embedded
            .iter()
            .any(|pattern| pattern.starts_with(folder) || folder.starts_with(pattern))
    };
    let used: Vec<(PathBuf, Vec<Tool>)> = candidates
        .iter()
        .filter(|candidate| is_embedded(&candidate.folder))
        .map(|candidate| (candidate.folder.clone(), candidate.tools.clone()))
        .collect();
    for candidate in candidates
        .iter_mut()
        .filter(|candidate| !is_embedded(&candidate.folder))
    {
        candidate.aside |= used
            .iter()
            .any(|(folder, tools)| *tools == candidate.tools && folder.parent() == candidate.folder.parent());
    }
}

/// What the rest of the repository says about a folder.
struct Surroundings<'a> {
    root: &'a Path,
    manifests: Vec<Manifest>,
    servers: Vec<ServerFact>,
    tree: &'a Tree,
}

impl Surroundings<'_> {
    /// What a folder is, where it holds migrations.
    fn candidate(&self, folder: &Path, listing: &Listing, is_named: bool, tool: Option<Tool>) -> Option<Candidate> {
        let place = Place {
            root: self.root,
            folder,
            listing,
            tree: self.tree,
            manifests: &self.manifests,
        };
        let claimed = tools::claim(&place).filter(|(claimed, _)| tool.is_none_or(|tool| tool == *claimed));
        if let Some((tool, claim)) = claimed {
            return Some(self.claimed(folder, listing, tool, claim));
        }
        if !is_named && unknown_engine(folder).is_some() {
            return None;
        }
        let (tools, migrations, mut facts) = self.tools(folder, listing, is_named)?;
        let by_names_only =
            tools == [Tool::Numbered] && !folder.to_string_lossy().to_ascii_lowercase().contains("migrat");
        let tools = match tool {
            // Named by the project: also where the names look like another tool's.
            Some(tool) if is_named || tools.contains(&tool) => vec![tool],
            // Numbered files bear no mark of a tool, and these tools read such names as well.
            Some(tool) if tools == [Tool::Numbered] && reads_numbered_files(tool) => vec![tool],
            Some(_) => return None,
            None => tools,
        };
        let (engines, engine_facts) = self.engines(folder, listing);
        facts.extend(engine_facts);
        Some(Candidate {
            folder: folder.to_owned(),
            tools,
            engines,
            each_engine: false,
            migrations,
            facts,
            aside: by_names_only || walk::is_aside(folder),
        })
    }

    /// A folder that bears a tool's own marks.
    fn claimed(&self, folder: &Path, listing: &Listing, tool: Tool, claim: Claim) -> Candidate {
        let mut facts = claim.facts;
        let engines = if claim.engines.len() == 1 || claim.each_engine {
            let mut engines = claim.engines;
            if !engines.contains(&Engine::MariaDb) {
                facts.extend(self.mariadb_for_mysql(&mut engines));
            }
            engines
        } else {
            let (found, engine_facts) = self.engines(folder, listing);
            facts.extend(engine_facts);
            let both: Vec<Engine> = found
                .iter()
                .copied()
                .filter(|engine| claim.engines.is_empty() || claim.engines.contains(engine))
                .collect();
            if both.is_empty() { claim.engines } else { both }
        };
        Candidate {
            folder: folder.to_owned(),
            tools: vec![tool],
            engines,
            each_engine: claim.each_engine,
            migrations: claim.migrations,
            facts,
            aside: walk::is_aside(folder),
        }
    }

    /// Tools that may run a folder, the number of its migrations, and what that rests on.
    fn tools(&self, folder: &Path, listing: &Listing, is_named: bool) -> Option<(Vec<Tool>, usize, Vec<Fact>)> {
        let inner = self.diesel_migrations(folder, listing);
        if !inner.is_empty() {
            let (_, facts) = self.depended_on(folder, &[Tool::Diesel]);
            let fact = Fact::new("folders with up.sql", folder, None);
            return Some((vec![Tool::Diesel], inner.len(), [vec![fact], facts].concat()));
        }
        let shape = Shape::of(&listing.files);
        let single = shape.single + shape.numbered;
        if let Some((tool, fact)) = self.annotated(folder, listing) {
            let (_, facts) = self.depended_on(folder, &[tool]);
            let count = if tool == Tool::Goose {
                shape.goose
            } else {
                shape.up_and_down + single
            };
            return Some((vec![tool], count, [vec![fact], facts].concat()));
        }
        if shape.refinery > 0 {
            return self.refinery(folder, listing, shape.refinery);
        }
        if shape.up_and_down > 0 {
            let (tools, facts) = self.up_and_down(folder);
            return Some((tools, shape.up_and_down + shape.single, facts));
        }
        if single == 0 || !(is_named || is_called_like_migrations(folder)) {
            return None;
        }
        let (tools, facts) = self.depended_on(folder, &[Tool::Sqlx]);
        if shape.single > 0 && !tools.is_empty() {
            return Some((tools, shape.single, facts));
        }
        let fact = Fact::new("numbered SQL files", folder, None);
        Some((vec![Tool::Numbered], single, vec![fact]))
    }

    /// Names of the folders below that are migrations of diesel.
    fn diesel_migrations<'a>(&self, folder: &Path, listing: &'a Listing) -> Vec<&'a str> {
        let names = listing.folders.iter().map(String::as_str);
        names
            .filter(|name| !name.starts_with('.') && name.contains(|c: char| c.is_ascii_digit()))
            .filter(|name| {
                let inner = self.tree.folders.get(&folder.join(name));
                inner.is_some_and(tools::is_diesel_migration)
            })
            .collect()
    }

    /// The tool whose annotations the files have.
    fn annotated(&self, folder: &Path, listing: &Listing) -> Option<(Tool, Fact)> {
        let numbered = listing
            .files
            .iter()
            .filter(|file| file.starts_with(|c: char| c.is_ascii_digit()) && walk::has_extension(file, "sql"));
        numbered.take(ANNOTATED_FILES_MAX).find_map(|file| {
            let path = folder.join(file);
            let tool = tools::annotated(&text::peek(&self.root.join(&path), PEEK_BYTES))?;
            Some((tool, Fact::new(format!("annotations of {tool}"), path, None)))
        })
    }

    /// `V1__x.sql` is refinery's name and Flyway's, which is not read.
    fn refinery(&self, folder: &Path, listing: &Listing, count: usize) -> Option<(Vec<Tool>, usize, Vec<Fact>)> {
        let (tools, facts) = self.depended_on(folder, &[Tool::Refinery]);
        let has_sql = listing.files.iter().any(|file| walk::has_extension(file, "sql"));
        let is_java = self.tree.files().any(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            matches!(
                name,
                "pom.xml" | "build.gradle" | "build.gradle.kts" | "flyway.conf" | "flyway.toml"
            )
        });
        if !has_sql || (tools.is_empty() && is_java) {
            return None;
        }
        let fact = Fact::new("files named V<number>__<name>", folder, None);
        Some((vec![Tool::Refinery], count, [vec![fact], facts].concat()))
    }

    /// `1_x.up.sql` is sqlx's name and golang-migrate's.
    fn up_and_down(&self, folder: &Path) -> (Vec<Tool>, Vec<Fact>) {
        let fact = Fact::new("files named <number>_<name>.up.sql", folder, None);
        let (tools, facts) = self.depended_on(folder, &[Tool::Sqlx, Tool::GolangMigrate]);
        if !tools.is_empty() {
            return (tools, [vec![fact], facts].concat());
        }
        let go_module = folder.ancestors().find(|parent| {
            let listing = self.tree.folders.get(*parent);
            listing.is_some_and(|listing| listing.files.iter().any(|file| file == "go.mod"))
        });
        match go_module {
            Some(module) => {
                let module = Fact::new("a Go module", module.join("go.mod"), None);
                (vec![Tool::GolangMigrate], vec![fact, module])
            }
            None => (vec![Tool::Sqlx, Tool::GolangMigrate], vec![fact]),
        }
    }

    /// Which of `wanted` the project depends on: the nearest manifest upwards decides, else those beside the folder.
    fn depended_on(&self, folder: &Path, wanted: &[Tool]) -> (Vec<Tool>, Vec<Fact>) {
        let of = |manifests: Vec<&Manifest>| {
            let mut tools: Vec<Tool> = Vec::new();
            let mut facts: Vec<Fact> = Vec::new();
            for (tool, fact) in manifests.into_iter().flat_map(|manifest| &manifest.tools) {
                if wanted.contains(tool) {
                    if !tools.contains(tool) {
                        tools.push(*tool);
                    }
                    facts.push(fact.clone());
                }
            }
            (tools, facts)
        };
        let nearest = folder.ancestors().map(|parent| {
            of(self
                .manifests
                .iter()
                .filter(|manifest| manifest.folder == parent)
                .collect())
        });
        let (tools, mut facts) = nearest
            .into_iter()
            .find(|(tools, _)| !tools.is_empty())
            .unwrap_or_else(|| of(self.beside(folder).collect()));
        facts.truncate(2);
        (tools, facts)
    }

    /// Manifests at and below the folder that `folder` lies in.
    fn beside(&self, folder: &Path) -> impl Iterator<Item = &Manifest> {
        let parent = folder.parent().unwrap_or(Path::new("")).to_owned();
        self.manifests
            .iter()
            .filter(move |manifest| manifest.folder.starts_with(&parent) && !walk::is_aside(&manifest.folder))
    }

    /// Engines that a folder may be written for. Sources are asked in order of their strength, each narrows what the ones
    /// before it left open, and one that contradicts them all is passed over.
    fn engines(&self, folder: &Path, listing: &Listing) -> (Vec<Engine>, Vec<Fact>) {
        let sources = [
            Self::engines_by_name(folder),
            self.engines_by_syntax(folder, listing),
            self.engines_by_manifest(folder),
            self.engines_by_server(),
        ];
        let last = sources.len() - 1;
        let mut engines: Vec<Engine> = Vec::new();
        let mut facts = Vec::new();
        for (index, (found, found_facts)) in sources.into_iter().enumerate() {
            let left: Vec<Engine> = if engines.is_empty() {
                found
            } else {
                engines
                    .iter()
                    .copied()
                    .filter(|engine| found.contains(engine))
                    .collect()
            };
            // A server may belong to another part of the repository: it decides only where nothing else speaks.
            let may_narrow = index < last || engines.is_empty();
            if left.is_empty() || engines == left || !may_narrow {
                continue;
            }
            engines = left;
            facts.extend(found_facts);
        }
        // Drivers and names say `mysql` for both; what says nothing of MariaDB means MySQL.
        if engines == [Engine::MySql, Engine::MariaDb] {
            engines.truncate(1);
            facts.extend(self.mariadb_for_mysql(&mut engines));
        }
        (engines, facts)
    }

    /// Puts MariaDB in the place of MySQL where the servers that count most are MariaDB, and says which. The scheme of a URL
    /// is `mysql` for both.
    fn mariadb_for_mysql(&self, engines: &mut [Engine]) -> Option<Fact> {
        let servers = || {
            self.servers.iter().filter(|server| {
                let by_scheme = server.engine == Engine::MySql && server.fact.what.contains("with scheme of");
                server.rank < 10 && is_mysql_family(&[server.engine]) && !by_scheme
            })
        };
        let rank = servers().map(|server| server.rank).min()?;
        let mut first = servers().filter(|server| server.rank == rank);
        let fact = first
            .next()
            .filter(|server| server.engine == Engine::MariaDb)?
            .fact
            .clone();
        if first.any(|server| server.engine == Engine::MySql) {
            return None;
        }
        let mysql = engines.iter_mut().find(|engine| **engine == Engine::MySql)?;
        *mysql = Engine::MariaDb;
        Some(fact)
    }

    /// `migrations/postgresql`, `crates/server-sqlite/migrations`.
    fn engines_by_name(folder: &Path) -> (Vec<Engine>, Vec<Fact>) {
        for part in folder.ancestors() {
            let name = part
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default()
                .to_ascii_lowercase();
            let engines = union(name.split(|c: char| !c.is_ascii_alphanumeric()).map(engines_named));
            if !engines.is_empty() {
                return (engines, vec![Fact::new("the name of the folder", part, None)]);
            }
        }
        (Vec::new(), Vec::new())
    }

    fn engines_by_syntax(&self, folder: &Path, listing: &Listing) -> (Vec<Engine>, Vec<Fact>) {
        let inner = self.diesel_migrations(folder, listing);
        let files: Vec<PathBuf> = if inner.is_empty() {
            let names = listing.files.iter().filter(|file| walk::has_extension(file, "sql"));
            names.map(|file| folder.join(file)).collect()
        } else {
            inner.iter().map(|name| folder.join(name).join("up.sql")).collect()
        };
        let mut marks: Vec<(Engine, Fact)> = Vec::new();
        let mut backtick = None;
        for path in files.into_iter().take(MARKED_FILES_MAX) {
            let text = text::peek(&self.root.join(&path), PEEK_BYTES);
            backtick = backtick.or_else(|| {
                Some(Fact::new(
                    "names in backticks",
                    path.clone(),
                    Some(scan::backtick(&text)?),
                ))
            });
            for (engine, mark, line) in scan::engine_marks(&text) {
                if marks.iter().all(|(known, _)| *known != engine) {
                    marks.push((engine, Fact::new(format!("`{mark}`"), path.clone(), Some(line))));
                }
            }
        }
        match (marks.as_slice(), backtick) {
            ([(engine, fact)], _) => (family(*engine), vec![fact.clone()]),
            // PostgreSQL has no backticks.
            ([], Some(fact)) => (vec![Engine::MySql, Engine::MariaDb, Engine::Sqlite], vec![fact]),
            ([], None) | ([_, _, ..], _) => (Vec::new(), Vec::new()),
        }
    }

    /// The nearest manifest upwards that names an engine, else those beside the folder, else all.
    fn engines_by_manifest(&self, folder: &Path) -> (Vec<Engine>, Vec<Fact>) {
        let at = |parent: &Path| {
            self.manifests
                .iter()
                .filter(|manifest| manifest.folder == parent)
                .collect()
        };
        let nearest = folder.ancestors().map(at).map(engines_of_manifests);
        let wider = [self.beside(folder).collect(), self.manifests.iter().collect()].map(engines_of_manifests);
        nearest
            .chain(wider)
            .find(|(engines, _)| !engines.is_empty())
            .unwrap_or_default()
    }

    fn engines_by_server(&self) -> (Vec<Engine>, Vec<Fact>) {
        let servers: Vec<&ServerFact> = self.servers.iter().filter(|server| server.rank < 10).collect();
        let engines = union(servers.iter().map(|server| match server.engine {
            Engine::Postgres => &[Engine::Postgres][..],
            Engine::MySql => &[Engine::MySql],
            Engine::MariaDb => &[Engine::MariaDb],
            Engine::Sqlite => &[Engine::Sqlite],
        }));
        let first = |engine: &Engine| servers.iter().find(|server| server.engine == *engine);
        let facts = engines
            .iter()
            .filter_map(first)
            .map(|server| server.fact.clone())
            .collect();
        (engines, facts)
    }
}

fn engines_of_manifests(manifests: Vec<&Manifest>) -> (Vec<Engine>, Vec<Fact>) {
    let mentions: Vec<&(&[Engine], Fact)> = manifests.into_iter().flat_map(|manifest| &manifest.engines).collect();
    let engines = union(mentions.iter().map(|(engines, _)| *engines));
    let firsts = mentions
        .iter()
        .enumerate()
        .filter(|(index, (engines, _))| mentions[..*index].iter().all(|(earlier, _)| earlier != engines));
    (engines, firsts.map(|(_, (_, fact))| fact.clone()).collect())
}

fn family(engine: Engine) -> Vec<Engine> {
    match engine {
        Engine::MySql | Engine::MariaDb => vec![Engine::MySql, Engine::MariaDb],
        Engine::Postgres | Engine::Sqlite => vec![engine],
    }
}

fn is_mysql_family(engines: &[Engine]) -> bool {
    engines
        .iter()
        .all(|engine| matches!(engine, Engine::MySql | Engine::MariaDb))
}

fn union<'a>(sets: impl Iterator<Item = &'a [Engine]>) -> Vec<Engine> {
    let mut all: Vec<Engine> = Vec::new();
    for engine in sets.flatten() {
        if !all.contains(engine) {
            all.push(*engine);
        }
    }
    all.sort();
    all
}

/// Whether a tool takes `20260105_notes.sql` for a migration.
fn reads_numbered_files(tool: Tool) -> bool {
    match tool {
        Tool::Sqlx
        | Tool::Dbmate
        | Tool::Goose
        | Tool::Numbered
        | Tool::SqlMigrate
        | Tool::Tern
        | Tool::NodePgMigrate
        | Tool::Atlas
        | Tool::Supabase => true,
        Tool::Diesel
        | Tool::Refinery
        | Tool::GolangMigrate
        | Tool::Flyway
        | Tool::Prisma
        | Tool::Drizzle
        | Tool::Pop
        | Tool::GraphileMigrate
        | Tool::Liquibase
        | Tool::File => false,
    }
}

/// Which engine that dbwright does not know a folder is for, by the nearest part of its path that is called like an engine:
/// `migrations/h2`, `db/clickhouse/migrations`. A service may be called `oracle`, so that counts at the end only.
fn unknown_engine(folder: &Path) -> Option<String> {
    const OTHER_MEANINGS: [&str; 2] = ["oracle", "derby"];
    let names = folder
        .components()
        .rev()
        .filter_map(|part| Some(part.as_os_str().to_str()?.to_ascii_lowercase()));
    let (distance, name) = names
        .enumerate()
        .find(|(_, name)| tools::is_called_like_database(name))?;
    let is_meant = distance == 0 || !OTHER_MEANINGS.contains(&name.as_str());
    (is_meant && engines_named(&name).is_empty()).then_some(name)
}

/// Folders that would be histories if they were not for an engine that dbwright does not know.
fn unknown_engines(tree: &Tree, candidates: &[Candidate]) -> Vec<Fact> {
    // What a tool reads below its own folder, it names itself.
    let is_read = |folder: &Path| candidates.iter().any(|candidate| folder.starts_with(&candidate.folder));
    tree.folders
        .iter()
        .filter(|(folder, listing)| {
            let shape = Shape::of(&listing.files);
            let migrations = shape.refinery + shape.up_and_down + shape.single + shape.numbered;
            migrations > 0 && is_called_like_migrations(folder) && !walk::is_aside(folder) && !is_read(folder)
        })
        .filter_map(|(folder, _)| {
            let engine = unknown_engine(folder)?;
            Some(Fact::new(format!("migrations for {engine}"), folder, None))
        })
        .collect()
}

/// Whether a folder is called like one that holds migrations. Numbered SQL files elsewhere may be anything.
pub(crate) fn is_called_like_migrations(folder: &Path) -> bool {
    let is_like = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.contains("migrat")
            || matches!(
                name.as_str(),
                "sql" | "schema" | "changes" | "patches" | "updates" | "upgrades" | "delta" | "deltas" | "evolutions"
            )
    };
    let names = folder.components().rev().filter_map(|part| part.as_os_str().to_str());
    // `migrations/0.27/00__x.sql`, `migrations/postgres/1.sql`: the folder above may carry the name.
    names.take(2).any(is_like)
}
