//! Looks at deployments without waiting for a call to fail: by the provider's list of models, which costs nothing and
//! loads no model, or by a real answer where the configuration wants one. What is found feeds the breakers, and is kept
//! for `/health` and `/health/history`. A thread of its own does it, with a way into the engine as workers have it: an
//! answer is a call like any other, held, booked and counted.

mod look;

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::{Deployment, Gate};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::{JoinSet, spawn_local};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::config::{HealthRules, Means, Shown};
use crate::live::Live;
use crate::stop::Stop;
use crate::worker;

/// How often it is seen to whether a look is due.
const TICK: Duration = Duration::from_millis(500);
/// How often a deployment that rests is looked at, so that it is back soon.
const RESTING: Duration = Duration::from_secs(5);
/// How old a finding may be that is told to somebody who asks.
const FRESH: Duration = Duration::from_secs(3);
/// Findings that are kept of each deployment, and of how many of them.
const MOST_FINDINGS: usize = 100;
const MOST_DEPLOYMENTS: usize = 2_000;
/// Questions that may wait.
const QUEUE: usize = 64;

/// What a look has found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// How long it took.
    pub took: Duration,
    /// Whether the model itself answered.
    pub answered: bool,
    /// Why it is ill, if it is.
    pub trouble: Option<String>,
}

/// What was found lately, and the way to whoever looks.
pub struct Findings {
    kept: Mutex<HashMap<String, Kept>>,
    questions: mpsc::Sender<Question>,
    /// For the thread that looks.
    asked: Mutex<Option<mpsc::Receiver<Question>>>,
}

struct Kept {
    last: Instant,
    findings: VecDeque<Finding>,
}

/// Somebody wants to know how these deployments are now.
struct Question {
    ids: HashSet<String>,
    answer: oneshot::Sender<()>,
}

impl Default for Findings {
    fn default() -> Self {
        let (questions, asked) = mpsc::channel(QUEUE);
        Findings { kept: Mutex::default(), questions, asked: Mutex::new(Some(asked)) }
    }
}

impl Findings {
    /// What was found of a deployment, the newest last.
    pub fn of(&self, id: &str) -> Vec<Finding> {
        self.kept().get(id).map(|kept| kept.findings.iter().cloned().collect()).unwrap_or_default()
    }

    /// What was found of it last.
    pub fn last(&self, id: &str) -> Option<Finding> {
        self.kept().get(id)?.findings.back().cloned()
    }

    /// Has these deployments looked at now, as far as that is not known.
    pub async fn ask(&self, ids: HashSet<String>) {
        let (answer, answered) = oneshot::channel();
        if self.questions.try_send(Question { ids, answer }).is_ok() {
            // Whoever looks may be going down: what is known is told then.
            let _ = answered.await;
        }
    }

    fn is_due(&self, id: &str, after: Duration) -> bool {
        self.kept().get(id).is_none_or(|kept| kept.last.elapsed() >= after)
    }

    fn keep(&self, id: &str, finding: Finding) {
        let mut kept = self.kept();
        if kept.len() >= MOST_DEPLOYMENTS && !kept.contains_key(id) {
            let oldest = kept.iter().min_by_key(|(_, kept)| kept.last).map(|(id, _)| id.clone());
            oldest.and_then(|oldest| kept.remove(&oldest));
        }
        let entry =
            kept.entry(id.to_owned()).or_insert_with(|| Kept { last: Instant::now(), findings: VecDeque::new() });
        entry.last = Instant::now();
        if entry.findings.len() >= MOST_FINDINGS {
            entry.findings.pop_front();
        }
        entry.findings.push_back(finding);
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks after deployments until the gateway goes down.
pub fn run(live: Arc<Live>, seed: u64, stop: Stop) -> io::Result<()> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build_local(Default::default())?;
    let asked = live.findings.asked.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut asked) = asked else { return Ok(()) };
    runtime.block_on(async move {
        let room = Rc::new(Semaphore::new(live.management().health.concurrency));
        let doctor = Doctor { live, seed, gate: Rc::default(), room, busy: Rc::default() };
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.told() => return Ok(()),
                Some(question) = asked.recv() => doctor.reply(question),
                _ = ticks.tick() => doctor.see_to_it(),
            }
        }
    })
}

