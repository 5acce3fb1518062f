//! `CREATE TABLE` as MySQL and MariaDB print it, taken apart into the pieces that `ALTER TABLE` takes.
//!
//! The pieces stay in the server's own words, so that no property of a column or an index can get lost on the way. Marks of
//! version comments (`/*!80023 … */`) are left out: what stands between them is for this server.

use dbwright_catalog::Engine;
use dbwright_sql::{Token, TokenKind, tokens};

/// The pieces of a `CREATE TABLE`, in the order in which they stand there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableText {
    /// Name and definition of each column; the definition begins with the name.
    pub columns: Vec<(String, String)>,
    /// Name and definition of each index, `PRIMARY` for the primary key.
    pub indexes: Vec<(String, String)>,
    /// Name and definition of each foreign key and check: `` CONSTRAINT `c` CHECK (…) ``.
    pub constraints: Vec<(String, String)>,
    /// `PERIOD FOR …` (MariaDB).
    pub periods: Vec<String>,
    /// What stands behind the closing bracket.
    pub options: TableOptions,
    /// `PARTITION BY …`.
    pub partitioning: Option<String>,
}

/// The options of a table as (name, value): (`ROW_FORMAT`, `COMPRESSED`). The value is empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableOptions(pub Vec<(String, String)>);

/// `WITH SYSTEM VERSIONING`, the one option without a value.
pub(crate) const VERSIONING: &str = "WITH SYSTEM VERSIONING";

impl TableOptions {
    /// The value of an option.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(option, _)| option == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Gives an option a value, in its old place where it has one.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(option, _)| option == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Takes an option out.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(option, _)| option == name)?;
        Some(self.0.remove(at).1)
    }

    /// As it is written behind the closing bracket.
    pub fn text(&self) -> String {
        let written: Vec<_> = self.0.iter().map(|(name, value)| written(name, value)).collect();
        written.join(" ")
    }
}

/// One option as it is written.
pub(crate) fn written(name: &str, value: &str) -> String {
    match (name, value) {
        (name, "") => name.to_owned(),
        ("TABLESPACE", value) => format!("{name} {value}"),
        (name, value) => format!("{name}={value}"),
    }
}

/// Takes a `CREATE TABLE` apart. Pieces that are not understood are left out, so that their absence shows when the table
/// is printed again.
pub fn table_text(engine: Engine, text: &str) -> TableText {
    let tokens: Vec<Token<'_>> = tokens(engine, text).collect();
    let mut table = TableText::default();
    let Some(open) = tokens.iter().position(|token| token.is_symbol("(")) else {
        return table;
    };
    let mut depth = 1;
    let mut start = open + 1;
    let mut end = tokens.len();
    for (at, token) in tokens.iter().enumerate().skip(open + 1) {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth -= 1;
        }
        if depth == 0 || depth == 1 && token.is_symbol(",") {
            table.add(&tokens[start..at]);
            start = at + 1;
        }
        if depth == 0 {
            end = at + 1;
            break;
        }
    }
    let rest = &tokens[end..];
    let is_partitioning = |at: &usize| {
        rest[*at].is("PARTITION")
            && rest[at + 1..]
                .iter()
                .find(|token| !is_silent(token))
                .is_some_and(|token| token.is("BY"))
    };
    let partitioning = (0..rest.len()).find(is_partitioning);
    let options = &rest[..partitioning.unwrap_or(rest.len())];
    table.options = options_of(options);
    table.partitioning = partitioning.map(|at| cleaned(&rest[at..]));
    table
}

