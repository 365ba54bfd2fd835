//! Brings what calls cost from the spool into the database, for as long as the gateway runs, and what everybody has
//! spent from the database to the meters. The database may be away for hours: the spool grows, and is booked in
//! batches when it is back.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use engine::{Meters, Spend};
use foldhash::{HashMap, HashMapExt};
use store::spool::{self, Reader, Spool};
use store::{Charge, Entry, POLL, Problem, Result, Store, ends_at};
use tokio::time::{Instant, sleep};
use types::Usd;

use super::lookout::Lookout;
use super::source::{Carried, Source, Stuck};
use super::{LONGEST_PAUSE, Progress, REPLICA, unix_ms};
use crate::coordination::Replica;

/// How long lines gather before they are booked.
const GATHER: Duration = Duration::from_millis(200);
/// How much longer than booking took nothing is booked where the database is a file: its work is done on our own cores.
const REST: u32 = 1;
/// The same while there are many calls: callers come first. What is put off is not saved; it is done when they are fewer.
const BUSY_REST: u32 = 9;
/// From how many bytes a second in the spool on there are many calls: about four hundred.
const BUSY: u64 = 1 << 20;
/// Longest such rest.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// Bytes that may wait in the spool before callers do not come first any more.
const MOST_BEHIND: u64 = 256 << 20;
/// How often folders of dead processes are looked for: of others that share the spool with us.
const ORPHANS: Duration = Duration::from_secs(30);
/// How often windows are forgotten that are over.
const TIDY: Duration = Duration::from_secs(3600);

/// Brings what calls cost into the database.
pub struct Follower {
    store: Store,
    dir: PathBuf,
    own: Source,
    orphans: Vec<Source>,
    /// Dead replicas of which everything is booked, before others know it.
    carried: Vec<String>,
    replica: Option<Arc<Replica>>,
    sums: OwnSums,
    lookout: Lookout,
    /// When orphans were looked for.
    looked_at: Instant,
    /// Who is told how far it is.
    progress: Option<Arc<Progress>>,
}

/// What everybody has spent, as the meters must know it.
struct OwnSums {
    meters: Arc<Meters>,
    /// Up to which change the sums are known.
    upto: i64,
    /// The part of the sums that the meters have counted themselves.
    counted: HashMap<(String, String), Usd>,
    learnt_at: Instant,
    tidied_at: Instant,
}

impl Follower {
    /// Follows what `reader` reads in `dir`.
    pub fn new(store: Store, dir: PathBuf, reader: Reader, meters: Arc<Meters>, replica: Option<Arc<Replica>>) -> Self {
        let now = Instant::now();
        let sums = OwnSums { meters, upto: 0, counted: HashMap::new(), learnt_at: now, tidied_at: now };
        let (own, lookout) = (Source::new(reader), Lookout::new(dir.clone()));
        let (orphans, carried) = Default::default();
        Follower { store, dir, own, orphans, carried, replica, sums, lookout, looked_at: now, progress: None }
    }

    /// The same, which tells how far it is.
    pub fn telling(self, progress: Arc<Progress>) -> Self {
        Follower { progress: Some(progress), ..self }
    }

    /// Books what dead processes left, and then learns what everybody has spent.
    pub async fn begin(&mut self) -> Result<()> {
        self.look_for_orphans();
        while self.carry_orphan().await? {}
        self.learn().await
    }

    /// Learns what everybody has spent.
    async fn learn(&mut self) -> Result<()> {
        self.sums.learn(&self.store).await?;
        let carried = std::mem::take(&mut self.carried);
        if let Some(replica) = &self.replica {
            carried.into_iter().for_each(|dead| replica.booked(dead, self.sums.upto));
        }
        Ok(())
    }

    /// Books what is written, until `closed`.
    pub async fn follow(&mut self, spool: &Spool, closed: impl Future<Output = ()>) {
        tokio::pin!(closed);
        let mut pause = Duration::ZERO;
        let mut pace = Pace { at: Instant::now(), bytes: spool.bytes() };
        loop {
            let rest = if pace.is_busy(spool.bytes()) { BUSY_REST } else { REST };
            let began = Instant::now();
            let turn = self.turn().await;
            let took = began.elapsed();
            let waiting = self.own.waiting() + self.orphans.iter_mut().map(Source::waiting).sum::<u64>();
            self.lookout.look(spool, waiting, turn.as_ref().err());
            self.progress.iter().for_each(|progress| progress.note(waiting, matches!(turn, Ok(false))));
            let rest = match self.store.is_file() && waiting < MOST_BEHIND {
                true => (took * rest).min(LONGEST_REST),
                false => Duration::ZERO,
            };
            pause = match turn {
                Ok(true) => rest,
                Ok(false) => POLL.max(rest),
                Err(_) => (pause * 2).clamp(POLL, LONGEST_PAUSE),
            };
            tokio::select! {
                biased;
                () = &mut closed => return,
                () = sleep(pause) => {}
                () = gathered(spool, rest.max(GATHER)), if turn.is_ok() => {}
            }
        }
    }

