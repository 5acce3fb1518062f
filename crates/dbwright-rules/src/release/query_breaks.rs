//! A query of the running release fails from this statement on.
//!
//! Migrations run while the release before them still serves: it goes on asking what it always asked, until the next one is
//! deployed everywhere. dbwright asks a server to prepare each of its queries, before the migration and after it, so that
//! nothing has to be guessed from names: aliases, views, functions and `SELECT *` are seen as the server sees them.
//!
//! Queries are those that the repository writes down (`.sqlx`, folders called `queries`, what `sqlc.yaml` names), at the
//! commit that the migrations are new against; those that `--queries` names; and the workload of a `--snapshot`.
//!
//! It is fine where the release is stopped while the migration runs.
//!
//! ```sql setup postgres mysql mariadb sqlite
//! CREATE TABLE users (id integer PRIMARY KEY, name varchar(20), email varchar(60));
//! ```
//!
//! ```sql bad postgres mysql mariadb sqlite
//! -- The running release asks:
//! SELECT u.email FROM users u WHERE u.id = 1;
//! -- Migration:
//! ALTER TABLE users DROP COLUMN email;
//! ```
//!
//! What to do: in two steps. First deploy a release that does not ask it any more, then migrate. What is renamed is added under
//! its new name first, and dropped under the old one when no release uses it.
//!
//! ```sql good postgres mysql mariadb sqlite
//! -- The running release asks:
//! SELECT u.name FROM users u WHERE u.id = 1;
//! -- Migration:
//! ALTER TABLE users DROP COLUMN email;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-prepare.html>, <https://dev.mysql.com/doc/refman/9.7/en/prepare.html>,
//! <https://mariadb.com/docs/server/reference/sql-statements/prepared-statements/prepare-statement> and
//! <https://www.sqlite.org/c3ref/prepare.html>.

use dbwright_catalog::{Engine, Finding, Group, MigrationSet, Query, Severity};

use crate::queries::{Queries, lines, named, said, subject};
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "query-breaks",
    group: Group::Release,
    severity: Severity::Error,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("query_breaks.rs"),
    on_by_default: true,
    check: Check::Queries(check),
};

fn check(queries: &Queries<'_>, findings: &mut Vec<(usize, Finding)>) {
    let places = queries.by_place(&queries.answers.broken, |broken| (broken.query, broken.place));
    for (place, mut broken) in places {
        // In a whole history, what was replaced is none of the release that runs today.
        if matches!(queries.judged, MigrationSet::All) {
            broken.retain(|(broken, _)| broken.mended_by.is_none());
        }
        if broken.is_empty() {
            continue;
        }
        let asked: Vec<&Query> = broken.iter().map(|(_, query)| *query).collect();
        let mut message = subject(&asked, ("fails", "fail"));
        message.push_str(" from here on");
        if let [(broken, _)] = broken.as_slice() {
            message = format!("{message}: {}", said(&broken.error));
        }
        let (index, mut finding) = queries.finding_at(&RULE, place, message);
        finding.evidence.facts = if let [(_, query)] = broken.as_slice() {
            vec![format!("It is {}.", named(query))]
        } else {
            lines(&broken, |(broken, query)| {
                format!("{}: {}.", named(query), said(&broken.error))
            })
        };
        let mended: Vec<usize> = broken.iter().filter_map(|(broken, _)| broken.mended_by).collect();
        if mended.len() == broken.len()
            && let Some(last) = mended.iter().max()
        {
            let name = &queries.history.migrations[*last].name;
            finding
                .evidence
                .facts
                .push(format!("After the migration {name} all of this runs again."));
        }
        let kept = broken
            .iter()
            .filter(|(broken, _)| queries.is_still_asked(broken.query))
            .count();
        finding.advice.push(advice(kept, broken.len()));
        findings.push((index, finding));
    }
}

/// What to do, where so many of the queries stand in the working tree as well.
fn advice(kept: usize, all: usize) -> String {
    if kept == 0 {
        return "Migrate when a release that does not ask this any more runs everywhere: first that release, then this \
                migration in another one."
            .to_owned();
    }
    let which = match (kept, all) {
        (1, 1) => "The working tree still asks it".to_owned(),
        (kept, all) if kept == all => "The working tree still asks all of them".to_owned(),
        (kept, _) => format!("The working tree still asks {kept} of {}", phrase::count(all, "query")),
    };
    format!(
        "{which}: the next release would fail as well. Change the code first, and migrate when no release asks this any more."
    )
}
