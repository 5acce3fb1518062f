//! A rule's page: the `//!` comment at the top of its file.
//!
//! Its first line is the summary. Code blocks are tagged `sql`, then what they are, then for what:
//!
//! | tag | meaning |
//! | --- | --- |
//! | `setup` | schema that exists before, in an earlier migration of its own; holds for the examples of its engine that follow, until the next one |
//! | `bad` | the rule fires |
//! | `good` | it does not |
//! | `fixed` | it does not, and this is the fix that it offers for the `bad` block before |
//! | `postgres`, `mysql mariadb` … | the engine, or several |
//! | `mode:each-statement` | how the example is run; in one transaction where nothing is said |
//! | `from:18`, `below:18` | the majors of the server that it holds for |
//! | `says:10.4` | the version that the repository says it runs |

use dbwright_catalog::{Engine, RunMode, Version};

use crate::Rule;

/// An example of a rule's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// What it shows.
    pub kind: ExampleKind,
    /// For which engine it is written.
    pub engine: Engine,
    /// The text of the migration.
    pub sql: String,
    /// The text of the migration before it, run statement by statement, where one is needed.
    pub setup: Option<String>,
    /// How the migration is run.
    pub run_mode: RunMode,
    /// First major version of the server for which it holds.
    pub major_from: Option<u32>,
    /// First major version for which it no longer holds.
    pub major_below: Option<u32>,
    /// The version that the repository says it runs.
    pub says: Option<Version>,
}

impl Example {
    /// Whether it holds for servers of this major version.
    pub fn holds_for(&self, major: u32) -> bool {
        self.major_from.is_none_or(|from| major >= from) && self.major_below.is_none_or(|below| major < below)
    }
}

/// What an example shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExampleKind {
    /// The rule fires.
    Bad,
    /// The rule does not fire.
    Good,
    /// The fix that the rule offers for the bad example before it.
    Fixed,
}

/// The first line of the comment, without its full stop.
pub(crate) fn summary(source: &str) -> String {
    let first = comment(source).next().unwrap_or_default();
    first.trim_end_matches('.').to_owned()
}

/// The examples, in order.
pub(crate) fn examples(rule: &Rule) -> Vec<Example> {
    let mut setups: Vec<(Engine, String)> = Vec::new();
    let mut examples = Vec::new();
    for block in blocks(rule.source) {
        let tags = Tags::read(&block.info);
        let engines = if tags.engines.is_empty() {
            rule.engines.to_vec()
        } else {
            tags.engines.clone()
        };
        for engine in engines {
            let kind = match tags.role {
                None => continue,
                Some(Role::Example(kind)) => Some(kind),
                Some(Role::Setup) => None,
            };
            let Some(kind) = kind else {
                setups.retain(|(of, _)| *of != engine);
                setups.push((engine, block.sql.clone()));
                continue;
            };
            examples.push(Example {
                kind,
                engine,
                sql: block.sql.clone(),
                setup: setups.iter().find(|(of, _)| *of == engine).map(|(_, sql)| sql.clone()),
                run_mode: tags.run_mode,
                major_from: tags.major_from,
                major_below: tags.major_below,
                says: tags.says,
            });
        }
    }
    examples
}

/// The page: a heading, what the rule is, and the comment with its tags turned into captions.
pub(crate) fn markdown(rule: &Rule) -> String {
    let engines: Vec<String> = rule.engines.iter().map(ToString::to_string).collect();
    let off = if rule.on_by_default { "" } else { " · *off by default*" };
    let mut page = format!(
        "# {}\n\n*Group:* {} · *severity:* {} · *engines:* {}{off}\n\n",
        rule.name,
        rule.group.name(),
        rule.severity,
        engines.join(", ")
    );
    for line in comment(rule.source) {
        match line.strip_prefix("```").filter(|info| !info.is_empty()) {
            Some(info) => page.push_str(&caption(info, rule)),
            None => page.push_str(line),
        }
        page.push('\n');
    }
    page + &acceptance(rule)
}

