//! Token counts: Anthropic counts fresh, cached and newly cached input apart, the vocabulary counts them
//! together and names the parts.

use types::Usage;

use crate::json::{Json, Writer};

/// Anthropic's counters as far as they were said. Streams repeat and correct them field by field, so totals
/// can only be built from what was collected.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    input: Option<u64>,
    cache_read: Option<u64>,
    cache_creation: Option<u64>,
    cache_creation_long: Option<u64>,
    output: Option<u64>,
    thinking: Option<u64>,
    web_searches: Option<u64>,
}

impl Counts {
    /// Reads a `usage` object; anything else says nothing.
    pub(super) fn read(usage: Json) -> Self {
        let number = |object: Json, name: &str| object.get(name).and_then(|value| value.as_u64());
        let inner = |object: &str, name: &str| number(usage.get(object)?, name);
        let (short, long) = (
            inner("cache_creation", "ephemeral_5m_input_tokens"),
            inner("cache_creation", "ephemeral_1h_input_tokens"),
        );
        Counts {
            input: number(usage, "input_tokens"),
            cache_read: number(usage, "cache_read_input_tokens"),
            cache_creation: number(usage, "cache_creation_input_tokens").or_else(|| sum([short, long])),
            cache_creation_long: long,
            output: number(usage, "output_tokens"),
            thinking: inner("output_tokens_details", "thinking_tokens"),
            web_searches: inner("server_tool_use", "web_search_requests"),
        }
    }

    /// Reads the `usage` of a `message_delta`. Servers that only know the output there write zeros for the
    /// input: they are no correction of what `message_start` said.
    pub(super) fn read_late(usage: Json) -> Self {
        let counts = Counts::read(usage);
        match sum([counts.input, counts.cache_read, counts.cache_creation]) {
            Some(0) => {
                Counts { input: None, cache_read: None, cache_creation: None, cache_creation_long: None, ..counts }
            }
            _ => counts,
        }
    }

    /// Takes over what a later report says: reports are cumulative, never added.
    pub(super) fn update(&mut self, later: Counts) {
        self.input = later.input.or(self.input);
        self.cache_read = later.cache_read.or(self.cache_read);
        self.cache_creation = later.cache_creation.or(self.cache_creation);
        self.cache_creation_long = later.cache_creation_long.or(self.cache_creation_long);
        self.output = later.output.or(self.output);
        self.thinking = later.thinking.or(self.thinking);
        self.web_searches = later.web_searches.or(self.web_searches);
    }

    /// The counts in the convention of the vocabulary.
    pub(super) fn usage(&self) -> Usage {
        Usage {
            input: sum([self.input, self.cache_read, self.cache_creation]),
            cache_read: self.cache_read,
            cache_write: self.cache_creation.map(|all| all.saturating_sub(self.cache_creation_long.unwrap_or(0))),
            cache_write_long: self.cache_creation_long,
            output: self.output,
            reasoning: self.thinking,
            web_searches: self.web_searches,
            ..Usage::default()
        }
    }
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
}
