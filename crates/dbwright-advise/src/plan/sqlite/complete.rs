//! What the query and statistics tell of a plan of SQLite beside the plan: which table a step reads, by which conditions rows
//! are thrown away there, and how many rows are read.

use dbwright_catalog::{
    ConditionKind, Engine, IndexFacts, Operation, PlanCondition, PlanFacts, PlanNode, PlanRelation, QueryPlan,
    TableFacts,
};

use crate::expression::{Expression, Form, Operand};
use crate::query::Query;
use crate::scope::Scope;

/// Adds to a plan what the query and statistics tell. The facts are those of all tables of the database.
pub fn complete_sqlite(plan: &mut QueryPlan, query: &str, facts: &PlanFacts) {
    let mut texts = vec![query.to_owned()];
    texts.extend(
        facts
            .views
            .iter()
            .filter(|view| is_named(query, &view.name))
            .map(|view| view.sql.clone()),
    );
    let queries: Vec<Query<'_>> = texts.iter().map(|text| Query::new(Engine::Sqlite, text)).collect();
    let scopes: Vec<(usize, Scope)> = queries
        .iter()
        .enumerate()
        .flat_map(|(text, query)| query.scopes().into_iter().map(move |scope| (text, scope)))
        .collect();
    name_tables(&mut plan.root, &scopes);
    for (text, scope) in &scopes {
        throw_away(&mut plan.root, &queries[*text], scope, &scopes, facts);
    }
    count_rows(&mut plan.root, facts);
    stop_early(plan, &queries[0]);
    for (_, scope) in scopes.iter().filter(|(_, scope)| scope.asks_for_one) {
        for source in &scope.sources {
            forget_rows(&mut plan.root, &source.alias);
        }
    }
}

/// A limit stops reading, unless rows are sorted or put together first.
fn stop_early(plan: &mut QueryPlan, query: &Query<'_>) {
    let Some(select) = query.outermost() else { return };
    let puts_together = select.group.is_some() || select.list.clone().any(|index| query.words[index].is_symbol("("));
    let number = |words: &Option<std::ops::Range<usize>>| match words {
        None => Some(0.0),
        Some(words) => query.source(words).parse::<f64>().ok(),
    };
    let root = &mut plan.root;
    let reads_one_table = root.relation.is_some() && root.children.is_empty();
    let has_filter = root.conditions_of(ConditionKind::Filter).next().is_some();
    if select.limit.is_none() || puts_together || select.distinct || !reads_one_table || has_filter {
        return;
    }
    if let (Some(limit), Some(offset), Some(rows)) = (number(&select.limit), number(&select.offset), root.rows_read) {
        root.rows_read = Some(rows.min(limit + offset));
    }
}

/// Who asks whether there is a row stops at the first: how many are read until then is not known.
fn forget_rows(node: &mut PlanNode, alias: &str) {
    let is_it = node
        .relation
        .as_ref()
        .is_some_and(|relation| relation.alias.eq_ignore_ascii_case(alias));
    if is_it {
        node.rows_read = None;
    }
    for child in &mut node.children {
        forget_rows(child, alias);
    }
}

/// Whether a text names something, at least as a word.
fn is_named(text: &str, name: &str) -> bool {
    let query = Query::new(Engine::Sqlite, text);
    let mut names = query.words.iter().filter_map(dbwright_sql::Token::name);
    names.any(|word| word.eq_ignore_ascii_case(name))
}

/// Calls tables by their names where the plan has what the query calls them.
fn name_tables(node: &mut PlanNode, scopes: &[(usize, Scope)]) {
    if let Some(relation) = &mut node.relation {
        let bare = relation.alias.rsplit('.').next().unwrap_or_default().to_owned();
        let sources = scopes.iter().flat_map(|(_, scope)| &scope.sources);
        let mut tables: Vec<&str> = sources
            .filter(|source| source.alias.eq_ignore_ascii_case(&bare))
            .filter_map(|source| source.table.as_deref())
            .collect();
        tables.dedup();
        if let [table] = tables.as_slice()
            && !relation.alias.contains('.')
        {
            *relation = PlanRelation {
                schema: None,
                name: (*table).to_owned(),
                alias: bare,
            };
        }
    }
    for child in &mut node.children {
        name_tables(child, scopes);
    }
}

