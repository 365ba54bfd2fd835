//! Gemini's token counts, brought to the common convention (wire.md 8.9).

use types::Usage;

use crate::json::Json;
use crate::upstream::count;

/// Reads `usageMetadata`.
pub(super) fn read(meta: Json) -> Usage {
    let number = |name| count(meta.get(name));
    let prompt = number("promptTokenCount");
    let tool_use = number("toolUsePromptTokenCount");
    let answer = number("candidatesTokenCount");
    let thoughts = number("thoughtsTokenCount");
    let total = number("totalTokenCount");
    let input = prompt.map(|prompt| prompt + tool_use.unwrap_or(0));
    // Some models count thoughts as a part of the answer already; the total tells.
    let inclusive = answer.is_some() && total.is_some() && total == input.zip(answer).map(|(i, a)| i + a);
    let output = match (answer, thoughts) {
        (Some(answer), Some(_)) if inclusive => Some(answer),
        // Zeros are left out on the wire: a total that the prompt explains says that nothing was generated.
        (None, None) => (total.is_some() && total == input).then_some(0),
        (answer, thoughts) => Some(answer.unwrap_or(0) + thoughts.unwrap_or(0)),
    };
    Usage {
        input,
        cache_read: number("cachedContentTokenCount"),
        output,
        reasoning: thoughts,
        audio_input: audio(meta.get("promptTokensDetails")),
        audio_output: audio(meta.get("candidatesTokensDetails")),
        ..Usage::default()
    }
}

/// The tier that served the call, in OpenAI's words.
pub(super) fn service_tier(meta: Json) -> Option<String> {
    let tier = meta.get_some("serviceTier")?.as_str()?.to_ascii_lowercase();
    Some(if tier == "standard" { "default".to_owned() } else { tier })
}

/// Tokens of sound among the details per modality.
fn audio(details: Option<Json>) -> Option<u64> {
    let mut sound =
        details?.items().filter(|detail| detail.get("modality").is_some_and(|modality| modality.is("AUDIO")));
    sound.try_fold(0u64, |sum, detail| sum.checked_add(count(detail.get("tokenCount"))?))
}
