//! What Ollama's clients ask for beside answers: which models there are, what each can do, which version this is.

use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use dialects::json::{Doc, Json, Writer};
use engine::{Caller, Setup};
use policy::catalogue;
use store::hash_key;
use types::{Fault, FaultKind, Side};

use super::{fault_for, models};
use crate::door::routes;
use crate::live::Live;

/// The version of Ollama whose API this is; clients ask for features by it.
const VERSION: &str = "0.33.0";
/// What is said of a model's format and size, which only who has its files knows.
const UNKNOWN: &str = "";

/// Which version this is.
pub async fn version() -> Response<Body> {
    answer(|w| w.str_field("version", VERSION))
}

/// All models that the caller may call.
pub async fn tags(State(live): State<Arc<Live>>, Extension(caller): Extension<Arc<Caller>>) -> Response<Body> {
    let setup = live.setup();
    let names = models::names(&setup, &caller);
    answer(|w| w.key("models").array(|w| names.iter().for_each(|name| w.object(|w| fields(w, &setup, &caller, name)))))
}

/// Models in memory. What the nodes behind the gateway have loaded is the operator's to know.
pub async fn loaded() -> Response<Body> {
    answer(|w| w.key("models").array(|_| {}))
}

/// What one model can do.
pub async fn show(
    State(live): State<Arc<Live>>,
    Extension(caller): Extension<Arc<Caller>>,
    body: Bytes,
) -> Response<Body> {
    let setup = live.setup();
    let refused = |fault: Fault| fault_for(routes::front_named("ollama"), &fault);
    let asked = match asked(&body) {
        Ok(asked) => asked,
        Err(fault) => return refused(fault),
    };
    let Some(name) = known(&setup, &caller, asked.clone()) else {
        return refused(Fault::new(FaultKind::NotFound, Side::Caller, format!("model '{asked}' not found")));
    };
    let shown = Shown::of(&setup, &caller, &name);
    answer(|w| {
        for field in ["modelfile", "parameters", "template", "license"] {
            w.str_field(field, UNKNOWN);
        }
        w.str_field("modified_at", models::CREATED_AT);
        details(w, &shown);
        w.key("model_info").object(|w| {
            let family = shown.family();
            w.str_field("general.architecture", family);
            w.str_field("general.basename", &name);
            w.opt_num(&format!("{family}.context_length"), shown.window);
        });
        w.key("capabilities").array(|w| shown.abilities.iter().for_each(|ability| w.string(ability)));
    })
}

/// What only a server with models of its own can do.
pub async fn not_here(request: Request) -> Response<Body> {
    let path = request.uri().path();
    let message = format!("{path} changes the models of a server, which is not done through the gateway");
    let fault = Fault::new(FaultKind::NotFound, Side::Caller, message);
    fault_for(routes::front_named("ollama"), &Fault { status: Some(501), ..fault })
}

/// The name that a body asks for.
fn asked(body: &[u8]) -> Result<String, Fault> {
    let doc = Doc::parse(body)?;
    let text = |name: &str| doc.root().get_some(name).and_then(|value: Json| value.as_string());
    let name = text("model").or_else(|| text("name")).filter(|name| !name.is_empty());
    name.ok_or_else(|| Fault::invalid_param("model", "model is required"))
}

/// The model under one of its spellings, if the caller may call it.
fn known(setup: &Setup, caller: &Caller, name: String) -> Option<String> {
    let other = routes::front_named("ollama").other_name(&name);
    [Some(name), other].into_iter().flatten().find(|name| models::is_there_for(setup, caller, name))
}

/// What is known of a model.
struct Shown {
    provider: Option<&'static str>,
    window: Option<u64>,
    abilities: Vec<&'static str>,
}

impl Shown {
    fn of(setup: &Setup, caller: &Caller, name: &str) -> Self {
        let found = setup.find(caller.alias(name));
        let deployment = found.as_ref().and_then(|(group, star)| Some((group.deployments.first()?, star.as_deref())));
        let Some((deployment, star)) = deployment else {
            return Shown { provider: None, window: None, abilities: abilities(None, false) };
        };
        let listed = catalogue::lookup(deployment.provider, &deployment.upstream_model(star));
        let facts = models::facts(setup, caller, name).unwrap_or_default();
        let abilities = abilities(listed, facts.abilities.reasoning);
        Shown { provider: Some(deployment.provider), window: facts.max_input_tokens, abilities }
    }

    fn family(&self) -> &'static str {
        self.provider.unwrap_or("router")
    }
}

/// Capabilities in Ollama's words. A model that nobody knows may well call tools: clients do not offer them otherwise.
fn abilities(listed: Option<catalogue::Entry>, thinks: bool) -> Vec<&'static str> {
    if listed.as_ref().is_some_and(|entry| entry.mode() == "embedding") {
        return vec!["embedding"];
    }
    let has = |ability: fn(&catalogue::Entry) -> Option<bool>| listed.as_ref().and_then(ability);
    let all = [
        ("completion", true),
        ("tools", has(catalogue::Entry::tools).unwrap_or(true)),
        ("vision", has(catalogue::Entry::vision).unwrap_or(false)),
        ("thinking", thinks),
    ];
    all.into_iter().filter(|(_, able)| *able).map(|(name, _)| name).collect()
}

fn fields(w: &mut Writer, setup: &Setup, caller: &Caller, name: &str) {
    w.str_field("name", name);
    w.str_field("model", name);
    w.str_field("modified_at", models::CREATED_AT);
    w.num_field("size", 0);
    // Clients show the beginning of it.
    w.str_field("digest", &hash_key(name));
    details(w, &Shown::of(setup, caller, name));
}

fn details(w: &mut Writer, shown: &Shown) {
    w.key("details").object(|w| {
        w.str_field("parent_model", UNKNOWN);
        w.str_field("format", UNKNOWN);
        w.str_field("family", shown.family());
        w.key("families").array(|w| w.string(shown.family()));
        w.str_field("parameter_size", UNKNOWN);
        w.str_field("quantization_level", UNKNOWN);
    });
}

fn answer(fill: impl FnOnce(&mut Writer)) -> Response<Body> {
    (StatusCode::OK, [(CONTENT_TYPE, "application/json")], Writer::document(fill).freeze()).into_response()
}