#[derive(Clone)]
struct Doctor {
    live: Arc<Live>,
    seed: u64,
    /// The way into the engine, once it was needed.
    gate: Rc<OnceCell<Rc<Gate>>>,
    /// Places for looks at a time.
    room: Rc<Semaphore>,
    /// Deployments that are being looked at in the background.
    busy: Rc<RefCell<HashSet<String>>>,
}

impl Doctor {
    /// Looks at whoever it is time for.
    fn see_to_it(&self) {
        let rules = self.live.management().health.clone();
        if !rules.background {
            return;
        }
        let models = self.live.models();
        for (shown, deployment) in served(&models) {
            let is_meant = rules.groups.is_empty() || rules.groups.contains(&shown.name);
            let rests = !deployment.health.rest_left().is_zero() && shown.look.means == Means::Listing;
            let after = if rests { rules.interval.min(RESTING) } else { rules.interval };
            let is_due = is_meant && !shown.look.on_request && self.live.findings.is_due(&shown.id, after);
            if is_due && self.busy.borrow_mut().insert(shown.id.clone()) {
                let (doctor, shown, rules) = (self.clone(), shown.clone(), rules.clone());
                spawn_local(async move {
                    doctor.look(&shown, &rules).await;
                    doctor.busy.borrow_mut().remove(&shown.id);
                });
            }
        }
    }

    /// Looks at all that a question is about.
    fn reply(&self, question: Question) {
        let (doctor, rules) = (self.clone(), self.live.management().health.clone());
        spawn_local(async move {
            let mut looks = JoinSet::new();
            for (shown, _) in served(&doctor.live.models()) {
                if question.ids.contains(&shown.id) && doctor.live.findings.is_due(&shown.id, FRESH) {
                    let (doctor, shown, rules) = (doctor.clone(), shown.clone(), rules.clone());
                    looks.spawn_local(async move { doctor.look(&shown, &rules).await });
                }
            }
            looks.join_all().await;
            // Whoever asked may be gone.
            let _ = question.answer.send(());
        });
    }

    fn gate(&self) -> io::Result<Rc<Gate>> {
        if let Some(gate) = self.gate.get() {
            return Ok(gate.clone());
        }
        let gate = Rc::new(worker::gate(&self.live, self.seed)?);
        Ok(self.gate.get_or_init(|| gate).clone())
    }

    /// Looks at a deployment, lets its breaker know, and takes note.
    async fn look(&self, shown: &Shown, rules: &HealthRules) {
        let Some(deployment) = &shown.deployment else { return };
        let Ok(_place) = self.room.acquire().await else { return };
        let gate = match self.gate() {
            Ok(gate) => gate,
            Err(error) => return tracing::error!("nobody looks at deployments: {error}"),
        };
        let (began, at_ms) = (Instant::now(), (gate.unix_ms)());
        let trouble = look::at(&gate, shown, deployment).await.err();
        let answered = matches!(shown.look.means, Means::Answer { .. });
        match &trouble {
            // An answer has let the breaker know by itself.
            None if !answered => deployment.health.found_well(),
            Some(_) if rules.routing && self.live.setup().has_alternative(&shown.id) => {
                deployment.health.found_ill(rules.interval * 2);
            }
            _ => {}
        }
        if let Some(why) = &trouble {
            tracing::info!(deployment = &*deployment.name, "found ill: {why}");
        }
        self.live.findings.keep(&shown.id, Finding { at_ms, took: began.elapsed(), answered, trouble });
    }
}

/// The entries that are served.
pub fn served(models: &[Shown]) -> impl Iterator<Item = (&Shown, &Arc<Deployment>)> {
    let open = models.iter().filter(|shown| !shown.blocked);
    open.filter_map(|shown| Some((shown, shown.deployment.as_ref()?)))
}
