//! Which pairs are asked about.

use dbwright_catalog::{Catalog, Question};
use dbwright_ddl::{RENAME, SEPARATE, WrongAnswer, answer, questions};
use proptest::prelude::*;

use crate::schema::{TestColumn, TestTable, catalog};

/// Tables as `name: column type, …`.
fn tables(text: &str) -> Catalog {
    let tables = text.split(';').filter(|table| !table.trim().is_empty()).map(|table| {
        let (name, columns) = table.split_once(':').unwrap();
        let columns = columns
            .split(',')
            .filter(|column| !column.trim().is_empty())
            .map(|column| {
                let (name, type_name) = column.trim().split_once(' ').unwrap();
                TestColumn {
                    name: name.to_owned(),
                    type_name: type_name.to_owned(),
                    ..TestColumn::default()
                }
            });
        TestTable {
            name: name.trim().to_owned(),
            strict: false,
            columns: columns.collect(),
            checks: Vec::new(),
        }
    });
    catalog(&tables.collect::<Vec<_>>())
}

fn asked(before: &str, after: &str) -> Vec<Question> {
    questions(&tables(before), &tables(after))
}

fn ids(before: &str, after: &str) -> Vec<String> {
    asked(before, after).into_iter().map(|question| question.id).collect()
}

#[test]
fn a_question_says_what_it_is_about_and_what_follows() {
    let asked = asked(
        "users: name TEXT, email TEXT, born DATE",
        "people: name TEXT, email TEXT, born DATE, phone TEXT",
    );
    assert_eq!(asked.len(), 1, "{asked:#?}");
    let question = &asked[0];
    assert_eq!(question.id, "rename-table:main.users:main.people");
    assert_eq!(question.text, "Is the table people the former users?");
    assert_eq!(
        question.reasons,
        ["4 of the 4 columns of users are in people with the same type: born, email, id, name."]
    );
    let consequences: Vec<_> = question
        .choices
        .iter()
        .map(|choice| choice.consequence.as_str())
        .collect();
    assert_eq!(
        consequences,
        [
            "users is renamed to people and keeps its rows.",
            "users is dropped with its rows, and people is made anew."
        ]
    );
    let renames = answer(&asked, &question.id, RENAME).unwrap();
    assert_eq!((renames[0].from.name(), renames[0].to.name()), ("users", "people"));
    assert_eq!(answer(&asked, &question.id, SEPARATE), Ok(Vec::new()));
    let wrong = answer(&asked, &question.id, "yes").unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "`yes` is no answer to `rename-table:main.users:main.people`; possible are `rename`, `separate`"
    );
    assert!(matches!(
        answer(&asked, "x", RENAME),
        Err(WrongAnswer::NoSuchQuestion(..))
    ));
}

#[test]
fn columns_are_asked_about_by_type_neighbors_and_name() {
    let cases = [
        ("name TEXT, mail TEXT, age INT", "name TEXT, email TEXT, age INT", true),
        ("name TEXT, note TEXT", "name TEXT, comment TEXT", true),
        ("name TEXT, note TEXT", "name TEXT, note2 INT", false),
        (
            "name TEXT, age INT, born TEXT",
            "name TEXT, age INT, street TEXT, city TEXT",
            true,
        ),
        (
            "first TEXT, name TEXT, age INT",
            "name TEXT, age INT, street TEXT",
            false,
        ),
        ("first_name TEXT, age INT", "age INT, firstname TEXT", true),
        ("a TEXT, b INT, c TEXT", "a TEXT, b INT, c TEXT, d TEXT", false),
    ];
    for (before, after, is_asked) in cases {
        let ids = ids(&format!("t: {before}"), &format!("t: {after}"));
        assert_eq!(!ids.is_empty(), is_asked, "{before} → {after}: {ids:?}");
    }
}

#[test]
fn tables_are_asked_about_by_columns_that_few_others_have() {
    let others = "x: created TEXT, updated TEXT; y: created TEXT, updated TEXT; z: created TEXT, updated TEXT";
    assert_eq!(
        ids(
            &format!("invoice: amount REAL, created TEXT, updated TEXT; {others}"),
            &format!("holiday: day TEXT, created TEXT, updated TEXT; {others}")
        ),
        [""; 0]
    );
    assert_eq!(
        ids(
            &format!("invoice: amount REAL, customer INT, created TEXT; {others}"),
            &format!("bill: amount REAL, customer INT, created TEXT; {others}")
        ),
        ["rename-table:main.invoice:main.bill"]
    );
}

