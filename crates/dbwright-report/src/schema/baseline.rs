//! The file that holds known drift: written once, committed, and read by every later run.

use dbwright_catalog::{ObjectId, ObjectKind};

use crate::json::pretty;
use crate::wire::schema as wire;

/// A known difference: the object, its definition as it should be, and as it is.
pub type BaselineEntry = (ObjectId, Option<String>, Option<String>);

/// Known differences.
pub type Baseline = Vec<BaselineEntry>;

/// Known differences as the text of a file.
pub fn baseline(entries: &[BaselineEntry]) -> String {
    let entries = entries.iter().map(|(object, expected, live)| wire::BaselineEntry {
        kind: object.kind.name().to_owned(),
        path: object.path.clone(),
        expected: expected.clone(),
        live: live.clone(),
    });
    pretty(&wire::BaselineFile {
        version: wire::VERSION,
        entries: entries.collect(),
    })
}

/// The text of such a file. What is wrong with it is told in one sentence.
pub fn parse_baseline(text: &str) -> Result<Baseline, String> {
    let file: wire::BaselineFile = serde_json::from_str(text).map_err(|error| format!("it is no baseline: {error}"))?;
    if file.version != wire::VERSION {
        return Err(format!(
            "it is of version {}, and this dbwright reads version {}",
            file.version,
            wire::VERSION
        ));
    }
    let entry = |entry: wire::BaselineEntry| {
        let kind = ObjectKind::ALL.into_iter().find(|kind| kind.name() == entry.kind);
        let kind = kind.ok_or_else(|| format!("`{}` is no kind of object", entry.kind))?;
        Ok((ObjectId { kind, path: entry.path }, entry.expected, entry.live))
    };
    file.entries.into_iter().map(entry).collect()
}
