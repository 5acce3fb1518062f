//! The difference between two catalogs, object by object.

use crate::{Catalog, Object};

/// What became of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(
    clippy::large_enum_variant,
    reason = "there are few of them, and they are read more often than moved"
)]
pub enum Change {
    /// It is new.
    Created(Object),
    /// It is gone.
    Dropped(Object),
    /// It is another than before. Where the server knows it to be the same object under a new name, the ids differ.
    Altered {
        /// As it was.
        before: Object,
        /// As it is.
        after: Object,
    },
}

impl Change {
    /// The object as it stands after the change, or as it was where it is gone.
    pub fn object(&self) -> &Object {
        match self {
            Change::Created(object) | Change::Dropped(object) | Change::Altered { after: object, .. } => object,
        }
    }
}

/// What turned `before` into `after`, by id: a renamed object is dropped and created.
pub fn changes(before: &Catalog, after: &Catalog) -> Vec<Change> {
    let mut changes = Vec::new();
    for (id, object) in &before.objects {
        match after.objects.get(id) {
            None => changes.push(Change::Dropped(object.clone())),
            Some(now) if now != object => {
                changes.push(Change::Altered {
                    before: object.clone(),
                    after: now.clone(),
                });
            }
            Some(_) => {}
        }
    }
    let created = after.objects.iter().filter(|(id, _)| !before.objects.contains_key(id));
    changes.extend(created.map(|(_, object)| Change::Created(object.clone())));
    changes
}
