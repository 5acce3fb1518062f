//! What the text of a `CREATE TABLE` or `CREATE INDEX` says. Where a database is at hand, pragmas tell types, defaults and
//! keys as well; names of constraints, checks, collations and generated expressions stand nowhere else.

use dbwright_sql::{Token, TokenKind};

use super::groups::{after_group, is_operator, items, name, source, tokens};

/// What the text of a table says.
#[derive(Debug, Default)]
pub struct TableText {
    /// Its columns by name, with what the pragmas don't tell.
    pub columns: Vec<ColumnText>,
    /// The primary key.
    pub primary_key: Option<KeyText>,
    /// `UNIQUE` constraints, in order.
    pub uniques: Vec<KeyText>,
    /// Foreign keys, in order.
    pub foreign_keys: Vec<ForeignKeyText>,
    /// Checks, in order: name and expression.
    pub checks: Vec<(Option<String>, String)>,
    /// `AUTOINCREMENT`.
    pub autoincrement: bool,
    /// Columns of all keys in the order in which they are written, and whether each is the primary key.
    pub keys: Vec<(bool, Vec<String>)>,
    /// Whether the primary key stands at its column with `DESC`, which makes it no alias of the rowid
    /// (<https://sqlite.org/lang_createtable.html#rowid>).
    pub descending_key: bool,
    /// `STRICT`.
    pub strict: bool,
    /// `WITHOUT ROWID`.
    pub without_rowid: bool,
}

/// What the text of a column says.
#[derive(Debug, Default)]
pub struct ColumnText {
    /// Its name.
    pub name: String,
    /// Its type as written; empty where it has none.
    pub type_name: String,
    /// `NOT NULL`.
    pub not_null: bool,
    /// `DEFAULT`, without the brackets of an expression.
    pub default: Option<String>,
    /// `COLLATE`.
    pub collation: Option<String>,
    /// Expression of a generated column.
    pub generated: Option<String>,
    /// Whether a generated column is stored.
    pub stored: bool,
}

/// A primary key or unique constraint.
#[derive(Debug)]
pub struct KeyText {
    /// The given name.
    pub name: Option<String>,
    /// Its columns.
    pub columns: Vec<String>,
}

/// A foreign key.
#[derive(Debug, Default)]
pub struct ForeignKeyText {
    /// The given name.
    pub name: Option<String>,
    /// Its columns.
    pub columns: Vec<String>,
    /// The table it refers to.
    pub table: String,
    /// The columns there; none where the primary key is meant.
    pub referenced_columns: Vec<String>,
    /// `ON DELETE`, in capitals.
    pub on_delete: Option<String>,
    /// `ON UPDATE`, in capitals.
    pub on_update: Option<String>,
    /// `DEFERRABLE`.
    pub deferrable: bool,
    /// `INITIALLY DEFERRED`.
    pub initially_deferred: bool,
}

/// What the text of an index says.
#[derive(Debug, Default)]
pub struct IndexText {
    /// Its key parts as written.
    pub keys: Vec<String>,
    /// `WHERE` of a partial index.
    pub predicate: Option<String>,
}

/// Reads the text of a `CREATE TABLE`.
pub fn table_text(text: &str) -> TableText {
    let mut table = TableText::default();
    let tokens = tokens(text);
    let Some(open) = tokens.iter().position(|token| token.is_symbol("(")) else {
        return table;
    };
    for item in items(&tokens, open) {
        let Some(first) = item.first() else { continue };
        let constraint = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];
        if constraint.iter().any(|keyword| first.is(keyword)) {
            Clauses::new(text, item, None, &mut table).read();
        } else {
            let column = name(first);
            table.columns.push(ColumnText {
                name: column.clone(),
                type_name: source(text, type_of(item)).to_owned(),
                ..ColumnText::default()
            });
            Clauses::new(text, &item[1..], Some(column), &mut table).read();
        }
    }
    let options = &tokens[after_group(&tokens, open)..];
    table.strict = options.iter().any(|token| token.is("STRICT"));
    table.without_rowid = options.iter().any(|token| token.is("WITHOUT"));
    table
}

/// The words of a column that are its type.
fn type_of<'t, 'a>(item: &'t [Token<'a>]) -> &'t [Token<'a>] {
    const CLAUSES: [&str; 10] = [
        "CONSTRAINT",
        "PRIMARY",
        "NOT",
        "NULL",
        "UNIQUE",
        "CHECK",
        "DEFAULT",
        "COLLATE",
        "REFERENCES",
        "AS",
    ];
    let mut end = 1;
    while let Some(token) = item.get(end) {
        let generated = token.is("GENERATED") && item.get(end + 1).is_some_and(|next| next.is("ALWAYS"));
        if generated || CLAUSES.iter().any(|word| token.is(word)) {
            break;
        }
        end = if token.is_symbol("(") {
            after_group(item, end)
        } else {
            end + 1
        };
    }
    &item[1..end.min(item.len())]
}

