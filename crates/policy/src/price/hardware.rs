//! What a second on the operator's own hardware costs: its price over its lifetime, and its electricity, as measured or
//! as declared.

use super::Hourly;
use crate::catalogue::ONE;
use jiff::tz::TimeZone;

/// Seconds in a year of 365.25 days.
const YEAR: u128 = 31_557_600;
/// Watt-seconds in a kilowatt-hour.
const KWH: u128 = 3_600_000;

/// Hardware that a deployment runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hardware {
    /// What it cost, picodollars.
    pub purchase_picousd: u64,
    /// How long it is used, in millionths of a year.
    pub lifetime_ppm: u64,
    /// Share of the time in which it works on calls, parts per million.
    pub utilization_ppm: u32,
    /// Power while it works, milliwatts.
    pub milliwatts: u64,
    /// Power while it waits, milliwatts.
    pub idle_milliwatts: u64,
    /// What it takes at work beside what is measured, milliwatts: processor, memory, fans.
    pub base_milliwatts: u64,
    /// Power drawn from the grid for each unit that the hardware takes, parts per million.
    pub pue_ppm: u32,
    /// How many calls it works on at a time, in millionths.
    pub parallel_ppm: u64,
    /// A kilowatt-hour by the hour of the day, picodollars.
    pub kwh_picousd: [u64; 24],
    /// Whose hours.
    pub zone: TimeZone,
}

impl Hardware {
    /// The price of a second of an attempt. Calls pay for the time in which nobody calls, too: all of the purchase, and
    /// the electricity of waiting at the average price of the day. `None` if a number is zero that must not be.
    pub fn hourly(&self) -> Option<Hourly> {
        let mut picousd = [0; 24];
        for (second, kwh) in picousd.iter_mut().zip(self.kwh_picousd) {
            *second = self.second(self.milliwatts, kwh)?;
        }
        Some(Hourly { picousd, hardware: self.clone() })
    }

    /// What it takes at work while so much is measured, or as declared, milliwatts.
    pub(super) fn power(&self, measured: Option<u64>) -> u64 {
        measured.map_or(self.milliwatts, |measured| measured.saturating_add(self.base_milliwatts))
    }

    /// The energy that a call takes which lasts so long, its share of what all at a time take, millijoules.
    pub(super) fn energy(&self, measured: Option<u64>, lasted_ms: u64) -> u64 {
        let all = u128::from(self.power(measured)) * u128::from(lasted_ms) / 1000;
        let share = all.saturating_mul(ONE.into()) / u128::from(self.parallel_ppm.max(1));
        u64::try_from(share).unwrap_or(u64::MAX)
    }

    /// The price of a second while it takes so much at work, and a kilowatt-hour costs so much.
    pub(super) fn second(&self, milliwatts: u64, kwh_picousd: u64) -> Option<u64> {
        let one = u128::from(ONE);
        let busy = Some(u128::from(self.utilization_ppm)).filter(|busy| (1..=one).contains(busy))?;
        let parallel = Some(u128::from(self.parallel_ppm)).filter(|parallel| *parallel > 0)?;
        let lifetime = Some(u128::from(self.lifetime_ppm)).filter(|lifetime| *lifetime > 0)?;
        // All in millionths of a picodollar, so that there is one rounding.
        let purchase = (u128::from(self.purchase_picousd) * one * one).saturating_mul(one) / (YEAR * lifetime * busy);
        let mean = self.kwh_picousd.iter().map(|price| u128::from(*price)).sum::<u128>() / 24;
        let energy = |milliwatts: u64, kwh: u128| {
            (u128::from(milliwatts) * u128::from(self.pue_ppm)).saturating_mul(kwh) / (KWH * 1000)
        };
        let idle = energy(self.idle_milliwatts, mean).saturating_mul(one - busy) / busy;
        let all = purchase.saturating_add(idle).saturating_add(energy(milliwatts, kwh_picousd.into()));
        Some(u64::try_from(all.saturating_add(parallel / 2) / parallel).unwrap_or(u64::MAX))
    }
}
