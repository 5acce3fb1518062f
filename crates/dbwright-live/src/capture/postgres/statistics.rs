//! What the planner knows of columns, of expressions in indexes, and of columns together.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{ColumnStatistics, ExtendedStatistics, SampleValues, StatisticsSlot, Unread};

use super::rights::{self, Rights, Source};
use super::{Row, is_gone};
use crate::LiveError;
use crate::connect::Connection;

/// Statistics of columns and of expressions in indexes.
pub(super) async fn columns(
    connection: &mut Connection,
    values: &SampleValues,
    rights: &Rights,
    missing: &mut Vec<Unread>,
) -> Result<Vec<ColumnStatistics>, LiveError> {
    let mut allowed = Allowed::ask(connection, values).await?;
    if rights.columns == Source::Table && !rights.values && !values.is_none() {
        allowed = Allowed::None;
        missing.push(Unread {
            what: "sample values".to_owned(),
            why: format!(
                "The role {} may read the numbers of statistics and not their values; by a superuser: `{}`.",
                rights.role,
                rights::column_grant(&rights.role, values)
            ),
        });
    }
    let sql = match rights.columns {
        Source::Table => from_table(&allowed),
        Source::View => {
            let hidden = rights::hidden(connection).await?;
            if hidden > 0 {
                missing.push(Unread {
                    what: format!("statistics of {hidden} tables"),
                    why: format!(
                        "The role {} may not see them; the smallest grant that helps, by a superuser: `{}`. Where there \
                         is none to be had (managed services): `GRANT pg_read_all_data TO {}` (14 and later).",
                        rights.role,
                        rights::column_grant(&rights.role, values),
                        rights.role
                    ),
                });
            }
            if connection.server().version.major < 17 && !values.is_none() {
                say_untold_ranges(connection, values, rights, missing).await?;
            }
            from_view(&allowed, connection.server().version.major)
        }
    };
    Ok(Row::all(connection.rows(&sql).await?).map(statistics_of).collect())
}

/// `pg_stats` tells the histograms of ranges since 17.
async fn say_untold_ranges(
    connection: &mut Connection,
    values: &SampleValues,
    rights: &Rights,
    missing: &mut Vec<Unread>,
) -> Result<(), LiveError> {
    let sql = "SELECT pg_catalog.format('%I.%I.%I', n.nspname, c.relname, a.attname) FROM pg_catalog.pg_attribute a \
               JOIN pg_catalog.pg_type t ON t.oid = a.atttypid JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               WHERE t.typtype IN ('r', 'm') AND c.oid >= 16384 AND c.relkind IN ('r', 'p', 'm') AND a.attnum > 0 \
                 AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'dbwright') \
                 AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT') ORDER BY 1";
    let names: Vec<String> = Row::all(connection.rows(sql).await?)
        .map(|mut row| row.text())
        .collect();
    if !names.is_empty() {
        missing.push(Unread {
            what: format!("histograms of ranges in {}", names.join(", ")),
            why: format!(
                "The view pg_stats does not tell them before PostgreSQL 17; the smallest grant that helps, by a superuser: `{}`.",
                rights::column_grant(&rights.role, values)
            ),
        });
    }
    Ok(())
}

fn statistics_of(mut row: Row) -> ColumnStatistics {
    ColumnStatistics {
        schema: row.text(),
        relation: row.text(),
        column: row.text(),
        inherited: row.flag(),
        null_fraction: row.text(),
        width: i32::try_from(row.number()).unwrap_or(i32::MAX),
        distinct: row.text(),
        slots: std::iter::from_fn(|| {
            let kind = row.maybe()?;
            Some(StatisticsSlot {
                kind: kind.parse().unwrap_or_default(),
                operator: row.maybe(),
                collation: row.maybe(),
                numbers: row.maybe(),
                values: row.maybe(),
                values_type: row.maybe(),
            })
        })
        .filter(|slot| slot.kind != 0)
        .collect(),
    }
}

const NAMED: &str = "pg_catalog.pg_class c ON c.oid = s.starelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = s.staattnum AND NOT a.attisdropped \
     WHERE c.oid >= 16384 AND c.relpersistence <> 't' AND c.relkind <> 't' \
       AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'dbwright')";

/// Columns of tables go by their names, parts of indexes by their numbers: their names are made up.
const COLUMN: &str = "CASE WHEN c.relkind IN ('i', 'I') THEN a.attnum::text ELSE a.attname END";

/// Reads `pg_statistic`.
fn from_table(allowed: &Allowed) -> String {
    format!(
        "SELECT n.nspname, c.relname, {COLUMN}, s.stainherit, s.stanullfrac, s.stawidth, s.stadistinct, {} \
         FROM pg_catalog.pg_statistic s JOIN {NAMED} ORDER BY 1, 2, a.attnum, 4",
        slots(allowed)
    )
}

