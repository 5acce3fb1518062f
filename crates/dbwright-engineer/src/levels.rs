//! What a project makes of each rule.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::SystemTime;

use dbwright_catalog::{AllowedFinding, Date, Finding};
use dbwright_repo::{Config, PathLevels, RuleLevel, Setting};
use dbwright_rules::RuleChoice;

use crate::{EngineerError, rules};

/// Rules that are not reported, and rules with another severity than their own, for all files or for some. A rule that is
/// off by default is on where it is given a severity.
#[derive(Clone, Debug, Default)]
pub(crate) struct Levels {
    /// Which rules are asked: those that may be reported in some file.
    pub(crate) choice: RuleChoice,
    /// Whether ways back are tried.
    pub(crate) tries_ways_back: bool,
    everywhere: BTreeMap<String, RuleLevel>,
    of_paths: Vec<PathLevels>,
    /// Rules that a flag allows: nothing in the configuration brings them back.
    by_flag: BTreeSet<String>,
    /// Rules that a flag asks for.
    asked: BTreeSet<String>,
}

impl Levels {
    /// The levels that the configuration and the flags set.
    pub(crate) fn of(config: &Config) -> Result<Self, EngineerError> {
        let of_paths = config.overrides.iter().map(|levels| &levels.rules);
        for (name, level) in of_paths.clone().flatten().chain(&config.rules) {
            exists(name, level)?;
        }
        let mut levels = Levels {
            choice: RuleChoice {
                today: Some(Date::of(SystemTime::now())),
                ..RuleChoice::default()
            },
            everywhere: config
                .rules
                .iter()
                .map(|(name, level)| (name.clone(), level.value))
                .collect(),
            of_paths: config.overrides.clone(),
            by_flag: config
                .rules
                .iter()
                .filter(|(_, level)| level.from == "--allow")
                .map(|(name, _)| name.clone())
                .collect(),
            asked: BTreeSet::new(),
            tries_ways_back: false,
        };
        let somewhere: BTreeSet<&String> = of_paths
            .flatten()
            .filter(|(_, level)| matches!(level.value, RuleLevel::Severity(_)))
            .map(|(name, _)| name)
            .collect();
        for (name, level) in &levels.everywhere {
            match level {
                RuleLevel::Allow if levels.by_flag.contains(name) || !somewhere.contains(name) => {
                    levels.choice.allowed.push(name.clone());
                }
                RuleLevel::Allow => {}
                RuleLevel::Severity(_) => levels.choice.enabled.push(name.clone()),
            }
        }
        levels.choice.enabled.extend(somewhere.into_iter().cloned());
        Ok(levels)
    }

    /// Has a rule judge that is off by default.
    pub(crate) fn ask(&mut self, name: &str) {
        self.choice.enabled.push(name.to_owned());
        self.asked.insert(name.to_owned());
    }

    /// Takes out what is not reported, and gives the rest its severity.
    pub(crate) fn apply(&self, findings: &mut Vec<Finding>) {
        findings.retain_mut(|finding| self.settle(finding));
    }

    /// The same for findings that comments allow.
    pub(crate) fn apply_to_allowed(&self, allowed: &mut Vec<AllowedFinding>) {
        allowed.retain_mut(|allowed| self.settle(&mut allowed.finding));
    }

    /// Whether the finding is reported; gives it its severity.
    pub(crate) fn settle(&self, finding: &mut Finding) -> bool {
        match self.level(&finding.rule, &finding.place.path) {
            Some(RuleLevel::Allow) => false,
            Some(RuleLevel::Severity(severity)) => {
                finding.severity = severity;
                true
            }
            // It may have been asked for the sake of other files.
            None => {
                let by_default = dbwright_rules::find(&finding.rule).is_none_or(|rule| rule.on_by_default);
                by_default || self.asked.contains(&finding.rule)
            }
        }
    }

    /// What is set for a rule in a file.
    fn level(&self, rule: &str, path: &Path) -> Option<RuleLevel> {
        if self.by_flag.contains(rule) {
            return Some(RuleLevel::Allow);
        }
        let fits = |levels: &&PathLevels| levels.paths.iter().any(|pattern| pattern.fits(path));
        let of_path = self
            .of_paths
            .iter()
            .rev()
            .filter(fits)
            .find_map(|levels| levels.rules.get(rule));
        of_path
            .map(|level| level.value)
            .or_else(|| self.everywhere.get(rule).copied())
    }
}

fn exists(name: &str, level: &Setting<RuleLevel>) -> Result<(), EngineerError> {
    if rules::exists(name) {
        Ok(())
    } else {
        Err(EngineerError::UnknownRule {
            name: name.to_owned(),
            from: Some(level.from.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use dbwright_catalog::Severity;

    use super::*;

    fn levels(text: &str, flags: &[&str]) -> Levels {
        let overrides = dbwright_repo::Overrides {
            allow: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            ..dbwright_repo::Overrides::default()
        };
        Levels::of(&Config::parse(text).unwrap().with(overrides)).unwrap()
    }

    fn level(levels: &Levels, rule: &str, path: &str) -> Option<RuleLevel> {
        levels.level(rule, Path::new(path))
    }

    const TEXT: &str = "allow = [\"drop-table\"]\n[rules]\ntable-rewrite = \"error\"\n\
                        [[overrides]]\npaths = [\"old/**\"]\nrules = { table-rewrite = \"note\", drop-table = \"warning\" }\n\
                        [[overrides]]\npaths = [\"old/1.sql\"]\nrules = { table-rewrite = \"allow\", serial-column = \"note\" }\n";

    #[test]
    fn the_last_override_that_fits_wins_over_the_level_for_all_files() {
        let levels = levels(TEXT, &[]);
        let error = RuleLevel::Severity(Severity::Error);
        let note = RuleLevel::Severity(Severity::Note);
        assert_eq!(level(&levels, "table-rewrite", "new/1.sql"), Some(error));
        assert_eq!(level(&levels, "table-rewrite", "old/2.sql"), Some(note));
        assert_eq!(level(&levels, "table-rewrite", "old/1.sql"), Some(RuleLevel::Allow));
        assert_eq!(level(&levels, "drop-column", "old/1.sql"), None);
    }

    #[test]
    fn a_rule_is_asked_where_some_file_wants_it() {
        let levels = levels(TEXT, &[]);
        let asked = |name: &str| levels.choice.includes(dbwright_rules::find(name).unwrap());
        assert!(asked("drop-table"));
        assert!(asked("serial-column"));
        assert_eq!(level(&levels, "drop-table", "new/1.sql"), Some(RuleLevel::Allow));
    }

    #[test]
    fn a_flag_wins_over_everything() {
        let levels = levels(TEXT, &["drop-table"]);
        assert_eq!(level(&levels, "drop-table", "old/2.sql"), Some(RuleLevel::Allow));
        assert!(!levels.choice.includes(dbwright_rules::find("drop-table").unwrap()));
    }

    #[test]
    fn a_rule_that_does_not_exist_is_refused_with_its_place() {
        let config = Config::parse("[[overrides]]\npaths = [\"a\"]\nrules = { drop-tabel = \"note\" }\n").unwrap();
        let error = Levels::of(&config).unwrap_err();
        assert_eq!(error.to_string(), "unknown rule `drop-tabel` (dbwright.toml:3)");
    }
}
