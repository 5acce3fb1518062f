//! The schemas of the corpora.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dbwright_catalog::Engine;
use dbwright_rules::RULES;

use super::Schema;
use crate::mysql_family_pairs::is_for;
use crate::mysql_family_schema::cases;
use crate::plan_postgres::is_newer;

/// All schemas of the corpora that a server of this major version can make.
pub(super) fn schemas(engine: Engine, major: u32) -> Vec<Schema> {
    let mut schemas = written(engine, major);
    schemas.extend(pairs(engine, major));
    schemas.extend(setups(engine));
    // They are many, and the same on all majors of PostgreSQL.
    if engine != Engine::Postgres || major == 18 {
        schemas.extend(examples(engine, major));
    }
    assert!(schemas.len() > 60, "{engine}: only {} schemas", schemas.len());
    schemas
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    entries.sort();
    entries
}

fn name_of(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// Schemas that are rendered and read again.
fn written(engine: Engine, major: u32) -> Vec<Schema> {
    let files = entries(&cases().join("schema").join(engine.name()));
    let schema = |file: PathBuf| {
        let name = name_of(&file);
        let sql = std::fs::read_to_string(&file).unwrap();
        let since = name.rsplit_once('-').and_then(|(_, since)| since.parse::<u32>().ok());
        let is_here = since.is_none_or(|since| since <= major) && !is_newer(&sql, major);
        is_here.then(|| Schema {
            name: format!("schema/{name}"),
            superuser: engine == Engine::Postgres || sql.contains("CREATE USER"),
            sql,
            lenient: false,
        })
    };
    files.into_iter().filter_map(schema).collect()
}

/// Both ends of the pairs that plans are made for.
fn pairs(engine: Engine, major: u32) -> Vec<Schema> {
    let mut schemas = Vec::new();
    for folder in entries(&cases().join("diff")) {
        if engine != Engine::Postgres && !is_for(&folder, major) {
            continue;
        }
        for end in ["before", "after"] {
            let file = folder.join(engine.name()).join(format!("{end}.sql"));
            let Ok(sql) = std::fs::read_to_string(file) else {
                continue;
            };
            if engine == Engine::Postgres && is_newer(&sql, major) {
                continue;
            }
            schemas.push(Schema {
                name: format!("diff/{}/{end}", name_of(&folder)),
                superuser: sql.starts_with("-- superuser") || sql.contains("CREATE USER"),
                sql,
                lenient: false,
            });
        }
    }
    schemas
}

/// What statements are watched on, and predicted for.
fn setups(engine: Engine) -> Vec<Schema> {
    let mut schemas = Vec::new();
    let mut add = |name: String, sql: String| {
        schemas.push(Schema {
            name,
            sql,
            superuser: false,
            lenient: true,
        });
    };
    for corpus in ["effects", "predict"] {
        let folder = cases().join(corpus).join(engine.name());
        if let Ok(sql) = std::fs::read_to_string(folder.join("setup.sql")) {
            add(format!("{corpus}/setup"), sql);
        }
    }
    if engine == Engine::Sqlite {
        for file in entries(&cases().join("effects/sqlite")) {
            let text = std::fs::read_to_string(&file).unwrap();
            let (head, _) = text.split_once("--- effect\n").unwrap();
            let mut sections = head.split("--- setup\n").flat_map(|part| part.split("--- migration\n"));
            sections.next();
            add(
                format!("effects/{}", name_of(&file)),
                sections.collect::<Vec<_>>().join(";\n"),
            );
        }
    }
    schemas
}

/// The examples of the rules' pages: setups, and what is run on them as far as it works.
fn examples(engine: Engine, major: u32) -> Vec<Schema> {
    let mut schemas = Vec::new();
    let mut seen = BTreeSet::new();
    for rule in RULES {
        let examples = rule.examples().into_iter();
        for (number, example) in examples
            .filter(|example| example.engine == engine && example.holds_for(major))
            .enumerate()
        {
            let sql = format!("{};\n{}", example.setup.as_deref().unwrap_or_default(), example.sql);
            if seen.insert(sql.clone()) {
                schemas.push(Schema {
                    name: format!("rules/{}/{number}", rule.name),
                    sql,
                    superuser: false,
                    lenient: true,
                });
            }
        }
    }
    schemas
}
