//! Requests in a closed loop: each connection asks again as soon as it is answered.

use super::link::{Link, Watch};
use super::tally::Problem;
use super::usage::Usage;
use super::{Report, Run, Shape, finish};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// Problems in a row after which a connection gives up: what is broken stays broken, and loops.
const MAX_STRIKES: u32 = 10;

pub(super) async fn run(run: &Arc<Run>) -> Result<Report, String> {
    let Shape::Requests { connections, warmup_ms, measure_ms, requests } = run.plan.shape else {
        return Err("not a plan of requests".to_owned());
    };
    let (mut tasks, stop) = (JoinSet::new(), Arc::new(AtomicBool::new(false)));
    for _ in 0..connections {
        let (run, stop) = (Arc::clone(run), Arc::clone(&stop));
        tasks.spawn(async move { ask_again(&run, &stop, requests).await });
    }
    // Even the shortest sleep would let requests go out before the measurement.
    if warmup_ms > 0 {
        sleep(Duration::from_millis(warmup_ms)).await;
    }
    let mut usage = Usage::begin(&run.plan.watch)?;
    run.tally().measuring = true;
    let began = Instant::now();
    let all_gone = async { while tasks.join_next().await.is_some() {} };
    usage.watch(Duration::from_millis(measure_ms), all_gone).await?;
    run.tally().measuring = false;
    let lasted = began.elapsed();
    let costs = usage.end()?;
    stop.store(true, Relaxed);
    let late = finish(run, tasks).await;
    Ok(Report::new(run, lasted, late, costs))
}

/// Asks until told to stop, or until the run has sent all its requests.
async fn ask_again(run: &Run, stop: &AtomicBool, most: Option<u64>) {
    let (mut link, mut strikes) = (None, 0);
    while strikes < MAX_STRIKES && !stop.load(Relaxed) && run.tally().send(most) {
        match ask(run, link.take()).await {
            Ok(kept) => (link, strikes) = (kept, 0),
            Err(problem) => {
                strikes += 1;
                run.tally().failed(&problem);
            }
        }
    }
}

async fn ask(run: &Run, link: Option<Link>) -> Result<Option<Link>, Problem> {
    let link = match link {
        Some(link) => link,
        None => Link::open(run).await?,
    };
    let mut watch = Watch::start();
    let kept = link
        .exchange(run, |seen| {
            watch.note(run, &seen);
        })
        .await?;
    run.tally().answered(watch.elapsed());
    Ok(kept)
}
