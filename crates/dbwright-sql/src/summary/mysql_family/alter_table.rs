//! `ALTER TABLE` (<https://dev.mysql.com/doc/refman/9.7/en/alter-table.html>,
//! <https://mariadb.com/docs/server/reference/sql-statements/data-definition/alter/alter-table>): its items, and the
//! place for `ALGORITHM` and `LOCK`.

use dbwright_catalog::{Algorithm, Engine, LockLevel, Span};

use super::definitions::index_kind;
use super::tables::{pass_wait, table_name};
use super::types::{Form, IndexKind, MySqlFamilySummary, OnlineClause, Requested, Separator, TableAction};
use crate::lexer::TokenKind;
use crate::summary::reader::Reader;

/// Summarises an `ALTER TABLE` whose first words were consumed.
pub(super) fn summarise(mut reader: Reader<'_>, engine: Engine) -> MySqlFamilySummary {
    reader.accept_all(&["if", "exists"]);
    let table = table_name(&mut reader);
    let mut found = MySqlFamilySummary::definition(Form::AlterTable).with_tables(table.into_iter().collect());
    pass_wait(&mut reader);
    let insert_at = reader.consumed_to();
    let mut items = Items {
        reader,
        engine,
        actions: Vec::new(),
        algorithm: None,
        lock: None,
        clauses: Vec::new(),
        place: Place::Items,
    };
    items.read();
    found.online = items.online(insert_at);
    found.actions = items.actions;
    found
}

/// A clause of the statement's own, with the commas around it.
struct Clause {
    span: Span,
    comma_before: Option<usize>,
    comma_behind: Option<usize>,
    /// Whether an item that is no clause stands before it.
    follows_item: bool,
}

/// What may stand before the items.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Items of a list, among which clauses may stand.
    Items,
    /// An operation on partitions that stands alone: MySQL takes clauses before it, MariaDB does not.
    Alone,
}

struct Items<'text> {
    reader: Reader<'text>,
    engine: Engine,
    actions: Vec<TableAction>,
    algorithm: Option<Requested<Algorithm>>,
    lock: Option<Requested<LockLevel>>,
    clauses: Vec<Clause>,
    place: Place,
}

