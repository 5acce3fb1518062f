//! `dbwright schema docs`: a schema as Markdown, as one HTML file, and as DBML.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use dbwright_engineer::{ShowRequest, schema_show};
use dbwright_report::{DocsFile, SCHEMA_DOCS_MARK, incomplete_text, schema_docs};

use super::{SchemaSetUpArgs, progress, text_options};
use crate::command_error::CommandError;
use crate::terminal::{self, ProgressLine};

/// Write documentation of a schema: Markdown with diagrams, one HTML file that needs no network, and DBML.
///
/// The folder gets README.md, a page for each table in tables/, schema.html and schema.dbml. Files of an earlier run are
/// replaced, and pages of tables that are gone are removed; a file that dbwright has not written is never touched.
#[derive(Args, Debug)]
pub(crate) struct SchemaDocsArgs {
    /// The schema: a URL, a file or folder of SQL, a folder of migrations or a repository, or git:REF:PATH.
    source: String,
    /// The folder to write to. It is made where it is missing.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// The title; without it, the name of the folder or file that the schema comes from.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    #[command(flatten)]
    set_up: SchemaSetUpArgs,
}

pub(crate) async fn cmd_schema_docs(args: &SchemaDocsArgs) -> Result<ExitCode, CommandError> {
    let request = ShowRequest {
        source: args.source.clone(),
        set_up: args.set_up.request()?,
    };
    let mut line = ProgressLine::new();
    let shown = schema_show(&request, &mut progress(&mut line)).await;
    drop(line);
    let shown = shown?;
    let title = args.title.clone().unwrap_or_else(|| title_of(&shown.side.shown));
    terminal::talk(&incomplete_text(&shown.side, &text_options()));
    let files = schema_docs(&shown, &title);
    let foreign: Vec<_> = files
        .iter()
        .filter(|file| is_foreign(&args.output.join(&file.path)))
        .collect();
    if let Some(file) = foreign.first() {
        let path = args.output.join(&file.path);
        return Err(CommandError::usage(format!(
            "{} is there already, and dbwright has not written it",
            path.display()
        ))
        .hint("choose a folder of its own with --output"));
    }
    for file in &files {
        write(&args.output, file)?;
    }
    remove_stale(&args.output.join("tables"), &files);
    terminal::talk(&format!(
        "wrote {} files to {}; open {}\n",
        files.len(),
        args.output.display(),
        args.output.join("schema.html").display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// The last part of a path or URL, without its extension, parameters and password.
fn title_of(source: &str) -> String {
    let path = source.split(['?', '#']).next().unwrap_or(source);
    let last = path
        .trim_end_matches('/')
        .rsplit(['/', ':', '@'])
        .next()
        .unwrap_or(path);
    let stem = last
        .strip_suffix(".sql")
        .or_else(|| last.strip_suffix(".db"))
        .unwrap_or(last);
    match stem {
        "" | "." | ".." => "Schema".to_owned(),
        stem => stem.to_owned(),
    }
}

/// Whether there is a file that is not ours.
fn is_foreign(path: &Path) -> bool {
    match fs::read(path) {
        Ok(bytes) => !String::from_utf8_lossy(&bytes).contains(SCHEMA_DOCS_MARK),
        Err(_) => path.exists(),
    }
}

fn write(folder: &Path, file: &DocsFile) -> Result<(), CommandError> {
    let path = folder.join(&file.path);
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = made.and_then(|()| fs::write(&path, &file.text));
    written.map_err(|error| CommandError::outside(format!("cannot write {}: {error}", path.display())))
}

/// Removes pages of tables that are gone.
fn remove_stale(folder: &Path, files: &[DocsFile]) {
    let current: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file.path.strip_prefix("tables/"))
        .collect();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_page = name.to_str().is_some_and(|name| {
            Path::new(name).extension().is_some_and(|extension| extension == "md") && !current.contains(name)
        });
        if is_page && !is_foreign(&entry.path()) {
            // A page that stays is out of date and harmless.
            let _ = fs::remove_file(entry.path());
        }
    }
}
