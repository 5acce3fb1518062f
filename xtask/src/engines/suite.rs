//! Programs of another Debian release, unpacked beside the host's own.
//!
//! apt, with a state of its own and an empty list of installed packages, resolves and downloads packages with every
//! library they need, libc included; `dpkg-deb` unpacks them (no chroot, no script of a package); and each program gets a
//! short script that starts it with that release's own loader and libraries. The script execs, so the process that a
//! test starts is the program itself: the same process id, ordinary signals. The host's packages are not touched, and
//! no right is needed but to write to the folder.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use super::{debian, is_root, say};
use crate::run::{in_path, output};

/// Signs all releases of Debian; of package `debian-archive-keyring`, which every Debian has.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// What the closure names but only scripts of packages, services and administrators' tools need. A name that ends in `*`
/// stands for all that begin so.
const NOT_NEEDED: &[&str] = &[
    "adduser",
    "base-files",
    "base-passwd",
    "bash",
    "coreutils",
    "debconf",
    "debianutils",
    "diffutils",
    "dpkg",
    "findutils",
    "galera-*",
    "gawk",
    "grep",
    "gzip",
    "hostname",
    "init-system-helpers",
    "install-info",
    "iproute2",
    "libc-l10n",
    "libperl*",
    "libproc2*",
    "libsystemd-shared",
    "locales",
    "login*",
    "lsb-base",
    "lsof",
    "mariadb-client",
    "mariadb-common",
    "mawk",
    "mount",
    "mysql-common",
    "netbase",
    "openssl",
    "passwd",
    "perl*",
    "procps",
    "psmisc",
    "readline-common",
    "rsync",
    "sed",
    "sensible-utils",
    "socat",
    "systemd*",
    "sysvinit-utils",
    "tar",
    "tzdata",
    "ucf",
    "util-linux",
];

/// Whether this machine can unpack packages of another release; the reason if it can't.
pub(super) fn unable() -> Option<String> {
    if loader(std::env::consts::ARCH).is_none() {
        return Some(format!("no build for {} is known", std::env::consts::ARCH));
    }
    if ["apt-get", "dpkg-deb", "tar"]
        .into_iter()
        .any(|program| !in_path(program))
    {
        return Some("this machine has no apt".to_owned());
    }
    if !Path::new(KEYRING).is_file() {
        return Some(format!("{KEYRING} is missing, so that no package can be verified"));
    }
    None
}

/// Where a Debian of an architecture, as Rust names it, has its loader and its libraries, below its root.
fn loader(arch: &str) -> Option<(&'static str, &'static str)> {
    match arch {
        "x86_64" => Some(("lib64/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu")),
        "aarch64" => Some(("lib/ld-linux-aarch64.so.1", "usr/lib/aarch64-linux-gnu")),
        _ => None,
    }
}

/// Downloads packages of a release with all that they need, and unpacks them to the folder `root`, which is made.
pub(super) fn unpack(release: &str, packages: &[&str], work: &Path, root: &Path) -> Result<()> {
    let apt = Apt::prepare(release, work)?;
    say("apt", &format!("fetching {} of {release}", packages.join(" ")));
    let plan = output(apt.command("apt-get").args(["install", "--simulate"]).args(packages))
        .with_context(|| format!("{release} has no {}", packages.join(" ")))?;
    let names = needed(&plan);
    ensure!(!names.is_empty(), "apt resolved nothing for {}", packages.join(" "));
    let archives = work.join("archives");
    fs::create_dir_all(&archives)?;
    output(
        apt.command("apt-get")
            .arg("download")
            .args(&names)
            .current_dir(&archives),
    )?;
    // The merged /usr first, so that a package that has /lib or /lib64 lands in it.
    for name in ["lib", "lib64", "bin", "sbin"] {
        fs::create_dir_all(root.join("usr").join(name))?;
        std::os::unix::fs::symlink(format!("usr/{name}"), root.join(name))?;
    }
    for archive in fs::read_dir(&archives)? {
        extract(&archive?.path(), root)?;
    }
    Ok(())
}

/// apt with a state of its own.
struct Apt {
    options: Vec<String>,
}

impl Apt {
    /// Reads the package lists of a release into `work`.
    fn prepare(release: &str, work: &Path) -> Result<Self> {
        for folder in ["state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(work.join(folder))?;
        }
        fs::write(work.join("status"), "")?;
        let sources = work.join("sources.list");
        fs::write(
            &sources,
            format!("deb [signed-by={KEYRING}] {} {release} main\n", mirror()?),
        )?;
        let at = |name: &str| work.join(name).display().to_string();
        let apt = Apt {
            options: vec![
                "APT::Sandbox::User=root".to_owned(),
                "APT::Install-Recommends=false".to_owned(),
                "Acquire::Languages=none".to_owned(),
                "Acquire::GzipIndexes=true".to_owned(),
                // Snapshots of the archive keep the date that they were made for.
                "Acquire::Check-Valid-Until=false".to_owned(),
                "Acquire::Retries=3".to_owned(),
                format!("Dir::Etc::sourcelist={}", sources.display()),
                "Dir::Etc::sourceparts=/dev/null".to_owned(),
                "Dir::Etc::preferences=/dev/null".to_owned(),
                "Dir::Etc::preferencesparts=/dev/null".to_owned(),
                format!("Dir::State={}", at("state")),
                format!("Dir::State::status={}", at("status")),
                format!("Dir::Cache={}", at("cache")),
            ],
        };
        output(apt.command("apt-get").arg("update")).with_context(|| format!("the packages of {release}"))?;
        Ok(apt)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .arg("-qq")
            .env("LC_ALL", "C")
            .env("DEBIAN_FRONTEND", "noninteractive");
        for option in &self.options {
            command.args(["-o", option]);
        }
        command
    }
}

