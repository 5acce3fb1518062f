//! One statement at a time, with all a rule may ask about it, and every exemption that rules share.
//!
//! What is exempt, and why, stands in [`Context::is_exempt`] and [`Context::is_judged_for_locks`]; rules add none of
//! their own.

use dbwright_catalog::{
    Effect, Evidence, Finding, HeldLock, History, LockMode, Migration, Object, ObjectBody, ObjectId, ObjectKind,
    Outcome, Place, RunMode, Statement, Table, TableKind, Trace,
};
use dbwright_sql::Summary;

use crate::Rule;
use crate::allow::Instruction;
use crate::phrase;
use crate::timeline::{Origin, Position, Step, Timeline};

/// A rebuild that is spread over more migrations than this before or after one of its statements is not recognized.
pub(crate) const REBUILD_MIGRATIONS_MAX: usize = 20;

/// One statement of a judged migration.
pub(crate) struct Context<'a> {
    pub(crate) history: &'a History,
    pub(crate) trace: &'a Trace,
    pub(crate) migration: &'a Migration,
    pub(crate) statement: &'a Statement,
    pub(crate) effect: &'a Effect,
    /// Comments for dbwright that stand at this statement.
    pub(crate) instructions: Vec<&'a Instruction>,
    pub(crate) position: Position,
    pub(crate) timeline: &'a Timeline<'a>,
}

/// Another statement, seen from the one that is judged.
#[derive(Clone, Copy)]
pub(crate) struct Neighbour<'a> {
    pub(crate) position: Position,
    pub(crate) migration: &'a Migration,
    pub(crate) statement: &'a Statement,
    pub(crate) effect: &'a Effect,
}

impl<'a> Context<'a> {
    /// Whether the statement ran, so that its locks, scans and changes mean something. A statement that failed is judged
    /// for its failure alone.
    pub(crate) fn is_judged_for_locks(&self) -> bool {
        self.here().ran()
    }

    /// Whether nobody can be hurt by what happens to this object (or to the table that it belongs to): it was created in
    /// the same migration or the same transaction, it is temporary, or it belongs to the system.
    pub(crate) fn is_exempt(&self, id: &ObjectId) -> bool {
        self.is_exempt_at(id, self.position)
    }

    /// The same, for what bears the id at another statement of the same scope.
    pub(crate) fn is_exempt_at(&self, id: &ObjectId, position: Position) -> bool {
        let table = self.table_of(id);
        is_private(table.schema()) || matches!(self.origin_at(&table, position), Origin::Created(_))
    }

    /// Where the bearer of an id at a statement of this scope comes from, seen from the beginning of the migration (or of the
    /// transaction that it shares with earlier ones).
    pub(crate) fn origin_at(&self, id: &ObjectId, position: Position) -> Origin {
        self.timeline.origin(id, self.scope_start(), position)
    }

    /// The name that an object had before the scope, for the bearer of this id just before the statement; nothing where
    /// the scope created it, or where no other session can see it. What a statement drops is asked for with this.
    pub(crate) fn existed_before_scope(&self, id: &ObjectId) -> Option<ObjectId> {
        let table = self.table_of(id);
        if is_private(table.schema()) {
            return None;
        }
        let start = self.scope_start();
        let previous = match self.position {
            (migration, 0) if migration > start.0 => (migration - 1, usize::MAX),
            (_, 0) => return Some(id.clone()),
            (migration, statement) => (migration, statement - 1),
        };
        match self.timeline.origin(id, start, previous) {
            Origin::Before(name) => Some(name),
            Origin::Created(_) => None,
        }
    }

    /// Whether a statement gave the table a new file without reading the old one and without changing the table: TRUNCATE,
    /// whoever called it. VACUUM FULL and CLUSTER look the same, as they can't be watched from inside a transaction.
    pub(crate) fn is_emptied(&self, table: &ObjectId, by: &Neighbour<'_>) -> bool {
        let maintained = || {
            matches!(
                dbwright_sql::summarise(self.history.engine, &by.statement.text),
                Summary::Maintenance
            )
        };
        let parents = self.partition_parents(table);
        let changed = self.timeline.steps(by.position).iter().any(|step| {
            let changed = step.after.or(step.before).map(|object| self.table_of(&object.id));
            changed.is_some_and(|changed| changed == *table || parents.contains(&changed))
        });
        // MySQL and MariaDB say by what operation a table was built anew; emptying it is none.
        let operated = by.effect.operations.iter().any(|operation| operation.table == *table);
        table.kind == ObjectKind::Table && !by.effect.scanned.contains(table) && !changed && !operated && !maintained()
    }

