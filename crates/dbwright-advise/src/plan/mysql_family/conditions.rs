//! Conditions as both engines print them, without the databases that they name before each column; and those that MariaDB leaves
//! out.

use dbwright_catalog::{ConditionKind, Engine, PlanCondition, PlanNode};
use dbwright_sql::{Token, TokenKind, tokens};

use super::PLANNED_ANEW;
use crate::query::Query;

/// A condition without the databases: ``(`shop`.`o`.`total` > 5)``.
pub(super) fn unqualified(condition: &str) -> String {
    let words: Vec<Token<'_>> = tokens(Engine::MySql, condition).collect();
    let is_quoted = |index: usize| {
        words
            .get(index)
            .is_some_and(|token| token.kind == TokenKind::QuotedName)
    };
    let is_dot = |index: usize| words.get(index).is_some_and(|token| token.is_symbol("."));
    let mut text = String::with_capacity(condition.len());
    let mut index = 0;
    while index < words.len() {
        let is_database =
            is_quoted(index) && is_dot(index + 1) && is_quoted(index + 2) && is_dot(index + 3) && is_quoted(index + 4);
        if is_database {
            index += 2;
            for word in &words[index..index + 3] {
                text.push_str(word.text);
            }
            index += 3;
            continue;
        }
        text.push_str(words[index].text);
        index += 1;
    }
    text
}

/// Gives a table that is planned anew for each row its conditions, of which MariaDB tells none, from the query as the server
/// prints it back.
pub(super) fn complete(node: &mut PlanNode, query: &str) {
    let is_left_out = node.name.ends_with(PLANNED_ANEW) && node.conditions.is_empty();
    if let Some(relation) = node.relation.as_ref().filter(|_| is_left_out) {
        let named = format!("`{}`.", relation.alias);
        let query = Query::new(Engine::MariaDb, query);
        for select in query.selects() {
            let Some(condition) = &select.condition else { continue };
            for part in query.conjuncts(condition) {
                let text = query.source(&part);
                if text.contains(&named) {
                    node.conditions.push(PlanCondition {
                        kind: ConditionKind::Filter,
                        text: unqualified(text),
                        removed: None,
                    });
                }
            }
        }
    }
    for child in &mut node.children {
        complete(child, query);
    }
}
