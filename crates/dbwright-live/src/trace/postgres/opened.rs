//! What judged migrations did to policies, and to what is granted to everybody: read before and after a migration, and told of
//! the statement whose words say so.

use dbwright_catalog::{AccessChange, Catalog, Change, Effect, Object, ObjectKind, Outcome};

use super::{Item, Runner};
use crate::introspect::postgres::read_opened;

/// What is known of it, and what has become of it.
#[derive(Default)]
pub(super) struct Opened {
    known: Option<Vec<Object>>,
    pub(super) changes: Vec<AccessChange>,
}

impl Runner<'_> {
    /// What it is by now; nothing where a migration has left the session in a state in which nothing can be read.
    async fn read_opened(&self) -> Option<Vec<Object>> {
        read_opened(&self.session.client, self.scratch.server()).await.ok()
    }

    /// Reads it before a migration that is judged, where that is not known from the one before.
    pub(super) async fn note_opened(&mut self) {
        if self.opened.known.is_none() {
            self.opened.known = self.read_opened().await;
        }
    }

    /// After a migration that is not judged, nothing is known.
    pub(super) fn forget_opened(&mut self) {
        self.opened.known = None;
    }

    /// Compares it after judged migrations with what it was.
    pub(super) async fn compare_opened(&mut self, items: &[Item<'_>], effects: &[Effect]) {
        let (Some(before), Some(after)) = (self.opened.known.take(), self.read_opened().await) else {
            return;
        };
        let catalog = |objects: &[Object]| {
            let mut catalog = Catalog::empty(self.scratch.server().clone());
            catalog.objects = objects
                .iter()
                .map(|object| (object.id.clone(), object.clone()))
                .collect();
            catalog
        };
        for change in dbwright_catalog::changes(&catalog(&before), &catalog(&after)) {
            if let Some(item) = blamed(items, effects, &change) {
                self.opened.changes.push(AccessChange {
                    migration: item.migration,
                    statement: item.index,
                    change,
                });
            }
        }
        self.opened.known = Some(after);
    }

    /// All of it at the end, and what became of it.
    pub(super) async fn take_opened(&mut self) -> (Vec<Object>, Vec<AccessChange>) {
        let at_end = self.read_opened().await.unwrap_or_default();
        (at_end, std::mem::take(&mut self.opened.changes))
    }
}

/// The last statement that names what changed, else the last that speaks of policies or rights, else the last that ran.
fn blamed<'a, 'b>(items: &'a [Item<'b>], effects: &[Effect], change: &Change) -> Option<&'a Item<'b>> {
    let id = &change.object().id;
    let (word, names) = if id.kind == ObjectKind::Policy {
        ("policy", vec![id.name().to_lowercase()])
    } else {
        let target = id.target();
        (
            " to ",
            target.iter().map(|target| target.name().to_lowercase()).collect(),
        )
    };
    let score = |item: &Item<'_>| {
        let text = item.statement.text.to_lowercase();
        let speaks = text.contains(word);
        usize::from(speaks) + usize::from(speaks && names.iter().all(|name| text.contains(name)))
    };
    let ran = items
        .iter()
        .zip(effects)
        .filter(|(_, effect)| effect.outcome == Outcome::Done);
    ran.map(|(item, _)| item).max_by_key(|item| score(item))
}
