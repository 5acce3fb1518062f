//! What statements mean for production, in words.

#![expect(
    clippy::cast_precision_loss,
    reason = "estimates need no more digits than a float has"
)]

use std::time::Duration;

use dbwright_catalog::{
    Finding, IN_PRODUCTION, Impact, ObjectId, Rates, TableImpact, TimeRange, Traffic, Waiting, WorkKind, impact_of,
};

/// Less memory than this is what any server has left.
const MEMORY_TOLD: u64 = 100_000_000;

/// Adds to each finding what its statement means for the table of production that it concerns.
pub fn tell_impacts(findings: &mut [Finding], impacts: &[Impact]) {
    for finding in findings {
        let fact = impact_of(finding, impacts).map(fact);
        finding.evidence.facts.extend(fact);
    }
}

/// By which rates times were estimated.
pub fn told_rates(rates: &Rates) -> String {
    format!(
        "Times in production are estimated from what {} does on this machine on a server with default settings and a disk: {} written anew, {} \
         read, {} rows of an index of numbers and {} of texts, {} rows looked up for a foreign key, {} updated and {} \
         deleted, each in a second; the range is from two thirds to twice of that, from none to all rows where a statement \
         chooses them.",
        rates.server,
        bytes(rates.rewritten_bytes),
        bytes(rates.scanned_bytes),
        number(rates.indexed_numbers),
        number(rates.indexed_texts),
        number(rates.referenced_rows),
        number(rates.updated_rows),
        number(rates.deleted_rows),
    )
}

fn fact(impact: &TableImpact) -> String {
    let mut size: Vec<String> = Vec::new();
    size.extend(impact.rows.map(|rows| format!("about {} rows", number(rows))));
    size.extend(impact.bytes.map(bytes));
    size.extend(impact.traffic.map(traffic));
    let size = if size.is_empty() {
        "is of unknown size".to_owned()
    } else {
        format!("has {}", size.join(", "))
    };
    let table = &impact.table;
    let who = match impact.waiting {
        Waiting::Nobody => None,
        Waiting::Writes => Some("writes wait"),
        Waiting::ReadsAndWrites => Some("reads and writes wait"),
    };
    let work = work(impact);
    let time = match (who, impact.held) {
        (Some(who), Some(held)) => format!("; {who} {}{}", range(held), because(&work)),
        (Some(who), None) if !work.is_empty() => format!("; {who} for a time that is not estimated{}", because(&work)),
        (Some(_), None) => String::new(),
        (None, _) => match of_its_own(impact) {
            Some(time) => format!("; it takes {}{}", range(time), because(&work)),
            None => String::new(),
        },
    };
    let memory = impact.memory.filter(|memory| *memory >= MEMORY_TOLD);
    let memory = memory.map(|memory| {
        format!(
            "; the server takes about {} of memory for it, for the foreign keys of each row, unless foreign_key_checks is off",
            bytes(memory)
        )
    });
    format!("{IN_PRODUCTION}{table} {size}{time}{}.", memory.unwrap_or_default())
}

/// How long the statement works on the table.
fn of_its_own(impact: &TableImpact) -> Option<TimeRange> {
    let mut times = impact.work.iter().map(|work| work.time);
    let first = times.next()??;
    times.try_fold(first, |sum, time| Some(sum.then(time?)))
}

/// What is done, each kind once.
fn work(impact: &TableImpact) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for work in &impact.work {
        let words = match work.kind {
            WorkKind::Rewrite => "it is written anew, with its indexes".to_owned(),
            WorkKind::IndexBuild => format!("{} is built", name(&work.object)),
            WorkKind::Scan => "it is read from end to end".to_owned(),
            WorkKind::ForeignKeyCheck => format!("each row is looked up in {}", name(&work.object)),
            WorkKind::RowsCopied => format!("its rows are written into {}", name(&work.object)),
            WorkKind::RowsUpdated => "its rows are updated".to_owned(),
            WorkKind::RowsDeleted => "its rows are deleted".to_owned(),
        };
        if !told.contains(&words) {
            told.push(words);
        }
    }
    told
}

fn name(object: &ObjectId) -> &str {
    object.name()
}

fn because(work: &[String]) -> String {
    if work.is_empty() {
        String::new()
    } else {
        format!(" ({})", work.join("; "))
    }
}

fn traffic(traffic: Traffic) -> String {
    let rate = |events: u64| match traffic.per_second(events) {
        rate if events > 0 && rate < 0.1 => "under 0.1".to_owned(),
        rate if rate < 10.0 => format!("{rate:.1}"),
        rate => format!("{rate:.0}"),
    };
    format!(
        "{} reads and {} written rows a second",
        rate(traffic.reads),
        rate(traffic.writes)
    )
}

/// `about 40 s to 2 min`.
fn range(range: TimeRange) -> String {
    let (low, high) = (time(range.low), time(range.high));
    if low == high {
        return format!("about {low}");
    }
    format!("about {low} to {high}")
}

/// To two figures.
fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let figures = |value: f64| {
        if value < 10.0 {
            format!("{value:.1}")
        } else {
            format!("{value:.0}")
        }
    };
    match seconds {
        s if s < 0.001 => "1 ms".to_owned(),
        s if s < 1.0 => format!("{:.0} ms", s * 1000.0),
        s if s < 90.0 => format!("{} s", figures(s)),
        s if s < 5400.0 => format!("{} min", figures(s / 60.0)),
        s => format!("{} h", figures(s / 3600.0)),
    }
}

fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];
    scaled(bytes, 1000.0, &UNITS)
}

fn number(number: u64) -> String {
    const UNITS: [&str; 4] = ["", "thousand", "million", "billion"];
    if number < 10_000 {
        return number.to_string();
    }
    scaled(number, 1000.0, &UNITS)
}

fn scaled(value: u64, step: f64, units: &[&str]) -> String {
    let mut scaled = value as f64;
    let mut unit = 0;
    while scaled >= step && unit + 1 < units.len() {
        scaled /= step;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && scaled < 10.0);
    format!("{scaled:.digits$} {}", units[unit])
}
