//! What a call can cost at worst, asked before it is made.

use types::{Usage, Usd};

use super::cost::{FEMTO, NANO, femtos};
use super::{Tariff, times};
use crate::catalogue::Kind;

/// The worst prices of a call. Searches are not part of it: nothing bounds them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quote {
    /// The input and what is paid per call.
    pub input: Usd,
    /// One token of output, picodollars.
    pub output_picousd: u64,
    /// One second that the attempt takes, picodollars.
    pub second_picousd: u64,
}

impl Quote {
    /// The call with so much output, without its time.
    pub fn worst(&self, output_tokens: u64) -> Usd {
        self.input + ceiling(femtos(self.output_picousd, output_tokens))
    }

    /// The time that it takes.
    pub fn time(&self, ms: u64) -> Usd {
        ceiling(femtos(self.second_picousd, ms).div_ceil(FEMTO))
    }

    /// How many tokens of output `left` pays for after the input.
    pub fn tokens_for(&self, left: Usd) -> u64 {
        let rest = u128::try_from((left - self.input).nanos()).unwrap_or(0) * (NANO / FEMTO);
        rest.checked_div(self.output_picousd.into()).map_or(u64::MAX, |tokens| tokens.try_into().unwrap_or(u64::MAX))
    }
}

impl Tariff {
    /// What a call with at most `input_tokens` can cost in a service tier: `None` if prices are missing, or if what is
    /// paid for is no tokens and no time. A provider that serves a dearer tier than it was asked for, because its
    /// project says so, may exceed it: operators of such projects ask for the tier in `litellm_params`.
    pub fn quote(&self, input_tokens: u64, service: Option<&str>) -> Option<Quote> {
        self.quote_of(&Usage { input: Some(input_tokens), ..Usage::default() }, service)
    }

    /// The same of a call that consumes at most so much beside its output.
    pub fn quote_of(&self, foreseen: &Usage, service: Option<&str>) -> Option<Quote> {
        let input_tokens = foreseen.input.unwrap_or(0);
        let second = self.hourly.as_ref().map(|hourly| hourly.highest()).or(self.list.fees.second);
        let (pieces, counted) = self.pieces(foreseen);
        let (input, output) = match self.has_token_prices() {
            true => self.worst_tokens(input_tokens, service)?,
            false => (counted || second.is_some()).then_some((0, 0))?,
        };
        let region = match &self.region {
            Some(region) => self.list.region_factor(Some(region)),
            None => self.list.highest_region_factor(),
        };
        let speed = self.list.speed_factor(service);
        let uplifted = |amount: u128| times(times(amount, speed), region);
        let charged = |amount: u128| self.markup.with_margin(self.markup.discounted(amount));
        let input = charged(uplifted(femtos(input, input_tokens)).saturating_add(pieces));
        let fixed = femtos(self.markup.margin_picousd, 1);
        let picos = |amount: u128| u64::try_from(amount.div_ceil(FEMTO)).unwrap_or(u64::MAX);
        Some(Quote {
            input: ceiling(input.saturating_add(fixed)),
            output_picousd: picos(charged(uplifted(femtos(output, 1)))),
            second_picousd: picos(charged(femtos(second.unwrap_or(0), 1))),
        })
    }

    /// The dearest price of a token of input and of output, in any size up to `input_tokens` and at any hour.
    fn worst_tokens(&self, input_tokens: u64, service: Option<&str>) -> Option<(u64, u64)> {
        let (mut input, mut output) = (0, 0);
        let sizes = self.list.sizes().filter(|size| *size < input_tokens).chain([input_tokens]);
        for size in sizes {
            for off_peak in [false, true] {
                if off_peak && self.list.off_peak.is_none() {
                    continue;
                }
                let rates = self.list.rates(service, size, off_peak);
                for kind in Kind::ALL {
                    let price = rates.price(kind)?;
                    let worst = if kind.is_input() { &mut input } else { &mut output };
                    *worst = price.max(*worst);
                }
            }
        }
        Some((input, output))
    }
}

/// Femtodollars to the next nanodollar. The few femtodollars that factors are rounded by can carry a cost, which is
/// rounded to the nearest nanodollar, no further.
fn ceiling(femtos: u128) -> Usd {
    Usd::from_nanos(i64::try_from(femtos.div_ceil(NANO)).unwrap_or(i64::MAX))
}
