//! Definitions that are no change of a single table: what is made, dropped, renamed; rows and maintenance.

use dbwright_catalog::{Dependency, Object, ObjectBody, ObjectId, ObjectKind, Routine, RoutineKind, View, Volatility};
use dbwright_sql::mysql_family::{AlterItem, MySqlFamilyStatement, TypeText, read};
use dbwright_sql::{Form, MySqlFamilySummary, TableAction, TableName};

use super::super::facts::mysql_family::{DROPS_WHAT_IS_THERE, Operation};
use super::alter::{Alteration, main_table, renamed, renamed_objects};
use super::errors::{self, Stop, error, refuse};
use super::model::{MAIN, Model, same};
use super::types::printed;
use super::{Predictor, Work};

impl Predictor {
    /// A definition of any kind.
    pub(super) fn define(&mut self, text: &str, summary: &MySqlFamilySummary, work: &mut Work) -> Result<(), Stop> {
        if summary.temporary {
            self.define_temporary(summary);
            return Ok(());
        }
        match read(self.session.dialect, text) {
            MySqlFamilyStatement::CreateTable(table) => self.create_table(&table, work),
            MySqlFamilyStatement::AlterTable {
                if_exists,
                ignore,
                no_wait,
                table,
                items,
            } => {
                if ignore {
                    return Err(Stop::Unknown("ALTER IGNORE TABLE is not predicted".to_owned()));
                }
                self.alter_table(&table, (if_exists, no_wait), &items, summary, work)
            }
            MySqlFamilyStatement::CreateIndex {
                table,
                index,
                if_not_exists,
            } => {
                let item = AlterItem::AddIndex { index, if_not_exists };
                self.alter_table(&table, (false, false), &[item], summary, work)
            }
            MySqlFamilyStatement::DropIndex { table, name, if_exists } => {
                let item = AlterItem::DropIndex { name, if_exists };
                self.alter_table(&table, (false, false), &[item], summary, work)
            }
            MySqlFamilyStatement::RenameTables(pairs) => self.rename_tables(&pairs, work),
            MySqlFamilyStatement::DropTables { names, if_exists } => self.drop_tables(&names, if_exists, work),
            MySqlFamilyStatement::TruncateTable(table) => self.truncate(&table),
            MySqlFamilyStatement::CreateView {
                name,
                or_replace,
                if_not_exists,
                alters,
                query,
            } => self.create_view(&name, (or_replace, if_not_exists, alters), query, text),
            MySqlFamilyStatement::DropViews { names, if_exists } => self.drop_views(&names, if_exists),
            MySqlFamilyStatement::CreateTrigger {
                name,
                table,
                or_replace,
                if_not_exists,
            } => self.create_trigger(&name, &table, (or_replace, if_not_exists), text),
            MySqlFamilyStatement::DropTrigger { name, if_exists } => self.drop_trigger(&name, if_exists),
            MySqlFamilyStatement::CreateRoutine {
                name,
                is_function,
                or_replace,
                if_not_exists,
                parameters,
            } => self.create_routine(&name, is_function, (or_replace, if_not_exists), &parameters, text),
            MySqlFamilyStatement::DropRoutine {
                name,
                is_function,
                if_exists,
            } => self.drop_routine(&name, is_function, if_exists),
            MySqlFamilyStatement::WriteRows { .. } | MySqlFamilyStatement::Unknown => match summary.form {
                // Events are no part of what is watched.
                Form::CreateEvent | Form::DropEvent => Ok(()),
                _ => Err(Stop::Unknown("dbwright does not understand it".to_owned())),
            },
        }
    }

    /// Tables of the session are not watched.
    fn define_temporary(&mut self, summary: &MySqlFamilySummary) {
        for table in &summary.tables {
            let lower = table.name.to_ascii_lowercase();
            if summary.form == Form::DropTable {
                self.temporary.remove(&lower);
            } else {
                self.temporary.insert(lower);
            }
        }
    }

