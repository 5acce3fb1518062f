//! `dbwright.toml` and the flags that override it.
//!
//! Rule names are not checked here: which rules exist is known further up. What each key means stands in [`schema`].

mod paths;
mod schema;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use dbwright_catalog::{Engine, Severity, Tool, Version};
use serde::Deserialize;
use toml::Spanned;

use crate::error::RepoError;
use crate::text;

/// Name of the configuration file, at the root of the repository.
pub(crate) const FILE_NAME: &str = "dbwright.toml";

pub use paths::Pattern;
pub use schema::{DocumentedKey, config_page, config_schema, documented};

/// A value together with who set it: `dbwright.toml:3` or `--engine`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// The flag, or file and line.
    pub from: String,
}

/// From which severity on findings make `check` fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// Never.
    Never,
    /// From this severity on.
    Severity(Severity),
}

impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "never" => Ok(FailOn::Never),
            _ => match RuleLevel::from_str(text) {
                Ok(RuleLevel::Severity(severity)) => Ok(FailOn::Severity(severity)),
                _ => Err(format!("`{text}` is no severity (known: error, warning, note, never)")),
            },
        }
    }
}

/// What a project makes of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleLevel {
    /// Its findings are not reported.
    Allow,
    /// Its findings have this severity.
    Severity(Severity),
}

impl FromStr for RuleLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "allow" => Ok(RuleLevel::Allow),
            "note" => Ok(RuleLevel::Severity(Severity::Note)),
            "warning" => Ok(RuleLevel::Severity(Severity::Warning)),
            "error" => Ok(RuleLevel::Severity(Severity::Error)),
            _ => Err(format!(
                "`{text}` is no level of a rule (known: allow, note, warning, error)"
            )),
        }
    }
}

/// What a project sets, from `dbwright.toml` and flags.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The engine.
    pub engine: Option<Setting<Engine>>,
    /// Version of the server in production.
    pub engine_version: Option<Setting<Version>>,
    /// Folder of the migrations, relative to the root or absolute.
    pub migrations: Option<Setting<PathBuf>>,
    /// The tool that runs them.
    pub tool: Option<Setting<Tool>>,
    /// SQL that is loaded before the first migration.
    pub schema: Option<Setting<PathBuf>>,
    /// The git reference that migrations are new against.
    pub base: Option<Setting<String>>,
    /// From which severity on `check` fails.
    pub fail_on: Option<Setting<FailOn>>,
    /// Whether foreign keys are enforced while migrations run (SQLite).
    pub sqlite_foreign_keys: Option<Setting<bool>>,
    /// Levels of rules, by name.
    pub rules: BTreeMap<String, Setting<RuleLevel>>,
    /// Migrations that are run and not judged.
    pub ignore: Vec<Setting<Pattern>>,
    /// Levels of rules for some files.
    pub overrides: Vec<PathLevels>,
    /// Files and folders with queries of the application, beside those that are found.
    pub queries: Vec<Setting<PathBuf>>,
    /// From how many times its cost on a plan is worse; 2 where nothing is set.
    pub plan_cost_factor: Option<Setting<f64>>,
    /// Plans whose cost afterwards is lower are not told; where nothing is set, the engine decides.
    pub plan_cost_min: Option<Setting<f64>>,
    /// What the figures of the scorecard have to reach, in percent, by their name.
    pub thresholds: BTreeMap<String, Setting<u8>>,
}

/// Levels of rules for the files that one of the patterns fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathLevels {
    /// Which files.
    pub paths: Vec<Pattern>,
    /// Levels of rules, by name.
    pub rules: BTreeMap<String, Setting<RuleLevel>>,
}

impl Config {
    /// The setting that keeps a file, named relative to the root of the repository, from being judged.
    pub fn ignores(&self, file: &Path) -> Option<&Setting<Pattern>> {
        self.ignore.iter().find(|pattern| pattern.value.fits(file))
    }
}

