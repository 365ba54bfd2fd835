//! Files and batches in OpenAI's shape: they go to the deployment that the caller's model is at, belong to whoever made
//! them, and are found again through what the database knows of them.

mod bill;
mod lines;
mod overdue;
mod upload;
mod worst;

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use engine::{Caller, Deployment, PassBody, PassCall, PassReply, Passage, Setup, pass_on, refuse_call};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::{Value, json};
use store::{Asset, Kept, Store};
use tokio::task::spawn_local;
use types::{Fault, FaultKind, Side, Usd};

use super::routes::{front_named, parameter};
use super::{Door, OutBody, find, intake, passing, response};

pub use bill::watch;

/// Most of an answer that says something of a file or a batch, bytes.
const MOST_SAID: usize = 1 << 20;
/// Most things on a page, and as many as there are if nobody says.
const MOST_LISTED: i64 = 10_000;
const LISTED: i64 = 20;
const FILE: &str = "file";
const BATCH: &str = "batch";
/// Fields of a batch that are for the gateway.
const OURS: [&str; 5] = ["custom_llm_provider", "litellm_metadata", "model", "target_model_names", "tags"];

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Job {
    /// To keep a file.
    Upload,
    /// Which files or batches there are.
    List(&'static str),
    /// What is known of one.
    Show(&'static str, String),
    /// What is in a file.
    Content(String),
    /// To forget a file.
    Delete(String),
    /// To make a batch.
    Make,
    /// To stop one.
    Cancel(String),
}

/// What a path asks for, and the provider that it names.
pub fn meaning(method: &Method, path: &str) -> Option<(Job, Option<String>)> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (provider, rest) = match segments.as_slice() {
        ["v1", rest @ ..] => (None, rest),
        [provider, "v1", rest @ ..] if providers::find(provider).is_some() && is_ours(provider) => {
            (Some((*provider).to_owned()), rest)
        }
        rest => (None, rest),
    };
    let job = match (method, rest) {
        (&Method::POST, ["files"]) => Job::Upload,
        (&Method::GET, ["files"]) => Job::List(FILE),
        (&Method::GET, ["files", id]) => Job::Show(FILE, (*id).to_owned()),
        (&Method::GET, ["files", id, "content"]) => Job::Content((*id).to_owned()),
        (&Method::DELETE, ["files", id]) => Job::Delete((*id).to_owned()),
        (&Method::POST, ["batches"]) => Job::Make,
        (&Method::GET, ["batches"]) => Job::List(BATCH),
        (&Method::GET, ["batches", id]) => Job::Show(BATCH, (*id).to_owned()),
        (&Method::POST, ["batches", id, "cancel"]) => Job::Cancel((*id).to_owned()),
        _ => return None,
    };
    Some((job, provider))
}

/// Whether files behind the name of a provider are files of ours: not where its own API is passed on.
fn is_ours(provider: &str) -> bool {
    let kept = providers::find(provider).is_some_and(|row| row.endpoints.has(providers::Endpoint::Files));
    kept || !providers::passages().iter().any(|passage| passage.prefix[1..] == *provider)
}

/// A request about files or batches.
struct Visit<'d> {
    door: &'d Rc<Door>,
    setup: Arc<Setup>,
    store: Store,
    id: String,
    caller: Arc<Caller>,
    parts: Parts,
    ip: std::net::IpAddr,
    provider: Option<String>,
}

/// Answers a request about files or batches.
pub async fn call(
    door: &Rc<Door>,
    peer: SocketAddr,
    (job, provider): (Job, Option<String>),
    parts: Parts,
    body: Incoming,
) -> Response<OutBody> {
    let id = door.gate.call_id(&parts.headers);
    let front = front_named("openai");
    match admitted(door, peer, &parts).await {
        Ok((caller, ip, store)) => {
            let visit = Visit { door, setup: door.live.setup(), store, id: id.clone(), caller, parts, ip, provider };
            visit.answer(job, body).await.unwrap_or_else(|fault| response(refuse_call(front, &id, &fault)))
        }
        Err(fault) => {
            intake::discard(&door.stop, body);
            response(refuse_call(front, &id, &fault))
        }
    }
}

async fn admitted(
    door: &Rc<Door>,
    peer: SocketAddr,
    parts: &Parts,
) -> Result<(Arc<Caller>, std::net::IpAddr, Store), Fault> {
    let setup = door.live.setup();
    let path = parts.uri.path();
    let ip = setup.doorway.address(peer.ip(), &parts.headers)?;
    let caller = setup.doorway.caller(path, find(door, &setup, &parts.headers).await, Arc::default)?;
    setup.doorway.open(path, &caller)?;
    let Some(books) = &door.live.books else {
        let message = "files and batches need a database: the gateway keeps none";
        return Err(Fault::new(FaultKind::NotFound, Side::Gateway, message));
    };
    Ok((caller, ip, books.registry.store().clone()))
}

