//! The part of Go's text templates that files of migrations use: values, `if`, other templates, a few functions.
//!
//! As in <https://pkg.go.dev/text/template>. What needs a value that is not known (a parameter that only the project's code
//! sets) or a form that is not read here (`range`, `with`) is left as it stands, so that the statement around it is named
//! as one that is not rendered.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::rendered::Rendered;

/// Templates that call each other deeper than this go round in circles.
const DEPTH_MAX: usize = 16;

/// A value that a template can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A string, or a number as it is written.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// Names with their values.
    Map(BTreeMap<String, Value>),
}

impl Value {
    /// Names with their values.
    pub(crate) fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Value)>) -> Value {
        Value::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    fn is_true(&self) -> bool {
        match self {
            Value::Text(text) => !text.is_empty(),
            Value::Bool(bool) => *bool,
            Value::Map(map) => !map.is_empty(),
        }
    }

    fn printed(&self) -> Option<String> {
        match self {
            Value::Text(text) => Some(text.clone()),
            Value::Bool(bool) => Some(bool.to_string()),
            Value::Map(_) => None,
        }
    }
}

/// What templates are rendered with.
pub(crate) struct Context<'a> {
    /// What `.` is.
    pub(crate) data: &'a Value,
    /// Other templates, by name.
    pub(crate) templates: &'a BTreeMap<String, String>,
    /// Functions of the tool; nothing where it has none of this name, or where the result can't be known.
    pub(crate) function: &'a dyn Fn(&str, &[Value]) -> Option<Value>,
}

/// Renders a range of a file. What can't be rendered stays as it stands.
pub(crate) fn render(file: &str, range: Range<usize>, context: &Context<'_>) -> Rendered {
    let mut rendered = Rendered::default();
    emit(file, &parse(file, range), context, 0, &mut rendered);
    rendered
}

/// Renders another template to a text. Nothing where it does not exist or calls itself.
pub(crate) fn render_named(name: &str, context: &Context<'_>) -> Option<String> {
    named(name, context, 0)
}

fn named(name: &str, context: &Context<'_>, depth: usize) -> Option<String> {
    let text = context.templates.get(name).filter(|_| depth < DEPTH_MAX)?;
    let mut rendered = Rendered::default();
    emit(text, &parse(text, 0..text.len()), context, depth + 1, &mut rendered);
    Some(rendered.text().to_owned())
}

/// A part of a template. Ranges are those of the file.
#[derive(Debug)]
enum Node {
    Text(Range<usize>),
    /// `{{ … }}` with a value.
    Value {
        whole: Range<usize>,
        expression: String,
    },
    /// `{{ if … }} … {{ else if … }} … {{ else }} … {{ end }}`; the last branch may have no condition.
    If {
        whole: Range<usize>,
        branches: Vec<(Option<String>, Vec<Node>)>,
    },
    /// What is not read here.
    Opaque(Range<usize>),
}

/// `{{ … }}` as it stands in a file.
struct Action {
    whole: Range<usize>,
    body: String,
    trims_left: bool,
    trims_right: bool,
}

fn next_action(file: &str, range: &Range<usize>) -> Option<Action> {
    let start = range.start + file[range.clone()].find("{{")?;
    let mut inner = start + 2;
    let trims_left =
        file[inner..range.end].starts_with('-') && file[inner + 1..range.end].starts_with(|c: char| c.is_whitespace());
    inner += usize::from(trims_left);
    let rest = &file[inner..range.end];
    let close = if rest.trim_start().starts_with("/*") {
        rest.find("*/")
            .and_then(|at| rest[at..].find("}}").map(|end| at + end))?
    } else {
        closing(rest)?
    };
    let body = &rest[..close];
    let trims_right = body.ends_with('-') && body[..body.len() - 1].ends_with(|c: char| c.is_whitespace());
    let body = if trims_right { &body[..body.len() - 1] } else { body };
    Some(Action {
        whole: start..inner + close + 2,
        body: body.trim().to_owned(),
        trims_left,
        trims_right,
    })
}

