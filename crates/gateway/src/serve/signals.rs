//! SIGTERM and SIGINT drain, a second one ends at once; SIGHUP reloads.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::live::Live;

/// Listens until the process ends.
pub async fn listen(live: Arc<Live>, stop: watch::Sender<bool>) {
    let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    let [Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)] = kinds.map(signal) else {
        tracing::error!("signals cannot be heard: the gateway can only be killed");
        return std::future::pending().await;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => drain(&stop),
            _ = interrupt.recv() => drain(&stop),
            _ = hangup.recv() => reload(&live).await,
        }
    }
}

fn drain(stop: &watch::Sender<bool>) {
    if stop.send_replace(true) {
        tracing::warn!("told to stop twice: calls in flight are given up");
        std::process::exit(130);
    }
    tracing::warn!("no more calls are accepted; those in flight finish first");
}

/// Reloads, and tells the log what came of it.
pub async fn reload(live: &Arc<Live>) {
    let live = live.clone();
    match tokio::task::spawn_blocking(move || live.reload()).await {
        Ok(Ok(report)) => tracing::warn!("configuration reloaded\n{report}"),
        Ok(Err(report)) => tracing::error!("the new configuration has errors and changes nothing\n{report}"),
        Err(error) => tracing::error!("the reload failed: {error}"),
    }
}
