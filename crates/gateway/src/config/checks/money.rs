//! What will be paid: unknown prices, dear stand-ins, models that end.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use engine::{Group, Setup};
use policy::catalogue::Kind;
use policy::price::{Origin, Tariff};
use policy::{catalogue, nearest};
use types::ModelFacts;

use crate::config::fallbacks::{Chain, EVERY};
use crate::config::models::Row;
use crate::config::report::Notes;

/// How many times dearer a stand-in must be to be mentioned.
const DEAR: u64 = 5;
/// How many days ahead the end of a model is announced.
const AHEAD: i64 = 60;

/// Models whose price nobody knows: what they cost cannot be told, and keys with a budget cannot call them. And those
/// of the operator's own that count as free because nobody said what they cost.
pub fn prices(rows: &[Row], notes: &mut Notes) {
    let mut listed: HashMap<&str, Vec<&str>> = HashMap::new();
    for row in rows.iter().filter(|row| row.deployment.canned.is_none()) {
        let deployment = &row.deployment;
        let path = format!("{}.litellm_params.model", row.path);
        let state = "state input_cost_per_token and output_cost_per_token in model_info";
        let tariff = deployment.tariff(&deployment.model);
        match tariff.origin {
            Origin::Own if providers::find(deployment.provider).is_none_or(|provider| !provider.local) => continue,
            Origin::Own => {
                let message = format!("calls of {} are counted as $0", deployment.name);
                notes.mention(row.place, &path, message, "declare model_info.hardware, or prices");
                continue;
            }
            Origin::Unknown if deployment.model.contains('*') => continue,
            Origin::Unknown => {}
            _ => {
                half_known(row, &tariff, notes);
                continue;
            }
        }
        if is_private(row) {
            let message = format!("the price of {} is not known: keys with a budget cannot call it", deployment.name);
            notes.mention(row.place, &path, message, "declare model_info.hardware, or prices, which may be 0");
            continue;
        }
        let message = match row.listed {
            true => format!("the price of {} is not known", deployment.name),
            false => format!(
                "{} is not in the catalogue (misspelt, brand-new, or gone): its price and limits are not known",
                deployment.name
            ),
        };
        let models =
            listed.entry(deployment.provider).or_insert_with(|| catalogue::models_of(deployment.provider).collect());
        let near = nearest(&deployment.model, models.iter().copied()).filter(|_| !row.listed);
        let remedy = near.map_or(state.to_owned(), |near| format!("did you mean {near}? otherwise {state}"));
        notes.warn(row.place, &path, message, remedy);
    }
}

/// Prices that lack the half that most calls need.
fn half_known(row: &Row, tariff: &Tariff, notes: &mut Notes) {
    let known = |kind| tariff.list.base.stated(kind).is_some();
    let missing = match (known(Kind::Input), known(Kind::Output)) {
        (true, false) => "output_cost_per_token",
        (false, true) => "input_cost_per_token",
        _ => return,
    };
    let name = &row.deployment.name;
    let message = format!("{missing} of {name} is not known: calls that need it have no price");
    let remedy = format!("state {missing} in model_info, or mode: embedding if it writes nothing");
    notes.warn(row.place, &format!("{}.litellm_params.model", row.path), message, remedy);
}

/// Whether a deployment is on a server of the operator's own.
fn is_private(row: &Row) -> bool {
    let host = &*row.deployment.endpoint.host;
    match host.parse() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
        Err(_) => !host.contains('.') || OWN_DOMAINS.iter().any(|domain| host.ends_with(domain)),
    }
}

/// Ends of names that exist in no public register.
const OWN_DOMAINS: [&str; 6] = [".internal", ".invalid", ".lan", ".local", ".localhost", ".home.arpa"];

/// Stand-ins that cost many times what the group costs that they stand in for.
pub fn dearer(setup: &Setup, chains: &[Chain], notes: &mut Notes) {
    let price = |name: &str| setup.find(name).and_then(|(group, _)| span(&group));
    for chain in chains.iter().filter(|chain| chain.group != EVERY) {
        let Some((_, dearest)) = price(&chain.group).filter(|(_, dearest)| *dearest > 0) else { continue };
        for (target, place) in &chain.targets {
            if let Some((cheapest, _)) = price(target).filter(|(cheapest, _)| *cheapest / dearest >= DEAR) {
                let times = cheapest / dearest;
                let message = format!("{target} costs {times} times as much as {} (list price)", chain.group);
                notes.warn(*place, &chain.path, message, "an outage of one is a bill of the other: is that meant?");
            }
        }
    }
}

/// The lowest and highest list price in a group; `None` if one is not known.
fn span(group: &Group) -> Option<(u64, u64)> {
    let prices: Option<Vec<u64>> = group.deployments.iter().map(|deployment| price(&deployment.facts)).collect();
    let prices = prices?;
    Some((*prices.iter().min()?, *prices.iter().max()?))
}

/// One number to compare models by: a token in and a token out.
fn price(facts: &ModelFacts) -> Option<u64> {
    facts.input_picousd?.checked_add(facts.output_picousd?)
}

/// Models that the provider has switched off, or is about to.
pub fn ends(rows: &[Row], now: SystemTime, notes: &mut Notes) {
    let today = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64 / 86_400);
    for row in rows.iter().filter(|row| row.deployment.canned.is_none()) {
        let Some(date) = row.deployment.facts.deprecation_date else { continue };
        let left = days(date) - today;
        let written = format!("{:04}-{:02}-{:02}", date / 10_000, date / 100 % 100, date % 100);
        let name = &row.deployment.name;
        let message = match left {
            ..=0 => format!("{name} was switched off on {written}"),
            1 => format!("{name} will be switched off on {written}, which is tomorrow"),
            2..=AHEAD => format!("{name} will be switched off on {written}, in {left} days"),
            _ => continue,
        };
        let path = format!("{}.litellm_params.model", row.path);
        notes.warn(row.place, &path, message, "choose its successor");
    }
}

/// Days since 1970 of a date written as `YYYYMMDD` (Gregorian; years begin in March so that leap days come last).
fn days(date: u32) -> i64 {
    let (year, month, day) = (i64::from(date / 10_000), i64::from(date / 100 % 100), i64::from(date % 100));
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}
