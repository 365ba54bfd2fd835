//! Which fields without a word of ours a target gets. Where caller and target both speak OpenAI's dialect: all
//! of them, known or not, as if the bytes had been passed on. Otherwise the tables below decide.

use types::{Extras, Fault, Raw};

use super::NAME;
use crate::Fit;

/// OpenAI's own fields, which other dialects' fronts use as the common word for the same thing.
const OURS: [&str; 13] = [
    "audio",
    "best_of",
    "metadata",
    "modalities",
    "moderation",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "store",
    "verbosity",
    "web_search_options",
];

/// Fields of other dialects that do not change what is asked: where and how it is computed, how it is filed,
/// which parts are cached or filtered.
const HINTS: [&str; 24] = [
    "cache_control",
    "client_metadata",
    "diagnostics",
    "include",
    "keep_alive",
    "labels",
    "low_vram",
    "main_gpu",
    "mediaResolution",
    "num_batch",
    "num_ctx",
    "num_gpu",
    "num_keep",
    "num_thread",
    "numa",
    "safetySettings",
    "shift",
    "speed",
    "title",
    "truncate",
    "truncation",
    "use_mlock",
    "use_mmap",
    "user_profile_id",
];

/// Fields of other dialects without which a different question would be answered: part of the input, of the
/// tools, or of where the data may go.
const MEANING: [&str; 16] = [
    "background",
    "cachedContent",
    "container",
    "context",
    "context_management",
    "conversation",
    "fallbacks",
    "images",
    "inference_geo",
    "max_tool_calls",
    "mcp_servers",
    "previous_response_id",
    "prompt",
    "raw",
    "template",
    "thread",
];

/// The extras of a request in dialect `dialect` that go to the target; the others are dropped or refused.
pub(super) fn passing<'a>(extras: &'a Extras, dialect: &str, fit: &mut Fit) -> Result<Vec<(&'a str, &'a Raw)>, Fault> {
    let mut passing = Vec::with_capacity(extras.len());
    for (name, value) in extras {
        if dialect == NAME || OURS.contains(&name.as_str()) {
            passing.push((name.as_str(), value));
        } else if HINTS.contains(&name.as_str()) {
            fit.dropped.push(name.clone());
        } else if MEANING.contains(&name.as_str()) {
            return fit.refuse(name, "this field");
        } else {
            fit.worse_without(name)?;
        }
    }
    Ok(passing)
}
