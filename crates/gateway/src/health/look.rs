//! One look at one deployment: what is asked, and what counts as well.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use dialects::FRONTS;
use engine::{Call, Caller, Content, Deployment, Gate, Sent, serve};
use http::{HeaderMap, HeaderName, HeaderValue};
use providers::http as upstream;
use serde_json::{Value, json};
use tokio::time::timeout;
use types::{FaultKind, Operation};

use crate::config::{Means, Shown};
use crate::door::routes;

/// Most bytes of a list that are read.
const MOST_BYTES: usize = 4 << 20;
/// The tag of calls that are made to see whether a model answers.
const TAG: &str = "lockgate-health-check";
/// What the model is asked.
const QUESTION: &str = "Answer with one word: are you there?";

/// Looks at a deployment; the error says, without anything secret, why it is ill.
pub async fn at(gate: &Rc<Gate>, shown: &Shown, deployment: &Arc<Deployment>) -> Result<(), String> {
    let limit = shown.look.timeout;
    let looked = async {
        match &shown.look.means {
            Means::Listing => listing(gate, deployment, limit).await,
            // Pictures and sound are not paid for to see whether somebody is there.
            Means::Answer { .. } if makes_media(shown) => listing(gate, deployment, limit).await,
            Means::Answer { model, max_tokens } => answer(gate, shown, model.as_deref(), *max_tokens).await,
        }
    };
    timeout(limit, looked).await.unwrap_or_else(|_| Err(format!("no answer within {limit:?}")))
}

/// Whether what it answers is a picture or sound, or takes sound.
fn makes_media(shown: &Shown) -> bool {
    let mode = shown.info.get("mode").and_then(Value::as_str).unwrap_or_default();
    mode.starts_with("image_") || mode.starts_with("audio_") || mode == "realtime"
}

/// Asks for the provider's list of models.
async fn listing(gate: &Gate, deployment: &Deployment, limit: Duration) -> Result<(), String> {
    let mut headers = deployment.headers.clone();
    for (name, value) in deployment.back.default_headers() {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let path = format!("{}{}", deployment.endpoint.base_path, deployment.listing());
    let sent = Sent { method: "GET", path: &path, body: &[] };
    deployment.sign_in(&mut headers, sent).await.map_err(|fault| fault.message)?;
    let call = upstream::Call {
        endpoint: &deployment.endpoint,
        method: "GET",
        path: &path,
        headers: &headers,
        body: &[],
        connect_timeout: deployment.limits.connect.min(limit),
        claim: None,
        sent: None,
    };
    let reply = gate.wire.call(deployment, call).await.map_err(|fault| deployment.without_credential(fault).message)?;
    let status = reply.status;
    let named = deployment.back.fault_header().and_then(|header| reply.headers.get(header)?.to_str().ok());
    let named = named.map(|name| deployment.back.read_named_fault(status, name, &[]).kind);
    // Read to its end, so that the connection can be used again. A list that is too long is a list all the same.
    let _ = reply.body.collect(MOST_BYTES).await;
    match status {
        // Who knows us, and has no such list for us, is there all the same.
        401 | 403 if named.is_some_and(|kind| kind != FaultKind::Authentication) => Ok(()),
        401 | 403 => Err(format!("the provider refuses the credential (status {status})")),
        // Who has no such list is there all the same, and so is who asks for patience.
        ..500 => Ok(()),
        _ => Err(format!("the provider fails (status {status})")),
    }
}

/// Has the model answer, by a call like any other.
async fn answer(gate: &Rc<Gate>, shown: &Shown, model: Option<&str>, max_tokens: u64) -> Result<(), String> {
    let setup = (gate.setup)();
    let model = model.filter(|model| setup.find(model).is_some()).unwrap_or(&shown.id);
    let mode = shown.info.get("mode").and_then(Value::as_str);
    let front = if mode == Some("rerank") { "rerank" } else { FRONTS[0].name() };
    let (operation, mut body) = match mode {
        Some("moderation") => (Operation::Moderation, json!({ "input": QUESTION })),
        Some("rerank") => (Operation::Rerank, json!({ "query": QUESTION, "documents": [QUESTION] })),
        Some("embedding") => (Operation::Embedding, json!({ "input": QUESTION })),
        Some("completion") => (Operation::Completion, json!({ "prompt": QUESTION, "max_tokens": max_tokens })),
        _ => {
            let messages = json!([{ "role": "user", "content": QUESTION }]);
            (Operation::Chat, json!({ "messages": messages, "max_tokens": max_tokens }))
        }
    };
    body["model"] = json!(model);
    body["tags"] = json!([TAG]);
    (body["num_retries"], body["disable_fallbacks"]) = (json!(0), json!(true));
    let reply = serve(
        gate,
        Call {
            id: gate.call_id(&HeaderMap::new()),
            front: routes::front_named(front),
            operation,
            path_model: None,
            path_stream: None,
            headers: HeaderMap::new(),
            body: body.to_string().into(),
            caller: Arc::new(Caller::admin()),
            ip: None,
        },
    )
    .await;
    let Content::Whole(text) = reply.content else { return Ok(()) };
    match reply.status {
        200..=299 => Ok(()),
        status => {
            let said: Value = serde_json::from_slice(&text).unwrap_or_default();
            let why = said.pointer("/error/message").and_then(Value::as_str).unwrap_or("it gave no reason");
            Err(format!("it does not answer (status {status}): {why}"))
        }
    }
}