/// The slots of a row `s` of `pg_statistic`. Values are named in the query only where some are wanted, so that no right on them
/// is needed.
fn slots(allowed: &Allowed) -> String {
    let slots: Vec<String> = (1..=5)
        .map(|slot| {
            let values = allowed.value(&format!("s.stavalues{slot}::text"), "s.starelid", "s.staattnum");
            // The fourth field of an array on the wire is the type of its elements.
            let element = format!(
                "pg_catalog.format_type(('x' || pg_catalog.encode(pg_catalog.substr(pg_catalog.array_send(s.stavalues{slot}), \
                 9, 4), 'hex'))::bit(32)::int::oid, NULL)"
            );
            let element = allowed.value(&element, "s.starelid", "s.staattnum");
            format!(
                "s.stakind{slot}, CASE WHEN s.staop{slot} <> 0 THEN s.staop{slot}::regoperator::text END, \
                 (SELECT pg_catalog.format('%I.%I', cn.nspname, co.collname) FROM pg_catalog.pg_collation co \
                    JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = s.stacoll{slot}), \
                 s.stanumbers{slot}::text, {values}, {element}"
            )
        })
        .collect();
    slots.join(", ")
}

/// What the planner knows of expressions of extended statistics (14 and later), which stand in an array of rows of
/// `pg_statistic`.
fn of_expressions(values: &SampleValues, major: u32) -> String {
    // An expression may be made of any column: only where all of them may be taken.
    let allowed = if values.by_default && values.exceptions.is_empty() {
        Allowed::All
    } else {
        Allowed::None
    };
    let named = |what: &str| {
        let names: Vec<String> = (1..=5).map(|slot| format!("{what}{slot}")).collect();
        names.join(", ")
    };
    format!(
        "SELECT n.nspname, x.stxname, s.number, {}, s.stanullfrac, s.stawidth, s.stadistinct, {} \
         FROM pg_catalog.pg_statistic_ext x JOIN pg_catalog.pg_namespace n ON n.oid = x.stxnamespace \
         JOIN pg_catalog.pg_statistic_ext_data d ON d.stxoid = x.oid \
         CROSS JOIN LATERAL pg_catalog.unnest(d.stxdexpr) WITH ORDINALITY AS \
           s(starelid, staattnum, stainherit, stanullfrac, stawidth, stadistinct, {}, {}, {}, {}, {}, number) \
         WHERE s.stawidth IS NOT NULL ORDER BY 1, 2, 4, 3",
        if major >= 15 { "d.stxdinherit" } else { "false" },
        slots(&allowed),
        named("stakind"),
        named("staop"),
        named("stacoll"),
        named("stanumbers"),
        named("stavalues")
    )
}

/// Reads `pg_stats`, which does not tell operators and types: they are those of the column's type.
fn from_view(allowed: &Allowed, major: u32) -> String {
    let value = |column: &str| allowed.value(&format!("s.{column}::text"), "c.oid", "a.attnum");
    let slot = |kind: u32, given: &str, numbers: &str, values: &str| {
        let values = if values.is_empty() {
            "NULL".to_owned()
        } else {
            value(values)
        };
        format!("CASE WHEN s.{given} IS NULL THEN 0 ELSE {kind} END, NULL, NULL, {numbers}, {values}, NULL")
    };
    let mut slots = vec![
        slot(1, "most_common_freqs", "s.most_common_freqs::text", "most_common_vals"),
        slot(2, "histogram_bounds", "NULL", "histogram_bounds"),
        slot(3, "correlation", "(ARRAY[s.correlation])::text", ""),
        slot(
            4,
            "most_common_elem_freqs",
            "s.most_common_elem_freqs::text",
            "most_common_elems",
        ),
        slot(5, "elem_count_histogram", "s.elem_count_histogram::text", ""),
    ];
    if major >= 17 {
        slots.push(slot(
            6,
            "range_length_histogram",
            "(ARRAY[s.range_empty_frac])::text",
            "range_length_histogram",
        ));
        slots.push(slot(7, "range_bounds_histogram", "NULL", "range_bounds_histogram"));
    }
    format!(
        "SELECT n.nspname, c.relname, {COLUMN}, s.inherited, s.null_frac, s.avg_width, s.n_distinct, {} \
         FROM pg_catalog.pg_stats s \
         JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname \
         JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname AND NOT a.attisdropped \
         WHERE c.oid >= 16384 AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema', \
           'pg_toast', 'dbwright') ORDER BY 1, 2, a.attnum, 4",
        slots.join(", ")
    )
}

