//! Which `;` ends a statement on MySQL and MariaDB: every one, except in the body of a routine, trigger or event, and
//! in a compound statement of MariaDB (`BEGIN NOT ATOMIC … END`).
//!
//! The servers have a grammar there, so `begin` and `end` may be names; this follows its outline: what begins a
//! statement is told from what stands inside one. Grammars:
//! <https://dev.mysql.com/doc/refman/9.7/en/sql-compound-statements.html>,
//! <https://mariadb.com/docs/server/reference/sql-statements/programmatic-compound-statements>.

use super::mysql_header::{Header, Step};
use crate::lexer::{Token, TokenKind};

/// Follows the tokens of one statement.
pub(super) struct MySqlFamilyEnd {
    mariadb: bool,
    oracle: bool,
    part: Part,
    /// Blocks that are open, outermost first.
    blocks: Vec<Block>,
    parentheses: usize,
    previous: Previous,
}

/// Where in a statement we are.
enum Part {
    /// Nothing was seen of it.
    Start,
    /// What stands before a body.
    Header(Header),
    /// Where a statement of a body begins.
    StatementStart,
    /// Behind a name at the start of a statement, which is a label if a colon follows.
    MaybeLabel,
    /// Behind `DECLARE`, up to what tells a handler from a variable.
    Declare,
    /// In the conditions of a handler, before one of them (`true`) or behind one.
    Conditions(bool),
    /// Within an expression that ends at a word (`THEN`, `DO`), `CASE`s that are open in it.
    Expression(&'static str, usize),
    /// Behind `END` of a block, up to the `;`.
    BehindEnd,
    /// Within a statement that the next `;` ends.
    Plain,
    /// In declarations in Oracle mode, up to a `BEGIN` or `END`.
    Declarations(Of),
    /// Behind `<<` in Oracle mode, up to the `>>` behind the label.
    OracleLabel,
}

/// What is declared in Oracle mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// Variables and cursors of a routine or block.
    Block,
    /// The next word begins a declaration of a package.
    Package,
    /// A declaration of a package that is no routine.
    PackageItem,
    /// A routine of a package, before its `AS` or `IS`: it may be no more than announced.
    RoutineHead,
}

/// What `END` closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    /// `BEGIN`, `LOOP`.
    Plain,
    /// `IF`, `CASE`: what stands behind `ELSE` is a statement.
    Branches,
    /// `REPEAT`: `UNTIL` is followed by an expression that `END` ends.
    Repeat,
    /// `CREATE PACKAGE` in Oracle mode.
    Package,
}

/// What the token before was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Previous {
    /// Something behind which an expression may end.
    Operand,
    /// Something behind which an operand must follow, so that a keyword there is a name.
    Operator,
}

/// Words behind which an operand follows.
const BEFORE_OPERAND: [&str; 22] = [
    "and", "as", "between", "case", "div", "else", "elseif", "if", "in", "is", "like", "mod", "not", "or", "regexp",
    "rlike", "then", "until", "when", "where", "while", "xor",
];

impl MySqlFamilyEnd {
    pub(super) fn new(mariadb: bool, oracle: bool) -> Self {
        MySqlFamilyEnd {
            mariadb,
            oracle: mariadb && oracle,
            part: Part::Start,
            blocks: Vec::new(),
            parentheses: 0,
            previous: Previous::Operator,
        }
    }

    /// Takes notice of the next token; whether it is the separator that ends the statement.
    pub(super) fn is_at(&mut self, token: &Token<'_>) -> bool {
        if token.kind == TokenKind::CodeMark {
            return false;
        }
        if token.is_symbol(";") && !matches!(self.part, Part::Header(_)) {
            self.previous = Previous::Operator;
            return self.semicolon();
        }
        self.step(token);
        self.previous = match token.kind {
            TokenKind::Word if BEFORE_OPERAND.iter().any(|word| token.is(word)) => Previous::Operator,
            TokenKind::Operator => Previous::Operator,
            TokenKind::Symbol if token.text != ")" => Previous::Operator,
            TokenKind::Symbol
            | TokenKind::Word
            | TokenKind::Space
            | TokenKind::LineComment
            | TokenKind::BlockComment
            | TokenKind::QuotedName
            | TokenKind::String
            | TokenKind::Number
            | TokenKind::Parameter
            | TokenKind::CodeMark => Previous::Operand,
        };
        // An empty statement ends a header as any other does.
        token.is_symbol(";")
    }

