//! Pages in Markdown, laid out for a terminal. Not a Markdown renderer: it knows what rule pages use.

use crate::layout::{BAD, BOLD, GOOD, Layout, clean};

/// A rule's page for a terminal: headings underlined, code indented, the rest wrapped to `width`.
///
/// Code fences whose info string says more than the language (`sql bad`) are headed by that (`bad:`).
pub fn rule_page(markdown: &str, color: bool, width: usize) -> String {
    let mut page = Page {
        layout: Layout::new(color, width),
        text: String::new(),
        paragraph: String::new(),
        indent: (String::new(), String::new()),
    };
    let markdown = clean(markdown);
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        if let Some(info) = line.trim_start().strip_prefix("```") {
            page.fence(
                info,
                lines.by_ref().take_while(|line| !line.trim_start().starts_with("```")),
            );
        } else {
            page.line(line);
        }
    }
    page.end_paragraph();
    format!("{}\n", page.text.trim_matches('\n'))
}

/// The page as far as it is written.
struct Page {
    layout: Layout,
    text: String,
    /// Lines of a paragraph or list item that are not written yet.
    paragraph: String,
    /// What stands before its first line and before the others.
    indent: (String, String),
}

impl Page {
    /// A line outside of code.
    fn line(&mut self, line: &str) {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            self.end_paragraph();
            self.empty_line();
        } else if let Some((level, heading)) = heading(trimmed) {
            self.end_paragraph();
            self.heading(level, heading);
        } else if trimmed.starts_with('|') {
            self.end_paragraph();
            self.text.push_str(&inline(trimmed, self.layout));
            self.text.push('\n');
        } else if let Some((marker, item)) = list_item(trimmed) {
            self.end_paragraph();
            let depth = line.len() - line.trim_start().len();
            let width = depth + marker.len();
            self.indent = (format!("{:depth$}{marker}", ""), " ".repeat(width));
            item.clone_into(&mut self.paragraph);
        } else {
            if !self.paragraph.is_empty() {
                self.paragraph.push(' ');
            }
            self.paragraph.push_str(trimmed);
        }
    }

    fn heading(&mut self, level: usize, heading: &str) {
        self.empty_line();
        self.text.push_str(&self.layout.paint(BOLD, heading));
        self.text.push('\n');
        if level <= 2 {
            let underline = if level == 1 { "=" } else { "-" };
            self.text.push_str(&underline.repeat(heading.chars().count()));
            self.text.push('\n');
        }
    }

    /// Code, indented, with what the info string says besides the language above it.
    fn fence<'a>(&mut self, info: &str, code: impl Iterator<Item = &'a str>) {
        self.end_paragraph();
        let tags: Vec<&str> = info.split([' ', ',']).skip(1).filter(|tag| !tag.is_empty()).collect();
        if !tags.is_empty() {
            let style = if tags.contains(&"bad") { BAD } else { GOOD };
            let label = self.layout.paint(style, &format!("{}:", tags.join(", ")));
            self.text.push_str("  ");
            self.text.push_str(&label);
            self.text.push('\n');
        }
        for line in code {
            self.text.push_str(format!("    {line}").trim_end());
            self.text.push('\n');
        }
    }

    fn end_paragraph(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        let (first, rest) = std::mem::take(&mut self.indent);
        if !paragraph.is_empty() {
            let text = inline(&paragraph, self.layout);
            self.text.push_str(&self.layout.wrap(&first, &rest, &text));
        }
    }

    /// One empty line, however often it is asked for.
    fn empty_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }
}

/// Level and text of a heading.
fn heading(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    (level > 0 && text.starts_with(' ')).then(|| (level, text.trim()))
}

/// The marker of a list item with the space after it, and its text.
fn list_item(line: &str) -> Option<(&str, &str)> {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let marker = if line.starts_with("- ") || line.starts_with("* ") {
        2
    } else if digits > 0 && line[digits..].starts_with(". ") {
        digits + 2
    } else {
        return None;
    };
    Some(line.split_at(marker))
}

/// Bold words, and links as their text with the address after it. What stands between backticks is left alone.
fn inline(text: &str, layout: Layout) -> String {
    let mut written = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index > 0 {
            written.push('`');
        }
        if index % 2 == 1 {
            written.push_str(part);
        } else {
            written.push_str(&bold(&links(part), layout));
        }
    }
    written
}

fn bold(text: &str, layout: Layout) -> String {
    let parts: Vec<&str> = text.split("**").collect();
    if parts.len().is_multiple_of(2) {
        return text.to_owned();
    }
    let words = |part: &str| {
        part.split(' ')
            .map(|word| layout.paint(BOLD, word))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let parts = parts.iter().enumerate();
    parts
        .map(|(index, part)| {
            if index % 2 == 1 {
                words(part)
            } else {
                (*part).to_owned()
            }
        })
        .collect()
}

fn links(text: &str) -> String {
    let mut written = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(['[', '<']) {
        let (before, link) = rest.split_at(start);
        written.push_str(before);
        if let Some((label, address, after)) = link_at(link) {
            written.push_str(label);
            if label != address {
                written.extend([" (", address, ")"]);
            }
            rest = after;
        } else {
            written.push_str(&link[..1]);
            rest = &link[1..];
        }
    }
    written.push_str(rest);
    written
}

/// Text, address and what follows, if the text begins with a link.
fn link_at(text: &str) -> Option<(&str, &str, &str)> {
    if let Some(inside) = text.strip_prefix('<') {
        let (address, after) = inside.split_once('>')?;
        return address.starts_with("http").then_some((address, address, after));
    }
    let (label, target) = text.strip_prefix('[')?.split_once("](")?;
    let (address, after) = target.split_once(')')?;
    Some((label, address, after))
}