impl TableText {
    fn add(&mut self, tokens: &[Token<'_>]) {
        let mut words = tokens.iter().filter(|token| !is_silent(token));
        let Some(first) = words.next() else { return };
        let text = cleaned(tokens);
        let mut named = words
            .clone()
            .filter(|token| token.kind == TokenKind::QuotedName)
            .filter_map(Token::name);
        if first.kind == TokenKind::QuotedName {
            self.columns.extend(first.name().map(|name| (name, text)));
        } else if first.is("CONSTRAINT") {
            self.constraints.extend(named.next().map(|name| (name, text)));
        } else if first.is("PERIOD") {
            self.periods.push(text);
        } else if first.is("PRIMARY") {
            self.indexes.push(("PRIMARY".to_owned(), text));
        } else {
            self.indexes.extend(named.next().map(|name| (name, text)));
        }
    }
}

/// Whether a token means nothing: white space, comments, and marks of version comments.
fn is_silent(token: &Token<'_>) -> bool {
    token.is_space() || token.kind == TokenKind::CodeMark
}

/// The text of tokens without marks of version comments, and with one space where those left several. Line breaks stay.
pub(crate) fn cleaned(tokens: &[Token<'_>]) -> String {
    let mut text = String::new();
    for token in tokens {
        match token.kind {
            TokenKind::CodeMark => {}
            TokenKind::Space | TokenKind::LineComment | TokenKind::BlockComment => {
                let gap = if token.text.contains('\n') { '\n' } else { ' ' };
                if text.ends_with(' ') && gap == '\n' {
                    text.pop();
                }
                if !text.ends_with([' ', '\n']) {
                    text.push(gap);
                }
            }
            TokenKind::Word
            | TokenKind::QuotedName
            | TokenKind::String
            | TokenKind::Number
            | TokenKind::Parameter
            | TokenKind::Operator
            | TokenKind::Symbol => text.push_str(token.text),
        }
    }
    text.trim().to_owned()
}

fn options_of(tokens: &[Token<'_>]) -> TableOptions {
    let tokens: Vec<&Token<'_>> = tokens.iter().filter(|token| !is_silent(token)).collect();
    let mut options = TableOptions::default();
    let mut words: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        if token.text == "=" {
            let name = std::mem::take(&mut words).join(" ");
            let start = at;
            at = end_of_value(&tokens, at);
            let value: String = tokens[start..at].iter().map(|token| token.text).collect();
            options.0.push((name, value));
            continue;
        }
        words.push(token.text);
        if words == ["WITH", "SYSTEM", "VERSIONING"] {
            options.0.push((VERSIONING.to_owned(), String::new()));
            words.clear();
        } else if let ["TABLESPACE", name] = words[..] {
            options.0.push(("TABLESPACE".to_owned(), name.to_owned()));
            words.clear();
        }
    }
    if !words.is_empty() {
        options.0.push((words.join(" "), String::new()));
    }
    options
}

/// Where the value that begins at `at` ends: one token, or a list in brackets.
fn end_of_value(tokens: &[&Token<'_>], at: usize) -> usize {
    if tokens.get(at).is_some_and(|token| token.is_symbol("(")) {
        let length = tokens[at..].iter().position(|token| token.is_symbol(")"));
        return length.map_or(tokens.len(), |length| at + length + 1);
    }
    (at + 1).min(tokens.len())
}

/// Takes `COMMENT '…'` out of the definition of a column or an index. Gives the rest and the text of the comment.
pub fn without_comment(engine: Engine, text: &str) -> (String, Option<String>) {
    let tokens: Vec<Token<'_>> = tokens(engine, text).collect();
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth -= 1;
        }
        if depth > 0 || !token.is("COMMENT") {
            continue;
        }
        let string = (at + 1..tokens.len()).find(|at| !is_silent(&tokens[*at]));
        let Some(string) = string.filter(|string| tokens[*string].kind == TokenKind::String) else {
            continue;
        };
        let rest = [&tokens[..at], &tokens[string + 1..]].concat();
        return (cleaned(&rest), tokens[string].value());
    }
    (cleaned(&tokens), None)
}

/// The definition of a column with its character set and collation written out, wherever the server left them to the
/// table. `charset` and `collation` are those of `information_schema`.
pub fn with_collation(engine: Engine, text: &str, charset: Option<&str>, collation: Option<&str>) -> String {
    let (Some(charset), Some(collation)) = (charset, collation) else {
        return text.to_owned();
    };
    let tokens: Vec<Token<'_>> = tokens(engine, text).collect();
    let end = end_of_type(&tokens);
    let mut rest = &tokens[end..];
    for words in [&["CHARACTER", "SET"][..], &["COLLATE"][..]] {
        rest = after_clause(rest, words);
    }
    let rest = cleaned(rest);
    let gap = if rest.is_empty() { "" } else { " " };
    format!(
        "{} CHARACTER SET {charset} COLLATE {collation}{gap}{rest}",
        cleaned(&tokens[..end])
    )
}

/// What follows these words and the one behind them, where it begins with them.
fn after_clause<'a, 'text>(tokens: &'a [Token<'text>], words: &[&str]) -> &'a [Token<'text>] {
    let mut loud = tokens.iter().enumerate().filter(|(_, token)| !is_silent(token));
    for word in words {
        if !loud.next().is_some_and(|(_, token)| token.is(word)) {
            return tokens;
        }
    }
    loud.next().map_or(tokens, |(at, _)| &tokens[at + 1..])
}

