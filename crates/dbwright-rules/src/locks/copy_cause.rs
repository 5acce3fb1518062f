//! Why MySQL and MariaDB build a table anew where one would not expect it, and the way round.
//!
//! The server's own reason (`Cannot change column type INPLACE`) names neither the column nor the limit that was crossed.
//! What is told here was tried on both servers: the examples of the rules `table-copy` and `table-rewrite` hold it.

use dbwright_catalog::{
    Column, ColumnExtra, Engine, GeneratedKind, Index, Object, ObjectBody, ObjectId, ObjectKind, TableOperation,
};

use crate::context::Context;

/// The bytes of a text up to which its length takes one byte in a row.
///
/// Manual: <https://dev.mysql.com/doc/refman/9.7/en/innodb-online-ddl-operations.html#online-ddl-column-operations>.
const SHORT_TEXT_BYTES_MAX: u32 = 255;

/// What made it necessary.
pub(super) struct CopyCause {
    /// A sentence.
    pub(super) fact: String,
    /// A sentence about what to do instead, where there is something.
    pub(super) way_round: Option<String>,
}

/// The cause, where the catalog or the server's refusal tells it.
pub(super) fn cause(context: &Context<'_>, operation: &TableOperation) -> Option<CopyCause> {
    text_type(context, &operation.table)
        .or_else(|| generated_column(context, &operation.table))
        .or_else(|| beside_virtual_columns(context, operation))
}

/// A text column whose lengths are stored otherwise from now on, or whose values are.
fn text_type(context: &Context<'_>, table: &ObjectId) -> Option<CopyCause> {
    altered_columns(context, table).find_map(|(object, old, new)| {
        let (before, after) = (Text::of(old)?, Text::of(new)?);
        let id = &object.id;
        if before.bytes() <= SHORT_TEXT_BYTES_MAX && after.bytes() > SHORT_TEXT_BYTES_MAX {
            let fits = SHORT_TEXT_BYTES_MAX / after.letter_bytes;
            return Some(CopyCause {
                fact: format!(
                    "{id} could take {} bytes and can take {}: above {SHORT_TEXT_BYTES_MAX}, the length of each value takes \
                     two bytes instead of one.",
                    before.bytes(),
                    after.bytes()
                ),
                way_round: Some(format!(
                    "Up to {fits} characters of {} need no copy; beyond them it comes once, so take the length that will do \
                     for good.",
                    after.charset
                )),
            });
        }
        if before.charset == after.charset || context.history.engine == Engine::MariaDb {
            return None;
        }
        let index = index_over(context, table, id.name())?;
        Some(CopyCause {
            fact: format!(
                "{index} covers {id}, whose character set goes from {} to {}.",
                before.charset, after.charset
            ),
            way_round: (is_utf8mb3(before.charset) && after.charset == "utf8mb4").then(|| {
                format!(
                    "Without an index over it the column is changed in place: drop {index}, change {}, and make the index again, in \
                     statements of their own; others write meanwhile, and queries miss the index.",
                    id.name()
                )
            }),
        })
    })
}

/// A column whose values the server computes.
fn generated_column(context: &Context<'_>, table: &ObjectId) -> Option<CopyCause> {
    let kind = |column: &Column| column.generated.as_ref().map(|generated| generated.kind);
    let changed = altered_columns(context, table).find(|(_, old, new)| {
        let both = (kind(old), kind(new));
        both == (Some(GeneratedKind::Virtual), Some(GeneratedKind::Virtual)) && old != new
    });
    if let Some((object, ..)) = changed {
        return Some(CopyCause {
            fact: format!("{} is a virtual column, and what it is computed as changes.", object.id),
            way_round: Some(format!(
                "No row holds its values: drop {} and add it again, in statements of their own, which touch no row; queries miss \
                 it in between.",
                object.id.name()
            )),
        });
    }
    let mut created = context
        .created()
        .filter(|object| object.id.owner_table().as_ref() == Some(table));
    let stored = created.find(|object| column(object).and_then(kind) == Some(GeneratedKind::Stored))?;
    Some(CopyCause {
        fact: format!("{} is stored, so that it is computed for every row.", stored.id),
        way_round: Some("A VIRTUAL column, with an index where it is searched, comes without a copy.".to_owned()),
    })
}

