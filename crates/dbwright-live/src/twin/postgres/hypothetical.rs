//! Hypothetical indexes: real ones, empty, on the tables of a twin that runs, with the size that they would have on production.
//!
//! Any kind that the server knows works, as the server itself makes it. The table would be read for it, which is as many empty
//! pages as production has: while the index is made, its file is short. The first page of an index that the planner reads is
//! written before anybody has seen the index, into a file of its own, of which the server has nothing in memory.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use dbwright_catalog::Engine;
use dbwright_ddl::{quote_identifier, quote_literal};
use dbwright_sql::postgres::{CreateIndex, PostgresStatement};
use tokio_postgres::SimpleQueryMessage;

use super::Twin;
use super::files::SEGMENT;
use super::pages::{self, PAGE};
use super::sizes::{Part, Shape, Size};
use crate::LiveError;
use crate::scratch::postgres::{Session, Who};

/// An index that production does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HypotheticalIndex {
    /// Its schema.
    pub schema: String,
    /// Its name, which the server has made up where the statement has none.
    pub name: String,
    /// Its table; of a partitioned table there is one for each partition.
    pub table: String,
    /// `btree`, `gin`.
    pub method: String,
    /// Bytes that it would take.
    pub bytes: u64,
    /// Rows that it would have.
    pub rows: u64,
    /// What its size or its use are not sure of, in whole sentences.
    pub unsure: Vec<String>,
}

/// File numbers of changed indexes begin here: the server counts from below, and never comes so far.
const FIRST_NUMBER: u32 = 4_000_000_000;

impl Twin {
    /// Makes a hypothetical index by a `CREATE INDEX`: one, or with a partitioned table one for each partition.
    ///
    /// # Errors
    ///
    /// When it is no `CREATE INDEX`, the server refuses it, or a file can't be written. Nothing of it stays then.
    pub async fn add_index(&self, statement: &str) -> Result<Vec<HypotheticalIndex>, LiveError> {
        let session = self.scratch.connect(&self.database, Who::Observer).await?;
        let added = add_index(&session, statement).await;
        session.close().await;
        added
    }

    /// Takes a hypothetical index away again, by its schema and name.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn drop_index(&self, schema: &str, name: &str) -> Result<(), LiveError> {
        let session = self.scratch.connect(&self.database, Who::Observer).await?;
        let name = format!("{}.{}", quoted(schema), quoted(name));
        let dropped = session.client.batch_execute(&format!("DROP INDEX {name}")).await;
        session.close().await;
        dropped.map_err(|error| refused("dropping a hypothetical index", error))
    }
}

/// Makes a hypothetical index on a twin that a superuser's session is with.
///
/// # Errors
///
/// As [`Twin::add_index`].
pub async fn add_index(session: &Session, statement: &str) -> Result<Vec<HypotheticalIndex>, LiveError> {
    let PostgresStatement::CreateIndex(wanted) = dbwright_sql::postgres::read(statement) else {
        return Err(LiveError::Unsupported {
            what: "a hypothetical index is told by one CREATE INDEX".to_owned(),
        });
    };
    let data = first(session, "SHOW data_directory").await?;
    run(session, "BEGIN").await?;
    let mut tables = Vec::new();
    let made = make(session, statement, &wanted, Path::new(&data), &mut tables).await;
    // Long again in any case: a short table plans as a small one.
    let restored = tables.iter().try_for_each(Table::lengthen);
    let made = match (made, restored) {
        (Ok(made), Ok(())) => run(session, "COMMIT").await.map(|()| made),
        (Err(error), _) => Err(error),
        (Ok(_), Err(error)) => Err(LiveError::io("writing the files of a twin", error)),
    };
    if made.is_err() {
        // The session may be gone, and then all is undone as well.
        let _ = run(session, "ROLLBACK").await;
    }
    made
}

