//! Paths of the control plane that are no part of the management API.

use super::super::manage::{Field, Reads, Takes, optional, required};
use super::super::{health, manage::invitations, sign_in};
use super::Endpoint;

const NODE: &[Field] = &[required("model", Takes::Text), optional("api_base", Takes::Text)];
const WAKE: &[Field] = &[required("api_base", Takes::Text)];
const QUESTION: &[Field] = &[
    optional("endpoint", Takes::Text),
    optional("call_type", Takes::Text),
    required("request_body", Takes::Map),
    optional("headers", Takes::MapOf(&Takes::Text)),
    optional("key", Takes::Text),
];
const COUNTED: &[Field] = &[
    required("model", Takes::Text),
    optional("messages", Takes::ListOf(&Takes::Map)),
    optional("prompt", Takes::Text),
    optional("contents", Takes::ListOf(&Takes::Map)),
];
const SHOWN: &[Field] = &[required("model", Takes::Text)];
const ANSWERS: &[Field] = &[required("keys", Takes::TEXTS)];
const LINK: &[Field] = &[required("invite_link", Takes::Text)];

/// Whether a path asks for no key.
const OPEN: bool = true;
const GUARDED: bool = false;

/// Method, path, what it is for, what it reads, whether it asks for no key.
type Line = (&'static str, &'static str, &'static str, Reads, bool);

#[rustfmt::skip]
const LINES: &[Line] = &[
    ("GET", "/models", "List the models that the caller may call", Reads::Nothing, GUARDED),
    ("GET", "/v1/models", "List the models that the caller may call", Reads::Nothing, GUARDED),
    ("GET", "/models/{*id}", "Show a model", Reads::Nothing, GUARDED),
    ("GET", "/v1/models/{*id}", "Show a model", Reads::Nothing, GUARDED),
    ("GET", "/v1beta/models", "List the models that the caller may call, in Gemini's dialect", Reads::Nothing, GUARDED),
    ("GET", "/v1beta/models/{*id}", "Show a model, in Gemini's dialect", Reads::Nothing, GUARDED),
    ("GET", "/api/tags", "List the models that the caller may call, in Ollama's dialect", Reads::Nothing, GUARDED),
    ("POST", "/api/show", "Show a model, in Ollama's dialect", Reads::Body(&[SHOWN]), GUARDED),
    ("GET", "/api/ps", "List the models that are loaded", Reads::Nothing, GUARDED),
    ("GET", "/api/version", "Show which version of Ollama's API this is", Reads::Nothing, OPEN),

    ("GET", "/nodes", "Show nodes, what they have loaded, and who waits", Reads::Nothing, GUARDED),
    ("POST", "/nodes/load", "Load a model", Reads::Body(&[NODE]), GUARDED),
    ("POST", "/nodes/unload", "Unload a model", Reads::Body(&[NODE]), GUARDED),
    ("POST", "/nodes/wake", "Wake a node", Reads::Body(&[WAKE]), GUARDED),

    ("GET", "/cache/ping", "Say whether answers can be kept", Reads::Nothing, GUARDED),
    ("GET", "/cache/stats", "Show how many answers are kept, and what they saved", Reads::Nothing, GUARDED),
    ("POST", "/cache/delete", "Forget some answers", Reads::Body(&[ANSWERS]), GUARDED),
    ("POST", "/cache/flushall", "Forget all answers", Reads::Nothing, GUARDED),
    ("GET", "/cache/redis/info", "Show what the cache's Redis says of itself", Reads::Nothing, GUARDED),

    ("GET", "/health", "Show which deployments are well", Reads::Query(&[health::FILTERS]), GUARDED),
    ("GET", "/health/latest", "Show the last look at each deployment", Reads::Query(&[health::FILTERS]), GUARDED),
    ("GET", "/health/history", "List the looks at deployments, newest first", Reads::Query(&[health::FILTERS]), GUARDED),
    ("GET", "/health/liveliness", "Say that the process answers", Reads::Nothing, OPEN),
    ("GET", "/health/liveness", "Say that the process answers", Reads::Nothing, OPEN),
    ("GET", "/health/readiness", "Say whether calls can be served", Reads::Nothing, OPEN),
    ("GET", "/metrics", "Show the metrics, for Prometheus", Reads::Nothing, GUARDED),

    ("POST", "/utils/route", "Explain what would become of a call", Reads::Body(&[QUESTION]), GUARDED),
    ("POST", "/utils/transform_request", "Show what a provider would get", Reads::Body(&[QUESTION]), GUARDED),
    ("POST", "/utils/token_counter", "Count the tokens of an input", Reads::Body(&[COUNTED]), GUARDED),
    ("POST", "/config/reload", "Read the configuration file again", Reads::Nothing, GUARDED),
    ("POST", "/config/check", "Say what a draft of the configuration, the body, would change", Reads::Nothing, GUARDED),
    ("GET", "/openapi.json", "Show this description", Reads::Nothing, OPEN),

    ("POST", "/v2/login", "Sign in", Reads::Body(&[sign_in::WORDS]), OPEN),
    ("GET", "/session", "Show who is signed in, or how to", Reads::Nothing, OPEN),
    ("GET", "/onboarding/get_token", "Show whom an invitation is for", Reads::Query(&[LINK]), OPEN),
    ("POST", "/onboarding/claim_token", "Choose a password by an invitation", Reads::Body(&[invitations::CLAIM]), OPEN),
];

/// All of them.
pub fn endpoints() -> impl Iterator<Item = Endpoint> {
    LINES.iter().map(|(method, path, summary, reads, is_open)| Endpoint {
        method,
        path: (*path).to_owned(),
        summary: (*summary).to_owned(),
        reads: *reads,
        is_open: *is_open,
    })
}
