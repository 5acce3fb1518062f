//! How many rows have a key that the other table does not have: an anti-join that ends after a thousand.

use dbwright_catalog::{Catalog, Engine, ObjectBody, Related, Relation, RelationKind};
use dbwright_ddl::{qualified_name, quote_identifier};

use crate::LiveError;
use crate::connect::Connection;

/// What has to be so before rows are looked at.
pub(super) async fn prepare(connection: &mut Connection) -> Result<(), LiveError> {
    if connection.server().engine == Engine::Postgres {
        // Policies would hide rows, and the parents of others with them: an error is better than a wrong number
        // (https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-ROW-SECURITY). Operators are those of the
        // server itself, whatever stands in the schemas of the database.
        connection.rows("SET row_security = off").await?;
        connection.rows("SET search_path = ''").await?;
    }
    Ok(())
}

/// Looks at one relation; why that is impossible stands for the error.
pub(super) async fn look_at(
    connection: &mut Connection,
    catalog: &Catalog,
    relation: &Relation,
) -> Result<Related, String> {
    let engine = catalog.server.engine;
    if let Some(type_name) = own_type(catalog, relation) {
        return Err(format!(
            "values of the type {type_name} are compared by operators of this database"
        ));
    }
    let has_matches = if relation.kind == RelationKind::ByName {
        number(connection, &matches_sql(engine, relation)).await? > 0
    } else {
        true
    };
    let orphans = if has_matches {
        number(connection, &orphans_sql(engine, relation)).await?
    } else {
        0
    };
    Ok(Related {
        relation: relation.clone(),
        orphans,
        has_matches,
    })
}

async fn number(connection: &mut Connection, sql: &str) -> Result<u64, String> {
    let rows = connection.rows(sql).await.map_err(|error| super::words(&error))?;
    let value = rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
    value
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| "the server gave no number".to_owned())
}

/// A type of PostgreSQL that is not the server's own, such as `public.citext`.
fn own_type(catalog: &Catalog, relation: &Relation) -> Option<String> {
    if catalog.server.engine != Engine::Postgres {
        return None;
    }
    let own = relation.columns.iter().map(|name| relation.table.column(name));
    let parent = relation.parent_columns.iter().map(|name| relation.parent.column(name));
    own.chain(parent).find_map(|id| match &catalog.get(&id)?.body {
        ObjectBody::Column(column) => column.type_name.contains('.').then(|| column.type_name.clone()),
        _ => None,
    })
}

fn orphans_sql(engine: Engine, relation: &Relation) -> String {
    let column = |name: &String| format!("c.{}", quote_identifier(engine, name));
    let filled: Vec<String> = relation
        .columns
        .iter()
        .map(|name| format!("{} IS NOT NULL", column(name)))
        .collect();
    format!(
        "SELECT count(*) FROM (SELECT 1 AS one FROM {} AS c WHERE {} AND NOT EXISTS ({}) LIMIT {}) AS orphans",
        qualified_name(engine, &relation.table),
        filled.join(" AND "),
        parent_sql(engine, relation),
        Related::COUNTED_MAX
    )
}

fn matches_sql(engine: Engine, relation: &Relation) -> String {
    format!(
        "SELECT count(*) FROM (SELECT 1 AS one FROM {} AS c WHERE EXISTS ({}) LIMIT 1) AS matches",
        qualified_name(engine, &relation.table),
        parent_sql(engine, relation)
    )
}

fn parent_sql(engine: Engine, relation: &Relation) -> String {
    let pairs = relation.columns.iter().zip(&relation.parent_columns);
    let equal: Vec<String> = pairs
        .map(|(own, key)| {
            let (own, key) = (quote_identifier(engine, own), quote_identifier(engine, key));
            format!("p.{key} = c.{own}")
        })
        .collect();
    let parent = qualified_name(engine, &relation.parent);
    format!("SELECT 1 FROM {parent} AS p WHERE {}", equal.join(" AND "))
}
