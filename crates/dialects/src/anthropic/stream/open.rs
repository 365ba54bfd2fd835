//! A provider's content block between its start and its stop, as far as something is left to say at its end.

use bytes::Bytes;
use types::{Block, Delta, Raw};

use crate::anthropic::{citations, words};
use crate::json::{Doc, Edit, Object};
use crate::turns::object_text;

/// An open block.
pub(super) enum Open {
    /// Text that began behind `start` characters of the answer, with its sources so far.
    Text { start: usize, citations: Vec<Raw> },
    /// A call of a caller's tool. `input` is what the start already said, for the case that nothing follows.
    Tool { index: u32, input: Raw, silent: bool },
    /// The tool that stands in for a schema: its input is the text of the answer.
    Json { silent: bool },
    /// A block of Anthropic's own tools, with the fragments of its input.
    Opaque { start: Raw, input: String },
    /// A block of which nothing is left to say.
    Said,
}

impl Open {
    /// What is due at the end of the block, behind `written` characters of text.
    pub(super) fn close(self, written: usize) -> Option<Delta> {
        match self {
            Open::Text { start, citations } => annotations(&citations, start, written).map(Delta::Citations),
            Open::Tool { index, input, silent: true } => {
                Some(Delta::ToolArguments { index, fragment: input.get().to_owned() })
            }
            Open::Json { silent: true } => Some(Delta::Text("{}".to_owned())),
            Open::Opaque { start, input } => {
                Some(Delta::Block(Block::Opaque { dialect: words::DIALECT, raw: with_input(start, &input) }))
            }
            Open::Tool { .. } | Open::Json { .. } | Open::Said => None,
        }
    }
}

fn annotations(citations: &[Raw], start: usize, end: usize) -> Option<Raw> {
    let docs: Vec<Doc> = citations.iter().filter_map(|raw| Doc::parse(raw.get().as_bytes()).ok()).collect();
    citations::to_annotations(docs.iter().map(Doc::root), start..end)
}

/// The block with the input that came in fragments; as it began if they make no object.
fn with_input(start: Raw, fragments: &str) -> Raw {
    let Some(input) = object_text(fragments).filter(|_| !fragments.is_empty()) else {
        return start;
    };
    let Ok(object) = Object::parse(Bytes::copy_from_slice(start.get().as_bytes())) else { return start };
    let pieces = object.splice(&[Edit::Set("input".to_owned(), input.into_owned())]);
    Raw::new(String::from_utf8_lossy(&pieces.concat()).into_owned())
}