/// Makes a hypothetical index on a twin that another process keeps, by its URL ([`Twin::url`]).
///
/// # Errors
///
/// As [`Twin::add_index`], and when it does not run.
pub async fn add_index_at(url: &str, statement: &str) -> Result<Vec<HypotheticalIndex>, LiveError> {
    let parts = url.split_once("@/").and_then(|(_, rest)| rest.split_once("?host="));
    let Some((database, folder)) = parts else {
        return Err(LiveError::Unsupported {
            what: format!("{url} is no twin of PostgreSQL, and hypothetical indexes are made on these"),
        });
    };
    let session = Session::enter(Path::new(folder), database).await?;
    let added = add_index(&session, statement).await;
    session.close().await;
    added
}

/// A table whose file is short for a moment.
struct Table {
    oid: String,
    path: PathBuf,
    length: u64,
    pages: u64,
    /// What stands in `pg_class`, as SQL.
    kept: String,
    rows: f64,
}

impl Table {
    fn shorten(&self) -> io::Result<()> {
        // The first page stays: it may say that everybody sees all of it.
        self.resize(self.length.min(PAGE as u64))
    }

    fn lengthen(&self) -> io::Result<()> {
        self.resize(self.length)
    }

    /// Only the first file: the server does not look for the second where the first is not full.
    fn resize(&self, length: u64) -> io::Result<()> {
        OpenOptions::new().write(true).open(&self.path)?.set_len(length)
    }
}

async fn make(
    session: &Session,
    statement: &str,
    wanted: &CreateIndex,
    data: &Path,
    tables: &mut Vec<Table>,
) -> Result<Vec<HypotheticalIndex>, LiveError> {
    let (schema, table) = find(session, wanted).await?;
    let table = format!("{}.{}", quoted(&schema), quoted(&table));
    let path = if schema == "public" {
        "public".to_owned()
    } else {
        format!("{}, public", quoted(&schema))
    };
    let lock = lock(session, &table).await?;
    run(
        session,
        &format!("SET LOCAL allow_system_table_mods = on; SET LOCAL search_path = {path}; {lock}"),
    )
    .await?;
    *tables = leaves(session, &table, data).await?;
    let before = first(session, "SELECT pg_catalog.max(oid::bigint) FROM pg_catalog.pg_class").await?;
    for table in tables.iter() {
        table
            .shorten()
            .map_err(|error| LiveError::io("writing the files of a twin", error))?;
    }
    // It would refuse the transaction, and there is nothing to wait for.
    let statement = if wanted.concurrently {
        without_concurrently(statement)
    } else {
        statement.to_owned()
    };
    let created = session.client.batch_execute(&statement).await;
    created.map_err(|error| refused("making a hypothetical index", error))?;
    for table in tables.iter() {
        table
            .lengthen()
            .map_err(|error| LiveError::io("writing the files of a twin", error))?;
        let sql = format!(
            "UPDATE pg_catalog.pg_class SET {} WHERE oid = {}",
            table.kept, table.oid
        );
        run(session, &sql).await?;
    }
    let sql = format!(
        "SELECT c.oid, n.nspname, c.relname, tc.relname, am.amname, i.indrelid, COALESCE(pg_catalog.pg_get_expr(i.indpred, \
            i.indrelid), ''), pg_catalog.pg_relation_filepath(c.oid) \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_class tc ON tc.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_am am ON am.oid = c.relam \
         WHERE c.oid::bigint > {before} AND c.relkind = 'i' AND tc.relkind <> 't' ORDER BY c.oid"
    );
    let mut made = Vec::new();
    for row in rows(session, &sql).await? {
        let [oid, schema, name, table, method, table_oid, predicate, path] = row.as_slice() else {
            continue;
        };
        let Some(of) = tables.iter().find(|table| table.oid == *table_oid) else {
            continue;
        };
        let mut unsure = Vec::new();
        let shape = shape(session, oid, method, predicate, of, &mut unsure).await?;
        let size = shape.size();
        write(session, data, Path::new(path), oid, &shape, &size).await?;
        made.push(HypotheticalIndex {
            schema: schema.clone(),
            name: name.clone(),
            table: table.clone(),
            method: method.clone(),
            bytes: size.pages * PAGE as u64,
            rows: whole(shape.rows),
            unsure,
        });
    }
    if made.is_empty() {
        return Err(LiveError::Unsupported {
            what: "nothing was made: there is an index of this name, or the table has no file".to_owned(),
        });
    }
    Ok(made)
}

