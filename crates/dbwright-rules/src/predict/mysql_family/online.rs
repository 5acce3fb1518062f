//! From what is done to a table to the algorithm and lock with which the server does it.

use dbwright_catalog::{Algorithm, Engine, ForeignKey, LockLevel, RefusedOffer, TableOperation};
use dbwright_sql::MySqlFamilySummary;

use super::super::facts::mysql_family::{COPY_WITH_WRITERS, Fact, Operation, of, row_versions_max};
use super::Predictor;
use super::alter::Alteration;
use super::errors::{Stop, error};

/// The algorithms of an engine, cheapest first.
fn algorithms(engine: Engine) -> &'static [Algorithm] {
    match engine {
        Engine::MariaDb => &[
            Algorithm::Instant,
            Algorithm::NoCopy,
            Algorithm::InPlace,
            Algorithm::Copy,
        ],
        Engine::MySql | Engine::Postgres | Engine::Sqlite => &[Algorithm::Instant, Algorithm::InPlace, Algorithm::Copy],
    }
}

const LOCKS: [LockLevel; 3] = [LockLevel::None, LockLevel::Shared, LockLevel::Exclusive];

/// Whether a foreign key changes rows of its own table by itself.
fn changes_rows(key: &ForeignKey) -> bool {
    let does = |action: &str| matches!(action, "CASCADE" | "SET NULL" | "SET DEFAULT");
    does(&key.on_delete) || does(&key.on_update)
}

/// How a table is changed, before any clause of the statement's own.
struct Way {
    algorithm: Algorithm,
    lock: LockLevel,
    rewrites: bool,
    versions: bool,
    /// What the server takes and does not do.
    pretends: Option<Algorithm>,
}

impl Predictor {
    /// How the server makes a change, and whether it writes the rows anew.
    pub(super) fn operate(
        &self,
        alteration: &Alteration,
        summary: &MySqlFamilySummary,
    ) -> Result<(TableOperation, bool), Stop> {
        let facts = self.facts(alteration)?;
        let needed = self.way(alteration, &facts);
        let own = summary.online.as_ref();
        let own_algorithm = own.and_then(|online| online.algorithm.as_ref()?.value);
        let own_lock = own.and_then(|online| online.lock.as_ref()?.value);
        let way = self.asked(alteration, &facts, &needed, own_algorithm, own_lock)?;
        let operation = TableOperation {
            table: alteration.before.id.clone(),
            algorithm: way.algorithm,
            lock: way.lock,
            refused: if own.is_some() {
                self.refused_offers(&needed, &way, own_algorithm, own_lock)
            } else {
                Vec::new()
            },
            row_versions: self.versions_after(alteration, &way),
        };
        Ok((operation, way.rewrites))
    }

