//! What can be written in `dbwright.toml`, key by key: for error messages, for the page about it and for editors, which
//! read the JSON Schema.

use dbwright_catalog::{Engine, Tool};
use serde_json::{Value, json};

/// A key of `dbwright.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentedKey {
    /// The key.
    pub name: &'static str,
    /// What may stand there, for people.
    pub form: &'static str,
    /// What it does.
    pub what: &'static str,
    /// How it may look.
    pub example: &'static str,
}

/// The figures of the scorecard that a threshold may be set for.
pub(super) const FIGURES: [&str; 4] = [
    "migration-coverage",
    "rollback-success",
    "constraint-coverage",
    "index-coverage",
];

/// The keys of one `[[overrides]]`.
pub(super) const OF_OVERRIDES: [&str; 2] = ["paths", "rules"];

/// All keys at the top, in the order in which they are listed.
const KEYS: [DocumentedKey; 16] = [
    DocumentedKey {
        name: "engine",
        form: "`postgres`, `mysql`, `mariadb` or `sqlite`",
        what: "The engine that the migrations are written for. Flag: `--engine`.",
        example: "engine = \"postgres\"",
    },
    DocumentedKey {
        name: "engine-version",
        form: "a version",
        what: "The version that runs in production; the nearest at hand is taken. Flag: `--engine-version`.",
        example: "engine-version = \"16.4\"",
    },
    DocumentedKey {
        name: "migrations",
        form: "a folder, relative to the root",
        what: "The folder of the migrations. Flag: `--migrations`.",
        example: "migrations = \"db/migrations\"",
    },
    DocumentedKey {
        name: "tool",
        form: "the name of a migration tool",
        what: "The tool that runs them. Flag: `--tool`.",
        example: "tool = \"goose\"",
    },
    DocumentedKey {
        name: "schema",
        form: "a file, relative to the root",
        what: "SQL that is loaded before the first migration. Flag: `--schema`.",
        example: "schema = \"db/baseline.sql\"",
    },
    DocumentedKey {
        name: "base",
        form: "a branch, tag or commit",
        what: "What migrations are new against; the default branch where nothing is set. Flag: `--since`.",
        example: "base = \"origin/release\"",
    },
    DocumentedKey {
        name: "fail-on",
        form: "`error`, `warning`, `note` or `never`",
        what: "The severity from which on `check` exits with 1; `warning` where nothing is set. Flag: `--fail-on`.",
        example: "fail-on = \"error\"",
    },
    DocumentedKey {
        name: "sqlite-foreign-keys",
        form: "`true` or `false`",
        what: "Whether foreign keys are enforced while migrations run on SQLite; as the tool does where nothing is set.",
        example: "sqlite-foreign-keys = false",
    },
    DocumentedKey {
        name: "allow",
        form: "names of rules",
        what: "Rules that are not reported at all: short for the level `allow` under `rules`. Flag: `--allow`.",
        example: "allow = [\"timestamp-without-time-zone\"]",
    },
    DocumentedKey {
        name: "rules",
        form: "a level for each rule: `allow`, `note`, `warning` or `error`",
        what: "The severity of the findings of a rule. A rule that is off by default is switched on by it.",
        example: "[rules]\ntable-rewrite = \"error\"\nserial-column = \"note\"",
    },
    DocumentedKey {
        name: "ignore",
        form: "patterns of files, relative to the root",
        what: "Migrations that are run and not judged. `*` and `?` stand for letters without `/`, `**` for any folders.",
        example: "ignore = [\"db/migrations/2019*.sql\", \"db/legacy/**\"]",
    },
    DocumentedKey {
        name: "queries",
        form: "files and folders, relative to the root",
        what: "Where queries of the application stand, beside what is found without it (`.sqlx`, folders called `queries`, what \
               `sqlc.yaml` names): files of SQL, or what sqlx writes. Flag: `--queries`.",
        example: "queries = [\"src/sql\", \"reports/monthly.sql\"]",
    },
    DocumentedKey {
        name: "plan-cost-factor",
        form: "a number, 1 or more",
        what: "With `--snapshot`: from how many times the cost on the plan of a query is worse; 2 where nothing is set.",
        example: "plan-cost-factor = 1.5",
    },
    DocumentedKey {
        name: "plan-cost-min",
        form: "a number",
        what: "With `--snapshot`: plans that cost less than this after the migrations are never worse. Where nothing is \
               set, what takes some milliseconds: 1000 on PostgreSQL and MySQL, 10 on MariaDB, and 10000 rows that are \
               read where a server tells no costs (SQLite, MariaDB before 11).",
        example: "plan-cost-min = 100",
    },
    DocumentedKey {
        name: "overrides",
        form: "tables with `paths` and `rules`",
        what: "Levels of rules for some files; they win over `rules`, and of several the last. `--allow` wins over both.",
        example: "[[overrides]]\npaths = [\"db/migrations/legacy/**\"]\nrules = { table-rewrite = \"note\", drop-table = \"allow\" }",
    },
    DocumentedKey {
        name: "thresholds",
        form: "percentages, by the name of a figure",
        what: "What the figures of the scorecard have to reach; `check` exits with 1 where one is known and lower. The figures are \
               `migration-coverage`, `rollback-success`, `constraint-coverage` and `index-coverage`.",
        example: "[thresholds]\nmigration-coverage = 100\nindex-coverage = 80",
    },
];

