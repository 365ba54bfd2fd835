//! Where answers lie until the database has them, and how they are found, there or here.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use dialects::json::Doc;
use dialects::kept;
use store::{CANCELLING, ELSEWHERE, KeptResponse, Problem, Store};
use tokio::time::sleep;
use types::{Fault, FaultKind, Side};

use super::Live;
use super::jobs::Jobs;
use crate::books::unix_ms;
use crate::seal::Seal;

/// Answers that lie here at most, and their bytes.
const MOST: usize = 20_000;
const MOST_BYTES: usize = 64 << 20;
/// What each takes beside its bytes.
const EACH: usize = 512;
/// How often is looked for an answer that another replica may be about to write, and how long is waited in between.
const LOOKS: usize = 5;
const PAUSE: Duration = Duration::from_millis(200);
/// For how long nothing is heard of whoever makes an answer before it is given up, milliseconds.
const SILENCE_MS: i64 = 30_000;
/// What is said of an answer whose maker is gone.
pub const INTERRUPTED: &str = "the gateway that made this answer ended before it was finished";

/// An answer, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    pub id: String,
    pub owner: String,
}

/// An answer as it was laid down.
pub struct Fresh {
    pub name: Name,
    pub created_at: i64,
    /// The request.
    pub request: Bytes,
    /// The answer; nothing if its provider keeps it.
    pub answer: Bytes,
    /// Its state, where the answer does not say it.
    pub status: Option<&'static str>,
}

/// Where answers are laid down.
#[derive(Default)]
pub struct Shelf {
    fresh: Mutex<Pile>,
    /// Answers that are being made.
    pub(super) jobs: Jobs,
    /// Answers that did not fit.
    pub(super) lost: AtomicU64,
    /// One writes at a time: what is newer must not be overtaken by what is older.
    pub(super) writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Pile {
    all: HashMap<Name, Arc<Fresh>>,
    order: VecDeque<Name>,
    bytes: usize,
}

impl Fresh {
    fn bytes(&self) -> usize {
        self.request.len() + self.answer.len() + EACH
    }

    /// As it is kept.
    pub fn kept(&self) -> KeptResponse {
        let field = |text: &Bytes, name: &str| {
            let doc = Doc::parse_answer(text).ok()?;
            Some(doc.root().get_some(name).map(|value| (kept::items_of(value).into_owned(), value.as_string())))?
        };
        let input = field(&self.request, "input").map_or_else(|| "[]".to_owned(), |(items, _)| items);
        let said = || field(&self.answer, "status").and_then(|(_, word)| word);
        let status = self.status.map(str::to_owned).or_else(said).unwrap_or_else(|| "completed".to_owned());
        KeptResponse {
            id: self.name.id.clone(),
            owner: self.name.owner.clone(),
            created_at: self.created_at,
            alive_at: unix_ms(),
            status,
            input,
            response: String::from_utf8_lossy(&self.answer).into_owned(),
        }
    }
}

impl Shelf {
    /// Lays an answer down, in the place of what lies here of the same one.
    pub fn lay(&self, fresh: Fresh) {
        let mut pile = self.pile();
        pile.take(&fresh.name);
        pile.bytes += fresh.bytes();
        pile.order.push_back(fresh.name.clone());
        pile.all.insert(fresh.name.clone(), Arc::new(fresh));
        while pile.bytes > MOST_BYTES || pile.all.len() > MOST {
            let Some(oldest) = pile.order.front().cloned() else { break };
            pile.take(&oldest);
            self.lost.fetch_add(1, Relaxed);
        }
    }

    /// The oldest of those that lie here: so many, or so many bytes.
    pub(super) fn oldest(&self, most: usize, mut bytes: usize) -> Vec<Arc<Fresh>> {
        let pile = self.pile();
        let first = pile.order.iter().take(most).filter_map(|name| pile.all.get(name));
        let fits = |fresh: &&Arc<Fresh>| {
            let fits = bytes > 0;
            bytes = bytes.saturating_sub(fresh.bytes());
            fits
        };
        first.take_while(fits).cloned().collect()
    }

