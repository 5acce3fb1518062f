//! How many plans of a benchmark are the same on a database that is filled for real and on its twin, of MySQL, MariaDB and
//! SQLite, which tell no costs.

use std::path::Path;
use std::time::Instant;

use dbwright_catalog::Engine;
use dbwright_live::scratch::ScratchOptions;
use dbwright_live::twin::{Twin, build};

use crate::benchmark::Benchmark;
use crate::figures::{captured, disk, fidelity, folder, megabytes};
use crate::plans::{self, Plan, refused, told};
use crate::production::Production;
use crate::{Failure, values};

pub(crate) async fn run(
    engine: Engine,
    name: &str,
    folder: &Path,
    options: &ScratchOptions,
    show: bool,
) -> Result<(), Failure> {
    let benchmark = Benchmark::read(name, folder, engine)?;
    let mut production = Production::start(engine, options).await?;
    let compared = compare(name, &benchmark, &mut production, options, show).await;
    production.stop().await?;
    compared
}

async fn compare(
    name: &str,
    benchmark: &Benchmark,
    production: &mut Production,
    options: &ScratchOptions,
    show: bool,
) -> Result<(), Failure> {
    let begun = Instant::now();
    production.load(benchmark).await?;
    println!(
        "{name} on {}: {} loaded in {:.0} s",
        production.server(),
        megabytes(disk(&production.folder())),
        begun.elapsed().as_secs_f64()
    );
    let there = production.plans(&benchmark.queries).await?;
    let taken = there.iter().filter(|plan| plan.steps.is_ok()).count();
    println!("  takes {taken} of {} queries{}", there.len(), refused(&there));
    for (what, by_default) in [("with values", true), ("without values", false)] {
        let snapshot = production.captured(&values(by_default)).await?;
        println!("  {what}: captured {}", captured(&snapshot));
        let begun = Instant::now();
        let twin = build(&snapshot.snapshot, options).await?;
        let time = begun.elapsed();
        let here = plans_on(&twin, benchmark).await?;
        println!(
            "    twin built in {:.2} s, {} on the disk, {}\n    {}",
            time.as_secs_f64(),
            megabytes(disk(&folder(&twin))),
            fidelity(twin.fidelity()),
            told(&there, &here, show)
        );
        twin.stop().await?;
    }
    if production.server().engine == Engine::Sqlite {
        // As a library without STAT4 plans, which knows nothing of samples.
        let sql = "DELETE FROM sqlite_stat4";
        production.run(&[sql.to_owned()]).await?;
        let there = production.plans(&benchmark.queries).await?;
        let snapshot = production.captured(&values(false)).await?;
        let twin = build(&snapshot.snapshot, options).await?;
        let here = plans_on(&twin, benchmark).await?;
        println!(
            "  without values, beside production without samples: {}",
            told(&there, &here, show)
        );
        twin.stop().await?;
    }
    Ok(())
}

async fn plans_on(twin: &Twin, benchmark: &Benchmark) -> Result<Vec<Plan>, Failure> {
    match twin {
        Twin::Postgres(_) => Err("plans of PostgreSQL are compared with their costs".into()),
        Twin::MySqlFamily(twin) => {
            let mut session = twin.connect().await?;
            let plans = plans::mysql_family(twin.server(), &mut session, &benchmark.queries).await?;
            session.disconnect().await?;
            Ok(plans)
        }
        Twin::Sqlite(twin) => plans::sqlite(twin.path(), &benchmark.queries),
    }
}