    fn semicolon(&mut self) -> bool {
        self.parentheses = 0;
        if let Part::Declarations(of) = &mut self.part {
            if *of != Of::Block {
                *of = Of::Package;
            }
            return false;
        }
        self.part = if self.blocks.last() == Some(&Block::Package) {
            Part::Declarations(Of::Package)
        } else {
            Part::StatementStart
        };
        self.blocks.is_empty()
    }

    fn step(&mut self, token: &Token<'_>) {
        match &mut self.part {
            Part::Start => self.start(token),
            Part::Header(header) => match header.step(token) {
                Step::Header => {}
                Step::BodyAtNext => self.part = Part::StatementStart,
                Step::Body => {
                    self.part = Part::StatementStart;
                    self.step(token);
                }
                Step::Declarations => self.part = Part::Declarations(Of::Block),
                Step::Block => {
                    self.part = self.open(Block::Plain);
                }
                Step::BlockHere => {
                    self.part = self.open(Block::Plain);
                    self.step(token);
                }
                Step::Package => {
                    self.blocks.push(Block::Package);
                    self.part = Part::Declarations(Of::Package);
                }
                Step::NoBody => self.part = Part::Plain,
            },
            Part::StatementStart => self.statement_start(token),
            Part::MaybeLabel => {
                self.part = if token.is_symbol(":") {
                    Part::StatementStart
                } else {
                    Part::Plain
                }
            }
            Part::Declare => self.declare(token),
            Part::Conditions(expected) => {
                let expected = *expected;
                self.condition(token, expected);
            }
            Part::Expression(..) => self.expression(token),
            Part::Declarations(of) => {
                let of = *of;
                self.declarations(token, of);
            }
            Part::OracleLabel => {
                if token.text == ">>" {
                    self.part = Part::StatementStart;
                }
            }
            Part::BehindEnd | Part::Plain => {}
        }
    }

    /// The first token of a statement.
    fn start(&mut self, token: &Token<'_>) {
        let compound = ["if", "case", "loop", "while", "repeat", "for"];
        if token.is("create") || token.is("alter") {
            self.part = Part::Header(Header::new(self.oracle));
        } else if self.oracle && token.text == "<<" {
            self.part = Part::OracleLabel;
        } else if self.mariadb && token.is("begin") {
            self.part = Part::Header(Header::at_begin(self.oracle));
        } else if self.mariadb && compound.iter().any(|word| token.is(word)) {
            self.statement_start(token);
        } else if self.oracle && token.is("declare") {
            self.part = Part::Declarations(Of::Block);
        } else {
            self.part = Part::Plain;
        }
    }

