//! Which files InnoDB keeps a table in: another id under the same name tells that it was built anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::session::Row;

/// How InnoDB stores a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Storage {
    /// `TABLE_ID` by the name of the partition (with that of the subpartition behind a `/`), in lower case; under the empty
    /// name where the table has no partitions.
    pub ids: BTreeMap<String, u64>,
    /// Row versions used up since the last rebuild, the highest of all partitions. Nothing on MariaDB.
    pub row_versions: Option<u32>,
}

impl Storage {
    /// Whether this is the same table as before, possibly with other partitions.
    pub(super) fn is_same(&self, before: &Storage) -> bool {
        self.ids.values().any(|id| before.ids.values().any(|other| other == id))
    }

    /// Whether rows were written anew since: the table or one of its partitions has another id, or nothing is left of
    /// what there was.
    pub(super) fn is_rebuilt_since(&self, before: &Storage) -> bool {
        self.written_since(before) != Written::Nothing
    }

    /// How much was written anew since.
    pub(crate) fn written_since(&self, before: &Storage) -> Written {
        let in_both = before
            .ids
            .iter()
            .filter_map(|(name, id)| Some((id, self.ids.get(name)?)));
        let moved = in_both.clone().filter(|(before, now)| before != now).count();
        match (moved, in_both.count()) {
            (moved, all) if moved == all => Written::Whole,
            (0, _) => Written::Nothing,
            _ => Written::Partitions,
        }
    }
}

/// How much of a table was written anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// Its rows stayed where they were.
    Nothing,
    /// Some of its partitions.
    Partitions,
    /// All of it.
    Whole,
}

/// The storage of each table from rows of (name within InnoDB, id, row versions).
pub(super) fn storage_by_table(rows: &[Row]) -> BTreeMap<String, Storage> {
    let mut tables: BTreeMap<String, Storage> = BTreeMap::new();
    for row in rows {
        let [Some(name), Some(id), versions] = row.as_slice() else {
            continue;
        };
        let Some((_, name)) = name.split_once('/') else {
            continue;
        };
        let (table, partition) = match name.split_once('#') {
            Some((table, partition)) => (table, partition_name(partition)),
            None => (name, String::new()),
        };
        let (Some(table), Ok(id)) = (decode(table), id.parse()) else {
            continue;
        };
        let storage = tables.entry(table).or_default();
        storage.ids.insert(partition, id);
        let versions = versions.as_ref().and_then(|versions| versions.parse().ok());
        storage.row_versions = storage.row_versions.max(versions);
    }
    tables
}

/// `p#p0#sp#s1` (MariaDB: `P#p0#SP#s1`) is `p0/s1`.
fn partition_name(text: &str) -> String {
    let lower = text.to_lowercase();
    let name = lower.strip_prefix("p#").unwrap_or(&lower);
    name.replace("#sp#", "/")
}

/// A name as it stands in names of files: other letters than those of ASCII words are `@` and four hexadecimal digits.
/// Manual: <https://dev.mysql.com/doc/refman/9.7/en/identifier-mapping.html>.
pub(super) fn encode(name: &str) -> String {
    let mut encoded = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() || letter == '_' {
            encoded.push(letter);
        } else {
            let _ = write!(encoded, "@{:04x}", u32::from(letter));
        }
    }
    encoded
}

/// The other way round. Nothing for the short forms that some scripts have (`@1o` for ü): only the server has the list.
fn decode(encoded: &str) -> Option<String> {
    let mut name = String::new();
    let mut rest = encoded;
    while let Some((before, after)) = rest.split_once('@') {
        name += before;
        let digits = after.get(..4)?;
        name.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
        rest = &after[4..];
    }
    Some(name + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[(&str, &str, Option<&str>)]) -> BTreeMap<String, Storage> {
        let row = |(name, id, versions): &(&str, &str, Option<&str>)| {
            vec![
                Some((*name).to_owned()),
                Some((*id).to_owned()),
                versions.map(str::to_owned),
            ]
        };
        storage_by_table(&rows.iter().map(row).collect::<Vec<_>>())
    }

    #[test]
    fn names_of_files_are_names_of_tables_and_partitions() {
        let tables = rows(&[
            ("app/a@002db", "7", Some("2")),
            ("app/log#p#p0", "8", Some("0")),
            ("app/log#P#p1#SP#s1", "9", Some("3")),
            ("app/Gr@1on", "10", None),
        ]);
        assert_eq!(tables.keys().collect::<Vec<_>>(), ["a-b", "log"]);
        assert_eq!(tables["log"].ids.keys().collect::<Vec<_>>(), ["p0", "p1/s1"]);
        assert_eq!(
            (tables["a-b"].row_versions, tables["log"].row_versions),
            (Some(2), Some(3))
        );
        assert_eq!(encode("a-b"), "a@002db");
    }

    #[test]
    fn a_partition_that_comes_or_goes_is_no_rebuild_and_one_that_moves_is() {
        let of = |parts: &[(&str, &str)]| {
            let parts: Vec<_> = parts.iter().map(|(name, id)| (*name, *id, None)).collect();
            rows(&parts)["t"].clone()
        };
        let before = of(&[("d/t#p#p0", "1"), ("d/t#p#p1", "2")]);
        assert!(!of(&[("d/t#p#p0", "1"), ("d/t#p#p1", "2"), ("d/t#p#p2", "3")]).is_rebuilt_since(&before));
        assert!(!of(&[("d/t#p#p1", "2")]).is_rebuilt_since(&before));
        assert!(of(&[("d/t#p#p0", "4"), ("d/t#p#p1", "2")]).is_rebuilt_since(&before));
        assert!(of(&[("d/t", "5")]).is_rebuilt_since(&before));
        let both = |first, second| of(&[("d/t#p#p0", first), ("d/t#p#p1", second)]).written_since(&before);
        assert_eq!(both("1", "2"), Written::Nothing);
        assert_eq!(both("1", "3"), Written::Partitions);
        assert_eq!(both("3", "4"), Written::Whole);
        assert!(!of(&[("d/t", "5")]).is_same(&before));
    }
}
