//! What is wrong with a connection, in words that tell what to do and never the password.

use std::error::Error;
use std::time::Duration;

use super::url::DatabaseUrl;
use crate::LiveError;

/// Makes errors about one database.
#[derive(Clone)]
pub(super) struct Problems {
    url: String,
    password: Option<String>,
    has_password: bool,
}

impl Problems {
    pub(super) fn of(url: &DatabaseUrl) -> Self {
        Problems {
            url: url.to_string(),
            has_password: url.password().is_some(),
            // A short one stands in ordinary words, and a server has no reason to repeat it.
            password: url.password().filter(|password| password.len() > 3).map(str::to_owned),
        }
    }

    pub(super) fn error(&self, problem: impl Into<String>, hints: impl IntoIterator<Item = String>) -> LiveError {
        LiveError::Connect {
            url: self.url.clone(),
            problem: self.cleaned(&problem.into()),
            hints: hints.into_iter().map(|hint| self.cleaned(&hint)).collect(),
        }
    }

    /// A server may repeat what it was sent.
    fn cleaned(&self, text: &str) -> String {
        match &self.password {
            Some(password) => text.replace(password.as_str(), "…"),
            None => text.to_owned(),
        }
    }

    pub(super) fn no_answer(&self, limit: Duration) -> LiveError {
        self.error(
            format!("no answer within {} s", limit.as_secs()),
            [
                "is the host right, and may this machine reach it? connect_timeout=SECONDS in the URL waits longer"
                    .to_owned(),
            ],
        )
    }

    pub(super) fn too_slow(&self, limit: Duration) -> LiveError {
        self.error(
            format!(
                "reading the schema took longer than {} s and was ended",
                limit.as_secs()
            ),
            ["try again when the server is less busy".to_owned()],
        )
    }

    /// What was asked for can't be encrypted.
    pub(super) fn tls(&self, text: &str) -> LiveError {
        self.error(
            format!("no encrypted connection: {text}"),
            [
                "sslrootcert=FILE in the URL names the certificate that signed the server's; sslmode=verify-full, verify-ca, \
                 require, prefer and disable demand less and less"
                    .to_owned(),
            ],
        )
    }

    /// The connection failed before the server said anything that counts.
    pub(super) fn transport(&self, error: &(dyn Error + 'static), tls: bool) -> LiveError {
        let text = innermost(error);
        if tls {
            return self.tls(&text);
        }
        let hint = match io_kind(error) {
            Some(std::io::ErrorKind::ConnectionRefused) => {
                "nobody listens there; are host and port right, does it run?"
            }
            Some(std::io::ErrorKind::NotFound) => {
                "there is no such socket; host=DIR (PostgreSQL) or socket=FILE (MySQL, MariaDB) names it"
            }
            Some(std::io::ErrorKind::PermissionDenied) => "this user may not use that socket",
            _ if text.contains("lookup address") || text.contains("Name or service") => {
                "is the name of the host right?"
            }
            _ if text.contains("password missing") => return self.error(text, [self.login("PGPASSWORD")]),
            _ => "is there a server of that kind at that host and port?",
        };
        self.error(text, [hint.to_owned()])
    }

    /// What to do about a refused login.
    pub(super) fn login(&self, variable: &str) -> String {
        if self.has_password {
            "is the password right? letters such as @ and / are written as %40 and %2F in a URL".to_owned()
        } else {
            format!("give the password in the URL or in {variable}")
        }
    }
}

/// Whether TLS is to blame.
pub(super) fn is_tls(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause.is::<rustls::Error>()
            || io.is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>)
            || cause.to_string().contains("does not support TLS")
            || cause.to_string().contains("NoClientSslFlag")
            || cause.to_string().contains("doesn't have a valid SSL")
    })
}

fn io_kind(error: &(dyn Error + 'static)) -> Option<std::io::ErrorKind> {
    chain(error).find_map(|cause| cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind))
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The words of the innermost cause: the outer ones repeat it, or say only that something failed.
fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map_or_else(String::new, ToString::to_string)
}
