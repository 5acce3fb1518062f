//! Whether a query is proven to do nothing but read.
//!
//! It runs in a read-only transaction, where the server refuses to write tables. What a function does besides (locks,
//! notifications, other servers, files) the server does not refuse, so that every function is looked at: those of the server
//! are known to be harmless unless they are volatile or run text as a query, and so are those of extensions that are written
//! in C and not volatile; of anybody else's nothing is known. Views and policies show in the plan as what they stand for, so
//! that the plan is looked at as well as the text.

use std::collections::BTreeSet;

use dbwright_catalog::Engine;
use dbwright_ddl::quote_literal;
use dbwright_sql::{Summary, TokenKind, postgres::calls, summarise, tokens};
use serde_json::Value;

use crate::LiveError;
use crate::connect::Connection;

/// Volatile functions that do nothing but give another value each time.
const HARMLESS: [&str; 12] = [
    "random",
    "random_normal",
    "clock_timestamp",
    "timeofday",
    "gen_random_uuid",
    "uuidv4",
    "uuidv7",
    "statement_timestamp",
    "txid_current_if_assigned",
    "pg_current_xact_id_if_assigned",
    "array_shuffle",
    "array_sample",
];

/// Functions that run text as a query, some of which are not called volatile.
const RUN_TEXT: [&str; 7] = [
    "query_to_xml",
    "query_to_xmlschema",
    "query_to_xml_and_xmlschema",
    "cursor_to_xml",
    "cursor_to_xmlschema",
    "ts_stat",
    "ts_rewrite",
];

/// Nodes that do more than read tables of this database.
const NODES: [&str; 5] = [
    "ModifyTable",
    "LockRows",
    "Foreign Scan",
    "Custom Scan",
    "Async Foreign Scan",
];

/// Proves it, or says what stands against it.
pub(super) async fn reads_only(
    connection: &mut Connection,
    query: &str,
    plan: &str,
) -> Result<Result<(), String>, LiveError> {
    if summarise(Engine::Postgres, query) != Summary::Query {
        return Ok(Err("it writes".to_owned()));
    }
    let Ok(plan) = serde_json::from_str::<Value>(plan) else {
        return Ok(Err("its plan can't be read".to_owned()));
    };
    let mut texts = vec![query.to_owned()];
    let mut nodes = Vec::new();
    collect(&plan, &mut texts, &mut nodes);
    if let Some(node) = nodes.iter().find(|node| NODES.contains(&node.as_str())) {
        return Ok(Err(format!("its plan has a {node}")));
    }
    let mut functions: BTreeSet<String> = BTreeSet::new();
    let mut operators: BTreeSet<String> = BTreeSet::new();
    let mut words: BTreeSet<String> = BTreeSet::new();
    for text in &texts {
        functions.extend(calls(text).into_iter().map(|name| name.name));
        for token in tokens(Engine::Postgres, text) {
            match token.kind {
                TokenKind::Operator => drop(operators.insert(token.text.to_owned())),
                TokenKind::Word | TokenKind::QuotedName => words.extend(token.name()),
                _ => {}
            }
        }
    }
    if let Some(name) = functions.iter().find(|name| RUN_TEXT.contains(&name.as_str())) {
        return Ok(Err(format!("{name}() runs text as a query")));
    }
    let doubts = connection.rows(&doubts(&functions, &operators, &words)).await?;
    Ok(match doubts.into_iter().flatten().flatten().next() {
        Some(doubt) => Err(doubt),
        None => Ok(()),
    })
}

/// Everything that a plan says, and the kinds of its nodes.
fn collect(value: &Value, texts: &mut Vec<String>, nodes: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(text) if key == "Node Type" => nodes.push(text.clone()),
                    // A function scan names its function twice: by its name, and as it is called.
                    Value::String(name) if key == "Function Name" => texts.push(format!("{name}()")),
                    other => collect(other, texts, nodes),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, texts, nodes)),
        Value::String(text) => texts.push(text.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A query that gives a reason where there is one. Names are looked at in every schema: which one is meant is not asked.
fn doubts(functions: &BTreeSet<String>, operators: &BTreeSet<String>, words: &BTreeSet<String>) -> String {
    let list = |names: &mut dyn Iterator<Item = &str>| {
        let quoted: Vec<String> = names.map(|name| quote_literal(Engine::Postgres, name)).collect();
        format!("ARRAY[{}]::text[]", quoted.join(", "))
    };
    let functions_list = list(&mut functions.iter().map(String::as_str));
    let operators_list = list(&mut operators.iter().map(String::as_str));
    let words_list = list(&mut words.iter().map(String::as_str));
    let harmless = list(&mut HARMLESS.into_iter());
    format!(
        "SELECT p.proname || '() is not one of the server''s own functions' FROM pg_catalog.pg_proc p \
           JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
           WHERE p.proname::text = ANY ({functions_list}) AND p.pronamespace <> 'pg_catalog'::regnamespace \
             AND NOT (l.lanname = 'c' AND p.provolatile <> 'v' AND EXISTS (SELECT FROM pg_catalog.pg_depend d \
               WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')) \
         UNION ALL \
         SELECT p.proname || '() may do more than read' FROM pg_catalog.pg_proc p \
           WHERE p.proname::text = ANY ({functions_list}) AND p.pronamespace = 'pg_catalog'::regnamespace \
             AND p.provolatile = 'v' AND p.proname::text <> ALL ({harmless}) \
         UNION ALL \
         SELECT 'the operator ' || o.oprname || ' is not one of the server''s own' FROM pg_catalog.pg_operator o \
           JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
           WHERE o.oprname::text = ANY ({operators_list}) AND l.lanname NOT IN ('internal', 'c') \
         UNION ALL \
         SELECT 'a cast calls ' || p.proname || '(), which is not one of the server''s own' FROM pg_catalog.pg_cast c \
           JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
           WHERE l.lanname NOT IN ('internal', 'c') AND p.pronamespace <> 'pg_catalog'::regnamespace \
         UNION ALL \
         SELECT 'the domain ' || t.typname || ' calls a function that is not one of the server''s own' \
           FROM pg_catalog.pg_type t JOIN pg_catalog.pg_constraint k ON k.contypid = t.oid \
           JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_constraint'::regclass AND d.objid = k.oid \
             AND d.refclassid = 'pg_catalog.pg_proc'::regclass \
           WHERE t.typname::text = ANY ({words_list}) \
         LIMIT 1"
    )
}
