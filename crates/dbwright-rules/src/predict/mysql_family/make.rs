//! Columns, keys and whole tables as definitions make them.

use dbwright_catalog::{
    Column, ColumnExtra, Engine, ForeignKey, Generated, GeneratedKind, MySqlFamilyColumn, MySqlFamilyTable, ObjectId,
    Version,
};
use dbwright_sql::mysql_family::{
    CheckDefinition, ColumnDefinition, CreateTable, DefaultValue, Element, ForeignKeyDefinition, IndexDefinition,
    KeyKind, KeyPart, TypeText,
};

use super::super::facts::mysql_family::INLINE_REFERENCES;
use super::errors::{self, Stop, error, refuse};
use super::model::{CheckModel, ColumnModel, IndexModel, Model, same};
use super::types::{base_of, default_collation, full_name, is_text, length_of, letter_bytes_max, printed};
use super::{Predictor, Work};

/// Longest key, in bytes, with the row formats of today
/// (<https://dev.mysql.com/doc/refman/9.7/en/innodb-limits.html>).
const KEY_BYTES_MAX: u32 = 3072;

/// Longest row, in bytes, without texts and blobs
/// (<https://dev.mysql.com/doc/refman/9.7/en/column-count-limit.html>).
const ROW_BYTES_MAX: u32 = 65_535;

/// What a table is when nothing is said of it.
fn fresh(engine: Engine, version: Version, id: ObjectId) -> Model {
    let charset = "utf8mb4".to_owned();
    Model {
        id,
        columns: Vec::new(),
        indexes: Vec::new(),
        foreign_keys: Vec::new(),
        checks: Vec::new(),
        triggers: Vec::new(),
        extra: MySqlFamilyTable {
            storage_engine: "InnoDB".to_owned(),
            row_format: "Dynamic".to_owned(),
            collation: default_collation(engine, version, &charset),
            charset,
            partitions: Vec::new(),
        },
        partition_key: None,
        comment: String::new(),
        versions: 0,
        has_document_ids: false,
    }
}

impl Predictor {
    /// `CREATE TABLE`.
    pub(super) fn create_table(&mut self, table: &CreateTable, work: &mut Work) -> Result<(), Stop> {
        let id = self.id_of(&table.name)?;
        self.known(&table.name.name)?;
        if self.tables.contains_key(&id) || self.view(&table.name.name).is_some() {
            if table.if_not_exists {
                return Ok(());
            }
            if !table.or_replace {
                return self.in_the_way(&table.name.name, errors::table_exists(&table.name.name));
            }
        }
        if let Some(what) = &table.not_understood {
            return Err(Stop::Unknown(format!("{what} is not understood")));
        }
        let mut model = fresh(self.engine, self.version, id);
        if let Some(like) = &table.like {
            let like = self.table(like)?.clone();
            model = self.like(&like, model);
        }
        for (name, value) in &table.options {
            self.set_option(&mut model, name, value);
        }
        if let Some(partitions) = &table.partitions {
            model.partition_key = Some(partitions.key.clone());
            model.extra.partitions.clone_from(&partitions.list);
        }
        self.add_elements(&mut model, &table.elements)?;
        if model.columns.is_empty() && !table.from_query {
            return refuse(1113, "A table must have at least 1 column");
        }
        Predictor::check_row_size(&model)?;
        if self.relatives_are_locked() {
            work.parents.extend(self.relatives(&model));
        }
        let before = self.tables.get(&model.id).cloned();
        if before.is_some() {
            work.rewritten.insert(model.id.clone());
            work.scanned.insert(model.id.clone());
        }
        self.put(before.as_ref(), Some(model), &[]);
        if table.from_query {
            work.unknown = Some("the columns of a query are not predicted".to_owned());
            self.doubts.vague.insert(
                table.name.name.to_ascii_lowercase(),
                "it was made from a query".to_owned(),
            );
        }
        Ok(())
    }

