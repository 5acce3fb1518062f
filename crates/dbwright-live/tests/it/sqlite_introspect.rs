//! Reading SQLite catalogs.

use dbwright_catalog::{
    Catalog, ColumnExtra, ConstraintKind, GeneratedKind, Object, ObjectBody, ObjectId, ObjectKind, TableExtra,
    TableKind,
};
use dbwright_live::introspect::sqlite::read;
use rusqlite::Connection;

fn catalog(sql: &str) -> Catalog {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(sql).unwrap();
    read(&connection).unwrap()
}

/// Objects of these kinds as `id | definition`.
fn lines(catalog: &Catalog, kinds: &[ObjectKind]) -> Vec<String> {
    let objects = catalog
        .objects
        .values()
        .filter(|object| kinds.contains(&object.id.kind));
    objects
        .map(|object| format!("{} | {}", object.id, object.definition))
        .collect()
}

fn object<'a>(catalog: &'a Catalog, kind: ObjectKind, path: &[&str]) -> &'a Object {
    let id = ObjectId::new(kind, path.iter().copied());
    catalog.get(&id).unwrap_or_else(|| panic!("no {id}"))
}

const LIBRARY: &str = "
CREATE TABLE Author (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL COLLATE NOCASE UNIQUE);
CREATE TABLE book (
    -- , CHECK (comment)
    isbn TEXT, shelf INT DEFAULT (1 + 1), author REFERENCES author ON DELETE CASCADE, \"group\" TEXT DEFAULT 'x''y',
    long INT GENERATED ALWAYS AS (shelf * 2) STORED, short AS (lower(isbn)) VIRTUAL,
    PRIMARY KEY (shelf, isbn),
    CONSTRAINT isbn_there CHECK (isbn <> ''), CHECK (shelf > 0),
    CONSTRAINT to_self FOREIGN KEY (shelf, isbn) REFERENCES book (shelf, isbn) ON UPDATE SET NULL
        DEFERRABLE INITIALLY DEFERRED
) WITHOUT ROWID;
CREATE TABLE tag (name TEXT PRIMARY KEY, note ANY) STRICT;
CREATE INDEX book_author ON book (author COLLATE NOCASE DESC, lower(isbn)) WHERE shelf > 3;
CREATE VIEW written AS SELECT name, isbn FROM AUTHOR JOIN \"book\" ON author.id = author;
CREATE TRIGGER author_gone BEFORE DELETE ON author BEGIN DELETE FROM tag; END;
CREATE VIRTUAL TABLE words USING fts5 (word, note);
";

#[test]
fn keys_and_checks_have_their_given_names_or_the_same_ones_each_time() {
    assert_eq!(
        lines(&catalog(LIBRARY), &[ObjectKind::Constraint]),
        [
            "Author.Author_name_key | UNIQUE (name)",
            "Author.Author_pkey | PRIMARY KEY (id)",
            "book.book_author_fkey | FOREIGN KEY (author) REFERENCES \"Author\" ON DELETE CASCADE",
            "book.book_check_1 | CHECK (shelf > 0)",
            "book.book_pkey | PRIMARY KEY (shelf, isbn)",
            "book.isbn_there | CHECK (isbn <> '')",
            "book.to_self | FOREIGN KEY (shelf, isbn) REFERENCES book (shelf, isbn) ON UPDATE SET NULL \
             DEFERRABLE INITIALLY DEFERRED",
            "tag.tag_pkey | PRIMARY KEY (name)",
        ]
    );
}

#[test]
fn columns_keep_defaults_collations_and_expressions() {
    let catalog = catalog(LIBRARY);
    assert_eq!(
        lines(&catalog, &[ObjectKind::Column]),
        [
            "Author.id | id INTEGER",
            "Author.name | name TEXT NOT NULL COLLATE NOCASE",
            "book.author | author",
            "book.group | \"group\" TEXT DEFAULT 'x''y'",
            "book.isbn | isbn TEXT NOT NULL",
            "book.long | long INT GENERATED ALWAYS AS (shelf * 2) STORED",
            "book.shelf | shelf INT NOT NULL DEFAULT (1 + 1)",
            "book.short | short GENERATED ALWAYS AS (lower(isbn)) VIRTUAL",
            "tag.name | name TEXT NOT NULL",
            "tag.note | note ANY",
            "words.note | note",
            "words.word | word",
        ]
    );
    let ObjectBody::Column(short) = &object(&catalog, ObjectKind::Column, &["main", "book", "short"]).body else {
        panic!("a column");
    };
    assert_eq!(short.generated.as_ref().unwrap().kind, GeneratedKind::Virtual);
    let ObjectBody::Column(isbn) = &object(&catalog, ObjectKind::Column, &["main", "book", "isbn"]).body else {
        panic!("a column");
    };
    assert!(matches!(&isbn.extra, ColumnExtra::Sqlite(extra) if extra.primary_key_position == 2));
}

