//! Alerts about deployments that are slow, fail, or get no calls any more, and when that is over: what this replica sees
//! of its own calls.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::alert::{Alert, Level, fields};
use super::claims;
use crate::config::{AlertKind, AlertRules, Alerts, Shown};
use crate::health::served;
use crate::live::Live;

/// How long a measured time counts.
const LATELY: Duration = Duration::from_secs(60);
/// After how long somebody is told again, milliseconds.
const AGAIN: i64 = 3_600_000;
/// How long nothing is told of a deployment after it was told that something is over, milliseconds: one that comes and
/// goes is told of now and then.
const QUIET: i64 = 300_000;
/// After how long without a success a deployment is down, not only resting.
const DOWN: Duration = Duration::from_secs(10);

/// What is wrong with a deployment.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    /// Its answers took so many seconds lately.
    Slow(f64),
    /// So many calls of this minute failed, of so many.
    Fails { failed: u32, calls: u32, is_major: bool },
    /// It gets no calls, but for a trial now and then.
    Down,
}

/// All that can be wrong, by name; where no number belongs to it.
const NAMES: [&str; 4] = ["llm_too_slow", "outage_alerts_minor", "outage_alerts_major", "deployment_down"];

/// What is known of deployments.
#[derive(Default)]
pub struct Deployments {
    /// What was told and is not over, as `name:id`. Unknown before the first look.
    told: Option<HashSet<String>>,
    /// Those that rest: since when, and how many of their calls had succeeded in that minute.
    resting: HashMap<String, (Instant, u32)>,
}

impl Deployments {
    /// Looks at all of them.
    pub async fn look(&mut self, live: &Live, alerts: &Alerts, now: i64) {
        if self.told.is_none() {
            // Who was there before us may have told something.
            let names = NAMES.into_iter();
            let open = names.flat_map(|name| {
                claims::open(live, &format!("{name}:"), now).into_iter().map(move |id| format!("{name}:{id}"))
            });
            self.told = Some(open.collect());
        }
        let models = live.models();
        let is_served = |id: &str| served(&models).any(|(shown, _)| shown.id == *id);
        self.resting.retain(|id, _| is_served(id));
        self.told
            .iter_mut()
            .for_each(|told| told.retain(|claim| claim.split_once(':').is_some_and(|(_, id)| is_served(id))));
        for (shown, deployment) in served(&models) {
            let health = &deployment.health;
            let (well, failed) = health.recent();
            let mut all = troubles(&alerts.rules, health.response_time(LATELY), (well, failed));
            let found_well = live.findings.last(&shown.id).filter(|finding| finding.trouble.is_none());
            all.extend(self.down(&shown.id, !health.rest_left().is_zero(), well, found_well.map(|one| one.at_ms), now));
            let begun = all.into_iter().filter(|trouble| alerts.wants(trouble.kind()));
            let begun: Vec<Trouble> = begun.collect();
            for trouble in &begun {
                self.tell(live, shown, *trouble, now).await;
            }
            // A minute without calls says nothing: only who answers well is well again.
            let is_well = |name: &str| match name {
                "deployment_down" => !self.resting.contains_key(&shown.id),
                _ => well > 0,
            };
            let over = NAMES.into_iter().filter(|name| !begun.iter().any(|trouble| trouble.name() == *name));
            let over: Vec<&str> = over.filter(|name| is_well(name)).collect();
            self.end(live, alerts, shown, &over, now).await;
        }
    }

    async fn tell(&mut self, live: &Live, shown: &Shown, trouble: Trouble, now: i64) {
        let claim = format!("{}:{}", trouble.name(), shown.id);
        live.teller.once(live, &claim, now + AGAIN, now, || trouble.alert(shown)).await;
        self.told.get_or_insert_default().insert(claim);
    }

    /// Tells, once for all of them, that these are over.
    async fn end(&mut self, live: &Live, alerts: &Alerts, shown: &Shown, names: &[&str], now: i64) {
        let mut back = None;
        for name in names {
            let claim = format!("{name}:{}", shown.id);
            if self.told.get_or_insert_default().remove(&claim)
                && live.teller.over(live, &claim, now + QUIET, now).await
            {
                back = back.or(match *name {
                    "llm_too_slow" => None,
                    "deployment_down" => Some(AlertKind::Down),
                    _ => Some(AlertKind::Outages),
                });
            }
        }
        if let Some(kind) = back {
            live.teller.outbox.tell(alerts, well_again(kind, shown));
        }
    }

    /// Whether a deployment is down: it rests, and for a while nothing has shown that it is well.
    fn down(&mut self, id: &str, rests: bool, well: u32, found_well: Option<i64>, now: i64) -> Option<Trouble> {
        let known = self.resting.get_mut(id);
        match known {
            None if rests => {
                self.resting.insert(id.to_owned(), (Instant::now(), well));
                None
            }
            None => None,
            Some((since, before)) => {
                let seen_well = found_well.is_some_and(|at| now - at < since.elapsed().as_millis() as i64);
                if !rests && (well > *before || seen_well) {
                    self.resting.remove(id);
                    return None;
                }
                // A new minute begins at zero.
                *before = well.min(*before);
                (rests && since.elapsed() >= DOWN).then_some(Trouble::Down)
            }
        }
    }
}

