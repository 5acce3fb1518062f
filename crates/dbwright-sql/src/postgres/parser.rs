//! Going through the tokens of a statement.

use dbwright_catalog::Engine;

use super::types::{IndexPart, Name, TypeName};
use crate::dialect::Dialect;
use crate::lexer::{Token, TokenKind, tokens_in};

/// The tokens of a statement without white space and comments, and how far they were read.
pub(super) struct Parser<'text> {
    text: &'text str,
    tokens: Vec<Token<'text>>,
    pub(super) at: usize,
}

impl<'text> Parser<'text> {
    pub(super) fn new(text: &'text str) -> Self {
        let tokens = tokens_in(Dialect::server(Engine::Postgres), text);
        Parser {
            text,
            tokens: tokens
                .filter(|token| !token.is_space() && token.kind != TokenKind::CodeMark)
                .take_while(|token| !token.is_symbol(";"))
                .collect(),
            at: 0,
        }
    }

    pub(super) fn peek(&self) -> Option<&Token<'text>> {
        self.tokens.get(self.at)
    }

    pub(super) fn ahead(&self, by: usize) -> Option<&Token<'text>> {
        self.tokens.get(self.at + by)
    }

    pub(super) fn next(&mut self) -> Option<Token<'text>> {
        let token = self.tokens.get(self.at).copied();
        self.at += usize::from(token.is_some());
        token
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn is(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is(word))
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.peek().is_some_and(|token| token.is_symbol(symbol))
    }

    /// Consumes the words if they come next, in this order.
    pub(super) fn accept(&mut self, words: &str) -> bool {
        let mut count = 0;
        for word in words.split(' ') {
            if !self.ahead(count).is_some_and(|token| token.is(word)) {
                return false;
            }
            count += 1;
        }
        self.at += count;
        true
    }

    pub(super) fn accept_symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    /// Consumes the words, or gives up.
    pub(super) fn expect(&mut self, words: &str) -> Option<()> {
        self.accept(words).then_some(())
    }

    pub(super) fn expect_symbol(&mut self, symbol: &str) -> Option<()> {
        self.accept_symbol(symbol).then_some(())
    }

    /// The next word in lower case, whatever it is; nothing where it is no word.
    pub(super) fn word(&mut self) -> Option<String> {
        let word = self.peek()?.folded()?;
        self.at += 1;
        Some(word)
    }

    /// A name without a schema.
    pub(super) fn identifier(&mut self) -> Option<String> {
        let name = self.peek()?.name()?;
        self.at += 1;
        Some(name)
    }

    /// A name that may have a schema (of three parts, the database is left out).
    pub(super) fn name(&mut self) -> Option<Name> {
        let mut parts = vec![self.identifier()?];
        while self.accept_symbol(".") {
            parts.push(self.identifier()?);
        }
        let name = parts.pop()?;
        Some(Name {
            schema: parts.pop(),
            name,
        })
    }

    /// The name of a relation with what the grammar lets stand around it: `ONLY name *`. Whether `ONLY` was written.
    pub(super) fn relation(&mut self) -> Option<(Name, bool)> {
        let only = self.is("only")
            && self
                .ahead(1)
                .is_some_and(|token| token.name().is_some() || token.is_symbol("("));
        if only {
            self.at += 1;
        }
        let parenthesis = only && self.accept_symbol("(");
        let name = self.name()?;
        if parenthesis {
            self.expect_symbol(")")?;
        }
        if self.peek().is_some_and(|token| token.text == "*") {
            self.at += 1;
        }
        Some((name, only))
    }

    /// A string's value.
    pub(super) fn string(&mut self) -> Option<String> {
        let value = self.peek()?.value()?;
        self.at += 1;
        Some(value)
    }

    pub(super) fn if_exists(&mut self) -> bool {
        self.accept("if exists")
    }

    pub(super) fn if_not_exists(&mut self) -> bool {
        self.accept("if not exists")
    }

    /// Behind a definition: `CASCADE` or `RESTRICT`, which is the default.
    pub(super) fn cascade(&mut self) -> bool {
        !self.accept("restrict") && self.accept("cascade")
    }

    /// What was read since `start`, as it is written.
    pub(super) fn since(&self, start: usize) -> String {
        match (
            self.tokens.get(start),
            self.at.checked_sub(1).and_then(|last| self.tokens.get(last)),
        ) {
            (Some(first), Some(last)) if start < self.at => self.text[first.span.start..last.span.end].to_owned(),
            _ => String::new(),
        }
    }

    /// Passes one token, or a whole parenthesis or bracket where one begins.
    pub(super) fn pass(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            let token = self.next()?;
            if token.is_symbol("(") || token.is_symbol("[") {
                depth += 1;
            } else if token.is_symbol(")") || token.is_symbol("]") {
                depth = depth.checked_sub(1)?;
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// What stands in the parenthesis that begins here, as it is written.
    pub(super) fn parenthesis(&mut self) -> Option<String> {
        if !self.is_symbol("(") {
            return None;
        }
        let start = self.at + 1;
        self.pass()?;
        let end = self.at - 1;
        let (first, last) = (self.tokens.get(start)?, self.tokens.get(end)?);
        if start == end {
            return Some(String::new());
        }
        Some(self.text[first.span.start..last.span.start].trim_end().to_owned())
    }

    /// An expression up to a comma, a closing parenthesis or one of these words, outside parentheses.
    /// Its first token belongs to it whatever it is.
    pub(super) fn expression(&mut self, until: &[&str]) -> Option<String> {
        let start = self.at;
        self.pass()?;
        while let Some(token) = self.peek() {
            if token.is_symbol(",") || token.is_symbol(")") || until.iter().any(|word| token.is(word)) {
                break;
            }
            self.pass()?;
        }
        Some(self.since(start))
    }

    /// `(a, b)`: names.
    pub(super) fn identifiers(&mut self) -> Option<Vec<String>> {
        self.expect_symbol("(")?;
        let mut names = vec![self.identifier()?];
        while self.accept_symbol(",") {
            names.push(self.identifier()?);
        }
        self.expect_symbol(")")?;
        Some(names)
    }

    /// `(…)` of storage parameters or options: the names.
    pub(super) fn option_names(&mut self) -> Option<Vec<String>> {
        self.expect_symbol("(")?;
        let mut names = Vec::new();
        loop {
            let mut name = self.identifier()?;
            while self.accept_symbol(".") {
                name = format!("{name}.{}", self.identifier()?);
            }
            names.push(name);
            while self
                .peek()
                .is_some_and(|token| !token.is_symbol(",") && !token.is_symbol(")"))
            {
                self.pass()?;
            }
            if !self.accept_symbol(",") {
                break;
            }
        }
        self.expect_symbol(")")?;
        Some(names)
    }

    /// `(column, lower(column) text_ops DESC, …)` of an index; for exclusions with `WITH operator` behind each.
    pub(super) fn index_parts(&mut self) -> Option<Vec<IndexPart>> {
        self.expect_symbol("(")?;
        let mut parts = Vec::new();
        loop {
            let start = self.at;
            let mut column = None;
            let mut function = None;
            if self.is_symbol("(") {
                self.pass()?;
            } else {
                let name = self.name()?;
                if self.is_symbol("(") {
                    self.pass()?;
                    function = Some(name.name);
                } else {
                    column = Some(name.name);
                }
            }
            while self
                .peek()
                .is_some_and(|token| !token.is_symbol(",") && !token.is_symbol(")"))
            {
                self.pass()?;
            }
            parts.push(IndexPart {
                text: self.since(start),
                column,
                function,
            });
            if !self.accept_symbol(",") {
                break;
            }
        }
        self.expect_symbol(")")?;
        Some(parts)
    }

    /// A type, as the server prints it (<https://www.postgresql.org/docs/current/datatype.html>).
    pub(super) fn type_name(&mut self) -> Option<TypeName> {
        self.accept("setof");
        let first = self.peek()?;
        let quoted = first.kind == TokenKind::QuotedName;
        let mut name = self.name()?;
        if name.schema.as_deref() == Some("pg_catalog") {
            name.schema = None;
        }
        if self.peek().is_some_and(|token| token.text == "%") {
            return None;
        }
        let bare = name.schema.is_none() && !quoted;
        let (mut printed, serial) = if bare {
            self.built_in(&name.name)?
        } else {
            let schema = name.schema.filter(|schema| schema != "public");
            let own = quoted_name(&name.name);
            (
                schema.map_or_else(|| own.clone(), |schema| format!("{}.{own}", quoted_name(&schema))),
                false,
            )
        };
        if printed == quoted_name(&name.name) && self.is_symbol("(") {
            // A type of an extension with a modifier: `geometry(Point, 4326)`.
            printed = format!("{printed}({})", self.parenthesis()?.replace(' ', ""));
        }
        let mut array = false;
        while self.accept_symbol("[") {
            if !self.is_symbol("]") {
                self.next()?;
            }
            self.expect_symbol("]")?;
            array = true;
        }
        if self.accept("array") {
            array = true;
            if self.is_symbol("[") {
                self.pass()?;
            }
        }
        if array {
            printed.push_str("[]");
        }
        Some(TypeName { printed, serial })
    }

    /// A type that was named by an unquoted word without a schema.
    fn built_in(&mut self, word: &str) -> Option<(String, bool)> {
        let serial = |name: &str| Some((name.to_owned(), true));
        let plain = |name: &str| Some((name.to_owned(), false));
        match word {
            "int" | "int4" | "integer" => plain("integer"),
            "int2" | "smallint" => plain("smallint"),
            "int8" | "bigint" => plain("bigint"),
            "serial" | "serial4" => serial("integer"),
            "smallserial" | "serial2" => serial("smallint"),
            "bigserial" | "serial8" => serial("bigint"),
            "bool" | "boolean" => plain("boolean"),
            "float4" | "real" => plain("real"),
            "float8" => plain("double precision"),
            "double" => {
                self.expect("precision")?;
                plain("double precision")
            }
            "float" => {
                let digits = self.modifier()?.and_then(|digits| digits.parse::<u32>().ok());
                plain(if digits.is_some_and(|digits| digits <= 24) {
                    "real"
                } else {
                    "double precision"
                })
            }
            "decimal" | "dec" | "numeric" => {
                let modifier = self.modifier()?.map(|modifier| {
                    if modifier.contains(',') {
                        modifier
                    } else {
                        format!("{modifier},0")
                    }
                });
                Some((with_modifier("numeric", modifier.as_deref()), false))
            }
            "varchar" => self.with_own_modifier("character varying"),
            "char" | "character" | "bpchar" | "nchar" | "national" => {
                if word == "national" {
                    self.word()?;
                }
                if self.accept("varying") {
                    return self.with_own_modifier("character varying");
                }
                if word == "bpchar" && !self.is_symbol("(") {
                    return plain("bpchar");
                }
                let modifier = self.modifier()?.unwrap_or_else(|| "1".to_owned());
                Some((format!("character({modifier})"), false))
            }
            "bit" => {
                if self.accept("varying") {
                    return self.with_own_modifier("bit varying");
                }
                let modifier = self.modifier()?.unwrap_or_else(|| "1".to_owned());
                Some((format!("bit({modifier})"), false))
            }
            "varbit" => self.with_own_modifier("bit varying"),
            "timestamp" | "time" => {
                let modifier = self.modifier()?;
                let zone = if self.accept("with time zone") {
                    "with"
                } else {
                    self.accept("without time zone");
                    "without"
                };
                Some((
                    format!("{} {zone} time zone", with_modifier(word, modifier.as_deref())),
                    false,
                ))
            }
            "timestamptz" | "timetz" => {
                let modifier = self.modifier()?;
                let base = word.trim_end_matches("tz");
                Some((
                    format!("{} with time zone", with_modifier(base, modifier.as_deref())),
                    false,
                ))
            }
            "interval" => {
                let mut printed = "interval".to_owned();
                while let Some(field) = self.peek().and_then(Token::folded) {
                    if !["year", "month", "day", "hour", "minute", "second", "to"].contains(&field.as_str()) {
                        break;
                    }
                    self.at += 1;
                    printed = format!("{printed} {field}");
                }
                let modifier = self.modifier()?;
                Some((with_modifier(&printed, modifier.as_deref()), false))
            }
            _ => Some((quoted_name(word), false)),
        }
    }

    fn with_own_modifier(&mut self, name: &str) -> Option<(String, bool)> {
        let modifier = self.modifier()?;
        Some((with_modifier(name, modifier.as_deref()), false))
    }

    /// `(10, 2)` without spaces. Gives up where a parenthesis does not close.
    #[expect(
        clippy::option_option,
        reason = "that it does not close is something else than that there is none"
    )]
    fn modifier(&mut self) -> Option<Option<String>> {
        if !self.is_symbol("(") {
            return Some(None);
        }
        Some(Some(self.parenthesis()?.replace(' ', "")))
    }
}

fn with_modifier(name: &str, modifier: Option<&str>) -> String {
    modifier.map_or_else(|| name.to_owned(), |modifier| format!("{name}({modifier})"))
}

/// As the server prints a name in a type: quoted where it must be.
fn quoted_name(name: &str) -> String {
    let plain = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if plain {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

impl Parser<'_> {
    /// The first words of what is left, for naming what is not understood.
    pub(super) fn words(&self, count: usize) -> Vec<String> {
        let words = self.tokens[self.at.min(self.tokens.len())..]
            .iter()
            .map(crate::lexer::Token::folded);
        words.take(count).map_while(|word| word).collect()
    }
}
