//! Rows that are made up: as many different values in each column, and spread as in production, as far as the snapshot
//! tells.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{MySqlFamilyStatistics, Snapshot, StoredKind};
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::spread::Spread;
use super::values::Kind;
use super::{failed, must, quoted, refusal};
use crate::LiveError;
use crate::capture::mysql_family::whole_table;

/// So many rows a table gets at most, and so many all of them.
const TABLE_ROWS_MAX: u64 = 30_000;
const ROWS_MAX: u64 = 200_000;

/// However many tables there are, each that has as many gets so many.
const TABLE_ROWS_MIN: u64 = 100;

/// Rows in one statement.
const BATCH: u64 = 500;

/// What a table of the twin is like.
#[derive(Default)]
struct Table {
    /// Columns that take values.
    columns: Vec<Column>,
    /// Columns of each index, and whether it is unique.
    indexes: BTreeMap<String, (bool, Vec<String>)>,
}

struct Column {
    name: String,
    kind: Kind,
    nullable: bool,
}

/// How the values of a column are made.
struct Plan {
    name: String,
    kind: Kind,
    spread: Option<Spread>,
    /// Different values.
    distinct: u64,
    /// The number of the row is divided by this before the value is taken, where a key must not repeat.
    divisor: Option<u64>,
    /// Tells columns apart.
    seed: u64,
}

/// Fills every table, some of them at the same time.
pub(super) async fn make(
    sessions: &mut [Conn],
    snapshot: &Snapshot,
    known: &MySqlFamilyStatistics,
    reasons: &mut Vec<String>,
) -> Result<(), LiveError> {
    let Some(first) = sessions.first_mut() else {
        return Ok(());
    };
    let tables = tables(first).await?;
    let mut wanted: Vec<Wanted<'_>> = tables
        .iter()
        .map(|(name, table)| Wanted {
            name,
            table,
            rows: rows_of(snapshot, known, name),
        })
        .collect();
    let mut most = TABLE_ROWS_MAX;
    while wanted.iter().map(|table| table.rows.min(most)).sum::<u64>() > ROWS_MAX && most / 2 >= TABLE_ROWS_MIN {
        most /= 2;
    }
    // The largest first, so that all sessions end at about the same time.
    wanted.sort_by_key(|table| std::cmp::Reverse(table.rows));
    let count = sessions.len();
    let shares = sessions.iter_mut().enumerate().map(|(number, session)| {
        let share: Vec<&Wanted<'_>> = wanted.iter().skip(number).step_by(count).collect();
        async move {
            let mut refused = Vec::new();
            for Wanted { name, table, rows } in share {
                let here = (*rows).min(most);
                let plans = plans(known, name, table, *rows, here);
                refused.extend(fill(session, name, &plans, here).await?.map(|said| (*name, said)));
            }
            Ok::<_, LiveError>(refused)
        }
    });
    let mut refused: Vec<(&String, String)> = futures_util::future::try_join_all(shares)
        .await?
        .into_iter()
        .flatten()
        .collect();
    refused.sort();
    for (name, said) in &refused {
        reasons.push(format!("The table {name} is empty: {said}."));
    }
    wanted.sort_by_key(|table| table.name);
    let is_filled = |name: &String| refused.iter().all(|(empty, _)| *empty != name);
    let reduced: Vec<String> = wanted
        .iter()
        .filter(|table| table.rows > most && is_filled(table.name))
        .map(|table| format!("{} (1 row of {})", table.name, table.rows.div_ceil(most)))
        .collect();
    if !reduced.is_empty() {
        reasons.push(format!(
            "Tables are smaller than production's, so that a range of an index seems to hold fewer rows: {}.",
            reduced.join(", ")
        ));
    }
    Ok(())
}

/// A table that is to be filled, with the rows that production has.
struct Wanted<'a> {
    name: &'a String,
    table: &'a Table,
    rows: u64,
}

