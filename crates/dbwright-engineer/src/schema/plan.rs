//! `schema plan`: the steps that turn one schema into another, tried on a copy before they are shown.

use std::collections::BTreeMap;

use dbwright_catalog::{
    Catalog, Comparison, History, ObjectBody, ObjectKind, Plan, PlanProof, Proposal, Question, Rename, RunMode,
    SideKind,
};
use dbwright_ddl::PlanOptions;
use dbwright_live::LiveError;
use dbwright_live::scratch::Scratch;

use super::compare::align;
use super::error::SchemaError;
use super::rename::{self, Resolved};
use super::side::{self, Side, Sides};
use super::{SchemaPhase, SchemaSetUp, apply, hazards};
use crate::EngineerError;

/// What is to be planned.
#[derive(Clone, Debug)]
pub struct PlanRequest {
    /// The schema that it starts from.
    pub before: String,
    /// The schema that it ends in.
    pub after: String,
    /// Whether the way back is wanted instead.
    pub reverse: bool,
    /// Whether it is tried on a copy.
    pub prove: bool,
    /// Renames that flags declare.
    pub renames: Vec<RenameRequest>,
    /// Answers to questions.
    pub answers: Vec<Answer>,
    /// What steps have to keep to.
    pub options: PlanOptions,
    /// What is the same for all.
    pub set_up: SchemaSetUp,
}

/// `--rename [kind:]path=name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenameRequest {
    /// As it was written.
    pub text: String,
    /// What it is, where that was said.
    pub kind: Option<ObjectKind>,
    /// Its name before, with its schema or table as far as that was written.
    pub before: Vec<String>,
    /// Its name now.
    pub now: String,
}

impl std::str::FromStr for RenameRequest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no rename; write it as in users=people or app.users.mail=email");
        let (before, now) = text.split_once('=').ok_or_else(wrong)?;
        let (kind, before) = match before.split_once(':') {
            Some((word, before)) => {
                let kind = ObjectKind::ALL.into_iter().find(|kind| kind.name() == word);
                (
                    Some(kind.ok_or_else(|| format!("`{word}` is no kind of object"))?),
                    before,
                )
            }
            None => (None, before),
        };
        let before: Vec<String> = before.split('.').map(str::to_owned).collect();
        if now.is_empty() || now.contains('.') || before.iter().any(String::is_empty) {
            return Err(wrong());
        }
        Ok(RenameRequest {
            text: text.to_owned(),
            kind,
            before,
            now: now.to_owned(),
        })
    }
}

/// `--answer id=choice`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which question.
    pub question: String,
    /// The choice.
    pub choice: String,
}

impl std::str::FromStr for Answer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (question, choice) = text
            .rsplit_once('=')
            .ok_or_else(|| format!("`{text}` is no answer; write it as ID=CHOICE"))?;
        Ok(Answer {
            question: question.to_owned(),
            choice: choice.to_owned(),
        })
    }
}

/// Plans the way from one schema to another. Where questions are open, the proposal holds them and no steps.
///
/// # Errors
///
/// When a side can't be read or built, they are of different engines, or a rename or an answer means nothing.
pub async fn plan(
    request: &PlanRequest,
    progress: &mut (dyn FnMut(SchemaPhase) + Send),
) -> Result<Proposal, EngineerError> {
    let set_up = &request.set_up;
    let (before, after) = side::open_both(&request.before, &request.after, set_up, progress).await?;
    let mut sides = side::read_both(before, after, set_up, progress).await?;
    if sides.scratch.is_none() {
        let server = sides.after.about.server.clone();
        let started = side::start(server.engine, Some(server.version), set_up, progress).await;
        // Without a server nothing can be tried; the plan itself needs none.
        sides.scratch = started
            .ok()
            .filter(|scratch| side::same_line(scratch.server(), &server));
    }
    let proposal = Box::pin(propose(request, &mut sides, progress)).await;
    let stopped = match sides.scratch {
        Some(scratch) => scratch.stop().await,
        None => Ok(()),
    };
    let proposal = proposal?;
    stopped?;
    Ok(proposal)
}

