use std::time::Duration;

use super::*;
use crate::config::tests::{check, load_text};

const GOOD: &str = "model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o}}]\ngeneral_settings:\n";

fn alerts(text: &str) -> Alerts {
    let loaded = load_text(&format!("{GOOD}{text}"));
    assert!(loaded.report.findings.is_empty(), "{}", loaded.report);
    loaded.management.alerts
}

fn shown(alerts: &Alerts) -> Vec<String> {
    alerts.channels.iter().map(|channel| format!("{:?}: {}", channel.target, channel.kinds.len())).collect()
}

#[test]
fn who_is_told_is_read_as_at_the_incumbent() {
    let one = alerts(
        "  alerting: [slack]\n  alert_to_webhook_url: {budget_alerts: ['https://hooks.example.com/a?b=c', 'http://x.example']}\n  \
         alerting_args: {budget_alert_ttl: 60}\n",
    );
    assert_eq!(shown(&one), ["slack at hooks.example.com: 1", "slack at x.example: 1"]);
    let Target::Hook { path, .. } = &one.channels[0].target else { panic!("{one:?}") };
    assert_eq!(&**path, "/a?b=c");
    assert_eq!(one.rules.repeat, Duration::from_secs(60));
    assert!(one.wants(AlertKind::Budgets) && !one.wants(AlertKind::Slow));
    assert_eq!(alerts("  alert_types: []\n").channels, []);
    assert_eq!(alerts(""), Alerts::default());
}

#[test]
fn every_channel_has_a_variable_and_is_told_what_is_chosen() {
    let all = alerts(
        "  alerting: [slack, discord, teams, webhook, email]\n  alert_types: [budget_alerts, key_expiry]\n  \
         alert_to_webhook_url: {key_expiry: 'https://discord.com/api/webhooks/1/x'}\n  \
         alerting_args: {email_to: [ops@example.com]}\nenvironment_variables:\n  \
         SLACK_WEBHOOK_URL: https://acme.webhook.office.com/x\n  DISCORD_WEBHOOK_URL: https://discord.com/api/webhooks/1/x\n  \
         TEAMS_WEBHOOK_URL: https://flow.example/x\n  WEBHOOK_URL: https://own.example/x\n  SMTP_HOST: mail.example\n  \
         SMTP_SENDER_EMAIL: gateway@example.com\n  PROXY_BASE_URL: https://gateway.example/\n",
    );
    let expected = [
        "discord at discord.com: 2",
        "teams at acme.webhook.office.com: 1",
        "teams at flow.example: 2",
        "webhook at own.example: 2",
        "email at mail.example: 2",
    ];
    assert_eq!(shown(&all), expected);
    assert_eq!(all.base_url.as_deref(), Some("https://gateway.example"));
}

#[test]
fn it_is_said_from_when_on_somebody_is_told() {
    let rules = alerts(
        "  alerting_threshold: 20\n  alerting_args: {minor_outage_alert_threshold: 3, major_outage_alert_threshold: 7, \
         error_rate_threshold: 0.25, ledger_lag_threshold: 5, key_expiry_days: 2, report_hour: 8, max_alerts_per_minute: 3, \
         budget_alert_thresholds: [95, 85]}\n",
    )
    .rules;
    assert_eq!((rules.slow_after, rules.minor, rules.major, rules.share), (Duration::from_secs(20), 3, 7, 0.25));
    assert_eq!((rules.lag, rules.expiry_ms, rules.report_hour), (Duration::from_secs(5), 172_800_000, 8));
    assert_eq!((rules.per_minute, rules.levels), (3, vec![85, 95]));
}

#[test]
fn what_is_not_sent_is_said() {
    check(
        &format!(
            "{GOOD}  alerting: [slack, email, pagerduty]\n  alert_types: [budget_alerts, llm_exceptions]\n  \
             alerting_args: {{daily_report_frequency: 5, report_hour: 25, email_to: [me]}}\n"
        ),
        &[
            "config.yaml:3:14: warning: general_settings.alerting: nobody is told by slack: SLACK_WEBHOOK_URL is not set; export it",
            "config.yaml:3:21: warning: general_settings.alerting: nobody is told by email: SMTP_HOST is not set; export it",
            "config.yaml:3:28: warning: general_settings.alerting: pagerduty is not sent to yet; use slack, discord, teams, webhook or email",
            "config.yaml:4:32: warning: general_settings.alert_types: llm_exceptions is not sent yet: there are budget_alerts, \
             llm_too_slow, outage_alerts, cooldown_deployment, failed_tracking_spend, db_exceptions, failed_logins, key_expiry, \
             loop_alerts, new_model_added, daily_reports, spend_reports",
            "config.yaml:5:19: warning: general_settings.alerting_args.daily_report_frequency: known, but not honoured yet",
            "config.yaml:5:46: error: general_settings.alerting_args.report_hour: expected an hour from 0 to 23; write e.g. report_hour: 6",
            "config.yaml:5:63: error: general_settings.alerting_args.email_to: expected mail addresses, 20 at most; write e.g. email_to: [ops@example.com]",
        ],
    );
    check(
        &format!("{GOOD}  alerting: [slack]\n  alert_to_webhook_url: {{budget_alerts: hooks}}\n"),
        &[
            "config.yaml:3:14: warning: general_settings.alerting: nobody is told by slack: SLACK_WEBHOOK_URL is not set; export it",
            "config.yaml:4:26: error: general_settings.alert_to_webhook_url: an address must begin with http:// or https://; \
               write an address that begins with https://",
        ],
    );
}