    /// Those are in the database, unless something newer lies here already.
    pub(super) fn written(&self, all: &[Arc<Fresh>]) {
        let mut pile = self.pile();
        for fresh in all {
            if pile.all.get(&fresh.name).is_some_and(|now| Arc::ptr_eq(now, fresh)) {
                pile.take(&fresh.name);
            }
        }
    }

    fn get(&self, name: &Name) -> Option<Arc<Fresh>> {
        self.pile().all.get(name).cloned()
    }

    /// Whose the answers with this id are that lie here: few do, for they are written at once.
    fn owners(&self, id: &str) -> Vec<String> {
        self.pile().all.keys().filter(|name| name.id == id).map(|name| name.owner.clone()).collect()
    }

    /// Takes an answer away; whether one lay here.
    pub(super) fn take(&self, name: &Name) -> bool {
        self.pile().take(name)
    }

    /// A panic elsewhere leaves nothing half done here.
    fn pile(&self) -> MutexGuard<'_, Pile> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pile {
    fn take(&mut self, name: &Name) -> bool {
        let Some(taken) = self.all.remove(name) else { return false };
        self.bytes -= taken.bytes();
        // Mostly it is the oldest.
        if let Some(at) = self.order.iter().position(|known| known == name) {
            self.order.remove(at);
        }
        true
    }
}

/// An answer that is kept.
pub struct Found {
    pub status: String,
    pub input: String,
    pub response: String,
}

impl Found {
    /// Whether it is still being made.
    pub fn is_open(&self) -> bool {
        ["queued", "in_progress", CANCELLING].contains(&&*self.status)
    }