    fn facts(&self, alteration: &Alteration) -> Result<Vec<&'static Fact>, Stop> {
        let mut operations = alteration.operations.clone();
        let asked = alteration.operations.clone();
        let has = |wanted: &[Operation]| asked.iter().any(|operation| wanted.contains(operation));
        let adds = has(&[
            Operation::AddColumn,
            Operation::AddColumnWithin,
            Operation::AddColumnExpression,
        ]);
        if adds && has(&[Operation::DropColumn]) && alteration.before.has_virtual_columns() {
            operations.push(Operation::AddAndDropColumnVirtual);
        }
        let adds_virtual = has(&[Operation::AddVirtualColumn, Operation::AddVirtualColumnWithin]);
        if adds && has(&[Operation::DropVirtualColumn]) {
            operations.push(Operation::DropVirtualBesideColumn);
        }
        if adds && adds_virtual {
            operations.push(Operation::AddVirtualBesideColumn);
        }
        let is_known_elsewhere = |operation: &Operation| {
            matches!(
                operation,
                Operation::Nothing
                    | Operation::RenameTable
                    | Operation::RenameTableBeside
                    | Operation::ConvertEngine
                    | Operation::ColumnDefault
                    | Operation::ColumnComment
                    | Operation::TableComment
                    | Operation::RenameColumn
            )
        };
        if !alteration.before.is_innodb() {
            if !operations.iter().all(is_known_elsewhere) {
                operations.push(Operation::ChangeOtherEngine);
            }
            operations.retain(|operation| *operation != Operation::TableComment);
        }
        if operations.is_empty() {
            operations.push(Operation::Nothing);
        }
        let facts = operations.into_iter().map(|operation| {
            of(self.engine, self.version, operation)
                .ok_or_else(|| Stop::Unknown(format!("what {operation:?} does on {} is not known", self.engine)))
        });
        facts.collect()
    }

    /// What the server needs to do it.
    fn way(&self, alteration: &Alteration, facts: &[&Fact]) -> Way {
        let mut algorithm = facts.iter().map(|fact| fact.algorithm).max().unwrap_or(Algorithm::Copy);
        let needs_instant = facts
            .iter()
            .any(|fact| fact.algorithm == Algorithm::Instant && fact.rebuilds);
        if algorithm == Algorithm::Instant && needs_instant && !self.takes_instant_changes(alteration) {
            algorithm = Algorithm::InPlace;
        }
        // What is instant only by itself is a rebuild beside what is not.
        let drops_indexed = facts.iter().any(|fact| fact.operation == Operation::DropIndexedColumn);
        let is_rebuilt = needs_instant || drops_indexed && !self.takes_instant_changes(alteration);
        if algorithm == Algorithm::NoCopy && is_rebuilt {
            algorithm = Algorithm::InPlace;
        }
        let mut rewrites = writes_anew(algorithm, facts);
        let mut keeps_writers_out = false;
        if algorithm == Algorithm::InPlace && rewrites {
            let keeps_full_text = alteration.before.has_full_text() && alteration.after.has_full_text();
            let adds = |wanted: &[Operation]| facts.iter().any(|fact| wanted.contains(&fact.operation));
            let adds_full_text = adds(&[Operation::AddAnotherFullText]);
            let computes = adds(&[Operation::AddExpressionIndex, Operation::AddIndexOnNewVirtual]);
            if self.engine == Engine::MySql && (keeps_full_text || computes) || adds_full_text {
                algorithm = Algorithm::Copy;
            } else if self.engine == Engine::MariaDb {
                keeps_writers_out = keeps_full_text || alteration.before.has_indexed_virtual_columns();
            }
            rewrites = writes_anew(algorithm, facts);
        }
        let pretends = facts.iter().find_map(|fact| fact.pretends);
        let takes_clauses = !(self.engine == Engine::MariaDb && facts.iter().any(|fact| is_partition_work(fact)));
        let lock = if algorithm == Algorithm::Copy && pretends.is_none() && takes_clauses {
            self.copy_lock(alteration)
        } else {
            let lock = facts.iter().map(|fact| fact.lock).max().unwrap_or(LockLevel::None);
            if keeps_writers_out {
                lock.max(LockLevel::Shared)
            } else {
                lock
            }
        };
        Way {
            algorithm,
            lock,
            rewrites,
            versions: facts.iter().any(|fact| fact.versions),
            pretends,
        }
    }

    /// Whether columns of the table can come and go by metadata only.
    fn takes_instant_changes(&self, alteration: &Alteration) -> bool {
        let table = &alteration.before;
        let is_compressed = table.extra.row_format.eq_ignore_ascii_case("compressed");
        let is_used_up = self.engine == Engine::MySql && table.versions >= row_versions_max(self.version);
        let has_indexed_virtual = self.engine == Engine::MariaDb && table.has_indexed_virtual_columns();
        !is_compressed && !is_used_up && !table.has_document_ids && !has_indexed_virtual
    }

    /// The weakest lock with which a table is copied.
    fn copy_lock(&self, alteration: &Alteration) -> LockLevel {
        let changes_itself = alteration.before.foreign_keys.iter().any(|(_, key)| changes_rows(key));
        let counts = alteration
            .operations
            .iter()
            .any(|operation| matches!(operation, Operation::AddAutoIncrement | Operation::SetAutoIncrement));
        if COPY_WITH_WRITERS.is_in(self.engine, self.version) && !changes_itself && !counts {
            LockLevel::None
        } else {
            LockLevel::Shared
        }
    }

    /// The same with the clauses that the statement has itself; an error where they ask for too much.
    fn asked(
        &self,
        alteration: &Alteration,
        facts: &[&Fact],
        needed: &Way,
        algorithm: Option<Algorithm>,
        lock: Option<LockLevel>,
    ) -> Result<Way, Stop> {
        let mut way = Way {
            algorithm: needed.algorithm,
            lock: needed.lock,
            rewrites: needed.rewrites,
            versions: needed.versions,
            pretends: needed.pretends,
        };
        let taken = needed.pretends.unwrap_or(needed.algorithm);
        if let Some(asked) = algorithm {
            if asked < taken {
                return Err(refusal(&format!("ALGORITHM={}", asked.name()), self.has_reason(facts)));
            }
            let is_forced = asked == Algorithm::Copy || self.engine == Engine::MySql;
            if is_forced && asked > needed.algorithm {
                way.algorithm = asked;
                way.lock = match asked {
                    Algorithm::Copy => self.copy_lock(alteration),
                    Algorithm::Instant | Algorithm::NoCopy | Algorithm::InPlace => {
                        facts.iter().map(|fact| fact.lock).max().unwrap_or(LockLevel::None)
                    }
                };
                way.rewrites = writes_anew(asked, facts);
            }
        }
        if let Some(asked) = lock {
            let copies = way.algorithm != Algorithm::Copy && algorithm.is_none() && asked >= self.copy_lock(alteration);
            if asked < way.lock && copies {
                way.algorithm = Algorithm::Copy;
                way.lock = asked;
                way.rewrites = true;
            }
            if asked < way.lock {
                return Err(refusal(&format!("LOCK={}", asked.name()), true));
            }
            // Whatever is instant on MySQL takes no lock that could be asked for.
            if !(self.engine == Engine::MySql && way.algorithm == Algorithm::Instant) {
                way.lock = asked;
            }
        }
        Ok(way)
    }

    /// What a server refuses that is asked for the cheapest way first, in the order of asking.
    fn refused_offers(
        &self,
        needed: &Way,
        way: &Way,
        algorithm: Option<Algorithm>,
        lock: Option<LockLevel>,
    ) -> Vec<RefusedOffer> {
        let taken = needed.pretends.unwrap_or(way.algorithm);
        let is_asked = |offered: Algorithm| match algorithm {
            None => true,
            Some(own) if own == offered => true,
            Some(own) => self.engine == Engine::MariaDb && own != Algorithm::Copy && offered < own,
        };
        let mut refused = Vec::new();
        for offered in algorithms(self.engine)
            .iter()
            .copied()
            .filter(|offered| is_asked(*offered))
        {
            let reason = |lock: Option<LockLevel>| {
                let what = match lock {
                    Some(lock) => format!("LOCK={}", lock.name()),
                    None => format!("ALGORITHM={}", offered.name()),
                };
                format!("{what} is not supported for this operation")
            };
            if offered < taken {
                // It would do, with another lock than the one that is asked for.
                let lock = lock.filter(|_| offered == needed.algorithm);
                refused.push(RefusedOffer {
                    algorithm: offered,
                    lock,
                    reason: reason(lock),
                });
            } else if offered == taken && !(self.engine == Engine::MySql && offered == Algorithm::Instant) {
                let weaker = LOCKS.iter().copied().filter(|weaker| *weaker < way.lock);
                refused.extend(
                    weaker
                        .filter(|weaker| lock.is_none_or(|own| own == *weaker))
                        .map(|weaker| RefusedOffer {
                            algorithm: offered,
                            lock: Some(weaker),
                            reason: reason(Some(weaker)),
                        }),
                );
            }
        }
        refused
    }

    /// Whether the server says why it does not do it with less.
    fn has_reason(&self, facts: &[&Fact]) -> bool {
        let mut operations = facts.iter().map(|fact| fact.operation);
        operations.any(|operation| match operation {
            Operation::ConvertColumn
            | Operation::ExtendTextLength
            | Operation::ExtendLongTextLength
            | Operation::AddForeignKey
            | Operation::DropPrimaryKey => true,
            Operation::AddIndex => self.engine == Engine::MariaDb,
            _ => false,
        })
    }

    /// The row versions of the table afterwards, where its engine counts them.
    fn versions_after(&self, alteration: &Alteration, way: &Way) -> Option<u32> {
        let counts = self.engine == Engine::MySql && alteration.after.is_innodb();
        counts.then(|| {
            if way.rewrites {
                0
            } else if way.algorithm == Algorithm::Instant && way.versions {
                alteration.before.versions + 1
            } else {
                alteration.before.versions
            }
        })
    }
}

/// Whether rows are written anew.
fn writes_anew(algorithm: Algorithm, facts: &[&Fact]) -> bool {
    match algorithm {
        Algorithm::Instant | Algorithm::NoCopy => false,
        Algorithm::InPlace => {
            let mut facts = facts.iter();
            facts.any(|fact| fact.rebuilds || fact.operation == Operation::DropIndexedColumn)
        }
        Algorithm::Copy => true,
    }
}

/// Whether MariaDB's grammar has no place for `ALGORITHM` and `LOCK` there.
fn is_partition_work(fact: &Fact) -> bool {
    matches!(
        fact.operation,
        Operation::AddPartition
            | Operation::DropPartition
            | Operation::TruncatePartition
            | Operation::CoalescePartition
            | Operation::ReorganizePartition
            | Operation::RebuildPartition
            | Operation::ExchangePartition
    )
}

fn refusal(clause: &str, has_reason: bool) -> Stop {
    Stop::Error(error(
        if has_reason { 1846 } else { 1845 },
        format!("{clause} is not supported for this operation. Try another one"),
    ))
}
