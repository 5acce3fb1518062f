//! Writing what the planner knows into the catalogs of a twin: it is our own server, so that they can be written directly,
//! on every major in the same way.

use std::fmt::Write as _;

use dbwright_catalog::{
    ColumnStatistics, Engine, ExtendedStatistics, Snapshot, StatisticsSlot, StoredKind, StoredRelation,
};
use dbwright_ddl::quote_literal;

use crate::LiveError;
use crate::scratch::postgres::Session;

/// Kinds of slots whose meaning is in their values.
const VALUED: [i16; 5] = [1, 2, 4, 6, 7];

/// So many statements are sent at once.
const TOGETHER: usize = 200;

fn literal(text: &str) -> String {
    quote_literal(Engine::Postgres, text)
}

/// The relation of these names, as a query that gives its OID or nothing.
fn oid_of(relation: &StoredRelation) -> String {
    let named = format!(
        "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {} AND c.relname = {}",
        literal(&relation.schema),
        literal(&relation.name)
    );
    match relation.kind {
        StoredKind::Toast => format!("SELECT t.reltoastrelid FROM pg_catalog.pg_class t WHERE t.oid = ({named})"),
        StoredKind::ToastIndex => format!(
            "SELECT i.indexrelid FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class t ON t.reltoastrelid = i.indrelid \
             WHERE t.oid = ({named})"
        ),
        _ => named,
    }
}

/// Writes sizes, statistics of columns and of columns together.
pub(super) async fn restore(
    session: &Session,
    major: u32,
    snapshot: &Snapshot,
    reasons: &mut Vec<String>,
) -> Result<(), LiveError> {
    run(session, "SET allow_system_table_mods = on; SET search_path = ''").await?;
    let mut sql = String::from("BEGIN;");
    for relation in &snapshot.relations {
        let frozen = match relation.all_frozen.filter(|_| major >= 18) {
            Some(frozen) => format!(", relallfrozen = {frozen}"),
            None => String::new(),
        };
        // 13 says 0 where later ones say that nobody has looked.
        let tuples = if major < 14 {
            relation.tuples.max(0.0)
        } else {
            relation.tuples
        };
        let _ = write!(
            sql,
            "UPDATE pg_catalog.pg_class SET relpages = {}, reltuples = {tuples:?}::float4, relallvisible = {}{frozen} \
             WHERE oid = ({});",
            relation.pages,
            relation.all_visible,
            oid_of(relation)
        );
    }
    sql.push_str("COMMIT");
    run(session, &sql).await?;
    for columns in snapshot.columns.chunks(TOGETHER) {
        let together: Vec<String> = columns.iter().map(column_sql).collect();
        // One transaction: where one is refused, none is written, and each is by itself.
        match session.client.batch_execute(&together.join("; ")).await {
            Ok(()) => continue,
            Err(error) if error.as_db_error().is_some() => {}
            Err(error) => return Err(LiveError::postgres("writing the statistics of a twin", error)),
        }
        for (column, sql) in columns.iter().zip(&together) {
            note(
                session.client.batch_execute(sql).await,
                &format!("{}.{}.{}", column.schema, column.relation, column.column),
                reasons,
            )?;
        }
    }
    if !snapshot.extended.is_empty() {
        // The types have no input; what the server sends is what it keeps.
        for name in ["pg_ndistinct", "pg_dependencies", "pg_mcv_list"] {
            run(
                session,
                &format!("CREATE CAST (bytea AS pg_catalog.{name}) WITHOUT FUNCTION"),
            )
            .await?;
        }
        for extended in &snapshot.extended {
            let numbers = numbers(session, extended).await?;
            let written = session
                .client
                .batch_execute(&extended_sql(extended, &numbers, major))
                .await;
            note(written, &format!("{}.{}", extended.schema, extended.name), reasons)?;
            if !extended.expressions.is_empty() && major >= 14 {
                let written = session.client.batch_execute(&expressions_sql(extended, major)).await;
                if written.is_err() {
                    // If that fails, the session is broken, which the next statement tells.
                    let _ = session.client.batch_execute("ROLLBACK").await;
                }
                note(
                    written,
                    &format!("expressions of {}.{}", extended.schema, extended.name),
                    reasons,
                )?;
            }
        }
        for name in ["pg_ndistinct", "pg_dependencies", "pg_mcv_list"] {
            run(session, &format!("DROP CAST (bytea AS pg_catalog.{name})")).await?;
        }
    }
    Ok(())
}

