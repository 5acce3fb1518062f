//! What a comment in SQL says of the object that stands with it: `-- dbwright: renamed from old_name`.
//!
//! The comment stands before a statement that creates something, or in it: before a column, constraint, key or label of an
//! enum, or at the end of its line. Which schema a name without one is in, the reader of a catalog knows.

use crate::dialect::Dialect;
use crate::lexer::{Token, TokenKind, tokens_in};

/// That something had another name before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredRename {
    /// Line of the comment, counted from 1.
    pub line: u32,
    /// What it is.
    pub what: Renamed,
    /// Its name now, with its schema where that is written.
    pub now: Vec<String>,
    /// Its name before, as it is written: with a schema where it was in another one.
    pub before: Vec<String>,
}

/// What kind of thing was renamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renamed {
    /// What the words after `CREATE` say: `table`, `view`, `type`, `index`, `function`.
    Object(String),
    /// A part of a table (with its schema where that is written): a column, constraint or index.
    Part {
        /// `column`, `constraint`, `index`.
        kind: &'static str,
        /// The table.
        of: Vec<String>,
    },
    /// A label of an enum.
    Label {
        /// The type.
        of: Vec<String>,
    },
}

/// A comment that begins as one of dbwright's own and says nothing that can be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnclearIntent {
    /// Line of the comment, counted from 1.
    pub line: u32,
    /// What is wrong, in one sentence.
    pub problem: String,
}

/// Every rename that the comments of a text declare, and the comments that can't be followed.
pub fn declared_renames(dialect: Dialect, text: &str) -> (Vec<DeclaredRename>, Vec<UnclearIntent>) {
    let tokens: Vec<Token<'_>> = tokens_in(dialect, text).collect();
    let code: Vec<&Token<'_>> = tokens.iter().filter(|token| !token.is_space()).collect();
    let (mut renames, mut unclear): (Vec<DeclaredRename>, Vec<UnclearIntent>) = (Vec::new(), Vec::new());
    for comment in &tokens {
        let Some(said) = renamed_from(comment) else { continue };
        let start = comment.span.range().start;
        let line = 1 + text[..start].matches('\n').count() as u32;
        let before = name_in(dialect, said);
        let place = place_of(&code, text, start);
        let problem = match (before.is_empty(), place.and_then(|place| thing_at(&code, place))) {
            (true, _) => "`renamed from` is not followed by a name",
            (false, None) => {
                "it stands neither before nor, on the same line, behind something that has a name: a CREATE statement, a \
                 column, a constraint, a key, a label of an enum"
            }
            (false, Some((what, now))) => {
                if !renames.iter().any(|known| known.what == what && known.now == now) {
                    renames.push(DeclaredRename {
                        line,
                        what,
                        now,
                        before,
                    });
                    continue;
                }
                "another comment says already what this was renamed from"
            }
        };
        unclear.push(UnclearIntent {
            line,
            problem: problem.to_owned(),
        });
    }
    (renames, unclear)
}

/// What follows `dbwright: renamed from` in a comment.
fn renamed_from<'text>(token: &Token<'text>) -> Option<&'text str> {
    let inner = match token.kind {
        TokenKind::LineComment => token.text.trim_start_matches(['-', '#']),
        TokenKind::BlockComment => token.text.trim_start_matches("/*").trim_end_matches("*/"),
        _ => return None,
    };
    let said = inner.trim().strip_prefix("dbwright:")?.trim_start();
    let rest = said.strip_prefix("renamed")?.trim_start().strip_prefix("from")?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim())
}

/// A name with its schema, as it is written; a label of an enum may stand in quotes.
fn name_in(dialect: Dialect, text: &str) -> Vec<String> {
    let tokens: Vec<Token<'_>> = tokens_in(dialect, text).filter(|token| !token.is_space()).collect();
    if let Some(label) = tokens.first().and_then(Token::value) {
        return vec![label];
    }
    let tokens: Vec<&Token<'_>> = tokens.iter().collect();
    dotted(&tokens, 0).map(|(name, _)| name).unwrap_or_default()
}

