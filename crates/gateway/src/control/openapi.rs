//! The description of the API: what `/openapi.json` says and `/docs` shows. It is made from the lists that requests are
//! routed by and the tables that they are read by, so it cannot differ from what the gateway does.

mod about;
mod answers;
mod gateway;
mod models;
mod page;
mod schema;
mod shape;

use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::manage::{self, Desk, Reads, Refusal, Takes};
pub use page::root;

/// A path and method.
pub struct Endpoint {
    /// The method, in capitals.
    pub method: &'static str,
    /// The path, with names in braces for its parts that differ.
    pub path: String,
    /// What it is for, in one line.
    pub summary: String,
    /// What it reads.
    pub reads: Reads,
    /// Whether it asks for no key.
    pub is_open: bool,
}

/// Kinds of paths: the name, what they are about, and the beginnings of their paths. The longest one counts.
#[rustfmt::skip]
const TAGS: &[(&str, &str, &[&str])] = &[
    ("OpenAI", "Calls of models in OpenAI's dialect", &[
        "/v1/chat/", "/chat/", "/v1/completions", "/completions", "/v1/embeddings", "/embeddings", "/v1/responses",
        "/responses", "/openai/", "/engines/", "/v1/moderations", "/moderations", "/v1/images/", "/images/", "/v1/audio/",
        "/audio/", "/v1/realtime", "/realtime",
    ]),
    ("Files", "Files at providers, and batches of calls", &["/files", "/v1/files", "/batches", "/v1/batches"]),
    ("Ranking", "Documents in the order in which they answer a query", &["/rerank", "/v1/rerank", "/v2/rerank"]),
    ("Anthropic", "Calls of models in Anthropic's dialect", &["/v1/messages"]),
    ("Gemini", "Calls of models in Gemini's dialect", &["/v1beta/", "/v1alpha/", "/v1/models/{model}:", "/models/{model}:"]),
    ("Ollama", "Calls of models in Ollama's dialect", &["/api/"]),
    ("Models", "What can be called, and the deployments behind it", &[
        "/v1/models", "/models", "/model/", "/v1/model/", "/v2/model/", "/model_group/",
    ]),
    ("Keys", "Virtual keys", &["/key/", "/v2/key/", "/team/key/", "/loops"]),
    ("Users", "People, and how they sign in", &[
        "/user/", "/v2/user/", "/login", "/v2/login", "/logout", "/session", "/sso/", "/invitation/", "/onboarding/",
    ]),
    ("Teams", "Teams and their members", &["/team/", "/v2/team/"]),
    ("Projects", "Projects of teams", &["/project/"]),
    ("Organizations", "Organizations and their members", &["/organization/", "/v2/organization/"]),
    ("Customers", "Those on whose behalf calls are made", &["/customer/", "/end_user/"]),
    ("Budgets", "Budgets that several share", &["/budget/", "/provider/budgets"]),
    ("Tags", "What calls are for", &["/tag/"]),
    ("Access groups", "Models that are allowed by one name", &["/access_group/"]),
    ("Credentials", "Credentials for providers", &["/credentials"]),
    ("Guardrails", "What calls and answers are looked over for", &["/guardrails", "/v2/guardrails"]),
    ("Spend", "What was spent and called, and the log of calls", &[
        "/spend/", "/cost/", "/global/", "/usage", "/key/spend/", "/user/spend/", "/team/spend/", "/organization/spend/",
        "/user/daily/", "/team/daily/", "/organization/daily/", "/customer/daily/", "/end_user/daily/", "/tag/daily/",
    ]),
    ("Routing", "Where calls go, and why", &["/utils/", "/router/", "/v1/feedback", "/feedback", "/drill"]),
    ("Nodes", "Machines that run models", &["/nodes"]),
    ("Cache", "Answers that are given again", &["/cache/"]),
    ("Health", "Whether all is well", &["/health", "/alerts", "/alerting/", "/metrics"]),
    ("Gateway", "The gateway itself", &["/config/", "/routes", "/audit", "/get/", "/add/", "/delete/", "/openapi.json"]),
];

/// The description, as it is sent.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(document().to_string()));

