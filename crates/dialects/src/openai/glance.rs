//! A look at chunks that pass through untouched. Most are plain text, so bytes are searched first, and a chunk is
//! parsed only if it seems to hold something: a key inside quoted text looks different, for its quotes are escaped.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use types::{Fault, Operation, Usage};

use super::words::{self, Ending};
use super::{answer, faults, usage};
use crate::json::{Doc, Json, Names};
use crate::{Glance, upstream};

/// What a chunk that matters contains. Searching is prepared once: it costs more than looking at a short chunk.
static USAGE: LazyLock<Finder> = LazyLock::new(|| Finder::new("\"usage\":"));
static FINISH: LazyLock<Finder> = LazyLock::new(|| Finder::new("\"finish_reason\":"));
static ERROR: LazyLock<Finder> = LazyLock::new(|| Finder::new("\"error\""));

/// Fields of a chunk that hold what the model wrote.
const WRITTEN: Names =
    Names::of(&["content", "reasoning_content", "reasoning", "refusal", "name", "arguments", "text"]);

/// Looks at the data of one event.
pub(super) fn glance(data: &[u8], known: &Usage) -> Glance {
    if data.trim_ascii() == b"[DONE]" {
        return Glance { end: true, over: true, ..Glance::default() };
    }
    let is_worth_it = opens(data, &USAGE, b'{') || opens(data, &FINISH, b'"') || ERROR.find(data).is_some();
    let seen = upstream::glance(data, WRITTEN, is_worth_it, |root| chunk(root, known));
    seen.unwrap_or_else(|_| Glance::failed(answer::malformed("is not JSON")))
}

/// Looks at a whole answer: whether it is one, and what it consumed. Its content is only checked to be JSON, unless
/// it speaks of an error anywhere but inside its texts.
pub(super) fn glance_answer(operation: Operation, body: &[u8]) -> Result<Usage, Fault> {
    let doc = Doc::parse_answer_head(body).map_err(|_| answer::malformed("is not JSON"))?;
    let root = doc.root();
    let list = match operation {
        Operation::Embedding => "data",
        Operation::Moderation => "results",
        _ => "choices",
    };
    let holds_something = root.get(list).is_some_and(|list| list.raw().len() > "[]".len());
    let plain = ERROR.find(body).is_none() && root.get_some("x_groq").is_none();
    if !(holds_something && plain) {
        return answer::read(operation, body).map(|answer| answer.usage());
    }
    let counts = root.get_some("usage").and_then(|counts| counts.inside(usage::read));
    Ok(Usage { tier: usage::tier(root), ..counts.unwrap_or_default() })
}

/// Whether the field is there with a value that begins with `first`.
fn opens(data: &[u8], field: &Finder, first: u8) -> bool {
    let mut places = field.find_iter(data);
    places.any(|at| data[at + field.needle().len()..].trim_ascii_start().first() == Some(&first))
}

fn chunk(chunk: Json, known: &Usage) -> Glance {
    let said = usage::read_of(chunk);
    let mut glance = Glance {
        usage: said.map(|said| known.updated(&said)),
        fault: faults::within(chunk).map(Box::new),
        ..Glance::default()
    };
    let mut has_choices = false;
    for choice in chunk.get("choices").into_iter().flat_map(|list| list.items()) {
        has_choices = true;
        let Some(word) = choice.get("finish_reason").and_then(|word| word.as_str()).filter(|word| !word.is_empty())
        else {
            continue;
        };
        match words::ending(&word, false) {
            Ending::Done(_) => glance.end = true,
            Ending::Failed => glance.fault = glance.fault.or_else(|| Some(Box::new(answer::failed(choice, &word)))),
        }
    }
    glance.usage_only = said.is_some_and(|said| said.total().is_some()) && !has_choices;
    glance
}

#[cfg(test)]
mod tests;
