//! A rough reading of SQL that works before the engine is known: words outside of comments and strings.
//!
//! Only for guessing an engine and for finding templates. Statements are split by `dbwright-sql`.

use dbwright_catalog::Engine;

/// A word (letters, digits, `_`) in upper case, or any other single character, with its line counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: u32,
}

/// What a text is made of, at the level that all engines share.
enum Part<'a> {
    /// Comment or single-quoted string.
    Quiet,
    /// A dollar-quoted string, as PostgreSQL has them.
    Dollar,
    /// Text in double quotes or backticks: a name, or for MySQL a string. With its quotes.
    Quoted(&'a str),
    /// A comment from `#` to the end of its line, as MySQL has them, at the beginning of one.
    Hash,
    /// A word.
    Word(&'a str),
    /// Any other character but white space.
    Symbol(char),
}

/// Calls `visit` for each part of a text with its line. `visit` gets the rest of the text at the part as well.
fn parts<'a>(text: &'a str, mut visit: impl FnMut(Part<'a>, u32, &'a str)) {
    let mut rest = text;
    let mut line = 1u32;
    let mut begins_line = true;
    while let Some(first) = rest.chars().next() {
        let (part, length) = if rest.starts_with("--") {
            (Some(Part::Quiet), rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (Some(Part::Quiet), rest.find("*/").map_or(rest.len(), |end| end + 2))
        } else if first == '\'' {
            (
                Some(Part::Quiet),
                rest[1..].find('\'').map_or(rest.len(), |end| end + 2),
            )
        } else if begins_line && is_hash_comment(rest) {
            (Some(Part::Hash), rest.find('\n').unwrap_or(rest.len()))
        } else if let Some(length) = quoted(rest) {
            (Some(Part::Quoted(&rest[..length])), length)
        } else if let Some(length) = dollar_quoted(rest) {
            (Some(Part::Dollar), length)
        } else if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            (Some(Part::Word(&rest[..length])), length)
        } else if first.is_whitespace() {
            (None, first.len_utf8())
        } else {
            (Some(Part::Symbol(first)), first.len_utf8())
        };
        begins_line = part.is_none() && (begins_line || first == '\n');
        if let Some(part) = part {
            visit(part, line, rest);
        }
        let newlines = rest[..length].bytes().filter(|&byte| byte == b'\n').count();
        line = line.saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX));
        rest = &rest[length..];
    }
}

/// `# text`. PostgreSQL has `#` as an operator, which seldom begins a line with a space behind it.
fn is_hash_comment(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_whitespace() || c.is_alphabetic() || c == '#'))
}

/// Length of the text in double quotes or backticks that `text` begins with. A doubled quote is a quote inside.
fn quoted(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '`'))?;
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return Some(at + 1);
        }
    }
    // One that never closes is a character like any other.
    None
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Length of the dollar-quoted string that `text` begins with (`$$…$$`, `$tag$…$tag$`).
fn dollar_quoted(text: &str) -> Option<usize> {
    let after = text.strip_prefix('$')?;
    let tag = after.find('$')?;
    let name = &after[..tag];
    if !name.chars().all(is_word) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let delimiter = &text[..tag + 2];
    let body = &text[delimiter.len()..];
    Some(body.find(delimiter).map_or(text.len(), |end| end + 2 * delimiter.len()))
}

/// The words and symbols of a text. Dollar-quoted strings come as `$$`, text in double quotes or backticks as an empty one,
/// a comment with `#` as `# `.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    parts(text, |part, line, _| {
        let text = match part {
            Part::Quiet => return,
            Part::Dollar => "$$".to_owned(),
            Part::Quoted(quoted) => if quoted.starts_with('`') { "``" } else { "\"\"" }.to_owned(),
            Part::Hash => "# ".to_owned(),
            Part::Word(word) => word.to_uppercase(),
            Part::Symbol(symbol) => symbol.to_string(),
        };
        tokens.push(Token { text, line });
    });
    tokens
}

/// A variable of a template outside of strings and comments, which no engine accepts: `{{ .Schema }}`, `${TABLE}`.
pub(crate) fn template_mark(text: &str) -> Option<String> {
    let mut found = None;
    parts(text, |part, _, rest| {
        if found.is_some() {
            return;
        }
        found = match part {
            Part::Symbol('{' | '$') => mark_at(rest, "{{", "}}").or_else(|| mark_at(rest, "${", "}")),
            Part::Quoted(quoted) => quoted
                .match_indices(['{', '$'])
                .find_map(|(at, _)| mark_at(&quoted[at..], "{{", "}}").or_else(|| mark_at(&quoted[at..], "${", "}"))),
            Part::Symbol(_) | Part::Quiet | Part::Dollar | Part::Hash | Part::Word(_) => None,
        };
    });
    found
}