/// What keeps others from planning while the file is short. `LOCK` takes no materialised view; to give it to whom it belongs
/// changes nothing and takes the same lock.
async fn lock(session: &Session, table: &str) -> Result<String, LiveError> {
    let sql = format!(
        "SELECT CASE WHEN c.relkind = 'm' THEN pg_catalog.format('ALTER MATERIALIZED VIEW {{0}} OWNER TO %I', \
            pg_catalog.pg_get_userbyid(c.relowner)) ELSE 'LOCK TABLE {{0}}' END \
         FROM pg_catalog.pg_class c WHERE c.oid = {}::text::regclass",
        quote_literal(Engine::Postgres, table)
    );
    Ok(first(session, &sql).await?.replace("{0}", table))
}

/// Schema and name of the table: where it is written without its schema, that of `public`, else the only one of this name.
async fn find(session: &Session, wanted: &CreateIndex) -> Result<(String, String), LiveError> {
    let literal = |text: &str| quote_literal(Engine::Postgres, text);
    let schema = wanted
        .table
        .schema
        .as_deref()
        .map_or("true".to_owned(), |schema| format!("n.nspname = {}", literal(schema)));
    let sql = format!(
        "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relname = {} AND {schema} AND c.relkind IN ('r', 'p', 'm') ORDER BY n.nspname <> 'public', 1",
        literal(&wanted.table.name)
    );
    let found: Vec<String> = rows(session, &sql).await?.into_iter().flatten().collect();
    match found.as_slice() {
        [only] => Ok((only.clone(), wanted.table.name.clone())),
        [first, ..] if first == "public" => Ok((first.clone(), wanted.table.name.clone())),
        [] => Err(LiveError::Unsupported {
            what: format!("the twin has no table {}", wanted.table.name),
        }),
        several => Err(LiveError::Unsupported {
            what: format!(
                "the table {} is in several schemas ({}); say in which",
                wanted.table.name,
                several.join(", ")
            ),
        }),
    }
}

/// The tables with files: itself, or its partitions.
async fn leaves(session: &Session, table: &str, data: &Path) -> Result<Vec<Table>, LiveError> {
    let major: u32 = first(session, "SHOW server_version_num").await?.parse().unwrap_or(0) / 10_000;
    let frozen = if major >= 18 {
        " || ', relallfrozen = ' || c.relallfrozen"
    } else {
        ""
    };
    let sql = format!(
        "SELECT c.oid, pg_catalog.pg_relation_filepath(c.oid), pg_catalog.pg_relation_size(c.oid) / 8192, c.relpages, \
            c.reltuples, 'relpages = ' || c.relpages || ', reltuples = ' || c.reltuples || ', relallvisible = ' || \
            c.relallvisible{frozen} \
         FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'm') AND c.oid IN \
           (SELECT {table}::text::regclass UNION SELECT p.relid FROM pg_catalog.pg_partition_tree({table}::text::regclass) p)",
        table = quote_literal(Engine::Postgres, table)
    );
    let mut tables = Vec::new();
    for row in rows(session, &sql).await? {
        let [oid, path, pages, seen, tuples, kept] = row.as_slice() else {
            continue;
        };
        let path = data.join(path);
        let length = path
            .metadata()
            .map_err(|error| LiveError::io("reading the files of a twin", error))?
            .len();
        let number = |text: &String| text.parse::<f64>().unwrap_or_default();
        // As the planner does: as dense as it was when somebody last looked.
        let rows = if number(seen) > 0.0 {
            number(tuples) / number(seen) * number(pages)
        } else {
            number(tuples)
        };
        tables.push(Table {
            oid: oid.clone(),
            path,
            length,
            pages: pages.parse().unwrap_or_default(),
            kept: kept.clone(),
            rows: rows.max(0.0),
        });
    }
    Ok(tables)
}

fn without_concurrently(statement: &str) -> String {
    let tokens = dbwright_sql::tokens(Engine::Postgres, statement);
    let mut is_gone = false;
    tokens
        .filter(|token| {
            let is_it = !is_gone && token.text.eq_ignore_ascii_case("concurrently");
            is_gone |= is_it;
            !is_it
        })
        .map(|token| token.text)
        .collect()
}

