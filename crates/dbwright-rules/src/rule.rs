//! What a rule is.

use dbwright_catalog::{
    Change, Effect, Engine, Evidence, Finding, Group, Known, LockMode, ObjectId, ObjectKind, Outcome, Place, Server,
    Severity,
};

use crate::context::Context;
use crate::flaw::Flaw;
use crate::page::{self, Example};
use crate::queries::Queries;
use crate::schema::Schema;
use crate::ways_back::WaysBack;

/// A rule: judges what statements did, or what a catalog holds. Its file is its page.
#[derive(Debug)]
pub struct Rule {
    /// Named after what it catches, in kebab case: `table-rewrite`.
    pub name: &'static str,
    /// What it protects.
    pub group: Group,
    /// How bad its findings are, where the rule has no reason to say otherwise.
    pub severity: Severity,
    /// For which engines it judges.
    pub engines: &'static [Engine],
    /// What a live test must observe for every `bad` example that says nothing else, and for no `good` or `fixed` one.
    pub claims: &'static [Claim],
    /// The text of its own file.
    pub(crate) source: &'static str,
    /// Whether it judges where nobody asked for it. Matters of taste don't.
    pub on_by_default: bool,
    /// How it judges.
    pub(crate) check: Check,
}

/// How a rule judges.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Check {
    /// What one statement did, statement by statement.
    Statement(fn(&Context<'_>, &mut Vec<Finding>)),
    /// What a catalog holds. It is asked for the flaws of a whole catalog; which of them a migration brought, and where they
    /// are told, is found out in one place for all rules.
    Catalog(fn(&Schema<'_>, &mut Vec<Flaw>)),
    /// What a catalog holds that was read whole, as it stands; no migration is blamed for it. For what is a step on a good way
    /// (a constraint to be validated later), and for objects that tracing does not read.
    WholeCatalog(fn(&Schema<'_>, &mut Vec<Flaw>)),
    /// What came of the ways back of migrations, all of a history at once. Findings come with the index of their migration.
    WaysBack(fn(&WaysBack<'_>, &mut Vec<(usize, Finding)>)),
    /// What became of the queries of the application, all of a history at once. Findings come with the index of their migration.
    Queries(fn(&Queries<'_>, &mut Vec<(usize, Finding)>)),
    /// What became of the plans of these queries, in the same way.
    Plans(fn(&Queries<'_>, &mut Vec<(usize, Finding)>)),
    /// What was measured of a live database beside its schema.
    Measured(Needs, fn(&Schema<'_>, &mut Vec<Flaw>)),
}

/// What a rule looks at beside the schema; only a live database has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Counters, which stand in the catalog of the server.
    Counters,
    /// Rows, which are counted where somebody asks for it.
    Rows,
}

impl Rule {
    /// One line for lists, without a full stop.
    pub fn summary(&self) -> String {
        page::summary(self.source)
    }

    /// The page for people, in Markdown, without the marks that only tests need.
    pub fn page(&self) -> String {
        page::markdown(self)
    }

    /// A finding of it about what was seen on a server.
    pub(crate) fn observed(&self, server: &Server, place: Place, message: String) -> Finding {
        Finding {
            rule: self.name.to_owned(),
            group: self.group,
            severity: self.severity,
            place,
            message,
            evidence: Evidence {
                known: Known::Observed,
                server: server.clone(),
                relation: None,
                lock: None,
                operation: None,
                facts: Vec::new(),
            },
            advice: Vec::new(),
            fix: None,
        }
    }

    /// Whether it judges catalogs, so that `lint` asks it as well.
    pub fn judges_catalogs(&self) -> bool {
        match self.check {
            Check::Catalog(_) | Check::WholeCatalog(_) | Check::Measured(..) => true,
            Check::Statement(_) | Check::WaysBack(_) | Check::Queries(_) | Check::Plans(_) => false,
        }
    }

    /// Whether it judges migrations, so that `check` asks it.
    pub fn judges_changes(&self) -> bool {
        matches!(self.check, Check::Catalog(_) | Check::Statement(_))
    }

    /// What it looks at beside the schema.
    pub fn needs(&self) -> Option<Needs> {
        match self.check {
            Check::Measured(needs, _) => Some(needs),
            Check::Catalog(_)
            | Check::WholeCatalog(_)
            | Check::Statement(_)
            | Check::WaysBack(_)
            | Check::Queries(_)
            | Check::Plans(_) => None,
        }
    }

    /// Whether it judges ways back, so that `check` asks it where these are tried.
    pub fn judges_ways_back(&self) -> bool {
        matches!(self.check, Check::WaysBack(_))
    }

    /// Judges ways back, where it does.
    pub(crate) fn judge_ways_back(&self, ways: &WaysBack<'_>, findings: &mut Vec<(usize, Finding)>) {
        match self.check {
            Check::WaysBack(check) => check(ways, findings),
            Check::Statement(_)
            | Check::Catalog(_)
            | Check::WholeCatalog(_)
            | Check::Measured(..)
            | Check::Queries(_)
            | Check::Plans(_) => {}
        }
    }

    /// Whether it judges what becomes of queries, so that `check` asks it where there are some.
    pub fn judges_queries(&self) -> bool {
        matches!(self.check, Check::Queries(_))
    }

    /// Whether it judges plans of queries, so that `check` asks it where there is a snapshot.
    pub fn judges_plans(&self) -> bool {
        matches!(self.check, Check::Plans(_))
    }

    /// Judges what became of plans, where it does.
    pub(crate) fn judge_plans(&self, queries: &Queries<'_>, findings: &mut Vec<(usize, Finding)>) {
        match self.check {
            Check::Plans(check) => check(queries, findings),
            Check::Statement(_)
            | Check::Catalog(_)
            | Check::WholeCatalog(_)
            | Check::Measured(..)
            | Check::WaysBack(_)
            | Check::Queries(_) => {}
        }
    }

    /// Judges what became of queries, where it does.
    pub(crate) fn judge_queries(&self, queries: &Queries<'_>, findings: &mut Vec<(usize, Finding)>) {
        match self.check {
            Check::Queries(check) => check(queries, findings),
            Check::Statement(_)
            | Check::Catalog(_)
            | Check::WholeCatalog(_)
            | Check::Measured(..)
            | Check::WaysBack(_)
            | Check::Plans(_) => {}
        }
    }

    /// Judges one statement, where it judges statements.
    pub(crate) fn judge_statement(&self, context: &Context<'_>, findings: &mut Vec<Finding>) {
        match self.check {
            Check::Statement(check) => check(context, findings),
            Check::Catalog(_)
            | Check::WholeCatalog(_)
            | Check::Measured(..)
            | Check::WaysBack(_)
            | Check::Queries(_)
            | Check::Plans(_) => {}
        }
    }

    /// The flaws of a catalog, where it judges catalogs.
    pub(crate) fn flaws(&self, schema: &Schema<'_>) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        match self.check {
            Check::Catalog(check) | Check::WholeCatalog(check) | Check::Measured(_, check) => check(schema, &mut flaws),
            Check::Statement(_) | Check::WaysBack(_) | Check::Queries(_) | Check::Plans(_) => {}
        }
        flaws
    }

    /// The examples of the page, in its order.
    pub fn examples(&self) -> Vec<Example> {
        page::examples(self)
    }
}

/// What a rule's page says will happen.
///
/// `relation` below is [`Evidence::relation`](dbwright_catalog::Evidence::relation) of the finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The relation is locked at least this strongly.
    Lock(LockMode),
    /// The relation is read from end to end by a statement at whose end it is locked at least this strongly.
    ScanUnderLock(LockMode),
    /// An index of the relation is built by a statement at whose end the relation is locked at least this strongly.
    IndexBuiltUnderLock(LockMode),
    /// A lock at least this strong on the relation, taken by an earlier statement, is still held at the end of this one.
    LockCarriedOver(LockMode),
    /// The relation is written anew.
    Rewrite,
    /// Writes to the relation wait while the statement works on it (MySQL and MariaDB).
    WritesWait,
    /// The server reports that it changed values to make them fit (MySQL and MariaDB).
    ValuesChanged,
    /// The statement commits what earlier ones did, without being a `COMMIT` (MySQL and MariaDB).
    CommitsOthers,
    /// The server refuses the statement, with or without rows.
    Fails,
    /// The server refuses the statement when tables hold rows, and runs it when they don't.
    FailsOnRows,
    /// The server refuses the statement with this SQLSTATE (SQLite: name of its result code).
    Error(&'static str),
    /// Rows of the relation are deleted, or updated by a foreign key's action.
    RowsLost,
    /// An object of this kind is gone: the relation itself, or a part of it.
    Dropped(ObjectKind),
    /// Nothing that a server could show: the rule warns of what happens on another day, or of a comment.
    Nothing,
}

/// Numbers of the warnings that say that a value was changed to fit: `NULL` to a default (1048, 1263), out of range (1264),
/// truncated (1265), of the wrong type (1292, 1366), too long (1406).
///
/// Manual: <https://dev.mysql.com/doc/mysql-errors/9.7/en/server-error-reference.html>.
pub(crate) const VALUES_CHANGED: [u32; 7] = [1048, 1263, 1264, 1265, 1292, 1366, 1406];

impl Claim {
    /// Whether the statement with this index in its migration, whose effects these are, shows what is claimed of `relation`.
    pub fn is_shown_by(self, effects: &[Effect], statement: usize, relation: Option<&ObjectId>) -> bool {
        let Some((effect, earlier)) = effects.get(..=statement).and_then(<[Effect]>::split_last) else {
            return false;
        };
        let is_relation = |id: &ObjectId| relation == Some(id);
        let held = |mode: LockMode| {
            effect
                .locks
                .iter()
                .any(|lock| lock.mode >= mode && is_relation(&lock.relation))
        };
        match self {
            Claim::Lock(mode) => held(mode),
            Claim::ScanUnderLock(mode) => held(mode) && effect.scanned.iter().any(is_relation),
            Claim::IndexBuiltUnderLock(mode) => {
                held(mode) && effect.changes.iter().any(|change| match change {
                    Change::Created(object) => {
                        matches!(&object.body, dbwright_catalog::ObjectBody::Index(index) if is_relation(&index.table))
                    }
                    Change::Dropped(_) | Change::Altered { .. } => false,
                })
            }
            Claim::LockCarriedOver(mode) => effect
                .locks
                .iter()
                .any(|lock| lock.mode >= mode && lock.since < statement && is_relation(&lock.relation)),
            Claim::Rewrite => effect.rewritten.iter().any(is_relation),
            Claim::WritesWait => effect
                .operations
                .iter()
                .any(|operation| operation.lock.blocks_writes() && is_relation(&operation.table)),
            Claim::ValuesChanged => effect
                .warnings
                .iter()
                .any(|warning| VALUES_CHANGED.contains(&warning.code)),
            Claim::CommitsOthers => {
                let committed = |earlier: &Effect| effect.committed == Some(earlier.transaction);
                earlier.iter().any(committed)
            }
            Claim::Fails => matches!(effect.outcome, Outcome::Failed(_) | Outcome::FailedOnRows(_)),
            Claim::FailsOnRows => matches!(effect.outcome, Outcome::FailedOnRows(_)),
            Claim::Error(code) => effect.outcome.error().is_some_and(|error| error.code == code),
            Claim::RowsLost => {
                let lost = effect.rows.iter().filter(|rows| rows.deleted + rows.updated > 0);
                lost.into_iter().any(|rows| is_relation(&rows.table))
            }
            Claim::Dropped(kind) => effect.changes.iter().any(|change| match change {
                Change::Dropped(object) => {
                    object.id.kind == kind
                        && (is_relation(&object.id) || object.id.owner_table().is_some_and(|table| is_relation(&table)))
                }
                Change::Created(_) | Change::Altered { .. } => false,
            }),
            Claim::Nothing => false,
        }
    }
}