fn mark_at(rest: &str, open: &str, close: &str) -> Option<String> {
    let body = rest.strip_prefix(open)?;
    let end = body.find(close)?;
    let mark = &rest[..open.len() + end + close.len()];
    (!mark.contains('\n') && mark.len() <= 100).then(|| mark.to_owned())
}

/// A name of the environment that goose would put in: `$NAME` or `${NAME}`, also inside strings.
pub(crate) fn environment_variable(text: &str) -> Option<&str> {
    text.match_indices('$').find_map(|(at, _)| {
        let after = &text[at + 1..];
        let name = after.strip_prefix('{').unwrap_or(after);
        let end = name
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(name.len());
        let begins_right = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        // `$tag$` is a dollar quote.
        (begins_right && !name[end..].starts_with('$')).then(|| &name[..end])
    })
}

/// Syntax that only one engine has, as sequences of words. `ALTER TABLE … MODIFY` and the like are left out where
/// another engine might take them for names.
const MARKS: [(Engine, &[&str]); 52] = [
    (Engine::Postgres, &["$$"]),
    (Engine::Postgres, &["SERIAL"]),
    (Engine::Postgres, &["BIGSERIAL"]),
    (Engine::Postgres, &["SMALLSERIAL"]),
    (Engine::Postgres, &["CONCURRENTLY"]),
    (Engine::Postgres, &["JSONB"]),
    (Engine::Postgres, &["TIMESTAMPTZ"]),
    (Engine::Postgres, &["WITH", "TIME", "ZONE"]),
    (Engine::Postgres, &["BYTEA"]),
    (Engine::Postgres, &["TSVECTOR"]),
    (Engine::Postgres, &[":", ":"]),
    (Engine::Postgres, &["CREATE", "EXTENSION"]),
    (Engine::Postgres, &["CREATE", "TYPE"]),
    (Engine::Postgres, &["ALTER", "TYPE"]),
    (Engine::Postgres, &["CREATE", "MATERIALIZED"]),
    (Engine::Postgres, &["CREATE", "SEQUENCE"]),
    (Engine::Postgres, &["CREATE", "POLICY"]),
    (Engine::Postgres, &["LANGUAGE", "PLPGSQL"]),
    (Engine::Postgres, &["NOT", "VALID"]),
    (Engine::Postgres, &["VALIDATE", "CONSTRAINT"]),
    (Engine::Postgres, &["OWNER", "TO"]),
    (Engine::Postgres, &["USING", "GIN"]),
    (Engine::Postgres, &["USING", "GIST"]),
    (Engine::Postgres, &["PG_CATALOG"]),
    (Engine::Postgres, &["SET", "LOCK_TIMEOUT"]),
    (Engine::Sqlite, &["AUTOINCREMENT"]),
    (Engine::Sqlite, &["PRAGMA"]),
    (Engine::Sqlite, &["WITHOUT", "ROWID"]),
    (Engine::Sqlite, &[")", "STRICT"]),
    (Engine::Sqlite, &["SQLITE_MASTER"]),
    (Engine::Sqlite, &["SQLITE_SCHEMA"]),
    (Engine::Sqlite, &["SQLITE_SEQUENCE"]),
    (Engine::Sqlite, &["INSERT", "OR", "REPLACE"]),
    (Engine::Sqlite, &["INSERT", "OR", "IGNORE"]),
    (Engine::Sqlite, &["CREATE", "VIRTUAL", "TABLE"]),
    (Engine::Sqlite, &["RAISE", "(", "ABORT"]),
    (Engine::MySql, &["AUTO_INCREMENT"]),
    (Engine::MySql, &["ENGINE", "="]),
    (Engine::MySql, &["MODIFY", "COLUMN"]),
    (Engine::MySql, &["CHANGE", "COLUMN"]),
    (Engine::MySql, &["ON", "DUPLICATE", "KEY"]),
    (Engine::MySql, &["CHARSET", "="]),
    (Engine::MySql, &["CHARACTER", "SET", "UTF8MB4"]),
    (Engine::MySql, &["CONVERT", "TO", "CHARACTER"]),
    (Engine::MySql, &["COLLATE", "UTF8MB4_UNICODE_CI"]),
    (Engine::MySql, &["MEDIUMTEXT"]),
    (Engine::MySql, &["LONGTEXT"]),
    (Engine::MySql, &["DROP", "FOREIGN", "KEY"]),
    (Engine::MySql, &["SET", "NAMES", "UTF8MB4"]),
    (Engine::MySql, &["FOREIGN_KEY_CHECKS"]),
    (Engine::MySql, &["DELIMITER", ";"]),
    (Engine::MySql, &["# "]),
];

