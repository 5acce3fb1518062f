//! Which statements and steps come into which file.

use dbwright_catalog::{Engine, Migration, RunMode};
use dbwright_sql::{Summary, TransactionControl, summarise};

use super::{Layout, RewriteRequest};

/// A statement as it stands, or a step that replaces a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// The statement with this index.
    Original(usize),
    Step {
        /// Index into the replacements.
        replacement: usize,
        /// Index into its steps.
        step: usize,
    },
}

/// What is in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) pieces: Vec<Piece>,
    /// Statements that only set something for those that follow; they stand in front of these in each file.
    pub(super) settings: Vec<usize>,
    pub(super) in_transaction: bool,
}

impl Group {
    /// The replacement that this group is a step of.
    pub(super) fn step_of(&self) -> Option<(usize, usize)> {
        match self.pieces.as_slice() {
            [Piece::Step { replacement, step }] => Some((*replacement, *step)),
            _ => None,
        }
    }
}

/// The groups of a layout in the order in which they run; at least one.
pub(super) fn groups(request: &RewriteRequest<'_>, layout: Layout) -> Result<Vec<Group>, String> {
    let migration = request.migration()?;
    let engine = request.history.engine;
    let statements = 0..migration.statements.len();
    let is_setting = |index: usize| is_setting(engine, &migration.statements[index].text);
    let settings: Vec<usize> = statements
        .clone()
        .filter(|index| request.replacement_of(*index).is_none() && is_setting(*index))
        .collect();
    let mut groups: Vec<Group> = Vec::new();
    let mut open: Vec<Piece> = Vec::new();
    let mut steps: Vec<Group> = Vec::new();
    for index in statements.filter(|index| !settings.contains(index)) {
        let Some(replacement) = request.replacement_of(index) else {
            open.push(Piece::Original(index));
            continue;
        };
        let before: Vec<usize> = settings.iter().copied().filter(|setting| *setting < index).collect();
        let of_statement = request.replacements[replacement].steps.iter().enumerate();
        let of_statement = of_statement.map(|(step, it)| Group {
            pieces: vec![Piece::Step { replacement, step }],
            settings: before.clone(),
            in_transaction: it.in_transaction,
        });
        if layout == Layout::InOrder {
            groups.extend(original(&mut open, &settings));
            groups.extend(of_statement);
        } else {
            steps.extend(of_statement);
        }
    }
    groups.extend(original(&mut open, &settings));
    groups.extend(steps);
    let Some(first) = groups.first_mut() else {
        return Err("it has no statements".to_owned());
    };
    // They stay in their file, where they stand.
    first.settings.clone_from(&settings);
    if !first.in_transaction && !settings.is_empty() && migration.run_mode != RunMode::EachStatement {
        return Err(format!(
            "`{}` stands in the same file as what must not run in a transaction",
            migration.statements[settings[0]].text.trim()
        ));
    }
    Ok(groups)
}

/// The statements that were gathered, as a group.
fn original(open: &mut Vec<Piece>, settings: &[usize]) -> Option<Group> {
    let first = match open.first()? {
        Piece::Original(index) => *index,
        Piece::Step { .. } => return None,
    };
    Some(Group {
        pieces: std::mem::take(open),
        settings: settings.iter().copied().filter(|setting| *setting < first).collect(),
        in_transaction: true,
    })
}

/// Whether a statement only sets something for those that follow.
fn is_setting(engine: Engine, text: &str) -> bool {
    matches!(
        summarise(engine, text),
        Summary::Session | Summary::Transaction(TransactionControl::Set)
    )
}

/// The line of the first statement that begins or ends a transaction.
pub(super) fn transaction_control(request: &RewriteRequest<'_>, migration: &Migration) -> Option<u32> {
    let controls = |text: &str| match summarise(request.history.engine, text) {
        Summary::Transaction(control) => control != TransactionControl::Set,
        _ => false,
    };
    let mut statements = migration.statements.iter();
    Some(statements.find(|statement| controls(&statement.text))?.line)
}

/// The line of the `BEGIN` whose transaction a replaced statement stands in.
pub(super) fn open_transaction(request: &RewriteRequest<'_>, migration: &Migration) -> Option<u32> {
    let mut open = None;
    for (index, statement) in migration.statements.iter().enumerate() {
        match summarise(request.history.engine, &statement.text) {
            Summary::Transaction(TransactionControl::Begin) => open = Some(statement.line),
            Summary::Transaction(TransactionControl::Commit | TransactionControl::Rollback) => open = None,
            _ => {}
        }
        if open.is_some() && request.replacement_of(index).is_some() {
            return open;
        }
    }
    None
}
