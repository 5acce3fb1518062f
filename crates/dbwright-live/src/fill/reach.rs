//! Which tables of a SQLite database a text can reach: those that it names, and those that triggers, views and foreign keys
//! take along.
//!
//! SQLite has no dynamic SQL, so that whatever a statement works on is named in its text, or in that of a trigger or view
//! that is named so. A name counts as named wherever its letters stand in the text: too many do no harm.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, ConstraintKind, ObjectBody, ObjectId, ObjectKind};

/// What of a catalog refers to what.
pub(crate) struct Reach<'a> {
    /// Tables and views with their names in lower case.
    relations: Vec<(String, &'a ObjectId)>,
    /// Texts in lower case of views, and of the triggers of a table or view.
    views: BTreeMap<&'a str, String>,
    triggers: BTreeMap<&'a str, Vec<String>>,
    /// Tables by the name of what they refer to.
    children: BTreeMap<&'a str, Vec<&'a ObjectId>>,
}

/// What a text does with the tables that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// It changes no rows but those of the very tables that it names, and fires no trigger.
    Alone,
    /// Triggers fire, and foreign keys take rows of other tables along.
    Writes,
}

impl<'a> Reach<'a> {
    /// Looks at a catalog.
    pub(crate) fn of(catalog: &'a Catalog) -> Self {
        let mut reach = Reach {
            relations: Vec::new(),
            views: BTreeMap::new(),
            triggers: BTreeMap::new(),
            children: BTreeMap::new(),
        };
        for (id, object) in &catalog.objects {
            match &object.body {
                ObjectBody::Table(_) => reach.relations.push((id.name().to_lowercase(), id)),
                ObjectBody::View(_) => {
                    reach.relations.push((id.name().to_lowercase(), id));
                    reach.views.insert(id.name(), object.definition.to_lowercase());
                }
                ObjectBody::Trigger(_) => {
                    let Some(owner) = id.path.get(1) else { continue };
                    let text = object.definition.to_lowercase();
                    reach.triggers.entry(owner.as_str()).or_default().push(text);
                }
                ObjectBody::Constraint(constraint) => {
                    if let ConstraintKind::ForeignKey(key) = &constraint.kind
                        && let Some(child) = id.owner_table().and_then(|id| catalog.objects.get_key_value(&id))
                    {
                        reach.children.entry(key.references.name()).or_default().push(child.0);
                    }
                }
                _ => {}
            }
        }
        reach
    }

    /// The tables that a text reaches.
    pub(crate) fn by_text(&self, text: &str, how: Use) -> BTreeSet<ObjectId> {
        self.spread(self.named_in(&text.to_lowercase()), how)
    }

    /// The tables that writing to these tables reaches.
    pub(crate) fn by_writing(&self, tables: &[ObjectId]) -> BTreeSet<ObjectId> {
        let known = self.relations.iter().map(|(_, id)| *id);
        self.spread(known.filter(|id| tables.contains(id)).collect(), Use::Writes)
    }

    fn named_in<'s>(&'s self, text: &'s str) -> Vec<&'a ObjectId> {
        // Written with its quotes doubled, a name does not stand in the text as it is.
        let is_named = |name: &str| text.contains(name) || name.contains(['"', '\'', '`', ']']);
        let named = self.relations.iter().filter(|(name, _)| is_named(name));
        named.map(|(_, id)| *id).collect()
    }

    fn spread(&self, mut todo: Vec<&'a ObjectId>, how: Use) -> BTreeSet<ObjectId> {
        let mut reached = BTreeSet::new();
        while let Some(id) = todo.pop() {
            if !reached.insert(id.clone()) {
                continue;
            }
            if let Some(text) = self.views.get(id.name()) {
                todo.extend(self.named_in(text));
            }
            if how == Use::Writes {
                for text in self.triggers.get(id.name()).into_iter().flatten() {
                    todo.extend(self.named_in(text));
                }
                todo.extend(self.children.get(id.name()).into_iter().flatten());
            }
        }
        reached.retain(|id| id.kind == ObjectKind::Table);
        reached
    }
}
