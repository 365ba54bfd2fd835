//! Redis, a folder, or a bucket as a place for answers that may be given again. Whoever asks never waits for it longer than
//! its deadline; while it is away or frozen nobody asks it at all: only its own thread looks whether it is back.

mod bucket;
mod folder;
mod vectors;

use std::fmt;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::{PushInfo, RedisError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

use crate::coordination::{Place, Silence, Site};
pub use bucket::{Bucket, Objects, Step};
use folder::Folder;
pub use vectors::Question;

/// How long a call waits for an answer that may be kept.
pub const DEADLINE: Duration = Duration::from_millis(20);
/// The same where it comes from a bucket: the way there is longer.
pub const BUCKET_DEADLINE: Duration = Duration::from_millis(250);
/// Questions in a row without an answer in time after which Redis counts as frozen.
const MOST_LATE: u32 = 3;
/// How long anything may take on a connection before that is given up.
const LAST_DEADLINE: Duration = Duration::from_secs(2);
/// Pause before the next look whether it is back.
const PAUSE: Duration = Duration::from_millis(250);
/// What may wait to be done. What is over that is not kept.
const QUEUE: usize = 512;
/// What is done at once.
const AT_ONCE: usize = 128;
/// Keys that are looked through, and taken away, in one step.
const BATCH: usize = 500;
/// All keys begin so, and are in one slot: a cluster has them on one node.
const PREFIX: &str = "lockgate:{answers}:";

/// Where answers can be beside memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// In Redis, with others.
    Redis(Site),
    /// In a folder, which takes so many bytes at most.
    Folder(PathBuf, u64),
    /// In a bucket, with others.
    Bucket(Bucket),
}

/// The same, understood.
#[derive(Clone)]
enum Home {
    Redis(Box<Place>),
    Folder(PathBuf, u64),
    Bucket(Bucket),
}

impl Home {
    fn deadline(&self) -> Duration {
        match self {
            Home::Bucket(_) => BUCKET_DEADLINE,
            Home::Redis(_) | Home::Folder(..) => DEADLINE,
        }
    }
}

/// Without anything that is secret.
impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Home::Redis(place) => write!(f, "Redis at {place}"),
            Home::Folder(path, _) => write!(f, "folder {}", path.display()),
            Home::Bucket(bucket) => write!(f, "{bucket}"),
        }
    }
}

/// How it stands with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Standing {
    /// It was not looked for yet.
    Unknown,
    There,
    Away,
}

/// What is there was not said in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown;

/// Answers elsewhere, by key.
pub struct Depot {
    home: Home,
    shared: Arc<Shared>,
    errands: OnceLock<mpsc::Sender<Errand>>,
}

/// What callers and the thread share.
struct Shared {
    standing: AtomicU8,
    late: AtomicU32,
    /// Rings when it may be frozen.
    doubt: Notify,
    told: AtomicBool,
    /// Whether it compares vectors itself.
    compares: AtomicBool,
}

type Reply<T> = oneshot::Sender<Result<T, Silence>>;

/// What is to be done there.
enum Errand {
    /// Whoever asks hears nothing if it cannot be said.
    Get(String, oneshot::Sender<Option<Bytes>>),
    Put(String, Vec<Bytes>, Duration),
    Delete(Vec<String>, Reply<u64>),
    Flush(Reply<u64>),
    Ping(Reply<()>),
    Info(Reply<String>),
    Vectors(String, vectors::Wish),
}

impl Depot {
    /// Understands where that is; nothing is connected to yet.
    pub fn new(elsewhere: &Elsewhere) -> Result<Self, String> {
        let shared = Shared {
            standing: AtomicU8::new(Standing::Unknown as u8),
            late: AtomicU32::new(0),
            doubt: Notify::new(),
            told: AtomicBool::new(false),
            compares: AtomicBool::new(false),
        };
        let home = match elsewhere {
            Elsewhere::Redis(site) => Home::Redis(Box::new(Place::new(site)?)),
            Elsewhere::Folder(path, bytes) => Home::Folder(path.clone(), *bytes),
            Elsewhere::Bucket(bucket) => Home::Bucket(bucket.clone()),
        };
        Ok(Depot { home, shared: Arc::new(shared), errands: OnceLock::new() })
    }

