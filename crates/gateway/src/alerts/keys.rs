//! Alerts about keys that end soon, and about those that have ended. Sessions of browsers, and keys that live for less than
//! a day, end as they are meant to.

use serde_json::json;
use store::records::Key;

use super::alert::{Alert, Level, fields};
use crate::config::{AlertKind, Alerts};
use crate::live::Live;

/// Milliseconds in a day.
const DAY: i64 = 86_400_000;
/// Most that is told at a look: the rest waits for the next one.
const MOST: usize = 100;

/// How a key stands.
#[derive(Debug, PartialEq)]
enum End {
    /// It ends soon.
    Soon,
    /// It has ended lately.
    Now,
}

/// Looks at all keys.
pub async fn look(live: &Live, alerts: &Alerts, now: i64) {
    let (true, Some(books)) = (alerts.wants(AlertKind::KeyExpiry), &live.books) else { return };
    let due: Vec<(String, i64, End, Alert)> = {
        let directory = books.registry.read();
        let keys = directory.keys.iter().filter(|(_, held)| held.record.session.is_none() && !held.record.blocked);
        let due = keys.filter_map(|(id, held)| {
            let (key, expires) = (&held.record, held.record.expires?);
            let end = end(key.origin.created_at, expires, alerts.rules.expiry_ms, now)?;
            let alert = alert(id, key, expires, &end, now);
            Some((id.clone(), expires, end, alert))
        });
        due.collect()
    };
    let mut told = 0;
    for (id, expires, end, alert) in due {
        let (name, until) = match end {
            End::Soon => (format!("key_expires_soon:{id}:{expires}"), expires),
            End::Now => (format!("key_expired:{id}:{expires}"), expires.saturating_add(2 * DAY)),
        };
        told += usize::from(live.teller.once(live, &name, until, now, || alert).await);
        if told >= MOST {
            return;
        }
    }
}

/// How a key stands that was made then and ends then: it is told of in the last `soon` of its life, but not before the
/// last tenth, and for a day when it has ended.
fn end(created: i64, expires: i64, soon: i64, now: i64) -> Option<End> {
    let life = expires.saturating_sub(created);
    if life < DAY {
        return None;
    }
    match expires.saturating_sub(now) {
        ..=0 => (now.saturating_sub(expires) < DAY).then_some(End::Now),
        left => (left <= soon.min(life / 10)).then_some(End::Soon),
    }
}

fn alert(id: &str, key: &Key, expires: i64, end: &End, now: i64) -> Alert {
    let name = key.key_alias.clone().unwrap_or_else(|| key.key_name.clone());
    let date =
        jiff::Timestamp::from_millisecond(expires).unwrap_or_default().strftime("%Y-%m-%d %H:%M UTC").to_string();
    let hours = expires.saturating_sub(now) / 3_600_000;
    let left = if hours >= 48 { format!("{} days", hours / 24) } else { format!("{hours} hours") };
    let alert = match end {
        End::Soon => Alert::new(AlertKind::KeyExpiry, "key_expires_soon", "key", Level::Warning)
            .saying("A key ends soon", format!("Key {name} ends in {left}, on {date}")),
        End::Now => Alert::new(AlertKind::KeyExpiry, "key_expired", "key", Level::Grave)
            .saying("A key has ended", format!("Key {name} has ended on {date}: its calls are refused")),
    };
    let mut alert = alert.knowing([
        ("Key", Some(name)),
        ("User", key.user_id.clone()),
        ("Team", key.team_id.clone()),
        ("Ends", Some(date)),
    ]);
    alert.fields = fields(json!({
        "token": id,
        "key_alias": key.key_alias,
        "key_name": key.key_name,
        "user_id": key.user_id,
        "team_id": key.team_id,
        "expires": jiff::Timestamp::from_millisecond(expires).unwrap_or_default().to_string(),
    }));
    alert
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_of_shortly_before_its_end_and_when_it_has_ended() {
        let check = |life: i64, now: i64, expected: Option<End>| {
            assert_eq!(end(0, life * DAY, 7 * DAY, now * DAY), expected, "{life} {now}");
        };
        check(365, 357, None);
        check(365, 358, Some(End::Soon));
        check(30, 26, None);
        check(30, 27, Some(End::Soon));
        check(30, 30, Some(End::Now));
        check(30, 31, None);
        assert_eq!(end(0, DAY - 1, 7 * DAY, DAY), None, "it was made for an hour or two");
        assert_eq!(end(0, DAY, 7 * DAY, DAY), Some(End::Now));
    }
}
