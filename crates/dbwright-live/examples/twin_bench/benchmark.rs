//! Benchmarks as `cargo xtask bench twin` generates them, with the keys and indexes that they get here.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use dbwright_catalog::Engine;

use crate::Failure;

/// Tables whose primary key is not their first column.
const KEYS: [(&str, &str); 9] = [
    ("lineitem", "l_orderkey, l_linenumber"),
    ("partsupp", "ps_partkey, ps_suppkey"),
    ("inventory", "inv_date_sk, inv_item_sk, inv_warehouse_sk"),
    ("store_sales", "ss_item_sk, ss_ticket_number"),
    ("store_returns", "sr_item_sk, sr_ticket_number"),
    ("catalog_sales", "cs_item_sk, cs_order_number"),
    ("catalog_returns", "cr_item_sk, cr_order_number"),
    ("web_sales", "ws_item_sk, ws_order_number"),
    ("web_returns", "wr_item_sk, wr_order_number"),
];

/// Columns that get an index wherever they are: what ends so refers to something.
const INDEXED: [&str; 9] = [
    "suppkey",
    "custkey",
    "partkey",
    "nationkey",
    "regionkey",
    "_date_sk",
    "_customer_sk",
    "_store_sk",
    "_address_sk",
];

/// Indexes of other kinds, for both benchmarks, as far as an engine has them; those of columns that are not there are left
/// out, as both have a table `customer`.
fn others(engine: Engine) -> Vec<(&'static str, &'static str)> {
    let mut indexes = vec![
        ("lineitem", "(l_shipdate)"),
        ("date_dim", "(d_year, d_moy)"),
        (
            "customer_demographics",
            "(cd_gender, cd_marital_status, cd_education_status)",
        ),
    ];
    indexes.extend(match engine {
        Engine::Postgres => vec![
            ("lineitem", "USING brin (l_receiptdate)"),
            ("orders", "(o_orderdate) WHERE o_orderstatus = 'O'"),
            ("customer", "(c_acctbal) INCLUDE (c_name)"),
            ("part", "USING hash (p_brand)"),
            ("part", "USING gin (to_tsvector('simple', p_name))"),
            ("item", "(lower(i_category))"),
            ("item", "USING hash (i_manufact_id)"),
            ("inventory", "USING brin (inv_date_sk)"),
        ],
        Engine::Sqlite => vec![
            ("orders", "(o_orderdate) WHERE o_orderstatus = 'O'"),
            ("customer", "(c_acctbal, c_name)"),
            ("part", "(p_brand)"),
            ("item", "(lower(i_category))"),
            ("item", "(i_manufact_id)"),
        ],
        Engine::MySql | Engine::MariaDb => vec![
            ("orders", "(o_orderdate)"),
            ("customer", "(c_acctbal, c_name)"),
            ("part", "(p_brand)"),
            ("item", "(i_category)"),
            ("item", "(i_manufact_id)"),
        ],
    });
    indexes
}

pub(crate) struct Benchmark {
    pub(crate) tables: Vec<Table>,
    /// Numbers and texts.
    pub(crate) queries: Vec<(u32, String)>,
}

pub(crate) struct Table {
    pub(crate) name: String,
    /// Names and types.
    columns: Vec<(String, String)>,
    /// What its rows are in.
    pub(crate) file: PathBuf,
}

impl Benchmark {
    /// Reads one, with queries as an engine takes them.
    pub(crate) fn read(name: &str, folder: &Path, engine: Engine) -> Result<Self, Failure> {
        #[derive(serde::Deserialize)]
        struct Content {
            tables: Vec<(String, String)>,
            queries: std::collections::BTreeMap<String, Vec<(u32, String)>>,
        }
        let folder = folder.join(name).canonicalize()?;
        let text = std::fs::read_to_string(folder.join(format!("{name}.json")))?;
        let Content { tables, mut queries } = serde_json::from_str(&text)?;
        let tables = tables.into_iter().map(|(name, create)| Table {
            file: folder.join(format!("{name}.csv")),
            columns: columns(&create),
            name,
        });
        Ok(Benchmark {
            tables: tables.collect(),
            queries: queries.remove(engine.name()).ok_or("no queries of this engine")?,
        })
    }
}