/// Puts the conditions of a scope to the steps at which they can be told: the last one of whose table they name a column.
fn throw_away(root: &mut PlanNode, query: &Query<'_>, scope: &Scope, scopes: &[(usize, Scope)], facts: &PlanFacts) {
    let is_clear = |alias: &str| {
        let mut all = scopes.iter().flat_map(|(_, scope)| &scope.sources);
        all.by_ref()
            .filter(|source| source.alias.eq_ignore_ascii_case(alias))
            .count()
            == 1
    };
    for condition in &scope.conditions {
        if condition.clone().any(|index| query.words[index].is("select")) {
            continue;
        }
        let Some((text, aliases)) = with_tables(query, condition.clone(), scope, facts) else {
            continue;
        };
        if aliases.is_empty() || !aliases.iter().all(|alias| is_clear(alias)) {
            continue;
        }
        if let Some(node) = last_of(root, &aliases) {
            add_filter(node, &text, facts);
        }
    }
}

/// The last step in the plan that reads one of these, where it reads rows one by one.
fn last_of<'a>(node: &'a mut PlanNode, aliases: &[String]) -> Option<&'a mut PlanNode> {
    let is_it = node
        .relation
        .as_ref()
        .is_some_and(|relation| aliases.iter().any(|alias| alias.eq_ignore_ascii_case(&relation.alias)));
    let index = node.children.iter().rposition(|child| reads(child, aliases));
    match index {
        Some(index) if node.operation != Operation::BitmapCombination => last_of(&mut node.children[index], aliases),
        _ => is_it.then_some(node),
    }
}

fn reads(node: &PlanNode, aliases: &[String]) -> bool {
    // What a right join looks for at its end is what had no partner.
    if node.name.starts_with("RIGHT-JOIN") {
        return false;
    }
    let own = node
        .relation
        .as_ref()
        .is_some_and(|relation| aliases.iter().any(|alias| alias.eq_ignore_ascii_case(&relation.alias)));
    own || node.children.iter().any(|child| reads(child, aliases))
}

/// A condition with the table before each column of a join, and the tables of this scope that it names. Nothing where a name is
/// not known.
fn with_tables(
    query: &Query<'_>,
    condition: std::ops::Range<usize>,
    scope: &Scope,
    facts: &PlanFacts,
) -> Option<(String, Vec<String>)> {
    let mut aliases: Vec<String> = Vec::new();
    let mut changes = Vec::new();
    let mut add = |alias: &str| {
        if !aliases.iter().any(|known| known.eq_ignore_ascii_case(alias)) {
            aliases.push(alias.to_owned());
        }
    };
    for index in condition.clone() {
        let word = &query.words[index];
        let is_after_dot = index > 0 && query.words[index - 1].is_symbol(".");
        let next_is = |symbol: &str| query.words.get(index + 1).is_some_and(|next| next.is_symbol(symbol));
        let Some(name) = word.name().filter(|_| !is_after_dot && !next_is("(")) else {
            continue;
        };
        if next_is(".") {
            if let Some(source) = scope
                .sources
                .iter()
                .find(|source| source.alias.eq_ignore_ascii_case(&name))
            {
                add(&source.alias);
            }
            continue;
        }
        let has_column = |table: &Option<String>| {
            let facts = table.as_ref().and_then(|table| facts.table(None, table));
            facts.is_some_and(|table| table.column(&name).is_some() || is_rowid(&name))
        };
        let mut owners = scope.sources.iter().filter(|source| has_column(&source.table));
        match (owners.next(), owners.next()) {
            (Some(owner), None) => {
                add(&owner.alias);
                if scope.sources.len() > 1 {
                    changes.push((index..index + 1, format!("{}.{}", owner.alias, word.text)));
                }
            }
            (Some(_), Some(_)) => return None,
            // A keyword, a function, a column of the query around it, or one of a subquery.
            (None, _) => {}
        }
    }
    let whole = query.source(&condition);
    if changes.is_empty() {
        return Some((whole.to_owned(), aliases));
    }
    // The condition as it stands in the query with all changes, cut out of it.
    let before = query.words[condition.start].span.range().start;
    let after = query.text.len() - query.words[condition.end - 1].span.range().end;
    let text = query.replaced(&changes);
    text.get(before..text.len() - after)
        .map(|text| (text.to_owned(), aliases))
}

