//! A finding in sentences, for the formats of others: plain, and as Markdown in which nothing of the user's has a meaning.

use dbwright_catalog::{Finding, Proof};

use crate::layout::clean;
use crate::text::finding::facts;

/// What happens, as a whole sentence.
pub(crate) fn what(finding: &Finding) -> String {
    format!("{}.", clean(&finding.message).trim_end_matches('.'))
}

/// Everything, in plain text: a paragraph each for what happens, the facts, what to do, and the safe version.
pub(crate) fn in_text(finding: &Finding) -> String {
    let mut paragraphs = vec![what(finding)];
    paragraphs.extend(facts(&finding.evidence).into_iter().map(ended));
    paragraphs.extend(finding.advice.iter().map(|advice| clean(advice)));
    if let Some(steps) = proven_steps(finding) {
        paragraphs.push(format!("Proven safe version:\n{steps}"));
    }
    paragraphs.join("\n")
}

/// The same as Markdown.
pub(crate) fn in_markdown(finding: &Finding) -> String {
    let mut text = format!("{}\n", escaped(&what(finding)));
    text.push_str(&details(finding));
    text
}

/// All but what happens, as Markdown.
pub(crate) fn details(finding: &Finding) -> String {
    let mut text = String::new();
    for fact in facts(&finding.evidence) {
        text.extend([format!("\n- {}", escaped(&ended(fact)))]);
    }
    text.push('\n');
    for advice in &finding.advice {
        text.extend([format!("\n**To do:** {}\n", escaped(&clean(advice)))]);
    }
    if let Some(steps) = proven_steps(finding) {
        let several = finding.fix.as_ref().is_some_and(|fix| fix.steps.len() > 1);
        let how = if several { ", each step committed by itself" } else { "" };
        text.extend([format!("\n**Proven safe version{how}:**\n\n{}", block("sql", &steps))]);
    }
    text
}

/// The steps of a proven fix, each with its separator.
pub(crate) fn proven_steps(finding: &Finding) -> Option<String> {
    let fix = finding.fix.as_ref()?;
    let holds = fix.proof.as_ref().is_some_and(Proof::holds);
    let steps = fix.steps.iter().map(|step| {
        let note = if step.in_transaction {
            ""
        } else {
            "-- outside a transaction\n"
        };
        format!("{note}{};", clean(step.sql.trim()))
    });
    let steps: Vec<String> = steps.collect();
    (holds && !steps.is_empty()).then(|| steps.join("\n"))
}

/// A block of code with a fence that is longer than any in it.
pub(crate) fn block(language: &str, code: &str) -> String {
    let longest = code.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{code}\n{fence}\n")
}

/// Code within a line.
pub(crate) fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Text for Markdown in which only our backticks mean something: marks are escaped, and neither people nor issues are
/// called.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    // An odd number of backticks is none of ours.
    let paired = text.matches('`').count().is_multiple_of(2);
    let mut rest = text;
    while let Some(at) = rest.find('`').filter(|_| paired) {
        outside(&rest[..at], &mut escaped);
        let inside = &rest[at + 1..];
        let end = inside.find('`').unwrap_or(inside.len());
        if end > 0 {
            escaped.push_str(&code(&inside[..end]));
        }
        rest = inside.get(end + 1..).unwrap_or_default();
    }
    outside(rest, &mut escaped);
    escaped
}

fn outside(text: &str, escaped: &mut String) {
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '*' | '_' | '[' | ']' | '`' | '|' | '~' | '!' | '$' => escaped.extend(['\\', letter]),
            // Splits the word, so that it is no name of a person or an issue.
            '@' | '#' => {
                escaped.push(letter);
                escaped.push_str("<!-- -->");
            }
            '\n' | '\r' => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
}

fn ended(sentence: String) -> String {
    if sentence.ends_with(['.', '!', '?', ';', ':']) {
        sentence
    } else {
        sentence + "."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_the_user_mean_nothing_and_our_backticks_do() {
        assert_eq!(
            escaped("a_b <b>x</b> & `c_d`"),
            "a\\_b &lt;b&gt;x&lt;/b&gt; &amp; `c_d`"
        );
        assert_eq!(escaped("@team fixes #1"), "@<!-- -->team fixes #<!-- -->1");
        assert_eq!(escaped("one ` alone"), "one \\` alone");
        assert_eq!(escaped("[x](http://y)\n![z]"), "\\[x\\](http://y) \\!\\[z\\]");
    }

    #[test]
    fn a_fence_is_longer_than_what_stands_in_it() {
        assert_eq!(block("sql", "SELECT '```'"), "````sql\nSELECT '```'\n````\n");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a"), "`` `a ``");
    }
}
