//! Documentation of schemas.

use std::collections::BTreeMap;

use dbwright_catalog::{
    Catalog, Column, ColumnExtra, Comment, Constraint, ConstraintKind, Engine, ForeignKey, Generated, GeneratedKind,
    Index, NotRun, Object, ObjectBody, ObjectId, ObjectKind, SchemaShown, SchemaSide, Server, SideKind, SqliteColumn,
    SqliteTable, Table, TableExtra, TableKind, Trigger, Version, View,
};
use dbwright_report::{DocsFile, schema_docs};

/// The documentation of a catalog of which everything is known.
fn docs(catalog: &Catalog, title: &str) -> Vec<DocsFile> {
    schema_docs(&shown(catalog), title)
}

fn shown(catalog: &Catalog) -> SchemaShown {
    SchemaShown {
        side: SchemaSide {
            shown: "shop.db".to_owned(),
            kind: SideKind::Live,
            server: catalog.server.clone(),
            notes: Vec::new(),
            unmodelled: Vec::new(),
            unread: Vec::new(),
            not_run: Vec::new(),
        },
        catalog: catalog.clone(),
        ignored: Vec::new(),
        steps: Vec::new(),
        refusals: Vec::new(),
        coverage: Vec::new(),
        view_columns: BTreeMap::new(),
    }
}

fn empty() -> Catalog {
    Catalog::empty(Server {
        engine: Engine::Sqlite,
        version: Version::new(3, 50, 0),
    })
}

fn add(catalog: &mut Catalog, id: ObjectId, definition: &str, body: ObjectBody) {
    let object = Object {
        id: id.clone(),
        definition: definition.to_owned(),
        body,
    };
    catalog.objects.insert(id, object);
}

/// A table with columns as `name type`, of which `id` is the key; `name type > parent` refers to that table's `id`.
fn table(catalog: &mut Catalog, name: &str, columns: &[&str]) -> ObjectId {
    let id = ObjectId::table("main", name);
    let body = Table {
        kind: TableKind::Ordinary,
        partition_key: None,
        partition: None,
        inherits: Vec::new(),
        extra: TableExtra::Sqlite(SqliteTable {
            strict: false,
            without_rowid: false,
            autoincrement: false,
        }),
    };
    add(catalog, id.clone(), "", ObjectBody::Table(body));
    for (position, text) in (1..).zip(columns) {
        let (column, parent) = text
            .split_once(" > ")
            .map_or((*text, None), |(column, parent)| (column, Some(parent)));
        let required = column.ends_with('!');
        let (column_name, type_name) = column.trim_end_matches('!').split_once(' ').unwrap();
        let body = Column {
            position,
            type_name: type_name.to_owned(),
            not_null: required,
            default: None,
            generated: None,
            identity: None,
            collation: None,
            extra: ColumnExtra::Sqlite(SqliteColumn {
                primary_key_position: 0,
            }),
        };
        add(catalog, id.column(column_name), "", ObjectBody::Column(body));
        if column_name == "id" {
            constrain(
                catalog,
                &id,
                &format!("{name}_pkey"),
                "PRIMARY KEY (id)",
                ConstraintKind::PrimaryKey(vec!["id".to_owned()]),
            );
        }
        if let Some(parent) = parent {
            let key = ForeignKey {
                columns: vec![column_name.to_owned()],
                references: ObjectId::table("main", parent),
                referenced_columns: vec!["id".to_owned()],
                on_delete: "CASCADE".to_owned(),
                on_update: "NO ACTION".to_owned(),
                match_full: false,
            };
            constrain(
                catalog,
                &id,
                &format!("{name}_{column_name}_fkey"),
                &format!("FOREIGN KEY ({column_name}) REFERENCES {parent} (id) ON DELETE CASCADE"),
                ConstraintKind::ForeignKey(key),
            );
        }
    }
    id
}

fn constrain(catalog: &mut Catalog, table: &ObjectId, name: &str, definition: &str, kind: ConstraintKind) {
    let body = Constraint::new(kind);
    add(
        catalog,
        table.child(ObjectKind::Constraint, name),
        definition,
        ObjectBody::Constraint(body),
    );
}

fn comment(catalog: &mut Catalog, id: &ObjectId, text: &str) {
    let body = ObjectBody::Comment(Comment { text: text.to_owned() });
    add(catalog, id.satellite(ObjectKind::Comment), text, body);
}

