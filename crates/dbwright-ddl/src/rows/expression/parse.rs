//! Words to trees, by recursive descent along PostgreSQL's table of precedence.

use dbwright_catalog::Engine;

use super::token::{Token, tokens};
use super::{Comparison, Expression, Matching, Value};

/// How deep expressions may nest before they are not understood.
const DEPTH_MAX: u32 = 60;

/// Reads an expression. One that is not understood is [`Expression::Unknown`] with the names and literals found in it.
pub(crate) fn parse(engine: Engine, text: &str) -> Expression {
    parse_tokens(engine, &tokens(engine, text))
}

/// Reads a check of a domain (PostgreSQL), in which `VALUE` stands for this column.
pub(crate) fn parse_domain_check(text: &str, column: &str) -> Expression {
    let condition = text.trim().strip_prefix("CHECK").unwrap_or(text);
    let mut tokens = tokens(Engine::Postgres, condition.trim().trim_end_matches("NOT VALID"));
    for token in &mut tokens {
        if matches!(token, Token::Word(word) if word == "value") {
            *token = Token::Quoted(column.to_owned());
        }
    }
    parse_tokens(Engine::Postgres, &tokens)
}

fn parse_tokens(engine: Engine, tokens: &[Token]) -> Expression {
    let mut parser = Parser {
        engine,
        tokens,
        at: 0,
        depth: 0,
    };
    match parser.disjunction() {
        Some(expression) if parser.at == tokens.len() => expression,
        _ => Expression::Unknown(leaves(tokens)),
    }
}

/// Names and literals. Names of functions are among them; nobody looks them up.
fn leaves(tokens: &[Token]) -> Vec<Expression> {
    tokens
        .iter()
        .filter_map(|token| match token {
            Token::Word(name) | Token::Quoted(name) => Some(Expression::Column(name.clone())),
            Token::Text(text) => Some(Expression::Constant(Value::Text(text.clone()))),
            Token::Number(number) => Some(Expression::Constant(Value::Number(*number))),
            Token::Blob | Token::Symbol(_) => None,
        })
        .collect()
}

pub(super) struct Parser<'a> {
    pub(super) engine: Engine,
    pub(super) tokens: &'a [Token],
    pub(super) at: usize,
    depth: u32,
}

