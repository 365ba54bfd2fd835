//! The keeper of a fleet: asks its nodes what they have loaded, loads, unloads and wakes. It works on a thread of its own,
//! so that no caller who leaves takes a load along.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use dialects::{Errand, LocalEngine};
use http::HeaderMap;
use policy::nodes::Seen;
use providers::http::{Call, Reply};
use tokio::sync::Notify;
use tokio::task::spawn_local;
use tokio::time::{Instant, timeout};
use types::{Fault, FaultKind, Side};

use super::fleet::{Fleet, Load, Task};
use super::{Fleets, Site};
use crate::Wire;

/// How long a node may take to say what it has loaded, or to unload something.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most bytes of an answer that are read.
const ANSWER: usize = 1 << 20;

/// Keeps all fleets that there are and will be.
pub async fn keep_all(fleets: Arc<Fleets>, wire: Rc<dyn Wire>) {
    loop {
        for fleet in fleets.unkept() {
            spawn_local(keep(Arc::downgrade(&fleet), fleet.bell.clone(), wire.clone()));
        }
        fleets.fresh.notified().await;
    }
}

/// Keeps a fleet until nobody needs it any more.
async fn keep(fleet: Weak<Fleet>, bell: Arc<Notify>, wire: Rc<dyn Wire>) {
    loop {
        let next = match fleet.upgrade() {
            Some(fleet) => look_after(&fleet, &wire),
            None => return,
        };
        match next {
            Some(next) => _ = timeout(next, bell.notified()).await,
            None => bell.notified().await,
        }
    }
}

/// Does what there is to do; after how long to look again at the latest.
fn look_after(fleet: &Arc<Fleet>, wire: &Rc<dyn Wire>) -> Option<Duration> {
    let (polls, tasks, next) = fleet.keep().tick();
    for node in polls {
        let (fleet, wire) = (fleet.clone(), wire.clone());
        spawn_local(async move { poll(&fleet, node, &*wire).await });
    }
    for task in tasks {
        let (fleet, wire) = (fleet.clone(), wire.clone());
        spawn_local(async move {
            match task {
                Task::Load(task) => load(&fleet, task, &*wire).await,
                Task::Wake(node) => wake(&fleet.sites[node]).await,
                Task::Describe { node, model, name, _told } => {
                    let most_ctx = describe(&fleet.sites[node], &name, &*wire).await;
                    fleet.change().described(node, model, most_ctx);
                }
                Task::Unload { node, model, told } => {
                    let site = &fleet.sites[node];
                    let done = errand(site, &*wire, engine(site).map(|engine| engine.unload(&model)), PATIENCE).await;
                    if done.is_ok() {
                        fleet.change().unloaded(node, &model);
                    }
                    // Whoever has stopped waiting needs no word.
                    let _ = told.send(done.map(drop));
                }
            }
        });
    }
    next
}

/// Asks a node what it has loaded.
async fn poll(fleet: &Fleet, node: usize, wire: &dyn Wire) {
    let site = &fleet.sites[node];
    let Some(engine) = engine(site) else { return };
    let body = match timeout(PATIENCE, get(site, wire, engine.running_path())).await {
        Ok(Ok(body)) => body,
        // What cannot be reached gets no calls, and what only takes long has much to do.
        Ok(Err(fault)) if fault.kind == FaultKind::Connect => return fleet.failed(node, fault.kind),
        Ok(Err(_)) | Err(_) => return,
    };
    match engine.read_running(&body) {
        Ok(running) => {
            let mut plan = fleet.change();
            let seen = running.iter().filter_map(|one| {
                let model = plan.number(&one.model)?;
                Some(Seen {
                    model,
                    num_ctx: if one.num_ctx > 0 { one.num_ctx } else { plan.context(node, model) },
                    vram_bytes: one.vram_bytes,
                    expires_ms: hash(&one.expires_at),
                })
            });
            let seen: Vec<Seen> = seen.collect();
            plan.polled(node, &seen);
        }
        Err(fault) => tracing::debug!(node = site.deployment.endpoint.url(), "it does not say what is loaded: {fault}"),
    }
}

