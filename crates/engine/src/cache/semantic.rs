//! Answers that are given to questions which mean the same as an earlier one: the last text of the user may be in other words,
//! everything else must be the same. The text is compared by a vector that an embedding model of the gateway makes; its
//! numbers, negations and names must be the same too. Questions of another scope lie elsewhere, so nobody can tell whether
//! they are there. Answers stay where the cache keeps them: here is only what leads to their keys.

mod audit;
mod index;
mod shelf;
mod spot;

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use policy::vectors::Unit;
use policy::{Strictness, Wording, is_within, language, marks};
use tokio::task::spawn_local;
use tokio::time::timeout;

use super::kept::Kept;
use super::key::{CacheKey, Guard, Question};
use super::wish::Wish;
use super::{Cache, Hit};
use crate::ask::Ask;
use crate::embed::{NoVectors, embed};
use crate::pass::Pass;
use crate::{Gate, Setup};
pub(crate) use audit::audit;
use index::{Index, Meaning};
use shelf::{Row, Shelf};
pub(in crate::cache) use spot::Spot;

/// Longest text that is compared, bytes. The vector of a longer one says what it is about, and hardly what is wanted with it.
const LONGEST: usize = 1_000;
/// Largest body of a call that is compared, bytes: a larger one costs more to read than it brings.
const LARGEST: usize = 128 << 10;
/// How long nobody is asked for vectors who failed.
const REST: Duration = Duration::from_secs(5);
/// How long the vector of a question may take that was answered already: nobody waits for it.
const LEARNING: Duration = Duration::from_secs(10);
/// Most such vectors that are made at a time.
const MOST_LEARNING: usize = 64;
/// How long what others have learned is not looked for again, milliseconds, and for how many kinds of questions that is known.
const LOOKED_FOR_MS: i64 = 60_000;
const MOST_LOOKED: usize = 10_000;
/// The tag of calls that make vectors for the cache.
const TAG: &str = "lockgate-semantic-cache";

/// When questions mean the same.
#[derive(Clone, Debug, PartialEq)]
pub struct SemanticTerms {
    /// The model group that makes vectors.
    pub model: String,
    /// How long a call waits for the vector of its text.
    pub patience: Duration,
    /// How much alike questions must be, from 0 to 1.
    pub threshold: f32,
    /// The same for single model groups.
    pub group_thresholds: HashMap<String, f32>,
    /// The model groups whose questions are compared; all of them if it says nothing.
    pub groups: Option<Vec<String>>,
    /// Most messages of a call that is compared.
    pub messages: usize,
    /// Most questions that are known.
    pub entries: usize,
    /// Bytes of memory for them.
    pub bytes: usize,
    /// The share of hits that are asked anew.
    pub audit: f64,
    /// The share of them whose answers may be other ones.
    pub false_hits: f64,
    /// How much alike two answers are that say the same.
    pub same_answer: f32,
}

impl Default for SemanticTerms {
    fn default() -> Self {
        SemanticTerms {
            model: String::new(),
            patience: Duration::from_millis(500),
            threshold: 0.95,
            group_thresholds: HashMap::new(),
            groups: None,
            messages: 4,
            entries: 10_000,
            bytes: 64 << 20,
            audit: 0.02,
            false_hits: 0.02,
            same_answer: 0.85,
        }
    }
}

impl SemanticTerms {
    /// How much alike questions to a model group must be, as configured.
    pub fn threshold(&self, group: &str) -> f32 {
        self.group_thresholds.get(group).copied().unwrap_or(self.threshold)
    }

    fn serves(&self, group: &str) -> bool {
        self.groups.as_ref().is_none_or(|groups| groups.iter().any(|name| name == group))
    }
}

/// What is known of questions, and what audits have shown; it outlives reloads.
pub(super) struct Meanings {
    index: Index,
    groups: Mutex<HashMap<String, Tally>>,
    /// Until when nobody is asked for vectors, milliseconds since 1970.
    rests_until_ms: AtomicI64,
    /// When what others know was looked for, milliseconds since 1970.
    looked: Mutex<HashMap<Guard, i64>>,
    learning: AtomicUsize,
    auditing: AtomicUsize,
}

/// What came of questions to a model group.
#[derive(Clone, Copy, Default)]
struct Tally {
    strictness: Strictness,
    hits: u64,
    misses: u64,
    audits: u64,
    false_hits: u64,
}

