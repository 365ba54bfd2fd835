//! List prices of a model: what its tokens cost, and how that changes with the service tier and the size of the
//! request. Turning them into the cost of a call is not done here.

/// Prices of one unit in picodollars (1e-12 USD). `None` means unknown, which is never zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// One input token.
    pub input: Option<u64>,
    /// One output token.
    pub output: Option<u64>,
    /// One input token read from the prompt cache.
    pub cache_read: Option<u64>,
    /// One input token written to the prompt cache for the short lifetime.
    pub cache_write: Option<u64>,
    /// One input token written to the prompt cache for the long lifetime.
    pub cache_write_long: Option<u64>,
    /// One output token spent on reasoning, where it differs from other output.
    pub reasoning: Option<u64>,
    /// One input token that is audio.
    pub audio_input: Option<u64>,
    /// One output token that is audio.
    pub audio_output: Option<u64>,
    /// One web search that the provider runs for the model.
    pub web_search: Option<u64>,
}

/// Prices that hold under a condition, instead of those for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// The service tier, in OpenAI's words (`flex`, `priority`); empty for the standard tier.
    pub service: String,
    /// Holds for requests with more input tokens than this, and then for all their tokens.
    pub above_input_tokens: u64,
    /// What differs; `None` leaves a price as it is.
    pub rates: Rates,
}

/// All prices of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceList {
    base: Rates,
    /// By rising size, the standard tier before the others: of those that hold, later ones win.
    variants: Vec<Variant>,
}

impl PriceList {
    /// What holds for everybody, and the exceptions in any order.
    pub fn new(base: Rates, mut variants: Vec<Variant>) -> Self {
        variants.sort_by_key(|variant| (variant.above_input_tokens, !variant.service.is_empty()));
        PriceList { base, variants }
    }

    /// The prices of a call with `input_tokens` (cached ones included) in a service tier (`None`: standard).
    /// A large request in a tier that has no prices for large requests pays those of the standard tier.
    pub fn rates(&self, service: Option<&str>, input_tokens: u64) -> Rates {
        let service = service.unwrap_or("");
        let mut rates = self.base;
        for variant in &self.variants {
            let large_enough = variant.above_input_tokens == 0 || input_tokens > variant.above_input_tokens;
            if large_enough && (variant.service.is_empty() || variant.service == service) {
                rates.replace(&variant.rates);
            }
        }
        rates
    }

    /// Reads the five price columns and the column of rarer prices: `name=price` and `[service][>tokens]=prices`,
    /// separated by spaces. What cannot be read stays unknown.
    pub(super) fn read(columns: &[&str], more: &str) -> Self {
        let mut base = Rates::read(columns.iter().copied());
        let mut variants = Vec::new();
        for (name, prices) in more.split(' ').filter_map(|item| item.split_once('=')) {
            match name {
                "reasoning" => base.reasoning = prices.parse().ok(),
                "audio_input" => base.audio_input = prices.parse().ok(),
                "audio_output" => base.audio_output = prices.parse().ok(),
                "web_search" => base.web_search = prices.parse().ok(),
                condition => variants.push(Variant::read(condition, prices)),
            }
        }
        PriceList::new(base, variants)
    }
}

impl Variant {
    fn read(condition: &str, prices: &str) -> Self {
        let (service, above) = condition.split_once('>').unwrap_or((condition, "0"));
        Variant {
            service: service.to_owned(),
            above_input_tokens: above.parse().unwrap_or(u64::MAX),
            rates: Rates::read(prices.split(',')),
        }
    }
}

impl Rates {
    fn read<'a>(prices: impl Iterator<Item = &'a str>) -> Self {
        let mut prices = prices.map(|price| price.parse().ok());
        let mut next = || prices.next().flatten();
        Rates {
            input: next(),
            output: next(),
            cache_read: next(),
            cache_write: next(),
            cache_write_long: next(),
            reasoning: next(),
            ..Rates::default()
        }
    }

    /// Takes over what `other` knows. A new price of output is one of reasoning too, unless `other` has its own.
    fn replace(&mut self, other: &Rates) {
        if other.output.is_some() {
            self.reasoning = None;
        }
        let pairs = [
            (&mut self.input, other.input),
            (&mut self.output, other.output),
            (&mut self.cache_read, other.cache_read),
            (&mut self.cache_write, other.cache_write),
            (&mut self.cache_write_long, other.cache_write_long),
            (&mut self.reasoning, other.reasoning),
            (&mut self.audio_input, other.audio_input),
            (&mut self.audio_output, other.audio_output),
            (&mut self.web_search, other.web_search),
        ];
        for (mine, theirs) in pairs {
            *mine = theirs.or(*mine);
        }
    }
}

#[cfg(test)]
mod tests;