async fn run(session: &Session, sql: &str) -> Result<(), LiveError> {
    let done = session.client.batch_execute(sql).await;
    done.map_err(|error| LiveError::postgres("writing the statistics of a twin", error))
}

fn note(written: Result<(), tokio_postgres::Error>, what: &str, reasons: &mut Vec<String>) -> Result<(), LiveError> {
    match written {
        Ok(()) => Ok(()),
        Err(error) => match error.as_db_error() {
            Some(said) => {
                reasons.push(format!("Statistics of {what} are not in the twin: {}.", said.message()));
                Ok(())
            }
            None => Err(LiveError::postgres("writing the statistics of a twin", error)),
        },
    }
}

/// One row of `pg_statistic`, for whatever column of that name there is.
fn column_sql(column: &ColumnStatistics) -> String {
    let kept = column
        .slots
        .iter()
        .filter(|slot| slot.values.is_some() || (!VALUED.contains(&slot.kind) && slot.numbers.is_some()));
    let mut slots: Vec<Option<&StatisticsSlot>> = kept.map(Some).collect();
    slots.resize(5, None);
    let mut values = String::new();
    for slot in &slots {
        let Some(slot) = slot else {
            values.push_str(", 0, 0, 0, NULL, NULL");
            continue;
        };
        let operator = slot.operator.as_ref().map_or_else(
            || derived_operator(slot.kind),
            |operator| format!("{}::regoperator", literal(operator)),
        );
        let collation = match (&slot.collation, &slot.operator) {
            (Some(collation), _) => format!("{}::regcollation", literal(collation)),
            (None, None) if slot.kind < 6 => "a.attcollation".to_owned(),
            (None, _) => "0".to_owned(),
        };
        let numbers = slot
            .numbers
            .as_ref()
            .map_or("NULL".to_owned(), |numbers| format!("{}::float4[]", literal(numbers)));
        let sampled = slot.values.as_ref().map_or("NULL".to_owned(), |values| {
            let kind = slot.values_type.as_ref().map_or_else(
                || derived_type(slot.kind).to_owned(),
                |name| format!("{}::regtype", literal(name)),
            );
            format!("pg_catalog.array_in({}, {kind}, -1)", literal(values))
        });
        let _ = write!(values, ", {}, {operator}, {collation}, {numbers}, {sampled}", slot.kind);
    }
    let name = if column.column.chars().all(|letter| letter.is_ascii_digit()) {
        format!(
            "(a.attname = {0} OR (c.relkind IN ('i', 'I') AND a.attnum = {0}::int2))",
            literal(&column.column)
        )
    } else {
        format!("a.attname = {}", literal(&column.column))
    };
    let mut columns = String::from("starelid, staattnum, stainherit, stanullfrac, stawidth, stadistinct");
    for slot in 1..=5 {
        let _ = write!(
            columns,
            ", stakind{slot}, staop{slot}, stacoll{slot}, stanumbers{slot}, stavalues{slot}"
        );
    }
    format!(
        "INSERT INTO pg_catalog.pg_statistic ({columns}) \
         SELECT c.oid, a.attnum, {}, {}::float4, {}, {}::float4{values} \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped \
         JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
         WHERE n.nspname = {} AND c.relname = {} AND {name}",
        column.inherited,
        literal(&column.null_fraction),
        column.width,
        literal(&column.distinct),
        literal(&column.schema),
        literal(&column.relation)
    )
}

