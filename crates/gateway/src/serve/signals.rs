//! SIGTERM and SIGINT drain, a second one ends at once; SIGHUP reloads.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::live::Live;

/// Signals that are caught from now on.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

/// Catches the signals; must be called inside a runtime.
pub fn catch() -> io::Result<Signals> {
    Ok(Signals {
        terminate: signal(SignalKind::terminate())?,
        interrupt: signal(SignalKind::interrupt())?,
        hangup: signal(SignalKind::hangup())?,
    })
}

impl Signals {
    /// Does what the signals ask for, until the process ends.
    pub async fn listen(mut self, live: Arc<Live>, stop: watch::Sender<bool>) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => drain(&stop),
                _ = self.interrupt.recv() => drain(&stop),
                _ = self.hangup.recv() => reload(&live).await,
            }
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
async fn reload(live: &Arc<Live>) {
    let live = live.clone();
    match tokio::task::spawn_blocking(move || live.reload()).await {
        Ok(Ok(report)) => tracing::warn!("configuration reloaded\n{report}"),
        Ok(Err(report)) => tracing::error!("the new configuration has errors and changes nothing\n{report}"),
        Err(error) => tracing::error!("the reload failed: {error}"),
    }
}
