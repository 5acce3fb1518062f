//! What `ALTER TABLE` does to columns.

use dbwright_catalog::{Column, ColumnExtra, Engine, GeneratedKind};
use dbwright_sql::mysql_family::{ColumnChange, ColumnDefinition, DefaultValue, KeyKind, Place};

use super::super::facts::mysql_family::Operation;
use super::Predictor;
use super::alter::{Alteration, target};
use super::errors::{self, Stop, error, refuse};
use super::make::default_of;
use super::model::{ColumnModel, IndexModel, Model, same};
use super::types::{TypeChange, can_refer, change};

fn is_virtual(column: &Column) -> bool {
    matches!(&column.generated, Some(generated) if generated.kind == GeneratedKind::Virtual)
}

fn counts_up(column: &Column) -> bool {
    matches!(&column.extra, ColumnExtra::MySqlFamily(extra) if extra.auto_increment)
}

impl Predictor {
    pub(super) fn add_column(
        &self,
        alteration: &mut Alteration,
        definition: &ColumnDefinition,
        place: &Place,
        if_not_exists: bool,
    ) -> Result<(), Stop> {
        let name = &definition.name;
        if alteration.after.column(name).is_some() {
            return if if_not_exists {
                Ok(())
            } else {
                self.in_the_way(name, errors::duplicate_column(name))
            };
        }
        let column = self.column(&alteration.after, definition)?;
        let at = match target(&alteration.after, place) {
            Err(Stop::Missing(said, name)) => return self.missing(&name, said),
            at => at?,
        };
        let is_within = at.is_some_and(|at| at < alteration.after.columns.len());
        let has_virtual = alteration.before.has_virtual_columns();
        let operation = if is_virtual(&column.column) {
            if is_within && has_virtual {
                Operation::AddVirtualColumnWithin
            } else {
                Operation::AddVirtualColumn
            }
        } else if column.column.generated.is_some() {
            Operation::AddStoredColumn
        } else if definition.auto_increment {
            Operation::AddAutoIncrement
        } else if let Some(DefaultValue::Expression(expression)) = &definition.default {
            let is_random = is_random(expression);
            if is_random && self.engine == Engine::MySql {
                return refuse(
                    1674,
                    "Statement is unsafe because it uses a system function that may return a different value on the replica.",
                );
            }
            if is_random {
                Operation::AddColumnRandom
            } else {
                Operation::AddColumnExpression
            }
        } else {
            match (is_within, has_virtual) {
                (false, _) => Operation::AddColumn,
                (true, false) => Operation::AddColumnWithin,
                (true, true) => Operation::AddColumnWithinVirtual,
            }
        };
        alteration.does(operation);
        alteration.new_columns.insert(name.to_ascii_lowercase());
        let at = at.unwrap_or(alteration.after.columns.len());
        alteration.after.columns.insert(at, column);
        self.keys_of_column(alteration, definition)
    }

    /// What else a column's definition makes.
    fn keys_of_column(&self, alteration: &mut Alteration, definition: &ColumnDefinition) -> Result<(), Stop> {
        self.add_keys_of_column(&mut alteration.after, definition)?;
        if definition.primary_key {
            alteration.does(Operation::AddPrimaryKey);
        }
        if definition.unique {
            alteration.does(Predictor::operation_of_index(
                alteration,
                KeyKind::Unique,
                &definition.name,
            ));
        }
        let is_new = alteration.new_columns.contains(&definition.name.to_ascii_lowercase());
        let is_json = self.engine == Engine::MariaDb && definition.data_type.name == "json";
        let checks = definition.checks.iter().map(|check| check.enforced);
        for enforced in checks.chain((is_json && definition.checks.is_empty()).then_some(true)) {
            alteration.does(match (enforced, is_new) {
                (true, true) => Operation::AddCheckOfNewColumn,
                (true, false) => Operation::AddCheck,
                (false, _) => Operation::AddCheckNotEnforced,
            });
        }
        if definition.references.is_some() {
            let known = alteration.after.foreign_keys.len();
            self.add_references_of_column(&mut alteration.after, definition)?;
            self.note_new_keys(alteration, known);
        }
        Ok(())
    }

