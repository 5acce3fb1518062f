//! Plans for SQLite, carried out.

mod cases;
mod edit;
mod pairs;
mod renames;
mod schema;
mod spell;

use dbwright_catalog::{Catalog, Plan, PlanClaim, PlanOutcome, PlanProof};
use dbwright_ddl::{PlanOptions, plan};
use dbwright_live::introspect::sqlite::read_whole;
use dbwright_live::prove_plan::sqlite::prove;
use rusqlite::Connection;

/// A schema made up at random.
pub(crate) fn made_up(number: u64) -> String {
    pairs::pair(number).0
}

/// The catalog of a database that these statements make.
fn catalog(sql: &str) -> Catalog {
    let mut connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(sql)
        .unwrap_or_else(|error| panic!("{error}:\n{sql}"));
    read_whole(&mut connection).unwrap().catalog
}

fn planned(before: &Catalog, after: &Catalog) -> Plan {
    plan(before, after, &PlanOptions::default())
}

/// The plan between two schemas and its proof, there and back.
fn proven(before: &str, after: &str) -> (Plan, PlanProof) {
    let (before, after) = (catalog(before), catalog(after));
    let (there, back) = (planned(&before, &after), planned(&after, &before));
    let proof = prove(&before, &after, &there, Some(&back)).unwrap_or_else(|error| panic!("{error:?}"));
    (there, proof)
}

fn steps(plan: &Plan) -> Vec<&str> {
    plan.steps().map(|step| step.sql.as_str()).collect()
}

/// What does not hold, as text.
fn failures(proof: &PlanProof) -> Vec<String> {
    let failing = proof.checks.iter().filter_map(|check| match &check.outcome {
        PlanOutcome::Fails(reasons) => Some(format!("{}: {}", check.claim.sentence(), reasons.join(" "))),
        PlanOutcome::Holds | PlanOutcome::NotTried(_) => None,
    });
    failing.collect()
}

#[track_caller]
fn check_proven(before: &str, after: &str) -> Plan {
    let (plan, proof) = proven(before, after);
    assert_eq!(failures(&proof), [""; 0], "{:#?}", steps(&plan));
    for claim in [PlanClaim::ReachesGoal, PlanClaim::KeepsRows, PlanClaim::Converges] {
        assert!(
            proof
                .checks
                .iter()
                .any(|check| check.claim == claim && check.outcome == PlanOutcome::Holds),
            "{proof:#?}"
        );
    }
    plan
}

#[test]
fn columns_are_added_and_dropped_in_place_where_sqlite_does_that() {
    let plan = check_proven(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, gone TEXT, CHECK (a <> 0))",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b INT NOT NULL DEFAULT -1, c REFERENCES t, CHECK (a <> 0))",
    );
    assert_eq!(
        steps(&plan),
        [
            "ALTER TABLE t ADD COLUMN b INT NOT NULL DEFAULT -1",
            "ALTER TABLE t ADD COLUMN c REFERENCES t",
            "ALTER TABLE t DROP COLUMN gone",
        ]
    );
    let losses: Vec<_> = plan.losses.iter().map(|loss| loss.object.to_string()).collect();
    assert_eq!(losses, ["t.gone"]);
}

