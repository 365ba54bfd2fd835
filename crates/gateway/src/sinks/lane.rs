//! The way to one sink: what it is to be told gathers here, goes out in batches, and is tried again while the sink is away.
//! What does not fit meanwhile, and what was tried too often, is counted and gone.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use providers::http::Client;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::forms::posts;
use super::post::{Post, Taken};
use super::told::Told;
use crate::config::Sink;

/// Calls and attempts that may wait, and bytes of what was said in them.
const MOST: usize = 20_000;
const MOST_BYTES: usize = 32 << 20;
/// Those that are sent at once.
const BATCH: usize = 512;
const BATCH_BYTES: usize = 1 << 20;
/// How often something is sent until it is taken.
const TRIES: u32 = 8;
/// Pause after the first failure; it doubles up to the longest.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often the log of the process says that something is not taken.
const SAYING: Duration = Duration::from_secs(60);

/// What became of what a sink was to be told: of all sinks of its name, before and after reloads.
#[derive(Default)]
pub struct Tally {
    /// Calls and attempts that it has.
    pub sent: AtomicU64,
    /// Those that did not fit.
    pub overflowed: AtomicU64,
    /// Those that it refused.
    pub refused: AtomicU64,
    /// Those that were tried too often.
    pub given_up: AtomicU64,
    /// Those that wait.
    pub waiting: AtomicU64,
    /// Times that it did not take something.
    pub failures: AtomicU64,
}

/// The way to a sink.
pub struct Lane {
    /// The sink.
    pub sink: Sink,
    /// What became of what it was to be told.
    pub tally: Arc<Tally>,
    queue: RefCell<VecDeque<(Rc<Told>, usize)>>,
    bytes: Cell<usize>,
    /// Rung when there is something to do.
    bell: Notify,
    /// Nothing more comes: what is there goes out at once, and is not tried for long.
    closing: Cell<bool>,
    /// Rung when that is so.
    closed: Notify,
    said_at: Cell<Option<Instant>>,
}

impl Lane {
    /// The way to `sink`.
    pub fn new(sink: Sink, tally: Arc<Tally>) -> Rc<Self> {
        Rc::new(Lane {
            sink,
            tally,
            queue: RefCell::default(),
            bytes: Cell::new(0),
            bell: Notify::new(),
            closing: Cell::new(false),
            closed: Notify::new(),
            said_at: Cell::new(None),
        })
    }

    /// Whether the sink wants to know of this.
    pub fn wants(&self, told: &Told) -> bool {
        let Some(aside) = &told.entry.aside else { return false };
        let name = &self.sink.name;
        // Sinks go by several names, and callers need not know by which of them.
        let is_meant = |muted: &String| muted == name || name.strip_suffix("_v2") == Some(muted);
        let succeeded = super::told::status(&told.entry) == "success";
        !aside.muted.iter().any(is_meant)
            && if succeeded { self.sink.successes } else { self.sink.failures }
            && super::forms::wants(&self.sink, told)
    }

    /// Lays down what the sink is to be told.
    pub fn put(&self, told: &Rc<Told>, bytes: usize) {
        let mut queue = self.queue.borrow_mut();
        if queue.len() >= MOST || self.bytes.get() + bytes > MOST_BYTES {
            self.tally.overflowed.fetch_add(1, Relaxed);
            drop(queue);
            self.say("more is to be told than it takes");
            return;
        }
        queue.push_back((told.clone(), bytes));
        self.bytes.set(self.bytes.get() + bytes);
        self.tally.waiting.fetch_add(1, Relaxed);
        drop(queue);
        self.bell.notify_one();
    }

    /// Nothing more comes.
    pub fn close(&self) {
        self.closing.set(true);
        self.bell.notify_one();
        self.closed.notify_waiters();
    }

