//! What is asked of `information_schema`, one query per kind of object.
//!
//! No query asks for statistics (rows, sizes, cardinality): MySQL caches those for a day
//! (<https://dev.mysql.com/doc/refman/9.7/en/information-schema-optimization.html>), everything else it reads afresh.

use dbwright_catalog::Engine;
use dbwright_ddl::quote_literal;

/// Which tables are asked for.
#[derive(Clone, Copy)]
pub(super) enum Only<'a> {
    /// All of the database.
    All,
    /// These, by name; at least one.
    Tables(&'a [String]),
}

/// Writes queries about one database.
#[derive(Clone, Copy)]
pub(super) struct Queries<'a> {
    pub(super) engine: Engine,
    /// Name of the database.
    pub(super) database: &'a str,
}

impl Queries<'_> {
    fn is_mysql(self) -> bool {
        self.engine == Engine::MySql
    }

    fn literal(self, text: &str) -> String {
        quote_literal(self.engine, text)
    }

    /// `table_schema = 'app' AND table_name IN ('a', 'b')`. Literals, because the server looks up only those without
    /// opening all tables.
    fn within(self, schema: &str, table: &str, only: Only<'_>) -> String {
        let database = self.literal(self.database);
        match only {
            Only::All => format!("{schema} = {database}"),
            Only::Tables(names) => {
                let names: Vec<_> = names.iter().map(|name| self.literal(name)).collect();
                format!("{schema} = {database} AND {table} IN ({})", names.join(", "))
            }
        }
    }

    /// Name, kind, storage engine, row format, collation, options, comment. Also views.
    pub(super) fn tables(self, only: Only<'_>) -> String {
        format!(
            "SELECT table_name, table_type, engine, row_format, table_collation, create_options, table_comment \
             FROM information_schema.tables WHERE {}",
            self.within("table_schema", "table_name", only)
        )
    }

    /// View, column, type.
    pub(super) fn columns_of_views(self) -> String {
        format!(
            "SELECT c.table_name, c.column_name, c.column_type FROM information_schema.columns c \
             JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name \
             WHERE c.table_schema = {0} AND t.table_schema = {0} AND t.table_type = 'VIEW' \
             ORDER BY c.table_name, c.ordinal_position",
            self.literal(self.database)
        )
    }

    /// Name within InnoDB (`app/orders`, `app/orders#p#p0`), id, row versions used. Needs the privilege PROCESS.
    pub(super) fn storage(self) -> String {
        let (view, versions) = if self.is_mysql() {
            ("innodb_tables", "total_row_versions")
        } else {
            ("innodb_sys_tables", "NULL")
        };
        let prefix = super::storage::encode(self.database) + "/";
        format!(
            "SELECT name, table_id, {versions} FROM information_schema.{view} WHERE LEFT(name, {}) = {}",
            prefix.chars().count(),
            self.literal(&prefix)
        )
    }

    /// Table, name, place, default, nullable, type, character set, collation, extra, comment, generation expression,
    /// spatial reference system.
    pub(super) fn columns(self, only: Only<'_>) -> String {
        let srs = if self.is_mysql() { "srs_id" } else { "NULL" };
        format!(
            "SELECT table_name, column_name, ordinal_position, column_default, is_nullable, column_type, \
             character_set_name, collation_name, extra, column_comment, generation_expression, {srs} \
             FROM information_schema.columns WHERE {}",
            self.within("table_schema", "table_name", only)
        )
    }

    /// Table, index, not unique, column, order, prefix length, method, expression, hidden from queries, comment; in the
    /// order of the key parts.
    pub(super) fn key_parts(self, only: Only<'_>) -> String {
        let (expression, hidden) = if self.is_mysql() {
            ("expression", "is_visible = 'NO'")
        } else {
            ("NULL", "ignored = 'YES'")
        };
        format!(
            "SELECT table_name, index_name, non_unique, column_name, collation, sub_part, index_type, {expression}, \
             {hidden}, index_comment FROM information_schema.statistics WHERE {} \
             ORDER BY table_name, index_name, seq_in_index",
            self.within("table_schema", "table_name", only)
        )
    }

    /// Table, name, enforced.
    pub(super) fn checks(self, only: Only<'_>) -> String {
        if self.is_mysql() {
            format!(
                "SELECT table_name, constraint_name, enforced FROM information_schema.table_constraints \
                 WHERE constraint_type = 'CHECK' AND {}",
                self.within("table_schema", "table_name", only)
            )
        } else {
            format!(
                "SELECT table_name, constraint_name, 'YES' FROM information_schema.check_constraints WHERE {}",
                self.within("constraint_schema", "table_name", only)
            )
        }
    }

    /// Table, name, condition. MySQL does not tell the table, and gives those of all tables: names are unique there, and a
    /// join of the two views takes a quarter of a second for 100 tables.
    pub(super) fn conditions(self, only: Only<'_>) -> String {
        if self.is_mysql() {
            format!(
                "SELECT NULL, constraint_name, check_clause FROM information_schema.check_constraints \
                 WHERE constraint_schema = {}",
                self.literal(self.database)
            )
        } else {
            format!(
                "SELECT table_name, constraint_name, check_clause FROM information_schema.check_constraints WHERE {}",
                self.within("constraint_schema", "table_name", only)
            )
        }
    }

    /// A query without rows, in place of one that would bring none.
    pub(super) fn nothing() -> String {
        "SELECT 1 FROM DUAL WHERE FALSE".to_owned()
    }

    /// Table, name, column, referenced database, table and column; in the order of the columns.
    pub(super) fn foreign_key_columns(self, only: Only<'_>) -> String {
        format!(
            "SELECT table_name, constraint_name, column_name, referenced_table_schema, referenced_table_name, \
             referenced_column_name FROM information_schema.key_column_usage \
             WHERE referenced_table_name IS NOT NULL AND {} ORDER BY table_name, constraint_name, ordinal_position",
            self.within("table_schema", "table_name", only)
        )
    }

    /// Table, name, action on update, action on delete.
    pub(super) fn foreign_key_actions(self, only: Only<'_>) -> String {
        format!(
            "SELECT table_name, constraint_name, update_rule, delete_rule \
             FROM information_schema.referential_constraints WHERE {}",
            self.within("constraint_schema", "table_name", only)
        )
    }

    /// Table, partition, method, expression, method and expression of subpartitions, bound; in their order.
    pub(super) fn partitions(self, only: Only<'_>) -> String {
        format!(
            "SELECT table_name, partition_name, partition_method, partition_expression, subpartition_method, \
             subpartition_expression, partition_description FROM information_schema.partitions \
             WHERE partition_name IS NOT NULL AND {} \
             ORDER BY table_name, partition_ordinal_position, subpartition_ordinal_position",
            self.within("table_schema", "table_name", only)
        )
    }

    /// Name, query, definer, security, check option.
    pub(super) fn views(self) -> String {
        format!(
            "SELECT table_name, view_definition, definer, security_type, check_option FROM information_schema.views \
             WHERE table_schema = {}",
            self.literal(self.database)
        )
    }

    /// View, database and name of a table or view that it reads. MariaDB does not tell.
    pub(super) fn tables_of_views(self) -> String {
        if self.is_mysql() {
            format!(
                "SELECT view_name, table_schema, table_name FROM information_schema.view_table_usage \
                 WHERE view_schema = {}",
                self.literal(self.database)
            )
        } else {
            Queries::nothing()
        }
    }

    /// Name, table, event, timing, place among those for the same event, body, definer, SQL mode.
    pub(super) fn triggers(self) -> String {
        format!(
            "SELECT trigger_name, event_object_table, event_manipulation, action_timing, action_order, \
             action_statement, definer, sql_mode FROM information_schema.triggers WHERE trigger_schema = {}",
            self.literal(self.database)
        )
    }

    /// Specific name, name, kind, returned type, body, deterministic, access to data, security, comment, definer,
    /// language.
    pub(super) fn routines(self) -> String {
        let language = if self.is_mysql() { "external_language" } else { "'SQL'" };
        format!(
            "SELECT specific_name, routine_name, routine_type, dtd_identifier, routine_definition, is_deterministic, \
             sql_data_access, security_type, routine_comment, definer, {language} \
             FROM information_schema.routines WHERE routine_schema = {} ORDER BY routine_type, routine_name",
            self.literal(self.database)
        )
    }

    /// Specific name, kind of the routine, mode, name, type; in their order, without the returned value.
    pub(super) fn parameters(self) -> String {
        format!(
            "SELECT specific_name, routine_type, parameter_mode, parameter_name, dtd_identifier \
             FROM information_schema.parameters WHERE specific_schema = {} AND ordinal_position > 0 \
             ORDER BY specific_name, routine_type, ordinal_position",
            self.literal(self.database)
        )
    }

    /// Character set, collation, encryption by default (MySQL), comment (MariaDB).
    pub(super) fn schema(self) -> String {
        let (encryption, comment) = if self.is_mysql() {
            ("default_encryption", "''")
        } else {
            ("'NO'", "schema_comment")
        };
        format!(
            "SELECT default_character_set_name, default_collation_name, {encryption}, {comment} \
             FROM information_schema.schemata WHERE schema_name = {}",
            self.literal(self.database)
        )
    }

    /// Name, status, start, and whether nobody has chosen that start: an event whose schedule names none begins when it
    /// is made or altered. The start is told in the event's time zone, hence the quarters of an hour.
    pub(super) fn events(self) -> String {
        let since = |moment: &str| {
            format!(
                "(ABS(TIMESTAMPDIFF(SECOND, {moment}, starts)) % 900 = 0 AND \
                 ABS(TIMESTAMPDIFF(HOUR, {moment}, starts)) <= 14)"
            )
        };
        format!(
            "SELECT event_name, status, starts, {} OR {} FROM information_schema.events WHERE event_schema = {}",
            since("created"),
            since("last_altered"),
            self.literal(self.database)
        )
    }

    /// Pattern of the database's name, grantee, privilege, may be passed on.
    pub(super) fn schema_privileges(self) -> String {
        format!(
            "SELECT table_schema, grantee, privilege_type, is_grantable FROM information_schema.schema_privileges \
             WHERE {} LIKE table_schema",
            self.literal(self.database)
        )
    }

    /// Table, grantee, privilege, may be passed on, column.
    pub(super) fn table_privileges(self) -> String {
        let database = self.literal(self.database);
        format!(
            "SELECT table_name, grantee, privilege_type, is_grantable, NULL \
             FROM information_schema.table_privileges WHERE table_schema = {database} UNION ALL \
             SELECT table_name, grantee, privilege_type, is_grantable, column_name \
             FROM information_schema.column_privileges WHERE table_schema = {database}"
        )
    }

    /// Routine, its kind, account, host, privileges. Needs rights in the database `mysql`.
    pub(super) fn routine_privileges(self) -> String {
        format!(
            "SELECT routine_name, routine_type, user, host, proc_priv FROM mysql.procs_priv WHERE db = {}",
            self.literal(self.database)
        )
    }

    /// View, name of a function that it calls. MariaDB does not tell.
    pub(super) fn routines_of_views(self) -> String {
        if self.is_mysql() {
            format!(
                "SELECT table_name, specific_name FROM information_schema.view_routine_usage WHERE table_schema = {0} \
                 AND specific_schema = {0}",
                self.literal(self.database)
            )
        } else {
            Queries::nothing()
        }
    }

    /// Libraries of code in other languages (MySQL 9.2 and later): kind, name.
    pub(super) fn libraries(self) -> String {
        format!(
            "SELECT 'library', library_name FROM information_schema.libraries WHERE library_schema = {}",
            self.literal(self.database)
        )
    }
}
