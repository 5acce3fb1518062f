//! What stands before the body of a routine, trigger or event, so that its body is found and nothing else is taken for
//! one.

use crate::lexer::{Token, TokenKind};

/// Follows the tokens between `CREATE` (or `ALTER`) and the body.
pub(super) struct Header {
    oracle: bool,
    at: At,
    parentheses: usize,
}

/// What a token of the header tells.
pub(super) enum Step {
    /// The header goes on.
    Header,
    /// The next token is the first of the body.
    BodyAtNext,
    /// This token is the first of the body.
    Body,
    /// A block is open, and the next token is the first of its first statement.
    Block,
    /// A block is open, and this token is the first of its first statement (Oracle mode).
    BlockHere,
    /// Declarations follow, up to a `BEGIN` (Oracle mode).
    Declarations,
    /// The declarations of a package follow, up to its `END` (Oracle mode).
    Package,
    /// It is a statement without a body.
    NoBody,
}

/// Where in the header we are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// Behind `CREATE`, before the kind of object.
    Kind,
    /// Behind `DEFINER`: the sign, the account, what follows it.
    Definer(u8),
    /// Behind `BEGIN` at the start of a statement (MariaDB), with as many words of `NOT ATOMIC`.
    Begin(u8),
    /// Behind `PROCEDURE` or `FUNCTION`, up to the end of the parameters.
    Parameters,
    /// Among the characteristics of a routine, this many tokens of one of them being left.
    Characteristics(u8),
    /// Behind `RETURNS`: before the type (`true`) or behind its first word.
    Type(bool),
    /// Behind a word of a type that is followed by one more.
    TypeArgument,
    /// Behind `USING`, before the libraries in parentheses.
    Libraries,
    /// Of a trigger: up to `FOR EACH`.
    Trigger,
    /// Of a trigger: behind `EACH`.
    Each,
    /// Of a trigger: behind `ROW`, then behind `FOLLOWS` or `PRECEDES` before the name, then behind it.
    Row(Order),
    /// Of an event: up to `DO`.
    Event,
    /// Of a package: up to `AS` or `IS`.
    Package,
}

/// What may stand between `FOR EACH ROW` and the body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Unknown,
    BeforeName,
    BehindName,
}

/// Words that go on with the type behind `RETURNS`.
const TYPE_WORDS: [&str; 15] = [
    "precision",
    "varying",
    "unsigned",
    "signed",
    "zerofill",
    "binary",
    "ascii",
    "unicode",
    "byte",
    "char",
    "varchar",
    "varbinary",
    "character",
    "charset",
    "collate",
];

impl Header {
    pub(super) fn new(oracle: bool) -> Self {
        Header {
            oracle,
            at: At::Kind,
            parentheses: 0,
        }
    }

    /// The header of what may be `BEGIN NOT ATOMIC`; otherwise it is the beginning of a transaction.
    pub(super) fn at_begin(oracle: bool) -> Self {
        Header {
            at: At::Begin(0),
            ..Header::new(oracle)
        }
    }

    pub(super) fn step(&mut self, token: &Token<'_>) -> Step {
        if token.is_symbol(";") {
            return Step::NoBody;
        }
        if token.is_symbol("(") {
            self.parentheses += 1;
        } else if token.is_symbol(")") {
            self.parentheses = self.parentheses.saturating_sub(1);
            if self.parentheses == 0 && self.at == At::Parameters {
                self.at = At::Characteristics(0);
                return Step::Header;
            }
        }
        if self.parentheses > 0 || token.is_symbol(")") {
            // A body may itself stand in parentheses: `CREATE PROCEDURE p() (SELECT 1)`.
            let is_body = self.parentheses == 1 && token.is_symbol("(") && self.at == At::Characteristics(0);
            return if is_body { Step::Body } else { Step::Header };
        }
        match self.at {
            At::Kind => self.kind(token),
            At::Definer(place) => self.definer(token, place),
            At::Begin(words) => self.begin(token, words),
            At::Parameters => self.parameters(token),
            At::Characteristics(left) => self.characteristic(token, left),
            At::Type(first) => self.returns(token, first),
            At::TypeArgument => {
                // `CHARACTER SET x`, `CHARSET x`, `COLLATE x`, `TYPE OF t.a`
                if !token.is("set") && !token.is("of") {
                    self.at = At::Type(false);
                }
                Step::Header
            }
            At::Libraries => {
                self.at = At::Characteristics(0);
                self.characteristic(token, 0)
            }
            At::Trigger => {
                if token.is("each") {
                    self.at = At::Each;
                }
                Step::Header
            }
            At::Each => {
                self.at = if token.is("row") {
                    At::Row(Order::Unknown)
                } else {
                    At::Trigger
                };
                Step::Header
            }
            At::Row(order) => self.row(token, order),
            At::Event => {
                if token.is("do") {
                    Step::BodyAtNext
                } else {
                    Step::Header
                }
            }
            At::Package => {
                if token.is("as") || token.is("is") {
                    Step::Package
                } else {
                    Step::Header
                }
            }
        }
    }

