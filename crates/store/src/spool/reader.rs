//! Reads the folder of a process: hands out what is settled, remembers what is open, and removes files.
//!
//! A file goes when everything in it is booked and nothing in it is open, and never before an older one of the same
//! pen: whoever reads the rest after a restart must not find an attempt open whose settlement is gone. Where it is in
//! the files only this value knows: after a restart everything that is there is read again.

mod track;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::folder::Folder;
use super::page;
use crate::Entry;
use crate::ledger::Line;
use track::Track;

/// About what a settled entry takes in the spool with the line that opened it, to reserve room.
const ENTRY_BYTES: u64 = 512;

/// Reads the folder of a process.
pub struct Reader {
    folder: Arc<Folder>,
    /// Whether nobody writes there any more.
    over: bool,
    tracks: BTreeMap<u32, Track>,
}

/// What was found, to be booked and given back to [`Reader::booked`] before more is asked for.
#[derive(Default)]
pub struct Batch {
    /// Settled entries; from a dead process also those that were open, as interrupted.
    pub entries: Vec<Entry>,
    /// What the ledger's rows will say of them, as far as it was read like that.
    bodies: Vec<Option<Arc<str>>>,
    /// Lines that are whole but could not be understood, and why.
    pub unreadable: Vec<(Vec<u8>, String)>,
    /// How many lines were cut off in the middle.
    pub torn: usize,
    /// Whether there may be more to be read at once.
    pub more: bool,
    /// Where the entries come from: pen and file.
    sources: Vec<(u32, u64)>,
}

impl Batch {
    fn reserve(&mut self, more: usize) {
        self.entries.reserve(more);
        self.bodies.reserve(more);
        self.sources.reserve(more);
    }

    /// What is to be booked.
    pub(crate) fn lines(&self) -> Vec<Line<'_>> {
        let lines = self.entries.iter().zip(&self.bodies);
        lines.map(|(entry, body)| Line { entry, body: body.as_ref() }).collect()
    }
}

impl Reader {
    pub(super) fn living(folder: Arc<Folder>) -> Self {
        Reader { folder, over: false, tracks: BTreeMap::new() }
    }

    pub(super) fn dead(folder: Folder) -> Self {
        Reader { over: true, ..Self::living(Arc::new(folder)) }
    }

    /// Where it reads.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Bytes that were not read yet, at most.
    pub fn waiting(&mut self) -> io::Result<u64> {
        self.look()
    }

    /// From now on nobody writes there any more, as if the process were dead.
    pub fn close(&mut self) {
        self.over = true;
    }

    /// Reads on, by about `most` lines.
    pub fn next(&mut self, most: usize) -> io::Result<Batch> {
        let mut batch = Batch::default();
        match self.fill(most, &mut batch) {
            // What was handed out must not get lost; the problem will come again.
            Err(_) if !batch.entries.is_empty() => batch.more = true,
            result => result?,
        }
        Ok(batch)
    }

    fn fill(&mut self, most: usize, batch: &mut Batch) -> io::Result<()> {
        let waiting = self.look()?;
        let share = (most / self.tracks.len().max(1)).max(1);
        // About every other line opens what the next one settles; `most` may be far more than there is.
        batch.reserve((most / 2).min(usize::try_from(waiting / ENTRY_BYTES).unwrap_or(0)));
        for track in self.tracks.values_mut() {
            batch.more |= track.read(share, batch)?;
        }
        if self.over && !batch.more {
            self.tracks.values_mut().try_for_each(|track| track.give_up_line(batch))?;
            // What was just handed out may settle what is open.
            batch.more = !batch.entries.is_empty();
        }
        if self.over && !batch.more {
            for track in self.tracks.values_mut() {
                batch.more |= track.interrupt(most, batch)?;
            }
        }
        Ok(())
    }

    /// Finds the files; how much of them was not read yet. What was written into one before the next one was begun is
    /// read after this.
    fn look(&mut self) -> io::Result<u64> {
        let mut waiting = 0;
        for found in fs::read_dir(self.folder.path())? {
            let found = found?;
            let Some((pen, number)) = found.file_name().to_str().and_then(page::parse) else { continue };
            let track = self.tracks.entry(pen).or_insert_with(|| Track::new(self.folder.path().to_owned(), pen));
            waiting += track.found(number, found.metadata()?.len());
        }
        Ok(waiting)
    }

    /// What `batch` holds has been booked. Removes the files that are done with.
    pub fn booked(&mut self, batch: &Batch) -> io::Result<()> {
        for (entry, (pen, number)) in batch.entries.iter().zip(&batch.sources) {
            if let Some(track) = self.tracks.get_mut(pen) {
                track.booked(entry, *number);
            }
        }
        self.tracks.values_mut().try_for_each(|track| track.clear(self.over))
    }

    /// Removes the folder if nobody writes there and everything in it was booked; says whether it did.
    pub fn remove(&self) -> io::Result<bool> {
        let done = self.over && self.tracks.values().all(Track::is_empty);
        if done {
            self.folder.remove()?;
        }
        Ok(done)
    }
}
