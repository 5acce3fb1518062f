//! Whether the checks of a table already say what a bound of a partition demands, so that PostgreSQL reads no rows for it
//! (<https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ATTACH-PARTITION>).
//!
//! The server's own way of proving it, and no cleverer: part by part, comparisons of one column with constants. A check may
//! be NULL where it is taken for granted, so that only `NOT NULL` proves that a key is not NULL.

use std::cmp::Ordering;

use dbwright_catalog::Engine;

use super::expression::{Comparison, Expression, Value, parse};
use super::partition;

/// What is known of the bound of a new partition.
pub struct BoundQuestion<'a> {
    /// How the parent spreads its rows: `RANGE (at)`.
    pub key: &'a str,
    /// The bound: `FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')`. For a default partition those of the others.
    pub bounds: &'a [String],
    /// Whether the rows of the table are to lie outside of the bounds: it is the default partition.
    pub outside: bool,
    /// Validated checks of the table.
    pub checks: &'a [&'a str],
    /// The type of a column and whether it is known to hold no NULL.
    pub column: &'a dyn Fn(&str) -> Option<(&'a str, bool)>,
}

/// What came of it. The order is that of doubt: what holds only where two things hold is as sure as the worse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BoundProof {
    /// The checks do not say it: rows are read.
    Missing,
    /// It can't be told here.
    Unknown,
    /// The checks say it: nothing is read.
    Proven,
}

