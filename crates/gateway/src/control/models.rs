//! What can be called: `GET /v1/models` in the dialect of the asker.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{Response, header::CONTENT_TYPE};
use axum::response::IntoResponse;
use dialects::json::Writer;
use engine::{Caller, Setup};
use types::{Fault, FaultKind, ModelFacts, Side};

use super::{fault_for, front_of};
use crate::live::Live;

/// Day that stands for "always there", as the incumbent says it.
const CREATED: u64 = 1_677_610_602;
pub(super) const CREATED_AT: &str = "2023-02-28T18:56:42Z";

/// What callers of Gemini's API can ask of every model.
const GEMINI_METHODS: [&str; 4] = ["generateContent", "streamGenerateContent", "countTokens", "batchEmbedContents"];

/// All models, groups and aliases that the caller may call; a wildcard group is shown as the models that the catalogue
/// knows behind it.
pub async fn list(
    State(live): State<Arc<Live>>,
    Extension(caller): Extension<Arc<Caller>>,
    request: Request,
) -> Response<Body> {
    let setup = live.setup();
    let names = names(&setup, &caller);
    let body = Writer::document(|w| match front_of(&request).name() {
        "anthropic" => {
            w.key("data").array(|w| names.iter().for_each(|name| w.object(|w| anthropic_fields(w, name))));
            w.num_field("has_more", false);
            for (end, name) in [("first_id", names.first()), ("last_id", names.last())] {
                match name {
                    Some(name) => w.str_field(end, name),
                    None => w.key(end).null(),
                }
            }
        }
        "gemini" => {
            let fields = |w: &mut Writer, name: &str| gemini_fields(w, &setup, &caller, name);
            w.key("models").array(|w| names.iter().for_each(|name| w.object(|w| fields(w, name))));
        }
        _ => {
            w.str_field("object", "list");
            w.key("data").array(|w| names.iter().for_each(|name| w.object(|w| openai_fields(w, name))));
        }
    });
    ([(CONTENT_TYPE, "application/json")], body.freeze()).into_response()
}

/// One model.
pub async fn one(
    State(live): State<Arc<Live>>,
    Extension(caller): Extension<Arc<Caller>>,
    Path(id): Path<String>,
    request: Request,
) -> Response<Body> {
    let front = front_of(&request);
    let setup = live.setup();
    if !is_there_for(&setup, &caller, &id) {
        let unknown = Fault::new(FaultKind::NotFound, Side::Caller, format!("The model '{id}' does not exist"));
        return fault_for(front, &Fault { code: Some("model_not_found".to_owned()), ..unknown });
    }
    let body = Writer::document(|w| match front.name() {
        "anthropic" => anthropic_fields(w, &id),
        "gemini" => gemini_fields(w, &setup, &caller, &id),
        _ => openai_fields(w, &id),
    });
    ([(CONTENT_TYPE, "application/json")], body.freeze()).into_response()
}

fn openai_fields(w: &mut Writer, name: &str) {
    w.str_field("id", name);
    w.str_field("object", "model");
    w.num_field("created", CREATED);
    w.str_field("owned_by", "openai");
}

fn anthropic_fields(w: &mut Writer, name: &str) {
    w.str_field("id", name);
    w.str_field("type", "model");
    w.str_field("display_name", name);
    w.str_field("created_at", CREATED_AT);
}

fn gemini_fields(w: &mut Writer, setup: &Setup, caller: &Caller, name: &str) {
    let facts = facts(setup, caller, name).unwrap_or_default();
    w.str_field("name", &format!("models/{name}"));
    w.str_field("displayName", name);
    w.opt_num("inputTokenLimit", facts.max_input_tokens);
    w.opt_num("outputTokenLimit", facts.max_output_tokens);
    w.key("supportedGenerationMethods").array(|w| GEMINI_METHODS.iter().for_each(|method| w.string(method)));
}

/// Whether a name means something, and that something which the caller may call.
pub(super) fn is_there_for(setup: &Setup, caller: &Caller, name: &str) -> bool {
    let own = caller.alias(name);
    let known = setup.find(own).is_some() || setup.router(own).is_some();
    known && may_call(setup, caller, name)
}

/// Whether the caller may call what a name means.
fn may_call(setup: &Setup, caller: &Caller, name: &str) -> bool {
    let name = caller.alias(name);
    let may_reach = |model: &str| caller.reaches(setup, model);
    may_reach(name) || setup.router(name).is_some_and(|(_, router)| router.models().any(may_reach))
}

/// What is known of the first model behind a name; nothing of a router.
pub(super) fn facts(setup: &Setup, caller: &Caller, name: &str) -> Option<ModelFacts> {
    let (group, star) = setup.find(caller.alias(name))?;
    let deployment = group.deployments.first()?;
    Some(match star {
        Some(star) => policy::catalogue::facts(deployment.provider, &deployment.upstream_model(Some(&star))),
        None => deployment.facts,
    })
}

/// The names of all that the caller may call.
pub(super) fn names(setup: &Setup, caller: &Caller) -> Vec<String> {
    let groups = setup.groups.keys().chain(setup.routers.keys()).cloned();
    let aliases = setup.aliases.keys().cloned();
    let behind_patterns = setup.patterns.iter().flat_map(|pattern| {
        let deployments = pattern.group.deployments.iter();
        let models = deployments.flat_map(|deployment| policy::catalogue::models_of(deployment.provider));
        models.map(|model| format!("{}{model}{}", pattern.before, pattern.after))
    });
    let own = caller.own_names().map(str::to_owned);
    let mut names: Vec<String> = groups.chain(aliases).chain(behind_patterns).chain(own).collect();
    // A team's model goes by the team's name for it.
    let renamed = |name: &String| {
        let teams = setup.groups.get(name).is_some_and(|group| group.team.is_some());
        teams && caller.own_names().any(|own| caller.alias(own) == name)
    };
    names.retain(|name| !setup.hidden.contains(name) && !renamed(name) && may_call(setup, caller, name));
    names.sort();
    names.dedup();
    names
}
