//! A database that sorts text as production does. Which indexes serve `LIKE 'a%'` depends on it.

use dbwright_catalog::{Engine, Locale};
use dbwright_ddl::quote_literal;

use crate::LiveError;
use crate::scratch::postgres::PostgresScratch;

/// Makes the database of a twin. Where this machine does not have production's locale, one that is as little `C` as that
/// stands in for it, and that is said.
pub(super) async fn create(
    scratch: &PostgresScratch,
    locale: &Locale,
    reasons: &mut Vec<String>,
) -> Result<String, LiveError> {
    let literal = |text: &str| quote_literal(Engine::Postgres, text);
    let libc = |collate: &str, character_type: &str| {
        format!("LC_COLLATE {} LC_CTYPE {}", literal(collate), literal(character_type))
    };
    let is_plain = |name: &str| matches!(name, "C" | "POSIX");
    let encoding = literal(&locale.encoding);
    let other = locale.locale.as_deref().unwrap_or_default();
    let wanted = match locale.provider.as_str() {
        "icu" => format!(
            "LOCALE_PROVIDER icu ICU_LOCALE {} {}",
            literal(other),
            libc(&locale.collate, &locale.character_type)
        ),
        "builtin" => format!(
            "LOCALE_PROVIDER builtin BUILTIN_LOCALE {} {}",
            literal(other),
            libc(&locale.collate, &locale.character_type)
        ),
        _ => libc(&locale.collate, &locale.character_type),
    };
    let mut ways = vec![format!("ENCODING {encoding} {wanted}")];
    if locale.provider == "icu" || locale.provider == "builtin" {
        ways.push(format!(
            "ENCODING {encoding} {}",
            wanted.replace(&libc(&locale.collate, &locale.character_type), &libc("C", "C"))
        ));
    }
    if !(locale.provider == "libc" && is_plain(&locale.collate)) {
        ways.push(format!("ENCODING {encoding} {}", libc("C.UTF-8", "C.UTF-8")));
        ways.push(format!("ENCODING 'UTF8' {}", libc("C.UTF-8", "C.UTF-8")));
    }
    ways.push(format!("ENCODING 'UTF8' {}", libc("C", "C")));
    let mut problem = None;
    for (number, way) in ways.iter().enumerate() {
        match scratch.create_database_as(way).await {
            Ok(name) => {
                let is_same = number == 0 || (number == 1 && matches!(locale.provider.as_str(), "icu" | "builtin"));
                if !is_same {
                    reasons.push(format!(
                        "The locale {} {} is not on this machine; the twin has {way}.",
                        locale.provider,
                        locale.locale.as_ref().unwrap_or(&locale.collate)
                    ));
                }
                return Ok(name);
            }
            Err(error) => problem = Some(error),
        }
    }
    Err(problem.unwrap_or_else(|| LiveError::Unsupported {
        what: "no database can be made for the twin".to_owned(),
    }))
}