    /// A table like another one: without its foreign keys and triggers.
    fn like(&self, other: &Model, fresh: Model) -> Model {
        let mut model = Model {
            id: fresh.id,
            foreign_keys: Vec::new(),
            triggers: Vec::new(),
            versions: 0,
            ..other.clone()
        };
        if self.engine == Engine::MySql {
            let checks = std::mem::take(&mut model.checks);
            for check in checks {
                let name = model.check_name(self.engine);
                model.checks.push(CheckModel { name, ..check });
            }
        }
        model
    }

    fn add_elements(&self, model: &mut Model, elements: &[Element]) -> Result<(), Stop> {
        let columns = elements.iter().filter_map(|element| match element {
            Element::Column(column) => Some(column.as_ref()),
            _ => None,
        });
        let columns: Vec<&ColumnDefinition> = columns.collect();
        for definition in &columns {
            if model.column(&definition.name).is_some() {
                let said = errors::duplicate_column(&definition.name);
                return Err(Stop::Error(said));
            }
            let column = self.column(model, definition)?;
            model.columns.push(column);
        }
        for definition in &columns {
            self.add_keys_of_column(model, definition)?;
        }
        for element in elements {
            match element {
                Element::Index(index) => self.add_index(model, index)?,
                Element::Check(check) => self.add_check(model, check)?,
                Element::Column(_) | Element::ForeignKey(_) => {}
                Element::Period => return Err(Stop::Unknown("PERIOD is not understood".to_owned())),
            }
        }
        for definition in &columns {
            self.add_references_of_column(model, definition)?;
        }
        for element in elements {
            if let Element::ForeignKey(key) = element {
                self.add_foreign_key(model, key)?;
            }
        }
        Predictor::check_counters(model)?;
        // Unnamed keys come first, as the server sorts them.
        model.drop_generated();
        Ok(())
    }

    /// Only one column counts up, and it needs a key.
    pub(super) fn check_counters(model: &Model) -> Result<(), Stop> {
        let counts = |column: &&ColumnModel| matches!(&column.column.extra, ColumnExtra::MySqlFamily(extra) if extra.auto_increment);
        let counting: Vec<&ColumnModel> = model.columns.iter().filter(counts).collect();
        let has_key = |column: &&ColumnModel| {
            let mut indexes = model.indexes.iter();
            indexes.any(|index| index.columns().next().is_some_and(|first| same(first, &column.name)))
        };
        if counting.len() > 1 || model.is_innodb() && !counting.iter().all(has_key) {
            return refuse(
                1075,
                "Incorrect table definition; there can be only one auto column and it must be defined as a key",
            );
        }
        Ok(())
    }

    /// The keys and checks that a column's definition makes.
    pub(super) fn add_keys_of_column(&self, model: &mut Model, definition: &ColumnDefinition) -> Result<(), Stop> {
        // MariaDB makes no second key over the column.
        let unique = definition.unique && !(definition.primary_key && self.engine == Engine::MariaDb);
        let kinds = [(definition.primary_key, KeyKind::Primary), (unique, KeyKind::Unique)];
        for (_, kind) in kinds.into_iter().filter(|(is_there, _)| *is_there) {
            let index = IndexDefinition {
                name: None,
                kind,
                parts: vec![KeyPart::Column {
                    name: definition.name.clone(),
                    length: None,
                    descending: false,
                }],
                method: None,
                hidden: false,
            };
            self.add_index(model, &index)?;
        }
        for check in &definition.checks {
            let mut check = check.clone();
            // MariaDB calls a check of a column like the column.
            if self.engine == Engine::MariaDb {
                check.name.get_or_insert_with(|| definition.name.clone());
            }
            self.add_check(model, &check)?;
            if self.engine == Engine::MariaDb
                && let Some(last) = model.checks.last_mut()
            {
                last.of_column = Some(definition.name.clone());
            }
        }
        if self.engine == Engine::MariaDb && definition.data_type.name == "json" && definition.checks.is_empty() {
            let check = CheckDefinition {
                name: Some(definition.name.clone()),
                condition: format!("json_valid(`{}`)", definition.name),
                enforced: true,
            };
            self.add_check(model, &check)?;
            if let Some(last) = model.checks.last_mut() {
                last.of_column = Some(definition.name.clone());
            }
        }
        Ok(())
    }

