//! Answers that are given again to whoever asks the same (the incumbent's response cache). Whole answers and streams are
//! kept as their callers saw them, in memory and, if the operator wants that, in Redis or a folder; each for those alone who belong
//! to the same scope: a key, unless the configuration says otherwise. An answer of another scope has another key, so nobody
//! can tell whether it is there.

mod kept;
mod key;
mod memory;
mod recording;
mod semantic;
mod wish;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use dialects::Front;
use http::{HeaderMap, HeaderName, HeaderValue};
use store::Entry;
use store::cache::{Depot, Elsewhere, Unknown};
use types::{Fault, Operation, Usd};

pub use key::CacheKey;
pub use memory::{CacheView, Memory};
pub(crate) use recording::Recording;
pub use semantic::{GroupView, SemanticTerms, SemanticView};

use crate::ask::Ask;
use crate::pass::Pass;
use crate::{Gate, Setup};
use kept::Kept;
use key::Question;
use semantic::{Compared, Lore, Meanings, Quest};
use wish::Wish;

/// Header with the key of an answer.
const KEY: &str = "x-litellm-cache-key";
/// Header that says how much alike the question was whose answer it is.
const ALIKE: &str = "x-litellm-semantic-similarity";
/// Header that says whether an answer was kept from an earlier call.
const SAID: &str = "x-lockgate-cache";
/// Longest time for which an answer is kept.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// Who may be given an answer that was made for somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Calls of the same key for the same customer.
    Customer,
    /// Calls of the same key.
    Key,
    /// Keys of the same team; a key without one shares with nobody.
    Team,
    /// Keys of the same organization; a key without one shares with nobody.
    Organization,
    /// Everybody.
    Gateway,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 5] = [Scope::Customer, Scope::Key, Scope::Team, Scope::Organization, Scope::Gateway];

    /// How a configuration calls it.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Customer => "customer",
            Scope::Key => "key",
            Scope::Team => "team",
            Scope::Organization => "organization",
            Scope::Gateway => "gateway",
        }
    }
}

/// What the operator wants kept.
#[derive(Clone, Debug, PartialEq)]
pub struct CacheTerms {
    /// Whether only calls that ask for it get, and leave, answers.
    pub on_request: bool,
    /// How long an answer is kept, unless its caller says so.
    pub ttl: Duration,
    /// How long at most it is kept in memory.
    pub memory_ttl: Duration,
    /// What tells this cache from others in the same Redis.
    pub namespace: String,
    /// Kinds of calls, in the incumbent's words without the first `a`; all of them if it says nothing.
    pub call_types: Option<Vec<String>>,
    /// Who shares answers.
    pub scope: Scope,
    /// The same for single model groups.
    pub group_scopes: HashMap<String, Scope>,
    /// Bytes of memory for answers.
    pub memory_bytes: u64,
    /// Bytes of the largest answer.
    pub item_bytes: usize,
    /// When an answer is given to another question that means the same; never, if it says nothing.
    pub semantic: Option<SemanticTerms>,
}

impl Default for CacheTerms {
    fn default() -> Self {
        CacheTerms {
            on_request: false,
            ttl: Duration::from_secs(600),
            memory_ttl: LONGEST,
            namespace: String::new(),
            call_types: None,
            scope: Scope::Key,
            group_scopes: HashMap::new(),
            memory_bytes: 64 << 20,
            item_bytes: 1 << 20,
            semantic: None,
        }
    }
}

/// Answers that may be given again.
pub struct Cache {
    terms: CacheTerms,
    memory: Arc<Memory>,
    depot: Option<Arc<Depot>>,
    /// What questions mean, if they are compared by that.
    meanings: Option<Arc<Meanings>>,
}

/// What outlives reloads of that: memories by their sizes, connections by where they lead, and what questions mean.
#[derive(Default)]
pub struct Shelves {
    memories: Mutex<HashMap<(u64, usize), Weak<Memory>>>,
    depots: Mutex<Vec<(Elsewhere, Weak<Depot>)>>,
    lore: Lore,
}

impl Shelves {
    /// A cache on these terms, elsewhere too if that is named. An error says why that cannot be used.
    pub fn cache(&self, terms: CacheTerms, elsewhere: Option<&Elsewhere>) -> Result<Cache, String> {
        let depot = elsewhere.map(|elsewhere| self.depot(elsewhere)).transpose()?;
        let size = (terms.memory_bytes, terms.item_bytes);
        let mut memories = self.memories.lock().unwrap_or_else(PoisonError::into_inner);
        memories.retain(|_, memory| memory.strong_count() > 0);
        let memory = memories.get(&size).and_then(Weak::upgrade).unwrap_or_else(|| {
            let memory = Arc::new(Memory::new(terms.memory_bytes, terms.item_bytes));
            memories.insert(size, Arc::downgrade(&memory));
            memory
        });
        let meanings = terms.semantic.as_ref().map(|terms| self.lore.of(terms));
        Ok(Cache { terms, memory, depot, meanings })
    }