/// What flags set. They win over `dbwright.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--engine`.
    pub engine: Option<Engine>,
    /// `--engine-version`.
    pub engine_version: Option<Version>,
    /// `--migrations`. A relative path is relative to the root: make it absolute where the working folder is another.
    pub migrations: Option<PathBuf>,
    /// `--tool`.
    pub tool: Option<Tool>,
    /// `--schema`, as [`Overrides::migrations`].
    pub schema: Option<PathBuf>,
    /// `--since`.
    pub since: Option<String>,
    /// `--fail-on`.
    pub fail_on: Option<FailOn>,
    /// `--allow`, once for each rule.
    pub allow: Vec<String>,
    /// `--queries`, once for each path, as [`Overrides::migrations`].
    pub queries: Vec<PathBuf>,
}

/// The tool with this name: `sqlx`, `golang-migrate`, `numbered` … (`migrate` is read as golang-migrate).
pub fn parse_tool(text: &str) -> Result<Tool, String> {
    let wanted = if text == "migrate" { "golang-migrate" } else { text };
    Tool::ALL.into_iter().find(|tool| tool.name() == wanted).ok_or_else(|| {
        let known: Vec<&str> = Tool::ALL.iter().map(|tool| tool.name()).collect();
        format!("unknown tool `{text}` (known: {})", known.join(", "))
    })
}

impl Config {
    /// Reads `dbwright.toml` at the root; nothing is set where there is none.
    pub fn load(root: &Path) -> Result<Config, RepoError> {
        let path = root.join(FILE_NAME);
        if !path.exists() {
            return Ok(Config::default());
        }
        let shown = Path::new(FILE_NAME);
        Config::parse(&text::read(&path, shown)?.text)
    }

    /// Reads the text of a `dbwright.toml`.
    pub fn parse(text: &str) -> Result<Config, RepoError> {
        let written: Written = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            mistake(text, at, reworded(error.message()))
        })?;
        written.checked(text)
    }

    /// The same with the flags on top.
    #[must_use]
    pub fn with(mut self, overrides: Overrides) -> Config {
        fn put<T>(slot: &mut Option<Setting<T>>, value: Option<T>, flag: &str) {
            if let Some(value) = value {
                *slot = Some(Setting {
                    value,
                    from: flag.to_owned(),
                });
            }
        }
        put(&mut self.engine, overrides.engine, "--engine");
        put(&mut self.engine_version, overrides.engine_version, "--engine-version");
        put(&mut self.migrations, overrides.migrations, "--migrations");
        put(&mut self.tool, overrides.tool, "--tool");
        put(&mut self.schema, overrides.schema, "--schema");
        put(&mut self.base, overrides.since, "--since");
        put(&mut self.fail_on, overrides.fail_on, "--fail-on");
        for rule in overrides.allow {
            let level = Setting {
                value: RuleLevel::Allow,
                from: "--allow".to_owned(),
            };
            self.rules.insert(rule, level);
        }
        self.queries.extend(overrides.queries.into_iter().map(|value| Setting {
            value,
            from: "--queries".to_owned(),
        }));
        self
    }
}

/// The file as it is written. Values are checked one by one afterwards, so that each mistake has its line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    engine: Option<Spanned<String>>,
    engine_version: Option<Spanned<toml::Value>>,
    migrations: Option<Spanned<String>>,
    tool: Option<Spanned<String>>,
    schema: Option<Spanned<String>>,
    base: Option<Spanned<String>>,
    fail_on: Option<Spanned<String>>,
    sqlite_foreign_keys: Option<Spanned<bool>>,
    #[serde(default)]
    allow: Vec<Spanned<String>>,
    #[serde(default)]
    rules: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    ignore: Vec<Spanned<String>>,
    #[serde(default)]
    queries: Vec<Spanned<String>>,
    plan_cost_factor: Option<Spanned<toml::Value>>,
    plan_cost_min: Option<Spanned<toml::Value>>,
    #[serde(default)]
    overrides: Vec<WrittenOverride>,
    #[serde(default)]
    thresholds: BTreeMap<String, Spanned<toml::Value>>,
}