    /// The foreign key of a column's definition, where the server makes one of it.
    pub(super) fn add_references_of_column(
        &self,
        model: &mut Model,
        definition: &ColumnDefinition,
    ) -> Result<(), Stop> {
        match &definition.references {
            Some(key) if INLINE_REFERENCES.is_in(self.engine, self.version) => self.add_foreign_key(model, key),
            Some(_) | None => Ok(()),
        }
    }

    /// A column of a table.
    pub(super) fn column(&self, model: &Model, definition: &ColumnDefinition) -> Result<ColumnModel, Stop> {
        let written = &definition.data_type;
        let type_name = printed(self.engine, written);
        let (charset, collation) = self.charset(model, &type_name, written);
        let is_long = base_of(&type_name).ends_with("text") || base_of(&type_name).ends_with("blob");
        let is_literal = matches!(definition.default, Some(DefaultValue::Literal(_)));
        if self.engine == Engine::MySql && is_literal && (is_long || matches!(base_of(&type_name), "json" | "geometry"))
        {
            let name = &definition.name;
            return refuse(
                1101,
                format!("BLOB, TEXT, GEOMETRY or JSON column '{name}' can't have a default value"),
            );
        }
        let generated = definition.generated.as_ref().map(|generated| Generated {
            kind: if generated.stored {
                GeneratedKind::Stored
            } else {
                GeneratedKind::Virtual
            },
            expression: generated.expression.clone(),
        });
        let not_null = definition.not_null || definition.primary_key || definition.auto_increment;
        Ok(ColumnModel {
            name: definition.name.clone(),
            comment: definition.comment.clone().unwrap_or_default(),
            column: Column {
                position: 0,
                not_null,
                default: definition
                    .default
                    .as_ref()
                    .and_then(|default| default_of(&type_name, default)),
                generated,
                identity: None,
                collation,
                extra: ColumnExtra::MySqlFamily(MySqlFamilyColumn {
                    auto_increment: definition.auto_increment,
                    invisible: definition.invisible,
                    charset,
                    on_update: definition.on_update.clone(),
                    srid: definition.srid,
                }),
                type_name,
            },
        })
    }

    /// The character set and collation of a column's values, where they are texts.
    fn charset(&self, model: &Model, type_name: &str, written: &TypeText) -> (Option<String>, Option<String>) {
        if !is_text(type_name) {
            return (None, None);
        }
        if self.engine == Engine::MariaDb && written.name == "json" {
            return (Some("utf8mb4".to_owned()), Some("utf8mb4_bin".to_owned()));
        }
        let written_charset = written.charset.as_deref().map(full_name);
        let collation = written.collation.as_deref().map(full_name);
        let charset = written_charset.clone().or_else(|| {
            let name = collation.as_deref()?;
            Some(name.split('_').next().unwrap_or_default().to_owned())
        });
        let charset = charset.unwrap_or_else(|| model.extra.charset.clone());
        let collation = collation.unwrap_or_else(|| match written_charset {
            _ if written.binary => format!("{charset}_bin"),
            Some(_) => default_collation(self.engine, self.version, &charset),
            None => model.extra.collation.clone(),
        });
        (Some(charset), Some(collation))
    }