/// Whether the checks of a table prove what a bound demands of its rows.
pub fn bound_proof(question: &BoundQuestion<'_>) -> BoundProof {
    let mut columns = Vec::new();
    let mut demands = Vec::new();
    for bound in question.bounds {
        let Some((keys, condition)) = partition::demanded(question.key, bound) else {
            return of_hash(question);
        };
        for key in keys {
            let Expression::Column(name) = key else {
                return unless_checked(question);
            };
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        demands.push(if question.outside {
            Expression::Not(Box::new(condition))
        } else {
            condition
        });
    }
    let known: Vec<Given> = question
        .checks
        .iter()
        .map(|check| Given::new(question, check))
        .chain(columns.iter().filter_map(|column| {
            let (_, not_null) = (question.column)(column)?;
            not_null.then(|| Given::Is(not(is_null(column))))
        }))
        .collect();
    let proofs = demands
        .iter()
        .map(|demand| implied(question, &known, &normal(demand, true)));
    let proof = proofs.min().unwrap_or(BoundProof::Proven);
    // Of keys over several columns the server builds conditions that it does not always see through.
    if columns.len() > 1 && proof == BoundProof::Proven {
        return BoundProof::Unknown;
    }
    proof
}

/// Only a check in the words of the server itself proves a hash.
fn of_hash(question: &BoundQuestion<'_>) -> BoundProof {
    let mentions = |check: &&str| check.contains("satisfies_hash_partition");
    if question.checks.iter().any(mentions) {
        BoundProof::Unknown
    } else {
        BoundProof::Missing
    }
}

fn unless_checked(question: &BoundQuestion<'_>) -> BoundProof {
    if question.checks.is_empty() {
        BoundProof::Missing
    } else {
        BoundProof::Unknown
    }
}

/// What is known of each row.
enum Given {
    /// This, with NOT only before single conditions.
    Is(Expression),
    /// Something about these columns that is not understood.
    Something(Vec<String>),
}

impl Given {
    fn new(question: &BoundQuestion<'_>, check: &str) -> Given {
        let expression = parse(Engine::Postgres, check);
        // A literal of another type is compared by an operator that the server does not compute beforehand.
        let mixes = expression.columns().iter().any(|column| {
            (question.column)(column).is_some_and(|(type_name, _)| {
                let mut words = check.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
                match kind(type_name) {
                    Kind::Date => words.any(|word| word.to_ascii_lowercase().starts_with("timestamp")),
                    Kind::Time => words.any(|word| word.eq_ignore_ascii_case("date")),
                    Kind::Number | Kind::Text | Kind::Other => false,
                }
            })
        });
        if mixes {
            return Given::Something(expression.columns());
        }
        Given::Is(normal(&expression, true))
    }
}

/// The expression with NOT drawn inwards, or its opposite where `wanted` is false.
fn normal(expression: &Expression, wanted: bool) -> Expression {
    let both = |left, right| (Box::new(normal(left, wanted)), Box::new(normal(right, wanted)));
    match expression {
        Expression::Not(inner) => normal(inner, !wanted),
        Expression::And(left, right) | Expression::Or(left, right) => {
            let is_and = matches!(expression, Expression::And(..)) == wanted;
            let (left, right) = both(left, right);
            if is_and {
                Expression::And(left, right)
            } else {
                Expression::Or(left, right)
            }
        }
        Expression::In(left, list) => {
            let equal =
                |item: &Expression| Expression::Compare(Comparison::Equal, left.clone(), Box::new(item.clone()));
            let items = list.iter().map(equal);
            let any = items.reduce(|left, right| Expression::Or(Box::new(left), Box::new(right)));
            any.map_or(Expression::Constant(Value::Bool(!wanted)), |any| normal(&any, wanted))
        }
        Expression::Compare(comparison, left, right) if !wanted => {
            Expression::Compare(opposite(*comparison), left.clone(), right.clone())
        }
        Expression::Constant(Value::Bool(value)) => Expression::Constant(Value::Bool(*value == wanted)),
        other if wanted => other.clone(),
        other => not(other.clone()),
    }
}

fn implied(question: &BoundQuestion<'_>, known: &[Given], demand: &Expression) -> BoundProof {
    match demand {
        Expression::Constant(Value::Bool(true)) => BoundProof::Proven,
        Expression::And(left, right) => implied(question, known, left).min(implied(question, known, right)),
        _ => {
            let proofs = known.iter().map(|given| follows(question, given, demand));
            let whole = proofs.max().unwrap_or(BoundProof::Missing);
            match demand {
                Expression::Or(left, right) => {
                    let parts = implied(question, known, left).max(implied(question, known, right));
                    whole.max(parts)
                }
                _ => whole,
            }
        }
    }
}

/// Whether one thing that is known proves a demand.
fn follows(question: &BoundQuestion<'_>, given: &Given, demand: &Expression) -> BoundProof {
    let given = match given {
        Given::Is(given) => given,
        Given::Something(columns) => return not_understood(columns, demand),
    };
    match (given, demand) {
        (given, demand) if given == demand => BoundProof::Proven,
        (Expression::And(left, right), _) => {
            let [left, right] = [left, right].map(|side| Given::Is(side.as_ref().clone()));
            follows(question, &left, demand).max(follows(question, &right, demand))
        }
        (Expression::Or(left, right), _) => {
            let sides = [left, right].map(|side| [Given::Is(side.as_ref().clone())]);
            implied(question, &sides[0], demand).min(implied(question, &sides[1], demand))
        }
        (_, Expression::Or(left, right)) => follows_of(question, given, left).max(follows_of(question, given, right)),
        (_, Expression::And(left, right)) => follows_of(question, given, left).min(follows_of(question, given, right)),
        _ => match (comparison(given), comparison(demand)) {
            (Some((column, is, of)), Some((other, wanted, than))) => {
                if column == other {
                    compared(question, column, (is, of), (wanted, than))
                } else {
                    BoundProof::Missing
                }
            }
            // Whether a key is NULL is proven by nothing but the same words, which were compared above.
            (Some(_), None) => BoundProof::Missing,
            (None, _) if is_about_null(given) => BoundProof::Missing,
            (None, _) => not_understood(&given.columns(), demand),
        },
    }
}

fn follows_of(question: &BoundQuestion<'_>, given: &Expression, demand: &Expression) -> BoundProof {
    follows(question, &Given::Is(given.clone()), demand)
}

fn not_understood(columns: &[String], demand: &Expression) -> BoundProof {
    if demand.columns().iter().any(|column| columns.contains(column)) {
        BoundProof::Unknown
    } else {
        BoundProof::Missing
    }
}

/// `column < constant`, whichever side it is written on.
fn comparison(expression: &Expression) -> Option<(&str, Comparison, &Value)> {
    let Expression::Compare(comparison, left, right) = expression else {
        return None;
    };
    match (left.as_ref(), right.as_ref()) {
        (Expression::Column(column), Expression::Constant(value)) => Some((column, *comparison, value)),
        (Expression::Constant(value), Expression::Column(column)) => Some((column, turned(*comparison), value)),
        _ => None,
    }
}

/// Whether `column is of` proves `column wanted than`.
fn compared(
    question: &BoundQuestion<'_>,
    column: &str,
    (is, of): (Comparison, &Value),
    (wanted, than): (Comparison, &Value),
) -> BoundProof {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let kind = (question.column)(column).map_or(Kind::Other, |(type_name, _)| kind(type_name));
    let order = order(kind, of, than);
    let needed: &[Ordering] = match (is, wanted) {
        (Equal | NotEqual, _) if is == wanted => &[Ordering::Equal],
        (Equal, NotEqual) => &[Ordering::Less, Ordering::Greater],
        (Equal, Less) | (LessOrEqual, Less | NotEqual) => &[Ordering::Less],
        (Less, Less | LessOrEqual | NotEqual) | (Equal | LessOrEqual, LessOrEqual) => {
            &[Ordering::Less, Ordering::Equal]
        }
        (Equal, Greater) | (GreaterOrEqual, Greater | NotEqual) => &[Ordering::Greater],
        (Greater, Greater | GreaterOrEqual | NotEqual) | (Equal | GreaterOrEqual, GreaterOrEqual) => {
            &[Ordering::Greater, Ordering::Equal]
        }
        _ => return BoundProof::Missing,
    };
    match order {
        Known::As(order) if needed.contains(&order) => BoundProof::Proven,
        Known::As(_) => BoundProof::Missing,
        Known::Different if needed.len() == 2 && !needed.contains(&Ordering::Equal) => BoundProof::Proven,
        Known::Different if needed == [Ordering::Equal] => BoundProof::Missing,
        Known::Different | Known::Not => BoundProof::Unknown,
    }
}

/// How two constants of a column's type compare, as far as can be told without the server.
enum Known {
    As(Ordering),
    Different,
    Not,
}

fn order(kind: Kind, left: &Value, right: &Value) -> Known {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => Known::Not,
        (left, right) if left == right => Known::As(Ordering::Equal),
        (Value::Number(left), Value::Number(right)) => left.partial_cmp(right).map_or(Known::Not, Known::As),
        (Value::Text(left), Value::Text(right)) => match kind {
            // The order of texts is that of their collation.
            Kind::Text => Known::Different,
            Kind::Date | Kind::Time => match (moment(left), moment(right)) {
                (Some(left), Some(right)) => Known::As(left.cmp(&right)),
                _ => Known::Not,
            },
            Kind::Number => match (left.trim().parse::<f64>(), right.trim().parse::<f64>()) {
                (Ok(left), Ok(right)) => left.partial_cmp(&right).map_or(Known::Not, Known::As),
                _ => Known::Not,
            },
            Kind::Other => Known::Not,
        },
        (Value::Number(number), Value::Text(text)) | (Value::Text(text), Value::Number(number))
            if kind == Kind::Number && text.trim().parse() == Ok(*number) =>
        {
            Known::As(Ordering::Equal)
        }
        _ => Known::Not,
    }
}

