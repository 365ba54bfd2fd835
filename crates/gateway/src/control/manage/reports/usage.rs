//! `GET /usage`: sums by whatever one wants to compare, with the days or without, in rows: what the UI draws. Who sees
//! what is decided as for the daily reports.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use store::Directory;
use store::reports::{Activity, ActivityFilter, By, Metrics, Of, Order, activity_csv};
use types::Usd;

use super::super::form::{Field, Reads, Takes, optional};
use super::super::refusal;
use super::super::visit::{Answer, Visit, answer_as, answer_csv};
use super::daily::filter;
use super::{DATES, MOST, bare, key_of};

/// What can be compared: its name, whose activity that is, and the column of it.
const COMPARED: [(&str, Of, Option<By>); 11] = [
    ("all", Of::User, None),
    ("model_group", Of::User, Some(By::ModelGroup)),
    ("model", Of::User, Some(By::Model)),
    ("provider", Of::User, Some(By::Provider)),
    ("call_type", Of::User, Some(By::CallType)),
    ("key", Of::User, Some(By::Key)),
    ("user", Of::User, Some(By::Id)),
    ("team", Of::Team, Some(By::Id)),
    ("organization", Of::Organization, Some(By::Id)),
    ("customer", Of::Customer, Some(By::Id)),
    ("tag", Of::Tag, Some(By::Id)),
];

const NAMES: &[&str] =
    &["all", "model_group", "model", "provider", "call_type", "key", "user", "team", "organization", "customer", "tag"];

/// By what some are the largest.
const MEASURES: &[&str] = &["spend", "requests", "tokens", "errors"];

const FIELDS: &[Field] = &[
    optional("by", Takes::OneOf(NAMES)),
    optional("days", Takes::Flag),
    optional("model", Takes::Text),
    optional("api_key", Takes::Text),
    optional("user_id", Takes::Text),
    optional("team_ids", Takes::Text),
    optional("organization_ids", Takes::Text),
    optional("end_user_ids", Takes::Text),
    optional("tags", Takes::Text),
    optional("largest", Takes::Count),
    optional("measure", Takes::OneOf(MEASURES)),
    optional("format", Takes::OneOf(&["json", "csv"])),
];

/// What `usage` reads.
pub const USAGE_FORM: Reads = Reads::Query(&[FIELDS, DATES]);

/// `GET /usage`
pub async fn usage(visit: Visit) -> Answer {
    let form = visit.form()?;
    let by = form.text("by").unwrap_or("all");
    let (_, of, column) = COMPARED.into_iter().find(|(name, ..)| *name == by).unwrap_or(COMPARED[0]);
    let mut filter = filter(&visit, of, &form)?;
    // The daily reports take everybody's together for the gateway's; here users are told apart.
    if by == "user" {
        filter.of = Of::User;
    }
    let days = form.flag("days") == Some(true);
    let columns: Vec<By> = days.then_some(By::Day).into_iter().chain(column).collect();
    let order = if days { Order::Names } else { Order::Spend };
    let most = form.count("largest").filter(|_| days && column.is_some());
    let largest = match (most, column) {
        (Some(most), Some(column)) => {
            let measure = form.text("measure").unwrap_or(MEASURES[0]);
            Some(Largest::find(&visit, &filter, column, measure, usize::try_from(most).unwrap_or(usize::MAX)).await?)
        }
        _ => None,
    };
    let named = largest.as_ref().map(|largest| largest.names.clone());
    let shown = ActivityFilter { named, ..filter.clone() };
    let sums = visit.store().activity(&shown, &columns, order, MOST).await?;
    if form.text("format") == Some("csv") {
        return answer_csv(activity_csv(&columns, &sums));
    }
    let rest = match &largest {
        Some(largest) => largest.others_of(&visit, &filter, &sums).await?,
        None => Vec::new(),
    };
    let others = match largest {
        Some(largest) => Some(Others { count: largest.others, rows: rows(&rest, "all", true, &visit)? }),
        None => None,
    };
    let complete = (sums.len() as i64) < MOST;
    answer_as(&Told { by, rows: rows(&sums, by, days, &visit)?, complete, others })
}

/// The answer. A year by day has thousands of rows, which are written as they are.
#[derive(Serialize)]
struct Told<'a> {
    by: &'a str,
    rows: Vec<Row<'a>>,
    /// Whether these are all.
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    others: Option<Others<'a>>,
}

/// What each day has beside the largest.
#[derive(Serialize)]
struct Others<'a> {
    count: usize,
    rows: Vec<Row<'a>>,
}

/// A sum, what it is of, and what people call that.
struct Row<'a> {
    day: Option<&'a str>,
    name: &'a str,
    label: Option<String>,
    metrics: &'a Metrics,
}

/// One of the sums.
type Count = fn(&Metrics) -> i64;

