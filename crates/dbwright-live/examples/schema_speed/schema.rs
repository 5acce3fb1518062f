//! A schema of many tables, and edits of it.

use dbwright_catalog::Engine;

/// So many tables are made in one go: each takes a few locks.
const BATCH: u32 = 100;

/// Of so many tables, a few are edited.
const EDITED: u32 = 100;

/// Tables of ten columns with a key, half of them with an index, a third of them with a foreign key.
pub(crate) fn batches(engine: Engine, tables: u32) -> Vec<Vec<String>> {
    let numbers: Vec<u32> = (1..=tables).collect();
    numbers
        .chunks(BATCH as usize)
        .map(|numbers| numbers.iter().flat_map(|number| table(engine, *number)).collect())
        .collect()
}

fn table(engine: Engine, number: u32) -> Vec<String> {
    let columns = match engine {
        Engine::Postgres => {
            "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, c1 text NOT NULL, c2 integer DEFAULT 0, c3 numeric(10,2), \
             c4 timestamptz DEFAULT now(), c5 varchar(20), c6 boolean, c7 jsonb, c8 uuid, c9 date"
        }
        Engine::MySql | Engine::MariaDb => {
            "id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, c1 varchar(100) NOT NULL, c2 int DEFAULT 0, c3 decimal(10,2), \
             c4 datetime DEFAULT CURRENT_TIMESTAMP, c5 varchar(20), c6 tinyint(1), c7 json, c8 binary(16), c9 date"
        }
        Engine::Sqlite => {
            "id INTEGER PRIMARY KEY AUTOINCREMENT, c1 TEXT NOT NULL, c2 INTEGER DEFAULT 0, c3 NUMERIC, \
             c4 TEXT DEFAULT CURRENT_TIMESTAMP, c5 VARCHAR(20), c6 BOOLEAN, c7 TEXT, c8 BLOB, c9 DATE"
        }
    };
    let key = match number {
        number if number.is_multiple_of(3) => format!(", FOREIGN KEY (id) REFERENCES t{} (id)", number - 1),
        _ => String::new(),
    };
    let mut statements = vec![format!("CREATE TABLE t{number} ({columns}{key})")];
    if number.is_multiple_of(2) {
        statements.push(format!("CREATE INDEX i{number} ON t{number} (c1)"));
    }
    statements
}

/// A column more or less, an index more, a table more or less.
pub(crate) fn edits(engine: Engine, tables: u32) -> Vec<Vec<String>> {
    let drop_index = |number: u32| match engine {
        Engine::MySql | Engine::MariaDb => format!("DROP INDEX i{number} ON t{number}"),
        Engine::Postgres | Engine::Sqlite => format!("DROP INDEX i{number}"),
    };
    let edit = |number: u32| match number % EDITED {
        1 => vec![format!("ALTER TABLE t{number} ADD COLUMN more integer")],
        3 => vec![format!("ALTER TABLE t{number} DROP COLUMN c9")],
        5 => vec![format!("CREATE INDEX i{number} ON t{number} (c2, c3)")],
        8 => vec![drop_index(number)],
        // No table refers to one whose number is a multiple of three.
        _ if number.is_multiple_of(3 * EDITED) => vec![format!("DROP TABLE t{number}")],
        50 => {
            let fresh = tables + number;
            // One that refers to no other, which might not be there.
            table(engine, fresh + u32::from(fresh.is_multiple_of(3)))
        }
        _ => Vec::new(),
    };
    (1..=tables)
        .map(edit)
        .filter(|statements| !statements.is_empty())
        .collect()
}
