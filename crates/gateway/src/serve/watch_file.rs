//! Reloads when a file of the configuration changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::live::Live;

/// Quiet time after which a change counts as complete: editors write in several steps.
const SETTLE: Duration = Duration::from_millis(150);
/// How often the files' times are looked at all the same: bind mounts and network disks send no notice, and files
/// that the configuration includes may lie anywhere.
const POLL: Duration = Duration::from_secs(3);

/// What tells one version of a file from another; `None` if it is not there.
type Version = Option<(SystemTime, u64)>;

/// Which versions of the configuration's files were there at some moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Versions(Vec<(PathBuf, Version)>);

impl Versions {
    /// Looks at `files`.
    pub fn of(files: impl IntoIterator<Item = PathBuf>) -> Self {
        let version = |file: &PathBuf| {
            let metadata = std::fs::metadata(file).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        Versions(files.into_iter().map(|file| (file.clone(), version(&file))).collect())
    }

    /// The same for other files: what was seen of them stays, what was not is looked at now. The first one is always
    /// the configuration itself, however its path is written.
    fn for_files(&self, files: Vec<PathBuf>) -> Self {
        let mut now = Versions::of(files);
        for (index, (file, version)) in now.0.iter_mut().enumerate() {
            let mut known = self.0.iter().enumerate();
            if let Some((_, (_, seen))) = known.find(|(at, (known, _))| known == file || (*at == 0 && index == 0)) {
                *version = *seen;
            }
        }
        now
    }
}

/// Watches the *folders* of the configuration's files: editors and Kubernetes replace files instead of writing into
/// them. `seen` is what was there before they were read: a change since then is noticed, however early it came.
/// Watching ends when the returned value is dropped; `None` without files, or if the system cannot watch at all.
pub fn start(seen: Versions, live: Arc<Live>) -> Option<RecommendedWatcher> {
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
    let watch = move || watch(&changes, seen, &live);
    thread::Builder::new().name("watch-config".to_owned()).spawn(watch).ok().map(|_| watcher)
}

fn watch(changes: &Receiver<()>, seen: Versions, live: &Live) {
    let mut seen = seen.for_files(live.files());
    loop {
        let now = Versions::of(live.files());
        if now != seen {
            match live.reload() {
                Ok(report) => tracing::warn!("configuration reloaded\n{report}"),
                Err(report) => tracing::error!("the new configuration has errors and changes nothing\n{report}"),
            }
            seen = now.for_files(live.files());
        }
        match changes.recv_timeout(POLL) {
            Ok(()) => while changes.recv_timeout(SETTLE).is_ok() {},
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
