//! `model_info.hardware`: what the machine costs that a deployment runs on.

use jiff::tz::TimeZone;
use policy::price::{Hardware, Hourly};

use super::fields::{PICO, PPM};
use crate::config::keys::HARDWARE;
use crate::config::report::Notes;
use crate::config::section::Section;
use crate::config::tree::{Node, Value};
use types::Decimal;

/// Milliwatts in a watt, as a power of ten.
const MILLI: u16 = 3;
/// What a number is that nobody states, where that is one.
const ONE: u64 = 1_000_000;
/// Most calls that a machine works on at a time, and longest life in years: beyond it, somebody mistook the unit.
const MOST: u64 = 10_000 * ONE;

/// Reads `node`; what is wrong is noted.
pub fn read(node: Option<&Node>, path: &str, notes: &mut Notes) -> Option<Box<Hourly>> {
    let section = Section::read(Some(node?), path, &HARDWARE, notes);
    let before = notes.failed();
    let number = |name: &str, power: u16| section.decimal(name).and_then(|number| number.scaled(power));
    for name in ["purchase_price", "lifetime_years", "utilization", "watts"] {
        if section.decimal(name).is_none() {
            section.missing(name, example(name), notes);
        }
    }
    let kwh_picousd = tariff(&section, notes)?;
    let zone = zone(&section, notes)?;
    let hardware = Hardware {
        purchase_picousd: number("purchase_price", PICO)?,
        lifetime_ppm: number("lifetime_years", PPM)?,
        utilization_ppm: u32::try_from(number("utilization", PPM)?).unwrap_or(u32::MAX),
        milliwatts: number("watts", MILLI)?,
        idle_milliwatts: number("idle_watts", MILLI).unwrap_or(0),
        base_milliwatts: number("base_watts", MILLI).unwrap_or(0),
        pue_ppm: u32::try_from(number("pue", PPM).unwrap_or(ONE)).unwrap_or(u32::MAX),
        parallel_ppm: number("parallel", PPM).unwrap_or(ONE),
        kwh_picousd,
        zone,
    };
    let sane = hardware.lifetime_ppm <= MOST && hardware.parallel_ppm <= MOST && hardware.pue_ppm >= ONE as u32;
    let hourly = hardware.hourly().filter(|_| sane);
    if hourly.is_none() && notes.failed() == before {
        let message = "no price per second comes of these numbers";
        let remedy =
            "utilization is a share such as 0.3; lifetime_years and parallel are above zero; pue is at least 1";
        notes.error(section.place, path, message, remedy);
    }
    hourly.map(Box::new)
}

fn example(name: &str) -> &'static str {
    match name {
        "purchase_price" => "purchase_price: 2400",
        "lifetime_years" => "lifetime_years: 4",
        "utilization" => "utilization: 0.25",
        _ => "watts: 450",
    }
}

fn zone(section: &Section, notes: &mut Notes) -> Option<TimeZone> {
    let Some(name) = section.text("timezone") else { return Some(TimeZone::UTC) };
    let zone = TimeZone::get(name).ok();
    if zone.is_none() {
        let message = format!("no time zone is called {name:?}");
        notes.error(section.place("timezone"), &section.at("timezone"), message, "write e.g. timezone: Europe/Berlin");
    }
    zone
}

/// A kilowatt-hour by the hour of the day: `tariff_per_kwh`, and over it `tariff: [{hours: 22-6, per_kwh: 0.2}]`.
fn tariff(section: &Section, notes: &mut Notes) -> Option<[u64; 24]> {
    let flat = section.decimal("tariff_per_kwh").and_then(|price: Decimal| price.scaled(PICO));
    let mut hours = [flat; 24];
    let mut stated = [false; 24];
    let path = section.at("tariff");
    let items = match section.node("tariff").map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    for (index, item) in items.iter().enumerate() {
        let at = format!("{path}[{index}]");
        let text = |name: &str| item.get(name).and_then(crate::config::section::scalar);
        let span = text("hours").and_then(|hours| span(&hours.text));
        let price = text("per_kwh").and_then(|price| price.decimal()?.scaled(PICO));
        let (Some((first, last)), Some(price)) = (span, price) else {
            notes.error(item.place, &at, "expected hours and their price", "write e.g. {hours: 22-6, per_kwh: 0.2}");
            return None;
        };
        let mut hour = first;
        loop {
            if std::mem::replace(&mut stated[hour], true) {
                notes.error(item.place, &at, format!("hour {hour} has two prices"), "let the hours follow each other");
                return None;
            }
            hours[hour] = Some(price);
            hour = (hour + 1) % 24;
            if hour == last % 24 {
                break;
            }
        }
    }
    if let Some(hour) = hours.iter().position(Option::is_none) {
        let message = match items.is_empty() {
            true => "the price of electricity is missing".to_owned(),
            false => format!("electricity has no price at hour {hour}"),
        };
        notes.error(
            section.place,
            &path,
            message,
            "write tariff_per_kwh for all hours that have no price of their own",
        );
        return None;
    }
    Some(hours.map(Option::unwrap_or_default))
}

/// `22-6` or `22:00-06:00`: the first hour, and the first one behind them.
fn span(text: &str) -> Option<(usize, usize)> {
    let hour = |text: &str, most: usize| {
        let text = text.trim();
        text.strip_suffix(":00").unwrap_or(text).parse().ok().filter(|hour| *hour <= most)
    };
    let (first, last) = text.split_once('-')?;
    Some((hour(first, 23)?, hour(last, 24)?))
}

#[cfg(test)]
mod tests;
