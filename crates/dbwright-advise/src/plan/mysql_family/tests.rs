//! Plans that real servers have printed (`cases/plans`), as they are read; and that nothing that is given makes a reader panic.
//!
//! `DBWRIGHT_BLESS=1` writes what is read today.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dbwright_catalog::{NodeRole, PlanNode, QueryPlan};
use proptest::prelude::*;

use super::read_mysql_family;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/plans")
}

/// The files below the folder of a case, that of the outcome left out.
fn plans(case: &Path) -> Vec<(String, String)> {
    let mut plans: Vec<(String, String)> = std::fs::read_dir(case)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_stem().is_some_and(|stem| stem != "query" && stem != "told"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    plans.sort();
    plans
}

fn folders() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(cases()).unwrap();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

/// A plan as lines: the share of each node, its rows (expected, read, and those that came, with runs), and what it is.
fn told(plan: &QueryPlan) -> String {
    let costs = plan.costs();
    let whole = costs[0].inclusive.max(f64::MIN_POSITIVE);
    let mut text = String::new();
    for ((depth, node), cost) in plan.nodes().into_iter().zip(&costs) {
        let _ = writeln!(
            text,
            "{:>3.0} % {}{}{}{}",
            cost.own / whole * 100.0,
            "   ".repeat(depth),
            role(node),
            node.title(),
            rows(node)
        );
        for condition in &node.conditions {
            let removed = condition.removed.map(|removed| format!(" ({removed:.1} removed)"));
            let _ = writeln!(
                text,
                "      {}   {:?}: {}{}",
                "   ".repeat(depth),
                condition.kind,
                condition.text,
                removed.unwrap_or_default()
            );
        }
        if !node.keys.is_empty() {
            let _ = writeln!(text, "      {}   by {}", "   ".repeat(depth), node.keys.join(", "));
        }
    }
    text
}

fn role(node: &PlanNode) -> String {
    match &node.role {
        NodeRole::Root | NodeRole::Outer => String::new(),
        NodeRole::Inner => "inner: ".to_owned(),
        NodeRole::Member => "member: ".to_owned(),
        NodeRole::Once(name) => format!("{name}, once: "),
        NodeRole::PerRow(name) => format!("{name}, per row: "),
    }
}

fn rows(node: &PlanNode) -> String {
    let mut text = String::new();
    if let Some(estimate) = node.estimate {
        let _ = write!(text, "; {:.1} expected", estimate.rows);
    }
    if let Some(read) = node.rows_read {
        let _ = write!(text, " of {read:.1}");
    }
    if let Some(actual) = node.actual {
        let _ = write!(text, "; {:.1} came, {:.0} times", actual.rows, actual.loops);
    }
    text
}

#[test]
fn plans_of_real_servers_are_read_as_recorded() {
    for case in folders() {
        let mut all = String::new();
        for (name, text) in plans(&case) {
            let (plan, engine) = read_mysql_family(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            let of = if name.starts_with("mysql") { "MySQL" } else { "MariaDB" };
            // An update of MariaDB tells nothing that MySQL does not.
            assert_eq!(engine.to_string(), of, "{}/{name}", case.display());
            let _ = writeln!(all, "{name}\n{}", told(&plan));
        }
        let file = case.join("told.txt");
        if std::env::var_os("DBWRIGHT_BLESS").is_some() {
            std::fs::write(&file, &all).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), all, "{}", file.display());
    }
}

#[test]
fn what_is_no_plan_is_told_as_what_it_is() {
    let problem = |text: &str| read_mysql_family(text).unwrap_err().0;
    assert!(problem("").starts_with("there is no plan in it"));
    assert!(problem("id select_type table").starts_with("there is no plan in it"));
    assert!(problem("{").starts_with("not JSON"));
    assert!(problem("{}").starts_with("there is no `query_plan`"));
    assert!(problem("[]").starts_with("there is no `query_plan`"));
    assert_eq!(problem("{\"query_plan\": {}}"), "a step has no `operation`");
    assert_eq!(
        problem("{\"query_block\": {\"nested_loop\": [1]}}"),
        "a table of a join is no object"
    );
    let deep: Vec<String> = (0..200)
        .map(|depth| format!("{}-> Sort: a", "    ".repeat(depth)))
        .collect();
    let deep = deep.join("\n");
    assert!(problem(&deep).contains("deep"), "{}", problem(&deep));
}

#[test]
fn a_plan_is_found_in_what_programs_print_around_it() {
    let tree = "-> Table scan on t  (cost=1 rows=2)";
    for around in [
        tree.to_owned(),
        format!("EXPLAIN\n{tree}\n"),
        format!("*************************** 1. row ***************************\nEXPLAIN: {tree}\n"),
        format!("[{{\"EXPLAIN\": \"{tree}\\n\"}}]"),
        "[{\"EXPLAIN\": {\"query_plan\": {\"operation\": \"Table scan on t\"}}}]".to_owned(),
    ] {
        let (plan, _) = read_mysql_family(&around).unwrap_or_else(|error| panic!("{around}: {error}"));
        assert_eq!(plan.root.title(), "Table scan on t", "{around}");
    }
}

/// Every recorded plan, for changing it.
fn recorded() -> Vec<String> {
    folders()
        .iter()
        .flat_map(|case| plans(case))
        .map(|(_, text)| text)
        .collect()
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(text in ".{0,300}") {
        let _ = read_mysql_family(&text);
        let _ = read_mysql_family(&format!("-> {text}\n    -> {text}"));
    }

    #[test]
    fn no_change_of_a_plan_makes_a_reader_panic(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        length in 0_usize..40,
        with in "[a-z0-9_(){}\\[\\]\":,.<> ->]{0,12}",
    ) {
        let recorded = recorded();
        let text = which.get(&recorded);
        let start = text.floor_char_boundary(at.index(text.len()));
        let end = text.floor_char_boundary((start + length).min(text.len()));
        let changed = format!("{}{with}{}", &text[..start], &text[end.max(start)..]);
        if let Ok((plan, _)) = read_mysql_family(&changed) {
            prop_assert_eq!(plan.costs().len(), plan.nodes().len());
        }
    }

    #[test]
    fn numbers_of_any_size_are_read(rows in any::<f64>(), cost in any::<f64>(), loops in any::<u64>()) {
        let tree = format!("-> Nested loop inner join  (cost={cost} rows={rows})\n    -> Table scan on t  (cost={cost}..{cost} \
                            rows={rows}) (actual time={cost}..{rows} rows={rows} loops={loops})");
        let _ = read_mysql_family(&tree);
    }
}