#[test]
fn each_object_is_in_one_question_only() {
    let asked = ids(
        "a: name TEXT, mail TEXT; b: name TEXT, mail TEXT",
        "c: name TEXT, mail TEXT; d: name TEXT, mail TEXT",
    );
    assert_eq!(asked, ["rename-table:main.a:main.c", "rename-table:main.b:main.d"]);
}

fn table(name: &'static str, prefix: &'static str) -> impl Strategy<Value = String> {
    proptest::collection::vec(0_usize..6, 1..5).prop_map(move |types| {
        let names = ["TEXT", "INT", "REAL", "BLOB", "DATE", "JSON"];
        let columns: Vec<String> = types
            .iter()
            .enumerate()
            .map(|(place, kind)| format!("{prefix}{place} {}", names[*kind]))
            .collect();
        format!("{name}: {}", columns.join(", "))
    })
}

proptest! {
    #[test]
    fn tables_that_share_no_column_but_the_key_are_never_asked_about(
        before in table("apple", "qq"),
        after in table("wrench", "zz"),
        kept in table("other", "kk"),
    ) {
        let asked = ids(&format!("{before}; {kept}"), &format!("{after}; {kept}"));
        prop_assert_eq!(asked, Vec::<String>::new());
    }

    #[test]
    fn the_same_schemas_raise_the_same_questions_and_each_names_what_is_there(
        before in proptest::collection::vec(table("a", "x"), 1..2),
        after in proptest::collection::vec(table("a", "y"), 1..2),
    ) {
        let (before, after) = (tables(&before.join(";")), tables(&after.join(";")));
        let asked = questions(&before, &after);
        prop_assert_eq!(&asked, &questions(&before, &after));
        for question in &asked {
            for rename in question.choices.iter().flat_map(|choice| &choice.renames) {
                prop_assert!(before.get(&rename.from).is_some() && after.get(&rename.from).is_none());
                prop_assert!(after.get(&rename.to).is_some() && before.get(&rename.to).is_none());
            }
        }
    }

    #[test]
    fn equal_schemas_raise_no_question(schema in table("a", "x")) {
        prop_assert!(ids(&schema, &schema).is_empty());
    }
}

#[test]
fn several_that_look_alike_are_all_offered() {
    let asked = asked("t: note_one TEXT, x INT", "t: note_two TEXT, note_three TEXT, x INT");
    assert_eq!(asked.len(), 1, "{asked:#?}");
    let names: Vec<&str> = asked[0].choices.iter().map(|choice| choice.name.as_str()).collect();
    assert_eq!(names[0], RENAME);
    assert_eq!(names[2], SEPARATE);
    let other = answer(&asked, &asked[0].id, names[1]).unwrap();
    let best = answer(&asked, &asked[0].id, RENAME).unwrap();
    assert_eq!(other.len(), 1);
    assert_eq!(other[0].from, best[0].from);
    assert_ne!(other[0].to, best[0].to);
    assert_eq!(names[1], format!("rename:note_one:{}", other[0].to.name()));
}

/// An enum of PostgreSQL, and what is asked about its labels.
fn labels(before: &[&str], after: &[&str]) -> Vec<(String, String)> {
    let catalog = |labels: &[&str]| {
        let server = dbwright_catalog::Server {
            engine: dbwright_catalog::Engine::Postgres,
            version: dbwright_catalog::Version::new(18, 0, 0),
        };
        let mut catalog = Catalog::empty(server);
        let id = dbwright_catalog::ObjectId::new(dbwright_catalog::ObjectKind::Type, ["app", "mood"]);
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        let object = dbwright_catalog::Object {
            id: id.clone(),
            definition: labels.join(","),
            body: dbwright_catalog::ObjectBody::Type(dbwright_catalog::Type {
                kind: dbwright_catalog::TypeKind::Enum(labels),
            }),
        };
        catalog.objects.insert(id, object);
        catalog
    };
    let asked = questions(&catalog(before), &catalog(after));
    asked.into_iter().map(|question| (question.id, question.text)).collect()
}

#[test]
fn labels_of_enums_are_asked_about_by_place_and_name() {
    assert_eq!(
        labels(&["bad", "ok", "good"], &["bad", "fine", "good"]),
        [(
            "rename-label:app.mood.ok:app.mood.fine".to_owned(),
            "Is the label app.mood.fine the former app.mood.ok?".to_owned()
        )]
    );
    assert_eq!(labels(&["bad", "ok"], &["ok", "fine"]), []);
    assert_eq!(labels(&["bad", "ok"], &["bad", "ok", "fine"]), []);
    assert_eq!(
        labels(&["in_progress", "done"], &["done", "in-progress"]).len(),
        1,
        "names that are alike"
    );
}
