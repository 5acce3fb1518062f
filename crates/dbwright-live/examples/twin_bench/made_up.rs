//! Databases that are made up: one of many tables, and one that is larger than any disk here.

use std::fmt::Write as _;
use std::time::Instant;

use dbwright_live::scratch::ScratchOptions;
use dbwright_live::scratch::postgres::{PostgresScratch, Who};
use dbwright_live::twin::postgres::build;

use crate::exact::{disk, fidelity, megabytes, taken};
use crate::{Failure, values};

/// Tables of ten columns with a key, three more indexes and a foreign key, and some rows.
async fn fill(scratch: &PostgresScratch, tables: u32) -> Result<String, Failure> {
    let database = scratch.create_database().await?;
    let session = scratch.connect(&database, Who::Observer).await?;
    for number in 0..tables {
        let mut sql = format!(
            "CREATE TABLE public.t{number} (id bigint PRIMARY KEY, parent bigint, name text NOT NULL, state text, \
             at timestamptz, amount numeric(12,2), note text, flag boolean, tags text[], day date);"
        );
        let _ = write!(
            sql,
            "INSERT INTO public.t{number} SELECT i, i, 'name ' || i, 'state ' || i % 4, \
             timestamptz '2026-01-01Z' + i * interval '1 h', i / 3.0, NULL, i % 2 = 0, ARRAY['a', 'b'], date '2026-01-01' + i \
             FROM generate_series(1, 200) i; CREATE INDEX ON public.t{number} (name); CREATE INDEX ON public.t{number} (at); \
             CREATE INDEX ON public.t{number} (parent) WHERE flag;"
        );
        if number > 0 {
            let _ = write!(
                sql,
                "ALTER TABLE public.t{number} ADD FOREIGN KEY (parent) REFERENCES public.t{} (id);",
                number / 2
            );
        }
        session.client.batch_execute(&sql).await?;
    }
    session.client.batch_execute("ANALYZE").await?;
    session.close().await;
    Ok(database)
}

pub(crate) async fn wide(tables: u32, options: &ScratchOptions) -> Result<(), Failure> {
    let scratch = PostgresScratch::start(options).await?;
    let done = measure(&scratch, tables, options).await;
    scratch.stop().await?;
    done
}

async fn measure(scratch: &PostgresScratch, tables: u32, options: &ScratchOptions) -> Result<(), Failure> {
    let database = fill(scratch, tables).await?;
    println!("{tables} tables on {}", scratch.server());
    for (what, by_default) in [("without values", false), ("with values", true)] {
        let taken = taken(scratch, &database, &values(by_default)).await?;
        let begun = Instant::now();
        let twin = build(&taken.snapshot, options).await?;
        println!(
            "  {what}: captured in {:.2} s with {} queries, a file of {} kB; twin built in {:.2} s, {} on the disk",
            taken.time.as_secs_f64(),
            taken.queries,
            taken.bytes / 1024,
            begun.elapsed().as_secs_f64(),
            megabytes(twin.scratch.socket_folder().map_or(0, |folder| disk(&folder)))
        );
        println!("    {}", fidelity(&twin));
        twin.stop().await?;
    }
    Ok(())
}

/// A database of 5 TB: 100 tables whose snapshot says that they have so many rows and pages.
pub(crate) async fn huge(options: &ScratchOptions) -> Result<(), Failure> {
    const TABLES: u32 = 100;
    const BYTES: u64 = 5 << 40;
    let scratch = PostgresScratch::start(options).await?;
    let filled = fill(&scratch, TABLES).await;
    let taken = match filled {
        Ok(database) => taken(&scratch, &database, &values(true)).await,
        Err(error) => Err(error),
    };
    scratch.stop().await?;
    let mut snapshot = taken?.snapshot;
    let before: u64 = snapshot.relations.iter().filter_map(|relation| relation.bytes).sum();
    let times = BYTES / before.max(1) + 1;
    for relation in &mut snapshot.relations {
        relation.bytes = relation.bytes.map(|bytes| bytes * times);
        relation.pages *= i64::try_from(times)?;
        relation.all_visible *= i64::try_from(times)?;
        if relation.tuples > 0.0 {
            #[expect(clippy::cast_precision_loss, reason = "it is made up")]
            let more = times as f64;
            relation.tuples *= more;
        }
    }
    let begun = Instant::now();
    let twin = build(&snapshot, options).await?;
    let time = begun.elapsed();
    let session = twin.scratch.connect(&twin.database, Who::Observer).await?;
    let size: i64 = session
        .client
        .query_one(
            "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relkind = 'r' AND oid >= 16384",
            &[],
        )
        .await?
        .get(0);
    let plan = session
        .client
        .simple_query("EXPLAIN SELECT * FROM public.t7 WHERE id = 4711")
        .await?;
    let plan: Vec<&str> = plan
        .iter()
        .filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        })
        .collect();
    println!(
        "a made-up database of {:.2} TB in {TABLES} tables on {}: built in {:.2} s, {} on the disk\n  {}",
        f64::from(u32::try_from(size >> 30)?) / 1024.0,
        twin.server(),
        time.as_secs_f64(),
        megabytes(twin.scratch.socket_folder().map_or(0, |folder| disk(&folder))),
        plan.join("\n  ")
    );
    session.close().await;
    twin.stop().await?;
    Ok(())
}
