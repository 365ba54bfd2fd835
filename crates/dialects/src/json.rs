//! Reading JSON without building it: one validating pass notes where each value begins and ends, and everything
//! else is looked up in the caller's own text.
//!
//! A gateway touches a few fields of a body and passes the rest on; so values are decoded only when asked for,
//! and any value can be handed on exactly as it was written ([`Json::raw`]). Writing is [`Writer`]'s business.

mod compact;
mod object;
mod scan;
mod splice;
mod text;
mod value;
mod writer;

pub use compact::compact;
pub use object::Object;
pub use scan::Names;
pub use splice::Edit;
pub use text::unescape;
pub use value::{Fields, Items, Json, Kind};
pub use writer::Writer;

use std::borrow::Cow;

use bytes::BytesMut;
use scan::Rules;
use types::Fault;

/// Deepest nesting that is accepted. Real requests stay below 30; the bound keeps hostile ones cheap.
pub const MAX_DEPTH: usize = 128;

/// Most values that are noted of one text: each takes about 20 bytes, and real requests have some thousands.
const MAX_VALUES: usize = 2 << 20;

/// The same for answers: 2,048 embeddings of 4,096 numbers fit.
const MAX_ANSWER_VALUES: usize = 10 << 20;

/// A parsed JSON text: the text and the places of its values.
pub struct Doc<'t> {
    /// Valid UTF-8: the scan made sure.
    text: &'t [u8],
    nodes: Cow<'t, [Node]>,
}

/// One value of the text. Nodes lie in document order, an object's keys as string nodes before their values.
#[derive(Clone, Copy, Debug)]
struct Node {
    kind: Kind,
    /// Whether a string contains escapes.
    escaped: bool,
    start: u32,
    end: u32,
    /// Index of the node after this one and all it contains.
    next: u32,
}

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// Byte offset of the problem.
    pub offset: usize,
    /// What was wrong there.
    pub what: &'static str,
}

impl<'t> Doc<'t> {
    /// Parses a whole text.
    pub fn parse(text: &'t [u8]) -> Result<Self, JsonError> {
        scan::scan(text, CALLER).map(|found| found.doc)
    }

    /// Validates a whole text, but notes only the outermost value and the fields or items directly inside it.
    pub fn parse_head(text: &'t [u8]) -> Result<Self, JsonError> {
        scan::scan(text, Rules { keep: 1, ..CALLER }).map(|found| found.doc)
    }

    /// Parses a whole answer or event of a provider, which may hold more values than any request, and halves of
    /// characters.
    pub fn parse_answer(text: &'t [u8]) -> Result<Self, JsonError> {
        scan::scan(text, PROVIDER).map(|found| found.doc)
    }

    /// The head of an answer or event of a provider.
    pub fn parse_answer_head(text: &'t [u8]) -> Result<Self, JsonError> {
        scan::scan(text, Rules { keep: 1, ..PROVIDER }).map(|found| found.doc)
    }

    /// Parses like [`Doc::parse_answer`] and tells what [`measure`] does.
    pub fn parse_measured(text: &'t [u8], fields: Names) -> Result<(Self, usize), JsonError> {
        scan::scan(text, Rules { heard: fields, ..PROVIDER }).map(|found| (found.doc, found.heard))
    }

    /// The outermost value.
    pub fn root(&self) -> Json<'_> {
        Json::new(self, 0)
    }
}

/// What callers write must be JSON that every provider takes.
const CALLER: Rules = Rules { keep: usize::MAX, most: MAX_VALUES, halves: false, heard: Names::of(&[]) };

/// What providers write is used as far as it makes sense.
const PROVIDER: Rules = Rules { most: MAX_ANSWER_VALUES, halves: true, ..CALLER };

/// Validates what a provider wrote without noting anything, and tells how many bytes of text the fields with these
/// names hold, as UTF-8; an object counts as it is written. Escaped characters are reckoned, not decoded.
pub fn measure(text: &[u8], fields: Names) -> Result<usize, JsonError> {
    scan::scan(text, Rules { most: 0, heard: fields, ..PROVIDER }).map(|found| found.heard)
}

/// `text` as a JSON string, quotes included.
pub fn string(text: &str) -> String {
    let mut out = BytesMut::with_capacity(text.len() + 2);
    Writer::new(&mut out).string(text);
    String::from_utf8_lossy(&out).into_owned()
}

impl From<JsonError> for Fault {
    fn from(error: JsonError) -> Self {
        Fault::invalid(format!("Invalid JSON payload: {} at byte {}", error.what, error.offset))
    }
}

#[cfg(test)]
mod tests;