/// Where `}}` stands outside of strings.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '`' => quote = Some(c),
            None if text[at..].starts_with("}}") => return Some(at),
            Some(_) | None => {}
        }
    }
    None
}

/// An open `if` or another block.
struct Open {
    start: usize,
    is_read: bool,
    branches: Vec<(Option<String>, Vec<Node>)>,
}

fn parse(file: &str, range: Range<usize>) -> Vec<Node> {
    let mut open = vec![Open {
        start: range.start,
        is_read: true,
        branches: vec![(None, Vec::new())],
    }];
    let mut rest = range.clone();
    while let Some(action) = next_action(file, &rest) {
        let before = &file[rest.start..action.whole.start];
        let kept = if action.trims_left { before.trim_end() } else { before };
        push(&mut open, Node::Text(rest.start..rest.start + kept.len()));
        rest.start = action.whole.end;
        if action.trims_right {
            let after = &file[rest.clone()];
            rest.start += after.len() - after.trim_start().len();
        }
        take(&mut open, action);
    }
    push(&mut open, Node::Text(rest));
    // A block that never ends is left as it stands.
    while open.len() > 1 {
        let unfinished = open.pop().map_or(range.end, |open| open.start);
        push(&mut open, Node::Opaque(unfinished..range.end));
    }
    open.pop()
        .and_then(|mut open| open.branches.pop())
        .map_or_else(Vec::new, |(_, nodes)| nodes)
}

fn take(open: &mut Vec<Open>, action: Action) {
    let (word, rest) = action
        .body
        .split_once(char::is_whitespace)
        .unwrap_or((&action.body, ""));
    match word {
        "if" | "range" | "with" | "define" | "block" => open.push(Open {
            start: action.whole.start,
            is_read: word == "if",
            branches: vec![(Some(rest.trim().to_owned()), Vec::new())],
        }),
        "else" if open.len() > 1 => {
            let condition = rest
                .trim()
                .strip_prefix("if ")
                .map(|condition| condition.trim().to_owned());
            if let Some(last) = open.last_mut() {
                last.branches.push((condition, Vec::new()));
            }
        }
        "end" if open.len() > 1 => {
            if let Some(closed) = open.pop() {
                let whole = closed.start..action.whole.end;
                let node = if closed.is_read {
                    let branches = closed.branches;
                    Node::If { whole, branches }
                } else {
                    Node::Opaque(whole)
                };
                push(open, node);
            }
        }
        _ if action.body.starts_with("/*") => {}
        _ => push(
            open,
            Node::Value {
                whole: action.whole,
                expression: action.body,
            },
        ),
    }
}

fn push(open: &mut [Open], node: Node) {
    if let Some((_, nodes)) = open.last_mut().and_then(|open| open.branches.last_mut()) {
        nodes.push(node);
    }
}

fn emit(file: &str, nodes: &[Node], context: &Context<'_>, depth: usize, rendered: &mut Rendered) {
    for node in nodes {
        match node {
            Node::Text(range) | Node::Opaque(range) => rendered.copy(file, range.clone()),
            Node::Value { whole, expression } => match printed(expression, context, depth) {
                Some(text) => rendered.put(&text, whole.clone()),
                None => rendered.copy(file, whole.clone()),
            },
            Node::If { whole, branches } => match branch(branches, context, depth) {
                Some(nodes) => emit(file, nodes, context, depth, rendered),
                None => rendered.copy(file, whole.clone()),
            },
        }
    }
}

/// The nodes of the branch that is taken; nothing where a condition is not known.
fn branch<'a>(branches: &'a [(Option<String>, Vec<Node>)], context: &Context<'_>, depth: usize) -> Option<&'a [Node]> {
    for (condition, nodes) in branches {
        let holds = match condition {
            None => true,
            Some(condition) => evaluate(condition, context, depth)?.is_true(),
        };
        if holds {
            return Some(nodes);
        }
    }
    Some(&[])
}

