//! Redis, as the place where replicas settle their shares of limits and budgets. All that is decided there is decided by
//! one script per pool, which also knows the replicas that have died.
//!
//! Keys, all with one hash tag: `{lockgate}:replicas`, a hash of beats by replica; `{lockgate}:epoch`, which tells a
//! Redis that has lost everything from one in which a pool is new; `{lockgate}:pool:<name>`, a hash with `s:`, `u:`,
//! `q:`, `f:`, `h:` and `d:` (share, use, number of the last ask, when something frees, when it had too little, when its
//! death was noticed) of each replica, and `S` and `T` (what the store knows to be spent, and in which state).

use std::collections::HashMap;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, IntoConnectionInfo, RedisError, Script};
use tokio::time::timeout;

/// Settles the share of one replica: see `policy::share::grant`, which says the same in Rust.
const SETTLE: &str = r"
local me, number, capacity = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local have, used, want = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local spent, tick, keep, frees, hungry = ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10], ARGV[11]
local pool, now = {}, redis.call('TIME')
now = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
local flat = redis.call('HGETALL', KEYS[1])
for i = 1, #flat, 2 do pool[flat[i]] = flat[i + 1] end
if redis.call('HEXISTS', KEYS[2], me) == 0 then return {-2, 0, 0, 0} end
if number <= tonumber(pool['q:' .. me] or '0') then return {-1, 0, 0, 0} end
if spent ~= '' then
  if tick >= tonumber(pool['T'] or '-1') then
    redis.call('HSET', KEYS[1], 'S', spent, 'T', ARGV[8])
    pool['S'] = spent
  end
  capacity = math.max(0, capacity - tonumber(pool['S'] or '0'))
end
local others, spare, contested, soonest = 0, 0, 0, 0
for field, value in pairs(pool) do
  if string.sub(field, 1, 2) == 's:' and field ~= 's:' .. me then
    local other, share = string.sub(field, 3), tonumber(value)
    if redis.call('HEXISTS', KEYS[2], other) == 1 then
      others = others + share
      spare = spare + math.max(0, share - tonumber(pool['u:' .. other] or '0'))
      if now - tonumber(pool['h:' .. other] or '0') < 1000 then contested = 1 end
      local at = tonumber(pool['f:' .. other] or '0')
      if at > 0 and (soonest == 0 or at < soonest) then soonest = at end
    else
      local died = tonumber(pool['d:' .. other] or '0')
      if died == 0 then
        died = now
        redis.call('HSET', KEYS[1], 'd:' .. other, now)
      end
      if now - died >= keep then
        redis.call('HDEL', KEYS[1], 's:' .. other, 'u:' .. other, 'q:' .. other, 'f:' .. other, 'h:' .. other, 'd:' .. other)
      else
        others = others + share
      end
    end
  end
end
local share = math.max(math.min(want, math.max(0, capacity - others)), math.min(have, want), used)
redis.call('HSET', KEYS[1], 's:' .. me, string.format('%.0f', share), 'u:' .. me, ARGV[5], 'q:' .. me, ARGV[2], 'f:' .. me, frees)
if share == 0 and want == 0 then redis.call('HDEL', KEYS[1], 's:' .. me, 'u:' .. me, 'f:' .. me, 'h:' .. me) end
if hungry == '1' and share < want then redis.call('HSET', KEYS[1], 'h:' .. me, now) end
redis.call('EXPIRE', KEYS[1], math.max(3600, math.floor(keep / 500)))
return {string.format('%.0f', share), string.format('%.0f', spare), contested, soonest}
";

/// A sign of life: the epoch, its age in milliseconds, whether we were known in it, and the beats of all.
const BEAT: &str = r"
local now = redis.call('TIME')
now = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
local epoch = redis.call('GET', KEYS[2])
if not epoch then
  epoch = ARGV[2] .. '@' .. string.format('%.0f', now)
  redis.call('SET', KEYS[2], epoch)
  redis.call('DEL', KEYS[1])
end
local known = redis.call('HEXISTS', KEYS[1], ARGV[1])
if known == 1 or ARGV[3] ~= epoch then redis.call('HINCRBY', KEYS[1], ARGV[1], 1) end
local born = tonumber(string.match(epoch, '@(%d+)$') or '0')
return {epoch, now - born, known, redis.call('HGETALL', KEYS[1])}
";

const REPLICAS: &str = "{lockgate}:replicas";
const EPOCH: &str = "{lockgate}:epoch";
const POOL: &str = "{lockgate}:pool:";

/// Redis, or what speaks as it does.
pub struct Coordination {
    client: Client,
    connection: Option<ConnectionManager>,
    deadline: Duration,
    settle: Script,
    beat: Script,
}

/// What to settle.
#[derive(Clone, Debug, Default)]
pub struct Claimed {
    /// The pool.
    pub pool: String,
    /// Number of the ask: an older one changes nothing.
    pub number: u64,
    /// How much there is in all.
    pub capacity: u64,
    /// Our share so far, how much of it is in use, and how much we would like.
    pub have: u64,
    /// See there.
    pub used: u64,
    /// See there.
    pub want: u64,
    /// What the store knows to be spent, and in which of its states.
    pub spent: Option<(u64, i64)>,
    /// For how long what a replica had stays used after its death, milliseconds.
    pub keep_ms: u64,
    /// When something of ours frees, milliseconds since 1970.
    pub frees_at: Option<u64>,
    /// Whether calls wait for more.
    pub is_hungry: bool,
}

