//! The items of `ALTER TABLE` (<https://dev.mysql.com/doc/refman/9.7/en/alter-table.html>,
//! <https://mariadb.com/docs/server/reference/sql-statements/data-definition/alter/alter-table>).

use super::column::{column, default_value};
use super::parser::Parser;
use super::table::{Key, key, option, partition_list, partitions};
use super::types::{AlterItem, ColumnChange, Place};

/// Reads all items. What is not understood ends them by name.
pub(super) fn items(parser: &mut Parser<'_>) -> Vec<AlterItem> {
    let mut items = Vec::new();
    while !parser.at_end() {
        if parser.accept_symbol(",") || clause(parser) {
            continue;
        }
        let before = items.len();
        let word = parser.peek().map(|token| token.text.to_ascii_uppercase());
        if item(parser, &mut items).is_none() {
            items.truncate(before);
            items.push(AlterItem::Other(word.unwrap_or_default()));
            return items;
        }
    }
    items
}

/// `ALGORITHM` and `LOCK`, which others read.
fn clause(parser: &mut Parser<'_>) -> bool {
    if !parser.accept_any(&["algorithm", "lock"]) {
        return parser.accept_any(&["nowait"])
            || parser.accept_all(&["with", "validation"])
            || parser.accept_all(&["without", "validation"]);
    }
    parser.option_value();
    true
}

fn item(parser: &mut Parser<'_>, items: &mut Vec<AlterItem>) -> Option<()> {
    let mut ahead = parser.clone();
    let word = ahead.peek()?.folded()?;
    ahead.reader.next();
    let item = match word.as_str() {
        "add" => {
            *parser = ahead;
            return add(parser, items);
        }
        "drop" => {
            *parser = ahead;
            drop_item(parser)?
        }
        "modify" | "change" => {
            *parser = ahead;
            parser.accept("column");
            let if_exists = parser.if_exists();
            let from = if word == "change" {
                parser.name()?
            } else {
                parser.peek()?.name()?
            };
            AlterItem::ChangeColumn {
                from,
                column: column(parser).ok()?,
                place: place(parser)?,
                if_exists,
            }
        }
        "alter" => {
            *parser = ahead;
            alter_part(parser)?
        }
        "rename" => {
            *parser = ahead;
            rename(parser)?
        }
        "order" => {
            *parser = ahead;
            parser.accept("by");
            while parser.peek().is_some() {
                parser.reader.next();
            }
            AlterItem::OrderBy
        }
        "force" => {
            *parser = ahead;
            AlterItem::Force
        }
        "convert" if ahead.accept("to") => {
            *parser = ahead;
            convert(parser)?
        }
        "partition" => AlterItem::PartitionBy(partitions(parser)?),
        "remove" if ahead.accept("partitioning") => {
            *parser = ahead;
            partition("REMOVE")
        }
        "truncate" | "coalesce" | "reorganize" | "rebuild" | "exchange" | "analyze" | "check" | "optimize"
        | "repair" => {
            *parser = ahead;
            partition_work(parser, &word)?
        }
        "discard" | "import" | "enable" | "disable" | "with" | "without" => return None,
        _ => {
            let (name, value) = option(parser)?;
            AlterItem::Option { name, value }
        }
    };
    items.push(item);
    Some(())
}

fn partition(what: &'static str) -> AlterItem {
    AlterItem::Partition {
        what,
        names: Vec::new(),
        made: Vec::new(),
    }
}

fn add(parser: &mut Parser<'_>, items: &mut Vec<AlterItem>) -> Option<()> {
    if parser.at("partition") {
        parser.accept("partition");
        let _ = parser.if_not_exists();
        let made = if parser.at_symbol("(") {
            partition_list(parser)?
        } else {
            parser.accept("partitions");
            parser.reader.next();
            Vec::new()
        };
        items.push(AlterItem::Partition {
            what: "ADD",
            names: Vec::new(),
            made,
        });
        return Some(());
    }
    if parser.accept_all(&["system", "versioning"]) {
        items.push(AlterItem::SystemVersioning);
        return Some(());
    }
    if parser.accept_all(&["period", "for"]) {
        return None;
    }
    // `IF NOT EXISTS` stands behind the kind: it is read with the name, and looked for here.
    let mut ahead = parser.clone();
    let mut if_not_exists = false;
    for _ in 0..4 {
        if_not_exists |= ahead.clone().if_not_exists();
        ahead.reader.next();
    }
    match key(parser) {
        Some(Ok(Key::Index(index))) => items.push(AlterItem::AddIndex { index, if_not_exists }),
        Some(Ok(Key::Foreign(key))) => items.push(AlterItem::AddForeignKey { key, if_not_exists }),
        Some(Ok(Key::Check(check))) => items.push(AlterItem::AddCheck { check, if_not_exists }),
        Some(Err(_)) => return None,
        None => return add_columns(parser, items),
    }
    Some(())
}

fn add_columns(parser: &mut Parser<'_>, items: &mut Vec<AlterItem>) -> Option<()> {
    parser.accept("column");
    let if_not_exists = parser.if_not_exists();
    if !parser.accept_symbol("(") {
        items.push(AlterItem::AddColumn {
            column: column(parser).ok()?,
            place: place(parser)?,
            if_not_exists,
        });
        return Some(());
    }
    loop {
        match key(parser) {
            Some(Ok(Key::Index(index))) => items.push(AlterItem::AddIndex { index, if_not_exists }),
            Some(Ok(Key::Foreign(key))) => items.push(AlterItem::AddForeignKey { key, if_not_exists }),
            Some(Ok(Key::Check(check))) => items.push(AlterItem::AddCheck { check, if_not_exists }),
            Some(Err(_)) => return None,
            None => items.push(AlterItem::AddColumn {
                column: column(parser).ok()?,
                place: Place::AsIs,
                if_not_exists,
            }),
        }
        if !parser.accept_symbol(",") {
            break;
        }
    }
    parser.accept_symbol(")").then_some(())
}

