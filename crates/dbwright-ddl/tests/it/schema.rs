//! Small SQLite schemas as catalog and as statements at once.

use dbwright_catalog::{
    Catalog, Column, ColumnExtra, Constraint, ConstraintKind, Engine, ForeignKey, Object, ObjectBody, ObjectId,
    ObjectKind, Server, SqliteColumn, SqliteTable, Table, TableExtra, TableKind, Version,
};

/// A column of a test table.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestColumn {
    pub(crate) name: String,
    pub(crate) type_name: String,
    pub(crate) not_null: bool,
    pub(crate) unique: bool,
    pub(crate) default: Option<String>,
    pub(crate) check: Option<String>,
    /// Table that it refers to by its `id`.
    pub(crate) references: Option<String>,
}

/// A test table; it has an `id` besides these columns.
#[derive(Clone, Debug)]
pub(crate) struct TestTable {
    pub(crate) name: String,
    pub(crate) strict: bool,
    pub(crate) columns: Vec<TestColumn>,
    /// Checks over several columns.
    pub(crate) checks: Vec<String>,
}

impl TestTable {
    pub(crate) fn create(&self) -> String {
        let mut parts = vec!["id INTEGER PRIMARY KEY".to_owned()];
        for column in &self.columns {
            let mut part = format!("{} {}", column.name, column.type_name);
            if column.not_null {
                part += " NOT NULL";
            }
            if column.unique {
                part += " UNIQUE";
            }
            if let Some(default) = &column.default {
                part = format!("{part} DEFAULT {default}");
            }
            if let Some(check) = &column.check {
                part = format!("{part} CHECK ({check})");
            }
            if let Some(table) = &column.references {
                part = format!("{part} REFERENCES {table} (id)");
            }
            parts.push(part);
        }
        parts.extend(self.checks.iter().map(|check| format!("CHECK ({check})")));
        let options = if self.strict { " STRICT" } else { "" };
        format!("CREATE TABLE {} ({}){options}", self.name, parts.join(", "))
    }
}

pub(crate) fn catalog(tables: &[TestTable]) -> Catalog {
    let mut catalog = Catalog::empty(Server {
        engine: Engine::Sqlite,
        version: Version::new(3, 50, 0),
    });
    for table in tables {
        let id = ObjectId::table("main", &table.name);
        let body = Table {
            kind: TableKind::Ordinary,
            partition_key: None,
            partition: None,
            inherits: Vec::new(),
            extra: TableExtra::Sqlite(SqliteTable {
                strict: table.strict,
                without_rowid: false,
                autoincrement: false,
            }),
        };
        add(&mut catalog, &id, ObjectBody::Table(body));
        let key = TestColumn {
            name: "id".into(),
            type_name: "INTEGER".into(),
            ..TestColumn::default()
        };
        constrain(&mut catalog, &id, ConstraintKind::PrimaryKey(vec!["id".into()]));
        for (position, column) in std::iter::once(&key).chain(&table.columns).enumerate() {
            add(
                &mut catalog,
                &id.column(&column.name),
                ObjectBody::Column(column_body(column, position)),
            );
            if column.unique {
                constrain(&mut catalog, &id, ConstraintKind::Unique(vec![column.name.clone()]));
            }
            if let Some(check) = &column.check {
                constrain(&mut catalog, &id, ConstraintKind::Check(check.clone()));
            }
            if let Some(parent) = &column.references {
                let foreign_key = ForeignKey {
                    columns: vec![column.name.clone()],
                    references: ObjectId::table("main", parent),
                    referenced_columns: vec!["id".into()],
                    on_delete: "NO ACTION".into(),
                    on_update: "NO ACTION".into(),
                    match_full: false,
                };
                constrain(&mut catalog, &id, ConstraintKind::ForeignKey(foreign_key));
            }
        }
        for check in &table.checks {
            constrain(&mut catalog, &id, ConstraintKind::Check(check.clone()));
        }
    }
    catalog
}

fn column_body(column: &TestColumn, position: usize) -> Column {
    Column {
        position: u32::try_from(position).unwrap() + 1,
        type_name: column.type_name.clone(),
        not_null: column.not_null,
        default: column.default.clone(),
        generated: None,
        identity: None,
        collation: None,
        extra: ColumnExtra::Sqlite(SqliteColumn {
            primary_key_position: u32::from(position == 0),
        }),
    }
}

fn constrain(catalog: &mut Catalog, table: &ObjectId, kind: ConstraintKind) {
    let number = catalog.constraints(table).count();
    let body = Constraint::new(kind);
    let id = table.child(ObjectKind::Constraint, format!("constraint_{number}"));
    add(catalog, &id, ObjectBody::Constraint(body));
}

fn add(catalog: &mut Catalog, id: &ObjectId, body: ObjectBody) {
    let object = Object {
        id: id.clone(),
        definition: String::new(),
        body,
    };
    catalog.objects.insert(id.clone(), object);
}