/// What is counted, in the words of the management API.
const COUNTS: [(&str, Count); 13] = [
    ("unpriced", |sum| sum.unpriced),
    ("requests", |sum| sum.requests),
    ("successes", |sum| sum.successes),
    ("failures", |sum| sum.failures),
    ("cache_hits", |sum| sum.cache_hits),
    ("prompt_tokens", |sum| sum.prompt_tokens),
    ("completion_tokens", |sum| sum.completion_tokens),
    ("cache_read_tokens", |sum| sum.cache_read_tokens),
    ("reasoning_tokens", |sum| sum.reasoning_tokens),
    ("timed", |sum| sum.timed),
    ("duration_ms", |sum| sum.duration_ms),
    ("first_tokens", |sum| sum.first_tokens),
    ("first_token_ms", |sum| sum.first_token_ms),
];

/// What was not spent.
const SAVINGS: [(&str, Count); 2] =
    [("cache_savings", |sum| sum.cache_savings), ("local_savings", |sum| sum.local_savings)];

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("day", &self.day)?;
        map.serialize_entry("name", self.name)?;
        map.serialize_entry("label", &self.label)?;
        map.serialize_entry("spend", &self.metrics.spend.dollars())?;
        for (name, nanos) in SAVINGS {
            map.serialize_entry(name, &Usd::from_nanos(nanos(self.metrics)).dollars())?;
        }
        COUNTS.iter().try_for_each(|(name, count)| map.serialize_entry(name, &count(self.metrics)))?;
        map.end()
    }
}

fn rows<'a>(sums: &'a [Activity], by: &str, days: bool, visit: &Visit) -> refusal::Result<Vec<Row<'a>>> {
    let row = |sum: &'a Activity, directory: &Directory| {
        let mut names = sum.names.iter().map(String::as_str);
        let day = if days { names.next() } else { None };
        let name = names.next().unwrap_or_default();
        Row { day, name, label: label(by, name, directory), metrics: &sum.metrics }
    };
    visit.read(|directory| Ok(sums.iter().map(|sum| row(sum, directory)).collect()))
}

/// Those that are told apart by day: a chart shows some, and the others as one.
struct Largest {
    names: Vec<String>,
    /// How many others there are.
    others: usize,
}

impl Largest {
    /// The `most` largest by a measure.
    async fn find(
        visit: &Visit,
        filter: &ActivityFilter,
        column: By,
        measure: &str,
        most: usize,
    ) -> refusal::Result<Self> {
        let mut sums = visit.store().activity(filter, &[column], Order::Spend, MOST).await?;
        let size = |metrics: &Metrics| match measure {
            "requests" => metrics.requests,
            "tokens" => metrics.total_tokens(),
            "errors" => metrics.failures,
            _ => metrics.spend.nanos(),
        };
        sums.retain(|sum| size(&sum.metrics) > 0);
        sums.sort_by_key(|sum| Reverse(size(&sum.metrics)));
        let others = sums.len().saturating_sub(most);
        Ok(Largest { names: sums.into_iter().take(most).flat_map(|sum| sum.names).collect(), others })
    }

    /// What each day has beside what is `shown`.
    async fn others_of(
        &self,
        visit: &Visit,
        filter: &ActivityFilter,
        shown: &[Activity],
    ) -> refusal::Result<Vec<Activity>> {
        if self.others == 0 {
            return Ok(Vec::new());
        }
        let mut of_days: BTreeMap<&str, Metrics> = BTreeMap::new();
        for sum in shown {
            of_days.entry(sum.names.first().map_or("", String::as_str)).or_default().add(&sum.metrics);
        }
        let mut days = visit.store().activity(filter, &[By::Day], Order::Names, MOST).await?;
        for Activity { names, metrics } in &mut days {
            if let Some(shown) = names.first().and_then(|day| of_days.get(&**day)) {
                *metrics = metrics.without(shown);
            }
        }
        Ok(days)
    }
}

/// What people call it, where that is not its name.
fn label(by: &str, name: &str, directory: &Directory) -> Option<String> {
    match by {
        "model" => Some(bare(name).to_owned()).filter(|bare| bare != name),
        "key" => match name.split_once(':') {
            Some(("session", user)) => Some(format!("{user} in the browser")),
            _ => key_of(directory, name).map(|key| key.key_alias.clone().unwrap_or_else(|| key.key_name.clone())),
        },
        "user" => {
            let user = &directory.users.get(name)?.record;
            user.user_alias.clone().or_else(|| user.user_email.clone())
        }
        "team" => directory.teams.get(name)?.record.team_alias.clone(),
        "organization" => directory.organizations.get(name)?.record.organization_alias.clone(),
        "customer" => directory.customers.get(name)?.record.alias.clone(),
        _ => None,
    }
}
