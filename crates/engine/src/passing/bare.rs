//! A deployment that is nothing but an address and headers: what an operator's own passage leads to.

use std::sync::Arc;

use dialects::BACKS;
use http::HeaderMap;
use policy::price::{Pricing, Terms};
use policy::{Member, Patterns};
use providers::Auth;
use providers::http::Endpoint;
use types::ModelFacts;

use crate::{Bounds, Deployment, Health, Limits};

/// How such deployments are called in the log.
const PROVIDER: &str = "pass_through";

pub(super) fn deployment(id: String, endpoint: Endpoint, headers: HeaderMap) -> Deployment {
    Deployment {
        name: id.clone(),
        id,
        provider: PROVIDER,
        model: String::new(),
        back: BACKS[0],
        beside: None,
        endpoint,
        paths: Default::default(),
        auth: Auth::None,
        headers,
        access_token: None,
        signing: None,
        facts: ModelFacts::default(),
        pricing: Pricing::fixed(&Terms::default(), ""),
        replaced: None,
        quirks: Default::default(),
        drop_params: false,
        strict: false,
        merges_thinking: false,
        removed: Vec::new(),
        defaults: Vec::new(),
        stated: None,
        member: Member::default(),
        region: None,
        tags: Vec::new(),
        tag_patterns: Patterns::default(),
        tag_filtering: None,
        limits: Limits::default(),
        bounds: Bounds::default(),
        retries: None,
        rest: None,
        canned: None,
        client_params: Vec::new(),
        node: None,
        gauge: None,
        health: Arc::new(Health::default()),
    }
}