impl Items<'_> {
    fn read(&mut self) {
        let mut comma_before = None;
        loop {
            let is_clause = self.item(comma_before);
            // What stands behind an item up to the comma belongs to it, but for what may follow the last item.
            let comma = loop {
                if self.partitioning() {
                    return;
                }
                match self.reader.peek() {
                    None => return,
                    Some(token) if token.is_symbol(";") => return,
                    Some(token) if token.is_symbol(",") => {
                        self.reader.next();
                        break token.span.start;
                    }
                    Some(token) if token.is_symbol("(") => {
                        self.reader.next();
                        self.reader.pass_parenthesis();
                    }
                    Some(token) if token.kind == TokenKind::Word && self.in_options() => {
                        self.option();
                    }
                    Some(_) => {
                        self.reader.next();
                    }
                }
            };
            if is_clause && let Some(clause) = self.clauses.last_mut() {
                clause.comma_behind = Some(comma);
            }
            comma_before = Some(comma);
        }
    }

    /// Options may follow each other without commas.
    fn in_options(&self) -> bool {
        matches!(self.actions.last(), Some(TableAction::Option(_)))
    }

    /// Reads the beginning of an item; whether it is `ALGORITHM` or `LOCK`.
    fn item(&mut self, comma_before: Option<usize>) -> bool {
        let mut ahead = self.reader.clone();
        let Some(first) = ahead.next() else {
            return false;
        };
        let is_algorithm = first.is("algorithm");
        if is_algorithm || first.is("lock") {
            let span = if is_algorithm {
                let clause = algorithm(&mut ahead, first.span.start);
                self.algorithm = Some(clause);
                clause.span
            } else {
                let clause = lock(&mut ahead, first.span.start);
                self.lock = Some(clause);
                clause.span
            };
            self.clauses.push(Clause {
                span,
                comma_before,
                comma_behind: None,
                follows_item: !self.actions.is_empty(),
            });
            self.reader = ahead;
            return true;
        }
        if self.partitioning() {
            return false;
        }
        let Some(word) = first.folded() else {
            return false;
        };
        self.reader = ahead;
        match word.as_str() {
            "add" => self.add(),
            "drop" => self.drop_item(),
            "modify" => {
                self.column_words();
                let name = self.name();
                self.actions.push(TableAction::ModifyColumn { name });
            }
            "change" => {
                self.column_words();
                let (from, to) = (self.name(), self.name());
                self.actions.push(TableAction::ChangeColumn { from, to });
            }
            "alter" => self.alter_item(),
            "rename" => self.rename(),
            "order" => self.actions.push(TableAction::OrderBy),
            "force" => self.actions.push(TableAction::Force),
            "enable" | "disable" if self.reader.accept("keys") => self.actions.push(TableAction::Keys),
            "convert" if self.reader.accept("to") => self.actions.push(TableAction::ConvertCharacterSet),
            "convert" => self.partition("CONVERT PARTITION"),
            "discard" | "import" => {
                self.actions.push(TableAction::Tablespace);
                self.place = Place::Alone;
            }
            "coalesce" => self.partition("COALESCE PARTITION"),
            "reorganize" => self.partition("REORGANIZE PARTITION"),
            "exchange" => self.partition("EXCHANGE PARTITION"),
            "rebuild" => self.partition("REBUILD PARTITION"),
            "truncate" => self.partition("TRUNCATE PARTITION"),
            "analyze" => self.partition("ANALYZE PARTITION"),
            "check" if self.reader.at("partition") => self.partition("CHECK PARTITION"),
            "optimize" => self.partition("OPTIMIZE PARTITION"),
            "repair" => self.partition("REPAIR PARTITION"),
            "with" | "without" | "secondary_load" | "secondary_unload" => {
                self.actions.push(TableAction::Other(word.to_ascii_uppercase()));
            }
            _ => self.option_named(&word),
        }
        false
    }

    /// `PARTITION BY …`, `REMOVE PARTITIONING`: the last thing in a statement, behind items without a comma.
    fn partitioning(&mut self) -> bool {
        if self.reader.accept_all(&["partition", "by"]) {
            self.actions.push(TableAction::Partition("PARTITION BY"));
        } else if self.reader.accept_all(&["remove", "partitioning"]) {
            self.actions.push(TableAction::Partition("REMOVE PARTITIONING"));
        } else {
            return false;
        }
        while self.reader.next().is_some() {}
        true
    }

    fn partition(&mut self, name: &'static str) {
        self.actions.push(TableAction::Partition(name));
        self.place = Place::Alone;
    }

    fn name(&mut self) -> String {
        self.reader.name().unwrap_or_default()
    }

    /// `[COLUMN] [IF [NOT] EXISTS]`.
    fn column_words(&mut self) {
        self.reader.accept("column");
        self.existence();
    }

    fn existence(&mut self) {
        self.reader.accept_all(&["if", "not", "exists"]);
        self.reader.accept_all(&["if", "exists"]);
    }

    fn add(&mut self) {
        let mut ahead = self.reader.clone();
        if ahead.accept("partition") {
            return self.partition("ADD PARTITION");
        }
        if ahead.accept_all(&["period", "for"]) || ahead.accept_all(&["system", "versioning"]) {
            return self.actions.push(TableAction::Versioning);
        }
        if self.add_key() {
            return;
        }
        self.column_words();
        if !self.reader.accept_symbol("(") {
            let name = self.name();
            self.actions.push(TableAction::AddColumn { name });
            return;
        }
        loop {
            if !self.add_key() {
                let name = self.name();
                self.actions.push(TableAction::AddColumn { name });
            }
            if !self.pass_to_comma_in_parenthesis() {
                return;
            }
        }
    }

    /// Passes the rest of an element of a list in parentheses; whether another one follows.
    fn pass_to_comma_in_parenthesis(&mut self) -> bool {
        while let Some(token) = self.reader.next() {
            match token.text {
                "(" => self.reader.pass_parenthesis(),
                ")" => return false,
                "," => return true,
                _ => {}
            }
        }
        false
    }

    /// An index or constraint behind `ADD`, if there is one.
    fn add_key(&mut self) -> bool {
        let mut ahead = self.reader.clone();
        let constraint = ahead.accept("constraint").then(|| {
            ahead.accept_all(&["if", "not", "exists"]);
            let kinds = ["primary", "unique", "foreign", "check"];
            (!kinds.iter().any(|kind| ahead.at(kind)))
                .then(|| ahead.name())
                .flatten()
        });
        let named = constraint.is_some();
        let constraint = constraint.flatten();
        if ahead.accept("primary") {
            self.actions.push(TableAction::AddPrimaryKey);
        } else if ahead.accept_all(&["foreign", "key"]) {
            let index = index_name(&mut ahead);
            ahead.find_outside(&["references"], &[]);
            let parent = table_name(&mut ahead);
            self.actions.push(TableAction::AddForeignKey {
                name: constraint.or(index),
                parent,
            });
        } else if ahead.accept("check") {
            self.actions.push(TableAction::AddCheck { name: constraint });
        } else {
            // `vector` may be the name of a column.
            let mut behind = ahead.clone();
            let kind = index_kind(&mut behind);
            let is_index = behind.accept_any(&["index", "key"])
                || matches!(kind, IndexKind::Unique | IndexKind::FullText | IndexKind::Spatial);
            if !is_index && !named {
                return false;
            }
            ahead = behind;
            let name = index_name(&mut ahead).or(constraint);
            self.actions.push(TableAction::AddIndex { name, kind });
        }
        self.reader = ahead;
        true
    }

    fn drop_item(&mut self) {
        if self.reader.accept_any(&["index", "key"]) {
            self.existence();
            let name = self.name();
            self.actions.push(TableAction::DropIndex { name });
        } else if self.reader.accept_all(&["primary", "key"]) {
            self.actions.push(TableAction::DropPrimaryKey);
        } else if self.reader.accept_all(&["foreign", "key"]) {
            self.existence();
            let name = self.name();
            self.actions.push(TableAction::DropForeignKey { name });
        } else if self.reader.accept_any(&["check", "constraint"]) {
            self.existence();
            let name = self.name();
            self.actions.push(TableAction::DropConstraint { name });
        } else if self.reader.at("partition") {
            self.partition("DROP PARTITION");
        } else if self.reader.accept_all(&["period", "for"]) || self.reader.accept_all(&["system", "versioning"]) {
            self.actions.push(TableAction::Versioning);
        } else {
            self.column_words();
            let name = self.name();
            self.actions.push(TableAction::DropColumn { name });
        }
    }

    fn alter_item(&mut self) {
        if self.reader.accept_any(&["index", "key"]) {
            self.existence();
            let name = self.name();
            self.actions.push(TableAction::AlterIndex { name });
        } else if self.reader.accept_any(&["check", "constraint"]) {
            let name = self.name();
            self.actions.push(TableAction::AlterConstraint { name });
        } else {
            self.column_words();
            let name = self.name();
            self.actions.push(TableAction::AlterColumn { name });
        }
    }

    fn rename(&mut self) {
        let column = self.reader.accept("column");
        if !column && !self.reader.accept_any(&["index", "key"]) {
            self.reader.accept_any(&["to", "as"]);
            self.reader.accept_equals();
            self.actions
                .extend(table_name(&mut self.reader).map(TableAction::RenameTo));
            return;
        }
        self.existence();
        let from = self.name();
        self.reader.accept("to");
        let to = self.name();
        self.actions.push(if column {
            TableAction::RenameColumn { from, to }
        } else {
            TableAction::RenameIndex { from, to }
        });
    }

    /// Another option behind an option.
    fn option(&mut self) {
        let word = self.reader.word();
        self.option_named(&word);
    }

    /// `[DEFAULT] CHARACTER SET [=] x`, `ENGINE [=] x`, and any other word with its value.
    fn option_named(&mut self, word: &str) {
        let mut name = word.to_ascii_uppercase();
        let mut last = word.to_owned();
        if last == "default" {
            last = self.reader.word();
            name = format!("DEFAULT {}", last.to_ascii_uppercase());
        }
        let second = match last.as_str() {
            "character" => "set",
            "data" | "index" => "directory",
            _ => "",
        };
        if !second.is_empty() && self.reader.accept(second) {
            name.push(' ');
            name.push_str(&second.to_ascii_uppercase());
        }
        self.reader.accept_equals();
        if self.reader.accept_symbol("(") {
            self.reader.pass_parenthesis();
        } else if !self.reader.peek().is_none_or(|token| token.is_symbol(",")) {
            self.reader.next();
        }
        self.actions.push(TableAction::Option(name));
    }

    fn online(&self, insert_at: usize) -> Option<OnlineClause> {
        if self.place == Place::Alone && self.engine == Engine::MariaDb {
            return None;
        }
        let only_partitioning = self
            .actions
            .iter()
            .all(|action| matches!(action, TableAction::Partition("PARTITION BY" | "REMOVE PARTITIONING")));
        let own = self.clauses.iter().map(|clause| match clause {
            Clause {
                span,
                comma_before: Some(comma),
                follows_item: true,
                ..
            } => Span::new(*comma, span.end),
            Clause {
                span,
                comma_behind: Some(comma),
                ..
            } => Span::new(span.start, comma + 1),
            Clause { span, .. } => *span,
        });
        Some(OnlineClause {
            algorithm: self.algorithm,
            lock: self.lock,
            insert_at,
            separator: if only_partitioning {
                Separator::CommaBetween
            } else {
                Separator::CommaBehind
            },
            own: own.collect(),
            as_alter_table: None,
        })
    }
}

