//! One drill: a gateway of its own in front of mock providers, one of which breaks and gets well again.

use std::cell::{Cell, RefCell};
use std::future::{poll_fn, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use dialects::FRONTS;
use drill::fault::{Refusing, Trap};
use drill::mock::{Mock, Options};
use engine::{
    Call, Caller, Content, Deployment, Dice, Durable, Gate, Group, Keyring, Ledger, Limits, Meters, Pattern, Reply,
    Setup, Wire, serve,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::tz::TimeZone;
use providers::http as upstream;
use providers::http::{Client, Endpoint};
use serde_json::json;
use store::Entry;
use types::{Fault as CallFault, Operation};

use super::faults::{Cause, Fault};
use super::judge::{answers, judge, usual_cost};
use super::report::Finding;
use super::scene::Scene;
use crate::books::unix_ms;

/// Header in which the mock reads how to behave.
const KNOBS: HeaderName = HeaderName::from_static("x-mock");
/// Longest silence that is waited for: what a deployment may take beyond it is added on paper.
const LONGEST: Duration = Duration::from_millis(400);
/// How long a deployment has to come back once it is well.
const RECOVERY: Duration = Duration::from_secs(30);
/// How long calls look for one that may be used, and is not.
const UNUSED: Duration = Duration::from_secs(3);
/// Pause between calls that look whether it is back.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Calls per deployment that show whether it is used at all while everything is well.
const BEFORE: u32 = 12;
/// Seed of all that is left to chance: the same drill, the same report.
const SEED: u64 = 7;

/// A gateway and its providers.
pub struct Stage {
    gate: Rc<Gate>,
    play: Rc<Play>,
    entries: Rc<RefCell<Vec<Entry>>>,
    /// Time limits as they are configured, by deployment.
    limits: Vec<(String, Limits)>,
}

/// What is broken, and where everybody else is.
struct Play {
    mock: Mock,
    refusing: Refusing,
    trap: Trap,
    /// The deployment, and what is wrong with it.
    broken: RefCell<Option<(String, Cause)>>,
    calls: Cell<u64>,
}

/// What came of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Answer,
    /// An error instead of an answer.
    Lost,
    /// The beginning of an answer, and an error.
    BrokenOff,
}

impl Stage {
    /// Sets one for a setup.
    pub async fn set(setup: Setup) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("mock providers cannot be started: {error}");
        // Whatever a deployment sends is to be answered: drills are about faults, not about dialects.
        let mock = Mock::start(Options { record: false, check: false, ..Options::default() }).await.map_err(failed)?;
        let (refusing, trap) = (Refusing::start().map_err(failed)?, Trap::garbage().await.map_err(failed)?);
        let play = Rc::new(Play { mock, refusing, trap, broken: RefCell::default(), calls: Cell::new(0) });
        let limits = setup.groups.values().chain(setup.patterns.iter().map(|pattern| &pattern.group));
        let limits = limits.flat_map(|group| &group.deployments).map(|one| (one.id.clone(), one.limits)).collect();
        let (setup, entries) = (Arc::new(impatient(setup)), Rc::<RefCell<Vec<Entry>>>::default());
        let meters = Arc::new(Meters::new(TimeZone::UTC));
        let gate = Rc::new(Gate {
            wire: Rc::new(Detour { client: Client::default(), play: play.clone() }),
            setup: Box::new(move || setup.clone()),
            dice: RefCell::new(Dice::new(SEED)),
            unix_ms: Rc::new(unix_ms),
            keyring: Keyring::new(None, meters),
            ledger: Some(Rc::new(Kept(entries.clone()))),
        });
        Ok(Stage { gate, play, entries, limits })
    }

    /// Breaks a deployment, makes so many calls for each deployment of its group, lets it get well, and waits until it
    /// is used again.
    pub async fn play(&self, scene: &Scene, fault: &Fault, calls: u32) -> Finding {
        let id = &scene.deployment_id;
        let siblings = u32::try_from(scene.siblings).unwrap_or(u32::MAX);
        let mut finding = Finding::of(scene, fault.name);
        let mut asked = 0;
        while asked < BEFORE.saturating_mul(siblings) && !self.answered(id, 0) {
            finding.unwell |= self.call(&scene.model, asked % 2 == 1).await != Seen::Answer;
            asked += 1;
        }
        finding.idle = !self.answered(id, 0);
        if finding.idle || finding.unwell {
            return finding;
        }
        // One more, so that both kinds of calls have been seen.
        self.call(&scene.model, asked % 2 == 1).await;
        let usual = usual_cost(&self.entries.borrow(), id);
        let since = self.entries.borrow().len();
        *self.play.broken.borrow_mut() = Some((id.clone(), fault.cause));
        for number in 0..calls.saturating_mul(siblings) {
            match self.call(&scene.model, number % 2 == 1).await {
                Seen::Answer => {}
                Seen::Lost => finding.lost += 1,
                Seen::BrokenOff => finding.broken_off += 1,
            }
            finding.calls += 1;
        }
        let limits = self.limits.iter().find(|(name, _)| name == id).map(|(_, limits)| limits);
        judge(&mut finding, &self.entries.borrow()[since..], usual, limits, shorter);
        self.play.broken.borrow_mut().take();
        let (well, since) = (Instant::now(), self.entries.borrow().len());
        let mut usable = None;
        while well.elapsed() < RECOVERY {
            if self.may_be_used(&scene.model, id) {
                usable.get_or_insert_with(Instant::now);
            }
            self.call(&scene.model, false).await;
            if self.answered(id, since) {
                finding.recovered_after = Some(well.elapsed());
                break;
            }
            if usable.is_some_and(|since: Instant| since.elapsed() > UNUSED) {
                finding.passed_over = true;
                break;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        finding
    }

    /// Whether nothing keeps calls from a deployment.
    fn may_be_used(&self, model: &str, id: &str) -> bool {
        let found = (self.gate.setup)().find(model);
        found.is_some_and(|(group, _)| {
            group.deployments.iter().any(|one| one.id == id && one.health.rest_left().is_zero())
        })
    }

    /// Whether a deployment has answered since an entry of the ledger.
    fn answered(&self, id: &str, since: usize) -> bool {
        answers(&self.entries.borrow()[since..], id).next().is_some()
    }

    async fn call(&self, model: &str, stream: bool) -> Seen {
        let body = json!({
            "model": model,
            "stream": stream,
            "messages": [{ "role": "user", "content": "This is a drill." }],
        });
        let number = self.play.calls.replace(self.play.calls.get() + 1);
        let call = Call {
            id: format!("drill-{number}"),
            front: FRONTS[0],
            operation: Operation::Chat,
            path_model: None,
            path_stream: None,
            headers: HeaderMap::new(),
            body: Bytes::from(body.to_string()),
            caller: Arc::new(Caller::admin()),
            ip: None,
        };
        let reply = serve(&self.gate, call).await;
        match (reply.status, read(reply).await) {
            (200, text) if !stream || text.contains("[DONE]") => Seen::Answer,
            (200, text) if text.contains("\"content\":\"") => Seen::BrokenOff,
            _ => Seen::Lost,
        }
    }
}

async fn read(reply: Reply) -> String {
    let mut all = Vec::new();
    match reply.content {
        Content::Whole(bytes) => all.extend_from_slice(&bytes),
        Content::Stream(mut delivery) => {
            while let Some(piece) = poll_fn(|cx| delivery.poll_piece(cx)).await {
                all.extend_from_slice(&piece);
            }
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// A time limit that a drill can wait for.
fn shorter(limit: Duration) -> Duration {
    limit.min(LONGEST)
}

/// The same setup with such time limits.
fn impatient(setup: Setup) -> Setup {
    let of_group = |group: &Arc<Group>| {
        let quicker = |deployment: &Arc<Deployment>| {
            let Limits { connect, total, first_token, idle } = deployment.limits;
            let limits = Limits {
                connect: shorter(connect),
                total: shorter(total),
                first_token: shorter(first_token),
                idle: shorter(idle),
            };
            Arc::new(Deployment { limits, canned: None, ..Deployment::clone(deployment) })
        };
        let deployments = group.deployments.iter().map(quicker).collect();
        let Group { name, team, strategy, lines, .. } = &**group;
        let (name, team, lines) = (name.clone(), team.clone(), lines.clone());
        Arc::new(Group { name, deployments, team, strategy: *strategy, lines })
    };
    let groups = setup.groups.iter().map(|(name, group)| (name.clone(), of_group(group))).collect();
    let pattern = |pattern: &Pattern| Pattern {
        before: pattern.before.clone(),
        after: pattern.after.clone(),
        group: of_group(&pattern.group),
    };
    let patterns = setup.patterns.iter().map(pattern).collect();
    // Who is given what was said before does not notice that something is broken, and nobody is asked about calls that
    // nobody made.
    Setup { groups, patterns, cache: None, guardrails: Default::default(), ..setup }
}

/// The way to the mock, whoever is called.
struct Detour {
    client: Client,
    play: Rc<Play>,
}

impl Wire for Detour {
    fn call<'a>(
        &'a self,
        deployment: &'a Deployment,
        call: upstream::Call<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<upstream::Reply, CallFault>> + 'a>> {
        let broken = self.play.broken.borrow();
        let cause = broken.as_ref().filter(|(id, _)| *id == deployment.id).map(|(_, cause)| *cause);
        let url = match cause {
            Some(Cause::Refused) => format!("http://{}", self.play.refusing.addr()),
            Some(Cause::Tls) => format!("https://{}", self.play.trap.addr()),
            Some(Cause::Knobs(_)) | None => self.play.mock.url(),
        };
        let mut headers = call.headers.clone();
        if let Some(Cause::Knobs(knobs)) = cause {
            headers.insert(KNOBS, HeaderValue::from_static(knobs));
        }
        let path = path_at_mock(call.path, &deployment.endpoint.base_path);
        Box::pin(async move {
            let endpoint = Endpoint::parse(&url).map_err(CallFault::invalid)?;
            self.client.call(&upstream::Call { endpoint: &endpoint, path: &path, headers: &headers, ..call }).await
        })
    }
}

/// The path of a request at the mock: behind their base addresses providers of one dialect are alike, and only some
/// dialects have the version there.
fn path_at_mock(path: &str, base: &str) -> String {
    let path = path.strip_prefix(base).unwrap_or(path);
    let is_whole = ["/v1/", "/api/"].iter().any(|begin| path.starts_with(begin));
    if is_whole { path.to_owned() } else { format!("/v1{path}") }
}

/// A ledger in memory.
struct Kept(Rc<RefCell<Vec<Entry>>>);

impl Ledger for Kept {
    fn open(&self, _: &Entry) -> Durable {
        Box::pin(ready(()))
    }

    fn settle(&self, entry: &Entry) -> Durable {
        self.0.borrow_mut().push(entry.clone());
        Box::pin(ready(()))
    }

    fn tell(&self, _entry: &Entry) {}

    fn is_healthy(&self) -> bool {
        true
    }
}
