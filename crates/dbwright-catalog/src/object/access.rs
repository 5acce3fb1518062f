//! What is said of other objects: comments, owners, and who may do what.

/// The comment on an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Comment {
    /// Its text.
    pub text: String,
}

/// Who owns an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Owner {
    /// The role.
    pub role: String,
}

/// What one grantee may do with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Grant {
    /// The privileges, in the order of their names.
    pub privileges: Vec<Privilege>,
}

/// One privilege of a grantee.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Privilege {
    /// Its name in `GRANT`: `SELECT`.
    pub name: String,
    /// The columns it is limited to (MySQL and MariaDB; on PostgreSQL such a grant is on the column).
    pub columns: Vec<String>,
    /// `WITH GRANT OPTION`.
    pub grantable: bool,
}

/// What a grantee will be granted on new objects.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DefaultPrivilege {
    /// The privileges, in the order of their names.
    pub privileges: Vec<Privilege>,
}

/// That a role is a member of another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Membership {
    /// `WITH ADMIN OPTION`.
    pub admin: bool,
    /// `WITH INHERIT` (16 and later).
    pub inherit: Option<bool>,
    /// `WITH SET` (16 and later).
    pub set: Option<bool>,
}

/// The security label of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SecurityLabel {
    /// Its text, as the provider reads it.
    pub text: String,
}
