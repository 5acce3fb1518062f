//! Line numbers of ascending positions.

/// Counts line breaks on the way, so that a long text is read once.
pub(super) struct Lines<'text> {
    text: &'text str,
    position: usize,
    line: u32,
}

impl<'text> Lines<'text> {
    pub(super) fn new(text: &'text str) -> Self {
        Lines {
            text,
            position: 0,
            line: 1,
        }
    }

    /// The line that this byte is on, from 1. A position before the last one asked for is counted anew from the start.
    pub(super) fn line_of(&mut self, position: usize) -> u32 {
        if position < self.position {
            *self = Lines::new(self.text);
        }
        let breaks = self.text[self.position..position].matches('\n').count();
        self.line = self.line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        self.position = position;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_from_one_and_may_be_asked_for_in_any_order() {
        let mut lines = Lines::new("a\r\nb\n\nc");
        let places: Vec<u32> = [0, 3, 6, 2, 0].into_iter().map(|place| lines.line_of(place)).collect();
        assert_eq!(places, [1, 2, 4, 1, 1]);
    }
}
