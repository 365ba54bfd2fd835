//! Microsoft Teams: an adaptive card, as workflows and the older connectors take it
//! (`learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors`).

use serde_json::{Value, json};

use super::{cell, escaped};
use crate::alerts::alert::{Alert, Level};

pub(super) fn write(alert: &Alert, home: Option<&str>) -> Value {
    let colour = match alert.level {
        Level::Good => "Good",
        Level::Note => "Accent",
        Level::Warning => "Warning",
        Level::Grave => "Attention",
    };
    let text = |text: &str| json!({ "type": "TextBlock", "text": escaped(text), "wrap": true });
    let mut title = text(&alert.title);
    for (name, value) in [("size", "Large"), ("weight", "Bolder"), ("color", colour)] {
        title[name] = value.into();
    }
    let mut body = vec![title, text(&alert.message)];
    let set = |facts: Vec<Value>| json!({ "type": "FactSet", "facts": facts });
    let fact = |name: &str, value: &str| json!({ "title": escaped(&cell(name)), "value": escaped(value) });
    if !alert.facts.is_empty() {
        body.push(set(alert.facts.iter().map(|(name, value)| fact(name, value)).collect()));
    }
    for table in &alert.tables {
        let mut heading = text(table.title);
        heading["weight"] = "Bolder".into();
        body.extend([heading, set(table.rows.iter().map(|(name, value)| fact(name, value)).collect())]);
    }
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": { "width": "Full" },
        "body": body,
    });
    if let Some(home) = home {
        let open = json!({ "type": "Action.OpenUrl", "title": "Open Lockgate", "url": format!("{home}/ui/") });
        card["actions"] = json!([open]);
    }
    json!({
        "type": "message",
        "summary": alert.title,
        "attachments": [{ "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card }],
    })
}
