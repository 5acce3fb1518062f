//! A database of many tables that is made up: how long capture and build take, how many queries are sent, and what the
//! twin takes.

use std::time::Instant;

use dbwright_catalog::Engine;
use dbwright_live::scratch::ScratchOptions;
use dbwright_live::twin::build;

use crate::figures::{captured, disk, fidelity, folder, megabytes};
use crate::production::Production;
use crate::{Failure, values};

/// What makes a table of ten columns with a key, three more indexes, a foreign key and 200 rows.
fn table(engine: Engine, number: u32) -> Vec<String> {
    let t = format!("t{number}");
    let parent = number / 2;
    match engine {
        Engine::Postgres => {
            let mut statements = vec![
                format!(
                    "CREATE TABLE public.{t} (id bigint PRIMARY KEY, parent bigint, name text NOT NULL, state text, \
                     at timestamptz, amount numeric(12,2), note text, flag boolean, tags text[], day date)"
                ),
                format!(
                    "INSERT INTO public.{t} SELECT i, i, 'name ' || i, 'state ' || i % 4, \
                     timestamptz '2026-01-01Z' + i * interval '1 h', i / 3.0, NULL, i % 2 = 0, ARRAY['a', 'b'], \
                     date '2026-01-01' + i FROM generate_series(1, 200) i"
                ),
                format!("CREATE INDEX ON public.{t} (name)"),
                format!("CREATE INDEX ON public.{t} (at)"),
                format!("CREATE INDEX ON public.{t} (parent) WHERE flag"),
            ];
            if number > 0 {
                statements.push(format!(
                    "ALTER TABLE public.{t} ADD FOREIGN KEY (parent) REFERENCES public.t{parent} (id)"
                ));
            }
            statements
        }
        Engine::MySql | Engine::MariaDb => {
            let reference = if number > 0 {
                format!(", FOREIGN KEY (parent) REFERENCES t{parent} (id)")
            } else {
                String::new()
            };
            vec![
                format!(
                    "CREATE TABLE {t} (id bigint PRIMARY KEY, parent bigint, name varchar(100) NOT NULL, state varchar(20), \
                     at datetime, amount decimal(12,2), note text, flag boolean, tags json, day date, \
                     KEY {t}_name (name), KEY {t}_at (at), KEY {t}_parent (parent, flag){reference})"
                ),
                format!(
                    "INSERT INTO {t} WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) \
                     SELECT i, i, concat('name ', i), concat('state ', i % 4), '2026-01-01' + INTERVAL i HOUR, i / 3.0, NULL, \
                     i % 2 = 0, '[\"a\", \"b\"]', '2026-01-01' + INTERVAL i DAY FROM n"
                ),
            ]
        }
        Engine::Sqlite => vec![
            format!(
                "CREATE TABLE {t} (id integer PRIMARY KEY, parent integer REFERENCES t{parent} (id), name text NOT NULL, \
                 state text, at text, amount numeric, note text, flag integer, tags text, day text)"
            ),
            format!(
                "INSERT INTO {t} WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) \
                 SELECT i, i, 'name ' || i, 'state ' || i % 4, datetime('2026-01-01', i || ' hours'), i / 3.0, NULL, i % 2 = 0, \
                 '[\"a\", \"b\"]', date('2026-01-01', i || ' days') FROM n"
            ),
            format!("CREATE INDEX {t}_name ON {t} (name)"),
            format!("CREATE INDEX {t}_at ON {t} (at)"),
            format!("CREATE INDEX {t}_parent ON {t} (parent) WHERE flag"),
        ],
    }
}

/// Makes the tables, fills and analyses them.
pub(crate) async fn fill(production: &mut Production, tables: u32) -> Result<(), Failure> {
    let engine = production.server().engine;
    for number in 0..tables {
        production.run(&table(engine, number)).await?;
    }
    let names: Vec<String> = (0..tables).map(|number| format!("t{number}")).collect();
    production.analyze(names.iter().map(String::as_str)).await
}

pub(crate) async fn run(engine: Engine, tables: u32, options: &ScratchOptions) -> Result<(), Failure> {
    let mut production = Production::start(engine, options).await?;
    let measured = measure(&mut production, tables, options).await;
    production.stop().await?;
    measured
}

async fn measure(production: &mut Production, tables: u32, options: &ScratchOptions) -> Result<(), Failure> {
    fill(production, tables).await?;
    println!("{tables} tables on {}", production.server());
    for (what, by_default) in [("without values", false), ("with values", true)] {
        let taken = production.captured(&values(by_default)).await?;
        let begun = Instant::now();
        let twin = build(&taken.snapshot, options).await?;
        println!(
            "  {what}: captured {}; twin built in {:.2} s, {} on the disk",
            captured(&taken),
            begun.elapsed().as_secs_f64(),
            megabytes(disk(&folder(&twin)))
        );
        println!("    {}", fidelity(twin.fidelity()));
        twin.stop().await?;
    }
    Ok(())
}
