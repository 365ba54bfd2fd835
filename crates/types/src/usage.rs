//! What a call consumed, in one convention for all providers.

/// Token counts of one attempt, and what else its price depends on. `input` and `output` are totals; every other
/// count of tokens is a part of one of them, and the parts of one total do not overlap as far as the provider says
/// which token is which (OpenAI's convention; wire.md 8.9 tells how each provider's numbers are brought to it).
///
/// `None` means that the provider did not say: unknown is never zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All input tokens, cached ones included.
    pub input: Option<u64>,
    /// Part of `input` that was read from the provider's prompt cache.
    pub cache_read: Option<u64>,
    /// Part of `input` that was written to the prompt cache with the short lifetime (5 or 30 minutes).
    pub cache_write: Option<u64>,
    /// Part of `input` that was written to the prompt cache with the long lifetime (1 or 12 hours).
    pub cache_write_long: Option<u64>,
    /// Part of `cache_read` that was audio.
    pub audio_cache_read: Option<u64>,
    /// Part of `input` that was audio, and not read from the cache.
    pub audio_input: Option<u64>,
    /// Part of `input` that was pictures.
    pub image_input: Option<u64>,
    /// All output tokens, reasoning included.
    pub output: Option<u64>,
    /// Part of `output` that was spent on reasoning.
    pub reasoning: Option<u64>,
    /// Part of `output` that was audio.
    pub audio_output: Option<u64>,
    /// Part of `output` that was pictures.
    pub image_output: Option<u64>,
    /// Input tokens that are paid for, where that is another number than `input` (Cohere).
    pub billed_input: Option<u64>,
    /// Output tokens that are paid for, where that is another number than `output`.
    pub billed_output: Option<u64>,
    /// Searches the provider ran for the model, billed per call.
    pub web_searches: Option<u64>,
    /// Pictures in the request, where they are billed by the piece.
    pub images_read: Option<u64>,
    /// Pictures that were made, where they are billed by the piece.
    pub images_made: Option<u64>,
    /// Pixels of the pictures that were made.
    pub pixels: Option<u64>,
    /// Characters that were read aloud.
    pub characters: Option<u64>,
    /// Sound that was read, milliseconds.
    pub audio_ms: Option<u64>,
    /// Queries of a ranking model.
    pub queries: Option<u64>,
    /// The tier that served the call, which may differ from the one that was asked for.
    pub tier: Option<Tier>,
    /// What the provider says that the call cost, picodollars; [`NO_COST`] if what it says cannot be a cost.
    pub stated_picousd: Option<u64>,
}

/// What a provider states that is negative, or more than anybody has.
pub const NO_COST: u64 = u64::MAX;

impl Usage {
    /// Input plus output, if at least one of them is known.
    pub fn total(&self) -> Option<u64> {
        match (self.input, self.output) {
            (None, None) => None,
            (input, output) => Some(input.unwrap_or(0).saturating_add(output.unwrap_or(0))),
        }
    }

    /// Takes over what `later` knows: streams report cumulative numbers, so a later report replaces an
    /// earlier one and is never added to it.
    pub fn update(&mut self, later: &Usage) {
        let pairs = [
            (&mut self.input, later.input),
            (&mut self.cache_read, later.cache_read),
            (&mut self.cache_write, later.cache_write),
            (&mut self.cache_write_long, later.cache_write_long),
            (&mut self.audio_cache_read, later.audio_cache_read),
            (&mut self.audio_input, later.audio_input),
            (&mut self.image_input, later.image_input),
            (&mut self.output, later.output),
            (&mut self.reasoning, later.reasoning),
            (&mut self.audio_output, later.audio_output),
            (&mut self.image_output, later.image_output),
            (&mut self.billed_input, later.billed_input),
            (&mut self.billed_output, later.billed_output),
            (&mut self.web_searches, later.web_searches),
            (&mut self.images_read, later.images_read),
            (&mut self.images_made, later.images_made),
            (&mut self.pixels, later.pixels),
            (&mut self.characters, later.characters),
            (&mut self.audio_ms, later.audio_ms),
            (&mut self.queries, later.queries),
        ];
        for (mine, theirs) in pairs {
            *mine = theirs.or(*mine);
        }
        self.tier = later.tier.or(self.tier);
        self.stated_picousd = later.stated_picousd.or(self.stated_picousd);
    }

    /// Takes in what another part of the same attempt consumed. What one of them does not know is left to the other.
    pub fn add(&mut self, part: &Usage) {
        let counts = |usage: &Usage| {
            [
                usage.input,
                usage.cache_read,
                usage.cache_write,
                usage.cache_write_long,
                usage.audio_cache_read,
                usage.audio_input,
                usage.image_input,
                usage.output,
                usage.reasoning,
                usage.audio_output,
                usage.image_output,
                usage.billed_input,
                usage.billed_output,
                usage.web_searches,
                usage.images_read,
                usage.images_made,
                usage.pixels,
                usage.characters,
                usage.audio_ms,
                usage.queries,
            ]
        };
        let (mine, theirs) = (counts(self), counts(part));
        let mut sums = mine.into_iter().zip(theirs).map(|pair| match pair {
            (Some(mine), Some(theirs)) => Some(mine.saturating_add(theirs)),
            (mine, theirs) => mine.or(theirs),
        });
        let mut next = || sums.next().flatten();
        *self = Usage {
            input: next(),
            cache_read: next(),
            cache_write: next(),
            cache_write_long: next(),
            audio_cache_read: next(),
            audio_input: next(),
            image_input: next(),
            output: next(),
            reasoning: next(),
            audio_output: next(),
            image_output: next(),
            billed_input: next(),
            billed_output: next(),
            web_searches: next(),
            images_read: next(),
            images_made: next(),
            pixels: next(),
            characters: next(),
            audio_ms: next(),
            queries: next(),
            tier: part.tier.or(self.tier),
            stated_picousd: None,
        };
    }

    /// What is known once `later` is known, too.
    pub fn updated(mut self, later: &Usage) -> Usage {
        self.update(later);
        self
    }
}

/// Service tiers: how a provider served a call, and at which prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// What everybody gets who asks for nothing else.
    Standard,
    /// Cheaper, and slower.
    Flex,
    /// Preferred when the provider is busy.
    Priority,
    /// Bought in advance.
    Scale,
    /// Some time within a day.
    Batch,
    /// Generated faster.
    Fast,
}

impl Tier {
    /// All tiers with their OpenAI words.
    pub const ALL: [(Tier, &'static str); 6] = [
        (Tier::Standard, "default"),
        (Tier::Flex, "flex"),
        (Tier::Priority, "priority"),
        (Tier::Scale, "scale"),
        (Tier::Batch, "batch"),
        (Tier::Fast, "fast"),
    ];

    /// The OpenAI word.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The tier with this OpenAI word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, w)| *w == word).map(|(tier, _)| *tier)
    }
}
