//! The parts that operators stand between: literals, columns, calls, brackets, `CASE`; and the steps over single words.

use dbwright_catalog::Engine;

use super::parse::Parser;
use super::token::Token;
use super::{CAST, Comparison, Expression, Matching, Value};

impl Parser<'_> {
    pub(super) fn postfix(&mut self) -> Option<Expression> {
        let mut inner = self.primary()?;
        loop {
            if self.take("::") {
                inner = cast(inner, &self.type_name()?);
            } else if self.take("[") {
                let index = self.list("]")?;
                inner = Expression::Unknown(std::iter::once(inner).chain(index).collect());
            } else if self.word("collate") {
                self.name()?;
                while self.take(".") {
                    self.name()?;
                }
            } else if self.word("at") {
                if !(self.word("time") && self.word("zone")) {
                    return None;
                }
                let zone = self.primary()?;
                inner = Expression::Unknown(vec![inner, zone]);
            } else {
                return Some(inner);
            }
        }
    }

    fn primary(&mut self) -> Option<Expression> {
        let token = self.tokens.get(self.at)?.clone();
        self.at += 1;
        match token {
            Token::Number(number) => Some(Expression::Constant(Value::Number(number))),
            Token::Text(text) => Some(Expression::Constant(Value::Text(text))),
            Token::Blob => Some(Expression::Constant(Value::Unknown)),
            Token::Symbol(symbol) if symbol == "(" => {
                let inner = self.disjunction()?;
                if self.take(")") {
                    return Some(inner);
                }
                // A row: (a, b).
                self.take(",").then_some(())?;
                let rest = self.list(")")?;
                Some(Expression::Unknown(std::iter::once(inner).chain(rest).collect()))
            }
            Token::Symbol(_) => None,
            Token::Quoted(name) => self.reference(name, false),
            Token::Word(word) => match word.as_str() {
                "null" => Some(Expression::Constant(Value::Null)),
                "true" => Some(Expression::Constant(Value::Bool(true))),
                "false" => Some(Expression::Constant(Value::Bool(false))),
                "array" if self.take("[") => Some(Expression::Call("array".to_owned(), self.list("]")?)),
                "case" => self.case(),
                "cast" if self.take("(") => {
                    let inner = self.disjunction()?;
                    let name = if self.word("as") { self.type_name() } else { None };
                    if self.is_mysql_family() && (self.word("charset") || self.word("character") && self.word("set")) {
                        self.name()?;
                    }
                    let name = name.filter(|_| self.take(")"))?;
                    Some(if self.engine == Engine::Postgres {
                        cast(inner, &name)
                    } else {
                        inner
                    })
                }
                "extract" if self.take("(") => {
                    let part = self.name()?;
                    let from = self.word("from");
                    let inner = self.disjunction()?;
                    let name = if part == "day" { "dayofmonth".to_owned() } else { part };
                    (from && self.take(")")).then(|| Expression::Call(name, vec![inner]))
                }
                "current_timestamp" | "current_date" | "current_time" | "localtimestamp" | "localtime" => {
                    if self.take("(") {
                        self.list(")")?;
                    }
                    Some(Expression::Call(word, Vec::new()))
                }
                "exists" | "select" => None,
                _ => self.reference(word, true),
            },
        }
    }

    /// A column (also `table.column`), a call, or a typed literal (`date '2024-01-01'`).
    fn reference(&mut self, first: String, may_be_type: bool) -> Option<Expression> {
        let mut name = first;
        while self.take(".") {
            name = self.name()?;
        }
        if may_be_type && let Some(Token::Text(text)) = self.tokens.get(self.at) {
            self.at += 1;
            return Some(Expression::Constant(Value::Text(text.clone())));
        }
        if !self.take("(") {
            return Some(Expression::Column(name));
        }
        if self.take("*") {
            return self.take(")").then(|| Expression::Unknown(Vec::new()));
        }
        // trim(BOTH FROM x) and substring(x FROM 1 FOR 2): the words between the arguments are commas to us.
        for direction in ["both", "leading", "trailing"] {
            self.word(direction);
        }
        self.word("from");
        let arguments = self.list(")")?;
        Some(if self.is_mysql_family() {
            call_of_mysql(name, arguments)
        } else {
            Expression::Call(name, arguments)
        })
    }

    fn case(&mut self) -> Option<Expression> {
        let subject = if self.peek_word("when") {
            None
        } else {
            Some(self.disjunction()?)
        };
        let mut branches = Vec::new();
        while self.word("when") {
            let condition = self.disjunction()?;
            let condition = match &subject {
                Some(subject) => Expression::Compare(Comparison::Equal, Box::new(subject.clone()), Box::new(condition)),
                None => condition,
            };
            self.word("then").then_some(())?;
            branches.push((condition, self.disjunction()?));
        }
        let other = if self.word("else") {
            self.disjunction()?
        } else {
            Expression::Constant(Value::Null)
        };
        self.word("end").then(|| Expression::Case(branches, Box::new(other)))
    }

    pub(super) fn list(&mut self, end: &str) -> Option<Vec<Expression>> {
        let mut items = Vec::new();
        if self.take(end) {
            return Some(items);
        }
        loop {
            self.word("variadic");
            items.push(self.disjunction()?);
            if self.take(end) {
                return Some(items);
            }
            if !(self.take(",") || self.word("from") || self.word("for") || self.word("in")) {
                return None;
            }
        }
    }

    /// A type after `::`, without its modifiers; `[]` at its end where it is an array.
    fn type_name(&mut self) -> Option<String> {
        let mut name = self.name()?;
        while self.take(".") {
            name = self.name()?;
        }
        loop {
            let more = ["varying", "precision", "with", "without", "time", "zone"];
            if more.iter().any(|word| self.word(word)) {
                continue;
            }
            if self.take("(") {
                self.list(")")?;
            } else if self.take("[") {
                self.list("]")?;
                name.push_str("[]");
            } else {
                return Some(name);
            }
        }
    }

    fn name(&mut self) -> Option<String> {
        match self.tokens.get(self.at)? {
            Token::Word(name) | Token::Quoted(name) => {
                self.at += 1;
                Some(name.clone())
            }
            _ => None,
        }
    }

    pub(super) fn symbol(&self) -> Option<&str> {
        match self.tokens.get(self.at)? {
            Token::Symbol(symbol) => Some(symbol),
            _ => None,
        }
    }

    pub(super) fn take(&mut self, symbol: &str) -> bool {
        let taken = self.symbol() == Some(symbol);
        self.at += usize::from(taken);
        taken
    }

    fn peek_word(&self, word: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Word(found)) if found == word)
    }

    pub(super) fn word(&mut self, word: &str) -> bool {
        let taken = self.peek_word(word);
        self.at += usize::from(taken);
        taken
    }
}