    fn depot(&self, elsewhere: &Elsewhere) -> Result<Arc<Depot>, String> {
        let mut depots = self.depots.lock().unwrap_or_else(PoisonError::into_inner);
        depots.retain(|(_, depot)| depot.strong_count() > 0);
        let known = depots.iter().find(|(known, _)| known == elsewhere).and_then(|(_, depot)| depot.upgrade());
        if let Some(depot) = known {
            return Ok(depot);
        }
        let depot = Arc::new(Depot::new(elsewhere)?);
        depots.push((elsewhere.clone(), Arc::downgrade(&depot)));
        Ok(depot)
    }
}

impl Cache {
    /// Begins to look for where answers are beside memory, if they are.
    pub fn open(&self) {
        self.depot.iter().for_each(|depot| depot.open());
    }

    /// The terms.
    pub fn terms(&self) -> &CacheTerms {
        &self.terms
    }

    /// Where answers are beside memory, if they are.
    pub fn depot(&self) -> Option<&Arc<Depot>> {
        self.depot.as_ref()
    }

    /// What is in memory, and what came of it.
    pub fn view(&self) -> CacheView {
        self.memory.view()
    }

    /// How it stands with questions that mean the same, if they are compared.
    pub fn semantic(&self, now_ms: i64) -> Option<SemanticView> {
        Some(self.meanings.as_ref()?.view(self.terms.semantic.as_ref()?, now_ms))
    }

    /// Forgets answers; how many were in memory.
    pub fn forget(&self, keys: &[CacheKey]) -> u64 {
        self.meanings.iter().for_each(|meanings| meanings.forget(keys));
        keys.iter().filter(|key| self.memory.remove(key)).count() as u64
    }

    /// Forgets all answers that are in memory; how many there were.
    pub fn forget_all(&self) -> u64 {
        self.meanings.iter().for_each(|meanings| meanings.clear());
        self.memory.clear()
    }

    /// Whether calls of this kind are answered from here.
    fn serves(&self, front: &dyn Front, operation: Operation) -> bool {
        let is_kept = operation != Operation::CountTokens && operation != Operation::Compact && !operation.is_media();
        if !is_kept {
            return false;
        }
        let bare = |name: &str| name.strip_prefix('a').filter(|rest| !rest.starts_with("nthropic")).map(str::to_owned);
        let own = front.call_type(operation);
        let own = bare(own).unwrap_or_else(|| own.to_owned());
        self.terms.call_types.as_ref().is_none_or(|types| types.contains(&own))
    }

    /// The answer that is kept under `key`.
    async fn find(&self, key: &CacheKey, now_ms: i64) -> Result<Option<Arc<Kept>>, Unknown> {
        let here = self.memory.get(key, now_ms);
        let Some(depot) = self.depot.as_ref().filter(|_| here.is_none()) else { return Ok(here) };
        let bytes = depot.get(&key.text(&self.terms.namespace)).await?;
        let kept = bytes.and_then(|bytes| Kept::read(bytes, now_ms)).map(Arc::new);
        kept.iter().for_each(|kept| self.remember(key, kept, now_ms));
        Ok(kept)
    }

    /// Keeps an answer.
    fn keep(&self, key: &CacheKey, kept: Kept, now_ms: i64) {
        if let Some(depot) = &self.depot {
            let ttl = Duration::from_millis(kept.until_ms.saturating_sub(now_ms).max(0) as u64);
            depot.put(&key.text(&self.terms.namespace), kept.pieces(), ttl);
        }
        self.remember(key, &Arc::new(kept), now_ms);
    }

    fn remember(&self, key: &CacheKey, kept: &Arc<Kept>, now_ms: i64) {
        if self.terms.memory_ttl.is_zero() {
            return;
        }
        let until_ms = now_ms.saturating_add(i64::try_from(self.terms.memory_ttl.as_millis()).unwrap_or(i64::MAX));
        match until_ms >= kept.until_ms {
            true => self.memory.put(*key, kept.clone()),
            false => self.memory.put(*key, Arc::new(Kept { until_ms, ..Kept::clone(kept) })),
        }
    }
}

