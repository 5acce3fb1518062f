//! What programs print around a plan: frames of psql and mysql, lines of a log.

use std::borrow::Cow;

use serde_json::Value;

use super::NoPlan;

/// The first plan in JSON in a text, without what a client or a log has put around it, and whether others follow; nothing where
/// none begins.
///
/// psql draws a heading, ends each line but the last with `+`, and tells the number of rows; `mysql` draws a frame, names the
/// column, or writes `\n` for the end of a line where nobody looks; a log says since when and for how long.
///
/// # Errors
///
/// When it is cut off or damaged.
pub(super) fn json_in(text: &str) -> Result<Option<(String, bool)>, NoPlan> {
    let lines: Vec<&str> = text.lines().collect();
    let Some((first, start)) = lines
        .iter()
        .enumerate()
        .find_map(|(at, line)| Some((at, begins(line)?)))
    else {
        return Ok(None);
    };
    let rest = lines[first + 1..].iter().map(|line| unframed(line));
    let whole: Vec<&str> = std::iter::once(start).chain(rest).collect();
    let (value, taken) = match first_value(&whole.join("\n")) {
        Ok(value) => {
            let taken = first + value.lines().count();
            (value, taken)
        }
        // All of it may stand in one line.
        Err(damaged) => {
            let written = on_lines(start).ok_or_else(|| damaged.clone())?;
            (first_value(&written).map_err(|_| damaged)?, first + 1)
        }
    };
    let goes_on = lines[taken..].iter().any(|line| begins(line).is_some());
    Ok(Some((value, goes_on)))
}

/// What stands in a line from the first bracket on, where nothing but a frame or the name of a column stands before it.
fn begins(line: &str) -> Option<&str> {
    let line = bare(line);
    // Lines of a log may begin with a process id in brackets.
    let (rest, goes_on): (&str, &[char]) = match line.strip_prefix('{') {
        Some(rest) => (rest, &['"', '}', '\\']),
        None => (line.strip_prefix('[')?, &['{', '[', ']', '\\']),
    };
    let rest = rest.trim_start();
    (rest.is_empty() || rest.starts_with(goes_on)).then_some(line)
}

/// A line without a frame and without the name of its column.
fn bare(line: &str) -> &str {
    let line = unframed(line).trim_start();
    let named = ["EXPLAIN:", "ANALYZE:"].iter().find_map(|name| line.strip_prefix(name));
    named.unwrap_or(line).trim_start()
}

fn unframed(line: &str) -> &str {
    let line = line.trim_start_matches('|').trim_end();
    let line = line.strip_suffix('|').map_or(line, str::trim_end);
    line.strip_suffix('+').unwrap_or(line)
}

/// The value that a text begins with.
fn first_value(text: &str) -> Result<String, NoPlan> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match values.next() {
        Some(Ok(_)) => Ok(text[..values.byte_offset()].to_owned()),
        Some(Err(error)) => Err(NoPlan(format!("not JSON: {error}"))),
        None => Err(NoPlan("not JSON".to_owned())),
    }
}

/// A text with ends of lines in the place of what `mysql --batch` writes for them.
fn on_lines(text: &str) -> Option<String> {
    let mut written = String::with_capacity(text.len());
    let mut letters = text.chars();
    let mut is_changed = false;
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            written.push(letter);
            continue;
        }
        is_changed = true;
        match letters.next() {
            Some('n') => written.push('\n'),
            Some('t') => written.push('\t'),
            Some(other) => written.push(other),
            None => {}
        }
    }
    is_changed.then_some(written)
}

/// Whether a text holds steps as MySQL draws them, in a frame or not.
pub(super) fn is_tree_of_mysql(text: &str) -> bool {
    text.lines().any(|line| bare(line).starts_with("-> "))
}

/// A tree with its steps on lines, also where `mysql --batch` has written it.
pub(super) fn tree_on_lines(text: &str) -> Cow<'_, str> {
    let is_escaped = text.contains("\\n  ") && text.contains("-> ");
    match is_escaped.then(|| on_lines(text)).flatten() {
        Some(written) => Cow::Owned(written),
        None => Cow::Borrowed(text),
    }
}

