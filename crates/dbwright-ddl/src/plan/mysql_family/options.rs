//! Options of a table: storage engine, row format, default collation, comment and the like.

use dbwright_catalog::{ObjectId, ObjectKind};

use super::Planner;
use crate::quote_literal;
use crate::render::mysql_family::tables as text;
use crate::render::mysql_family::text::{VERSIONING, written};

/// What happens to the options of one table.
#[derive(Debug, Default)]
pub(super) struct OptionWork {
    pub(super) clauses: Vec<String>,
    /// Clauses for statements of their own, each, before all others.
    pub(super) first: Vec<String>,
    /// The same behind all others.
    pub(super) alone: Vec<String>,
    pub(super) objects: Vec<ObjectId>,
    /// Whether the table is written anew for it.
    pub(super) heavy: bool,
}

impl Planner<'_> {
    pub(super) fn option_work(&mut self, table: &ObjectId) -> OptionWork {
        let mut work = OptionWork::default();
        let [before, after] = [self.before, self.after].map(|catalog| text::own_text(catalog, table));
        self.period_work(table, &before.periods, &after.periods, &mut work);
        let (old, new) = (before.options, after.options);
        let keeps_history = old.get(VERSIONING).is_some() && new.get(VERSIONING).is_some();
        if keeps_history && old.get("ENGINE") != new.get("ENGINE") {
            self.refuse(
                table,
                "The server can't change the storage engine of a table with a history. Drop the system versioning first, \
                 which loses the history, or make the table anew by hand.",
            );
        }
        for (name, value) in &new.0 {
            if old.get(name) == Some(value) || name == "COLLATE" {
                continue;
            }
            match name.as_str() {
                VERSIONING => work.alone.push("ADD SYSTEM VERSIONING".to_owned()),
                "DEFAULT CHARSET" => {}
                name => {
                    work.heavy |= !matches!(name, "STATS_PERSISTENT" | "STATS_AUTO_RECALC" | "STATS_SAMPLE_PAGES");
                    work.clauses.push(written(name, value));
                }
            }
            if name == "ENGINE" {
                self.note_engine(table, value);
            }
        }
        let collation = |options: &crate::TableOptions| {
            let charset = options.get("DEFAULT CHARSET").map(str::to_owned);
            (charset, options.get("COLLATE").map(str::to_owned))
        };
        if collation(&old) != collation(&new)
            && let (Some(charset), Some(collation)) = collation(&new)
        {
            work.clauses
                .push(format!("DEFAULT CHARSET={charset} COLLATE={collation}"));
        }
        for (name, _) in &old.0 {
            if new.get(name).is_some() || matches!(name.as_str(), "COLLATE" | "DEFAULT CHARSET") {
                continue;
            }
            self.unset(table, name, &mut work);
        }
        if text::comment(self.before, table) != text::comment(self.after, table) {
            let comment = quote_literal(self.engine(), text::comment(self.after, table));
            work.clauses.push(format!("COMMENT={comment}"));
            work.objects.push(table.satellite(ObjectKind::Comment));
        }
        if before.partitioning != after.partitioning
            || !work.clauses.is_empty()
            || !work.alone.is_empty()
            || !work.first.is_empty()
        {
            work.objects.push(table.clone());
        }
        work
    }

    /// Periods of application time. A table has one, which keys without overlaps and columns hang on, so that all of it is one
    /// statement (<https://mariadb.com/docs/server/reference/sql-structure/temporal-tables/application-time-periods>).
    fn period_work(&mut self, table: &ObjectId, before: &[String], after: &[String], work: &mut OptionWork) {
        if before == after {
            return;
        }
        if before.iter().chain(after).any(|period| period.contains("SYSTEM_TIME")) {
            self.refuse(
                table,
                "The period of a history (PERIOD FOR SYSTEM_TIME) can't be added, changed or dropped. Make the change by hand.",
            );
            return;
        }
        for period in before {
            // `PERIOD FOR name (from, to)`.
            let name = period.split_once(" (").map_or(period.as_str(), |(name, _)| name);
            work.clauses.push(format!("DROP {name}"));
        }
        work.clauses.extend(after.iter().map(|period| format!("ADD {period}")));
        work.heavy = true;
    }

    /// Puts an option back to what it is where nobody sets it.
    fn unset(&mut self, table: &ObjectId, name: &str, work: &mut OptionWork) {
        let default = match name {
            VERSIONING => {
                // With a history it could not get another storage engine.
                work.first.push("DROP SYSTEM VERSIONING".to_owned());
                self.lose(table, "The history of its rows is lost.");
                return;
            }
            "ROW_FORMAT" | "STATS_PERSISTENT" | "STATS_AUTO_RECALC" | "STATS_SAMPLE_PAGES" | "PACK_KEYS" => "DEFAULT",
            "KEY_BLOCK_SIZE" | "CHECKSUM" | "DELAY_KEY_WRITE" | "MIN_ROWS" | "MAX_ROWS" | "AVG_ROW_LENGTH" => "0",
            "COMPRESSION" => "''",
            "ENCRYPTION" => "'N'",
            name if name.starts_with('`') => "DEFAULT",
            name => {
                self.refuse(
                    table,
                    format!("The option {name} can't be taken away again. Make the table anew by hand."),
                );
                return;
            }
        };
        work.heavy |= !name.starts_with("STATS_");
        work.clauses.push(written(name, default));
    }

    fn note_engine(&mut self, table: &ObjectId, engine: &str) {
        match engine.to_uppercase().as_str() {
            "BLACKHOLE" => self.lose(table, "The storage engine BLACKHOLE keeps no rows."),
            "MEMORY" => self.lose(table, "The storage engine MEMORY loses all rows when the server stops."),
            _ => {}
        }
    }
}
