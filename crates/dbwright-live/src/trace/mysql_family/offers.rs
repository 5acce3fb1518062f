//! Asking the server how it would change a table: the cheapest algorithm first, then the weakest lock.
//!
//! A refusal changes nothing. The first offer that the server accepts *is* the statement, so that nothing runs twice and
//! the table is the original one: a copy made by `CREATE TABLE … LIKE` lacks foreign keys and answers differently.
//!
//! Manual: <https://dev.mysql.com/doc/refman/9.7/en/alter-table.html#alter-table-performance>,
//! <https://mariadb.com/docs/server/server-usage/storage-engines/innodb/innodb-online-ddl/innodb-online-ddl-overview>.

use dbwright_catalog::{Algorithm, Engine, LockLevel, RefusedOffer, SqlError};
use dbwright_sql::MySqlFamilySummary;

/// One way of doing a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) algorithm: Algorithm,
    /// Nothing where the server takes no clause for it.
    pub(super) lock: Option<LockLevel>,
}

/// What a refusal was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefusedFor {
    Algorithm,
    Lock,
}

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

/// Whether a statement that asks for `own` may be done by `algorithm`. To MariaDB, `COPY` means just that, and any other
/// the costliest that is welcome.
fn means(engine: Engine, own: Algorithm, algorithm: Algorithm) -> bool {
    own == algorithm || engine == Engine::MariaDb && own != Algorithm::Copy && algorithm < own
}

/// What is left to ask about one statement.
#[derive(Clone, Debug)]
pub(super) struct Offers {
    left: std::vec::IntoIter<Offer>,
    pub(super) refused: Vec<RefusedOffer>,
}

impl Offers {
    /// The offers for a statement, with what it asks for by itself: a clause of its own limits them to what it allows.
    ///
    /// Nothing where its grammar has no place for the clauses.
    pub(super) fn of(engine: Engine, summary: &MySqlFamilySummary) -> Option<Offers> {
        let online = summary.online.as_ref()?;
        let own_algorithm = online.algorithm.as_ref().and_then(|clause| clause.value);
        let own_lock = online.lock.as_ref().and_then(|clause| clause.value);
        let mut offers = Vec::new();
        for algorithm in algorithms(engine) {
            if own_algorithm.is_some_and(|own| !means(engine, own, *algorithm)) {
                continue;
            }
            if *algorithm == Algorithm::Instant && engine == Engine::MySql {
                // MySQL takes LOCK=DEFAULT only with it.
                offers.push(Offer {
                    algorithm: *algorithm,
                    lock: None,
                });
                continue;
            }
            for lock in [LockLevel::None, LockLevel::Shared, LockLevel::Exclusive] {
                if own_lock.is_none_or(|own| own == lock) {
                    offers.push(Offer {
                        algorithm: *algorithm,
                        lock: Some(lock),
                    });
                }
            }
        }
        Some(Offers {
            left: offers.into_iter(),
            refused: Vec::new(),
        })
    }

    /// The next offer to make.
    pub(super) fn next(&mut self) -> Option<Offer> {
        self.left.next()
    }

    /// Takes note of a refusal. An algorithm that is refused is so with every lock.
    pub(super) fn refuse(&mut self, offer: Offer, refused_for: RefusedFor, reason: String) {
        let lock = match refused_for {
            RefusedFor::Algorithm => {
                let left: Vec<Offer> = self
                    .left
                    .by_ref()
                    .filter(|left| left.algorithm != offer.algorithm)
                    .collect();
                self.left = left.into_iter();
                None
            }
            RefusedFor::Lock => offer.lock,
        };
        self.refused.push(RefusedOffer {
            algorithm: offer.algorithm,
            lock,
            reason,
        });
    }
}

/// Whether an error only refuses the clauses, and what of them; any other is the statement's own.
pub(super) fn refused_for(error: &SqlError) -> Option<RefusedFor> {
    match error.code.as_str() {
        // ER_ALTER_OPERATION_NOT_SUPPORTED and …_REASON begin with the clause that is refused.
        "1845" | "1846" if error.message.starts_with("LOCK=") => Some(RefusedFor::Lock),
        // ER_INNODB_MAX_ROW_VERSION: no instant change is left.
        "1845" | "1846" | "4092" => Some(RefusedFor::Algorithm),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use dbwright_sql::{Dialect, summarise_mysql_family};

    use super::*;

    fn asked(engine: Engine, sql: &str) -> Vec<(Algorithm, Option<LockLevel>)> {
        let summary = summarise_mysql_family(Dialect::server(engine), sql);
        let Some(mut offers) = Offers::of(engine, &summary) else {
            return Vec::new();
        };
        std::iter::from_fn(|| offers.next())
            .map(|offer| (offer.algorithm, offer.lock))
            .collect()
    }

    #[test]
    fn the_cheapest_is_asked_first() {
        let sql = "ALTER TABLE t ADD c INT";
        let asked_of = asked(Engine::MySql, sql);
        assert_eq!(asked_of[0], (Algorithm::Instant, None));
        assert_eq!(asked_of[1], (Algorithm::InPlace, Some(LockLevel::None)));
        assert_eq!(asked_of.last(), Some(&(Algorithm::Copy, Some(LockLevel::Exclusive))));
        assert_eq!(asked(Engine::MariaDb, sql).len(), 12);
        assert!(asked(Engine::MySql, "TRUNCATE TABLE t").is_empty());
    }

    #[test]
    fn a_clause_of_its_own_limits_what_is_asked() {
        let copy = asked(Engine::MySql, "ALTER TABLE t ADD c INT, ALGORITHM=COPY");
        assert!(copy.iter().all(|(algorithm, _)| *algorithm == Algorithm::Copy));
        let in_place = asked(Engine::MariaDb, "ALTER TABLE t ADD c INT, ALGORITHM=INPLACE");
        assert!(in_place.iter().all(|(algorithm, _)| *algorithm != Algorithm::Copy));
        assert_eq!(in_place[0].0, Algorithm::Instant);
        let none = asked(Engine::MySql, "CREATE INDEX i ON t (a) LOCK=NONE");
        assert!(
            none.iter()
                .all(|(_, lock)| lock.is_none_or(|lock| lock == LockLevel::None))
        );
    }

    #[test]
    fn a_refused_algorithm_is_not_asked_with_other_locks() {
        let summary = summarise_mysql_family(Dialect::server(Engine::MySql), "ALTER TABLE t ADD c INT");
        let mut offers = Offers::of(Engine::MySql, &summary).unwrap();
        let instant = offers.next().unwrap();
        offers.refuse(instant, RefusedFor::Algorithm, String::new());
        let in_place = offers.next().unwrap();
        offers.refuse(in_place, RefusedFor::Algorithm, String::new());
        assert_eq!(offers.next().unwrap().algorithm, Algorithm::Copy);
    }
}
