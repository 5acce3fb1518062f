//! One spelling for all texts of an object that mean the same.

use dbwright_catalog::{Engine, ObjectKind};
use dbwright_sql::Token;

use super::KnownNames;
use super::groups::{after_group, items, name, tokens};
use super::pieces::Writer;
use super::table;
use crate::quote::quote_identifier;

/// Types that SQLite itself writes in capitals, however they were written.
const STANDARD_TYPES: [&str; 6] = ["ANY", "BLOB", "INT", "INTEGER", "REAL", "TEXT"];

/// The text of a table, index, view or trigger in the one spelling that all texts with its meaning have. `known` are the
/// names that stand for something in its expressions.
pub fn canonical(kind: ObjectKind, text: &str, known: &KnownNames) -> String {
    let tokens = tokens(text);
    let Some(subject) = subject(&tokens) else {
        return text.to_owned();
    };
    match kind {
        ObjectKind::Table if tokens.get(1).is_some_and(|token| token.is("VIRTUAL")) => {
            virtual_table(text, &tokens, subject)
        }
        ObjectKind::Table => table::canonical(&tokens, subject, known),
        ObjectKind::Index => index(&tokens, subject, known),
        ObjectKind::View => view(&tokens, subject, known),
        ObjectKind::Trigger => trigger(&tokens, subject, known),
        _ => text.to_owned(),
    }
}

/// An expression (a default, say) in the one spelling.
pub fn canonical_expression(text: &str, known: &KnownNames) -> String {
    let tokens = tokens(text);
    Writer::new(&tokens, known).text(0..tokens.len())
}

/// The name of a type in the one spelling.
pub fn canonical_type(text: &str) -> String {
    let tokens = tokens(text);
    let standard = STANDARD_TYPES
        .into_iter()
        .find(|known| text.eq_ignore_ascii_case(known));
    standard.map_or_else(
        || Writer::new(&tokens, &KnownNames::new()).text(0..tokens.len()),
        str::to_owned,
    )
}

