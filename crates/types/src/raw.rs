//! JSON that passes through unread: schemas, tool arguments, unknown fields.

use std::fmt;

/// The text of one valid JSON value, kept exactly as it was written (key order, number spelling, spacing).
///
/// Whoever makes a `Raw` vouches that the text is one complete JSON value: the JSON reader in `dialects` does.
#[derive(Clone, PartialEq, Eq)]
pub struct Raw(Box<str>);

impl Raw {
    /// Wraps text that is already known to be one complete JSON value.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Raw(text.into())
    }

    /// The JSON text.
    pub fn get(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Fields of a request that the vocabulary has no word for, in the order they were written.
pub type Extras = Vec<(String, Raw)>;
