//! What tables hold, as far as it takes to say what is gone: the number of rows, and a hash of each value.
//!
//! Values are counted column by column, without the row that they stand in: what moves from one row to another is not lost.

use std::collections::BTreeMap;

use dbwright_catalog::{Catalog, ColumnExtra, LostRows, LostValues, ObjectId};
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
    pub(crate) columns: BTreeMap<String, Values>,
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

impl TableContents {
    /// An empty table with these columns.
    pub(crate) fn of_columns(names: &[&str]) -> Self {
        let columns = names.iter().map(|name| ((*name).to_owned(), Values::default()));
        TableContents {
            rows: 0,
            columns: columns.collect(),
        }
    }

    /// Adds a value of a row; NULL is none.
    pub(crate) fn add(&mut self, column: &str, value: Option<&[u8]>) {
        if let (Some(value), Some(values)) = (value, self.columns.get_mut(column)) {
            let hash: Hash = Sha256::digest(value).into();
            *values.0.entry(hash).or_default() += 1;
        }
    }
}

impl Values {
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
                let of = |contents: Option<&TableContents>| contents.and_then(|it| it.columns.get(name)).cloned();
                let lost = values.lost(of(is).as_ref());
                // What went with its row is told with the row.
                let alone = lost.saturating_sub(rows_lost);
                let lost_before = values.lost(of(then).as_ref()).saturating_sub(was.rows - rows_between);
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
        table.rows = rows;
        for (name, list) in columns {
            for value in list.split(',').filter(|value| !value.is_empty()) {
                table.add(name, Some(value.as_bytes()));
            }
        }
        Contents {
            tables: BTreeMap::from([(ObjectId::table("main", "t"), table)]),
        }
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