/// The operator of a slot of which only the view was read: that of the default B-tree class of the type.
fn derived_operator(kind: i16) -> String {
    let (of, strategy) = match kind {
        1 => ("t.oid", 3),
        2 | 3 => ("t.oid", 1),
        4 | 5 => ("CASE WHEN t.typelem <> 0 THEN t.typelem ELSE 25 END", 3),
        6 => return "672".to_owned(),
        _ => return "0".to_owned(),
    };
    format!(
        "COALESCE((SELECT ao.amopopr FROM pg_catalog.pg_type bt, pg_catalog.pg_opclass oc \
           JOIN pg_catalog.pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amoplefttype = oc.opcintype \
             AND ao.amoprighttype = oc.opcintype AND ao.amopstrategy = {strategy} \
           WHERE bt.oid = COALESCE(NULLIF((SELECT d.typbasetype FROM pg_catalog.pg_type d WHERE d.oid = {of}), 0), {of}) \
             AND oc.opcmethod = 403 AND oc.opcdefault AND oc.opcintype = CASE WHEN bt.typtype = 'e' THEN 3500 \
               WHEN bt.typtype = 'r' THEN 3831 WHEN bt.typcategory = 'A' THEN 2277 WHEN bt.oid = 1043 THEN 25 ELSE bt.oid END \
           LIMIT 1), 0)"
    )
}

fn derived_type(kind: i16) -> &'static str {
    match kind {
        4 => "CASE WHEN t.typelem <> 0 THEN t.typelem ELSE 25 END",
        6 => "701",
        _ => "t.oid",
    }
}

/// The numbers that the columns of extended statistics have on the twin: production's may have gaps.
async fn numbers(session: &Session, extended: &ExtendedStatistics) -> Result<Vec<(i16, i16)>, LiveError> {
    let sql = format!(
        "SELECT a.attname, a.attnum FROM pg_catalog.pg_statistic_ext s \
         JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = s.stxrelid AND a.attnum > 0 \
         WHERE n.nspname = {} AND s.stxname = {}",
        literal(&extended.schema),
        literal(&extended.name)
    );
    let answer = session.client.simple_query(&sql).await;
    let answer = answer.map_err(|error| LiveError::postgres("writing the statistics of a twin", error))?;
    let mut numbers = Vec::new();
    for message in &answer {
        if let tokio_postgres::SimpleQueryMessage::Row(row) = message
            && let (Some(name), Some(here)) = (row.get(0), row.get(1).and_then(|number| number.parse().ok()))
            && let Some((there, _)) = extended.columns.iter().find(|(_, column)| column == name)
        {
            numbers.push((*there, here));
        }
    }
    Ok(numbers)
}

fn extended_sql(extended: &ExtendedStatistics, numbers: &[(i16, i16)], major: u32) -> String {
    let bytes = |hexadecimal: &Option<String>, kind: &str| match hexadecimal {
        Some(text) => format!("pg_catalog.decode({}, 'hex')::pg_catalog.{kind}", literal(text)),
        None => "NULL".to_owned(),
    };
    let distinct = extended.distinct.as_ref().map(|text| renumbered(text, numbers, 4));
    let dependencies = extended.dependencies.as_ref().map(|text| renumbered(text, numbers, 2));
    let (column, inherited) = if major >= 15 {
        ("stxdinherit, ", format!("{}, ", extended.inherited))
    } else {
        ("", String::new())
    };
    let which = format!(
        "SELECT s.oid FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace \
         WHERE n.nspname = {} AND s.stxname = {}",
        literal(&extended.schema),
        literal(&extended.name)
    );
    let already = if major >= 15 {
        format!(" AND stxdinherit = {}", extended.inherited)
    } else {
        String::new()
    };
    format!(
        "DELETE FROM pg_catalog.pg_statistic_ext_data WHERE stxoid = ({which}){already}; \
         INSERT INTO pg_catalog.pg_statistic_ext_data (stxoid, {column}stxdndistinct, stxddependencies, stxdmcv) \
         SELECT w.oid, {inherited}{}, {}, {} FROM ({which}) w",
        bytes(&distinct, "pg_ndistinct"),
        bytes(&dependencies, "pg_dependencies"),
        bytes(&extended.most_common, "pg_mcv_list")
    )
}