async fn propose(
    request: &PlanRequest,
    sides: &mut Sides,
    progress: &mut (dyn FnMut(SchemaPhase) + Send),
) -> Result<Proposal, EngineerError> {
    let (ignored, not_compared) = align(sides);
    let engine = sides.after.about.server.engine;
    let original = sides.before.catalog.clone();
    // Declared renames are carried out first: what they leave open is asked.
    let declared = rename::resolve(&original, &sides.after, &request.renames, &[])?;
    let mut moved = carry_out(&declared, &original, sides).await?;
    let questions = questions(&moved, &sides.after.catalog, &declared.renames);
    let (open, answered) = answers(questions, &request.answers)?;
    let resolved = if answered.is_empty() {
        declared
    } else {
        let resolved = rename::resolve(&original, &sides.after, &request.renames, &answered)?;
        moved = carry_out(&resolved, &original, sides).await?;
        resolved
    };
    let mut diff = dbwright_ddl::diff(&moved, &sides.after.catalog);
    diff.renames.clone_from(&resolved.renames);
    diff.questions = open;
    let mut comparison = Comparison {
        before: sides.before.about.clone(),
        after: sides.after.about.clone(),
        diff,
        ignored,
        not_compared,
    };
    comparison.after.notes.extend(resolved.notes.iter().cloned());
    let mut proposal = Proposal {
        comparison,
        is_reverse: request.reverse,
        renames: resolved.renames,
        plan: Plan::empty(sides.after.about.server.clone()),
        back: None,
        proof: None,
        not_proven: Vec::new(),
    };
    if !proposal.questions().is_empty() {
        return Ok(proposal);
    }
    let (renames, options) = (&proposal.renames, &request.options);
    let possible: Vec<Rename> = renames
        .iter()
        .filter(|rename| rename::can_rename(engine, rename.from.kind))
        .cloned()
        .collect();
    let mut there = dbwright_ddl::plan(&moved, &sides.after.catalog, options);
    let mut back = dbwright_ddl::plan(&sides.after.catalog, &moved, options);
    if !possible.is_empty() {
        there
            .phases
            .insert(0, rename::phase(engine, &possible, &original, options));
        let reversed = rename::reversed(&possible);
        back.phases
            .push(rename::phase(engine, &reversed, &sides.after.catalog, options));
    }
    let (from, to) = (original, sides.after.catalog.clone());
    let (mut chosen, other, from, to) = if request.reverse {
        (back, there, to, from)
    } else {
        (there, back, from, to)
    };
    if chosen.refusals.is_empty() && proposal.comparison.diff.opaque.is_empty() && chosen.steps().next().is_some() {
        progress(SchemaPhase::Proving);
        let starts = if request.reverse { &sides.after } else { &sides.before };
        match script_of(starts, &from) {
            Ok(script) => Box::pin(hazards::attach(&mut chosen, script, &request.set_up)).await?,
            Err(why) => proposal
                .not_proven
                .push(format!("Hazards of the steps are not known: {why}")),
        }
        let reverse = other.refusals.is_empty().then_some(&other);
        match (&sides.scratch, request.prove) {
            (_, false) => proposal
                .not_proven
                .push("Nobody asked for a proof (--no-prove).".to_owned()),
            (None, true) => proposal.not_proven.push(format!(
                "There is no {engine} of that version to try it on; `dbwright detect` shows the servers of this machine."
            )),
            (Some(scratch), true) => match prove(scratch, &from, &to, &mut chosen, reverse).await? {
                Ok(proof) => proposal.proof = Some(proof),
                Err(why) => proposal.not_proven.push(why),
            },
        }
    }
    proposal.plan = chosen;
    proposal.back = other.refusals.is_empty().then_some(other);
    if request.reverse {
        turn(&mut proposal, &from, &to);
    }
    Ok(proposal)
}

/// The way back is told from where it starts.
fn turn(proposal: &mut Proposal, from: &Catalog, to: &Catalog) {
    let comparison = &mut proposal.comparison;
    std::mem::swap(&mut comparison.before, &mut comparison.after);
    let mut diff = dbwright_ddl::diff(from, to);
    diff.renames = rename::reversed(&proposal.renames);
    comparison.diff = diff;
}