/// How many rows production has, as InnoDB counts them, else as the server says.
fn rows_of(snapshot: &Snapshot, known: &MySqlFamilyStatistics, table: &str) -> u64 {
    let parts: Vec<u64> = known
        .tables
        .iter()
        .filter(|part| whole_table(&part.table) == table)
        .map(|part| part.rows)
        .collect();
    if !parts.is_empty() {
        return parts.iter().sum();
    }
    let mut relations = snapshot.relations.iter();
    let relation = relations.find(|relation| relation.kind == StoredKind::Table && relation.name == table);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate")]
    relation.map_or(0, |relation| relation.tuples.max(0.0) as u64)
}

/// Reads what the tables of the twin are like.
async fn tables(session: &mut Conn) -> Result<BTreeMap<String, Table>, LiveError> {
    type ColumnRow = (String, String, String, String, String, Option<u64>, Option<usize>);
    // In two questions: MariaDB joins its `information_schema` row by row.
    let with_rows: Vec<String> = session
        .query(
            "SELECT TABLE_NAME FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')",
        )
        .await
        .map_err(failed)?;
    let with_rows: BTreeSet<String> = with_rows.into_iter().collect();
    let columns: Vec<ColumnRow> = session
        .query(
            "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH, \
                    coalesce(NUMERIC_SCALE, DATETIME_PRECISION) \
             FROM information_schema.COLUMNS \
             WHERE TABLE_SCHEMA = DATABASE() AND coalesce(GENERATION_EXPRESSION, '') = '' AND EXTRA NOT LIKE '%GENERATED%' \
             ORDER BY TABLE_NAME, ORDINAL_POSITION",
        )
        .await
        .map_err(failed)?;
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for (table, name, data_type, column_type, nullable, length, scale) in columns {
        if !with_rows.contains(&table) {
            continue;
        }
        tables.entry(table).or_default().columns.push(Column {
            name,
            kind: Kind::of(&data_type.to_lowercase(), &column_type, length, scale),
            nullable: nullable == "YES",
        });
    }
    let parts: Vec<(String, String, u8, Option<String>)> = session
        .query(
            "SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME FROM information_schema.STATISTICS \
             WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1, 2, SEQ_IN_INDEX",
        )
        .await
        .map_err(failed)?;
    for (table, index, not_unique, column) in parts {
        let Some(table) = tables.get_mut(&table) else { continue };
        let (_, columns) = table
            .indexes
            .entry(index)
            .or_insert_with(|| (not_unique == 0, Vec::new()));
        columns.push(column.unwrap_or_default());
    }
    Ok(tables)
}

/// How many different values the first `position` columns of an index have in production.
fn distinct(known: &MySqlFamilyStatistics, table: &str, index: &str, position: usize) -> Option<u64> {
    let name = format!("n_diff_pfx{position:02}");
    let of_innodb = known
        .indexes
        .iter()
        .filter(|row| row.index == index && row.name == name && whole_table(&row.table) == table)
        .map(|row| row.value);
    let of_server = known
        .cardinalities
        .iter()
        .filter(|row| row.table == table && row.index == index && usize::try_from(row.position) == Ok(position))
        .map(|row| row.values);
    of_innodb.max().or(of_server.max())
}

