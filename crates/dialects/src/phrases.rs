//! Phrases by which providers say in prose what their status and code do not: that the input is too long for the
//! model, or that its content is refused. All dialects share them: behind one dialect stand many servers.

use types::FaultKind;

/// The input does not fit the model's context window.
const CONTEXT_WINDOW: [&str; 22] = [
    "context_length_exceeded",
    "context window",
    "exceed context limit",
    "exceed_context_size",
    "exceeded max context length",
    "exceeds maximum allowed token",
    "exceeds the available context size",
    "exceeds the context length",
    "exceeds the maximum context",
    "exceeds the maximum allowed input length",
    "exceeds the maximum number of tokens",
    "input is too long",
    "input length exceeds",
    "longer than the model's context",
    "max_new_tokens` must be <=",
    "maximum context length",
    "maximum prompt length",
    "model_max_length",
    "prompt is too long",
    "reduce the length of the messages",
    "too many input tokens",
    "total number of tokens exceeds",
];

/// Length complaints about a single field: those are mistakes, not full windows.
const NOT_CONTEXT_WINDOW: [&str; 2] = ["string_above_max_length", "string too long"];

/// The content is refused.
const CONTENT_POLICY: [&str; 13] = [
    "content exists risk",
    "content filtering policy",
    "content management policy",
    "content_filter_policy",
    "content_policy_violation",
    "data_inspection_failed",
    "flagged as potentially violating",
    "inappropriate content",
    "our safety system",
    "produced invalid content",
    "responsibleaipolicyviolation",
    "violates our usage polic",
    "violation of provider's terms",
];

/// The finer kind of a refused request (400, 413, 422), as far as its text tells.
pub(crate) fn kind_of(text: &str) -> Option<FaultKind> {
    let text = text.to_ascii_lowercase();
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    let is_long_input = text.contains("maximum input length is") && text.contains("tokens");
    if (has(&CONTEXT_WINDOW) || is_long_input) && !has(&NOT_CONTEXT_WINDOW) {
        Some(FaultKind::ContextWindow)
    } else if has(&CONTENT_POLICY) {
        Some(FaultKind::ContentPolicy)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
