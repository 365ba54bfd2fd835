//! Numbers exactly as they were written, so that no price passes through a float.

/// Most digits, and largest exponent, that are taken for a number.
const MOST_DIGITS: usize = 64;
const MOST_EXPONENT: i32 = 400;

/// A decimal number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    /// Digits in front of the point, without leading zeros.
    whole: String,
    /// Digits behind the point.
    fraction: String,
    exponent: i32,
}

impl Decimal {
    /// Reads `-1`, `0.5`, `.5`, `1.5e-07`, `1_000`, `0x1f`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        if let Some(hex) = text.strip_prefix("0x") {
            let whole = u64::from_str_radix(hex, 16).ok()?.to_string();
            return Some(Decimal { negative, whole, fraction: String::new(), exponent: 0 });
        }
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let (whole, fraction) = (digits(whole)?, digits(fraction)?);
        let size = whole.len() + fraction.len();
        let exponents = -MOST_EXPONENT..=MOST_EXPONENT;
        let whole = whole.trim_start_matches('0').to_owned();
        let fits = (1..=MOST_DIGITS).contains(&size) && exponents.contains(&exponent);
        fits.then_some(Decimal { negative, whole, fraction, exponent })
    }

    /// As JSON spells it.
    pub fn json(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let whole = if self.whole.is_empty() { "0" } else { &self.whole };
        let point = if self.fraction.is_empty() { "" } else { "." };
        let exponent = if self.exponent == 0 { String::new() } else { format!("e{}", self.exponent) };
        format!("{sign}{whole}{point}{}{exponent}", self.fraction)
    }

    /// The nearest float.
    pub fn to_f64(&self) -> f64 {
        self.json().parse().unwrap_or(f64::NAN)
    }

    /// The number if it is whole and not negative.
    pub fn to_u64(&self) -> Option<u64> {
        let (number, exact) = self.shifted(0)?;
        exact.then_some(number)
    }

    /// `10^power` times the number, rounded to the nearest whole; `None` if it is negative or too large.
    pub fn scaled(&self, power: u16) -> Option<u64> {
        self.shifted(power).map(|(number, _)| number)
    }

    /// As `scaled`, and whether nothing was rounded.
    fn shifted(&self, power: u16) -> Option<(u64, bool)> {
        let digits = format!("{}{}", self.whole, self.fraction);
        let significant = digits.trim_start_matches('0');
        if significant.is_empty() {
            return Some((0, true));
        }
        if self.negative {
            return None;
        }
        let point = self.whole.len() as i32 + self.exponent + i32::from(power);
        // Where the point is within the significant digits.
        let point = point - (digits.len() - significant.len()) as i32;
        let Ok(point) = usize::try_from(point) else {
            return Some((0, false));
        };
        let (head, tail) = significant.split_at(point.min(significant.len()));
        let number: u64 = match point.saturating_sub(significant.len()) {
            _ if head.is_empty() => 0,
            zeros if zeros <= 20 => format!("{head}{}", "0".repeat(zeros)).parse().ok()?,
            _ => return None,
        };
        let round_up = tail.bytes().next().is_some_and(|digit| digit >= b'5');
        Some((number.checked_add(round_up.into())?, tail.bytes().all(|digit| digit == b'0')))
    }
}

/// Digits with `_` between them taken out; `None` if there is anything else.
fn digits(text: &str) -> Option<String> {
    let misplaced = text.starts_with('_') || text.ends_with('_');
    let good = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    (good && !misplaced).then(|| text.replace('_', ""))
}

#[cfg(test)]
mod tests;
