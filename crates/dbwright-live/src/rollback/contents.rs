//! What tables hold, as far as it takes to say what is gone: the number of rows, and a hash of each value.
//!
//! Where a table has a primary key, each value is counted with the key of its row, so that two rows that have swapped theirs
//! are seen. Without one, or where the keys are others afterwards, values are counted column by column.

use std::borrow::Cow;
use std::collections::BTreeMap;

use dbwright_catalog::{Catalog, ColumnExtra, ConstraintKind, LostRows, LostValues, ObjectId};
use sha2::{Digest, Sha256};

/// The contents of some tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) tables: BTreeMap<ObjectId, TableContents>,
}

/// The contents of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TableContents {
    pub(crate) rows: u64,
    /// By the name of the column.
    columns: BTreeMap<String, Values>,
    /// The same, each value with the key of its row; nothing without a key.
    keyed: BTreeMap<String, Values>,
    /// The columns of the primary key.
    key: Vec<String>,
}

/// The values of one column that are not NULL, each by its hash, and how often it is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Values(BTreeMap<Hash, u64>);

type Hash = [u8; 32];

/// The columns of a table that hold values of their own: not those that are computed, or set by every change of a row.
pub(crate) fn stored_columns<'a>(catalog: &'a Catalog, table: &'a ObjectId) -> Vec<&'a str> {
    let columns = catalog.columns(table).into_iter();
    let is_stored =
        |extra: &ColumnExtra| !matches!(extra, ColumnExtra::MySqlFamily(extra) if extra.on_update.is_some());
    columns
        .filter(|(_, column)| column.generated.is_none() && is_stored(&column.extra))
        .map(|(id, _)| id.name())
        .collect()
}

/// The columns of the primary key of a table.
fn key_columns(catalog: &Catalog, table: &ObjectId) -> Vec<String> {
    let mut constraints = catalog.constraints(table);
    let key = constraints.find_map(|(_, constraint)| match &constraint.kind {
        ConstraintKind::PrimaryKey(columns) => Some(columns.clone()),
        _ => None,
    });
    key.unwrap_or_default()
}

impl TableContents {
    /// A table of a schema, without rows.
    pub(crate) fn of(catalog: &Catalog, table: &ObjectId) -> Self {
        let mut contents = TableContents::of_columns(&stored_columns(catalog, table));
        let key = key_columns(catalog, table);
        if !key.is_empty() && key.iter().all(|column| contents.columns.contains_key(column)) {
            contents.key = key;
            contents.keyed.clone_from(&contents.columns);
        }
        contents
    }

    fn of_columns(names: &[&str]) -> Self {
        let columns = names.iter().map(|name| ((*name).to_owned(), Values::default()));
        TableContents {
            columns: columns.collect(),
            ..TableContents::default()
        }
    }

    /// Adds a row: the values of its columns; NULL is none.
    pub(crate) fn add(&mut self, names: &[&str], row: &[Option<Cow<'_, [u8]>>]) {
        self.rows += 1;
        let mut key = Sha256::new();
        for column in &self.key {
            let place = names.iter().position(|name| name == column);
            let value = place.and_then(|place| row.get(place)?.as_deref()).unwrap_or_default();
            key.update(value.len().to_le_bytes());
            key.update(value);
        }
        for (name, value) in names.iter().zip(row) {
            let Some(value) = value else { continue };
            if let Some(values) = self.columns.get_mut(*name) {
                values.add(Sha256::digest(value).into());
            }
            if let Some(values) = self.keyed.get_mut(*name) {
                values.add(key.clone().chain_update(value).finalize().into());
            }
        }
    }

    /// Whether all rows that are left have the keys that they had.
    fn has_keys_of(&self, was: &TableContents) -> bool {
        let rows_lost = was.rows.saturating_sub(self.rows);
        !was.key.is_empty()
            && was.key == self.key
            && was.key.iter().all(|column| {
                let lost = was
                    .columns
                    .get(column)
                    .map_or(0, |values| values.lost(self.columns.get(column)));
                lost <= rows_lost
            })
    }
}

impl Values {
    fn add(&mut self, hash: Hash) {
        *self.0.entry(hash).or_default() += 1;
    }

    fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// How many of these values are not in the others.
    fn lost(&self, others: Option<&Values>) -> u64 {
        let left = |hash: &Hash| others.and_then(|others| others.0.get(hash)).copied().unwrap_or(0);
        self.0
            .iter()
            .map(|(hash, count)| count.saturating_sub(left(hash)))
            .sum()
    }
}

impl Contents {
    /// What was there before a migration and is not after its way back. `between` is what was there in between.
    pub(crate) fn lost(&self, between: &Contents, after: &Contents) -> Vec<LostRows> {
        let tables = self.tables.iter().filter_map(|(id, was)| {
            let then = between.tables.get(id);
            let is = after.tables.get(id);
            let rows_after = is.map_or(0, |is| is.rows);
            let rows_lost = was.rows.saturating_sub(rows_after);
            let rows_between = then.map_or(0, |then| then.rows).min(was.rows);
            let columns = was.columns.iter().filter_map(|(name, values)| {
                let lost_in = |contents: Option<&TableContents>| {
                    let keyed = contents.filter(|contents| contents.has_keys_of(was));
                    match (keyed, was.keyed.get(name)) {
                        (Some(contents), Some(keyed)) => keyed.lost(contents.keyed.get(name)),
                        _ => values.lost(contents.and_then(|contents| contents.columns.get(name))),
                    }
                };
                let lost = lost_in(is);
                // What went with its row is told with the row.
                let alone = lost.saturating_sub(rows_lost);
                let lost_before = lost_in(then).saturating_sub(was.rows - rows_between);
                (alone > 0).then(|| LostValues {
                    column: name.clone(),
                    values: values.count(),
                    lost: alone,
                    lost_back: alone.saturating_sub(lost_before),
                })
            });
            let columns: Vec<LostValues> = columns.collect();
            (rows_lost > 0 || !columns.is_empty()).then(|| LostRows {
                table: id.clone(),
                rows_before: was.rows,
                rows_after,
                rows_lost_back: rows_between.saturating_sub(rows_after),
                columns,
            })
        });
        tables.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(rows: u64, columns: &[(&str, &str)]) -> Contents {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let mut table = TableContents::of_columns(&names);
        for row in 0..rows {
            let values = columns.iter().map(|(_, list)| {
                let value = list.split(',').nth(usize::try_from(row).unwrap());
                let value = value.filter(|value| !value.is_empty());
                value.map(|value| Cow::Borrowed(value.as_bytes()))
            });
            table.add(&names, &values.collect::<Vec<_>>());
        }
        Contents {
            tables: BTreeMap::from([(ObjectId::table("main", "t"), table)]),
        }
    }

    /// The same with the first column as key.
    fn with_key(rows: u64, columns: &[(&str, &str)]) -> Contents {
        let mut contents = contents(0, columns);
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let table = contents.tables.values_mut().next().unwrap();
        table.key = vec![names[0].to_owned()];
        table.keyed.clone_from(&table.columns);
        for row in 0..rows {
            let values = columns.iter().map(|(_, list)| {
                let value = list.split(',').nth(usize::try_from(row).unwrap());
                value.map(|value| Cow::Borrowed(value.as_bytes()))
            });
            table.add(&names, &values.collect::<Vec<_>>());
        }
        contents
    }

    #[test]
    fn values_that_two_rows_have_swapped_are_lost() {
        let was = with_key(2, &[("id", "1,2"), ("a", "x,y")]);
        let is = with_key(2, &[("id", "1,2"), ("a", "y,x")]);
        assert_eq!(told(&was, &was, &is), "2 -> 2, 0 back; a 2 of 2, 2 back");
        let in_another_order = with_key(2, &[("id", "2,1"), ("a", "y,x")]);
        assert_eq!(was.lost(&was, &in_another_order), []);
        let other_keys = with_key(2, &[("id", "7,8"), ("a", "y,x")]);
        assert_eq!(told(&was, &was, &other_keys), "2 -> 2, 0 back; id 2 of 2, 2 back");
    }

    fn told(was: &Contents, between: &Contents, is: &Contents) -> String {
        let lost = was.lost(between, is);
        let columns = lost.iter().flat_map(|lost| &lost.columns);
        let columns: Vec<String> = columns
            .map(|it| format!("{} {} of {}, {} back", it.column, it.lost, it.values, it.lost_back))
            .collect();
        let rows = lost
            .iter()
            .map(|it| format!("{} -> {}, {} back; ", it.rows_before, it.rows_after, it.rows_lost_back));
        rows.collect::<String>() + &columns.join("; ")
    }

    #[test]
    fn values_that_moved_are_not_lost() {
        let was = contents(2, &[("a", "1,2"), ("b", "3,3")]);
        let is = contents(2, &[("a", "2,1"), ("b", "3,3")]);
        assert_eq!(was.lost(&was, &is), []);
    }

    #[test]
    fn a_dropped_column_loses_its_values_on_the_way_up() {
        let was = contents(2, &[("a", "1,2"), ("b", "3")]);
        let between = contents(2, &[("a", "1,2")]);
        let is = contents(2, &[("a", "1,2"), ("b", "")]);
        assert_eq!(told(&was, &between, &is), "2 -> 2, 0 back; b 1 of 1, 0 back");
    }

    #[test]
    fn what_the_way_back_deletes_is_told_as_such() {
        let was = contents(3, &[("a", "1,2,3")]);
        let is = contents(1, &[("a", "1")]);
        assert_eq!(told(&was, &was, &is), "3 -> 1, 2 back; ");
    }

    #[test]
    fn a_table_that_is_gone_has_lost_all_rows() {
        let was = contents(3, &[("a", "1,2,3")]);
        assert_eq!(
            told(&was, &Contents::default(), &Contents::default()),
            "3 -> 0, 0 back; "
        );
    }
}
