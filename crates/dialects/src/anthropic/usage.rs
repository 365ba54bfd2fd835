//! Token counts: Anthropic counts fresh, cached and newly cached input apart, the vocabulary counts them
//! together and names the parts.

use types::{Tier, Usage};

use super::words;
use crate::json::{Json, Writer};
use crate::upstream::count;

/// Anthropic's counters as far as they were said: a [`Usage`] whose `input` is the fresh part alone and whose
/// `cache_write` is all that was written. Streams repeat and correct them one by one, so totals can only be built from
/// what was collected.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts(Usage);

impl Counts {
    /// Reads a `usage` object; anything else says nothing.
    pub(super) fn read(usage: Json) -> Self {
        let mut counts = Usage {
            reasoning: inner(usage, "output_tokens_details", "thinking_tokens"),
            web_searches: inner(usage, "server_tool_use", "web_search_requests"),
            tier: tier(usage),
            ..tokens(usage)
        };
        // What was spent on shortening the conversation is billed, but no part of the totals.
        let iterations = usage.get("iterations").into_iter().flat_map(|list| list.items());
        for spent in iterations.filter(|one| one.get("type").is_some_and(|kind| kind.is("compaction"))) {
            add(&mut counts, tokens(spent));
        }
        Counts(counts)
    }

    /// Reads the `usage` of a `message_delta`. Servers that only know the output there write zeros for the
    /// input: they are no correction of what `message_start` said.
    pub(super) fn read_late(usage: Json) -> Self {
        let Counts(counts) = Counts::read(usage);
        match sum([counts.input, counts.cache_read, counts.cache_write]) {
            Some(0) => {
                Counts(Usage { input: None, cache_read: None, cache_write: None, cache_write_long: None, ..counts })
            }
            _ => Counts(counts),
        }
    }

    /// The counters behind what the vocabulary knows: the inverse of [`Counts::usage`].
    pub(super) fn of(usage: &Usage) -> Self {
        let cache_write = sum([usage.cache_write, usage.cache_write_long]);
        let cached = sum([usage.cache_read, cache_write]).unwrap_or(0);
        Counts(Usage { input: usage.input.map(|input| input.saturating_sub(cached)), cache_write, ..*usage })
    }

    /// Takes over what a later report says: reports are cumulative, never added.
    pub(super) fn update(&mut self, later: Counts) {
        self.0.update(&later.0);
    }

    /// The counts in the convention of the vocabulary.
    pub(super) fn usage(&self) -> Usage {
        let Counts(counts) = self;
        let long = counts.cache_write_long.unwrap_or(0);
        Usage {
            input: sum([counts.input, counts.cache_read, counts.cache_write]),
            cache_write: counts.cache_write.map(|all| all.saturating_sub(long)),
            ..*counts
        }
    }
}

/// The counters that every object with counts has.
fn tokens(usage: Json) -> Usage {
    let number = |name: &str| count(usage.get(name));
    let long = inner(usage, "cache_creation", "ephemeral_1h_input_tokens");
    let short = inner(usage, "cache_creation", "ephemeral_5m_input_tokens");
    Usage {
        input: number("input_tokens"),
        cache_read: number("cache_read_input_tokens"),
        cache_write: number("cache_creation_input_tokens").or_else(|| sum([short, long])),
        cache_write_long: long,
        output: number("output_tokens"),
        ..Usage::default()
    }
}

/// Adds tokens to totals that are known; a total that was not said is no smaller for it.
fn add(counts: &mut Usage, more: Usage) {
    let pairs = [
        (&mut counts.input, more.input),
        (&mut counts.cache_read, more.cache_read),
        (&mut counts.cache_write, more.cache_write),
        (&mut counts.cache_write_long, more.cache_write_long),
        (&mut counts.output, more.output),
    ];
    for (mine, more) in pairs {
        *mine = mine.map(|known| known.saturating_add(more.unwrap_or(0)));
    }
}

fn inner(object: Json, group: &str, name: &str) -> Option<u64> {
    count(object.get(group)?.get(name))
}

/// The tier that served a call: speed is one of its own in the words of others.
fn tier(usage: Json) -> Option<Tier> {
    if usage.get("speed").is_some_and(|speed| speed.is("fast")) {
        return Some(Tier::Fast);
    }
    let word = usage.get("service_tier")?.as_str()?;
    words::SERVED_TIERS.iter().find(|(theirs, _)| *theirs == word).map(|(_, tier)| *tier)
}

/// The sum of what is known; numbers come from outside, so it saturates.
fn sum<const N: usize>(parts: [Option<u64>; N]) -> Option<u64> {
    parts.into_iter().flatten().reduce(u64::saturating_add)
}

/// Writes the fields of a `usage` object. Callers rely on both totals being numbers: `unknown_input` stands in
/// for an input that the provider has not told (yet).
pub(super) fn write(w: &mut Writer, usage: &Usage, unknown_input: u64) {
    let creation = sum([usage.cache_write, usage.cache_write_long]);
    let cached = sum([creation, usage.cache_read]).unwrap_or(0);
    w.num_field("input_tokens", usage.input.map_or(unknown_input, |input| input.saturating_sub(cached)));
    w.opt_num("cache_creation_input_tokens", creation);
    w.opt_num("cache_read_input_tokens", usage.cache_read);
    if let Some(long) = usage.cache_write_long {
        w.key("cache_creation").object(|w| {
            w.num_field("ephemeral_5m_input_tokens", usage.cache_write.unwrap_or(0));
            w.num_field("ephemeral_1h_input_tokens", long);
        });
    }
    w.num_field("output_tokens", usage.output.unwrap_or(0));
    if let Some(thinking) = usage.reasoning {
        w.key("output_tokens_details").object(|w| w.num_field("thinking_tokens", thinking));
    }
    if let Some(searches) = usage.web_searches {
        w.key("server_tool_use").object(|w| w.num_field("web_search_requests", searches));
    }
    let tier = words::SERVED_TIERS.iter().find(|(_, tier)| Some(*tier) == usage.tier);
    w.opt_str("service_tier", tier.map(|(word, _)| *word));
    w.opt_str("speed", (usage.tier == Some(Tier::Fast)).then_some("fast"));
}
