//! The scorecard for people: a line for each figure, and the risks in numbers.

use std::collections::BTreeMap;

use dbwright_catalog::{ChangeRisk, Drift, Figure, FigureKind, FigureValue, Risk, Section, Target};

use crate::layout::{BOLD, Layout, clean};
use crate::words;

/// Lines up the names of figures.
const NAME_COLUMNS: usize = 21;

/// The figures of a section, with the drift where it is known.
pub(crate) fn figures(section: &Section, drift: Option<&Drift>) -> Vec<Figure> {
    let mut figures = section.scorecard.figures.clone();
    for figure in figures.iter_mut().filter(|it| it.kind == FigureKind::SchemaDrift) {
        if let Some(drift) = drift {
            let new: Vec<String> = drift
                .differing()
                .filter(|id| !drift.known.contains(id))
                .map(ToString::to_string)
                .collect();
            figure.value = FigureValue::Number(new.len());
            if !new.is_empty() {
                figure.to_raise = vec![
                    "`dbwright schema drift` shows the differences: bring them into a migration, or take them back."
                        .to_owned(),
                ];
            }
        }
    }
    figures
}

/// `constraint coverage`.
pub(crate) fn name(kind: FigureKind) -> String {
    kind.name().replace('-', " ")
}

/// `18 of 20 tables with a key and relations with a foreign key (90 %)`, or why it is not known.
pub(crate) fn value(figure: &Figure) -> String {
    match &figure.value {
        FigureValue::Share { part, whole } => {
            let percent = figure.value.percent().unwrap_or(100);
            format!("{percent} %: {part} of {whole} {}", figure.kind.counts())
        }
        FigureValue::Number(number) => format!("{number} {}", figure.kind.counts()),
        FigureValue::NothingToCount(because) => clean(because),
        FigureValue::Unknown(because) => format!("unknown: {}", clean(because)),
    }
}

/// `100 %`, `90 % (dbwright.toml:4)`, `0`.
pub(crate) fn target(figure: &Figure) -> String {
    match &figure.target {
        Target::Percent { percent, from: None } => format!("{percent} %"),
        Target::Percent {
            percent,
            from: Some(from),
        } => format!("{percent} % ({})", clean(from)),
        Target::Zero => "0".to_owned(),
    }
}

/// `1 critical, 2 high, 4 none`, the worst first; nothing where no statement was judged.
pub(crate) fn risks_in_short(risks: &[ChangeRisk]) -> Option<String> {
    let mut numbers: BTreeMap<Risk, usize> = BTreeMap::new();
    for risk in risks {
        *numbers.entry(risk.risk).or_default() += 1;
    }
    let parts: Vec<String> = numbers
        .iter()
        .rev()
        .map(|(risk, number)| format!("{number} {}", risk.name()))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// `an index and a backfill`, what a change needs beside itself.
pub(crate) fn needs(risk: &ChangeRisk) -> Option<String> {
    let needs = [(risk.needs_index, "an index"), (risk.needs_backfill, "a backfill")];
    let needs: Vec<String> = needs
        .into_iter()
        .filter(|(needed, _)| *needed)
        .map(|(_, what)| what.to_owned())
        .collect();
    (!needs.is_empty()).then(|| words::list(&needs))
}

/// The block at the end of a section; nothing where nothing was judged. With `verbose`, also how to raise each figure.
pub(crate) fn text(section: &Section, drift: Option<&Drift>, layout: Layout, verbose: bool) -> String {
    let figures = figures(section, drift);
    if section.scorecard.risks.is_empty() || figures.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n", layout.paint(BOLD, "scorecard:"));
    let rest = " ".repeat(NAME_COLUMNS + 2);
    for figure in &figures {
        let missed = match figure.is_met() {
            Some(false) => format!("; target {}", target(figure)),
            Some(true) | None => String::new(),
        };
        let first = format!("  {:<NAME_COLUMNS$}", name(figure.kind));
        text.push_str(&layout.wrap(&first, &rest, &format!("{}{missed}", value(figure))));
        if verbose || figure.misses_threshold() {
            for sentence in &figure.to_raise {
                text.push_str(&layout.wrap(&rest, &rest, &clean(sentence)));
            }
        }
    }
    if let Some(risks) = risks_in_short(&section.scorecard.risks) {
        let worst = worst(section).map_or_else(String::new, |worst| format!("; the worst: {worst}"));
        let first = format!("  {:<NAME_COLUMNS$}", "risk of changes");
        text.push_str(&layout.wrap(&first, &rest, &format!("{risks}{worst}")));
    }
    text.push('\n');
    text
}

/// `migrations/3.sql:4 (drop-table)`, where there is a high or critical risk.
fn worst(section: &Section) -> Option<String> {
    let risks = section.scorecard.risks.iter().filter(|risk| risk.risk >= Risk::High);
    let worst = risks.reduce(|worst, risk| if risk.risk > worst.risk { risk } else { worst })?;
    let migration = section.history.migrations.get(worst.migration)?;
    let line = migration.statements.get(worst.statement)?.line;
    let because = worst.because.join(", ");
    Some(clean(&format!("{}:{line} ({because})", words::path(&migration.path))))
}
