//! What the documentation says, gathered from the catalog once, so that each form of it only has to write.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{
    Catalog, Column, ColumnExtra, Constraint, ConstraintKind, ForeignKey, GeneratedKind, Index, Object, ObjectBody,
    ObjectId, ObjectKind, SchemaShown, SchemaSide, TypeKind,
};

use crate::incomplete;

/// A schema.
pub(super) struct Model {
    pub(super) title: String,
    /// `PostgreSQL 18.1`.
    pub(super) server: String,
    /// What is missing, where something is: a sentence, then a line for each statement.
    pub(super) missing: Vec<String>,
    pub(super) tables: Vec<TableDoc>,
    /// Foreign keys between tables that are there, as places in `tables`.
    pub(super) relations: Vec<Relation>,
    /// Views, routines, types and the rest, kind by kind.
    pub(super) others: Vec<OtherDoc>,
}

/// A table.
pub(super) struct TableDoc {
    pub(super) schema: String,
    pub(super) bare_name: String,
    /// As people say it: without the schema that nobody writes.
    pub(super) name: String,
    /// Its name in addresses and file names.
    pub(super) slug: String,
    pub(super) comment: Option<String>,
    pub(super) columns: Vec<ColumnDoc>,
    pub(super) constraints: Vec<(String, String)>,
    pub(super) indexes: Vec<IndexDoc>,
    pub(super) triggers: Vec<(String, String)>,
}

/// A column.
pub(super) struct ColumnDoc {
    pub(super) name: String,
    pub(super) type_name: String,
    pub(super) required: bool,
    /// Its default, or the expression that it is computed from.
    pub(super) value: Option<String>,
    /// Whether it is computed: `stored` or `virtual`.
    pub(super) generated: Option<&'static str>,
    pub(super) primary: bool,
    pub(super) foreign: bool,
    pub(super) unique: bool,
    pub(super) comment: Option<String>,
}

/// An index that no constraint owns.
pub(super) struct IndexDoc {
    pub(super) name: String,
    pub(super) keys: Vec<String>,
    pub(super) unique: bool,
    pub(super) predicate: Option<String>,
    pub(super) method: String,
}

/// A foreign key.
pub(super) struct Relation {
    pub(super) name: String,
    pub(super) child: usize,
    pub(super) parent: usize,
    pub(super) columns: Vec<String>,
    pub(super) parent_columns: Vec<String>,
    pub(super) on_delete: String,
    /// Whether a child may have no parent.
    pub(super) optional: bool,
    /// Whether a parent has one child at most.
    pub(super) single: bool,
}

/// Anything else.
pub(super) struct OtherDoc {
    /// `Views`.
    pub(super) heading: &'static str,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) comment: Option<String>,
    pub(super) definition: String,
    /// Labels of an enum.
    pub(super) labels: Vec<String>,
    /// Columns of a view: name and type, where the server tells one.
    pub(super) columns: Vec<(String, String)>,
}

/// Kinds that have entries of their own, beside tables.
const OTHERS: [(ObjectKind, &str); 5] = [
    (ObjectKind::View, "Views"),
    (ObjectKind::Routine, "Routines"),
    (ObjectKind::Type, "Types"),
    (ObjectKind::Sequence, "Sequences"),
    (ObjectKind::Event, "Events"),
];

impl Model {
    pub(super) fn of(shown: &SchemaShown, title: &str) -> Self {
        let catalog = &shown.catalog;
        let mut slugs = BTreeSet::new();
        let parts = Parts::of(catalog);
        let ids: Vec<&ObjectId> = catalog.tables().map(|(id, _)| id).collect();
        let places: BTreeMap<&ObjectId, usize> = ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
        let tables = ids.iter().map(|id| table(catalog, &parts, id, &mut slugs)).collect();
        let relations = ids
            .iter()
            .flat_map(|id| relations(catalog, &parts, &places, id))
            .collect();
        let mut others = Vec::new();
        for (kind, heading) in OTHERS {
            let objects = catalog.objects.values().filter(|object| object.id.kind == kind);
            others.extend(objects.map(|object| other(shown, heading, object, &mut slugs)));
        }
        Model {
            title: title.to_owned(),
            server: catalog.server.to_string(),
            missing: missing(&shown.side),
            tables,
            relations,
            others,
        }
    }