    fn rename_tables(&mut self, pairs: &[(TableName, TableName)], work: &mut Work) -> Result<(), Stop> {
        for (from, to) in pairs {
            if let Some(view) = self.view(&from.name) {
                let to = ObjectId::new(ObjectKind::View, [MAIN, to.name.as_str()]);
                self.ledger.rename(&view, to, |_| {});
                continue;
            }
            let before = self.table(from)?.clone();
            let id = self.id_of(to)?;
            self.known(&to.name)?;
            if self.tables.contains_key(&id) || self.view(&to.name).is_some() {
                return self.in_the_way(&to.name, errors::table_exists(&to.name));
            }
            if self.relatives_are_locked() {
                let relatives = self.relatives(&before);
                work.parents.extend(relatives);
            }
            let after = renamed(&before, &id, self.engine);
            let objects = renamed_objects(&before, &after, &[], self.engine);
            self.follow_rename(&before.id, &id);
            self.put(Some(&before), Some(after), &objects);
        }
        Ok(())
    }

    /// The tables at the other ends of a table's foreign keys, in both directions.
    pub(super) fn relatives(&self, model: &Model) -> Vec<ObjectId> {
        let parents = model.foreign_keys.iter().map(|(_, key)| key.references.clone());
        let children = self.children(&model.id).map(|child| child.id.clone());
        parents
            .chain(children)
            .filter(|id| *id != model.id && self.tables.contains_key(id))
            .collect()
    }

    fn drop_tables(&mut self, names: &[TableName], if_exists: bool, work: &mut Work) -> Result<(), Stop> {
        let mut ids = Vec::new();
        let mut missing = Vec::new();
        for name in names {
            if self.temporary.remove(&name.name.to_ascii_lowercase()) {
                continue;
            }
            let id = self.id_of(name)?;
            if self.tables.contains_key(&id) {
                ids.push(id);
            } else if self.view(&name.name).is_some() || !if_exists {
                missing.push(name);
            }
        }
        for name in names {
            if self.doubts.vague.contains_key(&name.name.to_ascii_lowercase()) {
                self.known(&name.name)?;
            }
        }
        let is_dropped = |id: &ObjectId| ids.contains(id);
        if self.session.foreign_key_checks {
            for id in &ids {
                let others: Vec<&Model> = self.children(id).filter(|child| !is_dropped(&child.id)).collect();
                if let Some(child) = others.first() {
                    let message = format!(
                        "Cannot drop table '{}' referenced by a foreign key constraint on table '{}'.",
                        id.name(),
                        child.id.name()
                    );
                    let code = match self.engine {
                        dbwright_catalog::Engine::MariaDb => 1451,
                        _ => 3730,
                    };
                    return refuse(code, message);
                }
            }
        }
        if let Some(name) = missing.first().filter(|_| !if_exists) {
            let said = error(1051, format!("Unknown table '{}'", name.name));
            if !DROPS_WHAT_IS_THERE.is_in(self.engine, self.version) || ids.is_empty() {
                return self.missing(&name.name, said);
            }
            work.fails_after = Some(said);
        }
        for id in ids {
            let Some(before) = self.tables.get(&id).cloned() else {
                continue;
            };
            if self.relatives_are_locked() {
                work.parents.extend(self.relatives(&before));
            }
            self.put(Some(&before), None, &[]);
        }
        let tables = &self.tables;
        work.parents.retain(|id| tables.contains_key(id));
        Ok(())
    }

    fn truncate(&mut self, name: &TableName) -> Result<(), Stop> {
        let model = self.table(name)?;
        let child = self.children(&model.id).next();
        if let Some(child) = child.filter(|_| self.session.foreign_key_checks) {
            return refuse(
                1701,
                format!(
                    "Cannot truncate a table referenced in a foreign key constraint (`{}`)",
                    child.id.name()
                ),
            );
        }
        let before = model.clone();
        let after = Model {
            versions: 0,
            ..before.clone()
        };
        self.put(Some(&before), Some(after), &[]);
        Ok(())
    }

