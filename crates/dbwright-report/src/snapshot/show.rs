//! What a snapshot holds, as text: tables by size, the queries that take most time, what is missing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use dbwright_catalog::{Locale, Snapshot, StoredKind, StoredRelation};

use crate::TextOptions;
use crate::layout::{Layout, clean};

/// So many tables and queries are shown unless all are asked for.
const SHOWN: usize = 15;

/// What a page takes.
const PAGE_BYTES: u64 = 8192;

/// One table with all that belongs to it.
#[derive(Default)]
struct TableSize<'a> {
    table: Option<&'a StoredRelation>,
    bytes: u64,
    index_bytes: u64,
    indexes: usize,
    /// A size was not told, so that the one of the last `ANALYZE` stands here.
    is_estimated: bool,
}

/// A snapshot as text.
pub fn snapshot_text(snapshot: &Snapshot, options: &TextOptions) -> String {
    let layout = Layout::new(options.color, options.width);
    let mut text = head(snapshot);
    tables(snapshot, options, &mut text);
    queries(snapshot, options, &mut text);
    if !snapshot.missing.is_empty() {
        text.push_str("\nnot in this snapshot\n");
        for missing in &snapshot.missing {
            let line = format!("{}: {}", clean(&missing.what), clean(&missing.why));
            let _ = writeln!(text, "{}", layout.wrap("  ", "    ", &line).trim_end());
        }
    }
    text
}

fn head(snapshot: &Snapshot) -> String {
    let mut text = format!(
        "snapshot of {} of {}, taken at {}\n",
        clean(&snapshot.database),
        snapshot.server,
        clean(&snapshot.taken_at)
    );
    let mut facts = vec![format!("sample values: {}", snapshot.values), locale(&snapshot.locale)];
    facts.push(format!("{} statements of schema", snapshot.schema.len()));
    match (&snapshot.sqlite, &snapshot.mysql_family) {
        (_, Some(known)) => facts.push(format!(
            "{} persistent statistics, {} of columns, {} of {} histograms",
            known.tables.len() + known.indexes.len() + known.cardinalities.len(),
            known.columns.len(),
            known.histograms.len() + known.columns.iter().filter(|column| column.histogram.is_some()).count(),
            known.histograms_there.unwrap_or_default()
        )),
        (Some(sqlite), None) => facts.push(format!(
            "{} rows of sqlite_stat1, {} of sqlite_stat4",
            sqlite.counts.as_ref().map_or(0, Vec::len),
            sqlite.samples.len()
        )),
        (None, None) => facts.push(format!(
            "statistics of {} columns, {} extended",
            snapshot.columns.len(),
            snapshot.extended.len()
        )),
    }
    let _ = writeln!(text, "  {}", facts.join("; "));
    if !snapshot.extensions.is_empty() {
        let names: Vec<String> = snapshot
            .extensions
            .iter()
            .map(|extension| clean(&format!("{} {}", extension.name, extension.version)))
            .collect();
        let _ = writeln!(text, "  extensions: {}", names.join(", "));
    }
    text
}

/// How text is sorted, or how it is encoded where that is all.
fn locale(locale: &Locale) -> String {
    if locale.provider.is_empty() {
        return clean(&locale.encoding);
    }
    let name = clean(locale.locale.as_ref().unwrap_or(&locale.collate));
    format!("locale {} {name}", locale.provider)
}

fn tables(snapshot: &Snapshot, options: &TextOptions, text: &mut String) {
    let mut sizes: BTreeMap<(&str, &str), TableSize<'_>> = BTreeMap::new();
    for relation in &snapshot.relations {
        let of_toast = matches!(relation.kind, StoredKind::Toast | StoredKind::ToastIndex);
        let name = match (&relation.table, of_toast) {
            (Some(table), false) => table,
            _ => &relation.name,
        };
        let size = sizes.entry((&relation.schema, name)).or_default();
        size.is_estimated |= relation.kind.has_file() && relation.bytes.is_none();
        let pages = u64::try_from(relation.pages).unwrap_or_default();
        let bytes = relation.bytes.unwrap_or(pages * PAGE_BYTES);
        match relation.kind {
            StoredKind::Index | StoredKind::PartitionedIndex => {
                size.index_bytes += bytes;
                size.indexes += 1;
            }
            StoredKind::Toast | StoredKind::ToastIndex => size.bytes += bytes,
            StoredKind::Table
            | StoredKind::PartitionedTable
            | StoredKind::MaterialisedView
            | StoredKind::ForeignTable => {
                size.bytes += bytes;
                size.table = Some(relation);
            }
        }
    }
    let mut sizes: Vec<_> = sizes.into_iter().collect();
    sizes.sort_by_key(|(_, size)| std::cmp::Reverse(size.bytes + size.index_bytes));
    let total: u64 = sizes.iter().map(|(_, size)| size.bytes + size.index_bytes).sum();
    let _ = writeln!(
        text,
        "\n{} {}, {} in all",
        sizes.len(),
        if sizes.len() == 1 { "table" } else { "tables" },
        bytes_text(total)
    );
    let shown = if options.verbose { sizes.len() } else { SHOWN };
    for ((schema, name), size) in sizes.iter().take(shown) {
        let rows = match size.table {
            Some(table) if table.tuples >= 0.0 => format!("{:.0} rows", table.tuples),
            Some(_) | None => "rows not known".to_owned(),
        };
        let _ = writeln!(
            text,
            "  {:>10}{} {:>10} in {} {:<9} {:>16}  {}",
            bytes_text(size.bytes),
            if size.is_estimated { "~" } else { " " },
            bytes_text(size.index_bytes),
            size.indexes,
            if size.indexes == 1 { "index" } else { "indexes" },
            rows,
            clean(&format!("{schema}.{name}")),
        );
    }
    more(sizes.len(), shown, text);
}

fn queries(snapshot: &Snapshot, options: &TextOptions, text: &mut String) {
    if snapshot.workload.is_empty() {
        return;
    }
    let mut queries: Vec<_> = snapshot.workload.iter().collect();
    queries.sort_by(|a, b| b.total_ms.total_cmp(&a.total_ms));
    let _ = writeln!(text, "\n{} queries, those that took longest first", queries.len());
    let shown = if options.verbose { queries.len() } else { SHOWN };
    for query in queries.iter().take(shown) {
        let line = query.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = clean(&line);
        let width = options.width.saturating_sub(36).max(40);
        let short = if line.chars().count() > width && !options.verbose {
            format!("{}…", line.chars().take(width).collect::<String>())
        } else {
            line
        };
        let _ = writeln!(text, "  {:>10.0} ms {:>10} calls  {short}", query.total_ms, query.calls);
    }
    more(queries.len(), shown, text);
}

fn more(all: usize, shown: usize, text: &mut String) {
    if all > shown {
        let _ = writeln!(text, "  and {} more (--verbose shows all)", all - shown);
    }
}

/// A size for people: `1.6 GB`.
fn bytes_text(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"];
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1000.0 && unit + 1 < units.len() {
        size /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{bytes} B")
    } else {
        format!("{size:.1} {}", units[unit])
    }
}
