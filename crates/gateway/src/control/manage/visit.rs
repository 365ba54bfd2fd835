//! A request to the management API: who calls, what they sent, and the ways to read and to change what is kept.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRef, FromRequest, Path, Request};
use axum::http::Response;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use engine::Caller;
use serde::Serialize;
use serde_json::Value;
use store::{Author, Directory, Problem, Registry, Store};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

use super::actor::Actor;
use super::draft::Draft;
use super::form::{Form, Reads};
use super::moment;
use super::passwords::Passwords;
use super::refusal::{Refusal, Result};
use super::spend::Spend;
use crate::control::sign_in::Failures;
use crate::control::sso::SsoDesk;
use crate::live::Live;

/// How often a change is planned anew when other replicas were faster.
const TRIES: u32 = 40;
/// By how much longer it waits each time before it is: long enough for others to come to an end.
const PAUSE: Duration = Duration::from_millis(2);
/// How long it waits for news of the others.
const SILENCE: Duration = Duration::from_secs(2);
/// How long a change waits for its turn.
const PATIENCE: Duration = Duration::from_secs(15);
/// Header that says on whose behalf an administrator's program does something.
const CHANGED_BY: &str = "litellm-changed-by";
/// Longest name in it that is kept, characters.
const LONGEST_NAME: usize = 255;
/// Largest body that is read; the door lets through no larger one.
const LARGEST_BODY: usize = 16 << 20;

/// What all requests share.
#[derive(Clone)]
pub struct Desk {
    /// What all threads share.
    pub live: Arc<Live>,
    /// Changes are made one after the other: on this replica none has to be planned anew because of another. Holds when
    /// the database last gave no answer.
    turn: Arc<Mutex<Option<Instant>>>,
    /// Makes and checks hashes of passwords.
    pub passwords: Passwords,
    /// Who failed to sign in lately.
    pub failures: Failures,
    /// Held by whoever asks an issuer of tokens for its keys.
    pub asking: Arc<Mutex<()>>,
    /// What is known about the provider of identities.
    pub sso: SsoDesk,
}

impl Desk {
    /// A desk.
    pub fn new(live: Arc<Live>) -> Self {
        let (turn, passwords, failures, asking, sso) = Default::default();
        Desk { live, turn, passwords, failures, asking, sso }
    }
}

impl FromRef<Desk> for Arc<Live> {
    fn from_ref(desk: &Desk) -> Self {
        desk.live.clone()
    }
}

/// A request.
pub struct Visit {
    /// What all requests share.
    pub desk: Desk,
    /// Who calls.
    pub actor: Actor,
    /// The same as models know it.
    pub caller: Arc<Caller>,
    /// What everybody has spent up to now.
    pub spend: Spend,
    registry: Arc<Registry>,
    path: HashMap<String, String>,
    reads: Reads,
    query: String,
    body: Bytes,
    /// On whose behalf.
    changed_by: Option<String>,
}

impl FromRequest<Desk> for Visit {
    type Rejection = Refusal;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self> {
        let caller = super::super::caller(&desk.live, &request)?;
        let (mut parts, body) = request.into_parts();
        let registry = desk.live.books.as_ref().map(|books| books.registry.clone()).ok_or_else(Refusal::no_database)?;
        let actor = Actor::new(&caller, &registry.read());
        let changed_by = parts.headers.get(CHANGED_BY).and_then(|value| value.to_str().ok());
        let changed_by = changed_by.map(|name| name.chars().take(LONGEST_NAME).collect());
        let path = axum::RequestPartsExt::extract::<Path<HashMap<String, String>>>(&mut parts).await;
        let Path(path) = path.map_err(|why| Refusal::bad(why.body_text()))?;
        let body = axum::body::to_bytes(body, LARGEST_BODY).await;
        let body = body.map_err(|_| Refusal::bad("the request body is too large"))?;
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let (spend, reads) = (Spend::new(desk.live.meters.clone(), moment::now()), Reads::Nothing);
        Ok(Visit { desk: desk.clone(), actor, caller, spend, registry, path, reads, query, body, changed_by })
    }
}

