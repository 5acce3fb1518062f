//! A small npm registry on a local socket, and packages for it.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha512};

/// What the registry says to one address.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// After so many bytes nothing more comes.
    pub(crate) stalls_after: Option<usize>,
}

impl Answer {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Answer {
            status: 200,
            body: body.into(),
            stalls_after: None,
        }
    }
}

/// A registry that lives as long as the test.
pub(crate) struct TestRegistry {
    /// `http://127.0.0.1:PORT/`
    pub(crate) url: String,
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

/// A version of the package for this platform.
pub(crate) struct Package {
    pub(crate) build: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl TestRegistry {
    /// A registry with these packages for this platform.
    pub(crate) fn with(packages: &[Package]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let registry = TestRegistry {
            url: format!("http://{}/", listener.local_addr().unwrap()),
            answers: Arc::default(),
            requests: Arc::default(),
        };
        let mut versions = serde_json::Map::new();
        for package in packages {
            let path = tarball(package.build);
            let dist = serde_json::json!({
                "integrity": integrity(&package.bytes),
                // As mirrors often pass it on.
                "tarball": format!("https://registry.npmjs.org{path}"),
            });
            versions.insert(package.build.to_owned(), serde_json::json!({ "dist": dist }));
            registry.set(&path, Answer::ok(package.bytes.clone()));
        }
        let list = serde_json::json!({ "name": "the package", "versions": versions });
        registry.set(&list_path(), Answer::ok(list.to_string()));
        let (answers, requests) = (Arc::clone(&registry.answers), Arc::clone(&registry.requests));
        // Ends with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answers, requests) = (Arc::clone(&answers), Arc::clone(&requests));
                std::thread::spawn(move || serve(stream.unwrap(), &answers, &requests));
            }
        });
        registry
    }

    /// Changes what is said to an address.
    pub(crate) fn set(&self, path: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    /// The heads of the requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, answers: &Mutex<HashMap<String, Answer>>, requests: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    requests.lock().unwrap().push(head.clone());
    let path = head.split(' ').nth(1).unwrap();
    let answer = answers.lock().unwrap().get(path).cloned().unwrap_or(Answer {
        status: 404,
        body: b"{}".to_vec(),
        stalls_after: None,
    });
    let body = if head.starts_with("HEAD ") {
        &[]
    } else {
        answer.body.as_slice()
    };
    let sent = &body[..answer.stalls_after.unwrap_or(body.len()).min(body.len())];
    // Who asks may go away at any time.
    let _ = write!(
        stream,
        "HTTP/1.1 {} x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        answer.status,
        answer.body.len()
    );
    let _ = stream.write_all(sent);
    if answer.stalls_after.is_some() {
        // Until the other side goes away.
        let _ = stream.read(&mut byte);
    }
}

/// The platform of this machine, as the packages name it.
fn platform() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let processor = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "x64",
    };
    format!("{system}-{processor}")
}

/// Where the list of versions is.
pub(crate) fn list_path() -> String {
    format!("/@embedded-postgres%2f{}", platform())
}

/// Where a package is.
pub(crate) fn tarball(build: &str) -> String {
    format!("/@embedded-postgres/{0}/-/{0}-{build}.tgz", platform())
}

/// A package whose server is a script that says to be this version.
pub(crate) fn package(build: &'static str, version: &str) -> Package {
    scripted(build, &format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n"))
}

/// A package whose server is this script.
pub(crate) fn scripted(build: &'static str, script: &str) -> Package {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let list = r#"[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]"#;
    for (path, mode, content) in [
        ("package/package.json", 0o644, "{}"),
        ("package/LICENSE.md", 0o644, "license"),
        ("package/native/bin/postgres", 0o755, script),
        ("package/native/bin/initdb", 0o755, "#!/bin/sh\nexit 1\n"),
        ("package/native/lib/libpq.so.5.18", 0o644, "library"),
        ("package/native/pg-symlinks.json", 0o644, list),
    ] {
        append(&mut builder, path, mode, content.as_bytes());
    }
    Package {
        build,
        bytes: builder.into_inner().unwrap().finish().unwrap(),
    }
}

/// A package made of the server programs of a real one, as `cargo xtask engines` has unpacked it.
pub(crate) fn real(build: &'static str, engine: &Path) -> Package {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::none()));
    let mut folders = vec![engine.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_file() {
                use std::os::unix::fs::PermissionsExt as _;
                let name = Path::new("package/native").join(path.strip_prefix(engine).unwrap());
                let content = std::fs::read(&path).unwrap();
                append(
                    &mut builder,
                    name.to_str().unwrap(),
                    metadata.permissions().mode(),
                    &content,
                );
            }
        }
    }
    Package {
        build,
        bytes: builder.into_inner().unwrap().finish().unwrap(),
    }
}

fn append<W: Write>(builder: &mut tar::Builder<W>, path: &str, mode: u32, content: &[u8]) {
    let mut header = tar::Header::new_ustar();
    header.set_mode(mode & 0o777);
    header.set_size(content.len() as u64);
    builder.append_data(&mut header, path, content).unwrap();
}

fn integrity(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = "sha512-".to_owned();
    let mut bits: Vec<u8> = Sha512::digest(bytes)
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1))
        .collect();
    bits.resize(bits.len().div_ceil(6) * 6, 0);
    for six in bits.chunks(6) {
        text.push(char::from(
            ALPHABET[six.iter().fold(0, |number, bit| number * 2 + usize::from(*bit))],
        ));
    }
    // 64 bytes leave room for two characters of padding.
    text + "=="
}
