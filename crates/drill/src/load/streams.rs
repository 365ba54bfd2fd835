//! Many slow streams at once: all are opened, then measured while they are open, then read to their ends.

use super::link::{Link, Watch};
use super::tally::Problem;
use super::usage::Usage;
use super::{Report, Run, Shape, finish};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

pub(super) async fn run(run: &Arc<Run>) -> Result<Report, String> {
    let Shape::Streams { streams, ramp_ms, settle_ms, measure_ms } = run.plan.shape else {
        return Err("not a plan of streams".to_owned());
    };
    let mut tasks = JoinSet::new();
    let began = Instant::now();
    for index in 0..streams {
        let opens = began + Duration::from_millis(ramp_ms).mul_f64(index as f64 / streams as f64);
        let run = Arc::clone(run);
        tasks.spawn(async move {
            sleep_until(opens).await;
            stream(&run).await;
        });
    }
    // Streams that have not begun by then are missing in the report, and late at its end.
    let _ = timeout(Duration::from_millis(ramp_ms + run.plan.patience_ms), all_begun(run, streams)).await;
    sleep(Duration::from_millis(settle_ms)).await;
    let mut usage = Usage::begin(&run.plan.watch)?;
    run.tally().measuring = true;
    let began = Instant::now();
    usage.watch(Duration::from_millis(measure_ms), std::future::pending()).await?;
    run.tally().measuring = false;
    let lasted = began.elapsed();
    let costs = usage.end()?;
    let late = finish(run, tasks).await;
    Ok(Report::new(run, lasted, late, costs))
}

async fn all_begun(run: &Run, streams: usize) {
    while run.tally().begun < streams as u64 {
        run.begun.notified().await;
    }
}

/// One stream from its request to its end.
async fn stream(run: &Run) {
    run.tally().send(None);
    let mut begun = false;
    let read = read(run, &mut begun).await;
    match read {
        Ok(took) => run.tally().answered(took),
        Err(problem) => run.tally().failed(&problem),
    }
    if !begun {
        begin(run);
    }
}

async fn read(run: &Run, begun: &mut bool) -> Result<Duration, Problem> {
    let mut watch = Watch::start();
    let link = Link::open(run).await?;
    let note = |seen| {
        if watch.note(run, &seen) {
            *begun = true;
            begin(run);
        }
    };
    link.exchange(run, note).await?;
    Ok(watch.elapsed())
}

/// One more stream has begun, or will not.
fn begin(run: &Run) {
    run.tally().begun += 1;
    run.begun.notify_one();
}
