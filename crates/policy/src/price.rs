//! What an attempt costs: the prices of one deployment, applied to what the attempt consumed.
//!
//! Integers from price to sum: prices in picodollars, sums exact, rounded once, to nanodollars. A price that is not
//! known makes the whole cost unknown; only what is explicitly priced at zero is free.

mod book;
mod cost;
mod hardware;
mod quote;
mod sized;
mod terms;

pub use book::{Book, Listed};
pub use cost::{Bill, Context, Cost};
pub use hardware::Hardware;
pub use quote::Quote;
pub use sized::Sized;
pub use terms::{Named, Pricing, Terms};

use jiff::Timestamp;

use crate::catalogue::{Kind, ONE, PriceList};

/// Everything that determines what an attempt on one deployment costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tariff {
    /// The prices.
    pub list: PriceList,
    /// The price of a second that an attempt takes, where it depends on the hour.
    pub hourly: Option<Box<Hourly>>,
    /// Where the deployment is: `eu`, `us`. Some prices depend on it.
    pub region: Option<String>,
    /// What the operator takes off and puts on top.
    pub markup: Markup,
    /// Where the prices come from.
    pub origin: Origin,
    /// Whether what the provider says a call cost counts instead of the prices.
    pub heeds_stated: bool,
    /// Prices of pictures by size and quality, if it has such.
    pub pictures: Vec<Sized>,
}

/// Where prices come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: they are not known.
    Unknown,
    /// The catalogue.
    Catalogue,
    /// A price map of the operator's.
    Map,
    /// The deployment's entry in the configuration, at least some of them.
    Stated,
    /// Declared hardware.
    Hardware,
    /// Nowhere, but the engine is the operator's own: calls count as free.
    Own,
    /// The operator's price for models whose price is not known.
    Default,
}

/// Discount and margin on everything an attempt costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Markup {
    /// Taken off first, parts per million.
    pub discount_ppm: u32,
    /// Put on top of that, parts per million.
    pub margin_ppm: u32,
    /// Put on top of that, picodollars per attempt.
    pub margin_picousd: u64,
}

impl Markup {
    fn discounted(&self, amount: u128) -> u128 {
        times(amount, ONE.saturating_sub(self.discount_ppm))
    }

    /// What becomes of an amount that was discounted, but for what is put on top of the whole attempt.
    fn with_margin(&self, amount: u128) -> u128 {
        times(amount, ONE.saturating_add(self.margin_ppm))
    }
}

/// `amount` times a factor in parts per million, to the nearest unit.
fn times(amount: u128, ppm: u32) -> u128 {
    match ppm {
        ONE => amount,
        _ => amount.saturating_mul(ppm.into()).saturating_add(u128::from(ONE / 2)) / u128::from(ONE),
    }
}

/// Prices of a second by the hour of the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hourly {
    /// Picodollars per second, from midnight on, with the power that is declared.
    pub picousd: [u64; 24],
    /// What they are made from.
    pub hardware: Hardware,
}

impl Hourly {
    /// The price of a second at `at`, while so many milliwatts are measured, if they are.
    fn at(&self, at: i64, measured: Option<u64>) -> u64 {
        let hardware = &self.hardware;
        let hour = Timestamp::from_second(at).map_or(0, |moment| hardware.zone.to_datetime(moment).hour());
        let hour = usize::from(hour.unsigned_abs()) % 24;
        let real = measured.and_then(|_| hardware.second(hardware.power(measured), hardware.kwh_picousd[hour]));
        real.unwrap_or(self.picousd[hour])
    }

    fn highest(&self) -> u64 {
        self.picousd.into_iter().max().unwrap_or(0)
    }
}

impl Tariff {
    /// The prices of a list, without discount or margin.
    pub fn new(list: PriceList, origin: Origin) -> Self {
        Tariff {
            list,
            hourly: None,
            region: None,
            markup: Markup::default(),
            origin,
            heeds_stated: false,
            pictures: Vec::new(),
        }
    }

    /// Whether any price is known.
    pub fn is_known(&self) -> bool {
        self.list.is_known() || self.hourly.is_some() || !self.pictures.is_empty()
    }

    /// What a token of input and one of output cost together, picodollars, before discounts and margins.
    pub fn per_token(&self) -> Option<u64> {
        let stated = |kind| self.list.base.stated(kind);
        Some(stated(Kind::Input)?.saturating_add(stated(Kind::Output)?))
    }

    /// Whether tokens are what is paid for.
    fn has_token_prices(&self) -> bool {
        [Kind::Input, Kind::Output].into_iter().any(|kind| self.list.base.stated(kind).is_some())
    }

    /// The price of a second of what is billed, picodollars.
    fn second(&self, bill: &Bill) -> Option<u64> {
        self.hourly.as_ref().map(|hourly| hourly.at(bill.at, bill.milliwatts)).or(self.list.fees.second)
    }

    /// The energy that an attempt took, millijoules, if it is known what the hardware takes.
    pub fn energy_mj(&self, bill: &Bill) -> Option<u64> {
        self.hourly.as_ref().map(|hourly| hourly.hardware.energy(bill.milliwatts, bill.lasted_ms))
    }
}

#[cfg(test)]
mod tests;