    pub(super) fn drop_column(&self, alteration: &mut Alteration, name: &str, if_exists: bool) -> Result<(), Stop> {
        let Some(at) = alteration.after.place_of(name) else {
            return if if_exists {
                Ok(())
            } else {
                self.missing(name, errors::cannot_drop(name))
            };
        };
        let column = alteration.after.columns[at].clone();
        self.check_unused(alteration, &column)?;
        self.drops_column(alteration, &column)?;
        let lower = name.to_ascii_lowercase();
        let mut kept = Vec::new();
        for check in std::mem::take(&mut alteration.after.checks) {
            let read = alteration.after.read_by(&check.condition);
            if check.of_column.as_ref().is_some_and(|of| same(of, name)) {
                alteration.does(Operation::DropCheck);
            } else if !read.contains(&lower) {
                kept.push(check);
            } else if read.len() > 1 {
                return match self.engine {
                    Engine::MariaDb => self.missing(name, errors::no_column(name, "CHECK")),
                    _ => refuse(
                        3959,
                        format!(
                            "Check constraint '{}' uses column '{name}', hence column cannot be dropped or renamed.",
                            check.name
                        ),
                    ),
                };
            } else {
                alteration.does(Operation::DropCheck);
            }
        }
        alteration.after.checks = kept;
        alteration.after.columns.remove(at);
        for index in &mut alteration.after.indexes {
            index.parts.retain(|part| !matches!(part, dbwright_sql::mysql_family::KeyPart::Column { name: part, .. } if same(part, name)));
        }
        alteration.after.indexes.retain(|index| !index.parts.is_empty());
        Ok(())
    }

    /// What it takes to drop a column with its parts in indexes.
    fn drops_column(&self, alteration: &mut Alteration, column: &ColumnModel) -> Result<(), Stop> {
        let name = &column.name;
        let with_it = |index: &&IndexModel| index.columns().any(|part| same(part, name));
        let shared = {
            let mut indexes = alteration.after.indexes.iter().filter(with_it);
            indexes.find(|index| index.parts.len() > 1).cloned()
        };
        if let Some(index) = &shared
            && self.engine == Engine::MariaDb
            && index.is_constraint()
        {
            return self.missing(name, errors::no_key_column(name));
        }
        let is_indexed = alteration.before.is_indexed(name);
        alteration.does(match (is_virtual(&column.column), shared.is_some(), is_indexed) {
            (true, false, _) => Operation::DropVirtualColumn,
            (false, false, false) => Operation::DropColumn,
            (_, true, _) => Operation::DropColumnOfIndex,
            (false, false, true) => Operation::DropIndexedColumn,
        });
        if is_virtual(&column.column) && is_indexed {
            alteration.does(Operation::DropIndex);
        }
        Ok(())
    }

    /// A column that a foreign key or a generated column needs can't go.
    fn check_unused(&self, alteration: &Alteration, column: &ColumnModel) -> Result<(), Stop> {
        let name = &column.name;
        let of_key = |columns: &[String]| columns.iter().any(|part| same(part, name));
        let mut own = alteration.after.foreign_keys.iter();
        if let Some((key, _)) = own.find(|(_, key)| of_key(&key.columns)) {
            return match self.engine {
                Engine::MariaDb => Err(Stop::Error(errors::needed_by_foreign_key(key))),
                _ => refuse(
                    1828,
                    format!("Cannot drop column '{name}': needed in a foreign key constraint '{key}'"),
                ),
            };
        }
        if self
            .referred_columns(&alteration.before.id)
            .iter()
            .any(|columns| of_key(columns))
        {
            return refuse(
                1829,
                format!("Cannot drop column '{name}': needed in a foreign key constraint of another table"),
            );
        }
        if alteration.after.is_base_of_generated(name) {
            return match self.engine {
                Engine::MariaDb => self.missing(name, errors::no_column(name, "GENERATED ALWAYS AS")),
                _ => refuse(3108, format!("Column '{name}' has a generated column dependency.")),
            };
        }
        Ok(())
    }

