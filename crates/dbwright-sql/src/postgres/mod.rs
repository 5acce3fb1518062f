//! What a statement of PostgreSQL says, taken apart: enough for predicting what it does.
//!
//! Not for telling whether it is right: what is not understood is [`PostgresStatement::Unknown`], never an error. Where
//! only a clause matters to nobody here (where something is stored, who owns it), it is passed over.

mod alter;
mod code;
mod make;
mod parser;
mod query;
mod table;
mod types;

pub use types::{
    Alter, AlterAction, AlterKind, ColumnDefinition, CreateFromQuery, CreateIndex, CreateRoutine, CreateTable,
    DomainAction, Drop, DropKind, IndexPart, Name, NewType, PostgresStatement, QueryTarget, ReindexTarget,
    TableConstraint, TableConstraintKind, TypeAction, TypeName,
};

pub use query::{calls, mentions};

use parser::Parser;

/// Takes a statement apart.
pub fn read(text: &str) -> PostgresStatement {
    let mut parser = Parser::new(text);
    make::statement(&mut parser).unwrap_or_else(|| {
        let words: Vec<_> = Parser::new(text).words(3);
        PostgresStatement::Unknown(words.join(" ").to_ascii_uppercase())
    })
}
