//! Questions about calls that are not made: where one would go and why (`/utils/route`), what a provider would get
//! (`/utils/transform_request`), how long it is (`/utils/token_counter`). Whoever may call may ask, for themselves.

mod shown;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use dialects::json::{Json, Kind, Object};
use engine::{Call, Caller, Dice, Explanation, Keyring, Moment, explain};
use serde_json::json;
use types::{Fault, Operation};

use super::manage::{self, Answer, Refusal, answer};
use crate::door::routes::{self, Route};
use crate::live::Live;

/// Most headers that a question can bring.
const MOST_HEADERS: usize = 50;
/// The path that is meant if a question names none.
const USUAL_PATH: &str = "/v1/chat/completions";
/// The incumbent's names for kinds of calls, and the paths that they come by. Whether a program waits for the answer or
/// not is all the same here.
const CALL_TYPES: [([&str; 2], &str); 8] = [
    (["completion", "acompletion"], USUAL_PATH),
    (["text_completion", "atext_completion"], "/v1/completions"),
    (["embedding", "aembedding"], "/v1/embeddings"),
    (["anthropic_messages", "aanthropic_messages"], "/v1/messages"),
    (["moderation", "amoderation"], "/v1/moderations"),
    (["rerank", "arerank"], "/v1/rerank"),
    (["image_generation", "aimage_generation"], "/v1/images/generations"),
    (["speech", "aspeech"], "/v1/audio/speech"),
];

/// `POST /utils/route`: what would become of a call, and why.
pub async fn route(State(live): State<Arc<Live>>, Extension(caller): Extension<Arc<Caller>>, body: Bytes) -> Answer {
    let question = Question::read(body)?;
    let in_full = manage::sees_all(&live, &caller);
    let caller = match &question.key {
        Some(key) => manage::on_behalf(&live, &caller, key)?,
        None => caller,
    };
    answer(shown::explanation(&question.explain(&live, caller, in_full)?, in_full))
}

/// `POST /utils/transform_request`: what the provider would get, in the incumbent's words.
pub async fn transform(
    State(live): State<Arc<Live>>,
    Extension(caller): Extension<Arc<Caller>>,
    body: Bytes,
) -> Answer {
    let in_full = manage::sees_all(&live, &caller);
    let explanation = Question::read(body)?.explain(&live, caller, in_full)?;
    let upstream = explanation.groups.last().and_then(|look| look.upstream.as_ref());
    answer(match (upstream, &explanation.fault) {
        (Some(upstream), _) => json!({
            "raw_request_api_base": upstream.url,
            "raw_request_body": shown::body(&upstream.body),
            "raw_request_headers": shown::headers(&upstream.headers),
            "error": null,
        }),
        (None, fault) => json!({
            "raw_request_api_base": null,
            "raw_request_body": null,
            "raw_request_headers": null,
            "error": fault.as_ref().map_or("nothing would be sent", |fault| &fault.message),
        }),
    })
}

/// `POST /utils/token_counter`: how long an input is, for a model.
pub async fn count(State(live): State<Arc<Live>>, Extension(caller): Extension<Arc<Caller>>, body: Bytes) -> Answer {
    let (setup, body) = (live.setup(), Object::parse(body)?);
    let model = body.with(|root| root.get_some("model").and_then(|model| model.as_string()));
    let model = model.ok_or_else(|| Fault::invalid_param("model", "the model is missing"))?;
    let name = caller.alias(&model);
    caller.may_reach(&setup, name)?;
    let (group, star) =
        setup.find(name).ok_or_else(|| Fault::invalid_param("model", format!("there is no model {model}")))?;
    let used = group.deployments.first().map(|deployment| deployment.upstream_model(star.as_deref()));
    let has = |name: &str| body.with(|root| root.get_some(name).is_some());
    let operation = match (has("messages"), has("prompt")) {
        (true, _) => Operation::Chat,
        (false, true) => Operation::Completion,
        (false, false) => return Err(Fault::invalid_param("messages", "messages or a prompt must be there").into()),
    };
    let request = dialects::FRONTS[0].read_request(operation, body.bytes())?;
    let tokens = policy::estimate_request_tokens(&request);
    answer(json!({
        "total_tokens": policy::window::tokens_of(used.as_deref().unwrap_or_default(), tokens),
        "request_model": model,
        "model_used": used,
        "tokenizer_type": "estimate",
        "original_response": null,
        "error": null,
    }))
}

