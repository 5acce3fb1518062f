//! What a definition of MySQL or MariaDB says, taken apart: enough for predicting what it does.
//!
//! Not for telling whether it is right: what is not understood is [`MySqlFamilyStatement::Unknown`] or stands by name in
//! what was read, never an error. Where only a clause matters to nobody here, it is passed over.

mod alter;
mod column;
mod objects;
mod parser;
mod table;
mod types;

pub use types::{
    AlterItem, CheckDefinition, ColumnChange, ColumnDefinition, CreateTable, DefaultValue, Element,
    ForeignKeyDefinition, GeneratedText, IndexDefinition, KeyKind, KeyPart, MySqlFamilyStatement, Partitions, Place,
    TypeText,
};

use crate::dialect::Dialect;
use parser::Parser;

/// Takes a statement apart, as a session of this dialect reads it.
pub fn read(dialect: Dialect, text: &str) -> MySqlFamilyStatement {
    objects::statement(&mut Parser::new(dialect, text)).unwrap_or(MySqlFamilyStatement::Unknown)
}

/// What a `SET` assigns in its session: names in lower case (`@name` for user variables) and the values as they are
/// written. Nothing for any other statement.
pub fn session_assignments(dialect: Dialect, text: &str) -> Vec<(String, String)> {
    crate::summary::session_assignments(dialect, text)
}
