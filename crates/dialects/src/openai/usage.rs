//! Token counts in OpenAI's form and in what servers like it make of it.

use types::Usage;

use crate::json::{Json, Writer};

/// Token counts of an answer or a chunk: its `usage`, or Groq's `x_groq.usage`. `None` if it has none.
pub(super) fn read_of(root: Json) -> Option<Usage> {
    let usage = root.get_some("usage").or_else(|| root.get_some("x_groq")?.get_some("usage")).map(read)?;
    (usage != Usage::default()).then_some(usage)
}

/// Reads a `usage` object; counts that it does not state stay unknown.
pub(super) fn read(usage: Json) -> Usage {
    let count = |name: &str| usage.get(name)?.as_u64();
    let part = |group: &str, name: &str| usage.get(group)?.get(name)?.as_u64();
    let input = count("prompt_tokens").or_else(|| count("input_tokens"));
    let output = count("completion_tokens").or_else(|| count("output_tokens"));
    let reasoning = part("completion_tokens_details", "reasoning_tokens").or_else(|| count("reasoning_tokens"));
    Usage {
        input,
        cache_read: part("prompt_tokens_details", "cached_tokens")
            // DeepSeek's and Moonshot's names for the same number.
            .or_else(|| count("prompt_cache_hit_tokens"))
            .or_else(|| count("cached_tokens")),
        cache_write: part("prompt_tokens_details", "cache_write_tokens"),
        cache_write_long: None,
        output: whole_output(input, output, reasoning, count("total_tokens")),
        reasoning,
        audio_input: part("prompt_tokens_details", "audio_tokens"),
        audio_output: part("completion_tokens_details", "audio_tokens"),
        web_searches: count("num_search_queries"),
        ..Usage::default()
    }
}

/// Some servers (xAI) state the answer and its reasoning side by side instead of one within the other. Their
/// total gives them away: it is the sum of all three numbers.
fn whole_output(input: Option<u64>, output: Option<u64>, reasoning: Option<u64>, total: Option<u64>) -> Option<u64> {
    let apart = output?.checked_add(reasoning.unwrap_or(0))?;
    let sum = input.unwrap_or(0).checked_add(apart)?;
    if total == Some(sum) { Some(apart) } else { output }
}

/// Writes the `usage` field, if input or output are known. Official clients demand all three totals, so the one
/// that nobody stated becomes 0; parts that nobody stated are left out.
pub(super) fn write(w: &mut Writer, usage: &Usage) {
    let Some(total) = usage.total() else { return };
    w.key("usage").object(|w| {
        w.num_field("prompt_tokens", usage.input.unwrap_or(0));
        w.num_field("completion_tokens", usage.output.unwrap_or(0));
        w.num_field("total_tokens", total);
        let written = [usage.cache_write, usage.cache_write_long].into_iter().flatten().reduce(u64::saturating_add);
        let input =
            [("cached_tokens", usage.cache_read), ("cache_write_tokens", written), ("audio_tokens", usage.audio_input)];
        details(w, "prompt_tokens_details", &input);
        let output = [("reasoning_tokens", usage.reasoning), ("audio_tokens", usage.audio_output)];
        details(w, "completion_tokens_details", &output);
    });
}

/// Writes the known counts of a group, or nothing.
fn details(w: &mut Writer, name: &str, counts: &[(&str, Option<u64>)]) {
    if counts.iter().any(|(_, count)| count.is_some()) {
        w.key(name).object(|w| {
            for (name, count) in counts {
                w.opt_num(name, *count);
            }
        });
    }
}
