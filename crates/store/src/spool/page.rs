//! A file of the spool as its pen and the syncer share it. Its name says which pen wrote it, and as the how-manieth.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::paper::Paper;

/// The end of a file's name.
const SUFFIX: &str = ".log";

/// Where the file of a pen is.
pub(super) fn path(folder: &Path, pen: u32, number: u64) -> PathBuf {
    folder.join(format!("{pen:03}-{number:08}{SUFFIX}"))
}

/// The pen and the number that a file's name tells.
pub(super) fn parse(name: &str) -> Option<(u32, u64)> {
    let (pen, number) = name.strip_suffix(SUFFIX)?.split_once('-')?;
    Some((pen.parse().ok()?, number.parse().ok()?))
}

/// A file that is written.
pub(super) struct Page {
    file: File,
    folder: PathBuf,
    /// How much of it was written.
    written: AtomicU64,
    /// How much of it is on the disk.
    synced: AtomicU64,
    /// Whether its name is on the disk.
    named: AtomicBool,
    /// Whether the disk failed to take it: nobody knows what of it is there.
    spoilt: AtomicBool,
    /// Whether it was not prepared: it grows.
    pub grows: bool,
}

impl Page {
    /// Makes a file that is not there yet.
    pub fn create(folder: &Path, pen: u32, number: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create_new(true).append(true).open(path(folder, pen, number))?;
        Ok(Self::of(file, folder))
    }

    /// Writes on a file that was prepared, if there is one.
    pub fn prepared(paper: &Paper, folder: &Path, pen: u32, number: u64) -> Option<Self> {
        let file = paper.take(&path(folder, pen, number))?;
        Some(Page { grows: false, ..Self::of(file, folder) })
    }

    fn of(file: File, folder: &Path) -> Self {
        Page {
            file,
            folder: folder.to_owned(),
            written: AtomicU64::new(0),
            synced: AtomicU64::new(0),
            named: AtomicBool::new(false),
            spoilt: AtomicBool::new(false),
            grows: true,
        }
    }

    /// Writes `bytes` behind what was written before, or as much of it as the disk takes.
    pub fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match (&self.file).write(bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(count) => {
                    self.written.fetch_add(count as u64, Ordering::Release);
                    return Ok(count);
                }
            }
        }
    }

    /// How much was written.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Whether everything before `end` is on the disk.
    pub fn is_durable(&self, end: u64) -> bool {
        self.synced.load(Ordering::Acquire) >= end
    }

    /// Whether the disk failed to take it.
    pub fn is_spoilt(&self) -> bool {
        self.spoilt.load(Ordering::Relaxed)
    }

    /// Brings everything that was written so far to the disk.
    pub fn sync(&self) -> io::Result<()> {
        let upto = self.written();
        let synced = self.file.sync_data().and_then(|()| self.sync_name());
        match &synced {
            Ok(()) => drop(self.synced.fetch_max(upto, Ordering::Release)),
            Err(_) => self.spoilt.store(true, Ordering::Relaxed),
        }
        synced
    }

    fn sync_name(&self) -> io::Result<()> {
        if !self.named.load(Ordering::Relaxed) {
            File::open(&self.folder)?.sync_all()?;
            self.named.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod broken {
    //! Files that refuse.

    use std::io::{PipeReader, pipe};
    use std::os::fd::OwnedFd;
    use std::sync::Arc;

    use super::*;

    impl Page {
        /// On a disk without space.
        pub fn full() -> Arc<Self> {
            let file = OpenOptions::new().append(true).open("/dev/full").unwrap();
            Arc::new(Self::of(file, Path::new("/")))
        }

        /// On no disk at all.
        pub fn pipe() -> (PipeReader, Arc<Self>) {
            let (reader, writer) = pipe().unwrap();
            (reader, Arc::new(Self::of(File::from(OwnedFd::from(writer)), Path::new("/"))))
        }
    }
}
