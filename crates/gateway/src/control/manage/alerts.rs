//! Alerts: which channels there are and what arrived there last, trying one out, and sending a report now. Under the
//! incumbent's paths where it has one.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::form::{Field, Reads, Takes, optional, required};
use super::moment;
use super::refusal::{Refusal, Result};
use super::rights::{Wish, may};
use super::visit::{Answer, Visit, answer};
use crate::alerts::{reports, trial};
use crate::config::{AlertKind, Alerts, Target};

/// How channels are called, and the incumbent's other name for one.
const SERVICES: [&str; 6] = ["slack", "discord", "teams", "webhook", "email", "slack_budget_alerts"];
const WHICH: &[Field] = &[required("service", Takes::OneOf(&SERVICES)), optional("channel", Takes::Count)];
const REPORT: &[Field] = &[optional("period", Takes::OneOf(&["daily", "weekly"])), optional("date", Takes::Text)];

/// `GET /alerts`: the channels, what is told there, and what arrived last.
pub async fn list(visit: Visit) -> Answer {
    visit.read(|directory| may(&visit.actor, Wish::SeeAll, directory))?;
    let (live, management) = (&visit.desk.live, visit.desk.live.management());
    let alerts = &management.alerts;
    let channels = alerts.channels.iter().enumerate().map(|(index, channel)| {
        let last = live.teller.outbox.outcome(&channel.target);
        json!({
            "channel": index,
            "service": channel.target.service(),
            "host": channel.target.host(),
            "to": recipients(&channel.target),
            "alert_types": channel.kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
            "last_sent_at": moment::shown_or_null(last.as_ref().map(|last| last.at_ms)),
            "last_error": last.and_then(|last| last.trouble),
        })
    });
    answer(json!({
        "channels": channels.collect::<Vec<_>>(),
        "alert_types": AlertKind::ALL.map(AlertKind::name),
        "mail": alerts.mail.is_some(),
        "base_url": alerts.base_url,
    }))
}

/// Who reads the mail of a channel.
fn recipients(target: &Target) -> Option<&[String]> {
    match target {
        Target::Mail { to, .. } => Some(to),
        Target::Hook { .. } => None,
    }
}

/// What `test` reads.
pub const TEST_FORM: Reads = Reads::Query(&[WHICH]);

/// `GET /health/services`: sends a test to all channels of a service, or to the one with this number, and says what they
/// answered.
pub async fn test(visit: Visit) -> Answer {
    let form = visit.form()?;
    visit.read(|directory| may(&visit.actor, Wish::ManageAll, directory))?;
    let service = form.needed("service").trim_end_matches("_budget_alerts");
    let management = visit.desk.live.management();
    let alerts = &management.alerts;
    let is_meant = |index: &usize| form.count("channel").is_none_or(|wanted| wanted == *index as u64);
    let channels = alerts
        .channels
        .iter()
        .enumerate()
        .filter(|(index, channel)| channel.target.service() == service && is_meant(index));
    let channels: Vec<&Target> = channels.map(|(_, channel)| &channel.target).collect();
    if channels.is_empty() {
        return Err(Refusal::bad_param("service", missing(service, alerts)));
    }
    let mut refused = Vec::new();
    for target in &channels {
        if recipients(target).is_some_and(<[String]>::is_empty) {
            refused.push("nobody is named in alerting_args: {email_to: [...]}".to_owned());
        } else if let Err(why) = visit.desk.live.teller.outbox.test(alerts, target, trial(alerts)).await {
            refused.push(format!("{}: {why}", target.host()));
        }
    }
    match &refused[..] {
        [] => answer(json!({
            "status": "success",
            "message": format!("The test was taken by {} of {service}: see whether it is there.", count(channels.len())),
        })),
        refused => Err(Refusal::not_taken(format!("The test did not arrive at {service}. {}", refused.join("; ")))),
    }
}

fn count(channels: usize) -> String {
    if channels == 1 { "the channel".to_owned() } else { format!("{channels} channels") }
}

/// What is missing for a channel to be there.
fn missing(service: &str, alerts: &Alerts) -> String {
    let variable = match service {
        "slack" => "SLACK_WEBHOOK_URL",
        "discord" => "DISCORD_WEBHOOK_URL",
        "teams" => "TEAMS_WEBHOOK_URL",
        "webhook" => "WEBHOOK_URL",
        _ if alerts.mail.is_some() => "alerting_args: {email_to: [...]}",
        _ => "SMTP_HOST and SMTP_SENDER_EMAIL",
    };
    format!("No alerts go to {service}: it is in general_settings.alerting with {variable}, or it is not.")
}

/// What `report` reads.
pub const REPORT_FORM: Reads = Reads::OptionalBody(&[REPORT]);

/// `POST /alerts/report`: sends the report of yesterday, of the last whole week, or of the day or week that ends with a
/// date, to whoever gets such reports.
pub async fn report(visit: Visit) -> Answer {
    let form = visit.form()?;
    visit.read(|directory| may(&visit.actor, Wish::ManageAll, directory))?;
    let period = match form.text("period") {
        Some("weekly") => reports::Period::Week,
        _ => reports::Period::Day,
    };
    let last = match form.text("date") {
        Some(date) => date.parse().map_err(|_| Refusal::bad_param("date", "a date is written as 2026-11-28"))?,
        None => last_day(period)?,
    };
    let (live, management) = (&visit.desk.live, visit.desk.live.management());
    if !management.alerts.wants(period.kind()) {
        let message = format!("Nobody gets {}: see general_settings.alerting and alert_types.", period.kind().name());
        return Err(Refusal::bad(message));
    }
    let report = reports::report(live, period, last).await.map_err(Refusal::not_taken)?;
    let Some(report) = report else {
        return Err(Refusal::not_found("date", format!("Nobody called anything in the time that ends with {last}.")));
    };
    let fields = report.for_programs();
    live.teller.outbox.tell(&management.alerts, report);
    answer(json!({ "status": "sent", "report": fields }))
}

/// The last day of the last whole period.
fn last_day(period: reports::Period) -> Result<Date> {
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    let back = match period {
        reports::Period::Day => 1,
        reports::Period::Week => i64::from(today.weekday().to_monday_one_offset()),
    };
    today.checked_sub(back.days()).map_err(|_| Refusal::internal())
}

/// `GET /alerting/settings`: what `alerting_args` says, as the incumbent shows it.
pub async fn settings(visit: Visit) -> Answer {
    visit.read(|directory| may(&visit.actor, Wish::SeeAll, directory))?;
    let management = visit.desk.live.management();
    let usual = crate::config::AlertRules::default().shown();
    let shown = management.alerts.rules.shown().into_iter().zip(usual);
    let rows = shown.map(|((name, what, value), (.., usual))| {
        json!({
            "field_name": name,
            "field_type": kind(&value),
            "field_description": what,
            "field_value": value,
            "field_default_value": usual,
            "stored_in_db": false,
            "premium_field": false,
        })
    });
    answer(json!(rows.collect::<Vec<_>>()))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "List",
        Value::Number(number) if number.is_f64() => "Float",
        _ => "Integer",
    }
}
