//! The JSON that the commands about schemas print, version 0 each: it may change until it settles.
//!
//! Fields may be added; what there is keeps its name and meaning, or the version changes. Every field is always there; what
//! there is none of is `null`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ChangeKind, Ignored, NotRun, ObjectRef, Server, Severity};

/// The version of these formats.
pub const VERSION: u32 = 0;

/// What `dbwright schema diff --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Diff {
    /// Version of this format.
    pub version: u32,
    /// Whether both sides are the same.
    pub equal: bool,
    /// The schema that it starts from.
    pub before: Side,
    /// The schema that it ends in.
    pub after: Side,
    /// What is created, dropped and altered, by object.
    pub changes: Vec<Change>,
    /// Objects whose definitions differ in something that dbwright does not know. They are never planned.
    pub opaque: Vec<Change>,
    /// What belongs to platforms and tools and was left out.
    pub ignored: Vec<Ignored>,
    /// What was not compared, and why, as whole sentences.
    pub not_compared: Vec<String>,
}

/// What `dbwright schema drift --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Drift {
    /// Version of this format.
    pub version: u32,
    /// Whether something differs that the baseline does not know. Decides the exit code.
    pub new: bool,
    /// The difference from what the database should be to what it is.
    pub diff: Diff,
    /// The file of the baseline, where there is one.
    pub baseline: Option<String>,
    /// Objects whose difference the baseline knows.
    pub known: Vec<ObjectRef>,
    /// Objects in the baseline whose difference is gone or another by now.
    pub outdated: Vec<ObjectRef>,
}

/// What `dbwright schema plan --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Plan {
    /// Version of this format.
    pub version: u32,
    /// Whether it may be carried out: nothing is refused or open, and its proof, where there is one, holds.
    pub sound: bool,
    /// Whether it is the way back (`--reverse`).
    pub reverse: bool,
    /// The schema that it starts from.
    pub before: Side,
    /// The schema that it ends in.
    pub after: Side,
    /// Renames that it carries out.
    pub renames: Vec<Rename>,
    /// What has to be answered first, each with `--answer ID=CHOICE`. While there are questions, there are no phases.
    pub questions: Vec<Question>,
    /// The steps, in phases.
    pub phases: Vec<Phase>,
    /// Data that it destroys.
    pub losses: Vec<Reason>,
    /// What a way back does not bring back: what the way there destroyed.
    pub not_restored: Vec<Reason>,
    /// What it can't do.
    pub refusals: Vec<Reason>,
    /// What came of carrying it out on a copy with generated rows.
    pub proof: Option<Proof>,
    /// What was not proven, and why, as whole sentences.
    pub not_proven: Vec<String>,
    /// What belongs to platforms and tools and was left out.
    pub ignored: Vec<Ignored>,
    /// What was not compared, and why, as whole sentences.
    pub not_compared: Vec<String>,
}

/// What `dbwright schema show --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Schema {
    /// Version of this format.
    pub version: u32,
    /// Where it comes from.
    pub source: Side,
    /// Its objects, by kind and name.
    pub objects: Vec<Object>,
    /// What hangs on what, as the server knows it.
    pub dependencies: Vec<Dependency>,
    /// Statements that create it, in an order that works.
    pub statements: Vec<String>,
    /// Objects that no statement creates, and why.
    pub not_written: Vec<Reason>,
    /// How much of it the model covers, by kind.
    pub coverage: Vec<Coverage>,
    /// What belongs to platforms and tools and was left out.
    pub ignored: Vec<Ignored>,
}

/// What `dbwright schema drift --write-baseline FILE` writes and `--baseline FILE` reads.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineFile {
    /// Version of this format.
    pub version: u32,
    /// The known differences.
    pub entries: Vec<BaselineEntry>,
}

/// A known difference. It counts as known as long as both definitions are what they were.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineEntry {
    /// The kind of the object: `column`.
    pub kind: String,
    /// Its path, outermost name first.
    pub path: Vec<String>,
    /// Its definition as it should be; `null` where it should not be there.
    pub expected: Option<String>,
    /// Its definition in the database; `null` where it is missing.
    pub live: Option<String>,
}