fn printed(expression: &str, context: &Context<'_>, depth: usize) -> Option<String> {
    if let Some(rest) = expression.strip_prefix("template ") {
        let (name, _) = words(rest.trim())?.into_iter().next()?;
        let Value::Text(name) = operand(&name, context, depth)? else {
            return None;
        };
        return named(&name, context, depth);
    }
    evaluate(expression, context, depth)?.printed()
}

/// The value of `a | f b | g`.
fn evaluate(expression: &str, context: &Context<'_>, depth: usize) -> Option<Value> {
    if depth >= DEPTH_MAX {
        return None;
    }
    let mut piped: Option<Value> = None;
    for command in split_pipes(expression)? {
        let mut arguments = words(command.trim())?.into_iter();
        let (first, is_name) = arguments.next()?;
        let mut values: Vec<Value> = arguments
            .map(|(word, _)| operand(&word, context, depth))
            .collect::<Option<_>>()?;
        let is_function = is_name && (!values.is_empty() || piped.is_some());
        values.extend(piped.take());
        piped = Some(if is_function {
            call(&first, &values, context)?
        } else if values.is_empty() {
            operand(&first, context, depth)?
        } else {
            return None;
        });
    }
    piped
}

/// The parts between `|` outside of strings and parentheses.
fn split_pipes(expression: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, inside) in outside(expression) {
        if inside == '|' {
            parts.push(&expression[start..at]);
            start = at + 1;
        }
    }
    parts.push(&expression[start..]);
    (!expression.trim().is_empty()).then_some(parts)
}

/// The characters outside of strings and parentheses, with their places.
fn outside(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut quote = None;
    let mut escaped = false;
    let mut parentheses = 0usize;
    text.char_indices().filter(move |(_, c)| {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if *c == '\\' => escaped = true,
            Some(open) if *c == open => quote = None,
            Some(_) => {}
            None if *c == '"' || *c == '`' => quote = Some(*c),
            None if *c == '(' => parentheses += 1,
            None if *c == ')' => parentheses = parentheses.saturating_sub(1),
            None => return parentheses == 0,
        }
        false
    })
}

/// The words of a command, and whether each could be the name of a function.
fn words(command: &str) -> Option<Vec<(String, bool)>> {
    let breaks: Vec<usize> = outside(command)
        .filter(|(_, c)| c.is_whitespace())
        .map(|(at, _)| at)
        .chain([command.len()])
        .collect();
    let mut words = Vec::new();
    let mut start = 0;
    for end in breaks {
        let word = command[start..end].trim();
        if !word.is_empty() {
            let is_name = word.chars().all(|c| c.is_alphanumeric() || c == '_')
                && word.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && word != "true"
                && word != "false";
            words.push((word.to_owned(), is_name));
        }
        start = end;
    }
    (!words.is_empty()).then_some(words)
}

fn operand(word: &str, context: &Context<'_>, depth: usize) -> Option<Value> {
    if let Some(inner) = word.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return evaluate(inner, context, depth + 1);
    }
    if let Some(inner) = word.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
        return Some(Value::Text(inner.to_owned()));
    }
    if let Some(inner) = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let text = inner.replace("\\\"", "\"").replace("\\n", "\n").replace("\\\\", "\\");
        return Some(Value::Text(text));
    }
    match word {
        "true" => return Some(Value::Bool(true)),
        "false" => return Some(Value::Bool(false)),
        _ if word.starts_with(|c: char| c.is_ascii_digit()) => return Some(Value::Text(word.to_owned())),
        _ => {}
    }
    let path = word.strip_prefix('$').unwrap_or(word).strip_prefix('.')?;
    let mut value = context.data;
    for name in path.split('.').filter(|name| !name.is_empty()) {
        let Value::Map(map) = value else { return None };
        value = map.get(name)?;
    }
    Some(value.clone())
}

