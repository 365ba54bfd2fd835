//! Words that OpenAI and the servers like it use for why an answer ended.

use types::Finish;

/// What a provider's finish word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The answer ended.
    Done(Finish),
    /// The provider gave up.
    Failed,
}

/// OpenAI's words and those that others use in their place (wire.md 2.9, 8.8).
const ENDINGS: [(&str, Ending); 24] = [
    ("stop", Ending::Done(Finish::Stop)),
    ("eos", Ending::Done(Finish::Stop)),
    ("eos_token", Ending::Done(Finish::Stop)),
    ("end_turn", Ending::Done(Finish::Stop)),
    ("stop_sequence", Ending::Done(Finish::Stop)),
    ("length", Ending::Done(Finish::Length)),
    ("max_tokens", Ending::Done(Finish::Length)),
    ("model_length", Ending::Done(Finish::Length)),
    ("repetition_truncation", Ending::Done(Finish::Length)),
    ("tool_calls", Ending::Done(Finish::ToolCalls)),
    ("tool_use", Ending::Done(Finish::ToolCalls)),
    ("function_call", Ending::Done(Finish::ToolCalls)),
    ("content_filter", Ending::Done(Finish::ContentFilter)),
    ("sensitive", Ending::Done(Finish::ContentFilter)),
    ("safety", Ending::Done(Finish::ContentFilter)),
    ("recitation", Ending::Done(Finish::ContentFilter)),
    ("prohibited_content", Ending::Done(Finish::ContentFilter)),
    ("blocklist", Ending::Done(Finish::ContentFilter)),
    ("refusal", Ending::Done(Finish::ContentFilter)),
    ("error", Ending::Failed),
    ("network_error", Ending::Failed),
    ("insufficient_system_resource", Ending::Failed),
    ("failed", Ending::Failed),
    ("timeout", Ending::Failed),
];

/// What a finish word says. Unknown words mean that the model was done. An answer that calls tools ended for
/// that reason, even where the provider says "stop" (wire.md 10, trap 26).
pub(super) fn ending(word: &str, has_calls: bool) -> Ending {
    let known = ENDINGS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
    match known.map_or(Ending::Done(Finish::Stop), |(_, ending)| *ending) {
        Ending::Done(finish) => Ending::Done(with_calls(finish, has_calls)),
        Ending::Failed => Ending::Failed,
    }
}

/// Why an answer ended, given whether it calls tools.
pub(super) fn with_calls(finish: Finish, has_calls: bool) -> Finish {
    match finish {
        Finish::Stop if has_calls => Finish::ToolCalls,
        other => other,
    }
}

/// OpenAI's word.
pub(super) fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::ContentFilter => "content_filter",
    }
}