    /// Adds a key, and makes the columns of a primary one not null.
    pub(super) fn add_index(&self, model: &mut Model, definition: &IndexDefinition) -> Result<(), Stop> {
        if definition.kind == KeyKind::Primary && model.index("PRIMARY").is_some() {
            return refuse(1068, "Multiple primary key defined");
        }
        let name = model.index_name(definition);
        if model.index(&name).is_some() {
            return self.in_the_way(&name, errors::duplicate_key(&name));
        }
        let mut bytes = 0;
        for part in &definition.parts {
            let KeyPart::Column { name, length, .. } = part else {
                continue;
            };
            let Some(column) = model.column(name) else {
                return self.missing(name, errors::no_key_column(name));
            };
            let type_name = &column.column.type_name;
            let base = base_of(type_name);
            let is_ordered = matches!(definition.kind, KeyKind::Primary | KeyKind::Unique | KeyKind::Plain);
            let is_long = base.ends_with("text") || base.ends_with("blob");
            if is_ordered && length.is_none() && is_long && self.engine == Engine::MySql {
                return refuse(
                    1170,
                    format!("BLOB/TEXT column '{name}' used in key specification without a key length"),
                );
            }
            if is_ordered {
                bytes = bytes.max(key_bytes(column, *length));
            }
        }
        // MariaDB makes a shorter index of it, or one of hashes where it is unique.
        let is_fitted = self.engine == Engine::MariaDb && definition.kind != KeyKind::Primary;
        if bytes > KEY_BYTES_MAX && model.is_innodb() && !is_fitted {
            return refuse(
                1071,
                format!("Specified key was too long; max key length is {KEY_BYTES_MAX} bytes"),
            );
        }
        let index = IndexModel {
            name,
            kind: definition.kind,
            parts: definition
                .parts
                .iter()
                .map(|part| match part {
                    KeyPart::Column {
                        name,
                        length,
                        descending,
                    } => KeyPart::Column {
                        name: model
                            .column(name)
                            .map_or_else(|| name.clone(), |column| column.name.clone()),
                        length: *length,
                        descending: *descending,
                    },
                    KeyPart::Expression(expression) => KeyPart::Expression(expression.clone()),
                })
                .collect(),
            method: definition.method.clone(),
            hidden: definition.hidden,
            generated: false,
        };
        if definition.kind == KeyKind::Primary {
            for column in &mut model.columns {
                column.column.not_null |= index.columns().any(|name| same(name, &column.name));
            }
        }
        model.has_document_ids |= definition.kind == KeyKind::FullText;
        model.indexes.push(index);
        Ok(())
    }

    pub(super) fn add_check(&self, model: &mut Model, definition: &CheckDefinition) -> Result<(), Stop> {
        let name = match &definition.name {
            Some(name) => name.clone(),
            None => model.check_name(self.engine),
        };
        // Names of checks are unique in a database on MySQL, in a table on MariaDB.
        let mut others = self.tables.values().filter(|_| self.engine == Engine::MySql);
        let taken = |model: &Model| model.checks.iter().any(|check| same(&check.name, &name));
        if taken(model) || others.any(|other| other.id != model.id && taken(other)) {
            let (code, message) = match self.engine {
                Engine::MariaDb => (1826, format!("Duplicate CHECK constraint name '{name}'")),
                _ => (3822, format!("Duplicate check constraint name '{name}'.")),
            };
            return refuse(code, message);
        }
        model.checks.push(CheckModel {
            name,
            condition: definition.condition.clone(),
            enforced: definition.enforced,
            of_column: None,
        });
        Ok(())
    }

    /// Adds a foreign key, and an index for it where none serves.
    pub(super) fn add_foreign_key(&self, model: &mut Model, definition: &ForeignKeyDefinition) -> Result<(), Stop> {
        if !model.is_innodb() {
            return Ok(());
        }
        let mut columns = Vec::new();
        for name in &definition.columns {
            match model.column(name) {
                Some(column) => columns.push(column.name.clone()),
                None => return self.missing(name, errors::no_key_column(name)),
            }
        }
        let references = self.id_of(&definition.parent)?;
        let key = self.checked_key(model, definition, columns, references)?;
        let name = match &definition.name {
            Some(name) => name.clone(),
            None => model.foreign_key_name(),
        };
        let is_taken = |model: &Model| model.foreign_keys.iter().any(|(known, _)| same(known, &name));
        if is_taken(model)
            || self
                .tables
                .values()
                .any(|other| other.id != model.id && is_taken(other))
        {
            let said = match self.engine {
                Engine::MariaDb if !is_taken(model) => error(
                    1005,
                    format!(
                        "Can't create table `{}` (errno: 121 \"Duplicate key on write or update\")",
                        model.id.name()
                    ),
                ),
                Engine::MariaDb => error(1826, format!("Duplicate FOREIGN KEY constraint name '{name}'")),
                _ => error(1826, format!("Duplicate foreign key constraint name '{name}'")),
            };
            return self.in_the_way(&name, said);
        }
        model.give_way(&key.columns);
        if !model.serves(&key.columns) {
            let wanted = definition.name.clone().or_else(|| definition.index.clone());
            let index_name = match wanted {
                Some(name) if model.index(&name).is_none() => name,
                _ => model.free_index_name(&key.columns[0]),
            };
            let parts = key.columns.iter().map(|name| KeyPart::Column {
                name: name.clone(),
                length: None,
                descending: false,
            });
            let index = IndexModel {
                name: index_name,
                kind: KeyKind::Plain,
                parts: parts.collect(),
                method: None,
                hidden: false,
                generated: true,
            };
            model.indexes.push(index);
        }
        model.foreign_keys.push((name, key));
        Ok(())
    }

