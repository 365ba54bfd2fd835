//! What goes back to the caller.

use bytes::Bytes;
use http::HeaderMap;

use crate::deliver::Delivery;

/// The answer to a call.
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers, content type included.
    pub headers: HeaderMap,
    /// The body.
    pub content: Content,
}

/// The body of an answer.
pub enum Content {
    /// All of it.
    Whole(Bytes),
    /// As it comes. Dropping it gives the call up.
    Stream(Box<Delivery>),
}