fn place(parser: &mut Parser<'_>) -> Option<Place> {
    if parser.accept("first") {
        Some(Place::First)
    } else if parser.accept("after") {
        parser.name().map(Place::After)
    } else {
        Some(Place::AsIs)
    }
}

fn drop_item(parser: &mut Parser<'_>) -> Option<AlterItem> {
    if parser.accept_any(&["index", "key"]) {
        let if_exists = parser.if_exists();
        let name = parser.name()?;
        return Some(AlterItem::DropIndex { name, if_exists });
    }
    if parser.accept_all(&["primary", "key"]) {
        return Some(AlterItem::DropIndex {
            name: "PRIMARY".to_owned(),
            if_exists: false,
        });
    }
    if parser.accept_all(&["foreign", "key"]) {
        let if_exists = parser.if_exists();
        let name = parser.name()?;
        return Some(AlterItem::DropForeignKey { name, if_exists });
    }
    if parser.accept_any(&["check", "constraint"]) {
        let if_exists = parser.if_exists();
        let name = parser.name()?;
        return Some(AlterItem::DropConstraint { name, if_exists });
    }
    if parser.accept("partition") {
        let _ = parser.if_exists();
        return Some(AlterItem::Partition {
            what: "DROP",
            names: partition_names(parser)?,
            made: Vec::new(),
        });
    }
    if parser.accept_all(&["system", "versioning"]) {
        return Some(AlterItem::SystemVersioning);
    }
    if parser.accept_all(&["period", "for"]) {
        return None;
    }
    parser.accept("column");
    let if_exists = parser.if_exists();
    let name = parser.name()?;
    parser.accept_any(&["restrict", "cascade"]);
    Some(AlterItem::DropColumn { name, if_exists })
}

fn alter_part(parser: &mut Parser<'_>) -> Option<AlterItem> {
    if parser.accept_any(&["index", "key"]) {
        let _ = parser.if_exists();
        let name = parser.name()?;
        let hidden = if parser.accept_any(&["invisible", "ignored"]) {
            true
        } else if parser.accept("visible") || parser.accept_all(&["not", "ignored"]) {
            false
        } else {
            return None;
        };
        return Some(AlterItem::AlterIndex { name, hidden });
    }
    if parser.accept_any(&["check", "constraint"]) {
        let name = parser.name()?;
        let enforced = !parser.accept("not");
        return parser
            .accept("enforced")
            .then_some(AlterItem::AlterCheck { name, enforced });
    }
    parser.accept("column");
    let if_exists = parser.if_exists();
    let name = parser.name()?;
    let change = if parser.accept_all(&["set", "default"]) {
        ColumnChange::SetDefault(default_value(parser)?)
    } else if parser.accept_all(&["drop", "default"]) {
        ColumnChange::DropDefault
    } else if parser.accept_all(&["set", "visible"]) {
        ColumnChange::Visibility { invisible: false }
    } else if parser.accept_all(&["set", "invisible"]) {
        ColumnChange::Visibility { invisible: true }
    } else {
        return None;
    };
    Some(AlterItem::AlterColumn {
        name,
        change,
        if_exists,
    })
}

fn rename(parser: &mut Parser<'_>) -> Option<AlterItem> {
    let is_column = parser.accept("column");
    if is_column || parser.accept_any(&["index", "key"]) {
        let if_exists = parser.if_exists();
        let from = parser.name()?;
        parser.accept("to");
        let to = parser.name()?;
        return Some(if is_column {
            AlterItem::RenameColumn { from, to, if_exists }
        } else {
            AlterItem::RenameIndex { from, to, if_exists }
        });
    }
    parser.accept_any(&["to", "as"]);
    parser.reader.accept_equals();
    parser.table_name().map(AlterItem::RenameTo)
}

fn convert(parser: &mut Parser<'_>) -> Option<AlterItem> {
    if !parser.accept_all(&["character", "set"]) && !parser.accept("charset") {
        return None;
    }
    let charset = if parser.accept("default") {
        None
    } else {
        Some(parser.option_value()?.to_ascii_lowercase())
    };
    let collation = if parser.accept("collate") {
        Some(parser.option_value()?.to_ascii_lowercase())
    } else {
        None
    };
    Some(AlterItem::ConvertTo { charset, collation })
}

fn partition_names(parser: &mut Parser<'_>) -> Option<Vec<String>> {
    if parser.accept("all") {
        return Some(Vec::new());
    }
    let mut names = vec![parser.name()?];
    while parser.accept_symbol(",") {
        names.push(parser.name()?);
    }
    Some(names)
}

fn partition_work(parser: &mut Parser<'_>, word: &str) -> Option<AlterItem> {
    let works = [
        "TRUNCATE",
        "COALESCE",
        "REORGANIZE",
        "REBUILD",
        "EXCHANGE",
        "ANALYZE",
        "CHECK",
        "OPTIMIZE",
        "REPAIR",
    ];
    let what = works.into_iter().find(|work| work.eq_ignore_ascii_case(word))?;
    if !parser.accept("partition") {
        return None;
    }
    let mut names = Vec::new();
    let mut made = Vec::new();
    if what == "COALESCE" {
        parser.reader.next();
    } else if !parser.at_end() {
        names = partition_names(parser)?;
    }
    if what == "REORGANIZE" && parser.accept("into") {
        made = partition_list(parser)?;
    }
    if what == "EXCHANGE" {
        parser.accept_all(&["with", "table"]).then_some(())?;
        parser.table_name()?;
    }
    Some(AlterItem::Partition { what, names, made })
}