impl Visit {
    /// One that no request with a key led to: what `actor` does by signing in.
    pub fn by(desk: &Desk, actor: Actor) -> Result<Self> {
        let registry = desk.live.books.as_ref().map(|books| books.registry.clone()).ok_or_else(Refusal::no_database)?;
        let spend = Spend::new(desk.live.meters.clone(), moment::now());
        let (caller, query, changed_by) = (Arc::default(), String::new(), None);
        let (path, reads, body) = (HashMap::new(), Reads::Nothing, Bytes::new());
        Ok(Visit { desk: desk.clone(), actor, caller, spend, registry, path, reads, query, body, changed_by })
    }

    /// The same, for a path that reads this.
    pub fn reading(self, reads: Reads) -> Self {
        Visit { reads, ..self }
    }

    /// The fields that the path reads. A handler that asks for them where its row says that it reads nothing is a
    /// mistake of ours.
    pub fn form(&self) -> Result<Form> {
        match self.reads {
            Reads::Nothing => Err(Refusal::internal()),
            Reads::Body(tables) => Form::body(&self.body, tables),
            Reads::OptionalBody(tables) => Form::optional_body(&self.body, tables),
            Reads::Query(tables) => Form::query(&self.query, tables),
        }
    }

    /// A part of the path.
    pub fn segment(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// The database.
    pub fn store(&self) -> &Store {
        self.registry.store()
    }

    /// Looks something up. What is not found while the database is away may well be there.
    pub fn read<T>(&self, look: impl FnOnce(&Directory) -> Result<T>) -> Result<T> {
        let result = look(&self.registry.read());
        result.map_err(|refusal| self.or_away(refusal))
    }

    /// Makes a change: `plan` says what to write, over the directory as it is. Either all of it happens, or nothing.
    pub async fn change<T>(&self, plan: impl Fn(&mut Draft) -> Result<T>) -> Result<T> {
        let came = Instant::now();
        let mut silence = timeout(PATIENCE, self.desk.turn.lock()).await.map_err(|_| Refusal::away())?;
        // Whoever waited while the database gave no answer has waited long enough.
        if silence.is_some_and(|since| since > came) {
            return Err(Refusal::away());
        }
        let mut faster = String::new();
        for tried in 0..TRIES {
            let (outcome, change) = {
                let directory = self.registry.read();
                let mut draft = Draft::new(&directory, &self.actor, &self.spend);
                let outcome = plan(&mut draft).map_err(|refusal| self.or_away(refusal))?;
                (outcome, draft.into_change(self.author()))
            };
            if change.writes.is_empty() && change.adjustments.is_empty() {
                return Ok(outcome);
            }
            match self.registry.write(change).await {
                Ok(_) => return Ok(outcome),
                Err(Problem::Conflict(why)) => {
                    faster = why;
                    sleep(PAUSE * tried).await;
                    let refreshed = timeout(SILENCE, self.registry.refresh()).await;
                    refreshed.map_err(|_| Refusal::away())??;
                }
                Err(problem) => {
                    if let Problem::Away(_) = problem {
                        *silence = Some(Instant::now());
                    }
                    return Err(problem.into());
                }
            }
        }
        Err(Refusal::conflict(faster))
    }

    /// Who makes a change, or on whose behalf somebody does who may do so.
    fn author(&self) -> Author {
        let other = self.changed_by.clone().filter(|_| self.actor.is_admin());
        let changed_by = other.or_else(|| self.actor.user_id.clone());
        Author { changed_by, key_hash: self.actor.key_hash.clone(), action: None }
    }

    fn or_away(&self, refusal: Refusal) -> Refusal {
        if refusal.is_not_found() && !self.registry.is_current() { Refusal::away() } else { refusal }
    }
}

/// An answer.
pub type Answer = Result<Response<Body>>;

/// An answer in JSON.
pub fn answer(body: Value) -> Answer {
    Ok(([(CONTENT_TYPE, "application/json")], body.to_string()).into_response())
}

/// An answer in JSON without a tree of it: for large ones.
pub fn answer_as(body: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(body).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        Refusal::internal()
    })?;
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// An answer as a table for spreadsheets.
pub fn answer_csv(table: String) -> Answer {
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=report.csv")];
    Ok((headers, table).into_response())
}