#[test]
fn kinds_of_tables_are_told_apart_and_shadow_tables_left_out() {
    let catalog = catalog(LIBRARY);
    let tables: Vec<_> = catalog
        .tables()
        .map(|(id, table)| {
            let TableExtra::Sqlite(extra) = &table.extra else {
                panic!("a SQLite table");
            };
            let flags = [extra.strict, extra.without_rowid, extra.autoincrement];
            (id.name(), table.kind == TableKind::Virtual, flags)
        })
        .collect();
    assert_eq!(
        tables,
        [
            ("Author", false, [false, false, true]),
            ("book", false, [false, true, false]),
            ("tag", false, [true, false, false]),
            ("words", true, [false, false, false]),
        ]
    );
}

#[test]
fn indexes_have_keys_and_predicate_and_belong_to_constraints_where_they_do() {
    let catalog = catalog(LIBRARY);
    let ObjectBody::Index(index) = &object(&catalog, ObjectKind::Index, &["main", "book_author"]).body else {
        panic!("an index");
    };
    assert_eq!(index.keys, ["author COLLATE NOCASE DESC", "lower(isbn)"]);
    assert_eq!(index.predicate.as_deref(), Some("shelf > 3"));
    let owned: Vec<_> = catalog
        .objects
        .values()
        .filter_map(|object| match &object.body {
            ObjectBody::Constraint(constraint) => Some((object.id.name(), constraint.index.as_ref()?.name())),
            _ => None,
        })
        .collect();
    // The primary key of `book` is the table itself, that of `Author` its rowid.
    assert_eq!(
        owned,
        [
            ("Author_name_key", "sqlite_autoindex_Author_1"),
            ("tag_pkey", "sqlite_autoindex_tag_1"),
        ]
    );
}

#[test]
fn dependencies_are_found_in_either_case() {
    let catalog = catalog(LIBRARY);
    let edges: Vec<_> = catalog
        .dependencies
        .iter()
        .filter(|edge| !edge.dependent.name().starts_with("sqlite_autoindex"))
        .map(|edge| format!("{} on {}", edge.dependent, edge.on))
        .collect();
    assert_eq!(
        edges,
        [
            "book.book_author_fkey on Author",
            "book.to_self on book",
            "book_author on book",
            "written on Author",
            "written on book",
            "Author.author_gone on Author",
        ]
    );
}

#[test]
fn a_foreign_key_without_columns_means_the_primary_key_also_of_a_table_made_later() {
    let catalog = catalog("CREATE TABLE a (b REFERENCES z); CREATE TABLE z (id INTEGER PRIMARY KEY);");
    let ObjectBody::Constraint(constraint) = &object(&catalog, ObjectKind::Constraint, &["main", "a", "a_b_fkey"]).body
    else {
        panic!("a constraint");
    };
    assert!(matches!(&constraint.kind, ConstraintKind::ForeignKey(key) if key.referenced_columns == ["id"]));
}

#[test]
fn the_definitions_build_the_same_catalog_again() {
    let first = catalog(LIBRARY);
    let kinds = [
        ObjectKind::Table,
        ObjectKind::Index,
        ObjectKind::View,
        ObjectKind::Trigger,
    ];
    let of_kind = |kind| first.objects.values().filter(move |object| object.id.kind == kind);
    let definitions: Vec<_> = kinds
        .into_iter()
        .flat_map(of_kind)
        .map(|object| object.definition.as_str())
        .collect();
    assert_eq!(catalog(&definitions.join(";\n")), first);
}

#[test]
fn broken_views_and_missing_parents_are_no_reason_to_fail() {
    let catalog = catalog(
        "CREATE TABLE t (a, a2 REFERENCES gone (x)); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT * FROM v; \
         DROP TABLE t; CREATE TABLE \"odd name\" (\"a b\" PRIMARY KEY, 'c' CHECK (c > 0));",
    );
    assert_eq!(
        lines(&catalog, &[ObjectKind::View, ObjectKind::Constraint]),
        [
            "odd name.odd name_check_1 | CHECK (c > 0)",
            "odd name.odd name_pkey | PRIMARY KEY (\"a b\")",
            "v | CREATE VIEW v AS SELECT a FROM t",
            "w | CREATE VIEW w AS SELECT * FROM v",
        ]
    );
}