/// The columns of `CREATE TABLE t(a INTEGER, b DECIMAL(15,2) NOT NULL);`: only between columns is a space after the comma.
fn columns(create: &str) -> Vec<(String, String)> {
    let inside = create.split_once('(').map_or("", |(_, rest)| rest);
    let inside = inside.trim_end_matches([';', '\n']).strip_suffix(')').unwrap_or(inside);
    let columns = inside.split(", ").filter_map(|column| column.split_once(' '));
    columns.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
}

impl Table {
    /// Its `CREATE TABLE`, without a key.
    pub(crate) fn create(&self, engine: Engine) -> String {
        format!("CREATE TABLE {} ({})", self.name, self.definitions(engine).join(", "))
    }

    /// Its `CREATE TABLE`, with the key.
    pub(crate) fn create_with_key(&self, engine: Engine) -> String {
        let definitions = self.definitions(engine).join(", ");
        format!(
            "CREATE TABLE {} ({definitions}, PRIMARY KEY ({}))",
            self.name,
            self.key()
        )
    }

    fn definitions(&self, engine: Engine) -> Vec<String> {
        let columns = self.columns.iter().map(|(name, kind)| match engine {
            // The longest text has 200 letters.
            Engine::MySql | Engine::MariaDb => format!("{name} {}", kind.replace("VARCHAR", "VARCHAR(200)")),
            Engine::Postgres | Engine::Sqlite => format!("{name} {kind}"),
        });
        columns.collect()
    }

    pub(crate) fn key(&self) -> &str {
        let listed = KEYS.iter().find(|(name, _)| *name == self.name).map(|(_, key)| *key);
        let first = self.columns.first().map(|(name, _)| name.as_str());
        listed.or(first).unwrap_or_default()
    }

    /// What makes its indexes.
    pub(crate) fn indexes(&self, engine: Engine) -> Vec<String> {
        let first = self.key().split(", ").next();
        let names = self.columns.iter().map(|(name, _)| name.as_str());
        let columns = names
            .filter(|name| Some(*name) != first && INDEXED.iter().any(|end| name.ends_with(end)))
            .map(|name| format!("({name})"));
        let others = others(engine).into_iter().filter(|(table, index)| {
            let mut words = index.split(['(', ')', ' ', ',']);
            *table == self.name && words.any(|word| self.columns.iter().any(|(name, _)| name == word))
        });
        let indexes = columns.chain(others.map(|(_, index)| index.to_owned()));
        let numbered = indexes.enumerate();
        let create = |(number, index)| format!("CREATE INDEX {0}_{number} ON {0} {index}", self.name);
        numbered.map(create).collect()
    }

    /// Its rows. No text has a line break.
    pub(crate) fn rows(&self) -> Result<impl Iterator<Item = Result<Vec<Option<String>>, Failure>> + use<>, Failure> {
        let file = File::open(&self.file).map_err(|error| format!("{}: {error}", self.file.display()))?;
        let lines = BufReader::with_capacity(1 << 20, file).lines();
        Ok(lines.map(|line| Ok(fields(&line?))))
    }
}

/// The fields of a line of a CSV file: what is empty and not quoted is NULL.
fn fields(line: &str) -> Vec<Option<String>> {
    let mut fields = Vec::new();
    let mut letters = line.chars().peekable();
    loop {
        let mut field = String::new();
        let is_quoted = letters.next_if_eq(&'"').is_some();
        if is_quoted {
            while let Some(letter) = letters.next() {
                if letter != '"' || letters.next_if_eq(&'"').is_some() {
                    field.push(letter);
                } else {
                    break;
                }
            }
        } else {
            while let Some(letter) = letters.next_if(|letter| *letter != ',') {
                field.push(letter);
            }
        }
        fields.push((is_quoted || !field.is_empty()).then_some(field));
        if letters.next().is_none() {
            return fields;
        }
    }
}
