//! The incumbent's names for prices: in `litellm_params` and `model_info` of a deployment, and in price maps.
//!
//! A name is made of a stem, `_above_200k_tokens` for large requests, and `_flex` and the like for service tiers.

use jiff::tz::TimeZone;
use policy::catalogue::{Factor, Fees, Hours, Kind, OffPeak, PriceList, Rates, Rule, Variant};

use crate::config::section::scalar;
use crate::config::tree::{Node, Value};

/// Picodollars in a dollar, and parts per million, as powers of ten.
pub const PICO: u16 = 12;
pub const PPM: u16 = 6;

/// A field that may be a price.
pub type Field<'t> = (&'t str, &'t Node);

/// What came of some fields.
#[derive(Debug, Default, PartialEq)]
pub struct Prices<'t> {
    /// The prices.
    pub list: PriceList,
    /// Fields with prices of things that are not charged for here.
    pub unknown: Vec<&'t str>,
    /// Fields that do not hold what they should, which is named.
    pub wrong: Vec<(&'t str, &'static str)>,
}

/// Prices of single kinds of tokens. Of two names for the same, the first one counts.
const TOKENS: [(&str, Kind); 13] = [
    ("input_cost_per_token", Kind::Input),
    ("output_cost_per_token", Kind::Output),
    ("cache_read_input_token_cost", Kind::CacheRead),
    ("input_cost_per_token_cache_hit", Kind::CacheRead),
    ("cache_creation_input_token_cost", Kind::CacheWrite),
    ("cache_creation_input_token_cost_above_1hr", Kind::CacheWriteLong),
    ("cache_creation_input_token_cost_above_12hr", Kind::CacheWriteLong),
    ("output_cost_per_reasoning_token", Kind::Reasoning),
    ("input_cost_per_audio_token", Kind::AudioInput),
    ("output_cost_per_audio_token", Kind::AudioOutput),
    ("input_cost_per_image_token", Kind::ImageInput),
    ("output_cost_per_image_token", Kind::ImageOutput),
    ("cache_read_input_audio_token_cost", Kind::AudioCacheRead),
];

/// Prices of other things. Of two names for the same, the first one that is more than zero counts.
const FEES: [&str; 10] = [
    "input_cost_per_request",
    "input_cost_per_character",
    "input_cost_per_image",
    "output_cost_per_image",
    "input_cost_per_pixel",
    "output_cost_per_pixel",
    "input_cost_per_query",
    "cost_per_second",
    "input_cost_per_second",
    "output_cost_per_second",
];

/// Ends of names, and the service tiers that they mean.
const SERVICES: [(&str, &str); 5] = [
    ("_flex", "flex"),
    ("_priority", "priority"),
    ("_batches", "batch"),
    ("_balanced", "balanced"),
    ("_ultrafast", "ultrafast"),
];

/// Factors on prices of tokens, and their names in a list.
const FACTORS: [(&str, &str); 3] = [
    ("regional_processing_uplift_multiplier_eu", "eu"),
    ("regional_processing_uplift_multiplier_us", "us"),
    ("regional_endpoint_uplift_multiplier", "regional"),
];

/// Factors within `provider_specific_entry`; its other entries are no prices.
const OWN_FACTORS: [&str; 2] = ["us", "fast"];

/// Modes whose seconds are those that a call takes, not those of a recording.
const CLOCK_MODES: [&str; 4] = ["chat", "completion", "responses", "embedding"];
/// Modes that write no tokens.
const SILENT_MODES: [&str; 3] = ["embedding", "rerank", "moderation"];

const A_PRICE: &str = "a price in dollars";

/// Whether a name looks like that of a price.
pub fn is_price(name: &str) -> bool {
    let others = ["tiered_pricing", "off_peak_pricing", "provider_specific_entry"];
    name.contains("cost_per_")
        || name.contains("_token_cost")
        || others.contains(&name)
        || FACTORS.iter().any(|(factor, _)| *factor == name)
}

/// Reads prices; other fields are passed over. `mode` is what the model is for, in the incumbent's words.
pub fn read<'t>(fields: impl IntoIterator<Item = Field<'t>>, mode: Option<&str>) -> Prices<'t> {
    let mut reader = Reader::default();
    fields.into_iter().filter(|(name, node)| is_price(name) && !node.is_null()).for_each(|field| reader.take(field));
    reader.finish(mode)
}

#[derive(Default)]
struct Reader<'t> {
    base: Rates,
    variants: Vec<Variant>,
    /// Prices of other things than tokens, as in [`FEES`].
    fees: [Option<u64>; FEES.len()],
    web_search: Option<[u64; 3]>,
    off_peak: Option<OffPeak>,
    factors: Vec<Factor>,
    unknown: Vec<&'t str>,
    wrong: Vec<(&'t str, &'static str)>,
}

