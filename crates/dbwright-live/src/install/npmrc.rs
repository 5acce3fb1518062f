//! The user's settings for npm: which registry, by which way, with which token.
//!
//! Read from the environment and from the user's and the machine's `npmrc`
//! (<https://docs.npmjs.com/cli/v11/configuring-npm/npmrc>), so that what works for npm behind a company's mirror works
//! here. A repository's own `.npmrc` is not read: who wrote a migration does not choose where programs come from.

use std::path::{Path, PathBuf};

use super::InstallError;

/// The registry of everyone who has set no other.
pub(super) const PUBLIC: &str = "https://registry.npmjs.org/";

/// The scope of the packages.
const SCOPE: &str = "@embedded-postgres";

/// Where distributions and containers put the settings for everyone.
const MACHINE_FILES: [&str; 3] = ["/usr/local/etc/npmrc", "/usr/etc/npmrc", "/etc/npmrc"];

/// What is set. It holds secrets, so it can't be printed.
pub(super) struct Settings {
    /// Ends with a slash.
    pub(super) registry: String,
    pub(super) proxy: Option<String>,
    /// Hosts that are reached without the proxy.
    pub(super) no_proxy: Vec<String>,
    /// A file with the certificates of authorities to accept besides those of the machine.
    pub(super) ca_file: Option<PathBuf>,
    /// The beginnings of addresses without their scheme (`//host/path/`), and the header for them.
    credentials: Vec<(String, String)>,
}

impl Settings {
    /// The settings of the user who runs this.
    pub(super) fn of_user() -> Result<Self, InstallError> {
        let environment: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let asked = configured(&environment, "userconfig").map(PathBuf::from);
        let user_file = asked.or_else(|| std::env::home_dir().map(|home| home.join(".npmrc")));
        // A file that is not there or can't be read sets nothing; npm does the same.
        let texts: Vec<String> = user_file
            .iter()
            .map(PathBuf::as_path)
            .chain(MACHINE_FILES.iter().map(Path::new))
            .filter_map(|file| std::fs::read_to_string(file).ok())
            .collect();
        Self::read(&environment, &texts)
    }

    /// The settings of a registry that needs none.
    pub(super) fn for_registry(url: &str) -> Result<Self, InstallError> {
        Self::read(&[("npm_config_registry".to_owned(), url.to_owned())], &[])
    }

    /// Settings from the environment, then from the texts of files, the first that sets something wins.
    fn read(environment: &[(String, String)], files: &[String]) -> Result<Self, InstallError> {
        let mut lines: Vec<(String, String)> = environment
            .iter()
            .filter_map(|(name, value)| Some((configuration(name)?, value.clone())))
            .collect();
        for text in files {
            lines.extend(text.lines().filter_map(|line| setting(line, environment)));
        }
        let find = |name: &str| {
            let found = lines
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str());
            found.filter(|value| !matches!(*value, "" | "null" | "false"))
        };
        let variable = |name: &str| {
            let found = environment
                .iter()
                .find(|(key, _)| key == name || *key == name.to_lowercase());
            found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
        };
        let registry = find(&format!("{SCOPE}:registry"))
            .or_else(|| find("registry"))
            .unwrap_or(PUBLIC);
        let registry = address("registry", registry)?;
        let (from_npm, from_everyone): (&[&str], &[&str]) = if registry.starts_with("https:") {
            (&["https-proxy", "proxy"], &["HTTPS_PROXY", "ALL_PROXY", "HTTP_PROXY"])
        } else {
            (&["proxy"], &["HTTP_PROXY", "ALL_PROXY"])
        };
        let proxy = from_npm.iter().find_map(|name| find(name));
        let proxy = proxy.or_else(|| from_everyone.iter().find_map(|name| variable(name)));
        let no_proxy = find("noproxy").or_else(|| variable("NO_PROXY")).unwrap_or_default();
        Ok(Settings {
            proxy: proxy.map(str::to_owned),
            no_proxy: no_proxy
                .split(',')
                .map(|host| host.trim().to_owned())
                .filter(|host| !host.is_empty())
                .collect(),
            ca_file: find("cafile").map(PathBuf::from),
            credentials: lines.iter().filter_map(|(key, value)| credential(key, value)).collect(),
            registry,
        })
    }

    /// The `Authorization` header for an address, if there is one for it or for a folder above it.
    pub(super) fn authorization(&self, url: &str) -> Option<&str> {
        let address = &url[url.find("//")?..];
        let fitting = self
            .credentials
            .iter()
            .filter(|(beginning, _)| address.starts_with(beginning.as_str()));
        // The first of equals wins, as with all settings.
        fitting
            .rev()
            .max_by_key(|(beginning, _)| beginning.len())
            .map(|(_, header)| header.as_str())
    }
}

/// A setting in the environment.
fn configured(environment: &[(String, String)], name: &str) -> Option<String> {
    environment
        .iter()
        .find(|(key, _)| configuration(key).as_deref() == Some(name))
        .map(|(_, value)| value.clone())
        .filter(|value| !value.is_empty())
}

/// The setting that a variable of the environment means: `npm_config_https_proxy` is `https-proxy`.
fn configuration(variable: &str) -> Option<String> {
    let prefix = variable.get(.."npm_config_".len())?;
    let name = &variable["npm_config_".len()..];
    if !prefix.eq_ignore_ascii_case("npm_config_") {
        return None;
    }
    if name.starts_with("//") || name.starts_with('@') {
        return Some(name.to_owned());
    }
    Some(name.to_lowercase().replace('_', "-"))
}