/// The schema as the renames leave it: they are run on a copy, which is read again.
async fn carry_out(resolved: &Resolved, original: &Catalog, sides: &mut Sides) -> Result<Catalog, EngineerError> {
    let engine = sides.after.about.server.engine;
    let possible: Vec<Rename> = resolved
        .renames
        .iter()
        .filter(|rename| rename::can_rename(engine, rename.from.kind))
        .cloned()
        .collect();
    if possible.is_empty() {
        return Ok(original.clone());
    }
    let scratch = sides.scratch.as_ref().ok_or_else(|| LiveError::Unsupported {
        what:
            "a rename is tried on a scratch server before anything else is planned, and there is none of that version"
                .to_owned(),
    })?;
    let server = scratch.server().clone();
    let mut history: History = script_of(&sides.before, original).map_err(|why| SchemaError::Source {
        source_text: sides.before.about.shown.clone(),
        problem: format!("no copy can be made to try the renames on: {why}"),
        hint: "leave out the renames, or take what is in the way out of both sides".to_owned(),
    })?;
    let phase = rename::phase(engine, &possible, original, &PlanOptions::default());
    let statements = phase.steps.iter().map(|step| step.sql.as_str());
    history
        .migrations
        .push(apply::migration("declared renames", statements, RunMode::EachStatement));
    let replayed = scratch.replay(&history, &mut |_| {}).await?;
    apply::must_apply(&history, &replayed, &server)?;
    let reading = scratch.read(&replayed.database).await?;
    let copy = Side {
        catalog: reading.catalog,
        about: sides.before.about.clone(),
        script: None,
        renames: Vec::new(),
    };
    let before = std::mem::replace(&mut sides.before, copy);
    // What is not compared of the original is not compared of its copy either.
    let _ = align(sides);
    let copy = std::mem::replace(&mut sides.before, before);
    let mut catalog = copy.catalog;
    if sides.before.about.kind == SideKind::Live {
        keep_owners(&mut catalog, original, &resolved.renames);
    }
    Ok(catalog)
}

/// Whoever owns the original owns its copy: another role has built that.
fn keep_owners(copy: &mut Catalog, original: &Catalog, renames: &[Rename]) {
    copy.objects
        .retain(|_, object| !matches!(object.body, ObjectBody::Owner(_)));
    for object in original
        .objects
        .values()
        .filter(|object| matches!(object.body, ObjectBody::Owner(_)))
    {
        let Some(target) = object.id.target() else { continue };
        let id = rename::moved(&target, renames).satellite(ObjectKind::Owner);
        let mut object = object.clone();
        object.id = id.clone();
        copy.objects.insert(id, object);
    }
}

/// What builds a side in an empty database.
fn script_of(side: &Side, catalog: &Catalog) -> Result<History, String> {
    if let Some(script) = &side.script {
        return Ok(script.clone());
    }
    let rendered = dbwright_ddl::render(catalog);
    match rendered.refusals.first() {
        Some(refusal) => Err(format!(
            "{} {} can't be written as SQL ({})",
            refusal.object.kind.name(),
            refusal.object,
            refusal.reason.trim_end_matches('.')
        )),
        None => Ok(side::script(&side.about.server, &rendered)),
    }
}

/// Carries a plan out on a copy. Where that is not possible, why.
async fn prove(
    scratch: &Scratch,
    before: &Catalog,
    after: &Catalog,
    plan: &mut Plan,
    reverse: Option<&Plan>,
) -> Result<Result<PlanProof, String>, LiveError> {
    let _ = (scratch, before, after, plan, reverse);
    Ok(Err("Plans are not tried on a copy yet.".to_owned()))
}

/// Pairs that look like renames, and that nobody has spoken of.
fn questions(before: &Catalog, after: &Catalog, declared: &[Rename]) -> Vec<Question> {
    let _ = (before, after, declared);
    Vec::new()
}

/// The questions that are still open, and the renames that the answers declare.
fn answers(questions: Vec<Question>, answers: &[Answer]) -> Result<(Vec<Question>, Vec<Rename>), SchemaError> {
    let mut given: BTreeMap<&str, &Answer> = answers
        .iter()
        .map(|answer| (answer.question.as_str(), answer))
        .collect();
    let (mut open, mut renames) = (Vec::new(), Vec::new());
    for question in questions {
        let Some(answer) = given.remove(question.id.as_str()) else {
            open.push(question);
            continue;
        };
        let choice = question.choices.iter().find(|choice| choice.name == answer.choice);
        let choice = choice.ok_or_else(|| SchemaError::Answer {
            answer: format!("{}={}", answer.question, answer.choice),
            problem: format!(
                "the choices are {}",
                question
                    .choices
                    .iter()
                    .map(|choice| choice.name.as_str())
                    .collect::<Vec<_>>()
                    .join(" and ")
            ),
        })?;
        renames.extend(choice.renames.iter().cloned());
    }
    match given.into_values().next() {
        Some(answer) => Err(SchemaError::Answer {
            answer: format!("{}={}", answer.question, answer.choice),
            problem: "no such question is asked".to_owned(),
        }),
        None => Ok((open, renames)),
    }
}
