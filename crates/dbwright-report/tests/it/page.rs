//! Rule pages on a terminal.

use dbwright_report::rule_page;

const PAGE: &str = "# table-rewrite

The statement **writes every row** of a table anew, while ACCESS EXCLUSIVE [blocks](https://www.postgresql.org/docs/current/explicit-locking.html)
reads and writes. See <https://www.postgresql.org/docs/current/sql-altertable.html>.


## Why

- It takes as long as the table is large, and everybody waits behind it for as long as it takes.
- `a ** b` stays as it is, and so does x < y [sic].
  A second line.

1. First.
2. Second.

```sql bad
ALTER TABLE orders ALTER COLUMN total TYPE bigint;

SELECT 1;
```

```sql fixed postgres
ALTER TABLE orders ADD COLUMN total_new bigint;
```

| engine | claim |
| --- | --- |
| PostgreSQL | rewrite |
";

#[test]
fn a_page_is_laid_out_for_the_terminal() {
    insta::assert_snapshot!(rule_page(PAGE, false, 60));
}

#[test]
fn a_page_in_colour_says_the_same() {
    insta::assert_snapshot!(rule_page(PAGE, true, 60).replace('\u{1b}', "␛"));
}

#[test]
fn half_a_page_is_a_page() {
    assert_eq!(rule_page("", false, 80), "\n");
    assert_eq!(rule_page("```sql\nSELECT 1", false, 80), "    SELECT 1\n");
    assert_eq!(rule_page("[a](b", false, 80), "[a](b\n");
    assert_eq!(rule_page("**a", false, 80), "**a\n");
}
