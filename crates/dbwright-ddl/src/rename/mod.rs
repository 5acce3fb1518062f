//! Pairs of a dropped and a created object that may be one object with another name.
//!
//! Nobody can tell that from two schemas, so it is asked and never guessed: a wrong yes keeps rows under a name they do not
//! belong to, a wrong no throws them away. Which pairs are worth a question is decided by structure and neighbors alone; the
//! same two schemas give the same questions with the same ids.

mod columns;
mod likeness;
mod others;
mod steps;
mod tables;

use std::fmt;

use dbwright_catalog::{
    Catalog, Change, Choice, Diff, Engine, Object, ObjectId, ObjectKind, Question, Rename, changes,
};

pub use steps::{can_be_renamed, rename_steps};

/// The answer that declares a rename.
pub const RENAME: &str = "rename";

/// The answer that declares none.
pub const SEPARATE: &str = "separate";

/// What was dropped and what was created, of one difference.
struct Sides<'a> {
    before: &'a Catalog,
    after: &'a Catalog,
    dropped: Vec<&'a Object>,
    created: Vec<&'a Object>,
}

impl<'a> Sides<'a> {
    fn dropped(&self, kind: ObjectKind) -> impl Iterator<Item = &'a Object> {
        self.dropped
            .iter()
            .copied()
            .filter(move |object| object.id.kind == kind)
    }

    fn created(&self, kind: ObjectKind) -> impl Iterator<Item = &'a Object> {
        self.created
            .iter()
            .copied()
            .filter(move |object| object.id.kind == kind)
    }
}

/// A pair, how alike its objects are, and in what.
struct Pair<'a> {
    from: &'a ObjectId,
    to: &'a ObjectId,
    score: f64,
    reasons: Vec<String>,
}

/// The questions that the difference of two catalogs raises, tables first.
pub fn questions(before: &Catalog, after: &Catalog) -> Vec<Question> {
    let all = changes(before, after);
    let mut sides = Sides {
        before,
        after,
        dropped: Vec::new(),
        created: Vec::new(),
    };
    for change in &all {
        match change {
            Change::Dropped(object) => sides.dropped.extend(before.get(&object.id)),
            Change::Created(object) => sides.created.extend(after.get(&object.id)),
            Change::Altered { .. } => {}
        }
    }
    let mut pairs = best(tables::pairs(&sides));
    pairs.extend(best(columns::pairs(&sides)));
    pairs.extend(best(others::pairs(&sides)));
    let engine = after.server.engine;
    pairs.retain(|pair| can_be_renamed(engine, pair.from.kind));
    // Plans for MySQL and MariaDB rename an index that is the same but for its name, whoever is asked: nothing hangs on it.
    let is_free = matches!(engine, Engine::MySql | Engine::MariaDb);
    pairs.retain(|pair| !is_free || pair.from.kind != ObjectKind::Index);
    pairs.into_iter().map(question).collect()
}

/// The difference with its questions.
pub fn diff_with_questions(before: &Catalog, after: &Catalog) -> Diff {
    Diff {
        questions: questions(before, after),
        ..crate::diff(before, after)
    }
}

/// Why an answer can't be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongAnswer {
    /// There is no such question; those that there are.
    NoSuchQuestion(String, Vec<String>),
    /// The question has no such choice; those that it has.
    NoSuchChoice(String, String, Vec<String>),
}

impl fmt::Display for WrongAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WrongAnswer::NoSuchQuestion(id, known) if known.is_empty() => {
                write!(f, "there is no question `{id}`: nothing is asked about these schemas")
            }
            WrongAnswer::NoSuchQuestion(id, known) => {
                write!(
                    f,
                    "there is no question `{id}`; what is asked: `{}`",
                    known.join("`, `")
                )
            }
            WrongAnswer::NoSuchChoice(id, choice, known) => {
                write!(
                    f,
                    "`{choice}` is no answer to `{id}`; possible are `{}`",
                    known.join("`, `")
                )
            }
        }
    }
}

/// The renames that an answer to a question declares.
pub fn answer(questions: &[Question], id: &str, choice: &str) -> Result<Vec<Rename>, WrongAnswer> {
    let Some(question) = questions.iter().find(|question| question.id == id) else {
        let known = questions.iter().map(|question| question.id.clone()).collect();
        return Err(WrongAnswer::NoSuchQuestion(id.to_owned(), known));
    };
    let Some(taken) = question.choices.iter().find(|known| known.name == choice) else {
        let known = question.choices.iter().map(|choice| choice.name.clone()).collect();
        return Err(WrongAnswer::NoSuchChoice(id.to_owned(), choice.to_owned(), known));
    };
    Ok(taken.renames.clone())
}

/// Each object in its best pair only. Among equals, the first by name.
fn best(mut pairs: Vec<Pair<'_>>) -> Vec<Pair<'_>> {
    pairs.sort_by(|one, other| {
        let by_score = other.score.total_cmp(&one.score);
        by_score.then_with(|| (one.from, one.to).cmp(&(other.from, other.to)))
    });
    let mut chosen: Vec<Pair<'_>> = Vec::new();
    for pair in pairs {
        if !chosen
            .iter()
            .any(|other| other.from == pair.from || other.to == pair.to)
        {
            chosen.push(pair);
        }
    }
    chosen.sort_by(|one, other| (one.from, one.to).cmp(&(other.from, other.to)));
    chosen
}

fn question(pair: Pair<'_>) -> Question {
    let (from, to) = (pair.from, pair.to);
    let kind = from.kind.name();
    let (kept, lost) = match from.kind {
        ObjectKind::Table => ("and keeps its rows", " with its rows"),
        ObjectKind::Column => ("and keeps its values", " with its values"),
        _ => ("as it is", ""),
    };
    Question {
        id: format!(
            "rename-{}:{}:{}",
            kind.replace(' ', "-"),
            from.path.join("."),
            to.path.join(".")
        ),
        text: format!("Is the {kind} {to} the former {from}?"),
        reasons: pair.reasons,
        choices: vec![
            Choice {
                name: RENAME.to_owned(),
                consequence: format!("{from} is renamed to {} {kept}.", to.name()),
                renames: vec![Rename {
                    from: from.clone(),
                    to: to.clone(),
                }],
            },
            Choice {
                name: SEPARATE.to_owned(),
                consequence: format!("{from} is dropped{lost}, and {to} is made anew."),
                renames: Vec::new(),
            },
        ],
    }
}
