//! Virtual tables: a module answers for them, and there is no `ALTER TABLE` for what it was given when they were made.

use dbwright_catalog::{Loss, Object, ObjectId, ObjectKind, Step};

use super::{Planner, lower, quoted};
use crate::sqlite_text::{after_group, name, tokens};

/// A virtual table's module and arguments.
struct Module {
    name: String,
    arguments: Vec<String>,
}

/// Where the rows of a search table are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    /// In itself.
    Own,
    /// In this other table.
    Other(String),
    /// Nowhere.
    Nowhere,
}

impl Module {
    fn of(object: &Object) -> Self {
        let tokens = tokens(&object.definition);
        let using = tokens
            .iter()
            .position(|token| token.is("USING"))
            .unwrap_or(tokens.len());
        let module = tokens.get(using + 1).map(name).unwrap_or_default();
        let open = using + 2;
        let arguments = match tokens.get(open) {
            Some(token) if token.is_symbol("(") => {
                let end = after_group(&tokens, open);
                let inside = &object.definition[token.span.end..tokens[end - 1].span.start];
                split_arguments(inside)
            }
            _ => Vec::new(),
        };
        Module {
            name: module.to_ascii_lowercase(),
            arguments,
        }
    }

    fn is_search(&self) -> bool {
        ["fts3", "fts4", "fts5"].contains(&self.name.as_str())
    }

    fn content(&self) -> Content {
        let options = self.arguments.iter().filter_map(|argument| argument.split_once('='));
        let mut contents = options.filter(|(option, _)| option.trim().eq_ignore_ascii_case("content"));
        match contents.next().map(|(_, value)| unquoted(value)) {
            None => Content::Own,
            Some(value) if value.is_empty() => Content::Nowhere,
            Some(value) => Content::Other(value),
        }
    }
}

/// Whether all that a table holds can be made again from another.
pub(super) fn is_derived(object: &Object) -> bool {
    content(object).is_some()
}

/// The table that a search table reads what it searches in from.
pub(super) fn content(object: &Object) -> Option<String> {
    let module = Module::of(object);
    match module.content() {
        Content::Other(table) if module.is_search() => Some(table),
        Content::Other(_) | Content::Own | Content::Nowhere => None,
    }
}

impl Planner<'_> {
    /// Plans another virtual table in the place of one.
    pub(super) fn alter_virtual(&mut self, from: &Object, to: &Object) {
        let (old, new) = (Module::of(from), Module::of(to));
        let is_known = (old.is_search() && new.is_search()) || (is_box(&old) && is_box(&new));
        if !is_known {
            self.refuse(
                &to.id,
                format!(
                    "What rows of a virtual table of the module {} become in one of {} is not known here. Make the new one \
                     beside the old one, and copy what you need.",
                    old.name, new.name
                ),
            );
            return;
        }
        self.emptied.insert(lower(&from.id));
        self.touched.extend([from.id.clone(), to.id.clone()]);
        let copies = !old.is_search() || (old.content() != Content::Nowhere && new.content() == Content::Own);
        if copies {
            self.copy_virtual(from, to, old.is_search());
            return;
        }
        if old.content() != new.content() || new.content() == Content::Nowhere {
            self.losses.push(Loss {
                object: from.id.clone(),
                what: "What the table can find: it has to be filled again from where its rows are kept.".to_owned(),
            });
        }
        let drop = format!("DROP TABLE {}", quoted(from.id.name()));
        self.steps.table_drops.push(Step::new(drop, [from.id.clone()]));
        self.steps
            .creates
            .push(Step::new(to.definition.clone(), [to.id.clone()]));
        self.fill_search_index(to);
    }

    fn copy_virtual(&mut self, from: &Object, to: &Object, with_rowid: bool) {
        let (old, new) = (self.before.columns(&from.id), self.after.columns(&to.id));
        let is_in = |columns: &[(&ObjectId, &dbwright_catalog::Column)], name: &str| {
            columns.iter().any(|(id, _)| id.name().eq_ignore_ascii_case(name))
        };
        for (id, _) in old.iter().filter(|(id, _)| !is_in(&new, id.name())) {
            self.losses.push(Loss {
                object: (*id).clone(),
                what: "All values of the column.".to_owned(),
            });
        }
        let kept = new.iter().filter(|(id, _)| is_in(&old, id.name()));
        let mut columns: Vec<String> = kept.map(|(id, _)| quoted(id.name())).collect();
        if with_rowid {
            columns.insert(0, "rowid".to_owned());
        }
        let columns = columns.join(", ");
        let temporary = quoted(&self.free_name(&to.id));
        let (was, is) = (quoted(from.id.name()), quoted(to.id.name()));
        let definition = to.definition.replacen(
            &format!("CREATE VIRTUAL TABLE {is} "),
            &format!("CREATE VIRTUAL TABLE {temporary} "),
            1,
        );
        for sql in [
            definition,
            format!("INSERT INTO {temporary} ({columns}) SELECT {columns} FROM {was}"),
            format!("DROP TABLE {was}"),
            format!("ALTER TABLE {temporary} RENAME TO {is}"),
        ] {
            self.steps.rebuilds.push(Step::new(sql, [to.id.clone()]));
        }
    }

    /// A search table over another one finds nothing before it has read it.
    pub(super) fn fill_search_index(&mut self, object: &Object) {
        let Some(content) = content(object) else { return };
        let is_there = self.after.objects.keys().any(|id| {
            matches!(id.kind, ObjectKind::Table | ObjectKind::View) && id.name().eq_ignore_ascii_case(&content)
        });
        if is_there {
            let table = quoted(object.id.name());
            let sql = format!("INSERT INTO {table} ({table}) VALUES ('rebuild')");
            self.steps.fills.push(Step::new(sql, [object.id.clone()]));
        }
    }
}

fn is_box(module: &Module) -> bool {
    ["rtree", "rtree_i32"].contains(&module.name.as_str())
}

/// Splits at commas that stand in no brackets and no quotes.
fn split_arguments(text: &str) -> Vec<String> {
    let (mut arguments, mut current) = (Vec::new(), String::new());
    let (mut depth, mut quote) = (0_usize, None);
    for character in text.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '\'' | '"' | '`') => quote = Some(character),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                arguments.push(std::mem::take(&mut current));
                continue;
            }
            _ => {}
        }
        current.push(character);
    }
    arguments.push(current);
    arguments
        .into_iter()
        .map(|argument| argument.trim().to_owned())
        .collect()
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    tokens(value).first().map_or_else(String::new, name)
}
