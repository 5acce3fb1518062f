//! Names of Flyway's files, and the versions in them.
//!
//! As in <https://github.com/flyway/flyway/blob/main/flyway-core/src/main/java/org/flywaydb/core/internal/resource/ResourceNameParser.java>
//! and <https://github.com/flyway/flyway/blob/main/flyway-core/src/main/java/org/flywaydb/core/api/MigrationVersion.java>.

use std::cmp::Ordering;
use std::fmt;

/// What marks the parts of a name; a project may set other marks.
#[derive(Clone, Debug)]
pub(super) struct Naming {
    pub(super) versioned: String,
    pub(super) repeatable: String,
    pub(super) undo: String,
    pub(super) baseline: String,
    pub(super) separator: String,
    pub(super) suffixes: Vec<String>,
}

impl Default for Naming {
    fn default() -> Self {
        Naming {
            versioned: "V".to_owned(),
            repeatable: "R".to_owned(),
            undo: "U".to_owned(),
            baseline: "B".to_owned(),
            separator: "__".to_owned(),
            suffixes: vec![".sql".to_owned()],
        }
    }
}

/// A version: numbers between dots (or single underscores), compared one by one; missing ones count as zero.
#[derive(Clone, Debug)]
pub(super) struct Version(Vec<String>);

impl Version {
    pub(super) fn parse(text: &str) -> Option<Version> {
        let parts: Vec<String> = text
            .split(['.', '_'])
            .map(|part| part.trim_start_matches('0').to_owned())
            .collect();
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        text.split(['.', '_']).all(is_number).then_some(Version(parts))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let count = self.0.len().max(other.0.len());
        let part = |version: &Version, index: usize| version.0.get(index).cloned().unwrap_or_default();
        (0..count)
            .map(|index| {
                let (a, b) = (part(self, index), part(other, index));
                a.len().cmp(&b.len()).then_with(|| a.cmp(&b))
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<&str> = self
            .0
            .iter()
            .map(|part| if part.is_empty() { "0" } else { part })
            .collect();
        f.write_str(&parts.join("."))
    }
}

/// What a file is, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Versioned(Version),
    /// With its description, by which repeatable ones are ordered.
    Repeatable(String),
    Undo(Version),
    Baseline(Version),
    /// With its event.
    Callback(Event),
    /// It begins like a migration, and the rest is not right.
    Misnamed,
    /// Nothing that Flyway knows.
    Other,
}

/// When a callback runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    AfterConnect,
    BeforeValidate,
    AfterValidate,
    BeforeMigrate,
    BeforeEachMigrate,
    AfterEachMigrate,
    AfterVersioned,
    BeforeRepeatables,
    AfterMigrateApplied,
    AfterMigrate,
    /// Of other commands, of errors, of single statements: not in a migration that goes well.
    Elsewhere,
}

/// The events by their names, longer names first where one begins another.
const EVENTS: [(&str, Event); 18] = [
    ("beforeEachMigrateStatement", Event::Elsewhere),
    ("afterEachMigrateStatement", Event::Elsewhere),
    ("afterEachMigrateError", Event::Elsewhere),
    ("afterMigrateOperationFinish", Event::Elsewhere),
    ("afterMigrateApplied", Event::AfterMigrateApplied),
    ("afterMigrateError", Event::Elsewhere),
    ("afterValidateError", Event::Elsewhere),
    ("afterConnect", Event::AfterConnect),
    ("beforeValidate", Event::BeforeValidate),
    ("afterValidate", Event::AfterValidate),
    ("beforeMigrate", Event::BeforeMigrate),
    ("beforeEachMigrate", Event::BeforeEachMigrate),
    ("afterEachMigrate", Event::AfterEachMigrate),
    ("afterVersioned", Event::AfterVersioned),
    ("beforeRepeatables", Event::BeforeRepeatables),
    ("afterMigrate", Event::AfterMigrate),
    ("createSchema", Event::Elsewhere),
    ("beforeCreateSchema", Event::Elsewhere),
];

/// Other commands that have callbacks before and after.
const OTHER_COMMANDS: [&str; 6] = ["Clean", "Undo", "Baseline", "Repair", "Info", "Connect"];

/// The event of a callback and what stands behind it in the name.
fn event(name: &str) -> Option<(Event, &str)> {
    if let Some((word, event)) = EVENTS.iter().find(|(word, _)| name.starts_with(word)) {
        return Some((*event, &name[word.len()..]));
    }
    let rest = name.strip_prefix("before").or_else(|| name.strip_prefix("after"))?;
    let rest = rest.strip_prefix("Each").unwrap_or(rest);
    let rest = OTHER_COMMANDS.iter().find_map(|command| rest.strip_prefix(command))?;
    Some((Event::Elsewhere, rest.trim_start_matches("Error")))
}

