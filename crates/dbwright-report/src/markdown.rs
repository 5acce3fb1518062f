//! A comment for a pull request: what must be decided first, everything else folded, and never longer than GitHub takes.

use dbwright_catalog::{Drift, Finding, FixFiles, Review, Risk, Section, Severity};

use crate::counts::Summary;
use crate::fix_files::{self, fix_diff};
use crate::place::{Placed, path, placed};
use crate::scorecard::{figures, name, needs, target, value};
use crate::told::{self, block, code, escaped};
use crate::unseen::not_observed;
use crate::{words, worse_plans};

/// The first line, by which a bot finds the comment that it wrote before.
pub const MARK: &str = "<!-- dbwright-report -->";

/// How the comment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkdownOptions {
    /// The longest that it may be, in bytes. GitHub takes 65,536 characters, GitLab a million.
    pub bytes_max: usize,
}

impl Default for MarkdownOptions {
    fn default() -> Self {
        MarkdownOptions { bytes_max: 65_000 }
    }
}

/// Kept free for what stands behind the findings.
const ENDING_BYTES: usize = 12_000;
/// Longer code is cut: who needs it all has it in the other formats.
const CODE_BYTES_MAX: usize = 6_000;
/// So many of each list are named.
const LISTED_MAX: usize = 20;

/// The review as Markdown.
pub fn markdown(review: &Review, drift: Option<&Drift>, options: &MarkdownOptions) -> String {
    let summary = Summary::of(review);
    let mut text = format!("{MARK}\n### dbwright: {}\n\n", headline(&summary));
    let placed = placed(review);
    let mut reported: Vec<&Placed<'_>> = placed.iter().filter(|placed| placed.allowance.is_none()).collect();
    reported.sort_by_key(|placed| std::cmp::Reverse(placed.finding.severity));
    let (decide, notes): (Vec<&Placed<'_>>, Vec<&Placed<'_>>) = reported
        .iter()
        .partition(|placed| placed.finding.severity > Severity::Note);
    let mut room = options.bytes_max.saturating_sub(text.len() + ENDING_BYTES);
    let mut left_out = 0;
    for placed in decide {
        let piece = finding(placed);
        let piece = if piece.len() <= room { piece } else { line(placed) };
        if piece.len() > room {
            left_out += 1;
            continue;
        }
        room -= piece.len();
        text.push_str(&piece);
    }
    if left_out > 0 {
        text.extend([format!("\nand {left_out} more, which have no room here.\n")]);
    }
    if !notes.is_empty() {
        let lines: Vec<String> = notes.iter().map(|placed| line(placed)).collect();
        let title = words::count(notes.len(), "note");
        text.push_str(&folded(&title, &lines));
    }
    let mut ending = String::new();
    for sentence in &review.not_checked {
        ending.extend([format!("\n**Not checked:** {}\n", escaped(sentence))]);
    }
    for section in &review.sections {
        ending.push_str(&of_section(section, drift));
    }
    let accepted: Vec<String> = placed.iter().filter_map(allowed).collect();
    if !accepted.is_empty() {
        ending.push_str(&folded(&format!("{} accepted by a comment", accepted.len()), &accepted));
    }
    ending.extend([format!(
        "\n<sub>{} in {}. `dbwright rule NAME` explains a rule.</sub>\n",
        ran_on(review),
        words::duration(review.duration)
    )]);
    if text.len() + ending.len() <= options.bytes_max {
        text + &ending
    } else {
        cut(&(text + &ending), options.bytes_max)
    }
}

/// `2 errors and 1 warning in 3 migrations`.
fn headline(summary: &Summary) -> String {
    let migrations = words::count(summary.judged, "migration");
    match summary.severities() {
        Some(found) => format!("{found} in {migrations}"),
        None if summary.judged == 0 => "no migrations to check".to_owned(),
        None if summary.observed == 0 && summary.predicted > 0 => format!(
            "nothing found in {migrations}, {} of {} predicted",
            summary.predicted,
            words::count(summary.statements, "statement")
        ),
        None if summary.not_observed() > 0 => format!(
            "nothing found in {migrations}, {} of {} not observed",
            summary.not_observed(),
            words::count(summary.statements, "statement")
        ),
        None => format!("nothing found in {migrations}"),
    }
}

