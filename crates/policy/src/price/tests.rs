mod any;
mod costs;
mod machines;
mod quotes;
mod sized;
mod sources;

use jiff::tz::TimeZone;
use machines::workstation;
use types::{Tier, Usage, Usd};

use super::*;
use crate::catalogue::{Factor, Fees, Rates, Variant};

/// A list of prices in millionths of a dollar per million tokens, that is, in picodollars per token.
fn list(prices: &[(Kind, u64)]) -> PriceList {
    PriceList::new(Rates::of(prices.iter().copied()), Vec::new(), Fees::default())
}

fn tariff(list: PriceList) -> Tariff {
    Tariff::new(list, Origin::Catalogue)
}

/// One dollar per million tokens of input, four per million of output.
fn plain() -> Tariff {
    tariff(PriceList::flat(1_000_000, 4_000_000))
}

fn usage(input: u64, output: u64) -> Usage {
    Usage { input: Some(input), output: Some(output), ..Usage::default() }
}

fn total(tariff: &Tariff, usage: &Usage, bill: &Bill) -> Option<String> {
    tariff.cost(usage, bill).map(|cost| cost.total.to_string())
}

fn check(tariff: &Tariff, usage: Usage, bill: Bill, dollars: &str) {
    assert_eq!(total(tariff, &usage, &bill).as_deref(), Some(dollars), "{usage:?} {bill:?}");
}

fn check_unknown(tariff: &Tariff, usage: Usage) {
    assert_eq!(total(tariff, &usage, &Bill::default()), None, "{usage:?}");
}
