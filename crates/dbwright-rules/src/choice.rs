//! Which rules are asked.

use dbwright_catalog::Date;

use crate::Rule;

/// Which rules are asked: those that are on by default, without some and with some more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleChoice {
    /// Names of rules that are not asked.
    pub allowed: Vec<String>,
    /// Names of rules that are asked although they are off by default.
    pub enabled: Vec<String>,
    /// The day on which comments with a last day are judged; without one, none has ended.
    pub today: Option<Date>,
}

impl RuleChoice {
    /// Whether the rule is asked.
    pub fn includes(&self, rule: &Rule) -> bool {
        let names = |list: &[String]| list.iter().any(|name| name == rule.name);
        (rule.on_by_default || names(&self.enabled)) && !names(&self.allowed)
    }
}