/// The token that a comment is about: the last one before it on its line, or else the next one.
fn place_of(code: &[&Token<'_>], text: &str, comment: usize) -> Option<usize> {
    let line = text[..comment].rfind('\n').map_or(0, |at| at + 1);
    let next = code.partition_point(|token| token.span.range().start < comment);
    let behind = code[..next]
        .iter()
        .rposition(|token| !(token.is_symbol(",") || token.is_symbol(";") || token.is_symbol("(")));
    match behind {
        Some(at) if code[at].span.range().start >= line => Some(at),
        // Only the beginning of something: a comment in the middle of a column is about nothing.
        _ => (next < code.len() && (begins_item(code, next) || begins_statement(code, next))).then_some(next),
    }
}

fn begins_statement(code: &[&Token<'_>], at: usize) -> bool {
    at == 0 || code[at - 1].is_symbol(";") || code[at].is("create") || code[at].is("alter")
}

fn begins_item(code: &[&Token<'_>], at: usize) -> bool {
    at > 0 && (code[at - 1].is_symbol(",") || code[at - 1].is_symbol("("))
}

/// What stands at a token: the part of a table or type that it is in, or else what its statement creates.
fn thing_at(code: &[&Token<'_>], at: usize) -> Option<(Renamed, Vec<String>)> {
    let start = code[..at]
        .iter()
        .rposition(|token| token.is_symbol(";"))
        .map_or(0, |end| end + 1);
    let statement = &code[start..];
    let at = at - start;
    let (kind, name, after) = created(statement)?;
    if at >= after
        && let Some(item) = item_start(statement, after, at)
    {
        return match kind.as_str() {
            "table" => part_of(statement, item, name),
            "type" => {
                let label = statement[item].value()?;
                Some((Renamed::Label { of: name }, vec![label]))
            }
            _ => None,
        };
    }
    let of = || {
        let on = statement.iter().position(|token| token.is("on"))?;
        let on = on + usize::from(statement.get(on + 1).is_some_and(|token| token.is("only")));
        dotted(statement, on + 1).map(|(table, _)| table)
    };
    let part = |kind| Some((Renamed::Part { kind, of: of()? }, name.clone()));
    match kind.as_str() {
        "index" => part("index"),
        "trigger" => part("trigger"),
        "policy" => part("policy"),
        "rule" => part("rule"),
        "alter" => {
            let add = statement.iter().position(|token| token.is("add"))?;
            part_of(statement, add + 1, name)
        }
        _ => Some((Renamed::Object(kind), name)),
    }
}

/// The kind and the name of what a statement creates, and the token behind the name; `alter` for `ALTER TABLE`.
fn created(statement: &[&Token<'_>]) -> Option<(String, Vec<String>, usize)> {
    const KINDS: [&str; 17] = [
        "table",
        "view",
        "type",
        "domain",
        "sequence",
        "index",
        "function",
        "procedure",
        "aggregate",
        "trigger",
        "schema",
        "policy",
        "event",
        "rule",
        "collation",
        "statistics",
        "publication",
    ];
    let is_alter = statement.first()?.is("alter");
    if !is_alter && !statement.first()?.is("create") {
        return None;
    }
    let is_kind = |at: usize| {
        KINDS.iter().any(|kind| statement[at].is(kind))
            && !(statement[at].is("event") && statement.get(at + 1).is_some_and(|next| next.is("trigger")))
    };
    // Between CREATE and the kind stand at most a definer, an algorithm and the like.
    let at = (1..statement.len().min(20)).find(|at| is_kind(*at))?;
    let kind = statement[at].folded()?;
    if is_alter && kind != "table" {
        return None;
    }
    let skipped = ["concurrently", "if", "not", "exists", "only"];
    let name = (at + 1..statement.len()).find(|at| !skipped.iter().any(|word| statement[*at].is(word)))?;
    let (parts, after) = dotted(statement, name)?;
    Some((if is_alter { "alter".to_owned() } else { kind }, parts, after))
}

/// The beginning of the item in the first parentheses behind a name that a token is in.
fn item_start(statement: &[&Token<'_>], after: usize, at: usize) -> Option<usize> {
    let mut depth = 0;
    let mut item = None;
    for (index, token) in statement.iter().enumerate().skip(after) {
        if token.is_symbol("(") {
            depth += 1;
            if depth == 1 {
                item = Some(index + 1);
            }
        } else if token.is_symbol(")") {
            depth -= 1;
            if depth == 0 {
                return None;
            }
        } else if token.is_symbol(",") && depth == 1 {
            if at <= index {
                return item;
            }
            item = Some(index + 1);
        } else if token.is_symbol(";") && depth == 0 {
            return None;
        }
        if index >= at && depth > 0 {
            return item;
        }
    }
    None
}

/// A column, constraint or key, by the words that it begins with.
fn part_of(statement: &[&Token<'_>], at: usize, of: Vec<String>) -> Option<(Renamed, Vec<String>)> {
    let first = statement.get(at)?;
    let name = |at: usize| statement.get(at).and_then(|token| token.name());
    let (kind, name) = if first.is("constraint") {
        ("constraint", name(at + 1)?)
    } else if first.is("column") {
        ("column", name(at + 1)?)
    } else if ["primary", "foreign", "check", "exclude", "like"]
        .iter()
        .any(|word| first.is(word))
    {
        return None;
    } else if ["unique", "fulltext", "spatial", "key", "index"]
        .iter()
        .any(|word| first.is(word))
    {
        let words = ["unique", "fulltext", "spatial", "key", "index"];
        let at = (at..statement.len()).find(|at| !words.iter().any(|word| statement[*at].is(word)))?;
        ("index", name(at)?)
    } else {
        ("column", first.name()?)
    };
    Some((Renamed::Part { kind, of }, vec![name]))
}

/// A name with dots, and the token behind it.
fn dotted(tokens: &[&Token<'_>], at: usize) -> Option<(Vec<String>, usize)> {
    let mut parts = vec![tokens.get(at)?.name()?];
    let mut at = at + 1;
    while tokens.get(at).is_some_and(|token| token.is_symbol("."))
        && let Some(part) = tokens.get(at + 1).and_then(|token| token.name())
    {
        parts.push(part);
        at += 2;
    }
    Some((parts, at))
}

#[cfg(test)]
mod tests {
    use dbwright_catalog::Engine;

    use super::*;

    fn told(engine: Engine, sql: &str) -> String {
        let (renames, unclear) = declared_renames(Dialect::server(engine), sql);
        let renames = renames.iter().map(|rename| {
            let what = match &rename.what {
                Renamed::Object(kind) => kind.clone(),
                Renamed::Part { kind, of } => format!("{kind} of {}", of.join(".")),
                Renamed::Label { of } => format!("label of {}", of.join(".")),
            };
            format!(
                "{}: {what} {} was {}",
                rename.line,
                rename.now.join("."),
                rename.before.join(".")
            )
        });
        let unclear = unclear
            .iter()
            .map(|unclear| format!("{}: ? {}", unclear.line, unclear.problem));
        renames.chain(unclear).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_comment_before_or_behind_something_renames_it() {
        let sql = "-- dbwright: renamed from people\nCREATE TABLE app.users (\n  -- dbwright: renamed from \"Mail\"\n  \
                   email text NOT NULL, -- the address\n  age numeric(5, 2) DEFAULT (1 + 2), -- dbwright: renamed from years\n  \
                   /* dbwright: renamed from old_check */\n  CONSTRAINT new_check CHECK (age > 0)\n);\n";
        assert_eq!(
            told(Engine::Postgres, sql),
            "1: table app.users was people\n3: column of app.users email was Mail\n5: column of app.users age was years\n\
             6: constraint of app.users new_check was old_check"
        );
    }

    #[test]
    fn labels_indexes_and_other_objects_are_renamed_too() {
        let sql = "CREATE TYPE mood AS ENUM (\n  'sad',\n  -- dbwright: renamed from 'ok'\n  'fine'\n);\n\
                   CREATE INDEX i2 ON app.t (a); -- dbwright: renamed from i1\n\
                   -- dbwright: renamed from old.v\nCREATE OR REPLACE VIEW v AS SELECT 1;\n\
                   -- dbwright: renamed from f\nCREATE FUNCTION g() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;\n\
                   -- dbwright: renamed from c1\nALTER TABLE ONLY t ADD CONSTRAINT c2 UNIQUE (a);";
        assert_eq!(
            told(Engine::Postgres, sql),
            "3: label of mood fine was ok\n6: index of app.t i2 was i1\n7: view v was old.v\n9: function g was f\n\
             11: constraint of t c2 was c1"
        );
        let sql = "CREATE TABLE `t` (\n `a` int,\n KEY `k2` (`a`) -- dbwright: renamed from k1\n);";
        assert_eq!(told(Engine::MySql, sql), "3: index of t k2 was k1");
    }

    #[test]
    fn what_can_t_be_followed_is_told() {
        let sql =
            "CREATE TABLE t (\n a int\n -- dbwright: renamed from b\n);\n-- dbwright: renamed from\nCREATE TABLE u ();";
        let told = told(Engine::Postgres, sql);
        assert!(told.starts_with("3: ? it stands neither before"), "{told}");
        assert!(
            told.contains("\n5: ? `renamed from` is not followed by a name"),
            "{told}"
        );
    }

    #[test]
    fn other_comments_say_nothing() {
        assert_eq!(
            told(
                Engine::Postgres,
                "-- dbwright: allow x\nCREATE TABLE t (); -- renamed from u"
            ),
            ""
        );
    }
}