    /// Whether its provider keeps it.
    pub fn is_elsewhere(&self) -> bool {
        self.status == ELSEWHERE
    }
}

/// The answer with this id, if it is of `owner`.
pub async fn find(live: &Live, id: &str, owner: &str) -> Result<Option<Found>, Fault> {
    let name = Name { id: id.to_owned(), owner: owner.to_owned() };
    for look in 0..LOOKS {
        if let Some(fresh) = live.shelf.get(&name) {
            let KeptResponse { status, input, response, .. } = fresh.kept();
            return Ok(Some(Found { status, input, response }));
        }
        let wanted = name.clone();
        let Some(kept) =
            in_books(live, move |store| async move { store.response(&wanted.id, &wanted.owner).await }).await?
        else {
            return Ok(None);
        };
        if let Some(kept) = kept {
            return opened(live, &name, kept).await.map(Some);
        }
        // Another replica may have given it out a moment ago.
        let is_ours = kept::is_own(id) || kept::issuer_of(id).is_some();
        let may_come = is_ours && !live.books.as_ref().is_some_and(|books| books.registry.store().is_file());
        if !may_come || look + 1 == LOOKS {
            break;
        }
        sleep(PAUSE).await;
    }
    Ok(None)
}

async fn opened(live: &Live, name: &Name, kept: KeptResponse) -> Result<Found, Fault> {
    let KeptResponse { alive_at, status, input, response, .. } = kept;
    let seal = live.management().seal.clone();
    let open = |text: String| match &seal {
        Some(seal) if Seal::has_sealed(&text) => seal.open(&text).map_err(|why| {
            Fault::new(FaultKind::Unavailable, Side::Gateway, format!("what is kept cannot be read: {why}"))
        }),
        _ => Ok(text),
    };
    let mut found = Found { status, input: open(input)?, response: open(response)? };
    if found.is_open() && alive_at.saturating_add(SILENCE_MS) < unix_ms() && live.shelf.jobs.get(name).is_none() {
        // Whoever made it is gone, and nobody will finish it.
        let gone = name.clone();
        in_books(live, move |store| async move { store.turn_response(&gone.id, &gone.owner, "failed").await }).await?;
        found.status = "failed".to_owned();
    }
    if found.status == "failed" && !found.response.is_empty() {
        found.response = super::job::failed(&found.response, INTERRUPTED);
    }
    Ok(found)
}

/// Whether the answer with this id is known to be of somebody else, and of nobody else than them. A database that is away knows
/// nothing.
pub async fn is_anothers(live: &Live, id: &str, owner: &str) -> bool {
    let mut owners = live.shelf.owners(id);
    if !owners.iter().any(|known| known == owner) {
        let id = id.to_owned();
        let known = in_books(live, move |store| async move { store.response_owners(&id).await }).await;
        owners.extend(known.ok().flatten().into_iter().flatten());
    }
    !owners.is_empty() && !owners.iter().any(|known| known == owner)
}

/// Deletes an answer; whether there was one.
pub async fn delete(live: &Live, name: &Name) -> Result<bool, Fault> {
    let lay_here = live.shelf.take(name);
    let wanted = name.clone();
    let deleted =
        in_books(live, move |store| async move { store.delete_response(&wanted.id, &wanted.owner).await }).await?;
    Ok(lay_here || deleted.unwrap_or(false))
}

/// What the database says; `None` if there is none.
pub async fn in_books<T, F>(live: &Live, ask: impl FnOnce(Store) -> F) -> Result<Option<T>, Fault>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Problem>> + Send + 'static,
{
    let Some(books) = &live.books else { return Ok(None) };
    let store = books.registry.store().clone();
    let away = || Fault::new(FaultKind::Unavailable, Side::Gateway, "what is kept cannot be looked up now");
    let asked = live.control.work(ask(store)).await;
    match asked {
        Some(Ok(said)) => Ok(Some(said)),
        Some(Err(problem)) => {
            tracing::debug!(%problem, "answers that are kept cannot be looked up");
            Err(away())
        }
        None => Err(away()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(id: usize, bytes: usize) -> Fresh {
        let name = Name { id: format!("resp_gw{id}"), owner: "a".to_owned() };
        let answer = Bytes::from(format!(r#"{{"status":"completed","output":[],"pad":"{}"}}"#, "x".repeat(bytes)));
        let request = Bytes::from_static(br#"{"model":"m","input":"hello"}"#);
        Fresh { name, created_at: 1, request, answer, status: None }
    }

    #[test]
    fn what_is_laid_down_is_found_until_it_is_written_and_the_oldest_goes_where_there_is_no_room() {
        let shelf = Shelf::default();
        (0..3).for_each(|id| shelf.lay(fresh(id, 10)));
        let all = shelf.oldest(2, usize::MAX);
        assert_eq!(all.iter().map(|one| &*one.name.id).collect::<Vec<_>>(), ["resp_gw0", "resp_gw1"]);
        shelf.lay(fresh(1, 20));
        shelf.written(&all);
        assert!(shelf.get(&all[0].name).is_none());
        assert!(shelf.get(&all[1].name).is_some_and(|now| now.answer.len() > all[1].answer.len()), "a newer one stays");
        (10..14).for_each(|id| shelf.lay(fresh(id, 20 << 20)));
        assert!(shelf.get(&fresh(10, 0).name).is_none() && shelf.get(&fresh(13, 0).name).is_some());
        assert_eq!(shelf.lost.load(Relaxed), 3);
        assert_eq!(shelf.oldest(9, 1).len(), 1);
    }

    #[test]
    fn what_was_asked_is_kept_as_items() {
        let kept = fresh(1, 0).kept();
        assert_eq!((&*kept.status, &*kept.owner), ("completed", "a"));
        assert!(kept.input.starts_with(r#"[{"type":"message","role":"user""#), "{}", kept.input);
        let elsewhere = Fresh { status: Some(ELSEWHERE), request: Bytes::new(), answer: Bytes::new(), ..fresh(1, 0) };
        assert_eq!((&*elsewhere.kept().status, elsewhere.kept().bytes()), (ELSEWHERE, 2));
    }
}
