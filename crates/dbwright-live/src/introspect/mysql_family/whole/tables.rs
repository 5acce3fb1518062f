//! Tables: the definition of each part is its piece of `SHOW CREATE TABLE`.

use std::collections::BTreeMap;

use dbwright_catalog::{ConstraintKind, Engine, Object, ObjectBody, ObjectId, ObjectKind, TableExtra};
use dbwright_ddl::{TableText, quote_identifier, table_text, with_collation, without_comment};

use super::Whole;

impl Whole {
    /// `comments` are those of tables, by name.
    pub(super) fn take_tables_apart(&mut self, mut comments: BTreeMap<String, String>) {
        let tables: Vec<ObjectId> = self.catalog().tables().map(|(id, _)| id.clone()).collect();
        for id in tables {
            let comment = comments.remove(id.name()).unwrap_or_default();
            self.take_table_apart(&id, comment);
        }
    }

    fn take_table_apart(&mut self, id: &ObjectId, comment: String) {
        let engine = self.engine;
        let Some(object) = self.catalog().get(id) else { return };
        let text = table_text(engine, &object.definition);
        let columns: Vec<ObjectId> = self
            .catalog()
            .columns(id)
            .into_iter()
            .map(|(id, _)| id.clone())
            .collect();
        for (name, piece) in &text.columns {
            let column = id.column(name);
            if columns.contains(&column) {
                self.define_column(&column, piece);
            }
        }
        for (name, piece) in &text.indexes {
            self.define_index(id, name, piece);
        }
        let constraints: Vec<ObjectId> = self.catalog().constraints(id).map(|(id, _)| id.clone()).collect();
        for constraint in constraints {
            self.define_constraint(&constraint, &text);
        }
        self.define_table(id, text);
        self.put_comment(id, comment);
    }

    fn define_column(&mut self, id: &ObjectId, piece: &str) {
        let engine = self.engine;
        let piece = self.without_database(piece);
        let (definition, comment) = without_comment(engine, &piece);
        if let Some(object) = self.catalog().objects.get_mut(id)
            && let ObjectBody::Column(column) = &mut object.body
        {
            let charset = match &column.extra {
                dbwright_catalog::ColumnExtra::MySqlFamily(extra) => extra.charset.clone(),
                dbwright_catalog::ColumnExtra::Postgres(_) | dbwright_catalog::ColumnExtra::Sqlite(_) => None,
            };
            object.definition = with_collation(engine, &definition, charset.as_deref(), column.collation.as_deref());
            if let Some(default) = &mut column.default
                && is_of_sequence(default)
                && let Some((_, rest)) = piece.split_once(" DEFAULT ")
            {
                // As above: without the name of the database.
                let end = rest.find(')').map_or(rest.len(), |end| end + 1);
                rest[..end].clone_into(default);
            }
        }
        self.put_comment(id, comment.unwrap_or_default());
    }

    /// A default that asks a sequence names it with its database.
    fn without_database(&self, piece: &str) -> String {
        if self.engine == Engine::MariaDb && is_of_sequence(piece) {
            let database = format!("{}.", quote_identifier(self.engine, &self.database));
            return piece.replace(&database, "");
        }
        piece.to_owned()
    }

    fn define_index(&mut self, table: &ObjectId, name: &str, piece: &str) {
        let (definition, comment) = without_comment(self.engine, piece);
        let index = table.child(ObjectKind::Index, name);
        let constraint = table.child(ObjectKind::Constraint, name);
        if let Some(object) = self.catalog().objects.get_mut(&index) {
            object.definition.clone_from(&definition);
            self.put_comment(&index, comment.unwrap_or_default());
        }
        if let Some(object) = self.catalog().objects.get_mut(&constraint)
            && is_key(object)
        {
            object.definition = definition;
        }
    }

    fn define_constraint(&mut self, id: &ObjectId, text: &TableText) {
        let Some(object) = self.catalog().objects.get_mut(id) else {
            return;
        };
        let ObjectBody::Constraint(constraint) = &object.body else {
            return;
        };
        let (words, inside) = match &constraint.kind {
            ConstraintKind::ForeignKey(_) => (" FOREIGN KEY ", ""),
            ConstraintKind::Check(expression) => (" CHECK ", expression.as_str()),
            ConstraintKind::PrimaryKey(_)
            | ConstraintKind::Unique(_)
            | ConstraintKind::Exclusion(_)
            | ConstraintKind::NotNull(_)
            | ConstraintKind::Trigger => return,
        };
        let plain = [" (check)", " (foreign key)"]
            .iter()
            .find_map(|note| id.name().strip_suffix(note));
        let is_it = |(name, piece): &&(String, String)| {
            (name == id.name() || Some(name.as_str()) == plain) && piece.contains(words) && piece.contains(inside)
        };
        object.definition = match text.constraints.iter().find(is_it) {
            Some((_, piece)) => piece.clone(),
            // A check of MariaDB that stands in the definition of its column.
            None => format!("CHECK ({inside})"),
        };
    }

    fn define_table(&mut self, id: &ObjectId, text: TableText) {
        let engine = self.engine;
        let Some(object) = self.catalog().objects.get_mut(id) else {
            return;
        };
        let ObjectBody::Table(table) = &mut object.body else {
            return;
        };
        let mut options = text.options;
        options.remove("COMMENT");
        if let TableExtra::MySqlFamily(extra) = &mut table.extra {
            if options.get("DEFAULT CHARSET").is_some() {
                options.remove("COLLATE");
                let collation = extra.collation.clone();
                let at = options.0.iter().position(|(name, _)| name == "DEFAULT CHARSET");
                options
                    .0
                    .insert(at.map_or(0, |at| at + 1), ("COLLATE".to_owned(), collation));
            }
            // Where none was asked for it is the server's, which another one may have set otherwise.
            options
                .get("ROW_FORMAT")
                .unwrap_or_default()
                .clone_into(&mut extra.row_format);
        }
        let mut periods = text.periods.join(",\n  ");
        if !periods.is_empty() {
            periods = format!("\n  {periods}\n");
        }
        let name = quote_identifier(engine, id.name());
        object.definition = format!("CREATE TABLE {name} ({periods}) {}", options.text());
        if let Some(partitioning) = text.partitioning {
            object.definition.extend(["\n", &partitioning]);
        }
    }
}

fn is_of_sequence(text: &str) -> bool {
    ["nextval(", "lastval(", "setval("]
        .iter()
        .any(|function| text.contains(function))
}

fn is_key(object: &Object) -> bool {
    match &object.body {
        ObjectBody::Constraint(constraint) => {
            matches!(
                constraint.kind,
                ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique(_)
            )
        }
        _ => false,
    }
}