/// `2026-01-01` and `2026-01-01T00:00:00Z` in one spelling, which sorts as time does. Nothing where it is another one.
fn moment(text: &str) -> Option<String> {
    let text = text.trim().replace('T', " ");
    let text = ["+00:00", "+00", "Z"]
        .iter()
        .find_map(|zone| text.strip_suffix(zone))
        .unwrap_or(&text);
    let full = match text.len() {
        10 => format!("{text} 00:00:00"),
        19 => text.to_owned(),
        _ => return None,
    };
    let pattern = "dddd-dd-dd dd:dd:dd";
    let fits = full.chars().zip(pattern.chars()).all(|(letter, wanted)| match wanted {
        'd' => letter.is_ascii_digit(),
        other => letter == other,
    });
    fits.then_some(full)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Date,
    Time,
    Other,
}

fn kind(type_name: &str) -> Kind {
    let name = type_name.split('(').next().unwrap_or(type_name).trim();
    match name {
        "smallint" | "integer" | "bigint" | "numeric" => Kind::Number,
        "text" | "character varying" => Kind::Text,
        "date" => Kind::Date,
        _ if name.starts_with("timestamp") => Kind::Time,
        _ => Kind::Other,
    }
}

fn is_about_null(expression: &Expression) -> bool {
    let inner = match expression {
        Expression::Not(inner) => inner.as_ref(),
        other => other,
    };
    matches!(inner, Expression::Same(_, null) if **null == Expression::Constant(Value::Null))
}

fn is_null(column: &str) -> Expression {
    Expression::Same(
        Box::new(Expression::Column(column.to_owned())),
        Box::new(Expression::Constant(Value::Null)),
    )
}

