//! Encryption of MySQL, which the server does itself; a passage makes its socket a port. MariaDB speaks the same protocol,
//! and gets its certificate only when it is started.
//!
//! The certificate is that of [`tls`](super::tls), for `localhost`.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use dbwright_catalog::Engine;
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};

use super::mysql_family::{LOGIN, Server};
use super::tls::file;
use super::{failure, open};
use crate::family::run;

/// A port behind which the socket is.
async fn passage(socket: PathBuf) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut server = UnixStream::connect(&socket).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut stream, &mut server).await });
        }
    });
    port
}

/// How many connections the server has encrypted.
async fn encrypted(observer: &mut Conn) -> u64 {
    let row: Option<(String, String)> = observer
        .query_first("SHOW GLOBAL STATUS LIKE 'Ssl_finished_accepts'")
        .await
        .unwrap();
    row.unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn a_connection_to_mysql_is_as_safe_as_was_asked_for() {
    let mut server = Server::start(Engine::MySql, 9).await;
    let port = passage(PathBuf::from(&server.socket)).await;
    // The server runs as somebody else, who may not look into every folder.
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    for name in ["ca.pem", "server.pem", "server.key"] {
        let copy = folder.path().join(name);
        std::fs::copy(file(name), &copy).unwrap();
        std::fs::set_permissions(&copy, PermissionsExt::from_mode(0o644)).unwrap();
    }
    // <https://dev.mysql.com/doc/refman/9.7/en/using-encrypted-connections.html>.
    let place = folder.path().display().to_string();
    for sql in [
        format!("SET GLOBAL ssl_ca = '{place}/ca.pem'"),
        format!("SET GLOBAL ssl_cert = '{place}/server.pem'"),
        format!("SET GLOBAL ssl_key = '{place}/server.key'"),
        // A scratch server is started without any.
        "SET GLOBAL tls_version = 'TLSv1.2,TLSv1.3'".to_owned(),
        "ALTER INSTANCE RELOAD TLS".to_owned(),
    ] {
        run(&mut server.observer, &sql).await;
    }
    let database = server.database.clone();
    let url = |host: &str, parameters: &str| format!("mysql://{LOGIN}@{host}:{port}/{database}?{parameters}");
    let root = format!("ssl-ca={}", file("ca.pem").display());
    for (host, parameters, is_encrypted) in [
        ("localhost", String::new(), true),
        ("localhost", "ssl-mode=DISABLED".to_owned(), false),
        ("localhost", "ssl-mode=REQUIRED".to_owned(), true),
        ("localhost", format!("ssl-mode=VERIFY_IDENTITY&{root}"), true),
        ("localhost", format!("ssl-mode=VERIFY_CA&{root}"), true),
        // The certificate is for another name, which is not asked for here.
        ("127.0.0.1", format!("ssl-mode=VERIFY_CA&{root}"), true),
    ] {
        let before = encrypted(&mut server.observer).await;
        open(&url(host, &parameters)).await.close().await;
        let after = encrypted(&mut server.observer).await;
        assert_eq!(after > before, is_encrypted, "{host} {parameters}");
    }
    let text = failure(&url("127.0.0.1", &format!("ssl-mode=VERIFY_IDENTITY&{root}"))).await;
    assert!(text.contains("certificate not valid for name"), "{text}");
    // Nobody who is believed has signed it, whatever it is for.
    let stranger = format!("ssl-mode=VERIFY_CA&ssl-ca={}", file("server.pem").display());
    for host in ["localhost", "127.0.0.1"] {
        let text = failure(&url(host, &stranger)).await;
        assert!(text.contains("invalid peer certificate"), "{text}");
    }
    server.stop().await;
}
