//! Who is told when budgets are spent: `general_settings.alerting` and what belongs to it, in the incumbent's words.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use providers::http::Endpoint;

use super::environ::Env;
use super::prices::split;
use super::report::{Notes, Place};
use super::section::{Section, texts};
use super::tree::{Node, Value};

/// The kind of alerts that there are.
const BUDGETS: &str = "budget_alerts";
/// Most addresses.
const MOST: usize = 20;
/// After how long somebody is told again about a budget without a window.
const REPEAT: Duration = Duration::from_secs(86_400);

/// Who is told, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Alerts {
    /// Where alerts go.
    pub targets: Vec<Target>,
    /// After how long somebody is told again about a budget without a window; of a longer window, once in it.
    pub repeat: Duration,
}

impl Default for Alerts {
    fn default() -> Self {
        Alerts { targets: Vec::new(), repeat: REPEAT }
    }
}

/// What an alert is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A text for people; Slack, Teams and Discord take it.
    Slack,
    /// Fields for programs.
    Webhook,
}

/// Where alerts go.
#[derive(Clone, PartialEq)]
pub struct Target {
    /// As what.
    pub form: Form,
    /// The address.
    pub endpoint: Endpoint,
    /// What to ask for there.
    pub path: Arc<str>,
}

impl fmt::Debug for Target {
    /// Without the path: whoever knows it may write there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {}", self.form, self.endpoint.host)
    }
}

impl Alerts {
    /// From `general_settings`, and the variables in which the incumbent looks for addresses.
    pub fn read(general: &Section, env: &Env, notes: &mut Notes) -> Self {
        let types = general.texts("alert_types");
        for (kind, place) in types.iter().filter(|(kind, _)| *kind != BUDGETS) {
            let message = format!("{kind} is not sent yet: there are {BUDGETS} alone");
            notes.warn(*place, &general.at("alert_types"), message, "");
        }
        let wanted = general.node("alert_types").is_none() || types.iter().any(|(kind, _)| *kind == BUDGETS);
        let mut reader = Reader { targets: Vec::new(), notes };
        for (name, place) in general.texts("alerting") {
            let (form, variable) = match name {
                "slack" => (Form::Slack, "SLACK_WEBHOOK_URL"),
                "webhook" => (Form::Webhook, "WEBHOOK_URL"),
                other => {
                    let message = format!("{other} is not sent to yet");
                    reader.notes.warn(place, &general.at("alerting"), message, "use slack or webhook");
                    continue;
                }
            };
            let own =
                general.node("alert_to_webhook_url").and_then(|map| map.get(BUDGETS)).filter(|_| form == Form::Slack);
            match (own, env.get(variable)) {
                (Some(own), _) => reader.take_node(form, own, &general.at("alert_to_webhook_url")),
                (None, Some(url)) => reader.take(form, &url, place, variable),
                (None, None) => {
                    let message = format!("nobody is told by {name}: {variable} is not set");
                    reader.notes.warn(place, &general.at("alerting"), message, "export it");
                }
            }
        }
        let targets = if wanted { reader.targets } else { Vec::new() };
        Alerts { targets, repeat: repeat(general, notes) }
    }
}

/// How often somebody is told again.
fn repeat(general: &Section, notes: &mut Notes) -> Duration {
    const NAME: &str = "budget_alert_ttl";
    let Some(node) = general.node("alerting_args") else { return REPEAT };
    let at = general.at("alerting_args");
    if let Value::Map(entries) = &node.value {
        for (name, node) in entries.iter().filter(|(name, _)| name != NAME) {
            notes.warn(node.place, &format!("{at}.{name}"), "known, but not honoured yet", "");
        }
    }
    let Some(given) = node.get(NAME) else { return REPEAT };
    let seconds = given.json().parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match seconds.filter(|time| *time >= Duration::from_secs(1)) {
        Some(time) => time,
        None => {
            let remedy = format!("write e.g. {NAME}: 86400");
            notes.error(given.place, &format!("{at}.{NAME}"), "expected a number of seconds from 1 on", remedy);
            REPEAT
        }
    }
}

struct Reader<'n> {
    targets: Vec<Target>,
    notes: &'n mut Notes,
}

impl Reader<'_> {
    fn take_node(&mut self, form: Form, node: &Node, path: &str) {
        for (url, place) in texts(node) {
            self.take(form, url, place, path);
        }
    }

    fn take(&mut self, form: Form, url: &str, place: Place, path: &str) {
        match split(url) {
            Ok(_) if self.targets.len() >= MOST => {
                self.notes.error(place, path, format!("at most {MOST} addresses are told"), "");
            }
            Ok((endpoint, target)) => self.targets.push(Target { form, endpoint, path: target.into() }),
            Err(why) => self.notes.error(place, path, why, "write an address that begins with https://"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, load_text};
    use super::*;

    const GOOD: &str = "model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o}}]\ngeneral_settings:\n";

    #[test]
    fn who_is_told_is_read_as_at_the_incumbent() {
        let alerts = |text: &str| {
            let loaded = load_text(&format!("{GOOD}{text}"));
            assert!(loaded.report.findings.is_empty(), "{}", loaded.report);
            loaded.management.alerts
        };
        let one = alerts(
            "  alerting: [slack]\n  alert_to_webhook_url: {budget_alerts: ['https://hooks.example.com/a?b=c', 'http://x.example']}\n  \
             alerting_args: {budget_alert_ttl: 60}\n",
        );
        let shown: Vec<_> = one.targets.iter().map(|target| (target.form, &*target.path)).collect();
        assert_eq!(shown, [(Form::Slack, "/a?b=c"), (Form::Slack, "/")]);
        assert_eq!(format!("{:?}", one.targets[0]), "Slack at hooks.example.com");
        assert_eq!(one.repeat, Duration::from_secs(60));
        assert_eq!(alerts("  alert_types: []\n").targets, []);
    }

    #[test]
    fn what_is_not_sent_is_said() {
        check(
            &format!(
                "{GOOD}  alerting: [slack, email]\n  alert_types: [budget_alerts, llm_too_slow]\n  alerting_args: {{daily_report_frequency: 5}}\n"
            ),
            &[
                "config.yaml:3:14: warning: general_settings.alerting: nobody is told by slack: SLACK_WEBHOOK_URL is not set; export it",
                "config.yaml:3:21: warning: general_settings.alerting: email is not sent to yet; use slack or webhook",
                "config.yaml:4:32: warning: general_settings.alert_types: llm_too_slow is not sent yet: there are budget_alerts alone",
                "config.yaml:5:19: warning: general_settings.alerting_args.daily_report_frequency: known, but not honoured yet",
            ],
        );
        check(
            &format!("{GOOD}  alerting: [slack]\n  alert_to_webhook_url: {{budget_alerts: hooks}}\n"),
            &[
                "config.yaml:4:26: error: general_settings.alert_to_webhook_url: an address must begin with http:// or https://; \
               write an address that begins with https://",
            ],
        );
    }
}