    pub(super) fn change_column(
        &self,
        alteration: &mut Alteration,
        from: &str,
        (definition, place): (&ColumnDefinition, &Place),
        if_exists: bool,
    ) -> Result<(), Stop> {
        let Some(at) = alteration.after.place_of(from) else {
            return if if_exists {
                Ok(())
            } else {
                self.missing(from, errors::no_column(from, alteration.after.id.name()))
            };
        };
        let old = alteration.after.columns[at].clone();
        let mut new = self.column(&alteration.after, definition)?;
        let in_primary_key = alteration.after.primary_key().iter().any(|name| same(name, from));
        if in_primary_key && definition.explicit_null && self.engine == Engine::MySql {
            return refuse(
                1171,
                "All parts of a PRIMARY KEY must be NOT NULL; if you need NULL in a key, use UNIQUE instead",
            );
        }
        new.column.not_null |= in_primary_key;
        let known = alteration.operations.len();
        if definition.name != old.name {
            self.rename_column(alteration, from, &definition.name, false)?;
        }
        self.operations_of_change(alteration, &old, &new)?;
        let at = alteration.after.place_of(&definition.name).unwrap_or(at);
        alteration.after.columns.remove(at);
        // A check of the column is one of its definition.
        alteration
            .after
            .checks
            .retain(|check| !check.of_column.as_ref().is_some_and(|of| same(of, from)));
        let to = match target(&alteration.after, place) {
            Err(Stop::Missing(said, name)) => return self.missing(&name, said),
            to => to?.unwrap_or(at),
        };
        if to != at {
            alteration.does(Operation::MoveColumn);
        }
        alteration.after.columns.insert(to, new);
        self.keys_of_column(alteration, definition)?;
        if alteration.operations.len() == known {
            alteration.does(Operation::Nothing);
        }
        Ok(())
    }

    /// What it takes to make one column of another.
    fn operations_of_change(
        &self,
        alteration: &mut Alteration,
        old: &ColumnModel,
        new: &ColumnModel,
    ) -> Result<(), Stop> {
        let (before, after) = (&old.column, &new.column);
        let is_indexed = alteration.before.is_indexed(&old.name);
        match change(before, after) {
            TypeChange::None => {}
            TypeChange::Extended => alteration.does(Operation::ExtendText),
            TypeChange::LongLengthened => alteration.does(Operation::ExtendLongTextLength),
            TypeChange::Lengthened => alteration.does(Operation::ExtendTextLength),
            TypeChange::LabelsAppended => alteration.does(Operation::AppendLabels),
            TypeChange::Collation if is_indexed => alteration.does(Operation::IndexedColumnCollation),
            TypeChange::Collation => alteration.does(Operation::ColumnCollation),
            TypeChange::Converted => {
                self.check_references(alteration, old, new)?;
                alteration.does(Operation::ConvertColumn);
            }
        }
        match (&before.generated, &after.generated) {
            (None, None) => {}
            (Some(old), Some(new)) if old.kind == new.kind => {
                let plain = |text: &str| text.replace(['`', ' ', '(', ')'], "").to_ascii_lowercase();
                if plain(&old.expression) != plain(&new.expression) {
                    alteration.does(if old.kind == GeneratedKind::Virtual {
                        Operation::GeneratedExpression
                    } else {
                        Operation::StoredExpression
                    });
                }
            }
            _ => {
                if is_virtual(before) || is_virtual(after) {
                    let code = if self.engine == Engine::MariaDb { 1907 } else { 3106 };
                    return refuse(
                        code,
                        "'Changing the STORED status' is not supported for generated columns.",
                    );
                }
                alteration.does(Operation::ConvertColumn);
            }
        }
        if before.not_null != after.not_null {
            let is_base = alteration.before.is_base_of_generated(&old.name);
            alteration.does(match (after.not_null, is_base) {
                (true, true) => Operation::SetNotNullOfBase,
                (true, false) => Operation::SetNotNull,
                (false, _) => Operation::DropNotNull,
            });
        }
        if counts_up(before) != counts_up(after) {
            if self.engine == Engine::MySql {
                self.check_unreferenced(alteration, &old.name)?;
            }
            alteration.does(if counts_up(after) {
                Operation::SetAutoIncrement
            } else {
                Operation::DropAutoIncrement
            });
        }
        let (ColumnExtra::MySqlFamily(extra_before), ColumnExtra::MySqlFamily(extra_after)) =
            (&before.extra, &after.extra)
        else {
            return Ok(());
        };
        if before.default != after.default || extra_before.on_update != extra_after.on_update {
            alteration.does(Operation::ColumnDefault);
        }
        if old.comment != new.comment {
            alteration.does(Operation::ColumnComment);
        }
        if extra_before.invisible != extra_after.invisible {
            alteration.does(Operation::ColumnVisibility);
        }
        Ok(())
    }