/// A finding that has to be decided on, folded behind its first line.
fn finding(placed: &Placed<'_>) -> String {
    let finding = placed.finding;
    let mut details = String::new();
    if let Some(statement) = statement(placed) {
        details.extend([format!("{}\n", block("sql", &shortened(statement)))]);
    }
    details.push_str(&told::details(finding));
    details.push_str(&worse_plans::in_markdown(placed.section, finding));
    details.push_str(&files(placed));
    format!(
        "<details><summary>{}</summary>\n\n{details}\n</details>\n",
        title(finding, placed)
    )
}

/// The files of its safe version, each folded.
fn files(placed: &Placed<'_>) -> String {
    let files = fix_files::of_finding(placed.section, placed.finding).and_then(FixFiles::proven);
    let mut text = String::new();
    for change in files.into_iter().flatten() {
        let diff = shortened(&fix_diff(std::slice::from_ref(change)));
        text.extend([format!(
            "<details><summary>as <code>{}</code></summary>\n\n{}\n</details>\n",
            html(&path(&change.path)),
            block("diff", diff.trim_end())
        )]);
    }
    text
}

/// Its first line, in HTML, which is what stands in a `summary`.
fn title(finding: &Finding, placed: &Placed<'_>) -> String {
    format!(
        "<b>{}</b> <code>{}:{}</code> {} <i>({})</i>",
        finding.severity,
        html(&placed.file),
        placed.region.line,
        html(finding.message.trim_end_matches('.')),
        html(&finding.rule)
    )
}

/// A finding in one line of a list.
fn line(placed: &Placed<'_>) -> String {
    let finding = placed.finding;
    let place = code(&format!("{}:{}", placed.file, placed.region.line));
    let what = escaped(finding.message.trim_end_matches('.'));
    format!(
        "- **{}** {place} {what} *({})*\n",
        finding.severity,
        escaped(&finding.rule)
    )
}

fn allowed(placed: &Placed<'_>) -> Option<String> {
    let allowance = placed.allowance?;
    let until = allowance
        .until
        .map_or_else(String::new, |until| format!(" until {until}"));
    let line = line(placed);
    Some(format!("{}{until}: {}\n", line.trim_end(), escaped(&allowance.reason)))
}

/// What was not observed, and the scorecard.
fn of_section(section: &Section, drift: Option<&Drift>) -> String {
    let mut text = String::new();
    let history = words::history_name(&section.history, None);
    for sentence in &section.not_done {
        text.extend([format!(
            "\n**{} was not checked in full:** {}\n",
            escaped(&history),
            escaped(sentence)
        )]);
    }
    for told in crate::release::told(section) {
        text.extend([format!("\n{}\n", escaped(&told))]);
    }
    let unseen: Vec<String> = not_observed(section)
        .iter()
        .filter(|unseen| section.judged.contains(unseen.migration))
        .filter_map(|unseen| {
            let migration = section.history.at(unseen.migration)?;
            let line = migration.statements.get(unseen.statement)?.line;
            let place = code(&format!("{}:{line}", path(&migration.path)));
            Some(format!("- {place} {}\n", escaped(&unseen.told())))
        })
        .collect();
    if !unseen.is_empty() {
        let title = format!("{} not observed", words::count(unseen.len(), "statement"));
        text.push_str(&folded(&title, &unseen));
    }
    let figures = figures(section, drift);
    if figures.is_empty() || section.scorecard.risks.is_empty() {
        return text;
    }
    text.extend([format!(
        "<details><summary>Scorecard of {}</summary>\n\n",
        html(&history)
    )]);
    text.push_str("| figure | value | target | how to raise it |\n| --- | --- | --- | --- |\n");
    for figure in &figures {
        text.extend([format!(
            "| {} | {} | {} | {} |\n",
            name(figure.kind),
            escaped(&value(figure)),
            escaped(&target(figure)),
            escaped(&figure.to_raise.join(" "))
        )]);
    }
    text.push_str(&risks(section));
    text.push_str("\n</details>\n");
    text
}

