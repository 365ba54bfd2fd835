//! Answers that are being made in the background: how many there may be, and how far each is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, watch};
use types::{Fault, FaultKind, Side};

use super::job::{End, interrupted};
use super::shelf::{Fresh, Name, Shelf};

/// Answers that are made at a time, by everybody together and of one owner.
const MOST: usize = 1024;
const MOST_OF_ONE: usize = 64;
/// Bytes of events that are kept of one stream, and of all that are over.
const MOST_BYTES: usize = 32 << 20;
const MOST_BYTES_OVER: usize = 64 << 20;

/// All that are being made, and streams that were made a moment ago.
#[derive(Default)]
pub struct Jobs(Mutex<HashMap<Name, Arc<Job>>>);

/// An answer that is made in the background.
pub struct Job {
    pub name: Name,
    pub created_at: i64,
    /// The request, without what says that it is for the background.
    pub request: Bytes,
    /// The answer before there is any.
    pub queued: Bytes,
    pub is_streamed: bool,
    state: Mutex<State>,
    changed: watch::Sender<()>,
    cancelled: Notify,
}

#[derive(Default)]
struct State {
    events: Vec<Bytes>,
    bytes: usize,
    is_over: bool,
    is_deleted: bool,
}

impl Job {
    pub fn new(name: Name, created_at: i64, request: Bytes, queued: Bytes, is_streamed: bool) -> Self {
        let (changed, cancelled) = (watch::Sender::new(()), Notify::new());
        Job { name, created_at, request, queued, is_streamed, state: Mutex::default(), changed, cancelled }
    }

    /// It is to be given up.
    pub fn cancel(&self) {
        self.cancelled.notify_one();
    }

    /// Returns when it is to be given up.
    pub async fn cancelled(&self) {
        self.cancelled.notified().await;
    }

    /// Nothing of it is to be kept.
    pub fn forget(&self) {
        self.state().is_deleted = true;
        self.cancel();
    }

    pub fn is_over(&self) -> bool {
        self.state().is_over
    }

    /// Returns when it is over.
    pub async fn over(&self) {
        let mut changes = self.changed.subscribe();
        while !self.is_over() && changes.changed().await.is_ok() {}
    }

    /// Another event of its stream.
    pub fn add(&self, event: Bytes) {
        let mut state = self.state();
        state.bytes += event.len();
        if state.bytes <= MOST_BYTES {
            state.events.push(event);
        }
        drop(state);
        self.changed.send_replace(());
    }

    /// The events from the one at `from` on, once there are any; `None` if there will be none.
    pub async fn events(&self, from: usize) -> Option<Vec<Bytes>> {
        let mut changes = self.changed.subscribe();
        loop {
            if let Some(fresh) = self.events_now(from) {
                return fresh;
            }
            changes.changed().await.ok()?;
        }
    }

    /// The same, as far as that is known now.
    fn events_now(&self, from: usize) -> Option<Option<Vec<Bytes>>> {
        let state = self.state();
        match state.events.get(from..) {
            Some(fresh) if !fresh.is_empty() => Some(Some(fresh.to_vec())),
            _ => state.is_over.then_some(None),
        }
    }

    /// It is over: this came of it.
    pub fn end(&self, shelf: &Shelf, end: &End) {
        let mut state = self.state();
        if std::mem::replace(&mut state.is_over, true) {
            return;
        }
        if self.is_streamed && !end.is_told {
            let event = end.event(state.events.len());
            state.bytes += event.len();
            state.events.push(event);
        }
        if !state.is_deleted {
            shelf.lay(self.fresh(end.answer.clone(), None));
        }
        drop(state);
        self.changed.send_replace(());
    }

    /// It, to be kept with this answer.
    pub fn fresh(&self, answer: Bytes, status: Option<&'static str>) -> Fresh {
        let (name, created_at, request) = (self.name.clone(), self.created_at, self.request.clone());
        Fresh { name, created_at, request, answer, status }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Jobs {
    /// Another one, if there is room.
    pub fn add(&self, job: Arc<Job>) -> Result<(), Fault> {
        let mut all = self.lock();
        let running = all.values().filter(|one| !one.is_over());
        let of_one = running.clone().filter(|one| one.name.owner == job.name.owner).count();
        if of_one >= MOST_OF_ONE || running.count() >= MOST {
            let message = "too many answers are made in the background: wait until one of them is finished";
            return Err(Fault::new(FaultKind::RateLimit, Side::Gateway, message));
        }
        all.insert(job.name.clone(), job);
        Ok(())
    }

    pub fn get(&self, name: &Name) -> Option<Arc<Job>> {
        self.lock().get(name).cloned()
    }

    pub fn remove(&self, name: &Name) {
        self.lock().remove(name);
    }

    /// Those that are not over.
    pub fn running(&self) -> Vec<Arc<Job>> {
        self.lock().values().filter(|job| !job.is_over()).cloned().collect()
    }

    /// Lets go of the oldest streams that are over, where there are too many.
    pub fn tidy(&self) {
        let mut all = self.lock();
        let mut over: Vec<_> = all.values().filter(|job| job.is_over()).cloned().collect();
        over.sort_by_key(|job| std::cmp::Reverse(job.created_at));
        let mut left = MOST_BYTES_OVER;
        for job in over {
            match left.checked_sub(job.state().bytes) {
                Some(rest) => left = rest,
                None => _ = all.remove(&job.name),
            }
        }
    }

    /// Nobody goes on with any of them.
    pub fn interrupt(&self, shelf: &Shelf) {
        self.running().iter().for_each(|job| job.end(shelf, &interrupted(&job.queued)));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Arc<Job>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(n: usize, owner: &str) -> Arc<Job> {
        let name = Name { id: format!("resp_gw{n}"), owner: owner.to_owned() };
        Arc::new(Job::new(name, n as i64, Bytes::new(), Bytes::from_static(br#"{"status":"queued"}"#), true))
    }

    #[tokio::test]
    async fn one_owner_has_only_so_many_at_a_time_and_what_is_over_counts_for_none() {
        let (jobs, shelf) = (Jobs::default(), Shelf::default());
        (0..MOST_OF_ONE).for_each(|n| jobs.add(job(n, "a")).unwrap());
        assert!(jobs.add(job(900, "a")).is_err());
        jobs.add(job(901, "b")).unwrap();
        let first = jobs.get(&job(0, "a").name).unwrap();
        first.add(Bytes::from_static(b"one"));
        assert_eq!(first.events(0).await, Some(vec![Bytes::from_static(b"one")]));
        first.end(&shelf, &interrupted(&first.queued));
        assert_eq!((first.events(1).await.map(|all| all.len()), first.events(2).await), (Some(1), None));
        first.over().await;
        jobs.add(job(900, "a")).unwrap();
        jobs.interrupt(&shelf);
        assert!(jobs.running().is_empty());
        assert_eq!(shelf.oldest(1000, usize::MAX).len(), MOST_OF_ONE + 2);
    }
}