/// A cast to a type that refuses some texts; others do not change what a value means here, nor do those of literals.
fn cast(inner: Expression, name: &str) -> Expression {
    let refuses = matches!(
        name,
        "uuid"
            | "date"
            | "timestamp"
            | "timestamptz"
            | "json"
            | "jsonb"
            | "smallint"
            | "int2"
            | "integer"
            | "int"
            | "int4"
            | "bigint"
            | "int8"
            | "numeric"
            | "decimal"
            | "real"
            | "float4"
            | "double"
            | "float8"
    );
    if !refuses || matches!(inner, Expression::Constant(_)) {
        return inner;
    }
    let name = Expression::Constant(Value::Text(name.to_owned()));
    Expression::Call(CAST.to_owned(), vec![inner, name])
}

/// A call in the words that the others use.
fn call_of_mysql(name: String, mut arguments: Vec<Expression>) -> Expression {
    match (name.as_str(), arguments.len()) {
        ("regexp_like", 2..) => {
            let pattern = Box::new(arguments.swap_remove(1));
            let text = Box::new(arguments.swap_remove(0));
            Expression::Match(Matching::Regex, text, pattern)
        }
        ("isnull", 1) => {
            let null = Box::new(Expression::Constant(Value::Null));
            Expression::Same(Box::new(arguments.swap_remove(0)), null)
        }
        ("if", 3) => {
            let otherwise = Box::new(arguments.swap_remove(2));
            let then = arguments.swap_remove(1);
            Expression::Case(vec![(arguments.swap_remove(0), then)], otherwise)
        }
        // `OBJECT`, where PostgreSQL says `object`.
        ("json_type", 1) => Expression::Call(
            "upper".to_owned(),
            vec![Expression::Call("json_typeof".to_owned(), arguments)],
        ),
        _ => Expression::Call(name, arguments),
    }
}