/// A line of an `npmrc`: `key = value`, with variables of the environment as `${NAME}`.
fn setting(line: &str, environment: &[(String, String)]) -> Option<(String, String)> {
    let line = line.trim();
    if line.starts_with([';', '#']) {
        return None;
    }
    let (key, value) = line.split_once('=')?;
    let value = value.trim();
    let unquoted = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
        .unwrap_or(value);
    Some((expand(key.trim(), environment), expand(unquoted, environment)))
}

/// Replaces `${NAME}`; a name that is not set stays as it is, as npm leaves it.
fn expand(text: &str, environment: &[(String, String)]) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        expanded.push_str(before);
        let found = after.split_once('}').and_then(|(name, behind)| {
            let (_, value) = environment.iter().find(|(key, _)| key == name)?;
            Some((value, behind))
        });
        if let Some((value, behind)) = found {
            expanded.push_str(value);
            rest = behind;
        } else {
            expanded.push_str("${");
            rest = after;
        }
    }
    expanded + rest
}

/// `//host/path/:_authToken = TOKEN`, or `_auth` with what is behind `Basic`.
fn credential(key: &str, value: &str) -> Option<(String, String)> {
    let (beginning, kind) = key
        .rsplit_once(':')
        .filter(|(beginning, _)| beginning.starts_with("//"))?;
    let scheme = match kind {
        "_authToken" => "Bearer",
        "_auth" => "Basic",
        _ => return None,
    };
    // Whole segments only: what is meant for `//host/npm` is not meant for `//host/npm-of-others`.
    let beginning = format!("{}/", beginning.trim_end_matches('/'));
    Some((beginning, format!("{scheme} {value}")))
}

/// An address with a slash at its end.
fn address(what: &str, url: &str) -> Result<String, InstallError> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/') || rest.contains(char::is_whitespace)) {
        return Err(InstallError::Setting {
            from: format!("the npm setting `{what}`"),
            problem: "not an address that begins with https:// or http://".to_owned(),
        });
    }
    Ok(format!("{}/", url.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn settings(environment: &[(&str, &str)], npmrc: &str) -> Settings {
        Settings::read(&pairs(environment), &[npmrc.to_owned()])
            .map_err(|error| error.to_string())
            .unwrap()
    }

    #[test]
    fn the_registry_comes_from_the_environment_then_from_npmrc_then_it_is_the_public_one() {
        assert_eq!(settings(&[], "").registry, "https://registry.npmjs.org/");
        let npmrc = "; a comment\nregistry = https://mirror.example/npm\n";
        assert_eq!(settings(&[], npmrc).registry, "https://mirror.example/npm/");
        for name in ["npm_config_registry", "NPM_CONFIG_REGISTRY"] {
            assert_eq!(
                settings(&[(name, "http://localhost:4873")], npmrc).registry,
                "http://localhost:4873/"
            );
        }
    }

    #[test]
    fn a_registry_for_the_scope_wins_over_that_for_everything() {
        let npmrc = "registry=https://everything.example/\n@embedded-postgres:registry=https://ours.example/\n";
        assert_eq!(settings(&[], npmrc).registry, "https://ours.example/");
    }

    #[test]
    fn a_registry_that_is_no_address_is_told() {
        for url in ["registry.example", "ftp://registry.example", "https://", "https:///x"] {
            let error = Settings::for_registry(url).map(|_| ()).unwrap_err();
            assert!(error.to_string().contains("`registry`"), "{error}");
        }
    }

    #[test]
    fn a_token_is_sent_to_its_own_registry_only() {
        let settings = settings(
            &[("TOKEN", "s3cret")],
            "//mirror.example/npm/:_authToken=${TOKEN}\n//mirror.example/:_auth=dTpw\n//other.example/:_authToken=x\n",
        );
        let authorization = |url| settings.authorization(url);
        assert_eq!(
            authorization("https://mirror.example/npm/@embedded-postgres%2flinux-x64"),
            Some("Bearer s3cret")
        );
        assert_eq!(
            authorization("https://mirror.example/npm-of-others/x"),
            Some("Basic dTpw")
        );
        assert_eq!(authorization("https://mirror.example.evil.example/npm/x"), None);
        assert_eq!(authorization("https://registry.npmjs.org/x"), None);
    }

    #[test]
    fn a_variable_that_is_not_set_stays_as_it_is_written() {
        assert_eq!(expand("a${B}c${D", &pairs(&[("B", "b")])), "abc${D");
        assert_eq!(expand("${NOT}x", &[]), "${NOT}x");
    }

    #[test]
    fn the_proxy_is_npms_own_then_the_one_for_everything() {
        let everyone = [
            ("https_proxy", "http://everyone:1"),
            ("NO_PROXY", "a.example, .b.example"),
        ];
        let found = settings(&everyone, "");
        assert_eq!(found.proxy.as_deref(), Some("http://everyone:1"));
        assert_eq!(found.no_proxy, ["a.example", ".b.example"]);
        assert_eq!(
            settings(&everyone, "https-proxy=http://npm:2\n").proxy.as_deref(),
            Some("http://npm:2")
        );
        assert_eq!(settings(&everyone, "registry=http://plain.example/\n").proxy, None);
        assert_eq!(settings(&[], "https-proxy=null\n").proxy, None);
    }
}
