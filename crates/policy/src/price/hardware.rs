//! What a second on the operator's own hardware costs: its price over its lifetime, and its electricity.

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
        let second = |kwh: u64| {
            let all = purchase.saturating_add(idle).saturating_add(energy(self.milliwatts, kwh.into()));
            u64::try_from(all.saturating_add(parallel / 2) / parallel).unwrap_or(u64::MAX)
        };
        Some(Hourly { zone: self.zone.clone(), picousd: self.kwh_picousd.map(second) })
    }
}
