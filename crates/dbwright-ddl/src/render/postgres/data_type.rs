//! Schemas, extensions and types.

use dbwright_catalog::{BaseType, Extension, Object, RangeType, Step, Type, TypeKind};

use super::{literal, name, path, step};

/// `public` is there in an empty database.
pub(super) fn schema(object: &Object) -> Vec<Step> {
    let if_missing = if object.id.name() == "public" {
        "IF NOT EXISTS "
    } else {
        ""
    };
    vec![step(
        object,
        format!("CREATE SCHEMA {if_missing}{}", name(object.id.name())),
    )]
}

pub(super) fn extension(object: &Object, extension: &Extension) -> Vec<Step> {
    vec![step(
        object,
        format!(
            "CREATE EXTENSION {} SCHEMA {} VERSION {}",
            name(object.id.name()),
            name(&extension.schema),
            literal(&extension.version)
        ),
    )]
}

pub(super) fn create_type(object: &Object, body: &Type) -> Vec<Step> {
    let type_path = path(&object.id);
    let sql = match &body.kind {
        TypeKind::Enum(labels) => {
            let labels: Vec<String> = labels.iter().map(|label| literal(label)).collect();
            format!("CREATE TYPE {type_path} AS ENUM ({})", labels.join(", "))
        }
        TypeKind::Domain { .. } => return domain(object, body, true),
        TypeKind::Composite(attributes) => {
            let attributes: Vec<String> = attributes
                .iter()
                .map(|attribute| {
                    format!(
                        "{} {}{}",
                        name(&attribute.name),
                        attribute.type_name,
                        collate(attribute.collation.as_ref())
                    )
                })
                .collect();
            format!("CREATE TYPE {type_path} AS ({})", attributes.join(", "))
        }
        TypeKind::Range(range) => format!("CREATE TYPE {type_path} AS RANGE ({})", range_clauses(range)),
        TypeKind::Base(base) => format!("CREATE TYPE {type_path} ({})", base_clauses(base)),
        TypeKind::Shell => return vec![shell(object)],
    };
    vec![step(object, sql)]
}

/// The name of a type before its definition, for functions that its definition needs.
pub(super) fn shell(object: &Object) -> Step {
    step(object, format!("CREATE TYPE {}", path(&object.id)))
}

/// A domain, with or without its checks. What is not validated can't stand in its definition.
pub(super) fn domain(object: &Object, body: &Type, with_checks: bool) -> Vec<Step> {
    let TypeKind::Domain {
        base,
        collation,
        not_null,
        not_null_name,
        default,
        checks,
    } = &body.kind
    else {
        return Vec::new();
    };
    let mut sql = format!(
        "CREATE DOMAIN {} AS {base}{}",
        path(&object.id),
        collate(collation.as_ref())
    );
    if let Some(default) = default {
        sql = format!("{sql} DEFAULT {default}");
    }
    if *not_null {
        let usual = format!("{}_not_null", object.id.name());
        let named = not_null_name.as_ref().filter(|name| **name != usual);
        sql += &named.map_or(String::new(), |text| format!(" CONSTRAINT {}", name(text)));
        sql += " NOT NULL";
    }
    for check in checks.iter().filter(|check| with_checks && check.validated) {
        sql = format!("{sql} CONSTRAINT {} {}", name(&check.name), check.definition);
    }
    let mut steps = vec![step(object, sql)];
    if with_checks {
        steps.extend(domain_checks(object, body, |validated| !validated));
    }
    steps
}

/// Checks of a domain that exists.
pub(super) fn domain_checks(object: &Object, body: &Type, wanted: impl Fn(bool) -> bool) -> Vec<Step> {
    let checks = match &body.kind {
        TypeKind::Domain { checks, .. } => checks.as_slice(),
        TypeKind::Enum(_) | TypeKind::Composite(_) | TypeKind::Range(_) | TypeKind::Base(_) | TypeKind::Shell => &[],
    };
    checks
        .iter()
        .filter(|check| wanted(check.validated))
        .map(|check| {
            let sql = format!(
                "ALTER DOMAIN {} ADD CONSTRAINT {} {}",
                path(&object.id),
                name(&check.name),
                check.definition
            );
            step(object, sql)
        })
        .collect()
}

pub(super) fn collate(collation: Option<&String>) -> String {
    collation.map_or(String::new(), |collation| format!(" COLLATE {collation}"))
}

fn range_clauses(range: &RangeType) -> String {
    let clauses = [
        ("SUBTYPE", Some(range.subtype.clone())),
        ("SUBTYPE_OPCLASS", range.operator_class.clone()),
        ("COLLATION", range.collation.clone()),
        ("CANONICAL", range.canonical.clone()),
        ("SUBTYPE_DIFF", range.difference.clone()),
        ("MULTIRANGE_TYPE_NAME", range.multirange.as_ref().map(path)),
    ];
    join_clauses(clauses.into_iter().filter_map(|(word, value)| Some((word, value?))))
}

fn base_clauses(base: &BaseType) -> String {
    let functions = base
        .functions
        .iter()
        .map(|(word, function)| (word.as_str(), function.clone()));
    let length = match base.length {
        -1 => "VARIABLE".to_owned(),
        length => length.to_string(),
    };
    let alignment = match base.alignment {
        'c' => "char",
        's' => "int2",
        'd' => "double",
        _ => "int4",
    };
    let storage = match base.storage {
        'e' => "external",
        'm' => "main",
        'x' => "extended",
        _ => "plain",
    };
    let flag = |value: bool| value.then(|| "true".to_owned());
    let properties = [
        ("INTERNALLENGTH", Some(length)),
        ("PASSEDBYVALUE", flag(base.by_value)),
        ("ALIGNMENT", Some(alignment.to_owned())),
        ("STORAGE", Some(storage.to_owned())),
        ("CATEGORY", Some(literal(&base.category.to_string()))),
        ("PREFERRED", flag(base.preferred)),
        ("DEFAULT", base.default.as_ref().map(|text| literal(text))),
        ("ELEMENT", base.element.clone()),
        ("DELIMITER", Some(literal(&base.delimiter.to_string()))),
        ("COLLATABLE", flag(base.collatable)),
    ];
    let properties = properties.into_iter().filter_map(|(word, value)| Some((word, value?)));
    join_clauses(functions.chain(properties))
}

fn join_clauses<'a>(clauses: impl Iterator<Item = (&'a str, String)>) -> String {
    clauses
        .map(|(word, value)| format!("{word} = {value}"))
        .collect::<Vec<_>>()
        .join(", ")
}
