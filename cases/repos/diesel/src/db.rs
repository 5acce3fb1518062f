pub fn migrate(connection: &mut SqliteConnection) {
    sql_query("PRAGMA foreign_keys = OFF").execute(connection);
    connection.run_pending_migrations(MIGRATIONS);
}

#[cfg(test)]
mod tests {
    const ON: &str = "PRAGMA foreign_keys = ON";
}
