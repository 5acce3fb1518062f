//! Names that the server makes up (`makeObjectName` and `ChooseRelationName` in its `indexcmds.c`;
//! <https://www.postgresql.org/docs/current/sql-createindex.html>).

/// Bytes of a name.
const NAME_BYTES_MAX: usize = 63;

/// `table_column_label`, both parts cut until it fits, the longer one first.
pub(super) fn made_up(first: &str, second: Option<&str>, label: &str) -> String {
    let second_or_nothing = second.unwrap_or_default();
    let overhead = label.len() + 1 + usize::from(second.is_some());
    let available = NAME_BYTES_MAX.saturating_sub(overhead);
    let (mut left, mut right) = (first.len(), second_or_nothing.len());
    while left + right > available {
        if left > right {
            left -= 1;
        } else {
            right -= 1;
        }
    }
    let left = &first[..first.floor_char_boundary(left)];
    match second {
        Some(second) => {
            let right = &second[..second.floor_char_boundary(right)];
            format!("{left}_{right}_{label}")
        }
        None => format!("{left}_{label}"),
    }
}

/// The same with a number behind the label where the name is taken.
pub(super) fn free(first: &str, second: Option<&str>, label: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut name = made_up(first, second, label);
    let mut number = 0_u32;
    while is_taken(&name) && number < 10_000 {
        number += 1;
        name = made_up(first, second, &format!("{label}{number}"));
    }
    name
}

/// The parts of a made-up name that stand for columns, joined; a column that comes twice gets a number.
pub(super) fn columns(names: &[String]) -> String {
    let mut joined = String::new();
    for name in names {
        if !joined.is_empty() {
            joined.push('_');
        }
        joined.push_str(name);
        if joined.len() >= NAME_BYTES_MAX {
            break;
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_as_the_server_cuts_them() {
        assert_eq!(made_up("account", Some("name"), "idx"), "account_name_idx");
        assert_eq!(made_up("account", None, "pkey"), "account_pkey");
        let cut = made_up(&"a".repeat(60), Some(&"b".repeat(10)), "idx");
        assert_eq!(cut.len(), 63);
        assert!(cut.ends_with("_bbbbbbbbbb_idx"), "{cut}");
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        assert_eq!(free("t", Some("a"), "key", |name| name == "t_a_key"), "t_a_key1");
    }
}
