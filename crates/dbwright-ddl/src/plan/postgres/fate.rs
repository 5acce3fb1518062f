//! What becomes of each object: which can be changed where they are, which are taken down and put back, and what hangs on
//! those and so has to follow.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{ConstraintKind, Engine, Object, ObjectBody, ObjectId, ObjectKind};

use super::how::{How, how};
use super::retype;
use super::side::{Side, table_extra};
use crate::{diff::same, qualified_name};

/// What becomes of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays as it is.
    Keep,
    /// It is new.
    Create,
    /// It goes.
    Drop,
    /// It is changed where it is.
    Alter,
    /// It is taken down, and put back as it shall be.
    Rebuild,
    /// A new type takes the place of an old one in every column that has it.
    Swap,
}

/// What becomes of all of them.
pub(super) struct Fates {
    of: BTreeMap<ObjectId, Fate>,
    /// Columns whose type changes, for themselves or because their type is swapped.
    pub(super) retyped: BTreeSet<ObjectId>,
    /// Columns whose default is away while something that it hangs on is replaced.
    pub(super) without_default: BTreeSet<ObjectId>,
    /// What can't be done.
    pub(super) refusals: BTreeMap<ObjectId, String>,
}

impl Fates {
    pub(super) fn of(&self, id: &ObjectId) -> Fate {
        self.of.get(id).cloned().unwrap_or(Fate::Keep)
    }

    pub(super) fn ids(&self, fate: &Fate) -> Vec<ObjectId> {
        let chosen = self.of.iter().filter(|(_, other)| *other == fate);
        chosen.map(|(id, _)| id.clone()).collect()
    }

    /// Whether an object is away for a while or for good.
    pub(super) fn goes(&self, id: &ObjectId) -> bool {
        matches!(self.of(id), Fate::Drop | Fate::Rebuild)
    }

    /// Whether an object is made by a statement of its own.
    pub(super) fn comes(&self, id: &ObjectId) -> bool {
        matches!(self.of(id), Fate::Create | Fate::Rebuild | Fate::Swap)
    }
}

/// Decides for all objects of both sides.
pub(super) fn fates(before: &Side<'_>, after: &Side<'_>) -> Fates {
    let mut decision = Decision {
        before,
        after,
        fates: Fates {
            of: BTreeMap::new(),
            retyped: BTreeSet::new(),
            without_default: BTreeSet::new(),
            refusals: BTreeMap::new(),
        },
        open: Vec::new(),
    };
    decision.first();
    decision.follow();
    decision.fates
}

struct Decision<'s, 'a> {
    before: &'s Side<'a>,
    after: &'s Side<'a>,
    fates: Fates,
    /// Objects whose dependents have not been looked at since their fate was decided.
    open: Vec<ObjectId>,
}

impl Decision<'_, '_> {
    /// What the difference of each object itself demands.
    fn first(&mut self) {
        for (id, object) in &self.before.catalog.objects {
            match self.after.get(id) {
                None => self.set(id, Fate::Drop),
                Some(now) if same(Engine::Postgres, object, now) => {}
                Some(now) => self.altered(object, now),
            }
        }
        for id in self.after.catalog.objects.keys() {
            if !self.before.has(id) {
                self.set(id, Fate::Create);
            }
        }
    }