/// Statistics of columns together.
pub(super) async fn extended(
    connection: &mut Connection,
    values: &SampleValues,
    rights: &Rights,
    missing: &mut Vec<Unread>,
) -> Result<Vec<ExtendedStatistics>, LiveError> {
    let major = connection.server().version.major;
    if rights.extended == Source::View {
        let number = connection
            .first_value("SELECT NULLIF(pg_catalog.count(*), 0) FROM pg_catalog.pg_statistic_ext")
            .await?;
        if let Some(number) = number {
            missing.push(Unread {
                what: format!("{number} extended statistics"),
                why: format!(
                    "The role {} may not see them; the smallest grant that helps, by a superuser: `{}`.",
                    rights.role,
                    rights::extended_grant(&rights.role, values, major)
                ),
            });
        }
        return Ok(Vec::new());
    }
    let inherited = if major >= 15 { "d.stxdinherit" } else { "false" };
    // The combinations are values of several columns: only where all of them may be taken.
    let combinations = if values.by_default && values.exceptions.is_empty() {
        "pg_catalog.encode(pg_catalog.pg_mcv_list_send(d.stxdmcv), 'hex')"
    } else {
        "NULL"
    };
    let sql = format!(
        "SELECT n.nspname, s.stxname, {inherited}, \
            ARRAY(SELECT a.attnum::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = s.stxrelid \
               AND a.attnum = ANY(s.stxkeys) ORDER BY a.attnum)::text, \
            (SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a \
               WHERE a.attrelid = s.stxrelid AND a.attnum = ANY(s.stxkeys)), \
            pg_catalog.encode(pg_catalog.pg_ndistinct_send(d.stxdndistinct), 'hex'), \
            pg_catalog.encode(pg_catalog.pg_dependencies_send(d.stxddependencies), 'hex'), {combinations} \
         FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace \
         JOIN pg_catalog.pg_statistic_ext_data d ON d.stxoid = s.oid ORDER BY 1, 2, 3"
    );
    let rows = match connection.rows(&sql).await {
        Ok(rows) => rows,
        Err(error) if is_gone(&error) => return Err(error),
        Err(error) => {
            missing.push(Unread {
                what: "extended statistics".to_owned(),
                why: format!("{error}."),
            });
            return Ok(Vec::new());
        }
    };
    let mut expressions: Vec<ColumnStatistics> = Vec::new();
    if major >= 14 && !rights.expressions {
        say_unread_expressions(connection, rights, missing).await?;
    } else if major >= 14 {
        match connection.rows(&of_expressions(values, major)).await {
            Ok(rows) => expressions = Row::all(rows).map(statistics_of).collect(),
            Err(error) if is_gone(&error) => return Err(error),
            Err(error) => missing.push(Unread {
                what: "expressions of extended statistics".to_owned(),
                why: format!("{error}."),
            }),
        }
    }
    let found = Row::all(rows).map(|mut row| {
        let (schema, name, inherited) = (row.text(), row.text(), row.flag());
        let (numbers, names) = (row.text(), row.text());
        let names: Vec<String> = serde_json::from_str(&names).unwrap_or_default();
        let numbers = numbers
            .trim_matches(['{', '}'])
            .split(',')
            .filter_map(|number| number.parse().ok());
        let of_name = expressions
            .iter()
            .filter(|one| one.schema == schema && one.relation == name && one.inherited == inherited)
            .cloned()
            .collect();
        ExtendedStatistics {
            schema,
            name,
            inherited,
            columns: numbers.zip(names).collect(),
            distinct: row.maybe(),
            dependencies: row.maybe(),
            most_common: row.maybe(),
            expressions: of_name,
        }
    });
    Ok(found.collect())
}

/// Statistics of expressions stand in one column, with their sample values.
async fn say_unread_expressions(
    connection: &mut Connection,
    rights: &Rights,
    missing: &mut Vec<Unread>,
) -> Result<(), LiveError> {
    let sql = "SELECT pg_catalog.format('%I.%I', n.nspname, s.stxname) FROM pg_catalog.pg_statistic_ext s \
               JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace WHERE s.stxexprs IS NOT NULL ORDER BY 1";
    let names: Vec<String> = Row::all(connection.rows(sql).await?)
        .map(|mut row| row.text())
        .collect();
    if !names.is_empty() {
        missing.push(Unread {
            what: format!("expressions of the extended statistics {}", names.join(", ")),
            why: format!(
                "What is known of them can't be read without their sample values, which the role {} may not see; by a \
                 superuser: `GRANT SELECT (stxdexpr) ON pg_catalog.pg_statistic_ext_data TO {}`.",
                rights.role, rights.role
            ),
        });
    }
    Ok(())
}

