//! `schema plan`: the steps that turn one schema into another, tried on a copy before they are shown.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{
    Catalog, Comparison, Engine, History, ObjectBody, ObjectId, ObjectKind, Plan, PlanProof, Proposal, Question,
    Rename, RunMode, SideKind,
};
use dbwright_ddl::PlanOptions;
use dbwright_live::LiveError;
use dbwright_live::prove_plan;
use dbwright_live::scratch::Scratch;

use super::compare::{align, user_of};
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
    let mut sides = Box::pin(side::read_both(before, after, set_up, progress)).await?;
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
    let Settled { resolved, moved, open } = settle(request, &original, sides).await?;
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
        not_restored: Vec::new(),
        proof: None,
        not_proven: Vec::new(),
    };
    if !proposal.questions().is_empty() {
        return Ok(proposal);
    }
    let (renames, options) = (&proposal.renames, &request.options);
    let possible: Vec<Rename> = renames
        .iter()
        .filter(|rename| dbwright_ddl::can_be_renamed(engine, rename.from.kind))
        .cloned()
        .collect();
    let mut there = dbwright_ddl::plan(&moved, &sides.after.catalog, options);
    let mut back = dbwright_ddl::plan(&sides.after.catalog, &moved, options);
    if !possible.is_empty() {
        there.phases.insert(0, rename::phase(engine, &possible, options));
        let reversed = rename::reversed(&possible);
        back.phases.push(rename::phase(engine, &reversed, options));
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
    let mut other = other;
    if let Some(migrator) = sides.scratch.as_ref().and_then(Scratch::migrator)
        && [&sides.before, &sides.after].iter().all(|side| side.script.is_some())
    {
        for plan in [&mut chosen, &mut other] {
            without_default_owners(plan, &[&from, &to], migrator);
        }
    }
    let (from_side, to_side) = if request.reverse {
        (&sides.after, &sides.before)
    } else {
        (&sides.before, &sides.after)
    };
    without_defaults_of_extensions(&mut chosen, to_side);
    without_defaults_of_extensions(&mut other, from_side);
    proposal.plan = chosen;
    if request.reverse {
        proposal.not_restored.clone_from(&other.losses);
    }
    proposal.back = other.refusals.is_empty().then_some(other);
    if request.reverse {
        turn(&mut proposal, &from, &to);
    }
    Ok(proposal)
}

/// Leaves out statements that make the role of the scratch server an owner: nobody has said who owns what both sides build.
fn without_default_owners(plan: &mut Plan, catalogs: &[&Catalog], migrator: &str) {
    let is_default = |id: &ObjectId| {
        id.kind == ObjectKind::Owner
            && catalogs.iter().any(|catalog| {
                let object = catalog.get(id).map(|object| &object.body);
                matches!(object, Some(ObjectBody::Owner(owner)) if owner.role == migrator)
            })
    };
    let engine = plan.server.engine;
    let with_definers = matches!(engine, Engine::MySql | Engine::MariaDb);
    for phase in &mut plan.phases {
        for step in phase.steps.iter_mut().filter(|_| with_definers) {
            let (without, account) = dbwright_ddl::without_definer(engine, "", &step.sql);
            if account.is_some_and(|account| user_of(&account) == migrator) {
                step.sql = without;
            }
        }
        phase
            .steps
            .retain(|step| step.objects.is_empty() || !step.objects.iter().all(is_default));
    }
    plan.phases.retain(|phase| !phase.steps.is_empty());
}