/// How it stands with questions that mean the same.
#[derive(Clone, Debug, PartialEq)]
pub struct SemanticView {
    /// Who makes vectors.
    pub model: String,
    /// Questions that are known.
    pub entries: usize,
    /// Bytes that they take.
    pub bytes: usize,
    /// Whether nobody is asked for vectors for a while.
    pub rests: bool,
    /// Model groups that were asked, by their names.
    pub groups: BTreeMap<String, GroupView>,
}

/// The same for a model group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupView {
    /// How much alike questions must be, as configured.
    pub configured: f32,
    /// How much they must be now.
    pub threshold: f32,
    /// Calls that got the answer to another question.
    pub hits: u64,
    /// Calls whose questions were compared in vain.
    pub misses: u64,
    /// Hits that were asked anew.
    pub audits: u64,
    /// Those among them whose answers were other ones.
    pub false_hits: u64,
}

/// Meanings by what they are kept within.
#[derive(Default)]
pub(super) struct Lore(Mutex<Vec<(Within, Weak<Meanings>)>>);

/// The embedding model, and the room.
type Within = (String, usize, usize);

impl Lore {
    /// What is known on these terms.
    pub fn of(&self, terms: &SemanticTerms) -> Arc<Meanings> {
        let within = (terms.model.clone(), terms.entries, terms.bytes);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(_, meanings)| meanings.strong_count() > 0);
        let known = all.iter().find(|(known, _)| *known == within).and_then(|(_, meanings)| meanings.upgrade());
        known.unwrap_or_else(|| {
            let meanings = Arc::new(Meanings {
                index: Index::new(terms.entries, terms.bytes),
                groups: Mutex::default(),
                rests_until_ms: AtomicI64::new(i64::MIN),
                looked: Mutex::default(),
                learning: AtomicUsize::new(0),
                auditing: AtomicUsize::new(0),
            });
            all.push((within, Arc::downgrade(&meanings)));
            meanings
        })
    }
}

impl Meanings {
    fn groups(&self) -> MutexGuard<'_, HashMap<String, Tally>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note<T>(&self, group: &str, note: impl FnOnce(&mut Tally) -> T) -> T {
        let mut groups = self.groups();
        match groups.get_mut(group) {
            Some(tally) => note(tally),
            None => note(groups.entry(group.to_owned()).or_default()),
        }
    }

    fn rests(&self, now_ms: i64) -> bool {
        self.rests_until_ms.load(Relaxed) > now_ms
    }

    fn rest(&self, now_ms: i64) {
        self.rests_until_ms.store(now_ms.saturating_add(REST.as_millis() as i64), Relaxed);
    }

    /// Whether what others know is to be looked for, which is then done.
    fn is_due(&self, guard: &Guard, now_ms: i64) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.get(guard).is_some_and(|at| now_ms - at < LOOKED_FOR_MS) {
            return false;
        }
        if looked.len() >= MOST_LOOKED {
            looked.clear();
        }
        looked.insert(*guard, now_ms);
        true
    }

    /// Forgets the questions with these keys.
    pub fn forget(&self, keys: &[CacheKey]) {
        self.index.forget(keys);
    }

    /// Forgets all questions.
    pub fn clear(&self) {
        self.index.clear();
    }

    /// How it stands.
    pub fn view(&self, terms: &SemanticTerms, now_ms: i64) -> SemanticView {
        let (entries, bytes) = self.index.size();
        let view = |(group, tally): (&String, &Tally)| {
            let configured = terms.threshold(group);
            let Tally { strictness, hits, misses, audits, false_hits } = *tally;
            let threshold = strictness.threshold(configured);
            (group.clone(), GroupView { configured, threshold, hits, misses, audits, false_hits })
        };
        let groups = self.groups().iter().map(view).collect();
        SemanticView { model: terms.model.clone(), entries, bytes, rests: self.rests(now_ms), groups }
    }
}

/// One of a bounded number of places; dropping it makes room.
struct Place(Arc<Meanings>, fn(&Meanings) -> &AtomicUsize);

impl Place {
    fn take(meanings: &Arc<Meanings>, which: fn(&Meanings) -> &AtomicUsize, most: usize) -> Option<Self> {
        let taken = which(meanings).fetch_add(1, Relaxed);
        let place = Place(meanings.clone(), which);
        (taken < most).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        (self.1)(&self.0).fetch_sub(1, Relaxed);
    }
}

