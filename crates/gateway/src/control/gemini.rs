//! What Gemini's clients ask for beside answers: which models there are.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use dialects::json::Writer;
use engine::{Caller, Setup};
use types::{Fault, FaultKind, Side};

use super::models::{facts, may_call, names};
use super::{fault_for, routes};
use crate::live::Live;

/// What can be asked of every model.
const METHODS: [&str; 4] = ["generateContent", "streamGenerateContent", "countTokens", "batchEmbedContents"];

/// All models that the caller may call.
pub async fn list(State(live): State<Arc<Live>>, Extension(caller): Extension<Arc<Caller>>) -> Response<Body> {
    let setup = live.setup();
    let names = names(&setup, &caller);
    answer(|w| w.key("models").array(|w| names.iter().for_each(|name| w.object(|w| fields(w, &setup, &caller, name)))))
}

/// One model.
pub async fn one(
    State(live): State<Arc<Live>>,
    Extension(caller): Extension<Arc<Caller>>,
    Path(name): Path<String>,
) -> Response<Body> {
    let setup = live.setup();
    match may_call(&setup, &caller, &name) {
        true => answer(|w| fields(w, &setup, &caller, &name)),
        false => {
            let message = format!("models/{name} is not found for API version v1beta");
            fault_for(routes::front_named("gemini"), &Fault::new(FaultKind::NotFound, Side::Caller, message))
        }
    }
}

fn fields(w: &mut Writer, setup: &Setup, caller: &Caller, name: &str) {
    let facts = facts(setup, caller, name).unwrap_or_default();
    w.str_field("name", &format!("models/{name}"));
    w.str_field("displayName", name);
    w.opt_num("inputTokenLimit", facts.max_input_tokens);
    w.opt_num("outputTokenLimit", facts.max_output_tokens);
    w.key("supportedGenerationMethods").array(|w| METHODS.iter().for_each(|method| w.string(method)));
}

fn answer(fill: impl FnOnce(&mut Writer)) -> Response<Body> {
    ([(CONTENT_TYPE, "application/json")], Writer::document(fill).freeze()).into_response()
}