    /// Books the next batches; whether there is more to be booked at once.
    async fn turn(&mut self) -> Result<bool> {
        if self.looked_at.elapsed() >= ORPHANS {
            self.look_for_orphans();
        }
        let carried = match self.own.carry(&self.store, &self.dir).await {
            Ok(carried) => carried,
            Err(Stuck::Store(problem)) => return Err(problem),
            // What others spend must be known all the same.
            Err(Stuck::Disk(error)) => {
                self.lookout.unreadable(&error);
                Carried::default()
            }
        };
        self.sums.count(&carried.entries);
        let more = self.carry_orphan().await? || carried.more;
        if self.sums.learnt_at.elapsed() >= POLL || !more {
            self.learn().await?;
        }
        Ok(more)
    }

    /// Books what is left. Nobody writes any more. Returns the change of the sums with which everything is booked, if it is.
    pub async fn finish(&mut self) -> Option<i64> {
        self.own.close();
        loop {
            match self.own.carry(&self.store, &self.dir).await {
                Ok(carried) if carried.more => {}
                Ok(_) => break,
                Err(Stuck::Store(Problem::Away(why) | Problem::Broken(why) | Problem::Conflict(why))) => {
                    tracing::warn!("the rest stays in the spool for the next start: {why}");
                    return None;
                }
                Err(Stuck::Disk(error)) => {
                    self.lookout.unreadable(&error);
                    return None;
                }
            }
        }
        if let Err(error) = self.own.remove() {
            tracing::warn!(%error, "the spool's folder cannot be removed");
        }
        // Only other replicas want to know.
        self.replica.as_ref()?;
        self.learn().await.is_ok().then_some(self.sums.upto)
    }

    fn look_for_orphans(&mut self) {
        self.looked_at = Instant::now();
        match spool::orphans(&self.dir) {
            Ok(found) => self.orphans.extend(found.into_iter().map(Source::new)),
            Err(error) => tracing::error!(%error, "what dead processes left in the spool cannot be read"),
        }
    }

    /// Books a batch of what a dead process left; whether there is more.
    async fn carry_orphan(&mut self) -> Result<bool> {
        let Some(orphan) = self.orphans.last_mut() else { return Ok(false) };
        let more = match orphan.carry(&self.store, &self.dir).await {
            Ok(carried) => carried.more,
            Err(Stuck::Store(problem)) => return Err(problem),
            // It is found again later. Nobody must wait for a broken disk to know who has a key.
            Err(Stuck::Disk(error)) => {
                self.lookout.unreadable(&error);
                false
            }
        };
        if !more {
            let whose = orphan.note(REPLICA);
            match orphan.remove() {
                Ok(done) => self.carried.extend(whose.filter(|_| done)),
                Err(error) => tracing::warn!(%error, "a folder of a dead process cannot be removed"),
            }
            self.orphans.pop();
        }
        Ok(!self.orphans.is_empty())
    }
}

/// Something was written, and more had time to come.
async fn gathered(spool: &Spool, pause: Duration) {
    spool.written().await;
    sleep(pause).await;
}

/// How much callers write.
struct Pace {
    at: Instant,
    bytes: u64,
}

impl Pace {
    /// Whether there were many calls since it was asked last. `bytes` were written since the start.
    fn is_busy(&mut self, bytes: u64) -> bool {
        let last = std::mem::replace(self, Pace { at: Instant::now(), bytes });
        let since_ms = last.at.elapsed().as_millis().max(1);
        u128::from(bytes - last.bytes) * 1000 >= u128::from(BUSY) * since_ms
    }
}

impl OwnSums {
    /// What the meters counted when it was spent has reached the sums.
    fn count(&mut self, entries: &[Entry]) {
        let mut sums: HashMap<&Charge, Usd> = HashMap::new();
        for entry in entries {
            for charge in &entry.charges {
                *sums.entry(charge).or_default() += entry.cost.unwrap_or_default();
            }
        }
        for (Charge { subject, period }, sum) in sums {
            *self.counted.entry((subject.clone(), period.clone())).or_default() += sum;
        }
    }

    /// Forgets windows that are over.
    fn tidy(&mut self) {
        if self.tidied_at.elapsed() >= TIDY {
            let now = unix_ms();
            self.counted.retain(|(_, period), _| ends_at(period).is_none_or(|end| end > now));
            self.tidied_at = Instant::now();
        }
    }

    /// Tells the meters what others have spent.
    async fn learn(&mut self, store: &Store) -> Result<()> {
        let changed = store.spend(self.upto).await?;
        self.learnt_at = Instant::now();
        self.upto = changed.upto;
        self.tidy();
        if changed.sums.is_empty() {
            return Ok(());
        }
        let counted = |subject: &str, period: &str| {
            self.counted.get(&(subject.to_owned(), period.to_owned())).copied().unwrap_or_default()
        };
        let spends = changed.sums.into_iter().map(|sum| {
            let own = counted(&sum.subject, &sum.period);
            Spend { subject: sum.subject, period: sum.period, others: sum.spend - own, own }
        });
        self.meters.learn(spends, self.upto);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn callers_come_first_for_as_long_as_they_are_many() {
        let mut pace = Pace { at: Instant::now(), bytes: 0 };
        let mut after = async |ms, bytes| {
            sleep(Duration::from_millis(ms)).await;
            pace.is_busy(bytes)
        };
        assert!(!after(0, 0).await);
        assert!(after(500, BUSY / 2).await);
        assert!(!after(1000, BUSY).await);
        assert!(after(1000, 3 * BUSY).await);
        assert!(!after(1000, 3 * BUSY).await, "nobody writes any more");
    }
}
