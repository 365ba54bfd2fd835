//! Discord: an embed. Bounds are those of `docs.discord.com` (`resources/message`, embed limits).

use serde_json::{Value, json};

use super::{escaped, plain};
use crate::alerts::alert::Alert;

/// Fields of an embed.
const FIELDS: usize = 25;
/// Characters of a description, and of an embed as a whole but for its footer.
const DESCRIPTION: usize = 3_500;
const EMBED: usize = 5_500;

pub(super) fn write(alert: &Alert, home: Option<&str>) -> Value {
    let tables = alert.tables.iter().map(|table| format!("\n**{}**\n```\n{}\n```", table.title, plain(&table.rows)));
    let mut description = escaped(&alert.message);
    for table in tables {
        // A table is shown as a whole, or not at all.
        if description.chars().count() + table.chars().count() <= DESCRIPTION {
            description.push_str(&table);
        }
    }
    let mut length = alert.title.chars().count() + description.chars().count();
    let mut fields = Vec::new();
    for (name, value) in alert.facts.iter().take(FIELDS) {
        let value = escaped(value);
        length += name.len() + value.chars().count();
        if length <= EMBED {
            fields.push(json!({ "name": name, "value": value, "inline": true }));
        }
    }
    let mut embed = json!({
        "title": alert.title,
        "description": description,
        "color": alert.level.colour(),
        "fields": fields,
        "footer": { "text": format!("Lockgate · {}", alert.kind.name()) },
        "timestamp": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    });
    if let Some(home) = home {
        embed["url"] = format!("{home}/ui/").into();
    }
    json!({ "username": "Lockgate", "embeds": [embed], "allowed_mentions": { "parse": [] } })
}
