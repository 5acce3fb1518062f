//! Which table an alias is, by the query as the server prints it back: there each table stands with its database and every name
//! is quoted: ``from `shop`.`orders` `o` join `shop`.`customer` `c` on(…)``.

use std::collections::BTreeMap;

use dbwright_catalog::{Engine, PlanNode, PlanRelation};
use dbwright_sql::{Token, TokenKind, tokens};

/// Gives relations their schemas and names.
pub(super) fn tell(root: &mut PlanNode, query: &str) {
    let aliases = aliases(query);
    name(root, &aliases);
}

/// Leaves out the schema that every name belongs to where nothing else is said.
pub(super) fn leave_out(node: &mut PlanNode, database: &str) {
    if let Some(relation) = &mut node.relation
        && relation.schema.as_deref() == Some(database)
    {
        relation.schema = None;
    }
    for child in &mut node.children {
        leave_out(child, database);
    }
}

fn name(node: &mut PlanNode, aliases: &BTreeMap<String, (String, String)>) {
    if let Some(relation) = &mut node.relation
        && relation.schema.is_none()
        && let Some((schema, name)) = aliases.get(&relation.alias)
    {
        *relation = PlanRelation {
            schema: Some(schema.clone()),
            name: name.clone(),
            alias: relation.alias.clone(),
        };
    }
    for child in &mut node.children {
        name(child, aliases);
    }
}

/// Database and table of each alias. One that stands for several tables, in different parts of a query, is left out.
fn aliases(query: &str) -> BTreeMap<String, (String, String)> {
    let words: Vec<Token<'_>> = tokens(Engine::MySql, query).filter(|token| !token.is_space()).collect();
    let quoted = |index: usize| {
        let token = words.get(index).filter(|token| token.kind == TokenKind::QuotedName);
        token.and_then(Token::name)
    };
    let mut found: BTreeMap<String, Option<(String, String)>> = BTreeMap::new();
    for index in 0..words.len() {
        let (Some(schema), true, Some(table)) = (
            quoted(index),
            words.get(index + 1).is_some_and(|dot| dot.is_symbol(".")),
            quoted(index + 2),
        ) else {
            continue;
        };
        let before = words[..index].iter().rev().find(|token| !token.is_symbol("("));
        let is_table = before.is_some_and(|word| {
            ["from", "join", "straight_join", "update", "into"]
                .iter()
                .any(|known| word.is(known))
                || word.is_symbol(",")
        });
        let is_column = words
            .get(index + 3)
            .is_some_and(|next| next.is_symbol(".") || next.is("as"));
        // A comma stands between columns as well, which have an alias behind `AS` or are compared.
        let behind_comma = before.is_some_and(|word| word.is_symbol(","));
        if !is_table || is_column || (behind_comma && quoted(index + 3).is_none()) {
            continue;
        }
        let alias = quoted(index + 3).unwrap_or_else(|| table.clone());
        let named = (schema, table);
        found
            .entry(alias)
            .and_modify(|known| {
                if known.as_ref() != Some(&named) {
                    *known = None;
                }
            })
            .or_insert(Some(named));
    }
    found
        .into_iter()
        .filter_map(|(alias, named)| Some((alias, named?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_found_where_tables_stand() {
        let found = aliases(
            "/* select#1 */ select `c`.`name` AS `name`,`o`.`id` AS `id` from `shop`.`customer` `c` join `shop`.`orders` `o` \
             left join (`shop`.`item` join `old`.`item` `i`) on((`c`.`id` = `o`.`customer_id`)) where `o`.`id` = 7",
        );
        let told: Vec<String> = found
            .iter()
            .map(|(alias, (schema, table))| format!("{alias}={schema}.{table}"))
            .collect();
        assert_eq!(
            told,
            ["c=shop.customer", "i=old.item", "item=shop.item", "o=shop.orders"]
        );
    }

    #[test]
    fn an_alias_of_two_tables_is_none() {
        let found = aliases("select 1 from `a`.`t` `x` union select 2 from `b`.`t` `x`");
        assert!(found.is_empty());
    }
}
