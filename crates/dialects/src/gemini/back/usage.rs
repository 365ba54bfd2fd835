//! Gemini's token counts, brought to the common convention (wire.md 8.9).

use types::{Tier, Usage};

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
    let [fresh, cached, written] =
        ["promptTokensDetails", "cacheTokensDetails", "candidatesTokensDetails"].map(|name| meta.get(name));
    // Cached sound and pictures are counted as cached.
    let new = |kind| of_kind(fresh, kind).map(|all| all.saturating_sub(of_kind(cached, kind).unwrap_or(0)));
    Usage {
        input,
        cache_read: number("cachedContentTokenCount"),
        audio_cache_read: of_kind(cached, "AUDIO"),
        audio_input: new("AUDIO"),
        image_input: new("IMAGE"),
        output,
        reasoning: thoughts,
        audio_output: of_kind(written, "AUDIO"),
        image_output: of_kind(written, "IMAGE"),
        tier: tier(meta),
        ..Usage::default()
    }
}

/// The tier that served the call. Google's cloud calls it traffic.
fn tier(meta: Json) -> Option<Tier> {
    let word = meta.get_some("serviceTier").or_else(|| meta.get_some("trafficType"))?.as_str()?;
    Some(match word.to_ascii_lowercase().as_str() {
        "standard" | "on_demand" => Tier::Standard,
        "flex" | "on_demand_flex" => Tier::Flex,
        "priority" | "on_demand_priority" => Tier::Priority,
        "provisioned_throughput" => Tier::Scale,
        "batch" => Tier::Batch,
        _ => return None,
    })
}

/// Tokens of one modality among the details, if it is one of them.
fn of_kind(details: Option<Json>, kind: &str) -> Option<u64> {
    let found = details?.items().filter(|detail| detail.get("modality").is_some_and(|modality| modality.is(kind)));
    found.filter_map(|detail| count(detail.get("tokenCount"))).reduce(u64::saturating_add)
}