/// The paths of the description, which need no key: it says nothing about this installation.
pub fn router() -> Router<Desk> {
    page::router().route("/openapi.json", get(description))
}

async fn description(State(desk): State<Desk>) -> Response<Body> {
    if !desk.live.management().api_docs.description {
        return Refusal::not_found("path", "The API is not described here (NO_OPENAPI).").into_response();
    }
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], DOCUMENT.clone()).into_response()
}

/// All that is described.
fn endpoints() -> Vec<Endpoint> {
    models::endpoints().chain(gateway::endpoints()).chain(manage::endpoints()).collect()
}

/// The description: OpenAPI 3.1.
fn document() -> Value {
    let mut paths = Map::new();
    for endpoint in endpoints() {
        let path = paths.entry(template(&endpoint.path)).or_insert_with(|| json!({}));
        path[endpoint.method.to_lowercase()] = operation(&endpoint);
    }
    let mut schemas =
        Map::from_iter([("Error".to_owned(), schema::error()), ("Invalid".to_owned(), schema::invalid())]);
    answers::all().for_each(|shape| shape.name_kinds(&mut schemas));
    let tags = TAGS.iter().map(|(name, about, _)| json!({ "name": name, "description": about }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Lockgate",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "One address for every model: calls in the dialects of OpenAI, Anthropic, Gemini and Ollama, and \
                the API that manages keys, users, teams, budgets and models.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags.collect::<Vec<_>>(),
        "security": [{ "key": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": { "type": "http", "scheme": "bearer", "description": "A virtual key, the master key or a token" },
            },
            "schemas": schemas,
            "responses": {
                "Error": {
                    "description": "Why it was not done; with a 422, which fields are missing or have the wrong type",
                    "content": { "application/json": { "schema": { "anyOf": [
                        { "$ref": "#/components/schemas/Error" },
                        { "$ref": "#/components/schemas/Invalid" },
                    ] } } },
                },
            },
        },
    })
}

fn operation(endpoint: &Endpoint) -> Value {
    let path = template(&endpoint.path);
    let mut parameters: Vec<Value> = names(&path).map(schema::segment).collect();
    let mut done = json!({ "description": "Done" });
    if let Some(shape) = answers::of(endpoint.method, &path) {
        done["content"] = shape.content();
    }
    let responses = json!({ "200": done, "default": { "$ref": "#/components/responses/Error" } });
    let mut body = None;
    match endpoint.reads {
        Reads::Nothing => {}
        Reads::Query(tables) => parameters.extend(schema::fields(tables).into_iter().map(schema::parameter)),
        Reads::Body(tables) => body = Some((true, tables)),
        Reads::OptionalBody(tables) => body = Some((false, tables)),
    }
    let mut operation = json!({
        "operationId": operation_id(endpoint.method, &path),
        "summary": endpoint.summary,
        "tags": [tag(&endpoint.path)],
        "responses": responses,
    });
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some((required, tables)) = body {
        // What has files in it comes as a form.
        let has_file = tables.iter().flat_map(|table| table.iter()).any(|field| matches!(field.takes(), Takes::File));
        let kind = if has_file { "multipart/form-data" } else { "application/json" };
        let content = json!({ kind: { "schema": schema::object(&schema::fields(tables)) } });
        operation["requestBody"] = json!({ "required": required, "content": content });
    }
    if endpoint.is_open {
        operation["security"] = json!([]);
    }
    operation
}

/// The kind of a path.
fn tag(path: &str) -> &'static str {
    let beginnings = TAGS.iter().flat_map(|(name, _, paths)| paths.iter().map(move |start| (*name, *start)));
    let fitting = beginnings.filter(|(_, start)| path.starts_with(start));
    fitting.max_by_key(|(_, start)| start.len()).map_or("Gateway", |(name, _)| name)
}

/// A path as the description writes it, where a part may not be said to hold slashes.
fn template(path: &str) -> String {
    path.replace("{*", "{")
}

/// The names in braces in a path.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0))
}

/// A name for programs: `post_key_generate`.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    std::iter::once(method.to_lowercase()).chain(words.map(str::to_lowercase)).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod typescript;