    /// Both ends of a foreign key must have the same type.
    fn check_references(&self, alteration: &Alteration, old: &ColumnModel, new: &ColumnModel) -> Result<(), Stop> {
        let id = &alteration.before.id;
        let place = |columns: &[String]| columns.iter().position(|name| same(name, &old.name));
        for (key_name, key) in &alteration.after.foreign_keys {
            let Some(at) = place(&key.columns) else { continue };
            let parent = self.tables.get(&key.references);
            let parent = parent.and_then(|parent| parent.column(key.referenced_columns.get(at)?));
            let fits = parent.is_none_or(|parent| can_refer(&new.column, &parent.column));
            if !fits || self.engine == Engine::MariaDb {
                return self.cannot_change(1832, &old.name, key_name);
            }
        }
        for child in self.children(id) {
            for (key_name, key) in child.foreign_keys.iter().filter(|(_, key)| key.references == *id) {
                let Some(at) = place(&key.referenced_columns) else {
                    continue;
                };
                let column = key.columns.get(at).and_then(|name| child.column(name));
                let fits = column.is_none_or(|column| can_refer(&column.column, &new.column));
                if !fits || self.engine == Engine::MariaDb {
                    return self.cannot_change(1833, &old.name, key_name);
                }
            }
        }
        Ok(())
    }

    /// A copy of the table refuses a column of a foreign key that is another than before.
    fn check_unreferenced(&self, alteration: &Alteration, name: &str) -> Result<(), Stop> {
        let has = |columns: &[String]| columns.iter().any(|column| same(column, name));
        let mut own = alteration.after.foreign_keys.iter();
        let code = if own.any(|(_, key)| has(&key.columns)) {
            1832
        } else if self
            .referred_columns(&alteration.before.id)
            .iter()
            .any(|columns| has(columns))
        {
            1833
        } else {
            return Ok(());
        };
        refuse(
            code,
            format!("Cannot change column '{name}': used in a foreign key constraint"),
        )
    }

    fn cannot_change(&self, mariadb: u32, column: &str, key: &str) -> Result<(), Stop> {
        let message = format!("Cannot change column '{column}': used in a foreign key constraint '{key}'");
        Err(Stop::Error(match self.engine {
            Engine::MariaDb => error(mariadb, message),
            _ => error(
                3780,
                format!("Referencing column and referenced column in foreign key constraint '{key}' are incompatible."),
            ),
        }))
    }