/// A call that is asked about.
struct Question {
    route: Route,
    request: Bytes,
    headers: HeaderMap,
    /// Whose call it would be, if not the asker's own.
    key: Option<String>,
}

impl Question {
    fn read(body: Bytes) -> Result<Self, Refusal> {
        let body = Object::parse(body)?;
        body.with(|root| {
            let text = |name: &str| root.get_some(name).and_then(|value| value.as_string());
            let path = match (text("endpoint"), text("call_type")) {
                (Some(path), _) => path,
                (None, Some(kind)) => path_of(&kind)?.to_owned(),
                (None, None) => USUAL_PATH.to_owned(),
            };
            let (place, query) = path.split_once('?').map_or((&*path, None), |(place, query)| (place, Some(query)));
            let route = routes::find(place, query)
                .ok_or_else(|| Fault::invalid_param("endpoint", format!("no calls are served under {path}")))?;
            let request = root
                .get_some("request_body")
                .ok_or_else(|| Fault::invalid_param("request_body", "the body of the call is missing"))?;
            let request = Bytes::copy_from_slice(request.raw().as_bytes());
            Ok(Question { route, request, headers: headers(root)?, key: text("key") })
        })
    }

    /// What would become of the call. A call that nobody could make is refused as it would be then.
    fn explain(self, live: &Live, caller: Arc<Caller>, in_full: bool) -> Result<Explanation, Refusal> {
        let now_ms = jiff::Timestamp::now().as_millisecond();
        let registry = live.books.as_ref().map(|books| books.registry.clone());
        let keyring = Keyring::new(registry, live.meters.clone());
        let mut dice = Dice::new(RandomState::new().hash_one(now_ms));
        let setup = live.setup();
        let moment = Moment { setup: &setup, keyring: &keyring, now_ms, dice: dice.unit(), in_full };
        let Question { route: Route { front, operation, path_model, path_stream }, .. } = self;
        let (body, headers) = (self.request, self.headers);
        let id = dice.uuid(now_ms);
        Ok(explain(&moment, Call { id, front, operation, path_model, path_stream, headers, body, caller, ip: None })?)
    }
}

/// The path that a kind of call comes by.
fn path_of(kind: &str) -> Result<&'static str, Fault> {
    let found = CALL_TYPES.iter().find(|(names, _)| names.contains(&kind));
    found.map(|(_, path)| *path).ok_or_else(|| {
        let message = format!(
            "{kind:?} is no call_type here: write completion, text_completion, embedding, \
             anthropic_messages, moderation, rerank, image_generation or speech, or an endpoint such as /v1/chat/completions"
        );
        Fault::invalid_param("call_type", message)
    })
}

/// The headers that the call would have.
fn headers(root: Json) -> Result<HeaderMap, Fault> {
    let wrong = || Fault::invalid_param("headers", "headers are an object of names and texts");
    let Some(given) = root.get_some("headers") else { return Ok(HeaderMap::new()) };
    let read = |given: Json| {
        let header = |(name, value): (Json, Json)| {
            let name = HeaderName::from_bytes(name.as_string()?.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(&value.as_string()?).ok()?))
        };
        given.fields().take(MOST_HEADERS).map(header).collect::<Option<HeaderMap>>()
    };
    match given.kind() {
        Kind::Object => given.inside(read).flatten().ok_or_else(wrong),
        _ => Err(wrong()),
    }
}