/// What is wrong with a deployment whose answers took so long lately, and of whose calls so many succeeded and failed in
/// this minute.
fn troubles(rules: &AlertRules, seconds: Option<f64>, (well, failed): (u32, u32)) -> Vec<Trouble> {
    let calls = well.saturating_add(failed);
    let share = f64::from(failed) / f64::from(calls.max(1));
    let fails = failed >= rules.minor && share >= rules.share;
    let fails = fails.then_some(Trouble::Fails { failed, calls, is_major: failed >= rules.major });
    let slow = seconds.filter(|seconds| *seconds > rules.slow_after.as_secs_f64());
    slow.map(Trouble::Slow).into_iter().chain(fails).collect()
}

impl Trouble {
    fn kind(self) -> AlertKind {
        match self {
            Trouble::Slow(_) => AlertKind::Slow,
            Trouble::Fails { .. } => AlertKind::Outages,
            Trouble::Down => AlertKind::Down,
        }
    }

    /// What it is, as programs call it.
    fn name(self) -> &'static str {
        match self {
            Trouble::Slow(_) => NAMES[0],
            Trouble::Fails { is_major: false, .. } => NAMES[1],
            Trouble::Fails { is_major: true, .. } => NAMES[2],
            Trouble::Down => NAMES[3],
        }
    }

    fn alert(self, shown: &Shown) -> Alert {
        let (name, id) = (&shown.name, &shown.id);
        let (level, title, message) = match self {
            Trouble::Slow(seconds) => (
                Level::Warning,
                format!("{name} is slow"),
                format!("Answers of {name} (deployment {id}) take {seconds:.1} seconds"),
            ),
            Trouble::Fails { failed, calls, is_major } => {
                let (size, level) = if is_major { ("Major", Level::Grave) } else { ("Minor", Level::Warning) };
                let message = format!(
                    "{size} outage: {failed} of {calls} calls of {name} (deployment {id}) failed in this minute"
                );
                (level, format!("{size} outage of {name}"), message)
            }
            Trouble::Down => (
                Level::Grave,
                format!("{name} is down"),
                format!("{name} (deployment {id}) fails and gets no calls until it is well again"),
            ),
        };
        let (seconds, failed, calls) = match self {
            Trouble::Slow(seconds) => (Some(seconds), None, None),
            Trouble::Fails { failed, calls, .. } => (None, Some(failed), Some(calls)),
            Trouble::Down => (None, None, None),
        };
        let alert = Alert::new(self.kind(), self.name(), "deployment", level).saying(title, message);
        let mut alert = about(alert, shown).knowing([
            ("Seconds", seconds.map(|seconds| format!("{seconds:.1}"))),
            ("Failed", failed.map(|failed| format!("{failed} of {}", calls.unwrap_or_default()))),
        ]);
        alert.fields.extend(fields(json!({ "seconds": seconds, "failed_calls": failed, "calls": calls })));
        alert
    }
}

fn well_again(kind: AlertKind, shown: &Shown) -> Alert {
    let (name, id) = (&shown.name, &shown.id);
    let alert = Alert::new(kind, "deployment_back", "deployment", Level::Good);
    about(alert.saying(format!("{name} is back"), format!("{name} (deployment {id}) answers again")), shown)
}

/// The same with what is known of a deployment.
fn about(alert: Alert, shown: &Shown) -> Alert {
    let provider = shown.deployment.as_ref().map(|deployment| deployment.provider.to_owned());
    let mut alert = alert.knowing([
        ("Model", Some(shown.name.clone())),
        ("Deployment", Some(shown.id.clone())),
        ("Provider", provider.clone()),
    ]);
    alert.fields.extend(fields(json!({
        "model_group": shown.name,
        "model_id": shown.id,
        "provider": provider,
    })));
    alert
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_slow_or_fails_much_is_told_of() {
        let rules = AlertRules { slow_after: Duration::from_secs(10), ..AlertRules::default() };
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
    }

    #[tokio::test(start_paused = true)]
    async fn who_rests_for_long_is_down_until_something_shows_that_it_is_well() {
        let mut known = Deployments::default();
        let mut look = |rests, well, found_well, now| known.down("d", rests, well, found_well, now);
        assert_eq!(look(true, 3, None, 0), None, "it has only begun to rest");
        tokio::time::advance(DOWN).await;
        assert_eq!(look(true, 3, None, 10_000), Some(Trouble::Down));
        assert_eq!(look(false, 3, None, 11_000), None, "a trial is due, and says nothing yet");
        assert_eq!(look(true, 0, None, 20_000), Some(Trouble::Down), "it failed");
        assert_eq!(look(false, 1, None, 30_000), None);
        assert!(known.resting.is_empty(), "a call has succeeded");
        let mut look = |rests, found_well, now| known.down("d", rests, 0, found_well, now);
        assert_eq!(look(true, None, 0), None);
        tokio::time::advance(DOWN).await;
        assert_eq!(look(false, Some(-5), 10_000), None);
        assert_eq!(look(true, Some(-5), 10_000), Some(Trouble::Down), "it was found well before");
        assert_eq!(look(false, Some(9_000), 10_000), None);
        assert!(known.resting.is_empty(), "it was found well since");
    }
}
