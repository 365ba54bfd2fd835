//! Others are told of calls, and what was said in them is kept, where that is wanted: never on the way of a call, and never
//! at its expense. Workers lay things down on the [`Tray`]; a thread of its own tells sinks, the control plane keeps
//! contents.

mod cleaned;
mod contents;
mod forms;
mod lane;
mod meter;
mod observed;
mod post;
mod told;
mod tray;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::{self, JoinHandle as Thread};
use std::time::Duration;

use store::{Content, Entry};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::sleep;

use crate::config::Management;
use crate::live::Live;
use crate::metrics::{Braces, Page};
use cleaned::Cleaned;
use lane::{Lane, finish};
pub use observed::Observed;
use told::Told;
pub use told::{messages, usage_object};
pub use tray::Tray;

/// How often what was laid down is taken away.
const TICK: Duration = Duration::from_millis(200);
/// How long the end waits until everybody is told.
const LAST_PATIENCE: Duration = Duration::from_secs(4);

/// Those who carry what was laid down to where it belongs.
pub struct Carriers {
    closing: watch::Sender<bool>,
    thread: Option<Thread<()>>,
    keeper: JoinHandle<()>,
}

impl Carriers {
    /// Begins.
    pub fn start(live: &Arc<Live>, control: &Runtime) -> Self {
        let closing = watch::Sender::new(false);
        let (of_thread, of_keeper) = (closing.subscribe(), closing.subscribe());
        let told = live.clone();
        let work = move || {
            // Nobody is told if the system gives no means to.
            if let Ok(runtime) = Builder::new_current_thread().enable_all().build_local(Default::default()) {
                runtime.block_on(tell(told, of_thread));
            }
        };
        let thread = thread::Builder::new().name("sinks".to_owned()).spawn(work);
        let thread = thread.inspect_err(|error| tracing::error!("nobody is told of calls: {error}")).ok();
        Carriers { closing, thread, keeper: control.spawn(contents::keep(live.clone(), of_keeper)) }
    }

    /// Carries away what there is, but not for long. To be called when nobody lays anything down any more.
    pub fn close(self, control: &Runtime) {
        self.closing.send_replace(true);
        // Both bound their own time.
        if let Some(thread) = self.thread {
            drop(thread.join());
        }
        drop(control.block_on(self.keeper));
    }
}

/// Tells sinks of what was laid down, until it is over.
async fn tell(live: Arc<Live>, mut closing: watch::Receiver<bool>) {
    let mut teller = Teller { live, management: None, lanes: Vec::new(), leaving: Vec::new() };
    loop {
        let over = tokio::select! {
            () = sleep(TICK) => false,
            closed = closing.wait_for(|closing| *closing) => { drop(closed); true }
        };
        teller.reload();
        for entry in teller.live.tray.take_told() {
            if catch_unwind(AssertUnwindSafe(|| teller.tell(entry))).is_err() {
                tracing::error!("a call is told to nobody: that is a defect");
            }
        }
        if over {
            return teller.close().await;
        }
    }
}

/// Whoever tells sinks.
struct Teller {
    live: Arc<Live>,
    /// The settings that the lanes were made of.
    management: Option<Arc<Management>>,
    lanes: Vec<(Rc<Lane>, JoinHandle<()>)>,
    /// Those to sinks that are no sinks any more.
    leaving: Vec<JoinHandle<()>>,
}

impl Teller {
    /// Makes lanes to sinks that are new; those to others end when they have told what they have.
    fn reload(&mut self) {
        let management = self.live.management();
        // Lanes end only if they are told to, or by a defect.
        let whole = self.lanes.iter().all(|(_, task)| !task.is_finished());
        if whole && self.management.as_ref().is_some_and(|known| Arc::ptr_eq(known, &management)) {
            return;
        }
        let mut known = std::mem::take(&mut self.lanes);
        for sink in &management.sinks.all {
            let lane = match known.iter().position(|(lane, task)| lane.sink == *sink && !task.is_finished()) {
                Some(at) => known.swap_remove(at),
                None => {
                    let lane = Lane::new(sink.clone(), self.live.tray.tally(&sink.name));
                    let (told, numbers) = (lane.clone().run(), meter::export(lane.clone(), self.live.clone()));
                    (lane, spawn_local(async { ((), ()) = tokio::join!(told, numbers) }))
                }
            };
            self.lanes.push(lane);
        }
        self.leaving.retain(|task| !task.is_finished());
        for (lane, task) in known {
            lane.close();
            self.leaving.push(task);
        }
        self.management = Some(management);
    }

