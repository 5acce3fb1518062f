//! What can be told about rules without a repository.

use dbwright_catalog::{Group, Severity};

use crate::EngineerError;

/// One line of the list of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleLine {
    /// Name of the rule.
    pub name: &'static str,
    /// What it protects: `locks`, `failure`, `data-loss`, `release`, `design`, `security`.
    pub group: &'static str,
    /// First sentence of its page, and whether it is off by default.
    pub summary: String,
}

/// What is reported of files before any of them runs, and so by no rule that judges effects.
struct FileRule {
    name: &'static str,
    summary: &'static str,
    /// The rest of its page.
    page: &'static str,
}

const FILE_RULES: [FileRule; 3] = [
    FileRule {
        name: "migration-changed",
        summary: "A migration that was there before is changed or gone",
        page: "Databases that have run it keep what the old text made, new ones get the new: they drift apart. Some tools \
               compare checksums and refuse to go on.\n\n\
               Leave migrations as they are once they are on the default branch, and write another one.",
    },
    FileRule {
        name: "migration-refused",
        summary: "The tool that runs the migrations refuses a file",
        page: "The tool stops there, before the server sees anything: an annotation that it does not know, a part that is \
               missing, an encoding that it does not read. The finding says what it is.\n\n\
               dbwright reads the files by the rules of each tool's manual, and runs the rest of the history all the same.",
    },
    FileRule {
        name: "migration-skipped",
        summary: "A file among the migrations is passed over, or runs at another place than its name suggests",
        page: "The tool says nothing about such files, so that a migration may be missing in production: its name does not \
               have the form that the tool wants, or it sorts differently. A link is passed over by dbwright alone, which \
               does not leave the repository.",
    },
];

/// Whether there is a rule of that name.
pub(crate) fn exists(name: &str) -> bool {
    dbwright_rules::find(name).is_some() || FILE_RULES.iter().any(|rule| rule.name == name)
}

/// All rules, in the order in which they are listed to people: group by group.
pub fn rules() -> Vec<RuleLine> {
    let mut lines: Vec<RuleLine> = dbwright_rules::RULES
        .iter()
        .map(|rule| RuleLine {
            name: rule.name,
            group: rule.group.name(),
            summary: if rule.on_by_default {
                rule.summary()
            } else {
                format!("{} (off by default)", rule.summary())
            },
        })
        .collect();
    let group = Group::Failure.name();
    let end = lines
        .iter()
        .rposition(|line| line.group == group)
        .map_or(lines.len(), |last| last + 1);
    let of_files = FILE_RULES.iter().map(|rule| RuleLine {
        name: rule.name,
        group,
        summary: rule.summary.to_owned(),
    });
    lines.splice(end..end, of_files);
    lines
}

/// What a rule is, for those who have its name only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleHelp {
    /// Name of the rule.
    pub name: String,
    /// What it protects.
    pub group: Group,
    /// How bad its findings are, where nobody says otherwise.
    pub severity: Severity,
    /// First sentence of its page, without a full stop.
    pub summary: String,
    /// Its page, as Markdown.
    pub page: String,
}

/// What a rule is; nothing where there is none of that name.
pub fn rule_help(name: &str) -> Option<RuleHelp> {
    let page = rule_page(name).ok()?;
    let (group, severity, summary) = if let Some(rule) = dbwright_rules::find(name) {
        (rule.group, rule.severity, rule.summary())
    } else {
        let rule = FILE_RULES.iter().find(|rule| rule.name == name)?;
        (Group::Failure, Severity::Warning, rule.summary.to_owned())
    };
    Some(RuleHelp {
        name: name.to_owned(),
        group,
        severity,
        summary,
        page,
    })
}

/// The names of all rules.
pub fn rule_names() -> Vec<&'static str> {
    rules().iter().map(|line| line.name).collect()
}

/// The page of a rule or of an insight, as Markdown.
///
/// # Errors
///
/// [`EngineerError::UnknownRule`] where there is none of that name.
pub fn rule_page(name: &str) -> Result<String, EngineerError> {
    if let Some(rule) = dbwright_rules::find(name) {
        return Ok(rule.page());
    }
    if let Some(insight) = dbwright_advise::find(name) {
        return Ok(insight.page());
    }
    match FILE_RULES.iter().find(|rule| rule.name == name) {
        Some(rule) => Ok(format!(
            "# {}\n\n*Group:* {}\n\n{}.\n\n{}\n\n## To accept it\n\nUse `--allow {}`, or `allow = [\"{}\"]` in `dbwright.toml`.\n",
            rule.name,
            Group::Failure.name(),
            rule.summary,
            rule.page,
            rule.name,
            rule.name
        )),
        None => Err(EngineerError::UnknownRule {
            name: name.to_owned(),
            from: None,
        }),
    }
}