/// Loads a model, and has those calls begin that start behind the load.
async fn load(fleet: &Fleet, load: Load, wire: &dyn Wire) {
    let Load { node, model, name, num_ctx, keep_alive, unload, starts, done } = load;
    let site = &fleet.sites[node];
    let mut underway = Underway { fleet, node, ended: false };
    for model in &unload {
        // If it does not work the node makes room by itself.
        let _ = errand(site, wire, engine(site).map(|engine| engine.unload(model)), PATIENCE).await;
    }
    let (began, sent) = (Instant::now(), Notify::new());
    let request = engine(site).map(|engine| engine.load(&name, num_ctx, keep_alive.as_ref()));
    let mut starts = Some(starts);
    let loaded = {
        let answer = post(site, wire, request, Some(&sent));
        let mut answer = std::pin::pin!(timeout(site.longest_load, answer));
        tokio::select! {
            // The calls come behind the load, so that it is no call's own load, which would end with its caller.
            () = sent.notified() => {
                fleet.change().start(starts.take().unwrap_or_default());
                answer.as_mut().await
            }
            answer = answer.as_mut() => answer,
        }
    };
    underway.ended = true;
    let mut plan = fleet.change();
    match loaded {
        Ok(Ok(_)) => plan.loaded(node, began.elapsed().as_millis() as u64),
        failed => {
            drop(plan);
            let late = || Fault::provider(FaultKind::Timeout, "the model was not loaded in time");
            let fault = failed.unwrap_or_else(|_| Err(late())).err().unwrap_or_else(late);
            tracing::warn!(node = site.deployment.endpoint.url(), model = name, "a load failed: {fault}");
            match fault.kind {
                FaultKind::NotFound => fleet.lacks(node, model, &fault),
                kind => fleet.failed(node, kind),
            }
            plan = fleet.change();
        }
    }
    // Calls that could not begin behind the load begin now, and see for themselves.
    plan.start(starts.take().unwrap_or_default());
    drop((plan, done));
}

/// A load under way: one that ends otherwise than by an answer has failed.
struct Underway<'f> {
    fleet: &'f Fleet,
    node: usize,
    ended: bool,
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.fleet.failed(self.node, FaultKind::Internal);
        }
    }
}

async fn describe(site: &Site, model: &str, wire: &dyn Wire) -> Option<u32> {
    let engine = engine(site)?;
    let body = errand(site, wire, Some(engine.describe(model)), PATIENCE).await.ok()?;
    engine.read_context(&body)
}

async fn wake(site: &Site) {
    let Some(wake) = site.wake else { return };
    if let Err(error) = super::wake::wake(wake).await {
        tracing::warn!(node = site.deployment.endpoint.url(), "the packet that wakes it could not be sent: {error}");
    }
}

fn engine(site: &Site) -> Option<&'static dyn LocalEngine> {
    site.deployment.back.local_engine()
}

/// Has something done that takes no longer than that.
async fn errand(site: &Site, wire: &dyn Wire, errand: Option<Errand>, longest: Duration) -> Result<Bytes, Fault> {
    let late = |_| Fault::provider(FaultKind::Timeout, "the node did not answer in time");
    timeout(longest, post(site, wire, errand, None)).await.map_err(late)?
}

async fn get(site: &Site, wire: &dyn Wire, path: &str) -> Result<Bytes, Fault> {
    exchange(site, wire, "GET", path, &[], None).await
}

async fn post(site: &Site, wire: &dyn Wire, errand: Option<Errand>, sent: Option<&Notify>) -> Result<Bytes, Fault> {
    let nothing = || Fault::new(FaultKind::Internal, Side::Gateway, "the node's dialect knows no such request");
    let Errand { path, body } = errand.ok_or_else(nothing)?;
    exchange(site, wire, "POST", path, &[body], sent).await
}

async fn exchange(
    site: &Site,
    wire: &dyn Wire,
    method: &'static str,
    path: &str,
    body: &[Bytes],
    sent: Option<&Notify>,
) -> Result<Bytes, Fault> {
    let deployment = &site.deployment;
    let headers: &HeaderMap = &deployment.headers;
    let call = Call {
        endpoint: &deployment.endpoint,
        method,
        path: &format!("{}{path}", deployment.endpoint.base_path),
        headers,
        body,
        connect_timeout: deployment.limits.connect,
        claim: None,
        sent,
    };
    let Reply { status, body, .. } = wire.call(deployment, call).await?;
    let body = body.collect(ANSWER).await?;
    match status {
        200..=299 => Ok(body),
        _ => Err(deployment.without_credential(deployment.back.read_fault(status, &body))),
    }
}

/// Only whether a time moves counts.
fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