/// All keys at the top, with their documentation.
pub fn documented() -> &'static [DocumentedKey] {
    &KEYS
}

/// All names of keys, at whatever place.
pub(super) fn names() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = KEYS.iter().map(|key| key.name).collect();
    names.extend(
        OF_OVERRIDES
            .iter()
            .filter(|name| !KEYS.iter().any(|key| key.name == **name)),
    );
    names
}

/// The page about `dbwright.toml`, as Markdown.
pub fn config_page() -> String {
    let mut page = String::from(
        "# dbwright.toml\n\n<!-- Generated by `cargo xtask docs`. Do not edit. -->\n\n\
         Settings for everyone who works on a repository, in `dbwright.toml` at its root.\nEvery key may be left out; flags win over the file.\n\
         A key that does not exist is an error that names the nearest one, and so is a rule that does not exist.\n\n\
         Editors that complete and check TOML read [the JSON Schema](schema/dbwright-toml.json).\n\n",
    );
    for key in &KEYS {
        let (name, form, what, example) = (key.name, key.form, key.what, key.example);
        page.extend([format!(
            "## {name}\n\n*Value:* {form}\n\n{what}\n\n```toml\n{example}\n```\n\n"
        )]);
    }
    page.push_str(ALLOWANCES);
    page
}

/// How one finding is accepted, which is no matter of the configuration.
const ALLOWANCES: &str = "## To accept one finding\n\n\
A comment in the migration silences a rule at the statement that follows (or that it stands behind), or in the whole file:\n\n\
```sql\n\
-- dbwright: allow drop-table because release 40 stopped reading it\n\
DROP TABLE notes;\n\n\
-- dbwright: allow-file table-rewrite, long-lock-hold until 2027-01-31 because the table has 200 rows until the launch\n\
```\n\n\
The reason is required: without one the comment does not count, and `allowance-without-reason` says so.\n\
After its last day the finding comes back and says that it was allowed until then.\n\
A comment that allows nothing is told as `unused-allowance`.\n\
What is allowed stands in the reports with its reason, and the risk of a change is not smaller for it.\n";

/// The JSON Schema of `dbwright.toml`, pretty printed: for editors that complete and check TOML. `rules` are the names of
/// all rules.
pub fn config_schema(rules: &[&str]) -> String {
    let properties = KEYS.iter().map(|key| {
        let mut form = form(key.name, rules);
        form["description"] = Value::from(key.what);
        (key.name.to_owned(), form)
    });
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dbwright.toml",
        "type": "object",
        "properties": Value::Object(properties.collect()),
        "additionalProperties": false,
    });
    format!("{schema:#}\n")
}

fn form(key: &str, rules: &[&str]) -> Value {
    let strings = || json!({ "type": "array", "items": { "type": "string" } });
    match key {
        "engine" => json!({ "enum": Engine::ALL.map(Engine::name) }),
        "engine-version" => json!({ "type": ["string", "number"] }),
        "tool" => json!({ "enum": Tool::ALL.map(Tool::name) }),
        "fail-on" => json!({ "enum": ["error", "warning", "note", "never"] }),
        "sqlite-foreign-keys" => json!({ "type": "boolean" }),
        "allow" => json!({ "type": "array", "items": { "enum": rules } }),
        "rules" => levels(rules),
        "ignore" | "queries" => strings(),
        "plan-cost-factor" => json!({ "type": "number", "minimum": 1 }),
        "plan-cost-min" => json!({ "type": "number", "minimum": 0 }),
        "overrides" => json!({
            "type": "array",
            "items": {
                "type": "object",
                "properties": { "paths": strings(), "rules": levels(rules) },
                "required": OF_OVERRIDES,
                "additionalProperties": false,
            },
        }),
        "thresholds" => json!({
            "type": "object",
            "propertyNames": { "enum": FIGURES },
            "additionalProperties": { "type": "integer", "minimum": 0, "maximum": 100 },
        }),
        _ => json!({ "type": "string" }),
    }
}

fn levels(rules: &[&str]) -> Value {
    json!({
        "type": "object",
        "propertyNames": { "enum": rules },
        "additionalProperties": { "enum": ["allow", "note", "warning", "error"] },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[test]
    fn every_example_is_read_and_sets_something() {
        for key in documented() {
            let config = Config::parse(key.example).unwrap();
            assert_ne!(config, Config::default(), "{}", key.name);
            assert!(key.example.contains(key.name));
        }
    }

    #[test]
    fn the_schema_has_a_form_for_every_key() {
        let schema: Value = serde_json::from_str(&config_schema(&["table-rewrite"])).unwrap();
        for key in documented() {
            assert_eq!(schema["properties"][key.name]["description"], key.what);
        }
        assert_eq!(
            schema["properties"]["engine"]["enum"],
            json!(["postgres", "mysql", "mariadb", "sqlite"])
        );
        assert_eq!(
            schema["properties"]["rules"]["propertyNames"]["enum"],
            json!(["table-rewrite"])
        );
    }
}
