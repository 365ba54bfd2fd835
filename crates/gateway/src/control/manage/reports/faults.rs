//! How often providers said that they are asked too much, in the incumbent's shapes.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::reports::{FaultFilter, Faults};

use super::super::form::{Field, Reads, Takes, required};
use super::super::refusal::Result;
use super::super::visit::{Answer, Visit, answer};
use super::{DATES, MOST, days, must_see_all};

/// The status of the faults that are asked about.
const TOO_MANY: u16 = 429;
/// Most addresses that are shown, as at the incumbent.
const MOST_ADDRESSES: usize = 10;

const GROUP: &[Field] = &[required("model_group", Takes::Text)];

/// `GET /global/activity/exceptions`: by day.
pub async fn exceptions(visit: Visit) -> Answer {
    let faults = found(&visit).await?;
    let mut days = BTreeMap::<&str, i64>::new();
    for fault in &faults {
        *days.entry(&fault.day).or_default() += fault.count;
    }
    answer(shown(days.into_iter()))
}

/// `GET /global/activity/exceptions/deployment`: the same by address, the one with most faults first.
pub async fn exceptions_by_deployment(visit: Visit) -> Answer {
    let faults = found(&visit).await?;
    let mut addresses = BTreeMap::<&str, Vec<(&str, i64)>>::new();
    for fault in &faults {
        addresses.entry(&fault.api_base).or_default().push((&fault.day, fault.count));
    }
    let of = |(address, days): (&str, Vec<(&str, i64)>)| {
        let mut shown = shown(days.into_iter());
        shown["api_base"] = address.into();
        shown
    };
    let mut all: Vec<Value> = addresses.into_iter().map(of).collect();
    all.sort_by_key(|shown| std::cmp::Reverse(shown["sum_num_rate_limit_exceptions"].as_i64()));
    all.truncate(MOST_ADDRESSES);
    answer(Value::Array(all))
}

/// What reports of faults read.
pub const EXCEPTIONS_FORM: Reads = Reads::Query(&[GROUP, DATES]);

async fn found(visit: &Visit) -> Result<Vec<Faults>> {
    let form = visit.form()?;
    must_see_all(visit)?;
    let (from, to) = days(&form)?;
    let model_group = form.text("model_group").unwrap_or_default().to_owned();
    let filter = FaultFilter { model_group, status: TOO_MANY, from, to };
    Ok(visit.store().faults(&filter, MOST).await?)
}

fn shown<'a>(days: impl Iterator<Item = (&'a str, i64)>) -> Value {
    let (mut daily, mut all) = (Vec::new(), 0i64);
    for (day, count) in days {
        daily.push(json!({ "date": day, "num_rate_limit_exceptions": count }));
        all = all.saturating_add(count);
    }
    json!({ "daily_data": daily, "sum_num_rate_limit_exceptions": all })
}
