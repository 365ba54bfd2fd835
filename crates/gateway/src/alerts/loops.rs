//! Alerts about keys that run in circles. Each replica tells of what it has seen; a key is told of once.

use policy::runaway::{Breaking, Cause, Trip};
use serde_json::json;
use store::records::Key;

use super::alert::{Alert, Level, fields};
use crate::config::AlertKind;
use crate::live::Live;

/// After how long it is told again while it goes on, milliseconds.
const AGAIN: i64 = 3_600_000;
/// Most that is told at a look: the rest waits for the next one.
const MOST: usize = 100;

/// Looks at all keys that run in circles. The log is told whoever else is.
pub async fn look(live: &Live, now: i64) {
    let Some(books) = &live.books else { return };
    let mut told = 0;
    for (id, trip) in live.meters.loops.trips(now) {
        let key = books.registry.read().keys.get(&id).map(|held| held.record.clone());
        let name = format!("loop:{id}:{}", trip.cause.name());
        told +=
            usize::from(live.teller.once(live, &name, now + AGAIN, now, || alert(&id, key.as_deref(), &trip)).await);
        if told >= MOST {
            return;
        }
    }
}

fn alert(id: &str, key: Option<&Key>, trip: &Trip) -> Alert {
    let name = key.map(|key| key.key_alias.clone().unwrap_or_else(|| key.key_name.clone()));
    let shown = name.clone().unwrap_or_else(|| id.chars().take(8).collect());
    let level = if trip.breaking == Breaking::Block { Level::Grave } else { Level::Warning };
    let Trip { calls, limit, .. } = trip;
    let what = match trip.cause {
        Cause::Same => format!("made the same call {calls} times in a short while, more than {limit}"),
        Cause::Alike => format!("made {calls} calls that differ in numbers alone, more than {limit}"),
        Cause::Burst => format!("made {calls} calls within a minute, far more than usual"),
    };
    let done = match trip.breaking {
        Breaking::Off | Breaking::Alert => "Its calls go on",
        Breaking::Slow => "Its calls wait now",
        Breaking::Block => "Its calls are refused for a while",
    };
    let alert = Alert::new(AlertKind::Loops, "loop_detected", "key", level);
    let mut alert = alert.saying("A key runs in circles", format!("Key {shown} {what}. {done}"));
    let (user, team) = (key.and_then(|key| key.user_id.clone()), key.and_then(|key| key.team_id.clone()));
    alert = alert.knowing([
        ("Key", Some(shown)),
        ("User", user.clone()),
        ("Team", team.clone()),
        ("Calls", Some(calls.to_string())),
    ]);
    alert.fields = fields(json!({
        "token": id,
        "key_alias": key.and_then(|key| key.key_alias.clone()),
        "user_id": user,
        "team_id": team,
        "cause": trip.cause.name(),
        "action": trip.breaking.name(),
        "calls": calls,
        "limit": limit,
    }));
    alert
}
