//! Which family of values a column takes, from the name of its type.

mod mysql_family;

use dbwright_catalog::{Catalog, Column, Engine, ObjectId, ObjectKind, Table, TableExtra, TypeKind};

/// How many domains over domains are followed.
const DOMAIN_DEPTH_MAX: u32 = 8;

/// A family of values.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Integer {
        minimum: i64,
        maximum: i64,
    },
    /// Digits before the point, and after it.
    Decimal {
        whole: Option<u32>,
        fraction: u32,
    },
    Float,
    /// At most so many letters.
    Text {
        limit: Option<usize>,
    },
    /// Exactly so many letters are best: where columns of fixed and of free length refer to each other, MySQL takes
    /// `char` values for equal to `varchar` ones only where nothing is padded.
    Letters {
        length: usize,
    },
    /// At most so many bytes; exactly so many where shorter values would be padded.
    Bytes {
        limit: Option<usize>,
        padded: bool,
    },
    Boolean,
    Date,
    Time,
    Timestamp,
    /// A moment between 1970 and 2038.
    UnixTime,
    Interval,
    Uuid,
    Json,
    Network {
        prefix: bool,
    },
    /// An IPv6 address, and only that.
    Network6,
    MacAddress {
        bytes: usize,
    },
    Bits {
        length: usize,
    },
    Array(Box<Kind>),
    Range(Box<Kind>),
    Multirange(Box<Kind>),
    Enum(Vec<String>),
    /// `pgvector` and its relatives.
    Vector {
        dimensions: usize,
    },
    SparseVector {
        dimensions: usize,
    },
    /// A shape of MySQL or MariaDB: `point`, `polygon`, in this spatial reference system.
    Geometry {
        shape: String,
        srid: u32,
    },
    /// A composite of so many attributes.
    Composite {
        attributes: usize,
    },
    /// One text is as good as any other; whether values can be compared with `=` is told apart.
    Fixed {
        text: &'static str,
        comparable: bool,
    },
    /// Nothing is known of it; its name.
    Unknown(String),
}

/// What a column takes, with what its domain adds.
#[derive(Clone, Debug)]
pub(super) struct ColumnType {
    pub(super) kind: Kind,
    /// Whether the domain refuses NULL.
    pub(super) not_null: bool,
    /// The domain's checks, with `VALUE` for the value.
    pub(super) checks: Vec<String>,
    /// The domain's default.
    pub(super) default: Option<String>,
}

impl ColumnType {
    /// What this column takes. `key` says whether rows must differ in it.
    pub(super) fn of(catalog: &Catalog, table: &Table, column: &Column, key: bool) -> ColumnType {
        match catalog.server.engine {
            Engine::Postgres => {}
            Engine::Sqlite => {
                let strict = matches!(&table.extra, TableExtra::Sqlite(extra) if extra.strict);
                return ColumnType::plain(sqlite_kind(&column.type_name, strict));
            }
            Engine::MySql | Engine::MariaDb => return ColumnType::plain(mysql_family::kind(column, key)),
        }
        let mut column_type = ColumnType::plain(Kind::Unknown(String::new()));
        let mut name = column.type_name.clone();
        for _ in 0..DOMAIN_DEPTH_MAX {
            match user_type(catalog, &name) {
                Some(TypeKind::Domain {
                    base,
                    not_null,
                    default,
                    checks,
                    ..
                }) => {
                    column_type.not_null |= not_null;
                    column_type
                        .checks
                        .extend(checks.iter().map(|check| check.definition.clone()));
                    column_type.default = column_type.default.or_else(|| default.clone());
                    name.clone_from(base);
                }
                _ => break,
            }
        }
        column_type.kind = postgres_kind(catalog, &name, DOMAIN_DEPTH_MAX);
        column_type
    }

    fn plain(kind: Kind) -> ColumnType {
        ColumnType {
            kind,
            not_null: false,
            checks: Vec::new(),
            default: None,
        }
    }
}

impl Kind {
    /// As many bytes as one likes.
    pub(super) const BYTES: Kind = Kind::Bytes {
        limit: None,
        padded: false,
    };

