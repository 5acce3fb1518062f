//! `capture`: a snapshot of a user's database.

use dbwright_catalog::{Engine, SampleValues, Snapshot};
use dbwright_live::connect::{Connection, DatabaseUrl, ReadLimits};

use crate::EngineerError;
use crate::schema::{Passwords, SchemaError};

/// Of what a snapshot is taken.
#[derive(Clone, Debug)]
pub struct CaptureRequest {
    /// The URL of the database, or the path of a SQLite file.
    pub url: String,
    /// Which sample values are taken.
    pub values: SampleValues,
    /// Passwords from the environment, for URLs that have none.
    pub passwords: Passwords,
    /// How long the server may be waited for.
    pub limits: ReadLimits,
}

/// Takes a snapshot of a database, which is only read.
///
/// # Errors
///
/// When it can't be reached or its schema not be read.
pub async fn capture(request: &CaptureRequest) -> Result<Snapshot, EngineerError> {
    let url = DatabaseUrl::or_file(&request.url).map_err(SchemaError::Url)?;
    let password = match url.engine() {
        Engine::Postgres => request.passwords.postgres.clone(),
        Engine::MySql | Engine::MariaDb => request.passwords.mysql.clone(),
        Engine::Sqlite => None,
    };
    let mut connection = Connection::open(&url.or_password(password), &request.limits).await?;
    let captured = dbwright_live::capture::capture(&mut connection, &request.values).await;
    connection.close().await;
    Ok(captured?)
}