/// One `[[overrides]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenOverride {
    paths: Vec<Spanned<String>>,
    rules: BTreeMap<String, Spanned<String>>,
}

impl Written {
    fn checked(self, text: &str) -> Result<Config, RepoError> {
        let mut rules = BTreeMap::new();
        for rule in self.allow {
            let from = place(text, &rule.span());
            rules.insert(
                rule.into_inner(),
                Setting {
                    value: RuleLevel::Allow,
                    from,
                },
            );
        }
        rules.extend(levels(text, self.rules)?);
        let mut overrides = Vec::with_capacity(self.overrides.len());
        for written in self.overrides {
            let mut paths = Vec::with_capacity(written.paths.len());
            for path in written.paths {
                paths.extend(setting(text, Some(path), |path| Pattern::parse(&path))?.map(|path| path.value));
            }
            overrides.push(PathLevels {
                paths,
                rules: levels(text, written.rules)?,
            });
        }
        let mut ignore = Vec::with_capacity(self.ignore.len());
        for path in self.ignore {
            ignore.extend(setting(text, Some(path), |path| Pattern::parse(&path))?);
        }
        let mut queries = Vec::with_capacity(self.queries.len());
        for path in self.queries {
            queries.extend(setting(text, Some(path), |path| Ok(PathBuf::from(path)))?);
        }
        let mut thresholds = BTreeMap::new();
        for (figure, percent) in self.thresholds {
            if !schema::FIGURES.contains(&figure.as_str()) {
                let at = percent.span().start;
                return Err(mistake(text, at, unknown("figure", &figure, &schema::FIGURES)));
            }
            if let Some(percent) = setting(text, Some(percent), |value| percent_of(&value))? {
                thresholds.insert(figure, percent);
            }
        }
        Ok(Config {
            ignore,
            queries,
            plan_cost_factor: setting(text, self.plan_cost_factor, |value| cost(&value, 1.0))?,
            plan_cost_min: setting(text, self.plan_cost_min, |value| cost(&value, 0.0))?,
            overrides,
            thresholds,
            engine: setting(text, self.engine, |name| {
                name.parse::<Engine>().map_err(|error| error.to_string())
            })?,
            engine_version: setting(text, self.engine_version, |value| version(&value))?,
            migrations: setting(text, self.migrations, |path| Ok(PathBuf::from(path)))?,
            tool: setting(text, self.tool, |name| parse_tool(&name))?,
            schema: setting(text, self.schema, |path| Ok(PathBuf::from(path)))?,
            base: setting(text, self.base, Ok)?,
            fail_on: setting(text, self.fail_on, |name| name.parse())?,
            sqlite_foreign_keys: setting(text, self.sqlite_foreign_keys, Ok)?,
            rules,
        })
    }
}

/// Levels of rules as they are written under `rules`.
fn levels(
    text: &str,
    written: BTreeMap<String, Spanned<String>>,
) -> Result<BTreeMap<String, Setting<RuleLevel>>, RepoError> {
    let mut rules = BTreeMap::new();
    for (rule, level) in written {
        if let Some(level) = setting(text, Some(level), |level| level.parse())? {
            rules.insert(rule, level);
        }
    }
    Ok(rules)
}

/// A share: `0` to `100`.
fn percent_of(value: &toml::Value) -> Result<u8, String> {
    let percent = value.as_integer().and_then(|number| u8::try_from(number).ok());
    percent
        .filter(|percent| *percent <= 100)
        .ok_or_else(|| format!("a threshold is a number of percent from 0 to 100, not {value}"))
}

/// A number that says something of costs.
#[expect(clippy::cast_precision_loss, reason = "nobody sets so large a cost")]
fn cost(value: &toml::Value, least: f64) -> Result<f64, String> {
    let number = value
        .as_float()
        .or_else(|| value.as_integer().map(|number| number as f64));
    number
        .filter(|number| number.is_finite() && *number >= least)
        .ok_or_else(|| format!("a number of at least {least} is meant, not {value}"))
}