impl<'t> Reader<'t> {
    fn take(&mut self, field: Field<'t>) {
        let (name, node) = field;
        let understood = match name {
            "tiered_pricing" => self.tiers(node),
            "off_peak_pricing" => self.hours(node),
            "provider_specific_entry" => self.own_factors(node),
            "search_context_cost_per_query" => searches(node).map(|prices| self.web_search = Some(prices)),
            _ => match (FACTORS.iter().find(|(factor, _)| *factor == name), Slot::of(name)) {
                (Some((_, region)), _) => factor(node).map(|ppm| self.factor(region, ppm)),
                (None, Some(slot)) => picos(node).map(|price| self.set(slot, price)),
                (None, None) => return self.unknown.push(name),
            },
        };
        if let Err(expected) = understood {
            self.wrong.push((name, expected));
        }
    }

    fn set(&mut self, slot: Slot, price: u64) {
        match slot {
            Slot::Fee(at) => self.fees[at] = Some(price),
            Slot::Token { at, service, above } => {
                let rates = self.rates(service, above);
                let (_, kind) = TOKENS[at];
                // The first of two names counts, in whichever order they are written.
                let first = TOKENS.iter().position(|(_, known)| *known == kind) == Some(at);
                rates.set(kind, if first { Some(price) } else { rates.stated(kind).or(Some(price)) });
            }
        }
    }

    fn rates(&mut self, service: &str, above: u64) -> &mut Rates {
        if service.is_empty() && above == 0 {
            return &mut self.base;
        }
        let same = |variant: &Variant| variant.service == service && variant.above_input_tokens == above;
        let at = self.variants.iter().position(same).unwrap_or_else(|| {
            let rates = Rates::default();
            self.variants.push(Variant { service: service.to_owned(), above_input_tokens: above, rates });
            self.variants.len() - 1
        });
        &mut self.variants[at].rates
    }

    fn factor(&mut self, name: &str, ppm: u32) {
        self.factors.push(Factor { name: name.to_owned(), ppm });
    }

    /// `[{range: [0, 32000], input_cost_per_token: ...}, ...]`: the whole request is paid at the price of its tier.
    fn tiers(&mut self, node: &Node) -> Result<(), &'static str> {
        const A_TIER: &str = "a list of tiers, each with a range and prices";
        let Value::List(tiers) = &node.value else { return Err(A_TIER) };
        for tier in tiers {
            let range = tier.get("range").ok_or(A_TIER)?;
            let Value::List(ends) = &range.value else { return Err(A_TIER) };
            let above = ends.first().and_then(scalar).and_then(|text| text.decimal()?.to_u64()).ok_or(A_TIER)?;
            let mut rates = rates(tier)?;
            if above == 0 {
                self.base = overlaid(rates, &self.base);
                continue;
            }
            // A request never mixes tiers: what one does not say is paid like its other input.
            for kind in [Kind::CacheRead, Kind::CacheWrite, Kind::CacheWriteLong] {
                rates.set(kind, rates.price(kind));
            }
            *self.rates("", above) = rates;
        }
        Ok(())
    }

    /// `{hours_utc: "16:30-00:30", windows: [{hours_utc: ..., weekdays: [1]}], weekday_timezone: ..., prices}`.
    fn hours(&mut self, node: &Node) -> Result<(), &'static str> {
        const HOURS: &str = "prices with hours_utc such as \"16:30-00:30\"";
        let text = |name: &str| node.get(name).and_then(scalar).map(|scalar| scalar.text.as_str());
        let calendar = match text("weekday_timezone") {
            Some(name) => TimeZone::get(name).map_err(|_| "weekday_timezone such as Asia/Shanghai")?,
            None => TimeZone::UTC,
        };
        let mut hours = Hours { rules: Vec::new(), calendar };
        if let Some(every_day) = node.get("hours_utc") {
            rules(every_day, Rule::ALL_DAYS, &mut hours.rules).ok_or(HOURS)?;
        }
        if let Some(Node { value: Value::List(windows), .. }) = node.get("windows") {
            for window in windows {
                let days =
                    window.get("weekdays").map_or(Some(Rule::ALL_DAYS), weekdays).ok_or("weekdays from 1 to 7")?;
                rules(window.get("hours_utc").ok_or(HOURS)?, days, &mut hours.rules).ok_or(HOURS)?;
            }
        }
        if hours.rules.is_empty() {
            return Err(HOURS);
        }
        self.off_peak = Some(OffPeak { hours, rates: rates(node)? });
        Ok(())
    }

    fn own_factors(&mut self, node: &Node) -> Result<(), &'static str> {
        for name in OWN_FACTORS {
            if let Some(entry) = node.get(name) {
                self.factor(name, factor(entry)?);
            }
        }
        Ok(())
    }

    fn finish(mut self, mode: Option<&str>) -> Prices<'t> {
        let stated = |base: &Rates, kind| base.stated(kind).filter(|price| *price > 0);
        if SILENT_MODES.iter().any(|silent| mode == Some(silent)) && self.base.stated(Kind::Input).is_some() {
            self.base.set(Kind::Output, self.base.stated(Kind::Output).or(Some(0)));
        }
        // All that a model writes that has a price for pictures alone is pictures.
        if let (None, Some(picture)) = (stated(&self.base, Kind::Output), self.base.stated(Kind::ImageOutput)) {
            self.base.set(Kind::Output, Some(picture));
        }
        let [request, character, image_read, image_made, pixel, other_pixel, query, second, in_second, out_second] =
            self.fees;
        let either = |prices: &[Option<u64>]| {
            let known = || prices.iter().copied().flatten();
            known().find(|price| *price > 0).or_else(|| known().next())
        };
        let second = either(&[second, in_second, out_second]);
        let clock = mode.is_none_or(|mode| CLOCK_MODES.contains(&mode));
        let fees = Fees {
            request,
            second: second.filter(|_| clock),
            audio_second: second.filter(|_| !clock),
            character,
            image_read,
            image_made,
            pixel: either(&[pixel, other_pixel]),
            query,
            web_search: self.web_search,
        };
        let mut list = PriceList::new(self.base, self.variants, fees);
        (list.off_peak, list.factors) = (self.off_peak, self.factors);
        Prices { list, unknown: self.unknown, wrong: self.wrong }
    }
}