    pub(super) fn rename_column(
        &self,
        alteration: &mut Alteration,
        from: &str,
        to: &str,
        if_exists: bool,
    ) -> Result<(), Stop> {
        let Some(at) = alteration.after.place_of(from) else {
            return if if_exists {
                Ok(())
            } else {
                self.missing(from, errors::no_column(from, alteration.after.id.name()))
            };
        };
        if !same(from, to) && alteration.after.column(to).is_some() {
            return self.in_the_way(to, errors::duplicate_column(to));
        }
        if self.engine == Engine::MySql && alteration.after.is_base_of_generated(from) {
            return refuse(3108, format!("Column '{from}' has a generated column dependency."));
        }
        let lower = from.to_ascii_lowercase();
        let reads = |model: &Model| {
            let mut checks = model.checks.iter();
            checks.any(|check| model.read_by(&check.condition).contains(&lower))
        };
        if self.engine == Engine::MySql && reads(&alteration.after) {
            return refuse(
                3959,
                format!("Check constraint uses column '{from}', hence column cannot be dropped or renamed."),
            );
        }
        let referred = self.referred_columns(&alteration.before.id);
        let is_referred = referred.iter().flatten().any(|name| same(name, from));
        alteration.does(if is_referred {
            Operation::RenameReferencedColumn
        } else {
            Operation::RenameColumn
        });
        let table = alteration.before.id.clone();
        let old = alteration.after.columns[at].name.clone();
        alteration.renamed.push((table.column(&old), table.column(to)));
        to.clone_into(&mut alteration.after.columns[at].name);
        follow_column(&mut alteration.after, from, to);
        Ok(())
    }

    pub(super) fn alter_column(
        &self,
        alteration: &mut Alteration,
        name: &str,
        change: &ColumnChange,
        if_exists: bool,
    ) -> Result<(), Stop> {
        let Some(at) = alteration.after.place_of(name) else {
            return if if_exists {
                Ok(())
            } else {
                self.missing(name, errors::no_column(name, alteration.after.id.name()))
            };
        };
        let column = &mut alteration.after.columns[at].column;
        let operation = match change {
            ColumnChange::SetDefault(default) => {
                column.default = default_of(&column.type_name, default);
                Operation::ColumnDefault
            }
            ColumnChange::DropDefault => {
                column.default = None;
                Operation::ColumnDefault
            }
            ColumnChange::Visibility { invisible } => {
                if let ColumnExtra::MySqlFamily(extra) = &mut column.extra {
                    extra.invisible = *invisible;
                }
                Operation::ColumnVisibility
            }
        };
        alteration.does(operation);
        Ok(())
    }
}

/// Whether an expression gives each row another value.
fn is_random(expression: &str) -> bool {
    const RANDOM: [&str; 7] = [
        "uuid",
        "uuid_short",
        "uuid_v4",
        "uuid_v7",
        "rand",
        "random_bytes",
        "sysdate",
    ];
    let mut tokens = dbwright_sql::tokens(Engine::MySql, expression);
    tokens.any(|token| RANDOM.iter().any(|name| token.is(name)))
}

/// Keys and conditions follow the name of a column.
fn follow_column(model: &mut Model, from: &str, to: &str) {
    use dbwright_sql::mysql_family::KeyPart;
    let rename = |name: &mut String| {
        if same(name, from) {
            to.clone_into(name);
        }
    };
    for part in model.indexes.iter_mut().flat_map(|index| &mut index.parts) {
        if let KeyPart::Column { name, .. } = part {
            rename(name);
        }
    }
    let own = model.id.clone();
    for (_, key) in &mut model.foreign_keys {
        key.columns.iter_mut().for_each(&rename);
        if key.references == own {
            key.referenced_columns.iter_mut().for_each(&rename);
        }
    }
    let in_text = |text: &str| {
        let mut renamed = String::new();
        for token in dbwright_sql::tokens(Engine::MySql, text) {
            let is_column = token.name().is_some_and(|name| same(&name, from));
            renamed += if is_column { to } else { token.text };
        }
        renamed
    };
    for check in &mut model.checks {
        check.condition = in_text(&check.condition);
        check.of_column.iter_mut().for_each(rename);
    }
    for column in &mut model.columns {
        if let Some(generated) = &mut column.column.generated {
            generated.expression = in_text(&generated.expression);
        }
    }
}