/// Checks one value and notes where it stands.
fn setting<W, T>(
    text: &str,
    written: Option<Spanned<W>>,
    check: impl FnOnce(W) -> Result<T, String>,
) -> Result<Option<Setting<T>>, RepoError> {
    let Some(written) = written else { return Ok(None) };
    let span = written.span();
    match check(written.into_inner()) {
        Ok(value) => Ok(Some(Setting {
            value,
            from: place(text, &span),
        })),
        Err(message) => Err(mistake(text, span.start, message)),
    }
}

/// `16`, `16.4` and `"16.4"` are all versions.
fn version(value: &toml::Value) -> Result<Version, String> {
    let written = match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        other => {
            return Err(format!(
                "engine-version is a version like \"16.4\", not a {}",
                other.type_str()
            ));
        }
    };
    written
        .parse()
        .map_err(|error: dbwright_catalog::ParseVersionError| error.to_string())
}

fn place(text: &str, span: &Range<usize>) -> String {
    format!("{FILE_NAME}:{}", text::line_at(text.as_bytes(), span.start))
}

fn mistake(text: &str, at: usize, message: String) -> RepoError {
    RepoError::Config {
        path: PathBuf::from(FILE_NAME),
        line: text::line_at(text.as_bytes(), at) as usize,
        message,
    }
}

/// The parser's words, with the known keys in ours.
fn reworded(message: &str) -> String {
    let Some((key, rest)) = message
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split_once('`'))
    else {
        return message.lines().next().unwrap_or_default().to_owned();
    };
    // The parser names the keys that are known at that place.
    let is_known = |name: &&'static str| rest.contains(&format!("`{name}`"));
    let known: Vec<&'static str> = schema::names().into_iter().filter(is_known).collect();
    unknown("key", key, &known)
}