/// What was settled about a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// Our share, what others have and do not use, whether others had too little lately, and when something frees there.
    Share {
        /// Our share.
        share: u64,
        /// What others have and do not use.
        spare: u64,
        /// Whether others had too little lately.
        contested: bool,
        /// When something frees there, milliseconds since 1970.
        frees_at: Option<u64>,
    },
    /// A newer ask was settled before: nothing has changed.
    Outdated,
    /// We count as dead.
    Buried,
}

/// What a sign of life was answered with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// The time since everything was lost last.
    pub epoch: String,
    /// How old that is, milliseconds.
    pub age_ms: u64,
    /// Whether we were known.
    pub known: bool,
    /// Beats by replica.
    pub beats: HashMap<String, u64>,
}

/// Why nothing was settled.
#[derive(Debug)]
pub struct Away(String);

impl std::fmt::Display for Away {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<RedisError> for Away {
    fn from(error: RedisError) -> Self {
        // The whole text may hold an address with a password.
        Away(format!("{:?}{}", error.kind(), error.detail().map(|detail| format!(": {detail}")).unwrap_or_default()))
    }
}

impl Coordination {
    /// Prepares access by `address` without any; nothing takes longer than `deadline`.
    pub fn new(address: impl IntoConnectionInfo, deadline: Duration) -> Result<Self, String> {
        let client = Client::open(address).map_err(|error| Away::from(error).0)?;
        let (settle, beat) = (Script::new(SETTLE), Script::new(BEAT));
        Ok(Coordination { client, connection: None, deadline, settle, beat })
    }

    async fn connection(&mut self) -> Result<ConnectionManager, Away> {
        if let Some(connection) = &self.connection {
            return Ok(connection.clone());
        }
        // It comes back by itself, within the deadlines that are set here.
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(self.deadline))
            .set_response_timeout(None)
            .set_number_of_retries(0);
        let connection = timeout(self.deadline * 4, ConnectionManager::new_with_config(self.client.clone(), config));
        let connection = connection.await.map_err(|_| late())??;
        Ok(self.connection.insert(connection).clone())
    }

    /// Runs `work` within the deadline; the connection is not used again if it is late.
    async fn within<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut ConnectionManager) -> Result<T, RedisError>,
    ) -> Result<T, Away> {
        let mut connection = self.connection().await?;
        match timeout(self.deadline, work(&mut connection)).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => {
                self.connection = None;
                Err(error.into())
            }
            Err(_) => {
                self.connection = None;
                Err(late())
            }
        }
    }

    /// Gives a sign of life in the epoch that is known to us.
    pub async fn beat(&mut self, replica: &str, epoch: &str, dice: &str) -> Result<Pulse, Away> {
        let script = self.beat.clone();
        let (replica, epoch, dice) = (replica.to_owned(), epoch.to_owned(), dice.to_owned());
        let answer: (String, i64, u8, HashMap<String, u64>) = self
            .within(async move |connection| {
                script.key(REPLICAS).key(EPOCH).arg(replica).arg(dice).arg(epoch).invoke_async(connection).await
            })
            .await?;
        let (epoch, age, known, beats) = answer;
        Ok(Pulse { epoch, age_ms: age.max(0) as u64, known: known == 1, beats })
    }

    /// Settles all that is claimed, in one go.
    pub async fn settle(&mut self, replica: &str, claims: &[Claimed]) -> Result<Vec<Granted>, Away> {
        if claims.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = redis::pipe();
        pipe.load_script(&self.settle).ignore();
        for claim in claims {
            let mut call = self.settle.key(format!("{POOL}{}", claim.pool));
            let (spent, tick) = claim.spent.map_or((String::new(), 0), |(spent, tick)| (spent.to_string(), tick));
            call.key(REPLICAS).arg(replica).arg(claim.number).arg(claim.capacity).arg(claim.have);
            call.arg(claim.used).arg(claim.want).arg(spent).arg(tick).arg(claim.keep_ms);
            call.arg(claim.frees_at.unwrap_or(0)).arg(u8::from(claim.is_hungry));
            pipe.invoke_script(&call);
        }
        let answers: Vec<(i64, u64, u8, u64)> =
            self.within(async move |connection| pipe.query_async(connection).await).await?;
        let granted = |(share, spare, contested, frees_at): (i64, u64, u8, u64)| match u64::try_from(share) {
            Ok(share) => {
                let frees_at = (frees_at > 0).then_some(frees_at);
                Granted::Share { share, spare, contested: contested == 1, frees_at }
            }
            Err(_) if share == -1 => Granted::Outdated,
            Err(_) => Granted::Buried,
        };
        Ok(answers.into_iter().map(granted).collect())
    }

    /// Takes replicas off the list: nobody counts on them any more.
    pub async fn bury(&mut self, replicas: &[String]) -> Result<(), Away> {
        let mut command = redis::cmd("HDEL");
        command.arg(REPLICAS).arg(replicas);
        self.within(async move |connection| command.query_async::<u64>(connection).await).await.map(drop)
    }
}

fn late() -> Away {
    Away("it gives no answer in time".to_owned())
}