/// The name of an index, where one stands before its columns.
fn index_name(reader: &mut Reader<'_>) -> Option<String> {
    reader.accept_all(&["if", "not", "exists"]);
    let unnamed = reader.at("using") || reader.peek().is_none_or(|token| token.is_symbol("("));
    if unnamed { None } else { reader.name() }
}

/// `[=] value` behind `ALGORITHM`.
pub(super) fn algorithm(reader: &mut Reader<'_>, start: usize) -> Requested<Algorithm> {
    reader.accept_equals();
    let value = match reader.word().as_str() {
        "instant" => Some(Algorithm::Instant),
        "nocopy" => Some(Algorithm::NoCopy),
        "inplace" => Some(Algorithm::InPlace),
        "copy" => Some(Algorithm::Copy),
        _ => None,
    };
    Requested {
        value,
        span: Span::new(start, reader.consumed_to()),
    }
}

/// `[=] value` behind `LOCK`.
pub(super) fn lock(reader: &mut Reader<'_>, start: usize) -> Requested<LockLevel> {
    reader.accept_equals();
    let value = match reader.word().as_str() {
        "none" => Some(LockLevel::None),
        "shared" => Some(LockLevel::Shared),
        "exclusive" => Some(LockLevel::Exclusive),
        _ => None,
    };
    Requested {
        value,
        span: Span::new(start, reader.consumed_to()),
    }
}
