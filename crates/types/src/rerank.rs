//! Documents brought into the order in which they answer a query.

use crate::{Extras, Raw, Usage};

/// A request to rank documents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rerank {
    /// The model as the caller named it.
    pub model: String,
    /// What the documents are ranked by.
    pub query: String,
    /// The documents.
    pub documents: Vec<Document>,
    /// How many of the best are wanted.
    pub top_n: Option<u64>,
    /// Tokens of a document that are looked at.
    pub max_tokens_per_doc: Option<u64>,
    /// Unknown fields.
    pub extras: Extras,
}

/// A document.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// A text.
    Text(String),
    /// An object without a text of its own (a picture, say), unread.
    Other(Raw),
}

/// Documents in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranking {
    /// The provider's id; empty if it gave none.
    pub id: String,
    /// The upstream model; empty if the provider did not say.
    pub model: String,
    /// The best ones first.
    pub ranks: Vec<Rank>,
    /// What it consumed.
    pub usage: Usage,
}

/// The place of a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rank {
    /// Which document of the request.
    pub index: u64,
    /// How well it answers the query.
    pub score: f64,
}