/// What came of looking.
pub(crate) enum Looked {
    /// Somebody had asked the same.
    Hit(Hit),
    /// Nobody had: the answer is to be kept, if it may be.
    Miss(Option<Rc<Recording>>),
}

/// An answer that is given again.
pub(crate) struct Hit {
    key: CacheKey,
    kept: Arc<Kept>,
    /// How much alike the question was whose answer it is, if it was another one.
    similarity: Option<f32>,
}

impl Hit {
    /// The answer, as it was seen.
    pub fn body(&self) -> Bytes {
        self.kept.body.clone()
    }

    /// What the log says of it, beside whose call it was.
    pub fn entry(&self) -> Entry {
        let cache_key = Some(self.key.to_string());
        let similarity = self.similarity.map(f64::from);
        Entry {
            cache_hit: true,
            cache_key,
            similarity,
            cost: Some(Usd::ZERO),
            saved: self.kept.cost,
            ..self.kept.entry()
        }
    }

    /// Adds whose answer it was, and that it costs nothing.
    pub fn write(&self, headers: &mut HeaderMap) {
        write(headers, &self.key, if self.similarity.is_some() { "semantic" } else { "hit" });
        if let Some(Ok(alike)) = self.similarity.map(|similarity| HeaderValue::from_str(&format!("{similarity:.4}"))) {
            headers.insert(HeaderName::from_static(ALIKE), alike);
        }
        if let Ok(id) = HeaderValue::from_str(&self.kept.deployment_id) {
            headers.insert(HeaderName::from_static("x-litellm-model-id"), id);
        }
        headers.insert(HeaderName::from_static("x-litellm-response-cost"), HeaderValue::from_static("0"));
    }
}

fn write(headers: &mut HeaderMap, key: &CacheKey, said: &'static str) {
    if let Ok(key) = HeaderValue::from_str(&key.to_string()) {
        headers.insert(HeaderName::from_static(KEY), key);
    }
    headers.insert(HeaderName::from_static(SAID), HeaderValue::from_static(said));
}

/// Step 2½ of the journey: looks for an answer to the same question, or to one that means the same, for a call that was
/// admitted.
pub(crate) async fn look(gate: &Rc<Gate>, setup: &Setup, ask: &Rc<Ask>, pass: &Pass) -> Result<Looked, Fault> {
    const NOTHING: Looked = Looked::Miss(None);
    // What guardrails put into an answer, or look for in it, is this caller's own.
    let serves = |cache: &&Arc<Cache>| ask.may_share_answer() && cache.serves(ask.front, ask.operation);
    let Some(cache) = setup.cache.as_ref().filter(serves) else {
        return Ok(NOTHING);
    };
    let Some(wish) = Wish::read(&cache.terms, ask, pass)? else { return Ok(NOTHING) };
    // What nobody may call, or nobody serves any more, is refused in the usual way.
    let Some((group, star)) = setup.find(&ask.model) else { return Ok(NOTHING) };
    if pass.caller.may_use(&group, &ask.model).is_err() {
        return Ok(NOTHING);
    }
    let scope = cache.terms.group_scopes.get(&group.name).copied().unwrap_or(cache.terms.scope);
    let question = Question { setup, ask, pass, group: &group, scope, namespace: wish.namespace.as_deref() };
    let key = question.key();
    let (mut found, mut depot_answers) = (None, true);
    if wish.reads {
        let now_ms = (gate.unix_ms)();
        let kept = cache.find(&key, now_ms).await;
        depot_answers = kept.is_ok();
        let kept = kept.ok().flatten().filter(|kept| wish.max_age.is_none_or(|age| kept.is_younger(age, now_ms)));
        found = kept.map(|kept| Hit { key, kept, similarity: None });
    }
    let mut lesson = None;
    if found.is_none()
        && let Some(quest) = Quest::find(gate, cache, &question)
    {
        match quest.compare(cache, &wish, ask, depot_answers).await {
            Compared::Same(hit) => found = Some(hit),
            Compared::New(new) => lesson = new,
        }
    }
    if wish.reads {
        cache.memory.counts.looked(found.as_ref().map(|hit| hit.kept.cost));
        match found {
            Some(hit) => return Ok(Looked::Hit(hit)),
            None => pass.record.iter().for_each(|record| record.missed(key)),
        }
    }
    let ttl = wish.ttl.unwrap_or(cache.terms.ttl).min(LONGEST);
    let recording = (wish.writes && !ttl.is_zero())
        .then(|| Rc::new(Recording::begin(cache.clone(), key, ask, star, ttl, gate.unix_ms.clone()).teaching(lesson)));
    Ok(Looked::Miss(recording))
}

#[cfg(test)]
mod tests;
