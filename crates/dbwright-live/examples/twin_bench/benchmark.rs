//! Benchmarks as `cargo xtask bench twin` generates them, with the keys and indexes that they get here.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dbwright_live::scratch::postgres::Session;

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

/// Columns that get a B-tree wherever they are: what ends so refers to something.
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

/// Indexes of other kinds, for both benchmarks; those of tables that are not there are left out.
const OTHERS: [(&str, &str); 11] = [
    ("lineitem", "(l_shipdate)"),
    ("lineitem", "USING brin (l_receiptdate)"),
    ("orders", "(o_orderdate) WHERE o_orderstatus = 'O'"),
    ("customer", "(c_acctbal) INCLUDE (c_name)"),
    ("part", "USING hash (p_brand)"),
    ("part", "USING gin (to_tsvector('simple', p_name))"),
    ("date_dim", "(d_year, d_moy)"),
    ("item", "(lower(i_category))"),
    ("item", "USING hash (i_manufact_id)"),
    (
        "customer_demographics",
        "(cd_gender, cd_marital_status, cd_education_status)",
    ),
    ("inventory", "USING brin (inv_date_sk)"),
];

pub(crate) struct Benchmark {
    folder: PathBuf,
    /// Names of the tables, and their CREATE TABLE.
    tables: Vec<(String, String)>,
    /// Numbers and texts.
    pub(crate) queries: Vec<(u32, String)>,
}

impl Benchmark {
    pub(crate) fn read(name: &str, folder: &Path) -> Result<Self, Failure> {
        #[derive(serde::Deserialize)]
        struct Content {
            tables: Vec<(String, String)>,
            queries: Vec<(u32, String)>,
        }
        let folder = folder.join(name).canonicalize()?;
        let text = std::fs::read_to_string(folder.join(format!("{name}.json")))?;
        let Content { tables, queries } = serde_json::from_str(&text)?;
        Ok(Benchmark {
            folder,
            tables,
            queries,
        })
    }

    /// Makes the tables, fills and analyses them.
    pub(crate) async fn load(&self, session: &Session) -> Result<(), Failure> {
        let client = &session.client;
        client.batch_execute("SET search_path = public").await?;
        for (table, create) in &self.tables {
            let create = create.replace("PRIMARY KEY", "");
            client.batch_execute(&create).await?;
            let file = self.folder.join(format!("{table}.csv"));
            client
                .batch_execute(&format!("COPY {table} FROM '{}' (FORMAT csv)", file.display()))
                .await?;
            let columns = client
                .query(
                    "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 ORDER BY attnum",
                    &[table],
                )
                .await?;
            let columns: Vec<String> = columns.iter().map(|row| row.get(0)).collect();
            let key = KEYS.iter().find(|(name, _)| name == table).map(|(_, key)| *key);
            let key = key.or(columns.first().map(String::as_str)).unwrap_or_default();
            let mut sql = format!("ALTER TABLE {table} ADD PRIMARY KEY ({key});");
            for column in &columns {
                let is_first = key.split(", ").next() == Some(column);
                if !is_first && INDEXED.iter().any(|end| column.ends_with(end)) {
                    let _ = write!(sql, "CREATE INDEX ON {table} ({column});");
                }
            }
            for (_, index) in OTHERS.iter().filter(|(name, _)| name == table) {
                let part = index
                    .split(['(', ')', ' ', ','])
                    .find(|word| columns.iter().any(|column| column == word));
                if part.is_some() {
                    let _ = write!(sql, "CREATE INDEX ON {table} {index};");
                }
            }
            client.batch_execute(&sql).await?;
        }
        client.batch_execute("VACUUM ANALYZE").await?;
        Ok(())
    }
}
