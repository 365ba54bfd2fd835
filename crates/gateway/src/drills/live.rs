//! Drills on live traffic: for a share of the calls of one key each deployment in turn seems to be broken. Such calls are
//! served with a copy of the setup in which every deployment has a health of its own, so that nothing they meet makes
//! a deployment rest, or seem slow, for anybody else; and what is broken in it is at an address that does not exist, so
//! that no provider is asked and no place at one is taken. Only what breaks before the first content is tried: what a
//! caller has cannot be taken back.

mod broken;
mod gate;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use engine::{Bounds, Caller, Deployment, Group, Health, Limits, Pattern, Setup};
use http::HeaderMap;
use serde_json::Value;
use store::{Entry, Status};
use tokio::time::sleep;

use super::judge::{answers, judge, usual_cost};
use super::report::{Finding, Report};
use super::scene::Scene;
use crate::books::unix_ms;
pub use broken::BROKEN;
use broken::Broken;
pub use gate::gate;

/// Entries that a drill keeps; with more calls than that it ends.
const MOST_ENTRIES: usize = 50_000;
/// How long a deployment has to come back once it is well.
const RECOVERY: Duration = Duration::from_secs(10);
/// How often is looked whether it is back.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Longest time that a drill may take.
const LONGEST: Duration = Duration::from_secs(3600);

/// The drill that runs, or ran last.
#[derive(Default)]
pub struct LiveDrills(ArcSwapOption<LiveDrill>);

/// What is drilled, and on whose calls.
pub struct Plan {
    /// The drill's name, which no other one has.
    pub id: String,
    /// When it begins, milliseconds since 1970.
    pub started_at: i64,
    /// Hash of the key.
    pub key_hash: String,
    /// What may be shown of the key.
    pub key_name: String,
    /// Percent of its calls.
    pub percent: u32,
    /// One model group, or all of them.
    pub model: Option<String>,
    /// Names of faults; all of them, if there are none.
    pub faults: Vec<String>,
    /// How long each fault lasts.
    pub each: Duration,
}

/// A drill.
pub struct LiveDrill {
    plan: Plan,
    scenes: Vec<Scene>,
    faults: Vec<&'static Broken>,
    /// The setup with which it was begun: with another one it ends.
    source: Arc<Setup>,
    /// What its calls are served with.
    setup: ArcSwap<Setup>,
    book: Mutex<Book>,
    is_over: AtomicBool,
}

/// What is known so far.
#[derive(Default)]
struct Book {
    /// When what is being tried began, milliseconds since 1970.
    began_at: i64,
    /// Attempts of the fault that is being tried.
    entries: Vec<Entry>,
    calls: u32,
    lost: u32,
    findings: Vec<Finding>,
    /// Why it ended before its end.
    ended: Option<&'static str>,
}

impl LiveDrills {
    /// Begins a drill, unless one is running. The error says why not.
    pub fn begin(&self, plan: Plan, source: Arc<Setup>) -> Result<Arc<LiveDrill>, String> {
        let drill = Arc::new(LiveDrill::new(plan, source)?);
        let running = self.0.load();
        if running.as_ref().is_some_and(|running| !running.is_over()) {
            return Err("a drill is running already; stop it first with POST /drill/stop".to_owned());
        }
        let before = self.0.compare_and_swap(&running, Some(drill.clone()));
        match before.as_ref().map(Arc::as_ptr) == running.as_ref().map(Arc::as_ptr) {
            true => Ok(drill),
            false => Err("another drill has just begun".to_owned()),
        }
    }

    /// The drill that runs, or ran last.
    pub fn last(&self) -> Option<Arc<LiveDrill>> {
        self.0.load_full()
    }

    /// The drill that a call of `caller` takes part in; `dice` is a random number from 0 to 1.
    pub fn taking(&self, caller: &Caller, dice: impl FnOnce() -> f64) -> Option<Arc<LiveDrill>> {
        let drill = self.0.load();
        let drill = drill.as_ref().filter(|drill| !drill.is_over() && drill.plan.key_hash == caller.key_hash)?;
        (dice() * 100.0 < f64::from(drill.plan.percent)).then(|| drill.clone())
    }
}