    fn create_view(
        &mut self,
        name: &TableName,
        (or_replace, if_not_exists, alters): (bool, bool, bool),
        query: String,
        text: &str,
    ) -> Result<(), Stop> {
        let table = self.id_of(name)?;
        let id = ObjectId::new(ObjectKind::View, [MAIN, name.name.as_str()]);
        let is_there = self.ledger.catalog.get(&id).is_some();
        self.known(&name.name)?;
        if alters && !is_there {
            return self.missing(&name.name, errors::no_table(&name.name));
        }
        if self.tables.contains_key(&table) {
            return if or_replace {
                Err(Stop::Error(error(
                    1347,
                    format!("'{}' is not of type 'VIEW'", name.name),
                )))
            } else {
                self.in_the_way(&name.name, errors::table_exists(&name.name))
            };
        }
        if is_there && if_not_exists {
            return Ok(());
        }
        if is_there && !or_replace && !alters {
            return self.in_the_way(&name.name, errors::table_exists(&name.name));
        }
        let read = self.read_by(&query)?;
        let edges = read.into_iter().map(|on| Dependency {
            dependent: id.clone(),
            on,
        });
        let edges: Vec<Dependency> = edges.collect();
        self.ledger.link(edges, |edge| edge.dependent == id);
        self.ledger.put(Object {
            id,
            definition: text.to_owned(),
            body: ObjectBody::View(View {
                materialized: false,
                query,
                postgres: None,
            }),
        });
        Ok(())
    }

