//! Schemas, extensions, types and sequences: what tables stand on.

use super::ObjectId;

/// A schema.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Schema {}

/// An installed extension.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Extension {
    /// Installed version.
    pub version: String,
    /// The schema that holds its objects.
    pub schema: String,
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Type {
    /// What kind of type.
    pub kind: TypeKind,
}

/// What kind of type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TypeKind {
    /// An enum with its labels in order.
    Enum(Vec<String>),
    /// A domain.
    Domain {
        /// The type below it, as the server prints it.
        base: String,
        /// Whether NULL is refused.
        not_null: bool,
        /// Default expression.
        default: Option<String>,
        /// Expressions of its checks, as the server prints them, with `VALUE` for the value.
        checks: Vec<String>,
    },
    /// A composite type: attributes as (name, type).
    Composite(Vec<(String, String)>),
    /// A range over this type.
    Range(String),
    /// Any other type of a user (base types of extensions, shells).
    Other,
}

/// A sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sequence {
    /// `bigint`, `integer`, `smallint`.
    pub type_name: String,
    /// First value.
    pub start: i64,
    /// Step.
    pub increment: i64,
    /// Lowest value.
    pub minimum: i64,
    /// Highest value.
    pub maximum: i64,
    /// Whether it starts again at the end.
    pub cycle: bool,
    /// The column that owns it.
    pub owned_by: Option<ObjectId>,
}
