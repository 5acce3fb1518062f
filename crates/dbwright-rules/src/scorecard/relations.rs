//! Relations that only the name of a column tells: `orders.customer_id` where there is a table `customers`.

use dbwright_catalog::ObjectId;

use crate::schema::{Schema, TableFacts};

/// Columns that are named after a table with a key of one column of the same type, and that no foreign key ties to
/// anything, with that table.
pub(super) fn without_foreign_key<'a>(schema: &'a Schema<'a>) -> impl Iterator<Item = (&'a ObjectId, &'a ObjectId)> {
    schema.columns().filter_map(|(table, column)| {
        let name = column.id.name();
        let is_tied = table
            .foreign_keys()
            .any(|(_, key)| key.columns.iter().any(|of| of == name));
        let is_own_key = table.primary_key().is_some_and(|key| key == [name.to_owned()]);
        if is_tied || is_own_key {
            return None;
        }
        let stem = stem(name)?;
        let meant = schema.tables().find(|other| {
            other.id.schema() == table.id.schema()
                && is_named(other, &stem)
                && key_type(other).is_some_and(|of| of == column.column.type_name.to_lowercase())
        })?;
        Some((column.id, meant.id))
    })
}

/// `customer` of `customer_id` and `customerId`.
fn stem(column: &str) -> Option<String> {
    let stem = column.strip_suffix("_id").or_else(|| column.strip_suffix("Id"))?;
    let stem = stem.trim_end_matches('_').to_lowercase();
    (!stem.is_empty()).then_some(stem)
}

/// Whether a table is called like the stem, in the singular or in the plural.
fn is_named(table: &TableFacts<'_>, stem: &str) -> bool {
    let name = table.id.name().to_lowercase();
    let ies = stem.strip_suffix('y').map(|stem| format!("{stem}ies"));
    name == stem || name == format!("{stem}s") || name == format!("{stem}es") || ies.is_some_and(|ies| name == ies)
}

/// The type of the key, where it is one column.
fn key_type(table: &TableFacts<'_>) -> Option<String> {
    match table.primary_key()? {
        [only] => Some(table.column(only)?.column.type_name.to_lowercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use dbwright_catalog::ConstraintKind;

    use super::*;
    use crate::testing::{Case, column, foreign_key, table, with_index};

    fn told(column_name: &str, column_type: &str, tied: bool) -> Vec<String> {
        let mut objects = vec![
            table("categories"),
            column("categories", "id", 1, "bigint"),
            table("orders"),
            column("orders", column_name, 1, column_type),
        ];
        let key = ConstraintKind::PrimaryKey(vec!["id".to_owned()]);
        objects.extend(with_index("categories", "categories_pkey", key, "id"));
        if tied {
            objects.push(foreign_key("orders", "orders_category_fkey", column_name, "categories"));
        }
        let case = Case::postgres(objects);
        let schema = Schema::new(&case.trace.catalog);
        without_foreign_key(&schema)
            .map(|(column, table)| format!("{column} {table}"))
            .collect()
    }

    #[test]
    fn a_column_named_after_a_table_with_a_key_of_its_type_tells_a_relation() {
        assert_eq!(told("category_id", "bigint", false), ["orders.category_id categories"]);
        assert_eq!(told("categoryId", "bigint", false), ["orders.categoryId categories"]);
    }

    #[test]
    fn another_type_another_name_and_a_foreign_key_tell_none() {
        assert_eq!(told("category_id", "text", false), [""; 0]);
        assert_eq!(told("parent_id", "bigint", false), [""; 0]);
        assert_eq!(told("_id", "bigint", false), [""; 0]);
        assert_eq!(told("category_id", "bigint", true), [""; 0]);
    }
}