    /// The key, where its other end fits.
    fn checked_key(
        &self,
        model: &Model,
        definition: &ForeignKeyDefinition,
        columns: Vec<String>,
        references: ObjectId,
    ) -> Result<ForeignKey, Stop> {
        let table = model.id.name();
        let parent_name = &definition.parent.name;
        self.known(parent_name)?;
        let parent = if references == model.id {
            Some(model)
        } else {
            self.tables.get(&references)
        };
        let mut referenced_columns = definition.parent_columns.clone();
        if let Some(parent) = parent {
            if referenced_columns.is_empty() {
                referenced_columns = parent.primary_key();
            }
            for (name, child) in referenced_columns.iter_mut().zip(&columns) {
                let Some(found) = parent.column(name) else {
                    let message = format!(
                        "Failed to add the foreign key constraint. Missing column '{name}' for constraint in the referenced table '{parent_name}'"
                    );
                    let said = errors::foreign_key(self.engine, 3734, table, message);
                    return self.missing(name, said);
                };
                found.name.clone_into(name);
                let is_virtual =
                    matches!(&found.column.generated, Some(generated) if generated.kind == GeneratedKind::Virtual);
                if is_virtual && self.engine == Engine::MySql {
                    return refuse(
                        3733,
                        format!("Foreign key '{table}' refers to the virtual column '{name}', which is not supported."),
                    );
                }
                let child = model.column(child).map(|column| &column.column);
                if child.is_some_and(|child| !super::types::can_refer(child, &found.column)) {
                    let message = format!(
                        "Referencing column and referenced column '{name}' in foreign key constraint are incompatible."
                    );
                    return Err(Stop::Error(errors::foreign_key(self.engine, 3780, table, message)));
                }
            }
            if !parent.serves(&referenced_columns) {
                let message = format!(
                    "Failed to add the foreign key constraint. Missing index in the referenced table '{parent_name}'"
                );
                return Err(Stop::Error(errors::foreign_key(self.engine, 1822, table, message)));
            }
            let is_unique = parent.indexes.iter().any(|index| {
                index.is_constraint()
                    && index.columns().count() == referenced_columns.len()
                    && index
                        .columns()
                        .zip(&referenced_columns)
                        .all(|(left, right)| same(left, right))
            });
            if self.engine == Engine::MySql && self.version >= Version::new(8, 4, 0) && !is_unique {
                return refuse(
                    6125,
                    format!(
                        "Failed to add the foreign key constraint. Missing unique key for constraint in the referenced table '{parent_name}'"
                    ),
                );
            }
        } else if self.session.foreign_key_checks {
            let message = format!("Failed to open the referenced table '{parent_name}'");
            return self.missing(parent_name, errors::foreign_key(self.engine, 1824, table, message));
        }
        let usual = match self.engine {
            Engine::MariaDb => "RESTRICT",
            _ => "NO ACTION",
        };
        let action = |action: &Option<String>| action.clone().unwrap_or_else(|| usual.to_owned());
        Ok(ForeignKey {
            columns,
            references,
            referenced_columns,
            on_delete: action(&definition.on_delete),
            on_update: action(&definition.on_update),
            match_full: false,
        })
    }