/// Whether names stand in backticks, which PostgreSQL does not know: MySQL's way, which SQLite takes as well. With the line.
pub(crate) fn backtick(text: &str) -> Option<u32> {
    tokens(text)
        .into_iter()
        .find(|token| token.text == "``")
        .map(|token| token.line)
}

/// The marks of engines in a text, the first of each engine: the engine, the mark as it reads, its line. MySQL stands for
/// MariaDB too.
pub(crate) fn engine_marks(text: &str) -> Vec<(Engine, String, u32)> {
    let tokens = tokens(text);
    let mut found: Vec<(Engine, String, u32)> = Vec::new();
    for start in 0..tokens.len() {
        for (engine, mark) in MARKS {
            let here = tokens[start..].iter().map(|token| token.text.as_str());
            if found.iter().all(|(known, ..)| *known != engine) && here.take(mark.len()).eq(mark.iter().copied()) {
                let separator = if mark.iter().all(|part| part.len() == 1) {
                    ""
                } else {
                    " "
                };
                found.push((engine, mark.join(separator), tokens[start].line));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engines(text: &str) -> Vec<Engine> {
        engine_marks(text).into_iter().map(|(engine, ..)| engine).collect()
    }

    #[test]
    fn marks_count_only_outside_of_comments_and_strings() {
        assert_eq!(engines("CREATE TABLE t (id BIGSERIAL)"), [Engine::Postgres]);
        assert_eq!(
            engines("create table t (id integer primary key autoincrement)"),
            [Engine::Sqlite]
        );
        assert_eq!(engines("CREATE TABLE t (id int) ENGINE=InnoDB"), [Engine::MySql]);
        assert_eq!(engines("-- SERIAL\n/* PRAGMA */ SELECT 'AUTO_INCREMENT'"), []);
        assert_eq!(engines("DO $x$ BEGIN PRAGMA; END $x$"), [Engine::Postgres]);
        assert_eq!(engines("SELECT a::text"), [Engine::Postgres]);
    }

    #[test]
    fn text_in_double_quotes_and_backticks_holds_no_marks() {
        assert_eq!(engines("INSERT INTO t VALUES (\"a SERIAL ' b\", 'PRAGMA')"), []);
        assert_eq!(engines("ALTER TABLE `PRAGMA` ADD `it's` int; -- `"), []);
        assert_eq!(engines("SELECT \"a\"\"JSONB\" AS \"b, c::text"), [Engine::Postgres]);
        assert_eq!(backtick("SELECT '`';\nSELECT `a`"), Some(2));
        assert_eq!(backtick("SELECT \"`a`\""), None);
    }

    #[test]
    fn a_comment_with_a_hash_is_one_of_mysql() {
        assert_eq!(engines("# SERIAL\nCREATE TABLE t (a int)"), [Engine::MySql]);
        assert_eq!(engines("SELECT a\n  #>> '{b}' FROM t"), []);
        assert_eq!(engines("SELECT a # b"), []);
    }

    #[test]
    fn templates_count_only_where_no_engine_would_accept_them() {
        assert_eq!(
            template_mark("CREATE TABLE {{ .Schema }}.t (a int)"),
            Some("{{ .Schema }}".to_owned())
        );
        assert_eq!(
            template_mark("CREATE TABLE \"{{ .S }}\".t (a int)"),
            Some("{{ .S }}".to_owned())
        );
        assert_eq!(template_mark("CREATE TABLE ${T} (a int)"), Some("${T}".to_owned()));
        assert_eq!(template_mark("SELECT '{{1,2},{3,4}}', $$ ${x} $$ -- {{ x }}"), None);
        assert_eq!(template_mark("PREPARE p AS SELECT $1"), None);
    }

    #[test]
    fn names_of_the_environment_are_told_from_dollar_quotes() {
        assert_eq!(environment_variable("GRANT ALL ON t TO ${APP_ROLE}"), Some("APP_ROLE"));
        assert_eq!(environment_variable("SELECT '$REGION'"), Some("REGION"));
        assert_eq!(environment_variable("DO $body$ BEGIN END $body$"), None);
        assert_eq!(environment_variable("SELECT $1"), None);
    }

    #[test]
    fn unfinished_quotes_end_with_the_text() {
        for text in ["'", "/*", "$$", "$a$ x", "--", "{{", "${", "\u{e9}'\u{e9}"] {
            let _ = (tokens(text), template_mark(text), environment_variable(text));
        }
    }
}
