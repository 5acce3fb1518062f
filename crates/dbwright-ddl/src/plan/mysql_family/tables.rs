//! The statements that change one table.

use dbwright_catalog::{ObjectId, Step};

use super::columns::ColumnWork;
use super::indexes::KeyWork;
use super::options::OptionWork;
use super::{Planner, partitions};
use crate::quote_identifier;
use crate::render::mysql_family::tables as text;

/// Clauses of one `ALTER TABLE`, with the objects that they change.
#[derive(Debug, Default)]
struct Statement {
    clauses: Vec<String>,
    /// `PARTITION BY …`, which has no comma in front.
    last: Option<String>,
    objects: Vec<ObjectId>,
    notes: Vec<String>,
}

impl Planner<'_> {
    /// The statements that change a table that is there before and after, and those that change its partitions.
    pub(super) fn alter_table(&mut self, table: &ObjectId) -> (Vec<Step>, Vec<Step>) {
        let columns = self.column_work(table);
        let indexes = self.index_work(table, &columns);
        let checks = self.check_work(table, &columns);
        let options = self.option_work(table);
        let [before, after] = [self.before, self.after].map(|catalog| text::own_text(catalog, table).partitioning);
        let partitions = partitions::change(self.engine(), before.as_deref(), after.as_deref());
        let mut partition_steps = Vec::new();
        let mut whole = None;
        match partitions {
            partitions::Change::Nothing => {}
            partitions::Change::Whole(clause) => whole = Some(clause),
            partitions::Change::Alone { clause, lost } => {
                for name in lost {
                    self.lose(table, format!("Rows in the partition {name} are lost."));
                }
                let statement = Statement {
                    clauses: vec![clause],
                    objects: vec![table.clone()],
                    ..Statement::default()
                };
                partition_steps.extend(self.step(table, statement));
            }
        }
        let steps = statements(columns, indexes, checks, options, whole);
        (
            steps
                .into_iter()
                .filter_map(|statement| self.step(table, statement))
                .collect(),
            partition_steps,
        )
    }

    fn step(&self, table: &ObjectId, statement: Statement) -> Option<Step> {
        let mut rest = statement.clauses.join(", ");
        if let Some(last) = statement.last {
            rest = if rest.is_empty() {
                last
            } else {
                format!("{rest} {last}")
            };
        }
        if rest.is_empty() {
            return None;
        }
        let table = quote_identifier(self.engine(), table.name());
        let mut step = Step::new(format!("ALTER TABLE {table} {rest}"), statement.objects);
        step.notes = statement.notes;
        Some(step)
    }
}

/// The changes of a table as statements: one where the table is written anew in any case, else the cheap ones first.
fn statements(
    columns: ColumnWork,
    indexes: KeyWork,
    checks: KeyWork,
    options: OptionWork,
    whole: Option<String>,
) -> Vec<Statement> {
    let is_one = columns.heavy || options.heavy || indexes.linked || whole.is_some();
    let mut all = Vec::new();
    for clause in options.first {
        all.push(Statement {
            clauses: vec![clause],
            objects: options.objects.clone(),
            ..Statement::default()
        });
    }
    if !columns.first.is_empty() {
        all.push(Statement {
            clauses: columns.first,
            objects: columns.objects.clone(),
            ..Statement::default()
        });
    }
    if !indexes.first.is_empty() {
        all.push(Statement {
            clauses: indexes.first,
            objects: indexes.objects.clone(),
            ..Statement::default()
        });
    }
    let mut main = Statement {
        // A check goes before the column that it speaks of.
        clauses: [checks.drops, columns.drops, columns.places, options.clauses].concat(),
        last: whole,
        objects: [columns.objects.clone(), options.objects.clone(), checks.objects.clone()].concat(),
        notes: columns.notes,
    };
    let mut keys = Statement {
        clauses: [indexes.drops, indexes.adds].concat(),
        objects: indexes.objects.clone(),
        notes: indexes.notes,
        ..Statement::default()
    };
    let mut check = Statement {
        clauses: checks.adds,
        objects: checks.objects,
        notes: checks.notes,
        ..Statement::default()
    };
    if is_one {
        // Drops of indexes come first, so that none is left with half of its columns.
        let drops = keys
            .clauses
            .iter()
            .take_while(|clause| clause.starts_with("DROP"))
            .count();
        let adds = keys.clauses.split_off(drops);
        main.clauses = [keys.clauses, main.clauses, adds, check.clauses].concat();
        main.objects.extend(keys.objects);
        main.notes.extend(keys.notes);
        main.notes.extend(check.notes);
        (keys, check) = (Statement::default(), Statement::default());
    }
    all.extend([main, keys, check]);
    let single = |clauses: Vec<String>, objects: &[ObjectId]| {
        let objects = objects.to_vec();
        clauses.into_iter().map(move |clause| Statement {
            clauses: vec![clause],
            objects: objects.clone(),
            ..Statement::default()
        })
    };
    all.extend(single(indexes.alone, &indexes.objects));
    all.extend(single(columns.afterwards, &columns.objects));
    all.extend(single(options.alone, &options.objects));
    all.extend(single(columns.late_drops, &columns.objects));
    all
}