fn shop() -> Catalog {
    let mut catalog = empty();
    let customer = table(
        &mut catalog,
        "customer",
        &["id INTEGER!", "name TEXT!", "invited_by INTEGER > customer"],
    );
    comment(&mut catalog, &customer, "Who buys | <b>here</b>.");
    comment(&mut catalog, &customer.column("name"), "As on *letters*.");
    let order = table(
        &mut catalog,
        "order",
        &[
            "id INTEGER!",
            "customer INTEGER! > customer",
            "total NUMERIC(10, 2)",
            "placed_at DATETIME",
        ],
    );
    table(&mut catalog, "profile", &["id INTEGER! > customer", "photo BLOB"]);
    let ObjectBody::Column(total) = &mut catalog.objects.get_mut(&order.column("total")).unwrap().body else {
        panic!("a column");
    };
    total.generated = Some(Generated {
        kind: GeneratedKind::Stored,
        expression: "price * amount".to_owned(),
    });
    constrain(
        &mut catalog,
        &order,
        "paid",
        "CHECK (total > 0 OR `free`)",
        ConstraintKind::Check("total > 0".to_owned()),
    );
    let index = Index {
        table: order.clone(),
        method: "btree".to_owned(),
        keys: vec!["customer".to_owned(), "lower(note)".to_owned()],
        included: Vec::new(),
        predicate: Some("total > 100".to_owned()),
        unique: true,
        nulls_not_distinct: false,
        of_constraint: false,
        valid: true,
        postgres: None,
    };
    add(
        &mut catalog,
        ObjectId::new(ObjectKind::Index, ["main", "large_orders"]),
        "",
        ObjectBody::Index(index),
    );
    let trigger = Trigger {
        function: None,
        enabled: true,
        postgres: None,
    };
    add(
        &mut catalog,
        order.child(ObjectKind::Trigger, "tidy"),
        "CREATE TRIGGER tidy AFTER DELETE ON \"order\" BEGIN SELECT 1; END",
        ObjectBody::Trigger(trigger),
    );
    let view = View {
        materialized: false,
        query: "SELECT name FROM customer WHERE name < 'M'".to_owned(),
        postgres: None,
    };
    add(
        &mut catalog,
        ObjectId::new(ObjectKind::View, ["main", "early"]),
        "",
        ObjectBody::View(view),
    );
    catalog
}

/// 150 tables: a dozen areas, each with a hub of its own, and two tables that everything refers to.
fn large() -> Catalog {
    let areas = [
        "billing", "catalog", "shipping", "support", "content", "search", "people", "stock", "audit", "mail", "events",
        "files",
    ];
    let mut catalog = empty();
    table(&mut catalog, "tenant", &["id INTEGER!", "name TEXT!"]);
    table(
        &mut catalog,
        "user_account",
        &["id INTEGER!", "tenant INTEGER! > tenant", "email TEXT!"],
    );
    for area in areas {
        table(
            &mut catalog,
            area,
            &["id INTEGER!", "tenant INTEGER! > tenant", "title TEXT"],
        );
        for number in 1..12 {
            let parent = if number < 7 {
                format!("parent INTEGER! > {area}")
            } else {
                format!("parent INTEGER > {area}_part_{}", number - 6)
            };
            let columns = ["id INTEGER!", &parent, "made_by INTEGER > user_account", "note TEXT"];
            table(&mut catalog, &format!("{area}_part_{number}"), &columns);
        }
    }
    for number in 0..4 {
        table(&mut catalog, &format!("loose_{number}"), &["id INTEGER!", "value TEXT"]);
    }
    catalog
}

fn file<'a>(files: &'a [DocsFile], path: &str) -> &'a str {
    let found = files.iter().find(|file| file.path == path);
    &found.unwrap_or_else(|| panic!("no {path}")).text
}

#[test]
fn the_index_lists_tables_and_the_rest() {
    insta::assert_snapshot!(file(&docs(&shop(), "Shop"), "README.md"));
}

#[test]
fn the_page_of_a_table_has_columns_relations_and_rules() {
    insta::assert_snapshot!(file(&docs(&shop(), "Shop"), "tables/order.md"));
}

#[test]
fn dbml_has_tables_indexes_notes_and_references() {
    insta::assert_snapshot!(file(&docs(&shop(), "Shop"), "schema.dbml"));
}

