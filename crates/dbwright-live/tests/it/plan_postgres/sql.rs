//! A model as SQL that makes it in an empty database.

use std::fmt::Write as _;

use super::model::{Column, Index, Model, Rule, Table, Type, Value, View};

/// Everything stands in this schema.
const SCHEMA: &str = "app";

fn type_name(data_type: &Type) -> String {
    match data_type {
        Type::BuiltIn(name) => (*name).to_owned(),
        Type::Enum(name) | Type::Domain(name) | Type::Composite(name) => format!("{SCHEMA}.{name}"),
        Type::EnumArray(name) => format!("{SCHEMA}.{name}[]"),
    }
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

pub(super) fn sql(model: &Model) -> String {
    let mut out = format!("CREATE SCHEMA {SCHEMA};\nGRANT CREATE, USAGE ON SCHEMA {SCHEMA} TO owner, writer;\n");
    for item in &model.enums {
        let labels: Vec<String> = item.labels.iter().map(|label| literal(label)).collect();
        let _ = writeln!(
            out,
            "CREATE TYPE {SCHEMA}.{} AS ENUM ({});",
            item.name,
            labels.join(", ")
        );
    }
    for item in &model.domains {
        let _ = write!(out, "CREATE DOMAIN {SCHEMA}.{} AS {}", item.name, item.base);
        if let Some(default) = item.default {
            let _ = write!(out, " DEFAULT {}", literal(&default.to_string()));
        }
        if item.not_null {
            out.push_str(" NOT NULL");
        }
        for (name, number) in &item.checks {
            let _ = write!(out, " CONSTRAINT {name} CHECK (length(VALUE::text) >= {number})");
        }
        out.push_str(";\n");
    }
    for item in &model.composites {
        let attributes: Vec<String> = item
            .attributes
            .iter()
            .map(|(name, data_type)| format!("{name} {data_type}"))
            .collect();
        let _ = writeln!(
            out,
            "CREATE TYPE {SCHEMA}.{} AS ({});",
            item.name,
            attributes.join(", ")
        );
    }
    for item in &model.sequences {
        let cycle = if item.cycle { "CYCLE" } else { "NO CYCLE" };
        let _ = writeln!(
            out,
            "CREATE SEQUENCE {SCHEMA}.{} INCREMENT {} CACHE {} {cycle};",
            item.name, item.increment, item.cache
        );
    }
    for item in &model.functions {
        let value = match item.returns {
            "text" => format!("({} + {})::text", item.argument, item.number),
            _ => format!("{} + {}", item.argument, item.number),
        };
        let body = match item.language {
            "sql" => format!("SELECT {value}"),
            _ => format!("BEGIN RETURN {value}; END"),
        };
        let _ = writeln!(
            out,
            "CREATE FUNCTION {SCHEMA}.{}({} integer) RETURNS {} LANGUAGE {} IMMUTABLE AS $${body}$$;",
            item.name, item.argument, item.returns, item.language
        );
    }
    for (name, number) in &model.triggers_functions {
        let _ = writeln!(
            out,
            "CREATE FUNCTION {SCHEMA}.{name}() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN /* {number} */ RETURN NEW; END$$;"
        );
    }
    for table in &model.tables {
        create_table(&mut out, table);
    }
    for table in &model.tables {
        parts(&mut out, table, model.major);
    }
    for view in &model.views {
        create_view(&mut out, view, model);
    }
    for (group, number, variant) in &model.extras {
        out += &super::extras::sql(*group, *number, *variant, model.major);
    }
    for (name, tables) in &model.publications {
        if tables.is_empty() {
            let _ = writeln!(out, "CREATE PUBLICATION {name};");
        } else {
            let tables: Vec<String> = tables.iter().map(|table| format!("{SCHEMA}.{table}")).collect();
            let _ = writeln!(out, "CREATE PUBLICATION {name} FOR TABLE {};", tables.join(", "));
        }
    }
    out
}

fn default(column: &Column, number: usize) -> String {
    let value = match &column.data_type {
        Type::BuiltIn(name) => match *name {
            "integer" | "bigint" | "smallint" => (number + 1).to_string(),
            "text" | "varchar(40)" | "varchar(80)" => literal(&format!("it's {number}")),
            "numeric(10,2)" | "numeric(14,2)" => format!("{number}.50"),
            "boolean" => ["true", "false"][number % 2].to_owned(),
            "date" => "CURRENT_DATE".to_owned(),
            "timestamptz" | "timestamp" => "now()".to_owned(),
            "uuid" => "'00000000-0000-0000-0000-000000000001'::uuid".to_owned(),
            "jsonb" | "json" => format!("'{{\"a\": {number}}}'"),
            "bytea" => "'\\x00'".to_owned(),
            "text[]" | "integer[]" => "'{}'".to_owned(),
            _ => "NULL".to_owned(),
        },
        // An enum always has a label, and its first one is asked for by the server.
        Type::Enum(name) => format!("enum_first(NULL::{SCHEMA}.{name})"),
        Type::EnumArray(name) => format!("ARRAY[]::{SCHEMA}.{name}[]"),
        Type::Domain(_) => "'12345'".to_owned(),
        Type::Composite(_) => "NULL".to_owned(),
    };
    format!(" DEFAULT {value}")
}

fn column(column: &Column) -> String {
    let mut text = format!("{} {}", column.name, type_name(&column.data_type));
    if let Value::Serial = column.value {
        text = match column.data_type {
            Type::BuiltIn("bigint") => format!("{} bigserial", column.name),
            _ => format!("{} serial", column.name),
        };
    }
    if let Some(collation) = column.collation {
        let _ = write!(text, " COLLATE \"{collation}\"");
    }
    match &column.value {
        Value::Plain | Value::Serial => {}
        Value::Default(number) => text += &default(column, *number),
        Value::Call(function) => {
            let _ = write!(text, " DEFAULT {SCHEMA}.{function}(1)");
        }
        Value::Next(sequence) => {
            let _ = write!(text, " DEFAULT nextval('{SCHEMA}.{sequence}')");
        }
        Value::Identity(kind, increment) => {
            let _ = write!(text, " GENERATED {kind} AS IDENTITY (INCREMENT {increment})");
        }
        Value::Generated(source, number, stored) => {
            let word = if *stored { "STORED" } else { "VIRTUAL" };
            let _ = write!(text, " GENERATED ALWAYS AS ({source} + {number}) {word}");
        }
        Value::GeneratedCall(source, function) => {
            let _ = write!(text, " GENERATED ALWAYS AS ({SCHEMA}.{function}({source})) STORED");
        }
    }
    if column.not_null {
        text.push_str(" NOT NULL");
    }
    text
}

fn create_table(out: &mut String, table: &Table) {
    let columns: Vec<String> = table.columns.iter().map(column).collect();
    let name = &table.name;
    let unlogged = if table.unlogged { "UNLOGGED " } else { "" };
    let _ = write!(out, "CREATE {unlogged}TABLE {SCHEMA}.{name} ({})", columns.join(", "));
    if table.partitioned {
        out.push_str(" PARTITION BY RANGE (id)");
    }
    if let Some(fillfactor) = table.fillfactor.filter(|_| !table.partitioned) {
        let _ = write!(out, " WITH (fillfactor = {fillfactor})");
    }
    out.push_str(";\n");
    for (number, attached) in table.partitions.iter().filter(|_| table.partitioned) {
        let partition = format!("{SCHEMA}.{name}_p{number}");
        if *attached {
            let (from, to) = (number * 1000, (number + 1) * 1000);
            let _ = writeln!(
                out,
                "CREATE TABLE {partition} PARTITION OF {SCHEMA}.{name} FOR VALUES FROM ({from}) TO ({to});"
            );
        } else {
            let plain: Vec<String> = table
                .columns
                .iter()
                .map(|item| {
                    let mut item = item.clone();
                    if matches!(item.value, Value::Serial | Value::Identity(..)) {
                        item.value = Value::Plain;
                    }
                    column(&item)
                })
                .collect();
            let _ = writeln!(out, "CREATE TABLE {partition} ({});", plain.join(", "));
        }
    }
    for item in &table.columns {
        let table = format!("ALTER TABLE {SCHEMA}.{name} ALTER COLUMN {}", item.name);
        if let Some(storage) = item.storage {
            let _ = writeln!(out, "{table} SET STORAGE {storage};");
        }
        // Newer minor releases of 18 refuse a target for what is not stored.
        let is_virtual = matches!(item.value, Value::Generated(_, _, false));
        if let Some(target) = item.statistics.filter(|_| !is_virtual) {
            let _ = writeln!(out, "{table} SET STATISTICS {target};");
        }
    }
}

fn parts(out: &mut String, table: &Table, major: u32) {
    let name = format!("{SCHEMA}.{}", table.name);
    // Keys before what refers to them: the tables of foreign keys come in any order.
    for (constraint, rule) in &table.rules {
        if let Some(text) = rule_text(rule) {
            let _ = writeln!(out, "ALTER TABLE {name} ADD CONSTRAINT {constraint} {text};");
        }
    }
    for index in &table.indexes {
        create_index(out, &name, index);
    }
    if table.row_security {
        let _ = writeln!(out, "ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;");
    }
    if table.force {
        let _ = writeln!(out, "ALTER TABLE {name} FORCE ROW LEVEL SECURITY;");
    }
    if table.replica_full && !table.partitioned {
        let _ = writeln!(out, "ALTER TABLE {name} REPLICA IDENTITY FULL;");
    }
    for (policy, column, command, number) in &table.policies {
        let _ = writeln!(
            out,
            "CREATE POLICY {policy} ON {name} FOR {command} TO reader USING ({column} > {number});"
        );
    }
    for (trigger, function, column, disabled) in &table.triggers {
        let of = column.as_ref().map_or(String::new(), |column| format!(" OF {column}"));
        let _ = writeln!(
            out,
            "CREATE TRIGGER {trigger} BEFORE UPDATE{of} ON {name} FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.{function}();"
        );
        if *disabled {
            let _ = writeln!(out, "ALTER TABLE {name} DISABLE TRIGGER {trigger};");
        }
    }
    for (column, number) in &table.comments {
        match column {
            Some(column) => {
                let _ = writeln!(out, "COMMENT ON COLUMN {name}.{column} IS 'about it''s {number}';");
            }
            None => {
                let _ = writeln!(out, "COMMENT ON TABLE {name} IS 'about {number}';");
            }
        }
    }
    for (privilege, role) in &table.grants {
        let _ = writeln!(out, "GRANT {privilege} ON {name} TO {role};");
    }
    for (statistics, first, second) in &table.statistics {
        let _ = writeln!(
            out,
            "CREATE STATISTICS {SCHEMA}.{statistics} (ndistinct) ON {first}, {second} FROM {name};"
        );
    }
    if let Some(number) = table.rewrite {
        let _ = writeln!(
            out,
            "CREATE RULE rewrite AS ON DELETE TO {name} WHERE old.id = -{number} DO INSTEAD NOTHING;"
        );
    }
    let _ = major;
}

fn rule_text(rule: &Rule) -> Option<String> {
    Some(match rule {
        Rule::PrimaryKey(columns) => format!("PRIMARY KEY ({})", columns.join(", ")),
        Rule::Unique(columns, deferrable) => {
            format!(
                "UNIQUE ({}){}",
                columns.join(", "),
                if *deferrable { " DEFERRABLE" } else { "" }
            )
        }
        Rule::Check(column, number) => format!("CHECK ({column} > -{number})"),
        Rule::CheckCall(column, function) => format!("CHECK ({SCHEMA}.{function}({column}) > -1000)"),
        Rule::Exclude(column) => format!("EXCLUDE USING btree ({column} WITH =)"),
        Rule::ForeignKey(..) => return None,
    })
}

/// Foreign keys, which come after all keys.
pub(super) fn foreign_keys(model: &Model) -> String {
    let mut out = String::new();
    for table in &model.tables {
        for (constraint, rule) in &table.rules {
            if let Rule::ForeignKey(column, to, action, deferrable) = rule {
                let deferrable = if *deferrable {
                    " DEFERRABLE INITIALLY DEFERRED"
                } else {
                    ""
                };
                let _ = writeln!(
                    out,
                    "ALTER TABLE {SCHEMA}.{} ADD CONSTRAINT {constraint} FOREIGN KEY ({column}) REFERENCES {SCHEMA}.{to} (id) ON DELETE {action}{deferrable};",
                    table.name
                );
            }
        }
    }
    out
}

fn create_index(out: &mut String, table: &str, index: &Index) {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let mut columns = index.columns.clone();
    if let Some(function) = &index.call {
        columns[0] = format!("{SCHEMA}.{function}({})", columns[0]);
    }
    if index.descending {
        columns[0] += " DESC";
    }
    let _ = write!(
        out,
        "CREATE {unique}INDEX {} ON {table} ({})",
        index.name,
        columns.join(", ")
    );
    if let Some(include) = &index.include {
        let _ = write!(out, " INCLUDE ({include})");
    }
    if let Some(fillfactor) = index.fillfactor {
        let _ = write!(out, " WITH (fillfactor = {fillfactor})");
    }
    if let Some((column, number)) = &index.predicate {
        let _ = write!(out, " WHERE {column} > {number}");
    }
    out.push_str(";\n");
}

fn create_view(out: &mut String, view: &View, model: &Model) {
    let mut columns: Vec<String> = view.columns.iter().map(|column| format!("b.{column}")).collect();
    if let Some((column, function)) = &view.call {
        columns.push(format!("{SCHEMA}.{function}(b.{column}) AS called"));
    }
    let kind = if view.materialized { "MATERIALIZED VIEW" } else { "VIEW" };
    let barrier = if view.barrier {
        " WITH (security_barrier = true)"
    } else {
        ""
    };
    let mut query = format!("SELECT {} FROM {SCHEMA}.{} b", columns.join(", "), view.table);
    if let Some(above) = &view.above {
        let other = model.views.iter().find(|other| other.name == *above);
        if let Some(column) = other.and_then(|other| other.columns.first()) {
            query = format!(
                "SELECT {}, a.{column} AS above FROM {SCHEMA}.{} b CROSS JOIN {SCHEMA}.{above} a",
                columns.join(", "),
                view.table
            );
        }
    }
    if let Some((column, label)) = &view.label {
        let _ = write!(query, " WHERE b.{column} = {}", literal(label));
    }
    let name = format!("{SCHEMA}.{}", view.name);
    let _ = writeln!(out, "CREATE {kind} {name}{barrier} AS {query};");
    if let Some(column) = &view.index {
        let _ = writeln!(out, "CREATE INDEX {}_index ON {name} ({column});", view.name);
    }
    if let Some(number) = view.comment {
        let _ = writeln!(out, "COMMENT ON {kind} {name} IS 'view {number}';");
    }
    if view.grant {
        let _ = writeln!(out, "GRANT SELECT ON {name} TO reader;");
    }
}
