//! Money: whole nanodollars, so that sums are exact and no float stands between a price and a sum.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// An amount of money in nanodollars (1e-9 USD). Arithmetic saturates: nine billion dollars are enough for anybody,
/// and an overflow must not turn a debt into a credit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(i64);

/// Nanodollars in a dollar.
const NANO: i64 = 1_000_000_000;
/// Digits of a dollar behind its point.
const DECIMALS: u32 = 9;

impl Usd {
    /// Nothing.
    pub const ZERO: Usd = Usd(0);
    /// More than anybody has.
    pub const MAX: Usd = Usd(i64::MAX);

    /// From nanodollars.
    pub const fn from_nanos(nanos: i64) -> Self {
        Usd(nanos)
    }

    /// From picodollars, rounded to the nearest nanodollar, a half up.
    pub fn from_picos(picos: u128) -> Self {
        Usd(i64::try_from((picos + 500) / 1000).unwrap_or(i64::MAX))
    }

    /// From dollars as people and JSON write them, rounded to the nearest nanodollar. `None` for what is no number.
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        // The conversion saturates, as the arithmetic does.
        dollars.is_finite().then(|| Usd((dollars * NANO as f64).round() as i64))
    }

    /// Nanodollars.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Dollars: only to be shown, or for JSON.
    pub fn dollars(self) -> f64 {
        self.0 as f64 / NANO as f64
    }

    /// Nothing instead of a debt.
    pub fn or_zero(self) -> Self {
        self.max(Usd::ZERO)
    }

    /// `count` times as much.
    pub fn times(self, count: u64) -> Self {
        Usd(self.0.saturating_mul(i64::try_from(count).unwrap_or(i64::MAX)))
    }

    /// One of `parts` equal parts, rounded down.
    pub fn part(self, parts: u32) -> Self {
        Usd(self.0 / i64::from(parts.max(1)))
    }
}

impl Add for Usd {
    type Output = Usd;
    fn add(self, other: Usd) -> Usd {
        Usd(self.0.saturating_add(other.0))
    }
}

impl Sub for Usd {
    type Output = Usd;
    fn sub(self, other: Usd) -> Usd {
        Usd(self.0.saturating_sub(other.0))
    }
}

impl Neg for Usd {
    type Output = Usd;
    fn neg(self) -> Usd {
        Usd(self.0.saturating_neg())
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Usd) {
        *self = *self + other;
    }
}

impl SubAssign for Usd {
    fn sub_assign(&mut self, other: Usd) {
        *self = *self - other;
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Usd>>(amounts: I) -> Usd {
        amounts.fold(Usd::ZERO, Add::add)
    }
}

/// Dollars in full, without trailing zeros: `0.01`, `-3`, `0.000000001`.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A sign, nineteen digits and the point, put together by hand from the end: sums are in the headers of each answer.
        let (mut text, mut at, mut left) = ([0; 21], 21, self.0.unsigned_abs());
        let mut put = |byte| {
            at -= 1;
            text[at] = byte;
        };
        for place in 0.. {
            if place == DECIMALS {
                put(b'.');
            }
            put(b'0' + (left % 10) as u8);
            left /= 10;
            if place >= DECIMALS && left == 0 {
                break;
            }
        }
        if self.0 < 0 {
            put(b'-');
        }
        let text = str::from_utf8(&text[at..]).unwrap_or_default();
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests;
