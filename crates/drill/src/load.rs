//! The load runner: sends a plan's requests to one address, checks every answer, and reports rates, latencies and what
//! the watched processes spent meanwhile. It shares a machine with what it measures, so it is lean: one thread, raw
//! HTTP/1.1, no allocation per chunk. Comparing reports with each other is left to its caller.

mod answer;
mod expect;
mod histogram;
mod link;
mod plan;
mod report;
mod requests;
mod streams;
mod tally;
mod usage;

#[cfg(test)]
mod tests;

pub use expect::Expect;
pub use histogram::Spread;
pub use plan::{Plan, Shape};
pub use report::Report;
pub use usage::Cost;

use expect::Template;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tally::Tally;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// What all connections of a run share.
struct Run {
    plan: Plan,
    /// The request, head and body.
    request: Vec<u8>,
    template: Template,
    tally: Mutex<Tally>,
    /// Told whenever a stream has begun, or will not.
    begun: Notify,
}

impl Run {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Carries a plan out. Fails if the plan makes no sense, or if a process to watch cannot be watched; whatever goes
/// wrong with requests is in the report.
pub async fn run(plan: Plan) -> Result<Report, String> {
    plan.check()?;
    let run = Arc::new(Run {
        request: plan.request(),
        template: Template::new(&plan.expect),
        plan,
        tally: Mutex::default(),
        begun: Notify::new(),
    });
    match run.plan.shape {
        Shape::Requests { .. } => requests::run(&run).await,
        Shape::Streams { .. } => streams::run(&run).await,
    }
}

/// Waits for the connections to finish by themselves; those that do not within the plan's patience are cut off. The
/// number of the latter.
async fn finish(run: &Run, mut tasks: JoinSet<()>) -> u64 {
    let limit = Instant::now() + Duration::from_millis(run.plan.patience_ms);
    while let Ok(Some(_)) = timeout_at(limit, tasks.join_next()).await {}
    let late = tasks.len() as u64;
    tasks.shutdown().await;
    late
}