impl Visit<'_> {
    async fn answer(self, job: Job, body: Incoming) -> Result<Response<OutBody>, Fault> {
        match job {
            Job::Upload => self.upload(body).await,
            Job::List(kind) => self.list(kind).await,
            Job::Show(kind, id) => self.show(kind, &id).await,
            Job::Content(id) => self.content(&id).await,
            Job::Delete(id) => self.delete(&id).await,
            Job::Make => {
                let body = intake::read(&self.door.stop, &self.parts.headers, body, intake::MAX_CONTROL_BODY).await?;
                self.make(&body).await
            }
            Job::Cancel(id) => self.cancel(&id).await,
        }
    }

    /// Does something in the database.
    async fn keep<T, W>(&self, work: impl FnOnce(Store) -> W) -> Result<T, Fault>
    where
        T: Send + 'static,
        W: Future<Output = store::Result<T>> + Send + 'static,
    {
        in_database(self.door, work(self.store.clone())).await
    }

    async fn upload(mut self, body: Incoming) -> Result<Response<OutBody>, Fault> {
        let length = self.parts.headers.get(CONTENT_LENGTH).cloned();
        let kind = self.parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let boundary = upload::boundary(kind).ok_or_else(|| Fault::invalid("a file comes in multipart/form-data"))?;
        let mut body = passing::Piecewise::new(body, length.as_ref());
        let form = upload::Opening::read(&mut body, &boundary).await?;
        let deployment = self.place(&form)?;
        let is_batch = form.purpose() == Some("batch");
        let worst: worst::Sum = Rc::new(Cell::new(is_batch.then_some(Usd::ZERO)));
        let rules =
            is_batch.then(|| worst::rule(self.setup.clone(), self.caller.clone(), deployment.clone(), worst.clone()));
        self.parts.headers.remove(CONTENT_LENGTH);
        let upload = form.into_upload(body, boundary, rules);
        let passage = Passage::to(deployment.clone(), "acreate_file");
        let reply = self.pass(passage, "POST", "/files".to_owned(), PassBody::Stream(Box::new(upload))).await;
        let (mut said, reply) = match said(reply).await? {
            Ok(said) => said,
            Err(refused) => return Ok(refused),
        };
        self.issue(&mut said, FILE, &deployment, (None, worst.get())).await?;
        Ok(shown(reply, &said))
    }

    /// Gives what the provider made an id of ours.
    async fn issue(
        &self,
        said: &mut Value,
        kind: &'static str,
        deployment: &Deployment,
        (payer, held): (Option<String>, Option<Usd>),
    ) -> Result<Kept, Fault> {
        let Some(upstream_id) = said["id"].as_str().map(str::to_owned) else {
            return Err(Fault::provider(FaultKind::Malformed, "the provider's answer has no id"));
        };
        let now_ms = (self.door.gate.unix_ms)();
        let id = new_id(self.door, kind);
        said["id"] = json!(id);
        let asset = Asset {
            id,
            kind: kind.to_owned(),
            owner: self.caller.counted_hash().to_owned(),
            deployment_id: deployment.id.clone(),
            upstream_id,
            created_at: now_ms,
            state: if kind == BATCH { "open" } else { "" }.to_owned(),
            shown: said.to_string(),
            payer: payer.unwrap_or_default(),
            held,
        };
        let kept = keep_asset(self.door, &self.store, asset).await?;
        said["id"] = json!(kept.asset.id);
        Ok(kept)
    }

    /// The deployment that a file goes to.
    fn place(&self, form: &upload::Opening) -> Result<Arc<Deployment>, Fault> {
        let query = |name: &str| parameter(self.parts.uri.query(), name);
        let header = |name: &str| Some(self.parts.headers.get(name)?.to_str().ok()?.to_owned());
        let said = |name: &str| form.field(name).map(str::to_owned).or_else(|| query(name));
        let targets = said("target_model_names").unwrap_or_default();
        let mut targets = targets.split(',').map(str::trim).filter(|name| !name.is_empty());
        if let Some(first) = targets.next() {
            let deployment = self.at_model(first)?;
            return targets.try_fold(deployment, |all, model| {
                let one = self.at_model(model)?;
                let message = "these models are at different providers: one file, one provider";
                are_together(&all, &one)
                    .then_some(all)
                    .ok_or_else(|| Fault::invalid_param("target_model_names", message))
            });
        }
        let model = said("model").or_else(|| header("x-litellm-model"));
        let provider = self.provider.clone().or_else(|| said("custom_llm_provider"));
        let provider = provider.or_else(|| query("provider")).or_else(|| header("custom-llm-provider"));
        if let Some(model) = model {
            return self.at_model(&model);
        }
        if let Some(provider) = provider {
            let mut all = self.setup.files.iter().filter(|deployment| deployment.provider == provider);
            return all.next().cloned().ok_or_else(|| {
                Fault::invalid_param("custom_llm_provider", format!("no files are kept at {provider:?} here"))
            });
        }
        if let Some(model) = form.first_model().filter(|model| self.setup.find(model).is_some()) {
            return self.at_model(&model);
        }
        self.setup.files.first().cloned().ok_or_else(|| {
            let message = "nobody is configured who keeps files: add files_settings, or a deployment of openai";
            Fault::new(FaultKind::NotFound, Side::Gateway, message)
        })
    }

    /// The deployment of a model that keeps files.
    fn at_model(&self, model: &str) -> Result<Arc<Deployment>, Fault> {
        let model = self.caller.alias(model);
        self.caller.may_reach(&self.setup, model)?;
        let group = self.setup.find(model).map(|(group, _)| group);
        let group = group.ok_or_else(|| Fault::new(FaultKind::NotFound, Side::Caller, "there is no such model"))?;
        let keeps = |deployment: &&Arc<Deployment>| {
            let row = providers::find(deployment.provider);
            row.is_some_and(|row| row.endpoints.has(providers::Endpoint::Files))
        };
        group
            .deployments
            .iter()
            .find(keeps)
            .cloned()
            .ok_or_else(|| Fault::invalid_param("model", format!("files for {model} are not kept by its provider")))
    }

    /// What is asked for, if it belongs to the caller: of what belongs to others nobody hears.
    async fn own(&self, kind: &str, id: &str) -> Result<(Asset, Arc<Deployment>), Fault> {
        let nobodys = || {
            let message = format!("No such {} object: {id}", if kind == FILE { "File" } else { "Batch" });
            Fault { param: Some("id".to_owned()), ..Fault::new(FaultKind::NotFound, Side::Caller, message) }
        };
        let wanted = id.to_owned();
        let asset = self.keep(move |store: Store| async move { store.asset(&wanted).await }).await?;
        let asset = asset.filter(|asset| asset.kind == kind && self.may_see(asset)).ok_or_else(nobodys)?;
        let deployment = self.setup.deployment(&asset.deployment_id).ok_or_else(|| {
            let message = "the deployment that has it is not configured any more";
            Fault::new(FaultKind::NotFound, Side::Gateway, message)
        })?;
        Ok((asset, deployment))
    }

    fn may_see(&self, asset: &Asset) -> bool {
        self.caller.is_admin || asset.owner == self.caller.counted_hash()
    }

    async fn list(self, kind: &'static str) -> Result<Response<OutBody>, Fault> {
        let query = |name: &str| parameter(self.parts.uri.query(), name);
        let most = query("limit").and_then(|limit| limit.parse::<i64>().ok()).unwrap_or(LISTED).clamp(1, MOST_LISTED);
        let owner = (!self.caller.is_admin).then(|| self.caller.counted_hash().to_owned());
        let behind = match query("after") {
            Some(id) => {
                let (asset, _) = self.own(kind, &id).await?;
                Some((asset.created_at, asset.id))
            }
            None => None,
        };
        let found = self
            .keep(move |store: Store| async move {
                let behind = behind.as_ref().map(|(at, id)| (*at, id.as_str()));
                store.assets(kind, owner.as_deref(), behind, most + 1).await
            })
            .await?;
        let has_more = found.len() as i64 > most;
        let purpose = query("purpose");
        let fits = |shown: &Value| purpose.as_ref().is_none_or(|purpose| shown["purpose"] == **purpose);
        let page = found.iter().take(most as usize).filter_map(|asset| serde_json::from_str(&asset.shown).ok());
        let data: Vec<Value> = page.filter(fits).collect();
        let id = |one: Option<&Value>| one.map_or(Value::Null, |one| one["id"].clone());
        let (first, last) = (id(data.first()), id(data.last()));
        let list = json!({ "object": "list", "data": data, "first_id": first, "last_id": last, "has_more": has_more });
        Ok(shown((200, HeaderMap::new()), &list))
    }

    async fn show(self, kind: &'static str, id: &str) -> Result<Response<OutBody>, Fault> {
        let (asset, deployment) = self.own(kind, id).await?;
        let (path, thing) = match kind {
            FILE => (format!("/files/{}", asset.upstream_id), "afile_retrieve"),
            _ => (format!("/batches/{}", asset.upstream_id), "aretrieve_batch"),
        };
        let passage = Passage::to(deployment.clone(), thing);
        let reply = self.pass(passage, "GET", path, PassBody::Whole(Bytes::new())).await;
        self.tell(reply, asset, &deployment).await
    }

    async fn cancel(self, id: &str) -> Result<Response<OutBody>, Fault> {
        let (asset, deployment) = self.own(BATCH, id).await?;
        let path = format!("/batches/{}/cancel", asset.upstream_id);
        let passage = Passage::to(deployment.clone(), "acancel_batch");
        let reply = self.pass(passage, "POST", path, PassBody::Whole(Bytes::new())).await;
        self.tell(reply, asset, &deployment).await
    }

    /// Tells what the provider says of one, in our words.
    async fn tell(
        &self,
        reply: PassReply,
        asset: Asset,
        deployment: &Arc<Deployment>,
    ) -> Result<Response<OutBody>, Fault> {
        let (said, reply) = match said(reply).await? {
            Ok(said) => said,
            Err(refused) => return Ok(refused),
        };
        let said = match asset.kind.as_str() {
            // The batch is there, whatever became of its output.
            BATCH => bill::note(self.door, &self.store, asset, deployment, said).await.map_err(|fault| {
                let is_output = fault.kind == FaultKind::NotFound;
                let lost =
                    || Fault::provider(FaultKind::Upstream, "what this batch brought is not at the provider any more");
                if is_output { lost() } else { fault }
            })?,
            _ => renamed(said, &asset.id),
        };
        Ok(shown(reply, &said))
    }

    async fn content(self, id: &str) -> Result<Response<OutBody>, Fault> {
        let (asset, deployment) = self.own(FILE, id).await?;
        let path = format!("/files/{}/content", asset.upstream_id);
        let passage = Passage::to(deployment, "afile_content");
        let reply = self.pass(passage, "GET", path, PassBody::Whole(Bytes::new())).await;
        Ok(passing::response_of(reply))
    }

    async fn delete(self, id: &str) -> Result<Response<OutBody>, Fault> {
        let (asset, deployment) = self.own(FILE, id).await?;
        let path = format!("/files/{}", asset.upstream_id);
        let passage = Passage::to(deployment, "afile_delete");
        let reply = self.pass(passage, "DELETE", path, PassBody::Whole(Bytes::new())).await;
        let (said, reply) = match said(reply).await? {
            Ok(said) => said,
            Err(refused) => return Ok(refused),
        };
        let gone = asset.id.clone();
        self.keep(move |store: Store| async move { store.forget_asset(&gone).await }).await?;
        Ok(shown(reply, &renamed(said, &asset.id)))
    }

    async fn make(self, body: &[u8]) -> Result<Response<OutBody>, Fault> {
        let mut body: Value = serde_json::from_slice(body)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| Fault::invalid("the request body must be a JSON object"))?;
        let Some(input) = body["input_file_id"].as_str().map(str::to_owned) else {
            return Err(Fault::invalid_param("input_file_id", "you must provide an input_file_id"));
        };
        let (file, deployment) = self.own(FILE, &input).await?;
        body["input_file_id"] = json!(file.upstream_id);
        if let Some(fields) = body.as_object_mut() {
            OURS.iter().for_each(|name| drop(fields.remove(*name)));
        }
        let passage = Passage { worst: file.held, ..Passage::to(deployment.clone(), "acreate_batch") };
        let sent = PassBody::Whole(body.to_string().into());
        let mut reply = self.pass(passage, "POST", "/batches".to_owned(), sent).await;
        let ahead = reply.ahead.take();
        let payer = reply.payer.take().and_then(|payer| serde_json::to_string(&payer).ok());
        let (mut said, reply) = match said(reply).await? {
            Ok(said) => said,
            Err(refused) => return Ok(refused),
        };
        said["input_file_id"] = json!(input);
        let held = ahead.as_ref().map(|ahead| ahead.amount());
        let kept = self.issue(&mut said, BATCH, &deployment, (payer, held)).await?;
        if let Some((ahead, tick)) = ahead.zip(kept.tick) {
            spawn_local(ahead.until_known(tick));
        }
        Ok(shown(reply, &said))
    }

    async fn pass(&self, passage: Passage, method: &'static str, rest: String, body: PassBody) -> PassReply {
        let mut headers = self.parts.headers.clone();
        if method != "POST" {
            headers.remove(CONTENT_TYPE);
        }
        let call = PassCall {
            id: self.id.clone(),
            passage: Arc::new(passage),
            method,
            rest,
            query: None,
            headers,
            body,
            caller: self.caller.clone(),
            keyed: true,
            ip: Some(self.ip),
        };
        pass_on(&self.door.gate, call).await
    }
}

