//! Reloads when the configuration file changes.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::live::Live;

/// Quiet time after which a change counts as complete: editors write in several steps.
const SETTLE: Duration = Duration::from_millis(150);
/// How often the file's time is looked at all the same: bind mounts and network disks send no notice.
const POLL: Duration = Duration::from_secs(3);

/// Watches the *directory* of `file`: editors and Kubernetes replace files instead of writing into them.
/// Watching ends when the returned value is dropped; `None` if the system cannot watch at all.
pub fn start(file: &Path, live: Arc<Live>) -> Option<RecommendedWatcher> {
    let (notices, changes) = mpsc::sync_channel(1);
    let notice = notices.clone();
    let mut watcher = notify::recommended_watcher(move |_| {
        let _ = notice.try_send(());
    })
    .ok()?;
    let file = file.to_owned();
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
        tracing::warn!(%error, "changes of the configuration are noticed only every few seconds");
    }
    drop(notices);
    let spawned = thread::Builder::new().name("watch-config".to_owned()).spawn(move || {
        let mut seen = stamp(&file);
        loop {
            match changes.recv_timeout(POLL) {
                Ok(()) => while changes.recv_timeout(SETTLE).is_ok() {},
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = stamp(&file);
            if now != seen {
                seen = now;
                match live.reload() {
                    Ok(report) => tracing::warn!("configuration reloaded\n{report}"),
                    Err(report) => tracing::error!("the new configuration has errors and changes nothing\n{report}"),
                }
            }
        }
    });
    spawned.ok().map(|_| watcher)
}

/// What tells one version of the file from another.
fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
