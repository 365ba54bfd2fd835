//! List prices of a model: what its tokens cost by kind, how that changes with service tier, size, hour and region,
//! and what else is charged for. Turning them into the cost of a call is the business of `price`.

mod hours;
mod text;

pub use hours::{Hours, Rule};

/// One, in the unit of factors and fractions: parts per million.
pub const ONE: u32 = 1_000_000;

/// The service tier that everybody gets, and the one of batches.
const STANDARD: &str = "";
const BATCH: &str = "batch";
/// A speed of its own at one vendor, the same as `priority` at others.
const FAST: &str = "fast";

/// Kinds of tokens that may have prices of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Input.
    Input,
    /// Output.
    Output,
    /// Input read from the provider's prompt cache.
    CacheRead,
    /// Input written to the prompt cache for the short lifetime.
    CacheWrite,
    /// Input written to the prompt cache for the long lifetime.
    CacheWriteLong,
    /// Output spent on reasoning.
    Reasoning,
    /// Input that is sound.
    AudioInput,
    /// Output that is sound.
    AudioOutput,
    /// Input that is pictures.
    ImageInput,
    /// Output that is pictures.
    ImageOutput,
    /// Input that is sound, read from the provider's prompt cache.
    AudioCacheRead,
}

impl Kind {
    /// All kinds, in the order of the catalogue's text.
    pub const ALL: [Kind; 11] = [
        Kind::Input,
        Kind::Output,
        Kind::CacheRead,
        Kind::CacheWrite,
        Kind::CacheWriteLong,
        Kind::Reasoning,
        Kind::AudioInput,
        Kind::AudioOutput,
        Kind::ImageInput,
        Kind::ImageOutput,
        Kind::AudioCacheRead,
    ];

    /// The kind whose price holds where this one has none (as at the incumbent).
    pub fn instead(self) -> Option<Kind> {
        match self {
            Kind::Input | Kind::Output => None,
            Kind::CacheWriteLong => Some(Kind::CacheWrite),
            Kind::AudioCacheRead => Some(Kind::CacheRead),
            Kind::CacheRead | Kind::CacheWrite | Kind::AudioInput | Kind::ImageInput => Some(Kind::Input),
            Kind::Reasoning | Kind::AudioOutput | Kind::ImageOutput => Some(Kind::Output),
        }
    }

    /// Whether it is a part of the input.
    pub fn is_input(self) -> bool {
        match self.instead() {
            Some(other) => other.is_input(),
            None => self == Kind::Input,
        }
    }
}

/// Prices of one token of each kind in picodollars (1e-12 USD). `None` means unknown, which is never zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates([Option<u64>; Kind::ALL.len()]);

impl Rates {
    /// Prices of some kinds.
    pub fn of(prices: impl IntoIterator<Item = (Kind, u64)>) -> Self {
        let mut rates = Rates::default();
        prices.into_iter().for_each(|(kind, price)| rates.set(kind, Some(price)));
        rates
    }

    /// The price of a kind as it is stated.
    pub fn stated(&self, kind: Kind) -> Option<u64> {
        self.0[kind as usize]
    }

    /// The price of a kind, or else of the kind that it is a part of.
    pub fn price(&self, kind: Kind) -> Option<u64> {
        self.stated(kind).or_else(|| self.price(kind.instead()?))
    }

    /// Changes a price.
    pub fn set(&mut self, kind: Kind, price: Option<u64>) {
        self.0[kind as usize] = price;
    }

    /// Whether no price is known.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    fn is_free(&self) -> bool {
        self.0.iter().all(|price| price.unwrap_or(0) == 0)
    }

    /// Takes over what `other` knows. A new price of output is one of reasoning too, unless `other` has its own.
    fn replace(&mut self, other: &Rates) {
        if other.stated(Kind::Output).is_some() {
            self.set(Kind::Reasoning, None);
        }
        for kind in Kind::ALL {
            self.set(kind, other.stated(kind).or(self.stated(kind)));
        }
    }

    /// Forgets everything that a price stated in `other` speaks for: the same kind, and of a price of input or output
    /// all kinds that are parts of it.
    fn forget(&mut self, other: &Rates) {
        for kind in Kind::ALL {
            let whole = if kind.is_input() { Kind::Input } else { Kind::Output };
            if other.stated(kind).or(other.stated(whole)).is_some() {
                self.set(kind, None);
            }
        }
    }

    fn halved(mut self) -> Self {
        self.0.iter_mut().flatten().for_each(|price| *price = price.div_ceil(2));
        self
    }
}

