//! Which operation an item of `ALTER TABLE` is, and how far it reaches.

use dbwright_sql::postgres::AlterAction;

use crate::predict::facts::postgres::{Operation, STRONG_OPTIONS};

/// In which pass the server does an item (`AT_PASS_…` of `tablecmds.c`).
pub(super) fn pass_of(action: &AlterAction) -> u8 {
    match action {
        AlterAction::DropColumn { .. } | AlterAction::DropConstraint { .. } | AlterAction::Type { .. } => 0,
        AlterAction::AddConstraint(_) => 2,
        _ => 1,
    }
}

/// The operation, as the facts name it.
pub(super) fn operation(action: &AlterAction) -> Operation {
    match action {
        // What is not understood was turned down before.
        AlterAction::AddColumn { .. } | AlterAction::Unknown(_) => Operation::AddColumn,
        AlterAction::DropColumn { .. } => Operation::DropColumn,
        AlterAction::Type { .. } => Operation::ColumnType,
        AlterAction::Default { .. } => Operation::ColumnDefault,
        AlterAction::SetNotNull(_) => Operation::SetNotNull,
        AlterAction::DropNotNull(_) => Operation::DropNotNull,
        AlterAction::SetExpression(..) => Operation::SetExpression,
        AlterAction::DropExpression(_) => Operation::DropExpression,
        AlterAction::AddIdentity { .. } | AlterAction::SetIdentity(_) | AlterAction::DropIdentity(_) => {
            Operation::Identity
        }
        AlterAction::ColumnStatistics(_) => Operation::ColumnStatistics,
        AlterAction::ColumnOptions(_) => Operation::ColumnOptions,
        AlterAction::ColumnStorage(_) => Operation::ColumnStorage,
        AlterAction::AddConstraint(constraint) => match &constraint.kind {
            dbwright_sql::postgres::TableConstraintKind::ForeignKey { .. } => Operation::AddForeignKey,
            _ => Operation::AddConstraint,
        },
        AlterAction::DropConstraint { .. } => Operation::DropConstraint,
        AlterAction::Validate(_) => Operation::Validate,
        AlterAction::AlterConstraint { .. } => Operation::AlterConstraint,
        AlterAction::RenameColumn { .. } | AlterAction::RenameConstraint { .. } | AlterAction::RenameTo(_) => {
            Operation::Rename
        }
        AlterAction::SetSchema(_) => Operation::SetSchema,
        AlterAction::Owner => Operation::Owner,
        AlterAction::Options(names) => {
            if names.iter().any(|name| STRONG_OPTIONS.contains(&name.as_str())) {
                Operation::StrongOptions
            } else {
                Operation::Options
            }
        }
        AlterAction::Logged(_) | AlterAction::AccessMethod(_) | AlterAction::Tablespace(_) => Operation::Rewrite,
        AlterAction::ClusterOn(_) => Operation::ClusterOn,
        AlterAction::Trigger { .. } => Operation::SwitchTrigger,
        AlterAction::Rule => Operation::Rule,
        AlterAction::RowSecurity(_) => Operation::RowSecurity,
        AlterAction::ReplicaIdentity => Operation::ReplicaIdentity,
        AlterAction::Inherit(_) | AlterAction::NoInherit(_) => Operation::Inherit,
        AlterAction::Attach { .. } => Operation::Attach,
        AlterAction::Detach { concurrently: true, .. } => Operation::DetachConcurrently,
        AlterAction::Detach { .. } => Operation::Detach,
    }
}

/// Whether an item is done to the tables below as well, so that they are locked like the one that is named.
pub(super) fn recurses(action: &AlterAction, partitioned: bool) -> bool {
    match action {
        AlterAction::AddColumn { .. }
        | AlterAction::DropColumn { .. }
        | AlterAction::Type { .. }
        | AlterAction::Default { .. }
        | AlterAction::SetNotNull(_)
        | AlterAction::DropNotNull(_)
        | AlterAction::SetExpression(..)
        | AlterAction::ColumnStatistics(_)
        | AlterAction::ColumnStorage(_)
        | AlterAction::DropConstraint { .. }
        | AlterAction::Validate(_)
        | AlterAction::RenameColumn { .. } => true,
        AlterAction::AddConstraint(constraint) => match &constraint.kind {
            dbwright_sql::postgres::TableConstraintKind::Check(_) => !constraint.no_inherit,
            dbwright_sql::postgres::TableConstraintKind::ForeignKey { .. } => partitioned,
            dbwright_sql::postgres::TableConstraintKind::NotNull(_)
            | dbwright_sql::postgres::TableConstraintKind::PrimaryKey(_)
            | dbwright_sql::postgres::TableConstraintKind::Unique { .. }
            | dbwright_sql::postgres::TableConstraintKind::UsingIndex { .. }
            | dbwright_sql::postgres::TableConstraintKind::Exclude { .. } => false,
        },
        AlterAction::AlterConstraint { .. } | AlterAction::Trigger { .. } => partitioned,
        AlterAction::DropExpression(_)
        | AlterAction::AddIdentity { .. }
        | AlterAction::SetIdentity(_)
        | AlterAction::DropIdentity(_)
        | AlterAction::ColumnOptions(_)
        | AlterAction::RenameConstraint { .. }
        | AlterAction::RenameTo(_)
        | AlterAction::SetSchema(_)
        | AlterAction::Owner
        | AlterAction::Options(_)
        | AlterAction::Logged(_)
        | AlterAction::AccessMethod(_)
        | AlterAction::Tablespace(_)
        | AlterAction::ClusterOn(_)
        | AlterAction::Rule
        | AlterAction::RowSecurity(_)
        | AlterAction::ReplicaIdentity
        | AlterAction::Inherit(_)
        | AlterAction::NoInherit(_)
        | AlterAction::Attach { .. }
        | AlterAction::Detach { .. }
        | AlterAction::Unknown(_) => false,
    }
}
