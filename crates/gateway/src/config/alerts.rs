//! Who is told when budgets are spent and when deployments fail: `general_settings.alerting` and what belongs to it, in the incumbent's words.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use providers::http::Endpoint;

use super::environ::Env;
use super::prices::split;
use super::report::{Notes, Place};
use super::section::{Section, texts};
use super::tree::{Node, Value};

/// The kinds of alerts that there are.
const BUDGETS: &str = "budget_alerts";
const SLOW: &str = "llm_too_slow";
const OUTAGES: &str = "outage_alerts";
const KINDS: [&str; 3] = [BUDGETS, SLOW, OUTAGES];
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
    /// About deployments.
    pub outages: Outages,
}

impl Default for Alerts {
    fn default() -> Self {
        Alerts { targets: Vec::new(), repeat: REPEAT, outages: Outages::default() }
    }
}

/// Which deployments somebody is told of.
#[derive(Clone, Debug, PartialEq)]
pub struct Outages {
    /// Where that goes.
    pub targets: Vec<Target>,
    /// Whether slow ones are told of, and from which time of an answer on.
    pub slow: bool,
    /// That time.
    pub slow_after: Duration,
    /// Whether failing ones are told of.
    pub failing: bool,
    /// From how many failed calls in a minute on, and from how many on that is major.
    pub minor: u32,
    /// The latter.
    pub major: u32,
    /// If that is at least such a share of all calls.
    pub share: f64,
}

impl Default for Outages {
    fn default() -> Self {
        let slow_after = Duration::from_secs(300);
        Outages { targets: Vec::new(), slow: false, slow_after, failing: false, minor: 5, major: 10, share: 0.5 }
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
        for (kind, place) in types.iter().filter(|(kind, _)| !KINDS.contains(kind)) {
            let message = format!("{kind} is not sent yet: there are {}", KINDS.join(", "));
            notes.warn(*place, &general.at("alert_types"), message, "");
        }
        let wanted = |name: &str| general.node("alert_types").is_none() || types.iter().any(|(kind, _)| *kind == name);
        let about_deployments = [SLOW, OUTAGES].into_iter().find(|kind| wanted(kind));
        let budgets = if wanted(BUDGETS) { targets(general, env, BUDGETS, notes) } else { Vec::new() };
        // What is wrong with an address is said once.
        let mut silent = Notes::default();
        let notes_of_others = if wanted(BUDGETS) { &mut silent } else { &mut *notes };
        let others = about_deployments.map(|kind| targets(general, env, kind, notes_of_others)).unwrap_or_default();
        let args = Args::read(general, notes);
        let is_told = general.node("alerting").is_some();
        let outages = Outages {
            targets: others,
            slow: is_told && wanted(SLOW),
            failing: is_told && wanted(OUTAGES),
            slow_after: general.seconds("alerting_threshold").unwrap_or(Outages::default().slow_after),
            ..args.outages
        };
        Alerts { targets: budgets, repeat: args.repeat, outages }
    }
}

/// Where alerts of a kind go.
fn targets(general: &Section, env: &Env, kind: &str, notes: &mut Notes) -> Vec<Target> {
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
        let own = general.node("alert_to_webhook_url").and_then(|map| map.get(kind)).filter(|_| form == Form::Slack);
        match (own, env.get(variable)) {
            (Some(own), _) => reader.take_node(form, own, &general.at("alert_to_webhook_url")),
            (None, Some(url)) => reader.take(form, &url, place, variable),
            (None, None) => {
                let message = format!("nobody is told by {name}: {variable} is not set");
                reader.notes.warn(place, &general.at("alerting"), message, "export it");
            }
        }
    }
    reader.targets
}

/// `alerting_args`.
struct Args {
    repeat: Duration,
    outages: Outages,
}

impl Args {
    fn read(general: &Section, notes: &mut Notes) -> Self {
        let mut args = Args { repeat: REPEAT, outages: Outages::default() };
        let at = general.at("alerting_args");
        let entries: &[(String, Node)] = match general.node("alerting_args").map(|node| &node.value) {
            Some(Value::Map(entries)) => entries,
            _ => &[],
        };
        for (name, node) in entries {
            let number = node.json().parse::<f64>().ok().filter(|number| number.is_finite());
            let count = number.filter(|number| *number >= 1.0).map(|number| number as u32);
            let seconds = number.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            let expected = match name.as_str() {
                "budget_alert_ttl" => match seconds.filter(|time| *time >= Duration::from_secs(1)) {
                    Some(time) => {
                        args.repeat = time;
                        continue;
                    }
                    None => ("a number of seconds from 1 on", "86400"),
                },
                "minor_outage_alert_threshold" | "major_outage_alert_threshold" => match count {
                    Some(count) => {
                        let is_minor = name.starts_with("minor");
                        *(if is_minor { &mut args.outages.minor } else { &mut args.outages.major }) = count;
                        continue;
                    }
                    None => ("a number of calls from 1 on", "5"),
                },
                "error_rate_threshold" => match number.filter(|share| (0.0..=1.0).contains(share)) {
                    Some(share) => {
                        args.outages.share = share;
                        continue;
                    }
                    None => ("a share from 0 to 1", "0.5"),
                },
                _ => {
                    notes.warn(node.place, &format!("{at}.{name}"), "known, but not honoured yet", "");
                    continue;
                }
            };
            let (what, example) = expected;
            let remedy = format!("write e.g. {name}: {example}");
            notes.error(node.place, &format!("{at}.{name}"), format!("expected {what}"), remedy);
        }
        args
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
    fn who_wants_to_know_of_deployments_says_from_when_on() {
        let outages = |text: &str| {
            let loaded = load_text(&format!("{GOOD}{text}"));
            assert!(loaded.report.findings.is_empty(), "{}", loaded.report);
            loaded.management.alerts.outages
        };
        let hooks = "alert_to_webhook_url: {budget_alerts: 'http://b.example', llm_too_slow: 'http://x.example/a'}";
        let told = outages(&format!(
            "  alerting: [slack]\n  alerting_threshold: 20\n  {hooks}\n  alerting_args: {{minor_outage_alert_threshold: 3, \
             major_outage_alert_threshold: 7, error_rate_threshold: 0.25}}\n"
        ));
        assert_eq!((told.slow, told.failing, told.slow_after), (true, true, Duration::from_secs(20)));
        assert_eq!((told.minor, told.major, told.share, &*told.targets[0].path), (3, 7, 0.25, "/a"));
        let slow = outages(&format!("  alerting: [slack]\n  alert_types: [llm_too_slow]\n  {hooks}\n"));
        assert_eq!((slow.slow, slow.failing), (true, false));
        assert_eq!(outages(""), Outages::default());
    }

    #[test]
    fn what_is_not_sent_is_said() {
        check(
            &format!(
                "{GOOD}  alerting: [slack, email]\n  alert_types: [budget_alerts, db_exceptions]\n  alerting_args: {{daily_report_frequency: 5}}\n"
            ),
            &[
                "config.yaml:3:14: warning: general_settings.alerting: nobody is told by slack: SLACK_WEBHOOK_URL is not set; export it",
                "config.yaml:3:21: warning: general_settings.alerting: email is not sent to yet; use slack or webhook",
                "config.yaml:4:32: warning: general_settings.alert_types: db_exceptions is not sent yet: there are budget_alerts, llm_too_slow, outage_alerts",
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
