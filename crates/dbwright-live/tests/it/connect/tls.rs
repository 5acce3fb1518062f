//! Encryption, against a doorkeeper that speaks TLS and passes on what it hears to a scratch server.
//!
//! `ca.pem` signed `server.pem`, which is a certificate for `localhost`; both are of no other use.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;

use super::postgres::{Server, socket};
use super::{failure, open};

pub(super) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/connect")
        .join(name)
}

fn acceptor() -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(file("server.pem")).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            chain.map(Result::unwrap).collect(),
            PrivateKeyDer::from_pem_file(file("server.key")).unwrap(),
        )
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Listens in front of a server; its port, and how many connections it encrypted. One that can't encrypt says so.
async fn doorkeeper(server: &Server, encrypts: bool) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let encrypted = Arc::new(AtomicUsize::new(0));
    let (count, behind) = (Arc::clone(&encrypted), socket(&server.folder));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(pass_on(stream, behind.clone(), encrypts, Arc::clone(&count)));
        }
    });
    (port, encrypted)
}

async fn pass_on(mut stream: TcpStream, behind: PathBuf, encrypts: bool, count: Arc<AtomicUsize>) {
    // SSLRequest: https://www.postgresql.org/docs/current/protocol-message-formats.html
    let mut request = [0; 8];
    stream.read_exact(&mut request).await.unwrap();
    let mut server = UnixStream::connect(behind).await.unwrap();
    if request != [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f] {
        server.write_all(&request).await.unwrap();
        let _ = copy_bidirectional(&mut stream, &mut server).await;
        return;
    }
    stream.write_all(if encrypts { b"S" } else { b"N" }).await.unwrap();
    if encrypts {
        // A client that does not believe the certificate leaves.
        if let Ok(mut stream) = acceptor().accept(stream).await {
            count.fetch_add(1, Ordering::Relaxed);
            let _ = copy_bidirectional(&mut stream, &mut server).await;
        }
    } else {
        let _ = copy_bidirectional(&mut stream, &mut server).await;
    }
}

#[tokio::test]
async fn a_connection_is_as_safe_as_was_asked_for() {
    let server = Server::start(18).await;
    let (port, encrypted) = doorkeeper(&server, true).await;
    let (plain_port, _) = doorkeeper(&server, false).await;
    let database = server.url("x").split(['/', '?']).nth(3).unwrap().to_owned();
    let url = |host: &str, port: u16, parameters: &str| {
        format!("postgres://app:s3cret%2F%40@{host}:{port}/{database}?{parameters}")
    };
    let root = format!("sslrootcert={}", file("ca.pem").display());
    for (host, parameters, is_encrypted) in [
        ("localhost", String::new(), true),
        ("localhost", "sslmode=disable".to_owned(), false),
        ("localhost", "sslmode=require".to_owned(), true),
        ("localhost", format!("sslmode=verify-full&{root}"), true),
        ("127.0.0.1", format!("sslmode=verify-ca&{root}"), true),
        ("127.0.0.1", format!("sslmode=require&{root}"), true),
    ] {
        let before = encrypted.load(Ordering::Relaxed);
        open(&url(host, port, &parameters)).await.close().await;
        let after = encrypted.load(Ordering::Relaxed);
        assert_eq!(after > before, is_encrypted, "{host} {parameters}");
    }
    // Prefer does with less, require does not.
    open(&url("localhost", plain_port, "sslmode=prefer"))
        .await
        .close()
        .await;
    let text = failure(&url("localhost", plain_port, "sslmode=require")).await;
    assert!(text.contains("no encrypted connection"), "{text}");
    // A certificate for another name, and one that nobody on this machine signed.
    let text = failure(&url("127.0.0.1", port, &format!("sslmode=verify-full&{root}"))).await;
    assert!(text.contains("certificate not valid for name"), "{text}");
    let text = failure(&url(
        "localhost",
        port,
        &format!("sslmode=verify-full&sslrootcert={}", file("server.pem").display()),
    ))
    .await;
    assert!(text.contains("invalid peer certificate"), "{text}");
    let text = failure(&url("localhost", port, "sslmode=verify-full&sslrootcert=/nowhere.pem")).await;
    assert!(text.contains("cannot read /nowhere.pem"), "{text}");
    server.stop().await;
}
