//! What a project makes of each rule.

use std::collections::BTreeMap;

use dbwright_catalog::{Finding, Severity};
use dbwright_repo::{Config, RuleLevel};
use dbwright_rules::RuleChoice;

use crate::{EngineerError, rules};

/// Rules that are not reported, and rules with another severity than their own. A rule that is off by default is on where
/// it is given a severity.
#[derive(Clone, Debug, Default)]
pub(crate) struct Levels {
    pub(crate) choice: RuleChoice,
    severities: BTreeMap<String, Severity>,
    /// Whether ways back are tried.
    pub(crate) tries_ways_back: bool,
}

impl Levels {
    /// The levels that the configuration and the flags set.
    pub(crate) fn of(config: &Config) -> Result<Self, EngineerError> {
        let mut levels = Levels::default();
        for (name, level) in &config.rules {
            if !rules::exists(name) {
                return Err(EngineerError::UnknownRule {
                    name: name.clone(),
                    from: Some(level.from.clone()),
                });
            }
            match level.value {
                RuleLevel::Allow => levels.choice.allowed.push(name.clone()),
                RuleLevel::Severity(severity) => {
                    levels.choice.enabled.push(name.clone());
                    levels.severities.insert(name.clone(), severity);
                }
            }
        }
        Ok(levels)
    }

    /// Takes out what is allowed, and gives the rest its severity.
    pub(crate) fn apply(&self, findings: &mut Vec<Finding>) {
        findings.retain(|finding| !self.choice.allowed.contains(&finding.rule));
        for finding in findings {
            finding.severity = self.severity(&finding.rule).unwrap_or(finding.severity);
        }
    }

    pub(crate) fn severity(&self, rule: &str) -> Option<Severity> {
        self.severities.get(rule).copied()
    }
}
