//! From what an attempt consumed to what it cost, line by line.

use types::{Tier, Usage, Usd};

use super::{Markup, Tariff, times};
use crate::catalogue::Kind;

/// What the cost of an attempt depends on beside its consumption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bill<'a> {
    /// When it was sent, seconds since 1970: some prices depend on the hour.
    pub at: i64,
    /// How long it took, milliseconds.
    pub lasted_ms: u64,
    /// The service tier that was asked for, in OpenAI's words: `flex`, `priority`, `batch`. The one that the provider
    /// says has served wins.
    pub service: Option<&'a str>,
    /// Where it was served, if the provider says so or the request asked for it; otherwise where the deployment is.
    pub region: Option<&'a str>,
    /// How much context its searches were to bring.
    pub context: Context,
    /// Power that was measured at the machine meanwhile, milliwatts, if it was.
    pub milliwatts: Option<u64>,
}

/// How much context a search brings to the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Context {
    /// Little.
    Low,
    /// What everybody gets.
    #[default]
    Medium,
    /// Much.
    High,
}

/// What an attempt costs. The lines add up to the total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Input that was not cached.
    pub input: Usd,
    /// Input read from the provider's cache.
    pub cache_read: Usd,
    /// Input written to the provider's cache.
    pub cache_write: Usd,
    /// Output that was not reasoning.
    pub output: Usd,
    /// Reasoning.
    pub reasoning: Usd,
    /// Tools of the provider, time, pieces, flat prices.
    pub other: Usd,
    /// Everything.
    pub total: Usd,
    /// What was taken off before the total.
    pub discount: Usd,
    /// What was put on top for it: `total` is the list price less discount, plus margin.
    pub margin: Usd,
}

impl Cost {
    /// What it would cost without discount and margin.
    pub fn list_price(&self) -> Usd {
        self.total - self.margin + self.discount
    }
}

/// Lines of a cost, in this order.
const INPUT: usize = 0;
const CACHE_READ: usize = 1;
const CACHE_WRITE: usize = 2;
const OUTPUT: usize = 3;
const REASONING: usize = 4;
const OTHER: usize = 5;

/// Most that a provider may say a call cost, picodollars: a thousand dollars.
const MOST_STATED: u64 = 1_000_000_000_000_000;

/// Femtodollars (1e-15 USD) in a picodollar: fine enough that factors and milliseconds round nothing that matters.
pub(super) const FEMTO: u128 = 1000;
/// Femtodollars in a nanodollar.
pub(super) const NANO: u128 = 1_000_000;

impl Tariff {
    /// What an attempt costs; `None` if a price is missing. Counts that nobody stated count as nothing: estimates must
    /// be filled in before.
    pub fn cost(&self, usage: &Usage, bill: &Bill) -> Option<Cost> {
        if let Some(stated) = self.stated(usage).filter(|stated| *stated <= MOST_STATED) {
            return Some(self.stated_cost(stated));
        }
        let service = usage.tier.map(Tier::as_str).or(bill.service);
        let (fees, counted) = self.fees(usage, bill)?;
        let mut lines = match self.has_token_prices() {
            true => self.tokens(usage, service, bill.at)?,
            // What is paid for otherwise may have tokens that cost nothing, but then the other must be known.
            false if counted => [0; 6],
            false => return None,
        };
        let region = self.list.region_factor(bill.region.or(self.region.as_deref()));
        let speed = self.list.speed_factor(service);
        lines = lines.map(|line| times(times(line, speed), region));
        lines[OTHER] = fees;
        Some(settle(&self.markup, lines))
    }

    /// What the provider says the call cost, picodollars, if it is to be believed at all.
    fn stated(&self, usage: &Usage) -> Option<u64> {
        usage.stated_picousd.filter(|_| self.heeds_stated)
    }

    /// Whether the provider states a cost that no call has: it does not count.
    pub fn is_stated_nonsense(&self, usage: &Usage) -> bool {
        self.stated(usage).is_some_and(|stated| stated > MOST_STATED)
    }

    /// What the provider charges has its discounts taken off: only the margin goes on top.
    fn stated_cost(&self, picousd: u64) -> Cost {
        let undiscounted = Markup { discount_ppm: 0, ..self.markup };
        settle(&undiscounted, [0, 0, 0, 0, 0, femtos(picousd, 1)])
    }

