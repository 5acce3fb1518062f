//! Policies, grants and views, on catalogs as a whole reading gives them.

use std::collections::BTreeSet;

use dbwright_catalog::{
    Dependency, Grant, Measured, Object, ObjectBody, ObjectId, ObjectKind, Policy, PostgresView, Privilege, TableExtra,
    View,
};

use crate::RuleChoice;
use crate::testing::{Case, id, table, view};

fn secured(mut table: Object) -> Object {
    if let ObjectBody::Table(body) = &mut table.body
        && let TableExtra::Postgres(extra) = &mut body.extra
    {
        extra.row_security = true;
    }
    table
}

fn policy(table: &str, name: &str) -> Object {
    let body = Policy {
        command: "ALL".to_owned(),
        permissive: true,
        roles: vec!["public".to_owned()],
        using: Some("true".to_owned()),
        check: None,
    };
    Object {
        id: id(table).child(ObjectKind::Policy, name),
        definition: String::new(),
        body: ObjectBody::Policy(body),
    }
}

fn grant(on: &ObjectId, grantee: &str, privileges: &[&str]) -> Object {
    let privilege = |name: &&str| Privilege {
        name: (*name).to_owned(),
        columns: Vec::new(),
        grantable: false,
    };
    Object {
        id: on.satellite_of(ObjectKind::Grant, grantee),
        definition: String::new(),
        body: ObjectBody::Grant(Grant {
            privileges: privileges.iter().map(privilege).collect(),
        }),
    }
}

/// What one rule says of the objects; of the last one, what it hangs on is given.
fn told(rule: &str, objects: Vec<Object>, on: Option<ObjectId>) -> Vec<String> {
    let dependent = objects.last().map(|object| object.id.clone());
    let mut case = Case::postgres(objects);
    if let (Some(dependent), Some(on)) = (dependent, on) {
        case.trace.catalog.dependencies.insert(Dependency { dependent, on });
    }
    let findings = crate::lint(
        &case.trace.catalog,
        &Measured::default(),
        &RuleChoice::default(),
        &BTreeSet::new(),
    )
    .findings
    .into_iter();
    let of_rule = findings.filter(|finding| finding.rule == rule);
    of_rule
        .map(|finding| format!("{}: {}", finding.severity, finding.message))
        .collect()
}

#[test]
fn policies_and_row_security_belong_together() {
    let none = [""; 0];
    let both = || vec![secured(table("notes")), policy("notes", "own")];
    let only_policies = vec![table("notes"), policy("notes", "own"), policy("notes", "shared")];
    let without = "policies-without-row-security";
    assert_eq!(
        told(without, only_policies, None),
        ["error: notes has policies and no row security: they do nothing"]
    );
    assert_eq!(told(without, both(), None), none);
    let no_policy = "row-security-without-policy";
    assert_eq!(
        told(no_policy, vec![secured(table("notes"))], None),
        ["note: notes is under row security and has no policy: only its owner sees rows"]
    );
    assert_eq!(told(no_policy, both(), None), none);
}

#[test]
fn what_everybody_may_do_is_told_of_tables_and_schemas_and_not_of_functions() {
    let rule = "granted-to-public";
    let of = |on: &ObjectId, grantee: &str, privileges: &[&str]| told(rule, vec![grant(on, grantee, privileges)], None);
    assert_eq!(
        of(&id("notes"), "public", &["INSERT", "SELECT"]),
        ["warning: notes grants INSERT and SELECT to every role there is"]
    );
    assert_eq!(
        of(&id("notes"), "public", &["SELECT"]),
        ["note: notes grants SELECT to every role there is"]
    );
    assert_eq!(of(&id("notes"), "reader", &["SELECT"]), [""; 0]);
    let schema = ObjectId::new(ObjectKind::Schema, ["app"]);
    assert_eq!(
        of(&schema, "public", &["CREATE", "USAGE"]),
        ["warning: Schema app grants CREATE to every role there is"]
    );
    let function = ObjectId::new(ObjectKind::Routine, ["public", "one()"]);
    assert_eq!(of(&function, "public", &["EXECUTE"]), [""; 0]);
}

#[test]
fn a_view_reads_past_row_security_unless_it_asks_as_whoever_asks_it() {
    let with_options = |options: &[&str]| {
        let mut view = view("recent");
        view.body = ObjectBody::View(View {
            materialized: false,
            query: "SELECT 1".to_owned(),
            postgres: Some(PostgresView {
                options: options.iter().map(|&option| option.to_owned()).collect(),
                access_method: None,
                tablespace: None,
                populated: true,
                columns: Vec::new(),
                extensions: Vec::new(),
            }),
        });
        vec![secured(table("notes")), policy("notes", "own"), view]
    };
    let rule = "view-past-row-security";
    let on = || Some(id("notes").column("text"));
    let says = ["warning: View recent shows rows of notes past its row security"];
    assert_eq!(told(rule, with_options(&[]), on()), says);
    assert_eq!(told(rule, with_options(&["security_invoker=off"]), on()), says);
    assert_eq!(
        told(
            rule,
            with_options(&["security_barrier=true", "security_invoker=on"]),
            on()
        ),
        [""; 0]
    );
    assert_eq!(told(rule, with_options(&[]), None), [""; 0]);
}
