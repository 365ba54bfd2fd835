//! The public keys of issuers (JWKS, RFC 7517), and where they come from. Sources outlive reloads; whoever fetches keys
//! puts them here, and every thread checks signatures with what is here.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde_json::Value;

/// Most keys of an issuer.
const MOST: usize = 64;
/// Most questions for keys because of one that nobody knows, in so many milliseconds.
const MOST_ASKED: u32 = 3;
const WINDOW_MS: i64 = 30_000;

/// The public keys of an issuer.
#[derive(Default)]
pub struct KeySet(Vec<PublicKey>);

/// One of them.
pub(super) struct PublicKey {
    pub id: Option<String>,
    /// The only algorithm that it is for, if the issuer says so.
    pub algorithm: Option<Algorithm>,
    pub family: AlgorithmFamily,
    pub key: DecodingKey,
}

impl KeySet {
    /// Reads a JWKS. Keys that are for something else than signatures, secrets, and kinds that we do not know are left
    /// out; the error says what is wrong if no key is left.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let document: Value = serde_json::from_slice(text).map_err(|why| format!("it is no JSON: {why}"))?;
        let list = document["keys"].as_array().ok_or("it has no list of keys")?;
        let keys: Vec<PublicKey> = list.iter().filter_map(read).take(MOST).collect();
        if keys.is_empty() { Err("it has no key for signatures".to_owned()) } else { Ok(KeySet(keys)) }
    }

    /// The keys that a token may be signed with which names this key, and this algorithm.
    pub(super) fn fitting(&self, id: Option<&str>, algorithm: Algorithm) -> impl Iterator<Item = &PublicKey> {
        let fits = move |key: &&PublicKey| {
            key.family == algorithm.family() && key.algorithm.is_none_or(|own| own == algorithm)
        };
        self.named(id).filter(fits)
    }

    /// The keys with this id; all, if a token names none.
    pub(super) fn named(&self, id: Option<&str>) -> impl Iterator<Item = &PublicKey> {
        self.0.iter().filter(move |key| id.is_none_or(|id| key.id.as_deref() == Some(id)))
    }
}

fn read(value: &Value) -> Option<PublicKey> {
    let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
    let is_for_others = jwk.common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature);
    let key = DecodingKey::from_jwk(&jwk).ok().filter(|_| !is_for_others)?;
    let family = key.family();
    // Whoever knows a public key would know the secret too.
    if family == AlgorithmFamily::Hmac {
        return None;
    }
    let algorithm = match value.get("alg").and_then(Value::as_str) {
        Some(name) => Some(name.parse::<Algorithm>().ok()?),
        None => None,
    };
    Some(PublicKey { id: jwk.common.key_id, algorithm, family, key })
}

/// Where keys of an issuer come from, and those that it gave last.
pub struct Source {
    /// The address of a JWKS, or of a discovery document that names one.
    pub url: String,
    keys: RwLock<Option<Arc<KeySet>>>,
    /// How often it was asked lately because of a key that nobody knows, and since when, milliseconds since 1970.
    asked: Mutex<(u32, i64)>,
    /// When it answered last.
    fetched_ms: AtomicI64,
    epoch: Arc<AtomicU64>,
}

impl Source {
    /// The keys, if it gave any.
    pub fn keys(&self) -> Option<Arc<KeySet>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes what it gave.
    pub fn put(&self, keys: KeySet, now_ms: i64) {
        self.fetched_ms.store(now_ms, Ordering::Relaxed);
        self.set(Some(Arc::new(keys)));
    }

    /// Whether what it gave last is younger than this.
    pub fn is_fresh(&self, longest_ms: i64, now_ms: i64) -> bool {
        self.keys().is_some() && now_ms - self.fetched_ms.load(Ordering::Relaxed) < longest_ms
    }

    /// Forgets keys that it gave longer ago than this: it cannot be asked whether they are good still.
    pub fn forget(&self, longest_ms: i64, now_ms: i64) {
        if self.fetched_ms.load(Ordering::Relaxed) + longest_ms < now_ms && self.keys().is_some() {
            self.set(None);
        }
    }

    fn set(&self, keys: Option<Arc<KeySet>>) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        // Behind the change: who sees the new number sees the new keys.
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether it may be asked because of a key that nobody knows.
    pub fn is_due(&self, now_ms: i64) -> bool {
        let (count, since) = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        count < MOST_ASKED || now_ms - since >= WINDOW_MS
    }

    /// The same, and notes that it is.
    pub fn ask(&self, now_ms: i64) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if now_ms - asked.1 >= WINDOW_MS {
            *asked = (0, now_ms);
        }
        asked.0 += 1;
        asked.0 <= MOST_ASKED
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.url)
    }
}

/// All sources by their address, as long as somebody needs them.
#[derive(Default)]
pub struct Sources {
    known: Mutex<HashMap<String, Weak<Source>>>,
    epoch: Arc<AtomicU64>,
}

impl Sources {
    /// The source with this address, new if nobody needed it yet.
    pub fn of(&self, url: &str) -> Arc<Source> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, source| source.strong_count() > 0);
        if let Some(source) = known.get(url).and_then(Weak::upgrade) {
            return source;
        }
        let epoch = self.epoch.clone();
        let (keys, asked, fetched_ms) = Default::default();
        let source = Arc::new(Source { url: url.to_owned(), keys, asked, fetched_ms, epoch });
        known.insert(url.to_owned(), Arc::downgrade(&source));
        source
    }

    /// A number that grows with every change of keys or rules: what was found before holds no more.
    pub fn epoch(&self) -> Arc<AtomicU64> {
        self.epoch.clone()
    }
}
