//! Reading a statement word by word, and the clauses that engines share.

use super::{Summary, TransactionControl};
use crate::dialect::Dialect;
use crate::lexer::{Token, TokenKind, Tokens, tokens_in};

/// How deep `WITH` inside `WITH` is followed. Deeper ones are taken for queries.
const NESTED_WITH_MAX: u8 = 8;

/// The tokens of a statement without white space, comments and the marks around code in comments. A clone goes on from the same place.
#[derive(Clone)]
pub(crate) struct Reader<'text>(Tokens<'text>);

/// The words that may begin what a `WITH` belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Main {
    Query,
    SelectInto,
    Write,
    Unknown,
}

impl<'text> Iterator for Reader<'text> {
    type Item = Token<'text>;

    fn next(&mut self) -> Option<Token<'text>> {
        self.0
            .by_ref()
            .find(|token| !token.is_space() && token.kind != TokenKind::CodeMark)
    }
}

impl<'text> Reader<'text> {
    pub(crate) fn new(dialect: Dialect, text: &'text str) -> Self {
        Reader(tokens_in(dialect, text))
    }

    /// One past the last byte of the token that was consumed last.
    pub(crate) fn consumed_to(&self) -> usize {
        self.0.position()
    }

    pub(crate) fn peek(&self) -> Option<Token<'text>> {
        self.clone().next()
    }

    pub(crate) fn at(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is(word))
    }

    /// The next token in lower case if it is a word. It is consumed whatever it is.
    pub(crate) fn word(&mut self) -> String {
        self.next().and_then(|token| token.folded()).unwrap_or_default()
    }

    /// Consumes this word if it is next.
    pub(crate) fn accept(&mut self, word: &str) -> bool {
        self.accept_if(|token| token.is(word))
    }

    /// Consumes any one of these words if it is next.
    pub(crate) fn accept_any(&mut self, words: &[&str]) -> bool {
        self.accept_if(|token| words.iter().any(|word| token.is(word)))
    }

    /// Consumes these words if all of them are next, in this order.
    pub(crate) fn accept_all(&mut self, words: &[&str]) -> bool {
        let mut ahead = self.clone();
        let all = words.iter().all(|word| ahead.accept(word));
        if all {
            *self = ahead;
        }
        all
    }

    pub(crate) fn accept_symbol(&mut self, symbol: &str) -> bool {
        self.accept_if(|token| token.is_symbol(symbol))
    }

    /// Consumes `=` if it is next; options of tables may be written without.
    pub(crate) fn accept_equals(&mut self) -> bool {
        self.accept_if(|token| token.text == "=")
    }

    fn accept_if(&mut self, wanted: impl Fn(&Token<'_>) -> bool) -> bool {
        let mut ahead = self.clone();
        let found = ahead.next().is_some_and(|token| wanted(&token));
        if found {
            *self = ahead;
        }
        found
    }

    /// The name that is next, unquoted and folded; on SQLite, strings are names as well.
    pub(crate) fn name(&mut self) -> Option<String> {
        let token = self.next()?;
        token.name().or_else(|| token.value())
    }

    /// The next token that stands outside parentheses; those that stand inside are passed.
    pub(crate) fn next_outside(&mut self) -> Option<Token<'text>> {
        let mut depth = 0_usize;
        loop {
            let token = self.next()?;
            if token.is_symbol("(") {
                depth += 1;
            } else if token.is_symbol(")") && depth > 0 {
                depth -= 1;
            } else if depth == 0 {
                return Some(token);
            }
        }
    }

    /// Whether one of these words comes next outside parentheses before one of the others. Consumes up to it.
    /// A word behind a dot is a name.
    pub(crate) fn find_outside(&mut self, wanted: &[&str], until: &[&str]) -> Option<Token<'text>> {
        let mut is_name = false;
        loop {
            let token = self.next_outside()?;
            if !is_name && wanted.iter().any(|word| token.is(word)) {
                return Some(token);
            }
            if token.is_symbol(";") || (!is_name && until.iter().any(|word| token.is(word))) {
                return None;
            }
            is_name = token.is_symbol(".") || token.is("as");
        }
    }

    /// Passes a parenthesis whose opening was consumed.
    pub(crate) fn pass_parenthesis(&mut self) {
        let mut depth = 1_usize;
        while depth > 0
            && let Some(token) = self.next()
        {
            if token.is_symbol("(") {
                depth += 1;
            } else if token.is_symbol(")") {
                depth -= 1;
            }
        }
    }

    /// Summarises what begins with `SELECT`, `WITH`, `INSERT` … from here on.
    pub(super) fn query_or_write(self) -> Summary {
        match self.main(0) {
            Main::Query => Summary::Query,
            Main::SelectInto => Summary::Definition,
            Main::Write => Summary::Write,
            Main::Unknown => Summary::Other,
        }
    }

    fn main(mut self, nested: u8) -> Main {
        while self.accept_symbol("(") {}
        let mut writes = false;
        if self.accept("with") {
            writes = self.pass_common_tables(nested);
            while self.accept_symbol("(") {}
        }
        let main = match self.word().as_str() {
            "select" if self.find_outside(&["into"], &[]).is_some() => Main::SelectInto,
            "select" | "values" | "table" => Main::Query,
            "insert" | "update" | "delete" | "merge" | "replace" => Main::Write,
            _ => Main::Unknown,
        };
        if writes && main == Main::Query {
            Main::Write
        } else {
            main
        }
    }

    /// Passes what a `WITH` that was consumed defines.
    pub(super) fn pass_with(&mut self) {
        self.pass_common_tables(NESTED_WITH_MAX);
    }

    /// Passes `a AS (…), b (x, y) AS MATERIALIZED (…) SEARCH … CYCLE …` behind `WITH`; whether one of them writes.
    /// `insert` and `delete` may be names there.
    fn pass_common_tables(&mut self, nested: u8) -> bool {
        let mut writes = false;
        self.accept("recursive");
        loop {
            self.next();
            if self.accept_symbol("(") {
                self.pass_parenthesis();
            }
            self.accept("as");
            self.accept("not");
            self.accept("materialized");
            if !self.accept_symbol("(") {
                return writes;
            }
            if !writes && nested < NESTED_WITH_MAX {
                writes = self.clone().main(nested + 1) == Main::Write;
            }
            self.pass_parenthesis();
            if self.accept("search") && self.find_outside(&["set"], &[]).is_some() {
                self.next();
            }
            if self.accept("cycle") && self.find_outside(&["using"], &[]).is_some() {
                self.next();
            }
            if !self.accept_symbol(",") {
                return writes;
            }
        }
    }

    /// `[WORK | TRANSACTION] [TO [SAVEPOINT] name]` behind `ROLLBACK`.
    pub(super) fn rollback(mut self) -> Summary {
        self.accept_any(&["work", "transaction"]);
        if !self.accept("to") {
            return Summary::Transaction(TransactionControl::Rollback);
        }
        self.accept_savepoint_word();
        Summary::Transaction(TransactionControl::RollbackTo(self.name().unwrap_or_default()))
    }

    /// `[SAVEPOINT] name` behind `RELEASE`.
    pub(super) fn release(mut self) -> Summary {
        self.accept_savepoint_word();
        Summary::Transaction(TransactionControl::Release(self.name().unwrap_or_default()))
    }

    /// `name` behind `SAVEPOINT`.
    pub(super) fn savepoint(mut self) -> Summary {
        Summary::Transaction(TransactionControl::Savepoint(self.name().unwrap_or_default()))
    }

    /// A savepoint may itself be called `savepoint`.
    fn accept_savepoint_word(&mut self) {
        let mut ahead = self.clone();
        let name_follows = ahead.accept("savepoint")
            && ahead
                .next()
                .is_some_and(|token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedName | TokenKind::String));
        if name_follows {
            self.next();
        }
    }

    /// Whether roles are given to roles (`GRANT a TO b`) and not rights on something. Behind `GRANT` or `REVOKE`.
    pub(super) fn names_roles(mut self) -> bool {
        // `REVOKE GRANT OPTION FOR SELECT ON …`: there is an `ON` before the `FROM` all the same.
        self.find_outside(&["to", "from"], &["on"]).is_some()
    }
}