    /// What it is, in the incumbent's words.
    pub fn kind(&self) -> &'static str {
        match &self.home {
            Home::Redis(_) => "redis",
            Home::Folder(..) => "disk",
            Home::Bucket(bucket) => bucket.kind(),
        }
    }

    /// Begins to connect, unless that was done. The thread ends with the value.
    pub fn open(&self) {
        self.errands();
    }

    fn errands(&self) -> &mpsc::Sender<Errand> {
        self.errands.get_or_init(|| {
            let (sender, errands) = mpsc::channel(QUEUE);
            let keeper = Keeper { home: self.home.clone(), shared: self.shared.clone(), errands };
            // Without a thread nobody ever answers, as with a Redis that is away.
            let started = std::thread::Builder::new().name("cache".to_owned()).spawn(move || keeper.run());
            if started.is_err() {
                self.shared.set(Standing::Away);
            }
            sender
        })
    }

    /// Whether it answers, as far as is known.
    pub fn is_there(&self) -> bool {
        self.shared.is(Standing::There)
    }

    /// What is kept under `key`, if anything is.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, Unknown> {
        self.in_time(|answer| Errand::Get(named(key), answer)).await
    }

    /// An answer, if it comes in time.
    async fn in_time<T>(&self, errand: impl FnOnce(oneshot::Sender<T>) -> Errand) -> Result<T, Unknown> {
        let errands = self.errands();
        if self.shared.is(Standing::Away) {
            return Err(Unknown);
        }
        let (answer, answered) = oneshot::channel();
        errands.try_send(errand(answer)).map_err(|_| Unknown)?;
        match timeout(self.home.deadline(), answered).await {
            Ok(found) => found.map_err(|_| Unknown),
            Err(_) => {
                self.shared.was_late();
                Err(Unknown)
            }
        }
    }

    /// Keeps something under `key` for so long, some time soon, if there is room for it on the way.
    pub fn put(&self, key: &str, pieces: Vec<Bytes>, ttl: Duration) {
        let errands = self.errands();
        if !self.shared.is(Standing::Away) {
            // What is not kept is asked for again.
            let _ = errands.try_send(Errand::Put(named(key), pieces, ttl));
        }
    }

    /// Takes keys away; how many there were.
    pub async fn delete(&self, keys: &[String]) -> Result<u64, Silence> {
        let keys = keys.iter().map(|key| named(key)).collect();
        self.ask(|reply| Errand::Delete(keys, reply)).await
    }

    /// Takes everything away that was put here; how many keys there were.
    pub async fn flush(&self) -> Result<u64, Silence> {
        self.ask(Errand::Flush).await
    }

    /// Whether it answers now.
    pub async fn ping(&self) -> Result<(), Silence> {
        self.ask(Errand::Ping).await
    }

    /// What the server says of itself.
    pub async fn info(&self) -> Result<String, Silence> {
        self.ask(Errand::Info).await
    }

    async fn ask<T>(&self, errand: impl FnOnce(Reply<T>) -> Errand) -> Result<T, Silence> {
        let (reply, answered) = oneshot::channel();
        let sent = self.errands().send_timeout(errand(reply), LAST_DEADLINE).await;
        sent.map_err(|_| Silence::late())?;
        match timeout(2 * LAST_DEADLINE, answered).await {
            Ok(Ok(answer)) => answer,
            _ => Err(Silence::late()),
        }
    }
}

/// Without anything that is secret.
impl fmt::Display for Depot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.home)
    }
}

impl fmt::Debug for Depot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Depot")
    }
}

fn named(key: &str) -> String {
    format!("{PREFIX}{key}")
}

/// The key without what Redis needs before it.
fn bare(named: &str) -> &str {
    named.strip_prefix(PREFIX).unwrap_or(named)
}

impl From<io::Error> for Silence {
    fn from(error: io::Error) -> Self {
        Silence(error.to_string())
    }
}

impl Shared {
    fn is(&self, standing: Standing) -> bool {
        self.standing.load(Relaxed) == standing as u8
    }

    fn set(&self, standing: Standing) {
        self.standing.store(standing as u8, Relaxed);
    }

    /// A question was not answered in time.
    fn was_late(&self) {
        if self.late.fetch_add(1, Relaxed) + 1 >= MOST_LATE && !self.is(Standing::Away) {
            self.set(Standing::Away);
            self.doubt.notify_one();
        }
    }

