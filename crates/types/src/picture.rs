//! Pictures that are made from a text.

use crate::{Extras, Usage};

/// A request for pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picturing {
    /// The model as the caller named it.
    pub model: String,
    /// What they show.
    pub prompt: String,
    /// The pictures that are to be edited, as media types and base64; none, if they are made from the text alone.
    pub images: Vec<(String, String)>,
    /// Whether a mask says which part of the first one is meant.
    pub has_mask: bool,
    /// How many.
    pub n: Option<u64>,
    /// Width and height, pixels.
    pub size: Option<(u64, u64)>,
    /// How good they are, in OpenAI's words.
    pub quality: Option<String>,
    /// Whether the caller wants addresses rather than the pictures themselves.
    pub wants_urls: bool,
    /// Whether they are to come in events.
    pub stream: bool,
    /// The end user.
    pub user: Option<String>,
    /// Unknown fields.
    pub extras: Extras,
}

/// Pictures that were made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pictures {
    /// Media types and base64.
    pub pictures: Vec<(String, String)>,
    /// What they consumed.
    pub usage: Usage,
}