    /// The relations of a table, to its parents and to its children.
    pub(super) fn relations_of(&self, table: usize) -> impl Iterator<Item = &Relation> {
        let relations = self.relations.iter();
        relations.filter(move |relation| relation.child == table || relation.parent == table)
    }
}

fn missing(side: &SchemaSide) -> Vec<String> {
    if side.not_run.is_empty() {
        return Vec::new();
    }
    let lines = side
        .not_run
        .iter()
        .map(|not_run| format!("{}: {}", not_run.place, not_run.why));
    std::iter::once(incomplete::sentence(side)).chain(lines).collect()
}

/// Constraints, indexes and triggers by table, gathered in one pass.
#[derive(Default)]
struct Parts<'a> {
    constraints: BTreeMap<ObjectId, Vec<(&'a Object, &'a Constraint)>>,
    indexes: BTreeMap<&'a ObjectId, Vec<(&'a ObjectId, &'a Index)>>,
    triggers: BTreeMap<ObjectId, Vec<&'a Object>>,
}

impl<'a> Parts<'a> {
    fn of(catalog: &'a Catalog) -> Self {
        let mut parts = Parts::default();
        for object in catalog.objects.values() {
            match (&object.body, object.id.owner_table()) {
                (ObjectBody::Constraint(constraint), Some(table)) => {
                    parts.constraints.entry(table).or_default().push((object, constraint));
                }
                (ObjectBody::Index(index), _) => {
                    parts.indexes.entry(&index.table).or_default().push((&object.id, index));
                }
                (ObjectBody::Trigger(_), Some(table)) => parts.triggers.entry(table).or_default().push(object),
                _ => {}
            }
        }
        parts
    }

    fn constraints(&self, table: &ObjectId) -> &[(&'a Object, &'a Constraint)] {
        self.constraints.get(table).map_or(&[], Vec::as_slice)
    }

    fn indexes(&self, table: &ObjectId) -> &[(&'a ObjectId, &'a Index)] {
        self.indexes.get(table).map_or(&[], Vec::as_slice)
    }

    /// The sets of columns in which no two rows are the same.
    fn keys(&self, table: &ObjectId) -> Vec<&'a [String]> {
        let constraints = self.constraints(table).iter();
        let keys = constraints.filter_map(|(_, constraint)| match &constraint.kind {
            ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique(columns) => Some(columns.as_slice()),
            _ => None,
        });
        let indexes = self.indexes(table).iter();
        let unique = indexes.filter(|(_, index)| index.unique && index.predicate.is_none());
        keys.chain(unique.map(|(_, index)| index.keys.as_slice())).collect()
    }
}

fn table(catalog: &Catalog, parts: &Parts<'_>, id: &ObjectId, slugs: &mut BTreeSet<String>) -> TableDoc {
    let constraints = parts.constraints(id);
    let mut primary = BTreeSet::new();
    let mut foreign = BTreeSet::new();
    for (_, constraint) in constraints {
        match &constraint.kind {
            ConstraintKind::PrimaryKey(columns) => primary.extend(columns.iter().cloned()),
            ConstraintKind::ForeignKey(key) => foreign.extend(key.columns.iter().cloned()),
            _ => {}
        }
    }
    let keys = parts.keys(id);
    let columns = catalog.columns(id).into_iter().map(|(column_id, column)| ColumnDoc {
        required: column.not_null || primary.contains(column_id.name()),
        primary: primary.contains(column_id.name()) || in_sqlite_key(column),
        foreign: foreign.contains(column_id.name()),
        unique: keys.iter().any(|key| *key == [column_id.name().to_owned()]),
        comment: comment(catalog, column_id),
        generated: column.generated.as_ref().map(|generated| match generated.kind {
            GeneratedKind::Stored => "stored",
            GeneratedKind::Virtual => "virtual",
        }),
        value: value(column),
        type_name: column.type_name.clone(),
        name: column_id.name().to_owned(),
    });
    let columns = columns.collect();
    let indexes = parts.indexes(id).iter().filter(|(_, index)| !index.of_constraint);
    let triggers = parts.triggers.get(id).into_iter().flatten();
    TableDoc {
        schema: id.schema().to_owned(),
        bare_name: id.name().to_owned(),
        name: id.to_string(),
        slug: slug(id, slugs),
        comment: comment(catalog, id),
        columns,
        constraints: constraints
            .iter()
            .map(|(object, _)| (object.id.name().to_owned(), object.definition.clone()))
            .collect(),
        indexes: indexes
            .map(|(index_id, index)| IndexDoc {
                name: index_id.name().to_owned(),
                keys: index.keys.clone(),
                unique: index.unique,
                predicate: index.predicate.clone(),
                method: index.method.clone(),
            })
            .collect(),
        triggers: triggers
            .map(|object| (object.id.name().to_owned(), object.definition.clone()))
            .collect(),
    }
}

