//! What can be told about rules without a repository.

use crate::EngineerError;

/// One line of the list of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleLine {
    /// Name of the rule.
    pub name: &'static str,
    /// What it protects: `locks`, `failure`, `data-loss`, `release`, `design`.
    pub group: &'static str,
    /// First sentence of its page.
    pub summary: String,
}

/// All rules, in the order in which they are listed to people.
pub fn rules() -> Vec<RuleLine> {
    dbwright_rules::RULES
        .iter()
        .map(|rule| RuleLine { name: rule.name, group: rule.group.name(), summary: rule.summary() })
        .collect()
}

/// The page of a rule, as Markdown.
///
/// # Errors
///
/// [`EngineerError::UnknownRule`] where there is none of that name.
pub fn rule_page(name: &str) -> Result<String, EngineerError> {
    match dbwright_rules::find(name) {
        Some(rule) => Ok(rule.page()),
        None => Err(EngineerError::UnknownRule { name: name.to_owned(), from: None }),
    }
}
