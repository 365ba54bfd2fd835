//! Redis, where replicas keep account of their shares of limits and budgets. What they may have is decided by one
//! script, atomically; what they make of it is up to the callers of this room.

mod site;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};

use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, PushInfo, PushKind, Script, Value};
use tokio::sync::mpsc;

pub(crate) use site::Place;

pub use site::Site;

/// The hash of all replicas; names of pools begin with it. All keys are in one slot, for they are used together.
const MEMBERS: &str = "lockgate:{shares}";
/// Where it is told who waits for more.
const CHANNEL: &str = "lockgate:{shares}:hungry";
/// Beats of one replica after which all others had time to tell a new account what they have.
pub const GRACE_BEATS: u64 = 15;
/// Pools that are balanced at once: nobody else is answered in the meantime.
const MOST_POOLS: usize = 200;
/// Questions of others that may wait to be heard. Whoever asks, asks again.
const MOST_HEARD: usize = 1000;
/// Largest amount that the script's numbers can tell from its neighbours.
const MOST: u64 = 1 << 53;

static BALANCE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("coordination/balance.lua")));
static MEET: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("coordination/meet.lua")));
static LEAVE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("coordination/leave.lua")));

/// Why there is no answer.
#[derive(Debug)]
pub struct Silence(pub(crate) String);

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<redis::RedisError> for Silence {
    fn from(error: redis::RedisError) -> Self {
        // The whole text may hold an address with a password.
        Silence(format!("{:?}{}", error.kind(), error.detail().map(|detail| format!(": {detail}")).unwrap_or_default()))
    }
}

impl Silence {
    /// Nothing came in time.
    pub fn late() -> Self {
        Silence("it gives no answer in time".to_owned())
    }
}

/// Where Redis is and how to log in, for one replica.
#[derive(Clone)]
pub struct Coordination {
    place: Place,
    /// Numbers of rounds, over all connections.
    rounds: Arc<AtomicU64>,
}

impl Coordination {
    /// Understands where the servers are.
    pub fn new(site: &Site) -> Result<Self, String> {
        Ok(Coordination { place: Place::new(site)?, rounds: Arc::default() })
    }

    /// Connects, and listens as `replica`.
    pub async fn connect(&self, replica: &str) -> Result<Link, Silence> {
        let (sender, heard) = mpsc::channel(MOST_HEARD);
        let hear = move |push: PushInfo| match Ask::read(push) {
            // Whoever is not heard asks again.
            Some(ask) => sender.try_send(ask).or(Ok(())),
            None => Ok::<(), redis::RedisError>(()),
        };
        let mut connection = self.place.connect(MEMBERS, hear).await?;
        site::meet(&MEET, &mut connection).await?;
        connection.subscribe(&[CHANNEL, &*presence(replica)]).await?;
        Ok(Link { connection, heard, replica: replica.to_owned(), rounds: self.rounds.clone() })
    }
}

/// Without anything that is secret.
impl fmt::Display for Coordination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)
    }
}

/// A channel on which nothing is said: that it is listened to tells that a replica is there.
fn presence(replica: &str) -> String {
    format!("{MEMBERS}:replica:{replica}")
}

/// A connection of one replica.
pub struct Link {
    connection: MultiplexedConnection,
    heard: mpsc::Receiver<Ask>,
    replica: String,
    rounds: Arc<AtomicU64>,
}

/// Another replica waits for more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Which one.
    pub replica: String,
    /// Of what.
    pub pool: String,
}

impl Ask {
    fn read(push: PushInfo) -> Option<Self> {
        if push.kind != PushKind::Message {
            return None;
        }
        let [_, message] = <[Value; 2]>::try_from(push.data).ok()?;
        let message = String::from_redis_value(message).ok()?;
        let (replica, pool) = message.split_once(' ')?;
        Some(Ask { replica: replica.to_owned(), pool: pool.to_owned() })
    }
}