/// Where the name of the object stands: after `CREATE`, words of its kind, and `IF NOT EXISTS`.
fn subject(tokens: &[Token<'_>]) -> Option<usize> {
    let kinds = ["TABLE", "INDEX", "VIEW", "TRIGGER"];
    let mut at = tokens
        .iter()
        .position(|token| kinds.iter().any(|kind| token.is(kind)))?
        + 1;
    if tokens.get(at)?.is("IF") && tokens.get(at + 1)?.is("NOT") {
        at += 3;
    }
    tokens.get(at).map(|_| at)
}

/// `CREATE UNIQUE INDEX name ON table (parts) WHERE condition`.
fn index(tokens: &[Token<'_>], subject: usize, known: &KnownNames) -> String {
    let mut writer = Writer::new(tokens, known);
    writer.keywords(0, &["CREATE", "UNIQUE"]);
    writer.name(subject);
    writer.name(subject + 2);
    if let Some(on) = tokens.get(subject + 2) {
        leave_out_qualifier(&mut writer, &name(on), subject + 3);
    }
    if let Some(open) = writer.tokens.iter().position(|token| token.is_symbol("(")) {
        key_parts(&mut writer, open);
        writer.fold(open..tokens.len(), known);
    }
    writer.text(0..tokens.len())
}

/// The parts of a key, from the bracket that opens: a column stands by itself or before its order.
pub(super) fn key_parts(writer: &mut Writer<'_, '_>, open: usize) {
    let mut at = open + 1;
    for part in items(writer.tokens, open) {
        let end = at + part.len();
        let is_column = match part {
            [_] => true,
            [_, option, ..] => ["COLLATE", "ASC", "DESC", "AUTOINCREMENT"]
                .iter()
                .any(|word| option.is(word)),
            [] => false,
        };
        if is_column {
            writer.name(at);
        }
        for index in at..end {
            if ["ASC", "DESC"].iter().any(|word| writer.is(index, word)) && index > at {
                writer.keyword(index);
            }
        }
        at = end + 1;
    }
}

/// Leaves out `t.` before the columns of the table itself: no other table can be meant there, and a table that is rebuilt
/// has another name while it is.
pub(super) fn leave_out_qualifier(writer: &mut Writer<'_, '_>, table: &str, from: usize) {
    for index in from..writer.tokens.len() {
        if writer.is_symbol(index + 1, ".") && name(&writer.tokens[index]).eq_ignore_ascii_case(table) {
            writer.leave_out(index);
            writer.leave_out(index + 1);
        }
    }
}

fn view(tokens: &[Token<'_>], subject: usize, known: &KnownNames) -> String {
    let mut writer = Writer::new(tokens, known);
    writer.keywords(0, &["CREATE", "VIEW"]);
    writer.name(subject);
    if writer.is_symbol(subject + 1, "(") {
        key_parts(&mut writer, subject + 1);
    }
    writer.text(0..tokens.len())
}

fn trigger(tokens: &[Token<'_>], subject: usize, known: &KnownNames) -> String {
    let mut writer = Writer::new(tokens, known);
    writer.keywords(0, &["CREATE", "TRIGGER"]);
    writer.name(subject);
    let mut at = subject + 1;
    while at < tokens.len() && !writer.is(at, "ON") {
        if ["BEFORE", "AFTER", "INSTEAD", "OF"]
            .iter()
            .any(|word| writer.is(at, word))
            && at < subject + 5
        {
            writer.keyword(at);
        } else if writer.is_symbol(at - 1, ",") || writer.is(at - 1, "OF") && writer.is(at - 2, "UPDATE") {
            writer.name(at);
        }
        at += 1;
    }
    writer.name(at + 1);
    writer.keywords(at + 2, &["FOR", "EACH", "ROW"]);
    if let Some(begin) = (at + 2..tokens.len()).find(|index| writer.is(*index, "BEGIN")) {
        writer.keyword(begin);
    }
    writer.keyword(tokens.len() - 1);
    writer.text(0..tokens.len())
}

/// The arguments of a virtual table are its module's business, to the letter.
fn virtual_table(text: &str, tokens: &[Token<'_>], subject: usize) -> String {
    let table = quote_identifier(Engine::Sqlite, &name(&tokens[subject]));
    let module = tokens.get(subject + 2).map(name).unwrap_or_default();
    let open = subject + 3;
    let arguments = match tokens.get(open) {
        Some(token) if token.is_symbol("(") => {
            let end = after_group(tokens, open);
            text[token.span.start..tokens[end - 1].span.end].to_owned()
        }
        _ => String::new(),
    };
    format!("CREATE VIRTUAL TABLE {table} USING {module}{arguments}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(names: &[&str]) -> KnownNames {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn tables_that_mean_the_same_have_one_text() {
        let expected = "CREATE TABLE \"T\" (\n    id INTEGER PRIMARY KEY AUTOINCREMENT,\n    a VARCHAR(10) NOT NULL DEFAULT -1 CHECK (a > 0),\n    \
                        b INT REFERENCES p (x) ON DELETE SET NULL,\n    c GENERATED ALWAYS AS (a + 1) STORED,\n    \
                        CONSTRAINT one UNIQUE (a, b) ON CONFLICT IGNORE,\n    FOREIGN KEY (a) REFERENCES \"T\" (id)\n) STRICT, WITHOUT ROWID";
        for text in [
            expected,
            "create table T(id integer primary key autoincrement, a VARCHAR ( 10 ) not null default - 1 check(a>0), -- why
             b int references p(x) on delete set null,c generated always as (a+1) stored,
             constraint \"one\" unique(a,b)on conflict ignore, foreign key(a)references T(id))strict,without rowid",
            "CREATE TABLE [T] (`id` INTEGER PRIMARY KEY AUTOINCREMENT, \"a\" VARCHAR(10) NOT NULL DEFAULT -1 CHECK (\"T\".\"a\" > 0),
             'b' INT REFERENCES \"p\" ('x') ON DELETE SET NULL, c GENERATED ALWAYS AS (t.a + 1) STORED,
             CONSTRAINT 'one' UNIQUE (\"a\", [b]) ON CONFLICT IGNORE, FOREIGN KEY (\"a\") REFERENCES \"T\" (\"id\")) STRICT, WITHOUT ROWID",
        ] {
            assert_eq!(canonical(ObjectKind::Table, text, &known(&["id", "a", "b", "c"])), expected);
        }
    }

    #[test]
    fn text_in_double_quotes_that_names_nothing_stays_a_string() {
        let text = "CREATE INDEX i ON t (\"a\") WHERE \"a\" = \"open\" AND [b] is not null";
        assert_eq!(
            canonical(ObjectKind::Index, text, &known(&["a", "b"])),
            "CREATE INDEX i ON t (a) WHERE a = \"open\" AND b IS NOT NULL"
        );
    }

    #[test]
    fn operators_brackets_and_letters_of_columns_have_one_form() {
        let names = known(&["a", "b c"]);
        let one = "CREATE TABLE t (\n    \"A\" INT CHECK (a <> 1 AND a = 2),\n    \"b c\" DEFAULT (1),\n    \
                   CHECK (a IS NOT NULL OR \"b c\" IS NULL),\n    UNIQUE (a)\n)";
        for text in [
            one,
            "create table t (A int check ((A != 1 and a == 2)), [b c] default ((1)), check ((((A notnull or [B c] isnull)))),
             unique (A))",
        ] {
            assert_eq!(canonical(ObjectKind::Table, text, &names), one);
        }
        let text = "CREATE INDEX i ON t (A DESC, (lower(\"b C\"))) WHERE (A NOT IN ((SELECT 1)))";
        assert_eq!(
            canonical(ObjectKind::Index, text, &names),
            "CREATE INDEX i ON t (a DESC, (lower(\"b c\"))) WHERE (a NOT IN ((SELECT 1)))"
        );
        let text = "CREATE VIEW v AS SELECT A + 1 FROM t WHERE A != 1";
        assert_eq!(
            canonical(ObjectKind::View, text, &names),
            "CREATE VIEW v AS SELECT \"A\" + 1 FROM t WHERE \"A\" <> 1"
        );
    }

    #[test]
    fn triggers_and_views_keep_their_bodies() {
        let text = "create trigger \"g\" instead of update of a,\"b\" on [v] for each row when new.a<>old.a begin
                    insert into log values(new.a,-1,\"x y\"); select raise(abort,'no'); end";
        assert_eq!(
            canonical(ObjectKind::Trigger, text, &known(&["a", "b", "v", "log"])),
            "CREATE TRIGGER g INSTEAD OF UPDATE OF a, b ON v FOR EACH ROW WHEN new.a <> old.a BEGIN INSERT INTO log \
             VALUES (new.a, -1, \"x y\"); SELECT raise(abort, 'no'); END"
        );
        let text = "CREATE VIEW v(x) as select count( * ),- -1 from t";
        assert_eq!(
            canonical(ObjectKind::View, text, &known(&["t"])),
            "CREATE VIEW v (x) AS SELECT count(*), - -1 FROM t"
        );
    }

    #[test]
    fn arguments_of_modules_are_left_alone() {
        let text = "CREATE VIRTUAL TABLE  \"words\"  using fts5(a,  tokenize = \"porter ascii\" )";
        assert_eq!(
            canonical(ObjectKind::Table, text, &known(&[])),
            "CREATE VIRTUAL TABLE words USING fts5(a,  tokenize = \"porter ascii\" )"
        );
    }
}