    /// The lines of tokens, in femtodollars; `None` if a price is missing.
    fn tokens(&self, usage: &Usage, service: Option<&str>, at: i64) -> Option<[u128; 6]> {
        let input = usage.input.unwrap_or(0);
        let rates = self.list.rates(service, input, self.list.is_off_peak(at));
        let mut lines = [0u128; 6];
        let mut add = |line: usize, kind: Kind, count: u64| {
            if count > 0 {
                lines[line] = lines[line].saturating_add(femtos(rates.price(kind)?, count));
            }
            Some(())
        };
        // Parts that are larger than the whole are cut, the cached ones last: nothing is billed twice.
        let mut fresh = Whole(usage.billed_input.unwrap_or(input));
        let mut cached = Whole(fresh.take(usage.cache_read));
        add(CACHE_READ, Kind::AudioCacheRead, cached.take(usage.audio_cache_read))?;
        add(CACHE_READ, Kind::CacheRead, cached.0)?;
        add(CACHE_WRITE, Kind::CacheWriteLong, fresh.take(usage.cache_write_long))?;
        add(CACHE_WRITE, Kind::CacheWrite, fresh.take(usage.cache_write))?;
        add(INPUT, Kind::AudioInput, fresh.take(usage.audio_input))?;
        add(INPUT, Kind::ImageInput, fresh.take(usage.image_input))?;
        add(INPUT, Kind::Input, fresh.0)?;
        let mut said = Whole(usage.billed_output.or(usage.output).unwrap_or(0));
        add(REASONING, Kind::Reasoning, said.take(usage.reasoning))?;
        add(OUTPUT, Kind::AudioOutput, said.take(usage.audio_output))?;
        add(OUTPUT, Kind::ImageOutput, said.take(usage.image_output))?;
        add(OUTPUT, Kind::Output, said.0)?;
        Some(lines)
    }

    /// Everything that is not tokens, in femtodollars, and whether anything of it counts instead of tokens; `None` if
    /// a price is missing.
    fn fees(&self, usage: &Usage, bill: &Bill) -> Option<(u128, bool)> {
        let time = self.second(bill).map(|price| femtos(price, bill.lasted_ms) / FEMTO);
        let (pieces, counted) = self.pieces(usage);
        let searches = match usage.web_searches.unwrap_or(0) {
            0 => 0,
            searches => femtos(self.list.fees.web_search?[bill.context as usize], searches),
        };
        Some((sum(&[time.unwrap_or(0), pieces, searches]), counted || time.is_some()))
    }

    /// What is paid by the piece, in femtodollars, and whether anything is.
    pub(super) fn pieces(&self, usage: &Usage) -> (u128, bool) {
        let fees = &self.list.fees;
        // Recordings are paid for by the second or by their tokens, never twice, and so are pictures.
        let recording = usage.audio_ms.filter(|_| usage.total().is_none() || !self.has_token_prices());
        let drawn = usage.output.is_some_and(|tokens| tokens > 0)
            && self.list.base.price(Kind::ImageOutput).is_some_and(|price| price > 0);
        let made = |count: Option<u64>| count.filter(|_| !drawn);
        let pieces = [
            (fees.request, Some(1)),
            (fees.character, usage.characters),
            (fees.image_read, usage.images_read),
            (fees.image_made, made(usage.images_made)),
            (fees.pixel, made(usage.pixels)),
            (fees.query, usage.queries),
        ];
        let recording = fees.audio_second.zip(recording).map(|(price, ms)| femtos(price, ms) / FEMTO);
        let pieces = pieces.into_iter().filter_map(|(price, count)| Some(femtos(price?, count?)));
        let counted: Vec<u128> = recording.into_iter().chain(pieces).collect();
        (sum(&counted), !counted.is_empty())
    }
}

/// Discount, margin, and the one rounding.
fn settle(markup: &Markup, lines: [u128; 6]) -> Cost {
    let list_price = sum(&lines);
    let discounted = lines.map(|line| markup.discounted(line));
    let mut charged = discounted.map(|line| markup.with_margin(line));
    charged[OTHER] = charged[OTHER].saturating_add(femtos(markup.margin_picousd, 1));
    // Each line is what the sum grows by when it is added: so the lines add up to the total exactly.
    let (mut so_far, mut total) = (0u128, Usd::ZERO);
    let lines = charged.map(|line| {
        so_far = so_far.saturating_add(line);
        let before = std::mem::replace(&mut total, usd(so_far));
        total - before
    });
    Cost {
        input: lines[INPUT],
        cache_read: lines[CACHE_READ],
        cache_write: lines[CACHE_WRITE],
        output: lines[OUTPUT],
        reasoning: lines[REASONING],
        other: lines[OTHER],
        total,
        discount: usd(list_price) - usd(sum(&discounted)),
        margin: total - usd(sum(&discounted)),
    }
}

/// So many of something at a price in picodollars.
pub(super) fn femtos(picousd: u64, count: u64) -> u128 {
    (u128::from(picousd) * u128::from(count)).saturating_mul(FEMTO)
}

fn sum(amounts: &[u128]) -> u128 {
    amounts.iter().copied().fold(0, u128::saturating_add)
}

/// Femtodollars to the nearest nanodollar, a half up.
fn usd(femtos: u128) -> Usd {
    let nanos = femtos / NANO + u128::from(femtos % NANO >= NANO / 2);
    Usd::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}

/// What is left of a total while its parts are taken out.
struct Whole(u64);

impl Whole {
    fn take(&mut self, part: Option<u64>) -> u64 {
        let part = part.unwrap_or(0).min(self.0);
        self.0 -= part;
        part
    }
}