/// Of which columns sample values may be taken.
pub(super) enum Allowed {
    None,
    All,
    /// Relation and number of the column, as `oid:number`.
    These(BTreeSet<String>),
}

impl Allowed {
    pub(super) async fn ask(connection: &mut Connection, values: &SampleValues) -> Result<Self, LiveError> {
        if values.is_none() {
            return Ok(Allowed::None);
        }
        if values.exceptions.is_empty() {
            return Ok(Allowed::All);
        }
        let columns = connection
            .rows(
                "SELECT c.oid, a.attnum, n.nspname, c.relname, a.attname FROM pg_catalog.pg_attribute a \
                 JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'm', 'f') AND c.oid >= 16384",
            )
            .await?;
        let mut known: BTreeMap<(String, String), Column> = BTreeMap::new();
        for mut row in Row::all(columns) {
            let (oid, number) = (row.text(), row.text());
            let (schema, table, name) = (row.text(), row.text(), row.text());
            let may = values.may_take(&schema, &table, &name);
            known.insert((oid, number), Column { name, may });
        }
        for name in &values.exceptions {
            if !known
                .values()
                .any(|column| column.may != values.by_default && name.ends_with(&format!(".{}", column.name)))
            {
                return Err(LiveError::Unsupported {
                    what: format!("there is no column {name}; a column is named TABLE.COLUMN or SCHEMA.TABLE.COLUMN"),
                });
            }
        }
        // Values of a partition are values of the table, and the other way round: what is withheld of one is of all.
        let families = connection
            .rows("SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits")
            .await?;
        let edges: Vec<(String, String)> = Row::all(families).map(|mut row| (row.text(), row.text())).collect();
        spread(&mut known, &edges, values.by_default);
        let mut allowed: BTreeSet<String> = known
            .iter()
            .filter(|(_, column)| column.may)
            .map(|((oid, number), _)| format!("{oid}:{number}"))
            .collect();
        // An expression is made of the columns of its table that it names; one that names the whole row, of all.
        let parts = connection
            .rows(
                "SELECT i.indexrelid, i.indrelid, d.refobjsubid, a.attnum FROM pg_catalog.pg_index i \
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indexrelid \
                 JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.indexrelid \
                   AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = i.indrelid \
                 WHERE i.indexprs IS NOT NULL AND i.indexrelid >= 16384",
            )
            .await?;
        let mut expressions: BTreeMap<String, bool> = BTreeMap::new();
        for mut row in Row::all(parts) {
            let (index, table, column, part) = (row.text(), row.text(), row.text(), row.text());
            let may = known.get(&(table, column)).is_some_and(|column| column.may);
            *expressions.entry(format!("{index}:{part}")).or_insert(true) &= may;
        }
        allowed.extend(expressions.into_iter().filter(|(_, may)| *may).map(|(part, _)| part));
        Ok(Allowed::These(allowed))
    }

    /// Whether the values of this part of a relation may be taken.
    pub(super) fn has(&self, relation: &str, part: &str) -> bool {
        match self {
            Allowed::None => false,
            Allowed::All => true,
            Allowed::These(columns) => columns.contains(&format!("{relation}:{part}")),
        }
    }

    /// A value where it may be taken, else nothing.
    fn value(&self, value: &str, relation: &str, column: &str) -> String {
        match self {
            Allowed::None => "NULL".to_owned(),
            Allowed::All => value.to_owned(),
            Allowed::These(columns) => {
                let list: Vec<String> = columns.iter().map(|column| format!("'{column}'")).collect();
                if list.is_empty() {
                    return "NULL".to_owned();
                }
                format!(
                    "CASE WHEN {relation} || ':' || {column} IN ({}) THEN {value} END",
                    list.join(", ")
                )
            }
        }
    }
}

/// A column, and whether its values may be taken.
struct Column {
    name: String,
    may: bool,
}

/// What was said of a column of one table holds for the same column of its parents and children.
fn spread(known: &mut BTreeMap<(String, String), Column>, edges: &[(String, String)], by_default: bool) {
    loop {
        let named: BTreeSet<(String, String)> = known
            .iter()
            .filter(|(_, column)| column.may != by_default)
            .map(|((oid, _), column)| (oid.clone(), column.name.clone()))
            .collect();
        let mut changed = false;
        for ((oid, _), column) in known.iter_mut() {
            let is_related = column.may == by_default
                && edges.iter().any(|(child, parent)| {
                    (child == oid && named.contains(&(parent.clone(), column.name.clone())))
                        || (parent == oid && named.contains(&(child.clone(), column.name.clone())))
                });
            if is_related {
                column.may = !by_default;
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}