impl Parser<'_> {
    pub(super) fn disjunction(&mut self) -> Option<Expression> {
        if self.depth >= DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        let mut left = self.exclusion()?;
        while self.word("or") {
            left = Expression::Or(Box::new(left), Box::new(self.exclusion()?));
        }
        self.depth -= 1;
        Some(left)
    }

    /// `XOR` (MySQL and MariaDB): one and only one of both is true.
    fn exclusion(&mut self) -> Option<Expression> {
        let mut left = self.conjunction()?;
        while self.is_mysql_family() && self.word("xor") {
            let truth = |side: Expression| not(not(side));
            let right = self.conjunction()?;
            left = Expression::Compare(Comparison::NotEqual, Box::new(truth(left)), Box::new(truth(right)));
        }
        Some(left)
    }

    pub(super) fn is_mysql_family(&self) -> bool {
        matches!(self.engine, Engine::MySql | Engine::MariaDb)
    }

    fn conjunction(&mut self) -> Option<Expression> {
        let mut left = self.negation()?;
        while self.word("and") {
            left = Expression::And(Box::new(left), Box::new(self.negation()?));
        }
        Some(left)
    }

    fn negation(&mut self) -> Option<Expression> {
        let mut negations = 0;
        while self.word("not") {
            negations += 1;
        }
        let inner = self.predicate()?;
        Some(if negations % 2 == 1 { not(inner) } else { inner })
    }

    fn predicate(&mut self) -> Option<Expression> {
        let mut left = self.other_operators()?;
        loop {
            left = if let Some(comparison) = self.comparison() {
                self.compare(left, comparison)?
            } else if self.word("is") {
                self.is(left)?
            } else if self.word("isnull") {
                Expression::Same(Box::new(left), Box::new(null()))
            } else if self.word("notnull") {
                not(Expression::Same(Box::new(left), Box::new(null())))
            } else {
                let start = self.at;
                let negated = self.word("not");
                match self.range_list_or_match(left.clone())? {
                    Some(expression) if negated => not(expression),
                    Some(expression) => expression,
                    None => {
                        self.at = start;
                        return Some(left);
                    }
                }
            }
        }
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let comparison = match self.symbol()? {
            "=" | "==" => Comparison::Equal,
            "<>" | "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return None,
        };
        self.at += 1;
        Some(comparison)
    }

    fn compare(&mut self, left: Expression, comparison: Comparison) -> Option<Expression> {
        let any = self.word("any") || self.word("some");
        let all = !any && self.word("all");
        let right = self.other_operators()?;
        let list = match &right {
            Expression::Call(name, items) if name == "array" => Some(items.clone()),
            Expression::Constant(Value::Text(text)) => array_items(text),
            _ => None,
        };
        Some(match (any || all, comparison, list) {
            (false, ..) => Expression::Compare(comparison, Box::new(left), Box::new(right)),
            (true, Comparison::Equal, Some(list)) if any => Expression::In(Box::new(left), list),
            (true, Comparison::NotEqual, Some(list)) if all => not(Expression::In(Box::new(left), list)),
            _ => Expression::Unknown(vec![left, right]),
        })
    }

    fn is(&mut self, left: Expression) -> Option<Expression> {
        let negated = self.word("not");
        let distinct = self.word("distinct");
        if distinct && !self.word("from") {
            return None;
        }
        let right = if !distinct && (self.word("null") || self.word("unknown")) {
            Expression::Constant(Value::Null)
        } else {
            self.other_operators()?
        };
        let same = Expression::Same(Box::new(left), Box::new(right));
        Some(if negated == distinct { same } else { not(same) })
    }

    /// `BETWEEN`, `IN`, `LIKE` and its kin after their left side; nothing where none of them follows.
    #[expect(clippy::option_option, reason = "outside: understood or not; inside: there or not")]
    fn range_list_or_match(&mut self, left: Expression) -> Option<Option<Expression>> {
        if self.word("between") {
            self.word("symmetric");
            let low = self.other_operators()?;
            if !self.word("and") {
                return None;
            }
            let high = self.other_operators()?;
            return Some(Some(Expression::And(
                Box::new(Expression::Compare(
                    Comparison::GreaterOrEqual,
                    Box::new(left.clone()),
                    Box::new(low),
                )),
                Box::new(Expression::Compare(
                    Comparison::LessOrEqual,
                    Box::new(left),
                    Box::new(high),
                )),
            )));
        }
        if self.word("in") {
            if !self.take("(") {
                return None;
            }
            return Some(Some(Expression::In(Box::new(left), self.list(")")?)));
        }
        let matching = if self.word("like") {
            Matching::Like
        } else if self.word("ilike") {
            Matching::LikeIgnoringCase
        } else if self.word("glob") {
            Matching::Glob
        } else if self.word("regexp") || self.word("rlike") {
            Matching::Regex
        } else {
            return Some(None);
        };
        let pattern = self.other_operators()?;
        if self.word("escape") {
            self.other_operators()?;
        }
        Some(Some(Expression::Match(matching, Box::new(left), Box::new(pattern))))
    }

    /// All operators that have no level of their own, `~` and `||` among them.
    fn other_operators(&mut self) -> Option<Expression> {
        let mut left = self.sum()?;
        while let Some(symbol) = self.symbol() {
            let symbol = symbol.to_owned();
            if matches!(
                symbol.as_str(),
                "=" | "==" | "<>" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/" | "%"
            ) || !symbol.chars().all(|letter| "+-*/<>=~!@#%^&|?".contains(letter))
            {
                break;
            }
            self.at += 1;
            let right = self.sum()?;
            left = match_operator(&symbol, left, right);
        }
        Some(left)
    }

    fn sum(&mut self) -> Option<Expression> {
        let mut left = self.product()?;
        while let Some(symbol @ ("+" | "-")) = self.symbol() {
            let symbol = symbol.to_owned();
            self.at += 1;
            left = Expression::Operator(symbol, Box::new(left), Box::new(self.product()?));
        }
        Some(left)
    }

    fn product(&mut self) -> Option<Expression> {
        let mut left = self.sign()?;
        while let Some(symbol @ ("*" | "/" | "%")) = self.symbol() {
            let symbol = symbol.to_owned();
            self.at += 1;
            left = Expression::Operator(symbol, Box::new(left), Box::new(self.sign()?));
        }
        Some(left)
    }

    fn sign(&mut self) -> Option<Expression> {
        if self.take("-") {
            let zero = Expression::Constant(Value::Number(0.0));
            return Some(Expression::Operator(
                "-".to_owned(),
                Box::new(zero),
                Box::new(self.postfix()?),
            ));
        }
        if self.is_mysql_family() && self.take("!") {
            return Some(not(self.sign()?));
        }
        self.take("+");
        self.postfix()
    }
}

