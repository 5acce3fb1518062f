//! JUnit's XML, as test reports of continuous integration take it: a case for each migration that was judged.
//!
//! There is no standard; this keeps to what Jenkins, GitLab and GitHub's reporters read: `testsuites`, `testsuite`,
//! `testcase`, one `failure`, `error` or `skipped` each, and `system-out`.

use std::collections::BTreeMap;

use dbwright_catalog::{Finding, Review, Section, Severity};

use crate::counts::findings;
use crate::place::path;
use crate::unseen::not_observed;
use crate::{told, words};

/// The report. Findings from `fail_from` on are failures, milder ones are told in the output of their case.
pub fn junit(review: &Review, fail_from: Option<Severity>) -> String {
    let suites: Vec<Suite> = review
        .sections
        .iter()
        .map(|section| suite(section, fail_from))
        .chain(review.not_checked.iter().map(|sentence| not_checked(sentence)))
        .collect();
    let total = |count: fn(&Suite) -> usize| suites.iter().map(count).sum::<usize>();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"dbwright\" tests=\"{}\" failures=\"{}\" errors=\"{}\" \
         skipped=\"{}\" time=\"{:.3}\">\n",
        total(|suite| suite.cases.len()),
        total(|suite| suite.number(Kind::Failure)),
        total(|suite| suite.number(Kind::Error)),
        total(|suite| suite.number(Kind::Skipped)),
        review.duration.as_secs_f64()
    );
    for suite in &suites {
        suite.write(&mut text);
    }
    text.push_str("</testsuites>\n");
    text
}

struct Suite {
    name: String,
    cases: Vec<Case>,
}

struct Case {
    name: String,
    result: Option<(Kind, String, String)>,
    output: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Failure,
    Error,
    Skipped,
}

fn suite(section: &Section, fail_from: Option<Severity>) -> Suite {
    let mut by_file: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
    for finding in findings(section) {
        by_file.entry(path(&finding.place.path)).or_default().push(finding);
    }
    let unseen = not_observed(section);
    let judged = section.history.migrations.iter().enumerate();
    let mut cases = Vec::new();
    for (index, migration) in judged.filter(|(index, _)| section.judged.contains(*index)) {
        let file = path(&migration.path);
        let of_file = by_file.remove(&file).unwrap_or_default();
        let mut case = case(file, &of_file, fail_from);
        for unseen in unseen.iter().filter(|unseen| unseen.migration == index) {
            let line = migration.statements.get(unseen.statement).map_or(1, |it| it.line);
            case.output
                .extend([format!("line {line} was not observed: {}\n", unseen.told())]);
        }
        if section.trace.is_none() && case.result.is_none() {
            let why = section.not_done.join("\n");
            case.result = Some((Kind::Error, "it did not run".to_owned(), why));
        }
        cases.push(case);
    }
    cases.extend(
        by_file
            .into_iter()
            .map(|(file, findings)| case(file, &findings, fail_from)),
    );
    Suite {
        name: words::history_name(&section.history, None),
        cases,
    }
}

fn case(name: String, findings: &[&Finding], fail_from: Option<Severity>) -> Case {
    let told = |finding: &&Finding| {
        let text = told::in_text(finding);
        format!(
            "line {}: {}[{}]: {text}\n",
            finding.place.line, finding.severity, finding.rule
        )
    };
    let fails = |finding: &&&Finding| fail_from.is_some_and(|from| finding.severity >= from);
    let failing: Vec<&Finding> = findings.iter().filter(fails).copied().collect();
    let others = findings.iter().filter(|finding| !fails(finding));
    let worst = failing.iter().copied().reduce(|worst, finding| {
        if finding.severity > worst.severity {
            finding
        } else {
            worst
        }
    });
    Case {
        result: worst.map(|worst| {
            let more = match failing.len() - 1 {
                0 => String::new(),
                more => format!(" (and {more} more)"),
            };
            let message = format!("{}: {}{more}", worst.rule, told::what(worst));
            (Kind::Failure, message, failing.iter().map(told).collect())
        }),
        output: others.map(told).collect(),
        name,
    }
}

fn not_checked(sentence: &str) -> Suite {
    Suite {
        name: "not checked".to_owned(),
        cases: vec![Case {
            name: "a history of migrations".to_owned(),
            result: Some((Kind::Skipped, sentence.to_owned(), String::new())),
            output: String::new(),
        }],
    }
}

impl Suite {
    fn number(&self, kind: Kind) -> usize {
        let is_kind = |case: &&Case| case.result.as_ref().is_some_and(|(of, ..)| *of == kind);
        self.cases.iter().filter(is_kind).count()
    }

    fn write(&self, text: &mut String) {
        text.extend([format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n",
            escaped(&self.name),
            self.cases.len(),
            self.number(Kind::Failure),
            self.number(Kind::Error),
            self.number(Kind::Skipped)
        )]);
        for case in &self.cases {
            let (name, suite) = (escaped(&case.name), escaped(&self.name));
            text.extend([format!(
                "    <testcase name=\"{name}\" classname=\"{suite}\" file=\"{name}\">\n"
            )]);
            if let Some((kind, message, body)) = &case.result {
                let tag = match kind {
                    Kind::Failure => "failure",
                    Kind::Error => "error",
                    Kind::Skipped => "skipped",
                };
                let (message, body) = (escaped(message), escaped(body));
                text.extend([format!("      <{tag} message=\"{message}\">{body}</{tag}>\n")]);
            }
            if !case.output.is_empty() {
                text.extend([format!("      <system-out>{}</system-out>\n", escaped(&case.output))]);
            }
            text.push_str("    </testcase>\n");
        }
        text.push_str("  </testsuite>\n");
    }
}

/// Text for XML: marks are escaped, and what XML has no form for is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(letter),
            '\u{FFFE}' | '\u{FFFF}' => {}
            control if control.is_control() => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}
