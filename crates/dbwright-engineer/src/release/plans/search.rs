//! Which of several migrations makes plans worse, where a look after each of them costs too much: halving, for all queries at
//! once.

use std::collections::BTreeMap;

/// What is known of the queries that are worse after all migrations.
pub(super) struct Search {
    /// For each query, by its place: after so many migrations it was not worse yet, and after so many it is.
    between: BTreeMap<usize, (usize, usize)>,
}

impl Search {
    /// Begins with the queries that are worse after so many migrations.
    pub(super) fn new(worse: impl IntoIterator<Item = usize>, migrations: usize) -> Self {
        let between = worse.into_iter().map(|query| (query, (0, migrations)));
        Search {
            between: between.collect(),
        }
    }

    /// After how many migrations to look next, and at which queries; nothing where all is known.
    pub(super) fn next(&self) -> Option<(usize, Vec<usize>)> {
        let wide = self.between.values().filter(|(before, after)| after - before > 1);
        let (before, after) = wide.max_by_key(|(before, after)| after - before)?;
        let taken = before.midpoint(*after);
        let asked = self
            .between
            .iter()
            .filter(|(_, (before, after))| *before < taken && taken < *after);
        Some((taken, asked.map(|(query, _)| *query).collect()))
    }

    /// Takes in whether a query is worse after so many migrations.
    pub(super) fn learn(&mut self, query: usize, taken: usize, is_worse: bool) {
        if let Some((before, after)) = self.between.get_mut(&query) {
            *(if is_worse { after } else { before }) = taken;
        }
    }

    /// Which migration it is, counted from 0, for each query for which that is known.
    pub(super) fn found(&self) -> BTreeMap<usize, usize> {
        let known = self.between.iter().filter(|(_, (before, after))| after - before == 1);
        known.map(|(query, (before, _))| (*query, *before)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many looks it takes, where each query is made worse by one of so many migrations.
    fn looks(migrations: usize, culprits: &[usize]) -> usize {
        let mut search = Search::new(0..culprits.len(), migrations);
        let mut looks = 0;
        while let Some((taken, queries)) = search.next() {
            assert!(!queries.is_empty());
            for query in queries {
                search.learn(query, taken, culprits[query] < taken);
            }
            looks += 1;
        }
        let found: Vec<usize> = search.found().into_values().collect();
        assert_eq!(found, culprits);
        looks
    }

    #[test]
    fn the_migration_of_every_query_is_found_in_few_looks() {
        for migrations in 1..=40 {
            for one in 0..migrations {
                assert!(looks(migrations, &[one, one]) <= 6);
                for other in 0..migrations {
                    assert!(looks(migrations, &[one, other]) <= 11);
                }
            }
        }
        assert_eq!(looks(1, &[0, 0]), 0, "there is nothing to find out");
        assert_eq!(looks(1000, &[]), 0);
    }
}
