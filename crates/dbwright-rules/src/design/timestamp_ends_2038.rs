//! A TIMESTAMP column for times that lie far in the future, or long ago.
//!
//! A TIMESTAMP holds moments from 1970 to January 19, 2038 (MariaDB from 11.5 on: 2106). A loan that is due in 2040 or a
//! date of birth before 1970 can't be written.
//! DATETIME reaches from the year 1000 to 9999.
//!
//! Told by the name of the column: birth, born, retirement, maturity, warranty.
//! It is fine for times of what happens now.
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE people (id bigint PRIMARY KEY, birth_date timestamp NULL);
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE people (id bigint PRIMARY KEY, birth_date datetime NULL, created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP);
//! ```
//!
//! See <https://dev.mysql.com/doc/refman/9.7/en/datetime.html>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::schema::types::{TypeName, words};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "timestamp-ends-2038",
    group: Group::Design,
    severity: Severity::Note,
    engines: &[Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("timestamp_ends_2038.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

/// Words in names of times that lie far from now.
const FAR: [&str; 8] = [
    "birth",
    "birthday",
    "birthdate",
    "born",
    "dob",
    "retirement",
    "maturity",
    "warranty",
];

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    let version = schema.catalog.server.version;
    let last = match schema.engine() {
        Engine::MariaDb if (version.major, version.minor) >= (11, 5) => "2106",
        Engine::MySql | Engine::MariaDb | Engine::Postgres | Engine::Sqlite => "2038",
    };
    for (_, column) in schema.columns() {
        let is_far = words(column.id.name()).iter().any(|word| FAR.contains(&word.as_str()));
        if is_far && TypeName::parse(&column.column.type_name).base == "timestamp" {
            flaws.push(
                Flaw::new(column.id, format!("holds no time before 1970 and none after {last}"))
                    .of_many(format!("hold no time before 1970 and none after {last}"))
                    .advice("Use datetime."),
            );
        }
    }
}
