//! Prices as the catalogue's text has them. What cannot be read stays unknown.

use jiff::tz::{Offset, TimeZone};

use super::{Factor, Fees, Hours, Kind, OffPeak, PriceList, Rates, Rule, Variant};

/// Kinds of tokens that are named in the last column.
const KINDS: [(&str, Kind); 6] = [
    ("reasoning", Kind::Reasoning),
    ("audio_input", Kind::AudioInput),
    ("audio_output", Kind::AudioOutput),
    ("image_input", Kind::ImageInput),
    ("image_output", Kind::ImageOutput),
    ("audio_cache_read", Kind::AudioCacheRead),
];

impl PriceList {
    /// Reads the five price columns and the column of rarer prices: see `tools/catalogue.py`.
    pub(in crate::catalogue) fn read(columns: &[&str], more: &str) -> Self {
        let mut base = rates(columns.iter().copied());
        let (mut variants, mut fees, mut factors) = (Vec::new(), Fees::default(), Vec::new());
        let mut off_peak = None;
        for (name, value) in more.split(' ').filter_map(|item| item.split_once('=')) {
            if let Some(factor) = value.strip_prefix('*') {
                factors.extend(ppm(factor).map(|ppm| Factor { name: name.to_owned(), ppm }));
            } else if let Some(hours) = name.strip_prefix("offpeak@") {
                off_peak = read_hours(hours).map(|hours| OffPeak { hours, rates: rates(value.split(',')) });
            } else if let Some((_, kind)) = KINDS.iter().find(|(known, _)| *known == name) {
                base.set(*kind, value.parse().ok());
            } else if let Some(fee) = fee(&mut fees, name) {
                *fee = value.parse().ok();
            } else if name == "web_search" {
                fees.web_search = searches(value);
            } else {
                variants.push(variant(name, value));
            }
        }
        PriceList { off_peak, factors, ..PriceList::new(base, variants, fees) }
    }
}

fn rates<'a>(prices: impl Iterator<Item = &'a str>) -> Rates {
    let known = Kind::ALL.into_iter().zip(prices).filter_map(|(kind, price)| Some((kind, price.parse().ok()?)));
    Rates::of(known)
}

fn fee<'f>(fees: &'f mut Fees, name: &str) -> Option<&'f mut Option<u64>> {
    Some(match name {
        "request" => &mut fees.request,
        "second" => &mut fees.second,
        "audio_second" => &mut fees.audio_second,
        "character" => &mut fees.character,
        "image_read" => &mut fees.image_read,
        "image_made" => &mut fees.image_made,
        "pixel" => &mut fees.pixel,
        "query" => &mut fees.query,
        _ => return None,
    })
}

/// One price, or one for each size of the context.
fn searches(text: &str) -> Option<[u64; 3]> {
    let prices: Vec<u64> = text.split('/').map(|price| price.parse().ok()).collect::<Option<_>>()?;
    match prices[..] {
        [one] => Some([one; 3]),
        _ => prices.try_into().ok(),
    }
}

fn variant(condition: &str, prices: &str) -> Variant {
    let (service, above) = condition.split_once('>').unwrap_or((condition, "0"));
    Variant {
        service: service.to_owned(),
        above_input_tokens: above.parse().unwrap_or(u64::MAX),
        rates: rates(prices.split(',')),
    }
}

/// `DAYS/HH:MM-HH:MM,...;DAYS/...+MINUTES`.
fn read_hours(text: &str) -> Option<Hours> {
    let (rules, east) = text.split_once('+').unwrap_or((text, "0"));
    let offset = Offset::from_seconds(east.parse::<i32>().ok()? * 60).ok()?;
    let mut hours = Hours { rules: Vec::new(), calendar: TimeZone::fixed(offset) };
    for rule in rules.split(';') {
        let (days, windows) = rule.split_once('/')?;
        let (first, last) = days.split_once('-')?;
        let (first, last): (u8, u8) = (first.parse().ok()?, last.parse().ok()?);
        let days = (1..=7).filter(|day| (first..=last).contains(day)).fold(0, |days, day: u8| days | 1 << (day - 1));
        for window in windows.split(',') {
            hours.rules.push(Rule::parse(window, days)?);
        }
    }
    Some(hours)
}

/// A factor such as `1.1` in parts per million.
fn ppm(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.get(..6).unwrap_or(fraction);
    format!("{whole}{fraction:0<6}").parse().ok()
}
