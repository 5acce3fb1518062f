//! Drizzle's books: the journal of its migrations, and the snapshots that its next `generate` compares the schema with.
//!
//! A snapshot says what the schema is in Drizzle's own words, which only drizzle-kit writes. As its `generate --custom` does
//! (<https://github.com/drizzle-team/drizzle-orm/blob/main/drizzle-kit/src/cli/commands/migrate.ts>), the new one repeats the
//! last one under an id of its own: the chain is whole, and the next `generate` still sees the change as to be made. That is
//! told.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dbwright_catalog::History;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::formats::{FILE_BYTES, ends_with};
use super::{Draft, DraftFile};
use crate::text;

const JOURNAL: &str = "meta/_journal.json";
const SNAPSHOT: &str = "snapshot.json";

/// What belongs beside new migrations.
pub(super) fn keep_books(root: &Path, history: &History, files: &[DraftFile], seconds: u64) -> Draft {
    let mut draft = Draft {
        files: snapshots(root, history, files),
        notes: Vec::new(),
    };
    if !has_folders(history)
        && let Some(journal) = journal(root, history, files, seconds)
    {
        draft.files.push(journal);
    }
    let names: Vec<String> = files.iter().map(|file| file.path.display().to_string()).collect();
    draft.notes.push(format!(
        "drizzle-kit compares your schema in TypeScript with its last snapshot, which only drizzle-kit can write. After {}: make \
         the same change in TypeScript, run `drizzle-kit generate`, and empty the SQL file that it writes (keep its snapshot); \
         else the next `drizzle-kit generate` makes this change again.",
        names.join(", ")
    ));
    draft
}

/// Whether the migrations are folders, as Drizzle has them since 1.0.
pub(super) fn has_folders(history: &History) -> bool {
    let mut migrations = history.migrations.iter();
    migrations.any(|migration| ends_with(&migration.path, "/migration.sql"))
}

/// The last snapshot again for each file, each following on the one before; none where the last has none.
fn snapshots(root: &Path, history: &History, files: &[DraftFile]) -> Vec<DraftFile> {
    let Some(last) = history.migrations.last() else {
        return Vec::new();
    };
    let folders = has_folders(history);
    let Some(mut snapshot) = read(&root.join(snapshot_of(&last.path, folders))) else {
        return Vec::new();
    };
    let mut made = Vec::new();
    for file in files {
        let Some(previous) = snapshot.get("id").cloned() else {
            break;
        };
        let Some(fields) = snapshot.as_object_mut() else { break };
        if fields.contains_key("prevIds") {
            fields.insert("prevIds".to_owned(), json!([previous]));
        } else {
            fields.insert("prevId".to_owned(), previous);
        }
        fields.insert("id".to_owned(), json!(uuid(&file.text, &file.path)));
        let Ok(text) = serde_json::to_string_pretty(&snapshot) else {
            break;
        };
        made.push(DraftFile {
            path: snapshot_of(&file.path, folders),
            text,
            replaces: false,
        });
    }
    made
}

/// `meta/0001_snapshot.json` of `0001_name.sql`; `snapshot.json` beside `migration.sql`.
fn snapshot_of(migration: &Path, folders: bool) -> PathBuf {
    let folder = migration.parent().unwrap_or(Path::new(""));
    if folders {
        return folder.join(SNAPSHOT);
    }
    let name = migration.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let number = name.split('_').next().unwrap_or_default();
    folder.join("meta").join(format!("{number}_{SNAPSHOT}"))
}

fn read(path: &Path) -> Option<Value> {
    serde_json::from_str(&text::peek(path, FILE_BYTES)).ok()
}

/// An id that no other snapshot has, in the form of a random UUID (RFC 9562).
fn uuid(text: &str, path: &Path) -> String {
    let digest = Sha256::digest(format!("{}\n{text}", path.display()));
    let hex = digest.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!(
        "{}-{}-4{}-8{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..32]
    )
}

/// Drizzle's journal with new entries; nothing where there is none.
fn journal(root: &Path, history: &History, files: &[DraftFile], seconds: u64) -> Option<DraftFile> {
    let path: PathBuf = history.folder.join(JOURNAL);
    let mut journal: Value = read(&root.join(&path))?;
    let version = journal.get("version").cloned().unwrap_or_else(|| json!("7"));
    let entries = journal.get_mut("entries")?.as_array_mut()?;
    let newest = entries
        .iter()
        .filter_map(|entry| entry.get("when")?.as_u64())
        .max()
        .unwrap_or_default();
    for file in files {
        let index = entries
            .iter()
            .filter_map(|entry| entry.get("idx")?.as_u64())
            .max()
            .map_or(0, |last| last + 1);
        let tag = file.path.file_stem()?.to_string_lossy().into_owned();
        // What is not newer than the newest applied one is passed over.
        let when = (seconds * 1000).max(newest + 1) + entries.len() as u64;
        entries.push(json!({"idx": index, "version": version, "when": when, "tag": tag, "breakpoints": true}));
    }
    Some(DraftFile {
        path,
        text: serde_json::to_string_pretty(&journal).ok()? + "\n",
        replaces: true,
    })
}
