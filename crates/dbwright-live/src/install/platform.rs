//! Which package fits this machine.

use std::path::Path;

use super::InstallError;

/// The dynamic loader of the GNU C library, which the packages for Linux are built for.
const LOADERS: [(&str, &str); 2] = [
    ("x86_64", "/lib64/ld-linux-x86-64.so.2"),
    ("aarch64", "/lib/ld-linux-aarch64.so.1"),
];

/// The platform of this machine as the packages are named: `linux-x64`.
pub(super) fn here() -> Result<&'static str, InstallError> {
    let platform = named(std::env::consts::OS, std::env::consts::ARCH)?;
    if cfg!(target_os = "linux") {
        has_loader(std::env::consts::ARCH, Path::exists)?;
    }
    Ok(platform)
}

/// The platform for what Rust calls a system and a processor.
fn named(os: &str, arch: &str) -> Result<&'static str, InstallError> {
    match (os, arch) {
        ("linux", "x86_64") => Ok("linux-x64"),
        ("linux", "aarch64") => Ok("linux-arm64"),
        ("macos", "x86_64") => Ok("darwin-x64"),
        ("macos", "aarch64") => Ok("darwin-arm64"),
        ("windows", "x86_64") => Ok("windows-x64"),
        _ => Err(InstallError::Platform {
            what: format!(
                "{os} on {arch}; there are some for Linux and macOS on x86_64 and arm64, and for Windows on x86_64"
            ),
        }),
    }
}

/// Systems with another C library (Alpine has musl) have no such loader, and their kernel would say of each program that
/// it does not exist.
fn has_loader(arch: &str, exists: impl Fn(&Path) -> bool) -> Result<(), InstallError> {
    match LOADERS.iter().find(|(known, _)| *known == arch) {
        Some((_, loader)) if !exists(Path::new(loader)) => Err(InstallError::Platform {
            what: format!("they need the GNU C library, and {loader} is missing (Alpine has musl instead)"),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_named_as_the_packages_are() {
        assert_eq!(named("linux", "aarch64").unwrap(), "linux-arm64");
        assert_eq!(named("macos", "x86_64").unwrap(), "darwin-x64");
        let error = named("freebsd", "x86_64").unwrap_err();
        assert!(error.to_string().contains("freebsd on x86_64"), "{error}");
    }

    #[test]
    fn a_linux_without_the_gnu_c_library_is_told_so() {
        has_loader("x86_64", |_| true).unwrap();
        let error = has_loader("x86_64", |_| false).unwrap_err();
        assert!(error.to_string().contains("GNU C library"), "{error}");
        assert!(error.hints()[0].contains("packages of this system"));
    }
}