    /// Sends what there is, until it is closed and nothing is left.
    pub async fn run(self: Rc<Self>) {
        let client = Client::default();
        while self.gathered().await {
            let batch = self.take();
            for together in posts(&self.sink, &batch) {
                let mut under_way = JoinSet::new();
                for post in together {
                    let (lane, client) = (self.clone(), client.clone());
                    under_way.spawn_local(async move { lane.deliver(&client, &post).await });
                }
                under_way.join_all().await;
            }
            self.tally.waiting.fetch_sub(batch.len() as u64, Relaxed);
        }
    }

    /// Waits until there is enough for a batch, or something for long enough; whether anything will come.
    async fn gathered(&self) -> bool {
        let mut due = None;
        loop {
            let (waiting, bytes) = (self.queue.borrow().len(), self.bytes.get());
            if waiting >= BATCH || bytes >= BATCH_BYTES || self.closing.get() {
                return waiting > 0;
            }
            match due {
                None if waiting > 0 => due = Some(Instant::now() + self.sink.flush),
                Some(due) if due <= Instant::now() => return true,
                _ => {}
            }
            let alarm = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! { () = self.bell.notified() => {}, () = alarm => {} }
        }
    }

    /// The oldest of what waits: as much as is sent at once.
    fn take(&self) -> Vec<Rc<Told>> {
        let (mut queue, mut batch, mut taken) = (self.queue.borrow_mut(), Vec::new(), 0);
        while batch.len() < BATCH && (taken < BATCH_BYTES || batch.is_empty()) {
            let Some((told, bytes)) = queue.pop_front() else { break };
            taken += bytes;
            batch.push(told);
        }
        self.bytes.set(self.bytes.get().saturating_sub(taken));
        batch
    }

    async fn deliver(&self, client: &Client, post: &Post) {
        let (mut pause, calls) = (PAUSE, post.calls as u64);
        for tried in 1..=TRIES {
            let (why, wait) = match post.send(client).await {
                Taken::But(refused) => {
                    self.tally.sent.fetch_add(calls - refused as u64, Relaxed);
                    self.tally.refused.fetch_add(refused as u64, Relaxed);
                    if refused > 0 {
                        self.say("it refused a part of what it was told");
                    }
                    return;
                }
                // What tells of nothing only prepares: a sink that is there may do without it.
                Taken::Later(..) if calls == 0 => return,
                Taken::Never(why) => {
                    self.tally.failures.fetch_add(1, Relaxed);
                    self.tally.refused.fetch_add(calls, Relaxed);
                    self.say(&why);
                    return;
                }
                Taken::Later(why, wait) => (why, wait),
                Taken::Away(why) => (why, None),
            };
            self.tally.failures.fetch_add(1, Relaxed);
            self.say(&why);
            if tried == TRIES || self.closing.get() && tried > 1 {
                break;
            }
            self.pause(wait.unwrap_or(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.tally.given_up.fetch_add(calls, Relaxed);
    }

    /// Whether nothing more comes.
    pub fn is_closing(&self) -> bool {
        self.closing.get()
    }

    /// Waits for so long; who closes does not.
    pub async fn pause(&self, time: Duration) {
        let closed = async {
            while !self.closing.get() {
                self.closed.notified().await;
            }
        };
        tokio::select! { () = sleep(time) => {}, () = closed => {} }
    }

    /// Tells the log of the process, now and then.
    fn say(&self, why: &str) {
        let now = Instant::now();
        if self.said_at.get().is_none_or(|at| now.duration_since(at) >= SAYING) {
            self.said_at.set(Some(now));
            tracing::warn!(sink = %self.sink.name, "a sink is not told of everything: {why}");
        }
    }
}

/// Waits until all lanes are done, but not for long; says whether they are.
pub async fn finish(tasks: Vec<tokio::task::JoinHandle<()>>, patience: Duration) -> bool {
    let all = async {
        for task in tasks {
            // A lane that panicked has nothing more to tell.
            let _ = task.await;
        }
    };
    timeout(patience, all).await.is_ok()
}