    fn altered(&mut self, was: &Object, is: &Object) {
        let id = &is.id;
        let typed = self.before.dependents(id).iter().find(|table| {
            let typed = |side: &Side<'_>| {
                side.table(table)
                    .and_then(table_extra)
                    .is_some_and(|extra| extra.of_type.is_some())
            };
            id.kind == ObjectKind::Type && typed(self.before) && typed(self.after)
        });
        if let Some(table) = typed {
            let reason = format!(
                "The table {table} is made of it (OF), and would change with it. Take the table off it (NOT OF) first."
            );
            self.refuse(id, reason);
            return;
        }
        match how(self.before, self.after, was, is) {
            How::InPlace => self.set(id, Fate::Alter),
            How::Rebuild => self.rebuild(id),
            How::Refuse(reason) => self.refuse(id, reason),
        }
        if let (ObjectBody::Column(was), ObjectBody::Column(is)) = (&was.body, &is.body)
            && self.fates.of(id) == Fate::Alter
            && (was.type_name != is.type_name || was.collation != is.collation)
        {
            self.retype(id);
        }
    }

    fn set(&mut self, id: &ObjectId, fate: Fate) {
        if self.fates.of(id) != fate {
            if matches!(fate, Fate::Drop | Fate::Rebuild | Fate::Swap) {
                self.open.push(id.clone());
            }
            self.fates.of.insert(id.clone(), fate);
        }
    }

    fn refuse(&mut self, id: &ObjectId, reason: String) {
        self.fates.refusals.entry(id.clone()).or_insert(reason);
    }

    fn retype(&mut self, column: &ObjectId) {
        if self.fates.retyped.insert(column.clone()) {
            if self.fates.of(column) == Fate::Keep {
                self.set(column, Fate::Alter);
            }
            self.open.push(column.clone());
        }
    }

    /// Takes an object down and puts it back, or says why that can't be.
    fn rebuild(&mut self, id: &ObjectId) {
        if matches!(self.fates.of(id), Fate::Rebuild | Fate::Swap | Fate::Drop) {
            return;
        }
        match id.kind {
            ObjectKind::Type => self.rebuild_type(id),
            ObjectKind::Column => self.rebuild_column(id),
            ObjectKind::Table
            | ObjectKind::Sequence
            | ObjectKind::Schema
            | ObjectKind::Extension
            | ObjectKind::ForeignServer
            | ObjectKind::ForeignDataWrapper
            | ObjectKind::Subscription
            | ObjectKind::Event
            | ObjectKind::Collation => {
                let mut dependents = self.before.dependents(id).iter();
                if id.kind == ObjectKind::Collation && dependents.all(|dependent| dependent.kind.is_satellite()) {
                    self.set(id, Fate::Rebuild);
                    return;
                }
                let needed = self.replaced_need(id);
                self.refuse(
                    id,
                    format!(
                        "It would have to be replaced{needed}, and a {} can't be replaced without losing what it holds or what \
                         hangs on it. Make the change by hand in steps, or plan it as a new {} under another name.",
                        id.kind.name(),
                        id.kind.name()
                    ),
                );
            }
            ObjectKind::Constraint | ObjectKind::Index | ObjectKind::Trigger => {
                // What a parent table makes in its children is replaced there.
                match self.after.inherited_from(id).filter(|parent| self.before.has(parent)) {
                    Some(parent) if self.before.inherited_from(id).as_ref() == Some(&parent) => {
                        self.set(id, Fate::Rebuild);
                        if self.fates.of(&parent) == Fate::Keep {
                            self.rebuild(&parent);
                        }
                    }
                    _ => self.set(id, Fate::Rebuild),
                }
            }
            ObjectKind::View
            | ObjectKind::Routine
            | ObjectKind::Rule
            | ObjectKind::Policy
            | ObjectKind::Statistics
            | ObjectKind::EventTrigger
            | ObjectKind::Publication
            | ObjectKind::UserMapping
            | ObjectKind::Comment
            | ObjectKind::Owner
            | ObjectKind::Grant
            | ObjectKind::DefaultPrivilege
            | ObjectKind::Membership
            | ObjectKind::SecurityLabel => self.set(id, Fate::Rebuild),
        }
    }

    fn replaced_need(&self, id: &ObjectId) -> String {
        let needs = self.before.needs(id);
        let replaced = needs
            .iter()
            .find(|need| self.fates.goes(need) || self.fates.of(need) == Fate::Swap);
        replaced.map_or(String::new(), |need| {
            format!(" because the {} {need} is", need.kind.name())
        })
    }

    fn rebuild_type(&mut self, id: &ObjectId) {
        let mut holders = self
            .before
            .dependents(id)
            .iter()
            .filter(|holder| self.after.has(holder));
        if let Some(table) = holders.find(|holder| holder.kind == ObjectKind::Table) {
            self.refuse(
                id,
                format!("It would have to be replaced by a new type, and the table {table} is made of it (OF). Take the table off it (NOT OF) first."),
            );
            return;
        }
        if !self.is_held(id, &mut BTreeSet::new()) {
            self.set(id, Fate::Rebuild);
            for holder in self.types_made_of(id) {
                self.rebuild(&holder);
            }
            return;
        }
        if let Some(reason) = retype::no_swap(self.before, self.after, id) {
            self.refuse(id, reason);
            return;
        }
        let staying = self.staying_columns(id);
        if let Some(column) = staying.iter().find(|column| self.is_partition_key(column)) {
            self.refuse(id, format!("It would have to be replaced by a new type, and {column} is part of a partition key. {PARTITION_KEY}"));
            return;
        }
        self.set(id, Fate::Swap);
        for column in staying {
            self.retype(&column);
        }
        for holder in self.types_made_of(id) {
            self.rebuild(&holder);
            if let Some(reason) = self.fates.refusals.get(&holder) {
                let reason = format!("The {} {holder} is made of it: {reason}", holder.kind.name());
                self.refuse(id, reason);
            }
        }
    }

    /// Columns that have a type, or arrays of it, and stay.
    fn staying_columns(&self, id: &ObjectId) -> Vec<ObjectId> {
        let columns = self.before.columns_of_type(id).iter();
        columns
            .filter(|column| self.after.has(column) && self.fates.of(column) != Fate::Rebuild)
            .cloned()
            .collect()
    }

    /// Domains, composite types and ranges that are made of a type, and stay.
    fn types_made_of(&self, id: &ObjectId) -> Vec<ObjectId> {
        let dependents = self.before.dependents(id).iter();
        dependents
            .filter(|holder| holder.kind == ObjectKind::Type && self.after.has(holder))
            .cloned()
            .collect()
    }

    /// Whether columns that stay have a type, or one that is made of it.
    fn is_held(&self, id: &ObjectId, seen: &mut BTreeSet<ObjectId>) -> bool {
        seen.insert(id.clone())
            && (!self.staying_columns(id).is_empty()
                || self.types_made_of(id).iter().any(|holder| self.is_held(holder, seen)))
    }

    fn rebuild_column(&mut self, id: &ObjectId) {
        let generated = |side: &Side<'_>| side.column(id).is_some_and(|column| column.generated.is_some());
        let away = self.replaced_need(id);
        if generated(self.before) || generated(self.after) {
            self.set(id, Fate::Rebuild);
            // The column of the parent takes those of its children along.
            if let Some(parent) = self.before.inherited_from(id)
                && self.after.has(&parent)
            {
                self.rebuild(&parent);
            }
            for child in self.before.children(&id.owner_table().unwrap_or_else(|| id.clone())) {
                let child = child.column(id.name());
                if self.before.has(&child) && self.after.has(&child) {
                    self.rebuild(&child);
                }
            }
        } else {
            self.refuse(
                id,
                format!("It would have to be dropped and added again{away}, which loses its values. Add a new column, fill it, and drop this one in a later change."),
            );
        }
    }

    fn is_partition_key(&self, column: &ObjectId) -> bool {
        column
            .owner_table()
            .and_then(|table| self.before.table(&table)?.partition_key.clone())
            .is_some_and(|key| names(&key).any(|name| name == column.name()))
    }

    /// What hangs on objects that go, are replaced or change their type.
    fn follow(&mut self) {
        while let Some(id) = self.open.pop() {
            if self.fates.retyped.contains(&id) && self.fates.of(&id) == Fate::Alter {
                self.follow_retyped(&id);
            }
            if self.fates.goes(&id) || self.fates.of(&id) == Fate::Swap {
                for dependent in self.before.dependents(&id).clone() {
                    self.let_go(&dependent, &id);
                }
            }
        }
    }

    fn follow_retyped(&mut self, column: &ObjectId) {
        if self.is_partition_key(column) {
            self.refuse(
                column,
                format!("Its type can't be changed because it is part of a partition key. {PARTITION_KEY}"),
            );
        }
        for dependent in self.before.dependents(column).clone() {
            if !self.after.has(&dependent) {
                continue;
            }
            match dependent.kind {
                ObjectKind::View
                | ObjectKind::Rule
                | ObjectKind::Policy
                | ObjectKind::Trigger
                | ObjectKind::Routine
                | ObjectKind::Statistics => self.rebuild(&dependent),
                ObjectKind::Column
                    if self
                        .before
                        .column(&dependent)
                        .is_some_and(|other| other.generated.is_some()) =>
                {
                    self.rebuild(&dependent);
                }
                ObjectKind::Constraint => {
                    let is_foreign = |kind: &ConstraintKind| matches!(kind, ConstraintKind::ForeignKey(_));
                    let own = self.before.constraint(&dependent);
                    if own.is_some_and(|constraint| is_foreign(&constraint.kind) || matches!(constraint.kind, ConstraintKind::Check(_) | ConstraintKind::Exclusion(_))) {
                        self.rebuild(&dependent);
                    }
                }
                ObjectKind::Index => {
                    let has_expression = self.before.index(&dependent).is_some_and(|index| {
                        index.predicate.is_some() || index.keys.iter().any(|key| key.contains('('))
                    });
                    if has_expression && !self.is_of_constraint(&dependent) {
                        self.rebuild(&dependent);
                    }
                }
                ObjectKind::Publication => self.refuse(
                    column,
                    format!("Its type can't be changed while the publication {dependent} sends it by name or by condition. Take the table out of the publication first."),
                ),
                _ => {}
            }
        }
    }

    fn is_of_constraint(&self, index: &ObjectId) -> bool {
        self.before.index(index).is_some_and(|index| index.of_constraint)
    }

    /// `dependent` hangs on `id`, which goes or is replaced.
    fn let_go(&mut self, dependent: &ObjectId, id: &ObjectId) {
        if !self.after.has(dependent) {
            return;
        }
        let returns = self.fates.of(id) != Fate::Drop || self.has_successor(id);
        match self.fates.of(dependent) {
            Fate::Drop | Fate::Create | Fate::Rebuild => return,
            // Its new form does not hang on what goes for good.
            Fate::Alter if !returns => return,
            Fate::Keep | Fate::Alter | Fate::Swap => {}
        }
        match dependent.kind {
            ObjectKind::Column => self.column_lets_go(dependent, id),
            // Satellites go with what they are on; the rest of these stand for themselves.
            ObjectKind::Table if id.kind == ObjectKind::Table || id.kind == ObjectKind::Schema => {}
            ObjectKind::Sequence => {}
            ObjectKind::Publication => self.set(dependent, Fate::Alter),
            ObjectKind::Type if self.only_a_check(dependent, id) => self.set(dependent, Fate::Alter),
            _ => self.rebuild(dependent),
        }
    }

    /// Whether a domain hangs on a routine, which then is called by its default or its checks.
    fn only_a_check(&self, dependent: &ObjectId, id: &ObjectId) -> bool {
        self.fates.of(id) == Fate::Drop
            && self.fates.of(dependent) == Fate::Alter
            && matches!(id.kind, ObjectKind::Routine)
    }

    fn column_lets_go(&mut self, column: &ObjectId, id: &ObjectId) {
        let Some(body) = self.before.column(column) else {
            return;
        };
        if body.generated.is_some() {
            self.rebuild(column);
            return;
        }
        match id.kind {
            ObjectKind::Type => {
                let element = body.type_name.trim_end_matches("[]");
                if element == qualified_name(Engine::Postgres, id) {
                    if self.fates.of(id) != Fate::Swap && !self.fates.retyped.contains(column) {
                        let reason = format!(
                            "Its type {id} would have to be dropped and made again, which can't be done while the column has it. Change the column's type by hand first."
                        );
                        self.refuse(column, reason);
                    }
                    if body.default.is_some() {
                        self.take_default(column);
                    }
                } else {
                    self.take_default(column);
                }
            }
            ObjectKind::Table | ObjectKind::Schema | ObjectKind::Extension => {}
            ObjectKind::Collation => self.refuse(
                column,
                format!("Its collation {id} would have to be replaced. Change the column's collation by hand first."),
            ),
            _ if body.default.is_some() => self.take_default(column),
            _ => {}
        }
    }

    fn take_default(&mut self, column: &ObjectId) {
        self.fates.without_default.insert(column.clone());
        if self.fates.of(column) == Fate::Keep {
            self.set(column, Fate::Alter);
        }
    }

    /// Whether something that is made takes the name of what goes: a routine with the same name and other argument names.
    fn has_successor(&self, id: &ObjectId) -> bool {
        id.kind == ObjectKind::Routine
            && self.after.catalog.objects.keys().any(|other| {
                other.kind == ObjectKind::Routine && base_name(other) == base_name(id) && !self.before.has(other)
            })
    }
}

/// Schema and name of a routine without its arguments.
pub(super) fn base_name(id: &ObjectId) -> (&str, &str) {
    (id.schema(), id.name().split('(').next().unwrap_or_default())
}

/// Said where a partition key stands in the way.
const PARTITION_KEY: &str = "Make a new partitioned table, copy the rows, and swap the names.";

/// The names in an expression, quoted ones without their quotes.
pub(super) fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '$'))
        .filter(|name| !name.is_empty())
}
