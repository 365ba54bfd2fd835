//! Answers that are kept: whether that works (`GET /cache/ping`), how much it brings (`GET /cache/stats`), and what is to be
//! forgotten. For administrators.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Response, header::CONTENT_TYPE};
use axum::response::IntoResponse;
use engine::cache::{Cache, CacheKey, GroupView};
use serde_json::{Map, Value, json};
use types::{Fault, FaultKind, Side};

use super::order::{Order, Refused};
use crate::books::unix_ms;

/// Most keys that are forgotten at once.
const MOST_KEYS: usize = 1_000;

type Answer = Result<Json, Refused>;

/// A value as an answer.
pub struct Json(Value);

impl IntoResponse for Json {
    fn into_response(self) -> Response<Body> {
        ([(CONTENT_TYPE, "application/json")], self.0.to_string()).into_response()
    }
}

/// The cache, if there is one.
fn kept(order: &Order) -> Result<&Arc<Cache>, Fault> {
    let message = "no answers are kept: litellm_settings.cache is not on";
    order.setup.cache.as_ref().ok_or_else(|| Fault::new(FaultKind::NotFound, Side::Caller, message))
}

fn away(message: impl Into<String>) -> Fault {
    Fault { label: Some("cache_ping_error"), ..Fault::new(FaultKind::Unavailable, Side::Gateway, message) }
}

/// In the incumbent's words.
fn kind(cache: &Cache) -> &'static str {
    cache.depot().map_or("local", |depot| depot.kind())
}

/// `GET /cache/ping`
pub async fn ping(order: Order) -> Answer {
    let cache = kept(&order)?;
    if let Some(depot) = cache.depot() {
        depot.ping().await.map_err(|silence| away(format!("{depot} is away: {silence}")))?;
    }
    let terms = cache.terms();
    Ok(Json(json!({
        "status": "healthy",
        "cache_type": kind(cache),
        "ping_response": true,
        "set_cache_response": "success",
        "litellm_cache_params": {
            "type": kind(cache),
            "mode": if terms.on_request { "default_off" } else { "default_on" },
            "ttl": terms.ttl.as_secs_f64(),
            "namespace": terms.namespace,
            "supported_call_types": terms.call_types,
            "scope": terms.scope.name(),
        },
    })))
}

/// `GET /cache/stats`
pub async fn stats(order: Order) -> Answer {
    let cache = kept(&order)?;
    let view = cache.view();
    Ok(Json(json!({
        "cache_type": kind(cache),
        "is_there": cache.depot().map(|depot| depot.is_there()),
        "entries": view.entries,
        "bytes": view.bytes,
        "max_bytes": cache.terms().memory_bytes,
        "hits": view.hits,
        "misses": view.misses,
        "saved": view.saved.dollars(),
        "hits_without_price": view.unpriced,
        "semantic": semantic(cache),
    })))
}

/// How it stands with questions that mean the same; null if none are compared. What no audit has shown is not known.
fn semantic(cache: &Cache) -> Option<Value> {
    let (view, terms) = (cache.semantic(unix_ms())?, cache.terms().semantic.as_ref()?);
    let group = |(name, group): (&String, &GroupView)| {
        let rate = (group.audits > 0).then(|| group.false_hits as f64 / group.audits as f64);
        json!({
            "model_group": name,
            "configured_threshold": shown(group.configured),
            "threshold": shown(group.threshold),
            "hits": group.hits,
            "misses": group.misses,
            "audits": group.audits,
            "false_hits": group.false_hits,
            "false_hit_rate": rate,
        })
    };
    Some(json!({
        "model": view.model,
        "embedder_rests": view.rests,
        "entries": view.entries,
        "max_entries": terms.entries,
        "bytes": view.bytes,
        "max_bytes": terms.bytes,
        "groups": view.groups.iter().map(group).collect::<Vec<_>>(),
    }))
}

/// A share as people write it: no more digits than it has.
fn shown(share: f32) -> f64 {
    (f64::from(share) * 1e6).round() / 1e6
}

/// `POST /cache/delete`
pub async fn delete(order: Order) -> Answer {
    let cache = kept(&order)?;
    let wrong = |message: &str| Fault::invalid_param("keys", message);
    let body: Value = serde_json::from_slice(&order.body).map_err(|_| wrong("the body must be a JSON object"))?;
    let keys = body["keys"].as_array().filter(|keys| keys.len() <= MOST_KEYS);
    let keys =
        keys.ok_or_else(|| wrong("'keys' must be a list of at most 1000 keys: values of x-litellm-cache-key"))?;
    let parse = |key: &Value| CacheKey::parse(key.as_str()?);
    let keys: Option<Vec<CacheKey>> = keys.iter().map(parse).collect();
    let keys = keys.ok_or_else(|| wrong("a key has 64 hexadecimal digits, as x-litellm-cache-key says it"))?;
    let mut gone = cache.forget(&keys);
    if let Some(depot) = cache.depot().filter(|_| !keys.is_empty()) {
        let named: Vec<String> = keys.iter().map(|key| key.text(&cache.terms().namespace)).collect();
        let there = depot.delete(&named).await;
        gone = gone.max(there.map_err(|silence| away(format!("{depot} is away: {silence}")))?);
    }
    Ok(Json(json!({ "status": "success", "deleted": gone })))
}

/// `POST /cache/flushall`
pub async fn flush(order: Order) -> Answer {
    let cache = kept(&order)?;
    let mut gone = cache.forget_all();
    if let Some(depot) = cache.depot() {
        let there = depot.flush().await;
        gone = gone.max(there.map_err(|silence| away(format!("{depot} is away: {silence}")))?);
    }
    Ok(Json(json!({ "status": "success", "deleted": gone })))
}

/// `GET /cache/redis/info`
pub async fn info(order: Order) -> Answer {
    let cache = kept(&order)?;
    let depot = cache.depot().filter(|depot| depot.kind() == "redis").ok_or_else(|| {
        let message = "answers are not in Redis: there is none to ask";
        Fault::new(FaultKind::InvalidRequest, Side::Caller, message)
    })?;
    let said = depot.info().await;
    let said = said.map_err(|silence| away(format!("{depot} is away: {silence}")))?;
    let line = |line: &str| {
        let (name, value) = line.trim().split_once(':')?;
        let number = value.parse::<i64>().map(Value::from);
        Some((name.to_owned(), number.unwrap_or_else(|_| Value::from(value))))
    };
    let info: Map<String, Value> = said.lines().filter(|text| !text.starts_with('#')).filter_map(line).collect();
    Ok(Json(json!({ "num_clients": info.get("connected_clients"), "info": info })))
}
