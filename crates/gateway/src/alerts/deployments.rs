//! Alerts about deployments that are slow or fail: what this replica sees of its own calls, told once until it is over,
//! and again after a while if it is not.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::sender::Sender;
use crate::config::{Outages, Shown};
use crate::health::served;
use crate::live::Live;

/// How often all deployments are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// How long a measured time counts.
const LATELY: Duration = Duration::from_secs(60);
/// After how long somebody is told again.
const AGAIN: Duration = Duration::from_secs(3600);

/// Looks at deployments for as long as the gateway runs.
pub async fn follow(live: Arc<Live>) {
    let mut lookout = Lookout { sender: Sender::start(), told: HashMap::new() };
    loop {
        sleep(LOOK).await;
        lookout.look(&live, Instant::now());
    }
}

/// What is wrong with a deployment.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    /// Its answers took so many seconds lately.
    Slow(f64),
    /// So many calls of this minute failed, of so many.
    Fails { failed: u32, calls: u32, is_major: bool },
}

struct Lookout {
    sender: Sender,
    /// When which trouble of which deployment was told, by their names.
    told: HashMap<(String, &'static str), Instant>,
}

impl Lookout {
    fn look(&mut self, live: &Live, now: Instant) {
        let alerts = live.management().alerts.clone();
        self.told.retain(|_, told| now - *told < AGAIN);
        for (shown, deployment) in served(&live.models()) {
            let health = &deployment.health;
            let all = troubles(&alerts.outages, health.response_time(LATELY), health.recent());
            let mut over = vec![Trouble::Slow(0.0).name(), Trouble::MINOR, Trouble::MAJOR];
            for trouble in all {
                over.retain(|name| *name != trouble.name());
                let key = (shown.id.clone(), trouble.name());
                if self.told.contains_key(&key) {
                    continue;
                }
                self.told.insert(key, now);
                tracing::warn!(event = trouble.name(), deployment = &*deployment.name, "{}", trouble.message(shown));
                self.sender.send(&alerts.outages.targets, &trouble.text(shown), &trouble.fields(shown));
            }
            // A minute without calls says nothing: only who answers well is well again.
            if health.recent().0 > 0 {
                over.into_iter().for_each(|name| _ = self.told.remove(&(shown.id.clone(), name)));
            }
        }
    }
}

/// What is wrong with a deployment whose answers took so long lately, and of whose calls so many succeeded and failed in
/// this minute.
fn troubles(rules: &Outages, seconds: Option<f64>, (well, failed): (u32, u32)) -> Vec<Trouble> {
    let calls = well.saturating_add(failed);
    let share = f64::from(failed) / f64::from(calls.max(1));
    let fails = rules.failing && failed >= rules.minor && share >= rules.share;
    let is_major = failed >= rules.major;
    let fails = fails.then_some(Trouble::Fails { failed, calls, is_major });
    let slow = seconds.filter(|seconds| rules.slow && *seconds > rules.slow_after.as_secs_f64());
    slow.map(Trouble::Slow).into_iter().chain(fails).collect()
}

impl Trouble {
    const MINOR: &'static str = "outage_alerts_minor";
    const MAJOR: &'static str = "outage_alerts_major";

    /// What it is, as programs call it.
    fn name(self) -> &'static str {
        match self {
            Trouble::Slow(_) => "llm_too_slow",
            Trouble::Fails { is_major: false, .. } => Trouble::MINOR,
            Trouble::Fails { is_major: true, .. } => Trouble::MAJOR,
        }
    }

    fn message(self, shown: &Shown) -> String {
        let (name, id) = (&shown.name, &shown.id);
        match self {
            Trouble::Slow(seconds) => format!("Answers of {name} (deployment {id}) take {seconds:.1} seconds"),
            Trouble::Fails { failed, calls, is_major } => {
                let size = if is_major { "Major" } else { "Minor" };
                format!("{size} outage: {failed} of {calls} calls of {name} (deployment {id}) failed in this minute")
            }
        }
    }

    /// For people.
    fn text(self, shown: &Shown) -> Value {
        json!({ "text": self.message(shown) })
    }

    /// For programs.
    fn fields(self, shown: &Shown) -> Value {
        let (seconds, failed, calls) = match self {
            Trouble::Slow(seconds) => (Some(seconds), None, None),
            Trouble::Fails { failed, calls, .. } => (None, Some(failed), Some(calls)),
        };
        json!({
            "event": self.name(),
            "event_group": "deployment",
            "event_message": self.message(shown),
            "model_group": shown.name,
            "model_id": shown.id,
            "seconds": seconds,
            "failed_calls": failed,
            "calls": calls,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_slow_or_fails_much_is_told_of() {
        let rules = Outages { slow: true, failing: true, slow_after: Duration::from_secs(10), ..Outages::default() };
        let check = |seconds: Option<f64>, recent: (u32, u32), expected: &[&str]| {
            let names: Vec<_> = troubles(&rules, seconds, recent).into_iter().map(Trouble::name).collect();
            assert_eq!(names, expected, "{seconds:?} {recent:?}");
        };
        check(None, (0, 0), &[]);
        check(Some(10.0), (100, 4), &[]);
        check(Some(10.5), (100, 0), &["llm_too_slow"]);
        check(None, (5, 5), &["outage_alerts_minor"]);
        check(None, (6, 5), &[]);
        check(Some(99.0), (0, 10), &["llm_too_slow", "outage_alerts_major"]);
        assert_eq!(troubles(&Outages::default(), Some(999.0), (0, 99)), [], "nobody wants to know");
    }
}
