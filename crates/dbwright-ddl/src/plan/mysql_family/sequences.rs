//! Sequences (MariaDB): their parameters change, their position stays.

use dbwright_catalog::{ObjectKind, Step};

use super::Planner;
use crate::quote_identifier;

impl Planner<'_> {
    /// New sequences, and new parameters of old ones; before tables, whose defaults ask them.
    pub(super) fn sequences(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        for id in Self::ids(self.after, ObjectKind::Sequence) {
            let Some(new) = self.after.get(id) else { continue };
            let Some(old) = self.before.get(id) else {
                steps.push(Step::new(new.definition.clone(), [id.clone()]));
                continue;
            };
            if old.definition == new.definition {
                continue;
            }
            // `CREATE SEQUENCE `s` start with 1 …` has the parameters of `ALTER SEQUENCE`, but for the storage engine.
            let name = quote_identifier(self.engine(), id.name());
            let parameters = new.definition.split_once(&name).map_or("", |(_, rest)| rest);
            let parameters = parameters.split(" ENGINE=").next().unwrap_or_default().trim();
            let mut step = Step::new(format!("ALTER SEQUENCE {name} {parameters}"), [id.clone()]);
            step.notes.push("The sequence goes on from where it is.".to_owned());
            steps.push(step);
        }
        steps
    }

    pub(super) fn drop_sequences(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        for id in self.dropped(ObjectKind::Sequence) {
            self.lose(&id, "The position of the sequence is lost.");
            let name = quote_identifier(self.engine(), id.name());
            steps.push(Step::new(format!("DROP SEQUENCE {name}"), [id]));
        }
        steps
    }
}
