//! The way of alerts to their channels. Each channel has a queue and a courier of its own: however slow one is, nobody
//! waits for it, neither calls nor other channels. What does not fit into a queue is lost, and the log says so.

mod courier;
mod mail;
mod pace;

use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use providers::http::Client;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{LocalSet, spawn_blocking, spawn_local};
use tokio::time::timeout;

use super::alert::Alert;
use super::forms::Letter;
use crate::config::{Alerts, Target};
use courier::Courier;

/// What may wait on its way to the couriers, and at each of them.
const QUEUE: usize = 200;
/// Couriers at a time: a configuration names 20 addresses, and reloads may name others.
const MOST_COURIERS: usize = 50;
/// How long somebody waits to hear whether a test arrived.
const PATIENCE: Duration = Duration::from_secs(30);

/// Something on its way.
struct Parcel {
    what: What,
    /// Alerts that the channel gets in a minute.
    per_minute: u32,
    /// Where people find the gateway.
    home: Option<String>,
    /// Who waits to hear what came of it: then it is tried once.
    answer: Option<oneshot::Sender<Result<(), String>>>,
}

/// What is brought.
enum What {
    /// An alert.
    Alert(Arc<Alert>),
    /// Mail for one person; nothing sums it up.
    Letter { to: String, letter: Arc<Letter> },
}

/// What came of the last parcel for a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// Why it did not arrive, if it did not.
    pub trouble: Option<String>,
}

/// The way to the couriers.
pub struct Outbox {
    queue: mpsc::Sender<(Target, Parcel)>,
    /// For the thread of the couriers.
    waiting: Mutex<Option<mpsc::Receiver<(Target, Parcel)>>>,
    outcomes: Arc<Outcomes>,
}

/// What came of the last parcels, by channel.
type Outcomes = Mutex<Vec<(Target, Outcome)>>;

impl Default for Outbox {
    fn default() -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        Outbox { queue, waiting: Mutex::new(Some(waiting)), outcomes: Arc::default() }
    }
}

impl Outbox {
    /// Has the couriers begin, on a thread of their own.
    pub fn start(&self) {
        let waiting = lock(&self.waiting).take();
        let (Some(mut waiting), runtime, outcomes) = (waiting, Handle::current(), self.outcomes.clone()) else {
            return;
        };
        // The client belongs to one thread.
        spawn_blocking(move || {
            let local = LocalSet::new();
            runtime.block_on(local.run_until(async move {
                let (client, mut couriers) = (Rc::new(Client::default()), Vec::new());
                while let Some((target, parcel)) = waiting.recv().await {
                    hand_over(&mut couriers, target, parcel, &client, &outcomes);
                }
            }));
        });
    }

    /// Tells everybody who wants to know such things, and the log.
    pub fn tell(&self, alerts: &Alerts, alert: Alert) {
        tracing::warn!(event = alert.event, group = alert.group, "{}", alert.message);
        let alert = Arc::new(alert);
        for channel in alerts.channels.iter().filter(|channel| channel.kinds.contains(&alert.kind)) {
            if let Target::Mail { to, .. } = &channel.target
                && to.is_empty()
            {
                continue;
            }
            self.send(&channel.target, parcel(alerts, What::Alert(alert.clone())));
        }
    }

    /// Sends mail to somebody, if there is a server that takes mail; says whether it is on its way.
    pub fn write(&self, alerts: &Alerts, to: &str, letter: Letter) -> bool {
        let Some(server) = alerts.mail.clone() else { return false };
        if to.parse::<lettre::Address>().is_err() {
            return false;
        }
        // Letters have a courier of their own.
        let target = Target::Mail { server, to: [].into() };
        self.send(&target, parcel(alerts, What::Letter { to: to.to_owned(), letter: Arc::new(letter) }))
    }

    /// Sends an alert to one channel, once, and says what the channel says of it.
    pub async fn test(&self, alerts: &Alerts, target: &Target, alert: Alert) -> Result<(), String> {
        let (answer, answered) = oneshot::channel();
        let parcel = Parcel { answer: Some(answer), ..parcel(alerts, What::Alert(Arc::new(alert))) };
        if !self.send(target, parcel) {
            return Err("too many alerts wait already".to_owned());
        }
        match timeout(PATIENCE, answered).await {
            Ok(answer) => answer.unwrap_or_else(|_| Err("the gateway is going down".to_owned())),
            Err(_) => Err("it is still busy with what was sent before".to_owned()),
        }
    }

    /// What came of the last thing that was sent to a channel.
    pub fn outcome(&self, target: &Target) -> Option<Outcome> {
        lock(&self.outcomes).iter().find(|(known, _)| known == target).map(|(_, outcome)| outcome.clone())
    }

    fn send(&self, target: &Target, parcel: Parcel) -> bool {
        let sent = self.queue.try_send((target.clone(), parcel)).is_ok();
        if !sent {
            lost(target, "too many wait already");
        }
        sent
    }
}

fn parcel(alerts: &Alerts, what: What) -> Parcel {
    Parcel { what, per_minute: alerts.rules.per_minute, home: alerts.base_url.clone(), answer: None }
}

/// Gives a parcel to the courier of its channel, who is hired if there is none.
fn hand_over(
    couriers: &mut Vec<(Target, mpsc::Sender<Parcel>)>,
    target: Target,
    mut parcel: Parcel,
    client: &Rc<Client>,
    outcomes: &Arc<Outcomes>,
) {
    couriers.retain(|(_, queue)| !queue.is_closed());
    if let Some((_, queue)) = couriers.iter().find(|(known, _)| *known == target) {
        match queue.try_send(parcel) {
            Ok(()) => return,
            Err(mpsc::error::TrySendError::Full(parcel)) => {
                parcel.answer(Err("too many alerts wait already for this channel".to_owned()));
                return lost(&target, "too many wait already");
            }
            // The courier has just left.
            Err(mpsc::error::TrySendError::Closed(back)) => parcel = back,
        }
        couriers.retain(|(known, _)| *known != target);
    }
    if couriers.len() >= MOST_COURIERS {
        parcel.answer(Err("there are too many channels".to_owned()));
        return lost(&target, "there are too many channels");
    }
    let (queue, waiting) = mpsc::channel(QUEUE);
    // It is empty.
    let _ = queue.try_send(parcel);
    spawn_local(Courier::new(target.clone(), client.clone(), outcomes.clone()).work(waiting));
    couriers.push((target, queue));
}

impl Parcel {
    /// Tells whoever waits what came of it.
    fn answer(self, result: Result<(), String>) {
        if let Some(answer) = self.answer {
            // They may have left.
            let _ = answer.send(result);
        }
    }
}

fn lost(target: &Target, why: &str) {
    tracing::error!(channel = target.service(), host = target.host(), "an alert is lost: {why}");
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes note of what came of something.
fn note(outcomes: &Outcomes, target: &Target, trouble: Option<String>) {
    let outcome = Outcome { at_ms: jiff::Timestamp::now().as_millisecond(), trouble };
    let mut outcomes = lock(outcomes);
    outcomes.retain(|(known, _)| known != target);
    outcomes.push((target.clone(), outcome));
    if outcomes.len() > MOST_COURIERS {
        outcomes.remove(0);
    }
}
