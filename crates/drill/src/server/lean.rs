//! The little that is read of a request when requests are not checked: enough to answer, at the speed of
//! skipping over the rest.

use crate::dialect::{Incoming, Work};
use crate::problem::Problem;
use crate::route::Op;
use crate::script::{Ask, Shape};
use serde::Deserialize;

/// The fields read; all others are skipped.
#[derive(Default, Deserialize)]
pub(super) struct Lean {
    #[serde(default)]
    pub(super) model: Option<String>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<Options>,
}

#[derive(Default, Deserialize)]
struct Options {
    #[serde(default)]
    include_usage: bool,
}

impl Lean {
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(body).map_err(|wrong| Problem::refuse(format!("The body is not JSON: {wrong}")))
    }
}

/// What an unchecked request amounts to; `None` for endpoints that need the whole of it.
pub(super) fn work(lean: &Lean, incoming: &Incoming<'_>, streams: bool) -> Option<Work> {
    if !matches!(incoming.op, Op::Chat | Op::ChatStream | Op::Text) {
        return None;
    }
    let array = incoming.op == Op::ChatStream && incoming.head.query("alt") != Some("sse");
    let shape = match incoming.op {
        Op::Text => Shape::Text,
        _ if array => Shape::Array,
        _ => Shape::Chat,
    };
    Some(Work::Talk(Box::new(Ask {
        model: incoming.model.to_owned(),
        stream: lean.stream.unwrap_or(streams) || incoming.op == Op::ChatStream,
        stream_usage: lean.stream_options.as_ref().is_some_and(|options| options.include_usage),
        shape,
        n: 1,
        words: 1,
        ..Ask::default()
    })))
}