/// How to switch the rule on, and how to silence it.
fn acceptance(rule: &Rule) -> String {
    let (name, severity) = (rule.name, rule.severity);
    let on = if rule.on_by_default {
        String::new()
    } else {
        format!("\n## To switch it on\n\nWrite `{name} = \"{severity}\"` under `[rules]` in `dbwright.toml`.\n")
    };
    let comment = format!("Write `-- dbwright: allow {name} because …` on the line before the statement.");
    let everywhere = format!("`{name} = \"allow\"` under `[rules]` in `dbwright.toml` accepts it everywhere.");
    match (rule.judges_changes(), rule.judges_catalogs()) {
        (true, false) => format!("{on}\n## To accept it\n\n{comment}\n"),
        (false, false) if rule.judges_ways_back() => format!(
            "{on}\n## To accept it\n\nWrite `-- dbwright: allow {name} because …` in the migration or in its way back.\n"
        ),
        (false, false) if rule.judges_queries() || rule.judges_plans() => format!(
            "{on}\n## To accept it\n\nWrite `-- dbwright: allow {name} because …` on the line before the statement, or \
             `-- dbwright: allow-file {name} because …` in a migration under review.\n{everywhere}\n"
        ),
        (true, true) => format!("{on}\n## To accept it\n\n{comment}\n{everywhere}\n"),
        (false, _) => format!("{on}\n## To accept it\n\n{everywhere}\n"),
    }
}

/// The opening of a code block as people read it: a line that says what it is, and a plain fence.
fn caption(info: &str, rule: &Rule) -> String {
    let names_engine = rule.engines.len() > 1;
    let language = info.split(' ').next().unwrap_or_default();
    let tags = Tags::read(info);
    let Some(kind) = tags.role else {
        return format!("```{language}");
    };
    let what = match kind {
        Role::Setup => "Given",
        Role::Example(ExampleKind::Bad) if rule.judges_catalogs() => "Reported",
        Role::Example(ExampleKind::Bad) => "Dangerous",
        Role::Example(ExampleKind::Good) => "Fine",
        Role::Example(ExampleKind::Fixed) => "Safe",
    };
    let engines: Vec<String> = tags.engines.iter().map(ToString::to_string).collect();
    let engine = (names_engine && !engines.is_empty()).then(|| engines.join(" and "));
    let versions = match (tags.major_from, tags.major_below) {
        (None, None) => None,
        (Some(from), None) => Some(format!("version {from} and later")),
        (None, Some(below)) => Some(format!("before version {below}")),
        (Some(from), Some(below)) => Some(format!("version {from} to {}", below.saturating_sub(1))),
    };
    let says = tags
        .says
        .map(|version| format!("where the repository says version {version}"));
    let mode = (tags.run_mode == RunMode::EachStatement).then(|| "each statement committed by itself".to_owned());
    let notes: Vec<String> = [engine, versions, says, mode].into_iter().flatten().collect();
    let notes = if notes.is_empty() {
        String::new()
    } else {
        format!(" ({})", notes.join(", "))
    };
    format!("*{what}{notes}:*\n\n```{language}")
}

struct Block {
    info: String,
    sql: String,
}

/// The fenced code blocks of the comment.
fn blocks(source: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in comment(source) {
        match (line.strip_prefix("```"), open.take()) {
            (Some(info), None) => {
                open = Some(Block {
                    info: info.to_owned(),
                    sql: String::new(),
                });
            }
            (Some(_), Some(block)) => blocks.push(block),
            (None, Some(mut block)) => {
                block.sql.push_str(line);
                block.sql.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    blocks
}

#[derive(Clone, Copy)]
enum Role {
    Setup,
    Example(ExampleKind),
}

struct Tags {
    role: Option<Role>,
    engines: Vec<Engine>,
    run_mode: RunMode,
    major_from: Option<u32>,
    major_below: Option<u32>,
    says: Option<Version>,
}

impl Tags {
    fn read(info: &str) -> Tags {
        let mut tags = Tags {
            role: None,
            engines: Vec::new(),
            run_mode: RunMode::Transaction,
            major_from: None,
            major_below: None,
            says: None,
        };
        for word in info.split_whitespace().skip(1) {
            match word.split_once(':') {
                None => match word {
                    "setup" => tags.role = Some(Role::Setup),
                    "bad" => tags.role = Some(Role::Example(ExampleKind::Bad)),
                    "good" => tags.role = Some(Role::Example(ExampleKind::Good)),
                    "fixed" => tags.role = Some(Role::Example(ExampleKind::Fixed)),
                    engine => tags.engines.extend(engine.parse::<Engine>().ok()),
                },
                Some(("mode", mode)) => {
                    let modes = [
                        RunMode::EachStatement,
                        RunMode::Transaction,
                        RunMode::SimpleQuery,
                        RunMode::AllInOneTransaction,
                    ];
                    let named = modes.into_iter().find(|known| known.name() == mode);
                    tags.run_mode = named.unwrap_or(tags.run_mode);
                }
                Some(("from", major)) => tags.major_from = major.parse().ok(),
                Some(("says", version)) => tags.says = version.parse().ok(),
                Some(("below", major)) => tags.major_below = major.parse().ok(),
                Some(_) => {}
            }
        }
        tags
    }
}

/// The lines of the `//!` comment at the top.
fn comment(source: &str) -> impl Iterator<Item = &str> {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line))
}
