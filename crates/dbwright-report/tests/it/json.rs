//! The wire format and its schema.

use dbwright_catalog::{Engine, Proof, Tool};
use dbwright_report::{json, json_schema};
use serde_json::Value;

use crate::sample;

#[test]
fn the_wire_format_of_a_review() {
    insta::assert_snapshot!(json(&sample::everything(), None));
}

#[test]
fn what_is_printed_fits_the_published_schema() {
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    let mut unseen = sample::one_index(Tool::Dbmate, None);
    unseen.trace = None;
    let mut failed = sample::one_index(
        Tool::Goose,
        Some(Proof::Fails {
            server: sample::server(Engine::Postgres, 18, 4),
            reason: "it took SHARE on orders".to_owned(),
        }),
    );
    failed.history.engine = Engine::MariaDb;
    for review in [
        sample::everything(),
        sample::review(vec![]),
        sample::review(vec![unseen, failed]),
    ] {
        let report: Value = serde_json::from_str(&json(&review, None)).unwrap();
        check(&schema, &schema, &report, "report").unwrap();
    }
}

#[test]
fn the_schema_refuses_what_is_not_in_it() {
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    let report: Value = serde_json::from_str(&json(&sample::everything(), None)).unwrap();
    for (pointer, wrong) in [
        ("/version", Value::from("0")),
        ("/findings/0/severity", Value::from("fatal")),
        ("/effects/0/locks/0/mode", Value::from("AccessExclusiveLock")),
        ("/summary/errors", Value::from(-1)),
        ("/findings/0/evidence", Value::Null),
        ("/histories/0/scorecard/0/value/state", Value::from("guessed")),
        ("/findings/0/evidence/server", Value::Object(serde_json::Map::new())),
    ] {
        let mut report = report.clone();
        *report.pointer_mut(pointer).unwrap() = wrong;
        assert!(check(&schema, &schema, &report, "report").is_err(), "{pointer}");
    }
    let mut report = report.clone();
    report["findings"][0]["colour"] = Value::from("red");
    assert!(check(&schema, &schema, &report, "report").is_err());
}

#[test]
fn steps_that_were_not_proven_are_kept_back() {
    let report = json(&sample::review(vec![sample::one_index(Tool::Sqlx, None)]), None);
    assert!(!report.contains("CONCURRENTLY orders_total_idx"), "{report}");
    assert!(report.contains("\"not-tried\""), "{report}");
}

#[test]
fn only_judged_migrations_have_effects() {
    let report: Value = serde_json::from_str(&json(&sample::everything(), None)).unwrap();
    let effects = report["effects"].as_array().unwrap();
    assert_eq!(effects.len(), 11);
    assert!(
        effects
            .iter()
            .all(|effect| effect["file"] != "migrations/0001_start.sql")
    );
}

/// Whether the value fits the schema: the keywords that the schema uses, and an error for any other.
pub(crate) fn check(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Some(schema) = schema.as_object() else {
        return Ok(());
    };
    for (keyword, argument) in schema {
        let fits = match keyword.as_str() {
            "$schema"
            | "$id"
            | "title"
            | "description"
            | "format"
            | "$defs"
            | "definitions"
            | "default"
            | "additionalProperties" => true,
            "$ref" => {
                let pointer = argument.as_str().unwrap().trim_start_matches('#');
                check(root, root.pointer(pointer).unwrap(), value, at)?;
                true
            }
            "type" => match argument {
                Value::Array(types) => types.iter().any(|of| is_a(value, of)),
                one => is_a(value, one),
            },
            "minimum" => value.as_f64().is_none_or(|number| number >= argument.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= argument.as_f64().unwrap()),
            "const" => value == argument,
            "enum" => argument.as_array().unwrap().contains(value),
            "oneOf" | "anyOf" => {
                let fitting = argument.as_array().unwrap().iter();
                let fitting = fitting.filter(|one| check(root, one, value, at).is_ok()).count();
                fitting == 1 || (keyword == "anyOf" && fitting > 1)
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, argument, item, &format!("{at}[{index}]"))?;
                }
                true
            }
            "minItems" => value
                .as_array()
                .is_none_or(|items| items.len() as u64 >= argument.as_u64().unwrap()),
            "uniqueItems" => value.as_array().is_none_or(|items| {
                argument != &Value::Bool(true) || items.iter().enumerate().all(|(at, item)| !items[..at].contains(item))
            }),
            // The only patterns of these schemas are for versions, languages and GUIDs.
            "pattern" => value.as_str().is_none_or(|text| !text.is_empty()),
            "required" => value.as_object().is_none_or(|object| {
                let names = argument.as_array().unwrap();
                names.iter().all(|name| object.contains_key(name.as_str().unwrap()))
            }),
            "properties" => {
                // Where a schema says nothing else, this test allows nothing that it does not name.
                let others = schema
                    .get("additionalProperties")
                    .filter(|others| **others != Value::Bool(false));
                for (name, value) in value.as_object().into_iter().flatten() {
                    let of_property = argument
                        .get(name)
                        .or(others)
                        .ok_or_else(|| format!("{at}.{name} is not in the schema"))?;
                    check(root, of_property, value, &format!("{at}.{name}"))?;
                }
                true
            }
            other => return Err(format!("the schema uses `{other}`, which this test does not know")),
        };
        if !fits {
            return Err(format!("{at} does not fit `{keyword}`: {value}"));
        }
    }
    Ok(())
}

fn is_a(value: &Value, of: &Value) -> bool {
    match of.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    }
}
