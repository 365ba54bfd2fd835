//! A request body that is an object: its bytes together with the places of its fields.

use bytes::{Buf, Bytes};
use types::Fault;

use super::splice::splice;
use super::{Doc, Edit, Json, Kind, Node};

/// A validated object whose top-level fields can be looked up and changed without touching the rest.
#[derive(Clone, Debug)]
pub struct Object {
    bytes: Bytes,
    nodes: Vec<Node>,
}

impl Object {
    /// Validates `bytes`; anything but an object is the caller's mistake.
    pub fn parse(mut bytes: Bytes) -> Result<Self, Fault> {
        // A byte order mark is no part of the text, and providers refuse it.
        if bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.advance(3);
        }
        let doc = Doc::parse_head(&bytes)?;
        if doc.root().kind() != Kind::Object {
            let found = doc.root().kind().describe();
            return Err(Fault::invalid(format!("the request body must be a JSON object, but is {found}")));
        }
        let nodes = doc.nodes.into_owned();
        Ok(Object { bytes, nodes })
    }

    /// The text.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Hands the fields to `look`.
    pub fn with<T>(&self, look: impl FnOnce(Json) -> T) -> T {
        look(Doc { text: &self.bytes, nodes: (&self.nodes).into() }.root())
    }

    /// The text with `edits` applied, in pieces: the untouched parts are slices of the old text.
    pub fn splice(&self, edits: &[Edit]) -> Vec<Bytes> {
        if edits.is_empty() {
            return vec![self.bytes.clone()];
        }
        self.with(|root| splice(&self.bytes, root, edits))
    }
}