fn plans(known: &MySqlFamilyStatistics, name: &str, table: &Table, there: u64, here: u64) -> Vec<Plan> {
    let mut plans: Vec<Plan> = Vec::new();
    for (number, column) in table.columns.iter().enumerate() {
        let mut values = None;
        for (index, (_, columns)) in &table.indexes {
            let Some(position) = columns.iter().position(|part| *part == column.name) else {
                continue;
            };
            let upto = distinct(known, name, index, position + 1);
            let before = if position == 0 {
                Some(1)
            } else {
                distinct(known, name, index, position)
            };
            let own = upto.zip(before).map(|(upto, before)| upto.div_ceil(before.max(1)));
            // What leads an index is counted; of what follows, the number per value before it is known.
            if position == 0 {
                values = own.or(values);
                break;
            }
            values = values.max(own);
        }
        let spread = Spread::of(known, name, &column.name, &column.kind);
        let values = values.unwrap_or(if column.nullable { 10 } else { 100 }).max(1);
        plans.push(Plan {
            name: column.name.clone(),
            kind: column.kind.clone(),
            spread,
            distinct: scaled(values, there, here),
            divisor: None,
            seed: u64::try_from(number).unwrap_or_default() + 1,
        });
    }
    let mut assigned = BTreeSet::new();
    let unique = table.indexes.iter().filter(|(_, (unique, _))| *unique);
    // The primary key first: it holds the rows.
    let mut unique: Vec<_> = unique
        .map(|(index, (_, columns))| (index != "PRIMARY", columns))
        .collect();
    unique.sort();
    for (_, columns) in unique {
        keys(columns, &mut plans, &mut assigned, here);
    }
    plans
}

/// What grows with a table is reduced as it is; what does not (states, countries) stays.
fn scaled(values: u64, there: u64, here: u64) -> u64 {
    if here >= there || values.saturating_mul(10) < there.min(here.saturating_mul(10)) {
        return values.min(here.max(1));
    }
    let share = u128::from(values) * u128::from(here) / u128::from(there.max(1));
    u64::try_from(share).unwrap_or(here).max(1)
}

/// Makes the columns of a key count through their combinations.
fn keys(columns: &[String], plans: &mut [Plan], assigned: &mut BTreeSet<String>, rows: u64) {
    if columns.iter().any(|column| assigned.contains(column)) {
        return;
    }
    let mut divisor: u64 = 1;
    for (number, column) in columns.iter().enumerate() {
        // Rows differ by what stands before; what follows has the values that its statistics tell.
        if divisor >= rows {
            return;
        }
        assigned.insert(column.clone());
        let Some(plan) = plans.iter_mut().find(|plan| plan.name == *column) else {
            return;
        };
        if number + 1 == columns.len() {
            plan.distinct = plan.distinct.max(rows.div_ceil(divisor).max(1));
        }
        plan.divisor = Some(divisor);
        divisor = divisor.saturating_mul(plan.distinct);
    }
}

impl Plan {
    /// Which of its values a column of a key has in a row. Each combination of the columns before it begins at another one, so
    /// that all are there, however few rows there are for each combination.
    fn digit(&self, row: u64, divisor: u64) -> u64 {
        let distinct = self.distinct.max(1);
        let begin = if divisor == 1 {
            0
        } else {
            mixed(row % divisor, self.seed) % distinct
        };
        (row / divisor + begin) % distinct
    }

    /// The value of a row, as SQL.
    fn value(&self, row: u64, rows: u64) -> String {
        #[expect(clippy::cast_precision_loss, reason = "numbers of rows are small")]
        let share = |number: u64, of: u64| (number as f64 + 0.5) / of.max(1) as f64;
        if let Some(divisor) = self.divisor {
            let number = self.digit(row, divisor);
            return match &self.spread {
                // Evenly in any case: values of a key do not repeat.
                Some(spread @ Spread::Even(..)) => spread.at(share(number, self.distinct), &self.kind),
                Some(Spread::Buckets { .. }) | None => self.kind.numbered(number),
            };
        }
        let random = mixed(row, self.seed);
        match &self.spread {
            Some(spread @ Spread::Buckets { .. }) => spread.at(share(random % 1_000_003, 1_000_003), &self.kind),
            Some(spread @ Spread::Even(..)) if self.distinct >= rows => {
                spread.at(share(random % rows.max(1), rows), &self.kind)
            }
            Some(spread @ Spread::Even(..)) => spread.at(share(random % self.distinct, self.distinct), &self.kind),
            None => self.kind.numbered(random % self.distinct.max(1)),
        }
    }
}

