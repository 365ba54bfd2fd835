//! Reloads when a file of the configuration changes, or the certificate.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

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

/// Goes on watching until it is dropped.
pub struct Watching {
    _system: Option<RecommendedWatcher>,
    _going: SyncSender<()>,
}

/// Watches the *folders* of the files: editors and Kubernetes replace files instead of writing into them. `seen` is
/// what was there before they were read: a change since then is noticed, however early it came.
pub fn start(seen: Versions, live: Arc<Live>) -> io::Result<Watching> {
    let (notice, changes) = mpsc::sync_channel(1);
    let system = notices(&live.files(), notice.clone());
    let system =
        system.inspect_err(|error| tracing::warn!(%error, "changes of files are noticed only every few seconds"));
    thread::Builder::new().name("watch-files".to_owned()).spawn(move || watch(&changes, seen, &live))?;
    Ok(Watching { _system: system.ok(), _going: notice })
}

/// Has the system tell of changes.
fn notices(files: &[PathBuf], notice: SyncSender<()>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |_| {
        let _ = notice.try_send(());
    })?;
    for file in files {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

fn watch(changes: &Receiver<()>, seen: Versions, live: &Live) {
    let mut seen = seen.for_files(live.files());
    loop {
        let now = Versions::of(live.files());
        if now != seen {
            super::reload(live);
            seen = now.for_files(live.files());
        }
        match changes.recv_timeout(POLL) {
            Ok(()) => settle(changes, POLL),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Waits until nothing changes for a while, but no longer than `longest`: in a folder with somebody else's log file
/// there is always something.
fn settle(changes: &Receiver<()>, longest: Duration) {
    let noticed = Instant::now();
    while noticed.elapsed() < longest && changes.recv_timeout(SETTLE).is_ok() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_never_rests_is_looked_at_all_the_same() {
        let (notice, changes) = mpsc::sync_channel(1);
        let busy = thread::spawn(move || while notice.send(()).is_ok() {});
        settle(&changes, SETTLE * 2);
        assert!(changes.recv().is_ok(), "it is still changing");
        drop(changes);
        busy.join().unwrap();
    }
}
