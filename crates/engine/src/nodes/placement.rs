//! A call's place at a node. Dropping it leaves the queue, or ends the call there: it is dropped when the node has
//! noticed that the call is over.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use policy::nodes::{CallId, Done};
use policy::queue::Refusal;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use types::{Fault, FaultKind, Side, Usage};

use super::fleet::{Fleet, Started};
use crate::attempts::no_deployment;
use crate::line::refused;

/// A call's place at a node.
pub(crate) struct Placement {
    fleet: Arc<Fleet>,
    id: CallId,
    started: OnceLock<(Started, u64)>,
    /// When the first of its answer came; 0 if none did.
    first_ms: AtomicU64,
    done: Mutex<Option<Done>>,
}

/// A call that waits for its place.
pub(crate) struct Waiting {
    pub placement: Arc<Placement>,
    pub told: oneshot::Receiver<Result<Started, Fault>>,
}

impl Waiting {
    /// Waits for the place until `deadline`.
    pub async fn started(self, deadline: Instant) -> Result<Arc<Placement>, Fault> {
        let Waiting { placement, told } = self;
        let Ok(told) = timeout_at(deadline, told).await else {
            let wait_ms = placement.position().and_then(|(_, wait_ms)| wait_ms).unwrap_or(1_000);
            let late = Refusal::TooLate { wait_ms, retry_after_ms: wait_ms };
            return Err(refused(&late, no_deployment("")));
        };
        let gone = |_| Fault::new(FaultKind::Internal, Side::Gateway, "the queue of the nodes is gone");
        let started = told.map_err(gone)??;
        let now_ms = placement.fleet.now_ms();
        let _ = placement.started.set((started, now_ms));
        Ok(placement)
    }
}

impl Placement {
    pub fn new(fleet: Arc<Fleet>, id: CallId) -> Self {
        Placement { fleet, id, started: OnceLock::new(), first_ms: AtomicU64::new(0), done: Mutex::default() }
    }

    /// Where, and with what; `None` while it waits.
    pub fn started(&self) -> Option<&Started> {
        self.started.get().map(|(started, _)| started)
    }

    /// How many are served before it, and after how many milliseconds it probably starts.
    fn position(&self) -> Option<(usize, Option<u64>)> {
        self.fleet.position(self.id)
    }

    /// Waits until the load is over that it starts behind, if there is one.
    pub async fn loaded(&self) {
        if let Some(mut load) = self.started().and_then(|started| started.load.clone()) {
            // Nobody sends anything: the load is over when its task is.
            while load.changed().await.is_ok() {}
        }
    }

    /// The first of the answer has come.
    pub fn answered(&self) {
        let _ = self.first_ms.compare_exchange(0, self.fleet.now_ms(), Relaxed, Relaxed);
    }

    /// The call was served and consumed this.
    pub fn served(&self, usage: &Usage) {
        let Some((started, began_ms)) = self.started.get() else { return };
        let began_ms = (*began_ms).max(self.fleet.loaded_ms(started.node));
        let now_ms = self.fleet.now_ms();
        let tokens = |count: Option<u64>| u32::try_from(count.unwrap_or(0)).unwrap_or(u32::MAX);
        let (input, output) = (tokens(usage.input), tokens(usage.output));
        let done = match self.first_ms.load(Relaxed) {
            // Of a whole answer nobody sees where the prompt was read.
            0 if output > 0 => {
                Done { output_tokens: output, output_ms: now_ms.saturating_sub(began_ms), ..Done::default() }
            }
            0 => Done { prompt_tokens: input, prompt_ms: now_ms.saturating_sub(began_ms), ..Done::default() },
            first_ms => Done {
                prompt_tokens: input,
                prompt_ms: first_ms.saturating_sub(began_ms),
                output_tokens: output,
                output_ms: now_ms.saturating_sub(first_ms),
            },
        };
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
    }

    /// The node has failed at it.
    pub fn failed(&self, fault: &Fault) {
        use FaultKind::*;
        let Some(started) = self.started() else { return };
        match fault.kind {
            NotFound => self.fleet.lacks(started.node, self.id.model, fault),
            Connect | Timeout | Cut | Malformed | Upstream | Overloaded => self.fleet.failed(started.node, fault.kind),
            _ => {}
        }
    }
}

impl Drop for Placement {
    fn drop(&mut self) {
        let done = self.done.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let node = self.started().map(|started| started.node);
        self.fleet.over(self.id, node, done);
    }
}
