//! Runs the steps of a plan, in its transactions and with its limits.
//!
//! Where generated rows do not fit what a step demands of them, their tables are emptied and the phase is run again: whether
//! the rows of production fit is not a matter of the plan.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use dbwright_catalog::{
    Catalog, ConstraintKind, Engine, ObjectBody, ObjectId, ObjectKind, Plan, PlanPhase, Step, TableKind,
};
use dbwright_ddl::{qualified_name, quote_literal};

use crate::LiveError;
use crate::scratch::postgres::{PostgresScratch, Session};

/// How often a phase is run again on fewer rows.
const TRIES_MAX: usize = 12;

/// What the server said of a statement that it did not take.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(super) code: String,
    pub(crate) message: String,
    table: Option<(String, String)>,
}

impl Refused {
    /// Whether it is a matter of the rows: data exceptions and violated constraints.
    fn is_of_rows(&self) -> bool {
        self.code.starts_with("22") || self.code.starts_with("23")
    }

    /// What a scratch server lacks where it can't make the extension of a statement; nothing where it is something else.
    pub(super) fn missing_extension(&self, sql: &str) -> Option<String> {
        let name = sql
            .strip_prefix("CREATE EXTENSION ")
            .or_else(|| sql.strip_prefix("ALTER EXTENSION "))?;
        let name = name.trim_start_matches("IF NOT EXISTS ").split([' ', ';']).next()?;
        // Unavailable, without the file that says so, or without a script for the version.
        let is_missing = matches!(self.code.as_str(), "0A000" | "58P01" | "22023");
        is_missing.then(|| {
            format!(
                "the scratch server does not have the extension {name} as it is needed ({}). Install it there, or give a \
                 disposable server that has it: --scratch-url URL",
                self.message.trim_end_matches('.')
            )
        })
    }

    pub(super) fn is_missing_right(&self) -> bool {
        self.code == "42501"
    }
}

/// What came of running a plan.
pub(super) enum Applied {
    Done,
    Stopped(Stop),
}

/// Why a plan did not come to its end.
pub(super) enum Stop {
    /// A step fails.
    Fails(String),
    /// A step needs rights that nobody has on a scratch server.
    MayNot(String),
}

/// Runs a plan.
pub(super) struct Applier<'a> {
    session: &'a Session,
    scratch: &'a PostgresScratch,
    start: &'a Catalog,
    emptied: BTreeSet<ObjectId>,
    misfit: Option<String>,
}

impl<'a> Applier<'a> {
    pub(super) fn new(session: &'a Session, scratch: &'a PostgresScratch, start: &'a Catalog) -> Self {
        Applier {
            session,
            scratch,
            start,
            emptied: BTreeSet::new(),
            misfit: None,
        }
    }

    /// Why tables had to be emptied, where they had.
    pub(super) fn first_misfit(&self) -> Option<&str> {
        self.misfit.as_deref()
    }

    /// The tables that were emptied, and those whose rows refer to them.
    pub(super) fn emptied_with_relatives(&self, catalogs: &[&Catalog]) -> BTreeSet<ObjectId> {
        let mut all = self.emptied.clone();
        loop {
            let before = all.len();
            for object in catalogs.iter().flat_map(|catalog| catalog.objects.values()) {
                match &object.body {
                    ObjectBody::Constraint(constraint) => {
                        if let ConstraintKind::ForeignKey(key) = &constraint.kind
                            && all.contains(&key.references)
                        {
                            all.extend(object.id.owner_table());
                        }
                    }
                    ObjectBody::Table(table) => {
                        let mut parents = table
                            .inherits
                            .iter()
                            .chain(table.partition.as_ref().map(|place| &place.parent));
                        if parents.any(|parent| all.contains(parent)) {
                            all.insert(object.id.clone());
                        }
                    }
                    _ => {}
                }
            }
            if all.len() == before {
                return all;
            }
        }
    }

    pub(super) async fn apply(&mut self, plan: &Plan) -> Result<Applied, LiveError> {
        for phase in &plan.phases {
            let stopped = if phase.transaction {
                self.together(phase).await?
            } else {
                self.one_by_one(phase).await?
            };
            if let Some(stop) = stopped {
                return Ok(Applied::Stopped(stop));
            }
        }
        Ok(Applied::Done)
    }