    fn was_in_time(&self) {
        self.late.store(0, Relaxed);
    }
}

/// What the thread has.
struct Keeper {
    home: Home,
    shared: Arc<Shared>,
    errands: mpsc::Receiver<Errand>,
}

/// Why a connection is not used any more.
enum End {
    /// Nobody needs it.
    Over,
    Broken(Silence),
}

impl Keeper {
    fn run(mut self) {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            self.shared.set(Standing::Away);
            return;
        };
        let alone = LocalSet::new();
        alone.block_on(&runtime, async move {
            loop {
                let served = match self.home.clone() {
                    Home::Redis(place) => self.serve(&place).await,
                    Home::Folder(path, room) => self.serve_folder(&path, room).await,
                    Home::Bucket(bucket) => self.serve_bucket(&bucket).await,
                };
                let silence = match served {
                    End::Over => return,
                    End::Broken(silence) => silence,
                };
                self.shared.set(Standing::Away);
                if !self.shared.told.swap(true, Relaxed) {
                    let home = &self.home;
                    tracing::warn!("the cache's {home} is away, calls are served without it: {silence}");
                }
                if !self.rest(&silence).await {
                    return;
                }
            }
        });
    }

    /// Waits a little; whoever asks for something in the meantime gets nothing. Whether anybody may still ask.
    async fn rest(&mut self, silence: &Silence) -> bool {
        let over = sleep(PAUSE);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return true,
                errand = self.errands.recv() => match errand {
                    Some(errand) => errand.refuse(silence),
                    None => return false,
                },
            }
        }
    }

    /// Connects and does what is to be done, for as long as that goes well.
    async fn serve(&mut self, place: &Place) -> End {
        let hear = |_: PushInfo| Ok::<(), RedisError>(());
        let connected = timeout(LAST_DEADLINE, place.connect(PREFIX, hear)).await;
        let connection = match connected.unwrap_or_else(|_| Err(Silence::late())) {
            Ok(connection) => connection,
            Err(silence) => return End::Broken(silence),
        };
        let compares = timeout(LAST_DEADLINE, vectors::are_there(&mut connection.clone())).await;
        // One that may not be asked is one that does not.
        self.shared.compares.store(matches!(compares, Ok(Ok(true))), Relaxed);
        let broken = Arc::new(Notify::new());
        let places = Arc::new(Semaphore::new(AT_ONCE));
        loop {
            // It is back when it answers as quickly as calls need it to.
            if let Err(silence) = self.look(&connection).await {
                return End::Broken(silence);
            }
            self.is_there();
            let start = |errand: Errand, place| {
                let (connection, broken, shared) = (connection.clone(), broken.clone(), self.shared.clone());
                tokio::spawn(async move {
                    errand.run(connection, &broken, &shared).await;
                    drop(place);
                });
            };
            if let Some(end) = hand_out(&mut self.errands, &places, [&broken, &self.shared.doubt], start).await {
                return end;
            }
        }
    }

    /// It answers.
    fn is_there(&self) {
        self.shared.was_in_time();
        self.shared.set(Standing::There);
        if self.shared.told.swap(false, Relaxed) {
            tracing::warn!("the cache's {} is there again", self.home);
        }
    }

    /// Does what is to be done in a folder, for as long as that goes well. This thread has nothing else to do: it may wait
    /// for the disk.
    async fn serve_folder(&mut self, path: &std::path::Path, room: u64) -> End {
        let mut folder = match Folder::open(path, room) {
            Ok(folder) => folder,
            Err(error) => return End::Broken(error.into()),
        };
        loop {
            let begun = Instant::now();
            if let Err(error) = folder.look() {
                return End::Broken(error.into());
            }
            if begun.elapsed() > DEADLINE {
                return End::Broken(Silence::late());
            }
            self.is_there();
            loop {
                let errand = tokio::select! {
                    biased;
                    () = self.shared.doubt.notified() => break,
                    errand = self.errands.recv() => errand,
                };
                let Some(errand) = errand else { return End::Over };
                if let Err(error) = errand.run_in(&mut folder, &self.shared) {
                    return End::Broken(error.into());
                }
            }
        }
    }

    /// Does what is to be done in a bucket, for as long as that goes well.
    async fn serve_bucket(&mut self, bucket: &Bucket) -> End {
        let objects = bucket.open();
        let broken = Rc::new(Notify::new());
        let places = Arc::new(Semaphore::new(AT_ONCE));
        // The first look makes the connection, which takes longer.
        let mut patience = LAST_DEADLINE;
        loop {
            for patience in [patience, BUCKET_DEADLINE] {
                match timeout(patience, objects.get(bucket::PROBE)).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(why)) => return End::Broken(Silence(why)),
                    Err(_) => return End::Broken(Silence::late()),
                }
            }
            patience = BUCKET_DEADLINE;
            self.is_there();
            let start = |errand: Errand, place| {
                let (objects, broken, shared) = (objects.clone(), broken.clone(), self.shared.clone());
                spawn_local(async move {
                    errand.run_at(&objects, &broken, &shared).await;
                    drop(place);
                });
            };
            if let Some(end) = hand_out(&mut self.errands, &places, [&broken, &self.shared.doubt], start).await {
                return end;
            }
        }
    }

    /// Whether a server answers in time.
    async fn look(&self, connection: &MultiplexedConnection) -> Result<(), Silence> {
        let mut connection = connection.clone();
        let ping = redis::cmd("PING");
        let pong = timeout(DEADLINE, ping.query_async::<String>(&mut connection)).await;
        pong.map_err(|_| Silence::late())?.map(drop).map_err(Silence::from)
    }
}

