//! Cohere's counts: what the model read and wrote (`tokens`), and what is paid for (`billed_units`), which differ by what
//! Cohere itself puts into prompts (wire.md 8.9, 10 trap 35).

use types::Usage;

use crate::json::Json;

/// Reads `usage` of a chat, or `meta` of vectors.
pub(super) fn read(counts: Json) -> Usage {
    let of = |group: &str, name: &str| count(counts.get_some(group)?.get_some(name)?);
    let billed = |name: &str| of("billed_units", name);
    let (input, output) = (of("tokens", "input_tokens"), of("tokens", "output_tokens"));
    Usage {
        input: input.or(billed("input_tokens")),
        billed_input: billed("input_tokens"),
        cache_read: counts.get_some("cached_tokens").and_then(count),
        output: output.or(billed("output_tokens")),
        billed_output: billed("output_tokens"),
        queries: billed("search_units"),
        ..Usage::default()
    }
}

/// A count, which its API declares to be a fraction. Numbers that no model can reach are noise.
fn count(value: Json) -> Option<u64> {
    let number = value.as_f64()?;
    (0.0..(1u64 << 50) as f64).contains(&number).then_some(number as u64)
}