#[test]
fn a_rebuild_keeps_rows_children_triggers_views_indexes_and_given_numbers() {
    let others = "CREATE TABLE child (id INTEGER PRIMARY KEY, p NOT NULL REFERENCES p ON DELETE CASCADE);
                  CREATE INDEX by_name ON p (name DESC) WHERE name IS NOT NULL;
                  CREATE VIEW named AS SELECT name FROM p;
                  CREATE TRIGGER g AFTER DELETE ON p BEGIN DELETE FROM child; END;
                  CREATE TRIGGER h INSTEAD OF DELETE ON named BEGIN DELETE FROM p WHERE name = old.name; END;";
    let plan = check_proven(
        &format!("CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, note);{others}"),
        &format!(
            "CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, note, name TEXT CHECK (name <> 'no'), at DEFAULT (1 + 1));{others}"
        ),
    );
    assert_eq!(
        steps(&plan),
        [
            "PRAGMA legacy_alter_table = ON",
            "PRAGMA foreign_keys = OFF",
            "CREATE TEMP TABLE dbwright_orphans (child TEXT PRIMARY KEY, new_ones INTEGER CONSTRAINT rows_without_parent \
             CHECK (new_ones <= 0))",
            "INSERT INTO temp.dbwright_orphans VALUES ('child', -(SELECT count(*) FROM pragma_foreign_key_check('child')))",
            "CREATE TABLE dbwright_new_p (\n    id INTEGER PRIMARY KEY AUTOINCREMENT,\n    note,\n    \
             name TEXT CHECK (name <> 'no'),\n    at DEFAULT (1 + 1)\n)",
            "INSERT INTO dbwright_new_p (id, note, name) SELECT id, note, name FROM p",
            "DELETE FROM sqlite_sequence WHERE name = 'dbwright_new_p'",
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'dbwright_new_p', seq FROM sqlite_sequence WHERE name = 'p'",
            "DROP TABLE p",
            "ALTER TABLE dbwright_new_p RENAME TO p",
            "CREATE INDEX by_name ON p (name DESC) WHERE name IS NOT NULL",
            "CREATE TRIGGER g AFTER DELETE ON p BEGIN DELETE FROM child; END",
            "UPDATE temp.dbwright_orphans SET new_ones = new_ones + (SELECT count(*) FROM pragma_foreign_key_check(child))",
            "DROP TABLE temp.dbwright_orphans",
            "PRAGMA legacy_alter_table = OFF",
            "PRAGMA foreign_keys = ON",
        ]
    );
    assert!(plan.losses.is_empty());
}

#[test]
fn a_rebuild_inside_a_transaction_that_leaves_foreign_keys_on_is_found_out_by_the_proof() {
    let child = "CREATE TABLE child (id INTEGER PRIMARY KEY, p NOT NULL REFERENCES p ON DELETE CASCADE);";
    let before = catalog(&format!("CREATE TABLE p (id INTEGER PRIMARY KEY, a INT);{child}"));
    let after = catalog(&format!("CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT);{child}"));
    let mut plan = planned(&before, &after);
    for phase in &mut plan.phases {
        phase.steps.retain(|step| !step.sql.starts_with("PRAGMA foreign_keys"));
    }
    let proof = prove(&before, &after, &plan, None).unwrap();
    let failures = failures(&proof);
    assert_eq!(failures.len(), 1, "{proof:#?}");
    assert!(
        failures[0].starts_with("rows in surviving columns are unchanged: The rows of child were "),
        "{failures:?}"
    );
    assert!(failures[0].ends_with("and are ."), "{failures:?}");
}

#[test]
fn rows_that_lose_their_parent_make_the_plan_fail_and_change_nothing() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "PRAGMA foreign_keys = ON; CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INT);
             INSERT INTO c VALUES (7);",
        )
        .unwrap();
    let before = read_whole(&mut connection).unwrap().catalog;
    let after = catalog("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INT REFERENCES p)");
    let script: Vec<String> = planned(&before, &after)
        .phases
        .iter()
        .map(|phase| {
            let steps: Vec<_> = phase.steps.iter().map(|step| step.sql.clone()).collect();
            let steps = steps.join(";\n");
            if phase.transaction {
                format!("BEGIN;\n{steps};\nCOMMIT;")
            } else {
                format!("{steps};")
            }
        })
        .collect();
    let error = connection.execute_batch(&script.join("\n")).unwrap_err();
    assert!(error.to_string().contains("rows_without_parent"), "{error}");
    connection.execute_batch("ROLLBACK").unwrap();
    assert_eq!(read_whole(&mut connection).unwrap().catalog, before);
}

#[test]
fn a_new_column_without_a_value_for_old_rows_is_refused_by_name() {
    let before = catalog("CREATE TABLE t (a)");
    let after = catalog("CREATE TABLE t (a, b NOT NULL); CREATE INDEX i ON t (b);");
    let plan = planned(&before, &after);
    let refused: Vec<_> = plan.refusals.iter().map(|refusal| refusal.object.to_string()).collect();
    assert_eq!(refused, ["t.b", "i"]);
    assert_eq!(steps(&plan), [""; 0]);
}

