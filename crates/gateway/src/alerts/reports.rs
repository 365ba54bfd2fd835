//! What a day and a week have cost, by team, key and model, and what failed: sent in the morning of the next one.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use serde_json::json;
use store::Directory;
use store::reports::{Activity, ActivityFilter, By, Metrics, Of, Order};
use tokio::time::timeout;
use types::Usd;

use super::alert::{Alert, Level, Table, fields};
use crate::config::{AlertKind, Alerts};
use crate::live::Live;

/// Rows of a table.
const ROWS: usize = 10;
/// Sums that are looked at to find those that failed most.
const MOST: i64 = 1_000;
/// How long the database may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the claim of a report holds, milliseconds.
const HOLDS: i64 = 8 * 86_400_000;

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A day.
    Day,
    /// A week that begins on Monday.
    Week,
}

/// Sends the reports that are due.
pub async fn look(live: &Live, alerts: &Alerts, now: i64) {
    for period in [Period::Day, Period::Week] {
        let Some(last) = due(period, now, alerts.rules.report_hour).filter(|_| alerts.wants(period.kind())) else {
            continue;
        };
        // Made before it is claimed: a database that does not answer in time leaves it to the next look.
        let name = format!("{}:{last}", period.kind().name());
        if !live.teller.may_be_told(live, &name, now).await {
            continue;
        }
        match report(live, period, last).await {
            Ok(Some(alert)) => _ = live.teller.once(live, &name, now + HOLDS, now, || alert).await,
            Ok(None) => live.teller.pass_over(&name, now + HOLDS).await,
            Err(why) => tracing::warn!("a report cannot be made: {why}"),
        }
    }
}

/// The last day of the period whose report is due.
fn due(period: Period, now: i64, hour: u8) -> Option<Date> {
    let now = TimeZone::UTC.to_datetime(Timestamp::from_millisecond(now).ok()?);
    let is_time = now.hour() >= i8::try_from(hour).unwrap_or(0);
    let yesterday = now.date().yesterday().ok()?;
    match (period, now.date().weekday()) {
        (Period::Day, _) => is_time.then_some(yesterday),
        (Period::Week, Weekday::Monday) => is_time.then_some(yesterday),
        // Whoever was down on Monday sends it on Tuesday.
        (Period::Week, Weekday::Tuesday) => yesterday.yesterday().ok(),
        _ => None,
    }
}

impl Period {
    /// The kind of alert that it is.
    pub fn kind(self) -> AlertKind {
        match self {
            Period::Day => AlertKind::Daily,
            Period::Week => AlertKind::Weekly,
        }
    }

    /// The first day of the period that ends with `last`, and the days of the one before.
    fn days(self, last: Date) -> Option<[Date; 3]> {
        let back = |date: Date, days: i32| date.checked_sub(jiff::Span::new().days(days)).ok();
        let length = if self == Period::Day { 1 } else { 7 };
        Some([back(last, length - 1)?, back(last, 2 * length - 1)?, back(last, length)?])
    }
}

/// The report of the period that ends with a day; `None` if nobody called, `Err` if the database does not say.
pub async fn report(live: &Live, period: Period, last: Date) -> Result<Option<Alert>, String> {
    let books = live.books.as_ref().ok_or("there is no database")?;
    let [first, before, before_last] = period.days(last).ok_or("there is no such day")?;
    let within = |of: Of, from: Date, to: Date| ActivityFilter {
        of,
        from: Some(from.to_string()),
        to: Some(to.to_string()),
        ..ActivityFilter::default()
    };
    let ask = async |filter: ActivityFilter, by: &[By]| {
        let sums = books.registry.store().activity(&filter, by, Order::Spend, MOST);
        timeout(PATIENCE, sums).await.map_err(|_| "the database is slow".to_owned())?.map_err(|why| why.to_string())
    };
    let sum = |sums: Vec<Activity>| sums.into_iter().next().map(|sum| sum.metrics).unwrap_or_default();
    let total = sum(ask(within(Of::Gateway, first, last), &[]).await?);
    if total.requests == 0 {
        return Ok(None);
    }
    let before = sum(ask(within(Of::Gateway, before, before_last), &[]).await?);
    let teams = ask(within(Of::Team, first, last), &[By::Id]).await?;
    let keys = ask(within(Of::Gateway, first, last), &[By::Key]).await?;
    let models = ask(within(Of::Gateway, first, last), &[By::Model]).await?;
    let directory = books.registry.read();
    Ok(Some(alert(period, [first, last], &Sums { total, before, teams, keys, models }, &directory)))
}