/// What a pool is a pool of; it decides for how long something is occupied when its replica dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Calls at a time.
    Parallel,
    /// What is used within a minute.
    Minute,
    /// What is used within a day.
    Day,
    /// Money, nanodollars, of which so much is booked up to a change of the ledger's sums. The capacity of a claim is
    /// what is left beside that.
    Money {
        /// What is booked.
        sum: i64,
        /// Up to which change of the sums that is known.
        upto: i64,
    },
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Parallel => "parallel",
            Kind::Minute => "minute",
            Kind::Day => "day",
            Kind::Money { .. } => "money",
        }
    }
}

/// What a replica says about its share of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Name of the pool.
    pub pool: String,
    /// What it is.
    pub kind: Kind,
    /// How much there is in all.
    pub capacity: u64,
    /// The share: not more than the account says, for it may have shrunk.
    pub have: u64,
    /// How much of it is in use; more than the share, where a call turned out larger than foreseen.
    pub used: u64,
    /// What it must become for the calls that wait.
    pub need: u64,
    /// What it should become, if nobody else waits for more.
    pub want: u64,
    /// After how long less is in use, milliseconds, if that is known.
    pub frees_in_ms: Option<u64>,
}

/// What is answered to a claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The share: not less than the replica had or used.
    pub share: u64,
    /// What all others have.
    pub others: u64,
    /// What of that they use, as far as it is known.
    pub others_used: u64,
    /// After how long one of them uses less, milliseconds, if that is known.
    pub frees_in_ms: Option<u64>,
    /// Whether another replica waits for more.
    pub contested: bool,
}

/// What a replica says.
#[derive(Clone, Debug, Default)]
pub struct Round<'a> {
    /// Whether it is told that the replica lives.
    pub beat: bool,
    /// The account that the replica knows; nothing, if it has to be told everything.
    pub epoch: &'a str,
    /// Name of a new account, should there be none.
    pub fresh: &'a str,
    /// Pools.
    pub claims: &'a [Claim],
}

/// What came of a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Balance {
    /// Answers to all claims, in their order.
    Balanced(Balanced),
    /// The replica was taken for dead: nothing was done.
    Buried,
}

/// The state of things after a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balanced {
    /// Name of the account.
    pub epoch: String,
    /// Whether shares may grow already.
    pub settled: bool,
    /// All replicas that live, and their beats.
    pub replicas: Vec<(String, u64)>,
    /// Answers to the claims.
    pub answers: Vec<Answer>,
}

impl Link {
    /// Balances the shares of many pools; of so many at once that nobody else waits for long.
    pub async fn balance(&mut self, round: &Round<'_>) -> Result<Balance, Silence> {
        let (first, rest) = round.claims.split_at(round.claims.len().min(MOST_POOLS));
        let Balance::Balanced(mut all) = self.balance_some(round, first).await? else { return Ok(Balance::Buried) };
        for claims in rest.chunks(MOST_POOLS) {
            match self.balance_some(&Round { beat: false, ..round.clone() }, claims).await? {
                Balance::Balanced(balanced) => all.answers.extend(balanced.answers),
                Balance::Buried => return Ok(Balance::Buried),
            }
        }
        Ok(Balance::Balanced(all))
    }

    async fn balance_some(&mut self, round: &Round<'_>, claims: &[Claim]) -> Result<Balance, Silence> {
        // What comes late, by a connection that was given up, has a smaller number and does not count.
        let number = self.rounds.fetch_add(1, Relaxed);
        let mut invocation = BALANCE.prepare_invoke();
        invocation.key(MEMBERS);
        invocation.arg(&self.replica).arg(number).arg(u8::from(round.beat));
        invocation.arg(round.epoch).arg(round.fresh).arg(CHANNEL).arg(GRACE_BEATS);
        for claim in claims {
            let Claim { pool, kind, capacity, have, used, need, want, frees_in_ms } = claim;
            invocation.key(format!("{MEMBERS}:{pool}")).arg(kind.name());
            [capacity, have, used, need, want].iter().for_each(|amount| _ = invocation.arg((**amount).min(MOST)));
            invocation.arg(frees_in_ms.map_or(-1, |ms| ms.min(MOST) as i64));
            let (upto, sum) = if let Kind::Money { sum, upto } = kind { (*upto, *sum) } else { (0, 0) };
            invocation.arg(upto).arg(sum);
        }
        let reply: Value = invocation.invoke_async(&mut self.connection).await?;
        read(reply, claims.len()).ok_or_else(|| Silence("the script's answer is not understood".to_owned()))?
    }