    fn tell(&self, mut entry: Entry) {
        let content = entry.aside.as_mut().and_then(|aside| aside.content.take());
        let wanted = self.lanes.iter().any(|(lane, _)| lane.sink.contents);
        let most = self.live.setup().telemetry.content_bytes;
        let said = content.as_ref().filter(|_| wanted).and_then(|content| Cleaned::of(content, most));
        let bytes = content.as_ref().map_or(0, Content::bytes).min(2 * most);
        let team_alias = self.live.books.as_ref().and_then(|books| {
            let directory = books.registry.read();
            directory.teams.get(entry.team_id.as_deref()?)?.record.team_alias.clone()
        });
        let told = Told { entry, team_alias, said };
        let redacted = self.management.as_ref().is_some_and(|management| management.sinks.redacted);
        let told = Rc::new(if redacted { told.redacted() } else { told });
        for (lane, _) in self.lanes.iter().filter(|(lane, _)| lane.wants(&told)) {
            lane.put(&told, bytes);
        }
    }

    async fn close(self) {
        let of_lanes = self.lanes.into_iter().map(|(lane, task)| {
            lane.close();
            task
        });
        if !finish(of_lanes.chain(self.leaving).collect(), LAST_PATIENCE).await {
            tracing::warn!("not everybody is told of everything, and the gateway ends");
        }
    }
}

/// Writes what became of all this to the page of metrics.
pub fn write(page: &mut Page, tray: &Tray) {
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Relaxed) as f64;
    let kept = count(&tray.contents_kept);
    page.one("lockgate_contents_kept_total", "calls whose content is in the database", "counter", kept);
    let dropped = count(&tray.contents_dropped);
    page.one(
        "lockgate_contents_dropped_total",
        "calls whose content is not, for there was too much",
        "counter",
        dropped,
    );
    let (mut sent, mut lost, mut waiting, mut failures) =
        <(BTreeMap<_, _>, BTreeMap<_, _>, BTreeMap<_, _>, BTreeMap<_, _>)>::default();
    let mut untold = BTreeMap::new();
    let labels = |sink: &str| Braces::default().and("sink", sink);
    if count(&tray.dropped) > 0.0 {
        lost.insert(labels("all").and("reason", "tray").into_text(), count(&tray.dropped));
    }
    for (name, tally) in tray.tallies() {
        let all = labels(&name).into_text();
        sent.insert(all.clone(), count(&tally.sent));
        waiting.insert(all.clone(), count(&tally.waiting));
        failures.insert(all, count(&tally.failures));
        let callback = Braces::default().and("callback_name", &name).into_text();
        untold.insert(callback, count(&tally.overflowed) + count(&tally.refused) + count(&tally.given_up));
        for (reason, counter) in
            [("full", &tally.overflowed), ("refused", &tally.refused), ("given_up", &tally.given_up)]
        {
            lost.insert(labels(&name).and("reason", reason).into_text(), count(counter));
        }
    }
    page.many("lockgate_sink_sent_total", "calls and attempts that a sink was told of", "counter", &sent);
    page.many("lockgate_sink_dropped_total", "those that it was not told of, and why", "counter", &lost);
    page.many("litellm_callback_logging_failures_metric_total", "the same by sink alone", "counter", &untold);
    page.many("lockgate_sink_waiting", "those that wait", "gauge", &waiting);
    page.many("lockgate_sink_failures_total", "requests that a sink did not take", "counter", &failures);
}
