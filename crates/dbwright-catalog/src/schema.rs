//! What the commands about schemas found out, before it is turned into text or JSON.

use std::collections::BTreeMap;

use crate::{
    Catalog, Diff, Finding, Loss, ObjectId, ObjectKind, Plan, PlanProof, Question, Refusal, Rename, Server, Step,
    Unmodelled, Unread,
};

/// Where a schema comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SideKind {
    /// A database of the user, as it is.
    Live,
    /// A database of the user, built again on a scratch server of another version.
    Rebuilt,
    /// SQL that says what the schema shall be, run on a scratch server.
    Desired,
    /// Migrations, run on a scratch server.
    History,
    /// The schema of a snapshot, built on a scratch server.
    Snapshot,
}

impl SideKind {
    /// The name in wire formats.
    pub fn name(self) -> &'static str {
        match self {
            SideKind::Live => "database",
            SideKind::Rebuilt => "rebuilt-database",
            SideKind::Desired => "sql",
            SideKind::History => "migrations",
            SideKind::Snapshot => "snapshot",
        }
    }
}

/// One schema, and how it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaSide {
    /// As it was named, without a password.
    pub shown: String,
    /// What it is.
    pub kind: SideKind,
    /// The server that printed its definitions.
    pub server: Server,
    /// What was done so that it could be read, as whole sentences.
    pub notes: Vec<String>,
    /// Objects that the server has and the model does not know.
    pub unmodelled: Vec<Unmodelled>,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// What did not run, so that the schema is not whole. Empty unless an incomplete schema was asked for.
    pub not_run: Vec<NotRun>,
}

/// SQL of a source that did not run on the scratch server: what it would have made is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRun {
    /// File and line: `migrations/0002_x.sql:14`; a file alone where all of it was not run.
    pub place: String,
    /// The server's words, or why it was not sent.
    pub why: String,
}

/// Objects that are left out because they belong to somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// Whose they are: `bookkeeping of sqlx`, `Supabase`.
    pub why: String,
    /// Those that are no part of another one in this list.
    pub objects: Vec<ObjectId>,
}

/// Two schemas beside each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The one that it starts from.
    pub before: SchemaSide,
    /// The one that it ends in.
    pub after: SchemaSide,
    /// What is different.
    pub diff: Diff,
    /// What belongs to platforms and tools, on either side.
    pub ignored: Vec<Ignored>,
    /// What was not compared, and why, as whole sentences.
    pub not_compared: Vec<String>,
}

/// A plan with all that was found out about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// What it is for. Of a way back, the other way round.
    pub comparison: Comparison,
    /// Whether it is the way back.
    pub is_reverse: bool,
    /// Renames that it carries out.
    pub renames: Vec<Rename>,
    /// The steps.
    pub plan: Plan,
    /// The steps that lead back, where all of it can be led back.
    pub back: Option<Plan>,
    /// Data that a way back does not bring back: what the way there destroyed.
    pub not_restored: Vec<Loss>,
    /// What came of carrying it out on a copy.
    pub proof: Option<PlanProof>,
    /// Why it was not carried out on a copy, as whole sentences.
    pub not_proven: Vec<String>,
}

impl Proposal {
    /// Whether it may be carried out: nothing is refused, nothing open, and its proof did not fail.
    pub fn is_sound(&self) -> bool {
        self.plan.refusals.is_empty()
            && self.comparison.diff.opaque.is_empty()
            && self.comparison.diff.questions.is_empty()
            && self.proof.as_ref().is_none_or(PlanProof::holds)
    }

    /// What has to be answered first.
    pub fn questions(&self) -> &[Question] {
        &self.comparison.diff.questions
    }
}

/// How a live database differs from what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// From what it should be to what it is.
    pub comparison: Comparison,
    /// Differences that a baseline knows, by object; they do not count.
    pub known: Vec<ObjectId>,
    /// Differences that a baseline knows and that are gone or other by now.
    pub outdated: Vec<ObjectId>,
    /// The file of the baseline, where there is one.
    pub baseline: Option<String>,
}

impl Drift {
    /// Whether something differs that no baseline knows.
    pub fn is_new(&self) -> bool {
        self.differing().any(|id| !self.known.contains(id))
    }

    /// Every object that differs.
    pub fn differing(&self) -> impl Iterator<Item = &ObjectId> {
        let diff = &self.comparison.diff;
        let changed = diff.changes.iter().map(|change| &change.object().id);
        changed.chain(diff.opaque.iter().map(|opaque| &opaque.after.id))
    }
}

/// A schema, as it can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaShown {
    /// Where it comes from.
    pub side: SchemaSide,
    /// Its objects.
    pub catalog: Catalog,
    /// What belongs to platforms and tools, and is not shown.
    pub ignored: Vec<Ignored>,
    /// Statements that create it.
    pub steps: Vec<Step>,
    /// Objects that no statement creates, and why.
    pub refusals: Vec<Refusal>,
    /// How much of it the model covers, by kind.
    pub coverage: Vec<KindCoverage>,
    /// The columns of views: name and type, in their order.
    pub view_columns: BTreeMap<ObjectId, Vec<(String, String)>>,
}

/// How much of one kind of objects the model covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindCoverage {
    /// Which kind.
    pub kind: ObjectKind,
    /// How many there are.
    pub objects: usize,
    /// Those whose definition the model does not give back.
    pub not_covered: Vec<ObjectId>,
}

/// What the rules of design and security say of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaLint {
    /// Where it comes from.
    pub side: SchemaSide,
    /// What belongs to platforms and tools, and was not judged.
    pub ignored: Vec<Ignored>,
    /// How many tables were judged.
    pub tables: usize,
    /// How many other objects.
    pub others: usize,
    /// How many rules were asked.
    pub rules: usize,
    /// Names of rules that would judge this engine and are off.
    pub off: Vec<String>,
    /// Rules that were not asked because what they judge was not looked at.
    pub unasked: Vec<Unasked>,
    /// Of how many relations the rows were looked at, where rows were.
    pub relations: Option<usize>,
    /// What could not be measured in a live database, as whole sentences.
    pub not_measured: Vec<String>,
    /// The file of the baseline, where there is one.
    pub baseline: Option<String>,
    /// What the baseline knows and the rules still say; it is not among the findings.
    pub known: Vec<LintKey>,
    /// What the baseline knows and no rule says any more.
    pub outdated: Vec<LintKey>,
    /// What they say, the worst first. No file is concerned: the places are empty, and the objects stand in
    /// [`Evidence::relation`](crate::Evidence::relation).
    pub findings: Vec<Finding>,
}

/// A rule that was not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unasked {
    /// Its name.
    pub rule: String,
    /// What it needs: `it looks at a live database`.
    pub why: String,
}

/// What makes a finding the same one tomorrow: the rule, and the object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LintKey {
    /// Name of the rule.
    pub rule: String,
    /// The object.
    pub object: ObjectId,
}