/// What an upstream model is called at `deployment` that a line of a batch calls `model`; `None` if it is called like that.
fn upstream_name(
    setup: &Setup,
    caller: &Caller,
    deployment: &Deployment,
    model: &str,
) -> Result<Option<String>, Fault> {
    let name = caller.alias(model);
    caller.may_reach(setup, name)?;
    let Some((group, star)) = setup.find(name) else { return Ok((name != model).then(|| name.to_owned())) };
    match group.deployments.iter().find(|one| are_together(one, deployment)) {
        Some(there) => Ok(Some(there.upstream_model(star.as_deref())).filter(|upstream| upstream != model)),
        None => {
            let message = format!("{model} is at another provider than the rest of this file: one file, one provider");
            Err(Fault::invalid_param("model", message))
        }
    }
}

/// Whether what one has is where the other has it.
fn are_together(one: &Deployment, other: &Deployment) -> bool {
    one.provider == other.provider && one.endpoint == other.endpoint
}

/// A new id of ours.
fn new_id(door: &Door, kind: &str) -> String {
    let random = door.gate.dice.borrow_mut().id();
    format!("{kind}{}{random}", if kind == FILE { "-" } else { "_" })
}

/// Does something where the database is.
async fn in_database<T: Send + 'static>(
    door: &Door,
    work: impl Future<Output = store::Result<T>> + Send + 'static,
) -> Result<T, Fault> {
    door.live.control.work(work).await.and_then(Result::ok).ok_or_else(away)
}

