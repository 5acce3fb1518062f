//! An insight: what it is called, what it says, and its page, which is the comment at the top of its file.
//!
//! Code blocks of a page are tagged `sql`, then what they are, then for what. They are the insight's tests: a live test runs
//! each on a real server.
//!
//! | tag | meaning |
//! | --- | --- |
//! | `setup` | tables and rows; holds for the examples of its engine that follow, until the next one |
//! | `told` | the insight tells something of this query |
//! | `silent` | it does not |
//! | `postgres`, `mysql mariadb` … | the engine, or several |
//! | `analyze` | the query is run, as `--analyze` does |
//! | `kept` | somebody else has run it, and its plan is given, as `--plan` does |
//! | `from:18`, `below:18` | the majors of the server that it holds for |

use dbwright_catalog::{Engine, PlanFinding, Severity};

use crate::context::Context;

/// An insight.
pub struct Insight {
    /// Its name, after what it tells: `sequential-scan-for-few-rows`.
    pub name: &'static str,
    /// How much what it tells matters where nothing else is said.
    pub severity: Severity,
    /// The engines whose plans it knows.
    pub engines: &'static [Engine],
    /// The file that it is written in; the comment at its top is its page.
    pub(crate) source: &'static str,
    /// Looks at a plan.
    pub(crate) look: fn(&Context<'_>, &mut Vec<PlanFinding>),
}

/// A query of an insight's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsightExample {
    /// Whether the insight tells something of it.
    pub told: bool,
    /// For which engine it is written.
    pub engine: Engine,
    /// The query.
    pub query: String,
    /// Tables and rows.
    pub setup: String,
    /// Whether it is run.
    pub analyze: bool,
    /// Whether somebody else has run it and kept its plan.
    pub kept: bool,
    /// First major version of the server for which it holds.
    pub major_from: Option<u32>,
    /// First major version for which it no longer holds.
    pub major_below: Option<u32>,
}

impl InsightExample {
    /// Whether it holds for servers of this major version.
    pub fn holds_for(&self, major: u32) -> bool {
        self.major_from.is_none_or(|from| major >= from) && self.major_below.is_none_or(|below| major < below)
    }
}

impl Insight {
    /// The first line of its page, without its full stop.
    pub fn summary(&self) -> String {
        comment(self.source)
            .next()
            .unwrap_or_default()
            .trim_end_matches('.')
            .to_owned()
    }

    /// Its page in Markdown.
    pub fn page(&self) -> String {
        let engines: Vec<String> = self.engines.iter().map(ToString::to_string).collect();
        let mut page = format!(
            "# {}\n\n*Severity:* {} · *engines:* {}\n\n",
            self.name,
            self.severity,
            engines.join(", ")
        );
        for line in comment(self.source) {
            match line.strip_prefix("```").filter(|info| !info.is_empty()) {
                Some(info) => page.push_str(&caption(info, self.engines.len() > 1)),
                None => page.push_str(line),
            }
            page.push('\n');
        }
        page
    }

    /// The queries of its page.
    pub fn examples(&self) -> Vec<InsightExample> {
        let mut setups: Vec<(Engine, String)> = Vec::new();
        let mut examples = Vec::new();
        for (info, sql) in blocks(self.source) {
            let tags = Tags::read(&info);
            let engines = if tags.engines.is_empty() {
                self.engines.to_vec()
            } else {
                tags.engines
            };
            for engine in engines {
                match tags.role {
                    None => {}
                    Some(Role::Setup) => {
                        setups.retain(|(of, _)| *of != engine);
                        setups.push((engine, sql.clone()));
                    }
                    Some(Role::Told | Role::Silent) => examples.push(InsightExample {
                        told: tags.role == Some(Role::Told),
                        engine,
                        query: sql.trim().trim_end_matches(';').to_owned(),
                        setup: setups
                            .iter()
                            .find(|(of, _)| *of == engine)
                            .map(|(_, sql)| sql.clone())
                            .unwrap_or_default(),
                        analyze: tags.analyze,
                        kept: tags.kept,
                        major_from: tags.major_from,
                        major_below: tags.major_below,
                    }),
                }
            }
        }
        examples
    }
}

/// What a block shows, as a line above it.
fn caption(info: &str, names_engine: bool) -> String {
    let language = info.split(' ').next().unwrap_or_default();
    let tags = Tags::read(info);
    let Some(role) = tags.role else {
        return format!("```{language}");
    };
    let what = match role {
        Role::Setup => "Given",
        Role::Told => "Told",
        Role::Silent => "Not told",
    };
    let mut notes: Vec<String> = Vec::new();
    if names_engine && !tags.engines.is_empty() {
        notes.push(
            tags.engines
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" and "),
        );
    }
    match (tags.major_from, tags.major_below) {
        (Some(from), None) => notes.push(format!("version {from} and later")),
        (None, Some(below)) => notes.push(format!("before version {below}")),
        (Some(from), Some(below)) => notes.push(format!("version {from} to {}", below.saturating_sub(1))),
        (None, None) => {}
    }
    if tags.analyze {
        notes.push("with `--analyze`".to_owned());
    }
    if tags.kept {
        notes.push("a plan given with `--plan`".to_owned());
    }
    let notes = if notes.is_empty() {
        String::new()
    } else {
        format!(" ({})", notes.join(", "))
    };
    format!("*{what}{notes}:*\n\n```{language}")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Setup,
    Told,
    Silent,
}

struct Tags {
    role: Option<Role>,
    engines: Vec<Engine>,
    analyze: bool,
    kept: bool,
    major_from: Option<u32>,
    major_below: Option<u32>,
}

impl Tags {
    fn read(info: &str) -> Tags {
        let mut tags = Tags {
            role: None,
            engines: Vec::new(),
            analyze: false,
            kept: false,
            major_from: None,
            major_below: None,
        };
        for word in info.split_whitespace().skip(1) {
            match word {
                "setup" => tags.role = Some(Role::Setup),
                "told" => tags.role = Some(Role::Told),
                "silent" => tags.role = Some(Role::Silent),
                "analyze" => tags.analyze = true,
                "kept" => tags.kept = true,
                other => match other.split_once(':') {
                    Some(("from", major)) => tags.major_from = major.parse().ok(),
                    Some(("below", major)) => tags.major_below = major.parse().ok(),
                    _ => tags.engines.extend(other.parse::<Engine>().ok()),
                },
            }
        }
        tags
    }
}

/// Info strings and contents of the fenced blocks.
fn blocks(source: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in comment(source) {
        match (line.strip_prefix("```"), open.take()) {
            (Some(info), None) => open = Some((info.to_owned(), String::new())),
            (Some(_), Some(block)) => blocks.push(block),
            (None, Some((info, mut sql))) => {
                sql.push_str(line);
                sql.push('\n');
                open = Some((info, sql));
            }
            (None, None) => {}
        }
    }
    blocks
}

/// The lines of the `//!` comment at the top.
fn comment(source: &str) -> impl Iterator<Item = &str> {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line))
}
