//! What a project makes of each rule.

use std::collections::BTreeMap;

use dbwright_catalog::Severity;
use dbwright_repo::{Config, RuleLevel};

use crate::EngineerError;

/// Rules that are not reported, and rules with another severity than their own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Levels {
    pub(crate) allowed: Vec<String>,
    severities: BTreeMap<String, Severity>,
}

impl Levels {
    /// The levels that the configuration and the flags set.
    pub(crate) fn of(config: &Config) -> Result<Self, EngineerError> {
        let mut levels = Levels::default();
        for (name, level) in &config.rules {
            if dbwright_rules::find(name).is_none() {
                return Err(EngineerError::UnknownRule { name: name.clone(), from: Some(level.from.clone()) });
            }
            match level.value {
                RuleLevel::Allow => levels.allowed.push(name.clone()),
                RuleLevel::Severity(severity) => {
                    levels.severities.insert(name.clone(), severity);
                }
            }
        }
        Ok(levels)
    }

    pub(crate) fn severity(&self, rule: &str) -> Option<Severity> {
        self.severities.get(rule).copied()
    }
}