/// Prices that hold under a condition, instead of those for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// The service tier, in OpenAI's words (`flex`, `priority`), or `batch`; empty for the standard tier.
    pub service: String,
    /// Holds for requests with more input tokens than this, and then for all their tokens.
    pub above_input_tokens: u64,
    /// What differs; `None` leaves a price as it is.
    pub rates: Rates,
}

/// Prices at certain hours, instead of all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffPeak {
    /// When.
    pub hours: Hours,
    /// What differs.
    pub rates: Rates,
}

/// A factor on all prices of tokens: in a region (`eu`, `us`, `regional` for any), or at a speed (`fast`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// The region or speed.
    pub name: String,
    /// The factor, in parts per million.
    pub ppm: u32,
}

/// Prices of other things than tokens, in picodollars. `None` means that it is not charged for, or unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fees {
    /// An attempt.
    pub request: Option<u64>,
    /// A second that an attempt takes.
    pub second: Option<u64>,
    /// A second of sound that is read.
    pub audio_second: Option<u64>,
    /// A character that is read aloud.
    pub character: Option<u64>,
    /// A picture in the request.
    pub image_read: Option<u64>,
    /// A picture that is made.
    pub image_made: Option<u64>,
    /// A pixel of a picture that is made.
    pub pixel: Option<u64>,
    /// A query of a ranking model.
    pub query: Option<u64>,
    /// A search that the provider runs for the model, with little, medium and much context.
    pub web_search: Option<[u64; 3]>,
}

impl Fees {
    fn replace(&mut self, other: &Fees) {
        let pairs = [
            (&mut self.request, other.request),
            (&mut self.second, other.second),
            (&mut self.audio_second, other.audio_second),
            (&mut self.character, other.character),
            (&mut self.image_read, other.image_read),
            (&mut self.image_made, other.image_made),
            (&mut self.pixel, other.pixel),
            (&mut self.query, other.query),
        ];
        for (mine, theirs) in pairs {
            *mine = theirs.or(*mine);
        }
        self.web_search = other.web_search.or(self.web_search);
    }

    /// Whether something is paid for instead of tokens.
    fn any_instead_of_tokens(&self) -> bool {
        let fees = [
            self.request,
            self.second,
            self.audio_second,
            self.character,
            self.image_read,
            self.image_made,
            self.pixel,
            self.query,
        ];
        fees.into_iter().flatten().any(|fee| fee > 0)
    }
}

/// All prices of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceList {
    /// What holds for everybody.
    pub base: Rates,
    /// Exceptions, by rising size, the standard tier before the others: of those that hold, later ones win.
    pub(crate) variants: Vec<Variant>,
    /// Exceptions by the hour.
    pub off_peak: Option<OffPeak>,
    /// Factors on the prices of tokens.
    pub factors: Vec<Factor>,
    /// Prices of other things than tokens.
    pub fees: Fees,
}

impl PriceList {
    /// What holds for everybody, the exceptions in any order, and what else is charged for.
    pub fn new(base: Rates, mut variants: Vec<Variant>, fees: Fees) -> Self {
        variants.sort_by_key(|variant| (variant.above_input_tokens, variant.service != STANDARD));
        PriceList { base, variants, fees, ..PriceList::default() }.settled()
    }

    /// The same for tokens of two prices.
    pub fn flat(input: u64, output: u64) -> Self {
        let base = Rates::of([(Kind::Input, input), (Kind::Output, output)]);
        PriceList { base, ..PriceList::default() }
    }

    /// A price per second is one only where tokens have none, and a token that costs nothing because something else
    /// is paid for has no known price (both as at the incumbent). Sound and pictures that are paid like text are so
    /// under all conditions.
    fn settled(mut self) -> Self {
        use Kind::{AudioCacheRead, AudioInput, AudioOutput, ImageInput, ImageOutput, Reasoning};
        for kind in [AudioInput, AudioOutput, ImageInput, ImageOutput, Reasoning, AudioCacheRead] {
            let usual = kind.instead().and_then(|kind| self.base.price(kind));
            self.base.set(kind, self.base.stated(kind).filter(|price| Some(*price) != usual));
        }
        if !self.base.is_free() {
            self.fees.second = None;
        } else if self.fees.any_instead_of_tokens() {
            self.base = Rates::default();
        }
        self
    }

