//! Batches that will never say what they cost: the provider does not know them any more, or they are not done long after
//! their time. What is held for them must not be held for ever. It is booked as an estimate, for what is not known is not
//! nothing; without a hold the cost stays unknown.

use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use store::{Asset, Entry, EntryFault, Status, Store, Story};
use types::Fault;

use super::bill::SETTLED;
use super::in_database;
use crate::door::Door;

/// How long a batch may take if it does not say so, and at most.
const WINDOW: Duration = Duration::from_secs(24 * 3600);
const LONGEST_WINDOW: Duration = Duration::from_secs(31 * 24 * 3600);
/// How long after that a batch is given up that the provider does not know, has not finished, or cannot say the cost of.
const MARGIN: Duration = Duration::from_secs(24 * 3600);
/// How long after that one is given up whose provider cannot be asked: it may be back one day.
const PATIENCE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Why nobody knows what a batch cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// The provider does not know it any more, or what it brought.
    Forgotten,
    /// It is not done, or says nothing of what it brought; or nobody is configured who could be asked.
    Unfinished,
    /// The provider cannot be asked.
    Unasked,
}

impl Silence {
    fn why(self) -> &'static str {
        match self {
            Silence::Forgotten => "the provider does not know this batch, or what it brought, any more",
            Silence::Unfinished => "this batch was not finished long after its completion window",
            Silence::Unasked => "the provider of this batch could not be asked for a week after its completion window",
        }
    }
}

/// Whether a batch is to be given up now.
pub fn is_due(asset: &Asset, silence: Silence, now_ms: i64) -> bool {
    let said: Value = serde_json::from_str(&asset.shown).unwrap_or_default();
    let window = said["completion_window"].as_str().and_then(window).unwrap_or(WINDOW).min(LONGEST_WINDOW);
    let after = if silence == Silence::Unasked { PATIENCE } else { MARGIN };
    let bound = i64::try_from((window + after).as_millis()).unwrap_or(i64::MAX);
    now_ms.saturating_sub(asset.created_at) >= bound
}

/// A window as batches write it: `24h`.
fn window(text: &str) -> Option<Duration> {
    let unit = match text.chars().last()? {
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        _ => return None,
    };
    let count: u64 = text[..text.len() - 1].parse().ok()?;
    Some(Duration::from_secs(count.checked_mul(unit)?))
}

/// Books what a batch may have cost, once, and holds nothing for it any more.
pub async fn give_up(door: &Rc<Door>, store: &Store, id: &str, silence: Silence) -> Result<(), Fault> {
    let (wanted, looking) = (id.to_owned(), store.clone());
    let asset = in_database(door, async move { looking.asset(&wanted).await }).await?;
    // Somebody else may have settled it meanwhile.
    let Some(asset) = asset.filter(|asset| asset.state != SETTLED) else { return Ok(()) };
    let now_ms = (door.gate.unix_ms)();
    let (entry, shown) = (entry(&asset, silence, now_ms), shown(&asset, silence, now_ms).to_string());
    tracing::warn!(batch = asset.id, cost_usd = ?entry.cost, "a batch is given up: {}", silence.why());
    let store = store.clone();
    in_database(door, async move {
        store.book(&[entry]).await?;
        store.change_asset(&asset.id, SETTLED, &shown).await
    })
    .await
}

/// What is booked: under the batch's own id, so that it counts once, whoever gives it up.
fn entry(asset: &Asset, silence: Silence, now_ms: i64) -> Entry {
    let payer: Entry = serde_json::from_str(&asset.payer).unwrap_or_default();
    let message = match asset.held {
        Some(_) => format!("{}; what was held for it is booked as an estimate", silence.why()),
        None => format!("{}; what it cost is not known", silence.why()),
    };
    Entry {
        attempt_id: asset.id.clone(),
        call_id: asset.id.clone(),
        call_type: "aretrieve_batch".to_owned(),
        status: Status::Interrupted,
        started_at: asset.created_at,
        ended_at: Some(now_ms),
        cost: asset.held,
        estimated: true,
        fault: Some(EntryFault { kind: "Interrupted".to_owned(), status: 502, message }),
        story: Some(Story { received_at: asset.created_at, attempts: 1, ..Story::default() }),
        ..payer
    }
}

/// What lists show of it: of one that the provider has forgotten, that it failed; otherwise what the provider said last.
fn shown(asset: &Asset, silence: Silence, now_ms: i64) -> Value {
    let mut said: Value = serde_json::from_str(&asset.shown).unwrap_or_default();
    if silence == Silence::Forgotten && said.is_object() {
        let wrong = json!({ "code": "batch_lost", "message": silence.why(), "param": null, "line": null });
        said["status"] = json!("failed");
        said["failed_at"] = json!(now_ms / 1000);
        said["errors"] = json!({ "object": "list", "data": [wrong] });
    }
    said
}

#[cfg(test)]
mod tests {
    use types::Usd;

    use super::*;

    const HOUR: i64 = 3_600_000;

    fn asset(window: Value) -> Asset {
        let shown = json!({ "status": "in_progress", "completion_window": window }).to_string();
        Asset { id: "batch_1".to_owned(), created_at: 5, shown, held: Some(Usd::from_nanos(700)), ..Asset::default() }
    }

    #[test]
    fn a_batch_is_given_up_a_day_after_its_window_or_a_week_after_it_while_nobody_can_be_asked() {
        let check = |window: Value, silence: Silence, hours: i64| {
            let asset = asset(window);
            assert!(!is_due(&asset, silence, 5 + hours * HOUR - 1), "{silence:?} too early");
            assert!(is_due(&asset, silence, 5 + hours * HOUR), "{silence:?} too late");
        };
        check(json!("24h"), Silence::Forgotten, 48);
        check(json!("24h"), Silence::Unfinished, 48);
        check(json!("24h"), Silence::Unasked, 24 + 7 * 24);
        check(json!("7d"), Silence::Unfinished, 8 * 24);
        check(json!("60m"), Silence::Forgotten, 25);
        for odd in [json!(null), json!("soon"), json!("h"), json!("\u{fc}h"), json!("99999999999999999999h")] {
            check(odd, Silence::Forgotten, 48);
        }
        check(json!("99999d"), Silence::Forgotten, 32 * 24);
    }

    #[test]
    fn what_nobody_knows_is_booked_as_what_was_held_and_never_as_nothing() {
        let booked = entry(&asset(json!("24h")), Silence::Forgotten, 9);
        assert_eq!(
            (booked.cost, booked.estimated, booked.status),
            (Some(Usd::from_nanos(700)), true, Status::Interrupted)
        );
        assert_eq!(booked.attempt_id, "batch_1");
        let unheld = entry(&Asset { held: None, ..asset(json!("24h")) }, Silence::Unasked, 9);
        assert_eq!((unheld.cost, unheld.estimated), (None, true));
    }

    #[test]
    fn lists_say_that_a_forgotten_batch_failed_and_of_others_what_was_heard_last() {
        let lost = shown(&asset(json!("24h")), Silence::Forgotten, 9000);
        assert_eq!((&lost["status"], &lost["failed_at"]), (&json!("failed"), &json!(9)));
        assert_eq!(lost["errors"]["data"][0]["code"], "batch_lost");
        assert_eq!(shown(&asset(json!("24h")), Silence::Unfinished, 9)["status"], "in_progress");
    }
}
