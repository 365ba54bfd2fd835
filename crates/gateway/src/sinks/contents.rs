//! What was said in calls is kept in the database: in the background, in batches. What it does not take for long is counted
//! and gone.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use store::Store;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

use super::TICK;
use super::cleaned::Cleaned;
use super::tray::Fresh;
use crate::alarm::Alarm;
use crate::live::Live;

/// Bytes that wait for the database at most.
const MOST_BYTES: usize = 64 << 20;
/// What is written at once.
const BATCH: usize = 128;
const BATCH_BYTES: usize = 4 << 20;
/// How long it is left alone when it is away.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the end waits for it.
const LAST_PATIENCE: Duration = Duration::from_secs(3);

/// Keeps contents, until it is over.
pub async fn keep(live: Arc<Live>, mut closing: watch::Receiver<bool>) {
    let store = live.books.as_ref().map(|books| books.registry.store().clone());
    let mut waiting = Waiting { live, all: VecDeque::new(), bytes: 0, alarm: Alarm::default(), not_before: None };
    loop {
        let over = tokio::select! {
            () = sleep(TICK) => false,
            closed = closing.wait_for(|closing| *closing) => { drop(closed); true }
        };
        let fresh = waiting.live.tray.take_said();
        // Without a database nothing is kept, and nobody expects it.
        let Some(store) = &store else {
            if over {
                return;
            }
            continue;
        };
        waiting.add(fresh).await;
        if over {
            waiting.not_before = None;
            if timeout(LAST_PATIENCE, waiting.write(store)).await.is_err() || !waiting.all.is_empty() {
                tracing::warn!("what was said in {} calls is not kept, and the gateway ends", waiting.all.len());
            }
            return;
        }
        waiting.write(store).await;
    }
}

/// What is not in the database yet.
struct Waiting {
    live: Arc<Live>,
    all: VecDeque<store::Said>,
    bytes: usize,
    alarm: Alarm,
    not_before: Option<Instant>,
}

impl Waiting {
    async fn add(&mut self, fresh: Vec<Fresh>) {
        if fresh.is_empty() {
            return;
        }
        let most = self.live.setup().telemetry.content_bytes;
        let tidy = move || fresh.into_iter().filter_map(|fresh| said(fresh, most)).collect::<Vec<_>>();
        for said in spawn_blocking(tidy).await.unwrap_or_default() {
            self.bytes += said.bytes();
            self.all.push_back(said);
        }
        let mut dropped = 0;
        while self.bytes > MOST_BYTES {
            let Some(oldest) = self.all.pop_front() else { break };
            self.bytes -= oldest.bytes();
            dropped += 1;
        }
        self.live.tray.contents_dropped.fetch_add(dropped, Relaxed);
    }

    async fn write(&mut self, store: &Store) {
        if self.not_before.is_some_and(|at| at > Instant::now()) {
            return;
        }
        while !self.all.is_empty() {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            for said in self.all.iter().take(BATCH) {
                if bytes > BATCH_BYTES {
                    break;
                }
                bytes += said.bytes();
                batch.push(said.clone());
            }
            if let Err(problem) = store.keep_contents(&batch).await {
                self.alarm.raise(&format!("what is said in calls is not kept, the database is away: {problem}"));
                self.not_before = Some(Instant::now() + PAUSE);
                return;
            }
            self.alarm.end("what is said in calls is kept again");
            self.all.drain(..batch.len());
            self.bytes -= bytes;
            self.live.tray.contents_kept.fetch_add(batch.len() as u64, Relaxed);
        }
    }
}

/// What may be kept of it, if anything may.
fn said(fresh: Fresh, most: usize) -> Option<store::Said> {
    let Fresh { attempt_id, received_at, content } = fresh;
    let said = Cleaned::of(&content, most)?;
    let (request, answer) = (said.request.to_string(), said.answer.map(|answer| answer.to_string()));
    Some(store::Said { attempt_id, received_at, request, answer, cut: said.cut })
}
