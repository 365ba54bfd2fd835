//! Slack: blocks within a coloured attachment, and a text for notifications and for those who only look like Slack.
//! Bounds and escapes are those of `docs.slack.dev` (`reference/block-kit`, `messaging/formatting-message-text`).

use serde_json::{Value, json};

use super::plain;
use crate::alerts::alert::Alert;

/// Facts that one section takes.
const FIELDS: usize = 10;

pub(super) fn write(alert: &Alert, home: Option<&str>) -> Value {
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": alert.title, "emoji": false } }),
        json!({ "type": "section", "text": { "type": "mrkdwn", "text": safe(&alert.message) } }),
    ];
    for facts in alert.facts.chunks(FIELDS) {
        let field =
            |(name, value): &(&str, String)| json!({ "type": "mrkdwn", "text": format!("*{name}*\n{}", safe(value)) });
        blocks.push(json!({ "type": "section", "fields": facts.iter().map(field).collect::<Vec<_>>() }));
    }
    for table in &alert.tables {
        let text = format!("*{}*\n```{}```", table.title, safe(&plain(&table.rows)));
        blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } }));
    }
    if let Some(home) = home {
        let button = json!({ "type": "plain_text", "text": "Open Lockgate" });
        blocks.push(
            json!({ "type": "actions", "elements": [{ "type": "button", "text": button, "url": format!("{home}/ui/") }] }),
        );
    }
    json!({
        "text": safe(&format!("{}: {}", alert.title, alert.message)),
        "attachments": [{ "color": format!("#{:06x}", alert.level.colour()), "blocks": blocks }],
    })
}

/// What is not markup: nobody is called by a name such as `<!channel>`.
fn safe(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