/// What the statistics tell of an index that was just made.
async fn shape(
    session: &Session,
    oid: &str,
    method: &str,
    predicate: &str,
    table: &Table,
    unsure: &mut Vec<String>,
) -> Result<Shape, LiveError> {
    let columns = rows(session, &columns(oid)).await?;
    let mut shape = Shape {
        method: method.to_owned(),
        rows: table.rows,
        #[expect(clippy::cast_precision_loss, reason = "far from its limits")]
        table_pages: table.pages as f64,
        shares: true,
        range: 128.0,
        sorted: true,
        ..Shape::default()
    };
    let mut keys = Vec::new();
    let mut is_guessed = false;
    for column in &columns {
        let [
            is_key,
            key,
            length,
            align,
            width,
            nulls,
            distinct,
            lengths,
            common,
            elements,
            of_row,
            known,
            shares,
            sorted,
            range,
        ] = column.as_slice()
        else {
            continue;
        };
        let number = |text: &str| text.parse::<f64>().unwrap_or_default();
        let list = |text: &str| -> Vec<f64> {
            text.trim_matches(['{', '}'])
                .split(',')
                .filter_map(|text| text.parse().ok())
                .collect()
        };
        let varies = number(length) < 0.0;
        if is_key == "t" {
            shape.keys += 1;
            keys.push(key.as_str());
        } else {
            shape.shares = false;
        }
        shape.shares &= shares == "t";
        shape.sorted &= sorted == "t";
        shape.range = number(range);
        is_guessed |= known != "t";
        let distinct = match number(distinct) {
            of_rows if of_rows < 0.0 => -of_rows * table.rows,
            number => number,
        };
        shape.parts.push(Part {
            width: if varies { number(width).max(1.0) } else { number(length) },
            varies,
            align: number(align),
            nulls: number(nulls),
            lengths: list(lengths),
            distinct,
            common: list(common),
            elements: list(elements),
            elements_of_row: of_row.parse().ok(),
        });
    }
    if !predicate.is_empty() {
        let where_clause = format!("SELECT FROM {} WHERE {predicate}", only(session, &table.oid).await?);
        shape.rows = plan_rows(session, &where_clause).await?.min(table.rows);
    }
    shape.groups = match (shape.parts.as_slice(), method) {
        ([part, ..], _) if shape.keys == 1 && part.distinct > 0.0 => part.distinct * shape.rows / table.rows.max(1.0),
        (parts, "btree") if !has_extended(session, &table.oid).await? => {
            // As if the columns had nothing to do with each other: so many of all combinations are there.
            let known = parts.iter().take(shape.keys).filter(|part| part.distinct > 0.0);
            let combinations: f64 = known.map(|part| part.distinct).product();
            combinations * (1.0 - (-shape.rows / combinations).exp())
        }
        (_, "btree") => {
            let condition = if predicate.is_empty() {
                String::new()
            } else {
                format!(" WHERE {predicate}")
            };
            let groups = format!(
                "SELECT FROM {}{condition} GROUP BY {}",
                only(session, &table.oid).await?,
                keys.join(", ")
            );
            plan_rows(session, &groups).await?
        }
        _ => shape.rows,
    };
    shape.groups = shape.groups.clamp(1.0, shape.rows.max(1.0));
    if is_guessed {
        unsure.push(
            "It has an expression of which there are no statistics, as ANALYZE would gather them on production: estimates for \
             it are the server's own guesses."
                .to_owned(),
        );
    }
    if matches!(method, "gin" | "gist" | "spgist") {
        unsure.push(format!(
            "The size of a {method} index depends on its values; this one is rough."
        ));
    }
    Ok(shape)
}

/// Whether the numbers of groups of several columns of a table are known.
async fn has_extended(session: &Session, oid: &str) -> Result<bool, LiveError> {
    let sql = format!(
        "SELECT pg_catalog.count(*) FROM pg_catalog.pg_statistic_ext WHERE stxrelid = {oid} AND 'd' = ANY (stxkind)"
    );
    Ok(first(session, &sql).await? != "0")
}