/// What a text is that is a plan in a form which is not read, with what to ask for instead.
pub(super) fn other_form(text: &str) -> Option<NoPlan> {
    let is_postgres = text.contains("(cost=") && text.contains(" width=")
        || text.contains("(actual time=") && text.contains("Execution Time:")
        || text.contains("postgresql.org/2009/explain")
        || text.trim_start().starts_with("- Plan:");
    if is_postgres {
        return Some(NoPlan(
            "a plan of PostgreSQL that is not in JSON; `EXPLAIN (FORMAT JSON)` prints one, and auto_explain with \
             `auto_explain.log_format = json`"
                .to_owned(),
        ));
    }
    let is_table = text.contains("select_type") && text.contains("possible_keys");
    is_table.then(|| {
        NoPlan(
            "a plan as a table, which tells too little; `EXPLAIN FORMAT=TREE` (MySQL) and `EXPLAIN FORMAT=JSON` (MySQL, MariaDB) \
             print more"
                .to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_found_in_what_stands_around_it() {
        for (printed, json) in [
            ("[{\"Plan\": 1}]\n", "[{\"Plan\": 1}]"),
            (
                "     QUERY PLAN     \n---------------------\n [                  +\n   {\"Plan\": {       +\n     \"a\": \"b + c\"}  \
                 +\n   }                +\n ]\n(1 row)\n\n",
                " \n   {\"Plan\": {       \n     \"a\": \"b + c\"}  \n   }                \n ]",
            ),
            (
                "+------+\n|  QUERY PLAN |\n+------+\n| [      +|\n| {\"Plan\": 1} +|\n| ] |\n+------+\n(1 row)",
                " \n {\"Plan\": 1} \n ]",
            ),
            (
                "2026-11-30 10:00:00 UTC [123] LOG:  duration: 4.3 ms  plan:\n\t{\n\t  \"Plan\": 1\n\t}\n2026-11-30 [123] LOG: x",
                "{\n\t  \"Plan\": 1\n\t}",
            ),
            ("[77] LOG:  duration: 1 ms  plan:\n\t{\"Plan\": 1}", "{\"Plan\": 1}"),
            (
                "*************************** 1. row ***************************\nEXPLAIN: {\n  \"query_block\": 1\n}\n1 row in set",
                "{\n  \"query_block\": 1\n}",
            ),
            (
                "EXPLAIN\n{\\n  \"query_block\": {\"x\": \"a\\\\\"b\"}\\n}\n",
                "{\n  \"query_block\": {\"x\": \"a\\\"b\"}\n}",
            ),
        ] {
            let (found, goes_on) = json_in(printed).unwrap().unwrap_or_else(|| panic!("{printed}"));
            assert!(!goes_on, "{printed}");
            let value = |text: &str| serde_json::from_str::<Value>(text).ok();
            let wanted = if json.starts_with(' ') {
                format!("[{json}")
            } else {
                json.to_owned()
            };
            assert_eq!(value(&found), value(&wanted), "{printed}");
            assert!(value(&wanted).is_some(), "{wanted}");
        }
    }

    #[test]
    fn that_others_follow_is_seen() {
        let log = "LOG:  duration: 4.3 ms  plan:\n\t{\n\t  \"Plan\": 1\n\t}\n";
        let goes_on = |text: &str| json_in(text).unwrap().map(|(_, goes_on)| goes_on);
        assert_eq!(goes_on(log), Some(false));
        for several in [log.repeat(2), "{\"Plan\": 1}\n{\"Plan\": 2}\n".to_owned()] {
            assert_eq!(goes_on(&several), Some(true), "{several}");
        }
    }

    #[test]
    fn what_holds_no_json_is_left_alone() {
        for text in [
            "",
            "QUERY PLAN\n`--SCAN t",
            "-> Table scan on t",
            "[1] LOG: x",
            "{ broken",
        ] {
            assert_eq!(json_in(text), Ok(None), "{text}");
        }
        for text in [
            "{\"Plan\": {\n \"a\": {}\n",
            "LOG: plan:\n\t{\n\t \"Plan\": {\"a\": {}, \"b\": {}\n",
        ] {
            let damaged = json_in(text).unwrap_err().0;
            assert!(damaged.starts_with("not JSON: EOF"), "{text}: {damaged}");
        }
    }
}
