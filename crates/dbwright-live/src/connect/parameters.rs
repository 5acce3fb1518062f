//! The parts of a database URL, and what its parameters mean.
//!
//! A parameter that is not known is refused by name: a typing error in `sslmode` must not mean that nothing is encrypted.

use std::time::Duration;

use super::tls::{Tls, TlsMode};
use super::url::{ParseDatabaseUrlError, ServerTarget};

/// What stands between `://` and the end.
pub(super) struct Parts {
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    /// Without the slash.
    pub(super) path: Option<String>,
    pub(super) query: Vec<(String, String)>,
}

impl Parts {
    pub(super) fn of(rest: &str) -> Result<Self, ParseDatabaseUrlError> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (login, None),
        };
        if place.contains(',') {
            return Err(ParseDatabaseUrlError::new(
                "it names several hosts; name the one to read from",
            ));
        }
        let (host, port) = host_and_port(place)?;
        let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name)?, decoded(value)?))
        });
        Ok(Parts {
            user: some(user)?,
            password: password.map(decoded).transpose()?,
            host: some(host)?,
            port,
            path: some(path)?,
            query: query.collect::<Result<_, _>>()?,
        })
    }
}

fn host_and_port(place: &str) -> Result<(&str, Option<u16>), ParseDatabaseUrlError> {
    let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => match place.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let port = port.filter(|port| !port.is_empty()).map(str::parse).transpose();
    Ok((
        host,
        port.map_err(|_| ParseDatabaseUrlError::new("the port is not a number"))?,
    ))
}

fn some(text: &str) -> Result<Option<String>, ParseDatabaseUrlError> {
    Ok(Some(decoded(text)?).filter(|text| !text.is_empty()))
}

/// The text with `%40` and the like read.
pub(super) fn decoded(text: &str) -> Result<String, ParseDatabaseUrlError> {
    let wrong = || ParseDatabaseUrlError::new("a `%` is not followed by two hexadecimal digits of UTF-8 text");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
            let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            bytes.push(byte.ok_or_else(wrong)?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

/// Parameters of libpq that count, and those of other clients that say nothing of how to connect.
/// <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS>
pub(super) fn postgres(target: &mut ServerTarget, name: &str, value: String) -> Result<(), ParseDatabaseUrlError> {
    const OF_OTHERS: [&str; 16] = [
        "application_name",
        "fallback_application_name",
        "client_encoding",
        "channel_binding",
        "gssencmode",
        "keepalives",
        "keepalives_idle",
        "target_session_attrs",
        "schema",
        "pgbouncer",
        "connection_limit",
        "pool_timeout",
        "sslaccept",
        "statement_cache_mode",
        "prepared_statements",
        "uselibpqcompat",
    ];
    match name {
        "host" | "hostaddr" => target.host = Some(value),
        "port" => target.port = Some(port(&value)?),
        "user" => target.user = Some(value),
        "password" => target.password = Some(value),
        "dbname" => target.database = Some(value),
        "options" => target.options = Some(value),
        "sslmode" => target.tls.mode = mode(name, &value)?,
        "ssl" if value == "true" => target.tls.mode = TlsMode::VerifyFull,
        "sslrootcert" if value == "system" => target.tls.mode = TlsMode::VerifyFull,
        "sslrootcert" => root(&mut target.tls, value),
        "connect_timeout" => target.connect_timeout = seconds(name, &value)?,
        other => return foreign(other, &OF_OTHERS),
    }
    Ok(())
}

/// Parameters of the MySQL and MariaDB clients that count, and those of other clients that say nothing of how to connect.
/// <https://dev.mysql.com/doc/refman/9.4/en/connecting-using-uri-or-key-value-pairs.html>
pub(super) fn mysql_family(target: &mut ServerTarget, name: &str, value: String) -> Result<(), ParseDatabaseUrlError> {
    const OF_OTHERS: [&str; 20] = [
        "charset",
        "collation",
        "encoding",
        "parsetime",
        "loc",
        "timezone",
        "serverversion",
        "multistatements",
        "pool",
        "reconnect",
        "connection_limit",
        "pool_timeout",
        "sslaccept",
        "allownativepasswords",
        "interpolateparams",
        "maxallowedpacket",
        "statement-cache-capacity",
        "allowpublickeyretrieval",
        "get-server-public-key",
        "servertimezone",
    ];
    match name.to_ascii_lowercase().replace('_', "-").as_str() {
        "socket" | "unix-socket" => target.socket = Some(value),
        "ssl-mode" | "sslmode" => target.tls.mode = mode(name, &value)?,
        "ssl-ca" | "sslca" | "sslrootcert" => root(&mut target.tls, value),
        "connect-timeout" | "timeout" => target.connect_timeout = seconds(name, &value)?,
        other => {
            let known = [other.to_owned(), other.replace('-', "_")];
            return known
                .iter()
                .find(|name| foreign(name, &OF_OTHERS).is_ok())
                .map_or_else(|| foreign(name, &[]), |_| Ok(()));
        }
    }
    Ok(())
}

fn foreign(name: &str, of_others: &[&str]) -> Result<(), ParseDatabaseUrlError> {
    if of_others.contains(&name) {
        return Ok(());
    }
    Err(ParseDatabaseUrlError::new(format!(
        "the parameter `{name}` is not known; sslmode, sslrootcert and connect_timeout are, and host (PostgreSQL) and \
         socket (MySQL, MariaDB) for sockets"
    )))
}

/// The words of libpq and of MySQL's clients.
fn mode(name: &str, value: &str) -> Result<TlsMode, ParseDatabaseUrlError> {
    Ok(match value.to_ascii_lowercase().replace('_', "-").as_str() {
        "disable" | "disabled" => TlsMode::Disable,
        "allow" | "prefer" | "preferred" => TlsMode::Prefer,
        "require" | "required" => TlsMode::Require,
        "verify-ca" => TlsMode::VerifyCa,
        "verify-full" | "verify-identity" => TlsMode::VerifyFull,
        _ => {
            return Err(ParseDatabaseUrlError::new(format!(
                "`{name}` is not one of disable, prefer, require, verify-ca and verify-full (MySQL's words: DISABLED, \
                 PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY)"
            )));
        }
    })
}

/// With a certificate at hand, `require` checks it, as libpq does.
fn root(tls: &mut Tls, file: String) {
    tls.root = Some(file.into());
}

fn seconds(name: &str, value: &str) -> Result<Option<Duration>, ParseDatabaseUrlError> {
    let seconds: u64 = value
        .parse()
        .map_err(|_| ParseDatabaseUrlError::new(format!("`{name}` is not a number of seconds")))?;
    // 0 means no limit with libpq; every wait has one here.
    Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
}

fn port(value: &str) -> Result<u16, ParseDatabaseUrlError> {
    value
        .parse()
        .map_err(|_| ParseDatabaseUrlError::new("the port is not a number"))
}
