//! What a statement does with the rows that its plan finds. MySQL's steps tell it at the top; query blocks by flags at the tables
//! that are changed, and MariaDB only in the statement as it prints it back where several tables are read or rows are added.

use dbwright_catalog::{Engine, NodeRole, Operation, PlanNode};
use dbwright_sql::{Token, TokenKind, tokens};
use serde_json::Value;

use super::super::json::{Object, flag, object, text};

/// Puts a change on top of what gives the rows for it, where flags tell one.
pub(super) fn by_flags(block: &Object, rows: PlanNode) -> PlanNode {
    let value = Value::Object(block.clone());
    for (key, word) in [("update", "Update"), ("delete", "Delete from")] {
        let tables = flagged(&value, key);
        if !tables.is_empty() {
            let kept = if is_buffered(&value) { " (buffered)" } else { "" };
            return on_top(&format!("{word} {}{kept}", tables.join(", ")), rows);
        }
    }
    rows
}

/// The same by the statement as the server prints it back: ``insert into `shop`.`archive` select …``.
pub(super) fn by_statement(root: &mut PlanNode, statement: &str) {
    if root.operation == Operation::ModifyTable && root.relation.is_none() {
        return;
    }
    let words: Vec<Token<'_>> = tokens(Engine::MariaDb, statement)
        .filter(|token| !token.is_space())
        .collect();
    let Some(first) = words.first() else { return };
    let changes = [
        ("insert", "Insert into"),
        ("replace", "Replace into"),
        ("update", "Update"),
        ("delete", "Delete from"),
    ];
    let Some((key, word)) = changes.iter().find(|(key, _)| first.is(key)) else {
        return;
    };
    let behind = |word: &str| words.iter().position(|token| token.is(word)).map(|at| at + 1);
    let target = match *key {
        // The first column that is set tells its table.
        "update" => behind("set").and_then(|at| name_at(&words, at)),
        "delete" => behind("from").and_then(|at| alias_at(&words, at)),
        _ => behind("into").and_then(|at| name_at(&words, at)),
    };
    let name = target.map_or_else(|| (*word).to_owned(), |target| format!("{word} {target}"));
    let rows = std::mem::replace(root, PlanNode::new(Operation::ModifyTable, &name));
    // Of rows that stand in the statement MariaDB tells the table that they are for.
    if rows.operation == Operation::ModifyTable {
        return;
    }
    *root = on_top(&name, rows);
}

fn on_top(name: &str, rows: PlanNode) -> PlanNode {
    let mut node = PlanNode::new(Operation::ModifyTable, name);
    // Without costs, rows are those that are read: how many of them are changed is not told.
    node.estimate = rows.estimate.filter(|estimate| estimate.total_cost.is_some());
    node.actual = rows.actual;
    node.children.push(PlanNode {
        role: NodeRole::Outer,
        ..rows
    });
    node
}

/// The tables with a flag.
fn flagged(value: &Value, key: &str) -> Vec<String> {
    match value {
        Value::Object(of) => {
            let own = flag(of, key).then(|| text(of, "table_name")).flatten();
            own.into_iter()
                .chain(of.values().flat_map(|value| flagged(value, key)))
                .collect()
        }
        Value::Array(values) => values.iter().flat_map(|value| flagged(value, key)).collect(),
        _ => Vec::new(),
    }
}

/// Whether all rows are found before the first is changed.
fn is_buffered(value: &Value) -> bool {
    match value {
        Value::Object(of) => {
            object(of, "buffer").is_some()
                || text(of, "using_temporary_table").as_deref() == Some("for update")
                || of.values().any(is_buffered)
        }
        Value::Array(values) => values.iter().any(is_buffered),
        _ => false,
    }
}

/// The last but the last part of a name that is a column's, the last of one that is a table's: `o` of `` `shop`.`o`.`total` ``.
fn name_at(words: &[Token<'_>], at: usize) -> Option<String> {
    let names: Vec<String> = words[at..]
        .chunks(2)
        .map_while(|pair| {
            let name = Some(&pair[0])
                .filter(|word| word.kind == TokenKind::QuotedName)?
                .name()?;
            Some((name, pair.get(1).is_some_and(|dot| dot.is_symbol("."))))
        })
        .scan(true, |goes_on, (name, has_dot)| {
            std::mem::replace(goes_on, has_dot).then_some(name)
        })
        .collect();
    names.get(1).cloned()
}

/// The alias of a table, or its name where it has none: `o` of `` `shop`.`orders` `o` ``.
fn alias_at(words: &[Token<'_>], at: usize) -> Option<String> {
    let alias = words.get(at + 3).filter(|word| word.kind == TokenKind::QuotedName);
    alias.and_then(Token::name).or_else(|| name_at(words, at))
}
