//! Who may see, write and run what.
pub(crate) mod foreign_definer;
pub(crate) mod row_security_missing;
pub(crate) mod security_definer_search_path;