    async fn together(&mut self, phase: &PlanPhase) -> Result<Option<Stop>, LiveError> {
        for _ in 0..TRIES_MAX {
            self.must("BEGIN").await?;
            let mut refused = None;
            for step in phase.steps.iter().filter(|step| !is_of_roles(step)) {
                let limits = limits(step, "SET LOCAL ");
                if let Err(error) = run_step(self.session, self.scratch, &limits, &step.sql).await? {
                    refused = Some((step, error));
                    break;
                }
            }
            let Some((step, error)) = refused else {
                // Deferred constraints speak at the end.
                match send(self.session, "COMMIT").await? {
                    Ok(()) => return Ok(None),
                    Err(error) => {
                        let last = phase.steps.last();
                        match last {
                            Some(step) => {
                                if let Some(stop) = self.make_room(step, &error).await? {
                                    return Ok(Some(stop));
                                }
                                continue;
                            }
                            None => return Ok(Some(Stop::Fails(error.message))),
                        }
                    }
                }
            };
            self.must("ROLLBACK").await?;
            if let Some(stop) = self.make_room(step, &error).await? {
                return Ok(Some(stop));
            }
        }
        Ok(Some(Stop::Fails(
            "Its rows do not fit, whatever is taken out.".to_owned(),
        )))
    }

    async fn one_by_one(&mut self, phase: &PlanPhase) -> Result<Option<Stop>, LiveError> {
        for step in phase.steps.iter().filter(|step| !is_of_roles(step)) {
            let mut tries = 0;
            loop {
                self.must(&limits(step, "SET ")).await?;
                let answer = run_step(self.session, self.scratch, "", &step.sql).await?;
                self.must("RESET lock_timeout; RESET statement_timeout").await?;
                let Err(error) = answer else { break };
                tries += 1;
                if let Some(stop) = self.make_room(step, &error).await? {
                    return Ok(Some(stop));
                }
                if tries == TRIES_MAX {
                    return Ok(Some(Stop::Fails(
                        "Its rows do not fit, whatever is taken out.".to_owned(),
                    )));
                }
                self.drop_invalid_indexes().await?;
            }
        }
        Ok(None)
    }

    /// Empties the tables whose rows do not fit. A reason to stop where it is not a matter of rows, or nothing is left to be
    /// taken out.
    async fn make_room(&mut self, step: &Step, error: &Refused) -> Result<Option<Stop>, LiveError> {
        let told = format!("`{}` fails: {}.", step.sql, error.message);
        if error.is_missing_right() {
            return Ok(Some(Stop::MayNot(format!(
                "`{}` needs more rights than a scratch database gives: {}",
                step.sql, error.message
            ))));
        }
        if let Some(reason) = error.missing_extension(&step.sql) {
            return Ok(Some(Stop::MayNot(reason)));
        }
        if !error.is_of_rows() {
            return Ok(Some(Stop::Fails(told)));
        }
        let tables = self.tables_of(step, error);
        let new: Vec<ObjectId> = tables
            .into_iter()
            .filter(|table| !self.emptied.contains(table))
            .collect();
        if new.is_empty() {
            return Ok(Some(Stop::Fails(told)));
        }
        for table in &new {
            // Objects under their new names, and tables that the plan has made, are looked up as they are now.
            let name = qualified_name(Engine::Postgres, table);
            let sql = format!(
                "DO $$ BEGIN IF pg_catalog.to_regclass({}) IS NOT NULL THEN TRUNCATE {name} CASCADE; END IF; END $$",
                quote_literal(Engine::Postgres, &name)
            );
            if let Err(error) = send(self.session, &sql).await? {
                return Ok(Some(Stop::Fails(format!(
                    "{told} Its table can't be emptied: {}.",
                    error.message
                ))));
            }
        }
        self.emptied.extend(new);
        self.misfit.get_or_insert(error.message.clone());
        Ok(None)
    }

