//! A schema as documentation: Markdown files, one HTML file that needs nothing else, and DBML.
//!
//! Diagrams show neighborhoods: a table with those that it refers to and those that refer to it. The overview groups
//! tables that belong together, because no diagram of 150 tables can be read.

mod clusters;
mod dbml;
mod layout;
mod markdown;
mod mermaid;
mod model;
mod neighborhood;
mod page;

use dbwright_catalog::SchemaShown;

use model::Model;

/// Stands in each file, so that later runs know their own.
pub const MARK: &str = "Written by `dbwright schema docs`; changes here are lost.";

/// A file of the documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocsFile {
    /// Its path below the folder, with slashes.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// The documentation of a schema, under this title. What is missing of it is said at its beginning.
pub fn schema_docs(shown: &SchemaShown, title: &str) -> Vec<DocsFile> {
    let model = Model::of(shown, title);
    let mut files = markdown::files(&model);
    files.push(DocsFile {
        path: "schema.html".to_owned(),
        text: page::page(&model),
    });
    files.push(DocsFile {
        path: "schema.dbml".to_owned(),
        text: dbml::dbml(&model),
    });
    files
}
