//! This process as one of several replicas: it talks to the others through Redis about the shares that each has of
//! limits and budgets. Calls never wait for Redis itself. While it does not answer, every replica lives on its shares.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use engine::sharing::{Ask, Sharing};
use store::coordination::{Balance, Balanced, Claim, Coordination, Link, Round, Silence, Site};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::alarm::Alarm;
use crate::books::unix_ms;

/// How often a replica shows that it lives, and shares move without being asked for.
const BEAT: Duration = Duration::from_millis(200);
/// How soon after each other shares are settled that somebody waits for.
const HASTE: Duration = Duration::from_millis(5);
/// After how long without an answer Redis counts as away: a call that waits for more does so no longer than this then.
const DEADLINE: Duration = Duration::from_millis(80);
/// After how long a connection is given up that brings no answer.
const LAST_DEADLINE: Duration = Duration::from_secs(5);
/// Pause before the next try to connect. Short: a Redis that has lost everything waits only a few seconds to be told.
const PAUSE: Duration = Duration::from_millis(500);
/// Beats of ours after which a replica is dead that showed no sign of life and has no connection: ten seconds, in
/// which Redis has answered us.
const SILENT_BEATS: u32 = 50;
/// How long the start waits until limits can be shared.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the end waits for shares to be given back.
const LAST_PATIENCE: Duration = Duration::from_secs(1);

/// One of several replicas.
pub struct Replica {
    /// Its name among the others.
    pub id: String,
    coordination: Coordination,
    sharing: Arc<Sharing>,
    state: watch::Sender<State>,
    /// Dead processes whose spend is booked, and up to which change of the ledger's sums.
    booked: Mutex<Vec<(String, i64)>>,
    ending: watch::Sender<Ending>,
}

/// How it stands with Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nobody has tried yet.
    Unknown,
    Away,
    /// It answers, but others have not had the time yet to tell what they have.
    Settling,
    There,
}

/// How far the end of the process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    NotYet,
    /// Shares are to be given back. The change of the ledger's sums with which all that was spent is booked, if it is.
    Begun(Option<i64>),
    Over,
}

/// What is known of all replicas.
#[derive(Default)]
struct Others {
    /// The account that knows us.
    epoch: String,
    /// Beats of the others, and for how many beats of ours they have not changed.
    seen: HashMap<String, (u64, u32)>,
}

impl Replica {
    /// A new replica, which meets others in the Redis at `site`. An error says why that cannot be used.
    pub fn new(site: &Site, sharing: Arc<Sharing>) -> Result<Self, String> {
        Ok(Replica {
            id: random(),
            coordination: Coordination::new(site)?,
            sharing,
            state: watch::Sender::new(State::Unknown),
            booked: Mutex::default(),
            ending: watch::Sender::new(Ending::NotYet),
        })
    }

    /// Whether Redis answers.
    pub fn is_connected(&self) -> bool {
        matches!(*self.state.borrow(), State::Settling | State::There)
    }

    /// Waits until shares can move, or it is clear that they cannot now.
    pub async fn opened(&self) {
        let decided = |state: &State| matches!(state, State::There | State::Away);
        // Without others that could answer, calls must wait or be refused; but not for ever.
        let _ = timeout(PATIENCE, self.state.subscribe().wait_for(decided)).await;
    }

    /// What a dead process has spent is booked, with the change `upto` of the ledger's sums.
    pub fn booked(&self, replica: String, upto: i64) {
        self.booked.lock().unwrap_or_else(PoisonError::into_inner).push((replica, upto));
    }

    /// Keeps in touch for as long as the gateway runs.
    pub async fn keep(self: Arc<Self>) {
        self.set(State::Unknown);
        let (mut alarm, mut others) = (Alarm::default(), Others::default());
        loop {
            let Err(silence) = self.serve(&mut others, &mut alarm).await else { break };
            self.set(State::Away);
            let coordination = &self.coordination;
            alarm.raise(&format!("Redis at {coordination} is away, replicas live on their shares: {silence}"));
            tokio::select! {
                () = sleep(PAUSE) => {}
                _ = self.ended() => break,
            }
        }
        self.ending.send_replace(Ending::Over);
    }

    /// Gives all shares back. To be called when no call is in flight any more. `booked` is the change of the ledger's sums
    /// with which all that was spent is booked, if it is.
    pub async fn close(&self, booked: Option<i64>) {
        self.ending.send_replace(Ending::Begun(booked));
        let mut ending = self.ending.subscribe();
        // Whoever is not told finds out.
        let _ = timeout(LAST_PATIENCE, ending.wait_for(|ending| *ending == Ending::Over)).await;
    }

    /// Returns when the process ends, and what is booked then.
    async fn ended(&self) -> Option<i64> {
        let mut ending = self.ending.subscribe();
        match ending.wait_for(|ending| *ending != Ending::NotYet).await.map(|ending| *ending) {
            Ok(Ending::Begun(booked)) => booked,
            _ => None,
        }
    }

    fn set(&self, state: State) {
        self.sharing.set_away(state != State::There);
        self.state.send_if_modified(|known| std::mem::replace(known, state) != state);
    }