    /// Whether `=` works on its values and literals.
    pub(super) fn is_comparable(&self) -> bool {
        match self {
            Kind::Fixed { comparable, .. } => *comparable,
            Kind::Array(element) => element.is_comparable(),
            Kind::Json
            | Kind::Composite { .. }
            | Kind::SparseVector { .. }
            | Kind::Vector { .. }
            | Kind::Geometry { .. }
            | Kind::Unknown(_) => false,
            _ => true,
        }
    }

    /// Whether its values are numbers to conditions.
    pub(super) fn is_number(&self) -> bool {
        matches!(self, Kind::Integer { .. } | Kind::Decimal { .. } | Kind::Float)
    }
}

/// The name without its modifiers, and the modifiers: `numeric(10,2)` is `numeric` and 10, 2;
/// `timestamp(3) without time zone` is `timestamp without time zone` and 3.
fn split_modifiers(name: &str) -> (String, Vec<i64>) {
    let Some((before, rest)) = name.split_once('(') else {
        return (name.trim().to_owned(), Vec::new());
    };
    let Some((inner, after)) = rest.split_once(')') else {
        return (name.to_owned(), Vec::new());
    };
    let modifiers = inner
        .split(',')
        .filter_map(|modifier| modifier.trim().parse().ok())
        .collect();
    (format!("{}{after}", before.trim_end()).trim().to_owned(), modifiers)
}

fn postgres_kind(catalog: &Catalog, name: &str, depth: u32) -> Kind {
    if let Some(element) = name.trim().strip_suffix("[]").filter(|_| depth > 0) {
        return Kind::Array(Box::new(match user_type(catalog, element) {
            Some(TypeKind::Domain { base, .. }) => postgres_kind(catalog, base, depth - 1),
            _ => postgres_kind(catalog, element, depth - 1),
        }));
    }
    let (plain, modifiers) = split_modifiers(name);
    match user_type(catalog, &plain) {
        Some(TypeKind::Enum(labels)) => return Kind::Enum(labels.clone()),
        Some(TypeKind::Composite(attributes)) => {
            return Kind::Composite {
                attributes: attributes.len(),
            };
        }
        Some(TypeKind::Range(range)) if depth > 0 => {
            return Kind::Range(Box::new(postgres_kind(catalog, &range.subtype, depth - 1)));
        }
        Some(TypeKind::Domain { base, .. }) if depth > 0 => return postgres_kind(catalog, base, depth - 1),
        _ => {}
    }
    let lower = plain.to_lowercase();
    let local = lower.rsplit('.').next().unwrap_or(&lower).trim_matches('"');
    builtin(local, &modifiers).unwrap_or(Kind::Unknown(name.to_owned()))
}

fn builtin(name: &str, modifiers: &[i64]) -> Option<Kind> {
    let length = || modifiers.first().and_then(|length| usize::try_from(*length).ok());
    let integer = |minimum, maximum| Kind::Integer { minimum, maximum };
    Some(match name {
        "smallint" | "int2" | "smallserial" => integer(i64::from(i16::MIN), i64::from(i16::MAX)),
        "integer" | "int" | "int4" | "serial" => integer(i64::from(i32::MIN), i64::from(i32::MAX)),
        "bigint" | "int8" | "bigserial" => integer(i64::MIN, i64::MAX),
        "oid" => integer(1, i64::from(u32::MAX)),
        "numeric" | "decimal" => decimal(modifiers),
        "money" => Kind::Decimal {
            whole: None,
            fraction: 2,
        },
        "real" | "float4" | "double precision" | "float8" => Kind::Float,
        "text" | "citext" => Kind::Text { limit: None },
        "character varying" | "varchar" => Kind::Text { limit: length() },
        "character" | "char" | "bpchar" => Kind::Text {
            limit: length().or((name != "bpchar").then_some(1)),
        },
        "name" => Kind::Text { limit: Some(63) },
        "bytea" => Kind::BYTES,
        "boolean" | "bool" => Kind::Boolean,
        "date" => Kind::Date,
        _ if name.starts_with("timestamp") => Kind::Timestamp,
        _ if name.starts_with("time") => Kind::Time,
        _ if name.starts_with("interval") => Kind::Interval,
        "uuid" => Kind::Uuid,
        "json" | "jsonb" => Kind::Json,
        "inet" => Kind::Network { prefix: false },
        "cidr" => Kind::Network { prefix: true },
        "macaddr" => Kind::MacAddress { bytes: 6 },
        "macaddr8" => Kind::MacAddress { bytes: 8 },
        "bit" => Kind::Bits {
            length: length().unwrap_or(1),
        },
        "bit varying" | "varbit" => Kind::Bits {
            length: length().unwrap_or(8).min(8),
        },
        "vector" | "halfvec" => Kind::Vector {
            dimensions: length().unwrap_or(3),
        },
        "sparsevec" => Kind::SparseVector {
            dimensions: length().unwrap_or(3),
        },
        _ => return range(name).or_else(|| fixed(name)),
    })
}

