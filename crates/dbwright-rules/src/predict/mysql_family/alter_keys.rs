//! What `ALTER TABLE` does to keys and constraints.

use dbwright_catalog::Engine;
use dbwright_sql::mysql_family::{CheckDefinition, ForeignKeyDefinition, IndexDefinition, KeyKind, KeyPart};

use super::super::facts::mysql_family::Operation;
use super::Predictor;
use super::alter::Alteration;
use super::errors::{self, Stop, error, refuse};
use super::model::same;

impl Predictor {
    pub(super) fn add_key(
        &self,
        alteration: &mut Alteration,
        index: &IndexDefinition,
        if_not_exists: bool,
    ) -> Result<(), Stop> {
        if if_not_exists
            && index
                .name
                .as_ref()
                .is_some_and(|name| alteration.after.index(name).is_some())
        {
            return Ok(());
        }
        if index.kind == KeyKind::Vector {
            return Err(Stop::Unknown("VECTOR INDEX is not predicted".to_owned()));
        }
        let operation = if index.parts.iter().any(|part| matches!(part, KeyPart::Expression(_))) {
            Operation::AddExpressionIndex
        } else {
            let names = index.parts.iter().map(|part| match part {
                KeyPart::Column { name, .. } | KeyPart::Expression(name) => name.as_str(),
            });
            let mut operations: Vec<Operation> = names
                .map(|name| Predictor::operation_of_index(alteration, index.kind, name))
                .collect();
            operations.sort();
            operations.pop().unwrap_or(Operation::AddIndex)
        };
        let operation = match operation {
            Operation::AddPrimaryKey if alteration.operations.contains(&Operation::DropPrimaryKey) => {
                alteration
                    .operations
                    .retain(|operation| *operation != Operation::DropPrimaryKey);
                Operation::ReplacePrimaryKey
            }
            operation => operation,
        };
        self.add_index(&mut alteration.after, index)?;
        alteration.does(operation);
        Ok(())
    }

    /// What it takes to build an index of a kind over a column.
    pub(super) fn operation_of_index(alteration: &Alteration, kind: KeyKind, column: &str) -> Operation {
        match kind {
            KeyKind::Primary => Operation::AddPrimaryKey,
            KeyKind::FullText if alteration.before.has_document_ids => Operation::AddAnotherFullText,
            KeyKind::FullText => Operation::AddFullText,
            KeyKind::Spatial => Operation::AddSpatial,
            KeyKind::Unique | KeyKind::Plain | KeyKind::Vector => {
                let is_new = alteration.new_columns.contains(&column.to_ascii_lowercase());
                let column = alteration.after.column(column);
                let is_virtual = column.is_some_and(|column| {
                    let generated = column.column.generated.as_ref();
                    generated.is_some_and(|generated| generated.kind == dbwright_catalog::GeneratedKind::Virtual)
                });
                if is_new && is_virtual {
                    Operation::AddIndexOnNewVirtual
                } else {
                    Operation::AddIndex
                }
            }
        }
    }

    pub(super) fn drop_index(&self, alteration: &mut Alteration, name: &str, if_exists: bool) -> Result<(), Stop> {
        let Some(index) = alteration.after.index(name).cloned() else {
            return if if_exists {
                Ok(())
            } else {
                self.missing(name, errors::cannot_drop(name))
            };
        };
        alteration.does(if index.kind == KeyKind::Primary {
            Operation::DropPrimaryKey
        } else {
            Operation::DropIndex
        });
        alteration.after.indexes.retain(|other| other.name != index.name);
        Ok(())
    }

    /// Indexes that foreign keys need must be there in the end.
    pub(super) fn check_needed_indexes(&self, alteration: &Alteration) -> Result<(), Stop> {
        let (before, after) = (&alteration.before, &alteration.after);
        let own = after.foreign_keys.iter().map(|(_, key)| key.columns.clone());
        for columns in own.chain(self.referred_columns(&before.id)) {
            let Some(index) = before.serving(&columns) else {
                continue;
            };
            // MariaDB does not look at what has become of an index that keeps its name.
            let is_replaced = self.engine == Engine::MariaDb && after.index(&index.name).is_some();
            let is_changed = columns
                .iter()
                .any(|name| before.column(name).is_none() || after.column(name).is_none());
            if !after.serves(&columns) && !is_replaced && !is_changed {
                return Err(Stop::Error(errors::needed_by_foreign_key(&index.name)));
            }
        }
        Ok(())
    }

    pub(super) fn rename_index(
        &self,
        alteration: &mut Alteration,
        from: &str,
        to: &str,
        if_exists: bool,
    ) -> Result<(), Stop> {
        if alteration.after.index(from).is_none() {
            return match self.engine {
                Engine::MariaDb if if_exists => Ok(()),
                _ => self.missing(
                    from,
                    error(
                        1176,
                        format!("Key '{from}' doesn't exist in table '{}'", alteration.after.id.name()),
                    ),
                ),
            };
        }
        if !same(from, to) && alteration.after.index(to).is_some() {
            return self.in_the_way(to, errors::duplicate_key(to));
        }
        for index in &mut alteration.after.indexes {
            if same(&index.name, from) {
                to.clone_into(&mut index.name);
                index.generated = false;
            }
        }
        alteration.renamed_indexes.insert(to.to_owned());
        alteration.does(Operation::RenameIndex);
        Ok(())
    }