    /// The tables and views that a query reads, as its words tell; what stands behind `FROM` or `JOIN` has to be there.
    fn read_by(&self, query: &str) -> Result<Vec<ObjectId>, Stop> {
        let tokens: Vec<_> = dbwright_sql::tokens_in(self.session.dialect, query)
            .filter(|token| !token.is_space())
            .collect();
        let mut read = Vec::new();
        let mut common = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let Some(name) = token.name() else { continue };
            if tokens.get(at + 1).is_some_and(|next| next.is("as"))
                && tokens.get(at + 2).is_some_and(|next| next.is_symbol("("))
            {
                common.push(name.clone());
            }
            let behind = at.checked_sub(1).map(|before| tokens[before]);
            let is_named = behind.is_some_and(|before| before.is("from") || before.is("join"));
            let is_qualified = tokens
                .get(at + 1)
                .is_some_and(|next| next.is_symbol(".") || next.is_symbol("("));
            let table = main_table(&name);
            let view = ObjectId::new(ObjectKind::View, [MAIN, name.as_str()]);
            if self.tables.contains_key(&table) {
                read.push(table);
            } else if self.ledger.catalog.get(&view).is_some() {
                read.push(view);
            } else if is_named && !is_qualified && !common.iter().any(|known| same(known, &name)) {
                let own = ["dual", "select", "lateral"].iter().any(|own| same(own, &name));
                if !own {
                    return self.missing(&name, errors::no_table(&name));
                }
            }
        }
        read.sort();
        read.dedup();
        Ok(read)
    }

    fn drop_views(&mut self, names: &[TableName], if_exists: bool) -> Result<(), Stop> {
        for name in names {
            self.id_of(name)?;
            match self.view(&name.name) {
                Some(view) => {
                    self.ledger.remove(&view);
                    self.ledger.link(Vec::new(), |edge| edge.dependent == view);
                }
                None if if_exists => {}
                None => {
                    let said = error(1051, format!("Unknown table '{}'", name.name));
                    return self.missing(&name.name, said);
                }
            }
        }
        Ok(())
    }

    fn create_trigger(
        &mut self,
        name: &str,
        table: &TableName,
        (or_replace, if_not_exists): (bool, bool),
        text: &str,
    ) -> Result<(), Stop> {
        let mut model = self.table(table)?.clone();
        let has = |model: &Model| model.triggers.iter().any(|(known, _)| same(known, name));
        if self.tables.values().any(has) {
            if if_not_exists {
                return Ok(());
            }
            if !or_replace {
                return self.in_the_way(name, error(1359, "Trigger already exists".to_owned()));
            }
        }
        let before = model.clone();
        model.triggers.retain(|(known, _)| !same(known, name));
        model.triggers.push((name.to_owned(), text.to_owned()));
        self.put(Some(&before), Some(model), &[]);
        Ok(())
    }

    fn drop_trigger(&mut self, name: &str, if_exists: bool) -> Result<(), Stop> {
        let has = |model: &&Model| model.triggers.iter().any(|(known, _)| same(known, name));
        let Some(before) = self.tables.values().find(has).cloned() else {
            return if if_exists {
                Ok(())
            } else {
                self.missing(name, error(1360, "Trigger does not exist".to_owned()))
            };
        };
        let mut after = before.clone();
        after.triggers.retain(|(known, _)| !same(known, name));
        self.put(Some(&before), Some(after), &[]);
        Ok(())
    }

    fn create_routine(
        &mut self,
        name: &TableName,
        is_function: bool,
        (or_replace, if_not_exists): (bool, bool),
        parameters: &[(&'static str, TypeText)],
        text: &str,
    ) -> Result<(), Stop> {
        self.id_of(name)?;
        if let Some(known) = self.routine(&name.name, is_function) {
            if if_not_exists {
                return Ok(());
            }
            if !or_replace {
                let what = if is_function { "FUNCTION" } else { "PROCEDURE" };
                let said = error(1304, format!("{what} {} already exists", name.name));
                return self.in_the_way(&name.name, said);
            }
            self.ledger.remove(&known);
        }
        let types: Vec<String> = parameters
            .iter()
            .map(|(mode, written)| {
                let shown = printed(self.engine, written);
                if is_function { shown } else { format!("{mode} {shown}") }
            })
            .collect();
        let id = ObjectId::new(
            ObjectKind::Routine,
            [MAIN, &format!("{}({})", name.name, types.join(", "))],
        );
        self.ledger.put(Object {
            id,
            definition: text.to_owned(),
            body: ObjectBody::Routine(Routine {
                kind: if is_function {
                    RoutineKind::Function
                } else {
                    RoutineKind::Procedure
                },
                language: "SQL".to_owned(),
                returns: None,
                volatility: Volatility::Volatile,
                strict: false,
                security_definer: !text.to_ascii_uppercase().contains("SQL SECURITY INVOKER"),
                postgres: None,
            }),
        });
        Ok(())
    }

    fn routine(&self, name: &str, is_function: bool) -> Option<ObjectId> {
        let objects = &self.ledger.catalog.objects;
        let mut routines = objects.values().filter(|object| object.id.kind == ObjectKind::Routine);
        let found = routines.find(|object| {
            let called = object.id.name().split('(').next();
            let wanted = if is_function {
                RoutineKind::Function
            } else {
                RoutineKind::Procedure
            };
            called.is_some_and(|called| same(called, name))
                && matches!(&object.body, ObjectBody::Routine(routine) if routine.kind == wanted)
        });
        found.map(|object| object.id.clone())
    }

    fn drop_routine(&mut self, name: &TableName, is_function: bool, if_exists: bool) -> Result<(), Stop> {
        self.id_of(name)?;
        match self.routine(&name.name, is_function) {
            Some(id) => {
                self.ledger.remove(&id);
                Ok(())
            }
            None if if_exists => Ok(()),
            None => {
                let what = if is_function { "FUNCTION" } else { "PROCEDURE" };
                self.missing(&name.name, error(1305, format!("{what} {} does not exist", name.name)))
            }
        }
    }

    /// `INSERT`, `UPDATE`, `DELETE`: the tables have to be there; what rows lead to is not predicted.
    pub(super) fn write(&mut self, text: &str, summary: &MySqlFamilySummary, work: &mut Work) -> Result<(), Stop> {
        for table in &summary.tables {
            let is_there = self.id_of(table).is_ok_and(|id| self.tables.contains_key(&id));
            if !is_there && self.view(&table.name).is_none() && is_single(summary) {
                self.table(table)?;
            }
        }
        if let MySqlFamilyStatement::WriteRows { table, filtered } = read(self.session.dialect, text)
            && !filtered
            && let Ok(model) = self.table(&table)
        {
            work.scanned.insert(model.id.clone());
        }
        Ok(())
    }

    /// `OPTIMIZE TABLE`, `ANALYZE TABLE` and their like.
    pub(super) fn maintain(&mut self, summary: &MySqlFamilySummary, work: &mut Work) -> Result<(), Stop> {
        if summary.form != Form::OptimizeTable {
            return Ok(());
        }
        for name in &summary.tables {
            // What is not there is only told in a list.
            let Ok(model) = self.table(name) else { continue };
            let mut alteration = Alteration::of(model.clone());
            if !alteration.before.is_innodb() {
                continue;
            }
            alteration.does(Operation::Force);
            let force = dbwright_sql::summarise_mysql_family(self.session.dialect, "ALTER TABLE t FORCE");
            self.finish(alteration, &force, work)?;
        }
        Ok(())
    }
}

/// Whether a write names the tables that it is about, and no others.
fn is_single(summary: &MySqlFamilySummary) -> bool {
    summary.tables.len() == 1
}

/// Names, in lower case, that a statement would have made.
pub(super) fn made_by(statement: &MySqlFamilyStatement, summary: &MySqlFamilySummary) -> Vec<String> {
    let mut names: Vec<String> = match statement {
        MySqlFamilyStatement::CreateTable(table) => vec![table.name.name.clone()],
        MySqlFamilyStatement::CreateView { name, .. } | MySqlFamilyStatement::CreateRoutine { name, .. } => {
            vec![name.name.clone()]
        }
        MySqlFamilyStatement::CreateTrigger { name, .. } => vec![name.clone()],
        MySqlFamilyStatement::AlterTable { .. }
        | MySqlFamilyStatement::CreateIndex { .. }
        | MySqlFamilyStatement::DropIndex { .. }
        | MySqlFamilyStatement::RenameTables(_)
        | MySqlFamilyStatement::DropTables { .. }
        | MySqlFamilyStatement::TruncateTable(_)
        | MySqlFamilyStatement::DropViews { .. }
        | MySqlFamilyStatement::DropTrigger { .. }
        | MySqlFamilyStatement::DropRoutine { .. }
        | MySqlFamilyStatement::WriteRows { .. }
        | MySqlFamilyStatement::Unknown => Vec::new(),
    };
    if matches!(summary.form, Form::CreateTable | Form::CreateTableAs) {
        names.extend(summary.tables.iter().map(|table| table.name.clone()));
    }
    for action in &summary.actions {
        match action {
            TableAction::AddColumn { name } => names.push(name.clone()),
            TableAction::ChangeColumn { to, .. }
            | TableAction::RenameColumn { to, .. }
            | TableAction::RenameIndex { to, .. } => names.push(to.clone()),
            TableAction::AddIndex { name, .. }
            | TableAction::AddForeignKey { name, .. }
            | TableAction::AddCheck { name } => names.extend(name.clone()),
            TableAction::RenameTo(name) => names.push(name.name.clone()),
            _ => {}
        }
    }
    names.iter().map(|name| name.to_ascii_lowercase()).collect()
}

/// Names, in lower case, that a statement would have taken away.
pub(super) fn unmade_by(summary: &MySqlFamilySummary) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    if matches!(summary.form, Form::DropTable | Form::DropView | Form::RenameTable) {
        names.extend(summary.tables.iter().map(|table| table.name.clone()));
    }
    for action in &summary.actions {
        match action {
            TableAction::DropColumn { name }
            | TableAction::DropIndex { name }
            | TableAction::DropForeignKey { name }
            | TableAction::DropConstraint { name } => names.push(name.clone()),
            TableAction::ChangeColumn { from, .. }
            | TableAction::RenameColumn { from, .. }
            | TableAction::RenameIndex { from, .. } => names.push(from.clone()),
            TableAction::RenameTo(_) if summary.form == Form::AlterTable => {
                names.extend(summary.tables.iter().map(|table| table.name.clone()));
            }
            _ => {}
        }
    }
    names.iter().map(|name| name.to_ascii_lowercase()).collect()
}
