//! Anthropic's words for things the vocabulary has a word for, as tables.

use types::{CacheMark, Finish, Tier};

use crate::json::{Json, Writer};

/// Name of the dialect; also marks blocks and tools that only this dialect understands.
pub(super) const DIALECT: &str = "anthropic";

/// The version that every model takes, for callers who name none.
pub(super) const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

/// The version that has no sampling parameters, whatever the model.
pub(super) const UNSAMPLED_VERSION: &str = "2026-10-21";

/// The tool that stands in for a JSON schema on models without structured output: the model is made to call
/// it, and the readers turn its input into the text of the answer.
pub(crate) const JSON_TOOL: &str = "json_tool_call";

/// Why an answer ended. `None` for a word we do not know or that is missing.
pub(super) fn finish(stop_reason: &str) -> Option<Finish> {
    Some(match stop_reason {
        "end_turn" | "stop_sequence" => Finish::Stop,
        "max_tokens" | "model_context_window_exceeded" | "pause_turn" | "compaction" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "refusal" => Finish::ContentFilter,
        _ => return None,
    })
}

/// What the provider's `stop_reason` means for an answer with or without calls of the caller's tools. Some
/// servers say that the turn ended although there are calls; and a lone [`JSON_TOOL`] is no call at all.
pub(crate) fn finish_of(stop_reason: Option<&str>, has_calls: bool) -> Finish {
    match stop_reason.and_then(finish) {
        None | Some(Finish::Stop | Finish::ToolCalls) if has_calls => Finish::ToolCalls,
        None | Some(Finish::ToolCalls) => Finish::Stop,
        Some(finish) => finish,
    }
}

/// The `stop_reason` of an answer.
pub(super) fn stop_reason(finish: Finish, stop_sequence: Option<&str>, has_calls: bool) -> &'static str {
    match finish {
        Finish::Stop if stop_sequence.is_some() => "stop_sequence",
        Finish::Stop if has_calls => "tool_use",
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
        Finish::ContentFilter => "refusal",
    }
}

/// Requested tiers: Anthropic's word and OpenAI's.
const REQUEST_TIERS: [(&str, &str); 2] = [("auto", "auto"), ("standard_only", "default")];

/// Anthropic's words for the tiers that it serves.
pub(super) const SERVED_TIERS: [(&str, Tier); 3] =
    [("standard", Tier::Standard), ("priority", Tier::Priority), ("batch", Tier::Batch)];

/// OpenAI's word for the tier that Anthropic's callers ask for.
pub(super) fn tier_to_openai(word: &str) -> Option<&'static str> {
    REQUEST_TIERS.iter().find(|(ours, _)| *ours == word).map(|(_, theirs)| *theirs)
}

/// Anthropic's word for the tier that is asked for in OpenAI's.
pub(super) fn tier_from_openai(word: &str) -> Option<&'static str> {
    REQUEST_TIERS.iter().find(|(_, theirs)| *theirs == word).map(|(ours, _)| *ours)
}

/// The mark in a `cache_control` value.
pub(super) fn cache_mark(control: Json) -> CacheMark {
    match control.get("ttl").is_some_and(|ttl| ttl.is("1h")) {
        true => CacheMark::Long,
        false => CacheMark::Short,
    }
}

/// Writes a `cache_control` field, if there is a mark.
pub(super) fn write_cache(w: &mut Writer, mark: Option<CacheMark>) {
    if let Some(mark) = mark {
        w.key("cache_control").object(|w| {
            w.str_field("type", "ephemeral");
            if mark == CacheMark::Long {
                w.str_field("ttl", "1h");
            }
        });
    }
}