fn not(inner: Expression) -> Expression {
    Expression::Not(Box::new(inner))
}

fn opposite(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less => Comparison::GreaterOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
        Comparison::Greater => Comparison::LessOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
    }
}

fn turned(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal => Comparison::Equal,
        Comparison::NotEqual => Comparison::NotEqual,
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(key: &str, bound: &str, outside: bool, checks: &[&str]) -> BoundProof {
        bound_proof(&BoundQuestion {
            key,
            bounds: &[bound.to_owned()],
            outside,
            checks,
            column: &|name| match name {
                "at" => Some(("date", true)),
                "region" => Some(("text", true)),
                "id" => Some(("bigint", false)),
                _ => None,
            },
        })
    }

    const YEAR: &str = "for values from ('2026-01-01')\n  to ('2027-01-01')";

    #[test]
    fn a_check_that_says_no_less_proves_a_range() {
        let of = |checks: &[&str]| proof("range (at)", YEAR, false, checks);
        assert_eq!(of(&["at >= '2026-01-01' AND at < '2027-01-01'"]), BoundProof::Proven);
        assert_eq!(of(&["at BETWEEN '2026-03-01' AND '2026-04-01'"]), BoundProof::Proven);
        assert_eq!(
            of(&["((at >= '2026-01-01'::date) AND (at < '2027-01-01'::date))"]),
            BoundProof::Proven
        );
        assert_eq!(of(&["at >= '2026-01-01'", "at < '2026-02-01'"]), BoundProof::Proven);
        assert_eq!(of(&["at >= '2026-01-01'"]), BoundProof::Missing);
        assert_eq!(of(&["at >= '2025-12-31' AND at < '2027-01-01'"]), BoundProof::Missing);
        assert_eq!(of(&["id > 3"]), BoundProof::Missing);
        assert_eq!(of(&["extract(year FROM at) = 2026"]), BoundProof::Unknown);
        assert_eq!(
            of(&["at >= '2026-01-01'::timestamptz AND at < '2027-01-01'::timestamptz"]),
            BoundProof::Unknown
        );
    }

    #[test]
    fn only_not_null_proves_that_a_key_is_not_null() {
        let of = |checks: &[&str]| proof("RANGE (id)", "FOR VALUES FROM (1) TO (10)", false, checks);
        assert_eq!(of(&["id >= 1 AND id < 10"]), BoundProof::Missing);
        assert_eq!(of(&["id >= 1 AND id < 10", "id IS NOT NULL"]), BoundProof::Proven);
        assert_eq!(
            proof("RANGE (at)", "FOR VALUES FROM (MINVALUE) TO (MAXVALUE)", false, &[]),
            BoundProof::Proven
        );
    }

    #[test]
    fn lists_are_proven_by_their_members() {
        let of = |checks: &[&str]| proof("LIST (region)", "FOR VALUES IN ('north', 'south')", false, checks);
        assert_eq!(of(&["region = 'north'"]), BoundProof::Proven);
        assert_eq!(of(&["region IN ('south', 'north')"]), BoundProof::Proven);
        assert_eq!(of(&["region = ANY (ARRAY['south'::text])"]), BoundProof::Proven);
        assert_eq!(of(&["region IN ('south', 'east')"]), BoundProof::Missing);
        assert_eq!(of(&[]), BoundProof::Missing);
    }

    #[test]
    fn a_default_partition_is_proven_by_the_opposite() {
        let range = |checks: &[&str]| proof("RANGE (at)", YEAR, true, checks);
        assert_eq!(range(&["at < '2026-01-01' OR at >= '2027-01-01'"]), BoundProof::Proven);
        assert_eq!(range(&["at < '2020-01-01'"]), BoundProof::Proven);
        assert_eq!(
            range(&["NOT (at >= '2026-01-01' AND at < '2027-01-01')"]),
            BoundProof::Proven
        );
        assert_eq!(range(&["at < '2026-06-01'"]), BoundProof::Missing);
        let list = |checks: &[&str]| proof("LIST (region)", "FOR VALUES IN ('south')", true, checks);
        assert_eq!(list(&["region <> 'south'"]), BoundProof::Proven);
        assert_eq!(list(&["region NOT IN ('south', 'west')"]), BoundProof::Proven);
        assert_eq!(list(&["region IN ('east', 'west')"]), BoundProof::Proven);
        assert_eq!(list(&["region <> 'west'"]), BoundProof::Missing);
    }
}