    /// The judged statement itself.
    pub(crate) fn here(&self) -> Neighbour<'a> {
        Neighbour {
            position: self.position,
            migration: self.migration,
            statement: self.statement,
            effect: self.effect,
        }
    }

    /// The object as it was just before this statement.
    pub(crate) fn before(&self, id: &ObjectId) -> Option<&'a Object> {
        self.timeline.before(self.position, id)
    }

    /// The object as it is just after this statement.
    pub(crate) fn after(&self, id: &ObjectId) -> Option<&'a Object> {
        self.timeline.after(self.position, id)
    }

    /// The object as it was before the migration (or before the first one that shares its transaction).
    pub(crate) fn at_scope_start(&self, id: &ObjectId) -> Option<&'a Object> {
        self.timeline.before(self.scope_start(), id)
    }

    /// The object as it is when the migration (or the transaction that it shares with later ones) has ended.
    pub(crate) fn at_scope_end(&self, id: &ObjectId) -> Option<&'a Object> {
        self.timeline.after(self.scope_end(), id)
    }

    /// What the statement changed, with renames told from drops.
    pub(crate) fn steps(&self) -> &[Step<'a>] {
        self.timeline.steps(self.position)
    }

    /// What the statement created.
    pub(crate) fn created(&self) -> impl Iterator<Item = &'a Object> {
        let steps = self.steps().iter().filter(|step| step.before.is_none());
        steps.filter_map(|step| step.after)
    }

    /// What the statement dropped.
    pub(crate) fn dropped(&self) -> impl Iterator<Item = &'a Object> {
        let steps = self.steps().iter().filter(|step| step.after.is_none());
        steps.filter_map(|step| step.before)
    }

    /// What the statement altered: as it was and as it is.
    pub(crate) fn altered(&self) -> impl Iterator<Item = (&'a Object, &'a Object)> {
        self.steps().iter().filter_map(|step| Some((step.before?, step.after?)))
    }

    /// The table around this statement: after it, or before it where it is gone.
    pub(crate) fn table(&self, id: &ObjectId) -> Option<&'a Table> {
        match &self.after(id).or_else(|| self.before(id))?.body {
            ObjectBody::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Whether its rows are stored in partitions.
    pub(crate) fn is_partitioned(&self, id: &ObjectId) -> bool {
        self.table(id).is_some_and(|table| table.kind == TableKind::Partitioned)
    }

    /// The tables above a partition, nearest first.
    pub(crate) fn partition_parents(&self, id: &ObjectId) -> Vec<ObjectId> {
        let mut parents: Vec<ObjectId> = Vec::new();
        let mut child = id.clone();
        while let Some(parent) = self.table(&child).and_then(|table| table.partition.as_ref()) {
            if parents.contains(&parent.parent) {
                break;
            }
            child = parent.parent.clone();
            parents.push(child.clone());
        }
        parents
    }

    /// Whether the statement read the table (or one of its partitions) from end to end.
    pub(crate) fn scanned(&self, table: &ObjectId) -> bool {
        let mut scanned = self.effect.scanned.iter();
        scanned.any(|id| id == table || self.partition_parents(id).contains(table))
    }

    /// The strongest lock on the relation at the end of the statement, whoever took it.
    pub(crate) fn lock(&self, relation: &ObjectId) -> Option<&'a HeldLock> {
        let locks = self.effect.locks.iter().filter(|lock| lock.relation == *relation);
        locks.max_by_key(|lock| (lock.mode, std::cmp::Reverse(lock.since)))
    }

    /// The same, where it is at least this strong.
    pub(crate) fn lock_from(&self, relation: &ObjectId, mode: LockMode) -> Option<&'a HeldLock> {
        self.lock(relation).filter(|lock| lock.mode >= mode)
    }

    /// Whether this statement took the lock, and not an earlier one of its transaction.
    pub(crate) fn took(&self, lock: &HeldLock) -> bool {
        let (migration, statement) = self.position;
        if lock.since != statement {
            return false;
        }
        // `since` is 0 also where an earlier migration of the same transaction took it.
        let earlier = migration
            .checked_sub(1)
            .and_then(|index| self.trace.migrations.get(index));
        let last = earlier.and_then(|earlier| earlier.effects.last());
        let inherited = last.is_some_and(|last| {
            last.transaction == self.effect.transaction
                && last
                    .locks
                    .iter()
                    .any(|held| held.relation == lock.relation && held.mode >= lock.mode)
        });
        statement != 0 || !inherited
    }

    /// Whether the statement commits by itself.
    pub(crate) fn is_alone_in_transaction(&self) -> bool {
        self.migration.run_mode == RunMode::EachStatement
            && self.later_in_transaction().next().is_none()
            && self.earlier_in_transaction().next().is_none()
    }

    /// The later statements of the same transaction.
    pub(crate) fn later_in_transaction(&self) -> impl Iterator<Item = Neighbour<'a>> {
        let (migration, statement) = self.position;
        self.neighbours_from((migration, statement + 1))
            .take_while(|neighbour| neighbour.effect.transaction == self.effect.transaction)
    }

    /// The earlier statements of the same transaction, in order.
    pub(crate) fn earlier_in_transaction(&self) -> impl Iterator<Item = Neighbour<'a>> {
        let position = self.position;
        self.neighbours_from(self.scope_start())
            .take_while(move |neighbour| neighbour.position < position)
            .filter(|neighbour| neighbour.effect.transaction == self.effect.transaction)
    }

    /// The same questions, asked at another statement of the scope.
    pub(crate) fn at(&self, neighbour: Neighbour<'a>) -> Context<'a> {
        Context {
            history: self.history,
            trace: self.trace,
            migration: neighbour.migration,
            statement: neighbour.statement,
            effect: neighbour.effect,
            instructions: Vec::new(),
            position: neighbour.position,
            timeline: self.timeline,
        }
    }

    /// Whether the migration of a statement is judged, and not only replayed.
    pub(crate) fn is_judged(&self, neighbour: &Neighbour<'_>) -> bool {
        let migration = self.trace.migrations.get(neighbour.position.0);
        migration.is_some_and(|migration| migration.judged)
    }

    /// The statements before this one in the same migration.
    pub(crate) fn earlier_in_migration(&self) -> impl Iterator<Item = Neighbour<'a>> {
        let position = self.position;
        self.neighbours_from((position.0, 0))
            .take_while(move |neighbour| neighbour.position < position)
    }

    /// All statements of this migration and of those that share its transaction.
    pub(crate) fn scope(&self) -> impl Iterator<Item = Neighbour<'a>> {
        let end = self.scope_end();
        self.neighbours_from(self.scope_start())
            .take_while(move |neighbour| neighbour.position <= end)
    }

    /// All statements of judged migrations, from so many migrations before this one to as many after it. Those that are new
    /// together are mostly deployed together.
    pub(crate) fn nearby(&self, migrations: usize) -> impl Iterator<Item = Neighbour<'a>> {
        let last = self.position.0 + migrations;
        self.neighbours_from(self.nearby_start(migrations))
            .take_while(move |one| one.position.0 <= last)
            .filter(|one| self.is_judged(one))
    }

    /// Where that begins.
    pub(crate) fn nearby_start(&self, migrations: usize) -> Position {
        (self.position.0.saturating_sub(migrations), 0)
    }

    /// All statements from this one on.
    fn neighbours_from(&self, start: Position) -> impl Iterator<Item = Neighbour<'a>> + use<'a> {
        let migrations = self.history.migrations.iter().zip(&self.trace.migrations);
        migrations
            .enumerate()
            .skip(start.0)
            .flat_map(move |(index, (migration, trace))| {
                let first = if index == start.0 { start.1 } else { 0 };
                let statements = migration.statements.iter().zip(&trace.effects).enumerate();
                statements
                    .skip(first)
                    .map(move |(number, (statement, effect))| Neighbour {
                        position: (index, number),
                        migration,
                        statement,
                        effect,
                    })
            })
    }

    /// The beginning of the migration (or of the first that shares its transaction).
    pub(crate) fn scope_start(&self) -> Position {
        let mut first = self.position.0;
        while first > 0 && self.is_joined(first - 1, first) {
            first -= 1;
        }
        (first, 0)
    }

    /// The end of the migration (or of the last that shares its transaction).
    pub(crate) fn scope_end(&self) -> Position {
        let mut last = self.position.0;
        while self.is_joined(last, last + 1) {
            last += 1;
        }
        (last, usize::MAX)
    }

    /// Whether two neighbouring migrations share a transaction.
    fn is_joined(&self, first: usize, second: usize) -> bool {
        let effects = |index: usize| {
            self.trace
                .migrations
                .get(index)
                .map(|migration| migration.effects.as_slice())
        };
        let last = effects(first).and_then(<[Effect]>::last);
        let next = effects(second).and_then(<[Effect]>::first);
        matches!((last, next), (Some(last), Some(next)) if last.transaction == next.transaction)
    }

    /// The table that an index, column, constraint or trigger belongs to; anything else is its own.
    pub(crate) fn table_of(&self, id: &ObjectId) -> ObjectId {
        if id.kind == ObjectKind::Index {
            match self.after(id).or_else(|| self.before(id)).map(|object| &object.body) {
                Some(ObjectBody::Index(index)) => return index.table.clone(),
                _ => return id.clone(),
            }
        }
        id.owner_table().unwrap_or_else(|| id.clone())
    }

    /// What the text of the statement is, for the few questions that its effect can't answer.
    pub(crate) fn summary(&self) -> Summary {
        dbwright_sql::summarise(self.history.engine, &self.statement.text)
    }

    /// The major version for which SQL is offered: that of the repository, where it is older than the scratch server.
    pub(crate) fn major(&self) -> u32 {
        let scratch = self.trace.server.version.major;
        let repository = self.history.version.as_ref().map(|(version, _)| version.major);
        repository.map_or(scratch, |major| major.min(scratch))
    }

    /// A finding at this statement, with the evidence that every finding has.
    pub(crate) fn finding(&self, rule: &Rule, relation: Option<&ObjectId>, message: String) -> Finding {
        Finding {
            rule: rule.name.to_owned(),
            group: rule.group,
            severity: rule.severity,
            place: Place {
                path: self.migration.path.clone(),
                statement: Some(self.position),
                span: Some(self.statement.span),
                line: self.statement.line,
            },
            message,
            evidence: Evidence {
                known: self.effect.known.clone(),
                server: self.trace.server.clone(),
                relation: relation.cloned(),
                lock: None,
                operation: None,
                facts: Vec::new(),
            },
            advice: Vec::new(),
            fix: None,
        }
    }

    /// A finding about a comment for dbwright, at the comment itself.
    pub(crate) fn finding_at_comment(&self, rule: &Rule, instruction: &Instruction, message: String) -> Finding {
        let mut finding = self.finding(rule, None, message);
        finding.place.span = Some(instruction.span);
        finding.place.line = instruction.line;
        finding
    }

    /// A finding about a lock: names the lock and who took it, where that was an earlier statement.
    pub(crate) fn lock_finding(&self, rule: &Rule, lock: &HeldLock, message: String) -> Finding {
        let mut finding = self.finding(rule, Some(&lock.relation), message);
        finding.evidence.lock = Some(lock.mode);
        finding.evidence.facts.push(self.lock_fact(lock));
        if matches!(self.effect.outcome, Outcome::FailedOnRows(_)) {
            finding
                .evidence
                .facts
                .push("Observed on empty tables, as the statement failed on generated rows.".to_owned());
        }
        finding
    }

    /// `ACCESS EXCLUSIVE on orders blocks reads and writes, held since statement 2 (line 14).`
    pub(crate) fn lock_fact(&self, lock: &HeldLock) -> String {
        let blocked = phrase::blocked(lock.mode);
        let since = if self.took(lock) {
            String::new()
        } else if lock.since == self.position.1 {
            ", held since an earlier migration of the same transaction".to_owned()
        } else {
            let statement = self.migration.statements.get(lock.since);
            let line = statement.map(|statement| format!(" (line {})", statement.line));
            format!(", held since statement {}{}", lock.since + 1, line.unwrap_or_default())
        };
        format!("{} on {} blocks {blocked}{since}.", lock.mode, lock.relation)
    }

    /// `It read orders from end to end while it was locked.`
    pub(crate) fn scan_fact(table: &ObjectId) -> String {
        format!("It read {table} from end to end while the lock was held.")
    }
}

impl<'a> Neighbour<'a> {
    /// Whether it ran. What failed on generated rows was run again without them, and may well work on production's rows:
    /// its effect says what it does there.
    pub(crate) fn ran(&self) -> bool {
        match self.effect.outcome {
            Outcome::Done | Outcome::FailedOnRows(_) => true,
            Outcome::Failed(_) | Outcome::FollowsFrom { .. } | Outcome::Refused(_) => false,
        }
    }

    /// `line 14`, with the file where it is another than that of the judged statement.
    pub(crate) fn place(&self, context: &Context<'a>) -> String {
        if self.position.0 == context.position.0 {
            format!("line {}", self.statement.line)
        } else {
            format!("{} line {}", self.migration.name, self.statement.line)
        }
    }
}

/// Schemas whose objects no other session can see, or that belong to the server.
pub(crate) fn is_private(schema: &str) -> bool {
    schema == "temp"
        || schema == "pg_catalog"
        || schema == "information_schema"
        || schema.starts_with("pg_temp")
        || schema.starts_with("pg_toast")
}
