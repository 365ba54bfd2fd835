use super::*;

#[test]
fn providers_words_for_full_windows_and_refused_content_are_known() {
    use FaultKind::{ContentPolicy, ContextWindow};
    for (text, expected) in [
        ("This model's maximum context length is 128000 tokens. However, you requested 130000.", Some(ContextWindow)),
        ("prompt is too long: 214000 tokens > 200000 maximum", Some(ContextWindow)),
        ("input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000", Some(ContextWindow)),
        (
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            Some(ContextWindow),
        ),
        ("the request exceeds the available context size, try increasing it", Some(ContextWindow)),
        ("Maximum input length is 4096 tokens", Some(ContextWindow)),
        ("Invalid 'user': string too long. Expected a string with maximum length 64, context window", None),
        (
            "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
            Some(ContentPolicy),
        ),
        ("Content Exists Risk", Some(ContentPolicy)),
        ("'temperature' must be at most 2", None),
        ("", None),
    ] {
        assert_eq!(kind_of(text), expected, "{text}");
    }
}