    /// Sets an option of a table, where it is one that the catalog knows.
    pub(super) fn set_option(&self, model: &mut Model, name: &str, value: &str) {
        match name {
            "ENGINE" | "TYPE" => {
                let known = [
                    "InnoDB",
                    "MyISAM",
                    "MEMORY",
                    "Aria",
                    "CSV",
                    "ARCHIVE",
                    "BLACKHOLE",
                    "MRG_MyISAM",
                ];
                let found = known.iter().find(|known| known.eq_ignore_ascii_case(value));
                found
                    .copied()
                    .unwrap_or(value)
                    .clone_into(&mut model.extra.storage_engine);
            }
            "CHARACTER SET" => {
                model.extra.charset = full_name(&value.to_ascii_lowercase());
                model.extra.collation = default_collation(self.engine, self.version, &model.extra.charset);
            }
            "COLLATE" => {
                model.extra.collation = full_name(&value.to_ascii_lowercase());
                let charset = model.extra.collation.split('_').next().unwrap_or_default();
                model.extra.charset = charset.to_owned();
            }
            "ROW_FORMAT" => {
                let mut lower = value.to_ascii_lowercase();
                if lower == "default" {
                    "dynamic".clone_into(&mut lower);
                }
                model.extra.row_format = lower[..1].to_ascii_uppercase() + &lower[1..];
            }
            "KEY_BLOCK_SIZE" if value != "0" => "Compressed".clone_into(&mut model.extra.row_format),
            "COMMENT" => value.clone_into(&mut model.comment),
            _ => {}
        }
    }

    /// A row must fit, without texts and blobs.
    pub(super) fn check_row_size(model: &Model) -> Result<(), Stop> {
        let bytes: u32 = model.columns.iter().map(row_bytes).sum();
        if bytes > ROW_BYTES_MAX {
            return refuse(
                1118,
                format!(
                    "Row size too large. The maximum row size for the used table type, not counting BLOBs, is {ROW_BYTES_MAX}"
                ),
            );
        }
        Ok(())
    }

    /// Whether a change of foreign keys locks the tables at their other end.
    pub(super) fn relatives_are_locked(&self) -> bool {
        super::super::facts::mysql_family::LOCKS_RELATIVES.is_in(self.engine, self.version)
    }
}

fn letter(column: &ColumnModel) -> u32 {
    match &column.column.extra {
        ColumnExtra::MySqlFamily(extra) => extra.charset.as_deref().map_or(1, letter_bytes_max),
        _ => 1,
    }
}

fn key_bytes(column: &ColumnModel, length: Option<u32>) -> u32 {
    let type_name = &column.column.type_name;
    let letters = match base_of(type_name) {
        "varchar" | "char" | "varbinary" | "binary" => length.or_else(|| length_of(type_name)),
        _ => length,
    };
    letters.map_or(8, |letters| letters.saturating_mul(letter(column)))
}

fn row_bytes(column: &ColumnModel) -> u32 {
    let type_name = &column.column.type_name;
    match base_of(type_name) {
        "varchar" | "varbinary" | "char" | "binary" => {
            let bytes = length_of(type_name).unwrap_or(1).saturating_mul(letter(column));
            bytes.saturating_add(if bytes > 255 { 2 } else { 1 })
        }
        "tinyint" | "enum" | "year" => 1,
        "smallint" => 2,
        "int" | "float" | "date" | "time" | "timestamp" => 4,
        _ => 8,
    }
}

/// A default as the catalog has it.
pub(super) fn default_of(type_name: &str, default: &DefaultValue) -> Option<String> {
    let is_number = matches!(
        base_of(type_name),
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "float" | "double" | "year"
    );
    match default {
        DefaultValue::Null => None,
        DefaultValue::Expression(text) => Some(text.clone()),
        DefaultValue::Moment(text) => {
            let digits = text.split_once('(').map(|(_, rest)| rest.trim_end_matches(')').trim());
            let digits = digits.filter(|digits| !digits.is_empty());
            Some(digits.map_or_else(
                || "CURRENT_TIMESTAMP".to_owned(),
                |digits| format!("CURRENT_TIMESTAMP({digits})"),
            ))
        }
        DefaultValue::Literal(text) => Some(match text.to_ascii_lowercase().as_str() {
            "true" => "1".to_owned(),
            "false" => "0".to_owned(),
            _ if is_number => text.trim_matches(['\'', '"']).to_owned(),
            _ if text.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-') => format!("'{text}'"),
            _ => text.clone(),
        }),
    }
}