/// Reads the text of a `CREATE INDEX`.
pub fn index_text(text: &str) -> IndexText {
    let tokens = tokens(text);
    let Some(open) = tokens.iter().position(|token| token.is_symbol("(")) else {
        return IndexText::default();
    };
    let keys = items(&tokens, open);
    let rest = &tokens[after_group(&tokens, open)..];
    let predicate = match rest {
        [first, predicate @ ..] if first.is("WHERE") => Some(source(text, predicate).to_owned()),
        _ => None,
    };
    IndexText {
        keys: keys.into_iter().map(|key| key_part(text, key)).collect(),
        predicate,
    }
}

/// The query of a `CREATE VIEW`.
pub fn view_query(text: &str) -> &str {
    let tokens = tokens(text);
    let query = tokens.iter().position(|token| token.is("AS"));
    query.map_or("", |index| source(text, &tokens[index + 1..]))
}

/// Every identifier of a text, without quotes and in lower case.
pub fn names(text: &str) -> Vec<String> {
    tokens(text)
        .iter()
        .map(|token| name(token).to_ascii_lowercase())
        .collect()
}

fn key_part(text: &str, key: &[Token<'_>]) -> String {
    match key {
        [column] => name(column),
        [column, options @ ..] if !options.iter().any(|token| token.is_symbol("(")) && is_option(&options[0]) => {
            format!("{} {}", name(column), source(text, options))
        }
        expression => source(text, expression).to_owned(),
    }
}

fn is_option(token: &Token<'_>) -> bool {
    token.is("COLLATE") || token.is("ASC") || token.is("DESC")
}

/// Walks over the clauses of one column or table constraint. SQLite takes table constraints without commas between
/// them, so that one item may hold several.
struct Clauses<'t, 'a> {
    text: &'a str,
    tokens: &'t [Token<'a>],
    column: Option<String>,
    name: Option<String>,
    /// Columns of a foreign key whose `REFERENCES` comes next.
    foreign_columns: Vec<String>,
    table: &'t mut TableText,
}