#[test]
fn the_html_of_a_table_is_escaped_and_drawn() {
    let files = docs(&shop(), "Shop");
    let html = file(&files, "schema.html");
    let start = html.find("<section id=\"customer\"").unwrap();
    let end = start + html[start..].find("</section>").unwrap();
    insta::assert_snapshot!(&html[start..end]);
}

#[test]
fn the_html_needs_nothing_from_elsewhere() {
    let files = docs(&large(), "Large");
    let html = file(&files, "schema.html");
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert!(html.contains("default-src 'none'"));
}

#[test]
fn all_150_tables_have_a_page_and_no_diagram_has_more_than_can_be_read() {
    let catalog = large();
    let files = docs(&catalog, "Large");
    assert_eq!(catalog.tables().count(), 150);
    assert_eq!(
        files.iter().filter(|file| file.path.starts_with("tables/")).count(),
        150
    );
    for file in files.iter().filter(|file| !file.path.starts_with("schema.")) {
        for diagram in file.text.split("```mermaid").skip(1) {
            let diagram = diagram.split("```").next().unwrap_or_default();
            let entities = diagram.lines().filter(|line| {
                let line = line.trim();
                (line.starts_with('"') && !line.contains("--")) || line.starts_with('g') && line.contains('[')
            });
            assert!(entities.count() <= 26, "{}", file.path);
        }
    }
    let overview = file(&files, "README.md");
    assert!(overview.contains("### Around billing\n"), "{overview}");
    assert!(
        overview.contains("### Tables referred to everywhere\n\n```mermaid\nerDiagram\n    \"tenant\"\n"),
        "{overview}"
    );
    assert!(overview.contains("### Tables without relations\n"), "{overview}");
    let html = file(&files, "schema.html");
    for (id, _) in catalog.tables() {
        assert!(html.contains(&format!("<section id=\"{}\"", id.name())), "{id}");
    }
    // In the picture around the table that everything refers to, some are named and the rest is counted.
    let start = html.find("<section id=\"user_account\"").unwrap();
    let svg = &html[start..start + html[start..].find("</svg>").unwrap()];
    assert_eq!(svg.matches("class=\"box").count(), 1 + 12 + 1);
    assert!(svg.contains("and 120 more"), "{svg}");
}

#[test]
fn names_that_differ_in_odd_letters_only_have_pages_of_their_own() {
    let mut catalog = empty();
    for name in ["a b", "a-b", "a/b", "..", "index", "Index"] {
        table(&mut catalog, name, &["id INTEGER!"]);
    }
    let files = docs(&catalog, "Odd");
    let paths: std::collections::BTreeSet<_> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths.len(), files.len(), "{paths:?}");
    assert!(
        paths.iter().all(|path| !path.contains("..") && !path.contains(' ')),
        "{paths:?}"
    );
}

#[test]
fn an_empty_schema_is_documented_as_such() {
    let files = docs(&empty(), "Nothing");
    assert!(file(&files, "README.md").starts_with("<!-- Written by `dbwright schema docs`; changes here are lost. -->\n# Nothing\n\nSQLite 3.50, 0 tables, 0 relations.\n"));
    assert!(file(&files, "schema.html").contains("0 tables with 0 relations"));
}

#[test]
fn columns_of_views_and_what_is_missing_are_told() {
    let mut shown = shown(&shop());
    let view = shown
        .catalog
        .objects
        .keys()
        .find(|id| id.kind == ObjectKind::View)
        .unwrap()
        .clone();
    shown.view_columns.insert(
        view,
        vec![
            ("a|b".to_owned(), "INTEGER".to_owned()),
            ("late".to_owned(), String::new()),
        ],
    );
    shown.side.kind = SideKind::History;
    shown.side.not_run = vec![NotRun {
        place: "migrations/3_seed.go".to_owned(),
        why: "not run: it is a program in <Go>".to_owned(),
    }];
    let files = schema_docs(&shown, "Shop");
    let index = file(&files, "README.md");
    assert!(index.contains("| `a\\|b` | INTEGER |\n| `late` |  |\n"), "{index}");
    assert!(
        index.contains("> **Incomplete:** 1 statement of shop.db did not run here")
            && index.contains("> - migrations/3\\_seed.go: not run"),
        "{index}"
    );
    let html = file(&files, "schema.html");
    assert!(html.contains("<code>a|b</code></td><td>INTEGER</td>"), "{html}");
    assert!(
        html.contains("<li>migrations/3_seed.go: not run: it is a program in &lt;Go&gt;</li>"),
        "{html}"
    );
}