    /// The tables that a step looks at.
    fn tables_of(&self, step: &Step, error: &Refused) -> BTreeSet<ObjectId> {
        let mut tables: BTreeSet<ObjectId> = BTreeSet::new();
        if let Some((schema, table)) = &error.table {
            tables.insert(ObjectId::table(schema, table));
        }
        for id in &step.objects {
            match id.kind {
                ObjectKind::Table => {
                    tables.insert(id.clone());
                }
                // A view that can't be filled, or a domain that values do not fit, may look at anything.
                ObjectKind::View | ObjectKind::Type => tables.extend(self.ordinary_tables()),
                ObjectKind::Index => {
                    let index = self.start.get(id).map(|object| &object.body);
                    match index {
                        Some(ObjectBody::Index(index)) => {
                            tables.insert(index.table.clone());
                        }
                        _ => tables.extend(self.ordinary_tables()),
                    }
                }
                _ => tables.extend(id.owner_table()),
            }
        }
        if tables.is_empty() || tables.iter().all(|table| self.emptied.contains(table)) {
            tables.extend(self.ordinary_tables());
        }
        tables
    }

    fn ordinary_tables(&self) -> impl Iterator<Item = ObjectId> + '_ {
        let ordinary = self
            .start
            .tables()
            .filter(|(_, table)| table.kind == TableKind::Ordinary);
        ordinary.map(|(id, _)| id.clone())
    }

    /// A failed `CREATE INDEX CONCURRENTLY` leaves an invalid index behind.
    async fn drop_invalid_indexes(&self) -> Result<(), LiveError> {
        self.must(
            "DO $$ DECLARE x regclass; BEGIN FOR x IN SELECT indexrelid FROM pg_catalog.pg_index i \
             JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid AND c.relkind = 'i' \
             LOOP EXECUTE pg_catalog.format('DROP INDEX %s', x); END LOOP; END $$",
        )
        .await
    }

    async fn must(&self, sql: &str) -> Result<(), LiveError> {
        let answer = self.session.client.simple_query(sql).await;
        answer
            .map(|_| ())
            .map_err(|source| LiveError::postgres("proving a plan", source))
    }
}

/// Whether a step is about roles, which belong to the whole server.
fn is_of_roles(step: &Step) -> bool {
    !step.objects.is_empty() && step.objects.iter().all(|id| id.kind == ObjectKind::Membership)
}

fn limits(step: &Step, set: &str) -> String {
    let mut sql = String::new();
    let mut limit = |name: &str, value: Option<Duration>| {
        let milliseconds = value.map_or(0, |value| value.as_millis());
        let _ = write!(sql, "{set}{name} = {milliseconds}; ");
    };
    limit("lock_timeout", step.lock_timeout);
    limit("statement_timeout", step.statement_timeout);
    sql
}

/// Runs one statement after setting limits. `CREATE EXTENSION` goes the way that a scratch server offers where the role may not.
pub(crate) async fn run_step(
    session: &Session,
    scratch: &PostgresScratch,
    limits: &str,
    sql: &str,
) -> Result<Result<(), Refused>, LiveError> {
    let summary = dbwright_sql::summarise(Engine::Postgres, sql);
    if scratch.is_own_cluster()
        && let Some(call) = crate::trace::postgres::create_extension_call(&summary)
    {
        return send(session, &format!("{limits}{call}")).await;
    }
    send(session, &format!("{limits}{sql}")).await
}

async fn send(session: &Session, sql: &str) -> Result<Result<(), Refused>, LiveError> {
    match session.client.simple_query(sql).await {
        Ok(_) => Ok(Ok(())),
        Err(source) => match source.as_db_error() {
            Some(error) => Ok(Err(Refused {
                code: error.code().code().to_owned(),
                message: match error.detail() {
                    Some(detail) => format!("{} ({detail})", error.message()),
                    None => error.message().to_owned(),
                },
                table: error
                    .schema()
                    .zip(error.table())
                    .map(|(schema, table)| (schema.to_owned(), table.to_owned())),
            })),
            None => Err(LiveError::postgres("proving a plan", source)),
        },
    }
}