    /// These prices, but for what `stated` says differently. A stated price of input or output speaks for all kinds
    /// of tokens that are parts of it, under all conditions: a discount that was negotiated is not undone by a tier
    /// of the public list. A stated price per second replaces prices of tokens, and the other way round.
    pub fn with(&self, stated: &PriceList) -> PriceList {
        let mut merged = self.clone();
        if stated.base.is_empty() && stated.fees.second.is_some() {
            (merged.base, merged.variants, merged.off_peak) = Default::default();
        }
        if !stated.base.is_empty() {
            merged.fees.second = None;
        }
        let variants = merged.variants.iter_mut().map(|variant| &mut variant.rates);
        let off_peak = merged.off_peak.iter_mut().map(|off_peak| &mut off_peak.rates);
        variants.chain(off_peak).chain([&mut merged.base]).for_each(|rates| rates.forget(&stated.base));
        merged.base.replace(&stated.base);
        merged.fees.replace(&stated.fees);
        let same = |one: &Variant, other: &Variant| {
            (&one.service, one.above_input_tokens) == (&other.service, other.above_input_tokens)
        };
        for variant in &stated.variants {
            match merged.variants.iter_mut().find(|known| same(known, variant)) {
                Some(known) => known.rates.replace(&variant.rates),
                None => merged.variants.push(variant.clone()),
            }
        }
        merged.variants.retain(|variant| !variant.rates.is_empty());
        for factor in &stated.factors {
            merged.factors.retain(|known| known.name != factor.name);
            merged.factors.push(factor.clone());
        }
        PriceList {
            off_peak: stated.off_peak.clone().or(merged.off_peak),
            factors: merged.factors,
            ..PriceList::new(merged.base, merged.variants, merged.fees)
        }
    }

    /// Whether any price is known.
    pub fn is_known(&self) -> bool {
        *self != PriceList::default()
    }

    /// The prices of a call with `input_tokens` (cached ones included) in a service tier (`None`: standard), at an
    /// hour that is `off_peak` or not. A large request in a tier that has no prices for large requests pays those of
    /// the standard tier. A batch pays half, unless the list says what it pays.
    pub fn rates(&self, service: Option<&str>, input_tokens: u64, off_peak: bool) -> Rates {
        let service = self.tier(service);
        let fits = |variant: &&Variant| variant.above_input_tokens == 0 || input_tokens > variant.above_input_tokens;
        let mut rates = self.base;
        let mut size = 0;
        for variant in self.variants.iter().filter(fits) {
            if variant.service == STANDARD || variant.service == service && service != BATCH {
                rates.replace(&variant.rates);
                size = variant.above_input_tokens;
            }
        }
        if service == BATCH {
            rates = rates.halved();
            let batch = self.variants.iter().filter(|variant| variant.service == BATCH).filter(fits);
            batch.filter(|variant| variant.above_input_tokens >= size).for_each(|one| rates.replace(&one.rates));
        } else if let (true, Some(cheap)) = (off_peak, &self.off_peak) {
            rates.replace(&cheap.rates);
        }
        rates
    }

    /// Whether the hours of other prices contain `at`, in seconds since 1970.
    pub fn is_off_peak(&self, at: i64) -> bool {
        self.off_peak.as_ref().is_some_and(|off_peak| off_peak.hours.contain(at))
    }

    /// The numbers of input tokens above which other prices hold, rising.
    pub fn sizes(&self) -> impl Iterator<Item = u64> {
        let mut last = 0;
        let sizes = self.variants.iter().map(|variant| variant.above_input_tokens);
        sizes.filter(move |size| std::mem::replace(&mut last, *size) != *size)
    }

    /// The tier's word in this list.
    fn tier<'a>(&self, service: Option<&'a str>) -> &'a str {
        match service.unwrap_or(STANDARD) {
            "auto" | "default" | "standard" | "standard_only" | "on_demand" => STANDARD,
            "batches" => BATCH,
            FAST if self.factor(FAST).is_some() => STANDARD,
            FAST => "priority",
            other => other,
        }
    }

    /// The factor of a service tier, parts per million.
    pub fn speed_factor(&self, service: Option<&str>) -> u32 {
        service.filter(|service| *service == FAST).and_then(|fast| self.factor(fast)).unwrap_or(ONE)
    }

    /// The factor of a region such as `eu` or `us-east5`, parts per million; of none and of `global` it is one.
    pub fn region_factor(&self, region: Option<&str>) -> u32 {
        let Some(region) = region.filter(|region| !matches!(*region, "" | "global" | "not_available")) else {
            return ONE;
        };
        let continent = region.split('-').next().unwrap_or_default();
        [region, continent, "regional"].into_iter().find_map(|name| self.factor(name)).unwrap_or(ONE)
    }

    /// The highest factor of any region, parts per million.
    pub fn highest_region_factor(&self) -> u32 {
        let regions = self.factors.iter().filter(|factor| factor.name != FAST);
        regions.map(|factor| factor.ppm).fold(ONE, u32::max)
    }

    fn factor(&self, name: &str) -> Option<u32> {
        self.factors.iter().find(|factor| factor.name == name).map(|factor| factor.ppm)
    }
}

#[cfg(test)]
mod tests;