impl<'t, 'a> Clauses<'t, 'a> {
    fn new(text: &'a str, tokens: &'t [Token<'a>], column: Option<String>, table: &'t mut TableText) -> Self {
        Clauses {
            text,
            tokens,
            column,
            name: None,
            foreign_columns: Vec::new(),
            table,
        }
    }

    fn read(&mut self) {
        let mut index = 0;
        while let Some(token) = self.tokens.get(index) {
            index += match token.text.to_ascii_uppercase().as_str() {
                "(" => after_group(self.tokens, index) - index,
                _ if token.kind != TokenKind::Word => 1,
                "CONSTRAINT" => {
                    self.name = self.tokens.get(index + 1).map(name);
                    2
                }
                "PRIMARY" => {
                    let key = self.key(index);
                    self.table.keys.push((true, key.columns.clone()));
                    self.table.descending_key =
                        self.column.is_some() && self.tokens.get(index + 2).is_some_and(|token| token.is("DESC"));
                    self.table.primary_key = Some(key);
                    2
                }
                "UNIQUE" => {
                    let key = self.key(index);
                    self.table.keys.push((false, key.columns.clone()));
                    self.table.uniques.push(key);
                    1
                }
                "CHECK" => {
                    let expression = self.group(index + 1);
                    self.table.checks.push((self.name.take(), expression));
                    1
                }
                "REFERENCES" => {
                    let columns = match &self.column {
                        Some(column) => vec![column.clone()],
                        None => std::mem::take(&mut self.foreign_columns),
                    };
                    self.table.foreign_keys.push(ForeignKeyText {
                        name: self.name.take(),
                        columns,
                        table: self.tokens.get(index + 1).map(name).unwrap_or_default(),
                        referenced_columns: self.names_at(index + 2),
                        ..ForeignKeyText::default()
                    });
                    2
                }
                "FOREIGN" => {
                    self.foreign_columns = self.names_at(index + 2);
                    2
                }
                "ON" => self.on_clause(index),
                "MATCH" => 2,
                "NOT" => {
                    if self.tokens.get(index + 1).is_some_and(|next| next.is("NULL")) {
                        self.name = None;
                        self.with_column(|column| column.not_null = true);
                    }
                    2
                }
                "DEFERRABLE" => self.deferrable(index),
                "DEFAULT" => self.default_clause(index),
                "COLLATE" => {
                    let collation = self.tokens.get(index + 1).map(name);
                    self.with_column(|column| column.collation = collation);
                    2
                }
                "AS" => {
                    let expression = self.group(index + 1);
                    self.with_column(|column| column.generated = Some(expression));
                    1
                }
                "STORED" => {
                    self.with_column(|column| column.stored = true);
                    1
                }
                "AUTOINCREMENT" => {
                    self.table.autoincrement = true;
                    1
                }
                _ => 1,
            };
        }
    }

    fn with_column(&mut self, change: impl FnOnce(&mut ColumnText)) {
        if self.column.is_some()
            && let Some(column) = self.table.columns.last_mut()
        {
            change(column);
        }
    }

    fn key(&mut self, index: usize) -> KeyText {
        let columns = match &self.column {
            Some(column) => vec![column.clone()],
            None => self.tokens[index..]
                .iter()
                .position(|token| token.is_symbol("("))
                .map(|open| items(self.tokens, index + open))
                .unwrap_or_default()
                .into_iter()
                .filter_map(|item| item.first().map(name))
                .collect(),
        };
        KeyText {
            name: self.name.take(),
            columns,
        }
    }

    /// The text in the brackets that open at this token.
    fn group(&self, open: usize) -> String {
        let end = after_group(self.tokens, open);
        let inside = self.tokens.get(open + 1..end.saturating_sub(1)).unwrap_or_default();
        source(self.text, inside).to_owned()
    }

    /// `ON CONFLICT x`, `ON DELETE x`, `ON UPDATE x`: how many tokens it takes.
    fn on_clause(&mut self, index: usize) -> usize {
        let length = match self.tokens.get(index + 2) {
            Some(action) if action.is("SET") || action.is("NO") => 4,
            _ => 3,
        };
        let words = self.tokens.get(index + 2..index + length).unwrap_or_default();
        let action: Vec<_> = words.iter().map(|word| word.text.to_ascii_uppercase()).collect();
        if let (Some(event), Some(key)) = (self.tokens.get(index + 1), self.table.foreign_keys.last_mut()) {
            if event.is("DELETE") {
                key.on_delete = Some(action.join(" "));
            } else if event.is("UPDATE") {
                key.on_update = Some(action.join(" "));
            }
        }
        length
    }

    /// The names in the brackets that open at this token; none where none open there.
    fn names_at(&self, open: usize) -> Vec<String> {
        if !self.tokens.get(open).is_some_and(|token| token.is_symbol("(")) {
            return Vec::new();
        }
        let items = items(self.tokens, open);
        items.into_iter().filter_map(|item| item.first().map(name)).collect()
    }

    fn deferrable(&mut self, index: usize) -> usize {
        let words = &self.tokens[index..];
        let initially = words.get(1).is_some_and(|token| token.is("INITIALLY"));
        if let Some(foreign_key) = self.table.foreign_keys.last_mut() {
            foreign_key.deferrable = true;
            foreign_key.initially_deferred = initially && words.get(2).is_some_and(|token| token.is("DEFERRED"));
        }
        if initially { 3 } else { 1 }
    }

    /// How many tokens a default takes. The word after it may be a name that looks like a keyword of ours.
    fn default_clause(&mut self, index: usize) -> usize {
        let (length, default) = match self.tokens.get(index + 1) {
            Some(token) if token.is_symbol("(") => (1, self.group(index + 1)),
            Some(token) if is_operator(token, "-") || is_operator(token, "+") => (3, self.words(index + 1..index + 3)),
            _ => (2, self.words(index + 1..index + 2)),
        };
        self.with_column(|column| column.default = Some(default));
        length
    }

    fn words(&self, range: std::ops::Range<usize>) -> String {
        source(self.text, self.tokens.get(range).unwrap_or_default()).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_found_with_and_without_names_and_commas() {
        let table = table_text(
            "CREATE TABLE \"t\" (id INTEGER PRIMARY KEY AUTOINCREMENT, -- check (no)
              a TEXT COLLATE NOCASE CONSTRAINT a_there NOT NULL CHECK (a <> ')') DEFAULT 'x(',
              b NUMERIC(1, 2) CONSTRAINT b_once UNIQUE ON CONFLICT REPLACE,
              c INT REFERENCES p (id) ON DELETE SET DEFAULT ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED,
              d AS (b * (2)) STORED,
              UNIQUE (a, b)
              CONSTRAINT positive CHECK (b > 0)
              CONSTRAINT to_q FOREIGN KEY (a, b) REFERENCES q ON DELETE CASCADE NOT DEFERRABLE)",
        );
        assert!(table.autoincrement);
        assert_eq!(table.primary_key.unwrap().columns, ["id"]);
        let uniques: Vec<_> = table
            .uniques
            .iter()
            .map(|key| (key.name.as_deref(), key.columns.join(",")))
            .collect();
        assert_eq!(uniques, [(Some("b_once"), "b".to_owned()), (None, "a,b".to_owned())]);
        let checks = [
            (None, "a <> ')'".to_owned()),
            (Some("positive".to_owned()), "b > 0".to_owned()),
        ];
        assert_eq!(table.checks, checks);
        let foreign_keys: Vec<_> = table
            .foreign_keys
            .iter()
            .map(|key| (key.name.as_deref(), key.deferrable, key.initially_deferred))
            .collect();
        assert_eq!(foreign_keys, [(None, true, true), (Some("to_q"), false, false)]);
        assert_eq!(table.columns[1].collation.as_deref(), Some("NOCASE"));
        assert_eq!(table.columns[4].generated.as_deref(), Some("b * (2)"));
    }

    #[test]
    fn index_parts_keep_their_options_and_expressions_their_text() {
        let index = index_text("CREATE UNIQUE INDEX i ON t (\"a\", b COLLATE NOCASE DESC, lower(c)) WHERE a > 0");
        assert_eq!(index.keys, ["a", "b COLLATE NOCASE DESC", "lower(c)"]);
        assert_eq!(index.predicate.as_deref(), Some("a > 0"));
    }
}