fn decimal(modifiers: &[i64]) -> Kind {
    let part = |number: i64| u32::try_from(number.max(0)).unwrap_or(0);
    match modifiers {
        [] => Kind::Decimal {
            whole: None,
            fraction: 1,
        },
        [precision] => Kind::Decimal {
            whole: Some(part(*precision)),
            fraction: 0,
        },
        // A negative scale rounds digits before the point away.
        [precision, scale, ..] => Kind::Decimal {
            whole: Some(part(*precision - (*scale).max(0))),
            fraction: part(*scale),
        },
    }
}

fn range(name: &str) -> Option<Kind> {
    let (stem, several) = match name.strip_suffix("multirange") {
        Some(stem) => (stem, true),
        None => (name.strip_suffix("range")?, false),
    };
    let element = match stem {
        "int4" => builtin("integer", &[])?,
        "int8" => builtin("bigint", &[])?,
        "num" => builtin("numeric", &[])?,
        "date" => Kind::Date,
        "ts" | "tstz" => Kind::Timestamp,
        _ => return None,
    };
    Some(if several {
        Kind::Multirange(Box::new(element))
    } else {
        Kind::Range(Box::new(element))
    })
}

/// Types of which any value will do.
fn fixed(name: &str) -> Option<Kind> {
    let (text, comparable) = match name {
        "tsvector" => ("'dbwright':1", true),
        "tsquery" => ("'dbwright'", true),
        "point" => ("(1,2)", false),
        "line" => ("{1,2,3}", false),
        "lseg" => ("[(1,2),(3,4)]", false),
        "box" => ("(3,4),(1,2)", false),
        "path" => ("((1,2),(3,4))", false),
        "polygon" => ("((1,2),(3,4),(5,1))", false),
        "circle" => ("<(1,2),3>", false),
        "xml" => ("<dbwright/>", false),
        // A literal next to their `=` is read as an OID.
        "regclass" => ("pg_catalog.pg_class", false),
        "regtype" => ("integer", false),
        "regproc" => ("pg_catalog.pg_backend_pid", false),
        "regprocedure" => ("pg_catalog.pg_backend_pid()", false),
        "regoper" => ("pg_catalog.||/", false),
        "regoperator" => ("pg_catalog.+(integer,integer)", false),
        "regnamespace" => ("pg_catalog", false),
        "regrole" => ("pg_monitor", false),
        "regcollation" => ("pg_catalog.\"C\"", false),
        "regconfig" | "regdictionary" => ("pg_catalog.simple", false),
        "jsonpath" => ("$", false),
        "pg_lsn" => ("0/1", true),
        "pg_snapshot" | "txid_snapshot" => ("1:1:", false),
        "tid" => ("(0,1)", true),
        "xid" | "cid" | "xid8" => ("1", true),
        "hstore" => ("\"dbwright\"=>\"1\"", false),
        "ltree" => ("dbwright", true),
        "lquery" => ("dbwright.*", false),
        "ltxtquery" => ("dbwright", false),
        "cube" => ("(1,2,3)", false),
        "seg" => ("1", false),
        "isbn" | "isbn13" => ("978-0-393-04002-9", true),
        "geometry" | "geography" => ("SRID=4326;POINT(1 2)", false),
        _ => return None,
    };
    Some(Kind::Fixed { text, comparable })
}

