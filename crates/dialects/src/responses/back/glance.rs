//! A look at what passes untouched. The last event of a stream holds the whole answer and what it consumed.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use types::{Fault, Usage};

use super::answer;
use crate::Glance;
use crate::json::{Doc, Json, Names};
use crate::openai::{fault_said, usage_of};
use crate::upstream::{self, broken};

/// What an event that matters begins with, however it is spaced.
static OVER: LazyLock<[Finder; 5]> = LazyLock::new(|| {
    ["response.completed", "response.incomplete", "response.failed", "\"error\"", "response.cancelled"].map(Finder::new)
});

/// Within how many bytes its kind is told.
const NEAR: usize = 256;

/// The field of an event that holds what the model wrote.
const WRITTEN: Names = Names::of(&["delta"]);

/// Looks at a whole answer.
pub(super) fn whole(body: &[u8]) -> Result<Usage, Fault> {
    let doc = Doc::parse_answer(body).map_err(|error| broken(&error))?;
    answer::check(doc.root())?;
    Ok(usage_of(doc.root()).unwrap_or_default())
}

/// Looks at the data of one event.
pub(super) fn event(data: &[u8], known: &Usage) -> Glance {
    // A server that imitates the API may end its streams as chats end.
    if data.trim_ascii() == b"[DONE]" {
        return Glance { over: true, ..Glance::default() };
    }
    let near = &data[..data.len().min(NEAR)];
    let is_last = OVER.iter().any(|word| word.find(near).is_some());
    let seen = upstream::glance(data, WRITTEN, is_last, |root| last(root, known));
    seen.unwrap_or_else(|error| Glance::failed(broken(&error)))
}

/// An event that ends a stream, if it is one.
fn last(root: Json, known: &Usage) -> Glance {
    let kind = root.get("type").and_then(|kind| kind.as_string()).unwrap_or_default();
    let Some(response) = root.get_some("response") else {
        let fault = (kind == "error").then(|| fault_said(root));
        return Glance { fault: fault.map(Box::new), ..Glance::default() };
    };
    let usage = usage_of(response).map(|said| known.updated(&said));
    let is_end = ["response.completed", "response.incomplete"].contains(&kind.as_str());
    let fault = match is_end {
        true => None,
        false => answer::check(response).err(),
    };
    Glance { usage, end: is_end, over: is_end, fault: fault.map(Box::new), ..Glance::default() }
}