    /// `OR REPLACE`, `DEFINER = …`, `AGGREGATE`, then the kind.
    fn kind(&mut self, token: &Token<'_>) -> Step {
        self.at = match token.folded().as_deref() {
            Some("or" | "replace" | "aggregate") => At::Kind,
            Some("definer") => At::Definer(0),
            Some("procedure" | "function") => At::Parameters,
            Some("trigger") => At::Trigger,
            Some("event") => At::Event,
            Some("package") if self.oracle => At::Package,
            _ => return Step::NoBody,
        };
        Step::Header
    }

    /// `= name @host`: a host in quotes may stand apart from its `@`.
    fn definer(&mut self, token: &Token<'_>, place: u8) -> Step {
        match place {
            0 if token.text == "=" => self.at = At::Definer(1),
            0 => return Step::NoBody,
            1 => self.at = At::Definer(2),
            _ if token.text == "@" => self.at = At::Definer(1),
            _ if token.kind == TokenKind::Parameter => {}
            _ => {
                self.at = At::Kind;
                return self.kind(token);
            }
        }
        Step::Header
    }

    fn begin(&mut self, token: &Token<'_>, words: u8) -> Step {
        match words {
            0 if token.is("not") => {
                self.at = At::Begin(1);
                Step::Header
            }
            1 if token.is("atomic") => Step::Block,
            0 if self.oracle && !token.is("work") => Step::BlockHere,
            _ => Step::NoBody,
        }
    }

    /// The name; in Oracle mode there may be no parameters at all.
    fn parameters(&mut self, token: &Token<'_>) -> Step {
        let ends = self.oracle && ["as", "is", "return"].iter().any(|word| token.is(word));
        // `CREATE FUNCTION f RETURNS STRING SONAME 'library'`, `ALTER PROCEDURE p COMMENT …`
        if ends {
            self.at = At::Characteristics(0);
            return self.characteristic(token, 0);
        }
        Step::Header
    }

    fn characteristic(&mut self, token: &Token<'_>, left: u8) -> Step {
        if left > 0 {
            self.at = At::Characteristics(left - 1);
            return Step::Header;
        }
        let left = match token.folded().as_deref() {
            Some("comment" | "language" | "not" | "contains" | "no") => 1,
            Some("reads" | "modifies" | "sql") => 2,
            Some("deterministic") => 0,
            Some("using") => {
                self.at = At::Libraries;
                return Step::Header;
            }
            Some("returns") => {
                self.at = At::Type(true);
                return Step::Header;
            }
            Some("return") if self.oracle => {
                self.at = At::Type(true);
                return Step::Header;
            }
            Some("as" | "is") if self.oracle => return Step::Declarations,
            // MySQL 9: `AS $$ … $$` in another language.
            Some("as") => return Step::NoBody,
            _ => return Step::Body,
        };
        self.at = At::Characteristics(left);
        Step::Header
    }

    fn returns(&mut self, token: &Token<'_>, first: bool) -> Step {
        if first {
            self.at = if token.is("type") {
                At::TypeArgument
            } else {
                At::Type(false)
            };
            return Step::Header;
        }
        if ["character", "charset", "collate"].iter().any(|word| token.is(word)) {
            self.at = At::TypeArgument;
        } else if token.is("type") {
            // `ROW TYPE OF t`
            self.at = At::TypeArgument;
        } else if !TYPE_WORDS.iter().any(|word| token.is(word)) && !self.continues_name(token) {
            self.at = At::Characteristics(0);
            return self.characteristic(token, 0);
        }
        Step::Header
    }

    /// The parts of `TYPE OF t.a`, `t.a%TYPE`.
    fn continues_name(&mut self, token: &Token<'_>) -> bool {
        if token.is_symbol(".") || token.text == "%" {
            self.at = At::TypeArgument;
            return true;
        }
        false
    }

    fn row(&mut self, token: &Token<'_>, order: Order) -> Step {
        let next = match order {
            Order::Unknown if token.is("follows") || token.is("precedes") => Order::BeforeName,
            Order::BeforeName => Order::BehindName,
            Order::BehindName if token.is_symbol(".") => Order::BeforeName,
            Order::Unknown | Order::BehindName => return Step::Body,
        };
        self.at = At::Row(next);
        Step::Header
    }
}