    pub(super) fn hide_index(&self, alteration: &mut Alteration, name: &str, hidden: bool) -> Result<(), Stop> {
        let Some(index) = alteration
            .after
            .indexes
            .iter_mut()
            .find(|index| same(&index.name, name))
        else {
            let table = alteration.after.id.name();
            return self.missing(
                name,
                error(1176, format!("Key '{name}' doesn't exist in table '{table}'")),
            );
        };
        index.hidden = hidden;
        alteration.does(Operation::HideIndex);
        Ok(())
    }

    pub(super) fn add_reference(
        &self,
        alteration: &mut Alteration,
        key: &ForeignKeyDefinition,
        if_not_exists: bool,
    ) -> Result<(), Stop> {
        let is_there = |name: &String| alteration.after.foreign_keys.iter().any(|(known, _)| same(known, name));
        if if_not_exists && key.name.as_ref().is_some_and(is_there) {
            return Ok(());
        }
        let known = alteration.after.foreign_keys.len();
        self.add_foreign_key(&mut alteration.after, key)?;
        self.note_new_keys(alteration, known);
        Ok(())
    }

    /// Takes note of the foreign keys behind the first so many.
    pub(super) fn note_new_keys(&self, alteration: &mut Alteration, known: usize) {
        let new: Vec<_> = alteration.after.foreign_keys[known..].to_vec();
        for (_, key) in new {
            alteration.parents.insert(key.references);
            alteration.does(if self.session.foreign_key_checks {
                Operation::AddForeignKey
            } else {
                Operation::AddForeignKeyUnchecked
            });
        }
    }

    pub(super) fn drop_foreign_key(
        &self,
        alteration: &mut Alteration,
        name: &str,
        if_exists: bool,
    ) -> Result<(), Stop> {
        let found = alteration
            .after
            .foreign_keys
            .iter()
            .position(|(known, _)| same(known, name));
        let Some(at) = found else {
            return if if_exists {
                Ok(())
            } else {
                self.missing(name, errors::cannot_drop(name))
            };
        };
        let (name, key) = alteration.after.foreign_keys.remove(at);
        alteration.parents.insert(key.references);
        alteration.dropped_keys.insert(name.to_ascii_lowercase());
        alteration.does(Operation::DropForeignKey);
        Ok(())
    }

    pub(super) fn add_condition(
        &self,
        alteration: &mut Alteration,
        check: &CheckDefinition,
        if_not_exists: bool,
    ) -> Result<(), Stop> {
        let is_there = |name: &String| alteration.after.checks.iter().any(|known| same(&known.name, name));
        if if_not_exists && check.name.as_ref().is_some_and(is_there) {
            return Ok(());
        }
        self.add_check(&mut alteration.after, check)?;
        alteration.does(if check.enforced {
            Operation::AddCheck
        } else {
            Operation::AddCheckNotEnforced
        });
        Ok(())
    }

    /// `DROP CONSTRAINT`: a check, foreign key or key.
    pub(super) fn drop_constraint(&self, alteration: &mut Alteration, name: &str, if_exists: bool) -> Result<(), Stop> {
        if alteration.after.foreign_keys.iter().any(|(known, _)| same(known, name)) {
            return self.drop_foreign_key(alteration, name, if_exists);
        }
        let is_it = |check: &super::model::CheckModel| same(&check.name, name) && check.of_column.is_none();
        if alteration.after.checks.iter().any(is_it) {
            alteration.after.checks.retain(|check| !is_it(check));
            alteration.does(Operation::DropCheck);
            return Ok(());
        }
        if alteration
            .after
            .index(name)
            .is_some_and(super::model::IndexModel::is_constraint)
        {
            return self.drop_index(alteration, name, if_exists);
        }
        if if_exists {
            return Ok(());
        }
        let said = match self.engine {
            Engine::MariaDb => errors::cannot_drop(name),
            _ => error(3940, format!("Constraint '{name}' does not exist.")),
        };
        self.missing(name, said)
    }

    pub(super) fn enforce(alteration: &mut Alteration, name: &str, enforced: bool) -> Result<(), Stop> {
        let Some(check) = alteration.after.checks.iter_mut().find(|check| same(&check.name, name)) else {
            return refuse(3821, format!("Check constraint '{name}' is not found in the table."));
        };
        let was = std::mem::replace(&mut check.enforced, enforced);
        alteration.does(match (was, enforced) {
            (false, true) => Operation::EnforceCheck,
            (true, false) => Operation::RelaxCheck,
            (true, true) | (false, false) => Operation::Nothing,
        });
        Ok(())
    }
}
