//! Keeps the price map fresh that an address names: asked in the background, now and then. What it answers counts only
//! if it is a map of sensible size; until then, and whenever it is away, the last good one does.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use providers::http::{Call, Client};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::config::{MOST_BYTES, PriceMap, Remote};
use crate::live::Live;

/// How often a map is asked for.
const INTERVAL: Duration = Duration::from_secs(6 * 3600);
/// Pause after a first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// How long a connection may take, and how long everything.
const CONNECT: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(60);

/// Keeps the price map of the newest setup fresh for as long as the gateway runs.
pub async fn follow(live: Arc<Live>) {
    let mut named = live.price_map.subscribe();
    let mut pause = FIRST_PAUSE;
    loop {
        let remote = named.borrow_and_update().clone();
        let wait = match &remote {
            None => Duration::MAX,
            Some(remote) => match refresh(&live, remote).await {
                Ok(()) => {
                    pause = FIRST_PAUSE;
                    INTERVAL
                }
                Err(why) => {
                    // The rest of the address may hold a secret.
                    tracing::warn!(host = &*remote.endpoint.host, "the price map cannot be had: {why}");
                    let longer = (pause * 2).min(INTERVAL);
                    std::mem::replace(&mut pause, longer)
                }
            },
        };
        tokio::select! {
            changed = named.changed() => match changed {
                Ok(()) => pause = FIRST_PAUSE,
                Err(_) => return,
            },
            () = sleep(wait) => {}
        }
    }
}

/// Asks for the map, and has the setup made anew if it is another one.
async fn refresh(live: &Arc<Live>, remote: &Remote) -> Result<(), String> {
    let (live, remote, runtime) = (live.clone(), remote.clone(), Handle::current());
    // The client belongs to one thread, and reading a map takes a moment.
    let done = spawn_blocking(move || {
        let text = runtime.block_on(fetch(&remote))?;
        take(&live, &remote, text)
    });
    done.await.unwrap_or_else(|_| Err("reading it failed".to_owned()))
}

/// Keeps what `remote` answered, if it is a map of sensible size.
fn take(live: &Live, remote: &Remote, text: Vec<u8>) -> Result<(), String> {
    let known = live.copies.get(remote);
    if known.as_deref() == Some(&*text) {
        return Ok(());
    }
    let before = known.and_then(|known| PriceMap::read(&known).ok()).map_or(PriceMap::built_in(), |map| map.len());
    PriceMap::read(&text)?.replaces(before)?;
    if let Err(error) = live.copies.put(remote, text) {
        let file = remote.copy.display();
        tracing::warn!("the price map is kept in memory only: {file} cannot be written: {error}");
    }
    match live.reload() {
        Ok(_) => tracing::warn!(host = &*remote.endpoint.host, "prices were updated"),
        Err(report) => tracing::error!("the new prices wait for a configuration without errors\n{report}"),
    }
    Ok(())
}

async fn fetch(remote: &Remote) -> Result<Vec<u8>, String> {
    let headers = HeaderMap::new();
    let call = Call {
        endpoint: &remote.endpoint,
        method: "GET",
        path: &remote.path,
        headers: &headers,
        body: &[],
        connect_timeout: CONNECT,
        claim: None,
        sent: None,
    };
    let answer = async {
        let reply = Client::default().call(&call).await.map_err(|fault| fault.message)?;
        match reply.status {
            200 => reply.body.collect(MOST_BYTES as usize).await.map_err(|fault| fault.message),
            // Wherever a redirect leads, it is nowhere that was configured.
            status => Err(format!("the answer has status {status}")),
        }
    };
    let text = timeout(PATIENCE, answer).await.map_err(|_| format!("no answer within {PATIENCE:?}"))??;
    Ok(text.to_vec())
}
