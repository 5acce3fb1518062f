//! The twin of a database of PostgreSQL that is larger than any disk here, and made up.

use std::time::Instant;

use dbwright_catalog::Engine;
use dbwright_live::scratch::ScratchOptions;
use dbwright_live::scratch::postgres::Who;
use dbwright_live::twin::postgres::build;

use crate::figures::{disk, megabytes};
use crate::production::Production;
use crate::wide::fill;
use crate::{Failure, values};

/// A database of 5 TB: 100 tables whose snapshot says that they have so many rows and pages.
pub(crate) async fn run(options: &ScratchOptions) -> Result<(), Failure> {
    const TABLES: u32 = 100;
    const BYTES: u64 = 5 << 40;
    let mut production = Production::start(Engine::Postgres, options).await?;
    let taken = match fill(&mut production, TABLES).await {
        Ok(()) => production.captured(&values(true)).await,
        Err(error) => Err(error),
    };
    production.stop().await?;
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