fn match_operator(symbol: &str, left: Expression, right: Expression) -> Expression {
    let (matching, negated) = match symbol {
        "~" => (Matching::Regex, false),
        "!~" => (Matching::Regex, true),
        "~*" => (Matching::RegexIgnoringCase, false),
        "!~*" => (Matching::RegexIgnoringCase, true),
        "~~" => (Matching::Like, false),
        "!~~" => (Matching::Like, true),
        "~~*" => (Matching::LikeIgnoringCase, false),
        "!~~*" => (Matching::LikeIgnoringCase, true),
        "||" => return Expression::Operator("||".to_owned(), Box::new(left), Box::new(right)),
        "->" | "->>" | "?" => return Expression::Call(symbol.to_owned(), vec![left, right]),
        "<=>" => return Expression::Same(Box::new(left), Box::new(right)),
        _ => return Expression::Unknown(vec![left, right]),
    };
    let matched = Expression::Match(matching, Box::new(left), Box::new(right));
    if negated { not(matched) } else { matched }
}

fn not(inner: Expression) -> Expression {
    Expression::Not(Box::new(inner))
}

fn null() -> Expression {
    Expression::Constant(Value::Null)
}

/// The items of an array literal without nesting: `{a,"b c"}`.
fn array_items(text: &str) -> Option<Vec<Expression>> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    let items = inner.split(',').map(|item| item.trim().trim_matches('"').to_owned());
    Some(items.map(|item| Expression::Constant(Value::Text(item))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_checks_are_understood() {
        for text in [
            "((price >= (0)::numeric) AND (price <= 100.5))",
            "((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
            "(status = ANY (ARRAY['a'::text, 'b'::text]))",
            "(num_nonnulls(a, b) = 1)",
            "((a IS NULL) <> (b IS NULL))",
            "((length((name)::text) > 3) AND ((name)::text ~ '^[a-z]+$'::text))",
            "((ends_at > starts_at) OR (ends_at IS NULL))",
            "(x IS DISTINCT FROM y)",
            "(x NOT IN (1, 2) AND y BETWEEN 1 AND -3)",
            "CASE WHEN (kind = 'a'::text) THEN (n > 1) ELSE true END",
            "(TRIM(BOTH FROM name) <> ''::text)",
            "(created_at < '2024-01-01 00:00:00'::timestamp without time zone)",
            "(a ->> 'k'::text) = 'v'",
            "(lower(email) = email COLLATE \"C\")",
            "((a > -1) AND (b >-1))",
        ] {
            assert!(
                !matches!(parse(Engine::Postgres, text), Expression::Unknown(_)),
                "{text}: {:?}",
                parse(Engine::Postgres, text)
            );
        }
    }

    #[test]
    fn what_is_not_understood_keeps_its_names_and_literals() {
        let expression = parse(Engine::Postgres, "EXISTS (SELECT 1 FROM t WHERE a = 'x')");
        assert!(matches!(expression, Expression::Unknown(_)));
        assert!(expression.columns().contains(&"a".to_owned()));
    }

    #[test]
    fn deep_nesting_is_given_up_not_overflowed() {
        let text = format!("{}1{}", "(".repeat(50_000), ")".repeat(50_000));
        assert!(matches!(parse(Engine::Postgres, &text), Expression::Unknown(_)));
    }

    #[test]
    fn what_mysql_and_mariadb_print_is_understood() {
        for (engine, text) in [
            (
                Engine::MySql,
                "((`a` <> _utf8mb4'it\\'s') and regexp_like(`a`,_utf8mb4'^[a-z]+\\\\.[0-9]$'))",
            ),
            (Engine::MySql, "(`a` in (_utf8mb4'x',_latin1'y'))"),
            (Engine::MySql, "((`a` is null) <> (`b` is null))"),
            (Engine::MySql, "(`a` between 1 and 5)"),
            (Engine::MySql, "((`a` is null) xor (`b` is null))"),
            (Engine::MySql, "(cast(`a` as char(3) charset utf8mb4) <=> `b`)"),
            (
                Engine::MySql,
                "(case when (`a` > 1) then (`b` is not null) else true end)",
            ),
            (Engine::MySql, "(0 <> `a`)"),
            (Engine::MariaDb, "`a` > 0 and `b` regexp '^a' or `c` not like 'x%'"),
            (Engine::MariaDb, "octet_length(`a`) <= 255"),
            (Engine::MariaDb, "json_valid(`a`)"),
            (Engine::MariaDb, "`a` is not null or `b` is null and !`c`"),
        ] {
            assert!(
                !matches!(parse(engine, text), Expression::Unknown(_)),
                "{text}: {:?}",
                parse(engine, text)
            );
        }
    }
}
