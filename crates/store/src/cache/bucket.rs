//! Answers in a bucket of objects: one for each, which begins with the time until which it may be given. Whoever knows the
//! bucket's protocol reaches it; this says what is done there, and when.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::task::JoinSet;

use super::Silence;

/// The object that is looked for to see whether the bucket answers. There is none.
pub(super) const PROBE: &str = "probe";
/// Objects that are deleted at once.
const AT_ONCE: usize = 32;
/// Bytes of the time in front of an answer: seconds since 1970, the greatest first.
const STAMP: usize = 8;

/// What comes of something that is done in a bucket.
pub type Step<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + 'a>>;

/// Objects by their names. Errors are words without secrets.
pub trait Objects {
    /// What an object holds.
    fn get<'a>(&'a self, name: &'a str) -> Step<'a, Option<Bytes>>;
    /// Writes an object.
    fn put<'a>(&'a self, name: &'a str, pieces: Vec<Bytes>) -> Step<'a, ()>;
    /// Deletes an object; one that is not there is deleted already.
    fn delete<'a>(&'a self, name: &'a str) -> Step<'a, ()>;
    /// Some of the names, and where the next ones are.
    fn list<'a>(&'a self, from: Option<&'a str>) -> Step<'a, (Vec<String>, Option<String>)>;
}

/// How objects are reached, on the thread that does so.
type Open = dyn Fn() -> Rc<dyn Objects> + Send + Sync;

/// A bucket.
#[derive(Clone)]
pub struct Bucket {
    kind: &'static str,
    name: String,
    identity: String,
    open: Arc<Open>,
}

impl Bucket {
    /// One of this kind, in the incumbent's words, and of this name. What tells it from others (its address, whose
    /// credential it is reached with) is its `identity`.
    pub fn new(
        kind: &'static str,
        name: String,
        identity: String,
        open: impl Fn() -> Rc<dyn Objects> + Send + Sync + 'static,
    ) -> Self {
        Bucket { kind, name, identity, open: Arc::new(open) }
    }

    /// The kind.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Its objects, for the thread that this is called on.
    pub(super) fn open(&self) -> Rc<dyn Objects> {
        (self.open)()
    }
}

impl PartialEq for Bucket {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, &self.identity) == (other.kind, &other.identity)
    }
}

impl Eq for Bucket {}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({})", self.name)
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bucket {}", self.name)
    }
}

/// What is kept under a key, if that is not over.
pub(super) async fn get(objects: &dyn Objects, key: &str) -> Result<Option<Bytes>, String> {
    let Some(mut object) = objects.get(key).await? else { return Ok(None) };
    let Some(stamp) = object.get(..STAMP).and_then(|stamp| stamp.try_into().ok()) else { return Ok(None) };
    if u64::from_be_bytes(stamp) <= seconds() {
        objects.delete(key).await?;
        return Ok(None);
    }
    Ok(Some(object.split_off(STAMP)))
}

/// Keeps something for so long.
pub(super) async fn put(objects: &dyn Objects, key: &str, pieces: Vec<Bytes>, ttl: Duration) -> Result<(), String> {
    let until = seconds().saturating_add(ttl.as_secs().max(1));
    let stamp = Bytes::copy_from_slice(&until.to_be_bytes());
    objects.put(key, std::iter::once(stamp).chain(pieces).collect()).await
}

/// Takes keys away; how many there may have been: a bucket does not say.
pub(super) async fn delete(objects: &Rc<dyn Objects>, keys: Vec<String>) -> Result<u64, Silence> {
    let (mut gone, mut left) = (0, keys.into_iter());
    loop {
        let mut some = JoinSet::new();
        for key in left.by_ref().take(AT_ONCE) {
            let objects = objects.clone();
            some.spawn_local(async move { objects.delete(&key).await });
        }
        if some.is_empty() {
            return Ok(gone);
        }
        while let Some(deleted) = some.join_next().await {
            deleted.map_err(|why| Silence(why.to_string()))?.map_err(Silence)?;
            gone += 1;
        }
    }
}

/// Takes everything away that was put here; how many objects there were.
pub(super) async fn flush(objects: &Rc<dyn Objects>) -> Result<u64, Silence> {
    let (mut gone, mut from) = (0, None);
    loop {
        let (names, next) = objects.list(from.as_deref()).await.map_err(Silence)?;
        gone += delete(objects, names).await?;
        match next {
            Some(next) => from = Some(next),
            None => return Ok(gone),
        }
    }
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