/// A table by its name, without its children.
async fn only(session: &Session, oid: &str) -> Result<String, LiveError> {
    let sql = format!(
        "SELECT pg_catalog.format('ONLY %I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = {oid}"
    );
    first(session, &sql).await
}

/// How many rows the planner expects of a query.
async fn plan_rows(session: &Session, query: &str) -> Result<f64, LiveError> {
    let plan = first(session, &format!("EXPLAIN {query}")).await?;
    let rows = plan
        .split_once("rows=")
        .and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
    Ok(rows.unwrap_or(1.0))
}

/// What is known of each column of an index. An expression of one column is taken to be like that column.
fn columns(oid: &str) -> String {
    let slot = |kind: u32, what: &str| {
        let cases: Vec<String> = (1..=5)
            .map(|slot| {
                format!(
                    "WHEN s.stakind{slot} = {kind} THEN {}",
                    what.replace('#', &slot.to_string())
                )
            })
            .collect();
        format!("CASE {} END", cases.join(" "))
    };
    let lengths = |kind: u32| {
        slot(
            kind,
            "(SELECT pg_catalog.array_agg(pg_catalog.octet_length(v)) FROM \
             pg_catalog.unnest(s.stavalues#::text::text[]) v)",
        )
    };
    format!(
        "SELECT ia.attnum <= i.indnkeyatts, pg_catalog.pg_get_indexdef(i.indexrelid, ia.attnum, false), ia.attlen, \
            CASE ia.attalign WHEN 'd' THEN 8 WHEN 'i' THEN 4 WHEN 's' THEN 2 ELSE 1 END, \
            COALESCE(s.stawidth, CASE WHEN ia.attlen > 0 THEN ia.attlen ELSE 32 END), COALESCE(s.stanullfrac, 0), \
            COALESCE(s.stadistinct, 0), \
            CASE WHEN t.typcategory = 'S' THEN COALESCE({}, {})::text ELSE '' END, \
            COALESCE({}::text, ''), COALESCE({}::text, ''), COALESCE({}::text, ''), \
            i.indkey[ia.attnum - 1] <> 0 AND s.starelid IS NOT NULL, \
            t.oid NOT IN (700, 701, 1700) AND t.typcategory <> 'A' AND t.typname <> 'jsonb' AND NOT i.indisunique, \
            COALESCE(p.amproc IS NOT NULL, false), \
            COALESCE((SELECT o.option_value FROM pg_catalog.pg_options_to_table(c.reloptions) o \
               WHERE o.option_name = 'pages_per_range'), '128') \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_attribute ia ON ia.attrelid = i.indexrelid \
         JOIN pg_catalog.pg_type t ON t.oid = ia.atttypid \
         LEFT JOIN LATERAL (SELECT pg_catalog.min(d.refobjsubid) AS number FROM pg_catalog.pg_depend d \
            WHERE i.indkey[ia.attnum - 1] = 0 AND d.objid = i.indexrelid AND d.refobjid = i.indrelid AND d.refobjsubid > 0 \
              AND d.deptype <> 'i' HAVING pg_catalog.count(DISTINCT d.refobjsubid) = 1) e ON true \
         LEFT JOIN pg_catalog.pg_statistic s ON s.starelid = i.indrelid AND NOT s.stainherit \
            AND s.staattnum = COALESCE(NULLIF(i.indkey[ia.attnum - 1], 0), e.number) \
         LEFT JOIN pg_catalog.pg_opclass oc ON ia.attnum <= i.indnkeyatts AND oc.oid = i.indclass[ia.attnum - 1] \
         LEFT JOIN pg_catalog.pg_amproc p ON p.amprocfamily = oc.opcfamily AND p.amproclefttype = oc.opcintype \
            AND p.amprocnum = 11 AND oc.opcmethod = 783 \
         WHERE i.indexrelid = {oid} ORDER BY ia.attnum",
        lengths(2),
        lengths(1),
        slot(1, "s.stanumbers#"),
        // Behind the shares stand the least and the greatest, and of arrays that of NULL.
        slot(
            4,
            "s.stanumbers#[1:pg_catalog.array_length(s.stavalues#::text::text[], 1)]"
        ),
        slot(5, "s.stanumbers#[pg_catalog.array_length(s.stanumbers#, 1)]"),
    )
}