/// Virtual columns that keep the server from doing the rest the cheap way.
fn beside_virtual_columns(context: &Context<'_>, operation: &TableOperation) -> Option<CopyCause> {
    let table = &operation.table;
    let says = |words: &str| operation.refused.iter().any(|offer| offer.reason.contains(words));
    if says("indexed virtual columns") {
        let (column, index) = virtual_columns(context, table)
            .find_map(|column| Some((column, index_over(context, table, column.id.name())?)))?;
        return Some(CopyCause {
            fact: format!("{} is a virtual column with an index, {index}.", column.id),
            way_round: Some(format!(
                "Drop {index} first, in a statement of its own, and make it again afterwards: all three let others write, and \
                 queries miss the index meanwhile."
            )),
        });
    }
    if !says("virtual columns cannot be combined") {
        return None;
    }
    let is_of_table = |object: &&Object| object.id.owner_table().as_ref() == Some(table) && is_virtual(object);
    let changed = context.created().chain(context.dropped()).find(is_of_table);
    if let Some(changed) = changed {
        return Some(CopyCause {
            fact: format!(
                "{} is a virtual column: it comes and goes without a copy only by itself.",
                changed.id
            ),
            way_round: Some("Give virtual columns and everything else an ALTER TABLE each.".to_owned()),
        });
    }
    let column = virtual_columns(context, table).next()?;
    Some(CopyCause {
        fact: format!(
            "{} is a virtual column: beside one, {} adds columns at the end of a table only.",
            column.id, context.history.engine
        ),
        way_round: Some("Leave FIRST and AFTER out: the order of columns matters to `SELECT *` alone.".to_owned()),
    })
}

fn virtual_columns<'a>(context: &Context<'a>, table: &ObjectId) -> impl Iterator<Item = &'a Object> {
    let columns = context.timeline.standing_after(context.position, ObjectKind::Column);
    columns.filter(move |object| object.id.owner_table().as_ref() == Some(table) && is_virtual(object))
}

fn is_virtual(object: &Object) -> bool {
    let generated = column(object).and_then(|column| column.generated.as_ref());
    generated.is_some_and(|generated| generated.kind == GeneratedKind::Virtual)
}

/// An index over a column, as people call it.
fn index_over(context: &Context<'_>, table: &ObjectId, column: &str) -> Option<String> {
    let covers = |index: &Index| {
        let mut keys = index.keys.iter();
        index.table == *table && keys.any(|key| key.trim_matches('`').split('(').next() == Some(column))
    };
    let mut indexes = context.timeline.standing_after(context.position, ObjectKind::Index);
    let found = indexes.find(|object| matches!(&object.body, ObjectBody::Index(index) if covers(index)))?;
    Some(format!("the index {}", found.id))
}

fn altered_columns<'a>(
    context: &Context<'a>,
    table: &ObjectId,
) -> impl Iterator<Item = (&'a Object, &'a Column, &'a Column)> {
    context.altered().filter_map(move |(before, after)| {
        let is_of_table = after.id.owner_table().as_ref() == Some(table);
        is_of_table.then_some((after, column(before)?, column(after)?))
    })
}

fn column(object: &Object) -> Option<&Column> {
    match &object.body {
        ObjectBody::Column(column) => Some(column),
        _ => None,
    }
}

/// A `varchar` with its character set.
struct Text<'a> {
    letters: u32,
    charset: &'a str,
    /// Bytes that a letter takes at most.
    letter_bytes: u32,
}

impl<'a> Text<'a> {
    fn of(column: &'a Column) -> Option<Text<'a>> {
        let letters = column
            .type_name
            .strip_prefix("varchar(")?
            .split(')')
            .next()?
            .parse()
            .ok()?;
        let ColumnExtra::MySqlFamily(extra) = &column.extra else {
            return None;
        };
        let charset = extra.charset.as_deref()?;
        Some(Text {
            letters,
            charset,
            letter_bytes: letter_bytes(charset)?,
        })
    }

    fn bytes(&self) -> u32 {
        self.letters.saturating_mul(self.letter_bytes)
    }
}

fn is_utf8mb3(charset: &str) -> bool {
    matches!(charset, "utf8mb3" | "utf8")
}

/// `Maxlen` of `SHOW CHARACTER SET`, for the sets that are in use.
///
/// Manual: <https://dev.mysql.com/doc/refman/9.7/en/charset-charsets.html>.
fn letter_bytes(charset: &str) -> Option<u32> {
    match charset {
        "latin1" | "latin2" | "ascii" | "binary" | "cp1250" | "cp1251" | "koi8r" => Some(1),
        "ucs2" | "gbk" | "sjis" | "cp932" | "big5" | "euckr" => Some(2),
        "utf8mb3" | "utf8" | "ujis" | "eucjpms" => Some(3),
        "utf8mb4" | "utf16" | "utf32" | "gb18030" => Some(4),
        _ => None,
    }
}
