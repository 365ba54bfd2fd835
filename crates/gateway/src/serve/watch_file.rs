//! Reloads when a file of the configuration changes, or the certificate.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::live::Live;

/// How often the files are looked at. A system call for each says whether it is another one; notices of the system would
/// miss bind mounts, network disks and what is included from elsewhere, and would come for every write into a database
/// in the same folder.
const LOOK: Duration = Duration::from_millis(200);

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

    /// Whether these are others than those `seen`, and nobody has written since somebody looked `last`: editors write
    /// in several steps.
    fn is_another(&self, seen: &Self, last: &Self) -> bool {
        self != seen && self == last
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
    _going: Sender<()>,
}

/// Watches the files. `seen` is what was there before they were read: a change since then is noticed, however early it
/// came.
pub fn start(seen: Versions, live: Arc<Live>) -> io::Result<Watching> {
    let (going, over) = mpsc::channel();
    thread::Builder::new().name("watch-files".to_owned()).spawn(move || watch(&over, seen, &live))?;
    Ok(Watching { _going: going })
}

fn watch(over: &Receiver<()>, seen: Versions, live: &Live) {
    let mut seen = seen.for_files(live.files());
    let mut last = seen.clone();
    while over.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        let now = Versions::of(live.files());
        if now.is_another(&seen, &last) {
            super::reload(live);
            seen = now.for_files(live.files());
        }
        last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_count_as_changed_once_they_rest() {
        let version = |bytes| Versions(vec![(PathBuf::from("c.yaml"), Some((SystemTime::UNIX_EPOCH, bytes)))]);
        let cases = [
            (1, 1, 1, false, "nothing has changed"),
            (1, 1, 2, false, "an editor may still be writing"),
            (1, 2, 3, false, "it is"),
            (1, 2, 2, true, "now it rests"),
        ];
        for (seen, last, now, another, why) in cases {
            assert_eq!(version(now).is_another(&version(seen), &version(last)), another, "{why}");
        }
    }
}
