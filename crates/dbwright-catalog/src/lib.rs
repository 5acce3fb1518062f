//! The words of dbwright, as plain data.
//!
//! Every other crate speaks in these types: what a database holds ([`Catalog`]), how a repository changes it
//! ([`History`], [`Migration`], [`Statement`]), what a statement did ([`Effect`]), what somebody should know about it
//! ([`Finding`]) and what was tried out before saying so ([`Proof`]).
//!
//! # Glossary
//!
//! | word | meaning |
//! | --- | --- |
//! | engine, server | [`Engine`]; a [`Server`] is an engine with its version |
//! | catalog | the objects of a database at one moment ([`Catalog`]) |
//! | change | the difference between two catalogs, object by object ([`Change`]) |
//! | migration, history | one step as its tool stores it ([`Migration`]); all of them in order ([`History`]) |
//! | statement | one SQL statement with its place in a file ([`Statement`]) |
//! | snapshot | schema, statistics of the planner, sizes, settings and workload of one database, without rows ([`Snapshot`]) |
//! | twin | a scratch database made to look like a snapshot, with its fidelity |
//! | scratch | a disposable server that dbwright started, or a disposable database on a server it was given |
//! | effect | what one statement did: locks, rewrites, scans, changes to the catalog, rows, error ([`Effect`]) |
//! | rule | judges the effects of a change; one file each, in `dbwright-rules` |
//! | finding | what a rule reports: place, severity, evidence, fix ([`Finding`]) |
//! | allowance | a comment that silences a rule at one statement or in one file, with its reason ([`Allowance`]) |
//! | scorecard, figure | how well a database and its migrations are looked after ([`Scorecard`], [`Figure`]) |
//! | risk | how much harm a change can do ([`Risk`]) |
//! | claim | what a rule's page says will happen, as data; a live test observes it |
//! | reading | what was read of a live database, with what was not ([`Reading`]) |
//! | query plan | how a server runs a query ([`QueryPlan`]); never just *plan*, which is the way to another schema |
//! | release | what an application asks while migrations run, and what the next one asks ([`Release`]) |
//! | insight | judges query plans; one file each, in `dbwright-advise`; reports a [`PlanFinding`] |
//! | diff | the changes between two schemas, and the questions they raise ([`Diff`]) |
//! | plan, step | ordered statements in phases that turn one schema into another ([`Plan`], [`Step`]) |
//! | proof | a statement about a change that was executed on a scratch server ([`Proof`], [`PlanProof`]) |
//!
//! This crate knows no parser, no driver, no file and no wire format.

mod allowed;
mod bookkeeping;
mod change;
mod date;
mod effect;
mod engine;
mod explained;
mod finding;
mod fix_files;
mod history;
mod impact;
mod measured;
mod nearest;
mod object;
mod plan;
mod plan_facts;
mod proof;
mod query_plan;
mod release;
mod review;
mod rollback;
mod schema;
mod scorecard;
mod snapshot;
mod statement;

pub use allowed::{Allowance, AllowedFinding};
pub use bookkeeping::{bookkeeping_schema, bookkeeping_table};
pub use change::{Change, changes};
pub use date::{Date, NoDate};
pub use effect::{
    Algorithm, Effect, HeldLock, Known, LockLevel, LockMode, Outcome, RefusedOffer, RowCount, Rows, SqlError,
    TableOperation, TransactionId, Warning,
};
pub use engine::{Engine, ParseVersionError, Server, UnknownEngine, Version};
pub use explained::{
    ChangePurpose, ExplainedPlan, ExplainedQuery, Explanation, ParameterValue, PlanChange, PlanChangeKind, PlanFinding,
    PlanTrial, Planner, ValueOrigin,
};
pub use finding::{Evidence, Finding, Fix, FixStep, Group, Place, Severity};
pub use fix_files::{FileChange, FixFiles, FixFilesOutcome};
pub use history::{Down, History, LeftOut, Migration, MigrationSet, RunMode, Tool};
pub use impact::{
    IN_PRODUCTION, Impact, Rates, TableImpact, TableWork, TimeRange, Traffic, Waiting, WorkKind, impact_of,
};
pub use measured::{Counter, Measured, Related, Relation, RelationKind};
pub use nearest::nearest;
pub use object::{
    Aggregate, Attribute, BaseType, Catalog, Collation, Column, ColumnExtra, Comment, Constraint, ConstraintKind,
    DefaultPrivilege, Dependency, DomainCheck, Event, EventTrigger, Extension, ForeignDataWrapper, ForeignKey,
    ForeignPlace, ForeignServer, Generated, GeneratedKind, Grant, Identity, Index, Membership, MySqlFamilyColumn,
    MySqlFamilyTable, Object, ObjectBody, ObjectId, ObjectKind, Owner, Partition, Policy, PostgresColumn,
    PostgresConstraint, PostgresIndex, PostgresRoutine, PostgresSequence, PostgresTable, PostgresTrigger, PostgresView,
    Privilege, Publication, PublishedTable, RangeType, Routine, RoutineKind, Rule, Schema, SecurityLabel, Sequence,
    SqliteColumn, SqliteTable, Statistics, Subscription, Table, TableExtra, TableKind, Trigger, Type, TypeKind,
    UserMapping, View, ViewColumn, Volatility,
};
pub use plan::{
    Choice, Diff, Loss, Opaque, Plan, PlanCheck, PlanClaim, PlanOutcome, PlanPhase, PlanProof, Question, Reading,
    Refusal, Rename, Step, Unmodelled, Unread,
};
pub use plan_facts::{ColumnFacts, IndexFacts, PlanFacts, TableFacts, ViewFacts};
pub use proof::Proof;
pub use query_plan::{
    Actual, Buffers, ConditionKind, CostUnit, Estimate, HashUse, HeapBlocks, Jit, NodeCost, NodeRole, Operation,
    PlanCondition, PlanNode, PlanRelation, QueryPlan, SortUse, TriggerTime, Workers,
};
pub use release::{
    BrokenQuery, ChangedQuery, PlanComparison, Query, QueryLoad, QueryOrigin, QueryShape, Release, ReleaseAnswers,
    ReleasePlace, ResultColumn, WorsePlan,
};
pub use review::{AccessChange, MigrationTrace, PredictedInstead, Review, Section, Trace, Unfilled};
pub use rollback::{
    Again, Difference, DifferenceKind, LostRows, LostValues, Rollback, RollbackCoverage, RollbackOutcome, RoundTrip,
    Together, WayFailure,
};
pub use schema::{
    Comparison, Drift, Ignored, KindCoverage, LintKey, NotRun, Proposal, SchemaLint, SchemaShown, SchemaSide, SideKind,
    Unasked,
};
pub use scorecard::{ChangeRisk, Figure, FigureKind, FigureValue, Risk, Scorecard, Target};
pub use snapshot::{
    Activity, Cardinality, ColumnEnds, ColumnStatistics, EndPoints, ExtendedStatistics, GinPages, Histogram,
    InnodbIndex, InnodbTable, InstalledExtension, Locale, MariaDbColumn, MySqlFamilyStatistics, SampleValues,
    SchemaStatement, Setting, Snapshot, SqliteCounts, SqliteSample, SqliteStatistics, StatisticsSlot, StoredKind,
    StoredRelation, WorkloadQuery,
};
pub use statement::{Span, Statement};