/// Statistics of expressions stand in an array of rows of `pg_statistic`: they are written for the columns of a table that is
/// not kept, and gathered.
fn expressions_sql(extended: &ExtendedStatistics, major: u32) -> String {
    const TABLE: &str = "pg_catalog.pg_class c WHERE c.relname = 'dbwright_expressions'";
    let numbers = extended
        .expressions
        .iter()
        .filter_map(|one| one.column.parse::<u32>().ok());
    let last = numbers.max().unwrap_or(1);
    let columns: Vec<String> = (1..=last).map(|number| format!("e{number} int")).collect();
    let mut sql = format!(
        "BEGIN; CREATE SCHEMA dbwright_expressions; CREATE TABLE dbwright_expressions.dbwright_expressions ({});",
        columns.join(", ")
    );
    for one in &extended.expressions {
        let row = ColumnStatistics {
            schema: "dbwright_expressions".to_owned(),
            relation: "dbwright_expressions".to_owned(),
            column: format!("e{}", one.column),
            inherited: false,
            ..one.clone()
        };
        sql.push_str(&column_sql(&row));
        sql.push(';');
    }
    let inherited = if major >= 15 {
        format!(" AND d.stxdinherit = {}", extended.inherited)
    } else {
        String::new()
    };
    let _ = write!(
        sql,
        "UPDATE pg_catalog.pg_statistic_ext_data d SET stxdexpr = (SELECT pg_catalog.array_agg(s ORDER BY g) \
            FROM pg_catalog.generate_series(1, {last}) g LEFT JOIN pg_catalog.pg_statistic s ON s.staattnum = g \
              AND s.starelid = (SELECT c.oid FROM {TABLE})) \
         WHERE d.stxoid = (SELECT s.oid FROM pg_catalog.pg_statistic_ext s \
            JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace WHERE n.nspname = {} AND s.stxname = {}){inherited}; \
         DROP SCHEMA dbwright_expressions CASCADE; COMMIT",
        literal(&extended.schema),
        literal(&extended.name)
    );
    sql
}

/// Twelve bytes of head, then items: a number of eight bytes, how many columns (in `count` bytes), and these, two bytes
/// each (`statext_ndistinct_serialize`, `statext_dependencies_serialize`).
fn renumbered(hexadecimal: &str, numbers: &[(i16, i16)], count: usize) -> String {
    let mut bytes: Vec<u8> = (0..hexadecimal.len() / 2)
        .map_while(|at| u8::from_str_radix(hexadecimal.get(2 * at..2 * at + 2)?, 16).ok())
        .collect();
    let mut at = 12;
    while at + 8 + count <= bytes.len() {
        at += 8;
        let columns = usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        at += count;
        for _ in 0..columns {
            let Some(place) = bytes.get_mut(at..at + 2) else {
                break;
            };
            let there = i16::from_le_bytes([place[0], place[1]]);
            if let Some((_, here)) = numbers.iter().find(|(number, _)| *number == there) {
                place.copy_from_slice(&here.to_le_bytes());
            }
            at += 2;
        }
    }
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_extended_statistics_get_the_numbers_that_they_have_here() {
        let distinct = "a4bf52a30100000001000000000000006078e4400200000003000500";
        assert_eq!(
            renumbered(distinct, &[(3, 3), (5, 4)], 4),
            "a4bf52a30100000001000000000000006078e4400200000003000400"
        );
        let dependencies = "2c9a54b40100000001000000a6516ec82c68b73f020005000300";
        assert_eq!(
            renumbered(dependencies, &[(3, 2), (5, 1)], 2),
            "2c9a54b40100000001000000a6516ec82c68b73f020001000200"
        );
    }
}
