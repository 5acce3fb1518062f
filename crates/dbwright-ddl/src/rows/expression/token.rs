//! The words of an expression. What PostgreSQL, MySQL and MariaDB print and what people write for SQLite share them.

use dbwright_catalog::Engine;

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name or keyword, folded to lower case.
    Word(String),
    /// A quoted name.
    Quoted(String),
    /// A string literal.
    Text(String),
    /// A blob literal, as its hexadecimal digits.
    Blob,
    /// A number.
    Number(f64),
    /// An operator or a bracket.
    Symbol(String),
}

/// Splits an expression into words; what is no word is left out.
pub(super) fn tokens(engine: Engine, text: &str) -> Vec<Token> {
    let escapes = matches!(engine, Engine::MySql | Engine::MariaDb);
    let letters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        match letter {
            '\'' => {
                let (content, next) = if escapes {
                    escaped(&letters, at)
                } else {
                    quoted(&letters, at, '\'')
                };
                at = next;
                push_text(&mut tokens, content);
            }
            '"' | '`' => {
                let (content, next) = quoted(&letters, at, letter);
                at = next;
                tokens.push(Token::Quoted(content));
            }
            '-' if letters.get(at + 1) == Some(&'-') => {
                while letters.get(at).is_some_and(|&letter| letter != '\n') {
                    at += 1;
                }
            }
            '/' if letters.get(at + 1) == Some(&'*') => {
                at += 2;
                while at < letters.len() && !(letters[at] == '*' && letters.get(at + 1) == Some(&'/')) {
                    at += 1;
                }
                at += 2;
            }
            '0' if escapes && letters.get(at + 1) == Some(&'x') => {
                at += 2;
                while letters.get(at).is_some_and(char::is_ascii_hexdigit) {
                    at += 1;
                }
                tokens.push(Token::Blob);
            }
            '0'..='9' => at = number(&letters, at, &mut tokens),
            '.' if letters.get(at + 1).is_some_and(char::is_ascii_digit) => at = number(&letters, at, &mut tokens),
            _ if letter.is_alphabetic() || letter == '_' => {
                let start = at;
                while letters
                    .get(at)
                    .is_some_and(|&letter| letter.is_alphanumeric() || letter == '_' || letter == '$')
                {
                    at += 1;
                }
                tokens.push(Token::Word(
                    letters[start..at].iter().collect::<String>().to_lowercase(),
                ));
            }
            '(' | ')' | '[' | ']' | ',' | '.' | ';' => {
                tokens.push(Token::Symbol(letter.to_string()));
                at += 1;
            }
            ':' => {
                let double = letters.get(at + 1) == Some(&':');
                tokens.push(Token::Symbol(if double { "::" } else { ":" }.to_owned()));
                at += 1 + usize::from(double);
            }
            _ if is_operator(letter) => at = operator(&letters, at, &mut tokens),
            _ => at += 1,
        }
    }
    tokens
}

/// A string literal; a prefix (`E`, `X`, `N`, `_utf8mb4`) right before it changes how it is read.
fn push_text(tokens: &mut Vec<Token>, content: String) {
    match tokens.last() {
        Some(Token::Word(prefix)) if prefix == "e" => {
            tokens.pop();
            tokens.push(Token::Text(content.replace("\\\\", "\\")));
        }
        Some(Token::Word(prefix)) if prefix == "x" || prefix == "b" => {
            tokens.pop();
            tokens.push(Token::Blob);
        }
        Some(Token::Word(prefix)) if prefix == "n" || prefix.starts_with('_') => {
            tokens.pop();
            tokens.push(Token::Text(content));
        }
        _ => tokens.push(Token::Text(content)),
    }
}

/// A string literal of MySQL, in which a backslash means something
/// (<https://dev.mysql.com/doc/refman/9.7/en/string-literals.html>).
fn escaped(letters: &[char], start: usize) -> (String, usize) {
    let mut content = String::new();
    let mut at = start + 1;
    while let Some(&letter) = letters.get(at) {
        at += 1;
        match (letter, letters.get(at)) {
            ('\'', Some('\'')) => {
                content.push('\'');
                at += 1;
            }
            ('\'', _) => return (content, at),
            ('\\', Some(next)) => {
                match next {
                    'n' => content.push('\n'),
                    't' => content.push('\t'),
                    'r' => content.push('\r'),
                    '0' => content.push('\0'),
                    'b' => content.push('\u{8}'),
                    'Z' => content.push('\u{1a}'),
                    // Only for LIKE: both letters stay.
                    '%' | '_' => content.extend(['\\', *next]),
                    next => content.push(*next),
                }
                at += 1;
            }
            (letter, _) => content.push(letter),
        }
    }
    (content, at)
}

fn quoted(letters: &[char], start: usize, quote: char) -> (String, usize) {
    let mut content = String::new();
    let mut at = start + 1;
    while let Some(&letter) = letters.get(at) {
        if letter == quote {
            if letters.get(at + 1) != Some(&quote) {
                return (content, at + 1);
            }
            at += 1;
        }
        content.push(letter);
        at += 1;
    }
    (content, at)
}

fn number(letters: &[char], start: usize, tokens: &mut Vec<Token>) -> usize {
    let mut at = start;
    while letters
        .get(at)
        .is_some_and(|letter| letter.is_ascii_digit() || *letter == '.' || *letter == '_')
    {
        at += 1;
    }
    if letters.get(at).is_some_and(|letter| matches!(letter, 'e' | 'E')) {
        let sign = usize::from(letters.get(at + 1).is_some_and(|letter| matches!(letter, '+' | '-')));
        if letters.get(at + 1 + sign).is_some_and(char::is_ascii_digit) {
            at += 1 + sign;
            while letters.get(at).is_some_and(char::is_ascii_digit) {
                at += 1;
            }
        }
    }
    let digits: String = letters[start..at].iter().filter(|&&letter| letter != '_').collect();
    tokens.push(Token::Number(digits.parse().unwrap_or(f64::NAN)));
    at
}

fn is_operator(letter: char) -> bool {
    "+-*/<>=~!@#%^&|?".contains(letter)
}

/// An operator does not end in `+` or `-` unless it has one of `~!@#%^&|?` in it: `>-1` is two.
fn operator(letters: &[char], start: usize, tokens: &mut Vec<Token>) -> usize {
    let mut at = start;
    while letters.get(at).is_some_and(|&letter| is_operator(letter)) {
        at += 1;
    }
    let special = letters[start..at].iter().any(|letter| "~!@#%^&|?".contains(*letter));
    while at - start > 1 && !special && matches!(letters[at - 1], '+' | '-') {
        at -= 1;
    }
    tokens.push(Token::Symbol(letters[start..at].iter().collect()));
    at
}
