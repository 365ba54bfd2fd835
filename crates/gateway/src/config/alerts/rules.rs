//! `alerting_args`: from when on somebody is told, and how often.

use std::ops::RangeInclusive;
use std::time::Duration;

use lettre::Address;

use crate::config::report::Notes;
use crate::config::section::{Section, texts};
use crate::config::tree::{Node, Value};

/// Most addresses that mail about everything goes to.
const MOST_ADDRESSES: usize = 20;

/// From when on somebody is told, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRules {
    /// After how long somebody is told again about a budget without a window; of a longer window, once in it.
    pub repeat: Duration,
    /// Percents of a budget at which somebody is told, in order; when all is spent they are told anyway.
    pub levels: Vec<u8>,
    /// From which time of an answer on a deployment is slow (`alerting_threshold`).
    pub slow_after: Duration,
    /// From how many failed calls in a minute on there is an outage, and from how many on it is major.
    pub minor: u32,
    /// The latter.
    pub major: u32,
    /// If that is at least such a share of all calls.
    pub share: f64,
    /// From when on the ledger, or the database, is late.
    pub lag: Duration,
    /// How long before its end a key is told of, milliseconds.
    pub expiry_ms: i64,
    /// The hour in UTC from which on reports are sent.
    pub report_hour: u8,
    /// Alerts that a channel gets in a minute; the others are summed up.
    pub per_minute: u32,
    /// Who gets mail about everything.
    pub email_to: Vec<String>,
}

impl Default for AlertRules {
    fn default() -> Self {
        AlertRules {
            repeat: Duration::from_secs(86_400),
            levels: vec![50, 80],
            slow_after: Duration::from_secs(300),
            minor: 5,
            major: 10,
            share: 0.5,
            lag: Duration::from_secs(60),
            expiry_ms: 7 * 86_400_000,
            report_hour: 6,
            per_minute: 20,
            email_to: Vec::new(),
        }
    }
}

impl AlertRules {
    /// From `general_settings`.
    pub fn read(general: &Section, notes: &mut Notes) -> Self {
        let mut rules = AlertRules::default();
        if let Some(slow_after) = general.seconds("alerting_threshold") {
            rules.slow_after = slow_after;
        }
        let at = general.at("alerting_args");
        let entries: &[(String, Node)] = match general.node("alerting_args").map(|node| &node.value) {
            Some(Value::Map(entries)) => entries,
            _ => &[],
        };
        for (name, node) in entries {
            match rules.take(name, node) {
                Ok(true) => {}
                Ok(false) => notes.warn(node.place, &format!("{at}.{name}"), "known, but not honoured yet", ""),
                Err((expected, example)) => {
                    let (message, remedy) = (format!("expected {expected}"), format!("write e.g. {name}: {example}"));
                    notes.error(node.place, &format!("{at}.{name}"), message, remedy);
                }
            }
        }
        rules
    }

    /// All of them: name, what it is, and what it is set to.
    pub fn shown(&self) -> Vec<(&'static str, &'static str, serde_json::Value)> {
        let days = self.expiry_ms as f64 / 86_400_000.0;
        vec![
            (
                "budget_alert_ttl",
                "seconds after which a budget without a window is told of again",
                self.repeat.as_secs().into(),
            ),
            (
                "budget_alert_thresholds",
                "percents of a budget at which somebody is told",
                self.levels.iter().map(|level| u64::from(*level)).collect::<Vec<_>>().into(),
            ),
            (
                "minor_outage_alert_threshold",
                "failed calls of a deployment in a minute that are an outage",
                self.minor.into(),
            ),
            ("major_outage_alert_threshold", "failed calls that are a major one", self.major.into()),
            ("error_rate_threshold", "the least share of all its calls that they are", self.share.into()),
            (
                "ledger_lag_threshold",
                "seconds after which the ledger, or the database, is late",
                self.lag.as_secs().into(),
            ),
            ("key_expiry_days", "days before its end that a key is told of", days.into()),
            ("report_hour", "the hour in UTC from which on reports are sent", self.report_hour.into()),
            ("max_alerts_per_minute", "alerts that a channel gets in a minute", self.per_minute.into()),
            ("email_to", "who gets mail about everything", self.email_to.clone().into()),
        ]
    }

    /// Takes a setting; `false` if there is none of this name, `Err` with what is expected and an example.
    fn take(&mut self, name: &str, node: &Node) -> Result<bool, (&'static str, &'static str)> {
        let number = node.json().parse::<f64>().ok().filter(|number| number.is_finite());
        let within = |range: RangeInclusive<f64>| number.filter(|number| range.contains(number));
        let count = within(1.0..=1e9).map(|count| count as u32);
        let seconds = within(1.0..=1e9).map(Duration::from_secs_f64);
        let (calls, time) = (("a number of calls from 1 on", "5"), ("a number of seconds from 1 on", "60"));
        match name {
            "budget_alert_ttl" => self.repeat = seconds.ok_or(("a number of seconds from 1 on", "86400"))?,
            "minor_outage_alert_threshold" => self.minor = count.ok_or(calls)?,
            "major_outage_alert_threshold" => self.major = count.ok_or(calls)?,
            "error_rate_threshold" => self.share = within(0.0..=1.0).ok_or(("a share from 0 to 1", "0.5"))?,
            "ledger_lag_threshold" => self.lag = seconds.ok_or(time)?,
            "key_expiry_days" => {
                let days = within(0.0..=3650.0).ok_or(("a number of days", "7"))?;
                self.expiry_ms = (days * 86_400_000.0) as i64;
            }
            "report_hour" => self.report_hour = within(0.0..=23.0).ok_or(("an hour from 0 to 23", "6"))? as u8,
            "max_alerts_per_minute" => self.per_minute = count.ok_or(("a number of alerts from 1 on", "20"))?,
            "budget_alert_thresholds" => {
                let levels = texts(node).into_iter().map(|(text, _)| text.trim().parse::<u8>().ok());
                let levels = levels.map(|level| level.filter(|level| (1..=99).contains(level)));
                let mut levels: Vec<u8> = levels.collect::<Option<_>>().ok_or(("percents below 100", "[50, 80]"))?;
                levels.sort_unstable();
                self.levels = levels;
            }
            "email_to" => {
                let addresses: Vec<&str> = texts(node).into_iter().map(|(text, _)| text.trim()).collect();
                let good = |address: &&str| address.parse::<Address>().is_ok();
                if addresses.len() > MOST_ADDRESSES || !addresses.iter().all(good) {
                    return Err(("mail addresses, 20 at most", "[ops@example.com]"));
                }
                self.email_to = addresses.into_iter().map(str::to_owned).collect();
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}
