//! It works, and there is a better way.

#[cfg(test)]
mod tests;
pub(crate) mod unknown_rule_allowed;