fn call(name: &str, values: &[Value], context: &Context<'_>) -> Option<Value> {
    let text = |value: &Value| value.printed();
    match (name, values) {
        ("not", [value]) => Some(Value::Bool(!value.is_true())),
        ("and", [.., last]) => Some(values.iter().find(|value| !value.is_true()).unwrap_or(last).clone()),
        ("or", [.., last]) => Some(values.iter().find(|value| value.is_true()).unwrap_or(last).clone()),
        ("eq", [first, others @ ..]) if !others.is_empty() => {
            Some(Value::Bool(others.iter().any(|other| other == first)))
        }
        ("ne", [first, second]) => Some(Value::Bool(first != second)),
        ("index", [Value::Map(map), Value::Text(key)]) => map.get(key).cloned(),
        ("quote", [value]) => Some(Value::Text(format!("{:?}", text(value)?))),
        ("squote", [value]) => Some(Value::Text(format!("'{}'", text(value)?))),
        ("upper", [value]) => Some(Value::Text(text(value)?.to_uppercase())),
        ("lower", [value]) => Some(Value::Text(text(value)?.to_lowercase())),
        ("default", [default, value]) => Some(if value.is_true() { value } else { default }.clone()),
        _ => (context.function)(name, values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(template: &str) -> String {
        let data = Value::map([
            ("schema", Value::Text("app".to_owned())),
            ("IsSQLite", Value::Bool(false)),
            ("Parameters", Value::map([("table", Value::Text("users".to_owned()))])),
        ]);
        let templates = BTreeMap::from([
            ("a.sql".to_owned(), "CREATE {{ .schema }};".to_owned()),
            ("loop.sql".to_owned(), "{{ template \"loop.sql\" . }}".to_owned()),
        ]);
        let function = |name: &str, values: &[Value]| match (name, values) {
            ("identifier", [value]) => Some(value.clone()),
            _ => None,
        };
        let context = Context {
            data: &data,
            templates: &templates,
            function: &function,
        };
        render(template, 0..template.len(), &context).text().to_owned()
    }

    #[test]
    fn values_functions_and_templates_are_put_in() {
        for (template, expected) in [
            ("a {{ .schema }}.t", "a app.t"),
            ("{{ identifier .Parameters.table }}", "users"),
            ("{{ .schema | upper | quote }}", "\"APP\""),
            ("{{ (identifier .schema) | squote }}", "'app'"),
            ("x {{- .schema -}}  y", "xappy"),
            ("a{{/* }} { */}}b", "ab"),
            ("{{ \"}}\" }}", "}}"),
            ("{{ template \"a.sql\" . }}", "CREATE app;"),
            ("{{ .schema | default \"public\" }}", "app"),
            ("{{index .Parameters \"table\"}}", "users"),
            ("'{1,{2,3}}'", "'{1,{2,3}}'"),
        ] {
            assert_eq!(rendered(template), expected, "{template}");
        }
    }

    #[test]
    fn the_branch_whose_condition_holds_is_taken() {
        for (template, expected) in [
            ("{{ if .IsSQLite }}a{{ else }}b{{ end }}", "b"),
            ("{{ if not .IsSQLite }}a{{ end }}", "a"),
            (
                "{{ if .IsSQLite }}a{{ else if eq .schema \"app\" \"x\" }}b{{ else }}c{{ end }}",
                "b",
            ),
            (
                "{{ if or .IsSQLite .schema }}a{{ if .IsSQLite }}b{{ end }}c{{ end }}",
                "ac",
            ),
        ] {
            assert_eq!(rendered(template), expected, "{template}");
        }
    }

    #[test]
    fn what_is_not_known_stays_as_it_stands() {
        for template in [
            "{{ .missing }}",
            "{{ env \"HOME\" }}",
            "{{ if .missing }}a{{ end }}",
            "{{ range .schema }}a{{ end }}",
            "{{ template \"none.sql\" . }}",
            "{{ template \"loop.sql\" . }}",
            "{{ if .IsSQLite }} no end",
            "{{ never closed",
            "{{ }}",
            "{{ end }}",
        ] {
            let text = rendered(template);
            assert!(
                text == template || text == "{{ template \"loop.sql\" . }}",
                "{template}: {text}"
            );
        }
    }
}
