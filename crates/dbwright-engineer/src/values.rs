//! Queries of MySQL and MariaDB with values in place of their parameters, without which these make no plan: those that production
//! was asked with where a snapshot has them, else some of the rows that a twin made up, else of the right type.

use std::collections::BTreeMap;

use dbwright_advise::{Comparison, Parameter, ParameterRole, parameters, preparable, sample_key, values_of_sample};
use dbwright_catalog::{Engine, ParameterValue, Snapshot, ValueOrigin};
use dbwright_live::column_values::{End, TypedColumn, columns, end_of};
use dbwright_live::connect::Connection;
use dbwright_live::twin::mysql_family::Twin;
use dbwright_sql::{TokenKind, tokens};

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

/// A query with values.
pub(crate) struct Filled {
    /// Its text, which can be planned.
    pub(crate) text: String,
    /// What was put in place of its parameters, in their order.
    pub(crate) values: Vec<ParameterValue>,
}

/// Where values are from.
enum Source<'a> {
    /// Rows that a twin made up.
    Twin(&'a Twin),
    /// Ends of indexes of a server, which somebody has allowed.
    Ends,
    /// Nobody: they are of the right type.
    Types,
}

/// Values of columns, each looked up once.
pub(crate) struct Values<'a> {
    engine: Engine,
    source: Source<'a>,
    columns: Vec<TypedColumn>,
    /// Queries with values that production was asked with, by their keys.
    samples: BTreeMap<String, &'a str>,
    known: BTreeMap<String, Option<String>>,
}

impl<'a> Values<'a> {
    /// Those of a twin, and of the workload of its snapshot.
    pub(crate) async fn of_twin(twin: &'a Twin, snapshot: &'a Snapshot) -> Result<Self, EngineerError> {
        let engine = snapshot.server.engine;
        let samples = snapshot.workload.iter().filter_map(|query| query.sample.as_deref());
        Ok(Values {
            engine,
            source: Source::Twin(twin),
            columns: twin.columns().await?,
            samples: samples.map(|sample| (sample_key(engine, sample), sample)).collect(),
            known: BTreeMap::new(),
        })
    }

    /// Those of a server of the user's: of its types, and of the ends of its indexes where these may be looked at.
    pub(crate) async fn of_server(connection: &mut Connection, may_look: bool) -> Result<Self, EngineerError> {
        Ok(Values {
            engine: connection.server().engine,
            source: if may_look { Source::Ends } else { Source::Types },
            columns: columns(connection).await?,
            samples: BTreeMap::new(),
            known: BTreeMap::new(),
        })
    }

    /// A query with values in place of its parameters. The connection is one in which ends of indexes are asked for.
    pub(crate) async fn fill(
        &mut self,
        mut connection: Option<&mut Connection>,
        text: &str,
    ) -> Result<Filled, EngineerError> {
        if let Some(sampled) = self.sampled(text) {
            return Ok(sampled);
        }
        let mut filled = preparable(self.engine, text);
        let found = parameters(self.engine, &filled);
        let mut values = Vec::with_capacity(found.len());
        for parameter in &found {
            values.push(self.of(connection.as_deref_mut(), parameter).await?);
        }
        put(&mut filled, &found, &values);
        Ok(Filled { text: filled, values })
    }

    /// A query with the values that production was asked with once. Where nothing but values differs, it is that query itself.
    fn sampled(&self, text: &str) -> Option<Filled> {
        let found = parameters(self.engine, text);
        let sample = self.samples.get(&sample_key(self.engine, text))?;
        let sampled = values_of_sample(self.engine, text, sample).filter(|_| !found.is_empty())?;
        let values: Vec<ParameterValue> = found
            .iter()
            .zip(sampled)
            .map(|(parameter, value)| ParameterValue {
                stands_for: told(parameter, None),
                value,
                origin: ValueOrigin::Sample,
            })
            .collect();
        let has_literals =
            tokens(self.engine, text).any(|token| matches!(token.kind, TokenKind::Number | TokenKind::String));
        let mut filled = text.to_owned();
        if has_literals {
            put(&mut filled, &found, &values);
        } else {
            (*sample).clone_into(&mut filled);
        }
        Some(Filled { text: filled, values })
    }