impl LiveDrill {
    fn new(plan: Plan, source: Arc<Setup>) -> Result<Self, String> {
        let scenes = Scene::all(&source, plan.model.as_deref());
        let faults = broken::chosen(&plan.faults)?;
        if scenes.is_empty() {
            return Err("no deployment is called by such a model".to_owned());
        }
        let steps = u32::try_from(scenes.len() * (faults.len() + 1)).unwrap_or(u32::MAX);
        let longest = (plan.each + RECOVERY).saturating_mul(steps);
        if longest > LONGEST {
            let message = format!(
                "{} deployments and {} faults may take {} s, which is more than an hour: choose a model, fewer faults or fewer seconds",
                scenes.len(),
                faults.len(),
                longest.as_secs()
            );
            return Err(message);
        }
        let setup = ArcSwap::from_pointee(copy(&source, &HashMap::new(), None));
        Ok(LiveDrill { plan, scenes, faults, source, setup, book: Mutex::default(), is_over: AtomicBool::new(false) })
    }

    /// What its calls are served with.
    pub fn setup(&self) -> Arc<Setup> {
        self.setup.load_full()
    }

    /// Its name, and when it began.
    pub fn name(&self) -> (&str, i64) {
        (&self.plan.id, self.plan.started_at)
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.is_over.load(Relaxed)
    }

    /// Ends it.
    pub fn stop(&self, why: &'static str) {
        let mut book = self.book();
        if !self.is_over.swap(true, Relaxed) {
            book.ended = Some(why);
        }
    }

    /// An attempt of one of its calls is over.
    pub fn note_entry(&self, entry: &Entry) {
        let mut book = self.book();
        // What was sent before belongs to what was tried before.
        if entry.started_at < book.began_at {
            return;
        }
        if book.entries.len() < MOST_ENTRIES {
            book.entries.push(Entry { metadata: None, ..entry.clone() });
            return;
        }
        drop(book);
        self.stop("there were too many calls: drill a smaller share of them");
    }

    /// One of its calls has its answer, or signs of life until there is one.
    pub fn note_call(&self) {
        let mut book = self.book();
        book.calls = book.calls.saturating_add(1);
    }

    /// One of its calls was refused in the end, or told so behind signs of life. Lost is who had met what is broken.
    pub fn note_refusal(&self, entry: &Entry) {
        let mut book = self.book();
        let met = |one: &Entry| one.call_id == entry.call_id && broken::is_at(&one.api_base);
        if entry.status == Status::Refused && book.entries.iter().any(met) {
            book.lost = book.lost.saturating_add(1);
        }
    }

    /// What was found so far.
    pub fn report(&self) -> Value {
        let book = self.book();
        let name = format!("{} percent of the calls of {}", self.plan.percent, self.plan.key_name);
        let mut report = Report::new(name, book.findings.clone()).value();
        report["id"] = (*self.plan.id).into();
        report["running"] = (!self.is_over()).into();
        report["ended_because"] = book.ended.into();
        report
    }

    /// Breaks one deployment after another, until it is over or `current` is another setup than it was begun with.
    pub async fn run(self: Arc<Self>, current: impl Fn() -> Arc<Setup>) {
        self.break_all(current).await;
        self.is_over.store(true, Relaxed);
        self.book().entries = Vec::new();
    }

    async fn break_all(&self, current: impl Fn() -> Arc<Setup>) {
        let is_current = || Arc::ptr_eq(&current(), &self.source);
        for scene in &self.scenes {
            self.begin_step(copy(&self.source, &fresh(&self.source), None));
            self.pass(self.plan.each, &is_current).await;
            let usual = usual_cost(&self.book().entries, &scene.deployment_id);
            for fault in &self.faults {
                let finding = self.play(scene, fault, usual, &is_current).await;
                let mut book = self.book();
                // What was broken off says nothing.
                if self.is_over() {
                    return;
                }
                book.findings.push(finding);
            }
        }
    }

