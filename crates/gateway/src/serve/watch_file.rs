//! Reloads when the configuration file changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::live::Live;

/// Quiet time after which a change counts as complete: editors write in several steps.
const SETTLE: Duration = Duration::from_millis(150);
/// How often the file's time is looked at all the same: bind mounts and network disks send no notice.
const POLL: Duration = Duration::from_secs(3);

/// Watches the *folders* of the files the configuration was read from: editors and Kubernetes replace files instead of
/// writing into them. Watching ends when the returned value is dropped; `None` without files, or if the system cannot
/// watch at all.
pub fn start(live: Arc<Live>) -> Option<RecommendedWatcher> {
    let files = live.files();
    let (notice, changes) = mpsc::sync_channel(1);
    let mut watcher = notify::recommended_watcher(move |_| {
        let _ = notice.try_send(());
    })
    .ok()
    .filter(|_| !files.is_empty())?;
    for file in &files {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
            tracing::warn!(%error, "changes of the configuration are noticed only every few seconds");
        }
    }
    let watch = move || reload_on(&changes, &live);
    thread::Builder::new().name("watch-config".to_owned()).spawn(watch).ok().map(|_| watcher)
}

fn reload_on(changes: &Receiver<()>, live: &Live) {
    let mut seen = stamps(&live.files());
    loop {
        match changes.recv_timeout(POLL) {
            Ok(()) => while changes.recv_timeout(SETTLE).is_ok() {},
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if stamps(&live.files()) == seen {
            continue;
        }
        match live.reload() {
            Ok(report) => tracing::warn!("configuration reloaded\n{report}"),
            Err(report) => tracing::error!("the new configuration has errors and changes nothing\n{report}"),
        }
        // A reload may have found other files.
        seen = stamps(&live.files());
    }
}

/// What tells one version of the files from another.
fn stamps(files: &[PathBuf]) -> Vec<Option<(SystemTime, u64)>> {
    files.iter().map(|file| stamp(file)).collect()
}

fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