/// Where the type of a column ends: behind its name, its word, its brackets and its attributes.
fn end_of_type(tokens: &[Token<'_>]) -> usize {
    let mut end = 0;
    let mut seen = 0;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        if is_silent(token) {
            continue;
        }
        seen += 1;
        if token.is_symbol("(") {
            let mut depth = 1;
            while depth > 0 && at < tokens.len() {
                depth += i32::from(tokens[at].is_symbol("(")) - i32::from(tokens[at].is_symbol(")"));
                at += 1;
            }
        } else if seen > 2 && !["unsigned", "zerofill", "COMPRESSED"].iter().any(|word| token.is(word)) {
            break;
        }
        end = at;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    const MYSQL: &str = "CREATE TABLE `t` (
  `a` int NOT NULL COMMENT 'x, (y',
  `b` varchar(9) DEFAULT 'it''s' /*!80023 INVISIBLE */,
  PRIMARY KEY (`a`),
  FULLTEXT KEY `f` (`b`) /*!50100 WITH PARSER `ngram` */ ,
  CONSTRAINT `c` CHECK ((`a` > 1)) /*!80016 NOT ENFORCED */
) /*!50100 TABLESPACE `innodb_system` */ ENGINE=InnoDB DEFAULT CHARSET=latin1 COMMENT='PARTITION BY x'
/*!50100 PARTITION BY HASH (`a`)
PARTITIONS 4 */";

    #[test]
    fn a_table_is_taken_apart() {
        let table = table_text(Engine::MySql, MYSQL);
        assert_eq!(table.columns[1].1, "`b` varchar(9) DEFAULT 'it''s' INVISIBLE");
        assert_eq!(table.indexes[0], ("PRIMARY".into(), "PRIMARY KEY (`a`)".into()));
        assert_eq!(table.indexes[1].1, "FULLTEXT KEY `f` (`b`) WITH PARSER `ngram`");
        assert_eq!(
            table.constraints,
            [("c".into(), "CONSTRAINT `c` CHECK ((`a` > 1)) NOT ENFORCED".into())]
        );
        assert_eq!(
            table.options.text(),
            "TABLESPACE `innodb_system` ENGINE=InnoDB DEFAULT CHARSET=latin1 COMMENT='PARTITION BY x'"
        );
        assert_eq!(
            table.partitioning.as_deref(),
            Some("PARTITION BY HASH (`a`)\nPARTITIONS 4")
        );
    }

    #[test]
    fn options_of_storage_engines_and_versioning_are_options() {
        let text = "CREATE TABLE `t` (\n  `a` int(11)\n) ENGINE=InnoDB `page_compressed`='1' WITH SYSTEM VERSIONING\n PARTITION BY SYSTEM_TIME LIMIT 100\n(PARTITION `p0` HISTORY ENGINE = InnoDB,\n PARTITION `pn` CURRENT ENGINE = InnoDB)";
        let table = table_text(Engine::MariaDb, text);
        assert_eq!(table.options.get("`page_compressed`"), Some("'1'"));
        assert_eq!(table.options.get(VERSIONING), Some(""));
        assert!(
            table
                .partitioning
                .is_some_and(|text| text.ends_with("ENGINE = InnoDB)"))
        );
    }

    #[test]
    fn comments_are_taken_out_where_they_are_comments() {
        assert_eq!(
            without_comment(
                Engine::MySql,
                "`a` varchar(9) DEFAULT 'COMMENT ''x''' COMMENT 'it''s\\n'"
            ),
            (
                "`a` varchar(9) DEFAULT 'COMMENT ''x'''".to_owned(),
                Some("it's\n".to_owned())
            )
        );
        assert_eq!(without_comment(Engine::MySql, "`COMMENT` int DEFAULT NULL").1, None);
    }

    #[test]
    fn collations_are_written_out() {
        for (text, expected) in [
            (
                "`a` enum('x','y') DEFAULT NULL",
                "`a` enum('x','y') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL",
            ),
            (
                "`a` varchar(9) COMPRESSED CHARACTER SET utf8mb4 COLLATE utf8mb4_bin GENERATED ALWAYS AS (1) VIRTUAL",
                "`a` varchar(9) COMPRESSED CHARACTER SET utf8mb4 COLLATE utf8mb4_bin GENERATED ALWAYS AS (1) VIRTUAL",
            ),
            ("`a` text", "`a` text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
            (
                "`a` text COLLATE utf8mb4_bin NOT NULL",
                "`a` text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL",
            ),
        ] {
            let written = with_collation(Engine::MySql, text, Some("utf8mb4"), Some("utf8mb4_bin"));
            assert_eq!(written, expected);
        }
    }
}
