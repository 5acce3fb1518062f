//! Queries as a planner takes them. MySQL and MariaDB plan with values: those that production was asked with where the snapshot
//! has them, else some of the rows that were made up.

use std::collections::BTreeMap;

use dbwright_advise::{Comparison, Parameter, ParameterRole, parameters, rows_written};
use dbwright_live::twin::Twin;
use dbwright_live::twin::mysql_family::{self, TwinColumn};

use super::Ground;
use crate::EngineerError;

/// Of the values of a column, so many are below one that it is equal to; the first of several lies in the middle.
const EQUAL_AT: f64 = 0.5;
/// How far apart the values of a list are, as a share of all values.
const EQUAL_APART: f64 = 0.07;
/// A range without another end holds a tenth of the values, one with two ends as well.
const FROM_AT: f64 = 0.9;
const TO_AT: f64 = 0.1;
const BETWEEN_FROM_AT: f64 = 0.45;
const BETWEEN_TO_AT: f64 = 0.55;

/// Rows that are wanted where a parameter tells how many.
const LIMIT: &str = "10";

/// What is asked for a query: the first text that can be planned.
pub(super) struct Asks {
    /// The texts.
    pub(super) texts: Vec<String>,
}

/// The queries with values in place of their parameters, where their planner needs any.
pub(super) async fn with_values(twin: &Twin, ground: Ground<'_>) -> Result<Vec<Asks>, EngineerError> {
    let engine = ground.snapshot.server.engine;
    let running = &ground.section.release.running;
    let queries = ground.queries.iter().map(|query| &running[*query]);
    let Twin::MySqlFamily(twin) = twin else {
        return Ok(queries
            .map(|query| Asks {
                texts: vec![query.text.clone()],
            })
            .collect());
    };
    let mut values = Values {
        twin,
        columns: twin.columns().await?,
        known: BTreeMap::new(),
    };
    let mut asks = Vec::with_capacity(ground.queries.len());
    for query in queries {
        let asked = |text: &String| rows_written(engine, text).unwrap_or_else(|| text.clone());
        let mut texts: Vec<String> = query.sample.iter().map(asked).collect();
        let mut text = asked(&query.text);
        // From the end, so that places stay what they are.
        for parameter in parameters(engine, &text).iter().rev() {
            text.replace_range(parameter.place.clone(), &values.of(parameter).await?);
        }
        texts.push(text);
        asks.push(Asks { texts });
    }
    Ok(asks)
}

/// Values of columns, each looked up once.
struct Values<'a> {
    twin: &'a mysql_family::Twin,
    columns: Vec<TwinColumn>,
    known: BTreeMap<String, Option<String>>,
}

impl Values<'_> {
    /// What stands for a parameter.
    async fn of(&mut self, parameter: &Parameter) -> Result<String, EngineerError> {
        let (tables, column, comparison) = match &parameter.role {
            ParameterRole::Limit => return Ok(LIMIT.to_owned()),
            ParameterRole::Offset => return Ok("0".to_owned()),
            ParameterRole::Words => return Ok("'a'".to_owned()),
            ParameterRole::Other => return Ok("1".to_owned()),
            ParameterRole::Compared {
                tables,
                column,
                comparison,
            } => (tables, column, *comparison),
        };
        let is_it = |known: &&TwinColumn| {
            known.name.eq_ignore_ascii_case(column)
                && tables.iter().any(|table| known.table.eq_ignore_ascii_case(table))
        };
        let Some(column) = self.columns.iter().find(is_it).cloned() else {
            return Ok("1".to_owned());
        };
        #[expect(clippy::cast_precision_loss, reason = "lists are short")]
        let nth = |number: usize| (EQUAL_AT + EQUAL_APART * number as f64).fract();
        let value = match comparison {
            Comparison::Equal(number) => self.at(&column, nth(number)).await?,
            Comparison::From => self.at(&column, FROM_AT).await?,
            Comparison::To => self.at(&column, TO_AT).await?,
            Comparison::BetweenFrom => self.at(&column, BETWEEN_FROM_AT).await?,
            Comparison::BetweenTo => self.at(&column, BETWEEN_TO_AT).await?,
            Comparison::Like => format!("concat(left({}, 3), '%')", self.at(&column, EQUAL_AT).await?),
        };
        Ok(value)
    }

    /// The value at a place among those of a column; one of the same kind where there is none.
    async fn at(&mut self, column: &TwinColumn, share: f64) -> Result<String, EngineerError> {
        let key = format!("{}.{} {share}", column.table, column.name);
        let value = if let Some(value) = self.known.get(&key) {
            value.clone()
        } else {
            let value = self.twin.value(column, share).await?;
            self.known.insert(key, value.clone());
            value
        };
        Ok(value.unwrap_or_else(|| {
            let text = match column.data_type.as_str() {
                "date" | "datetime" | "timestamp" => "'2000-01-01'",
                kind if kind.contains("char") || kind.contains("text") => "'a'",
                _ => "1",
            };
            text.to_owned()
        }))
    }
}
