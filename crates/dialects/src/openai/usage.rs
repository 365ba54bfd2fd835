//! Token counts in OpenAI's form and in what servers like it make of it.

use types::{Decimal, NO_COST, Tier, Usage};

use crate::json::{Json, Kind, Writer};
use crate::upstream::count;

/// Decimal places of a picodollar.
const PICO: u16 = 12;

/// What an answer or a chunk says about its price: `usage`, or Groq's `x_groq.usage`, and `service_tier`. `None` if it
/// says nothing.
pub(crate) fn read_of(root: Json) -> Option<Usage> {
    let counts = root.get_some("usage").or_else(|| root.get_some("x_groq")?.get_some("usage"));
    let usage = Usage { tier: tier(root), ..counts.map(read).unwrap_or_default() };
    (usage != Usage::default()).then_some(usage)
}

/// The tier that served the call.
pub(super) fn tier(root: Json) -> Option<Tier> {
    match &*root.get("service_tier")?.as_str()? {
        // Groq's word.
        "on_demand" | "standard" => Some(Tier::Standard),
        word => Tier::parse(word),
    }
}

/// Reads a `usage` object; counts that it does not state stay unknown.
pub(super) fn read(usage: Json) -> Usage {
    let number = |name: &str| count(usage.get(name));
    let part = |group: &str, name: &str| count(usage.get(group)?.get(name));
    let of_input = |name: &str| part("prompt_tokens_details", name).or_else(|| part("input_tokens_details", name));
    let of_output =
        |name: &str| part("completion_tokens_details", name).or_else(|| part("output_tokens_details", name));
    let input = number("prompt_tokens").or_else(|| number("input_tokens"));
    let output = number("completion_tokens").or_else(|| number("output_tokens"));
    let reasoning = of_output("reasoning_tokens").or_else(|| number("reasoning_tokens"));
    // Beside OpenAI's own words, those of gateways in front of Claude.
    let written = of_input("cache_write_tokens").or_else(|| number("cache_creation_input_tokens"));
    let written_long = long_write(usage);
    Usage {
        input,
        cache_read: of_input("cached_tokens")
            // DeepSeek's and Moonshot's names for the same number.
            .or_else(|| number("prompt_cache_hit_tokens"))
            .or_else(|| number("cached_tokens"))
            .or_else(|| number("cache_read_input_tokens")),
        cache_write: written.map(|all| all.saturating_sub(written_long.unwrap_or(0))),
        cache_write_long: written_long,
        audio_input: of_input("audio_tokens"),
        image_input: of_input("image_tokens"),
        output: whole_output(input, output, reasoning, number("total_tokens")),
        reasoning,
        audio_output: of_output("audio_tokens"),
        image_output: of_output("image_tokens"),
        // Perplexity's name, and that of gateways.
        web_searches: number("num_search_queries").or_else(|| part("server_tool_use", "web_search_requests")),
        stated_picousd: stated(usage),
        ..Usage::default()
    }
}

/// What the call cost, as some providers say: xAI in ticks of a hundred picodollars, Perplexity as the total of a list,
/// OpenRouter as what it charges itself; with a key of the caller's own at the vendor, that is not yet what the vendor
/// charges.
fn stated(usage: Json) -> Option<u64> {
    let number = |value: Json, power: u16| {
        let number = (value.kind() == Kind::Number).then(|| Decimal::parse(value.raw()))?;
        Some(number.and_then(|number| number.scaled(power)).unwrap_or(NO_COST))
    };
    if let Some(ticks) = usage.get_some("cost_in_usd_ticks") {
        return number(ticks, 2);
    }
    let cost = usage.get_some("cost")?;
    let charged = number(cost.get_some("total_cost").unwrap_or(cost), PICO)?;
    if usage.get("is_byok").and_then(|own| own.as_bool()) != Some(true) {
        return Some(charged);
    }
    let vendor = usage.get("cost_details")?.get_some("upstream_inference_cost")?;
    Some(charged.saturating_add(number(vendor, PICO)?))
}

/// Part of the tokens written to the cache that stays there long, in the words of OpenAI's newer API and of gateways.
fn long_write(usage: Json) -> Option<u64> {
    let details = usage.get_some("prompt_tokens_details").or_else(|| usage.get_some("input_tokens_details"))?;
    let of = |group: &str, name: &str| count(details.get(group)?.get(name));
    of("cache_write_tokens_details", "ttl_12h_tokens")
        .or_else(|| of("cache_creation_token_details", "ephemeral_1h_input_tokens"))
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
        let input = [
            ("cached_tokens", usage.cache_read),
            ("cache_write_tokens", written),
            ("audio_tokens", usage.audio_input),
            ("image_tokens", usage.image_input),
        ];
        details(w, "prompt_tokens_details", &input);
        let output = [
            ("reasoning_tokens", usage.reasoning),
            ("audio_tokens", usage.audio_output),
            ("image_tokens", usage.image_output),
        ];
        details(w, "completion_tokens_details", &output);
    });
}

/// Writes the `service_tier` field, if the tier is known.
pub(super) fn write_tier(w: &mut Writer, usage: &Usage) {
    w.opt_str("service_tier", usage.tier.map(Tier::as_str));
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