fn is_rowid(name: &str) -> bool {
    ["rowid", "oid", "_rowid_"]
        .iter()
        .any(|other| name.eq_ignore_ascii_case(other))
}

/// Adds a condition to a step, unless the index of the step answers it.
fn add_filter(node: &mut PlanNode, text: &str, facts: &PlanFacts) {
    if node.operation == Operation::BitmapCombination || node.operation == Operation::CustomScan {
        return;
    }
    let answered: Vec<String> = node
        .conditions_of(ConditionKind::Index)
        .flat_map(|condition| condition.text.split(" AND "))
        .map(str::to_owned)
        .collect();
    let table = node
        .relation
        .as_ref()
        .and_then(|relation| facts.table(None, &relation.name));
    let is_answered = match Expression::read(Engine::Sqlite, text) {
        Expression::And(parts) => parts.iter().all(|part| is_answered(part, &answered, table)),
        part => is_answered(&part, &answered, table),
    };
    let holds_in_index = table.is_some_and(|table| {
        let mut indexes = table
            .indexes
            .iter()
            .filter(|index| Some(&index.name) == node.index.as_ref());
        let predicate = indexes.find_map(|index| index.predicate.as_deref());
        predicate.is_some_and(|predicate| bare(predicate) == bare(text))
    });
    let is_answered = is_answered || holds_in_index;
    let is_there = node.conditions.iter().any(|condition| condition.text == text);
    if !is_answered && !is_there {
        node.conditions.push(PlanCondition {
            kind: ConditionKind::Filter,
            text: text.to_owned(),
            removed: None,
        });
    }
}

/// A condition without the tables before its columns, space and case.
fn bare(condition: &str) -> String {
    let query = Query::new(Engine::Sqlite, condition);
    let words = query.words.iter().enumerate().filter(|(index, word)| {
        let names_table = query.words.get(index + 1).is_some_and(|next| next.is_symbol("."));
        !names_table && !word.is_symbol(".")
    });
    let words: Vec<String> = words.map(|(_, word)| word.text.to_lowercase()).collect();
    words.join(" ")
}

/// Whether an index that finds rows by these (`mail=?`, `id>?`) answers a condition.
fn is_answered(part: &Expression, answered: &[String], table: Option<&TableFacts>) -> bool {
    let finds = |operand: &Operand, letters: &[char]| {
        let name = match (&operand.form, operand.columns.as_slice()) {
            (Form::Column, [column]) => column.name.as_str(),
            (Form::Call(_) | Form::Other | Form::CastColumn(_), [_]) => "<expr>",
            _ => return false,
        };
        answered.iter().any(|term| {
            let Some((column, _)) = term.split_once(letters) else {
                return false;
            };
            let is_key = column.eq_ignore_ascii_case("rowid") && table.is_some_and(|table| is_rowid_of(table, name));
            column.eq_ignore_ascii_case(name) || is_key
        })
    };
    match part {
        Expression::Compare { left, operator, right } => {
            let either = |letters: &[char]| finds(left, letters) || finds(right, letters);
            match operator.as_str() {
                "=" | "= ANY" => either(&['=']),
                "<" | "<=" | ">" | ">=" => either(&['<', '>']),
                // `name LIKE 'abc%'` is looked up as a range.
                "~~" | "glob" => finds(left, &['>']),
                _ => false,
            }
        }
        Expression::Flag { column, .. } => answered.iter().any(|term| {
            term.split_once('=')
                .is_some_and(|(name, _)| name.eq_ignore_ascii_case(&column.name))
        }),
        Expression::And(parts) => parts.iter().all(|part| is_answered(part, answered, table)),
        Expression::Or(_) | Expression::Other(_) => false,
    }
}