    async fn play(
        &self,
        scene: &Scene,
        fault: &'static Broken,
        usual: Option<types::Usd>,
        is_current: &impl Fn() -> bool,
    ) -> Finding {
        let (id, healths) = (&scene.deployment_id, fresh(&self.source));
        self.begin_step(copy(&self.source, &healths, Some((id, fault))));
        self.pass(self.plan.each, is_current).await;
        let mut finding = Finding::of(scene, fault.name);
        {
            let book = self.book();
            (finding.calls, finding.lost) = (book.calls, book.lost);
            judge(&mut finding, &book.entries, usual, limits(&self.source, id).as_ref(), |limit| limit);
        }
        finding.idle = finding.attempts_at_it == 0;
        self.begin_step(copy(&self.source, &healths, None));
        let well = Instant::now();
        while !finding.idle && well.elapsed() < RECOVERY && !self.is_over() {
            if answers(&self.book().entries, id).next().is_some() {
                finding.recovered_after = Some(well.elapsed());
                break;
            }
            self.pass(LOOK_AGAIN, is_current).await;
        }
        let rests = healths.get(id).is_some_and(|health| !health.rest_left().is_zero());
        finding.passed_over = finding.recovered_after.is_none() && !rests;
        finding
    }

    /// From now on calls are served with `setup`, and counted anew.
    fn begin_step(&self, setup: Setup) {
        let began_at = unix_ms();
        self.setup.store(Arc::new(setup));
        let mut book = self.book();
        (book.entries, book.calls, book.lost, book.began_at) = (Vec::new(), 0, 0, began_at);
    }

    /// Lets some time pass, if it may go on.
    async fn pass(&self, time: Duration, is_current: &impl Fn() -> bool) {
        let began = Instant::now();
        while began.elapsed() < time && !self.is_over() {
            if !is_current() {
                self.stop("the configuration has changed");
            }
            sleep(LOOK_AGAIN.min(time)).await;
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn deployments(setup: &Setup) -> impl Iterator<Item = &Arc<Deployment>> {
    let groups = setup.groups.values().chain(setup.patterns.iter().map(|pattern| &pattern.group));
    groups.flat_map(|group| &group.deployments)
}

fn limits(setup: &Setup, id: &str) -> Option<Limits> {
    deployments(setup).find(|one| one.id == id).map(|one| one.limits)
}

/// A health of its own for each deployment, by id.
fn fresh(setup: &Setup) -> HashMap<String, Arc<Health>> {
    deployments(setup).map(|one| (one.id.clone(), Arc::default())).collect()
}

/// A copy of a setup whose deployments have these healths, and one of them is broken.
fn copy(source: &Setup, healths: &HashMap<String, Arc<Health>>, broken: Option<(&str, &Broken)>) -> Setup {
    let deployment = |one: &Arc<Deployment>| {
        let one = Deployment { health: healths.get(&one.id).cloned().unwrap_or_default(), ..Deployment::clone(one) };
        match broken.filter(|(id, _)| *id == one.id).and_then(|(_, fault)| fault.endpoint()) {
            // Nobody is there: neither a place nor a credential is needed.
            Some(endpoint) => {
                let (bounds, headers) = (Bounds::default(), HeaderMap::new());
                Arc::new(Deployment { endpoint, bounds, headers, canned: None, ..one })
            }
            None => Arc::new(one),
        }
    };
    let group = |group: &Arc<Group>| {
        let deployments = group.deployments.iter().map(deployment).collect();
        let Group { name, team, strategy, lines, .. } = &**group;
        let (name, team, lines) = (name.clone(), team.clone(), lines.clone());
        Arc::new(Group { name, deployments, team, strategy: *strategy, lines })
    };
    let pattern = |pattern: &Pattern| Pattern { group: group(&pattern.group), ..pattern.clone() };
    Setup {
        groups: source.groups.iter().map(|(name, one)| (name.clone(), group(one))).collect(),
        patterns: source.patterns.iter().map(pattern).collect(),
        // What is kept from a call that went well says nothing of what is broken.
        cache: None,
        ..source.clone()
    }
}

#[cfg(test)]
mod tests;
