//! Schemas, extensions, types and sequences: what tables stand on.

use super::{ObjectId, PostgresSequence};

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
        /// Collation, where it is not that of the type below it.
        collation: Option<String>,
        /// Whether NULL is refused.
        not_null: bool,
        /// The name of the constraint that refuses NULL (17 and later).
        not_null_name: Option<String>,
        /// Default expression.
        default: Option<String>,
        /// Its checks, by name.
        checks: Vec<DomainCheck>,
    },
    /// A composite type with its attributes in order.
    Composite(Vec<Attribute>),
    /// A range.
    Range(RangeType),
    /// A type that functions of its own read and print.
    Base(BaseType),
    /// A type of which nothing but the name is known.
    Shell,
}

/// A check of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DomainCheck {
    /// Its name.
    pub name: String,
    /// `CHECK ((VALUE > 0))`, as the server prints it.
    pub definition: String,
    /// Whether existing values are known to satisfy it.
    pub validated: bool,
}

/// An attribute of a composite type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its type as the server prints it.
    pub type_name: String,
    /// Collation, where it is not the type's own.
    pub collation: Option<String>,
}

/// A range type. Names are as the server prints them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RangeType {
    /// The type of its bounds.
    pub subtype: String,
    /// The operator class that orders its bounds, where it is not the type's default.
    pub operator_class: Option<String>,
    /// The collation that orders its bounds, where it is not the type's own.
    pub collation: Option<String>,
    /// The function that makes equal ranges look the same.
    pub canonical: Option<String>,
    /// The function that measures distances.
    pub difference: Option<String>,
    /// Its multirange type (14 and later).
    pub multirange: Option<ObjectId>,
}

/// A base type. Functions and types are as the server prints them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BaseType {
    /// The functions that serve it, by the word for each in `CREATE TYPE`: `INPUT`, `OUTPUT`.
    pub functions: Vec<(String, String)>,
    /// Bytes of a value; -1 where it varies, -2 for C strings.
    pub length: i32,
    /// Whether values are passed by value.
    pub by_value: bool,
    /// `c`har, `s`hort, `i`nt, `d`ouble.
    pub alignment: char,
    /// `p`lain, `e`xternal, `m`ain, e`x`tended.
    pub storage: char,
    /// The category that decides about implicit casts.
    pub category: char,
    /// Whether it is preferred within its category.
    pub preferred: bool,
    /// Default value.
    pub default: Option<String>,
    /// The type of its elements.
    pub element: Option<String>,
    /// What separates elements in arrays of it.
    pub delimiter: char,
    /// Whether its values have a collation.
    pub collatable: bool,
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
    /// What only PostgreSQL sequences have.
    pub postgres: Option<PostgresSequence>,
}