impl Naming {
    /// The name without its suffix; nothing for files with another suffix.
    pub(super) fn stem<'a>(&self, file: &'a str) -> Option<&'a str> {
        self.suffixes.iter().find_map(|suffix| {
            let at = file.len().checked_sub(suffix.len())?;
            let is_suffix = file.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(suffix));
            is_suffix.then(|| &file[..at])
        })
    }

    /// What a file is; nothing for files with another suffix.
    pub(super) fn kind(&self, file: &str) -> Option<Kind> {
        self.stem(file).map(|stem| self.kind_of(stem))
    }

    /// What a name without suffix means.
    pub(super) fn kind_of(&self, stem: &str) -> Kind {
        if let Some((event, rest)) = event(stem)
            && (rest.is_empty() || rest.starts_with(&self.separator))
        {
            return Kind::Callback(event);
        }
        let split = |rest: &str| -> (String, String) {
            let (left, right) = rest.split_once(&self.separator).unwrap_or((rest, ""));
            (left.to_owned(), right.replace('_', " "))
        };
        let versioned = |rest: &str, kind: fn(Version) -> Kind| {
            let (version, _) = split(rest);
            Version::parse(&version).map_or(Kind::Misnamed, kind)
        };
        if let Some(rest) = stem.strip_prefix(&self.repeatable) {
            let (left, description) = split(rest);
            if left.is_empty() {
                return Kind::Repeatable(description);
            }
        } else if let Some(rest) = stem.strip_prefix(&self.versioned) {
            return self.only_numbered(rest, versioned(rest, Kind::Versioned));
        } else if let Some(rest) = stem.strip_prefix(&self.undo) {
            return self.only_numbered(rest, versioned(rest, Kind::Undo));
        } else if let Some(rest) = stem.strip_prefix(&self.baseline) {
            return self.only_numbered(rest, versioned(rest, Kind::Baseline));
        }
        Kind::Other
    }

    /// `Views.sql` is another file, not a migration with a wrong name.
    fn only_numbered(&self, rest: &str, kind: Kind) -> Kind {
        let is_meant = rest.starts_with(|c: char| c.is_ascii_digit()) || rest.contains(&self.separator);
        if is_meant { kind } else { Kind::Other }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_a_file_is() {
        let naming = Naming::default();
        let shown = |file: &str| match naming.kind(file) {
            Some(Kind::Versioned(version)) => format!("version {version}"),
            Some(Kind::Baseline(version)) => format!("baseline {version}"),
            Some(Kind::Undo(version)) => format!("undo {version}"),
            Some(kind) => format!("{kind:?}"),
            None => "no".to_owned(),
        };
        for (file, expected) in [
            ("V1__a.sql", "version 1"),
            ("V1_2__a_b.sql", "version 1.2"),
            ("V2024.01.02__a.SQL", "version 2024.1.2"),
            ("V1.sql", "version 1"),
            ("V1_add.sql", "Misnamed"),
            ("V__a.sql", "Misnamed"),
            ("Views.sql", "Other"),
            ("v1__a.sql", "Other"),
            ("R__b_a.sql", "Repeatable(\"b a\")"),
            ("Rx.sql", "Other"),
            ("U1__a.sql", "undo 1"),
            ("B7__a.sql", "baseline 7"),
            ("beforeMigrate.sql", "Callback(BeforeMigrate)"),
            ("afterMigrate__grants.sql", "Callback(AfterMigrate)"),
            ("afterMigrateError.sql", "Callback(Elsewhere)"),
            ("beforeEachUndo.sql", "Callback(Elsewhere)"),
            ("beforeMigration.sql", "Other"),
            ("V1__a.java", "no"),
        ] {
            assert_eq!(shown(file), expected, "{file}");
        }
    }

    #[test]
    fn versions_are_compared_number_by_number() {
        let version = |text: &str| Version::parse(text).unwrap();
        assert!(version("1.10") > version("1.9"));
        assert!(version("2") > version("1.99.99"));
        assert!(version("1.0") == version("1"));
        assert!(version("01") == version("1"));
        assert!(version("20240101000000000000001") > version("20240101000000000000000"));
        assert!(Version::parse("1.a").is_none());
        assert!(Version::parse("").is_none());
    }
}