/// Leaves out what a new extension has by itself, where the SQL of the goal says nothing of it: the version that the scratch
/// server has, and the comment that comes with it. Another server may have another version.
fn without_defaults_of_extensions(plan: &mut Plan, goal: &Side) {
    let Some(script) = goal.script.as_ref().filter(|_| plan.server.engine == Engine::Postgres) else {
        return;
    };
    let texts: Vec<String> = script
        .migrations
        .iter()
        .flat_map(|migration| &migration.statements)
        .map(|statement| statement.text.to_lowercase())
        .filter(|text| text.contains("extension"))
        .collect();
    let says_version = texts.iter().any(|text| text.contains("version"));
    let says_comment = texts.iter().any(|text| text.contains("comment"));
    let made: BTreeSet<ObjectId> = plan
        .steps()
        .filter(|step| step.sql.starts_with("CREATE EXTENSION "))
        .flat_map(|step| step.objects.clone())
        .collect();
    for phase in &mut plan.phases {
        for step in phase.steps.iter_mut().filter(|_| !says_version) {
            let pinned = step
                .sql
                .starts_with("CREATE EXTENSION ")
                .then(|| step.sql.find(" VERSION '"));
            if let Some(at) = pinned.flatten() {
                step.sql.truncate(at);
            }
        }
        phase.steps.retain(|step| {
            let mut targets = step.objects.iter().filter_map(ObjectId::target);
            says_comment || !(step.sql.starts_with("COMMENT ON EXTENSION ") && targets.any(|id| made.contains(&id)))
        });
    }
    plan.phases.retain(|phase| !phase.steps.is_empty());
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
        .filter(|rename| dbwright_ddl::can_be_renamed(engine, rename.from.kind))
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
    let phase = rename::phase(engine, &possible, &PlanOptions::default());
    let statements = phase.steps.iter().map(|step| step.sql.as_str());
    history
        .migrations
        .push(apply::migration("declared renames", statements, RunMode::EachStatement));
    let replayed = scratch.replay(&history, &mut |_| {}).await?;
    apply::must_apply(&history, &replayed, &server)?;
    let reading = scratch.read(&replayed.database).await?;
    let copy = Side {
        view_columns: BTreeMap::new(),
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
    match scratch {
        Scratch::Postgres(scratch) => prove_plan::postgres::prove(scratch, before, after, plan, reverse)
            .await
            .map(Ok),
        // The server is asked for the cheapest way of each step, which is written into the plan.
        Scratch::MySqlFamily(scratch) => {
            prove_plan::mysql_family::refine_and_prove(scratch, before, after, plan, reverse)
                .await
                .map(Ok)
        }
        Scratch::Sqlite(_) => {
            let (before, after, plan, reverse) = (before.clone(), after.clone(), plan.clone(), reverse.cloned());
            let proving = tokio::task::spawn_blocking(move || {
                prove_plan::sqlite::prove(&before, &after, &plan, reverse.as_ref())
            });
            match proving.await {
                Ok(proof) => proof.map(Ok),
                Err(_) => Ok(Err("The trial on a copy ended early.".to_owned())),
            }
        }
    }
}

/// What is renamed, what that leaves, and what nobody has said yet.
struct Settled {
    resolved: Resolved,
    moved: Catalog,
    open: Vec<Question>,
}

/// Carries out the renames that are declared, asks what looks like more, and takes the answers. An answer may raise another
/// question: a table that was renamed may have columns that were.
async fn settle(request: &PlanRequest, original: &Catalog, sides: &mut Sides) -> Result<Settled, EngineerError> {
    let mut answered: Vec<Rename> = Vec::new();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    // Renames that nobody has declared and nobody needs to.
    let mut clear: Vec<Rename> = Vec::new();
    let mut tries_clear = sides.scratch.is_some();
    loop {
        let resolved = rename::resolve(original, &sides.after, &request.renames, &answered)?;
        let moved = match carry_out(&resolved, original, sides).await {
            // Where they can't be tried, the objects are dropped and made anew.
            Err(_) if !clear.is_empty() => {
                answered.retain(|rename| !clear.contains(rename));
                clear.clear();
                tries_clear = false;
                continue;
            }
            moved => moved?,
        };
        let questions = dbwright_ddl::questions(&moved, &sides.after.catalog);
        let count = answered.len();
        for answer in &request.answers {
            if !questions.iter().any(|question| question.id == answer.question) {
                continue;
            }
            used.insert(&answer.question);
            let renames = dbwright_ddl::answer(&questions, &answer.question, &answer.choice);
            let renames = renames.map_err(|error| wrong_answer(answer, &error.to_string()))?;
            answered.extend(renames.into_iter().filter(|rename| !resolved.renames.contains(rename)));
        }
        // Constraints and indexes follow the table or column that was renamed: servers name them after it. Any other that is
        // the same under another name, and like no third, is renamed as well: nothing can be lost by that.
        for question in &questions {
            let renames = dbwright_ddl::answer(&questions, &question.id, dbwright_ddl::RENAME).unwrap_or_default();
            let is_clear = tries_clear && question.choices.len() == 2 && is_structure(question);
            let follows = !renames.is_empty()
                && (is_clear
                    || renames
                        .iter()
                        .all(|rename| follows(rename, &resolved.renames, &sides.after.catalog)));
            if follows && !request.answers.iter().any(|answer| answer.question == question.id) {
                let new: Vec<Rename> = renames
                    .into_iter()
                    .filter(|rename| !resolved.renames.contains(rename))
                    .collect();
                clear.extend(new.iter().filter(|_| is_clear).cloned());
                answered.extend(new);
            }
        }
        if answered.len() > count {
            continue;
        }
        if let Some(answer) = request
            .answers
            .iter()
            .find(|answer| !used.contains(answer.question.as_str()))
        {
            return Err(wrong_answer(answer, "no such question is asked").into());
        }
        // Of several that are alike, each is dropped or made anew: that loses nothing, and is no reason to stop.
        let open = questions
            .into_iter()
            .filter(|question| !used.contains(question.id.as_str()) && !is_structure(question));
        return Ok(Settled {
            open: open.collect(),
            resolved,
            moved,
        });
    }
}

/// Whether a question is about what holds no data.
fn is_structure(question: &Question) -> bool {
    let mut renames = question.choices.iter().flat_map(|choice| &choice.renames);
    renames.all(|rename| matches!(rename.to.kind, ObjectKind::Constraint | ObjectKind::Index))
}

/// Whether it is a constraint or an index of a table that was renamed, or of which a column was. It holds no data that a wrong
/// guess could lose.
fn follows(rename: &Rename, renames: &[Rename], after: &Catalog) -> bool {
    if !matches!(rename.to.kind, ObjectKind::Constraint | ObjectKind::Index) {
        return false;
    }
    let table = match after.get(&rename.to).map(|object| &object.body) {
        Some(ObjectBody::Index(index)) => Some(index.table.clone()),
        _ => rename.to.owner_table(),
    };
    let Some(table) = table else { return false };
    renames
        .iter()
        .any(|earlier| earlier.to == table || earlier.to.owner_table().as_ref() == Some(&table))
}

fn wrong_answer(answer: &Answer, problem: &str) -> SchemaError {
    SchemaError::Answer {
        answer: format!("{}={}", answer.question, answer.choice),
        problem: problem.to_owned(),
    }
}