/// The changes with a risk, the worst first.
fn risks(section: &Section) -> String {
    let mut risks: Vec<_> = section
        .scorecard
        .risks
        .iter()
        .filter(|risk| risk.risk > Risk::None)
        .collect();
    if risks.is_empty() {
        return "\nNo change bears a risk.\n".to_owned();
    }
    risks.sort_by_key(|risk| std::cmp::Reverse(risk.risk));
    let mut text = "\n| risk | change | because | needs |\n| --- | --- | --- | --- |\n".to_owned();
    for risk in risks.iter().take(LISTED_MAX) {
        let place = section.history.migrations.get(risk.migration).and_then(|migration| {
            let line = migration.statements.get(risk.statement)?.line;
            Some(format!("{}:{line}", path(&migration.path)))
        });
        text.extend([format!(
            "| {} | {} | {} | {} |\n",
            risk.risk.name(),
            code(&place.unwrap_or_default().replace('|', "\\|")),
            escaped(&risk.because.join(", ")),
            needs(risk).unwrap_or_default()
        )]);
    }
    if risks.len() > LISTED_MAX {
        text.extend([format!("\nand {} more.\n", risks.len() - LISTED_MAX)]);
    }
    text
}

/// A list behind its title; of a long one the beginning.
fn folded(title: &str, lines: &[String]) -> String {
    let mut text = format!("<details><summary>{}</summary>\n\n", html(title));
    for line in lines.iter().take(LISTED_MAX) {
        text.push_str(&shortened(line));
    }
    if lines.len() > LISTED_MAX {
        text.extend([format!("\nand {} more.\n", lines.len() - LISTED_MAX)]);
    }
    text + "\n</details>\n"
}

/// The statement that a finding is about, or the comment that it points at.
fn statement<'a>(placed: &Placed<'a>) -> Option<&'a str> {
    let (migration, statement) = placed.finding.place.statement?;
    let migration = placed.section.history.migrations.get(migration)?;
    let statement = migration.statements.get(statement)?;
    let span = placed.finding.place.span.unwrap_or(statement.span);
    if span.end <= statement.span.start || span.start >= statement.span.end {
        return migration.text.get(span.range()).map(str::trim);
    }
    Some(statement.text.trim())
}

fn ran_on(review: &Review) -> String {
    let mut servers: Vec<String> = Vec::new();
    for trace in review.sections.iter().filter_map(|section| section.trace.as_ref()) {
        let server = trace.server.to_string();
        if !servers.contains(&server) {
            servers.push(server);
        }
    }
    if servers.is_empty() {
        "Nothing ran".to_owned()
    } else {
        format!("Ran on {}", words::list(&servers))
    }
}

fn shortened(text: &str) -> String {
    if text.len() <= CODE_BYTES_MAX {
        return text.to_owned();
    }
    let end = (0..=CODE_BYTES_MAX)
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0);
    format!("{}\n…", &text[..end])
}

/// The beginning that has room, up to the end of a line. Folds stay open, which GitHub closes.
fn cut(text: &str, bytes_max: usize) -> String {
    let ending = "\n… cut: the rest has no room here.\n";
    let room = bytes_max.saturating_sub(ending.len());
    let end = (0..=room.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0);
    let end = text[..end].rfind('\n').map_or(end, |line| line + 1);
    format!("{}{ending}", &text[..end])
}

/// Text for HTML, on one line, in which nobody is called.
fn html(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '&' => html.push_str("&amp;"),
            '"' => html.push_str("&quot;"),
            '@' | '#' => {
                html.push(letter);
                html.push_str("<!-- -->");
            }
            '`' | '*' | '_' | '~' | '[' | ']' | '\\' => html.extend([format!("&#{};", u32::from(letter))]),
            control if control.is_control() => html.push(' '),
            letter => html.push(letter),
        }
    }
    html
}