/// One schema, and how it is known.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Side {
    /// As it was named, without a password.
    pub source: String,
    /// `database`, `rebuilt-database`, `sql`, `migrations` or `snapshot`.
    pub kind: String,
    /// The server that printed its definitions.
    pub server: Server,
    /// What was done so that it could be read, as whole sentences.
    pub notes: Vec<String>,
    /// Objects that the server has and dbwright does not know: differences in them are not seen.
    pub unmodelled: Vec<Named>,
    /// What could not be read, and why.
    pub unread: Vec<Unread>,
    /// Statements that did not run here: what they make is missing. Empty unless an incomplete source was allowed.
    pub not_run: Vec<NotRun>,
}

/// An object that is not known, by the server's own words.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Named {
    /// The server's word for its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// Something that could not be read.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Unread {
    /// What.
    pub what: String,
    /// Why, and what would help.
    pub why: String,
}

/// An object with the server's definition.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Object {
    /// Which.
    #[serde(flatten)]
    pub object: ObjectRef,
    /// The server's own definition; where it has none, its catalog rows as JSON.
    pub definition: String,
}

/// `dependent` can't exist without `on`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Dependency {
    /// What hangs.
    pub dependent: ObjectRef,
    /// What it hangs on.
    pub on: ObjectRef,
}

/// What became of one object.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Change {
    /// Which.
    #[serde(flatten)]
    pub object: ObjectRef,
    /// What became of it.
    pub change: ChangeKind,
    /// Its definition before.
    pub before: Option<String>,
    /// Its definition after.
    pub after: Option<String>,
}

/// A rename.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Rename {
    /// As it is called.
    pub from: ObjectRef,
    /// As it shall be called.
    pub to: ObjectRef,
}

/// A question whose answer decides what the plan does.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Question {
    /// What `--answer` refers to.
    pub id: String,
    /// In one sentence.
    pub text: String,
    /// Why it is asked.
    pub reasons: Vec<String>,
    /// What can be answered.
    pub choices: Vec<Choice>,
}

/// An answer that a question allows.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Choice {
    /// What is written behind the `=`.
    pub name: String,
    /// What follows from it.
    pub consequence: String,
}

/// Steps that are run together.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Phase {
    /// What it is for.
    pub purpose: String,
    /// Whether the steps are one transaction. Otherwise each is committed by itself.
    pub transaction: bool,
    /// What is run.
    pub steps: Vec<Step>,
}

/// One statement.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Step {
    /// The statement without its separator.
    pub sql: String,
    /// The objects of the change that it carries out.
    pub objects: Vec<ObjectRef>,
    /// How long it may wait for locks, in milliseconds.
    pub lock_timeout_ms: Option<u64>,
    /// How long it may run, in milliseconds; `null` where it may take as long as it needs.
    pub statement_timeout_ms: Option<u64>,
    /// Why it is done this way.
    pub notes: Vec<String>,
    /// What the rules of `dbwright check` say of it.
    pub hazards: Vec<Hazard>,
}

/// What a rule says of a step.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Hazard {
    /// Name of the rule.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// What happens, in one sentence without a full stop.
    pub message: String,
    /// What to do.
    pub advice: Vec<String>,
}

/// An object, and what there is to say of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Reason {
    /// The object.
    pub object: ObjectRef,
    /// In whole sentences.
    pub reason: String,
}

/// What came of carrying a plan out on a copy.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Proof {
    /// The server that it ran on.
    pub server: Server,
    /// Whether everything that was tried came out as it should.
    pub holds: bool,
    /// What was tried.
    pub checks: Vec<Check>,
}

/// One thing that was tried.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Check {
    /// `start-is-rebuilt`, `applies`, `reaches-goal`, `keeps-rows`, `converges` or `reverses`.
    pub claim: String,
    /// `holds`, `fails` or `not-tried`.
    pub outcome: String,
    /// Why it fails or was not tried.
    pub reasons: Vec<String>,
}

/// How much of one kind of objects the model covers.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Coverage {
    /// Which kind.
    pub kind: String,
    /// How many there are.
    pub objects: usize,
    /// Those whose definition the model does not give back.
    pub not_covered: Vec<ObjectRef>,
}