/// Gives an index its size, and its first page what the planner reads there.
async fn write(
    session: &Session,
    data: &Path,
    path: &Path,
    oid: &str,
    shape: &Shape,
    size: &Size,
) -> Result<(), LiveError> {
    let mut file = data.join(path);
    let mut number = String::new();
    // Their first page is in the memory of the server, which reads it there and writes it over ours; a file of another number
    // it has not read.
    if matches!(shape.method.as_str(), "btree" | "gin" | "brin") {
        run(session, "CHECKPOINT").await?;
        let old: u32 = oid.parse().unwrap_or_default();
        let new = FIRST_NUMBER + old % 200_000_000;
        let copy = file.with_file_name(new.to_string());
        let copied = std::fs::copy(&file, &copy).and_then(|_| same_owner(&file, &copy));
        copied.map_err(|error| LiveError::io("writing the files of a twin", error))?;
        file = copy;
        number = format!(", relfilenode = {new}");
    }
    patch(&file, shape, size).map_err(|error| LiveError::io("writing the files of a twin", error))?;
    let sql = format!(
        "UPDATE pg_catalog.pg_class SET relpages = {}, reltuples = {}::float4{number} WHERE oid = {oid}",
        size.pages, shape.rows
    );
    run(session, &sql).await
}

fn same_owner(from: &Path, to: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let owner = from.metadata()?;
    std::os::unix::fs::lchown(to, Some(owner.uid()), Some(owner.gid()))
}

fn patch(path: &Path, shape: &Shape, size: &Size) -> io::Result<()> {
    let first = OpenOptions::new().read(true).write(true).open(path)?;
    let mut meta = vec![0; PAGE];
    first.read_exact_at(&mut meta, 0)?;
    let mut pages = size.pages;
    match shape.method.as_str() {
        "btree" if pages > 1 => {
            let below = pages::tree(&mut meta, size.levels, &[]);
            pages = pages.max(below.len() as u64 + 1);
            for (page, number) in below.iter().zip(1..) {
                first.write_all_at(page, number * PAGE as u64)?;
            }
            first.write_all_at(&meta, 0)?;
        }
        "gin" => {
            pages::gin(&mut meta, &size.gin.unwrap_or_default());
            first.write_all_at(&meta, 0)?;
        }
        "brin" => {
            pages::brin(&mut meta, whole(shape.table_pages));
            first.write_all_at(&meta, 0)?;
        }
        _ => {}
    }
    let bytes = pages * PAGE as u64;
    first.set_len(bytes.min(SEGMENT).max(first.metadata()?.len()))?;
    for number in 1..bytes.div_ceil(SEGMENT) {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        let segment = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&name)?;
        segment.set_len((bytes - number * SEGMENT).min(SEGMENT))?;
        same_owner(path, Path::new(&name))?;
    }
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count that was estimated"
)]
fn whole(number: f64) -> u64 {
    number.max(0.0).round() as u64
}

fn quoted(name: &str) -> String {
    quote_identifier(Engine::Postgres, name)
}

async fn run(session: &Session, sql: &str) -> Result<(), LiveError> {
    let done = session.client.batch_execute(sql).await;
    done.map_err(|error| refused("making a hypothetical index", error))
}

fn refused(doing: &str, error: tokio_postgres::Error) -> LiveError {
    match error.as_db_error() {
        Some(said) => LiveError::Unsupported {
            what: format!("{doing} is refused by the server: {}", said.message()),
        },
        None => LiveError::postgres(doing, error),
    }
}

async fn first(session: &Session, sql: &str) -> Result<String, LiveError> {
    let rows = rows(session, sql).await?;
    Ok(rows.into_iter().flatten().next().unwrap_or_default())
}

async fn rows(session: &Session, sql: &str) -> Result<Vec<Vec<String>>, LiveError> {
    let answer = session.client.simple_query(sql).await;
    let answer = answer.map_err(|error| refused("making a hypothetical index", error))?;
    Ok(answer
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(
                (0..row.len())
                    .map(|at| row.get(at).unwrap_or_default().to_owned())
                    .collect(),
            ),
            _ => None,
        })
        .collect())
}
