//! The folder of a process, and the lock that tells whether the process lives: the system lets go of it when the
//! process ends, however it ends. A lock of the whole spool is held while folders come and go, so that nobody meets a
//! folder that is half made or half removed.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Name of both kinds of lock files.
const LOCK: &str = "lock";

/// A folder whose lock we hold.
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes one in `root` for this process.
    pub fn create(root: &Path) -> io::Result<Self> {
        // What calls cost, and who made them, is nobody else's business.
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        builder.recursive(true).create(root)?;
        builder.recursive(false);
        let _guard = guard(root)?;
        let mut number = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let path = loop {
            let path = root.join(format!("{number}-{}", std::process::id()));
            match builder.create(&path) {
                // This process has one already, or the clock went back and another one had our number.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                made => break made.map(|()| path)?,
            }
        };
        let lock = open(&path)?;
        lock.try_lock()?;
        File::open(root)?.sync_all()?;
        Ok(Folder { path, _lock: lock })
    }

    /// All folders in `root` whose process is dead.
    pub fn orphans(root: &Path) -> io::Result<Vec<Self>> {
        if !root.is_dir() {
            return Ok(Vec::new());
        }
        let _guard = guard(root)?;
        let mut orphans = Vec::new();
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() && entry.file_name().to_str().is_some_and(is_ours) {
                let path = entry.path();
                // One that we may not open is somebody else's, and must not keep us from the others.
                let Ok(lock) = open(&path) else { continue };
                match lock.try_lock() {
                    Ok(()) => orphans.push(Folder { path, _lock: lock }),
                    Err(TryLockError::WouldBlock) => {}
                    Err(TryLockError::Error(error)) => return Err(error),
                }
            }
        }
        orphans.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(orphans)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it with all that is in it.
    pub fn remove(&self) -> io::Result<()> {
        let _guard = self.path.parent().map(guard).transpose()?;
        fs::remove_dir_all(&self.path)
    }
}

/// Waits for the lock of the whole spool, which nobody holds for longer than it takes to look at a few folders.
fn guard(root: &Path) -> io::Result<File> {
    let lock = open(root)?;
    lock.lock()?;
    Ok(lock)
}

/// Whether a folder has a name as we give it: two numbers.
fn is_ours(name: &str) -> bool {
    name.split_once('-').is_some_and(|(one, other)| one.parse::<u128>().is_ok() && other.parse::<u32>().is_ok())
}

fn open(folder: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(LOCK))
}