fn in_sqlite_key(column: &Column) -> bool {
    matches!(&column.extra, ColumnExtra::Sqlite(extra) if extra.primary_key_position > 0)
}

fn value(column: &Column) -> Option<String> {
    match (&column.generated, &column.default) {
        (Some(generated), _) => Some(generated.expression.clone()),
        (None, default) => default.clone(),
    }
}

fn relations(
    catalog: &Catalog,
    parts: &Parts<'_>,
    places: &BTreeMap<&ObjectId, usize>,
    table: &ObjectId,
) -> Vec<Relation> {
    let keys = parts.keys(table);
    let nullable: BTreeSet<String> = catalog
        .columns(table)
        .into_iter()
        .filter(|(_, column)| !column.not_null)
        .map(|(id, _)| id.name().to_owned())
        .collect();
    let relation = |object: &Object, key: &ForeignKey| {
        let columns: BTreeSet<&String> = key.columns.iter().collect();
        let covers = |unique: &&[String]| unique.iter().all(|column| columns.contains(column));
        Some(Relation {
            name: object.id.name().to_owned(),
            child: *places.get(table)?,
            parent: *places.get(&key.references)?,
            columns: key.columns.clone(),
            parent_columns: key.referenced_columns.clone(),
            on_delete: key.on_delete.clone(),
            optional: key.columns.iter().any(|column| nullable.contains(column)),
            single: keys.iter().filter(|key| !key.is_empty()).any(covers),
        })
    };
    let constraints = parts.constraints(table).iter();
    constraints
        .filter_map(|(object, constraint)| match &constraint.kind {
            ConstraintKind::ForeignKey(key) => relation(object, key),
            _ => None,
        })
        .collect()
}

fn other(shown: &SchemaShown, heading: &'static str, object: &Object, slugs: &mut BTreeSet<String>) -> OtherDoc {
    let (definition, labels) = match &object.body {
        ObjectBody::View(view) if !view.query.is_empty() => (view.query.clone(), Vec::new()),
        ObjectBody::Type(type_) => match &type_.kind {
            TypeKind::Enum(labels) => (String::new(), labels.clone()),
            _ => (object.definition.clone(), Vec::new()),
        },
        _ => (object.definition.clone(), Vec::new()),
    };
    OtherDoc {
        heading,
        name: object.id.to_string(),
        slug: slug(&object.id, slugs),
        comment: comment(&shown.catalog, &object.id),
        definition,
        labels,
        columns: shown.view_columns.get(&object.id).cloned().unwrap_or_default(),
    }
}

fn comment(catalog: &Catalog, id: &ObjectId) -> Option<String> {
    match &catalog.get(&id.satellite(ObjectKind::Comment))?.body {
        ObjectBody::Comment(comment) => Some(comment.text.clone()),
        _ => None,
    }
}

/// A name for addresses and files, that no other object has.
fn slug(id: &ObjectId, taken: &mut BTreeSet<String>) -> String {
    let mut name = String::new();
    for letter in id.to_string().chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() || letter == '_' || letter == '.' {
            name.push(letter);
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    let first = match name.trim_matches(['-', '.']) {
        "" => id.kind.name().replace(' ', "-"),
        "index" => "index-table".to_owned(),
        name => name.to_owned(),
    };
    let mut slug = first.clone();
    let mut number = 2;
    while !taken.insert(slug.clone()) {
        slug = format!("{first}-{number}");
        number += 1;
    }
    slug
}
