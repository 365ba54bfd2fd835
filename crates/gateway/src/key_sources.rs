//! Keeps the public keys of those whose tokens are believed: fetched now and then, and at once where a token names a
//! key that nobody knows, which is bounded. Workers check tokens with what is in memory.

use std::sync::Arc;
use std::time::Duration;

use engine::tokens::{Issuer, KeySet, Source};
use http::HeaderMap;
use serde_json::Value;
use tokio::time::sleep;

use crate::alarm::Alarm;
use crate::books::unix_ms;
use crate::fetch;
use crate::live::Live;

/// How often it is looked whether keys are old.
const LOOK: Duration = Duration::from_secs(5);

/// Keeps the keys of the newest setup fresh for as long as the gateway runs.
pub async fn follow(live: Arc<Live>) {
    let mut alarm = Alarm::default();
    loop {
        let mut trouble = None;
        if let Some(tokens) = live.setup().access.tokens.clone() {
            for Issuer { source, .. } in &tokens.issuers {
                if let Err(why) = keep(source, tokens.key_ms).await {
                    trouble = Some(format!("the keys of {} cannot be had: {why}", source.url));
                }
            }
        }
        match trouble {
            Some(trouble) => alarm.raise(&trouble),
            None => alarm.end("the keys of all issuers are there again"),
        }
        sleep(LOOK).await;
    }
}

/// Fetches keys that are older than `ttl`; those that are longer older than that are forgotten.
async fn keep(source: &Source, (ttl, longer): (i64, i64)) -> Result<(), String> {
    if source.is_fresh(ttl, unix_ms()) {
        return Ok(());
    }
    let fetched = refresh(source).await;
    fetched.inspect_err(|_| source.forget(ttl.saturating_add(longer), unix_ms()))
}

/// Fetches the keys of a source.
pub async fn refresh(source: &Source) -> Result<(), String> {
    let mut body = fetch::get(&source.url, HeaderMap::new()).await?;
    if let Some(url) = named_in(&body) {
        if source.url.starts_with("https://") && !url.starts_with("https://") {
            return Err("the keys are named without https".to_owned());
        }
        body = fetch::get(&url, HeaderMap::new()).await.map_err(|why| format!("{url}: {why}"))?;
    }
    source.put(KeySet::parse(&body)?, unix_ms());
    Ok(())
}

/// The address of the keys, if this is a discovery document.
fn named_in(body: &[u8]) -> Option<String> {
    let document: Value = serde_json::from_slice(body).ok()?;
    Some(document.get("jwks_uri")?.as_str()?.to_owned())
}