async fn keep_asset(door: &Door, store: &Store, asset: Asset) -> Result<Kept, Fault> {
    let store = store.clone();
    in_database(door, async move { store.keep_asset(&asset).await }).await
}

fn away() -> Fault {
    let message = "the database is away, so nobody knows where files and batches are; please try again";
    Fault::new(FaultKind::Unavailable, Side::Gateway, message)
}

/// Status and headers of an answer.
type Said = (u16, HeaderMap);

/// What the provider says, if it is JSON of a success; the answer as it is otherwise.
async fn said(reply: PassReply) -> Result<Result<(Value, Said), Response<OutBody>>, Fault> {
    let (status, headers) = (reply.status, reply.headers.clone());
    if status >= 300 {
        return Ok(Err(passing::response_of(reply)));
    }
    let (_, body) = reply.collect(MOST_SAID).await?;
    let said: Value = serde_json::from_slice(&body)
        .map_err(|_| Fault::provider(FaultKind::Malformed, "the provider answered with something that is not JSON"))?;
    Ok(Ok((said, (status, headers))))
}

fn renamed(mut said: Value, id: &str) -> Value {
    said["id"] = json!(id);
    said
}

fn shown((status, mut headers): Said, said: &Value) -> Response<OutBody> {
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut response = Response::new(OutBody::whole(said.to_string().into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    *response.headers_mut() = headers;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_say_what_they_ask_for() {
        let check = |method: Method, path: &str, expected: Option<(Job, Option<&str>)>| {
            let expected = expected.map(|(job, provider)| (job, provider.map(str::to_owned)));
            assert_eq!(meaning(&method, path), expected, "{path}");
        };
        check(Method::POST, "/v1/files", Some((Job::Upload, None)));
        check(Method::GET, "/files/", Some((Job::List(FILE), None)));
        check(Method::GET, "/v1/files/a/content", Some((Job::Content("a".to_owned()), None)));
        check(Method::DELETE, "/openai/v1/files/a", Some((Job::Delete("a".to_owned()), Some("openai"))));
        check(Method::POST, "/v1/batches/b/cancel", Some((Job::Cancel("b".to_owned()), None)));
        check(Method::GET, "/anthropic/v1/files", None);
        check(Method::GET, "/mistral/v1/files", None);
        check(Method::PUT, "/v1/files", None);
        check(Method::GET, "/v1/files/a/b/c", None);
    }
}