/// What a name is the price of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    /// A token, as in [`TOKENS`], under a condition.
    Token { at: usize, service: &'static str, above: u64 },
    /// Something else, as in [`FEES`].
    Fee(usize),
}

impl Slot {
    fn of(name: &str) -> Option<Self> {
        if let Some(at) = FEES.iter().position(|fee| *fee == name) {
            return Some(Slot::Fee(at));
        }
        // `_priority_above_200k_tokens` is an older spelling of `_above_200k_tokens_priority`.
        let (name, service) = service(name);
        let (name, above) = above(name)?;
        let (name, service) = if service.is_empty() { self::service(name) } else { (name, service) };
        let at = TOKENS.iter().position(|(token, _)| *token == name)?;
        Some(Slot::Token { at, service, above })
    }
}

fn service(name: &str) -> (&str, &'static str) {
    let found = SERVICES.iter().find_map(|(end, service)| Some((name.strip_suffix(end)?, *service)));
    found.unwrap_or((name, ""))
}

/// Takes `_above_200k_tokens` or `_above_128_tokens` off; `None` if the number is none.
fn above(name: &str) -> Option<(&str, u64)> {
    let Some((stem, tokens)) = name.strip_suffix("_tokens").and_then(|name| name.rsplit_once("_above_")) else {
        return Some((name, 0));
    };
    let (number, thousands) = tokens.strip_suffix('k').map_or((tokens, 1), |number| (number, 1000));
    Some((stem, number.parse::<u64>().ok()?.checked_mul(thousands)?))
}

/// Prices of tokens within a block, without conditions of their own.
fn rates(block: &Node) -> Result<Rates, &'static str> {
    let mut rates = Rates::default();
    for (name, kind) in TOKENS.iter().rev() {
        if let Some(node) = block.get(name).filter(|node| !node.is_null()) {
            rates.set(*kind, Some(picos(node)?));
        }
    }
    Ok(rates)
}

/// `under`, and over it what `over` states.
fn overlaid(under: Rates, over: &Rates) -> Rates {
    let price = |kind| Some((kind, over.stated(kind).or(under.stated(kind))?));
    Rates::of(Kind::ALL.into_iter().filter_map(price))
}

fn picos(node: &Node) -> Result<u64, &'static str> {
    scalar(node).and_then(|text| text.decimal()?.scaled(PICO)).ok_or(A_PRICE)
}

fn factor(node: &Node) -> Result<u32, &'static str> {
    let ppm = scalar(node).and_then(|text| text.decimal()?.scaled(PPM));
    ppm.and_then(|ppm| u32::try_from(ppm).ok()).ok_or("a factor such as 1.1")
}

/// One price, or one for each size of the context; a size that is missing is paid like the usual one.
fn searches(node: &Node) -> Result<[u64; 3], &'static str> {
    if !matches!(node.value, Value::Map(_)) {
        return picos(node).map(|price| [price; 3]);
    }
    let size = |size: &str| node.get(&format!("search_context_size_{size}")).map(picos).transpose();
    let [low, medium, high] = [size("low")?, size("medium")?, size("high")?];
    let usual = medium.or(low).or(high).ok_or("search_context_size_low, _medium, _high")?;
    Ok([low.unwrap_or(usual), usual, high.unwrap_or(usual)])
}

fn rules(hours: &Node, days: u8, rules: &mut Vec<Rule>) -> Option<()> {
    let texts = crate::config::section::texts(hours);
    for (text, _) in &texts {
        rules.push(Rule::parse(text, days)?);
    }
    (!texts.is_empty()).then_some(())
}

/// Days of the week as bits: `[1, 2]`, `[mon, Tuesday]`.
fn weekdays(node: &Node) -> Option<u8> {
    const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let day = |text: &str| {
        let text = text.trim().to_ascii_lowercase();
        let number = text.parse::<usize>().ok().filter(|number| (1..=7).contains(number)).map(|number| number - 1);
        number.or_else(|| NAMES.iter().position(|name| text.starts_with(name)))
    };
    let texts = crate::config::section::texts(node);
    let days = texts.iter().map(|(text, _)| day(text)).collect::<Option<Vec<_>>>()?;
    Some(days.into_iter().fold(0, |days, day| days | 1 << day))
}

#[cfg(test)]
mod tests;
