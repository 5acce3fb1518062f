//! Who may see, write and run what.
pub(crate) mod foreign_definer;
pub(crate) mod granted_to_public;
pub(crate) mod policies_without_row_security;
pub(crate) mod row_security_missing;
pub(crate) mod row_security_without_policy;
pub(crate) mod security_definer_search_path;
#[cfg(test)]
mod tests;
pub(crate) mod view_past_row_security;
