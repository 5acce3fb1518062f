//! PostgreSQL for safe versions, made from catalog objects, so that what a function or a `DO` block did gets one as well.

use dbwright_catalog::{Engine, FixStep, Object, ObjectId};

/// A step that may run inside a transaction.
pub(crate) fn step<const N: usize>(sql: String, undo: [String; N]) -> FixStep {
    FixStep {
        sql,
        in_transaction: true,
        undo: undo.into(),
    }
}

/// A step that may not.
pub(crate) fn step_outside_transaction<const N: usize>(sql: String, undo: [String; N]) -> FixStep {
    FixStep {
        sql,
        in_transaction: false,
        undo: undo.into(),
    }
}

/// A step that builds this index, as `pg_get_indexdef` tells it, while reads and writes pass.
pub(crate) fn build_index(index: &Object) -> Option<FixStep> {
    Some(step_outside_transaction(
        create_index_concurrently(&index.definition)?,
        [drop_index(&index.id)],
    ))
}

/// `DROP INDEX CONCURRENTLY IF EXISTS …`, for what may have gone with its table already.
pub(crate) fn drop_index(index: &ObjectId) -> String {
    format!("DROP INDEX CONCURRENTLY IF EXISTS {}", qualified(index))
}

/// The two steps of a constraint whose rows are checked later. What takes the second one back is the constraint as the
/// first one made it.
pub(crate) fn add_then_validate(alter: &str, name: &str, definition: &str) -> [FixStep; 2] {
    let add = format!("{alter} ADD CONSTRAINT {name} {definition} NOT VALID");
    let drop = format!("{alter} DROP CONSTRAINT {name}");
    [
        step(add.clone(), [drop.clone()]),
        step(format!("{alter} VALIDATE CONSTRAINT {name}"), [drop, add]),
    ]
}

/// `CREATE INDEX CONCURRENTLY …` from what `pg_get_indexdef` says; nothing for an index on a partitioned table itself.
pub(crate) fn create_index_concurrently(definition: &str) -> Option<String> {
    let (head, rest) = ["CREATE UNIQUE INDEX ", "CREATE INDEX "]
        .into_iter()
        .find_map(|head| Some((head, definition.strip_prefix(head)?)))?;
    (!rest.contains(" ON ONLY ")).then(|| format!("{head}CONCURRENTLY {rest}"))
}

/// `ALTER TABLE public.orders` for any relation that has a schema.
pub(crate) fn alter_table(table: &ObjectId) -> String {
    format!("ALTER TABLE {}", qualified(table))
}

/// The steps that make a column NOT NULL without reading its table under ACCESS EXCLUSIVE.
///
/// PostgreSQL 18 knows NOT NULL constraints that are validated later; before, a validated CHECK is what `SET NOT NULL`
/// accepts instead of a scan (12 and later). `constraint` is the name that the constraint had on a server that has such.
pub(crate) fn set_not_null(column: &ObjectId, major: u32, constraint: Option<&str>) -> Option<Vec<FixStep>> {
    let table = column.owner_table()?;
    let alter = alter_table(&table);
    let name = quoted(column.name());
    if let (18.., Some(constraint)) = (major, constraint) {
        let steps = add_then_validate(&alter, &quoted(constraint), &format!("NOT NULL {name}"));
        return Some(steps.into());
    }
    // Not `…_not_null`: PostgreSQL 18 gives that name to the constraint that SET NOT NULL makes.
    let check = quoted(&shortened(
        &format!("{}_{}", table.name(), column.name()),
        "_is_not_null",
    ));
    let definition = format!("CHECK ({name} IS NOT NULL)");
    let mut steps = Vec::from(add_then_validate(&alter, &check, &definition));
    steps.push(step(
        format!("{alter} ALTER COLUMN {name} SET NOT NULL"),
        [format!("{alter} ALTER COLUMN {name} DROP NOT NULL")],
    ));
    steps.push(step(
        format!("{alter} DROP CONSTRAINT {check}"),
        [format!("{alter} ADD CONSTRAINT {check} {definition}")],
    ));
    Some(steps)
}

/// `schema.name` of a relation, quoted where needed.
pub(crate) fn qualified(id: &ObjectId) -> String {
    dbwright_ddl::qualified_name(Engine::Postgres, id)
}

/// A name, quoted where needed.
pub(crate) fn quoted(name: &str) -> String {
    dbwright_ddl::quote_identifier(Engine::Postgres, name)
}

/// `stem` and `ending` together within the 63 bytes of a PostgreSQL name.
fn shortened(stem: &str, ending: &str) -> String {
    const NAME_BYTES_MAX: usize = 63;
    let mut end = stem.len().min(NAME_BYTES_MAX.saturating_sub(ending.len()));
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &stem[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_names_fit_into_a_postgres_name() {
        assert_eq!(shortened(&"ä".repeat(60), "_is_not_null").len(), 62);
    }

    #[test]
    fn an_index_definition_gets_its_concurrently_and_a_partitioned_one_none() {
        let plain = "CREATE UNIQUE INDEX i ON public.t USING btree (a)";
        let concurrent = "CREATE UNIQUE INDEX CONCURRENTLY i ON public.t USING btree (a)";
        assert_eq!(create_index_concurrently(plain).as_deref(), Some(concurrent));
        assert_eq!(
            create_index_concurrently("CREATE INDEX i ON ONLY public.t USING btree (a)"),
            None
        );
    }
}
