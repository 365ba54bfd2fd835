//! SIGTERM and SIGINT drain, a second one ends at once; SIGHUP reloads.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

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
                _ = self.hangup.recv() => {
                    let live = live.clone();
                    // It tells the log itself what went wrong, a panic too.
                    let _ = spawn_blocking(move || super::reload(&live)).await;
                }
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