/// What a report is made from.
struct Sums {
    total: Metrics,
    /// Of the period before.
    before: Metrics,
    teams: Vec<Activity>,
    keys: Vec<Activity>,
    models: Vec<Activity>,
}

fn alert(period: Period, [first, last]: [Date; 2], sums: &Sums, directory: &Directory) -> Alert {
    let Sums { total, before, teams, keys, models } = sums;
    let (event, title, when) = match period {
        Period::Day => ("daily_report", format!("Report of {first}"), format!("on {first}")),
        Period::Week => ("weekly_report", format!("Report of {first} to {last}"), format!("from {first} to {last}")),
    };
    let message = format!(
        "{} spent {when} in {} requests, {} of which failed",
        money(total.spend),
        total.requests,
        total.failures
    );
    let alert = Alert::new(period.kind(), event, "gateway", Level::Note).saying(title, message);
    let mut alert = alert.knowing([
        ("Spent", Some(money(total.spend))),
        ("The time before", Some(change(total.spend, before.spend))),
        ("Requests", Some(total.requests.to_string())),
        ("Failed", Some(format!("{} ({})", total.failures, percent(total.failures, total.requests)))),
        ("Tokens", Some(total.total_tokens().to_string())),
        ("Without a known price", Some(total.unpriced.to_string()).filter(|_| total.unpriced > 0)),
    ]);
    let name = |sum: &Activity| sum.names.first().cloned().unwrap_or_default();
    let team = |sum: &Activity| {
        let id = name(sum);
        directory.teams.get(&id).and_then(|held| held.record.team_alias.clone()).unwrap_or(id)
    };
    let spent = |sums: &[Activity], name: &dyn Fn(&Activity) -> String| -> Vec<(String, String)> {
        let named = sums.iter().map(|sum| (name(sum), sum)).filter(|(name, _)| !name.is_empty());
        named
            .take(ROWS)
            .map(|(name, sum)| (name, format!("{} · {} requests", money(sum.metrics.spend), sum.metrics.requests)))
            .collect()
    };
    let mut failed: Vec<&Activity> = models.iter().filter(|sum| sum.metrics.failures > 0).collect();
    failed.sort_by_key(|sum| std::cmp::Reverse(sum.metrics.failures));
    let failed = failed.into_iter().take(ROWS).map(|sum| {
        let Metrics { failures, requests, .. } = sum.metrics;
        (name(sum), format!("{failures} of {requests} ({})", percent(failures, requests)))
    });
    let tables = [
        ("Spend by team", spent(teams, &team)),
        ("Spend by key", spent(keys, &|sum| key_name(directory, &name(sum)))),
        ("Spend by model", spent(models, &name)),
        ("Errors by model", failed.collect()),
    ];
    let filled = tables.into_iter().filter(|(_, rows)| !rows.is_empty());
    alert.tables = filled.map(|(title, rows)| Table { title, rows }).collect();
    let rows = |sums: &[Activity], what: &str, name: &dyn Fn(&Activity) -> String| {
        let row = |sum: &Activity| {
            json!({ what: name(sum), "spend": sum.metrics.spend.dollars(), "requests": sum.metrics.requests,
            "failures": sum.metrics.failures, "total_tokens": sum.metrics.total_tokens() })
        };
        sums.iter().filter(|sum| !name(sum).is_empty()).take(ROWS).map(row).collect::<Vec<_>>()
    };
    alert.fields = fields(json!({
        "start_date": first.to_string(),
        "end_date": last.to_string(),
        "spend": total.spend.dollars(),
        "spend_before": before.spend.dollars(),
        "requests": total.requests,
        "failures": total.failures,
        "total_tokens": total.total_tokens(),
        "teams": rows(teams, "team", &team),
        "keys": rows(keys, "key", &|sum| key_name(directory, &name(sum))),
        "models": rows(models, "model", &name),
    }));
    alert
}

