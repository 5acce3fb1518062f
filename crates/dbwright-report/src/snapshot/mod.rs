//! Snapshot files (`shop.dbsnap`), and what one holds as text.
//!
//! A file is the line `dbwright-snapshot 1`, and below it JSON compressed by gzip.

mod convert;
mod show;

use std::io::{Read as _, Write as _};

use dbwright_catalog::{Server, Snapshot};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Deserialize as _;

pub use show::snapshot_text;

use crate::wire::snapshot as wire;

/// What a file begins with.
const MAGIC: &str = "dbwright-snapshot ";

/// So much JSON is read at most: the statistics of 100,000 tables with all values.
const BYTES_MAX: u64 = 4 << 30;

/// Why a file can't be read as a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnapshotFileError {
    /// It is something else.
    Foreign,
    /// A newer dbwright has written it.
    Newer(u32),
    /// It ends too early.
    Truncated,
    /// Its content is not what it should be.
    Damaged(String),
}

impl std::fmt::Display for SnapshotFileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SnapshotFileError::Foreign => f.write_str("this is no snapshot of dbwright"),
            SnapshotFileError::Newer(version) => write!(
                f,
                "it was written by a newer dbwright (format {version}; this one reads up to {}): update dbwright here",
                wire::VERSION
            ),
            SnapshotFileError::Truncated => {
                f.write_str("the file is cut off; copy it again, or take the snapshot again")
            }
            SnapshotFileError::Damaged(problem) => write!(f, "the file is damaged: {problem}"),
        }
    }
}

impl std::error::Error for SnapshotFileError {}

/// The bytes of a snapshot file.
pub fn snapshot_file(snapshot: &Snapshot) -> Vec<u8> {
    let mut bytes = format!("{MAGIC}{}\n", wire::VERSION).into_bytes();
    let json = serde_json::to_vec(&wire::Snapshot::from(snapshot.clone())).unwrap_or_default();
    let mut encoder = GzEncoder::new(&mut bytes, Compression::default());
    // Writing to memory does not fail.
    let _ = encoder.write_all(&json);
    let _ = encoder.finish();
    bytes
}

/// Reads a snapshot file.
///
/// # Errors
///
/// When it is none, is damaged, or is too new.
pub fn read_snapshot(bytes: &[u8]) -> Result<Snapshot, SnapshotFileError> {
    let rest = bytes.strip_prefix(MAGIC.as_bytes()).ok_or(SnapshotFileError::Foreign)?;
    let end = rest
        .iter()
        .position(|byte| *byte == b'\n')
        .ok_or(SnapshotFileError::Truncated)?;
    let version: u32 = std::str::from_utf8(&rest[..end])
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(SnapshotFileError::Foreign)?;
    if version > wire::VERSION {
        return Err(SnapshotFileError::Newer(version));
    }
    let mut json = Vec::new();
    GzDecoder::new(&rest[end + 1..])
        .take(BYTES_MAX)
        .read_to_end(&mut json)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => SnapshotFileError::Truncated,
            _ => SnapshotFileError::Damaged(error.to_string()),
        })?;
    let mut reader = serde_json::Deserializer::from_slice(&json);
    let content =
        wire::Snapshot::deserialize(&mut reader).map_err(|error| SnapshotFileError::Damaged(error.to_string()))?;
    let server = server(&content.server)?;
    Ok(convert::snapshot(content, server))
}

fn server(server: &wire::Server) -> Result<Server, SnapshotFileError> {
    let unknown = || SnapshotFileError::Damaged(format!("unknown server {} {}", server.engine, server.version));
    Ok(Server {
        engine: server.engine.parse().map_err(|_| unknown())?,
        version: server.version.parse().map_err(|_| unknown())?,
    })
}

/// The JSON Schema of what stands in a snapshot file.
pub fn snapshot_json_schema() -> String {
    let schema = schemars::schema_for!(wire::Snapshot);
    serde_json::to_string_pretty(&schema).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use dbwright_catalog::{Engine, Locale, SampleValues, Setting, Version};

    use super::*;

    fn snapshot() -> Snapshot {
        Snapshot {
            server: Server {
                engine: Engine::Postgres,
                version: Version::new(18, 4, 0),
            },
            database: "shop".to_owned(),
            taken_at: "2026-11-30T06:30:00Z".to_owned(),
            values: SampleValues::default(),
            locale: Locale::default(),
            roles: Vec::new(),
            schema: Vec::new(),
            settings: vec![Setting {
                name: "work_mem".to_owned(),
                value: "4096kB".to_owned(),
            }],
            extensions: Vec::new(),
            relations: Vec::new(),
            columns: Vec::new(),
            extended: Vec::new(),
            sqlite: None,
            mysql_family: None,
            workload: Vec::new(),
            counted_since: None,
            missing: Vec::new(),
        }
    }

    #[test]
    fn what_was_written_is_read_again() {
        let bytes = snapshot_file(&snapshot());
        assert!(bytes.starts_with(b"dbwright-snapshot 1\n"));
        assert_eq!(
            read_snapshot(&bytes).unwrap(),
            Snapshot {
                server: Server {
                    engine: Engine::Postgres,
                    version: Version::new(18, 4, 0).to_string().parse().unwrap()
                },
                ..snapshot()
            }
        );
    }

    #[test]
    fn what_is_no_snapshot_is_told_as_what_it_is() {
        let bytes = snapshot_file(&snapshot());
        for length in [bytes.len() - 1, bytes.len() / 2, 25, 20, 19] {
            assert_eq!(
                read_snapshot(&bytes[..length]),
                Err(SnapshotFileError::Truncated),
                "{length}"
            );
        }
        assert_eq!(read_snapshot(b"PGDMP..."), Err(SnapshotFileError::Foreign));
        assert_eq!(read_snapshot(b""), Err(SnapshotFileError::Foreign));
        assert_eq!(
            read_snapshot(b"dbwright-snapshot 7\n..."),
            Err(SnapshotFileError::Newer(7))
        );
        assert!(matches!(
            read_snapshot(b"dbwright-snapshot 1\nnothing at all"),
            Err(SnapshotFileError::Damaged(_))
        ));
    }
}