    /// Keeps in touch over one connection, until the process ends or the connection does.
    async fn serve(&self, others: &mut Others, alarm: &mut Alarm) -> Result<(), Silence> {
        let link = timeout(LAST_DEADLINE, self.coordination.connect(&self.id)).await;
        let mut link = link.unwrap_or_else(|_| Err(Silence::late()))?;
        // Who may not ask that is not told.
        if self.soon(link.evicts()).await.unwrap_or(false) {
            tracing::warn!(
                "Redis throws keys away when its memory is full, shares of limits among them: set its maxmemory-policy \
                 to noeviction"
            );
        }
        let (mut beat, mut hurried) = (Instant::now(), Instant::now());
        loop {
            let is_beat = tokio::select! {
                biased;
                booked = self.ended() => return self.leave(&mut link, others, booked).await,
                () = sleep_until(beat) => true,
                // Before our own calls: they ask again and again.
                ask = link.hear() => {
                    self.sharing.contest(&ask.pool, ask.replica < self.id, now_ms());
                    continue;
                }
                () = self.sharing.hungry.notified() => false,
            };
            if is_beat {
                beat = Instant::now() + BEAT;
            } else {
                sleep_until(hurried + HASTE).await;
                hurried = Instant::now();
            }
            self.settle(&mut link, others, is_beat).await?;
            alarm.end("Redis is there again: limits are shared");
            if is_beat {
                self.watch(&mut link, others).await?;
            }
        }
    }

    /// Says what there is to say, and learns what came of it.
    async fn settle(&self, link: &mut Link, others: &mut Others, is_beat: bool) -> Result<(), Silence> {
        let asks = self.sharing.asks(!is_beat, now_ms());
        if asks.is_empty() && !is_beat {
            return Ok(());
        }
        let Balance::Balanced(balanced) = self.balance(link, others, is_beat, &asks).await? else {
            tracing::warn!("the other replicas took this one for dead: it begins anew, without a share of anything");
            others.epoch.clear();
            self.sharing.lose_all();
            return Ok(());
        };
        let Balanced { epoch, settled, replicas, answers } = balanced;
        self.sharing.settle(&asks, &answers, now_ms());
        if epoch != others.epoch {
            // A new account knows nothing of us.
            others.epoch = epoch;
            self.sharing.say_again();
        }
        others.note(replicas, &self.id, is_beat);
        self.sharing.set_replicas(others.count());
        self.set(if settled { State::There } else { State::Settling });
        Ok(())
    }

    async fn balance(&self, link: &mut Link, others: &Others, is_beat: bool, asks: &[Ask]) -> Result<Balance, Silence> {
        let claims: Vec<Claim> = asks.iter().map(|ask| ask.claim.clone()).collect();
        let round = Round { beat: is_beat, epoch: &others.epoch, fresh: &random(), claims: &claims };
        self.soon(link.balance(&round)).await
    }

    /// Waits for an answer; if it does not come soon, no call waits with us. Nothing else is asked before it is there, so
    /// that no answer is ever out of date.
    async fn soon<T>(&self, answer: impl Future<Output = Result<T, Silence>>) -> Result<T, Silence> {
        let mut answer = pin!(answer);
        if let Ok(answer) = timeout(DEADLINE, &mut answer).await {
            return answer;
        }
        self.set(State::Away);
        timeout(LAST_DEADLINE, answer).await.unwrap_or_else(|_| Err(Silence::late()))
    }

    /// Looks after the others: who is dead gives its shares back.
    async fn watch(&self, link: &mut Link, others: &mut Others) -> Result<(), Silence> {
        for (replica, (beats, unchanged)) in &mut others.seen {
            if *unchanged < SILENT_BEATS {
                continue;
            }
            // A process that lives has a connection, however slow it is. Nobody is dead for want of an answer.
            match self.soon(link.is_there(replica)).await.unwrap_or(true) {
                true => *unchanged = 0,
                false => {
                    tracing::warn!("replica {replica} is dead: its shares are free for others");
                    self.soon(link.bury(replica, *beats)).await?;
                }
            }
        }
        let booked = std::mem::take(&mut *self.booked.lock().unwrap_or_else(PoisonError::into_inner));
        for (replica, upto) in booked {
            self.soon(link.part_with(&replica, Some(upto))).await?;
        }
        Ok(())
    }

    async fn leave(&self, link: &mut Link, others: &Others, booked: Option<i64>) -> Result<(), Silence> {
        self.balance(link, others, false, &self.sharing.give_back(now_ms())).await?;
        self.soon(link.part_with(&self.id, booked)).await
    }
}

impl Others {
    /// How many replicas there are, with us.
    fn count(&self) -> u64 {
        self.seen.len() as u64 + 1
    }

    fn note(&mut self, replicas: Vec<(String, u64)>, own: &str, is_beat: bool) {
        let known = std::mem::take(&mut self.seen);
        self.seen = replicas
            .into_iter()
            .filter(|(replica, _)| replica != own)
            .map(|(replica, beats)| {
                let unchanged = match known.get(&replica) {
                    Some((before, unchanged)) if *before == beats => unchanged + u32::from(is_beat),
                    _ => 0,
                };
                (replica, (beats, unchanged))
            })
            .collect();
    }
}

/// A name that nobody else has.
fn random() -> String {
    let mut bytes = [0; 12];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        // The name is still likely to be this process' own.
        bytes[..4].copy_from_slice(&std::process::id().to_le_bytes());
        bytes[4..].copy_from_slice(&now_ms().to_le_bytes());
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn now_ms() -> u64 {
    unix_ms().max(0) as u64
}