/// Has errands done, each at one of the `places`, until one rings: that it is broken, or may be frozen (`None`).
async fn hand_out(
    errands: &mut mpsc::Receiver<Errand>,
    places: &Arc<Semaphore>,
    [broken, doubt]: [&Notify; 2],
    start: impl Fn(Errand, OwnedSemaphorePermit),
) -> Option<End> {
    loop {
        let errand = tokio::select! {
            biased;
            () = broken.notified() => return Some(End::Broken(Silence::late())),
            () = doubt.notified() => return None,
            errand = errands.recv() => errand,
        };
        let Some(errand) = errand else { return Some(End::Over) };
        match places.clone().try_acquire_owned() {
            Ok(place) => start(errand, place),
            Err(_) => errand.refuse(&Silence::late()),
        }
    }
}

impl Errand {
    async fn run(self, mut connection: MultiplexedConnection, broken: &Notify, shared: &Shared) {
        match self {
            Errand::Get(key, answer) => {
                let get = redis::cmd("GET").arg(key).take();
                let found = bounded(get.query_async::<Option<Vec<u8>>>(&mut connection), broken).await;
                // Whoever asked may have gone on already.
                if found.is_ok_and(|found| answer.send(found.map(Bytes::from)).is_ok()) {
                    shared.was_in_time();
                }
            }
            Errand::Put(key, pieces, ttl) => {
                let ttl = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1);
                let set = redis::cmd("SET").arg(key).arg(pieces.concat()).arg("PX").arg(ttl).take();
                // What is not kept is asked for again.
                let _ = bounded(set.query_async::<()>(&mut connection), broken).await;
            }
            Errand::Delete(keys, reply) => {
                let unlink = redis::cmd("UNLINK").arg(keys).take();
                let _ = reply.send(bounded(unlink.query_async(&mut connection), broken).await);
            }
            Errand::Flush(reply) => {
                let _ = reply.send(flush(&mut connection, broken).await);
            }
            Errand::Ping(reply) => {
                let ping = redis::cmd("PING");
                let pong = bounded(ping.query_async::<String>(&mut connection), broken).await;
                let _ = reply.send(pong.map(drop));
            }
            Errand::Info(reply) => {
                let _ = reply.send(bounded(redis::cmd("INFO").query_async(&mut connection), broken).await);
            }
            Errand::Vectors(set, wish) => {
                if bounded(wish.run(&set, &mut connection), broken).await.is_ok() {
                    shared.was_in_time();
                }
            }
        }
    }

    /// The same in a folder; an error says that it is of no use.
    fn run_in(self, folder: &mut Folder, shared: &Shared) -> io::Result<()> {
        // Whoever asked may have gone on already.
        match self {
            Errand::Get(_, answer) if answer.is_closed() => {}
            Errand::Get(key, answer) => {
                if answer.send(folder.get(bare(&key))).is_ok() {
                    shared.was_in_time();
                }
            }
            Errand::Put(key, pieces, ttl) => folder.put(bare(&key), &pieces, ttl)?,
            Errand::Delete(keys, reply) => {
                _ = reply.send(Ok(keys.iter().filter(|key| folder.delete(bare(key))).count() as u64));
            }
            Errand::Flush(reply) => _ = reply.send(folder.flush().map_err(Silence::from)),
            Errand::Ping(reply) => _ = reply.send(folder.look().map_err(Silence::from)),
            Errand::Info(reply) => _ = reply.send(Err(Silence("a folder says nothing of itself".to_owned()))),
            // Only a Redis is asked for that.
            Errand::Vectors(..) => {}
        }
        Ok(())
    }

    /// The same in a bucket; one that is too slow or away rings.
    async fn run_at(self, objects: &Rc<dyn Objects>, broken: &Notify, shared: &Shared) {
        let here = &**objects;
        // Whoever asked may have gone on already.
        match self {
            Errand::Get(_, answer) if answer.is_closed() => {}
            Errand::Get(key, answer) => {
                let found = reached(bucket::get(here, bare(&key)), broken).await;
                if found.is_ok_and(|found| answer.send(found).is_ok()) {
                    shared.was_in_time();
                }
            }
            Errand::Put(key, pieces, ttl) => {
                // What is not kept is asked for again.
                let _ = reached(bucket::put(here, bare(&key), pieces, ttl), broken).await;
            }
            Errand::Delete(keys, reply) => {
                let keys = keys.iter().map(|key| bare(key).to_owned()).collect();
                _ = reply.send(bucket::delete(objects, keys).await);
            }
            Errand::Flush(reply) => _ = reply.send(bucket::flush(objects).await),
            Errand::Ping(reply) => _ = reply.send(reached(here.get(bucket::PROBE), broken).await.map(drop)),
            Errand::Info(reply) => _ = reply.send(Err(Silence("a bucket says nothing of itself".to_owned()))),
            // Only a Redis is asked for that.
            Errand::Vectors(..) => {}
        }
    }

    /// Says that it is not done.
    fn refuse(self, silence: &Silence) {
        let silence = || Silence(silence.0.clone());
        // Whoever asked may have gone on already.
        match self {
            Errand::Get(..) | Errand::Put(..) | Errand::Vectors(..) => {}
            Errand::Delete(_, reply) | Errand::Flush(reply) => _ = reply.send(Err(silence())),
            Errand::Ping(reply) => _ = reply.send(Err(silence())),
            Errand::Info(reply) => _ = reply.send(Err(silence())),
        }
    }
}