    /// What stands for a parameter.
    async fn of(
        &mut self,
        connection: Option<&mut Connection>,
        parameter: &Parameter,
    ) -> Result<ParameterValue, EngineerError> {
        let assumed = |value: &str, origin| ParameterValue {
            stands_for: told(parameter, None),
            value: value.to_owned(),
            origin,
        };
        let (tables, name, comparison) = match &parameter.role {
            ParameterRole::Limit => return Ok(assumed(LIMIT, ValueOrigin::Assumed)),
            ParameterRole::Offset => return Ok(assumed("0", ValueOrigin::Assumed)),
            ParameterRole::Words | ParameterRole::Text => return Ok(assumed("'a'", ValueOrigin::Assumed)),
            ParameterRole::Date => return Ok(assumed("CURRENT_DATE", ValueOrigin::Assumed)),
            ParameterRole::Json => return Ok(assumed("'1'", ValueOrigin::Assumed)),
            ParameterRole::Written => return Ok(assumed("1", ValueOrigin::Written)),
            ParameterRole::Other => return Ok(assumed("1", ValueOrigin::Assumed)),
            ParameterRole::Compared {
                tables,
                column,
                comparison,
            } => (tables, column, *comparison),
        };
        let is_it = |known: &&TypedColumn| {
            known.name.eq_ignore_ascii_case(name) && tables.iter().any(|table| known.table.eq_ignore_ascii_case(table))
        };
        let Some(column) = self.columns.iter().find(is_it).cloned() else {
            return Ok(assumed("1", ValueOrigin::Assumed));
        };
        let (value, origin) = match self.looked_up(connection, &column, comparison).await? {
            Some(found) => found,
            None => (neutral(&column, comparison), ValueOrigin::Type),
        };
        let value = match comparison {
            Comparison::Like => pattern(&value),
            _ => value,
        };
        Ok(ParameterValue {
            stands_for: told(parameter, Some(&column)),
            value,
            origin,
        })
    }

    /// A value that a row has.
    async fn looked_up(
        &mut self,
        connection: Option<&mut Connection>,
        column: &TypedColumn,
        comparison: Comparison,
    ) -> Result<Option<(String, ValueOrigin)>, EngineerError> {
        let (share, end) = place(comparison);
        let key = format!("{}.{} {share}", column.table, column.name);
        let origin = match &self.source {
            Source::Twin(_) => ValueOrigin::Twin,
            Source::Ends => ValueOrigin::Index,
            Source::Types => return Ok(None),
        };
        let value = match (self.known.get(&key), &self.source, connection) {
            (Some(known), _, _) => known.clone(),
            (None, Source::Twin(twin), _) => twin.value(column, share).await?,
            // A table that may not be read has values of the right type.
            (None, Source::Ends, Some(connection)) => end_of(connection, column, end).await.unwrap_or_default(),
            (None, Source::Ends | Source::Types, _) => None,
        };
        self.known.insert(key, value.clone());
        Ok(value.map(|value| (value, origin)))
    }
}

/// Puts values in place of parameters.
fn put(text: &mut String, parameters: &[Parameter], values: &[ParameterValue]) {
    // From the end, so that places stay what they are.
    for (parameter, value) in parameters.iter().zip(values).rev() {
        text.replace_range(parameter.place.clone(), &value.value);
    }
}

/// Which of the values of a column stands for a parameter: the share of those below it, and the end of an index that is nearest.
fn place(comparison: Comparison) -> (f64, End) {
    match comparison {
        #[expect(clippy::cast_precision_loss, reason = "lists are short")]
        Comparison::Equal(number) => {
            let end = if number % 2 == 0 { End::Lower } else { End::Upper };
            ((EQUAL_AT + EQUAL_APART * number as f64).fract(), end)
        }
        Comparison::From => (FROM_AT, End::Upper),
        Comparison::To => (TO_AT, End::Lower),
        Comparison::BetweenFrom => (BETWEEN_FROM_AT, End::Lower),
        Comparison::BetweenTo => (BETWEEN_TO_AT, End::Upper),
        Comparison::Like => (EQUAL_AT, End::Lower),
    }
}

/// A value that fits the column, where none is known.
fn neutral(column: &TypedColumn, comparison: Comparison) -> String {
    let value = match comparison {
        Comparison::Equal(number) => column.neutral(number),
        Comparison::Like => Some("'a'".to_owned()),
        Comparison::From | Comparison::BetweenFrom => column.neutral_end(End::Lower),
        Comparison::To | Comparison::BetweenTo => column.neutral_end(End::Upper),
    };
    value.unwrap_or_else(|| "1".to_owned())
}

/// A pattern for what begins as a value does.
fn pattern(value: &str) -> String {
    let text = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    match text {
        Some(text) if text.chars().all(|letter| letter.is_alphanumeric() || letter == ' ') => {
            format!("'{}%'", text.chars().take(3).collect::<String>())
        }
        _ => format!("concat(left({value}, 3), '%')"),
    }
}

/// What a parameter stands for, as people read it.
fn told(parameter: &Parameter, known: Option<&TypedColumn>) -> Option<String> {
    match &parameter.role {
        ParameterRole::Limit => Some("LIMIT".to_owned()),
        ParameterRole::Offset => Some("OFFSET".to_owned()),
        ParameterRole::Compared { tables, column, .. } => Some(match (known, tables.as_slice()) {
            (Some(known), _) => format!("{}.{}", known.table, known.name),
            (None, [table]) => format!("{table}.{column}"),
            (None, _) => column.clone(),
        }),
        ParameterRole::Words
        | ParameterRole::Text
        | ParameterRole::Date
        | ParameterRole::Json
        | ParameterRole::Written
        | ParameterRole::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_written_out_where_it_can_be() {
        assert_eq!(pattern("'customer 7'"), "'cus%'");
        assert_eq!(pattern("'a'"), "'a%'");
        assert_eq!(pattern("'it''s'"), "concat(left('it''s', 3), '%')");
        assert_eq!(pattern("0x6162"), "concat(left(0x6162, 3), '%')");
    }
}
