//! How many queries a client sends: a proxy on loopback that reads the heads of its messages.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::Failure;

pub(crate) struct Counter {
    pub(crate) port: u16,
    queries: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Counter {
    /// Puts one before a server.
    pub(crate) async fn before(socket: &Path) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let queries = Arc::new(AtomicU64::new(0));
        let (socket, counted) = (socket.to_path_buf(), Arc::clone(&queries));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, socket.clone(), Arc::clone(&counted)));
            }
        });
        Ok(Counter { port, queries, task })
    }

    pub(crate) fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes on what both say. A query is a `Q`, or an `E` where it was prepared.
async fn pass(client: TcpStream, socket: PathBuf, queries: Arc<AtomicU64>) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = UnixStream::connect(socket).await?.into_split();
    let answers = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut is_first = true;
    loop {
        // The first message has no letter.
        let mut head = vec![0; if is_first { 4 } else { 5 }];
        if from_client.read_exact(&mut head).await.is_err() {
            break;
        }
        if !is_first && matches!(head[0], b'Q' | b'E') {
            queries.fetch_add(1, Ordering::Relaxed);
        }
        let length = head.len() - 4;
        let length = u32::from_be_bytes([head[length], head[length + 1], head[length + 2], head[length + 3]]);
        let mut body = vec![0; (length as usize).saturating_sub(4)];
        from_client.read_exact(&mut body).await?;
        to_server.write_all(&head).await?;
        to_server.write_all(&body).await?;
        is_first = false;
    }
    drop(to_server);
    answers.await?.map(drop)
}