/// Whether a column is the rowid of its table by another name.
fn is_rowid_of(table: &TableFacts, column: &str) -> bool {
    let mut keys = table.indexes.iter().filter(|index| index.method == ROWID);
    is_rowid(column) || keys.any(|index| index.keys.first().is_some_and(|key| key.eq_ignore_ascii_case(column)))
}

/// How the order of a table's own rows is called among its indexes.
const ROWID: &str = "rowid";

/// Says how many rows each step reads, where statistics tell.
fn count_rows(node: &mut PlanNode, facts: &PlanFacts) {
    let table = node
        .relation
        .as_ref()
        .and_then(|relation| facts.table(None, &relation.name));
    if let Some(table) = table {
        node.rows_read = rows_read(node, table);
    }
    for child in &mut node.children {
        count_rows(child, facts);
    }
}

fn rows_read(node: &PlanNode, table: &TableFacts) -> Option<f64> {
    let named = node.index.as_deref();
    let own = format!("sqlite_autoindex_{}_1", table.name);
    let named_in_facts = if named == Some("PRIMARY KEY") {
        Some(own.as_str())
    } else {
        named
    };
    let index = table
        .indexes
        .iter()
        .find(|index| Some(index.name.as_str()) == named_in_facts);
    let Some(condition) = node.conditions_of(ConditionKind::Index).next() else {
        return match (node.operation, index) {
            // The least or greatest value.
            (Operation::IndexScan | Operation::IndexOnlyScan, _) if node.name.ends_with("SEARCH") => Some(1.0),
            (Operation::IndexScan | Operation::IndexOnlyScan, Some(index)) => index.rows.or(table.rows),
            (Operation::SequentialScan, _) => table.rows,
            _ => None,
        };
    };
    let terms: Vec<&str> = condition.text.split(" AND ").collect();
    let equal = terms.iter().take_while(|term| term.ends_with("=?")).count();
    if equal < terms.len() || equal == 0 {
        return None;
    }
    match index {
        None if named == Some("INTEGER PRIMARY KEY") => Some(1.0),
        Some(index) if is_one_row(index, equal) => Some(1.0),
        Some(index) => index.rows_each.get(equal - 1).copied(),
        None => None,
    }
}

fn is_one_row(index: &IndexFacts, equal: usize) -> bool {
    index.unique && index.keys.len() == equal
}

#[cfg(test)]
mod tests {
    use dbwright_catalog::{ColumnFacts, NodeRole, Server, Version, ViewFacts};

    use super::super::read_sqlite;
    use super::*;

    fn table(name: &str, columns: &[&str], indexes: Vec<IndexFacts>) -> TableFacts {
        TableFacts {
            schema: "main".to_owned(),
            name: name.to_owned(),
            rows: Some(5000.0),
            columns: columns
                .iter()
                .map(|column| ColumnFacts {
                    name: (*column).to_owned(),
                    ..ColumnFacts::default()
                })
                .collect(),
            indexes,
            ..TableFacts::default()
        }
    }

    fn facts() -> PlanFacts {
        let by_state = IndexFacts {
            name: "orders_state".to_owned(),
            keys: vec!["state".to_owned()],
            rows: Some(5000.0),
            rows_each: vec![50.0],
            ..IndexFacts::default()
        };
        PlanFacts {
            tables: vec![
                table("orders", &["id", "customer_id", "state", "total"], vec![by_state]),
                table("customer", &["id", "name"], Vec::new()),
            ],
            views: vec![ViewFacts {
                name: "open".to_owned(),
                sql: "CREATE VIEW open AS SELECT x.id FROM orders x WHERE x.total > 5".to_owned(),
            }],
            settings: Vec::new(),
        }
    }

    /// What each step that reads a table is told to read, by which conditions, and how many rows.
    fn told(query: &str, plan: &str) -> Vec<String> {
        let mut plan = read_sqlite(plan).unwrap();
        complete_sqlite(&mut plan, query, &facts());
        let nodes = plan.nodes().into_iter().filter_map(|(_, node)| {
            let relation = node.relation.as_ref()?;
            let conditions = node.conditions_of(ConditionKind::Filter);
            let conditions: Vec<&str> = conditions.map(|condition| condition.text.as_str()).collect();
            let rows = node.rows_read.map_or("?".to_owned(), |rows| rows.to_string());
            Some(format!("{} {rows}: {}", relation.shown(), conditions.join(" & ")))
        });
        nodes.collect()
    }

