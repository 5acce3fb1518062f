//! A review as text for people.
//!
//! Facts first, in the order of the history: what happens, the lock, how it is known, then what to do about it. What was
//! not observed is named as well. Every sentence is readable without colour.

mod closing;
pub(crate) mod finding;
mod fix;
pub(crate) mod frame;
mod group;
mod section;
mod unobserved;

use dbwright_catalog::{Drift, Review};

use crate::layout::{self, Layout};
use crate::scorecard;

/// How a review is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextOptions {
    /// Whether colours are wanted. The caller knows about `NO_COLOR` and whether a terminal is there.
    pub color: bool,
    /// Columns of the terminal. Sentences are wrapped to it, to at least 40 columns.
    pub width: usize,
    /// Whether every finding and every statement is told at length, however many there are.
    pub verbose: bool,
}

/// The whole review, with how a live database differs from the migrations in the scorecard, where that is known. The last
/// line sums it up and fits a status bar.
pub fn text(review: &Review, drift: Option<&Drift>, options: &TextOptions) -> String {
    let layout = Layout::new(options.color, options.width);
    let mut text = String::new();
    for section in &review.sections {
        text.push_str(&section::section(section, layout, options.verbose));
        text.push_str(&scorecard::text(section, drift, layout, options.verbose));
    }
    for sentence in &review.not_checked {
        let sentence = layout::clean(sentence);
        text.push_str(&layout.wrap("not checked: ", "  ", &sentence));
        text.push('\n');
    }
    text.push_str(&closing::next(review, layout));
    text.push('\n');
    text.push_str(&closing::status(review));
    text.push('\n');
    text
}
