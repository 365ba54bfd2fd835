//! Days, and what they consist of.

use std::collections::BTreeMap;

use super::Metrics;
use super::activity::{self, Activity, ActivityFilter, By, Order};
use crate::Result;
use crate::db::Db;

/// Most parts of a day that are told apart: those that cost most. The day's own sums are of all of them.
const MOST_PARTS: i64 = 20_000;
/// Most days that are listed: ten years.
const MOST_DAYS: i64 = 3660;

/// Days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Daily {
    /// One page of them, the newest first.
    pub days: Vec<DayActivity>,
    /// How many there are in all.
    pub all: usize,
    /// The sums of all of them.
    pub total: Metrics,
}

/// A day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayActivity {
    /// `2026-11-28`, in UTC.
    pub day: String,
    /// Its sums.
    pub metrics: Metrics,
    /// What they consist of.
    pub breakdown: Breakdown,
}

/// The same sums, told apart in several ways.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breakdown {
    /// By model, as `provider/model`.
    pub models: Parts,
    /// By the name that was asked for.
    pub model_groups: Parts,
    /// By provider.
    pub providers: Parts,
    /// By kind of call.
    pub call_types: Parts,
    /// By key.
    pub keys: Parts,
    /// By user, team, or whatever was asked about.
    pub entities: Parts,
}

/// Parts by name.
pub type Parts = BTreeMap<String, Part>;

/// A part of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Its sums.
    pub metrics: Metrics,
    /// The same by key.
    pub keys: BTreeMap<String, Metrics>,
}

/// How parts are told apart.
const PARTS: [By; 6] = [By::Model, By::ModelGroup, By::Provider, By::CallType, By::Key, By::Id];

/// `most` days behind the first `skip`.
pub(super) async fn report(db: &Db, filter: &ActivityFilter, skip: usize, most: usize) -> Result<Daily> {
    let totals = activity::list(db, filter, &[], Order::Names, 1).await?;
    let all = activity::list(db, filter, &[By::Day], Order::NamesDown, MOST_DAYS).await?;
    let mut daily = Daily { days: Vec::new(), all: all.len(), total: Metrics::default() };
    totals.iter().for_each(|total| daily.total.add(&total.metrics));
    for Activity { mut names, metrics } in all.into_iter().skip(skip).take(most) {
        let day = names.pop().unwrap_or_default();
        let one = ActivityFilter { from: Some(day.clone()), to: Some(day.clone()), ..filter.clone() };
        let parts = activity::list(db, &one, &PARTS, Order::Spend, MOST_PARTS).await?;
        let mut breakdown = Breakdown::default();
        parts.iter().for_each(|part| breakdown.add(part));
        daily.days.push(DayActivity { day, metrics, breakdown });
    }
    Ok(daily)
}

impl Breakdown {
    fn add(&mut self, activity: &Activity) {
        let [model, model_group, provider, call_type, key, id] = &activity.names[..] else { return };
        let parts = [
            (&mut self.models, model),
            (&mut self.model_groups, model_group),
            (&mut self.providers, provider),
            (&mut self.call_types, call_type),
            (&mut self.keys, key),
            (&mut self.entities, id),
        ];
        for (parts, name) in parts {
            let part = parts.entry(name.clone()).or_default();
            part.metrics.add(&activity.metrics);
            part.keys.entry(key.clone()).or_default().add(&activity.metrics);
        }
    }
}
