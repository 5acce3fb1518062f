//! The settings of graphile-migrate, `.gmrc` or `.gmrc.js`: placeholders, settings of the session, actions.

use std::ops::Range;
use std::path::{Path, PathBuf};

use dbwright_catalog::{Span, Statement};

use super::super::Folder;
use crate::json5::{self, Value};
use crate::rendered::Rendered;
use crate::text;

const SETTINGS: [&str; 3] = [".gmrc", ".gmrc.js", ".gmrc.cjs"];
const SETTINGS_BYTES_MAX: u64 = 256 * 1024;

/// The settings file of the project around a folder.
pub(super) fn file(root: &Path, folder: &Path) -> Option<PathBuf> {
    folder
        .ancestors()
        .flat_map(|parent| SETTINGS.map(|name| parent.join(name)))
        .find(|path| root.join(path).is_file())
}

/// Values of `:NAME` in SQL.
pub(super) struct Placeholders {
    values: Vec<(String, String)>,
}

impl Placeholders {
    pub(super) fn of(folder: &Folder<'_>) -> Placeholders {
        let settings = file(folder.root, folder.path)
            .map(|path| json5::parse(&text::peek(&folder.root.join(path), SETTINGS_BYTES_MAX)));
        let get = |name: &str| settings.as_ref().and_then(|settings| settings.get(name));
        let mut values: Vec<(String, String)> = get("placeholders")
            .map_or(&[][..], Value::entries)
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), value.text()?.to_owned())))
            // The value of an environment variable with the same name.
            .filter(|(_, value)| value != "!ENV")
            .collect();
        // Without a setting, the owner is the user whose connection runs the migrations.
        let owner = get("databaseOwner").map_or(Some("CURRENT_USER"), Value::text);
        values.extend(owner.map(|owner| (":DATABASE_OWNER".to_owned(), owner.to_owned())));
        // The longest first: of `:A` and `:A_B`, the one that stands there.
        values.sort_by_key(|(key, _)| std::cmp::Reverse(key.len()));
        Placeholders { values }
    }

    pub(super) fn put_in(&self, text: &str, start: usize) -> Rendered {
        let mut rendered = Rendered::default();
        self.append(text, start..text.len(), &mut rendered);
        rendered
    }

    pub(super) fn append(&self, text: &str, range: Range<usize>, rendered: &mut Rendered) {
        let mut done = range.start;
        for (at, _) in text[range.clone()].match_indices(':') {
            let at = range.start + at;
            let rest = &text[at..range.end];
            let ends = |key: &str| !rest[key.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let known = self
                .values
                .iter()
                .find(|(key, _)| rest.starts_with(key.as_str()) && ends(key));
            if let Some((key, value)) = known
                && at >= done
            {
                rendered.copy(text, done..at);
                rendered.put(value, at..at + key.len());
                done = at + key.len();
            }
        }
        rendered.copy(text, done..range.end);
    }

    /// Marks the statements with a placeholder whose value is not known.
    pub(super) fn name_open_ones(mut statements: Vec<Statement>) -> Vec<Statement> {
        for statement in &mut statements {
            if let Some(name) = open_placeholder(&statement.text) {
                statement.not_sent = Some(format!(
                    "placeholder {name}: its value comes from the environment or the connection, which dbwright does not read"
                ));
            }
        }
        statements
    }
}

/// A `:NAME` in capitals outside of casts: no operator of PostgreSQL stands so.
fn open_placeholder(text: &str) -> Option<&str> {
    text.match_indices(':').find_map(|(at, _)| {
        let rest = &text[at + 1..];
        let end = rest
            .find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
            .unwrap_or(rest.len());
        let name = &rest[..end];
        let is_name = name.len() > 1 && name.starts_with(|c: char| c.is_ascii_uppercase());
        let is_alone = !text[..at].ends_with([':', '[']) && !rest[end..].starts_with(|c: char| c.is_alphanumeric());
        // `a[1:N]` is a slice, `'12:30:AM'` is text.
        let is_after_word = text[..at].ends_with(|c: char| c.is_alphanumeric());
        (is_name && is_alone && !is_after_word).then(|| &text[at..=at + end])
    })
}

/// `pgSettings`, which the tool makes the settings of its session before the first file
/// (<https://github.com/graphile/migrate/blob/main/src/pgReal.ts>).
pub(super) fn session(folder: &Folder<'_>) -> Option<Statement> {
    let path = file(folder.root, folder.path)?;
    let settings = json5::parse(&text::peek(&folder.root.join(path), SETTINGS_BYTES_MAX));
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let calls: Vec<String> = settings
        .get("pgSettings")?
        .entries()
        .iter()
        .filter_map(|(key, value)| match value {
            Value::Text(value) | Value::Word(value) => Some((key, value)),
            Value::Object(_) | Value::Array(_) | Value::Unknown => None,
        })
        .map(|(key, value)| format!("pg_catalog.set_config({}, {}, false)", quoted(key), quoted(value)))
        .collect();
    (!calls.is_empty()).then(|| Statement {
        text: format!("SELECT {}", calls.join(", ")),
        span: Span::new(0, 0),
        line: 1,
        copy_rows: None,
        not_sent: None,
    })
}

/// SQL files that the settings name as actions, relative to the folder.
pub(super) fn actions(folder: &Folder<'_>, names: &[&str]) -> Vec<PathBuf> {
    let Some(path) = file(folder.root, folder.path) else {
        return Vec::new();
    };
    let settings = json5::parse(&text::peek(&folder.root.join(path), SETTINGS_BYTES_MAX));
    let mut files = Vec::new();
    for action in names.iter().filter_map(|name| settings.get(name)) {
        let single = std::slice::from_ref(action);
        let items = if action.items().is_empty() {
            single
        } else {
            action.items()
        };
        for item in items {
            let file = item.text().or_else(|| item.get("file").and_then(Value::text));
            // `!file.sql` runs with the rights of the root connection.
            let file = file.map(|file| PathBuf::from(file.trim_start_matches('!')));
            files.extend(file.filter(|file| folder.root.join(folder.at(file)).is_file()));
        }
    }
    files.dedup();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_that_nothing_gives_are_found() {
        for (text, expected) in [
            ("grant connect on database :DATABASE_NAME to a", Some(":DATABASE_NAME")),
            ("select a::TEXT, 'x'::CITEXT", None),
            ("select a[1:N]", None),
            ("select '12:AM'", None),
            ("select :name", None),
            (":A", None),
        ] {
            assert_eq!(open_placeholder(text), expected, "{text}");
        }
    }
}