/// A number that looks random, and is the same each time: <https://prng.di.unimi.it/splitmix64.c>.
fn mixed(row: u64, seed: u64) -> u64 {
    let mut number = row
        .wrapping_add(seed.wrapping_mul(0x0000_1000_0000_01b3))
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

/// Fills a table; what the server said where it refused.
async fn fill(session: &mut Conn, name: &str, plans: &[Plan], rows: u64) -> Result<Option<String>, LiveError> {
    if plans.is_empty() || rows == 0 {
        return Ok(None);
    }
    let columns: Vec<String> = plans.iter().map(|plan| quoted(&plan.name)).collect();
    must(session, "SET autocommit = 0").await?;
    let mut refused = None;
    let mut next = 0;
    while next < rows && refused.is_none() {
        let batch = next..(next + BATCH).min(rows);
        next = batch.end;
        let values: Vec<String> = batch
            .map(|row| {
                let values: Vec<String> = plans.iter().map(|plan| plan.value(row, rows)).collect();
                format!("({})", values.join(","))
            })
            .collect();
        // What a CHECK or another key refuses is left out.
        let sql = format!(
            "INSERT IGNORE INTO {} ({}) VALUES {}",
            quoted(name),
            columns.join(","),
            values.join(",")
        );
        refused = refusal(session.query_drop(sql).await)?;
    }
    must(session, "COMMIT").await?;
    must(session, "SET autocommit = 1").await?;
    Ok(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_with_a_table_is_reduced_and_what_does_not_stays() {
        for ((values, there, here), wanted) in [
            ((1000, 1000, 1000), 1000),
            ((1_000_000, 1_000_000, 10_000), 10_000),
            ((500_000, 1_000_000, 10_000), 5_000),
            ((5, 1_000_000, 10_000), 5),
            ((5, 3, 3), 3),
        ] {
            assert_eq!(scaled(values, there, here), wanted, "{values} of {there} in {here}");
        }
    }

    #[test]
    fn keys_do_not_repeat() {
        let plan = |name: &str, distinct| Plan {
            name: name.to_owned(),
            kind: Kind::Integer(1e9),
            spread: None,
            distinct,
            divisor: None,
            seed: 1,
        };
        let mut plans = [plan("a", 30), plan("b", 2)];
        keys(&["a".to_owned(), "b".to_owned()], &mut plans, &mut BTreeSet::new(), 100);
        let rows: BTreeSet<(String, String)> = (0..100)
            .map(|row| (plans[0].value(row, 100), plans[1].value(row, 100)))
            .collect();
        assert_eq!(rows.len(), 100);
        // The first one is unique already.
        let mut plans = [plan("a", 100), plan("b", 5)];
        keys(&["a".to_owned(), "b".to_owned()], &mut plans, &mut BTreeSet::new(), 100);
        assert!(plans[1].divisor.is_none());
    }

    /// As in `UNIQUE (rental_date, inventory_id, customer_id)`: the first column alone tells nearly all rows apart.
    #[test]
    fn columns_of_a_wide_key_have_all_their_values() {
        let plan = |name: &str, distinct, seed| Plan {
            name: name.to_owned(),
            kind: Kind::Integer(1e9),
            spread: None,
            distinct,
            divisor: None,
            seed,
        };
        let mut plans = [plan("at", 990, 1), plan("item", 100, 2), plan("customer", 20, 3)];
        let columns = ["at", "item", "customer"].map(str::to_owned);
        keys(&columns, &mut plans, &mut BTreeSet::new(), 1000);
        let value = |column: usize, row| plans[column].value(row, 1000);
        let different = |column| {
            (0..1000)
                .map(|row| value(column, row))
                .collect::<BTreeSet<String>>()
                .len()
        };
        assert_eq!((different(0), different(2)), (990, 20));
        assert!(different(1) > 95, "{}", different(1));
        let rows: BTreeSet<[String; 3]> = (0..1000)
            .map(|row| [value(0, row), value(1, row), value(2, row)])
            .collect();
        assert_eq!(rows.len(), 1000);
    }
}