/// The model of a type of a user, by the name that a column prints: `mood`, `app.mood`, `"Mood"`.
fn user_type<'a>(catalog: &'a Catalog, name: &str) -> Option<&'a TypeKind> {
    let parts = name_parts(name);
    let body = |id: &ObjectId| match &catalog.get(id)?.body {
        dbwright_catalog::ObjectBody::Type(found) => Some(&found.kind),
        _ => None,
    };
    match parts.as_slice() {
        [schema, name] => body(&ObjectId::new(ObjectKind::Type, [schema, name])),
        [name] => body(&ObjectId::new(ObjectKind::Type, ["public", name])).or_else(|| {
            let first = ObjectId {
                kind: ObjectKind::Type,
                path: Vec::new(),
            };
            let mut types = catalog
                .objects
                .range(first..)
                .take_while(|(id, _)| id.kind == ObjectKind::Type);
            types.find(|(id, _)| id.name() == name).and_then(|(id, _)| body(id))
        }),
        _ => None,
    }
}

/// The parts of a possibly quoted, possibly qualified name.
fn name_parts(name: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut in_quotes = false;
    let mut letters = name.trim().chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if in_quotes && letters.peek() == Some(&'"') => {
                letters.next();
                part.push('"');
            }
            '"' => in_quotes = !in_quotes,
            '.' if !in_quotes => parts.push(std::mem::take(&mut part)),
            letter => part.push(letter),
        }
    }
    parts.push(part);
    parts
}

/// By what people mean with a type name; where the name says nothing, by its affinity
/// (<https://www.sqlite.org/datatype3.html>).
fn sqlite_kind(type_name: &str, strict: bool) -> Kind {
    let (plain, modifiers) = split_modifiers(&type_name.to_uppercase());
    let limit = modifiers
        .first()
        .and_then(|limit| usize::try_from(*limit).ok())
        .filter(|limit| *limit > 0);
    let integer = Kind::Integer {
        minimum: i64::MIN,
        maximum: i64::MAX,
    };
    if strict {
        return match plain.as_str() {
            "INT" | "INTEGER" => integer,
            "REAL" => Kind::Float,
            "BLOB" => Kind::BYTES,
            _ => Kind::Text { limit: None },
        };
    }
    let has = |part: &str| plain.contains(part);
    match plain.as_str() {
        "BOOLEAN" | "BOOL" => Kind::Boolean,
        "DATE" => Kind::Date,
        "TIME" => Kind::Time,
        "JSON" | "JSONB" => Kind::Json,
        "UUID" | "GUID" => Kind::Uuid,
        _ if has("DATETIME") || has("TIMESTAMP") => Kind::Timestamp,
        "SMALLINT" | "INT2" => Kind::Integer {
            minimum: i64::from(i16::MIN),
            maximum: i64::from(i16::MAX),
        },
        _ if has("INT") => integer,
        _ if has("CHAR") || has("CLOB") || has("TEXT") => Kind::Text { limit },
        _ if has("BLOB") || has("BYTEA") || has("BINARY") => Kind::BYTES,
        _ if has("REAL") || has("FLOA") || has("DOUB") => Kind::Float,
        "NUMERIC" | "DECIMAL" => decimal(&modifiers),
        _ => Kind::Text { limit: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_types_are_split_into_parts() {
        assert_eq!(name_parts("app.\"My.Type\""), ["app", "My.Type"]);
        assert_eq!(split_modifiers("numeric(10,2)"), ("numeric".to_owned(), vec![10, 2]));
        assert_eq!(
            split_modifiers("timestamp(3) without time zone"),
            ("timestamp without time zone".to_owned(), vec![3])
        );
    }

    #[test]
    fn digits_before_the_point_are_what_precision_leaves() {
        assert_eq!(
            decimal(&[4, 2]),
            Kind::Decimal {
                whole: Some(2),
                fraction: 2
            }
        );
        assert_eq!(
            decimal(&[2, 4]),
            Kind::Decimal {
                whole: Some(0),
                fraction: 4
            }
        );
        assert_eq!(
            decimal(&[3, -2]),
            Kind::Decimal {
                whole: Some(3),
                fraction: 0
            }
        );
    }

    #[test]
    fn sqlite_types_are_what_people_mean_with_them() {
        assert_eq!(sqlite_kind("varchar(20)", false), Kind::Text { limit: Some(20) });
        assert_eq!(sqlite_kind("DATETIME", false), Kind::Timestamp);
        assert!(matches!(sqlite_kind("UNSIGNED BIG INT", false), Kind::Integer { .. }));
        assert_eq!(sqlite_kind("ANY", true), Kind::Text { limit: None });
        assert_eq!(sqlite_kind("", false), Kind::Text { limit: None });
    }
}