#[test]
fn rows_are_made_that_the_goal_allows() {
    let parent = "CREATE TABLE p (id INTEGER PRIMARY KEY);";
    let (_, proof) = proven(
        &format!("{parent} CREATE TABLE t (a INT, b TEXT, c INT)"),
        &format!(
            "{parent} CREATE TABLE t (a INT NOT NULL CHECK (a > 500), b TEXT NOT NULL, c INT REFERENCES p);
             CREATE UNIQUE INDEX i ON t (b);"
        ),
    );
    let of_rows = proof.checks.iter().filter(|check| check.claim == PlanClaim::KeepsRows);
    let outcomes: Vec<_> = of_rows.map(|check| &check.outcome).collect();
    assert_eq!(outcomes, [&PlanOutcome::Holds]);
}

#[test]
fn other_words_for_the_same_condition_are_no_change() {
    let plan = check_proven(
        "CREATE TABLE t (a INT CHECK (a <> 1 AND (a IS NOT NULL)), b); CREATE INDEX i ON t (b) WHERE a = 1;",
        "CREATE TABLE t (a INT CHECK ((A != 1 and (a NOTNULL))), b); CREATE INDEX i ON t (B) WHERE A == 1;",
    );
    assert_eq!(steps(&plan), [""; 0]);
}

#[test]
fn what_values_lose_in_another_type_is_told() {
    for (was, is, lost) in [
        ("TEXT", "INTEGER", true),
        ("INTEGER", "TEXT", false),
        ("REAL", "TEXT", true),
        ("INT", "REAL", true),
        ("REAL", "INT", false),
        ("VARCHAR(10)", "TEXT", false),
        ("BLOB", "", false),
        ("", "NUMERIC", true),
    ] {
        let plan = check_proven(
            &format!("CREATE TABLE t (a {was}, b)"),
            &format!("CREATE TABLE t (a {is}, b)"),
        );
        assert_eq!(!plan.losses.is_empty(), lost, "{was} to {is}: {:?}", plan.losses);
    }
}

#[test]
fn search_tables_and_boxes_are_made_anew_with_their_rows() {
    let plan = check_proven(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT);
         CREATE VIRTUAL TABLE own USING fts5(title, body);
         CREATE VIRTUAL TABLE words USING fts5(body, content='t', content_rowid='id');
         CREATE VIRTUAL TABLE box USING rtree(id, x0, x1);",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
         CREATE VIRTUAL TABLE own USING fts5(title, body, tokenize = 'porter ascii');
         CREATE VIRTUAL TABLE words USING fts5(body, content='t', content_rowid='id', prefix='2');
         CREATE VIRTUAL TABLE box USING rtree(id, x0, x1, y0, y1);",
    );
    assert!(plan.losses.is_empty(), "{:?}", plan.losses);
    assert!(steps(&plan).contains(&"INSERT INTO words (words) VALUES ('rebuild')"));
}

#[test]
fn modules_that_are_not_known_are_refused() {
    let before = catalog("CREATE VIRTUAL TABLE v USING fts5vocab('f', 'row')");
    let after = catalog("CREATE VIRTUAL TABLE v USING fts5vocab('f', 'col')");
    let plan = planned(&before, &after);
    assert_eq!(plan.refusals.len(), 1);
    assert!(plan.refusals[0].reason.contains("fts5vocab"), "{:?}", plan.refusals);
}

#[test]
fn names_in_another_case_are_the_same_table() {
    check_proven(
        "CREATE TABLE Person (Id INTEGER PRIMARY KEY, Name TEXT); CREATE INDEX i ON Person (Name);",
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT); CREATE INDEX i ON person (name);",
    );
}

#[test]
fn strings_in_double_quotes_stay_as_they_are() {
    let plan = check_proven(
        "CREATE TABLE t (a, b); CREATE VIEW v AS SELECT a FROM t WHERE a = \"open\";",
        "CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t WHERE a = \"open\";",
    );
    assert!(
        !steps(&plan).iter().any(|sql| sql.contains("DROP COLUMN")),
        "{:?}",
        steps(&plan)
    );
}