/// A question that may be answered like another one.
pub(super) struct Quest {
    gate: Rc<Gate>,
    meanings: Arc<Meanings>,
    model: String,
    group: String,
    threshold: f32,
    guard: Guard,
    text: String,
    /// Where others learn of it.
    shelf: Option<Shelf>,
}

/// What came of comparing it.
pub(super) enum Compared {
    /// Another one means the same.
    Same(Hit),
    /// None does: what is to be remembered once there is an answer.
    New(Option<Lesson>),
}

/// A question that is to be remembered.
pub(crate) struct Lesson {
    quest: Quest,
    unit: Option<Unit>,
}

impl Quest {
    /// The question of `ask`, if it is one that is compared; the caller was admitted.
    pub fn find(gate: &Rc<Gate>, cache: &Cache, question: &Question) -> Option<Self> {
        let (terms, meanings) = (cache.terms.semantic.as_ref()?, cache.meanings.as_ref()?);
        let Question { setup, ask, pass, group, .. } = question;
        let converses = || ask.body.with(|root| ask.front.converses(ask.operation, root));
        if ask.body.bytes().len() > LARGEST
            || !terms.serves(&group.name)
            || !converses()
            || meanings.rests((gate.unix_ms)())
        {
            return None;
        }
        let spot = ask.body.with(Spot::find)?;
        let text = spot.text.trim();
        if text.is_empty() || text.len() > LONGEST || spot.messages > terms.messages {
            return None;
        }
        // Who could not pay for an answer gets no vector made.
        if pass.is_broke() || !may_be_sent(setup, pass, &terms.model) {
            return None;
        }
        let configured = terms.threshold(&group.name);
        let tally = |tally: &mut Tally| tally.strictness.threshold(configured);
        let guard = question.guard(&spot, [&terms.model, &marks(text)]);
        let depot = cache.depot.clone();
        Some(Quest {
            gate: gate.clone(),
            meanings: meanings.clone(),
            model: terms.model.clone(),
            group: group.name.clone(),
            threshold: meanings.note(&group.name, tally),
            shelf: depot.map(|depot| Shelf::new(depot, &cache.terms.namespace, &guard, terms.entries)),
            guard,
            text: text.to_owned(),
        })
    }

    /// Looks for an answer to a question that means the same. Where none is known that could, the call does not even wait
    /// for a vector. A depot that did not answer the call in time just now (`depot_answers`) is not waited for again.
    pub async fn compare(self, cache: &Arc<Cache>, wish: &Wish, ask: &Rc<Ask>, depot_answers: bool) -> Compared {
        let Some(terms) = cache.terms.semantic.as_ref() else { return Compared::New(None) };
        if !wish.reads || !self.may_be_known(depot_answers).await {
            return Compared::New(Some(Lesson { quest: self, unit: None }));
        }
        let Some(unit) = self.unit(terms.patience).await else {
            // Who has just failed would fail again behind the answer.
            return Compared::New(None);
        };
        let meaning = meaning(unit, &self.text);
        let mut hit = self.answered(cache, wish, &meaning).await;
        if hit.is_none() && depot_answers && self.recall_near(&meaning.unit).await {
            hit = self.answered(cache, wish, &meaning).await;
        }
        let Some(hit) = hit else {
            self.meanings.note(&self.group, |tally| tally.misses += 1);
            return Compared::New(Some(Lesson { quest: self, unit: Some(meaning.unit) }));
        };
        self.meanings.note(&self.group, |tally| tally.hits += 1);
        if self.gate.roll() < terms.audit {
            audit(&self.gate, cache, ask, &self.group, &hit.kept);
        }
        Compared::Same(hit)
    }

    /// The answer to the question most like this one that is known here, alike enough, and still has an answer.
    async fn answered(&self, cache: &Cache, wish: &Wish, meaning: &Meaning) -> Option<Hit> {
        let now_ms = (self.gate.unix_ms)();
        for (key, similarity) in self.meanings.index.nearest(&self.guard, meaning, self.threshold, now_ms) {
            match cache.find(&key, now_ms).await {
                Ok(Some(kept)) if wish.max_age.is_none_or(|age| kept.is_younger(age, now_ms)) => {
                    return Some(Hit { key, kept, similarity: Some(similarity) });
                }
                Ok(Some(_)) | Err(_) => {}
                Ok(None) => {
                    self.meanings.index.drop_key(&self.guard, &key);
                    self.shelf.iter().for_each(|shelf| shelf.drop_key(&key));
                }
            }
        }
        None
    }

