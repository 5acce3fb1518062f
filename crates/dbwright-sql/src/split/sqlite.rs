//! Which `;` ends a statement on SQLite: every one, except in `CREATE TRIGGER`, where it is the one behind the `END`
//! that follows another `;`. This is the state machine of `sqlite3_complete()`
//! (<https://sqlite.org/src/file/src/complete.c>), which `CASE … END` does not confuse.

use crate::lexer::Token;

/// Follows the tokens of one statement.
#[derive(Default)]
pub(super) struct SqliteEnd {
    state: State,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// Nothing was seen of the statement.
    #[default]
    Start,
    /// Within a statement that any `;` ends.
    Normal,
    /// Behind `EXPLAIN`, maybe with `QUERY PLAN`.
    Explain,
    /// Behind `CREATE`, maybe with `TEMP`.
    Create,
    /// Within a trigger.
    Trigger,
    /// Behind a `;` of a trigger.
    TriggerSemicolon,
    /// Behind `; END` of a trigger.
    TriggerEnd,
}

impl SqliteEnd {
    /// Takes notice of the next token; whether it is the separator that ends the statement.
    pub(super) fn is_at(&mut self, token: &Token<'_>) -> bool {
        if token.is_symbol(";") {
            let in_trigger = matches!(self.state, State::Trigger | State::TriggerSemicolon);
            self.state = if in_trigger {
                State::TriggerSemicolon
            } else {
                State::Start
            };
            return !in_trigger;
        }
        self.state = match self.state {
            State::Start if token.is("explain") => State::Explain,
            State::Start | State::Explain if token.is("create") => State::Create,
            State::Explain if !token.is("explain") && !is_word_of_trigger(token) => State::Explain,
            State::Create if token.is("temp") || token.is("temporary") => State::Create,
            State::Create if token.is("trigger") => State::Trigger,
            State::Start | State::Normal | State::Explain | State::Create => State::Normal,
            State::TriggerSemicolon if token.is("end") => State::TriggerEnd,
            State::Trigger | State::TriggerSemicolon | State::TriggerEnd => State::Trigger,
        };
        false
    }
}

/// The other words that the state machine knows. Behind `EXPLAIN` they make it a statement like any other.
fn is_word_of_trigger(token: &Token<'_>) -> bool {
    ["temp", "temporary", "trigger", "end"]
        .iter()
        .any(|word| token.is(word))
}
