//! Extensions of PostgreSQL that reach outside the database.

/// Extensions that open connections, read and write files, or let SQL run programs, by what their creation is called.
/// Languages whose code can do the same are among them: once created, everything is possible.
const REACHING_OUTSIDE: [(&str, &str); 29] = [
    ("adminpack", "CREATE EXTENSION adminpack"),
    ("aws_lambda", "CREATE EXTENSION aws_lambda"),
    ("aws_s3", "CREATE EXTENSION aws_s3"),
    ("dblink", "CREATE EXTENSION dblink"),
    ("file_fdw", "CREATE EXTENSION file_fdw"),
    ("http", "CREATE EXTENSION http"),
    ("mongo_fdw", "CREATE EXTENSION mongo_fdw"),
    ("multicorn", "CREATE EXTENSION multicorn"),
    ("mysql_fdw", "CREATE EXTENSION mysql_fdw"),
    ("oracle_fdw", "CREATE EXTENSION oracle_fdw"),
    ("orafce", "CREATE EXTENSION orafce"),
    ("pg_net", "CREATE EXTENSION pg_net"),
    ("pglogical", "CREATE EXTENSION pglogical"),
    ("pljava", "CREATE EXTENSION pljava"),
    ("plluau", "CREATE EXTENSION plluau"),
    ("plperlu", "CREATE EXTENSION plperlu"),
    ("plproxy", "CREATE EXTENSION plproxy"),
    ("plpython2u", "CREATE EXTENSION plpython2u"),
    ("plpython3u", "CREATE EXTENSION plpython3u"),
    ("plpythonu", "CREATE EXTENSION plpythonu"),
    ("plr", "CREATE EXTENSION plr"),
    ("plrust", "CREATE EXTENSION plrust"),
    ("plsh", "CREATE EXTENSION plsh"),
    ("pltclu", "CREATE EXTENSION pltclu"),
    ("postgres_fdw", "CREATE EXTENSION postgres_fdw"),
    ("redis_fdw", "CREATE EXTENSION redis_fdw"),
    ("sqlite_fdw", "CREATE EXTENSION sqlite_fdw"),
    ("tds_fdw", "CREATE EXTENSION tds_fdw"),
    ("wrappers", "CREATE EXTENSION wrappers"),
];

/// What the creation of this extension is called, if the extension reaches outside the database.
pub(super) fn reaching_outside(name: &str) -> Option<&'static str> {
    REACHING_OUTSIDE
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, creation)| *creation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_says_of_each_extension_that_it_is_created() {
        assert!(REACHING_OUTSIDE.is_sorted());
        for (name, creation) in REACHING_OUTSIDE {
            assert_eq!(creation, format!("CREATE EXTENSION {name}"));
        }
    }
}