    /// Whether there is any question that could be like this one. Now and then that learns what others know, where these are
    /// not asked for each vector.
    async fn may_be_known(&self, depot_answers: bool) -> bool {
        let now_ms = (self.gate.unix_ms)();
        let shelf = self.shelf.as_ref().filter(|_| depot_answers);
        let asked = shelf.filter(|shelf| shelf.compares());
        if let Some(shelf) = shelf.filter(|_| asked.is_none() && self.meanings.is_due(&self.guard, now_ms)) {
            self.take(shelf.rows(now_ms).await.unwrap_or_default());
        }
        self.meanings.index.has(&self.guard, now_ms)
            || match asked {
                Some(shelf) => shelf.has_any().await,
                None => false,
            }
    }

    /// Learns what others know that is like this vector, where that can be asked for. Whether there was anything new.
    async fn recall_near(&self, unit: &Unit) -> bool {
        let Some(shelf) = self.shelf.as_ref().filter(|shelf| shelf.compares()) else { return false };
        self.take(shelf.near(unit, self.threshold, (self.gate.unix_ms)()).await)
    }

    /// Takes over what others know. Whether there was anything new.
    fn take(&self, rows: Vec<Row>) -> bool {
        let now_ms = (self.gate.unix_ms)();
        let mut is_new = false;
        for Row { key, until_ms, text, values } in rows {
            if !self.meanings.index.knows(&self.guard, &key)
                && let Some(unit) = Unit::new(values)
            {
                self.meanings.index.put(self.guard, key, meaning(unit, &text), until_ms, now_ms);
                is_new = true;
            }
        }
        is_new
    }

    /// The vector of its text, if it is made in time. Whoever fails rests for a while; a text that is refused is no failure:
    /// nobody keeps vectors from others by what they say.
    async fn unit(&self, patience: Duration) -> Option<Unit> {
        let made = timeout(patience, embed(&self.gate, &self.model, &[&self.text], TAG)).await;
        let made = match made.unwrap_or(Err(NoVectors::Unwell)) {
            Err(NoVectors::Unfit) => return None,
            made => made.ok(),
        };
        let unit = made.and_then(|vectors| Unit::new(vectors.into_iter().next()?));
        if unit.is_none() {
            tracing::warn!(model = self.model, "no vector of a question: none is compared by meaning for a while");
            self.meanings.rest((self.gate.unix_ms)());
        }
        unit
    }

    fn remember(self, unit: Unit, key: CacheKey, until_ms: i64) {
        let now_ms = (self.gate.unix_ms)();
        let values = self.shelf.as_ref().map(|_| unit.values().to_vec());
        self.meanings.index.put(self.guard, key, meaning(unit, &self.text), until_ms, now_ms);
        if let Some((shelf, values)) = self.shelf.zip(values) {
            let row = Row { key, until_ms, text: self.text, values };
            spawn_local(async move { shelf.add(row, now_ms).await });
        }
    }
}

fn meaning(unit: Unit, text: &str) -> Meaning {
    Meaning { unit, wording: Wording::of(text), language: language(text) }
}

impl Lesson {
    /// The question was answered, and its answer is kept under `key`.
    pub fn learn(self, key: CacheKey, until_ms: i64) {
        let Lesson { quest, unit } = self;
        if let Some(unit) = unit {
            return quest.remember(unit, key, until_ms);
        }
        // What is not remembered is asked for again.
        let Some(place) = Place::take(&quest.meanings, |meanings| &meanings.learning, MOST_LEARNING) else { return };
        spawn_local(async move {
            if !quest.meanings.rests((quest.gate.unix_ms)())
                && let Some(unit) = quest.unit(LEARNING).await
            {
                quest.remember(unit, key, until_ms);
            }
            drop(place);
        });
    }
}

/// Whether what a caller says may go to whoever makes vectors: to deployments that are where its customer's data must stay.
fn may_be_sent(setup: &Setup, pass: &Pass, model: &str) -> bool {
    let Some((group, _)) = setup.find(model).filter(|_| setup.router(model).is_none()) else { return false };
    let is_here = |allowed: &str| {
        group.deployments.iter().all(|one| one.region.as_ref().is_some_and(|own| is_within(own, allowed)))
    };
    pass.region.as_deref().is_none_or(is_here)
}

#[cfg(test)]
mod tests;