/// The address of the machine's own Debian archive.
fn mirror() -> Result<String> {
    if let Some(mirror) = known_mirror()? {
        return Ok(mirror);
    }
    // What an archive is is known only once its list was read; a fresh machine has none.
    if is_root() {
        debian::apt_update()?;
    }
    known_mirror()?.context("no archive of Debian among this machine's apt sources (was `apt-get update` run?)")
}

fn known_mirror() -> Result<Option<String>> {
    let targets = output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)",
        "Created-By: Packages",
    ]))?;
    Ok(targets
        .lines()
        .find_map(|line| line.strip_prefix("Debian|Debian|main|"))
        .map(str::to_owned))
}

/// The packages, as `name=version`, that a simulated installation lists and that programs need to run.
fn needed(plan: &str) -> Vec<String> {
    plan.lines()
        .filter_map(|line| {
            // Inst libaio1t64 (0.3.113-8+b1 Debian:unstable [amd64])
            let mut words = line.strip_prefix("Inst ")?.split_whitespace();
            let name = words.next()?;
            let version = words.find_map(|word| word.strip_prefix('('))?;
            (!is_not_needed(name)).then(|| format!("{name}={version}"))
        })
        .collect()
}

fn is_not_needed(package: &str) -> bool {
    NOT_NEEDED.iter().any(|name| match name.strip_suffix('*') {
        Some(beginning) => package.starts_with(beginning),
        None => package == *name,
    })
}

/// Unpacks one package, without what only people read.
fn extract(archive: &Path, root: &Path) -> Result<()> {
    let mut reader = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(archive)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run dpkg-deb")?;
    let files = reader.stdout.take().context("dpkg-deb has no output")?;
    let writer = Command::new("tar")
        .args(["--extract", "--keep-directory-symlink", "--no-same-owner"])
        .args(["doc", "man", "locale", "lintian", "info"].map(|folder| format!("--exclude=./usr/share/{folder}")))
        .arg("--directory")
        .arg(root)
        .stdin(files)
        .status()
        .context("cannot run tar")?;
    if !reader.wait()?.success() || !writer.success() {
        bail!("{} could not be unpacked", archive.display());
    }
    Ok(())
}

/// Writes a script that starts the program `program`, whose release lies below `root`, with that release's libraries.
/// The script may be written before `root` has its final place. `settings` are variables of the environment.
pub(super) fn wrap(root: &Path, program: &str, settings: &[(&str, String)], script: &Path) -> Result<()> {
    let (loader, libraries) = loader(std::env::consts::ARCH).context("an unknown architecture")?;
    let mut text = "#!/bin/sh\n".to_owned();
    for (name, value) in settings {
        // Writing to a String can't fail.
        let _ = writeln!(text, "export {name}={}", quoted(Path::new(value)));
    }
    // Some programs find their data from their own place, which is why they are told it.
    let _ = writeln!(
        text,
        "exec {} --argv0 {program} --library-path {}:{} {program} \"$@\"",
        quoted(&root.join(loader)),
        quoted(&root.join(libraries)),
        quoted(&root.join(libraries).join("private")),
        program = quoted(&root.join(program)),
    );
    fs::write(script, text).with_context(|| format!("cannot write {}", script.display()))?;
    fs::set_permissions(script, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// Where a program lies below a root, if it does.
pub(super) fn program(root: &Path, name: &str) -> Option<PathBuf> {
    ["usr/sbin", "usr/bin"]
        .into_iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| root.join(path).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_scripts_of_packages_need_is_left_out() {
        let plan = "Inst gcc-14-base (14.2.0-19 Debian:13.1/stable [amd64])\n\
                    Inst libc6 (2.41-12 Debian:13.1/stable [amd64])\n\
                    Inst perl-base [5.36] (5.40.1-6 Debian:13.1/stable [amd64]) []\n\
                    Inst galera-4 (26.4.23-0+deb13u1 Debian:13.1/stable [amd64])\n\
                    Conf libc6 (2.41-12 Debian:13.1/stable [amd64])\n";
        assert_eq!(needed(plan), ["gcc-14-base=14.2.0-19", "libc6=2.41-12"]);
    }

    #[test]
    fn a_script_starts_a_program_with_the_libraries_of_its_release() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("server");
        wrap(
            Path::new("/it's"),
            "usr/sbin/server",
            &[("HOME_OF", "/it's/usr".to_owned())],
            &script,
        )
        .unwrap();
        let text = fs::read_to_string(&script).unwrap();
        assert!(text.contains(r"export HOME_OF='/it'\''s/usr'"), "{text}");
        assert!(text.contains(r"--argv0 '/it'\''s/usr/sbin/server'"), "{text}");
        assert!(text.ends_with(" \"$@\"\n"), "{text}");
    }
}