/// What a bucket answers, if that comes; one that is too slow or away rings.
async fn reached<T>(answer: impl Future<Output = Result<T, String>>, broken: &Notify) -> Result<T, Silence> {
    let answer = timeout(LAST_DEADLINE, answer).await.unwrap_or_else(|_| Err(Silence::late().0));
    answer.map_err(|why| {
        broken.notify_one();
        Silence(why)
    })
}

/// An answer of Redis, if it comes; a connection that is too slow or broken rings.
async fn bounded<T>(answer: impl Future<Output = Result<T, RedisError>>, broken: &Notify) -> Result<T, Silence> {
    match timeout(LAST_DEADLINE, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            if error.is_io_error() || error.is_connection_dropped() || error.redirect_node().is_some() {
                broken.notify_one();
            }
            Err(error.into())
        }
        Err(_) => {
            broken.notify_one();
            Err(Silence::late())
        }
    }
}

/// Takes away what is ours, and nothing else that may be in the same Redis.
async fn flush(connection: &mut MultiplexedConnection, broken: &Notify) -> Result<u64, Silence> {
    let (mut cursor, mut gone) = ("0".to_owned(), 0);
    // In a pattern, no brace means anything.
    let pattern = format!("{PREFIX}*");
    loop {
        let scan = redis::cmd("SCAN").arg(&cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(BATCH).take();
        let (next, keys): (String, Vec<String>) = bounded(scan.query_async(connection), broken).await?;
        if !keys.is_empty() {
            let unlink = redis::cmd("UNLINK").arg(keys).take();
            gone += bounded(unlink.query_async::<u64>(connection), broken).await?;
        }
        if next == "0" {
            return Ok(gone);
        }
        cursor = next;
    }
}
