//! The formats of a check, on standard output and in files.

use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use dbwright_catalog::{Drift, Review};
use dbwright_engineer::FailOn;
use dbwright_report::schema::drift_text;
use dbwright_report::{MarkdownOptions, RuleHelp, SarifOptions, TextOptions};

use crate::command_error::CommandError;
use crate::terminal;

/// Files get lines of this width.
const FILE_COLUMNS: usize = 100;

/// How a check is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs: version 1, stable (docs/json.md).
    Json,
    /// SARIF 2.1.0, with what comments allow as suppressed results.
    Sarif,
    /// SARIF for GitHub's code scanning, which shows suppressed results as open: without them.
    SarifGithub,
    /// A comment for a pull request.
    Markdown,
    /// JUnit's XML: a test case for each migration.
    Junit,
    /// Annotations of GitHub Actions.
    Github,
    /// Code quality report of GitLab.
    Gitlab,
    /// The form that a database engineer fills in, as Markdown.
    Engineer,
}

/// Which report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportKind {
    /// What the rules find.
    Findings,
    /// Schema changes, indexes, steps with their way back, testing, scorecard, checklist.
    Engineer,
}

/// A format and the file that it is written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    format: Format,
    file: PathBuf,
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Output, String> {
        let (name, file) = text
            .split_once('=')
            .ok_or_else(|| "it has the form FORMAT=FILE, as in sarif=dbwright.sarif".to_owned())?;
        let format = Format::from_str(name, false).map_err(|_| {
            let known: Vec<String> = Format::value_variants()
                .iter()
                .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()))
                .collect();
            format!("there is no format `{name}` (known: {})", known.join(", "))
        })?;
        match file {
            "" => Err("the file is missing".to_owned()),
            "-" => Err(format!("standard output is for --format: write --format {name}")),
            file => Ok(Output {
                format,
                file: PathBuf::from(file),
            }),
        }
    }
}

impl Output {
    /// Writes the file.
    pub(crate) fn write(&self, found: &Found<'_>) -> Result<(), CommandError> {
        std::fs::write(&self.file, found.told(self.format, false)).map_err(|error| {
            CommandError::outside(format!("cannot write {}: {error}", self.file.display()))
                .hint("name a file in a folder that exists")
        })
    }
}

/// What a check found out.
pub(crate) struct Found<'a> {
    pub(crate) review: &'a Review,
    pub(crate) drift: Option<&'a Drift>,
    pub(crate) fail_on: FailOn,
    pub(crate) verbose: bool,
}

impl Found<'_> {
    /// The report in a format, for the terminal or for a file.
    pub(crate) fn told(&self, format: Format, for_terminal: bool) -> String {
        let (review, drift) = (self.review, self.drift);
        match format {
            Format::Text => {
                let options = TextOptions {
                    color: for_terminal && terminal::color(),
                    width: if for_terminal { terminal::width() } else { FILE_COLUMNS },
                    verbose: self.verbose,
                };
                // First, so that the last line is that of the check.
                let before = drift.map(|drift| drift_text(drift, &options) + "\n");
                before.unwrap_or_default() + &dbwright_report::text(review, drift, &options)
            }
            Format::Json => dbwright_report::json(review, drift),
            Format::Sarif => dbwright_report::sarif(review, &sarif_options(review, true)),
            Format::SarifGithub => dbwright_report::sarif(review, &sarif_options(review, false)),
            Format::Markdown => dbwright_report::markdown(review, drift, &MarkdownOptions::default()),
            Format::Junit => {
                let fail_from = match self.fail_on {
                    FailOn::Never => None,
                    FailOn::Severity(severity) => Some(severity),
                };
                dbwright_report::junit(review, fail_from)
            }
            Format::Github => dbwright_report::github(review),
            Format::Gitlab => dbwright_report::gitlab(review),
            Format::Engineer => dbwright_report::engineer(review, drift),
        }
    }
}

fn sarif_options(review: &Review, with_allowed: bool) -> SarifOptions {
    let sections = || review.sections.iter();
    let of_rules = sections().flat_map(|section| section.findings.iter().chain(&section.history.findings));
    let of_comments = sections().flat_map(|section| section.allowed.iter().map(|allowed| &allowed.finding));
    let mut names: Vec<&str> = of_rules
        .chain(of_comments)
        .map(|finding| finding.rule.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    let rules = names
        .into_iter()
        .filter_map(dbwright_engineer::rule_help)
        .map(|help| RuleHelp {
            name: help.name,
            group: help.group,
            severity: help.severity,
            summary: help.summary,
            page: help.page,
        });
    SarifOptions {
        rules: rules.collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        with_allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_a_format_and_a_file() {
        let output: Output = "sarif=a=b.sarif".parse().unwrap();
        assert_eq!(
            (output.format, output.file),
            (Format::Sarif, PathBuf::from("a=b.sarif"))
        );
        let error = |text: &str| text.parse::<Output>().unwrap_err();
        assert_eq!(
            error("sarif"),
            "it has the form FORMAT=FILE, as in sarif=dbwright.sarif"
        );
        assert_eq!(
            error("html=a"),
            "there is no format `html` (known: text, json, sarif, sarif-github, markdown, junit, github, gitlab, engineer)"
        );
        assert_eq!(error("json="), "the file is missing");
        assert_eq!(error("json=-"), "standard output is for --format: write --format json");
    }
}
