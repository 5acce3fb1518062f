//! Pairs of a dropped and a created object that may be one object with another name.
//!
//! Nobody can tell that from two schemas, so it is asked and never guessed: a wrong yes keeps rows under a name they do not
//! belong to, a wrong no throws them away. Which pairs are worth a question is decided by structure and neighbors alone; the
//! same two schemas give the same questions with the same ids.

mod columns;
mod labels;
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

/// So many other pairs are offered beside the best one.
const OTHERS_MAX: usize = 5;

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
    let engine = after.server.engine;
    let labels = labels::pairs(&all);
    let groups = [
        tables::pairs(&sides),
        columns::pairs(&sides),
        labels::as_pairs(&labels),
        others::pairs(&sides),
    ];
    let asked = groups.into_iter().flat_map(|mut pairs| {
        pairs.retain(|pair| can_be_renamed(engine, pair.from.kind));
        // Plans for MySQL and MariaDB rename an index that is the same but for its name, whoever is asked: nothing hangs on it.
        let is_free = matches!(engine, Engine::MySql | Engine::MariaDb);
        pairs.retain(|pair| !is_free || pair.from.kind != ObjectKind::Index);
        with_others(pairs)
    });
    asked.map(|(pair, others)| question(pair, &others)).collect()
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

/// Each object in its best pair only, with the other pairs that one of the two might be in. Among equals, the first by name.
fn with_others(mut pairs: Vec<Pair<'_>>) -> Vec<(Pair<'_>, Vec<Rename>)> {
    pairs.sort_by(|one, other| {
        let by_score = other.score.total_cmp(&one.score);
        by_score.then_with(|| (one.from, one.to).cmp(&(other.from, other.to)))
    });
    let all: Vec<(&ObjectId, &ObjectId)> = pairs.iter().map(|pair| (pair.from, pair.to)).collect();
    let mut chosen: Vec<(Pair<'_>, Vec<Rename>)> = Vec::new();
    for pair in pairs {
        let is_taken = |(other, _): &(Pair<'_>, _)| other.from == pair.from || other.to == pair.to;
        if chosen.iter().any(is_taken) {
            continue;
        }
        let others = all
            .iter()
            .filter(|(from, to)| (*from == pair.from || *to == pair.to) && (*from, *to) != (pair.from, pair.to));
        let others = others.take(OTHERS_MAX).map(|(from, to)| Rename {
            from: (*from).clone(),
            to: (*to).clone(),
        });
        let others = others.collect();
        chosen.push((pair, others));
    }
    chosen.sort_by(|(one, _), (other, _)| (one.from, one.to).cmp(&(other.from, other.to)));
    chosen
}

fn question(pair: Pair<'_>, others: &[Rename]) -> Question {
    let (from, to) = (pair.from, pair.to);
    let is_label = labels::is_label(from);
    let kind = if is_label { "label" } else { from.kind.name() };
    let (kept, lost) = match from.kind {
        ObjectKind::Table => ("and keeps its rows", " with its rows"),
        ObjectKind::Column => ("and keeps its values", " with its values"),
        ObjectKind::Type if is_label => ("in every row that has it", ", which fails where rows have it"),
        _ => ("as it is", ""),
    };
    let rename = |name: String, rename: &Rename| Choice {
        name,
        consequence: format!("{} is renamed to {} {kept}.", rename.from, rename.to.name()),
        renames: vec![rename.clone()],
    };
    let best = Rename {
        from: from.clone(),
        to: to.clone(),
    };
    let mut choices = vec![rename(RENAME.to_owned(), &best)];
    for other in others {
        let name = format!("{RENAME}:{}:{}", other.from.name(), other.to.name());
        choices.push(rename(name, other));
    }
    choices.push(Choice {
        name: SEPARATE.to_owned(),
        consequence: format!("{from} is dropped{lost}, and {to} is made anew."),
        renames: Vec::new(),
    });
    let mut reasons = pair.reasons;
    if !others.is_empty() {
        reasons.push("There are others that look alike.".to_owned());
    }
    Question {
        id: format!(
            "rename-{}:{}:{}",
            kind.replace(' ', "-"),
            from.path.join("."),
            to.path.join(".")
        ),
        text: format!("Is the {kind} {to} the former {from}?"),
        reasons,
        choices,
    }
}