/// `unknown key `engin`; did you mean `engine`? (known: …)`.
fn unknown(what: &str, name: &str, known: &[&'static str]) -> String {
    let nearest = dbwright_catalog::nearest(name, known);
    let meant = nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"));
    format!("unknown {what} `{name}`{meant} (known: {})", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        Config::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn every_key_is_read_with_its_place() {
        let config = Config::parse(
            "engine = \"postgresql\"\nengine-version = 16.4\nmigrations = \"db\"\ntool = \"dbmate\"\nschema = \"s.sql\"\n\
             base = \"origin/dev\"\nfail-on = \"never\"\nsqlite-foreign-keys = true\nallow = [\"a\"]\n[rules]\nb = \"note\"\n",
        )
        .unwrap();
        let engine = config.engine.unwrap();
        assert_eq!(
            (engine.value, engine.from.as_str()),
            (Engine::Postgres, "dbwright.toml:1")
        );
        assert_eq!(config.engine_version.unwrap().value, Version::new(16, 4, 0));
        assert_eq!(config.tool.unwrap().value, Tool::Dbmate);
        assert_eq!(config.fail_on.unwrap().value, FailOn::Never);
        assert_eq!(config.rules["a"].value, RuleLevel::Allow);
        assert_eq!(config.rules["b"].value, RuleLevel::Severity(Severity::Note));
        assert_eq!(config.rules["b"].from, "dbwright.toml:11");
    }

    #[test]
    fn the_keys_that_are_documented_are_those_that_are_read() {
        let known = |text: &str| -> Vec<String> {
            let error = toml::from_str::<Written>(text).map(|_| ()).unwrap_err();
            let names = error.message().split('`').skip(3).step_by(2);
            names.map(str::to_owned).collect()
        };
        let documented: Vec<&str> = documented().iter().map(|key| key.name).collect();
        assert_eq!(known("x = 1"), documented);
        assert_eq!(known("[[overrides]]\nx = 1"), schema::OF_OVERRIDES);
    }

    #[test]
    fn files_are_ignored_and_overridden_by_pattern() {
        let config = Config::parse(
            "ignore = [\"db/old/**\"]\n[rules]\na = \"error\"\n[[overrides]]\npaths = [\"db/*.sql\"]\nrules = { a = \"note\" }\n\
             [thresholds]\nconstraint-coverage = 90\n",
        )
        .unwrap();
        let ignored = |file: &str| config.ignores(Path::new(file)).map(|setting| setting.from.clone());
        assert_eq!(ignored("db/old/a/1.sql").as_deref(), Some("dbwright.toml:1"));
        assert_eq!(ignored("db/new/1.sql"), None);
        assert_eq!(
            config.overrides[0].rules["a"].value,
            RuleLevel::Severity(Severity::Note)
        );
        assert_eq!(config.overrides[0].rules["a"].from, "dbwright.toml:6");
        assert!(config.overrides[0].paths[0].fits(Path::new("db/1.sql")));
        assert_eq!(config.thresholds["constraint-coverage"].value, 90);
    }

    #[test]
    fn a_mistake_names_key_line_and_what_would_be_right() {
        assert_eq!(
            message("engine = \"sqlite\"\nengin = 1\n"),
            "dbwright.toml:2: unknown key `engin`; did you mean `engine`? (known: engine, engine-version, migrations, tool, \
             schema, base, fail-on, sqlite-foreign-keys, allow, rules, ignore, queries, plan-cost-factor, plan-cost-min, overrides, \
             thresholds)"
        );
        assert_eq!(
            message("[[overrides]]\npath = [\"a\"]\nrules = {}"),
            "dbwright.toml:2: unknown key `path`; did you mean `paths`? (known: rules, paths)"
        );
        assert_eq!(
            message("[[overrides]]\npaths = [\"../a\"]\nrules = {}"),
            "dbwright.toml:2: `../a` leaves the repository: a pattern is relative to its root, as in \"db/migrations/0001_*.sql\""
        );
        assert!(message("[thresholds]\nconstraints-coverage = 90").starts_with(
            "dbwright.toml:2: unknown figure `constraints-coverage`; did you mean `constraint-coverage`?"
        ));
        assert_eq!(
            message("[thresholds]\nconstraint-coverage = 0.9"),
            "dbwright.toml:2: a threshold is a number of percent from 0 to 100, not 0.9"
        );
        assert_eq!(
            message("\nengine = \"oracle\"\n"),
            "dbwright.toml:2: unknown engine `oracle` (known: postgres, mysql, mariadb, sqlite)"
        );
        assert_eq!(
            message("tool = \"rails\""),
            format!(
                "dbwright.toml:1: unknown tool `rails` (known: {})",
                Tool::ALL.map(Tool::name).join(", ")
            )
        );
        assert_eq!(
            message("[rules]\ntable-rewrite = \"off\""),
            "dbwright.toml:2: `off` is no level of a rule (known: allow, note, warning, error)"
        );
        assert_eq!(
            message("engine-version = [16]"),
            "dbwright.toml:1: engine-version is a version like \"16.4\", not a array"
        );
        assert_eq!(
            message("engine = 3"),
            "dbwright.toml:1: invalid type: integer `3`, expected a string"
        );
        assert!(message("engine = \"sqlite").starts_with("dbwright.toml:1: "));
    }

    #[test]
    fn flags_win_over_the_file() {
        let config = Config::parse("engine = \"sqlite\"\nbase = \"dev\"")
            .unwrap()
            .with(Overrides {
                engine: Some(Engine::Postgres),
                allow: vec!["table-rewrite".to_owned()],
                ..Overrides::default()
            });
        assert_eq!(
            config.engine,
            Some(Setting {
                value: Engine::Postgres,
                from: "--engine".to_owned()
            })
        );
        assert_eq!(config.base.unwrap().from, "dbwright.toml:2");
        assert_eq!(config.rules["table-rewrite"].from, "--allow");
    }
}