    #[test]
    fn conditions_stand_where_they_can_be_told_and_not_where_an_index_answers_them() {
        assert_eq!(
            told(
                "SELECT * FROM orders o JOIN customer c ON c.id = customer_id WHERE state = 'x' AND (total > 5 AND C.Name IS NULL)",
                "|--SEARCH o USING INDEX orders_state (state=?)\n`--SCAN c"
            ),
            [
                "orders o 50: o.total > 5",
                "customer c 5000: c.id = o.customer_id & C.Name IS NULL"
            ]
        );
        assert_eq!(told("SELECT * FROM open", "`--SCAN x"), ["orders x 5000: x.total > 5"]);
        // Which of the two is meant is not known.
        assert_eq!(
            told(
                "SELECT id FROM orders WHERE total = 1 UNION ALL SELECT id FROM orders WHERE total = 2",
                "`--SCAN orders"
            ),
            ["orders 5000: "]
        );
        assert_eq!(
            told("SELECT * FROM orders LIMIT 7 OFFSET 3", "`--SCAN orders"),
            ["orders 10: "]
        );
        assert_eq!(
            told("SELECT max(id) FROM orders LIMIT 7", "`--SCAN orders"),
            ["orders 5000: "]
        );
    }

    #[test]
    fn no_query_makes_completing_or_looking_panic() {
        let fragments = [
            "SELECT",
            "*",
            "FROM",
            "orders",
            "o",
            "AS",
            "customer c",
            ",",
            "JOIN",
            "LEFT",
            "ON",
            "(",
            ")",
            "WHERE",
            "o.state",
            "=",
            "'x'",
            "?",
            "AND",
            "OR",
            "NOT IN (SELECT",
            "EXISTS (SELECT 1",
            "BETWEEN",
            "LIKE '%a'",
            "COLLATE NOCASE",
            "count(*)",
            "> 0",
            "ORDER BY",
            "total DESC",
            "GROUP BY",
            "LIMIT",
            "7",
            "OFFSET",
            "2000",
            ";",
            "UPDATE",
            "SET",
            "DELETE FROM",
            "RETURNING",
            "WITH x AS (",
            "UNION ALL",
            "é",
            "\"",
            "[",
            "--",
            "CASE WHEN",
            "END",
            ".",
            "cast(id as text)",
        ];
        let details = [
            "SCAN o",
            "SCAN orders",
            "SEARCH c USING INTEGER PRIMARY KEY (rowid=?)",
            "SEARCH o USING INDEX orders_state (state=?)",
            "USE TEMP B-TREE FOR ORDER BY",
            "CORRELATED SCALAR SUBQUERY 1",
            "LIST SUBQUERY 2",
            "MULTI-INDEX OR",
            "MATERIALIZE x",
            "SCAN x",
            "SEARCH o USING AUTOMATIC COVERING INDEX (customer_id=?)",
            "RIGHT-JOIN o",
        ];
        let server = Server {
            engine: Engine::Sqlite,
            version: Version::new(3, 54, 0),
        };
        let mut random: u64 = 11;
        let mut next = |below: usize| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(random >> 33).unwrap() % below
        };
        for _ in 0..4000 {
            let query: Vec<&str> = (0..next(30)).map(|_| fragments[next(fragments.len())]).collect();
            let query = query.join(if next(3) == 0 { "" } else { " " });
            let rows: Vec<serde_json::Value> = (1..=next(8) + 1)
                .map(|id| serde_json::json!([id, next(id), details[next(details.len())]]))
                .collect();
            let mut plan = read_sqlite(&serde_json::Value::Array(rows).to_string()).unwrap();
            complete_sqlite(&mut plan, &query, &facts());
            for finding in crate::look(Some(&query), &plan, &facts(), &server) {
                assert!(finding.node.is_none_or(|node| node < plan.nodes().len()), "{query}");
            }
            assert!(
                plan.nodes().iter().any(|(_, node)| node.role == NodeRole::Root),
                "{query}"
            );
        }
    }
}