    fn statement_start(&mut self, token: &Token<'_>) {
        if self.oracle && token.text == "<<" {
            self.part = Part::OracleLabel;
            return;
        }
        self.part = match token.folded().as_deref() {
            Some("begin" | "loop") => self.open(Block::Plain),
            Some("repeat") => self.open(Block::Repeat),
            Some("if") => {
                self.blocks.push(Block::Branches);
                Part::Expression("then", 0)
            }
            Some("case") => {
                self.blocks.push(Block::Branches);
                Part::Expression("when", 0)
            }
            Some("while") => {
                self.blocks.push(Block::Plain);
                Part::Expression(if self.oracle { "loop" } else { "do" }, 0)
            }
            Some("for") if self.mariadb => {
                self.blocks.push(Block::Plain);
                Part::Expression(if self.oracle { "loop" } else { "do" }, 0)
            }
            Some("elseif" | "elsif") if self.in_branches() => Part::Expression("then", 0),
            Some("when") if self.in_branches() || self.oracle => Part::Expression("then", 0),
            Some("else") if self.in_branches() => Part::StatementStart,
            Some("exception") if self.oracle => Part::StatementStart,
            Some("until") if self.blocks.last() == Some(&Block::Repeat) => Part::Expression("end", 0),
            Some("end") => self.close(),
            Some("declare") if self.oracle => Part::Declarations(Of::Block),
            Some("declare") => Part::Declare,
            Some(_) => Part::MaybeLabel,
            None if token.kind == TokenKind::QuotedName => Part::MaybeLabel,
            None => Part::Plain,
        };
    }

    fn open(&mut self, block: Block) -> Part {
        self.blocks.push(block);
        Part::StatementStart
    }

    fn close(&mut self) -> Part {
        self.blocks.pop();
        Part::BehindEnd
    }

    fn in_branches(&self) -> bool {
        self.blocks.last() == Some(&Block::Branches)
    }

    /// `{CONTINUE | EXIT | UNDO} HANDLER FOR` behind `DECLARE`, or anything else.
    fn declare(&mut self, token: &Token<'_>) {
        let is_handler = ["continue", "exit", "undo", "handler"]
            .iter()
            .any(|word| token.is(word));
        self.part = if token.is("for") {
            Part::Conditions(true)
        } else if is_handler {
            Part::Declare
        } else {
            // `DECLARE c CURSOR FOR SELECT …`, `DECLARE a INT DEFAULT …`
            Part::Plain
        };
    }

    /// `SQLSTATE [VALUE] 'x'`, `NOT FOUND`, `1062`, a name: with commas between them, then a statement.
    fn condition(&mut self, token: &Token<'_>, expected: bool) {
        let prefix = ["sqlstate", "value", "not"].iter().any(|word| token.is(word));
        if expected {
            self.part = Part::Conditions(prefix);
        } else if token.is_symbol(",") {
            self.part = Part::Conditions(true);
        } else {
            self.part = Part::StatementStart;
            self.statement_start(token);
        }
    }

    fn expression(&mut self, token: &Token<'_>) {
        let Part::Expression(until, cases) = &mut self.part else {
            return;
        };
        match token.text {
            "(" => self.parentheses += 1,
            ")" => self.parentheses = self.parentheses.saturating_sub(1),
            _ => {}
        }
        let is_name = self.previous == Previous::Operator;
        if token.is("case") {
            *cases += 1;
        } else if *cases > 0 {
            if token.is("end") && !is_name {
                *cases -= 1;
            }
        } else if self.parentheses == 0 && token.is(until) {
            // A `CASE` without an operand begins with `WHEN` at once.
            self.part = match *until {
                "when" => Part::Expression("then", 0),
                "end" | "do" if is_name => return,
                "end" => self.close(),
                _ => Part::StatementStart,
            };
        }
    }

    /// In Oracle mode: what stands before the `BEGIN` of a block, or in a package.
    fn declarations(&mut self, token: &Token<'_>, of: Of) {
        match of {
            Of::Block if token.is("begin") => self.part = self.open(Block::Plain),
            // What a package does when it is loaded; its `END` is that of the package.
            Of::Package if token.is("begin") => {
                self.blocks.pop();
                self.part = self.open(Block::Plain);
            }
            Of::Package if token.is("end") => self.part = self.close(),
            Of::Package if token.is("procedure") || token.is("function") => {
                self.part = Part::Declarations(Of::RoutineHead);
            }
            Of::Package => self.part = Part::Declarations(Of::PackageItem),
            Of::RoutineHead if token.is("as") || token.is("is") => self.part = Part::Declarations(Of::Block),
            Of::Block | Of::PackageItem | Of::RoutineHead => {}
        }
    }
}