    /// Waits for the next question of another replica. For ever, if the connection is gone: that is seen elsewhere.
    pub async fn hear(&mut self) -> Ask {
        loop {
            match self.heard.recv().await {
                Some(ask) if ask.replica != self.replica => return ask,
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// Whether a replica has a connection, as far as the server knows.
    pub async fn is_there(&mut self, replica: &str) -> Result<bool, Silence> {
        let mut ask = redis::cmd("PUBSUB");
        ask.arg("NUMSUB").arg(presence(replica));
        let (_, count): (String, u64) = ask.query_async(&mut self.connection).await?;
        Ok(count > 0)
    }

    /// Says that a replica is dead that was last seen with so many beats. Not if it has moved since.
    pub async fn bury(&mut self, replica: &str, beats: u64) -> Result<(), Silence> {
        self.leave(replica, &beats.to_string(), None).await
    }

    /// Says that a replica is no more. All it has spent is booked with the change `upto` of the ledger's sums, if that is
    /// known.
    pub async fn part_with(&mut self, replica: &str, upto: Option<i64>) -> Result<(), Silence> {
        self.leave(replica, "", upto).await
    }

    async fn leave(&mut self, replica: &str, beats: &str, upto: Option<i64>) -> Result<(), Silence> {
        let mut invocation = LEAVE.prepare_invoke();
        invocation.key(MEMBERS).arg(replica).arg(beats);
        invocation.arg(upto.map_or("-".to_owned(), |upto| upto.to_string()));
        let _: i64 = invocation.invoke_async(&mut self.connection).await?;
        Ok(())
    }

    /// Whether the server throws keys away when its memory is full: then it may forget shares.
    pub async fn evicts(&mut self) -> Result<bool, Silence> {
        let mut ask = redis::cmd("INFO");
        let info: String = ask.arg("memory").query_async(&mut self.connection).await?;
        let value = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        Ok(value("maxmemory").is_some_and(|most| most != "0")
            && value("maxmemory_policy").is_some_and(|policy| policy != "noeviction"))
    }
}

/// Reads what the script has answered to so many claims.
fn read(reply: Value, claims: usize) -> Option<Result<Balance, Silence>> {
    let mut fields = Vec::<Value>::from_redis_value(reply).ok()?.into_iter();
    let mut text = || String::from_redis_value(fields.next()?).ok();
    match text()?.as_str() {
        "balanced" => {}
        "buried" => return Some(Ok(Balance::Buried)),
        _ => return Some(Err(Silence("an older round came later".to_owned()))),
    }
    let (epoch, settled) = (text()?, text()? == "1");
    let replicas: Vec<(String, u64)> = FromRedisValue::from_redis_value(fields.next()?).ok()?;
    let numbers: Vec<i64> = FromRedisValue::from_redis_value(fields.next()?).ok()?;
    let answer = |numbers: &[i64]| {
        let amount = |index: usize| u64::try_from(numbers[index]).ok();
        let (share, others, others_used) = (amount(0)?, amount(1)?, amount(2)?);
        Some(Answer { share, others, others_used, frees_in_ms: amount(3), contested: numbers[4] == 1 })
    };
    let answers: Option<Vec<Answer>> = numbers.chunks_exact(5).map(answer).collect();
    let answers = answers.filter(|answers| answers.len() == claims)?;
    Some(Ok(Balance::Balanced(Balanced { epoch, settled, replicas, answers })))
}
