//! Writes answers that are laid down into the database, in the background and in batches, and looks after those that are
//! being made.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use store::{CANCELLING, KeptResponse, Store};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

use super::Live;
use super::shelf::Fresh;
use crate::alarm::Alarm;
use crate::books::unix_ms;
use crate::seal::Seal;

/// How often somebody comes by.
const TICK: Duration = Duration::from_millis(50);
/// How often the database hears of answers that are being made.
const BEAT: Duration = Duration::from_secs(2);
/// What is written at once.
const BATCH: usize = 128;
const BATCH_BYTES: usize = 4 << 20;
/// How long the database is left alone when it is away.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the end waits for it.
const LAST_PATIENCE: Duration = Duration::from_secs(3);

/// Keeps what is laid down, for as long as the gateway runs.
pub async fn keep(live: Live) {
    let Some(store) = live.books.as_ref().map(|books| books.registry.store().clone()) else { return };
    let (mut alarm, mut beat_at, mut lost) = (Alarm::default(), Instant::now(), 0);
    loop {
        sleep(TICK).await;
        if let Err(problem) = write(&live, &store).await {
            alarm.raise(&format!("answers of the Responses API are not kept, the database is away: {problem}"));
            sleep(PAUSE).await;
        } else {
            alarm.end("answers of the Responses API are kept again");
        }
        let lost_now = live.shelf.lost.load(Relaxed);
        if lost_now > lost {
            tracing::error!("{} answers of the Responses API are not kept: there is no room", lost_now - lost);
            lost = lost_now;
        }
        if beat_at.elapsed() >= BEAT {
            beat_at = Instant::now();
            beat(&live, &store).await;
        }
    }
}

/// The gateway ends: what is still being made never will be, and what is laid down is written.
pub async fn close(live: &Live) {
    live.shelf.jobs.interrupt(&live.shelf);
    let Some(store) = live.books.as_ref().map(|books| books.registry.store().clone()) else { return };
    if !matches!(timeout(LAST_PATIENCE, write(live, &store)).await, Ok(Ok(()))) {
        tracing::warn!("some answers of the Responses API are not kept, and the gateway ends");
    }
}

async fn write(live: &Live, store: &Store) -> store::Result<()> {
    let _writing = live.shelf.writing.lock().await;
    loop {
        let batch = live.shelf.oldest(BATCH, BATCH_BYTES);
        if batch.is_empty() {
            return Ok(());
        }
        let (seal, all) = (live.management().seal.clone(), batch.clone());
        let sealed = move || all.iter().map(|fresh| sealed(fresh, seal.as_ref())).collect::<Vec<_>>();
        store.keep_responses(&spawn_blocking(sealed).await.unwrap_or_default()).await?;
        live.shelf.written(&batch);
    }
}

/// As it is kept: what callers say is nobody else's business.
fn sealed(fresh: &Arc<Fresh>, seal: Option<&Seal>) -> KeptResponse {
    let kept = fresh.kept();
    let close = |text: String| match seal {
        // Without random bytes nothing would work at all.
        Some(seal) if !text.is_empty() => seal.close(&text).unwrap_or_default(),
        _ => text,
    };
    KeptResponse { input: close(kept.input), response: close(kept.response), ..kept }
}

/// Says that what is made here is still being made, and hears which of it is to be given up.
async fn beat(live: &Live, store: &Store) {
    for job in live.shelf.jobs.running() {
        let said = store.beat_response(&job.name.id, &job.name.owner, unix_ms()).await;
        if matches!(said, Ok(Some(status)) if status == CANCELLING) {
            job.cancel();
        }
    }
}
