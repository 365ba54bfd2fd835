//! Settles this replica's shares of limits and budgets with the others, by way of Redis. Calls never wait for it, except
//! for those that need more than the share; while Redis is away everybody lives on what they have.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use engine::sharing::{Ask, Lasting, Settled, Sharing};
use store::coordination::{Claimed, Coordination, Granted, Pulse};
use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep, sleep_until, timeout};

/// How often shares are settled that nobody waits for.
const TICK: Duration = Duration::from_millis(100);
/// How soon after each other those are that somebody waits for.
const HASTE: Duration = Duration::from_millis(5);
/// How long Redis may take for anything: a call that waits for more does so no longer than this when Redis is frozen.
const DEADLINE: Duration = Duration::from_millis(50);
/// Most pools that are settled at once.
const MOST: usize = 2_000;
/// After how long without a sign of life a replica counts as dead, while Redis answers us all the time.
const DEATH: Duration = Duration::from_secs(10);
/// How long after everything was lost nobody's share grows, so that all can say again what they have.
const GRACE: Duration = Duration::from_secs(1);
/// How long what a dead replica may have spent is not spent again, unless the store tells before.
const UNTOLD_MS: u64 = 600_000;

/// A replica among several.
pub struct Replica {
    sharing: Arc<Sharing>,
    redis: Coordination,
    id: String,
    epoch: String,
    /// Whether everybody has had time to say what they have.
    may_grow: bool,
    /// Beats of the others, and when they were new.
    watched: HashMap<String, (u64, Instant)>,
    /// Whether Redis is away, and that was said.
    is_away: bool,
}

impl Replica {
    /// One that has not been heard of yet. An error says why the address cannot be used.
    pub fn new(address: &str, sharing: Arc<Sharing>) -> Result<Self, String> {
        let redis = Coordination::new(address, DEADLINE)?;
        let (epoch, watched) = Default::default();
        Ok(Replica { sharing, redis, id: fresh_id(), epoch, may_grow: false, watched, is_away: false })
    }

    /// Makes itself known, and waits until shares can grow, but not for long.
    pub async fn begin(&mut self) {
        let ready = timeout(GRACE * 2, async {
            while self.beat().await && !self.may_grow {
                sleep(TICK / 2).await;
            }
        });
        // Whether that was enough is seen soon.
        let _ = ready.await;
    }

    /// Settles shares until `closing`, and then gives everything back.
    pub async fn run(mut self, mut closing: watch::Receiver<bool>) {
        let mut tick = interval(TICK);
        let sharing = self.sharing.clone();
        let mut last = Instant::now();
        loop {
            let hungry = tokio::select! {
                biased;
                _ = closing.wait_for(|closing| *closing) => break,
                _ = tick.tick() => false,
                () = sharing.hungry.notified() => true,
            };
            if hungry {
                sleep_until(last + HASTE).await;
            } else if !self.beat().await {
                continue;
            }
            self.settle(hungry).await;
            last = Instant::now();
        }
        self.settle(false).await;
        // Redis may be away: then the others find out by themselves.
        let _ = self.redis.bury(std::slice::from_ref(&self.id)).await;
    }

    /// Gives a sign of life, and looks after those of the others. Whether Redis is there.
    async fn beat(&mut self) -> bool {
        let dice = format!("{:016x}", RandomState::new().hash_one(&self.id));
        let pulse = match self.redis.beat(&self.id, &self.epoch, &dice).await {
            Ok(pulse) => pulse,
            Err(why) => {
                self.lose_touch(&why.to_string());
                return false;
            }
        };
        if !pulse.known && pulse.epoch == self.epoch {
            self.rise_again();
            return true;
        }
        self.may_grow = pulse.age_ms >= GRACE.as_millis() as u64;
        self.epoch.clone_from(&pulse.epoch);
        self.watch(&pulse).await;
        true
    }

    async fn watch(&mut self, pulse: &Pulse) {
        let now = Instant::now();
        self.watched.retain(|replica, _| pulse.beats.contains_key(replica));
        let mut dead = Vec::new();
        for (replica, beat) in pulse.beats.iter().filter(|(replica, _)| **replica != self.id) {
            let seen = self.watched.entry(replica.clone()).or_insert((*beat, now));
            if seen.0 != *beat {
                *seen = (*beat, now);
            } else if now - seen.1 > DEATH {
                dead.push(replica.clone());
            }
        }
        if !dead.is_empty() && self.redis.bury(&dead).await.is_ok() {
            tracing::warn!("replicas without a sign of life for {DEATH:?} are not counted on any more: {dead:?}");
        }
    }

    /// The others count on us no more: we begin anew.
    fn rise_again(&mut self) {
        tracing::warn!("the other replicas took this one for dead: it begins anew, without a share of anything");
        self.sharing.lose_all();
        (self.id, self.epoch) = (fresh_id(), String::new());
    }

    async fn settle(&mut self, hungry: bool) {
        let asks = self.sharing.asks(hungry, MOST, unix_ms());
        let claims: Vec<Claimed> = asks.iter().map(|ask| self.claimed(ask)).collect();
        match self.redis.settle(&self.id, &claims).await {
            Ok(granted) => {
                let settled: Vec<Settled> = asks.iter().zip(&granted).map(settled).collect();
                self.sharing.settle(&asks, &settled, unix_ms());
                if granted.contains(&Granted::Buried) {
                    self.rise_again();
                }
                if std::mem::take(&mut self.is_away) {
                    tracing::warn!("Redis is there again: limits are shared");
                }
            }
            Err(why) => self.lose_touch(&why.to_string()),
        }
    }

    fn claimed(&self, ask: &Ask) -> Claimed {
        let claim = ask.claim;
        Claimed {
            pool: ask.pool.clone(),
            number: ask.number,
            capacity: claim.capacity,
            have: claim.have,
            used: claim.used,
            want: if self.may_grow { claim.want } else { claim.want.min(claim.have).max(claim.used) },
            spent: ask.spent,
            keep_ms: match ask.lasting {
                Lasting::Moment => 0,
                Lasting::Minute => 61_000,
                Lasting::Day => 86_400_000,
                Lasting::Money => UNTOLD_MS,
            },
            frees_at: ask.frees_at,
            is_hungry: ask.is_hungry,
        }
    }

    fn lose_touch(&mut self, why: &str) {
        self.sharing.lose_touch();
        if !std::mem::replace(&mut self.is_away, true) {
            tracing::warn!("Redis is away ({why}): this replica lives on its shares of limits and budgets");
        }
        // Nobody dies of what we cannot see.
        let now = Instant::now();
        self.watched.values_mut().for_each(|(_, seen)| *seen = now);
    }
}

fn settled((ask, granted): (&Ask, &Granted)) -> Settled {
    match *granted {
        Granted::Share { share, spare, contested, frees_at } => Settled { share, spare, contested, frees_at },
        Granted::Outdated => Settled { share: ask.claim.have, spare: 1, ..Settled::default() },
        Granted::Buried => Settled::default(),
    }
}

fn fresh_id() -> String {
    format!("{:016x}", RandomState::new().hash_one(std::process::id()))
}

fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