/// How people know a key: by its alias, otherwise by the beginning of its hash.
fn key_name(directory: &Directory, counted: &str) -> String {
    let of = |key: &store::records::Key| key.key_alias.clone();
    let key = directory.keys.get(counted).map(|held| &held.record);
    let rotated =
        || directory.keys.values().map(|held| &held.record).find(|key| key.counted_as.as_deref() == Some(counted));
    let alias = key.or_else(rotated).and_then(|key| of(key));
    alias.unwrap_or_else(|| match counted.char_indices().nth(8).filter(|_| counted.len() > 40) {
        Some((end, _)) => format!("{}…", &counted[..end]),
        None => counted.to_owned(),
    })
}

fn money(amount: Usd) -> String {
    let dollars = amount.dollars();
    if dollars != 0.0 && dollars.abs() < 0.01 { format!("${dollars:.6}") } else { format!("${dollars:.2}") }
}

fn percent(part: i64, whole: i64) -> String {
    format!("{:.1}%", part as f64 * 100.0 / whole.max(1) as f64)
}

/// How much it was the time before, and what became of it.
fn change(now: Usd, before: Usd) -> String {
    match before.dollars() {
        0.0 => "nothing".to_owned(),
        then => format!("{} ({:+.0}%)", money(before), (now.dollars() - then) * 100.0 / then),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn a_report_is_due_in_the_morning_after() {
        let check = |period, now: &str, expected: Option<&str>| {
            assert_eq!(due(period, at(now), 6).map(|day| day.to_string()).as_deref(), expected, "{period:?} {now}");
        };
        check(Period::Day, "2026-11-28T05:59:59Z", None);
        check(Period::Day, "2026-11-28T06:00:00Z", Some("2026-11-27"));
        check(Period::Day, "2027-01-01T23:00:00Z", Some("2026-12-31"));
        // The 23rd is a Monday.
        check(Period::Week, "2026-11-23T05:00:00Z", None);
        check(Period::Week, "2026-11-23T06:00:00Z", Some("2026-11-22"));
        check(Period::Week, "2026-11-24T00:00:00Z", Some("2026-11-22"));
        check(Period::Week, "2026-11-25T12:00:00Z", None);
    }

    #[test]
    fn a_period_knows_its_days_and_those_before() {
        let days = |period: Period| period.days("2026-11-22".parse().unwrap()).unwrap().map(|day| day.to_string());
        assert_eq!(days(Period::Day), ["2026-11-22", "2026-11-21", "2026-11-21"]);
        assert_eq!(days(Period::Week), ["2026-11-16", "2026-11-09", "2026-11-15"]);
    }

    #[test]
    fn a_report_says_who_spent_what_and_what_failed() {
        let sum = |name: &str, dollars: f64, requests, failures| Activity {
            names: vec![name.to_owned()],
            metrics: Metrics { spend: Usd::from_dollars(dollars).unwrap(), requests, failures, ..Metrics::default() },
        };
        let key = "a".repeat(64);
        let sums = Sums {
            total: sum("", 12.5, 100, 4).metrics,
            before: sum("", 10.0, 90, 0).metrics,
            teams: vec![sum("", 2.5, 10, 0), sum("red", 10.0, 90, 4)],
            keys: vec![sum(&key, 12.5, 100, 4)],
            models: vec![sum("openai/gpt", 12.0, 60, 1), sum("mock/demo", 0.5, 40, 3)],
        };
        let day: Date = "2026-11-27".parse().unwrap();
        let alert = alert(Period::Day, [day, day], &sums, &Directory::default());
        assert_eq!(alert.message, "$12.50 spent on 2026-11-27 in 100 requests, 4 of which failed");
        assert!(alert.facts.contains(&("The time before", "$10.00 (+25%)".to_owned())), "{:?}", alert.facts);
        let table = |title: &str| &alert.tables.iter().find(|table| table.title == title).unwrap().rows;
        assert_eq!(*table("Spend by team"), [("red".to_owned(), "$10.00 · 90 requests".to_owned())]);
        assert_eq!(table("Spend by key")[0].0, "aaaaaaaa…", "no whole hash");
        assert_eq!(table("Errors by model")[0], ("mock/demo".to_owned(), "3 of 40 (7.5%)".to_owned()));
        assert_eq!(alert.for_programs()["models"][0]["spend"], 12.0);
    }
}
